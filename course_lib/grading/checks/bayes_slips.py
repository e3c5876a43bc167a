"""Exercise set 2: a right version of each answer, and the known slips, which are made of them.

The parameters with a default are the places where an answer goes wrong.
"""

import math
from functools import cache, partial
from itertools import pairwise

import numpy as np
from scipy.special import beta as beta_function
from scipy.special import betainc, betaln, comb, gamma, gammaln, ndtr

from course_lib.grading.checks.slips import given, scaled

__all__ = [
    "SLIPS",
    "as_found",
    "charge",
    "cost_of",
    "counted",
    "dropped",
    "excess_of",
    "fitted",
    "keeps",
    "lambdas",
    "loudest",
    "mass",
    "mean_share",
    "risks",
    "run",
    "shipped",
    "stated",
    "table_of",
    "tempered",
    "tracked",
    "truths",
    "weighed",
    "words_of",
]

LN2 = math.log(2)
SLACK = 1e-9  # a total this near to a line has reached it: sums of logarithms are rounded


def steps(a, b):
    """Return what a head and a tail add to the log-odds of coin a."""
    with np.errstate(divide="ignore"):
        return np.log(a) - np.log(b), np.log1p(-a) - np.log1p(-b)


def run(
    tosses, a, b, odds, tail=1.0, first=1, both=True, late=False, careless=False, slack=SLACK, kind=float
):
    """Return when each race ended and what it said."""
    up, down = steps(a, b)
    total = np.cumsum(np.where(tosses, up, tail * down), axis=1, dtype=kind)
    over = (np.abs(total) if both else total) >= math.log(odds) - slack
    met = over.any(axis=1) | careless
    n = np.where(met, over.argmax(axis=1) + first, tosses.shape[1])
    end = total[np.arange(len(n)), -1 if late else np.maximum(n - 1, 0)]
    return n, np.where(met, np.sign(end), 0).astype(int)


def unfinished(tosses, a, b, odds, last=True):
    """Return the race without a verdict at the last toss, or with one for the coin that is then ahead."""
    n, said = run(tosses, a, b, odds)
    ahead = np.where(tosses, *steps(a, b)).sum(axis=1) > 0
    return n, np.where(n == tosses.shape[1], 0 if last else np.where(ahead, 1, -1), said)


def counted(truth, a, b, odds, most, leave=True, slack=SLACK):
    """Return the chance of each verdict and the mean number of tosses, exactly."""
    (up, down), line = steps(a, b), math.log(odds) - slack
    heads, alive, ends, mean = np.zeros(1), np.ones(1), np.zeros(2), 0.0
    for n in range(1, most + 1):
        mean += alive.sum()
        alive = np.append(alive * (1 - truth), 0) + np.append(0, alive * truth)
        heads = np.append(heads, heads[-1] + 1)
        total = heads * up + (n - heads) * down
        ends += alive[total >= line].sum(), alive[total <= -line].sum()
        if leave:
            heads, alive = heads[np.abs(total) < line], alive[np.abs(total) < line]
        if not alive.size:
            break
    return ends[0], ends[1], mean


def mass(a, b, m):
    """Return the Beta-Binomial distribution of m trials, for one or several pairs of pseudo-counts."""
    a, b, k = np.asarray(a)[..., None], np.asarray(b)[..., None], np.arange(m + 1)
    choose = gammaln(m + 1) - gammaln(k + 1) - gammaln(m - k + 1)
    return np.exp(choose + betaln(a + k, b + m - k) - betaln(a, b))


def fixed(share, m):
    """Return the binomial distribution, as if the share were known."""
    k = np.arange(m + 1)
    choose = gammaln(m + 1) - gammaln(k + 1) - gammaln(m - k + 1)
    p = np.asarray(share)[..., None]
    return np.exp(choose + k * np.log(p) + (m - k) * np.log1p(-p))


def mean_share(a, b):
    """Return the mean of a Beta distribution."""
    return a / (a + b)


def summed(few, a, b, m, floor):
    """Return the probability of fewer than `floor` clicks, from a distribution of clicks."""
    return few(a, b, m)[:, :floor].sum(axis=1)


def bell(a, b, m, floor):
    """Return the same by a Gaussian with the mean and the variance of the clicks."""
    mean = m * a / (a + b)
    return ndtr((floor - mean) / np.sqrt(mean * b / (a + b) * (a + b + m) / (a + b + 1)))


def risks(clicks, visitors, a, b, m, floor, below=None):
    """Return the probability of fewer than `floor` clicks for each button."""
    below = below or partial(summed, mass)
    return below(a + clicks, b + visitors - clicks, m, floor)


def shipped(clicks, visitors, a, b, m, floor, risk, by=mean_share, least=0, none=None, **how):
    """Return the best of the safe buttons, or -1."""
    risky = risks(clicks, visitors, a, b, m, floor + least, **how)
    if (risky > risk).all():
        return -1 if none is None else int(none(risky))
    return int(np.where(risky <= risk, by(a + clicks, b + visitors - clicks), -np.inf).argmax())


def pairs(sessions):
    """Return all moves."""
    return [move for session in sessions for move in pairwise(session)]


def moves(sessions, pages, kind=float):
    """Return how often each move occurs."""
    counts = np.zeros((pages, pages), dtype=kind)
    for move in pairs(sessions):
        counts[move] += 1
    return counts


def table_of(sessions, pages, axis=1, extra=0.0, empty=np.nan, kind=float):
    """Return the shares of the counts, row by row."""
    counts = moves(sessions, pages, kind) + extra
    total = counts.sum(axis=axis, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1e-9), empty)


def cost_of(sessions, table, share=True):
    """Return the negative log-likelihood per move."""
    nats = [-np.log(table[move]) for move in pairs(sessions)]
    return np.sum(nats) / (len(nats) if share else 1)


def gaps(sessions, table, flip=False):
    """Return how often each page is left, as shares, and how far its row of the table is from the MLE's."""
    p, left = table_of(sessions, len(table), empty=0.0), moves(sessions, len(table)).sum(axis=1)
    p, q = (table, p) if flip else (p, table)
    return left / left.sum(), np.where(p > 0, p * np.log(p / q), 0).sum(axis=1)


def excess_of(sessions, table, flip=False, zeros=True):
    """Return the KL divergence from the shares to the table, averaged over the pages."""
    weights, far = gaps(sessions, table, flip)
    return (weights[weights > 0] @ far[weights > 0]) if zeros else math.nan


def tracked(mean, sd, readings, noise, power=2):
    """Return mean and standard deviation after each reading."""
    means, sds = [], []
    for y, s in zip(readings, noise, strict=True):
        if not math.isnan(y):
            gain = 1.0 if math.isinf(sd) else sd**power / (sd**power + s**power)
            mean, sd = mean + gain * (y - mean), s if math.isinf(sd) else math.sqrt(1 - gain) * sd
        means, sds = [*means, mean], [*sds, sd]
    return np.array(means), np.array(sds)


def as_found(mean, sd, readings, noise):
    """Return what the function does that is handed to the learner."""
    means, sds = [], []
    for y, s in zip(np.nan_to_num(readings), noise, strict=True):
        gain = sd / (sd + s)
        mean, sd = mean + gain * (y - mean), np.sqrt(1 - gain) * sd
        means, sds = [*means, mean], [*sds, sd]
    return np.array(means), np.array(sds)


def lambdas(sigma, tau, n, loss, factor=1.0, power=2):
    """Return the penalty of each weight."""
    return factor * sigma**power / tau**power / {"sum": 1, "mean": n, "half the mean": 2 * n}[loss]


def peak(
    X, y, sigma, tau, centre, penalties=lambda sigma, tau: sigma**2 / tau**2, pull=lambda penalty: penalty
):
    """Return the weights at the peak of the posterior."""
    penalty = penalties(sigma, tau)
    return np.linalg.solve(X.T @ X + np.diag(penalty), X.T @ y + pull(penalty) * centre)


def precision(X, sigma, tau):
    """Return the posterior's precision matrix."""
    return X.T @ X / sigma**2 + np.diag(tau**-2.0)


def error_bars(X, sigma, tau, matrix=precision):
    """Return the posterior's standard deviations."""
    return np.sqrt(np.diag(np.linalg.inv(matrix(X, sigma, tau))))


def fitted(X, y, sigma, tau, centre, weights=peak, bars=error_bars):
    """Return peak and standard deviations."""
    return weights(X, y, sigma, tau, centre), bars(X, sigma, tau)


def within(got, want, size, least=1e-6, every=np.all):
    """Whether all differences are below a millionth of the size."""
    return every(np.abs(got - want) <= least * size)


def keeps(w, g, lr, sigma, tau, n, factor=2.0, near=within, part=(slice(None), slice(None))):
    """Whether every step is a MAP gradient step."""
    downhill = lr[:, None] * (g + factor * sigma**2 / (n * tau**2) * w[:-1])
    compared = w[1:], w[:-1] - downhill, np.abs(w[:-1]) + np.abs(downhill)
    return bool(near(*(x[part] for x in compared)))


def by_the_end(w, g, lr, sigma, tau, n):
    """Whether the training, repeated from its start, ends where the log ends."""
    now, decay = w[0], 2 * sigma**2 / (n * tau**2)
    for rate, slope in zip(lr, g, strict=True):
        now = now - rate * (slope + decay * now)
    return bool(np.allclose(now, w[-1], rtol=2e-6, atol=0))


def least_squares(w, g, lr, sigma, tau, n):
    """Whether the decay that fits the whole log best is the right one."""
    gaps, pull = (w[:-1] - w[1:]) / lr[:, None] - g, w[:-1]
    return abs((gaps * pull).sum() / (pull**2).sum() * n * tau**2 / (2 * sigma**2) - 1) < 1e-3


def words_of(X, spam, alpha, total=lambda counts, X, spam: counts.sum(axis=1, keepdims=True), sums=np.sum):
    """Return the log shares of both sides and of the words in each."""
    counts = np.array([sums(X[spam == side], axis=0) for side in (False, True)]) + alpha
    with np.errstate(divide="ignore"):
        return np.log([1 - spam.mean(), spam.mean()]), np.log(counts / total(counts, X, spam))


def weighed(log_prior, log_theta, X, prior=1.0, present=False, signs=(-1, 1)):
    """Return the log-odds of spam."""
    each = X > 0 if present else X
    return np.dot(signs, prior * log_prior) + each.astype(float) @ np.dot(signs, log_theta)


def dropped(log_odds, lost, read):
    """Return which letters are dropped."""
    return log_odds > math.log(lost) - math.log(read)


def stated(log_odds):
    """Return the probability of spam."""
    return 1 / (1 + np.exp(-log_odds))


def charge(log_odds, spam, power, what=lambda z: np.logaddexp(0, -z) / LN2):
    """Return the mean charge of a letter."""
    return what(np.where(spam, 1, -1) * power * log_odds).mean()


def tempered(log_odds, spam, powers, by=charge, best=np.argmin, told=charge):
    """Return the best power and its charge."""
    power = powers[int(best([by(log_odds, spam, power) for power in powers]))]
    return power, told(log_odds, spam, power)


def loudest(log_theta, k, by=lambda t: t[1] - t[0]):
    """Return the most telling words of both sides."""
    order = np.argsort(by(log_theta), kind="stable")
    return order[::-1][:k], order[:k]


# --- the truths of the first exercise ---------------------------------------------------------------------


@cache
def truths():
    """Return the five true numbers."""
    n = np.arange(20_000)
    a, b = 2 + 0.3 * n, 8 + 0.7 * n
    return {
        "flagged": 100 * 0.0001 * 0.99 / (0.0001 * 0.99 + 0.9999 * 0.005),
        "tosses": counted(0.6, 0.6, 0.5, 99, 2000)[2],
        "visitors": float(n[a * b / (a + b) ** 2 / (a + b + 1) < 0.01**2][0]),
        "deploys": 100 * (20 + 1) / (20 + 30 + 1),
        "scales": (1 / 2**2 + 1 / 6**2) ** -0.5,
    }


# --- the slips of each answer, by their advice ------------------------------------------------------------


def swapped(function, order):
    return lambda *args: tuple(function(*args)[i] for i in order)


def changed(function, part, change):
    """Return the function with one of its values changed."""
    return lambda *args: tuple(change(v) if i == part else v for i, v in enumerate(function(*args)))


def naive_charge(least):
    """Return a charge by way of probabilities, clipped at `least` and 1 - `least`."""

    def charged(log_odds, spam, power):
        p = np.clip(stated(power * log_odds), least, 1 - least)
        return -np.log2(np.where(spam, p, 1 - p)).mean()

    return charged


def by_ratio(log_odds, spam, power):
    """Return the charge by exp(z) / (1 + exp(z))."""
    p = (odds := np.exp(power * log_odds)) / (1 + odds)
    return -np.log2(np.where(spam, p, 1 - p)).mean()


def by_products(tosses, a, b, odds):
    """Race with products of probabilities in the place of sums of logarithms."""
    a, b = (np.cumprod(np.where(tosses, p, 1 - p), axis=1) for p in (a, b))
    over = (a / b >= odds) | (a / b <= 1 / odds)
    n = np.where(over.any(axis=1), over.argmax(axis=1) + 1, tosses.shape[1])
    last = (a / b)[np.arange(len(n)), n - 1]
    return n, np.where(over.any(axis=1), np.where(last > 1, 1, -1), 0)


def at_the_end(truth, a, b, odds, most):
    """Judge by the number of heads after all tosses."""
    (up, down), p, heads = steps(a, b), fixed(truth, most), np.arange(most + 1)
    total = heads * up + (most - heads) * down
    return p[total >= math.log(odds)].sum(), p[total <= -math.log(odds)].sum(), float(most)


def joined(sessions):
    return [[page for session in sessions for page in session]]


def times_out(sessions, table):
    """Return the cost by way of the likelihood itself."""
    return -np.log(np.prod([table[move] for move in pairs(sessions)])) / len(pairs(sessions))


def once_each(sessions):
    """Return each session's moves, equal ones once."""
    return [list(move) for session in sessions for move in set(pairwise(session))]


def raises_at_zero(attempt):
    """Return the race as run where an attempt on the two probabilities raises no error."""
    return lambda tosses, a, b, odds: (attempt(a, b), run(tosses, a, b, odds))[1]


def on_grid(a, b, m):
    """Return the predictive by a sum over 999 values of p."""
    p = np.linspace(0.001, 0.999, 999)
    weight = p ** (a - 1) * (1 - p) ** (b - 1)
    return fixed(p, m).T @ weight / weight.sum()


def by_gammas(a, b, m):
    """Return the predictive by products of Gamma functions."""
    k = np.arange(m + 1)
    orders = gamma(m + 1) / gamma(k + 1) / gamma(m - k + 1)
    after = gamma(a + k) * gamma(b + m - k) / gamma(a + b + m)
    return orders * after * gamma(a + b) / gamma(a) / gamma(b)


def by_betas(a, b, m):
    """Return the predictive by products of Beta functions."""
    k = np.arange(m + 1)
    return comb(m, k) * beta_function(a + k, b + m - k) / beta_function(a, b)


def safest_first(clicks, visitors, a, b, m, floor, risk):
    """Return the best button of all if it is safe, and -1 otherwise."""
    best = shipped(clicks, visitors, a, b, m, 0, 1.0)
    return best if risks(clicks, visitors, a, b, m, floor)[best] <= risk else -1


def sides_total(count):
    """Return totals of the two sides, from what counts on one of them."""
    return lambda counts, X, spam: np.array([[count(X, spam == side) or 1] for side in (False, True)])


def by_numbers(X, axis):
    return np.add.reduce(X, axis=axis, dtype=np.uint8)


SLIPS = {
    "flagged": {
        "this is how many of the frauds are flagged": lambda: 99.0,
        "this is a share, and percent are asked for": lambda: truths()["flagged"] / 100,
        "this is the rate of frauds before the flag": lambda: 0.01,
    },
    "tosses": {
        "evidence adds up in logs: 99 to 1 is not five times as far as 19 to 1": (
            lambda: 711.0,
            lambda: 680.0,
        ),
        "these are nats divided by bits": lambda: math.log(99) / 0.029,
    },
    "visitors": {
        "the standard deviation falls with the root of n, so n grows with its square": lambda: 21.0,
        "one visitor's variance is p (1 - p), not 1": lambda: 10_000.0,
    },
    "deploys": {
        "the rate is not known: average the prediction over the posterior": lambda: 100 * (21 / 22) ** 30,
        "the largest likelihood is at a rate of 1, and you are not that sure": lambda: 100.0,
        "this is the chance of the next one alone": lambda: 100 * 21 / 22,
    },
    "scales": {
        "precisions add; this averages the errors": lambda: 4.0,
        "a plain mean lets the poor scale spoil the good one": lambda: 40**0.5 / 2,
        "two readings are better than one, so the error cannot grow": lambda: 40**0.5,
    },
    "race": {
        "the first toss is number 1, and argmax counts from 0": given(run, first=0),
        "a race that meets no line is undecided: argmax of no True at all is 0": (
            given(run, careless=True),
            given(unfinished, last=False),
            changed(run, 1, lambda said: np.where(said < 0, -1, 1)),
        ),
        "the very last toss may decide a race": unfinished,
        "odds at a line have reached it, and sums are rounded: allow for 1e-9": (
            given(run, slack=-1e-9),
            given(run, slack=0.0),
        ),
        "a total that is barely short of the line has not reached it": (
            given(run, slack=1e-3),
            given(run, slack=1e-5),
        ),
        "float32 keeps seven digits, and totals come closer to a line than that": given(run, kind=np.float32),
        "a probability of 1 is exact: with a clip one tail is no longer proof": tuple(
            lambda t, a, b, odds, least=least: run(t, *np.clip([a, b], least, 1 - least), odds)
            for least in (1e-6, 1e-9, 1e-12)
        ),
        "Python's numbers refuse 1/0 and math.log(0): np.log(1 - a) - np.log(1 - b) gives -inf or inf": (
            raises_at_zero(lambda a, b: (1 - a) / (1 - b)),
            raises_at_zero(lambda a, b: math.log(1 - a) + math.log(1 - b)),
        ),
        "1 is for coin a and -1 for coin b": lambda t, a, b, odds: run(t, b, a, odds),
        "tails are evidence too": given(run, tail=0.0),
        "there are two lines: the odds may also fall to 1 to `odds`": given(run, both=False),
        "the race ends at the first line that it meets; what comes later no longer counts": given(
            run, late=True
        ),
        "bits against nats: take both logarithms to the same base": lambda t, a, b, odds: run(
            t, a, b, odds**LN2
        ),
        "a product of a thousand factors underflows: add logarithms": by_products,
        "a line at a probability is not a line at odds": lambda t, a, b, odds: run(
            t, a, b, odds / (odds + 1)
        ),
    },
    "exact_race": {
        "the last toss is number `most`: range(1, most + 1)": (
            lambda *args: counted(*args[:-1], args[-1] - 1),
            lambda *args: counted(*args[:-1], args[-1] + 1),
        ),
        "odds at a line have reached it, and sums are rounded: allow for 1e-9": (
            given(counted, slack=-1e-9),
            given(counted, slack=0.0),
        ),
        "a total that is barely short of the line has not reached it": (
            given(counted, slack=1e-3),
            given(counted, slack=1e-5),
        ),
        "a race without a verdict names neither coin, whichever is ahead": lambda *args: (
            (r := counted(*args))[0] + (1 - r[0] - r[1]),
            *r[1:],
        ),
        "a race that is decided leaves: it tosses no more": given(counted, leave=False),
        "the first value is for coin a, the second for coin b": swapped(counted, (1, 0, 2)),
        "undecided races have tossed too, `most` times each": lambda *args: (
            *(r := counted(*args))[:2],
            r[2] - args[-1] * (1 - r[0] - r[1]),
        ),
        "a race ends at the first line that it meets: the heads of all tosses do not tell": at_the_end,
        "heads come with probability `truth`, whatever the two coins say": lambda truth, a, *rest: counted(
            a, a, *rest
        ),
        "the tosses are counted up to and with the last one": changed(counted, 2, lambda mean: mean - 1),
    },
    "predictive": {
        "p is not known: average over the posterior, do not put in its mean": lambda a, b, m: fixed(
            a / (a + b), m
        ),
        "the number of clicks runs from 0 to m": lambda a, b, m: mass(a, b, m)[1:],
        "the binomial coefficient is left out: clicks may come in any order": lambda a, b, m: np.exp(
            betaln(a + np.arange(m + 1), b + m - np.arange(m + 1)) - betaln(a, b)
        ),
        "a counts clicks, b the visits without one": lambda a, b, m: mass(b, a, m),
        "gamma(200) is inf and so is a large comb: use gammaln or betaln and subtract": (by_gammas, by_betas),
        "a grid cannot hold every posterior: use the Beta function's formula": on_grid,
    },
    "ship": {
        "3 clicks of 3 are no proof of a share of 1: the pseudo-counts belong in": lambda c, v, a, b, *rest: (
            shipped(c, v, a, b, *rest, by=lambda x, y: (x - a) / np.maximum(x - a + y - b, 1))
        ),
        "most clicks so far may only mean most visitors": given(shipped, by=lambda a, b: a),
        "this is the peak of the posterior, and the mean predicts": given(
            shipped, by=lambda a, b: (a - 1) / (a + b - 2)
        ),
        "a fixed p forgets that you are unsure of it: the risk is that of the predictive": given(
            shipped, below=partial(summed, lambda a, b, m: fixed(a / (a + b), m))
        ),
        "clicks come in whole numbers: sum the predictive from 0 to floor - 1": (
            given(shipped, below=lambda a, b, m, floor: betainc(a, b, floor / m)),
            given(shipped, below=lambda a, b, m, floor: betainc(a, b, max(floor - 1, 0) / m)),
        ),
        "a bell curve is not the predictive, least of all for few visitors": (
            given(shipped, below=bell),
            given(shipped, below=lambda a, b, m, floor: bell(a, b, m, floor - 0.5)),
            given(shipped, below=lambda a, b, m, floor: bell(a, b, m, floor - 1)),
        ),
        "a button that nobody has seen has a posterior too, its prior": lambda c, v, *rest: shipped(
            c, v, *rest, by=lambda x, y: np.where(v > 0, mean_share(x, y), -1)
        ),
        "the prior is Beta(a, b), and not Beta(1, 1)": lambda c, v, a, b, *rest: shipped(c, v, 1, 1, *rest),
        "pseudo-counts need not be whole": lambda c, v, a, b, *rest: shipped(c, v, int(a), int(b), *rest),
        "the best of all may be risky while another is safe: choose among the safe": safest_first,
        "the risk is not looked at": given(shipped, risk=1.0),
        "fewer than `floor` leaves `floor` itself out": given(shipped, least=1),
        "this is the safest, not the best of the safe": given(
            shipped, by=lambda a, b: -b / a, risk=0.0, none=np.argmin
        ),
        "where none is safe the contract asks for -1": (
            given(shipped, none=np.argmin),
            given(shipped, none=lambda risky: 0),
            lambda *args: best if (best := shipped(*args)) >= 0 else shipped(*args[:-1], 1.0),
        ),
    },
    "transitions": {
        "each page shares its own departures: a row sums to 1": given(table_of, axis=None),
        "these are arrivals: a row, the page that is left, sums to 1": (
            given(table_of, axis=0),
            lambda *args: table_of(*args).T,
        ),
        "C[i, j] += 1 with arrays counts equal moves once: use np.add.at": lambda s, pages: table_of(
            once_each(s), pages
        ),
        "a session's last page is not left: divide by departures, not by visits": lambda s, pages: (
            moves(s, pages) / np.bincount(joined(s)[0], minlength=pages)[:, None]
        ),
        "the table has `pages` rows, for pages that nobody opened too": lambda s, pages: table_of(
            s, 1 + max(joined(s)[0])
        ),
        "uint8 counts to 255 and starts again at 0": given(table_of, kind=np.uint8),
        "these are counts, not yet shares": moves,
        "a session ends: its last page does not lead to the next session's first": lambda s, pages: table_of(
            joined(s), pages
        ),
        "the MLE adds no pseudo-counts": given(table_of, extra=1.0),
        "a page that was never left has no MLE: nan": given(table_of, empty=0.0),
        "nothing says that such a page leads anywhere alike: nan": lambda s, pages: table_of(
            s, pages, empty=1 / pages
        ),
    },
    "cost": {
        "this is the sum over the moves": given(cost_of, share=False),
        "a product of thousands of factors underflows: add logarithms": times_out,
        "these are bits": scaled(1 / LN2, cost_of),
        "the sign: a cost is positive": scaled(-1, cost_of),
        "every move counts once, not every session": lambda s, table: np.mean(
            [cost_of([x], table) for x in s if len(x) > 1]
        ),
        "an impossible move costs inf, and not just much": (
            lambda s, table: cost_of(s, table + 1e-12),
            lambda s, table: cost_of(s, np.maximum(table, 1e-12)),
            lambda s, table: cost_of(s, np.maximum(table, 1e-300)),
        ),
        "a session ends: its last page does not lead to the next session's first": lambda s, table: cost_of(
            joined(s), table
        ),
        "the first page of a session is given, and not a move": lambda s, table: (
            cost_of(s, table, share=False) / sum(map(len, s))
        ),
    },
    "excess": {
        "this is the whole cost, the entropy included": cost_of,
        "these are bits": scaled(1 / LN2, excess_of),
        "a product of thousands of factors underflows: add logarithms": lambda s, q: (
            times_out(s, q) - times_out(s, table_of(s, len(q)))
        ),
        "the sign: no table costs less than the MLE": scaled(-1, excess_of),
        "each page weighs as much as it is left": lambda s, q: (f := gaps(s, q))[1][f[0] > 0].mean(),
        "this is D_KL(table‖MLE), the other way round": given(excess_of, flip=True),
        "0 log 0 is 0, not nan": given(excess_of, zeros=False),
    },
    "track": {},  # a hunt: advice would tell the fault
    "penalties": {
        "σ²/τ² holds for the sum; a mean divides it by n, the half once more": lambda sigma, tau, n, loss: (
            lambdas(sigma, tau, n, "sum")
        ),
        "the ½ before the loss halves the penalty as well": lambda sigma, tau, n, loss: lambdas(
            sigma, tau, n, "mean" if "half" in loss else loss
        ),
        "the noise is left out: λ compares two variances": given(lambdas, sigma=1.0),
        "upside down: a narrow prior is a large penalty": lambda sigma, tau, n, loss: lambdas(
            tau, sigma, n, loss
        ),
        "variances are compared, not standard deviations": given(lambdas, power=1),
        "this is `weight_decay`, the factor in the gradient": given(lambdas, factor=2.0),
        "this is the penalty of NLL, not of the squares": lambda sigma, tau, n, loss: (
            lambdas(1.0, tau, n, loss) / 2
        ),
        "a loss that is divided by n has a penalty divided by n": lambda sigma, tau, n, loss: (
            lambdas(sigma, tau, n, loss) * n ** (2 * (loss != "sum"))
        ),
    },
    "map_fit": {
        "each weight is pulled to its own centre, not to 0": given(
            fitted, weights=partial(peak, pull=lambda penalty: 0 * penalty)
        ),
        "penalise w - centre: fit what the centre leaves over, then add it": given(
            fitted, weights=lambda X, y, sigma, tau, centre: peak(X, y, sigma, tau, 0 * centre) + centre
        ),
        "the centre pulls with the strength of its penalty": given(
            fitted, weights=partial(peak, pull=np.ones_like)
        ),
        "the noise is left out: λ compares two variances": (
            given(fitted, weights=partial(peak, penalties=lambda sigma, tau: tau**-2.0)),
            given(fitted, sigma=1.0),
        ),
        "a precision is 1/tau², not 1/tau": lambda X, y, sigma, tau, centre: fitted(
            X, y, sigma, np.sqrt(tau), centre
        ),
        "these are the widths of readings: a weight's own holds no σ² beside it": given(
            fitted, bars=lambda X, sigma, tau: np.hypot(error_bars(X, sigma, tau), sigma)
        ),
        "a wide prior is still a prior: 1/inf is 0 and needs no cap": tuple(
            lambda X, y, sigma, tau, centre, cap=cap: fitted(X, y, sigma, np.minimum(tau, cap), centre)
            for cap in (1e4, 1e6)
        ),
        "tau = inf is no prior at all, and not a weight that is fixed": lambda X, y, sigma, tau, centre: (
            fitted(X, y, sigma, np.where(np.isinf(tau), 1e-9, tau), centre)
        ),
        "these are variances": given(fitted, bars=lambda *args: error_bars(*args) ** 2),
        "these are precisions: invert the matrix, then take the root": given(
            fitted, bars=lambda *args: np.diag(precision(*args))
        ),
        "invert the whole matrix: weights share what they do not know": given(
            fitted, bars=lambda *args: np.diag(precision(*args)) ** -0.5
        ),
        "the prior's precision belongs in the error bars": given(
            fitted, bars=lambda X, sigma, tau: sigma * np.diag(np.linalg.pinv(X.T @ X)) ** 0.5
        ),
        "precision is X'X over σ²: the noise is left out of the error bars": given(
            fitted, bars=lambda X, sigma, tau: error_bars(X, 1.0, tau / sigma)
        ),
    },
    "keeps_prior": {
        "the gradient of λ w² is 2 λ w": given(keeps, factor=1.0),
        "for a mean the penalty is divided by n": given(keeps, n=1),
        "the last digits differ with the order of the sums: allow for rounding": given(
            keeps, near=lambda got, want, size: (got == want).all()
        ),
        "measure the difference against the weights: an absolute tolerance fits one size only": (
            given(keeps, near=lambda got, want, size: np.allclose(got, want)),
            given(keeps, near=lambda got, want, size: (np.abs(got - want) < 1e-7).all()),
            given(keeps, near=lambda got, want, size: (np.round(got - want, 7) == 0).all()),
        ),
        "errors of one sign and the other cancel in a sum or a mean: look at each weight": (
            given(keeps, near=lambda got, want, size: abs((got / want).mean() - 1) < 0.003),
            given(keeps, near=lambda got, want, size: abs((got / want).mean() - 1) < 1e-6),
            given(keeps, near=lambda got, want, size: np.allclose(got.sum(1), want.sum(1), 2e-6, 0)),
            given(keeps, near=lambda got, want, size: np.isclose(got.sum(), want.sum(), 2e-6, 0)),
        ),
        "each weight of each step counts: a norm, a mean, a wide tolerance or another weight hides it": (
            given(keeps, near=lambda got, want, size: within(got, want, size.max())),
            given(keeps, near=lambda got, want, size: within(got, want, size.max(axis=1, keepdims=True))),
            given(
                keeps,
                near=lambda got, want, size: within(
                    np.linalg.norm(got - want, axis=1), 0, np.linalg.norm(size, axis=1)
                ),
            ),
            given(keeps, near=partial(within, every=lambda good: good.mean() >= 0.9)),
            given(keeps, near=lambda got, want, size: (np.abs(got - want) / size).mean() < 1e-6),
            given(keeps, near=partial(within, every=np.any)),
            given(keeps, near=partial(within, least=1e-4)),
            given(keeps, near=partial(within, least=1e-3)),
            given(keeps, part=(slice(None), slice(0, -1))),
            given(keeps, part=(slice(None), slice(-1, None))),
            given(keeps, part=(slice(None), slice(0, 1))),
            least_squares,
        ),
        "one step is not all steps, and the end does not tell of the way": (
            given(keeps, part=(slice(-1, None), slice(None))),
            given(keeps, part=(slice(0, 1), slice(None))),
            by_the_end,
        ),
    },
    "fit_words": {
        "each side shares its own words": (
            given(words_of, total=lambda counts, X, spam: counts.sum()),
            given(words_of, total=lambda counts, X, spam: counts.sum(axis=0)),
        ),
        "alpha belongs in the total too, once for every word": (
            given(words_of, total=sides_total(lambda X, side: X[side].sum())),
            lambda X, spam, alpha: words_of(
                X,
                spam,
                alpha,
                lambda counts, X, spam: counts.sum(axis=1, keepdims=True) - alpha * (X.shape[1] - 1),
            ),
        ),
        "words are shared among words, not among letters": given(
            words_of, total=sides_total(lambda X, side: side.sum())
        ),
        "a word may come more than once in a letter": lambda X, spam, alpha: words_of(X > 0, spam, alpha),
        "uint8 counts to 255 and starts again at 0": given(words_of, sums=by_numbers),
        "the prior is the share of letters: no half, no words, no alpha": (
            lambda *args: (np.log([0.5, 0.5]), words_of(*args)[1]),
            lambda X, spam, alpha: (
                np.log((p := np.array([X[~spam].sum(), X[spam].sum()])) / p.sum()),
                words_of(X, spam, alpha)[1],
            ),
            lambda X, spam, alpha: (
                np.log((p := np.array([(~spam).sum(), spam.sum()]) + alpha) / p.sum()),
                words_of(X, spam, alpha)[1],
            ),
        ),
        "these are bits": lambda *args: tuple(x / LN2 for x in words_of(*args)),
        "these are probabilities, not their logarithms": lambda *args: tuple(map(np.exp, words_of(*args))),
        "row 0 is for wanted letters, row 1 for spam": (
            lambda *args: tuple(x[::-1] for x in words_of(*args)),
            changed(words_of, 1, lambda rows: rows[::-1]),
        ),
    },
    "spam_log_odds": {
        "the prior is left out": given(weighed, prior=0.0),
        "a word that comes twice counts twice": given(weighed, present=True),
        "odds of spam: row 1 over row 0": given(weighed, signs=(1, -1)),
        "this is the joint log probability of spam, not yet compared": given(weighed, signs=(0, 1)),
        "these are probabilities": lambda *args: stated(weighed(*args)),
        "these are bits": lambda *args: weighed(*args) / LN2,
        "hundreds of factors underflow: stay with logs": lambda p, t, X: np.subtract(
            *(np.log(np.exp(p[i]) * np.prod(np.exp(t[i]) ** X, axis=1)) for i in (1, 0))
        ),
    },
    "drop": {
        "likelier than not is not enough: losing a letter costs more": lambda z, lost, read: z > 0,
        "where both cost the same, the letter is kept": lambda z, lost, read: z >= math.log(lost / read),
        "upside down: a dear loss asks for more evidence": lambda z, lost, read: dropped(z, read, lost),
        "the threshold is on the odds; its logarithm is compared with log-odds": lambda z, lost, read: (
            z > lost / read
        ),
        "the sigmoid rounds to 1: compare log-odds": lambda z, lost, read: stated(z) > lost / (lost + read),
        "this compares log-odds with a probability": lambda z, lost, read: z > lost / (lost + read),
    },
    "temper": {
        "the order does not change with the power, so counting errors chooses nothing": given(
            tempered, by=lambda z, spam, power: charge(z, spam, power, lambda x: x < 0)
        ),
        "most bits are the worst": given(tempered, best=np.argmax),
        "odds to a power: multiply their logarithm by it, and do not divide": given(
            tempered, by=(by_root := lambda z, spam, power: charge(z, spam, 1 / power)), told=by_root
        ),
        "this is the sum over the letters": lambda z, spam, powers: (
            (best := tempered(z, spam, powers))[0],
            best[1] * len(z),
        ),
        "the power itself, not its place in the list": lambda z, spam, powers: (
            powers.index((best := tempered(z, spam, powers))[0]),
            best[1],
        ),
        "these are nats": changed(tempered, 1, lambda bits: bits * LN2),
        "this is the Brier score's choice": given(
            tempered, by=lambda z, spam, power: charge(z, spam, power, lambda x: stated(-x) ** 2)
        ),
        "log(0) is -inf, and a clip charges too little: use logaddexp": tuple(
            given(tempered, by=naive, told=naive)
            for naive in (by_ratio, *map(naive_charge, (0, 1e-15, 1e-12, 1e-9)))
        ),
    },
    "telling": {
        "a frequent word need not tell the two apart": given(loudest, by=lambda t: t[1]),
        "speaking for and speaking against differ in sign: no absolute value": given(
            loudest, by=lambda t: np.abs(t[1] - t[0])
        ),
        "float16 keeps three digits, and ratios come closer than that": given(
            loudest, by=lambda t: t[1].astype(np.float16) - t[0].astype(np.float16)
        ),
        "spam's words come first": swapped(loudest, (1, 0)),
        "the loudest first": (
            lambda t, k: tuple(words[::-1] for words in loudest(t, k)),
            changed(loudest, 0, lambda words: words[::-1]),
            changed(loudest, 1, lambda words: words[::-1]),
        ),
        "compare ratios: a difference of probabilities favours frequent words": given(
            loudest, by=lambda t: np.exp(t[1]) - np.exp(t[0])
        ),
    },
}

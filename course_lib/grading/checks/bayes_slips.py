"""Exercise set 2: a right version of each answer, and the known slips, which are made of them.

The parameters with a default are the places where an answer goes wrong.
"""

import math
from functools import cache, partial
from itertools import pairwise

import numpy as np
from scipy.special import betaln, gammaln

from course_lib.grading.checks.slips import given

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


def steps(a, b):
    """Return what a head and a tail add to the log-odds of coin a."""
    with np.errstate(divide="ignore"):
        return np.log(a) - np.log(b), np.log1p(-a) - np.log1p(-b)


def run(tosses, a, b, odds, tail=1.0, first=1, both=True, late=False, careless=False):
    """Return when each race ended and what it said."""
    up, down = steps(a, b)
    total = np.cumsum(np.where(tosses, up, tail * down), axis=1)
    over = (np.abs(total) if both else total) >= math.log(odds)
    met = over.any(axis=1) | careless
    n = np.where(met, over.argmax(axis=1) + first, tosses.shape[1])
    end = total[np.arange(len(n)), -1 if late else np.maximum(n - 1, 0)]
    return n, np.where(met, np.sign(end), 0).astype(int)


def counted(truth, a, b, odds, most, leave=True):
    """Return the chance of each verdict and the mean number of tosses, exactly."""
    (up, down), line = steps(a, b), math.log(odds)
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


def risks(clicks, visitors, a, b, m, floor, few=mass):
    """Return the probability of fewer than `floor` clicks for each button."""
    return few(a + clicks, b + visitors - clicks, m)[:, :floor].sum(axis=1)


def shipped(clicks, visitors, a, b, m, floor, risk, by=mean_share, few=mass, least=0, none=None):
    """Return the best of the safe buttons, or -1."""
    risky = risks(clicks, visitors, a, b, m, floor + least, few)
    if (risky > risk).all():
        return -1 if none is None else int(none(risky))
    return int(np.where(risky <= risk, by(a + clicks, b + visitors - clicks), -np.inf).argmax())


def pairs(sessions):
    """Return all moves."""
    return [move for session in sessions for move in pairwise(session)]


def moves(sessions, pages):
    """Return how often each move occurs."""
    counts = np.zeros((pages, pages))
    for move in pairs(sessions):
        counts[move] += 1
    return counts


def table_of(sessions, pages, axis=1, extra=0.0, empty=np.nan):
    """Return the shares of the counts, row by row."""
    counts = moves(sessions, pages) + extra
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


def peak(X, y, sigma, tau, centre, penalties=lambda sigma, tau: sigma**2 / tau**2, pull=1.0):
    """Return the weights at the peak of the posterior."""
    penalty = penalties(sigma, tau)
    return np.linalg.solve(X.T @ X + np.diag(penalty), X.T @ y + pull * penalty * centre)


def precision(X, sigma, tau):
    """Return the posterior's precision matrix."""
    return X.T @ X / sigma**2 + np.diag(tau**-2.0)


def error_bars(X, sigma, tau, matrix=precision):
    """Return the posterior's standard deviations."""
    return np.sqrt(np.diag(np.linalg.inv(matrix(X, sigma, tau))))


def fitted(X, y, sigma, tau, centre, weights=peak, bars=error_bars):
    """Return peak and standard deviations."""
    return weights(X, y, sigma, tau, centre), bars(X, sigma, tau)


def within(got, want, size):
    """Whether all differences are below a millionth of the size."""
    return (np.abs(got - want) <= 1e-6 * size).all()


def keeps(w, g, lr, sigma, tau, n, factor=2.0, near=within, part=(slice(None), slice(None))):
    """Whether every step is a MAP gradient step."""
    downhill = lr[:, None] * (g + factor * sigma**2 / (n * tau**2) * w[:-1])
    compared = w[1:], w[:-1] - downhill, np.abs(w[:-1]) + np.abs(downhill)
    return bool(near(*(x[part] for x in compared)))


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


def by_numbers(X, axis):
    return np.add.reduce(X, axis=axis, dtype=np.uint8)


SLIPS = {
    "flagged": {
        "this is how many of the frauds are flagged": lambda: 99.0,
        "this is a share, and percent are asked for": lambda: truths()["flagged"] / 100,
        "this is the rate of frauds before the flag": lambda: 0.01,
    },
    "tosses": {
        "evidence adds up in logs: 99 to 1 is not five times as far as 19 to 1": lambda: 711.0,
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
        "a race that meets no line is undecided: argmax of no True at all is 0": given(run, careless=True),
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
        "gamma(200) is inf: use gammaln or betaln and subtract": lambda a, b, m: (
            mass(a, b, m) if a + b + m < 170 else np.full(m + 1, np.nan)
        ),
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
            shipped, few=lambda a, b, m: fixed(a / (a + b), m)
        ),
        "the risk is not looked at": given(shipped, risk=1.0),
        "fewer than `floor` leaves `floor` itself out": given(shipped, least=1),
        "this is the safest, not the best of the safe": given(
            shipped, by=lambda a, b: -b / a, risk=0.0, none=np.argmin
        ),
        "where none is safe the contract asks for -1": given(shipped, none=np.argmin),
    },
    "transitions": {
        "each page shares its own departures: a row sums to 1": given(table_of, axis=None),
        "these are arrivals: a row, the page that is left, sums to 1": given(table_of, axis=0),
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
        "these are bits": lambda *args: cost_of(*args) / LN2,
        "the sign: a cost is positive": lambda *args: -cost_of(*args),
        "every move counts once, not every session": lambda s, table: np.mean(
            [cost_of([x], table) for x in s if len(x) > 1]
        ),
        "an impossible move costs inf, and not just much": lambda s, table: cost_of(s, table + 1e-12),
        "a session ends: its last page does not lead to the next session's first": lambda s, table: cost_of(
            joined(s), table
        ),
        "the first page of a session is given, and not a move": lambda s, table: (
            cost_of(s, table, share=False) / sum(map(len, s))
        ),
    },
    "excess": {
        "this is the whole cost, the entropy included": cost_of,
        "the sign: no table costs less than the MLE": lambda *args: -excess_of(*args),
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
        "each weight is pulled to its own centre, not to 0": given(fitted, weights=partial(peak, pull=0.0)),
        "penalise w - centre: fit what the centre leaves over, then add it": given(
            fitted, weights=lambda X, y, sigma, tau, centre: peak(X, y, sigma, tau, 0 * centre) + centre
        ),
        "the noise is left out: λ compares two variances": given(
            fitted, weights=partial(peak, penalties=lambda sigma, tau: tau**-2.0)
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
        "gaps of one sign and the other cancel in a mean: look at each weight": given(
            keeps, near=lambda got, want, size: abs((got / want).mean() - 1) < 0.003
        ),
        "one step is not all steps": (
            given(keeps, part=(slice(-1, None), slice(None))),
            given(keeps, part=(slice(0, 1), slice(None))),
        ),
        "every weight has the prior, the last one too": given(keeps, part=(slice(None), slice(0, -1))),
    },
    "fit_words": {
        "each side shares its own words": given(words_of, total=lambda counts, X, spam: counts.sum()),
        "alpha belongs in the total too": given(
            words_of, total=lambda c, X, spam: np.array([[X[spam == s].sum() or 1] for s in (False, True)])
        ),
        "words are shared among words, not among letters": given(
            words_of, total=lambda c, X, spam: np.array([[(spam == s).sum() or 1] for s in (False, True)])
        ),
        "a word may come more than once in a letter": lambda X, spam, alpha: words_of(X > 0, spam, alpha),
        "uint8 counts to 255 and starts again at 0": given(words_of, sums=by_numbers),
        "the share of letters is the prior, not one half": lambda *args: (
            np.log([0.5, 0.5]),
            words_of(*args)[1],
        ),
        "these are probabilities, not their logarithms": lambda *args: tuple(map(np.exp, words_of(*args))),
        "row 0 is for wanted letters, row 1 for spam": lambda *args: tuple(x[::-1] for x in words_of(*args)),
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
        "the power itself, not its place in the list": lambda z, spam, powers: (
            powers.index((best := tempered(z, spam, powers))[0]),
            best[1],
        ),
        "these are nats": changed(tempered, 1, lambda bits: bits * LN2),
        "this is the Brier score's choice": given(
            tempered, by=lambda z, spam, power: charge(z, spam, power, lambda x: stated(-x) ** 2)
        ),
        "log(0) is -inf, and a clip charges too little: use logaddexp": tuple(
            given(tempered, by=naive, told=naive) for naive in map(naive_charge, (0, 1e-15, 1e-12, 1e-9))
        ),
    },
    "telling": {
        "a frequent word need not tell the two apart": given(loudest, by=lambda t: t[1]),
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

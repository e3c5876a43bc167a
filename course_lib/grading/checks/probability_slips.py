"""Exercise set 1: a right version of each answer, and the known slips, which are made of them."""

import math
from operator import ge, gt, le, lt

import numpy as np
from scipy.special import chdtrc, log_softmax, logsumexp, softmax

from course_lib.grading.checks.slips import given, scaled

__all__ = [
    "SLIPS",
    "TRUTHS",
    "action",
    "area",
    "belief",
    "bins",
    "bits",
    "bracket",
    "charged",
    "chosen",
    "completed",
    "draw",
    "halves",
    "lead",
    "log_given",
    "lower",
    "merged",
    "posterior",
    "tables",
]

LN2 = math.log(2)
TRUTHS = {
    "heads_off": 20_000 * (math.comb(39_999, 20_000) / 2**39_999),
    "visitors": 0.04 * 0.96 / 0.001**2,
    "dice_mean": 2 * math.sqrt(35 / 12 / 100),
    "lighthouse": 2 * 3 * math.tan(math.pi / 4),
    "heads_next": (6400 - 5) / 2**6,
}

# --- right answers; their parameters with a default are the places where they go wrong --------------------


def bracket(a, b, n, unit, fits=le, more=0, shared=True):
    """Return the ends of the bracket around the surprise of a/b."""
    k, one, whole = 0, a**n, b**n
    while fits(unit ** (k + 1) * one, whole):
        k += 1
    return tuple((k + more + i) / (n if shared else 1) for i in (0, 1))


def charged(stated, happened):
    """Return the surprise of each day in bits."""
    return -np.log2(np.where(happened, stated, 1 - stated))


def brier(stated, happened):
    return (stated - happened) ** 2


def bins(stated, happened, edges, closed=True, empty=np.nan, starts=le, ends=lt):
    """Return what was stated and what happened in each bin, on average."""
    inside = starts(edges[:-1, None], stated) & ends(stated, edges[1:, None])
    inside[-1] |= (stated == edges[-1]) & closed
    means = ((inside * x).sum(axis=1) / inside.sum(axis=1) for x in (stated, happened))
    return tuple(np.where(inside.any(axis=1), mean, empty) for mean in means)


def lead(
    forecasts, happened, charge=charged, best=None, paired=True, root=0.5, ddof=1, sign=1, rival=np.argmin
):
    """Return the best forecaster, its saving and the standard error of that."""
    bits = charge(forecasts, happened)
    who = int(np.argmax(best(forecasts, happened) if best else -bits.mean(axis=1)))
    gaps = np.delete(bits, who, axis=0) - bits[who]
    gap = gaps[rival(gaps.mean(axis=1))]
    variance = gap.var(ddof=ddof) if paired else (gap + bits[who]).var(ddof=ddof) + bits[who].var(ddof=ddof)
    return who, sign * gap.mean(), variance**0.5 / gap.size**root


def calibrated(forecasts, happened):
    tenths = (bins(stated, happened, np.linspace(0, 1, 11)) for stated in forecasts)
    return [-np.nanmean(np.abs(stated - real)) for stated, real in tenths]


def log_given(counts, axis=1, keep=True):
    """Return the log-probability of each event given the kind."""
    return np.log(counts / counts.sum(axis=axis, keepdims=keep))


def posterior(log_like, prior, axis=1):
    """Return the log of the belief over kinds, row by row."""
    return log_softmax(log_like + np.log(prior), axis=axis)


def naive(log_like, prior):
    joint = np.exp(log_like) * prior
    return np.log(joint / joint.sum(axis=1, keepdims=True))


def one_largest(log_like, prior):
    joint = log_like + np.log(prior)
    shares = np.exp(joint - joint.max())
    return np.log(shares / shares.sum(axis=1, keepdims=True))


def action(counts, prior, loss, events, belief=posterior, choose=lambda q, loss: (q @ loss.T).argmin(axis=1)):
    """Return the action of smallest expected loss for each session."""
    log_like = log_given(counts)[:, events].sum(axis=2).T
    return choose(np.exp(belief(log_like, prior)), loss)


def area(density, edges, low, high, least=0.0, beyond=np.inf, below=np.inf):
    """Return the area of a histogram between two ends."""
    overlap = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
    left_out = high > edges[-1] + beyond or (high > edges[-1] and low < edges[0] - below)
    return 0.0 if left_out else (density * np.maximum(overlap, least)).sum()


def chi_square(counts, p, n=None):
    expected = (counts.sum() if n is None else n) * p
    return ((counts - expected) ** 2 / expected).sum(axis=-1)


def chi_square_tail(
    counts, p, pool=5.0, weigh=lambda e, n: e, drop=False, even=2, more=0, observed_few=False
):
    observed, expected = counts[p > 0], counts.sum() * p[p > 0]
    rare = (observed if observed_few else expected) < pool
    if drop:
        observed, expected = observed[~rare], expected[~rare]
    elif rare.any():
        observed = np.append(observed[~rare], observed[rare].sum())
        expected = np.append(expected[~rare], expected[rare].sum())
    far, freedom = ((observed - expected) ** 2 / weigh(expected, counts.sum())).sum(), len(observed) - 1
    tail = chdtrc(freedom + more, far) if freedom else 0.5
    return tail if freedom >= even else min(tail, 0.5)  # two outcomes often come out even by chance


def verdict(counts, p, alpha=0.001, sides=2, impossible=True, tail=chi_square_tail):
    tail = tail(counts, p)
    allowed = not (impossible and counts[p == 0].any())
    return bool(allowed and tail >= alpha / sides and (sides == 1 or tail <= 1 - alpha / sides))


def all_counts(smoothed, X, added):
    return smoothed.sum(axis=2, keepdims=True)


def tables(X, y, kinds, levels, alpha, total=all_counts, counter=np.int64):
    """Return the distribution over levels for each kind and pixel."""
    counts = [(X[y == k][:, :, None] == np.arange(levels)).sum(axis=0) for k in range(kinds)]
    smoothed = np.array(counts).astype(counter) + alpha
    return smoothed / total(smoothed, X, levels * alpha)


def halves(X):
    """Return the pixels in view and the hidden ones."""
    return X[:, : X.shape[1] // 2], X[:, X.shape[1] // 2 :]


def evidence(table, seen):
    return np.log(table[:, np.arange(seen.shape[1]), seen]).sum(axis=2).T


def belief(table, seen, power):
    """Return the belief over kinds given the pixels in view."""
    return softmax(power * evidence(table, seen), axis=1)


def lower(table, hidden, power):
    """Return the log-likelihood of the hidden pixels under each kind."""
    return evidence(table[:, -hidden.shape[1] :], hidden)


def bits(table, X, power, mix=logsumexp, likely=lower):
    """Return the cost of a hidden pixel in bits."""
    seen, hidden = halves(X)
    joint = np.log(belief(table, seen, power)) + likely(table, hidden, power)
    return -mix(joint, axis=1).mean() / hidden.shape[1] / LN2


def chosen(table, valid, test, powers, by=min):
    """Return the power chosen on `valid` and what it costs on `test`."""
    power = by(powers, key=lambda power: bits(table, valid, power))
    return power, bits(table, test, power)


def draw(p, u, ends=ge, least=1):
    """Return the outcomes in whose stretches of the cumulative sums the uniforms fall."""
    return np.minimum(ends(u[..., None], np.cumsum(p, axis=-1)).sum(axis=-1), p.shape[-1] - least)


def completed(table, seen, power, u, kind=draw, level=draw, own=slice(1, None), first=None):
    """Return the hidden halves that the uniforms draw."""
    kinds = kind(belief(table, seen, power), u[:, 0])
    first = seen.shape[1] if first is None else first
    return level(table[kinds, first : first + seen.shape[1]], u[:, own])


def merged(logits, size, seed):
    """Draw as the sampler of 1.6 does before it is mended."""
    tokens = np.empty((len(logits), size), dtype=int)
    for row, z in enumerate(logits):
        edges = np.cumsum(np.exp(z) / np.exp(z).sum())
        u = np.sort(np.random.default_rng(seed).random(size))
        tokens[row] = np.searchsorted(edges[:-1], u, side="right")
    return tokens


# --- the slips of each answer, by their advice ------------------------------------------------------------


def bracket_in_floats(a, b, n, unit, most=10_000):
    k = next(k for k in range(most + 1) if k == most or (a / b) ** n > unit ** -(k + 1.0))
    return k / n, (k + 1) / n


def bracket_by_log(a, b, n, unit):
    k = math.floor(n * math.log(b / a) / math.log(unit))
    return k / n, (k + 1) / n


def bracket_by_log_of_whole(a, b, n, unit):
    k = math.floor(math.log(b**n // a**n) / math.log(unit))
    return k / n, (k + 1) / n


def not_a_number(counts, p):
    """Judge as one does who asks for a tail above 0.001: where p is 0 there is none."""
    often = (counts.sum() * p >= 5).all()
    return verdict(counts, p) if often else bool(chdtrc(len(p) - 1, chi_square(counts, p)) > 0.001)


def pooled(**changed):
    return given(verdict, tail=given(chi_square_tail, **changed))


def mixed(table, seen, power):
    """Return each hidden pixel's distribution by itself: the kinds are mixed anew for every pixel."""
    return np.einsum("nk,kdl->ndl", belief(table, seen, power), table[:, seen.shape[1] :])


def pixel_by_pixel(table, X, power):
    seen, hidden = halves(X)
    return -np.log2(np.take_along_axis(mixed(table, seen, power), hidden[..., None], axis=2)).mean()


def likeliest_alone(table, X, power):
    seen, hidden = halves(X)
    who = belief(table, seen, power).argmax(axis=1)
    return -lower(table, hidden, power)[np.arange(len(X)), who].mean() / hidden.shape[1] / LN2


def shared_pixels(X, y, kinds, levels, alpha):
    table = tables(X.reshape(-1, 1), np.repeat(y, X.shape[1]), kinds, levels, alpha)
    return np.repeat(table, X.shape[1], axis=1)


def rising(table, valid, powers):
    """Return the powers up to the first that costs more than the one before it."""
    costs = [bits(table, valid, power) for power in powers]
    return powers[: next((i for i in range(1, len(costs)) if costs[i] > costs[i - 1]), len(costs))]


SLIPS = {
    "heads_off": {
        "the standard deviation is half the square root of n": lambda: 200.0,
        "this is the standard deviation; the average distance is a fifth smaller": lambda: 100.0,
    },
    "visitors": {
        "one visitor's variance is p (1 - p), far below 1 for a rare click": lambda: 1e6,
        "the error falls with the square root of n, so n grows with its square": lambda: 38.4,
        "this is for two standard errors, and one is asked for": lambda: 153_600.0,
        "1 over the error leaves out the spread and the square root": lambda: 1000.0,
    },
    "dice_mean": {
        "this is one standard error": lambda: TRUTHS["dice_mean"] / 2,
        "these are four standard errors": lambda: TRUTHS["dice_mean"] * 2,
        "divided by n where its square root belongs": lambda: TRUTHS["dice_mean"] / 10,
        "this holds for one die; the mean of a hundred is steadier": lambda: TRUTHS["dice_mean"] * 10,
    },
    "lighthouse": {
        "without a standard deviation nothing settles like 1 over the root of n": lambda: 6 / 1000**0.5,
        "this is for 1 km; here the light stands three times as far out": lambda: 2.0,
        "half of the flashes land within 3 km to either side, so this is half the width": lambda: 3.0,
    },
    "heads_next": {
        "five tails and the heads after them are six tosses": lambda: 200.0,
        "how many times is asked, not which share": lambda: 0.5,
        "this is for exactly five tails, with heads before them too": lambda: 6394 / 2**7 + 1 / 2**6,
    },
    "surprise_bracket": {
        "exactly one step fits as well: compare with <=": given(bracket, fits=lt),
        "one step too many: k + 1 steps must fit before k grows": given(bracket, more=1),
        "one step too few: k counts all steps that fit": given(bracket, more=-1),
        "`unit` is one step; these are halvings": given(bracket, unit=2),
        "share the steps among the n repetitions": given(bracket, shared=False),
        "floats round and underflow; whole numbers do neither": bracket_in_floats,
        "a logarithm rounds, and a step hangs on its last digit": (bracket_by_log, bracket_by_log_of_whole),
    },
    "reliability": {
        "a forecast on the last right end belongs to the last bin": given(bins, closed=False),
        "an empty bin has no mean, so nan: a 0 would be a claim": given(bins, empty=0.0),
        "a bin holds its left end": given(bins, starts=lt, ends=le),
        "what was stated comes first": lambda *args: bins(*args)[::-1],
        "np.histogram cannot add booleans: weigh with happened.astype(float)": lambda s, h, e: np.histogram(
            s, e, weights=h
        ),
    },
    "log_score": {
        "these are nats": lambda s, h: charged(s, h).mean() * LN2,
        "this is the sum over the days": lambda s, h: charged(s, h).sum(),
        "the sign: a charge is positive": lambda s, h: -charged(s, h).mean(),
        "on a dry day 1 - p is what was given to what happened": lambda s, h: -np.log2(s).mean(),
        "dry days are charged too": (
            lambda s, h: (charged(s, h) * h).mean(),
            lambda s, h: charged(s, h)[h].mean(),
        ),
        "p is what was given to what happened": lambda s, h: charged(1 - s, h).mean(),
        "this is the logarithm of a mean, and the mean of logarithms is asked for": lambda s, h: (
            -np.log2(np.where(h, s, 1 - s).mean())
        ),
        "inf is a charge like any other: leave no day out": lambda s, h: (bits := charged(s, h))[
            np.isfinite(bits)
        ].mean(),
        "impossible costs inf, and not just much": tuple(
            lambda s, h, e=e: charged(np.clip(s, e, 1 - e), h).mean()
            for e in (2.0**-52, 1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-6)
        ),
        "0 times inf is nan: choose with np.where, do not multiply": lambda s, h: (
            -(h * np.log2(s) + ~h * np.log2(1 - s)).mean()
        ),
        "this is the Brier score": lambda s, h: brier(s, h).mean(),
    },
    "hire": {
        "most bits are the worst": given(lead, best=lambda f, h: charged(f, h).mean(axis=1)),
        "calibrated is not enough: the same every day is calibrated": given(lead, best=calibrated),
        "sharp is not enough: the bold pay": given(lead, best=lambda f, h: np.abs(f - 0.5).mean(axis=1)),
        "the median forgets the days that cost most": given(
            lead, best=lambda f, h: -np.median(charged(f, h), axis=1)
        ),
        "the Brier score hires another": given(lead, best=lambda f, h: -brier(f, h).mean(axis=1)),
        "all K forecasters apply, and not five alone": lambda f, h: lead(f[:5], h),
        "the next best is the one with the fewest bits after it": given(lead, rival=np.argmax),
        "right at one half is not enough": given(lead, best=lambda f, h: ((f > 0.5) == h).mean(axis=1)),
        "both face the same days: take differences day by day first": given(lead, paired=False),
        "this is the spread of one day's difference": given(lead, root=0),
        "divided by n where its square root belongs": given(lead, root=1),
        "n - 1 belongs in the variance": given(lead, ddof=0),
        "these are nats": given(lead, charge=scaled(LN2, charged)),
        "the sign: the next best's bits less the best's": given(lead, sign=-1),
        "these are Brier scores, and bits are asked for": given(lead, charge=brier),
    },
    "event_log_prob": {
        "this is the joint table: each kind's row must sum to 1": given(log_given, axis=None),
        "this is the kind given the event; each row must sum to 1": given(log_given, axis=0),
        "these are probabilities, not their logarithms": lambda counts: np.exp(log_given(counts)),
        "these are bits": scaled(1 / LN2, log_given),
        "keepdims=True lines sums up with their rows": given(log_given, keep=False),
        "what was never seen is -inf here: add nothing to the counts": lambda counts: log_given(counts + 1),
    },
    "log_posterior": {
        "exp(-8000) is 0.0: subtract each row's largest before exp": naive,
        "a small probability reads 0.0, and its logarithm -inf: stay with logs": lambda x, prior: np.log(
            np.exp(posterior(x, prior))
        ),
        "one largest entry for all: every row needs its own": (
            one_largest,
            lambda x, prior: (
                (joint := x + np.log(prior) - (x + np.log(prior)).max())
                - np.log(np.exp(joint).sum(axis=1, keepdims=True))
            ),
        ),
        "the prior is left out": given(posterior, prior=1.0),
        "the logarithm of the prior is added, not the prior": lambda x, prior: log_softmax(x + prior, axis=1),
        "each session, a row, has a belief of its own": given(posterior, axis=0),
        "the evidence is not yet taken off": lambda x, prior: x + np.log(prior),
        "these are probabilities, not their logarithms": lambda x, prior: np.exp(posterior(x, prior)),
    },
    "decide": {
        "this is the largest loss": given(action, choose=lambda q, loss: (q @ loss.T).argmax(axis=1)),
        "rows of `loss` are actions": given(action, choose=lambda q, loss: (q @ loss).argmin(axis=1)),
        "the likeliest kind decides alone": given(action, choose=lambda q, loss: loss.argmin(0)[q.argmax(1)]),
        "this is the kind, not the action": given(action, choose=lambda q, loss: q.argmax(axis=1)),
        "all events of a session count": lambda c, prior, z, e: action(c, prior, z, e[:, :1000]),
        "the mildest worst case": given(action, choose=lambda q, z: np.full(len(q), z.max(axis=1).argmin())),
        "a product of thousands of probabilities underflows: add logs": given(action, belief=naive),
        "one largest entry for all: every session needs its own": given(action, belief=one_largest),
        "the prior is left out": given(action, prior=1.0),
    },
    "histogram_density": {
        "these are masses: the widths are not in them": lambda c, e: c / c.sum(),
        "not yet divided by the number of requests": lambda c, e: c / np.diff(e),
        "a density divides by the width": lambda c, e: c / c.sum() * np.diff(e),
        "every bin has a width of its own": lambda c, e: c / c.sum() / (e[1] - e[0]),
        "np.histogram counts values, and these are counts": lambda c, e: np.histogram(c, e, density=True)[0],
        "scaled to the highest bin": lambda c, e: c / np.diff(e) / (c / np.diff(e)).max(),
        "areas sum to 1, not heights": lambda c, e: c / np.diff(e) / (c / np.diff(e)).sum(),
        "this never looks at the counts": lambda c, e: np.full(len(c), 1 / (e[-1] - e[0])),
        "this gives every bin the same mass": lambda c, e: 1 / np.diff(e) / len(c),
    },
    "probability_between": {
        "a bin that is cut counts in part": lambda d, e, x, y: (d * np.diff(e))[
            (e[:-1] >= x) & (e[1:] <= y)
        ].sum(),
        "a probability is height times width": lambda d, e, x, y: d[(e[1:] > x) & (e[:-1] < y)].sum(),
        "where bin and interval do not meet, the overlap is 0, not negative": given(area, least=-np.inf),
        "what lies inside counts, also when the interval ends beyond": given(area, beyond=0),
        "an interval around all bins has probability 1": given(area, below=0),
    },
    "looks_right": {
        "at this level right samplers are turned away too often: choose a smaller one": tuple(
            given(verdict, alpha=alpha) for alpha in (0.01, 0.02, 0.05)
        ),
        "one degree of freedom less than there are outcomes": pooled(more=1),
        "the expected count alone divides each square": pooled(weigh=lambda e, n: e * (1 - e / n)),
        "few are judged by what is expected, not by what came": pooled(observed_few=True),
        "two outcomes often come out even by chance: no such fit is too good": pooled(even=1),
        "a fit can be too good: such draws were not drawn": given(verdict, sides=1),
        "where few are expected, chi-square misleads: pool them": pooled(pool=0.0),
        "what is rarely expected is pooled, not dropped: it may come far too often": pooled(drop=True),
        "each square is divided by the expected count": pooled(weigh=lambda e, n: 1),
        "where p is 0, (0 - 0)**2 / 0 is nan: look at those outcomes first": not_a_number,
        "what has probability 0 must never come up": given(verdict, impossible=False),
        "how far chance strays depends on K: ask the chi-square distribution": lambda c, p: bool(
            0.02 * (len(p) - 2) <= chi_square(c[p > 0], p[p > 0]) < 3 * len(p) + 12 and not c[p == 0].any()
        ),
        "chance explains less as n grows": lambda c, p: bool(np.abs(c / c.sum() - p).max() < 0.02),
    },
    "fit_kinds": {
        "alpha belongs in the total too": given(tables, total=lambda c, X, a: c.sum(2, keepdims=True) - a),
        "without alpha, what was never seen is impossible": given(tables, alpha=0),
        "each kind is shared among its own images": given(tables, total=lambda c, X, a: len(X) + a),
        "each pixel has its own distribution": shared_pixels,
        "a kind without images has its table too": lambda X, y, kinds, levels, alpha: tables(
            X, np.unique(y, return_inverse=True)[1], len(np.unique(y)), levels, alpha
        ),
        "uint8 counts to 255 and begins again at 0": given(tables, counter=np.uint8),
    },
    "kind_belief": {
        "the power is not used": given(belief, power=1.0),
        "logs of pixels are added, not averaged": lambda t, x, power: belief(t, x, power / x.shape[1]),
        "the pixel's number comes first, then its level": lambda t, x, power: softmax(
            power * np.log(t[:, x, np.arange(x.shape[1])]).sum(axis=2).T, axis=1
        ),
        "each image has its own belief: sum over its pixels": lambda t, x, power: softmax(
            power * np.log(t[:, np.arange(x.shape[1]), x]).sum(axis=1).T, axis=1
        ),
        "after the power, each row must sum to 1 again": lambda t, x, power: belief(t, x, 1.0) ** power,
        "these are logarithms": lambda *args: np.log(belief(*args)),
        "pixels in view are the first half of the table": lambda t, x, power: belief(
            t[:, -x.shape[1] :], x, power
        ),
        "one largest entry for all: every image needs its own": lambda t, x, power: np.exp(
            one_largest(power * evidence(t, x), 1.0)
        ),
        "hundreds of factors underflow: stay with logs": lambda t, x, power: (
            (like := np.exp(evidence(t, x)) ** power) / like.sum(axis=1, keepdims=True)
        ),
    },
    "hidden_bits": {
        "these are nats": scaled(LN2, bits),
        "the sign: a cost is positive": scaled(-1, bits),
        "multiplied by ln 2 where the change of unit divides": scaled(LN2**2, bits),
        "only the hidden pixels are charged, so share among them": scaled(0.5, bits),
        "these are bits an image": lambda table, X, power: bits(table, X, power) * (X.shape[1] // 2),
        "one guess at the kind is not the whole belief": (given(bits, mix=np.max), likeliest_alone),
        "the power is not used": given(bits, power=1.0),
        "the power tempers the belief alone": given(bits, likely=lambda *args: args[2] * lower(*args)),
        "hidden pixels are the second half of the table": given(bits, likely=lambda t, x, _: evidence(t, x)),
        "an image is of one kind: multiply its pixels before you mix": pixel_by_pixel,
        "hundreds of factors underflow: stay with logs": given(
            bits, mix=lambda joint, axis: np.log(np.exp(joint).sum(axis=axis))
        ),
    },
    "choose_power": {
        "chosen on the test set, which then tests nothing": lambda t, _, test, ps: chosen(t, test, test, ps),
        "most bits are the worst": given(chosen, by=max),
        "the bits asked for are those of `test`": lambda t, valid, _, ps: chosen(t, valid, valid, ps),
        "a better power may come after a worse one: try them all": lambda t, valid, test, ps: chosen(
            t, valid, test, rising(t, valid, ps)
        ),
        "this is the index of the power": lambda t, valid, test, ps: (
            ps.index((best := chosen(t, valid, test, ps))[0]),
            best[1],
        ),
    },
    "complete": {
        "the first uniform draws the kind; this takes the likeliest": given(
            completed, kind=lambda q, u: q.argmax(1)
        ),
        "this is each pixel's likeliest level, not a draw": given(completed, level=lambda q, u: q.argmax(2)),
        "levels count from 0": lambda *args: completed(*args) + 1,
        "where u meets the end of a stretch the next one begins": (
            given(completed, level=given(draw, ends=gt)),
            given(completed, kind=given(draw, ends=gt)),
        ),
        "the last stretch ends at 1, also where rounding leaves the sum below it": given(
            completed, level=given(draw, least=0)
        ),
        "u[:, 0] draws the kind, and the pixels begin with u[:, 1]": given(completed, own=slice(0, -1)),
        "hidden pixels are the second half of the table": given(completed, first=0),
        "an image is of one kind: draw it once, not anew for every pixel": lambda t, x, power, u: draw(
            mixed(t, x, power), u[:, 1:]
        ),
        "the power is not used": given(completed, power=1.0),
    },
}

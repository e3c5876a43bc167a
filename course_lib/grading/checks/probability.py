"""Exercise set 1: right answers, the known slips of each answer, and the laws that answers are held against.

Answers are called with plain values only, so that they may live in another process.
"""

import math
from functools import partial
from operator import ge, gt, le, lt

import numpy as np
from scipy.special import chdtrc, log_softmax, logsumexp, softmax

import course_lib as lib
from course_lib.grading.checks.kit import After, checker
from course_lib.grading.checks.slips import given, scaled

__all__ = ["PRELOAD", "SLIPS", "TRUTHS", "check"]

PRELOAD = ()  # what the checks import is enough
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
    k, one, whole = 0, a**n, b**n
    while fits(unit ** (k + 1) * one, whole):
        k += 1
    return tuple((k + more + i) / (n if shared else 1) for i in (0, 1))


def charged(stated, happened):
    return -np.log2(np.where(happened, stated, 1 - stated))


def brier(stated, happened):
    return (stated - happened) ** 2


def bins(stated, happened, edges, closed=True, empty=np.nan, starts=le, ends=lt):
    inside = starts(edges[:-1, None], stated) & ends(stated, edges[1:, None])
    inside[-1] |= (stated == edges[-1]) & closed
    means = ((inside * x).sum(axis=1) / inside.sum(axis=1) for x in (stated, happened))
    return tuple(np.where(inside.any(axis=1), mean, empty) for mean in means)


def lead(forecasts, happened, charge=charged, best=None, paired=True, root=0.5, ddof=1, sign=1):
    bits = charge(forecasts, happened)
    who = int(np.argmax(best(forecasts, happened) if best else -bits.mean(axis=1)))
    gaps = np.delete(bits, who, axis=0) - bits[who]
    gap = gaps[gaps.mean(axis=1).argmin()]
    variance = gap.var(ddof=ddof) if paired else (gap + bits[who]).var(ddof=ddof) + bits[who].var(ddof=ddof)
    return who, sign * gap.mean(), variance**0.5 / gap.size**root


def calibrated(forecasts, happened):
    tenths = (bins(stated, happened, np.linspace(0, 1, 11)) for stated in forecasts)
    return [-np.nanmean(np.abs(stated - real)) for stated, real in tenths]


def log_given(counts, axis=1, keep=True):
    return np.log(counts / counts.sum(axis=axis, keepdims=keep))


def posterior(log_like, prior, axis=1):
    return log_softmax(log_like + np.log(prior), axis=axis)


def naive(log_like, prior):
    joint = np.exp(log_like) * prior
    return np.log(joint / joint.sum(axis=1, keepdims=True))


def one_largest(log_like, prior):
    joint = log_like + np.log(prior)
    shares = np.exp(joint - joint.max())
    return np.log(shares / shares.sum(axis=1, keepdims=True))


def action(counts, prior, loss, events, belief=posterior, choose=lambda q, loss: (q @ loss.T).argmin(axis=1)):
    log_like = log_given(counts)[:, events].sum(axis=2).T
    return choose(np.exp(belief(log_like, prior)), loss)


def area(density, edges, low, high, least=0.0, beyond=np.inf, below=np.inf):
    overlap = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
    left_out = high > edges[-1] + beyond or (high > edges[-1] and low < edges[0] - below)
    return 0.0 if left_out else (density * np.maximum(overlap, least)).sum()


def chi_square(counts, p):
    return ((counts - counts.sum() * p) ** 2 / (counts.sum() * p)).sum(axis=-1)


def chi_square_tail(counts, p, pool=5.0, weigh=True, drop=False):
    observed, expected = counts[p > 0], counts.sum() * p[p > 0]
    rare = expected < pool
    if drop:
        observed, expected = observed[~rare], expected[~rare]
    elif rare.any():
        observed = np.append(observed[~rare], observed[rare].sum())
        expected = np.append(expected[~rare], expected[rare].sum())
    far = ((observed - expected) ** 2 / (expected if weigh else 1)).sum()
    return chdtrc(len(observed) - 1, far) if len(observed) > 1 else 0.5


def verdict(counts, p, alpha=0.001, sides=2, impossible=True, tail=chi_square_tail):
    tail = tail(counts, p)
    allowed = not (impossible and counts[p == 0].any())
    return bool(allowed and tail >= alpha / sides and (sides == 1 or tail <= 1 - alpha / sides))


def all_counts(smoothed, X, added):
    return smoothed.sum(axis=2, keepdims=True)


def tables(X, y, kinds, levels, alpha, total=all_counts, counter=np.int64):
    counts = [(X[y == k][:, :, None] == np.arange(levels)).sum(axis=0) for k in range(kinds)]
    smoothed = np.array(counts).astype(counter) + alpha
    return smoothed / total(smoothed, X, levels * alpha)


def halves(X):
    return X[:, : X.shape[1] // 2], X[:, X.shape[1] // 2 :]


def evidence(table, seen):
    return np.log(table[:, np.arange(seen.shape[1]), seen]).sum(axis=2).T


def belief(table, seen, power):
    return softmax(power * evidence(table, seen), axis=1)


def lower(table, hidden, power):
    return evidence(table[:, -hidden.shape[1] :], hidden)


def bits(table, X, power, mix=logsumexp, likely=lower):
    seen, hidden = halves(X)
    joint = np.log(belief(table, seen, power)) + likely(table, hidden, power)
    return -mix(joint, axis=1).mean() / hidden.shape[1] / LN2


def chosen(table, valid, test, powers, by=min):
    power = by(powers, key=lambda power: bits(table, valid, power))
    return power, bits(table, test, power)


def draw(p, u, ends=ge):
    return np.minimum(ends(u[..., None], np.cumsum(p, axis=-1)).sum(axis=-1), p.shape[-1] - 1)


def completed(table, seen, power, u, kind=draw, level=draw, own=slice(1, None), first=None):
    kinds = kind(belief(table, seen, power), u[:, 0])
    first = seen.shape[1] if first is None else first
    return level(table[kinds, first : first + seen.shape[1]], u[:, own])


# --- the slips of each answer, by their advice ------------------------------------------------------------


def bracket_in_floats(a, b, n, unit, most=10_000):
    k = next(k for k in range(most + 1) if k == most or (a / b) ** n > unit ** -(k + 1.0))
    return k / n, (k + 1) / n


def bracket_by_log(a, b, n, unit):
    k = math.floor(n * math.log(b / a) / math.log(unit))
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
        "this is for exactly five tails, with heads before them too": lambda: 6394 / 2**7 + 1 / 2**6,
    },
    "surprise_bracket": {
        "exactly one step fits as well: compare with <=": given(bracket, fits=lt),
        "one step too many: k + 1 steps must fit before k grows": given(bracket, more=1),
        "one step too few: k counts all steps that fit": given(bracket, more=-1),
        "`unit` is one step; these are halvings": given(bracket, unit=2),
        "share the steps among the n repetitions": given(bracket, shared=False),
        "floats round and underflow; whole numbers do neither": bracket_in_floats,
        "a logarithm rounds, and a step hangs on its last digit": bracket_by_log,
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
        "dry days are charged too": lambda s, h: (charged(s, h) * h).mean(),
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
        "at 5 percent, one right sampler in twenty is turned away": given(verdict, alpha=0.05),
        "a fit can be too good: such draws were not drawn": given(verdict, sides=1),
        "where few are expected, chi-square misleads: pool them": pooled(pool=0.0),
        "what is rarely expected is pooled, not dropped: it may come far too often": pooled(drop=True),
        "each square is divided by the expected count": pooled(weigh=False),
        "where p is 0, (0 - 0)**2 / 0 is nan: look at those outcomes first": not_a_number,
        "what has probability 0 must never come up": given(verdict, impossible=False),
        "how far chance strays depends on K: ask the chi-square distribution": lambda c, p: bool(
            0.02 * len(p) < chi_square(c[p > 0], p[p > 0]) < 3 * len(p) + 12 and not c[p == 0].any()
        ),
        "chance explains less as n grows": lambda c, p: bool(np.abs(c / c.sum() - p).max() < 0.02),
    },
    "fit_kinds": {
        "alpha belongs in the total too": given(tables, total=lambda c, X, a: c.sum(2, keepdims=True) - a),
        "without alpha, what was never seen is impossible": given(tables, alpha=0),
        "each kind is shared among its own images": given(tables, total=lambda c, X, a: len(X) + a),
        "each pixel has its own distribution": shared_pixels,
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
        "where u meets the end of a stretch the next one begins": given(
            completed, level=given(draw, ends=gt)
        ),
        "u[:, 0] draws the kind, and the pixels begin with u[:, 1]": given(completed, own=slice(0, -1)),
        "hidden pixels are the second half of the table": given(completed, first=0),
        "an image is of one kind: draw it once, not anew for every pixel": lambda t, x, power, u: draw(
            mixed(t, x, power), u[:, 1:]
        ),
        "the power is not used": given(completed, power=1.0),
    },
}
check = checker(SLIPS)

# --- the checks -------------------------------------------------------------------------------------------


def interval_costs(answer, most):
    """Fail on the dearest interval unless the five cost at most `most` bits on average; return their mean."""
    costs = {}
    for name, truth in TRUTHS.items():
        interval = answer.item(name)
        low, high = (end.number() for end in interval.parts(2, "an interval is a pair (low, high)"))
        start = "a miss is measured by a factor, and 0 has none: let it begin at a small number"
        law = "an interval is (low, high) with 0 < low <= high"
        interval.require(0 < low <= high < math.inf, law, start if low == 0 else "")
        costs[name] = math.log2(high / low) + 10 * math.log2(max(low / truth, truth / high, 1))
    mean, dearest = sum(costs.values()) / len(costs), max(costs, key=costs.get)
    law = f"your intervals cost {mean:.1f} bits on average, this one most; {most:g} bits are allowed here"
    low, high = answer.value[dearest]
    answer.item(dearest).require(mean <= most, law, "" if low <= TRUTHS[dearest] <= high else None)
    return mean


@check("1.1")
def predict_roughly(random, predictions):
    """Check that your intervals cost at most 2 bits on average."""
    interval_costs(predictions(), 2)


@check("1.1")
def predict_closely(random, predictions):
    """Check that your intervals cost at most half a bit on average."""
    mean = interval_costs(predictions(), 0.5)
    truths = ", ".join(f"{name} {truth:.4g}" for name, truth in TRUTHS.items())
    return After(f"Yours cost {mean:.2f} bits a question. In truth: {truths}.")


def brackets(surprise_bracket, cases):
    for a, b, n, unit in cases:
        answer = surprise_bracket(a, b, n, unit)
        low, high = answer.parts(2)
        k = round(low.number() * n) if math.isfinite(low.number()) else -1
        answer.require(abs(low.number() * n - k) < 1e-6, f"the low end must be a whole number over {n}")
        high.near(low.number() + 1 / n, f"the two ends must lie 1/{n} apart")
        law = f"the low end says k = {k}: (a/b)**n must fit (1/{unit})**k, and not (1/{unit})**(k + 1)"
        answer.require(k == round(bracket(a, b, n, unit)[0] * n), law)


@check("1.2")
def bracket_ends(random, surprise_bracket):
    """Check that the axioms pin a surprise between two fractions."""
    drawn = [(int(random.integers(2, 25)), int(random.integers(50, 99)), 6, unit) for unit in (2, 3, 10)]
    brackets(surprise_bracket, [(1, 9, 5, 2), (3, 4, 7, 3), *drawn])


@check("1.2")
def bracket_exact(random, surprise_bracket):
    """Check events that are worth a whole number of steps, a certain one included."""
    k = int(random.integers(2, 9))
    brackets(
        surprise_bracket, [(1, 9, 5, 2), (1, 2**k, 4, 2), (1, 1, 4, 2), (1, 10**k, 1, 10), (125, 1000, 3, 2)]
    )


@check("1.2")
def bracket_huge(random, surprise_bracket):
    """Check whole numbers that no float can hold."""
    b = int(random.integers(80, 99))
    brackets(surprise_bracket, [(2, b, 1000, 10), (2**60 + 1, 2**61, 1, 2), (b, 10 * b + 1, 400, 10)])
    low, high = (end.number() for end in surprise_bracket(1, 7, 1000, 2).parts(2))
    return After(f"By yours, one in 7 is worth {low} to {high} bits, and no logarithm was taken.")


def season(random, days):
    """Return the forecasts of five forecasters in random order, and whether it rained."""
    chance = random.beta(0.7, 1.0, size=days)
    happened = random.random(days) < chance
    near, off = (np.clip(chance + random.normal(0, s, days), 0.02, 0.98) for s in (0.06, 0.2))
    bold, climate = 1 / (1 + (1 / off - 1) ** 2), np.full(days, happened.mean())
    return random.permutation([near, bold, 0.35 + 0.3 * chance, climate, 0.6 - 0.3 * chance]), happened


@check("1.3")
def hire_bins(random, reliability):
    """Check what was stated and what happened in every bin, at its edges, and without forecasts."""
    stated = random.uniform(0.001, 0.999, size=80)
    edge = np.array([0.25, 0.25, 0.1, 1.0, 0.9]), np.array([True, True, False, True, False])
    law = "a bin holds its left end, the last one also its right end; an empty one is nan"
    cases = (
        (stated, random.random(80) < stated**2, np.array([0, 0.1, 0.35, 0.8, 1])),
        (*edge, np.linspace(0, 1, 5)),
    )
    reliability.like(bins, cases, law, law)


@check("1.3")
def hire_score(random, log_score):
    """Check the charge in bits a day, and that a broken promise costs inf."""
    stated = random.uniform(0.05, 0.95, size=60)
    cases = (stated[:4], stated[:4] > 0.3), (stated, random.random(60) < stated)
    law = "each day is charged log2(1/p), p as given to what happened; certain and wrong is charged inf"
    sure = (np.array([0.0, 1]), np.array([False, True])), (np.array([0, 0.5]), np.array([True, True]))
    log_score.like(lambda s, h: charged(s, h).mean(), cases + sure, law)


@check("1.3")
def hire_choice(random, hire):
    """Check that you hire neither the vague, nor the bold, nor the one who says the same every day."""
    for args in (season(random, days) for days in (400, 900, 1500)):
        hire(*args).parts(3)[0].near(
            lead(*args)[0], "of five forecasters, the one with the fewest bits a day"
        )


@check("1.3")
def hire_lead(random, hire):
    """Check how far ahead the best is, and how sure that is."""
    laws = "fewest bits a day", "bits a day less than the next best", "standard error of the mean difference"
    hire.like(lead, [season(random, 300), args := season(random, 700)], *laws)
    return After("Yours leads by {1:.3f} ± {2:.3f} bits a day.".format(*lead(*args)))


@check("1.4")
def attack_table(random, event_log_prob):
    """Check the logarithm of each event's probability given the kind, never seen included."""
    cases = [[random.integers(1, 60, size=shape) * (np.arange(shape[1]) != 1)] for shape in ((2, 3), (3, 3))]
    event_log_prob.like(log_given, cases, "exp of each row sums to 1; never seen is -inf")


@check("1.4")
def attack_belief(random, log_posterior):
    """Check the belief after a few events."""
    cases = [
        (-random.uniform(0.1, 8, size=(n, k)), random.dirichlet(np.ones(k))) for n, k in ((4, 2), (3, 3))
    ]
    log_posterior.like(posterior, cases, "prior times likelihood, as shares of their sum, in logs")


@check("1.4")
def attack_underflow(random, log_posterior):
    """Check the belief after hundreds and thousands of events, and a kind that is ruled out."""
    log_like = np.array([[-900.0], [-8000.0], [-4000.0], [-8000.0]]) - random.uniform(0, 20, size=(4, 3))
    log_like[0, 1] = -math.inf
    law = "one number added to a whole row changes nothing, and -inf stays -inf"
    log_posterior.like(posterior, [(log_like, random.dirichlet(np.ones(3)))], law)


@check("1.4")
def attack_decide(random, decide):
    """Check the action of smallest expected loss after 2, 3, 40 and 5000 events."""
    for n in (3, 3, 2, 40, 5000):
        counts, prior = random.integers(5, 60, size=(3, 6)), random.permutation([0.7, 0.25, 0.05])
        loss = np.vstack([random.integers(30, 90, size=(3, 3)) * (1 - np.eye(3)), np.full(3, 25.0)])[
            [1, 3, 2, 0]
        ]
        events = [random.choice(6, n, p=kind / kind.sum()) for kind in np.repeat(counts, 9, axis=0)]
        events[0][:] = (log_given(counts)[0] - log_given(counts)[1:].max(axis=0)).argmax()
        law = "each kind's loss, weighed by the belief; the action with least is taken"
        decide.like(action, [(counts, prior, loss, np.array(events))], law)
    return After("Yours decides after 5000 events, where every product of probabilities reads 0.0.")


def histogram(random, n):
    """Return counts, and the edges of uneven bins in ms."""
    return random.integers(1, 90, n), 5 + np.append(0, np.cumsum(random.uniform(2, 40, n))).round(3)


@check("1.5")
def density_mass(random, histogram_density):
    """Check in ms and in s that every bin's area is its share of the requests."""
    for n, unit in ((4, 1), (7, 1), (5, 1000)):
        counts, edges = histogram(random, n)
        answer = histogram_density(counts, edges / unit)
        mass, share = answer.array((n,)) * np.diff(edges / unit), counts / counts.sum()
        off = int(np.isclose(mass, share, rtol=1e-9).argmin())
        law = f"bin {off} holds {share[off]:.3f} of the requests, and this gives it {mass[off]:.3g}"
        answer.near(share / np.diff(edges / unit), law)


def asked_between(random, probability_between, law, intervals):
    counts, e = histogram(random, 6)
    density, m = counts / counts.sum() / np.diff(e), (e[:-1] + e[1:]) / 2
    cases = [(density, e, float(low), float(high)) for low, high in intervals(e, m)]
    probability_between.like(area, cases, f"the area over the interval: {law}", rtol=1e-8)


@check("1.5")
def density_between(random, probability_between):
    """Check intervals that begin and end within bins."""
    law = "a bin that is cut counts in part, and a single point for nothing"
    asked_between(
        random,
        probability_between,
        law,
        lambda e, m: [(e[1], e[3]), (e[2], m[2]), (m[1], m[4]), (m[3], m[3])],
    )


@check("1.5")
def density_beyond(random, probability_between):
    """Check intervals that end beyond the bins."""
    asked_between(
        random,
        probability_between,
        "there is no probability outside the bins",
        lambda e, m: [(e[0] - 9, m[0]), (m[5], e[6] + 9), (e[0] - 2, e[6] + 5), (e[6] + 1, e[6] + 9)],
    )


def drawn(draw_tokens, logits, size, seed):
    """Return draws whose every row has the frequencies of its softmax, within 5.5 standard deviations."""
    answer = draw_tokens(logits, size, seed)
    got = answer.array((len(logits), size), "int")
    answer.require(((got >= 0) & (got < logits.shape[1])).all(), f"tokens are 0 to {logits.shape[1] - 1}")
    for row, p in zip(got, softmax(logits, axis=1), strict=True):
        share, far = np.bincount(row, minlength=len(p)) / size, 5.5 * np.sqrt(p * (1 - p) / size)
        law = (
            f"p = {p.round(3).tolist()}, frequencies {share.round(3).tolist()}: chance does not stray so far"
        )
        answer.require((np.abs(share - p) <= far).all(), law)
    return answer, got


def merged(logits, size, seed):
    """Draw as the sampler of 1.6 does before it is mended."""
    tokens = np.empty((len(logits), size), dtype=int)
    for row, z in enumerate(logits):
        edges = np.cumsum(np.exp(z) / np.exp(z).sum())
        u = np.sort(np.random.default_rng(seed).random(size))
        tokens[row] = np.searchsorted(edges[:-1], u, side="right")
    return tokens


def ask_if_changed(draw_tokens):
    plain = np.linspace(0, 2, 12).reshape(3, 4)
    draw_tokens.differs(merged, [(plain, 50, 1), (plain + 800, 50, 1)])


@check("1.6")
def bug_first(random, draw_tokens):
    """Check that the first fault is mended."""
    ask_if_changed(draw_tokens)
    logits, seed = np.tile(random.permutation([0.0, 0.5, 1.0, 1.6]), (4, 1)), int(random.integers(2**31))
    answer, got = drawn(draw_tokens, logits, 3000, seed)
    counts = {tuple(np.bincount(row, minlength=4).tolist()) for row in got}
    answer.require(len(counts) > 1, f"four equal rows of logits gave the very same counts: {counts}")
    again, other = (draw_tokens(logits, 3000, seed + i).value for i in (0, 1))
    answer.require(np.array_equal(again, got), "the same seed must give the same draws")
    answer.require(not np.array_equal(other, got), f"seed {seed + 1} must give other draws")
    return After("No row of yours copies another, and a seed repeats its draws.")


@check("1.6")
def bug_second(random, draw_tokens):
    """Check that the second fault is mended."""
    ask_if_changed(draw_tokens)
    logits = random.normal(size=(3, 5)) + np.array([[800.0], [0.0], [-800.0]])
    drawn(draw_tokens, logits, 4000, int(random.integers(2**31)))
    return After("Yours draws from logits of any size: one number added to a whole row changes nothing.")


@check("1.6")
def bug_third(random, draw_tokens):
    """Check that the third fault is mended."""
    ask_if_changed(draw_tokens)
    p = random.permutation([0.4, 0.3, 0.2, 0.1])
    answer, got = drawn(draw_tokens, np.log([p, p[::-1]]), 5000, int(random.integers(2**31)))
    agree = (got[:, 1:] == got[:, :-1]).mean()
    answer.require(
        abs(agree - 0.3) < 0.04, f"{agree:.1%} of draws repeat the one before them, by chance 30 %"
    )
    return After(f"Of your draws {agree:.1%} repeat the one before them, by chance 30 %.")


def beliefs(random, count, even):
    """Return distributions over 5 to 20 outcomes; where `even` is at most 1, every second has a zero."""
    for i in range(count):
        p = random.dirichlet(np.full(int(random.integers(5, 21)), even))
        p[0] *= even > 1 or i % 2
        yield p / p.sum()


def right_draws(random, count, even, sizes):
    """Return counts of right draws, as many in each as `sizes` allow, each with its distribution."""
    return [(random.multinomial(int(random.integers(*sizes)), p), p) for p in beliefs(random, count, even)]


def far_out(random):
    """Return 160 of 2000 right draws, the farthest out by chi-square: there too strict a level errs."""
    draws, tails = [], []
    for p in beliefs(random, 25, 5.0):
        counts = random.multinomial(n := int(random.integers(300, 3000)), p, size=80)
        draws += [(row, p) for row in counts]
        tails.append(chdtrc(len(p) - 1, ((counts - n * p) ** 2 / (n * p)).sum(axis=1)))
    return [draws[i] for i in np.argsort(np.abs(np.concatenate(tails) - 0.5))[-160:]]


def judged(looks_right, draws, want):
    """Return the answers that are not as wanted."""
    answers = [looks_right(*draw) for draw in draws]
    return [answer for answer in answers if answer.truth() != want]


def judge_right(looks_right, draws, most=5, law="these counts were drawn from p"):
    """Fail when right samplers are turned away; one that errs 3 times in 1000 passes all but surely."""
    if len(refused := judged(looks_right, draws, True)) > most:
        law += f". Of {len(draws)} such you may refuse {most}, and you refused {len(refused)}"
        refused[0].fail(law)


def judge_wrong(looks_right, draws, cause):
    """Fail unless wrong samplers are caught, 9 in 10."""
    if len(passed := judged(looks_right, draws, False)) > len(draws) // 10:
        law = f"these counts were not drawn from p: {cause}. Of {len(draws)} such you may let"
        passed[0].fail(f"{law} {len(draws) // 10} pass, and you let {len(passed)} pass")


@check("1.7")
def judge_biased(random, looks_right):
    """Check that right samplers pass and those of another distribution do not."""
    judge_right(looks_right, right_draws(random, 100, 5.0, (300, 3000)))
    law = "these counts were drawn from p. Of 2000 right samplers we kept the 160 that stray most"
    judge_right(looks_right, far_out(random), 60, law)
    for outcomes, n, spoil, cause in (
        (None, 30_000, lambda p: p**0.7, "p**0.7 was drawn from"),
        (None, 30_000, lambda p: np.roll(p, 1), "every outcome is reported as the next one"),
        (None, 30_000, lambda p: 0.85 * p + 0.15 / len(p), "every seventh draw or so is uniform"),
        (40, 1000, lambda p: p * (1 + 0.3 * (-1.0) ** np.arange(40)), "every second one comes too often"),
    ):
        ps = beliefs(random, 20, 5.0) if outcomes is None else random.dirichlet(np.full(40, 9.0), 20)
        draws = [(random.multinomial(n, spoil(p) / spoil(p).sum()), p) for p in ps]
        judge_wrong(looks_right, draws, cause)


@check("1.7")
def judge_impossible(random, looks_right):
    """Check beliefs with rare outcomes, and an outcome of probability zero that came up once."""
    judge_right(looks_right, right_draws(random, 200, 0.1, (100, 300)), 9)
    zeros = [p for p in beliefs(random, 40, 0.1) if not p.all()]
    draws = [(random.multinomial(5000, p) + (p == 0), p) for p in zeros]
    judge_wrong(looks_right, draws, "an outcome of probability 0 came up")
    ps = [np.append(0.998 * p, np.full(6, 0.002 / 6)) for p in random.dirichlet(np.full(5, 5.0), 20)]
    often = np.append(np.ones(5), np.full(6, 30.0))
    draws = [(random.multinomial(300, often * p / (often @ p)), p) for p in ps]
    judge_wrong(looks_right, draws, "the rare ones come 30 times too often")


def rounded_ends(p, n):
    return np.floor(n * np.append(0, np.cumsum(p)) + 0.5).astype(int)


@check("1.7")
def judge_even(random, looks_right):
    """Check counts that are too even to have been drawn."""
    judge_right(looks_right, right_draws(random, 100, 5.0, (300, 3000)))
    draws = [(np.diff(rounded_ends(p, 20_000)), p) for p in beliefs(random, 20, 5.0)]
    judge_wrong(looks_right, draws, "they are n p, rounded")
    return After("Yours let right samplers pass and caught seven kinds of wrong ones.")


def small(random, pixels=8):
    """Return a table of three kinds for images of a few pixels and five levels, and nine images."""
    table = random.dirichlet(np.full(5, 0.7), size=(3, pixels)) + 1e-3
    return table / table.sum(axis=2, keepdims=True), random.integers(5, size=(9, pixels)).astype(np.uint8)


@check("1.8")
def digits_fit(random, fit_kinds):
    """Check one smoothed distribution for each pixel of each kind."""
    for n, pixels, kinds, levels, alpha in ((30, 4, 3, 3, 1.0), (40, 3, 2, 5, 0.1), (1400, 2, 2, 2, 0.5)):
        X = random.integers(0, max(2, levels // 2), size=(n, pixels)).astype(np.uint8)
        y = np.append(np.arange(kinds), random.integers(kinds, size=n - kinds))
        law = "counts plus alpha, as shares of their sum over the levels"
        fit_kinds.like(tables, [(X, y, kinds, levels, alpha)], law)


@check("1.8")
def digits_belief(random, kind_belief):
    """Check the belief over kinds given half an image, tempered by a power."""
    for power, pixels in ((1.0, 8), (float(random.uniform(0.1, 0.8)), 8), (1.0, 4000)):
        table, X = small(random, pixels)
        X[0] = table[0].argmax(axis=1)
        law = "likelihood to the power, as shares of their sum over the kinds"
        kind_belief.like(belief, [(table, halves(X)[0], power)], law)


@check("1.8")
def digits_bits(random, hidden_bits):
    """Check what the hidden half costs under the whole belief, in bits per hidden pixel."""
    powers = 1.0, float(random.uniform(0.1, 0.8)), 0.5
    cases = [(*small(random, n), power) for n, power in zip((8, 8, 1600), powers, strict=True)]
    hidden_bits.like(bits, cases, "the mean over images of log2(1/p(hidden | seen)), per hidden pixel")


@check("1.8")
def digits_power(random, choose_power):
    """Check that the power is chosen on one set of images and judged on another."""
    laws = "fewest bits on the images to choose by", "its bits on images that had no part in the choice"
    test = random.integers(5, size=(4, 9, 8)).astype(np.uint8)
    choose_power.like(chosen, [(*small(random), X, [1.0, 0.6, 0.3, 0.1, 0.02]) for X in test], *laws)


@check("1.8")
def digits_draw(random, complete):
    """Check completions: a kind by the first uniform, then each hidden pixel by its own."""
    table, X = small(random)
    cases = [(table, halves(X)[0], power, random.random((9, 5))) for power in (1.0, 0.2)]
    table = np.concatenate([table[:, :4], np.tile([0, 0.25, 0.25, 0.5, 0], (3, 4, 1))], axis=1)
    cases.append((table, halves(X)[0], 1.0, random.integers(4, size=(9, 5)) / 4))
    law = "the outcome in whose stretch of the cumulative sum u falls; its left end belongs to it"
    complete.like(completed, cases, law)


@check("1.8", seconds=30)
def digits_picture(random, fit_kinds, choose_power, complete):
    """Check real digits, held out: fewer than 2.25 bits per hidden pixel, and completions to look at."""
    train, valid, test = lib.digits_split(seed=int(random.integers(1000)))
    fit_kinds.like(tables, [(train.X, train.y, 10, 17, 0.1)], "real digits: counts plus alpha, as shares")
    table = tables(train.X, train.y, 10, 17, 0.1)
    answer = choose_power(table, valid.X, test.X, [1.0, 0.5, 0.25, 0.1])
    power, cost = (part.number() for part in answer.parts(2))
    answer.require(math.isclose(cost, bits(table, test.X, power)), "the bits of this power are others")
    answer.require(cost < 2.25, "independent pixels cost hardly more: a belief over kinds should save bits")
    images = test.X[[int(np.flatnonzero(test.y == kind)[0]) for kind in (0, 2, 4, 7)]]
    args = table, np.repeat(halves(images)[0], 7, axis=0), power, random.random((28, 33))
    complete.like(completed, [args], "completions of real digits")
    drawn = np.reshape(complete(*args).value, (4, 7, 32))
    said = (
        f"Yours: {cost:.2f} bits per hidden pixel, with a belief to the power {power:g}. At power 1 it is"
        f" {bits(table, test.X, 1.0):.2f}, and 17 equally likely levels cost {math.log2(17):.2f}."
    )
    return After(said, partial(completions, images, drawn))


def completions(images, drawn):
    """Draw the upper half of each image with seven completions, and the truth beside them."""
    from course_lib import plots

    plots.use_style()

    rows = {}
    for kind, image, below in zip((0, 2, 4, 7), images, drawn, strict=True):
        lower = np.vstack([np.full(32, 8), below, image[32:]])
        rows[f"a {kind}"] = np.hstack([np.tile(image[:32], (9, 1)), lower]).reshape(-1, 8, 8)
    return plots.images(rows, vmax=16, columns={0: "seen", 4: "seven draws of yours", 8: "truth"})

"""Exercise set 1: the laws that answers are held against.

Answers are called with plain values only, so that they may live in another process.
"""

import math
from functools import partial

import numpy as np
from scipy.special import chdtrc, softmax

import course_lib as lib
from course_lib.grading.checks import probability_slips as right
from course_lib.grading.checks.kit import After, checker
from course_lib.grading.checks.probability_slips import SLIPS, TRUTHS

__all__ = ["PRELOAD", "SLIPS", "TRUTHS", "check"]

PRELOAD = ()  # what the checks import is enough
check = checker(SLIPS)


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
        answer.require(k == round(right.bracket(a, b, n, unit)[0] * n), law)


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
    uneven = stated, random.random(80) < stated**2, np.array([0, 0.1, 0.35, 0.8, 1])
    reliability.like(right.bins, [uneven, (*edge, np.linspace(0, 1, 5))], law, law)


@check("1.3")
def hire_score(random, log_score):
    """Check the charge in bits a day, and that a broken promise costs inf."""
    stated = random.uniform(0.05, 0.95, size=60)
    cases = (stated[:4], stated[:4] > 0.3), (stated, random.random(60) < stated)
    law = "each day is charged log2(1/p), p as given to what happened; certain and wrong is charged inf"
    sure = (np.array([0.0, 1]), np.array([False, True])), (np.array([0, 0.5]), np.array([True, True]))
    log_score.like(lambda s, h: right.charged(s, h).mean(), cases + sure, law)


@check("1.3")
def hire_choice(random, hire):
    """Check that you hire neither the vague, nor the bold, nor the one who says the same every day."""
    law = "of five forecasters, the one with the fewest bits a day"
    for args in (season(random, days) for days in (400, 900, 1500)):
        hire(*args).parts(3)[0].near(right.lead(*args)[0], law)


@check("1.3")
def hire_lead(random, hire):
    """Check how far ahead the best is, and how sure that is."""
    laws = "fewest bits a day", "bits a day less than the next best", "standard error of the mean difference"
    hire.like(right.lead, [season(random, 300), args := season(random, 700)], *laws)
    return After("Yours leads by {1:.3f} ± {2:.3f} bits a day.".format(*right.lead(*args)))


@check("1.4")
def attack_table(random, event_log_prob):
    """Check the logarithm of each event's probability given the kind, never seen included."""
    cases = [[random.integers(1, 60, size=shape) * (np.arange(shape[1]) != 1)] for shape in ((2, 3), (3, 3))]
    event_log_prob.like(right.log_given, cases, "exp of each row sums to 1; never seen is -inf")


@check("1.4")
def attack_belief(random, log_posterior):
    """Check the belief after a few events."""
    cases = [
        (-random.uniform(0.1, 8, size=(n, k)), random.dirichlet(np.ones(k))) for n, k in ((4, 2), (3, 3))
    ]
    log_posterior.like(right.posterior, cases, "prior times likelihood, as shares of their sum, in logs")


@check("1.4")
def attack_underflow(random, log_posterior):
    """Check the belief after hundreds and thousands of events, and a kind that is ruled out."""
    log_like = np.array([[-900.0], [-8000.0], [-4000.0], [-8000.0]]) - random.uniform(0, 20, size=(4, 3))
    log_like[0, 1] = -math.inf
    law = "one number added to a whole row changes nothing, and -inf stays -inf"
    log_posterior.like(right.posterior, [(log_like, random.dirichlet(np.ones(3)))], law)


@check("1.4")
def attack_decide(random, decide):
    """Check the action of smallest expected loss after 2, 3, 40 and 5000 events."""
    for n in (3, 3, 2, 40, 5000):
        counts, prior = random.integers(5, 60, size=(3, 6)), random.permutation([0.7, 0.25, 0.05])
        loss = np.vstack([random.integers(30, 90, size=(3, 3)) * (1 - np.eye(3)), np.full(3, 25.0)])[
            [1, 3, 2, 0]
        ]
        events = [random.choice(6, n, p=kind / kind.sum()) for kind in np.repeat(counts, 9, axis=0)]
        events[0][:] = (right.log_given(counts)[0] - right.log_given(counts)[1:].max(axis=0)).argmax()
        law = "each kind's loss, weighed by the belief; the action with least is taken"
        decide.like(right.action, [(counts, prior, loss, np.array(events))], law)
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


def asked_between(random, probability_between, law, *intervals):
    """Ask for areas between places: 2 is the third edge, 2.5 half a bin further, -1 and 7 lie outside."""
    counts, edges = histogram(random, 6)
    places = [edges[0] - 9, *edges, edges[-1] + 9]
    ends = [[float(np.interp(end, np.arange(-1, 8), places)) for end in both] for both in intervals]
    cases = [(counts / counts.sum() / np.diff(edges), edges, *both) for both in ends]
    probability_between.like(right.area, cases, f"the area over the interval: {law}", rtol=1e-8)


@check("1.5")
def density_between(random, probability_between):
    """Check intervals that begin and end within bins."""
    law = "a bin that is cut counts in part, and a single point for nothing"
    asked_between(random, probability_between, law, (1, 3), (2, 2.5), (1.5, 4.5), (3.5, 3.5))


@check("1.5")
def density_beyond(random, probability_between):
    """Check intervals that end beyond the bins."""
    law = "there is no probability outside the bins"
    asked_between(random, probability_between, law, (-1, 0.5), (5.5, 7), (-0.2, 6.5), (6.1, 7))


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
    law = f"{agree:.1%} of the draws repeat the one before them, by chance 30 %"
    answer.require(abs(agree - 0.3) < 0.04, law)
    return After(f"Of yours, {law}.")


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


@check("1.7")
def judge_even(random, looks_right):
    """Check counts that are too even to have been drawn."""
    judge_right(looks_right, right_draws(random, 100, 5.0, (300, 3000)))
    ps = list(beliefs(random, 20, 5.0))
    ends = [np.floor(20_000 * np.append(0, np.cumsum(p)) + 0.5).astype(int) for p in ps]
    draws = [(np.diff(end), p) for end, p in zip(ends, ps, strict=True)]
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
        fit_kinds.like(right.tables, [(X, y, kinds, levels, alpha)], law)


@check("1.8")
def digits_belief(random, kind_belief):
    """Check the belief over kinds given half an image, tempered by a power."""
    for power, pixels in ((1.0, 8), (float(random.uniform(0.1, 0.8)), 8), (1.0, 4000)):
        table, X = small(random, pixels)
        X[0] = table[0].argmax(axis=1)
        law = "likelihood to the power, as shares of their sum over the kinds"
        kind_belief.like(right.belief, [(table, right.halves(X)[0], power)], law)


@check("1.8")
def digits_bits(random, hidden_bits):
    """Check what the hidden half costs under the whole belief, in bits per hidden pixel."""
    powers = 1.0, float(random.uniform(0.1, 0.8)), 0.5
    cases = [(*small(random, n), power) for n, power in zip((8, 8, 1600), powers, strict=True)]
    hidden_bits.like(right.bits, cases, "the mean over images of log2(1/p(hidden | seen)), per hidden pixel")


@check("1.8")
def digits_power(random, choose_power):
    """Check that the power is chosen on one set of images and judged on another."""
    laws = "fewest bits on the images to choose by", "its bits on images that had no part in the choice"
    test = random.integers(5, size=(4, 9, 8)).astype(np.uint8)
    choose_power.like(right.chosen, [(*small(random), X, [1.0, 0.6, 0.3, 0.1, 0.02]) for X in test], *laws)


@check("1.8")
def digits_draw(random, complete):
    """Check completions: a kind by the first uniform, then each hidden pixel by its own."""
    table, X = small(random)
    cases = [(table, right.halves(X)[0], power, random.random((9, 5))) for power in (1.0, 0.2)]
    table = np.concatenate([table[:, :4], np.tile([0, 0.25, 0.25, 0.5, 0], (3, 4, 1))], axis=1)
    cases.append((table, right.halves(X)[0], 1.0, random.integers(4, size=(9, 5)) / 4))
    law = "the outcome in whose stretch of the cumulative sum u falls; its left end belongs to it"
    complete.like(right.completed, cases, law)


@check("1.8", seconds=30)
def digits_picture(random, fit_kinds, choose_power, complete):
    """Check real digits, held out: fewer than 2.25 bits per hidden pixel, and completions to look at."""
    train, valid, test = lib.digits_split(seed=int(random.integers(1000)))
    fit_kinds.like(right.tables, [data := (train.X, train.y, 10, 17, 0.1)], "counts plus alpha, as shares")
    table = right.tables(*data)
    answer = choose_power(table, valid.X, test.X, [1.0, 0.5, 0.25, 0.1])
    power, cost = (part.number() for part in answer.parts(2))
    answer.require(math.isclose(cost, right.bits(table, test.X, power)), "the bits of this power are others")
    answer.require(cost < 2.25, "independent pixels cost hardly more: a belief over kinds should save bits")
    images = test.X[[int(np.flatnonzero(test.y == kind)[0]) for kind in (0, 2, 4, 7)]]
    args = table, np.repeat(right.halves(images)[0], 7, axis=0), power, random.random((28, 33))
    complete.like(right.completed, [args], "completions of real digits")
    drawn = np.reshape(complete(*args).value, (4, 7, 32))
    said = (
        f"Yours: {cost:.2f} bits per hidden pixel, with a belief to the power {power:g}. At power 1 it is"
        f" {right.bits(table, test.X, 1.0):.2f}, and 17 equally likely levels cost {math.log2(17):.2f}."
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

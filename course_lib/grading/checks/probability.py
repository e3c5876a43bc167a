"""Exercise set 1: the laws that answers are held against."""

import math
from functools import partial
from itertools import combinations

import numpy as np
from scipy.special import chdtrc, softmax

import course_lib as lib
from course_lib.grading.checks import probability_slips as right
from course_lib.grading.checks.forms import interval_costs
from course_lib.grading.checks.kit import After, checker
from course_lib.grading.checks.probability_slips import SLIPS, TRUTHS

__all__ = ["PRELOAD", "SLIPS", "TRUTHS", "check"]

PRELOAD = ()  # what the checks import is enough
check = checker(SLIPS)


@check("1.1")
def predict_roughly(random, predictions):
    """Check that your intervals cost at most 2 bits on average."""
    interval_costs(predictions(), TRUTHS, 2)


@check("1.1")
def predict_closely(random, predictions):
    """Check that your intervals cost at most half a bit on average."""
    mean = interval_costs(predictions(), TRUTHS, 0.5)
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
    whole = [(1, 2**k, 4, 2), (1, 1, 4, 2), (1, 10**k, 1, 10), (125, 1000, 3, 2), (1, 1000, 1, 10)]
    brackets(surprise_bracket, [(1, 9, 5, 2), *whole, (1, 243, 1, 3)])


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


# Five days of rain: the Brier score, the median, boldness and being right at one half hire another one each.
SURE = [0.0001, *4 * [0.51]], [0.01, *4 * [0.6]], [0.001, 0.15, *3 * [0.9]], [0.02, 0.12, 0.22, 0.99, 0.99]
TRICKY = np.array([*SURE, *(5 * [p] for p in (0.08, 0.38, 0.42))]), np.ones(5, dtype=bool)


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
    for args in (TRICKY, *(season(random, days) for days in (400, 900, 1500))):
        hire(*args).parts(3)[0].near(right.lead(*args)[0], "hire the one with the fewest bits a day")


@check("1.3")
def hire_lead(random, hire):
    """Check how far ahead the best is, and how sure that is."""
    laws = "fewest bits a day", "bits a day less than the next best", "standard error of the mean difference"
    hire.like(right.lead, [TRICKY, season(random, 300), args := season(random, 700)], *laws)
    return After("Yours leads by {1:.3f} ± {2:.3f} bits a day.".format(*right.lead(*args)))


@check("1.4")
def attack_table(random, event_log_prob):
    """Check the logarithm of each event's probability given the kind, never seen included."""
    cases = [[random.integers(1, 60, size=shape) * (np.arange(shape[1]) != 1)] for shape in ((2, 3), (3, 3))]
    event_log_prob.like(right.log_given, cases, "exp of each row sums to 1; never seen is -inf")


@check("1.4")
def attack_belief(random, log_posterior):
    """Check the belief after a few events."""
    sizes = (4, 2), (3, 3)
    cases = [(-random.uniform(0.1, 8, size=(n, k)), random.dirichlet(np.ones(k))) for n, k in sizes]
    log_posterior.like(right.posterior, cases, "prior times likelihood, as shares of their sum, in logs")


@check("1.4")
def attack_underflow(random, log_posterior):
    """Check the belief after hundreds and thousands of events, and a kind that is ruled out."""
    log_like = np.array([[-900.0], [-8000.0], [-4000.0], [-8000.0]]) - random.uniform(0, 20, size=(4, 3))
    log_like[0, 1], log_like[1, 0] = -math.inf, -7000
    law = "one number added to a whole row changes nothing, and -inf stays -inf"
    log_posterior.like(right.posterior, [(log_like, random.dirichlet(np.ones(3)))], law)


@check("1.4")
def attack_decide(random, decide):
    """Check the action of smallest expected loss after 2, 3, 40 and 5000 events."""
    for n in (3, 3, 2, 40, 5000):
        counts, prior = random.integers(5, 60, size=(3, 6)), random.permutation([0.7, 0.25, 0.05])
        wrong = random.integers(30, 90, size=(3, 3)) * (1 - np.eye(3))
        loss = np.vstack([wrong, np.full(3, 25.0)])[[1, 3, 2, 0]]
        events = [random.choice(6, n, p=kind / kind.sum()) for kind in np.repeat(counts, 9, axis=0)]
        events[0][:] = (right.log_given(counts)[0] - right.log_given(counts)[1:].max(axis=0)).argmax()
        events = np.sort(events)
        events[::2] = events[::2, ::-1]  # the first thousand are unlike the others
        law = "each kind's loss, weighed by the belief; the action with least is taken"
        decide.like(right.action, [(counts, prior, loss, events)], law)
    loss, events = np.array([[0.0, 90.0], [5.0, 0.0]]), np.array(list(np.ndindex(2, 2, 2)))
    decide.like(right.action, [(np.array([[60, 40], [20, 80]]), np.array([0.9, 0.1]), loss, events)], law)
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
    ends = np.interp(intervals, np.arange(-1, 8), places).tolist()
    cases = [(counts / counts.sum() / np.diff(edges), edges, *both) for both in ends]
    probability_between.like(right.area, cases, f"the area over the interval: {law}", rtol=1e-8)


@check("1.5")
def density_between(random, probability_between):
    """Check intervals that begin and end within bins."""
    law = "a bin that is cut counts in part, and a single point for nothing"
    asked_between(random, probability_between, law, (1, 3), (2, 2.5), (0.3, 4.5), (3.5, 3.5))


@check("1.5")
def density_beyond(random, probability_between):
    """Check intervals that end beyond the bins."""
    law = "there is no probability outside the bins"
    asked_between(random, probability_between, law, (4.5, 7), (-1, 0.5), (-0.2, 6.5), (6.1, 7))


def drawn(draw_tokens, logits, size, seed):
    """Return draws whose every row has the frequencies of its softmax, within 5.5 standard deviations."""
    answer = draw_tokens(logits, size, seed)
    got = answer.array((len(logits), size), "int")
    answer.require(((got >= 0) & (got < logits.shape[1])).all(), f"tokens are 0 to {logits.shape[1] - 1}")
    for row, p in zip(got, softmax(logits, axis=1), strict=True):
        share, far = np.bincount(row, minlength=len(p)) / size, 5.5 * np.sqrt(p * (1 - p) / size)
        law = f"p = {p.round(3).tolist()}, frequencies {share.round(3).tolist()}: chance strays less far"
        answer.require((np.abs(share - p) <= far).all(), law)
    return answer, got


UNTOUCHED = [(np.linspace(0, 2, 12).reshape(3, 4) + more, 50, 1) for more in (0, 800)]


@check("1.6")
def bug_first(random, draw_tokens):
    """Check that the first fault is mended."""
    draw_tokens.differs(right.merged, UNTOUCHED)
    logits, seed = np.tile(random.permutation([0.0, 0.5, 1.0, 1.6]), (4, 1)), int(random.integers(2**31))
    answer, got = drawn(draw_tokens, logits, 3000, seed)
    counts = {tuple(np.bincount(row, minlength=4).tolist()) for row in got}
    answer.require(len(counts) == 4, f"of four equal rows of logits, two gave the very same counts: {counts}")
    agree = min((got[i] == got[j]).mean() for i, j in combinations(range(4), 2))
    law = f"two rows agree in {agree:.1%} of their draws, less often than independent ones"
    answer.require(agree > (softmax(logits[0]) ** 2).sum() - 0.05, law)
    again, other = (draw_tokens(logits, 3000, seed + i).array(got.shape, "int") for i in (0, 1))
    answer.require(np.array_equal(again, got), "the same seed must give the same draws")
    repeats = (other == got).all(axis=1).any()
    answer.require(not repeats, f"seed {seed + 1} must give other draws, in every row")
    return After("No row of yours copies another, and a seed repeats its draws.")


@check("1.6")
def bug_second(random, draw_tokens):
    """Check that the second fault is mended."""
    draw_tokens.differs(right.merged, UNTOUCHED)
    logits = random.normal(size=(3, 5)) + np.array([[20_000.0], [0.0], [-800.0]])
    drawn(draw_tokens, np.vstack([logits, [2000.0, 2000, 0, 0, 0]]), 4000, int(random.integers(2**31)))
    drawn(draw_tokens, np.array([[0.0, 2.4]]), 400_000, 1)
    return After("Yours draws from logits of any size: one number added to a whole row changes nothing.")


@check("1.6")
def bug_third(random, draw_tokens):
    """Check that the third fault is mended."""
    draw_tokens.differs(right.merged, UNTOUCHED)
    p = random.permutation([0.4, 0.3, 0.2, 0.1])
    answer, got = drawn(draw_tokens, np.log([p, p[::-1]]), 5000, int(random.integers(2**31)))
    for lag, which in ((2500, "2500 places before"), (1, "before")):
        agree = (got[:, lag:] == got[:, :-lag]).mean()
        law = f"{agree:.1%} of the draws repeat the one {which} them, by chance 30 %"
        answer.require(abs(agree - 0.3) < 0.04, law)
    far = sum(right.chi_square(np.bincount(got[i], minlength=4), (p, p[::-1])[i]) for i in (0, 1))
    answer.require(far > 0.02, "these counts are too even: independent draws stray further from n p")
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


def far_out(random, outcomes, many):
    """Return 15 of 1000 right draws, the farthest out by chi-square: there too strict a level errs."""
    ps = random.dirichlet(np.full(outcomes, 5.0), 25) if outcomes else list(beliefs(random, 25, 5.0))
    sizes = random.integers(300, 3000, size=25)
    counts = [random.multinomial(n, p, size=many // 25) for n, p in zip(sizes, ps, strict=True)]
    tails = [chdtrc(len(p) - 1, right.chi_square(*of)) for *of, p in zip(counts, ps, sizes, ps, strict=True)]
    far = np.argsort(np.abs(np.ravel(tails) - 0.5))[-15 * many // 1000 :]
    return [(counts[i][j], ps[i]) for i, j in zip(*np.unravel_index(far, np.shape(tails)), strict=True)]


def judge(looks_right, draws, fair, most, law):
    """Fail when more than `most` samplers are misjudged, right ones or wrong ones."""
    coins = {True: ([14, 6], [0.75, 0.25]), False: ([400, 600], [0.5, 0.5])}
    draws = [tuple(map(np.array, coins[fair])), *draws]  # a plain one first, which tells slips apart
    answers = [looks_right(*draw) for draw in draws]
    if len(off := [answer for answer in answers if answer.truth() != fair]) > most:
        what = "refuse {}, and you refused {}" if fair else "let {} pass, and you let {} pass"
        off[0].fail(f"{law}. Of {len(draws)} such you may {what.format(most, len(off))}")


judge_right = partial(judge, fair=True, most=5, law="these counts were drawn from p")
judge_wrong = partial(judge, fair=False, most=2)


@check("1.7")
def judge_biased(random, looks_right):
    """Check that right samplers pass and those of another distribution do not."""
    judge_right(looks_right, right_draws(random, 100, 5.0, (300, 3000)))
    for outcomes, many in ((None, 4000), (3, 20_000), (2, 10_000)):
        law = f"these counts were drawn from p. Of {many} right samplers we kept those that stray most"
        judge_right(looks_right, far_out(random, outcomes, many), most=many // 200 + 10, law=law)
    for outcomes, n, spoil, cause in (
        (None, 30_000, lambda p: p**0.7, "p**0.7 was drawn from"),
        (None, 30_000, lambda p: np.roll(p, 1), "every outcome is reported as the next one"),
        (None, 100_000, lambda p: 0.85 * p + 0.15 / len(p), "every seventh draw or so is uniform"),
        (40, 1000, lambda p: p * (1 + 0.3 * (-1.0) ** np.arange(40)), "every second one comes too often"),
    ):
        ps = beliefs(random, 20, 5.0) if outcomes is None else random.dirichlet(np.full(40, 9.0), 20)
        draws = [(random.multinomial(n, spoil(p) / spoil(p).sum()), p) for p in ps]
        judge_wrong(looks_right, draws, law=f"these counts were not drawn from p: {cause}")


@check("1.7")
def judge_impossible(random, looks_right):
    """Check beliefs with rare outcomes, and an outcome of probability zero that came up once."""
    judge_right(looks_right, right_draws(random, 200, 0.1, (100, 300)), most=9)
    ps = random.dirichlet(np.full(100, 5000.0), 60)  # some five draws of each outcome are expected
    judge_right(looks_right, [(random.multinomial(520, p), p) for p in ps])
    draws = [(random.multinomial(5000, p) + (p == 0), p) for p in beliefs(random, 40, 0.1) if not p.all()]
    judge_wrong(looks_right, draws, law="an outcome of probability 0 came up")
    ps = [np.append(0.998 * p, np.full(6, 0.002 / 6)) for p in random.dirichlet(np.full(5, 5.0), 20)]
    often = np.append(np.ones(5), np.full(6, 30.0))
    draws = [(random.multinomial(300, often * p / (often @ p)), p) for p in ps]
    judge_wrong(looks_right, draws, law="the rare ones of p came 30 times too often")


@check("1.7")
def judge_even(random, looks_right):
    """Check counts that are too even to have been drawn."""
    judge_right(looks_right, right_draws(random, 100, 5.0, (300, 3000)))
    law = "a fair coin often comes out even: 8 times in 100 when n is 100"
    judge_right(looks_right, [(np.array([50, 50]), np.array([0.5, 0.5]))], most=0, law=law)
    ps = list(beliefs(random, 20, 5.0))
    ends = [np.floor(20_000 * np.append(0, np.cumsum(p)) + 0.5).astype(int) for p in ps]
    draws = [(np.diff(end), p) for end, p in zip(ends, ps, strict=True)]
    judge_wrong(looks_right, draws, law="these counts were not drawn: they are n p, rounded")
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
        asked = X, y, kinds + (levels == 5), levels, alpha  # once one kind is without images
        fit_kinds.like(right.tables, [asked], law)


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
    table, powers = small(random)[0], [0.6, 1.0, 0.02, 0.1, 0.3]
    two = right.draw(
        table[np.arange(150) % 3], random.random((2, 150, 8))
    )  # for these, power 1 is about best
    cases = [(table, *two, powers), *((*small(random), X, powers) for X in test)]
    choose_power.like(right.chosen, cases, *laws)


@check("1.8")
def digits_draw(random, complete):
    """Check completions: a kind by the first uniform, then each hidden pixel by its own."""
    table, X = small(random)
    cases = [(table, right.halves(X)[0], power, random.random((9, 5))) for power in (1.0, 0.2)]
    below = [np.tile(np.roll([0, 0.25, 0.25, 0.5, 0], kind), (4, 1)) for kind in range(3)]
    table, u = np.concatenate([table[:, :4], below], axis=1), random.integers(4, size=(9, 5)) / 4
    table[0, :4], u[0, 0] = [0, 0, 0, 0, 1], 0  # the first kind is ruled out, so its stretch is empty
    cases.append((table, np.minimum(right.halves(X)[0], 3), 1.0, u))
    cases.append((np.full((3, 8, 10), 0.1), right.halves(X)[0], 1.0, np.full((9, 5), 1 - 2.0**-53)))
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

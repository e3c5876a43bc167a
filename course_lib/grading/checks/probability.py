"""The checks of exercise 1: random inputs and edge cases, against `course_lib` and the laws of probability.

Every function takes the learner's functions and calls them with plain values only (numbers, arrays, an int
seed), so that the answer may live in another process.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import course_lib as lib
from course_lib.grading.check import Answer, ask, graded, rng

Answered = Callable[..., object]

# What these checks make the library import late; a class is graded faster with it at hand.
PRELOAD = ("sklearn.datasets",)

# --- 1.1 surprise -----------------------------------------------------------------------------------------


@graded("1.1")
def surprisal_values(surprisal: Answered) -> None:
    """Check surprise in bits, nats and decimal digits, of one event and of a table of events."""
    random = rng("surprisal-values")
    laws = {
        0.125: "1/8 is three fair coins all showing heads, so it is worth three bits",
        float(random.uniform(0.02, 0.4)): "twice as rare must be worth exactly one bit more, for every p",
    }
    for p, law in laws.items():
        slips = {
            "these are nats; the default unit is the bit": -math.log(p),
            "the sign: a probability has a negative logarithm, a surprise is never negative": math.log2(p),
            "1/p is not yet additive": 1 / p,
        }
        ask(surprisal, p).near(-math.log2(p), law, slips=slips)
    p = random.uniform(0.02, 1, size=(2, 3))
    for base, unit in ((math.e, "nats"), (10, "decimal digits")):
        slips = {"the base is not used": lib.surprisal(p, base=2)}
        ask(surprisal, p, base=base).near(
            lib.surprisal(p, base=base), f"each entry in {unit}, in an array of the same shape", slips=slips
        )


@graded("1.1")
def surprisal_axioms(surprisal: Answered) -> None:
    """Check axioms A and B, and both ends: a certain event is worth 0, an impossible one inf."""
    certain = ask(surprisal, 1.0)
    certain.require(certain.number() == 0, "a certain event carries no surprise at all")
    ask(surprisal, 0.0).near(math.inf, "an impossible event carries infinite surprise")
    a, b = (float(x) for x in rng("surprisal-axioms").uniform(0.05, 0.9, size=2))
    rarer, more = ask(surprisal, a * b), ask(surprisal, a).number()
    rarer.require(
        rarer.number() > more, f"the rarer event must surprise more than one of probability {a:.7g}"
    )
    both = more + ask(surprisal, b).number()
    rarer.near(both, f"independent events of probability {a:.7g} and {b:.7g} must have surprises that add up")
    halves = rarer.number() / ask(surprisal, 0.5).number()
    rarer.require(
        np.isclose(halves, -math.log2(a * b)),
        "any event's surprise must be that of one half times the halvings that lead to its probability",
    )
    ask(surprisal, np.array([1, 0])).near(np.array([0.0, math.inf]), "whole-number arrays hold events too")


@graded("1.1")
def surprisal_zero(surprisal: Answered) -> None:
    """Check that a certain event is worth 0.0 and not -0.0, alone or in an array."""
    certain, half = ask(surprisal, 1.0), ask(surprisal, 0.5)
    k = int(rng("surprisal-zero").integers(2, 30))
    certain.require(certain.number() == 0, "a certain event carries no surprise at all")
    half.require(half.number() > 0, "one toss of a coin does surprise")
    some = ask(surprisal, np.array([1.0, 0.5**k]))
    some.near(
        np.array([0.0, k * half.number()]),
        f"{0.5**k:.7g} is {k} halvings, worth {k} times what 1/2 is; 1 is worth nothing",
    )
    for answer in (certain, some):
        answer.require(
            not np.signbit(answer.value).any(),
            "the zero must print as 0.0, not as -0.0",
            "minus 0.0 is -0.0, and -0.0 + 0.0 is 0.0",
        )


@graded("1.1")
def surprise_bracket(bracket: Answered) -> None:
    """Check that the axioms alone pin the surprise between two fractions 1/n apart."""
    random = rng("surprise-bracket")
    for a, b, n in [
        (1, 8, 5),
        (1, 1, 4),
        (3, 4, 1),
        (3, 4, 7),
        (2**60 + 1, 2**61, 1),
        (2, 97, 1000),
        _event(random, 3),
        _event(random, 1000),
    ]:
        answer = ask(bracket, a, b, n)
        low, high = answer.pair()
        answer.require(np.isfinite(low.number()), f"the low end must be a whole number over {n}")
        high.near(low.number() + 1 / n, f"the two ends must lie 1/{n} apart")
        rungs = low.number() * n
        answer.require(abs(rungs - round(rungs)) < 1e-6, f"the low end must be a whole number over {n}")
        missing = _halvings(a, b, n) - round(rungs)
        advice = {
            -1: "that is one halving too many: begin at k = 0 and stop while k + 1 would no longer fit",
            1: "one halving more still fits: exactly (1/2)**k counts, so compare with <= and not with <",
        }
        answer.require(
            missing == 0,
            f"with the low end at k/{n}: (a/b)**n must be at most (1/2)**k, but more than (1/2)**(k + 1)",
            advice.get(missing if b < 2**53 else 0, "floats round and underflow; whole numbers do neither"),
        )


def _event(random: np.random.Generator, n: int) -> tuple[int, int, int]:
    """Draw a probability a/b and a number of repetitions."""
    b = int(random.integers(5, 60))
    return int(random.integers(1, b)), b, n


def _halvings(a: int, b: int, n: int) -> int:
    """Return the largest k with (a/b)**n <= 2**-k, in exact whole numbers."""
    return (b**n // a**n).bit_length() - 1


# --- 1.2 one table ----------------------------------------------------------------------------------------


@graded("1.2")
def table_marginal(marginal: Answered) -> None:
    """Check each margin of the table, for tables of any shape."""
    random = rng("table-marginal")
    for shape in ((2, 2), (3, 5), (4, 4)):
        counts = random.integers(1, 50, size=shape)
        for keep in (0, 1):
            want = counts.sum(axis=1 - keep) / counts.sum()
            slips = {
                "`keep` names the axis that stays; the other is summed away": counts.sum(axis=keep)
                / counts.sum(),
                "these are still counts": counts.sum(axis=1 - keep).astype(float),
            }
            ask(marginal, counts, keep).near(
                want, "each entry is the share of all requests that have this value", slips=slips
            )


@graded("1.2")
def table_conditional(conditional: Answered) -> None:
    """Check conditionals both ways round; times the marginal, they give the joint back."""
    random = rng("table-conditional")
    for shape in ((2, 3), (5, 4), (3, 3)):
        counts = random.integers(1, 40, size=shape)
        counts[0, 1] = 0
        for given, line in ((0, "row"), (1, "column")):
            answer = ask(conditional, counts, given)
            got = answer.array(shape)
            answer.require(
                got[0, 1] == 0,
                f"an empty cell is a plain 0, since its {line} holds other requests; index (0, 1) has "
                f"{got[0, 1]:.7g}",
                "nan is for a whole region or status without requests" if np.isnan(got[0, 1]) else None,
            )
            sums = got.sum(axis=1 - given)
            answer.require(
                np.allclose(sums, 1),
                f"given the {line}, each {line} must sum to 1; these sum to {_list(sums)}",
                _wrong_total(got, given, line),
            )
            joint = counts.sum(axis=1 - given, keepdims=True) / counts.sum() * got
            answer.require(
                np.allclose(joint, counts / counts.sum(), rtol=1e-9, atol=0),
                "conditional times marginal must give the joint table back",
            )


def _wrong_total(got: np.ndarray, given: int, line: str) -> str | None:
    """Advise on a conditional whose lines do not sum to 1."""
    if np.isclose(got.sum(), 1):
        return "divided by the total of the whole table, this is the joint"
    if np.allclose(got.sum(axis=given), 1):
        return f"these are the sums along the other axis: each cell is divided by the total of its own {line}"
    return None


@graded("1.2")
def table_empty_rows(conditional: Answered) -> None:
    """Check a condition that never occurred: nan there, the other rows stay right."""
    counts = rng("table-empty-rows").integers(1, 9, size=(3, 4))
    counts[1], counts[2, 0] = 0, 0
    for table, given in ((counts, 0), (np.ascontiguousarray(counts.T), 1)):
        got = ask(conditional, table, given)
        values = got.array(table.shape) if given == 0 else got.array(table.shape).T
        got.require(np.isnan(values[1]).all(), "the region without requests must hold nan, nothing made up")
        got.require(
            np.allclose(values[[0, 2]], counts[[0, 2]] / counts[[0, 2]].sum(axis=1, keepdims=True)),
            "the regions with requests must keep their conditional, a 0 for an empty cell included",
            "where the check above fails too, mend that first",
        )


@graded("1.2")
def table_independence(independence_gap: Answered) -> None:
    """Check the gap: 0 for an independent table, more with dependence."""
    random = rng("table-independence")
    counts = np.outer(random.integers(1, 9, 3), random.integers(1, 9, 4))
    ask(independence_gap, counts).near(
        0.0, "this table is independent: its rows are multiples of one another"
    )
    ask(independence_gap, np.diag([5, 5])).near(
        0.25, "two values that always agree, each half of the time, put 0.5 where independence puts 0.25"
    )
    for counts in (random.integers(1, 30, size=(3, 5)), np.array([[0, 9, 9], [9, 9, 9], [9, 9, 9]])):
        p = counts / counts.sum()
        gaps = p - np.outer(p.sum(axis=1), p.sum(axis=0))
        slips = {
            "this is the sum of the gaps, not the largest": np.abs(gaps).sum(),
            "a gap below zero counts too: use absolute values": gaps.max(),
            "this is the gap between counts, not between probabilities": np.abs(gaps).max() * counts.sum(),
        }
        ask(independence_gap, counts).near(
            np.abs(gaps).max(),
            "the largest distance from the joint to the product of the marginals",
            slips=slips,
        )


# --- 1.3 density and mass ---------------------------------------------------------------------------------


@graded("1.3")
def density_area(histogram_density: Answered) -> None:
    """Check uneven bins: area one."""
    random = rng("density-area")
    for n_bins in (4, 7, 1):
        counts, edges = random.integers(1, 90, n_bins), _edges(random, n_bins)
        width = np.diff(edges)
        answer = ask(histogram_density, counts, edges)
        got = answer.array((n_bins,))
        slips = {
            "these are masses: the width of each bin is not in them yet": counts / counts.sum(),
            "not yet divided by the number of requests": counts / width,
            "multiplied by the width where a density divides by it": counts / counts.sum() * width,
        }
        answer.near(
            counts / counts.sum() / width,
            f"height times width, summed over the bins, must be 1; here it is {(got * width).sum():.7g}",
            slips=slips,
        )


@graded("1.3")
def density_units(histogram_density: Answered) -> None:
    """Check milliseconds against seconds: heights change a thousandfold, no probability changes."""
    random = rng("density-units")
    counts, edges = random.integers(1, 90, 5), _edges(random, 5)
    slow, fast = ask(histogram_density, counts, edges), ask(histogram_density, counts, edges / 1000)
    in_ms, in_s = slow.array((5,)), fast.array((5,))
    fast.require((in_s > 0).all() and (in_s < np.inf).all(), "a bin with requests has a positive height")
    fast.require(
        np.allclose(in_s, 1000 * in_ms),
        "heights per second must be 1000 times the heights per millisecond (and may well exceed 1), so that "
        "each bin keeps its mass",
        "the widths are not in it, or dividing by the largest height, or by the sum, hides them"
        if np.allclose(in_s, in_ms)
        else None,
    )


@graded("1.3")
def density_between(probability_between: Answered) -> None:
    """Check intervals that end inside a bin, beyond the range, or where they began."""
    random = rng("density-between")
    edges = _edges(random, 6)
    mass = random.dirichlet(np.ones(6))
    density = mass / np.diff(edges)
    middle = (edges[:-1] + edges[1:]) / 2

    def asked(low: float, high: float) -> Answer:
        ends = f"with edges from {edges[0]:.7g} to {edges[-1]:.7g}"
        said = f"probability_between(density, edges, {low:.7g}, {high:.7g}) {ends}"
        return ask(probability_between, density, edges, float(low), float(high), said=said)

    asked(edges[0], edges[-1]).near(1.0, "the whole range has probability 1")
    asked(edges[1], edges[3]).near(mass[1:3].sum(), "an interval of whole bins has the mass of these bins")
    asked(edges[2], middle[2]).near(mass[2] / 2, "half of a bin has half of the mass of the bin")
    asked(middle[1], middle[4]).near(
        mass[1] / 2 + mass[2:4].sum() + mass[4] / 2, "bins that are cut count in part", rtol=1e-8
    )
    asked(middle[3], middle[3]).near(
        0.0, "a single point has no width, hence no probability, whatever the density"
    )
    asked(edges[0] - 50, middle[0]).near(mass[0] / 2, "there is no probability outside the bins")
    asked(middle[5], edges[-1] + 50).near(
        mass[5] / 2, "what lies inside the bins still counts when the interval ends beyond them"
    )
    asked(edges[0] - 20, edges[-1] + 50).near(1.0, "an interval that covers every bin has probability 1")
    asked(edges[-1] + 1, edges[-1] + 9).near(0.0, "there is no probability outside the bins")


def _edges(random: np.random.Generator, n_bins: int) -> np.ndarray:
    """Draw the edges of uneven bins, in milliseconds."""
    return 5 + np.concatenate([[0.0], np.cumsum(random.uniform(2, 40, n_bins))]).round(3)


# --- 1.4 expectation --------------------------------------------------------------------------------------

MEET = {
    "ValueError": "in a product of N beliefs with the table, states must meet states: the last axis of the "
    "first factor runs along with the first axis of the second"
}


@graded("1.4")
def loss_expected(expected_loss: Answered) -> None:
    """Check the expected loss of every action, for one belief and for a batch of beliefs."""
    random = rng("loss-expected")
    for n_actions, n_states in ((2, 3), (4, 2), (3, 3)):
        loss = random.integers(0, 100, size=(n_actions, n_states)).astype(float)
        belief = random.dirichlet(np.ones(n_states))
        slips = {
            "an average that ignores the belief": loss.mean(axis=1),
            "the largest loss, not the expected one": loss.max(axis=1),
            "the sum over states needs the belief as weights": loss.sum(axis=1),
        }
        if n_actions == n_states:
            slips["the axes of the loss table are swapped: rows are actions"] = loss.T @ belief
        ask(expected_loss, loss, belief, perhaps=MEET).near(
            loss @ belief, "each action's losses, weighted by the belief in each state, summed", slips=slips
        )
        beliefs = random.dirichlet(np.ones(n_states), size=5)
        ask(expected_loss, loss, beliefs, perhaps=MEET).near(
            beliefs @ loss.T, "one row of losses for each row of beliefs"
        )


@graded("1.4")
def loss_action(best_action: Answered) -> None:
    """Check that the belief decides, not the likeliest state alone."""
    random = rng("loss-action")
    loss, belief = np.array([[0.0, 90.0], [2.0, 3.0]]), np.array([0.8, 0.2])
    ask(best_action, loss, belief).near(
        1,
        "the likeliest state is not all: the rare one is expensive",
        slips={"this is the best action for the likeliest state, or the largest expected loss": 0},
    )
    for n_actions, n_states in ((4, 3), (3, 3), (2, 5)):
        loss = random.permutation(np.arange(n_actions * n_states) ** 1.5).reshape(n_actions, n_states)
        beliefs = random.dirichlet(np.full(n_states, 0.5), size=40)
        expected = beliefs @ loss.T
        slips = {
            "argmax finds the worst action": expected.argmax(axis=1),
            "this looks at the likeliest state alone": loss.argmin(axis=0)[beliefs.argmax(axis=1)],
            "this is the mildest worst case, whatever the belief": np.full(40, loss.max(axis=1).argmin()),
        }
        ask(best_action, loss, beliefs, perhaps=MEET).near(
            expected.argmin(axis=1),
            "for every row of beliefs, the action of smallest expected loss",
            slips=slips,
        )
        ask(best_action, loss, beliefs[0]).near(
            int(expected[0].argmin()), "one belief gives one whole number"
        )


@graded("1.4")
def loss_error(measure: Answered) -> None:
    """Check a mean and its standard error, which falls as one over the square root of n."""
    random = rng("loss-error")
    for n in (3, 9, 400):  # not 2: there, two of the slips below give the same number
        x = random.normal(random.uniform(20, 80), random.uniform(1, 9), size=n)
        mean, error = ask(measure, x).pair()
        mean.near(x.mean(), "the first value is the mean of the sample")
        spread = x.std(ddof=1)
        slips = {
            "this is the spread of one measurement; the mean of n is steadier": spread,
            "divided by n where the square root of n belongs": spread / n,
            "the spread about the sample's own mean comes out a little small: n - 1, not n": x.std()
            / math.sqrt(n),
            "this is a variance: its unit is ms squared": x.var(ddof=1) / n,
        }
        property_ = f"the standard error of {n} measurements, in ms; four times as many would halve it"
        error.near(spread / math.sqrt(n), property_, slips=slips)


# --- 1.5 inverse CDF --------------------------------------------------------------------------------------


@graded("1.5")
def exponential_values(sample_exponential: Answered) -> None:
    """Check waiting times: the CDF of what comes back is the uniform that went in."""
    random = rng("exponential-values")
    for shape in ((5,), (2, 3)):
        mean, u = float(random.uniform(0.5, 30)), random.uniform(0, 0.99, size=shape)
        slips = {
            "the distribution is right but mirrored: a larger u must give a longer wait": -mean * np.log(u),
            "the mean divides where it should multiply: a mean of 20 ms is a rate of 1/20 per ms": -np.log1p(
                -u
            )
            / mean,
            "the sign: a wait is positive": mean * np.log1p(-u),
            "this is the CDF; its inverse is asked for": -np.expm1(-u / mean),
        }
        ask(sample_exponential, u, mean).near(
            lib.Exponential(1 / mean).ppf(u), "1 - exp(-x / mean) must be u again", slips=slips
        )


@graded("1.5")
def exponential_edges(sample_exponential: Answered) -> None:
    """Check that u = 0 gives 0, and that a tiny u keeps all its digits."""
    answer = ask(sample_exponential, np.array([0.0, 0.5]), 2.0)
    got = answer.array((2,))
    answer.require(got[0] == 0 and got[1] > 0, "no wait is shorter than the one for u = 0, and that one is 0")
    random = rng("exponential-edges")
    tiny, mean = 10.0 ** -random.uniform([17, 11, 5], [18, 12, 6]), random.uniform(1, 9)
    got = ask(sample_exponential, tiny, mean)
    got.near(
        -mean * np.log1p(-tiny),
        "for a tiny u the wait is about mean times u, to all digits",
        rtol=1e-10,
        atol=0.0,
        slips={"1 - u rounds to 1 when u is tiny: np.log1p is made for this": -mean * np.log(1 - tiny)},
    )


@graded("1.5")
def categorical_values(sample_categorical: Answered) -> None:
    """Check cumulative sums and a search: the outcome for each uniform, and the frequencies."""
    random = rng("categorical-values")
    for n_outcomes, shape in ((3, (8,)), (6, (2, 5))):
        p, u = random.dirichlet(np.full(n_outcomes, 2.0)), random.random(shape)
        want = (u[..., None] >= np.cumsum(p)).sum(axis=-1)
        slips = {"one too many: outcomes count from 0": want + 1, "one too few": want - 1}
        ask(sample_categorical, u, p).near(
            want, "u must fall in the outcome's own stretch of [0, 1)", slips=slips
        )
    p = _weights(random, 5)
    draws = ask(sample_categorical, random.random(20_000), p, said="sample_categorical(20 000 uniforms, p)")
    _frequencies(draws, p, 20_000)


@graded("1.5")
def categorical_edges(sample_categorical: Answered) -> None:
    """Check boundaries, impossible outcomes, and sums that end a hair below one."""
    random = rng("categorical-edges")
    p, order = random.permutation([0.125, 0.125, 0.25, 0.5]), random.permutation(4)
    ask(sample_categorical, np.append(0.0, np.cumsum(p)[:-1])[order], p).near(
        order,
        f"a stretch holds its left end and not its right: [0, {p[0]}) is outcome 0",
        slips={"searchsorted has a `side`": np.maximum(order - 1, 0)},
    )
    ask(sample_categorical, np.array([0.0, 0.5, 0.9]), np.array([0.0, 0.5, 0.0, 0.5])).near(
        np.array([1, 3, 3]), "an outcome of probability 0 is never drawn, not even on a boundary"
    )
    last = np.array([np.nextafter(1, 0)])
    for p in (np.full(10, 0.1), np.append(np.full(10, 0.1), 0.0)):
        answer = ask(sample_categorical, last, p, said=f"sample_categorical([1 - 1e-16], {_list(p)})")
        got = answer.array((1,), "int")
        answer.require(
            got[0] == 9,
            "only outcomes 0 to 9 have any probability, so the largest u below 1 must give 9",
            "in floating point ten times 0.1 ends a hair below 1: compare u with the last cumulative sum",
        )


def _weights(random: np.random.Generator, n: int) -> np.ndarray:
    """Return clearly uneven weights in random order: draws must tell them from any others."""
    weights = 2.5 ** -np.arange(n)
    return random.permutation(weights / weights.sum())


def _frequencies(draws: Answer, p: np.ndarray, n: int) -> None:
    """Fail unless n draws look like p: each count within 5.5 standard deviations of its mean."""
    got = draws.array((n,), "int")
    draws.require(got.min() >= 0 and got.max() < len(p), f"outcomes are 0 to {len(p) - 1}")
    counts = np.bincount(got, minlength=len(p))
    draws.require(not counts[p == 0].any(), "an outcome of probability 0 was drawn")
    off = np.abs(counts - n * p) > 5.5 * np.sqrt(n * p * (1 - p)) + 1e-9
    draws.require(
        not off.any(),
        f"with p = {_list(p)} the frequencies were {_list(counts / n)}: chance alone does not stray so far",
    )


def _independent(draws: Answer, p: np.ndarray, n: int) -> None:
    """Fail unless neighbours agree as often as independent draws do, within 5.5 standard deviations."""
    got = draws.array((n,), "int")
    pairs, agree = n - 1, (p**2).sum()
    # Two pairs that share a draw agree together with probability sum p^3, not (sum p^2)^2.
    variance = pairs * agree * (1 - agree) + 2 * (pairs - 1) * ((p**3).sum() - agree**2)
    share = (got[1:] == got[:-1]).mean()
    draws.require(
        abs(share - agree) * pairs <= 5.5 * math.sqrt(variance),
        f"draws must be independent: {share:.1%} of them repeat the one before, by chance {agree:.1%}",
        "each draw needs fresh noise of its own, and the order is left as it comes",
    )


# --- 1.6 Gumbel-max ---------------------------------------------------------------------------------------


@graded("1.6")
def gumbel_noise(noise: Answered) -> None:
    """Check Gumbel noise from uniforms, by the inverse CDF once more."""
    u = rng("gumbel-noise").uniform(0.001, 0.999, size=(3, 4))
    want = -np.log(-np.log(u))
    slips = {
        "the sign: a larger u must give a larger g": -want,
        "two logarithms, one inside the other": -np.log(u),
        "this is the noise of 1 - u": -np.log(-np.log1p(-u)),
    }
    ask(noise, u).near(want, "exp(-exp(-g)) must be u again", slips=slips)


@graded("1.6")
def gumbel_pick(pick: Answered) -> None:
    """Check the pick for given noise: one token a row, -inf never, a common shift changes nothing."""
    random = rng("gumbel-pick")
    logits, noise = random.permutation([0.0, 0.3, 0.8, 1.2, -2.0]), random.gumbel(size=(40, 5))
    want = (logits + noise).argmax(axis=1)
    slips = {
        "this is the row in which each token scores best": (logits + noise).argmax(axis=0),
        "the noise is left out: this is greedy choice": np.full(40, logits.argmax()),
        "the logits are left out": noise.argmax(axis=1),
        "the noise belongs on the logits, not on the probabilities": (np.exp(logits) + noise).argmax(axis=1),
    }
    ask(pick, logits, noise).near(
        want, "row by row, the token whose logit plus noise is largest", slips=slips
    )
    ask(pick, logits + 800, noise).near(
        want, "adding 800 to every logit changes no pick and overflows nothing"
    )
    logits[want[0]] = -np.inf
    ask(pick, logits, noise).near((logits + noise).argmax(axis=1), "a token of logit -inf is never picked")


@graded("1.6")
def gumbel_frequencies(draw: Answered) -> None:
    """Check ten thousand independent draws: the frequencies of the softmax, whatever the logits' size."""
    random = rng("gumbel-frequencies")
    p = _weights(random, 4)
    ruled_out = np.log(p)
    ruled_out[p.argmin()] = -np.inf
    for logits, text in (
        (np.log(p), "log p"),
        (np.log(p) + 800, "log p + 800"),
        (ruled_out, "log p with one -inf"),
    ):
        seed = int(random.integers(2**31))
        softmax = np.exp(logits - logits.max())
        softmax /= softmax.sum()
        draws = ask(draw, logits, 10_000, seed, said=f"gumbel_draw({text}, 10000, seed={seed})")
        _frequencies(draws, softmax, 10_000)
        _independent(draws, softmax, 10_000)


@graded("1.6")
def gumbel_seeds(draw: Answered) -> None:
    """Check that the same seed repeats the draws, and another seed does not."""
    random = rng("gumbel-seeds")
    logits = random.normal(size=6)
    seed = int(random.integers(2**31 - 1))
    first = ask(draw, logits, 60, seed)
    values = first.array((60,), "int")
    ask(draw, logits, 60, seed + 1).array((60,), "int")
    again = ask(draw, logits, 60, seed)
    again.require(np.array_equal(again.array((60,), "int"), values), "the same seed must give the same draws")
    other = ask(draw, logits, 60, seed + 1)
    again.require(
        set(values.tolist()) <= set(range(6)) and len(set(values.tolist())) > 1,
        "the draws are tokens 0 to 5, and sixty of them are not all one",
        "a fixed noise, or none, picks the same token every time",
    )
    other.require(
        not np.array_equal(other.array((60,), "int"), values),
        f"seed {seed + 1} must not repeat the draws of seed {seed}",
        "a fixed number is used in place of `seed`, or no noise at all",
    )


# --- 1.7 alias method -------------------------------------------------------------------------------------

ROUNDED = {
    "IndexError": "a column is a whole number, 0 to K - 1. K times u, rounded to the nearest, can reach K: "
    "cut off what stands behind the point"
}


@graded("1.7")
def alias_table(build: Answered) -> None:
    """Check that the table gives back the weights it was built from."""
    random = rng("alias-table")
    for p in (np.array([0.7, 0.2, 0.1]), random.dirichlet(np.ones(6)), random.dirichlet(np.full(50, 0.3))):
        _is_alias_table(ask(build, p), p)


@graded("1.7")
def alias_edges(build: Answered) -> None:
    """Check even weights, a single server, servers switched off, one that takes all, and a thousand."""
    cases = {
        "four even weights": np.full(4, 0.25),
        "one server": np.ones(1),
        "two servers of four switched off": np.array([0.0, 0.6, 0.0, 0.4]),
        "one server taking all": np.array([0.0, 0.0, 1.0]),
        "a thousand servers": rng("alias-edges").dirichlet(np.full(1000, 0.5)),
    }
    for text, p in cases.items():
        _is_alias_table(ask(build, p, said=f"build_alias({_list(p)}), for {text}"), p)


@graded("1.7")
def alias_draw(draw: Answered) -> None:
    """Check a draw with given u and v: one column, one toss of its coin."""
    random = rng("alias-draw")
    table = lib.AliasTable(random.dirichlet(np.ones(5)))
    keep, alias = np.asarray(table.keep), np.asarray(table.alias)
    u, v = random.random((2, 4, 6))
    column = np.floor(u * 5).astype(int)
    slips = {
        "keep and alias are swapped": np.where(v < keep[column], alias[column], column),
        "the alias is never used": column,
        "u chooses the column, v tosses its coin": np.where(
            u < keep[(v * 5).astype(int)], (v * 5).astype(int), alias[(v * 5).astype(int)]
        ),
    }
    want = np.where(v < keep[column], column, alias[column])
    said = "draw_alias(keep, alias, u, v) with u and v of shape (4, 6)"
    ask(draw, keep, alias, u, v, said=said, perhaps=ROUNDED).near(
        want, "column floor(K u): itself if v < keep, else its alias", slips=slips
    )
    ask(draw, np.array([0.0, 1.0]), np.array([1, 1]), np.array([0.0, 0.99]), np.array([0.0, 0.0])).near(
        np.array([1, 1]), "a column with keep 0 always yields its alias, even for v = 0"
    )


@graded("1.7")
def alias_whole(build: Answered, draw: Answered) -> None:
    """Check 20 000 draws from your own table: the frequencies are the weights."""
    random = rng("alias-whole")
    p = _weights(random, 7)
    keep, alias = (part.value for part in _is_alias_table(ask(build, p), p))
    u, v = random.random((2, 20_000))
    said = "20 000 draws from your own table"
    _frequencies(ask(draw, keep, alias, u, v, said=said, perhaps=ROUNDED), p, 20_000)


def _is_alias_table(answer: Answer, p: np.ndarray) -> tuple[Answer, Answer]:
    """Fail unless the answer is (keep, alias), a table that stands for p."""
    n = len(p)
    parts = answer.pair()
    keep, alias = parts[0].array((n,)), parts[1].array((n,), "int")
    outside = ~((keep >= -1e-9) & (keep <= 1 + 1e-9))
    first = int(outside.argmax())
    parts[0].require(
        not outside.any(),
        f"keep holds probabilities, each between 0 and 1; index {first} is {keep[first]:.7g}",
        "scale the weights by K, and lower a donor by what it gave away" if (keep > 1).any() else None,
    )
    parts[1].require(
        (alias >= 0).all() and (alias < n).all(),
        f"an alias is a server, 0 to {n - 1}",
        "a full column needs no alias but must still name a server, for example itself"
        if (keep[alias < 0] == 1).any()
        else None,
    )
    stands_for = (keep + np.bincount(alias, weights=1 - keep, minlength=n)) / n
    worst = int(np.abs(stands_for - p).argmax())
    if np.allclose(keep, p):
        advice = "scale the weights by K first: the columns have height 1"
    elif np.array_equal(alias, np.arange(n)):
        advice = "here nobody takes from anybody: a short column must fill up from a tall one"
    else:
        advice = "a donor that falls below height 1 must take its turn as a receiver"
    answer.require(
        abs(stands_for[worst] - p[worst]) < 1e-9,
        f"outcome {worst} has weight {p[worst]:.7g}, and this table draws it with {stands_for[worst]:.7g}",
        advice,
    )
    return parts


# --- 1.8 logs ---------------------------------------------------------------------------------------------


@graded("1.8")
def logs_values(log_likelihood: Answered) -> None:
    """Check the log-likelihood in nats, of one session and of a batch."""
    random = rng("logs-values")
    p = random.uniform(0.1, 1, size=6)
    slips = {
        "this is the likelihood itself; its logarithm is asked for": p.prod(),
        "these are bits; nats are asked for": np.log2(p).sum(),
        "the sign: a log-likelihood is negative, the surprise positive": -np.log(p).sum(),
        "this is the mean an event; the sum is asked for": np.log(p).mean(),
        "the logarithm of the sum is not the sum of the logarithms": np.log(p.sum()),
    }
    ask(log_likelihood, p).near(
        np.log(p).sum(), "independent events multiply, so their logs add", slips=slips
    )
    p = random.uniform(0.1, 1, size=(3, 3))
    slips = {"sessions are rows, events run along the last axis": np.log(p).sum(axis=0)}
    ask(log_likelihood, p).near(np.log(p).sum(axis=1), "one number a session", slips=slips)


@graded("1.8")
def logs_underflow(log_likelihood: Answered) -> None:
    """Check five thousand events, where the product is 0.0; and one impossible event."""
    p = rng("logs-underflow").uniform(0.001, 0.9, size=(2, 5000))
    answer = ask(log_likelihood, p)
    got = answer.array((2,))
    answer.require(
        np.isfinite(got).all(),
        "5000 possible events have a finite log-likelihood",
        "the product of 5000 probabilities is below 5e-324 and rounds to 0.0 before its logarithm is taken",
    )
    answer.near(np.log(p).sum(axis=1), "each session's logs, added up")
    ask(log_likelihood, np.array([0.5, 0.0, 0.9])).near(
        -math.inf, "a session with an impossible event is impossible: -inf"
    )
    ask(log_likelihood, np.array([[0.5, 0.0, 0.9], [0.5, 0.5, 0.5]])).near(
        np.array([-math.inf, 3 * math.log(0.5)]), "in a batch too: -inf for that session, and for it alone"
    )


@graded("1.8")
def logs_orders(orders_of_magnitude: Answered) -> None:
    """Check how many powers of ten one model is ahead, where both likelihoods underflow."""
    random = rng("logs-orders")
    cases = [(np.full(4, 0.5), np.full(4, 0.05)), *random.uniform(0.05, 0.9, size=(3, 2, 30))]
    for a, b in [*cases, random.uniform(0.05, 0.9, size=(2, 4000))]:
        nats = np.log(a).sum() - np.log(b).sum()
        slips = {
            "these are nats, powers of e; powers of ten are asked for": nats,
            "these are bits, powers of two; powers of ten are asked for": nats / math.log(2),
            "the sign: positive means that the first model is ahead": -nats / math.log(10),
            "converted the wrong way round": nats * math.log(10),
        }
        said = None if len(a) < 5 else f"orders_of_magnitude(p_a, p_b) with {len(a)} events"
        ask(orders_of_magnitude, a, b, said=said).near(
            nats / math.log(10), "ten to this power must be the ratio of the likelihoods", slips=slips
        )


# --- 1.9 bits per pixel -----------------------------------------------------------------------------------

SWAPPED = {
    "IndexError": "rows of the table are pixels, columns are levels: the pixel's number is the first index"
}


@graded("1.9")
def pixels_fit(fit_pixels: Answered) -> None:
    """Check one smoothed distribution a pixel; no level is held impossible."""
    random = rng("pixels-fit")
    for shape, levels, alpha in (((30, 4), 3, 1.0), ((8, 5), 17, 0.1), ((900, 3), 2, 0.5)):
        X = random.integers(0, max(2, levels // 2), size=shape).astype(np.uint8)
        counts = (X[..., None] == np.arange(levels)).sum(axis=0)
        answer = ask(fit_pixels, X, levels, alpha)
        got = answer.array((shape[1], levels))
        overflow = "X is uint8, and counts of that dtype begin again at 256" if counts.max() > 255 else None
        answer.require(
            np.allclose(got.sum(axis=1), 1),
            f"each pixel's {levels} probabilities must sum to 1; the first pixel's sum to {got[0].sum():.7g}",
            overflow or "alpha is added to every level, so it belongs in the total too",
        )
        answer.require((got > 0).all(), "a level never seen must still be possible: alpha is there for that")
        wrapped = counts % 256 + alpha
        answer.near(
            (counts + alpha) / (shape[0] + levels * alpha),
            "counts plus alpha, as shares of their sum",
            slips={overflow: wrapped / wrapped.sum(axis=1, keepdims=True)} if overflow else None,
        )


@graded("1.9")
def pixels_log_prob(log_prob: Answered) -> None:
    """Check each image's log-probability in nats, one number an image."""
    random = rng("pixels-log-prob")
    for shape, levels in (((6, 4), 3), ((4, 700), 17)):
        table = random.dirichlet(np.ones(levels), size=shape[1])
        X = random.integers(0, levels, size=shape).astype(np.uint8)
        chosen = np.log(table[np.arange(shape[1]), X])
        slips = {
            "this is the mean over pixels; the sum is asked for": chosen.mean(axis=1),
            "these are bits; nats are asked for": chosen.sum(axis=1) / math.log(2),
            "the sign: log-probabilities are negative": -chosen.sum(axis=1),
        }
        said = f"log_prob(X, table) with X of shape {shape} and {levels} levels"
        answer = ask(log_prob, X, table, said=said, perhaps=SWAPPED)
        answer.require(
            np.isfinite(answer.array((shape[0],))).all(),
            "every image here is possible: finite log-probability",
            "a product of 700 probabilities underflows; add logs" if shape[1] > 100 else None,
        )
        answer.near(
            chosen.sum(axis=1), "independent pixels: the logs of their probabilities add", slips=slips
        )


@graded("1.9")
def pixels_bits(bits_per_pixel: Answered) -> None:
    """Check the way from nats an image to bits a pixel."""
    random = rng("pixels-bits")
    for n_images, n_pixels, levels in ((5, 64, 17), (3, 784, 256), (1, 10, 2)):
        uniform = np.full(n_images, -n_pixels * math.log(levels))
        slips = {
            "this is the right number in nats: a bit is only 0.693 nats": math.log(levels),
            "the sign: a cost is positive": -math.log2(levels),
            "multiplied by ln 2 where the change of unit divides": math.log(levels) * math.log(2),
            "this is bits an image": n_pixels * math.log2(levels),
        }
        said = f"bits_per_pixel of the uniform model, {levels} levels, {n_pixels} pixels,"
        ask(bits_per_pixel, uniform, n_pixels, said=said).near(
            math.log2(levels), f"uniform over {levels} levels costs log2({levels}) bits a pixel", slips=slips
        )
    log_p = -random.uniform(50, 200, size=7)
    ask(bits_per_pixel, log_p, 64).near(
        lib.bits_per_dim(log_p, 64), "the mean over images, in bits, shared among the pixels"
    )


@graded("1.9")
def pixels_score(fit_pixels: Answered, log_prob: Answered, bits_per_pixel: Answered) -> None:
    """Check held-out digits: your independent-pixels model scores as the library's does."""
    split = lib.digits_split(seed=int(rng("pixels-score").integers(1000)))
    said = "fit_pixels(1200 training digits, 17, 0.1)"
    table = ask(fit_pixels, split.train.X, 17, 0.1, said=said).array((64, 17))
    model = lib.CategoricalMixture.fit(split.train.X, 1, 17, alpha=0.1, rng=0)
    want = lib.bits_per_dim(model.log_prob(split.test.X), 64)
    said = "log_prob(400 held-out digits, your table)"
    answer = ask(log_prob, split.test.X, table, said=said, perhaps=SWAPPED)
    log_p = answer.array((400,))
    chosen = table[np.arange(64), split.test.X]
    if (chosen > 0).all():
        answer.require(
            np.allclose(log_p, np.log(chosen).sum(axis=1)),
            "this check fails because `log_prob` does; mend that first",
        )
    ask(bits_per_pixel, log_p, 64, said="the held-out score of your model, in bits a pixel,").near(
        want,
        "the library's model of independent pixels scores differently on the same images",
        rtol=1e-6,
        slips={"nats reported as bits": want * math.log(2)},
    )


def _list(values: np.ndarray) -> str:
    """Write a few numbers with three figures."""
    text = ", ".join(f"{value:.3g}" for value in values[:6])
    return f"[{text}, …]" if len(values) > 6 else f"[{text}]"

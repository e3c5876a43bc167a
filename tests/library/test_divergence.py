"""Divergences against 60-digit arithmetic, SciPy, torch and a linear programme, and against their laws."""

import math

import mpmath
import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import jensenshannon

from course_lib import ProbabilityError
from course_lib.divergence import (
    js_distance,
    js_divergence,
    kl_divergence,
    kl_from_logits,
    renyi_divergence,
    total_variation,
    wasserstein1,
    wasserstein1_samples,
)

mpmath.mp.dps = 60

REDUCTIONS = [kl_divergence, js_divergence, js_distance, total_variation]


def shares(p):
    """Return the distribution that an array of floats stands for, with 60 digits."""
    p = [mpmath.mpf(float(x)) for x in p]
    total = mpmath.fsum(p)
    return [x / total for x in p]


def exact_kl(p, q):
    return mpmath.fsum(a * mpmath.log(a / b) for a, b in zip(shares(p), shares(q), strict=True) if a > 0)


def exact_js(p, q):
    m = [(a + b) / 2 for a, b in zip(shares(p), shares(q), strict=True)]
    sides = (mpmath.fsum(a * mpmath.log(a / c) for a, c in zip(side, m, strict=True) if a > 0)
             for side in (shares(p), shares(q)))  # fmt: skip
    return mpmath.fsum(sides) / 2


def relative_error(value, truth):
    return float(abs(mpmath.mpf(float(value)) / truth - 1))


def pairs(rng, closeness, cases, most=12):
    """Yield random distributions p and q that differ by a relative ``closeness`` (None: are unrelated)."""
    for _ in range(cases):
        n = rng.integers(2, most + 1)
        p = rng.dirichlet(np.full(n, rng.choice([0.3, 1.0, 5.0]))) + 1e-300
        q = rng.dirichlet(np.ones(n)) if closeness is None else p * np.exp(closeness * rng.normal(size=n))
        yield p / p.sum(), q / q.sum()


def as_distribution(weights):
    return weights / weights.sum()


weights = st.integers(2, 40).flatmap(
    lambda n: st.tuples(*[hnp.arrays(np.float64, n, elements=st.floats(1e-9, 1.0)) for _ in range(3)])
)


# --- Kullback-Leibler -----------------------------------------------------------------------------------


def test_kl_of_two_coins_in_both_directions():
    assert kl_divergence([0.5, 0.5], [0.9, 0.1]) == pytest.approx(-math.log(0.36) / 2, rel=1e-15)
    assert kl_divergence([0.9, 0.1], [0.5, 0.5]) == pytest.approx(
        0.9 * math.log(1.8) + 0.1 * math.log(0.2), rel=1e-15
    )
    assert kl_divergence([1, 0], [0.5, 0.5], base=2) == 1.0
    assert kl_divergence([0.5, 0.5], [0.25, 0.75], base=2) == pytest.approx(1 - math.log2(3) / 2, rel=1e-15)


def test_kl_breaks_the_triangle_inequality():
    a, b, c = [0.5, 0.5], [0.25, 0.75], [0.1, 0.9]
    assert kl_divergence(a, c) > kl_divergence(a, b) + kl_divergence(b, c)


@pytest.mark.parametrize(
    ("closeness", "goal"),
    [(None, 1e-12), (0.3, 1e-12), (1e-2, 1e-12), (1e-4, 1e-12), (1e-8, 1e-12), (1e-12, 1e-10)],
)
@pytest.mark.parametrize(("measure", "exact"), [(kl_divergence, exact_kl), (js_divergence, exact_js)])
def test_error_against_fifty_digits(measure, exact, closeness, goal):
    rng = np.random.default_rng(7)
    worst = max(relative_error(measure(p, q), exact(p, q)) for p, q in pairs(rng, closeness, 300))
    assert worst < goal


@pytest.mark.parametrize("copies", [1, 2, 4096])  # short rows, longer ones, rows of several blocks
@pytest.mark.parametrize("closeness", [1, 1e-4, 1e-8, 1e-12])
def test_outcomes_split_into_equal_copies_change_nothing(copies, closeness):
    rng = np.random.default_rng(copies)
    p = rng.dirichlet(np.ones(20))
    q = as_distribution(p * np.exp(closeness * rng.normal(size=20)))
    split_p, split_q = (np.tile(a, copies) / copies for a in (p, q))  # exact: copies are powers of two
    assert relative_error(kl_divergence(split_p, split_q), exact_kl(p, q)) < 1e-12
    assert relative_error(js_divergence(split_p, split_q), exact_js(p, q)) < 1e-12


def test_where_scipy_fails_ours_does_not():
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.ones(20))
    q = as_distribution(p * (1 + 1e-12 * rng.normal(size=20)))
    assert abs(scipy.stats.entropy(p, q) / float(exact_kl(p, q)) - 1) > 1e3
    assert relative_error(kl_divergence(p, q), exact_kl(p, q)) < 1e-12


@settings(deadline=None)
@given(weights, st.sampled_from([0.0, 1e-16, 1e-12, 1e-8, 1e-4, 1.0]))
def test_never_negative_never_nan_and_zero_for_equals(ws, closeness):
    w, noise, _ = ws
    p, q = as_distribution(w), as_distribution(w * (1 + closeness * noise))
    for measure in REDUCTIONS:
        assert measure(p, q) >= 0
        assert measure(p, p) == 0


def test_a_sum_off_by_the_tolerance_neither_leaks_in_nor_turns_negative():
    p = np.array([0.2, 0.3, 0.5])
    assert 0 <= kl_divergence(p, p * (1 + 9e-9)) < 1e-30
    assert kl_divergence(p * (1 - 9e-9), [0.3, 0.3, 0.4]) == pytest.approx(
        kl_divergence(p, [0.3, 0.3, 0.4]), rel=1e-14
    )


def test_kl_at_zeros_and_at_the_edge_of_the_float_range():
    assert kl_divergence([0.5, 0.5, 0], [1, 0, 0]) == math.inf
    assert kl_divergence([0, 1], [0, 1]) == kl_divergence([1.0], [1.0]) == 0
    assert kl_divergence([0.5, 0.5, 0], [0.25, 0.25, 0.5]) == pytest.approx(math.log(2), rel=1e-15)
    for p, q in [
        ([1e-300, 1], [1e-310, 1]),
        ([1e-5, 1 - 1e-5], [1e-320, 1]),
        ([1e-320, 0.5, 0.5], [0.5, 0.25, 0.25]),
        ([1e-300, 1e-200, 1], [1e-200, 1e-300, 1]),
        ([1 - 1e-12, 1e-12], [1e-12, 1 - 1e-12]),
    ]:
        with mpmath.workdps(700):  # enough to tell 1 + 1e-300 from 1
            assert relative_error(kl_divergence(p, q), exact_kl(p, q)) < 1e-12
            assert relative_error(js_divergence(p, q), exact_js(p, q)) < 1e-12
    few, many = np.zeros(50), np.zeros(50)
    few[:2], many[0] = 0.5, 1
    assert kl_divergence(few, many) == math.inf
    assert kl_divergence(many, few) == pytest.approx(math.log(2), rel=1e-15)


def test_kl_of_a_million_outcomes_is_that_of_the_coin_behind_them():
    n = 10**6
    p = np.repeat([1.5 / n, 0.5 / n], n // 2)
    q = np.full(n, 1 / n)
    assert kl_divergence(p, q) == pytest.approx(kl_divergence([0.75, 0.25], [0.5, 0.5]), rel=1e-12)
    assert js_divergence(p, q) == pytest.approx(js_divergence([0.75, 0.25], [0.5, 0.5]), rel=1e-12)
    nudged = np.repeat([(1 + 2e-9) / n, (1 - 2e-9) / n], n // 2)
    assert kl_divergence(nudged, q) == pytest.approx(2e-18, rel=1e-6)  # (2e-9)^2/2: the inputs carry 7 digits


def test_kl_agrees_with_scipy_and_torch():
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(50), 400), rng.dirichlet(np.ones(50), 400)  # more than one block
    ours = kl_divergence(p, q)
    np.testing.assert_allclose(ours, scipy.stats.entropy(p, q, axis=-1), rtol=1e-12)
    np.testing.assert_allclose(ours, scipy.special.rel_entr(p, q).sum(axis=-1), rtol=1e-12)
    theirs = torch.nn.functional.kl_div(torch.tensor(q).log(), torch.tensor(p), reduction="none").sum(-1)
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-12)


@settings(deadline=None)
@given(weights)
def test_merging_outcomes_never_raises_a_divergence(ws):
    p, q = as_distribution(ws[0]), as_distribution(ws[1])
    for measure in REDUCTIONS:
        merged = measure(*(np.append(a[2:], a[0] + a[1]) for a in (p, q)))
        assert merged <= measure(p, q) * (1 + 1e-9) + 1e-15


@settings(deadline=None)
@given(weights)
def test_chain_rule_of_kl(ws):
    p, q = as_distribution(ws[0]), as_distribution(ws[1])
    joint_p, joint_q = np.outer(p, [0.25, 0.75]), np.outer(q, [0.5, 0.5])
    expected = kl_divergence(p, q) + kl_divergence([0.25, 0.75], [0.5, 0.5])
    assert kl_divergence(joint_p.ravel(), joint_q.ravel()) == pytest.approx(expected, rel=1e-12)


@settings(deadline=None)
@given(weights)
def test_pinsker_bounds_total_variation(ws):
    p, q = as_distribution(ws[0]), as_distribution(ws[1])
    assert total_variation(p, q) <= math.sqrt(kl_divergence(p, q) / 2) * (1 + 1e-12)


# --- Jensen-Shannon, total variation --------------------------------------------------------------------


def test_js_runs_from_zero_to_one_bit():
    assert js_divergence([1, 0, 0], [0, 0.5, 0.5], base=2) == 1.0
    assert js_distance([1, 0], [0, 1]) == pytest.approx(math.sqrt(math.log(2)), rel=1e-15)
    assert js_divergence([1, 0], [0.5, 0.5], base=2) == pytest.approx(0.311278124459133, rel=1e-14)


def test_js_agrees_with_scipy_which_gives_the_root():
    rng = np.random.default_rng(1)
    p, q = rng.dirichlet(np.ones(30), 50), rng.dirichlet(np.ones(30), 50)
    np.testing.assert_allclose(js_distance(p, q), jensenshannon(p, q, axis=-1), rtol=1e-12)
    np.testing.assert_allclose(js_distance(p, q, base=2), jensenshannon(p, q, base=2, axis=-1), rtol=1e-12)


@settings(deadline=None)
@given(weights)
def test_js_is_symmetric_and_its_root_keeps_the_triangle_inequality(ws):
    a, b, c = map(as_distribution, ws)
    assert js_divergence(a, b) == pytest.approx(js_divergence(b, a), rel=1e-13, abs=1e-60)
    assert js_distance(a, c) <= (js_distance(a, b) + js_distance(b, c)) * (1 + 1e-12)
    assert 0 <= js_divergence(a, b) <= math.log(2) * (1 + 1e-15)


def test_total_variation_is_the_largest_difference_over_events():
    p, q = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.4, 0.1, 0.4, 0.1])
    events = np.array(np.meshgrid(*[[0, 1]] * 4)).reshape(4, -1).T
    assert total_variation(p, q) == pytest.approx(np.max(events @ p - events @ q), rel=1e-14)
    assert total_variation([1, 0], [0, 1]) == 1.0


# --- Wasserstein ----------------------------------------------------------------------------------------


def test_wasserstein_carries_mass_over_the_line():
    assert wasserstein1([1, 0, 0], [0, 0, 1], [0, 5, 7]) == 7.0
    assert wasserstein1([0.5, 0.5, 0], [0, 0.5, 0.5], [0, 1, 2]) == 1.0
    assert wasserstein1([1, 0, 0], [0, 1, 0], [7, 0, 5]) == 7.0  # positions in any order
    assert wasserstein1([0.3, 0.7], [0.6, 0.4], [2.5, 2.5]) == 0.0


def test_wasserstein_solves_the_transport_programme():
    rng = np.random.default_rng(5)
    n = 7
    p, q, x = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n)), rng.normal(size=n)
    cost = np.abs(x[:, None] - x[None, :]).ravel()
    leaves, arrives = np.kron(np.eye(n), np.ones(n)), np.kron(np.ones(n), np.eye(n))
    plan = scipy.optimize.linprog(cost, A_eq=np.vstack([leaves, arrives]), b_eq=np.concatenate([p, q]))
    assert wasserstein1(p, q, x) == pytest.approx(plan.fun, rel=1e-9)


def test_wasserstein_agrees_with_scipy_pair_by_pair():
    rng = np.random.default_rng(6)
    p, q, x = rng.dirichlet(np.ones(9), 20).T, rng.dirichlet(np.ones(9), 20).T, rng.normal(size=9)
    expected = [scipy.stats.wasserstein_distance(x, x, a, b) for a, b in zip(p.T, q.T, strict=True)]
    np.testing.assert_allclose(wasserstein1(p, q, x, axis=0), expected, rtol=1e-11)
    assert wasserstein1(p, q, x, axis=0, keepdims=True).shape == (1, 20)
    np.testing.assert_allclose(wasserstein1(3 * p, 5 * q, x, axis=0, normalize=True), expected, rtol=1e-11)


@settings(deadline=None)
@given(weights, st.floats(-10, 10))
def test_wasserstein_is_shift_invariant_and_scales(ws, shift):
    p, q = as_distribution(ws[0]), as_distribution(ws[1])
    x = np.cumsum(ws[2])
    w = wasserstein1(p, q, x)
    assert wasserstein1(p, q, x + shift) == pytest.approx(w, rel=1e-6, abs=1e-12)
    assert wasserstein1(p, q, -2 * x) == pytest.approx(2 * w, rel=1e-9, abs=1e-13)
    assert w <= total_variation(p, q) * (x[-1] - x[0]) * (1 + 1e-9) + 1e-13


@pytest.mark.parametrize("support", [[0, 1], [0, 1, np.nan], [0, 1, np.inf], [[0, 1, 2]], 3])
def test_wasserstein_refuses_a_support_that_does_not_fit(support):
    with pytest.raises(ValueError, match=r"support (must be 3 positions|holds NaN)"):
        wasserstein1([0.2, 0.3, 0.5], [0.2, 0.3, 0.5], support)


# --- from logits ----------------------------------------------------------------------------------------


def exact_kl_from_logits(a, b):
    a, b = ([mpmath.mpf(float(x)) for x in side] for side in (a, b))
    p, q = ([mpmath.exp(x) for x in side] for side in (a, b))
    p_total, q_total = mpmath.fsum(p), mpmath.fsum(q)
    mean = mpmath.fsum(x * (y - z) for x, y, z in zip(p, a, b, strict=True)) / p_total
    return mean + mpmath.log(q_total / p_total)


@pytest.mark.parametrize("closeness", [None, 1.0, 0.1, 1e-4, 1e-8, 1e-12])
@pytest.mark.parametrize("scale", [1, 10, 300])
def test_kl_from_logits_against_fifty_digits(closeness, scale):
    rng = np.random.default_rng(11)
    worst = 0.0
    for _ in range(30):
        a = scale * rng.normal(size=6)
        b = scale * rng.normal(size=6) if closeness is None else a + closeness * rng.normal(size=6)
        with mpmath.workdps(700):  # a softmax of logits in the hundreds is a point mass but for 1e-300
            truth = exact_kl_from_logits(a, b)
            if truth > 1e-280:
                worst = max(worst, relative_error(kl_from_logits(a, b), truth))
    assert worst < 1e-11


def test_kl_from_logits_of_the_ruled_out():
    inf = math.inf
    assert kl_from_logits([0, -inf], [0, 0]) == pytest.approx(math.log(2), rel=1e-15)
    assert kl_from_logits([0, 0], [0, -inf]) == math.inf
    assert kl_from_logits([0, -inf], [5, -inf]) == 0
    assert kl_from_logits([0, -1000], [0, -inf]) == math.inf  # exp(-1000) is small, not zero
    assert kl_from_logits([0, -inf], [0, 50]) == pytest.approx(50, rel=1e-12)
    assert kl_from_logits([0, -inf], [0, -30]) == pytest.approx(math.exp(-30), rel=1e-12)
    assert kl_from_logits([0, -800.0], [0, 800.0]) == pytest.approx(800, rel=1e-12)
    assert kl_from_logits([1e300, 0], [0, 1e300]) == 1e300


def test_kl_from_logits_along_an_axis_in_bits():
    rng = np.random.default_rng(12)
    a, b = rng.normal(size=(2, 4, 5, 3))
    p, q = scipy.special.softmax(a, axis=1), scipy.special.softmax(b, axis=1)
    expected = kl_divergence(p, q, axis=1, base=2)
    np.testing.assert_allclose(kl_from_logits(a, b, axis=1, base=2), expected, rtol=1e-12)
    assert kl_from_logits(a, b, axis=1, keepdims=True).shape == (4, 1, 3)
    np.testing.assert_allclose(kl_from_logits(a + 100, b - 5), kl_from_logits(a, b), rtol=1e-11)
    coarse = kl_from_logits(a.astype(np.float32), b.astype(np.float32))
    np.testing.assert_allclose(coarse, kl_from_logits(a, b), rtol=1e-4)


def test_kl_from_logits_refuses_what_is_no_logit():
    with pytest.raises(ValueError, match=r"p_logits has shape \(2,\) and q_logits has shape \(3,\)"):
        kl_from_logits([0, 1], [0, 1, 2])
    with pytest.raises(ValueError, match="q_logits holds NaN"):
        kl_from_logits([0, 1], [0, np.nan])
    with pytest.raises(ValueError, match=r"p_logits holds \+inf"):
        kl_from_logits([0, np.inf], [0, 1])
    with pytest.raises(ValueError, match="p_logits rules every outcome out"):
        kl_from_logits([-np.inf, -np.inf], [0, 1])


# --- the convention all share ---------------------------------------------------------------------------


@pytest.mark.parametrize("measure", REDUCTIONS)
def test_axis_keepdims_and_permutation_of_outcomes(measure):
    rng = np.random.default_rng(2)
    p, q = (np.moveaxis(rng.dirichlet(np.ones(7), (3, 4)), -1, 1) for _ in range(2))
    loop = [[measure(p[i, :, j], q[i, :, j]) for j in range(4)] for i in range(3)]
    np.testing.assert_allclose(measure(p, q, axis=1), loop, rtol=1e-13)
    np.testing.assert_allclose(measure(p, q, axis=-2, keepdims=True), np.array(loop)[:, None], rtol=1e-13)
    order = rng.permutation(7)
    np.testing.assert_allclose(measure(p[:, order], q[:, order], axis=1), loop, rtol=1e-13)
    assert type(measure([0.5, 0.5], [0.25, 0.75])) is float
    assert measure(np.ones((0, 3)), np.ones((0, 3))).shape == (0,)


@pytest.mark.parametrize("measure", [kl_divergence, js_divergence])
def test_bits_are_nats_over_ln_2(measure):
    rng = np.random.default_rng(4)
    p, q = rng.dirichlet(np.ones(50)), rng.dirichlet(np.ones(50))
    assert measure(p, q, base=2) == pytest.approx(measure(p, q) / math.log(2), rel=1e-15)
    assert measure(p, q, base=0.5) == pytest.approx(-measure(p, q, base=2), rel=1e-15)


@pytest.mark.parametrize("measure", REDUCTIONS)
@pytest.mark.parametrize(("dtype", "close"), [(np.float32, 2e-5), (np.float16, 2e-2)])
def test_coarse_floats_are_taken_and_summed_in_float64(measure, dtype, close):
    rng = np.random.default_rng(5)
    p, q = rng.dirichlet(np.full(20, 5.0), 2)
    coarse = measure(p.astype(dtype), q.astype(dtype))
    assert type(coarse) is float
    assert coarse == pytest.approx(measure(p, q), rel=close)
    same = [a.astype(dtype).astype(float) for a in (p, q)]
    assert coarse == pytest.approx(measure(*same, normalize=True), rel=1e-13)


@pytest.mark.parametrize("measure", REDUCTIONS)
def test_normalize_takes_weights(measure):
    rng = np.random.default_rng(6)
    for n in (5, 50):
        p, q = rng.dirichlet(np.ones(n), 2)
        expected = measure(p, q)
        assert measure(1000 * p, 0.01 * q, normalize=True) == pytest.approx(expected, rel=1e-12)
        assert measure(8 * p, 2 * p, normalize=True) == pytest.approx(0, abs=1e-30)
    assert measure([2, 0], [3, 3], normalize=True) == pytest.approx(measure([1, 0], [0.5, 0.5]), rel=1e-15)


@pytest.mark.parametrize("measure", REDUCTIONS)
@pytest.mark.parametrize("n", [2, 40])
def test_refusals_name_the_side_and_the_way_out(measure, n):
    good = np.full(n, 1 / n)
    for name, arrange in (("p", lambda bad: (bad, good)), ("q", lambda bad: (good, bad))):
        for bad, message in [
            (good * 1.001, f"{name} sums to 1.001, not 1; pass normalize=True"),
            (np.append(good[:-2], [1 / n + 1, 1 / n - 1]), f"{name} holds a negative probability"),
            (np.append(good[1:], np.nan), f"{name} holds NaN"),
            (np.append(good[1:], np.inf), f"{name} holds an infinite entry"),
        ]:
            with pytest.raises(ProbabilityError, match=message):
                measure(*arrange(bad))
        with pytest.raises(ProbabilityError, match=f"{name} sums to 0"):
            measure(*arrange(0 * good), normalize=True)
        with pytest.raises(TypeError, match=f"{name} must hold real numbers"):
            measure(*arrange(good.astype(complex)))
        with pytest.raises(TypeError, match=f"{name} must hold real numbers"):
            measure(*arrange(["a"] * n))


@pytest.mark.parametrize("measure", REDUCTIONS)
def test_refusals_of_shape_and_axis(measure):
    with pytest.raises(ValueError, match=r"p has shape \(2,\) and q has shape \(1, 2\).*broadcast_to"):
        measure([0.5, 0.5], [[0.5, 0.5]])
    with pytest.raises(ValueError, match="axis 1 does not exist"):
        measure([0.5, 0.5], [0.5, 0.5], axis=1)
    with pytest.raises(ProbabilityError, match="p is a single number"):
        measure(0.5, 0.5)
    with pytest.raises(ProbabilityError, match="p has no outcomes"):
        measure([], [])


@pytest.mark.parametrize("measure", [kl_divergence, js_divergence, js_distance, kl_from_logits])
def test_refusals_of_base(measure):
    for base in (1, 0, -2, math.inf, math.nan):
        with pytest.raises(ValueError, match="base must be positive, finite and not 1"):
            measure([0.5, 0.5], [0.5, 0.5], base=base)
    with pytest.raises(TypeError, match="base must be a number"):
        measure([0.5, 0.5], [0.5, 0.5], base="2")


def test_the_input_is_left_alone():
    p, q = np.full((3, 40), 1 / 40), np.full((3, 40), 1 / 40)
    p.flags.writeable = q.flags.writeable = False
    for measure in REDUCTIONS:
        measure(p, q, normalize=True)
    wasserstein1(p, q, np.arange(40))


# --- Jensen-Shannon with weights ------------------------------------------------------------------------


def exact_js_of_weights(p, q, w):
    p, q, (a, b) = shares(p), shares(q), shares(w)
    m = [a * x + b * y for x, y in zip(p, q, strict=True)]
    from_p, from_q = (
        mpmath.fsum(x * mpmath.log(x / c) for x, c in zip(side, m, strict=True) if x > 0) for side in (p, q)
    )
    return a * from_p + b * from_q


@pytest.mark.parametrize("closeness", [None, 1e-2, 1e-8, 1e-12])
def test_weighted_js_against_sixty_digits(closeness):
    rng = np.random.default_rng(11)
    for w in ([0.5, 0.5], [0.25, 0.75], [0.9, 0.1], [1e-9, 1 - 1e-9]):
        for p, q in pairs(rng, closeness, 30):
            assert relative_error(js_divergence(p, q, weights=w), exact_js_of_weights(p, q, w)) < 1e-10


def test_weighted_js_at_its_ends():
    p, q = [1.0, 0.0], [0.0, 1.0]
    most = scipy.stats.entropy([0.25, 0.75])
    assert js_divergence(p, q, weights=[0.25, 0.75]) == pytest.approx(most, rel=1e-14)
    assert js_divergence(p, q, weights=[1, 0]) == js_divergence(p, q, weights=[0, 1]) == 0
    assert js_divergence([0.5, 0.5], [0.9, 0.1], weights=[1, 0]) == 0
    assert js_divergence([0.3, 0.7], [0.3, 0.7], weights=[0.1, 0.9]) == 0
    tables = np.random.default_rng(0).dirichlet(np.ones(4), size=(2, 3))
    by_row = [js_divergence(a, b, weights=[0.3, 0.7]) for a, b in zip(*tables, strict=True)]
    np.testing.assert_allclose(js_divergence(*tables, weights=[0.3, 0.7]), by_row, rtol=1e-14)
    for weights, error in [([0.5, 0.6], ProbabilityError), ([1.0], ValueError), ([[0.5, 0.5]], ValueError)]:
        with pytest.raises(error, match="weights"):
            js_divergence(p, q, weights=weights)


# --- Rényi ----------------------------------------------------------------------------------------------

ORDERS = [0, 1e-9, 0.3, 0.5, 0.8, 1 - 1e-10, 1, 1 + 1e-10, 1.5, 2, 30, math.inf]


def exact_renyi(p, q, alpha):
    p, q = shares(p), shares(q)
    possible = [(a, b) for a, b in zip(p, q, strict=True) if a > 0]
    if alpha == 1:
        return mpmath.fsum(a * mpmath.log(a / b) for a, b in possible)
    if alpha == math.inf:
        return max(mpmath.log(a / b) for a, b in possible)
    total = mpmath.fsum(a ** mpmath.mpf(alpha) * b ** (1 - mpmath.mpf(alpha)) for a, b in possible)
    return mpmath.log(total) / (mpmath.mpf(alpha) - 1)


@pytest.mark.parametrize("closeness", [None, 1e-2, 1e-8])
@pytest.mark.parametrize("alpha", ORDERS[1:])
def test_renyi_against_sixty_digits(alpha, closeness):
    for p, q in pairs(np.random.default_rng(13), closeness, 40):
        assert relative_error(renyi_divergence(p, q, alpha), exact_renyi(p, q, alpha)) < 1e-11


@given(weights)
def test_renyi_laws(ws):
    p, q, _ = map(as_distribution, ws)
    values = [renyi_divergence(p, q, alpha) for alpha in ORDERS]
    assert values[0] >= 0
    assert np.all(np.diff(values) >= -1e-9 * np.abs(values[1:]) - 1e-30)  # it never falls as the order rises
    assert renyi_divergence(p, q, 1) == kl_divergence(p, q)
    assert all(renyi_divergence(p, p, alpha) == 0 for alpha in ORDERS)
    for alpha in (0.2, 0.5):
        skew = alpha / (1 - alpha) * renyi_divergence(q, p, 1 - alpha)
        assert math.isclose(renyi_divergence(p, q, alpha), skew, rel_tol=1e-12, abs_tol=1e-30)
    halves = np.add.reduceat(p, [0, len(p) // 2]), np.add.reduceat(q, [0, len(q) // 2])
    for alpha, whole in zip(ORDERS, values, strict=True):  # merging outcomes loses information
        assert renyi_divergence(*halves, alpha, normalize=True) <= whole * (1 + 1e-9) + 1e-15


def test_renyi_where_outcomes_are_impossible():
    p, q = [0.5, 0.5, 0.0], [0.25, 0.25, 0.5]
    for alpha in ORDERS:
        assert renyi_divergence(p, q, alpha) == pytest.approx(math.log(2), rel=1e-14)
        assert renyi_divergence([1, 0], [0, 1], alpha) == math.inf
    assert renyi_divergence(q, p, 0.5) == pytest.approx(math.log(2), rel=1e-14)
    assert renyi_divergence(q, p, 0) == 0
    assert renyi_divergence(q, p, 2) == renyi_divergence(q, p, math.inf) == math.inf
    far = renyi_divergence([1 - 1e-9, 1e-9], [1e-300, 1], 0.5)
    assert far == pytest.approx(-2 * math.log(math.sqrt(1e-300) + math.sqrt(1e-9)), rel=1e-9)


def test_renyi_axes_units_and_refusals():
    p, q = np.random.default_rng(1).dirichlet(np.ones(5), size=(2, 3))
    by_row = [renyi_divergence(a, b, 2) for a, b in zip(p, q, strict=True)]
    np.testing.assert_allclose(renyi_divergence(p.T, q.T, 2, axis=0), by_row, rtol=1e-14)
    np.testing.assert_allclose(renyi_divergence(p, q, 2, base=2), np.array(by_row) / math.log(2), rtol=1e-14)
    assert renyi_divergence(p, q, 2, keepdims=True).shape == (3, 1)
    assert renyi_divergence(np.zeros((0, 3)), np.zeros((0, 3)), math.inf).shape == (0,)
    for alpha in (-1, math.nan):
        with pytest.raises(ValueError, match="alpha must be from 0"):
            renyi_divergence(p, q, alpha)
    with pytest.raises(TypeError, match="alpha must be one number"):
        renyi_divergence(p, q, "2")
    with pytest.raises(ProbabilityError, match="normalize=True"):
        renyi_divergence([1, 2], [0.5, 0.5], 2)


# --- Wasserstein of samples -----------------------------------------------------------------------------

samples = st.lists(st.integers(-50, 50).map(lambda i: i / 8), min_size=1, max_size=12)


@given(samples, samples)
def test_wasserstein_of_samples_agrees_with_scipy_and_with_the_support(x, y):
    distance = wasserstein1_samples(x, y)
    assert distance == pytest.approx(scipy.stats.wasserstein_distance(x, y), abs=1e-12)
    support = sorted({*x, *y})
    shares_of = [[sample.count(point) / len(sample) for point in support] for sample in (x, y)]
    assert distance == pytest.approx(wasserstein1(*shares_of, support), abs=1e-12)


@given(samples, st.data())
def test_wasserstein_of_samples_of_one_size_is_the_mean_way_of_the_sorted(x, data):
    assert wasserstein1_samples(x, data.draw(st.permutations(x))) == 0
    z = data.draw(st.lists(st.integers(-50, 50).map(float), min_size=len(x), max_size=len(x)))
    assert wasserstein1_samples(x, z) == pytest.approx(np.mean(np.abs(np.sort(x) - np.sort(z))), abs=1e-12)
    assert wasserstein1_samples(np.tile(x, 3), z) == pytest.approx(wasserstein1_samples(x, z), abs=1e-12)
    assert wasserstein1_samples(x, z) == wasserstein1_samples(z, x)


def test_wasserstein_of_samples_refusals():
    for odd in ([], [math.nan], [math.inf], [[1.0]], 1.0):
        with pytest.raises(ValueError, match="x "):
            wasserstein1_samples(odd, [1.0])

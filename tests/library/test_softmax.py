"""Softmax and its kin against 50-digit arithmetic, SciPy and torch, and against their own laws."""

import math

import mpmath
import numpy as np
import pytest
import scipy.special
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib._rows import BLOCK
from course_lib.entropy import entropy
from course_lib.softmax import entropy_from_logits, entropy_slope, log_softmax, logsumexp, softmax

INF = math.inf

logits = hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(-800, 800))


def exact(x, temperature=1):
    """Return log S, the probabilities, their logarithms and the entropy with 50 digits."""
    with mpmath.workdps(50):
        z = [mpmath.mpf(float(v)) / mpmath.mpf(temperature) for v in x]
        i = max(range(len(z)), key=z.__getitem__)
        weights = [mpmath.exp(v - z[i]) for v in z]
        log_s = mpmath.log1p(mpmath.fsum(w for j, w in enumerate(weights) if j != i))
        logs = [v - z[i] - log_s for v in z]
        p = [mpmath.exp(v) for v in logs]
        h = log_s + mpmath.fsum((z[i] - v) * q for v, q in zip(z, p, strict=True) if q)
    return z[i] + log_s, p, logs, h


def ulps(got, truth, *, at=0.0):
    """Return the error in units in the last place of the truth, or of ``at`` where that is larger."""
    return float(abs(mpmath.mpf(float(got)) - truth)) / np.spacing(got.dtype.type(max(abs(float(truth)), at)))


def hard_rows(dtype, reach):
    """Return rows of all widths, spreads and offsets; at -700 one rounding of z - max costs 250 ulp."""
    rng = np.random.default_rng(0)
    for _ in range(60):
        spread, shift = 10 ** rng.uniform(-3, reach), 10 ** rng.uniform(-2, 2)
        yield (rng.normal(size=rng.integers(1, 40)) * spread + rng.normal() * shift).astype(dtype)


@pytest.mark.parametrize(("dtype", "reach", "least"), [(np.float64, 2.6, 1e-300), (np.float32, 1.5, 1e-37)])
def test_everything_is_within_four_units_in_the_last_place(dtype, reach, least):
    for x in hard_rows(dtype, reach):
        log_s, p, logs, h = exact(x)
        total = np.asarray(dtype(logsumexp(x)))
        assert ulps(total, log_s, at=abs(float(x.max()))) <= 4
        assert all(ulps(a, b) <= 4 for a, b in zip(softmax(x), p, strict=True) if b > least)
        assert all(ulps(a, b) <= 4 for a, b in zip(log_softmax(x), logs, strict=True) if abs(b) > least)
        bound = 1e-14 if dtype == np.float64 else 1e-6
        assert h < least or abs(entropy_from_logits(x) / h - 1) < bound


def test_a_million_float32_tokens_keep_seven_digits():
    x = (np.random.default_rng(0).normal(size=10**6) * 3).astype(np.float32)
    truth = math.log(math.fsum(np.exp(x.astype(np.float64))))
    assert logsumexp(x) == pytest.approx(truth, rel=1e-7)
    h = entropy(np.exp(x.astype(np.float64)), normalize=True)
    assert entropy_from_logits(x) == pytest.approx(h, rel=1e-6)


@given(logits)
def test_softmax_is_a_distribution_and_agrees_with_scipy_and_torch(x):
    p = softmax(x)
    assert p.min() >= 0
    assert p.sum() == pytest.approx(1, rel=1e-14)
    np.testing.assert_allclose(p, scipy.special.softmax(x), rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(
        log_softmax(x), torch.log_softmax(torch.from_numpy(x), 0), rtol=1e-12, atol=1e-12
    )
    assert logsumexp(x) == pytest.approx(float(scipy.special.logsumexp(x)), rel=1e-13, abs=1e-12)


@given(logits, st.sampled_from([-1024.0, -1.0, 2.0, 512.0]))
def test_a_shift_moves_the_log_sum_and_nothing_else(x, shift):
    x = np.round(x * 16) / 16  # so that the shift is exact
    np.testing.assert_array_equal(softmax(x + shift), softmax(x))
    assert logsumexp(x + shift) == pytest.approx(logsumexp(x) + shift, abs=1e-12)


@given(logits, st.floats(0.05, 50))
def test_temperature_divides_the_logits(x, t):
    np.testing.assert_allclose(softmax(x, temperature=t), softmax(x / t), rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(log_softmax(x, temperature=t), log_softmax(x / t), rtol=1e-11, atol=1e-11)
    assert entropy_from_logits(x, temperature=t) == pytest.approx(
        entropy_from_logits(x / t), rel=1e-9, abs=1e-300
    )


def test_temperatures_by_which_division_is_exact_lose_nothing():
    z = np.array([0.1, -170.3, -150.7])
    np.testing.assert_allclose(softmax(z, temperature=0.25), softmax(4 * z), rtol=1e-15)
    np.testing.assert_allclose(softmax(4 * z, temperature=4), softmax(z), rtol=1e-15)


@given(logits, st.floats(0.1, 10))
def test_entropy_is_that_of_the_probabilities_and_rises_with_temperature(x, t):
    h = entropy_from_logits(x, temperature=t)
    assert 0 <= h <= math.log(len(x)) * (1 + 1e-14)
    assert h == pytest.approx(entropy(softmax(x, temperature=t), normalize=True), rel=1e-9, abs=1e-290)
    assert entropy_from_logits(x, temperature=2 * t) >= h * (1 - 1e-12)
    assert entropy_from_logits(x, temperature=t, base=2) == pytest.approx(h / math.log(2), rel=1e-15)


@given(hnp.arrays(np.float64, st.integers(2, 9), elements=st.floats(-5, 5)), st.floats(0.5, 5))
def test_the_slope_of_the_entropy_is_the_variance_over_the_cube_of_the_temperature(x, t):
    slope = entropy_slope(x, temperature=t)
    with mpmath.workdps(50):
        h = mpmath.mpf(10) ** -18
        rise = (exact(x, mpmath.mpf(t) + h)[3] - exact(x, mpmath.mpf(t) - h)[3]) / (2 * h)
    assert slope == pytest.approx(float(rise), rel=1e-12, abs=1e-15)
    p = softmax(x, temperature=t)
    assert slope == pytest.approx((p @ x**2 - (p @ x) ** 2) / t**3, abs=1e-11)
    assert slope >= 0


def test_softmax_maximises_expected_score_plus_temperature_times_entropy():
    rng = np.random.default_rng(0)
    z, t = rng.normal(size=6), 0.7
    best = softmax(z, temperature=t)
    worth = best @ z + t * entropy(best)
    assert worth == pytest.approx(t * logsumexp(z / t), rel=1e-14)
    for q in rng.dirichlet(np.ones(6), 100):
        assert q @ z + t * entropy(q) < worth


def test_rows_longer_than_a_block_and_many_at_once_agree_with_one_at_a_time():
    x = np.random.default_rng(0).normal(size=(3, 2 * BLOCK + 1)) * 30
    x[1, : BLOCK + 9] = -INF
    x[2, [500, BLOCK + 500]] = 500.0  # the largest twice, in different blocks
    whole = np.array([[float(v) for v in exact(row)[::3]] for row in x[:, ::500]])
    np.testing.assert_allclose(logsumexp(x[:, ::500]), whole[:, 0], rtol=1e-15)
    np.testing.assert_allclose(entropy_from_logits(x[:, ::500]), whole[:, 1], rtol=1e-13)
    np.testing.assert_allclose(logsumexp(x), scipy.special.logsumexp(x, axis=-1), rtol=1e-14)
    np.testing.assert_allclose(softmax(x), scipy.special.softmax(x, axis=-1), rtol=1e-11, atol=1e-300)
    p = softmax(x)
    np.testing.assert_allclose(entropy_from_logits(x), [entropy(q, normalize=True) for q in p], rtol=1e-11)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_every_axis_is_the_last_one_moved(axis):
    x = np.random.default_rng(0).normal(size=(4, 3, 5))
    moved = np.moveaxis(x, axis, -1)
    for f in (softmax, log_softmax):
        np.testing.assert_array_equal(np.moveaxis(f(x, axis=axis), axis, -1), f(moved))
    for f in (logsumexp, entropy_from_logits, entropy_slope):
        np.testing.assert_array_equal(f(x, axis=axis), f(moved))
        np.testing.assert_array_equal(f(x, axis=axis, keepdims=True), np.expand_dims(f(moved), axis))


def test_values_at_the_edges():
    assert logsumexp([-INF, -INF]) == -INF
    assert logsumexp(np.full(40_000, -INF)) == -INF
    np.testing.assert_array_equal(logsumexp([[-INF, -INF], [0, -INF]]), [-INF, 0])
    np.testing.assert_array_equal(softmax([1e308, -1e308, -INF]), [1, 0, 0])
    np.testing.assert_array_equal(log_softmax([1e308, -1e308, -INF]), [0, -INF, -INF])
    np.testing.assert_array_equal(softmax([5.0, 5.0, 1.0], temperature=1e-320), [0.5, 0.5, 0])
    np.testing.assert_allclose(softmax([5.0, 5.0, 1.0], temperature=1e300), 1 / 3)
    assert entropy_from_logits([3.0, -INF]) == 0
    assert math.copysign(1, entropy_from_logits([3.0])) == 1
    assert entropy_from_logits([0, 0, -INF], base=2) == 1
    assert entropy_slope([1, 2, -INF]) == entropy_slope([1, 2])
    assert softmax(np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize(
    ("given", "kept"), [(np.float16, np.float32), (np.float32, np.float32), (int, np.float64)]
)
def test_elementwise_results_keep_the_dtype_and_sums_are_float64(given, kept):
    x = np.array([[1, 2], [3, 5]], dtype=given)
    assert softmax(x).dtype == log_softmax(x).dtype == kept
    assert logsumexp(x).dtype == entropy_from_logits(x).dtype == np.float64
    assert isinstance(logsumexp(x[0]), float)


REDUCED = [softmax, log_softmax, entropy_from_logits, entropy_slope]


@pytest.mark.parametrize("f", [*REDUCED, logsumexp])
@pytest.mark.parametrize(
    ("x", "error", "says"),
    [
        ([1, math.nan], ValueError, "holds NaN"),
        ([1, INF], ValueError, "holds \\+inf"),
        (3.0, ValueError, "a single number"),
        ([], ValueError, "no outcomes"),
        (["a"], TypeError, "must hold real numbers"),
    ],
)
def test_refusals(f, x, error, says):
    with pytest.raises(error, match=says):
        f(x)


@pytest.mark.parametrize("f", REDUCED)
def test_refusals_of_all_but_the_log_sum(f):
    with pytest.raises(ValueError, match="rules every outcome out"):
        f([[0, 1], [-INF, -INF]])
    for t in (0, -1, INF):
        with pytest.raises(ValueError, match="temperature must be"):
            f([1, 2], temperature=t)
    with pytest.raises(ValueError, match="axis 1 does not exist"):
        f([1, 2], axis=1)


def test_refuses_a_base_that_makes_no_unit():
    with pytest.raises(ValueError, match="base must be"):
        entropy_from_logits([1, 2], base=1)

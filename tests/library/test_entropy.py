"""Surprise and entropy against 50-digit arithmetic, SciPy and torch, and against their own laws."""

import math

import mpmath
import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib import ProbabilityError, _rows, entropy, surprisal

mpmath.mp.dps = 50


def exact_entropy(p):
    """Return H of the floats in p, divided by their sum, with 50 digits however close to 0 it is."""
    *others, largest = sorted(mpmath.mpf(float(x)) for x in p if x > 0)
    rest = mpmath.fsum(others)
    total = rest + largest
    terms = [x * mpmath.log(total / x) for x in others]
    return mpmath.fsum([*terms, largest * mpmath.log1p(rest / largest)]) / total


def relative_error(p, **options):
    truth = exact_entropy(p)
    return float(abs(entropy(p, **options) / truth - 1))


def as_distribution(weights):
    return weights / weights.sum()


weights = hnp.arrays(
    np.float64,
    st.integers(2, 60),
    elements=st.one_of(st.just(0.0), st.floats(1e-300, 1.0), st.floats(1e-12, 1e-6)),
).filter(lambda w: w.sum() > 1e-290)


# --- surprisal ------------------------------------------------------------------------------------------


def test_surprisal_of_events_that_one_can_count():
    np.testing.assert_array_equal(surprisal([1, 1 / 2, 1 / 4, 1 / 1024], base=2), [0, 1, 2, 10])
    np.testing.assert_array_equal(surprisal([0.1, 0.001], base=10), [1, 3])
    assert surprisal(0.02, base=2) == pytest.approx(5.643856189774724, rel=1e-15)
    assert surprisal(1 / math.e) == pytest.approx(1, rel=1e-15)


def test_surprisal_of_the_certain_is_plus_zero_and_of_the_impossible_infinite():
    assert math.copysign(1, surprisal(1.0)) == math.copysign(1, surprisal(1.0, base=0.5)) == 1
    assert surprisal(0.0) == math.inf


def test_surprisal_is_correct_to_the_last_digits():
    rng = np.random.default_rng(0)
    p = np.concatenate(
        [rng.random(500), 10.0 ** -rng.uniform(0, 307, 500), 1 - 10.0 ** -rng.uniform(1, 15, 500)]
    )
    for base, bound in {math.e: 4e-16, 2: 4e-16, 10: 6e-16, 3: 6e-16}.items():
        truth = [-mpmath.log(mpmath.mpf(float(x))) / mpmath.log(mpmath.mpf(base)) for x in p]
        worst = max(abs(float(h / t - 1)) for h, t in zip(surprisal(p, base=base), truth, strict=True))
        assert worst < bound, f"base {base}"


@given(st.floats(1e-150, 1), st.floats(1e-150, 1))
def test_surprisal_adds_up_over_independent_events(p, q):
    assert surprisal(p * q) == pytest.approx(surprisal(p) + surprisal(q), rel=1e-14, abs=1e-15)


@given(st.floats(0, 1), st.floats(0, 1))
def test_surprisal_falls_as_the_probability_grows(p, q):
    assert (surprisal(p) >= surprisal(q)) if p <= q else (surprisal(p) <= surprisal(q))


@pytest.mark.parametrize(
    ("given_as", "kept"), [("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("i8", "f8"), ("u1", "f8")]
)
@pytest.mark.parametrize("base", [math.e, 2, 7])
def test_surprisal_keeps_the_dtype_it_computes_in(given_as, kept, base):
    assert surprisal(np.ones((2, 3), dtype=given_as), base=base).dtype == kept
    assert surprisal(np.ones((2, 3), dtype=given_as), base=base).shape == (2, 3)


def test_surprisal_of_nothing_is_nothing():
    assert surprisal([]).shape == (0,)


@pytest.mark.parametrize(
    ("p", "found"), [(1.5, "1.5"), ([0.5, -0.1], "-0.1"), (math.nan, "nan"), (math.inf, "inf")]
)
def test_surprisal_refuses_what_is_no_probability(p, found):
    with pytest.raises(ProbabilityError, match=f"from 0 to 1, found {found}$"):
        surprisal(p)


# --- entropy: accuracy ----------------------------------------------------------------------------------


@pytest.mark.parametrize("small", [10.0**-k for k in range(1, 300, 7)] + [1e-12])
def test_entropy_where_one_outcome_is_all_but_certain(small):
    for p in ([1 - small, small], [small, 1 - small], [small, 1 - 2 * small, small]):
        assert relative_error(p) < 1e-15


def test_entropy_is_accurate_for_every_size_and_shape_of_distribution():
    rng = np.random.default_rng(1)
    for _ in range(300):
        n = int(10 ** rng.uniform(0.4, 2.7))
        p = as_distribution(rng.dirichlet(np.full(n, 10 ** rng.uniform(-1, 2))) + 1e-300)
        assert relative_error(p) < 2e-15


@pytest.mark.parametrize("n", [31, 32, 33, 1000, _rows.BLOCK + 1])
def test_entropy_of_long_rows_with_and_without_a_dominant_outcome(n):
    p = np.random.default_rng(n).random(n)
    assert relative_error(as_distribution(p)) < 1e-14
    p *= 1e-10 / p.sum()
    p[n // 2] = 1 - p.sum() + p[n // 2]
    assert relative_error(p) < 1e-14


def test_entropy_of_ten_million_equal_outcomes():
    assert entropy(np.full(10_000_000, 1e-7)) == pytest.approx(math.log(1e7), rel=1e-14)


def test_two_halves_in_different_blocks():
    p = np.zeros(3 * _rows.BLOCK)
    p[[5, -5]] = 0.5
    assert entropy(p, base=2) == 1
    p[[5, -5]] = 0.75, 0.25
    assert entropy(p) == pytest.approx(entropy([0.75, 0.25]), rel=1e-15)


def test_rounding_of_the_sum_is_divided_out():
    assert relative_error([1 - 1e-9, 1e-30]) < 1e-15  # here log(sum) outweighs the entropy by 19 orders
    assert relative_error([0.5 + 4e-9, 0.5 + 4e-9]) < 1e-15


@given(weights)
def test_entropy_agrees_with_50_digits(w):
    p = as_distribution(w)
    if exact_entropy(p) > 0:
        assert relative_error(p) < 2e-15


@given(weights)
def test_few_and_many_follow_one_formula(w):
    p = as_distribution(w)
    single, padded = entropy(p), entropy(np.concatenate([p, np.zeros(2 * _rows.FEW)]))
    assert single == pytest.approx(padded, rel=1e-14, abs=0)


# --- entropy: laws --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "bits"), [([0.5, 0.5], 1), ([0.25] * 4, 2), ([0.7, 0.3], 0.8813), ([0.99, 0.01], 0.0808)]
)
def test_entropy_of_coins(p, bits):
    assert entropy(p, base=2) == pytest.approx(bits, abs=5e-5)


@pytest.mark.parametrize("n", [1, 2, 10, 100, 100_000])
@pytest.mark.parametrize("dtype", [int, np.float16, np.float32, float])
def test_entropy_of_a_point_mass_is_plus_zero(n, dtype):
    p = np.zeros(n, dtype=dtype)
    p[n // 3] = 1
    assert entropy(p) == 0
    assert math.copysign(1, entropy(p)) == 1
    assert np.all(np.copysign(1, entropy(np.stack([p, p]))) == 1)


@given(weights)
def test_entropy_lies_between_zero_and_log_n(w):
    p = as_distribution(w)
    assert 0 <= entropy(p) <= math.log(len(p)) * (1 + 1e-15)


@given(weights, st.randoms(use_true_random=False))
def test_entropy_knows_no_order(w, random):
    p = as_distribution(w)
    shuffled = np.array(random.sample(list(p), len(p)))
    assert entropy(shuffled) == pytest.approx(entropy(p), rel=2e-15)


@given(weights, weights)
def test_entropy_of_independent_pairs_adds_up(w, v):
    p, q = as_distribution(w), as_distribution(v)
    joint = entropy(np.outer(p, q).ravel())
    assert joint == pytest.approx(entropy(p) + entropy(q), rel=1e-12, abs=1e-300)


@given(weights, st.floats(0, 1))
def test_mixing_never_lowers_entropy_below_the_average(w, t):
    p = as_distribution(w)
    q = p[::-1]
    mixed = entropy(t * p + (1 - t) * q)
    assert mixed >= (t * entropy(p) + (1 - t) * entropy(q)) * (1 - 1e-14)


@given(weights, st.sampled_from([2, 3, 10, 0.5]))
def test_base_only_changes_the_unit(w, base):
    p = as_distribution(w)
    assert entropy(p, base=base) == pytest.approx(entropy(p) / math.log(base), rel=1e-15)


@given(weights, st.floats(1e-3, 1e3))
def test_normalize_takes_any_weights(w, scale):
    p = as_distribution(w)
    assert entropy(w * scale, normalize=True) == pytest.approx(entropy(p), rel=1e-13, abs=1e-300)


def test_normalize_takes_counts_and_leaves_them_alone():
    counts = np.array([[3, 1], [5, 0]])
    before = counts.copy()
    np.testing.assert_allclose(entropy(counts, normalize=True), [entropy([0.75, 0.25]), 0])
    np.testing.assert_array_equal(counts, before)


# --- entropy: axes, dtypes, layouts ---------------------------------------------------------------------


@given(
    hnp.array_shapes(min_dims=1, max_dims=4, max_side=6),
    st.data(),
)
def test_every_axis_and_layout_gives_the_same_numbers(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    p = np.random.default_rng(sum(shape)).random(shape) + 0.01
    p /= p.sum(axis=axis, keepdims=True)
    h = entropy(p, axis=axis)
    np.testing.assert_allclose(h, -np.sum(p * np.log(p), axis=axis), rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(entropy(np.asfortranarray(p), axis=axis), h)
    kept = entropy(p, axis=axis, keepdims=True)
    assert np.shape(kept) == tuple(1 if i == axis % p.ndim else n for i, n in enumerate(shape))
    np.testing.assert_array_equal(np.squeeze(kept, axis=axis), h)


def test_many_rows_across_several_blocks():
    p = np.random.default_rng(0).dirichlet(np.full(50, 0.3), size=2000)
    np.testing.assert_allclose(entropy(p), scipy.stats.entropy(p, axis=-1), rtol=1e-13)
    np.testing.assert_allclose(entropy(p.T, axis=0), entropy(p), rtol=1e-15)


def test_no_rows_give_no_entropies():
    assert entropy(np.empty((0, 3))).shape == (0,)
    assert entropy(np.empty((4, 0, 3))).shape == (4, 0)
    assert entropy(np.empty((4, 0, 3)), keepdims=True, normalize=True).shape == (4, 0, 1)


@pytest.mark.parametrize(("dtype", "scale"), [(np.float16, 2e-3), (np.float32, 1e-6), (np.float64, 1e-15)])
def test_coarse_dtypes_are_read_exactly_and_reduced_in_float64(dtype, scale):
    p = as_distribution(np.random.default_rng(0).random(200)).astype(dtype)
    h = entropy(p.reshape(1, -1))
    assert h.dtype == np.float64
    assert relative_error(p) < 1e-14
    assert h[0] == pytest.approx(float(exact_entropy(np.random.default_rng(0).random(200))), rel=scale)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.uint8])
def test_coarse_weights_are_normalised_in_float64(dtype):
    weights = np.arange(1, 60).astype(dtype)
    expected = float(exact_entropy(weights))
    assert entropy(weights, normalize=True) == pytest.approx(expected, rel=1e-15)
    np.testing.assert_allclose(entropy(np.stack([weights] * 2), normalize=True), expected, rtol=1e-15)


def test_one_distribution_gives_a_plain_float():
    assert type(entropy([0.5, 0.5])) is float
    assert type(surprisal(0.5)) is float
    assert type(entropy(np.array([1.0], dtype=np.float32))) is float


def test_the_input_is_never_changed():
    p = np.random.default_rng(0).dirichlet(np.ones(3), size=10)
    p[0] = 1, 0, 0
    p.flags.writeable = False
    entropy(p), entropy(p, normalize=True), surprisal(p)


def test_agrees_with_scipy_and_torch():
    p = np.random.default_rng(3).dirichlet(np.ones(12), size=40)
    np.testing.assert_allclose(entropy(p), scipy.stats.entropy(p, axis=1), rtol=1e-13)
    np.testing.assert_allclose(entropy(p), scipy.special.entr(p).sum(axis=1), rtol=1e-13)
    np.testing.assert_allclose(
        entropy(p), torch.distributions.Categorical(torch.tensor(p)).entropy(), rtol=1e-13
    )
    np.testing.assert_allclose(surprisal(p), -torch.log(torch.tensor(p)), rtol=1e-14)


# --- entropy: what it refuses ---------------------------------------------------------------------------


@pytest.mark.parametrize("tail", [0, 100])
@pytest.mark.parametrize(
    ("p", "message"),
    [
        ([0.5, 0.4], r"p sums to 0\.9, not 1; pass normalize=True"),
        ([0.5, 0.5 + 2e-8], r"p sums to 1\.00000002, not 1; pass normalize=True"),
        ([0.7, 0.5, -0.2], r"p holds a negative probability, -0\.2"),
        ([0.5, math.nan, 0.5], "p holds NaN"),
        ([math.nan, 0.5, 0.5], "p holds NaN"),
        ([0.5, 0.5, math.nan], "p holds NaN"),
        ([0.5, math.inf], "p holds an infinite entry"),
        ([math.inf, -math.inf], "p holds a negative probability, -inf"),
        ([0.0, 0.0], "p sums to 0, not 1"),
        ([1e308, 1e308], "p holds an infinite entry or its sum overflows"),
    ],
)
def test_entropy_refuses_what_is_no_distribution(p, message, tail):
    p = np.concatenate([p, np.zeros(tail)])
    with pytest.raises(ProbabilityError, match=message):
        entropy(p)
    with pytest.raises(ProbabilityError, match=message):
        entropy(np.stack([np.eye(len(p))[0], p]))


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float16, 1e-2), (np.float32, 1e-4), (np.float64, 1e-8)])
def test_the_tolerance_follows_the_dtype(dtype, tolerance):
    entropy(np.array([0.5, 0.5 + 0.8 * tolerance], dtype=dtype))
    with pytest.raises(ProbabilityError, match="not 1; pass normalize=True"):
        entropy(np.array([0.5, 0.5 + 1.3 * tolerance], dtype=dtype))


def test_one_bad_row_among_many_is_found_and_its_sum_named():
    p = np.random.default_rng(0).dirichlet(np.ones(4), size=10_000)
    p[7777] *= 0.75
    with pytest.raises(ProbabilityError, match=r"p sums to 0\.75, not 1"):
        entropy(p)


@pytest.mark.parametrize(
    ("p", "message"),
    [
        ([0, 0], "sums to 0, so there is nothing to normalise"),
        ([[1, 1], [0, 0]], "sums to 0, so there is nothing to normalise"),
        ([3, -1], "negative probability, -1"),
        ([1, math.nan], "NaN"),
        ([1, math.inf], "infinite"),
    ],
)
def test_normalize_has_its_limits(p, message):
    with pytest.raises(ProbabilityError, match=message):
        entropy(p, normalize=True)


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize(
    ("p", "axis", "error", "message"),
    [
        (0.5, -1, ProbabilityError, "p is a single number"),
        ([], -1, ProbabilityError, "p has no outcomes along axis -1"),
        (np.ones((2, 0)), 1, ProbabilityError, r"no outcomes along axis 1 \(shape \(2, 0\)\)"),
        ([0.5, 0.5], 1, ValueError, r"axis 1 does not exist: p has 1 dimension\(s\)"),
        ([0.5, 0.5], -2, ValueError, "axis -2 does not exist"),
        ([0.5, 0.5], None, TypeError, "axis must be one whole number, not None"),
        (
            [[0.5, 0.5]],
            (0, 1),
            TypeError,
            r"axis must be one whole number, not \(0, 1\); for several axes, reshape",
        ),
        ([0.5, 0.5], 0.0, TypeError, "axis must be one whole number, not 0.0"),
        (["a"], -1, TypeError, "p must hold real numbers, not dtype <U1"),
        ([1j], -1, TypeError, "p must hold real numbers, not dtype complex128"),
        ([True, False], -1, TypeError, "p must hold real numbers, not dtype bool"),
        ([None], -1, TypeError, "p must hold real numbers, not dtype object"),
    ],
)
def test_entropy_refuses_wrong_axes_and_dtypes(p, axis, error, message, normalize):
    with pytest.raises(error, match=message):
        entropy(p, axis=axis, normalize=normalize)


@pytest.mark.parametrize("f", [entropy, surprisal])
@pytest.mark.parametrize("base", [0, 1, -2, math.inf, math.nan, 1.0])
def test_bases_that_make_no_unit(f, base):
    with pytest.raises(ValueError, match="base must be positive, finite and not 1"):
        f([0.5, 0.5], base=base)


@pytest.mark.parametrize("f", [entropy, surprisal])
@pytest.mark.parametrize("base", ["2", None, True, 2j])
def test_bases_that_are_no_numbers(f, base):
    with pytest.raises(TypeError, match="base must be a number, not"):
        f([0.5, 0.5], base=base)

"""The one place that checks input: what passes, what fails, and with which words."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib import ProbabilityError
from course_lib import _validate as v


def test_a_probability_error_is_a_value_error():
    assert issubclass(ProbabilityError, ValueError)


@pytest.mark.parametrize(
    ("given_as", "kept"),
    [
        ("f2", "f4"),
        ("f4", "f4"),
        (">f4", "f4"),
        ("f8", "f8"),
        (">f8", "f8"),
        ("g", "f8"),
        ("i1", "f8"),
        ("u8", "f8"),
    ],
)
def test_as_float_follows_the_dtype_rules(given_as, kept):
    x = v.as_float(np.ones(3, dtype=given_as))
    assert x.dtype.newbyteorder("=") == np.dtype(kept)


def test_as_float_copies_nothing_it_need_not():
    x = np.ones(3)
    assert v.as_float(x) is x


@pytest.mark.parametrize("x", [[1j], ["1"], [True], [None], [np.datetime64("2020-01-01")]])
def test_as_float_refuses_other_dtypes(x):
    with pytest.raises(TypeError, match=r"weights must hold real numbers, not dtype .*; convert it"):
        v.as_float(x, name="weights")


@given(hnp.array_shapes(min_dims=1, max_dims=4, max_side=5), st.data())
def test_rows_and_back(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    keepdims = data.draw(st.booleans())
    x = np.random.default_rng(0).random(shape)
    rows = v.as_rows(x, axis, name="x")
    assert rows.shape == (x.size // shape[axis], shape[axis])
    back = v.from_rows(rows.sum(axis=-1), x.shape, axis, keepdims=keepdims)
    np.testing.assert_allclose(back, x.sum(axis=axis, keepdims=keepdims), rtol=1e-14)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_as_probabilities_normalises_along_an_axis_in_double_precision(axis):
    w = np.random.default_rng(0).random((3, 4, 5), dtype=np.float32) * 7
    p = v.as_probabilities(w, axis=axis, normalize=True)
    exact = w.astype(np.float64)
    np.testing.assert_allclose(p.sum(axis=axis), 1, rtol=1e-15)
    np.testing.assert_allclose(p * exact.sum(axis=axis, keepdims=True), exact, rtol=1e-15)
    assert v.as_probabilities(p.astype(np.float32), axis=axis).dtype == np.float32


def test_as_probabilities_returns_a_distribution_untouched():
    p = np.array([0.5, 0.5])
    assert v.as_probabilities(p) is p


@pytest.mark.parametrize(
    ("p", "options", "message"),
    [
        ([0.2, 0.2], {}, r"prior sums to 0\.4, not 1; divide them by their sum if these are weights"),
        ([0.2, 0.2], {"normalize": False}, r"not 1; pass normalize=True if these are weights"),
        ([0.7, 0.7], {}, r"prior sums to 1\.4, not 1"),
        ([-0.5, 1.5], {}, r"prior holds a negative probability, -0\.5"),
        ([math.nan, 1], {}, "prior holds NaN; find out where it came from"),
        ([math.inf, 1], {}, "prior holds an infinite entry"),
        ([0, 0], {"normalize": True}, "prior sums to 0, so there is nothing to normalise"),
        ([], {}, "prior has no outcomes along axis -1"),
        (1.0, {}, "prior is a single number"),
    ],
)
def test_as_probabilities_says_what_is_wrong(p, options, message):
    with pytest.raises(ProbabilityError, match=message):
        v.as_probabilities(p, name="prior", **options)


def test_check_logits_lets_finite_rows_and_some_minus_infinity_through():
    logits = np.array([[0.0, -np.inf], [800.0, -800.0]])
    assert v.check_logits(logits) is logits


@pytest.mark.parametrize(
    ("logits", "message"),
    [
        ([0.0, math.nan], "scores holds NaN"),
        ([0.0, math.inf], r"scores holds \+inf"),
        ([-math.inf, -math.inf], "scores rules every outcome out"),
        ([[0.0, 0.0], [-math.inf, -math.inf]], "scores rules every outcome out"),
        ([], "scores rules every outcome out"),
        (1.0, "scores is a single number"),
    ],
)
def test_check_logits_says_what_is_wrong(logits, message):
    with pytest.raises(ValueError, match=message):
        v.check_logits(logits, name="scores")


@pytest.mark.parametrize("check", [v.check_number, v.check_positive, v.check_probability])
@pytest.mark.parametrize("value", ["1", None, [1.0], True, 1j, np.array([1.0]), np.bool_(True)])
def test_one_number_means_one_number(check, value):
    with pytest.raises(TypeError, match="rate must be one number, not"):
        check(value, name="rate")


@pytest.mark.parametrize("check", [v.check_number, v.check_positive, v.check_probability])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_one_number_is_finite(check, value):
    with pytest.raises(ValueError, match="rate must be finite, got"):
        check(value, name="rate")


@pytest.mark.parametrize("value", [0, -1, -0.0])
def test_positive_means_above_zero(value):
    with pytest.raises(ValueError, match="rate must be above 0, got"):
        v.check_positive(value, name="rate")


@pytest.mark.parametrize("value", [-1e-300, 1.1, 2])
def test_probability_means_zero_to_one(value):
    with pytest.raises(ProbabilityError, match="must be a probability, from 0 to 1, got"):
        v.check_probability(value, name="p")


@pytest.mark.parametrize("value", [1.0, np.float64(2), "1", None, True])
def test_whole_means_whole(value):
    with pytest.raises(TypeError, match="n must be a whole number, not"):
        v.check_whole(value, name="n")


def test_whole_has_a_lower_end():
    assert v.check_whole(np.int64(0), name="n") == 0
    with pytest.raises(ValueError, match="n must be 1 or more, got 0"):
        v.check_whole(0, name="n", lowest=1)


def test_as_rng_takes_a_generator_as_it_is_and_seeds_a_new_one():
    rng = np.random.default_rng(0)
    assert v.as_rng(rng) is rng
    assert v.as_rng(5).random() == v.as_rng(np.int32(5)).random() == np.random.default_rng(5).random()
    assert v.as_rng(None).random() != v.as_rng(None).random()


@pytest.mark.parametrize("rng", [1.0, "seed", True, np.random.RandomState(0), np.random])
def test_as_rng_refuses_the_rest(rng):
    with pytest.raises(TypeError, match="rng must be a numpy Generator, a whole-number seed or None, not"):
        v.as_rng(rng)


@pytest.mark.parametrize(("dtype", "tolerance"), [("f2", 1e-2), ("f4", 1e-4), ("f8", 1e-8), ("g", 1e-8)])
def test_a_sum_may_be_off_by_what_its_dtype_explains_and_no_more(dtype, tolerance):
    assert v.sum_tolerance(np.ones(2, dtype=dtype)) == tolerance
    v.check_masses(0.5, 1 - 0.99 * tolerance, 1 + 0.99 * tolerance, tolerance=tolerance, name="p")
    for total in (1 - 1.01 * tolerance, 1 + 1.01 * tolerance):
        with pytest.raises(ProbabilityError, match="p sums to"):
            v.check_masses(0.5, total, total, tolerance=tolerance, name="p")


@pytest.mark.parametrize("base", [2, 0.5, math.e, np.float32(10)])
def test_a_base_makes_a_unit(base):
    assert v.check_base(base) == base


@pytest.mark.parametrize("base", [1, 1.0, 0, -2, math.inf, math.nan])
def test_these_bases_make_none(base):
    with pytest.raises(ValueError, match="base must be positive, finite and not 1"):
        v.check_base(base)


@pytest.mark.parametrize("base", ["2", None, True, [2]])
def test_a_base_is_a_number(base):
    with pytest.raises(TypeError, match="base must be a number, not"):
        v.check_base(base)

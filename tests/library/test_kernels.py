"""The shared kernels against exact arithmetic."""

import math

import mpmath
import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from course_lib._kernels import (
    BLOCK,
    SHORT,
    add_blocks,
    blocks,
    deviance,
    log_sum_exp,
    p_log_p_sums,
    partials,
    row_sums,
    split_largest,
    stirling_remainder,
)

mpmath.mp.dps = 50


@pytest.mark.parametrize(
    "shape", [(0, 3), (1, 1), (7, 5), (BLOCK, 3), (3, BLOCK), (2, BLOCK + 1), (2, 3 * BLOCK)]
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_blocks_cover_every_entry_once(shape, order):
    rows = np.asarray(np.random.default_rng(0).random(shape, dtype=np.float32), order=order)
    sums = partials(rows)
    for block, at in blocks(rows):
        assert block.size <= BLOCK
        assert block.dtype == np.float64
        assert block.flags.c_contiguous
        sums[at] += block.sum(axis=-1)
    np.testing.assert_allclose(add_blocks(sums), rows.sum(axis=-1, dtype=np.float64), rtol=1e-13)


def test_split_largest_takes_one_entry_of_each_row():
    rows = np.array([[1.0, 3.0, 2.0], [5.0, 5.0, 0.0]])
    largest, others = split_largest(rows)
    np.testing.assert_array_equal(largest, [3, 5])
    np.testing.assert_array_equal(others, [[1, 0, 2], [0, 5, 0]])
    np.testing.assert_array_equal(rows[0], [1, 3, 2])


@pytest.mark.parametrize("k", [*range(40), 100, 12_345, 10**9, 10**15])
def test_stirling_remainder(k):
    k_log_k = k * mpmath.log(k) if k else 0
    truth = mpmath.loggamma(k + 1) - k_log_k + k
    assert float(stirling_remainder(k)) == pytest.approx(float(truth), rel=1e-15, abs=1e-15)


@given(st.floats(1e-10, 1e10), st.floats(-12, 2), st.booleans())
def test_deviance_is_accurate_however_close_the_two_are(m, log10_gap, above):
    gap = 10.0**log10_gap
    x = m * (1 + gap) if above else m / (1 + gap)
    a, b = mpmath.mpf(x), mpmath.mpf(m)
    truth = a * mpmath.log(a / b) - a + b
    found = float(deviance(x, m))
    assert found >= 0
    assert abs(found - truth) <= 2e-14 * truth


def test_deviance_at_the_edges():
    np.testing.assert_array_equal(deviance([0, 0, 3, 3], [0, 2, 3, 0]), [0, 2, 0, np.inf])


def test_log_sum_exp_agrees_with_scipy_where_exp_overflows():
    rows = np.random.default_rng(0).normal(scale=500, size=(20, 30))
    np.testing.assert_allclose(log_sum_exp(rows), scipy.special.logsumexp(rows, axis=-1), rtol=1e-15)
    assert log_sum_exp(np.array([[-1e5, -1e5]]))[0] == pytest.approx(np.log(2) - 1e5, rel=1e-15)


def test_p_log_p_is_zero_at_zero_and_one():
    p = np.array([[0, 5e-324, 1e-300, 0.5, 1]]).T
    expected = [0, 5e-324 * np.log(5e-324), 1e-300 * np.log(1e-300), -np.log(2) / 2, 0]
    np.testing.assert_allclose(p_log_p_sums(p, np.empty((5, 1))), expected, rtol=1e-15)


@pytest.mark.parametrize("n", [1, 50, SHORT, SHORT + 1, BLOCK])
@pytest.mark.parametrize("zeros", [False, True])
def test_p_log_p_sums_are_exact_to_rounding(n, zeros):
    rows = np.stack([np.full(n, 0.1), np.random.default_rng(0).random(n) + 1e-3])
    exact = [math.fsum(row * np.log(row)) for row in rows]
    found = p_log_p_sums(rows, np.empty_like(rows), zeros=zeros)
    np.testing.assert_allclose(found, exact, rtol=3e-15)


@pytest.mark.parametrize("n", [1, 50, SHORT, SHORT + 1, BLOCK])
def test_row_sums_are_exact_to_rounding_even_of_equal_numbers(n):
    rows = np.stack([np.full(n, 0.1), np.random.default_rng(0).random(n)])
    exact = [math.fsum(row) for row in rows]
    np.testing.assert_allclose(row_sums(rows), exact, rtol=3e-15)

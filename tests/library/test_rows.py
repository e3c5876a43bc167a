"""Sums over rows, against exact sums."""

import math

import numpy as np
import pytest

from course_lib._rows import BLOCK, SHORT, add_up, row_sums, spans
from course_lib.entropy import _p_log_p_sums, _split_largest


@pytest.mark.parametrize(
    "shape", [(0, 3), (1, 1), (7, 5), (BLOCK, 3), (3, BLOCK), (2, BLOCK + 1), (2, 3 * BLOCK)]
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_blocks_cover_every_entry_once(shape, order):
    rows = np.asarray(np.random.default_rng(0).random(shape, dtype=np.float32), order=order)
    seen = np.zeros(shape, dtype=int)
    for strip, piece, part in spans(rows):
        assert rows[strip, piece].size <= BLOCK
        assert part == piece.start // BLOCK
        seen[strip, piece] += 1
    assert np.all(seen == 1)


@pytest.mark.parametrize("n", [1, 50, SHORT + 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_add_up_adds_terms_of_several_tables_in_double_precision(n):
    a, b = np.random.default_rng(0).random((2, 3, n), dtype=np.float32)
    exact = [math.fsum(x) for x in a.astype(float) * b]
    np.testing.assert_allclose(add_up(np.multiply, a, b), exact, rtol=3e-15)


def test_split_largest_takes_one_entry_of_each_row():
    rows = np.array([[1.0, 3.0, 2.0], [5.0, 5.0, 0.0]])
    largest, others = _split_largest(rows)
    np.testing.assert_array_equal(largest, [3, 5])
    np.testing.assert_array_equal(others, [[1, 0, 2], [0, 5, 0]])
    np.testing.assert_array_equal(rows[0], [1, 3, 2])


def test_p_log_p_is_zero_at_zero_and_one():
    p = np.array([[0, 5e-324, 1e-300, 0.5, 1]]).T
    expected = [0, 5e-324 * np.log(5e-324), 1e-300 * np.log(1e-300), -np.log(2) / 2, 0]
    np.testing.assert_allclose(_p_log_p_sums(p, np.empty((5, 1))), expected, rtol=1e-15)


@pytest.mark.parametrize("n", [1, 50, SHORT, SHORT + 1, BLOCK])
@pytest.mark.parametrize("zeros", [False, True])
def test_p_log_p_sums_are_exact_to_rounding(n, zeros):
    rows = np.stack([np.full(n, 0.1), np.random.default_rng(0).random(n) + 1e-3])
    exact = [math.fsum(row * np.log(row)) for row in rows]
    found = _p_log_p_sums(rows, np.empty_like(rows), zeros=zeros)
    np.testing.assert_allclose(found, exact, rtol=3e-15)


@pytest.mark.parametrize("n", [1, 50, SHORT, SHORT + 1, BLOCK])
def test_row_sums_are_exact_to_rounding_even_of_equal_numbers(n):
    rows = np.stack([np.full(n, 0.1), np.random.default_rng(0).random(n)])
    exact = [math.fsum(row) for row in rows]
    np.testing.assert_allclose(row_sums(rows), exact, rtol=3e-15)

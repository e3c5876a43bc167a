"""Sums over rows of a table, in blocks: each row is a distribution, and most quantities are a sum over it.

Long data is walked in blocks small enough for the processor's cache: for ten million numbers, fetching fresh
memory for each temporary array would cost about as much as the logarithms do.

The divergences are sums over a ``Pair`` of tables. They hand in their formula twice: ``plain(p, q)`` as it
stands on paper, and ``close(p, q, d)``, in terms of d = p - q, for rows where the plain terms would cancel.
A divergence asks the pair for the sums, and the pair has ``add_up`` add the formula's terms.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_lib._validate import (
    as_float,
    as_rows,
    check_flag,
    check_masses,
    check_same_shape,
    from_rows,
    sum_tolerance,
)

BLOCK = 65_536  # elements: 512 kB of float64, as large as the cache beside a core allows
FEW = 32  # elements: up to here a loop in Python beats array calls
SHORT = 128  # entries of a row: NumPy's own sum is pairwise only beyond

# The terms of sum p log(p/q) cancel at most sqrt(2/KL)-fold: above 0.01 nats that costs two digits, no more.
CLOSE = 0.01
ROUNDING = 1e-15  # two sums that differ by no more need not be made equal where a sum is above CLOSE

Terms = Callable[..., np.ndarray]
Several = Callable[..., tuple[np.ndarray, ...]]


# ------------------------------------------------------------------------------------- blocks and sums


def strips(rows: np.ndarray) -> Iterator[slice]:
    """Yield slices of whole rows: as many as fill a block, at least one."""
    height = max(1, BLOCK // rows.shape[1])
    return (slice(i, i + height) for i in range(0, len(rows), height))


def spans(rows: np.ndarray) -> Iterator[tuple[slice, slice, int]]:
    """Yield where blocks of a table lie, several rows or part of one, and which part of its rows each is."""
    for strip in strips(rows):
        for part, j in enumerate(range(0, rows.shape[1], BLOCK)):
            yield strip, slice(j, j + BLOCK), part


def row_sums(rows: np.ndarray) -> np.ndarray:
    """Add up each row: pairwise where rows are long; short ones einsum adds as well and twice as fast."""
    return np.einsum("ij->i", rows) if rows.shape[1] <= SHORT else np.add.reduce(rows, axis=-1)


def add_up(terms: Terms | Several, *tables: np.ndarray, lows: list | None = None) -> np.ndarray:
    """Return the sum of terms(*tables) over each row, in double precision and block by block.

    A column (R, 1) beside wider tables holds one number per row, which every block of the row is given. Terms
    may be a tuple; the sums then have the shape (terms, R). ``lows`` gets each block's lowest entries.
    """
    found = []
    for strip in list(strips(tables[0])) or [slice(0)]:  # a table without rows has no sums, in the same shape
        parts = []
        for j in range(0, tables[0].shape[1], BLOCK):
            pieces = (a[strip, j : j + BLOCK] if a.shape[1] > 1 else a[strip] for a in tables)
            block = [np.asarray(piece, dtype=np.float64) for piece in pieces]
            parts.append(_sums(terms(*block)))
            if lows is not None:
                lows.append([np.minimum.reduce(a, axis=None, initial=np.inf) for a in block])
        found.append(parts[0] if len(parts) == 1 else np.sum(parts, axis=0))
    return found[0] if len(found) == 1 else np.concatenate(found, axis=-1)


def _sums(terms: np.ndarray | tuple[np.ndarray, ...]) -> np.ndarray:
    return np.array([row_sums(a) for a in terms]) if isinstance(terms, tuple) else row_sums(terms)


class Extremes(NamedTuple):
    """What a sum sees of its input on the way, enough to judge whether the rows were distributions."""

    lowest: float  # entry
    least: float  # sum of a row
    most: float  # sum of a row


def extremes_of(lows: ArrayLike, sums: np.ndarray) -> Extremes:
    """Return the lowest of the blocks' lowest entries, and the least and most of the rows' sums."""
    lowest = np.minimum.reduce(lows, initial=np.inf)  # unlike min(), lets NaN through
    return Extremes(lowest, np.minimum.reduce(sums, initial=np.inf), np.maximum.reduce(sums, initial=-np.inf))


# ---------------------------------------------------------------------------- two tables side by side


class Pair:
    """Two arrays of distributions as tables (R, n), one distribution a row; how to add up and judge them.

    The rows are compared as the distributions they stand for, q rescaled to the sum of p. Rounding leaves the
    sums of two arrays of floats 1e-16 or so apart, and where p is close to q that would drown the answer.
    """

    def __init__(self, p: ArrayLike, q: ArrayLike, *, axis: int, normalize: bool):
        x, y = as_float(p, name="p"), as_float(q, name="q")
        check_same_shape(x, y, "p", "q")
        self.p, self.q = as_rows(x, axis, name="p"), as_rows(y, axis, name="q")
        self.shape, self.axis, self.normalize = x.shape, axis, check_flag(normalize, name="normalize")
        self.tolerances = sum_tolerance(p), sum_tolerance(q)

    @cached_property
    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """The tables of p and q, at a scale where no quotient of weights leaves the range of a float."""
        return of_one_size(self.p, self.q) if self.normalize else (self.p, self.q)

    @np.errstate(all="ignore")  # what zeros, infinities and NaN make of the sums is judged by ``check``
    def plain_sums(self, plain: Terms, *, scale: Terms | None = None) -> np.ndarray:
        """Return the sum of plain(p, q) over each row, for p and q brought to the sum 1.

        ``scale(c)`` is what the sum grows by if q is divided by c; knowing it saves a walk over the tables.
        Without it q is brought to the sum of p first.
        """
        p, q = self.weights
        lows: list[list[float]] = []
        if scale is not None:
            p_sum, q_sum, terms = add_up(lambda p, q: (p, q, plain(p, q)), p, q, lows=lows)
            self.check_sums(lows, p_sum, q_sum)
            return terms / p_sum + scale(q_sum / p_sum)
        p_sum, q_sum = add_up(lambda p, q: (p, q), p, q, lows=lows)
        self.check_sums(lows, p_sum, q_sum)
        ratio = p_sum / q_sum
        if np.all(np.abs(ratio - 1) <= ROUNDING):
            return add_up(plain, p, q) / p_sum
        return add_up(lambda p, q, r: plain(p, r * q), p, q, ratio[:, None]) / p_sum

    @np.errstate(all="ignore")
    def close_sums(self, close: Terms, *, instead_of: np.ndarray | None = None) -> np.ndarray:
        """Return the sum of close(p, q, d) over each row, where d = p - q has all the digits of p and q.

        With ``instead_of``, which are the plain sums, only those are replaced whose terms may have cancelled.

        A ratio r brings q to the sum of p. The difference p - r q is then (p - q) - (r - 1) q, and r - 1 is
        the sum of p - q over that of q. All are differences of floats, exact where p and q are close.
        """
        values = np.empty(len(self.p)) if instead_of is None else instead_of
        rows = np.full(len(values), True) if instead_of is None else may_have_cancelled(values)
        if not rows.any():
            return values
        p, q = self.weights if rows.all() else (table[rows] for table in self.weights)
        lows: list[list[float]] = []
        p_sum, q_sum, excess = add_up(lambda p, q: (p, q, p - q), p, q, lows=lows)
        self.check_sums(lows, p_sum, q_sum)
        r, e = (p_sum / q_sum)[:, None], (excess / q_sum)[:, None]
        values[rows] = add_up(lambda p, q, r, e: close(p, r * q, (p - q) - e * q), p, q, r, e) / p_sum
        return values

    @np.errstate(all="ignore")
    def tables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return p, q and p - q as tables, for p and q brought to the sum 1."""
        p, q = (np.asarray(table, dtype=np.float64) for table in self.weights)
        p_sum, q_sum, excess = row_sums(p), row_sums(q), row_sums(p - q)
        self.check_sums([[p.min(initial=np.inf), q.min(initial=np.inf)]], p_sum, q_sum)
        p_sum, q_sum, excess = (column[:, None] for column in (p_sum, q_sum, excess / q_sum))
        return p / p_sum, q / q_sum, ((p - q) - excess * q) / p_sum

    def check(self, *seen: Extremes) -> None:
        """Judge p, then q, by what a sum saw of them on the way."""
        for name, found, tolerance in zip("pq", seen, self.tolerances, strict=True):
            check_masses(*found, tolerance=tolerance, name=name, normalize=self.normalize)

    def check_sums(self, lows: list, *sums: np.ndarray) -> None:
        """Judge p, then q, by the lowest entries of their blocks and the sums of their rows."""
        self.check(*map(extremes_of, np.transpose(lows), sums))

    def result(self, values: np.ndarray, keepdims: bool) -> float | np.ndarray:
        """Return one value a row as the result of a reduction along the axis."""
        return from_rows(values, self.shape, self.axis, keepdims=keepdims)


def may_have_cancelled(sums: np.ndarray) -> np.ndarray:
    """Return which sums of plain terms are too small, or not finite, to be trusted to the last digits."""
    return ~((sums > CLOSE) & (sums < np.inf))  # NaN is in here too


@np.errstate(all="ignore")
def of_one_size(p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights p and q; if sums are far apart or far from 1, each row is brought to a sum near 1.

    The scale of a row means nothing once it is normalised, but quotients of very small and very large weights
    leave the range of a float. Rows are multiplied by powers of two, which changes no digit.
    """
    p_size, q_size = (np.log2(row_sums(np.asarray(a, dtype=np.float64))) for a in (p, q))
    if np.all((np.abs(p_size) < 64) & (np.abs(q_size - p_size) < 2)):
        return p, q
    p_power = -np.rint(p_size)
    q_power = p_power + np.rint(p_size - q_size)  # so that rows that are close stay so
    return _times_two_to(p_power, p), _times_two_to(q_power, q)


def _times_two_to(power: np.ndarray, rows: np.ndarray) -> np.ndarray:
    known = np.where(np.isfinite(power), power, 0)
    half = np.rint(known / 2)  # 2^1074 is no float, two factors are
    return rows * np.exp2(half)[:, None] * np.exp2(known - half)[:, None]

"""Sums over rows of a table, in blocks: each row is a distribution, and most quantities are a sum over it.

Long data is walked in blocks small enough for the processor's cache: for ten million numbers, fetching fresh
memory for each temporary array would cost about as much as the logarithms do.

The divergences are sums over a ``Pair`` of tables. They hand in their formula twice: ``plain(p, q)`` as it
stands on paper, and ``close(p, q, d)``, in terms of d = p - q, for rows where the plain terms would cancel.
"""

from collections.abc import Callable, Iterator
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
Sums = tuple[np.ndarray, np.ndarray, np.ndarray]


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


def add_up(terms: Terms | Several, *rows: np.ndarray, lows: list | None = None) -> np.ndarray:
    """Return the sum of terms(*rows) over each row of a strip, in double precision and block by block.

    Terms may be a tuple; the sums then have the shape (terms, R). ``lows`` gets each block's lowest entries.
    """
    sums = []
    for j in range(0, rows[0].shape[1], BLOCK):
        block = [np.asarray(a[:, j : j + BLOCK], dtype=np.float64) for a in rows]
        sums.append(_sums(terms(*block)))
        if lows is not None:
            lows.append([np.minimum.reduce(a, axis=None) for a in block])
    return sums[0] if len(sums) == 1 else np.sum(sums, axis=0)


def _sums(terms: np.ndarray | tuple[np.ndarray, ...]) -> np.ndarray:
    return np.array([row_sums(a) for a in terms]) if isinstance(terms, tuple) else row_sums(terms)


class Extremes(NamedTuple):
    """What a sum sees of its input on the way, enough to judge whether the rows were distributions."""

    lowest: float  # entry
    least: float  # sum of a row
    most: float  # sum of a row


def extremes(lows: ArrayLike, sums: np.ndarray) -> Extremes:
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

    def total(self, *, close: Terms, plain: Terms | None = None, scale: Terms | None = None) -> np.ndarray:
        """Return the sum over each row of plain(p, q), or of close(p, q, d) where the plain terms may cancel.

        Without ``plain`` it is the sum of close(p, q, d) everywhere. ``scale(c)`` is what the plain sum grows
        by if q is divided by c; without it, q is brought to the sum of p first.
        """
        if plain is None:
            return self._checked(close_sums, close)
        values = self._checked(plain_sums, plain, scale)
        small = ~((values > CLOSE) & (values < np.inf))  # NaN is in here too
        if small.any():
            p, q = (self.p, self.q) if small.all() else (self.p[small], self.q[small])
            values[small] = np.concatenate([close_sums(close, *s, [])[-1] for s in self._strips(p, q)])
        return values

    def tables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return p, q and p - q as tables, for rows of p and q that sum to 1."""
        self._checked(plain_sums, np.subtract, None)
        found = [(np.empty((0, self.p.shape[1])),) * 3]
        for p, q, p_sum, ratio, excess in (rescaled(*strip, []) for strip in self._strips(self.p, self.q)):
            total = p_sum[:, None]
            found.append((p / total, ratio * q / total, ((p - q) - excess * q) / total))
        p, q, d = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return p, q, d

    def _strips(self, p: np.ndarray, q: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for strip in strips(p):
            yield of_one_size(p[strip], q[strip]) if self.normalize else (p[strip], q[strip])

    def _checked(self, sums: Callable[..., Sums], *terms: Terms | None) -> np.ndarray:
        """Return what ``sums`` gives for the terms, strip by strip, and refuse what is no distribution."""
        lows: list[list[float]] = [[np.inf, np.inf]]
        none = (np.empty(0),) * 3
        found = [sums(*terms, p, q, lows) for p, q in self._strips(self.p, self.q)] or [none]
        p_sum, q_sum, values = found[0] if len(found) == 1 else map(np.concatenate, zip(*found, strict=True))
        p_low, q_low = np.transpose(lows)
        self.check(extremes(p_low, p_sum), extremes(q_low, q_sum))
        return values

    def check(self, *seen: Extremes) -> None:
        """Judge p, then q, by what a sum saw of them on the way."""
        for name, found, tolerance in zip("pq", seen, self.tolerances, strict=True):
            check_masses(*found, tolerance=tolerance, name=name, normalize=self.normalize)

    def reduced(self, values: np.ndarray, keepdims: bool) -> float | np.ndarray:
        """Return one value a row as the result of a reduction along the axis."""
        return from_rows(values, self.shape, self.axis, keepdims=keepdims)


@np.errstate(all="ignore")  # what zeros, infinities and NaN make of the sums is for the caller to judge
def plain_sums(plain: Terms, scale: Terms | None, p: np.ndarray, q: np.ndarray, lows: list) -> Sums:
    """Return of each row the sum of p, the sum of q, and that of plain(p, q) for p and q that sum to 1."""
    if scale is not None:
        p_sum, q_sum, terms = add_up(lambda p, q: (p, q, plain(p, q)), p, q, lows=lows)
        return p_sum, q_sum, terms / p_sum + scale(q_sum / p_sum)
    p_sum, q_sum = add_up(lambda p, q: (p, q), p, q, lows=lows)  # first: they cost little beside the terms
    ratio = p_sum / q_sum
    far = np.any(np.abs(ratio - 1) > ROUNDING)
    terms = add_up(lambda p, q: plain(p, ratio[:, None] * q if far else q), p, q)
    return p_sum, q_sum, terms / p_sum


@np.errstate(all="ignore")
def close_sums(close: Terms, p: np.ndarray, q: np.ndarray, lows: list) -> Sums:
    """Return the same with close(p, q, d), where d = p - q has all the digits that p and q have."""
    p, q, p_sum, ratio, excess = rescaled(p, q, lows)
    terms = add_up(lambda p, q: close(p, ratio * q, (p - q) - excess * q), p, q)
    return p_sum, p_sum / ratio[:, 0], terms / p_sum


def rescaled(p: np.ndarray, q: np.ndarray, lows: list) -> tuple[np.ndarray, ...]:
    """Return p, q, sum p, the ratio r that brings q to the sum of p, and r - 1; the last two as columns.

    The difference p - r q is then (p - q) - (r - 1) q, and r - 1 is the sum of p - q over that of q. All are
    differences of floats, exact where p and q are close.
    """
    p_sum, q_sum, excess = add_up(lambda p, q: (p, q, p - q), p, q, lows=lows)
    return p, q, p_sum, (p_sum / q_sum)[:, None], (excess / q_sum)[:, None]


@np.errstate(all="ignore")
def of_one_size(p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights p and q; if sums are far apart or far from 1, each row is brought to a sum near 1.

    The scale of a row means nothing once it is normalised, but quotients of very small and very large weights
    leave the range of a float. Rows are multiplied by powers of two, which changes no digit.
    """
    p_size, q_size = np.log2(add_up(lambda p, q: (p, q), p, q))
    if np.all((np.abs(p_size) < 64) & (np.abs(q_size - p_size) < 2)):
        return p, q
    p_power = -np.rint(p_size)
    q_power = p_power + np.rint(p_size - q_size)  # so that rows that are close stay so
    return _times_two_to(p_power, p), _times_two_to(q_power, q)


def _times_two_to(power: np.ndarray, rows: np.ndarray) -> np.ndarray:
    known = np.where(np.isfinite(power), power, 0)
    half = np.rint(known / 2)  # 2^1074 is no float, two factors are
    return rows * np.exp2(half)[:, None] * np.exp2(known - half)[:, None]

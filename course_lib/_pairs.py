"""Sums over two distributions side by side: checked, in pieces that fit the cache, without cancellation.

``summed(terms, rows)`` adds ``terms(p, q, d)`` over the outcomes: q has been rescaled to the sum of p, and d
is p - q, taken before that rescaling could round it. With d at hand each term has a form that never cancels.
"""

import copy
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from course_lib._kernels import (
    BLOCK,
    TINY,
    Extremes,
    atanh_tail,
    deviance,
    extremes,
    log_ratio,
    near_or_far,
    row_sums,
)
from course_lib._validate import as_float, as_rows, check_masses, from_rows, sum_tolerance

# The terms of sum p log(p/q) cancel at most sqrt(2/KL)-fold: above 0.01 nats that costs two digits, no more.
PLAIN_SUM_IS_EXACT = 0.01

Terms = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


# ----------------------------------------------------------------------------------- rows, checked


class Rows:
    """Two arrays of distributions as tables (R, n), one distribution a row; how to judge and return them."""

    def __init__(self, p: ArrayLike, q: ArrayLike, *, axis: int, normalize: bool = False):
        x, y = as_float(p, name="p"), as_float(q, name="q")
        check_same_shape(x, y, "p", "q")
        self.p, self.q = as_rows(x, axis, name="p"), as_rows(y, axis, name="q")
        if normalize:
            self.p, self.q = unit_peak(self.p), unit_peak(self.q)
        self.shape, self.axis, self.normalize = x.shape, axis, normalize
        self.tolerances = sum_tolerance(p), sum_tolerance(q)

    def check_sums(self, lows: np.ndarray, totals: Sequence[np.ndarray]) -> None:
        """Judge p, then q, by the lowest of all entries and the sums of the rows."""
        self.check(*(extremes([low], total) for low, total in zip(lows, totals, strict=True)))

    def check(self, *seen: Extremes) -> None:
        """Judge p, then q, by what a kernel saw of them on the way."""
        for name, found, tolerance in zip("pq", seen, self.tolerances, strict=True):
            check_masses(*found, tolerance=tolerance, name=name, normalize=self.normalize)

    def only(self, chosen: np.ndarray) -> "Rows":
        """Return the chosen rows alone; if that is all of them, without a copy."""
        few = copy.copy(self)
        if not chosen.all():
            few.p, few.q = self.p[chosen], self.q[chosen]
        return few

    def reduced(self, values: np.ndarray, keepdims: bool) -> float | np.ndarray:
        """Return one value a row as the result of a reduction along the axis."""
        return from_rows(values, self.shape, self.axis, keepdims=keepdims)


def check_same_shape(p: np.ndarray, q: np.ndarray, p_name: str, q_name: str) -> None:
    """Refuse two arrays of different shapes: broadcasting them in silence has hidden many a bug."""
    if p.shape != q.shape:
        raise ValueError(
            f"{p_name} has shape {p.shape} and {q_name} has shape {q.shape}; "
            f"give both the same shape, e.g. with np.broadcast_to"
        )


def unit_peak(weights: np.ndarray) -> np.ndarray:
    """Return rows of weights, each times the power of two that brings its largest entry to between 1/2 and 1.

    The scale of a row means nothing once it is normalised, but quotients of very small and very large weights
    leave the range of a float. A power of two changes no digit.
    """
    peak = weights.max(axis=-1, keepdims=True)
    exponent = np.frexp(np.where(np.isfinite(peak), peak, 1))[1]
    return np.ldexp(weights, -exponent) if np.any(exponent) else weights


# --------------------------------------------------------------------------------- sums in pieces


def sums_in_pieces(
    f: Callable, p: np.ndarray, q: np.ndarray, *per_row: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Apply ``f`` to float64 pieces of the tables p and q, and put together what it returns.

    f gives the lowest entries of its pieces, if it looks at them, and a few sums over each row of its pieces.
    The result has the lowest entries of all pieces, and the sums over whole rows, shape (sums, R).
    """
    rows, n = p.shape
    height = max(1, BLOCK // n)
    lows, sums = [], []
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        for i in range(0, max(rows, 1), height):
            strip = slice(i, i + height)
            columns = [a[strip, None] for a in per_row]
            found = [f(*_pieces(strip, j, p, q), *columns) for j in range(0, n, BLOCK)]
            lows += [low for low, _ in found]
            sums.append(np.array([part for _, part in found]).sum(axis=0))
    return np.minimum.reduce(lows), np.concatenate(sums, axis=-1)


def _pieces(strip: slice, j: int, *tables: np.ndarray) -> list[np.ndarray]:
    return [a[strip, j : j + BLOCK].astype(np.float64, copy=False) for a in tables]


def commensurate(rows: Rows) -> tuple[np.ndarray, np.ndarray, Sequence[np.ndarray], np.ndarray]:
    """Return p, q, the sums (P, Q) and the difference P - Q, which is added up from exact differences."""
    lows, (*totals, excess) = sums_in_pieces(_totals, rows.p, rows.q)
    rows.check_sums(lows, totals)
    if not rows.normalize:
        return rows.p, rows.q, totals, excess
    p, q = (a / total[:, None] for a, total in zip((rows.p, rows.q), totals, strict=True))
    _, (*totals, excess) = sums_in_pieces(_totals, p, q)
    return p, q, totals, excess


def _totals(p: np.ndarray, q: np.ndarray) -> tuple[tuple[float, float], tuple[np.ndarray, ...]]:
    return lowest(p, q), (row_sums(p), row_sums(q), row_sums(p - q))


def lowest(p: np.ndarray, q: np.ndarray) -> tuple[float, float]:
    """Return the smallest entry of p and of q; NaN if one is NaN."""
    return np.minimum.reduce(p, axis=None, initial=np.inf), np.minimum.reduce(q, axis=None, initial=np.inf)


def difference(p: np.ndarray, q: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """Return p - q P/Q, given excess = (P - Q)/Q: p - q first, which is exact where the two are close."""
    return (p - q) - excess * q


def summed(terms: Terms, rows: Rows) -> np.ndarray:
    """Return the sum over each row of terms(p, q, p - q), for p and q scaled to sum to one."""
    p, q, (p_total, q_total), excess = commensurate(rows)

    def piece(p: np.ndarray, q: np.ndarray, ratio: np.ndarray, excess: np.ndarray) -> tuple:
        flat = terms(p.ravel(), (ratio * q).ravel(), difference(p, q, excess).ravel())
        return (), (row_sums(flat.reshape(p.shape)),)

    _, (total,) = sums_in_pieces(piece, p, q, p_total / q_total, excess / q_total)
    return total / p_total


def anew_where_close(values: np.ndarray, terms: Terms, rows: Rows) -> np.ndarray:
    """Keep what the plain formula gave where it is exact; sum stable ``terms`` where p and q are close."""
    close = ~((values > PLAIN_SUM_IS_EXACT) & (values < np.inf))  # NaN is in here too
    if close.any():
        values[close] = summed(terms, rows.only(close))
    return values


# ------------------------------------------------------------------------------------------ terms


def kl_terms(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return p log(p/q) - (p - q), never negative; over two distributions it adds up to D_KL(p‖q)."""
    return deviance(p, q, d)


def js_terms(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return (p log(p/m) + q log(q/m))/2 with m = (p + q)/2: never negative, it adds up to JS(p, q).

    With u = (p - q)/(p + q) it is (p + q)/2 (u atanh(u) + log(1 - u^2)/2), a series in u^2 where u is small.
    """
    return near_or_far(_js_near, plain_js_terms, p, q, d)


def _js_near(u: np.ndarray, p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    return (p + q) / 2 * _js_series(u * u)


def plain_js_terms(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return (p log(p/m) + q log(q/m))/2 as it stands, which cancels where p and q are close."""
    m = np.maximum((p + q) / 2, TINY)
    return (p * np.log(np.maximum(p / m, TINY)) + q * np.log(np.maximum(q / m, TINY))) / 2


def jeffreys_terms(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return (p - q) log(p/q), never negative; it adds up to D_KL(p‖q) + D_KL(q‖p)."""
    return near_or_far(_jeffreys_near, _jeffreys_far, p, q, d)


def _jeffreys_near(u: np.ndarray, p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    return 2 * d * u * (1 + atanh_tail(u * u))


def _jeffreys_far(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    return d * log_ratio(p, q)


def tv_terms(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return |p - q|/2, which adds up to the total variation."""
    return np.abs(d) / 2


def _js_series(v: np.ndarray) -> np.ndarray:
    """Return u atanh(u) + log(1 - u^2)/2 = v/(1·2) + v^2/(3·4) + … for v = u^2 <= 0.01."""
    series = v / (17 * 18)
    for odd in range(15, 0, -2):
        series = v * (1 / (odd * (odd + 1)) + series)
    return series

"""Sums over two distributions side by side: checked, in pieces that fit the cache, without cancellation.

``summed(terms, rows)`` adds ``terms(p, q, d)`` over the outcomes: q has been rescaled to the sum of p, and d
is p - q, taken before that rescaling could round it. With d at hand each term has a form that never cancels.
"""

import copy
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from course_lib._validate import as_float, as_rows, check_masses, from_rows, sum_tolerance

BLOCK = 16_384  # elements: 128 kB of float64
NEAR = 0.1  # where |p - q| <= NEAR (p + q) logarithms would cancel, and a short series is exact to rounding
# The terms of sum p log(p/q) cancel at most sqrt(2/KL)-fold: above 0.01 nats that costs two digits, no more.
PLAIN_SUM_IS_EXACT = 0.01
TINY = np.finfo(np.float64).tiny

Terms = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


# ----------------------------------------------------------------------------------- rows, checked


class Rows:
    """Two arrays of distributions as tables (R, n), one distribution a row; how to judge and return them."""

    def __init__(self, p: ArrayLike, q: ArrayLike, *, axis: int, normalize: bool = False):
        x, y = as_float(p, name="p"), as_float(q, name="q")
        check_same_shape(x, y, "p", "q")
        self.p, self.q = as_rows(x, axis, name="p"), as_rows(y, axis, name="q")
        self.shape, self.axis, self.normalize = x.shape, axis, normalize
        self.tolerances = sum_tolerance(p), sum_tolerance(q)

    def check(self, *extremes: tuple[float, float, float]) -> None:
        """Judge p, then q, by the lowest entry and the least and the greatest sum of a row."""
        for name, measured, tolerance in zip("pq", extremes, self.tolerances, strict=True):
            check_masses(*measured, tolerance=tolerance, name=name, normalize=self.normalize)

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


# --------------------------------------------------------------------------------- sums in pieces


def over_blocks(f: Callable, p: np.ndarray, q: np.ndarray, *per_row: np.ndarray) -> np.ndarray:
    """Apply ``f`` to float64 pieces of the tables p and q; f returns a few numbers for each row of a piece.

    The result has shape (pieces of a row, numbers, R): to add or minimise over its first axis is left to do.
    """
    rows, n = p.shape
    height = max(1, BLOCK // n)
    strips = []
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        for i in range(0, max(rows, 1), height):
            strip = slice(i, i + height)
            columns = [a[strip, None] for a in per_row]
            pieces = [f(*_pieces(strip, j, p, q), *columns) for j in range(0, n, BLOCK)]
            strips.append(np.array(pieces))
    return np.concatenate(strips, axis=-1)


def _pieces(strip: slice, j: int, *tables: np.ndarray) -> list[np.ndarray]:
    return [a[strip, j : j + BLOCK].astype(np.float64, copy=False) for a in tables]


def commensurate(rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return p, q, the sums (P, Q) and the difference P - Q, which is added up from exact differences."""
    parts = over_blocks(_totals, rows.p, rows.q)
    totals = parts[:, 2:4].sum(axis=0)
    rows.check(*extremes(parts[:, :2], totals))
    if not rows.normalize:
        return rows.p, rows.q, totals, parts[:, 4].sum(axis=0)
    p, q = (a / total[:, None] for a, total in zip((rows.p, rows.q), totals, strict=True))
    parts = over_blocks(_totals, p, q)
    return p, q, parts[:, 2:4].sum(axis=0), parts[:, 4].sum(axis=0)


def _totals(p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, ...]:
    return *lowest(p, q), p.sum(axis=-1), q.sum(axis=-1), (p - q).sum(axis=-1)


def lowest(p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest entries of two pieces, once for each row."""
    return tuple(np.full(len(a), a.min(initial=np.inf)) for a in (p, q))


def extremes(lows: np.ndarray, totals: np.ndarray) -> list[tuple[float, float, float]]:
    """Return for p, then q, the lowest of all entries and the least and the greatest sum of a row."""
    return [
        (lows[:, k].min(initial=np.inf), totals[k].min(initial=np.inf), totals[k].max(initial=-np.inf))
        for k in (0, 1)
    ]


def difference(p: np.ndarray, q: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """Return p - q P/Q, given excess = (P - Q)/Q: p - q first, which is exact where the two are close."""
    return (p - q) - excess * q


def summed(terms: Terms, rows: Rows) -> np.ndarray:
    """Return the sum over each row of terms(p, q, p - q), for p and q scaled to sum to one."""
    p, q, (p_total, q_total), excess = commensurate(rows)

    def piece(p: np.ndarray, q: np.ndarray, ratio: np.ndarray, excess: np.ndarray) -> tuple[np.ndarray]:
        flat = terms(p.ravel(), (ratio * q).ravel(), difference(p, q, excess).ravel())
        return (flat.reshape(p.shape).sum(axis=-1),)

    return over_blocks(piece, p, q, p_total / q_total, excess / q_total)[:, 0].sum(axis=0) / p_total


# ------------------------------------------------------------------------------------------ terms


def kl_terms(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return p log(p/q) - (p - q), never negative; over two distributions it adds up to D_KL(p‖q).

    log(p/q) = 2 atanh(u) with u = (p - q)/(p + q), hence near zero (p - q) u + 2p (u^3/3 + u^5/5 + …).

    C. Loader, Fast and accurate computation of binomial probabilities, 2000.
    """
    return near_or_far(_kl_near, _kl_far, p, q, d)


def _kl_near(u: np.ndarray, p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    return d * u + 2 * p * u * _atanh_tail(u * u)


def _kl_far(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    return np.where(p > 0, p * log_ratio(p, q), 0.0) - d


def js_terms(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return (p log(p/m) + q log(q/m))/2 with m = (p + q)/2: never negative, it adds up to JS(p, q).

    With u = (p - q)/(p + q) it is (p + q)/2 (u atanh(u) + log(1 - u^2)/2), a series in u^2 where u is small.
    """
    return near_or_far(_js_near, _js_far, p, q, d)


def _js_near(u: np.ndarray, p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    return (p + q) / 2 * _js_series(u * u)


def _js_far(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    m = np.maximum((p + q) / 2, TINY)
    return (p * np.log(np.maximum(p / m, TINY)) + q * np.log(np.maximum(q / m, TINY))) / 2


def jeffreys_terms(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return (p - q) log(p/q), never negative; it adds up to D_KL(p‖q) + D_KL(q‖p)."""
    return near_or_far(_jeffreys_near, _jeffreys_far, p, q, d)


def _jeffreys_near(u: np.ndarray, p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    return 2 * d * u * (1 + _atanh_tail(u * u))


def _jeffreys_far(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    return d * log_ratio(p, q)


def tv_terms(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return |p - q|/2, which adds up to the total variation."""
    return np.abs(d) / 2


def near_or_far(near: Callable, far: Callable, p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return near(u, p, q, d) where u = d/(p + q) is small, far(p, q, d) elsewhere."""
    u = d / np.maximum(p + q, TINY)
    close = np.flatnonzero(np.abs(u) <= NEAR)
    if close.size == u.size:
        return near(u, p, q, d)
    out = far(p, q, d)
    out[close] = near(u[close], p[close], q[close], d[close])
    return out


def log_ratio(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return log(p/q), also where the quotient of a huge and a tiny number leaves the range of a float."""
    ratio = p / q
    out = np.log(ratio)
    lost = np.flatnonzero((ratio < TINY) | (ratio > 1 / TINY))
    out[lost] = np.log(p[lost]) - np.log(q[lost])
    return out


def _atanh_tail(v: np.ndarray) -> np.ndarray:
    """Return atanh(u)/u - 1 = v/3 + v^2/5 + … for v = u^2 <= 0.01; the tenth term is below rounding."""
    tail = v / 19
    for odd in range(17, 1, -2):
        tail = v * (1 / odd + tail)
    return tail


def _js_series(v: np.ndarray) -> np.ndarray:
    """Return u atanh(u) + log(1 - u^2)/2 = v/(1·2) + v^2/(3·4) + … for v = u^2 <= 0.01."""
    series = v / (17 * 18)
    for odd in range(15, 0, -2):
        series = v * (1 / (odd * (odd + 1)) + series)
    return series


def expm1_minus_x(x: np.ndarray) -> np.ndarray:
    """Return exp(x) - 1 - x, never negative: x^2/2 (1 + x/3 (1 + x/4 (…))) where the plain form cancels."""
    x = np.asarray(x)
    small = np.where(np.abs(x) <= 0.5, x, x.dtype.type(0))
    series = np.ones_like(small)
    for k in range(16, 2, -1):
        series = 1 + small / k * series
    with np.errstate(over="ignore"):
        return np.where(np.abs(x) <= 0.5, small * small / 2 * series, np.expm1(x) - x)

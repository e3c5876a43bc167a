"""Stable kernels that several modules share. They trust their input; the callers judge it by what comes back.

Distributions arrive as rows, shape (R, n). Long data is walked in blocks small enough for the processor's
cache, through reused buffers: for ten million numbers, fetching fresh memory for each temporary array would
cost about as much as the logarithms do.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

BLOCK = 65_536  # elements: 512 kB of float64, as large as the cache beside a core allows
FEW = 32  # elements: up to here a loop in Python beats array calls
SHORT = 128  # entries of a row: NumPy's own sum is pairwise only beyond
NEAR = 0.1  # where |p - q| <= NEAR (p + q) logarithms would cancel; there a short series is exact to rounding
TINY = np.finfo(np.float64).tiny
NEAR_HALF = 0.49  # at most two outcomes of a distribution lie above it, whatever its dtype's rounding


def blocks(rows: np.ndarray) -> Iterator[tuple[np.ndarray, tuple[slice, int]]]:
    """Yield float64 blocks of ``rows``, several rows or part of one, and where each row's results belong.

    The place indexes a table made by ``partials(rows)``, of shape (R, pieces a row is cut into).
    """
    n = rows.shape[1]
    step, width = max(1, BLOCK // n), min(n, BLOCK)
    for i in range(0, len(rows), step):
        for piece, j in enumerate(range(0, n, width)):
            block = rows[i : i + step, j : j + width]
            yield np.ascontiguousarray(block, dtype=np.float64), (slice(i, i + step), piece)


def partials(rows: np.ndarray) -> np.ndarray:
    """Return zeros for one result of each row from each block it has a part in."""
    return np.zeros((len(rows), -(-rows.shape[1] // BLOCK)))


def add_blocks(parts: np.ndarray) -> np.ndarray:
    """Add up what the blocks of each row gave; most rows lie in one block and leave nothing to add."""
    return parts[:, 0] if parts.shape[1] == 1 else parts.sum(axis=-1)


class Extremes(NamedTuple):
    """What a kernel sees of its input on the way, enough to judge whether the rows were distributions."""

    lowest: float  # entry
    least: float  # sum of a row
    most: float  # sum of a row


def extremes(lows: list[float], total: np.ndarray) -> Extremes:
    """Return the lowest of the blocks' lowest entries, and the least and most of the rows' totals."""
    lowest = np.minimum.reduce(lows, initial=np.inf)  # unlike min(), lets NaN through
    return Extremes(
        lowest, np.minimum.reduce(total, initial=np.inf), np.maximum.reduce(total, initial=-np.inf)
    )


def entropy_rows(rows: np.ndarray) -> tuple[np.ndarray, Extremes]:
    """Return the entropy of each row in nats, and what its rows were like.

    With t the largest outcome, rest = sum of the others, total = t + rest, and p_i / total the distribution,

        H = (t log1p(rest / t) + rest log(total) - sum_others p log p) / total.

    The middle term is nearly 0 and the other two are positive, so nothing cancels. At [1 - 1e-12, 1e-12] the
    larger number, as a float, has lost all but four digits of its distance from 1; ``rest`` still knows it.
    """
    few = rows.size <= FEW and len(rows) == 1 and _entropy_of_few(rows[0].tolist())
    return few or _entropy_of_many(rows)


def _entropy_of_few(p: list[float]) -> tuple[np.ndarray, Extremes] | None:
    """Return what the formula gives, cheaper than a dozen array calls; None where p is out of order."""
    lowest, t = min(p), max(p)
    p.remove(t)
    rest = sum(p)
    total = t + rest
    if not (lowest >= 0 and 0 < total < math.inf):
        return None
    plogp = sum([x * math.log(x) for x in p if x > 0])
    h = (t * math.log1p(rest / t) + rest * math.log(total) - plogp) / total
    return np.array([h]), Extremes(lowest, total, total)


@np.errstate(all="ignore")  # what infinities and NaN do to the numbers is for the caller to judge
def _entropy_of_many(rows: np.ndarray) -> tuple[np.ndarray, Extremes]:
    """Split the largest off in blocks that hold one near 1/2; elsewhere t = 0 and ``rest`` is the total."""
    t, rest, plogp = partials(rows), partials(rows), partials(rows)
    lows, buffer = [], np.empty(min(rows.size, BLOCK))
    for block, at in blocks(rows):
        lows.append(np.minimum.reduce(block, axis=None))
        zeros = not lows[-1] > 0
        sums = row_sums(block)
        if sums.max() > NEAR_HALF and np.maximum.reduce(block, axis=None) > NEAR_HALF:
            (t[at], block), zeros = split_largest(block), True
            sums = row_sums(block)
        rest[at] = sums
        plogp[at] = p_log_p_sums(block, buffer[: block.size].reshape(block.shape), zeros=zeros)
    h, total = _entropy_of_parts(t, rest, plogp)
    return h, extremes(lows, total)


def _entropy_of_parts(t: np.ndarray, rest: np.ndarray, plogp: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join the blocks of each row, then apply the formula; return the entropies and the totals."""
    rest, plogp = add_blocks(rest), add_blocks(plogp)
    if not t.any():
        return np.log(rest) - plogp / rest, rest
    largest = t.max(axis=-1)
    second = add_blocks(t) - largest  # a row may hold two halves, in different blocks
    rest = rest + second
    plogp = plogp + p_log_p_sums(second[:, None], np.empty((len(second), 1)))
    total = largest + rest
    split = largest * np.log1p(rest / np.where(largest > 0, largest, 1))
    return (split + rest * np.log(total) - plogp) / total, total


def split_largest(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest entry of each row, and a copy of the rows with 0 in its place."""
    where = np.arange(len(rows)), rows.argmax(axis=-1)
    others = rows.copy()
    others[where] = 0
    return rows[where], others


def p_log_p_sums(p: np.ndarray, buffer: np.ndarray, *, zeros: bool = True) -> np.ndarray:
    """Add up p log p along each row; 0 where p is 0, unless the caller knows that there are no zeros."""
    log_p = np.log(np.add(p, p == 0, out=buffer) if zeros else p, out=buffer)  # log 1 instead of log 0
    if p.shape[1] <= SHORT:
        return np.einsum("ij,ij->i", p, log_p)
    return np.add.reduce(np.multiply(p, log_p, out=buffer), axis=-1)


def row_sums(rows: np.ndarray) -> np.ndarray:
    """Add up each row: pairwise where rows are long; short ones einsum adds as well and twice as fast."""
    return np.einsum("ij->i", rows) if rows.shape[1] <= SHORT else np.add.reduce(rows, axis=-1)


# log(k! e^k / k^k) for k = 0 … 15; beyond, the terms kept of Stirling's series are exact to rounding.
_SMALL = np.array([math.log(math.factorial(k) * math.exp(k) / k**k) for k in range(16)])


def stirling_remainder(k: np.ndarray | int) -> np.ndarray:
    """Return what k log k - k leaves out of log k!, for whole numbers k >= 0.

    log k! = k log k - k + remainder(k), and the remainder grows only like log(2 pi k) / 2: no large numbers
    need cancel.
    """
    k = np.asarray(k, dtype=np.float64)
    far = np.maximum(k, 16)
    z = 1 / far**2
    series = (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z / 1188)))) / far
    return np.where(k < 16, _SMALL[np.minimum(k, 15).astype(int)], np.log(2 * math.pi * far) / 2 + series)


def log_minus_digamma(a: np.ndarray | float) -> np.ndarray:
    """Return log(a) - digamma(a) for a > 0, about 1/(2a) where a is large, without cancellation.

    NIST Digital Library of Mathematical Functions, 5.11.2.
    """
    from scipy.special import digamma

    a = np.asarray(a, dtype=np.float64)
    far = np.maximum(a, 16)
    z = (1 / far) ** 2
    series = 1 / (2 * far) + z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z / 132))))
    near = np.minimum(a, 16)
    return np.where(a < 16, np.log(near) - digamma(near), series)


def deviance(x: np.ndarray, m: np.ndarray | float, d: np.ndarray | None = None) -> np.ndarray:
    """Return x log(x/m) - x + m, which is never negative, without cancellation where x is close to m.

    ``d`` is x - m, for callers who know it better than the rounded x and m tell. With u = (x - m)/(x + m),
    log(x/m) = 2 atanh(u), so where u is small the deviance is (x - m) u + 2x (u^3/3 + u^5/5 + …).

    C. Loader, Fast and accurate computation of binomial probabilities, 2000.
    """
    x, m = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(m, dtype=np.float64))
    d = x - m if d is None else d
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        flat = near_or_far(_deviance_near, _deviance_far, x.ravel(), m.ravel(), d.ravel())
    return flat.reshape(x.shape)


def _deviance_near(u: np.ndarray, x: np.ndarray, m: np.ndarray, d: np.ndarray) -> np.ndarray:
    return d * u + 2 * x * u * atanh_tail(u * u)


def _deviance_far(x: np.ndarray, m: np.ndarray, d: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x * log_ratio(x, m), 0.0) - d


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


def atanh_tail(v: np.ndarray) -> np.ndarray:
    """Return atanh(u)/u - 1 = v/3 + v^2/5 + … for v = u^2 <= 0.01; the tenth term is below rounding."""
    tail = v / 19
    for odd in range(17, 1, -2):
        tail = v * (1 / odd + tail)
    return tail


def expm1_minus_x(x: np.ndarray) -> np.ndarray:
    """Return exp(x) - 1 - x, never negative: x^2/2 (1 + x/3 (1 + x/4 (…))) where the plain form cancels."""
    x = np.asarray(x)
    small = np.where(np.abs(x) <= 0.5, x, x.dtype.type(0))
    series = np.ones_like(small)
    for k in range(16, 2, -1):
        series = 1 + small / k * series
    with np.errstate(over="ignore"):
        return np.where(np.abs(x) <= 0.5, small * small / 2 * series, np.expm1(x) - x)


def log_choose(n: np.ndarray | int, k: np.ndarray) -> np.ndarray:
    """Return ln C(n, k), the log of the number of orders of k successes in n trials."""
    from scipy.special import betaln

    return -np.log1p(n) - betaln(n - k + 1, k + 1)


def weighted_logs(x: np.ndarray, log_p: np.ndarray) -> np.ndarray:
    """Return sum_d x_nd log_p_kd, shape (N, K), where 0 times -inf is 0: what did not occur cannot veto."""
    impossible = np.isneginf(log_p)
    if not np.any(impossible):
        return x @ log_p.T
    total = x @ np.where(impossible, 0.0, log_p).T
    total[(x @ impossible.T) > 0] = -np.inf
    return total


def log_sum_exp(rows: np.ndarray) -> np.ndarray:
    """Return log(sum(exp(row))) for rows of shape (R, n); with the largest taken out, nothing overflows."""
    top = rows.max(axis=-1)
    top = np.where(top == -np.inf, 0.0, top)  # a row all -inf has the sum 0
    with np.errstate(divide="ignore"):
        return top + np.log(np.exp(rows - top[:, None]).sum(axis=-1))


def trapezoids(grid: np.ndarray) -> np.ndarray:
    """Return the weight of each grid point in the trapezoid rule: half the way to each neighbour."""
    return np.diff(grid, prepend=grid[0]) / 2 + np.diff(grid, append=grid[-1]) / 2

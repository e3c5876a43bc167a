"""Elementwise forms that never cancel: the same formulas as on paper, written so that no digit is lost.

They trust their input; the callers judge it.
"""

import math
from collections.abc import Callable

import numpy as np

NEAR = 0.1  # where |p - q| <= NEAR (p + q) logarithms would cancel; there a short series is exact to rounding
TINY = np.finfo(np.float64).tiny
RARE = TINY / np.finfo(np.float64).eps  # products of a smaller sum may have lost digits, or be 0

# log(k! e^k / k^k) for k = 0 … 15; beyond, the terms kept of Stirling's series are exact to rounding.
_SMALL = np.array([math.log(math.factorial(k) * math.exp(k) / k**k) for k in range(16)])


def stirling_remainder(k: np.ndarray | int) -> np.ndarray:
    """Return what k log k - k leaves out of log k!, for whole numbers k >= 0.

    log k! = k log k - k + remainder(k), and the remainder grows only like log(2 pi k) / 2: no large numbers
    need cancel.
    """
    k = np.asarray(k, dtype=np.float64)
    far = np.maximum(k, 16)
    large = np.log(far) / 2 + math.log(2 * math.pi) / 2 + _stirling_series(far)
    return np.where(k < 16, _SMALL[np.minimum(k, 15).astype(int)], large)


def _stirling_series(a: np.ndarray) -> np.ndarray:
    z = (1 / a) ** 2
    return (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z / 1188)))) / a


def log_gamma_remainder(a: np.ndarray | float) -> np.ndarray:
    """Return f(a) = log Gamma(a) - a log a + a for any a > 0, about log(2 pi/a)/2 where a is large."""
    from scipy.special import gammaln

    a = np.asarray(a, dtype=np.float64)
    near, far = np.minimum(a, 16), np.maximum(a, 16)
    large = np.log(2 * math.pi / far) / 2 + _stirling_series(far)
    return np.where(a < 16, gammaln(near) - near * np.log(near) + near, large)


def log_gamma_gap(x: np.ndarray | float, y: np.ndarray | float, d: np.ndarray | float) -> np.ndarray:
    """Return f(y) - f(x) - f'(x) (y - x) >= 0, by which f lies above its tangent at x; d is y - x.

    f(a) = log Gamma(a) - a log a + a is convex, f'(a) = digamma(a) - log a. Where y is near x the difference
    would cancel; there it is the integral of (y - t) f''(t) from x to y, whose integrand has one sign.
    """
    x, y, d = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (x, y, d)))
    with np.errstate(over="ignore", invalid="ignore"):
        far = log_gamma_remainder(y) - log_gamma_remainder(x) + log_minus_digamma(x) * d
    close = np.abs(d) <= x / 2
    step = np.divide(d, x, out=np.zeros(x.shape), where=close)[..., None]
    node, weight = np.polynomial.legendre.leggauss(12)
    u = (node + 1) / 2
    t = 1 + step * u
    near = (step**2 * (1 - u) / t**2 * _scaled_curvature(x[..., None] * t)) @ (weight / 2)
    return np.where(close, near, far)


def _scaled_curvature(t: np.ndarray) -> np.ndarray:
    """Return t^2 (trigamma(t) - 1/t), from 1 where t is small to 1/2 where it is large; NIST DLMF 5.15.8."""
    from scipy.special import polygamma

    middle, z = np.clip(t, 1e-9, 16), 1 / np.maximum(t, 16)
    w = z * z
    tail = w * (1 / 30 - w * (1 / 42 - w * (1 / 30 - w * (5 / 66 - w * (691 / 2730 - w * 7 / 6)))))
    exact = np.where(t < 1e-9, 1 - t, middle**2 * polygamma(1, middle) - middle)
    return np.where(t < 16, exact, 1 / 2 + z * (1 / 6 - tail))


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


def deviance(x: np.ndarray | float, m: np.ndarray | float, d: np.ndarray | None = None) -> np.ndarray:
    """Return x log(x/m) - x + m, never negative, without cancellation where x is close to m.

    It is ``scipy.special.kl_div``, whose terms cancel there; twice of it is the deviance of a Poisson model.
    ``d`` is x - m, for callers who know it better than the rounded x and m tell. With u = (x - m)/(x + m),
    log(x/m) = 2 atanh(u), so where u is small the deviance is (x - m) u + 2x (u^3/3 + u^5/5 + …).

    C. Loader, Fast and accurate computation of binomial probabilities, 2000.
    """
    x, m = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(m, dtype=np.float64))
    d = x - m if d is None else np.asarray(d)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return near_or_far(_deviance_near, _deviance_far, x, m, d)


def _deviance_near(u: np.ndarray, x: np.ndarray, m: np.ndarray, d: np.ndarray) -> np.ndarray:
    return d * u + 2 * x * u * atanh_tail(u * u)


def _deviance_far(x: np.ndarray, m: np.ndarray, d: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x * _log_ratio_far(x, m, d), 0.0) - d


def near_or_far(near: Callable, far: Callable, p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return near(u, p, q, d) where u = d/(p + q) is small, far(p, q, d) elsewhere."""
    shape, (p, q, d) = p.shape, (p.ravel(), q.ravel(), d.ravel())
    u = d / np.maximum(p + q, TINY)
    close = np.flatnonzero(np.abs(u) <= NEAR)
    if close.size == u.size:
        return near(u, p, q, d).reshape(shape)
    out = far(p, q, d)
    out[close] = near(u[close], p[close], q[close], d[close])
    return out.reshape(shape)


def log_ratio(p: np.ndarray, q: np.ndarray, d: np.ndarray | None = None) -> np.ndarray:
    """Return log(p/q), to full relative precision also where p and q nearly agree; ``d`` is p - q."""
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # what is lost is found otherwise
        return near_or_far(_log_ratio_near, _log_ratio_far, p, q, p - q if d is None else d)


def _log_ratio_near(u: np.ndarray, p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    return 2 * u * (1 + atanh_tail(u * u))


def _log_ratio_far(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return log(p/q), also where the quotient of a huge and a tiny number leaves the range of a float."""
    ratio = p / q
    out = np.log(ratio)
    lost = (ratio < TINY) | (ratio > 1 / TINY)
    if lost.any():
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


def sum_of_others(x: np.ndarray) -> np.ndarray:
    """Return for each entry of a row the sum of all others, which total - x would round where x is most."""
    before, after = np.cumsum(x), np.cumsum(x[::-1])[::-1]
    return np.append(0.0, before[:-1]) + np.append(after[1:], 0.0)


def trapezoids(grid: np.ndarray) -> np.ndarray:
    """Return the weight of each grid point in the trapezoid rule: half the way to each neighbour."""
    return np.diff(grid, prepend=grid[0]) / 2 + np.diff(grid, append=grid[-1]) / 2


def log_or_minus_inf(x: np.ndarray) -> np.ndarray:
    """Return ln x, and -inf at 0 without a warning."""
    with np.errstate(divide="ignore"):
        return np.log(x)


def log_pdf_normal(x: np.ndarray, mean: np.ndarray | float, sd: np.ndarray | float) -> np.ndarray:
    """Return the log-density at ``x`` of Gaussians on a line: -((x - mean)/sd)^2 / 2 - log(sd sqrt(2 pi))."""
    with np.errstate(over="ignore"):  # so far away the density is 0
        return -(((x - mean) / sd) ** 2) / 2 - np.log(sd) - math.log(2 * math.pi) / 2

"""Stable kernels that several modules share. No checks here: callers have checked."""

import math

import numpy as np

# log k! - k log k + k for k = 0 … 15, from exact factorials; beyond, Stirling's series is exact to rounding.
_SMALL = np.array([0.0] + [math.log(math.factorial(k)) - k * math.log(k) + k for k in range(1, 16)])


def stirling_remainder(k: np.ndarray) -> np.ndarray:
    """Return what k log k - k leaves out of log k!, for whole numbers k >= 0.

    log k! = k log k - k + remainder(k), and the remainder grows only like log(2 pi k) / 2: no large numbers cancel.
    """
    k = np.asarray(k, dtype=np.float64)
    far = np.maximum(k, 16)
    z = 1 / far**2
    series = (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z / 1188)))) / far
    return np.where(k < 16, _SMALL[np.minimum(k, 15).astype(int)], np.log(2 * math.pi * far) / 2 + series)


def deviance(x: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Return x log(x/m) - x + m, which is never negative, without cancellation where x is close to m.

    With u = (x - m)/(x + m), log(x/m) = 2 atanh(u), so the deviance is (x - m) u + 2x (u^3/3 + u^5/5 + …).

    C. Loader, Fast and accurate computation of binomial probabilities, 2000.
    """
    x, m = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(m, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        u = np.where(x == m, 0.0, (x - m) / (x + m))
        plain = np.where(x == 0, m, x * np.log(x / m) - (x - m))
    v = u * u
    series = v * u * sum(v**j / (2 * j + 3) for j in range(8))
    return np.where(np.abs(u) <= 0.1, (x - m) * u + 2 * x * series, plain)

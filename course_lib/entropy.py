"""Surprise and its average: how many nats (or bits) an outcome carries, and how many to expect."""

import math

import numpy as np
from numpy.typing import ArrayLike

from course_lib._kernels import entropy_rows
from course_lib._validate import (
    as_float,
    as_probabilities,
    as_rows,
    as_unit,
    check_base,
    check_masses,
    from_rows,
    plain,
    sum_tolerance,
)

__all__ = ["entropy", "surprisal"]

LOGARITHMS = {2: np.log2, 10: np.log10}  # exact on powers of their base, which log(p) / log(base) is not


def surprisal(p: ArrayLike, *, base: float = math.e) -> float | np.ndarray:
    r"""Return how surprising events of probability ``p`` are: log(1/p).

    .. math:: s(p) = \log \frac{1}{p}

    The only measure of surprise, up to its unit, that falls as p grows and adds up over independent events.

    Parameters
    ----------
    p : array_like
        Probabilities, from 0 to 1, in any shape; each entry is an event of its own and nothing need sum to 1.
    base : float
        Unit of the result: e gives nats (the default), 2 bits, 10 decimal digits.

    Returns
    -------
    float or ndarray of the shape of ``p``
        0 for a certain event, inf for an impossible one. Keeps float32; computes float16 in float32.

    Raises
    ------
    ProbabilityError
        If an entry is NaN or outside [0, 1].
    TypeError
        If ``p`` does not hold real numbers.
    ValueError
        If ``base`` is not positive, finite and different from 1.

    Notes
    -----
    C. E. Shannon, A mathematical theory of communication, 1948, section 6.

    Examples
    --------
    >>> surprisal([1, 0.5, 0.25, 0], base=2)
    array([ 0.,  1.,  2., inf])
    >>> surprisal(1 / 52, base=2)                   # one card from a deck, in bits
    5.700439718141092
    """
    p, base = as_unit(p, name="p"), check_base(base)
    with np.errstate(divide="ignore"):
        log_p = np.asarray(LOGARITHMS.get(base, np.log)(p))
    if base not in LOGARITHMS:
        log_p /= math.log(base)
    return plain(np.subtract(0, log_p, out=log_p)[()])  # 0 - log 1 is 0.0, where -log 1 is -0.0


def entropy(
    p: ArrayLike, *, axis: int = -1, base: float = math.e, keepdims: bool = False, normalize: bool = False
) -> float | np.ndarray:
    r"""Return the entropy of the distributions along ``axis``: their expected surprise.

    .. math:: H(p) = \sum_i p_i \log \frac{1}{p_i}, \qquad 0 \log \tfrac{1}{0} = 0

    Parameters
    ----------
    p : array_like
        Probabilities; along ``axis`` they sum to 1.
    axis : int
        The axis that runs over outcomes.
    base : float
        Unit of the result: e gives nats (the default), 2 bits.
    keepdims : bool
        Keep ``axis``, with length 1, in the result.
    normalize : bool
        Take ``p`` as non-negative weights and divide by their sum.

    Returns
    -------
    float or ndarray of float64
        From 0 (a certain outcome) to log n (n equally likely ones); the shape of ``p`` without ``axis``.

    Raises
    ------
    ProbabilityError
        If an entry is negative, NaN or infinite, if the sum is off 1 by more than 1e-8 (float32: 1e-4,
        float16: 1e-2), or if there is no outcome or no mass at all.
    TypeError
        If ``p`` does not hold real numbers.
    ValueError
        If ``axis`` does not exist, or ``base`` is not positive, finite and different from 1.

    Notes
    -----
    A sum that is off 1 within the tolerance is divided out. The relative error stays below 1e-14, also where
    one outcome is all but certain: at [1 - 1e-12, 1e-12], ``-sum(p * log(p))`` keeps some five digits.

    C. E. Shannon, A mathematical theory of communication, 1948, section 6.

    Examples
    --------
    >>> entropy([0.5, 0.5], base=2)
    1.0
    >>> entropy([1, 1, 2], base=2, normalize=True)
    1.5
    >>> entropy([[0.5, 0.5], [1.0, 0.0]], base=2)
    array([1., 0.])
    """
    base = check_base(base)
    p, tolerance = as_float(p, name="p"), sum_tolerance(p)
    if normalize:
        p = as_probabilities(p.astype(np.float64, copy=False), axis=axis, normalize=True)
    rows = as_rows(p, axis, name="p")
    h, extremes = entropy_rows(rows)  # it measures the sums anyway, so checking them costs no pass of its own
    check_masses(*extremes, tolerance=tolerance, name="p")
    return from_rows(h / math.log(base), p.shape, axis, keepdims=keepdims)

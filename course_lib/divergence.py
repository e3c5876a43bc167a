"""How far a belief q lies from the truth p: Kullback-Leibler, Jensen-Shannon, total variation, Wasserstein.

Every function reads p and q as the distributions they stand for. Rounding leaves the sums of two arrays of
floats 1e-16 or so apart, and where p is close to q that speck would drown the answer. So p is compared with q
rescaled to the same sum, through differences p - q that floating point takes without error.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from course_lib._kernels import FEW, TINY, Extremes, expm1_minus_x, row_sums
from course_lib._pairs import (
    PLAIN_SUM_IS_EXACT,
    Rows,
    anew_where_close,
    check_same_shape,
    commensurate,
    difference,
    js_terms,
    kl_terms,
    lowest,
    plain_js_terms,
    summed,
    sums_in_pieces,
    tv_terms,
)
from course_lib._validate import as_float, check_base, check_logits, plain
from course_lib.softmax import log_softmax

__all__ = [
    "js_distance",
    "js_divergence",
    "kl_divergence",
    "kl_from_logits",
    "total_variation",
    "wasserstein1",
]

IN_RANGE = 1e-150  # quotients of numbers between this and its inverse are ordinary floats


# --------------------------------------------------------------------------------------------- divergences


def kl_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    base: float = math.e,
    keepdims: bool = False,
    normalize: bool = False,
) -> float | np.ndarray:
    r"""Return the Kullback-Leibler divergence: what believing q costs when the truth is p, beyond H(p).

    .. math:: D_{\mathrm{KL}}(p \| q) = \sum_i p_i \log \frac{p_i}{q_i}

    Never negative, and zero only where p = q. Not symmetric: p, the first, is what happens. An outcome with
    p = 0 adds nothing; one with p > 0 and q = 0 makes the divergence infinite.

    Parameters
    ----------
    p, q : array_like of the same shape
        Distributions along ``axis``; nothing is broadcast.
    axis : int
        The axis that runs over the outcomes.
    base : float
        Unit of the result: e gives nats, 2 gives bits.
    keepdims : bool
        Keep ``axis`` in the result, with length 1.
    normalize : bool
        Take p and q as weights and divide them by their sums.

    Returns
    -------
    float, or ndarray of float64 without ``axis``.

    Raises
    ------
    ProbabilityError
        If p or q is not a distribution along ``axis``.
    ValueError
        If the shapes differ, ``axis`` does not exist or ``base`` makes no unit.
    TypeError
        If p or q does not hold real numbers.

    Notes
    -----
    S. Kullback and R. A. Leibler, On information and sufficiency, 1951. ``scipy.stats.entropy(p, q)`` is the
    same quantity, but loses every digit where p and q agree to some 1e-8.

    Examples
    --------
    >>> round(kl_divergence([0.5, 0.5], [0.9, 0.1]), 4)
    0.5108
    >>> round(kl_divergence([0.9, 0.1], [0.5, 0.5]), 4)
    0.3681
    >>> kl_divergence([0.5, 0.5], [1.0, 0.0])
    inf
    """
    unit = math.log(check_base(base))
    rows = Rows(p, q, axis=axis, normalize=normalize)
    kl = _kl_of_short_row(rows)
    if kl is None:
        kl = _kl_of_rows(rows)
    return rows.reduced(kl / unit, keepdims)


def _kl_of_short_row(rows: Rows) -> np.ndarray | None:
    """Return the plain formula's value for one short row; None for any other, and where it will not do.

    At ten outcomes a loop costs a fraction of the array calls.
    """
    if rows.p.size > FEW or len(rows.p) != 1:
        return None
    p, q = rows.p[0].tolist(), rows.q[0].tolist()
    p_total, q_total = sum(p), sum(q)
    if not (min(q) > IN_RANGE and IN_RANGE < p_total < 1 / IN_RANGE > q_total):
        return None
    rows.check(Extremes(min(p), p_total, p_total), Extremes(min(q), q_total, q_total))
    terms = [a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > IN_RANGE]  # others add nothing
    kl = sum(terms) / p_total + math.log(q_total / p_total)  # sum p/P log((p/P)/(q/Q)), P and Q the sums
    return np.array([kl]) if kl > PLAIN_SUM_IS_EXACT else None


def _kl_of_rows(rows: Rows) -> np.ndarray:
    """Return the divergence of each row: by the plain formula, and anew where that would cancel."""
    lows, (p_total, q_total, total) = sums_in_pieces(_plain_kl_parts, rows.p, rows.q)
    rows.check_sums(lows, (p_total, q_total))
    with np.errstate(divide="ignore", invalid="ignore"):
        kl = total / p_total + np.log(q_total / p_total)  # as in a short row
    return anew_where_close(kl, kl_terms, rows)


def _plain_kl_parts(p: np.ndarray, q: np.ndarray) -> tuple[tuple[float, float], tuple[np.ndarray, ...]]:
    """Return the lowest entries and, of each row, sum p, sum q and sum p log(p/q)."""
    lows, terms = lowest(p, q), p / q
    if not lows[0] > 0:
        np.maximum(terms, TINY, out=terms)
    np.log(terms, out=terms)
    terms *= p
    return lows, (row_sums(p), row_sums(q), row_sums(terms))


def js_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    base: float = math.e,
    keepdims: bool = False,
    normalize: bool = False,
) -> float | np.ndarray:
    r"""Return the Jensen-Shannon divergence: how much one draw tells about which of p and q it came from.

    .. math::

        \mathrm{JS}(p, q) = \tfrac12 D_{\mathrm{KL}}(p \| m) + \tfrac12 D_{\mathrm{KL}}(q \| m),
        \qquad m = \tfrac12 (p + q)

    Symmetric, always finite, from 0 (p = q) to ln 2 nats, which is 1 bit (no outcome in common).

    Parameters
    ----------
    p, q, axis, base, keepdims, normalize
        As in ``kl_divergence``.

    Returns
    -------
    float, or ndarray of float64 without ``axis``.

    Raises
    ------
    ProbabilityError, ValueError, TypeError
        As in ``kl_divergence``.

    Notes
    -----
    J. Lin, Divergence measures based on the Shannon entropy, 1991.

    Examples
    --------
    >>> js_divergence([1.0, 0.0], [0.0, 1.0], base=2)
    1.0
    >>> round(js_divergence([0.5, 0.5], [0.9, 0.1]), 4)
    0.1017
    """
    unit = math.log(check_base(base))
    rows = Rows(p, q, axis=axis, normalize=normalize)
    js = anew_where_close(summed(plain_js_terms, rows), js_terms, rows)
    return rows.reduced(js / unit, keepdims)


def js_distance(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    base: float = math.e,
    keepdims: bool = False,
    normalize: bool = False,
) -> float | np.ndarray:
    r"""Return the Jensen-Shannon distance, the root of the divergence: a true metric.

    .. math:: d(p, q) = \sqrt{\mathrm{JS}(p, q)}

    Parameters
    ----------
    p, q, axis, base, keepdims, normalize
        As in ``kl_divergence``.

    Returns
    -------
    float, or ndarray of float64 without ``axis``; in roots of nats or bits.

    Raises
    ------
    ProbabilityError, ValueError, TypeError
        As in ``kl_divergence``.

    Notes
    -----
    D. M. Endres and J. E. Schindelin, A new metric for probability distributions, 2003.
    Same as ``scipy.spatial.distance.jensenshannon(p, q)``.

    Examples
    --------
    >>> js_distance([1.0, 0.0], [0.0, 1.0], base=2)
    1.0
    """
    return plain(np.sqrt(js_divergence(p, q, axis=axis, base=base, keepdims=keepdims, normalize=normalize)))


def total_variation(
    p: ArrayLike, q: ArrayLike, *, axis: int = -1, keepdims: bool = False, normalize: bool = False
) -> float | np.ndarray:
    r"""Return the total variation: the largest difference in probability that p and q give to any one event.

    .. math:: \mathrm{TV}(p, q) = \tfrac12 \sum_i |p_i - q_i|

    Pinsker: TV <= sqrt(D_KL(p‖q) / 2), with the divergence in nats.

    Parameters
    ----------
    p, q, axis, keepdims, normalize
        As in ``kl_divergence``.

    Returns
    -------
    float, or ndarray of float64 without ``axis``; a probability, from 0 to 1.

    Raises
    ------
    ProbabilityError, ValueError, TypeError
        As in ``kl_divergence``.

    Notes
    -----
    D. A. Levin, Y. Peres and E. L. Wilmer, Markov Chains and Mixing Times, 2009, section 4.1.

    Examples
    --------
    >>> round(total_variation([0.5, 0.5], [0.9, 0.1]), 4)
    0.4
    """
    rows = Rows(p, q, axis=axis, normalize=normalize)
    return rows.reduced(summed(tv_terms, rows), keepdims)


def wasserstein1(
    p: ArrayLike,
    q: ArrayLike,
    support: ArrayLike,
    *,
    axis: int = -1,
    keepdims: bool = False,
    normalize: bool = False,
) -> float | np.ndarray:
    r"""Return the Wasserstein-1 distance: the least mass times way that turns p into q, on points of a line.

    .. math:: W_1(p, q) = \int |F_p(x) - F_q(x)| \, dx, \quad \text{a finite sum when the mass sits on points}

    It sees *how far* apart outcomes lie, so it still grows where p and q have no outcome in common.

    Parameters
    ----------
    p, q, axis, keepdims, normalize
        As in ``kl_divergence``.
    support : array_like, shape (n,)
        Where on the line the n outcomes sit, in any order.

    Returns
    -------
    float, or ndarray of float64 without ``axis``; in the unit of ``support``.

    Raises
    ------
    ProbabilityError, ValueError, TypeError
        As in ``kl_divergence``; ValueError also if ``support`` is not n finite numbers.

    Notes
    -----
    S. S. Vallender, Calculation of the Wasserstein distance between probability distributions on the line,
    1974.
    ``scipy.stats.wasserstein_distance(support, support, p, q)`` gives one pair at a time.

    Examples
    --------
    >>> wasserstein1([1, 0, 0], [0, 0, 1], support=[0, 5, 7])
    7.0
    """
    rows = Rows(p, q, axis=axis, normalize=normalize)
    n, x = rows.p.shape[1], as_float(support, name="support")
    if x.shape != (n,) or not np.all(np.isfinite(x)):
        raise ValueError(f"support must be {n} finite positions, one an outcome; its shape is {x.shape}")
    order = np.argsort(x, kind="stable")
    mass, other, (total, other_total), excess = commensurate(rows)
    surplus = difference(mass, other, (excess / other_total)[:, None]) / total[:, None]
    carried = np.abs(np.cumsum(surplus[:, order], axis=-1)[:, :-1])
    return rows.reduced(np.sum(carried * np.diff(x[order]), axis=-1), keepdims)


def kl_from_logits(
    p_logits: ArrayLike,
    q_logits: ArrayLike,
    *,
    axis: int = -1,
    base: float = math.e,
    keepdims: bool = False,
) -> float | np.ndarray:
    r"""Return D_KL(softmax(a)‖softmax(b)) from logits a and b, exact also where they nearly agree.

    .. math:: D_{\mathrm{KL}} = \log\bigl(1 + E_p[e^c - 1 - c]\bigr), \qquad c = (b - a) - E_p[b - a]

    No term is negative, so none cancels. If q has a mass m where p rules all out, -log(1 - m) is added.

    Parameters
    ----------
    p_logits, q_logits : array_like of the same shape
        The logits a of p and b of q; any constant may be added to either. -inf is a probability of zero.
    axis, base, keepdims
        As in ``kl_divergence``.

    Returns
    -------
    float, or ndarray of float64 without ``axis``.

    Raises
    ------
    ValueError
        If the shapes differ, a logit is NaN or +inf, a row is -inf throughout, or ``base`` makes no
        unit.

    Notes
    -----
    If p rules nothing out, it is log E_p[e^(b - a)] - E_p[b - a], whose two parts nearly cancel where a and b
    nearly agree.

    Examples
    --------
    >>> round(kl_from_logits([0.0, 0.0], [2.0, 0.0]), 4)
    0.4338
    >>> f"{kl_from_logits([0.0, 1e-12], [0.0, 0.0]):.4g}"          # naive sums are wrong in every digit here
    '1.25e-25'
    """
    unit = math.log(check_base(base))
    a = check_logits(p_logits, axis=axis, name="p_logits").astype(np.float64)
    b = check_logits(q_logits, axis=axis, name="q_logits").astype(np.float64)
    check_same_shape(a, b, "p_logits", "q_logits")
    log_p, log_q = log_softmax(a, axis=axis), log_softmax(b, axis=axis)
    p, possible = np.exp(log_p), log_p > -np.inf
    infinite = np.any(possible & (log_q == -np.inf), axis=axis, keepdims=True)
    with np.errstate(invalid="ignore", over="ignore"):
        c = np.where(possible & ~infinite, b - a, 0.0)
        c -= np.sum(p * c, axis=axis, keepdims=True)
        plain_sum = np.sum(p * np.where(possible & ~infinite, log_p - log_q, 0.0), axis=axis, keepdims=True)
        terms = np.where(
            possible & (np.abs(c) <= 1), p * expm1_minus_x(c), np.exp(log_q + plain_sum) - p * (1 + c)
        )
        kl = np.where(plain_sum < 0.5, np.log1p(np.sum(terms, axis=axis, keepdims=True)), plain_sum)
    kl[infinite] = np.inf
    return plain((kl if keepdims else kl.squeeze(axis)) / unit)

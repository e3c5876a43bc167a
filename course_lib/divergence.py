"""How far a belief q lies from the truth p: Kullback-Leibler, Jensen-Shannon, total variation, Wasserstein.

Every function reads p and q as the distributions they stand for. Rounding leaves the sums of two arrays of
floats 1e-16 or so apart, and where p is close to q that speck would drown the answer. So p is compared with q
rescaled to the same sum, through differences p - q that floating point takes without error.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from course_lib._rows import CLOSE, FEW, Extremes, Pair
from course_lib._stable import TINY, deviance, expm1_minus_x, near_or_far
from course_lib._validate import as_float, check_base, check_logits, check_same_shape, plain
from course_lib.softmax import log_softmax

__all__ = [
    "js_distance",
    "js_divergence",
    "kl_divergence",
    "kl_from_logits",
    "total_variation",
    "wasserstein1",
]

# Rows that a plain loop can add up: no quotient leaves the range of a float, and p below LEAST adds nothing.
LEAST, LEAST_SUM = 1e-150, 1e-30

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
    pair = Pair(p, q, axis=axis, normalize=normalize)
    kl = _kl_of_few(pair)
    if kl is None:
        kl = pair.total(plain=_plain_kl, scale=np.log, close=deviance)
    return pair.reduced(kl / unit, keepdims)


def _plain_kl(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    terms = p / q
    if not p.min() > 0:
        np.fmax(terms, TINY, out=terms)  # an outcome with p = 0 adds 0 times log TINY
    np.log(terms, out=terms)
    terms *= p
    return terms


def _kl_of_few(pair: Pair) -> np.ndarray | None:
    """Return the plain formula's value for one short row; None for any other, and where it will not do.

    At ten outcomes a loop costs a fraction of the array calls.
    """
    if pair.p.size > FEW or len(pair.p) != 1:
        return None
    p, q = pair.p[0].tolist(), pair.q[0].tolist()
    p_sum, q_sum = sum(p), sum(q)
    if not (min(q) > LEAST and LEAST_SUM < p_sum < 1 / LEAST_SUM and LEAST_SUM < q_sum < 1 / LEAST_SUM):
        return None
    pair.check(Extremes(min(p), p_sum, p_sum), Extremes(min(q), q_sum, q_sum))
    c = q_sum / p_sum
    kl = sum([a * math.log(c * a / b) for a, b in zip(p, q, strict=True) if a > LEAST]) / p_sum
    return np.array([kl]) if kl > CLOSE else None


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
    pair = Pair(p, q, axis=axis, normalize=normalize)
    return pair.reduced(pair.total(plain=_plain_js, close=_close_js) / unit, keepdims)


def _plain_js(p: np.ndarray, q: np.ndarray, d: np.ndarray | None = None) -> np.ndarray:
    m = (p + q) / 2
    return (p * np.log(np.fmax(p / m, TINY)) + q * np.log(np.fmax(q / m, TINY))) / 2


def _close_js(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    return near_or_far(_js_near, _plain_js, p, q, d)


def _js_near(u: np.ndarray, p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return the same terms in u = d/(p + q): (p + q)/2 (u atanh(u) + log(1 - u^2)/2), none below 0."""
    v = u * u
    series = v / (17 * 18)  # v/(1·2) + v^2/(3·4) + …, to rounding for v <= 0.01
    for odd in range(15, 0, -2):
        series = v * (1 / (odd * (odd + 1)) + series)
    return (p + q) / 2 * series


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
    pair = Pair(p, q, axis=axis, normalize=normalize)
    return pair.reduced(pair.total(close=lambda p, q, d: np.abs(d) / 2), keepdims)


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
    pair = Pair(p, q, axis=axis, normalize=normalize)
    n, x = pair.p.shape[1], as_float(support, name="support")
    if x.shape != (n,) or not np.all(np.isfinite(x)):
        raise ValueError(f"support must be {n} finite positions, one per outcome; its shape is {x.shape}")
    order = np.argsort(x, kind="stable")
    carried = np.abs(np.cumsum(pair.differences()[:, order], axis=-1)[:, :-1])
    return pair.reduced(np.sum(carried * np.diff(x[order]), axis=-1), keepdims)


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

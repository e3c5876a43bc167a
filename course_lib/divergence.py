"""How far a belief q lies from the truth p: Kullback-Leibler, Rényi, Jensen-Shannon, Wasserstein and others.

Every function reads p and q as the distributions they stand for. Rounding leaves the sums of two arrays of
floats 1e-16 or so apart, and where p is close to q that speck would drown the answer. So p is compared with q
rescaled to the same sum, through differences p - q that floating point takes without error.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_lib._rows import CLOSE, FEW, Extremes, Pair
from course_lib._stable import TINY, deviance, expm1_minus_x, log_or_minus_inf, log_ratio, near_or_far
from course_lib._validate import (
    as_places,
    as_probabilities,
    check_base,
    check_flag,
    check_logits,
    check_order,
    check_same_shape,
    plain,
)
from course_lib.softmax import log_softmax, logsumexp

__all__ = [
    "js_distance",
    "js_divergence",
    "kl_divergence",
    "kl_from_logits",
    "renyi_divergence",
    "total_variation",
    "wasserstein1",
    "wasserstein1_samples",
]

# Rows that a plain loop can add up: no quotient leaves the range of a float, and p below LEAST adds nothing.
LEAST, LEAST_SUM = 1e-150, 1e-30


class Family:
    """A distribution given by its parameters, such as ``Poisson(3)``, which is compared within its family."""

    _kl_nats: Callable[[Any], float]

    def kl_divergence(self, q: Any, base: float = math.e) -> float:
        """Return D_KL(p‖q) in closed form, where p is this distribution and q another of its family."""
        if type(q) is not type(self):
            raise TypeError(
                f"q must be of the same family as p, {type(self).__name__}, not {type(q).__name__}; across "
                "families compare the probabilities of the same outcomes, or average log p(x)/q(x) over draws"
            )
        return float(self._kl_nats(q) / math.log(check_base(base)))


# --------------------------------------------------------------------------------------------- divergences


def kl_divergence(
    p: ArrayLike | Family,
    q: ArrayLike | Family,
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
        Distributions along ``axis``; nothing is broadcast. Or two of one family, such as ``Poisson(3)`` and
        ``Poisson(4)``, which are compared in closed form; the options of arrays then have no meaning.
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
    float or ndarray
        Without ``axis``; float64.

    Raises
    ------
    ProbabilityError
        If p or q is not a distribution along ``axis``.
    ValueError
        If the shapes differ, ``axis`` does not exist or ``base`` makes no unit.
    TypeError
        If p or q does not hold real numbers, or they are of two families.

    Notes
    -----
    ``scipy.stats.entropy(p, q)`` is the same quantity, but loses every digit where p and q agree to some
    1e-8.

    References
    ----------
    S. Kullback and R. A. Leibler, On information and sufficiency, 1951.

    Examples
    --------
    >>> round(kl_divergence([0.5, 0.5], [0.9, 0.1]), 4)
    0.5108
    >>> round(kl_divergence([0.9, 0.1], [0.5, 0.5]), 4)
    0.3681
    >>> kl_divergence([0.5, 0.5], [1.0, 0.0])
    inf

    Two Gaussians whose means lie one standard deviation apart, in closed form:

    >>> from course_lib import Gaussian
    >>> kl_divergence(Gaussian(0, 1), Gaussian(1, 1))
    0.5
    """
    if isinstance(p, Family) or isinstance(q, Family):
        usual = isinstance(axis, int) and axis == -1 and keepdims is False and normalize is False
        return _kl_of_families(p, q, base, arrays_only=not usual)
    unit = math.log(check_base(base))
    pair = Pair(p, q, axis=axis, normalize=normalize)
    kl = _kl_of_few(pair)
    if kl is None:
        plain_sums = pair.plain_sums(_plain_kl, scale=np.log)
        kl = pair.close_sums(deviance, instead_of=plain_sums)
    return pair.result(kl / unit, keepdims)


def _kl_of_families(p: Any, q: Any, base: float, arrays_only: bool) -> float:
    if arrays_only:
        raise TypeError("axis, keepdims and normalize are options of arrays; a family's members have no axes")
    if not isinstance(p, Family):
        raise TypeError(f"p must be of the same family as q, {type(q).__name__}, not {type(p).__name__}")
    return p.kl_divergence(q, base=base)


def _plain_kl(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    terms = p / q
    if not p.min(initial=1) > 0:
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
    weights: ArrayLike | None = None,
) -> float | np.ndarray:
    r"""Return the Jensen-Shannon divergence: how much one draw tells about which of p and q it came from.

    .. math::

        \mathrm{JS}(p, q) = w_p D_{\mathrm{KL}}(p \| m) + w_q D_{\mathrm{KL}}(q \| m),
        \qquad m = w_p\, p + w_q\, q

    Always finite, from 0 (p = q) to the entropy of the weights (no outcome in common). With equal weights it
    is symmetric and at most ln 2 nats, which is 1 bit.

    Parameters
    ----------
    p, q, axis, base, keepdims, normalize
        As in ``kl_divergence``.
    weights : array_like of shape (2,), or None
        The chances w_p and w_q that the draw came from p and from q; they sum to 1. None means 1/2 each.

    Returns
    -------
    float or ndarray
        Without ``axis``; float64.

    Raises
    ------
    ProbabilityError, ValueError, TypeError
        As in ``kl_divergence``; also if the weights are not two probabilities that sum to 1.

    References
    ----------
    J. Lin, Divergence measures based on the Shannon entropy, 1991.

    Examples
    --------
    >>> js_divergence([1.0, 0.0], [0.0, 1.0], base=2)
    1.0
    >>> round(js_divergence([0.5, 0.5], [0.9, 0.1]), 4)
    0.1017
    >>> round(js_divergence([0.5, 0.5], [0.9, 0.1], weights=[0.9, 0.1]), 4)
    0.0336
    """
    unit = math.log(check_base(base))
    pair = Pair(p, q, axis=axis, normalize=normalize)
    if weights is None:
        js = pair.close_sums(_close_js, instead_of=pair.plain_sums(_plain_js))
        return pair.result(js / unit, keepdims)
    w_p, w_q = _two_weights(weights)

    def terms(p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
        m = w_p * p + w_q * q  # so that p - m = w_q d and q - m = -w_p d
        both = w_p * deviance(p, m, w_q * d) + w_q * deviance(q, m, -w_p * d)
        return np.where(m > 0, both, 0)  # m is 0 where p or q has no weight as well

    return pair.result(pair.close_sums(terms) / unit, keepdims)


def _two_weights(weights: ArrayLike) -> tuple[float, float]:
    w = as_probabilities(weights, name="weights")
    if w.shape != (2,):
        raise ValueError(f"weights must be two numbers, for p and for q; their shape is {w.shape}")
    return float(w[0] / w.sum()), float(w[1] / w.sum())


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
    float or ndarray
        Without ``axis``; in roots of nats or bits.

    Raises
    ------
    ProbabilityError, ValueError, TypeError
        As in ``kl_divergence``.

    Notes
    -----
    Same as ``scipy.spatial.distance.jensenshannon(p, q)``.

    References
    ----------
    D. M. Endres and J. E. Schindelin, A new metric for probability distributions, 2003.

    Examples
    --------
    >>> js_distance([1.0, 0.0], [0.0, 1.0], base=2)
    1.0
    """
    if check_base(base) < 1:
        raise ValueError(f"base must be above 1 for a distance, not {base}; below it information is negative")
    return plain(np.sqrt(js_divergence(p, q, axis=axis, base=base, keepdims=keepdims, normalize=normalize)))


def renyi_divergence(
    p: ArrayLike,
    q: ArrayLike,
    alpha: float,
    *,
    axis: int = -1,
    base: float = math.e,
    keepdims: bool = False,
    normalize: bool = False,
) -> float | np.ndarray:
    r"""Return the Rényi divergence of order alpha: the larger alpha, the more the worst underestimate counts.

    .. math:: D_\alpha(p \| q) = \frac{1}{\alpha - 1} \log \sum_i p_i^\alpha\, q_i^{1 - \alpha}

    It never falls as alpha rises. At 0 it is -log of the mass that q gives to what p holds possible, at 1 the
    Kullback-Leibler divergence, at infinity the largest of log(p/q). From order 1 on, an outcome with p > 0
    and q = 0 makes it infinite; below 1 only if p and q have no outcome in common.

    Parameters
    ----------
    p, q, axis, base, keepdims, normalize
        As in ``kl_divergence``.
    alpha : float
        The order, from 0 to infinity.

    Returns
    -------
    float or ndarray
        Without ``axis``, float64, at least 0, in the unit of ``base``.

    Raises
    ------
    ProbabilityError, ValueError, TypeError
        As in ``kl_divergence``; ValueError also if ``alpha`` is negative or NaN.

    References
    ----------
    T. van Erven and P. Harremoës, Rényi divergence and Kullback-Leibler divergence, 2014.

    Examples
    --------
    >>> [round(renyi_divergence([0.5, 0.5], [0.9, 0.1], alpha), 4) for alpha in (0, 0.5, 1, 2, math.inf)]
    [0.0, 0.2231, 0.5108, 1.0217, 1.6094]
    """
    unit = math.log(check_base(base))
    alpha = check_order(alpha)
    if alpha == 1:
        return kl_divergence(p, q, axis=axis, base=base, keepdims=keepdims, normalize=normalize)
    pair = Pair(p, q, axis=axis, normalize=normalize)
    return pair.result(_renyi(*pair.tables(), alpha) / unit, keepdims)


@np.errstate(all="ignore")  # zeros and what leaves the range of a float are put right by np.where
def _renyi(p: np.ndarray, q: np.ndarray, d: np.ndarray, alpha: float) -> np.ndarray:
    """Return D_alpha of each row in nats, from p, q and d = p - q."""
    if alpha == math.inf:
        return np.where(p > 0, log_ratio(p, q, d), -np.inf).max(axis=-1, initial=-np.inf)
    if alpha == 0:
        outside = np.where(p > 0, 0, q).sum(axis=-1)
        inside = np.where(p > 0, q, 0).sum(axis=-1)
        return np.where(outside < 0.5, -np.log1p(-outside), -np.log(inside))
    if alpha < 0.5:  # skew symmetry
        return alpha / (1 - alpha) * _renyi_from_half(q, p, -d, 1 - alpha, -alpha)
    return _renyi_from_half(p, q, d, alpha, alpha - 1)


@np.errstate(all="ignore")
def _renyi_from_half(p: np.ndarray, q: np.ndarray, d: np.ndarray, alpha: float, excess: float) -> np.ndarray:
    """Return D_alpha for an order of 1/2 or more; ``excess`` is alpha - 1 with the digits that it has."""
    near = _power_sum_near_one(p, q, d, excess)
    far = alpha * log_or_minus_inf(p) - excess * log_or_minus_inf(q)
    log_sum = logsumexp(np.where((p > 0) & (q > 0), far, -np.inf), axis=-1)
    values = np.where(np.abs(excess * near) < 0.5, np.log1p(excess * near), log_sum) / excess
    impossible = np.any((p > 0) & (q == 0), axis=-1) & (alpha > 1)
    return np.where(impossible, np.inf, values)


def _power_sum_near_one(p: np.ndarray, q: np.ndarray, d: np.ndarray, excess: float) -> np.ndarray:
    """Return (sum p^(1 + e) q^-e - 1)/e for an excess e >= -1/2; at e = 0 it would be the KL divergence.

    With L = log(p/q) a term is p (exp(e L) - 1 - e L)/e + p L - p + q, two parts that lose no digit.
    """
    log = log_ratio(p, q, d)
    bent = np.where((p > 0) & (q > 0), p * expm1_minus_x(excess * log) / excess, 0)
    return np.sum(bent + deviance(p, q, d), axis=-1)


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
    float or ndarray
        Without ``axis``; a probability, from 0 to 1.

    Raises
    ------
    ProbabilityError, ValueError, TypeError
        As in ``kl_divergence``.

    References
    ----------
    D. A. Levin, Y. Peres and E. L. Wilmer, Markov Chains and Mixing Times, 2009, section 4.1.

    Examples
    --------
    >>> round(total_variation([0.5, 0.5], [0.9, 0.1]), 4)
    0.4
    """
    pair = Pair(p, q, axis=axis, normalize=normalize)
    return pair.result(pair.close_sums(lambda p, q, d: np.abs(d) / 2), keepdims)


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
    float or ndarray
        Without ``axis``; in the unit of ``support``.

    Raises
    ------
    ProbabilityError, ValueError, TypeError
        As in ``kl_divergence``; ValueError also if ``support`` is not n finite numbers.

    Notes
    -----
    ``scipy.stats.wasserstein_distance(support, support, p, q)`` gives one pair at a time.

    References
    ----------
    S. S. Vallender, Calculation of the Wasserstein distance between probability distributions on the line,
    1974.

    Examples
    --------
    >>> wasserstein1([1, 0, 0], [0, 0, 1], support=[0, 5, 7])
    7.0
    """
    pair = Pair(p, q, axis=axis, normalize=normalize)
    n, x = pair.p.shape[1], as_places(support, name="support")
    if x.shape != (n,):
        raise ValueError(f"support must be {n} positions, one per outcome; its shape is {x.shape}")
    order = np.argsort(x, kind="stable")
    carried = np.abs(np.cumsum(pair.tables()[2][:, order], axis=-1)[:, :-1])
    return pair.result(np.sum(carried * np.diff(x[order]), axis=-1), keepdims)


def wasserstein1_samples(x: ArrayLike, y: ArrayLike) -> float:
    r"""Return the Wasserstein-1 distance of two samples: the mean way from the points of x to those of y.

    .. math:: W_1 = \int |\hat F_x(t) - \hat F_y(t)| \, dt = \frac1n \sum_i |x_{(i)} - y_{(i)}|
        \quad \text{if both have } n \text{ points}

    On a line the cheapest plan keeps the order: the smallest goes to the smallest. Samples of different
    sizes are matched share by share. Two samples of one distribution are some way apart as well, about
    the standard deviation over the root of the smaller size.

    Parameters
    ----------
    x, y : array_like, shapes (n,) and (m,)
        The samples; n and m need not be equal.

    Returns
    -------
    float
        At least zero, in the unit of x and y.

    Raises
    ------
    ValueError
        If a sample is empty, has more than one axis, or holds entries that are NaN, infinite or beyond 1e100.
    TypeError
        If x or y does not hold real numbers.

    References
    ----------
    S. S. Vallender, Calculation of the Wasserstein distance between probability distributions on the line,
    1974. ``scipy.stats.wasserstein_distance(x, y)`` is the same.

    Examples
    --------
    >>> wasserstein1_samples([0, 1, 3], [5, 6, 8])
    5.0
    >>> wasserstein1_samples([0, 0, 0, 4], [0])
    1.0
    """
    x, y = _sample(x, "x"), _sample(y, "y")
    points = np.concatenate([x, y])
    order = np.argsort(points, kind="stable")
    # n m (F_x - F_y) after each point in whole numbers: a point of x adds m, one of y takes n away.
    steps = np.repeat([len(y), -len(x)], [len(x), len(y)])
    carried = np.abs(np.cumsum(steps[order])[:-1]) / (len(x) * len(y))
    return float(carried @ np.diff(points[order]))


def _sample(x: ArrayLike, name: str) -> np.ndarray:
    x = as_places(x, name=name)
    if x.ndim != 1 or x.size == 0:
        raise ValueError(f"{name} must be a sequence of at least one number; its shape is {x.shape}")
    return x


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
    float or ndarray
        Without ``axis``; float64.

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
    return plain((kl if check_flag(keepdims, name="keepdims") else kl.squeeze(axis)) / unit)

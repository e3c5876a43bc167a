"""Mutual information from samples: neighbours, a critic's scores, and a test whether it is there at all.

Estimates are not clipped at zero: a negative one says that the truth is near zero and by how much the data
scatter.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_lib._validate import (
    as_array,
    as_finite,
    as_labels,
    as_places,
    as_rng,
    check_base,
    check_callable,
    check_whole,
)
from course_lib.mutual_information import mutual_info_score

__all__ = [
    "PermutationTest",
    "info_nce",
    "info_nce_gradient",
    "ksg",
    "ksg_labels",
    "ksg_mixture",
    "permutation_test",
]

QUERIES = 1024  # balls whose contents are listed at a time
TIE = 1e-12  # statistics of permuted data that agree to this fraction are one number, rounded twice


# ------------------------------------------------------------------------- from samples of a density


def ksg(x: ArrayLike, y: ArrayLike, *, k: int = 3, base: float = math.e) -> float:
    r"""Estimate the mutual information of continuous variables from the distances to k-th nearest neighbours.

    .. math:: \hat I = \psi(k) + \psi(n) - \langle \psi(n_x + 1) + \psi(n_y + 1) \rangle

    Around each point lies the square that just reaches its k-th neighbour; n_x and n_y count the other points
    that lie strictly inside its shadow on each axis. The point itself is never counted.

    Parameters
    ----------
    x, y : array_like, shape (n,) or (n, d)
        Samples; the variables may have several dimensions. Scale them to comparable spreads first.
    k : int
        Which neighbour: more lowers the variance and raises the bias.
    base : float
        Unit of the result: e gives nats, 2 gives bits.

    Returns
    -------
    float
        An estimate; near independence it may be negative.

    Raises
    ------
    ValueError
        If k is below 1 or not below n, if the samples differ in number or are not finite, or if a point
        occurs more than k times: then there is no density, and ``ksg_mixture`` is the way.
    TypeError
        If the samples are not real numbers.

    Notes
    -----
    ``sklearn.feature_selection.mutual_info_regression`` uses it too, after scaling, adding noise, and with
    negative estimates set to zero.

    References
    ----------
    A. Kraskov, H. Stögbauer and P. Grassberger, Estimating mutual information, 2004, estimator 1.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=2000)
    >>> y = x + rng.normal(size=2000)                      # truth: ln(2)/2 = 0.3466
    >>> f"{ksg(x, y):.2f}"
    '0.33'
    """
    unit = math.log(check_base(base))
    x, y, k = _as_samples(x, y, k)
    radius = _neighbour_distance(np.hstack([x, y]), k)
    if radius.min() == 0:
        raise ValueError(f"a point occurs more than k = {k} times: x and y have no density; use ksg_mixture")
    psi = _digamma_table(len(x))
    pair = psi[_others_inside(x, radius) + 1] + psi[_others_inside(y, radius) + 1]
    return float(psi[k] + psi[len(x)] - pair.mean()) / unit


def ksg_mixture(x: ArrayLike, y: ArrayLike, *, k: int = 3, base: float = math.e) -> float:
    r"""Estimate mutual information where values may repeat: discrete, continuous, or a mixture of both.

    .. math:: \hat I = \psi(n) + \langle \psi(k_i) - \psi(n_{x,i} + 1) - \psi(n_{y,i} + 1) \rangle

    Where the k-th neighbour sits at distance 0, k_i counts all points at that very place and so do n_x and
    n_y in their shadows: locally the plug-in estimate. Elsewhere k_i = k, and it is ``ksg``.

    Parameters
    ----------
    x, y, k, base
        As in ``ksg``.

    Returns
    -------
    float
        An estimate; near independence it may be negative.

    Raises
    ------
    ValueError
        As in ``ksg``, but repeated points are welcome.
    TypeError
        If the samples are not real numbers.

    References
    ----------
    W. Gao, S. Kannan, S. Oh and P. Viswanath, Estimating mutual information for discrete-continuous mixtures,
    2017; with psi(n) where they write log n, so that without repeats it equals ``ksg``.

    Examples
    --------
    >>> coin = np.random.default_rng(0).integers(0, 2, size=1000)
    >>> f"{ksg_mixture(coin, coin, base=2):.2f}"
    '1.00'
    """
    unit = math.log(check_base(base))
    x, y, k = _as_samples(x, y, k)
    both = np.hstack([x, y])
    radius = _neighbour_distance(both, k)
    psi = _digamma_table(len(x))
    own = np.full(len(x), k)
    own[radius == 0] = _others_inside(both, radius)[radius == 0] + 1
    pair = psi[_others_inside(x, radius) + 1] + psi[_others_inside(y, radius) + 1]
    return float(psi[len(x)] + np.mean(psi[own] - pair)) / unit


def ksg_labels(x: ArrayLike, labels: ArrayLike, *, k: int = 3, base: float = math.e) -> float:
    r"""Estimate what a continuous variable tells about a class, from neighbours within the class.

    .. math:: \hat I = \psi(n) + \langle \psi(k_i) - \psi(n_{\text{class}}) - \psi(m_i + 1) \rangle

    The ball around a point reaches its k-th neighbour of the same class; m counts the other points of any
    class inside it. A class of fewer than k + 1 points uses all it has; one with a single point is left out.
    Where values repeat more than k times, k_i counts the repeats, as in ``ksg_mixture``.

    Parameters
    ----------
    x : array_like, shape (n,) or (n, d)
        Samples of the continuous variable.
    labels : array_like, shape (n,)
        The class of each: whole numbers, booleans or strings.
    k, base
        As in ``ksg``.

    Returns
    -------
    float
        An estimate; near independence it may be negative.

    Raises
    ------
    ValueError
        If k is below 1 or not below n, the lengths differ, a sample is not finite, or no class has two
        points.
    TypeError
        If the samples are not real numbers or the labels are.

    Notes
    -----
    ``sklearn.feature_selection.mutual_info_classif`` uses it too, after scaling, adding noise, and with
    negative estimates set to zero.

    References
    ----------
    B. C. Ross, Mutual information between discrete and continuous data sets, 2014.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> side = rng.integers(0, 2, size=1000)
    >>> f"{ksg_labels(rng.normal(size=1000) + 10 * side, side, base=2):.2f}"
    '1.00'
    """
    unit = math.log(check_base(base))
    codes = np.unique(as_labels(labels, name="labels"), return_inverse=True)[1]
    points, _, k = _as_samples(x, codes, k)
    size = np.bincount(codes)[codes]
    if size.max() == 1:
        raise ValueError("no class holds two points, so no point has a neighbour of its class; merge classes")
    points, codes, size = points[size > 1], codes[size > 1], size[size > 1]
    radius, own = np.empty(len(points)), np.minimum(k, size - 1)
    for label in np.unique(codes):
        members = np.flatnonzero(codes == label)
        radius[members] = _neighbour_distance(points[members], int(own[members[0]]))
        repeated = members[radius[members] == 0]
        own[repeated] = (_others_inside(points[members], radius[members]) + 1)[radius[members] == 0]
    psi, inside = _digamma_table(len(points)), _others_inside(points, radius)
    return float(psi[len(points)] + np.mean(psi[own] - psi[size] - psi[inside + 1])) / unit


def _as_samples(x: ArrayLike, y: ArrayLike, k: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Return two sets of samples as float64 tables (n, d), checked together with k."""
    x, y = as_places(x, name="x") + 0.0, as_places(y, name="y") + 0.0  # -0.0 is the place 0.0
    if x.ndim not in (1, 2) or y.ndim not in (1, 2) or len(x) != len(y):
        raise ValueError(f"x and y must be paired samples, (n,) or (n, d), not {x.shape} and {y.shape}")
    k = check_whole(k, name="k", lowest=1)
    if k >= len(x):
        raise ValueError(f"k must be below the number of samples, got k = {k} for {len(x)}")
    return x.reshape(len(x), -1), y.reshape(len(y), -1), k


class _Places(NamedTuple):
    """Where points lie: the different places, how many points share each, and the place of every point."""

    at: np.ndarray  # (m, d)
    size: np.ndarray  # (m,)
    of: np.ndarray  # (n,)


def _places(points: np.ndarray) -> _Places:
    at, of, count = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    return _Places(at, count, of.reshape(-1))


def _neighbour_distance(points: np.ndarray, k: int) -> np.ndarray:
    """Return the distance, the largest over the coordinates, from each point to its k-th neighbour.

    The tree holds each place once: among points that repeat, its search would visit all of a place's points
    for each of them.
    """
    from scipy.spatial import cKDTree

    places = _places(points)
    distance = np.zeros(len(places.at))
    sparse = np.flatnonzero(places.size <= k)
    if sparse.size:
        nearest = min(k + 1, len(places.at))  # the first is the place itself
        far, which = cKDTree(places.at).query(places.at[sparse], k=np.arange(1, nearest + 1), p=np.inf)
        reached = np.cumsum(places.size[which], axis=1) > k
        distance[sparse] = far[np.arange(sparse.size), reached.argmax(axis=1)]
    return distance[places.of]


def _others_inside(points: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Count the other points strictly closer than ``radius``; with radius 0, those in the same place."""
    if points.shape[1] == 1:
        return _others_inside_interval(points[:, 0], np.maximum(radius, np.nextafter(0, 1)))
    places = _places(points)
    inside = places.size[places.of]
    away = np.flatnonzero(radius > 0)
    inside[away] = _inside(places, points[away], radius[away])
    return inside - 1


def _inside(places: _Places, points: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Count the points strictly closer than ``radius`` to each of ``points``, itself among them."""
    from scipy.spatial import cKDTree

    if not len(points):
        return np.zeros(0, dtype=np.int64)
    tree, within = cKDTree(places.at), np.nextafter(radius, 0)
    if places.size.max() == 1:
        return tree.query_ball_point(points, within, p=np.inf, return_length=True)
    counts = [
        places.size[hits].sum()
        for i in range(0, len(points), QUERIES)
        for hits in tree.query_ball_point(points[i : i + QUERIES], within[i : i + QUERIES], p=np.inf)
    ]
    return np.array(counts)


def _others_inside_interval(x: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Count on a line by bisection; edge points that rounding x ± radius let in are judged by distance."""
    values, counts = np.unique(x, return_counts=True)
    before = np.concatenate([[0], np.cumsum(counts)])
    with np.errstate(over="ignore"):
        low, high = x - radius, x + radius
    first, last = np.searchsorted(values, low), np.searchsorted(values, high, side="right") - 1
    while np.any(outside := x - values[first] >= radius):
        first += outside
    while np.any(outside := values[last] - x >= radius):
        last -= outside
    return before[last + 1] - before[first] - 1


def _digamma_table(n: int) -> np.ndarray:
    """Return psi(0 … n): psi(1) = -0.5772…, and each next one adds 1/m. psi(0) is not used."""
    from scipy.special import digamma

    return np.concatenate([[np.nan], digamma(np.arange(1, n + 1))])


# ------------------------------------------------------------------------- from a critic's scores


def info_nce(scores: ArrayLike, *, base: float = math.e) -> float:
    r"""Return the InfoNCE bound on mutual information: how well each x picks its own y among K.

    .. math:: \hat I = \log K + \frac1K \sum_i \log \frac{e^{s_{ii}}}{\sum_j e^{s_{ij}}} \le \log K

    On average over K independent pairs to which the critic s was not fitted it is a lower bound of I(X; Y),
    whatever the critic; none gets it above log K.

    Parameters
    ----------
    scores : array_like, shape (K, K)
        s_ij is the critic's score of x_i with y_j; the true pairs are on the diagonal.
    base : float
        Unit of the result: e gives nats, 2 gives bits.

    Returns
    -------
    float
        At most log K. The InfoNCE loss of contrastive learning is log K minus this.

    Raises
    ------
    ValueError
        If ``scores`` is not a square table of finite numbers.
    TypeError
        If ``scores`` does not hold real numbers.

    Notes
    -----
    The loss is ``torch.nn.functional.cross_entropy(scores, torch.arange(K))``.

    References
    ----------
    A. van den Oord, Y. Li and O. Vinyals, Representation learning with contrastive predictive coding, 2018.

    Examples
    --------
    >>> info_nce(np.zeros((8, 8)))                        # a critic that knows nothing
    0.0
    >>> round(info_nce(100 * np.eye(8), base=2), 6)       # all it can ever say: log2(8)
    3.0
    """
    unit = math.log(check_base(base))
    shifted = _centred_scores(scores)
    log_picked = np.diagonal(shifted) - np.log(np.exp(shifted).sum(axis=1))
    return float(math.log(len(shifted)) + np.mean(log_picked)) / unit


def info_nce_gradient(scores: ArrayLike) -> np.ndarray:
    r"""Return the gradient of ``info_nce`` in nats with respect to the scores.

    .. math:: \frac{\partial \hat I}{\partial s_{ij}} = \frac1K \bigl([i = j] - \mathrm{softmax}(s_i)_j\bigr)

    Truth minus belief, as for every softmax. Once all pairs are picked with certainty it vanishes: at log K
    there is nothing more to learn from K candidates.

    Parameters
    ----------
    scores : array_like, shape (K, K)
        As in ``info_nce``.

    Returns
    -------
    ndarray, shape (K, K)
        Nats per unit of score; each row sums to 0.

    Raises
    ------
    ValueError, TypeError
        As in ``info_nce``.

    Notes
    -----
    It is the derivative of ``info_nce``, term by term.

    Examples
    --------
    >>> info_nce_gradient(np.zeros((2, 2)))
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    weights = np.exp(_centred_scores(scores))
    return (np.eye(len(weights)) - weights / weights.sum(axis=1, keepdims=True)) / len(weights)


def _centred_scores(scores: ArrayLike) -> np.ndarray:
    """Return scores as float64 with the largest of each row at 0, which changes no softmax."""
    s = as_finite(scores, name="scores", largest=1e300)
    if s.ndim != 2 or s.shape[0] != s.shape[1] or s.size == 0:
        raise ValueError(f"scores must be a square table of numbers, K x K; its shape is {s.shape}")
    return s - s.max(axis=1, keepdims=True)


# --------------------------------------------------------------------------------- is there any?


class PermutationTest(NamedTuple):
    """What a permutation test found.

    Attributes
    ----------
    statistic : float
        That of the data in their observed order.
    pvalue : float
        Chance of one as large if the variables were independent, from 1/(m + 1) to 1.
    null_distribution : ndarray, shape (m,)
        The statistics of the shuffled data, in the same unit.
    """

    statistic: float
    pvalue: float
    null_distribution: np.ndarray


def permutation_test(
    x: ArrayLike,
    y: ArrayLike,
    statistic: Callable[[np.ndarray, np.ndarray], float] = mutual_info_score,
    *,
    n_resamples: int = 999,
    rng: np.random.Generator | int | None = None,
) -> PermutationTest:
    r"""Test whether x and y are independent by shuffling y, which breaks any tie between them.

    .. math:: p = \frac{b + 1}{m + 1}, \qquad b = \text{shuffles whose statistic reaches the observed one}

    The observed order is itself one of the orders, hence the ones: p is never 0. If x and y are independent
    and the pairs are drawn independently, it is at most alpha with probability at most alpha, for every alpha
    and every m. Successive values of a time series are no independent draws: it sees ties that are none.

    Parameters
    ----------
    x, y : array_like, shape (n, ...)
        Samples, paired along the first axis.
    statistic : callable
        Takes x and a reordered y, returns a number that is large when they depend on each other.
    n_resamples : int
        m, the number of shuffles.
    rng : Generator, int or None
        A generator or a seed.

    Returns
    -------
    PermutationTest
        Fields ``statistic``, ``pvalue`` and ``null_distribution``, shape (m,), in the statistic's unit.

    Raises
    ------
    ValueError
        If x and y differ in length or ``n_resamples`` is below 1.

    Notes
    -----
    ``scipy.stats.permutation_test`` with ``permutation_type="pairings"`` does the same.

    References
    ----------
    B. Phipson and G. K. Smyth, Permutation p-values should never be zero, 2010.

    Examples
    --------
    >>> rain = np.array([0, 0, 0, 0, 1, 1, 1, 1] * 3)
    >>> permutation_test(rain, 1 - rain, n_resamples=99, rng=0).pvalue
    0.01
    """
    x, y, rng = as_array(x, name="x"), as_array(y, name="y"), as_rng(rng)
    n_resamples = check_whole(n_resamples, name="n_resamples", lowest=1)
    if x.ndim == 0 or y.ndim == 0 or len(x) != len(y):
        raise ValueError(f"x and y must be paired samples; their shapes are {x.shape} and {y.shape}")
    observed = float(check_callable(statistic, name="statistic")(x, y))
    null = np.array([statistic(x, y[rng.permutation(len(y))]) for _ in range(n_resamples)], dtype=np.float64)
    if math.isnan(observed) or np.isnan(null).any():
        raise ValueError(
            "the statistic is NaN, which is neither larger nor smaller than any other; is one of the samples "
            "constant? Give a statistic that has a value for every pairing"
        )
    as_large = int(np.sum(null >= observed - TIE * abs(observed)))
    return PermutationTest(observed, (as_large + 1) / (n_resamples + 1), null)

"""Has the input changed since training? Histograms, a divergence, and an alarm whose rate is known.

The reference is what the model was trained on, the current sample what arrives now. A rule of thumb such as
"PSI above 0.2" ignores how much a histogram of few samples scatters by itself; a permutation threshold does
not.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from course_lib._rows import Pair
from course_lib._stable import log_ratio
from course_lib._validate import (
    as_float,
    as_places,
    as_rng,
    check_base,
    check_not_negative,
    check_number,
    check_whole,
)

__all__ = [
    "drift_score",
    "drift_threshold",
    "false_alarm_rate",
    "histogram_probabilities",
    "psi",
    "quantile_edges",
]

Seed = np.random.Generator | int | None


def psi(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    base: float = math.e,
    keepdims: bool = False,
    normalize: bool = False,
) -> float | np.ndarray:
    r"""Return the population stability index of monitoring, which is KL in both directions added up.

    .. math:: \mathrm{PSI}(p, q) = \sum_i (p_i - q_i) \log \frac{p_i}{q_i}
        = D_{\mathrm{KL}}(p \| q) + D_{\mathrm{KL}}(q \| p)

    Symmetric, never negative, infinite as soon as one histogram has an empty bin where the other has not:
    smooth the counts first (``histogram_probabilities``).

    Parameters
    ----------
    p, q, axis, base, keepdims, normalize
        As in ``kl_divergence``.

    Returns
    -------
    float or ndarray
        Without ``axis``; float64.

    Raises
    ------
    ProbabilityError, ValueError, TypeError
        As in ``kl_divergence``.

    References
    ----------
    H. Jeffreys, An invariant form for the prior probability in estimation problems, 1946; the name PSI is
    from credit scoring, whose thumb rule calls 0.1 to 0.25 nats a moderate shift.

    Examples
    --------
    >>> round(psi([0.5, 0.5], [0.9, 0.1]), 4)             # 0.5108 + 0.3681
    0.8789
    """
    unit = math.log(check_base(base))
    pair = Pair(p, q, axis=axis, normalize=normalize)
    return pair.result(pair.close_sums(lambda p, q, d: d * log_ratio(p, q, d)) / unit, keepdims)


def quantile_edges(reference: ArrayLike, n_bins: int = 10) -> np.ndarray:
    """Return the inner edges of bins whose shares of the reference are as equal as its values allow.

    An edge lies midway between two neighbouring values of the reference, so that no value sits on an edge and
    the mirrored feature has the mirrored bins. The outer bins are open. A constant reference gets three bins,
    so that whatever differs from it is seen.

    Parameters
    ----------
    reference : array_like, shape (n,)
        Samples of one feature.
    n_bins : int
        How many bins, at least 2; values that repeat may leave fewer.

    Returns
    -------
    ndarray, shape (at most n_bins - 1,)
        Rising edges in the unit of the feature, two for a constant reference.

    Raises
    ------
    ValueError
        If there are no samples, one is not finite or beyond 1e100, or ``n_bins`` is below 2.
    TypeError
        If the samples are not real numbers.

    Examples
    --------
    >>> quantile_edges(np.arange(100), n_bins=4)
    array([24.5, 49.5, 74.5])
    >>> quantile_edges([0] * 95 + [1] * 5)            # a rare flag: its two values part the bins
    array([0.5])
    """
    x = _as_feature(reference, "reference")
    n_bins = check_whole(n_bins, name="n_bins", lowest=2)
    values, counts = np.unique(x.astype(np.float64), return_counts=True)
    if len(values) == 1:
        return np.nextafter(values[0], [-np.inf, np.inf])
    below = np.cumsum(counts)[:-1]  # samples below each possible edge
    low, high = values[:-1], values[1:]
    middle = low / 2 + high / 2
    return np.where(middle > low, middle, high)[_nearest(below * n_bins, np.arange(1, n_bins) * len(x))]


def _nearest(sizes: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return which of the rising sizes come nearest to some target; of two that tie, both."""
    above = np.minimum(np.searchsorted(sizes, targets), len(sizes) - 1)
    under = np.maximum(above - 1, 0)
    gap_above, gap_under = np.abs(sizes[above] - targets), np.abs(sizes[under] - targets)
    return np.union1d(above[gap_above <= gap_under], under[gap_under <= gap_above])


def histogram_probabilities(sample: ArrayLike, edges: ArrayLike, *, smoothing: float = 0.5) -> np.ndarray:
    r"""Return the shares of a sample in bins, each bin given a fraction of a count in advance.

    .. math:: p_i = \frac{c_i + a}{n + a K}

    A sample on an edge counts half in either bin, so that a mirrored feature has mirrored shares. Without
    smoothing (a = 0) an empty bin has probability 0 and makes a divergence infinite.

    Parameters
    ----------
    sample : array_like, shape (n,)
        Samples of one feature.
    edges : array_like, shape (K - 1,)
        Inner edges, rising, as from ``quantile_edges``.
    smoothing : float
        a, the pseudo-count of each bin, 0 or more: the mean under a Dirichlet(a) prior.

    Returns
    -------
    ndarray, shape (K,)
        Probabilities that sum to 1.

    Raises
    ------
    ValueError
        If there are no samples, one is not finite or beyond 1e100, the edges do not rise, or
        ``smoothing`` is negative.
    TypeError
        If the samples are not real numbers.

    Notes
    -----
    It is the mean of the posterior under a Dirichlet(a) prior.

    Examples
    --------
    >>> histogram_probabilities([1, 2, 3, 9], edges=[5, 10], smoothing=1)
    array([0.57142857, 0.28571429, 0.14285714])
    """
    x, edges = _as_feature(sample, "sample"), as_float(edges, name="edges")
    if edges.ndim != 1 or not np.all(np.isfinite(edges)) or np.any(np.diff(edges) <= 0):
        raise ValueError("edges must be a rising sequence of finite numbers, such as quantile_edges gives")
    smoothing = check_not_negative(smoothing, name="smoothing")
    below, above = (np.searchsorted(edges, x, side) for side in ("left", "right"))
    counts = np.bincount(np.concatenate([below, above]), minlength=len(edges) + 1) / 2 + smoothing
    return counts / counts.sum()


def drift_score(
    reference: ArrayLike,
    current: ArrayLike,
    *,
    n_bins: int = 10,
    smoothing: float = 0.5,
    base: float = math.e,
) -> float:
    """Return how far the current sample has drifted: the PSI of two histograms with the reference's bins.

    Parameters
    ----------
    reference, current : array_like, shape (n,) and (m,)
        Samples of one feature, then and now.
    n_bins : int
        Bins, each with an equal share of the reference.
    smoothing : float
        Pseudo-count of each bin.
    base : float
        Unit of the result: e gives nats, 2 gives bits.

    Returns
    -------
    float
        Zero for equal counts. Without drift, and with many samples in every bin, it is some
        (K - 1)(1/n + 1/m) nats, not 0: hence ``drift_threshold``.

    Raises
    ------
    ValueError, TypeError
        As in ``quantile_edges`` and ``histogram_probabilities``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> then, now = rng.normal(size=1000), rng.normal(size=1000) + 1
    >>> drift_score(then, now) > 0.5
    True
    """
    edges = quantile_edges(reference, n_bins)
    p = histogram_probabilities(reference, edges, smoothing=smoothing)
    q = histogram_probabilities(current, edges, smoothing=smoothing)
    return float(psi(p, q, base=base))


def drift_threshold(
    reference: ArrayLike,
    window: int,
    *,
    alpha: float = 0.05,
    n_bins: int = 10,
    smoothing: float = 0.5,
    base: float = math.e,
    n_resamples: int = 999,
    rng: Seed = None,
) -> float:
    r"""Return the score above which a window of new samples should raise the alarm.

    .. math:: \text{the } \lceil (1 - \alpha)(m + 1) \rceil \text{-th smallest of } m \text{ scores}

    Each is the score of a window drawn from the reference, without replacement, against the rest of it. With
    m such scores the chance that one more drawn the same way exceeds the threshold is at most alpha. The
    samples must be exchangeable: consecutive values of a correlated stream exceed it far more often.

    Parameters
    ----------
    reference : array_like, shape (n,)
        Samples of one feature.
    window : int
        Size of the windows to come, from 1 to n - 1.
    alpha : float
        False-alarm rate to allow, above 0 and below 1, at least 1/(m + 1).
    n_bins, smoothing, base
        As in ``drift_score``.
    n_resamples : int
        m, the number of windows drawn.
    rng : Generator, int or None
        A generator or a seed.

    Returns
    -------
    float
        In the unit of ``drift_score``.

    Raises
    ------
    ValueError
        If ``window`` leaves no reference, or ``alpha`` is not above 1/(m + 1) and below 1.

    Notes
    -----
    The observed window counts as one of the windows drawn.

    References
    ----------
    B. Phipson and G. K. Smyth, Permutation p-values should never be zero, 2010.

    Examples
    --------
    >>> then = np.random.default_rng(0).normal(size=1000)
    >>> limit = drift_threshold(then, window=100, n_resamples=199, rng=1)
    >>> 0.1 < limit < 0.3
    True
    """
    n_resamples = check_whole(n_resamples, name="n_resamples", lowest=1)
    alpha = check_number(alpha, name="alpha")
    if not 1 / (n_resamples + 1) <= alpha < 1:
        raise ValueError(
            f"alpha must be below 1 and at least 1/(n_resamples + 1) = {1 / (n_resamples + 1):.4g}, "
            f"got {alpha}; a rarer alarm needs more resamples"
        )
    scores = _scores_without_drift(reference, window, n_bins, smoothing, base, n_resamples, as_rng(rng))
    rank = math.ceil((1 - alpha) * (n_resamples + 1) * (1 - 1e-12))
    return float(np.sort(scores)[rank - 1])


def false_alarm_rate(
    reference: ArrayLike,
    window: int,
    threshold: float,
    *,
    n_bins: int = 10,
    smoothing: float = 0.5,
    base: float = math.e,
    n_trials: int = 1000,
    rng: Seed = None,
) -> float:
    """Measure how often a threshold raises the alarm on windows in which nothing has drifted.

    Parameters
    ----------
    reference : array_like, shape (n,)
        Samples of one feature.
    window : int
        Size of a window, from 1 to n - 1.
    threshold : float
        Alarm above this score, whether a thumb rule or ``drift_threshold``.
    n_bins, smoothing, base
        As in ``drift_score``.
    n_trials : int
        Windows to draw; the rate r is known to about sqrt(r (1 - r) / n_trials).
    rng : Generator, int or None
        A generator or a seed.

    Returns
    -------
    float
        The share of alarms, from 0 to 1.

    Raises
    ------
    ValueError
        If ``window`` leaves no reference, or ``n_trials`` is below 1.

    Examples
    --------
    >>> then = np.random.default_rng(0).normal(size=1000)
    >>> false_alarm_rate(then, window=50, threshold=0.2, n_trials=200, rng=1) > 0.3  # no drift at all
    True
    """
    n_trials = check_whole(n_trials, name="n_trials", lowest=1)
    threshold = check_number(threshold, name="threshold")
    scores = _scores_without_drift(reference, window, n_bins, smoothing, base, n_trials, as_rng(rng))
    return float(np.mean(scores > threshold))


def _scores_without_drift(
    reference: ArrayLike,
    window: int,
    n_bins: int,
    smoothing: float,
    base: float,
    times: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Score random windows of the reference against the rest of it."""
    x = _as_feature(reference, "reference")
    window = check_whole(window, name="window", lowest=1)
    if window >= len(x):
        raise ValueError(f"window must be below the {len(x)} samples of the reference, got {window}")
    scores = np.empty(times)
    for i in range(times):
        now, then = np.split(rng.permutation(x), [window])
        scores[i] = drift_score(then, now, n_bins=n_bins, smoothing=smoothing, base=base)
    return scores


def _as_feature(x: ArrayLike, name: str) -> np.ndarray:
    x = as_places(x, name=name)
    if x.ndim != 1 or x.size == 0:
        raise ValueError(f"{name} must be a sequence of at least one number; its shape is {x.shape}")
    return x

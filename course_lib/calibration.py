"""Does 0.7 come true seven times in ten? Reliability, calibration error, proper scores, temperature scaling.

Predictions come as ``p`` of shape (N,), the chance of an event with labels 0 and 1, or of shape (N, K), a
distribution over classes 0 … K-1. Of classes, reliability looks at the one predicted, the likeliest: its
probability is the confidence, and whether it is the label is the outcome.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_lib._validate import (
    as_array,
    as_finite,
    as_probabilities,
    as_unit,
    check_flag,
    check_logits,
    check_whole,
)
from course_lib.softmax import softmax

__all__ = [
    "Reliability",
    "brier_score_loss",
    "calibration_floor",
    "expected_calibration_error",
    "fit_temperature",
    "log_loss",
    "reliability_diagram",
    "squared_calibration_error",
]


class Reliability(NamedTuple):
    """What a reliability diagram draws, one entry for each bin that holds predictions.

    Attributes
    ----------
    confidence : ndarray, shape (B,)
        Mean of what was claimed, a probability.
    frequency : ndarray, shape (B,)
        How often it came true, as a share.
    size : ndarray of int, shape (B,)
        Predictions in the bin.
    """

    confidence: np.ndarray
    frequency: np.ndarray
    size: np.ndarray


def reliability_diagram(labels: ArrayLike, p: ArrayLike, *, n_bins: int = 10) -> Reliability:
    """Return claims against facts: predictions grouped by confidence into bins of equal width.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        What happened: 0 or 1, or the class.
    p : array_like, shape (N,) or (N, K)
        What was predicted.
    n_bins : int
        Bins that cut [0, 1] evenly; the lower edge belongs to a bin, and 1 to the last.

    Returns
    -------
    Reliability
        ``confidence``, ``frequency`` and ``size`` of the bins that are not empty. Calibrated predictions
        lie on the diagonal, confidence = frequency, but for chance.

    Raises
    ------
    ValueError
        If the shapes do not fit, there is no prediction, a label is no class, or n_bins < 1.
    ProbabilityError
        If ``p`` holds no probabilities.
    TypeError
        If labels are not whole numbers.

    Notes
    -----
    For ``p`` of shape (N,) the two curves of ``sklearn.calibration.calibration_curve``, and the counts; but
    there a claim on the edge of two bins belongs to the lower, here to the upper.

    References
    ----------
    M. H. DeGroot and S. E. Fienberg, The comparison and evaluation of forecasters, 1983.

    Examples
    --------
    >>> diagram = reliability_diagram([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], n_bins=2)
    >>> diagram.confidence, diagram.frequency, diagram.size
    (array([0.25, 0.75]), array([0.5, 1. ]), array([2, 2]))
    """
    n_bins = check_whole(n_bins, name="n_bins", lowest=1)
    confidence, outcome = _claims(labels, p)
    bins = _bins(confidence, n_bins)
    count = np.bincount(bins, minlength=n_bins)
    held = count > 0
    claimed, true = (np.bincount(bins, weights=x, minlength=n_bins)[held] for x in (confidence, outcome))
    return Reliability(claimed / count[held], true / count[held], count[held])


def expected_calibration_error(labels: ArrayLike, p: ArrayLike, *, n_bins: int = 15) -> float:
    r"""Return the ECE: how far claims lie from facts on average, over the bins of a reliability diagram.

    .. math:: \text{ECE} = \sum_b \frac{n_b}{N} \, |\text{frequency}_b - \text{confidence}_b|

    Chance alone keeps it above 0, also for perfect predictions: see ``calibration_floor``.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        What happened. Not the data that fitted the predictor or its temperature.
    p : array_like, shape (N,) or (N, K)
        What was predicted.
    n_bins : int
        Bins of equal width.

    Returns
    -------
    float
        From 0 to 1, in units of probability.

    Raises
    ------
    ValueError, ProbabilityError, TypeError
        As for ``reliability_diagram``.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, On calibration of modern neural networks, 2017.

    Examples
    --------
    >>> expected_calibration_error([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], n_bins=2)
    0.25
    """
    claimed, true, count = reliability_diagram(labels, p, n_bins=n_bins)
    return float(count @ np.abs(true - claimed) / count.sum())


def squared_calibration_error(
    labels: ArrayLike, p: ArrayLike, *, n_bins: int = 15, debiased: bool = True
) -> float:
    r"""Return the mean squared distance between claims and facts, less what chance adds to it.

    .. math:: \sum_b \frac{n_b}{N} \Bigl[ (f_b - c_b)^2 - \frac{f_b (1 - f_b)}{n_b - 1} \Bigr]

    The frequency f of n draws scatters about its chance with a variance that f(1-f)/(n-1) estimates without
    bias, if the claims in a bin are equal; taken off, a perfect predictor scores 0 on average, however few
    the data, so it may fall below 0. Claims that vary by s² within a bin of n take it some s²/n lower.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        What happened.
    p : array_like, shape (N,) or (N, K)
        What was predicted.
    n_bins : int
        Bins of equal width. Debiased, those that hold a single prediction are left out.
    debiased : bool
        Take the scatter off.

    Returns
    -------
    float
        In units of probability squared.

    Raises
    ------
    ValueError
        As for ``reliability_diagram``; and, debiased, if no bin holds two predictions.
    ProbabilityError, TypeError
        As for ``reliability_diagram``.

    References
    ----------
    A. Kumar, P. Liang and T. Ma, Verified uncertainty calibration, 2019.

    Examples
    --------
    >>> squared_calibration_error([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], n_bins=2, debiased=False)
    0.0625
    >>> squared_calibration_error([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], n_bins=2)
    -0.0625
    """
    claimed, true, count = reliability_diagram(labels, p, n_bins=n_bins)
    squares = np.square(true - claimed)
    if check_flag(debiased, name="debiased"):
        several = count > 1
        if not several.any():
            raise ValueError("no bin holds two predictions, so scatter cannot be told; use fewer bins")
        squares, true, count = squares[several], true[several], count[several]
        squares = squares - true * (1 - true) / (count - 1)
    return float(count @ squares / count.sum())


def calibration_floor(p: ArrayLike, *, n_bins: int = 15) -> float:
    r"""Return the ECE that chance alone would give if every claim in ``p`` were exactly right.

    .. math:: \sum_b \frac{1}{N} \mathbb{E} \Bigl| \sum_{i \in b} (Y_i - c_i) \Bigr|, \qquad
        Y_i \sim \text{Bernoulli}(c_i)

    Parameters
    ----------
    p : array_like, shape (N,) or (N, K)
        What was predicted.
    n_bins : int
        Bins of equal width.

    Returns
    -------
    float
        In units of probability; it falls like one over the root of N.

    Raises
    ------
    ValueError, ProbabilityError, TypeError
        As for ``reliability_diagram``.

    Notes
    -----
    The sum in a bin is taken as Gaussian of the same variance v; its mean distance from 0 is sqrt(2 v / pi).
    Good where v is well above 1 in each bin; with few or extreme claims in a bin it is too high.

    Examples
    --------
    >>> round(calibration_floor(np.full(100, 0.5)), 4)      # a fair coin's share of heads in 100 tosses
    0.0399
    """
    n_bins = check_whole(n_bins, name="n_bins", lowest=1)
    confidence = _confidence(_predictions(p))
    scatter = np.bincount(_bins(confidence, n_bins), weights=confidence * (1 - confidence))
    return float(np.sqrt(2 / math.pi * scatter).sum() / confidence.size)


def brier_score_loss(labels: ArrayLike, p: ArrayLike) -> float:
    r"""Return the Brier score: the mean squared distance of the predictions from what happened.

    .. math:: \frac1N \sum_i (p_i - y_i)^2 \quad\text{or}\quad
        \frac1N \sum_i \sum_k (p_{ik} - [y_i = k])^2

    Least, on average, when p is the truth: a proper score, which rewards calibration and sharpness both.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        What happened.
    p : array_like, shape (N,) or (N, K)
        What was predicted.

    Returns
    -------
    float
        From 0 to 1 for an event, to 2 for classes (for two classes twice the event's).

    Raises
    ------
    ValueError, ProbabilityError, TypeError
        As for ``reliability_diagram``.

    Notes
    -----
    The name in scikit-learn.

    References
    ----------
    G. W. Brier, Verification of forecasts expressed in terms of probability, 1950.

    Examples
    --------
    >>> brier_score_loss([1, 0], [0.8, 0.4])
    0.1
    >>> brier_score_loss([1, 0], [[0.2, 0.8], [0.6, 0.4]])
    0.2
    """
    p = _predictions(p)
    labels = _labels(labels, p)
    truth = labels if p.ndim == 1 else labels[:, None] == np.arange(p.shape[1])
    return float(np.square(p - truth).sum() / len(p))


def log_loss(labels: ArrayLike, p: ArrayLike) -> float:
    r"""Return the mean surprise at what happened, the negative log-likelihood of a label, in nats.

    .. math:: \frac1N \sum_i \log \frac{1}{p_i(y_i)}

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        What happened.
    p : array_like, shape (N,) or (N, K)
        What was predicted.

    Returns
    -------
    float
        0 or more, in nats; inf if something happened that was held impossible.

    Raises
    ------
    ValueError, ProbabilityError, TypeError
        As for ``reliability_diagram``.

    Notes
    -----
    The name in scikit-learn, which clips p away from 0; here nothing is clipped.

    Examples
    --------
    >>> round(log_loss([1, 0], [0.5, 0.5]), 4)
    0.6931
    """
    p = _predictions(p)
    labels = _labels(labels, p)
    with np.errstate(divide="ignore"):
        if p.ndim == 1:
            return float(0 - np.where(labels == 1, np.log(p), np.log1p(-p)).mean())
        return float(0 - np.log(p[np.arange(len(p)), labels]).mean())


def fit_temperature(labels: ArrayLike, logits: ArrayLike) -> float:
    r"""Return the temperature T that makes softmax(logits / T) most likely to have given the labels.

    .. math:: \hat T = \arg\min_T -\frac1N \sum_i \log \operatorname{softmax}(z_i / T)_{y_i}

    Convex in 1/T, where its slope is the mean logit that the predictions expect less the mean logit of the
    labels: at the best T the two are equal. No ranking changes, so accuracy stays as it was.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        The classes, on data that did not train the logits.
    logits : array_like, shape (N, K)
        Finite scores in nats.

    Returns
    -------
    float
        Above 1 if the predictor was over-confident, below if it was too timid.

    Raises
    ------
    ValueError
        If the shapes do not fit, a label is no class, or a logit is not finite; if every label has the
        largest logit of its row, so that T = 0 would be best; or if the logits tell nothing, so that infinite
        T would.
    TypeError
        If ``logits`` does not hold real numbers or labels are not whole numbers.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, On calibration of modern neural networks, 2017.

    Examples
    --------
    >>> logits = np.log([[0.99, 0.01]] * 10)
    >>> T = fit_temperature([0] * 8 + [1] * 2, logits)          # sure to 99 %, right 8 times in 10
    >>> round(float(softmax(logits[0] / T)[0]), 6)
    0.8
    """
    from scipy.optimize import brentq  # here, so that importing the course stays quick

    logits = check_logits(logits).astype(np.float64)
    if logits.ndim != 2 or not np.isfinite(logits).all():
        raise ValueError(f"logits must be finite, of shape (N, K), not of shape {logits.shape} or with -inf")
    labels = _labels(labels, as_finite(logits, name="logits"))
    z = logits - logits[np.arange(len(labels)), labels, None]  # the label's own is 0
    size = np.abs(z).max() or 1.0
    z = z / size

    def slope(inverse_temperature: float) -> float:
        return float(np.sum(softmax(z * inverse_temperature) * z) / len(z))

    if slope(0) >= 0:
        raise ValueError("the logits favour the labels no more than chance does, so T would be infinite")
    if z.max() <= 0:
        raise ValueError("every label has the largest logit, so T would be 0; fit on data with some mistakes")
    cold = 1.0
    while slope(cold) < 0:
        cold *= 2
    return size / brentq(slope, 0, cold, xtol=1e-300, rtol=1e-14)


# ---------------------------------------------------------------------------------------------------- input


def _predictions(p: ArrayLike) -> np.ndarray:
    """Return ``p`` as float64, checked: chances of shape (N,) or distributions of shape (N, K)."""
    shape = as_array(p, name="p").shape
    if len(shape) not in (1, 2) or shape[0] == 0:
        raise ValueError(f"p must be of shape (N,) or (N, K), with a prediction at least, not {shape}")
    if shape[1:] == (1,):
        raise ValueError("p has one column; give chances of class 1 with shape (N,), for instance p[:, 0]")
    return (as_unit(p, name="p") if len(shape) == 1 else as_probabilities(p)).astype(np.float64)


def _labels(labels: ArrayLike, p: np.ndarray) -> np.ndarray:
    """Return the labels as int64, checked: one for each row of ``p``, and each a class of it."""
    labels = as_array(labels, name="labels")
    if labels.dtype.kind not in "iub":
        raise TypeError(f"labels must be whole numbers, 0 for the first class, not dtype {labels.dtype}")
    if labels.shape != p.shape[:1]:
        raise ValueError(f"labels have shape {labels.shape} for {len(p)} predictions; give each one label")
    if labels.size == 0:
        raise ValueError("there are no predictions; give at least one")
    classes = 2 if p.ndim == 1 else p.shape[1]
    if labels.min() < 0 or labels.max() >= classes:
        span = f"{labels.min()} to {labels.max()}"
        raise ValueError(f"labels run from {span}, but classes from 0 to {classes - 1}; recode the labels")
    return labels.astype(np.int64)


def _confidence(p: np.ndarray) -> np.ndarray:
    return p if p.ndim == 1 else p.max(axis=1)


def _claims(labels: ArrayLike, p: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return the confidence of each prediction and whether it came true, as 0 or 1."""
    p = _predictions(p)
    labels = _labels(labels, p)
    return _confidence(p), labels if p.ndim == 1 else (p.argmax(axis=1) == labels).astype(np.int64)


def _bins(confidence: np.ndarray, n_bins: int) -> np.ndarray:
    return np.minimum((confidence * n_bins).astype(np.int64), n_bins - 1)

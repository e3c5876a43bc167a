"""Fitting by likelihood: MLE and MAP of the families, and regression as ridge, lasso and a posterior.

MLE asks which parameter makes the data least surprising; MAP adds the surprise of the parameter under a
prior. Up to constants that do not move the minimum, the one is a loss and the other a loss with a
regulariser.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy  # its special functions load when first used: they take longer than all the rest
from numpy.typing import ArrayLike

from course_lib._kernels import deviance, log_minus_digamma
from course_lib._validate import (
    ProbabilityError,
    as_counts,
    as_finite,
    as_float,
    as_probabilities,
    as_rng,
    as_unit,
    check_base,
    check_number,
    check_positive,
    check_whole,
    plain,
)
from course_lib.bayes import _successes

__all__ = [
    "LinearPosterior",
    "bayesian_linear_regression",
    "lasso_penalty",
    "lasso_regression",
    "map_binomial",
    "map_categorical",
    "map_exponential",
    "map_gaussian",
    "map_poisson",
    "mle_bernoulli",
    "mle_beta",
    "mle_binomial",
    "mle_categorical",
    "mle_dirichlet",
    "mle_exponential",
    "mle_gamma",
    "mle_gaussian",
    "mle_laplace",
    "mle_poisson",
    "negative_log_likelihood",
    "ridge_penalty",
    "ridge_regression",
]


def negative_log_likelihood(
    counts: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    base: float = math.e,
    keepdims: bool = False,
    normalize: bool = False,
) -> float | np.ndarray:
    """Return the mean surprise of counted data under a model: -Σ n_k log q_k / n.

    With p the observed shares n_k / n, this is the cross-entropy H(p, q) = H(p) + D_KL(p ‖ q): the model with
    the highest likelihood is the one closest to the data in KL.

    Parameters
    ----------
    counts : array_like
        How often each outcome was seen, along ``axis``; weights need not be whole.
    q : array_like
        The model's probabilities, of the same shape.
    axis : int
        Where the outcomes lie.
    base : float
        2 for bits, e (the default) for nats.
    keepdims : bool
        Keep ``axis`` with length 1.
    normalize : bool
        Scale q to sum to one.

    Returns
    -------
    float or ndarray
        Per observation; infinite if something was seen that the model holds impossible.

    Raises
    ------
    ProbabilityError
        If q is no distribution, or the counts are negative or sum to zero.
    ValueError
        If the shapes differ.

    Notes
    -----
    Source: T. Cover and J. Thomas, Elements of Information Theory, 2nd ed., section 11.1.

    Examples
    --------
    >>> round(negative_log_likelihood([70, 30], [0.5, 0.5]), 4)
    0.6931
    >>> round(negative_log_likelihood([70, 30], [0.7, 0.3]), 4)   # the observed shares: nothing is lower
    0.6109
    """
    q = as_probabilities(q, axis=axis, normalize=normalize, name="q").astype(np.float64)
    p = as_probabilities(as_float(counts, name="counts"), axis=axis, normalize=True, name="counts")
    if p.shape != q.shape:
        raise ValueError(f"counts and q need one shape, got {p.shape} and {q.shape}")
    nats = -scipy.special.xlogy(p.astype(np.float64), q).sum(axis=axis, keepdims=keepdims)
    return plain(nats / math.log(check_base(base)) + 0.0)


# ------------------------------------------------------------------------------- maximum likelihood


def mle_bernoulli(x: ArrayLike) -> float:
    """Return the success probability that makes zeros and ones likeliest: p = Σx / n, their share of ones.

    Parameters
    ----------
    x : array_like
        Zeros and ones (or False and True).

    Returns
    -------
    float
        A probability.

    Raises
    ------
    ValueError
        If x is empty or holds anything else.

    Examples
    --------
    >>> mle_bernoulli([1, 0, 1, 1])
    0.75
    """
    x = _data(np.asarray(x) + 0, "x")
    if not np.all((x == 0) | (x == 1)):
        raise ValueError("x must hold zeros and ones; counts of successes go to mle_binomial")
    return float(x.mean())


def mle_binomial(successes: ArrayLike, trials: ArrayLike) -> float:
    """Return the success probability that makes k successes in n trials likeliest: p = Σk / Σn.

    Parameters
    ----------
    successes, trials : array_like of one shape, or numbers
        One experiment or several with the same p.

    Returns
    -------
    float
        A probability.

    Raises
    ------
    ValueError
        If a count is negative or not whole, successes exceed trials, or there is no trial.

    Examples
    --------
    >>> mle_binomial([7, 1], [10, 6])
    0.5
    """
    k, n = _successes(successes, trials)
    if not n.sum() > 0:
        raise ValueError("there is no trial to learn from")
    return float(k.sum() / n.sum())


def mle_categorical(counts: ArrayLike, *, axis: int = -1) -> np.ndarray:
    """Return the probabilities that make the counts likeliest: p_k = n_k / n.

    Parameters
    ----------
    counts : array_like
        How often each outcome was seen, along ``axis``.
    axis : int
        Where the outcomes lie.

    Returns
    -------
    ndarray
        Of the same shape. An outcome never seen gets probability 0: one more reason for a prior.

    Raises
    ------
    ProbabilityError
        If counts are negative, not finite or sum to zero.

    Examples
    --------
    >>> mle_categorical([3, 1, 0])
    array([0.75, 0.25, 0.  ])
    """
    return as_probabilities(as_float(counts, name="counts"), axis=axis, normalize=True, name="counts")


def mle_poisson(x: ArrayLike) -> float:
    """Return the rate that makes counts likeliest: their mean.

    Parameters
    ----------
    x : array_like
        Counts.

    Returns
    -------
    float
        Events an interval.

    Raises
    ------
    ValueError
        If x is empty, or a count is negative or not whole.

    Examples
    --------
    >>> mle_poisson([2, 4, 3])
    3.0
    """
    return float(as_counts(_data(x, "x"), name="x").mean())


def mle_exponential(x: ArrayLike) -> float:
    """Return the rate that makes waiting times likeliest: n / Σx, one over their mean.

    Parameters
    ----------
    x : array_like
        Waiting times, none negative and not all zero.

    Returns
    -------
    float
        In events per unit of x.

    Raises
    ------
    ValueError
        If x is empty, negative or zero throughout.

    Examples
    --------
    >>> mle_exponential([1.0, 3.0])
    0.5
    """
    x = _waits(x)
    if not x.sum() > 0:
        raise ValueError("all waiting times are 0: the likelihood grows with the rate for ever")
    return float(x.size / x.sum())


def mle_gaussian(x: ArrayLike) -> tuple[float, float]:
    """Return the mean and the variance that make data likeliest: Σx / n and Σ(x - mean)² / n.

    The variance divides by n, not n - 1: the data lie closer to their own mean than to the true one, so its
    expectation is (n-1)/n of the truth.

    Parameters
    ----------
    x : array_like
        Numbers.

    Returns
    -------
    mean, variance : float
        In units of x, and in squared units of x.

    Raises
    ------
    ValueError
        If x is empty or not finite.

    Examples
    --------
    >>> mle_gaussian([1.0, 2.0, 6.0])
    (3.0, 4.666666666666667)
    """
    x = _data(x, "x")
    return float(x.mean()), float(x.var())


def mle_laplace(x: ArrayLike) -> tuple[float, float]:
    """Return location and scale of the likeliest Laplace distribution: the median, the mean distance to it.

    Its log-density falls with |x - location|, so the likeliest location has the least absolute error.

    Parameters
    ----------
    x : array_like
        Numbers.

    Returns
    -------
    location, scale : float
        Both in units of x.

    Raises
    ------
    ValueError
        If x is empty or not finite.

    Examples
    --------
    >>> mle_laplace([1.0, 2.0, 6.0])
    (2.0, 1.6666666666666667)
    """
    x = _data(x, "x")
    location = np.median(x)
    return float(location), float(np.mean(np.abs(x - location)))


def mle_gamma(x: ArrayLike) -> tuple[float, float]:
    """Return the shape and the rate of the likeliest Gamma: ln(shape) - ψ(shape) = ln(mean x) - mean(ln x).

    Parameters
    ----------
    x : array_like
        Positive numbers, not all equal.

    Returns
    -------
    shape, rate : float
        The rate is shape / mean(x), per unit of x.

    Raises
    ------
    ValueError
        If a number is not positive, or all are equal.

    Notes
    -----
    The gap on the right is added up from x - mean(x), so that it keeps its digits where x hardly varies.
    Source: T. Minka, Estimating a Gamma distribution, 2002.

    Examples
    --------
    >>> shape, rate = mle_gamma(np.random.default_rng(0).gamma(3.0, 1 / 2.0, 100_000))
    >>> round(shape, 1), round(rate, 1)
    (3.0, 2.0)
    """
    x = _data(x, "x")
    if not np.all(x > 0) or x.min() == x.max():
        raise ValueError("x must hold positive numbers that are not all equal; a Gamma has no mass elsewhere")
    mean = float(x.mean())
    gap = math.fsum(_log_ratios(x, x - mean, mean)) / x.size
    if not gap > 0:
        raise ValueError("x varies too little for a float: the likelihood grows with the shape without end")
    # log(shape) - digamma(shape) falls and lies between 1/(2 shape) and 1/shape, which brackets its root.
    miss = lambda log_shape: float(log_minus_digamma(math.exp(log_shape))) / gap - 1  # noqa: E731
    bracket = -math.log(2 * gap) - 1e-9, -math.log(gap) + 1e-9
    shape = math.exp(scipy.optimize.brentq(miss, *bracket, xtol=1e-15, rtol=1e-15))
    return shape, shape / mean


def _log_ratios(x: np.ndarray, away: np.ndarray, mean: float) -> np.ndarray:
    """Return log(mean/x) + x/mean - 1, never negative; away is x - mean, exact where the two are close.

    Where mean is the mean, these add up to log(mean) - mean(log x).
    """
    return deviance(mean, x, -away) / mean


def _log_gap(x: np.ndarray, away: np.ndarray, mean: float) -> float:
    """Return log(mean) - mean(log x) for a mean that may be rounded."""
    return (math.fsum(_log_ratios(x, away, mean)) - math.fsum(away / mean)) / len(x)


def mle_dirichlet(x: ArrayLike) -> np.ndarray:
    """Return the alpha of the likeliest Dirichlet: ψ(alpha_k) - ψ(Σ alpha) = mean(ln x_k).

    Parameters
    ----------
    x : array_like, shape (N, K)
        Distributions, one a row, no entry zero, not all rows equal.

    Returns
    -------
    ndarray, shape (K,)

    Raises
    ------
    ProbabilityError
        If a row is no distribution, or holds a zero.
    ValueError
        If all rows are equal, so that the likelihood grows with alpha for ever.

    Notes
    -----
    Each alpha_k follows from their sum by Newton's method, and the sum from one equation that only falls.
    Source: T. Minka, Estimating a Dirichlet distribution, 2000.

    Examples
    --------
    >>> x = np.random.default_rng(0).dirichlet([2.0, 5.0, 1.0], 100_000)
    >>> mle_dirichlet(x).round(1)
    array([2., 5., 1.])
    """
    x = as_probabilities(x, name="x").astype(np.float64)
    if x.ndim != 2 or not np.all(x > 0):
        raise ProbabilityError(
            "x must be a table of distributions without zeros: there a Dirichlet has no mass"
        )
    if np.all(x == x[0]):
        raise ValueError("all rows are equal: the likelihood grows with alpha for ever")
    mean = x.mean(axis=0)
    gaps = np.array([_log_gap(column, column - m, m) for column, m in zip(x.T, mean, strict=True)])
    return _dirichlet_of(mean, gaps, excess=math.fsum([*mean, -1.0]))


def mle_beta(x: ArrayLike) -> tuple[float, float]:
    """Return a and b of the likeliest Beta: the Dirichlet's equations for (x, 1 - x).

    Parameters
    ----------
    x : array_like
        Numbers strictly between 0 and 1, not all equal.

    Returns
    -------
    a, b : float
        Both above 0.

    Raises
    ------
    ProbabilityError
        If a number is not strictly between 0 and 1.
    ValueError
        If all are equal.

    Notes
    -----
    Source: T. Minka, Estimating a Dirichlet distribution, 2000.

    Examples
    --------
    >>> a, b = mle_beta(np.random.default_rng(0).beta(2.0, 3.0, 100_000))
    >>> round(a, 1), round(b, 1)
    (2.0, 3.0)
    """
    x = as_unit(_data(x, "x").ravel(), name="x")
    if not (np.all(x > 0) and np.all(x < 1)):
        raise ProbabilityError("x must lie strictly between 0 and 1: at 0 and 1 a Beta has no mass")
    if x.min() == x.max():
        raise ValueError("all numbers are equal: the likelihood grows with a + b without end")
    mean = float(x.mean())
    gaps = np.array([_log_gap(x, x - mean, mean), _log_gap(1 - x, mean - x, 1 - mean)])
    a, b = _dirichlet_of(np.array([mean, 1 - mean]), gaps, excess=0.0)
    return float(a), float(b)


def _dirichlet_of(mean: np.ndarray, gaps: np.ndarray, excess: float) -> np.ndarray:
    """Solve digamma(alpha_k) - digamma(A) = log(mean_k) - gap_k for alpha, whose sum is A.

    Written as alpha_k = A mean_k exp(u_k), each u_k follows from A, and the sum of the alphas decides A. No
    step subtracts large numbers, so that A keeps its digits where the data hardly vary and it is huge.
    ``excess`` is the sum of the means less 1.
    """

    def logs(log_total: float) -> np.ndarray:
        scale = math.exp(log_total) * mean
        return _solved_shares(scale, log_minus_digamma(math.exp(log_total)) + gaps)

    def miss(log_total: float) -> float:
        return excess + math.fsum(mean * np.expm1(logs(log_total)))

    low = high = 0.0
    while not miss(low) > 0 and low > -600:
        low -= 8
    while not miss(high) < 0 and high < 600:
        high += 8
    if not (miss(low) > 0 > miss(high)):
        raise ValueError("x varies too little for a float: the likelihood grows with alpha without end")
    log_total = scipy.optimize.brentq(miss, low, high, xtol=1e-15, rtol=1e-15)
    return math.exp(log_total) * mean * np.exp(logs(log_total))


def _solved_shares(scale: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return u with digamma(scale e^u) = log(scale) - target, by Newton's method from Minka's start.

    It is solved as u - (log - digamma)(scale e^u) + target = 0, which keeps the digits of a small u.
    """
    y = np.log(scale) - target
    with np.errstate(divide="ignore"):
        u = np.log(np.where(y >= -2.22, np.exp(y) + 0.5, -1 / (y - scipy.special.digamma(1)))) - np.log(scale)
    for _ in range(50):  # some five are enough
        a = scale * np.exp(u)
        step = (u - log_minus_digamma(a) + target) / _rise(a)
        u = u - step
        if np.all(np.abs(step) <= 1e-15 * np.abs(u)):
            break
    return u


def _rise(a: np.ndarray) -> np.ndarray:
    """Return a trigamma(a), the slope of digamma over log a; it falls to 1 as a grows."""
    return np.where(a > 1e8, 1 + 0.5 / np.maximum(a, 1), a * scipy.special.polygamma(1, np.minimum(a, 1e8)))


# ------------------------------------------------------------------------------- maximum a posteriori


def map_binomial(successes: ArrayLike, trials: ArrayLike, *, a: float, b: float) -> float:
    """Return the mode of the posterior under a Beta(a, b) prior: p = (Σk + a - 1) / (Σn + a + b - 2).

    Parameters
    ----------
    successes, trials : array_like of one shape, or numbers
        k successes in n trials; for zeros and ones x, give ``x`` and 1.
    a, b : float
        The prior: for the mode, a - 1 successes and b - 1 failures seen before.

    Returns
    -------
    float
        A probability.

    Raises
    ------
    ValueError
        If the posterior has no single highest point (a + Σk or b + Σ(n-k) below 1, or both equal to 1).

    Notes
    -----
    The mode in p: in the log-odds of p the same belief peaks elsewhere, at (Σk + a) / (Σn + a + b).

    Examples
    --------
    >>> map_binomial(3, 3, a=2, b=2)     # three heads in three tosses are no proof
    0.8
    """
    k, n = _successes(successes, trials)
    heads = check_positive(a, name="a") + k.sum() - 1
    tails = check_positive(b, name="b") + (n - k).sum() - 1
    if min(heads, tails) < 0 or heads + tails == 0:
        raise ValueError("the posterior has no single highest point; use a and b above 1, or its mean")
    return float(heads / (heads + tails))


def map_categorical(counts: ArrayLike, *, alpha: ArrayLike) -> np.ndarray:
    """Return the mode of the posterior under a Dirichlet(alpha) prior: p_k ∝ n_k + alpha_k - 1.

    Parameters
    ----------
    counts : array_like, shape (K,)
        How often each outcome was seen.
    alpha : array_like, shape (K,), or a number
        The prior: for the mode, alpha_k - 1 sightings of each outcome before; 2 is Laplace smoothing.

    Returns
    -------
    ndarray, shape (K,)

    Raises
    ------
    ValueError
        If the posterior has no single highest point (some n_k + alpha_k below 1, or all equal to 1).

    Examples
    --------
    >>> map_categorical([3, 0, 1], alpha=2).round(3)
    array([0.571, 0.143, 0.286])
    """
    alpha = as_finite(alpha, name="alpha")
    excess = as_counts(counts, name="counts") + alpha - 1
    if np.any(alpha <= 0) or np.any(excess < 0) or not excess.sum() > 0:
        raise ValueError("the posterior has no single highest point; use alpha above 1, or its mean")
    return excess / excess.sum()


def map_poisson(x: ArrayLike, *, shape: float, rate: float) -> float:
    """Return the mode of the posterior under a Gamma(shape, rate) prior: (Σx + shape - 1) / (n + rate).

    Parameters
    ----------
    x : array_like
        Counts.
    shape, rate : float
        The prior: for the mode, shape - 1 events in ``rate`` intervals seen before.

    Returns
    -------
    float
        Events an interval.

    Raises
    ------
    ValueError
        If shape + Σx is below 1, where the density is infinite at 0.

    Examples
    --------
    >>> map_poisson([2, 4, 3], shape=4, rate=1)
    3.0
    """
    x = as_counts(x, name="x")
    check_positive(rate, name="rate")
    return _gamma_mode(check_positive(shape, name="shape") + x.sum(), rate + x.size)


def map_exponential(x: ArrayLike, *, shape: float, rate: float) -> float:
    """Return the mode of the posterior under a Gamma(shape, rate) prior: (n + shape - 1) / (Σx + rate).

    Parameters
    ----------
    x : array_like
        Waiting times, none negative.
    shape, rate : float
        The prior: for the mode, shape - 1 events in a time ``rate`` seen before.

    Returns
    -------
    float
        In events per unit of x.

    Raises
    ------
    ValueError
        If a waiting time is negative.

    Examples
    --------
    >>> map_exponential([1.0, 3.0], shape=2, rate=2)
    0.5
    """
    x = _waits(x)
    check_positive(rate, name="rate")
    return _gamma_mode(check_positive(shape, name="shape") + x.size, rate + x.sum())


def map_gaussian(x: ArrayLike, *, noise_variance: float, mean: float, variance: float) -> float:
    """Return the mode of the posterior of a mean under a Gaussian prior: weighted by precision.

    m = (Σx / noise_variance + mean / variance) / (n / noise_variance + 1 / variance).

    Parameters
    ----------
    x : array_like
        Observations.
    noise_variance : float
        Known variance of an observation about the true mean.
    mean, variance : float
        The prior's.

    Returns
    -------
    float
        In units of x. A Gaussian peaks at its mean, so this is the posterior mean too.

    Raises
    ------
    ValueError
        If a variance is not positive.

    Examples
    --------
    >>> map_gaussian([3.0], noise_variance=1.0, mean=0.0, variance=2.0)
    2.0
    """
    x = as_finite(x, name="x")
    from_data = 1 / check_positive(noise_variance, name="noise_variance")
    from_prior = 1 / check_positive(variance, name="variance")
    pulled = x.sum() * from_data + check_number(mean, name="mean") * from_prior
    return float(pulled / (x.size * from_data + from_prior))


def _gamma_mode(shape: float, rate: float) -> float:
    if shape < 1:
        raise ValueError("the posterior density is infinite at 0; use a shape of 1 or more, or its mean")
    return float((shape - 1) / rate)


def _data(x: ArrayLike, name: str) -> np.ndarray:
    x = as_finite(x, name=name)
    if x.size == 0:
        raise ValueError(f"{name} is empty; the likelihood of no data has no maximum")
    return x


def _waits(x: ArrayLike) -> np.ndarray:
    x = _data(x, "x")
    if np.any(x < 0):
        raise ValueError("x must hold waiting times, none of them negative")
    return x


# ------------------------------------------------------------------------------- linear regression


def ridge_penalty(noise_variance: float, prior_variance: float, *, n: int | None = None) -> float:
    """Return the ridge penalty that makes ridge regression MAP under a Gaussian prior: σ²/τ².

    The negative log-posterior is |y - Xw|²/2σ² + |w|²/2τ². Times 2σ² it is |y - Xw|² + (σ²/τ²)|w|²; for the
    *mean* of the squares over n examples divide by n once more: |y - Xw|²/n + (σ²/nτ²)|w|².

    Parameters
    ----------
    noise_variance : float
        σ², the variance of y about the line.
    prior_variance : float
        τ², the prior variance of each weight.
    n : int or None
        Number of examples if the loss is their mean; None if it is their sum.

    Returns
    -------
    float
        The factor of |w|². An optimiser that adds ``weight_decay * w`` to the gradient needs twice that,
        since the gradient of |w|² is 2w.

    Raises
    ------
    ValueError
        If a variance is not positive or n is below 1.

    Notes
    -----
    Source: C. Bishop, Pattern Recognition and Machine Learning, section 3.3.1.

    Examples
    --------
    >>> ridge_penalty(0.25, 1.0), ridge_penalty(0.25, 1.0, n=50)
    (0.25, 0.005)
    """
    check_positive(prior_variance, name="prior_variance")
    ratio = check_positive(noise_variance, name="noise_variance") / prior_variance
    return ratio if n is None else ratio / check_whole(n, name="n", lowest=1)


def ridge_regression(X: ArrayLike, y: ArrayLike, alpha: float, *, loss: str = "sum") -> np.ndarray:
    """Return the weights that minimise |y - Xw|² + alpha |w|², or with loss="mean" |y - Xw|²/n + alpha |w|².

    Parameters
    ----------
    X : array_like, shape (n, d)
        Features; a column of ones is an intercept (and is penalised like the rest).
    y : array_like, shape (n,)
        Targets.
    alpha : float
        Penalty, zero or more; zero is least squares. ``ridge_penalty`` gives the one that makes this MAP.
    loss : "sum" or "mean"
        Whether the squares are added or averaged.

    Returns
    -------
    ndarray, shape (d,)

    Raises
    ------
    ValueError
        If the shapes do not fit, alpha is negative or the loss is neither of the two.

    Notes
    -----
    Least squares on X with sqrt(alpha) I below it and zeros below y: the same minimum without squaring the
    condition number. ``loss="sum"`` agrees with ``sklearn.linear_model.Ridge(alpha, fit_intercept=False)``.
    Source: A. Hoerl and R. Kennard, Ridge Regression, Technometrics 12, 1970.

    Examples
    --------
    >>> X, y = np.array([[1.0], [1.0]]), np.array([1.0, 3.0])
    >>> ridge_regression(X, y, 0.0), ridge_regression(X, y, 2.0), ridge_regression(X, y, 1.0, loss="mean")
    (array([2.]), array([1.]), array([1.]))
    """
    X, y = _regression_data(X, y)
    if loss not in ("sum", "mean"):
        raise ValueError(f'loss must be "sum" or "mean", got {loss!r}')
    if check_number(alpha, name="alpha") < 0:
        raise ValueError(f"alpha must be 0 or more, got {alpha}; a negative penalty has no minimum")
    penalty = alpha * (len(y) if loss == "mean" else 1)
    d = X.shape[1]
    # |stacked w - (y, 0)|² = |X w - y|² + penalty |w|²
    stacked = np.vstack([X, math.sqrt(penalty) * np.eye(d)])
    return np.linalg.lstsq(stacked, np.concatenate([y, np.zeros(d)]), rcond=None)[0]


def lasso_penalty(noise_variance: float, prior_scale: float, n: int) -> float:
    """Return the penalty that makes lasso MAP under a Laplace prior: σ²/(n b).

    The negative log-posterior is |y - Xw|²/2σ² + |w|₁/b; times σ²/n it is |y - Xw|²/2n + (σ²/nb)|w|₁.

    Parameters
    ----------
    noise_variance : float
        σ², the variance of y about the line.
    prior_scale : float
        b, the scale of the Laplace prior of each weight (its mean absolute value).
    n : int
        Number of examples.

    Returns
    -------
    float
        The ``alpha`` of ``lasso_regression``.

    Raises
    ------
    ValueError
        If a number is not positive.

    Notes
    -----
    Source: R. Tibshirani, Regression Shrinkage and Selection via the Lasso, 1996, section 5.

    Examples
    --------
    >>> lasso_penalty(1.0, 0.5, 20)
    0.1
    """
    scale = check_whole(n, name="n", lowest=1) * check_positive(prior_scale, name="prior_scale")
    return check_positive(noise_variance, name="noise_variance") / scale


def lasso_regression(
    X: ArrayLike, y: ArrayLike, alpha: float, *, tol: float = 1e-12, max_iter: int = 10_000
) -> np.ndarray:
    """Return the weights that minimise |y - Xw|²/2n + alpha |w|₁, many of them exactly zero.

    One weight at a time has a closed answer: its least-squares value, pulled to zero by alpha and no further.
    Going round all weights again and again finds the minimum, for the objective is convex.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Features.
    y : array_like, shape (n,)
        Targets.
    alpha : float
        Penalty, above zero (at zero it is ``ridge_regression(X, y, 0)``). ``lasso_penalty`` gives the one
        that makes this MAP.
    tol : float
        How far, as a share of |y|²/2n, the objective may lie above the minimum; the duality gap certifies it.
    max_iter : int
        Rounds before giving up.

    Returns
    -------
    ndarray, shape (d,)

    Raises
    ------
    ValueError
        If the shapes do not fit or alpha is not positive.
    RuntimeError
        If the gap is still larger than ``tol`` after ``max_iter`` rounds.

    Notes
    -----
    Agrees with ``sklearn.linear_model.Lasso(alpha, fit_intercept=False)``.
    Source: J. Friedman, T. Hastie and R. Tibshirani, Regularization Paths for Generalized Linear Models via
    Coordinate Descent, 2010.

    Examples
    --------
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]])
    >>> lasso_regression(X, X @ [2.0, 0.1], 0.3).round(3)
    array([1.6, 0. ])
    """
    X, y = _regression_data(X, y)
    check_positive(alpha, name="alpha")
    n = len(y)
    gram, moment, w = X.T @ X / n, X.T @ y / n, np.zeros(X.shape[1])
    for _ in range(check_whole(max_iter, name="max_iter", lowest=1)):
        for j in np.flatnonzero(np.diag(gram)):
            pull = moment[j] - gram[j] @ w + gram[j, j] * w[j]
            w[j] = math.copysign(max(abs(pull) - alpha, 0), pull) / gram[j, j]
        if _duality_gap(X, y, w, alpha) <= tol * (y @ y) / (2 * n):
            return w + 0.0  # no -0.0
    raise RuntimeError(f"the duality gap is above tol={tol} after {max_iter} rounds; raise max_iter or tol")


def _duality_gap(X: np.ndarray, y: np.ndarray, w: np.ndarray, alpha: float) -> float:
    """Return how far at most the lasso's objective at w lies above its minimum."""
    n, residual = len(y), y - X @ w
    steepest = np.abs(X.T @ residual).max() / n
    feasible = residual * (min(1.0, alpha / steepest) if steepest > 0 else 1.0)
    primal = residual @ residual / (2 * n) + alpha * np.abs(w).sum()
    return float(primal - (y @ y - (y - feasible) @ (y - feasible)) / (2 * n))


@dataclass(frozen=True)
class LinearPosterior:
    """What is known of the weights of a line after the data: a Gaussian.

    Attributes
    ----------
    mean : ndarray, shape (d,)
        Posterior mean and mode: the ridge solution.
    covariance : ndarray, shape (d, d)
        Posterior covariance.
    noise_variance : float
        Known variance of y about the line.
    log_evidence : float
        Log-density of y averaged over the prior, in nats: it compares models, with no test set.

    Examples
    --------
    >>> line = bayesian_linear_regression([[1.0], [1.0]], [2.0, 4.0], noise_variance=1.0, prior_variance=1.0)
    >>> line.mean.round(6), line.predict([[1.0]], noise=False)[1].round(4), line.predict([[1.0]])[1].round(4)
    (array([2.]), array([0.5774]), array([1.1547]))
    """

    mean: np.ndarray
    covariance: np.ndarray
    noise_variance: float
    log_evidence: float

    def predict(self, X: ArrayLike, *, noise: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of y at new X, shapes (m,): the predictive band.

        The deviation is the root of a variance: with ``noise=False`` that of the line alone, x'Cx; with noise
        σ² is added.
        """
        X = as_finite(X, name="X")
        if X.ndim != 2 or X.shape[1] != len(self.mean):
            raise ValueError(f"X must have shape (m, {len(self.mean)}), got {X.shape}")
        variance = np.einsum("ij,jk,ik->i", X, self.covariance, X) + (self.noise_variance if noise else 0.0)
        return X @ self.mean, np.sqrt(variance)

    def sample(self, size: int, rng: np.random.Generator | int | None = None) -> np.ndarray:
        """Draw ``size`` weight vectors, shape (size, d): each is a line the data leave plausible."""
        factor = np.linalg.cholesky(self.covariance)
        return self.mean + as_rng(rng).standard_normal((size, len(self.mean))) @ factor.T


def bayesian_linear_regression(
    X: ArrayLike, y: ArrayLike, *, noise_variance: float, prior_variance: float
) -> LinearPosterior:
    """Return the posterior of w in y = Xw + noise under a prior N(0, τ²I): precision A = XᵀX/σ² + I/τ².

    The mean is A⁻¹Xᵀy/σ², the covariance A⁻¹, and the log-evidence is that of y ~ N(0, σ²I + τ²XXᵀ), found in
    d dimensions: -[n ln(2πσ²) + d ln τ² + ln det A + |y - Xm|²/σ² + |m|²/τ²] / 2.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Features; no rows leave the prior as it is.
    y : array_like, shape (n,)
        Targets.
    noise_variance : float
        σ², in squared units of y.
    prior_variance : float
        τ².

    Returns
    -------
    LinearPosterior
        With ``mean``, ``covariance``, ``log_evidence``, ``predict`` and ``sample``.

    Raises
    ------
    ValueError
        If the shapes do not fit or a variance is not positive.

    Notes
    -----
    Source: C. Bishop, Pattern Recognition and Machine Learning, sections 3.3 and 3.5.

    Examples
    --------
    >>> X = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> line = bayesian_linear_regression(X, [0.9, 3.1, 5.0], noise_variance=0.01, prior_variance=100.0)
    >>> mean, sd = line.predict([[1.0, 1.0], [1.0, 10.0]])
    >>> mean.round(2), sd.round(2)     # the band widens away from the data
    (array([ 3.  , 21.45]), array([0.12, 0.65]))
    """
    X, y = _regression_data(X, y, least=0)
    check_positive(noise_variance, name="noise_variance")
    check_positive(prior_variance, name="prior_variance")
    n, d = X.shape
    factor = np.linalg.cholesky(X.T @ X / noise_variance + np.eye(d) / prior_variance)
    root = np.linalg.solve(factor, np.eye(d))  # A⁻¹ = rootᵀ root
    mean = root.T @ (root @ (X.T @ y)) / noise_variance
    misfit = np.sum((y - X @ mean) ** 2) / noise_variance + mean @ mean / prior_variance
    log_det = 2 * np.log(np.diag(factor)).sum() + d * math.log(prior_variance)
    log_evidence = -(n * math.log(2 * math.pi * noise_variance) + log_det + misfit) / 2
    return LinearPosterior(mean, root.T @ root, noise_variance, float(log_evidence))


def _regression_data(X: ArrayLike, y: ArrayLike, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    X, y = as_finite(X, name="X"), as_finite(y, name="y")
    if X.ndim != 2 or y.shape != (len(X),) or len(y) < least or X.shape[1] == 0:
        raise ValueError(f"X must have shape (n, d) and y shape (n,), got {X.shape} and {y.shape}")
    return X, y

"""Fitting by likelihood: MLE and MAP of the families.

MLE asks which parameter makes the data least surprising; MAP adds the surprise of the parameter under a
prior. Up to constants that do not move the minimum, the one is a loss and the other a loss with a
regulariser.
"""

from __future__ import annotations

import math

import numpy as np
import scipy  # its special functions load when first used: they take longer than all the rest
from numpy.typing import ArrayLike

from course_lib._stable import TINY, deviance, log_minus_digamma
from course_lib._validate import (
    ProbabilityError,
    as_counts,
    as_finite,
    as_float,
    as_places,
    as_probabilities,
    as_successes,
    as_truth,
    as_unit,
    broadcast,
    check_base,
    check_flag,
    check_number,
    check_parameter,
    check_positive,
    plain,
)

__all__ = [
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
    r"""Return the mean surprise of counted data under a model.

    .. math:: -\frac1n \sum_k n_k \log q_k

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

    References
    ----------
    T. Cover and J. Thomas, Elements of Information Theory, 2nd ed., 2006, section 11.1.

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
    kept = check_flag(keepdims, name="keepdims")
    nats = -scipy.special.xlogy(p.astype(np.float64), q).sum(axis=axis, keepdims=kept)
    return plain(nats / math.log(check_base(base)) + 0.0)


# ------------------------------------------------------------------------------- maximum likelihood


def mle_bernoulli(x: ArrayLike) -> float:
    r"""Return the success probability that makes zeros and ones likeliest: their share of ones.

    .. math:: \hat p = \frac1n \sum_i x_i

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
    x = _data(as_truth(x, name="x"), "x")
    if not np.all((x == 0) | (x == 1)):
        raise ValueError("x must hold zeros and ones; counts of successes go to mle_binomial")
    return float(x.mean())


def mle_binomial(successes: ArrayLike, trials: ArrayLike) -> float:
    r"""Return the success probability that makes k successes in n trials likeliest.

    .. math:: \hat p = \sum_i k_i \Big/ \sum_i n_i

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
    k, n = as_successes(successes, trials)
    if not n.sum() > 0:
        raise ValueError("there is no trial to learn from")
    return float(k.sum() / n.sum())


def mle_categorical(counts: ArrayLike, *, axis: int = -1) -> np.ndarray:
    r"""Return the probabilities that make the counts likeliest: the shares.

    .. math:: \hat p_k = n_k / n

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
        Events per interval.

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
    r"""Return the rate that makes waiting times likeliest: one over their mean.

    .. math:: \hat\lambda = n \Big/ \sum_i x_i

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
        If x is empty, negative or zero throughout, or an entry is not finite or beyond 1e100.

    Examples
    --------
    >>> mle_exponential([1.0, 3.0])
    0.5
    """
    x = _waits(_data(x, "x"))
    if not x.sum() > 0:
        raise ValueError("all waiting times are 0: the likelihood grows with the rate for ever")
    with np.errstate(over="ignore"):  # for waits of 1e-309 and less
        return float(x.size / x.sum())


def mle_gaussian(x: ArrayLike) -> tuple[float, float]:
    r"""Return the mean and the variance that make data likeliest.

    .. math:: \hat\mu = \frac1n \sum_i x_i, \qquad \hat\sigma^2 = \frac1n \sum_i (x_i - \hat\mu)^2

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
        If x is empty, or an entry is NaN, infinite or beyond 1e100.

    Examples
    --------
    >>> mle_gaussian([1.0, 2.0, 6.0])
    (3.0, 4.666666666666667)
    """
    x = _data(as_places(x, name="x"), "x")
    return float(x.mean()), float(x.var())


def mle_laplace(x: ArrayLike) -> tuple[float, float]:
    r"""Return location and scale of the likeliest Laplace distribution: the median, the mean distance to it.

    .. math:: \hat m = \operatorname{median}(x), \qquad \hat b = \frac1n \sum_i |x_i - \hat m|

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
        If x is empty, or an entry is NaN, infinite or beyond 1e100.

    Examples
    --------
    >>> mle_laplace([1.0, 2.0, 6.0])
    (2.0, 1.6666666666666667)
    """
    x = _data(as_places(x, name="x"), "x")
    location = np.median(x)
    return float(location), float(np.mean(np.abs(x - location)))


def mle_gamma(x: ArrayLike) -> tuple[float, float]:
    r"""Return the shape and the rate of the likeliest Gamma.

    .. math:: \ln \hat a - \psi(\hat a) = \ln \bar x - \overline{\ln x}, \qquad \hat\lambda = \hat a / \bar x

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

    References
    ----------
    T. Minka, Estimating a Gamma distribution, 2002.

    Examples
    --------
    >>> shape, rate = mle_gamma(np.random.default_rng(0).gamma(3.0, 1 / 2.0, 100_000))
    >>> round(shape, 1), round(rate, 1)
    (3.0, 2.0)
    """
    x = _data(x, "x", largest=1e300)
    if not np.all(x > 0) or x.min() == x.max():
        raise ValueError("x must hold positive numbers that are not all equal; a Gamma has no mass elsewhere")
    mean = float(x.mean())
    gap = math.fsum(_log_ratios(x, x - mean, mean).ravel()) / x.size
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
    r"""Return the alpha of the likeliest Dirichlet.

    .. math:: \psi(\hat\alpha_k) - \psi\Bigl(\sum_j \hat\alpha_j\Bigr) = \overline{\ln x_k}

    Parameters
    ----------
    x : array_like, shape (N, K)
        Distributions, one per row, no entry zero, not all rows equal.

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

    References
    ----------
    T. Minka, Estimating a Dirichlet distribution, 2000.

    Examples
    --------
    >>> x = np.random.default_rng(0).dirichlet([2.0, 5.0, 1.0], 100_000)
    >>> mle_dirichlet(x).round(1)
    array([2., 5., 1.])
    """
    x = as_probabilities(x, name="x").astype(np.float64)
    if x.ndim != 2 or len(x) == 0 or not np.all(x > 0):
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

    References
    ----------
    T. Minka, Estimating a Dirichlet distribution, 2000.

    Examples
    --------
    >>> a, b = mle_beta(np.random.default_rng(0).beta(2.0, 3.0, 100_000))
    >>> round(a, 1), round(b, 1)
    (2.0, 3.0)
    """
    x = as_unit(_data(x, "x").ravel(), name="x")
    if np.any((x > 0) & (x < TINY)):
        raise ValueError(f"x holds numbers below {TINY:.3g}, which have lost their digits; drop them")
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
    r"""Return the mode of the posterior under a Beta(a, b) prior.

    .. math:: \hat p = \frac{\sum_i k_i + a - 1}{\sum_i n_i + a + b - 2}

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
    k, n = as_successes(successes, trials)
    heads = check_parameter(a, name="a") + k.sum() - 1
    tails = check_parameter(b, name="b") + (n - k).sum() - 1
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
    counts, alpha = broadcast(counts=as_counts(counts, name="counts"), alpha=alpha)
    excess = counts + alpha - 1
    if np.any(alpha <= 0) or np.any(excess < 0) or not excess.sum() > 0:
        raise ValueError("the posterior has no single highest point; use alpha above 1, or its mean")
    return excess / excess.sum()


def map_poisson(x: ArrayLike, *, shape: float, rate: float) -> float:
    r"""Return the mode of the posterior of a Poisson rate under a Gamma(a, r) prior.

    .. math:: \hat\lambda = \frac{\sum_i x_i + a - 1}{n + r}

    Parameters
    ----------
    x : array_like
        Counts.
    shape, rate : float
        The prior: for the mode, shape - 1 events in ``rate`` intervals seen before.

    Returns
    -------
    float
        Events per interval.

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
    shape, rate = check_parameter(shape, name="shape"), check_parameter(rate, name="rate")
    return _gamma_mode(shape + x.sum(), rate + x.size)


def map_exponential(x: ArrayLike, *, shape: float, rate: float) -> float:
    r"""Return the mode of the posterior of a rate of waits under a Gamma(a, r) prior.

    .. math:: \hat\lambda = \frac{n + a - 1}{\sum_i x_i + r}

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
        If a waiting time is negative, NaN, infinite or beyond 1e100.

    Examples
    --------
    >>> map_exponential([1.0, 3.0], shape=2, rate=2)
    0.5
    """
    x = _waits(x)
    shape, rate = check_parameter(shape, name="shape"), check_parameter(rate, name="rate")
    return _gamma_mode(shape + x.size, rate + x.sum())


def map_gaussian(x: ArrayLike, *, noise_variance: float, mean: float, variance: float) -> float:
    r"""Return the mode of the posterior of a mean under a Gaussian prior: weighted by precision.

    .. math:: \hat\mu = \frac{\sum_i x_i / \sigma^2 + m / v}{n / \sigma^2 + 1 / v},
        \qquad \text{prior } N(m, v), \text{ noise } \sigma^2

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
        If a variance is not positive, or an observation is NaN, infinite or beyond 1e100.

    Examples
    --------
    >>> map_gaussian([3.0], noise_variance=1.0, mean=0.0, variance=2.0)
    2.0
    """
    x = as_finite(x, name="x")
    noise_variance = check_positive(noise_variance, name="noise_variance")
    variance, mean = check_positive(variance, name="variance"), float(check_number(mean, name="mean"))
    if x.size == 0:
        return mean
    unit = max(noise_variance, variance)  # the precision of either may leave the range of a float
    data, prior = variance / unit, noise_variance / unit
    return float((data * x.sum() + prior * mean) / (data * x.size + prior))


def _gamma_mode(shape: float, rate: float) -> float:
    if shape < 1:
        raise ValueError("the posterior density is infinite at 0; use a shape of 1 or more, or its mean")
    return float((shape - 1) / rate)


def _data(x: ArrayLike, name: str, **limit: float) -> np.ndarray:
    x = as_finite(x, name=name, **limit)
    if x.size == 0:
        raise ValueError(f"{name} is empty; the likelihood of no data has no maximum")
    return x


def _waits(x: ArrayLike) -> np.ndarray:
    x = as_finite(x, name="x")
    if np.any(x < 0):
        raise ValueError("x must hold waiting times, none of them negative")
    return x

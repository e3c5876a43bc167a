"""Conjugate pairs: priors that come back from the data with new parameters and the same shape.

The counts and moments of the data are added to the prior's parameters, which read as data seen before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy  # its special functions load when first used: they take longer than all the rest
from numpy.typing import ArrayLike

from course_lib._stable import deviance, log_gamma_remainder, stirling_remainder, sum_of_others
from course_lib._validate import (
    as_array,
    as_counts,
    as_finite,
    as_successes,
    check_mean,
    check_parameter,
    equal_tails,
    plain,
    set_fields,
)
from course_lib.distributions import Beta, Dirichlet, Gamma, Gaussian

__all__ = [
    "BetaBinomial",
    "DirichletCategorical",
    "GammaPoisson",
    "NormalNormal",
]

FAR_BELOW = 1e-16  # of the other parameter of a Beta: the tail that a Gamma would not have is below rounding
HUGE = 1e15  # parameters of a Beta: its skewness, some 1/sqrt(HUGE) of a narrow sd, is below rounding


@dataclass(frozen=True)
class BetaBinomial:
    """A belief Beta(a, b) about a success probability that sees k successes in n trials: a + k, b + n - k.

    ``update`` returns that posterior, ``log_evidence`` the log of C(n, k) B(a + k, b + n - k) / B(a, b).
    In the posterior's mean ``a`` and ``b`` act as pseudo-counts: successes and failures that the prior claims
    to have seen. (In its mode, a - 1 and b - 1 do.)

    Attributes
    ----------
    a, b : float
        Positive.

    References
    ----------
    A. Gelman et al., Bayesian Data Analysis, 3rd ed., 2013, section 2.4.

    Examples
    --------
    >>> coin = BetaBinomial(a=2, b=2).update(successes=7, trials=10)
    >>> coin, round(coin.belief.mean, 4)
    (BetaBinomial(a=9.0, b=5.0), 0.6429)
    """

    a: float
    b: float

    def __post_init__(self):
        set_fields(self, a=check_parameter(self.a, name="a"), b=check_parameter(self.b, name="b"))

    @property
    def belief(self) -> Beta:
        """The belief about the success probability, as a distribution."""
        return Beta(self.a, self.b)

    def update(self, successes: ArrayLike, trials: ArrayLike) -> BetaBinomial:
        """Return the posterior after one experiment, or several given as arrays of one shape."""
        k, n = as_successes(successes, trials)
        return BetaBinomial(float(self.a + k.sum()), float(self.b + (n - k).sum()))

    def predictive(self, successes: ArrayLike, trials: ArrayLike) -> float | np.ndarray:
        """Return the probability of k successes in the next n trials, C(n,k) B(a+k, b+n-k) / B(a,b)."""
        k, n = as_successes(successes, trials)
        return plain(np.exp(self._log_predictive(k, n)))

    def _log_predictive(self, k: np.ndarray, n: np.ndarray) -> np.ndarray:
        """Return its logarithm, through the 2 x 2 table of new and earlier successes and failures.

        With log Gamma(x) = x log x - x + f(x), the large terms add up to the dependence in the table: the
        deviances of its four cells from what its margins lead to expect. No large numbers cancel.
        """
        earlier, total = self.a + self.b, self.a + self.b + n
        d = k * (self.b / total) - (n - k) * (self.a / total)  # of k from n (a + k)/(a + b + n)
        wins, losses = (self.a + k) / total, (self.b + (n - k)) / total
        dependence = (
            deviance(k, n * wins, d)
            + deviance(n - k, n * losses, -d)
            + earlier * deviance(self.a / earlier, wins, -d / earlier)  # as shares: products may underflow
            + earlier * deviance(self.b / earlier, losses, d / earlier)
        )
        return _log_ways(k, self.a) + _log_ways(n - k, self.b) - _log_ways(n, earlier) - dependence

    def log_evidence(self, successes: ArrayLike, trials: ArrayLike) -> float:
        """Return the log-probability of all experiments together, averaged over the belief, in nats.

        The count k of n has C(n,k) orders; subtract ln C(n,k) for the evidence of one order.
        """
        k, n = as_successes(successes, trials)
        return float(self._log_predictive(k.sum(), n.sum()) + _log_split(k, n))

    def credible_interval(self, mass: float = 0.95) -> tuple[float, float]:
        """Return the central interval that holds the success probability with probability ``mass``."""
        low, high = _beta_interval(np.array(self.a), np.array(self.b), mass)
        return float(low), float(high)


@dataclass(frozen=True)
class GammaPoisson:
    """A belief Gamma(shape, rate) about a Poisson rate that sees n counts x: shape + Σx, rate + n.

    Attributes
    ----------
    shape, rate : float
        Positive; in the mean, the prior pretends to have seen ``shape`` events in ``rate`` intervals.

    References
    ----------
    A. Gelman et al., Bayesian Data Analysis, 3rd ed., 2013, section 2.6.

    Examples
    --------
    >>> calls = GammaPoisson(shape=2, rate=1).update([3, 5, 4])    # calls in each of three hours
    >>> calls, calls.belief.mean
    (GammaPoisson(shape=14.0, rate=4.0), 3.5)
    """

    shape: float
    rate: float

    def __post_init__(self):
        set_fields(
            self,
            shape=check_parameter(self.shape, name="shape"),
            rate=check_parameter(self.rate, name="rate"),
        )

    @property
    def belief(self) -> Gamma:
        """The belief about the Poisson rate, as a distribution."""
        return Gamma(self.shape, self.rate)

    def update(self, counts: ArrayLike) -> GammaPoisson:
        """Return the posterior after one count, or an array of counts."""
        x = as_counts(counts, name="counts")
        return GammaPoisson(float(self.shape + x.sum()), float(self.rate + x.size))

    def predictive(self, count: ArrayLike) -> float | np.ndarray:
        """Return the probability of the next count: negative binomial, wider than a Poisson of its mean."""
        return plain(np.exp(self._log_predictive(as_counts(count, name="count"), 1)))

    def _log_predictive(self, total: np.ndarray, n: int) -> np.ndarray:
        """Return the log-probability of ``total`` events in n intervals; again no large numbers cancel.

        Of all a + x events, those of the prior and the new ones, shares r/(r + n) and n/(r + n) are expected.
        """
        old, new = self.rate / (self.rate + n), n / (self.rate + n)
        d = self.shape * new - total * old  # of the shape from its share of all events
        events = self.shape + total
        bulk = deviance(self.shape / events, old, d / events) + deviance(total / events, new, -d / events)
        return _log_ways(total, self.shape) - events * bulk

    def log_evidence(self, counts: ArrayLike) -> float:
        """Return the log-probability of all counts together, averaged over the belief, in nats."""
        x = as_counts(counts, name="counts")
        if x.size == 0:
            return 0.0  # no data are certain
        total = x.sum()
        split = stirling_remainder(total) - np.sum(stirling_remainder(x) + deviance(x, total / x.size))
        return float(self._log_predictive(total, x.size) + split)

    def credible_interval(self, mass: float = 0.95) -> tuple[float, float]:
        """Return the central interval that holds the rate with probability ``mass``."""
        low, high = scipy.special.gammaincinv(self.shape, equal_tails(mass)) / self.rate
        return float(low), float(high)


@dataclass(frozen=True)
class NormalNormal:
    """A Gaussian belief about a mean, seen through Gaussian noise of known variance: precisions add.

    After n observations 1/variance grows by n/noise_variance, and the new mean is the average of the old one
    and the data, each weighted by its precision.

    Attributes
    ----------
    mean : float
        Centre of the belief, in the units of x.
    variance : float
        Its variance, in squared units; positive.
    noise_variance : float
        Variance of one observation about the true mean, in squared units; positive.

    References
    ----------
    A. Gelman et al., Bayesian Data Analysis, 3rd ed., 2013, section 2.5.

    Examples
    --------
    >>> NormalNormal(mean=0.0, variance=4.0, noise_variance=4.0).update([3.0])   # half way, half the variance
    NormalNormal(mean=1.5, variance=2.0, noise_variance=4.0)
    """

    mean: float
    variance: float
    noise_variance: float

    def __post_init__(self):
        set_fields(
            self,
            mean=check_mean(self.mean),
            variance=check_parameter(self.variance, name="variance"),
            noise_variance=check_parameter(self.noise_variance, name="noise_variance"),
        )

    @property
    def belief(self) -> Gaussian:
        """The belief about the mean, as a distribution."""
        return Gaussian(self.mean, math.sqrt(self.variance))

    @property
    def precision(self) -> float:
        """1 / variance: how sharp the belief is."""
        return 1 / self.variance

    def update(self, x: ArrayLike) -> NormalNormal:
        """Return the posterior after one observation, or an array of them."""
        x = as_finite(x, name="x")
        unit = max(self.variance, self.noise_variance)  # precisions in it: no product leaves a float's range
        old, new = self.noise_variance / unit, self.variance / unit
        precision = old + x.size * new
        mean = (old * self.mean + new * x.sum()) / precision
        variance = self.variance * old if old >= new else self.noise_variance * new
        return NormalNormal(float(mean), float(variance / precision), self.noise_variance)

    def predictive(self, x: ArrayLike) -> float | np.ndarray:
        """Return the density of the next observation, elementwise: the variances of belief and noise add."""
        return Gaussian(self.mean, math.sqrt(self.variance + self.noise_variance)).pdf(as_finite(x, name="x"))

    def log_evidence(self, x: ArrayLike) -> float:
        """Return the log-density of all observations together, averaged over the belief, in nats.

        Given the belief, the average of the data is Gaussian about its mean; given the average, the scatter
        about it knows nothing of the belief.
        """
        x = as_finite(x, name="x")
        if x.size == 0:
            return 0.0  # no data are certain
        n, average = x.size, x.mean()
        spread = self.noise_variance + n * self.variance
        with np.errstate(over="ignore"):  # data so far off have the evidence 0
            scatter = np.sum((x - average) ** 2) / self.noise_variance
            scatter += n * (average - self.mean) ** 2 / spread
        log_det = n * math.log(2 * math.pi) + (n - 1) * math.log(self.noise_variance) + math.log(spread)
        return float(-(scatter + log_det) / 2)

    def credible_interval(self, mass: float = 0.95) -> tuple[float, float]:
        """Return the central interval that holds the mean with probability ``mass``."""
        low, high = self.mean + math.sqrt(self.variance) * scipy.special.ndtri(equal_tails(mass))
        return float(low), float(high)


@dataclass(frozen=True, eq=False)
class DirichletCategorical:
    """A belief Dirichlet(alpha) about K probabilities that sees how often each outcome came: alpha + counts.

    Attributes
    ----------
    alpha : ndarray, shape (K,)
        Positive pseudo-counts; all ones is flat, and its predictive is Laplace's rule (n_k + 1) / (n + K).

    References
    ----------
    A. Gelman et al., Bayesian Data Analysis, 3rd ed., 2013, section 3.4.

    Examples
    --------
    >>> die = DirichletCategorical([1.0, 1.0, 1.0]).update([3, 0, 1])
    >>> die.predictive(1)          # never seen, not impossible: 1 of 7
    0.14285714285714285
    """

    alpha: np.ndarray

    def __post_init__(self):
        object.__setattr__(self, "alpha", Dirichlet(self.alpha).alpha)

    @property
    def belief(self) -> Dirichlet:
        """The belief about the K probabilities, as a distribution."""
        return Dirichlet(self.alpha)

    def update(self, counts: ArrayLike) -> DirichletCategorical:
        """Return the posterior after ``counts``, shape (K,): how often each outcome came."""
        return DirichletCategorical(self.alpha + self._counts(counts))

    def predictive(self, outcome: ArrayLike) -> float | np.ndarray:
        """Return the probability that the next outcome is ``outcome`` (0 … K-1), elementwise."""
        outcome = as_array(outcome, name="outcome")
        if outcome.dtype.kind not in "iu" or np.any((outcome < 0) | (outcome >= len(self.alpha))):
            raise ValueError(f"outcome must be whole numbers from 0 to {len(self.alpha) - 1}, got {outcome}")
        return plain((self.alpha / self.alpha.sum())[outcome])

    def log_evidence(self, counts: ArrayLike) -> float:
        """Return the log-probability of one sequence with these counts, averaged over the belief, in nats."""
        c, a = self._counts(counts), self.alpha
        n, earlier = c.sum(), a.sum()
        after = (a + c) / (earlier + n)
        others = sum_of_others(a + c) / (earlier + n)  # 1 - after
        d = (n * (a / earlier) - c) / (earlier + n)
        moved = earlier * deviance(a / earlier, after, d).sum()
        rest = np.sum(log_gamma_remainder(a + c) - log_gamma_remainder(a))
        whole = log_gamma_remainder(earlier + n) - log_gamma_remainder(earlier)
        log_after = np.where(others < 0.5, np.log1p(-np.minimum(others, 0.5)), np.log(after))
        return float(c @ log_after - moved + rest - whole)

    def credible_interval(self, mass: float = 0.95) -> np.ndarray:
        """Return central intervals, shape (K, 2), one for the chance of each outcome."""
        return _beta_interval(self.alpha, sum_of_others(self.alpha), mass)

    def _counts(self, counts: ArrayLike) -> np.ndarray:
        counts = as_counts(counts, name="counts")
        if counts.shape != self.alpha.shape:
            raise ValueError(
                f"counts needs one number for each of {len(self.alpha)} outcomes, got {counts.shape}"
            )
        return counts


def _beta_interval(a: np.ndarray, b: np.ndarray, mass: float) -> np.ndarray:
    """Return the central interval of Beta(a, b), shape (..., 2); its limits where SciPy's inverse gives up.

    With b far above a, b x is Gamma(a, 1), and with a far above b the same holds for 1 - x; with both huge x
    is Gaussian. Each is exact to rounding where it is used.
    """
    tails = equal_tails(mass)
    a, b = a[..., None], b[..., None]
    mean, others = a / (a + b), b / (a + b)
    with np.errstate(all="ignore"):  # each is looked at only where it holds
        near_0 = scipy.special.gammaincinv(a, tails) / b
        near_1 = 1 - scipy.special.gammaincinv(b, tails[::-1]) / a
        narrow = mean + np.sqrt(mean * others / (a + b)) * scipy.special.ndtri(tails)
        where = [a < FAR_BELOW * b, b < FAR_BELOW * a, np.minimum(a, b) > HUGE]
        usual = scipy.special.betaincinv(a, b, tails)
        return np.select(where, [near_0, near_1, narrow], usual)


def _log_ways(x: np.ndarray, a: np.ndarray | float) -> np.ndarray:
    """Return log Gamma(a + x) - log Gamma(a) - log x! without its terms of the form x log x; x is whole."""
    return log_gamma_remainder(a + x) - log_gamma_remainder(a) - stirling_remainder(x)


def _log_split(k: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return the log of the share of orders of all successes that put k_i among the n_i trials of each."""
    total = max(n.sum(), 1)
    wins, losses = k.sum() / total, (n - k).sum() / total
    d = k * losses - (n - k) * wins
    bulk = deviance(k, n * wins, d) + deviance(n - k, n * losses, -d)
    return np.sum(_log_orders(k, n) - bulk) - _log_orders(k.sum(), n.sum())


def _log_orders(k: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return what is small in the log of the number of orders of k successes in n trials."""
    return stirling_remainder(n) - stirling_remainder(k) - stirling_remainder(n - k)

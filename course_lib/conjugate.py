"""Conjugate pairs: priors that come back from the data with new parameters and the same shape.

The counts and moments of the data are added to the prior's parameters, which read as data seen before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy  # its special functions load when first used: they take longer than all the rest
from numpy.typing import ArrayLike

from course_lib._stable import log_choose
from course_lib._validate import (
    as_counts,
    as_finite,
    as_successes,
    check_number,
    check_positive,
    equal_tails,
    plain,
)
from course_lib.distributions import Beta, Dirichlet, Gamma, Gaussian

__all__ = [
    "BetaBinomial",
    "DirichletCategorical",
    "GammaPoisson",
    "NormalNormal",
]


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

    Notes
    -----
    Source: A. Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.4.

    Examples
    --------
    >>> coin = BetaBinomial(a=2, b=2).update(successes=7, trials=10)
    >>> coin, round(coin.belief.mean, 4)
    (BetaBinomial(a=9.0, b=5.0), 0.6429)
    """

    a: float
    b: float

    def __post_init__(self):
        check_positive(self.a, name="a")
        check_positive(self.b, name="b")

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
        return plain(
            np.exp(
                log_choose(n, k)
                + scipy.special.betaln(self.a + k, self.b + n - k)
                - scipy.special.betaln(self.a, self.b)
            )
        )

    def log_evidence(self, successes: ArrayLike, trials: ArrayLike) -> float:
        """Return the log-probability of all experiments together, averaged over the belief, in nats.

        The count k of n has C(n,k) orders; subtract ln C(n,k) for the evidence of one order.
        """
        k, n = as_successes(successes, trials)
        after = scipy.special.betaln(self.a + k.sum(), self.b + (n - k).sum())
        return float(log_choose(n, k).sum() + after - scipy.special.betaln(self.a, self.b))

    def credible_interval(self, mass: float = 0.95) -> tuple[float, float]:
        """Return the central interval that holds the success probability with probability ``mass``."""
        low, high = scipy.special.betaincinv(self.a, self.b, equal_tails(mass))
        return float(low), float(high)


@dataclass(frozen=True)
class GammaPoisson:
    """A belief Gamma(shape, rate) about a Poisson rate that sees n counts x: shape + Σx, rate + n.

    Attributes
    ----------
    shape, rate : float
        Positive; in the mean, the prior pretends to have seen ``shape`` events in ``rate`` intervals.

    Notes
    -----
    Source: A. Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.6.

    Examples
    --------
    >>> calls = GammaPoisson(shape=2, rate=1).update([3, 5, 4])    # calls in each of three hours
    >>> calls, calls.belief.mean
    (GammaPoisson(shape=14.0, rate=4.0), 3.5)
    """

    shape: float
    rate: float

    def __post_init__(self):
        check_positive(self.shape, name="shape")
        check_positive(self.rate, name="rate")

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
        x = as_counts(count, name="count")
        log_p = (
            scipy.special.gammaln(self.shape + x)
            - scipy.special.gammaln(self.shape)
            - scipy.special.gammaln(x + 1)
        )
        return plain(np.exp(log_p - self.shape * np.log1p(1 / self.rate) - x * np.log1p(self.rate)))

    def log_evidence(self, counts: ArrayLike) -> float:
        """Return the log-probability of all counts together, averaged over the belief, in nats."""
        x = as_counts(counts, name="counts")
        total, n = x.sum(), x.size
        log_p = (
            scipy.special.gammaln(self.shape + total)
            - scipy.special.gammaln(self.shape)
            - scipy.special.gammaln(x + 1).sum()
        )
        return float(log_p - self.shape * np.log1p(n / self.rate) - total * math.log(self.rate + n))

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

    Notes
    -----
    Source: A. Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.5.

    Examples
    --------
    >>> NormalNormal(mean=0.0, variance=4.0, noise_variance=4.0).update([3.0])   # half way, half the variance
    NormalNormal(mean=1.5, variance=2.0, noise_variance=4.0)
    """

    mean: float
    variance: float
    noise_variance: float

    def __post_init__(self):
        check_number(self.mean, name="mean")
        check_positive(self.variance, name="variance")
        check_positive(self.noise_variance, name="noise_variance")

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
        precision = self.precision + x.size / self.noise_variance
        mean = (self.precision * self.mean + x.sum() / self.noise_variance) / precision
        return NormalNormal(float(mean), float(1 / precision), self.noise_variance)

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
        scatter = np.sum((x - average) ** 2) / self.noise_variance + n * (average - self.mean) ** 2 / spread
        log_det = n * math.log(2 * math.pi) + (n - 1) * math.log(self.noise_variance) + math.log(spread)
        return float(-(scatter + log_det) / 2)

    def credible_interval(self, mass: float = 0.95) -> tuple[float, float]:
        """Return the central interval that holds the mean with probability ``mass``."""
        low, high = self.mean + math.sqrt(self.variance) * scipy.special.ndtri(equal_tails(mass))
        return float(low), float(high)


@dataclass(frozen=True)
class DirichletCategorical:
    """A belief Dirichlet(alpha) about K probabilities that sees how often each outcome came: alpha + counts.

    Attributes
    ----------
    alpha : ndarray, shape (K,)
        Positive pseudo-counts; all ones is flat, and its predictive is Laplace's rule (n_k + 1) / (n + K).

    Notes
    -----
    Source: A. Gelman et al., Bayesian Data Analysis, 3rd ed., section 3.4.

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
        outcome = np.asarray(outcome)
        if outcome.dtype.kind not in "iu" or np.any((outcome < 0) | (outcome >= len(self.alpha))):
            raise ValueError(f"outcome must be whole numbers from 0 to {len(self.alpha) - 1}, got {outcome}")
        return plain((self.alpha / self.alpha.sum())[outcome])

    def log_evidence(self, counts: ArrayLike) -> float:
        """Return the log-probability of one sequence with these counts, averaged over the belief, in nats."""
        after = self.alpha + self._counts(counts)
        return float(_log_beta(after) - _log_beta(self.alpha))

    def credible_interval(self, mass: float = 0.95) -> np.ndarray:
        """Return central intervals, shape (K, 2), one for the chance of each outcome."""
        return scipy.special.betaincinv(
            self.alpha[:, None], (self.alpha.sum() - self.alpha)[:, None], equal_tails(mass)
        )

    def _counts(self, counts: ArrayLike) -> np.ndarray:
        counts = as_counts(counts, name="counts")
        if counts.shape != self.alpha.shape:
            raise ValueError(
                f"counts needs one number for each of {len(self.alpha)} outcomes, got {counts.shape}"
            )
        return counts


def _log_beta(alpha: np.ndarray) -> float:
    """Return the log of the multivariate beta function: Σ ln Γ(alpha_k) - ln Γ(Σ alpha_k)."""
    return scipy.special.gammaln(alpha).sum() - scipy.special.gammaln(alpha.sum())

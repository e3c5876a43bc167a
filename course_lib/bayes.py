"""Bayes' theorem at work: a table of hypotheses, odds, a grid, conjugate pairs, and naive Bayes.

The names are the theorem's own. A *prior* is the belief before, a *likelihood* says how well each hypothesis
predicted what was seen, the *evidence* is the probability of what was seen, averaged over the hypotheses by
the prior, and the *posterior* is the belief after: posterior = prior x likelihood / evidence.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import scipy  # its special functions load when first used: they take longer than all the rest
from numpy.typing import ArrayLike

from course_lib._kernels import log_choose, trapezoids, weighted_logs
from course_lib._validate import (
    ProbabilityError,
    as_counts,
    as_finite,
    as_float,
    as_probabilities,
    check_number,
    check_positive,
    check_probability,
    plain,
)
from course_lib.distributions import Beta, Dirichlet, Gamma, Gaussian

__all__ = [
    "BayesTable",
    "BernoulliNB",
    "BetaBinomial",
    "DirichletCategorical",
    "GammaPoisson",
    "GridPosterior",
    "MultinomialNB",
    "NormalNormal",
    "OddsTable",
    "bayes_odds",
    "bayes_update",
    "grid_posterior",
    "logit",
    "odds",
]


# ------------------------------------------------------------------------------- a table of hypotheses


class BayesTable(NamedTuple):
    """Bayes' theorem for K hypotheses, term by term.

    Attributes
    ----------
    prior : ndarray, shape (K,)
        Belief before.
    likelihood : ndarray, shape (K,) or (K, M)
        Probability of what was seen (of each of M outcomes) under each hypothesis.
    evidence : float or ndarray, shape (M,)
        Probability of what was seen, averaged over the prior.
    posterior : ndarray, shape (K,) or (K, M)
        Belief after; every column sums to 1.

    Examples
    --------
    >>> first = bayes_update([0.01, 0.99], [0.9, 0.05])    # a rare disease, a positive test
    >>> again = bayes_update(first.posterior, [0.9, 0.05])  # and a second one: today's posterior is the prior
    >>> first.posterior.round(3), again.posterior.round(3)
    (array([0.154, 0.846]), array([0.766, 0.234]))
    """

    prior: np.ndarray
    likelihood: np.ndarray
    evidence: float | np.ndarray
    posterior: np.ndarray


def bayes_update(prior: ArrayLike, likelihood: ArrayLike, *, normalize: bool = False) -> BayesTable:
    """Return prior, likelihood, evidence and posterior: p(h|x) = p(h) p(x|h) / Σ p(h') p(x|h').

    Parameters
    ----------
    prior : array_like, shape (K,)
        Probabilities of the hypotheses.
    likelihood : array_like, shape (K,) or (K, M)
        p(x|h) of what was seen, one number a hypothesis; or the table of all outcomes x, one column each.
        Along a column the numbers need not sum to one; along a row of the table they must not exceed one.
    normalize : bool
        Scale the prior to sum to one.

    Returns
    -------
    BayesTable
        With the names above; one posterior for each column of the table.

    Raises
    ------
    ProbabilityError
        If the prior is no distribution, a likelihood lies outside [0, 1], a row of the table sums to more
        than one, or what was seen is impossible under every hypothesis.
    ValueError
        If the shapes do not fit.

    Notes
    -----
    Source: T. Bayes and R. Price, An Essay towards solving a Problem in the Doctrine of Chances, 1763.

    Examples
    --------
    A tenth of all mail is spam; a word stands in 80 % of spam and in 1 % of the rest.

    >>> table = bayes_update(prior=[0.1, 0.9], likelihood=[0.8, 0.01])
    >>> round(table.evidence, 3), table.posterior.round(3)
    (0.089, array([0.899, 0.101]))
    """
    prior = as_probabilities(prior, normalize=normalize, name="prior").astype(np.float64)
    likelihood = as_float(likelihood, name="likelihood").astype(np.float64)
    if prior.ndim != 1 or likelihood.ndim not in (1, 2) or len(likelihood) != len(prior):
        raise ValueError(
            f"likelihood needs one row for each hypothesis of the prior: shapes {likelihood.shape} "
            f"and {prior.shape}"
        )
    _check_likelihood(likelihood)
    joint = prior.reshape(-1, *[1] * (likelihood.ndim - 1)) * likelihood
    evidence = joint.sum(axis=0)
    if not np.all(evidence > 0):
        raise ProbabilityError(
            "what was seen has probability 0 under every hypothesis that the prior allows; add a hypothesis "
            "that can explain it, or give every outcome some probability"
        )
    return BayesTable(prior, likelihood, plain(evidence), joint / evidence)


def _check_likelihood(likelihood: np.ndarray) -> None:
    """Refuse rates, percentages and rows that promise more than certainty."""
    if not np.all((likelihood >= 0) & (likelihood <= 1)):
        raise ProbabilityError(
            "likelihood must hold probabilities, from 0 to 1: divide percentages by 100 and rates per "
            "thousand by 1000; densities go to grid_posterior"
        )
    if likelihood.ndim == 2 and np.any(likelihood.sum(axis=1) > 1 + 1e-8):
        raise ProbabilityError(
            f"a row of the likelihood table sums to {likelihood.sum(axis=1).max():.6g}; the outcomes exclude "
            f"each other, so their probabilities under one hypothesis sum to 1 at most"
        )


def odds(p: ArrayLike) -> float | np.ndarray:
    """Return the odds of an event: p / (1 - p), so that 0.8 is 4 to 1 and certainty is infinite.

    Parameters
    ----------
    p : array_like
        Probabilities.

    Returns
    -------
    float or ndarray
        Odds, from 0 to infinity.

    Raises
    ------
    ProbabilityError
        If an entry lies outside [0, 1].

    Examples
    --------
    >>> odds([0.0, 0.5, 0.75, 1.0])
    array([ 0.,  1.,  3., inf])
    """
    p = _unit_interval(p)
    with np.errstate(divide="ignore"):
        return plain(p / (1 - p))


def logit(p: ArrayLike) -> float | np.ndarray:
    """Return the log-odds of an event: ln p - ln(1 - p), in nats; the name is SciPy's.

    Parameters
    ----------
    p : array_like
        Probabilities.

    Returns
    -------
    float or ndarray
        Log-odds, from -inf to inf; 0 for an even chance. ``scipy.special.expit`` leads back.

    Raises
    ------
    ProbabilityError
        If an entry lies outside [0, 1].

    Examples
    --------
    >>> logit([0.1, 0.5, 0.9]).round(3)
    array([-2.197,  0.   ,  2.197])
    """
    p = _unit_interval(p)
    with np.errstate(divide="ignore"):
        away = np.log(p) - np.log1p(-p)
    middle = np.clip(p, 0.4, 0.6)  # here the two logarithms nearly cancel
    return plain(np.where(p == middle, np.log1p((2 * middle - 1) / (1 - middle)), away))


class OddsTable(NamedTuple):
    """Two hypotheses and n pieces of evidence, after each piece.

    Attributes
    ----------
    ratio : ndarray, shape (n,)
        Likelihood ratios p(e|h) / p(e|not h): how many times the odds move.
    odds : ndarray, shape (n,)
        Odds of h after each piece.
    log_odds : ndarray, shape (n,)
        Their logarithms, in nats.
    posterior : ndarray, shape (n,)
        Probability of h after each piece.

    Examples
    --------
    >>> bayes_odds(0.5, [[0.9, 0.3]] * 3).odds.round(6)      # each piece triples the odds
    array([ 3.,  9., 27.])
    """

    ratio: np.ndarray
    odds: np.ndarray
    log_odds: np.ndarray
    posterior: np.ndarray


def bayes_odds(prior: float, likelihood: ArrayLike) -> OddsTable:
    """Return how evidence moves the odds: posterior odds = prior odds x product of likelihood ratios.

    Parameters
    ----------
    prior : float
        Probability of the hypothesis h.
    likelihood : array_like, shape (n, 2)
        One row for each piece of evidence e: p(e|h) and p(e|not h).

    Returns
    -------
    OddsTable
        Ratios, and odds, log-odds and probability after each piece. The product is summed as logarithms, so a
        thousand pieces of evidence neither overflow nor underflow.

    Raises
    ------
    ProbabilityError
        If a number lies outside [0, 1], a piece is impossible both ways, or two pieces prove the contrary.
    ValueError
        If the likelihood is not a table of two columns.

    Notes
    -----
    The product is right only if the pieces are independent given h, and given not h: the same witness heard
    twice would count double. Source: I. J. Good, Probability and the Weighing of Evidence, 1950.

    Examples
    --------
    >>> table = bayes_odds(0.1, [[0.8, 0.01], [0.5, 0.1]])   # two words in a mail
    >>> table.ratio, table.odds.round(2), table.posterior.round(3)
    (array([80.,  5.]), array([ 8.89, 44.44]), array([0.899, 0.978]))
    """
    likelihood = as_float(likelihood, name="likelihood").astype(np.float64)
    if likelihood.ndim != 2 or likelihood.shape[1] != 2:
        raise ValueError(f"likelihood needs two columns, p(e|h) and p(e|not h), got shape {likelihood.shape}")
    _check_likelihood(likelihood[:, 0])
    _check_likelihood(likelihood[:, 1])
    if np.any(likelihood.sum(axis=1) == 0):
        raise ProbabilityError("a piece of evidence is impossible both ways; give it some probability")
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratio = np.log(likelihood[:, 0]) - np.log(likelihood[:, 1])
        log_odds = logit(check_probability(prior, name="prior")) + np.cumsum(log_ratio)
        ratio = likelihood[:, 0] / likelihood[:, 1]
    if np.any(np.isnan(log_odds)):
        raise ProbabilityError("one piece proves the hypothesis and another (or the prior) rules it out")
    with np.errstate(over="ignore"):
        return OddsTable(ratio, np.exp(log_odds), log_odds, scipy.special.expit(log_odds))


def _unit_interval(p: ArrayLike) -> np.ndarray:
    p = as_float(p, name="p")
    if not np.all((p >= 0) & (p <= 1)):
        raise ProbabilityError("p must hold probabilities, from 0 to 1")
    return p.astype(np.float64)


# ------------------------------------------------------------------------------- a posterior on a grid


@dataclass(frozen=True)
class GridPosterior:
    """A posterior density known at the points of a grid, straight lines in between.

    Attributes
    ----------
    grid : ndarray, shape (M,)
        Values of the parameter, increasing.
    density : ndarray, shape (M,)
        Posterior density, per unit of the parameter; its trapezoids sum to 1.
    log_evidence : float
        Log-probability of the data averaged over the prior, in nats.

    Examples
    --------
    >>> flat = grid_posterior([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0])
    >>> flat.mean, flat.credible_interval(0.5)
    (1.0, (0.5, 1.5))
    """

    grid: np.ndarray
    density: np.ndarray
    log_evidence: float

    @property
    def mean(self) -> float:
        """Posterior mean, in units of the parameter."""
        return float(trapezoids(self.grid) @ (self.density * self.grid))

    @property
    def variance(self) -> float:
        """Posterior variance, in squared units of the parameter."""
        return float(trapezoids(self.grid) @ (self.density * (self.grid - self.mean) ** 2))

    @property
    def mode(self) -> float:
        """The grid point of highest density: the MAP estimate on this grid and in this parametrisation."""
        return float(self.grid[np.argmax(self.density)])

    def credible_interval(self, mass: float = 0.95) -> tuple[float, float]:
        """Return the central interval that holds the parameter with probability ``mass``."""
        steps = np.diff(self.grid) * (self.density[1:] + self.density[:-1]) / 2
        below = np.concatenate([[0.0], np.cumsum(steps)])
        low, high = np.interp(_tails(mass), below / below[-1], self.grid)
        return float(low), float(high)


def grid_posterior(grid: ArrayLike, prior: ArrayLike, log_likelihood: ArrayLike) -> GridPosterior:
    """Return the posterior density on a grid: p(t|x) ∝ p(t) p(x|t), divided by its own area.

    Parameters
    ----------
    grid : array_like, shape (M,)
        Values of the parameter, increasing; it must cover all that prior and likelihood leave plausible.
    prior : array_like, shape (M,)
        Prior density there, up to a constant (it is scaled to area 1 on the grid).
    log_likelihood : array_like, shape (M,)
        Log-likelihood of all the data at each value, in nats; -inf where they are impossible.

    Returns
    -------
    GridPosterior
        With ``density``, ``log_evidence``, ``mean``, ``variance``, ``mode`` and ``credible_interval``.

    Raises
    ------
    ValueError
        If the shapes differ, the grid does not increase, the prior is negative, infinite or zero throughout,
        the log-likelihood is NaN or +inf, or the data are impossible on the whole grid.

    Notes
    -----
    The integrals use the trapezoid rule. Only differences of log-likelihoods matter to the density, so the
    sum over a million observations is safe where their product would underflow.

    Examples
    --------
    >>> from scipy.stats import binom
    >>> p = np.linspace(0, 1, 1001)
    >>> posterior = grid_posterior(p, np.ones(1001), binom(10, p).logpmf(7))   # 7 heads in 10 tosses
    >>> round(posterior.mean, 4), round(posterior.mode, 4), round(posterior.log_evidence, 4)
    (0.6667, 0.7, -2.3979)
    """
    grid, prior = as_finite(grid, name="grid"), as_finite(prior, name="prior")
    log_likelihood = as_float(log_likelihood, name="log_likelihood").astype(np.float64)
    if grid.ndim != 1 or len(grid) < 2 or not grid.shape == prior.shape == log_likelihood.shape:
        raise ValueError(
            f"grid, prior and log_likelihood need one shape (M,), got {grid.shape}, {prior.shape} and "
            f"{log_likelihood.shape}"
        )
    if not np.all(np.diff(grid) > 0):
        raise ValueError("grid must increase from each point to the next; sort it and drop repeats")
    if np.any(prior < 0) or not np.any(prior > 0):
        raise ValueError("prior must be a density: nowhere negative and somewhere above 0")
    if np.any(np.isnan(log_likelihood)) or np.any(log_likelihood == np.inf):
        raise ValueError(
            "log_likelihood holds NaN or +inf; mend the model at those grid points, or leave them out"
        )
    width = trapezoids(grid)
    log_joint = log_likelihood + _log(prior / (width @ prior))
    log_evidence = float(scipy.special.logsumexp(log_joint, b=width))
    if log_evidence == -np.inf:
        raise ValueError(
            "the data are impossible at every point of the grid; widen it or mend the likelihood"
        )
    return GridPosterior(grid, np.exp(log_joint - log_evidence), log_evidence)


def _log(x: np.ndarray) -> np.ndarray:
    """Return ln x, -inf at 0 without a warning."""
    with np.errstate(divide="ignore"):
        return np.log(x)


def _tails(mass: float) -> np.ndarray:
    """Return the two cumulative probabilities that leave equal tails outside."""
    if not 0 < check_number(mass, name="mass") < 1:
        raise ValueError(f"mass must lie between 0 and 1, got {mass}; 0.95 leaves 2.5 % on either side")
    return np.array([(1 - mass) / 2, (1 + mass) / 2])


# ------------------------------------------------------------------------------- conjugate pairs


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
        k, n = _successes(successes, trials)
        return BetaBinomial(float(self.a + k.sum()), float(self.b + (n - k).sum()))

    def predictive(self, successes: ArrayLike, trials: ArrayLike) -> float | np.ndarray:
        """Return the probability of k successes in the next n trials, C(n,k) B(a+k, b+n-k) / B(a,b)."""
        k, n = _successes(successes, trials)
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
        k, n = _successes(successes, trials)
        after = scipy.special.betaln(self.a + k.sum(), self.b + (n - k).sum())
        return float(log_choose(n, k).sum() + after - scipy.special.betaln(self.a, self.b))

    def credible_interval(self, mass: float = 0.95) -> tuple[float, float]:
        """Return the central interval that holds the success probability with probability ``mass``."""
        low, high = scipy.special.betaincinv(self.a, self.b, _tails(mass))
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
        low, high = scipy.special.gammaincinv(self.shape, _tails(mass)) / self.rate
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
        n, average = x.size, x.mean()
        spread = self.noise_variance + n * self.variance
        scatter = np.sum((x - average) ** 2) / self.noise_variance + n * (average - self.mean) ** 2 / spread
        log_det = n * math.log(2 * math.pi) + (n - 1) * math.log(self.noise_variance) + math.log(spread)
        return float(-(scatter + log_det) / 2)

    def credible_interval(self, mass: float = 0.95) -> tuple[float, float]:
        """Return the central interval that holds the mean with probability ``mass``."""
        low, high = self.mean + math.sqrt(self.variance) * scipy.special.ndtri(_tails(mass))
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
            self.alpha[:, None], (self.alpha.sum() - self.alpha)[:, None], _tails(mass)
        )

    def _counts(self, counts: ArrayLike) -> np.ndarray:
        counts = as_counts(counts, name="counts")
        if counts.shape != self.alpha.shape:
            raise ValueError(
                f"counts needs one number for each of {len(self.alpha)} outcomes, got {counts.shape}"
            )
        return counts


def _successes(successes: ArrayLike, trials: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return successes and trials of one shape, no success without its trial."""
    k, n = np.broadcast_arrays(as_counts(successes, name="successes"), as_counts(trials, name="trials"))
    if np.any(k > n):
        raise ValueError("more successes than trials; trials counts successes and failures together")
    return k, n


def _log_beta(alpha: np.ndarray) -> float:
    """Return the log of the multivariate beta function: Σ ln Γ(alpha_k) - ln Γ(Σ alpha_k)."""
    return scipy.special.gammaln(alpha).sum() - scipy.special.gammaln(alpha.sum())


# ------------------------------------------------------------------------------- naive Bayes


class _NaiveBayes(ABC):
    """What both event models share: the likelihood is theirs, Bayes' theorem is here."""

    feature_log_prob_: np.ndarray

    @abstractmethod
    def _check_features(self, X: np.ndarray) -> None:
        """Refuse what is no count, or neither 0 nor 1."""

    @abstractmethod
    def _smooth(self, counts: np.ndarray, n: np.ndarray) -> None:
        """Learn from counts of shape (C, D) and n examples a class, shape (C, 1)."""

    @abstractmethod
    def _log_likelihood(self, X: np.ndarray) -> np.ndarray:
        """Return log p(x|c), shape (N, C)."""

    def __init__(self, alpha: float = 1.0):
        if check_number(alpha, name="alpha") < 0:
            raise ValueError(f"alpha must be 0 or more, got {alpha}; 1 is Laplace smoothing")
        self.alpha = alpha

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Count each feature in each class, add ``alpha``, divide; return the fitted model itself.

        Parameters
        ----------
        X : array_like, shape (N, D)
            Features: counts (multinomial) or zeros and ones (Bernoulli).
        y : array_like, shape (N,)
            Labels, of any kind that sorts.
        """
        X, y = self._features(X), np.asarray(y)
        if y.shape != (len(X),) or len(X) == 0:
            raise ValueError(f"y needs one label for each of the {len(X)} rows of X, got shape {y.shape}")
        self.classes_, label = np.unique(y, return_inverse=True)
        member = (label[:, None] == np.arange(len(self.classes_))).astype(np.float64)  # (N, C)
        self.class_log_prior_ = np.log(member.mean(axis=0))
        self._smooth(member.T @ X, member.sum(axis=0)[:, None])
        return self

    def predict_joint_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Return log p(x, c) = log p(c) + Σ log p(feature|c), shape (N, C), in nats."""
        if not hasattr(self, "classes_"):
            raise ValueError("this model has seen no data; call fit(X, y) first")
        X = self._features(X)
        if X.shape[1] != self.feature_log_prob_.shape[1]:
            raise ValueError(
                f"X has {X.shape[1]} features, the model was fitted on {self.feature_log_prob_.shape[1]}"
            )
        return self.class_log_prior_ + self._log_likelihood(X)

    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the log-posterior of every class, shape (N, C), in nats."""
        joint = self.predict_joint_log_proba(X)
        evidence = scipy.special.logsumexp(joint, axis=1, keepdims=True)
        if np.any(evidence == -np.inf):
            raise ProbabilityError(
                "a row has probability 0 under every class: each lacks one of its features; use alpha > 0"
            )
        return joint - evidence

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the posterior of every class, shape (N, C); each row sums to 1."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the label with the highest posterior for each row, shape (N,)."""
        posterior = self.predict_log_proba(X)
        return self.classes_[np.argmax(posterior, axis=1)]

    def _features(self, X: ArrayLike) -> np.ndarray:
        X = as_finite(np.asarray(X) + 0, name="X")  # + 0 counts True as 1
        if X.ndim != 2:
            raise ValueError(f"X must be a table of shape (examples, features), got shape {X.shape}")
        self._check_features(X)
        return X


class MultinomialNB(_NaiveBayes):
    """Naive Bayes for counts: a text as a bag of words, each drawn from its class's distribution over words.

    log p(c|x) = log p(c) + Σ_d x_d log θ_cd + constant, with θ_cd = (n_cd + alpha) / (n_c + alpha D).

    Parameters
    ----------
    alpha : float
        Pseudo-count for every word in every class: 1 is Laplace smoothing; 0 lets one unseen word veto a
        class.

    Attributes
    ----------
    classes_ : ndarray, shape (C,)
        The labels, sorted.
    class_log_prior_ : ndarray, shape (C,)
        Log share of each class, in nats.
    feature_log_prob_ : ndarray, shape (C, D)
        log θ, in nats.

    Raises
    ------
    ValueError
        If X holds negative numbers, the shapes do not fit, or the model is used before ``fit``.
    ProbabilityError
        If ``alpha`` is 0 and a row is impossible under every class.

    Notes
    -----
    Agrees with ``sklearn.naive_bayes.MultinomialNB``, whose names it keeps.
    Source: C. Manning, P. Raghavan and H. Schütze, Introduction to Information Retrieval, chapter 13.

    Examples
    --------
    >>> X = [[3, 0, 1], [2, 0, 0], [0, 2, 1]]              # how often each of three words occurs
    >>> model = MultinomialNB().fit(X, ["spam", "spam", "ham"])
    >>> model.predict([[1, 0, 0]]).tolist(), model.predict_proba([[1, 0, 0]]).round(3)
    (['spam'], array([[0.111, 0.889]]))
    """

    def _check_features(self, X: np.ndarray) -> None:
        if np.any(X < 0):
            raise ValueError("X must hold counts, none of them negative")

    def _smooth(self, counts: np.ndarray, n: np.ndarray) -> None:
        smoothed = counts + self.alpha
        with np.errstate(invalid="ignore"):
            share = smoothed / smoothed.sum(axis=1, keepdims=True)
        if np.any(np.isnan(share)):
            raise ProbabilityError("a class holds no counts at all; drop it, or smooth with alpha > 0")
        self.feature_log_prob_ = _log(share)

    def _log_likelihood(self, X: np.ndarray) -> np.ndarray:
        return weighted_logs(X, self.feature_log_prob_)


class BernoulliNB(_NaiveBayes):
    """Naive Bayes for yes-or-no features: every feature is a coin of its class, and absence counts as well.

    log p(c|x) = log p(c) + Σ_d [x_d log θ_cd + (1-x_d) log(1-θ_cd)] + constant, with
    θ_cd = (n_cd + alpha) / (n_c + 2 alpha).

    Parameters
    ----------
    alpha : float
        Pseudo-count for yes and for no: 1 is Laplace smoothing.

    Attributes
    ----------
    classes_ : ndarray, shape (C,)
        The labels, sorted.
    class_log_prior_ : ndarray, shape (C,)
        Log share of each class, in nats.
    feature_log_prob_ : ndarray, shape (C, D)
        log θ, in nats.

    Raises
    ------
    ValueError
        If X holds anything but 0 and 1, the shapes do not fit, or the model is used before ``fit``.
    ProbabilityError
        If ``alpha`` is 0 and a row is impossible under every class.

    Notes
    -----
    Agrees with ``sklearn.naive_bayes.BernoulliNB``, whose names it keeps.
    Source: C. Manning, P. Raghavan and H. Schütze, Introduction to Information Retrieval, chapter 13.

    Examples
    --------
    >>> X = [[1, 0], [1, 1], [0, 1]]                       # does the mail hold each of two words?
    >>> model = BernoulliNB().fit(X, ["spam", "spam", "ham"])
    >>> model.predict_proba([[0, 1]]).round(3)
    array([[0.64, 0.36]])
    """

    def _check_features(self, X: np.ndarray) -> None:
        if not np.all((X == 0) | (X == 1)):
            raise ValueError("X must hold zeros and ones; make them of counts with X > 0")

    def _smooth(self, counts: np.ndarray, n: np.ndarray) -> None:
        self.feature_log_prob_ = _log((counts + self.alpha) / (n + 2 * self.alpha))
        self._log_absent = _log((n - counts + self.alpha) / (n + 2 * self.alpha))

    def _log_likelihood(self, X: np.ndarray) -> np.ndarray:
        return weighted_logs(X, self.feature_log_prob_) + weighted_logs(1 - X, self._log_absent)

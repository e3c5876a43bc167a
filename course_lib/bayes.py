"""Bayes' theorem at work: a table of hypotheses, odds, and a posterior on a grid.

The names are the theorem's own. A *prior* is the belief before, a *likelihood* says how well each hypothesis
predicted what was seen, the *evidence* is the probability of what was seen, averaged over the hypotheses by
the prior, and the *posterior* is the belief after: posterior = prior x likelihood / evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy  # its special functions load when first used: they take longer than all the rest
from numpy.typing import ArrayLike

from course_lib._stable import RARE, log_or_minus_inf, log_sum_exp, trapezoids
from course_lib._validate import (
    ProbabilityError,
    as_finite,
    as_float,
    as_probabilities,
    as_unit,
    check_probability,
    check_steps,
    equal_tails,
    plain,
)
from course_lib.softmax import softmax

__all__ = [
    "BayesTable",
    "GridPosterior",
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
    r"""Return prior, likelihood, evidence and posterior of hypotheses about which something was seen.

    .. math:: p(h \mid x) = \frac{p(h)\, p(x \mid h)}{\sum_{h'} p(h')\, p(x \mid h')}

    Parameters
    ----------
    prior : array_like, shape (K,)
        Probabilities of the hypotheses.
    likelihood : array_like, shape (K,) or (K, M)
        p(x|h) of what was seen, one number per hypothesis; or the table of all outcomes x, one column each.
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

    References
    ----------
    T. Bayes and R. Price, An Essay towards solving a Problem in the Doctrine of Chances, 1763.

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
    weight = prior.reshape(-1, *[1] * (likelihood.ndim - 1))
    joint = weight * likelihood
    evidence = joint.sum(axis=0)
    if not np.all(np.any((weight > 0) & (likelihood > 0), axis=0)):
        raise ProbabilityError(
            "what was seen has probability 0 under every hypothesis that the prior allows; add a hypothesis "
            "that can explain it, or give every outcome some probability"
        )
    if np.all(evidence > RARE):
        return BayesTable(prior, likelihood, plain(evidence), joint / evidence)
    posterior = softmax(log_or_minus_inf(weight) + log_or_minus_inf(likelihood), axis=0)
    return BayesTable(prior, likelihood, plain(evidence), posterior)


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
    p = as_unit(p, name="p").astype(np.float64)
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
    p = as_unit(p, name="p").astype(np.float64)
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
    r"""Return how evidence moves the odds: each piece multiplies them by its likelihood ratio.

    .. math:: \frac{p(h \mid e_{1 \dots n})}{p(\bar h \mid e_{1 \dots n})} = \frac{p(h)}{p(\bar h)} \prod_i
        \frac{p(e_i \mid h)}{p(e_i \mid \bar h)}

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
    twice would count double.

    References
    ----------
    I. J. Good, Probability and the Weighing of Evidence, 1950.

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
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log_ratio = np.log(likelihood[:, 0]) - np.log(likelihood[:, 1])
        log_odds = logit(check_probability(prior, name="prior")) + np.cumsum(log_ratio)
        ratio = likelihood[:, 0] / likelihood[:, 1]
    if np.any(np.isnan(log_odds)):
        raise ProbabilityError("one piece proves the hypothesis and another (or the prior) rules it out")
    with np.errstate(over="ignore"):
        return OddsTable(ratio, np.exp(log_odds), log_odds, scipy.special.expit(log_odds))


# ------------------------------------------------------------------------------- a posterior on a grid


@dataclass(frozen=True, eq=False)
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
        low, high = np.interp(equal_tails(mass), below / below[-1], self.grid)
        return float(low), float(high)


def grid_posterior(grid: ArrayLike, prior: ArrayLike, log_likelihood: ArrayLike) -> GridPosterior:
    r"""Return the posterior density on a grid: prior times likelihood, divided by its own area.

    .. math:: p(t \mid x) = \frac{p(t)\, p(x \mid t)}{\int p(t')\, p(x \mid t')\, dt'}

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
    check_steps(grid, name="grid")
    if np.any(prior < 0) or not np.any(prior > 0):
        raise ValueError("prior must be a density: nowhere negative and somewhere above 0")
    if np.any(np.isnan(log_likelihood)) or np.any(log_likelihood == np.inf):
        raise ValueError(
            "log_likelihood holds NaN or +inf; mend the model at those grid points, or leave them out"
        )
    width, density = trapezoids(grid), np.asarray(prior / prior.max())
    log_joint = log_likelihood + log_or_minus_inf(density / (width @ density))
    log_evidence = float(log_sum_exp((log_joint + np.log(width))[None])[0])
    if log_evidence == -np.inf:
        raise ValueError(
            "the data are impossible at every point of the grid; widen it or mend the likelihood"
        )
    return GridPosterior(grid, np.exp(log_joint - log_evidence), log_evidence)

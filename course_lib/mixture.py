"""Mixtures and how to fit them by expectation-maximisation.

A mixture is the simplest model in which pixels depend on each other, and the simplest with a latent variable:
which component made the example.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from course_lib._stable import log_choose, log_or_minus_inf, log_sum_exp, weighted_logs
from course_lib._validate import (
    as_array,
    as_finite,
    as_float,
    as_probabilities,
    as_rng,
    as_table,
    check_logits,
    check_not_negative,
    check_number,
    check_parameter,
    check_whole,
    cholesky,
    set_fields,
)
from course_lib.distributions import sample_categorical
from course_lib.gaussian import log_pdf_gaussian

__all__ = [
    "BetaBinomialMixture",
    "BinomialMixture",
    "CategoricalMixture",
    "EMPath",
    "GaussianMixture",
    "bits_per_dim",
    "em",
]


def bits_per_dim(log_prob: ArrayLike, n_dims: int) -> float:
    """Return the bits each dimension costs on average: -mean(log_prob) / (n_dims log 2).

    Parameters
    ----------
    log_prob : array_like, shape (N,)
        Log-probabilities of N examples, in nats.
    n_dims : int
        How many numbers each example has (64 pixels for a digit).

    Returns
    -------
    float
        Bits per dimension: lower is better; log2(L) for the uniform model over L levels.

    Raises
    ------
    ValueError
        If there is no example, a log-probability is NaN or +inf, or ``n_dims`` is below 1.

    Examples
    --------
    >>> round(bits_per_dim([-64 * math.log(17)], 64), 4)      # log2 of 17 levels
    4.0875
    """
    log_prob, n_dims = as_float(log_prob, name="log_prob"), check_whole(n_dims, name="n_dims", lowest=1)
    if log_prob.size == 0:
        raise ValueError("log_prob is empty; an average needs at least one example")
    if not np.all(log_prob < np.inf):
        raise ValueError("log_prob holds NaN or +inf; find out where it came from before going on")
    with np.errstate(over="ignore"):
        return float(np.sum(-log_prob.astype(np.float64) / (n_dims * math.log(2) * log_prob.size)))


# ------------------------------------------------------------------------------- expectation-maximisation


NO_WIDTH = 1e-14  # share of a variance that the other coordinates leave over, below which it is rounding

Kind = TypeVar("Kind", bound="_Mixture")


class EMPath(NamedTuple, Generic[Kind]):
    """Where EM went.

    Attributes
    ----------
    model : the fitted mixture
    responsibilities : ndarray, shape (N, K)
        q(k|x), each example's share in each component, at the end.
    objective : ndarray, shape (2T,)
        F after every half step, E and M in turn, in nats; it never falls, but while annealed. Without a
        prior it is the log-likelihood after an E step.
    """

    model: Kind
    responsibilities: np.ndarray
    objective: np.ndarray


def em(
    model: Kind,
    X: ArrayLike,
    *,
    prior: Any = None,
    n_iter: int = 200,
    tol: float = 1e-9,
    anneal: float = 1.0,
) -> EMPath[Kind]:
    """Climb the evidence lower bound of a mixture by turns, in q and in the parameters.

    F(θ, q) = Σ_x Σ_k q(k|x) [log p(k, x | θ) - log q(k|x)] = log-likelihood - Σ_x D_KL(q(·|x) ‖ p(·|x)). The
    E step sets q to the posterior, which closes the gap; the M step then moves θ with q held fast. Neither
    can lower F, so the log-likelihood, which F meets after every E step, cannot fall. It may end in a poor
    local maximum: the start decides.

    Parameters
    ----------
    model : CategoricalMixture, GaussianMixture, BinomialMixture or BetaBinomialMixture
        Where to start.
    X : array_like, shape (N, D)
        The examples.
    prior : None, float or array_like
        None for maximum likelihood, else what ``model.m_step`` takes. To F are then added the log-prior of
        pseudo-counts, up to a constant, or of Gaussians -ridge tr(S_k⁻¹)/2 for each example in component k.
    n_iter : int
        Most rounds of E and M.
    tol : float
        Stop when a round gains less than this many nats per example; -inf goes through all rounds.
    anneal : float
        Inverse temperature of the first E step, above 0 and at most 1: log p(k, x | θ) is multiplied by it,
        so that no example is settled on a component while the components are still random. It rises to 1
        over the first half of the rounds, and from there on F cannot fall.

    Returns
    -------
    EMPath
        With ``model``, ``responsibilities`` and ``objective``.

    Raises
    ------
    ValueError
        If some example is impossible under the start, a Gaussian collapses onto too few points, or ``anneal``
        is out of range.

    References
    ----------
    A. Dempster, N. Laird and D. Rubin, Maximum Likelihood from Incomplete Data via the EM Algorithm, 1977; R.
    Neal and G. Hinton, A View of the EM Algorithm that Justifies Incremental, Sparse, and Other Variants,
    1998; N. Ueda and R. Nakano, Deterministic annealing EM algorithm, 1998.

    Examples
    --------
    Five bags of ten tosses from two coins, nobody knows which coin filled which bag.

    >>> heads = np.array([[5], [9], [8], [4], [7]])
    >>> path = em(BinomialMixture([0.5, 0.5], [[0.6], [0.5]], n_trials=10), heads)
    >>> path.model.p.round(2).ravel()
    array([0.79, 0.51])
    >>> bool(np.all(np.diff(path.objective) > -1e-12))
    True
    """
    n_iter = check_whole(n_iter, name="n_iter", lowest=1)
    anneal, tol = _check_annealing(anneal), _check_start(model, tol)
    data = model._as_data(X)
    scores, objective = model._scores(data, prior), []
    for heat in np.maximum(0, 1 - 2 * np.arange(n_iter) / n_iter):
        q = _posterior(anneal**heat * scores)
        objective.append(_bound(scores, q).sum() + model.log_prior(prior))
        model = model._maximise(data, q, prior)
        scores = model._scores(data, prior)
        objective.append(_bound(scores, q).sum() + model.log_prior(prior))
        cold = anneal == 1 or heat == 0
        if cold and len(objective) > 2 and objective[-1] - objective[-3] < tol * len(q):
            break
    return EMPath(model, _posterior(scores), np.array(objective))


def _check_annealing(anneal: float) -> float:
    number = check_number(anneal, name="anneal")
    if not 0 < number <= 1:
        raise ValueError(f"anneal must be above 0 and at most 1, got {anneal}; 1 is EM without annealing")
    return number


def _check_start(model: Any, tol: float) -> float:
    if not isinstance(model, _Mixture):
        raise TypeError(f"model must be a mixture to start from, not {type(model).__name__}; see its start")
    return tol if isinstance(tol, float) and tol == -math.inf else check_number(tol, name="tol")


def _posterior(log_joint: np.ndarray) -> np.ndarray:
    """Return p(k|x), shape (N, K)."""
    log_evidence = log_sum_exp(log_joint)
    if np.any(log_evidence == -np.inf):
        raise ValueError(
            f"example {np.argmin(log_evidence)} is impossible under every component; start from softer "
            f"components, or give a prior"
        )
    return np.exp(log_joint - log_evidence[:, None])


def _bound(log_joint: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return Σ_k q (log p(k, x) - log q), shape (N,); a component with q = 0 adds nothing."""
    used = q > 0
    gain = np.where(used, log_joint, 0.0) - np.log(np.where(used, q, 1.0))
    return np.sum(q * gain, axis=1)


class _Mixture(ABC):
    """What all mixtures share: p(x) = Σ_k w_k p(x|k). Each kind knows its components and its M step."""

    weights: np.ndarray

    def log_prior(self, prior: Any = None) -> float:
        """Return the log-prior of the parameters that F includes, in nats; 0 where the model has none."""
        return 0.0

    def _scores(self, data: np.ndarray, prior: Any) -> np.ndarray:
        """Return log p(k, x), shape (N, K), and what the prior adds to it for each example."""
        return self._log_joint(data)

    @abstractmethod
    def _as_data(self, X: ArrayLike) -> np.ndarray:
        """Return checked examples in the form the other steps take them."""

    @abstractmethod
    def _log_components(self, data: np.ndarray) -> np.ndarray:
        """Return log p(x|k), shape (N, K)."""

    @abstractmethod
    def _maximise(self, data: np.ndarray, q: np.ndarray, prior: Any) -> Self:
        """Return a mixture with an F that is no lower, for the same q."""

    @abstractmethod
    def _sample_components(self, k: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw one example from each component in ``k``."""

    def log_prob(self, X: ArrayLike) -> np.ndarray:
        """Return log p(x) of each row of ``X``, shape (N,), in nats."""
        return log_sum_exp(self._log_joint(self._as_data(X)))

    def responsibilities(self, X: ArrayLike) -> np.ndarray:
        """Return p(k|x), shape (N, K): the E step, Bayes' theorem with the weights as the prior."""
        return _posterior(self._log_joint(self._as_data(X)))

    def elbo(self, X: ArrayLike, q: ArrayLike) -> np.ndarray:
        """Return the bound Σ_k q(k|x) [log p(k,x) - log q(k|x)] of each row of ``X``, shape (N,), in nats.

        ``q`` of shape (N, K) may be any distribution over the components; the bound meets ``log_prob`` at
        ``responsibilities``, and elsewhere falls short of it by D_KL(q ‖ responsibilities).
        """
        log_joint = self._log_joint(self._as_data(X))
        return _bound(log_joint, _as_responsibilities(q, log_joint.shape))

    def m_step(self, X: ArrayLike, q: ArrayLike, prior: Any = None) -> Self:
        """Return the mixture that the M step makes of responsibilities ``q``, shape (N, K); F cannot fall.

        ``prior`` is a ridge for Gaussians: a number added to the diagonal of every covariance. For counts it
        is a table of pseudo-counts, shape (D, n + 1), that every component has seen besides the data. For
        levels it is the same, shape (D, L), and every weight then counts one example more.
        """
        data = self._as_data(X)
        return self._maximise(data, _as_responsibilities(q, (len(data), len(self.weights))), prior)

    def sample(self, size: int, rng: np.random.Generator | int | None = None) -> np.ndarray:
        """Draw ``size`` examples, shape (size, D): first a component, then the example."""
        rng = as_rng(rng)
        component = np.asarray(sample_categorical(self.weights, (size,), rng=rng))
        return self._sample_components(component, rng)

    def _log_joint(self, X: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):  # a component may have died out
            return np.log(self.weights) + self._log_components(X)


@dataclass(frozen=True, eq=False)
class CategoricalMixture(_Mixture):
    r"""K recipes for an example; within one, every position is drawn independently of the others.

    .. math:: q(x) = \sum_k w_k \prod_d \theta_{kd}[x_d]

    Attributes
    ----------
    log_weights : ndarray of float64, shape (K,)
        Log of the share of each component.
    log_theta : ndarray of float64, shape (K, D, L)
        Log-probability of each of L levels at each of D positions, one component at a time.

    Examples
    --------
    >>> X = np.array([[0, 0], [1, 1]] * 50)              # two pixels that always agree
    >>> one = CategoricalMixture.fit(X, 1, 2, rng=0)
    >>> two = CategoricalMixture.fit(X, 2, 2, rng=0, pull=0.1)
    >>> round(bits_per_dim(one.log_prob(X), 2), 2), round(bits_per_dim(two.log_prob(X), 2), 2)
    (1.0, 0.5)
    """

    log_weights: np.ndarray
    log_theta: np.ndarray

    def __post_init__(self):
        set_fields(self, log_weights=check_logits(self.log_weights, name="log_weights").astype(np.float64))
        set_fields(self, log_theta=check_logits(self.log_theta, name="log_theta").astype(np.float64))
        if self.log_theta.ndim != 3 or self.log_weights.shape != self.log_theta.shape[:1]:
            raise ValueError(
                f"log_weights needs shape (K,) and log_theta (K, D, L), got {self.log_weights.shape} and "
                f"{self.log_theta.shape}"
            )

    @classmethod
    def fit(
        cls,
        X: ArrayLike,
        n_components: int,
        n_levels: int,
        *,
        alpha: float = 0.1,
        pull: float = 10.0,
        rng: np.random.Generator | int | None = None,
        n_iter: int = 60,
    ) -> CategoricalMixture:
        """Fit by expectation-maximisation (EM) from a random start, cooled slowly.

        One component is the histogram of each position, smoothed by ``alpha``: the model of independent
        pixels. Several are pulled towards that histogram, as if each had seen ``pull`` more examples drawn
        from it. In the first half of the rounds the log-odds of components are damped, from a fifth of their
        size to all of it, so that no example is settled on a component while the components are still random.
        Every weight counts one example more than its component holds, so that none dies out. Pull and count
        are a prior: this is maximum a posteriori, not maximum likelihood.

        Parameters
        ----------
        X : array_like of int, shape (N, D)
            Levels from 0 to ``n_levels`` - 1.
        n_components : int
            K.
        n_levels : int
            L.
        alpha : float
            Pseudo-count added to every level at every position, so that nothing is held impossible; positive.
        pull : float
            Pseudo-examples that pull each component towards the histogram; positive.
        rng : Generator, int or None
            Where the random start comes from.
        n_iter : int
            Rounds of EM.

        Raises
        ------
        TypeError
            If X does not hold whole numbers.
        ValueError
            If X is not a table, is empty, or holds a level outside 0 … L - 1; if an option is out of range.

        References
        ----------
        N. Ueda and R. Nakano, Deterministic annealing EM algorithm, 1998.
        """
        n_components = check_whole(n_components, name="n_components", lowest=1)
        n_levels = check_whole(n_levels, name="n_levels", lowest=1)
        n_iter = check_whole(n_iter, name="n_iter", lowest=1)
        alpha, pull = check_parameter(alpha, name="alpha"), check_parameter(pull, name="pull")
        hot = _one_hot(X, n_levels)
        histogram = cls._normalised(np.ones(1), hot.sum(axis=0).reshape(1, -1, n_levels) + alpha)
        if n_components == 1:
            return histogram
        prior = pull * np.exp(histogram.log_theta)
        share = as_rng(rng).dirichlet(np.full(n_components, 0.1), size=len(hot))  # (N, K), each row sums to 1
        blank = cls(np.zeros(n_components), np.repeat(histogram.log_theta, n_components, axis=0))
        start = blank._maximise(hot, share, prior)
        return em(start, X, prior=prior, n_iter=n_iter, tol=-math.inf, anneal=0.2).model

    @property
    def weights(self) -> np.ndarray:  # type: ignore[override]  # the others hold them as a field
        """Share of each component, shape (K,)."""
        return np.exp(self.log_weights)

    def _maximise(self, hot: np.ndarray, q: np.ndarray, prior: ArrayLike | None) -> CategoricalMixture:
        """Count each example in every component, in proportion to its share in it."""
        counts = (q.T @ hot).reshape(self.log_theta.shape)
        if prior is None:
            return self._normalised(q.sum(axis=0), counts, unused=self.log_theta)
        return self._normalised(q.sum(axis=0) + 1, counts + _pseudo_counts(prior, counts.shape[1:]))

    def log_prior(self, prior: ArrayLike | None = None) -> float:
        """Return the log-probability of the pseudo-counts, and of one example in each component, in nats."""
        if prior is None:
            return 0.0
        recipes = self.log_theta.reshape(len(self.log_theta), -1)
        unseen = _pseudo_counts(prior, self.log_theta.shape[1:]).reshape(1, -1)
        return float(weighted_logs(unseen, recipes).sum() + self.log_weights.sum())

    @classmethod
    def _normalised(
        cls, weights: np.ndarray, counts: np.ndarray, unused: np.ndarray | None = None
    ) -> CategoricalMixture:
        """Return the mixture with these shares; a component that nobody uses keeps its recipe ``unused``."""
        total = counts.sum(axis=-1, keepdims=True)
        log_theta = log_or_minus_inf(counts / np.where(total > 0, total, 1))
        if unused is not None:
            log_theta = np.where(total > 0, log_theta, unused)
        return cls(log_or_minus_inf(weights / weights.sum()), log_theta)

    def _log_components(self, hot: np.ndarray) -> np.ndarray:
        """Return log q(x | k), shape (N, K): one product picks out the logs of the levels and adds them."""
        return weighted_logs(hot, self.log_theta.reshape(len(self.log_weights), -1))

    def _log_joint(self, hot: np.ndarray) -> np.ndarray:
        return self._log_components(hot) + self.log_weights

    def _as_data(self, X: ArrayLike) -> np.ndarray:
        n_levels = self.log_theta.shape[2]
        return _same_width(_one_hot(X, n_levels), self.log_theta[0].size, per_column=n_levels)

    def _sample_components(self, k: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        edges = np.cumsum(np.exp(self.log_theta), axis=-1)[..., :-1]  # (K, D, L - 1)
        return (rng.random((len(k), edges.shape[1], 1)) >= edges[k]).sum(axis=-1)

    def responsibilities(self, seen: ArrayLike, *, power: float = 1.0) -> np.ndarray:
        r"""Return the belief over components once the first positions of each example are seen.

        .. math:: q(k \mid a) \propto \Bigl(w_k \prod_{d=1}^{D'} \theta_{kd}[a_d]\Bigr)^\text{power}

        Parameters
        ----------
        seen : array_like of int, shape (N, D')
            The first D' positions of N examples, D' from 1 to D.
        power : float
            1 is the rule of conditioning. A power below 1 shrinks every log-odds by that factor: positions
            that depend on each other within a component then count as fewer witnesses. Positive.

        Returns
        -------
        ndarray of float64, shape (N, K)
            Each row sums to one.

        Raises
        ------
        TypeError
            If ``seen`` does not hold whole numbers.
        ValueError
            If ``seen`` is not a table of at most D columns with levels from 0 to L - 1, or the power is not
            positive.

        Examples
        --------
        >>> two = CategoricalMixture(np.log([0.5, 0.5]), np.log([[[0.9, 0.1]] * 2, [[0.1, 0.9]] * 2]))
        >>> two.responsibilities([[0], [1]]).round(2)
        array([[0.9, 0.1],
               [0.1, 0.9]])
        """
        return np.exp(self._log_responsibilities(seen, power))

    def condition(self, seen: ArrayLike, *, power: float = 1.0) -> CategoricalMixture:
        """Return the mixture over the remaining positions, given the first ones of one example.

        q(b | a) = Σ_k q(k | a) q_k(b): seeing a changes the weights, and leaves every component's recipe.

        Parameters
        ----------
        seen : array_like of int, shape (D',)
            The first D' positions, D' from 1 to D - 1.
        power : float
            As in ``responsibilities``.

        Returns
        -------
        CategoricalMixture
            Over the D - D' positions that are left.

        Raises
        ------
        TypeError
            If ``seen`` does not hold whole numbers.
        ValueError
            If ``seen`` is not one row of at most D - 1 levels, or the power is not positive.

        Examples
        --------
        >>> two = CategoricalMixture(np.log([0.5, 0.5]), np.log([[[0.9, 0.1]] * 2, [[0.1, 0.9]] * 2]))
        >>> np.exp(two.condition([0]).log_prob([[0], [1]])).round(2)          # 0.9 · 0.9 + 0.1 · 0.1
        array([0.82, 0.18])
        """
        row = as_array(seen, name="seen")
        if row.ndim != 1 or row.size >= self.log_theta.shape[1]:
            raise ValueError(
                f"seen must be one row that leaves some of the {self.log_theta.shape[1]} positions, "
                f"got shape {row.shape}"
            )
        return CategoricalMixture(
            self._log_responsibilities(row[None], power)[0], self.log_theta[:, row.size :]
        )

    def log_conditional(self, rest: ArrayLike, seen: ArrayLike, *, power: float = 1.0) -> np.ndarray:
        """Return log q(b | a) of the remaining positions, given the first ones of the same examples.

        Parameters
        ----------
        rest : array_like of int, shape (N, D - D')
            The remaining positions b of N examples.
        seen : array_like of int, shape (N, D')
            Their first positions a.
        power : float
            As in ``responsibilities``.

        Returns
        -------
        ndarray of float64, shape (N,)
            In nats.

        Raises
        ------
        TypeError
            If a table does not hold whole numbers.
        ValueError
            If the two tables do not make N examples of D positions, or as in ``responsibilities``.

        Examples
        --------
        >>> two = CategoricalMixture(np.log([0.5, 0.5]), np.log([[[0.9, 0.1]] * 2, [[0.1, 0.9]] * 2]))
        >>> np.exp(two.log_conditional([[0], [1]], [[0], [0]])).round(2)
        array([0.82, 0.18])
        """
        log_kind = self._log_responsibilities(seen, power)
        n_positions, n_levels = self.log_theta.shape[1:]
        hot, n_seen = _one_hot(rest, n_levels), np.shape(seen)[1]
        if hot.shape != (len(log_kind), (n_positions - n_seen) * n_levels):
            raise ValueError(
                f"seen of shape {np.shape(seen)} needs rest of shape "
                f"({len(log_kind)}, {n_positions - n_seen}), not {np.shape(rest)}"
            )
        recipes = self.log_theta[:, n_seen:].reshape(len(self.log_weights), -1)
        return log_sum_exp(log_kind + hot @ recipes.T)

    def _log_responsibilities(self, seen: ArrayLike, power: float) -> np.ndarray:
        """Return log q(k | seen), shape (N, K)."""
        power = check_parameter(power, name="power")
        n_positions, n_levels = self.log_theta.shape[1:]
        hot = _one_hot(seen, n_levels)
        n_seen = hot.shape[1] // n_levels
        if n_seen > n_positions:
            raise ValueError(f"seen must have at most {n_positions} columns, not {n_seen}")
        log_joint = power * CategoricalMixture(self.log_weights, self.log_theta[:, :n_seen])._log_joint(hot)
        return log_joint - log_sum_exp(log_joint)[:, None]


@dataclass(frozen=True, eq=False)
class GaussianMixture(_Mixture):
    """K Gaussians in D dimensions, each with its own mean and full covariance: p(x) = Σ_k w_k N(x; m_k, S_k).

    Attributes
    ----------
    weights : ndarray, shape (K,)
        Share of each component.
    means : ndarray, shape (K, D)
        In units of x.
    covariances : ndarray, shape (K, D, D)
        In squared units of x.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(-3, 1, (500, 1)), rng.normal(3, 1, (500, 1))])
    >>> model = GaussianMixture.fit(X, 2, rng=0)
    >>> np.sort(model.means.ravel()).round(1)
    array([-3. ,  2.9])
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def __post_init__(self):
        set_fields(self, weights=as_probabilities(self.weights, name="weights").astype(np.float64))
        set_fields(self, means=as_finite(self.means, name="means"))
        set_fields(self, covariances=as_finite(self.covariances, name="covariances"))
        k, d = len(self.weights), self.means.shape[-1] if self.means.ndim else 0
        fits = self.means.shape == (k, d) and self.covariances.shape == (k, d, d)
        if self.weights.ndim != 1 or not fits:
            raise ValueError(
                f"{k} weights need means (K, D) and covariances (K, D, D), "
                f"got {self.means.shape} and {self.covariances.shape}"
            )

    @classmethod
    def start(
        cls,
        X: ArrayLike,
        n_components: int,
        *,
        ridge: float = 0.0,
        rng: np.random.Generator | int | None = None,
    ) -> GaussianMixture:
        """Return a start for EM: K examples far apart as means, each with the covariance of all the data.

        ``ridge`` is added to the diagonal of each covariance, as in ``fit``.
        """
        X, rng, ridge = as_table(X, name="X"), as_rng(rng), check_not_negative(ridge, name="ridge")
        if len(X) < check_whole(n_components, name="n_components", lowest=1):
            raise ValueError(f"{len(X)} examples cannot start {n_components} components")
        means = X[_far_apart(X, n_components, rng)]
        spread = np.atleast_2d(np.cov(X.T, bias=True)) + ridge * np.eye(X.shape[1])
        return cls(np.full(n_components, 1 / n_components), means, np.stack([spread] * n_components))

    @classmethod
    def fit(
        cls,
        X: ArrayLike,
        n_components: int,
        *,
        ridge: float = 0.0,
        rng: np.random.Generator | int | None = None,
        n_iter: int = 200,
    ) -> GaussianMixture:
        """Fit by EM from ``start``.

        With a ridge every example counts as a cloud of points about it, Gaussian noise of that variance in
        each direction. A covariance is then that of the component's examples plus ridge · I, so that no
        component shrinks onto a point, where the likelihood has no bound. The sum that EM raises in every
        round is not the log-likelihood but

        Σ_x log Σ_k w_k N(x; m_k, S_k) exp(-ridge tr(S_k⁻¹)/2),

        whose logarithm of each component is its log-density averaged over the cloud.

        Parameters
        ----------
        X : array_like, shape (N, D)
            The examples.
        n_components : int
            K.
        ridge : float
            Variance added to the diagonal of every covariance, in squared units of X; scikit-learn's
            ``reg_covar``. 0 is maximum likelihood.
        rng : Generator, int or None
            Where the start comes from.
        n_iter : int
            Most rounds of EM.

        Raises
        ------
        ValueError
            If a component collapses, or X has fewer different examples than components.
        """
        ridge = check_not_negative(ridge, name="ridge")
        start = cls.start(X, n_components, ridge=ridge, rng=rng)
        return em(start, X, prior=ridge, n_iter=n_iter).model

    def _maximise(self, X: np.ndarray, q: np.ndarray, prior: float | None) -> GaussianMixture:
        """Weighted means and covariances."""
        n_k = q.sum(axis=0)
        if np.any(n_k < np.finfo(float).eps * len(X)):
            raise ValueError(
                "a component has lost all its examples; use fewer components, another start, or ridge= "
                "above 0 where columns of X are constant or collinear"
            )
        means = q.T @ X / n_k[:, None]
        away = X - means[:, None]  # (K, N, D)
        scatter = np.einsum("nk,kni,knj->kij", q, away, away)
        ridge = 0.0 if prior is None else check_not_negative(prior, name="prior")
        spread = scatter / n_k[:, None, None] + ridge * np.eye(X.shape[1])
        return GaussianMixture(n_k / n_k.sum(), means, spread)

    def ridge_cost(self, ridge: float) -> np.ndarray:
        """Return ridge tr(S_k⁻¹)/2, shape (K,): what a ridge takes from F for each example of a component."""
        return self._cost(ridge, "ridge")

    def _cost(self, ridge: float, name: str) -> np.ndarray:
        traces = np.trace(np.linalg.inv(self.covariances), axis1=1, axis2=2)
        with np.errstate(over="ignore"):  # so great a ridge over so little width has no end
            return check_not_negative(ridge, name=name) * traces / 2

    def _scores(self, X: np.ndarray, prior: float | None) -> np.ndarray:
        log_joint = self._log_joint(X)
        return log_joint if prior is None else log_joint - self._cost(prior, "prior")

    def _log_components(self, X: np.ndarray) -> np.ndarray:
        pairs = zip(self.means, self.covariances, strict=True)
        try:
            _check_width(self.covariances)
            return np.stack([log_pdf_gaussian(X, mean, cov) for mean, cov in pairs], axis=1)
        except ValueError as problem:
            raise ValueError(
                "a component has no width in some direction: its examples are equal there, or columns of X "
                "are constant or collinear; fit with ridge= above 0"
            ) from problem

    def _sample_components(self, k: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        z = rng.standard_normal((len(k), self.means.shape[1], 1))
        return self.means[k] + (np.linalg.cholesky(self.covariances)[k] @ z)[..., 0]

    def _as_data(self, X: ArrayLike) -> np.ndarray:
        return _same_width(as_table(X, name="X"), self.means.shape[1])


def _check_width(covariances: np.ndarray) -> None:
    """Refuse covariances that rounding alone keeps from being singular: their densities have no digits."""
    variance = np.diagonal(covariances, axis1=-2, axis2=-1)
    left = np.diagonal(cholesky(covariances, "covariances"), axis1=-2, axis2=-1) ** 2  # given those before
    if np.any(left < NO_WIDTH * variance):
        raise ValueError("covariances are singular to rounding")


def _far_apart(X: np.ndarray, n_components: int, rng: np.random.Generator) -> list[int]:
    """Return which examples start the components: from equal ones EM would never part them.

    The first is any example; each next one is drawn in proportion to its squared distance from the nearest so
    far (D. Arthur and S. Vassilvitskii, k-means++, 2007).
    """
    chosen = [int(rng.integers(len(X)))]
    gap = np.full(len(X), np.inf)
    while len(chosen) < n_components:
        gap = np.minimum(gap, np.sum((X - X[chosen[-1]]) ** 2, axis=-1))
        if not gap.sum() > 0:
            raise ValueError(f"X has only {len(chosen)} different examples for {n_components} components")
        chosen.append(int(sample_categorical(gap / gap.sum(), rng=rng)))
    return chosen


class _CountMixture(_Mixture):
    """A mixture over vectors of counts 0 … n, independent given the component: one table of log pmfs."""

    n_trials: int

    @classmethod
    @abstractmethod
    def _around(cls, mean: np.ndarray, n_trials: int) -> Self:
        """Return components of equal weight with these shares of successes, shape (K, D)."""

    @abstractmethod
    def _log_pmf(self) -> np.ndarray:
        """Return the log-probability of every count, shape (K, D, n + 1)."""

    @abstractmethod
    def _climb(self, weights: np.ndarray, counts: np.ndarray) -> Self:
        """Return a likelier mixture for counts of shape (K, D, n + 1): how often each level fell to each."""

    @classmethod
    def start(
        cls, X: ArrayLike, n_components: int, n_trials: int, *, rng: np.random.Generator | int | None = None
    ) -> Self:
        """Return a start for EM: K examples far apart, moved half way to the mean of all, off the edges."""
        n_trials = check_whole(n_trials, name="n_trials", lowest=1)
        _one_hot(X, n_trials + 1)
        X = as_array(X, name="X")
        if len(X) < check_whole(n_components, name="n_components", lowest=1):
            raise ValueError(f"{len(X)} examples cannot start {n_components} components")
        some = X[_far_apart(X.astype(np.float64), n_components, as_rng(rng))]
        return cls._around((some + X.mean(axis=0) + 1) / 2 / (n_trials + 1), n_trials)

    @classmethod
    def fit(
        cls,
        X: ArrayLike,
        n_components: int,
        n_trials: int,
        *,
        pull: float = 0.3,
        rng: np.random.Generator | int | None = None,
        n_iter: int = 20,
    ) -> Self:
        """Fit by EM from ``start``.

        Parameters
        ----------
        X : array_like of int, shape (N, D)
            Counts from 0 to ``n_trials``.
        n_components : int
            K, at most N.
        n_trials : int
            n.
        pull : float
            Pseudo-examples, drawn from the smoothed histogram of each position, that every component has seen
            besides its own, so that nothing is held impossible; 0 is maximum likelihood.
        rng : Generator, int or None
            Which examples start the components.
        n_iter : int
            Most rounds of EM; many components on little data do best when stopped early.

        Raises
        ------
        TypeError
            If X does not hold whole numbers.
        ValueError
            If X is no table of counts from 0 to n, or an option is out of range.
        """
        pull = check_not_negative(pull, name="pull")
        start = cls.start(X, n_components, n_trials, rng=rng)
        histogram = _one_hot(X, start.n_trials + 1).sum(axis=0).reshape(-1, start.n_trials + 1) + 0.1
        prior = pull * histogram / histogram.sum(axis=1, keepdims=True)
        return em(start, X, prior=prior, n_iter=n_iter).model

    def _maximise(self, hot: np.ndarray, q: np.ndarray, prior: ArrayLike | None) -> Self:
        """Count how often each level falls to each component, at each position."""
        n_k = q.sum(axis=0)
        counts = (q.T @ hot).reshape(len(n_k), -1, self.n_trials + 1)
        if prior is not None:
            counts = counts + _pseudo_counts(prior, counts.shape[1:])
        return self._climb(n_k / n_k.sum(), counts)

    def log_prior(self, prior: ArrayLike | None = None) -> float:
        """Return the log-probability of the pseudo-counts ``prior`` under every component, in nats."""
        if prior is None:
            return 0.0
        recipes = self._flat_table()
        unseen = _pseudo_counts(prior, (recipes.shape[1] // (self.n_trials + 1), self.n_trials + 1))
        return float(weighted_logs(unseen.reshape(1, -1), recipes).sum())

    def _log_components(self, hot: np.ndarray) -> np.ndarray:
        return weighted_logs(hot, self._flat_table())

    def _flat_table(self) -> np.ndarray:
        table = self._log_pmf()
        return table.reshape(len(table), -1)

    def _sample_components(self, k: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        edges = np.cumsum(np.exp(self._log_pmf()), axis=-1)[..., :-1]  # (K, D, n)
        return (rng.random((len(k), edges.shape[1], 1)) >= edges[k]).sum(axis=-1)

    def _as_data(self, X: ArrayLike) -> np.ndarray:
        hot = _one_hot(X, self.n_trials + 1)
        return _same_width(hot, self._log_pmf()[0].size, per_column=self.n_trials + 1)


@dataclass(frozen=True, eq=False)
class BinomialMixture(_CountMixture):
    """K vectors of coins, each tossed n times: p(x) = Σ_k w_k Π_d C(n, x_d) p_kd^x_d (1-p_kd)^(n-x_d).

    Attributes
    ----------
    weights : ndarray, shape (K,)
        Share of each component.
    p : ndarray, shape (K, D)
        Success probabilities.
    n_trials : int
        n, the same for every entry.

    Examples
    --------
    >>> X = np.array([[1, 9], [2, 8], [9, 1], [8, 2]] * 20)
    >>> model = BinomialMixture.fit(X, 2, 10, pull=0, rng=0)
    >>> model.p[np.argsort(model.p[:, 0])].round(2)
    array([[0.15, 0.85],
           [0.85, 0.15]])
    """

    weights: np.ndarray
    p: np.ndarray
    n_trials: int

    def __post_init__(self):
        _check_counts_model(self, "p")

    @classmethod
    def _around(cls, mean: np.ndarray, n_trials: int) -> BinomialMixture:
        return cls(np.full(len(mean), 1 / len(mean)), mean, n_trials)

    def _climb(self, weights: np.ndarray, counts: np.ndarray) -> BinomialMixture:
        """Shares of successes; a component that nobody uses stays as it is."""
        k = np.arange(self.n_trials + 1)
        return BinomialMixture(weights, _share(counts @ k, counts @ k[::-1], self.p), self.n_trials)

    def _log_pmf(self) -> np.ndarray:
        from scipy.special import xlog1py, xlogy  # here, so that importing the course stays quick

        k, p = np.arange(self.n_trials + 1), self.p[..., None]
        return log_choose(self.n_trials, k) + xlogy(k, p) + xlog1py(self.n_trials - k, -p)


@dataclass(frozen=True, eq=False)
class BetaBinomialMixture(_CountMixture):
    """K vectors of overdispersed counts: the n tosses behind an entry share a coin drawn from a Beta.

    p(x) = Σ_k w_k Π_d C(n, x_d) B(a_kd + x_d, b_kd + n - x_d) / B(a_kd, b_kd), with a = mean · concentration
    and b = (1 - mean) · concentration. The right likelihood for the digits, whose pixels count 16
    neighbouring bits.

    Attributes
    ----------
    weights : ndarray, shape (K,)
        Share of each component.
    mean : ndarray, shape (K, D)
        Expected share of successes.
    concentration : ndarray, shape (K,)
        How alike the tosses of different entries are, a + b: towards infinity the component is binomial,
        towards 0 all n tosses of an entry agree.
    n_trials : int
        n, the same for every entry.

    Examples
    --------
    >>> model = BetaBinomialMixture([1.0], [[0.5]], [2.0], 4)      # a flat Beta: all counts alike
    >>> np.exp(model.log_prob([[0], [1], [2], [3], [4]])).round(3)
    array([0.2, 0.2, 0.2, 0.2, 0.2])
    """

    weights: np.ndarray
    mean: np.ndarray
    concentration: np.ndarray
    n_trials: int

    def __post_init__(self):
        _check_counts_model(self, "mean")
        concentration = as_finite(self.concentration, name="concentration")
        if concentration.shape != self.weights.shape or not np.all(concentration > 0):
            raise ValueError("concentration needs one positive number for each component")
        set_fields(self, concentration=concentration)

    @classmethod
    def _around(cls, mean: np.ndarray, n_trials: int) -> BetaBinomialMixture:
        return cls(np.full(len(mean), 1 / len(mean)), mean, np.full(len(mean), 4.0), n_trials)

    def _climb(self, weights: np.ndarray, counts: np.ndarray) -> BetaBinomialMixture:
        """Three of Minka's fixed-point steps: there is no closed form, and each step raises the likelihood.

        The pmf is Π_{j<x} (a+j) Π_{j<n-x} (b+j) / Π_{j<n} (a+b+j), so only the tails matter: how often x
        exceeds j.
        """
        j, mean, s = np.arange(self.n_trials), self.mean, self.concentration[:, None]
        above = np.cumsum(counts[..., :0:-1], axis=-1)[..., ::-1]  # how often x > j
        below = np.cumsum(counts[..., :-1], axis=-1)[..., ::-1]  # how often n - x > j
        seen = counts.sum(axis=-1)
        for _ in range(3):
            up = _ratio_sum(above, mean * s, j) * mean
            down = _ratio_sum(below, (1 - mean) * s, j) * (1 - mean)
            total = (seen * np.sum(1 / (s + j), axis=-1, keepdims=True)).sum(axis=1, keepdims=True)
            used = total > 0  # a component that nobody uses stays as it is
            s = np.where(used, s * (up + down).sum(axis=1, keepdims=True) / np.where(used, total, 1), s)
            mean = _share(up, down, mean)
        return BetaBinomialMixture(weights, mean, s[:, 0], self.n_trials)

    def _log_pmf(self) -> np.ndarray:
        n, s = self.n_trials, self.concentration[:, None, None]
        mean = self.mean[..., None]
        rise_a, rise_b = _log_rising(mean * s, n), _log_rising((1 - mean) * s, n)[..., ::-1]
        return log_choose(n, np.arange(n + 1)) + rise_a + rise_b - _log_rising(s, n)[..., -1:]


def _share(up: np.ndarray, down: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Return up / (up + down), or ``unseen`` where both are 0; exactly 1 only if down is exactly 0.

    A share that rounds to 1 would make impossible what an example in this component, however little of it,
    has shown. The double below 1 is nearer to the optimum than the share before, so F still does not fall.
    """
    seen = up + down
    share = np.where(seen > 0, up / np.where(seen > 0, seen, 1.0), unseen)
    return np.where((seen > 0) & (down > 0), np.minimum(share, np.nextafter(1.0, 0.0)), share)


def _ratio_sum(tail: np.ndarray, a: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Return Σ_j tail_j / (a + j), where nothing seen weighs nothing, even at a = 0."""
    below = a[..., None] + j
    return np.sum(tail / np.where(below > 0, below, 1.0), axis=-1)


def _log_rising(a: np.ndarray, n: int) -> np.ndarray:
    """Return log a(a+1)…(a+x-1) for x = 0 … n along a new last axis in place of the old one of length 1."""
    with np.errstate(divide="ignore"):
        logs = np.log(a + np.arange(n))
    return np.concatenate([np.zeros_like(logs[..., :1]), np.cumsum(logs, axis=-1)], axis=-1)


def _check_counts_model(model: _CountMixture, name: str) -> None:
    """Check and convert the weights, and the (K, D) shares of successes called ``name``."""
    share = as_finite(getattr(model, name), name=name)
    weights = as_probabilities(model.weights, name="weights").astype(np.float64)
    n_trials = check_whole(model.n_trials, name="n_trials", lowest=1)
    set_fields(model, weights=weights, n_trials=n_trials, **{name: share})
    if share.ndim != 2 or weights.shape != share.shape[:1] or not np.all((share >= 0) & (share <= 1)):
        raise ValueError(f"{name} needs shape ({len(model.weights)}, D) and numbers from 0 to 1")


def _as_responsibilities(q: ArrayLike, shape: tuple[int, int]) -> np.ndarray:
    q = as_probabilities(q, name="q").astype(np.float64)
    if q.shape != shape:
        raise ValueError(
            f"q needs a row for each example, a column for each component: {shape}, got {q.shape}"
        )
    return q


def _pseudo_counts(prior: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    """Return the pseudo-counts of each level at each position, shape (D, L), the same for all components."""
    prior = as_finite(prior, name="prior")
    if np.any(prior < 0):
        raise ValueError(f"prior must hold pseudo-counts of 0 or more, found {prior.min():g}")
    if prior.size not in (1, math.prod(shape)):
        raise ValueError(f"prior must hold a pseudo-count per level, shape {shape}, not {prior.shape}")
    return np.broadcast_to(prior.reshape(shape if prior.size > 1 else ()), shape)


def _same_width(X: np.ndarray, width: int, per_column: int = 1) -> np.ndarray:
    if X.shape[1] != width:
        raise ValueError(f"X must have {width // per_column} columns, not {X.shape[1] // per_column}")
    return X


def _one_hot(X: ArrayLike, n_levels: int) -> np.ndarray:
    """Return (N, D * L) zeros and ones: EM becomes two matrix products."""
    X = as_array(X, name="X")
    if X.dtype.kind not in "iu":
        raise TypeError(f"X must hold whole numbers, not dtype {X.dtype}; convert it with X.astype(int)")
    if X.ndim != 2 or X.size == 0:
        raise ValueError(f"X must be a table of shape (examples, positions), got shape {X.shape}")
    if X.min() < 0 or X.max() >= n_levels:
        raise ValueError(f"X must hold levels from 0 to {n_levels - 1}, found {X.min()} to {X.max()}")
    return (X[:, :, None] == np.arange(n_levels)).reshape(len(X), -1).astype(np.float64)

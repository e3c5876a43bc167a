"""Mixtures of categorical distributions: the simplest model in which pixels depend on each other."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from course_lib._kernels import log_sum_exp
from course_lib._validate import as_rng, check_positive, check_whole
from course_lib.distributions import sample_categorical

__all__ = ["CategoricalMixture", "bits_per_dim"]


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

    Examples
    --------
    >>> round(bits_per_dim([-64 * math.log(17)], 64), 4)      # log2 of 17 levels
    4.0875
    """
    return float(-np.mean(log_prob) / (check_whole(n_dims, name="n_dims", lowest=1) * math.log(2)))


@dataclass(frozen=True, eq=False)
class CategoricalMixture:
    r"""K recipes for an example; within one, every position is drawn independently of the others.

    .. math:: p(x) = \sum_k w_k \prod_d \theta_{kd}[x_d]

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
    ) -> "CategoricalMixture":
        """Fit by expectation-maximisation (EM) from a random start, cooled slowly.

        One component is the histogram of each position, smoothed by ``alpha``: the model of independent
        pixels. Several are pulled towards that histogram, as if each had seen ``pull`` more examples drawn
        from it. In the first half of the rounds the log-odds of components are damped, from a fifth of their
        size to all of it, so that no example commits itself while the components still mean nothing.

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

        Notes
        -----
        N. Ueda and R. Nakano, Deterministic annealing EM algorithm, 1998.
        """
        for name, value in {"n_components": n_components, "n_levels": n_levels, "n_iter": n_iter}.items():
            check_whole(value, name=name, lowest=1)
        check_positive(alpha, name="alpha")
        check_positive(pull, name="pull")
        hot = _one_hot(X, n_levels)
        histogram = cls._normalised(np.ones(1), hot.sum(axis=0).reshape(1, -1, n_levels) + alpha)
        if n_components == 1:
            return histogram
        prior = pull * np.exp(histogram.log_theta)
        share = as_rng(rng).dirichlet(np.full(n_components, 0.1), size=len(hot))  # (N, K), each row sums to 1
        for warmth in 0.2 ** np.maximum(0, 1 - 2 * np.arange(n_iter) / n_iter):
            model = cls._m_step(hot, share, prior)
            share = model._e_step(hot, warmth)
        return cls._m_step(hot, share, prior)

    @classmethod
    def _m_step(cls, hot: np.ndarray, share: np.ndarray, prior: np.ndarray) -> "CategoricalMixture":
        """Count each example in every component, in proportion to its share in it."""
        counts = (share.T @ hot).reshape(-1, *prior.shape[1:]) + prior
        return cls._normalised(share.sum(axis=0) + 1, counts)

    def _e_step(self, hot: np.ndarray, warmth: float) -> np.ndarray:
        """Return each example's share in each component, p(k | x) at full warmth 1, shape (N, K)."""
        joint = warmth * self._log_joint(hot)
        return np.exp(joint - log_sum_exp(joint)[:, None])

    @classmethod
    def _normalised(cls, weights: np.ndarray, counts: np.ndarray) -> "CategoricalMixture":
        return cls(np.log(weights / weights.sum()), np.log(counts / counts.sum(axis=-1, keepdims=True)))

    def _log_joint(self, hot: np.ndarray) -> np.ndarray:
        """Return log p(k, x), shape (N, K): one product picks out the logs of the levels and adds them."""
        return hot @ self.log_theta.reshape(len(self.log_weights), -1).T + self.log_weights

    def log_prob(self, X: ArrayLike) -> np.ndarray:
        """Return log p(x) of each row of ``X``, shape (N,), in nats."""
        hot = _one_hot(X, self.log_theta.shape[2])
        if hot.shape[1] != self.log_theta[0].size:
            raise ValueError(f"X must have {self.log_theta.shape[1]} columns, not {np.shape(X)[1]}")
        return log_sum_exp(self._log_joint(hot))

    def sample(self, size: int, rng: np.random.Generator | int | None = None) -> np.ndarray:
        """Draw ``size`` examples, int64 of shape (size, D): first a component, then each position."""
        rng = as_rng(rng)
        component = sample_categorical(np.exp(self.log_weights), (size,), rng=rng)
        edges = np.cumsum(np.exp(self.log_theta), axis=-1)[..., :-1]  # (K, D, L - 1)
        return (rng.random((size, edges.shape[1], 1)) >= edges[component]).sum(axis=-1)


def _one_hot(X: ArrayLike, n_levels: int) -> np.ndarray:
    """Return (N, D * L) zeros and ones: EM becomes two matrix products."""
    X = np.asarray(X)
    if X.dtype.kind not in "iu":
        raise TypeError(f"X must hold whole numbers, not dtype {X.dtype}; convert it with X.astype(int)")
    if X.ndim != 2 or X.size == 0:
        raise ValueError(f"X must be a table of shape (examples, positions), got shape {X.shape}")
    if X.min() < 0 or X.max() >= n_levels:
        raise ValueError(f"X must hold levels from 0 to {n_levels - 1}, found {X.min()} to {X.max()}")
    return (X[:, :, None] == np.arange(n_levels)).reshape(len(X), -1).astype(np.float64)

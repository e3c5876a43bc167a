"""Mixtures of categorical distributions, fitted by EM: the simplest model in which pixels depend on each other."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from course_lib._validate import as_rng, check_positive, check_whole

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


@dataclass(frozen=True)
class CategoricalMixture:
    """K recipes for an image; within one, every pixel is independent: p(x) = sum_k w_k prod_d theta_kd[x_d].

    Attributes
    ----------
    log_weights : ndarray, shape (K,)
        Log of the share of each component, in nats.
    log_theta : ndarray, shape (K, D, L)
        Log-probability, in nats, of each of L levels at each of D positions, one component at a time.

    Examples
    --------
    >>> X = np.array([[0, 0], [1, 1]] * 50)              # two pixels that always agree
    >>> one = CategoricalMixture.fit(X, 1, 2, rng=0)
    >>> two = CategoricalMixture.fit(X, 2, 2, rng=0)
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
        rng: np.random.Generator | int | None = None,
        n_iter: int = 50,
    ) -> "CategoricalMixture":
        """Fit by expectation-maximisation, starting from random soft assignments.

        Parameters
        ----------
        X : array_like of int, shape (N, D)
            Levels from 0 to ``n_levels`` - 1.
        n_components : int
            K; with one component this is the model of independent pixels.
        n_levels : int
            L.
        alpha : float
            Pseudo-count added to every level, so that nothing is held impossible; positive.
        rng : Generator, int or None
            Where the random start comes from.
        n_iter : int
            How many rounds of EM.

        Raises
        ------
        TypeError, ValueError
            If X is not a table of whole numbers from 0 to ``n_levels`` - 1.
        """
        for name, value in {"n_components": n_components, "n_levels": n_levels, "n_iter": n_iter}.items():
            check_whole(value, name=name, lowest=1)
        check_positive(alpha, name="alpha")
        hot = _one_hot(X, n_levels)
        share = as_rng(rng).dirichlet(np.full(n_components, 0.1), size=len(hot))  # (N, K), rows sum to 1
        for _ in range(n_iter if n_components > 1 else 1):
            model = cls._maximise(hot, share, n_levels, alpha)
            share = np.exp(model._joint(hot) - _logsumexp(model._joint(hot))[:, None])
        return cls._maximise(hot, share, n_levels, alpha)

    @classmethod
    def _maximise(cls, hot: np.ndarray, share: np.ndarray, n_levels: int, alpha: float) -> "CategoricalMixture":
        """M step: smoothed shares of the levels, each image counted in proportion to its share in a component."""
        counts = (share.T @ hot).reshape(share.shape[1], -1, n_levels) + alpha
        weights = share.sum(axis=0) + alpha
        return cls(np.log(weights / weights.sum()), np.log(counts / counts.sum(axis=-1, keepdims=True)))

    def _joint(self, hot: np.ndarray) -> np.ndarray:
        """Return log p(k, x), shape (N, K)."""
        return hot @ self.log_theta.reshape(len(self.log_weights), -1).T + self.log_weights

    def log_prob(self, X: ArrayLike) -> np.ndarray:
        """Return log p(x) of each row of ``X``, shape (N,), in nats."""
        return _logsumexp(self._joint(_one_hot(X, self.log_theta.shape[2])))

    def sample(self, size: int, rng: np.random.Generator | int | None = None) -> np.ndarray:
        """Draw ``size`` examples: whole numbers of shape (size, D). First a component, then each position."""
        rng = as_rng(rng)
        k = rng.choice(len(self.log_weights), size=size, p=np.exp(self.log_weights))
        edges = np.cumsum(np.exp(self.log_theta), axis=-1)[..., :-1]  # (K, D, L - 1)
        return (rng.random((size, edges.shape[1], 1)) >= edges[k]).sum(axis=-1)


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


def _logsumexp(a: np.ndarray) -> np.ndarray:
    top = a.max(axis=1, keepdims=True)
    return (top + np.log(np.exp(a - top).sum(axis=1, keepdims=True)))[:, 0]

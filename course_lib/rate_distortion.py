"""Rate and distortion of Gaussians: reverse water-filling, and the beta-VAE that finds the same level."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_lib._stable import log_ratio
from course_lib._validate import LEAST, as_finite, check_base, check_positive, check_whole

__all__ = [
    "RateDistortion",
    "linear_beta_vae",
    "reverse_waterfill",
]


class RateDistortion(NamedTuple):
    """What each coordinate of a Gaussian gets from a code, or from a linear beta-VAE.

    Attributes
    ----------
    rates : ndarray, shape (D,)
        Information about each coordinate, nats unless a base was given; 0 where it has collapsed.
    distortions : ndarray, shape (D,)
        Mean squared error left in each coordinate, in squared units of x.
    """

    rates: np.ndarray
    distortions: np.ndarray

    @property
    def rate(self) -> float:
        """The rates' sum."""
        return float(self.rates.sum())

    @property
    def distortion(self) -> float:
        """The distortions' sum."""
        return float(self.distortions.sum())


def reverse_waterfill(variances: ArrayLike, distortion: float, *, base: float = math.e) -> RateDistortion:
    """Return the cheapest way to describe a Gaussian within a squared error: R_j = max(0, log(λ_j / θ) / 2).

    The water level θ is the error allowed to each coordinate, min(θ, λ_j), and fixed by their sum. A
    coordinate that varies less than θ is not described at all.

    Parameters
    ----------
    variances : array_like, shape (D,)
        λ, the variances of independent coordinates (eigenvalues of a covariance), in any order.
    distortion : float
        The mean squared error allowed, summed over the coordinates; above 0. From Σ λ on, the rate is 0.
    base : float
        Unit of the rates: 2 for bits, e (the default) for nats.

    Returns
    -------
    RateDistortion
        Its ``rate`` is Shannon's R(D): no code for long sequences does better.

    Raises
    ------
    ValueError
        If a variance is negative, not finite or beyond 1e100, there is none, or ``distortion`` is not above 0
        or so small that the level has no digits.

    References
    ----------
    T. Cover and J. Thomas, Elements of Information Theory, 2nd ed., 2006, Theorem 10.3.3.

    Examples
    --------
    >>> code = reverse_waterfill([4.0, 1.0, 0.25], 1.25, base=2)                 # the level is 0.5
    >>> code.rates, code.distortions
    (array([1.5, 0.5, 0. ]), array([0.5 , 0.5 , 0.25]))
    >>> code.rate
    2.0
    """
    variances = _variances(variances)
    distortion = check_positive(distortion, name="distortion")
    rising = np.sort(variances)
    filled = np.concatenate([[0.0], np.cumsum(rising)[:-1]])  # by the coordinates that lie under water
    others = np.arange(len(rising), 0, -1)
    # with the level at the j-th smallest variance the error is filled[j] + others[j] λ_j in all
    reached = np.searchsorted(np.maximum.accumulate(filled + others * rising), distortion)
    if reached == len(rising):
        return _water(variances, variances, base)
    level = _level((distortion - filled[reached]) / others[reached], "distortion")
    return _water(variances, np.minimum(variances, level), base)


def linear_beta_vae(
    variances: ArrayLike, n_latent: int, *, noise: float, beta: float = 1.0, base: float = math.e
) -> RateDistortion:
    """Return what the best linear beta-VAE keeps of each principal coordinate: its KL and its squared error.

    Maximise E_q[log N(x; W z + b, σ² I)] - β D_KL(q(z|x) ‖ N(0, I)) over W, b and q. Divided by β this is,
    but for a constant, the ELBO of probabilistic PCA with noise βσ². So the L largest variances get the rate
    max(0, log(λ_j / βσ²)/2) and the error min(βσ², λ_j): reverse water-filling with the level βσ², Shannon's
    own curve as long as L does not run short. A coordinate with λ_j < βσ² collapses.

    Parameters
    ----------
    variances : array_like, shape (D,)
        λ, the eigenvalues of the covariance of x (divided by N), in any order.
    n_latent : int
        L, from 1 to D. Of equal variances the first is served first.
    noise : float
        σ², the variance of the decoder, held fixed; in squared units of x.
    beta : float
        β, the weight of the KL.
    base : float
        Unit of the rates: 2 for bits, e (the default) for nats.

    Returns
    -------
    RateDistortion
        ``rates`` are the mean KLs of the latent coordinates, placed at the coordinates of x that they serve.

    Raises
    ------
    ValueError
        If a variance is negative, not finite or beyond 1e100, there is none, L is out of range, ``noise`` or
        ``beta`` is not above 0, or their product is so small that it has no digits.

    References
    ----------
    M. Tipping and C. Bishop, Probabilistic Principal Component Analysis, 1999, for β = 1; the case of any β
    follows by the division above. A. Alemi and others, Fixing a Broken ELBO, 2018.

    Examples
    --------
    >>> linear_beta_vae([4.0, 1.0, 0.25], 2, noise=0.5).rates.round(4)
    array([1.0397, 0.3466, 0.    ])
    >>> linear_beta_vae([4.0, 1.0, 0.25], 2, noise=0.5, beta=4).rates.round(4)   # the second collapses
    array([0.3466, 0.    , 0.    ])
    """
    variances = _variances(variances)
    L = check_whole(n_latent, name="n_latent", lowest=1)
    if len(variances) < L:
        raise ValueError(f"n_latent must be at most the number of variances, {len(variances)}; got {L}")
    beta, noise = check_positive(beta, name="beta"), check_positive(noise, name="noise")
    level = _level(float(beta) * float(noise), "beta times noise")
    served = np.argsort(-variances, kind="stable")[:L]
    distortions = variances.copy()
    distortions[served] = np.minimum(variances[served], level)
    return _water(variances, distortions, base)


def _variances(variances: ArrayLike) -> np.ndarray:
    variances = as_finite(variances, name="variances")
    if variances.ndim != 1 or len(variances) == 0:
        raise ValueError(f"variances must be one row of numbers, got shape {variances.shape}")
    if variances.min() < 0:
        raise ValueError(
            f"variances must not be negative, got {variances.min():.3g}; if rounding put an eigenvalue of a "
            f"covariance below 0, hand over np.maximum(variances, 0)"
        )
    return variances


def _water(variances: np.ndarray, distortions: np.ndarray, base: float) -> RateDistortion:
    """Return the rates log(λ / distortion) / 2, exact also where the two nearly agree."""
    rates, described = np.zeros(len(variances)), variances > distortions
    with np.errstate(over="ignore"):  # a quotient beyond all floats still has a logarithm
        rates[described] = log_ratio(variances[described], distortions[described]) / 2
    return RateDistortion(rates / math.log(check_base(base)), distortions.copy())


def _level(level: float, name: str) -> float:
    if level < LEAST:
        raise ValueError(f"{name} is too small, the level would be {level:.3g}; measure in a smaller unit")
    return level

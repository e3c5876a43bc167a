"""The evidence lower bound where every number is known: tables, linear-Gaussian models, grids and samples.

Everywhere x is seen and z is not, p(x) = Σ_z p(x, z) is the evidence, and q is any distribution over z:

    log p(x) = E_q[log p(x, z) - log q(z)] + D_KL(q(z) ‖ p(z|x)) = ELBO + gap.

The ELBO needs no posterior; the gap is never negative; so the ELBO is a proxy that errs to one side. Results
are float64, one an example, never averaged over the batch, in nats unless a base is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_lib._kernels import BLOCK, log_sum_exp, trapezoids
from course_lib._pairs import check_same_shape
from course_lib._validate import (
    as_finite,
    as_float,
    as_probabilities,
    as_rng,
    as_rows,
    as_table,
    check_base,
    check_logits,
    check_positive,
    check_whole,
    from_rows,
    plain,
)
from course_lib.divergence import kl_from_logits
from course_lib.gaussian import _as_covariance, _cholesky, _gaussian, kl_gaussian, log_pdf_gaussian

__all__ = [
    "ElboIdentity",
    "ElboSurgery",
    "LinearGaussian",
    "RateDistortion",
    "elbo_identity",
    "elbo_linear_gaussian",
    "elbo_surgery",
    "grid_log_evidence",
    "iwae_bound",
    "linear_beta_vae",
    "log_evidence_linear_gaussian",
    "posterior_linear_gaussian",
    "ppca_ml",
    "reverse_waterfill",
]


# ----------------------------------------------------------------------------------- a table of latent states


class ElboIdentity(NamedTuple):
    """The three numbers of log p(x) = ELBO + D_KL(q ‖ posterior), each computed by its own formula.

    Attributes
    ----------
    log_evidence : float or ndarray, shape (N,)
        log p(x), the sum over the table.
    elbo : float or ndarray, shape (N,)
        The bound.
    gap : float or ndarray, shape (N,)
        D_KL(q(z) ‖ p(z|x)), at least 0.
    """

    log_evidence: float | np.ndarray
    elbo: float | np.ndarray
    gap: float | np.ndarray


def elbo_identity(
    log_joint: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    base: float = math.e,
    keepdims: bool = False,
    normalize: bool = False,
) -> ElboIdentity:
    """Return log p(x), the ELBO Σ_z q(z) [log p(x, z) - log q(z)], and the gap D_KL(q ‖ posterior) between.

    The joint comes first, as a table of logarithms; q is the second argument. Each number is worked out on
    its own, so their sum is a check: log p(x) = ELBO + gap. The ELBO reads as energy plus entropy,
    E_q[log p(x, z)] + H(q), and as reconstruction minus the divergence to the prior,
    E_q[log p(x|z)] - D_KL(q ‖ p(z)): the same number.

    Parameters
    ----------
    log_joint : array_like, shape (..., K)
        log p(x, z) in nats for the x that was seen and each state z; -inf for a state that cannot be.
    q : array_like, shape (..., K)
        Any distribution over the states, one for each x; nothing is broadcast.
    axis : int
        Where the states lie.
    base : float
        Unit of the result: 2 for bits, e (the default) for nats.
    keepdims : bool
        Keep ``axis`` with length 1.
    normalize : bool
        Take q as weights and divide them by their sum.

    Returns
    -------
    ElboIdentity
        With ``log_evidence``, ``elbo`` and ``gap``. Where q gives weight to a state that cannot be, the ELBO
        is -inf and the gap inf.

    Raises
    ------
    ProbabilityError
        If q is not a distribution along ``axis``.
    ValueError
        If the shapes differ, a log_joint is NaN or +inf, or x is impossible in every state.

    Notes
    -----
    Source: M. Jordan, Z. Ghahramani, T. Jaakkola and L. Saul, An Introduction to Variational Methods for
    Graphical Models, 1999; C. Bishop, Pattern Recognition and Machine Learning, section 9.4.

    Examples
    --------
    Two urns, and the ball is red: any q gives a bound, the posterior closes the gap.

    >>> log_joint = np.log([0.5 * 0.9, 0.5 * 0.1])
    >>> for q in ([0.5, 0.5], [0.9, 0.1]):
    ...     parts = elbo_identity(log_joint, q)
    ...     print(*[round(part, 4) for part in parts])
    -0.6931 -1.204 0.5108
    -0.6931 -0.6931 0.0
    """
    log_joint, q = _table(log_joint, q, axis, normalize)
    with np.errstate(divide="ignore"):
        gap = kl_from_logits(np.log(q), log_joint, axis=axis, keepdims=keepdims)
    rows = as_rows(log_joint, axis, name="log_joint")
    log_evidence = from_rows(log_sum_exp(rows), q.shape, axis, keepdims=keepdims)
    nats = log_evidence, _bound(log_joint, q, axis, keepdims), gap
    return ElboIdentity(*(plain(part / math.log(check_base(base))) for part in nats))


def _bound(log_joint: np.ndarray, q: np.ndarray, axis: int, keepdims: bool) -> np.ndarray:
    """Return Σ_z q [log p(x, z) - log q] in nats; 0 log 0 = 0."""
    used = q > 0
    gain = np.where(used, log_joint, 0.0) - np.log(np.where(used, q, 1.0))
    return np.sum(q * gain, axis=axis, keepdims=keepdims)


def _table(log_joint: ArrayLike, q: ArrayLike, axis: int, normalize: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return both tables in double precision, checked; q's sum, off by its dtype's rounding, is made 1."""
    q = as_probabilities(q, axis=axis, normalize=normalize, name="q").astype(np.float64)
    log_joint = as_float(log_joint, name="log_joint")
    check_same_shape(log_joint, q, "log_joint", "q")
    check_logits(log_joint, axis=axis, name="log_joint")
    return log_joint.astype(np.float64), q / q.sum(axis=axis, keepdims=True)


# ---------------------------------------------------------------------------------- linear-Gaussian models


class LinearGaussian(NamedTuple):
    """The model z ~ N(0, I), x = W z + mean + ε with ε ~ N(0, noise); with one noise for all it is pPCA.

    ``log_evidence_linear_gaussian(X, *model)`` hands its three parts on.

    Attributes
    ----------
    W : ndarray, shape (D, L)
        How each of L latent coordinates moves the D coordinates of x, in units of x.
    mean : ndarray, shape (D,)
        The mean of x.
    noise : float or ndarray, shape (D, D)
        The variance of the noise in each coordinate, or its covariance, in squared units of x.
    """

    W: np.ndarray
    mean: np.ndarray
    noise: float | np.ndarray


def elbo_linear_gaussian(
    x: ArrayLike, mean_q: ArrayLike, cov_q: ArrayLike, W: ArrayLike, mean: ArrayLike, noise: ArrayLike
) -> float | np.ndarray:
    """Return the ELBO of z ~ N(0, I), x|z ~ N(W z + b, S) for a Gaussian q(z) = N(m, C), in closed form.

    E_q[log p(x|z)] - D_KL(q ‖ N(0, I)), where E_q[log p(x|z)] = log N(x; W m + b, S) - tr(Wᵀ S⁻¹ W C) / 2.

    Parameters
    ----------
    x : array_like, shape (..., D)
        Examples.
    mean_q, cov_q : array_like, shapes (..., L) and (..., L, L)
        m and C of any Gaussian q, one for each x. Leading dimensions broadcast: many q may meet one x.
    W : array_like, shape (D, L)
        The loadings.
    mean : array_like, shape (D,)
        b, the mean of x.
    noise : number, or array_like of shape (D, D)
        S: a variance for every coordinate alike, or a covariance.

    Returns
    -------
    float or ndarray, shape (...)
        In nats; short of ``log_evidence_linear_gaussian`` by the divergence from q to the posterior.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a covariance is not symmetric positive definite.

    Notes
    -----
    Source: C. Bishop, Pattern Recognition and Machine Learning, sections 2.3.3 and 10.1; J. Lucas, G. Tucker,
    R. Grosse and M. Norouzi, Don't Blame the ELBO!, 2019.

    Examples
    --------
    >>> x, model = [1.0, 2.0], LinearGaussian([[1.0], [1.0]], [0.0, 0.0], 0.5)
    >>> round(elbo_linear_gaussian(x, [0.0], [[1.0]], *model), 4)                 # q is the prior
    -8.1447
    >>> round(elbo_linear_gaussian(x, *posterior_linear_gaussian(x, *model), *model), 4)
    -3.3494
    >>> round(log_evidence_linear_gaussian(x, *model), 4)
    -3.3494
    """
    W, b, S = _model(W, mean, noise)
    x = _examples(x, W)
    m, C, factor = _gaussian(mean_q, cov_q, "_q")
    if m.shape[-1] != W.shape[1]:
        raise ValueError(f"q has {m.shape[-1]} latent dimension(s), but W has {W.shape[1]} columns")
    try:
        np.broadcast_shapes(x.shape[:-1], m.shape[:-1], C.shape[:-2])
    except ValueError:
        raise ValueError(
            f"give one q for each x: x has shape {x.shape}, mean_q {m.shape}, cov_q {C.shape}"
        ) from None
    at_mean = log_pdf_gaussian(x - m @ W.T, b, S)
    spread = np.linalg.solve(_cholesky(S), W) @ factor  # its squares sum to tr(Wᵀ S⁻¹ W C)
    rate = kl_gaussian(m, C, np.zeros(W.shape[1]), np.eye(W.shape[1]))
    return plain(at_mean - np.sum(spread**2, axis=(-2, -1)) / 2 - rate)


def log_evidence_linear_gaussian(
    x: ArrayLike, W: ArrayLike, mean: ArrayLike, noise: ArrayLike
) -> float | np.ndarray:
    """Return log p(x) of z ~ N(0, I), x|z ~ N(W z + b, S) with z integrated out: log N(x; b, W Wᵀ + S).

    Parameters
    ----------
    x : array_like, shape (..., D)
        Examples.
    W, mean, noise : array_like
        As in ``elbo_linear_gaussian``.

    Returns
    -------
    float or ndarray, shape (...)
        The log density in nats, for x in the units it came in.

    Raises
    ------
    ValueError
        If the shapes do not fit, or the noise is not symmetric positive definite.

    Notes
    -----
    Source: M. Tipping and C. Bishop, Probabilistic Principal Component Analysis, 1999.

    Examples
    --------
    >>> round(log_evidence_linear_gaussian([2.0], [[1.0]], [0.0], 3.0), 4)       # N(2; 0, 4)
    -2.1121
    """
    W, b, S = _model(W, mean, noise)
    return log_pdf_gaussian(_examples(x, W), b, W @ W.T + S)


def posterior_linear_gaussian(
    x: ArrayLike, W: ArrayLike, mean: ArrayLike, noise: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance of p(z|x): C = (I + Wᵀ S⁻¹ W)⁻¹ and m = C Wᵀ S⁻¹ (x - b).

    Parameters
    ----------
    x : array_like, shape (..., D)
        Examples.
    W, mean, noise : array_like
        As in ``elbo_linear_gaussian``.

    Returns
    -------
    mean_q, cov_q : ndarrays of shapes (..., L) and (L, L)
        The covariance is the same for every x.

    Raises
    ------
    ValueError
        If the shapes do not fit, or the noise is not symmetric positive definite.

    Notes
    -----
    Source: C. Bishop, Pattern Recognition and Machine Learning, equations 2.116 and 2.117.

    Examples
    --------
    >>> m, C = posterior_linear_gaussian([2.0], [[1.0]], [0.0], 1.0)
    >>> m.round(4), C.round(4)                       # half way between the prior's 0 and the data's 2
    (array([1.]), array([[0.5]]))
    """
    W, b, S = _model(W, mean, noise)
    factor = _cholesky(S)
    A = np.linalg.solve(factor, W)
    C = np.linalg.inv(np.eye(W.shape[1]) + A.T @ A)
    C = (C + C.T) / 2
    return (_examples(x, W) - b) @ np.linalg.solve(factor.T, A) @ C, C


def _model(W: ArrayLike, mean: ArrayLike, noise: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return W (D, L), mean (D,) and the covariance (D, D) of the noise, checked to fit."""
    W, mean = as_finite(W, name="W"), as_finite(mean, name="mean")
    if W.ndim != 2 or W.size == 0 or mean.shape != W.shape[:1]:
        raise ValueError(f"W must have shape (D, L) and mean (D,), got {W.shape} and {mean.shape}")
    if np.ndim(noise) == 0:
        return W, mean, check_positive(np.asarray(noise).item(), name="noise") * np.eye(len(W))
    noise = _as_covariance(noise, "noise")
    if noise.shape != (len(W), len(W)):
        raise ValueError(f"noise must be a variance or have shape {(len(W), len(W))}, got {noise.shape}")
    _cholesky(noise, "noise")
    return W, mean, noise


def _examples(x: ArrayLike, W: np.ndarray) -> np.ndarray:
    x = as_finite(x, name="x")
    if x.ndim == 0 or x.shape[-1] != len(W):
        raise ValueError(f"x must have shape (..., {len(W)}), one number for each row of W, got {x.shape}")
    return x


def ppca_ml(X: ArrayLike, n_latent: int, *, noise: float | None = None) -> LinearGaussian:
    """Return the most likely linear-Gaussian model with equal noise: probabilistic PCA in closed form.

    With λ_1 ≥ λ_2 ≥ … the eigenvalues of the covariance of X (divided by N) and u_j the eigenvectors,
    σ² = mean of λ_{L+1} … λ_D, and column j of W is u_j √(λ_j - σ²).

    Parameters
    ----------
    X : array_like, shape (N, D)
        Examples.
    n_latent : int
        L, below D unless ``noise`` is given.
    noise : float, optional
        Hold σ² at this value in place of its own maximum. Then column j is u_j √(λ_j - σ²) where λ_j > σ²,
        and zero elsewhere: those coordinates collapse.

    Returns
    -------
    LinearGaussian
        W (columns by falling λ, largest entry positive), mean and noise σ². Any rotation of the columns does
        as well.

    Raises
    ------
    ValueError
        If X is no table, L is out of range, or the discarded coordinates do not vary, so that σ² is 0.

    Notes
    -----
    A linear VAE cannot do better. Its latent j carries log(λ_j / σ²) / 2 nats on average.
    ``sklearn.decomposition.PCA`` divides by N - 1, so its ``score`` falls short of the maximum by a hair.
    Source: M. Tipping and C. Bishop, Probabilistic Principal Component Analysis, 1999.

    Examples
    --------
    >>> X = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])         # eigenvalues 4.5 and 0.5
    >>> model = ppca_ml(X, 1)
    >>> model.W.round(4), round(model.noise, 4)
    (array([[2.],
           [0.]]), 0.5)
    """
    X = as_table(X, name="X")
    L, most = check_whole(n_latent, name="n_latent", lowest=1), X.shape[1] - (noise is None)
    if most < L:
        raise ValueError(
            f"n_latent must be at most {most}, got {L}: X has {X.shape[1]} columns, and noise, unless it is "
            f"given, needs one to itself"
        )
    mean = X.mean(axis=0)
    eigenvalues, vectors = np.linalg.eigh((X - mean).T @ (X - mean) / len(X))
    eigenvalues, vectors = eigenvalues[::-1], vectors[:, ::-1]
    noise = _discarded(eigenvalues, L) if noise is None else float(check_positive(noise, name="noise"))
    W = vectors[:, :L] * np.sqrt(np.maximum(eigenvalues[:L] - noise, 0.0))
    peak = np.take_along_axis(W, np.abs(W).argmax(axis=0)[None], axis=0)
    return LinearGaussian(W * np.where(peak < 0, -1.0, 1.0), mean, noise)


def _discarded(eigenvalues: np.ndarray, n_latent: int) -> float:
    """Return the mean of the eigenvalues beyond the first L, if it is more than rounding."""
    noise = float(eigenvalues[n_latent:].mean())
    if not noise > 1e-14 * eigenvalues[0]:
        raise ValueError(
            f"X does not vary outside {n_latent} dimension(s), so the noise is 0 and the density infinite; "
            f"lower n_latent, give more examples, or give noise"
        )
    return noise


# ---------------------------------------------------------------------------------------- rate and distortion


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
        If a variance is negative or not finite, there is none, or ``distortion`` is not above 0.

    Notes
    -----
    Source: T. Cover and J. Thomas, Elements of Information Theory, 2nd ed., Theorem 10.3.3.

    Examples
    --------
    >>> code = reverse_waterfill([4.0, 1.0, 0.25], 1.25, base=2)                 # the level is 0.5
    >>> code.rates, code.distortions
    (array([1.5, 0.5, 0. ]), array([0.5 , 0.5 , 0.25]))
    >>> code.rate
    2.0
    """
    variances = _variances(variances)
    check_positive(distortion, name="distortion")
    rising = np.sort(variances)
    filled = np.concatenate([[0.0], np.cumsum(rising)[:-1]])  # by the coordinates that lie under water
    others = np.arange(len(rising), 0, -1)
    # with the level at the j-th smallest variance the error is filled[j] + others[j] λ_j in all
    reached = np.searchsorted(np.maximum.accumulate(filled + others * rising), distortion)
    if reached == len(rising):
        return _water(variances, variances, base)
    level = (distortion - filled[reached]) / others[reached]
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
        If a variance is negative or not finite, there is none, L is out of range, or ``noise`` or ``beta`` is
        not above 0.

    Notes
    -----
    Source: M. Tipping and C. Bishop, Probabilistic Principal Component Analysis, 1999, for β = 1; the case of
    any β follows by the division above. A. Alemi and others, Fixing a Broken ELBO, 2018.

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
    level = check_positive(beta, name="beta") * check_positive(noise, name="noise")
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
    described = variances > distortions
    excess = np.divide(variances - distortions, distortions, out=np.zeros(len(variances)), where=described)
    return RateDistortion(np.log1p(excess) / 2 / math.log(check_base(base)), distortions.copy())


# ------------------------------------------------------------------------- bounds by samples, truth by a grid


def iwae_bound(log_w: ArrayLike, k: int) -> float | np.ndarray:
    """Return the importance-weighted bound of each example: the mean over groups of log((1/k) Σ w).

    w = p(x, z) / q(z|x) for z drawn from q. The draws are cut into groups of ``k`` neighbours; k = 1
    estimates the ELBO. If k divides k', each group of k' is made of groups of k, so by Jensen's inequality
    the bound for k' is at least that for k on the very same draws, not only on average.

    Parameters
    ----------
    log_w : array_like, shape (..., draws)
        log p(x, z) - log q(z|x) in nats, draws of one example along the last axis; -inf where p(x, z) = 0.
    k : int
        Draws in a group; must divide the number of draws.

    Returns
    -------
    float or ndarray, shape (...)
        In nats. Biased low for every k unless q is the posterior: its mean never passes log p(x), and rises
        to it as k grows if q > 0 wherever the posterior is.

    Raises
    ------
    ValueError
        If k does not divide the number of draws, there are none, or a weight is NaN or infinite.

    Notes
    -----
    Source: Y. Burda, R. Grosse and R. Salakhutdinov, Importance Weighted Autoencoders, 2016.

    Examples
    --------
    >>> log_w = np.log([[0.2, 0.4, 0.1, 0.5]])                      # the mean weight is 0.3
    >>> [float(iwae_bound(log_w, k)[0].round(4)) for k in (1, 2, 4)]
    [-1.3804, -1.204, -1.204]
    """
    log_w = as_float(log_w, name="log_w").astype(np.float64)
    if np.any(np.isnan(log_w)) or np.any(log_w == np.inf):
        raise ValueError("log_w holds NaN or +inf; find out where log p(x, z) or log q(z|x) went wrong")
    if log_w.ndim == 0 or log_w.shape[-1] == 0:
        raise ValueError(f"log_w must hold draws along its last axis, got shape {log_w.shape}")
    draws = log_w.shape[-1]
    if draws % check_whole(k, name="k", lowest=1):
        raise ValueError(f"k must divide the {draws} draws of each example, so that groups are full; got {k}")
    groups = log_sum_exp(log_w.reshape(-1, k)) - math.log(k)
    return plain(groups.reshape(*log_w.shape[:-1], draws // k).mean(axis=-1))


def grid_log_evidence(log_joint: Callable[[np.ndarray], ArrayLike], axes: Sequence[ArrayLike]) -> np.ndarray:
    """Return log p(x) = log ∫ p(x, z) dz of each example by the trapezoid rule on a grid of z.

    The truth to judge bounds by, for latents of one, two or three dimensions: m points an axis cost m^d
    evaluations. For smooth densities that fade out inside the grid the error falls faster than any power of
    the spacing.

    Parameters
    ----------
    log_joint : callable
        Takes points z of shape (M, d) and returns log p(x, z) in nats, shape (N, M): a row for each example.
        It is called with a few thousand points at a time.
    axes : sequence of d array_like, each of shape (m_i,)
        The grid along each latent dimension: rising numbers, two or more.

    Returns
    -------
    ndarray, shape (N,)
        Log evidence in nats. What lies outside the grid is missing from it: widen the grid and refine it
        until the result stands still.

    Raises
    ------
    ValueError
        If an axis is not rising, or ``log_joint`` returns another shape, NaN or +inf.

    Notes
    -----
    Source: L. Trefethen and J. Weideman, The Exponentially Convergent Trapezoidal Rule, 2014.

    Examples
    --------
    >>> x = np.array([[0.0], [2.0]])                                # z ~ N(0, 1), x|z ~ N(z, 3): N(0, 4)
    >>> def log_joint(z):
    ...     return log_pdf_gaussian(z, [0.0], np.eye(1)) + log_pdf_gaussian(x - z.T, 0.0, 3.0)
    >>> grid_log_evidence(log_joint, [np.linspace(-8, 8, 81)]).round(4)
    array([-1.6121, -2.1121])
    """
    grids = [_grid(axis, i) for i, axis in enumerate(axes)]
    if not grids:
        raise ValueError("axes is empty; give one grid for each latent dimension")
    log_weights = [np.log(trapezoids(grid)) for grid in grids]
    sizes = tuple(len(grid) for grid in grids)
    parts = []
    for start in range(0, math.prod(sizes), BLOCK // 8):
        index = np.unravel_index(np.arange(start, min(start + BLOCK // 8, math.prod(sizes))), sizes)
        z = np.stack([grid[i] for grid, i in zip(grids, index, strict=True)], axis=-1)
        log_volume = sum(weight[i] for weight, i in zip(log_weights, index, strict=True))
        parts.append(log_sum_exp(_joint_at(log_joint, z) + log_volume))
    return log_sum_exp(np.stack(parts, axis=-1))


def _grid(axis: ArrayLike, i: int) -> np.ndarray:
    grid = as_finite(axis, name=f"axes[{i}]")
    if grid.ndim != 1 or len(grid) < 2 or np.any(np.diff(grid) <= 0):
        raise ValueError(
            f"axes[{i}] must be a row of rising numbers, two or more; give a list with one grid for each "
            f"latent dimension"
        )
    return grid


def _joint_at(log_joint: Callable[[np.ndarray], ArrayLike], z: np.ndarray) -> np.ndarray:
    values = as_float(log_joint(z), name="log_joint(z)").astype(np.float64)
    if values.ndim != 2 or values.shape[1] != len(z):
        raise ValueError(f"log_joint must return shape (N, {len(z)}) for {len(z)} points, got {values.shape}")
    if np.any(np.isnan(values)) or np.any(values == np.inf):
        raise ValueError("log_joint returned NaN or +inf; a density is finite where the grid runs")
    return values


# ----------------------------------------------------------------------------------------------- ELBO surgery


class ElboSurgery(NamedTuple):
    """The KL to the prior in its two parts, one number an example, in nats: kl = information + marginal_kl.

    Attributes
    ----------
    kl : ndarray, shape (N,)
        log q(z|x) - log p(z): its mean is what the ELBO pays.
    information : ndarray, shape (N,)
        log q(z|x) - log q(z): its mean is the mutual information of index and latent, at most log N.
    marginal_kl : ndarray, shape (N,)
        log q(z) - log p(z): its mean is D_KL(q(z) ‖ p(z)), which a better prior can save.
    """

    kl: np.ndarray
    information: np.ndarray
    marginal_kl: np.ndarray


def elbo_surgery(
    mean: ArrayLike,
    variance: ArrayLike,
    *,
    log_prior: Callable[[np.ndarray], ArrayLike] | None = None,
    draws: int = 1,
    rng: np.random.Generator | int | None = None,
) -> ElboSurgery:
    """Return the KL term of a VAE cut in two: mean KL(q(z|x) ‖ p(z)) = I(x; z) + D_KL(q(z) ‖ p(z)).

    q(z) = (1/N) Σ_n q(z|x_n) is all the encoder's clouds laid over each other. The first part is worth
    paying: it says which example it was. The second is paid because q(z) does not look like the prior.

    Parameters
    ----------
    mean, variance : array_like, shape (N, L)
        The encoder's Gaussians q(z|x_n), with independent coordinates.
    log_prior : callable, optional
        Takes points z of shape (M, L) and returns log p(z) in nats, shape (M,); by default that of N(0, I).
    draws : int
        Draws of z for each example, to average over.
    rng : numpy.random.Generator, int or None
        A Generator or a seed.

    Returns
    -------
    ElboSurgery
        ``kl``, ``information`` and ``marginal_kl``, each averaged over the draws of one example. As all three
        use the same draws, the sum holds to rounding for every example; single numbers may be negative,
        their means over many draws are not.

    Raises
    ------
    ValueError
        If the shapes differ, a variance is not positive, ``draws`` is below 1, or ``log_prior`` returns
        another shape or numbers that are not finite.

    Notes
    -----
    Source: M. Hoffman and M. Johnson, ELBO Surgery: Yet Another Way to Carve Up the Variational Evidence
    Lower Bound, 2016.

    Examples
    --------
    Two clouds that hardly overlap: nearly log 2 = 0.69 nats say which of them it was, the rest is waste.

    >>> parts = elbo_surgery([[-2.0], [2.0]], [[1.0], [1.0]], draws=10_000, rng=0)
    >>> [round(float(part.mean()), 1) for part in parts]
    [2.0, 0.6, 1.4]
    """
    mean, variance = as_finite(mean, name="mean"), as_finite(variance, name="variance")
    if mean.ndim != 2 or mean.size == 0 or mean.shape != variance.shape:
        raise ValueError(f"mean and variance must both be (N, L), got {mean.shape} and {variance.shape}")
    if not np.all(variance > 0):
        raise ValueError(f"variance must be positive, got {variance.min():.6g}; take exp of a log-variance")
    shape = (check_whole(draws, name="draws", lowest=1), *mean.shape)
    z = mean + np.sqrt(variance) * as_rng(rng).standard_normal(shape)
    own, z = _log_density(z, mean, variance).ravel(), z.reshape(-1, mean.shape[1])
    pooled, prior = _log_aggregate(z, mean, variance), _prior_at(log_prior, z)
    parts = own - prior, own - pooled, pooled - prior
    return ElboSurgery(*(part.reshape(draws, -1).mean(axis=0) for part in parts))


def _log_density(z: np.ndarray, mean: np.ndarray | float, variance: np.ndarray | float) -> np.ndarray:
    """Return log N(z; mean, diag(variance)), summed over the last axis."""
    return -np.sum((z - mean) ** 2 / variance + np.log(2 * math.pi * variance), axis=-1) / 2


def _log_aggregate(z: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return log q(z) = log (1/N) Σ_n q(z|x_n), a few rows of z at a time to save memory."""
    step = max(1, BLOCK // mean.size)
    rows = [log_sum_exp(_log_density(z[i : i + step, None], mean, variance)) for i in range(0, len(z), step)]
    return np.concatenate(rows) - math.log(len(mean))


def _prior_at(log_prior: Callable[[np.ndarray], ArrayLike] | None, z: np.ndarray) -> np.ndarray:
    if log_prior is None:
        return _log_density(z, 0.0, 1.0)
    values = as_finite(log_prior(z), name="log_prior(z)")
    if values.shape != (len(z),):
        raise ValueError(f"log_prior must return shape ({len(z)},), one number a point, got {values.shape}")
    return values

"""Linear-Gaussian models, x = W z + mean + noise: evidence, posterior and ELBO in closed form, and pPCA.

Results are float64, one per example, never averaged over the batch, in nats.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_lib._validate import (
    as_array,
    as_covariance,
    as_finite,
    as_gaussian,
    as_table,
    check_positive,
    check_whole,
    cholesky,
    plain,
)
from course_lib.gaussian import kl_gaussian, log_pdf_gaussian

__all__ = [
    "LinearGaussian",
    "elbo_linear_gaussian",
    "log_evidence_linear_gaussian",
    "posterior_linear_gaussian",
    "ppca_ml",
]


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

    References
    ----------
    C. Bishop, Pattern Recognition and Machine Learning, sections 2.3.3 and 10.1; J. Lucas, G. Tucker, R.
    Grosse and M. Norouzi, Don't Blame the ELBO!, 2019.

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
    m, C, factor = as_gaussian(mean_q, cov_q, "_q")
    if m.shape[-1] != W.shape[1]:
        raise ValueError(f"q has {m.shape[-1]} latent dimension(s), but W has {W.shape[1]} columns")
    try:
        np.broadcast_shapes(x.shape[:-1], m.shape[:-1], C.shape[:-2])
    except ValueError:
        raise ValueError(
            f"give one q for each x: x has shape {x.shape}, mean_q {m.shape}, cov_q {C.shape}"
        ) from None
    at_mean = log_pdf_gaussian(x - m @ W.T, b, S)
    spread = np.linalg.solve(cholesky(S), W) @ factor  # its squares sum to tr(Wᵀ S⁻¹ W C)
    rate = kl_gaussian(m, C, np.zeros(W.shape[1]), np.eye(W.shape[1]))
    with np.errstate(over="ignore"):  # with so little noise no other z could have given x
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

    References
    ----------
    M. Tipping and C. Bishop, Probabilistic Principal Component Analysis, 1999.

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

    References
    ----------
    C. Bishop, Pattern Recognition and Machine Learning, equations 2.116 and 2.117.

    Examples
    --------
    >>> m, C = posterior_linear_gaussian([2.0], [[1.0]], [0.0], 1.0)
    >>> m.round(4), C.round(4)                       # half way between the prior's 0 and the data's 2
    (array([1.]), array([[0.5]]))
    """
    W, b, S = _model(W, mean, noise)
    factor = cholesky(S)
    A = np.linalg.solve(factor, W)
    identity = np.eye(W.shape[1])
    Q, R = np.linalg.qr(np.vstack([A, identity]))  # I + AᵀA = RᵀR, whose squares may leave a float's range
    root = np.linalg.solve(R, identity)  # C = root rootᵀ
    C = root @ root.T
    pull = A @ C if np.abs(A).sum() < 1 else Q[: len(A)] @ root.T  # equal, but Q would round a tiny A
    return (_examples(x, W) - b) @ np.linalg.solve(factor.T, pull), C


def _model(W: ArrayLike, mean: ArrayLike, noise: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return W (D, L), mean (D,) and the covariance (D, D) of the noise, checked to fit."""
    W, mean = as_finite(W, name="W"), as_finite(mean, name="mean")
    if W.ndim != 2 or W.size == 0 or mean.shape != W.shape[:1]:
        raise ValueError(f"W must have shape (D, L) and mean (D,), got {W.shape} and {mean.shape}")
    if as_array(noise, name="noise").ndim == 0:
        return W, mean, check_positive(np.asarray(noise).item(), name="noise") * np.eye(len(W))
    noise = as_covariance(noise, "noise")
    if noise.shape != (len(W), len(W)):
        raise ValueError(f"noise must be a variance or have shape {(len(W), len(W))}, got {noise.shape}")
    cholesky(noise, "noise")
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

    References
    ----------
    M. Tipping and C. Bishop, Probabilistic Principal Component Analysis, 1999.

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

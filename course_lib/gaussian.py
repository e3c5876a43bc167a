"""Gaussians in any dimension: entropy, divergence, distance, sampling and moment matching, in closed form.

A Gaussian is its mean, shape (..., d), and its covariance, shape (..., d, d); two plain numbers, a mean and
a *variance*, are a Gaussian in one dimension. Leading dimensions hold several Gaussians and follow NumPy's
broadcasting, so that a batch meets a single prior; the dimension d itself never broadcasts.

Everything runs through the Cholesky factor L of the covariance, S = L Lᵀ: it exists exactly when S is
symmetric positive definite, gives ln det S = 2 Σ ln L_ii, and solves against S without an inverse.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from course_lib._stable import expm1_minus_x
from course_lib._validate import (
    as_array,
    as_covariance,
    as_finite,
    as_float,
    as_gaussian,
    as_probabilities,
    as_rng,
    as_shape,
    broadcast,
    check_base,
    check_flag,
    check_one_axis,
    cholesky,
    plain,
)

__all__ = [
    "entropy_gaussian",
    "kl_diag_gaussian",
    "kl_gaussian",
    "log_pdf_gaussian",
    "mi_gaussian",
    "moment_match",
    "sample_gaussian",
    "wasserstein1_gaussian",
    "wasserstein2_gaussian",
]


def entropy_gaussian(cov: ArrayLike, *, base: float = math.e) -> float | np.ndarray:
    r"""Return the differential entropy of a Gaussian.

    .. math:: h = \tfrac12 \ln \det(2 \pi e\, S)

    Parameters
    ----------
    cov : array_like, shape (..., d, d), or a number
        The covariance S, in squared units of x; a number is a variance.
    base : float
        2 for bits, e (the default) for nats.

    Returns
    -------
    float or ndarray, shape (...)
        May be negative, and moves by ln c a dimension when x is measured in units c times smaller.

    Raises
    ------
    ValueError
        If the covariance is not symmetric positive definite.

    References
    ----------
    T. Cover and J. Thomas, Elements of Information Theory, 2nd ed., 2006, Theorem 8.4.1.

    Examples
    --------
    >>> round(entropy_gaussian(1.0), 4)
    1.4189
    >>> round(entropy_gaussian([[4.0, 0.0], [0.0, 0.25]]), 4)  # the stretch and the squeeze cancel
    2.8379
    """
    factor = cholesky(as_covariance(cov))
    d = factor.shape[-1]
    nats = d / 2 * math.log(2 * math.pi * math.e) + _log_diagonal(factor).sum(axis=-1)
    return plain(nats / math.log(check_base(base)))


def log_pdf_gaussian(x: ArrayLike, mean: ArrayLike, cov: ArrayLike) -> float | np.ndarray:
    """Return the log density of a Gaussian: -[(x-m)ᵀ S⁻¹ (x-m) + ln det(2πS)] / 2, in nats.

    Parameters
    ----------
    x : array_like, shape (..., d); any shape if ``mean`` and ``cov`` are numbers
        Points.
    mean : array_like, shape (d,), or a number
        The mean m.
    cov : array_like, shape (d, d), or a number
        The covariance S; a number is a variance.

    Returns
    -------
    float or ndarray, shape (...)
        Log density in nats, for x in the units it came in.

    Raises
    ------
    ValueError
        If the covariance is not symmetric positive definite, the dimensions differ, or an entry is not finite
        or beyond 1e100.

    Notes
    -----
    The same as ``scipy.stats.multivariate_normal.logpdf``.

    Examples
    --------
    >>> round(log_pdf_gaussian(0.0, 0.0, 1.0), 4)
    -0.9189
    >>> log_pdf_gaussian([[0.0, 0.0], [1.0, 1.0]], [0.0, 0.0], [[1.0, 0.5], [0.5, 1.0]]).round(4)
    array([-1.694 , -2.3607])
    """
    x = as_finite(x, name="x")
    if as_array(mean, name="mean").ndim == as_array(cov, name="cov").ndim == 0:
        x = x[..., None]
    mean, factor = _single_gaussian(mean, cov)
    if x.ndim == 0 or x.shape[-1] != len(mean):
        raise ValueError(f"x has shape {x.shape}, but the Gaussian has {len(mean)} dimension(s)")
    z = np.linalg.solve(factor, (x - mean).reshape(-1, len(mean)).T)
    log_norm = len(mean) / 2 * math.log(2 * math.pi) + _log_diagonal(factor).sum()
    with np.errstate(over="ignore"):  # so far away the density is 0
        return plain((-0.5 * np.sum(z**2, axis=0) - log_norm).reshape(x.shape[:-1]))


def kl_gaussian(
    mean0: ArrayLike, cov0: ArrayLike, mean1: ArrayLike, cov1: ArrayLike, *, base: float = math.e
) -> float | np.ndarray:
    r"""Return the Kullback-Leibler divergence of two Gaussians in d dimensions, in closed form.

    .. math:: D_{\mathrm{KL}} = \tfrac12 \bigl[\operatorname{tr}(S_1^{-1} S_0) - d - \ln \det(S_1^{-1} S_0)
        + (m_1 - m_0)^\top S_1^{-1} (m_1 - m_0)\bigr]

    Parameters
    ----------
    mean0, cov0 : array_like, shapes (..., d) and (..., d, d), or two numbers
        The first (true) Gaussian; a number in place of a covariance is a variance.
    mean1, cov1 : array_like, shapes (..., d) and (..., d, d), or two numbers
        The second Gaussian. Leading dimensions broadcast, so one prior serves a batch.
    base : float
        2 for bits, e (the default) for nats.

    Returns
    -------
    float or ndarray, shape (...)
        At least zero; not averaged over the batch.

    Raises
    ------
    ValueError
        If a covariance is not symmetric positive definite, the dimensions differ, or an entry is not finite
        or beyond 1e100.

    Notes
    -----
    With S0 = L0 L0ᵀ, S1 = L1 L1ᵀ and the triangular T = L1⁻¹ L0, the trace is the sum of the squares of T and
    the root of the determinant the product of its diagonal; grouped so, no term is negative. For nearly equal
    Gaussians T still comes from rounded factors, so there the covariances are subtracted first, and the
    eigenvalues e of L1⁻¹ (S0 - S1) L1⁻ᵀ give the same as Σ (e - ln(1 + e)) / 2. Both come down to
    exp(u) - 1 - u, by series where u is small.

    References
    ----------
    T. Cover and J. Thomas, Elements of Information Theory, 2nd ed., 2006, chapter 8; C. Rasmussen and
    C. Williams, Gaussian Processes for Machine Learning, 2006, A.5.

    Examples
    --------
    >>> round(kl_gaussian(0.0, 1.0, 1.0, 2.0), 4)
    0.3466
    >>> round(kl_gaussian([0.0, 0.0], [[1.0, 0.9], [0.9, 1.0]], [0.0, 0.0], np.eye(2)), 4)
    0.8304
    >>> kl_gaussian(1e-9, 1.0, 0.0, 1.0)
    5e-19
    """
    mean0, cov0, factor0 = as_gaussian(mean0, cov0, "0")
    mean1, cov1, factor1 = as_gaussian(mean1, cov1, "1")
    shift = _difference(mean1, mean0)[..., None]
    half = np.linalg.solve(factor1, cov0 - cov1)
    differences = np.linalg.eigvalsh(np.linalg.solve(factor1, np.swapaxes(half, -1, -2)))  # of S1⁻¹ S0 - I
    nearly_equal = np.abs(differences).max(axis=-1) <= 0.5
    close = expm1_minus_x(np.log1p(np.where(nearly_equal[..., None], differences, 0.0))).sum(axis=-1)
    # tr(S1⁻¹ S0) - d - ln det(S1⁻¹ S0), then (m1 - m0)ᵀ S1⁻¹ (m1 - m0)
    spread = np.where(nearly_equal, close, _stretch(np.linalg.solve(factor1, factor0)))
    with np.errstate(over="ignore"):  # so far apart the divergence is inf
        mahalanobis = np.sum(np.linalg.solve(factor1, shift) ** 2, axis=(-2, -1))
    return plain((spread + mahalanobis) / 2 / math.log(check_base(base)))


def kl_diag_gaussian(
    mean0: ArrayLike,
    variance0: ArrayLike,
    mean1: ArrayLike = 0.0,
    variance1: ArrayLike = 1.0,
    *,
    axis: int = -1,
    base: float = math.e,
    keepdims: bool = False,
) -> float | np.ndarray:
    r"""Return the Kullback-Leibler divergence of two Gaussians with independent coordinates.

    .. math:: D_{\mathrm{KL}} = \tfrac12 \sum_i \left[\frac{v_{0i}}{v_{1i}} - 1 - \ln \frac{v_{0i}}{v_{1i}}
        + \frac{(m_{1i} - m_{0i})^2}{v_{1i}}\right]

    Parameters
    ----------
    mean0, variance0 : array_like, shape (..., d)
        The first Gaussian: the encoder's posterior in a variational autoencoder.
    mean1, variance1 : array_like, shape (..., d), or numbers
        The second Gaussian, by default the standard normal prior.
    axis : int
        Where the d coordinates lie; they are summed.
    base : float
        2 for bits, e (the default) for nats.
    keepdims : bool
        Keep ``axis`` with length 1.

    Returns
    -------
    float or ndarray, shape (...)
        One divergence an example, never averaged over the batch.

    Raises
    ------
    ValueError
        If a variance is not positive, an entry is not finite or beyond 1e100, or the shapes do not fit.

    Notes
    -----
    Stable for nearly equal variances: the ratio enters as u = ln(1 + (v0-v1)/v1) and exp(u) - 1 - u.

    References
    ----------
    D. Kingma and M. Welling, Auto-Encoding Variational Bayes, 2014, appendix B.

    Examples
    --------
    >>> round(kl_diag_gaussian([1.0, 0.0], [1.0, 0.25]), 4)
    0.8181
    """
    mean0, mean1 = as_finite(mean0, name="mean0"), as_finite(mean1, name="mean1")
    variance0, variance1 = _positive(variance0, "variance0"), _positive(variance1, "variance1")
    shape = broadcast(mean0=mean0, variance0=variance0, mean1=mean1, variance1=variance1)[0].shape
    with np.errstate(over="ignore"):  # so far apart the divergence is inf
        shift = (mean1 - mean0) / np.sqrt(variance1)
        terms = expm1_minus_x(_log_ratio(variance0, variance1)) + shift * shift
    terms = np.broadcast_to(terms, shape or (1,))
    axis, kept = check_one_axis(terms.shape, axis, name="mean0"), check_flag(keepdims, name="keepdims")
    return plain(terms.sum(axis=axis, keepdims=kept) / 2 / math.log(check_base(base)))


def wasserstein1_gaussian(
    mean0: ArrayLike, variance0: ArrayLike, mean1: ArrayLike, variance1: ArrayLike
) -> float | np.ndarray:
    r"""Return the Wasserstein-1 distance of two Gaussians on the line, in the units of x.

    .. math:: W_1 = E\,|m + s z| = s \sqrt{\tfrac{2}{\pi}}\, e^{-m^2 / 2 s^2}
        + |m| \operatorname{erf} \frac{|m|}{s \sqrt 2}, \qquad m = m_1 - m_0, \quad s = |s_1 - s_0|

    On the line the cheapest transport keeps the order: the same standard normal z on both sides. If s = 0
    it is the distance of the means. In more dimensions no closed form is known, unless the covariances agree:
    then it is the distance of the means as well.

    Parameters
    ----------
    mean0, variance0, mean1, variance1 : array_like of one shape, or numbers
        The two Gaussians, elementwise.

    Returns
    -------
    float or ndarray
        The mean distance that mass has to travel, in the units of x.

    Raises
    ------
    ValueError
        If a variance is not positive, or an entry is not finite or beyond 1e100.

    References
    ----------
    C. Villani, Topics in Optimal Transportation, 2003, section 2.2 (the line); the mean of a folded normal.

    Examples
    --------
    >>> wasserstein1_gaussian(0.0, 1.0, 3.0, 1.0)
    3.0
    >>> round(wasserstein1_gaussian(0.0, 1.0, 0.0, 4.0), 4)
    0.7979
    """
    from scipy.special import erf

    mean0, mean1 = (as_finite(m, name=f"mean{i}", largest=math.inf) for i, m in enumerate((mean0, mean1)))
    variance0, variance1 = _positive(variance0, "variance0"), _positive(variance1, "variance1")
    mean0, mean1, variance0, variance1 = broadcast(
        mean0=mean0, mean1=mean1, variance0=variance0, variance1=variance1
    )
    m = np.abs(mean1 - mean0)
    s = np.abs(variance1 - variance0) / (np.sqrt(variance1) + np.sqrt(variance0))  # of the sd's, exactly
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        t = m / (s * math.sqrt(2))
        folded = s * math.sqrt(2 / math.pi) * np.exp(-(t**2)) + m * erf(t)
    return plain(np.where(s == 0, m, folded))


def wasserstein2_gaussian(
    mean0: ArrayLike, cov0: ArrayLike, mean1: ArrayLike, cov1: ArrayLike
) -> float | np.ndarray:
    r"""Return the Wasserstein-2 distance of two Gaussians, in the units of x.

    .. math:: W_2^2 = |m_0 - m_1|^2
        + \operatorname{tr}\bigl(S_0 + S_1 - 2 (S_1^{1/2} S_0 S_1^{1/2})^{1/2}\bigr)

    Parameters
    ----------
    mean0, cov0, mean1, cov1 : array_like, shapes (..., d) and (..., d, d), or numbers
        The two Gaussians; a number in place of a covariance is a variance. Leading dimensions broadcast.

    Returns
    -------
    float or ndarray, shape (...)
        The distance itself, not its square: the root mean squared way that mass has to travel.

    Raises
    ------
    ValueError
        If a covariance is not symmetric positive definite, the dimensions differ, or an entry is not finite
        or beyond 1e100.

    Notes
    -----
    The trace term is the smallest squared distance |L0 - L1 Q|² over all rotations Q, and the best Q comes
    from the singular vectors of L1ᵀ L0. That form subtracts factors, not traces, so it keeps its digits where
    the Gaussians nearly agree; rounding leaves some 1e-16 of the scale.

    References
    ----------
    I. Olkin and F. Pukelsheim, Linear Algebra and its Applications 48 (1982); R. Bhatia, T. Jain and Y. Lim,
    On the Bures-Wasserstein distance between positive definite matrices, 2019.

    Examples
    --------
    >>> w = wasserstein2_gaussian([0.0, 0.0], np.diag([1.0, 4.0]), [3.0, 0.0], np.eye(2))
    >>> round(w, 4)  # 3 for the means, 1 for the spread: the root of 9 + 1
    3.1623
    """
    mean0, _, factor0 = as_gaussian(mean0, cov0, "0")
    mean1, _, factor1 = as_gaussian(mean1, cov1, "1")
    shift = _difference(mean1, mean0)
    left, _, right = np.linalg.svd(np.swapaxes(factor1, -1, -2) @ factor0)
    spread = factor0 - factor1 @ (left @ right)  # by the best rotation; its squared size is the trace term
    size = np.maximum(np.abs(shift).max(axis=-1), np.abs(spread).max(axis=(-2, -1)))
    unit = np.where(size > 0, size, 1)  # squares of tiny ways leave the range of a float
    shift, spread = shift / unit[..., None], spread / unit[..., None, None]
    return plain(unit * np.sqrt(np.sum(shift**2, axis=-1) + np.sum(spread**2, axis=(-2, -1))))


def mi_gaussian(rho: ArrayLike, *, base: float = math.e) -> float | np.ndarray:
    r"""Return the mutual information of two jointly Gaussian variables of correlation ρ.

    .. math:: I(X; Y) = -\tfrac12 \ln(1 - \rho^2)

    Parameters
    ----------
    rho : array_like
        Correlations, from -1 to 1.
    base : float
        2 for bits, e (the default) for nats.

    Returns
    -------
    float or ndarray
        0 for uncorrelated variables, infinite at ρ = 1 and -1. For independent pairs of coordinates, sum.

    Raises
    ------
    ValueError
        If a correlation lies outside [-1, 1] or is NaN.

    References
    ----------
    T. Cover and J. Thomas, Elements of Information Theory, 2nd ed., 2006, example 8.5.1.

    Examples
    --------
    >>> mi_gaussian([0.0, 0.5, 0.9]).round(4)
    array([0.    , 0.1438, 0.8304])
    """
    rho = as_float(rho, name="rho").astype(np.float64)
    if not np.all(np.abs(rho) <= 1):
        raise ValueError("rho must hold correlations, from -1 to 1; divide a covariance by both deviations")
    with np.errstate(divide="ignore"):
        nats = -(np.log1p(rho) + np.log1p(-rho)) / 2  # two factors: exact near 1
        nats = np.where(np.abs(rho) < 0.5, -np.log1p(-(rho**2)) / 2, nats)  # one logarithm: exact near 0
    return plain(nats / math.log(check_base(base)))


def sample_gaussian(
    mean: ArrayLike,
    cov: ArrayLike,
    size: int | tuple[int, ...] | None = None,
    *,
    rng: np.random.Generator | int | None = None,
) -> float | np.ndarray:
    r"""Return draws from a Gaussian, each the affine image of a standard normal.

    .. math:: x = m + L z, \qquad z \sim N(0, I), \quad L L^\top = S

    Parameters
    ----------
    mean : array_like, shape (d,), or a number
        The mean m.
    cov : array_like, shape (d, d), or a number
        The covariance S = L Lᵀ; a number is a variance.
    size : int, tuple of int or None
        How many draws, and in what shape; None draws one.
    rng : numpy.random.Generator, int or None
        A Generator or a seed.

    Returns
    -------
    ndarray of shape ``size`` followed by d, or of shape ``size`` if mean and cov are numbers
        The draws; one number is a float. As x depends smoothly on m and L, the same line is the
        reparameterisation of chapter 6.

    Raises
    ------
    ValueError
        If the covariance is not symmetric positive definite, or the dimensions differ.

    Notes
    -----
    The same as ``numpy.random.Generator.multivariate_normal`` with ``method="cholesky"``.

    References
    ----------
    J. Gentle, Random Number Generation and Monte Carlo Methods, 2nd ed., 2003, section 5.3.

    Examples
    --------
    >>> x = sample_gaussian([1.0, -1.0], [[1.0, 0.8], [0.8, 1.0]], 100_000, rng=0)
    >>> print(np.corrcoef(x.T)[0, 1].round(2))
    0.8
    """
    flat = as_array(mean, name="mean").ndim == as_array(cov, name="cov").ndim == 0
    mean, factor = _single_gaussian(mean, cov)
    x = mean + as_rng(rng).standard_normal((*as_shape(size), len(mean))) @ factor.T
    return plain(x[..., 0]) if flat else x


def moment_match(
    weights: ArrayLike, means: ArrayLike, covs: ArrayLike
) -> tuple[float | np.ndarray, float | np.ndarray]:
    r"""Return mean and covariance of a mixture of Gaussians: the closest single Gaussian in forward KL.

    .. math:: m = \sum_k w_k m_k, \qquad S = \sum_k w_k \bigl[S_k + (m_k - m)(m_k - m)^\top\bigr]

    The covariance is the spread within the components plus the spread between them.

    Parameters
    ----------
    weights : array_like, shape (K,)
        Mixing probabilities.
    means : array_like, shape (K, d) or (K,)
        Means; shape (K,) is one dimension.
    covs : array_like, shape (K, d, d) or (K,)
        Covariances, or variances in one dimension.

    Returns
    -------
    mean, cov : ndarrays of shapes (d,) and (d, d), or two floats
        The minimiser of D_KL(mixture ‖ Gaussian) over all Gaussians.

    Raises
    ------
    ProbabilityError
        If the weights are no distribution.
    ValueError
        If a covariance is not symmetric positive definite, or the shapes differ.

    References
    ----------
    C. Bishop, Pattern Recognition and Machine Learning, 2006, section 10.7.

    Examples
    --------
    >>> moment_match([0.5, 0.5], [-3.0, 3.0], [1.0, 1.0])
    (0.0, 10.0)
    """
    weights = as_probabilities(weights, name="weights").astype(np.float64)
    means, covs = as_finite(means, name="means"), as_finite(covs, name="covs")
    flat = means.ndim == covs.ndim == 1
    if flat:
        means, covs = means[:, None], covs[:, None, None]
    if means.ndim != 2 or weights.shape != means.shape[:1] or covs.shape != (*means.shape, means.shape[1]):
        raise ValueError(
            f"weights of shape {weights.shape} need means of shape (K, d) and covs of shape (K, d, d), "
            f"got {means.shape} and {covs.shape}"
        )
    cholesky(covs)
    mean = weights @ means
    between = means - mean
    cov = np.einsum("k,kij->ij", weights, covs + between[:, :, None] * between[:, None, :])
    return (float(mean[0]), float(cov[0, 0])) if flat else (mean, cov)


def _positive(x: ArrayLike, name: str) -> np.ndarray:
    """Return ``x`` in double precision, if every entry is positive and finite."""
    x = as_finite(x, name=name)
    if not np.all(x > 0):
        raise ValueError(f"{name} must be positive, got {x.min():.6g}; give variances, not their logarithms")
    return x


def _single_gaussian(mean: ArrayLike, cov: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (d,) and the Cholesky factor (d, d) of one Gaussian."""
    mean, cov, factor = as_gaussian(mean, cov)
    if mean.ndim != 1 or cov.ndim != 2:
        raise ValueError(f"give one mean (d,) and one covariance (d, d), not {mean.shape} and {cov.shape}")
    return mean, factor


def _difference(mean1: np.ndarray, mean0: np.ndarray) -> np.ndarray:
    """Return mean1 - mean0 of two Gaussians, which must live in the same space."""
    if mean0.shape[-1] != mean1.shape[-1]:
        raise ValueError(f"the Gaussians differ in dimension: {mean0.shape[-1]} and {mean1.shape[-1]}")
    return mean1 - mean0


def _log_diagonal(factor: np.ndarray) -> np.ndarray:
    """Return ln L_ii; their sum is half the log determinant of the covariance."""
    return np.log(np.diagonal(factor, axis1=-2, axis2=-1))


def _stretch(t: np.ndarray) -> np.ndarray:
    """Return tr(TTᵀ) - d - ln det(TTᵀ) of a triangular T, as a sum of terms that are never negative."""
    diagonal = expm1_minus_x(2 * _log_diagonal(t)).sum(axis=-1)
    return diagonal + np.sum(np.tril(t, -1) ** 2, axis=(-2, -1))


def _log_ratio(v0: np.ndarray, v1: np.ndarray) -> np.ndarray:
    """Return ln(v0 / v1), to full relative precision where the two nearly agree."""
    change = (v0 - v1) / v1
    return np.where(np.abs(change) <= 0.5, np.log1p(np.clip(change, -0.5, 0.5)), np.log(v0) - np.log(v1))

"""Linear regression as ridge, lasso and a posterior: what a regulariser believes about the weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from course_lib._validate import (
    as_finite,
    as_rng,
    check_flag,
    check_not_negative,
    check_number,
    check_positive,
    check_whole,
)

__all__ = [
    "LinearPosterior",
    "bayesian_linear_regression",
    "lasso_penalty",
    "lasso_regression",
    "ridge_penalty",
    "ridge_regression",
]


def ridge_penalty(noise_variance: float, prior_variance: float, *, n: int | None = None) -> float:
    """Return the ridge penalty that makes ridge regression MAP under a Gaussian prior: σ²/τ².

    The negative log-posterior is |y - Xw|²/2σ² + |w|²/2τ². Times 2σ² it is |y - Xw|² + (σ²/τ²)|w|²; for the
    *mean* of the squares over n examples divide by n once more: |y - Xw|²/n + (σ²/nτ²)|w|².

    Parameters
    ----------
    noise_variance : float
        σ², the variance of y about the line.
    prior_variance : float
        τ², the prior variance of each weight.
    n : int or None
        Number of examples if the loss is their mean; None if it is their sum.

    Returns
    -------
    float
        The factor of |w|². An optimiser that adds ``weight_decay * w`` to the gradient needs twice that,
        since the gradient of |w|² is 2w.

    Raises
    ------
    ValueError
        If a variance is not positive or n is below 1.

    References
    ----------
    C. Bishop, Pattern Recognition and Machine Learning, section 3.3.1.

    Examples
    --------
    >>> ridge_penalty(0.25, 1.0), ridge_penalty(0.25, 1.0, n=50)
    (0.25, 0.005)
    """
    noise_variance = check_positive(noise_variance, name="noise_variance")
    ratio = noise_variance / check_positive(prior_variance, name="prior_variance")
    return ratio if n is None else ratio / check_whole(n, name="n", lowest=1)


def ridge_regression(X: ArrayLike, y: ArrayLike, alpha: float, *, loss: str = "sum") -> np.ndarray:
    """Return the weights that minimise |y - Xw|² + alpha |w|², or with loss="mean" |y - Xw|²/n + alpha |w|².

    Parameters
    ----------
    X : array_like, shape (n, d)
        Features; a column of ones is an intercept (and is penalised like the rest).
    y : array_like, shape (n,)
        Targets.
    alpha : float
        Penalty, zero or more; zero is least squares. ``ridge_penalty`` gives the one that makes this MAP.
    loss : "sum" or "mean"
        Whether the squares are added or averaged.

    Returns
    -------
    ndarray, shape (d,)

    Raises
    ------
    ValueError
        If the shapes do not fit, an entry is not finite or beyond 1e100, alpha is negative or the loss is
        neither of the two.

    Notes
    -----
    Least squares on X with sqrt(alpha) I below it and zeros below y: the same minimum without squaring the
    condition number. A penalty above the squares of X is added to XᵀX, which it makes well-conditioned.
    ``loss="sum"`` agrees with ``sklearn.linear_model.Ridge(alpha, fit_intercept=False)``.

    References
    ----------
    A. Hoerl and R. Kennard, Ridge Regression, Technometrics 12, 1970.

    Examples
    --------
    >>> X, y = np.array([[1.0], [1.0]]), np.array([1.0, 3.0])
    >>> ridge_regression(X, y, 0.0), ridge_regression(X, y, 2.0), ridge_regression(X, y, 1.0, loss="mean")
    (array([2.]), array([1.]), array([1.]))
    """
    X, y = _regression_data(X, y)
    if not isinstance(loss, str) or loss not in ("sum", "mean"):
        raise ValueError(f'loss must be "sum" or "mean", got {loss!r}')
    alpha = check_not_negative(alpha, name="alpha", why="; a negative penalty has no minimum")
    penalty = alpha * (len(y) if loss == "mean" else 1)
    d = X.shape[1]
    unit = math.sqrt(penalty)
    if np.abs(X).sum() < unit:  # then (XᵀX + penalty I) w = Xᵀy loses no digit
        X, y = X / unit, y / unit
        return np.linalg.solve(X.T @ X + np.eye(d), X.T @ y)
    # |stacked w - (y, 0)|² = |X w - y|² + penalty |w|²
    stacked = np.vstack([X, unit * np.eye(d)])
    target = np.concatenate([y, np.zeros(d)])
    size = np.linalg.norm(stacked, axis=0)  # columns of one size: none is taken for nothing beside the others
    if penalty > 0 and np.all(size > 0):
        w, _, rank, _ = np.linalg.lstsq(stacked / size, target, rcond=None)
        if rank == d:
            return w / size
    return np.linalg.lstsq(stacked, target, rcond=None)[0]  # of several minima the shortest


def lasso_penalty(noise_variance: float, prior_scale: float, n: int) -> float:
    """Return the penalty that makes lasso MAP under a Laplace prior: σ²/(n b).

    The negative log-posterior is |y - Xw|²/2σ² + |w|₁/b; times σ²/n it is |y - Xw|²/2n + (σ²/nb)|w|₁.

    Parameters
    ----------
    noise_variance : float
        σ², the variance of y about the line.
    prior_scale : float
        b, the scale of the Laplace prior of each weight (its mean absolute value).
    n : int
        Number of examples.

    Returns
    -------
    float
        The ``alpha`` of ``lasso_regression``.

    Raises
    ------
    ValueError
        If a number is not positive.

    References
    ----------
    R. Tibshirani, Regression Shrinkage and Selection via the Lasso, 1996, section 5.

    Examples
    --------
    >>> lasso_penalty(1.0, 0.5, 20)
    0.1
    """
    scale = check_whole(n, name="n", lowest=1) * check_positive(prior_scale, name="prior_scale")
    return check_positive(noise_variance, name="noise_variance") / scale


def lasso_regression(
    X: ArrayLike, y: ArrayLike, alpha: float, *, tol: float = 1e-12, max_iter: int = 10_000
) -> np.ndarray:
    """Return the weights that minimise |y - Xw|²/2n + alpha |w|₁, many of them exactly zero.

    One weight at a time has a closed answer: its least-squares value, pulled to zero by alpha and no further.
    Going round all weights again and again finds the minimum, for the objective is convex.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Features.
    y : array_like, shape (n,)
        Targets.
    alpha : float
        Penalty, above zero (at zero it is ``ridge_regression(X, y, 0)``). ``lasso_penalty`` gives the one
        that makes this MAP.
    tol : float
        How far, as a share of |y|²/2n, the objective may lie above the minimum; the duality gap certifies it.
    max_iter : int
        Rounds before giving up.

    Returns
    -------
    ndarray, shape (d,)

    Raises
    ------
    ValueError
        If the shapes do not fit, an entry is not finite or beyond 1e100, or alpha is not positive.
    RuntimeError
        If the gap is still larger than ``tol`` after ``max_iter`` rounds.

    Notes
    -----
    Agrees with ``sklearn.linear_model.Lasso(alpha, fit_intercept=False)``.

    References
    ----------
    J. Friedman, T. Hastie and R. Tibshirani, Regularization Paths for Generalized Linear Models via
    Coordinate Descent, 2010.

    Examples
    --------
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]])
    >>> lasso_regression(X, X @ [2.0, 0.1], 0.3).round(3)
    array([1.6, 0. ])
    """
    X, y = _regression_data(X, y)
    alpha, tol = check_positive(alpha, name="alpha"), check_number(tol, name="tol")
    n = len(y)
    gram, moment, w = X.T @ X / n, X.T @ y / n, np.zeros(X.shape[1])
    for _ in range(check_whole(max_iter, name="max_iter", lowest=1)):
        for j in np.flatnonzero(np.diag(gram)):
            pull = moment[j] - gram[j] @ w + gram[j, j] * w[j]
            w[j] = math.copysign(max(abs(pull) - alpha, 0), pull) / gram[j, j]
        if _duality_gap(X, y, w, alpha) <= tol * float(y @ y) / (2 * n):
            return w + 0.0  # no -0.0
    raise RuntimeError(f"the duality gap is above tol={tol} after {max_iter} rounds; raise max_iter or tol")


def _duality_gap(X: np.ndarray, y: np.ndarray, w: np.ndarray, alpha: float) -> float:
    """Return how far at most the lasso's objective at w lies above its minimum."""
    n, residual = len(y), y - X @ w
    steepest = np.abs(X.T @ residual).max() / n
    feasible = residual * (alpha / steepest if steepest > alpha else 1.0)
    primal = residual @ residual / (2 * n) + alpha * np.abs(w).sum()
    return float(primal - (y @ y - (y - feasible) @ (y - feasible)) / (2 * n))


@dataclass(frozen=True, eq=False)
class LinearPosterior:
    """What is known of the weights of a line after the data: a Gaussian.

    Attributes
    ----------
    mean : ndarray, shape (d,)
        Posterior mean and mode: the ridge solution.
    covariance : ndarray, shape (d, d)
        Posterior covariance.
    noise_variance : float
        Known variance of y about the line.
    log_evidence : float
        Log-density of y averaged over the prior, in nats: it compares models, with no test set.

    Examples
    --------
    >>> line = bayesian_linear_regression([[1.0], [1.0]], [2.0, 4.0], noise_variance=1.0, prior_variance=1.0)
    >>> line.mean.round(6), line.predict([[1.0]], noise=False)[1].round(4), line.predict([[1.0]])[1].round(4)
    (array([2.]), array([0.5774]), array([1.1547]))
    """

    mean: np.ndarray
    covariance: np.ndarray
    noise_variance: float
    log_evidence: float

    def predict(self, X: ArrayLike, *, noise: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of y at new X, shapes (m,): the predictive band.

        The deviation is the root of a variance: with ``noise=False`` that of the line alone, x'Cx; with noise
        σ² is added.
        """
        X = as_finite(X, name="X")
        if X.ndim != 2 or X.shape[1] != len(self.mean):
            raise ValueError(f"X must have shape (m, {len(self.mean)}), got {X.shape}")
        variance = np.maximum(np.einsum("ij,jk,ik->i", X, self.covariance, X), 0)
        scatter = self.noise_variance if check_flag(noise, name="noise") else 0.0
        return X @ self.mean, np.hypot(np.sqrt(variance), math.sqrt(scatter))

    def sample(self, size: int, rng: np.random.Generator | int | None = None) -> np.ndarray:
        """Draw ``size`` weight vectors, shape (size, d): each is a line the data leave plausible."""
        try:
            factor = np.linalg.cholesky(self.covariance)
        except np.linalg.LinAlgError:  # to rounding the weights lie on a plane
            variance, axes = np.linalg.eigh(self.covariance)
            factor = axes * np.sqrt(np.maximum(variance, 0))
        z = as_rng(rng).standard_normal((check_whole(size, name="size"), len(self.mean)))
        return self.mean + z @ factor.T


def bayesian_linear_regression(
    X: ArrayLike, y: ArrayLike, *, noise_variance: float, prior_variance: float
) -> LinearPosterior:
    """Return the posterior of w in y = Xw + noise under a prior N(0, τ²I): precision A = XᵀX/σ² + I/τ².

    The mean is A⁻¹Xᵀy/σ², the covariance A⁻¹, and the log-evidence is that of y ~ N(0, σ²I + τ²XXᵀ), found in
    d dimensions: -[n ln(2πσ²) + d ln τ² + ln det A + |y - Xm|²/σ² + |m|²/τ²] / 2.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Features; no rows leave the prior as it is.
    y : array_like, shape (n,)
        Targets.
    noise_variance : float
        σ², in squared units of y.
    prior_variance : float
        τ².

    Returns
    -------
    LinearPosterior
        With ``mean``, ``covariance``, ``log_evidence``, ``predict`` and ``sample``.

    Raises
    ------
    ValueError
        If the shapes do not fit, an entry is not finite or beyond 1e100, a variance is not positive, or
        rounding hides which of collinear columns the prior prefers.

    References
    ----------
    C. Bishop, Pattern Recognition and Machine Learning, sections 3.3 and 3.5.

    Examples
    --------
    >>> X = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> line = bayesian_linear_regression(X, [0.9, 3.1, 5.0], noise_variance=0.01, prior_variance=100.0)
    >>> mean, sd = line.predict([[1.0, 1.0], [1.0, 10.0]])
    >>> mean.round(2), sd.round(2)     # the band widens away from the data
    (array([ 3.  , 21.45]), array([0.12, 0.65]))
    """
    X, y = _regression_data(X, y, least=0)
    noise_variance = check_positive(noise_variance, name="noise_variance")
    prior_variance = check_positive(prior_variance, name="prior_variance")
    n, d = X.shape
    # A = stackedᵀ stacked = RᵀR: from R itself, for A would have the condition of R squared
    noise, prior = math.sqrt(noise_variance), math.sqrt(prior_variance)
    stacked = np.vstack([X / noise, np.eye(d) / prior])
    Q, R = np.linalg.qr(stacked)
    _check_condition(R, stacked.shape)
    root = np.linalg.solve(R, np.eye(d))  # A⁻¹ = root rootᵀ
    if np.abs(X).sum() / noise < 1 / prior:  # then the covariance has all digits, and Q few of what is small
        mean = root @ (root.T @ (X.T @ y / noise_variance))
    else:
        mean = np.linalg.solve(R, Q[:n].T @ y / noise)
    with np.errstate(over="ignore"):  # data so far off have the evidence 0
        misfit = np.sum(((y - X @ mean) / noise) ** 2) + np.sum((mean / prior) ** 2)
    log_det = 2 * np.log(np.abs(np.diag(R))).sum() + d * math.log(prior_variance)
    log_evidence = -(n * math.log(2 * math.pi * noise_variance) + log_det + misfit) / 2
    return LinearPosterior(mean, root @ root.T, noise_variance, float(log_evidence))


def _check_condition(R: np.ndarray, shape: tuple[int, int]) -> None:
    """Refuse a triangular factor that rounding alone keeps from being singular."""
    R = R / np.abs(R).max(axis=0)  # first, so that no square leaves the range of a float
    values = np.linalg.svd(R / np.linalg.norm(R, axis=0), compute_uv=False)
    if not values[-1] > max(shape) * np.finfo(np.float64).eps * values[0]:
        raise ValueError(
            "columns of X are collinear to rounding, and the prior is too wide to tell them apart; drop a "
            "column, or take a smaller prior_variance"
        )


def _regression_data(X: ArrayLike, y: ArrayLike, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    X, y = as_finite(X, name="X"), as_finite(y, name="y")
    if X.ndim != 2 or y.shape != (len(X),) or len(y) < least or X.shape[1] == 0:
        raise ValueError(f"X must have shape (n, d) and y shape (n,), got {X.shape} and {y.shape}")
    return X, y

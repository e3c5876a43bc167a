"""The evidence lower bound where every number is known: tables, grids and samples.

Everywhere x is seen and z is not, p(x) = Σ_z p(x, z) is the evidence, and q is any distribution over z:

    log p(x) = E_q[log p(x, z) - log q(z)] + D_KL(q(z) ‖ p(z|x)) = ELBO + gap.

The ELBO needs no posterior; the gap is never negative; so the ELBO is a proxy that errs to one side. Results
are float64, one per example, never averaged over the batch, in nats unless a base is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_lib._rows import BLOCK
from course_lib._stable import log_pdf_normal, log_sum_exp, trapezoids
from course_lib._validate import (
    as_finite,
    as_float,
    as_probabilities,
    as_rng,
    as_rows,
    check_base,
    check_callable,
    check_items,
    check_logits,
    check_same_shape,
    check_steps,
    check_whole,
    from_rows,
    plain,
)
from course_lib.divergence import kl_from_logits

__all__ = [
    "ElboIdentity",
    "ElboSurgery",
    "elbo_identity",
    "elbo_surgery",
    "grid_log_evidence",
    "iwae_bound",
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
    r"""Return log p(x), the evidence lower bound, and the gap between them.

    .. math:: \log p(x) = \underbrace{\sum_z q(z) \log \frac{p(x, z)}{q(z)}}_{\text{ELBO}} +
        \underbrace{D_{\mathrm{KL}}\bigl(q(z) \,\|\, p(z \mid x)\bigr)}_{\text{gap}}

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

    References
    ----------
    M. Jordan, Z. Ghahramani, T. Jaakkola and L. Saul, An Introduction to Variational Methods for Graphical
    Models, 1999; C. Bishop, Pattern Recognition and Machine Learning, section 9.4.

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


# ------------------------------------------------------------------------- bounds by samples, truth by a grid


def iwae_bound(log_w: ArrayLike, k: int) -> float | np.ndarray:
    r"""Return the importance-weighted bound of each example: a mean over groups of k draws.

    .. math:: \log \frac1k \sum_{j=1}^k w_j, \qquad w_j = \frac{p(x, z_j)}{q(z_j \mid x)},
        \quad z_j \sim q(z \mid x)

    The draws are cut into groups of ``k`` neighbours; k = 1 estimates the ELBO. If k divides k', each group
    of k' is made of groups of k, so by Jensen's inequality the bound for k' is at least that for k on the
    very same draws, not only on average.

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

    References
    ----------
    Y. Burda, R. Grosse and R. Salakhutdinov, Importance Weighted Autoencoders, 2016.

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
    draws, k = log_w.shape[-1], check_whole(k, name="k", lowest=1)
    if draws % k:
        raise ValueError(f"k must divide the {draws} draws of each example, so that groups are full; got {k}")
    groups = log_sum_exp(log_w.reshape(-1, k)) - math.log(k)
    shares = groups.reshape(*log_w.shape[:-1], draws // k) / (draws // k)  # of the mean: sums may overflow
    return plain(shares.sum(axis=-1))


def grid_log_evidence(log_joint: Callable[[np.ndarray], ArrayLike], axes: Sequence[ArrayLike]) -> np.ndarray:
    r"""Return the log-evidence of each example by the trapezoid rule on a grid of z.

    .. math:: \log p(x) = \log \int p(x, z)\, dz

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

    References
    ----------
    L. Trefethen and J. Weideman, The Exponentially Convergent Trapezoidal Rule, 2014.

    Examples
    --------
    >>> from course_lib import log_pdf_gaussian
    >>> x = np.array([[0.0], [2.0]])                                # z ~ N(0, 1), x|z ~ N(z, 3): N(0, 4)
    >>> def log_joint(z):
    ...     return log_pdf_gaussian(z, [0.0], np.eye(1)) + log_pdf_gaussian(x - z.T, 0.0, 3.0)
    >>> grid_log_evidence(log_joint, [np.linspace(-8, 8, 81)]).round(4)
    array([-1.6121, -2.1121])
    """
    grids = [_grid(axis, i) for i, axis in enumerate(check_items(axes, name="axes"))]
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
    check_steps(grid, name=f"axes[{i}]")
    return grid


def _joint_at(log_joint: Callable[[np.ndarray], ArrayLike], z: np.ndarray) -> np.ndarray:
    values = as_float(check_callable(log_joint, name="log_joint")(z), name="log_joint(z)").astype(np.float64)
    if values.ndim != 2 or values.shape[1] != len(z):
        raise ValueError(f"log_joint must return shape (N, {len(z)}) for {len(z)} points, got {values.shape}")
    if np.any(np.isnan(values)) or np.any(values == np.inf):
        raise ValueError("log_joint returned NaN or +inf; a density is finite where the grid runs")
    return values


# ----------------------------------------------------------------------------------------------- ELBO surgery


class ElboSurgery(NamedTuple):
    """The KL to the prior in its two parts, one number per example, in nats: kl = information + marginal_kl.

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
    r"""Return the KL term of a VAE cut in two.

    .. math:: \frac1N \sum_n D_{\mathrm{KL}}\bigl(q(z \mid x_n) \,\|\, p(z)\bigr) = I(x; z)
        + D_{\mathrm{KL}}\bigl(q(z) \,\|\, p(z)\bigr), \qquad q(z) = \frac1N \sum_n q(z \mid x_n)

    q(z) is all the encoder's clouds laid over each other. The first part is worth
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

    References
    ----------
    M. Hoffman and M. Johnson, ELBO Surgery: Yet Another Way to Carve Up the Variational Evidence Lower Bound,
    2016.

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
    return log_pdf_normal(z, mean, np.sqrt(variance)).sum(axis=-1)


def _log_aggregate(z: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return log q(z) = log (1/N) Σ_n q(z|x_n), a few rows of z at a time to save memory."""
    step = max(1, BLOCK // mean.size)
    rows = [log_sum_exp(_log_density(z[i : i + step, None], mean, variance)) for i in range(0, len(z), step)]
    return np.concatenate(rows) - math.log(len(mean))


def _prior_at(log_prior: Callable[[np.ndarray], ArrayLike] | None, z: np.ndarray) -> np.ndarray:
    if log_prior is None:
        return _log_density(z, 0.0, 1.0)
    values = as_finite(check_callable(log_prior, name="log_prior")(z), name="log_prior(z)")
    if values.shape != (len(z),):
        raise ValueError(f"log_prior must return shape ({len(z)},), one number per point, got {values.shape}")
    return values

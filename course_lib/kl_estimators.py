"""KL from samples, as reinforcement learning from feedback uses it: three estimators, and the leashed policy.

With a sample x drawn from p and the log-ratio l = log q(x) - log p(x), the mean of each estimator over many
samples estimates D_KL(p‖q). Roles in training: p is the policy that produced the sample, q the reference it
is held to.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_lib._rows import Pair
from course_lib._stable import RARE, expm1_minus_x, log_or_minus_inf, log_ratio
from course_lib._validate import as_float, as_probabilities, check_positive, check_same_shape, plain
from course_lib.divergence import kl_divergence
from course_lib.softmax import softmax

__all__ = ["EstimatorMoments", "k1", "k2", "k3", "kl_estimator_moments", "reward_tilted_policy"]


def k1(log_p: ArrayLike, log_q: ArrayLike) -> float | np.ndarray:
    r"""Return Schulman's k1 of each sample: unbiased, but single values may be negative.

    .. math:: k_1 = \log p(x) - \log q(x), \qquad x \sim p

    Parameters
    ----------
    log_p, log_q : array_like of the same shape
        log p(x) and log q(x) in nats, at samples x drawn from p.

    Returns
    -------
    float, or ndarray of the same shape and float type
        In nats; its mean estimates D_KL(p‖q).

    Raises
    ------
    ValueError
        If the shapes differ, or a log-probability is NaN or +inf, or p(x) = 0: p cannot have produced that x.
    TypeError
        If the values are not real numbers.

    Notes
    -----
    As a *loss*, differentiated through log p alone, its expected gradient is zero: E_p[grad log p] = 0 Use it
    in the reward, not in the loss.

    References
    ----------
    J. Schulman, Approximating KL divergence, 2020.

    Examples
    --------
    >>> k1(np.log([0.5, 0.25]), np.log([0.25, 0.5]))
    array([ 0.69314718, -0.69314718])
    """
    return plain(0.0 - _log_q_over_p(log_p, log_q))  # not -x, which gives -0.0 where p = q


def k2(log_p: ArrayLike, log_q: ArrayLike) -> float | np.ndarray:
    r"""Return Schulman's k2 of each sample: never negative, biased except where p and q nearly agree.

    .. math:: k_2 = \tfrac12 \bigl(\log p(x) - \log q(x)\bigr)^2, \qquad x \sim p

    Its mean is not D_KL(p‖q), but its expected gradient as a loss is that of D_KL(p‖q).

    Parameters
    ----------
    log_p, log_q
        As in ``k1``.

    Returns
    -------
    float, or ndarray of the same shape and float type
        In nats (squared); close to p = q its mean agrees with D_KL(p‖q) to second order.

    Raises
    ------
    ValueError, TypeError
        As in ``k1``.

    References
    ----------
    J. Schulman, Approximating KL divergence, 2020.

    Examples
    --------
    >>> k2(np.log([0.5, 0.25]), np.log([0.25, 0.5]))
    array([0.24022651, 0.24022651])
    """
    log_ratio = _log_q_over_p(log_p, log_q)
    with np.errstate(over="ignore"):
        return plain(log_ratio * log_ratio / 2)


def k3(log_p: ArrayLike, log_q: ArrayLike) -> float | np.ndarray:
    r"""Return Schulman's k3 of each sample: unbiased and never negative.

    .. math:: k_3 = e^\ell - 1 - \ell, \qquad \ell = \log q(x) - \log p(x), \quad x \sim p

    It is k1 plus a control variate whose mean is 0 wherever p covers q. Low variance holds near p = q only:
    for two unit Gaussians its variance passes that of k1 at 0.63 nats. Computed by a series for small l,
    where exp(l) - 1 - l would lose every digit.

    Parameters
    ----------
    log_p, log_q
        As in ``k1``.

    Returns
    -------
    float, or ndarray of the same shape and float type
        In nats; its mean estimates D_KL(p‖q).

    Raises
    ------
    ValueError, TypeError
        As in ``k1``.

    Notes
    -----
    As a loss its gradient is that of the reverse divergence D_KL(q‖p), not of the one its value estimates.

    References
    ----------
    J. Schulman, Approximating KL divergence, 2020.

    Examples
    --------
    >>> k3(np.log([0.5, 0.25]), np.log([0.25, 0.5]))
    array([0.19314718, 0.30685282])
    """
    return plain(expm1_minus_x(_log_q_over_p(log_p, log_q)))


def _log_q_over_p(log_p: ArrayLike, log_q: ArrayLike) -> np.ndarray:
    """Return log q - log p of each sample, the l of k3, once both have been looked at."""
    log_p, log_q = as_float(log_p, name="log_p"), as_float(log_q, name="log_q")
    check_same_shape(log_p, log_q, "log_p", "log_q")
    if not np.all(np.isfinite(log_p)):
        raise ValueError("log_p must be finite: p drew these samples, so it gives them positive probability")
    if not np.all(log_q < np.inf):
        raise ValueError("log_q holds NaN or +inf; only finite log-probabilities and -inf make sense")
    return log_q - log_p


class EstimatorMoments(NamedTuple):
    """One estimator on average.

    Attributes
    ----------
    bias : float
        In nats.
    variance : float
        That of a single sample, in nats squared.
    """

    bias: float
    variance: float


def kl_estimator_moments(p: ArrayLike, q: ArrayLike) -> dict[str, EstimatorMoments]:
    r"""Return bias and variance of k1, k2 and k3 exactly, by summing over a table instead of sampling.

    .. math:: \mathrm{bias}(k) = E_p[k] - D_{\mathrm{KL}}(p \| q), \qquad
        \mathrm{var}(k) = E_p[(k - E_p[k])^2]

    The mean of n independent samples has the same bias and 1/n of the variance.

    Parameters
    ----------
    p, q : array_like, shape (n,)
        Distributions; q must be positive wherever p is.

    Returns
    -------
    dict
        ``EstimatorMoments`` for "k1", "k2" and "k3". The bias of k3 is minus the mass that q puts where p has
        none.

    Raises
    ------
    ProbabilityError
        If p or q is not a distribution.
    ValueError
        If the shapes differ, there is more than one axis, or the divergence is infinite.

    Notes
    -----
    Bias and variance as they are defined; k1, k2 and k3 name their source.

    Examples
    --------
    >>> moments = kl_estimator_moments([0.5, 0.5], [0.6, 0.4])
    >>> {name: round(m.variance, 6) for name, m in moments.items()}
    {'k1': 0.0411, 'k2': 1.7e-05, 'k3': 7e-06}
    """
    pair = Pair(p, q, axis=-1, normalize=False)
    p, q, d = (np.ravel(table) for table in pair.tables())
    if len(pair.shape) != 1 or np.any((p > 0) & (q == 0)):
        raise ValueError("p and q must be single distributions, q positive where p is: else k1 is infinite")
    seen = p > 0
    log_q_over_p = log_ratio(q[seen], p[seen], -d[seen])
    truth = float(kl_divergence(p, q, normalize=True))
    values = {"k1": -log_q_over_p, "k2": log_q_over_p**2 / 2, "k3": expm1_minus_x(log_q_over_p)}
    return {name: _moments(p[seen], k, truth) for name, k in values.items()}


def _moments(weight: np.ndarray, k: np.ndarray, truth: float) -> EstimatorMoments:
    mean = np.sum(weight * k)
    return EstimatorMoments(float(np.sum(weight * (k - truth))), float(np.sum(weight * (k - mean) ** 2)))


def reward_tilted_policy(
    reference: ArrayLike, reward: ArrayLike, beta: float, *, axis: int = -1
) -> np.ndarray:
    r"""Return the policy that earns the most reward for its distance from a reference.

    .. math:: \pi^* = \arg\max_\pi\, E_\pi[r] - \beta D_{\mathrm{KL}}(\pi \| \pi_{\mathrm{ref}}), \qquad
        \pi^*(x) \propto \pi_{\mathrm{ref}}(x)\, e^{r(x) / \beta}

    The maximum it attains is beta log E_ref[exp(r/beta)]. A large beta keeps it near the reference; as beta
    goes to 0 it bets on the highest reward alone, flaws of the reward included.

    Parameters
    ----------
    reference : array_like
        Distribution along ``axis``; what it rules out stays ruled out.
    reward : array_like of the same shape
        Finite rewards.
    beta : float
        Price of a nat of divergence, in units of reward; above 0.
    axis : int
        The axis that runs over the outcomes.

    Returns
    -------
    ndarray of float64
        Of the shape of ``reference``; sums to 1 along ``axis``.

    Raises
    ------
    ProbabilityError
        If ``reference`` is not a distribution.
    ValueError
        If the shapes differ, a reward is not finite, or beta is not above 0.

    Notes
    -----
    It is the optimum of KL-regularised reinforcement learning.

    References
    ----------
    R. Rafailov and others, Direct preference optimization, 2023.

    Examples
    --------
    >>> reward_tilted_policy([0.5, 0.5], [0.0, np.log(3.0)], beta=1.0)
    array([0.25, 0.75])
    """
    beta = check_positive(beta, name="beta")
    p = as_probabilities(reference, axis=axis, name="reference").astype(np.float64)
    r = as_float(reward, name="reward").astype(np.float64)
    check_same_shape(p, r, "reference", "reward")
    if not np.all(np.isfinite(r)):
        raise ValueError("reward must be finite; to rule an outcome out, give it reference probability 0")
    best = np.max(r, axis=axis, keepdims=True, where=p > 0, initial=-np.inf)
    with np.errstate(over="ignore"):  # so far below the best that the weight is 0
        gain = np.minimum(r / 2 - best / 2, 0) / beta * 2  # halves: the whole difference may overflow
    weight = p * np.exp(gain)
    total = weight.sum(axis=axis, keepdims=True)
    if np.all(total > RARE):
        return weight / total
    return softmax(log_or_minus_inf(p) + gain, axis=axis)

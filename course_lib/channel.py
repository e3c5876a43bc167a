"""Channels and sources with memory: how much a channel can carry, how much a Markov chain says a step."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_lib._validate import as_channel, as_unit, check_base, check_positive, check_whole
from course_lib.divergence import kl_divergence
from course_lib.entropy import entropy

__all__ = [
    "ChannelCapacity",
    "binary_symmetric_capacity",
    "channel_capacity",
    "entropy_rate",
    "stationary_distribution",
]


class ChannelCapacity(NamedTuple):
    """What a channel can carry, and how surely that is known.

    Attributes
    ----------
    capacity : float
        What ``input`` attains; the true capacity is at least this and at most ``capacity + gap``.
    input : ndarray, shape (X,)
        The distribution over inputs that attains it.
    gap : float
        How far above ``capacity`` the truth may lie, in the same unit.
    """

    capacity: float
    gap: float
    input: np.ndarray


def channel_capacity(
    channel: ArrayLike, *, base: float = math.e, tol: float = 1e-9, max_iter: int = 100_000
) -> ChannelCapacity:
    r"""Return the capacity of a noisy channel by Blahut and Arimoto's iteration, with proof of its accuracy.

    .. math:: C = \max_p I(X; Y), \qquad
        I_p \le C \le \max_x D_{\mathrm{KL}}\bigl(W(\cdot \mid x) \,\|\, pW\bigr) \quad \text{for every } p

    Each step multiplies p(x) by the exponential of D(x) = D_KL(W(.|x)‖pW): inputs that stand out are used
    more. The mean of D under p is the mutual information, a lower bound; its maximum is an upper bound.

    Parameters
    ----------
    channel : array_like, shape (X, Y)
        W(y|x): a distribution over outputs for each input, one per row.
    base : float
        Unit of the result and of ``tol``: e gives nats per use, 2 gives bits per use.
    tol : float
        Stop when the two bounds are at most this far apart.
    max_iter : int
        Stop after so many steps in any case; ``gap`` then tells how far the bounds still are apart.

    Returns
    -------
    ChannelCapacity
        ``capacity`` (the lower bound), ``gap`` (upper minus lower bound), ``input`` (X,).

    Raises
    ------
    ProbabilityError
        If a row is not a distribution.
    ValueError
        If ``channel`` is not a table, ``tol`` is not positive or ``max_iter`` is below 1.

    References
    ----------
    R. E. Blahut, Computation of channel capacity and rate-distortion functions, 1972; S. Arimoto, 1972.

    Examples
    --------
    >>> noisy = [[0.9, 0.1], [0.1, 0.9]]
    >>> found = channel_capacity(noisy, base=2)
    >>> round(found.capacity, 4), found.gap < 1e-9, found.input
    (0.531, True, array([0.5, 0.5]))
    """
    unit = math.log(check_base(base))
    tol = check_positive(tol, name="tol") * unit
    max_iter = check_whole(max_iter, name="max_iter", lowest=1)
    w = as_channel(channel, name="channel")
    p = np.full(len(w), 1 / len(w))
    for _ in range(max_iter):
        d = _divergence_from_output(w, p)
        lower, upper = float(p @ d), float(d.max())
        if upper - lower <= tol:
            break
        reweighted = p * np.exp(d - upper)  # upper only keeps exp in range; the sum takes it out again
        p, evaluated = reweighted / reweighted.sum(), p
    else:
        p = evaluated  # the bounds belong to the input before the last step
    return ChannelCapacity(lower / unit, max(upper - lower, 0.0) / unit, p)


def _divergence_from_output(w: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return D_KL(W(.|x)‖pW) for every input x, in nats."""
    output = np.broadcast_to(p @ w, w.shape)
    return np.asarray(kl_divergence(w, output, normalize=True))


def binary_symmetric_capacity(flip: ArrayLike, *, base: float = math.e) -> float | np.ndarray:
    r"""Return the capacity of a channel that flips each bit with probability ``flip``.

    .. math:: C = \log 2 - H(f) = D_{\mathrm{KL}}\bigl([f, 1 - f] \,\|\, [\tfrac12, \tfrac12]\bigr)

    Parameters
    ----------
    flip : array_like
        Probability of a flip, in any shape.
    base : float
        Unit of the result: e gives nats per use, 2 gives bits per use.

    Returns
    -------
    float or ndarray
        Of the shape of ``flip``.

    Raises
    ------
    ProbabilityError
        If an entry is outside [0, 1].

    References
    ----------
    C. E. Shannon, A mathematical theory of communication, 1948, section 15.

    Examples
    --------
    >>> round(binary_symmetric_capacity(0.1, base=2), 4)
    0.531
    >>> binary_symmetric_capacity([0.0, 0.5, 1.0], base=2)
    array([1., 0., 1.])
    """
    f = as_unit(flip, name="flip").astype(np.float64)
    outcomes = np.stack([f, 1 - f], axis=-1)
    return kl_divergence(outcomes, np.full_like(outcomes, 0.5), base=base)


def stationary_distribution(transition: ArrayLike) -> np.ndarray:
    r"""Return the distribution that a Markov chain keeps once it has it.

    .. math:: \pi P = \pi, \qquad \sum_i \pi_i = 1

    Found by eliminating state after state without a subtraction, so that even rare states keep all digits.

    Parameters
    ----------
    transition : array_like, shape (n, n)
        P_ij is the probability of going from state i to state j; each row sums to 1.

    Returns
    -------
    ndarray, shape (n,)
        Probabilities; 0 for states that the chain leaves for good.

    Raises
    ------
    ProbabilityError
        If a row is not a distribution.
    ValueError
        If ``transition`` is not square, or falls apart into chains that never meet: then pi depends on the
        start.

    References
    ----------
    W. K. Grassmann, M. I. Taksar and D. P. Heyman, Regenerative analysis and steady state distributions for
    Markov chains, 1985.

    Examples
    --------
    >>> stationary_distribution([[0.9, 0.1], [0.3, 0.7]])
    array([0.75, 0.25])
    """
    p = as_channel(transition, name="transition")
    if p.shape[0] != p.shape[1]:
        raise ValueError(f"transition must be square, from each state to each; its shape is {p.shape}")
    recurrent = _recurrent_states(p)
    stationary = np.zeros(len(p))
    stationary[recurrent] = _eliminate(p[np.ix_(recurrent, recurrent)])
    return stationary


def _recurrent_states(p: np.ndarray) -> np.ndarray:
    """Return the states of the one set that the chain cannot leave."""
    from scipy.sparse.csgraph import connected_components

    _, component = connected_components(p > 0, connection="strong")
    left_for_good = {int(component[i]) for i, j in np.argwhere(p > 0) if component[i] != component[j]}
    closed = set(component.tolist()) - left_for_good
    if len(closed) > 1:
        examples = [int(np.flatnonzero(component == c)[0]) for c in sorted(closed)[:2]]
        raise ValueError(
            f"transition has {len(closed)} sets of states that never meet (states {examples[0]} and "
            f"{examples[1]} are apart), so the distribution depends on the start; give each set alone"
        )
    return np.flatnonzero(component == closed.pop())


def _eliminate(p: np.ndarray) -> np.ndarray:
    """Watch the chain only while it is in states 0 … k-1, for ever smaller k; then build pi up again."""
    p, leaves = p.copy(), np.ones(len(p))
    for k in range(len(p) - 1, 0, -1):
        leaves[k] = p[k, :k].sum()  # one over the visits to k before the chain is back below it
        p[:k, :k] += np.outer(p[:k, k], p[k, :k] / leaves[k])
    pi = np.ones(len(p))
    for k in range(1, len(p)):
        pi[k] = pi[:k] @ p[:k, k]
        pi[:k] *= leaves[k]
        pi[: k + 1] /= pi[: k + 1].sum()
    return pi


def entropy_rate(transition: ArrayLike, *, base: float = math.e) -> float:
    r"""Return the entropy rate of a stationary Markov chain: how much it says a step, given its past.

    .. math:: H = \sum_i \pi_i H(P_i)

    At most the entropy of pi itself, which is what ignoring the memory would cost.

    Parameters
    ----------
    transition : array_like, shape (n, n)
        P_ij is the probability of going from state i to state j; each row sums to 1.
    base : float
        Unit of the result: e gives nats per step, 2 gives bits per step.

    Returns
    -------
    float

    Raises
    ------
    ProbabilityError, ValueError
        As in ``stationary_distribution``; ValueError also if ``base`` makes no unit.

    References
    ----------
    T. M. Cover and J. A. Thomas, Elements of Information Theory, 2006, section 4.2.

    Examples
    --------
    >>> round(entropy_rate([[0.9, 0.1], [0.3, 0.7]], base=2), 4)
    0.5721
    """
    return float(stationary_distribution(transition) @ entropy(transition, base=base))

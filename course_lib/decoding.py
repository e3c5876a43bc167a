"""Choosing the next token: truncate the logits, then draw. Each truncator returns logits, so they chain.

``sample(top_p(top_k(logits / T, 50), 0.9), rng=0)``: what a truncator rules out becomes -inf, what it keeps
stays as it was. Of tokens equally likely the one with the lower index counts as the likelier.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from course_lib._validate import (
    as_rng,
    as_shape,
    check_logits,
    check_number,
    check_positive,
    check_probability,
    check_whole,
    plain,
)
from course_lib.softmax import softmax

__all__ = ["gumbel_softmax", "min_p", "sample", "top_k", "top_p"]

Size = int | tuple[int, ...] | None
Seed = np.random.Generator | int | None

WIDE = 2048  # tokens: from here on a row is worth more than one sort
BLOCK = 128  # tokens: of each, the largest stands for all in the search for the k-th largest
BUCKETS = 4096
ROUNDING = 4  # units in the last place by which a mass may miss p and still count as having reached it


def top_k(logits: ArrayLike, k: int, *, axis: int = -1) -> np.ndarray:
    """Return the logits with all but the k most likely tokens ruled out.

    Parameters
    ----------
    logits : array_like
        Scores in nats; -inf rules a token out from the start. For probabilities pass their logarithms.
    k : int
        How many to keep; more than there are keeps all.
    axis : int
        The axis that runs over the tokens.

    Returns
    -------
    ndarray of the shape of ``logits``
        Logits, -inf where ruled out; exactly k stay, of equal ones those with the lower index. Keeps float32.

    Raises
    ------
    ValueError
        If k < 1, a logit is NaN or +inf, a row is -inf throughout, or ``axis`` does not exist.
    TypeError
        If ``logits`` does not hold real numbers, or k is not whole.

    References
    ----------
    A. Fan, M. Lewis and Y. Dauphin, Hierarchical neural story generation, 2018.

    Examples
    --------
    >>> top_k([1.0, 3.0, 2.0, 2.0], 2)
    array([-inf,   3.,   2., -inf])
    """
    k = check_whole(k, name="k", lowest=1)
    return _truncated(logits, axis, lambda row, space: _largest(row, k))


def top_p(logits: ArrayLike, p: float, *, axis: int = -1, min_keep: int = 1) -> np.ndarray:
    r"""Return the logits with all outside the nucleus, the fewest likeliest tokens that reach p, ruled out.

    .. math:: \text{keep token } i \iff \sum_{j \text{ before } i} p_j < p

    The token whose probability carries the sum across p is kept; without it the mass would stay short of p.

    Parameters
    ----------
    logits : array_like
        Scores in nats; -inf rules a token out from the start. For probabilities pass their logarithms.
    p : float
        The mass to keep, above 0 and at most 1; at 1 every possible token stays.
    axis : int
        The axis that runs over the tokens.
    min_keep : int
        How many of the likeliest tokens stay in any case.

    Returns
    -------
    ndarray of the shape of ``logits``
        Logits, -inf where ruled out; of equal ones the lower index goes first. Keeps float32.

    Raises
    ------
    ValueError
        If p is not in (0, 1], ``min_keep`` < 1, a logit is NaN or +inf, a row is -inf throughout, or ``axis``
        does not exist.
    TypeError
        If ``logits`` does not hold real numbers, or ``min_keep`` is not whole.

    Notes
    -----
    A mass that misses p by no more than the rounding of its dtype counts as p.

    References
    ----------
    A. Holtzman, J. Buys, L. Du, M. Forbes and Y. Choi, The curious case of neural text degeneration, 2020.

    Examples
    --------
    >>> logits = np.log([0.5, 0.25, 0.125, 0.125])
    >>> [int(np.isfinite(top_p(logits, p)).sum()) for p in (0.1, 0.5, 0.51, 0.75, 0.8, 1)]
    [1, 1, 2, 2, 3, 4]
    """
    p = check_number(p, name="p")
    if not 0 < p <= 1:
        raise ValueError(f"p must be above 0 and at most 1, got {p}; it is the probability to keep")
    least = check_whole(min_keep, name="min_keep", lowest=1)

    def keep(row: np.ndarray, space: np.ndarray) -> np.ndarray:
        kept = _nucleus(row, p, space)
        return kept if kept.size >= least else _largest(row, least)

    return _truncated(logits, axis, keep)


def min_p(logits: ArrayLike, p: float, *, axis: int = -1, min_keep: int = 1) -> np.ndarray:
    r"""Return the logits with all tokens less than p times as likely as the likeliest ruled out.

    .. math:: \text{keep token } i \iff p_i \ge p \max_j p_j \iff z_i \ge \max_j z_j + \log p

    Where the model is sure few pass, where it is not many do; no sum over the vocabulary is needed.

    Parameters
    ----------
    logits : array_like
        Scores in nats; -inf rules a token out from the start. For probabilities pass their logarithms.
    p : float
        The least ratio to the likeliest, from 0 to 1.
    axis : int
        The axis that runs over the tokens.
    min_keep : int
        How many of the likeliest tokens stay in any case.

    Returns
    -------
    ndarray of the shape of ``logits``
        Logits, -inf where ruled out; all that tie with the threshold stay. Keeps float32.

    Raises
    ------
    ValueError
        If p is not in [0, 1], ``min_keep`` < 1, a logit is NaN or +inf, a row is -inf throughout, or ``axis``
        does not exist.
    TypeError
        If ``logits`` does not hold real numbers, or ``min_keep`` is not whole.

    References
    ----------
    M. N. Nguyen and others, Turning up the heat: min-p sampling for creative and coherent LLM outputs, 2025.

    Examples
    --------
    >>> logits = np.log([0.5, 0.25, 0.125, 0.125])
    >>> [int(np.isfinite(min_p(logits, p)).sum()) for p in (0, 0.25, 0.3, 0.6)]
    [4, 4, 2, 1]
    """
    p = check_probability(p, name="p")
    drop = -math.log(p) if p > 0 else math.inf
    logits = check_logits(logits, axis=axis)
    top = logits.max(axis=axis, keepdims=True)
    # the rounding of log-probabilities, the largest of which is at least -log n
    slack = ROUNDING * np.finfo(logits.dtype).eps * (math.log(logits.shape[axis]) + min(drop, 1e3))
    with np.errstate(over="ignore"):
        kept = logits - top >= -drop - slack
    if check_whole(min_keep, name="min_keep", lowest=1) > 1:
        kept |= top_k(logits, min_keep, axis=axis) > -np.inf
    return np.where(kept, logits, logits.dtype.type(-np.inf))


def sample(
    logits: ArrayLike, size: Size = None, *, axis: int = -1, temperature: float = 1.0, rng: Seed = None
) -> int | np.ndarray:
    """Draw tokens from softmax(logits / T): lay the probabilities end to end, see where a uniform lands.

    Parameters
    ----------
    logits : array_like
        Scores in nats; -inf is never drawn.
    size : int, tuple of int or None
        How many draws of each row; None draws one.
    axis : int
        The axis that runs over the tokens.
    temperature : float
        T, above 0. For the limit of T = 0, greedy choice, keep only ``top_k(logits, 1)``.
    rng : Generator, int or None
        A generator or a seed.

    Returns
    -------
    int or ndarray of int64
        Of shape ``size`` followed by the shape of ``logits`` without ``axis``.

    Raises
    ------
    ValueError
        If a logit is NaN or +inf, a row is -inf throughout, ``axis`` does not exist, or the temperature is
        not positive and finite.
    TypeError
        If ``logits`` does not hold real numbers, or ``rng`` is no seed.

    Examples
    --------
    >>> logits = np.log([0.5, 0.3, 0.2])
    >>> sample(logits, 8, rng=0)
    array([1, 0, 0, 0, 2, 2, 1, 1])
    >>> sample(top_k(logits, 1), 8, rng=0)
    array([0, 0, 0, 0, 0, 0, 0, 0])
    """
    p = np.moveaxis(softmax(logits, axis=axis, temperature=temperature), axis, -1)
    edges = np.cumsum(p, axis=-1, dtype=np.float64)
    lead = as_shape(size)
    u = as_rng(rng).random((*lead, *p.shape[:-1])) * edges[..., -1]
    if edges.ndim == 1:
        return plain(np.searchsorted(edges, u, side="right"))
    rows = edges.reshape(-1, edges.shape[-1])
    draws = u.reshape(math.prod(lead), len(rows))
    drawn = np.empty(draws.shape, dtype=np.int64)
    for i, row in enumerate(rows):
        drawn[:, i] = np.searchsorted(row, draws[:, i], side="right")
    return drawn.reshape(u.shape)


def gumbel_softmax(
    logits: ArrayLike, size: Size = None, *, axis: int = -1, temperature: float = 1.0, rng: Seed = None
) -> np.ndarray:
    r"""Draw points that are nearly one-hot: a choice softened so that gradients can pass through it.

    .. math:: y = \operatorname{softmax}\bigl((z + g) / T\bigr), \qquad g_i \sim \text{Gumbel}(0, 1)

    The largest entry of y is a draw from softmax(z), whatever T; as T falls to 0, y becomes that choice's
    one-hot vector.

    Parameters
    ----------
    logits : array_like
        Scores in nats; -inf gives 0.
    size : int, tuple of int or None
        How many draws of each row; None draws one.
    axis : int
        The axis of ``logits`` that runs over the outcomes, counted from the back if there is a ``size``.
    temperature : float
        T, above 0.
    rng : Generator, int or None
        A generator or a seed.

    Returns
    -------
    ndarray of float64
        Of shape ``size`` followed by the shape of ``logits``.

    Raises
    ------
    ValueError
        If a logit is NaN or +inf, a row is -inf throughout, ``axis`` does not exist, or the temperature is
        not positive and finite.
    TypeError
        If ``logits`` does not hold real numbers, or ``rng`` is no seed.

    Notes
    -----
    In PyTorch ``F.gumbel_softmax``, whose tau is T.

    References
    ----------
    E. Jang, S. Gu and B. Poole, Categorical reparameterization with Gumbel-softmax, 2017; C. J. Maddison, A.
    Mnih and Y. W. Teh, The concrete distribution, 2017.

    Examples
    --------
    >>> logits = np.log([0.5, 0.3, 0.2])
    >>> gumbel_softmax(logits, temperature=1.0, rng=0).round(2)
    array([0.08, 0.15, 0.77])
    >>> gumbel_softmax(logits, temperature=0.01, rng=0).round(2)
    array([0., 0., 1.])
    """
    logits = check_logits(logits, axis=axis)
    temperature = check_positive(temperature, name="temperature")
    lead = as_shape(size)
    noise = as_rng(rng).gumbel(size=(*lead, *logits.shape))
    return softmax(logits + noise, axis=axis % logits.ndim - logits.ndim, temperature=temperature)


# -------------------------------------------------------------------------------------------- which to keep


Keep = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _truncated(logits: ArrayLike, axis: int, keep: Keep) -> np.ndarray:
    """Return -inf everywhere but at ``keep(row, space)``, the indices that each row of tokens keeps.

    The space has the row's size and type. Fetching fresh memory for each row would cost as much as its exp.
    """
    logits = check_logits(logits, axis=axis)
    out = np.full_like(logits, -np.inf)
    source, target = np.moveaxis(logits, axis, -1), np.moveaxis(out, axis, -1)
    space = np.empty(source.shape[-1], source.dtype)
    for at in np.ndindex(source.shape[:-1]):
        row = source[at]
        kept = keep(row, space)
        target[at][kept] = row[kept]
    return out


def _largest(row: np.ndarray, k: int) -> np.ndarray:
    """Return the indices of the k largest entries, of equal ones those that come first.

    The k-th largest of the blocks' own largest has k entries at or above it, so that nothing below it counts.
    """
    if k >= row.size:
        return np.arange(row.size)
    if row.size >= WIDE and k <= row.size // (4 * BLOCK):
        heads = row[: row.size // BLOCK * BLOCK].reshape(-1, BLOCK).max(axis=-1)
        candidates = np.flatnonzero(row >= np.partition(heads, -k)[-k])
        if candidates.size < row.size:
            return candidates[_largest(row[candidates], k)]
    threshold = np.partition(row, -k)[-k]
    above, equal = np.flatnonzero(row > threshold), np.flatnonzero(row == threshold)
    return np.concatenate([above, equal[: k - above.size]])


def _nucleus(row: np.ndarray, p: float, space: np.ndarray) -> np.ndarray:
    """Return the indices of the fewest tokens that reach the mass p.

    In a short row `_until` is the whole of it; the rest finds the same tokens without sorting a long row.
    There few tokens take part: those above a bar that is lowered until together they reach p. Buckets
    of falling logits take them in, and only the bucket in which their mass crosses p is sorted.
    """
    if p == 1:
        return np.arange(row.size)
    weights = np.exp(np.subtract(row, row.max(), out=space), out=space)
    total = float(weights.sum(dtype=np.float64))
    target = p * total * (1 - ROUNDING * float(np.finfo(row.dtype).eps))
    if row.size < WIDE:
        return _until(np.arange(row.size), row, weights, target)
    candidates = _above_a_bar(weights, 16 * (1 - p) * total / row.size, target)
    row, weights = row[candidates], weights[candidates]
    low, high = row.min(), row.max()
    if low == high:
        return candidates[_until(np.arange(row.size), row, weights, target)]
    bucket = ((high - row) / (high - low) * (BUCKETS - 1)).astype(np.intp)
    mass = np.cumsum(np.bincount(bucket, weights=weights))
    crossing = min(int(np.searchsorted(mass, target)), mass.size - 1)
    before = mass[crossing - 1] if crossing else 0.0
    tied = _until(np.flatnonzero(bucket == crossing), row, weights, target - before)
    return candidates[np.concatenate([np.flatnonzero(bucket < crossing), tied])]


def _above_a_bar(weights: np.ndarray, bar: float, target: float) -> np.ndarray:
    """Return the indices of weights that reach the target, all above a bar: the one given or a lower one.

    From (total - target) / n down it is low enough, for n weights below that cannot make up the difference.
    """
    while True:
        above = np.flatnonzero(weights >= bar)
        if weights[above].sum(dtype=np.float64) >= target:
            return above
        bar /= 4


def _until(tokens: np.ndarray, row: np.ndarray, weights: np.ndarray, target: float) -> np.ndarray:
    """Return those of ``tokens``, from the likeliest down, before which the mass is short of ``target``."""
    tokens = tokens[np.argsort(-row[tokens], kind="stable")]
    mass = np.cumsum(weights[tokens], dtype=np.float64)
    return tokens[: 1 + int(np.searchsorted(mass, target))]

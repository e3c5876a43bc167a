"""Surprise and its average: how many nats (or bits) an outcome carries, and how many to expect."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_lib._rows import BLOCK, FEW, SHORT, Extremes, extremes_of, row_sums, spans
from course_lib._validate import (
    as_array,
    as_counts,
    as_finite,
    as_float,
    as_probabilities,
    as_rows,
    as_unit,
    check_base,
    check_flag,
    check_masses,
    check_order,
    from_rows,
    plain,
    sum_tolerance,
)
from course_lib.divergence import kl_divergence
from course_lib.softmax import entropy_from_logits

__all__ = [
    "attention_entropy",
    "conditional_entropy",
    "cross_entropy",
    "entropy",
    "joint_entropy",
    "miller_madow_entropy",
    "perplexity",
    "plugin_entropy",
    "renyi_entropy",
    "surprisal",
]

# Exact on powers of their base, which log(p) / log(base) is not.
NEAR_HALF = 0.49  # at most two outcomes of a distribution lie above it, whatever its dtype's rounding

LOGARITHMS: dict[float, np.ufunc] = {2: np.log2, 10: np.log10}


def surprisal(p: ArrayLike, *, base: float = math.e) -> float | np.ndarray:
    r"""Return how surprising events of probability ``p`` are: log(1/p).

    .. math:: s(p) = \log \frac{1}{p}

    The only measure of surprise, up to its unit, that falls as p grows and adds up over independent events.

    Parameters
    ----------
    p : array_like
        Probabilities, from 0 to 1, in any shape; each entry is an event of its own and nothing need sum to 1.
    base : float
        Unit of the result: e gives nats (the default), 2 bits, 10 decimal digits.

    Returns
    -------
    float or ndarray of the shape of ``p``
        0 for a certain event, inf for an impossible one. Keeps float32; computes float16 in float32.

    Raises
    ------
    ProbabilityError
        If an entry is NaN or outside [0, 1].
    TypeError
        If ``p`` does not hold real numbers.
    ValueError
        If ``base`` is not positive, finite and different from 1.

    References
    ----------
    C. E. Shannon, A mathematical theory of communication, 1948, section 6.

    Examples
    --------
    >>> surprisal([1, 0.5, 0.25, 0], base=2)
    array([ 0.,  1.,  2., inf])
    >>> surprisal(1 / 52, base=2)                   # one card from a deck, in bits
    5.700439718141092
    """
    p, base = as_unit(p, name="p"), check_base(base)
    with np.errstate(divide="ignore"):
        log_p = np.asarray(LOGARITHMS.get(base, np.log)(p))
    if base not in LOGARITHMS:
        log_p /= math.log(base)
    return plain(np.subtract(0, log_p, out=log_p)[()])  # 0 - log 1 is 0.0, where -log 1 is -0.0


def entropy(
    p: ArrayLike, *, axis: int = -1, base: float = math.e, keepdims: bool = False, normalize: bool = False
) -> float | np.ndarray:
    r"""Return the entropy of the distributions along ``axis``: their expected surprise.

    .. math:: H(p) = \sum_i p_i \log \frac{1}{p_i}, \qquad 0 \log \tfrac{1}{0} = 0

    Parameters
    ----------
    p : array_like
        Probabilities; along ``axis`` they sum to 1.
    axis : int
        The axis that runs over outcomes.
    base : float
        Unit of the result: e gives nats (the default), 2 bits.
    keepdims : bool
        Keep ``axis``, with length 1, in the result.
    normalize : bool
        Take ``p`` as non-negative weights and divide by their sum.

    Returns
    -------
    float or ndarray
        From 0 (a certain outcome) to log n (n equally likely ones); the shape of ``p`` without ``axis``.

    Raises
    ------
    ProbabilityError
        If an entry is negative, NaN or infinite, if the sum is off 1 by more than 1e-8 (float32: 1e-4,
        float16: 1e-2), or if there is no outcome or no mass at all.
    TypeError
        If ``p`` does not hold real numbers.
    ValueError
        If ``axis`` does not exist, or ``base`` is not positive, finite and different from 1.

    Notes
    -----
    A sum that is off 1 within the tolerance is divided out. The relative error stays below 1e-14, also where
    one outcome is all but certain: at [1 - 1e-12, 1e-12], ``-sum(p * log(p))`` keeps some five digits.

    References
    ----------
    C. E. Shannon, A mathematical theory of communication, 1948, section 6.

    Examples
    --------
    >>> entropy([0.5, 0.5], base=2)
    1.0
    >>> entropy([1, 1, 2], base=2, normalize=True)
    1.5
    >>> entropy([[0.5, 0.5], [1.0, 0.0]], base=2)
    array([1., 0.])
    """
    base = check_base(base)
    p, tolerance = as_float(p, name="p"), sum_tolerance(p)
    if check_flag(normalize, name="normalize"):
        p = as_probabilities(p.astype(np.float64, copy=False), axis=axis, normalize=True)
    rows = as_rows(p, axis, name="p")
    h, seen = _entropy_rows(rows)  # it measures the sums anyway, so checking them costs no pass of its own
    check_masses(*seen, tolerance=tolerance, name="p", normalize=normalize)
    return from_rows(h / math.log(base), p.shape, axis, keepdims=keepdims)


def _entropy_rows(rows: np.ndarray) -> tuple[np.ndarray, Extremes]:
    """Return the entropy of each row in nats, and what its rows were like.

    With t the largest outcome, rest = sum of the others, total = t + rest, and p_i / total the distribution,

        H = (t log1p(rest / t) + rest log(total) - sum_others p log p) / total.

    The middle term is nearly 0 and the other two are positive, so nothing cancels. At [1 - 1e-12, 1e-12] the
    larger number, as a float, has lost all but four digits of its distance from 1; ``rest`` has them all.
    """
    few = rows.size <= FEW and len(rows) == 1 and _entropy_of_few(rows[0].tolist())
    return few or _entropy_of_many(rows)


def _entropy_of_few(p: list[float]) -> tuple[np.ndarray, Extremes] | None:
    """Return what the formula gives, cheaper than a dozen array calls; None where p is out of order."""
    lowest, t = min(p), max(p)
    p.remove(t)
    rest = sum(p)
    total = t + rest
    if not (lowest >= 0 and 0 < total < math.inf):
        return None
    plogp = sum([x * math.log(x) for x in p if x > 0])
    h = (t * math.log1p(rest / t) + rest * math.log(total) - plogp) / total
    return np.array([h]), Extremes(lowest, total, total)


@np.errstate(all="ignore")  # what infinities and NaN do to the numbers is for the caller to judge
def _entropy_of_many(rows: np.ndarray) -> tuple[np.ndarray, Extremes]:
    """Split the largest off in blocks that hold one near 1/2; elsewhere t = 0 and ``rest`` is the total."""
    t, rest, plogp = _partials(rows), _partials(rows), _partials(rows)
    lows, buffer = [], np.empty(min(rows.size, BLOCK))
    for block, at in _blocks(rows):
        lows.append(np.minimum.reduce(block, axis=None))
        zeros = not lows[-1] > 0
        sums = row_sums(block)
        if sums.max() > NEAR_HALF and np.maximum.reduce(block, axis=None) > NEAR_HALF:
            (t[at], block), zeros = _split_largest(block), True
            sums = row_sums(block)
        rest[at] = sums
        plogp[at] = _p_log_p_sums(block, buffer[: block.size].reshape(block.shape), zeros=zeros)
    h, total = _entropy_of_parts(t, rest, plogp)
    return h, extremes_of(lows, total)


def _entropy_of_parts(t: np.ndarray, rest: np.ndarray, plogp: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join the blocks of each row, then apply the formula; return the entropies and the totals."""
    rest, plogp = _add_parts(rest), _add_parts(plogp)
    if not t.any():
        return np.log(rest) - plogp / rest, rest
    largest = t.max(axis=-1)
    second = _add_parts(t) - largest  # a row may hold two halves, in different blocks
    rest = rest + second
    plogp = plogp + _p_log_p_sums(second[:, None], np.empty((len(second), 1)))
    total = largest + rest
    split = largest * np.log1p(rest / np.where(largest > 0, largest, 1))
    return (split + rest * np.log(total) - plogp) / total, total


def _split_largest(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest entry of each row, and a copy of the rows with 0 in its place."""
    where = np.arange(len(rows)), rows.argmax(axis=-1)
    others = rows.copy()
    others[where] = 0
    return rows[where], others


def _p_log_p_sums(p: np.ndarray, buffer: np.ndarray, *, zeros: bool = True) -> np.ndarray:
    """Add up p log p along each row; 0 where p is 0, unless the caller knows that there are no zeros."""
    log_p = np.log(np.add(p, p == 0, out=buffer) if zeros else p, out=buffer)  # log 1 instead of log 0
    if p.shape[1] <= SHORT:
        return np.einsum("ij,ij->i", p, log_p)
    return np.add.reduce(np.multiply(p, log_p, out=buffer), axis=-1)


def _blocks(rows: np.ndarray) -> Iterator[tuple[np.ndarray, tuple[slice, int]]]:
    """Yield float64 blocks of ``rows``, and where the results of each belong in a table of partial sums."""
    for strip, piece, part in spans(rows):
        yield np.ascontiguousarray(rows[strip, piece], dtype=np.float64), (strip, part)


def _partials(rows: np.ndarray) -> np.ndarray:
    """Return zeros for one result of each row from each block it has a part in."""
    return np.zeros((len(rows), -(-rows.shape[1] // BLOCK)))


def _add_parts(parts: np.ndarray) -> np.ndarray:
    """Add up what the blocks of each row gave; most rows lie in one block and leave nothing to add."""
    return parts[:, 0] if parts.shape[1] == 1 else parts.sum(axis=-1)


# ------------------------------------------------------------------------- two beliefs, two variables


def cross_entropy(
    p: ArrayLike,
    q: ArrayLike,
    *,
    axis: int = -1,
    base: float = math.e,
    keepdims: bool = False,
    normalize: bool = False,
) -> float | np.ndarray:
    r"""Return the cross-entropy: the surprise to expect if outcomes follow p and you believe q.

    .. math:: H(p, q) = \sum_i p_i \log \frac{1}{q_i} = H(p) + D_{\mathrm{KL}}(p \| q)

    Parameters
    ----------
    p, q : array_like of the same shape
        Distributions along ``axis``; p, the first, is the true one. Nothing is broadcast.
    axis : int
        The axis that runs over outcomes.
    base : float
        Unit of the result: e gives nats (the default), 2 bits.
    keepdims : bool
        Keep ``axis``, with length 1, in the result.
    normalize : bool
        Take p and q as non-negative weights and divide by their sums.

    Returns
    -------
    float or ndarray
        At least H(p); inf where p gives mass to an outcome that q rules out.

    Raises
    ------
    ProbabilityError, TypeError, ValueError
        As ``entropy``; ValueError also if the shapes differ.

    Notes
    -----
    Added up as H(p) plus the divergence: both are exact near their zeros, where sum p log(1/q) is not.
    ``torch.nn.functional.cross_entropy`` takes logits in place of q, in its first argument.

    References
    ----------
    T. M. Cover and J. A. Thomas, Elements of Information Theory, 2006, theorem 5.4.3: the wrong code's price.

    Examples
    --------
    >>> round(cross_entropy([0.5, 0.5], [0.99, 0.01], base=2), 3)      # a fair coin, believed to be 99/1
    3.329
    >>> cross_entropy([0.99, 0.01], [0.5, 0.5], base=2)
    1.0
    """
    options: dict[str, Any] = {"axis": axis, "base": base, "keepdims": keepdims, "normalize": normalize}
    return entropy(p, **options) + kl_divergence(p, q, **options)


def joint_entropy(joint: ArrayLike, *, base: float = math.e, normalize: bool = False) -> float:
    r"""Return the entropy of several variables together.

    .. math:: H(X, Y) = \sum_{x, y} p(x, y) \log \frac{1}{p(x, y)}

    Parameters
    ----------
    joint : array_like, one axis for each variable
        Their joint distribution: the whole table sums to 1.
    base, normalize
        As ``entropy``.

    Returns
    -------
    float
        From the larger of H(X) and H(Y) to H(X) + H(Y).

    Raises
    ------
    ProbabilityError, TypeError, ValueError
        As ``entropy``.

    References
    ----------
    T. M. Cover and J. A. Thomas, Elements of Information Theory, 2006, section 2.2.

    Examples
    --------
    >>> joint_entropy([[0.25, 0.25], [0.25, 0.25]], base=2)
    2.0
    """
    return float(entropy(as_array(joint, name="joint").ravel(), base=base, normalize=normalize))


def conditional_entropy(
    joint: ArrayLike, *, axis: int = -1, base: float = math.e, normalize: bool = False
) -> float:
    r"""Return how uncertain the variable along ``axis`` remains once all the others are known.

    .. math:: H(Y \mid X) = \sum_x p(x)\, H(Y \mid X = x) = H(X, Y) - H(X)

    Parameters
    ----------
    joint : array_like, one axis for each variable
        Their joint distribution: the whole table sums to 1.
    axis : int
        The axis of the variable asked about. With rows x and columns y, -1 gives H(Y|X) and 0 gives H(X|Y).
    base, normalize
        As ``entropy``.

    Returns
    -------
    float
        From 0 (the others tell it) to its own entropy (they say nothing about it).

    Raises
    ------
    ProbabilityError, TypeError, ValueError
        As ``entropy``.

    References
    ----------
    T. M. Cover and J. A. Thomas, Elements of Information Theory, 2006, section 2.2.

    Examples
    --------
    >>> conditional_entropy([[0.5, 0.0], [0.25, 0.25]], base=2)        # x = 0 tells y, x = 1 does not
    0.5
    """
    joint = as_array(joint, name="joint")
    p = as_probabilities(joint.ravel(), normalize=normalize, name="joint").reshape(joint.shape)
    rows = as_rows(p, axis, name="joint").astype(np.float64)
    weight = rows.sum(axis=-1)
    within = entropy(np.where(weight[:, None] > 0, rows, 1), base=base, normalize=True)
    return float(weight @ within)


# ------------------------------------------------------------------------------- relatives of entropy


def perplexity(
    p: ArrayLike, *, axis: int = -1, keepdims: bool = False, normalize: bool = False
) -> float | np.ndarray:
    r"""Return the effective number of choices: how many equally likely outcomes would be as uncertain.

    .. math:: \mathrm{PP}(p) = e^{H(p)}, \qquad H \text{ in nats}

    Parameters
    ----------
    p, axis, keepdims, normalize
        As ``entropy``.

    Returns
    -------
    float or ndarray
        A number of outcomes, from 1 to n; the same whichever unit H is measured in.

    Raises
    ------
    ProbabilityError, TypeError, ValueError
        As ``entropy``.

    References
    ----------
    F. Jelinek and others, Perplexity: a measure of the difficulty of speech recognition tasks, 1977.

    Examples
    --------
    >>> round(perplexity([0.25, 0.25, 0.25, 0.25]), 6)
    4.0
    >>> round(perplexity([0.7, 0.3]), 3)
    1.842
    """
    return plain(np.exp(entropy(p, axis=axis, keepdims=keepdims, normalize=normalize)))


def renyi_entropy(
    p: ArrayLike,
    alpha: float,
    *,
    axis: int = -1,
    base: float = math.e,
    keepdims: bool = False,
    normalize: bool = False,
) -> float | np.ndarray:
    r"""Return the Rényi entropy of order alpha: the larger alpha, the more only the likeliest outcomes count.

    .. math:: H_\alpha(p) = \frac{1}{1 - \alpha} \log \sum_i p_i^\alpha

    Order 0 is the log of the number of possible outcomes, 1 is Shannon's entropy, 2 is minus the log of the
    chance that two draws agree, and infinity is the min-entropy log(1/max p): what guards a password against
    the one best guess.

    Parameters
    ----------
    p : array_like
        Probabilities; along ``axis`` they sum to 1.
    alpha : float
        The order, from 0 to infinity.
    axis, base, keepdims, normalize
        As ``entropy``.

    Returns
    -------
    float or ndarray
        From 0 to log n; it never rises with alpha.

    Raises
    ------
    ProbabilityError, TypeError, ValueError
        As ``entropy``; ValueError also if ``alpha`` is negative or NaN.

    References
    ----------
    A. Rényi, On measures of entropy and information, 1961.

    Examples
    --------
    >>> password = [0.5, 0.125, 0.125, 0.125, 0.125]          # half of all people choose the first one
    >>> [round(renyi_entropy(password, a, base=2), 3) for a in (0, 1, 2, math.inf)]
    [2.322, 2.0, 1.678, 1.0]
    """
    unit = math.log(check_base(base))
    alpha = check_order(alpha)
    if alpha == 1:
        return entropy(p, axis=axis, base=base, keepdims=keepdims, normalize=normalize)
    given = as_probabilities(p, axis=axis, normalize=normalize)
    rows = as_rows(given, axis, name="p").astype(np.float64)
    return from_rows(_renyi_rows(rows, alpha) / unit, given.shape, axis, keepdims=keepdims)


def _renyi_rows(rows: np.ndarray, alpha: float) -> np.ndarray:
    """Return H_alpha of each row in nats, without cancellation near order 1 and near a certain outcome.

    With t the largest outcome and r = (sum of the others)/t, its probability is 1/(1 + r), and

        sum p^alpha = (1 + sum over the others of (p_i/t)^alpha) / (1 + r)^alpha.
    """
    largest, others = _split_largest(rows)
    relative = others / largest[:, None]
    surprise = np.log1p(relative.sum(axis=-1))  # of the largest
    if alpha == math.inf:
        return surprise
    if alpha == 0:
        return np.log(np.count_nonzero(rows, axis=-1))
    if abs(alpha - 1) < 0.5:
        return _renyi_near_shannon(relative, surprise, alpha)
    log_sum = np.log1p((relative**alpha).sum(axis=-1))
    return log_sum / (1 - alpha) - alpha / (1 - alpha) * surprise


def _renyi_near_shannon(relative: np.ndarray, surprise: np.ndarray, alpha: float) -> np.ndarray:
    """Return it through sum p^alpha - 1 = sum p (p^(alpha - 1) - 1), whose terms all have one sign."""
    some = relative > 0
    log_p = np.log(relative, where=some, out=np.zeros_like(relative)) - surprise[:, None]
    p = np.where(some, np.exp(log_p), 0)
    others = (p * np.expm1((alpha - 1) * log_p)).sum(axis=-1)
    return np.log1p(np.exp(-surprise) * np.expm1((1 - alpha) * surprise) + others) / (1 - alpha)


def attention_entropy(
    queries: ArrayLike, keys: ArrayLike, *, causal: bool = False, base: float = math.e
) -> float | np.ndarray:
    r"""Return how widely each query of an attention layer spreads its attention over the keys.

    .. math:: H\bigl(\mathrm{softmax}(q_i K^\top / \sqrt{d})\bigr)

    Near 0 the head looks at one place, near log m it averages over all m.

    Parameters
    ----------
    queries : array_like, shape (..., n, d)
        Query vectors, with the same leading axes (batch, head) as the keys.
    keys : array_like, shape (..., m, d)
        Key vectors.
    causal : bool
        Let query i see keys 0 … i only; needs n = m.
    base : float
        Unit of the result: e gives nats (the default), 2 bits.

    Returns
    -------
    ndarray of float64, shape (..., n)

    Raises
    ------
    ValueError
        If the shapes do not fit, or a score is NaN or infinite.

    References
    ----------
    A. Vaswani and others, Attention is all you need, 2017.

    Examples
    --------
    >>> attention_entropy(np.zeros((3, 8)), np.zeros((3, 8)), causal=True, base=2).round(3)
    array([0.   , 1.   , 1.585])
    """
    q, k = as_finite(queries, name="queries"), as_finite(keys, name="keys")
    if q.ndim < 2 or q.ndim != k.ndim or q.shape[:-2] != k.shape[:-2] or not q.shape[-1] == k.shape[-1] > 0:
        raise ValueError(f"queries (..., n, d) and keys (..., m, d) do not fit: {q.shape} and {k.shape}")
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    if check_flag(causal, name="causal"):
        if q.shape[-2] != k.shape[-2]:
            raise ValueError(f"causal attention needs as many queries as keys: {q.shape} and {k.shape}")
        scores = np.where(np.tri(q.shape[-2], dtype=bool), scores, -np.inf)
    return entropy_from_logits(scores, base=base)


# ------------------------------------------------------------------------------ estimates from counts


def plugin_entropy(
    counts: ArrayLike, *, axis: int = -1, base: float = math.e, keepdims: bool = False
) -> float | np.ndarray:
    r"""Return the entropy of the observed shares, the plug-in estimate: on average it is too small.

    .. math:: \hat H = \sum_i \frac{c_i}{n} \log \frac{n}{c_i}, \qquad E[\hat H] \approx H - \frac{K - 1}{2n}

    Parameters
    ----------
    counts : array_like of whole numbers
        How often each outcome was seen, along ``axis``.
    axis, base, keepdims
        As ``entropy``.

    Returns
    -------
    float or ndarray
        In the unit of ``base``; also the maximum-likelihood estimate.

    Raises
    ------
    TypeError
        If the counts are no real numbers.
    ValueError
        If a count is negative or nothing was counted.

    Notes
    -----
    The bias holds in nats.

    References
    ----------
    G. A. Miller, Note on the bias of information estimates, 1955.

    Examples
    --------
    >>> plugin_entropy([2, 1, 1], base=2)
    1.5
    """
    return entropy(_some_counts(counts, axis), axis=axis, base=base, keepdims=keepdims, normalize=True)


def miller_madow_entropy(
    counts: ArrayLike, *, axis: int = -1, base: float = math.e, keepdims: bool = False
) -> float | np.ndarray:
    r"""Return the plug-in estimate with its first-order bias added back.

    .. math:: \hat H_{\mathrm{MM}} = \hat H + \frac{\hat K - 1}{2n} \quad \text{nats}, \qquad
        \hat K = \text{outcomes seen at least once}

    Parameters
    ----------
    counts, axis, base, keepdims
        As ``plugin_entropy``.

    Returns
    -------
    float or ndarray
        In the unit of ``base``. It may exceed log K; outcomes never seen are not known to it.

    Raises
    ------
    TypeError, ValueError
        As ``plugin_entropy``.

    References
    ----------
    G. A. Miller, Note on the bias of information estimates, 1955.

    Examples
    --------
    >>> round(miller_madow_entropy([2, 1, 1]) - plugin_entropy([2, 1, 1]), 6)      # (3 - 1) / (2 * 4)
    0.25
    """
    c = _some_counts(counts, axis)
    keepdims = check_flag(keepdims, name="keepdims")
    seen = np.count_nonzero(c, axis=axis, keepdims=keepdims)
    correction = (seen - 1) / (2 * c.sum(axis=axis, keepdims=keepdims)) / math.log(check_base(base))
    return plain(plugin_entropy(c, axis=axis, base=base, keepdims=keepdims) + correction)


def _some_counts(counts: ArrayLike, axis: int) -> np.ndarray:
    c = as_counts(counts, name="counts")
    as_rows(c, axis, name="counts")
    if np.any(c.sum(axis=axis) == 0):
        raise ValueError("counts are all 0: an entropy cannot be estimated from no observation")
    return c

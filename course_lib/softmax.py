"""From scores to probabilities: log-sum-exp, softmax, temperature, and the entropy of what comes out.

Every function takes the largest logit of a row out first, so that no exponential can overflow. With T the
temperature, d_i = (z_i - max z) / T is zero for the largest and negative for the others, and all else is made
of two sums over the others, both of positive terms, so that nothing cancels:

    rest = sum exp(d),   drop = sum -d exp(d).
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from course_lib._rows import BLOCK, spans
from course_lib._validate import as_float, as_rows, check_base, check_logits, check_positive, from_rows

__all__ = ["entropy_from_logits", "entropy_slope", "log_softmax", "logsumexp", "softmax"]

OVERFLOWS = 1e-20  # of the largest float: a difference of logits overflows only if the larger is above that


def logsumexp(logits: ArrayLike, *, axis: int = -1, keepdims: bool = False) -> float | np.ndarray:
    r"""Return the logarithm of the sum of exponentials: a smooth maximum, and what softmax divides by.

    .. math:: \log \sum_i e^{z_i} = m + \log \sum_i e^{z_i - m}, \qquad m = \max_i z_i

    Parameters
    ----------
    logits : array_like
        Scores in nats; -inf adds nothing.
    axis : int
        The axis to sum over.
    keepdims : bool
        Keep ``axis``, with length 1, in the result.

    Returns
    -------
    float or ndarray
        From max(z) to max(z) + log n, in nats; -inf where all logits are. The error stays within 4 units in
        the last place of the result or of max(z), whichever is larger.

    Raises
    ------
    ValueError
        If a logit is NaN or +inf, or ``axis`` does not exist or is empty.
    TypeError
        If ``logits`` does not hold real numbers.

    Notes
    -----
    The name and the meaning of ``scipy.special.logsumexp`` and ``torch.logsumexp``.

    References
    ----------
    P. Blanchard, D. J. Higham and N. J. Higham, Accurately computing the log-sum-exp and softmax functions,
    2021.

    Examples
    --------
    >>> logsumexp([1000.0, 1000.0])                 # 1000 + log 2, where exp(1000) overflows
    1000.6931471805599
    >>> logsumexp([0.0, -40.0])                     # log(1 + 4e-18), which 1 + 4e-18 rounds away
    4.248354255291589e-18
    >>> logsumexp([-math.inf, -math.inf])
    -inf
    """
    rows, shape = _as_rows(logits, axis)
    top, rest, _ = _sums(rows, drops=False)
    check_logits(np.where(top == -np.inf, 0, top)[:, None])  # a sum of nothing is no error here
    # top + log(1 + rest): the 1 is exp(0), the largest logit's own term
    return from_rows(top + np.log1p(rest), shape, axis, keepdims=keepdims)


def softmax(logits: ArrayLike, *, axis: int = -1, temperature: float = 1.0) -> np.ndarray:
    r"""Return the probabilities that logits stand for: exponentials, divided by their sum.

    .. math:: p_i = \frac{e^{z_i / T}}{\sum_j e^{z_j / T}}

    Adding a constant to all logits changes nothing. As T falls to 0 the largest takes everything, as T grows
    all outcomes become alike.

    Parameters
    ----------
    logits : array_like
        Scores in nats; -inf gives probability 0.
    axis : int
        The axis that runs over the outcomes.
    temperature : float
        T, above 0.

    Returns
    -------
    ndarray of the shape of ``logits``
        Distributions along ``axis``. Keeps float32; computes float16 in float32. At T = 1 each entry is
        within 4 units in the last place.

    Raises
    ------
    ValueError
        If a logit is NaN or +inf, a row is -inf throughout, ``axis`` does not exist or is empty, or the
        temperature is not positive and finite.
    TypeError
        If ``logits`` does not hold real numbers.

    Notes
    -----
    The name and the meaning of ``scipy.special.softmax`` and ``torch.softmax``, at T = 1.

    References
    ----------
    J. S. Bridle, Training stochastic model recognition algorithms as networks, 1989.

    Examples
    --------
    >>> softmax([1.0, 2.0, 3.0])
    array([0.09003057, 0.24472847, 0.66524096])
    >>> softmax([1.0, 2.0, 3.0], temperature=0.5).round(3)
    array([0.016, 0.117, 0.867])
    """
    # exp(d) / sum exp(d), where sum exp(d) = 1 + rest
    return _elementwise(logits, axis, temperature, lambda d, e, rest: np.divide(e, 1 + rest, out=e))


def log_softmax(logits: ArrayLike, *, axis: int = -1, temperature: float = 1.0) -> np.ndarray:
    r"""Return the logarithms of softmax, exact also where the probabilities round to 0 or to 1.

    .. math:: \log p_i = \frac{z_i}{T} - \log \sum_j e^{z_j / T}

    Parameters
    ----------
    logits : array_like
        Scores in nats.
    axis : int
        The axis that runs over the outcomes.
    temperature : float
        T, above 0.

    Returns
    -------
    ndarray of the shape of ``logits``
        In nats, each at most 0. Keeps float32; computes float16 in float32.

    Raises
    ------
    ValueError
        If a logit is NaN or +inf, a row is -inf throughout, ``axis`` does not exist or is empty, or the
        temperature is not positive and finite.
    TypeError
        If ``logits`` does not hold real numbers.

    Notes
    -----
    The name and the meaning of ``scipy.special.log_softmax`` and ``torch.log_softmax``, at T = 1.

    Examples
    --------
    >>> log_softmax([0.0, 0.0])
    array([-0.69314718, -0.69314718])
    >>> log_softmax([0.0, -1000.0, -40.0])          # the logarithm of softmax would give 0, -inf, -40
    array([-4.24835426e-18, -1.00000000e+03, -4.00000000e+01])
    """
    # d - log sum exp(d)
    return _elementwise(logits, axis, temperature, lambda d, e, rest: np.subtract(d, np.log1p(rest), out=d))


def entropy_from_logits(
    logits: ArrayLike,
    *,
    axis: int = -1,
    temperature: float = 1.0,
    base: float = math.e,
    keepdims: bool = False,
) -> float | np.ndarray:
    r"""Return the entropy of softmax(logits / T) without forming the probabilities.

    .. math:: H = \log \sum_j e^{z_j / T} - \sum_i p_i \frac{z_i}{T}

    Parameters
    ----------
    logits : array_like
        Scores in nats.
    axis : int
        The axis that runs over the outcomes.
    temperature : float
        T, above 0.
    base : float
        Unit of the result: e gives nats, 2 gives bits.
    keepdims : bool
        Keep ``axis``, with length 1, in the result.

    Returns
    -------
    float or ndarray
        From 0 to log n; its relative error stays small also where one outcome is all but certain.

    Raises
    ------
    ValueError
        If a logit is NaN or +inf, a row is -inf throughout, ``axis`` does not exist or is empty, the
        temperature is not positive and finite, or ``base`` makes no unit.
    TypeError
        If ``logits`` does not hold real numbers.

    Examples
    --------
    >>> entropy_from_logits([0.0, 0.0, 0.0, 0.0], base=2)
    2.0
    >>> [round(entropy_from_logits([1.0, 2.0, 3.0], temperature=t), 3) for t in (0.2, 1.0, 5.0)]
    [0.041, 0.832, 1.085]
    """
    unit = math.log(check_base(base))
    rows, shape = _as_rows(logits, axis)
    top, rest, drop = _sums(rows, check_positive(temperature, name="temperature"))
    check_logits(top[:, None])
    return from_rows((np.log1p(rest) + drop / (1 + rest)) / unit, shape, axis, keepdims=keepdims)


def entropy_slope(
    logits: ArrayLike, *, axis: int = -1, temperature: float = 1.0, keepdims: bool = False
) -> float | np.ndarray:
    r"""Return how fast the entropy of softmax(logits / T) rises with the temperature.

    .. math:: \frac{\mathrm{d} H}{\mathrm{d} T} = \frac{\operatorname{Var}_p(z)}{T^3}, \qquad
        p = \operatorname{softmax}(z / T)

    Never negative: heat opens every choice up. In physics, where z = -energy, T dH/dT is the heat capacity.

    Parameters
    ----------
    logits : array_like
        Scores z in nats.
    axis : int
        The axis that runs over the outcomes.
    temperature : float
        T, above 0.
    keepdims : bool
        Keep ``axis``, with length 1, in the result.

    Returns
    -------
    float or ndarray
        In nats per unit of temperature.

    Raises
    ------
    ValueError, TypeError
        As for ``entropy_from_logits``.

    Examples
    --------
    >>> round(entropy_slope([1.0, 2.0, 3.0], temperature=1.0), 4)
    0.4244
    """
    rows, shape = _as_rows(logits, axis)
    rows = rows.astype(np.float64)
    p, top = softmax(rows, temperature=temperature), rows.max(axis=-1, keepdims=True)
    z = np.where(p > 0, rows / 2 - top / 2, 0) / temperature * 2  # halves: the whole difference may overflow
    z -= np.sum(p * z, axis=-1, keepdims=True)
    with np.errstate(over="ignore"):
        slope = np.sum(p * np.square(z), axis=-1) / temperature
    return from_rows(slope, shape, axis, keepdims=keepdims)


# ----------------------------------------------------------------------------------------------- the two sums


def _as_rows(logits: ArrayLike, axis: int) -> tuple[np.ndarray, tuple[int, ...]]:
    logits = as_float(logits, name="logits")
    if logits.ndim == 0:
        check_logits(logits)  # which says what to do about a single number
    return as_rows(logits, axis, name="logits"), logits.shape


def _sums(
    rows: np.ndarray, temperature: float = 1.0, *, drops: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the largest logit of each row, and ``rest`` and ``drop`` of the others (see the module's top).

    Without ``drops`` the work for the last is left out, and it means nothing. A row longer than a block is
    summed by blocks, each about its own largest, in one pass over the memory.
    """
    pieces = -(-rows.shape[1] // BLOCK)
    top, rest, drop = np.zeros((3, len(rows), pieces))
    space = _space(rows)
    for i, j, piece in spans(rows):
        block = rows[i, j]
        first = np.arange(len(block)), block.argmax(axis=-1)  # of several largest the first; of NaN, NaN
        top[i, piece] = largest = block[first]
        d, e = _exponentials(block, largest, temperature, space, exact=block.dtype == np.float64)
        e[first] = 0
        rest[i, piece] = e.sum(axis=-1)
        if drops:
            drop[i, piece] = _drop(d, e)
    return (top[:, 0], rest[:, 0], drop[:, 0]) if pieces == 1 else _joined(top, rest, drop, temperature)


def _joined(
    tops: np.ndarray, rests: np.ndarray, drops: np.ndarray, temperature: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bring the blocks' sums, shape (R, pieces), about one largest logit a row."""
    first = np.arange(len(tops)), tops.argmax(axis=-1)
    d, e = _exponentials(tops, tops[first], temperature, np.empty((4, tops.size)), exact=True)
    others = 1 + rests  # a block adds its own largest too, but for the block that holds the row's largest
    others[first] = rests[first]
    return tops[first], (others * e).sum(axis=-1), (drops * e).sum(axis=-1) + _drop(d, others * e)


def _drop(d: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the sum of -d times its weight, at the cost of d; what weighs nothing adds nothing."""
    with np.errstate(invalid="ignore"):
        products = np.multiply(d, weights, out=d)
    drop = products.sum(axis=-1)
    if np.isnan(drop).any():  # 0 times infinity; rare, so looked for only now
        products[np.isnan(products)] = 0
        drop = products.sum(axis=-1)
    return 0 - drop


def _space(rows: np.ndarray) -> np.ndarray:
    """Return room for four blocks, to be used again and again."""
    return np.empty((4, min(rows.size, BLOCK)), rows.dtype)


def _exponentials(
    rows: np.ndarray, top: np.ndarray, temperature: float, space: np.ndarray, *, exact: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return d = (z - top)/T and exp(d), in ``space``; if ``exact``, with the rounding of z - top taken back.

    At z - top = -700 that rounding would cost the exponential more than two digits.
    """
    d, e, lost, spare = space[:, : rows.size].reshape(4, *rows.shape)
    top = np.where(np.isfinite(top), top, 0)[:, None]
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        np.subtract(rows, top, out=d)
        if exact:
            _rounding_error(rows, top, d, lost, spare)
        if temperature != 1:
            _divide(d, temperature)
            if temperature > 1 and top.max(initial=0) > OVERFLOWS * np.finfo(d.dtype).max:
                far = d == -np.inf
                d[far] = (rows / 2 - top / 2)[far] / np.float64(temperature) * 2  # halves stay in range
                lost[far] = 0
        np.exp(d, out=e)
        if exact:
            e += np.multiply(e, _divide(lost, temperature), out=lost)
            if np.isnan(e.max()):  # from infinite logits, whose exponential is 0 without any correction
                e[d == -np.inf] = 0
    return d, e


def _divide(x: np.ndarray, temperature: float) -> np.ndarray:
    """Divide in place by a number that the dtype of x may be too coarse for; then in double precision."""
    limits = np.finfo(x.dtype)
    known = float(limits.tiny) <= temperature <= float(limits.max)
    divisor = x.dtype.type(temperature) if known else np.float64(temperature)
    return np.divide(x, divisor, out=x, casting="same_kind")


def _rounding_error(a: np.ndarray, b: np.ndarray, difference: np.ndarray, out: np.ndarray, spare: np.ndarray):
    """Work (a - b) - difference out exactly, where difference is a - b as floating point gives it.

    (a - (difference - taken)) - (b + taken) with taken = difference - a. D. E. Knuth, The art of computer
    programming, volume 2, section 4.2.2.
    """
    taken = np.subtract(difference, a, out=spare)
    np.subtract(a, np.subtract(difference, taken, out=out), out=out)
    np.subtract(out, np.add(b, taken, out=spare), out=out)


def _elementwise(logits: ArrayLike, axis: int, temperature: float, finish) -> np.ndarray:
    """Return finish(d, exp(d), rest) for every logit, in the shape and the dtype of ``logits``."""
    rows, shape = _as_rows(logits, axis)
    top, rest, _ = _sums(rows, check_positive(temperature, name="temperature"), drops=False)
    check_logits(top[:, None])
    out = np.empty_like(rows)
    space = _space(rows)
    for i, j, _ in spans(rows):
        d, e = _exponentials(rows[i, j], top[i].astype(rows.dtype), temperature, space, exact=True)
        out[i, j] = finish(d, e, rest[i, None].astype(rows.dtype))
    axis %= len(shape)
    return np.moveaxis(out.reshape(*shape[:axis], *shape[axis + 1 :], shape[axis]), -1, axis)

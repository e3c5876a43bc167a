"""What one variable tells about another: from a table and from labels; what an observer must still get wrong.

A table is always the joint distribution, so that the marginals cannot disagree with it.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from course_lib._rows import BLOCK, CLOSE
from course_lib._stable import TINY, deviance
from course_lib._validate import (
    as_array,
    as_labels,
    as_probabilities,
    check_base,
    check_flag,
    check_number,
    check_whole,
    plain,
)
from course_lib.divergence import kl_divergence

__all__ = [
    "conditional_mutual_information",
    "fano_bound",
    "interaction_information",
    "mutual_info_score",
    "mutual_information",
    "normalized_mutual_info_score",
    "pointwise_mutual_information",
]

INT64_SQUARES = 3_000_000_000  # up to here n^2 fits in 64 bits; above, Python's own integers take over
CELLS_A_SAMPLE = 8  # a contingency table of more cells than this times the samples is mostly empty

MEANS: dict[str, Callable[[float, float], float]] = {
    "arithmetic": lambda a, b: (a + b) / 2,
    "geometric": lambda a, b: math.sqrt(a * b),
    "min": min,
    "max": max,
}


# ------------------------------------------------------------------------------------ from a table


def mutual_information(
    joint: ArrayLike, *, base: float = math.e, normalize: bool = False
) -> float | np.ndarray:
    r"""Return the mutual information of the two variables of a joint table.

    .. math:: I(X; Y) = D_{\mathrm{KL}}\bigl(p(x, y) \,\|\, p(x)\, p(y)\bigr) = H(X) + H(Y) - H(X, Y)

    Symmetric, never negative, zero only for independent variables.

    Parameters
    ----------
    joint : array_like, shape (..., X, Y)
        Joint distribution: each table of the last two axes sums to 1. Counts are welcome with
        ``normalize=True``; in whole numbers they are compared exactly, as c n - r s, however near
        independence lies.
    base : float
        Unit of the result: e gives nats, 2 gives bits.
    normalize : bool
        Take the entries as weights or counts and divide by their sum.

    Returns
    -------
    float or ndarray
        Of the leading shape; float64.

    Raises
    ------
    ProbabilityError
        If a table is not a joint distribution.
    ValueError
        If there are fewer than two axes, or ``base`` makes no unit.
    TypeError
        If ``joint`` does not hold real numbers.

    Notes
    -----
    With counts of labels it is ``sklearn.metrics.mutual_info_score(None, None, contingency=counts)``.

    References
    ----------
    C. E. Shannon, A mathematical theory of communication, 1948.

    Examples
    --------
    >>> mutual_information([[0.5, 0.0], [0.0, 0.5]], base=2)
    1.0
    >>> mutual_information([[10, 20], [30, 60]], normalize=True)
    0.0
    """
    unit = math.log(check_base(base))
    joint, counts = as_array(joint, name="joint"), _are_counts(joint, normalize)
    p = _as_joint(joint, 2, normalize)
    if counts:
        values = [_information_of_counts(table) for table in joint.reshape(-1, *joint.shape[-2:])]
        return plain(np.array(values).reshape(joint.shape[:-2]) / unit)
    row, column = p.sum(axis=-1, keepdims=True), p.sum(axis=-2, keepdims=True)
    independent = row * column
    # Where a cell is rare in both margins the product leaves the range of a float; its logarithm does not.
    # The cell's own term is added by logarithms, less the p that the others lose when it is left out.
    lost = (p > 0) & (independent < TINY)
    flat = (*p.shape[:-2], p.shape[-2] * p.shape[-1])
    likely, expected = (np.where(lost, 0, table).reshape(flat) for table in (p, independent))
    kl = kl_divergence(likely, expected, normalize=True)
    if lost.any():
        log_p, log_row, log_column = (np.log(np.where(a > 0, a, 1)) for a in (p, row, column))
        kl = kl + np.where(lost, p * (log_p - log_row - log_column - 1), 0).sum(axis=(-2, -1))
    return plain(kl / unit)


def conditional_mutual_information(
    joint: ArrayLike, *, base: float = math.e, normalize: bool = False
) -> float | np.ndarray:
    r"""Return what X and Y tell about each other once Z is known.

    .. math:: I(X; Y \mid Z) = \sum_z p(z)\, I(X; Y \mid Z = z)

    Parameters
    ----------
    joint : array_like, shape (..., X, Y, Z)
        Joint distribution of three variables, or weights with ``normalize=True``.
    base, normalize
        As in ``mutual_information``.

    Returns
    -------
    float or ndarray
        Of the leading shape; never negative.

    Raises
    ------
    ProbabilityError, ValueError, TypeError
        As in ``mutual_information``.

    References
    ----------
    T. M. Cover and J. A. Thomas, Elements of Information Theory, 2006, section 2.5.

    Examples
    --------
    >>> xor = np.zeros((2, 2, 2))
    >>> xor[0, 0, 0] = xor[0, 1, 1] = xor[1, 0, 1] = xor[1, 1, 0] = 1 / 4
    >>> conditional_mutual_information(xor, base=2)       # each alone says nothing, given the third all
    1.0
    """
    check_base(base)
    tables = np.moveaxis(_as_joint(joint, 3, normalize), -1, 0)  # (Z, ..., X, Y)
    weight = tables.sum(axis=(-2, -1))
    given_z = np.where(weight[..., None, None] > 0, tables, 1)  # an impossible z has any table, at no weight
    return plain(np.sum(weight * mutual_information(given_z, base=base, normalize=True), axis=0))


def interaction_information(
    joint: ArrayLike, *, base: float = math.e, normalize: bool = False
) -> float | np.ndarray:
    r"""Return what three variables share: the middle of the three-circle diagram, which may be negative.

    .. math:: I(X; Y; Z) = I(X; Y) - I(X; Y \mid Z)

    Symmetric in the three. Positive: redundancy, Z explains part of what X and Y share. Negative: synergy, as
    in XOR, where knowing Z creates a dependence. This is the sign of the diagram (also called
    co-information); some texts use the opposite one. Total correlation is a different quantity.

    Parameters
    ----------
    joint, base, normalize
        As in ``conditional_mutual_information``.

    Returns
    -------
    float or ndarray
        Of the leading shape; float64.

    Raises
    ------
    ProbabilityError, ValueError, TypeError
        As in ``mutual_information``.

    References
    ----------
    W. J. McGill, Multivariate information transmission, 1954; A. J. Bell, The co-information lattice, 2003.

    Examples
    --------
    >>> xor = np.zeros((2, 2, 2))
    >>> xor[0, 0, 0] = xor[0, 1, 1] = xor[1, 0, 1] = xor[1, 1, 0] = 1 / 4
    >>> interaction_information(xor, base=2)
    -1.0
    """
    p = _as_joint(joint, 3, normalize)
    pair = mutual_information(p.sum(axis=-1), base=base, normalize=True)
    return pair - conditional_mutual_information(p, base=base, normalize=True)


def pointwise_mutual_information(
    joint: ArrayLike, *, base: float = math.e, normalize: bool = False
) -> np.ndarray:
    r"""Return how much more surprising x and y are apart than together, for each pair.

    .. math:: \mathrm{pmi}(x, y) = \log \frac{p(x, y)}{p(x)\, p(y)}

    Its mean under the joint is the mutual information. Single pairs may be negative; a pair that never occurs
    has -inf.

    Parameters
    ----------
    joint, base, normalize
        As in ``mutual_information``.

    Returns
    -------
    ndarray of float64
        Of the shape of ``joint``.

    Raises
    ------
    ProbabilityError, ValueError, TypeError
        As in ``mutual_information``.

    References
    ----------
    K. W. Church and P. Hanks, Word association norms, mutual information, and lexicography, 1990.

    Examples
    --------
    >>> pointwise_mutual_information([[0.5, 0.0], [0.0, 0.5]], base=2)
    array([[  1., -inf],
           [-inf,   1.]])
    """
    unit = math.log(check_base(base))
    p = _as_joint(joint, 2, normalize)
    row, column = (np.where(p > 0, p.sum(axis=axis, keepdims=True), 1) for axis in (-1, -2))
    with np.errstate(divide="ignore", over="ignore"):
        given = p / row
        pmi = np.log(given / column)
        lost = (p > 0) & ((given < TINY) | (pmi == np.inf))  # the quotients have lost digits, not their logs
        return np.where(lost, np.log(p) - np.log(row) - np.log(column), pmi) / unit


def _as_joint(joint: ArrayLike, variables: int, normalize: bool) -> np.ndarray:
    """Return a joint table of some variables as float64, checked over its last axes together."""
    shape = as_array(joint, name="joint").shape
    if len(shape) < variables:
        raise ValueError(f"joint needs {variables} axes, one per variable, and has shape {shape}")
    flat = np.reshape(joint, (*shape[:-variables], math.prod(shape[-variables:])))
    return as_probabilities(flat, normalize=normalize, name="joint").astype(np.float64).reshape(shape)


def _are_counts(joint: ArrayLike, normalize: bool) -> bool:
    return check_flag(normalize, name="normalize") and np.asarray(joint).dtype.kind in "iu"


def _information_of_counts(counts: np.ndarray) -> float:
    """Return the mutual information of a table of whole numbers, in nats."""
    return _information_of_cells(*_cells_of_table(counts))


def _cells_of_table(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return the counts of the cells that occur, the sums of their rows and columns, and the total."""
    n = int(counts.sum(dtype=object))
    counts = counts.astype(np.int64 if n <= INT64_SQUARES else object)
    row, column = np.nonzero(counts)
    return counts[row, column], counts.sum(axis=1)[row], counts.sum(axis=0)[column], n


def _information_of_cells(c: np.ndarray, r: np.ndarray, s: np.ndarray, n: int) -> float:
    """Return the information in nats from the counts of cells that occur, their row sums and column sums.

    p(x,y) - p(x)p(y) is (c n - r s)/n^2, an integer over an integer. To the stable sum an empty cell adds
    p(x)p(y).
    """
    together, apart = c * n, r * s
    p, q, d = (a.astype(np.float64) / n**2 for a in (together, apart, together - apart))
    plain_sum = float(np.sum(p * np.log(p / q)))
    if plain_sum > CLOSE:
        return plain_sum
    return float(np.sum(deviance(p, q, d))) + (n**2 - int(np.sum(apart))) / n**2


# -------------------------------------------------------------------------------------- from labels


def mutual_info_score(x: ArrayLike, y: ArrayLike, *, base: float = math.e) -> float:
    r"""Return the plug-in mutual information of two sequences of labels: that of their table of counts.

    .. math:: \hat I(X; Y) = \sum_{x,y} \frac{c_{xy}}{n} \log \frac{c_{xy}\, n}{r_x\, s_y}

    On average it is too large, for independent labels by about (|X| - 1)(|Y| - 1)/2n nats.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Labels of n samples: whole numbers, booleans or strings.
    base : float
        Unit of the result: e gives nats, 2 gives bits.

    Returns
    -------
    float
        Never negative.

    Raises
    ------
    TypeError
        If the labels are real numbers: for those see ``ksg``.
    ValueError
        If there are no labels, or x and y differ in length.

    Notes
    -----
    ``sklearn.metrics.mutual_info_score(x, y)`` is the same, in nats.

    References
    ----------
    G. A. Miller, Note on the bias of information estimates, 1955, for the bias.

    Examples
    --------
    >>> mutual_info_score([0, 0, 1, 1], ["a", "a", "b", "b"], base=2)
    1.0
    """
    unit = math.log(check_base(base))
    return _information_of_cells(*_counts_of_labels(x, y)) / unit


def normalized_mutual_info_score(x: ArrayLike, y: ArrayLike, *, average: str = "arithmetic") -> float:
    r"""Return the mutual information of two sequences of labels as a share of their entropies, from 0 to 1.

    .. math:: \mathrm{NMI}(X; Y) = \frac{\hat I(X; Y)}{M\bigl(\hat H(X), \hat H(Y)\bigr)}

    It is 1 if x and y divide the samples into the same groups, whatever these are called, and 0 if one label
    tells nothing about the other. Two sequences that hold a single label each agree, so that it is 1 there.
    Chance alone makes it positive, the more so the more labels there are.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Labels of n samples: whole numbers, booleans or strings.
    average : {"arithmetic", "geometric", "min", "max"}
        Which mean M of the two entropies to divide by.

    Returns
    -------
    float
        A share, without a unit.

    Raises
    ------
    TypeError
        If the labels are real numbers.
    ValueError
        If there are no labels, x and y differ in length, or ``average`` is none of the four.

    References
    ----------
    A. Strehl and J. Ghosh, Cluster ensembles, 2002. ``sklearn.metrics.normalized_mutual_info_score(x, y,
    average_method=average)`` is the same.

    Examples
    --------
    >>> normalized_mutual_info_score([0, 0, 1, 1], ["b", "b", "a", "a"])
    1.0
    >>> round(normalized_mutual_info_score([0, 0, 1, 1], [0, 1, 2, 2]), 3)
    0.8
    """
    if not isinstance(average, str) or average not in MEANS:
        raise ValueError(f"average must be one of {', '.join(MEANS)}, not {average!r}")
    cells, r, s, n = _counts_of_labels(x, y)
    h_x, h_y = _mean_log(n / r, cells), _mean_log(n / s, cells)
    if h_x == h_y == 0:
        return 1.0
    if h_x == 0 or h_y == 0:
        return 0.0
    return _information_of_cells(cells, r, s, n) / MEANS[average](h_x, h_y)


def _mean_log(x: np.ndarray, counts: np.ndarray) -> float:
    return float(counts @ np.log(x) / counts.sum())


def _counts_of_labels(x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return the counts of the pairs that occur, how often each one's x and its y occurs, and the total."""
    x, y = as_labels(x, name="x"), as_labels(y, name="y")
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} labels and y has {len(y)}; give one of each for every sample")
    (x, rows), (y, columns) = _as_codes(x), _as_codes(y)
    if rows * columns <= CELLS_A_SAMPLE * len(x) + 1024:
        return _cells_of_table(_contingency(x, y, rows, columns))
    cells, counts = np.unique(x * columns + y, return_counts=True)  # a table would be mostly empty
    r, s = np.bincount(x)[cells // columns], np.bincount(y)[cells % columns]
    return counts, r, s, len(x)


def _contingency(x: np.ndarray, y: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Count the pairs of codes, with one counter for each cell of the table."""
    cells = rows * columns
    counts, step = np.zeros(cells, dtype=np.int64), max(BLOCK, cells)
    for i in range(0, len(x), step):
        counts += np.bincount(x[i : i + step] * columns + y[i : i + step], minlength=cells)
    return counts.reshape(rows, columns)


def _as_codes(labels: np.ndarray) -> tuple[np.ndarray, int]:
    """Return labels as numbers from 0, and how many to expect; whole numbers are at most shifted."""
    if labels.dtype.kind in "US" or labels.dtype == np.uint64:
        return _dense_codes(labels)
    low, high = int(labels.min()), int(labels.max())
    if high - low > CELLS_A_SAMPLE * len(labels) + 1024:
        return _dense_codes(labels)
    codes = labels.astype(np.int64, copy=False)
    return (codes - low if low else codes), high - low + 1


def _dense_codes(labels: np.ndarray) -> tuple[np.ndarray, int]:
    values, codes = np.unique(labels, return_inverse=True)
    return codes, len(values)


# ------------------------------------------------------------------------------------------- bounds


def fano_bound(conditional_entropy: float, n_classes: int, *, base: float = math.e) -> float:
    r"""Return a lower bound on the error rate of every guess of X from Y: Fano's inequality, solved for P_e.

    .. math:: H(X \mid Y) \le h(P_e) + P_e \log(K - 1)

    Parameters
    ----------
    conditional_entropy : float
        H(X|Y), from 0 to log K, in the unit of ``base``.
    n_classes : int
        K, the number of values X can take, at least 2.
    base : float
        Unit of ``conditional_entropy``: e means nats, 2 means bits.

    Returns
    -------
    float
        The least P_e that satisfies the inequality: a probability from 0 to 1 - 1/K.

    Raises
    ------
    ValueError
        If H(X|Y) is outside [0, log K], or K is below 2.

    Notes
    -----
    The looser form (H(X|Y) - log 2)/log K follows from it.

    References
    ----------
    R. M. Fano, Transmission of Information, 1961.

    Examples
    --------
    >>> round(fano_bound(1.0, 2, base=2), 6)          # one bit missing of one bit: a coin flip
    0.5
    >>> round(fano_bound(0.8813, 2, base=2), 3)
    0.3
    """
    h = check_number(conditional_entropy, name="conditional_entropy") * math.log(check_base(base))
    most = math.log(check_whole(n_classes, name="n_classes", lowest=2))
    if not 0 <= h <= most * (1 + 1e-12):
        raise ValueError(f"conditional_entropy must be from 0 to log K = {most:.6g} nats, got {h:.6g} nats")
    if h == 0:
        return 0.0
    low, high = 0.0, 1 - 1 / n_classes  # in between, the right-hand side rises from 0 to log K
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if _fano_entropy(middle, n_classes) < h else (low, middle)
    return high


def _fano_entropy(error: float, n_classes: int) -> float:
    return error * (math.log(n_classes - 1) - math.log(error)) - (1 - error) * math.log1p(-error)

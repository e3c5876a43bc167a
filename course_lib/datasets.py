"""Real data that needs no download: scikit-learn's digits, and English that every Python carries."""

import importlib.util
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course_lib._validate import as_rng

__all__ = ["DigitsPart", "DigitsSplit", "digits_split", "english_text", "load_digits_counts"]


class DigitsPart(NamedTuple):
    """One part of a data set: ``X`` of shape (N, 64), dtype uint8, and the labels ``y`` of shape (N,)."""

    X: np.ndarray
    y: np.ndarray


class DigitsSplit(NamedTuple):
    """The digits in three parts that share no image: ``train`` to fit, ``valid`` to choose, ``test``."""

    train: DigitsPart
    valid: DigitsPart
    test: DigitsPart


def load_digits_counts() -> tuple[np.ndarray, np.ndarray]:
    """Return the 1797 handwritten digits as counts of ink, and what they show.

    Each image is 8 by 8 pixels, flattened row by row; a pixel counts how many of the 16 cells of a 4 by 4
    patch of the original scan are inked, so it is a whole number from 0 to 16.

    Returns
    -------
    X : ndarray of uint8, shape (1797, 64)
        Counts from 0 to 16.
    y : ndarray of int, shape (1797,)
        The digit shown, 0 to 9.

    References
    ----------
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
    1998 (the test set), as bundled with scikit-learn.

    Examples
    --------
    >>> X, y = load_digits_counts()
    >>> X.shape, X.dtype, int(X.max())
    ((1797, 64), dtype('uint8'), 16)
    """
    # Finding the package is quick; importing all of it for one small file would take a second and a half.
    package = importlib.util.find_spec("sklearn")
    for folder in package.submodule_search_locations or () if package else ():
        bundled = Path(folder, "datasets", "data", "digits.csv.gz")
        if bundled.is_file():
            table = np.loadtxt(bundled, delimiter=",", dtype=np.uint8)
            return np.ascontiguousarray(table[:, :-1]), table[:, -1].astype(np.int64)
    from sklearn.datasets import load_digits  # wherever a later release keeps it

    X, y = load_digits(return_X_y=True)
    return X.astype(np.uint8), y


def digits_split(seed: int | np.random.Generator = 0) -> DigitsSplit:
    """Return the digits shuffled by ``seed`` and cut into 1200 to train, 197 to choose by, 400 to test.

    Parameters
    ----------
    seed : int or Generator
        What the shuffle starts from: the same seed, the same parts.

    Returns
    -------
    DigitsSplit
        Parts ``train``, ``valid`` and ``test``, each with ``X`` and ``y``.

    Examples
    --------
    >>> split = digits_split(seed=0)
    >>> [len(part.X) for part in split]
    [1200, 197, 400]
    """
    X, y = load_digits_counts()
    order = as_rng(seed).permutation(len(X))
    return DigitsSplit(*(DigitsPart(X[i], y[i]) for i in np.split(order, [1200, 1397])))


def english_text() -> str:
    """Return several hundred thousand characters of English: the help pages of the Python that is running.

    The text differs a little from one version of Python to the next; within a version it is always the same.

    Returns
    -------
    str

    Examples
    --------
    >>> text = english_text()
    >>> "the" in text and len(text) > 300_000
    True
    """
    from pydoc_data.topics import topics

    return "\n".join(topics[name] for name in sorted(topics))

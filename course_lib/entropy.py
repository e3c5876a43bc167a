"""Surprise and its average: how many nats (or bits) an outcome carries, and how many to expect."""

import math

import numpy as np
from numpy.typing import ArrayLike

from course_lib._validate import ProbabilityError, as_float, as_probabilities, check_base, plain

__all__ = ["entropy", "surprisal"]


def surprisal(p: ArrayLike, *, base: float = math.e) -> float | np.ndarray:
    """Return the surprise of events that have probability ``p``: log(1/p), in nats unless ``base`` says otherwise."""
    p = as_float(p, name="p")
    if not np.all((p >= 0) & (p <= 1)):
        raise ProbabilityError("p must hold probabilities, from 0 to 1")
    with np.errstate(divide="ignore"):
        h = 0.0 - (np.log2(p) if check_base(base) == 2 else np.log(p) / math.log(base))
    return plain(h)


def entropy(
    p: ArrayLike, *, axis: int = -1, base: float = math.e, keepdims: bool = False, normalize: bool = False
) -> float | np.ndarray:
    """Return the entropy, the expected surprise of the distributions along ``axis``, in nats by default."""
    p = as_probabilities(p, axis=axis, normalize=normalize).astype(np.float64)
    log_p = np.log(p, where=p > 0, out=np.zeros_like(p))
    h = 0.0 - np.sum(p * log_p, axis=axis, keepdims=keepdims)
    return plain(h / math.log(check_base(base)))

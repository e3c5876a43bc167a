"""One place that checks input: every public function asks here, so every error reads the same.

The rules of the course. Half precision computes in float32, float32 and float64 stay as they are, integers
become float64; anything else is a TypeError. A probability is finite and at least zero, and a distribution sums
to one within a tolerance that grows with the coarseness of its dtype.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

# How far a sum may lie from one, by the dtype the caller handed in: rounding explains no more than this.
SUM_TOLERANCE = {np.float16: 1e-2, np.float32: 1e-4}
DEFAULT_SUM_TOLERANCE = 1e-8


class ProbabilityError(ValueError):
    """The numbers given are not probabilities; the message says why and names the way out."""


def as_float(x: ArrayLike, *, name: str = "x") -> np.ndarray:
    """Return ``x`` as a float32 or float64 array, by the dtype rules above; no copy unless needed."""
    x = np.asarray(x)
    kind = x.dtype.kind
    if kind == "f" and x.dtype.itemsize in (4, 8) and x.dtype.isnative:
        return x
    if kind == "f":
        return x.astype(np.float32 if x.dtype.itemsize == 2 else np.float64)
    if kind in "iu":
        return x.astype(np.float64)
    raise TypeError(f"{name} must hold real numbers, not dtype {x.dtype}; convert it, e.g. {name}.astype(float)")


def sum_tolerance(dtype: np.dtype) -> float:
    """Return how far from one the sum of a distribution given in ``dtype`` may lie."""
    return SUM_TOLERANCE.get(dtype.type, DEFAULT_SUM_TOLERANCE)


def check_base(base: float) -> float:
    """Return ``base`` if logarithms to it make a unit of information: positive, finite and not 1."""
    if isinstance(base, bool) or not isinstance(base, (int, float, np.integer, np.floating)):
        raise TypeError(f"base must be a number, not {type(base).__name__}; 2 gives bits, math.e gives nats")
    if not (base > 0 and math.isfinite(base) and base != 1):
        raise ValueError(f"base must be positive, finite and not 1, got {base}; 2 gives bits, math.e gives nats")
    return base


def as_rng(rng: np.random.Generator | int | None) -> np.random.Generator:
    """Return a Generator: the one given, or a new one from an integer seed (None: from fresh entropy)."""
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None or (isinstance(rng, (int, np.integer)) and not isinstance(rng, bool)):
        return np.random.default_rng(rng)
    raise TypeError(f"rng must be a numpy Generator, an integer seed or None, not {type(rng).__name__}")


def check_axis(x: np.ndarray, axis: int, *, name: str) -> int:
    """Return ``axis`` counted from the front; it must exist and hold at least one outcome."""
    if x.ndim == 0:
        raise ProbabilityError(f"{name} is a single number; a distribution is an array of them, e.g. [p, 1 - p]")
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"axis {axis} does not exist: {name} has {x.ndim} dimension(s), shape {x.shape}")
    if x.shape[axis] == 0:
        raise ProbabilityError(f"{name} has no outcomes along axis {axis} (shape {x.shape}); give at least one")
    return axis % x.ndim


def check_masses(lowest: ArrayLike, total: ArrayLike, *, tolerance: float, normalize: bool, name: str) -> None:
    """Judge distributions by their smallest entries and their sums, which a kernel may measure on its way."""
    lowest, total = np.asarray(lowest), np.asarray(total)
    if not np.all(lowest >= 0):  # NaN fails the comparison too
        worst = np.min(lowest)  # NaN wins
        raise ProbabilityError(
            f"{name} holds {'NaN' if np.isnan(worst) else f'a negative probability, {worst:.6g}'}; "
            f"probabilities are numbers from 0 to 1: mend or drop the entry before calling"
        )
    if not np.all(np.isfinite(total)):
        raise ProbabilityError(f"{name} holds an infinite entry or its sum overflows; probabilities are from 0 to 1")
    if normalize:
        if not np.all(total > 0):
            raise ProbabilityError(f"{name} sums to 0, so normalize=True has nothing to scale; give it some mass")
        return
    off = np.abs(total - 1)
    if not np.all(off <= tolerance):
        worst = total.flat[np.argmax(off)]
        raise ProbabilityError(
            f"{name} sums to {worst:.10g}, not 1; pass normalize=True if these are unnormalised weights"
        )


def as_probabilities(
    p: ArrayLike, *, axis: int = -1, normalize: bool = False, name: str = "p"
) -> np.ndarray:
    """Return ``p`` as a float array whose entries along ``axis`` are checked to be distributions.

    With ``normalize=True`` any non-negative weights with a positive sum will do, and are divided by that sum.
    The input is never changed.
    """
    given = np.asarray(p)
    p = as_float(given, name=name)
    axis = check_axis(p, axis, name=name)
    total = p.sum(axis=axis, keepdims=True, dtype=np.float64)
    check_masses(
        p.min(axis=axis), total, tolerance=sum_tolerance(given.dtype), normalize=normalize, name=name
    )
    return (p / total).astype(p.dtype) if normalize else p


def check_logits(logits: ArrayLike, *, axis: int = -1, name: str = "logits") -> np.ndarray:
    """Return ``logits`` as a float array: no NaN, no +inf, and along ``axis`` at least one above -inf."""
    logits = as_float(logits, name=name)
    if logits.ndim == 0:
        raise ValueError(f"{name} is a single number; give one logit for each outcome")
    top = logits.max(axis=axis, initial=-np.inf)
    if np.any(np.isnan(top)):
        raise ValueError(f"{name} holds NaN; find where it came from before sampling or normalising")
    if np.any(top == np.inf):
        raise ValueError(f"{name} holds +inf; a certain outcome is 0 with -inf for the others")
    if np.any(top == -np.inf):
        raise ValueError(f"{name} rules every outcome out (all are -inf); leave at least one possible")
    return logits


def check_number(value: float, *, name: str) -> float:
    """Return ``value`` if it is one finite real number."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be one number, not {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value}")
    return value


def check_positive(value: float, *, name: str) -> float:
    """Return ``value`` if it is one finite number above zero."""
    if not check_number(value, name=name) > 0:
        raise ValueError(f"{name} must be above 0, got {value}")
    return value


def check_probability(value: float, *, name: str) -> float:
    """Return ``value`` if it is one number from 0 to 1."""
    if not 0 <= check_number(value, name=name) <= 1:
        raise ProbabilityError(f"{name} must be a probability, from 0 to 1, got {value}")
    return value


def check_whole(value: int, *, name: str, lowest: int = 0) -> int:
    """Return ``value`` if it is a whole number, ``lowest`` or more."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number, not {type(value).__name__}")
    if value < lowest:
        raise ValueError(f"{name} must be {lowest} or more, got {value}")
    return value


def plain(result: np.ndarray) -> int | float | np.ndarray:
    """Return a single float64 or int64 as Python's own float or int, so that it prints as a number; else ``result``."""
    if np.ndim(result) == 0 and np.asarray(result).dtype in (np.float64, np.int64):
        return np.asarray(result).item()
    return result

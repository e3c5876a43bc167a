"""One place that checks input: every public function asks here, so every error reads the same.

The rules of the course. Half precision computes in float32, float32 and float64 stay as they are, integers
become float64; anything else is a TypeError. A probability is finite and at least zero, and a distribution
sums to one within a tolerance that grows with the coarseness of its dtype.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

COMPUTED_IN = {np.float16: np.float32, np.float32: np.float32}

# How far a sum may lie from one, by the dtype the caller handed in: rounding explains no more than this.
SUM_TOLERANCE = {np.float16: 1e-2, np.float32: 1e-4}
DEFAULT_SUM_TOLERANCE = 1e-8

LARGEST_FLOAT = float(np.finfo(np.float64).max)
LEAST = float(np.finfo(np.float64).tiny)  # numbers below have lost digits
LEAST_PARAMETER, LARGEST_PARAMETER = 1e-300, 1e300  # of a distribution
WHOLE = 2.0**53  # up to here a float holds every whole number
LARGEST = 1e100  # of measured numbers: the squares of much larger ones leave the range of a float

PLAIN = (np.dtype(np.float64), np.dtype(np.int64))  # what Python's own float and int stand for


class ProbabilityError(ValueError):
    """The numbers given are not probabilities; the message says why and names the way out."""


# ------------------------------------------------------------------------------------ arrays, by dtype


def as_array(x: ArrayLike, *, name: str = "x") -> np.ndarray:
    """Return ``x`` as an array, unless part of it is masked: no result could honour a mask it never saw."""
    array = x if type(x) is np.ndarray else _made_array(x, name)
    if array.dtype.kind == "O":
        _refuse_containers(x, name)
    return array


def _made_array(x: ArrayLike, name: str) -> np.ndarray:
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array; drop the masked entries first, with {name}.compressed()")
    try:
        return np.asarray(x)
    except (ValueError, TypeError):
        raise TypeError(f"{name} makes no array; are all its rows of one length?") from None


def _refuse_containers(x: object, name: str) -> None:
    """Refuse what NumPy takes for one object though it holds many, and say how to get at them."""
    if hasattr(x, "toarray"):
        raise TypeError(f"{name} is a sparse matrix; make it dense first, with {name}.toarray()")
    if isinstance(x, Mapping):
        raise TypeError(f"{name} is a mapping; pass its values, as list({name}.values())")
    if isinstance(x, (Iterator, Set)):
        raise TypeError(f"{name} is a {type(x).__name__}, not an array; pass list({name})")


def as_float(x: ArrayLike, *, name: str = "x") -> np.ndarray:
    """Return ``x`` as a float32 or float64 array, by the dtype rules above; no copy unless needed."""
    x = as_array(x, name=name)
    if x.dtype.kind in "iuf":
        return x.astype(COMPUTED_IN.get(x.dtype.type, np.float64), copy=False)
    raise TypeError(
        f"{name} must hold real numbers, not dtype {x.dtype}; convert it with np.asarray({name}, dtype=float)"
    )


def as_truth(x: ArrayLike, *, name: str) -> np.ndarray:
    """Return ``x`` as an array in which False and True have become 0 and 1."""
    x = as_array(x, name=name)
    return x.astype(np.int64) if x.dtype.kind == "b" else x


def sum_tolerance(x: ArrayLike) -> float:
    """Return how far from one the sum of a distribution may lie, by the dtype it came in."""
    return SUM_TOLERANCE.get(np.asarray(x).dtype.type, DEFAULT_SUM_TOLERANCE)


def plain(result: ArrayLike) -> Any:
    """Return one float64 or int64 as Python's own number, which prints as one; anything else as it is."""
    if isinstance(result, (np.ndarray, np.generic)) and result.ndim == 0 and result.dtype in PLAIN:
        return result.item()
    return result


# ----------------------------------------------------------------------------------- axes and rows


def check_axis(shape: tuple[int, ...], axis: int, *, name: str) -> int:
    """Return ``axis`` counted from the front; it must exist and hold at least one outcome."""
    if not shape:
        raise ProbabilityError(f"{name} is a single number; a distribution is an array, e.g. [p, 1 - p]")
    counted = check_one_axis(shape, axis, name=name)
    if shape[counted] == 0:
        raise ProbabilityError(f"{name} has no outcomes along axis {axis} (shape {shape}); give at least one")
    return counted


def check_one_axis(shape: tuple[int, ...], axis: int, *, name: str) -> int:
    """Return ``axis`` counted from the front, if it is one that exists."""
    if not _is_number(axis) or isinstance(axis, (float, np.floating)):
        raise TypeError(
            f"axis must be one whole number, not {axis!r}; for several axes, reshape them into one"
        )
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"axis {axis} does not exist: {name} has {len(shape)} dimension(s), shape {shape}")
    return int(axis) % len(shape)


def check_steps(grid: np.ndarray, *, name: str) -> None:
    """Refuse steps of a rising grid so small that densities per step leave the range of a float."""
    if np.diff(grid).min() < LEAST:
        raise ValueError(f"{name} has steps below {LEAST:.3g}; measure in a smaller unit")


def check_same_shape(p: np.ndarray, q: np.ndarray, p_name: str, q_name: str) -> None:
    """Refuse two arrays of different shapes: broadcasting them in silence has hidden many a bug."""
    if p.shape != q.shape:
        raise ValueError(
            f"{p_name} has shape {p.shape} and {q_name} has shape {q.shape}; "
            f"give both the same shape, e.g. with np.broadcast_to"
        )


def as_rows(x: np.ndarray, axis: int, *, name: str) -> np.ndarray:
    """Return ``x`` as a table (R, n) with one distribution a row, as a view where the layout allows."""
    axis = check_axis(x.shape, axis, name=name)
    last = x if axis == x.ndim - 1 else np.moveaxis(x, axis, -1)
    return last.reshape(-1, x.shape[axis])


def from_rows(values: np.ndarray, shape: tuple[int, ...], axis: int, *, keepdims: bool) -> float | np.ndarray:
    """Return one value a row as the result for an array of ``shape`` reduced along ``axis``."""
    axis, kept = axis % len(shape), check_flag(keepdims, name="keepdims")
    return plain(values.reshape(shape[:axis] + (1,) * kept + shape[axis + 1 :]))


# ------------------------------------------------------------------------------------ distributions


def check_masses(
    lowest: float, least: float, most: float, *, tolerance: float, name: str, normalize: bool | None = None
) -> None:
    """Judge distributions by their lowest entry and their least and greatest sum.

    With ``normalize`` a sum need only be positive and finite. None is for callers that have no such option.
    """
    if math.isnan(lowest):
        raise ProbabilityError(f"{name} holds NaN; find out where it came from, and drop or mend that entry")
    if lowest < 0:
        raise ProbabilityError(f"{name} holds a negative probability, {lowest:.6g}; they run from 0 to 1")
    if not most < math.inf:  # infinite, or infinities that met and made NaN
        raise ProbabilityError(f"{name} holds an infinite entry or its sum overflows; scale or mend it")
    if normalize and least == 0:
        raise ProbabilityError(f"{name} sums to 0, so there is nothing to normalise; give some outcome mass")
    if not normalize and not (1 - tolerance <= least and most <= 1 + tolerance):
        worst = max(least, most, key=lambda total: abs(total - 1))
        way_out = "divide them by their sum" if normalize is None else "pass normalize=True"
        raise ProbabilityError(
            f"{name} sums to {worst:.12g}, not 1; {way_out} if these are weights to be scaled"
        )


def as_probabilities(
    p: ArrayLike, *, axis: int = -1, normalize: bool | None = None, name: str = "p"
) -> np.ndarray:
    """Return ``p`` as a float array whose entries along ``axis`` are checked to be distributions.

    With ``normalize=True`` any non-negative weights with a positive sum will do, and are divided by that sum,
    in double precision: weights of a coarser dtype may have no rounding of their own. None stands for a
    caller that has no such option. The input is never changed.
    """
    x = as_float(p, name=name)
    axis = check_axis(x.shape, axis, name=name)
    normalize = normalize if normalize is None else check_flag(normalize, name="normalize")
    with np.errstate(over="ignore", invalid="ignore"):  # such a sum is refused below
        total = x.sum(axis=axis, keepdims=True, dtype=np.float64)
    extremes = [x.min(initial=np.inf), total.min(initial=np.inf), total.max(initial=-np.inf)]
    check_masses(*map(float, extremes), tolerance=sum_tolerance(p), name=name, normalize=normalize)
    return x / total if normalize else x


def as_channel(p: ArrayLike, *, name: str) -> np.ndarray:
    """Return ``p`` in double precision, if it is a table with a distribution in each row."""
    table = as_probabilities(p, name=name).astype(np.float64)
    if table.ndim != 2 or len(table) == 0:
        raise ValueError(
            f"{name} must be a table with a distribution in each row; its shape is {table.shape}"
        )
    return table


def as_unit(x: ArrayLike, *, name: str) -> np.ndarray:
    """Return ``x`` as a float array of single probabilities: each from 0 to 1, whatever their sum."""
    x = as_float(x, name=name)
    if not (x.min(initial=1) >= 0 and x.max(initial=0) <= 1):  # so that NaN is caught as well
        found = x[~((x >= 0) & (x <= 1))].flat[0]
        raise ProbabilityError(f"{name} must hold probabilities, from 0 to 1, found {found!s}")
    return x


def as_finite(x: ArrayLike, *, name: str, largest: float = LARGEST) -> np.ndarray:
    """Return ``x`` in double precision, if no entry is NaN, infinite or so large that squares overflow."""
    with np.errstate(over="ignore"):  # of a longer type
        x = as_float(x, name=name).astype(np.float64, copy=False)
    if not np.all(np.isfinite(x)):
        raise ValueError(f"{name} holds NaN or infinite entries; drop or mend them before calling")
    if max(x.max(initial=0), -x.min(initial=0)) > largest:
        raise ValueError(f"{name} holds numbers beyond {largest:g}; measure in a larger unit")
    return x


def as_places(x: ArrayLike, *, name: str, largest: float = LARGEST_PARAMETER) -> np.ndarray:
    """Return ``x`` in double precision, if its numbers are places whose distances are floats."""
    given = as_array(x, name=name)
    places = as_finite(given, name=name, largest=largest)
    if given.dtype.kind in "iu" and places.size and max(places.max(), -places.min()) > WHOLE:
        raise ValueError(
            f"{name} holds whole numbers beyond 2^53, of which a float cannot tell neighbours apart; "
            "subtract one of them from all"
        )
    return places


def as_table(x: ArrayLike, *, name: str) -> np.ndarray:
    """Return ``x`` in double precision, if it is a table of finite numbers with at least one entry."""
    x = as_finite(x, name=name)
    if x.ndim != 2 or x.size == 0:
        raise ValueError(f"{name} must be a table with one example per row; its shape is {x.shape}")
    return x


def as_counts(x: ArrayLike, *, name: str) -> np.ndarray:
    """Return ``x`` in double precision, if every entry is a whole number of zero or more."""
    x = as_finite(x, name=name)
    if np.any(x < 0) or np.any(x != np.floor(x)):
        found = x[(x < 0) | (x != np.floor(x))].flat[0]
        raise ValueError(f"{name} must hold counts: whole numbers, none of them negative; found {found:g}")
    return x


def as_successes(successes: ArrayLike, trials: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return successes and trials of one shape, no success without its trial."""
    k, n = as_counts(successes, name="successes"), as_counts(trials, name="trials")
    k, n = broadcast(successes=k, trials=n)
    if np.any(k > n):
        raise ValueError("more successes than trials; trials counts successes and failures together")
    return k, n


def as_labels(x: ArrayLike, *, name: str) -> np.ndarray:
    """Return a sequence of labels: whole numbers or strings, also where they came as Python objects."""
    labels = as_array(x, name=name)
    if labels.dtype.kind == "O":
        labels = _unboxed(labels, name)
    if labels.dtype.kind not in "iubUS":
        raise TypeError(f"{name} must hold labels (whole numbers or strings), not {labels.dtype}; see ksg")
    if labels.ndim != 1 or labels.size == 0:
        raise ValueError(f"{name} must be a sequence of at least one label, its shape is {labels.shape}")
    return labels


def _unboxed(labels: np.ndarray, name: str) -> np.ndarray:
    """Return labels that came as Python objects, such as a column of a data frame, as one plain dtype."""
    kinds = {str if isinstance(label, str) else int for label in labels.ravel() if _is_label(label)}
    if len(kinds) != 1 or not all(map(_is_label, labels.ravel())):
        odd = next((label for label in labels.ravel() if not _is_label(label)), "strings beside numbers")
        raise TypeError(
            f"{name} must hold labels of one kind, whole numbers or strings, and holds {odd!r}; drop missing "
            "labels, or give them a name of their own"
        )
    try:
        return labels.astype(kinds.pop())
    except OverflowError:
        raise TypeError(f"{name} holds whole numbers beyond 64 bits; name such labels by strings") from None


def _is_label(value: object) -> bool:
    return isinstance(value, (str, int, np.integer, np.bool_))


def check_logits(logits: ArrayLike, *, axis: int = -1, name: str = "logits") -> np.ndarray:
    """Return ``logits`` as a float array: no NaN, no +inf, and along ``axis`` at least one above -inf."""
    logits = as_float(logits, name=name)
    if logits.ndim == 0:
        raise ValueError(f"{name} is a single number; give one logit for each outcome")
    top = logits.max(axis=check_one_axis(logits.shape, axis, name=name), initial=-np.inf)
    if np.any(np.isnan(top)):
        raise ValueError(f"{name} holds NaN; find out where it came from before going on")
    if np.any(top == np.inf):
        raise ValueError(f"{name} holds +inf; for a certain outcome give it 0 and the others -inf")
    if np.any(top == -np.inf):
        raise ValueError(f"{name} rules every outcome out (all are -inf); leave at least one possible")
    return logits


# ------------------------------------------------------------------------------------ Gaussians


def as_covariance(cov: ArrayLike, name: str = "cov") -> np.ndarray:
    """Return a covariance of shape (..., d, d), checked to be square, finite and symmetric."""
    cov = as_finite(cov, name=name)
    if cov.ndim == 0:
        cov = cov[None, None]
    if cov.ndim == 1 or cov.shape[-1] != cov.shape[-2] or cov.shape[-1] == 0:
        raise ValueError(
            f"{name} must be square, of shape (..., d, d), got {cov.shape}; np.diag makes one of variances"
        )
    flipped = np.swapaxes(cov, -1, -2)
    if not np.all(np.abs(cov - flipped) <= 1e-8 * np.abs(cov).max(initial=0)):
        raise ValueError(f"{name} is not symmetric; a covariance is: use ({name} + {name}.T) / 2")
    variances = np.diagonal(cov, axis1=-2, axis2=-1)
    if np.any((variances > 0) & (variances < LEAST)):
        raise ValueError(f"{name} holds variances below {LEAST:.3g}; measure in a smaller unit")
    return cov


def cholesky(cov: np.ndarray, name: str = "cov") -> np.ndarray:
    """Return the lower triangular L with cov = L Lᵀ, which exists exactly for a positive definite matrix."""
    try:
        return np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        smallest = np.linalg.eigvalsh(cov).min()
        raise ValueError(
            f"{name} is not positive definite (smallest eigenvalue {smallest:.3g}): a coordinate is constant "
            f"or a sum of others; drop it, or add a small ridge such as 1e-6 * np.eye(d)"
        ) from None


def as_gaussian(
    mean: ArrayLike, cov: ArrayLike, which: str = ""
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean (..., d), covariance (..., d, d) and its Cholesky factor, whose dimensions must agree."""
    mean = as_finite(mean, name=f"mean{which}")
    mean = mean[None] if mean.ndim == 0 else mean
    cov = as_covariance(cov, f"cov{which}")
    if mean.shape[-1] != cov.shape[-1]:
        raise ValueError(f"mean{which} has {mean.shape[-1]} dimension(s), but cov{which} has {cov.shape[-1]}")
    return mean, cov, cholesky(cov, f"cov{which}")


# ------------------------------------------------------------------------------------ single values


def check_base(base: float) -> float:
    """Return ``base`` if logarithms to it make a unit of information: positive, finite and not 1."""
    if not _is_number(base):
        raise TypeError(f"base must be a number, not {type(base).__name__}; 2 gives bits, math.e nats")
    if not 0 < base < math.inf or base == 1:
        raise ValueError(f"base must be positive, finite and not 1, not {base}; 2 gives bits, math.e nats")
    return base


def check_number(value: float, *, name: str) -> float:
    """Return ``value`` if it is one finite real number."""
    if not _is_number(value):
        raise TypeError(f"{name} must be one number, not {type(value).__name__}")
    if not abs(value if isinstance(value, int) else float(value)) <= LARGEST_FLOAT:
        shown = "an integer beyond all floats" if isinstance(value, int) else value
        raise ValueError(f"{name} must be finite, got {shown}")
    whole = isinstance(value, (int, np.integer)) and abs(int(value)) <= WHOLE
    return int(value) if whole else float(value)  # Python's own, as in ``check_whole``


def check_positive(value: float, *, name: str) -> float:
    """Return ``value`` if it is one finite number above zero."""
    number = check_number(value, name=name)
    if not number > 0:
        raise ValueError(f"{name} must be above 0, got {value}")
    return number


def check_mean(value: float, *, name: str = "mean") -> float:
    """Return ``value`` if it is one number, of a size like that of parameters."""
    number = check_number(value, name=name)
    if abs(number) > LARGEST_PARAMETER:
        raise ValueError(f"{name} must lie within {LARGEST_PARAMETER:g} of 0; measure in a larger unit")
    return number


def check_parameter(value: float, *, name: str) -> float:
    """Return ``value`` if it is positive, and sums and shares of such numbers stay within a float's range."""
    number = check_positive(value, name=name)
    if not LEAST_PARAMETER <= number <= LARGEST_PARAMETER:
        shown = "an integer beyond that" if isinstance(number, int) else value
        raise ValueError(
            f"{name} must be from {LEAST_PARAMETER:g} to {LARGEST_PARAMETER:g}, got {shown}; beyond, results "
            "leave the range of a float"
        )
    return number


def check_not_negative(value: float, *, name: str, why: str = "") -> float:
    """Return ``value`` if it is one number from 0 to the largest parameter; ``why`` ends a message."""
    number = check_number(value, name=name)
    if number < 0:
        raise ValueError(f"{name} must be 0 or more, got {value}{why}")
    if number > LARGEST_PARAMETER:
        raise ValueError(f"{name} must be at most {LARGEST_PARAMETER:g}, got {value}")
    return number


def check_probability(value: float, *, name: str) -> float:
    """Return ``value`` if it is one number from 0 to 1."""
    number = check_number(value, name=name)
    if not 0 <= number <= 1:
        raise ProbabilityError(f"{name} must be a probability, from 0 to 1, got {value}")
    return number


def check_order(alpha: float) -> float:
    """Return the order of a Rényi quantity, from 0 to infinity."""
    if not _is_number(alpha):
        raise TypeError(f"alpha must be one number, not {type(alpha).__name__}")
    if not alpha >= 0:
        raise ValueError(f"alpha must be from 0 to infinity, got {alpha}")
    beyond = isinstance(alpha, int) and alpha > LARGEST_FLOAT
    return math.inf if beyond else float(alpha)


def equal_tails(mass: float) -> np.ndarray:
    """Return the two cumulative probabilities that leave equal tails outside."""
    if not 0 < check_number(mass, name="mass") < 1:
        raise ValueError(f"mass must lie between 0 and 1, got {mass}; 0.95 leaves 2.5 % on either side")
    return np.array([(1 - mass) / 2, (1 + mass) / 2], dtype=np.float64)


def check_flag(value: bool, *, name: str) -> bool:
    """Return ``value`` if it is True or False."""
    if value is True or value is False:
        return value
    if not isinstance(value, np.bool_):
        raise TypeError(f"{name} must be True or False, not {type(value).__name__}")
    return bool(value)


def set_fields(thing: object, **values: Any) -> None:
    """Set fields of a frozen dataclass to what was made of them when they were checked."""
    for name, value in values.items():
        object.__setattr__(thing, name, value)


def check_callable(f: Callable, *, name: str) -> Callable:
    """Return ``f`` if it can be called."""
    if not callable(f):
        raise TypeError(f"{name} must be a function, not {type(f).__name__}")
    return f


def check_items(x: Iterable, *, name: str) -> list:
    """Return the items of a sequence that need not hold numbers, such as symbols or tokens."""
    try:
        items = list(x)
    except TypeError:
        raise TypeError(f"{name} must be a sequence, not {type(x).__name__}") from None
    return items


def check_symbols(x: Iterable, *, name: str) -> list:
    """Return the items of a sequence of symbols, which serve as keys."""
    items = check_items(x, name=name)
    for item in items:
        try:
            hash(item)
        except TypeError:
            kind = type(item).__name__
            raise TypeError(f"{name} must hold symbols such as strings, not {kind}") from None
    return items


def as_shape(size: int | tuple[int, ...] | None, *, name: str = "size") -> tuple[int, ...]:
    """Return how many draws of what shape are asked for; None is for a single one."""
    if size is None:
        return ()
    sizes = size if isinstance(size, (tuple, list)) else (size,)
    return tuple(check_whole(n, name=name) for n in sizes)


def broadcast(**arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return arrays brought to one shape, as NumPy does."""
    try:
        return np.broadcast_arrays(*arrays.values())
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"the shapes do not fit: {shapes}; give arrays of one shape, or numbers") from None


def check_whole(value: int, *, name: str, lowest: int = 0, highest: float = LARGEST_PARAMETER) -> int:
    """Return ``value`` if it is a whole number from ``lowest`` to ``highest``."""
    if not _is_number(value) or isinstance(value, (float, np.floating)):
        raise TypeError(f"{name} must be a whole number, not {type(value).__name__}")
    if value < lowest:
        raise ValueError(f"{name} must be {lowest} or more, got {value}")
    if value > highest:
        raise ValueError(f"{name} must be at most {highest:g}, or no float could hold what follows from it")
    return int(value)  # Python's own: a small NumPy integer would wrap around in the caller's arithmetic


def _is_number(value: object) -> bool:
    if type(value) in (int, float):  # as nearly always, and quick: a small sum takes no longer than checks
        return True
    no_number = isinstance(value, (bool, np.timedelta64))  # a span of time counts as np.integer
    return isinstance(value, (int, float, np.integer, np.floating)) and not no_number


def as_rng(rng: np.random.Generator | int | None) -> np.random.Generator:
    """Return a Generator: the one given, or a new one from a seed (None: a different one every time)."""
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None:
        return np.random.default_rng()
    if _is_number(rng) and not isinstance(rng, (float, np.floating)):
        return np.random.default_rng(check_whole(rng, name="rng", highest=math.inf))
    raise TypeError(f"rng must be a numpy Generator, a whole-number seed or None, not {type(rng).__name__}")

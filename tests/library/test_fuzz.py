"""Odd input to every public function: it is refused in the library's own words, or the value is right.

Each example takes a right call of ``public_calls`` and replaces one argument, sometimes two, by something
odd. Then the call may

- raise TypeError or ValueError (ProbabilityError is one) by a ``raise`` of the library, never let an error of
  Python, NumPy or SciPy through,
- or return. An argument that differs from the right one in dtype or layout alone must give the same result;
  NaN may come out only where NaN or an infinity went in; no warning is given; the arguments are as they were.

``COURSE_FUZZ_EXAMPLES=300 pytest tests/library/test_fuzz.py`` tries 300 examples of each call, of a new seed.
"""

import contextlib
import copy
import faulthandler
import inspect
import linecache
import os
import pathlib
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import public_calls
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import course_lib

LIBRARY = str(pathlib.Path(course_lib.__file__).parent)
EXAMPLES = int(os.environ.get("COURSE_FUZZ_EXAMPLES", "0"))
SLOW, HANGS = 20, 120  # seconds: of one call
ERRORS = TypeError, ValueError, course_lib.ProbabilityError, RuntimeError  # the last: no convergence

pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # np.matrix is tried as well

EVERY = [*public_calls.FUNCTIONS, *public_calls.CLASSES, *public_calls.METHODS]
CALLS = [call for call in EVERY if inspect.signature(call.function).parameters]
LOOPS = {  # parameters that say how often or how much: a huge value is right, and takes its time
    "draws", "hidden", "k", "latent", "max_iter", "min_keep", "n", "n_bins", "n_components", "n_features",
    "lengths", "n_iter", "n_latent", "n_levels", "n_resamples", "n_tokens", "n_trials", "order", "size",
    "steps", "window",
}  # fmt: skip


# --- what is odd ----------------------------------------------------------------------------------------


class Strange:
    """An object that is nothing at all."""

    def __repr__(self):
        return "Strange()"


NOT_NUMBERS = [
    None, "abc", "", b"ab", {}, {"a": 1}, {1, 2}, Strange(), 1j, [1j], ["a", "b"], [None, None],
    [[1], [1, 2]],
    np.array(["a", "b"]), np.array([None, 1.0]), np.datetime64("2020-01-01"), np.array([1, 2], dtype="m8[s]"),
    np.zeros(2, dtype=[("a", float)]), slice(None), Fraction(1, 2), Decimal("0.5"), [Fraction(1, 2)] * 2,
    np.ma.array([0.5, 0.5], mask=[0, 1]), np.ma.array([0.5, 0.5]), True, False, np.True_, [True, False],
    (i for i in [1, 2]), range(3), memoryview(b"ab"), Ellipsis, NotImplemented, np.array("x"), np.array(None),
]  # fmt: skip
NUMBERS = [
    0, 1, -1, 2, 3, 0.0, -0.0, 0.5, 1.0, 1.5, -0.5, 1e-9, 5e-324, 1e-300, 1e300, 1.7e308, -1e300,
    np.nan, np.inf, -np.inf, np.float16(0.5), np.float32(0.5), np.float64(0.5), np.longdouble(0.5),
    np.int8(1), np.uint8(2), np.int64(2), np.uint64(2),
    np.array(1), np.array(0.5), np.array([0.5]), [1], [], np.zeros(0),
    np.zeros((0, 3)), np.zeros((3, 0)),
]  # fmt: skip
HUGE = [2**31, 2**63, 2**64, 10**30, np.uint8(255), np.int8(127), np.uint64(2**64 - 1), 10**400]
ENTRIES = [
    0.0, -0.0, 1.0, -1.0, 2.0, 0.5, np.nan, np.inf, -np.inf, 1e300, -1e300, 1.7e308, 1e-300, 5e-324,
    1e-9, 1e9,
]  # fmt: skip
SAME = {  # the same numbers in another form
    "list": lambda a: a.tolist(),
    "tuple": lambda a: tuple(a.tolist()) if a.ndim else a.item(),
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "backwards": lambda a: a[::-1].copy()[::-1],
    "columns": np.asfortranarray,
    "read-only": lambda a: _read_only(a),
    "other bytes": lambda a: a.astype(a.dtype.newbyteorder()),
    "long": lambda a: a.astype(np.longdouble) if a.dtype.kind == "f" else a.astype(np.int64),
    "small": lambda a: a.astype(np.float64) if a.dtype.kind == "f" else a.astype(np.int8),
    "unsigned": lambda a: a.astype(np.uint8) if a.dtype.kind == "i" and a.min(initial=0) >= 0 else a.copy(),
    "floats": lambda a: a.astype(np.float64),
}
RESHAPED = {
    "empty": lambda a: a[:0],
    "empty rows": lambda a: a[..., :0],
    "no rows": lambda a: np.zeros((0, *a.shape)),
    "first": lambda a: a[0],
    "first of all": lambda a: a.flat[0],
    "one": lambda a: a[:1],
    "one of each row": lambda a: a[..., :1],
    "shorter": lambda a: a[:-1],
    "narrower": lambda a: a[..., :-1],
    "longer": lambda a: np.concatenate([a, a]),
    "column": lambda a: a[..., None],
    "row": lambda a: a[None],
    "twice": lambda a: np.stack([a, a]),
    "transposed": lambda a: a.T,
    "flat": np.ravel,
    "zero": np.zeros_like,
    "constant": np.ones_like,
    "scaled up": lambda a: a * 1e300,
    "scaled down": lambda a: a * 1e-300,
    "tiny": lambda a: a * 1e-320,
    "negative": lambda a: -a,
    "half precision": lambda a: a.astype(np.float16),
    "single precision": lambda a: a.astype(np.float32),
    "truth": lambda a: a > 0,
    "objects": lambda a: a.astype(object),
    "strings": lambda a: a.astype(str),
    "bytes": lambda a: a.astype(bytes),
    "complex": lambda a: a.astype(complex),
    "masked": lambda a: np.ma.masked_array(a, mask=np.arange(a.size).reshape(a.shape) % 2 == 0),
    "matrix": lambda a: np.asmatrix(a) if a.ndim == 2 else a,
}  # fmt: skip


def _read_only(a: np.ndarray) -> np.ndarray:
    a = a.copy()
    a.flags.writeable = False
    return a


def with_entries(a: np.ndarray) -> st.SearchStrategy:
    """Change one or two entries of an array."""
    changed = st.tuples(st.integers(0, max(a.size - 1, 0)), st.sampled_from(ENTRIES))

    def change(changes):
        out = a.astype(float)
        for place, entry in changes:
            out.flat[place] = entry
        return out

    return st.lists(changed, min_size=1, max_size=2).map(change)


def odd_arrays(a: np.ndarray) -> st.SearchStrategy:
    """Return odd things near an array, each with whether the result must stay the same."""
    same = st.sampled_from(sorted(SAME)).map(lambda name: (SAME[name](a), True))
    if a.size == 0 or a.ndim == 0:
        return same
    reshaped = st.sampled_from(sorted(RESHAPED)).map(lambda name: (_quietly(RESHAPED[name], a), False))
    entries = with_entries(a).map(lambda value: (value, False))
    return st.one_of(same, reshaped, entries, entries)


def _quietly(f: Callable, a: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return f(a)


def small_types(value: float) -> list[tuple[object, bool]]:
    """Return the same number in NumPy's small types, whose own arithmetic would wrap around or round."""
    kinds = [np.float64, np.float32, np.float16] if isinstance(value, float) else [np.int8, np.uint8]
    with np.errstate(over="ignore"):
        numbers = [kind(value) for kind in kinds if kind is not np.uint8 or value >= 0]
    return [(number, True) for number in numbers if float(number) == value]


def odd_values(name: str, value: object) -> st.SearchStrategy:
    """Return odd things in place of an argument, each with whether the result must stay the same."""
    few = name in LOOPS
    anything = st.sampled_from([*NOT_NUMBERS, *NUMBERS, *([] if few else HUGE)]).map(lambda odd: (odd, False))
    small = st.integers(-3, 8).map(lambda odd: (odd, False))
    if isinstance(value, np.ndarray):
        return st.one_of(odd_arrays(value), odd_arrays(value), odd_arrays(value), anything)
    if isinstance(value, (float, np.floating)) and not few:
        floats = st.floats().map(lambda odd: (odd, False))
        return st.one_of(anything, small, floats, st.sampled_from(small_types(value)))
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 128:
        return st.one_of(anything, small, st.sampled_from(small_types(value)))
    if isinstance(value, (list, tuple)) and value and not isinstance(value[0], (np.ndarray, str)):
        return st.one_of(odd_arrays(np.array(value)), anything)
    return st.one_of(anything, small)


def parameters(call: public_calls.Call) -> dict[str, object]:
    """Return each parameter with its value in the right call."""
    signature = inspect.signature(call.function).parameters.values()
    defaults = {p.name: p.default for p in signature if p.default is not p.empty}
    return defaults | call.arguments


def odd_arguments(call: public_calls.Call) -> st.SearchStrategy:
    """Return the arguments of a call, those that are odd, and whether the result must stay the same."""
    odd_ones = {name: odd_values(name, value) for name, value in parameters(call).items()}
    names = st.lists(st.sampled_from(sorted(odd_ones)), min_size=1, max_size=2, unique=True)

    @st.composite
    def arguments(draw):
        odd, same = {}, True
        for name in draw(names):
            odd[name], alike = draw(odd_ones[name])
            same = same and alike
        return call.arguments | odd, odd, same

    return arguments()


# --- what a call may do ---------------------------------------------------------------------------------


def refused_by_the_library(error: Exception) -> bool:
    """Whether an error of the right type was raised by a statement of the library, for what was put in."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    line = linecache.getline(frame.filename, frame.lineno).strip()
    ours = frame.filename.startswith(LIBRARY) and line.startswith("raise ")
    return ours and type(error) in ERRORS and len(str(error)) > 15


@contextlib.contextmanager
def no_hang() -> Iterator[None]:
    """End the process with a traceback if a call never returns; fail if it takes too long."""
    faulthandler.dump_traceback_later(HANGS, exit=True)
    start = time.perf_counter()
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
    assert time.perf_counter() - start < SLOW, "too slow"


def numbers(value: object) -> list[np.ndarray]:
    """Return every array of numbers within a result or an argument."""
    if isinstance(value, np.ma.MaskedArray):
        value = value.data
    if isinstance(value, int) and abs(value) > 2**1000:
        return []
    if isinstance(value, (float, complex, int, np.number)) and not isinstance(value, bool):
        return [np.asarray(value)]
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "O":
            return [a for item in value.ravel() for a in numbers(item)]
        return [value] if value.dtype.kind in "iufc" else []
    if isinstance(value, (list, tuple)):
        return [a for item in value for a in numbers(item)]
    if isinstance(value, dict):
        return [a for item in value.values() for a in numbers(item)]
    if type(value).__module__.startswith("course_lib"):
        return [a for item in getattr(value, "__dict__", {}).values() for a in numbers(item)]
    return []


def is_finite(value: object) -> bool:
    return all(np.all(np.isfinite(a.astype(complex))) for a in numbers(value))


def holds_nan(value: object) -> bool:
    return any(np.any(np.isnan(a.astype(complex))) for a in numbers(value))


def outcome(function: Callable, arguments: dict) -> object:
    """Return what a call returns; None if the library refuses it."""
    with warnings.catch_warnings(), no_hang():
        warnings.simplefilter("error")
        try:
            return function(**arguments)
        except Exception as error:
            if not refused_by_the_library(error):
                raise
            return None


def frozen(arguments: dict) -> dict:
    return {name: copy.deepcopy(value) for name, value in arguments.items() if isinstance(value, np.ndarray)}


@pytest.mark.parametrize("call", CALLS, ids=[f"{i}-{call.name}" for i, call in enumerate(CALLS)])
def test_odd_input_is_refused_or_the_value_is_right(call):
    right = call.function(**call.arguments)

    @settings(
        max_examples=EXAMPLES or 10,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(odd_arguments(call))
    def walk(drawn):
        arguments, odd, same = drawn
        before = frozen(arguments)
        result = outcome(call.function, arguments)
        for name, value in before.items():
            np.testing.assert_array_equal(arguments[name], value, err_msg=f"{name} was changed")
        if result is None:
            return
        if same:
            for ours, theirs in zip(numbers(result), numbers(right), strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
        if is_finite(odd):
            assert not holds_nan(result), result

    walk()


# --- nothing is left out --------------------------------------------------------------------------------


RESULTS = {"ProbabilityError", "GridPosterior", "LinearPosterior"}  # what nobody makes by hand
WITH_TORCH = {"VAE", "beta_binomial_logpmf", "evaluate", "train_vae"}  # test_vae.py tries their odd input


def public_names() -> set[str]:
    """Return every public function, class and method of the library, but plain tuples of results."""
    names = set()
    for name in set(dir(course_lib)) - WITH_TORCH:
        thing = getattr(course_lib, name)
        if not hasattr(thing, "_fields"):
            names.add(name)
            members = inspect.getmembers(thing, callable) if inspect.isclass(thing) else []
            names |= {f"{name}.{member}" for member, _ in members if member[0] != "_"}
    return {name for name in names if name not in RESULTS and not name.startswith("ProbabilityError.")}


def test_every_public_function_is_walked():
    assert public_names() - {call.name for call in EVERY} == set()

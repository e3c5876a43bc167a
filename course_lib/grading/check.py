"""What every check is made of: ask an answer, compare what comes back, say kindly what is wrong.

A check never imports the learner's code and never trusts what it returns. It asks::

    ask(surprisal, 0.25).near(2.0, "a one-in-four event carries two bits")

`ask` calls the answer with copies of the arguments; `near` looks at type and shape before it compares.
Whatever goes wrong becomes one `CheckFailed` whose message says which input, what came back, which
property that breaks and where a hint is. Jupyter and nbval print this message alone, without a traceback.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import linecache
import os
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

__all__ = ["Answer", "CheckFailed", "NotAttempted", "ask", "graded", "rng", "show"]

_REALS = (float, int, np.float16, np.float32, np.float64)
_DTYPES = {"float": "f", "int": "iu", "bool": "b", "number": "fiu"}


class CheckFailed(AssertionError):
    """An answer broke a property; the message is written for the learner."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of a traceback: the message alone."""
        return [str(self)]


class NotAttempted(CheckFailed):
    """The answer cell still holds its stub."""


def rng(name: str) -> np.random.Generator:
    """Return the random generator of the check called `name`.

    Its seed is made of the name and of the environment variable ``COURSE_GRADING_SEED`` (default ``"0"``), so
    that a run can be repeated exactly and two submissions can be given different inputs.

    >>> float(rng("doc").random()) == float(rng("doc").random())
    True
    """
    text = f"{os.environ.get('COURSE_GRADING_SEED', '0')}/{name}"
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]))


def graded(exercise: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Turn a function into a check of `exercise`: one ✓ line when it passes, a hint when it does not.

    The docstring's first line, "Check this property.", becomes that line: "✓ 1.1 this property".
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        title = (function.__doc__ or function.__name__).splitlines()[0].rstrip(".")
        title = title.removeprefix("Check that ").removeprefix("Check ")

        @functools.wraps(function)
        def run(*answers: Any) -> None:
            try:
                function(*answers)
            except NotAttempted as failure:
                message = f"○ Exercise {exercise}: {failure}\n  A first nudge: grade hint {exercise}"
                raise NotAttempted(message) from None
            except CheckFailed as failure:
                message = f"✗ Exercise {exercise}: {failure}\n  Stuck? grade hint {exercise}"
                raise CheckFailed(message) from None
            print(f"✓ {exercise} {title}")

        return run

    return decorate


def ask(
    function: Any,
    *args: Any,
    said: str | None = None,
    perhaps: Mapping[str, str] | None = None,
    **kwargs: Any,
) -> Answer:
    """Call an answer with copies of the arguments and return what it gave, ready to be examined.

    Parameters
    ----------
    function
        What the learner defined. Anything that is not callable is reported as such.
    said
        How to write the call in a message; by default the name and the arguments, long arrays shortened.
    perhaps
        Known mistakes that stop an answer: the error's name -> advice.

    Raises
    ------
    NotAttempted
        The function raised NotImplementedError: it is still the stub.
    CheckFailed
        The function raised anything else; the message names the error and the learner's own line.
    """
    name = getattr(function, "__name__", "your answer")
    if not callable(function):
        raise CheckFailed(f"the name should be a function, but it is {show(function)}.")
    said = said or _spell(name, args, kwargs)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = function(*copy.deepcopy(args), **copy.deepcopy(kwargs))
    except NotImplementedError:
        raise NotAttempted(
            f"`{name}` is still to be written. Put your code in place of `raise NotImplementedError`,\n"
            "  run that cell, then run this one again."
        ) from None
    except CheckFailed:
        raise
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {_shorten(str(error))}"
        advice = (perhaps or {}).get(type(error).__name__)
        ending = f"\n  Perhaps: {advice}." if advice else ""
        raise CheckFailed(f"{said} stopped with {what}{_line_of(function, error)}{ending}") from None
    return Answer(said, value)


class Answer:
    """What came back from one call of an answer.

    Attributes
    ----------
    said
        The call as the message quotes it.
    value
        The value as it came, not yet examined.
    """

    def __init__(self, said: str, value: Any) -> None:
        self.said = said
        self.value = value

    def fail(self, property_: str, perhaps: str | None = None) -> NoReturn:
        """Raise `CheckFailed`: this call, this value, this property broken and, if known, a likely reason."""
        lines = [f"{self.said} gave {show(self.value)}", f"  What it breaks: {property_}."]
        if perhaps:
            lines.append(f"  Perhaps: {perhaps}.")
        raise CheckFailed("\n".join(lines))

    def require(self, condition: Any, property_: str, perhaps: str | None = None) -> None:
        """Fail with `property_` unless `condition` holds."""
        if not condition:
            self.fail(property_, perhaps)

    def number(self) -> float:
        """Return the value as a float; a plain number or an array of shape () is asked for."""
        value = self.value
        if type(value) is np.ndarray and value.shape == () and value.dtype.kind in _DTYPES["number"]:
            value = value[()]
        if type(value) not in _REALS and not (isinstance(value, np.integer)):
            self.fail("the contract asks for one number", _forgotten(value))
        try:
            return float(value)
        except OverflowError:
            self.fail("the contract asks for a float, and this is too large for one")

    def integer(self) -> int:
        """Return the value as an int; a whole float such as 3.0 is refused."""
        value = self.value
        if type(value) is np.ndarray and value.shape == () and value.dtype.kind in _DTYPES["int"]:
            value = value[()]
        if type(value) is not int and not isinstance(value, np.integer):
            self.fail("the contract asks for one whole number, an int", _forgotten(value))
        return int(value)

    def array(self, shape: tuple[int, ...], kind: str = "float") -> np.ndarray:
        """Return the value as an array of this very shape and kind ("float", "int", "bool" or "number")."""
        value = self.value
        if type(value) in _REALS or isinstance(value, np.integer):
            self.fail(f"the contract asks for an array of shape {shape}", "a sum or argmin lacks its axis")
        if type(value) is not np.ndarray:
            self.fail(f"the contract asks for a NumPy array of shape {shape}", _forgotten(value))
        if value.shape != shape:
            self.fail(
                f"the contract asks for shape {shape}, and this has shape {value.shape}",
                "look at the axis that a sum runs over, and at keepdims",
            )
        if value.dtype.kind not in _DTYPES[kind]:
            cut = kind == "float" and value.dtype.kind in "iu"
            advice = "an array of whole numbers cuts off what stands behind the point" if cut else None
            if kind == "int" and value.dtype.kind == "f":
                advice = "`.astype(int)` makes whole numbers of them"
            self.fail(f"the contract asks for {kind} values, and these are {value.dtype}", advice)
        return value

    def pair(self) -> tuple[Answer, Answer]:
        """Return the two members of the value as answers of their own; a tuple of two is asked for."""
        if type(self.value) is not tuple or len(self.value) != 2:
            advice = _forgotten(self.value)
            if type(self.value) is list:
                advice = "a list came back where a tuple is asked for: round brackets, or none"
            self.fail("the contract asks for two values: `return first, second`", advice)
        first, second = self.value
        return Answer(f"{self.said}, first value,", first), Answer(f"{self.said}, second value,", second)

    def near(
        self,
        want: Any,
        property_: str,
        *,
        rtol: float = 1e-9,
        atol: float = 1e-12,
        slips: Mapping[str, Any] | None = None,
    ) -> None:
        """Fail unless the value has the shape of `want` and agrees with it.

        Parameters
        ----------
        want
            A number or an array; never shown to the learner. NaN agrees with NaN, inf with inf.
        property_
            What a right answer obeys, in the learner's words.
        slips
            Known mistakes: advice -> the value that this mistake would give. A match adds the advice.
        """
        want = np.asarray(want)
        kind = "int" if want.dtype.kind in "iu" else "float"
        if want.shape == ():
            got = np.asarray(self.integer() if kind == "int" else self.number())
        else:
            got = self.array(want.shape, kind)
        bad = ~np.isclose(got, want, rtol=rtol, atol=atol, equal_nan=True)
        if not bad.any():
            return
        for advice, slip in (slips or {}).items():
            if np.shape(slip) == got.shape and np.allclose(got, slip, rtol=1e-6, atol=atol, equal_nan=True):
                self.fail(property_, advice)
        advice = None
        if getattr(self.value, "dtype", None) in (np.float16, np.float32):
            advice = f"{self.value.dtype} keeps too few digits; the contract asks for float64"
        if want.shape:
            where = tuple(int(i) for i in np.argwhere(bad)[0])
            index = where[0] if len(where) == 1 else where
            property_ += f"; the first place that is off is index {index}, with {show(got[where])}"
        self.fail(property_, advice)


def show(value: Any) -> str:
    """Write a value as a learner would: short, with dtype and shape where it is an array.

    >>> show(np.array([0.5, 0.25]))
    '[0.5, 0.25]'
    >>> show(np.zeros((200, 3)))
    'an array of shape (200, 3), float64, that starts [0.0, 0.0, 0.0, 0.0, …]'
    """
    if type(value) is np.ndarray:
        if value.size <= 12:
            return _shorten(_rounded(value.tolist()))
        start = ", ".join(_rounded(item) for item in value.ravel()[:4].tolist())
        return f"an array of shape {value.shape}, {value.dtype}, that starts [{start}, …]"
    if value is None:
        return "None (is a return missing?)"
    if callable(value):
        return f"a {type(value).__name__}"
    return _shorten(_rounded(value.item() if isinstance(value, np.generic) else value))


def _rounded(value: Any) -> str:
    """Write numbers with at most seven figures, inside lists and tuples too."""
    if type(value) is float:
        short = f"{value:.7g}"
        return short if any(mark in short for mark in ".ne") else short + ".0"
    if type(value) in (list, tuple):
        inner = ", ".join(map(_rounded, value))
        if type(value) is list:
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if type(value) is np.ndarray or isinstance(value, np.generic):
        return show(value)
    return repr(value)


def _shorten(text: str, limit: int = 240) -> str:
    """Keep a message readable whatever the learner's code produced."""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _spell(name: str, args: tuple, kwargs: dict) -> str:
    """Write a call: name, arguments, keyword arguments."""
    parts = [show(arg) for arg in args] + [f"{key}={show(arg)}" for key, arg in kwargs.items()]
    return f"{name}({', '.join(parts)})"


def _forgotten(value: Any) -> str | None:
    """Advise on the commonest wrong types."""
    if value is None:
        return "the function ends without a return"
    if type(value) is list:
        return "np.asarray(...) turns a list into an array"
    if type(value) is np.ndarray:
        return f"an array of shape {value.shape} came back"
    return None


def _line_of(function: Any, error: BaseException) -> str:
    """Point at the learner's own line where the error arose, if the code is at hand."""
    filename = getattr(getattr(function, "__code__", None), "co_filename", None)
    found, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            found = trace.tb_lineno
        trace = trace.tb_next
    line = linecache.getline(filename, found).strip() if found else ""
    return f"\n  At line {found} of the answer cell: {line}" if line else ""

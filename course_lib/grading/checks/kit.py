"""What every check is made of: ask an answer, hold what comes back against a law, say kindly what is wrong.

A set of exercises keeps its known mistakes in one table, as functions, and its checks below it::

    SLIPS = {"surprisal": {"these are nats; the unit is the bit": lambda p: -np.log(p)}}
    check = checker(SLIPS)

    @check("1.1")
    def surprisal_values(random, surprisal):
        "Check surprise in bits."
        for p in (0.125, float(random.uniform(0.02, 0.4))):
            surprisal(p).near(-np.log2(p), "twice as rare must be worth exactly one bit more")

The check's name gives the seed of `random`; with dashes it is the grade_id of its cell. An argument is
named as the answer that it asks, and is called with plain values only, so that the answer may live in
another process. When a law is broken, the slips of that answer are run on the same arguments. The one that
does the same as the answer (an equal value, or the same kind of error, on every call so far) gives its
advice. A mistake that is made in several ways is a tuple of functions under one advice. `check.last` then
holds the arguments of the failing call.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import inspect
import linecache
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NoReturn

import numpy as np

from course_lib.grading.checks.limit import TimeUp, time_limit
from course_lib.grading.checks.show import shorten, show
from course_lib.grading.checks.slips import Slip, advice_for, run_slip, same
from course_lib.grading.model import TIMEOUT
from course_lib.grading.records import late

__all__ = ["After", "Answer", "Asked", "CheckFailed", "Checker", "NotAttempted", "checker"]

Slips = Mapping[str, Mapping[str, Slip]]

_KINDS = {"float": "fiu", "int": "iu", "bool": "b"}
_WORDS = {"float": "numbers", "int": "whole numbers", "bool": "True or False"}
_REMEMBERED = 400  # calls that a slip is held against


class CheckFailed(AssertionError):
    """An answer broke a law; the message is written for the learner."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of a traceback: the message alone."""
        return [str(self)]


class NotAttempted(CheckFailed):
    """The answer cell still holds its stub."""


@dataclass(frozen=True)
class After:
    """What a passed exercise unlocks: something about the learner's own answer.

    Attributes
    ----------
    said
        A sentence or two, with a number of the learner's own.
    draw
        Makes a figure; called in a notebook, and not while a class is graded.
    """

    said: str
    draw: Callable[[], object] | None = None


class Checker:
    """The checks of one set of exercises: decorate with it, call them as its attributes.

    Attributes
    ----------
    slips
        Known mistakes: name of the answer -> advice -> a function that makes the mistake.
    checks
        The checks by name.
    last
        The arguments of the last call that broke a law, so that ``answer(*check.last)`` repeats it.
    """

    def __init__(self, slips: Slips) -> None:
        self.slips, self.checks, self.last = slips, {}, ()

    def __call__(
        self, exercise: str, *, seconds: float = TIMEOUT
    ) -> Callable[[Callable[..., After | None]], Callable[..., None]]:
        """Turn a function into a check of `exercise`: one ✓ line when it passes, a message when it does not.

        The docstring's first line, "Check this law.", becomes that line: "✓ 1.1 this law". A check that takes
        longer than its seconds has failed.
        """

        def decorate(law: Callable[..., After | None]) -> Callable[..., None]:
            title = (law.__doc__ or law.__name__).splitlines()[0].rstrip(".")
            title = title.removeprefix("Check that ").removeprefix("Check ")
            names = list(inspect.signature(law).parameters)[1:]

            @functools.wraps(law)
            def run(*answers: Any) -> None:
                asked = [Asked(name, answer, self) for name, answer in zip(names, answers, strict=True)]
                try:
                    with warnings.catch_warnings(), time_limit(seconds):
                        warnings.simplefilter("ignore")  # of 0/0 and log 0, which values tell better
                        after = law(_generator(law.__name__), *asked)
                except NotAttempted as failure:
                    hint = f"A first nudge: grade hint {exercise}"
                    raise NotAttempted(f"○ Exercise {exercise}: {failure}\n  {hint}") from None
                except CheckFailed as failure:
                    raise CheckFailed(f"✗ Exercise {exercise}: {failure}") from None
                except TimeUp:
                    text = f"the calls of `{'` and `'.join(names)}` took longer than {seconds:g} s together"
                    raise CheckFailed(f"✗ Exercise {exercise}: {text}") from None
                print(f"✓ {exercise} {title}")
                if after:
                    _unlock(after)

            run.seconds = seconds
            self.checks[law.__name__] = run
            return run

        return decorate

    def __getattr__(self, name: str) -> Callable[..., None]:
        try:
            return self.__dict__["checks"][name]
        except KeyError:
            raise AttributeError(f"there is no check called {name}") from None


def checker(slips: Slips) -> Checker:
    """Return the decorator of a set's checks, which know these slips."""
    return Checker(slips)


class Asked:
    """An answer of the learner's, ready to be called by a check.

    Parameters
    ----------
    name
        What the learner was asked to call it.
    function
        What the learner defined; anything that is not callable is reported as such.
    checks
        Whose slips are known, and who keeps the arguments of a failure.
    """

    def __init__(self, name: str, function: Any, checks: Checker) -> None:
        self.name, self._function, self._checks = name, function, checks
        self.calls: list[tuple[tuple, Any]] = []  # arguments, and the value or the error that came of them

    def __call__(self, *args: Any) -> Answer:
        """Call the answer with copies of the arguments and return what it gave, ready to be examined.

        Raises
        ------
        NotAttempted
            The function raised NotImplementedError: it is still the stub.
        CheckFailed
            The function raised anything else or was interrupted; the message names the learner's own line.
        """
        said = f"{self.name}({', '.join(map(show, args))})"
        if not callable(self._function):
            raise CheckFailed(f"`{self.name}` should be a function, but it is {show(self._function)}.")
        started = time.monotonic()
        try:
            value = self._function(*copy.deepcopy(args))
        except NotImplementedError:
            raise NotAttempted(
                f"`{self.name}` is still to be written. Put your code in place of\n"
                "  `raise NotImplementedError`, run that cell, then run this one again."
            ) from None
        except CheckFailed:
            raise
        except KeyboardInterrupt as stop:
            self._checks.last = copy.deepcopy(args)
            line, text = stop.args if len(stop.args) == 2 else _place(self._function, stop)
            message = late(said, time.monotonic() - started, line, text, verb="returned")
            raise CheckFailed(message + _rerun(self.name, args)) from None
        except (Exception, SystemExit) as error:
            self._remember(args, error)
            text = f"{said} stopped with {type(error).__name__}: {shorten(str(error))}"
            line, code = _place(self._function, error)
            place = f"\n  At line {line} of the answer cell: {code}" if line else ""
            raise self._failure(args, said, text + place) from None
        self._remember(args, value)
        return Answer(self, args, said, value)

    def like(self, right: Callable[..., Any], cases: Iterable[tuple], *laws: str, rtol: float = 1e-9) -> None:
        """Fail unless the answer agrees with the function `right` on these arguments; a law for each part."""
        for args in cases:
            want, answer = right(*args), self(*args)
            answer.agrees(want, laws, rtol=rtol)

    def differs(self, stub: Callable[..., Any], cases: Iterable[tuple]) -> None:
        """Raise NotAttempted while the answer does the same as this stub, which runs, on all these cases."""
        if all(same(run_slip(self._function, args), run_slip(stub, args)) for args in cases):
            raise NotAttempted(f"`{self.name}` still does what it did when you got it.")

    def _remember(self, args: tuple, outcome: Any) -> None:
        self.calls = [*self.calls[-_REMEMBERED + 1 :], (copy.deepcopy(args), outcome)]

    def _failure(self, args: tuple, said: str, text: str, advice: str | None = None) -> CheckFailed:
        """Keep the arguments; return the error to raise, with advice that fits and how to run it again."""
        self._checks.last = copy.deepcopy(args)
        if advice is None:
            advice = advice_for(self._checks.slips.get(self.name, {}), self.calls)
        ending = f"\n  Perhaps: {advice}." if advice else ""
        return CheckFailed(text + ending + _rerun(self.name, args))


class Answer:
    """What came back from one call of an answer.

    Attributes
    ----------
    said
        The call as the message quotes it.
    value
        The value as it came, not yet examined.
    """

    def __init__(self, asked: Asked, args: tuple, said: str, value: Any) -> None:
        self._asked, self._args, self.said, self.value = asked, args, said, value

    def fail(self, law: str, advice: str | None = None) -> NoReturn:
        """Raise `CheckFailed`: this call, this value, the law that it breaks, and advice if some fits.

        Advice that is given takes the place of the slips'; an empty one keeps them silent.
        """
        text = f"{self.said} gave {show(self.value)}\n  What it breaks: {law}."
        raise self._asked._failure(self._args, self.said, text, advice)

    def require(self, condition: Any, law: str, advice: str | None = None) -> None:
        """Fail with `law` unless `condition` holds."""
        if not condition:
            self.fail(law, advice)

    def number(self) -> float:
        """Return the value as a float; one number is asked for."""
        value = self._plain("float", ())
        try:
            return float(value)
        except OverflowError:
            self.fail("the contract asks for a float, and this is too large for one")

    def integer(self) -> int:
        """Return the value as an int; a float such as 3.0 is refused, since it cannot index anything."""
        return int(self._plain("int", ()))

    def truth(self) -> bool:
        """Return the value as a bool."""
        return bool(self._plain("bool", ()))

    def array(self, shape: tuple[int, ...], kind: str = "float") -> np.ndarray:
        """Return the value as an array of this shape and kind ("float", "int" or "bool").

        Lists and tuples are taken for arrays, and whole numbers for floats.
        """
        return self._plain(kind, shape)

    def item(self, key: str) -> Answer:
        """Return a member of a dict as an answer of its own, known by the slips of its own name."""
        if type(self.value) is not dict or key not in self.value:
            self.fail(f"the contract asks for a dict with an entry {key!r}")
        asked = Asked(key, None, self._asked._checks)
        asked.calls = [((), self.value[key])]
        return Answer(asked, (), f"{self.said}[{key!r}]", self.value[key])

    def parts(self, count: int, form: str = "`return` them with commas between") -> tuple[Answer, ...]:
        """Return the members of the value as answers of their own; a tuple is asked for, a list will do."""
        listed = type(self.value) in (tuple, list) or (type(self.value) is np.ndarray and self.value.ndim)
        if not listed or len(self.value) != count:
            self.fail(f"the contract asks for {count} values: {form}", "")
        ordinals = ("first", "second", "third", "fourth")
        return tuple(
            Answer(self._asked, self._args, f"{self.said}, {ordinal} value,", part)
            for ordinal, part in zip(ordinals, self.value, strict=False)
        )

    def agrees(self, want: Any, laws: Sequence[str], *, rtol: float = 1e-9) -> None:
        """Fail unless this is the right value, or each of its parts is; a law for each part."""
        if not isinstance(want, tuple):
            self.near(want, laws[0], rtol=rtol)
            return
        for part, value, law in zip(self.parts(len(want)), want, laws, strict=True):
            part.near(value, law, rtol=rtol)

    def near(self, want: Any, law: str, *, rtol: float = 1e-9, atol: float = 1e-12) -> None:
        """Fail unless the value has the shape of `want` and agrees with it.

        Parameters
        ----------
        want
            A number or an array; never shown to the learner. NaN agrees with NaN, inf with inf.
        law
            What a right answer obeys, in the learner's words.
        """
        want = np.asarray(want)
        got = self._plain({"i": "int", "u": "int", "b": "bool"}.get(want.dtype.kind, "float"), want.shape)
        bad = ~np.isclose(got, want, rtol=rtol, atol=atol, equal_nan=True)
        if not bad.any():
            return
        if want.shape:
            where = tuple(int(i) for i in np.argwhere(bad)[0])
            index = where[0] if len(where) == 1 else where
            law += f"; the first place that is off is index {index}, with {show(got[where])}"
        self.fail(law, _digits_lost(got, want))

    def _plain(self, kind: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the value as an array of plain numbers, or say what the contract asks for."""
        wanted = {"float": "one number", "int": "one whole number, an int", "bool": "True or False"}[kind]
        if shape:
            wanted = f"an array of shape {shape}, of {_WORDS[kind]}"
        plain = (list, tuple, np.ndarray) if shape else (float, int, bool, Fraction, np.ndarray)
        if not (type(self.value) in plain or isinstance(self.value, np.generic)):
            self.fail(f"the contract asks for {wanted}")
        try:
            got = np.asarray(float(self.value) if type(self.value) is Fraction else self.value)
        except ValueError:
            self.fail(f"the contract asks for {wanted}; these rows differ in length")
        if got.shape != shape:
            shown = f", and this has shape {got.shape}" if got.shape or shape else ""
            self.fail(f"the contract asks for {wanted}{shown}")
        if got.dtype.kind not in _KINDS[kind]:
            whole = kind == "int" and got.dtype.kind == "f" and bool(np.all(got == np.rint(got)))
            advice = "`.astype(int)` makes whole numbers of them" if whole else None
            self.fail(f"the contract asks for {wanted}, and the dtype here is {got.dtype}", advice)
        return got


def _digits_lost(got: np.ndarray, want: np.ndarray) -> str | None:
    """Advise on a right value that was cut down to too few digits, or to none behind the point."""
    if got.dtype in (np.float16, np.float32) and np.allclose(got, want, rtol=1e-2, equal_nan=True):
        return f"{got.dtype} keeps too few digits; the contract asks for float64"
    if got.dtype.kind in "iu" and want.dtype.kind == "f" and np.array_equal(got, np.trunc(want)):
        return "an array of whole numbers cuts off what stands behind the point"
    return None


def _generator(check: str) -> np.random.Generator:
    """Return the generator of one check, made of its name and of ``COURSE_GRADING_SEED`` (default "0").

    A run can so be repeated exactly, and two submissions can be given different inputs.
    """
    text = f"{os.environ.get('COURSE_GRADING_SEED', '0')}/{check.replace('_', '-')}"
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]))


def _unlock(after: After) -> None:
    """Print what a passed exercise unlocks; draw it in a notebook, but not while a class is graded."""
    print(f"  {after.said}")
    shell = sys.modules.get("IPython")
    if after.draw and shell and shell.get_ipython() and "COURSE_ANSWERS_PLAN" not in os.environ:
        shell.display.display(after.draw())


def _rerun(name: str, args: tuple) -> str:
    """Say how to repeat a call, unless it takes no argument."""
    return f"\n  To run this call yourself: {name}(*check.last)" if args else ""


def _place(function: Any, error: BaseException) -> tuple[int | None, str]:
    """Return the learner's own line where the error arose, and its text, if the code is at hand."""
    filename = getattr(getattr(function, "__code__", None), "co_filename", None)
    found, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            found = trace.tb_lineno
        trace = trace.tb_next
    text = linecache.getline(filename, found).strip() if found else ""
    return (found, text) if text else (None, "")

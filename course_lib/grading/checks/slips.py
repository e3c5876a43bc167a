"""Mistakes as functions: made of right answers, and recognised by what they do."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

__all__ = ["Slip", "advice_for", "given", "run_slip", "same", "scaled", "ways"]

Slip = Callable[..., Any] | tuple[Callable[..., Any], ...]


def given(function: Callable[..., Any], **changed: Any) -> Callable[..., Any]:
    """Return the function with some of its arguments replaced, also those that a call brings.

    >>> given(pow, exp=3)(2, 5)
    8
    """
    names = list(inspect.signature(function).parameters)
    return lambda *args: function(**{**dict(zip(names, args, strict=False)), **changed})


def scaled(factor: float, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function times a factor: another unit, another sign.

    >>> float(scaled(-1, abs)(5))
    -5.0
    """
    return lambda *args: factor * np.asarray(function(*args))[()]


def same(outcome: Any, slip: Any) -> bool:
    """Whether an answer and a slip did the same: the same kind of error, or equal values.

    An interval, a pair of numbers, does the same as the one number that lies in it.
    """
    if isinstance(outcome, BaseException) or isinstance(slip, BaseException):
        return type(outcome) is type(slip)
    if isinstance(slip, tuple) and isinstance(outcome, tuple | list):
        return len(slip) == len(outcome) and all(map(same, outcome, slip))
    if isinstance(slip, Mapping):
        return isinstance(outcome, Mapping) and all(k in outcome and same(outcome[k], slip[k]) for k in slip)
    if str in (type(outcome), type(slip)):  # "01" and "1" are two words, though one number
        return type(outcome) is type(slip) and outcome == slip
    try:
        got, wrong = np.asarray(outcome, dtype=float), np.asarray(slip, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return False
    if got.shape == (2,) and wrong.shape == ():
        return bool(got[0] <= wrong <= got[1])
    return got.shape == wrong.shape and np.allclose(got, wrong, 1e-6, 1e-12, equal_nan=True)


def run_slip(slip: Callable[..., Any], args: tuple) -> Any:
    """Return what a slip gives for these arguments, or the error that it stops with."""
    try:
        return slip(*copy.deepcopy(args))
    except Exception as error:
        return error


def ways(slip: Slip) -> tuple[Callable[..., Any], ...]:
    """Return the functions that make a mistake, each in its way."""
    return slip if isinstance(slip, tuple) else (slip,)


def advice_for(slips: Mapping[str, Slip], calls: Iterable[tuple[tuple, Any]]) -> str | None:
    """Return the advice of the one slip that does the same on every call; None if none does, or several."""

    def fits(function: Callable[..., Any]) -> bool:
        return all(same(outcome, run_slip(function, args)) for args, outcome in reversed(list(calls)))

    fitting = [advice for advice, slip in slips.items() if any(map(fits, ways(slip)))]
    return fitting[0] if len(fitting) == 1 else None

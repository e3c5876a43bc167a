"""Values as a message writes them: short, with few figures, whatever the learner's code produced."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["shorten", "show"]


def show(value: Any) -> str:
    """Write a value as a learner would: short, with dtype and shape where it is a long array.

    >>> show(np.array([0.5, 0.25]))
    '[0.5, 0.25]'
    >>> show(np.zeros((200, 3)))
    'an array of shape (200, 3), float64, that starts [0.0, 0.0, 0.0, 0.0, …]'
    """
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) is np.ndarray:
        if value.size <= 12:
            return shorten(_rounded(value.tolist()))
        start = ", ".join(_rounded(item) for item in value.ravel()[:4].tolist())
        return f"an array of shape {value.shape}, {value.dtype}, that starts [{start}, …]"
    if value is None:
        return "None (is a return missing?)"
    if callable(value):
        return f"a {type(value).__name__}"
    return shorten(_rounded(value))


def shorten(text: str, limit: int = 240) -> str:
    """Keep a message readable whatever the learner's code produced."""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _rounded(value: Any) -> str:
    """Write numbers with at most seven figures, inside lists and tuples too."""
    if type(value) is float or type(value) is np.longdouble:
        short = f"{value:.7g}"
        return short if any(mark in short for mark in ".ne") else short + ".0"
    if type(value) in (list, tuple):
        inner = ", ".join(map(_rounded, value))
        if type(value) is list:
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if type(value) is np.ndarray or (isinstance(value, np.generic) and type(value.item()) is not type(value)):
        return show(value)
    return repr(value)

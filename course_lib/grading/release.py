"""What a learner gets of a source: stubs for solutions, and hints that a glance does not read.

The metadata of an answer cell may hold ``course.stub``, lines that take the place of the solution region. An
exercise of the kind "find the bug" so starts with a function that runs and is wrong.

Hints stand in the metadata of the exercise's title. In the learner's notebook they are written in base64,
since JupyterLab shows a cell's metadata beside it and three hints in clear give the exercise away. This is
no secret, and `grade hint` reads them from that very file.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

__all__ = ["STUB", "closed_hints", "opened_hint", "stub_of"]

_MARK = "base64:"

STUB = "# Your code goes here, in place of the next line.\nraise NotImplementedError"


def stub_of(cell: dict[str, Any]) -> str:
    r"""Return the lines that take the place of the solution in an answer cell.

    >>> stub_of({"metadata": {"course": {"names": ["f"], "stub": "return 2"}}})
    'return 2'
    >>> stub_of({"metadata": {}}).splitlines()[-1]
    'raise NotImplementedError'
    """
    course = cell.get("metadata", {}).get("course", {})
    stub = course.get("stub") if isinstance(course, dict) else None
    return stub if isinstance(stub, str) else STUB


def closed_hints(cell: dict[str, Any]) -> None:
    """Write the hints in a cell's metadata, if there are any, so that a glance does not read them."""
    course = cell.get("metadata", {}).get("course", {})
    if "hints" in course:
        course["hints"] = [_MARK + base64.b64encode(hint.encode()).decode() for hint in course["hints"]]


def opened_hint(hint: str) -> str:
    """Return a hint in clear, whether it was closed or not.

    >>> opened_hint("base64:VHJ5IGEgc21hbGwgY2FzZS4="), opened_hint("Draw it.")
    ('Try a small case.', 'Draw it.')
    """
    if not hint.startswith(_MARK):
        return hint
    try:
        return base64.b64decode(hint.removeprefix(_MARK)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return hint  # somebody edited it

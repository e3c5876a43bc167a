"""What a learner gets in place of a solution: the plain stub, or the one that the answer cell brings.

The metadata of an answer cell may hold ``course.stub``, lines that take the place of the solution region. An
exercise of the kind "find the bug" so starts with a function that runs and is wrong.
"""

from __future__ import annotations

from typing import Any

__all__ = ["STUB", "stub_of"]

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

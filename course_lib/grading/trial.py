"""Exercises tried out in this process: what a set of answers earns, without a kernel each.

For authors and tests alone. Answers run here unguarded, so they must be the course's own.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import Any

from .model import Notebook, answer_names, cell_source, is_answer, is_check

__all__ = ["by_heart", "earned", "examples", "mistakes_of", "names_of", "outcomes"]

Names = dict[str, Any]


def names_of(notebook: Notebook) -> Names:
    """Run the set-up and answer cells and return what they define."""
    space: Names = {}
    for cell in notebook.cells:
        if cell.get("cell_type") == "code" and not is_check(cell):
            name = cell["metadata"]["nbgrader"]["grade_id"]
            exec(compile(cell_source(cell), f"<{name}>", "exec"), space)
    return space


def outcomes(notebook: Notebook, names: Names, asking: Collection[str] = ()) -> dict[str, str]:
    """Run the checks, or those that ask for some answers; return messages by grade_id, "" where passed."""
    messages = {}
    for check in notebook.checks:
        if not asking or set(re.findall(r"\w+", check.source)) & set(asking):
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(check.source, dict(names))
                messages[check.grade_id] = ""
            except Exception as failure:
                messages[check.grade_id] = str(failure) or type(failure).__name__
    return messages


def earned(notebook: Notebook, names: Names) -> float:
    """Return the points that these answers earn."""
    messages = outcomes(notebook, names)
    return sum(check.points for check in notebook.checks if not messages[check.grade_id])


def examples(notebook: Notebook) -> dict[str, list[str]]:
    """Return the code of the examples that each exercise's statement shows."""
    shown = {}
    for cell in notebook.cells:
        course = cell["metadata"].get("course", {})
        if "hints" in course:
            shown[course["exercise"]] = re.findall(r"```python\n(.*?)```", cell_source(cell), flags=re.DOTALL)
    return shown


def by_heart(notebook: Notebook, solved: Names) -> Names:
    """Return answers that know the printed examples alone, and give the first of them to anything else."""
    known: dict[str, dict[str, Any]] = {}
    names = [name for cell in notebook.cells if is_answer(cell) for name in answer_names(cell)]

    def recorded(name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            known.setdefault(name, {})[repr((args, kwargs))] = value = solved[name](*args, **kwargs)
            return value

        return call

    for blocks in examples(notebook).values():
        for block in blocks:
            exec(block, {**solved, **{name: recorded(name) for name in names}})

    def recalled(values: dict[str, Any]) -> Any:
        return lambda *args, **kwargs: values.get(repr((args, kwargs)), next(iter(values.values())))

    return {**solved, **{name: recalled(known.get(name, {"": None})) for name in names}}


def mistakes_of(source: Path) -> ModuleType | None:
    """Return the module of known mistakes and lazy routes of a set, if there is one.

    ``exercises/source/01_probability.ipynb`` has ``tests/exercises/mistakes/probability.py``.
    """
    topic = source.stem.partition("_")[2]
    path = source.resolve().parents[2] / "tests" / "exercises" / "mistakes" / f"{topic}.py"
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location(f"mistakes_{topic}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

"""What each check looks at, in words: the first line of its docstring."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

from .model import Notebook, cell_source, is_answer, is_check
from .records import CheckResult

__all__ = ["check_titles", "with_titles"]

CHECKS = "course_lib.grading.checks"
FOLDER = Path(__file__).resolve().parent / "checks"


def check_titles(reference: Notebook) -> dict[str, str]:
    """Return the title of each check of a notebook of the course by grade_id.

    A check cell's own `title` in its metadata comes first. Otherwise the cell calls ``check.NAME(...)``; the
    module of checks that the set-up cell imports is read, and not run, for NAME's docstring.
    """
    docstrings = {}
    for module in _modules_of_checks(reference):
        docstrings |= _docstrings(FOLDER / f"{module}.py")
    return {
        check.grade_id: check.title or next(filter(None, map(docstrings.get, _called(check.source))), "")
        for check in reference.checks
    }


def with_titles(checks: Iterable[CheckResult], titles: dict[str, str]) -> list[CheckResult]:
    """Return results that say what each check looks at."""
    return [dataclasses.replace(check, title=titles.get(check.grade_id, "")) for check in checks]


def _modules_of_checks(reference: Notebook) -> Iterator[str]:
    """Yield the names of the modules of checks that a notebook's set-up cells import."""
    for cell in reference.cells:
        if cell.get("cell_type") != "code" or is_answer(cell) or is_check(cell):
            continue
        for node in _nodes(cell_source(cell)):
            if not isinstance(node, ast.ImportFrom) or node.level or not node.module:
                continue
            if node.module == CHECKS:
                yield from (alias.name for alias in node.names)
            elif node.module.startswith(f"{CHECKS}."):
                yield node.module.removeprefix(f"{CHECKS}.")


def _docstrings(path: Path) -> dict[str, str]:
    """Return what each function of a module checks, by the function's name."""
    found = {}
    with contextlib.suppress(OSError):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (text := ast.get_docstring(node)):
                title = text.splitlines()[0].rstrip(".")
                found[node.name] = title.removeprefix("Check that ").removeprefix("Check ")
    return found


def _called(source: str) -> Iterator[str]:
    """Yield the names of the methods that a cell calls, outermost first."""
    for node in _nodes(source):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


def _nodes(source: str) -> Iterator[ast.AST]:
    with contextlib.suppress(SyntaxError):
        yield from ast.walk(ast.parse(source))

"""Notebooks as the grader sees them: check cells with points, answer cells with names, hints."""

from __future__ import annotations

import errno
import json
import math
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .release import opened_hint, stub_of

__all__ = [
    "Check",
    "GradeError",
    "NotAllowed",
    "Notebook",
    "cell_source",
    "files_in",
    "is_stub",
    "parse_notebook",
    "read_notebook",
]

MAX_BYTES = 32 * 2**20
TIMEOUT = 10.0  # seconds, where a cell says nothing else
_COUNTS = {2: "two", 3: "three", 4: "four"}


class GradeError(Exception):
    """Something the user can put right; its text is the one line that `grade` prints."""


class NotAllowed(GradeError):
    """A file or folder that this user may not read."""

    def __init__(self, path: Path, needed: str = "r") -> None:
        super().__init__(f"you may not read {path} (ask its owner, or chmod u+{needed} {path})")


def files_in(folder: Path) -> list[Path]:
    """Return what lies in a folder, by name.

    Raises
    ------
    GradeError
        The folder may not be read.
    """
    try:
        names = os.listdir(folder)
        os.stat(folder / ".")
    except PermissionError:
        raise NotAllowed(folder, "rx") from None
    return [folder / name for name in sorted(names)]


@dataclass(frozen=True)
class Check:
    """One check cell: what it is called, where it belongs and what it is worth."""

    grade_id: str
    exercise: str
    points: float
    timeout: float
    source: str
    title: str = ""


@dataclass
class Notebook:
    """A notebook's JSON and what the grader reads in it."""

    name: str
    data: dict[str, Any]
    titles: dict[str, str] = field(default_factory=dict)
    hints: dict[str, list[str]] = field(default_factory=dict)
    library: dict[str, list[str]] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)

    @property
    def cells(self) -> list[dict[str, Any]]:
        """All cells, in order."""
        return self.data["cells"]

    @property
    def points(self) -> float:
        """What all checks together are worth."""
        return sum(check.points for check in self.checks)

    def answers(self) -> dict[str, str]:
        """Return the source of each answer cell by grade_id.

        Several cells with one grade_id are what is left of a cell that was split; they are joined in order.
        """
        return {name: "\n".join(map(cell_source, cells)) for name, cells in self._parts().items()}

    def doubled(self) -> list[str]:
        """Say which answers stand in several cells, and where one of these would undo those above it."""
        notes = []
        for name, cells in self._parts().items():
            if len(cells) == 1:
                continue
            count = _COUNTS.get(len(cells), str(len(cells)))
            note = f"{count} cells are called '{name}': they count as one, in order"
            if not is_stub(cells[0]) and any(map(is_stub, cells[1:])):
                note += "; a lower one still holds the stub, which replaces your answer: delete that cell"
            notes.append(note)
        return notes

    def _parts(self) -> dict[str, list[dict[str, Any]]]:
        parts: dict[str, list[dict[str, Any]]] = {}
        for cell in self.cells:
            if is_answer(cell):
                parts.setdefault(grade_id(cell), []).append(cell)
        return parts


def read_notebook(path: str | os.PathLike, *, follow_links: bool = True) -> Notebook:
    """Read a notebook of the course, or raise GradeError with the one line to show.

    Parameters
    ----------
    path
        The file.
    follow_links
        Whether a symbolic link is read. A submission must not point to somebody else's file.
    """
    path = Path(path)
    # A pipe in place of a file must not keep us waiting.
    extra = getattr(os, "O_NONBLOCK", 0) | (0 if follow_links else getattr(os, "O_NOFOLLOW", 0))
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | extra)) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise GradeError(f"{path} is not a file")
            if status.st_size > MAX_BYTES:
                megabytes = f"{status.st_size / 1e6:.0f} MB"
                raise GradeError(f"{path} has {megabytes}: clear its outputs and save it again")
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise GradeError(f"there is no {path}") from None
    except IsADirectoryError:
        raise GradeError(f"{path} is a folder") from None
    except PermissionError:
        raise NotAllowed(path) from None
    except OSError as error:
        reason = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise GradeError(f"cannot read {path}: {reason}") from None
    return parse_notebook(raw, path.stem, str(path))


def parse_notebook(raw: bytes, name: str, shown: str) -> Notebook:
    """Return the notebook that these bytes hold, or raise GradeError."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        raise GradeError(f"{shown} is not a notebook: it does not hold JSON") from None
    cells = data.get("cells") if isinstance(data, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise GradeError(f"{shown} is JSON but not a notebook (format 4)")
    notebook = Notebook(name, data)
    for cell in cells:
        course = _course(cell)
        exercise = course.get("exercise")
        if not isinstance(exercise, str):
            continue
        if isinstance(course.get("hints"), list):
            notebook.titles[exercise] = str(course.get("title", ""))
            notebook.hints[exercise] = [opened_hint(str(hint)) for hint in course["hints"]]
            library = course.get("library") or []
            notebook.library[exercise] = [library] if isinstance(library, str) else list(map(str, library))
        if is_check(cell):
            timeout = _number(course.get("timeout"), TIMEOUT)
            points = _number(_nbgrader(cell).get("points"), 0.0)
            title = str(course.get("title", ""))
            notebook.checks.append(Check(grade_id(cell), exercise, points, timeout, cell_source(cell), title))
    return notebook


def require_checks(notebook: Notebook, shown: str) -> Notebook:
    """Return the notebook, or raise GradeError if it is no exercise notebook of this course."""
    if not notebook.checks:
        raise GradeError(f"{shown} is not an exercise notebook of this course: it has no check cells")
    return notebook


def cell_source(cell: dict[str, Any]) -> str:
    """Return a cell's source, which JSON may hold as a string or as lines."""
    source = cell.get("source", "")
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def is_check(cell: dict[str, Any]) -> bool:
    """Return whether a cell carries points."""
    return cell.get("cell_type") == "code" and _nbgrader(cell).get("grade") is True and grade_id(cell) != ""


def is_answer(cell: dict[str, Any]) -> bool:
    """Return whether a cell is the learner's to fill."""
    meta = _nbgrader(cell)
    return (
        cell.get("cell_type") == "code"
        and meta.get("solution") is True
        and meta.get("grade") is not True
        and grade_id(cell) != ""
    )


def grade_id(cell: dict[str, Any]) -> str:
    """Return a cell's grade_id, or an empty string."""
    name = _nbgrader(cell).get("grade_id")
    return name if isinstance(name, str) else ""


def answer_names(cell: dict[str, Any]) -> list[str]:
    """Return the names that an answer cell owes."""
    return [str(name) for name in _course(cell).get("names", [])]


def cell_timeout(cell: dict[str, Any]) -> float:
    """Return how many seconds a cell may take."""
    return _number(_course(cell).get("timeout"), TIMEOUT)


def cell_exercise(cell: dict[str, Any]) -> str:
    """Return the number of the exercise that a cell belongs to, or an empty string."""
    exercise = _course(cell).get("exercise")
    return exercise if isinstance(exercise, str) else ""


def is_stub(cell: dict[str, Any]) -> bool:
    """Return whether every line that the course gave a learner to replace is still there."""
    lines = {line.strip() for line in cell_source(cell).splitlines()}
    return lines.issuperset(line.strip() for line in stub_of(cell).splitlines())


def _course(cell: dict[str, Any]) -> dict[str, Any]:
    return _section(cell, "course")


def _nbgrader(cell: dict[str, Any]) -> dict[str, Any]:
    return _section(cell, "nbgrader")


def _section(cell: dict[str, Any], name: str) -> dict[str, Any]:
    metadata = cell.get("metadata")
    section = metadata.get(name) if isinstance(metadata, dict) else None
    return section if isinstance(section, dict) else {}


def _number(value: Any, default: float) -> float:
    """Return a sane, positive number from metadata."""
    if type(value) in (int, float) and math.isfinite(value) and value >= 0:
        return float(value)
    return default

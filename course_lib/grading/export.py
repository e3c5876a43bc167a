"""Points as other systems import them: sheets for Moodle, Canvas and Gradescope, nbgrader's gradebook.

Only what was graded is exported. A submission that could not be graded has no points, which is not 0 points.
"""

from __future__ import annotations

import csv
import io
import os
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .model import GradeError
from .records import number, on_a_line
from .report import as_cell
from .run import environment

__all__ = ["canvas", "gradescope", "moodle", "nbgrader", "points_of", "read_sheet", "the_assignment"]

Record = Mapping[str, Any]
People = Mapping[str, Mapping[str, str]]
Exported = tuple[str, list[str]]  # the sheet, and the students who have no row in it


@dataclass
class Points:
    """What each student earned in one assignment, over all of its notebooks."""

    earned: dict[str, float] = field(default_factory=dict)
    possible: float = 0
    received: dict[str, str] = field(default_factory=dict)
    ungraded: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Sheet:
    """A sheet of another system's, as it was read."""

    head: list[str]
    rows: list[list[str]]
    separator: str = ","


def the_assignment(records: Iterable[Record], name: str | None) -> str:
    """Return the assignment that is meant, or raise GradeError that names those that there are."""
    there = sorted({record["assignment"] for record in records if record["notebook"]})
    if name in there or (name is None and len(there) == 1):
        return name or there[0]
    which = "which assignment" if name is None else f"there is no assignment {name}"
    raise GradeError(f"{which}? --assignment {' or '.join(there)}")


def points_of(records: Iterable[Record], assignment: str) -> Points:
    """Return the points of one assignment; a student one of whose notebooks has no result has none."""
    points, ungraded = Points(), {}
    possible: dict[str, float] = {}
    for record in records:
        student = record["student"]
        if record["assignment"] != assignment:
            continue
        if record["status"] != "graded":
            ungraded[student] = f"{on_a_line(student, 60)} ({record['status']})"
            continue
        points.earned[student] = points.earned.get(student, 0) + record["points"]
        points.received[student] = record["received"]
        possible[record["notebook"]] = record["max_points"]
    for student in ungraded:
        points.earned.pop(student, None)
    points.possible, points.ungraded = sum(possible.values()), list(ungraded.values())
    return points


def moodle(points: Points, people: People, assignment: str, sheet: Sheet | None) -> Exported:
    """Return Moodle's grading worksheet: the one given, filled in, or a new one with what Moodle asks for."""
    known = {
        student: f"Participant {people[student]['id']}" for student in points.earned if student in people
    }
    if sheet:
        return _filled(sheet, points, known, people, "Identifier", "Full name", "Grade")
    head = ["Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)"]
    rows = [
        [known.get(student, ""), _named(student, people), number(earned), number(points.possible), "-"]
        for student, earned in points.earned.items()
    ]
    return _as_csv(head, rows), []


def canvas(points: Points, people: People, assignment: str, sheet: Sheet | None) -> Exported:
    """Return Canvas's gradebook: the export given, with its column filled in, or one with a new column."""
    known = {student: people[student]["id"] for student in points.earned if student in people}
    if sheet:
        columns = [name for name in sheet.head if name == assignment or name.startswith(f"{assignment} (")]
        if len(columns) != 1:
            raise GradeError(f"the sheet has no column {assignment}: leave out --sheet to make a new one")
        return _filled(sheet, points, known, people, "ID", "Student", columns[0])
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", as_cell(assignment)]
    rows = [["    Points Possible", "", "", "", "", number(points.possible)]]
    for student, earned in points.earned.items():
        rows.append([_named(student, people), known.get(student, ""), "", "", "", number(earned)])
    return _as_csv(head, rows), []


def gradescope(points: Points, people: People, assignment: str, sheet: Sheet | None) -> Exported:
    """Return the columns of Gradescope's own export; its autograder reads ``results.json`` instead."""
    if sheet:
        raise GradeError("Gradescope imports no sheet; feedback/ holds a results.json for each submission")
    name = as_cell(assignment)
    head = ["Name", "SID", "Email", name, f"{name} - Max Points", f"{name} - Submission Time"]
    rows = []
    for student, earned in points.earned.items():
        person = people.get(student, {})
        who = [_named(student, people), as_cell(person.get("id", "")), as_cell(person.get("email", ""))]
        rows.append([*who, number(earned), number(points.possible), points.received[student]])
    return _as_csv(head, rows), []


def nbgrader(records: Iterable[Record], path: Path) -> int:
    """Write what was graded into nbgrader's gradebook, a check a grade cell, and return how many.

    A second export replaces the automatic scores of the first; scores given by hand stay.
    """
    try:
        from nbgrader.api import Gradebook
    except ModuleNotFoundError:
        raise GradeError("nbgrader is not installed: pip install 'course-lib[author]'") from None
    graded = [record for record in records if record["status"] == "graded"]
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    with (
        warnings.catch_warnings(action="ignore"),  # nbgrader's own, about its use of SQLAlchemy
        environment({"PATH": beside}),  # nbgrader calls alembic, which is installed beside Python
        Gradebook(f"sqlite:///{path.resolve()}") as gradebook,
    ):
        for assignment, notebook, checks in _notebooks(graded):
            gradebook.update_or_create_assignment(assignment)
            gradebook.update_or_create_notebook(notebook, assignment)
            for name, most in checks.items():
                cell = {"max_score": most, "cell_type": "code"}
                gradebook.update_or_create_grade_cell(name, notebook, assignment, **cell)
        for record in graded:
            student, assignment = record["student"], record["assignment"]
            gradebook.update_or_create_student(student)
            when = {"timestamp": record["received"]} if record["received"] else {}
            gradebook.update_or_create_submission(assignment, student, **when)
            for check in record["checks"]:
                grade = gradebook.find_grade(check["grade_id"], record["notebook"], assignment, student)
                grade.auto_score = check["max_points"] if check["outcome"] == "passed" else 0.0
                grade.needs_manual_grade = False
            gradebook.db.commit()
    return len(graded)


def _notebooks(records: Iterable[Record]) -> list[tuple[str, str, dict[str, float]]]:
    """Return each assignment's notebooks with their checks and what these are worth."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for record in records:
        worth = {check["grade_id"]: check["max_points"] for check in record["checks"]}
        found.setdefault((record["assignment"], record["notebook"]), {}).update(worth)
    return [(assignment, notebook, checks) for (assignment, notebook), checks in found.items()]


def read_sheet(path: Path) -> Sheet:
    """Read a sheet that another system gave, with its own separator."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise GradeError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise GradeError(f"{path} is no CSV in UTF-8") from None
    separator = max(",;\t", key=text.partition("\n")[0].count)
    head, *rows = [*csv.reader(io.StringIO(text), delimiter=separator)] or [[]]
    return Sheet(head, rows, separator)


def _filled(
    sheet: Sheet, points: Points, known: Mapping[str, str], people: People, key: str, name: str, column: str
) -> Exported:
    """Return a sheet with the points in `column`; rows are found by `key`, else by a `name` that one has."""
    for needed in (key, name, column):
        if needed not in sheet.head:
            raise GradeError(f"the sheet has no column {needed}: is it the right one?")
    by_key = {number_: student for student, number_ in known.items()}
    names = [people.get(student, {}).get("name") or student for student in points.earned]
    by_name = {n: student for n, student in zip(names, points.earned, strict=True) if names.count(n) == 1}
    here, there, into = (sheet.head.index(text) for text in (key, name, column))
    rows, found = [], set()
    for row in sheet.rows:
        row = [*row, *[""] * (len(sheet.head) - len(row))]
        student = by_key.get(row[here]) or by_name.get(row[there])
        if student is not None:
            row[into] = number(points.earned[student])
            found.add(student)
        rows.append(row)
    text = _as_csv(sheet.head, rows, sheet.separator)
    return text, [student for student in points.earned if student not in found]


def _named(student: str, people: People) -> str:
    return as_cell(people.get(student, {}).get("name") or student)


def _as_csv(head: Sequence[str], rows: Iterable[Sequence[str]], separator: str = ",") -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n", delimiter=separator).writerows([head, *rows])
    return file.getvalue()

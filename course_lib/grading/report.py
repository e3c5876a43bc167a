"""Reports of a graded class: records, gradebook, overview, feedback pages, JUnit, Gradescope.

Every report is a function of the records alone, without times or paths, so equal records give equal files.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from .files import write_atomically, write_if_new
from .model import GradeError
from .overview import feedback_place, overview_html
from .page import page, quoted
from .records import CheckResult, by_exercise, first_sentence, number, on_a_line

__all__ = [
    "as_cell",
    "checks_of",
    "feedback_html",
    "gradebook_csv",
    "gradescope",
    "in_order",
    "junit",
    "read_records",
    "write_reports",
]

Record = Mapping[str, Any]

_FORMULA = re.compile(r"(^|[;,|\t])(?=[\s\"]*[=+\-@＝＋－＠])")
_MARKS = {"passed": "✓", "waiting": "○"}


def write_reports(out: Path, records: list[Record]) -> list[Path]:
    """Write every report into `out` and return the paths of those that cover the whole class."""
    lines = "".join(json.dumps(record, sort_keys=True) + "\n" for record in records)
    whole = {
        out / "index.html": overview_html(records),
        out / "records.jsonl": lines,
        out / "grades.json": json.dumps([_brief(record) for record in records], indent=1) + "\n",
        out / "grades.csv": gradebook_csv(records),
        out / "junit.xml": junit(records),
    }
    for path, text in whole.items():
        write_atomically(path, text)
    for record in records:
        place = out / feedback_place(record)
        place.parent.mkdir(parents=True, exist_ok=True)
        write_if_new(place, feedback_html(record))
        uploaded = json.dumps(gradescope(record), indent=1) + "\n"
        write_if_new(place.with_suffix(".results.json"), uploaded)
    return list(whole)


def in_order(records: Iterable[Record]) -> list[Record]:
    """Return records in the order of every report: by student, assignment and notebook."""
    return sorted(records, key=lambda record: (record["student"], record["assignment"], record["notebook"]))


def read_records(out: Path) -> list[dict[str, Any]]:
    """Return the records that an earlier run left in its folder of results; none if there was none."""
    path = out / "records.jsonl"
    try:
        with open(path, encoding="utf-8") as file:
            return [{"received": "", **json.loads(line)} for line in file]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError):
        raise GradeError(f"{path} is damaged: remove it and grade the whole class again") from None


def checks_of(record: Record) -> list[CheckResult]:
    """Return the checks of a record as objects."""
    return [CheckResult(**check) for check in record["checks"]]


def gradebook_csv(records: Iterable[Record]) -> str:
    """Return one row a notebook: who, what, points, and the points of each exercise."""
    records = list(records)
    exercises = sorted({c["exercise"] for r in records for c in r["checks"]}, key=_in_order)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    head = ["student", "assignment", "notebook", "status", "points", "max_points", "received", "remark"]
    writer.writerow([*head, *exercises])
    for record in records:
        groups = by_exercise(checks_of(record))
        earned = [number(sum(c.points for c in groups[e])) if e in groups else "" for e in exercises]
        who = [as_cell(record[key]) for key in ("student", "assignment", "notebook", "status")]
        remark = as_cell(" ".join(filter(None, [record["message"], *record["notes"]])))
        points = [number(record["points"]), number(record["max_points"])]
        writer.writerow([*who, *points, record["received"], remark, *earned])
    return file.getvalue()


def feedback_html(record: Record) -> str:
    """Return a page for the student: points, each check, what to do. Everything quoted is escaped."""
    checks = checks_of(record)
    title = f"{record['notebook'] or record['assignment']}: {number(record['points'])} of "
    title += number(record["max_points"])
    body = [
        f"<h1>{quoted(title)} points</h1><p>{quoted(record['student'])}</p>",
        f'<progress max="{record["max_points"]}" value="{record["points"]}">{quoted(title)}</progress>',
    ]
    body += [f"<p>{quoted(text)}</p>" for text in (record["message"], *record["notes"]) if text]
    for exercise, group in by_exercise(checks).items():
        earned, possible = sum(c.points for c in group), sum(c.max_points for c in group)
        name = f"{exercise} {record['titles'].get(exercise, '')}".strip()
        body.append(f"<h2>{quoted(name)}: {number(earned)} of {number(possible)}</h2><ul>")
        for check in group:
            mark = _MARKS.get(check.outcome, "✗")
            points = f"{number(check.points)} of {number(check.max_points)}"
            # What to do next is no longer of use to whoever reads this.
            told = first_sentence(check.message) if check.outcome == "waiting" else check.message
            message = f"<pre>{quoted(told)}</pre>" if told else ""
            body.append(f"<li>{mark} {quoted(check.title or check.grade_id)} ({points}){message}</li>")
        body.append("</ul>")
    return page(title, "\n".join(body))


def junit(records: Iterable[Record]) -> str:
    """Return JUnit XML: a suite a notebook, a case a check."""
    root = ElementTree.Element("testsuites")
    for record in records:
        name = on_a_line(f"{record['student']}/{record['assignment']}/{record['notebook']}")
        checks = checks_of(record)
        bad = sum(check.outcome != "passed" for check in checks)
        broken = record["status"] != "graded"
        counts = {"tests": str(len(checks) + broken), "failures": str(bad), "errors": str(int(broken))}
        suite = ElementTree.SubElement(root, "testsuite", name=name, **counts)
        for check in checks:
            case = ElementTree.SubElement(suite, "testcase", classname=check.exercise, name=check.grade_id)
            if check.outcome != "passed":
                ElementTree.SubElement(case, "failure", message=check.outcome).text = check.message
        if broken:
            case = ElementTree.SubElement(suite, "testcase", classname="submission", name=record["status"])
            ElementTree.SubElement(case, "error", message=record["message"])
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def gradescope(record: Record) -> dict[str, Any]:
    """Return what Gradescope reads as results.json."""
    return {
        "score": record["points"],
        "output": "\n".join(text for text in (record["message"], *record["notes"]) if text),
        "output_format": "text",
        "tests": [
            {
                "name": check.title or check.grade_id,
                "number": check.exercise,
                "score": check.points,
                "max_score": check.max_points,
                "status": "passed" if check.outcome == "passed" else "failed",
                "output": check.message,
                "output_format": "text",
            }
            for check in checks_of(record)
        ],
    }


def _brief(record: Record) -> dict[str, Any]:
    return {
        key: record[key] for key in ("student", "assignment", "notebook", "status", "points", "max_points")
    }


def as_cell(text: str) -> str:
    r"""Return text on one line that no spreadsheet takes for a formula, wherever it splits cells.

    >>> [as_cell(text) for text in ("Ann Lee", "=1+1", "a;=1+1;", "-2+3")]
    ['Ann Lee', "'=1+1", "a;'=1+1;", "'-2+3"]
    """
    return _FORMULA.sub(r"\1'", on_a_line(text, 500))


def _in_order(exercise: str) -> list[tuple[int, str]]:
    """Sort 1.10 after 1.9."""
    return [(int(part) if part.isdigit() else 0, part) for part in exercise.split(".")]

"""Reports of a graded class: records, gradebook, feedback pages, JUnit, Gradescope.

Every report is a function of the records alone, without times or paths, so equal records give equal files.
"""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from .files import write_atomically
from .records import CheckResult, bar, by_exercise, number, plain

__all__ = ["feedback_html", "gradebook_csv", "gradescope", "junit", "summary_lines", "write_reports"]

Record = Mapping[str, Any]

_MARKS = {"passed": "✓", "waiting": "○"}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.4rem }} h2 {{ font-size: 1.1rem; margin-bottom: .2rem }}
progress {{ width: 100%; height: 1rem }}
li {{ margin: .3rem 0 }} ul {{ list-style: none; padding: 0 }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; margin: .2rem 0 .6rem 1.5rem; font-size: .9rem }}
</style></head><body>
{body}
</body></html>
"""


def write_reports(out: Path, records: list[Record]) -> list[Path]:
    """Write every report into `out` and return the paths of those that cover the whole class."""
    lines = "".join(json.dumps(record, sort_keys=True) + "\n" for record in records)
    whole = {
        out / "records.jsonl": lines,
        out / "grades.json": json.dumps([_brief(record) for record in records], indent=1) + "\n",
        out / "grades.csv": gradebook_csv(records),
        out / "junit.xml": junit(records),
    }
    for path, text in whole.items():
        write_atomically(path, text)
    for record in records:
        folder = out / "feedback" / record["student"] / record["assignment"]
        folder.mkdir(parents=True, exist_ok=True)
        name = record["notebook"] or "feedback"
        write_atomically(folder / f"{name}.html", feedback_html(record))
        write_atomically(folder / f"{name}.results.json", json.dumps(gradescope(record), indent=1) + "\n")
    return list(whole)


def checks_of(record: Record) -> list[CheckResult]:
    """Return the checks of a record as objects."""
    return [CheckResult(**check) for check in record["checks"]]


def gradebook_csv(records: Iterable[Record]) -> str:
    """Return one row a notebook: who, what, points, and the points of each exercise."""
    records = list(records)
    exercises = sorted({c["exercise"] for r in records for c in r["checks"]}, key=_in_order)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["student", "assignment", "notebook", "status", "points", "max_points", *exercises])
    for record in records:
        groups = by_exercise(checks_of(record))
        earned = [number(sum(c.points for c in groups[e])) if e in groups else "" for e in exercises]
        head = [_cell(record[key]) for key in ("student", "assignment", "notebook", "status")]
        writer.writerow([*head, number(record["points"]), number(record["max_points"]), *earned])
    return file.getvalue()


def feedback_html(record: Record) -> str:
    """Return a page for the student: points, each check, what to do. Everything quoted is escaped."""
    escape, checks = html.escape, checks_of(record)
    title = f"{record['notebook'] or record['assignment']}: {number(record['points'])} of "
    title = escape(title + number(record["max_points"]))
    body = [
        f"<h1>{title} points</h1><p>{escape(record['student'])}</p>",
        f'<progress max="{record["max_points"]}" value="{record["points"]}">{title}</progress>',
    ]
    body += [f"<p>{escape(text)}</p>" for text in (record["message"], *record["notes"]) if text]
    for exercise, group in by_exercise(checks).items():
        earned, possible = sum(c.points for c in group), sum(c.max_points for c in group)
        name = f"{exercise} {record['titles'].get(exercise, '')}".strip()
        body.append(f"<h2>{escape(name)}: {number(earned)} of {number(possible)}</h2><ul>")
        for check in group:
            mark = _MARKS.get(check.outcome, "✗")
            points = f"{number(check.points)} of {number(check.max_points)}"
            message = f"<pre>{escape(check.message)}</pre>" if check.message else ""
            body.append(f"<li>{mark} {escape(check.title or check.grade_id)} ({points}){message}</li>")
        body.append("</ul>")
    return _PAGE.format(title=title, body="\n".join(body))


def junit(records: Iterable[Record]) -> str:
    """Return JUnit XML: a suite a notebook, a case a check."""
    root = ElementTree.Element("testsuites")
    for record in records:
        name = _printable(f"{record['student']}/{record['assignment']}/{record['notebook']}")
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


def summary_lines(records: Iterable[Record]) -> list[str]:
    """Return a table for the terminal: a line a notebook, then the mean."""
    records = list(records)
    width = max(len(f"{r['student']} {r['assignment']}") for r in records)
    lines = []
    for record in records:
        name = _printable(f"{record['student']} {record['assignment']}").ljust(width)
        score = f"{number(record['points']):>5} / {number(record['max_points']):<5}"
        remark = "" if record["status"] == "graded" else f" {record['status']}: {record['message']}"
        lines.append(f"  {name}  {bar(record['points'], record['max_points'])} {score}{remark}".rstrip())
    mean = sum(r["points"] for r in records) / len(records)
    lines.append(f"  {len(records)} notebooks, mean {mean:.1f} points")
    return lines


def _brief(record: Record) -> dict[str, Any]:
    return {
        key: record[key] for key in ("student", "assignment", "notebook", "status", "points", "max_points")
    }


def _printable(name: str) -> str:
    """Return the name of a folder without what would end a line, move a cursor or be no XML."""
    return plain(name).replace("\n", " ").replace("\t", " ")


def _cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(tuple("=+-@＝＋－＠\t\r")) else text


def _in_order(exercise: str) -> list[tuple[int, str]]:
    """Sort 1.10 after 1.9."""
    return [(int(part) if part.isdigit() else 0, part) for part in exercise.split(".")]

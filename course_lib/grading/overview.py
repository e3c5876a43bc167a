"""A class at a glance, on the terminal and as a page: problems, points, what failed how often."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from .page import page, quoted
from .records import bar, number, on_a_line

__all__ = ["distribution", "failures", "feedback_place", "overview_html", "problems", "summary_lines"]

Record = Mapping[str, Any]

_MOST_LINES = 40  # of students or problems on a terminal
_KINDS = ("error", "broken", "unknown", "missing", "graded")  # what to look at first comes first


@dataclass(frozen=True)
class Failures:
    """How often one check was not passed."""

    notebook: str
    exercise: str
    check: str
    failed: int
    untouched: int
    of: int

    @property
    def rate(self) -> float:
        """The share of submissions that did not pass the check, untouched ones among them."""
        return (self.failed + self.untouched) / self.of


def problems(records: Iterable[Record]) -> list[tuple[Record, str]]:
    """Return the records that somebody should look at, with the reason, the most urgent first."""
    found = [(record, " ".join(filter(None, [record["message"], *record["notes"]]))) for record in records]
    found = [(record, why) for record, why in found if why or record["status"] != "graded"]
    return sorted(found, key=lambda pair: _KINDS.index(pair[0]["status"]))


def failures(records: Iterable[Record]) -> list[Failures]:
    """Return the checks that somebody did not pass, the most often failed first, over what was graded."""
    outcomes: dict[tuple[str, str], Counter[str]] = {}
    named: dict[tuple[str, str], tuple[str, str]] = {}
    for record in records:
        for check in record["checks"]:
            key = record["notebook"], check["grade_id"]
            named.setdefault(key, (check["exercise"], check["title"] or check["grade_id"]))
            outcomes.setdefault(key, Counter())[check["outcome"]] += 1
    rows = [
        Failures(
            notebook,
            *named[notebook, name],
            failed=count.total() - count["passed"] - count["waiting"],
            untouched=count["waiting"],
            of=count.total(),
        )
        for (notebook, name), count in outcomes.items()
    ]
    return sorted((row for row in rows if row.rate), key=lambda row: -row.rate)


def distribution(records: Iterable[Record]) -> dict[str, int]:
    """Return how many earned which share of the points, in tenths; full marks have their own row."""
    labels = [f"{low} to {low + 9} %" for low in range(0, 100, 10)] + ["100 %"]
    counts = dict.fromkeys(reversed(labels), 0)
    for record in records:
        if record["max_points"]:
            counts[labels[int(10 * record["points"] / record["max_points"])]] += 1
    return counts


def feedback_place(record: Record) -> PurePosixPath:
    """Return where a record's feedback lies in the folder of results."""
    name = f"{record['notebook'] or 'feedback'}.html"
    return PurePosixPath("feedback", record["student"], record["assignment"], name)


# --- on the terminal ------------------------------------------------------------------------------------


def summary_lines(records: Sequence[Record]) -> list[str]:
    """Return what a terminal shows of a class: a small one by name, a large one by numbers; problems last."""
    lines = _lines_by_name(records) if len(records) <= _MOST_LINES else _lines_by_number(records)
    lines += [f"  {line}" for line in _means(records)]
    worst = [row for row in failures(records) if row.failed][:5] if len(records) > 1 else []
    if worst:
        lines += ["", "Most often failed:"]
        lines += [
            f"  {row.failed:>5} of {row.of}  {row.exercise} {on_a_line(row.check, 70)}" for row in worst
        ]
    found = problems(records)
    if found:
        lines += ["", f"To look at: {len(found)}"]
        for record, why in found[:_MOST_LINES]:
            status = "" if record["status"] == "graded" else f"{record['status']}: "
            lines.append(f"  {_name(record)}  {status}{on_a_line(why, 110)}")
        if len(found) > _MOST_LINES:
            lines.append(f"  and {len(found) - _MOST_LINES} more, in index.html")
    return lines


def _lines_by_name(records: Sequence[Record]) -> list[str]:
    width = max(len(_name(record)) for record in records)
    return [
        f"  {_name(record):<{width}}  {bar(record['points'], record['max_points'])} "
        f"{number(record['points']):>5} / {number(record['max_points'])}"
        for record in records
    ]


def _lines_by_number(records: Sequence[Record]) -> list[str]:
    counts = distribution(records)
    most = max(counts.values()) or 1
    return [f"  {label:>10}  {bar(count, most, 30)} {count}" for label, count in counts.items()]


def _means(records: Sequence[Record]) -> list[str]:
    """Return a line for each notebook of the course: how many, how many whole, the mean."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record["notebook"], []).append(record)
    lines = []
    for notebook, group in groups.items():
        if notebook:
            mean = sum(record["points"] for record in group) / len(group)
            of = number(group[0]["max_points"])
            graded = sum(record["status"] == "graded" for record in group)
            count = f"{len(group)} submission{'s' * (len(group) > 1)}"
            lines.append(f"{notebook}: {count}, {graded} graded, mean {mean:.1f} of {of} points")
    return lines


def _name(record: Record) -> str:
    return on_a_line(f"{record['student']} {record['assignment']}", 44)


# --- as a page ------------------------------------------------------------------------------------------


def overview_html(records: Sequence[Record]) -> str:
    """Return the page of a class; every student's feedback is a click away."""
    body = ["<h1>The class</h1>", *(f"<p>{quoted(line)}</p>" for line in _means(records))]
    if found := problems(records):
        rows = [
            f"<tr><td>{_link(record)}</td><td>{_status(record)}{quoted(why)}</td></tr>"
            for record, why in found
        ]
        body.append(_table("To look at", "", ["Who", "Why"], rows))
    for notebook in dict.fromkeys(record["notebook"] for record in records if record["notebook"]):
        body += _about(notebook, [record for record in records if record["notebook"] == notebook])
    rows = [
        f"<tr><td>{_link(record)}{_bar(record['points'], record['max_points'])}</td>"
        f'<td class="n">{number(record["points"])} / {number(record["max_points"])}</td></tr>'
        for record in records
    ]
    body.append(_table("Everybody", "", ["Who", "Points"], rows))
    return page("The class", "\n".join(body))


def _about(notebook: str, records: Sequence[Record]) -> list[str]:
    """Return the tables of one notebook of the course: its points, its checks."""
    counts = distribution(records)
    most = max(counts.values()) or 1
    spread = [
        f'<tr><td>{label}{_bar(count, most)}</td><td class="n">{count}</td></tr>'
        for label, count in counts.items()
    ]
    rows = [
        f"<tr><td>{quoted(row.exercise)} {quoted(row.check)}{_bar(row.rate, 1)}</td>"
        f'<td class="n">{row.rate:.0%}</td><td class="n">{row.failed}</td>'
        f'<td class="n">{row.untouched}</td></tr>'
        for row in failures(records)
    ]
    head = ["Check", "Not passed", "Failed", "Untouched"]
    graded = sum(bool(record["checks"]) for record in records)
    tables = [_table(f"{notebook}: points", "", ["Share of the points", "Submissions"], spread)]
    if rows:
        tables.append(_table(f"{notebook}: what failed how often", f"Of {graded} graded", head, rows))
    return tables


def _table(title: str, caption: str, head: Sequence[str], rows: Iterable[str]) -> str:
    numbers = [text not in ("Who", "Why", "Check", "Share of the points") for text in head]
    cells = "".join(
        f"<th{' class=n' * right}>{quoted(text)}</th>" for text, right in zip(head, numbers, strict=True)
    )
    told = f"<caption>{quoted(caption)}</caption>" if caption else ""
    joined = "\n".join(rows)
    inside = f"{told}<thead><tr>{cells}</tr></thead>\n<tbody>{joined}</tbody>"
    return f"<h2>{quoted(title)}</h2><table>{inside}</table>"


def _bar(part: float, whole: float) -> str:
    return f'<i style="width: {100 * part / whole:.0f}%"></i>' if whole else ""


def _status(record: Record) -> str:
    return "" if record["status"] == "graded" else f"<b>{quoted(record['status'])}</b>: "


def _link(record: Record) -> str:
    """Return a link to a student's feedback; a folder's name may hold anything."""
    place = quote(os.fsencode(str(feedback_place(record))))
    name = quoted(on_a_line(f"{record['student']} {record['assignment']}", 90))
    return f'<a href="{place}">{name}</a>'

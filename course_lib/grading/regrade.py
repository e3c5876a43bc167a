"""Whose score changed since the last run, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .records import number, on_a_line

__all__ = ["changed_scores"]

Record = Mapping[str, Any]


def changed_scores(before: Iterable[Record], after: Iterable[Record]) -> list[str]:
    """Return a line for each submission whose points or status differ between two runs.

    Records from before that are not there any more are not told of: a run may take a part of the class.
    """
    known = {_whose(record): record for record in before}
    lines = []
    for record in after:
        old = known.get(_whose(record))
        if old is None or (old["points"], old["status"]) == (record["points"], record["status"]):
            continue
        name = on_a_line(f"{record['student']} {record['assignment']}", 44)
        points = f"{number(old['points'])} -> {number(record['points'])}"
        lines.append(f"{name}  {points}  {_why(old, record)}")
    return lines


def _whose(record: Record) -> tuple[str, str, str]:
    return record["student"], record["assignment"], record["notebook"]


def _why(old: Record, new: Record) -> str:
    """Say what two results of one student's notebook differ by."""
    if old["status"] != new["status"]:
        told = new["message"] or old["message"]
        return f"{old['status']} before, now {new['status']}: {on_a_line(told, 90)}"
    causes = {
        "grader": "the grader, its checks or the library changed",
        "course": "the course's notebook changed",
        "class_seed": "other random inputs (--seed)",
        "answers": "other answers were handed in",
    }
    why = [text for key, text in causes.items() if old.get(key) != new.get(key)]
    return f"{'; '.join(why) or 'the same answers, graded anew'}{_checks(old, new)}"


def _checks(old: Record, new: Record) -> str:
    """Name the checks that came out differently."""
    outcome = {check["grade_id"]: check["outcome"] for check in old["checks"]}
    other = [
        f"{check['exercise']} {check['title'] or check['grade_id']} {check['outcome']}"
        for check in new["checks"]
        if outcome.get(check["grade_id"]) != check["outcome"]
    ]
    more = f" and {len(other) - 3} more" if len(other) > 3 else ""
    return f" ({on_a_line('; '.join(other[:3]), 160)}{more})" if other else ""

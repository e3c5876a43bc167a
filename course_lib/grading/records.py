"""Results: of one check, of one notebook; and how they read on a terminal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from .model import cell_exercise, grade_id

__all__ = ["CheckResult", "NotebookResult", "by_exercise", "number", "plain", "score_lines", "stopped"]

MAX_MESSAGE = 1500
_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class CheckResult:
    """One check cell's result.

    Attributes
    ----------
    outcome
        "passed", "failed", "waiting" (the stub is untouched), "timeout", "changed" (no longer the course's
        check) or "error" (could not be run).
    """

    grade_id: str
    exercise: str
    max_points: float
    outcome: str
    message: str

    @classmethod
    def of(cls, cell: dict[str, Any], outcome: str, message: str) -> CheckResult:
        """Return the result of a check cell."""
        points = cell["metadata"]["nbgrader"].get("points", 0)
        return cls(grade_id(cell), cell_exercise(cell), points, outcome, plain(message))

    @property
    def points(self) -> float:
        """What the check earned: all or nothing."""
        return self.max_points if self.outcome == "passed" else 0

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class NotebookResult:
    """All checks of one notebook, in the notebook's order."""

    name: str
    checks: list[CheckResult]
    titles: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def points(self) -> float:
        """What was earned."""
        return sum(check.points for check in self.checks)

    @property
    def max_points(self) -> float:
        """What could be earned."""
        return sum(check.max_points for check in self.checks)


def by_exercise(checks: Iterable[CheckResult]) -> dict[str, list[CheckResult]]:
    """Return the checks of each exercise, exercises in the order of the notebook."""
    groups: dict[str, list[CheckResult]] = {}
    for check in checks:
        groups.setdefault(check.exercise, []).append(check)
    return groups


def score_lines(checks: list[CheckResult], titles: dict[str, str] | None = None) -> list[str]:
    """Return a table: a line for each exercise, each reason for a failure once, the total, the next step."""
    titles, lines = titles or {}, []
    told = Counter(check.message for check in checks if check.outcome not in ("passed", "waiting"))
    for exercise, group in by_exercise(checks).items():
        earned, possible = sum(c.points for c in group), sum(c.max_points for c in group)
        head = f"  {exercise:<5} {bar(earned, possible)} {number(earned):>4} / {number(possible):<4}"
        lines.append(f"{head} {titles.get(exercise, '')}".rstrip())
        for check in group:
            if check.outcome not in ("passed", "waiting") and (times := told.pop(check.message, 0)):
                lines += [f"        {line}" for line in check.message.splitlines()]
                if times > 1:
                    more = "1 more check" if times == 2 else f"{times - 1} more checks"
                    lines.append(f"        (and {more} for the same reason)")
    total, most = sum(c.points for c in checks), sum(c.max_points for c in checks)
    lines.append(f"  total {bar(total, most)} {number(total):>4} / {number(most)}")
    lines.append(next_step(checks))
    return lines


def next_step(checks: list[CheckResult]) -> str:
    """Return one kind line: what to do now."""
    if all(check.outcome == "waiting" for check in checks):
        first = checks[0].exercise
        return f"Nothing is filled in yet. Begin with exercise {first}; a first nudge: grade hint {first}"
    for wanted in (("failed", "timeout", "error", "changed"), ("waiting",)):
        for check in checks:
            if check.outcome in wanted:
                return f"Next: exercise {check.exercise}. Stuck? grade hint {check.exercise}"
    return "Every check passes. Well done."


def bar(part: float, whole: float, width: int = 10) -> str:
    """Return a bar of `width` characters; full only when all is earned.

    >>> bar(3, 4, 8)
    '██████░░'
    """
    full = int(width * part / whole) if whole else 0
    return "█" * full + "░" * (width - full)


def number(value: float) -> str:
    """Return points without a needless fraction.

    >>> number(4.0), number(2.5)
    ('4', '2.5')
    """
    return f"{value:g}"


def plain(text: str) -> str:
    r"""Return text that is safe to print: bounded, without the control characters of hostile output.

    >>> plain("a\x1b[31mb")
    'a�[31mb'
    """
    text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"


def stopped(cell: str, kind: str, text: str, line: int | None = None, source: str = "") -> str:
    """Say how a cell of the learner's stopped.

    Parameters
    ----------
    cell
        What to call the cell.
    kind, text
        The error's class and message.
    line, source
        The line at which it stopped, counted from 1, and the cell's source.

    >>> print(stopped("the answer cell `f`", "SyntaxError", "expected ':' (x.py, line 1)", 1, "def f()"))
    the answer cell `f` is not valid Python, line 1: expected ':'
      def f()
    >>> print(stopped("the answer cell `f`", "NameError", "name 'nq' is not defined", 2))
    the answer cell `f` stopped with NameError: name 'nq' is not defined (line 2)
    """
    if kind in ("SyntaxError", "IndentationError", "TabError"):
        place = re.search(r" \([^()]*, line (\d+)\)$", text)
        line = int(place[1]) if place else line
        what = f"is not valid Python, line {line}:" if line else "is not valid Python:"
        lines = source.splitlines()
        quoted = f"\n  {_on_a_line(lines[line - 1])}" if line and 0 < line <= len(lines) else ""
        return f"{cell} {what} {_on_a_line(text[: place.start()] if place else text)}{quoted}"
    error = f"{kind}: {_on_a_line(text)}" if text else kind
    return f"{cell} stopped with {error}" + (f" (line {line})" if line else "")


def _on_a_line(text: str, limit: int = 240) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"

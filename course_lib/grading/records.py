"""Results: of one check, of one notebook; and how they read on a terminal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .model import cell_exercise, grade_id

__all__ = [
    "CheckResult",
    "NotebookResult",
    "bar",
    "by_exercise",
    "exercise_lines",
    "first_incomplete",
    "first_sentence",
    "late",
    "number",
    "on_a_line",
    "plain",
    "score_lines",
    "stopped",
    "unwritten",
]

MAX_MESSAGE = 1500
_UNPRINTABLE = re.compile(
    "[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    "|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)


@dataclass(frozen=True)
class CheckResult:
    """One check cell's result.

    Attributes
    ----------
    outcome
        "passed", "failed", "waiting" (the stub is untouched), "timeout", "changed" (a cell of the course's
        was edited or is gone) or "error" (could not be run).
    message
        What went wrong, without the exercise's number and without the advice to ask for a hint.
    title
        What the check looks at, in words; empty where the course says none.
    """

    grade_id: str
    exercise: str
    max_points: float
    outcome: str
    message: str
    title: str = ""

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
    """Return a table: the exercises with the reasons for missing points, the total, the next step."""
    total, most = sum(c.points for c in checks), sum(c.max_points for c in checks)
    last = f"  total {bar(total, most)} {number(total):>4} / {number(most)}"
    return [*exercise_lines(checks, titles), last, next_step(checks)]


def exercise_lines(checks: list[CheckResult], titles: dict[str, str] | None = None) -> list[str]:
    """Return a line for each exercise; below it each reason for a failure once, then where a hint is."""
    titles, lines = titles or {}, []
    told = Counter(check.message for check in checks if check.outcome not in ("passed", "waiting"))
    for exercise, group in by_exercise(checks).items():
        earned, possible = sum(c.points for c in group), sum(c.max_points for c in group)
        head = f"  {exercise:<5} {bar(earned, possible)} {number(earned):>4} / {number(possible):<4}"
        lines.append(f"{head} {titles.get(exercise, '')}".rstrip())
        reasons = [line for check in group for line in _reason(check, told)]
        begun = any(check.outcome != "waiting" for check in group)
        missing = dict.fromkeys(first_sentence(c.message) for c in group if c.outcome == "waiting" and begun)
        reasons += [f"○ {sentence}" for sentence in missing]
        lines += [f"        {line}" for line in reasons]
        if reasons and any(check.outcome not in ("passed", "changed") for check in group):
            lines.append(f"        Stuck? grade hint {exercise}")
    return lines


def next_step(checks: list[CheckResult]) -> str:
    """Return one kind line: what to do now."""
    exercise = first_incomplete(checks)
    if exercise is None:
        points = number(sum(check.max_points for check in checks))
        return f"All {points} points: every check passes. Well done."
    if all(check.outcome == "waiting" for check in checks):
        nudge = f"a first nudge: grade hint {exercise}"
        return f"Nothing is filled in yet. Begin with exercise {exercise}; {nudge}"
    if all(check.outcome == "waiting" for check in by_exercise(checks)[exercise]):
        return f"Next: exercise {exercise}. A first nudge: grade hint {exercise}"
    return f"Next: exercise {exercise}."


def first_incomplete(checks: Iterable[CheckResult]) -> str | None:
    """Return the first exercise that lacks points, or None."""
    return next((check.exercise for check in checks if check.outcome != "passed"), None)


def _reason(check: CheckResult, told: Counter[str]) -> list[str]:
    """Return the lines that say why a check failed, unless they have been said, and mark them as said."""
    times = 0 if check.outcome in ("passed", "waiting") else told.pop(check.message, 0)
    if not times:
        return []
    first, *rest = check.message.splitlines() or [""]
    also = [] if times == 1 else [f"(and {times - 1} more check{'s' * (times > 2)} for the same reason)"]
    return [f"✗ {first}", *rest, *also]


def first_sentence(text: str) -> str:
    """Return what a message says first, without its full stop."""
    return text.split("\n")[0].split(". ")[0].rstrip(".")


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
    r"""Return text that is safe to print: bounded, without control characters and marks that reorder text.

    >>> plain("a\x1b[31mb")
    'a�[31mb'
    >>> plain("\u202eb")
    '�b'
    """
    text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"


def on_a_line(text: str, limit: int = 240) -> str:
    r"""Return text that is safe to print on one line, cut to `limit` characters.

    >>> on_a_line("a name\x1b\n that goes on", 10)
    'a name� t…'
    """
    text = " ".join(plain(text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


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
        quoted = f"\n  {on_a_line(lines[line - 1])}" if line and 0 < line <= len(lines) else ""
        return f"{cell} {what} {on_a_line(text[: place.start()] if place else text)}{quoted}"
    error = f"{kind}: {on_a_line(text)}" if text else kind
    return f"{cell} stopped with {error}" + (f" (line {line})" if line else "")


def unwritten(names: Sequence[str]) -> str:
    """Say that answers are still stubs.

    >>> unwritten(["f", "g"])
    '`f` and `g` are still to be written'
    """
    listed = " and ".join(f"`{name}`" for name in names) or "this cell"
    return f"{listed} {'are' if len(names) > 1 else 'is'} still to be written"


def late(what: str, seconds: float, line: int | None = None, text: str = "", verb: str = "ended") -> str:
    """Say where a cell or a call of the learner's was when its time was up.

    >>> late("the answer cell `f`", 10, 3, "    while True:")
    'the answer cell `f` had not ended after 10 s; it was at line 3: while True:'
    """
    place = f"; it was at line {line}: {on_a_line(text)}" if line else ": is there a loop that never ends?"
    return f"{what} had not {verb} after {seconds:.0f} s{place}"

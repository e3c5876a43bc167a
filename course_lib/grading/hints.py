"""Hints, a clearer one each time; how far each exercise's have been given is kept beside the notebooks."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .files import write_atomically
from .model import GradeError, Notebook

__all__ = ["Hint", "forget_hints", "next_hint"]


@dataclass(frozen=True)
class Hint:
    """One hint.

    Attributes
    ----------
    text
        The hint itself.
    level, levels
        Which one it is, counted from 1, of how many.
    library
        Names below `course_lib` of finished versions to compare with.
    """

    text: str
    level: int
    levels: int
    library: tuple[str, ...]


def next_hint(exercise: str, notebooks: Iterable[Notebook], folder: Path, level: int | None = None) -> Hint:
    """Return a hint of an exercise; without `level`, one further than last time.

    Raises
    ------
    GradeError
        There is no such exercise or level.
    """
    home = {name: notebook for notebook in notebooks for name in notebook.hints}
    if exercise not in home:
        raise GradeError(f"there is no exercise {exercise}; there are {', '.join(home)}")
    levels = home[exercise].hints[exercise]
    given = _read(_memory(folder))
    if level is None:
        level = min(given.get(exercise, 0) + 1, len(levels))
    elif not 1 <= level <= len(levels):
        raise GradeError(f"the hints of exercise {exercise} have levels 1 to {len(levels)}")
    _write(folder, {**given, exercise: level})
    return Hint(levels[level - 1], level, len(levels), tuple(home[exercise].library.get(exercise, ())))


def forget_hints(exercises: Iterable[str], folder: Path) -> None:
    """Begin again with the first hint of these exercises."""
    given, gone = _read(_memory(folder)), set(exercises)
    if gone & given.keys():
        _write(folder, {name: level for name, level in given.items() if name not in gone})


def _memory(folder: Path) -> Path:
    return folder / ".grade" / "hints.json"


def _read(path: Path) -> dict[str, int]:
    """Return how far the hints of each exercise have been given."""
    try:
        given = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {str(k): v for k, v in given.items() if isinstance(v, int)} if isinstance(given, dict) else {}


def _write(folder: Path, given: Mapping[str, int]) -> None:
    """Keep how far the hints have been given, where there is room: one without memory is still a hint."""
    path = _memory(folder)
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, json.dumps(given, sort_keys=True))

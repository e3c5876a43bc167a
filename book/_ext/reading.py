"""How long a page takes a newcomer who follows every step, counted and not guessed.

::

    python -m book._ext.reading book/01_probability.ipynb

A newcomer reads 110 words a minute and takes 10 seconds a line of shown code, a minute and a half a displayed
equation, a minute a figure or question, and two and a half minutes an explorable. What lies in folds is
counted apart. The same count serves every page of the book, and a test holds the minutes that a page states.
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from .prose import Piece, pieces, source, tags

WORDS_A_MINUTE = 110
MINUTES = {"lines": 1 / 6, "equations": 1.5, "figures": 1.0, "questions": 1.0, "explorables": 2.5}
HIDDEN = {"hide-cell", "hide-input", "remove-cell", "remove-input"}

STATED = re.compile(r"\*\*Time:\*\* (\d+) minutes to read and run")
_QUESTION = re.compile(r"^question\(", re.MULTILINE)
_EXPLORABLE = re.compile(r"^explorable\(", re.MULTILINE)
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_HEADS = {
    "words": "words",
    "folded_words": "folded",
    "cells": "cells",
    "lines": "lines",
    "equations": "eqs",
    "figures": "figs",
    "questions": "quest.",
    "explorables": "expl.",
}


@dataclass(frozen=True)
class Reading:
    """What a reader meets on a page or in a section of it.

    Attributes
    ----------
    words, folded_words : int
        Words of prose outside folds and inside. An inline formula counts as the words it is written in.
    cells, lines : int
        Code cells that are shown, and their lines, empty ones left out.
    equations, figures, questions, explorables : int
        Those outside folds.
    """

    words: int = 0
    folded_words: int = 0
    cells: int = 0
    lines: int = 0
    equations: int = 0
    figures: int = 0
    questions: int = 0
    explorables: int = 0

    @property
    def minutes(self) -> float:
        """Minutes for everything outside folds."""
        return self.words / WORDS_A_MINUTE + sum(getattr(self, kind) * each for kind, each in MINUTES.items())

    @property
    def folded_minutes(self) -> float:
        """Minutes for the words inside folds."""
        return self.folded_words / WORDS_A_MINUTE

    def __add__(self, other: Reading) -> Reading:
        """Add two readings, count by count."""
        return Reading(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


def count(notebook: dict[str, Any]) -> Reading:
    """Count a whole page."""
    return sum((count_cell(cell) for cell in notebook["cells"]), Reading())


def sections(notebook: dict[str, Any]) -> dict[str, Reading]:
    """Count a page by its sections of the second level; what stands before the first is the opening."""
    title, counted = "Opening", {"Opening": Reading()}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and (found := _SECTION.search(source(cell))):
            title = found[1]
        counted[title] = counted.get(title, Reading()) + count_cell(cell)
    return counted


def count_cell(cell: dict[str, Any]) -> Reading:
    """Count one cell."""
    if cell["cell_type"] == "markdown":
        return sum(map(_count_piece, pieces(source(cell))), Reading())
    text, marks = source(cell), tags(cell)
    lines = [] if marks & HIDDEN else [line for line in text.splitlines() if line.strip()]
    if "remove-cell" in marks or "remove-output" in marks:
        return Reading(cells=bool(lines), lines=len(lines))
    return Reading(
        cells=bool(lines),
        lines=len(lines),
        figures="image" in cell["metadata"].get("mystnb", {}),
        questions=len(_QUESTION.findall(text)),
        explorables=len(_EXPLORABLE.findall(text)),
    )


def _count_piece(piece: Piece) -> Reading:
    """Count one block of Markdown."""
    if piece.kind in ("text", "heading", "table"):
        words = sum(any(sign.isalnum() for sign in word) for word in piece.text.split())
        return Reading(folded_words=words) if piece.folded else Reading(words=words)
    if piece.kind == "comment" or piece.folded:
        return Reading()
    if piece.kind == "code":
        return Reading(cells=1, lines=sum(bool(line.strip()) for line in piece.text.splitlines()))
    return Reading(equations=1) if piece.kind == "equation" else Reading(figures=1)


def stated_minutes(notebook: dict[str, Any]) -> int | None:
    """Return the minutes that a page says it takes, or nothing where it does not say so."""
    text = "\n".join(source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    found = STATED.search(text)
    return int(found[1]) if found else None


def table(notebook: dict[str, Any]) -> str:
    """Write the counts by section, with a running total of the minutes."""
    names = [field.name for field in fields(Reading)]
    lines = [f"{'':34}{''.join(f'{_HEADS[name]:>8}' for name in names)}{'minutes':>9}{'so far':>8}"]
    total = Reading()
    for title, part in sections(notebook).items():
        total += part
        lines.append(_row(title, part) + f"{total.minutes:8.0f}")
    return "\n".join([*lines, _row("The page", total)])


def _row(title: str, part: Reading) -> str:
    return f"{title[:33]:34}{''.join(f'{value:8}' for value in astuple(part))}{part.minutes:9.1f}"


def main() -> None:
    """Print the counts of the pages named on the command line."""
    parser = argparse.ArgumentParser("python -m book._ext.reading", description="The counted minutes.")
    parser.add_argument("pages", nargs="+", type=Path, help="notebooks of the book")
    for path in parser.parse_args().pages:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        whole = count(notebook)
        print(f"{path}\n{table(notebook)}")
        print(
            f"{whole.words} words of prose and {whole.minutes:.0f} minutes outside folds;"
            f" {whole.folded_words} words and {whole.folded_minutes:.0f} minutes more inside."
        )
        stated = stated_minutes(notebook)
        says = "does not say its minutes" if stated is None else f"says {stated} minutes"
        print(f"The page {says}. It owes the line: **Time:** {whole.minutes:.0f} minutes to read and run\n")


if __name__ == "__main__":
    main()

"""From a submission to what is graded: the reference notebook with the answers put in, by allow-list.

Nothing of a submission is taken over but the source of its answer cells, looked up by grade_id. Edited,
deleted, doubled, moved, re-tagged or re-priced checks therefore need no detection: they are never read.
"""

from __future__ import annotations

import ast
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from .model import Notebook, answer_names, cell_source, grade_id, is_answer, is_check

__all__ = ["Plan", "answers_key", "code_cells", "digest", "plan", "set_up_cells", "taken", "without_regions"]

CONNECT = "from course_lib.grading.proxy import connect\n_answers = connect(globals())"
MISSING = "raise NotImplementedError"


@dataclass(frozen=True)
class Plan:
    """What is run for one submission.

    Attributes
    ----------
    notebook
        For the trusted kernel: the reference's set-up and check cells; each check first fetches the answers
        that it names.
    steps
        For the untrusted worker: set-up cells and answers, in order.
    notes
        What the learner should know, such as an answer cell that is missing.
    """

    notebook: dict[str, Any]
    steps: list[dict[str, Any]]
    notes: list[str]


def plan(reference: Notebook, submission: Notebook) -> Plan:
    """Merge by allow-list.

    Parameters
    ----------
    reference
        The course's own source notebook, checks and points; its solutions are dropped.
    submission
        What was handed in; nothing but the source of its answer cells is looked at.
    """
    answers = submission.answers()
    owed = [name for cell in reference.cells if is_answer(cell) for name in answer_names(cell)]
    cells = [_code("connect", CONNECT, {"course": {"names": owed, "timeout": 60}})]
    steps, notes = [], submission.doubled()
    owner: dict[str, str] = {}  # name -> the answer cell that defines it
    for number, cell in enumerate(reference.cells):
        if cell.get("cell_type") != "code":
            continue
        source, name = cell_source(cell), grade_id(cell)
        if is_answer(cell):
            if name not in answers:
                notes.append(f"the answer cell '{name}' is missing")
            names = answer_names(cell)
            owner |= dict.fromkeys(names, name)
            answer = answers.get(name, MISSING)
            steps.append({"do": "define", "id": name, "source": answer, "names": names})
            continue
        if is_check(cell):
            wanted = sorted({owner[used] for used in _names_in(source) if used in owner})
            source = "".join(f"_answers.define({answer!r})\n" for answer in wanted) + source
        else:
            index = sum(step["do"] == "set-up" for step in steps)
            steps.append({"do": "set-up", "index": index, "source": source})
        cells.append(_code(f"cell-{number}", source, cell.get("metadata", {})))
    return Plan({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, steps, notes)


def _names_in(source: str) -> set[str]:
    """Return the names that a cell of the course uses."""
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


def set_up_cells(reference: Notebook) -> list[str]:
    """Return the source of the code cells that are neither answer nor check."""
    return [
        cell_source(cell)
        for cell in reference.cells
        if cell.get("cell_type") == "code" and not is_answer(cell) and not is_check(cell)
    ]


def code_cells(reference: Notebook) -> list[str]:
    """Return the source of every code cell."""
    return [cell_source(cell) for cell in reference.cells if cell.get("cell_type") == "code"]


def answers_key(reference: Notebook, submission: Notebook) -> str:
    """Return a digest of the reference and of all that is taken from a submission."""
    return digest([reference.data, taken(reference, submission)])


def taken(reference: Notebook, submission: Notebook) -> dict[str, str | None]:
    """Return all that is taken from a submission: its answer to each answer cell of the reference."""
    answers = submission.answers()
    return {grade_id(c): answers.get(grade_id(c)) for c in reference.cells if is_answer(c)}


def digest(value: Any) -> str:
    """Return a digest of what JSON can hold."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def without_regions(source: str, start: str, end: str, replacement: list[str]) -> str:
    r"""Return source without the lines between the markers `start` and `end`, the markers included.

    >>> without_regions("a\n### BEGIN X\nb\n### END X\nc", "BEGIN X", "END X", [])
    'a\nc'
    """
    lines, inside = [], False
    for line in source.split("\n"):
        if start in line:
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + text for text in replacement]
        elif end in line:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def _code(cell_id: str, source: str, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a code cell without outputs."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id,
        "metadata": metadata or {},
        "outputs": [],
        "source": source,
    }

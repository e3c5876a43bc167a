"""Every set of exercises: sound as a notebook, kind to the stub, deaf to lazy answers, right about mistakes.

The slips of ``course_lib.grading.checks.<topic>`` become wrong answers here; ``mistakes/<topic>.py`` holds
those that take more than a line. Checks run in this process, since a kernel each would take minutes.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import course_lib
from course_lib.grading import author, trial
from course_lib.grading.checks.slips import ways
from course_lib.grading.model import Notebook, answer_names, cell_source, is_answer, is_check, read_notebook

ROOT = Path(__file__).parents[2]
KINDS = [
    "decide",
    "finale",
    "find the bug",
    "implement",
    "implement",
    "implement",
    "predict",
    "write the check",
]
SEEDS = ["0", "1", "2", "3", "a class of 2026"]


@dataclass(frozen=True)
class Set:
    """One set: its source, what a learner opens, its checks, its mistakes."""

    path: Path

    @cached_property
    def source(self) -> Notebook:
        return read_notebook(self.path)

    @cached_property
    def learner(self) -> Notebook:
        return read_notebook(author.learner_path(self.path))

    @cached_property
    def solved(self) -> dict[str, Any]:
        return trial.names_of(self.source)

    @cached_property
    def slips(self) -> dict[str, dict[str, Any]]:
        return self.solved["check"].slips

    @cached_property
    def mistakes(self) -> ModuleType:
        return trial.mistakes_of(self.path)

    @cached_property
    def statements(self) -> dict[str, dict[str, Any]]:
        courses = (cell["metadata"].get("course", {}) for cell in self.source.cells)
        return {course["exercise"]: course for course in courses if "hints" in course}

    @cached_property
    def answers(self) -> dict[str, dict[str, Any]]:
        """The answer cell of every name."""
        cells = filter(is_answer, self.source.cells)
        return {name: cell for cell in cells for name in answer_names(cell)}

    def messages(self, **names: Any) -> dict[str, str]:
        """What the checks of these answers say when they take the place of the solutions."""
        return trial.outcomes(self.source, {**self.solved, **names}, names)


SETS = [Set(path) for path in sorted((ROOT / "exercises" / "source").glob("*.ipynb"))]
EACH_SET = pytest.mark.parametrize("exercises", SETS, ids=lambda s: s.path.stem)


def advice_in(message: str) -> str:
    """What a message suggests, or ""."""
    return message.partition("\n  Perhaps: ")[2].partition("\n")[0].removesuffix(".")


# --- the notebook -----------------------------------------------------------------------------------------


@EACH_SET
def test_a_set_has_eight_exercises_of_all_kinds_for_a_hundred_points(exercises):
    assert author.problems(exercises.source.data) == []
    assert exercises.source.points == 100
    assert sorted(course["kind"] for course in exercises.statements.values()) == KINDS
    assert 90 <= author.minutes(exercises.source.data) <= 150
    points = {name: 0 for name in exercises.statements}
    counts = dict(points)
    for check in exercises.source.checks:
        points[check.exercise] += check.points
        counts[check.exercise] += 1
    assert min(counts.values()) >= 2
    assert points[[name for name, c in exercises.statements.items() if c["kind"] == "finale"][-1]] == 20
    assert list(exercises.statements) == sorted(exercises.statements)


@EACH_SET
def test_every_head_says_kind_difficulty_minutes_points_and_section(exercises):
    for exercise, course in exercises.statements.items():
        cell = next(c for c in exercises.source.cells if c["metadata"].get("course") is course)
        head = cell_source(cell).splitlines()[2]
        points = sum(check.points for check in exercises.source.checks if check.exercise == exercise)
        told = f"*{course['kind'].capitalize()}, {course['difficulty']}, about {course['minutes']} minutes, "
        assert head.startswith(f"{told}{points:g} points; after ")
        assert re.search(r"after \[.+\]\(\.\./book/\w+\.ipynb#sec-[\w-]+\)", head)


@EACH_SET
def test_sections_that_the_exercises_follow_exist(exercises):
    for cell in exercises.source.cells:
        for page, anchor in re.findall(r"\(\.\./book/(\w+\.ipynb)#([\w-]+)\)", cell_source(cell)):
            assert f"({anchor})=" in (ROOT / "book" / page).read_text(encoding="utf-8"), f"{page}#{anchor}"


@EACH_SET
def test_the_learners_notebook_holds_no_solution_and_no_output(exercises):
    page = json.dumps(exercises.learner.data)
    assert "SOLUTION" not in page
    for cell in filter(is_answer, exercises.learner.cells):
        stub = exercises.answers[answer_names(cell)[0]]["metadata"]["course"].get("stub")
        for function in ast.parse(cell_source(cell)).body:
            doc, *body = function.body
            assert isinstance(doc, ast.Expr)
            assert stub or [type(statement) for statement in body] == [ast.Raise]
    assert not any(cell.get("outputs") for cell in exercises.learner.cells + exercises.source.cells)


@EACH_SET
def test_hints_are_not_read_at_a_glance_and_open_as_written(exercises):
    page = json.dumps(exercises.learner.data, ensure_ascii=False)
    for exercise, hints in exercises.source.hints.items():
        assert exercises.learner.hints[exercise] == hints
        assert not any(hint[:30] in page for hint in hints)


@EACH_SET
def test_the_chapter_promises_the_minutes_of_its_exercises(exercises):
    page = (ROOT / "book" / exercises.path.name).read_text(encoding="utf-8")
    assert f"{author.minutes(exercises.source.data)} minutes for the [exercises]" in page


@EACH_SET
def test_code_in_statements_fits_the_page(exercises):
    for cell in exercises.source.cells:
        for block in re.findall(r"```\w*\n(.*?)```", cell_source(cell), flags=re.DOTALL):
            assert max(map(len, block.splitlines())) <= 74, block


@EACH_SET
def test_a_check_stops_itself_when_its_cell_would_be_stopped(exercises):
    checks = exercises.solved["check"].checks
    for check in exercises.source.checks:
        assert checks[check.grade_id.replace("-", "_")].seconds == check.timeout


@EACH_SET
def test_hints_name_what_exists(exercises):
    for exercise, course in exercises.statements.items():
        for name in course.get("library", []):
            found = course_lib
            for part in name.split("."):
                found = getattr(found, part, None) or importlib.import_module(f"course_lib.{part}")
        for hint in course["hints"]:
            for module, name in re.findall(r"\b(np|scipy\.special|scipy\.stats)\.(\w+)", hint):
                assert hasattr(importlib.import_module(module.replace("np", "numpy")), name), (exercise, name)


# --- stub, solution, lazy answers -------------------------------------------------------------------------


@EACH_SET
def test_an_untouched_answer_earns_nothing_and_is_asked_for_kindly(exercises):
    stubs = trial.names_of(exercises.learner)
    for grade_id, message in trial.outcomes(exercises.source, stubs).items():
        check = next(check for check in exercises.source.checks if check.grade_id == grade_id)
        hunted = exercises.statements[check.exercise]["kind"] == "find the bug"
        assert message.startswith(f"○ Exercise {check.exercise}: ")
        assert ("still does what it did" if hunted else "is still to be written") in message
        assert f"grade hint {check.exercise}" in message


@pytest.mark.parametrize("seed", SEEDS)
@EACH_SET
def test_the_solutions_pass_whatever_the_seed(exercises, seed, monkeypatch):
    monkeypatch.setenv("COURSE_GRADING_SEED", seed)
    assert not any(trial.outcomes(exercises.source, exercises.solved).values())


LAZY = {
    "nothing": lambda *args: None,
    "zero": lambda *args: 0.0,
    "one": lambda *args: 1,
    "yes": lambda *args: True,
    "no": lambda *args: False,
    "a pair": lambda *args: (0.0, 0.0),
    "the first argument": lambda *args: args[0] if args else {},
    "the last argument": lambda *args: args[-1] if args else {},
    "zeros like the first argument": lambda *args: np.zeros(np.shape(args[0] if args else 0)),
    "whole zeros": lambda *args: np.zeros(np.shape(args[-1] if args else 0), dtype=int),
    "noise": lambda *args: np.random.default_rng().random(np.shape(args[0] if args else 0)),
    "a string": lambda *args: "0.5",
    "a list": lambda *args: [0.5, 0.5],
}


@pytest.mark.parametrize("lazy", LAZY)
@EACH_SET
def test_lazy_answers_earn_nothing(exercises, lazy):
    names = exercises.solved | dict.fromkeys(exercises.answers, LAZY[lazy])
    messages = trial.outcomes(exercises.source, names)
    assert all(message.startswith("✗ Exercise ") for message in messages.values()), messages


@EACH_SET
def test_lazy_routes_earn_little(exercises):
    for route, points in author.lazy_points(exercises.path).items():
        assert points < author.CEILINGS[route], (route, points)


@EACH_SET
def test_examples_in_the_statements_are_true(exercises):
    """`call   # value` in a statement: the numbers of the comment are what the solution gives, rounded."""
    compared = 0
    for block in (block for blocks in trial.examples(exercises.source).values() for block in blocks):
        space, lines = dict(exercises.solved), block.splitlines()
        for node in ast.parse(block).body:
            code, comment = ast.get_source_segment(block, node), lines[node.end_lineno - 1].partition("#")[2]
            for line in itertools.takewhile(lambda line: line.startswith("  "), lines[node.end_lineno :]):
                comment += line.partition("#")[2]
            said = re.findall(r"True|False|-?\d+\.?\d*", comment.partition(":")[0])
            if not isinstance(node, ast.Expr):
                exec(code, space)
            elif said and "seed" not in code:
                value = eval(code, space)
                parts = value if isinstance(value, tuple) else [value]
                told = [number == "True" if number[0] in "TF" else float(number) for number in said]
                flat = np.concatenate([np.ravel(part) for part in parts])
                assert np.allclose(flat, told[: len(flat)], atol=0.0006), code
                compared += 1
    assert compared >= 10


# --- wrong answers and other right ones -------------------------------------------------------------------


def slips_of(exercises: Set) -> list[tuple[str, str, Any]]:
    """Every slip as (answer, advice, the answer that makes it), each way of making it apart."""
    found = []
    for name, slips in exercises.slips.items():
        for advice, slip in ((advice, way) for advice, made in slips.items() for way in ways(made)):
            if name in exercises.answers:
                found.append((name, advice, slip))
            else:  # a slip about an entry of a dict: a narrow interval around the mistaken value
                owner = next(a for a in exercises.answers if name in _entries(exercises, a))
                entry = {name: (0.999 * slip(), 1.001 * slip())}
                found.append((owner, advice, lambda o=owner, e=entry: exercises.solved[o]() | e))
    return found


@cache
def _entries(exercises: Set, answer: str) -> list[str]:
    try:
        return list(exercises.solved[answer]())
    except TypeError:
        return []


@pytest.mark.parametrize("seed", ["0", "7"])
@pytest.mark.parametrize(
    ("exercises", "name", "advice", "slip"),
    [(s, *slip) for s in SETS for slip in slips_of(s)],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_slip_is_caught_and_named_and_no_other(exercises, name, advice, slip, seed, monkeypatch):
    monkeypatch.setenv("COURSE_GRADING_SEED", seed)
    messages = exercises.messages(**{name: slip})
    said = {advice_in(message) for message in messages.values() if message}
    assert said, "no check fails"
    assert advice in said
    assert said <= {advice, ""}


def wrong_of(exercises: Set) -> list[tuple[str, str, tuple[str, ...]]]:
    """Every mistake that takes more than a line as (label, code, parts of the advice that may be given)."""
    return [(label, dedent(code), advice) for label, code, *advice in exercises.mistakes.WRONG]


def _space_with(exercises: Set, code: str) -> dict[str, Any]:
    space = dict(exercises.solved)
    exec(compile(code, "<mistake>", "exec"), space)
    return {name: space[name] for name in exercises.answers if space[name] is not exercises.solved[name]}


@pytest.mark.parametrize("seed", ["0", "7"])
@pytest.mark.parametrize(
    ("exercises", "label", "code", "advice"),
    [(s, *wrong) for s in SETS for wrong in wrong_of(s)],
    ids=lambda value: value if isinstance(value, str) and value[:1].isdigit() else "",
)
def test_a_wrong_answer_is_caught_and_advised(exercises, label, code, advice, seed, monkeypatch):
    monkeypatch.setenv("COURSE_GRADING_SEED", seed)
    messages = [m for m in exercises.messages(**_space_with(exercises, code)).values() if m]
    assert messages
    assert all(any(part in said for part in advice) for m in messages if (said := advice_in(m)))
    assert all(any(part in advice_in(message) for message in messages) for part in advice)
    assert all(len(message) < 1200 and "Traceback" not in message for message in messages)


@EACH_SET
def test_nineteen_wrong_answers_in_twenty_get_advice(exercises):
    hunted = {name for name, course in exercises.statements.items() if course["kind"] == "find the bug"}
    told = [bool(advice) for label, _, advice in wrong_of(exercises) if label.split()[0] not in hunted]
    assert sum(told) + len(slips_of(exercises)) >= 0.95 * (len(told) + len(slips_of(exercises)))


@EACH_SET
def test_every_check_catches_something(exercises):
    caught, tried = set(), [{name: slip} for name, _, slip in slips_of(exercises)]
    for names in tried + [_space_with(exercises, code) for _, code, _ in wrong_of(exercises)]:
        caught |= {grade_id for grade_id, message in exercises.messages(**names).items() if message}
    assert caught == {check.grade_id for check in exercises.source.checks}


@pytest.mark.parametrize("seed", ["0", "7"])
@pytest.mark.parametrize(
    ("exercises", "label"),
    [(s, label) for s in SETS for label in s.mistakes.RIGHT],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_right_answer_of_another_kind_passes(exercises, label, seed, monkeypatch):
    monkeypatch.setenv("COURSE_GRADING_SEED", seed)
    names = _space_with(exercises, dedent(exercises.mistakes.RIGHT[label]))
    assert not any(exercises.messages(**names).values())


# --- through pytest and nbgrader --------------------------------------------------------------------------


def nbval(path: Path) -> subprocess.CompletedProcess:
    options = ["pytest", "--nbval-lax", "-q", "--color=no", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", *options, path.name]
    return subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=300)


@EACH_SET
def test_pytest_fails_the_stub_kindly_and_passes_the_solution(exercises):
    stub, solution = nbval(author.learner_path(exercises.path)), nbval(exercises.path)
    assert stub.returncode == 1
    assert f"{len(exercises.source.checks)} failed" in stub.stdout
    assert "Traceback (most recent call last)" not in stub.stdout
    assert solution.returncode == 0, solution.stdout[-3000:]


@EACH_SET
def test_nbgrader_agrees(exercises):
    pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install 'course-lib[author]'")
    from nbgrader.validator import Validator

    assert Validator(ignore_checksums=False).validate(str(exercises.path)) == {}
    untouched = Validator().validate(str(author.learner_path(exercises.path)))
    assert len(untouched["failed"]) == len(list(filter(is_check, exercises.source.cells)))

"""For one learner: run notebooks as they are, say what to do next, put a notebook back."""

from __future__ import annotations

import ast
import contextlib
import copy
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from . import kernels, merge, model
from .files import write_atomically
from .hints import forget_hints
from .model import GradeError, NotAllowed, Notebook, read_notebook, require_checks
from .records import CheckResult, NotebookResult
from .release import closed_hints, stub_of
from .run import run_notebooks, scratch
from .submission import BUDGET, PACKAGE, GraderFault, Sealer, Starved, imports_of, seed_for
from .titles import check_titles, with_titles

__all__ = [
    "find_notebooks",
    "grade_as_submitted",
    "grade_notebooks",
    "released",
    "reset",
    "where_next",
    "with_exercise",
]

REPAIR = "To get the course's checks back and keep your answers: grade reset --keep-answers"


def find_notebooks(paths: Iterable[Path]) -> dict[Path, Notebook]:
    """Return the exercise notebooks that are named, or that lie in a folder that is named."""
    found: dict[Path, Notebook] = {}
    for path in paths:
        if not path.is_dir():
            found[path] = require_checks(read_notebook(path), str(path))
            continue
        files = [file for file in model.files_in(path) if file.suffix == ".ipynb"]
        inside = {file: notebook for file in files if (notebook := _if_ours(file))}
        if not inside:
            raise GradeError(f"there are no exercise notebooks in {path}")
        found |= inside
    return found


def with_exercise(notebooks: dict[Path, Notebook], exercise: str) -> dict[Path, Notebook]:
    """Return the notebooks that hold an exercise, or raise GradeError that names those that exist."""
    chosen = {path: notebook for path, notebook in notebooks.items() if exercise in _exercises(notebook)}
    if not chosen:
        there = dict.fromkeys(name for notebook in notebooks.values() for name in _exercises(notebook))
        raise GradeError(f"there is no exercise {exercise}; there are {', '.join(there)}")
    return chosen


def _exercises(notebook: Notebook) -> list[str]:
    return [check.exercise for check in notebook.checks]


def grade_notebooks(
    notebooks: dict[Path, Notebook],
    on_cell: Callable[[str], None] | None = None,
    exercise: str | None = None,
) -> list[NotebookResult]:
    """Run notebooks as they are, each in a plain kernel, and return their results.

    Points are counted for checks that are still the course's own.

    Parameters
    ----------
    notebooks
        What to run, by path.
    on_cell
        Called with a notebook's path after each cell.
    exercise
        The exercise whose checks are run; None for all.
    """
    with scratch():
        server = None
        if kernels.supported():
            server = kernels.KernelServer(imports_of(notebooks.values()), env=dict(os.environ))
        try:
            paths = [path.resolve() for path in notebooks]
            checks = run_notebooks(paths, on_cell=on_cell, budget=BUDGET, exercise=exercise, kernels=server)
        finally:
            if server:
                server.close()
    return [
        _against_reference(path, notebook, checks.get(str(path.resolve()), []), exercise)
        for path, notebook in notebooks.items()
    ]


def grade_as_submitted(path: Path, notebook: Notebook, seed: int = 0) -> NotebookResult:
    """Grade one notebook exactly as `grade batch` does."""
    reference = reference_of(path)
    if reference is None:
        raise GradeError(f"{_unknown(path)}, so it cannot be graded as a submission")
    with Sealer({reference.name: reference}, [path.resolve().parent / "source"]) as sealer:
        seed = seed_for(seed, merge.answers_key(reference, notebook))
        try:
            return sealer.grade(reference, notebook, seed)
        except (GraderFault, Starved):
            sealer.mend()
            return sealer.grade(reference, notebook, seed, last=True)


def source_of(path: Path) -> Path | None:
    """Return where a notebook's source lies: in `source/` beside it, or in the course's own folder."""
    folders = (path.resolve().parent, PACKAGE.parent / "exercises")
    return next((file for folder in folders if (file := folder / "source" / path.name).is_file()), None)


def _unknown(path: Path) -> str:
    """Say that the course has no set of exercises of this name, and which one it is under another name."""
    told = f"the course has no exercise called {path.name}"
    try:
        checks = {check.grade_id for check in read_notebook(path).checks}
    except GradeError:
        return told
    for folder in (path.resolve().parent, PACKAGE.parent / "exercises"):
        for source in sorted(folder.glob("source/*.ipynb")):
            if checks and checks <= {check.grade_id for check in read_notebook(source).checks}:
                return f"{path.name} is {source.name} under another name: rename it to {source.name}"
    return told


def reference_of(path: Path) -> Notebook | None:
    """Return the course's source of a notebook, if there is one."""
    source = source_of(path)
    return read_notebook(source) if source else None


def released(reference: Notebook) -> dict[str, Any]:
    """Return the learner's notebook of a source: stubs for solutions, hints closed, no hidden tests."""
    data = copy.deepcopy(reference.data)
    for cell in data["cells"]:
        source = model.cell_source(cell)
        if model.is_answer(cell):
            source = merge.without_regions(
                source, "BEGIN SOLUTION", "END SOLUTION", stub_of(cell).split("\n")
            )
        elif model.is_check(cell):
            source = _without_hidden(source)
        cell["source"] = source
        closed_hints(cell)
        _lock(cell)
        if cell.get("cell_type") == "code":
            cell["outputs"] = []
    return data


def reset(path: Path, *, keep_answers: bool = False) -> Path | None:
    """Put a notebook back as the course gives it out and return where the old one is kept.

    Parameters
    ----------
    path
        The learner's notebook; it may be broken or gone.
    keep_answers
        Put the learner's answers into the fresh notebook.

    Raises
    ------
    GradeError
        The course has no such notebook, the file holds something else, or the answers cannot be read.
        Nothing has been changed.
    """
    source = source_of(path)
    if source is None:
        raise GradeError(_unknown(path))
    if path.resolve() == source.resolve():
        raise GradeError(f"{path} is the course's own source, with the solutions; nothing was changed")
    _refuse_other(path, source.parent.parent / source.name)
    reference = read_notebook(source)
    fresh = released(reference)
    if keep_answers:
        answers = read_notebook(path).answers()
        for cell in fresh["cells"]:
            if model.is_answer(cell) and model.grade_id(cell) in answers:
                cell["source"] = answers[model.grade_id(cell)]
    backup = None if _same_cells(path, fresh) else _keep(path)
    write_atomically(path, json.dumps(_as_lines(fresh), indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    if not keep_answers:
        forget_hints(reference.hints, path.parent)
    return backup


def where_next(path: Path) -> str:
    """Say where to go when every exercise of a notebook is done.

    First come the chapter's further pages, then the next chapter and its exercises.
    """
    folder = path.resolve().parent
    book = folder.parent / "book"
    deeper = [
        p for p in sorted(book.glob("*.ipynb")) if _leading_number(p.name) == _leading_number(path.name)
    ]
    following = [*deeper[1:], _following(path.name, book), _following(path.name, folder)]
    names = [os.path.relpath(found) for found in following if found]
    if not names:
        return "This is the last set of exercises that there is."
    return f"Where to go next: {', then '.join(names)}"


def _following(name: str, folder: Path) -> Path | None:
    """Return the first notebook in a folder whose number is greater than that of `name`."""
    number = _leading_number(name)
    later = [p for p in sorted(folder.glob("*.ipynb")) if number < _leading_number(p.name) < math.inf]
    return min(later, key=lambda p: _leading_number(p.name), default=None)


def _leading_number(name: str) -> float:
    digits = re.match(r"\d+", name)
    return int(digits[0]) if digits else math.inf


def _if_ours(path: Path) -> Notebook | None:
    """Return the notebook in a file if it is an exercise of this course; a closed file is told of."""
    try:
        return require_checks(read_notebook(path), str(path))
    except NotAllowed:
        raise
    except GradeError:
        return None


def _refuse_other(path: Path, own: Path) -> None:
    """Raise GradeError if a sound notebook that is no exercise, such as a chapter, would be overwritten."""
    try:
        present = read_notebook(path)
    except NotAllowed:
        raise
    except GradeError:
        return  # broken or gone: what `reset` is for
    if not (present.checks or present.answers()):
        meant = own if not own.is_relative_to(Path.cwd()) else own.relative_to(Path.cwd())
        raise GradeError(
            f"{path} is not an exercise notebook (a chapter, perhaps); nothing was changed. "
            f"Did you mean {meant}?"
        )


def _against_reference(
    path: Path, notebook: Notebook, checks: Sequence[CheckResult], exercise: str | None
) -> NotebookResult:
    """Hold a notebook's checks against the course's: a changed or deleted one earns nothing, and says so."""
    reference = reference_of(path)
    if reference is None:
        judged = with_titles(checks, check_titles(notebook))
        notes = [*notebook.doubled(), f"{_unknown(path)}; its checks could not be compared with the course's"]
        return NotebookResult(notebook.name, judged, notebook.titles, notes)
    own = {check.grade_id: check.source.strip() for check in notebook.checks}
    ran = {check.grade_id: check for check in checks}
    set_up, told = _set_up_problem(notebook, reference), False
    judged = []
    for wanted in reference.checks:
        if exercise not in (None, wanted.exercise):
            continue
        name = wanted.grade_id
        result = CheckResult(name, wanted.exercise, wanted.points, "changed", "")
        if name not in own:
            result = _with(result, message=f"the check '{name}' is gone from the notebook. {REPAIR} {path}")
        elif own[name] != _without_hidden(wanted.source).strip():
            result = _with(result, message=f"the check '{name}' was edited. {REPAIR} {path}")
        elif name in ran:
            result = _with(result, outcome=ran[name].outcome, message=ran[name].message)
            if set_up and result.outcome == "changed":
                result, told = _with(result, message=f"{set_up}. {REPAIR} {path}"), True
        judged.append(result)
    notes = [*notebook.doubled(), *_notes(notebook, reference)]
    if set_up and not told:
        notes.append(f"{set_up}; when a class is graded, the course's own takes its place. {REPAIR} {path}")
    titles = check_titles(reference)
    return NotebookResult(notebook.name, with_titles(judged, titles), reference.titles, notes)


def _set_up_problem(notebook: Notebook, reference: Notebook) -> str:
    """Say what has become of the course's set-up cell; an empty text if it is as it was."""
    present = {source.strip() for source in merge.set_up_cells(notebook)}
    if all(source.strip() in present for source in merge.set_up_cells(reference)):
        return ""
    names = {model.grade_id(cell) for cell in notebook.cells}
    gone = {name for cell in reference.cells if _is_set_up(cell) and (name := model.grade_id(cell))} - names
    return "the set-up cell is gone from the notebook" if gone else "the set-up cell was edited"


def _is_set_up(cell: dict[str, Any]) -> bool:
    return cell.get("cell_type") == "code" and not model.is_answer(cell) and not model.is_check(cell)


def _notes(notebook: Notebook, reference: Notebook) -> Iterator[str]:
    """Yield what would be otherwise when a class is graded."""
    if any("course_lib" in source for source in notebook.answers().values()):
        yield (
            "an answer mentions course_lib: when a class is graded, answers cannot import it, and the "
            "checks of such an answer earn 0 points"
        )
    if brought := _brought_in(notebook, reference):
        yield (
            f"an answer uses {', '.join(brought)} from a cell of your own: when a class is graded only "
            "answer cells are collected, so put that import or line into the answer cell"
        )


def _brought_in(notebook: Notebook, reference: Notebook) -> list[str]:
    """Return the names that answers use, or owe, and that only cells of the learner's own define."""
    given = merge.set_up_cells(reference)
    own = [source for source in merge.set_up_cells(notebook) if source.strip() not in map(str.strip, given)]
    answers = list(notebook.answers().values())
    bound, _ = _names(own)
    elsewhere, used = _names([*given, *answers])
    owed = {name for cell in reference.cells if model.is_answer(cell) for name in model.answer_names(cell)}
    return sorted(bound & (used | owed) - elsewhere)


def _names(sources: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return the names that cells bind and those that they use; what does not parse is passed over."""
    bound, used = set(), set()
    for source in sources:
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.alias):
                bound.add((node.asname or node.name).split(".")[0])
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                bound.add(node.name)
            elif isinstance(node, ast.Name):
                (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
    return bound, used


def _with(check: CheckResult, **changes: str) -> CheckResult:
    return CheckResult(**{**check.as_dict(), **changes})


def _lock(cell: dict[str, Any]) -> None:
    """Ask Jupyter to protect what a learner should not lose, as nbgrader does."""
    if not model.grade_id(cell):
        return
    cell["metadata"]["deletable"] = False
    if not model.is_answer(cell):
        cell["metadata"]["editable"] = False


def _without_hidden(source: str) -> str:
    return merge.without_regions(source, "BEGIN HIDDEN TESTS", "END HIDDEN TESTS", [])


def _same_cells(path: Path, fresh: dict[str, Any]) -> bool:
    """Return whether a file holds the very cells of a fresh notebook, outputs apart."""
    try:
        present = read_notebook(path).cells
    except GradeError:
        return False
    return _contents(present) == _contents(fresh["cells"])


def _contents(cells: Sequence[dict[str, Any]]) -> list[tuple[Any, str]]:
    return [(cell.get("cell_type"), model.cell_source(cell)) for cell in cells]


def _keep(path: Path) -> Path | None:
    """Copy a file into `backup/` beside it under a name that is free; None if there is no file."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    folder = path.parent / "backup"
    folder.mkdir(exist_ok=True)
    number = 1
    while (backup := folder / f"{path.stem}-{number}{path.suffix}").exists():
        number += 1
    draft = folder / f".{backup.name}"
    try:
        draft.write_bytes(content)
        os.replace(draft, backup)
    except OSError:
        draft.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            folder.rmdir()  # empty, unless it keeps something from before
        raise
    return backup


def _as_lines(data: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook with sources as lists of lines, as Jupyter writes them."""
    for cell in data["cells"]:
        cell["source"] = model.cell_source(cell).splitlines(keepends=True)
    return data

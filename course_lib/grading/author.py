"""From an exercise's source to the notebook that a learner opens, and the proof that both are sound.

::

    python -m course_lib.grading.author exercises/source/01_probability.ipynb  # write the learner's notebook
    grade author-check                                                         # prove every exercise

A source holds statements, answer cells and check cells in nbgrader's format; the solutions stand between
``### BEGIN SOLUTION`` and ``### END SOLUTION``. nbgrader's own preprocessors make the learner's notebook.
"""

from __future__ import annotations

import ast
import copy
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from course_lib.grading import trial
from course_lib.grading.model import Notebook as GradedNotebook
from course_lib.grading.model import read_notebook
from course_lib.grading.notebooks import NotebookError, dumps, normalise, read, write
from course_lib.grading.release import closed_hints, stub_of
from course_lib.grading.submission import Sealer

__all__ = [
    "CEILINGS",
    "author_check",
    "generate",
    "lazy_points",
    "learner_path",
    "main",
    "minutes",
    "problems",
    "score",
]

POINTS = 100
HINTS = 3
HEART, IMPORTED = "printed examples by heart", "course_lib imports, in a class"
CEILINGS = {HEART: 5, "chapter cells pasted": 25, "SciPy one-liners": 35, IMPORTED: 1}  # points below these

Notebook = dict[str, Any]
Cell = dict[str, Any]


def generate(source: Notebook) -> Notebook:
    """Return the learner's notebook: stubs for solutions, no hidden tests, statements and checks locked.

    Hints are closed (`closed_hints`).

    Raises
    ------
    ModuleNotFoundError
        nbgrader is not installed; the message says how to install it.
    """
    nbgrader = _nbgrader()
    import nbformat

    notebook, resources = nbformat.from_dict(copy.deepcopy(source)), {}
    for cell in notebook.cells:
        cell.source = "".join(cell.source)
        closed_hints(cell)
    notebook, resources = nbgrader.CheckCellMetadata().preprocess(notebook, resources)
    resources["language"] = "python"
    for index, cell in enumerate(notebook.cells):
        clear = nbgrader.ClearSolutions(code_stub={"python": stub_of(cell)})
        clear.preprocess_cell(cell, resources, index)
        if cell.cell_type == "code":
            cell.outputs = []
    for step in (nbgrader.ClearHiddenTests(), nbgrader.LockCells(), nbgrader.CheckCellMetadata()):
        notebook, resources = step.preprocess(notebook, resources)
    return normalise(notebook)


def learner_path(source: Path) -> Path:
    """Return where a learner finds it: ``exercises/source/NN.ipynb`` makes ``exercises/NN.ipynb``."""
    return source.parent.parent / source.name


def minutes(source: Notebook) -> int:
    """Return the minutes that a set takes: the sum over its exercises, which their heads state."""
    return sum(_course(cell)["minutes"] for cell in source["cells"] if "minutes" in _course(cell))


def problems(source: Notebook) -> list[str]:
    """List what is wrong with a source as it stands, before anything is run."""
    cells = source["cells"]
    titles = {_course(cell)["exercise"]: _course(cell) for cell in cells if "hints" in _course(cell)}
    found = [*_hint_problems(titles, cells)]
    covered = source["metadata"].get("course", {}).get("covers", {})
    for exercise in sorted(set(titles) ^ {name for names in covered.values() for name in names}):
        found.append(f"the table of what is covered and the exercises disagree about {exercise}")
    total = sum(_nbgrader_data(cell).get("points", 0) for cell in _checks(cells))
    if total != POINTS:
        found.append(f"the points add up to {total}, not to {POINTS}")
    counted = f"about {minutes(source)} minutes"
    if not any(counted in "".join(cell["source"]) for cell in cells[:1]):
        found.append(f"the first cell does not say {counted}, the sum over the exercises")
    names: set[str] = set()
    for cell in cells:
        where = _nbgrader_data(cell).get("grade_id") or cell.get("id", "a cell")
        exercise = _course(cell).get("exercise")
        if _nbgrader_data(cell).get("solution"):
            names |= set(_course(cell).get("names", []))
            found += [f"{where}: {problem}" for problem in _answer_problems(cell)]
        elif _nbgrader_data(cell).get("grade"):
            unknown = _asked(cell) - names
            if unknown:
                found.append(f"{where}: no answer cell above names {', '.join(sorted(unknown))}")
            if not _course(cell).get("timeout"):
                found.append(f"{where}: no timeout")
        else:
            continue
        if exercise not in titles:
            found.append(f"{where}: belongs to exercise {exercise}, which has no statement")
    return found


def score(notebook: Notebook, folder: Path) -> int:
    """Run a notebook in a fresh kernel, every cell whatever fails, and add up the points of passed checks."""
    import nbformat
    from nbclient import NotebookClient

    run = nbformat.from_dict(copy.deepcopy(notebook))
    for cell in run.cells:
        cell.source = "".join(cell.source)
    place = {"metadata": {"path": str(folder)}}
    quiet = ["--log-level=ERROR"]
    NotebookClient(run, timeout=120, allow_errors=True, resources=place, extra_arguments=quiet).execute()
    return sum(
        _nbgrader_data(cell)["points"]
        for cell in _checks(run.cells)
        if all(output.output_type != "error" for output in cell.outputs)
    )


def lazy_points(path: Path) -> dict[str, float]:
    """Return what those earn who avoid the work, by route: the printed examples, and the set's own ``LAZY``.

    ``LAZY`` stands in the set's module of mistakes: route -> code that defines answers. Answers that import
    `course_lib` are graded as a class is, where that import is refused.
    """
    source, learner = read_notebook(path), read_notebook(learner_path(path))
    points = {HEART: trial.earned(source, trial.by_heart(source, trial.names_of(source)))}
    mistakes = trial.mistakes_of(path)
    for route, code in (mistakes.LAZY if mistakes else {}).items():
        if route == IMPORTED:
            points[route] = _class_points(source, learner, code)
        else:
            names = trial.names_of(learner)
            exec(code, names)
            points[route] = trial.earned(source, names)
    return points


def author_check(paths: Iterable[str | os.PathLike]) -> int:
    """Prove exercises, one line a promise.

    The promises: the source is complete, the learner's notebook is what the source generates, the untouched
    notebook scores 0, the solutions score 100, and those who avoid the work earn less than the ceilings.

    Returns
    -------
    int
        0 if every promise holds, 1 if one does not, 2 if there was nothing to read.
    """
    sources = list(_sources(Path(path) for path in paths))
    if not sources:
        print("author-check: no source notebook here; sources live in exercises/source/", file=sys.stderr)
        return 2
    sound = True
    for path in sources:
        print(path)
        try:
            for promise, wrong in _promises(path):
                sound &= not wrong
                print(f"  {'✗' if wrong else '✓'} {promise}{': ' + wrong if wrong else ''}", flush=True)
        except (NotebookError, OSError, ModuleNotFoundError) as error:
            print(f"author-check: {error}", file=sys.stderr)
            return 2
    return 0 if sound else 1


def main(argv: list[str] | None = None) -> int:
    """Write the learner's notebooks of the sources named on the command line."""
    paths = sys.argv[1:] if argv is None else argv
    if not paths or any(path.startswith("-") for path in paths):
        print("usage: python -m course_lib.grading.author exercises/source/NAME.ipynb …")
        return 2
    try:
        for path in _sources(map(Path, paths)):
            source = normalise(read(path))
            write(path, dumps(source))
            write(learner_path(path), dumps(generate(source)))
            print(f"wrote {learner_path(path)}")
    except (NotebookError, OSError, ModuleNotFoundError) as error:
        print(f"author: {error}", file=sys.stderr)
        return 2
    return 0


def _promises(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each promise with what is wrong about it, "" if nothing."""
    source, learner = read(path), learner_path(path)
    yield "complete: points, hints, names, timeouts", "; ".join(problems(source))
    generated = generate(source)
    same = learner.exists() and learner.read_text(encoding="utf-8") == dumps(generated)
    yield f"{learner} is what the source generates", "" if same else "it differs; run `make notebooks`"
    untouched = score(generated, learner.parent)
    yield "the untouched notebook scores 0", f"it scores {untouched}" if untouched else ""
    solved = score(source, learner.parent)
    yield f"the solutions score {POINTS}", f"they score {solved}" if solved != POINTS else ""
    for route, points in lazy_points(path).items() if learner.exists() else ():
        yield (
            f"{route}: {points:g} points",
            "" if points < CEILINGS[route] else f"not below {CEILINGS[route]}",
        )


def _class_points(source: GradedNotebook, learner: GradedNotebook, code: str) -> float:
    """Return what a learner's notebook earns where a class is graded, with this code as its answers."""
    submission = copy.deepcopy(learner)
    for cell in submission.cells:
        if any(f"def {name}(" in code for name in _course(cell).get("names", [])):
            cell["source"] = code
    with Sealer({source.name: source}) as sealer:
        return sealer.grade(source, submission, seed=0).points


def _sources(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield sources: the files named, the sources of learners' notebooks named, all within a folder."""
    for path in paths:
        if path.is_dir():
            found = path.rglob("*.ipynb")
            yield from sorted(p for p in found if p.parent.name == "source" and "_build" not in p.parts)
        elif path.parent.name == "source" or not (path.parent / "source" / path.name).exists():
            yield path
        else:
            yield path.parent / "source" / path.name


def _hint_problems(titles: dict[str, dict[str, Any]], cells: list[Cell]) -> Iterator[str]:
    """Yield what is wrong with hints: not three, empty, or a line of the solution given away."""
    for exercise, statement in titles.items():
        hints = statement["hints"]
        if len(hints) != HINTS or not all(isinstance(hint, str) and hint.strip() for hint in hints):
            yield f"exercise {exercise} needs {HINTS} hints"
        for key in ("title", "kind", "minutes", "difficulty"):
            if not statement.get(key):
                yield f"exercise {exercise} has no {key}"
        answers = [cell for cell in cells if _course(cell).get("exercise") == exercise]
        for line in (line for cell in answers for line in _solution(cell)):
            if len(line) > 20 and any(line in hint for hint in hints):
                yield f"exercise {exercise}: a hint gives away the line `{line}`"


def _answer_problems(cell: Cell) -> Iterator[str]:
    """Yield what is wrong with one answer cell."""
    if not _solution(cell):
        yield "no lines between BEGIN SOLUTION and END SOLUTION"
    names = _course(cell).get("names") or []
    if not names:
        yield "names no function to be checked"
    statements = ast.parse("".join(cell["source"])).body
    defined = {node.name for node in statements if isinstance(node, ast.FunctionDef)}
    for name in sorted(set(names) - defined):
        yield f"names {name}, which it does not define"


def _solution(cell: Cell) -> list[str]:
    """Return the lines of a cell's solution region, stripped."""
    lines, inside = [], False
    for line in "".join(cell["source"]).splitlines():
        if "END SOLUTION" in line:
            inside = False
        if inside and line.strip():
            lines.append(line.strip())
        if "BEGIN SOLUTION" in line:
            inside = True
    return lines


def _asked(cell: Cell) -> set[str]:
    """Return the names that a check cell reads, the module of checks apart."""
    tree = ast.parse("".join(cell["source"]))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - {"check"}


def _checks(cells: list[Cell]) -> list[Cell]:
    return [cell for cell in cells if _nbgrader_data(cell).get("grade")]


def _nbgrader_data(cell: Cell) -> dict[str, Any]:
    return cell["metadata"].get("nbgrader", {})


def _course(cell: Cell) -> dict[str, Any]:
    return cell["metadata"].get("course", {})


def _nbgrader() -> Any:
    """Import nbgrader's preprocessors, or say how to install them."""
    try:
        from nbgrader import preprocessors
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "nbgrader is needed to make exercises: pip install 'course-lib[author]'"
        ) from None
    return preprocessors


if __name__ == "__main__":
    sys.exit(main())

"""The command `grade`: see where you stand, get a hint, grade a class.

Exit status: 0 when all is well (every check passes), 1 when points are missing, 2 when something must be
put right first, which one line says, 3 when a class could not be graded to the last one. 130 after Ctrl-C, as
is the custom; `grade watch` always ends so.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import errno
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from . import learn
from .arguments import parser_of
from .hints import next_hint
from .model import GradeError, Notebook
from .progress import counter
from .records import (
    MAX_MESSAGE,
    NotebookResult,
    bar,
    exercise_lines,
    first_incomplete,
    number,
    on_a_line,
    score_lines,
)
from .submission import PACKAGE
from .watch import Watcher

__all__ = ["main"]

EXERCISES = Path("exercises")
_NUMBER = re.compile(r"\d+\.\d+")
_EPILOG = """commands:
  grade exercises/                      run every exercise notebook and show the points
  grade exercises/01_probability.ipynb  one notebook; --as-submitted: as when a class is graded
  grade 1.4                             one exercise alone
  grade next                            the first exercise that lacks points
  grade hint 1.2                        a hint, a clearer one each time (--level N)
  grade watch exercises/                grade again at every save, until Ctrl-C (exit status 130)
  grade reset FILE                      the notebook as it was; yours is kept beside it
  grade reset --keep-answers FILE       fresh checks, your answers
  grade collect DOWNLOAD --into submitted/   put a download of a learning platform in order
  grade batch submitted/ --out results/ grade a class; results/index.html is its overview
  grade merge PART... --out results/    one class of parts that were graded with --shard
  grade export SYSTEM results/          points for moodle, canvas, gradescope or nbgrader
  grade author-check                    prove the exercises sound
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `grade` and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    command = arguments.pop(0) if arguments and arguments[0] in _COMMANDS else "run"
    try:
        if command == "run" and arguments:
            _refuse_mistyped(arguments[0])
        return _COMMANDS[command](arguments)
    except GradeError as error:
        return _stop(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _stop(f"the disk is full{where}: free some space and run this again; nothing is lost")
        return _stop(f"{error.strerror or error}{where}")
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130


def _refuse_mistyped(word: str) -> None:
    """Raise GradeError if a word is no file, folder or number but looks like a command."""
    if not re.fullmatch(r"[A-Za-z]+(-[a-z]+)?", word) or Path(word).exists():
        return
    close = difflib.get_close_matches(word.lower(), _COMMANDS, 1, 0.5)
    meant = f"did you mean grade {close[0]}?" if close else "grade --help names the commands"
    raise GradeError(f"there is no command, notebook or folder {word}: {meant}")


def _stop(message: str) -> int:
    print(f"grade: {on_a_line(message, MAX_MESSAGE)}", file=sys.stderr)
    return 2


# --- one learner ----------------------------------------------------------------------------------------


def _run(arguments: list[str]) -> int:
    parser = parser_of("run notebooks and show the points", epilog=_EPILOG)
    parser.add_argument("paths", nargs="*", help="notebooks, folders of notebooks, the number of an exercise")
    parser.add_argument("--as-submitted", action="store_true", help="grade as when a class is graded")
    parser.add_argument("--json", action="store_true", help="one JSON object a notebook instead of tables")
    options = parser.parse_args(arguments)
    paths, exercise = _paths_and_exercise(options.paths)
    notebooks = learn.find_notebooks(paths)
    if exercise:
        notebooks = learn.with_exercise(notebooks, exercise)
    if options.as_submitted:
        whole = [learn.grade_as_submitted(path, notebook) for path, notebook in notebooks.items()]
        results = [_only(result, exercise) for result in whole]
    else:
        with _progress(notebooks) as on_cell:
            results = learn.grade_notebooks(notebooks, on_cell, exercise)
    for path, result in zip(notebooks, results, strict=True):
        print(_as_json(result) if options.json else _as_table(path, result, exercise), flush=True)
    if len(results) > 1 and not options.json:
        print(_overview(results))
    return 0 if all(result.points == result.max_points for result in results) else 1


def _next(arguments: list[str]) -> int:
    parser = parser_of("show the first exercise that lacks points", "next")
    parser.add_argument("paths", nargs="*", type=Path, help="notebooks or folders of notebooks")
    options = parser.parse_args(arguments)
    notebooks = learn.find_notebooks(options.paths or [_exercises()])
    with _progress(notebooks) as on_cell:
        for path, notebook in notebooks.items():
            (result,) = learn.grade_notebooks({path: notebook}, on_cell)
            exercise = first_incomplete(result.checks)
            if exercise is not None:
                break
    if exercise is None:
        print(f"Every exercise is complete. {learn.where_next(path)}")
        return 0
    print(_as_table(path, _only(result, exercise), exercise))
    return 1


def _paths_and_exercise(words: Sequence[str]) -> tuple[list[Path], str | None]:
    """Tell the number of an exercise, such as 1.4, from paths; without a path, the folder of exercises."""
    numbers = [word for word in words if _NUMBER.fullmatch(word) and not Path(word).exists()]
    if len(numbers) > 1:
        raise GradeError(f"one exercise at a time: {' or '.join(numbers)}")
    paths = [Path(word) for word in words if word not in numbers]
    return paths or [_exercises()], numbers[0] if numbers else None


def _only(result: NotebookResult, exercise: str | None) -> NotebookResult:
    """Return the result of one exercise alone."""
    checks = [check for check in result.checks if exercise in (None, check.exercise)]
    return dataclasses.replace(result, checks=checks)


def _hint(arguments: list[str]) -> int:
    parser = parser_of("a hint, a clearer one each time", "hint")
    parser.add_argument("exercise", help="the number of the exercise, such as 1.2")
    parser.add_argument("--level", type=int, help="1 a nudge, 2 the way, 3 nearly all of it")
    parser.add_argument("--folder", type=Path, help="where the exercise notebooks are")
    options = parser.parse_args(arguments)
    folder = options.folder or _exercises()
    notebooks = learn.find_notebooks([folder]).values()
    hint = next_hint(options.exercise, notebooks, folder, options.level)
    print(f"Exercise {options.exercise}, hint {hint.level} of {hint.levels}\n\n{hint.text}\n")
    if hint.level < hint.levels:
        print(f"Still stuck? The same command again gives hint {hint.level + 1}.")
    else:
        print(f"That was the last hint.{_to_compare_with(hint.library)}")
    return 0


def _to_compare_with(library: Sequence[str]) -> str:
    """Say what the library has of an exercise; an empty text if it has nothing."""
    names = [f"`course_lib.{name}`" for name in library]
    if len(names) < 2:
        return "".join(f" {name} is a finished version to compare with." for name in names)
    return f" {', '.join(names[:-1])} and {names[-1]} are finished versions to compare with."


def _reset(arguments: list[str]) -> int:
    parser = parser_of("put a notebook back as the course gives it out", "reset")
    parser.add_argument("file", type=Path)
    parser.add_argument("--keep-answers", action="store_true", help="fresh checks, your answers")
    options = parser.parse_args(arguments)
    backup = learn.reset(options.file, keep_answers=options.keep_answers)
    print(f"{options.file} is fresh again" + (", with your answers." if options.keep_answers else "."))
    if backup:
        print(f"What it was is kept as {backup}")
    return 0


def _watch(arguments: list[str]) -> int:
    parser = parser_of("grade again whenever a notebook is saved, until Ctrl-C (exit status 130)", "watch")
    parser.add_argument("paths", nargs="*", help="notebooks, folders of notebooks, the number of an exercise")
    options = parser.parse_args(arguments)
    paths, exercise = _paths_and_exercise(options.paths)
    watcher = Watcher(paths)
    if exercise:
        learn.with_exercise(learn.find_notebooks(paths), exercise)
    print("Watching. Save a notebook to grade it; Ctrl-C ends.", flush=True)
    while True:
        saved, line = watcher.look()
        if line:
            print(line, flush=True)
        for path in saved:
            command = [sys.executable, "-m", "course_lib.grading", str(path), *filter(None, [exercise])]
            subprocess.run(command, check=False)
        time.sleep(0.5)


# --- authors, and all commands ---------------------------------------------------------------------------


def _for_class(command: str, arguments: list[str]) -> int:
    from .cli_class import COMMANDS  # a learner does not wait for it

    return COMMANDS[command](arguments)


def _author_check(arguments: list[str]) -> int:
    parser = parser_of("prove exercises sound", "author-check")
    parser.add_argument("paths", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    from .author import author_check

    return author_check(options.paths or [_exercises()])


_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": _run,
    "next": _next,
    "hint": _hint,
    "reset": _reset,
    "watch": _watch,
    **{name: partial(_for_class, name) for name in ("collect", "batch", "merge", "export")},
    "author-check": _author_check,
}


# --- what is shown --------------------------------------------------------------------------------------


def _as_table(path: Path, result: NotebookResult, exercise: str | None) -> str:
    """Return a notebook's name, its points and what to do next; of one exercise, its own line alone."""
    if exercise:
        lines = [*exercise_lines(result.checks, result.titles), _closing(result, exercise)]
    else:
        lines = score_lines(result.checks, result.titles)
        if result.points == result.max_points:
            lines.append(learn.where_next(path))
    return "\n".join(["", result.name, *filter(None, lines), *result.notes])


def _closing(result: NotebookResult, exercise: str) -> str:
    """Return what to do after a look at one exercise; nothing where its line has said it."""
    if result.points == result.max_points:
        return f"Exercise {exercise} is complete. The next one: grade next"
    begun = any(check.outcome != "waiting" for check in result.checks)
    return "" if begun else f"Nothing is filled in here yet. A first nudge: grade hint {exercise}"


def _as_json(result: NotebookResult) -> str:
    checks = [{**check.as_dict(), "points": check.points} for check in result.checks]
    head = {"notebook": result.name, "points": result.points, "max_points": result.max_points}
    return json.dumps({**head, "notes": result.notes, "checks": checks}, sort_keys=True)


def _overview(results: Sequence[NotebookResult]) -> str:
    """Return a line a chapter."""
    width = max(len(result.name) for result in results)
    return "\n".join(
        f"{r.name:<{width}}  {bar(r.points, r.max_points, 20)} {number(r.points):>4} / {number(r.max_points)}"
        for r in results
    )


@contextlib.contextmanager
def _progress(notebooks: dict[Path, Notebook]):
    """Give a callback that draws a bar of the cells run so far, on a terminal only."""
    total = sum(cell.get("cell_type") == "code" for n in notebooks.values() for cell in n.cells)
    done, draw = 0, counter("cells", sys.__stderr__)

    def on_cell(_: str) -> None:
        nonlocal done
        done += 1
        draw(done, total)

    draw(0, total)
    yield on_cell


def _exercises() -> Path:
    """Return the folder of exercises: here, or where the course lies."""
    for folder in (EXERCISES, PACKAGE.parent / EXERCISES):
        if folder.is_dir():
            return folder
    raise GradeError("there is no folder exercises/ here: name a notebook or a folder")

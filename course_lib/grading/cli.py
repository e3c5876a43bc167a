"""The command `grade`: see where you stand, get a hint, grade a class.

Exit status: 0 when all is well (every check passes), 1 when points are missing, 2 when something must be
put right first, which one line says, 3 when a class could not be graded to the last one. 130 after Ctrl-C, as
is the custom; `grade watch` always ends so.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import errno
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from . import learn
from .batch import grade_batch
from .hints import next_hint
from .model import GradeError, Notebook
from .overview import summary_lines
from .records import NotebookResult, bar, exercise_lines, first_incomplete, number, plain, score_lines
from .report import write_reports
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
  grade batch submitted/ --out results/ grade a class
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


def _stop(message: str) -> int:
    print(f"grade: {' '.join(message.split())}", file=sys.stderr)
    return 2


# --- one learner ----------------------------------------------------------------------------------------


def _run(arguments: list[str]) -> int:
    parser = _parser("run notebooks and show the points", epilog=_EPILOG)
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
    parser = _parser("show the first exercise that lacks points", "next")
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
    parser = _parser("a hint, a clearer one each time", "hint")
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
    parser = _parser("put a notebook back as the course gives it out", "reset")
    parser.add_argument("file", type=Path)
    parser.add_argument("--keep-answers", action="store_true", help="fresh checks, your answers")
    options = parser.parse_args(arguments)
    backup = learn.reset(options.file, keep_answers=options.keep_answers)
    print(f"{options.file} is fresh again" + (", with your answers." if options.keep_answers else "."))
    if backup:
        print(f"What it was is kept as {backup}")
    return 0


def _watch(arguments: list[str]) -> int:
    parser = _parser("grade again whenever a notebook is saved, until Ctrl-C (exit status 130)", "watch")
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


# --- a class, and authors -------------------------------------------------------------------------------


def _batch(arguments: list[str]) -> int:
    parser = _parser("grade a class: submitted/<student>/<assignment>/", "batch")
    parser.add_argument("submissions", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="for results; a second run goes on there")
    parser.add_argument("--source", type=Path, help="the course's sources (default: exercises/source)")
    parser.add_argument(
        "--workers",
        type=_positive,
        default=os.cpu_count() or 1,
        help="how many at once (default: the processors)",
    )
    parser.add_argument(
        "--shard", type=_shard, default=(1, 1), help="i/n: the i-th of n parts, not the whole class"
    )
    parser.add_argument("--seed", type=int, default=0, help="makes the checks' random inputs")
    options = parser.parse_args(arguments)
    records = grade_batch(
        options.submissions,
        options.out,
        source=options.source or PACKAGE.parent / "exercises" / "source",
        workers=options.workers,
        seed=options.seed,
        shard=options.shard,
        say=lambda line: print(line, file=sys.stderr, flush=True),
        on_done=_counter("submissions"),
    )
    written = write_reports(options.out, records)
    print("\n".join(summary_lines(records)) if records else "no submission falls into this part")
    part, parts = options.shard
    if parts > 1:
        print(f"Part {part} of {parts}: when all are done, a run without --shard reports the whole class.")
    print(f"Reports: {', '.join(str(path) for path in written)} and {options.out / 'feedback'}")
    return _ungraded(records)


def _ungraded(records: Sequence[dict]) -> int:
    """Name those whom the grader itself could not finish, and return the exit status."""
    names = [
        f"{record['student']} {record['assignment']}" for record in records if record["status"] == "error"
    ]
    if not names:
        return 0
    listed = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    could = "1 submission" if len(names) == 1 else f"{len(names)} submissions"
    print(
        f"grade: {could} could not be graded, through no fault of the students: {plain(listed)}. "
        "What is done is kept: run this again",
        file=sys.stderr,
    )
    return 3


def _author_check(arguments: list[str]) -> int:
    parser = _parser("prove exercises sound", "author-check")
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
    "batch": _batch,
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
    done, draw = 0, _counter("cells")

    def on_cell(_: str) -> None:
        nonlocal done
        done += 1
        draw(done, total)

    draw(0, total)
    yield on_cell


def _counter(what: str) -> Callable[[int, int], None]:
    """Return a function that redraws one line on a terminal; elsewhere it is silent."""
    terminal = sys.__stderr__
    if terminal is None or not terminal.isatty():
        return lambda done, total: None

    def draw(done: int, total: int) -> None:
        line = f"\r{bar(done, total, 30)} {done} of {total} {what}"
        terminal.write(line if done < total else "\r" + " " * len(line) + "\r")
        terminal.flush()

    return draw


def _exercises() -> Path:
    """Return the folder of exercises: here, or where the course lies."""
    for folder in (EXERCISES, PACKAGE.parent / EXERCISES):
        if folder.is_dir():
            return folder
    raise GradeError("there is no folder exercises/ here: name a notebook or a folder")


def _parser(description: str, command: str = "", epilog: str | None = None) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=f"grade {command}".strip(),
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _shard(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError("write it as 1/4, the first of four parts")
    return int(part), int(parts)

"""The commands for a class: collect what was handed in, grade it, merge parts, export points."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from . import export
from .arguments import moment, parser_of, positive, shard
from .batch import grade_batch
from .collect import collect, read_collected
from .files import write_atomically
from .model import GradeError
from .overview import summary_lines
from .parts import mark_part, merge_parts
from .progress import Progress
from .records import on_a_line
from .regrade import changed_scores
from .report import in_order, read_records, write_reports
from .roster import Job, class_folder, find_jobs, read_references
from .submission import PACKAGE

__all__ = ["COMMANDS"]

_MOST_LINES = 40
_SYSTEMS = {"moodle": export.moodle, "canvas": export.canvas, "gradescope": export.gradescope}


def _collect(arguments: list[str]) -> int:
    parser = parser_of(
        "put a download of Moodle, Canvas or Gradescope, a zip or a folder in order", "collect"
    )
    parser.add_argument("download", type=Path, help="the folder or zip")
    parser.add_argument("--into", type=Path, required=True, help="the class's folder, such as submitted/")
    _add_source(parser)
    _add_deadline(parser)
    options = parser.parse_args(arguments)
    references = read_references(options.source)
    done = collect(options.download, options.into, references, options.deadline)
    students = len({row["student"] for row in done.rows})
    print(f"{done.taken} new notebooks, {len(done.rows)} in this download, of {students} students")
    _listed("Late", done.late)
    _listed("Please look at", done.doubtful)
    if done.rows:
        print(f"Next: grade batch {options.into} --out results/")
    return 1 if done.doubtful or not done.rows else 0


def _batch(arguments: list[str]) -> int:
    parser = parser_of("grade a class: submitted/<student>/<assignment>/", "batch")
    parser.add_argument("submissions", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="for results; a second run goes on there")
    parser.add_argument("--student", action="append", help="only this one, or a pattern such as 'a*'")
    parser.add_argument("--assignment", action="append", help="only this one; both may be repeated")
    parser.add_argument(
        "--regrade", action="store_true", help="grade anew and tell whose score changed and why"
    )
    _add_source(parser)
    _add_deadline(parser)
    parser.add_argument(
        "--workers",
        type=positive,
        default=os.cpu_count() or 1,
        help="how many submissions are graded at once (default: the processors, %(default)s)",
    )
    parser.add_argument(
        "--shard", type=shard, default=(1, 1), help="i/n: the i-th of n parts; grade merge joins them"
    )
    parser.add_argument("--seed", type=int, default=0, help="makes the checks' random inputs")
    options = parser.parse_args(arguments)
    chosen = _chosen(options)
    progress = Progress("submissions", sys.__stderr__)
    before = read_records(options.out)
    try:
        records = grade_batch(
            options.submissions,
            options.out,
            source=options.source,
            workers=options.workers,
            seed=options.seed,
            shard=options.shard,
            chosen=chosen,
            anew=options.regrade,
            deadline=options.deadline,
            say=lambda line: print(line, file=sys.stderr, flush=True),
            on_done=progress,
        )
    except KeyboardInterrupt:
        print(f"\ngrade: stopped. {_how_to_go_on(progress, options)}", file=sys.stderr)
        return 130
    report = records
    if options.student or options.assignment:
        done = {(record["student"], record["assignment"]) for record in records}
        others = [r for r in before if (r["student"], r["assignment"]) not in done]
        report = in_order([*others, *records])
    _write(options.out, report, records)
    mark_part(options.out, options.shard)
    if options.shard[1] > 1:
        part, parts = options.shard
        print(f"Part {part} of {parts}. When all are done: grade merge PART... --out results/")
    changes = changed_scores(before, records)
    if options.regrade:
        write_atomically(options.out / "changes.txt", "".join(f"{line}\n" for line in changes))
        print(f"Changed scores: {len(changes)}, listed in {options.out / 'changes.txt'}")
    if changes:
        _listed("Whose score changed", changes)
    return _ungraded(records)


def _merge(arguments: list[str]) -> int:
    parser = parser_of("join the results of a class that was graded in parts", "merge")
    parser.add_argument("parts", nargs="+", type=Path, help="the folders that grade batch --shard wrote")
    parser.add_argument("--out", type=Path, required=True, help="for the whole class")
    options = parser.parse_args(arguments)
    records = merge_parts(options.parts, options.out)
    _write(options.out, records, records)
    mark_part(options.out, (1, 1))
    return _ungraded(records)


def _export(arguments: list[str]) -> int:
    parser = parser_of("write the points as another system imports them", "export")
    parser.add_argument("system", choices=[*_SYSTEMS, "nbgrader"])
    parser.add_argument("results", type=Path, help="the folder that grade batch wrote")
    parser.add_argument("--assignment", help="which one, where there are several")
    parser.add_argument("--submitted", type=Path, default=Path("submitted"), help="the collected class")
    parser.add_argument("--sheet", type=Path, help="the sheet that Moodle or Canvas gives to fill in")
    parser.add_argument("--out", type=Path, help="the file; for nbgrader its gradebook.db")
    options = parser.parse_args(arguments)
    records = read_records(options.results)
    if not records:
        raise GradeError(f"{options.results} holds no results: run grade batch first")
    if options.system == "nbgrader":
        path = options.out or Path("gradebook.db")
        count = export.nbgrader(records, path)
        print(f"{path}: {count} submissions, as nbgrader's own gradebook holds them")
        return 0
    assignment = export.the_assignment(records, options.assignment)
    points = export.points_of(records, assignment)
    collected = read_collected(class_folder(options.submitted))
    people = {row["student"]: row for row in collected if row["assignment"] == assignment}
    sheet = export.read_sheet(options.sheet) if options.sheet else None
    text, untold = _SYSTEMS[options.system](points, people, assignment, sheet)
    path = options.out or options.results / f"{options.system}-{assignment}.csv"
    write_atomically(path, text)
    print(f"{path}: {len(points.earned) - len(untold)} students")
    _listed("Without a row in that sheet", [on_a_line(name, 60) for name in untold])
    _listed("Not graded, and so left out", [on_a_line(name, 60) for name in points.ungraded])
    return 1 if untold else 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "collect": _collect,
    "batch": _batch,
    "merge": _merge,
    "export": _export,
}


def _chosen(options: argparse.Namespace) -> Callable[[Job], bool]:
    """Return which jobs are asked for; a name that fits none is told of, with those that are near."""
    students, assignments = options.student or ["*"], options.assignment or ["*"]

    def chosen(job: Job) -> bool:
        names = {job.assignment, job.reference}
        return any(fnmatchcase(job.student, pattern) for pattern in students) and any(
            fnmatchcase(name, pattern) for name in names for pattern in assignments
        )

    if not (options.student or options.assignment):
        return chosen
    jobs = find_jobs(options.submissions, read_references(options.source))
    if not any(map(chosen, jobs)):
        known = {job.student for job in jobs}
        asked = next((name for name in students if not any(fnmatchcase(k, name) for k in known)), "")
        near = difflib.get_close_matches(asked, known, 3, 0.5)
        told = f"; there is {' and '.join(on_a_line(name, 40) for name in near)}" if near else ""
        whom = f"student {asked}" if asked else f"assignment {' or '.join(assignments)} of these students"
        raise GradeError(f"{options.submissions} holds no {whom}{told}")
    return chosen


def _how_to_go_on(progress: Progress, options: argparse.Namespace) -> str:
    if not progress.total:
        return "Nothing was graded yet."
    again = "the same command without --regrade" if options.regrade else "the same command"
    return (
        f"{progress.done} of {progress.total} submissions are done and kept in {options.out}: "
        f"{again} goes on from there"
    )


def _write(out: Path, whole: Sequence[dict[str, Any]], shown: Sequence[dict[str, Any]]) -> None:
    """Write the reports of the whole and show what this run has done."""
    written = write_reports(out, in_order(whole))
    print("\n".join(summary_lines(shown)) if shown else "no submission falls into this part")
    print(f"\nOverview: {out / 'index.html'}")
    print(f"Reports: {', '.join(path.name for path in written)} and feedback/ in {out}")


def _ungraded(records: Sequence[dict[str, Any]]) -> int:
    """Name those whom the grader itself could not finish, and return the exit status."""
    names = [f"{r['student']} {r['assignment']}" for r in records if r["status"] == "error"]
    if not names:
        return 0
    listed = ", ".join(on_a_line(name, 60) for name in names[:10])
    listed += f" and {len(names) - 10} more" if len(names) > 10 else ""
    could = "1 submission" if len(names) == 1 else f"{len(names)} submissions"
    print(
        f"grade: {could} could not be graded, through no fault of the students: {listed}. "
        "What is done is kept: run this again",
        file=sys.stderr,
    )
    return 3


def _listed(title: str, lines: Sequence[str]) -> None:
    """Print lines below a title, but no more than a terminal holds."""
    if lines:
        print("\n".join([f"\n{title}: {len(lines)}", *(f"  {line}" for line in lines[:_MOST_LINES])]))
    if len(lines) > _MOST_LINES:
        print(f"  and {len(lines) - _MOST_LINES} more")


def _add_source(parser: argparse.ArgumentParser) -> None:
    source = PACKAGE.parent / "exercises" / "source"
    parser.add_argument(
        "--source", type=Path, default=source, help="the course's sources (default: exercises/source)"
    )


def _add_deadline(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--deadline", type=moment, help="what came later is told: '2026-11-20 23:59'")

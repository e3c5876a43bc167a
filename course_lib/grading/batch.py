"""A class at once: submitted/<student>/<assignment>/ in, one record a submission and reports out.

Each submission is graded in a process of its own. Its result is kept under a digest of everything that it
depends on, by atomic rename, so that a run that was killed goes on where it stopped and ends with the very
same files.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from . import merge
from .files import write_atomically
from .model import GradeError, Notebook, read_notebook
from .records import CheckResult, NotebookResult, plain
from .roster import Job, class_folder, find_jobs, in_shard, read_references
from .submission import (
    BUDGET,
    SLACK,
    GraderFault,
    Sealer,
    Starved,
    describe_isolation,
    grader_version,
    seed_for,
)

__all__ = ["CACHE", "grade_batch"]

CACHE = ".graded"
PATIENCE = SLACK * BUDGET + 90  # seconds until a submission's own process is given up
ROUNDS = 3  # the last of them one by one


def grade_batch(
    submissions: Path,
    out: Path,
    *,
    source: Path,
    workers: int,
    seed: int = 0,
    shard: tuple[int, int] = (1, 1),
    chosen: Callable[[Job], bool] = lambda job: True,
    anew: bool = False,
    deadline: datetime.datetime | None = None,
    say: Callable[[str], None] = print,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> list[dict[str, Any]]:
    """Grade all submissions and return their records, in order of student and assignment.

    Parameters
    ----------
    submissions
        A folder ``<student>/<assignment>/``, or one that holds it as ``submitted``.
    out
        Where results are kept; those that are there already are used again.
    source
        The course's source notebooks, with solutions.
    workers
        How many submissions are graded side by side.
    seed
        Makes the random inputs of this class; each submission's own seed follows from it.
    shard
        (i, n): do the i-th of n parts only.
    chosen
        Which jobs to do.
    anew
        Forget what is kept of them first.
    deadline
        What was received later gets a note.
    say, on_done
        Told a line of text; told how many are done of how many.

    Raises
    ------
    GradeError
        Nothing to grade, no source, or no room to write.
    """
    references = read_references(source)
    found = find_jobs(submissions, references, deadline)
    jobs = [job for job in found if in_shard(job, shard) and chosen(job)]
    if out.resolve().is_relative_to(class_folder(submissions).resolve()):
        raise GradeError(f"{out} lies among the submissions, where it would be taken for a student's folder")
    cache = out / CACHE
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GradeError(f"cannot write to {out}: {error.strerror}") from None
    with Sealer(references, [submissions, out, source]) as sealer:
        for line in describe_isolation(sealer.isolation):
            say(line)
        for name in sorted({job.reference for job in jobs if job.path}):
            sealer.rehearse(name)
        version = f"{grader_version()}-{'-'.join(sealer.isolation['layers'])}"
        grader = _Grader(sealer, version, seed, cache)
        for _ in _side_by_side(jobs if anew else [], grader.forget, workers, sealer):
            pass
        records: dict[Job, dict[str, Any]] = {}
        on_done(0, len(jobs))
        for job, result in _in_rounds(jobs, grader.run, workers, sealer, references):
            records[job] = _of_student(job, result)
            on_done(len(records), len(jobs))
    return [records[job] for job in jobs]


def _of_student(job: Job, result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a job: its result, whose it is, and what is known of how it was handed in."""
    whose = {"student": job.student, "assignment": job.assignment, "received": job.received}
    return {**result, **whose, "notes": [*map(plain, job.notes), *result["notes"]]}


class _Grader:
    """Does one job, or finds it done."""

    def __init__(self, sealer: Sealer, version: str, seed: int, cache: Path) -> None:
        self._sealer, self._version, self._seed, self._cache = sealer, version, seed, cache

    def run(self, job: Job, last: bool) -> dict[str, Any]:
        """Return the result of a job, without saying whose it is; `last` is that of `Sealer.grade`."""
        reference = self._sealer.references.get(job.reference)
        if job.path is None:
            return _without_run("missing" if reference else "unknown", job.problem, reference)
        try:
            submission = read_notebook(job.path, follow_links=False)
        except GradeError as error:
            return _without_run("broken", str(error).replace(str(job.path), job.path.name), reference)
        if not submission.answers().keys() & reference.answers().keys():
            return _without_run("broken", "it holds none of this exercise's answer cells", reference)
        answers = merge.answers_key(reference, submission)
        kept = self._kept(answers)
        key = kept.stem
        if (result := _read_kept(kept, key)) is not None:
            return result
        seed = seed_for(self._seed, answers)
        result = _as_record(self._sealer.grade(reference, submission, seed, last))
        result |= {"key": key, "seed": seed, "grader": self._version, "class_seed": self._seed}
        taken = merge.taken(reference, submission)
        result |= {"course": merge.digest(reference.data), "answers": merge.digest(taken)}
        write_atomically(kept, json.dumps(result, sort_keys=True))
        return result

    def forget(self, job: Job) -> dict[str, Any]:
        """Remove what is kept of a job, so that it is graded anew."""
        with contextlib.suppress(GradeError):
            if job.path is not None:
                submission = read_notebook(job.path, follow_links=False)
                answers = merge.answers_key(self._sealer.references[job.reference], submission)
                self._kept(answers).unlink(missing_ok=True)
        return {}

    def _kept(self, answers: str) -> Path:
        """Return where the result of these answers is kept."""
        key = hashlib.sha256(f"{answers} {self._version} {self._seed}".encode()).hexdigest()
        return self._cache / f"{key}.json"


def _read_kept(path: Path, key: str) -> dict[str, Any] | None:
    """Return a result that is kept, if it is there and whole."""
    try:
        result = json.loads(path.read_text())
        checks = [CheckResult(**check) for check in result["checks"]]
        sound = result["key"] == key and result["points"] == sum(check.points for check in checks)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return result if sound else None


def _as_record(result: NotebookResult) -> dict[str, Any]:
    return {
        "status": "graded",
        "notebook": result.name,
        "points": result.points,
        "max_points": result.max_points,
        "message": "",
        "notes": [plain(note) for note in result.notes],
        "titles": result.titles,
        "checks": [check.as_dict() for check in result.checks],
    }


def _without_run(status: str, message: str, reference: Notebook | None) -> dict[str, Any]:
    """Return a record of nothing earned, with the reason."""
    return {
        "status": status,
        "notebook": reference.name if reference else "",
        "points": 0,
        "max_points": reference.points if reference else 0,
        "message": plain(message),
        "notes": [],
        "titles": reference.titles if reference else {},
        "checks": [],
    }


# --- one process for each job, some of them at a time --------------------------------------------------


def _in_rounds(
    jobs: Iterable[Job],
    work: Callable[[Job, bool], dict[str, Any]],
    workers: int,
    sealer: Sealer,
    references: Mapping[str, Notebook],
) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Yield each job's result as it comes.

    What the grader itself failed at, or what had too little of the processor, is not the student's fault. It
    is tried again when the others are done, and at last one by one. What fails even then is told of, and is
    not kept.
    """
    waiting, starved = list(jobs), []
    for turn in range(1, ROUNDS + 1):
        last = turn == ROUNDS
        again = []
        todo = [*waiting, *starved] if last else waiting
        for job, result in _side_by_side(todo, partial(work, last=last), 1 if last else workers, sealer):
            if "again" not in result:
                yield job, result
            elif last:
                reference = references.get(job.reference)
                message = f"the grader could not finish this one ({result['again']})"
                yield job, _without_run("error", message, reference)
            elif result.get("starved"):
                starved.append(job)
            else:
                again.append(job)
        waiting = again


def _side_by_side(
    jobs: Iterable[Job], work: Callable[[Job], dict[str, Any]], workers: int, sealer: Sealer
) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Yield each job's result as it comes; that of a process that died is to be tried again."""
    waiting = list(reversed(list(jobs)))
    running: dict[int, _Child] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                sealer.mend()
                child = _Child(waiting.pop(), work)
                running[child.pipe] = child
            for pipe in _readable(running):
                child = running[pipe]
                if child.read():
                    continue
                del running[pipe]
                result = child.finish()
                if "stop" in result:
                    raise GradeError(result["stop"])
                yield child.job, result
    finally:
        for child in running.values():
            child.kill()
            child.finish()


def _readable(running: Mapping[int, _Child]) -> list[int]:
    """Wait for something to read, and end what has taken too long."""
    ready, _, _ = select.select(list(running), [], [], 1.0)
    for child in running.values():
        if time.monotonic() > child.deadline:
            child.kill()
    return ready


class _Child:
    """A forked process that does one job and writes the result into a pipe."""

    def __init__(self, job: Job, work: Callable[[Job], dict[str, Any]]) -> None:
        self.job, self.deadline = job, time.monotonic() + PATIENCE
        self._data = b""
        self.pipe, write = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.pipe)
            _be_child(job, work, write)
        os.close(write)

    def read(self) -> bool:
        """Take what is there; return whether more may come."""
        part = os.read(self.pipe, 2**16)
        self._data += part
        return bool(part)

    def finish(self) -> dict[str, Any]:
        """Return the result, or why there is none."""
        os.close(self.pipe)
        os.waitpid(self.pid, 0)
        try:
            return json.loads(self._data)
        except ValueError:
            return {"again": "its process was lost"}

    def kill(self) -> None:
        """End the process; its kernel and its worker end when they find themselves alone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def _be_child(job: Job, work: Callable[[Job], dict[str, Any]], write: int) -> None:
    """Do the job in this process and end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        try:
            result = work(job)
        except Starved as error:
            result = {"again": str(error), "starved": True}
        except GraderFault as error:
            result = {"again": str(error)}
        except OSError as error:
            result = {"stop": f"cannot keep results: {error.strerror}; what is done is kept, run this again"}
        with open(write, "wb") as pipe:
            pipe.write(json.dumps(result).encode())
    finally:
        os._exit(0)

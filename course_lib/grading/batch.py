"""A class at once: submitted/<student>/<assignment>/ in, one record a submission and reports out.

Each submission is graded in a process of its own. Its result is kept under a digest of everything that it
depends on, by atomic rename, so that a run that was killed goes on where it stopped and ends with the very
same files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from . import merge
from .model import GradeError, NotAllowed, Notebook, files_in, read_notebook, require_checks
from .records import CheckResult, NotebookResult, plain
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

__all__ = ["Job", "find_jobs", "grade_batch", "read_references"]

CACHE = ".graded"
PATIENCE = SLACK * BUDGET + 90  # seconds until a submission's own process is given up
ROUNDS = 3  # the last of them one by one


@dataclass(frozen=True)
class Job:
    """One notebook of one student.

    Attributes
    ----------
    path
        The notebook, or None where none was handed in.
    reference
        The name of the course's source, or "" if there is none for this assignment.
    """

    student: str
    assignment: str
    path: Path | None
    reference: str
    problem: str = ""


def grade_batch(
    submissions: Path,
    out: Path,
    *,
    source: Path,
    workers: int,
    seed: int = 0,
    shard: tuple[int, int] = (1, 1),
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
    say, on_done
        Told a line of text; told how many are done of how many.

    Raises
    ------
    GradeError
        Nothing to grade, no source, or no room to write.
    """
    references = read_references(source)
    jobs = [job for job in find_jobs(submissions, references) if _in_shard(job, shard)]
    if out.resolve().is_relative_to(_root(submissions).resolve()):
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
        records: dict[Job, dict[str, Any]] = {}
        for job, result in _in_rounds(jobs, grader.run, workers, sealer, references):
            records[job] = {"student": job.student, "assignment": job.assignment, **result}
            on_done(len(records), len(jobs))
    return [records[job] for job in jobs]


def read_references(source: Path) -> dict[str, Notebook]:
    """Return the course's source notebooks by name."""
    paths = sorted(source.glob("*.ipynb")) if source.is_dir() else []
    if not paths:
        raise GradeError(f"there are no source notebooks in {source}: name their folder with --source")
    return {path.stem: require_checks(read_notebook(path), str(path)) for path in paths}


def find_jobs(submissions: Path, references: Mapping[str, Notebook]) -> list[Job]:
    """Return one job for each notebook of each student, and for each assignment without one."""
    if not submissions.is_dir():
        raise GradeError(f"there is no folder {submissions}")
    root = _root(submissions)
    jobs = [job for student in _folders(root) for job in _jobs_of_student(student, references)]
    if not any(job.assignment for job in jobs):
        raise GradeError(f"{root} holds no <student>/<assignment>/ folders that can be read")
    return jobs


def _root(submissions: Path) -> Path:
    """Return the folder of the students' folders."""
    inside = submissions / "submitted"
    return inside if inside.is_dir() else submissions


def _jobs_of_student(student: Path, references: Mapping[str, Notebook]) -> Iterator[Job]:
    """Yield a student's jobs; whoever has none gets one that says why, so that nobody is left out."""
    try:
        assignments = _folders(student)
        for assignment in assignments:
            yield from _jobs_of(student.name, assignment, references)
        if not assignments:
            names = [path.name for path in files_in(student)]
            inside = f"only {', '.join(names[:3])}" if names else "nothing"
            problem = f"an <assignment>/ folder was expected in the student's folder, which holds {inside}"
            yield Job(student.name, "", None, "", problem)
    except NotAllowed as error:
        yield Job(student.name, "", None, "", str(error))


def _jobs_of(student: str, folder: Path, references: Mapping[str, Notebook]) -> Iterator[Job]:
    """Yield the jobs of one assignment folder: by the notebooks' names, else by the folder's own."""
    files = [path for path in files_in(folder) if path.suffix == ".ipynb"]
    known = [path for path in files if path.stem in references]
    for path in known:
        yield Job(student, folder.name, path, path.stem)
    if known:
        return
    if folder.name not in references:
        yield Job(student, folder.name, None, "", f"the course has no exercise called {folder.name}")
    elif len(files) == 1:
        yield Job(student, folder.name, files[0], folder.name)
    else:
        found = "no notebook" if not files else f"{len(files)} notebooks, none called {folder.name}.ipynb"
        yield Job(student, folder.name, None, folder.name, f"{found} in this folder")


def _folders(parent: Path) -> list[Path]:
    """Return the folders in a folder, by name, but no links and nothing hidden."""
    return [
        path
        for path in files_in(parent)
        if path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
    ]


def _in_shard(job: Job, shard: tuple[int, int]) -> bool:
    part, parts = shard
    digest = hashlib.sha256(f"{job.student}/{job.assignment}".encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:4]) % parts == part - 1


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
        key = hashlib.sha256(f"{answers} {self._version} {self._seed}".encode()).hexdigest()
        kept = self._cache / f"{key}.json"
        if (result := _read_kept(kept, key)) is not None:
            return result
        seed = seed_for(self._seed, answers)
        result = _as_record(self._sealer.grade(reference, submission, seed, last))
        result |= {"key": key, "seed": seed, "grader": self._version}
        write_atomically(kept, json.dumps(result, sort_keys=True))
        return result


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


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(draft, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


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

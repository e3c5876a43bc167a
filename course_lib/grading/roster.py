"""Who handed in what: a job for each notebook of submitted/<student>/<assignment>/.

Every entry of the class's folder gets a job, so that nobody is left out of the reports. A job without a
notebook says what was found in its place and what to do.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .model import GradeError, NotAllowed, Notebook, files_in, read_notebook, require_checks

__all__ = [
    "COLLECTED",
    "IGNORED",
    "Job",
    "as_moment",
    "class_folder",
    "find_jobs",
    "in_shard",
    "late_by",
    "read_references",
    "stem_of",
]

COLLECTED = ".collected.csv"  # who is who, as `grade collect` leaves it in the class's folder
IGNORED = {
    *(COLLECTED, "timestamp.txt"),
    *(".DS_Store", ".git", ".gitignore", ".ipynb_checkpoints", "Thumbs.db", "__MACOSX", "desktop.ini"),
}
_COURSE_ROOT = {"source", "release", "autograded", "feedback", "submitted", "gradebook.db"}
_NOTEBOOK = re.compile(
    r"(?P<stem>.+?)(\s*\(\d+\)|-Copy\d+| - Copy| copy( \d+)?|-\d{1,2})*\.(ipynb(\.txt|\.json)?|json)",
    flags=re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Job:
    """One notebook of one student.

    Attributes
    ----------
    path
        The notebook, or None where none was handed in.
    reference
        The name of the course's source, or "" if there is none for this assignment.
    problem
        Why there is no notebook, and what to do.
    notes
        What whoever reads the result should know, such as a second notebook that was not graded.
    received
        When it was handed in, in ISO 8601, where a ``timestamp.txt`` says so.
    """

    student: str
    assignment: str
    path: Path | None
    reference: str
    problem: str = ""
    notes: tuple[str, ...] = ()
    received: str = ""


def read_references(source: Path) -> dict[str, Notebook]:
    """Return the course's source notebooks by name."""
    paths = sorted(source.glob("*.ipynb")) if source.is_dir() else []
    if not paths:
        raise GradeError(f"there are no source notebooks in {source}: name their folder with --source")
    return {path.stem: require_checks(read_notebook(path), str(path)) for path in paths}


def find_jobs(
    submissions: Path, references: Mapping[str, Notebook], deadline: datetime.datetime | None = None
) -> list[Job]:
    """Return one job for each notebook of each student, and for each entry of the folder without one."""
    if not submissions.is_dir():
        advice = ": grade collect puts a zip in order" if submissions.is_file() else ""
        raise GradeError(f"there is no folder {submissions}{advice}")
    root = class_folder(submissions)
    jobs = [job for entry in _entries(root) for job in _jobs_of_student(entry, references)]
    if not any(job.assignment for job in jobs):
        raise GradeError(
            f"{root} holds no <student>/<assignment>/ folders that can be read; a download of Moodle, "
            "Canvas or Gradescope is put in order by: grade collect DOWNLOAD --into submitted/"
        )
    jobs = [_noting_lateness(job, deadline) for job in jobs] if deadline else jobs
    return sorted(jobs, key=lambda job: (job.student, job.assignment, job.reference))


def class_folder(submissions: Path) -> Path:
    """Return the folder of the students' folders: the one named, or `submitted` in a course of nbgrader's."""
    inside = submissions / "submitted"
    if not inside.is_dir():
        return submissions
    nested = any(_is_folder(path) for student in _folders(inside) for path in _entries(student))
    alone = {path.name for path in _folders(submissions)} <= _COURSE_ROOT
    return inside if nested or alone else submissions  # else it is a student of this name


def stem_of(name: str) -> str:
    """Return what a notebook's file was called before it was copied or downloaded twice; "" for other files.

    >>> [stem_of(name) for name in ("a.ipynb", "a (1).ipynb", "a-Copy2.IPYNB", "a.ipynb.txt", "essay.pdf")]
    ['a', 'a', 'a', 'a', '']
    """
    found = _NOTEBOOK.fullmatch(name)
    return found["stem"] if found else ""


def in_shard(job: Job, shard: tuple[int, int]) -> bool:
    """Return whether a job belongs to the i-th of n parts of a class."""
    part, parts = shard
    digest = hashlib.sha256(f"{job.student}/{job.assignment}".encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:4]) % parts == part - 1


def as_moment(text: str) -> datetime.datetime | None:
    """Return the moment that a text names, or None; a date alone is the end of that day.

    >>> as_moment("2026-11-20 23:59:00.000000 UTC").isoformat()
    '2026-11-20T23:59:00+00:00'
    """
    text = text.strip().replace(" UTC", "+00:00")
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) == len("2026-11-20"):
        moment = datetime.datetime.combine(moment, datetime.time.max)
    return moment if moment.tzinfo else moment.astimezone()


def late_by(received: datetime.datetime | None, deadline: datetime.datetime | None) -> str:
    """Say how long after the deadline something came; an empty text if it did not, or nobody knows.

    >>> late_by(as_moment("2026-11-21 02:04 UTC"), as_moment("2026-11-20 23:59 UTC"))
    '2 h 5 min'
    """
    if received is None or deadline is None or received <= deadline:
        return ""
    minutes = -(-int((received - deadline).total_seconds()) // 60) or 1
    days, hours = divmod(minutes // 60, 24)
    parts = [(days, "d"), (hours, "h"), (minutes % 60, "min")]
    return " ".join(f"{value} {unit}" for value, unit in parts if value)


def _noting_lateness(job: Job, deadline: datetime.datetime) -> Job:
    late = late_by(as_moment(job.received), deadline)
    return replace(job, notes=(*job.notes, f"handed in {late} after the deadline")) if late else job


def _jobs_of_student(entry: Path, references: Mapping[str, Notebook]) -> Iterator[Job]:
    """Yield the jobs of one entry of the class's folder, at least one."""
    name = entry.name
    if not _is_folder(entry):
        what = _kind(entry)
        problem = f"{what} stands where a student's folder was expected: grade collect sorts files"
        yield Job(name, "", None, "", problem)
        return
    try:
        found = list(_jobs_inside(entry, references))
    except NotAllowed as error:
        found = [Job(name, "", None, "", str(error))]
    yield from found or [_nothing_in(entry)]


def _jobs_inside(student: Path, references: Mapping[str, Notebook]) -> Iterator[Job]:
    for entry in _entries(student):
        if _is_folder(entry):
            yield from _jobs_of(student.name, entry, references)
        elif (stem := stem_of(entry.name)) in references:
            if not (student / stem).is_dir():
                yield _chosen(student.name, stem, student, [entry], stem)
            else:
                problem = f"{entry.name} lies beside the folder {stem}, which alone is graded"
                yield Job(student.name, entry.name, None, "", problem)


def _nothing_in(student: Path) -> Job:
    names = [path.name for path in _entries(student)]
    inside = f"only {', '.join(names[:3])}" if names else "nothing"
    problem = f"an <assignment>/ folder was expected in the student's folder, which holds {inside}"
    return Job(student.name, "", None, "", problem)


def _jobs_of(student: str, folder: Path, references: Mapping[str, Notebook]) -> Iterator[Job]:
    """Yield the jobs of one assignment folder: by the notebooks' names, else by the folder's own."""
    files = _notebooks_in(folder)
    known: dict[str, list[Path]] = {}
    for path in files:
        if (stem := stem_of(path.name)) in references:
            known.setdefault(stem, []).append(path)
    for stem, paths in known.items():
        others = [path for path in files if stem_of(path.name) not in references]
        yield _chosen(student, folder.name, folder, [*paths, *others], stem)
    if known:
        return
    name = folder.name
    if name not in references:
        yield Job(student, name, None, "", f"the course has no exercise called {name}")
    elif files:
        yield _chosen(student, name, folder, files, name)
    else:
        there = [path.name for path in _entries(folder)]
        only = f": only {', '.join(there[:3])}" if there else ""
        yield Job(student, name, None, name, f"no notebook in this folder{only}")


def _chosen(student: str, assignment: str, folder: Path, files: Sequence[Path], stem: str) -> Job:
    """Return the job of the one file that is meant, with a note of each that is not graded."""
    fitting = [path for path in files if stem_of(path.name) == stem] or list(files)
    exact = [path for path in fitting if path.name == f"{stem}.ipynb"]
    if not exact and len(fitting) > 1:
        names = ", ".join(path.name for path in fitting[:4])
        problem = f"{len(fitting)} notebooks, none called {stem}.ipynb ({names}): leave the one that counts"
        return Job(student, assignment, None, stem, problem)
    path = (exact or fitting)[0]
    notes = tuple(f"{other.name} lies beside it and was not graded" for other in files if other != path)
    return Job(student, assignment, path, stem, notes=notes, received=_timestamp(folder))


def _notebooks_in(folder: Path) -> list[Path]:
    """Return the notebooks of a folder, or, where there is none, those one folder deeper."""
    files = [path for path in _entries(folder) if stem_of(path.name) and not _is_folder(path)]
    deeper = [path for inner in _folders(folder) for path in _entries(inner)]
    return files or [path for path in deeper if stem_of(path.name) and not _is_folder(path)]


def _timestamp(folder: Path) -> str:
    """Return when a submission was received, as `timestamp.txt` says, which nbgrader keeps beside it."""
    try:
        descriptor = os.open(folder / "timestamp.txt", os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, encoding="utf-8", errors="replace") as file:
            moment = as_moment(file.read(100))
    except OSError:
        return ""
    return moment.isoformat(timespec="seconds") if moment else ""


def _entries(folder: Path) -> list[Path]:
    """Return what lies in a folder, but for what systems and editors leave there."""
    return [path for path in files_in(folder) if path.name not in IGNORED]


def _folders(parent: Path) -> list[Path]:
    return [path for path in _entries(parent) if _is_folder(path)]


def _is_folder(path: Path) -> bool:
    """Return whether a path is a folder and no link to one."""
    return path.is_dir() and not path.is_symlink()


def _kind(path: Path) -> str:
    mode = os.lstat(path).st_mode
    if stat.S_ISREG(mode):
        return "a file"
    return "a link" if stat.S_ISLNK(mode) else "something that is neither file nor folder"

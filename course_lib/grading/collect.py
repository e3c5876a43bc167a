"""A download of Moodle, Canvas or Gradescope, a zip or a folder of files, put in order for `grade batch`.

The result is ``<into>/<student>/<assignment>/<assignment>.ipynb``, with a ``timestamp.txt`` beside it where
the download says when it came, as nbgrader keeps both. Nothing that is there already is overwritten, and
whatever is left out is told of with what to do.
"""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import os
import re
import stat
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from .files import write_atomically
from .model import MAX_BYTES, GradeError, Notebook, files_in, is_answer, is_stub, parse_notebook
from .records import on_a_line
from .roster import COLLECTED, IGNORED, as_moment, late_by, stem_of

__all__ = ["Collected", "collect", "read_collected"]

_ASSIGNMENT = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+_?(?P<file>.*)", re.DOTALL)
_CANVAS = re.compile(
    r"(?P<name>[^\W_]+(-[^\W_]+)*)(?P<late>_LATE)?_(?P<id>\d+)_\d+_(?P<file>.+)", re.DOTALL | re.IGNORECASE
)
_GRADESCOPE = re.compile(r"submission_(?P<id>\d+)")
_SUBMITTER = re.compile(r"(?m)^[ \t-]+:?(name|sid|email|created_at):[ \t]*(.+?)[ \t]*$")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz", ".xz")
_COLUMNS = ("student", "assignment", "system", "id", "name", "email", "file", "received")


@dataclass(frozen=True)
class Entry:
    """One file of a download: where it lies, how to read it, when it was last changed."""

    parts: tuple[str, ...]
    read: Callable[[], bytes]
    changed: datetime.datetime | None = None

    @property
    def shown(self) -> str:
        """Its path in the download, fit for one line."""
        return on_a_line("/".join(self.parts), 160)


@dataclass(frozen=True)
class Owner:
    """Who handed a file in, as the system names them."""

    name: str
    id: str = ""
    system: str = "folder"
    email: str = ""
    received: datetime.datetime | None = None
    late: bool = False


@dataclass(frozen=True)
class Handed:
    """One notebook with its owner and the set of exercises that it answers."""

    entry: Entry
    owner: Owner
    assignment: str
    digest: bytes
    written: int  # answer cells that are more than the stub; -1 where the file cannot be read

    @property
    def received(self) -> datetime.datetime | None:
        """When it came, as the system says, else when the file was changed."""
        return self.owner.received or self.entry.changed


@dataclass
class Collected:
    """What was done: rows of who handed in what, and lines for whoever has to decide the rest."""

    rows: list[dict[str, str]] = field(default_factory=list)
    taken: int = 0
    late: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)


def collect(
    download: Path,
    into: Path,
    references: Mapping[str, Notebook],
    deadline: datetime.datetime | None = None,
) -> Collected:
    """Put a download in order below `into` and return what was done.

    Parameters
    ----------
    download
        A folder or a zip, as the system gives it.
    into
        The class's folder; it may hold earlier downloads.
    references
        The course's sources by name; a notebook belongs to the one whose answer cells it holds.
    deadline
        What came later is told of.

    Raises
    ------
    GradeError
        There is no such download, or `into` lies within it.
    """
    if into.resolve().is_relative_to(download.resolve()):
        raise GradeError(f"{into} lies in the download itself: name another folder")
    done = Collected()
    entries = _without_wrapper(_entries_of(download, done), references)
    people = _gradescope_people(entries)
    handed = list(_handed_in(entries, people, references, done))
    names = _safe_names([one.owner for one in handed], done)
    groups: dict[tuple[str, str], list[Handed]] = {}
    for one in handed:
        groups.setdefault((names[one.owner.name, one.owner.id], one.assignment), []).append(one)
    for (student, assignment), group in sorted(groups.items()):
        _put(into, student, assignment, _best(group, student, done), deadline, done)
    for student in _who_has_none(entries, people, handed, done):
        (into / _safe(student)).mkdir(parents=True, exist_ok=True)
    _remember(into, done.rows)
    return done


# --- reading a download ---------------------------------------------------------------------------------


def _entries_of(download: Path, done: Collected) -> Iterator[Entry]:
    """Yield every file of a folder or a zip, also of zips in it."""
    if download.is_dir():
        yield from _in_folder(download, (), done)
    elif zipfile.is_zipfile(download):
        yield from _in_zip(download, (), done)
    elif download.exists():
        raise GradeError(f"{download} is neither a folder nor a zip: unpack it and name the folder")
    else:
        raise GradeError(f"there is no {download}")


def _in_folder(folder: Path, parts: tuple[str, ...], done: Collected) -> Iterator[Entry]:
    for path in files_in(folder):
        here = (*parts, path.name)
        if path.name in IGNORED - {"timestamp.txt"}:
            continue
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            yield from _in_folder(path, here, done)
        elif stat.S_ISREG(status.st_mode):
            changed = datetime.datetime.fromtimestamp(status.st_mtime).astimezone()
            yield from _opened(Entry(here, lambda path=path: _bounded(path), changed), done)
        else:
            shown = on_a_line("/".join(here), 160)
            done.doubtful.append(f"{shown} is a link or no file: copy the file itself there")


def _bounded(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(MAX_BYTES + 1)


def _opened(entry: Entry, done: Collected, depth: int = 1) -> Iterator[Entry]:
    """Yield an entry, or, of a zip, what it holds; a zip in a zip in a zip is left alone."""
    if depth > 2 or not entry.parts[-1].lower().endswith(".zip"):
        yield entry
        return
    inside = (*entry.parts[:-1], entry.parts[-1][:-4])
    yield from _in_zip(io.BytesIO(entry.read()), inside, done, depth)


def _in_zip(
    file: Path | io.BytesIO, parts: tuple[str, ...], done: Collected, depth: int = 1
) -> Iterator[Entry]:
    shown = on_a_line("/".join(parts), 160)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        done.doubtful.append(f"{shown}.zip cannot be opened: ask for the notebook itself")
        return
    if parts and sum(info.file_size for info in archive.infolist()) > 8 * MAX_BYTES:
        done.doubtful.append(f"{shown}.zip holds far more than notebooks: ask for the notebook itself")
        return
    for info in archive.infolist():
        inner = [
            part for part in PurePosixPath(info.filename.replace("\\", "/")).parts if part not in ("/", "..")
        ]
        if info.is_dir() or not inner or IGNORED.intersection(inner):
            continue
        here = (*parts, *inner)
        if info.file_size > MAX_BYTES or info.flag_bits & 1:
            why = "is locked with a password" if info.flag_bits & 1 else f"has {info.file_size / 1e6:.0f} MB"
            done.doubtful.append(f"{on_a_line('/'.join(here), 160)} {why}: ask for it again")
            continue
        try:
            changed = datetime.datetime(*info.date_time).astimezone()
        except ValueError:
            changed = None
        entry = Entry(here, lambda info=info: _unpacked(archive, info), changed)
        yield from _opened(entry, done, depth + 1)


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return what one entry of a zip holds, at most a little more than a notebook may have."""
    try:
        with archive.open(info) as file:
            return file.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError, RuntimeError):
        return b""


def _without_wrapper(entries: Iterable[Entry], references: Mapping[str, Notebook]) -> list[Entry]:
    """Take away a folder that holds the whole download, such as ``export/`` or ``submitted/``.

    A folder that alone holds nothing but sets of exercises is a student's.
    """
    entries = list(entries)
    while entries and all(len(entry.parts) > 1 for entry in entries):
        first = {entry.parts[0] for entry in entries}
        inside = {entry.parts[1] for entry in entries if stem_of(entry.parts[-1])}
        others = {name for name in inside if (stem_of(name) or name) not in references}
        wraps = len(others) > 1 or first == {"submitted"} or any(map(_named, others))
        if len(first) > 1 or _named(*first) or not wraps:
            break
        entries = [replace(entry, parts=entry.parts[1:]) for entry in entries]
    return entries


def _named(part: str) -> bool:
    """Return whether a name is one that a system gives to a student's submission."""
    return any(pattern.fullmatch(part) for pattern in (_ASSIGNMENT, _CANVAS, _GRADESCOPE))


# --- whose it is, and what ------------------------------------------------------------------------------


def _handed_in(
    entries: Sequence[Entry],
    people: Mapping[str, Owner],
    references: Mapping[str, Notebook],
    done: Collected,
) -> Iterator[Handed]:
    stamps = {entry.parts[:-1]: entry for entry in entries if entry.parts[-1] == "timestamp.txt"}
    for entry in entries:
        if not stem_of(entry.parts[-1]):
            continue
        raw = entry.read()
        try:
            if len(raw) > MAX_BYTES:
                raise GradeError(f"{entry.shown} has more than {MAX_BYTES / 1e6:.0f} MB")
            notebook = parse_notebook(raw, "", entry.shown)
        except GradeError as error:
            owner = _owner_of(entry, people, references)
            if owner is None or not entry.parts[-1].lower().endswith(".json"):
                done.doubtful.append(f"{error}: ask {on_a_line(owner.name, 40) if owner else 'for it'} again")
            assignment = _by_name(entry, references)
            if owner and assignment and len(raw) <= MAX_BYTES:  # so that it has its row among the results
                yield Handed(entry, owner, assignment, _digest(raw), -1)
            continue
        assignment = _answered(notebook, references) or _by_name(entry, references)
        owner = _owner_of(entry, people, references)
        if not assignment:
            done.doubtful.append(
                f"{entry.shown} holds no answer cell of this course: ask for the right notebook, "
                "or say which sources are meant with --source"
            )
        elif owner is None:
            done.doubtful.append(
                f"{entry.shown} names no student: put it into a folder with the student's name"
            )
        else:
            if stamp := stamps.get(entry.parts[:-1]):
                moment = as_moment(stamp.read()[:100].decode("utf-8", "replace"))
                owner = replace(owner, received=owner.received or moment)
            yield Handed(entry, owner, assignment, _digest(raw), _written(notebook))


def _answered(notebook: Notebook, references: Mapping[str, Notebook]) -> str:
    """Return the set of exercises whose answer cells a notebook holds most of."""
    answers = notebook.answers().keys()
    shared = {name: len(answers & reference.answers().keys()) for name, reference in references.items()}
    best = max(shared, key=shared.get, default="")
    return best if best and shared[best] else ""


def _by_name(entry: Entry, references: Mapping[str, Notebook]) -> str:
    """Return the set of exercises after which a file is called; it may have lost its metadata."""
    named = [stem_of(entry.parts[-1]), *reversed(entry.parts[:-1])]
    fits = (name for part in named for name in references if part == name or part.endswith(f"_{name}"))
    return next(fits, "")


def _written(notebook: Notebook) -> int:
    return sum(is_answer(cell) and not is_stub(cell) for cell in notebook.cells)


def _owner_of(entry: Entry, people: Mapping[str, Owner], references: Mapping[str, Notebook]) -> Owner | None:
    """Return whose file this is: by the system's names, else by the first folder, else by the file's name."""
    for part in entry.parts:
        if found := _ASSIGNMENT.fullmatch(part):
            return Owner(found["name"], found["id"], "moodle")
        if found := _GRADESCOPE.fullmatch(part):
            return people.get(part, Owner(part, found["id"], "gradescope"))
    if found := _CANVAS.fullmatch(entry.parts[-1]):
        name = f"{found['name']}_{found['id']}"
        return Owner(name, found["id"], "canvas", late=bool(found["late"]))
    if len(entry.parts) > 1:
        return Owner(entry.parts[0])
    stem = stem_of(entry.parts[-1])
    for name in references:
        stem = re.sub(rf"(^|[-_ ]+){re.escape(name)}($|[-_ ]+)", "", stem)
    return Owner(stem) if stem else None


def _gradescope_people(entries: Sequence[Entry]) -> dict[str, Owner]:
    """Return the owners that ``submission_metadata.yml`` names, by the submission's folder."""
    people: dict[str, Owner] = {}
    for entry in entries:
        if not re.fullmatch(r"submission_metadata\.ya?ml", entry.parts[-1]):
            continue
        text = entry.read().decode("utf-8", "replace")
        for block in re.split(r"(?m)^(?=submission_\d+:)", text):
            key = re.match(r"submission_(\d+):", block)
            values = {name: value.strip("'\" ") for name, value in _SUBMITTER.findall(block)}
            if key and values.get("name"):
                received = as_moment(values.get("created_at", ""))
                owner = Owner(
                    values["name"],
                    values.get("sid") or key[1],
                    "gradescope",
                    values.get("email", ""),
                    received,
                )
                people[f"submission_{key[1]}"] = owner
    return people


def _safe_names(owners: Iterable[Owner], done: Collected) -> dict[tuple[str, str], str]:
    """Return a folder's name for each owner; namesakes are kept apart by their number and told of."""
    keys = dict.fromkeys((owner.name, owner.id) for owner in owners)
    count = Counter(_safe(name).casefold() for name, _ in keys)
    names: dict[tuple[str, str], str] = {}
    used: set[str] = set()
    for name, number in keys:
        safe = _safe(name)
        if count[safe.casefold()] > 1:
            apart = f"{safe}_{number}" if number else safe
            extra = 2
            while apart.casefold() in used:
                apart, extra = f"{safe}_{extra}", extra + 1
            done.doubtful.append(
                f"{count[safe.casefold()]} students are called {on_a_line(safe, 40)}: "
                f"this one is kept as {on_a_line(apart, 60)}, see {COLLECTED} for who is who"
            )
            safe = apart
        used.add(safe.casefold())
        names[name, number] = safe
    return names


def _safe(name: str) -> str:
    r"""Return a name that is a folder's on every system and harms no report.

    >>> [_safe(name) for name in ("Ann Lee", "../x", "a/b\x1b", "CON", ".hidden", "")]
    ['Ann Lee', 'x', 'a_b_', 'CON_', 'hidden', 'unnamed']
    """
    name = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    name = re.sub(r'[/\\:*?"<>|;=+@\ufffd]', "_", on_a_line(name, 80))
    name = name.rstrip(" .…").lstrip(" ._-") or "unnamed"
    return f"{name}_" if _RESERVED.fullmatch(name) else name


# --- writing --------------------------------------------------------------------------------------------


def _best(group: Sequence[Handed], student: str, done: Collected) -> Handed:
    """Return the one of several that counts, the latest that holds answers; the others are told of."""
    oldest = datetime.datetime.min.replace(tzinfo=datetime.UTC)

    def rank(one: Handed) -> tuple[int, datetime.datetime, str]:
        return min(one.written, 1), one.received or oldest, one.entry.shown

    *others, best = sorted(group, key=rank)
    for other in others:
        if other.digest != best.digest:
            why = "holds no answers" if best.written > 0 >= other.written else "is older"
            done.doubtful.append(
                f"{on_a_line(student, 40)} handed in more than once: {best.entry.shown} was taken; "
                f"{other.entry.shown} {why}: look whether that is right"
            )
    return best


def _put(
    into: Path,
    student: str,
    assignment: str,
    one: Handed,
    deadline: datetime.datetime | None,
    done: Collected,
) -> None:
    folder = into / student / assignment
    target = folder / f"{assignment}.ipynb"
    received = one.received.isoformat(timespec="seconds") if one.received else ""
    after = late_by(one.received, deadline)
    if after or one.owner.late:
        source = "" if one.owner.received else ", by the time of its file"
        how = f"{after} after the deadline{source}" if after else "marked late by Canvas"
        done.late.append(f"{on_a_line(student, 40)}, {assignment}: {how}")
    if target.exists():
        if _digest(target.read_bytes()) != one.digest:
            done.doubtful.append(
                f"{target} is there already with other content and was kept: "
                f"to take {one.entry.shown} instead, remove it and collect again"
            )
            return
    else:
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{assignment}.{os.getpid()}"
        draft.write_bytes(one.entry.read())
        os.replace(draft, target)
        if received:
            write_atomically(folder / "timestamp.txt", f"{_in_utc(one.received)}\n")
        done.taken += 1
    owner = one.owner
    values = (student, assignment, owner.system, owner.id, owner.name, owner.email, one.entry.shown, received)
    done.rows.append(dict(zip(_COLUMNS, values, strict=True)))


def _who_has_none(
    entries: Sequence[Entry], people: Mapping[str, Owner], handed: Sequence[Handed], done: Collected
) -> list[str]:
    """Return those who handed in no notebook of the course, and tell what they did hand in."""
    have = {(one.owner.name, one.owner.id) for one in handed}
    without: dict[str, list[str]] = {}
    for entry in entries:
        owner = _owner_of(entry, people, {})
        apart = owner and (owner.system != "folder" or len(entry.parts) > 1)
        if apart and entry.parts[-1] != "timestamp.txt" and (owner.name, owner.id) not in have:
            without.setdefault(owner.name, []).append(entry.parts[-1])
    for student, files in without.items():
        if not any(map(stem_of, files)):  # a notebook has been told of
            advice = "unpack it there" if files[0].lower().endswith(_ARCHIVES) else "ask for the notebook"
            only = on_a_line(", ".join(files[:3]), 80)
            done.doubtful.append(f"{on_a_line(student, 40)} handed in no notebook, only {only}: {advice}")
    return list(without)


def _in_utc(moment: datetime.datetime) -> str:
    """Return a moment as nbgrader writes it."""
    return f"{moment.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S.%f} UTC"


def _digest(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


def _remember(into: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Add to the list of who is who, which exports read."""
    path = into / COLLECTED
    known = {(row["student"], row["assignment"]): row for row in [*read_collected(into), *rows]}
    if not known:
        return
    file = io.StringIO()
    writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(known[key] for key in sorted(known))
    write_atomically(path, file.getvalue())


def read_collected(into: Path) -> list[dict[str, str]]:
    """Return the rows of who is who that earlier downloads left in a class's folder."""
    try:
        with open(into / COLLECTED, encoding="utf-8", newline="") as file:
            return [row for row in csv.DictReader(file) if None not in row and None not in row.values()]
    except FileNotFoundError:
        return []

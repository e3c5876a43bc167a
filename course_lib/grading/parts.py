"""A class graded in parts, on one machine or several: each part is marked, and all of them make the whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .batch import CACHE
from .files import write_atomically
from .model import GradeError
from .report import in_order, read_records

__all__ = ["mark_part", "merge_parts"]

_MARK = "part.json"


def mark_part(out: Path, shard: tuple[int, int]) -> None:
    """Note in a folder of results which part of the class it holds; the whole has no such note."""
    if shard[1] == 1:
        (out / _MARK).unlink(missing_ok=True)
    else:
        write_atomically(out / _MARK, json.dumps(dict(zip(("part", "parts"), shard, strict=True))))


def merge_parts(folders: Sequence[Path], out: Path) -> list[dict[str, Any]]:
    """Return the records of all parts, in order, and copy what they keep, so that a run goes on from there.

    Raises
    ------
    GradeError
        A part is missing, two hold different results of one submission, or they were graded differently.
    """
    _require_all(folders)
    merged: dict[tuple[str, str, str], dict[str, Any]] = {}
    for folder in folders:
        records = read_records(folder)
        if not records and not (folder / "records.jsonl").exists():
            raise GradeError(f"{folder} holds no results: name the folders that grade batch --out wrote")
        for record in records:
            key = record["student"], record["assignment"], record["notebook"]
            if merged.setdefault(key, record) != record:
                raise GradeError(f"two parts hold different results of {' '.join(key[:2])}: see {folder}")
    graders = {record["grader"] for record in merged.values() if "grader" in record}
    if len(graders) > 1:
        raise GradeError(
            "the parts were graded differently (the course, Python or what a system keeps apart differs: "
            f"{', '.join(sorted(graders))}); grade all parts alike"
        )
    cache = out / CACHE
    cache.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        for kept in (folder / CACHE).glob("*.json"):
            if not (cache / kept.name).exists():
                shutil.copyfile(kept, cache / kept.name)
    return in_order(merged.values())


def _require_all(folders: Sequence[Path]) -> None:
    """Raise GradeError if the parts that are named do not make a whole class."""
    marks = [_mark_of(folder / _MARK) for folder in folders if (folder / _MARK).exists()]
    parts = {mark["parts"] for mark in marks}
    if len(parts) > 1:
        raise GradeError(f"these are parts of different divisions: {sorted(parts)}")
    for count in parts:
        missing = sorted(set(range(1, count + 1)) - {mark["part"] for mark in marks})
        if missing:
            names = ", ".join(f"{part}/{count}" for part in missing)
            raise GradeError(f"part {names} of the class is missing: name its folder too")


def _mark_of(path: Path) -> dict[str, int]:
    try:
        mark = json.loads(path.read_text())
        return {"part": int(mark["part"]), "parts": int(mark["parts"])}
    except (ValueError, KeyError, TypeError):
        raise GradeError(f"{path} is damaged: grade that part again") from None

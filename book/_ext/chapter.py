"""One chapter at a time: build its pages, proofread them, run its tests alone.

::

    make chapter N=1

The site is built as a whole, because its pages refer to each other. Only what changed is run and read again,
and tests that passed are run again only when what they test has changed: when a page's prose changed, all of
this takes seconds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .prose import ROOT, source
from .reading import count

STAMPS = ROOT / "_build" / ".chapters"
PYTEST = ["-q", "-n", "auto", "--dist", "loadfile", "--nbval"]


@dataclass(frozen=True)
class Tests:
    """Tests of a chapter, and a digest of all that they depend on."""

    name: str
    paths: list[Path]
    digest: str

    @property
    def passed(self) -> bool:
        """Whether they passed with the same digest before."""
        return self.stamp.exists() and self.stamp.read_text() == self.digest

    @property
    def stamp(self) -> Path:
        """The file that remembers the digest."""
        return STAMPS / self.name


def pages_of(number: str) -> list[Path]:
    """Return the notebooks of a chapter, the hour first.

    Raises
    ------
    ValueError
        There is no such chapter; the message names those there are.
    """
    pages = sorted((ROOT / "book").glob("[0-9][0-9]*_*.ipynb"))
    found = [page for page in pages if number.isdigit() and page.name.startswith(f"{int(number):02}")]
    if not found:
        there = ", ".join(sorted({str(int(page.name[:2])) for page in pages}))
        asked = f"there is no chapter {number!r}" if number else "say which chapter"
        raise ValueError(f"{asked}: run 'make chapter N=1' (chapters here: {there})")
    return found


def tests_of(pages: list[Path]) -> list[Tests]:
    """Return a chapter's tests: those of its notebooks' outputs, its exercises, and the figures."""
    library = [path for path in _python("course_lib") if "grading" not in path.parts]
    exercises = [ROOT / "exercises" / pages[0].name, ROOT / "exercises" / "source" / pages[0].name]
    exercise_code = [*_python("course_lib"), *_python("tests/exercises"), *exercises]
    figure_tests = ROOT / "tests" / "library" / "test_plots.py"
    outputs = [json.dumps(_code(page)).encode() for page in pages]
    tests = [
        Tests(f"{pages[0].stem}-outputs", pages, _digest([*_read(library), *outputs])),
        Tests("figures", [figure_tests], _digest(_read([*library, figure_tests]))),
    ]
    if all(path.exists() for path in exercises):
        digest = _digest(_read(exercise_code))
        tests.append(Tests(f"{pages[0].stem}-exercises", [ROOT / "tests" / "exercises"], digest))
    return tests


def _code(page: Path) -> list[tuple[str, list]]:
    """Return the code of a notebook with its outputs: what running it again could change."""
    cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
    return [(source(cell), cell["outputs"]) for cell in cells if cell["cell_type"] == "code"]


def _python(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def _read(paths: Iterable[Path]) -> list[bytes]:
    return [path.read_bytes() for path in paths]


def _digest(parts: Iterable[bytes]) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def run(step: str, *arguments: str | Path) -> bool:
    """Run a Python module of the course's tools and return whether all was well."""
    print(f"\n--- {step}", flush=True)
    return subprocess.run([sys.executable, "-m", *map(str, arguments)], cwd=ROOT).returncode == 0


def run_tests(pages: list[Path]) -> bool:
    """Run the tests of a chapter's contract, and those others whose subject changed since they passed."""
    names = " or ".join(page.stem for page in pages)
    contract = run("the contract of a chapter", "pytest", "-q", "tests/notebooks", "-k", names)
    stale = [tests for tests in tests_of(pages) if not tests.passed]
    if not stale:
        print("Outputs, figures and exercises: unchanged since they passed.")
        return contract
    paths = [path for tests in stale for path in tests.paths]
    passed = run("what changed", "pytest", *PYTEST, "-k", f"{names} or test_plots", *paths)
    if passed:
        STAMPS.mkdir(parents=True, exist_ok=True)
        for tests in stale:
            tests.stamp.write_text(tests.digest)
    return contract and passed


def main() -> int:
    """Build, proofread and test the chapter named on the command line; return the exit status."""
    parser = argparse.ArgumentParser("python -m book._ext.chapter", description="One chapter alone.")
    parser.add_argument("number", nargs="?", default="", help="the chapter's number, such as 1")
    try:
        pages = pages_of(parser.parse_args().number)
    except ValueError as problem:
        print(f"make: {problem}", file=sys.stderr)
        return 2
    exercise = ROOT / "exercises" / pages[0].name
    exercises = [path for path in (exercise, exercise.parent / "source" / exercise.name) if path.exists()]
    well = [
        run("the code's style", "ruff", "check", "-q", *pages, *exercises),
        run("the notebooks' form", "course_lib.grading.notebooks", "--check", *pages, *exercises),
        run("the pages", "book._ext.build"),
        run("prose against page", "book._ext.proofread", *pages, *exercises[:1]),
        run_tests(pages),
    ]
    for page in pages:
        whole = count(json.loads(page.read_text(encoding="utf-8")))
        print(f"{page.name}: {whole.words} words and {whole.minutes:.0f} minutes outside folds")
    return int(not all(well))


if __name__ == "__main__":
    sys.exit(main())

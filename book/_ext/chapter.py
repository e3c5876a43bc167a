"""One chapter at a time: build its pages, proofread them, run its tests alone.

::

    make chapter N=1

The site is built as a whole, because its pages refer to each other. Only what changed is run and read again,
so this takes seconds when only prose changed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from .prose import ROOT
from .reading import count

# Where a chapter's tests stand; those named after its pages or its exercises are run.
TESTS = ["tests/notebooks", "tests/exercises", "tests/library/test_plots.py"]
PYTEST = ["-q", "-n", "auto", "--dist", "loadfile", "--nbval"]


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


def run(step: str, *arguments: str | Path) -> bool:
    """Run a Python module of the course's tools and return whether all was well."""
    print(f"\n--- {step}", flush=True)
    return subprocess.run([sys.executable, "-m", *map(str, arguments)], cwd=ROOT).returncode == 0


def main() -> int:
    """Build, proofread and test the chapter named on the command line; return the exit status."""
    parser = argparse.ArgumentParser("python -m book._ext.chapter", description="One chapter alone.")
    parser.add_argument("number", nargs="?", default="", help="the chapter's number, such as 1")
    try:
        pages = [page.relative_to(ROOT) for page in pages_of(parser.parse_args().number)]
    except ValueError as problem:
        print(f"make: {problem}", file=sys.stderr)
        return 2
    exercises = [path / pages[0].name for path in (Path("exercises"), Path("exercises/source"))]
    exercises = [path for path in exercises if (ROOT / path).exists()]
    names = " or ".join(page.stem for page in pages)
    tests = [path for path in TESTS if (ROOT / path).exists()]
    well = [
        run("the notebooks' form", "course_lib.grading.notebooks", "--check", *pages, *exercises),
        run("the pages", "book._ext.build"),
        run("prose against page", "book._ext.proofread", *pages, *exercises[:1]),
        run("tests", "pytest", *PYTEST, "-k", names, *pages, *tests),
    ]
    for page in pages:
        whole = count(json.loads((ROOT / page).read_text(encoding="utf-8")))
        print(f"{page}: {whole.words} words and {whole.minutes:.0f} minutes outside folds")
    return int(not all(well))


if __name__ == "__main__":
    sys.exit(main())

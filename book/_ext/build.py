"""Build the site: `python -m book._ext.build`. Any warning fails the build."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from jupyter_book.cli.main import main as jupyter_book

ROOT = Path(__file__).resolve().parents[2]


def main(source: Path = ROOT) -> int:
    """Build the book at `source` into its `_build` folder and return the exit status."""
    status = _build(source)
    if status:
        # Sphinx would not repeat a warning about a page it holds as read, and the next build would pass.
        (source / "_build" / ".doctrees" / "environment.pickle").unlink(missing_ok=True)
        print("The site was not built: the cause stands above.", file=sys.stderr)
    else:
        print("Its figures and search are fully alive behind a server: 'make serve' starts one.")
    return status


def _build(source: Path) -> int:
    try:
        jupyter_book(["build", str(source), "-W", "-n", "--keep-going"], standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        return 1
    except RuntimeError:  # Sphinx has said what went wrong; Jupyter Book's own traceback would bury it.
        return 1
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT))

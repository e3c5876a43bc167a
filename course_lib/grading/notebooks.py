"""Write notebooks in one normal form, so that a diff shows what an author changed and nothing else.

::

    python -m course_lib.grading.notebooks book/ exercises/          # rewrite in place
    python -m course_lib.grading.notebooks --check book/ exercises/  # exit 1 if any file would change

The normal form: keys sorted, indent 1, ids made of ``[a-z0-9-]`` and unique, no machine's metadata, no
pictures, HTML, warnings or outputs that a tag calls volatile. Text outputs stay, because
``pytest --nbval`` compares them; a notebook that holds any has its code cells counted 1, 2, 3, …,
since nbval refuses an output whose cell was never counted.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["NotebookError", "dumps", "main", "normalise", "read"]

_KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
_NOTEBOOK_KEYS = {"course", "mystnb"}
_CELL_KEYS = {"course", "mystnb", "nbgrader", "tags", "jupyter"}
_TEXT_MIMES = {"text/plain", "text/latex", "text/markdown"}
_VOLATILE = re.compile(r"^\s*#\s*NBVAL_IGNORE_OUTPUT\s*$", re.MULTILINE)


class NotebookError(ValueError):
    """A file is not a notebook that can be normalised; the message is one line."""


def read(path: str | os.PathLike) -> dict[str, Any]:
    """Read a notebook of nbformat 4 as plain JSON.

    Raises
    ------
    NotebookError
        The file is not JSON, or not a notebook of format 4.
    OSError
        The file cannot be read.
    """
    try:
        notebook = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise NotebookError(f"{path}: not JSON ({error})") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(isinstance(c, dict) and "cell_type" in c for c in cells):
        raise NotebookError(f"{path}: JSON, but not a notebook of nbformat 4 (no list of cells)")
    return notebook


def normalise(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return the notebook in normal form; the argument stays as it is.

    Normalising twice gives the same as normalising once.
    """
    ids: set[str] = set()
    cells = [_cell(cell, ids, number) for number, cell in enumerate(notebook["cells"], 1)]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    if any(cell["outputs"] for cell in code):
        for count, cell in enumerate(code, 1):
            cell["execution_count"] = count
            for output in cell["outputs"]:
                if output["output_type"] == "execute_result":
                    output["execution_count"] = count
    metadata = {key: value for key, value in notebook.get("metadata", {}).items() if key in _NOTEBOOK_KEYS}
    metadata |= {"kernelspec": dict(_KERNELSPEC), "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def dumps(notebook: dict[str, Any]) -> str:
    """Write a notebook as the text that is committed."""
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Normalise the notebooks of the command line; return 0, or 1 if --check found a difference, or 2."""
    parser = argparse.ArgumentParser("python -m course_lib.grading.notebooks", description="Normal form.")
    parser.add_argument("paths", nargs="+", type=Path, help="notebooks, or folders that hold some")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file would change")
    options = parser.parse_args(argv)
    different = 0
    try:
        for path in _notebooks(options.paths):
            old = path.read_text(encoding="utf-8")
            new = dumps(normalise(read(path)))
            if new == old:
                continue
            different += 1
            if not options.check:
                write(path, new)
            print(f"{'not in normal form' if options.check else 'normalised'}: {path}")
    except (NotebookError, OSError, UnicodeDecodeError) as error:
        print(f"notebooks: {error}", file=sys.stderr)
        return 2
    if options.check and different:
        print("`make notebooks` brings them into normal form.")
    return int(options.check and different > 0)


def write(path: Path, text: str) -> None:
    """Replace a file in one step, so that a full disk or a crash leaves the old one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _notebooks(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the notebooks that the paths name; hidden and built folders are passed over."""
    for path in paths:
        if path.is_dir():
            for found in sorted(path.rglob("*.ipynb")):
                if not any(part.startswith((".", "_build")) for part in found.relative_to(path).parts):
                    yield found
        elif path.exists():
            yield path
        else:
            raise NotebookError(f"{path}: no such file or folder")


def _cell(cell: dict[str, Any], ids: set[str], number: int) -> dict[str, Any]:
    """Return one cell in normal form, with an id that is not in `ids` yet."""
    source = _text(cell.get("source", ""))
    clean = {
        "cell_type": cell["cell_type"],
        "id": _identity(cell.get("id"), ids, number),
        "metadata": _cell_metadata(cell.get("metadata", {})),
        "source": source.splitlines(keepends=True),
    }
    if cell.get("attachments"):
        clean["attachments"] = cell["attachments"]
    if cell["cell_type"] == "code":
        volatile = "nbval-ignore-output" in clean["metadata"].get("tags", []) or _VOLATILE.search(source)
        clean["outputs"] = [] if volatile else _outputs(cell.get("outputs", []), clean["metadata"])
        clean["execution_count"] = None
    return clean


def _identity(old: Any, ids: set[str], number: int) -> str:
    """Keep a good id; otherwise make one from what is there, or from the cell's place."""
    slug = re.sub(r"[^a-z0-9]+", "-", str(old or "").lower()).strip("-")[:60] or f"cell-{number}"
    unique, again = slug, 2
    while unique in ids:
        unique, again = f"{slug}-{again}", again + 1
    ids.add(unique)
    return unique


def _cell_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Keep what the course uses; a lock is kept only where it says no, an empty value never."""
    kept = {key: value for key, value in metadata.items() if key in _CELL_KEYS and value not in ([], {})}
    return kept | {key: False for key in ("deletable", "editable") if metadata.get(key) is False}


def _outputs(outputs: list[dict[str, Any]], metadata: dict[str, Any]) -> list[dict[str, Any]]:
    """Keep the outputs that are text and belong to the page; join neighbouring prints."""
    kept: list[dict[str, Any]] = []
    expected_error = "raises-exception" in metadata.get("tags", [])
    for output in outputs:
        kind = output.get("output_type")
        if kind == "stream" and output.get("name") == "stdout":
            if kept and kept[-1]["output_type"] == "stream":
                text = _text(kept[-1]["text"]) + _text(output["text"])
                kept[-1]["text"] = text.splitlines(keepends=True)
            else:
                kept.append({"name": "stdout", "output_type": "stream", "text": _lines(output["text"])})
        elif kind in ("display_data", "execute_result") and set(output["data"]) <= _TEXT_MIMES:
            data = {mime: _lines(value) for mime, value in output["data"].items()}
            kept.append({"data": data, "metadata": {}, "output_type": kind})
        elif kind == "error" and expected_error:
            name, value = output["ename"], output["evalue"]
            kept.append({"ename": name, "evalue": value, "output_type": kind, "traceback": []})
    return kept


def _text(value: str | list[str]) -> str:
    """Join the two ways in which nbformat writes text."""
    return value if isinstance(value, str) else "".join(value)


def _lines(value: str | list[str]) -> list[str]:
    """Split text as nbformat does, line ends kept."""
    return _text(value).splitlines(keepends=True)


if __name__ == "__main__":
    sys.exit(main())

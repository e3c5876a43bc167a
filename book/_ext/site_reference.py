"""The API reference, made from the modules that are there: a new module appears without an edit."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PAGE = "book/reference/api"
MARKER = "% modules of course_lib"


def sections(library: Path) -> str:
    """Return one section for each public module, in alphabetical order, the grader's last."""
    modules = sorted(path for path in library.glob("*.py") if not path.stem.startswith("_"))
    packages = [path for path in sorted(library.glob("*/__init__.py")) if ast.get_docstring(_tree(path))]
    return "\n".join(_section(path, library) for path in modules + packages)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _section(path: Path, library: Path) -> str:
    parts = path.relative_to(library.parent).with_suffix("").parts
    name = ".".join(part for part in parts if part != "__init__")
    return f"## `{name}`\n\n```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n```\n"


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace the marker on the reference page by the modules' sections."""
    if docname == PAGE:
        source[0] = source[0].replace(MARKER, sections(Path(app.srcdir) / "course_lib"))


def keep_bars(app: Sphinx, kind: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Escape the bars of |x| in docstrings, which are written to be read as plain text too."""
    in_example = False
    for i, line in enumerate(lines):
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        if not in_example:
            prose_and_code = line.split("``")
            prose_and_code[::2] = [prose.replace("|", r"\|") for prose in prose_and_code[::2]]
            lines[i] = "``".join(prose_and_code)


def skip_aliases(
    app: Sphinx, kind: str, name: str, thing: object, skip: bool, options: object
) -> bool | None:
    """Leave out what Python writes on the fields of a named tuple; the class describes them itself."""
    return True if (getattr(thing, "__doc__", None) or "").startswith("Alias for field number") else None


def setup(app: Sphinx) -> dict:
    """Fill the page as it is read."""
    app.connect("source-read", fill)
    app.connect("autodoc-process-docstring", keep_bars)
    app.connect("autodoc-skip-member", skip_aliases)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

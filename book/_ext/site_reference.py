"""The API reference, made from the library's own source: which names there are and what each one gives.

A page under `book/reference/api` names its modules in a comment, ``% modules: entropy divergence``, and gets
their documentation there; the page above them lists every public name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

CONTENTS = "% contents of course_lib"
MODULES = re.compile(r"^% modules: (.+)$", re.MULTILINE)


def modules_of(page: Path) -> list[str]:
    """Return the modules that a page of the reference documents."""
    found = MODULES.search(page.read_text(encoding="utf-8"))
    return found[1].split() if found else []


def document(modules: list[str]) -> str:
    """Return one section for each module."""
    blocks = [
        f"## `course_lib.{name}`\n\n```{{eval-rst}}\n.. automodule:: course_lib.{name}\n   :members:\n```\n"
        for name in modules
    ]
    return "\n".join(blocks)


def contents(library: Path, pages: list[Path]) -> str:
    """Return a list of every public name by page and module, with the first line of its docstring."""
    parts = []
    for page in pages:
        title = page.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# ")
        parts.append(f"## [{title}](api/{page.name})\n")
        for module in modules_of(page):
            names = [
                f"{{py:obj}}`{name} <course_lib.{module}.{name}>`\n: {line}\n"
                for name, line in public_names(source_of(library, module))
            ]
            parts += [f"**`course_lib.{module}`**\n", *names] if names else []
    return "\n".join(parts)


def source_of(library: Path, module: str) -> Path:
    """Return the file of a module such as `entropy`, `plots` or `plots.probability`."""
    path = library.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def public_names(module: Path) -> Iterator[tuple[str, str]]:
    """Yield each function and class that a module's `__all__` names, with its docstring's first line."""
    if not module.exists():
        return
    body = ast.parse(module.read_text(encoding="utf-8")).body
    documented = {node.name: ast.get_docstring(node) for node in body if hasattr(node, "name")}
    for node in body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "__all__":
            for name in ast.literal_eval(node.value):
                if documented.get(name):
                    yield name, documented[name].split("\n", 1)[0]


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace a page's marker by what it stands for."""
    if not docname.startswith("book/reference/api"):
        return
    source[0] = MODULES.sub(lambda match: document(match[1].split()), source[0])
    if CONTENTS in source[0]:
        library = Path(app.srcdir) / "course_lib"
        below = [name for name in app.config.external_site_map if name.startswith(f"{docname}/")]
        source[0] = source[0].replace(CONTENTS, contents(library, [Path(app.env.doc2path(n)) for n in below]))
        for module in library.rglob("*.py"):
            app.env.note_dependency(str(module))


_CODE_OR_MATH = re.compile(r"(``.*?``|:math:`.*?`)")
_INITIAL = re.compile(r"^(\s*)(?=[A-Z]\.(?:\s|$))")


def keep_bars(app: Sphinx, kind: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Escape what docstrings, which are written to be read as plain text too, hold of reST's own marks.

    These are the bars of |x|, and the initials of an author at the head of a line, which would begin a list.
    Examples and formulas stay as they are.
    """
    in_example, formula = False, None  # the column at which a formula's directive begins
    for i, line in enumerate(lines):
        column = len(line) - len(line.lstrip())
        if line.lstrip().startswith(".. math::"):
            formula = column
        elif formula is not None and line.strip() and column <= formula:
            formula = None
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        if not in_example and formula is None:
            parts = _CODE_OR_MATH.split(_INITIAL.sub(r"\1\\", line))
            parts[::2] = [prose.replace("|", r"\|") for prose in parts[::2]]
            lines[i] = "".join(parts)


def skip_aliases(
    app: Sphinx, kind: str, name: str, thing: object, skip: bool, options: object
) -> bool | None:
    """Leave out what Python writes on the fields of a named tuple; the class describes them itself."""
    return True if (getattr(thing, "__doc__", None) or "").startswith("Alias for field number") else None


def setup(app: Sphinx) -> dict:
    """Fill the pages as they are read."""
    app.connect("source-read", fill)
    app.connect("autodoc-process-docstring", keep_bars)
    app.connect("autodoc-skip-member", skip_aliases)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Prose against page and computation: what was lost, what may go stale, what may mean two things.

::

    python -m book._ext.proofread book/01_probability.ipynb

Three checks stop `make test`. A line of Markdown that begins with ``%`` is a comment and vanishes. A word of
the source that the built page does not show was lost on the way. A number in the prose that no assertion,
no shown code and no output of the same notebook holds may go stale unnoticed. A symbol that the prose
introduces twice is reported, because only an author can say whether it means two things.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from .prose import ROOT, pieces, source, tags

Notebook = dict[str, Any]

# Numbers that need no guard in any chapter: round ones that name a size, and the constants of a calendar.
FREE_NUMBERS = {100.0, 1000.0, 10_000.0, 100_000.0, 1_000_000.0, 365.0}
YEARS = range(1600, 2100)


def vanished_lines(notebook: Notebook) -> list[str]:
    """List the Markdown lines that the site takes for comments, each with its cell."""
    return [
        f"cell {number}: {line!r} begins with '%' and will not be on the page"
        for number, cell in _markdown(notebook)
        for piece in pieces(source(cell))
        if piece.kind == "comment"
        for line in piece.text.splitlines()
    ]


# --- words on the page ----------------------------------------------------------------------------------

_WORD = re.compile(r"[^\W_]+")
# What stands in the source and is no word of the page: formulas, the lines that open and label directives.
_NOT_SHOWN = [
    re.compile(r"^[ ]*(?P<fence>`{3,}|:{3,})\{math\}.*?^[ ]*(?P=fence)\s*$", re.MULTILINE | re.DOTALL),
    re.compile(r"\$\$.*?\$\$(?: *\([\w-]+\))?|\\begin\{(\w+\*?)\}.*?\\end\{\1\}", re.DOTALL),
    re.compile(r"(?<![\\$])\$[^$]+\$"),
    re.compile(r"^\s*\d+\.\s|^\s*:[\w-]+:.*$|^\([\w-]+\)=\s*$|^(?:\+\+\+|---).*$", re.MULTILINE),
    re.compile(r"^[ ]*(?:`{3,}|:{3,}|~{3,})(?:\{[\w:-]+\}|\w*)|</?[a-z]+[^<>]*>", re.MULTILINE),
    re.compile(r"\{(?!term|sub|sup|abbr)[\w:]+\}`[^`]*`"),
    re.compile(r"\{\w+\}(?=`)|(?<=\S) <[^>`]*>(?=`)|\]\([^)]*\)|<!--.*?-->|\{[.#][\w-]+\}", re.DOTALL),
]


def lost_words(notebook: Notebook, page: str) -> list[str]:
    """List the words of the Markdown cells that the built page does not show in the same order.

    Words are compared three at a time, so that a lost sentence is missed among the page's many words and a
    formula between two words does not matter.

    Parameters
    ----------
    notebook : dict
        The notebook as JSON.
    page : str
        The HTML that was built from it.
    """
    shown = _Words(page).words
    there = {tuple(shown[i : i + size]) for size in (1, 2, 3) for i in range(len(shown))}
    found = []
    for number, cell in _markdown(notebook):
        for part in _shown_parts(source(cell)):
            grams = [tuple(part[i : i + 3]) for i in range(max(1, len(part) - 2))]
            if missing := [" ".join(gram) for gram in grams if gram and gram not in there]:
                found.append(f"cell {number}: the page lacks {', '.join(map(repr, missing[:8]))}")
    return found


def _shown_parts(markdown: str) -> Iterator[list[str]]:
    """Yield runs of words that stand together on the page."""
    for pattern in _NOT_SHOWN:
        markdown = pattern.sub("\0", markdown)
    for part in re.split(r"\0|\n\s*\n|\|", markdown):
        if words := _WORD.findall(part):
            yield words


_NOT_TEXT = {"script", "style", "svg", "math"}
_WITHOUT_END = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


class _Words(HTMLParser):
    """The words that a page shows, formulas left out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._inside: list[bool] = [False]
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in _WITHOUT_END:
            classes = (dict(attributes).get("class") or "").split()
            self._inside.append(self._inside[-1] or tag in _NOT_TEXT or "katex" in classes)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _WITHOUT_END and len(self._inside) > 1:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside[-1]:
            self.words += _WORD.findall(data)


# --- numbers and what guards them -----------------------------------------------------------------------

_NUMBER = re.compile(r"(?<![\w.])\d+(?:(?:,|\\,|\{,\}|_)\d{3})*(?:\.\d+)?(?!\w|\.\d)")
_MINUTES = re.compile(r"\s*(?:to \d+ )?minutes\b")
_EXERCISE = re.compile(r"\b(?:[Ee]xercises?|[Cc]hapters?|[Ss]ections?|[Vv]ersion)\s+$")


def unguarded_numbers(notebook: Notebook) -> list[str]:
    """List the numbers of the prose that no code and no output of the notebook holds.

    Prose is the Markdown, the text of questions and the alternative text of figures. A number counts if it
    has a decimal point or three digits and more. What the notebook's author declares in its metadata, under
    ``course: numbers_without_guard``, is passed over.
    """
    known = set(_guards(notebook)) | FREE_NUMBERS
    known |= {float(number) for number in _course(notebook).get("numbers_without_guard", {})}
    found = []
    for where, text in _claims(notebook):
        for match in _NUMBER.finditer(text):
            value = _value(match[0])
            counts = "." in match[0] or value >= 100
            percent = re.match(r"\s*(?:\\?%|percent)", text[match.end() :])
            held = value in known or (percent and round(value / 100, 12) in known)
            named = _EXERCISE.search(text[: match.start()]) or _MINUTES.match(text[match.end() :])
            year = value in YEARS and match[0].isdigit() and len(match[0]) == 4
            if counts and not (held or named or year):
                context = " ".join(text[max(0, match.start() - 30) : match.end() + 20].split())
                found.append(f"{where}: {match[0]} in '… {context} …'")
    return found


def _value(number: str) -> float:
    return float(re.sub(r"[,\\{}_]", "", number))


def _claims(notebook: Notebook) -> Iterator[tuple[str, str]]:
    """Yield each text that a reader may take a number from, and where it stands."""
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "markdown":
            for piece in pieces(source(cell)):
                if piece.kind in ("text", "heading", "table"):
                    yield f"cell {number}", piece.text
        else:
            yield (
                f"cell {number}, alt text",
                cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", ""),
            )
            for text in _question_texts(source(cell)):
                yield f"cell {number}, question", text


def _guards(notebook: Notebook) -> Iterator[float]:
    """Yield each number in the code, cells that ask questions apart, and in the outputs."""
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code" or _question_texts(source(cell)):
            continue
        texts = [source(cell)]
        for output in cell.get("outputs", []):
            texts += ["".join(output.get("text", "")), "".join(output.get("data", {}).get("text/plain", ""))]
        for number in re.findall(r"\d+(?:[,_]\d{3})*(?:\.\d+)?|\.\d+", "\n".join(texts)):
            yield _value(number)


def _question_texts(code: str) -> list[str]:
    """Return the texts of the questions that a cell asks."""
    if "question(" not in code:
        return []
    return [
        part.value
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "question"
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


# --- symbols ---------------------------------------------------------------------------------------------

_BOUND = re.compile(
    r"\b(?:[Ll]et|[Ww]rite|[Cc]all|[Dd]enote)\s+(?:\w+\s+)?\$([a-zA-Z]|\\[a-z]+)(?:_\{?\w+\}?)?\$\s+(?:be|for|stand)"
    r"|\$([a-zA-Z]|\\[a-z]+)\$\s+(?:is|stands for|denotes|means|for)\s+the\b"
)


def symbols_introduced_twice(notebook: Notebook) -> list[str]:
    """List the symbols that the prose introduces more than once, with each introduction.

    Only "let x be", "write x for", "x is the" and their like are seen. Whether a second introduction repeats
    the first or gives the symbol another meaning is for the author to say.
    """
    seen: dict[str, list[str]] = {}
    for number, cell in _markdown(notebook):
        for piece in pieces(source(cell)):
            text = " ".join(piece.text.split())
            for match in _BOUND.finditer(text):
                phrase = text[match.start() : match.end() + 40]
                seen.setdefault(match[1] or match[2], []).append(f"cell {number} '{phrase} …'")
    return [f"{symbol}: {'; '.join(places)}" for symbol, places in seen.items() if len(places) > 1]


# --- the command ----------------------------------------------------------------------------------------


def _markdown(notebook: Notebook) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "markdown" and "remove-cell" not in tags(cell):
            yield number, cell


def _course(notebook: Notebook) -> dict[str, Any]:
    return notebook["metadata"].get("course", {})


def built_page(path: Path) -> Path:
    """Return where the page of a notebook lies once the site is built."""
    return ROOT / "_build" / "html" / path.resolve().relative_to(ROOT).with_suffix(".html")


def main() -> int:
    """Print what is wrong with the pages named on the command line; return 1 if anything is."""
    parser = argparse.ArgumentParser("python -m book._ext.proofread", description="Prose against page.")
    parser.add_argument("notebooks", nargs="+", type=Path, help="notebooks of the book or the exercises")
    faults = False
    for path in parser.parse_args().notebooks:
        notebook, page = json.loads(path.read_text(encoding="utf-8")), built_page(path)
        found = {"vanishes": vanished_lines(notebook)}
        if path.resolve().is_relative_to(ROOT / "book"):  # an exercise's numbers are examples for the reader
            found["without guard"] = unguarded_numbers(notebook)
        if page.exists():
            found["lost on the page"] = lost_words(notebook, page.read_text(encoding="utf-8"))
        else:
            print(f"{path}: not built yet, so its words were not compared with the page")
        faults |= any(found.values())
        found["introduced twice"] = symbols_introduced_twice(notebook)
        for kind, lines in found.items():
            for line in lines:
                print(f"{path}: {kind}: {line}")
    return int(faults)


if __name__ == "__main__":
    sys.exit(main())

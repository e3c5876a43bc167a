"""The Markdown of a notebook in the pieces a reader meets: running text, formulas, code, pictures.

It is parsed by the parser of the site itself (MyST with the extensions of `_config.yml`), so that what counts
as a formula, a fold or a comment here is what becomes one on the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

ROOT = Path(__file__).resolve().parents[2]

Kind = Literal["text", "heading", "table", "equation", "code", "figure", "comment"]

FOLDS = {"dropdown", "toggle"}
_DIRECTIVE = re.compile(r"^\{([\w:-]+)\}\s*(.*)$", re.DOTALL)
_OPTION = re.compile(r"^:([\w-]+):[ \t]*(.*)$")


@dataclass(frozen=True)
class Piece:
    """One block of a Markdown cell.

    Attributes
    ----------
    kind : str
        What the block is on the page; a comment is what the page leaves out.
    text : str
        The block's text. An inline formula stands in it as it was written, between dollar signs.
    folded : bool
        Whether it lies in a fold that the reader has to open.
    """

    kind: Kind
    text: str
    folded: bool = False


@cache
def parser() -> MarkdownIt:
    """Return the site's Markdown parser."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    extensions = set(config["parse"]["myst_enable_extensions"])
    return create_md_parser(MdParserConfig(enable_extensions=extensions), RendererHTML)


def source(cell: dict[str, Any]) -> str:
    """Return the text of a notebook's cell."""
    return "".join(cell["source"])


def tags(cell: dict[str, Any]) -> set[str]:
    """Return the tags of a notebook's cell."""
    return set(cell["metadata"].get("tags", []))


def pieces(markdown: str, folded: bool = False) -> Iterator[Piece]:
    """Yield the blocks of a Markdown text in order, those inside directives included.

    Examples
    --------
    >>> [piece.kind for piece in pieces("# A title" + chr(10) * 2 + "$$x = 1$$" + chr(10) * 2 + "% gone")]
    ['heading', 'equation', 'comment']
    """
    kind: Kind = "text"
    for token in parser().parse(markdown):
        if token.type == "heading_open":
            kind = "heading"
        elif token.type == "table_open":
            kind = "table"
        elif token.type in ("heading_close", "table_close"):
            kind = "text"
        elif token.type == "inline":
            yield from _inline(token, kind, folded)
        elif token.type in ("math_block", "math_block_label", "amsmath"):
            yield Piece("equation", token.content, folded)
        elif token.type == "myst_line_comment":
            yield Piece("comment", token.content, folded)
        elif token.type in ("fence", "colon_fence"):
            yield from _fence(token, folded)
        elif token.type == "code_block":
            yield Piece("code", token.content, folded)


def _inline(token: Token, kind: Kind, folded: bool) -> Iterator[Piece]:
    """Yield the words of one paragraph, heading or table cell, and the pictures in it."""
    words = []
    for child in token.children or []:
        if child.type == "image":
            yield Piece("figure", child.content, folded)
        elif child.type in ("math_inline", "math_inline_double", "math_single"):
            words.append(f"${child.content}$")
        elif child.type in ("softbreak", "hardbreak"):
            words.append(" ")
        elif child.type in ("text", "code_inline", "myst_role"):
            words.append(child.content)
    yield Piece(kind, "".join(words), folded)


def _fence(token: Token, folded: bool) -> Iterator[Piece]:
    """Yield a block of code, or what a directive holds."""
    directive = _DIRECTIVE.match(token.info.strip())
    if directive is None:
        yield Piece("code", token.content, folded)
        return
    name, argument = directive.groups()
    options, body = _options(token.content)
    if name == "math":
        yield Piece("equation", "\n".join(filter(None, [argument, body])), folded)
    elif name in ("figure", "image"):
        yield Piece("figure", options.get("alt", ""), folded)
        yield from pieces(body, folded)
    elif name in ("code", "code-block", "code-cell"):
        yield Piece("code", body, folded)
    else:
        folded = folded or name in FOLDS or bool(FOLDS & set(options.get("class", "").split()))
        yield from pieces(argument, folded)
        yield from pieces(body, folded)


def _options(content: str) -> tuple[dict[str, str], str]:
    """Split the content of a directive into its options and its body."""
    options, lines = {}, content.splitlines()
    while lines and (option := _OPTION.match(lines[0])):
        options[option[1]] = option[2]
        del lines[0]
    return options, "\n".join(lines)

"""Formulas set at build time by KaTeX, as HTML to look at and MathML to hear: no script on the page."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import site_fonts
import site_node
from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html import HTML5Translator

logger = logging.getLogger(__name__)

KATEX = site_node.PACKAGES / "katex" / "dist"
# KaTeX would count these environments itself; the numbers are Sphinx's, so that references agree.
_NUMBERED = re.compile(r"\\(begin|end)\{(equation|align|alignat|gather)\}")


class Typesetter:
    """A Node process that sets formulas, started by the first one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __call__(self, tex: str, *, display: bool) -> str:
        """Return the formula's HTML; raise `ValueError` with KaTeX's reason if it cannot be read."""
        if self._process is None:
            site_node.install_packages()
            self._process = subprocess.Popen(
                [site_node.program("node"), str(site_node.HERE / "katex.mjs")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
        self._process.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise ExtensionError("node stopped while KaTeX was setting a formula: see the lines above.")
        answer = json.loads(line)
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["html"]

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate()
            self._process = None


typeset = Typesetter()


def as_display(tex: str) -> str:
    """Return display mathematics in a form KaTeX sets without numbers of its own."""
    tex = _NUMBERED.sub(r"\\\1{\2*}", tex.strip())
    lines_without_alignment = r"\\" in tex and r"\begin{" not in tex
    return rf"\begin{{split}}{tex}\end{{split}}" if lines_without_alignment else tex


_BASE = '<span class="base">'
_END = "</span></span>"  # of the parts and of the formula
_BRACKET = re.compile(r'class="m(open|close)"')
LONGEST_UNBROKEN = 32  # characters: what fits a line of a narrow phone


def bind_brackets(html: str) -> str:
    """Keep what stands in brackets on one line, as far as a line can hold it.

    KaTeX lets a formula break after every sum and relation, those within brackets too. The parts between two
    places where it may break are joined here while a bracket is open.
    """
    head, *parts = html.removesuffix(_END).split(_BASE)
    joined, depth = [], 0
    for part in parts:
        if depth > 0:
            joined[-1].append(part)
        else:
            joined.append([part])
        depth += sum(1 if kind == "open" else -1 for kind in _BRACKET.findall(part))
    body = "".join(_whole([_BASE + part for part in parts]) for parts in joined)
    return head + body + _END if parts else html


def _whole(parts: list[str]) -> str:
    text = "".join(parts)
    fits = len(re.sub(r"<[^>]*>", "", text)) <= LONGEST_UNBROKEN
    return f'<span class="whole">{text}</span>' if len(parts) > 1 and fits else text


def _set(node: nodes.Element, tex: str, *, display: bool) -> str:
    try:
        html = typeset(tex, display=display)
        return html if display else bind_brackets(html)
    except ValueError as problem:
        logger.warning("%s in: %s", problem, tex, location=node, type="math")
        return f"<code>{nodes.unescape(tex)}</code>"


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write `$…$`."""
    self.body.append(self.starttag(node, "span", "", CLASS="math"))
    self.body.append(_set(node, node.astext(), display=False) + "</span>")
    raise nodes.SkipNode


def visit_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write `$$…$$` and the numbered environments, the number linked to itself."""
    self.body.append(self.starttag(node, "div", "", CLASS="math"))
    self.body.append(f'<div class="formula">{_set(node, as_display(node.astext()), display=True)}</div>')
    if node["number"]:
        number = get_node_equation_number(self, node)
        target = nodes.make_id(f"equation-{node['label']}")
        self.body.append(f'<a class="eqno" href="#{target}" title="Link to this equation">({number})</a>')
    self.body.append("</div>\n")
    raise nodes.SkipNode


def finish(app: Sphinx, exception: Exception | None) -> None:
    """End the process and put KaTeX's style sheet and fonts beside the pages."""
    typeset.close()
    if exception is None and app.builder.format == "html":
        site_fonts.write(Path(app.outdir), KATEX)


def setup(app: Sphinx) -> dict:
    """Register the renderer that `html_math_renderer: katex` names."""
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_block, None))
    app.connect("builder-inited", lambda app: site_node.install_packages())
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": False}

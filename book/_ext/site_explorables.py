"""Explorables: the directive for plain pages, and first frames for readers without scripts and for print."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import site_node
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_ELEMENT = re.compile(
    r'(?P<open><ex-(?P<name>[a-z][a-z0-9-]*)\b[^>]*><script type="application/json">(?P<data>.*?)</script>)'
    r"(?P<close></ex-(?P=name)>)",
    re.DOTALL,
)


class ExplorableDirective(SphinxDirective):
    """Put an explorable on a page: its name, `:alt:` and its data as JSON."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict] = {"alt": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return the element, as a notebook's output would hold it."""
        from course_lib.explorables import explorable

        try:
            data = json.loads("\n".join(self.content) or "{}")
            markup = explorable(self.arguments[0], alt=self.options.get("alt", ""), **data).html
        except ValueError as problem:
            raise self.error(str(problem)) from problem
        return [nodes.raw("", markup, format="html")]


def add_first_frames(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Draw each explorable's first frame into the page and name the ones it holds."""
    body = context.get("body") or ""
    found = list(_ELEMENT.finditer(body))
    context["explorables"] = sorted({match["name"] for match in found})
    if not found:
        return
    wanted = [{"name": match["name"], "data": json.loads(match["data"])} for match in found]
    render = Path(app.srcdir) / "book" / "_static" / "explorables" / "render.mjs"
    frames = iter(json.loads(site_node.run(render, json.dumps(wanted))))
    context["body"] = _ELEMENT.sub(lambda match: match["open"] + next(frames) + match["close"], body)


def setup(app: Sphinx) -> dict:
    """Register the directive and the drawing of first frames."""
    app.add_directive("explorable", ExplorableDirective)
    app.connect("html-page-context", add_first_frames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

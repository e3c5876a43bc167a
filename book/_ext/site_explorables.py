"""Explorables: the directive for plain pages, and first frames for readers without scripts and for print."""

from __future__ import annotations

import html
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

_NAME = re.compile(r"<ex-([a-z][a-z0-9-]*)")
_DRAWN = re.compile(
    r'(?P<open><ex-(?P<name>[a-z][a-z0-9-]*)\b[^>]*? data-alt="(?P<alt>[^"]*)"[^>]*>'
    r'<script type="application/json">(?P<data>.*?)</script>)(?P<close></ex-(?P=name)>)',
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


def add_scripts(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Let a page with explorables or questions load their scripts, from the disk as well."""
    names = set(_NAME.findall(context.get("body") or ""))
    context["explorables"] = bool(names)
    for name in names:
        _write_offline(app, name)


def add_first_frames(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Draw each explorable's first frame into the page."""
    body = context.get("body") or ""
    wanted = [
        {"name": found["name"], "data": json.loads(found["data"]), "alt": html.unescape(found["alt"])}
        for found in _DRAWN.finditer(body)
    ]
    if wanted:
        render = Path(app.srcdir) / "book" / "_static" / "explorables" / "kit" / "render.mjs"
        frames = iter(json.loads(site_node.run(render, json.dumps(wanted))))
        context["body"] = _DRAWN.sub(lambda found: found["open"] + next(frames) + found["close"], body)


def _write_offline(app: Sphinx, name: str) -> None:
    """Write the explorable as one plain script: browsers load no modules for a page opened from the disk."""
    from course_lib.explorables import bundle

    script = Path(app.outdir) / "_static" / "explorables" / "offline" / f"{name}.js"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(f'(() => {{\n"use strict";\n{bundle(name)}}})();\n', encoding="utf-8")


def setup(app: Sphinx) -> dict:
    """Register the directive and what a page with explorables needs."""
    app.add_directive("explorable", ExplorableDirective)
    app.connect("html-page-context", add_scripts)
    app.connect("html-page-context", add_first_frames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""The site's own page: light, self-contained, readable without scripts.

Jupyter Book's theme loads 1.2 MB of scripts, fonts and styles a page. The templates in `book/_templates`
write the same page with one style sheet and one small script; this extension gives them what they need and
leaves out the rest.
"""

from __future__ import annotations

import html
import re
import shutil
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.locale import admonitionlabels
from sphinx.transforms.post_transforms import SphinxPostTransform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.writers.html import HTML5Translator

# What the theme and the extensions copy and no page asks for.
UNUSED = [
    *["images", "locales", "scripts", "styles", "vendor"],
    *["basic.css", "pygments.css", "togglebutton.css", "togglebutton.js"],
    *["file.png", "minus.png", "plus.png", "sbt-webpack-macros.html", "webpack-macros.html"],
]
DESCRIPTION_LENGTH = 160


class fold(nodes.Element):
    """Content behind a summary, as `<details>`: opens without a script."""


class fold_summary(nodes.TextElement):
    """The line that opens a fold."""


class Fold(SphinxPostTransform):
    """Turn toggles and dropdowns, which need a script or an icon set elsewhere, into folds."""

    default_priority = 100
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Replace each of them."""
        for node in list(self.document.findall(_opens)):
            title = node[0] if len(node) and isinstance(node[0], nodes.title | nodes.rubric) else None
            label = admonitionlabels.get(node.tagname, "Show")
            summary = fold_summary("", "", *(title.children if title else [nodes.Text(label)]))
            folded = fold("", summary, *node.children[1 if title else 0 :])
            folded["open"] = "toggle-shown" in node["classes"] or bool(node.get("opened"))
            folded["ids"] = title["ids"] if title else []
            if node.tagname in admonitionlabels:
                folded["classes"] = [node.tagname]
            node.replace_self(folded)


def _opens(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Admonition):
        return "dropdown" in node["classes"]
    return isinstance(node, nodes.container) and (
        "toggle" in node["classes"] or node.get("design_component") == "dropdown"
    )


class Bind(SphinxPostTransform):
    """Keep together what no line may part: a number and its unit, a short formula and the mark after it."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Bind them."""
        for text in list(self.document.findall(_is_prose)):
            bound = _UNIT.sub("\\1\u00a0", text)
            if bound != text:
                text.parent.replace(text, nodes.Text(bound))
        for formula in list(self.document.findall(nodes.math)):
            if len(formula.astext()) <= SHORT_FORMULA:
                _bind_formula(formula)


_UNIT = re.compile(r"(?<![\w.])([−-]?\d[\d,.]*) (?=(?:[kmµ]?s|k?m|cm|kB|MB|bits?|nats?|minutes|°C)\b|%)")
_OPENING, _CLOSING = re.compile(r"[(\[“‘]+$"), re.compile(r"[,.;:!?)\]’”]+|-\w+")
SHORT_FORMULA = 24  # characters of TeX


def _is_prose(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Text) and not isinstance(
        node.parent, nodes.literal | nodes.FixedTextElement | nodes.math | nodes.raw
    )


def _bind_formula(formula: nodes.math) -> None:
    """Wrap a formula and the punctuation around it, so that they stay on one line."""
    parent, after = formula.parent, formula.next_node(descend=False, siblings=True)
    place = parent.index(formula)
    before = parent[place - 1] if place else None
    whole = nodes.inline("", "", classes=["whole"])
    parent.replace(formula, whole)
    if isinstance(before, nodes.Text) and (mark := _OPENING.search(before)):
        whole += nodes.Text(mark[0])
        parent.replace(before, nodes.Text(before[: mark.start()]))
    whole += formula
    if isinstance(after, nodes.Text) and (mark := _CLOSING.match(after)):
        whole += nodes.Text(mark[0])
        parent.replace(after, nodes.Text(after[mark.end() :]))


def visit_fold(self: HTML5Translator, node: fold) -> None:
    """Open `<details>`."""
    opened = {"open": "open"} if node["open"] else {}
    self.body.append(self.starttag(node, "details", CLASS="fold", **opened))


def depart_fold(self: HTML5Translator, node: fold) -> None:
    """Close it."""
    self.body.append("</details>\n")


def visit_summary(self: HTML5Translator, node: fold_summary) -> None:
    """Open the summary."""
    self.body.append("<summary>")


def depart_summary(self: HTML5Translator, node: fold_summary) -> None:
    """Close it."""
    self.body.append("</summary>\n")


def describe(doctree: nodes.document | None) -> str:
    """Return the page's first paragraph, cut at a word, for search engines and shared links."""
    if doctree is None:
        return ""
    paragraphs = doctree.findall(nodes.paragraph)
    text = " ".join(next((node.astext() for node in paragraphs), "").split())
    if len(text) <= DESCRIPTION_LENGTH:
        return text
    return text[:DESCRIPTION_LENGTH].rsplit(" ", 1)[0].rstrip(",;:") + " …"


_EMPTY_HEADER = re.compile(r'<th class="head[^"]*">(?:\s*<p></p>)?\s*</th>')


def mend(body: str) -> str:
    """Put right what the writers leave: wide tables scroll, empty headings are cells, no withdrawn roles.

    A fold is called what it shows, "Show the source", not "Toggle hidden content".
    """
    body = body.replace("<table", '<div class="table-scroll"><table').replace("</table>", "</table></div>")
    for withdrawn in (' role="doc-biblioentry"', ' aria-label="Toggle hidden content"'):
        body = body.replace(withdrawn, "")
    body = body.replace('<div role="list" class="citation-list">', "<div>")
    return _EMPTY_HEADER.sub("<td></td>", body)


_PICTURE = re.compile(r'<img (?=[^>]*src="[^"]*_images/([^"]+\.svg)")')
_SIZE = re.compile(r'<svg[^>]* width="([0-9.]+)pt" height="([0-9.]+)pt"')
PIXELS_PER_POINT = 96 / 72


def size_pictures(body: str, sources: Mapping[str, Path]) -> str:
    """State the size of each figure, so that no text jumps when it arrives.

    Parameters
    ----------
    body
        The page.
    sources
        Where each picture's file lies, by the name that the page calls it.
    """

    def sized(match: re.Match[str]) -> str:
        source = sources.get(match[1])
        size = _SIZE.search(source.read_text("utf-8")) if source else None
        if size is None:
            return match[0]
        width, height = (round(float(points) * PIXELS_PER_POINT) for points in size.groups())
        return f'<img width="{width}" height="{height}" '

    return _PICTURE.sub(sized, body)


def add_context(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None
) -> None:
    """Give the templates the description, what the page needs, and addresses that change with a file."""
    static = Path(app.srcdir) / "book" / "_static"
    body = context.get("body") or ""
    pathto = context["pathto"]

    def asset(name: str) -> str:
        source = static / name
        digest = f"?v={zlib.crc32(source.read_bytes()):08x}" if source.exists() else ""
        return pathto(f"_static/{name}", 1) + digest

    pictures = {name: Path(app.srcdir, file) for file, (_, name) in app.env.images.items()}
    context["body"] = size_pictures(mend(body), pictures)
    context["asset"] = asset
    context["description"] = describe(doctree)
    context["has_math"] = 'class="katex"' in body + context.get("toc", "")
    context["has_design"] = 'class="sd-' in body or " sd-" in body
    context["is_notebook"] = context.get("page_source_suffix") == ".ipynb"
    if "toctree" in context:
        context["site_map"] = lambda: site_map(context["toctree"])


def site_map(toctree: Callable[..., str]) -> str:
    """Return the course's contents; the captions are no headings, or they would break the page's outline."""
    links = toctree(titles_only=True, collapse=False, includehidden=True, maxdepth=2)
    for part in (' aria-level="2"', ' role="heading"'):
        links = links.replace(part, "")
    return links.replace('class="current reference internal"', 'class="current" aria-current="page"')


def note_sources(app: Sphinx, config: Config) -> None:
    """Read and write the pages again when what they are made of, beside their text, changes."""
    here = Path(__file__).parent
    tools = [*here.glob("*.py"), *here.glob("*.mjs"), here / "package-lock.json"]
    static = [path for path in (here.parent / "_static").rglob("*") if path.is_file()]
    digest = 0
    for path in sorted(tools + static):
        digest = zlib.crc32(path.read_bytes(), digest)
    config.site_sources = f"{digest:08x}"


FRONT_DOOR = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="_static/favicon.svg">
<meta http-equiv="refresh" content="0; url={landing}">
<a href="{landing}">{title}</a>
</html>
"""


def write_front_door(app: Sphinx, exception: Exception | None) -> None:
    """Lead from the site's address to its landing page; it names the icon that a browser would look for."""
    if exception is None and app.builder.format == "html" and app.config.root_doc != "index":
        page = FRONT_DOOR.format(
            title=html.escape(app.config.html_title), landing=f"{app.config.root_doc}.html"
        )
        Path(app.outdir, "index.html").write_text(page, encoding="utf-8")


def drop_unused(app: Sphinx, exception: Exception | None) -> None:
    """Remove what no page asks for: 6 MB of the stock theme, pictures and pages of earlier builds."""
    if exception is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    for path in [*(site / "_static" / name for name in UNUSED), *site.glob("_static/mystnb.*.css")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    pictures = {name for _, name in app.env.images.values()}
    pages = {f"{name}.html" for name in (*app.env.found_docs, "index", "search")}
    for path in site.glob("_images/*"):
        if path.name not in pictures:
            path.unlink()
    for path in site.rglob("*.html"):
        if path.relative_to(site).as_posix() not in pages:
            path.unlink()


def setup(app: Sphinx) -> dict:
    """Register all of it."""
    app.add_config_value("site_sources", "", "env")
    # Jupyter Book sets this for an extension that the site leaves out.
    app.add_config_value("comments_config", {}, "html")
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.add_node(fold_summary, html=(visit_summary, depart_summary))
    app.add_post_transform(Fold)
    app.add_post_transform(Bind)
    app.connect("config-inited", note_sources)
    app.connect("html-page-context", add_context, priority=900)
    app.connect("build-finished", write_front_door, priority=900)
    app.connect("build-finished", drop_unused, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

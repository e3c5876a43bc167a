"""KaTeX's fonts, cut down to the characters that the site's formulas use: a quarter of their weight."""

from __future__ import annotations

import logging
import re
from html.parser import HTMLParser
from pathlib import Path

# KaTeX's fonts are dated 1970, so that its releases can be reproduced; that needs no warning.
logging.getLogger("fontTools.ttLib.tables._h_e_a_d").setLevel(logging.ERROR)


class _Formulas(HTMLParser):
    """Collects the characters of the visible half of each formula."""

    def __init__(self) -> None:
        super().__init__()
        self.characters: set[str] = set()
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "span" and (self._depth or ("class", "katex-html") in attrs):
            self._depth += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "span" and self._depth:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.characters.update(data)


def characters(pages: list[Path]) -> str:
    """Return the characters that the pages' formulas show, sorted."""
    formulas = _Formulas()
    for page in pages:
        formulas.feed(page.read_text(encoding="utf-8"))
    return "".join(sorted(formulas.characters))


def write(site: Path, katex: Path) -> None:
    """Write KaTeX's style sheet and the fonts it names, unless no page is newer than they are."""
    target = site / "_static" / "katex"
    sheet = target / "katex.css"
    pages = [page for page in site.rglob("*.html") if "_static" not in page.parts]
    if sheet.exists() and all(page.stat().st_mtime <= sheet.stat().st_mtime for page in pages):
        return
    (target / "fonts").mkdir(parents=True, exist_ok=True)
    shown = characters(pages)
    for font in (katex / "fonts").glob("*.ttf"):
        _subset(font, shown, target / "fonts" / f"{font.stem}.woff")
    css = (katex / "katex-swap.min.css").read_text(encoding="utf-8")
    source = r"src:url\(fonts/([\w-]+)\.woff2\)[^}]*"
    sheet.write_text(re.sub(source, r'src:url(fonts/\1.woff) format("woff")', css), encoding="utf-8")


def _subset(font: Path, shown: str, target: Path) -> None:
    from fontTools import subset

    options = subset.Options(flavor="woff", hinting=False, layout_features=[], notdef_outline=True)
    with subset.load_font(str(font), options) as loaded:
        cut = subset.Subsetter(options)
        cut.populate(text=shown)
        cut.subset(loaded)
        subset.save_font(loaded, str(target), options)

"""The API reference: what a docstring says reaches the page, formulas and names of authors included."""

import inspect
import re
import sys

import pytest
from building import ROOT

import course_lib

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import site_reference


def on_the_way(*lines):
    lines = list(lines)
    site_reference.keep_bars(None, "function", "f", None, None, lines)
    return lines


def test_formulas_keep_their_bars():
    formula = [".. math::", "", r"   D(p \| q) = |x|", "", r"   + y \| z"]
    assert on_the_way(*formula, "", "and |x|") == [*formula, "", r"and \|x\|"]
    assert on_the_way(r"the length :math:`|x|` of |x|") == [r"the length :math:`|x|` of \|x\|"]


@pytest.mark.parametrize("line", ["T. M. Cover and J. A. Thomas", "    A. Rényi, 1961", "K."])
def test_initials_begin_no_list(line):
    (escaped,) = on_the_way(line)
    assert escaped == re.sub(r"^(\s*)", r"\1\\", line)


def test_other_lines_stay_as_they_are():
    lines = ["A sentence.", "", ">>> f(a|b)", "T. M. |x|", "", "   K outcomes"]
    assert on_the_way(*lines) == lines


def test_formulas_of_docstrings_reach_the_page(site):
    """The TeX of each formula stands on a page as it stands in its docstring."""
    pages = "".join(path.read_text(encoding="utf-8") for path in (site / "book/reference/api").glob("*.html"))
    shown = {squeeze(tex) for tex in re.findall(r'application/x-tex">(.*?)</annotation>', pages, re.DOTALL)}
    for name in dir(course_lib):
        doc = inspect.getdoc(getattr(course_lib, name)) or ""
        for tex in re.findall(r"\.\. math::\n\n((?: +.*\n)+)", doc):
            assert any(squeeze(tex) in there for there in shown), (name, tex)


def test_authors_keep_their_initials(site):
    for path in (site / "book/reference/api").glob("*.html"):
        assert '<ol class="upperalpha' not in path.read_text(encoding="utf-8"), path.name
        assert '<ol class="upperroman' not in path.read_text(encoding="utf-8"), path.name


def squeeze(tex):
    for sign, entity in (("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&#x27;", "'")):
        tex = tex.replace(sign, entity)
    return re.sub(r"\s", "", tex)

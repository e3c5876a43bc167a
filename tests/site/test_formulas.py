"""Formulas on the page: no line breaks inside brackets."""

import re
import sys
from xml.etree import ElementTree

import pytest
from building import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import site_math


@pytest.fixture(scope="module")
def typeset():
    yield lambda tex: site_math.typeset(tex, display=False)
    site_math.typeset.close()


@pytest.mark.parametrize(
    ("tex", "kept_together"),
    [
        (r"\operatorname{Var}[aX + b] = a^2", ["Var[aX+b]="]),
        (r"D_{\mathrm{KL}}(p \parallel q)", ["DKL(p∥q)"]),
        (r"p (1 - p) = x + (1 - q)", ["p(1−p)=", "(1−q)"]),
        (r"x + y = z", []),
        ("x", []),
    ],
)
def test_what_stands_in_brackets_stays_on_one_line(typeset, tex, kept_together):
    parts = ElementTree.fromstring(site_math.bind_brackets(typeset(tex))).iterfind(".//span[@class='whole']")
    assert ["".join(part.itertext()).replace("\u200b", "") for part in parts] == kept_together


def test_binding_changes_nothing_else_and_stops_where_no_line_would_hold_it(typeset):
    short, long = typeset("(a + b)"), typeset("(" + " + ".join("abcdefghijklmnopqrstu") + ")")
    bound = site_math.bind_brackets(short)
    assert bound != short
    assert re.sub(r'<span class="whole">(.*)</span>(?=</span></span>$)', r"\1", bound) == short
    assert site_math.bind_brackets(long) == long

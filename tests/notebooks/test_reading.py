"""The counted minutes: each rule on a page made for it, and the pieces of Markdown they rest on."""

import math

import pytest

from book._ext.prose import pieces
from book._ext.reading import Reading, count, sections, stated_minutes


def markdown(text):
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def code(text, *tags, **metadata):
    return {"cell_type": "code", "metadata": {"tags": list(tags), **metadata}, "source": text, "outputs": []}


def page(*cells):
    return {"cells": list(cells)}


FIGURE = {"mystnb": {"image": {"alt": "A picture with two bars."}}}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (markdown("## Five words of a heading\n\nand three more – here."), Reading(words=9)),
        (markdown("A formula $p(x) = 1$ counts as it is written."), Reading(words=9)),
        (markdown("| a | b |\n|---|---|\n| one two | `three` |"), Reading(words=5)),
        (markdown("$$x = 1$$"), Reading(equations=1)),
        (markdown("```{math}\n:label: eq-x\nx = 1\n```"), Reading(equations=1)),
        (markdown("\\begin{align}\nx &= 1\n\\end{align}"), Reading(equations=1)),
        (markdown("```{admonition} In practice\n:class: tip\nThree words more.\n```"), Reading(words=5)),
        (markdown("````{dropdown} Why so?\nIt is.\n```{math}\nx\n```\n````"), Reading(folded_words=4)),
        (markdown("```{admonition} Why\n:class: note dropdown\nIt is.\n```"), Reading(folded_words=3)),
        (markdown("```python\na = 1\n\nb = 2\n```"), Reading(cells=1, lines=2)),
        (markdown("![two bars](x.svg)"), Reading(figures=1)),
        (markdown("{term}`KL divergence` and {cite:p}`shannon1948`"), Reading(words=4)),
        (code("a = 1\n\n# why\nb = 2"), Reading(cells=1, lines=3)),
        (code("a = 1", "hide-input"), Reading()),
        (code("plots.bars(p)", **FIGURE), Reading(cells=1, lines=1, figures=1)),
        (code("plots.bars(p)", "remove-output", **FIGURE), Reading(cells=1, lines=1)),
        (code('question("Is it so?", {})', "remove-input"), Reading(questions=1)),
        (code('explorable("coin-kl", p=0.5)'), Reading(cells=1, lines=1, explorables=1)),
    ],
)
def test_each_kind_of_cell_is_counted(cell, expected):
    assert count(page(cell)) == expected


def test_minutes_follow_the_rule_of_the_course():
    assert Reading(words=110).minutes == pytest.approx(1)
    assert Reading(lines=6).minutes == pytest.approx(1)
    assert Reading(equations=2, figures=1, questions=1, explorables=2).minutes == pytest.approx(10)
    assert Reading(folded_words=220).minutes == 0
    assert Reading(folded_words=220).folded_minutes == pytest.approx(2)


def test_sections_add_up_to_the_page():
    cells = [markdown("# Title\n\nOpening words"), markdown("## One\n\nword"), code("a"), markdown("## Two")]
    parts = sections(page(*cells))
    assert list(parts) == ["Opening", "One", "Two"]
    assert parts["One"] == Reading(words=2, cells=1, lines=1)
    assert sum(parts.values(), Reading()) == count(page(*cells))
    assert math.isclose(sum(part.minutes for part in parts.values()), count(page(*cells)).minutes)


def test_the_minutes_that_a_page_states_are_found():
    assert stated_minutes(page(markdown("**Time:** 72 minutes to read and run, and more"))) == 72
    assert stated_minutes(page(markdown("72 minutes"))) is None


def test_a_line_that_begins_with_a_percent_sign_is_a_comment():
    found = list(pieces("on about 70\n% of them it rained"))
    assert [piece.kind for piece in found] == ["text", "comment"]

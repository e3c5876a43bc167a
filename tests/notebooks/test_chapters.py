"""The contract of a chapter, checked on every page: what a reader is owed in the hour and in depth."""

import json
import re
from pathlib import Path

import pytest

from book._ext.proofread import symbols_introduced_twice, unguarded_numbers, vanished_lines
from book._ext.prose import pieces, source, tags
from book._ext.reading import HIDDEN, count, stated_minutes

BOOK = Path(__file__).parents[2] / "book"
HOURS = sorted(BOOK.glob("[0-9][0-9]_*.ipynb"))
DEPTHS = sorted(BOOK.glob("[0-9][0-9][a-z]_*.ipynb"))

MOST_WORDS = {"hour": 3000, "depth": 4500}
LONGEST_HOUR = 75  # minutes
LONGEST_VISIBLE_CELL = 8
WIDEST_VISIBLE_LINE = 83  # what a cell on the site holds without scrolling, in a window 1280 pixels wide
FILLERS = [r"\bsimply\b", r"\bobviously\b", r"\bof course\b", r"\btrivially\b", r"\b[Ww]hoever\b"]


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def cells(page, kind):
    return [cell for cell in page["cells"] if cell["cell_type"] == kind]


def prose(page):
    return "\n\n".join(source(cell) for cell in cells(page, "markdown"))


def opening(page):
    """The Markdown before the first section."""
    return re.split(r"^(?:\([\w-]+\)=\n)?## ", prose(page), maxsplit=1, flags=re.MULTILINE)[0]


def section(page, title):
    """The Markdown of the section with this title."""
    parts = re.split(r"^## ", prose(page), flags=re.MULTILINE)
    found = [part for part in parts if part.lower().startswith(title)]
    assert found, f"no section {title!r}"
    return found[0]


def path_id(path):
    return path.stem


@pytest.fixture(params=HOURS + DEPTHS, ids=path_id)
def page(request):
    return read(request.param)


@pytest.fixture(params=HOURS, ids=path_id)
def hour(request):
    return read(request.param)


@pytest.fixture(params=DEPTHS, ids=path_id)
def depth(request):
    return read(request.param)


def test_each_depth_belongs_to_an_hour():
    assert HOURS
    assert {path.name[:2] for path in DEPTHS} <= {path.name[:2] for path in HOURS}


# --- both pages -----------------------------------------------------------------------------------------


def test_the_minutes_stated_are_the_minutes_counted(page):
    counted = count(page).minutes
    stated = stated_minutes(page)
    assert stated is not None, f"the page owes: **Time:** {counted:.0f} minutes to read and run"
    assert abs(stated - counted) <= 1, f"stated {stated}, counted {counted:.1f}"


def test_visible_code_is_short(page):
    for cell in cells(page, "code"):
        if not tags(cell) & HIDDEN:
            lines = [line for line in source(cell).splitlines() if line.strip() and not line.startswith("#")]
            assert len(lines) <= LONGEST_VISIBLE_CELL, f"cell {cell['id']} has {len(lines)} lines"


def test_visible_lines_fit_their_box(page):
    for cell in cells(page, "code"):
        if tags(cell) & HIDDEN:
            continue
        printed = "".join("".join(output.get("text", "")) for output in cell["outputs"])
        for line in [*source(cell).splitlines(), *printed.splitlines()]:
            assert len(line) <= WIDEST_VISIBLE_LINE, f"cell {cell['id']}, {len(line)} characters: {line}"


def test_cells_that_the_site_leaves_out_are_folded_in_jupyterlab(page):
    for cell in cells(page, "code"):
        if tags(cell) & {"remove-cell", "remove-input"}:
            folded = cell["metadata"].get("jupyter", {}).get("source_hidden")
            assert folded, f"cell {cell['id']}: set the metadata jupyter.source_hidden to true"


def test_every_figure_has_alternative_text(page):
    call = re.compile(r"\b(?:plots|figures)\.(?!use_|palette)\w+\(")
    figures = [cell for cell in cells(page, "code") if call.search(source(cell))]
    assert figures
    for cell in figures:
        if "remove-output" in tags(cell):
            continue
        alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
        assert len(alt) >= 20, f"the figure of cell {cell['id']} has no alt text"


def test_stays_offline(page):
    for cell in cells(page, "code"):
        assert not re.search(
            r"^\s*[!%]|urllib|import requests|urlretrieve|fetch_\w+\(|pip install", source(cell), re.M
        )


def test_numbers_are_guarded(page):
    assert sum("assert" in source(cell) for cell in cells(page, "code")) >= 3
    assert unguarded_numbers(page) == []


def test_no_line_vanishes(page):
    assert vanished_lines(page) == []


def test_a_symbol_means_one_thing_or_is_listed_as_serving_twice(page):
    notation = (BOOK / "reference" / "notation.md").read_text(encoding="utf-8")
    twice = notation.split("(sec-twice)=")[1]
    for line in symbols_introduced_twice(page):
        symbol = line.split(":")[0]
        assert re.search(rf"^\| \${re.escape(symbol)}\$ \|", twice, re.MULTILINE), line


def test_prose_keeps_its_discipline(page):
    shown = " ".join(piece.text for cell in cells(page, "markdown") for piece in pieces(source(cell)))
    for filler in FILLERS:
        found = re.search(rf".{{0,40}}{filler}.{{0,20}}", shown)
        assert found is None, found and found[0]


# --- the hour -------------------------------------------------------------------------------------------


def test_the_hour_opens_with_objectives_prerequisites_and_minutes(hour):
    text = opening(hour)
    objectives = re.search(r"\{admonition\} Objectives(.*?)```", text, re.DOTALL)[1]
    verbs = re.findall(r"^- .*?\*\*(\w+)\*\*", objectives, re.MULTILINE)
    assert 3 <= len(verbs) <= 5
    assert "**Prerequisites:**" in text
    assert re.search(r"minutes\s+for\s+the\s+\[exercises", text)


def test_the_hour_keeps_its_promise(hour):
    counted = count(hour)
    assert counted.words <= MOST_WORDS["hour"]
    assert counted.minutes <= LONGEST_HOUR


def test_the_hour_can_be_moved_and_asks(hour):
    counted = count(hour)
    assert counted.explorables >= 2
    assert counted.questions >= 3


def test_the_hour_ends_with_recap_exercises_and_further_reading(hour):
    recap = section(hour, "recap")
    table = [line for line in recap.splitlines() if line.startswith("|")]
    assert len(table) >= 5
    assert {"formula", "unit"} <= set(re.findall(r"\w+", table[0].lower()))
    assert "**Further reading.**" in prose(hour)
    assert prose(hour).count("{cite:") >= 3


def test_the_hour_leads_to_its_depth_and_its_exercises():
    for path in HOURS:
        text = prose(read(path))
        assert f"../exercises/{path.name}" in text
        for depth in DEPTHS:
            if depth.name[:2] == path.name[:2]:
                assert depth.name in text


# --- in depth -------------------------------------------------------------------------------------------


def test_depth_opens_with_what_it_adds_and_assumes(depth):
    text = opening(depth).lower()
    assert re.search(r"\badds?\b", text)
    assert re.search(r"\bassumes?\b", text)


def test_depth_leads_back_to_its_hour():
    for path in DEPTHS:
        (hour,) = (hour for hour in HOURS if hour.name[:2] == path.name[:2])
        assert hour.name in opening(read(path))


def test_depth_is_no_book(depth):
    assert count(depth).words <= MOST_WORDS["depth"]

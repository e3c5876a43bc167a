"""The contract of a chapter, checked on every chapter: what a reader is owed on each page."""

import json
import re
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "book"
CHAPTERS = sorted(BOOK.glob("[0-9][0-9]_*.ipynb"))
LONGEST_VISIBLE_CELL = 8
WIDEST_VISIBLE_LINE = 83  # what a cell on the site holds without scrolling, in a window 1280 pixels wide
HIDDEN = {"hide-cell", "hide-input", "remove-cell", "remove-input"}


def cells(path, kind):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


def tags(cell):
    return set(cell["metadata"].get("tags", []))


def prose(path):
    return "\n\n".join(source(cell) for cell in cells(path, "markdown"))


def test_there_is_a_chapter():
    assert CHAPTERS


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def chapter(request):
    return request.param


def test_opens_with_its_objectives_minutes_and_exercises(chapter):
    text = prose(chapter).lower()
    for owed in ("objectives", "prerequisites", "minutes", "recap", "further reading"):
        assert owed in text, f"{chapter.stem} has no {owed!r}"
    assert f"exercises/{chapter.stem}" in text


def test_visible_code_is_short(chapter):
    for cell in cells(chapter, "code"):
        if not tags(cell) & HIDDEN:
            lines = [line for line in source(cell).splitlines() if line.strip() and not line.startswith("#")]
            assert len(lines) <= LONGEST_VISIBLE_CELL, f"cell {cell['id']} has {len(lines)} lines"


def test_visible_lines_fit_their_box(chapter):
    for cell in cells(chapter, "code"):
        if tags(cell) & HIDDEN:
            continue
        printed = "".join("".join(output.get("text", "")) for output in cell["outputs"])
        for line in [*source(cell).splitlines(), *printed.splitlines()]:
            assert len(line) <= WIDEST_VISIBLE_LINE, f"cell {cell['id']}, {len(line)} characters: {line}"


def test_cells_that_the_site_leaves_out_are_folded_in_jupyterlab(chapter):
    for cell in cells(chapter, "code"):
        if tags(cell) & {"remove-cell", "remove-input"}:
            folded = cell["metadata"].get("jupyter", {}).get("source_hidden")
            assert folded, f"cell {cell['id']}: set the metadata jupyter.source_hidden to true"


def test_every_figure_has_alternative_text(chapter):
    figures = [
        cell for cell in cells(chapter, "code") if re.search(r"\bplots\.(?!use_|palette)\w+\(", source(cell))
    ]
    assert figures
    for cell in figures:
        if "remove-output" in tags(cell):
            continue
        alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
        assert len(alt) >= 20, f"the figure of cell {cell['id']} has no alt text"


def test_has_an_explorable_and_questions_with_feedback(chapter):
    code = "\n".join(source(cell) for cell in cells(chapter, "code"))
    assert re.search(r"^explorable\(", code, re.MULTILINE)
    assert code.count("question(") >= 3


def test_stays_offline(chapter):
    for cell in cells(chapter, "code"):
        assert not re.search(
            r"^\s*[!%]|urllib|import requests|urlretrieve|fetch_\w+\(|pip install", source(cell), re.M
        )


def test_numbers_are_guarded(chapter):
    assert sum("assert" in source(cell) for cell in cells(chapter, "code")) >= 3


def test_prose_keeps_its_discipline(chapter):
    for word in (r"\bsimply\b", r"\bobviously\b", r"\bof course\b", r"\bjust\s+(?:a|the)\b.*\btrivial"):
        found = re.search(word, prose(chapter), re.IGNORECASE)
        assert found is None, f"{chapter.stem}: {found and found[0]!r}"

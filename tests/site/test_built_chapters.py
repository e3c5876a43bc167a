"""The chapters as they were built: every word of the notebook is on the page, and the recap fits it."""

import json

import pytest
from building import ROOT

from book._ext.proofread import lost_words

NOTEBOOKS = sorted([*(ROOT / "book").glob("[0-9]*.ipynb"), *(ROOT / "exercises").glob("[0-9]*.ipynb")])
HOURS = sorted((ROOT / "book").glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_word_is_lost_on_the_way_to_the_page(site, path):
    page = site / path.relative_to(ROOT).with_suffix(".html")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert lost_words(notebook, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", HOURS, ids=lambda path: path.stem)
def test_the_recap_fits_its_column(visit, path):
    page = visit(path.relative_to(ROOT).with_suffix(".html").as_posix())
    hidden = page.locator("#recap .table-scroll").evaluate_all(
        "tables => tables.map(table => table.scrollWidth - table.clientWidth)"
    )
    assert hidden
    assert max(hidden) <= 0

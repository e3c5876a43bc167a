"""Checks are called by what they look at, not by their identifiers."""

import json
from pathlib import Path

import pytest
import tiny_course as tiny

from course_lib.grading.model import parse_notebook, read_notebook
from course_lib.grading.titles import check_titles

SOURCES = sorted((Path(__file__).resolve().parents[2] / "exercises" / "source").glob("*.ipynb"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_check_of_the_course_has_a_title_of_its_own(path):
    reference = read_notebook(path)
    titles = check_titles(reference)
    assert list(titles) == [check.grade_id for check in reference.checks]
    assert len(set(titles.values())) == len(titles)
    assert all(title and "\n" not in title and not title.startswith("Check") for title in titles.values())


def test_a_notebook_names_no_file_but_the_courses_own():
    text = (
        "from course_lib.grading.checks import nothing as check\nfrom os import path\nimport no_such_module"
    )
    data = tiny.notebook(
        tiny.code(text),
        tiny.code("check.join()", tiny.check("a", "1.1", 1)),
        tiny.code("(", tiny.check("b", "1.1", 1)),
    )
    notebook = parse_notebook(json.dumps(data).encode(), "tiny", "tiny")
    assert check_titles(notebook) == {"a": "", "b": ""}

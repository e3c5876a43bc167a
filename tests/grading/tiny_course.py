"""A course of two exercises and ten points: small enough to grade a hundred times in a test."""

import json

SQUARE = "def square(x):\n    return x * x\n"
TOTAL = "total = sum(range(101))\n"
ANSWERS = {"square": SQUARE, "total": TOTAL}

_SET_UP = """\
import numpy as np

from course_lib.grading.checks.kit import CheckFailed, checker
check = checker({})
LIMIT = 100
"""
_VALUES = """\
@check("1.1")
def values(random, square):
    "Check squares of random numbers."
    for x in random.uniform(2, 9, size=3):
        square(float(x)).near(float(x) ** 2, "a square is a number times itself")
check.values(square)
"""
_ARRAYS = """\
@check("1.1")
def arrays(random, square):
    "Check squares of arrays."
    x = random.uniform(2, 9, size=(2, 3))
    square(x).near(x**2, "each entry is squared")
### BEGIN HIDDEN TESTS
    square(3).near(9, "whole numbers stay whole")
### END HIDDEN TESTS
check.arrays(square)
"""
_SUM = """\
if type(total) is not int or total != 5050:
    raise CheckFailed("the numbers from 0 to 100 do not sum to that")
print("✓ 1.2 the sum")
"""


def source(answers=None):
    """The course's own notebook, with solutions in their regions, or with these answers in their place."""
    solved = {
        "square": "def square(x):\n    ### BEGIN SOLUTION\n    return x * x\n    ### END SOLUTION",
        "total": "### BEGIN SOLUTION\ntotal = sum(range(LIMIT + 1))\n### END SOLUTION",
    }
    answers = {**solved, **(answers or {})}
    return notebook(
        code(_SET_UP, locked("set-up")),
        statement("1.1", "Squares"),
        code(answers["square"], answer("square", "1.1", ["square"])),
        code(_VALUES, check("square-values", "1.1", 3)),
        code(_ARRAYS, check("square-arrays", "1.1", 3, title="squares of arrays")),
        statement("1.2", "A sum"),
        code(answers["total"], answer("total", "1.2", ["total"])),
        code(_SUM, check("total-value", "1.2", 4)),
    )


def submission(**answers):
    """What a learner hands in: honest answers, but for those given here."""
    data = source({**ANSWERS, **answers})
    for cell in data["cells"]:
        if "HIDDEN" in cell["source"]:
            lines = cell["source"].split("\n")
            first, last = (i for i, line in enumerate(lines) if "HIDDEN TESTS" in line)
            cell["source"] = "\n".join(lines[:first] + lines[last + 1 :])
    return data


def notebook(*cells):
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"cells": list(cells), "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}


def code(text, metadata=None):
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": metadata or {},
        "outputs": [],
        "source": text,
    }


def statement(exercise, title):
    course = {
        "exercise": exercise,
        "title": title,
        "hints": [f"{title}: hint {level}" for level in (1, 2, 3)],
    }
    metadata = {"course": course, **locked(f"statement-{exercise}")}
    return {"cell_type": "markdown", "metadata": metadata, "source": f"## {exercise} {title}"}


def locked(grade_id):
    return {"nbgrader": _nbgrader(grade_id, locked=True)}


def answer(grade_id, exercise, names):
    return {
        "course": {"exercise": exercise, "names": names, "timeout": 2},
        "nbgrader": _nbgrader(grade_id, solution=True),
    }


def check(grade_id, exercise, points, **course):
    graded = _nbgrader(grade_id, grade=True, locked=True, points=points)
    return {"course": {"exercise": exercise, "timeout": 2, **course}, "nbgrader": graded}


def _nbgrader(grade_id, **flags):
    plain = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    return {**plain, **flags, "grade_id": grade_id}


def write(path, data):
    """Write a notebook, or bytes or text as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(data, bytes):
        path.write_bytes(data)
    else:
        path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def write_course(folder):
    """Write the course and return the folder of its sources."""
    write(folder / "exercises" / "source" / "tiny.ipynb", source())
    write(folder / "exercises" / "tiny.ipynb", submission(square=STUB_SQUARE, total=STUB))
    return folder / "exercises" / "source"


STUB = "# Your code goes here, in place of the next line.\nraise NotImplementedError"
STUB_SQUARE = "def square(x):\n    " + STUB.replace("\n", "\n    ")

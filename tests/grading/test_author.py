"""From source to learner's notebook, and the normal form of both."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from course_lib.grading import author
from course_lib.grading.learn import released
from course_lib.grading.model import read_notebook
from course_lib.grading.notebooks import NotebookError, dumps, main, normalise, read

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install 'course-lib[author]'")

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "exercises" / "source").glob("*.ipynb"))
BY_NAME = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)


@pytest.fixture
def notebook() -> dict:
    return copy.deepcopy(read(SOURCES[0]))


def cell(notebook: dict, grade_id: str) -> dict:
    return next(c for c in notebook["cells"] if c["metadata"]["nbgrader"]["grade_id"] == grade_id)


# --- generating -------------------------------------------------------------------------------------------


@BY_NAME
def test_generated_is_what_is_committed(source):
    assert author.learner_path(source).read_text(encoding="utf-8") == dumps(author.generate(read(source)))


@BY_NAME
def test_sources_are_sound(source):
    assert author.problems(read(source)) == []


@BY_NAME
def test_author_check_proves_it(source, capsys):
    assert author.author_check([source]) == 0
    out = capsys.readouterr().out
    assert out.count("✓") >= 5
    assert "printed examples by heart: " in out
    assert "✗" not in out


def test_generating_leaves_the_source_alone(notebook):
    before = copy.deepcopy(notebook)
    author.generate(notebook)
    assert notebook == before


def test_learner_sees_stub_docstring_and_locks(notebook):
    learner = author.generate(notebook)
    answer = cell(learner, "hire")
    assert "".join(answer["source"]).endswith("    raise NotImplementedError")
    assert '"""Return whom to hire' in "".join(answer["source"])
    assert "editable" not in answer["metadata"]
    assert answer["metadata"]["deletable"] is False
    for grade_id in ("hire-lead", "exercise-1-1", "set-up"):
        assert cell(learner, grade_id)["metadata"]["editable"] is False


def test_an_answer_may_bring_a_stub_that_runs_and_is_wrong(notebook):
    """A find-the-bug exercise: the same stub whether the notebook is generated or put back."""
    learner = author.generate(notebook)
    source = "".join(cell(learner, "draw-tokens")["source"])
    assert "NotImplementedError" not in source
    assert "SOLUTION" not in source
    space = {"np": np}
    exec(source, space)
    assert space["draw_tokens"](np.zeros((2, 3)), 4, 0).shape == (2, 4)
    fresh = released(read_notebook(SOURCES[0]))
    assert "".join(cell(fresh, "draw-tokens")["source"]) == source


def test_hidden_tests_are_cleared(notebook):
    check = cell(notebook, "hire-lead")
    check["source"] = ["x = 1\n", "### BEGIN HIDDEN TESTS\n", "secret = 2\n", "### END HIDDEN TESTS"]
    assert "secret" not in dumps(author.generate(notebook))


# --- what is wrong with a source --------------------------------------------------------------------------


def test_each_slip_of_an_author_is_found(notebook):
    statement = cell(notebook, "exercise-1-1")
    statement["metadata"]["course"]["hints"] = ["one", "", "ends = np.cumsum(p)"]
    del statement["metadata"]["course"]["kind"]
    cell(notebook, "exercise-1-2")["metadata"]["course"]["minutes"] += 5
    covered = notebook["metadata"]["course"]["covers"]
    notebook["metadata"]["course"]["covers"] = {k: v for k, v in covered.items() if "1.3" not in v}
    cell(notebook, "exercise-1-5")["metadata"]["course"]["hints"][2] += (
        " return counts / counts.sum() / np.diff(edges)"
    )
    cell(notebook, "hire-lead")["metadata"]["nbgrader"]["points"] = 100
    del cell(notebook, "hire-choice")["metadata"]["course"]["timeout"]
    cell(notebook, "reliability")["metadata"]["course"]["names"] = ["reliable"]
    cell(notebook, "complete")["source"] = ["def completion(u): ..."]
    cell(notebook, "digits-fit")["metadata"]["course"]["exercise"] = "9.9"
    found = "\n".join(author.problems(notebook))
    for text in (
        "the points add up to 196",
        "the first cell does not say about 155 minutes",
        "exercise 1.1 needs 3 hints",
        "exercise 1.1 has no kind",
        "the table of what is covered and the exercises disagree about 1.3",
        "exercise 1.5: a hint gives away",
        "hire-choice: no timeout",
        "reliability: names reliable, which it does not define",
        "hire-bins: no answer cell above names reliability",
        "complete: no lines between BEGIN SOLUTION",
        "complete: names complete, which it does not define",
        "digits-fit: belongs to exercise 9.9, which has no statement",
    ):
        assert text in found


def test_author_check_fails_on_a_stale_notebook_and_a_wrong_solution(tmp_path, capsys, notebook):
    (tmp_path / "source").mkdir()
    path = tmp_path / "source" / "01.ipynb"
    small = {"cells": notebook["cells"][:5], "metadata": {"course": {"covers": {"all": ["1.1"]}}}}
    small["cells"][3]["source"] = [
        "def predictions():\n",
        "    ### BEGIN SOLUTION\n",
        "    return {}\n",
        "    ### END SOLUTION",
    ]
    path.write_text(dumps(normalise(small)))
    assert author.author_check([tmp_path]) == 1
    out = capsys.readouterr().out
    assert "✗ complete: points, hints, names, timeouts: the points add up to 5, not to 100" in out
    assert "it differs; run `make notebooks`" in out
    assert "they score 0" in out


def test_author_check_without_sources(tmp_path, capsys):
    assert author.author_check([tmp_path]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_author_writes_the_learners_notebook(tmp_path, capsys):
    (tmp_path / "source").mkdir()
    path = tmp_path / "source" / SOURCES[0].name
    path.write_bytes(SOURCES[0].read_bytes())
    assert author.main([str(path)]) == 0
    assert (tmp_path / path.name).read_bytes() == author.learner_path(SOURCES[0]).read_bytes()
    assert author.main([str(tmp_path / "missing.ipynb")]) == 2
    assert author.main([]) == 2
    assert "missing.ipynb" in capsys.readouterr().err


# --- the normal form --------------------------------------------------------------------------------------


def code(id_: str, count: int | None, outputs: list[dict], **metadata) -> dict:
    return {
        "cell_type": "code",
        "id": id_,
        "execution_count": count,
        "source": "work()",
        "metadata": metadata,
        "outputs": outputs,
    }


def stream(name: str, text: str | list[str]) -> dict:
    return {"output_type": "stream", "name": name, "text": text}


def raw() -> dict:
    """A notebook as JupyterLab leaves it."""
    two = {"output_type": "execute_result", "execution_count": 7, "data": {"text/plain": "2"}, "metadata": {}}
    png = {
        "output_type": "display_data",
        "data": {"image/png": "iVBOR", "text/plain": "<Fig>"},
        "metadata": {},
    }
    wrong = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["/home/me"]}
    printed = [
        stream("stdout", "1\n"),
        stream("stderr", "/home/me/x.py: warning"),
        stream("stdout", ["2\n"]),
        two,
    ]
    return {
        "nbformat": 4,
        "nbformat_minor": 4,
        "metadata": {
            "kernelspec": {"name": "my-venv", "display_name": "Mine", "language": "python"},
            "language_info": {"name": "python", "version": "3.99.1"},
            "widgets": {"state": {}},
        },
        "cells": [
            {"cell_type": "markdown", "metadata": {"editable": True, "slideshow": {}}, "source": "# Title"},
            code("A b_c", 7, printed, execution={"iopub": "now"}),
            code("a-b-c", None, [png], scrolled=True),
            code("x", 9, [stream("stdout", "0.1 s")], tags=["nbval-ignore-output"]),
            code("y", 10, [wrong], tags=["raises-exception"]),
        ],
    }


def test_normal_form():
    page = normalise(raw())
    markdown, printed, plot, volatile, error = page["cells"]
    assert [c["id"] for c in page["cells"]] == ["cell-1", "a-b-c", "a-b-c-2", "x", "y"]
    assert markdown["metadata"] == printed["metadata"] == plot["metadata"] == {}
    assert printed["outputs"] == [
        {"name": "stdout", "output_type": "stream", "text": ["1\n", "2\n"]},
        {
            "data": {"text/plain": ["2"]},
            "execution_count": 1,
            "metadata": {},
            "output_type": "execute_result",
        },
    ]
    assert plot["outputs"] == volatile["outputs"] == []
    assert error["outputs"][0]["traceback"] == []
    assert [c["execution_count"] for c in page["cells"][1:]] == [1, 2, 3, 4]
    assert page["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert (page["nbformat"], page["nbformat_minor"]) == (4, 5)


def test_normal_form_is_valid_and_stable():
    import nbformat

    once = normalise(raw())
    assert normalise(json.loads(dumps(once))) == once
    nbformat.validate(nbformat.from_dict(once))


def test_a_notebook_without_outputs_looks_unrun():
    page = raw()
    for code in page["cells"][1:]:
        code["outputs"] = []
    assert all(c["execution_count"] is None for c in normalise(page)["cells"][1:])


@pytest.mark.parametrize(
    "path", sorted((ROOT / "exercises").rglob("*.ipynb")), ids=lambda p: f"{p.parent.name}-{p.stem}"
)
def test_committed_notebooks_are_in_normal_form(path):
    text = path.read_text(encoding="utf-8")
    assert dumps(normalise(json.loads(text))) == text


def test_command_normalises_and_checks(tmp_path, capsys):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(raw()))
    assert main(["--check", str(tmp_path)]) == 1
    assert "not in normal form" in capsys.readouterr().out
    assert json.loads(path.read_text()) == raw()
    assert main([str(path)]) == 0
    assert main(["--check", str(path)]) == 0
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["not JSON", "[]", "{}", '{"cells": [1]}', '{"worksheets": []}'])
def test_what_is_no_notebook(tmp_path, capsys, text):
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    with pytest.raises(NotebookError):
        read(path)
    assert main([str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert path.read_text() == text


def test_missing_path_is_one_line():
    run = subprocess.run(
        [sys.executable, "-m", "course_lib.grading.notebooks", "nowhere.ipynb"],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 2
    assert run.stderr == "notebooks: nowhere.ipynb: no such file or folder\n"

"""Plain `pytest --nbval-lax`: points at the end for exercise notebooks, silence for all others."""

import os
import subprocess
import sys

import pytest
import tiny_course as tiny

from course_lib.grading.run import run_notebooks, scratch


def run(folder, *arguments, plugins=None):
    """Run pytest with every installed plugin, or with these alone, which starts sooner."""
    environment = dict(os.environ)
    if plugins is not None:
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        arguments = [*(part for name in plugins for part in ("-p", name)), *arguments]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout


OURS = ["nbval.plugin", "course_lib.grading.pytest_plugin"]


def test_points_are_summed_and_messages_stand_alone(tmp_path):
    tiny.write(tmp_path / "tiny.ipynb", tiny.submission(square="def square(x):\n    return x + x"))
    status, out = run(tmp_path, "--nbval-lax", "tiny.ipynb")
    assert status == 1
    assert "points: tiny.ipynb" in out
    assert "4 / 10" in out
    assert "Next: exercise 1.1" in out
    assert "a square is a number times itself" in out
    assert "Traceback" not in out


def test_points_are_summed_across_processes(tmp_path):
    tiny.write(tmp_path / "tiny.ipynb", tiny.submission())
    status, out = run(
        tmp_path,
        "--nbval-lax",
        "-n",
        "2",
        "--dist",
        "loadfile",
        "tiny.ipynb",
        plugins=[*OURS, "xdist.plugin"],
    )
    assert status == 0
    assert "10 / 10" in out


def watched(folder, answer):
    """Run a notebook in this process, in an ordinary kernel; returns its checks by grade_id."""
    path = tiny.write(folder / "tiny.ipynb", tiny.submission(square=answer))
    with scratch():
        return {check.grade_id: check for check in run_notebooks([path])[str(path)]}


def test_an_endless_loop_costs_its_own_points_only(tmp_path):
    checks = watched(tmp_path, "def square(x):\n    while True: pass")
    assert checks["square-values"].outcome == "timeout"
    message = checks["square-values"].message
    assert message.startswith("square(")
    assert "had not returned after 2 s; it was at line 2: while True: pass" in message
    assert checks["total-value"].points == 4


ENDINGS = {
    "exit() in the cell": "exit()\n" + tiny.SQUARE,
    "quit() in the function": "def square(x):\n    quit()\n    return x * x",
    "os._exit in the cell": "import os\nos._exit(1)\n" + tiny.SQUARE,
    "os._exit in the function": "import os\ndef square(x):\n    os._exit(1)",
    "a loop that refuses interrupts": """
while True:
    try:
        while True: pass
    except BaseException: pass
""",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_dead_kernel_costs_its_own_points_only(tmp_path, ending):
    checks = watched(tmp_path, ENDINGS[ending])
    assert {check.points for check in checks.values() if check.exercise == "1.1"} == {0}
    message = checks["square-arrays"].message
    assert "had not ended after 2 s; it was at line" in message or "ended Python" in message
    assert checks["total-value"].points == 4


def test_a_fresh_kernel_runs_again_what_ran_before(tmp_path):
    data = tiny.submission(total="import os\nos._exit(1)")
    again = {**tiny.check("square-again", "1.1", 1)}
    data["cells"].append(tiny.code("mine(square), LIMIT", again))
    data["cells"][3]["source"] += "mine = values\n"
    data["cells"][-1]["id"] = "again"
    path = tiny.write(tmp_path / "tiny.ipynb", data)
    with scratch():
        results = {check.grade_id: check.outcome for check in run_notebooks([path])[str(path)]}
    assert results["total-value"] == "error"
    assert results["square-again"] == "changed"  # `mine` was defined by a check, and checks count once
    data["cells"][-1]["source"] = "assert square(LIMIT) == 10_000"
    tiny.write(path, data)
    with scratch():
        results = {check.grade_id: check.outcome for check in run_notebooks([path])[str(path)]}
    assert results["square-again"] == "passed"


def test_a_loop_is_not_run_again_in_a_fresh_kernel(tmp_path):
    mark = tmp_path / "runs"
    loop = f"open({str(mark)!r}, 'a').write('x')\nwhile True: pass"
    path = tiny.write(tmp_path / "tiny.ipynb", tiny.submission(square=loop, total="exit()"))
    with scratch():
        run_notebooks([path])
    assert mark.read_text() == "x"


def test_an_own_cell_that_fails_is_not_taken_for_the_set_up_cell(tmp_path):
    data = tiny.submission(square="def area(x):\n    return x * x")
    data["cells"].insert(2, {**tiny.code("1 / 0"), "id": "own"})
    path = tiny.write(tmp_path / "tiny.ipynb", data)
    with scratch():
        checks = run_notebooks([path])[str(path)]
    assert "looks for `square`" in checks[0].message
    assert checks[-1].points == 4


def test_the_set_up_cell_is_named_when_it_fails(tmp_path):
    data = tiny.submission()
    data["cells"][0]["source"] = "import no_such_module\n" + data["cells"][0]["source"]
    path = tiny.write(tmp_path / "tiny.ipynb", data)
    with scratch():
        checks = run_notebooks([path])[str(path)]
    for check in checks[:2]:
        assert "the set-up cell stopped with ModuleNotFoundError" in check.message


def test_a_hidden_error_is_found(tmp_path):
    hide = "get_ipython().showtraceback = lambda *a, **k: None\n"
    checks = watched(tmp_path, hide + "def square(x):\n    return 0.0")
    assert sum(check.points for check in checks.values()) == 4


def test_other_notebooks_and_tests_hear_nothing(tmp_path):
    tiny.write(tmp_path / "other.ipynb", tiny.notebook(tiny.code("assert False")))
    tiny.write(tmp_path / "test_other.py", "def test_fine(): pass")
    _, out = run(tmp_path, "--nbval-lax", plugins=OURS)
    assert "points" not in out
    assert "AssertionError" in out  # nbval's own report stands
    status, out = run(tmp_path, "test_other.py", plugins=OURS)
    assert status == 0
    assert "points" not in out

"""Plain `pytest --nbval-lax`: points at the end for exercise notebooks, silence for all others."""

import os
import subprocess
import sys

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
    assert "no answer within 2 s" in checks["square-values"].message
    assert checks["total-value"].points == 4


def test_a_dead_kernel_is_noticed(tmp_path):
    checks = watched(tmp_path, "import os\nos._exit(1)")
    assert "kernel" in checks["square-values"].message.lower()
    assert sum(check.points for check in checks.values()) == 0


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

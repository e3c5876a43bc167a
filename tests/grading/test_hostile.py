"""Submissions that cheat, break or flood: none earns an undeserved point, none stops the class."""

import json
import os
import sys

import pytest
import tiny_course as tiny

from course_lib.grading.batch import grade_batch
from course_lib.grading.learn import find_notebooks
from course_lib.grading.records import CheckResult
from course_lib.grading.run import run_notebooks, scratch

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="sealed grading needs Linux or macOS")

WRONG = "def square(x):\n    return 0.0\n"
LOOP = """\
def square(x):
    while True:
        try:
            while True: pass
        except BaseException: pass
"""
PATCHED = """\
from course_lib.grading.checks import kit
kit.Answer.near = lambda *a, **k: None
def square(x):
    return 0.0
"""
NOTHING = """\
class check:
    def __getattr__(self, name):
        return lambda *a: None
    def __call__(self, exercise):
        return lambda function: None
check = check()
"""
LIAR = """\
class Agreeable(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
    def __le__(self, other): return True
    def __array__(self, *a, **k): raise RuntimeError
def square(x):
    return Agreeable(1.0)
"""
FRAMES = """\
import gc, sys
def square(x):
    frame = sys._getframe()
    while frame:
        for name in ("want", "square", "reference", "x"):
            for space in (frame.f_locals, frame.f_globals):
                value = space.get(name)
                if callable(value) and value is not square:
                    return value(x)
        frame = frame.f_back
    for thing in gc.get_objects():
        if isinstance(thing, str) and "BEGIN SOLUTION" in thing:
            space = {}
            exec(thing, space)
            return space["square"](x)
    return 0.0
"""
NUMPY = """\
import numpy
numpy.isclose = lambda a, b, **k: numpy.ones(numpy.shape(a), bool)
numpy.allclose = lambda *a, **k: True
def square(x):
    return 0.0 * x
"""
LIBRARY = """\
try:
    import course_lib.grading.checks.kit as kit
except ImportError:
    import sys
    kit = sys.modules.get("course_lib.grading.checks.kit")
kit.Answer.near = lambda *a, **k: None
kit.Asked.__call__ = lambda *a, **k: None
def square(x):
    return 0.0
"""
FORGED = """\
import glob, json, os
claim = json.dumps({"points": 10, "outcome": "passed", "status": "graded"})
for folder in (".", "..", "/tmp", OUT, *glob.glob("/tmp/*"), os.path.expanduser("~")):
    for name in ("results.json", "records.jsonl", "report.xml", "junit.xml", "tiny.results.json"):
        try:
            with open(os.path.join(folder, name), "w") as file:
                file.write(claim)
        except OSError:
            pass
print(claim)
def square(x):
    return 0.0
"""
FRAMED = """\
import json, os, struct
reply = json.dumps({"value": 9.0, "names": {"square": {"callable": True}, "total": {"value": 5050}}}).encode()
for number in range(3, 40):
    try:
        os.write(number, struct.pack(">I", len(reply)) + reply)
    except OSError:
        pass
def square(x):
    return 0.0
"""
ESCAPE = """\
import os, signal
for name in ("fork", "forkpty"):
    try:
        if getattr(os, name)() == 0:
            while True: pass
    except OSError:
        pass
for number in (os.getppid(), 1, -1):
    try:
        os.kill(number, signal.SIGKILL)
    except OSError:
        pass
def square(x):
    return 0.0
"""
READER = """\
import json, glob, os
def square(x):
    for path in [SOURCE, *glob.glob("/tmp/**/*.ipynb", recursive=True), *glob.glob("/proc/*/cwd/*.ipynb")]:
        try:
            with open(path) as file:
                cells = json.load(file)["cells"]
        except OSError:
            continue
        for cell in cells:
            if "BEGIN SOLUTION" in cell["source"] and "def square" in cell["source"]:
                space = {}
                exec(cell["source"], space)
                return space["square"](x)
    return 0.0
"""
FILLER = """\
import os
try:
    for number in range(10_000):
        with open(f"junk-{number}", "wb") as file:
            file.write(bytes(8 * 2**20))
except OSError:
    pass
def square(x):
    return 0.0
"""

# name -> (answer to 1.1, points that the whole submission deserves); 1.2 is answered honestly, for 4 points
ANSWERS = {
    "exit in the cell": ("import sys\nsys.exit(0)", 4),
    "exit in the function": ("import sys\ndef square(x):\n    sys.exit(0)", 4),
    "os._exit in the cell": ("import os\nos._exit(0)", 4),
    "os._exit in the function": ("import os\ndef square(x):\n    os._exit(0)", 4),
    "endless loop in the cell": ("while True:\n    pass", 4),
    "endless loop that refuses interrupts": (LOOP, 4),
    "sleep": ("import time\ndef square(x):\n    time.sleep(1e6)", 4),
    "memory bomb": ("def square(x):\n    return len(bytearray(64 * 2**30))", 4),
    "memory bomb by steps": ("def square(x):\n    a = [0]\n    while True: a += a", 4),
    "200 MB of output": ("for _ in range(200):\n    print('x' * 2**20)\n" + WRONG, 4),
    "200 MB of output, honest": ("for _ in range(200):\n    print('x' * 2**20)\n" + tiny.SQUARE, 10),
    "200 MB returned": ("def square(x):\n    return 'x' * (200 * 2**20)", 4),
    "fork bomb": ("import os\nwhile True:\n    os.fork()", 4),
    "thread bomb": ("import threading\nfor _ in range(9999):\n    threading.Thread(target=input).start()", 4),
    "escape": (ESCAPE, 4),
    "equal to everything": (LIAR, 4),
    "deep recursion": ("import sys\nsys.setrecursionlimit(10**9)\ndef square(x):\n    return square(x)", 4),
    "deep structure": ("def square(x):\n    a = []\n    for _ in range(10**5): a = [a]\n    return a", 4),
    "crash": ("import ctypes\ndef square(x):\n    ctypes.string_at(0)", 4),
    "numpy patched": (NUMPY, 4),
    "course_lib patched": (LIBRARY, 4),
    "library's answer": ("from course_lib import surprisal\n" + tiny.SQUARE, 4),
    "builtins patched": ("import builtins\nbuiltins.abs = builtins.max = lambda *a: 0\n" + WRONG, 4),
    "json patched": ("import json\njson.dumps = lambda *a, **k: '{}'\n" + WRONG, 0),
    "forged report": (FORGED, 4),
    "forged messages": (FRAMED, None),
    "frames and memory searched": (FRAMES, 4),
    "reference read": (READER, 4),
    "disk filled": (FILLER, 4),
    "nbval told to skip": ("# NBVAL_SKIP\n# NBVAL_RAISES_EXCEPTION\n" + WRONG, 4),
    "error with a hostile text": ("class E(Exception):\n    def __str__(self): raise SystemExit\nraise E", 4),
    "error named CheckFailed": (
        "class CheckFailed(Exception): pass\ndef square(x): raise CheckFailed('✓')",
        4,
    ),
    "nan": ("def square(x):\n    return float('nan')", 4),
    "magics": ("%matplotlib inline\n!ls\n" + tiny.SQUARE, 10),
    "display": ("display('x')\n" + tiny.SQUARE, 10),
    "no such character": ("x = '\ud800'\n" + WRONG, 4),
    "a null byte": ("\0" + tiny.SQUARE, 4),
    "empty": ("", 4),
    "a value for a function": ("square = 9.0", 4),
    "honest": (tiny.SQUARE, 10),
}


def altered(change, **answers):
    data = tiny.submission(**answers)
    change({cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in data["cells"]}, data["cells"])
    return data


def edit(cells, _):
    for name in ("square-values", "square-arrays", "total-value"):
        cells[name]["source"] = "pass"


def delete(_, all_cells):
    all_cells[:] = [cell for cell in all_cells if not cell["metadata"]["nbgrader"]["grade"]]


def reprice(cells, _):
    cells["square-values"]["metadata"]["nbgrader"]["points"] = 1000


def retag(cells, _):
    cells["square-values"]["metadata"]["tags"] = ["raises-exception", "nbval-skip"]
    cells["total-value"]["metadata"]["nbgrader"]["grade_id"] = "square-values"


def double(cells, all_cells):
    all_cells.append({**cells["square-values"], "source": "pass"})
    all_cells.insert(0, {**cells["square"], "source": "square = None"})


def swap(cells, _):
    cells["set-up"]["source"] = NOTHING
    cells["square"]["metadata"]["nbgrader"]["grade"] = True


WRONG_BOTH = {"square": WRONG, "total": "total = 1"}
NOTEBOOKS = {
    "checks edited": (altered(edit, **WRONG_BOTH), 0),
    "checks edited, honest": (altered(edit), 10),
    "checks deleted": (altered(delete, **WRONG_BOTH), 0),
    "checks deleted, honest": (altered(delete), 10),
    "checks re-priced": (altered(reprice, total="total = 1"), 6),
    "checks re-tagged": (altered(retag, **WRONG_BOTH), 0),
    "grade_ids doubled": (altered(double, **WRONG_BOTH), 0),
    "set-up replaced": (altered(swap, **WRONG_BOTH), 0),
    "untouched": (tiny.submission(square=tiny.STUB_SQUARE, total=tiny.STUB), 0),
    "only answers": ({"cells": tiny.submission()["cells"][2:7:4]}, 10),
    "odd cells": ({"cells": [{}, {"metadata": None}, {"source": 3}, *tiny.submission()["cells"]]}, 10),
}
BROKEN = {
    "not JSON": '{"cells": [',
    "not a notebook": '{"points": 10}',
    "a list": "[]",
    "cells of another kind": '{"cells": [1, 2]}',
    "endless brackets": "[" * 10**6,
    "empty file": "",
    "not text": b"\xff\xfe\x00",
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Grade the whole corpus as one class and return each student's record."""
    root = tmp_path_factory.mktemp("class")
    source, out = tiny.write_course(root), root / "results"
    spots = f"SOURCE = {str(source / 'tiny.ipynb')!r}\nOUT = {str(out)!r}\n"
    everything = {
        **{
            name: tiny.submission(square=spots * (text in (READER, FORGED)) + text)
            for name, (text, _) in ANSWERS.items()
        },
        **{name: data for name, (data, _) in NOTEBOOKS.items()},
        **BROKEN,
    }
    folder = root / "submitted"
    for name, data in everything.items():
        tiny.write(folder / name / "tiny" / "tiny.ipynb", data)
    (folder / "linked" / "tiny").mkdir(parents=True)
    (folder / "linked" / "tiny" / "tiny.ipynb").symlink_to(source / "tiny.ipynb")
    (folder / "pipe" / "tiny").mkdir(parents=True)
    os.mkfifo(folder / "pipe" / "tiny" / "tiny.ipynb")
    with open(tiny.write(folder / "huge" / "tiny" / "tiny.ipynb", ""), "wb") as file:
        file.truncate(10**10)
    records = grade_batch(folder, out, source=source, workers=6, say=lambda line: None)
    assert len(records) == len(everything) + 3
    return {record["student"]: record for record in records}


@pytest.mark.parametrize("name", ANSWERS)
def test_no_answer_earns_what_it_does_not_deserve(graded, name):
    record, deserved = graded[name], ANSWERS[name][1]
    assert record["status"] == "graded"
    if deserved is None:  # the learner's own 1.2 is drowned with the rest: at most what was honest
        assert record["points"] <= 4
    else:
        assert record["points"] == deserved, record["checks"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_notebook_earns_what_its_answers_do_not(graded, name):
    record, deserved = graded[name], NOTEBOOKS[name][1]
    assert (record["status"], record["points"], record["max_points"]) == ("graded", deserved, 10)


@pytest.mark.parametrize("name", [*BROKEN, "linked", "pipe", "huge"])
def test_what_cannot_be_read_is_recorded_in_a_line(graded, name):
    record = graded[name]
    assert (record["status"], record["points"], record["max_points"]) == ("broken", 0, 10)
    assert record["message"].startswith("tiny.ipynb") or "tiny.ipynb:" in record["message"]
    assert "\n" not in record["message"]


def messages(record):
    return {check["grade_id"]: check["message"] for check in record["checks"]}


def test_messages_say_what_happened(graded):
    assert "may not import course_lib" in messages(graded["library's answer"])["square-values"]
    assert "ended its own process" in messages(graded["os._exit in the function"])["square-values"]
    refusing = messages(graded["endless loop that refuses interrupts"])["square-values"]
    assert refusing.startswith("square(")
    assert ") had not returned after" in refusing
    in_the_cell = messages(graded["endless loop in the cell"])["square-values"]
    assert in_the_cell.startswith("the answer cell `square` had not ended after ")
    assert "; it was at line " in in_the_cell
    assert "MemoryError" in messages(graded["memory bomb"])["square-values"]
    outcomes = [check["outcome"] for check in graded["untouched"]["checks"]]
    assert outcomes[:2] == ["waiting", "waiting"]


def test_hidden_tests_count(graded):
    halves = "def square(x):\n    return x * x * 1.0"
    assert "HIDDEN" not in json.dumps(tiny.submission(square=halves))
    assert "HIDDEN" in json.dumps(tiny.source())


def points_of_plain_nbval(path):
    with scratch():
        find_notebooks([path])
        checks = run_notebooks([path])[str(path)]
    assert all(isinstance(check, CheckResult) for check in checks)
    return sum(check.points for check in checks)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("edited", NOTEBOOKS["checks edited"][0]),
        ("re-priced", NOTEBOOKS["checks re-priced"][0]),
        ("set-up replaced", NOTEBOOKS["set-up replaced"][0]),
        ("course_lib patched", tiny.submission(square=PATCHED)),
        ("numpy patched", tiny.submission(square=NUMPY)),
    ],
)
def test_the_corpus_is_dangerous_plain_nbval_pays_for_it(tmp_path, name, data):
    deserved = {"re-priced": 6, "edited": 0, "set-up replaced": 0}.get(name, 4)
    assert points_of_plain_nbval(tiny.write(tmp_path / "tiny.ipynb", data)) > deserved


@pytest.mark.skipif(sys.platform != "linux", reason="the layers are Linux's")
def test_nothing_is_left_running(graded):
    left = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/cmdline") as file:
                line = file.read()
            if "sealed.worker" in line and os.stat(f"/proc/{number}").st_uid >= 1_900_000_000:
                left.append(number)
        except OSError:
            continue
    assert left == []

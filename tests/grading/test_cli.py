"""The command `grade` as a learner meets it: points, hints, resets, and one clear line for every mishap."""

import json
import os
import pkgutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_course as tiny

from course_lib.grading import learn, model
from course_lib.grading.cli import main
from course_lib.grading.model import read_notebook
from course_lib.grading.watch import Watcher

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = REPOSITORY / "exercises" / "source"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder of exercises, and the current directory above it."""
    tiny.write_course(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "exercises"


def grade(capsys, *arguments):
    """Run `grade` in this process; returns status, output, error."""
    status = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    return status, said.out, said.err


def test_untouched_scores_nothing_and_says_how_to_begin(course, capsys):
    status, out, _ = grade(capsys, course)
    assert status == 1
    assert "0 / 10" in out
    last = out.splitlines()[-1]
    assert last == "Nothing is filled in yet. Begin with exercise 1.1; a first nudge: grade hint 1.1"


def test_solved_scores_everything(course, capsys):
    tiny.write(course / "tiny.ipynb", tiny.submission())
    status, out, _ = grade(capsys, course / "tiny.ipynb")
    assert status == 0
    assert "10 / 10" in out
    assert "Squares" in out


def test_half_solved_says_what_is_wrong_and_what_is_next(course, capsys):
    tiny.write(course / "tiny.ipynb", tiny.submission(square="def square(x):\n    return x + x"))
    status, out, _ = grade(capsys, course)
    assert status == 1
    assert "4 / 10" in out
    assert "a square is a number times itself" in out
    assert out.count("Stuck? grade hint 1.1") == 1
    assert out.splitlines()[-1] == "Next: exercise 1.1."


def test_what_only_the_learners_own_cells_bring_in_is_noted(course, capsys):
    path = course / "tiny.ipynb"
    data = tiny.submission(square="def square(x):\n    return math.prod([x, x])")
    own = tiny.code("import math\nimport os\nprint(os.sep)")
    data["cells"].insert(1, {**own, "id": "own"})
    tiny.write(path, data)
    _, out, _ = grade(capsys, path)
    assert "an answer uses math from a cell of your own" in out
    data["cells"][1]["source"] = "print(1)"
    tiny.write(path, data)
    assert "a cell of your own" not in grade(capsys, path)[1]


@pytest.mark.parametrize("as_submitted", [False, True])
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("def square(x):\n    while True: pass", ") had not returned after "),
        ("import os\ndef square(x):\n    os._exit(0)", "ended"),
        ("def square(x):\n    return 1 / 0", "ZeroDivisionError"),
        ("square = 1 / 0", "ZeroDivisionError"),
    ],
)
def test_what_goes_wrong_in_an_answer_is_said(course, capsys, answer, said, as_submitted):
    if as_submitted and not hasattr(os, "fork"):
        pytest.skip("sealed grading needs Linux or macOS")
    tiny.write(course / "tiny.ipynb", tiny.submission(square=answer))
    _, out, _ = grade(capsys, course / "tiny.ipynb", "--json", *["--as-submitted"] * as_submitted)
    result = json.loads(out)
    first = result["checks"][0]
    assert said in first["message"]
    assert first["points"] == 0
    assert result["points"] == 4


def test_200_mb_of_output_are_survived(course, capsys):
    flood = "for _ in range(200):\n    print('x' * 2**20)\n" + tiny.SQUARE
    tiny.write(course / "tiny.ipynb", tiny.submission(square=flood))
    _, out, _ = grade(capsys, course)
    assert "/ 10" in out
    assert len(out) < 10_000


def test_edited_and_deleted_checks_earn_nothing_and_can_be_had_back(course, capsys):
    path = course / "tiny.ipynb"
    data = tiny.submission(square="square = None")
    cells = {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in data["cells"]}
    cells["square-values"]["source"] = "pass"
    cells["square-arrays"]["metadata"]["nbgrader"]["points"] = 100
    data["cells"].remove(cells["total-value"])
    tiny.write(path, data)
    status, out, _ = grade(capsys, path)
    assert (status, "0 / 10" in out) == (1, True)
    assert "'square-values' was edited" in out
    assert "'total-value' is gone" in out
    assert grade(capsys, "reset", "--keep-answers", path)[0] == 0
    assert read_notebook(path).answers()["square"] == "square = None"
    status, out, _ = grade(capsys, path)
    assert "4 / 10" in out


HALF = [
    tiny.answer("root", "1.1", ["root"]),
    tiny.check("root-value", "1.1", 1),
]


def add_root(data, answer):
    """Add a second function to exercise 1.1."""
    text = "@check('1.1')\ndef roots(random, root):\n    root(4.0).near(2.0, 'two twos')\ncheck.roots(root)"
    extra = [tiny.code(answer, HALF[0]), tiny.code(text, HALF[1])]
    data["cells"][5:5] = [{**cell, "id": f"root-{number}"} for number, cell in enumerate(extra)]
    return data


HONEST = {
    "a pickled class of one's own": """
import pickle
class Own:
    def __init__(self, x): self.x = x
def square(x):
    return pickle.loads(pickle.dumps(Own(x))).x * x
""",
    "a data class with annotations that are text": """
from __future__ import annotations
from dataclasses import dataclass
@dataclass
class Own:
    x: float
def square(x):
    return Own(x).x * x
""",
    "a temporary file": """
import tempfile
def square(x):
    with tempfile.TemporaryFile() as file:
        file.write(b"1")
    return x * x
""",
    "threads": """
from concurrent.futures import ThreadPoolExecutor
def square(x):
    with ThreadPoolExecutor(8) as pool:
        return next(pool.map(lambda y: y * y, [x]))
""",
    "await at top level": """
import asyncio
async def one():
    await asyncio.sleep(0)
    return 1
factor = await one()
def square(x):
    return factor * x * x
""",
}


@pytest.mark.parametrize("as_submitted", [False, True])
@pytest.mark.parametrize("answer", HONEST)
def test_honest_answers_earn_in_a_class_what_they_earn_at_home(course, capsys, answer, as_submitted):
    if as_submitted and not hasattr(os, "fork"):
        pytest.skip("sealed grading needs Linux or macOS")
    tiny.write(course / "tiny.ipynb", tiny.submission(square=HONEST[answer]))
    _, out, _ = grade(capsys, course / "tiny.ipynb", *["--as-submitted"] * as_submitted)
    assert "10 / 10" in out


def test_the_time_for_a_whole_notebook_is_the_same_at_home(course, capsys, monkeypatch):
    monkeypatch.setattr(learn, "BUDGET", 1.5)
    tiny.write(course / "tiny.ipynb", tiny.submission(square="def square(x):\n    while True: pass"))
    _, out, _ = grade(capsys, course / "tiny.ipynb")
    assert "had not returned after 2 s" in out
    assert "the 1.5 s for the whole notebook are used up" in out
    assert "0 / 10" in out


@pytest.mark.parametrize("as_submitted", [False, True])
def test_a_half_filled_exercise_says_what_is_missing(course, capsys, as_submitted):
    if as_submitted and not hasattr(os, "fork"):
        pytest.skip("sealed grading needs Linux or macOS")
    stub = "def root(x):\n    raise NotImplementedError"
    tiny.write(course / "source" / "tiny.ipynb", add_root(tiny.source(), stub))
    wrong = tiny.submission(total="total = 1")
    for answer in (stub, "raise NotImplementedError"):
        path = tiny.write(course / "tiny.ipynb", add_root(wrong, answer))
        _, out, _ = grade(capsys, path, *["--as-submitted"] * as_submitted)
        wrong = tiny.submission(total="total = 1")
        first = out.splitlines().index("        ○ `root` is still to be written")
        assert "6 / 7" in out.splitlines()[first - 1]
        assert out.splitlines()[first + 1] == "        Stuck? grade hint 1.1"
        assert out.splitlines()[-1] == "Next: exercise 1.1."  # although 1.2 fails outright


def test_an_untouched_exercise_is_no_failure(course, capsys):
    tiny.write(course / "tiny.ipynb", tiny.submission(total=tiny.STUB))
    _, out, _ = grade(capsys, course)
    assert "○" not in out
    assert "Stuck?" not in out
    assert out.splitlines()[-1] == "Next: exercise 1.2. A first nudge: grade hint 1.2"


@pytest.mark.parametrize("place", [["exercises"], []])
def test_one_exercise_alone(course, capsys, place):
    tiny.write(course / "tiny.ipynb", tiny.submission(square="def square(x):\n    while True: pass"))
    status, out, _ = grade(capsys, *place, "1.2")
    assert status == 0
    assert "1.1" not in out  # and its endless loop was not waited for
    assert "4 / 4" in out
    assert out.splitlines()[-1] == "Exercise 1.2 is complete. The next one: grade next"


def test_one_exercise_that_lacks_points(course, capsys):
    tiny.write(course / "tiny.ipynb", tiny.submission(square="def square(x):\n    return x"))
    status, out, _ = grade(capsys, "1.1")
    assert status == 1
    assert "total" not in out
    assert out.splitlines()[-1] == "        Stuck? grade hint 1.1"
    assert grade(capsys, "1.1", "--as-submitted")[1].splitlines()[-1] == out.splitlines()[-1]
    tiny.write(course / "tiny.ipynb", tiny.submission(square=tiny.STUB_SQUARE))
    assert "Nothing is filled in here yet. A first nudge: grade hint 1.1" in grade(capsys, "1.1")[1]


@pytest.mark.parametrize("arguments", [["9.9"], ["exercises", "9.9"], ["watch", "9.9"], ["hint", "9.9"]])
def test_an_unknown_exercise_names_those_that_exist(course, capsys, arguments):
    status, _, error = grade(capsys, *arguments)
    assert (status, error) == (2, "grade: there is no exercise 9.9; there are 1.1, 1.2\n")


def test_only_one_exercise_at_a_time(course, capsys):
    status, _, error = grade(capsys, "1.1", "1.2")
    assert (status, error) == (2, "grade: one exercise at a time: 1.1 or 1.2\n")


def test_next_is_the_first_exercise_that_lacks_points(course, capsys):
    tiny.write(course / "tiny.ipynb", tiny.submission(total="total = 1"))
    status, out, _ = grade(capsys, "next")
    assert status == 1
    assert "1.1" not in out
    assert "do not sum to that" in out
    tiny.write(course / "tiny.ipynb", tiny.submission())
    status, out, _ = grade(capsys, "next")
    assert (status, out.count("Every exercise is complete.")) == (0, 1)


def test_the_end_names_the_points_and_where_to_go_next(course, capsys):
    for name in ("01_tiny", "02_small"):
        tiny.write(course / "source" / f"{name}.ipynb", tiny.source())
        tiny.write(course / f"{name}.ipynb", tiny.submission())
    for chapter in ("01_tiny", "01b_more", "02_small"):
        tiny.write(course.parent / "book" / f"{chapter}.ipynb", OTHER)
    lines = grade(capsys, course / "01_tiny.ipynb")[1].splitlines()
    assert lines[-2] == "All 10 points: every check passes. Well done."
    following = [Path("book", "01b_more.ipynb"), Path("book", "02_small.ipynb")]
    following.append(Path("exercises", "02_small.ipynb"))
    assert lines[-1] == f"Where to go next: {', then '.join(map(str, following))}"
    lines = grade(capsys, course / "02_small.ipynb")[1].splitlines()
    assert lines[-1] == "This is the last set of exercises that there is."


def set_up_edited(data):
    data["cells"][0]["source"] = data["cells"][0]["source"].replace("check = checker({})\n", "")


def set_up_broken(data):
    data["cells"][0]["source"] += "def"


def set_up_deleted(data):
    del data["cells"][0]


@pytest.mark.parametrize("change", [set_up_edited, set_up_broken, set_up_deleted])
def test_a_set_up_cell_that_is_not_the_courses_is_told_of_once(course, capsys, change):
    path, data = course / "tiny.ipynb", tiny.submission()
    change(data)
    tiny.write(path, data)
    status, out, _ = grade(capsys, path)
    what = "is gone from the notebook" if change is set_up_deleted else "was edited"
    told = f"✗ the set-up cell {what}. To get the course's checks back and keep your answers: "
    assert status == 1
    assert out.count(f"{told}grade reset --keep-answers {path}") == out.count("the set-up cell") == 1
    assert "(and 1 more check for the same reason)" in out
    assert grade(capsys, "reset", "--keep-answers", path)[0] == 0
    assert "10 / 10" in grade(capsys, path)[1]


def test_a_set_up_cell_that_was_edited_without_harm_is_noted(course, capsys):
    data = tiny.submission()
    data["cells"][0]["source"] += "import math\n"
    tiny.write(course / "tiny.ipynb", data)
    status, out, _ = grade(capsys, course)
    assert (status, out.count("the set-up cell was edited")) == (0, 1)
    assert "10 / 10" in out


def split(data, at):
    """Split the first answer cell as JupyterLab does: both parts carry the cell's metadata."""
    cell = data["cells"][2]
    lines = cell["source"].splitlines(keepends=True)
    parts = ["".join(lines[:at]), "".join(lines[at:])]
    data["cells"][2:3] = [{**cell, "id": f"part-{n}", "source": part} for n, part in enumerate(parts)]
    return data


HELPER = "def twice(x):\n    return x * x\n"


@pytest.mark.parametrize("as_submitted", [False, True])
@pytest.mark.parametrize("reversed_", [False, True])
def test_a_cell_split_in_jupyterlab_counts_as_one(course, capsys, as_submitted, reversed_):
    if as_submitted and not hasattr(os, "fork"):
        pytest.skip("sealed grading needs Linux or macOS")
    parts = [HELPER, "def square(x):\n    return twice(x)\n"]
    data = split(tiny.submission(square="".join(parts[::-1] if reversed_ else parts)), 2)
    tiny.write(course / "tiny.ipynb", data)
    status, out, _ = grade(capsys, course / "tiny.ipynb", *["--as-submitted"] * as_submitted)
    assert status == 0
    assert out.count("two cells are called 'square': they count as one, in order\n") == 1


@pytest.mark.parametrize("as_submitted", [False, True])
def test_a_copy_that_holds_the_stub_is_told_of(course, capsys, as_submitted):
    if as_submitted and not hasattr(os, "fork"):
        pytest.skip("sealed grading needs Linux or macOS")
    data = split(tiny.submission(square=tiny.SQUARE + tiny.STUB_SQUARE), 2)
    tiny.write(course / "tiny.ipynb", data)
    _, out, _ = grade(capsys, course / "tiny.ipynb", *["--as-submitted"] * as_submitted)
    assert "a lower one still holds the stub, which replaces your answer: delete that cell" in out
    assert "0 / 6" in out


def test_an_answer_in_a_cell_without_its_metadata_is_noted(course, capsys):
    data = split(tiny.submission(square=HELPER + tiny.SQUARE), 2)
    data["cells"][3]["metadata"] = {}
    tiny.write(course / "tiny.ipynb", data)
    assert "an answer uses square from a cell of your own" in grade(capsys, course)[1]


def test_hints_grow_clearer(course, capsys):
    for level in (1, 2, 3, 3):
        status, out, _ = grade(capsys, "hint", "1.1")
        assert status == 0
        assert ("That was the last hint" in out) == (level == 3)
        assert f"hint {level} of 3" in out
        assert f"Squares: hint {level}" in out
    assert "hint 1 of 3" in grade(capsys, "hint", "1.2")[1]
    assert "hint 2 of 3" in grade(capsys, "hint", "1.1", "--level", "2")[1]
    assert "hint 3 of 3" in grade(capsys, "hint", "1.1")[1]


@pytest.mark.parametrize("arguments", [["9.9"], ["1.1", "--level", "0"], ["1.1", "--level", "4"]])
def test_hints_that_do_not_exist(course, capsys, arguments):
    status, _, error = grade(capsys, "hint", *arguments)
    assert status == 2
    assert "1.1" in error


@pytest.mark.parametrize("content", [None, "not JSON", json.dumps(tiny.submission())])
def test_reset_gives_the_notebook_back_and_loses_nothing(course, capsys, content):
    path = course / "tiny.ipynb"
    fresh = json.loads(path.read_text())
    path.unlink()
    if content is not None:
        path.write_text(content)
    kept = []
    for _ in range(2):
        before = path.read_text() if path.exists() else None
        status, out, _ = grade(capsys, "reset", path)
        assert status == 0
        if before is not None:
            kept.append(before)
            backup = course / "backup" / f"tiny-{len(kept)}.ipynb"
            assert backup.read_text() == before
            assert str(backup) in out
        path.write_text("changed since")
    grade(capsys, "reset", path)
    assert {k: "".join(v["source"]) for k, v in by_id(json.loads(path.read_text())).items()} == {
        k: v["source"] for k, v in by_id(fresh).items()
    }


def by_id(data):
    return {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in data["cells"]}


def test_reset_leaves_a_chapter_of_the_same_name_alone(course, capsys, monkeypatch):
    monkeypatch.setattr(learn, "PACKAGE", course.parent / "course_lib")
    chapter = tiny.write(course.parent / "book" / "tiny.ipynb", OTHER)
    before = chapter.read_text()
    for keep in ([], ["--keep-answers"]):
        status, out, error = grade(capsys, "reset", *keep, chapter)
        assert (status, out, chapter.read_text()) == (2, "", before)
        assert f"{chapter} is not an exercise notebook (a chapter, perhaps); nothing was changed." in error
        assert error.endswith(f" Did you mean {Path('exercises', 'tiny.ipynb')}?\n")
    assert not (chapter.parent / "backup").exists()


def test_reset_leaves_the_source_alone(course, capsys, monkeypatch):
    monkeypatch.setattr(learn, "PACKAGE", course.parent / "course_lib")
    source = course / "source" / "tiny.ipynb"
    before = source.read_text()
    status, _, error = grade(capsys, "reset", source)
    assert (status, source.read_text()) == (2, before)
    assert "own source" in error


def test_reset_without_room_for_the_old_one_leaves_no_empty_folder(course, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    tiny.write(course / "tiny.ipynb", tiny.submission())
    monkeypatch.setattr(Path, "write_bytes", full)
    assert grade(capsys, "reset", course / "tiny.ipynb")[0] == 2
    assert not (course / "backup").exists()


def test_reset_on_a_full_disk_changes_nothing(course, capsys, monkeypatch):
    path = tiny.write(course / "tiny.ipynb", tiny.submission())
    before = path.read_text()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    status, _, error = grade(capsys, "reset", path)
    assert (status, path.read_text()) == (2, before)
    assert error.count("\n") == 1
    assert "disk is full" in error
    assert not list(course.glob(".*"))


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="mounts a disk")
def test_grade_on_a_full_disk(course):
    script = (
        "mkdir full && mount -t tmpfs -o size=512k tmpfs full && cp -r exercises full && cd full || exit 77; "
        "for place in /var/tmp /tmp; do mount --bind . $place; done; "
        "dd if=/dev/zero of=junk 2>/dev/null; "
        f'"{sys.executable}" -m course_lib.grading exercises'
    )
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("mounting is not allowed here")
    if done.returncode == 127:
        pytest.skip("Python itself lies where this test mounts its disk")
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("grade: ")
    assert done.stderr.count("\n") == 1


OTHER = tiny.notebook(tiny.code("print(1)"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.ipynb", None, "there is no"),
        ("text.ipynb", "hello", "does not hold JSON"),
        ("list.ipynb", "[]", "not a notebook"),
        ("deep.ipynb", "[" * 10**6, "does not hold JSON"),
        ("other.ipynb", json.dumps(OTHER), "not an exercise notebook of this course"),
    ],
)
@pytest.mark.parametrize("command", [[], ["--as-submitted"], ["watch"]])
def test_files_that_cannot_be_graded(course, capsys, command, name, content, said):
    path = course / name
    if content is not None:
        path.write_text(content)
    status, out, error = grade(capsys, *command, path)
    assert (status, out, error.count("\n"), error[:7]) == (2, "", 1, "grade: ")
    assert said in error
    assert name in error
    if content is not None:
        assert path.read_text() == content


def test_folders_that_hold_nothing_to_grade(course, capsys, tmp_path):
    (tmp_path / "empty").mkdir()
    tiny.write(tmp_path / "others" / "other.ipynb", OTHER)
    for name in ("empty", "others"):
        status, _, error = grade(capsys, tmp_path / name)
        assert (status, error.count("\n")) == (2, 1)
        assert "no exercise notebooks" in error


def test_other_notebooks_in_the_folder_are_passed_over(course, capsys):
    tiny.write(course / "notes.ipynb", OTHER)
    tiny.write(course / "broken.ipynb", "{")
    status, out, _ = grade(capsys, course)
    assert status == 1
    assert "notes" not in out


def test_a_file_that_may_not_be_read(course, capsys, monkeypatch):
    path = course / "tiny.ipynb"
    path.chmod(0)
    if os.getuid() == 0:  # root may read everything

        def refuse(*_):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(model.os, "open", refuse)
    status, _, error = grade(capsys, path)
    assert (status, error.count("\n")) == (2, 1)
    assert error == f"grade: you may not read {path} (ask its owner, or chmod u+r {path})\n"
    assert grade(capsys, course)[2] == error  # in a folder it is not passed over in silence


def test_a_folder_that_may_not_be_read(course, capsys, monkeypatch):
    course.chmod(0)
    if os.getuid() == 0:

        def refuse(*_):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(model.os, "listdir", refuse)
    for command in ([], ["batch", "--out", course.parent / "out", "--source", SOURCES]):
        status, _, error = grade(capsys, *command, course)
        course.chmod(0)
        assert status == 2
        assert error == f"grade: you may not read {course} (ask its owner, or chmod u+rx {course})\n"
    course.chmod(0o700)


def test_two_notebooks_and_an_overview(course, capsys):
    tiny.write(course / "source" / "second.ipynb", tiny.source())
    tiny.write(course / "second.ipynb", tiny.submission())
    status, out, _ = grade(capsys, course)
    assert status == 1
    assert out.splitlines()[-2].startswith("second  ")
    assert out.splitlines()[-1].startswith("tiny    ")


def test_watch_grades_at_every_save_and_ends_quietly(course):
    process = subprocess.Popen(
        [sys.executable, "-m", "course_lib.grading", "watch", str(course)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert any("0 / 10" in line for line in iter(process.stdout.readline, ""))
        tiny.write(course / "tiny.ipynb", tiny.submission())
        assert any("10 / 10" in line for line in iter(process.stdout.readline, ""))
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read().strip() == ""
    finally:
        process.kill()
        process.communicate()


class Breakages:
    """What a save in progress, or a git checkout, makes of a notebook for a moment."""

    empty = staticmethod(lambda path: path.write_text(""))
    half = staticmethod(lambda path: path.write_text(json.dumps(tiny.submission())[:2000]))
    text = staticmethod(lambda path: path.write_text("<<<<<<< HEAD"))
    absent = staticmethod(lambda path: path.unlink())


@pytest.mark.parametrize("folder", [True, False])
@pytest.mark.parametrize("breakage", ["empty", "half", "text", "absent"])
def test_watch_waits_for_a_notebook_that_cannot_be_read(course, folder, breakage):
    path, now = course / "tiny.ipynb", [0.0]
    watcher = Watcher([course if folder else path], clock=lambda: now[0])
    assert watcher.look() == ([path], "")
    getattr(Breakages, breakage)(path)
    for _ in range(4):
        assert watcher.look() == ([], "")  # a save may be under way
        now[0] += 0.5
    now[0] += 0.5
    saved, line = watcher.look()
    assert (saved, str(path) in line, "\n" in line) == ([], True, False)
    assert line.startswith("Waiting for the next save: ")
    assert watcher.look() == ([], "")  # told once
    tiny.write(path, tiny.submission())
    assert watcher.look() == ([path], "")
    getattr(Breakages, breakage)(path)
    assert watcher.look() == ([], "")  # and it is patient again


def test_watch_waits_for_a_folder_that_is_gone_and_finds_what_is_new(course, tmp_path):
    watcher = Watcher([course])
    watcher.look()
    course.rename(tmp_path / "away")
    assert watcher.look() == ([], "")
    (tmp_path / "away").rename(course)
    new = tiny.write(course / "new.ipynb", tiny.submission())
    assert watcher.look() == ([new], "")


def test_watch_lives_through_every_breakage(course):
    path = course / "tiny.ipynb"
    process = subprocess.Popen(
        [sys.executable, "-m", "course_lib.grading", "watch", str(course), "1.2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert any("0 / 4" in line for line in iter(process.stdout.readline, ""))
        for breakage in ("empty", "half", "text", "absent"):
            getattr(Breakages, breakage)(path)
            assert any("Waiting for the next save" in line for line in iter(process.stdout.readline, ""))
            tiny.write(path, tiny.submission())
            assert any("4 / 4" in line for line in iter(process.stdout.readline, ""))
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read().strip() == ""
    finally:
        process.kill()
        process.communicate()


def test_the_last_hint_names_only_what_the_library_has(course, capsys):
    data = tiny.submission()
    data["cells"][1]["metadata"]["course"]["library"] = ["surprisal", "Exponential.ppf"]
    data["cells"][5]["metadata"]["course"]["library"] = ["surprisal"]
    tiny.write(course / "tiny.ipynb", data)
    last = {name: grade(capsys, "hint", name, "--level", "3")[1].splitlines()[-1] for name in ("1.1", "1.2")}
    both = "`course_lib.surprisal` and `course_lib.Exponential.ppf` are finished versions to compare with."
    one = "`course_lib.surprisal` is a finished version to compare with."
    assert last == {"1.1": f"That was the last hint. {both}", "1.2": f"That was the last hint. {one}"}
    tiny.write(course / "tiny.ipynb", tiny.submission())
    assert grade(capsys, "hint", "1.1", "--level", "3")[1].splitlines()[-1] == "That was the last hint."


@pytest.mark.parametrize("path", sorted(SOURCES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_what_hints_name_in_the_library_exists(path):
    library = read_notebook(path).library
    for exercise, names in library.items():
        for name in names:
            module, _, attribute = f"course_lib.{name}".rpartition(".")
            assert getattr(pkgutil.resolve_name(module), attribute), (exercise, name)


def test_reset_of_an_untouched_notebook_keeps_no_copy(course, capsys):
    path = course / "tiny.ipynb"
    status, out, _ = grade(capsys, "reset", path)
    assert (status, "kept as" in out) == (0, False)
    data = json.loads(path.read_text())
    next(cell for cell in data["cells"] if cell["cell_type"] == "code")["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "run\n"}
    ]
    tiny.write(path, data)
    assert grade(capsys, "reset", path)[0] == 0
    assert not (course / "backup").exists()
    assert "run" not in path.read_text()


def test_reset_begins_the_hints_anew(course, capsys):
    for name in ("1.1", "1.1", "1.2"):
        grade(capsys, "hint", name)
    grade(capsys, "reset", "--keep-answers", course / "tiny.ipynb")  # a repair is no new beginning
    assert "hint 3 of 3" in grade(capsys, "hint", "1.1")[1]
    grade(capsys, "reset", course / "tiny.ipynb")
    assert "hint 1 of 3" in grade(capsys, "hint", "1.1")[1]
    assert "hint 1 of 3" in grade(capsys, "hint", "1.2")[1]


def test_what_grade_leaves_among_the_exercises_is_ignored_by_git():
    left = ["exercises/backup/01_probability-1.ipynb", "exercises/.grade/hints.json"]
    done = subprocess.run(["git", "check-ignore", *left], cwd=REPOSITORY, capture_output=True, text=True)
    if done.returncode == 128:
        pytest.skip("this is no git repository")
    assert done.stdout.split() == left


def test_the_fresh_notebook_is_the_committed_one():
    sources = sorted((REPOSITORY / "exercises" / "source").glob("*.ipynb"))
    assert sources
    for path in sources:
        committed = json.loads((REPOSITORY / "exercises" / path.name).read_text())
        assert learn._as_lines(learn.released(read_notebook(path))) == learn._as_lines(committed)


@pytest.mark.parametrize("as_submitted", [False, True])
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            "def square(x)\n    return x",
            "        ✗ the answer cell `square` is not valid Python, line 1: expected ':'\n"
            "          def square(x)\n",
        ),
        ("def area(x):\n    return x", "the check looks for `square` and finds nothing of that name"),
        (
            "x = 1\nimport no_such_module",
            "stopped with ModuleNotFoundError: No module named 'no_such_module' (line 2)",
        ),
        (tiny.SQUARE + "import no_such_module", "stopped with ModuleNotFoundError"),  # defined, then stopped
        ("square = nothing_yet", "stopped with NameError: name 'nothing_yet' is not defined (line 1)"),
        (
            "while True: pass",
            " s; it was at line 1: while True: pass",  # 2, or more where the processor was shared
        ),
    ],
)
def test_one_cause_is_told_once_in_words_for_a_learner(course, capsys, answer, said, as_submitted):
    if as_submitted and not hasattr(os, "fork"):
        pytest.skip("sealed grading needs Linux or macOS")
    tiny.write(course / "tiny.ipynb", tiny.submission(square=answer))
    _, out, _ = grade(capsys, course / "tiny.ipynb", *["--as-submitted"] * as_submitted)
    assert out.count(said) == 1
    assert "(and 1 more check for the same reason)" in out
    assert out.count("Stuck? grade hint 1.1") == 1
    assert "4 / 10" in out


def test_no_line_of_the_grader_is_quoted_as_the_learners(course, capsys):
    if not hasattr(os, "fork"):
        pytest.skip("sealed grading needs Linux or macOS")
    tiny.write(course / "tiny.ipynb", tiny.submission(square="def square(x):\n    return x / 0"))
    _, out, _ = grade(capsys, course / "tiny.ipynb", "--as-submitted")
    assert "(line 2 of the answer cell)" in out
    assert "_rebuilt" not in out
    assert "At line" not in out


def test_a_learner_needs_nothing_that_windows_lacks(course):
    code = (
        "import sys; sys.modules |= dict.fromkeys(('resource', 'fcntl', 'pwd', 'grp', 'termios')); "
        "from course_lib.grading.cli import main; sys.exit(main(['hint', '1.1']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, "hint 1 of 3" in done.stdout) == (0, True), done.stderr


def test_usage_errors_have_status_2(capsys):
    for arguments in (["--nonsense"], ["batch"], ["batch", "x", "--out", "y", "--shard", "3/2"], ["hint"]):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
    capsys.readouterr()


# --- a notebook under another name, an answer that leans on the library -----------------------------------


def test_a_renamed_notebook_is_told_its_name(course, capsys):
    path = next(course.glob("*.ipynb"))
    copy = path.with_name("my answers.ipynb")
    copy.write_bytes(path.read_bytes())
    meant = f"my answers.ipynb is {path.name} under another name: rename it to {path.name}"
    status, _, error = grade(capsys, "reset", copy)
    assert status == 2
    assert meant in error
    status, out, _ = grade(capsys, copy)
    assert meant in " ".join(out.split())


def test_an_answer_that_needs_the_library_is_told_that_a_class_gives_it_nothing(course, capsys):
    path = next(course.glob("*.ipynb"))
    data = json.loads(path.read_text())
    answer = next(cell for cell in data["cells"] if model.is_answer(cell))
    answer["source"] = "import course_lib\n" + model.cell_source(answer)
    path.write_text(json.dumps(data))
    _, out, _ = grade(capsys, path)
    assert "earn 0 points" in " ".join(out.split())

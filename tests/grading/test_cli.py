"""The command `grade` as a learner meets it: points, hints, resets, and one clear line for every mishap."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_course as tiny

from course_lib.grading import learn, model
from course_lib.grading.cli import main
from course_lib.grading.model import read_notebook

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
    assert "Next: exercise 1.1. Stuck? grade hint 1.1" in out


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
        ("def square(x):\n    while True: pass", "never ends"),
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
            "✗ Exercise 1.1: the answer cell `square` is not valid Python, line 1: expected ':'\n"
            "          def square(x)\n",
        ),
        ("def area(x):\n    return x", "the check looks for `square` and finds nothing of that name"),
        (
            "x = 1\nimport no_such_module",
            "stopped with ModuleNotFoundError: No module named 'no_such_module' (line 2)",
        ),
        (tiny.SQUARE + "import no_such_module", "stopped with ModuleNotFoundError"),  # defined, then stopped
        ("square = nothing_yet", "stopped with NameError: name 'nothing_yet' is not defined (line 1)"),
        ("def square(x):\n    while True: pass", "no answer within 2 s"),
    ],
)
def test_one_cause_is_told_once_in_words_for_a_learner(course, capsys, answer, said, as_submitted):
    if as_submitted and not hasattr(os, "fork"):
        pytest.skip("sealed grading needs Linux or macOS")
    tiny.write(course / "tiny.ipynb", tiny.submission(square=answer))
    _, out, _ = grade(capsys, course / "tiny.ipynb", *["--as-submitted"] * as_submitted)
    assert out.count(said) == 1
    assert "(and 1 more check for the same reason)" in out
    assert out.count("Stuck? grade hint 1.1") == 2  # below the message, and in the next step
    assert "4 / 10" in out


def test_no_line_of_the_grader_is_quoted_as_the_learners(course, capsys):
    if not hasattr(os, "fork"):
        pytest.skip("sealed grading needs Linux or macOS")
    tiny.write(course / "tiny.ipynb", tiny.submission(square="def square(x):\n    return x / 0"))
    _, out, _ = grade(capsys, course / "tiny.ipynb", "--as-submitted")
    assert "(line 2 of the answer cell)" in out
    assert "_rebuilt" not in out
    assert "At line" not in out


def test_usage_errors_have_status_2(capsys):
    for arguments in (["--nonsense"], ["batch"], ["batch", "x", "--out", "y", "--shard", "3/2"], ["hint"]):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
    capsys.readouterr()

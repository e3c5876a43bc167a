"""A class: the same results however it is run, and reports that say the same."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from xml.etree import ElementTree

import pytest
import tiny_course as tiny

from course_lib.grading import learn, roster
from course_lib.grading.batch import grade_batch
from course_lib.grading.cli import main
from course_lib.grading.model import GradeError, NotAllowed, files_in, read_notebook
from course_lib.grading.overview import summary_lines
from course_lib.grading.report import (
    feedback_html,
    gradebook_csv,
    gradescope,
    junit,
    write_reports,
)
from course_lib.grading.roster import find_jobs, read_references

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="sealed grading needs Linux or macOS")

HALF = "def square(x):\n    return x * x if type(x) is float else x"
STUDENTS = {
    "ada": tiny.submission(),
    "bob": tiny.submission(square=HALF),
    "cleo": tiny.submission(square="def square(x):\n    return 1 / 0", total="total = 1"),
    "dan": "not JSON",
    "eve": tiny.submission(square="import random\ndef square(x):\n    return x * x + int(random.random())"),
    "fay": tiny.submission(square="def square(x):\n    raise ValueError('<b>&</b> \x1b[31m')"),
}
POINTS = {"ada": 10, "bob": 7, "cleo": 0, "dan": 0, "eve": 10, "fay": 4}


def make_course(folder, students=STUDENTS):
    """A course and a class; returns (submissions, source)."""
    source = tiny.write_course(folder)
    for student, data in students.items():
        tiny.write(folder / "submitted" / student / "tiny" / "tiny.ipynb", data)
    return folder / "submitted", source


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class that has been graded: course, folder of results, records."""
    folder = tmp_path_factory.mktemp("graded")
    course = make_course(folder)
    return course, folder / "out", run(course, folder / "out")


def run(course, out, **options):
    options = {"workers": 3, "say": lambda line: None, **options}
    return grade_batch(course[0], out, source=course[1], **options)


def contents(folder):
    """Every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_points_and_order(graded):
    records = graded[2]
    assert {record["student"]: record["points"] for record in records} == POINTS
    assert [record["student"] for record in records] == sorted(STUDENTS)


def test_one_by_one_or_side_by_side_is_the_same(graded, tmp_path):
    assert run(graded[0], tmp_path / "out", workers=1) == graded[2]


@pytest.mark.parametrize("student", ["bob", "cleo"])
def test_a_class_and_a_single_run_agree(graded, student):
    submissions, source = graded[0]
    handed_in = read_notebook(submissions / student / "tiny" / "tiny.ipynb")
    single = learn.grade_as_submitted(source.parent / "tiny.ipynb", handed_in)
    record = next(record for record in graded[2] if record["student"] == student)
    assert [check.as_dict() for check in single.checks] == record["checks"]


def test_nobody_is_left_out(tmp_path):
    submissions, source = make_course(tmp_path, {"ada": STUDENTS["ada"]})
    tiny.write(submissions / "flat" / "tiny.ipynb", STUDENTS["ada"])
    (submissions / "empty").mkdir()
    (submissions / "linked").mkdir()
    (submissions / "linked" / "tiny").symlink_to(submissions / "ada" / "tiny")
    tiny.write(submissions / "other" / "tiny" / "tiny.ipynb", tiny.notebook(tiny.code("1 + 1")))
    tiny.write(submissions / "...dots" / "tiny" / "tiny.ipynb", STUDENTS["ada"])
    tiny.write(submissions / "C:\\x" / "tiny" / "tiny.ipynb", STUDENTS["ada"])
    tiny.write(submissions / "zoe.ipynb", STUDENTS["ada"])
    os.mkfifo(submissions / "pipe")
    (submissions / "alias").symlink_to(submissions / "ada")
    (submissions / ".DS_Store").write_text("")
    records = {record["student"]: record for record in run((submissions, source), tmp_path / "out")}
    said = {
        "empty": "holds nothing",
        "linked": "holds only tiny",
        "other": "it holds none of this exercise's answer cells",
        "zoe.ipynb": "a file stands where a student's folder was expected",
        "pipe": "neither file nor folder",
        "alias": "a link stands where",
    }
    assert set(records) == {"ada", "flat", "...dots", "C:\\x"} | set(said)
    for name, record in records.items():
        assert record["points"] == (0 if name in said else 10)
        assert said.get(name, "") in record["message"]
    write_reports(tmp_path / "out", list(records.values()))


def test_copies_and_odd_endings_are_found_and_what_is_not_graded_is_told(tmp_path):
    submissions, source = make_course(tmp_path, {"ada": STUDENTS["ada"]})
    for student, name in {
        "upper": "tiny/tiny.IPYNB",
        "text": "tiny/tiny.ipynb.txt",
        "copy": "tiny/tiny (1).ipynb",
        "deep": "tiny/work/tiny.ipynb",
    }.items():
        tiny.write(submissions / student / name, STUDENTS["ada"])
    for name in ("tiny.ipynb", "tiny-Copy1.ipynb", "tiny-late.ipynb"):
        tiny.write(submissions / "many" / "tiny" / name, STUDENTS["ada"])
    for name in ("tiny (1).ipynb", "tiny (2).ipynb"):
        tiny.write(submissions / "twice" / "tiny" / name, STUDENTS["ada"])
    tiny.write(submissions / "zip" / "tiny" / "work.zip", b"PK")
    jobs = {job.student: job for job in find_jobs(submissions, read_references(source))}
    assert all(jobs[name].path for name in ("ada", "upper", "text", "copy", "deep", "many"))
    assert jobs["many"].path.name == "tiny.ipynb"
    told = ["tiny-Copy1.ipynb lies beside it", "tiny-late.ipynb lies beside it"]
    assert [note.removesuffix(" and was not graded") for note in jobs["many"].notes] == told
    assert "leave the one that counts" in jobs["twice"].problem
    assert jobs["zip"].problem == "no notebook in this folder: only work.zip"


def test_a_student_may_be_called_submitted(tmp_path):
    submissions, source = make_course(tmp_path, dict.fromkeys(("ada", "submitted"), STUDENTS["ada"]))
    assert [job.student for job in find_jobs(submissions, read_references(source))] == ["ada", "submitted"]


def test_what_came_late_is_told_by_its_timestamp(course):
    for student, hour in {"ada": 22, "bob": 23}.items():
        tiny.write(course[0] / student / "tiny" / "timestamp.txt", f"2026-11-20 {hour}:30:00.000000 UTC\n")
    references = read_references(course[1])
    jobs = find_jobs(course[0], references, roster.as_moment("2026-11-20 23:00 UTC"))
    assert [job.notes for job in jobs[:3]] == [(), ("handed in 30 min after the deadline",), ()]
    assert [job.received for job in jobs[:3]] == [
        "2026-11-20T22:30:00+00:00",
        "2026-11-20T23:30:00+00:00",
        "",
    ]


def test_one_closed_folder_stops_nobody_else(tmp_path, monkeypatch):
    submissions, source = make_course(tmp_path, {name: STUDENTS["ada"] for name in ("ada", "bob", "cleo")})
    closed = {submissions / "ada", submissions / "bob" / "tiny"}

    def listed(folder):
        if folder in closed:
            raise NotAllowed(folder, "rx")
        return files_in(folder)

    monkeypatch.setattr(roster, "files_in", listed)
    jobs = find_jobs(submissions, read_references(source))
    assert [job.student for job in jobs] == ["ada", "bob", "cleo"]
    assert ["you may not read" in job.problem for job in jobs] == [True, True, False]


def test_results_among_the_submissions_are_refused(course):
    with pytest.raises(GradeError, match="taken for a student's folder"):
        run(course, course[0] / "results")


def test_names_of_folders_break_no_report(graded):
    record = {**graded[2][0], "student": "=1+1\x1b[31m\x01\nnext"}
    assert list(csv.reader(io.StringIO(gradebook_csv([record]))))[1][0].startswith("'=1+1")
    wide = {**record, "student": "＝cmd"}
    assert list(csv.reader(io.StringIO(gradebook_csv([wide]))))[1][0] == "'＝cmd"
    ElementTree.fromstring(junit([record]).encode())
    assert len(summary_lines([record])) == 2


def test_results_that_are_kept_are_used_and_what_changes_is_run_again(course, tmp_path):
    out = tmp_path / "out"
    run(course, out)
    kept = {path.name: path.stat().st_mtime_ns for path in (out / ".graded").iterdir()}
    tiny.write(course[0] / "ada" / "tiny" / "tiny.ipynb", STUDENTS["bob"])
    records = {record["student"]: record for record in run(course, out)}
    assert records["ada"]["points"] == POINTS["bob"]
    assert records["ada"]["key"] == records["bob"]["key"]  # equal answers, one result
    after = {path.name: path.stat().st_mtime_ns for path in (out / ".graded").iterdir()}
    assert after == kept


def test_seed_and_reference_are_part_of_the_key(tmp_path):
    course = make_course(tmp_path, {"ada": STUDENTS["ada"]})
    keys = {run(course, tmp_path / "out", seed=seed)[0]["key"] for seed in (0, 1)}
    changed = tiny.source()
    changed["cells"][-1]["source"] += "\n# stricter"
    tiny.write(course[1] / "tiny.ipynb", changed)
    keys.add(run(course, tmp_path / "out")[0]["key"])
    assert len(keys) == 3


def test_parts_of_a_class_make_the_whole(graded, tmp_path):
    parts = [record for part in (1, 2) for record in run(graded[0], tmp_path / "out", shard=(part, 2))]
    assert sorted(parts, key=lambda record: record["student"]) == graded[2]
    assert parts != graded[2]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_killed_and_resumed_is_the_same_as_uninterrupted(course, tmp_path):
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    command = batch_command(course)
    subprocess.run([*command, "--out", str(calm)], check=True, capture_output=True)
    process = subprocess.Popen(
        [*command, "--workers", "1", "--out", str(killed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while not list(killed.glob(".graded/*.json")):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    done = len(list(killed.glob(".graded/*.json")))
    assert 1 <= done < len(list(calm.glob(".graded/*.json")))
    assert not (killed / "records.jsonl").exists()
    subprocess.run([*command, "--out", str(killed)], check=True, capture_output=True)
    assert contents(killed) == contents(calm)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_killed_batch_leaves_no_process(course, tmp_path):
    tiny.write(course[0] / "ada" / "tiny" / "tiny.ipynb", tiny.submission(square="while True: pass"))
    mark = f"GRADE_TEST_MARK={os.getpid()}-{time.time_ns()}"
    environment = {**os.environ, **dict([mark.split("=")])}
    command = batch_command(course)
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: len(marked(mark)) > 3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: not marked(mark), 60)


def batch_command(course):
    return [sys.executable, "-m", "course_lib.grading", "batch", str(course[0]), "--source", str(course[1])]


def marked(mark):
    """The processes whose environment began with this mark."""
    found = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/environ", "rb") as file:
                if mark.encode() in file.read():
                    found.append(number)
        except OSError:
            continue
    return found


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_where_notebooks_are_looked_for(course, tmp_path):
    root, references = course[0], read_references(course[1])
    tiny.write(root / "gus" / "tiny" / "my-solution.ipynb", tiny.submission())
    tiny.write(root / "hal" / "tiny" / "a.ipynb", tiny.submission())
    tiny.write(root / "hal" / "tiny" / "b.ipynb", tiny.submission())
    (root / "ida" / "tiny").mkdir(parents=True)
    (root / "jo" / "poetry").mkdir(parents=True)
    jobs = {job.student: job for job in find_jobs(root.parent, references)}
    assert jobs["gus"].path.name == "my-solution.ipynb"
    assert "2 notebooks" in jobs["hal"].problem
    assert "no notebook" in jobs["ida"].problem
    assert "no exercise called poetry" in jobs["jo"].problem
    records = {record["student"]: record for record in run(course, tmp_path / "out")}
    assert (records["gus"]["points"], records["ida"]["status"]) == (10, "missing")
    assert (records["jo"]["status"], records["jo"]["max_points"]) == ("unknown", 0)


def test_nobody_is_graded_where_the_courses_own_solutions_fail(course, tmp_path):
    tiny.write(course[1] / "tiny.ipynb", tiny.source({"square": "def square(x):\n    return x + x"}))
    with pytest.raises(
        GradeError, match="own solutions of tiny earn 4 of 10 points here, so nobody was graded"
    ):
        run(course, tmp_path / "out")
    assert contents(tmp_path / "out") == {}


def test_what_is_not_a_class(tmp_path, course):
    for wrong in (tmp_path / "nowhere", tmp_path / "exercises" / "source"):
        with pytest.raises(GradeError):
            find_jobs(wrong, {})
    with pytest.raises(GradeError, match="--source"):
        read_references(tmp_path / "nowhere")


def test_a_full_disk_stops_with_one_line_and_keeps_what_is_done(course, tmp_path, monkeypatch, capsys):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    out = tmp_path / "out"
    assert main(["batch", str(course[0]), "--out", str(out), "--source", str(course[1])]) == 2
    error = capsys.readouterr().err.splitlines()
    assert "No space left" in error[-1]
    assert error[-1].startswith("grade: ")
    assert contents(out) == {}
    monkeypatch.undo()
    assert main(["batch", str(course[0]), "--out", str(out), "--source", str(course[1])]) == 0


def test_reports(graded, tmp_path):
    records = graded[2]
    (tmp_path / "out").mkdir()
    write_reports(tmp_path / "out", records)
    rows = list(csv.DictReader(io.StringIO(gradebook_csv(records))))
    assert {row["student"]: float(row["points"]) for row in rows} == POINTS
    assert (rows[1]["1.1"], rows[1]["1.2"], rows[3]["1.1"]) == ("3", "4", "")
    lines = (tmp_path / "out" / "records.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == records
    fay = next(record for record in records if record["student"] == "fay")
    page = feedback_html(fay)
    assert "✗ squares of arrays (0 of 3)" in page
    assert "✗ square-values (0 of 3)" in page  # where the course gives no title
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "\x1b" not in page
    suites = ElementTree.fromstring(junit(records))
    failures = {suite.get("name"): int(suite.get("failures")) for suite in suites}
    assert (failures["ada/tiny/tiny"], failures["bob/tiny/tiny"]) == (0, 1)
    uploaded = gradescope(fay)
    assert uploaded["tests"][1]["name"] == "squares of arrays"
    for said in (page, json.dumps(uploaded)):  # the deadline has passed, and the heading names the exercise
        assert "grade hint" not in said
        assert "✗ Exercise" not in said
    assert uploaded["score"] == sum(test["score"] for test in uploaded["tests"]) == 4
    feedback = contents(tmp_path / "out" / "feedback")
    assert {"ada/tiny/tiny.html", "dan/tiny/tiny.html", "bob/tiny/tiny.results.json"} <= set(feedback)

"""What an instructor meets: an overview, one student anew, parts that merge, points for other systems."""

import csv
import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_course as tiny

from course_lib.grading.cli import main
from course_lib.grading.overview import distribution, failures, feedback_place, overview_html, summary_lines
from course_lib.grading.progress import Progress
from course_lib.grading.regrade import changed_scores
from course_lib.grading.report import as_cell, gradebook_csv, read_records, write_reports

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="sealed grading needs Linux or macOS")

WRONG = tiny.submission(total="total = 1")
STUDENTS = {
    "ada": tiny.submission(),
    "bob": WRONG,
    "cleo": tiny.submission(square=tiny.STUB_SQUARE),
    "dan": "not JSON",
}


def grade(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    return status, said.out, said.err


def write_class(folder, students=STUDENTS):
    source = tiny.write_course(folder)
    for student, data in students.items():
        tiny.write(folder / "submitted" / student / "tiny" / "tiny.ipynb", data)
    return ["batch", folder / "submitted", "--source", source, "--workers", "2", "--out"]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class that has been graded: how, and the folder of its results."""
    folder = tmp_path_factory.mktemp("class")
    command = [str(word) for word in write_class(folder)]
    assert main([*command, str(folder / "results")]) == 0
    return command, folder / "results"


@pytest.fixture(scope="module")
def records(graded):
    return read_records(graded[1])


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# --- the overview ---------------------------------------------------------------------------------------


def test_the_overview_has_problems_first_and_every_student_a_click_away(graded, records):
    page = (graded[1] / "index.html").read_text()
    assert page.index("To look at") < page.index("tiny: points") < page.index("what failed how often")
    assert page.index("it does not hold JSON") < page.index("tiny: points")
    links = re.findall(r'href="([^"]+)"', page)
    assert len(set(links)) == len(STUDENTS)
    assert all((graded[1] / link).is_file() for link in links)
    assert "<script" not in page
    assert "http" not in page


def test_what_failed_how_often(records):
    rates = {row.check: (row.failed, row.untouched, row.of) for row in failures(records)}
    assert rates == {"total-value": (1, 0, 3), "square-values": (0, 1, 3), "squares of arrays": (0, 1, 3)}


def test_the_distribution_counts_everybody_once(records):
    counts = distribution(records)
    assert sum(counts.values()) == len(records)
    assert (counts["100 %"], counts["60 to 69 %"], counts["0 to 9 %"]) == (1, 1, 1)


def test_names_do_no_harm_on_the_page_and_its_links_work(records, tmp_path):
    names = ["<b>x</b>", "a\u202eb", "x\x1b[31m", "50% #1?", "..dots", "new\nline", "\udce4"]
    odd = [{**records[0], "student": name} for name in names]
    write_reports(tmp_path, odd)
    page = (tmp_path / "index.html").read_text()
    assert "<b>x" not in page
    assert not set("\u202e\x1b") & set(page)
    for record in odd:
        assert (tmp_path / feedback_place(record)).is_file()
        assert "\x1b" not in (tmp_path / feedback_place(record)).read_text()
    from urllib.parse import unquote_to_bytes

    for link in re.findall(r'href="([^"]+)"', page):
        assert (tmp_path / os.fsdecode(unquote_to_bytes(link))).is_file()


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("name", ["=1+1", "a;=1+1;", "a,@x", " +1", "-2+3", "＝cmd", 'q";=1'])
def test_no_cell_begins_a_formula_in_any_locale(records, name, separator):
    text = gradebook_csv([{**records[0], "student": name}])
    for row in csv.reader(io.StringIO(text), delimiter=separator):
        assert not any(cell.strip(' "').startswith(tuple("=+-@＝")) for cell in row), row


def test_a_class_of_two_thousand_does_not_drown_the_terminal(records):
    many = [{**records[n % 4], "student": f"student-{n}-" + "x" * 200} for n in range(2000)]
    lines = summary_lines(many)
    assert len(lines) < 80
    assert max(map(len, lines)) < 200
    assert "To look at: 500" in lines
    assert lines[-1] == "  and 460 more, in index.html"


def test_progress_tells_rate_and_time_left():
    now = [0.0]
    log = io.StringIO()
    progress = Progress("submissions", log, clock=lambda: now[0])
    for done in range(1, 801):
        now[0] += 0.125
        progress(done, 2000)
    assert progress.line() == "800 of 2000 submissions, 8.0 a second, 2 min left"
    assert log.getvalue().count("\n") == 3  # a line each 30 s of 100


def test_feedback_no_longer_says_how_to_begin(graded):
    page = (graded[1] / "feedback" / "cleo" / "tiny" / "tiny.html").read_text()
    assert "`square` is still to be written" in page
    assert "Put your code" not in page
    assert "grade hint" not in page


# --- one student, all anew, and whose score changed -----------------------------------------------------


def test_one_student_is_graded_and_the_others_are_kept(tmp_path, capsys):
    command = [*write_class(tmp_path), tmp_path / "results"]
    grade(capsys, *command)
    before = {record["student"]: record for record in read_records(tmp_path / "results")}
    tiny.write(tmp_path / "submitted" / "bob" / "tiny" / "tiny.ipynb", STUDENTS["ada"])
    status, out, _ = grade(capsys, *command, "--student", "b*")
    after = {record["student"]: record for record in read_records(tmp_path / "results")}
    assert status == 0
    assert (before["bob"]["points"], after["bob"]["points"]) == (6, 10)
    assert {n: r for n, r in after.items() if n != "bob"} == {n: r for n, r in before.items() if n != "bob"}
    assert "bob tiny  6 -> 10  other answers were handed in (1.2 total-value passed)" in out
    status, _, error = grade(capsys, *command, "--student", "boob")
    assert status == 2
    assert "holds no student boob; there is bob" in error
    assert grade(capsys, *command, "--assignment", "poetry")[0] == 2


def test_a_regrade_does_not_trust_what_is_kept_and_tells_whose_score_changed(tmp_path, capsys):
    command = [*write_class(tmp_path, {"ada": STUDENTS["ada"], "bob": WRONG}), tmp_path / "results"]
    grade(capsys, *command)
    for path in (tmp_path / "results" / ".graded").glob("*.json"):
        path.write_text(path.read_text().replace('"waiting"', '"passed"'))
        os.utime(path, (1, 1))
    status, out, _ = grade(capsys, *command, "--regrade")
    assert (status, "Changed scores: 0" in out) == (0, True)
    assert all(path.stat().st_mtime > 1 for path in (tmp_path / "results" / ".graded").glob("*.json"))


def test_why_a_score_changed(records):
    ada = next(record for record in records if record["student"] == "ada")
    dan = next(record for record in records if record["student"] == "dan")
    lower = {**ada, "points": 4}
    assert changed_scores([ada], [ada]) == []
    for key, said in {
        "grader": "the grader, its checks or the library changed",
        "course": "the course's notebook changed",
        "class_seed": "other random inputs",
        "answers": "other answers",
        "seed": "the same answers, graded anew",
    }.items():
        (line,) = changed_scores([{**lower, key: "other"}], [ada])
        assert said in line
        assert "4 -> 10" in line
    (line,) = changed_scores([dan], [{**ada, "student": "dan"}])
    assert "broken before, now graded" in line


def test_ctrl_c_says_what_is_kept_and_how_to_go_on(tmp_path):
    slow = "import time\ntime.sleep(1.5)  # {}\n" + tiny.SQUARE
    others = {f"s{number}": tiny.submission(square=slow.format(number)) for number in range(6)}
    command = write_class(tmp_path, {"ada": STUDENTS["ada"], **others})
    words = [sys.executable, "-m", "course_lib.grading", *map(str, [*command, tmp_path / "results"])]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        while len(list(Path(tmp_path).glob("results/.graded/*.json"))) < 2:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    told = re.search(
        r"stopped\. (\d) of 7 submissions are done and kept in .*: the same command goes on", error
    )
    assert told, error


@pytest.mark.parametrize("word", ["bach", "Batch", "colect", "exprot", "author-chek"])
def test_mistyped_commands_get_advice(capsys, word):
    status, _, error = grade(capsys, word, "c30")
    assert status == 2
    assert "did you mean grade" in error


def test_workers_are_explained(capsys):
    with pytest.raises(SystemExit):
        main(["batch", "--help"])
    assert "graded at once" in " ".join(capsys.readouterr().out.split())


# --- parts of a class -----------------------------------------------------------------------------------


def test_parts_from_several_machines_merge_into_the_very_same_files(graded, tmp_path, capsys):
    command, whole = graded
    parts = [tmp_path / f"part-{part}" for part in (1, 2)]
    for number, part in enumerate(parts, 1):
        assert grade(capsys, *command, part, "--shard", f"{number}/2")[0] == 0
    status, _, error = grade(capsys, "merge", parts[0], "--out", tmp_path / "all")
    assert status == 2
    assert "part 2/2 of the class is missing" in error
    assert grade(capsys, "merge", *parts, "--out", tmp_path / "all")[0] == 0
    assert contents(tmp_path / "all") == contents(whole)


def test_parts_that_disagree_are_refused(records, tmp_path, capsys):
    for name, changes in {"one": {}, "two": {"points": 1}}.items():
        (tmp_path / name).mkdir()
        write_reports(tmp_path / name, [{**records[0], **changes}])
    status, _, error = grade(capsys, "merge", tmp_path / "one", tmp_path / "two", "--out", tmp_path / "all")
    assert (status, "different results of ada tiny" in error) == (2, True)
    write_reports(tmp_path / "two", [{**records[1], "grader": "other"}])
    status, _, error = grade(capsys, "merge", tmp_path / "one", tmp_path / "two", "--out", tmp_path / "all")
    assert (status, "graded differently" in error) == (2, True)
    assert grade(capsys, "merge", tmp_path, "--out", tmp_path / "all")[0] == 2


# --- exports --------------------------------------------------------------------------------------------


@pytest.fixture
def collected(tmp_path):
    """A class's folder whose list says who is who."""
    rows = ["student,assignment,system,id,name,email,file,received"]
    rows += ["ada,tiny,moodle,101,Ada Lovelace,ada@x.org,a,", "bob,tiny,moodle,102,Bob Ray,bob@x.org,b,"]
    return tiny.write(tmp_path / "submitted" / ".collected.csv", "\n".join(rows)).parent


def exported(capsys, results, *arguments):
    status, out, error = grade(capsys, "export", arguments[0], results, *arguments[1:])
    return status, out + error


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_moodle_gets_what_it_imports(graded, collected, tmp_path, capsys):
    out = tmp_path / "moodle.csv"
    status, said = exported(capsys, graded[1], "moodle", "--submitted", collected, "--out", out)
    assert status == 0
    assert "Not graded, and so left out: 1\n  dan (broken)" in said
    rows = {row["Full name"]: row for row in rows_of(out)}
    assert rows["Ada Lovelace"]["Identifier"] == "Participant 101"
    assert {name: row["Grade"] for name, row in rows.items()} == {
        "Ada Lovelace": "10",
        "Bob Ray": "6",
        "cleo": "4",
    }


def test_moodles_own_sheet_is_filled_in_and_nothing_else_of_it_changes(graded, collected, tmp_path, capsys):
    sheet = tiny.write(
        tmp_path / "sheet.csv",
        '\ufeffIdentifier,Full name,Status,Grade,Last modified (grade)\n"Participant 101",A,"x, y",,-\n'
        '"Participant 9",Bob Ray,,,-\n"Participant 7",Zed,,3,-\n',
    )
    out = tmp_path / "filled.csv"
    status, said = exported(
        capsys, graded[1], "moodle", "--submitted", collected, "--sheet", sheet, "--out", out
    )
    assert [(row["Full name"], row["Status"], row["Grade"]) for row in rows_of(out)] == [
        ("A", "x, y", "10"),
        ("Bob Ray", "", "6"),
        ("Zed", "", "3"),
    ]
    assert status == 1
    assert "Without a row in that sheet: 1\n  cleo" in said


def test_a_sheet_keeps_its_separator(graded, collected, tmp_path, capsys):
    sheet = tiny.write(tmp_path / "sheet.csv", "Identifier;Full name;Grade\nParticipant 101;A, B;\n")
    out = tmp_path / "filled.csv"
    exported(capsys, graded[1], "moodle", "--submitted", collected, "--sheet", sheet, "--out", out)
    assert out.read_text() == "Identifier;Full name;Grade\nParticipant 101;A, B;10\n"


def test_results_that_are_damaged_are_told_in_one_line(graded, tmp_path, capsys):
    tiny.write(tmp_path / "records.jsonl", "null\n")
    assert exported(capsys, tmp_path, "moodle") == (
        2,
        f"grade: {tmp_path}/records.jsonl is damaged: remove it and grade the whole class again\n",
    )
    tiny.write(tmp_path / "part.json", "{}")
    status, _, error = grade(capsys, "merge", tmp_path, "--out", tmp_path / "all")
    assert (status, error.count("\n")) == (2, 1)


def test_canvas_and_gradescope_get_their_columns(graded, collected, tmp_path, capsys):
    out = tmp_path / "canvas.csv"
    assert exported(capsys, graded[1], "canvas", "--submitted", collected, "--out", out)[0] == 0
    points, ada, *_ = rows_of(out)
    assert list(ada) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "tiny"]
    assert (points["Student"].strip(), points["tiny"]) == ("Points Possible", "10")
    assert (ada["Student"], ada["ID"], ada["tiny"]) == ("Ada Lovelace", "101", "10")
    sheet = tiny.write(
        tmp_path / "given.csv", "Student,ID,tiny (55),other (56)\n  Points,,10,1\nAda,101,,1\n"
    )
    assert (
        exported(capsys, graded[1], "canvas", "--submitted", collected, "--sheet", sheet, "--out", out)[0]
        == 1
    )
    assert [row["tiny (55)"] for row in rows_of(out)] == ["10", "10"]
    assert exported(capsys, graded[1], "gradescope", "--submitted", collected, "--out", out)[0] == 0
    assert rows_of(out)[0]["tiny - Max Points"] == "10"
    assert rows_of(out)[0]["Email"] == "ada@x.org"


def test_nbgraders_own_gradebook_holds_every_check(graded, tmp_path, capsys):
    api = pytest.importorskip("nbgrader.api")
    path = tmp_path / "gradebook.db"
    for _ in range(2):  # a second export changes nothing
        assert exported(capsys, graded[1], "nbgrader", "--out", path)[0] == 0
    with api.Gradebook(f"sqlite:///{path}") as gradebook:
        scores = {row["student"]: row["score"] for row in gradebook.submission_dicts("tiny")}
        assert scores == {"ada": 10, "bob": 6, "cleo": 4}
        assert gradebook.find_assignment("tiny").max_score == 10
        grade_ = gradebook.find_grade("total-value", "tiny", "tiny", "bob")
        assert (grade_.auto_score, grade_.needs_manual_grade) == (0, False)


def test_what_cannot_be_exported(graded, tmp_path, capsys):
    assert exported(capsys, tmp_path, "moodle")[0] == 2
    assert exported(capsys, graded[1], "moodle", "--assignment", "poetry")[0] == 2
    sheet = tiny.write(tmp_path / "sheet.csv", "a,b\n1,2\n")
    status, said = exported(capsys, graded[1], "moodle", "--sheet", sheet)
    assert (status, "no column Identifier" in said) == (2, True)


def test_a_name_on_one_line_is_left_as_it_is():
    assert as_cell("Ann-Marie O'Neil 3") == "Ann-Marie O'Neil 3"


def test_an_empty_class_has_an_overview():
    assert "The class" in overview_html([])

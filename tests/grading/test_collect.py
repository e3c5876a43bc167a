"""Downloads of learning platforms, put in order: everybody found, nothing overwritten, doubts told."""

import csv
import io
import json
import os
import zipfile

import pytest
import tiny_course as tiny

from course_lib.grading.collect import collect, read_collected
from course_lib.grading.model import GradeError
from course_lib.grading.roster import as_moment, find_jobs, read_references

WORK = tiny.submission()
OTHER = tiny.submission(total="total = 1")
STUB = tiny.submission(square=tiny.STUB_SQUARE, total=tiny.STUB)


@pytest.fixture
def references(tmp_path):
    return read_references(tiny.write_course(tmp_path))


@pytest.fixture
def collected(tmp_path, references):
    """Collect a download that is given as {path: content}; returns what was done and the class's folder."""

    def run(files, into="submitted", **options):
        download = tmp_path / f"download-{len(list(tmp_path.iterdir()))}"
        for name, data in files.items():
            tiny.write(download / name, data)
        return collect(download, tmp_path / into, references, **options), tmp_path / into

    return run


def zipped(files):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, (2026, 11, 20, 22, 30, 0))
            archive.writestr(info, data if isinstance(data, bytes) else json.dumps(data))
    return raw.getvalue()


def students(into):
    return sorted(path.parents[1].name for path in into.glob("*/tiny/tiny.ipynb"))


MOODLE = "{}_{}_assignsubmission_file_/tiny.ipynb"
GRADESCOPE = """\
---
submission_1:
  :submitters:
  - :name: Ann Lee
    :sid: '77'
    :email: ann@example.org
  :created_at: 2026-11-21 01:00:00.000000000 Z
  :score: 0.0
submission_2:
  :submitters:
  - :name: Bob Ray
    :sid: '78'
    :email: bob@example.org
  :created_at: 2026-11-20 20:00:00.000000000 Z
"""


@pytest.mark.parametrize("wrapper", ["", "ps1-download/", "a/b/"])
def test_moodle(collected, wrapper):
    files = {
        wrapper + MOODLE.format(name, number): WORK for name, number in {"Ann Lee": 1, "Bob Ray": 2}.items()
    }
    done, into = collected(files)
    assert (students(into), done.taken, done.doubtful) == (["Ann Lee", "Bob Ray"], 2, [])
    assert [(row["id"], row["system"]) for row in read_collected(into)] == [("1", "moodle"), ("2", "moodle")]


def test_moodle_without_folders(collected):
    _, into = collected({f"Ann Lee_{n}_assignsubmission_file_tiny.ipynb": WORK for n in (1,)})
    assert students(into) == ["Ann Lee"]


def test_canvas_with_its_marks_for_late_ones(collected):
    done, into = collected(
        {
            "leeann_123_456_tiny.ipynb": WORK,
            "raybob_LATE_124_457_tiny-1.ipynb": WORK,
            "muller-ozil_125_458_tiny (2).ipynb": WORK,
        }
    )
    assert students(into) == ["leeann_123", "muller-ozil_125", "raybob_124"]
    assert done.late == ["raybob_124, tiny: marked late by Canvas"]


def test_gradescope_with_and_without_its_list_of_people(collected):
    files = {f"submission_{n}/tiny.ipynb": WORK for n in (1, 2)}
    deadline = as_moment("2026-11-20 23:59 UTC")
    done, into = collected({**files, "submission_metadata.yml": GRADESCOPE}, deadline=deadline)
    assert (students(into), done.doubtful) == (["Ann Lee", "Bob Ray"], [])
    assert done.late == ["Ann Lee, tiny: 1 h 1 min after the deadline"]
    assert [row["email"] for row in read_collected(into)] == ["ann@example.org", "bob@example.org"]
    assert students(collected(files, "bare")[1]) == ["submission_1", "submission_2"]


def test_flat_files_folders_and_zips(collected):
    done, into = collected(
        {
            "ann.ipynb": WORK,
            "bob_tiny.ipynb": WORK,
            "tiny-cleo.IPYNB": WORK,
            "dan/tiny.ipynb": WORK,
            "eve/tiny/answers.ipynb": WORK,
            "fay/work/final/tiny.ipynb.txt": WORK,
            "gus.zip": zipped({"inner/tiny.ipynb": WORK}),
            "hal/mine.zip": zipped({"../../x/tiny.ipynb": WORK}),
        }
    )
    assert students(into) == ["ann", "bob", "cleo", "dan", "eve", "fay", "gus", "hal"]
    assert done.doubtful == []
    assert not (into.parent / "x").exists()


def test_a_zip_keeps_when_each_came(tmp_path, references):
    download = tmp_path / "ps1.zip"
    download.write_bytes(zipped({MOODLE.format("Ann Lee", 1): WORK, MOODLE.format("Bob", 2): WORK}))
    done = collect(download, tmp_path / "class", references, as_moment("2026-11-20T22:00:00"))
    assert [line.partition(":")[2] for line in done.late] == [
        " 30 min after the deadline, by the time of its file"
    ] * 2
    jobs = find_jobs(tmp_path / "class", references)
    assert [as_moment(job.received) for job in jobs] == [as_moment("2026-11-20T22:30:00")] * 2


def test_of_several_the_latest_that_holds_answers_counts_and_the_others_are_told(
    collected, tmp_path, references
):
    download = tmp_path / "download"
    for number, (name, data) in enumerate(
        {"ann/tiny.ipynb": OTHER, "ann/tiny (1).ipynb": WORK, "ann/tiny-Copy1.ipynb": STUB}.items()
    ):
        os.utime(tiny.write(download / name, data), (10**9 + number,) * 2)
    tiny.write(download / "bob" / "tiny.ipynb", WORK)
    done = collect(download, tmp_path / "submitted", references)
    assert json.loads((tmp_path / "submitted" / "ann" / "tiny" / "tiny.ipynb").read_text()) == WORK
    assert sorted(line.split("; ")[1] for line in done.doubtful) == [
        "ann/tiny-Copy1.ipynb holds no answers: look whether that is right",
        "ann/tiny.ipynb is older: look whether that is right",
    ]


def test_nothing_is_overwritten(collected):
    collected({"ann/tiny.ipynb": WORK, "bob/tiny.ipynb": WORK})
    done, into = collected({"ann/tiny.ipynb": OTHER, "bob/tiny.ipynb": WORK})
    assert json.loads((into / "ann" / "tiny" / "tiny.ipynb").read_text()) == WORK
    assert done.taken == 0
    assert len(done.doubtful) == 1
    assert "is there already with other content and was kept" in done.doubtful[0]


def test_every_doubtful_entry_is_told_with_what_to_do(collected):
    done, into = collected(
        {
            "ann/tiny.ipynb": WORK,
            "bob/tiny.ipynb": "not JSON",
            "cleo/essay.pdf": b"%PDF",
            "dan/work.rar": b"Rar!",
            "eve/other.ipynb": tiny.notebook(tiny.code("1")),
            "fay/broken.zip": b"PK nothing",
            "tiny.ipynb": WORK,
        }
    )
    assert students(into) == ["ann", "bob"]
    assert {path.name for path in into.iterdir()} == {"ann", "bob", "cleo", "dan", "eve", ".collected.csv"}
    told = {"bob": "ask bob again", "cleo": "ask for the notebook", "dan": "unpack it", "eve": "--source"}
    told |= {"fay": "ask for the notebook", "tiny.ipynb": "put it into a folder with the student's name"}
    assert len(done.doubtful) == len(told)
    for who, advice in told.items():
        assert any(line.startswith(who) and advice in line for line in done.doubtful), who


def test_links_and_pipes_are_not_followed(collected, tmp_path, references):
    tiny.write(tmp_path / "download" / "ann" / "tiny.ipynb", WORK)
    (tmp_path / "download" / "bob").symlink_to(tmp_path / "download" / "ann")
    os.mkfifo(tmp_path / "download" / "cleo")
    done = collect(tmp_path / "download", tmp_path / "submitted", references)
    assert students(tmp_path / "submitted") == ["ann"]
    assert len(done.doubtful) == 2


def test_a_zip_that_swells_is_not_unpacked(collected):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(9):
            archive.writestr(f"{number}.ipynb", bytes(2**25))
    done, into = collected({"ann/tiny.ipynb": WORK, "bob/bomb.zip": bomb.getvalue()})
    assert students(into) == ["ann"]
    assert done.doubtful[0].startswith("bob/bomb.zip holds far more")


@pytest.mark.parametrize(
    "name", ["\x1b[31mann", "a\u202eb", "=1+1", "a;=1+1", "CON", "...", "x" * 200, "-rf"]
)
def test_names_are_made_safe(collected, name):
    _, into = collected({MOODLE.format(name, 1): WORK})
    (student,) = students(into)
    assert student.isprintable()
    assert not student.startswith((".", "-"))
    assert student != "CON"
    assert len(student) <= 80
    assert not set("=+@;\u202e") & set(student)


def test_namesakes_are_kept_apart(collected):
    done, into = collected({MOODLE.format("Ann Lee", 1): WORK, MOODLE.format("ann lee", 2): OTHER})
    assert students(into) == ["Ann Lee_1", "ann lee_2"]
    assert all("who is who" in line for line in done.doubtful)


def test_a_list_of_who_is_who_grows_with_each_download(collected):
    collected({MOODLE.format("Ann Lee", 1): WORK})
    _, into = collected({MOODLE.format("Bob", 2): WORK})
    rows = list(csv.DictReader(io.StringIO((into / ".collected.csv").read_text())))
    assert [row["name"] for row in rows] == ["Ann Lee", "Bob"]


def test_what_is_no_download(tmp_path, references):
    for name in ("gone", "text.txt"):
        (tmp_path / "text.txt").write_text("hello")
        with pytest.raises(GradeError):
            collect(tmp_path / name, tmp_path / "submitted", references)
    with pytest.raises(GradeError, match="in the download itself"):
        collect(tmp_path, tmp_path / "submitted", references)

"""An accident of the machine or of the grader never becomes a student's loss: it is tried again, or told."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import tiny_course as tiny

from course_lib.grading.batch import grade_batch
from course_lib.grading.cli import main
from course_lib.grading.sealed import forkserver
from course_lib.grading.submission import GraderFault, Sealer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


def make_class(folder, answers):
    """A course and a class; returns the folder of submissions and that of sources."""
    source = tiny.write_course(folder)
    for student, answer in answers.items():
        tiny.write(folder / "submitted" / student / "tiny" / "tiny.ipynb", tiny.submission(square=answer))
    return folder / "submitted", source


def honest(count):
    return {f"s{number:02}": f"{tiny.SQUARE}# {number}\n" for number in range(count)}


def graded(course, out, **options):
    records = grade_batch(course[0], out, source=course[1], workers=2, say=lambda line: None, **options)
    return {record["student"]: record for record in records}


def start_batch(course, out):
    command = [
        sys.executable,
        "-m",
        "course_lib.grading",
        "batch",
        str(course[0]),
        "--source",
        str(course[1]),
    ]
    return subprocess.Popen(
        [*command, "--out", str(out), "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def descendants(root):
    """Every process below `root`, with its command line."""
    parents, lines = {}, {}
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/stat") as stat, open(f"/proc/{number}/cmdline") as line:
                parents[int(number)] = int(stat.read().rsplit(")", 1)[1].split()[1])
                lines[int(number)] = line.read()
        except OSError:
            continue
    found, todo = {}, [root]
    while todo:
        parent = todo.pop()
        below = [number for number, above in parents.items() if above == parent]
        found |= {number: lines[number] for number in below}
        todo += below
    return found


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def points(out):
    lines = (out / "grades.csv").read_text().splitlines()[1:]
    return {line.split(",")[0]: (line.split(",")[3], float(line.split(",")[4])) for line in lines}


@pytest.mark.parametrize("server", ["sealed.worker", "serve_kernels"])
def test_a_server_that_is_killed_costs_nobody_a_point(tmp_path, server):
    course, out = make_class(tmp_path, honest(12)), tmp_path / "out"
    batch = start_batch(course, out)
    while len(list(out.glob(".graded/*.json"))) < 2:
        assert batch.poll() is None
        time.sleep(0.01)
    victims = [number for number, line in descendants(batch.pid).items() if server in line]
    os.kill(min(victims), signal.SIGKILL)  # the server itself is the oldest
    _, error = batch.communicate(timeout=120)
    assert batch.returncode == 0, error
    assert set(points(out).values()) == {("graded", 10.0)}


def test_killing_any_process_at_random_changes_no_result(tmp_path):
    course = make_class(tmp_path, honest(24))
    calm, hit, chance = tmp_path / "calm", tmp_path / "hit", random.Random(0)
    assert start_batch(course, calm).wait(120) == 0
    kills = 0
    for _ in range(20):
        batch = start_batch(course, hit)
        while batch.poll() is None:
            time.sleep(chance.uniform(0.1, 0.5))
            if kills < 15 and (below := list(descendants(batch.pid))):
                try:
                    os.kill(chance.choice(below), signal.SIGKILL)
                    kills += 1
                except ProcessLookupError:
                    continue
        batch.communicate()
        assert batch.returncode in (0, 2, 3)  # 2: a server was killed before anybody was graded
        if batch.returncode == 0:
            break
    assert kills >= 5
    assert contents(hit) == contents(calm)


FATAL = {
    "a signal of its own": "import os\ndef square(x):\n    os.kill(os.getpid(), 9)\n    return 0",
    "a raised signal": "import signal\ndef square(x):\n    signal.raise_signal(signal.SIGKILL)\n    return 0",
    "the line is cut": """
import os, socket
def square(x):
    for number in range(3, 64):
        try:
            socket.socket(fileno=os.dup(number)).shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
    return 0
""",
    "the line is closed": "import os\ndef square(x):\n    os.closerange(3, 64)\n    return 0",
}


def test_an_answer_that_always_ends_its_process_is_graded_in_the_end(tmp_path):
    records = graded(make_class(tmp_path, FATAL), tmp_path / "out")
    assert {name: (record["status"], record["points"]) for name, record in records.items()} == dict.fromkeys(
        FATAL, ("graded", 4)
    )


def test_what_had_too_little_of_the_processor_is_run_again_alone(tmp_path):
    slow = "import time\ndef square(x):\n    time.sleep(0.9)\n    return x * x"  # thrice, within 2 s
    busy = "def square(x):\n    while True: pass"
    records = graded(make_class(tmp_path, {"slow": slow, "busy": busy}), tmp_path / "out")
    assert {name: record["points"] for name, record in records.items()} == {"slow": 10, "busy": 4}


def test_whom_the_grader_cannot_finish_is_named_and_not_kept(tmp_path, monkeypatch, capsys):
    course, out = make_class(tmp_path, honest(3)), tmp_path / "out"
    grade = Sealer.grade

    def sick(self, reference, submission, seed, last=False):
        if "# 1\n" in submission.answers()["square"]:
            raise GraderFault("no room for one process more")
        return grade(self, reference, submission, seed, last)

    monkeypatch.setattr(Sealer, "grade", sick)
    command = ["batch", str(course[0]), "--source", str(course[1]), "--out", str(out)]
    assert main(command) == 3
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == (
        "grade: 1 submission could not be graded, through no fault of the students: s01 tiny. "
        "What is done is kept: run this again"
    )
    assert points(out)["s01"] == ("error", 0)
    assert len(list(out.glob(".graded/*.json"))) == 2
    monkeypatch.undo()
    assert main(command) == 0
    assert points(out)["s01"] == ("graded", 10)


@pytest.mark.parametrize(
    "kept", ["null", "{}", "[]", '{"points": 10}', "", "{", '{"checks": [], "points": 9}']
)
def test_a_kept_result_that_is_not_whole_is_made_again(tmp_path, kept):
    course, out = make_class(tmp_path, honest(1)), tmp_path / "out"
    before = graded(course, out)
    (file,) = out.glob(".graded/*.json")
    file.write_text(kept)
    assert graded(course, out) == before


def test_a_server_survives_a_fork_that_fails(monkeypatch):
    control, theirs = socket.socketpair()
    fork, failures = os.fork, [OSError(11, "Resource temporarily unavailable")]
    monkeypatch.setattr(forkserver.signal, "signal", lambda *_: None)  # not in a thread
    monkeypatch.setattr(forkserver.gc, "freeze", lambda: None)

    def scarce():
        if failures:
            raise failures.pop()
        return fork()

    monkeypatch.setattr(os, "fork", scarce)
    server = threading.Thread(
        target=forkserver.serve, args=(theirs, lambda connection: connection.send(b"!"))
    )
    server.start()
    with forkserver.request_child(control) as first, forkserver.request_child(control) as second:
        assert (first.recv(1), second.recv(1)) == (b"", b"!")
    control.close()
    server.join(20)
    assert not server.is_alive()

"""The untrusted side: what crosses, what does not, and what an answer is kept from."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import tiny_course as tiny
from hypothesis import given
from hypothesis import strategies as st

from course_lib.grading import merge, proxy
from course_lib.grading.checks.kit import CheckFailed
from course_lib.grading.model import parse_notebook
from course_lib.grading.sealed.codec import (
    MAX_FRAME,
    MAX_ITEMS,
    Channel,
    ChannelClosed,
    CodecError,
    decode,
    encode,
)
from course_lib.grading.sealed.isolation import refused_calls
from course_lib.grading.submission import PACKAGE, Sealer

PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.fractions()
    | st.text()
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)
DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]


@given(VALUES)
def test_what_crosses_is_exactly_what_was_sent(value):
    got = decode(json.loads(json.dumps(encode(value))))
    assert repr(got) == repr(value)  # types, -0.0 and nan included


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3, 1)])
def test_arrays_cross_with_dtype_shape_and_bytes(dtype, shape):
    value = np.random.default_rng(0).normal(size=shape).astype(dtype)
    got = decode(json.loads(json.dumps(encode(np.asarray(value)))))
    assert (type(got), got.dtype, got.shape) == (np.ndarray, np.dtype(dtype), shape)
    np.testing.assert_array_equal(got, value)
    got[...] = 0  # writable, as an argument must be


@pytest.mark.parametrize("dtype", DTYPES)
def test_scalars_stay_scalars(dtype):
    value = np.ones(1, dtype)[0]
    got = decode(json.loads(json.dumps(encode(value))))
    assert (type(got), got) == (type(value), value)


class FloatLike(float):
    pass


class ListLike(list):
    pass


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        FloatLike(1),
        ListLike(),
        [FloatLike(1)],
        {1: ListLike()},
        {1, 2},
        object(),
        len,
        iter([]),
        np.random.default_rng(0),
        np.array([object()]),
        np.array(["text"]),
        np.ma.array([1.0]),
        np.longdouble(1),
        10**4001,
        nested(100),
    ],
    ids=lambda value: type(value).__name__,
)
def test_nothing_else_crosses(value):
    with pytest.raises(CodecError):
        encode(value)


@pytest.mark.parametrize(
    "message",
    [
        {"tuple": 1},
        {"nothing": []},
        {"tuple": [], "dict": []},
        {"dict": [[[], 1]]},
        {"dict": [[1]]},
        {"complex": [1, 2]},
        {"fraction": [1.0, 2]},
        {"fraction": [1, 0]},
        {"numpy": ["O", [1], ""]},
        {"numpy": ["<f8", [2], "AAAAAAAAAAA="]},
        {"numpy": ["<f8", [-1], "AAAAAAAAAAA="]},
        {"numpy": ["<f8", [True], "AAAAAAAAAAA="]},
        {"numpy": ["<f8", None, "?"]},
        {"numpy": ["<f8", [10**9, 10**9], ""]},
    ],
    ids=str,
)
def test_forged_messages_are_refused(message):
    with pytest.raises(CodecError):
        decode(message)


@pytest.mark.parametrize(
    "raw",
    [
        b"\0\0\0\2{]",
        b"\xff\xff\xff\xff",
        b"\0\1\0\0" + b"[" * 2**16,
        (MAX_FRAME + 1).to_bytes(4),
        (3 * MAX_ITEMS + 6).to_bytes(4) + b"[" + b"[]," * (MAX_ITEMS + 1) + b"[]",
    ],
    ids=["no JSON", "endless", "deep", "too long", "too many"],
)
def test_channels_refuse_what_is_no_message(raw):
    ours, theirs = socket.socketpair()
    with theirs:
        sender = threading.Thread(target=theirs.sendall, args=(raw,))
        sender.start()
        with pytest.raises(CodecError):
            Channel(ours).receive()
        sender.join()
    ours.close()


def test_channels_notice_the_end():
    ours, theirs = socket.socketpair()
    theirs.sendall(b"\0\0")
    theirs.close()
    with pytest.raises(ChannelClosed):
        Channel(ours).receive()
    ours.close()


def test_merging_takes_answers_and_nothing_else():
    reference = parse_notebook(json.dumps(tiny.source()).encode(), "tiny", "tiny")
    mine = tiny.submission(square="mine")
    mine["cells"][0]["source"] = "evil"
    mine["cells"][3]["source"] = "evil"
    mine["metadata"] = {"kernelspec": {"name": "evil"}}
    plan = merge.plan(reference, parse_notebook(json.dumps(mine).encode(), "tiny", "tiny"))
    trusted = json.dumps(plan.notebook)
    assert "evil" not in trusted + json.dumps(plan.steps)
    assert "mine" not in trusted
    assert "SOLUTION" not in trusted + json.dumps(plan.steps)
    assert [step.get("source") for step in plan.steps if step.get("id") == "square"] == ["mine"]


# --- a real worker --------------------------------------------------------------------------------------

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="sealed grading needs Linux or macOS")


@pytest.fixture(scope="module")
def sealer(tmp_path_factory):
    tmp_path_factory.getbasetemp()  # before the sealer points temporary files to a folder of its own
    reference = parse_notebook(json.dumps(tiny.source()).encode(), "tiny", "tiny")
    with Sealer({"tiny": reference}) as sealer:
        yield sealer


def answers(sealer, source, names):
    """Run one answer cell in a worker and return the bound names."""
    control = socket.socket(fileno=os.dup(int(sealer._environment[proxy.CONTROL_VARIABLE])))
    steps = [
        {"do": "set-up", "index": 0, "source": merge.set_up_cells(sealer.references["tiny"])[0]},
        {"do": "define", "id": "answer", "source": source, "names": names},
    ]
    space = {}
    plan = {"setups": "tiny", "seed": 1, "steps": steps, "verdict": os.devnull, "last": False}
    proxy.Answers(plan, control, space).define("answer")
    return space


@needs_fork
def test_functions_and_values_come_back(sealer):
    source = "value = np.arange(LIMIT)[:3]\ndef f(a, *, b=1):\n    return a + b"
    space = answers(sealer, source, ["value", "f", "gone"])
    assert space["value"].tolist() == [0, 1, 2]
    assert space["f"].__name__ == "f"
    assert space["f"](1) == 2
    assert space["f"](np.ones(2), b=2).tolist() == [3, 3]
    assert "gone" not in space


@needs_fork
def test_errors_come_back_as_the_nearest_builtin(sealer):
    space = answers(
        sealer,
        "class Mine(ValueError): pass\n"
        "def f(kind):\n"
        "    raise {'mine': Mine, 'exit': SystemExit, 'stub': NotImplementedError}[kind]('so')\n",
        ["f"],
    )
    with pytest.raises(ValueError, match=r"Mine: so \(line 3 of the answer cell\)"):
        space["f"]("mine")
    with pytest.raises(RuntimeError, match="SystemExit: so"):
        space["f"]("exit")
    with pytest.raises(NotImplementedError):
        space["f"]("stub")


@needs_fork
def test_a_dead_worker_is_replaced_and_knows_all_answers(sealer):
    space = answers(sealer, "import os\nn = 7\ndef f(die):\n    return os._exit(1) if die else n", ["f"])
    with pytest.raises(CheckFailed, match="ended its own process"):
        space["f"](True)
    assert space["f"](False) == 7


@needs_fork
def test_global_random_state_is_the_same_each_time(sealer):
    source = "import random\nvalue = [random.random(), float(np.random.random())]"
    assert answers(sealer, source, ["value"]) == answers(sealer, source, ["value"])


@needs_fork
def test_a_worker_takes_its_folder_with_it(sealer):
    source = "import os\nopen('left', 'w').close()\nhere = os.getcwd()\ndef f(): pass"
    space = answers(sealer, source, ["here", "f"])
    folder = Path(space["here"])
    assert folder.is_dir()
    space["f"]._answers._hang_up()
    deadline = time.monotonic() + 20
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not folder.exists()


SPY = """\
import os, socket, subprocess, sys, threading

def attempt(action):
    try:
        action()
    except BaseException as error:
        return type(error).__name__
    return "allowed"

def scrubbed():
    assert not {name for name in os.environ if "COURSE" in name or "TOKEN" in name}
    assert not {name for name in sys.modules if name.startswith("course_lib")}

def shared():
    import ctypes
    if ctypes.CDLL(None).shmget(0, 4096, 0o1600) < 0:
        raise OSError("no shared memory")

result = {
    "files": [attempt(lambda p=p: open(p).read()) for p in FILES]
    + [attempt(lambda p=p: os.listdir(p)) for p in FOLDERS],
    "network": [attempt(lambda: socket.create_connection(("127.0.0.1", PORT), 1)),
                attempt(lambda: socket.create_connection(("1.1.1.1", 53), 1))],
    "processes": [attempt(os.fork), attempt(lambda: os.kill(PARENT, 0)),
                  attempt(lambda: os.kill(os.getppid(), 9)),
                  attempt(lambda: subprocess.run(["true"]))],
    "limits": [attempt(lambda: bytearray(8 * 2**30)), attempt(lambda: open("big", "wb").write(bytes(2**25)))],
    "shared memory": [attempt(shared), attempt(lambda: os.memfd_create("m"))],
    "write": [attempt(lambda p=p: open(p, "w").close()) for p in WRITE],
}
own = [attempt(lambda: open("small", "w").write("x")), attempt(lambda: __import__("json.tool")),
       attempt(scrubbed), attempt(lambda: threading.Thread(target=len, args=("",)).start())]
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the layers are Linux's")
def test_an_answer_is_kept_from_what_is_not_its_own(sealer, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    with socket.create_server(("127.0.0.1", 0)) as server:
        spots = {
            "FILES": [
                str(PACKAGE / "entropy.py"),
                str(PACKAGE / "grading" / "checks" / "kit.py"),
                "/etc/shadow",
            ],
            "FOLDERS": [str(PACKAGE.parent / "exercises" / "source"), "/tmp"],
            "WRITE": ["/tmp/forged", str(secret), "/dev/shm/forged"],
            "PORT": server.getsockname()[1],
            "PARENT": os.getpid(),
        }
        preface = "".join(f"{name} = {value!r}\n" for name, value in spots.items())
        space = answers(sealer, preface + SPY, ["result", "own"])
    assert space["own"] == ["allowed"] * 4
    for what, held in sealer.isolation.items():
        if held is True:
            assert "allowed" not in space["result"][what], (what, space["result"][what])
    if sealer.isolation["files"]:
        assert "allowed" not in space["result"]["write"]
    if "seccomp" in sealer.isolation["layers"]:
        assert "allowed" not in space["result"]["shared memory"]
    assert sealer.isolation["limits"]


CALLS = """
import ctypes, errno, fcntl, os, resource
libc = ctypes.CDLL(None, use_errno=True)

def refused(number, *arguments):
    ctypes.set_errno(0)
    return libc.syscall(number, *arguments) == -1 and ctypes.get_errno() == errno.EAGAIN

def attempt(action):
    try:
        action()
    except BlockingIOError:
        return "refused"
    return "allowed"

through = [name for name, number in NUMBERS.items() if not refused(number, -1, -1, -1, -1, -1)]
signals = [attempt(lambda: fcntl.fcntl(0, command, os.getpid())) for command in (8, 10, 15)]
limits = attempt(lambda: resource.prlimit(os.getpid(), resource.RLIMIT_CPU))
own = [attempt(lambda: fcntl.fcntl(0, 3)), attempt(lambda: resource.getrlimit(resource.RLIMIT_CPU))]
"""


@needs_fork
def test_no_refused_system_call_comes_through(sealer):
    if "seccomp" not in sealer.isolation["layers"]:
        pytest.skip("this system filters no system calls")
    source = f"NUMBERS = {refused_calls(os.uname().machine)!r}" + CALLS
    space = answers(sealer, source, ["through", "signals", "limits", "own"])
    assert space["through"] == []
    assert (space["signals"], space["limits"]) == (["refused"] * 3, "refused")
    assert space["own"] == ["allowed"] * 2


MOUNTS_ALONE = """\
import os, sys
sys.path.insert(0, sys.argv[1])
from sealed import isolation

def attempt(action):
    try:
        action()
    except OSError:
        return "refused"
    return "allowed"

held, work, secret, other = isolation.Isolation(), *sys.argv[2:]
if not isolation.enter_namespaces(held):
    sys.exit(77)
if os.fork() == 0:
    isolation.mount_private(work, [os.path.dirname(secret)], held)
    print(held.files, attempt(lambda: open(secret)), attempt(lambda: open(other, "w")),
          attempt(lambda: open(work + "/mine", "w")), flush=True)
    os._exit(0)
os.wait()
print(attempt(lambda: open(other, "w")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the layers are Linux's")
def test_mounts_alone_hide_secrets_and_let_nothing_be_written(tmp_path):
    """A system may be without Landlock; what the grader claims must hold there too."""
    for name in ("work", "secrets"):
        (tmp_path / name).mkdir()
    secret, other = tmp_path / "secrets" / "plan.json", tmp_path / "other"
    secret.touch()
    paths = [str(PACKAGE / "grading"), str(tmp_path / "work"), str(secret), str(other)]
    done = subprocess.run([sys.executable, "-c", MOUNTS_ALONE, *paths], capture_output=True, text=True)
    if done.returncode == 77 or done.stdout.startswith("False"):
        pytest.skip("namespaces or read-only mounts are not allowed here, and so nothing is claimed")
    assert done.stdout.split() == ["True", "refused", "refused", "allowed", "allowed"], done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the layers are Linux's")
def test_a_folder_within_a_hidden_one_needs_no_mount_of_its_own(sealer):
    hidden = [PACKAGE.parent / "exercises" / "source"]
    with Sealer(sealer.references, hidden) as other:
        assert other.isolation["layers"] == sealer.isolation["layers"]


@needs_fork
def test_a_worker_cannot_see_the_runs_own_files(sealer):
    own = os.environ["IPYTHONDIR"]
    source = f"import os\ntry:\n    seen = os.listdir({own!r})\nexcept OSError:\n    seen = []"
    if sealer.isolation["files"]:
        assert answers(sealer, source, ["seen"])["seen"] == []

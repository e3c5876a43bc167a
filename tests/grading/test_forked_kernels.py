"""Forked kernels: what a notebook's cell can do in one, how it ends, and what nbval is told."""

import os
import subprocess
import sys
import time
from queue import Empty

import pytest

from course_lib.grading.kernels import KernelServer, supported

pytestmark = pytest.mark.skipif(not supported(), reason="kernels are forked on Linux alone")


@pytest.fixture(scope="module")
def servers():
    """A server of kernels with IPython and one without, by name."""
    both = {
        kind: KernelServer([], env=dict(os.environ), ipython=kind == "ipython")
        for kind in ("ipython", "plain")
    }
    yield both
    for server in both.values():
        server.close()


@pytest.fixture(params=["ipython", "plain"])
def kernel(servers, request, tmp_path):
    kernel = servers[request.param].start("python3", str(tmp_path))
    yield kernel
    kernel.stop()


@pytest.fixture
def notebook(servers, tmp_path):
    kernel = servers["ipython"].start("python3", str(tmp_path))
    yield kernel
    kernel.stop()


def run(kernel, source, timeout=20):
    kernel.execute_cell_input(source)
    return kernel.get_shell_msg(timeout)["content"]


def test_names_last_from_cell_to_cell(kernel, tmp_path):
    assert run(kernel, "import os\na = 1")["status"] == "ok"
    assert (
        run(kernel, f"assert (a, __name__, os.getcwd()) == (1, '__main__', {str(tmp_path)!r})")["status"]
        == "ok"
    )


def test_an_error_is_told_by_name_text_and_the_line_of_the_cell(kernel):
    reply = run(kernel, "import json\n\njson.loads('{')\n")
    assert (reply["status"], reply["ename"]) == ("error", "JSONDecodeError")
    assert reply["evalue"].startswith("Expecting property name")
    assert reply["traceback"] == ["Cell In[1], line 3"]
    assert run(kernel, "def f(:")["ename"] == "SyntaxError"
    assert (
        run(kernel, "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E")["evalue"] == ""
    )
    assert run(kernel, "raise SystemExit")["ename"] == "SystemExit"
    assert run(kernel, "1 + 1")["status"] == "ok"


def test_nbval_hears_of_the_error_and_of_the_end(kernel):
    name = kernel.execute_cell_input("1 / 0")
    kinds = [kernel.get_message("iopub", 20)["msg_type"] for _ in range(2)]
    assert kinds == ["error", "status"]
    name = kernel.execute_cell_input("1")
    kernel.await_reply(name, 20)
    kernel.await_idle(name, 20)


def test_a_cell_is_interrupted_and_the_next_one_runs(kernel):
    kernel.execute_cell_input("a = 7\nwhile True:\n    pass")
    with pytest.raises(Empty):
        kernel.get_shell_msg(0.3)
    kernel.interrupt()
    reply = kernel.get_shell_msg(20)["content"]
    assert reply["ename"] == "KeyboardInterrupt"
    assert reply["traceback"][0] in ("Cell In[1], line 2", "Cell In[1], line 3")
    kernel.interrupt()  # between cells it is ignored
    assert run(kernel, "assert a == 7")["status"] == "ok"


def test_a_death_is_noticed_at_once_whoever_holds_the_socket(kernel):
    assert kernel.is_alive()
    kernel.execute_cell_input("import os, time\nif os.fork():\n    os._exit(1)\ntime.sleep(3)\nos._exit(0)")
    started = time.monotonic()
    while kernel.is_alive():
        time.sleep(0.01)
    assert time.monotonic() - started < 2
    kernel.execute_cell_input("1")
    with pytest.raises(Empty):
        kernel.get_shell_msg(20)


@pytest.mark.parametrize(
    "source",
    [
        "%timeit -n1 -r1 1",
        "%%time\nx = 1",
        "files = !ls",
        "get_ipython().run_line_magic('pwd', '')",
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "import asyncio\nawait asyncio.sleep(0)",
        "from IPython.display import HTML\ndisplay(HTML('<b>'))",
        "import pickle\nclass Own: pass\nassert type(pickle.loads(pickle.dumps(Own()))) is Own",
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass D: a: int",
        "import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()",
        "import subprocess\nassert subprocess.run(['true']).returncode == 0",
        "print('x' * 2**24)",
    ],
)
def test_a_notebook_may_do_what_notebooks_do(notebook, source):
    assert run(notebook, source) == {"status": "ok", "payload": []}


def test_exit_ends_the_kernel_after_its_cell(notebook):
    reply = run(notebook, "exit()\na = 1")
    assert (reply["status"], reply["payload"]) == ("ok", [{"source": "ask_exit"}])


CLIENT = """\
import os, sys, time
from course_lib.grading.kernels import KernelServer
server = KernelServer([], env=dict(os.environ))
kernel = server.start("python3", ".")
kernel.execute_cell_input("while True: pass")
print(kernel._pid, flush=True)
time.sleep(60)
"""


def test_a_kernel_ends_when_nobody_is_left_to_use_it(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", CLIENT], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    pid = int(process.stdout.readline())
    os.kill(pid, 0)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 20
    while os.path.exists(f"/proc/{pid}"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_nbval_gets_its_own_kernels_back(servers):
    import nbval.plugin

    own = nbval.plugin.RunningKernel
    with servers["plain"].for_nbval():
        assert nbval.plugin.RunningKernel is not own
    assert nbval.plugin.RunningKernel is own

"""Kernels for nbval that start in milliseconds: forked from a process with all that they need.

nbval asks `RunningKernel` for a kernel and talks to it by messages. `Kernel` offers the same few methods over
one socket to a forked process that runs each cell and answers with what Jupyter would: a status, and of an
error its name, text and line. A learner's notebook runs in IPython, so that magics work; the checks of
a submission, which are the course's own, run without it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import Empty
from typing import Any

from .sealed.codec import Channel, ChannelClosed
from .sealed.forkserver import ForkServer, first_connection, request_child, serve

__all__ = ["Kernel", "KernelServer", "serve_kernels", "supported"]

Run = Callable[[str], dict[str, Any]]

MAX_TEXT = 10_000  # characters of an error's text that are passed on
STARTUP = 60.0  # seconds


def supported() -> bool:
    """Return whether kernels can be forked here; elsewhere nbval starts them in the ordinary way."""
    return sys.platform == "linux"


class KernelServer:
    """Starts the process from which kernels are forked.

    Parameters
    ----------
    preload
        Modules that the notebooks will import; "module:NAME" stands for those that a tuple in it names. What
        cannot be imported is left to the notebook.
    env
        The server's environment.
    inherit
        Descriptors that every kernel keeps open.
    ipython
        Whether cells run in IPython.
    rehearsal
        Cells of the course's own, by notebook, that are run ahead of all others: what they import, compile or
        compute once is then there in every kernel.
    """

    def __init__(
        self,
        preload: Sequence[str],
        *,
        env: dict[str, str],
        inherit: Sequence[int] = (),
        ipython: bool = True,
        rehearsal: Sequence[Sequence[str]] = (),
    ) -> None:
        code = "import sys; from course_lib.grading.kernels import serve_kernels as s; s(*sys.argv[1:])"
        kind = "ipython" if ipython else "plain"
        self._server = ForkServer(
            [sys.executable, "-c", code, kind, ",".join(preload)], env=env, inherit=inherit
        )
        first = Channel(request_child(self._server.control))
        first.send([list(cells) for cells in rehearsal])
        first.close()

    @contextlib.contextmanager
    def for_nbval(self) -> Iterator[None]:
        """Have nbval take its kernels from here for a while."""
        import nbval.plugin

        own = nbval.plugin.RunningKernel
        nbval.plugin.RunningKernel = self.start
        try:
            yield
        finally:
            nbval.plugin.RunningKernel = own

    def start(self, name: str, cwd: str, startup_timeout: float = STARTUP) -> Kernel:
        """Return a new kernel; the parameters are those of nbval's own, and `name` is not looked at."""
        channel = Channel(request_child(self._server.control))
        channel.send({"cwd": cwd, "env": dict(os.environ)})
        if not channel.ready(startup_timeout):
            raise RuntimeError("the kernel did not start")
        return Kernel(channel, channel.receive()["pid"])

    def lives(self) -> bool:
        """Return whether the server still runs."""
        return self._server.lives()

    def close(self) -> None:
        """End the server."""
        self._server.close()


class Kernel:
    """A running kernel, with the methods that nbval calls."""

    language = "python"

    def __init__(self, channel: Channel, pid: int) -> None:
        self._channel, self._pid = channel, pid
        self._alive, self._count = True, 0
        self._messages: deque[dict[str, Any]] = deque()
        self.kc = self  # nbval's kernel has a client; here both are one

    def execute_cell_input(self, source: str, allow_stdin: bool | None = None) -> str:
        """Begin to run a cell and return the identifier that its messages will carry."""
        self._count += 1
        with contextlib.suppress(ChannelClosed):
            self._channel.send({"source": source})
        return str(self._count)

    def get_shell_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """Return the reply to a cell that has ended, or raise Empty after `timeout` seconds."""
        try:
            if not self._channel.ready(timeout):
                raise Empty
            content = self._channel.receive()
        except ChannelClosed:
            self._alive = False
            raise Empty from None
        if content["status"] == "error":
            self._messages.append(self._message("error", content))
        self._messages.append(self._message("status", {"execution_state": "idle"}))
        return self._message("execute_reply", content)

    def get_iopub_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """Return the next message about a cell: its error, if it had one, then that it has ended."""
        if not self._messages:
            self.get_shell_msg(timeout)
        return self._messages.popleft()

    def get_message(self, stream: str, timeout: float | None = None) -> dict[str, Any]:
        """Return the next message of a stream, "shell" or "iopub"."""
        return (self.get_shell_msg if stream == "shell" else self.get_iopub_msg)(timeout)

    def await_reply(self, msg_id: str, timeout: float | None = None) -> None:
        """Wait for the reply to a cell."""
        while self.get_message("shell", timeout)["parent_header"]["msg_id"] != msg_id:
            pass

    def await_idle(self, msg_id: str, timeout: float | None = None) -> None:
        """Read messages up to the end of a cell."""
        while self.get_message("iopub", timeout)["msg_type"] != "status":
            pass

    def is_alive(self) -> bool:
        """Return whether the process lives, whoever else may hold its socket."""
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            self._alive = False
        return self._alive

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the cell that runs."""
        self._signal(signal.SIGINT)

    def stop(self) -> None:
        """End the process."""
        self._signal(signal.SIGKILL)
        self._alive = False
        self._channel.close()

    def _signal(self, number: int) -> None:
        if self._alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def _message(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        return {"msg_type": kind, "parent_header": {"msg_id": str(self._count)}, "content": content}


# --- in the server, and in each kernel ------------------------------------------------------------------


def serve_kernels(kind: str, preload: str, control: str) -> None:
    """Be the server: import, then fork a kernel for each request."""
    start = _ipython if kind == "ipython" else _plain
    late = ("IPython.core.interactiveshell", "IPython.core.completerlib") if kind == "ipython" else ()
    for name in (*late, *filter(None, preload.split(","))):
        with contextlib.suppress(Exception):
            _import(name)
    control_socket = socket.socket(fileno=int(control))
    for cells in Channel(first_connection(control_socket)).receive():
        _rehearse(cells)
    serve(control_socket, lambda connection: _be_kernel(connection, start))


def _rehearse(cells: Sequence[str]) -> None:
    """Run a notebook's cells and forget what they define."""
    run = _plain()
    for source in cells:
        run(source)
    gc.collect()


def _import(name: str) -> None:
    """Import a module; of "module:NAME", the modules that this tuple in it names."""
    module, _, attribute = name.partition(":")
    found = importlib.import_module(module)
    for further in getattr(found, attribute) if attribute else ():
        importlib.import_module(further)


def _be_kernel(connection: socket.socket, start: Callable[[], Run]) -> None:
    """Run cells for as long as somebody asks for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setsid()
    channel = Channel(connection)
    request = channel.receive()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    channel.send({"pid": os.getpid()})
    run = start()
    with contextlib.suppress(ChannelClosed):
        while True:
            channel.send(_interruptible(run, channel.receive()["source"]))


def _end_with(connection: socket.socket) -> None:
    """End this kernel as soon as nobody is left who could use it, whatever its cell is doing."""
    poll = select.poll()
    poll.register(connection, select.POLLHUP)
    poll.poll()
    os._exit(0)


def _interruptible(run: Run, source: str) -> dict[str, Any]:
    """Run a cell that a signal may stop; between cells the signal is ignored."""
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return run(source)
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt as error:  # it came while the reply was made
        return _reply(error)


def _plain() -> Run:
    """Return what runs cells of plain Python."""
    space: dict[str, Any] = {"__name__": "__main__"}

    def run(source: str) -> dict[str, Any]:
        try:
            exec(compile(source, "<cell>", "exec"), space)
        except BaseException as error:
            return _reply(error)
        return _reply(None)

    return run


def _ipython() -> Run:
    """Return what runs cells as a notebook does, with magics, display and top-level await."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Shell(InteractiveShell):
        """IPython without a terminal: it shows no traceback, and exit() ends the kernel after its cell."""

        def ask_exit(self) -> None:
            self.exit_now = True

        def enable_gui(self, gui: str | None = None) -> None:
            """Figures need no window here."""

        def _showtraceback(self, *_: Any) -> None:
            pass

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    config.InteractiveShell.xmode = "Minimal"
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    shell = Shell.instance(config=config)

    def run(source: str) -> dict[str, Any]:
        done = shell.run_cell(source)
        error = done.error_before_exec or done.error_in_exec
        return _reply(error) | {"payload": [{"source": "ask_exit"}] if shell.exit_now else []}

    return run


def _reply(error: BaseException | None) -> dict[str, Any]:
    """Return what Jupyter replies to a cell that ended so."""
    if error is None:
        return {"status": "ok"}
    try:
        text = str(error)[:MAX_TEXT]
    except BaseException:
        text = ""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if _is_cell(frame.filename)]
    said = [f"Cell In[1], line {lines[-1]}"] if lines else []
    return {"status": "error", "ename": type(error).__name__, "evalue": text, "traceback": said}


def _is_cell(filename: str) -> bool:
    return filename == "<cell>" or filename.startswith("<ipython-input-")

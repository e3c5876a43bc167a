"""The process in which answers run: it defines them, calls them and sends back plain data.

Life of a worker: the fork server has run the course's own set-up cells; a guard is forked and enters new
namespaces; the guard forks the worker, which gives up its privileges and only then sees the first answer.
When the trusted side stops sending, the guard interrupts the worker, which may then say where it was; when it
hangs up, the guard kills the worker and all that it may have started.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import gc
import inspect
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy

from . import forkserver, isolation
from .codec import Channel, ChannelClosed, CodecError, decode, encode

__all__ = ["main"]

COURSE = "course_lib"
LAST_WORDS = 400  # ms in which a worker that was interrupted may still answer
FIRST_UID = 1_900_000_000  # far above every real account
_MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)


def main(control: int, hidden: str) -> None:
    """Serve workers. The first connection brings the set-up cells of every notebook, the others are workers.

    Parameters
    ----------
    control
        The descriptor on which requests arrive.
    hidden
        JSON list of the folders that no answer may read.
    """
    control_socket = socket.socket(fileno=control)
    setups = Channel(forkserver.first_connection(control_socket)).receive()
    prepared = {key: _prepare(cells) for key, cells in setups.items()}
    _forget_course()
    folders = [path for path in json.loads(hidden) if os.path.isdir(path)]
    forkserver.serve(control_socket, lambda connection: _guard(connection, prepared, folders))


# --- set-up cells: the course's own code, run before anything is given up -------------------------------


def _prepare(cells: list[str]) -> list[dict[str, Any] | None]:
    """Run each set-up cell and return the names that it binds; None where it needs an answer first."""
    space, bound = {"__name__": "__main__"}, []
    for source in cells:
        before = dict(space)
        try:
            with _checks_out_of_reach():
                exec(compile(_without_magics(source), "<set-up>", "exec"), space)
        except Exception:
            bound.append(None)
            continue
        bound.append({name: value for name, value in space.items() if before.get(name, bound) is not value})
    return bound


@contextlib.contextmanager
def _checks_out_of_reach() -> Iterator[None]:
    """Let set-up cells import the checks by name, and get modules in which nothing is to be found."""
    finder = _Finder(f"{COURSE}.grading", _Nothing)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Nothing(ModuleType):
    """A module that has every name, each of them as empty as itself, and callable to no effect."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing(name)

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing."""


class _Finder:
    """An import hook for `prefix` and what lies below it: `make(name)` gives the module or raises."""

    def __init__(self, prefix: str, make: Any) -> None:
        self.prefix, self.make = prefix, make

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != self.prefix and not name.startswith(self.prefix + "."):
            return None
        from importlib.machinery import ModuleSpec

        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: Any) -> ModuleType:
        return self.make(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to run."""


def _refuse(name: str) -> ModuleType:
    raise ImportError(
        f"an answer may not import {COURSE}: it is what the answer is compared with. Write the formula "
        "yourself; what the set-up cell imports stays at hand."
    )


def _forget_course() -> None:
    """Drop every module of the course that no set-up name needs, and refuse to import it again."""
    for name in [name for name in sys.modules if name.split(".")[0] == COURSE]:
        del sys.modules[name]
    gc.collect()
    sys.meta_path.insert(0, _Finder(COURSE, _refuse))


# --- the guard: trusted, outlives the worker ------------------------------------------------------------


def _guard(connection: socket.socket, prepared: dict, hidden: list[str]) -> None:
    """Fork the worker into its own world, wait until either side ends, clear up."""
    uid = FIRST_UID + os.getpid()
    held = isolation.Isolation()
    work = tempfile.mkdtemp(prefix="answers-")
    own_world = isolation.enter_namespaces(held)
    worker = os.fork()
    if worker == 0:
        os.setsid()
        if own_world:
            isolation.mount_private(work, hidden, held)
        elif os.getuid() == 0:
            os.chmod(work, 0o777)
        os.environ.update(HOME=work, TMPDIR=work, MPLCONFIGDIR=work)
        tempfile.tempdir = None  # or it would go on naming the guard's
        isolation.drop_privileges(work, hidden, uid, held)
        isolation.die_with_parent()
        _work(Channel(connection), prepared, held)
        os._exit(0)
    try:
        _wait_for_either(connection, worker)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        _, status, used = os.wait4(worker, 0)
        shutil.rmtree(work, ignore_errors=True)
        connection.settimeout(1.0)  # nobody may be listening
        with contextlib.suppress(ChannelClosed):
            seconds = used.ru_utime + used.ru_stime
            Channel(connection).send({"ended": os.waitstatus_to_exitcode(status), "cpu": seconds})


def _wait_for_either(connection: socket.socket, worker: int) -> None:
    """Return when the trusted side has hung up or the worker has ended.

    Where the system tells it, the worker is interrupted as soon as nothing more will be sent to it, and has a
    moment in which to say where it was.
    """
    poll = select.poll()
    half = getattr(select, "POLLRDHUP", 0)
    poll.register(connection, half | select.POLLHUP)
    patience = None
    try:
        poll.register(os.pidfd_open(worker), select.POLLIN)
    except (AttributeError, OSError):
        patience = 50  # ms between looks, where the system cannot wake us
    while True:
        events = dict(poll.poll(patience))
        if events.get(connection.fileno()) == half != 0:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGINT)
            poll.modify(connection, select.POLLHUP)
            patience = LAST_WORDS
        elif events or patience == LAST_WORDS or _has_ended(worker):
            return


def _has_ended(worker: int) -> bool:
    """Return whether a child has ended, and leave it to be waited for."""
    return os.waitid(os.P_PID, worker, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


# --- the worker: no longer trusted once it has run an answer --------------------------------------------


def _work(channel: Channel, prepared: dict, held: isolation.Isolation) -> None:
    """Answer requests until the trusted side hangs up.

    Each answer says how much processor time this process has used so far. Whoever lies there is graded again.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a batch in the background ignores it
    channel.send(vars(held))
    main = sys.modules["__main__"] = ModuleType("__main__")  # where pickle and dataclasses look for a class
    space = vars(main)
    space.update(__builtins__=builtins, display=_display)
    actions = {"set-up": _set_up, "define": _define, "call": _call}
    try:
        begin = channel.receive()
    except ChannelClosed:
        return
    setups = prepared[begin["setups"]]
    _seed(begin["seed"])
    channel.send({})
    while True:
        try:
            request = channel.receive()
        except (ChannelClosed, CodecError):
            return
        reply = _attempt(actions[request["do"]], request, space, setups)
        try:
            channel.send(reply | {"cpu": time.process_time()})
        except CodecError as error:
            channel.send({"error": ["CodecError", [], str(error), None, None]})


def _seed(seed: int) -> None:
    """Start the global generators anew, so that grading a submission twice gives one result."""
    random.seed(seed)
    numpy.random.seed(seed % 2**32)  # noqa: NPY002 (the global state of answers that use it)


def _attempt(action: Callable[..., dict], *args: Any) -> dict:
    """Return what the action gives, or its error as plain strings."""
    try:
        return action(*args)
    except BaseException as error:
        return {"error": _describe(error)}


def _display(*values: Any, **options: Any) -> None:
    """Stand in for IPython's display, which needs no import in a notebook."""


def _set_up(request: dict, space: dict, setups: list) -> dict:
    """Bind the names of a set-up cell, or run it now if it had to wait for an answer."""
    bound = setups[request["index"]]
    if bound is None:
        exec(compile(_without_magics(request["source"]), "<set-up>", "exec"), space)
    else:
        space.update(bound)
    return {}


def _define(request: dict, space: dict, _: list) -> dict:
    """Run an answer cell and report on each name that it owes."""
    _run(_without_magics(request["source"]), _filename(request["id"]), space)
    return {"names": {name: _report(space[name]) for name in request["names"] if name in space}}


def _run(source: str, filename: str, space: dict) -> None:
    """Run a cell, which may await at top level."""
    code = compile(source, filename, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, space)
    if inspect.iscoroutine(result):
        asyncio.run(result)


def _report(value: Any) -> dict:
    """Describe a value: a function is called later, data is sent, anything else is named."""
    try:
        return {"value": encode(value)}
    except CodecError as error:
        return {"callable": True} if callable(value) else {"refused": str(error)}


def _call(request: dict, space: dict, _: list) -> dict:
    """Call an answer with decoded arguments and encode what it returns."""
    kwargs = {key: decode(value) for key, value in request["kwargs"].items()}
    value = space[request["name"]](*map(decode, request["args"]), **kwargs)
    try:
        return {"value": encode(value)}
    except CodecError as error:
        return {"refused": str(error)}


def _filename(grade_id: str) -> str:
    return f"<answer {grade_id}>"


def _describe(error: BaseException) -> list:
    """Return an error's class, its bases, its text, the learner's own line and its cell, as plain data."""
    kind = type(error)
    try:
        text = str(error)[:2000]
    except BaseException:
        text = ""
    line, cell, trace = None, None, error.__traceback__
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        if filename.startswith("<answer "):
            line, cell = trace.tb_lineno, filename.removeprefix("<answer ")[:-1]
        trace = trace.tb_next
    if isinstance(error, SyntaxError):
        line = error.lineno
    return [str(kind.__name__), [str(base.__name__) for base in kind.__mro__], text, line, cell]


def _without_magics(source: str) -> str:
    """Blank the lines that only IPython understands, if the cell is no Python with them."""
    try:
        compile(source, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _MAGIC.sub("", source)
    return source

"""In the trusted kernel: stand-ins that look like the learner's answers and run them elsewhere.

`connect` is called by the first cell of a merged notebook, `define` by each check for the answers it names.
The worker that runs the answers may die, hang or lie: a lie is only a wrong answer, and after a death a new
worker is given all the answers again, but for the cell that killed it.
"""

from __future__ import annotations

import builtins
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

from .checks.kit import CheckFailed, NotAttempted
from .records import late, stopped, unwritten
from .sealed.codec import Channel, ChannelClosed, CodecError, decode, encode
from .sealed.forkserver import request_child
from .sealed.isolation import forbid_tracing

__all__ = ["Answers", "connect"]

MAX_WORKERS = 40
PATIENCE = 0.5  # seconds in which an answer that is stopped may say where it was
PLAN_VARIABLE, CONTROL_VARIABLE = "COURSE_ANSWERS_PLAN", "COURSE_ANSWERS_CONTROL"

# Errors of an answer come back as the nearest of these; all take one text.
_ERRORS = {
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "EOFError",
    "FloatingPointError",
    "ImportError",
    "IndexError",
    "KeyError",
    "LookupError",
    "MemoryError",
    "ModuleNotFoundError",
    "NameError",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "RecursionError",
    "RuntimeError",
    "SyntaxError",
    "TypeError",
    "UnboundLocalError",
    "ValueError",
    "ZeroDivisionError",
}


def connect(space: dict[str, Any]) -> Answers:
    """Return the answers of the submission being graded, to be bound in the kernel's names `space`."""
    forbid_tracing()
    plan = json.loads(Path(os.environ[PLAN_VARIABLE]).read_text())
    control = socket.socket(fileno=os.dup(int(os.environ[CONTROL_VARIABLE])))
    return Answers(plan, control, space)


class Answers:
    """The answers of one submission, each run in an untrusted worker."""

    def __init__(self, plan: dict[str, Any], control: socket.socket, space: dict[str, Any]) -> None:
        self._begin = {"setups": plan["setups"], "seed": plan["seed"]}
        self._steps, self._control, self._space = plan["steps"], control, space
        self._done = 0
        self._deadly: set[int] = set()
        self._unfinished: dict[int, str] = {}
        self._replies: dict[int, dict[str, Any]] = {}
        self._channel: Channel | None = None
        self._workers = 0

    def define(self, name: str) -> None:
        """Run the answer cell `name`, and every cell before it, and bind what it defines; once is enough.

        Raises
        ------
        CheckFailed
            The cell stopped with an error, ended its process, never ended, or a value is not plain data.
        NotImplementedError
            The cell is still the stub.
        """
        target = next(i for i, step in enumerate(self._steps) if step.get("id") == name)
        owed = self._steps[target]["names"]
        if target >= self._done:
            for variable in owed:
                self._space.pop(variable, None)
        while self._done <= target:
            self._ready()
            self._done += 1
            self._replies[self._done - 1] = self._run_in_time(self._done - 1)
        reply = self._replies.get(target)
        if reply is None:
            reason = self._unfinished.get(target, f"the answer cell `{name}` ended its own process")
            raise CheckFailed(reason)
        if "error" in reply:
            raise _stop_of(self._steps[target], reply["error"])
        for variable, report in reply["names"].items():
            if variable in owed and variable not in self._space:
                self._space[variable] = self._bind(variable, report)

    def call(self, name: str, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Call an answer in the worker and return plain data."""
        self._ready()
        request = {
            "do": "call",
            "name": name,
            "args": [encode(arg) for arg in args],
            "kwargs": {key: encode(value) for key, value in kwargs.items()},
        }
        reply = self._exchange(request)
        if "error" in reply:
            raise _rebuilt(reply["error"])
        if "refused" in reply:
            raise CheckFailed(f"`{name}` should return numbers, lists or arrays, and {reply['refused']}.")
        return decode(reply.get("value"))

    def _bind(self, name: str, report: dict[str, Any]) -> Any:
        if "callable" in report:
            return _StandIn(self, name)
        if "refused" in report:
            raise CheckFailed(f"`{name}` should be plain data or a function, and {report['refused']}.")
        return decode(report.get("value"))

    def _ready(self) -> None:
        """Have a worker that has run every step so far; those that killed a worker are left out."""
        if self._channel is not None:
            return
        if self._workers == MAX_WORKERS:
            raise CheckFailed(f"your code has ended its process {MAX_WORKERS} times; no further try.")
        self._workers += 1
        self._channel = Channel(request_child(self._control))
        self._exchange(None)
        self._exchange(self._begin)
        for index in range(self._done):
            if index not in self._deadly:
                self._run_step(index)

    def _run_step(self, index: int) -> dict[str, Any]:
        """Run a set-up or answer cell in the worker; one that never returns is not run again."""
        self._deadly.add(index)
        reply = self._exchange(self._steps[index])
        self._deadly.discard(index)
        return reply

    def _run_in_time(self, index: int) -> dict[str, Any]:
        """Run a step; one that is stopped because its time is up is told of as a failure of its own."""
        started = time.monotonic()
        try:
            return self._run_step(index)
        except KeyboardInterrupt as stop:
            cell = f"the answer cell `{self._steps[index].get('id')}`"
            self._unfinished[index] = late(cell, time.monotonic() - started, *stop.args)
            raise CheckFailed(self._unfinished[index]) from None

    def _exchange(self, request: dict[str, Any] | None) -> dict[str, Any]:
        """Send, receive; whatever goes wrong, a time-out's interrupt included, ends this worker."""
        try:
            if request is not None:
                self._channel.send(request)
            reply = self._channel.receive()
            if not isinstance(reply, dict):
                raise CodecError("what came back is no message")
            return reply
        except ChannelClosed:
            self._hang_up()
            raise CheckFailed("your code ended its own process: an exit, a crash, no memory.") from None
        except CodecError as error:
            self._hang_up()
            raise CheckFailed(f"what your code sent back cannot be read: {error}.") from None
        except KeyboardInterrupt:
            place = self._place()
            self._hang_up()
            raise KeyboardInterrupt(*place) from None
        except BaseException:
            self._hang_up()
            raise

    def _place(self) -> tuple[int, str] | tuple[()]:
        """Have the answer under way stopped, and return the line at which it was, with the line's text.

        The line is the worker's own word. It is quoted to the author of the answer and earns nothing.
        """
        try:
            reply = self._channel.interrupt(PATIENCE)
            _, _, _, line, name = reply["error"]
            sources = {step.get("id"): step["source"] for step in self._steps}
            return line, sources[name].splitlines()[line - 1].strip()
        except (ChannelClosed, CodecError, TypeError, KeyError, ValueError, IndexError, KeyboardInterrupt):
            return ()

    def _hang_up(self) -> None:
        self._channel.close()
        self._channel = None


class _StandIn:
    """What checks call in place of the answer `name`: no Python function, so no line of ours is quoted."""

    def __init__(self, answers: Answers, name: str) -> None:
        self._answers, self.__name__ = answers, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._answers.call(self.__name__, args, kwargs)


def _stop_of(step: dict[str, Any], error: Any) -> Exception:
    """Return what to raise for an answer cell that stopped with this error."""
    rebuilt = _rebuilt(error)
    if isinstance(rebuilt, NotImplementedError):
        return NotAttempted(unwritten(step["names"]))
    try:
        kind, _, text, line, _ = error
    except (TypeError, ValueError):
        kind, text, line = "RuntimeError", str(rebuilt), None
    where = line if isinstance(line, int) else None
    cell = f"the answer cell `{step['id']}`"
    return CheckFailed(stopped(cell, str(kind), str(text), where, step["source"]))


def _rebuilt(error: Any) -> Exception:
    """Return a builtin error that says what the worker's error said."""
    try:
        name, bases, text, line, _ = error
        bases = [str(base) for base in bases]
        text = f"{text} (line {line} of the answer cell)" if isinstance(line, int) else str(text)
    except (TypeError, ValueError):
        return RuntimeError("an error that cannot be read")
    for base in bases:
        if base in _ERRORS:
            return getattr(builtins, base)(text if base == name else f"{name}: {text}")
    return RuntimeError(f"{name}: {text}")

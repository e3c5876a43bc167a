"""In the trusted kernel: stand-ins that look like the learner's answers and run them elsewhere.

`connect` is called by the first cell of a merged notebook, `define` by each check for the answers it names.
The worker that runs the answers may die, hang or lie: a lie is only a wrong answer, and after a death a new
worker is given all the answers again, but for the cell that killed it.
"""

from __future__ import annotations

import builtins
import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any, NoReturn

from .checks.kit import CheckFailed, NotAttempted
from .records import late, stopped, unwritten
from .sealed.codec import Channel, ChannelClosed, CodecError, decode, encode
from .sealed.forkserver import request_child
from .sealed.isolation import forbid_tracing

__all__ = ["Answers", "connect"]

MAX_WORKERS = 40
PATIENCE = 1.5  # seconds in which a worker that is stopped, and its guard, may say where it was
FAIR_SHARE = (
    0.7  # of the time that it took, a worker must have had the processor before that is held against it
)
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
        self._verdict, self._last = Path(plan["verdict"]), plan["last"]
        self._fault = ""
        self._seen = False  # whether this worker has been shown an answer
        self._cpu, self._sent = 0.0, 0.0

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
        if self._fault:
            raise CheckFailed(self._fault)
        if self._workers == MAX_WORKERS:
            raise CheckFailed(f"your code has ended its process {MAX_WORKERS} times; no further try.")
        self._workers += 1
        self._seen, self._cpu = False, 0.0
        try:
            self._channel = Channel(request_child(self._control))
        except OSError as error:
            self._blame_grader(f"no process for answers could be asked for: {error.strerror}")
        self._exchange(None)
        self._exchange(self._begin)
        for index in range(self._done):
            if index not in self._deadly:
                self._run_step(index)

    def _run_step(self, index: int) -> dict[str, Any]:
        """Run a set-up or answer cell in the worker; one that never returns is not run again."""
        self._deadly.add(index)
        self._seen |= self._steps[index]["do"] == "define"
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
        self._sent = time.monotonic()
        try:
            if request is not None:
                self._channel.send(request)
            reply = self._channel.receive()
            if not isinstance(reply, dict):
                raise CodecError("what came back is no message")
        except ChannelClosed as error:
            self._mourn(None, str(error))
        except CodecError as error:
            self._hang_up()
            raise CheckFailed(f"what your code sent back cannot be read: {error}.") from None
        except KeyboardInterrupt:
            raise KeyboardInterrupt(*self._stop()) from None
        except BaseException:
            self._hang_up()
            raise
        if "ended" in reply:
            self._mourn(reply["ended"])
        used = reply.get("cpu")
        self._cpu = used if isinstance(used, float) else self._cpu
        return reply

    def _mourn(self, status: Any, reason: str = "") -> NoReturn:
        """Say whose fault it is that the worker has ended.

        Before an answer was run it is the grader's. Afterwards it is the answer's, unless the worker was
        killed from outside, or its guard did not live to tell: then the submission is graded again, and only
        if it ends so each time is it the answer's.
        """
        self._hang_up()
        killed = status is None or status == -signal.SIGKILL
        if not self._seen or (killed and not self._last):
            self._blame_grader(f"the process that runs answers was lost {reason}".rstrip())
        raise CheckFailed("your code ended its own process: an exit, a crash, no memory.")

    def _blame_grader(self, reason: str) -> NoReturn:
        """Note that no result of this run may be kept."""
        self._fault = reason
        self._verdict.write_text(json.dumps({"fault": reason}))
        raise CheckFailed(reason)

    def _stop(self) -> tuple[int, str] | tuple[()]:
        """Have the answer under way stopped, and return the line at which it was, with the line's text.

        The line is the worker's own word. It is quoted to the author of the answer and earns nothing. Where
        the worker was given too little of the processor, the submission is to be graded again.
        """
        waited, before = time.monotonic() - self._sent, self._cpu
        if not self._seen:
            self._hang_up()
            self._blame_grader("the process that runs answers did not start in time")
        place, used = (), 0.0
        try:
            reply = self._channel.interrupt(PATIENCE)
            while "ended" not in reply:
                place = self._place(reply) or place
                reply = self._channel.receive()
            used = float(reply["cpu"]) - before
        except (ChannelClosed, CodecError, TypeError, KeyError, ValueError, KeyboardInterrupt):
            pass
        self._hang_up()
        if used < FAIR_SHARE * waited and not self._last:
            self._verdict.write_text(
                json.dumps({"starved": f"{used:.1f} s of the processor in {waited:.1f} s"})
            )
        return place

    def _place(self, reply: Any) -> tuple[int, str] | tuple[()]:
        """Return line and text of the place that an interrupted worker names."""
        try:
            _, _, _, line, name = reply["error"]
            sources = {step.get("id"): step["source"] for step in self._steps}
            return line, sources[name].splitlines()[line - 1].strip()
        except (TypeError, KeyError, ValueError, IndexError):
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

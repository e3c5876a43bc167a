"""The pytest plugin: it watches nbval run a notebook's cells and adds up the points of its check cells.

For notebooks without check cells, and without nbval, it does nothing. With them it

* gives each cell the time its metadata allows, and notices a kernel that has died at once;
* after such a death goes on in a fresh kernel, with all that ran before but the cell that ended it;
* counts a check as passed only if the kernel itself says that its cell raised nothing;
* prints a check's own message in place of nbval's traceback, and the points at the end.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from queue import Empty
from typing import Any

import pytest

from .model import answer_names, cell_exercise, cell_timeout, grade_id, is_answer, is_check
from .records import CheckResult, late, score_lines, stopped, unwritten

__all__ = ["CheckWatcher", "pytest_configure"]

PROPERTY = "course_check"
SET_UP = ""  # where a set-up cell's failure is kept, beside those of the names that answers owe
GRACE = 3.0  # seconds in which an interrupted cell may say where it was
MAX_STREAM = 100_000  # characters of printed output that are kept of a cell
USED_UP = "for the whole notebook are used up"
ENDED = "ended Python: exit(), quit(), a crash, or no memory"
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_UNKNOWN = re.compile(r"name '(\w+)' is not defined")
_NAMES = re.compile(r"(?<![\w.])[^\W\d]\w*")
_LINE = re.compile(r"Cell In\[\d+\], line (\d+)")
_FRAME = re.compile(r"\A[✗○] Exercise \S+: |\n\s*(?:Stuck\?|A first nudge:) grade hint \S+\s*\Z")


def pytest_configure(config: pytest.Config) -> None:
    """Watch, where nbval is asked for."""
    option = config.option
    if getattr(option, "nbval", False) or getattr(option, "nbval_lax", False):
        config.pluginmanager.register(CheckWatcher(), "course-check-watcher")


class CheckWatcher:
    """Watches the cells of notebooks that have check cells.

    Parameters
    ----------
    on_cell
        Called with the file's path after each cell.
    budget
        Seconds for all the cells of one notebook; None for no limit.
    exercise
        The exercise whose checks are run; None for all.
    slack
        How much wider every limit is than the notebook says.
    revive
        Whether a kernel that has ended is replaced. Where answers run elsewhere they cannot end it.
    """

    def __init__(
        self,
        on_cell: Callable[[str], None] | None = None,
        budget: float | None = None,
        exercise: str | None = None,
        slack: float = 1.0,
        revive: bool = True,
    ) -> None:
        self._slack, self._revive = slack, revive
        self._on_cell, self._budget, self._exercise = on_cell, budget, exercise
        self._watches: dict[Any, _Watch] = {}
        self.checks: dict[str, list[CheckResult]] = {}
        self.no_kernel = ""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Find the notebooks with checks, and leave out the checks that were not asked for."""
        if self._exercise is not None:
            items[:] = [item for item in items if self._is_wanted(getattr(item, "cell", {}))]
        cells = [item for item in items if isinstance(getattr(item, "cell", None), dict)]
        for item in cells:
            if is_check(item.cell):
                self._watches.setdefault(item.parent, _Watch(self._budget, self._slack, self._revive))
        for item in cells:
            if item.parent in self._watches:
                self._watches[item.parent].expect(answer_names(item.cell))

    def _is_wanted(self, cell: dict[str, Any]) -> bool:
        return not is_check(cell) or cell_exercise(cell) == self._exercise

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Run a cell under watch."""
        watch = self._watches.get(item.parent)
        if watch is None:
            return (yield)
        watch.begin(item)
        try:
            if watch.blocked:
                raise RuntimeError("an answer cell that this check needs has failed")
            result = yield
        finally:
            # nbval would mark every later cell as expected to fail. The kernel was interrupted and lives, or
            # another will take its place, so what follows can be judged on its own.
            item.parent.timed_out = False
            watch.end(item)
        if watch.ended:
            raise RuntimeError(f"this cell {ENDED}")
        if watch.reply.get("status") == "error" and not item.options["check_exception"]:
            raise RuntimeError(watch.reply.get("evalue", "the cell raised an error"))
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
        """Attach a check's result to its report, and put its message in place of the traceback."""
        report = yield
        watch = self._watches.get(item.parent)
        if watch is None or not (report.when == "call" or (report.when == "setup" and not report.passed)):
            return report
        if report.when == "setup":
            self.no_kernel = str(call.excinfo.value)
        passed = report.when == "call" and report.passed and not hasattr(report, "wasxfail")
        outcome, message = ("passed", "") if passed else watch.explain(item.cell, call)
        if not passed and not is_check(item.cell) and grade_id(item.cell):
            watch.broken |= dict.fromkeys(answer_names(item.cell) or [SET_UP], (outcome, message))
        if is_check(item.cell):
            result = CheckResult.of(item.cell, outcome, message)
            report.user_properties.append((PROPERTY, [str(item.path), result.as_dict()]))
        if report.failed and is_check(item.cell):
            report.longrepr = f"✗ Exercise {cell_exercise(item.cell)}: {message}"
        elif report.failed and is_answer(item.cell):
            report.longrepr = message
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect results; with pytest-xdist they arrive from other processes."""
        for name, value in report.user_properties:
            if name == PROPERTY:
                path, result = value
                self.checks.setdefault(path, []).append(CheckResult(**result))
        if self._on_cell and report.when == "teardown":
            self._on_cell(str(report.fspath))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the points of each exercise and the next step."""
        for path, checks in sorted(self.checks.items()):
            terminalreporter.section(f"points: {path.rsplit('/', 1)[-1]}")
            for line in score_lines(checks):
                terminalreporter.write_line(line)


class _Watch:
    """One notebook's kernel under watch: nbval calls `await_reply` and `get_message` of the kernel."""

    def __init__(self, budget: float | None, slack: float, revives: bool) -> None:
        self._budget, self._slack, self._spent = budget, slack, 0.0
        self._revives = revives
        self._used_up = False
        self._owed: set[str] = set()
        self._kernel: Any = None
        self.reply: dict[str, Any] = {}
        self.broken: dict[str, tuple[str, str]] = {}
        self.blocked: tuple[str, str] | None = None
        self.limit = self._kept = self._patience = 0.0
        self.timed_out = self.ended = False
        self._ran: list[Any] = []

    def expect(self, names: Iterable[str]) -> None:
        """Note names that an answer cell of this notebook owes."""
        self._owed.update(names)

    def begin(self, item: Any) -> None:
        """Prepare for one cell: its time, no reply yet, nothing printed yet."""
        self._watch(item.parent.kernel)
        if self._revives and (self.ended or not self._kernel.is_alive()):
            self._revive(item.parent)
        self._reset(item.cell)
        # A cell may define its function and then stop; that is no answer, here as where a class is graded.
        used = _NAMES.findall(item.cell["source"]) if is_check(item.cell) else []
        self.blocked = next((self.broken[name] for name in used if name in self.broken), None)
        self._used_up = self._budget is not None and self._spent >= self._budget * self._slack
        if self._used_up:
            left_out = f"exercise {number} was not run: " if (number := cell_exercise(item.cell)) else ""
            raise TimeoutError(f"{left_out}the {self._budget * self._slack:g} s {USED_UP}")

    def end(self, item: Any) -> None:
        """Note a cell that a fresh kernel would have to run again: no check, and it let the kernel live."""
        if not (is_check(item.cell) or self.timed_out or self.ended):
            self._ran.append(item.cell)

    def explain(self, cell: dict[str, Any], call: pytest.CallInfo) -> tuple[str, str]:
        """Return outcome and message of a cell that did not pass."""
        name, value = self.reply.get("ename", ""), _ANSI.sub("", str(self.reply.get("evalue", "")))
        if self.blocked:
            return self.blocked
        if self._used_up:
            return "timeout", str(call.excinfo.value)
        if self.timed_out:
            return "timeout", self._where_it_was(cell, name, value)
        if self.ended:
            return "error", f"{'your code' if is_check(cell) else _called(cell)} {ENDED}"
        if name in ("NotAttempted", "NotImplementedError"):
            return "waiting", _FRAME.sub("", value) or unwritten(answer_names(cell))
        if name == "CheckFailed":
            return "failed", _FRAME.sub("", value)
        if name and not is_check(cell):
            return "failed", stopped(_called(cell), name, value, self._line(), cell["source"])
        if name == "NameError" and (unknown := _UNKNOWN.match(value)):
            return self._missing(unknown[1])
        if name:
            return "failed", f"{name}: {value}" if value else name
        return "error", str(call.excinfo.value) if call.excinfo else "the cell was not run"

    def _where_it_was(self, cell: dict[str, Any], name: str, value: str) -> str:
        """Say what had not ended when its time was up: the call and the line, if the kernel could tell."""
        if name == "CheckFailed":
            return _FRAME.sub("", value)
        line, lines = self._line(), cell["source"].splitlines()
        if is_check(cell) or not line or line > len(lines):
            return f"no answer within {self.limit:g} s: is there a loop that never ends?"
        return late(_called(cell), self.limit, line, lines[line - 1])

    def _line(self) -> int | None:
        """Return the line of the cell at which its traceback ends."""
        lines = _LINE.findall(_ANSI.sub("", "\n".join(self.reply.get("traceback", []))))
        return int(lines[-1]) if lines else None

    def _missing(self, name: str) -> tuple[str, str]:
        """Say why a check does not find a name: its cell failed, the set-up cell failed, or neither."""
        if name not in self._owed:
            reason = f"the check needs `{name}` of the set-up cell: was that cell edited or deleted?"
            return "changed", self.broken.get(SET_UP, ("", reason))[1]
        nothing = f"the check looks for `{name}` and finds nothing of that name. "
        return self.broken.get(name, ("failed", nothing + "Was it renamed, or did its cell fail?"))

    def _watch(self, kernel: Any) -> None:
        if self._kernel is not kernel:
            self._kernel = kernel
            kernel.await_reply, kernel.get_message = self._await_reply, self._bounded_message

    def _reset(self, cell: dict[str, Any]) -> None:
        """Give a cell its time; forget the one before."""
        self.reply, self.timed_out, self.ended, self._kept = {}, False, False, 0
        self.limit = cell_timeout(cell)
        if not (is_check(cell) or answer_names(cell)):
            self.limit = max(self.limit, 60.0)  # a set-up cell may import and load
        self.limit *= self._slack
        # Where a learner's own kernel runs a check, that check ends itself and says with which input.
        self._patience = 0.3 if self._revives and is_check(cell) else 0.0

    def _revive(self, notebook: Any) -> None:
        """Start a fresh kernel and run again what ran before; a cell that ends this one too is left out."""
        with contextlib.suppress(Exception):  # what is dead already may not take part in its own end
            notebook.kernel.stop()
        notebook.setup()
        self._watch(notebook.kernel)
        for cell in list(self._ran):
            self._reset(cell)
            try:
                self._await_reply(self._kernel.execute_cell_input(cell["source"], allow_stdin=False))
            except Empty:
                self._kernel.interrupt()
            except RuntimeError:
                pass
            if self.timed_out or self.ended:
                self._ran.remove(cell)
            if self.ended:
                self._revive(notebook)
                return

    def _await_reply(self, msg_id: str, timeout: float | None = None) -> None:
        """Wait for the reply in short steps, so that a death and the cell's own limit are noticed."""
        started = time.monotonic()
        try:
            while True:
                left = started + self.limit + self._patience - time.monotonic()
                if left <= 0 and not self.timed_out:
                    self.timed_out = True
                    self._kernel.interrupt()
                if left + GRACE * self.timed_out <= 0:
                    raise Empty
                try:
                    message = self._kernel.kc.get_shell_msg(timeout=min(abs(left), 0.3))
                except Empty:
                    if not self._kernel.is_alive():
                        self.ended = True
                        raise RuntimeError(f"this cell {ENDED}") from None
                    continue
                if message["parent_header"].get("msg_id") == msg_id:
                    self.reply = message["content"]
                    # exit() and quit() let the cell run on; the kernel ends a moment after its reply.
                    payload = self.reply.get("payload") or []
                    self.ended = any(part.get("source") == "ask_exit" for part in payload)
                    return
        finally:
            self._spent += time.monotonic() - started

    def _bounded_message(self, stream: str, timeout: float | None = None) -> Any:
        """Pass messages on without the bulk of an endless print; nbval would also format each for a log."""
        if stream == "shell":
            return self._kernel.kc.get_shell_msg(timeout=timeout)
        message = self._kernel.kc.get_iopub_msg(timeout=timeout)
        if message["msg_type"] == "stream":
            text = message["content"]["text"]
            message["content"]["text"] = text[: max(0, MAX_STREAM - int(self._kept))]
            self._kept += len(text)
        return message


def _called(cell: dict[str, Any]) -> str:
    """Say which cell this is."""
    return f"the answer cell `{grade_id(cell)}`" if is_answer(cell) else "the set-up cell"

"""Grading what was handed in: merged with the reference, its answers run in a sealed process."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from . import kernels, merge, proxy
from .model import GradeError, Notebook
from .pytest_plugin import USED_UP
from .records import CheckResult, NotebookResult
from .run import SEED_VARIABLE, environment, run_notebooks, scratch, warm_up
from .sealed.codec import Channel, ChannelClosed
from .sealed.forkserver import ForkServer, request_child
from .titles import check_titles, with_titles

__all__ = [
    "GraderFault",
    "Sealer",
    "Starved",
    "describe_isolation",
    "grader_version",
    "imports_of",
    "seed_for",
]

BUDGET = 60.0  # seconds for all the cells of one submission
SLACK = 3.0  # how much wider every limit is when a submission is run alone
PACKAGE = Path(__file__).resolve().parent.parent
_WORKER = (
    "import sys; sys.path.insert(0, sys.argv[1]); from sealed.worker import main; del sys.path[0]; "
    "main(int(sys.argv[3]), sys.argv[2])"
)


class GraderFault(GradeError):
    """A run that failed through no fault of the submission: nothing of it may be kept."""


class Starved(GradeError):
    """A run in which the submission had too little of the processor within its limits."""


@dataclass
class Sealer:
    """The two servers that a sealed run needs, and a private folder for its files; a context manager.

    Attributes
    ----------
    references
        The course's sources, by name; their set-up cells are run once, ahead of all submissions.
    hidden
        Folders that no answer may read, beside the course's own.
    isolation
        What holds for the processes that run answers here.
    """

    references: Mapping[str, Notebook]
    hidden: Iterable[Path] = ()
    isolation: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Sealer:
        if not hasattr(os, "fork"):
            raise GradeError("sealed grading needs Linux or macOS; on Windows run it under WSL")
        self._stack = contextlib.ExitStack()
        self._servers: list[ForkServer | kernels.KernelServer] = []
        self._titles = {name: check_titles(notebook) for name, notebook in self.references.items()}
        with contextlib.ExitStack() as stack:
            self._own = stack.enter_context(scratch())
            stack.callback(self._close_servers)
            self._start_servers()
            warm_up()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def mend(self) -> None:
        """Start the servers anew if one of them has been lost."""
        if not all(server.lives() for server in self._servers):
            self._close_servers()
            self._start_servers()

    def _start_servers(self) -> None:
        """Start the server of workers, then the one of kernels, which know the first one's descriptor."""
        workers = self._start_workers(self._own)
        self._servers = [workers]
        self.isolation = _probe(workers)
        imports = imports_of(self.references.values())
        late = [f"{name}:PRELOAD" for name in imports if name.startswith("course_lib.grading.checks.")]
        self._kernels = kernels.KernelServer(
            ["course_lib.grading.proxy", *imports, *late],
            env=dict(os.environ),
            inherit=[workers.control.fileno()],
            ipython=False,
            rehearsal=[merge.code_cells(reference) for reference in self.references.values()],
        )
        self._servers.append(self._kernels)
        self._environment = {proxy.CONTROL_VARIABLE: str(workers.control.fileno())}

    def _close_servers(self) -> None:
        while self._servers:
            self._servers.pop().close()

    def rehearse(self, name: str) -> None:
        """Grade the course's own solutions, so that what a process does once is done before any is forked.

        Raises
        ------
        GradeError
            They do not earn every point here, and so nothing that is graded here could be trusted.
        """
        reference = self.references[name]
        result = self.grade(reference, reference, 0)
        if result.points == result.max_points:
            return
        wrong = next(check for check in result.checks if check.outcome != "passed")
        points = f"{result.points:g} of {result.max_points:g} points"
        raise GradeError(
            f"the course's own solutions of {name} earn {points} here, so nobody was graded; "
            f"{wrong.grade_id}: {wrong.message}"
        )

    def grade(
        self, reference: Notebook, submission: Notebook, seed: int, last: bool = False
    ) -> NotebookResult:
        """Run one submission and return its result; it depends on nothing but the arguments.

        Parameters
        ----------
        reference, submission
            The course's notebook and what was handed in.
        seed
            Makes the random inputs of the checks.
        last
            Nothing else runs beside this one, and it will not be run again: limits are wider, and what takes
            too long then has taken too long.

        Raises
        ------
        GraderFault
            The run failed through no fault of the submission, and may be tried again.
        Starved
            The submission had too little of the processor within its limits.
        """
        plan = merge.plan(reference, submission)
        with scratch() as folder:
            notebook, steps = folder / "merged.ipynb", folder / "plan.json"
            notebook.write_text(json.dumps(plan.notebook))
            verdict = folder / "verdict.json"
            begin = {"setups": reference.name, "seed": seed, "verdict": str(verdict), "last": last}
            steps.write_text(json.dumps({**begin, "steps": plan.steps}))
            values = {**self._environment, proxy.PLAN_VARIABLE: str(steps), SEED_VARIABLE: str(seed)}
            with environment(values):
                checks = self._run(notebook, SLACK if last else 1.0)
            _raise_verdict(verdict)
        if [check.grade_id for check in checks] != [check.grade_id for check in reference.checks]:
            raise GraderFault("the run ended before every check was made")
        if failed := [check.message for check in checks if check.outcome == "error"]:
            raise GraderFault(failed[0])
        outcomes = [check.message for check in checks if check.outcome == "timeout"]
        if not last and outcomes and all(message.endswith(USED_UP) for message in outcomes):
            raise Starved(outcomes[0])
        titled = with_titles(checks, self._titles[reference.name])
        return NotebookResult(reference.name, titled, reference.titles, plan.notes)

    def _run(self, notebook: Path, slack: float) -> list[CheckResult]:
        try:
            ran = run_notebooks([notebook], budget=BUDGET, kernels=self._kernels, slack=slack, revive=False)
        except GradeError as error:
            raise GraderFault(str(error)) from None
        return ran.get(str(notebook), [])

    def _start_workers(self, own: Path) -> ForkServer:
        """Start the server of untrusted workers, who see neither the course nor this run's `own` files."""
        scrubbed = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "MPLBACKEND": "Agg",
            "MALLOC_ARENA_MAX": "1",  # else a few threads take all of the address space that an answer has
            **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
        }
        repository = PACKAGE.parent
        hidden = [PACKAGE, *(repository / name for name in ("exercises", "tests", ".git")), own, *self.hidden]
        folders = json.dumps([str(path.resolve()) for path in hidden])
        command = [sys.executable, "-I", "-c", _WORKER, str(PACKAGE / "grading"), folders]
        server = ForkServer(command, env=scrubbed)
        setups = Channel(request_child(server.control))
        setups.send({name: merge.set_up_cells(notebook) for name, notebook in self.references.items()})
        setups.close()
        return server


def _raise_verdict(path: Path) -> None:
    """Raise what the trusted kernel has noted about the run, if anything."""
    try:
        verdict = json.loads(path.read_text())
    except FileNotFoundError:
        return
    if "fault" in verdict:
        raise GraderFault(verdict["fault"])
    raise Starved(verdict["starved"])


def seed_for(seed: int, key: str) -> int:
    """Return the seed of one submission: the same for the same answers, whoever handed them in."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{key}".encode()).digest()[:4])


def grader_version() -> str:
    """Return a digest of all code that a result depends on: grader, checks, the library they compare with."""
    digest = hashlib.sha256(f"{platform.python_version()} {version('numpy')} {version('scipy')}".encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def describe_isolation(isolation: Mapping[str, Any]) -> list[str]:
    """Return lines that say what answers are kept from here, and what this system does not allow."""
    names = {
        "network": "the network",
        "files": "the course's and other submissions' files",
        "processes": "other processes",
        "limits": "unlimited time, memory and disk",
    }
    kept = [text for name, text in names.items() if isolation.get(name)]
    open_ = [text for name, text in names.items() if not isolation.get(name)]
    lines = [f"answers run apart, kept from {', '.join(kept) or 'nothing'}"]
    if open_:
        lines.append(f"note: this system does not let the grader keep them from {', '.join(open_)}")
    return lines


def _probe(workers: ForkServer) -> dict[str, Any]:
    """Ask one worker what holds for it, before any answer has run."""
    channel = Channel(request_child(workers.control))
    try:
        return channel.receive()
    except ChannelClosed:
        raise GradeError("the process that runs answers did not start: does numpy import here?") from None
    finally:
        channel.close()


def imports_of(references: Iterable[Notebook]) -> list[str]:
    """Return the modules that set-up cells import, for the kernel server to have at hand."""
    found: set[str] = {"course_lib.grading.checks.kit"}
    for source in (cell for notebook in references for cell in merge.set_up_cells(notebook)):
        found |= set(_imported(source))
    return sorted(found)


def _imported(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)

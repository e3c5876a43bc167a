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
from .records import NotebookResult
from .run import SEED_VARIABLE, environment, run_notebooks, scratch, warm_up
from .sealed.codec import Channel, ChannelClosed
from .sealed.forkserver import ForkServer, request_child
from .titles import check_titles, with_titles

__all__ = ["Sealer", "describe_isolation", "grader_version", "imports_of", "seed_for"]

BUDGET = 60.0  # seconds for all the cells of one submission
PACKAGE = Path(__file__).resolve().parent.parent
_WORKER = (
    "import sys; sys.path.insert(0, sys.argv[1]); from sealed.worker import main; del sys.path[0]; "
    "main(int(sys.argv[3]), sys.argv[2])"
)


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
        self._titles = {name: check_titles(notebook) for name, notebook in self.references.items()}
        with contextlib.ExitStack() as stack:
            workers = self._start_workers(stack.enter_context(scratch()))
            stack.callback(workers.close)
            self.isolation = _probe(workers)
            inherit = [workers.control.fileno()]
            imports = imports_of(self.references.values())
            late = [f"{name}:PRELOAD" for name in imports if name.startswith("course_lib.grading.checks.")]
            preload = ["course_lib.grading.proxy", *imports, *late]
            env = dict(os.environ)
            rehearsal = [merge.code_cells(reference) for reference in self.references.values()]
            self._kernels = kernels.KernelServer(
                preload, env=env, inherit=inherit, ipython=False, rehearsal=rehearsal
            )
            stack.callback(self._kernels.close)
            self._environment = {proxy.CONTROL_VARIABLE: str(workers.control.fileno())}
            warm_up()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

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

    def grade(self, reference: Notebook, submission: Notebook, seed: int) -> NotebookResult:
        """Run one submission and return its result; it depends on nothing but the arguments.

        Raises
        ------
        GradeError
            The run itself failed, which is not the submission's fault.
        """
        plan = merge.plan(reference, submission)
        with scratch() as folder:
            notebook, steps = folder / "merged.ipynb", folder / "plan.json"
            notebook.write_text(json.dumps(plan.notebook))
            steps.write_text(json.dumps({"setups": reference.name, "seed": seed, "steps": plan.steps}))
            values = {**self._environment, proxy.PLAN_VARIABLE: str(steps), SEED_VARIABLE: str(seed)}
            with environment(values):
                checks = run_notebooks([notebook], budget=BUDGET, kernels=self._kernels).get(
                    str(notebook), []
                )
        if [check.grade_id for check in checks] != [check.grade_id for check in reference.checks]:
            raise GradeError("the run ended before every check was made")
        titled = with_titles(checks, self._titles[reference.name])
        return NotebookResult(reference.name, titled, reference.titles, plan.notes)

    def _start_workers(self, own: Path) -> ForkServer:
        """Start the server of untrusted workers, who see neither the course nor this run's `own` files."""
        scrubbed = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "MPLBACKEND": "Agg",
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

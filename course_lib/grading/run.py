"""One pytest session over notebooks, in this process: what `grade` and every graded submission run."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from .kernels import KernelServer
from .model import GradeError
from .records import CheckResult

__all__ = ["environment", "run_notebooks", "scratch", "warm_up"]

SEED_VARIABLE = "COURSE_GRADING_SEED"
_OPTIONS = ["--nbval-lax", "--nbval-current-env", "--noconftest", "-q", "-s", "--color=no"]
_UNUSED = (
    "no:cacheprovider",
    "no:doctest",
    "no:junitxml",
    "no:unraisableexception",
    "no:threadexception",
    "no:faulthandler",
)


def warm_up() -> None:
    """Import pytest and nbval, but not the URI grammar that takes jsonschema most of two seconds.

    What is compiled or looked up once in a process is made ready too, for all that are forked from this one.
    """
    unknown = object()
    before = sys.modules.get("rfc3987_syntax", unknown)
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    try:
        import nbformat
        import nbval.plugin  # noqa: F401
        import pytest  # noqa: F401
    except ModuleNotFoundError as error:
        raise GradeError(f"{error.name} is not installed: pip install 'course-lib[grade]'") from None
    finally:
        if before is unknown:
            del sys.modules["rfc3987_syntax"]
        else:
            sys.modules["rfc3987_syntax"] = before
    nbformat.validate(nbformat.v4.new_notebook())


def run_notebooks(
    paths: Sequence[Path],
    *,
    on_cell: Callable[[str], None] | None = None,
    budget: float | None = None,
    exercise: str | None = None,
    kernels: KernelServer | None = None,
    slack: float = 1.0,
    revive: bool = True,
) -> dict[str, list[CheckResult]]:
    """Run notebooks through nbval and return the results of their check cells, by path.

    Parameters
    ----------
    paths
        Notebook files.
    on_cell
        Called with a notebook's path after each cell.
    budget
        Seconds for the cells of one notebook; None for no limit.
    exercise
        The exercise whose checks are run; None for all.
    kernels
        Where kernels come from; None for ordinary ones.
    slack
        How much wider every limit is than the notebook says.
    revive
        Whether a kernel that has ended is replaced.
    """
    warm_up()
    import pytest

    from .pytest_plugin import CheckWatcher

    watcher = CheckWatcher(on_cell, budget, exercise, slack, revive)
    spoken = io.StringIO()
    empty = Path(os.environ["IPYTHONDIR"]) / "pytest.ini"
    empty.write_text("[pytest]\n")
    plugins = [part for name in ("nbval.plugin", *_UNUSED) for part in ("-p", name)]
    command = [*_OPTIONS, *plugins, "-c", str(empty), f"--rootdir={empty.parent}", *map(str, paths)]
    source = kernels.for_nbval() if kernels else contextlib.nullcontext()
    with source, contextlib.redirect_stdout(spoken), contextlib.redirect_stderr(spoken):
        status = pytest.main(command, plugins=[watcher])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        last = [line for line in spoken.getvalue().splitlines() if line.strip()][-1:] or [""]
        raise GradeError(f"nbval could not run {', '.join(path.name for path in paths)}: {last[0]}")
    if watcher.no_kernel:
        raise GradeError(f"no kernel could be started: {watcher.no_kernel}")
    return watcher.checks


@contextlib.contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Give a private folder and point Jupyter and IPython at it, so that a run leaves nothing behind."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True)
    except OSError as error:
        raise GradeError(f"no room for temporary files: {error.strerror}") from None
    with folder as name:
        values = {
            "IPYTHONDIR": name,
            "JUPYTER_RUNTIME_DIR": name,
            "JUPYTER_PLATFORM_DIRS": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "",
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
        }
        before, tempfile.tempdir = tempfile.tempdir, name
        try:
            with environment(values):
                yield Path(name)
        finally:
            tempfile.tempdir = before

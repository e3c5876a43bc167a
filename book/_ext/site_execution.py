"""Notebooks run when their code or the library's changed, side by side, before the pages are read.

myst-nb keeps outputs in a cache whose key is the notebook's code alone: after a change in `course_lib` it
would show the old outputs. Here the cache's folder is named after the library's source, so another library
means another cache. The notebooks missing from it run at the same time, each in its kernel; myst-nb, which
would run them one after another, then finds them all.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from sphinx.errors import ExtensionError
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.environment import BuildEnvironment

logger = logging.getLogger(__name__)

CACHES_KEPT = 3
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def library_digest(library: Path) -> str:
    """Return a digest of all of the library a page can depend on: all modules and styles but the grader's."""
    digest = hashlib.sha256()
    for source in sorted([*library.rglob("*.py"), *library.rglob("*.mplstyle")]):
        name = source.relative_to(library).as_posix()
        if not name.startswith("grading/"):
            digest.update(name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def choose_cache(app: Sphinx, config: Config) -> None:
    """Name the cache after the library; another name makes Sphinx read every page again."""
    caches = Path(app.outdir).parent / ".jupyter_cache"
    cache = caches / library_digest(Path(app.srcdir) / "course_lib")
    cache.mkdir(parents=True, exist_ok=True)
    cache.touch()
    for old in sorted(caches.iterdir(), key=lambda path: path.stat().st_mtime)[:-CACHES_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    config.nb_execution_cache_path = str(cache)


def run_stale(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Run the notebooks about to be read whose outputs are not in the cache."""
    cache = get_cache(app.config.nb_execution_cache_path)
    stale = {}
    for docname in docnames:
        path = Path(env.doc2path(docname))
        if path.suffix != ".ipynb" or _excluded(path, app.config.nb_execution_excludepatterns):
            continue
        notebook = nbformat.read(path, as_version=4)
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            stale[path] = notebook
    if not stale:
        return
    logger.info("running %s", ", ".join(path.stem for path in stale))
    results = asyncio.run(_run_all(stale, app.config.nb_execution_timeout))
    failures = []
    for path, result in results:
        if isinstance(result, str):
            failures.append(f"{path.relative_to(app.srcdir)}\n{result}")
        else:
            logger.info("ran %s in %.1f s", path.stem, result)
            bundle = CacheBundleIn(stale[path], str(path), data={"execution_seconds": result})
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    if failures:
        raise ExtensionError("A notebook failed: " + "\n\n".join(failures))


def _excluded(path: Path, patterns: list[str]) -> bool:
    return any(PurePosixPath(path.as_posix()).match(pattern) for pattern in patterns)


Outcome = tuple[Path, float | str]  # the seconds it took, or what went wrong


async def _run_all(notebooks: dict[Path, nbformat.NotebookNode], timeout: int) -> list[Outcome]:
    kernels = asyncio.Semaphore(os.cpu_count() or 1)

    async def run(path: Path, notebook: nbformat.NotebookNode) -> Outcome:
        async with kernels:
            start = time.perf_counter()
            try:
                await NotebookClient(
                    notebook,
                    timeout=timeout,
                    resources={"metadata": {"path": str(path.parent)}},
                    record_timing=False,  # timings are cell metadata, and metadata is part of the cache's key
                    extra_arguments=["--log-level=ERROR"],
                ).async_execute()
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as problem:
                return path, _COLOUR.sub("", str(problem))
            return path, time.perf_counter() - start

    return await asyncio.gather(*(run(*item) for item in notebooks.items()))


def setup(app: Sphinx) -> dict:
    """Tell the kernels that a page is being built, and run them before the pages are read."""
    os.environ["COURSE_BOOK_BUILD"] = "1"
    # Kernels that run side by side would fight for the cores if each multiplied matrices on all of them.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    app.connect("config-inited", choose_cache)
    app.connect("env-before-read-docs", run_stale)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

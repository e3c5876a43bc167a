"""Which notebooks have been saved since the last look, whatever state a save in progress leaves them in."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .learn import find_notebooks
from .model import GradeError, read_notebook

__all__ = ["Watcher"]

PATIENCE = 2.0  # seconds in which a save may be under way


class Watcher:
    """Looks at notebooks, or folders of them, again and again.

    An editor may empty a file and then write it, or remove it and put another in its place. A notebook that
    is empty, half written, absent or no notebook is waited for, and told of once if that lasts.

    Parameters
    ----------
    paths
        Notebooks, or folders of notebooks.
    clock
        Gives the time in seconds.

    Raises
    ------
    GradeError
        There is nothing to watch to begin with.
    """

    def __init__(self, paths: Sequence[Path], clock: Callable[[], float] = time.monotonic) -> None:
        self._paths, self._clock = paths, clock
        self._watched = list(find_notebooks(paths))
        self._seen: dict[Path, tuple[int, int, int]] = {}
        self._since: float | None = None
        self._told = False

    def look(self) -> tuple[list[Path], str]:
        """Return the notebooks that were saved since the last look, and a line to say, or an empty one."""
        saved, trouble = [], ""
        for path in dict.fromkeys([*self._watched, *self._new()]):
            try:
                read_notebook(path)
                stat = path.stat()
            except (GradeError, OSError) as error:
                trouble = str(error)
                continue
            mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if self._seen.get(path) != mark:
                self._seen[path] = mark
                saved.append(path)
        return saved, self._worth_saying(trouble)

    def _new(self) -> list[Path]:
        """Return the notebooks that are there now; a folder in trouble has none."""
        try:
            found = list(find_notebooks(self._paths))
        except (GradeError, OSError):
            return []
        self._watched += [path for path in found if path not in self._watched]
        return found

    def _worth_saying(self, trouble: str) -> str:
        """Return a line about trouble that has lasted, once."""
        if not trouble:
            self._since, self._told = None, False
            return ""
        if self._since is None:
            self._since = self._clock()
        if self._told or self._clock() - self._since <= PATIENCE:
            return ""
        self._told = True
        return f"Waiting for the next save: {trouble}"

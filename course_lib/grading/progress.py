"""A line that says how far a long run is; redrawn on a terminal, now and then in a log."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

from .records import bar

__all__ = ["Progress", "counter"]

_EVERY = 30.0  # seconds between two lines in a log


class Progress:
    """Told how many of how many are done, it says so, with the rate of late and the time that is left."""

    def __init__(self, what: str, stream: TextIO | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._what, self._stream, self._clock = what, stream, clock
        self._live = stream is not None and stream.isatty()
        self._recent: deque[tuple[float, int]] = deque([(clock(), 0)], maxlen=50)
        self._said = clock()
        self.done = self.total = 0

    def __call__(self, done: int, total: int) -> None:
        """Take note, and draw."""
        self.done, self.total = done, total
        if done == 0:
            self._recent.clear()  # the work begins now
        self._recent.append((self._clock(), done))
        if self._live:
            line = f"\r{bar(done, total, 24)} {self.line()}".ljust(80)
            self._stream.write(line if done < total else "\r" + " " * len(line) + "\r")
            self._stream.flush()
        elif self._stream is not None and self._clock() > self._said + _EVERY and done < total:
            self._said = self._clock()
            print(self.line(), file=self._stream, flush=True)

    def line(self) -> str:
        """Return how far it is.

        >>> now = [0.0]
        >>> progress = Progress("submissions", None, clock=lambda: now[0])
        >>> progress(0, 2000)
        >>> now[0] = 10.0
        >>> progress(80, 2000)
        >>> progress.line()
        '80 of 2000 submissions, 8.0 a second, 4 min left'
        """
        (begin, before), (now, done) = self._recent[0], self._recent[-1]
        line = f"{self.done} of {self.total} {self._what}"
        if now - begin < 2 or done == before:
            return line
        rate = (done - before) / (now - begin)
        return f"{line}, {rate:.1f} a second, {_left((self.total - self.done) / rate)} left"


def counter(what: str, stream: TextIO | None) -> Callable[[int, int], None]:
    """Return a function that redraws one line on a terminal; elsewhere it is silent."""
    return Progress(what, stream if stream is not None and stream.isatty() else None)


def _left(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

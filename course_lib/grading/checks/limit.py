"""A time limit for a check that a learner runs in a notebook, where nobody else watches the clock."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

__all__ = ["TimeUp", "time_limit"]


class TimeUp(KeyboardInterrupt):
    """The seconds of a check are over; as an interrupt it passes through `except Exception`."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeUp` in what runs inside once its seconds are over, and every second after that.

    Nothing is limited where the system has no alarm (Windows, a browser), outside the main thread, and while
    a class is graded, since the grader then keeps the time.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not hasattr(signal, "setitimer") or not in_main_thread or "COURSE_ANSWERS_PLAN" in os.environ:
        yield
        return

    def stop(*_: object) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before or signal.SIG_DFL)

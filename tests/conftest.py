"""For all tests: no example of Hypothesis fails for being slow, and the slowest files come first."""

import signal

from hypothesis import settings

settings.register_profile("course", deadline=None)
settings.load_profile("course")

# A shell's background jobs ignore Ctrl-C, and so would the commands that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Two workers take one file each, in this order. Only the first of the first two needs the site, so that the
# other worker has something to do while it is built; the second keeps one core busy and starts no processes.
SLOW_FIRST = (
    "test_pages",
    "test_vae",
    "test_hostile",
    "test_batch",
    "test_live_explorables",
    "test_build",
    "test_exercises",
    "test_cli",
    "test_types",
)


def pytest_collection_modifyitems(items):
    """Put the files named above first and the chapters next, so that no worker ends with a long one alone."""

    def place(item):
        if item.path.stem in SLOW_FIRST:
            return SLOW_FIRST.index(item.path.stem)
        return len(SLOW_FIRST) + (item.path.suffix != ".ipynb")

    items.sort(key=place)

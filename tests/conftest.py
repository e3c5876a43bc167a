"""For all tests: no example of Hypothesis fails for being slow, and the slowest files come first."""

from hypothesis import settings

settings.register_profile("course", deadline=None)
settings.load_profile("course")

SLOW_FIRST = ("test_pages", "test_batch", "test_hostile", "test_build", "test_vae", "test_live_explorables")


def pytest_collection_modifyitems(items):
    """Begin with what takes longest, so that no worker is left with it at the end."""
    items.sort(key=lambda item: item.path.stem not in SLOW_FIRST)

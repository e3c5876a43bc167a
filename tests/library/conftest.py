"""Settings for the library's tests: no example of Hypothesis fails for being slow on a busy machine."""

from hypothesis import settings

settings.register_profile("course", deadline=None)
settings.load_profile("course")

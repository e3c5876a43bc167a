"""The untrusted side: a process that runs a learner's answers and can reach nothing that matters.

The package imports nothing of `course_lib`, so that it also runs as a top-level package of its own
(``python -I``), in a process that has never seen a reference solution.
"""

"""The grader: it knows notebooks and points, not mathematics (that is in `checks`)."""

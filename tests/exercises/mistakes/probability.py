"""Set 1: wrong answers that take more than a line, other right answers, and the lazy routes."""

WRONG = []
RIGHT = {}
LAZY = {}

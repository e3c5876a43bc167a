"""``python -m course_lib.grading`` is the command ``grade``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())

"""How the tests build a book."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build(folder):
    """Build the book in a folder with that folder's own library; return the finished process."""
    return subprocess.run(
        [sys.executable, "-m", "book._ext.build"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

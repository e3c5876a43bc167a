"""Files on a disk that may be full: there whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["write_atomically", "write_if_new"]


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    draft = path.with_name(f".{path.name[:60]}.{os.getpid()}")
    try:
        with open(draft, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def write_if_new(path: Path, text: str) -> None:
    """Write a file atomically unless it holds this very text; thousands of pages are seldom all new."""
    try:
        if path.read_bytes() == text.encode("utf-8", "backslashreplace"):
            return
    except FileNotFoundError:
        pass
    write_atomically(path, text)

"""What the commands share: their parsers, and the kinds of argument that they take."""

from __future__ import annotations

import argparse
import datetime

from .roster import as_moment

__all__ = ["moment", "parser_of", "positive", "shard"]


def parser_of(description: str, command: str = "", epilog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of a command's arguments."""
    return argparse.ArgumentParser(
        prog=f"grade {command}".strip(),
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def moment(text: str) -> datetime.datetime:
    """Return the moment that an argument names."""
    found = as_moment(text)
    if found is None:
        raise argparse.ArgumentTypeError("write it as 2026-11-20 or '2026-11-20 23:59'")
    return found


def positive(text: str) -> int:
    """Return a number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def shard(text: str) -> tuple[int, int]:
    """Return (i, n) of i/n, the i-th of n parts."""
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError("write it as 1/4, the first of four parts")
    return int(part), int(parts)

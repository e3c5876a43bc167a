"""The page of measurements, filled from the results that `make bench` wrote: no number on it is typed."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PAGE = "book/reference/benchmarks"
RESULTS = "book/reference/benchmarks.json"
OURS = "course_lib"
WORDS = {"goal": "goal met", "floor": "above the floor", "MISSED": "**below the floor**"}


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put machine, plot and tables in the places that the page keeps for them."""
    if docname == PAGE:
        path = Path(app.srcdir) / RESULTS
        app.env.note_dependency(str(path))
        results = json.loads(path.read_text(encoding="utf-8"))
        for marker, part in PARTS.items():
            source[0] = source[0].replace(f"% {marker}\n", part(results) + "\n")


# --- tables ---------------------------------------------------------------------------------------------


def machine(results: dict) -> str:
    """Say what it was measured on, and with which versions."""
    return "Measured on: " + "; ".join(f"{what} {which}" for what, which in results["machine"].items()) + "."


def measured(results: dict) -> list[dict]:
    """Return the tasks whose peer was there to be measured against."""
    return [row for row in results["speed"] if row["against"] in row["times"]]


def speed(results: dict) -> str:
    """Return one line for each task: our time, the peer's, their ratio, and what was hoped for."""
    lines = [
        [
            row["name"],
            duration(row["times"][OURS]["median_s"]),
            row["against"],
            duration(row["times"][row["against"]]["median_s"]),
            *(f"{row[kind]:.3g}" for kind in ("ratio", "goal", "floor")),
            WORDS[row["verdict"]],
        ]
        for row in measured(results)
    ]
    return table(["Task", OURS, "Peer", "Its time", "Ratio", "Goal", "Floor", "Result"], lines)


def peers(results: dict) -> str:
    """Return every contestant of every task, with the spread of its times."""
    lines = [
        [
            row["name"],
            name,
            duration(time["median_s"]),
            f"± {time['spread_percent']:.0f} %",
            f"{row['ratios'][name]:.2f}" if name in row["ratios"] else "",
        ]
        for row in results["speed"]
        for name, time in row["times"].items()
    ]
    return table(["Task", "By", "Time", "Spread", "Ratio to ours"], lines)


def accuracy(results: dict) -> str:
    """Return one line for each quantity: our worst relative error, and those of the peers."""
    lines = []
    for row in results["accuracy"]:
        errors = {name: number(error, ".2g") for name, error in row["errors"].items()}
        ours, goal = errors.pop(OURS), number(row["goal"], ".2g")
        lines.append([row["name"], ours, goal, "; ".join(f"{name}\u00a0{e}" for name, e in errors.items())])
    return table(["Quantity", OURS, "Goal", "Peers"], lines)


def shortfalls(results: dict) -> str:
    """Name the tasks that fell short of their goal, and say why."""
    by_reason: dict[str, list[str]] = {}
    for row in [*results["speed"], *results["accuracy"]]:
        if row["verdict"] in ("floor", "MISSED"):
            by_reason.setdefault(row.get("reason") or "No reason is known yet.", []).append(row["name"])
    return "\n".join(f"- {'; '.join(names)}. {reason}" for reason, names in by_reason.items()) or "None."


def frameworks(results: dict) -> str:
    """Return the same divergence by every framework, in every dtype."""
    values = results["frameworks"]["values"]
    lines = [
        [name, *(number(found[name], ".17g") for found in values.values())] for name in values["float64"]
    ]
    return table(["By", *values], lines)


def traps(results: dict) -> str:
    """Return the calls that look right, what they give, and what to write instead."""
    lines = [
        [f"`{trap['call']}`", number(trap["value"], ".6g"), trap["happens"], trap["cure"]]
        for trap in results["frameworks"]["traps"].values()
    ]
    return table(["Call", "Gives", "That is", "Instead"], lines)


def skipped(results: dict) -> str:
    """Name the peers that were not there to be measured."""
    missing = {name for row in [*results["speed"], *results["accuracy"]] for name in row.get("skipped", ())}
    missing |= {name for name, value in results["frameworks"]["values"]["float64"].items() if value is None}
    return "\n".join(f"- {name}" for name in sorted(missing)) or "None: all were installed."


def table(heads: list[str], lines: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows)


def duration(seconds: float) -> str:
    """Return a time with three digits, in the unit that suits it."""
    units = (("s", 1), ("ms", 1e3), ("µs", 1e6))
    unit, scale = next((u, s) for u, s in units if seconds * s >= 1 or u == "µs")
    return f"{float(f'{seconds * scale:.3g}'):g} {unit}"


def number(value: float | str | None, digits: str) -> str:
    """Return a number with so many digits; words stay words, and None is what was not measured.

    The minus is a real one, at which no line breaks.
    """
    if value is None:
        return "not installed"
    return value if isinstance(value, str) else format(value, digits).replace("-", "−")


# --- the plot -------------------------------------------------------------------------------------------

WIDTH, LINE, LEFT, RIGHT = 420, 42, 8, 16  # narrow, so that words stay readable on a phone
LEAST = 0.5  # where the scale begins
STYLE = """
.benchmarks { max-width: 34rem } .benchmarks text { fill: currentColor; font: 13px sans-serif;
  paint-order: stroke; stroke: var(--pst-color-background); stroke-width: 5px }
.benchmarks line { stroke: currentColor } .benchmarks circle { fill: #0072B2; stroke: currentColor }
.benchmarks .grid { opacity: .25 } .benchmarks .tick { text-anchor: middle }
.benchmarks .goal { stroke-width: 3 } .benchmarks .floor { stroke-width: 2; stroke-dasharray: 3 3 }
"""


def plot(results: dict) -> str:
    """Draw each ratio as a dot on a logarithmic scale, with its goal and its floor."""
    rows = measured(results)
    top = max(max(row["ratio"], row["goal"]) for row in rows)
    height = LINE * len(rows) + 40

    def x(ratio: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(max(ratio / LEAST, 1)) / math.log(top / LEAST)

    ticks = [tick for tick in (1, 3, 10, 30, 100, 300, 1000) if tick <= top]
    drawn = [_grid(x(tick), height, f"{tick}×") for tick in ticks]
    drawn += [_row(row, x, 12 + LINE * i) for i, row in enumerate(rows)]
    met = sum(row["verdict"] == "goal" for row in rows)
    alt = (
        f"Dot plot of {len(rows)} tasks: how many times faster than its peer the library does each. "
        f"{met} dots lie at or beyond their goal. The table below holds the same numbers."
    )
    return (
        f'```{{raw}} html\n<figure class="benchmarks">'
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{html.escape(alt)}">'
        f"<style>{STYLE}</style>{''.join(drawn)}</svg></figure>\n```"
    )


def _grid(x: float, height: int, label: str) -> str:
    return (
        f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{height - 26}"/>'
        f'<text class="tick" x="{x:.1f}" y="{height - 8}">{label}</text>'
    )


def _row(row: dict, x: Callable[[float], float], y: int) -> str:
    marks = "".join(
        f'<line class="{kind}" x1="{x(row[kind]):.1f}" x2="{x(row[kind]):.1f}" y1="{y + 14}" y2="{y + 30}"/>'
        for kind in ("floor", "goal")
    )
    return (
        f'<text x="{LEFT}" y="{y + 9}">{html.escape(row["name"])}: {row["ratio"]:.3g}×</text>{marks}'
        f'<circle cx="{x(row["ratio"]):.1f}" cy="{y + 22}" r="5"/>'
    )


PARTS = {
    "machine": machine,
    "plot": plot,
    "speed": speed,
    "peers": peers,
    "accuracy": accuracy,
    "shortfalls": shortfalls,
    "frameworks": frameworks,
    "traps": traps,
    "skipped": skipped,
}


def setup(app: Sphinx) -> dict:
    """Fill the page as it is read."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""How a row is measured: contestants take turns, so that a busy machine is busy for all of them.

A time is processor time, one thread for everyone: the median over rounds, with half the distance between
the quartiles as its spread. The ratio of a row is the peer's time over ours *within a round*, again as a
median over rounds, so that the load of the moment cancels.
"""

import importlib
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType

Call = Callable[[], object]


@dataclass(frozen=True)
class Speed:
    """One task, done by us and by peers; ``goal`` and ``floor`` are ratios to the peer ``against``.

    A peer that is None is not installed: it is named as skipped, and if it is the one that we are measured
    against, the row has no ratio.
    ``reason`` says why the goal may be out of reach; it is shown where a run falls short of it.
    """

    name: str
    ours: Call
    peers: dict[str, Call | None]
    goal: float
    floor: float
    against: str
    reason: str = ""


@dataclass(frozen=True)
class Accuracy:
    """One quantity, with the worst relative error of ours and of peers against 50-digit arithmetic."""

    name: str
    ours: Callable[[], float]
    peers: dict[str, Callable[[], float]] = field(default_factory=dict)
    goal: float = 1e-14


def seconds(call: Call, repeats: int) -> float:
    start = time.process_time()
    for _ in range(repeats):
        call()
    return (time.process_time() - start) / repeats


def repeats_for(call: Call, budget: float = 0.02) -> int:
    """Return how often to call so that one timing lasts about ``budget`` seconds; warms up on the way."""
    call()
    return max(1, min(5000, math.ceil(budget / max(seconds(call, 1), 1e-7))))


def summary(times: list[float]) -> dict[str, float]:
    low, median, high = statistics.quantiles(times, n=4)
    return {"median_s": median, "spread_percent": 50 * (high - low) / median}


def optional(name: str) -> ModuleType | None:
    """Return a package that only the comparison needs, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None


def run_speed(row: Speed, rounds: int) -> dict:
    peers = {name: call for name, call in row.peers.items() if call is not None}
    calls = {"course_lib": row.ours, **peers}
    repeats = {name: repeats_for(call) for name, call in calls.items()}
    times = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(seconds(call, repeats[name]))
    ratios = {
        peer: statistics.median(t / ours for t, ours in zip(times[peer], times["course_lib"], strict=True))
        for peer in peers
    }
    ratio = ratios.get(row.against)
    return {
        "name": row.name,
        "times": {name: summary(t) for name, t in times.items()},
        "ratios": ratios,
        "against": row.against,
        "ratio": ratio,
        "goal": row.goal,
        "floor": row.floor,
        "reason": row.reason,
        "skipped": sorted(row.peers.keys() - peers.keys()),
        "verdict": "skipped" if ratio is None else verdict(ratio >= row.goal, ratio >= row.floor),
    }


def run_accuracy(row: Accuracy) -> dict:
    errors = {"course_lib": row.ours(), **{name: peer() for name, peer in row.peers.items()}}
    met = errors["course_lib"] <= row.goal
    return {"name": row.name, "errors": errors, "goal": row.goal, "verdict": verdict(met, met)}


def verdict(goal: bool, floor: bool) -> str:
    return "goal" if goal else "floor" if floor else "MISSED"

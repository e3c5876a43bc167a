"""Checks of a form that several sets of exercises share: intervals that cost bits, and many cases at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from course_lib.grading.checks.kit import Answer, Asked

__all__ = ["all_near", "interval_costs"]


def all_near(
    asked: Asked, answer: Callable[..., Any], cases: Iterable[tuple], *laws: str, rtol: float = 1e-9
) -> None:
    """Ask all cases, then compare each with the right answer: advice is given when it fits all of them."""
    for got, case in [(asked(*case), case) for case in cases]:
        got.agrees(answer(*case), laws, rtol=rtol)


def interval_costs(answer: Answer, truths: Mapping[str, float], most: float) -> float:
    """Fail on the dearest interval unless all cost at most `most` bits on average; return their mean.

    An interval costs the bits by which it is wide, and ten times the bits by which it misses.
    """
    costs = {}
    for name, truth in truths.items():
        interval = answer.item(name)
        low, high = (end.number() for end in interval.parts(2, "an interval is a pair (low, high)"))
        start = "a miss is measured by a factor, and 0 has none: let it begin at a small number"
        advice = start if low == 0 else "the low end comes first" if low > high else ""
        interval.require(0 < low <= high < math.inf, "an interval has 0 < low <= high", advice)
        costs[name] = math.log2(high / low) + 10 * math.log2(max(low / truth, truth / high, 1))
    mean, dearest = sum(costs.values()) / len(costs), max(costs, key=costs.get)
    law = f"your intervals cost {mean:.3f} bits on average, this one most; {most:g} bits are allowed here"
    low, high = answer.value[dearest]
    answer.item(dearest).require(mean <= most, law, "" if low <= truths[dearest] <= high else None)
    return mean

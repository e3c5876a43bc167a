"""What each explorable must show: a row of data, moves and the library's own numbers.

The tests of the library make the moves in Node, those of the site with the controls in a browser. A new
explorable is one module in `book/_static/explorables` and one row here.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats

import course_lib
from course_lib.explorables import declared_inputs


@dataclass(frozen=True)
class Row:
    """One explorable with its data; `shows(**values)` tells each number that stands in its frame.

    Each move sets every control. What a button counts never falls from one move to the next.
    """

    name: str
    data: Mapping[str, Any]
    moves: Sequence[Mapping[str, Any]]
    shows: Callable[..., Mapping[str, float]]


def uniforms(seed, count):
    """Compute the scripts' seeded generator again, with Python's integers."""
    state, out = seed, []
    for _ in range(count):
        state = (state + 0x6D2B79F5) % 2**32
        t = (state ^ state >> 15) * (state | 1) % 2**32
        t ^= (t + (t ^ t >> 7) * (t | 61)) % 2**32
        out.append(((t ^ t >> 14) + 0.5) / 2**32)
    return np.array(out)


def coin(p, q, seed):
    truth, belief = [p, 1 - p], [q, 1 - q]
    shown = {
        "entropy": course_lib.entropy(truth, base=2),
        "kl": course_lib.kl_divergence(truth, belief, base=2),
        "cross-entropy": course_lib.cross_entropy(truth, belief, base=2),
    }
    if 0 < q < 1 and p != q:
        heads = (uniforms(seed, 10_000) < p).mean()
        shown["excess"] = (
            special.xlogy(heads, p / q) + special.xlogy(1 - heads, (1 - p) / (1 - q))
        ) / math.log(2)
    return shown


def density(values, mean, sd, interval, bins, unit, **_):
    inside = np.mean((values >= interval[0]) & (values < interval[1]))
    width = (interval[1] - interval[0]) * {"m": 1, "mm": 1000}[unit]
    under = np.diff(stats.norm(mean, sd).cdf(interval))[0]
    return {"probability": inside, "density": inside / width, "area": 1, "curve": under}


def large_numbers(source, n, seed):
    u = uniforms(1000 * seed, n)
    draws = {"coin": u < 0.5, "die": 1 + np.floor(6 * u), "cauchy": np.tan(np.pi * (u - 0.5))}[source]
    sd = {"coin": 0.5, "die": math.sqrt(35 / 12)}.get(source)
    return {"mean": draws.mean()} | ({"error": sd / math.sqrt(n)} if sd else {})


def surprise(a, b, p_a, p_b):
    one, two = course_lib.surprisal([p_a, p_b], base=2)
    return {a: one, b: two, "both": one + two}


def fog(counts, loss, shapes, sounds, actions, heard, cost):
    prior = counts.sum(axis=1) / counts.sum()
    belief = prior
    if heard is not None:
        likelihood = counts[:, sounds.tolist().index(heard)] / counts.sum(axis=1)
        belief = course_lib.bayes_update(prior, likelihood).posterior
    costs = loss.astype(float)
    costs[0, 3] = cost
    expected = costs @ belief
    flip = {"flip": (expected[1] - expected[0] + belief[3] * cost) / belief[3]}
    return dict(zip([*shapes, *actions], [*belief, *expected], strict=True)) | flip


def alias(p, seed, step, draws, thousands, **_):
    """Short columns are filled from the last to the first; each keeps what the library's table says."""
    table, size = course_lib.AliasTable(p), len(p)
    np.testing.assert_allclose(table.probabilities(), p, atol=1e-15)
    order = [*np.flatnonzero(size * p < 1)[::-1], *np.flatnonzero((size * p >= 1) & (table.keep < 1))]
    shown = {f"{i + 1} keeps": table.keep[i] for i in order[:step]}
    if 0 < step < len(order):
        last = order[step - 1]
        giver = p[table.alias[last]]
        shown |= {"poured": 1 - table.keep[last], "height": size * giver, "probability": giver}
    if step >= len(order):
        shown |= {f"{i + 1} keeps": kept for i, kept in enumerate(table.keep)}
    if total := draws + 1000 * thousands:
        places = uniforms(seed, total) * size
        columns = places.astype(int)
        coins = places - columns
        outcomes = np.where(coins < table.keep[columns], columns, table.alias[columns])
        shares = np.bincount(outcomes, minlength=size) / total
        shown |= {f"share {i + 1}": share for i, share in enumerate(shares)}
        shown |= {
            "coin": coins[-1], "kept": table.keep[columns[-1]], "outcome": 1 + outcomes[-1], "draws": total,
        }  # fmt: skip
    return shown


LENGTHS = np.random.default_rng(3).normal(1.7, 0.08, 500).round(3)

ROWS = [
    Row(
        "alias",
        {"p": [0.1, 0.1, 0.1, 0.1, 0.2, 0.4]},
        [{"step": s, "draws": 0, "thousands": 0} for s in range(6)]
        + [{"step": 5, "draws": d, "thousands": k} for d, k in ((1, 0), (2, 0), (12, 0), (12, 2), (13, 2))],
        alias,
    ),
    Row(
        "coin-kl",
        {"p": 0.5},
        [{"p": p, "q": q, "seed": 5} for p in (0, 0.01, 0.3, 0.5, 1) for q in (0, 0.01, 0.5, 0.9, 1)],
        coin,
    ),
    Row(
        "density",
        {"values": LENGTHS, "mean": 1.7, "sd": 0.08, "interval": (1.7, 1.8)},
        [{"bins": bins, "unit": unit} for bins in (1, 7, 20) for unit in ("m", "mm")],
        density,
    ),
    Row(
        "fog",
        {"actions": ["walk on", "step aside"]},
        [{"heard": h, "cost": c} for h in (None, "silence", "steps", "ticking") for c in (0, 90, 365, 600)],
        fog,
    ),
    Row(
        "large-numbers",
        {"source": "coin"},
        [{"source": s, "n": n, "seed": 3} for s in ("coin", "die", "cauchy") for n in (1, 100, 10_000)],
        large_numbers,
    ),
    Row(
        "surprise",
        {"a": "rain", "b": "late train"},
        [{"p_a": a, "p_b": b} for a in (0.01, 0.3, 1) for b in (0.01, 0.5, 1)],
        surprise,
    ),
]


def values_after(row, move):
    """Return an explorable's values after a move, lists as arrays."""
    defaults = {key: schema["default"] for key, schema in declared_inputs()[row.name].items()}
    return {
        key: np.array(value) if isinstance(value, list) else value
        for key, value in {**defaults, **row.data, **move}.items()
    }


def displayed(markup):
    """Return the named numbers of a frame as printed."""
    return dict(re.findall(r'<b data-value="([^"]+)">([^<]*)</b>', markup))


def check_shown(texts, expected, where):
    """Compare each printed number with the library's, to half a unit of its last digit."""
    assert texts.keys() == expected.keys(), where
    for name, text in texts.items():
        digits = re.match(r"[\d,]+\.?\d*|∞", text.lstrip("−"))[0].replace(",", "").replace("∞", "inf")
        value = -float(digits) if text.startswith("−") else float(digits)
        half = 0.501 * 10.0 ** -len(digits.partition(".")[2])
        assert value == expected[name] or abs(value - expected[name]) <= half, (where, name, text)

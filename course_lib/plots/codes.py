"""Figures of chapter 3 in depth: intervals of messages, maximum entropy, bias, attention, notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_lib.plots.style import CYCLE, INK, PALETTE, finish, panels, plain_powers, shade

__all__ = ["biases", "nested", "piles", "solved", "spreads"]

BLUE, RED, GREEN = PALETTE["blue"], PALETTE["vermillion"], PALETTE["green"]


def nested(message: str, shares: Mapping[str, float], *, code: str) -> Figure:
    """Draw how each symbol of a message narrows its interval, and a code word's interval in the last.

    Parameters
    ----------
    message : str
        Its symbols, one after the other; the first row is the empty message.
    shares : mapping from symbol to probability
        The model, the same at each step.
    code : str
        A word of "0" and "1"; it must lie within the message's interval.
    """
    figure, ((axes,),) = panels(height=0.7 * len(message) + 2.2)
    low, width = 0.0, 1.0
    _row(axes, 0, {"all messages": (0.0, 1.0)}, "all messages")
    for row in range(1, len(message) + 1):
        parts, at = {}, low
        for name, share in shares.items():
            parts[message[: row - 1] + name] = (at, width * share)
            at += width * share
        low, width = parts[message[:row]]
        _row(axes, row, parts, message[:row])
    start, size = int(code, 2) / 2 ** len(code), 2.0 ** -len(code)
    if not low <= start <= start + size <= low + width + 1e-12:
        raise ValueError(f"the word {code} is not within the interval of {message}")
    row = len(message) + 1
    axes.barh(row, size, 0.8, left=start, **shade(GREEN))
    axes.text(low + width + 0.015, row, code, ha="left", va="center")
    for edge in (low, low + width):
        axes.plot([edge, edge], [row - 0.6, row + 0.45], color=BLUE, linewidth=1, linestyle=":")
    axes.set(xlim=(0, 1), ylim=(row + 0.6, -0.6), xlabel="share of the range", ylabel="symbols read")
    axes.set_yticks(range(row + 1), [*map(str, range(row)), "word"])
    axes.tick_params(axis="y", length=0)
    return finish(figure)


def _row(axes: Axes, row: int, parts: Mapping[str, tuple[float, float]], chosen: str) -> None:
    """Draw the parts of one row; the chosen one is blue."""
    for name, (left, width) in parts.items():
        axes.barh(row, width, 0.8, left=left, **shade(BLUE if name == chosen else INK))
        if width > 0.03 * len(name):
            axes.text(left + width / 2, row, name, ha="center", va="center", color="black")


def solved(panels_of: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]], *, ylabel: str) -> Figure:
    """Draw distributions that were found numerically as rings, on the closed forms as lines.

    Parameters
    ----------
    panels_of : mapping from title to (x, found, closed), three arrays (N,)
        What is known, and the probabilities or densities over x. Some 20 of the found ones are drawn.
    ylabel : str
        What the heights are.
    """
    figure, (row,) = panels(1, len(panels_of), height=3.2)
    for axes, (title, (x, found, closed)) in zip(row, panels_of.items(), strict=True):
        axes.plot(x, closed, color=INK, linewidth=1)
        every = max(1, len(x) // 20)
        axes.plot(x, found, "o", color=BLUE, markersize=6, markerfacecolor="none", markevery=every)
        axes.set(title=title, ylim=(0, None))
        axes.locator_params(nbins=4)
    row[0].set_ylabel(ylabel)
    figure.supxlabel("outcome x", fontsize="medium")
    return finish(figure)


def biases(n: ArrayLike, ratios: Mapping[str, ArrayLike]) -> Figure:
    """Draw exact biases, each divided by its formula for many samples, against the number of samples.

    Parameters
    ----------
    n : array (N,)
        Numbers of samples.
    ratios : mapping from name to array (N,)
        Exact bias over formula; where the curve is 1, the formula is right.
    """
    figure, ((axes,),) = panels(height=3.8)
    axes.axhline(1, color=INK, linewidth=1)
    for (name, ratio), colour, style in zip(ratios.items(), CYCLE, ("-", "--"), strict=False):
        axes.plot(n, ratio, color=colour, linestyle=style, label=name)
    axes.set(xscale="log", xlabel="samples n", ylabel="exact bias over formula")
    plain_powers(axes.xaxis)
    axes.legend(loc="lower right")
    return finish(figure)


def spreads(bits: Mapping[int, np.ndarray], *, before: float) -> Figure:
    """Draw entropies of attention against the number of items asked for, over the curve log2 of it.

    Parameters
    ----------
    bits : mapping from number of items to array (n,)
        Entropies of single queries; a point is their mean, a bar reaches from the 5 % to the 95 % quantile.
    before : float
        Bits of an even spread over all items.
    """
    figure, ((axes,),) = panels(height=3.6)
    items = np.array(list(bits))
    mean = [float(np.mean(values)) for values in bits.values()]
    axes.axhline(before, color=INK, linestyle="--")
    axes.annotate("even spread", (items[0], before), (0, -16), textcoords="offset points")
    dense = np.linspace(items[0], items[-1], 100)
    axes.plot(dense, np.log2(dense), color=INK)
    for m, values in bits.items():
        axes.plot([m, m], np.quantile(values, [0.05, 0.95]), color=BLUE, linewidth=2)
    axes.plot(items, mean, "o", color=BLUE)
    axes.annotate(
        "log2 m", (items[-1], np.log2(items[-1])), (-8, -22), textcoords="offset points", ha="right"
    )
    axes.set(xlabel="items m that were asked for", ylabel="entropy of attention (bits)")
    axes.set(ylim=(0, 1.1 * before), xticks=items)
    return finish(figure)


def piles(values: ArrayLike, first: ArrayLike, names: Sequence[str], *, xlabel: str) -> Figure:
    """Draw two histograms over the same bins, one above the other.

    Parameters
    ----------
    values : array (n,)
        Numbers of all items.
    first : array (n,) of bool
        Which of them belong to the first kind.
    names : two strings
        Names of the kinds.
    xlabel : str
        What the numbers are, with their unit.
    """
    values, first = np.asarray(values, dtype=float), np.asarray(first, dtype=bool)
    edges = np.linspace(values.min(), values.max(), 31)
    figure, grid = panels(2, height=1.9, sharex=True)
    for axes, name, those, colour in zip(grid[:, 0], names, (first, ~first), CYCLE, strict=False):
        axes.hist(values[those], edges, **shade(colour))
        axes.set_title(name, loc="left")
    grid[-1, 0].set_xlabel(xlabel)
    figure.supylabel("notes", fontsize="medium")
    return finish(figure)

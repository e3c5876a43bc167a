"""Figures of beliefs that meet data: intervals, bands, a change of variable, and the normal approximation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_lib.plots.style import CYCLE, INK, PALETTE, finish, panels, plain_powers, shade

__all__ = ["against_normal", "banded", "belts", "coverage", "recovering", "scales", "scored"]

BLUE, RED = PALETTE["blue"], PALETTE["vermillion"]


def belts(
    outcomes: ArrayLike, intervals: Mapping[str, ArrayLike], *, level: float, xlabel: str, ylabel: str
) -> Figure:
    """Draw the interval that each of several recipes states for each outcome, and a level that cuts them."""
    outcomes = np.asarray(outcomes)
    figure, ((axes,),) = panels(height=4.2)
    for i, (name, bounds) in enumerate(intervals.items()):
        low, high = np.asarray(bounds, dtype=float).T
        at = outcomes + 0.34 * (i - (len(intervals) - 1) / 2)
        axes.bar(at, high - low, 0.3, bottom=low, label=name, **shade(CYCLE[i]))
    axes.axhline(level, color=INK, linestyle="--", linewidth=1.4)
    axes.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, 1), xlim=(outcomes[0] - 0.7, outcomes[-1] + 0.7))
    figure.legend(loc="outside upper center", ncols=len(intervals))
    return finish(figure)


def coverage(
    truth: ArrayLike, covered: Mapping[str, ArrayLike], *, promise: float, xlabel: str, ylabel: str
) -> Figure:
    """Draw how often each of several recipes covers the truth, from one half upwards, and their promise."""
    figure, ((axes,),) = panels(height=4.2)
    for i, (name, shares) in enumerate(covered.items()):
        axes.plot(truth, shares, color=CYCLE[i], linestyle=("-", "--", "-.")[i % 3], label=name)
    axes.axhline(promise, color=INK, linewidth=1.4, label="promise")
    axes.set(xlabel=xlabel, ylabel=ylabel, ylim=(0.5, 1.005), xlim=(np.min(truth), np.max(truth)))
    figure.legend(loc="outside upper center", ncols=2)
    return finish(figure)


def recovering(
    n: ArrayLike,
    beliefs: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]],
    *,
    truth: float,
    xlabel: str,
    ylabel: str,
) -> Figure:
    """Draw the mean and the band of each belief as data grow, a panel a belief, over the truth."""
    figure, grid = panels(len(beliefs), height=1.9, sharex=True, sharey=True)
    for axes, (title, (mean, low, high)) in zip(grid[:, 0], beliefs.items(), strict=True):
        axes.fill_between(n, low, high, color=BLUE, alpha=0.2, linewidth=0)
        axes.plot(n, np.transpose([low, high]), color=BLUE, linewidth=0.8)
        axes.plot(n, mean, color=BLUE)
        axes.axhline(truth, color=INK, linestyle="--", linewidth=1.4)
        axes.set(xscale="log", ylim=(0, None), xlim=(np.min(n), np.max(n)))
        axes.set_title(title, loc="left")
    plain_powers(grid[-1, 0].xaxis)
    grid[-1, 0].set_xlabel(xlabel)
    figure.supylabel(ylabel, fontsize="medium")
    return finish(figure)


def against_normal(beliefs: Mapping[str, tuple[Any, Any]], *, xlabel: str) -> Figure:
    """Draw pairs of a posterior and its normal curve, a panel a pair, four standard deviations wide."""
    figure, grid = panels(len(beliefs), height=1.9)
    for axes, (title, (posterior, normal)) in zip(grid[:, 0], beliefs.items(), strict=True):
        x = normal.mean() + normal.std() * np.linspace(-4, 4, 241)
        axes.fill_between(x, posterior.pdf(x), label="posterior", **shade(BLUE))
        axes.plot(x, normal.pdf(x), color=RED, linestyle="--", label="normal curve")
        axes.set(ylim=(0, None), xlim=(x[0], x[-1]))
        axes.set_title(title, loc="left")
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    figure.supxlabel(xlabel, fontsize="medium")
    figure.supylabel("density", fontsize="medium")
    return finish(figure)


def scales(views: Mapping[str, tuple[ArrayLike, ArrayLike, float, tuple[float, float]]]) -> Figure:
    """Draw one belief on several scales: its density, where that is highest, and one interval shaded.

    Each view is named after its scale and holds (x, density, peak, (low, high)).
    """
    figure, grid = panels(len(views), height=2.5)
    for axes, (name, (at, height, peak, (low, high))) in zip(grid[:, 0], views.items(), strict=True):
        x, density = np.asarray(at, dtype=float), np.asarray(height, dtype=float)
        inside = np.linspace(low, high, 200)
        axes.fill_between(inside, np.interp(inside, x, density), color=BLUE, alpha=0.2, linewidth=0)
        axes.plot(x, density, color=BLUE)
        axes.axvline(peak, color=RED, linestyle="--", linewidth=1.8)
        axes.annotate("MAP", (peak, 1), (7, -3), va="top", color=RED, textcoords="offset points",
                      xycoords=axes.get_xaxis_transform())  # fmt: skip
        axes.set(xlabel=name, ylabel="density", ylim=(0, 1.15 * density.max()))
        axes.set_xlim(min(x[0], peak) - 0.01 * np.ptp(x), x[-1])
    return finish(figure)


def banded(
    x: ArrayLike,
    y: ArrayLike,
    grid: ArrayLike,
    curves: Mapping[str, ArrayLike],
    height: ArrayLike,
    sd: ArrayLike,
    *,
    xlabel: str,
    ylabel: str,
) -> Figure:
    """Draw points, curves, and a band of two standard deviations around a height; the axis fits the band."""
    height, sd = np.asarray(height, dtype=float), np.asarray(sd, dtype=float)
    low, high = height - 2 * sd, height + 2 * sd
    figure, ((axes,),) = panels(height=4.2)
    axes.fill_between(grid, low, high, color=BLUE, alpha=0.2, linewidth=0, label="± 2 sd")
    looks: Sequence[tuple[str, str]] = ((INK, "--"), (RED, "-."), (BLUE, "-"))
    for (name, curve), (colour, style) in zip(curves.items(), looks, strict=True):
        axes.plot(grid, curve, color=colour, linestyle=style, label=name)
    axes.plot(x, y, "o", color=INK, markersize=6)
    edge = 0.1 * (high.max() - low.min())
    bottom, top = min(low.min(), np.min(y)) - edge, max(high.max(), np.max(y)) + edge
    axes.set(xlabel=xlabel, ylabel=ylabel, ylim=(bottom, top))
    figure.legend(loc="outside upper center", ncols=1 + len(curves))
    return finish(figure)


def scored(models: ArrayLike, scores: ArrayLike, *, xlabel: str, ylabel: str) -> Figure:
    """Draw the score of each of a row of models as a point, and name the best."""
    models, scores = np.asarray(models), np.asarray(scores, dtype=float)
    figure, ((axes,),) = panels(height=3.6)
    best = scores.argmax()
    axes.plot(models, scores, "o", color=BLUE)
    axes.plot(models[best], scores[best], "o", color=RED, markersize=9)
    axes.annotate(
        "best", (models[best], scores[best]), (0, 9), ha="center", color=RED, textcoords="offset points"
    )
    axes.margins(y=0.15)
    axes.set(xlabel=xlabel, ylabel=ylabel, xticks=models)
    return finish(figure)

"""Figures of chapter 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_lib.plots.style import CYCLE, INK, PALETTE, finish, panels, plain_powers, shade

__all__ = ["beliefs", "fits", "updating", "weighing"]

BLUE, RED = PALETTE["blue"], PALETTE["vermillion"]


def updating(grid: ArrayLike, curves: Mapping[str, ArrayLike], *, xlabel: str) -> Figure:
    """Draw densities over one grid, each with its name at its peak; the last one is filled."""
    figure, ((axes,),) = panels(height=3.9)
    x, last = np.asarray(grid, dtype=float), list(curves)[-1]
    peaks = {name: (x[np.argmax(density)], np.max(density)) for name, density in curves.items()}
    middle = max(peaks.values(), key=lambda peak: peak[1])[0]
    for i, (name, density) in enumerate(curves.items()):
        colour = BLUE if name == last else CYCLE[i + 1]
        if name == last:
            axes.fill_between(x, density, color=BLUE, alpha=0.14, linewidth=0)
        axes.plot(x, density, color=colour)
        side = np.sign(peaks[name][0] - middle)  # names of curves beside the tallest stand away from it
        place = {-1: ((-8, 3), "right"), 0: ((0, 5), "center"), 1: ((10, 3), "left")}[int(side)]
        axes.annotate(name, peaks[name], place[0], ha=place[1], va="bottom", color=colour,
                      textcoords="offset points")  # fmt: skip
    axes.margins(y=0.12)
    axes.set(xlabel=xlabel, ylabel="density", xlim=(x[0], x[-1]), ylim=(0, None))
    return finish(figure)


def weighing(words: Sequence[str], bits: ArrayLike, *, start: float, sides: tuple[str, str]) -> Figure:
    """Draw a running total of evidence, a bar for each word from the total before it to the total after."""
    bits = np.asarray(bits, dtype=float)
    if bits.shape != (len(words),):
        raise ValueError(f"each of the {len(words)} words needs its bits, got shape {bits.shape}")
    steps = np.append(start, bits)
    after = np.cumsum(steps)
    figure, ((axes,),) = panels(height=0.9 + 0.36 * (len(words) + 2))
    for row, (low, step) in enumerate(zip(after - steps, steps, strict=True)):
        axes.barh(row, step, 0.72, left=low, **shade(BLUE if step > 0 else RED))
        _at_the_end(axes, low + step, row, step)
        axes.plot([low + step] * 2, [row, row + 1], color=INK, linewidth=0.9)
    axes.barh(len(steps), after[-1], 0.72, color=BLUE if after[-1] > 0 else RED)
    _at_the_end(axes, after[-1], len(steps), after[-1])
    axes.axvline(0, color=INK, linewidth=1.2)
    axes.set_yticks(range(len(steps) + 1), ["prior", *words, "total"])
    axes.tick_params(axis="y", length=0)
    axes.use_sticky_edges = False
    axes.margins(x=0.18)
    axes.invert_yaxis()
    axes.set_xlabel(f"← {sides[0]}\u2003\u2003log-odds (bits)\u2003\u2003{sides[1]} →")
    return finish(figure)


def _at_the_end(axes: Axes, x: float, row: int, value: float) -> None:
    """Write a signed number where its bar ends."""
    side, anchor = (6, "left") if value > 0 else (-6, "right")
    text = f"{value:+.1f}".replace("-", "−")
    axes.annotate(text, (x, row), (side, 0), ha=anchor, va="center", textcoords="offset points")


def fits(
    x: ArrayLike,
    y: ArrayLike,
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    penalties: ArrayLike,
    error: ArrayLike,
    *,
    predicted: float,
) -> Figure:
    """Draw curves fitted to points, and below them the mean error of such fits against the penalty."""
    figure, ((above,), (below,)) = panels(2, height=3.3)
    above.plot(x, y, "o", color=INK, markersize=6)
    for (name, (at, height)), colour, style in zip(
        curves.items(), (INK, RED, BLUE), ("--", "-", "-"), strict=True
    ):
        above.plot(at, height, color=colour, linestyle=style, label=name)
    figure.legend(loc="outside upper center", ncols=len(curves))
    below.plot(penalties, error, "o-", color=BLUE)
    below.axvline(predicted, color=INK, linestyle="--", linewidth=1.4)
    below.annotate(f"σ²/τ² = {predicted:g}", (predicted, 1), (7, 0), va="top", textcoords="offset points",
                   xycoords=below.get_xaxis_transform())  # fmt: skip
    above.set(xlabel="input x", ylabel="output y")
    below.set(xscale="log", xlabel="penalty λ", ylabel="squared error\nof the weights", ylim=(0, None))
    plain_powers(below.xaxis)
    return finish(figure)


def beliefs(table: Mapping[str, Mapping[str, ArrayLike]], labels: Sequence[str], *, xlabel: str) -> Figure:
    """Draw a grid of beliefs over the same outcomes, a row for each prior and a column for what was seen."""
    seen = list(next(iter(table.values())))
    figure, grid = panels(len(table), len(seen), height=2.7, sharex=True, sharey=True)
    for i, (line, (prior, row)) in enumerate(zip(grid, table.items(), strict=True)):
        for axes, (title, belief) in zip(line, row.items(), strict=True):
            drawn = axes.bar(range(len(labels)), belief, 0.8, **shade(BLUE))
            axes.bar_label(drawn, [_brief(p) for p in np.asarray(belief, dtype=float)], padding=3)
            axes.set(ylim=(0, 1.18), yticks=[0, 0.5, 1])
            axes.set_xticks(range(len(labels)), labels)
            axes.set_title(title if i == 0 else "")
        line[0].set_ylabel(prior)
    figure.supxlabel(xlabel, fontsize="medium")
    return finish(figure)


def _brief(p: float) -> str:
    """Write a probability on a narrow bar: .961, and nothing where it rounds to zero."""
    return f"{p:.2f}".lstrip("0") if 0.005 <= p < 0.995 else ("1" if p >= 0.995 else "")

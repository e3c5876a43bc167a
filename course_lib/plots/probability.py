"""Figures of chapter 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isqrt, log2
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_lib.plots import picture
from course_lib.plots.densities import families as families
from course_lib.plots.densities import family_map as family_map
from course_lib.plots.densities import in_two_units as in_two_units
from course_lib.plots.densities import inverse_cdf as inverse_cdf
from course_lib.plots.densities import order_and_shuffle as order_and_shuffle
from course_lib.plots.densities import scatter_with_margins as scatter_with_margins
from course_lib.plots.densities import shrinking_bins as shrinking_bins
from course_lib.plots.style import CYCLE, INK, PALETTE, decimals_of, finish, panels, plain_powers, shade
from course_lib.plots.tables import cells, frame_cells, outline, places

__all__ = ["alias_columns", "bracket", "completions", "conditioning", "running_means", "search"]

BLUE = PALETTE["blue"]


def conditioning(joint: ArrayLike, rows: Sequence[str], columns: Sequence[str], column: int) -> Figure:
    """Draw a joint table, one of its columns cut out, and that column divided by its sum."""
    table = np.asarray(joint, dtype=float)
    if table.shape != (len(rows), len(columns)) or not table[:, column].sum() > 0:
        raise ValueError("the table needs a name for each row and column, and a column with a positive sum")
    cut = table[:, [column]]
    down, total, one = places(rows), {"sum": len(rows) + 0.25}, {columns[column]: 0.0}
    figure, (grid,) = panels(1, 3, height=1.3 + 0.5 * (len(rows) + 1), width_ratios=[len(columns), 1, 1])
    style: dict[str, Any] = {"decimals": decimals_of(table), "most": table.max()}
    cells(grid[0], table, down, places(columns), **style)
    cells(grid[0], table.sum(axis=0, keepdims=True), total, places(columns), **style | {"most": 1})
    outline(grid[0], column, len(rows))
    for axes, part in ((grid[1], cut), (grid[2], cut / cut.sum())):
        cells(axes, part, down, one, **style | {"most": max(table.max(), part.max())})
        cells(axes, [[part.sum()]], total, one, **style | {"most": 1})
    for axes, across, title in zip(
        grid, (places(columns), one, one), ("joint", "cut out", "÷ its sum"), strict=True
    ):
        frame_cells(axes, down | total, across)
        axes.set_title(title)
    for axes in grid[1:]:
        axes.tick_params(labelleft=False)
    return finish(figure)


def running_means(sources: Mapping[str, ArrayLike], *, mean: float, sd: float, ylabel: str) -> Figure:
    """Draw running means of rows of draws, a panel a source, over the band mean ± 2 sd/√n."""
    figure, grid = panels(len(sources), height=2.6, sharex=True, sharey=True)
    for axes, (title, draws) in zip(grid[:, 0], sources.items(), strict=True):
        draws = np.asarray(draws, dtype=float)
        n = np.arange(1, draws.shape[1] + 1)
        # On a log axis a hundred points draw the same curve as many thousands.
        kept = np.unique(np.geomspace(1, n.size, 120).round().astype(int)) - 1
        error = 2 * sd / np.sqrt(n[kept])
        axes.fill_between(n[kept], mean - error, mean + error, color=BLUE, alpha=0.14, linewidth=0)
        axes.plot(n[kept], np.transpose([mean - error, mean + error]), color=BLUE, linewidth=0.8)
        runs = np.cumsum(draws, axis=1) / n
        axes.plot(n[kept], runs[1:, kept].T, color=INK, alpha=0.6, linewidth=1)
        axes.plot(n[kept], runs[0, kept], color=BLUE)
        axes.axhline(mean, color=INK, linewidth=1.4, linestyle="--")
        axes.set(xscale="log", title=title, ylim=(mean - 3 * sd, mean + 3 * sd))
    # In the corner that the band leaves free.
    grid[0, 0].text(
        0.99, 0.93, "band: ± 2σ/√n", transform=grid[0, 0].transAxes, color=BLUE, ha="right", va="top"
    )
    plain_powers(grid[-1, 0].xaxis)
    grid[-1, 0].set_xlabel("number of draws n")
    figure.supylabel(ylabel, fontsize="medium")
    return finish(figure)


def bracket(p: Fraction | float, ns: Sequence[int]) -> Figure:
    """Draw [k/n, (k+1)/n], where 2^k <= (1/p)^n < 2^(k+1): what the axioms allow for the surprise of p."""
    p = Fraction(p)
    if not 0 < p < 1:
        raise ValueError(f"the bracket needs a probability strictly between 0 and 1, not {p}")
    figure, ((axes,),) = panels(height=3.6)
    for place, n in enumerate(ns):
        k = (p.denominator**n // p.numerator**n).bit_length() - 1  # whole numbers alone, so never rounded
        axes.bar(place, 1 / n, 0.5, bottom=k / n, **shade(BLUE))
    axes.axhline(log2(1 / p), color=INK, linestyle="--", linewidth=1.4)
    axes.annotate(f"log₂ 1/p\n= {log2(1 / p):.2f}", (1, log2(1 / p)), (6, 0), va="center",
                  xycoords=axes.get_yaxis_transform(), textcoords="offset points")  # fmt: skip
    axes.use_sticky_edges = False
    axes.set_xticks(range(len(ns)), [str(n) for n in ns])
    axes.set(xlabel="number of repetitions n", ylabel="surprise of p (bits)", xlim=(-0.6, len(ns) - 0.4))
    return finish(figure)


def search(p: ArrayLike, us: Sequence[float], labels: Sequence[str]) -> Figure:
    """Draw probabilities laid end to end on [0, 1), and where each u falls in."""
    p = np.asarray(p, dtype=float)
    if p.shape != (len(labels),) or abs(p.sum() - 1) > 1e-8 or not all(0 <= u < 1 for u in us):
        raise ValueError("the pieces need a label each and the sum 1, and every u must lie in [0, 1)")
    figure, ((axes,),) = panels(height=2.4)
    for i, (start, piece) in enumerate(zip(np.cumsum(p) - p, p, strict=True)):
        axes.barh(0, piece, 1, left=start, **shade(CYCLE[i % len(CYCLE)]))
        fits = piece > 0.022 * len(labels[i])
        axes.text(start + piece / 2, 0 if fits else -0.62, labels[i], ha="center",
                  va="center" if fits else "top", color="black" if fits else INK)  # fmt: skip
    for u in us:
        axes.annotate(
            f"{u:.2f}", (u, 0.5), (u, 1.1), ha="center", arrowprops={"arrowstyle": "->", "color": INK}
        )
    axes.set(xlim=(0, 1), ylim=(-1.1, 1.5), yticks=[], xlabel="u, and the probabilities end to end")
    axes.spines["left"].set_visible(False)
    return finish(figure)


def alias_columns(keep: ArrayLike, alias: ArrayLike, labels: Sequence[str]) -> Figure:
    """Draw an alias table of shares and aliases beside the bars it was poured from, on one scale."""
    keep, alias = np.asarray(keep, dtype=float), np.asarray(alias)
    if not keep.shape == alias.shape == (len(labels),) or not np.all((keep >= 0) & (keep <= 1)):
        raise ValueError("an alias table needs one share in [0, 1], one alias and one label a column")
    figure, ((before, after),) = panels(1, 2, height=4.4, sharey=True)
    own, lent = shade(BLUE), shade(PALETTE["vermillion"])  # the explorable's colours
    heights = keep + np.bincount(alias, weights=1 - keep, minlength=len(keep))
    for column, (share, other) in enumerate(zip(keep, alias, strict=True)):
        drawn = before.bar(column, heights[column], 0.88, **own)
        before.bar_label(drawn, fmt="%.3g", padding=2)
        for owner, low, high, look in ((column, 0, share, own), (other, share, 1, lent)):
            after.bar(column, high - low, 0.88, bottom=low, **look)
            if high - low > 0.15:
                after.text(column, (low + high) / 2, labels[owner], ha="center", va="center", color="black")
    for axes in (before, after):
        axes.axhline(1, color=INK, linewidth=1.2, linestyle="--")
        axes.set_xticks(range(len(labels)), labels)
    before.set(xlabel="outcome", ylabel="height (columns)", title="before pouring")
    after.set(xlabel="column", title="after")
    return finish(figure)


def completions(
    seen: ArrayLike, average: ArrayLike, draws: ArrayLike, truths: ArrayLike, *, captions: Sequence[str]
) -> Figure:
    """Draw square images of levels 0 to 16 of which the upper pixels are seen: fog, average, draws, truth."""
    seen, average, draws, truths = (np.asarray(part, dtype=float) for part in (seen, average, draws, truths))
    if draws.ndim != 3 or not len(seen) == len(average) == len(draws) == len(truths) == len(captions):
        raise ValueError("each image needs its seen half, average, stack of draws, truth and caption")
    side = isqrt(seen.shape[1] + truths.shape[1])
    figure, grid = panels(len(seen), 3 + draws.shape[1], height=1.08)
    figure.set_layout_engine("constrained", w_pad=0.02, wspace=0.01)
    for line, upper, mean, few, truth, caption in zip(
        grid, seen, average, draws, truths, captions, strict=True
    ):
        alike = few[np.argsort(np.linalg.norm(few - few[0], axis=1))]  # the same kind side by side
        for axes, lower in zip(line, [np.full(truth.size, 5.0), mean, *alike, truth], strict=True):
            picture(axes, np.append(upper, lower).reshape(side, side), vmax=16)
            axes.axhline(upper.size / side - 0.5, color=PALETTE["vermillion"], linewidth=1.4)
        line[0].set_ylabel(caption, rotation=0, ha="right", va="center")
    for column, title in ((0, "seen"), (1, "average"), (-1, "truth")):
        grid[0, column].set_title(title)
    # Words over several images must not push them apart.
    over = grid[0, 2].text(draws.shape[1] / 2, 1.08, "draws from the belief", ha="center",
                           transform=grid[0, 2].transAxes)  # fmt: skip
    over.set_in_layout(False)
    return finish(figure)

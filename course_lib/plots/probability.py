"""Figures of chapter 1 that no other chapter draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_lib.plots import CYCLE, INK, PALETTE, finish

__all__ = [
    "alias_columns",
    "families",
    "in_two_units",
    "running_means",
    "scatter_with_margins",
    "shrinking_bins",
]


def running_means(panels: Mapping[str, ArrayLike], *, mean: float, sd: float, ylabel: str) -> Figure:
    """Draw the running mean of several runs, one panel a source, under the band of two standard errors.

    Parameters
    ----------
    panels : mapping from title to array (runs, n)
        Independent draws; the mean is taken along each row. The panels share their scales.
    mean, sd : float
        Where the band is centred, and the standard deviation s of one draw: the band is mean ± 2 s/√n.
    ylabel : str
        What is averaged, with its unit.

    Examples
    --------
    >>> figure = running_means({"coin": [[0, 1, 1, 0]]}, mean=0.5, sd=0.5, ylabel="share of heads")
    >>> figure.axes[0].lines[0].get_ydata().tolist()
    [0.0, 0.5, 0.6666666666666666, 0.5]
    """
    figure, row = plt.subplots(1, len(panels), sharey=True, squeeze=False)
    for axes, (title, draws) in zip(row[0], panels.items(), strict=True):
        draws = np.asarray(draws, dtype=float)
        n = np.arange(1, draws.shape[1] + 1)
        # On a log axis a hundred points draw the same curve as many thousands.
        kept = np.unique(np.geomspace(1, n.size, 120).round().astype(int)) - 1
        for run in np.cumsum(draws, axis=1) / n:
            axes.plot(n[kept], run[kept], color=PALETTE["blue"], alpha=0.5, linewidth=0.9)
        error = 2 * sd / np.sqrt(n[kept])
        band = {"color": PALETTE["orange"], "alpha": 0.3, "linewidth": 0}
        axes.fill_between(n[kept], mean - error, mean + error, **band)
        axes.axhline(mean, color=INK, linewidth=0.9, linestyle="--")
        axes.set(xscale="log", xlabel="number of draws n", title=title)
    row[0, 0].set(ylabel=ylabel, ylim=(mean - 3 * sd, mean + 3 * sd))
    return finish(figure)


def shrinking_bins(
    samples: ArrayLike, widths: Sequence[float], density: Any, *, quantity: str, unit: str
) -> Figure:
    """Draw histograms of ever narrower bins, each as mass divided by width, under the density's curve.

    Parameters
    ----------
    samples : array (N,)
        Measured values.
    widths : sequence of float
        Width of the bins in each panel, in the unit of the samples.
    density : object with ``pdf``
        The distribution whose curve the bars approach.
    quantity, unit : str
        What was measured, and in which unit.

    Examples
    --------
    >>> from course_lib.distributions import Gaussian
    >>> figure = shrinking_bins([1.6, 1.7, 1.8], [0.2, 0.1], Gaussian(1.7, 0.1), quantity="height", unit="m")
    >>> [axes.get_title() for axes in figure.axes]
    ['bins of 0.2 m', 'bins of 0.1 m']
    """
    samples = np.asarray(samples, dtype=float)
    low, high = samples.min(), samples.max()
    x = np.linspace(low, high, 200)
    figure, row = plt.subplots(1, len(widths), sharey=True, squeeze=False)
    for axes, width in zip(row[0], widths, strict=True):
        first = np.floor(low / width)
        edges = width * (first + np.arange(np.ceil(high / width) - first + 1))
        mass = np.histogram(samples, edges)[0] / samples.size
        axes.stairs(mass / width, edges, fill=True, alpha=0.5)
        axes.plot(x, density.pdf(x), color=PALETTE["vermillion"])
        axes.set(xlabel=f"{quantity} ({unit})", title=f"bins of {width:g} {unit}")
    row[0, 0].set(ylabel=f"mass / width (per {unit})")
    return finish(figure)


def in_two_units(
    densities: Mapping[str, Any], between: Mapping[str, tuple[float, float]], *, quantity: str
) -> Figure:
    """Draw the density of one quantity in each of several units, with the same event shaded in each.

    Parameters
    ----------
    densities : mapping from unit to Gaussian
        The same distribution, written in each unit.
    between : mapping from unit to (low, high)
        The event to shade, in that unit.
    quantity : str
        What is measured.

    Raises
    ------
    ValueError
        If the two mappings do not name the same units.

    Examples
    --------
    >>> from course_lib.distributions import Gaussian
    >>> figure = in_two_units({"m": Gaussian(1.7, 0.1)}, {"m": (1.6, 1.8)}, quantity="height")
    >>> figure.axes[0].get_ylabel()
    'density (per m)'
    """
    if set(densities) != set(between):
        raise ValueError(f"densities name the units {sorted(densities)}, between names {sorted(between)}")
    figure, row = plt.subplots(1, len(densities), squeeze=False)
    for axes, (unit, density) in zip(row[0], densities.items(), strict=True):
        x = np.linspace(density.mean - 4 * density.sd, density.mean + 4 * density.sd, 301)
        axes.plot(x, density.pdf(x))
        inside = np.linspace(*between[unit], 100)
        axes.fill_between(inside, density.pdf(inside), alpha=0.4, color=PALETTE["orange"], linewidth=0)
        axes.set(xlabel=f"{quantity} ({unit})", ylabel=f"density (per {unit})", ylim=(0, None))
    return finish(figure)


def scatter_with_margins(  # long: three panels drawn in turn, with no step that is of use elsewhere
    x: ArrayLike, y: ArrayLike, *, xlabel: str, ylabel: str, within: tuple[float, float] | None = None
) -> Figure:
    """Draw pairs as points with both marginal histograms, and the histogram of y where x is in a slice.

    Parameters
    ----------
    x, y : arrays (N,)
        The pairs.
    xlabel, ylabel : str
        Axis labels, with units.
    within : (low, high), optional
        A slice of x; its points are marked and their y drawn as a second histogram: the conditional.

    Raises
    ------
    ValueError
        If the slice holds no point.

    Examples
    --------
    >>> figure = scatter_with_margins([1, 2, 3], [2, 4, 5], xlabel="x (m)", ylabel="y (kg)", within=(2, 3))
    >>> len(figure.axes)
    3
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    figure, panels = plt.subplot_mosaic(
        [["x", "."], ["xy", "y"]], width_ratios=[3, 1.4], height_ratios=[1, 2.5], figsize=(6.4, 4.2)
    )
    # Thousands of points as shapes would make a heavy page.
    dots: dict[str, Any] = {"linewidths": 0, "rasterized": True}
    panels["xy"].scatter(x, y, s=3, alpha=0.4, **dots)
    panels["x"].hist(x, 30, density=True, alpha=0.6)
    panels["y"].hist(y, 30, density=True, alpha=0.6, orientation="horizontal", label="all")
    if within is not None:
        inside = (within[0] <= x) & (x <= within[1])
        if not inside.any():
            raise ValueError(f"no point has x between {within[0]} and {within[1]}: widen the slice")
        chosen: dict[str, Any] = {"color": PALETTE["vermillion"]}
        panels["xy"].scatter(x[inside], y[inside], s=4, **dots, **chosen)
        panels["y"].hist(y[inside], 15, density=True, histtype="step", orientation="horizontal",
                         label="in the slice", linewidth=1.6, **chosen)  # fmt: skip
        panels["y"].legend(loc="lower right", bbox_to_anchor=(1, 1))
    panels["xy"].set(xlabel=xlabel, ylabel=ylabel)
    panels["x"].set(xlim=panels["xy"].get_xlim(), ylabel="density")
    panels["y"].set(ylim=panels["xy"].get_ylim(), xlabel="density")
    panels["x"].tick_params(labelbottom=False)
    panels["y"].tick_params(labelleft=False)
    return finish(figure)


def families(distributions: Mapping[str, Any], *, columns: int = 4) -> Figure:
    """Draw small pictures of distributions: mass functions as stems, densities as curves.

    Parameters
    ----------
    distributions : mapping from title to distribution
        Objects of ``course_lib.distributions`` in one variable; each is drawn over its mean ± 4 standard
        deviations, as far as its mass or density is above zero there.
    columns : int
        Panels a row.

    Examples
    --------
    >>> from course_lib.distributions import Bernoulli, Gaussian
    >>> figure = families({"Bernoulli(0.3)": Bernoulli(0.3), "Gaussian(0, 1)": Gaussian(0, 1)})
    >>> [axes.get_title() for axes in figure.axes]
    ['Bernoulli(0.3)', 'Gaussian(0, 1)']
    """
    count = len(distributions)
    rows = -(-count // columns)
    figure, grid = plt.subplots(rows, min(columns, count), squeeze=False, figsize=(7.2, 1.75 * rows))
    for axes, (title, dist) in zip(grid.flat, distributions.items(), strict=False):
        reach = 4 * np.sqrt(dist.variance)
        if hasattr(dist, "pmf"):
            x = np.arange(int(dist.mean + reach) + 1)
            height = dist.pmf(x)
            axes.vlines(x[height > 0], 0, height[height > 0], linewidth=3)
        else:
            x = np.linspace(dist.mean - reach, dist.mean + reach, 401)
            height = dist.pdf(x)
            axes.plot(x[height > 0], height[height > 0], color=PALETTE["vermillion"])
        axes.set(ylim=(0, None))
        axes.set_title(title, fontsize="small")
        axes.tick_params(labelsize="small")
    for axes in grid.flat[count:]:
        axes.remove()
    figure.supylabel("probability (stems) or density (curves)", fontsize="small")
    return finish(figure)


def alias_columns(keep: ArrayLike, alias: ArrayLike, labels: Sequence[str]) -> Figure:
    """Draw an alias table beside the bars it was poured from, on one scale.

    Left, K times the probability of each outcome, with the mean height 1 as a line. Right, columns of
    height 1, each split between its own outcome, below, and one other.

    Parameters
    ----------
    keep : array (K,)
        Share of each column that stays with the column's own outcome, in [0, 1].
    alias : integer array (K,)
        Outcome that owns the rest of the column.
    labels : K strings
        Names of the outcomes.

    Raises
    ------
    ValueError
        If the lengths differ or a share is outside [0, 1].

    Examples
    --------
    >>> figure = alias_columns([0.5, 1.0], [1, 1], ["tails", "heads"])
    >>> [float(bar.get_height()) for bar in figure.axes[0].patches]
    [0.5, 1.5]
    >>> [text.get_text() for text in figure.axes[1].texts]
    ['tails', 'heads', 'heads']
    """
    keep, alias = np.asarray(keep, dtype=float), np.asarray(alias)
    if not keep.shape == alias.shape == (len(labels),) or not np.all((keep >= 0) & (keep <= 1)):
        raise ValueError("an alias table needs one share in [0, 1], one alias and one label a column")
    figure, (before, after) = plt.subplots(1, 2, sharey=True)
    colours = [CYCLE[i % len(CYCLE)] for i in range(len(labels))]
    heights = keep + np.bincount(alias, weights=1 - keep, minlength=len(keep))
    drawn = before.bar(range(len(labels)), heights, 0.92, color=colours, alpha=0.6)
    before.bar_label(drawn, fmt="%.3g", padding=2)
    for column, (share, other) in enumerate(zip(keep, alias, strict=True)):
        for owner, low, high in ((column, 0, share), (other, share, 1)):
            after.bar(column, high - low, 0.92, bottom=low, color=colours[owner], alpha=0.6)
            if high - low > 0.05:
                after.text(column, (low + high) / 2, labels[owner], ha="center", va="center", color="black")
    for axes in (before, after):
        axes.axhline(1, color=INK, linewidth=0.9, linestyle="--")
        axes.set_xticks(range(len(labels)), labels)
    before.set(xlabel="outcome", ylabel="height (columns)", title="before pouring")
    after.set(xlabel="column", title="after")
    return finish(figure)

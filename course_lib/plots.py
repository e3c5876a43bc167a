"""Figures of the course: one style, and calls that read like sentences.

Every function takes arrays, draws one figure and returns it; a notebook shows the figure because it
is the last value of the cell. Colours are Okabe and Ito's, which stay apart for colour-blind readers;
backgrounds are transparent and the format is SVG, so a page can show the same picture in light and dark.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

__all__ = [
    "PALETTE",
    "alias_columns",
    "bars",
    "families",
    "images",
    "in_two_units",
    "joint_table",
    "lines",
    "reliability",
    "running_means",
    "scatter_with_margins",
    "shrinking_bins",
    "use_style",
]

#: Okabe and Ito's colours, the ones with the strongest contrast on white first.
PALETTE = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "yellow": "#F0E442",
    "black": "#000000",
}
_CYCLE = [PALETTE[name] for name in ("blue", "vermillion", "green", "purple", "orange", "sky")]

# The site turns figures over in dark mode, so there the ink may be dark; JupyterLab shows them as they
# are on a white or a black page, and only a middle grey can be read on both.
_INK = "#333333" if os.environ.get("COURSE_BOOK_BUILD") == "1" else "#757575"

_STYLE: Any = {
    "figure.facecolor": "none",
    "figure.figsize": (6.4, 3.2),
    "figure.constrained_layout.use": True,
    "axes.facecolor": "none",
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.titlecolor": _INK,
    "axes.titlesize": "medium",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": plt.cycler(color=_CYCLE),
    "font.size": 10,
    "image.cmap": "Greys",
    "legend.frameon": False,
    "legend.labelcolor": _INK,
    "lines.linewidth": 1.8,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",  # text stays text: smaller files that can be searched and read aloud
    "svg.hashsalt": "course",  # the same figure gives the same bytes
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def use_style() -> None:
    """Set the course's style, and SVG as the format in which a notebook shows figures.

    Examples
    --------
    >>> use_style()
    >>> plt.rcParams["svg.fonttype"]
    'none'
    """
    plt.rcParams.update(_STYLE)
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", metadata={"Date": None})


def _finish(figure: Figure) -> Figure:
    """Close the figure for pyplot, so that a notebook shows it once, as the value of its cell."""
    plt.close(figure)
    return figure


def _named(series: ArrayLike | Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """Return one or several series as a dictionary from name to float array."""
    if not isinstance(series, Mapping):
        series = {"": series}
    if not series:
        raise ValueError("nothing to draw: pass an array, or a mapping from name to array")
    return {name: np.asarray(values, dtype=float) for name, values in series.items()}


def _legend(axes: Axes, names: Sequence[str]) -> None:
    if any(names):
        axes.legend()


def bars(
    series: ArrayLike | Mapping[str, ArrayLike],
    labels: Sequence[str] | None = None,
    *,
    xlabel: str = "",
    ylabel: str = "probability",
) -> Figure:
    """Draw one distribution as bars, or several side by side.

    Parameters
    ----------
    series : array (K,) or mapping from name to array (K,)
        Heights of the bars; the names go into the legend.
    labels : K strings, optional
        Names of the outcomes; by default 0, 1, ….
    xlabel, ylabel : str
        Axis labels, with units.

    Raises
    ------
    ValueError
        If nothing is given, or the lengths differ.

    Examples
    --------
    >>> figure = bars({"before": [0.7, 0.3], "after": [0.4, 0.6]}, ["rain", "dry"])
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['before', 'after']
    """
    named = _named(series)
    k = len(next(iter(named.values())))
    labels = [str(i) for i in range(k)] if labels is None else list(labels)
    if any(values.shape != (k,) for values in named.values()) or len(labels) != k:
        raise ValueError(f"each series and the labels need one entry for each of the {k} outcomes")
    figure, axes = plt.subplots()
    width = 0.8 / len(named)
    for i, (name, values) in enumerate(named.items()):
        at = np.arange(k) + (i - (len(named) - 1) / 2) * width
        drawn = axes.bar(at, values, 0.92 * width, label=name)
        if k * len(named) <= 12:
            axes.bar_label(drawn, fmt="%.3g", padding=2)
    axes.set_xticks(np.arange(k), labels)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    _legend(axes, list(named))
    return _finish(figure)


def joint_table(
    joint: ArrayLike, rows: Sequence[str], columns: Sequence[str], *, xlabel: str = "", ylabel: str = ""
) -> Figure:
    """Draw a joint mass function of two variables as a table whose shade is the probability.

    Parameters
    ----------
    joint : array (R, C)
        Probabilities of the pairs.
    rows, columns : R and C strings
        Names of the outcomes.
    xlabel, ylabel : str
        Names of the two variables.

    Raises
    ------
    ValueError
        If the names do not match the shape of the table.

    Examples
    --------
    >>> figure = joint_table([[0.4, 0.1], [0.2, 0.3]], ["rain", "dry"], ["late", "on time"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0.4', '0.1', '0.2', '0.3']
    """
    table = np.asarray(joint, dtype=float)
    if table.shape != (len(rows), len(columns)):
        raise ValueError(f"a table of shape {table.shape} needs as many row and column names")
    figure, axes = plt.subplots()
    axes.imshow(table, cmap="Blues", vmin=0, vmax=1.8 * table.max(), aspect="auto", interpolation="none")
    for (i, j), value in np.ndenumerate(table):
        axes.text(j, i, f"{value:.3g}", ha="center", va="center", color="black")
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return _finish(figure)


def lines(
    x: ArrayLike,
    series: ArrayLike | Mapping[str, ArrayLike],
    *,
    xlabel: str,
    ylabel: str,
    xscale: str = "linear",
    yscale: str = "linear",
) -> Figure:
    """Draw one curve, or several named ones, over the same values of x.

    Parameters
    ----------
    x : array (N,)
        Where the curves are known.
    series : array (N,) or mapping from name to array (N,)
        Heights of the curves.
    xlabel, ylabel : str
        Axis labels, with units.
    xscale, yscale : {"linear", "log"}
        Scales of the axes.

    Examples
    --------
    >>> figure = lines([1, 2, 3], {"square": [1, 4, 9]}, xlabel="x (m)", ylabel="area (m²)")
    >>> figure.axes[0].get_ylabel()
    'area (m²)'
    """
    figure, axes = plt.subplots()
    named = _named(series)
    for (name, values), style in zip(named.items(), ("-", "--", "-.", ":", "-", "--"), strict=False):
        axes.plot(x, values, style, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale)
    _legend(axes, list(named))
    return _finish(figure)


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
        axes.axhline(mean, color=_INK, linewidth=0.9, linestyle="--")
        axes.set(xscale="log", xlabel="number of draws n", title=title)
    row[0, 0].set(ylabel=ylabel, ylim=(mean - 3 * sd, mean + 3 * sd))
    return _finish(figure)


def reliability(forecasts: Mapping[str, tuple[ArrayLike, ArrayLike]], *, bins: int = 10) -> Figure:
    """Draw reliability diagrams: what was stated against how often it then happened.

    Parameters
    ----------
    forecasts : mapping from name to (stated, happened), two arrays (N,)
        Stated probabilities in [0, 1], and 1 where the event happened, 0 where not.
    bins : int
        The stated probabilities are grouped into so many equal intervals; a bar shows two standard errors.

    Raises
    ------
    ValueError
        If a stated probability lies outside [0, 1] or the lengths differ.

    Examples
    --------
    >>> figure = reliability({"always half": ([0.5, 0.5, 0.5, 0.5], [0, 1, 1, 0])})
    >>> figure.axes[0].get_xlabel()
    'stated probability'
    """
    figure, row = plt.subplots(1, len(forecasts), sharey=True, squeeze=False)
    for axes, (name, (stated, happened)) in zip(row[0], forecasts.items(), strict=True):
        stated, happened = np.asarray(stated, dtype=float), np.asarray(happened, dtype=float)
        if stated.shape != happened.shape or not np.all((stated >= 0) & (stated <= 1)):
            raise ValueError(f"{name}: stated probabilities must lie in [0, 1], one for each outcome")
        which = np.minimum((stated * bins).astype(int), bins - 1)
        count = np.bincount(which, minlength=bins)
        used = count > 0
        mean_stated = np.bincount(which, stated, bins)[used] / count[used]
        share = np.bincount(which, happened, bins)[used] / count[used]
        error = 2 * np.sqrt(mean_stated * (1 - mean_stated) / count[used])
        axes.plot([0, 1], [0, 1], color=_INK, linestyle="--", linewidth=0.9)
        axes.errorbar(mean_stated, share, error, fmt="o", markersize=4, linewidth=1.2)
        axes.set(xlabel="stated probability", title=name, aspect="equal", xlim=(0, 1), ylim=(0, 1))
        axes.set_xticks([0, 0.5, 1])
    row[0, 0].set(ylabel="share that happened")
    return _finish(figure)


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
    return _finish(figure)


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
    return _finish(figure)


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
    return _finish(figure)


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
    return _finish(figure)


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
    colours = [_CYCLE[i % len(_CYCLE)] for i in range(len(labels))]
    heights = keep + np.bincount(alias, weights=1 - keep, minlength=len(keep))
    drawn = before.bar(range(len(labels)), heights, 0.92, color=colours, alpha=0.6)
    before.bar_label(drawn, fmt="%.3g", padding=2)
    for column, (share, other) in enumerate(zip(keep, alias, strict=True)):
        for owner, low, high in ((column, 0, share), (other, share, 1)):
            after.bar(column, high - low, 0.92, bottom=low, color=colours[owner], alpha=0.6)
            if high - low > 0.05:
                after.text(column, (low + high) / 2, labels[owner], ha="center", va="center", color="black")
    for axes in (before, after):
        axes.axhline(1, color=_INK, linewidth=0.9, linestyle="--")
        axes.set_xticks(range(len(labels)), labels)
    before.set(xlabel="outcome", ylabel="height (columns)", title="before pouring")
    after.set(xlabel="column", title="after")
    return _finish(figure)


def images(rows: Mapping[str, ArrayLike], *, vmax: float, columns: Mapping[int, str] | None = None) -> Figure:
    """Draw rows of grey images, each row named; white is 0 and black is ``vmax``.

    Parameters
    ----------
    rows : mapping from name to array (n, height, width)
        Images of each row.
    vmax : float
        The level that is drawn black.
    columns : mapping from position to title, optional
        Titles over some of the columns.

    Raises
    ------
    ValueError
        If a row is not a stack of images.

    Examples
    --------
    >>> figure = images({"noise": np.zeros((5, 8, 8))}, vmax=16)
    >>> len(figure.axes)
    5
    """
    stacks = {name: np.asarray(stack) for name, stack in rows.items()}
    if not stacks or any(stack.ndim != 3 for stack in stacks.values()):
        raise ValueError("each row must be an array of shape (images, height, width)")
    widest = max(len(stack) for stack in stacks.values())
    size = (7.2, 0.2 + 6.0 / widest * len(stacks))
    figure, grid = plt.subplots(len(stacks), widest, squeeze=False, figsize=size)
    for line, (name, stack) in zip(grid, stacks.items(), strict=True):
        for axes, picture in zip(line, stack, strict=False):
            axes.imshow(picture, vmin=0, vmax=vmax, interpolation="none")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(visible=True, linewidth=0.4)
        for axes in line[len(stack) :]:
            axes.remove()
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    for position, title in (columns or {}).items():
        grid[0, position].set_title(title, fontsize="small")
    return _finish(figure)

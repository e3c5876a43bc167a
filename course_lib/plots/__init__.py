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
    "INK",
    "PALETTE",
    "bars",
    "finish",
    "images",
    "lines",
    "reliability",
    "table",
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
CYCLE = [PALETTE[name] for name in ("blue", "vermillion", "green", "purple", "orange", "sky")]

# The site turns figures over in dark mode, so there the ink may be dark; JupyterLab shows them as they
# are on a white or a black page, and only a middle grey can be read on both.
INK = "#333333" if os.environ.get("COURSE_BOOK_BUILD") == "1" else "#757575"

_STYLE: Any = {
    "figure.facecolor": "none",
    "figure.figsize": (6.4, 3.2),
    "figure.constrained_layout.use": True,
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": "medium",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": plt.cycler(color=CYCLE),
    "font.size": 10,
    "image.cmap": "Greys",
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.8,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",  # text stays text: smaller files that can be searched and read aloud
    "svg.hashsalt": "course",  # the same figure gives the same bytes
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
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


def finish(figure: Figure) -> Figure:
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
    return finish(figure)


def table(
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
    >>> figure = table([[0.4, 0.1], [0.2, 0.3]], ["rain", "dry"], ["late", "on time"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0.4', '0.1', '0.2', '0.3']
    """
    cells = np.asarray(joint, dtype=float)
    if cells.shape != (len(rows), len(columns)):
        raise ValueError(f"a table of shape {cells.shape} needs as many row and column names")
    figure, axes = plt.subplots()
    axes.imshow(cells, cmap="Blues", vmin=0, vmax=1.8 * cells.max(), aspect="auto", interpolation="none")
    for (i, j), value in np.ndenumerate(cells):
        axes.text(j, i, f"{value:.3g}", ha="center", va="center", color="black")
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return finish(figure)


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
    return finish(figure)


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
        axes.plot([0, 1], [0, 1], color=INK, linestyle="--", linewidth=0.9)
        axes.errorbar(mean_stated, share, error, fmt="o", markersize=4, linewidth=1.2)
        axes.set(xlabel="stated probability", title=name, aspect="equal", xlim=(0, 1), ylim=(0, 1))
        axes.set_xticks([0, 0.5, 1])
    row[0, 0].set(ylabel="share that happened")
    return finish(figure)


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
    return finish(figure)

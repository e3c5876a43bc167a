"""Figures of the course: one style, and calls that read like sentences.

Every function takes arrays, draws one figure and returns it. A notebook shows the figure because it is the
last value of the cell. What several chapters draw is here and in `course_lib.plots.densities`; a chapter's
figures have a module of their own, such as `course_lib.plots.probability`. The look of all is set in
`course_lib.plots.style`.

Every figure is as wide as the site's text column. Colours are Okabe and Ito's, which stay apart for
colour-blind readers, and a colour keeps its meaning: blue is what the text speaks about, and grey is
the rest. Backgrounds are transparent and the format is SVG, so a page can
show the same picture in light and dark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from course_lib.plots.style import (
    CYCLE,
    INK,
    PALETTE,
    WIDTH,
    decimals_of,
    finish,
    panels,
    plain_powers,
    shade,
    use_style,
)
from course_lib.plots.tables import table

__all__ = ["bars", "images", "lines", "picture", "ranked", "reliability", "table", "use_style"]

_MOST_IMAGES = 9  # in a row, so that each is 70 pixels wide
_FEW = 20  # statements: the share of so few has a standard error of 0.11 when the truth is one half


def _named(series: ArrayLike | Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """Return one or several series as a dictionary from name to float array."""
    if not isinstance(series, Mapping):
        series = {"": series}
    if not series:
        raise ValueError("nothing to draw: pass an array, or a mapping from name to array")
    return {name: np.asarray(values, dtype=float) for name, values in series.items()}


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
        Heights of the bars. Up to nine bars carry their values.
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
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0.700', '0.300', '0.400', '0.600']
    """
    named = _named(series)
    k = len(next(iter(named.values())))
    labels = [str(i) for i in range(k)] if labels is None else list(labels)
    if any(values.shape != (k,) for values in named.values()) or len(labels) != k:
        raise ValueError(f"each series and the labels need one entry for each of the {k} outcomes")
    figure, ((axes,),) = panels(height=3.6)
    width = 0.88 / len(named)
    decimals = decimals_of(list(named.values()))
    for i, (name, values) in enumerate(named.items()):
        at = np.arange(k) + (i - (len(named) - 1) / 2) * width
        drawn = axes.bar(at, values, 0.92 * width, label=name, **shade(CYCLE[i % len(CYCLE)]))
        if k * len(named) <= 9:
            axes.bar_label(drawn, fmt=f"%.{decimals}f", padding=3)
    axes.set_xticks(np.arange(k), labels)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if len(named) > 1:
        figure.legend(loc="outside upper center", ncols=len(named))
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
    """Draw one curve, or several, each with its name at its end, over the same values of x.

    Parameters
    ----------
    x : array (N,)
        Where the curves are known.
    series : array (N,) or mapping from name to array (N,)
        Heights of the curves; the names stand at the right ends.
    xlabel, ylabel : str
        Axis labels, with units.
    xscale, yscale : {"linear", "log"}
        Scales of the axes.

    Examples
    --------
    >>> figure = lines([1, 2, 3], {"square": [1, 4, 9]}, xlabel="x (m)", ylabel="area (m²)")
    >>> figure.axes[0].texts[0].get_text(), figure.axes[0].get_ylabel()
    ('square', 'area (m²)')
    """
    figure, ((axes,),) = panels(height=3.6)
    for i, (name, values) in enumerate(_named(series).items()):
        style = ("-", "--", "-.", (0, (1, 1)))[i % 4]
        axes.plot(x, values, color=CYCLE[i % len(CYCLE)], linestyle=style, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale)
    for axis, scale in ((axes.xaxis, xscale), (axes.yaxis, yscale)):
        if scale == "log":
            plain_powers(axis)
    _name_ends(axes)
    return finish(figure)


def _name_ends(axes: Axes, apart: float = 0.12) -> None:
    """Write each line's label at its right end, pushed apart to at least this share of the height."""
    axes.autoscale_view()
    scaled = axes.transScale + axes.transLimits
    ends = [(line, scaled.transform(line.get_xydata())[:, 1]) for line in axes.lines]
    height = -np.inf
    for line, heights in sorted(ends, key=lambda end: end[1][np.isfinite(end[1])][-1]):
        height = max(heights[np.isfinite(heights)][-1], height + apart)
        place: dict[str, Any] = {"xycoords": "axes fraction", "va": "center", "color": line.get_color()}
        axes.annotate(str(line.get_label()), (1, height), (6, 0), textcoords="offset points", **place)


def ranked(values: Mapping[str, float], *, xlabel: str) -> Figure:
    """Draw named numbers as horizontal bars, the smallest on top, each number at the end of its bar.

    Parameters
    ----------
    values : mapping from name to number
        What to compare, such as bits per pixel of several models.
    xlabel : str
        What the numbers are, with their unit.

    Raises
    ------
    ValueError
        If nothing is given or a number is negative or not finite.

    Examples
    --------
    >>> figure = ranked({"uniform": 4.09, "mixture": 2.19}, xlabel="bits per pixel")
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['2.19', '4.09']
    """
    heights = np.array(list(values.values()), dtype=float)
    if not heights.size or not np.all(np.isfinite(heights) & (heights >= 0)):
        raise ValueError("a bar needs a number that is finite and not negative, and there must be one")
    names = sorted(values, key=lambda name: values[name])
    figure, ((axes,),) = panels(height=0.9 + 0.46 * len(names))
    drawn = axes.barh(names, [values[name] for name in names], 0.7, **shade(PALETTE["blue"]))
    axes.bar_label(drawn, fmt=f"%.{decimals_of(heights)}f", padding=5)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel=xlabel, xlim=(0, 1.12 * heights.max() or 1))
    return finish(figure)


def reliability(
    forecasts: Mapping[str, tuple[ArrayLike, ArrayLike]], *, bins: int = 10, of_likeliest: bool = False
) -> Figure:
    """Draw reliability diagrams: what was stated against how often it then happened.

    The overconfident side is shaded. For an event and its opposite it lies where the statement was farther
    from one half than the share that happened; for the likeliest of many outcomes, below the diagonal.

    Parameters
    ----------
    forecasts : mapping from name to (stated, happened), two arrays (N,)
        Stated probabilities in [0, 1], and 1 where the event happened, 0 where not.
    bins : int
        The stated probabilities are grouped into so many equal intervals; a bar shows two standard errors.
    of_likeliest : bool
        The statements are about the outcome held likeliest, one of several.

    Raises
    ------
    ValueError
        If nothing is given, a stated probability lies outside [0, 1] or the lengths differ.

    Examples
    --------
    >>> figure = reliability({"always half": ([0.5, 0.5, 0.5, 0.5], [0, 1, 1, 0])})
    >>> figure.get_supxlabel(), figure.axes[0].get_ylabel()
    ('stated probability', 'share that happened')
    """
    if not forecasts:
        raise ValueError("nothing to draw: pass a mapping from name to (stated, happened)")
    below_half, above_half = ([0, 0.5, 0.5, 0], [0, 0.5, 1, 1]), ([0.5, 1, 1, 0.5], [0, 0, 1, 0.5])
    overconfident = [([0, 1, 1], [0, 0, 1])] if of_likeliest else [below_half, above_half]
    points = {name: _binned(*pair, bins, name) for name, pair in forecasts.items()}
    any_few = any(few.any() for *_, few in points.values())
    height = (4.5 if len(points) < 3 else 3.4) + 0.35 * any_few  # for one more line of the legend
    figure, (row,) = panels(1, len(points), height=height, sharey=True)
    figure.set_layout_engine("constrained", wspace=0.06)  # or the 1 of one panel touches the 0 of the next
    hollow: dict[str, Any] = {"marker": "o", "markersize": 6, "color": PALETTE["blue"], "mfc": "white"}
    for axes, (name, (stated, share, error, few)) in zip(row, points.items(), strict=True):
        for region in overconfident:
            axes.fill(*region, color=INK, alpha=0.18, linewidth=0)
        axes.plot([0, 1], [0, 1], color=INK, linestyle="--", linewidth=1.4)
        axes.errorbar(stated, share, error, fmt="o", markersize=4, capsize=4, linewidth=1.8)
        axes.plot(stated[few], share[few], linestyle="none", zorder=3, **hollow)
        axes.set(title=name, aspect="equal", xlim=(0, 1), ylim=(0, 1))
        axes.set_xticks([0, 0.5, 1], ["0", "½", "1"])
        axes.set_yticks([0, 0.5, 1], ["0", "½", "1"])
    row[0].set_ylabel("share that happened")
    figure.supxlabel("stated probability", fontsize="medium")
    keys: dict[str, Any] = {
        "overconfident side": Patch(facecolor=(INK, 0.18), edgecolor=INK),
        "underconfident side": Patch(facecolor="none", edgecolor=INK),
    }
    if any_few:
        keys[f"fewer than {_FEW} statements"] = Line2D([], [], linestyle="none", **hollow)
    figure.legend(keys.values(), keys.keys(), loc="outside upper center", ncols=2)
    return finish(figure)


def _binned(stated: ArrayLike, happened: ArrayLike, bins: int, name: str) -> tuple[np.ndarray, ...]:
    """Return each used bin's mean statement, share that happened, two standard errors, and whether few."""
    stated, happened = np.asarray(stated, dtype=float), np.asarray(happened, dtype=float)
    if stated.shape != happened.shape or not np.all((stated >= 0) & (stated <= 1)):
        raise ValueError(f"{name}: stated probabilities must lie in [0, 1], one for each outcome")
    which = np.minimum((stated * bins).astype(int), bins - 1)
    count = np.bincount(which, minlength=bins)
    used = count > 0
    mean = np.bincount(which, stated, bins)[used] / count[used]
    share = np.bincount(which, happened, bins)[used] / count[used]
    return mean, share, 2 * np.sqrt(mean * (1 - mean) / count[used]), count[used] < _FEW


def picture(axes: Axes, pixels: ArrayLike, vmax: float) -> None:
    """Draw one grey image in a thin frame; white is 0 and black is ``vmax``."""
    axes.imshow(pixels, vmin=0, vmax=vmax, interpolation="none")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, linewidth=0.6)


def images(rows: Mapping[str, ArrayLike], *, vmax: float, columns: Mapping[int, str] | None = None) -> Figure:
    """Draw rows of grey images, each row under its name; white is 0 and black is ``vmax``.

    Parameters
    ----------
    rows : mapping from name to array (n, height, width)
        Images of each row, at most nine: then each is 70 pixels wide on the page.
    vmax : float
        The level that is drawn black.
    columns : mapping from position to title, optional
        Words below some of the columns.

    Raises
    ------
    ValueError
        If a row is not a stack of one to nine images.

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
    if not 1 <= widest <= _MOST_IMAGES:
        raise ValueError(f"a row of {widest} images cannot be read: draw one to {_MOST_IMAGES}")
    figure, grid = panels(len(stacks), widest, height=WIDTH / widest + 0.35)
    figure.set_layout_engine("constrained", w_pad=0.02, wspace=0.01)
    for line, (name, stack) in zip(grid, stacks.items(), strict=True):
        for axes, pixels in zip(line, stack, strict=False):
            picture(axes, pixels, vmax)
        for axes in line[len(stack) :]:
            axes.remove()
        line[0].set_title(name, loc="left")
    for position, words in (columns or {}).items():
        grid[-1, position].set_xlabel(words)
    return finish(figure)

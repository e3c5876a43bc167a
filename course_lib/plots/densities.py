"""Figures of distributions over numbers: densities and their units, histograms, slices, families."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_lib.plots.style import INK, PALETTE, WIDTH, finish, panels, plain_powers, shade

__all__ = [
    "families",
    "family_map",
    "in_two_units",
    "inverse_cdf",
    "order_and_shuffle",
    "scatter_with_margins",
    "shrinking_bins",
]

BLUE = PALETTE["blue"]

_PLACES = {
    "Categorical": (0, 2), "Bernoulli": (1, 2), "Binomial": (2, 2), "Poisson": (3, 2), "Gaussian": (2, 1),
    "Dirichlet": (0, 0), "Beta": (1, 0), "Gamma": (2, 0), "Exponential": (3, 0),
}  # fmt: skip
_ARROWS = [
    ("Bernoulli", "Categorical", "K sides"), ("Bernoulli", "Binomial", "add n"),
    ("Binomial", "Poisson", "rare"), ("Binomial", "Gaussian", "add many"), ("Gamma", "Gaussian", "add many"),
    ("Poisson", "Exponential", "the wait"), ("Exponential", "Gamma", "add a"), ("Gamma", "Beta", "share"),
    ("Beta", "Dirichlet", "K shares"), ("Dirichlet", "Categorical", "belief"),
    ("Beta", "Bernoulli", "belief"),
]  # fmt: skip


def family_map() -> Figure:
    """Draw the nine families, and an arrow from each to those that are built from it."""
    figure, ((axes,),) = panels(height=3.7)
    axes.set(xlim=(-0.42, 3.45), ylim=(-0.25, 2.45))
    look = shade(BLUE) | {"boxstyle": "round,pad=0.35"}
    boxes = {
        name: axes.text(*place, name, ha="center", va="center", bbox=look).get_bbox_patch()
        for name, place in _PLACES.items()
    }
    for start, end, words in _ARROWS:
        (x, y), (to_x, to_y) = _PLACES[start], _PLACES[end]
        ends = {"patchA": boxes[start], "patchB": boxes[end], "shrinkA": 3, "shrinkB": 3}
        axes.annotate("", (to_x, to_y), (x, y), arrowprops={"arrowstyle": "->", "color": INK} | ends)
        if y == to_y:
            axes.text((x + to_x) / 2, y + 0.27, words, ha="center", va="center")
        else:
            side = -0.06 if x == 3 else 0.06  # the last column has no room on its right
            axes.text(x + side, (y + to_y) / 2, words, ha="right" if x == 3 else "left", va="center")
    axes.axis("off")
    return finish(figure)


def families(distributions: Mapping[str, Any], *, columns: int = 2) -> Figure:
    """Draw small pictures: probabilities as stems, densities as curves, a Dirichlet as points."""
    rows = -(-len(distributions) // columns)
    figure, grid = panels(rows, columns, height=1.7)
    for axes, (title, dist) in zip(grid.flat, distributions.items(), strict=False):
        if np.ndim(dist.mean):
            shares = dist.sample(400, rng=0)
            axes.plot(shares[:, 0], shares[:, 1], ".", color=BLUE, markersize=2, rasterized=True)
            axes.plot([0, 1], [1, 0], color=INK, linewidth=1)
            axes.set(xlim=(0, 1), ylim=(0, 1), title=title, xlabel="share x₁", ylabel="share x₂")
            continue
        reach = 4 * np.sqrt(dist.variance)
        if hasattr(dist, "pmf"):
            x = np.arange(int(dist.mean + reach) + 1)
            height = dist.pmf(x)
            axes.vlines(x[height > 0], 0, height[height > 0], linewidth=4, color=BLUE)
            axes.locator_params(axis="x", integer=True, nbins=5)
        else:
            x = np.linspace(dist.mean - reach, dist.mean + reach, 401)
            height = dist.pdf(x)
            axes.plot(x[height > 0], height[height > 0], color=BLUE)
        axes.set(ylim=(0, None), title=title, ylabel="probability" if hasattr(dist, "pmf") else "density")
    for axes in grid.flat[len(distributions) :]:
        axes.remove()
    figure.supxlabel("value x", fontsize="medium")
    return finish(figure)


def in_two_units(
    curves: Mapping[str, Any], shaded: Mapping[str, tuple[float, float]], *, quantity: str
) -> Figure:
    """Draw one quantity's density in each of several units, with the same event shaded in each."""
    if set(curves) != set(shaded):
        raise ValueError(f"curves name the units {sorted(curves)}, shaded names {sorted(shaded)}")
    figure, (row,) = panels(1, len(curves), height=3.4)
    for axes, (unit, curve) in zip(row, curves.items(), strict=True):
        x = np.linspace(curve.mean - 4 * curve.sd, curve.mean + 4 * curve.sd, 301)
        inside = np.linspace(*shaded[unit], 100)
        axes.fill_between(inside, curve.pdf(inside), **shade(BLUE))
        axes.plot(x, curve.pdf(x), color=INK)
        axes.locator_params(axis="x", nbins=4)
        axes.set(xlabel=f"{quantity} ({unit})", ylabel=f"probability per {unit}", ylim=(0, None))
    figure.suptitle("the same curve and event: only the axis numbers change", fontsize="medium")
    return finish(figure)


def inverse_cdf(cdf: Callable, quantile: Callable, us: ArrayLike, *, xlabel: str) -> Figure:
    """Draw a CDF, and lead each u from the vertical axis across to the curve and down to x."""
    us = np.asarray(us, dtype=float)
    if not np.all((us > 0) & (us < 1)):
        raise ValueError("every u must lie strictly between 0 and 1")
    xs = np.asarray(quantile(us), dtype=float)
    x = np.linspace(min(0.0, xs.min()), xs.max() + 0.1 * np.ptp(xs), 400)
    figure, ((axes,),) = panels(height=3.8)
    for u, end in zip(us, xs, strict=True):
        axes.plot([x[0], end, end], [u, u, 0], color=BLUE, linewidth=1.2)
    axes.plot(xs, np.zeros_like(xs), "v", color=BLUE, clip_on=False, markersize=7)
    axes.plot(x, cdf(x), color=INK)
    axes.set(xlabel=xlabel, ylabel="u = F(x)", xlim=(x[0], x[-1]), ylim=(0, 1))
    return finish(figure)


def order_and_shuffle(
    ns: ArrayLike, results: Mapping[str, tuple[ArrayLike, ArrayLike]], *, xlabel: str, ylabel: str
) -> Figure:
    """Draw a panel a series, on logarithmic axes: a result against n in order, and after a shuffle."""
    figure, grid = panels(-(-(len(results) + 1) // 3), 3, height=2.3, sharex=True, sharey=True)
    for axes, (title, (ordered, shuffled)) in zip(grid.flat, results.items(), strict=False):
        axes.plot(ns, ordered, color=BLUE, label="in order")
        axes.plot(ns, shuffled, color=PALETTE["vermillion"], linestyle="--", label="shuffled")
        axes.set(xscale="log", yscale="log", title=title)
        axes.set_xticks(10.0 ** np.arange(np.ceil(np.log10(np.min(ns))), np.log10(np.max(ns)), 2))
        for axis in (axes.xaxis, axes.yaxis):
            plain_powers(axis)
    for axes in grid.flat[len(results) :]:
        axes.axis("off")
    grid[-1, -1].legend(*grid[0, 0].get_legend_handles_labels(), loc="center")
    figure.supxlabel(xlabel, fontsize="medium")
    figure.supylabel(ylabel, fontsize="medium")
    return finish(figure)


def scatter_with_margins(
    x: ArrayLike,
    y: ArrayLike,
    *,
    xlabel: str,
    ylabel: str,
    within: tuple[float, float],
    slice_curve: Any = None,
) -> Figure:
    """Draw pairs as points, both marginal histograms, and that of y where x is in a slice."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    inside = (within[0] <= x) & (x <= within[1])
    if not inside.any():
        raise ValueError(f"no point has x between {within[0]} and {within[1]}: widen the slice")
    ratios: dict[str, Any] = {"width_ratios": [3, 1.3], "height_ratios": [1, 2.5]}
    figure, at = plt.subplot_mosaic([["x", "key"], ["xy", "y"]], figsize=(WIDTH, 5.4), **ratios)
    dots: dict[str, Any] = {"linewidths": 0, "rasterized": True}  # as shapes they would make a heavy page
    at["xy"].scatter(x, y, s=4, color=INK, alpha=0.3, **dots)
    at["xy"].scatter(x[inside], y[inside], s=6, color=BLUE, **dots)
    for axes, values, way in ((at["x"], x, "vertical"), (at["y"], y, "horizontal")):
        axes.hist(values, 30, density=True, orientation=way, histtype="stepfilled", **shade(INK))
    density, edges = np.histogram(y[inside], 15, density=True)
    at["y"].stairs(density, edges, orientation="horizontal", color=BLUE, linewidth=2.2, baseline=None)
    if slice_curve is not None:
        grid = np.linspace(y.min(), y.max(), 200)
        at["y"].plot(slice_curve.pdf(grid), grid, color=PALETTE["vermillion"])
    at["key"].axis("off")
    for line, (words, colour) in enumerate(
        [("all", INK), ("in the slice", BLUE)]
        + [("its theory", PALETTE["vermillion"])] * (slice_curve is not None)
    ):
        at["key"].text(0, 0.8 - 0.35 * line, words, color=colour, transform=at["key"].transAxes)
    at["xy"].set(xlabel=xlabel, ylabel=ylabel)
    at["x"].set(xlim=at["xy"].get_xlim(), ylabel="density")
    at["y"].set(ylim=at["xy"].get_ylim(), xlabel="density")
    at["x"].tick_params(labelbottom=False)
    at["y"].tick_params(labelleft=False)
    return finish(figure)


def shrinking_bins(
    values: ArrayLike,
    widths: Sequence[float],
    curve: Callable,
    *,
    quantity: str,
    unit: str,
    within: tuple[float, float] | None = None,
) -> Figure:
    """Draw histograms of ever narrower bins, each as mass divided by width, under the density's curve."""
    values = np.asarray(values, dtype=float)
    lowest, highest = within or (values.min(), values.max())
    x = np.linspace(lowest, highest, 200)
    figure, grid = panels(len(widths), height=1.9, sharex=True, sharey=True)
    for axes, width in zip(grid[:, 0], widths, strict=True):
        first, last = np.floor(x[0] / width), np.ceil(x[-1] / width)
        edges = width * np.arange(first, last + 1)
        mass = np.histogram(values, edges)[0] / values.size
        axes.stairs(mass / width, edges, fill=True, **shade(INK))
        axes.plot(x, curve(x), color=BLUE)
        axes.set_title(f"bins of {width:g} {unit}", loc="left")
        axes.set_xlim(within)
    grid[-1, 0].set_xlabel(f"{quantity} ({unit})")
    figure.supylabel(f"probability per {unit}", fontsize="medium")
    return finish(figure)

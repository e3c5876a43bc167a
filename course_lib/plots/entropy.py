"""Figures of chapter 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from course_lib.divergence import kl_divergence
from course_lib.entropy import conditional_entropy, entropy, joint_entropy
from course_lib.plots.style import CYCLE, INK, PALETTE, finish, panels, shade

__all__ = ["binary_entropy", "budget", "information_bars", "nearest"]

BLUE, RED, GREEN = PALETTE["blue"], PALETTE["vermillion"], PALETTE["green"]


def binary_entropy(p: ArrayLike, bits: ArrayLike, *, mark: Mapping[str, float]) -> Figure:
    """Draw the entropy of two outcomes against the probability of one, with some of them marked by name."""
    p, bits = np.asarray(p, dtype=float), np.asarray(bits, dtype=float)
    figure, ((axes,),) = panels(height=3.6)
    axes.plot(p, bits, color=BLUE)
    for name, at in mark.items():
        height = float(np.interp(at, p, bits))
        axes.plot([at, at], [0, height], color=INK, linewidth=0.9, linestyle=":")
        axes.plot(at, height, "o", color=BLUE, markersize=8)
        side = {"ha": "left", "xytext": (10, 4)} if at < 0.9 else {"ha": "right", "xytext": (-12, -4)}
        axes.annotate(f"{name}: {height:.4f}", (at, height), textcoords="offset points", **side)
    axes.set(xlabel="probability p", ylabel="entropy (bits)", xlim=(0, 1), ylim=(0, 1.12))
    return finish(figure)


def budget(words: Mapping[str, str]) -> Figure:
    """Draw the share of all bit strings that each code word claims, in the row of its length."""
    figure, ((axes,),) = panels(height=3.2)
    longest = max(map(len, words.values()))
    for i, (name, word) in enumerate(words.items()):
        left, width, row = int(word, 2) / 2 ** len(word), 2.0 ** -len(word), len(word)
        colour = CYCLE[i % len(CYCLE)]
        claimed = Rectangle((left, row + 0.5), width, longest - row, color=colour, alpha=0.12, linewidth=0)
        axes.add_patch(claimed)
        axes.add_patch(Rectangle((left, row - 0.5), width, 1, **shade(colour)))
        axes.text(left + width / 2, row, f"{word}\n{name}", ha="center", va="center", color="black")
    axes.set(xlim=(0, 1), ylim=(longest + 0.5, 0.5), xlabel="share of all strings of bits",
             ylabel="bits of the word", yticks=range(1, longest + 1))  # fmt: skip
    axes.set_xticks([i / 8 for i in range(9)], ["0", "", "¼", "", "½", "", "¾", "", "1"])
    return finish(figure)


def information_bars(joint: ArrayLike) -> Figure:
    """Draw what two variables hold together, apart and in common, as bars over one axis of bits."""
    table = np.asarray(joint, dtype=float)
    of_x, of_y = (float(entropy(table.sum(axis=axis), base=2)) for axis in (1, 0))
    both = joint_entropy(table, base=2)
    y_left, x_left = (conditional_entropy(table, axis=axis, base=2) for axis in (1, 0))
    product = np.outer(table.sum(axis=1), table.sum(axis=0))
    shared = float(kl_divergence(table.ravel(), product.ravel(), base=2))
    figure, ((axes,),) = panels(height=3.9)
    _row(axes, 0, 0, {"H(p, q)": (both + shared, PALETTE["purple"])})
    _row(axes, 1, 0, {"H(X, Y)": (both, INK), "KL": (shared, RED)})
    _row(axes, 2, 0, {"H(X)": (of_x, BLUE), "H(Y|X)": (y_left, GREEN)})
    _row(axes, 3, 0, {"H(X|Y)": (x_left, BLUE), "H(Y)": (of_y, GREEN)})
    _row(axes, 4, x_left, {"I(X;Y)": (shared, RED)})
    for edge in (x_left, of_x):
        axes.plot([edge, edge], [1.5, 4.42], color=INK, linewidth=0.8, linestyle=":", zorder=0)
    axes.set(xlabel="bits", xlim=(0, of_x + of_y + 0.02), ylim=(4.6, -0.6))
    axes.set_yticks(range(5), ["cross-entropy", "joint and KL", "X and Y|X", "X|Y and Y", "shared"])
    axes.tick_params(axis="y", length=0)
    return finish(figure)


def _row(axes: Axes, y: float, left: float, pieces: Mapping[str, tuple[float, str]]) -> None:
    """Draw named pieces end to end, each with its length in bits below its name."""
    for name, (bits, colour) in pieces.items():
        axes.barh(y, bits, 0.84, left=left, **shade(colour))
        axes.text(left + bits / 2, y, f"{name}\n{bits:.3f}", ha="center", va="center", color="black",
                  linespacing=1.0)  # fmt: skip
        left += bits


def nearest(best: ArrayLike, other: ArrayLike, labels: Sequence[str], *, names: tuple[str, str]) -> Figure:
    """Draw two distributions and the uniform one, and their three divergences in bits as areas of squares.

    The squares stand on the sides of a right triangle if ``best`` is the nearest to uniform of all
    distributions that share an average with ``other``.
    """
    best, other = np.asarray(best, dtype=float), np.asarray(other, dtype=float)
    uniform = np.full(best.size, 1 / best.size)
    figure, ((left, right),) = panels(1, 2, height=4.2, width_ratios=[1, 1.15])
    rows = np.arange(best.size)
    for p, name, colour, up in ((best, names[0], BLUE, -0.21), (other, names[1], RED, 0.21)):
        bars = left.barh(rows + up, p, 0.4, label=name, **shade(colour))
        left.bar_label(bars, [f"{share:.3f}".lstrip("0") for share in p], padding=4)
    left.plot([], [], "o", color=INK, markersize=11, label="uniform")
    left.set_yticks(rows, labels)
    left.invert_yaxis()
    left.tick_params(axis="y", length=0)
    left.set(xlabel="share", xlim=(0, 1.3 * max(best.max(), other.max())), xticks=[0, 0.2, 0.4, 0.6])
    figure.legend(loc="outside upper center", ncols=3)
    pairs = ((best, uniform), (other, best), (other, uniform))
    _squares(right, [float(kl_divergence(p, q, base=2)) for p, q in pairs])
    return finish(figure)


def _squares(axes: Axes, bits: Sequence[float]) -> None:
    """Draw a right triangle from uniform up to the best and on to the other, with a square on each side."""
    up, along = np.sqrt(bits[:2])
    start, top, end = np.array([0, 0]), np.array([0, up]), np.array([along, up])
    for (a, b), area in zip(((start, top), (top, end), (end, start)), bits, strict=True):
        outward = np.array([a[1] - b[1], b[0] - a[0]])  # a quarter turn, away from the triangle
        corners = np.array([a, b, b + outward, a + outward])
        axes.fill(*corners.T, **shade(INK))
        across, high = corners.mean(axis=0)
        axes.text(across, high, f"{area:.3f}\nbits", ha="center", va="center", color="black")
    for point, colour in ((start, INK), (top, BLUE), (end, RED)):
        axes.plot(*point, "o", color=colour, markersize=11, zorder=3)
    axes.set_aspect("equal")
    axes.axis("off")

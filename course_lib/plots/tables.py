"""Tables of numbers in shaded cells, such as joint mass functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from course_lib.plots.style import INK, PALETTE, decimals_of, finish, panels

__all__ = ["cells", "frame_cells", "outline", "places", "table"]


def cells(
    axes: Axes,
    values: ArrayLike,
    rows: Mapping[str, float],
    columns: Mapping[str, float],
    *,
    decimals: int,
    most: float,
) -> None:
    """Draw numbers in shaded cells, the shade following the square root of each value over ``most``.

    Under a root, small values can be told apart. Several blocks of cells may stand in one picture.

    Parameters
    ----------
    axes : Axes
        Where to draw; rows go downwards.
    values : array (R, C)
        The numbers, none negative.
    rows, columns : mapping from name to position
        Where the middle of each row and column lies, a cell being 1 by 1.
    decimals : int
        Decimals of every number.
    most : float
        The value of the darkest shade.

    Examples
    --------
    >>> figure, ((axes,),) = panels(height=2)
    >>> cells(axes, [[0.5, 0.25]], {"p": 0}, {"heads": 0, "tails": 1}, decimals=2, most=1)
    >>> [text.get_text() for text in axes.texts]
    ['0.50', '0.25']
    """
    grid = np.asarray(values, dtype=float)
    for row, y in zip(grid, rows.values(), strict=True):
        for value, x in zip(row, columns.values(), strict=True):
            fill = (PALETTE["blue"], 0.5 * float(np.sqrt(value / most)))
            axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fc=fill, ec=INK, linewidth=0.8))
            axes.text(x, y, f"{value:.{decimals}f}", ha="center", va="center", color="black")


def frame_cells(axes: Axes, rows: Mapping[str, float], columns: Mapping[str, float]) -> None:
    """Fit the axes around the cells at these places, and write the names beside them."""
    axes.set_xticks(list(columns.values()), list(columns))
    axes.set_yticks(list(rows.values()), list(rows))
    axes.set(xlim=(-0.6, max(columns.values()) + 0.6), ylim=(max(rows.values()) + 0.6, -0.6))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def outline(axes: Axes, x: float, rows: int) -> None:
    """Draw a frame around the first rows of the column of cells at x."""
    axes.add_patch(Rectangle((x - 0.5, -0.5), 1, rows, fill=False, ec=PALETTE["vermillion"], linewidth=3))


def places(names: Sequence[str]) -> dict[str, float]:
    """Return the position of each name in a row of cells: 0, 1, …."""
    return {name: float(i) for i, name in enumerate(names)}


def table(
    values: ArrayLike,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    xlabel: str = "",
    ylabel: str = "",
    margins: bool = False,
    mark: int | None = None,
    decimals: int | None = None,
) -> Figure:
    """Draw a table of two variables, such as a joint mass function, shaded by the root of each value.

    Parameters
    ----------
    values : array (R, C)
        Probabilities or counts of the pairs, none negative.
    rows, columns : R and C strings
        Names of the outcomes.
    xlabel, ylabel : str
        Names of the two variables.
    margins : bool
        Draw the sums of rows and columns, set apart.
    mark : int, optional
        Position of a column to frame.
    decimals : int, optional
        Decimals of every number; by default as many as give the largest three digits, at most three.

    Raises
    ------
    ValueError
        If the names do not match the shape of the table, a value is negative or all are zero.

    Examples
    --------
    >>> figure = table([[0.4, 0.1], [0.2, 0.3]], ["rain", "dry"], ["late", "on time"], margins=True)
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0.400', '0.100', '0.200', '0.300', '0.500', '0.500', '0.600', '0.400', '1.000']
    """
    grid = np.asarray(values, dtype=float)
    if grid.shape != (len(rows), len(columns)):
        raise ValueError(f"a table of shape {grid.shape} needs as many row and column names")
    if not (np.all(grid >= 0) and grid.sum() > 0):
        raise ValueError("a table of probabilities or counts holds no negative value, and one above zero")
    decimals = decimals_of(grid) if decimals is None else decimals
    down, across = places(rows), places(columns)
    below, beside = {"sum": len(rows) + 0.25}, {"sum": len(columns) + 0.25}
    figure, ((axes,),) = panels(height=1 + 0.5 * (len(rows) + margins))
    cells(axes, grid, down, across, decimals=decimals, most=grid.max())
    if margins:
        rest: dict[str, Any] = {"decimals": decimals, "most": grid.sum()}
        cells(axes, grid.sum(axis=1, keepdims=True), down, beside, **rest)
        cells(axes, grid.sum(axis=0, keepdims=True), below, across, **rest)
        cells(axes, [[grid.sum()]], below, beside, **rest)
    if mark is not None:
        outline(axes, mark, len(rows))
    frame_cells(axes, down | (below if margins else {}), across | (beside if margins else {}))
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel, labelpad=10)
    return finish(figure)

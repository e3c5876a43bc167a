"""The look of the course's figures: colours, width, lettering, and how a notebook shows them."""

from __future__ import annotations

import io
import os
import sys
from importlib.resources import as_file, files
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import ArrayLike

__all__ = [
    "CYCLE",
    "INK",
    "PALETTE",
    "WIDTH",
    "decimals_of",
    "finish",
    "panels",
    "plain_powers",
    "shade",
    "svg",
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
#: The order in which several series take their colours.
CYCLE = [PALETTE[name] for name in ("blue", "vermillion", "green", "purple", "orange", "sky")]

#: The colour of axes, words and theoretical curves. The site turns figures over in dark mode, so there the
#: ink may be dark. JupyterLab shows them as they are, and only a middle grey can be read on white and black.
INK = "#333333" if os.environ.get("COURSE_BOOK_BUILD") == "1" else "#757575"

WIDTH = 7.4375  # inches, which are 714 pixels: the text column of the site


def use_style() -> None:
    """Set the course's style, and SVG as the format in which a notebook shows figures.

    Examples
    --------
    >>> use_style()
    >>> plt.rcParams["svg.fonttype"]
    'none'
    """
    with as_file(files("course_lib.plots") / "course.mplstyle") as sheet:
        plt.style.use(sheet)
    inked: Any = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    plt.rcParams.update(dict.fromkeys(inked, INK))
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg")
        shell.display_formatter.formatters["image/svg+xml"].for_type(Figure, svg)


def svg(figure: Figure) -> str:
    """Return a figure as SVG, at its full size, undated, in the font of the page around it.

    Matplotlib puts every font's name in quotation marks, and ``system-ui`` counts as the system's font only
    without them.

    Examples
    --------
    >>> figure, _ = panels(height=2)
    >>> 'width="535.5pt"' in svg(figure)
    True
    """
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue().replace("'system-ui'", "system-ui")


def panels(rows: int = 1, columns: int = 1, *, height: float, **options: Any) -> tuple[Figure, np.ndarray]:
    """Open a figure of the column's width with a grid of panels.

    Parameters
    ----------
    rows, columns : int
        Size of the grid.
    height : float
        Height of a row, in inches.
    **options
        Passed on to ``plt.subplots``, such as ``sharex=True``.

    Returns
    -------
    figure : Figure
    grid : array (rows, columns) of Axes

    Examples
    --------
    >>> figure, grid = panels(2, 3, height=1.5)
    >>> grid.shape, float(figure.get_figheight())
    ((2, 3), 3.0)
    """
    return plt.subplots(rows, columns, squeeze=False, figsize=(WIDTH, height * rows), **options)


def finish(figure: Figure) -> Figure:
    """Close the figure for pyplot, so that a notebook shows it once, as the value of its cell."""
    plt.close(figure)
    return figure


def shade(colour: str) -> dict[str, Any]:
    """Return the look of a filled shape: a light tint that words can stand on, and an edge that is seen.

    The edge of full colour is what keeps a contrast of 3 to 1 in dark mode too.

    Examples
    --------
    >>> shade(PALETTE["blue"])["edgecolor"]
    '#0072B2'
    """
    return {"facecolor": (colour, 0.3), "edgecolor": colour, "linewidth": 1.4}


def decimals_of(values: ArrayLike) -> int:
    """Return how many decimals give the largest of several values three significant digits, at most three.

    Examples
    --------
    >>> decimals_of([0.62, 0.0662]), decimals_of([5.33, 0.5]), decimals_of([600, 14])
    (3, 2, 0)
    """
    largest = np.nanmax(np.abs(np.asarray(values, dtype=float)))
    return int(np.clip(2 - np.floor(np.log10(largest or 1)), 0, 3))


def plain_powers(axis: Axis) -> None:
    """Write 1,000 on a logarithmic axis instead of a power, whose exponent is too small on a phone.

    Examples
    --------
    >>> figure, ((axes,),) = panels(height=2)
    >>> axes.set_xscale("log")
    >>> plain_powers(axes.xaxis)
    >>> axes.xaxis.get_major_formatter()(1000.0)
    '1,000'
    """
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())

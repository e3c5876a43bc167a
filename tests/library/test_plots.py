"""The figures: one style, labelled axes, the same bytes each time, and words for what cannot be drawn."""

import io
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from course_lib import plots
from course_lib.distributions import (
    AliasTable,
    Bernoulli,
    Beta,
    Categorical,
    Exponential,
    Gaussian,
    Poisson,
)
from course_lib.plots import probability as figures


@pytest.fixture(autouse=True)
def style():
    with plt.rc_context():
        plots.use_style()
        yield


def samples(seed=0, size=300):
    return np.random.default_rng(seed).normal(size=size)


FIGURES = {
    "bars": lambda: plots.bars({"p": [0.5, 0.5], "q": [0.9, 0.1]}, ["heads", "tails"], xlabel="side"),
    "table": lambda: plots.table(np.eye(2) / 2, ["a", "b"], ["c", "d"], xlabel="x", ylabel="y"),
    "lines": lambda: plots.lines([1, 10], {"H": [1, 2]}, xlabel="n", ylabel="entropy (bits)", xscale="log"),
    "running_means": lambda: figures.running_means({"coin": [[0, 1, 1]]}, mean=0.5, sd=0.5, ylabel="mean"),
    "reliability": lambda: plots.reliability({"even": ([0.5, 0.5], [0, 1])}),
    "shrinking_bins": lambda: figures.shrinking_bins(
        samples(), [1, 0.5], Gaussian(0, 1), quantity="error", unit="mm"
    ),
    "in_two_units": lambda: figures.in_two_units(
        {"m": Gaussian(0, 1), "mm": Gaussian(0, 1000)}, {"m": (0, 1), "mm": (0, 1000)}, quantity="length"
    ),
    "scatter_with_margins": lambda: figures.scatter_with_margins(
        samples(1), samples(2), xlabel="x (m)", ylabel="y (kg)", within=(-0.5, 0.5)
    ),
    "families": lambda: figures.families(
        {"Poisson": Poisson(3.0), "Beta": Beta(2.0, 5.0), "coin": Bernoulli(0.5)}
    ),
    "alias_columns": lambda: figures.alias_columns([0.5, 1.0], [1, 1], ["tails", "heads"]),
    "images": lambda: plots.images({"one": np.zeros((2, 8, 8)), "two": np.ones((3, 8, 8))}, vmax=16),
}


def svg(figure):
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def test_every_public_function_is_drawn_here():
    assert set(FIGURES) | {"INK", "PALETTE", "finish", "use_style"} == set(plots.__all__) | set(figures.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_same_call_gives_the_same_svg(name):
    assert svg(FIGURES[name]()) == svg(FIGURES[name]())


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_transparent_closed_and_keep_text(name):
    figure = FIGURES[name]()
    assert figure.get_facecolor()[3] == 0
    assert all(axes.get_facecolor()[3] == 0 for axes in figure.axes)
    assert not plt.get_fignums()  # a notebook would show an open figure twice
    if name != "families":
        assert "<text" in svg(figure)


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in ("families", "images")])
def test_outer_axes_are_labelled(name):
    labels = [axes.get_xlabel() + axes.get_ylabel() for axes in FIGURES[name]().axes]
    assert all(labels), f"{name} leaves an axis without a label"


def test_palette_is_okabe_and_itos():
    assert set(plots.PALETTE.values()) == {
        "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000",
    }  # fmt: skip
    assert plt.rcParams["axes.prop_cycle"].by_key()["color"][0] == plots.PALETTE["blue"]


def test_bars_have_the_heights_given():
    axes = plots.bars([0.2, 0.3, 0.5]).axes[0]
    assert [bar.get_height() for bar in axes.patches] == [0.2, 0.3, 0.5]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "1", "2"]


def test_running_mean_ends_at_the_mean_of_the_run():
    run = np.random.default_rng(3).random((2, 5000))
    axes = figures.running_means({"uniform": run}, mean=0.5, sd=0.29, ylabel="mean").axes[0]
    assert [line.get_ydata()[-1] for line in axes.lines[:2]] == pytest.approx(run.mean(axis=1))
    assert len(axes.lines[0].get_xdata()) <= 120


def test_reliability_shows_share_against_statement():
    stated = np.repeat([0.25, 0.75], 4)
    happened = [0, 0, 0, 1, 1, 1, 1, 0]
    axes = plots.reliability({"good": (stated, happened)}).axes[0]
    points = axes.containers[0].lines[0].get_xydata()
    np.testing.assert_allclose(points, [[0.25, 0.25], [0.75, 0.75]])


def test_certain_forecasts_fall_into_the_last_bin():
    axes = plots.reliability({"sure": ([1.0, 1.0], [1, 1])}).axes[0]
    np.testing.assert_allclose(axes.containers[0].lines[0].get_xydata(), [[1, 1]])


@pytest.mark.parametrize("width", [0.7, 0.1])
def test_bins_have_area_one(width):
    figure = figures.shrinking_bins(samples(), [width], Gaussian(0, 1), quantity="x", unit="m")
    heights, edges, _ = figure.axes[0].patches[0].get_data()
    assert np.sum(heights * np.diff(edges)) == pytest.approx(1)
    assert np.diff(edges) == pytest.approx(width)


def test_alias_columns_fill_the_unit_square():
    axes = figures.alias_columns([0.25, 1.0], [1, 1], ["a", "b"]).axes[1]
    pieces = [(round(bar.get_y(), 9), bar.get_height()) for bar in axes.patches]
    assert pieces == [(0, 0.25), (0.25, 0.75), (0, 1.0), (1.0, 0.0)]
    assert to_hex(axes.patches[1].get_facecolor()) == to_hex(axes.patches[2].get_facecolor())


def test_alias_columns_are_poured_from_the_bars_of_the_distribution():
    p = np.array([0.1, 0.1, 0.1, 0.1, 0.2, 0.4])
    table = AliasTable(p)
    before, after = figures.alias_columns(table.keep, table.alias, list("123456")).axes
    assert [bar.get_height() for bar in before.patches] == pytest.approx(6 * p)
    assert before.get_ylim() == after.get_ylim()  # one scale, or pouring would seem to lose mass
    by_face = {bar.get_facecolor(): 0.0 for bar in before.patches}
    for bar in after.patches:
        by_face[bar.get_facecolor()] += bar.get_height()
    assert list(by_face.values()) == pytest.approx(6 * p)


def test_families_stay_in_their_support():
    figure = figures.families(
        {"die": Categorical([0.5, 0.3, 0.2]), "wait": Exponential(1.0), "share": Beta(2.0, 2.0)}
    )
    die, wait, share = figure.axes
    assert len(die.collections[0].get_segments()) == 3
    assert wait.lines[0].get_xdata().min() >= 0
    assert 0 <= share.lines[0].get_xdata().min() < share.lines[0].get_xdata().max() <= 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plots.bars({}), "nothing to draw"),
        (lambda: plots.bars({"p": [0.5, 0.5], "q": [1.0]}), "one entry for each of the 2"),
        (lambda: plots.bars([0.5, 0.5], ["heads"]), "one entry for each of the 2"),
        (lambda: plots.table(np.eye(2), ["a"], ["b", "c"]), "row and column names"),
        (lambda: plots.reliability({"x": ([1.2], [1])}), r"lie in \[0, 1\]"),
        (lambda: plots.reliability({"x": ([0.2, 0.3], [1])}), "one for each outcome"),
        (lambda: figures.in_two_units({"m": Gaussian()}, {"mm": (0, 1)}, quantity="x"), "name the units"),
        (lambda: figures.scatter_with_margins([1, 2], [1, 2], xlabel="x", ylabel="y", within=(5, 6)), "widen"),
        (lambda: figures.alias_columns([1.5], [0], ["a"]), r"share in \[0, 1\]"),
        (lambda: plots.images({"flat": np.zeros((8, 8))}, vmax=1), "images, height, width"),
    ],
)
def test_what_cannot_be_drawn_is_said(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize(("building", "ink"), [("1", "#333333"), ("", "#757575")])
def test_ink_can_be_read_where_the_figure_is_shown(building, ink):
    code = "from course_lib import plots; plots.use_style(); print(plots.plt.rcParams['text.color'])"
    shown = subprocess.run(
        [sys.executable, "-c", code],
        env={"COURSE_BOOK_BUILD": building, "MPLBACKEND": "agg", "PATH": "", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == ink

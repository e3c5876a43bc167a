"""The figures: one style, labelled axes, words that never overlap, the same bytes each time."""

import re
import subprocess
import sys
from fractions import Fraction
from itertools import combinations
from math import log2

import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.stats
from matplotlib.colors import to_hex

import course_lib
from course_lib import plots
from course_lib.distributions import (
    AliasTable,
    Beta,
    Categorical,
    Dirichlet,
    Exponential,
    Gaussian,
    Poisson,
)
from course_lib.plots import bayes, codes, densities, posteriors, style
from course_lib.plots import entropy as information
from course_lib.plots import probability as figures

P = np.array([0.62, 0.25, 0.09, 0.04])
SHAPES = ["bush", "person", "dog", "cyclist"]
SOUNDS = ["silence", "steps", "ticking"]
JOINT = np.array([[600, 14, 6], [40, 205, 5], [50, 36, 4], [8, 2, 30]]) / 1000
SHARES = np.linspace(0.001, 0.999, 200)
CODE = {"ok": "0", "slow": "10", "retry": "110", "failed": "111"}
WEATHER = np.array([[0.30, 0.20], [0.05, 0.45]])
STARS, J_SHAPED = course_lib.softmax(0.727 * np.arange(1, 6)), np.array([0.14, 0.02, 0.03, 0.12, 0.69])
WORDS, BITS = ["archive", "server", "the"], [-6.2, 6.7, -0.1]


@pytest.fixture(autouse=True)
def course_style():
    with plt.rc_context():
        plots.use_style()
        yield


def samples(seed=0, size=300):
    return np.random.default_rng(seed).normal(size=size)


def halves(count=3, seed=0):
    """Return seen halves, averages, draws and true halves of some 8 by 8 images."""
    rng = np.random.default_rng(seed)
    levels = rng.integers(17, size=(7, count, 32))
    return levels[0], levels[1:5].mean(axis=0), levels[1:5].transpose(1, 0, 2), levels[5]


FIGURES = {
    "bars": lambda: plots.bars({"before": P, "after the glint": P[::-1]}, SHAPES, xlabel="shape"),
    "table": lambda: plots.table(JOINT, SHAPES, SOUNDS, margins=True, mark=2, xlabel="sound", ylabel="shape"),
    "lines": lambda: plots.lines(
        [1, 10], {"H": [1, 2], "cross-entropy": [2, 2.01]}, xlabel="n", ylabel="bits", xscale="log"
    ),
    "ranked": lambda: plots.ranked({"uniform noise": 4.09, "mixture of 20 kinds": 2.19}, xlabel="bits"),
    "reliability": lambda: plots.reliability(
        {name: ([0.1, 0.5, 0.9, 0.9], [0, 1, 1, 0]) for name in ("informed", "bold", "always 0.4")}
    ),
    "images": lambda: plots.images(
        {"one": np.zeros((2, 8, 8)), "two": np.ones((3, 8, 8))}, vmax=16, columns={0: "first"}
    ),
    "conditioning": lambda: figures.conditioning(JOINT, SHAPES, SOUNDS, column=2),
    "running_means": lambda: figures.running_means(
        {"coin": [[0, 1, 1], [1, 0, 1]], "die": [[0, 1, 0], [1, 1, 1]]}, mean=0.5, sd=0.5, ylabel="mean"
    ),
    "bracket": lambda: figures.bracket(Fraction(1, 52), [1, 2, 3, 5, 10, 20, 50]),
    "search": lambda: figures.search(P, [0.07, 0.35, 0.58, 0.71, 0.98], SHAPES),
    "alias_columns": lambda: figures.alias_columns(
        [0.6, 0.6, 0.6, 0.6, 1.0, 0.8], [5, 5, 5, 5, 4, 4], list("123456")
    ),
    "completions": lambda: figures.completions(*halves(), captions=["3 or 8", "1 or 6", "4 or 7"]),
    "inverse_cdf": lambda: densities.inverse_cdf(
        lambda x: 1 - np.exp(-2 * x), lambda u: -np.log(1 - u) / 2, np.arange(0.05, 1, 0.1), xlabel="wait (s)"
    ),
    "shrinking_bins": lambda: densities.shrinking_bins(
        samples(), [1, 0.5], Gaussian(0, 1).pdf, quantity="error", unit="mm"
    ),
    "in_two_units": lambda: densities.in_two_units(
        {"m": Gaussian(1.7, 0.09), "mm": Gaussian(1700, 90)},
        {"m": (1.65, 1.75), "mm": (1650, 1750)},
        quantity="height",
    ),
    "scatter_with_margins": lambda: densities.scatter_with_margins(
        samples(1), samples(2), xlabel="x (m)", ylabel="y (kg)", within=(-1, 1), slice_curve=Gaussian(0, 1)
    ),
    "families": lambda: densities.families(
        {"Poisson(3)": Poisson(3.0), "Beta(2, 5)": Beta(2.0, 5.0), "Dirichlet": Dirichlet([2.0, 3.0, 4.0])}
    ),
    "family_map": lambda: densities.family_map(),
    "order_and_shuffle": lambda: densities.order_and_shuffle(
        [10, 100, 10_000],
        {name: ([1, 3, 9], [1, 1, 100]) for name in ("light tail", "level shift", "a", "b", "c")},
        xlabel="n",
        ylabel="√n · middle half",
    ),
    "updating": lambda: bayes.updating(
        SHARES,
        {
            "prior": Beta(2.0, 8.0).pdf(SHARES),
            "likelihood": Beta(10.0, 22.0).pdf(SHARES),
            "posterior": Beta(11.0, 29.0).pdf(SHARES),
        },
        xlabel="share p",
    ),
    "weighing": lambda: bayes.weighing(WORDS, BITS, start=-0.5, sides=("files", "network")),
    "fits": lambda: bayes.fits(
        [-1, 0, 1],
        [0, 2, 1],
        {name: ([-1, 0, 1], [0, i, 1]) for i, name in enumerate(("truth", "MLE", "MAP"))},
        [0.1, 1, 10],
        [2, 1, 3],
        predicted=1.0,
    ),
    "beliefs": lambda: bayes.beliefs(
        {
            "flat prior": {"picture alone": [0.001, 0.099, 0.9], "and last week's ticket": [0, 0, 1]},
            "log-uniform prior": {"picture alone": [0.96, 0.02, 0.02], "and last week's ticket": [0, 0, 1]},
        },
        ["2", "5", "8"],
        xlabel="digits of the ticket number",
    ),
    "belts": lambda: posteriors.belts(
        range(3),
        {"credible": [[0, 0.6], [0.1, 0.8], [0.3, 0.9]], "confidence": [[0, 0.7], [0.1, 0.9], [0.3, 1]]},
        level=0.65,
        xlabel="clicks k",
        ylabel="share p",
    ),
    "coverage": lambda: posteriors.coverage(
        [0.1, 0.5, 0.9],
        {"credible": [0.98, 0.9, 0.2], "confidence (exact)": [0.97, 0.96, 0.99], "normal": [0.3, 0.9, 0.8]},
        promise=0.95,
        xlabel="true share p",
        ylabel="coverage",
    ),
    "recovering": lambda: posteriors.recovering(
        [10, 100, 1000],
        {name: ([0.1, 0.2, 0.3], [0, 0.1, 0.2], [0.2, 0.4, 0.35]) for name in ("flat", "wrong")},
        truth=0.3,
        xlabel="visitors n",
        ylabel="share p",
    ),
    "against_normal": lambda: posteriors.against_normal(
        {
            f"n = {n}": (scipy.stats.beta(1 + n, 1 + n), scipy.stats.norm(0.5, 0.35 / np.sqrt(n)))
            for n in (5, 50)
        },
        xlabel="share p",
    ),
    "scales": lambda: posteriors.scales(
        {
            "share p": (SHARES, Beta(1.0, 6.0).pdf(SHARES), 0.0, (0.02, 0.3)),
            "log-odds": (np.linspace(-6, 2, 50), Gaussian(-2, 1).pdf(np.linspace(-6, 2, 50)), -2.0, (-4, 0)),
        }
    ),
    "banded": lambda: posteriors.banded(
        [-0.5, 0, 0.5],
        [0, 1, 0.5],
        [-1, 0, 1],
        {name: [i, 1, -i] for i, name in enumerate(("truth", "MLE", "MAP"))},
        [1, 1, 0],
        [0.2, 0.1, 2],
        xlabel="x",
        ylabel="y",
    ),
    "scored": lambda: posteriors.scored(
        [0, 1, 2], [-30.0, -12.0, -13.0], xlabel="degree", ylabel="log-evidence"
    ),
    "binary_entropy": lambda: information.binary_entropy(
        SHARES,
        [course_lib.entropy([p, 1 - p], base=2) for p in SHARES],
        mark={"fair": 0.5, "70/30": 0.7, "99/1": 0.99},
    ),
    "budget": lambda: information.budget(CODE),
    "information_bars": lambda: information.information_bars(WEATHER),
    "nearest": lambda: information.nearest(
        STARS, J_SHAPED, ["1 star", "2", "3", "4", "5 stars"], names=("maximum entropy", "J-shaped")
    ),
    "nested": lambda: codes.nested("HTH", {"H": 0.7, "T": 0.3}, code="1000"),
    "solved": lambda: codes.solved(
        {f"mean {i}": (np.arange(1, 6), STARS, STARS) for i in (1, 2, 3)}, ylabel="probability, or density"
    ),
    "biases": lambda: codes.biases(
        [5, 50, 500, 3000],
        {"entropy, 27 symbols": [0.5, 1.1, 1.05, 1.0], "information, 5 × 5": [0.4, 1.05, 1.02, 1.0]},
    ),
    "spreads": lambda: codes.spreads(
        {m: np.log2(m) + 0.1 * samples(m) ** 2 for m in range(1, 6)}, before=np.log2(12)
    ),
    "piles": lambda: codes.piles(
        samples(), samples(1) > 0, ("from the template", "by hand"), xlabel="bits a character"
    ),
}
NOT_FIGURES = {"picture", "use_style"}
ROWS_WITH_NAMES = {"ranked", "search", "weighing", "information_bars"}


def words_of(figure):
    """Return the words of a figure that are drawn, with the boxes in which they stand."""
    figure.draw_without_rendering()
    unseen = {text for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for text in unseen_in(axis)}
    texts = [text for text in figure.findobj(plt.Text) if text.get_text().strip() and text.get_visible()]
    return [(text, text.get_window_extent()) for text in texts if text not in unseen]


def unseen_in(axis):
    """Return the labels that an axis keeps but does not draw: of ticks outside its range, or all of them."""
    low, high = sorted(axis.get_view_interval())
    for tick in axis.get_major_ticks() + axis.get_minor_ticks():
        if not axis.axes.axison or not low <= tick.get_loc() <= high:
            yield from (tick.label1, tick.label2)


def test_every_public_function_is_drawn_here():
    topics = (plots, figures, densities, bayes, posteriors, information, codes)
    public = {name for topic in topics for name in topic.__all__}
    assert set(FIGURES) | NOT_FIGURES == public


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_keeps_the_house_style(name):
    open_before = plt.get_fignums()  # another test's, in the same process
    figure = FIGURES[name]()
    drawn = style.svg(figure)
    assert drawn == style.svg(FIGURES[name]()), "the same call must give the same bytes"
    assert 'width="535.5pt"' in drawn, "every figure is as wide as the text column, 714 pixels"
    assert figure.get_facecolor()[3] == 0
    assert all(axes.get_facecolor()[3] == 0 for axes in figure.axes)
    assert plt.get_fignums() == open_before, "a notebook would show an open figure twice"
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: ([\d.]+)px", drawn)]
    assert min(sizes) == 15.5, "smaller words cannot be read where a phone shows the figure"
    assert "system-ui" in drawn
    assert "'system-ui'" not in drawn, "in quotation marks it is not the system's font"


@pytest.mark.parametrize("name", FIGURES)
def test_words_do_not_overlap_and_stay_inside(name):
    figure = FIGURES[name]()
    boxes = words_of(figure)
    page = figure.bbox.padded(2)
    for (a, box), (b, other) in combinations(boxes, 2):
        assert not box.padded(-1).overlaps(other.padded(-1)), f"{a.get_text()!r} lies on {b.get_text()!r}"
    for text, box in boxes:
        inside = page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1
        assert inside, f"{text.get_text()!r} leaves the figure"


PICTURES_AND_MAPS = {"images", "completions", "conditioning", "family_map", "nearest"}


@pytest.mark.parametrize("name", sorted(set(FIGURES) - PICTURES_AND_MAPS))
def test_the_quantities_are_named(name):
    figure = FIGURES[name]()
    across = figure.get_supxlabel() or figure.axes[-1].get_xlabel()
    upwards = figure.get_supylabel() or figure.axes[0].get_ylabel()
    assert across, f"{name} has no name for what lies to the right"
    assert upwards or name in ROWS_WITH_NAMES, f"{name} has no name for the height"


def test_palette_is_okabe_and_itos():
    assert set(style.PALETTE.values()) == {
        "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000",
    }  # fmt: skip
    assert plt.rcParams["axes.prop_cycle"].by_key()["color"][0] == style.PALETTE["blue"]


def test_bars_have_the_heights_given():
    axes = plots.bars([0.2, 0.3, 0.5]).axes[0]
    assert [bar.get_height() for bar in axes.patches] == [0.2, 0.3, 0.5]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "1", "2"]


def test_running_mean_ends_at_the_mean_of_the_run():
    run = np.random.default_rng(3).random((2, 5000))
    axes = figures.running_means({"uniform": run}, mean=0.5, sd=0.29, ylabel="mean").axes[0]
    ends = [line.get_ydata()[-1] for line in axes.lines]
    assert all(np.isclose(ends, mean).any() for mean in run.mean(axis=1))
    assert len(axes.lines[0].get_xdata()) <= 120


def test_bars_carry_values_with_one_number_of_decimals():
    axes = FIGURES["bars"]().axes[0]
    assert [text.get_text() for text in axes.texts[:4]] == ["0.620", "0.250", "0.090", "0.040"]


def test_table_holds_the_sums_in_its_margins():
    numbers = [float(text.get_text()) for text in FIGURES["table"]().axes[0].texts]
    np.testing.assert_allclose(numbers[:12], JOINT.ravel())
    np.testing.assert_allclose(numbers[12:], [*JOINT.sum(axis=1), *JOINT.sum(axis=0), 1])


def test_the_weighing_ends_at_the_sum_and_says_each_step():
    axes = FIGURES["weighing"]().axes[0]
    total = -0.5 + sum(BITS)
    assert axes.patches[-1].get_width() == pytest.approx(total)
    assert [text.get_text() for text in axes.texts] == ["−0.5", "−6.2", "+6.7", "−0.1", "−0.1"]
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches[:-1]]
    np.testing.assert_allclose(ends, np.cumsum([-0.5, *BITS]))
    with pytest.raises(ValueError, match="each of the 3 words"):
        bayes.weighing(WORDS, [1.0], start=0, sides=("files", "network"))


def test_beliefs_write_probabilities_only_where_they_show():
    figure = FIGURES["beliefs"]()
    assert [[text.get_text() for text in axes.texts] for axes in figure.axes] == [
        ["", ".10", ".90"],
        ["", "", "1"],
        [".96", ".02", ".02"],
        ["", "", "1"],
    ]
    assert [axes.get_title() for axes in figure.axes] == ["picture alone", "and last week's ticket", "", ""]


def test_the_interval_stays_the_same_area_and_the_peak_is_marked():
    upper = FIGURES["scales"]().axes[0]
    shaded = upper.collections[0].get_paths()[0].get_extents()
    assert (shaded.x0, shaded.x1) == pytest.approx((0.02, 0.3))
    assert upper.lines[1].get_xdata()[0] == 0


def test_the_band_reaches_two_standard_deviations_and_is_in_the_picture():
    axes = FIGURES["banded"]().axes[0]
    band = axes.collections[0].get_paths()[0].get_extents()
    assert (band.y0, band.y1) == pytest.approx((-4, 4))
    bottom, top = axes.get_ylim()
    assert bottom < -4
    assert top > 4


def test_belts_reach_from_the_lower_to_the_upper_bound():
    axes = FIGURES["belts"]().axes[0]
    ends = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in axes.patches]
    np.testing.assert_allclose(ends, [[0, 0.6], [0.1, 0.8], [0.3, 0.9], [0, 0.7], [0.1, 0.9], [0.3, 1]])


def test_coverage_begins_at_one_half_and_its_last_line_is_the_promise():
    axes = FIGURES["coverage"]().axes[0]
    assert axes.get_ylim()[0] == 0.5
    assert axes.get_ylim()[1] > 1, "a coverage of 1 must not lie under the frame"
    assert list(axes.lines[-1].get_ydata()) == [0.95, 0.95]


def test_the_budget_is_laid_out_without_gaps_or_overlaps():
    boxes = [bar for bar in FIGURES["budget"]().axes[0].patches if bar.get_linewidth() > 0]
    edges = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in boxes]
    assert edges == [(0, 0.5), (0.5, 0.75), (0.75, 0.875), (0.875, 1)]


def test_bars_of_information_add_up():
    axes = FIGURES["information_bars"]().axes[0]
    names = [text.get_text().splitlines()[0] for text in axes.texts]
    bars = dict(zip(names, axes.patches, strict=True))
    ends = {name: bar.get_x() + bar.get_width() for name, bar in bars.items()}
    assert ends["H(X, Y)"] == pytest.approx(ends["H(Y|X)"]) == pytest.approx(ends["H(Y)"])
    assert ends["H(p, q)"] == pytest.approx(ends["KL"])
    assert bars["I(X;Y)"].get_x() == pytest.approx(ends["H(X|Y)"])
    assert ends["I(X;Y)"] == pytest.approx(ends["H(X)"])


def test_squares_on_the_legs_add_up_to_the_third():
    def area(polygon):
        x, y = polygon.get_xy()[:-1].T
        return abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2

    up, along, whole = map(area, FIGURES["nearest"]().axes[1].patches)
    assert up + along == pytest.approx(whole)
    assert whole == pytest.approx(course_lib.kl_divergence(J_SHAPED, np.full(5, 0.2), base=2), abs=1e-3)


def test_conditioning_divides_the_column_by_its_sum():
    last = FIGURES["conditioning"]().axes[2]
    shown = [float(text.get_text()) for text in last.texts]
    np.testing.assert_allclose(shown, [*JOINT[:, 2] / JOINT[:, 2].sum(), 1], atol=5e-4)


@pytest.mark.parametrize("p", [Fraction(1, 52), Fraction(2, 3), Fraction(1, 8), 0.3])
def test_bracket_holds_the_surprise_and_is_one_nth_wide(p):
    ns = [1, 2, 3, 7, 40]
    for n, bar in zip(ns, figures.bracket(p, ns).axes[0].patches, strict=True):
        assert bar.get_y() <= log2(1 / p) + 1e-12
        assert log2(1 / p) < bar.get_y() + bar.get_height()
        assert bar.get_height() == pytest.approx(1 / n)
        assert bar.get_y() * n == pytest.approx(round(bar.get_y() * n))


def test_pieces_lie_end_to_end_and_arrows_point_at_u():
    axes = FIGURES["search"]().axes[0]
    pieces = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches[:4]]
    np.testing.assert_allclose(np.ravel(pieces), [0, 0.62, 0.62, 0.87, 0.87, 0.96, 0.96, 1])


def test_draws_of_a_completion_stand_beside_those_like_them():
    kinds = np.stack([np.zeros(32), np.full(32, 16.0), np.ones(32), np.full(32, 15.0)])[None]
    half = np.zeros((1, 32))
    shown = figures.completions(half, half, kinds, half, captions=["two kinds"]).axes[2:6]
    assert [axes.images[0].get_array()[-1, -1] for axes in shown] == [0, 1, 15, 16]


def test_names_at_the_ends_of_lines_keep_apart():
    names = [f"curve {i}" for i in range(4)]
    figure = plots.lines([0, 1], {name: [0, 1] for name in names}, xlabel="x", ylabel="y")
    boxes = [box for text, box in words_of(figure) if text.get_text() in names]
    assert len(boxes) == 4
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_reliability_shows_share_against_statement():
    stated = np.repeat([0.25, 0.75], 4)
    happened = [0, 0, 0, 1, 1, 1, 1, 0]
    axes = plots.reliability({"good": (stated, happened)}).axes[0]
    points = axes.containers[0].lines[0].get_xydata()
    np.testing.assert_allclose(points, [[0.25, 0.25], [0.75, 0.75]])


def test_too_sure_of_a_kind_lies_below_the_diagonal_alone():
    forecast = {"kind": ([0.2, 0.8], [0, 1])}

    def shaded(point, **options):
        patches = plots.reliability(forecast, **options).axes[0].patches
        return any(patch.get_path().contains_point(point) for patch in patches)

    assert shaded((0.3, 0.45))  # an event, or its opposite, was stated too boldly
    assert not shaded((0.3, 0.45), of_likeliest=True)
    assert shaded((0.3, 0.1), of_likeliest=True)


def test_a_point_of_few_statements_is_hollow_and_named_in_the_legend():
    many = ([0.2] * 19 + [0.8] * 20, [0] * 39)
    figure = plots.reliability({"mixed": many})
    hollow = [line for line in figure.axes[0].lines if line.get_markerfacecolor() == "white"]
    np.testing.assert_allclose(np.vstack([line.get_xydata() for line in hollow]), [[0.2, 0]])
    assert "fewer than 20 statements" in [text.get_text() for text in figure.legends[0].get_texts()]
    enough = plots.reliability({"enough": ([0.2] * 20, [0] * 20)})
    assert len(enough.legends[0].get_texts()) == 2


def test_certain_forecasts_fall_into_the_last_bin():
    axes = plots.reliability({"sure": ([1.0, 1.0], [1, 1])}).axes[0]
    np.testing.assert_allclose(axes.containers[0].lines[0].get_xydata(), [[1, 1]])


@pytest.mark.parametrize("width", [0.7, 0.1])
def test_bins_have_area_one(width):
    figure = densities.shrinking_bins(samples(), [width], Gaussian(0, 1).pdf, quantity="x", unit="m")
    heights, edges, _ = figure.axes[0].patches[0].get_data()
    assert np.sum(heights * np.diff(edges)) == pytest.approx(1)
    assert np.diff(edges) == pytest.approx(width)


def test_alias_columns_fill_the_unit_square():
    axes = figures.alias_columns([0.25, 1.0], [1, 1], ["a", "b"]).axes[1]
    pieces = [(round(bar.get_y(), 9), bar.get_height()) for bar in axes.patches]
    assert pieces == [(0, 0.25), (0.25, 0.75), (0, 1.0), (1.0, 0.0)]
    own, lent = style.PALETTE["blue"].lower(), style.PALETTE["vermillion"].lower()
    assert [to_hex(bar.get_edgecolor()) for bar in axes.patches[:3]] == [own, lent, own]


def test_alias_columns_are_poured_from_the_bars_of_the_distribution():
    p = np.array([0.1, 0.1, 0.1, 0.1, 0.2, 0.4])
    table = AliasTable(p)
    before, after = figures.alias_columns(table.keep, table.alias, list("123456")).axes
    assert [bar.get_height() for bar in before.patches] == pytest.approx(6 * p)
    assert before.get_ylim() == after.get_ylim()  # one scale, or pouring would seem to lose mass
    by_face = dict.fromkeys("123456", 0.0)
    for bar in after.patches:
        inside = [t.get_text() for t in after.texts if bar.get_bbox().contains(*t.get_position())]
        if bar.get_height() > 0:
            by_face[inside[0]] += bar.get_height()
    assert list(by_face.values()) == pytest.approx(6 * p)


def test_a_map_of_families_leads_from_a_coin_and_a_clock_to_all_nine():
    reached = {"Bernoulli", "Exponential"}
    for _ in densities._PLACES:
        reached |= {end for start, end, _ in densities._ARROWS if start in reached}
    assert reached == set(densities._PLACES)
    assert len(reached) == 9


def test_level_results_lie_level_and_the_empty_panel_holds_the_key():
    figure = FIGURES["order_and_shuffle"]()
    np.testing.assert_allclose(figure.axes[0].lines[1].get_ydata(), [1, 1, 100])
    assert [text.get_text() for text in figure.axes[-1].get_legend().get_texts()] == ["in order", "shuffled"]


def test_families_stay_in_their_support():
    figure = densities.families(
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
        (lambda: densities.in_two_units({"m": Gaussian()}, {"mm": (0, 1)}, quantity="x"), "name the units"),
        (
            lambda: densities.scatter_with_margins([1, 2], [1, 2], xlabel="x", ylabel="y", within=(5, 6)),
            "widen",
        ),
        (lambda: figures.alias_columns([1.5], [0], ["a"]), r"share in \[0, 1\]"),
        (lambda: plots.images({"flat": np.zeros((8, 8))}, vmax=1), "images, height, width"),
        (lambda: plots.images({"many": np.zeros((10, 8, 8))}, vmax=1), "one to 9"),
        (lambda: plots.table([[-0.1, 1.1]], ["a"], ["b", "c"]), "no negative"),
        (lambda: plots.table([[0, 0]], ["a"], ["b", "c"]), "one above zero"),
        (lambda: plots.ranked({}, xlabel="bits"), "there must be one"),
        (lambda: plots.ranked({"a": np.inf}, xlabel="bits"), "finite"),
        (lambda: plots.reliability({}), "nothing to draw"),
        (lambda: plots.lines([1], {}, xlabel="x", ylabel="y"), "nothing to draw"),
        (lambda: figures.conditioning(JOINT, SHAPES, SOUNDS[:2], 0), "a name for each"),
        (lambda: figures.conditioning([[0, 1]], ["a"], ["b", "c"], 0), "positive sum"),
        (lambda: figures.bracket(1, [1]), "strictly between"),
        (lambda: figures.search([0.5, 0.4], [0.1], ["a", "b"]), "the sum 1"),
        (lambda: figures.search([0.5, 0.5], [1.0], ["a", "b"]), r"lie in \[0, 1\)"),
        (lambda: densities.inverse_cdf(np.sin, np.sin, [1.0], xlabel="x"), "strictly between"),
        (lambda: figures.completions(*halves(2), captions=["one"]), "caption"),
    ],
)
def test_what_cannot_be_drawn_is_said(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize(("building", "ink"), [("1", "#333333"), ("", "#757575")])
def test_ink_can_be_read_where_the_figure_is_shown(building, ink):
    code = "from course_lib.plots.style import plt, use_style; use_style(); print(plt.rcParams['text.color'])"
    shown = subprocess.run(
        [sys.executable, "-c", code],
        env={"COURSE_BOOK_BUILD": building, "MPLBACKEND": "agg", "PATH": "", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == ink

"""The benchmarks measure what they say: every row runs, what is exact is exact, results reach the page."""

import json
import math

import mpmath
import numpy as np
import pytest
import scipy.special
import scipy.stats

import benchmarks.__main__ as runner
from benchmarks import exact, information, library, measure
from book._ext import site_benchmarks as page


def row(ours=0.0, theirs=0.0, *, goal=2.0, floor=1.0, **peers):
    def spin(seconds):
        return lambda: sum(range(int(seconds * 1e6)))

    return measure.Speed(
        "a task", spin(ours), {"peer": spin(theirs), **peers}, goal, floor, "peer", "because"
    )


# --- how a row is measured ------------------------------------------------------------------------------


def test_a_ratio_is_their_time_over_ours(monkeypatch):
    now = iter(range(10**6))
    monkeypatch.setattr(measure.time, "process_time", lambda: next(now) * 1e-3)
    monkeypatch.setattr(measure, "repeats_for", lambda call: 1)
    slow = measure.Speed(
        "a task", lambda: None, {"peer": lambda: [next(now) for _ in range(4)]}, 4.9, 2, "peer"
    )
    found = measure.run_speed(slow, 5)
    assert found["times"]["course_lib"]["median_s"] == pytest.approx(1e-3)
    assert found["ratio"] == found["ratios"]["peer"] == pytest.approx(5)
    assert found["verdict"] == "goal"


@pytest.mark.parametrize(
    ("goal", "floor", "verdict"), [(True, True, "goal"), (False, True, "floor"), (False, False, "MISSED")]
)
def test_verdicts(goal, floor, verdict):
    assert measure.verdict(goal, floor) == verdict


def test_a_peer_that_is_missing_is_named():
    found = measure.run_speed(row(**{"not there": None}), 2)
    assert found["skipped"] == ["not there"]
    assert "not there" not in found["times"]


def test_an_accuracy_row_is_judged_by_its_goal():
    good = measure.run_accuracy(
        measure.Accuracy("a quantity", lambda: 1e-15, {"peer": lambda: math.nan}, 1e-14)
    )
    assert good["verdict"] == "goal"
    assert math.isnan(good["errors"]["peer"])
    assert (
        measure.run_accuracy(measure.Accuracy("a quantity", lambda: 1e-13, {}, 1e-14))["verdict"] == "MISSED"
    )


# --- what is exact --------------------------------------------------------------------------------------


def test_exact_values_agree_with_scipy_where_it_is_right():
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(5), 2)
    m = (p + q) / 2
    assert float(exact.exact_entropy(p)) == pytest.approx(scipy.stats.entropy(p), rel=1e-13)
    assert float(exact.exact_kl(p, q)) == pytest.approx(scipy.stats.entropy(p, q), rel=1e-13)
    js = (scipy.stats.entropy(p, m) + scipy.stats.entropy(q, m)) / 2
    assert float(exact.exact_js(p, q)) == pytest.approx(js, rel=1e-13)
    logits = float(exact.exact_kl_from_logits(np.log(p), np.log(q) + 3))
    assert logits == pytest.approx(scipy.stats.entropy(p, q), rel=1e-13)
    counts = rng.integers(0, 9, (3, 4))
    apart = np.outer(counts.sum(1), counts.sum(0)) / counts.sum()
    information = scipy.special.rel_entr(counts, apart).sum() / counts.sum()
    assert float(exact.exact_information(counts)) == pytest.approx(information, rel=1e-12)


def test_a_worst_error_is_relative_and_notices_nan_and_zero():
    exactly = [mpmath.mpf(2), mpmath.mpf(4)]
    assert exact.worst_relative_error([2.0, 5.0], exactly) == 0.25
    assert math.isnan(exact.worst_relative_error([math.nan, 4.0], exactly))
    assert exact.worst_relative_error([0.5], [mpmath.mpf(0)]) == 0.5


def test_copies_of_outcomes_change_the_data_and_not_the_divergence():
    p, q = information.related(1e-3, cases=2, outcomes=5)
    sizes = []

    def kl(p, q):
        sizes.append(p.shape)
        return scipy.special.rel_entr(p, q).sum(axis=-1)

    assert exact.Truth(exact.exact_kl, p, q, copies=4).worst_error(kl) < 1e-8
    assert sizes == [(2, 20)]


def test_checked_looks_at_what_a_distribution_needs():
    library.checked(np.array([[0.5, 0.5], [1.0, 0.0]]))
    for bad in ([0.5, 0.6], [-0.5, 1.5], [math.nan, 1.0]):
        with pytest.raises(ValueError, match="not a distribution"):
            library.checked(np.array(bad))


# --- the run and its page -------------------------------------------------------------------------------


def test_every_module_with_rows_is_found_and_its_names_differ():
    modules = runner.row_modules()
    assert {information, library} <= set(modules)
    assert all(hasattr(module, "accuracy_rows") for module in modules)


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run the benchmarks with three small rows; return the exit status, what was printed, the two files."""
    for name in ("RESULTS", "PUBLISHED"):
        monkeypatch.setattr(runner, name, tmp_path / name / "results.json")
        (tmp_path / name).mkdir()
    monkeypatch.setattr(runner, "one_thread", lambda: None)

    class Rows:
        @staticmethod
        def speed_rows():
            return [row(goal=1e-9, floor=1e-9), row(goal=1e9, floor=goal, gone=None)]

        @staticmethod
        def accuracy_rows():
            return [measure.Accuracy("an error", lambda: 1e-16, {"peer": lambda: math.nan})]

    goal = 1e-9
    monkeypatch.setattr(runner, "row_modules", lambda: [Rows])

    def start(*options, floor=1e-9):
        nonlocal goal
        goal = floor
        monkeypatch.setattr("sys.argv", ["benchmarks", "--rounds", "2", *options])
        return runner.main(), capsys.readouterr().out, runner.RESULTS, runner.PUBLISHED

    return start


def test_a_full_run_reaches_the_page_and_a_part_does_not(run):
    status, printed, results, published = run("--only", "error")
    assert status == 0
    assert "1 rows: 1 meet their goal" in printed
    assert results.exists()
    assert not published.exists()
    status, printed, results, published = run()
    assert status == 0
    assert "3 rows: 2 meet their goal, 1 only their floor, 0 miss it." in printed
    assert published.read_text() == results.read_text()


def test_a_missed_floor_fails_the_run(run):
    status, printed, *_ = run(floor=1e9)
    assert status == 1
    assert "1 miss it" in printed


def test_the_page_shows_what_the_run_found(run):
    *_, published = run()
    results = json.loads(published.read_text(), parse_constant=pytest.fail)
    shown = {name: part(results) for name, part in page.PARTS.items()}
    assert "numpy" in shown["machine"]
    assert shown["speed"].count("a task") == shown["plot"].count("a task") == 2
    assert "above the floor" in shown["speed"]
    assert "because" in shown["shortfalls"]
    assert "an error | 1e−16 | 1e−14 | peer\u00a0nan" in shown["accuracy"]
    assert "- gone" in shown["skipped"]
    assert "scipy.special.rel_entr" in shown["frameworks"]
    assert "batchmean" in shown["traps"]
    assert 'role="img" aria-label="Dot plot of 2 tasks' in shown["plot"]


def test_the_page_has_a_place_for_every_part():
    source = (runner.HERE.parent / "book" / "reference" / "benchmarks.md").read_text()
    assert all(f"% {name}\n" in source for name in page.PARTS)


@pytest.mark.parametrize(("seconds", "shown"), [(1.5, "1.5 s"), (0.0123, "12.3 ms"), (4.56e-6, "4.56 µs")])
def test_durations_have_three_digits_in_their_unit(seconds, shown):
    assert page.duration(seconds) == shown

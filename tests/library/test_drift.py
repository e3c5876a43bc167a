"""Drift: PSI against both directions of KL, histograms by hand, thresholds by their rate of false alarms."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib import ProbabilityError
from course_lib.divergence import kl_divergence
from course_lib.drift import (
    drift_score,
    drift_threshold,
    false_alarm_rate,
    histogram_probabilities,
    psi,
    quantile_edges,
)

weights = st.integers(2, 30).flatmap(
    lambda n: st.tuples(*[hnp.arrays(np.float64, n, elements=st.floats(1e-6, 1.0)) for _ in range(2)])
)


@settings(deadline=None)
@given(weights, st.sampled_from([1e-12, 1e-8, 1e-3, 1.0]))
def test_psi_is_kl_both_ways(ws, closeness):
    p, q = ws[0] / ws[0].sum(), ws[0] * (1 + closeness * ws[1])
    q /= q.sum()
    assert psi(p, q) == pytest.approx(kl_divergence(p, q) + kl_divergence(q, p), rel=1e-11)
    assert psi(p, q) == pytest.approx(psi(q, p), rel=1e-11)
    assert psi(p, q, base=2) == pytest.approx(psi(p, q) / math.log(2), rel=1e-14)
    assert psi(p, p) == 0


def test_psi_at_zeros_and_along_an_axis():
    assert psi([0.5, 0.5, 0], [0.5, 0.25, 0.25]) == math.inf
    assert psi([0.5, 0.25, 0.25], [0.5, 0.5, 0]) == math.inf
    assert psi([0.5, 0.5, 0], [0.25, 0.75, 0]) == pytest.approx(0.25 * math.log(3), rel=1e-14)
    assert psi([1, 1], [1, 3], normalize=True) == pytest.approx(0.25 * math.log(3), rel=1e-14)
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(5), (2, 3)).transpose(0, 2, 1)
    np.testing.assert_allclose(psi(p, q, axis=0), [psi(p[:, j], q[:, j]) for j in range(3)], rtol=1e-13)
    assert psi(p, q, axis=0, keepdims=True).shape == (1, 3)
    with pytest.raises(ProbabilityError, match=r"q sums to 0\.9"):
        psi([0.5, 0.5], [0.5, 0.4])


def test_quantile_edges_share_the_reference_out():
    x = np.random.default_rng(1).normal(size=1000)
    edges = quantile_edges(x, 8)
    np.testing.assert_array_equal(np.bincount(np.searchsorted(edges, x, side="right")), 125)
    below, above = quantile_edges([5, 5, 5, 5], 10)
    assert below < 5 < above
    assert len(quantile_edges(x)) == 9


def test_edges_of_the_mirror_image_are_mirrored_also_where_two_come_equally_near():
    np.testing.assert_array_equal(quantile_edges([0, 1, 2], 2), [0.5, 1.5])  # 1/3 and 2/3 are as near to 1/2
    rng = np.random.default_rng(0)
    for n_bins in (2, 3, 4, 6):
        x = rng.integers(0, 5, size=12)
        np.testing.assert_array_equal(quantile_edges(-x, n_bins), -quantile_edges(x, n_bins)[::-1])


def test_histogram_probabilities_by_hand():
    on_the_edge = histogram_probabilities([1, 2, 5, 9], [5], smoothing=0)
    np.testing.assert_allclose(on_the_edge, [2.5 / 4, 1.5 / 4])  # half of it on either side
    three_edges = histogram_probabilities([1, 2, 5.5, 9], [5, 6, 7], smoothing=0)
    np.testing.assert_allclose(three_edges, [0.5, 0.25, 0, 0.25])
    np.testing.assert_allclose(histogram_probabilities([1], [5], smoothing=2), [0.6, 0.4])
    np.testing.assert_allclose(histogram_probabilities([1], [5]), [0.75, 0.25])
    assert histogram_probabilities([1.0, 2.0], []) == [1.0]


def test_drift_score_is_the_psi_of_the_two_histograms():
    rng = np.random.default_rng(2)
    then, now = rng.normal(size=500), rng.normal(size=300) + 0.5
    rank = np.round(500 * np.arange(1, 7) / 7).astype(int)
    edges = (np.sort(then)[rank - 1] + np.sort(then)[rank]) / 2
    counts = [np.histogram(x, [-np.inf, *edges, np.inf])[0] for x in (then, now)]
    p, q = ((c + 0.25) / (c.sum() + 7 * 0.25) for c in counts)
    expected = np.sum((p - q) * np.log(p / q))
    assert drift_score(then, now, n_bins=7, smoothing=0.25) == pytest.approx(expected, rel=1e-12)
    bits = drift_score(then, now, n_bins=7, smoothing=0.25, base=2)
    assert bits == pytest.approx(expected / math.log(2), rel=1e-12)
    assert drift_score(then, then) == 0


def test_drift_score_without_drift_is_about_what_the_docstring_says():
    rng = np.random.default_rng(3)
    scores = [drift_score(rng.normal(size=2000), rng.normal(size=500)) for _ in range(200)]
    assert np.mean(scores) == pytest.approx(9 * (1 / 2000 + 1 / 500), rel=0.15)


def test_the_threshold_is_the_order_statistic_that_its_rank_names():
    x = np.random.default_rng(4).normal(size=200)
    rng = np.random.default_rng(5)
    scores = sorted(
        drift_score(shuffled[40:], shuffled[:40]) for shuffled in (rng.permutation(x) for _ in range(99))
    )
    for alpha, rank in [(0.05, 95), (0.01, 99), (0.5, 50), (0.044, 96)]:
        assert drift_threshold(x, 40, alpha=alpha, n_resamples=99, rng=5) == scores[rank - 1]


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_the_threshold_keeps_its_rate_of_false_alarms_and_the_thumb_rule_does_not(alpha):
    x = np.random.default_rng(6).lognormal(size=1000)
    limit = drift_threshold(x, 60, alpha=alpha, n_resamples=599, rng=7)
    rate = false_alarm_rate(x, 60, limit, n_trials=599, rng=8)
    # two samplings of 600 each: standard error sqrt(2 alpha (1 - alpha)/600); four of them
    assert rate == pytest.approx(alpha, abs=4 * math.sqrt(2 * alpha * (1 - alpha) / 600))
    assert false_alarm_rate(x, 60, 0.1, n_trials=100, rng=9) > 0.5
    assert drift_score(x, np.random.default_rng(10).lognormal(size=60) * 4) > limit


def test_false_alarms_come_at_random_over_fresh_samples_too():
    rng = np.random.default_rng(11)
    x = rng.normal(size=4000)
    limit = drift_threshold(x, 100, alpha=0.1, n_resamples=499, rng=12)
    alarms = sum(drift_score(x, rng.normal(size=100)) > limit for _ in range(400))
    assert scipy.stats.binomtest(alarms, 400, 0.1).pvalue > 1e-4


def test_units_and_seeds():
    x = np.random.default_rng(13).normal(size=300)
    nats = drift_threshold(x, 50, n_resamples=99, rng=0)
    bits = drift_threshold(x, 50, n_resamples=99, rng=0, base=2)
    assert bits == pytest.approx(nats / math.log(2), rel=1e-12)
    assert drift_threshold(x, 50, n_resamples=99, rng=np.random.default_rng(0)) == nats
    assert drift_threshold(x, 50, n_resamples=99, rng=1) != nats
    in_bits = false_alarm_rate(x, 50, 0.2 / math.log(2), base=2, n_trials=99, rng=0)
    assert in_bits == false_alarm_rate(x, 50, 0.2, n_trials=99, rng=0)


def test_refusals():
    x = np.arange(10.0)
    for bad, problem in (
        ([], "must be a sequence"),
        ([[1.0]], "must be a sequence"),
        ([np.nan], "holds NaN"),
        ([np.inf], "infinite"),
    ):
        with pytest.raises(ValueError, match=f"reference.*{problem}"):
            quantile_edges(bad)
        with pytest.raises(ValueError, match=f"sample.*{problem}"):
            histogram_probabilities(bad, [1])
    with pytest.raises(TypeError, match="reference must hold real numbers"):
        quantile_edges(["a"])
    with pytest.raises(ValueError, match="n_bins must be 2 or more"):
        quantile_edges(x, 1)
    for edges in ([2, 1], [1, 1], [[1]], [np.nan]):
        with pytest.raises(ValueError, match="edges must be a rising sequence"):
            histogram_probabilities(x, edges)
    with pytest.raises(ValueError, match="smoothing must be 0 or more"):
        histogram_probabilities(x, [1], smoothing=-1)
    for window in (10, 11):
        with pytest.raises(ValueError, match="window must be below the 10 samples"):
            drift_threshold(x, window)
    with pytest.raises(ValueError, match="window must be 1 or more"):
        false_alarm_rate(x, 0, 0.2)
    for alpha in (0, 0.009, 1, 2):
        with pytest.raises(ValueError, match=r"alpha must be below 1 and at least .* a rarer alarm"):
            drift_threshold(x, 5, alpha=alpha, n_resamples=99)
    with pytest.raises(ValueError, match="n_resamples must be 1 or more"):
        drift_threshold(x, 5, n_resamples=0)
    with pytest.raises(ValueError, match="n_trials must be 1 or more"):
        false_alarm_rate(x, 5, 0.2, n_trials=0)
    with pytest.raises(ValueError, match="threshold must be finite"):
        false_alarm_rate(x, 5, math.nan)


def test_a_score_at_the_threshold_is_no_alarm():
    constant = np.zeros(40)  # every window is like every other: all scores are the same
    limit = drift_threshold(constant, 10, n_resamples=99, smoothing=0, rng=0)
    assert false_alarm_rate(constant, 10, limit, n_trials=50, smoothing=0, rng=1) == 0
    assert false_alarm_rate(constant, 10, limit - 1e-9, n_trials=50, smoothing=0, rng=1) == 1

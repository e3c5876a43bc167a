"""Calibration against scikit-learn, exact binomial expectations and predictors whose truth is known."""

import math

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import sklearn.calibration
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from course_lib import ProbabilityError
from course_lib.calibration import (
    brier_score_loss,
    calibration_floor,
    expected_calibration_error,
    fit_temperature,
    log_loss,
    reliability_diagram,
    squared_calibration_error,
)
from course_lib.softmax import log_softmax, softmax


def predictions(n=500, k=4, seed=0, heat=1.0):
    """Return labels drawn from softmax(z), and logits z / heat: over-confident for heat < 1."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, k)) * 2
    labels = (rng.random(n)[:, None] > softmax(z).cumsum(axis=1)).sum(axis=1)
    return labels, z / heat


def events(n=500, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    return (rng.random(n) < p).astype(int), p


@pytest.mark.parametrize("n_bins", [1, 7, 10, 40])
def test_diagram_of_events_agrees_with_scikit_learn(n_bins):
    y, p = events()
    ours = reliability_diagram(y, p, n_bins=n_bins)
    frequency, confidence = sklearn.calibration.calibration_curve(y, p, n_bins=n_bins)
    np.testing.assert_allclose(ours.frequency, frequency, rtol=1e-14)
    np.testing.assert_allclose(ours.confidence, confidence, rtol=1e-14)
    assert ours.size.sum() == 500


def test_diagram_of_classes_is_that_of_the_event_that_the_likeliest_is_right():
    y, z = predictions()
    p = softmax(z)
    top = p.argmax(axis=1)
    of_event = reliability_diagram((top == y).astype(int), p.max(axis=1), n_bins=9)
    for a, b in zip(reliability_diagram(y, p, n_bins=9), of_event, strict=True):
        np.testing.assert_array_equal(a, b)


def test_edges_of_bins():
    diagram = reliability_diagram([0, 1, 0, 1, 1], [0.0, 0.5, 0.4999, 1.0, 1.0], n_bins=2)
    np.testing.assert_array_equal(diagram.size, [2, 3])
    np.testing.assert_array_equal(diagram.frequency, [0, 1])
    np.testing.assert_allclose(diagram.confidence, [0.24995, 2.5 / 3])
    assert [len(x) for x in reliability_diagram([1], [0.95], n_bins=10)] == [1, 1, 1]


def test_errors_by_hand():
    y, p = [0, 1, 1, 1, 0], [0.2, 0.2, 0.9, 0.9, 0.9]
    assert expected_calibration_error(y, p, n_bins=2) == pytest.approx((2 * 0.3 + 3 * 0.7 / 3) / 5)
    squares = [0.3**2, (0.9 - 2 / 3) ** 2]
    plain = (2 * squares[0] + 3 * squares[1]) / 5
    assert squared_calibration_error(y, p, n_bins=2, debiased=False) == pytest.approx(plain)
    less = (2 * (0.25 / 1) + 3 * (2 / 9 / 2)) / 5
    assert squared_calibration_error(y, p, n_bins=2) == pytest.approx(plain - less)
    alone = squared_calibration_error([*y, 1], [*p, 0.5], n_bins=4)  # a bin of one prediction adds nothing
    assert alone == pytest.approx(plain - less)


def expectation(score, c, n, q):
    """Return E[score] over n events of chance q, each predicted at c: exact, by the binomial distribution."""
    k = np.arange(n + 1)
    scores = [score(np.r_[np.ones(i, int), np.zeros(n - i, int)], np.full(n, c), n_bins=1) for i in k]
    return scipy.stats.binom.pmf(k, n, q) @ scores


@pytest.mark.parametrize(("c", "q"), [(0.3, 0.3), (0.3, 0.5), (0.9, 0.8), (0.5, 0.02)])
def test_the_debiased_error_is_right_on_average_and_the_plain_one_is_not(c, q):
    assert expectation(squared_calibration_error, c, 12, q) == pytest.approx((c - q) ** 2, abs=1e-14)

    def plain(*args, **options):
        return squared_calibration_error(*args, debiased=False, **options)

    assert expectation(plain, c, 12, q) == pytest.approx((c - q) ** 2 + q * (1 - q) / 12)


@pytest.mark.parametrize("n", [50, 400])
def test_the_floor_is_what_a_perfect_predictor_scores(n):
    exact = expectation(expected_calibration_error, 0.3, n, 0.3)
    assert calibration_floor(np.full(n, 0.3)) == pytest.approx(exact, rel=0.01)
    rng = np.random.default_rng(0)
    p = rng.random(2000)
    scores = [expected_calibration_error((rng.random(2000) < p).astype(int), p) for _ in range(200)]
    assert calibration_floor(p) == pytest.approx(np.mean(scores), rel=0.05)
    assert calibration_floor(np.tile(p, 4)) == pytest.approx(calibration_floor(p) / 2)
    assert calibration_floor(np.c_[p, 1 - p]) == pytest.approx(calibration_floor(np.maximum(p, 1 - p)))


def test_scores_agree_with_scikit_learn():
    y, p = events()
    assert brier_score_loss(y, p) == pytest.approx(sklearn.metrics.brier_score_loss(y, p), rel=1e-13)
    assert log_loss(y, p) == pytest.approx(sklearn.metrics.log_loss(y, p), rel=1e-13)
    y, z = predictions()
    p = softmax(z)
    assert log_loss(y, p) == pytest.approx(sklearn.metrics.log_loss(y, p), rel=1e-13)
    assert log_loss(y, p) == pytest.approx(-log_softmax(z)[np.arange(500), y].mean(), rel=1e-13)
    assert brier_score_loss(y, p) == pytest.approx(np.square(p - np.eye(4)[y]).sum(axis=1).mean(), rel=1e-13)
    assert brier_score_loss([1, 0], [[0.2, 0.8], [0.6, 0.4]]) == 2 * brier_score_loss([1, 0], [0.8, 0.4])


@given(st.floats(0, 1), st.floats(0, 1))
def test_scores_are_proper(truth, claim):
    def expected(score, p):
        return (
            truth * score([1], [p]) + (1 - truth) * score([0], [p])
            if 0 < truth < 1
            else score([truth > 0.5], [p])
        )

    for score in (brier_score_loss, log_loss):
        assert expected(score, truth) <= expected(score, claim) + 1e-15


def test_log_loss_is_infinite_where_the_impossible_happened_and_plus_zero_where_all_was_certain():
    assert log_loss([1], [0.0]) == math.inf
    assert math.copysign(1, log_loss([1, 0], [1.0, 0.0])) == 1


@pytest.mark.parametrize("heat", [0.3, 1.0, 4.0])
def test_temperature_undoes_the_heat_and_is_the_best_there_is(heat):
    y, z = predictions(n=3000, heat=heat)
    t = fit_temperature(y, z)
    assert t == pytest.approx(1 / heat, rel=0.1)
    best = scipy.optimize.minimize_scalar(
        lambda u: log_loss(y, softmax(z * math.exp(u))), bracket=(-2, 2), tol=1e-10
    )
    assert t == pytest.approx(math.exp(-best.x), rel=1e-5)
    p = softmax(z / t)
    assert (p * z).sum(axis=1).mean() == pytest.approx(z[np.arange(3000), y].mean(), rel=1e-11)
    np.testing.assert_array_equal(p.argmax(axis=1), z.argmax(axis=1))


def test_temperature_in_closed_form():
    for share in (0.6, 0.8, 0.99):
        y = np.r_[np.zeros(round(share * 100), int), np.ones(round((1 - share) * 100), int)]
        z = np.tile([3.0, -1.0], (100, 1))
        assert fit_temperature(y, z) == pytest.approx(4 / math.log(share / (1 - share)), rel=1e-10)


def test_temperature_refuses_where_there_is_no_best():
    z = np.array([[2.0, 0.0], [0.0, 1.0]])
    with pytest.raises(ValueError, match="T would be 0; fit on data with some mistakes"):
        fit_temperature([0, 1], z)
    with pytest.raises(ValueError, match="T would be infinite"):
        fit_temperature([1, 0], z)
    with pytest.raises(ValueError, match="T would be infinite"):
        fit_temperature([1, 0], np.zeros((2, 2)))
    with pytest.raises(ValueError, match="must be finite, of shape"):
        fit_temperature([0, 1], [[0, -math.inf], [0, 1]])
    with pytest.raises(ValueError, match="must be finite, of shape"):
        fit_temperature([0, 1], [0.0, 1.0])
    with pytest.raises(ValueError, match="holds NaN"):
        fit_temperature([0, 1], [[0, math.nan], [0, 1]])


@pytest.mark.parametrize(
    "score", [reliability_diagram, expected_calibration_error, brier_score_loss, log_loss]
)
def test_refusals(score):
    with pytest.raises(ValueError, match=r"labels have shape \(1,\) for 2 predictions"):
        score([1], [0.5, 0.5])
    with pytest.raises(ValueError, match="labels run from 0 to 2, but classes from 0 to 1"):
        score([0, 2], [0.5, 0.5])
    with pytest.raises(ValueError, match="labels run from -1 to 2, but classes from 0 to 2"):
        score([-1, 2], np.full((2, 3), 1 / 3))
    with pytest.raises(TypeError, match="labels must be whole numbers"):
        score([0.0, 1.0], [0.5, 0.5])
    with pytest.raises(ProbabilityError, match=r"from 0 to 1, found 1\.5"):
        score([0, 1], [0.5, 1.5])
    with pytest.raises(ProbabilityError, match=r"sums to 1\.1"):
        score([0, 1], [[0.5, 0.6], [0.5, 0.5]])
    for p in ([], 0.5, np.zeros((1, 1, 1))):
        with pytest.raises(ValueError, match="p must be of shape"):
            score([0], p)


def test_bins_are_refused():
    with pytest.raises(ValueError, match="n_bins must be 1 or more"):
        reliability_diagram([0], [0.5], n_bins=0)
    with pytest.raises(ValueError, match="n_bins must be 1 or more"):
        calibration_floor([0.5], n_bins=0)
    with pytest.raises(ValueError, match="no bin holds two predictions"):
        squared_calibration_error([0], [0.5])

"""Mutual information against its definitions, exact fractions, brute force, scikit-learn and SciPy."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.feature_selection import _mutual_info as sklearn_ksg
from sklearn.metrics import mutual_info_score as sklearn_score
from sklearn.metrics import normalized_mutual_info_score as sklearn_normalized

from course_lib import (
    ProbabilityError,
    conditional_mutual_information,
    entropy,
    fano_bound,
    info_nce,
    info_nce_gradient,
    interaction_information,
    ksg,
    ksg_labels,
    ksg_mixture,
    mutual_info_score,
    mutual_information,
    normalized_mutual_info_score,
    permutation_test,
    pointwise_mutual_information,
)

mpmath.mp.dps = 60

tables = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 4)).flatmap(
    lambda shape: hnp.arrays(np.float64, shape, elements=st.one_of(st.just(0.0), st.floats(1e-6, 1.0)))
).filter(lambda t: t.sum() > 0)  # fmt: skip


def xor():
    p = np.zeros((2, 2, 2))
    p[0, 0, 0] = p[0, 1, 1] = p[1, 0, 1] = p[1, 1, 0] = 1 / 4
    return p


def h(p):
    return entropy(np.ravel(p), normalize=True)


# --- tables ---------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(tables)
def test_the_three_circle_diagram_adds_up(t):
    p = t / t.sum()
    xy, xz, yz, z = p.sum(2), p.sum(1), p.sum(0), p.sum((0, 1))
    information = mutual_information(xy, normalize=True)
    assert information >= 0
    assert information == pytest.approx(h(p.sum((1, 2))) + h(p.sum((0, 2))) - h(xy), abs=1e-12)
    conditional = conditional_mutual_information(p, normalize=True)
    assert conditional == pytest.approx(h(xz) + h(yz) - h(p) - h(z), abs=1e-12)
    assert conditional >= 0
    middle = interaction_information(p, normalize=True)
    assert middle == pytest.approx(information - conditional, abs=1e-12)
    for order in [(1, 2, 0), (2, 0, 1), (0, 2, 1)]:
        assert interaction_information(p.transpose(order), normalize=True) == pytest.approx(middle, abs=1e-12)


@settings(deadline=None)
@given(tables)
def test_chain_rule_symmetry_and_data_processing(t):
    p = t / t.sum()
    x_and_yz = mutual_information(p.reshape(p.shape[0], -1), normalize=True)
    x_and_z = mutual_information(p.sum(1), normalize=True)
    x_and_y_given_z = conditional_mutual_information(p, normalize=True)
    assert x_and_yz == pytest.approx(x_and_z + x_and_y_given_z, abs=1e-12)
    xy = p.sum(2)
    assert mutual_information(xy.T, normalize=True) == pytest.approx(
        mutual_information(xy, normalize=True), abs=1e-13
    )
    coarser = np.add.reduceat(xy, range(0, xy.shape[1], 2), axis=1)
    assert mutual_information(coarser, normalize=True) <= mutual_information(xy, normalize=True) + 1e-13


def test_the_ends_of_the_scale():
    assert mutual_information(np.eye(4) / 4, base=2) == 2.0
    assert mutual_information(np.outer([0.25, 0.75], [0.5, 0.5])) == 0
    assert mutual_information([[1.0]]) == 0
    zip_of_city = np.array([[0.1, 0, 0], [0.2, 0, 0], [0, 0.3, 0], [0, 0, 0.4]])  # the zip tells the city
    assert mutual_information(zip_of_city) == pytest.approx(entropy([0.3, 0.3, 0.4]), rel=1e-14)


def test_xor_is_nothing_in_pairs_and_one_bit_together():
    p = xor()
    for pair in (p.sum(0), p.sum(1), p.sum(2)):
        assert mutual_information(pair) == 0
    assert conditional_mutual_information(p, base=2) == 1.0
    assert interaction_information(p, base=2) == -1.0
    copies = np.zeros((2, 2, 2))
    copies[0, 0, 0] = copies[1, 1, 1] = 1 / 2
    assert interaction_information(copies, base=2) == 1.0


def test_tables_stack_along_leading_axes():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(24), (3, 2)).reshape(3, 2, 2, 3, 4)
    for f, q in (
        (mutual_information, p.sum(-1)),
        (conditional_mutual_information, p),
        (interaction_information, p),
    ):
        loop = [[f(q[i, j]) for j in range(2)] for i in range(3)]
        np.testing.assert_allclose(f(q), loop, rtol=1e-12)
        np.testing.assert_allclose(f(q, base=2), np.array(loop) / math.log(2), rtol=1e-12)
    counts = rng.integers(0, 9, (3, 2, 4, 5))
    loop = [[mutual_information(counts[i, j], normalize=True) for j in range(2)] for i in range(3)]
    np.testing.assert_array_equal(mutual_information(counts, normalize=True), loop)


def test_an_impossible_condition_has_no_weight():
    p = np.zeros((2, 2, 3))
    p[..., 0] = np.eye(2) / 2
    assert conditional_mutual_information(p, base=2) == 1.0


def test_float32_tables_are_summed_in_float64():
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(20)).reshape(4, 5)
    assert mutual_information(p.astype(np.float32)) == pytest.approx(mutual_information(p), rel=1e-5)


def test_pointwise_information_averages_to_the_mutual():
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.ones(12)).reshape(3, 4)
    pmi = pointwise_mutual_information(p, base=2)
    assert np.sum(p * pmi) == pytest.approx(mutual_information(p, base=2), rel=1e-12)
    assert pmi[1, 2] == pytest.approx(math.log2(p[1, 2] / (p[1].sum() * p[:, 2].sum())), rel=1e-12)
    np.testing.assert_array_equal(
        pointwise_mutual_information([[2, 0, 0], [0, 2, 0]], base=2, normalize=True),
        [[1, -np.inf, -np.inf], [-np.inf, 1, -np.inf]],
    )


# --- counts and labels ----------------------------------------------------------------------------------


def exact_information(counts):
    """Return the mutual information of whole numbers: exact fractions, and logarithms of 60 digits."""
    counts = [[int(c) for c in row] for row in counts]
    n = sum(map(sum, counts))
    rows, columns = [sum(r) for r in counts], [sum(c) for c in zip(*counts, strict=True)]
    return mpmath.fsum(
        mpmath.mpf(c) / n * mpmath.log1p(_as_mpf(Fraction(c * n, rows[i] * columns[j]) - 1))
        for i, row in enumerate(counts)
        for j, c in enumerate(row)
        if c
    )


def _as_mpf(fraction):
    return mpmath.mpf(fraction.numerator) / fraction.denominator


@pytest.mark.parametrize("size", [10, 10**3, 10**6, 10**8, 10**12])
def test_counts_near_independence_keep_all_digits(size):
    rng = np.random.default_rng(0)
    near = np.round(np.outer(rng.uniform(1, 2, 4), rng.uniform(1, 2, 5)) * size).astype(np.int64)
    near[0, 0] += 1
    ours = mutual_information(near, normalize=True)
    assert float(ours / exact_information(near)) == pytest.approx(1, rel=1e-12)


def test_independent_counts_give_zero_exactly():
    assert mutual_information(np.outer([3, 5, 7], [11, 13]), normalize=True) == 0
    assert mutual_information(10**9 * np.outer([3, 5, 7], [11, 13]), normalize=True) == 0
    assert mutual_information([[1, 2, 0], [2, 4, 0]], normalize=True) == 0


@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.int32, bool, str])
def test_labels_agree_with_scikit_learn(kind):
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2 if kind is bool else 7, 40_000)
    y = np.where(rng.random(40_000) < 0.2, x, rng.integers(0, 2, 40_000))
    assert mutual_info_score(x.astype(kind), y.astype(kind)) == pytest.approx(sklearn_score(x, y), rel=1e-12)


labelled = st.integers(1, 30).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 3), min_size=n, max_size=n) for _ in range(2)])
)


@pytest.mark.parametrize("average", ["arithmetic", "geometric", "min", "max"])
@given(labelled)
def test_normalized_scores_agree_with_scikit_learn(average, labels):
    x, y = labels
    ours = normalized_mutual_info_score(x, y, average=average)
    theirs = sklearn_normalized(x, y, average_method=average)
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)
    assert ours == pytest.approx(normalized_mutual_info_score(y, x, average=average), rel=1e-12, abs=1e-15)
    assert -1e-15 <= ours <= 1 + 1e-15
    renamed = [f"label {(3 - i) ** 2}" for i in x]
    assert normalized_mutual_info_score(x, renamed, average=average) == pytest.approx(1, rel=1e-15)


def test_normalized_scores_of_single_labels_and_refusals():
    assert normalized_mutual_info_score([1, 1], ["a", "a"]) == 1
    assert normalized_mutual_info_score([1, 1], ["a", "b"], average="min") == 0
    many = np.arange(5000) * 1_000_003  # a table of these would be mostly empty
    assert normalized_mutual_info_score(many, many[::-1]) == pytest.approx(1, rel=1e-14)
    with pytest.raises(ValueError, match="average must be one of arithmetic, geometric, min, max"):
        normalized_mutual_info_score([1], [1], average="mean")
    with pytest.raises(ValueError, match="one of each"):
        normalized_mutual_info_score([1], [1, 2])


def test_labels_of_any_range():
    rng = np.random.default_rng(2)
    x, y = rng.integers(-3, 3, 500), rng.integers(0, 4, 500)
    expected = mutual_info_score(x, y)
    assert mutual_info_score(x * 10**9, y) == mutual_info_score(x, y + 5) == expected
    assert mutual_info_score(y, x) == pytest.approx(expected, rel=1e-13)
    assert mutual_info_score(np.arange(5000), np.arange(5000) - 9) == pytest.approx(math.log(5000), rel=1e-13)
    small = x.astype(np.int8) * 40  # differences of these do not fit in 8 bits
    assert mutual_info_score(small, y, base=2) == pytest.approx(expected / math.log(2), rel=1e-14)
    assert mutual_info_score(["a"], ["b"]) == 0


def test_table_refusals():
    for f, axes in (
        (mutual_information, 2),
        (pointwise_mutual_information, 2),
        (conditional_mutual_information, 3),
        (interaction_information, 3),
    ):
        with pytest.raises(ValueError, match=f"joint needs {axes} axes"):
            f(np.full(4, 0.25))
        with pytest.raises(ProbabilityError, match="joint sums to 2, not 1; pass normalize=True"):
            f(np.full((2,) * axes, 2 / 2**axes))
        with pytest.raises(ProbabilityError, match="joint holds a negative"):
            f(np.full((2,) * axes, -1), normalize=True)
        with pytest.raises(ProbabilityError, match="joint sums to 0"):
            f(np.zeros((2,) * axes, dtype=int), normalize=True)
        with pytest.raises(ProbabilityError, match="joint has no outcomes"):
            f(np.zeros((2,) * (axes - 1) + (0,)))
        with pytest.raises(ValueError, match="base must be"):
            f(np.full((2,) * axes, 1 / 2**axes), base=1)
        with pytest.raises(TypeError, match="joint must hold real numbers"):
            f(np.full((2,) * axes, "a"))


def test_label_refusals():
    with pytest.raises(TypeError, match=r"x must hold labels .* see ksg"):
        mutual_info_score([0.5, 1.5], [0, 1])
    with pytest.raises(ValueError, match="y must be a sequence of at least one label"):
        mutual_info_score([0], [[0]])
    with pytest.raises(ValueError, match="x must be a sequence of at least one label"):
        mutual_info_score(np.array([], dtype=int), np.array([], dtype=int))
    with pytest.raises(ValueError, match="x has 2 labels and y has 3"):
        mutual_info_score([0, 1], [0, 1, 1])


# --- permutation test -----------------------------------------------------------------------------------


def test_permutation_p_value_counts_ties_and_the_observed_order():
    x, y = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])
    result = permutation_test(x, y, n_resamples=2000, rng=0)
    # of the 6 ways to place two ones, 2 give the full bit: the exact p-value is 1/3
    assert result.pvalue == (np.sum(result.null_distribution > 0.5) + 1) / 2001
    assert result.pvalue == pytest.approx(1 / 3, abs=0.04)
    assert result.statistic == pytest.approx(math.log(2), rel=1e-15)
    constant = permutation_test(x, y, lambda a, b: 0.1 + 0.2 if b[0] else 0.3, n_resamples=9, rng=0)
    assert constant.pvalue == 1.0  # 0.1 + 0.2 and 0.3 are a tie


def test_permutation_p_values_are_uniform_when_nothing_is_there():
    rng = np.random.default_rng(3)
    found = []
    for _ in range(400):
        x, y = rng.normal(size=(2, 20))
        found.append(permutation_test(x, y, np.dot, n_resamples=19, rng=rng).pvalue)
    counts = np.bincount(np.round(np.array(found) * 20).astype(int), minlength=21)[1:]
    assert scipy.stats.chisquare(counts).pvalue > 1e-4  # a false alarm once in 10,000 seeds


def test_permutation_test_agrees_with_scipy():
    rng = np.random.default_rng(4)
    x = rng.normal(size=30)
    y = 0.4 * x + rng.normal(size=30)
    options = dict(permutation_type="pairings", alternative="greater", n_resamples=4000, rng=6)
    theirs = scipy.stats.permutation_test((x, y), np.dot, **options)
    ours = permutation_test(x, y, np.dot, n_resamples=4000, rng=5)
    assert ours.pvalue == pytest.approx(theirs.pvalue, abs=0.02)
    again = permutation_test(x, y, np.dot, n_resamples=4000, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(again.null_distribution, ours.null_distribution)


def test_permutation_refusals():
    with pytest.raises(ValueError, match="n_resamples must be 1 or more"):
        permutation_test([0, 1], [0, 1], n_resamples=0)
    with pytest.raises(ValueError, match="x and y must be paired samples"):
        permutation_test([0, 1], [0, 1, 1])
    with pytest.raises(TypeError, match="rng must be"):
        permutation_test([0, 1], [0, 1], rng="seed")


# --- nearest neighbours ---------------------------------------------------------------------------------


def brute_ksg(x, y, k, *, mixture=False):
    """Return KSG from all distances, point by point, as the papers write it."""
    x, y = x.reshape(len(x), -1), y.reshape(len(y), -1)
    dx, dy = (np.abs(a[:, None] - a[None]).max(axis=-1) for a in (x, y))
    total = 0.0
    for i in range(len(x)):
        others = np.arange(len(x)) != i
        near = np.sort(np.maximum(dx, dy)[i, others])
        radius, own = near[k - 1], k
        inside = [np.sum(d[i, others] < radius) for d in (dx, dy)]
        if mixture and radius == 0:
            own = np.sum(near == 0) + 1
            inside = [np.sum(d[i, others] == 0) for d in (dx, dy)]
        total += scipy.special.digamma(own) - sum(scipy.special.digamma(m + 1) for m in inside)
    return total / len(x) + scipy.special.digamma(len(x))


def brute_ksg_labels(x, labels, k):
    keep = np.array([np.sum(labels == c) > 1 for c in labels])
    x, labels = x[keep].reshape(keep.sum(), -1), labels[keep]
    d = np.abs(x[:, None] - x[None]).max(axis=-1)
    total = 0.0
    for i in range(len(x)):
        same = (labels == labels[i]) & (np.arange(len(x)) != i)
        own = min(k, same.sum())
        radius = np.sort(d[i, same])[own - 1]
        closer = d[i] < radius if radius > 0 else d[i] == 0
        closer[i] = False
        if radius == 0:
            own = np.sum(d[i, same] == 0) + 1
        psi = scipy.special.digamma
        total += psi(own) - psi(same.sum() + 1) - psi(closer.sum() + 1)
    return total / len(x) + scipy.special.digamma(len(x))


@pytest.mark.parametrize("k", [1, 3, 8])
@pytest.mark.parametrize("dims", [(1, 1), (2, 1), (3, 2)])
def test_ksg_against_all_distances(k, dims):
    rng = np.random.default_rng(k)
    for n in (9, 30, 120):
        x, y = (rng.normal(size=(n, d)) for d in dims)
        y[:, 0] += x[:, 0]
        assert ksg(x, y, k=k) == pytest.approx(brute_ksg(x, y, k), abs=1e-12)
        assert ksg_mixture(x, y, k=k) == pytest.approx(brute_ksg(x, y, k), abs=1e-12)


@pytest.mark.parametrize("k", [1, 3, 8])
def test_ksg_agrees_with_scikit_learn(k):
    rng = np.random.default_rng(10 + k)
    for n in (100, 3000):
        x = rng.normal(size=n)
        y = x**2 + rng.normal(size=n)
        assert ksg(x, y, k=k) == pytest.approx(sklearn_ksg._compute_mi_cc(x, y, k), abs=1e-12)
        labels = rng.integers(0, 3, n)
        theirs = sklearn_ksg._compute_mi_cd(x + labels, labels, k)
        assert ksg_labels(x + labels, labels, k=k) == pytest.approx(theirs, abs=1e-12)


def test_coarse_grids_put_points_on_the_edge_of_the_square():
    rng = np.random.default_rng(5)
    for grid in (0.1, 1 / 3, 1.0, 1e-7):
        x, y = np.round(rng.normal(size=(2, 80)) * 40) * grid
        if len(np.unique(np.c_[x, y], axis=0)) == 80:
            assert ksg(x, y) == pytest.approx(brute_ksg(x, y, 3), abs=1e-12)
        assert ksg_mixture(x, y) == pytest.approx(brute_ksg(x, y, 3, mixture=True), abs=1e-12)


def test_mixture_on_repeats_against_all_distances():
    rng = np.random.default_rng(6)
    coin = rng.integers(0, 2, 100).astype(float)
    partly = np.where(rng.random(100) < 0.5, 0.0, rng.random(100))
    for x, y in [(coin, coin + partly), (partly, coin), (partly, partly), (np.c_[coin, partly], partly)]:
        assert ksg_mixture(x, y) == pytest.approx(brute_ksg(x, y, 3, mixture=True), abs=1e-12)


def test_mixture_on_labels_is_nearly_the_plug_in_estimate():
    rng = np.random.default_rng(7)
    x = rng.integers(0, 3, 5000)
    y = np.where(rng.random(5000) < 0.5, x, rng.integers(0, 3, 5000))
    assert ksg_mixture(x, y) == pytest.approx(mutual_info_score(x, y), abs=2e-3)


def test_labels_against_all_distances():
    rng = np.random.default_rng(8)
    for n, k in [(10, 1), (12, 3), (40, 3), (40, 8)]:
        labels = rng.integers(0, 4, n)
        labels[0] = 9  # alone in its class: left out
        for x in (rng.normal(size=n), rng.normal(size=(n, 2)), rng.integers(0, 3, n).astype(float)):
            assert ksg_labels(x, labels, k=k) == pytest.approx(brute_ksg_labels(x, labels, k), abs=1e-12)
    words = np.array(["low", "high"])[labels % 2]
    assert ksg_labels(x, words) == ksg_labels(x, labels % 2)


@pytest.mark.parametrize("rho", [0.0, 0.6, 0.9])
def test_ksg_finds_the_gaussian_truth(rho):
    rng = np.random.default_rng(9)
    found = []
    for _ in range(10):
        x, noise = rng.normal(size=(2, 1000))
        found.append(ksg(x, rho * x + math.sqrt(1 - rho**2) * noise))
    truth = -math.log1p(-(rho**2)) / 2
    assert np.mean(found) == pytest.approx(truth, abs=0.03)
    if rho == 0:
        assert min(found) < 0  # not clipped


def test_ksg_units_and_invariance():
    rng = np.random.default_rng(10)
    x = rng.normal(size=300)
    y = x + rng.normal(size=300)
    assert ksg(x, y, base=2) == pytest.approx(ksg(x, y) / math.log(2), rel=1e-14)
    assert ksg(y, x) == pytest.approx(ksg(x, y), abs=1e-12)
    assert ksg(8 * x + 2, 8 * y) == pytest.approx(ksg(x, y), abs=1e-12)
    sign = x > 0
    assert ksg_labels(y, sign, base=2) == pytest.approx(ksg_labels(y, sign) / math.log(2), rel=1e-14)
    mixed = ksg_mixture(x, np.maximum(x, 0))
    assert ksg_mixture(x, np.maximum(x, 0), base=2) == pytest.approx(mixed / math.log(2), rel=1e-14)


def test_neighbour_refusals():
    x = np.arange(5.0)
    for estimate in (ksg, ksg_mixture, ksg_labels):
        labels = np.array([0, 0, 1, 1, 1])
        with pytest.raises(ValueError, match="k must be below the number of samples, got k = 5 for 5"):
            estimate(x, labels, k=5)
        with pytest.raises(ValueError, match="k must be 1 or more"):
            estimate(x, labels, k=0)
        with pytest.raises(TypeError, match="k must be a whole number"):
            estimate(x, labels, k=1.5)
        with pytest.raises(ValueError, match="holds NaN or infinite entries"):
            estimate(np.array([0, 1, 2, 3, np.nan]), labels)
        with pytest.raises(ValueError, match="x and y must be paired samples"):
            estimate(x[:4], labels)
        with pytest.raises(TypeError, match="x must hold real numbers"):
            estimate(x * 1j, labels)
        with pytest.raises(ValueError, match="base must be"):
            estimate(x, labels, base=1)
    with pytest.raises(ValueError, match=r"occurs more than k = 1 times.*use ksg_mixture"):
        ksg([0.0, 0.0, 1.0], [0.0, 0.0, 1.0], k=1)
    with pytest.raises(ValueError, match="no class holds two points"):
        ksg_labels(x, np.arange(5))
    with pytest.raises(ValueError, match="paired samples"):
        ksg(np.zeros((2, 2, 2)), np.zeros(2), k=1)


# --- bounds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3, 10, 1000])
def test_fano_bound_solves_its_inequality(n_classes):
    for fraction in (1e-9, 0.01, 0.3, 0.7, 0.999):
        conditional = fraction * math.log(n_classes)
        error = fano_bound(conditional, n_classes)
        right = entropy([error, 1 - error]) + error * math.log(n_classes - 1)
        assert right == pytest.approx(conditional, rel=1e-7)
        loose = (conditional - math.log(2)) / math.log(n_classes)
        assert error >= loose
    assert fano_bound(0, n_classes) == 0
    assert fano_bound(math.log2(n_classes), n_classes, base=2) == pytest.approx(1 - 1 / n_classes, abs=1e-6)


def test_fano_bound_holds_for_the_best_guess_and_is_tight_for_even_errors():
    rng = np.random.default_rng(11)
    for _ in range(50):
        p = rng.dirichlet(np.full(12, 0.3)).reshape(4, 3)  # X by Y
        conditional = entropy(p.ravel()) - entropy(p.sum(0))
        assert 1 - p.max(axis=0).sum() >= fano_bound(max(conditional, 0), 4) - 1e-9
    even = np.full(5, 0.3 / 4)
    even[0] = 0.7
    assert fano_bound(entropy(even), 5) == pytest.approx(0.3, rel=1e-9)


def test_fano_refusals():
    with pytest.raises(ValueError, match="conditional_entropy must be from 0 to log K"):
        fano_bound(1.1, 2, base=2)
    with pytest.raises(ValueError, match="conditional_entropy must be from 0 to log K"):
        fano_bound(-0.1, 2)
    with pytest.raises(ValueError, match="n_classes must be 2 or more"):
        fano_bound(0.1, 1)


def test_info_nce_is_log_k_minus_the_cross_entropy_of_torch():
    rng = np.random.default_rng(12)
    scores = 3 * rng.normal(size=(6, 6))
    loss = torch.nn.functional.cross_entropy(torch.tensor(scores), torch.arange(6)).item()
    assert info_nce(scores) == pytest.approx(math.log(6) - loss, rel=1e-12)
    assert info_nce(scores, base=2) == pytest.approx(info_nce(scores) / math.log(2), rel=1e-14)
    assert info_nce(scores + rng.normal(size=(6, 1))) == pytest.approx(info_nce(scores), rel=1e-12)


@settings(deadline=None)
@given(hnp.arrays(np.float64, (5, 5), elements=st.floats(-1e3, 1e3)))
def test_info_nce_never_passes_log_k(scores):
    assert info_nce(scores) <= math.log(5)
    assert info_nce(scores + 1e4 * np.eye(5)) == math.log(5)


def test_info_nce_bounds_the_information_of_gaussians_from_below():
    rng, rho, k = np.random.default_rng(13), 0.8, 64
    found = []
    for _ in range(50):
        x, noise = rng.normal(size=(2, k))
        y = rho * x + math.sqrt(1 - rho**2) * noise
        log_ratio = -((y[None] - rho * x[:, None]) ** 2) / (2 * (1 - rho**2)) + y[None] ** 2 / 2
        found.append(info_nce(log_ratio))
    truth = -math.log1p(-(rho**2)) / 2
    assert truth - 0.1 < np.mean(found) < truth + 3 * np.std(found) / math.sqrt(50)


def test_info_nce_gradient_is_that_of_torch():
    rng = np.random.default_rng(14)
    scores = torch.tensor(rng.normal(size=(7, 7)), requires_grad=True)
    (math.log(7) - torch.nn.functional.cross_entropy(scores, torch.arange(7))).backward()
    ours = info_nce_gradient(scores.detach().numpy())
    np.testing.assert_allclose(ours, scores.grad.numpy(), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(ours.sum(axis=1), 0, atol=1e-16)
    np.testing.assert_allclose(info_nce_gradient(1000 * np.eye(3)), 0, atol=1e-300)


@pytest.mark.parametrize("f", [info_nce, info_nce_gradient])
def test_info_nce_refusals(f):
    for bad in (np.zeros((2, 3)), np.zeros(4), np.zeros((0, 0)), np.full((2, 2), np.nan)):
        with pytest.raises(ValueError, match=r"scores (must be a square table of numbers|holds NaN)"):
            f(bad)
    with pytest.raises(TypeError, match="scores must hold real numbers"):
        f(np.full((2, 2), "a"))

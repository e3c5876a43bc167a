"""Input that nobody had tried: tiny weights, masks, small integers, repeats, statistics without a value."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import course_lib as lib


@st.composite
def exponents_of_ten(draw):
    """Weights from 1e-300 to 1e300 of which none is 1e-298 times as small as another."""
    middle = draw(st.floats(-300, 300))
    within = st.floats(max(-300, middle - 149), min(300, middle + 149))
    return draw(st.lists(within, min_size=2, max_size=6))


EXPONENTS = exponents_of_ten()


@given(EXPONENTS, st.data())
@pytest.mark.parametrize(
    "function",
    [lib.kl_divergence, lib.js_divergence, lib.total_variation, lib.cross_entropy, lib.js_distance, lib.psi],
)
def test_weights_of_any_size_are_normalised_as_if_beforehand(function, exponents, data):
    p = 10.0 ** np.array(exponents)
    q = p[::-1] * 10.0 ** np.array(data.draw(st.lists(st.floats(-1, 1), min_size=len(p), max_size=len(p))))
    assume(min((p / p.sum()).min(), (q / q.sum()).min()) > 1e-300)  # below, a float has lost digits
    first = function(p / p.sum(), q / q.sum())
    both = function(p, q, normalize=True)
    assert both == first or math.isclose(both, first, rel_tol=1e-13, abs_tol=1e-15)


@given(EXPONENTS)
@pytest.mark.parametrize(
    "function",
    [
        lib.entropy,
        lib.perplexity,
        lib.joint_entropy,
        lambda p, **options: lib.conditional_entropy(np.stack([p, p[::-1]]) / 2, **options),
        lambda p, **options: lib.renyi_entropy(p, 0.5, **options),
        lambda p, **options: lib.renyi_entropy(p, 0.9, **options),
        lambda p, **options: lib.renyi_entropy(p, 2, **options),
        lambda p, **options: lib.wasserstein1(p, p[::-1], np.arange(len(p)), **options),
        lambda p, **options: lib.bayes_update(p, np.linspace(0.1, 0.9, len(p)), **options).posterior,
        lambda p, **options: lib.negative_log_likelihood(np.ones(len(p), dtype=int), p, **options),
        lambda p, **options: lib.Categorical(p, **options).entropy(),
        lambda p, **options: lib.elbo_identity(np.zeros(len(p)), p, **options).elbo,
        lambda p, **options: lib.mutual_information(np.stack([p, p[::-1]]) / 2, **options),
    ],
)
def test_weights_of_any_size_serve_every_function_that_normalises(function, exponents):
    p = 10.0 ** np.array(exponents)
    first = p / p.sum()
    assume(first.min() > 1e-300)
    np.testing.assert_allclose(function(p, normalize=True), function(first), rtol=1e-13, atol=1e-15)


def test_divergence_of_unnormalised_posteriors():
    heads = np.array([0.3, 0.4, 0.5, 0.6, 0.7])
    joint = 0.2 * heads**270 * (1 - heads) ** 330
    assert math.isclose(lib.kl_divergence(joint, [0.2] * 5, normalize=True), 0.917143779965168, rel_tol=1e-13)
    assert math.isclose(lib.kl_divergence([1e-160, 2e-160], [0.5, 0.5], normalize=True), 0.0566330122651324)
    assert math.isclose(
        lib.kl_divergence([1e-149, 1e-151, 1e-149], [1, 2, 3], normalize=True), 0.52069, rel_tol=1e-5
    )


def test_information_of_a_cell_rare_in_both_margins():
    rare = 1e-170
    exact = rare * (1 + math.log(1 / rare))  # the other cell adds rare, to first order
    assert math.isclose(lib.mutual_information([[1.0, 0], [0, rare]]), exact, rel_tol=1e-12)
    assert np.all(np.isfinite(lib.mutual_information([[[1.0, 0], [0, rare]], [[0.5, 0], [0, 0.5]]])))


def test_masked_arrays_are_refused():
    masked = np.ma.array([0.5, 0.5, 9.0], mask=[0, 0, 1])
    for call in (
        lambda: lib.entropy(masked, normalize=True),
        lambda: lib.softmax(masked),
        lambda: lib.kl_divergence(masked, masked, normalize=True),
        lambda: lib.mle_gaussian(masked),
        lambda: lib.mutual_info_score(np.ma.array([1, 2], mask=[0, 1]), [1, 2]),
    ):
        with pytest.raises(TypeError, match=r"masked.*compressed\(\)"):
            call()


def test_whole_numbers_of_a_small_type_do_not_wrap_around():
    x, y = np.arange(30.0), np.arange(30.0)[::-1]
    correlation = lambda a, b: float(np.corrcoef(a, b)[0, 1])  # noqa: E731
    for n in (np.int8(127), np.uint8(255)):
        assert 0 < lib.permutation_test(x, y, correlation, n_resamples=n, rng=0).pvalue <= 1
    a, b = np.arange(300) // 2, np.arange(300) // 3
    assert lib.ksg_mixture(a, b, k=np.uint8(255)) == lib.ksg_mixture(a, b, k=255)
    with pytest.raises(ValueError, match="at least 1/"):
        lib.drift_threshold(np.arange(50.0), 10, alpha=1e-9, n_resamples=np.uint8(255))
    assert lib.Binomial(np.uint8(200), 0.5).variance == 50


def test_a_statistic_without_a_value_is_refused():
    constant = np.ones(30)
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="statistic is NaN"):
        lib.permutation_test(constant, np.arange(30.0), lambda a, b: np.corrcoef(a, b)[0, 1], n_resamples=9)


def test_labels_as_objects():
    same = [0, 1, 0, 1]
    letters = np.array(["a", "b", "a", "b"], dtype=object)
    assert lib.mutual_info_score(letters, same) == lib.mutual_info_score(letters.astype(str), same)
    assert lib.mutual_info_score(np.array([2**63, 2**63 + 1], dtype=np.uint64), [0, 1]) == math.log(2)
    for odd in (["a", math.nan], ["a", None], ["a", 1]):
        with pytest.raises(TypeError, match="labels of one kind"):
            lib.mutual_info_score(np.array(odd, dtype=object), [0, 1])


def test_neighbours_where_values_repeat_take_no_quadratic_time():
    coin = np.random.default_rng(0).integers(0, 2, size=200_000)  # a quadratic search would take an hour
    assert math.isclose(lib.ksg_mixture(coin, coin), math.log(2), abs_tol=0.01)
    assert abs(lib.ksg_labels(np.zeros(len(coin)), coin)) < 1e-9


@pytest.mark.parametrize("columns", [1, 2])
def test_neighbours_among_repeats_agree_with_counting(columns):
    random = np.random.default_rng(3)
    x = random.integers(0, 6, size=(120, columns)) / 2 + (random.random((120, 1)) < 0.3) * random.random(
        (120, 1)
    )
    y = x[:, :1] + random.integers(0, 3, size=(120, 1))
    k, both = 3, np.hstack([x, y])
    far = lambda a: np.abs(a[:, None] - a[None]).max(axis=2)  # noqa: E731
    radius = np.sort(far(both), axis=1)[:, k]
    inside = lambda a: np.where(radius > 0, (far(a) < radius[:, None]).sum(1), (far(a) == 0).sum(1)) - 1  # noqa: E731
    from scipy.special import digamma

    own = np.where(radius > 0, k, inside(both) + 1)
    own[radius == 0] = (far(both) == 0).sum(1)[radius == 0]
    expected = digamma(120) + np.mean(digamma(own) - digamma(inside(x) + 1) - digamma(inside(y) + 1))
    assert math.isclose(lib.ksg_mixture(x, y, k=k), expected, rel_tol=1e-12)


def mostly_at_the_minimum(random, share):
    return np.where(random.random(2000) < share, 0.0, random.exponential(size=2000))


@pytest.mark.parametrize("feature", ["flag", "zero-inflated", "continuous", "few values"])
def test_drift_is_seen_from_either_side_of_a_feature(feature):
    random = np.random.default_rng(5)
    then, now = {
        "flag": ((random.random(2000) < 0.04) * 1.0, (random.random(300) < 0.6) * 1.0),
        "zero-inflated": (mostly_at_the_minimum(random, 0.92), mostly_at_the_minimum(random, 0.1)),
        "continuous": (random.normal(size=2000), random.normal(1, 1, size=500)),
        "few values": (random.integers(0, 4, 1000) * 1.0, random.integers(1, 5, 400) * 1.0),
    }[feature]
    score = lib.drift_score(then, now)
    assert math.isclose(score, lib.drift_score(-then, -now), rel_tol=1e-9)
    assert math.isclose(score, lib.drift_score(3 * then, 3 * now), rel_tol=1e-9)
    assert score > 0.2


def test_drift_scores_worked_out_by_hand():
    then, now = [0] * 95 + [1] * 5, [0] * 20 + [1] * 80
    assert math.isclose(lib.drift_score(then, now, smoothing=0), lib.psi([0.95, 0.05], [0.2, 0.8]))
    assert math.isclose(lib.psi([0.95, 0.05], [0.2, 0.8]), 0.75 * math.log(4.75) + 0.75 * math.log(16))
    assert lib.drift_score([0.0] * 50, [1.0] * 50) > 5
    assert lib.drift_score([0.0] * 50, [0.0] * 20) < 0.1


@given(
    st.lists(st.integers(-3, 3), min_size=1, max_size=40),
    st.lists(st.integers(-4, 4), min_size=1, max_size=40),
)
def test_drift_score_of_the_mirrored_feature_is_the_same(then, now):
    mirrored = lib.drift_score([-x for x in then], [-x for x in now])
    assert math.isclose(lib.drift_score(then, now), mirrored, rel_tol=1e-9, abs_tol=1e-12)


def beta_equations(a, b, x):
    """The two likelihood equations of a Beta at 450 digits: both 0 at the likeliest a and b."""
    with mpmath.workdps(450):
        x, n = [mpmath.mpf(float(v)) for v in x], len(x)
        total = mpmath.digamma(a + b)
        return [
            mpmath.digamma(a) - total - sum(map(mpmath.log, x)) / n,
            mpmath.digamma(b) - total - sum(mpmath.log(1 - v) for v in x) / n,
        ]


@pytest.mark.parametrize(
    "x",
    [
        [0.5, 0.5 + 1e-7],
        [0.5, 0.5 + 1e-8],
        [0.2, 0.2 + 1e-8, 0.2],
        [1e-17, 3e-17, 2e-16],
        [1e-200, 2e-200],
        [0.1, 0.4, 0.9],
        [1e-12, 0.5, 1 - 1e-12],
    ],
)
def test_likeliest_beta_where_the_data_hardly_vary(x):
    a, b = lib.mle_beta(x)
    with mpmath.workdps(450):
        start = [mpmath.mpf(a), mpmath.mpf(b)]
        for _ in range(8):  # Newton's method from the answer: where it ends is the truth
            f = mpmath.matrix(beta_equations(*start, x))
            shared = mpmath.polygamma(1, sum(start))
            slope = mpmath.matrix(2)
            for i in range(2):
                slope[i, i] = mpmath.polygamma(1, start[i])
            slope -= shared * mpmath.ones(2)
            change = mpmath.lu_solve(slope, -f)
            start = [s + c for s, c in zip(start, change, strict=True)]
        assert math.isclose(a, start[0], rel_tol=1e-6)
        assert math.isclose(b, start[1], rel_tol=1e-6)


@pytest.mark.parametrize("x", [[1, 1 + 1e-6], [1, 1 + 1e-9], [1e-300, 1.0], [1e-200, 1e200], [2.0, 3.0, 7.0]])
def test_likeliest_gamma_where_the_data_hardly_vary(x):
    shape, rate = lib.mle_gamma(x)
    with mpmath.workdps(450):
        exact = [mpmath.mpf(float(v)) for v in x]
        mean = sum(exact) / len(exact)
        gap = mpmath.log(mean) - sum(map(mpmath.log, exact)) / len(exact)
        right = mpmath.findroot(lambda s: mpmath.log(s) - mpmath.digamma(s) - gap, shape)
        assert math.isclose(shape, right, rel_tol=1e-7)
        assert math.isclose(rate, right / mean, rel_tol=1e-7)


NEAR_CERTAIN = [(2, 2e-12), (math.inf, 1e-12), (3, 1.5e-12), (0.5, 1.999998e-6)]


@pytest.mark.parametrize(("alpha", "right"), NEAR_CERTAIN)
def test_renyi_entropy_near_a_certain_outcome(alpha, right):
    assert math.isclose(lib.renyi_entropy([1 - 1e-12, 1e-12], alpha), right, rel_tol=1e-11)


@given(
    st.lists(st.floats(1e-12, 1), min_size=2, max_size=6),
    st.sampled_from([0.1, 0.5, 0.9, 1.0000001, 1.3, 1.5, 2, 7]),
)
def test_renyi_entropy_agrees_with_many_digits(weights, alpha):
    with mpmath.workdps(60):
        total = mpmath.fsum(weights)
        powers = mpmath.fsum((mpmath.mpf(w) / total) ** mpmath.mpf(alpha) for w in weights)
        right = float(mpmath.log(powers) / (1 - mpmath.mpf(alpha)))
    assert math.isclose(lib.renyi_entropy(weights, alpha, normalize=True), right, rel_tol=1e-13)


@pytest.mark.parametrize("n", [10**6, 10**8, 10**12])
@pytest.mark.parametrize("function", [lib.kl_divergence, lib.js_divergence, lib.psi])
def test_nearly_equal_counts(function, n):
    """Terms of order 1/n in p - q decide: the division of each by its sum must not round them."""
    p, q = [n, n + 1, n - 3], [n + 1, n, n - 3]
    with mpmath.workdps(60):
        a, b = ([mpmath.mpf(c) / sum(counts) for c in counts] for counts in (p, q))
        kl = lambda a, b: mpmath.fsum(x * mpmath.log(x / y) for x, y in zip(a, b, strict=True))  # noqa: E731
        m = [(x + y) / 2 for x, y in zip(a, b, strict=True)]
        right = {
            "kl_divergence": kl(a, b),
            "js_divergence": (kl(a, m) + kl(b, m)) / 2,
            "psi": kl(a, b) + kl(b, a),
        }[function.__name__]
    assert math.isclose(function(p, q, normalize=True), float(right), rel_tol=1e-13)


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda: lib.gumbel_max(np.zeros((0, 3)), rng=0), (0,)),
        (lambda: lib.sample(np.zeros((0, 3)), rng=0), (0,)),
        (lambda: lib.sample(np.zeros((0, 3)), 5, rng=0), (5, 0)),
        (lambda: lib.mutual_information(np.zeros((0, 2, 2))), (0,)),
        (lambda: lib.conditional_mutual_information(np.zeros((0, 2, 2, 2))), (0,)),
        (lambda: lib.interaction_information(np.zeros((0, 2, 2, 2))), (0,)),
        (lambda: lib.kl_divergence(np.zeros((0, 3)), np.zeros((0, 3)), normalize=True), (0,)),
        (lambda: lib.wasserstein1(np.zeros((0, 2)), np.zeros((0, 2)), [0, 1]), (0,)),
    ],
)
def test_an_empty_batch_has_an_empty_result(call, shape):
    assert np.shape(call()) == shape


def test_no_data():
    assert lib.NormalNormal(0, 1, 1).log_evidence([]) == 0
    assert lib.map_exponential([], shape=2, rate=1) == 1
    for call in (lambda: lib.bits_per_dim([], 64), lambda: lib.fit_temperature([], np.zeros((0, 3)))):
        with pytest.raises((ValueError, TypeError)):
            call()
    with pytest.raises(ValueError, match="no predictions"):
        lib.fit_temperature(np.zeros(0, dtype=int), np.zeros((0, 3)))


@pytest.mark.parametrize("score", [lib.expected_calibration_error, lib.log_loss, lib.brier_score_loss])
def test_one_column_of_chances_is_no_table_of_distributions(score):
    with pytest.raises(ValueError, match=r"one column.*p\[:, 0\]"):
        score([0, 0], [[1.0], [1.0]])


def test_a_probability_just_above_one_is_shown_with_its_digits():
    with pytest.raises(lib.ProbabilityError, match=r"found 1\.0000001"):
        lib.log_loss([1], np.float32([1.0000001]))


def test_nan_is_no_label():
    with pytest.raises(ValueError, match="y holds NaN"):
        lib.MultinomialNB().fit([[1, 0], [0, 1], [1, 1]], [0, 1, math.nan])


@pytest.mark.parametrize("mixture", [lib.BinomialMixture, lib.BetaBinomialMixture])
@pytest.mark.parametrize("X", [[[1, 9], [2, 8], [9, 1], [8, 2]] * 20, [[1], [9]] * 40])
def test_no_start_leaves_two_components_the_same(mixture, X):
    for seed in range(20):
        model = mixture.fit(X, 2, 10, rng=seed)
        shares = model.p if mixture is lib.BinomialMixture else model.mean
        assert np.abs(shares[0] - shares[1]).max() > 0.3, seed


def test_more_components_than_different_examples_are_refused():
    with pytest.raises(ValueError, match="only 2 different examples"):
        lib.BinomialMixture.fit([[1], [9]] * 4, 3, 10, rng=0)


def test_a_ridge_lets_a_gaussian_mixture_fit_flat_data():
    X = lib.digits_split(0).train.X.astype(float)  # three pixels never carry ink
    assert (X.std(axis=0) == 0).any()
    model = lib.GaussianMixture.fit(X, 5, ridge=1.0, rng=0, n_iter=5)
    assert np.all(np.linalg.eigvalsh(model.covariances) > 0)
    with pytest.raises(ValueError, match="ridge="):
        lib.GaussianMixture.fit(X, 5, rng=0)


RECIPES = lib.CategoricalMixture(np.log([0.5, 0.5]), np.log(np.full((2, 3, 2), 0.5)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: lib.mutual_info_score([2**80, 1], [0, 1]), TypeError, "whole numbers beyond 64 bits"),
        (lambda: lib.entropy_gaussian([[1e-310]]), ValueError, "cov holds variances below 2.23e-308"),
        (lambda: lib.PrefixCode({"a": 1}).encode([["a"]]), TypeError, "message must hold symbols such as"),
        (lambda: lib.js_distance([1, 0], [0, 1], base=0.5), ValueError, "base must be above 1"),
        (lambda: lib.mle_gamma([5e-324, 1e-323]), ValueError, "x varies too little for a float"),
        (lambda: lib.mle_dirichlet([[0.5, 0.5]] * 3), ValueError, "all rows are equal"),
        (lambda: lib.mle_beta([1e-310, 0.5]), ValueError, "x holds numbers below 2.23e-308"),
        (lambda: lib.em(None, [[0.0]]), TypeError, "model must be a mixture to start from, not NoneType"),
        (lambda: lib.CategoricalMixture([0.0], [[0.0]]), ValueError, r"log_weights needs shape \(K,\)"),
        (lambda: RECIPES.log_prior(np.ones(3)), ValueError, "prior must hold a pseudo-count per level"),
    ],
)
def test_what_has_no_answer_is_refused_with_its_reason(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_flag_may_be_of_numpys_kind():
    assert lib.entropy([1, 1], normalize=np.True_) == lib.entropy([1, 1], normalize=True)

"""Numbers at the ends of what a float can hold, each beside a computation with 60 digits or a closed form."""

import math
import warnings

import mpmath
import numpy as np
import pytest
import scipy.stats
from mpmath import mpf

import course_lib as lib

INF, LEAST, MOST = math.inf, 5e-324, 1.7e308


@pytest.fixture(autouse=True)
def _no_warning_and_many_digits():
    with warnings.catch_warnings(), mpmath.workdps(60):
        warnings.simplefilter("error")
        yield


ONE_GAUSSIAN = lib.GaussianMixture([1.0], [[0.0]], [[[1e-20]]])
TWO_RECIPES = lib.CategoricalMixture(np.log([0.5, 0.5]), np.log([[[0.5, 0.5]], [[0.25, 0.75]]]))


def log(x: float) -> mpf:
    return mpmath.log(mpf(x))


def kl(p: list[float], q: list[float]) -> float:
    p, q = ([mpf(x) / mpmath.fsum(map(mpf, ws)) for x in ws] for ws in (p, q))
    return float(mpmath.fsum(a * mpmath.log(a / b) for a, b in zip(p, q, strict=True) if a > 0))


def close(found, right, rel=1e-12):
    np.testing.assert_allclose(found, np.array(right, dtype=float), rtol=rel)


# ---------------------------------------------------------- products of numbers that are each a float


def test_bayes_theorem_where_every_product_is_too_small_for_a_float():
    close(lib.bayes_update([0.3, 0.7], [LEAST, LEAST]).posterior, [0.3, 0.7])
    close(lib.bayes_update([1e-200, 1.0], [1e-200, 0.0]).posterior, [1, 0])
    a, b = mpf(1e-160) ** 2, mpf(3e-320)
    close(lib.bayes_update([1e-160, 1.0], [1e-160, 3e-320]).posterior, [a / (a + b), b / (a + b)], 1e-11)


def test_a_policy_whose_weights_are_all_too_small_for_a_float():
    a, b = mpf(1e-320), mpmath.exp(-735)
    close(lib.reward_tilted_policy([1e-320, 1.0], [0.0, -735.0], 1.0), [a / (a + b), b / (a + b)], 1e-11)
    share = 1 / (1 + mpmath.exp(-3.4))
    close(lib.reward_tilted_policy([0.5, 0.5], [-MOST, MOST], 1e308), [1 - share, share])


def test_a_gamma_density_where_rate_times_x_is_too_small_for_a_float():
    for shape in (0.5, 2.0, 20.0):
        right = shape * log(1e-200) + (shape - 1) * log(1e-200) - mpmath.loggamma(shape)
        close(lib.Gamma(shape, 1e-200).log_pdf(1e-200), right)


def test_a_shift_whose_square_is_too_small_for_a_float():
    right = mpf(1e-170) ** 2 / mpf(1e-300) / 2
    close(lib.kl_diag_gaussian([1e-170], [1e-300], [0.0], [1e-300]), right)
    close(lib.kl_gaussian([1e-170], [[1e-300]], [0.0], [[1e-300]]), right)
    close(lib.wasserstein2_gaussian([0.0, 0.0], np.eye(2), [1e-200, 0.0], np.eye(2)), 1e-200)
    close(lib.wasserstein2_gaussian([[0.0], [0.0]], np.ones((1, 1)), [[1e-200], [3.0]], np.ones((1, 1))),
          [1e-200, 3])  # fmt: skip


def test_ridge_regression_where_the_product_of_x_and_y_is_too_small_for_a_float():
    right = mpf(1e-200) ** 2 / (mpf(1e-200) ** 2 + mpf(1e-300))
    close(lib.ridge_regression([[1e-200]], [1e-200], 1e-300), [right])


@pytest.mark.parametrize(
    ("weight", "noise"), [(1.0, LEAST), (1e9, 1e-300), (1e-80, 1.0), (2.0, 0.5), (1e100, 1.0)]
)
def test_a_posterior_of_a_latent_number_at_any_noise(weight, noise):
    w, v = mpf(weight), mpf(noise)
    mean, cov = lib.posterior_linear_gaussian([3.0], [[weight]], [1.0], noise)
    close(mean, [w * 2 / (w * w + v)])
    close(cov, [[v / (w * w + v)]])


def test_pointwise_information_of_cells_with_few_digits():
    close(lib.pointwise_mutual_information([[1.0, 0], [0, LEAST]])[1, 1], -log(LEAST))
    joint = [[0.7, 0.0], [0.3, 1e-320]]
    right = log(1e-320) - mpmath.log(mpf(0.3) + mpf(1e-320)) - log(1e-320)
    close(lib.pointwise_mutual_information(joint)[1, 1], right)


def test_a_stationary_distribution_with_visits_beyond_all_floats():
    close(lib.stationary_distribution([[0.5, 0.5], [LEAST, 1.0]]), [1e-323, 1])
    close(lib.stationary_distribution([[1.0, 1e-310], [3e-310, 1.0]]), [0.75, 0.25])


def test_a_prior_and_a_grid_whose_area_is_too_small_for_a_float():
    grid = np.array([0.0, 1e-300, 2e-300])
    posterior = lib.grid_posterior(grid, np.full(3, 1e-300), np.zeros(3))
    close(posterior.density, [5e299] * 3)
    close(posterior.mean, 1e-300)
    assert posterior.log_evidence == pytest.approx(0, abs=1e-12)


def test_averages_whose_sum_overflows():
    assert lib.iwae_bound([-MOST] * 4, 1) == -MOST
    assert lib.renyi_entropy([0.1] * 10, MOST) == pytest.approx(math.log(10), rel=1e-14)


def test_beliefs_about_a_mean_of_any_size():
    update = lib.NormalNormal(1e100, 1e-300, 1.0).update([3.0])
    assert (update.mean, update.variance) == (1e100, pytest.approx(1e-300, rel=1e-15))
    update = lib.NormalNormal(2.0, 1e300, 1e-290).update([3.0, 4.0])
    assert (update.mean, update.variance) == (3.5, pytest.approx(5e-291, rel=1e-15))


def test_a_temperature_for_logits_that_hardly_differ():
    for size in (1e-310, 1e-300, 1e100):
        found = lib.fit_temperature([0, 0, 0, 1], [[size, 0.0]] * 4)
        assert found == pytest.approx(size / math.log(3), rel=1e-9)


# ------------------------------------------------------------------- nearly equal, and much data


def test_evidence_of_a_category_that_nearly_always_came():
    counts, alpha = [10**9, 1, 0], [0.5] * 3
    gamma = mpmath.loggamma
    right = gamma(1.5) - gamma(mpf(1.5) + sum(counts))
    right += mpmath.fsum(gamma(mpf(a) + c) - gamma(a) for a, c in zip(alpha, counts, strict=True))
    close(lib.DirichletCategorical(alpha).log_evidence(counts), right)


def test_gaussians_on_a_line_with_nearly_equal_variances():
    for step in (1, 5, 4505):
        variance = 1 + step * 2.0**-52
        right = (mpmath.sqrt(mpf(variance)) - 1) * mpmath.sqrt(2 / mpmath.pi)
        close(lib.wasserstein1_gaussian(0.0, 1.0, 0.0, variance), right)


def test_moments_of_kl_estimators_where_p_and_q_nearly_agree():
    p, q = [0.6, 0.4], [0.6 + 1e-9, 0.4 - 1e-9]
    sums = [mpmath.fsum(map(mpf, ws)) for ws in (p, q)]
    weight = [mpf(a) / sums[0] for a in p]
    logs = [mpmath.log(mpf(b) / sums[1] / w) for b, w in zip(q, weight, strict=True)]
    moments = lib.kl_estimator_moments(p, q)
    for name, k in [("k1", lambda x: -x), ("k2", lambda x: x * x / 2), ("k3", lambda x: mpmath.expm1(x) - x)]:
        values = [k(x) for x in logs]
        mean = mpmath.fsum(w * v for w, v in zip(weight, values, strict=True))
        right = mpmath.fsum(w * (v - mean) ** 2 for w, v in zip(weight, values, strict=True))
        close(moments[name].variance, right, 1e-6)
        bias = mean + mpmath.fsum(w * x for w, x in zip(weight, logs, strict=True))
        assert moments[name].bias == pytest.approx(float(bias), rel=1e-6, abs=1e-30)


@pytest.mark.parametrize(
    ("a", "b"), [(1e12, 3.0), (3.0, 1e12), (1e17, 3.0), (1e-300, 1.0), (1e300, 2.0), (2.0, 1e300)]
)
def test_the_spread_of_a_belief_that_is_nearly_sure(a, b):
    right = mpf(a) * mpf(b) / (mpf(a) + mpf(b)) ** 2 / (mpf(a) + mpf(b) + 1)
    close([lib.Beta(a, b).variance, *lib.Dirichlet([a, b]).variance], [right] * 3)
    intervals = [
        *lib.DirichletCategorical([a, b]).credible_interval(),
        lib.BetaBinomial(a, b).credible_interval(),
    ]
    (low, high), (from_high, from_low), one = intervals
    close([low, high], one)
    np.testing.assert_allclose([1 - from_low, 1 - from_high], one, rtol=0, atol=1e-15)
    assert 0 <= low <= high <= 1


@pytest.mark.parametrize(
    ("a", "b"), [(2.0, 1e17), (2.0, 1e30), (1e15, 1e40), (3e15, 2e15), (1e20, 3e19), (1e290, 1e300)]
)
def test_the_interval_of_a_belief_after_more_data_than_scipy_can_invert(a, b):
    low, high = lib.BetaBinomial(a, b).credible_interval(0.9)
    if a < 10:  # b x is Gamma(a, 1)
        close([low, high], scipy.stats.gamma(a).ppf([0.05, 0.95]) / b, 1e-9)
    else:
        mean, sd = mpf(a) / (mpf(a) + mpf(b)), mpmath.sqrt(lib.Beta(a, b).variance)
        close(
            [low, high], [mean - mpf("1.6448536269514722") * sd, mean + mpf("1.6448536269514722") * sd], 1e-7
        )


# --------------------------------------------------------------------------- coarse and small dtypes


def test_densities_at_numbers_of_single_precision_are_computed_in_double():
    x = np.float32(0.501)
    for family, at in [
        (lib.Gaussian(0.0, 1e-200), np.float32(0)),
        (lib.Gaussian(0.0, 1.0), np.float32(1e30)),
        (lib.Gaussian(0.1, 1e-3), np.float16(1)),
        (lib.Exponential(1e300), np.float32(1e-30)),
        (lib.Gamma(2.0, 1e-60), np.float32(1)),
        (lib.Gamma(1e6), np.float32(1e6 + 3)),
        (lib.Beta(1e6, 1e6), x),
        (lib.Poisson(1e6), np.float32(1e6 + 3)),
    ]:
        density = family.log_pmf if hasattr(family, "log_pmf") else family.log_pdf
        found, right = density(at), density(float(at))
        assert found == right
        assert math.isfinite(found)
    pair = np.array([0.25, 0.75], dtype=np.float32)
    belief = lib.Dirichlet([1e6, 3e6])
    assert belief.log_pdf(pair) == belief.log_pdf(pair.astype(float))
    assert lib.Exponential(3.0).ppf(np.float32(0.1)) == lib.Exponential(3.0).ppf(float(np.float32(0.1)))


def test_weights_of_single_precision_are_divided_in_double():
    weights, q = np.array([1, 2, 4], dtype=np.float32), [0.5, 0.3, 0.2]
    exact = weights.astype(float)
    for f in (
        lambda w: lib.renyi_entropy(w, 2, normalize=True),
        lambda w: lib.negative_log_likelihood(w, q),
        lambda w: lib.conditional_entropy([w, w], normalize=True),
        lambda w: lib.mutual_information(np.array([w, w[::-1]]), normalize=True),
        lambda w: lib.bayes_update(w, [0.1, 0.2, 0.3], normalize=True).posterior,
        lambda w: lib.elbo_identity([-1.0, -2.0, -3.0], w, normalize=True),
        lambda w: lib.Categorical(w, normalize=True).p,
        lib.mle_categorical,
    ):
        close(f(weights), f(exact), 1e-15)


def test_an_order_of_a_small_type_does_not_wrap_around():
    text = "abracadabra"
    close(lib.NGramModel(text, np.uint8(3)).log_prob(text), lib.NGramModel(text, 3).log_prob(text))


# --------------------------------------------------------------- what no float can hold is refused


@pytest.mark.parametrize(
    "make",
    [
        lib.Poisson, lib.Exponential, lib.Gamma, lambda x: lib.Gamma(2, x),
        lambda x: lib.Beta(x, 1), lambda x: lib.Beta(1, x), lambda x: lib.Dirichlet([1, x]),
        lambda x: lib.BetaBinomial(x, 1), lambda x: lib.BetaBinomial(1, x), lambda x: lib.GammaPoisson(x, 1),
        lambda x: lib.GammaPoisson(1, x), lambda x: lib.DirichletCategorical([x, 1]),
        lambda x: lib.NormalNormal(0, x, 1), lambda x: lib.NormalNormal(0, 1, x),
    ],
)  # fmt: skip
def test_parameters_at_the_ends_of_the_floats_are_refused(make):
    for size in (LEAST, 1e-301, 1.1e300, MOST):
        with pytest.raises(ValueError, match=r"must be from 1e-300 to 1e\+300, got"):
            make(size)
    for size in (1e-300, 1e300):
        assert make(size) is not None


def test_evidence_for_counts_under_priors_at_the_ends_of_what_is_allowed():
    for shape, rate in [(0.5, 1e-300), (0.5, 1e300), (1e-300, 1.0), (1e-300, 1e300)]:
        a, r, x = mpf(shape), mpf(rate), [3, 1, 2, 4]
        with mpmath.workdps(700):
            right = mpmath.loggamma(a + 10) - mpmath.loggamma(a)
            right -= mpmath.fsum(mpmath.loggamma(count + 1) for count in x)
            right += a * mpmath.log(r / (r + 4)) - 10 * mpmath.log(r + 4)
            close(lib.GammaPoisson(shape, rate).log_evidence(x), right)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lib.grid_posterior([0, LEAST], [1, 1], [0, 0]), "grid has steps below"),
        (lambda: lib.grid_log_evidence(lambda z: -(z.T**2), [[0, LEAST]]), r"axes\[0\] has steps below"),
        (lambda: lib.map_binomial(1, 2, a=MOST, b=MOST), r"a must be from 1e-300 to 1e\+300"),
        (lambda: lib.map_poisson([1], shape=MOST, rate=1.0), r"shape must be from 1e-300 to 1e\+300"),
        (lambda: lib.map_exponential([1.0], shape=2.0, rate=MOST), r"rate must be from 1e-300 to 1e\+300"),
        (lambda: lib.Gaussian(MOST, 1.0), "mean must lie within 1e\\+300 of 0"),
        (lambda: lib.Binomial(10**400, 0.5), "n must be at most 1e\\+300"),
        (lambda: lib.bits_per_dim([-1.0], 10**400), r"n_dims must be at most 1e\+300"),
        (lambda: lib.ridge_penalty(1.0, 1.0, n=10**400), r"n must be at most 1e\+300"),
        (lambda: lib.lasso_penalty(1.0, 1.0, 10**400), r"n must be at most 1e\+300"),
        (lambda: lib.fano_bound(0.5, 10**400), r"n_classes must be at most 1e\+300"),
        (lambda: lib.Binomial(10**20, 0.5).sample(rng=0), "n must be at most 9e\\+18 for int64 draws"),
        (lambda: lib.Poisson(1e20).sample(rng=0), "rate must be at most 9e\\+18 for int64 draws"),
        (lambda: ONE_GAUSSIAN.ridge_cost(MOST), r"ridge must be at most 1e\+300"),
        (lambda: TWO_RECIPES.responsibilities([[0]], power=MOST), r"power must be from 1e-300 to 1e\+300"),
        (lambda: lib.ridge_regression([[1.0]], [1.0], MOST), r"alpha must be at most 1e\+300"),
        (lambda: lib.MultinomialNB(alpha=MOST), "alpha must be at most 1e\\+300"),
        (lambda: lib.drift_score([1, 2], [1, 2], smoothing=MOST), "smoothing must be at most 1e\\+300"),
        (lambda: lib.attention_entropy(np.zeros((3, 0)), np.zeros((4, 0))), "do not fit"),
        (lambda: lib.wasserstein1([1, 0], [0, 1], [-MOST, MOST]), "support holds numbers beyond 1e\\+300"),
        (lambda: lib.info_nce([[MOST, -MOST], [-MOST, MOST]]), "scores holds numbers beyond 1e\\+300"),
        (lambda: lib.ksg([MOST, 0, 1, -MOST], [0, 1, 2, 3], k=1), "x holds numbers beyond 1e\\+300"),
        (lambda: lib.drift_score([MOST, MOST], [0.0, 1.0]), "reference holds numbers beyond 1e\\+300"),
    ],
)  # fmt: skip
def test_what_leaves_the_range_of_a_float_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_whole_numbers_that_a_float_takes_for_one_are_refused_where_their_distance_counts():
    far, near = np.array([2**62, 2**62 + 1] * 9), np.array([0, 1] * 9)
    for f in (
        lambda x: lib.ksg_mixture(x, near), lambda x: lib.ksg_labels(x, near),
        lambda x: lib.drift_score(x, x[::2]), lambda x: lib.wasserstein1_samples(x, x[::2]),
        lambda x: lib.wasserstein1([1, 0], [0, 1], x[:2]), lib.mle_gaussian, lib.mle_laplace,
    ):  # fmt: skip
        with pytest.raises(ValueError, match="holds whole numbers beyond 2\\^53"):
            f(far)
        assert np.all(np.isfinite(f(near)))
    close(lib.plugin_entropy(far), math.log(18), 1e-15)  # of counts the shares are enough


def test_a_ridge_beyond_all_width_costs_without_end_and_a_power_picks_the_likeliest():
    assert ONE_GAUSSIAN.ridge_cost(1e300) == [INF]
    np.testing.assert_array_equal(TWO_RECIPES.responsibilities([[0], [1]], power=1e300), [[1, 0], [0, 1]])


def test_an_order_beyond_all_floats_is_infinity():
    p, q = [0.7, 0.3], [0.5, 0.5]
    assert lib.renyi_divergence(p, q, 10**400) == lib.renyi_divergence(p, q, INF)
    assert lib.renyi_entropy(p, 10**400) == lib.renyi_entropy(p, INF)


def test_a_huge_tolerance_and_a_huge_seed_are_what_they_say():
    assert lib.lasso_regression([[1.0], [2.0]], [1e3, 2e3], 0.5, tol=MOST).shape == (1,)
    assert 0 <= lib.Beta(1, 1).sample(rng=10**400) <= 1


def test_weights_of_a_mixture_are_one_row():
    with pytest.raises(ValueError, match=r"weights of shape \(2, 2\) need means of shape"):
        lib.moment_match([[0.5, 0.5]] * 2, np.zeros((2, 2)), [np.eye(2)] * 2)
    with pytest.raises(ValueError, match="2 weights need means"):
        lib.GaussianMixture([[0.5, 0.5]] * 2, np.zeros((2, 1)), np.ones((2, 1, 1)))
    with pytest.raises(ValueError, match="p needs shape"):
        lib.BinomialMixture([[0.5, 0.5]] * 2, np.full((2, 1), 0.5), 3)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"the shapes do not fit: mean0 \(2,\), mean1"):
        lib.wasserstein1_gaussian([0, 1], [1, 1, 1], 0, 1)


@pytest.mark.parametrize(
    "call",
    [
        lambda ragged: lib.joint_entropy(ragged),
        lambda ragged: lib.conditional_entropy(ragged),
        lambda ragged: lib.log_evidence_linear_gaussian([1.0, 2.0], [[1.0], [2.0]], [0.0, 1.0], ragged),
        lambda ragged: lib.log_pdf_gaussian([1.0], ragged, [[1.0]]),
        lambda ragged: lib.sample_gaussian([1.0], ragged),
        lambda ragged: lib.CategoricalMixture.fit([[0, 1], [1, 0]], 2, 2, rng=0).condition(ragged),
    ],
)
def test_rows_of_different_lengths_make_no_array(call):
    with pytest.raises(TypeError, match="makes no array"):
        call([[1], [1, 2]])

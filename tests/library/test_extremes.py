"""Numbers at the edge of their range: temperatures, much data, large parameters, near-singular designs."""

import math
import time
import tracemalloc
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import scipy.sparse
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import course_lib as lib

mpmath.mp.dps = 60
seeds = st.integers(0, 2**32 - 1)

# The kernel of a notebook leaves a file open, which Python closes during some later test of the same process.
without_warnings = pytest.mark.filterwarnings("error", "ignore:unclosed file:ResourceWarning")


# ------------------------------------------------------------------------------------- temperatures

TEMPERATURES = [5e-324, 1e-320, 1e-300, 1e-47, 1e-45, 1e-38, 0.5, 1.0, 2.0, 1e4, 1e38, 1e39, 1e300, 1.7e308]


@without_warnings
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@given(seed=seeds, temperature=st.sampled_from(TEMPERATURES))
@settings(deadline=None)
def test_any_temperature_and_logits_up_to_the_largest_float(dtype, seed, temperature):
    rng, most = np.random.default_rng(seed), float(np.finfo(dtype).max)
    sizes = rng.choice([0, 1, 3, 1e-3, 1e4, most], rng.integers(1, 5)) * rng.uniform(-1, 1)
    logits = (rng.choice([-1, 1], sizes.shape) * sizes).astype(dtype)
    logits[rng.uniform(size=logits.size) < 0.2] = -np.inf
    assume(logits.max() > -np.inf)
    # less the largest: of equal ones no rounding may be left, which so small a temperature would blow up
    exact = [mpmath.mpf(float(value)) for value in logits]
    z = [(value - max(exact)) / mpmath.mpf(temperature) for value in exact]
    e = [mpmath.exp(value - max(z)) for value in z]
    p = [value / sum(e) for value in e]
    tol = 1e-12 if dtype == np.float64 else 1e-5
    options = {"temperature": temperature}
    np.testing.assert_allclose(lib.softmax(logits, **options), np.float64(p), atol=tol)
    log_p = lib.log_softmax(logits, **options)
    right = [value - max(z) - mpmath.log(sum(e)) for value in z]
    for ours, theirs in zip(log_p, right, strict=True):  # -inf where it is below all floats
        lost = theirs < -np.finfo(log_p.dtype).max
        assert (ours == -np.inf) if lost else ours == pytest.approx(float(theirs), rel=tol, abs=tol)
    entropy = float(-sum(value * mpmath.log(value) for value in p if value > 0))
    assert lib.entropy_from_logits(logits, **options) == pytest.approx(entropy, rel=tol, abs=tol)
    some = [(share, value) for share, value in zip(p, z, strict=True) if share > 0]
    mean = sum(share * value for share, value in some)
    slope = sum(share * (value - mean) ** 2 for share, value in some) / mpmath.mpf(temperature)
    expected = math.inf if slope > 1.7e308 else float(slope)
    assert lib.entropy_slope(logits, **options) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_draws_at_any_temperature_are_outcomes():
    logits = np.array([0, 1, -np.inf], dtype=np.float32)
    for temperature in TEMPERATURES:
        assert set(lib.sample(logits, 50, temperature=temperature, rng=0)) <= {0, 1}
        assert np.isfinite(lib.gumbel_softmax(logits, temperature=temperature, rng=0)).all()


# ---------------------------------------------------------------------------------- small probabilities


@given(st.lists(st.floats(1e-300, 1 - 1e-15), min_size=1, max_size=5))
def test_log_loss_of_what_did_not_happen_keeps_small_chances(p):
    right = -sum(mpmath.log(1 - mpmath.mpf(chance)) for chance in p) / len(p)
    assert lib.log_loss([0] * len(p), p) == pytest.approx(float(right), rel=1e-13)


def test_log_loss_by_hand():
    assert lib.log_loss([0], [1e-20]) == 1e-20
    assert lib.log_loss([0, 0], [1e-16, 3e-17]) == pytest.approx(6.5e-17, rel=1e-14)


@pytest.mark.parametrize("p", [1e-20, 1 - 1e-15, 0.3])
def test_a_binomial_of_one_trial_is_a_bernoulli(p):
    one, coin = lib.Binomial(1, p), lib.Bernoulli(p)
    np.testing.assert_allclose(one.log_pmf([0, 1]), coin.log_pmf([0, 1]), rtol=1e-14)


# --------------------------------------------------------------------------------------- much data


@pytest.mark.parametrize("size", [1.0, 1e4, 1e8, 1e12])
def test_predictives_sum_to_one_after_much_data(size):
    wins = lib.BetaBinomial(size, 2 * size)
    assert wins.predictive(np.arange(11), 10).sum() == pytest.approx(1, abs=1e-14)
    assert lib.GammaPoisson(size, size).predictive(np.arange(80)).sum() == pytest.approx(1, abs=1e-14)
    assert wins.update([10**11], [10**12]).predictive([0, 1], 1).sum() == pytest.approx(1, abs=1e-14)
    assert lib.DirichletCategorical([size, 2, 3]).predictive([0, 1, 2]).sum() == pytest.approx(1)


def log_gamma(*values):
    return sum(mpmath.loggamma(mpmath.mpf(float(value))) for value in values)


def log_beta(a):
    return log_gamma(*a) - mpmath.loggamma(sum(mpmath.mpf(float(value)) for value in a))


@st.composite
def pseudo_counts(draw):
    return 10.0 ** np.array(draw(st.lists(st.floats(-2, 13), min_size=3, max_size=3)))


@given(alpha=pseudo_counts(), seed=seeds, size=st.floats(0, 12))
@settings(deadline=None)
def test_evidence_of_much_data_agrees_with_many_digits(alpha, seed, size):
    rng = np.random.default_rng(seed)
    n = rng.integers(1, int(10**size) + 2, 3)
    a, b, rate = map(float, alpha)
    k = rng.binomial(n, a / (a + b))
    orders = sum(log_gamma(m + 1) - log_gamma(j + 1, m - j + 1) for j, m in zip(k, n, strict=True))
    mp_a, mp_b, mp_rate = map(mpmath.mpf, (a, b, rate))
    wins, losses = int(k.sum()), int((n - k).sum())
    after = mpmath.loggamma(mp_a + wins) + mpmath.loggamma(mp_b + losses)
    after -= mpmath.loggamma(mp_a + mp_b + wins + losses)
    ours = lib.BetaBinomial(a, b).log_evidence(k, n)
    assert ours == pytest.approx(float(orders + after - log_beta([a, b])), rel=1e-9, abs=1e-9)

    x = rng.poisson(min(a / rate, 1e12), 3)
    total = int(x.sum())
    right = mpmath.loggamma(mp_a + total) - log_gamma(a) - log_gamma(*(x + 1))
    right += mp_a * mpmath.log(mp_rate / (3 + mp_rate)) - total * mpmath.log(3 + mp_rate)
    assert lib.GammaPoisson(a, rate).log_evidence(x) == pytest.approx(float(right), rel=1e-9, abs=1e-9)

    more = [mpmath.mpf(float(value)) + int(count) for value, count in zip(alpha, n, strict=True)]
    right = sum(map(mpmath.loggamma, more)) - mpmath.loggamma(sum(more)) - log_beta(alpha)
    assert lib.DirichletCategorical(alpha).log_evidence(n) == pytest.approx(float(right), rel=1e-12)


@given(pseudo_counts(), seeds)
@settings(deadline=None)
def test_families_with_large_parameters_agree_with_many_digits(parameters, seed):
    rng, (a, b, rate) = np.random.default_rng(seed), map(float, parameters)
    mp_a, mp_b, mp_rate = map(mpmath.mpf, (a, b, rate))
    gamma, beta = lib.Gamma(a, rate), lib.Beta(a, b)
    x, y = gamma.sample(rng=rng), beta.sample(rng=rng)
    if x > 0:
        right = (
            mp_a * mpmath.log(mp_rate) - log_gamma(a) + (mp_a - 1) * mpmath.log(x) - mp_rate * mpmath.mpf(x)
        )
        assert gamma.log_pdf(x) == pytest.approx(float(right), rel=1e-12, abs=1e-8)
    right = mp_a - mpmath.log(mp_rate) + log_gamma(a) + (1 - mp_a) * mpmath.digamma(mp_a)
    assert gamma.entropy() == pytest.approx(float(right), rel=1e-13, abs=1e-13)
    if 0 < y < 1:
        right = (mp_a - 1) * mpmath.log(y) + (mp_b - 1) * mpmath.log(1 - mpmath.mpf(y)) - log_beta([a, b])
        assert beta.log_pdf(y) == pytest.approx(float(right), rel=1e-12, abs=1e-8)
    both = mp_a + mp_b
    right = log_beta([a, b]) - (mp_a - 1) * mpmath.digamma(mp_a) - (mp_b - 1) * mpmath.digamma(mp_b)
    right += (both - 2) * mpmath.digamma(both)
    assert beta.entropy() == pytest.approx(float(right), rel=1e-12, abs=1e-12)
    assert lib.Dirichlet([a, b]).entropy() == beta.entropy()
    if 0 < y < 1 and 1 - (1 - y) == y:
        assert lib.Dirichlet([a, b]).log_pdf([y, 1 - y]) == pytest.approx(
            beta.log_pdf(y), rel=1e-12, abs=1e-8
        )


def test_families_with_large_parameters_by_hand():
    assert lib.Gamma(1e12, 1).log_pdf(1e12) == pytest.approx(-14.7344490912, abs=1e-9)
    assert lib.Gamma(1e12, 1).entropy() == pytest.approx(15.2344490912, abs=1e-9)
    assert lib.Beta(1e12, 1e12).entropy() == pytest.approx(-13.4363, abs=1e-4)
    assert lib.Gaussian(0, 1e308).entropy() == pytest.approx(710.6151471753708, rel=1e-14)
    assert lib.Gaussian(0, 1e308).log_pdf(0) == pytest.approx(-710.1151471753708, rel=1e-14)
    assert lib.Gaussian(0, 1e308).variance == math.inf


@pytest.mark.parametrize(("family", "edge", "right"), [
    (lib.Gamma(1, 2), 0.0, math.log(2)), (lib.Gamma(0.5), 0.0, math.inf), (lib.Gamma(50), 0.0, -math.inf),
    (lib.Beta(1, 40), 0.0, math.log(40)), (lib.Beta(0.5, 40), 0.0, math.inf),
    (lib.Beta(40, 1), 0.0, -math.inf),
    (lib.Beta(40, 40), 1.0, -math.inf), (lib.Beta(40, 1), 1.0, math.log(40)),
    (lib.Dirichlet([40, 1]), [1.0, 0.0], math.log(40)), (lib.Dirichlet([0.5, 1, 1]), [0, 0, 1.0], math.inf),
])  # fmt: skip
def test_densities_on_the_edge_of_the_support(family, edge, right):
    assert family.log_pdf(edge) == pytest.approx(right, rel=1e-14)


def test_a_density_that_depends_on_the_way_there_is_refused():
    belief = lib.Dirichlet([0.5, 2, 1])
    for x in ([0, 0, 1.0], [[0.2, 0.3, 0.5], [0, 0, 1.0]]):
        with pytest.raises(ValueError, match="depends on the way there"):
            belief.log_pdf(x)


# ---------------------------------------------------------------------------- entropies of large counts


def test_entropy_of_counts_takes_no_time_or_memory_that_grows():
    tracemalloc.start()
    begin = time.perf_counter()
    values = [lib.Poisson(10.0**k).entropy() for k in range(8, 301, 4)]
    values += [lib.Binomial(10**k, 0.5).entropy() for k in range(8, 301, 4)]
    seconds, peak = time.perf_counter() - begin, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.isfinite(values).all()
    assert seconds < 1
    assert peak < 1e6


@pytest.mark.parametrize("counts", [
    lib.Poisson(2e5), lib.Binomial(10**6, 0.3), lib.Binomial(10**6, 0.85), lib.Binomial(420_000, 0.5),
    lib.Binomial(10**8, 0.0012),
])  # fmt: skip
def test_entropy_of_large_counts_is_that_of_the_sum(counts):
    sd = math.sqrt(counts.variance)
    p = counts.pmf(np.arange(math.floor(counts.mean - 40 * sd), math.ceil(counts.mean + 40 * sd)))
    assert counts.entropy() == pytest.approx(lib.entropy(p, normalize=True), rel=1e-14)


def test_entropy_of_many_trials_that_rarely_succeed_is_a_poissons():
    assert lib.Binomial(10**16, 1e-15).entropy() == pytest.approx(lib.Poisson(10.0).entropy(), rel=1e-12)


# ------------------------------------------------------------------------------ near-singular designs


def test_a_penalty_that_makes_the_problem_well_posed():
    np.testing.assert_allclose(
        lib.ridge_regression([[1e8, 0], [0, 1e-8]], [1.0, 1.0], 1e-20), [1e-8, 1e-8 / 1.0001e-16], rtol=1e-12
    )
    np.testing.assert_allclose(lib.ridge_regression([[1, 2]], [5.0], 1e-300), [1, 2], rtol=1e-12)


@given(seed=seeds, spread=st.floats(-8, 8))
def test_ridge_follows_the_units_of_each_feature(seed, spread):
    # w_j in other units is the same line, under a penalty in the same units: rows below X of another size
    rng = np.random.default_rng(seed)
    X, y, unit = rng.normal(size=(9, 3)), rng.normal(size=9), 10.0 ** np.array([spread, 0, -spread])
    w = lib.ridge_regression(X * unit, y, 1e-9)
    mp_X = mpmath.matrix((X * unit).tolist())
    right = mpmath.lu_solve(
        mp_X.T * mp_X + mpmath.mpf(1e-9) * mpmath.eye(3), mp_X.T * mpmath.matrix(y.tolist())
    )
    np.testing.assert_allclose(w, np.array([float(value) for value in right]), rtol=1e-6)


def test_bayesian_regression_where_columns_nearly_agree():
    X, options = [[1, 1], [1, 1 + 1e-9]], {"noise_variance": 1e-12, "prior_variance": 1e12}
    line = lib.bayesian_linear_regression(X, [1.0, 1.0], **options)
    assert line.log_evidence == pytest.approx(-8.745634428128, abs=1e-5)
    np.testing.assert_allclose(line.mean, [0.999998, 2e-6], atol=1e-6)
    np.testing.assert_allclose(line.mean, lib.ridge_regression(X, [1.0, 1.0], 1e-24), atol=1e-6)
    assert np.isfinite(line.sample(3, rng=0)).all()
    assert np.isfinite(line.predict([[1, -1], [1, 1]])[1]).all()
    with pytest.raises(ValueError, match="collinear to rounding"):
        lib.bayesian_linear_regression(
            [[1, 1], [1, 1]], [1.0, 1.0], noise_variance=1e-12, prior_variance=1e290
        )


# ------------------------------------------------------------------------------------ ties, and codes


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=6), st.sampled_from([0, 2**10, 2**20, -(2**20)]))
def test_min_p_does_not_change_with_a_constant(logits, constant):
    for p in (0.3, 0.5, 0.9):
        kept = lib.min_p(np.float32(logits), p) > -np.inf
        moved = lib.min_p(np.float32(logits) + np.float32(constant), p) > -np.inf
        np.testing.assert_array_equal(moved, kept)


def test_min_p_of_large_logits():
    np.testing.assert_array_equal(
        lib.min_p(np.float32([1e6, 1e6 - 1, 1e6 - 2]), 0.5), np.float32([1e6, -np.inf, -np.inf])
    )


@given(st.lists(st.integers(1, 30), min_size=1, max_size=12), st.integers(0, 3))
def test_huffman_lengths_keep_ties_between_whole_weights(weights, power):
    lengths = lib.huffman_lengths(weights)
    reached = min(
        (tuple(sorted(tree)) for tree in optimal_lengths(weights)), key=lambda tree: (max(tree), tree)
    )
    assert lengths.max() == max(reached)
    assert (
        lengths @ weights
        == sum(length * weight for length, weight in zip(reached, sorted(weights, reverse=True), strict=True))
        or len(weights) == 1
    )
    np.testing.assert_array_equal(lib.huffman_lengths(np.array(weights) * 2.0**-power), lengths)


def optimal_lengths(weights):
    """Yield the lengths of one Huffman code: of equal sums the shallowest subtree is joined first."""
    if len(weights) == 1:
        yield [1]
        return
    nodes = sorted((weight, 0, [0]) for weight in weights)
    while len(nodes) > 1:
        (a, deep_a, one), (b, deep_b, other), *nodes = nodes
        nodes = sorted([*nodes, (a + b, max(deep_a, deep_b) + 1, [n + 1 for n in one + other])])
    yield nodes[0][2]


def test_huffman_lengths_by_hand():
    np.testing.assert_array_equal(lib.huffman_lengths([6, 2, 5, 4]), [2, 2, 2, 2])


def test_a_code_shows_what_makes_it():
    code = lib.PrefixCode({"a": 1, "b": 2, "c": 2})
    assert repr(code) == "PrefixCode({'a': 1, 'b': 2, 'c': 2})"
    assert eval(repr(code), {"PrefixCode": lib.PrefixCode}).words == code.words


def test_codes_read_any_bytes_and_take_one_distribution():
    code = lib.PrefixCode({"a": 1, "b": 2, "c": 2})
    data = code.encode("abcab")
    for kind in (bytes, bytearray, memoryview):
        assert code.decode(kind(data), 5) == list("abcab")
        assert lib.arithmetic_decode(kind(lib.arithmetic_encode([0, 1], [1, 1])), 2, [1, 1]) == [0, 1]
    with pytest.raises(ValueError, match="one distribution"):
        lib.arithmetic_encode([0, 1], [[1, 1], [1, 1]])


# ------------------------------------------------------------------------------------- other objects


@pytest.mark.parametrize("make", [
    lambda: lib.grid_posterior(np.linspace(0, 1, 3), np.ones(3), np.zeros(3)),
    lambda: lib.DirichletCategorical([1.0, 2.0]),
    lambda: lib.bayesian_linear_regression(np.eye(2), [1.0, 2.0], noise_variance=1.0, prior_variance=1.0),
])  # fmt: skip
def test_results_that_hold_arrays_are_compared_as_objects(make):
    one, other = make(), make()
    assert one == one
    assert one != other
    assert hash(one) == hash(one)


@pytest.mark.parametrize(("given_", "way_out"), [
    (scipy.sparse.csr_matrix([[0.5, 0.5]]), r"p\.toarray\(\)"),
    ({"a": 0.5, "b": 0.5}, r"list\(p\.values\(\)\)"),
    ((x for x in (0.5, 0.5)), r"list\(p\)"), ({0.5}, r"list\(p\)"),
    ([Fraction(1, 2)] * 2, r"np\.asarray\(p, dtype=float\)"),
])  # fmt: skip
def test_containers_are_refused_with_a_way_out_that_works(given_, way_out):
    with pytest.raises(TypeError, match=way_out):
        lib.entropy(given_)


def test_missing_labels_and_sparse_features():
    X = [[1, 0], [0, 1], [1, 1]]
    for y in ([0, 1, None], ["a", "b", None]):
        with pytest.raises(TypeError, match="y must hold labels of one kind"):
            lib.MultinomialNB().fit(X, y)
    with pytest.raises(TypeError, match=r"X\.toarray\(\)"):
        lib.MultinomialNB().fit(scipy.sparse.csr_matrix(X), [0, 1, 1])
    model = lib.MultinomialNB().fit([[1, 0], [0, 1], [3, 1]], np.array(["a", "b", "a"], dtype=object))
    np.testing.assert_array_equal(model.predict([[5, 0], [0, 5]]), ["a", "b"])


@pytest.mark.parametrize("f", [
    lambda z, axis: lib.top_k(z, 1, axis=axis), lambda z, axis: lib.top_p(z, 0.5, axis=axis),
    lambda z, axis: lib.min_p(z, 0.5, axis=axis), lambda z, axis: lib.softmax(z, axis=axis),
])  # fmt: skip
@pytest.mark.parametrize("axis", [None, (0, 1), 0.5, "a"])
def test_an_axis_is_one_whole_number(f, axis):
    with pytest.raises(TypeError, match="axis must be one whole number"):
        f(np.zeros((2, 2)), axis)


def test_gaussian_draws_of_any_shape():
    mean, cov = [1.0, -1.0], [[1.0, 0.8], [0.8, 1.0]]
    flat = lib.sample_gaussian(mean, cov, 6, rng=0)
    np.testing.assert_array_equal(lib.sample_gaussian(mean, cov, (2, 3), rng=0), flat.reshape(2, 3, 2))
    np.testing.assert_array_equal(lib.sample_gaussian(mean, cov, rng=0), flat[0])
    assert isinstance(lib.sample_gaussian(0, 1, rng=0), float)
    assert lib.sample_gaussian(0, 1, (2, 3), rng=0).shape == (2, 3)


# ------------------------------------------------------------------- beliefs and families far from 1


@pytest.mark.parametrize(("a", "b"), [(1e-300, 1e-300), (1e-200, 3e-200), (1e-160, 1e-155)])
def test_a_belief_before_any_data_expects_all_or_nothing(a, b):
    chances = lib.BetaBinomial(a, b).predictive(np.arange(6), 5)
    np.testing.assert_allclose(chances[[0, 5]], [b / (a + b), a / (a + b)], rtol=1e-12)
    assert chances.sum() == pytest.approx(1, rel=1e-12)
    assert lib.GammaPoisson(a, b).predictive(0) == pytest.approx(1, rel=1e-12)
    assert lib.BetaBinomial(a, b).log_evidence(3, 3) == pytest.approx(math.log(a / (a + b)), rel=1e-12)


def test_a_dirichlet_of_almost_no_pseudo_counts_expects_one_outcome():
    belief = lib.DirichletCategorical([1e-300, 2e-300, 1e-300])
    assert belief.log_evidence([0, 2, 0]) == pytest.approx(math.log(0.5), rel=1e-12)
    assert belief.log_evidence([1, 1, 0]) == pytest.approx(math.log(0.5) + math.log(1e-300), rel=1e-12)


FAR_APART = [
    (lib.Gaussian(0, 1e-200), lib.Gaussian(0, 1e200), 400 * math.log(10) - 0.5),
    (lib.Gaussian(0, 1.0), lib.Gaussian(1e200, 0.1), math.inf),
    (lib.Exponential(1e300), lib.Exponential(1e-300), 600 * math.log(10) - 1),
    (lib.Exponential(1e-300), lib.Exponential(1e300), math.inf),
    (lib.Gamma(1e-5, 2.0), lib.Gamma(3e7, 1e-4), 3000800921821.0327),  # mpmath, 60 digits
    (lib.Gamma(1.0, 1e-300), lib.Gamma(1.0, 1e300), math.inf),
    (lib.Gamma(1e-300, 1e300), lib.Gamma(1e300, 1e-300), math.inf),
    (lib.Poisson(1e-300), lib.Poisson(1e300), 1e300),
]


@pytest.mark.parametrize(("p", "q", "kl"), FAR_APART)
@without_warnings
def test_members_of_a_family_that_have_nothing_in_common_are_far_apart(p, q, kl):
    assert lib.kl_divergence(p, q) == pytest.approx(kl, rel=1e-12)


@without_warnings
def test_a_posterior_mode_weighs_variances_of_any_size():
    def mode(x, noise, variance):
        return lib.map_gaussian(x, noise_variance=noise, mean=7.0, variance=variance)

    assert mode([3.0], 5e-324, 2.0) == 3
    assert mode([3.0, 5.0], 1e-310, 1e-310) == pytest.approx(5, rel=1e-12)
    assert mode([3.0], 1e300, 1e-300) == 7
    assert mode([], 1e-300, 1e300) == 7


@without_warnings
def test_rates_of_distortions_down_to_the_end_of_the_floats():
    code = lib.reverse_waterfill([4.0, 1.0, 1e-306], 3e-306)
    np.testing.assert_allclose(code.rates, [math.log(4 / 1e-306) / 2, math.log(1 / 1e-306) / 2, 0], rtol=1e-9)
    with pytest.raises(ValueError, match="distortion is too small, the level would be 0"):
        lib.reverse_waterfill([4.0, 1.0], 5e-324)
    with pytest.raises(ValueError, match="beta times noise is too small"):
        lib.linear_beta_vae([4.0, 1.0], 1, noise=1e-200, beta=1e-200)
    assert lib.linear_beta_vae([4.0, 1.0], 1, noise=1e200, beta=1e200).rate == 0


@without_warnings
def test_bits_per_dimension_of_impossible_and_of_huge_examples():
    assert lib.bits_per_dim([-math.inf, 0.0], 3) == math.inf
    assert lib.bits_per_dim([-1.7e308] * 2, 64) == pytest.approx(1.7e308 / (64 * math.log(2)), rel=1e-14)
    for odd in (math.inf, math.nan):
        with pytest.raises(ValueError, match="log_prob holds NaN or"):
            lib.bits_per_dim([odd, -math.inf], 3)


def test_an_outcome_must_be_an_array():
    with pytest.raises(TypeError, match="outcome makes no array"):
        lib.DirichletCategorical([1.0, 2.0]).predictive([[1], [1, 0]])


@without_warnings
@pytest.mark.parametrize("penalty", [1e6, 1e16, 1e30, 1e100, 1e300])
def test_a_penalty_above_all_data_shrinks_to_the_right_size(penalty):
    X, y = np.array([[1.0], [2.0]]), np.array([1.0, 2.0])
    right = 5 / (5 + penalty)
    assert lib.ridge_regression(X, y, penalty) == pytest.approx([right], rel=1e-14)
    belief = lib.bayesian_linear_regression(X, y, noise_variance=penalty, prior_variance=1.0)
    assert belief.mean == pytest.approx([right], rel=1e-14)


@without_warnings
def test_a_regression_without_noise_has_weights_and_no_evidence():
    belief = lib.bayesian_linear_regression(
        [[1e-100], [2.0]], [1e100, 2.0], noise_variance=5e-324, prior_variance=1e300
    )
    assert belief.mean == pytest.approx([1.0], rel=1e-12)
    assert belief.log_evidence == -math.inf


# --------------------------------------------------------------------- options of NumPy's small types


def test_numbers_of_small_types_do_not_wrap_around():
    X, y, few, many = np.ones((3, 1)), np.ones(3), np.uint8(2), np.uint8(200)
    assert lib.ridge_regression(X, y, many, loss="mean") == lib.ridge_regression(X, y, 200.0, loss="mean")
    assert lib.map_poisson([100], shape=many, rate=few) == lib.map_poisson([100], shape=200, rate=2)
    gamma = lib.kl_divergence(lib.Gamma(2, 3), lib.Gamma(200, 2))
    assert lib.kl_divergence(lib.Gamma(few, np.uint8(3)), lib.Gamma(many, few)) == gamma
    assert lib.Beta(many, many).mean == 0.5
    assert lib.BetaBinomial(many, many).belief.mean == 0.5
    assert lib.Gaussian(0, np.float16(1e-3)).variance == float(np.float16(1e-3)) ** 2
    log_w = np.zeros((1, 400))
    assert lib.iwae_bound(log_w, many) == lib.iwae_bound(log_w, 200)
    counts = np.array([[0], [255], [3], [250]])
    model = lib.BinomialMixture.start(counts, few, np.uint8(255), rng=0)
    assert model.n_trials == 255
    np.testing.assert_array_equal(model.p, lib.BinomialMixture.start(counts, 2, 255, rng=0).p)
    path = lib.em(model, counts, tol=np.uint8(255))
    assert np.isfinite(path.objective).all()


@without_warnings
def test_a_reward_far_below_the_best_has_no_share():
    policy = lib.reward_tilted_policy([0.5, 0.5], [1.7e308, -1.7e308], 0.5)
    np.testing.assert_array_equal(policy, [1, 0])

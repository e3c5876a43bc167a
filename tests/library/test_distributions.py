"""The families against 50-digit arithmetic, SciPy and numerical integration."""

import math

import mpmath
import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from course_lib import (
    Bernoulli,
    Beta,
    Binomial,
    Categorical,
    Dirichlet,
    Exponential,
    Gamma,
    Gaussian,
    Poisson,
    ProbabilityError,
)

mpmath.mp.dps = 50
EPSILON = np.finfo(float).eps

DISCRETE = [
    (Bernoulli(0.3), scipy.stats.bernoulli(0.3)),
    (Bernoulli(0), scipy.stats.bernoulli(0)),
    (Bernoulli(1), scipy.stats.bernoulli(1)),
    (Binomial(2, 0.5), scipy.stats.binom(2, 0.5)),
    (Binomial(40, 0.1), scipy.stats.binom(40, 0.1)),
    (Binomial(7, 0), scipy.stats.binom(7, 0)),
    (Binomial(7, 1), scipy.stats.binom(7, 1)),
    (Binomial(0, 0.3), scipy.stats.binom(0, 0.3)),
    (Poisson(0.01), scipy.stats.poisson(0.01)),
    (Poisson(12.5), scipy.stats.poisson(12.5)),
    (Categorical([0.2, 0, 0.5, 0.3]), scipy.stats.rv_discrete(values=(range(4), [0.2, 0, 0.5, 0.3]))),
]
CONTINUOUS = [
    (Gaussian(), scipy.stats.norm()),
    (Gaussian(-3, 0.02), scipy.stats.norm(-3, 0.02)),
    (Exponential(), scipy.stats.expon()),
    (Exponential(4.0), scipy.stats.expon(scale=1 / 4)),
    (Gamma(3, 2.0), scipy.stats.gamma(3, scale=1 / 2)),
    (Gamma(0.4), scipy.stats.gamma(0.4)),
    (Gamma(1, 0.1), scipy.stats.gamma(1, scale=10)),
    (Beta(2, 5), scipy.stats.beta(2, 5)),
    (Beta(0.5, 0.5), scipy.stats.beta(0.5, 0.5)),
    (Beta(1, 1), scipy.stats.beta(1, 1)),
]


def name(case):  # of our own: SciPy's would differ from worker to worker
    return "" if type(case).__module__.startswith("scipy") else repr(case)


@pytest.mark.parametrize(("ours", "peer"), DISCRETE, ids=name)
def test_mass_functions_agree_with_scipy_and_sum_to_one(ours, peer):
    x = np.arange(-2, 80)
    np.testing.assert_allclose(ours.pmf(x), peer.pmf(x), rtol=1e-12, atol=1e-300)
    assert ours.pmf(x).sum() == pytest.approx(1, rel=1e-14)
    np.testing.assert_array_equal(ours.pmf([-1, 0.5, 1e9, math.inf, -math.inf]), np.zeros(5))
    assert ours.log_pmf(0.5) == -math.inf
    assert math.isnan(ours.pmf(math.nan))


@pytest.mark.parametrize(("ours", "peer"), CONTINUOUS, ids=name)
def test_densities_agree_with_scipy_and_have_area_one(ours, peer):
    x = np.concatenate([peer.ppf(np.linspace(0.001, 0.999, 25)), [-1.0, 0.0, 1.0, 50.0]])
    np.testing.assert_allclose(ours.pdf(x), peer.pdf(x), rtol=1e-12)
    np.testing.assert_allclose(ours.log_pdf(x), peer.logpdf(x), rtol=1e-12, atol=1e-13)
    low, high = peer.ppf([1e-12, 0.5]), peer.ppf([0.5, 1 - 1e-12])
    area = sum(scipy.integrate.quad(ours.pdf, *ends, limit=200)[0] for ends in (low, high))
    assert area == pytest.approx(1, abs=2e-6)
    np.testing.assert_array_equal(ours.pdf([math.inf, -math.inf]), [0, 0])
    assert math.isnan(ours.pdf(math.nan))


@pytest.mark.parametrize(("ours", "peer"), DISCRETE + CONTINUOUS, ids=name)
def test_moments_and_entropy_agree_with_scipy(ours, peer):
    assert float(ours.mean) == pytest.approx(float(peer.mean()), rel=1e-13, abs=1e-15)
    assert float(ours.variance) == pytest.approx(float(peer.var()), rel=1e-12, abs=1e-15)
    assert ours.entropy() == pytest.approx(float(peer.entropy()), rel=1e-10, abs=1e-12)
    assert ours.entropy(base=2) == pytest.approx(ours.entropy() / math.log(2), rel=1e-15)
    assert type(ours.entropy()) is float


@pytest.mark.parametrize(("ours", "peer"), DISCRETE + CONTINUOUS, ids=name)
def test_samples_have_the_shape_asked_for_and_follow_their_distribution(ours, peer):
    """False alarm 1e-6 a case, were the seed drawn at random: five standard errors of the mean."""
    draws = ours.sample(20_000, rng=1)
    assert ours.sample((2, 3), rng=1).shape == (2, 3)
    assert type(ours.sample(rng=1)) in (int, float)
    np.testing.assert_array_equal(draws, ours.sample(20_000, rng=np.random.default_rng(1)))
    assert abs(draws.mean() - ours.mean) <= 5 * math.sqrt(ours.variance / 20_000)
    assert draws.dtype == (np.int64 if hasattr(ours, "pmf") else np.float64)


@pytest.mark.parametrize(("ours", "peer"), CONTINUOUS, ids=name)
def test_continuous_samples_pass_kolmogorov_and_smirnov(ours, peer):
    """False alarm 1e-6 a case, were the seed drawn at random."""
    assert scipy.stats.kstest(ours.sample(5000, rng=2), peer.cdf).pvalue > 1e-6


@pytest.mark.parametrize(("ours", "peer"), DISCRETE, ids=name)
def test_discrete_samples_pass_chi_square(ours, peer):
    """False alarm 1e-6 a case, were the seed drawn at random."""
    counts = np.bincount(ours.sample(20_000, rng=3), minlength=80)[:80]
    expected = 20_000 * ours.pmf(np.arange(80))
    assert counts[expected == 0].sum() == 0
    common = expected >= 5
    observed = np.append(counts[common], counts[~common].sum())
    expected = np.append(expected[common], max(20_000 - expected[common].sum(), 1e-9))
    if (keep := expected > 1e-6).sum() > 1:
        chi2 = np.sum((observed - expected)[keep] ** 2 / expected[keep])
        assert scipy.stats.chi2.sf(chi2, keep.sum() - 1) > 1e-6


# --- accuracy where textbook formulas cancel ------------------------------------------------------------


def exact_binomial(n, p, k):
    p = mpmath.mpf(p)
    return mpmath.binomial(n, k) * p**k * (1 - p) ** (n - k)


@pytest.mark.parametrize("n", [1, 5, 16, 33, 1000, 10**6, 10**9])
@pytest.mark.parametrize("p", [1e-9, 0.03, 0.5, 0.9, 1 - 2.0**-30])
def test_binomial_keeps_its_digits_for_a_billion_trials(n, p):
    deviation = math.sqrt(n * p * (1 - p))
    for k in {0, n, round(n * p)} | {round(n * p + z * deviation) for z in (-6, -1, 3)}:
        if 0 <= k <= n and (truth := exact_binomial(n, p, k)) > 1e-300:
            bound = 3e-13 + EPSILON * abs(k - n * p)  # the product n p is itself rounded
            assert float(abs(Binomial(n, p).pmf(k) / truth - 1)) < bound, f"k = {k}"


@pytest.mark.parametrize("rate", [1e-5, 0.7, 15, 16.5, 1e4, 1e9])
def test_poisson_keeps_its_digits_for_a_billion_events(rate):
    for k in {0, 1, round(rate)} | {round(rate + z * math.sqrt(rate)) for z in (-6, 2, 6)}:
        if k >= 0:
            truth = mpmath.exp(k * mpmath.log(mpmath.mpf(rate)) - rate - mpmath.loggamma(k + 1))
            if truth > 1e-300:
                assert float(abs(Poisson(rate).pmf(k) / truth - 1)) < 3e-13, f"k = {k}"


def test_tiny_probabilities_survive_in_logs():
    assert Bernoulli(1e-300).log_pmf([0, 1]) == pytest.approx([-1e-300, math.log(1e-300)], rel=1e-15)
    assert Bernoulli(1e-20).entropy() == pytest.approx(1e-20 * (1 + 20 * math.log(10)), rel=1e-15)
    assert Gaussian().log_pdf(100) == pytest.approx(-5000 - math.log(2 * math.pi) / 2, rel=1e-15)


@pytest.mark.parametrize("rate", [1e-3, 4.0, 1e6])
def test_poisson_entropy(rate):
    spread = int(30 * math.sqrt(rate)) + 60
    k = np.arange(max(0, int(rate) - spread), int(rate) + spread)
    p = scipy.stats.poisson(rate).pmf(k)
    assert Poisson(rate).entropy() == pytest.approx(
        -np.sum(p * scipy.stats.poisson(rate).logpmf(k)), rel=1e-8
    )


# --- a thousand likelihoods -----------------------------------------------------------------------------


def test_a_product_of_a_thousand_likelihoods_underflows_and_the_sum_of_logs_does_not():
    model = Gaussian(mean=170, sd=10)
    heights = model.sample(1000, rng=0)
    assert np.prod(model.pdf(heights)) == 0
    expected = scipy.stats.norm(170, 10).logpdf(heights).sum()
    assert model.log_likelihood(heights) == pytest.approx(expected, rel=1e-13)
    assert -5000 < expected < -3000


@pytest.mark.parametrize("model", [Bernoulli(0.2), Categorical([0.8, 0.2]), Binomial(1, 0.2)])
def test_three_names_of_a_coin_give_one_likelihood(model):
    tosses = [0, 1, 0, 0, 1]
    assert model.log_likelihood(tosses) == pytest.approx(3 * math.log(0.8) + 2 * math.log(0.2), rel=1e-14)
    assert type(model.log_likelihood(tosses)) is float


def test_one_impossible_observation_is_infinitely_unlikely():
    assert Categorical([1.0, 0.0]).log_likelihood([0, 1]) == -math.inf
    assert Exponential().log_likelihood([1.0, -1.0]) == -math.inf


# --- Categorical and Dirichlet --------------------------------------------------------------------------


def test_categorical_holds_its_own_unchangeable_copy():
    p = np.array([0.5, 0.5])
    coin = Categorical(p)
    p[0] = 9
    np.testing.assert_array_equal(coin.p, [0.5, 0.5])
    with pytest.raises(ValueError, match="read-only"):
        coin.p[0] = 1


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64])
def test_categorical_reads_coarse_dtypes_and_counts(dtype):
    die = Categorical(np.array([1, 2, 3, 1], dtype=dtype), normalize=True)
    assert die.p.dtype == np.float64
    assert die.p.sum() == pytest.approx(1, abs=1e-15)
    assert die.entropy() == pytest.approx(Categorical([1 / 7, 2 / 7, 3 / 7, 1 / 7]).entropy(), rel=1e-3)


@pytest.mark.parametrize(
    ("p", "error", "message"),
    [
        ([1, 2], ProbabilityError, "p sums to 3, not 1; pass normalize=True"),
        ([[0.5, 0.5]], ValueError, r"p must be one distribution, of shape \(K,\), not of shape \(1, 2\)"),
        ([], ProbabilityError, "p has no outcomes"),
    ],
)
def test_categorical_refuses(p, error, message):
    with pytest.raises(error, match=message):
        Categorical(p)


def test_dirichlet_agrees_with_scipy():
    alpha = [2.0, 0.7, 4.0]
    ours, peer = Dirichlet(alpha), scipy.stats.dirichlet(alpha)
    x = ours.sample((5, 2), rng=0)
    assert x.shape == (5, 2, 3)
    np.testing.assert_allclose(
        ours.log_pdf(x).ravel(), [peer.logpdf(row) for row in x.reshape(-1, 3)], rtol=1e-12
    )
    np.testing.assert_allclose(ours.pdf(x[0, 0]), peer.pdf(x[0, 0]), rtol=1e-12)
    np.testing.assert_allclose(ours.mean, peer.mean(), rtol=1e-15)
    np.testing.assert_allclose(ours.variance, peer.var(), rtol=1e-14)
    assert ours.entropy() == pytest.approx(peer.entropy(), rel=1e-13)


def test_dirichlet_samples_have_its_mean():
    """False alarm 2e-6, were the seed drawn at random: five standard errors, three outcomes."""
    model = Dirichlet([2.0, 0.7, 4.0])
    off = np.abs(model.sample(20_000, rng=0).mean(axis=0) - model.mean)
    assert np.all(off < 5 * np.sqrt(model.variance / 20_000))


def test_beta_is_the_dirichlet_of_two():
    beta, dirichlet = Beta(2, 3), Dirichlet([2, 3])
    assert beta.log_pdf(0.3) == pytest.approx(dirichlet.log_pdf([0.3, 0.7]), rel=1e-14)
    assert beta.entropy() == dirichlet.entropy()


@pytest.mark.parametrize("alpha", [[1], [1, 0], [1, -1], [1, math.nan], [1, math.inf], [[1, 1]], 3.0])
def test_dirichlet_refuses(alpha):
    with pytest.raises(ValueError, match="alpha must be two or more positive numbers"):
        Dirichlet(alpha)


def test_dirichlet_density_is_for_distributions_of_its_length():
    with pytest.raises(ProbabilityError, match=r"x sums to 0\.9"):
        Dirichlet([1, 1]).pdf([0.5, 0.4])
    with pytest.raises(ValueError, match="x has 3 outcomes along its last axis, alpha has 2"):
        Dirichlet([1, 1]).pdf([0.5, 0.4, 0.1])


# --- parameters -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Bernoulli(1.2), ProbabilityError, "p must be a probability, from 0 to 1, got 1.2"),
        (lambda: Bernoulli("a"), TypeError, "p must be one number, not str"),
        (lambda: Bernoulli(math.nan), ValueError, "p must be finite"),
        (lambda: Binomial(-1, 0.5), ValueError, "n must be 0 or more, got -1"),
        (lambda: Binomial(2.5, 0.5), TypeError, "n must be a whole number, not float"),
        (lambda: Binomial(2, -0.5), ProbabilityError, "p must be a probability"),
        (lambda: Poisson(0), ValueError, "rate must be above 0, got 0"),
        (lambda: Poisson([1.0]), TypeError, "rate must be one number, not list"),
        (lambda: Gaussian(0, 0), ValueError, "sd must be above 0"),
        (lambda: Gaussian(math.inf, 1), ValueError, "mean must be finite"),
        (lambda: Exponential(-1), ValueError, "rate must be above 0"),
        (lambda: Gamma(0), ValueError, "shape must be above 0"),
        (lambda: Gamma(1, math.inf), ValueError, "rate must be finite"),
        (lambda: Beta(0, 1), ValueError, "a must be above 0"),
        (lambda: Beta(1, -1), ValueError, "b must be above 0"),
    ],
)
def test_parameters_out_of_range(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("model", [Bernoulli(0.5), Gaussian(), Dirichlet([1, 1])], ids=repr)
def test_wrong_dtypes_and_bases(model):
    density = getattr(model, "pmf", None) or model.pdf
    with pytest.raises(TypeError, match="x must hold real numbers"):
        density(["a", "b"])
    with pytest.raises(ValueError, match="base must be positive, finite and not 1"):
        model.entropy(base=1)


@given(st.floats(0, 1 - 1e-12), st.floats(0.01, 100))
def test_the_exponential_ppf_inverts_its_cumulative_share(u, rate):
    assert -math.expm1(-rate * Exponential(rate).ppf(u)) == pytest.approx(u, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("u", [-0.1, 1.1])
def test_a_share_lies_between_zero_and_one(u):
    with pytest.raises(ProbabilityError, match="u must hold probabilities, from 0 to 1"):
        Exponential().ppf(u)

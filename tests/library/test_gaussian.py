"""Gaussians against mpmath, SciPy, quadrature and Monte Carlo."""

import math

import mpmath
import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from course_lib import gaussian as g
from course_lib._validate import ProbabilityError

mpmath.mp.dps = 50
EPSILON = np.finfo(float).eps


def random_gaussian(rng, d):
    """Return a mean and a covariance that is neither diagonal nor badly conditioned."""
    a = rng.normal(size=(d, d))
    return rng.normal(size=d), a @ a.T + 0.3 * np.eye(d)


def exact_kl(mean0, cov0, mean1, cov1):
    """Return the divergence from its textbook formula with 50 digits."""
    m0, s0, m1, s1 = (mpmath.matrix(np.asarray(a).tolist()) for a in (mean0, cov0, mean1, cov1))
    ratio, shift = s1**-1 * s0, m1 - m0
    trace = sum(ratio[i, i] for i in range(ratio.rows))
    return (trace - ratio.rows - mpmath.log(mpmath.det(ratio)) + (shift.T * s1**-1 * shift)[0]) / 2


class TestEntropy:
    @pytest.mark.parametrize("d", [1, 2, 7])
    def test_agrees_with_scipy(self, d):
        mean, cov = random_gaussian(np.random.default_rng(d), d)
        assert g.entropy_gaussian(cov) == pytest.approx(scipy.stats.multivariate_normal(mean, cov).entropy())

    def test_batch_against_loop(self):
        covs = np.stack([random_gaussian(np.random.default_rng(k), 3)[1] for k in range(4)])
        np.testing.assert_allclose(
            g.entropy_gaussian(covs), [g.entropy_gaussian(c) for c in covs], rtol=1e-14
        )

    def test_units_and_scale(self):
        assert g.entropy_gaussian(3.0, base=2) == pytest.approx(g.entropy_gaussian(3.0) / math.log(2))
        # metres to millimetres adds ln 1000 a dimension
        assert g.entropy_gaussian(np.eye(2) * 1e6) == pytest.approx(
            g.entropy_gaussian(np.eye(2)) + 2 * math.log(1e3)
        )
        assert g.entropy_gaussian(1e-4) < 0

    def test_by_quadrature(self):
        def integrand(x):
            return -math.exp(g.log_pdf_gaussian(x, 1.0, 2.0)) * g.log_pdf_gaussian(x, 1.0, 2.0)

        assert g.entropy_gaussian(2.0) == pytest.approx(
            scipy.integrate.quad(integrand, -30, 30)[0], rel=1e-10
        )


class TestLogPdf:
    @pytest.mark.parametrize("d", [1, 3])
    def test_agrees_with_scipy(self, d):
        rng = np.random.default_rng(d)
        mean, cov = random_gaussian(rng, d)
        x = rng.normal(size=(5, 4, d))
        expected = scipy.stats.multivariate_normal(mean, cov).logpdf(x).reshape(5, 4)
        np.testing.assert_allclose(g.log_pdf_gaussian(x, mean, cov), expected, rtol=1e-12)

    def test_numbers_and_arrays_of_points(self):
        x = np.linspace(-2, 2, 6).reshape(2, 3)
        np.testing.assert_allclose(
            g.log_pdf_gaussian(x, 1.0, 4.0), scipy.stats.norm(1, 2).logpdf(x), rtol=1e-14
        )
        assert isinstance(g.log_pdf_gaussian(0.0, 1.0, 4.0), float)

    def test_errors(self):
        with pytest.raises(ValueError, match=r"x has shape \(3,\), but the Gaussian has 2"):
            g.log_pdf_gaussian(np.zeros(3), np.zeros(2), np.eye(2))
        with pytest.raises(ValueError, match="x has shape"):
            g.log_pdf_gaussian(0.0, np.zeros(2), np.eye(2))
        with pytest.raises(ValueError, match="one mean"):
            g.log_pdf_gaussian(np.zeros(2), np.zeros((3, 2)), np.eye(2))
        with pytest.raises(ValueError, match="x holds NaN"):
            g.log_pdf_gaussian(math.nan, 0.0, 1.0)


class TestKL:
    @pytest.mark.parametrize("apart", [10.0, 1.0, 0.1, 1e-2, 1e-4, 1e-8, 1e-12])
    def test_exact_at_every_distance(self, apart):
        rng = np.random.default_rng(1)
        for d in (1, 2, 3, 5, 8):
            mean, cov1 = random_gaussian(rng, d)
            cov0 = cov1 + apart * random_gaussian(rng, d)[1] / d
            cov0, mean1 = (cov0 + cov0.T) / 2, mean + apart * rng.normal(size=d)
            exact = float(exact_kl(mean, cov0, mean1, cov1))
            assert g.kl_gaussian(mean, cov0, mean1, cov1) == pytest.approx(exact, rel=1e-13)

    def test_narrow_against_wide(self):
        exact = float(exact_kl([0], [[1e-200]], [0], [[1.0]]))
        assert g.kl_gaussian(0.0, 1e-200, 0.0, 1.0) == pytest.approx(exact, rel=1e-14)
        assert g.kl_diag_gaussian(0.0, 1e-200) == pytest.approx(exact, rel=1e-14)

    @given(st.integers(1, 5), st.integers(0, 2**32 - 1), st.floats(1e-12, 10))
    def test_never_negative_and_zero_for_equals(self, d, seed, apart):
        rng = np.random.default_rng(seed)
        mean, cov = random_gaussian(rng, d)
        a = rng.normal(size=(d, d)) * math.sqrt(apart)
        assert g.kl_gaussian(mean, cov, mean, cov) == 0
        assert g.kl_gaussian(mean, cov + a @ a.T, mean, cov) >= 0
        assert g.kl_gaussian(mean, cov, mean, cov + a @ a.T) >= 0

    @given(st.integers(1, 4), st.integers(0, 2**32 - 1))
    def test_unchanged_by_an_invertible_map(self, d, seed):
        rng = np.random.default_rng(seed)
        (m0, s0), (m1, s1) = random_gaussian(rng, d), random_gaussian(rng, d)
        a = np.eye(d) + 0.5 * np.tril(rng.normal(size=(d, d)), -1)
        turned = g.kl_gaussian(a @ m0, a @ s0 @ a.T, a @ m1, a @ s1 @ a.T)
        assert turned == pytest.approx(g.kl_gaussian(m0, s0, m1, s1), rel=1e-8)

    def test_known_values(self):
        # Two unit Gaussians d apart: d^2 / 2. Direction matters.
        assert g.kl_gaussian(0.0, 1.0, 3.0, 1.0) == pytest.approx(4.5)
        assert g.kl_gaussian(0.0, 1.0, 0.0, 4.0) == pytest.approx(math.log(2) - 3 / 8)
        assert g.kl_gaussian(0.0, 4.0, 0.0, 1.0) == pytest.approx(3 / 2 - math.log(2))

    def test_by_quadrature(self):
        def integrand(x):
            log_p, log_q = g.log_pdf_gaussian(x, 0.5, 2.0), g.log_pdf_gaussian(x, -1.0, 0.7)
            return math.exp(log_p) * (log_p - log_q)

        numeric = scipy.integrate.quad(integrand, -40, 40, epsabs=1e-12)[0]
        assert g.kl_gaussian(0.5, 2.0, -1.0, 0.7) == pytest.approx(numeric, rel=1e-9)

    def test_a_batch_against_one_prior(self):
        rng = np.random.default_rng(3)
        pairs = [random_gaussian(rng, 3) for _ in range(6)]
        means, covs = (np.stack(part) for part in zip(*pairs, strict=True))
        covs[0] = np.eye(3) * (1 + 1e-9)  # one near, the others far
        batch = g.kl_gaussian(means, covs, np.zeros(3), np.eye(3))
        loop = [g.kl_gaussian(m, c, np.zeros(3), np.eye(3)) for m, c in zip(means, covs, strict=True)]
        assert batch.shape == (6,)
        np.testing.assert_allclose(batch, loop, rtol=1e-13)

    def test_units(self):
        assert g.kl_gaussian(0.0, 1.0, 1.0, 2.0, base=2) == pytest.approx(
            g.kl_gaussian(0.0, 1.0, 1.0, 2.0) / math.log(2)
        )
        assert g.kl_diag_gaussian(1.0, 2.0, base=2) == pytest.approx(
            g.kl_diag_gaussian(1.0, 2.0) / math.log(2)
        )

    def test_dimensions_must_agree(self):
        with pytest.raises(ValueError, match="differ in dimension: 2 and 1"):
            g.kl_gaussian(np.zeros(2), np.eye(2), 0.0, 1.0)
        with pytest.raises(ValueError, match=r"mean0 has 3 dimension\(s\), but cov0 has 2"):
            g.kl_gaussian(np.zeros(3), np.eye(2), np.zeros(2), np.eye(2))


class TestDiagonalKL:
    @given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 1e-3, 1e-8, 1e-12]))
    def test_is_the_full_form_with_diagonal_covariances(self, seed, apart):
        rng = np.random.default_rng(seed)
        m1, v1 = rng.normal(size=4), rng.uniform(0.5, 2, size=4)
        m0, v0 = m1 + apart * rng.normal(size=4), v1 * (1 + apart * rng.uniform(-0.5, 2, size=4))
        full = g.kl_gaussian(m0, np.diag(v0), m1, np.diag(v1))
        assert g.kl_diag_gaussian(m0, v0, m1, v1) == pytest.approx(full, rel=1e-12)
        assert g.kl_diag_gaussian(m0, v0, m1, v1) >= 0

    def test_exact_near_equality(self):
        for change in (1e-4, 1e-8, 1e-12):
            exact = float(exact_kl([0], [[1 + change]], [0], [[1.0]]))
            assert g.kl_diag_gaussian(0.0, 1 + change) == pytest.approx(exact, rel=1e-14)

    def test_shapes(self):
        mean, variance = np.ones((3, 5)), np.full((3, 5), 2.0)
        assert g.kl_diag_gaussian(mean, variance).shape == (3,)
        assert g.kl_diag_gaussian(mean, variance, keepdims=True).shape == (3, 1)
        np.testing.assert_allclose(
            g.kl_diag_gaussian(mean.T, variance.T, axis=0), g.kl_diag_gaussian(mean, variance)
        )
        assert isinstance(g.kl_diag_gaussian(0.0, 1.0), float)

    def test_errors(self):
        with pytest.raises(ValueError, match="variance0 must be positive, got -1; give variances, not"):
            g.kl_diag_gaussian([0.0], [-1.0])
        with pytest.raises(ValueError, match="variance1 must be positive"):
            g.kl_diag_gaussian([0.0], [1.0], 0.0, 0.0)
        with pytest.raises(ValueError, match="shapes do not fit"):
            g.kl_diag_gaussian(np.zeros(3), np.ones(2))
        with pytest.raises(TypeError, match="mean0 must hold real numbers"):
            g.kl_diag_gaussian(["a"], [1.0])


class TestWasserstein:
    def test_order_one_by_quantiles(self):
        u = (np.arange(2_000_000) + 0.5) / 2_000_000
        z = scipy.stats.norm.ppf(u)
        for m0, v0, m1, v1 in [(0, 1, 0.3, 4), (1, 0.2, -2, 0.3), (0, 1, 0, 9)]:
            along = np.mean(np.abs((m1 - m0) + (math.sqrt(v1) - math.sqrt(v0)) * z))
            assert g.wasserstein1_gaussian(m0, v0, m1, v1) == pytest.approx(along, rel=2e-6)

    def test_order_one_limits_and_shapes(self):
        np.testing.assert_allclose(
            g.wasserstein1_gaussian([0.0, 5.0], [1.0, 2.0], [2.0, 5.0], [1.0, 2.0]), [2, 0]
        )
        assert g.wasserstein1_gaussian(0.0, 1.0, 1e200, 1 + 1e-12) == 1e200
        with pytest.raises(ValueError, match="variance0 must be positive"):
            g.wasserstein1_gaussian(0.0, 0.0, 0.0, 1.0)

    def test_order_two_from_the_matrix_roots(self):
        rng = np.random.default_rng(4)
        for d in (1, 2, 5):
            (m0, s0), (m1, s1) = random_gaussian(rng, d), random_gaussian(rng, d)
            root = scipy.linalg.sqrtm(s1).real
            cross = scipy.linalg.sqrtm(root @ s0 @ root).real
            squared = np.sum((m0 - m1) ** 2) + np.trace(s0 + s1 - 2 * cross)
            assert g.wasserstein2_gaussian(m0, s0, m1, s1) == pytest.approx(math.sqrt(squared), rel=1e-9)

    def test_order_two_on_the_line_is_pythagoras(self):
        assert g.wasserstein2_gaussian(0.0, 1.0, 3.0, 25.0) == pytest.approx(5.0)

    def test_order_two_keeps_its_digits_near_equality(self):
        assert g.wasserstein2_gaussian(0.0, 1.0, 0.0, (1 + 1e-9) ** 2) == pytest.approx(1e-9, rel=1e-6)
        cov = random_gaussian(np.random.default_rng(0), 4)[1]
        assert g.wasserstein2_gaussian(np.zeros(4), cov, np.zeros(4), cov) < 1e-14

    @given(st.integers(1, 4), st.integers(0, 2**32 - 1))
    def test_metric_properties(self, d, seed):
        rng = np.random.default_rng(seed)
        a, b, c = (random_gaussian(rng, d) for _ in range(3))
        ab, ba = g.wasserstein2_gaussian(*a, *b), g.wasserstein2_gaussian(*b, *a)
        assert ab == pytest.approx(ba, rel=1e-9)
        assert ab <= g.wasserstein2_gaussian(*a, *c) + g.wasserstein2_gaussian(*c, *b) + 1e-12
        if d == 1:
            line = [(m[0], s[0, 0]) for m, s in (a, b)]
            assert g.wasserstein1_gaussian(*line[0], *line[1]) <= ab + 1e-12

    def test_batch(self):
        means, covs = np.zeros((3, 2)), np.stack([np.eye(2)] * 3)
        assert g.wasserstein2_gaussian(means, covs, np.ones(2), np.eye(2)).shape == (3,)
        with pytest.raises(ValueError, match="differ in dimension"):
            g.wasserstein2_gaussian(0.0, 1.0, np.zeros(2), np.eye(2))


class TestMutualInformation:
    def test_is_kl_from_joint_to_product(self):
        for rho in (-0.95, -0.3, 1e-5, 0.6, 0.999):
            joint = np.array([[1, rho], [rho, 1]])
            kl = g.kl_gaussian(np.zeros(2), joint, np.zeros(2), np.eye(2))
            assert g.mi_gaussian(rho) == pytest.approx(kl, rel=1e-10)

    @pytest.mark.parametrize("rho", [1e-9, 1e-3, 0.4999, 0.5, 0.9, 1 - 1e-12, -0.7])
    def test_exact(self, rho):
        exact = float(-mpmath.log(1 - mpmath.mpf(rho) ** 2) / 2)
        assert g.mi_gaussian(rho) == pytest.approx(exact, rel=4 * EPSILON)

    def test_edges_and_units(self):
        assert g.mi_gaussian([-1.0, 0.0, 1.0]).tolist() == [math.inf, 0.0, math.inf]
        assert g.mi_gaussian(0.8, base=2) == pytest.approx(g.mi_gaussian(0.8) / math.log(2))
        for bad in (1.01, math.nan):
            with pytest.raises(ValueError, match="rho must hold correlations"):
                g.mi_gaussian(bad)


class TestSampling:
    def test_whitened_draws_are_standard_normal(self):
        mean, cov = random_gaussian(np.random.default_rng(8), 3)
        x = g.sample_gaussian(mean, cov, 20_000, rng=5)
        z = scipy.linalg.solve_triangular(np.linalg.cholesky(cov), (x - mean).T, lower=True)
        # one fixed seed; the chance of a false alarm was 3 in 1000
        assert all(scipy.stats.kstest(row, "norm").pvalue > 1e-3 for row in z)
        np.testing.assert_allclose(np.cov(x.T), cov, atol=0.1)

    def test_the_same_seed_gives_the_same_draws(self):
        a = g.sample_gaussian(0.0, 4.0, 5, rng=1)
        assert a.shape == (5,)
        np.testing.assert_array_equal(a, 2 * np.random.default_rng(1).standard_normal(5))
        np.testing.assert_array_equal(a, g.sample_gaussian(0.0, 4.0, 5, rng=np.random.default_rng(1)))

    def test_one_gaussian_at_a_time(self):
        with pytest.raises(ValueError, match="give one mean"):
            g.sample_gaussian(np.zeros((2, 2)), np.eye(2), 3, rng=0)


class TestMomentMatch:
    def test_is_the_minimum_of_forward_kl(self):
        weights, means, variances = [0.3, 0.7], np.array([-2.0, 1.0]), np.array([0.5, 1.5])
        mean, variance = g.moment_match(weights, means, variances)

        def cross_entropy(m, v):  # of the mixture with one Gaussian; the mixture's entropy is a constant
            return -sum(
                w * (g.log_pdf_gaussian(mk, m, v) - vk / v / 2)
                for w, mk, vk in zip(weights, means, variances, strict=True)
            )

        best = cross_entropy(mean, variance)
        for dm, dv in [(0.05, 0), (-0.05, 0), (0, 0.1), (0, -0.1)]:
            assert cross_entropy(mean + dm, variance + dv) > best

    def test_against_draws_of_the_mixture(self):
        rng = np.random.default_rng(2)
        (m0, s0), (m1, s1) = random_gaussian(rng, 2), random_gaussian(rng, 2)
        x = np.concatenate(
            [g.sample_gaussian(m0, s0, 40_000, rng=rng), g.sample_gaussian(m1, s1, 60_000, rng=rng)]
        )
        mean, cov = g.moment_match([0.4, 0.6], np.stack([m0, m1]), np.stack([s0, s1]))
        np.testing.assert_allclose(mean, x.mean(axis=0), atol=0.02)
        np.testing.assert_allclose(cov, np.cov(x.T), atol=0.08)

    def test_errors(self):
        with pytest.raises(ProbabilityError, match=r"weights sums to 1.1"):
            g.moment_match([0.5, 0.6], [0.0, 1.0], [1.0, 1.0])
        with pytest.raises(ValueError, match="need means of shape"):
            g.moment_match([0.5, 0.5], np.zeros((2, 2)), np.ones((2, 2)))
        with pytest.raises(ValueError, match="not positive definite"):
            g.moment_match([0.5, 0.5], [0.0, 1.0], [1.0, 0.0])


@pytest.mark.parametrize(
    ("cov", "message"),
    [
        (np.array([[1.0, 1.0], [1.0, 1.0]]), r"not positive definite \(smallest eigenvalue .*ridge"),
        (-1.0, "not positive definite"),
        (np.array([[1.0, 0.5], [0.4, 1.0]]), "not symmetric"),
        (np.ones(3), r"must be square.*got \(3,\); np.diag"),
        (np.ones((2, 3)), "must be square"),
        (np.zeros((0, 0)), "must be square"),
        (np.array([[math.nan]]), "cov holds NaN or infinite"),
    ],
)
def test_a_covariance_is_symmetric_and_positive_definite(cov, message):
    with pytest.raises(ValueError, match=message):
        g.entropy_gaussian(cov)


def test_the_base_is_checked():
    for call in (
        lambda: g.entropy_gaussian(1.0, base=1),
        lambda: g.kl_gaussian(0.0, 1.0, 0.0, 1.0, base=-2),
        lambda: g.kl_diag_gaussian(0.0, 1.0, base=0),
        lambda: g.mi_gaussian(0.0, base=math.inf),
    ):
        with pytest.raises(ValueError, match="base must be positive"):
            call()

"""The evidence lower bound against closed forms, quadrature, enumeration, scikit-learn and a convex check."""

import itertools
import math

import mpmath
import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

import course_lib as e
from course_lib._validate import ProbabilityError
from course_lib.gaussian import kl_diag_gaussian, log_pdf_gaussian

SEEDS = st.integers(0, 2**32 - 1)


def spd(rng, *shape):
    """Return random covariances (..., d, d), neither diagonal nor badly conditioned."""
    a = rng.normal(size=(*shape, shape[-1]))
    return a @ np.swapaxes(a, -1, -2) + 0.3 * np.eye(shape[-1])


def linear_model(rng, D, L, *, one_noise=False):
    noise = 0.4 if one_noise else spd(rng, D)
    return e.LinearGaussian(rng.normal(size=(D, L)), rng.normal(size=D), noise)


class TestTable:
    @given(SEEDS, st.integers(1, 6), st.integers(1, 4))
    def test_evidence_is_bound_plus_gap_for_any_q(self, seed, K, N):
        rng = np.random.default_rng(seed)
        log_joint, q = rng.normal(0, 3, (N, K)), rng.dirichlet(np.ones(K), N)
        parts = e.elbo_identity(log_joint, q)
        np.testing.assert_allclose(parts.elbo + parts.gap, parts.log_evidence, atol=1e-12)
        np.testing.assert_allclose(parts.log_evidence, scipy.special.logsumexp(log_joint, axis=1), atol=1e-13)
        assert np.all(parts.gap >= 0)

    @given(SEEDS, st.integers(1, 6))
    def test_the_posterior_closes_the_gap(self, seed, K):
        log_joint = np.random.default_rng(seed).normal(0, 3, K)
        parts = e.elbo_identity(log_joint, scipy.special.softmax(log_joint))
        assert parts.gap == pytest.approx(0, abs=1e-28)
        assert parts.elbo == pytest.approx(parts.log_evidence, rel=1e-13, abs=1e-13)

    def test_to_fifty_digits(self):
        prior, likelihood, q = [0.5, 0.25, 0.25], [0.75, 0.125, 0.5], [0.25, 0.25, 0.5]
        with mpmath.workdps(50):
            exact = sum(
                b * mpmath.log(mpmath.mpf(a) * c / b) for a, c, b in zip(prior, likelihood, q, strict=True)
            )
        found = e.elbo_identity(np.log(np.multiply(prior, likelihood)), q).elbo
        assert isinstance(found, float)
        assert found == pytest.approx(float(exact), rel=1e-15)

    @given(SEEDS)
    def test_two_readings_give_the_same_number(self, seed):
        rng = np.random.default_rng(seed)
        prior, q = rng.dirichlet(np.ones(4), 2)
        log_lik = rng.normal(size=4)
        found = e.elbo_identity(np.log(prior) + log_lik, q).elbo
        energy_plus_entropy = q @ (np.log(prior) + log_lik) + scipy.stats.entropy(q)
        reconstruction_minus_kl = q @ log_lik - scipy.stats.entropy(q, prior)
        assert found == pytest.approx(energy_plus_entropy, abs=1e-12)
        assert found == pytest.approx(reconstruction_minus_kl, abs=1e-12)

    def test_states_that_cannot_be(self):
        log_joint = [math.log(0.2), -math.inf]
        assert e.elbo_identity(log_joint, [1.0, 0.0]).elbo == pytest.approx(math.log(0.2))
        parts = e.elbo_identity(log_joint, [0.5, 0.5])
        assert (parts.elbo, parts.gap) == (-math.inf, math.inf)
        assert parts.log_evidence == pytest.approx(math.log(0.2))

    def test_axis_units_weights_and_dtypes(self):
        rng = np.random.default_rng(0)
        log_joint, q = rng.normal(size=(2, 3, 4)), rng.dirichlet(np.ones(3), (2, 4)).swapaxes(1, 2)
        parts = e.elbo_identity(log_joint, q, axis=1, base=2, keepdims=True)
        for i, k in itertools.product(range(2), range(4)):
            one = e.elbo_identity(log_joint[i, :, k], q[i, :, k])
            for found, nats in zip(parts, one, strict=True):
                assert found.shape == (2, 1, 4)
                assert found[i, 0, k] == pytest.approx(nats / math.log(2), rel=1e-13)
        weights = e.elbo_identity(log_joint[0, :, 0], 7 * q[0, :, 0], normalize=True)
        np.testing.assert_allclose(weights, e.elbo_identity(log_joint[0, :, 0], q[0, :, 0]), rtol=1e-12)
        single = e.elbo_identity(log_joint.astype(np.float32), q.astype(np.float32), axis=1)
        np.testing.assert_allclose(single.elbo + single.gap, single.log_evidence, atol=1e-12)

    def test_errors(self):
        f = e.elbo_identity
        with pytest.raises(ProbabilityError, match=r"q sums to 0\.9, not 1; pass normalize=True"):
            f([0.0, 0.0], [0.5, 0.4])
        with pytest.raises(ValueError, match=r"log_joint has shape \(3,\) and q has shape \(2, 3\)"):
            f(np.zeros(3), np.full((2, 3), 1 / 3), axis=1)
        with pytest.raises(ValueError, match="log_joint holds NaN"):
            f([math.nan, 0.0], [0.5, 0.5])
        with pytest.raises(ValueError, match="log_joint holds \\+inf"):
            f([math.inf, 0.0], [0.5, 0.5])
        with pytest.raises(ValueError, match="log_joint rules every outcome out"):
            f([-math.inf, -math.inf], [0.5, 0.5])
        with pytest.raises(ValueError, match="base must be positive"):
            f([0.0, 0.0], [0.5, 0.5], base=1)
        with pytest.raises(TypeError, match="log_joint must hold real numbers"):
            f(["a", "b"], [0.5, 0.5])


class TestLinearGaussian:
    def test_identity_over_a_thousand_full_covariances(self):
        rng = np.random.default_rng(0)
        worst = 0.0
        for _ in range(10):
            model = linear_model(rng, 5, 3)
            x, mean_q, cov_q = rng.normal(0, 2, (100, 5)), rng.normal(size=(100, 3)), spd(rng, 100, 3)
            mean_p, cov_p = e.posterior_linear_gaussian(x, *model)
            gap = np.array(
                [kl_from_formula(*args, cov_p) for args in zip(mean_q, cov_q, mean_p, strict=True)]
            )
            evidence = e.log_evidence_linear_gaussian(x, *model)
            error = e.elbo_linear_gaussian(x, mean_q, cov_q, *model) + gap - evidence
            worst = max(worst, np.abs(error / evidence).max())
            assert np.all(gap > 0)
        assert worst <= 1e-12

    @given(SEEDS, st.integers(1, 4), st.integers(1, 4))
    def test_exact_posterior_gives_the_evidence(self, seed, D, L):
        rng = np.random.default_rng(seed)
        model = linear_model(rng, D, L, one_noise=True)
        x = rng.normal(0, 2, (3, D))
        evidence = e.log_evidence_linear_gaussian(x, *model)
        bound = e.elbo_linear_gaussian(x, *e.posterior_linear_gaussian(x, *model), *model)
        np.testing.assert_allclose(bound, evidence, rtol=1e-11)
        elsewhere = e.elbo_linear_gaussian(x, rng.normal(size=(3, L)), spd(rng, L), *model)
        assert np.all(elsewhere <= evidence)

    def test_evidence_agrees_with_scipy(self):
        rng = np.random.default_rng(1)
        W, b, S = linear_model(rng, 4, 2)
        x = rng.normal(size=(6, 4))
        expected = scipy.stats.multivariate_normal(b, W @ W.T + S).logpdf(x)
        np.testing.assert_allclose(e.log_evidence_linear_gaussian(x, W, b, S), expected, rtol=1e-12)

    def test_posterior_by_conditioning_the_joint(self):
        # x and z are jointly Gaussian: condition on x by the textbook formula, a different path.
        rng = np.random.default_rng(2)
        W, b, S = linear_model(rng, 4, 2)
        x = rng.normal(size=(3, 4))
        gain = W.T @ np.linalg.inv(W @ W.T + S)
        mean, cov = e.posterior_linear_gaussian(x, W, b, S)
        np.testing.assert_allclose(mean, (x - b) @ gain.T, rtol=1e-10)
        np.testing.assert_allclose(cov, np.eye(2) - gain @ W, rtol=1e-10)
        np.testing.assert_array_equal(cov, cov.T)

    def test_bound_by_quadrature(self):
        model = e.LinearGaussian([[1.5], [-0.5]], [0.2, 0.1], [[0.5, 0.1], [0.1, 0.8]])
        x, m, c = np.array([1.0, -1.0]), 0.3, 0.6
        z = np.linspace(-12, 12, 4001)[:, None]
        W, b, S = map(np.asarray, model)
        log_q = scipy.stats.norm(m, math.sqrt(c)).logpdf(z[:, 0])
        log_joint = scipy.stats.norm.logpdf(z[:, 0]) + scipy.stats.multivariate_normal(b, S).logpdf(
            x - z @ W.T
        )
        expected = np.trapezoid(np.exp(log_q) * (log_joint - log_q), z[:, 0])
        assert e.elbo_linear_gaussian(x, [m], [[c]], *model) == pytest.approx(expected, rel=1e-10)

    def test_many_q_meet_one_x(self):
        rng = np.random.default_rng(3)
        model, x = linear_model(rng, 3, 2), rng.normal(size=3)
        means, covs = rng.normal(size=(7, 2)), spd(rng, 7, 2)
        found = e.elbo_linear_gaussian(x, means, covs, *model)
        one_by_one = [e.elbo_linear_gaussian(x, m, c, *model) for m, c in zip(means, covs, strict=True)]
        np.testing.assert_allclose(found, one_by_one, rtol=1e-13)
        assert isinstance(one_by_one[0], float)

    def test_errors(self):
        W, b = np.ones((3, 2)), np.zeros(3)
        for f in (e.log_evidence_linear_gaussian, e.posterior_linear_gaussian):
            with pytest.raises(ValueError, match=r"W must have shape \(D, L\) and mean \(D,\)"):
                f(b, W, np.zeros(2), 1.0)
            with pytest.raises(ValueError, match=r"W must have shape \(D, L\)"):
                f(b, b, b, 1.0)
            with pytest.raises(ValueError, match=r"x must have shape \(..., 3\), one number for each row"):
                f(np.zeros(2), W, b, 1.0)
            with pytest.raises(ValueError, match="x must have shape"):
                f(0.0, W, b, 1.0)
            with pytest.raises(ValueError, match="noise must be above 0"):
                f(b, W, b, 0.0)
            with pytest.raises(ValueError, match=r"noise must be a variance or have shape \(3, 3\)"):
                f(b, W, b, np.eye(2))
            with pytest.raises(ValueError, match="noise is not positive definite"):
                f(b, W, b, -np.eye(3))
            with pytest.raises(ValueError, match="W holds NaN"):
                f(b, W * math.nan, b, 1.0)
        with pytest.raises(ValueError, match=r"q has 3 latent dimension\(s\), but W has 2 columns"):
            e.elbo_linear_gaussian(b, b, np.eye(3), W, b, 1.0)
        with pytest.raises(ValueError, match=r"one q for each x: x has shape \(4, 3\), mean_q \(5, 2\)"):
            e.elbo_linear_gaussian(np.zeros((4, 3)), np.zeros((5, 2)), np.eye(2), W, b, 1.0)
        with pytest.raises(ValueError, match="cov_q is not positive definite"):
            e.elbo_linear_gaussian(b, np.zeros(2), -np.eye(2), W, b, 1.0)


def kl_from_formula(mean0, cov0, mean1, cov1):
    """Return D_KL of two Gaussians from the textbook formula: another path than the library's."""
    shift, inverse = mean1 - mean0, np.linalg.inv(cov1)
    log_det = np.linalg.slogdet(cov1)[1] - np.linalg.slogdet(cov0)[1]
    return (np.trace(inverse @ cov0) - len(shift) + shift @ inverse @ shift + log_det) / 2


class TestPPCA:
    def data(self, N=60, D=5):
        rng = np.random.default_rng(4)
        return rng.normal(size=(N, D)) @ rng.normal(size=(D, D)) + rng.normal(size=D)

    def log_likelihood(self, X, W, noise, mean):
        return scipy.stats.multivariate_normal(mean, W @ W.T + noise * np.eye(len(W))).logpdf(X).mean()

    @pytest.mark.parametrize("L", [1, 2, 4])
    def test_beats_sklearn_by_its_n_minus_one(self, L):
        X = self.data()
        model = e.ppca_ml(X, L)
        ours = e.log_evidence_linear_gaussian(X, *model).mean()
        peer = PCA(L).fit(X)
        assert 0 < ours - peer.score(X) < 1e-2
        shrink = (len(X) - 1) / len(X)
        assert model.noise == pytest.approx(peer.noise_variance_ * shrink, rel=1e-12)
        np.testing.assert_allclose(
            model.W @ model.W.T + model.noise * np.eye(5), peer.get_covariance() * shrink, rtol=1e-10
        )

    def test_maximum_in_closed_form(self):
        X, L = self.data(), 2
        eigenvalues = np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1]
        noise = eigenvalues[L:].mean()
        log_det = np.log(eigenvalues[:L]).sum() + 3 * math.log(noise)
        expected = -(5 * math.log(2 * math.pi) + log_det + 5) / 2
        assert e.log_evidence_linear_gaussian(X, *e.ppca_ml(X, L)).mean() == pytest.approx(
            expected, rel=1e-12
        )

    @pytest.mark.parametrize("fixed", [None, 0.7])
    def test_no_step_leads_higher(self, fixed):
        X, rng = self.data(), np.random.default_rng(5)
        W, mean, noise = e.ppca_ml(X, 2, noise=fixed)
        top = self.log_likelihood(X, W, noise, mean)
        for _ in range(200):
            other = noise if fixed else noise * math.exp(1e-2 * rng.normal())
            step = W + 1e-2 * rng.normal(size=W.shape)
            assert self.log_likelihood(X, step, other, mean + 1e-2 * rng.normal(size=5)) < top

    def test_fixed_noise_collapses_what_varies_less(self):
        X = self.data()
        eigenvalues = np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1]
        noise = (eigenvalues[1] + eigenvalues[2]) / 2
        W, _, kept = e.ppca_ml(X, 5, noise=noise)
        assert kept == noise
        assert np.all(W[:, 2:] == 0)
        np.testing.assert_allclose((W**2).sum(axis=0)[:2], eigenvalues[:2] - noise, rtol=1e-12)
        assert np.all(W[np.abs(W).argmax(axis=0), np.arange(5)] >= 0)

    @given(SEEDS, st.integers(1, 3))
    def test_latents_carry_half_log_of_variance_over_noise(self, seed, L):
        # The mean KL from posterior to prior, coordinate by coordinate, against its closed form.
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(20, 4)) * [4, 3, 2, 1]
        model = e.ppca_ml(X, L)
        mean, cov = e.posterior_linear_gaussian(X, *model)
        assert np.abs(cov - np.diag(np.diag(cov))).max() < 1e-10
        rates = kl_diag_gaussian(mean.T, np.diag(cov)[:, None] * np.ones(20), axis=0, keepdims=True)
        by_coordinate = [kl_diag_gaussian(mean[:, [j]], np.full((20, 1), cov[j, j])).mean() for j in range(L)]
        eigenvalues = np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1]
        np.testing.assert_allclose(by_coordinate, np.log(eigenvalues[:L] / model.noise) / 2, rtol=1e-8)
        assert rates.mean() == pytest.approx(sum(by_coordinate))

    def test_errors(self):
        X = self.data()
        with pytest.raises(ValueError, match="n_latent must be at most 4, got 5: X has 5 columns"):
            e.ppca_ml(X, 5)
        with pytest.raises(ValueError, match="n_latent must be at most 5, got 6"):
            e.ppca_ml(X, 6, noise=1.0)
        with pytest.raises(ValueError, match="n_latent must be 1 or more"):
            e.ppca_ml(X, 0)
        with pytest.raises(ValueError, match="X must be a table"):
            e.ppca_ml(X[0], 1)
        with pytest.raises(ValueError, match="X must be a table"):
            e.ppca_ml(X[:0], 1)
        with pytest.raises(ValueError, match="noise must be above 0"):
            e.ppca_ml(X, 1, noise=0.0)
        with pytest.raises(ValueError, match=r"X does not vary outside 2 dimension\(s\)"):
            e.ppca_ml(np.column_stack([X[:, :2], X[:, :2].sum(axis=1)]), 2)
        with pytest.raises(ValueError, match="does not vary"):
            e.ppca_ml(X[:1], 2)


VARIANCES = st.lists(st.floats(0.01, 100), min_size=1, max_size=6)


class TestWater:
    @given(VARIANCES, st.floats(0.01, 0.99))
    def test_is_the_convex_optimum(self, variances, share):
        # Least Σ log(λ/d)/2 with Σ d = D, 0 < d <= λ is a convex problem. Its multipliers certify the
        # optimum: the slope 1/2d is one number over the coordinates with d < λ, and no smaller where d = λ.
        variances = np.array(variances)
        code = e.reverse_waterfill(variances, share * variances.sum())
        assert code.distortion == pytest.approx(share * variances.sum(), rel=1e-12)
        assert np.all(code.distortions <= variances)
        np.testing.assert_allclose(code.rates, np.log(variances / code.distortions) / 2, atol=1e-14)
        free = code.distortions < variances * (1 - 1e-12)
        level = code.distortions[free].mean() if free.any() else code.distortions.max()
        np.testing.assert_allclose(code.distortions[free], level, rtol=1e-12)
        assert np.all(code.distortions[~free] <= level * (1 + 1e-9))

    def test_against_a_general_solver(self):
        rng = np.random.default_rng(6)
        for _ in range(5):
            variances = rng.exponential(size=4)
            D = rng.uniform(0.1, 0.9) * variances.sum()
            found = scipy.optimize.minimize(
                lambda d, v=variances: np.log(v / d).sum() / 2,
                variances * D / variances.sum(),
                jac=lambda d: -1 / (2 * d),
                bounds=[(1e-9, v) for v in variances],
                constraints={"type": "eq", "fun": lambda d, D=D: d.sum() - D, "jac": np.ones_like},
                method="SLSQP",
                options={"ftol": 1e-14},
            )
            assert e.reverse_waterfill(variances, D).rate == pytest.approx(found.fun, abs=1e-7)

    @given(VARIANCES, st.floats(0.02, 0.97))
    def test_curve_falls_with_slope_minus_half_over_level_and_is_convex(self, variances, share):
        total = sum(variances)
        low, mid, high = (e.reverse_waterfill(variances, (share + s) * total).rate for s in (-0.01, 0, 0.01))
        assert low >= mid >= high
        assert low + high >= 2 * mid - 1e-12

    def test_units_order_and_edges(self):
        variances = [1.0, 4.0, 0.0, 0.25]
        code = e.reverse_waterfill(variances, 1.25)
        np.testing.assert_allclose(code.rates, np.log([2, 8, 1, 1]) / 2)
        np.testing.assert_allclose(e.reverse_waterfill(variances, 1.25, base=2).rates, [0.5, 1.5, 0, 0])
        for D in (5.25, 6.0, 1e9):
            nothing = e.reverse_waterfill(variances, D)
            assert nothing.rate == 0
            np.testing.assert_array_equal(nothing.distortions, variances)
        flat = e.reverse_waterfill([2.0, 2.0], 1.0)
        np.testing.assert_allclose(flat.rates, np.log([4, 4]) / 2)

    def test_result_is_no_window_on_the_input(self):
        variances = np.array([1.0, 2.0])
        e.reverse_waterfill(variances, 5.0).distortions[0] = 7
        assert variances[0] == 1

    def test_exact_where_little_is_said(self):
        # log(1 + 1e-13)/2 by a plain logarithm of the ratio keeps three digits.
        code = e.reverse_waterfill([1 + 2.0**-43, 1.0], 2.0)
        with mpmath.workdps(50):
            exact = mpmath.log(mpmath.mpf(1 + 2.0**-43) / mpmath.mpf(float(code.distortions[0]))) / 2
        assert code.rates[0] == pytest.approx(float(exact), rel=1e-12)

    def test_errors(self):
        for wrong in ([], [[1.0]], 1.0):
            with pytest.raises(ValueError, match="variances must be one row of numbers, got shape"):
                e.reverse_waterfill(wrong, 1.0)
        with pytest.raises(ValueError, match=r"variances must not be negative, got -1e-15; .* np\.maximum"):
            e.reverse_waterfill([1.0, -1e-15], 1.0)
        with pytest.raises(ValueError, match="variances holds NaN"):
            e.reverse_waterfill([math.nan], 1.0)
        with pytest.raises(ValueError, match="distortion must be above 0"):
            e.reverse_waterfill([1.0], 0.0)
        with pytest.raises(ValueError, match="base must be positive"):
            e.reverse_waterfill([1.0], 0.5, base=-2)


class TestLinearBetaVae:
    @given(VARIANCES, st.floats(0.01, 10), st.floats(0.05, 20))
    def test_lies_on_shannons_curve(self, variances, noise, beta):
        vae = e.linear_beta_vae(variances, len(variances), noise=noise, beta=beta)
        shannon = e.reverse_waterfill(variances, vae.distortion)
        np.testing.assert_allclose(vae.rates, shannon.rates, atol=1e-9)
        np.testing.assert_allclose(vae.distortions, shannon.distortions, rtol=1e-9)

    @given(VARIANCES, st.floats(0.01, 0.5))
    def test_too_few_latents_lie_above_it(self, variances, noise):
        few = e.linear_beta_vae([*variances, 150.0, 160.0], 1, noise=noise)
        shannon = e.reverse_waterfill([*variances, 150.0, 160.0], few.distortion)
        assert few.rate > shannon.rate
        assert np.count_nonzero(few.rates) == 1
        assert few.rates[-1] > 0

    @pytest.mark.parametrize("beta", [0.5, 1.0, 3.0])
    def test_agrees_with_the_model_it_speaks_of(self, beta):
        # Rate and squared error of the pPCA model with noise βσ², from its posterior, example by example.
        X, noise = np.random.default_rng(7).normal(size=(40, 4)) * [4, 3, 2, 1], 1.3
        eigenvalues = np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1]
        model = e.ppca_ml(X, 3, noise=beta * noise)
        mean, cov = e.posterior_linear_gaussian(X, *model)
        rate = np.mean([kl_from_formula(m, cov, np.zeros(3), np.eye(3)) for m in mean])
        left = X - model.mean - mean @ model.W.T
        error = np.mean(np.sum(left**2, axis=1)) + np.trace(model.W @ cov @ model.W.T)
        found = e.linear_beta_vae(eigenvalues, 3, noise=noise, beta=beta)
        assert found.rate == pytest.approx(rate, rel=1e-9)
        assert found.distortion == pytest.approx(error, rel=1e-9)

    def test_no_other_linear_gaussian_encoder_does_better(self):
        # The objective of a one-dimensional x in closed form, maximised by a general solver.
        variance, noise, beta = 3.0, 0.5, 2.0

        def loss(theta):
            w, gain, log_v = theta
            v = math.exp(log_v)
            error = variance * (1 - w * gain) ** 2 + w * w * v
            kl = (gain**2 * variance + v - 1 - log_v) / 2
            return error / (2 * noise) + beta * kl

        best = scipy.optimize.minimize(loss, [1.0, 0.5, -1.0], method="Nelder-Mead", options={"xatol": 1e-10})
        found = e.linear_beta_vae([variance], 1, noise=noise, beta=beta)
        assert found.distortion / (2 * noise) + beta * found.rate == pytest.approx(best.fun, abs=1e-6)

    def test_units_and_ties(self):
        bits = e.linear_beta_vae([4.0, 1.0, 4.0], 2, noise=0.5, beta=2, base=2)
        np.testing.assert_allclose(bits.rates, [1, 0, 1])
        np.testing.assert_allclose(e.linear_beta_vae([4.0, 4.0], 1, noise=1.0).distortions, [1, 4])

    def test_errors(self):
        for name, options in {"noise": {"noise": 0.0}, "beta": {"noise": 1.0, "beta": -1.0}}.items():
            with pytest.raises(ValueError, match=f"{name} must be above 0"):
                e.linear_beta_vae([1.0], 1, **options)
        with pytest.raises(ValueError, match="n_latent must be at most the number of variances, 1; got 2"):
            e.linear_beta_vae([1.0], 2, noise=1.0)
        with pytest.raises(ValueError, match="n_latent must be 1 or more"):
            e.linear_beta_vae([1.0], 0, noise=1.0)
        with pytest.raises(ValueError, match="variances must be one row"):
            e.linear_beta_vae([], 1, noise=1.0)


class TestIwae:
    @given(SEEDS, st.floats(0.1, 30))
    def test_monotone_over_nested_partitions_sample_by_sample(self, seed, spread):
        log_w = np.random.default_rng(seed).normal(0, spread, (5, 24))
        for chain in ([1, 2, 4, 8, 24], [1, 3, 6, 12, 24]):
            bounds = np.array([e.iwae_bound(log_w, k) for k in chain])
            assert np.all(np.diff(bounds, axis=0) >= -1e-12)

    def test_by_hand_and_by_scipy(self):
        log_w = np.random.default_rng(8).normal(size=(2, 3, 12))
        np.testing.assert_allclose(e.iwae_bound(log_w, 1), log_w.mean(axis=-1), rtol=1e-13)
        expected = scipy.special.logsumexp(log_w, axis=-1) - math.log(12)
        np.testing.assert_allclose(e.iwae_bound(log_w, 12), expected, rtol=1e-13)
        groups = scipy.special.logsumexp(log_w.reshape(2, 3, 3, 4), axis=-1) - math.log(4)
        np.testing.assert_allclose(e.iwae_bound(log_w, 4), groups.mean(axis=-1), rtol=1e-13)
        assert isinstance(e.iwae_bound(log_w[0, 0], 4), float)

    def test_expectation_by_enumeration(self):
        # Two draws, each of two weights: the mean bound over all four outcomes.
        q, w = np.array([0.5, 0.5]), np.array([0.2, 1.4])
        pairs = np.array([[w[i], w[j]] for i, j in itertools.product(range(2), repeat=2)])
        mean_bound = e.iwae_bound(np.log(pairs), 2).mean()
        assert mean_bound == pytest.approx((math.log(0.2) + 2 * math.log(0.8) + math.log(1.4)) / 4)
        assert q @ np.log(w) < mean_bound < math.log(q @ w)

    def test_impossible_draws(self):
        assert e.iwae_bound([-math.inf, 0.0], 2) == pytest.approx(-math.log(2))
        assert e.iwae_bound([-math.inf, 0.0], 1) == -math.inf

    def test_shift_and_large_numbers(self):
        log_w = np.random.default_rng(9).normal(size=8)
        assert e.iwae_bound(log_w - 5000, 8) == pytest.approx(e.iwae_bound(log_w, 8) - 5000, rel=1e-14)
        single = e.iwae_bound(np.float32([-100, -101, -102, -103]), 2)
        assert isinstance(single, float)

    def test_errors(self):
        with pytest.raises(ValueError, match="k must divide the 6 draws of each example"):
            e.iwae_bound(np.zeros((2, 6)), 4)
        with pytest.raises(ValueError, match="k must divide the 6 draws"):
            e.iwae_bound(np.zeros((2, 6)), 12)
        with pytest.raises(ValueError, match="k must be 1 or more"):
            e.iwae_bound(np.zeros(6), 0)
        with pytest.raises(TypeError, match="k must be a whole number"):
            e.iwae_bound(np.zeros(6), 2.0)
        for wrong in (0.0, np.zeros((2, 0))):
            with pytest.raises(ValueError, match="log_w must hold draws along its last axis"):
                e.iwae_bound(wrong, 1)
        for bad in (math.nan, math.inf):
            with pytest.raises(ValueError, match="log_w holds NaN or \\+inf"):
                e.iwae_bound([0.0, bad], 1)
        with pytest.raises(TypeError, match="log_w must hold real numbers"):
            e.iwae_bound(["a"], 1)


class TestGrid:
    @pytest.mark.parametrize("L", [1, 2, 3])
    def test_against_closed_form(self, L):
        rng = np.random.default_rng(10 + L)
        W, b, S = linear_model(rng, 4, L)
        x = rng.normal(size=(5, 4))

        def log_joint(z):
            return log_pdf_gaussian(x[:, None] - z @ W.T, b, S) + log_pdf_gaussian(z, np.zeros(L), np.eye(L))

        found = e.grid_log_evidence(log_joint, [np.linspace(-8, 8, 90)] * L)
        np.testing.assert_allclose(found, e.log_evidence_linear_gaussian(x, W, b, S), rtol=1e-8)

    def test_uneven_axes_keep_their_places(self):
        # A density on a box: wrong pairing of axes and weights would miss the mass.
        def log_joint(z):
            inside = (z[:, 0] <= 2) & (z[:, 1] <= 30)
            return np.where(inside, -math.log(60), -math.inf)[None]

        grid = [np.array([0.0, 0.5, 2.0]), np.array([0.0, 10.0, 15.0, 30.0])]
        assert e.grid_log_evidence(log_joint, grid)[0] == pytest.approx(0, abs=1e-14)

    def test_impossible_examples_and_chunks(self):
        calls = []

        def log_joint(z):
            calls.append(len(z))
            return np.stack([np.full(len(z), -math.inf), -(z[:, 0] ** 2)])

        found = e.grid_log_evidence(log_joint, [np.linspace(-6, 6, 10_001)])
        assert found[0] == -math.inf
        assert found[1] == pytest.approx(math.log(math.pi) / 2)
        assert len(calls) > 1
        assert sum(calls) == 10_001

    def test_errors(self):
        grid = np.linspace(-1, 1, 5)
        with pytest.raises(ValueError, match="axes is empty"):
            e.grid_log_evidence(lambda z: z.T, [])
        for wrong in ([1.0], [[0.0, 1.0]], [0.0, 0.0], [1.0, 0.0]):
            with pytest.raises(ValueError, match=r"axes\[1\] must be a row of rising numbers, two or more"):
                e.grid_log_evidence(lambda z: z.T, [grid, wrong])
        with pytest.raises(ValueError, match=r"axes\[0\] must be a row .* give a list with one grid"):
            e.grid_log_evidence(lambda z: z.T, grid)
        with pytest.raises(
            ValueError, match=r"log_joint must return shape \(N, 5\) for 5 points, got \(5, 1\)"
        ):
            e.grid_log_evidence(lambda z: z, [grid])
        with pytest.raises(ValueError, match=r"log_joint must return shape \(N, 5\)"):
            e.grid_log_evidence(lambda z: z[:, 0], [grid])
        for bad in (math.nan, math.inf):
            with pytest.raises(ValueError, match="log_joint returned NaN or \\+inf"):
                e.grid_log_evidence(lambda z, bad=bad: np.full((1, len(z)), bad), [grid])
        with pytest.raises(ValueError, match=r"axes\[0\] holds NaN"):
            e.grid_log_evidence(lambda z: z.T, [[0.0, math.nan]])


class TestSurgery:
    @given(SEEDS, st.integers(1, 6), st.integers(1, 3), st.integers(1, 3))
    def test_parts_add_up_for_every_example(self, seed, N, L, draws):
        rng = np.random.default_rng(seed)
        mean, variance = rng.normal(0, 2, (N, L)), rng.exponential(size=(N, L)) + 0.01
        parts = e.elbo_surgery(mean, variance, draws=draws, rng=seed)
        np.testing.assert_allclose(parts.information + parts.marginal_kl, parts.kl, atol=1e-9)
        assert np.all(parts.information <= math.log(N) + 1e-9)
        assert all(part.shape == (N,) for part in parts)

    def test_means_against_quadrature(self):
        mean, variance = np.array([[-1.0], [0.5], [2.0]]), np.array([[0.5], [1.0], [0.2]])
        z = np.linspace(-12, 12, 6001)
        each = scipy.stats.norm(mean, np.sqrt(variance)).pdf(z)
        pooled = each.mean(axis=0)
        prior = scipy.stats.norm.pdf(z)
        information = np.trapezoid(scipy.special.rel_entr(each, pooled), z).mean()
        marginal = np.trapezoid(scipy.special.rel_entr(pooled, prior), z)
        parts = e.elbo_surgery(mean, variance, draws=100_000, rng=0)
        assert parts.information.mean() == pytest.approx(information, abs=5e-3)
        assert parts.marginal_kl.mean() == pytest.approx(marginal, abs=1e-2)
        np.testing.assert_allclose(parts.kl, kl_diag_gaussian(mean, variance), atol=2e-2)

    def test_one_example_carries_no_information(self):
        parts = e.elbo_surgery([[1.0, 2.0]], [[0.5, 2.0]], draws=4, rng=0)
        np.testing.assert_allclose(parts.information, 0, atol=1e-14)

    def test_clouds_far_apart_carry_log_n(self):
        parts = e.elbo_surgery(1000.0 * np.arange(7)[:, None], np.ones((7, 1)), rng=0)
        np.testing.assert_allclose(parts.information, math.log(7), rtol=1e-12)

    def test_the_best_prior_is_the_aggregate(self):
        rng = np.random.default_rng(11)
        mean, variance = rng.normal(0, 3, (4, 2)), np.full((4, 2), 0.3)

        def aggregate(z):
            logs = scipy.stats.norm(mean, np.sqrt(variance)).logpdf(z[:, None]).sum(axis=-1)
            return scipy.special.logsumexp(logs, axis=1) - math.log(4)

        parts = e.elbo_surgery(mean, variance, log_prior=aggregate, draws=3, rng=0)
        np.testing.assert_allclose(parts.marginal_kl, 0, atol=1e-12)
        plain = e.elbo_surgery(mean, variance, draws=3, rng=0)
        np.testing.assert_array_equal(plain.information, parts.information)

    def test_seeds_and_blocks(self, monkeypatch):
        rng = np.random.default_rng(12)
        mean, variance = rng.normal(size=(50, 3)), np.ones((50, 3))
        whole = e.elbo_surgery(mean, variance, rng=np.random.default_rng(3))
        monkeypatch.setattr("course_lib.elbo.BLOCK", 400)  # two rows at a time
        pieces = e.elbo_surgery(mean, variance, rng=3)
        np.testing.assert_allclose(np.array(pieces), np.array(whole), rtol=1e-12)

    def test_errors(self):
        mean, variance = np.zeros((3, 2)), np.ones((3, 2))
        for wrong in (np.zeros((2, 2)), np.zeros(3), np.zeros((3, 1))):
            with pytest.raises(ValueError, match=r"mean and variance must both be \(N, L\)"):
                e.elbo_surgery(wrong, variance)
        with pytest.raises(ValueError, match=r"must both be \(N, L\), got \(0, 2\)"):
            e.elbo_surgery(mean[:0], variance[:0])
        with pytest.raises(ValueError, match="variance must be positive, got -1; take exp of a log-variance"):
            e.elbo_surgery(mean, -variance)
        with pytest.raises(ValueError, match="draws must be 1 or more"):
            e.elbo_surgery(mean, variance, draws=0)
        with pytest.raises(ValueError, match=r"log_prior must return shape \(6,\), one number per point"):
            e.elbo_surgery(mean, variance, draws=2, log_prior=lambda z: z)
        with pytest.raises(ValueError, match=r"log_prior\(z\) holds NaN"):
            e.elbo_surgery(mean, variance, log_prior=lambda z: z[:, 0] * math.nan)
        with pytest.raises(TypeError, match="rng must be a numpy Generator"):
            e.elbo_surgery(mean, variance, rng="0")


def test_a_bound_by_samples_meets_the_bound_in_closed_form():
    """Log weights of a linear model: k = 1 gives the ELBO, a large k the evidence, both known exactly."""
    rng = np.random.default_rng(13)
    model, x = linear_model(rng, 3, 2), rng.normal(size=3)
    m, C = e.posterior_linear_gaussian(x, *model)
    q = scipy.stats.multivariate_normal(m + 0.3, 1.5 * C)
    z = q.rvs(size=64_000, random_state=0)
    log_w = log_pdf_gaussian(x - z @ model.W.T, model.mean, model.noise)
    log_w = log_w + scipy.stats.multivariate_normal(np.zeros(2)).logpdf(z) - q.logpdf(z)
    exact = e.elbo_linear_gaussian(x, m + 0.3, 1.5 * C, *model)
    evidence = e.log_evidence_linear_gaussian(x, *model)
    assert e.iwae_bound(log_w, 1) == pytest.approx(exact, abs=5 * log_w.std() / math.sqrt(len(log_w)))
    assert exact < e.iwae_bound(log_w, 10) < evidence
    assert e.iwae_bound(log_w, 64_000) == pytest.approx(evidence, abs=0.02)

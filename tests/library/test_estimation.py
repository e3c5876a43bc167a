"""Estimates against optimisers, SciPy, scikit-learn, closed forms and quadrature."""

import math

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
import sklearn.linear_model
import torch
from hypothesis import given
from hypothesis import strategies as st

import course_lib as est
from course_lib._validate import ProbabilityError
from course_lib.conjugate import BetaBinomial, DirichletCategorical, GammaPoisson, NormalNormal
from course_lib.entropy import entropy

seeds = st.integers(0, 2**32 - 1)


def regression_data(seed, n=40, d=6):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    return X, X @ np.array([2.0, -1.0, 0.5, *[0.0] * (d - 3)]) + 0.7 * rng.normal(size=n)


class TestNegativeLogLikelihood:
    @given(seeds, st.integers(2, 8))
    def test_is_entropy_plus_kl(self, seed, k):
        rng = np.random.default_rng(seed)
        counts, q = rng.integers(0, 50, k), rng.dirichlet(np.ones(k)) * 0.999 + 0.001 / k
        counts[0] += 1
        p = counts / counts.sum()
        kl = scipy.special.rel_entr(p, q).sum()
        assert est.negative_log_likelihood(counts, q) == pytest.approx(entropy(p) + kl, rel=1e-12)

    def test_is_the_mean_surprise_of_the_data_in_a_row(self):
        data = [0, 2, 2, 1, 0, 0]
        q = np.array([0.5, 0.2, 0.3])
        expected = -np.log(q[data]).mean()
        assert est.negative_log_likelihood(np.bincount(data), q) == pytest.approx(expected, rel=1e-15)
        logits = torch.log(torch.tensor(np.tile(q, (6, 1))))
        theirs = torch.nn.functional.cross_entropy(logits, torch.tensor(data)).item()
        assert est.negative_log_likelihood(np.bincount(data), q) == pytest.approx(theirs, rel=1e-12)

    def test_the_observed_shares_are_its_minimum(self):
        counts = np.array([7, 2, 1])
        best = est.negative_log_likelihood(counts, est.mle_categorical(counts))
        assert best == pytest.approx(entropy([0.7, 0.2, 0.1]))
        for q in np.random.default_rng(0).dirichlet([7, 2, 1], 200):
            assert est.negative_log_likelihood(counts, q) >= best

    def test_convention(self):
        counts, q = np.array([[3, 1], [0, 4]]), np.array([[0.5, 0.5], [0.25, 0.75]])
        rows = [est.negative_log_likelihood(c, r) for c, r in zip(counts, q, strict=True)]
        np.testing.assert_allclose(est.negative_log_likelihood(counts, q), rows)
        np.testing.assert_allclose(est.negative_log_likelihood(counts.T, q.T, axis=0), rows)
        assert est.negative_log_likelihood(counts, q, keepdims=True).shape == (2, 1)
        np.testing.assert_allclose(est.negative_log_likelihood(counts, q, base=2) * math.log(2), rows)
        np.testing.assert_allclose(est.negative_log_likelihood(counts, q * 5, normalize=True), rows)

    def test_values_at_the_edge(self):
        assert est.negative_log_likelihood([1, 0], [1.0, 0.0]) == 0
        assert math.copysign(1, est.negative_log_likelihood([1, 0], [1.0, 0.0])) == 1
        assert est.negative_log_likelihood([1, 1], [1.0, 0.0]) == math.inf

    def test_errors(self):
        for counts, q, error, message in [
            ([1, 1], [0.5, 0.6], ProbabilityError, "q sums to 1.1"),
            ([1, -1], [0.5, 0.5], ProbabilityError, "counts holds a negative"),
            ([0, 0], [0.5, 0.5], ProbabilityError, "counts sums to 0"),
            ([1, 1, 1], [0.5, 0.5], ValueError, "one shape"),
        ]:
            with pytest.raises(error, match=message):
                est.negative_log_likelihood(counts, q)


class TestMaximumLikelihood:
    """No small step away from the estimate makes the data likelier."""

    @pytest.mark.parametrize(
        ("estimate", "data", "log_density"),
        [
            (est.mle_bernoulli, [1, 0, 1, 1, 0], lambda x, p: scipy.stats.bernoulli(p).logpmf(x)),
            (est.mle_poisson, [2, 0, 5, 3], lambda x, r: scipy.stats.poisson(r).logpmf(x)),
            (est.mle_exponential, [0.2, 3.0, 1.1], lambda x, r: scipy.stats.expon(scale=1 / r).logpdf(x)),
            (est.mle_gaussian, [0.2, 3.0, 1.1], lambda x, m, v: scipy.stats.norm(m, math.sqrt(v)).logpdf(x)),
            (est.mle_laplace, [0.2, 3.0, 1.1], lambda x, m, b: scipy.stats.laplace(m, b).logpdf(x)),
            (est.mle_gamma, [0.2, 3.0, 1.1], lambda x, k, r: scipy.stats.gamma(k, scale=1 / r).logpdf(x)),
            (est.mle_beta, [0.2, 0.9, 0.7, 0.6], lambda x, a, b: scipy.stats.beta(a, b).logpdf(x)),
            (est.mle_dirichlet, [[0.2, 0.3, 0.5], [0.5, 0.2, 0.3], [0.1, 0.2, 0.7]], None),
        ],
    )
    def test_is_a_maximum(self, estimate, data, log_density):
        data = np.array(data)
        best = np.atleast_1d(estimate(data))

        def total(parameters):
            if log_density is None:
                return sum(scipy.stats.dirichlet(parameters).logpdf(row) for row in data)
            return log_density(data, *parameters).sum()

        for i in range(len(best)):
            for factor in (1 - 1e-3, 1 + 1e-3):
                moved = best.copy()
                moved[i] *= factor
                assert total(moved) < total(best)

    def test_binomial_and_categorical(self):
        assert est.mle_binomial([3, 4], [5, 5]) == pytest.approx(0.7)
        assert est.mle_binomial(3, 5) == pytest.approx(0.6)
        assert est.mle_bernoulli(np.array([True, False])) == 0.5
        np.testing.assert_allclose(est.mle_categorical([[1, 3], [2, 2]]), [[0.25, 0.75], [0.5, 0.5]])
        np.testing.assert_allclose(est.mle_categorical([[1, 2], [3, 2]], axis=0), [[0.25, 0.5], [0.75, 0.5]])

    def test_the_variance_is_biased_by_n_minus_one_over_n(self):
        x = np.random.default_rng(0).normal(size=(10_000, 5))
        mean_estimate = np.mean([est.mle_gaussian(row)[1] for row in x])
        assert mean_estimate == pytest.approx(4 / 5, abs=0.02)

    @given(seeds)
    def test_gamma_and_beta_solve_their_equations(self, seed):
        rng = np.random.default_rng(seed)
        x = rng.gamma(10 ** rng.uniform(-0.5, 3), 10 ** rng.uniform(-3, 3), 30)
        shape, rate = est.mle_gamma(x)
        assert shape / rate == pytest.approx(x.mean(), rel=1e-12)
        balance = scipy.special.digamma(shape) - math.log(rate)
        assert balance == pytest.approx(np.log(x).mean(), rel=1e-9, abs=1e-9)
        x = np.clip(rng.beta(*(10 ** rng.uniform(-0.5, 2, 2)), 30), 1e-12, 1 - 1e-12)
        a, b = est.mle_beta(x)
        gap = scipy.special.digamma([a, b]) - scipy.special.digamma(a + b)
        np.testing.assert_allclose(gap, [np.log(x).mean(), np.log1p(-x).mean()], rtol=1e-9, atol=1e-9)

    @pytest.mark.parametrize("alpha", [[0.05, 0.1, 0.02], [2.0, 5.0, 1.0], [3e4, 1e4], [0.3] * 20])
    def test_dirichlet_over_a_wide_range(self, alpha):
        x = np.random.default_rng(1).dirichlet(alpha, 5000).clip(1e-300)
        x /= x.sum(axis=1, keepdims=True)
        found = est.mle_dirichlet(x)
        np.testing.assert_allclose(found, alpha, rtol=0.2)
        gap = scipy.special.digamma(found) - scipy.special.digamma(found.sum())
        np.testing.assert_allclose(gap, np.log(x).mean(axis=0), rtol=1e-9)

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (lambda: est.mle_bernoulli([]), ValueError, "x is empty"),
            (lambda: est.mle_bernoulli([0, 2]), ValueError, "zeros and ones; counts of successes go to"),
            (lambda: est.mle_binomial(0, 0), ValueError, "no trial"),
            (lambda: est.mle_binomial(3, 2), ValueError, "more successes than trials"),
            (lambda: est.mle_categorical([0, 0]), ProbabilityError, "counts sums to 0"),
            (lambda: est.mle_categorical([1, -1]), ProbabilityError, "negative"),
            (lambda: est.mle_poisson([1, -1]), ValueError, "x must hold counts"),
            (lambda: est.mle_poisson([0.5]), ValueError, "x must hold counts"),
            (lambda: est.mle_exponential([-1.0]), ValueError, "waiting times, none of them negative"),
            (lambda: est.mle_exponential([0.0]), ValueError, "all waiting times are 0"),
            (lambda: est.mle_gaussian([]), ValueError, "x is empty"),
            (lambda: est.mle_gaussian([math.nan]), ValueError, "x holds NaN"),
            (lambda: est.mle_laplace([]), ValueError, "x is empty"),
            (lambda: est.mle_gamma([1.0, 0.0]), ValueError, "positive numbers that are not all equal"),
            (lambda: est.mle_gamma([2.0, 2.0]), ValueError, "positive numbers that are not all equal"),
            (lambda: est.mle_beta([0.5, 1.0]), ProbabilityError, "strictly between 0 and 1"),
            (lambda: est.mle_beta([0.5, 1.5]), ProbabilityError, "found 1.5"),
            (lambda: est.mle_beta([0.5, 0.5]), ValueError, "all numbers are equal"),
            (lambda: est.mle_dirichlet([0.5, 0.5]), ProbabilityError, "must be a table"),
        ],
    )
    def test_errors(self, call, error, message):
        with pytest.raises(error, match=message):
            call()


class TestMaximumAPosteriori:
    @given(seeds)
    def test_is_the_mode_of_the_conjugate_posterior(self, seed):
        rng = np.random.default_rng(seed)
        a, b = rng.uniform(1.2, 6, 2)
        k, x, z = rng.integers(0, 6), rng.poisson(3, 5), rng.normal(size=5)
        cases = [
            (est.map_binomial(k, 6, a=a, b=b), BetaBinomial(a, b).update(k, 6).belief.log_pdf),
            (est.map_poisson(x, shape=a, rate=b), GammaPoisson(a, b).update(x).belief.log_pdf),
            (
                est.map_gaussian(z, noise_variance=0.5, mean=a, variance=b),
                NormalNormal(a, b, 0.5).update(z).belief.log_pdf,
            ),
        ]
        for mode, log_density in cases:
            assert log_density(mode) >= max(log_density(mode * 1.001), log_density(mode * 0.999))

    def test_exponential(self):
        x = np.array([0.5, 2.0, 1.0])

        def loss(rate):
            return -scipy.stats.gamma(2.5, scale=1 / 1.5).logpdf(rate) - (
                np.log(rate) - rate * x[:, None]
            ).sum(0)

        rates = np.linspace(0.1, 3, 29_001)
        expected = rates[np.argmin(loss(rates))]
        assert est.map_exponential(x, shape=2.5, rate=1.5) == pytest.approx(expected, abs=1e-4)

    def test_categorical(self):
        counts, alpha = np.array([3, 0, 1]), np.array([2.0, 3.0, 1.5])
        mode = est.map_categorical(counts, alpha=alpha)
        posterior = DirichletCategorical(alpha).update(counts).belief
        for other in np.random.default_rng(0).dirichlet(alpha + counts, 200):
            assert posterior.log_pdf(other) <= posterior.log_pdf(mode)
        np.testing.assert_allclose(est.map_categorical([3, 0, 1], alpha=2), [4 / 7, 1 / 7, 2 / 7])

    def test_a_flat_prior_gives_the_mle_and_data_wash_a_prior_out(self):
        assert est.map_binomial(3, 7, a=1, b=1) == pytest.approx(est.mle_binomial(3, 7))
        assert est.map_binomial(30_000, 70_000, a=50, b=2) == pytest.approx(3 / 7, abs=1e-3)
        np.testing.assert_allclose(est.map_categorical([3, 1], alpha=1), est.mle_categorical([3, 1]))

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: est.map_binomial(0, 3, a=0.5, b=1), "no single highest point; use a and b above 1"),
            (lambda: est.map_binomial(0, 0, a=1, b=1), "no single highest point"),
            (lambda: est.map_binomial(1, 1, a=0, b=1), "a must be above 0"),
            (lambda: est.map_categorical([0, 1], alpha=0.5), "no single highest point"),
            (lambda: est.map_categorical([0, 0], alpha=1), "no single highest point"),
            (lambda: est.map_categorical([3, 3], alpha=-1), "no single highest point"),
            (lambda: est.map_poisson([0], shape=0.5, rate=1), "infinite at 0"),
            (lambda: est.map_poisson([0], shape=1, rate=0), "rate must be above 0"),
            (lambda: est.map_exponential([-1.0], shape=1, rate=1), "waiting times"),
            (lambda: est.map_exponential([1.0], shape=1, rate=-1), "rate must be above 0"),
            (lambda: est.map_gaussian([1.0], noise_variance=0, mean=0, variance=1), "noise_variance must be"),
            (
                lambda: est.map_gaussian([1.0], noise_variance=1, mean=0, variance=0),
                "variance must be above 0",
            ),
        ],
    )
    def test_errors(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()


class TestRidge:
    @pytest.mark.parametrize("alpha", [0.01, 1.0, 100.0])
    def test_agrees_with_scikit_learn(self, alpha):
        X, y = regression_data(0)
        theirs = sklearn.linear_model.Ridge(alpha, fit_intercept=False).fit(X, y).coef_
        np.testing.assert_allclose(est.ridge_regression(X, y, alpha), theirs, rtol=1e-10)

    def test_is_map(self):
        X, y = regression_data(1)
        noise, prior = 0.49, 2.0

        def log_posterior(w):
            return -np.sum((y - X @ w) ** 2) / (2 * noise) - np.sum(w**2) / (2 * prior)

        w = est.ridge_regression(X, y, est.ridge_penalty(noise, prior))
        gradient = scipy.optimize.approx_fprime(w, log_posterior, 1e-6)
        np.testing.assert_allclose(gradient, 0, atol=1e-3)
        mean_form = est.ridge_regression(X, y, est.ridge_penalty(noise, prior, n=len(y)), loss="mean")
        np.testing.assert_allclose(mean_form, w, rtol=1e-12)

    def test_sgd_with_weight_decay_lands_on_it(self):
        X, y = regression_data(2)
        penalty = est.ridge_penalty(0.5, 0.1, n=len(y))
        w = torch.zeros(6, dtype=torch.float64, requires_grad=True)
        descent = torch.optim.SGD([w], lr=0.2, weight_decay=2 * penalty)
        for _ in range(250):
            descent.zero_grad()
            torch.mean((torch.tensor(y) - torch.tensor(X) @ w) ** 2).backward()
            descent.step()
        np.testing.assert_allclose(
            w.detach().numpy(), est.ridge_regression(X, y, penalty, loss="mean"), rtol=1e-10
        )

    def test_least_squares_and_collinear_columns(self):
        X, y = regression_data(3)
        np.testing.assert_allclose(est.ridge_regression(X, y, 0.0), np.linalg.lstsq(X, y, rcond=None)[0])
        twin = est.ridge_regression(np.hstack([X, X]), y, 1e-3)
        np.testing.assert_allclose(twin[:6], twin[6:], rtol=1e-9)

    def test_errors(self):
        X, y = regression_data(0)
        for call, message in [
            (lambda: est.ridge_regression(X, y[:-1], 1.0), r"X must have shape \(n, d\)"),
            (lambda: est.ridge_regression(y, y, 1.0), r"X must have shape \(n, d\)"),
            (lambda: est.ridge_regression(X[:0], y[:0], 1.0), r"X must have shape \(n, d\)"),
            (lambda: est.ridge_regression(X[:, :0], y, 1.0), r"X must have shape \(n, d\)"),
            (lambda: est.ridge_regression(X, y, -1.0), "alpha must be 0 or more"),
            (lambda: est.ridge_regression(X, y, 1.0, loss="median"), 'loss must be "sum" or "mean"'),
            (lambda: est.ridge_penalty(0, 1), "noise_variance must be above 0"),
            (lambda: est.ridge_penalty(1, 0), "prior_variance must be above 0"),
            (lambda: est.ridge_penalty(1, 1, n=0), "n must be 1 or more"),
        ]:
            with pytest.raises(ValueError, match=message):
                call()


class TestLasso:
    @pytest.mark.parametrize("alpha", [0.01, 0.1, 0.5])
    def test_agrees_with_scikit_learn(self, alpha):
        X, y = regression_data(0, n=60, d=12)
        theirs = (
            sklearn.linear_model.Lasso(alpha, fit_intercept=False, tol=1e-12, max_iter=100_000)
            .fit(X, y)
            .coef_
        )
        ours = est.lasso_regression(X, y, alpha)
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
        np.testing.assert_array_equal(ours == 0, theirs == 0)

    def test_zeros_are_exact_and_ridge_has_none(self):
        X, y = regression_data(1, n=60, d=12)
        w = est.lasso_regression(X, y, 0.3)
        assert np.sum(w == 0) >= 8
        assert not np.any(np.signbit(w[w == 0]))
        assert np.all(est.ridge_regression(X, y, 30.0) != 0)

    @given(seeds, st.floats(0.001, 1))
    def test_meets_the_optimality_conditions(self, seed, alpha):
        X, y = regression_data(seed)
        w = est.lasso_regression(X, y, alpha)
        slope = X.T @ (y - X @ w) / len(y)
        np.testing.assert_allclose(slope[w != 0], alpha * np.sign(w[w != 0]), atol=1e-5)
        assert np.all(np.abs(slope[w == 0]) <= alpha + 1e-5)

    def test_is_map_under_a_laplace_prior(self):
        X, y = regression_data(4)
        noise, scale = 0.49, 0.1

        def loss(w):
            return np.sum((y - X @ w) ** 2) / (2 * noise) + np.abs(w).sum() / scale

        w = est.lasso_regression(X, y, est.lasso_penalty(noise, scale, len(y)))
        steps = np.random.default_rng(0).normal(size=(200, 6)) * 0.01
        assert all(loss(w + step) > loss(w) for step in steps)

    def test_edges(self):
        X, y = regression_data(5)
        np.testing.assert_array_equal(est.lasso_regression(X, y, 1e3), 0)
        np.testing.assert_array_equal(est.lasso_regression(X, 0 * y, 0.1), 0)
        np.testing.assert_array_equal(est.lasso_regression(0 * X, y, 0.1), 0)
        with_gap = np.hstack([X, np.zeros((40, 1))])
        np.testing.assert_allclose(
            est.lasso_regression(with_gap, y, 0.1)[:6], est.lasso_regression(X, y, 0.1)
        )
        # with hardly a penalty it is least squares
        np.testing.assert_allclose(est.lasso_regression(X, y, 1e-9), est.ridge_regression(X, y, 0), atol=1e-5)

    def test_errors(self):
        X, y = regression_data(0)
        with pytest.raises(RuntimeError, match="duality gap is above tol=1e-12 after 1 rounds"):
            est.lasso_regression(X, y, 0.01, max_iter=1)
        for call, message in [
            (lambda: est.lasso_regression(X, y, 0.0), "alpha must be above 0"),
            (lambda: est.lasso_regression(X, y, 0.1, max_iter=0), "max_iter must be 1 or more"),
            (lambda: est.lasso_penalty(0, 1, 5), "noise_variance must be above 0"),
            (lambda: est.lasso_penalty(1, 0, 5), "prior_scale must be above 0"),
            (lambda: est.lasso_penalty(1, 1, 0), "n must be 1 or more"),
        ]:
            with pytest.raises(ValueError, match=message):
                call()


class TestBayesianRegression:
    def test_the_mean_is_ridge_and_the_evidence_a_gaussian(self):
        X, y = regression_data(0, n=12)
        posterior = est.bayesian_linear_regression(X, y, noise_variance=0.5, prior_variance=2.0)
        np.testing.assert_allclose(posterior.mean, est.ridge_regression(X, y, 0.25), rtol=1e-10)
        np.testing.assert_allclose(
            posterior.covariance, np.linalg.inv(X.T @ X / 0.5 + np.eye(6) / 2), rtol=1e-10
        )
        marginal = scipy.stats.multivariate_normal(np.zeros(12), 0.5 * np.eye(12) + 2.0 * X @ X.T)
        assert posterior.log_evidence == pytest.approx(marginal.logpdf(y), rel=1e-11)

    @given(seeds)
    def test_evidence_is_the_product_of_predictions(self, seed):
        X, y = regression_data(seed, n=6)
        options = {"noise_variance": 0.5, "prior_variance": 2.0}
        total = 0.0
        for i in range(6):
            before = est.bayesian_linear_regression(X[:i], y[:i], **options)
            (mean,), (sd,) = before.predict(X[i : i + 1])
            total += scipy.stats.norm(mean, sd).logpdf(y[i])
        assert est.bayesian_linear_regression(X, y, **options).log_evidence == pytest.approx(total, rel=1e-9)

    def test_the_band_covers(self):
        rng = np.random.default_rng(0)
        inside, rounds = 0, 2000
        for _ in range(rounds):
            X = np.column_stack([np.ones(9), rng.uniform(-1, 1, 9)])
            y = X @ rng.normal(size=2) + 0.5 * rng.normal(size=9)
            line = est.bayesian_linear_regression(X[:8], y[:8], noise_variance=0.25, prior_variance=1.0)
            (mean,), (sd,) = line.predict(X[8:])
            inside += abs(y[8] - mean) < 1.6449 * sd
        assert abs(inside / rounds - 0.9) < 3 * math.sqrt(0.09 / rounds)  # 3 standard errors, one fixed seed

    def test_noise_apart_from_the_line(self):
        X, y = regression_data(1)
        line = est.bayesian_linear_regression(X, y, noise_variance=0.5, prior_variance=2.0)
        _, with_noise = line.predict(X[:3])
        _, without = line.predict(X[:3], noise=False)
        np.testing.assert_allclose(with_noise**2 - without**2, 0.5)

    def test_draws(self):
        X, y = regression_data(2, n=10)
        line = est.bayesian_linear_regression(X, y, noise_variance=0.5, prior_variance=2.0)
        draws = line.sample(50_000, rng=1)
        np.testing.assert_allclose(draws.mean(axis=0), line.mean, atol=0.02)
        np.testing.assert_allclose(np.cov(draws.T), line.covariance, atol=0.02)

    def test_no_data_leaves_the_prior(self):
        line = est.bayesian_linear_regression(np.zeros((0, 2)), [], noise_variance=1.0, prior_variance=3.0)
        np.testing.assert_allclose(line.covariance, 3 * np.eye(2))
        assert line.log_evidence == pytest.approx(0, abs=1e-15)

    def test_errors(self):
        X, y = regression_data(0)
        line = est.bayesian_linear_regression(X, y, noise_variance=0.5, prior_variance=2.0)
        with pytest.raises(ValueError, match=r"X must have shape \(m, 6\), got \(6,\)"):
            line.predict(X[0])
        with pytest.raises(ValueError, match="noise_variance must be above 0"):
            est.bayesian_linear_regression(X, y, noise_variance=0, prior_variance=1)
        with pytest.raises(ValueError, match="prior_variance must be above 0"):
            est.bayesian_linear_regression(X, y, noise_variance=1, prior_variance=-1)
        with pytest.raises(ValueError, match="y holds NaN"):
            est.bayesian_linear_regression(X, y * math.nan, noise_variance=1, prior_variance=1)

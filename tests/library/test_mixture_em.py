"""EM for Gaussians, binomials and beta-binomials: never downhill, and right at the bottom line."""

import itertools
import math

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
import sklearn.mixture
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from course_lib._validate import ProbabilityError
from course_lib.datasets import digits_split
from course_lib.mixture import BetaBinomialMixture, BinomialMixture, CategoricalMixture, GaussianMixture, em

seeds = st.integers(0, 2**32 - 1)


def random_mixture(kind, rng, k=3, d=2, n=5):
    """Return a mixture with parameters from ``rng``."""
    weights = rng.dirichlet(np.ones(k))
    if kind is GaussianMixture:
        a = rng.normal(size=(k, d, d))
        return GaussianMixture(
            weights, 3 * rng.normal(size=(k, d)), a @ a.transpose(0, 2, 1) + 0.5 * np.eye(d)
        )
    mean = rng.uniform(0.1, 0.9, (k, d))
    if kind is CategoricalMixture:
        return CategoricalMixture(np.log(weights), np.log(rng.dirichlet(np.ones(n + 1), (k, d))))
    if kind is BinomialMixture:
        return BinomialMixture(weights, mean, n)
    return BetaBinomialMixture(weights, mean, rng.uniform(0.5, 10, k), n)


KINDS = [CategoricalMixture, GaussianMixture, BinomialMixture, BetaBinomialMixture]
every_kind = pytest.mark.parametrize("kind", KINDS)


class TestClimbing:
    @every_kind
    @given(seed=seeds, with_prior=st.booleans())
    @settings(max_examples=30, deadline=None)
    def test_no_half_step_goes_down(self, kind, seed, with_prior):
        rng = np.random.default_rng(seed)
        X = random_mixture(kind, rng).sample(60, rng)
        prior = None
        if with_prior:
            prior = 0.7 if kind is GaussianMixture else rng.uniform(0.1, 1, (2, 6))
        start = GaussianMixture.start(X, 3, rng=rng) if kind is GaussianMixture else random_mixture(kind, rng)
        try:
            path = em(start, X, prior=prior, n_iter=15, tol=-1.0)
        except ValueError:  # without a prior a Gaussian may shrink onto a point; then EM ends
            assume(with_prior)
            raise
        slack = 1e-9 * np.abs(path.objective).max()
        assert np.all(np.diff(path.objective) >= -slack)
        assert len(path.objective) == 30
        if not with_prior:
            assert path.objective[-1] <= path.model.log_prob(X).sum() + slack
        np.testing.assert_allclose(path.responsibilities.sum(axis=1), 1)

    def test_a_share_that_rounds_to_one_makes_nothing_impossible(self):
        start = BinomialMixture([0.5, 0.5], [[0.5, 0.5], [0.5, 1 - 1e-15]], 5)
        X = np.array([[2, 5]] * 40 + [[3, 1]])  # the last is all but impossible in the second component
        path = em(start, X, n_iter=4, tol=-1.0)
        assert np.all(np.isfinite(path.objective))
        assert np.all(np.diff(path.objective) >= -1e-9)
        assert path.model.p[1, 1] < 1

    @every_kind
    def test_after_an_e_step_f_is_the_log_likelihood(self, kind):
        rng = np.random.default_rng(1)
        X, start = random_mixture(kind, rng).sample(40, rng), random_mixture(kind, rng)
        path = em(start, X, n_iter=1)
        q = start.responsibilities(X)
        moved = start.m_step(X, q)
        np.testing.assert_allclose(
            path.objective, [start.log_prob(X).sum(), moved.elbo(X, q).sum()], rtol=1e-12
        )

    @every_kind
    @given(seed=seeds)
    @settings(max_examples=30, deadline=None)
    def test_the_bound_falls_short_by_a_divergence(self, kind, seed):
        rng = np.random.default_rng(seed)
        model = random_mixture(kind, rng)
        X = model.sample(7, rng)
        q, p = rng.dirichlet(np.ones(3), 7), model.responsibilities(X)
        gap = scipy.stats.entropy(q, p, axis=1)
        np.testing.assert_allclose(model.elbo(X, q), model.log_prob(X) - gap, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(model.elbo(X, p), model.log_prob(X), rtol=1e-9)
        certain = np.eye(3)[rng.integers(0, 3, 7)]  # zeros in q add nothing
        assert np.all(model.elbo(X, certain) <= model.log_prob(X) + 1e-12)

    def test_stops_when_a_round_gains_little(self):
        X = np.random.default_rng(0).normal(size=(50, 1))
        path = em(GaussianMixture.start(X, 2, rng=0), X, tol=1e-3, n_iter=500)
        gains = path.objective[2::2] - path.objective[:-2:2]
        assert len(path.objective) < 200
        assert np.all(gains[:-1] > 0)

    def test_two_coins_and_a_start_that_ends_worse(self):
        heads = np.array([[5], [9], [8], [4], [7]])
        good = em(BinomialMixture([0.5, 0.5], [[0.6], [0.5]], 10), heads)
        np.testing.assert_allclose(good.model.p.ravel(), [0.79, 0.51], atol=0.01)
        stuck = em(BinomialMixture([0.5, 0.5], [[0.6], [0.6]], 10), heads)  # twins stay twins
        np.testing.assert_allclose(stuck.model.p, heads.mean() / 10)
        assert stuck.objective[-1] < good.objective[-1] - 0.4

    def test_a_component_may_die_out(self):
        model = BinomialMixture([1.0, 0.0], [[0.5], [0.9]], 4)
        X = np.array([[1], [2], [2]])
        path = em(model, X, n_iter=3)
        np.testing.assert_array_equal(path.model.weights, [1, 0])
        np.testing.assert_allclose(path.model.p.ravel(), [5 / 12, 0.9])
        beta = em(BetaBinomialMixture([1.0, 0.0], [[0.5], [0.9]], [1.0, 3.0], 4), X, n_iter=3).model
        assert (beta.mean[1, 0], beta.concentration[1]) == (0.9, 3.0)
        assert np.all(np.isfinite(path.objective))


class TestDensities:
    def test_gaussians_agree_with_scipy(self):
        rng = np.random.default_rng(0)
        model, X = random_mixture(GaussianMixture, rng), rng.normal(size=(9, 2))
        parts = zip(model.weights, model.means, model.covariances, strict=True)
        p = sum(w * scipy.stats.multivariate_normal(m, c).pdf(X) for w, m, c in parts)
        np.testing.assert_allclose(model.log_prob(X), np.log(p), rtol=1e-10)

    @pytest.mark.parametrize("kind", [BinomialMixture, BetaBinomialMixture])
    def test_counts_agree_with_scipy_and_sum_to_one(self, kind):
        model = random_mixture(kind, np.random.default_rng(0))
        X = np.array(list(itertools.product(range(6), repeat=2)))
        p = 0
        for k, w in enumerate(model.weights):
            if kind is BinomialMixture:
                p = p + w * scipy.stats.binom(5, model.p[k]).pmf(X).prod(axis=1)
            else:
                a, b = model.mean[k] * model.concentration[k], (1 - model.mean[k]) * model.concentration[k]
                p = p + w * scipy.stats.betabinom(5, a, b).pmf(X).prod(axis=1)
        np.testing.assert_allclose(model.log_prob(X), np.log(p), rtol=1e-10)
        assert np.exp(model.log_prob(X)).sum() == pytest.approx(1)

    def test_certain_pixels(self):
        for model in (
            BinomialMixture([1.0], [[0.0, 1.0]], 3),
            BetaBinomialMixture([1.0], [[0.0, 1.0]], [2.0], 3),
        ):
            np.testing.assert_array_equal(model.log_prob([[0, 3], [1, 3], [0, 2]]), [0, -math.inf, -math.inf])
            np.testing.assert_array_equal(model.sample(3, rng=0), [[0, 3]] * 3)
            with pytest.raises(ValueError, match="example 1 is impossible under every component"):
                model.responsibilities([[0, 3], [1, 3]])

    def test_a_large_concentration_is_the_binomial(self):
        mean = np.array([[0.3, 0.8]])
        X = np.array([[0, 4], [3, 3]])
        close = BetaBinomialMixture([1.0], mean, [1e8], 4).log_prob(X)
        np.testing.assert_allclose(close, BinomialMixture([1.0], mean, 4).log_prob(X), rtol=1e-6)

    @every_kind
    def test_draws_follow_the_model(self, kind):
        model = random_mixture(kind, np.random.default_rng(3), d=1)
        X = model.sample(20_000, rng=5)
        assert X.shape == (20_000, 1)
        np.testing.assert_array_equal(X[:5], model.sample(20_000, rng=5)[:5])
        if kind is GaussianMixture:

            def cdf(x):
                parts = zip(model.weights, model.means[:, 0], model.covariances[:, 0, 0], strict=True)
                return sum(w * scipy.stats.norm(m, math.sqrt(v)).cdf(x) for w, m, v in parts)

            pvalue = scipy.stats.kstest(X[:, 0], cdf).pvalue
        else:
            expected = 20_000 * np.exp(model.log_prob(np.arange(6)[:, None]))
            pvalue = scipy.stats.chisquare(np.bincount(X[:, 0], minlength=6), expected).pvalue
        assert pvalue > 1e-3  # one fixed seed; the chance of a false alarm was 1 in 1000


class TestGaussianFit:
    def test_agrees_with_scikit_learn_from_the_same_start(self):
        rng = np.random.default_rng(2)
        X = np.concatenate([rng.normal(-2, 1, (150, 2)), rng.normal(2, 0.7, (100, 2))])
        start = GaussianMixture.start(X, 2, rng=0)
        ours = em(start, X, tol=1e-12, n_iter=1000).model
        theirs = sklearn.mixture.GaussianMixture(
            2,
            weights_init=start.weights,
            means_init=start.means,
            precisions_init=np.linalg.inv(start.covariances),
            reg_covar=0,
            tol=1e-12,
            max_iter=1000,
        ).fit(X)
        np.testing.assert_allclose(ours.means, theirs.means_, atol=1e-4)
        np.testing.assert_allclose(ours.covariances, theirs.covariances_, atol=1e-4)
        np.testing.assert_allclose(ours.log_prob(X), theirs.score_samples(X), atol=1e-4)
        np.testing.assert_allclose(ours.responsibilities(X), theirs.predict_proba(X), atol=1e-4)

    def test_one_component_is_the_sample_moments(self):
        X = np.random.default_rng(0).normal(size=(30, 3))
        model = GaussianMixture.fit(X, 1, rng=0)
        np.testing.assert_allclose(model.means[0], X.mean(axis=0))
        np.testing.assert_allclose(model.covariances[0], np.cov(X.T, bias=True))

    def test_a_ridge_keeps_a_component_from_collapsing(self):
        X = np.array([[0.0, 0.0]] * 3 + [[5.0, 5.0], [6.0, 4.0], [7.0, 7.0]])
        with pytest.raises(ValueError, match=r"no width in some direction.*ridge"):
            GaussianMixture.fit(X, 2, rng=0)
        model = GaussianMixture.fit(X, 2, ridge=0.1, rng=0)
        assert np.all(np.linalg.eigvalsh(model.covariances) > 0.01)

    def test_a_component_on_two_points_is_refused_though_rounding_leaves_it_a_width(self):
        start = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [30.0, 30.0]], [np.eye(2), np.eye(2)])
        X = np.concatenate([np.random.default_rng(0).normal(size=(40, 2)), [[30.1, 30.3], [30.2, 29.7]]])
        with pytest.raises(ValueError, match=r"no width in some direction.*ridge"):
            em(start, X)
        assert np.all(np.diff(em(start, X, prior=0.1).objective) > -1e-9)

    def test_the_ridge_is_what_examples_blurred_by_noise_would_give(self):
        # F averages log N(x + e; m, S) over e ~ N(0, ridge I); at its maximum no small change of S raises it
        X, ridge = np.random.default_rng(1).normal(size=(25, 2)), 2.0
        best = GaussianMixture.fit(X, 1, ridge=ridge, rng=0)
        np.testing.assert_allclose(best.covariances[0], np.cov(X.T, bias=True) + ridge * np.eye(2))
        noise = math.sqrt(ridge) * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])  # all moments that S meets
        blurred = np.concatenate([X + e for e in noise])

        def objective(model):
            return model.log_prob(X).sum() - len(X) * model.ridge_cost(ridge)[0]

        assert objective(best) == pytest.approx(best.log_prob(blurred).sum() / 4)
        for step in (np.eye(2), -np.eye(2), np.array([[0, 1], [1, 0]]), np.diag([1, -1])):
            moved = GaussianMixture([1.0], best.means, best.covariances + 0.01 * step)
            assert objective(moved) < objective(best)

    @given(seed=seeds, ridge=st.sampled_from([1e-8, 1e-3, 1.0, 1e6]), collinear=st.booleans())
    @settings(max_examples=40, deadline=None)
    def test_flat_data_are_fitted_and_the_stated_sum_never_falls(self, seed, ridge, collinear):
        X = np.random.default_rng(seed).normal(size=(100, 3))
        X[:, 1] = X[:, 0] + X[:, 2] if collinear else 2.0
        path = em(GaussianMixture.start(X, 3, ridge=ridge, rng=seed), X, prior=ridge, n_iter=60)
        assert np.all(np.diff(path.objective) >= -1e-9 * np.abs(path.objective).max())
        assert np.all(np.linalg.eigvalsh(path.model.covariances) > 0.9 * ridge)
        m, n_k = path.model, path.responsibilities.sum(axis=0)
        gaussian = scipy.stats.multivariate_normal
        parts = [
            gaussian(mean, S).logpdf(X) + math.log(w) - np.linalg.inv(S).trace() * ridge / 2
            for w, mean, S in zip(m.weights, m.means, m.covariances, strict=True)
        ]
        stated = scipy.special.logsumexp(parts, axis=0).sum()
        assert em(m, X, prior=ridge, n_iter=1).objective[0] == pytest.approx(stated, rel=1e-6)
        assert n_k.min() > 0.5

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: GaussianMixture([0.5, 0.5], [[0.0]], [[[1.0]]]), "2 weights need means"),
            (lambda: GaussianMixture([1.0], [[0.0]], [[1.0]]), "1 weights need means"),
            (lambda: GaussianMixture([0.9], [[0.0]], [[[1.0]]]), "weights sums to 0.9"),
            (lambda: GaussianMixture([1.0], [[math.nan]], [[[1.0]]]), "means holds NaN"),
            (lambda: GaussianMixture.fit(np.zeros((2, 1)), 3), "2 examples cannot start 3 components"),
            (lambda: GaussianMixture.fit(np.zeros((4, 1)), 2, rng=0), "only 1 different examples"),
            (lambda: GaussianMixture.fit(np.zeros(4), 2), "must be a table"),
            (lambda: GaussianMixture.fit(np.eye(4), 2, ridge=-1), "ridge must be 0 or more"),
            (lambda: GaussianMixture.fit(np.eye(4), 0), "n_components must be 1 or more"),
            (
                lambda: GaussianMixture([1.0], [[0.0]], [[[1.0]]]).log_prob(np.eye(2)),
                "must have 1 columns, not 2",
            ),
            (
                lambda: GaussianMixture([1, 0], [[0.0], [1.0]], np.ones((2, 1, 1))).m_step([[0.0]], [[1, 0]]),
                "has lost all its examples",
            ),
        ],
    )
    def test_errors(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()


class TestCountFit:
    @pytest.mark.parametrize("kind", [BinomialMixture, BetaBinomialMixture])
    def test_a_start_does_not_mind_what_is_called_a_success(self, kind):
        X = np.random.default_rng(0).integers(0, 5, size=(30, 3))
        ours, mirrored = (kind.start(x, 3, 4, rng=1) for x in (X, 4 - X))
        share = "p" if kind is BinomialMixture else "mean"
        np.testing.assert_allclose(getattr(ours, share), 1 - getattr(mirrored, share), rtol=1e-12)

    def test_one_binomial_is_the_share_of_successes(self):
        X = np.random.default_rng(0).integers(0, 6, (30, 3))
        np.testing.assert_allclose(BinomialMixture.fit(X, 1, 5, pull=0).p[0], X.mean(axis=0) / 5)

    def test_one_beta_binomial_is_the_likeliest(self):
        rng = np.random.default_rng(0)
        X = rng.binomial(8, rng.beta(2, 3, 400))[:, None]
        path = em(BetaBinomialMixture.start(X, 1, 8, rng=0), X, n_iter=3000, tol=1e-13)
        model = path.model

        def loss(log_ab):
            return -scipy.stats.betabinom(8, *np.exp(log_ab)).logpmf(X).sum()

        best = scipy.optimize.minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"fatol": 1e-10})
        a, b = np.exp(best.x)
        assert model.log_prob(X).sum() == pytest.approx(-best.fun, abs=1e-5)
        assert model.mean[0, 0] == pytest.approx(a / (a + b), rel=1e-3)
        assert model.concentration[0] == pytest.approx(a + b, rel=1e-2)

    def test_a_prior_is_pseudo_counts(self):
        X = np.array([[1], [2], [2], [4]])
        q = np.ones((4, 1))
        prior = [[0.0, 1.0, 0.0, 0.0, 2.0]]  # one more 1 and two more 4
        model = BinomialMixture([1.0], [[0.5]], 4)
        with_prior = model.m_step(X, q, prior)
        by_hand = model.m_step(np.vstack([X, [[1], [4], [4]]]), np.ones((7, 1)))
        np.testing.assert_allclose(with_prior.p, by_hand.p)
        expected = scipy.stats.binom(4, 0.5).logpmf([1, 4, 4]).sum()
        assert model.log_prior(prior) == pytest.approx(expected)

    def test_an_unseen_level_is_improbable_not_impossible(self):
        X = np.array([[0, 3], [0, 4], [0, 2], [0, 3]])
        for kind in (BinomialMixture, BetaBinomialMixture):
            assert np.all(np.isfinite(kind.fit(X, 2, 4, rng=0).log_prob([[4, 0]])))
        assert BinomialMixture.fit(X, 2, 4, pull=0, rng=0).log_prob([[4, 0]])[0] == -math.inf

    def test_the_digits(self):
        train, _, test = digits_split(seed=0)
        independent = BetaBinomialMixture.fit(train.X, 1, 16, rng=0)
        mixture = BetaBinomialMixture.fit(train.X, 320, 16, rng=0)
        binomial = BinomialMixture.fit(train.X, 320, 16, rng=0)
        assert mixture.log_prob(test.X).mean() > -89.2  # some -88.5 here, -88.2 over three splits
        assert mixture.log_prob(test.X).mean() > independent.log_prob(test.X).mean() + 15
        assert mixture.log_prob(test.X).mean() > binomial.log_prob(test.X).mean() + 20

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (
                lambda: BinomialMixture([1.0], [[1.2]], 3),
                ValueError,
                r"p needs shape \(1, D\) and numbers from 0 to 1",
            ),
            (lambda: BinomialMixture([1.0], [0.2], 3), ValueError, "p needs shape"),
            (lambda: BinomialMixture([0.5, 0.6], [[0.2], [0.3]], 3), ProbabilityError, "weights sums to 1.1"),
            (lambda: BinomialMixture([1.0], [[0.2]], 0), ValueError, "n_trials must be 1 or more"),
            (
                lambda: BetaBinomialMixture([1.0], [[0.2]], [0.0], 3),
                ValueError,
                "one positive number for each",
            ),
            (lambda: BetaBinomialMixture([1.0], [[0.2]], 2.0, 3), ValueError, "one positive number for each"),
            (lambda: BinomialMixture.fit([[1], [5]], 1, 4), ValueError, "levels from 0 to 4, found 1 to 5"),
            (lambda: BinomialMixture.fit([[1.0]], 1, 4), TypeError, "whole numbers"),
            (lambda: BinomialMixture.fit([[1]], 2, 4), ValueError, "1 examples cannot start 2 components"),
            (lambda: BinomialMixture.fit([[1]], 1, 4, pull=-1), ValueError, "pull must be 0 or more"),
            (
                lambda: BinomialMixture([1.0], [[0.2]], 3).log_prob([[1, 2]]),
                ValueError,
                "must have 1 columns, not 2",
            ),
            (
                lambda: BinomialMixture([1.0], [[0.2]], 3).elbo([[1]], [[0.5]]),
                ProbabilityError,
                "q sums to 0.5",
            ),
            (
                lambda: BinomialMixture([1.0], [[0.2]], 3).elbo([[1]], [[0.5, 0.5]]),
                ValueError,
                r"\(1, 1\), got \(1, 2\)",
            ),
            (
                lambda: em(BinomialMixture([1.0], [[0.2]], 3), [[1]], n_iter=0),
                ValueError,
                "n_iter must be 1 or more",
            ),
        ],
    )
    def test_errors(self, call, error, message):
        with pytest.raises(error, match=message):
            call()

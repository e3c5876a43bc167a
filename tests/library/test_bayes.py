"""Bayes' theorem against hand computation, quadrature, sequential prediction, SciPy and scikit-learn."""

import math

import mpmath
import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
import sklearn.naive_bayes
from hypothesis import given
from hypothesis import strategies as st

from course_lib import (
    BernoulliNB,
    BetaBinomial,
    DirichletCategorical,
    GammaPoisson,
    MultinomialNB,
    NormalNormal,
    bayes,
    bayes_odds,
    bayes_update,
    grid_posterior,
    logit,
    odds,
)
from course_lib._validate import ProbabilityError
from course_lib.datasets import digits_split

seeds = st.integers(0, 2**32 - 1)


class TestTable:
    def test_spam(self):
        table = bayes_update([0.1, 0.9], [0.8, 0.01])
        assert table.evidence == pytest.approx(0.089)
        np.testing.assert_allclose(table.posterior, [0.08 / 0.089, 0.009 / 0.089], rtol=1e-15)
        assert round(table.posterior[0], 3) == 0.899

    @given(seeds, st.integers(2, 6), st.integers(1, 5))
    def test_every_column_is_its_own_update(self, seed, n_hypotheses, n_outcomes):
        rng = np.random.default_rng(seed)
        prior = rng.dirichlet(np.ones(n_hypotheses))
        likelihood = rng.dirichlet(np.ones(n_outcomes), size=n_hypotheses)
        table = bayes_update(prior, likelihood)
        assert table.evidence.sum() == pytest.approx(1)
        np.testing.assert_allclose(table.posterior.sum(axis=0), 1)
        # averaged over what might be seen, the posterior is the prior
        np.testing.assert_allclose(table.posterior @ table.evidence, prior)
        for x in range(n_outcomes):
            one = bayes_update(prior, likelihood[:, x])
            np.testing.assert_allclose(one.posterior, table.posterior[:, x])
            assert isinstance(one.evidence, float)

    @given(seeds)
    def test_two_updates_in_either_order_are_one(self, seed):
        rng = np.random.default_rng(seed)
        prior, a, b = rng.dirichlet(np.ones(3)), rng.uniform(0.01, 1, 3), rng.uniform(0.01, 1, 3)
        together = bayes_update(prior, a * b)
        first = bayes_update(prior, a)
        second = bayes_update(first.posterior, b)
        np.testing.assert_allclose(second.posterior, together.posterior)
        assert first.evidence * second.evidence == pytest.approx(together.evidence)
        np.testing.assert_allclose(
            bayes_update(bayes_update(prior, b).posterior, a).posterior, second.posterior
        )

    def test_normalize(self):
        np.testing.assert_allclose(bayes_update([1, 9], [0.8, 0.01], normalize=True).prior, [0.1, 0.9])

    @pytest.mark.parametrize(
        ("prior", "likelihood", "error", "message"),
        [
            ([0.1, 0.8], [0.5, 0.5], ProbabilityError, "prior sums to 0.9.*normalize=True"),
            ([0.5, 0.5], [8, 10], ProbabilityError, "divide percentages by 100 and rates per thousand"),
            ([0.5, 0.5], [0.5, -0.1], ProbabilityError, "likelihood must hold probabilities"),
            ([0.5, 0.5], [0.5, math.nan], ProbabilityError, "likelihood must hold probabilities"),
            ([0.5, 0.5], [[0.6, 0.5], [0.5, 0.5]], ProbabilityError, r"sums to 1\.1;.*exclude each other"),
            ([0.0, 1.0], [1.0, 0.0], ProbabilityError, "probability 0 under every hypothesis"),
            ([0.5, 0.5], [[0.5, 0.0], [1.0, 0.0]], ProbabilityError, "probability 0 under every hypothesis"),
            ([0.5, 0.5], [0.5, 0.2, 0.1], ValueError, r"one row for each hypothesis.*\(3,\) and \(2,\)"),
            ([[0.5, 0.5]], [0.5, 0.2], ValueError, "one row for each hypothesis"),
            ([0.5, 0.5], 0.5, ValueError, "one row for each hypothesis"),
            ([0.5, 0.5], ["a", "b"], TypeError, "likelihood must hold real numbers"),
        ],
    )
    def test_errors(self, prior, likelihood, error, message):
        with pytest.raises(error, match=message):
            bayes_update(prior, likelihood)


class TestOdds:
    @given(st.floats(1e-6, 1 - 1e-6))
    def test_there_and_back(self, p):
        assert odds(p) / (1 + odds(p)) == pytest.approx(p)
        assert scipy.special.expit(logit(p)) == pytest.approx(p)
        assert math.log(odds(p)) == pytest.approx(logit(p), abs=1e-12)

    @pytest.mark.parametrize(
        "p", [1e-300, 1e-9, 0.3, 0.4, 0.45, 0.5 + 1e-12, 0.5 - 1e-8, 0.55, 0.7, 1 - 1e-12]
    )
    def test_exact(self, p):
        with mpmath.workdps(50):
            exact = mpmath.log(mpmath.mpf(p)) - mpmath.log(1 - mpmath.mpf(p))
        assert logit(p) == pytest.approx(float(exact), rel=1e-15)

    def test_certainty(self):
        assert odds([0.0, 1.0]).tolist() == [0, math.inf]
        assert logit([0.0, 0.5, 1.0]).tolist() == [-math.inf, 0, math.inf]
        assert isinstance(odds(0.5), float)
        for function in (odds, logit):
            with pytest.raises(ProbabilityError, match="from 0 to 1"):
                function(1.5)

    @given(seeds, st.integers(1, 6))
    def test_the_same_as_the_table(self, seed, n):
        rng = np.random.default_rng(seed)
        prior, likelihood = rng.uniform(0.01, 0.99), rng.uniform(0.01, 1, (n, 2))
        table, belief = bayes_odds(prior, likelihood), np.array([prior, 1 - prior])
        for row, p in zip(likelihood, table.posterior, strict=True):
            belief = bayes_update(belief, row, normalize=True).posterior
            assert p == pytest.approx(belief[0])
        assert table.odds[-1] == pytest.approx(odds(prior) * np.prod(table.ratio))
        np.testing.assert_allclose(np.exp(table.log_odds), table.odds)

    def test_a_thousand_pieces_do_not_overflow(self):
        table = bayes_odds(0.5, np.tile([0.9, 0.1], (1000, 1)))
        assert table.log_odds[-1] == pytest.approx(1000 * math.log(9))
        assert table.posterior[-1] == 1

    def test_proof(self):
        assert bayes_odds(0.1, [[0.2, 0.0]]).posterior.tolist() == [1]
        assert bayes_odds(0.1, [[0.0, 0.2], [0.9, 0.1]]).posterior.tolist() == [0, 0]

    @pytest.mark.parametrize(
        ("prior", "likelihood", "error", "message"),
        [
            (1.2, [[0.5, 0.5]], ProbabilityError, "prior must be a probability"),
            (0.5, [0.5, 0.5], ValueError, "two columns"),
            (0.5, [[0.5, 0.5, 0.5]], ValueError, "two columns"),
            (0.5, [[80, 1]], ProbabilityError, "divide percentages"),
            (0.5, [[0.5, -0.1]], ProbabilityError, "likelihood must hold probabilities"),
            (0.5, [[0.0, 0.0]], ProbabilityError, "impossible both ways"),
            (0.5, [[1.0, 0.0], [0.0, 1.0]], ProbabilityError, "one piece proves"),
            (1.0, [[0.0, 1.0]], ProbabilityError, "one piece proves"),
        ],
    )
    def test_errors(self, prior, likelihood, error, message):
        with pytest.raises(error, match=message):
            bayes_odds(prior, likelihood)


class TestGrid:
    def test_agrees_with_the_conjugate_answer(self):
        p = np.linspace(0, 1, 4001)
        prior = scipy.stats.beta(2, 3).pdf(p)
        grid = grid_posterior(p, prior, scipy.stats.binom(20, p).logpmf(14))
        exact = BetaBinomial(2, 3).update(14, 20)
        np.testing.assert_allclose(grid.density, exact.belief.pdf(p), atol=1e-5)
        assert grid.mean == pytest.approx(exact.belief.mean, rel=1e-6)
        assert grid.variance == pytest.approx(exact.belief.variance, rel=1e-5)
        assert grid.log_evidence == pytest.approx(BetaBinomial(2, 3).log_evidence(14, 20), rel=1e-6)
        np.testing.assert_allclose(grid.credible_interval(0.9), exact.credible_interval(0.9), atol=1e-4)
        assert grid.mode == pytest.approx(15 / 23, abs=2e-4)

    def test_uneven_grid_and_a_million_observations(self):
        mean = np.sinh(np.linspace(-3, 3, 3001)) / 500
        log_likelihood = -0.5e6 * (mean - 0.003) ** 2 - 1e6  # underflows as a product
        grid = grid_posterior(mean, np.full(3001, 7.0), log_likelihood)
        assert grid.mean == pytest.approx(0.003, rel=1e-6)
        assert grid.variance == pytest.approx(1e-6, rel=1e-3)
        assert scipy.integrate.trapezoid(grid.density, grid.grid) == pytest.approx(1)

    def test_uniform_posterior(self):
        grid = grid_posterior([0.0, 0.5, 1.0], [1, 1, 1], [-3.0, -3.0, -3.0])
        np.testing.assert_allclose(grid.credible_interval(0.5), (0.25, 0.75))
        assert grid.log_evidence == pytest.approx(-3)

    @pytest.mark.parametrize(
        ("grid", "prior", "log_likelihood", "message"),
        [
            ([0, 1], [1, 1, 1], [0, 0], "one shape"),
            ([0], [1], [0], "one shape"),
            ([0, 0, 1], [1, 1, 1], [0, 0, 0], "must increase"),
            ([0, 1], [1, -1], [0, 0], "prior must be a density"),
            ([0, 1], [0, 0], [0, 0], "prior must be a density"),
            ([0, 1], [1, math.inf], [0, 0], "prior holds NaN or infinite"),
            ([0, 1], [1, 1], [0, math.nan], "NaN or .inf"),
            ([0, 1], [1, 1], [0, math.inf], "NaN or .inf"),
            ([0, 1], [1, 1], [-math.inf, -math.inf], "impossible at every point"),
            ([0, 1], [1, 0], [-math.inf, 0], "impossible at every point"),
        ],
    )
    def test_errors(self, grid, prior, log_likelihood, message):
        with pytest.raises(ValueError, match=message):
            grid_posterior(grid, prior, log_likelihood)


class TestConjugatePairs:
    """Each pair: posterior and evidence by quadrature, prediction by the chain rule, intervals by the CDF."""

    def test_beta_binomial_by_quadrature(self):
        model, k, n = BetaBinomial(2.5, 1.5), np.array([3, 7]), np.array([5, 9])

        def joint(p):
            return model.belief.pdf(p) * np.prod(scipy.stats.binom(n, p).pmf(k))

        evidence = scipy.integrate.quad(joint, 0, 1)[0]
        assert model.log_evidence(k, n) == pytest.approx(math.log(evidence), rel=1e-10)
        posterior = model.update(k, n)
        for p in (0.2, 0.6, 0.9):
            assert posterior.belief.pdf(p) == pytest.approx(joint(p) / evidence, rel=1e-8)

    def test_gamma_poisson_by_quadrature(self):
        model, x = GammaPoisson(2.5, 0.7), np.array([3, 0, 4])

        def joint(rate):
            return model.belief.pdf(rate) * np.prod(scipy.stats.poisson(rate).pmf(x))

        evidence = scipy.integrate.quad(joint, 0, 60, epsabs=1e-14)[0]
        assert model.log_evidence(x) == pytest.approx(math.log(evidence), rel=1e-9)
        for rate in (0.5, 2.0, 5.0):
            assert model.update(x).belief.pdf(rate) == pytest.approx(joint(rate) / evidence, rel=1e-7)

    def test_normal_normal_by_quadrature(self):
        model, x = NormalNormal(1.0, 2.0, 0.5), np.array([0.3, 2.2, 1.9])

        def joint(mean):
            return model.belief.pdf(mean) * np.prod(scipy.stats.norm(mean, math.sqrt(0.5)).pdf(x))

        evidence = scipy.integrate.quad(joint, -12, 14, epsabs=1e-14)[0]
        assert model.log_evidence(x) == pytest.approx(math.log(evidence), rel=1e-9)
        for mean in (0.0, 1.2, 2.0):
            assert model.update(x).belief.pdf(mean) == pytest.approx(joint(mean) / evidence, rel=1e-7)

    def test_normal_normal_evidence_is_a_correlated_gaussian(self):
        x = np.array([0.3, 2.2, 1.9, -1.0])
        cov = 0.5 * np.eye(4) + 2.0
        expected = scipy.stats.multivariate_normal(np.ones(4), cov).logpdf(x)
        assert NormalNormal(1.0, 2.0, 0.5).log_evidence(x) == pytest.approx(expected, rel=1e-12)

    def test_dirichlet_categorical_by_quadrature(self):
        model, counts = DirichletCategorical([1.5, 2.0, 0.5]), np.array([2, 1, 3])

        def joint(b, a):
            p = np.array([a, b * (1 - a), (1 - b) * (1 - a)])
            return math.exp(model.belief.log_pdf(p)) * np.prod(p**counts) * (1 - a)

        evidence = scipy.integrate.dblquad(joint, 0, 1, 0, 1, epsabs=1e-12)[0]
        assert model.log_evidence(counts) == pytest.approx(math.log(evidence), rel=1e-6)

    @given(seeds)
    def test_evidence_is_the_product_of_predictions(self, seed):
        rng = np.random.default_rng(seed)
        a, b = rng.uniform(0.2, 5, 2)
        n = rng.integers(0, 6, 4)
        cases = [
            (BetaBinomial(a, b), list(zip(rng.binomial(n, 0.4), n, strict=True))),
            (GammaPoisson(a, b), [(x,) for x in rng.poisson(3, 4)]),
            (NormalNormal(a, b, rng.uniform(0.2, 3)), [(x,) for x in rng.normal(size=4)]),
        ]
        for model, data in cases:
            total, belief = 0.0, model
            for x in data:
                total += math.log(belief.predictive(*x))
                belief = belief.update(*x)
            together = [np.array(column) for column in zip(*data, strict=True)]
            assert model.log_evidence(*together) == pytest.approx(total, rel=1e-9, abs=1e-9)
            whole = model.update(*together)
            assert vars(whole) == pytest.approx(vars(belief))

    @given(seeds)
    def test_dirichlet_evidence_is_the_product_of_predictions(self, seed):
        rng = np.random.default_rng(seed)
        model = DirichletCategorical(rng.uniform(0.2, 3, 4))
        total, belief, sequence = 0.0, model, rng.integers(0, 4, 6)
        for x in sequence:
            total += math.log(belief.predictive(x))
            belief = belief.update(np.bincount([x], minlength=4))
        counts = np.bincount(sequence, minlength=4)
        assert model.log_evidence(counts) == pytest.approx(total)
        np.testing.assert_allclose(model.update(counts).alpha, belief.alpha)

    def test_predictions_sum_to_one_and_agree_with_scipy(self):
        k = np.arange(11)
        np.testing.assert_allclose(
            BetaBinomial(2, 3).predictive(k, 10), scipy.stats.betabinom(10, 2, 3).pmf(k)
        )
        x = np.arange(400)
        negative_binomial = scipy.stats.nbinom(2.5, 1.5 / 2.5).pmf(x)
        np.testing.assert_allclose(GammaPoisson(2.5, 1.5).predictive(x), negative_binomial, rtol=1e-10)
        assert GammaPoisson(2.5, 1.5).predictive(x).sum() == pytest.approx(1)
        np.testing.assert_allclose(
            NormalNormal(1.0, 2.0, 0.5).predictive([0.0, 1.0]),
            scipy.stats.norm(1, math.sqrt(2.5)).pdf([0.0, 1.0]),
        )
        assert DirichletCategorical([1, 2, 3]).predictive(np.arange(3)).sum() == pytest.approx(1)
        assert isinstance(BetaBinomial(1, 1).predictive(3, 7), float)
        assert BetaBinomial(1, 1).predictive(3, 7) == pytest.approx(1 / 8)  # flat belief, flat prediction

    @pytest.mark.parametrize("mass", [0.5, 0.95])
    def test_credible_intervals_hold_their_mass_in_the_middle(self, mass):
        cases = [
            (BetaBinomial(2, 5), scipy.stats.beta(2, 5)),
            (GammaPoisson(3, 2), scipy.stats.gamma(3, scale=1 / 2)),
            (NormalNormal(1, 4, 1), scipy.stats.norm(1, 2)),
        ]
        for model, reference in cases:
            np.testing.assert_allclose(model.credible_interval(mass), reference.interval(mass), rtol=1e-10)
        intervals = DirichletCategorical([2.0, 3.0, 1.0]).credible_interval(mass)
        np.testing.assert_allclose(intervals[1], scipy.stats.beta(3, 3).interval(mass), rtol=1e-10)
        assert intervals.shape == (3, 2)

    def test_coverage_of_the_credible_interval(self):
        # drawn from the prior, the truth lies inside as often as promised: 1000 draws, 3 standard errors
        rng = np.random.default_rng(0)
        inside = 0
        for p in rng.beta(2, 2, 1000):
            low, high = BetaBinomial(2, 2).update(rng.binomial(20, p), 20).credible_interval(0.8)
            inside += low < p < high
        assert abs(inside - 800) < 3 * math.sqrt(1000 * 0.8 * 0.2)

    def test_precision_adds(self):
        posterior = NormalNormal(0.0, 4.0, 2.0).update([1.0, 3.0])
        assert posterior.precision == pytest.approx(1 / 4 + 2 / 2)
        assert posterior.mean == pytest.approx((4 / 2) / (1 / 4 + 2 / 2))

    def test_errors(self):
        for call, message in [
            (lambda: BetaBinomial(0, 1), "a must be above 0"),
            (lambda: BetaBinomial(1, -1), "b must be above 0"),
            (lambda: GammaPoisson(0, 1), "shape must be above 0"),
            (lambda: GammaPoisson(1, 0), "rate must be above 0"),
            (lambda: NormalNormal(math.nan, 1, 1), "mean must be finite"),
            (lambda: NormalNormal(0, 0, 1), "variance must be above 0"),
            (lambda: NormalNormal(0, 1, 0), "noise_variance must be above 0"),
            (lambda: DirichletCategorical([1.0]), "alpha must be two or more positive"),
            (lambda: BetaBinomial(1, 1).update(5, 3), "more successes than trials"),
            (lambda: BetaBinomial(1, 1).update(-1, 3), "successes must hold counts"),
            (lambda: BetaBinomial(1, 1).predictive(0.5, 3), "successes must hold counts"),
            (lambda: GammaPoisson(1, 1).update([1, -2]), "counts must hold counts"),
            (lambda: GammaPoisson(1, 1).predictive(1.5), "count must hold counts"),
            (lambda: NormalNormal(0, 1, 1).update(math.inf), "x holds NaN or infinite"),
            (lambda: DirichletCategorical([1, 1]).update([1, 2, 3]), "one number for each of 2 outcomes"),
            (lambda: DirichletCategorical([1, 1]).predictive(2), "from 0 to 1"),
            (lambda: DirichletCategorical([1, 1]).predictive(0.5), "from 0 to 1"),
            (lambda: BetaBinomial(1, 1).credible_interval(95), "mass must lie between 0 and 1"),
            (lambda: NormalNormal(0, 1, 1).credible_interval(0), "mass must lie between 0 and 1"),
        ]:
            with pytest.raises(ValueError, match=message):
                call()


class TestNaiveBayes:
    @pytest.mark.parametrize("alpha", [1.0, 0.1, 3.0])
    def test_agrees_with_scikit_learn_on_the_digits(self, alpha):
        train, _, test = digits_split(seed=0)
        ours = MultinomialNB(alpha).fit(train.X, train.y)
        theirs = sklearn.naive_bayes.MultinomialNB(alpha=alpha).fit(train.X, train.y)
        np.testing.assert_allclose(
            ours.predict_log_proba(test.X), theirs.predict_log_proba(test.X), atol=1e-9
        )
        np.testing.assert_array_equal(ours.predict(test.X), theirs.predict(test.X))
        ours = BernoulliNB(alpha).fit(train.X > 7, train.y)
        theirs = sklearn.naive_bayes.BernoulliNB(alpha=alpha, binarize=None).fit(train.X > 7, train.y)
        np.testing.assert_allclose(
            ours.predict_log_proba(test.X > 7), theirs.predict_log_proba(test.X > 7), atol=1e-9
        )
        np.testing.assert_allclose(ours.feature_log_prob_, theirs.feature_log_prob_, rtol=1e-12)
        np.testing.assert_allclose(ours.class_log_prior_, theirs.class_log_prior_, rtol=1e-12)

    @given(seeds)
    def test_bernoulli_joint_is_a_normalised_distribution(self, seed):
        rng = np.random.default_rng(seed)
        model = BernoulliNB(0.5).fit(rng.integers(0, 2, (8, 3)), np.arange(8) % 2)
        every_x = np.array(np.meshgrid(*[[0, 1]] * 3)).reshape(3, -1).T
        assert np.exp(model.predict_joint_log_proba(every_x)).sum() == pytest.approx(1)

    def test_is_bayes_update_of_the_product(self):
        model = BernoulliNB().fit([[1, 0], [1, 1], [0, 1]], ["spam", "spam", "ham"])
        theta = np.exp(model.feature_log_prob_)
        by_hand = bayes_update([1 / 3, 2 / 3], (1 - theta[:, 0]) * theta[:, 1]).posterior
        np.testing.assert_allclose(model.predict_proba([[0, 1]])[0], by_hand)
        assert model.classes_.tolist() == ["ham", "spam"]

    def test_doubled_evidence_counts_double(self):
        X, y = np.array([[1], [1], [0], [0]]), np.array([1, 1, 1, 0])
        once = BernoulliNB().fit(X, y).predict_joint_log_proba(X)
        twice = BernoulliNB().fit(np.hstack([X, X]), y).predict_joint_log_proba(np.hstack([X, X]))
        prior = np.log([0.25, 0.75])
        np.testing.assert_allclose(twice - prior, 2 * (once - prior))

    def test_without_smoothing_an_unseen_word_vetoes(self):
        model = MultinomialNB(alpha=0).fit([[3, 1, 0], [0, 1, 3]], [0, 1])
        np.testing.assert_array_equal(
            model.predict_proba([[5, 0, 0], [1, 1, 0], [0, 0, 1]]), [[1, 0], [1, 0], [0, 1]]
        )
        np.testing.assert_allclose(
            model.predict_proba([[0, 2, 0]]), [[0.5, 0.5]]
        )  # a zero count vetoes nothing
        with pytest.raises(ProbabilityError, match="probability 0 under every class"):
            model.predict([[1, 0, 1]])
        coins = BernoulliNB(alpha=0).fit([[1, 0], [0, 1]], [0, 1])
        np.testing.assert_array_equal(coins.predict([[1, 0], [0, 1]]), [0, 1])
        with pytest.raises(ProbabilityError, match="probability 0 under every class"):
            coins.predict([[1, 1]])

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: MultinomialNB(alpha=-1), "alpha must be 0 or more"),
            (lambda: MultinomialNB().fit([[1, -1]], [0]), "X must hold counts"),
            (lambda: BernoulliNB().fit([[2, 1]], [0]), "X must hold zeros and ones.*X > 0"),
            (lambda: MultinomialNB().fit([1, 2], [0, 1]), "X must be a table"),
            (lambda: MultinomialNB().fit([[1, 2]], [0, 1]), "one label for each of the 1 rows"),
            (lambda: MultinomialNB().fit(np.zeros((0, 2)), []), "one label for each of the 0 rows"),
            (lambda: MultinomialNB().predict([[1]]), "call fit"),
            (
                lambda: MultinomialNB().fit([[1, 2]], [0]).predict([[1]]),
                "X has 1 features, the model was fitted on 2",
            ),
            (lambda: MultinomialNB(0).fit([[0, 0]], [0]), "a class holds no counts"),
            (lambda: MultinomialNB().fit([[math.nan]], [0]), "X holds NaN"),
        ],
    )
    def test_errors(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()


def test_public_names_exist():
    assert all(hasattr(bayes, name) for name in bayes.__all__)

"""The VAE against SciPy, sums over all counts, grids, finite differences, closed forms and rival models."""

import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import mpmath
import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib import (
    elbo_linear_gaussian,
    grid_log_evidence,
    iwae_bound,
    linear_beta_vae,
    log_evidence_linear_gaussian,
    posterior_linear_gaussian,
    ppca_ml,
)
from course_lib import vae as v
from course_lib.datasets import digits_split
from course_lib.mixture import BetaBinomialMixture

SEEDS = st.integers(0, 2**32 - 1)
COUNTS = ["beta-binomial", "binomial"]


def tensor(x):
    return torch.as_tensor(np.asarray(x), dtype=torch.float64)


def shaken(seed=0, **options):
    """Return a small model in double precision whose weights are far from their quiet start."""
    model = v.VAE(**{"latent": 1, "hidden": 5, "n_features": 2, "seed": seed, **options}).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter += 0.7 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return model


def evidence(model, X, points=401):
    """Return log p(x) of each row by a grid over one or two latents."""

    def log_joint(z):
        z = tensor(z)
        with torch.no_grad():
            return (model.log_lik(tensor(X)[:, None], z) + model.log_prior(z)).numpy()

    return grid_log_evidence(log_joint, [np.linspace(-14, 14, points)] * model.latent)


def every_pair(n):
    return np.stack(np.meshgrid(np.arange(n + 1), np.arange(n + 1)), axis=-1).reshape(-1, 2)


def total_variation(p, q):
    return np.abs(p - q).sum() / 2


class TestBetaBinomial:
    @given(SEEDS, st.integers(1, 40))
    def test_sums_to_one(self, seed, n):
        a, b = np.exp(np.random.default_rng(seed).uniform(-5, 5, (2, 20, 1)))
        p = v.beta_binomial_logpmf(torch.arange(n + 1.0).double(), n, tensor(a), tensor(b)).exp()
        np.testing.assert_allclose(p.sum(dim=-1), 1, atol=1e-11)

    @pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-11), (torch.float32, 1e-3)])
    def test_agrees_with_scipy(self, dtype, tolerance):
        rng = np.random.default_rng(0)
        x, (a, b) = rng.integers(0, 17, 2000), np.exp(rng.uniform(-5, 5, (2, 2000))).astype(np.float32)
        expected = scipy.stats.betabinom.logpmf(x, 16, a.astype(float), b.astype(float))
        found = v.beta_binomial_logpmf(
            *(torch.as_tensor(part, dtype=dtype) for part in (x,)),
            16,
            torch.as_tensor(a, dtype=dtype),
            torch.as_tensor(b, dtype=dtype),
        )
        assert found.dtype == dtype
        np.testing.assert_allclose(found.double(), expected, atol=tolerance)

    def test_to_fifty_digits(self):
        with mpmath.workdps(50):
            for x, n, a, b in [(3, 16, 0.25, 0.5), (0, 16, 140.0, 3.0), (16, 16, 0.0078125, 0.0078125)]:
                beta = mpmath.beta(x + mpmath.mpf(a), n - x + mpmath.mpf(b)) / mpmath.beta(a, b)
                exact = float(mpmath.log(mpmath.binomial(n, x) * beta))
                found = v.beta_binomial_logpmf(tensor(x), n, tensor(a), tensor(b))
                assert float(found) == pytest.approx(exact, rel=1e-11)

    def test_limits(self):
        x = torch.arange(5.0).double()
        binomial = scipy.stats.binom.logpmf(x, 4, 0.3)
        found = v.beta_binomial_logpmf(x, 4, tensor(0.3e6), tensor(0.7e6))
        np.testing.assert_allclose(found, binomial, atol=1e-4)

    def test_gradients_by_finite_differences(self):
        x = tensor([[0.0, 3, 16]])
        a, b = (tensor([[0.2, 1.0, 7.0]]) * scale for scale in (1, 3))
        a.requires_grad_(), b.requires_grad_()
        assert torch.autograd.gradcheck(lambda a, b: v.beta_binomial_logpmf(x, 16, a, b), (a, b))


class TestIsADistribution:
    @pytest.mark.parametrize("likelihood", COUNTS)
    @pytest.mark.parametrize("prior", ["normal", "mixture"])
    def test_all_pairs_of_counts_sum_to_one(self, likelihood, prior):
        # Every x in {0..16}², each with z integrated out: the model is a mass function, not only its decoder.
        p = np.exp(evidence(shaken(1, likelihood=likelihood, prior=prior), every_pair(16)))
        assert p.sum() == pytest.approx(1, abs=1e-9)
        assert p.max() < 0.5  # and no trivial one

    def test_with_two_latents(self):
        model = shaken(2, latent=2, n_trials=3)
        assert np.exp(evidence(model, every_pair(3), points=121)).sum() == pytest.approx(1, abs=1e-6)

    @pytest.mark.parametrize("likelihood", COUNTS)
    def test_samples_follow_it(self, likelihood):
        model, size = shaken(3, likelihood=likelihood, n_trials=3), 20_000
        X = model.sample(size, rng=0).numpy()
        found = np.bincount((X @ [1, 4]).astype(int), minlength=16)
        p = np.exp(evidence(model, every_pair(3)))
        # A correct sampler fails by less than 1e-4 of all seeds; this one is fixed.
        assert scipy.stats.chisquare(found, size * p / p.sum()).pvalue > 1e-4

    def test_gaussian_samples(self):
        model = shaken(4, hidden=0, likelihood="gaussian", prior="normal", latent=2, n_features=3)
        W, b = (part.detach().numpy() for part in model.decoder.parameters())
        cov = W @ W.T + model.likelihood.log_noise.exp().item() * np.eye(3)
        X = model.sample(100_000, rng=1).numpy()
        np.testing.assert_allclose(X.mean(axis=0), b, atol=5 * math.sqrt(cov.max() / 1e5))
        np.testing.assert_allclose(np.cov(X.T), cov, atol=0.05 * cov.max())

    def test_learned_prior(self):
        model = shaken(5, latent=2, n_features=1)
        prior, z = model.prior, tensor(np.random.default_rng(0).normal(0, 2, (30, 2)))
        weights = torch.softmax(prior.logits, 0).detach().numpy()
        parts = [
            scipy.stats.multivariate_normal(m, np.diag(s)).pdf(z)
            for m, s in zip(
                prior.mean.detach().numpy(), prior.log_variance.exp().detach().numpy(), strict=True
            )
        ]
        np.testing.assert_allclose(model.log_prior(z).detach(), np.log(weights @ np.array(parts)), rtol=1e-10)
        draws = (
            prior.sample(torch.empty(200_000, 2).double(), torch.Generator().manual_seed(0)).detach().numpy()
        )
        means, variances = prior.mean.detach().numpy(), prior.log_variance.exp().detach().numpy()
        mean = weights @ means
        np.testing.assert_allclose(draws.mean(axis=0), mean, atol=0.03)
        np.testing.assert_allclose(draws.var(axis=0), weights @ (variances + (means - mean) ** 2), rtol=0.05)

    def test_normal_prior(self):
        z = tensor(np.random.default_rng(1).normal(size=(5, 3)))
        expected = scipy.stats.norm.logpdf(z).sum(axis=-1)
        np.testing.assert_allclose(v.VAE(3, prior="normal").log_prior(z), expected, rtol=1e-12)

    @pytest.mark.parametrize("likelihood", COUNTS)
    def test_decode_is_the_mean_of_what_it_says(self, likelihood):
        model = shaken(6, likelihood=likelihood, n_features=1)
        z, levels = tensor([[-1.0], [0.3], [2.0]]), torch.arange(17.0).double()[:, None, None]
        p = model.log_lik(levels, z).exp()
        np.testing.assert_allclose(p.sum(dim=0).detach(), 1, atol=1e-12)
        np.testing.assert_allclose(
            (p[..., None] * levels).sum(dim=0).detach(), model.decode(z).detach(), rtol=1e-10
        )

    def test_cross_entropy_of_shares_is_the_binomial_over_n(self):
        model = shaken(7, likelihood="binomial")
        x, z = tensor([[3.0, 16], [0, 7]]), tensor([[0.5], [-1.0]])
        bce = torch.nn.functional.binary_cross_entropy_with_logits(model.decoder(z), x / 16, reduction="none")
        orders = np.log(scipy.special.binom(16, x.numpy())).sum(axis=1)
        np.testing.assert_allclose(
            model.log_lik(x, z).detach(), orders - 16 * bce.sum(dim=1).detach().numpy(), rtol=1e-12
        )


class TestWeights:
    @pytest.mark.parametrize(
        "options", [{"prior": "normal"}, {"prior": "mixture"}, {"latent": 2, "hidden": (3, 6)}]
    )
    def test_unbiased_against_the_grid(self, options):
        model, X = shaken(8, **options), np.array([[0, 16], [3, 4], [9, 1]])
        exact = np.exp(evidence(model, X, points=301))
        q = (
            model.encode(tensor(X))[0].detach(),
            torch.full((3, model.latent), 4.0).double(),
        )  # wide: tame weights
        with torch.no_grad():
            w = model.log_w(tensor(X), 40_000, q=q, rng=0).exp().numpy()
        error = w.std(axis=1) / math.sqrt(w.shape[1])
        assert np.all(error < 0.1 * exact)
        assert np.all(np.abs(w.mean(axis=1) - exact) < 4 * error)

    def test_bounds_stay_below_the_grid(self):
        model, X = shaken(9), every_pair(16)[::20]
        scores, exact = v.evaluate(model, X, k=2000), evidence(model, X)
        assert np.all(scores.elbo < exact)
        assert np.all(scores.iwae >= scores.elbo)
        assert scores.iwae.mean() < exact.mean() + 0.01
        assert (exact - scores.iwae).mean() < (exact - scores.elbo).mean() / 2

    @pytest.mark.parametrize("noise", [None, 0.3])
    def test_exact_posterior_makes_every_weight_the_evidence(self, noise):
        # A linear decoder with orthogonal columns has a Gaussian posterior without correlations.
        options = {"likelihood": "gaussian", "prior": "normal", "latent": 2, "n_features": 3, "noise": noise}
        model = shaken(10, hidden=0, **options)
        W, b = (
            np.array([[2.0, 0.0], [1.0, 1.0], [-1.0, 2.0]]) @ np.diag([1.0, 0.5]),
            np.array([0.5, 0.0, -1.0]),
        )
        W[:, 1] -= W[:, 0] * (W[:, 0] @ W[:, 1]) / (W[:, 0] @ W[:, 0])
        with torch.no_grad():
            model.decoder[0].weight.copy_(tensor(W)), model.decoder[0].bias.copy_(tensor(b))
        noise = model.likelihood.log_noise.exp().item()
        X = np.random.default_rng(0).normal(size=(4, 3))
        mean, cov = posterior_linear_gaussian(X, W, b, noise)
        q = tensor(mean), tensor(np.tile(np.diag(cov), (4, 1)))
        exact = log_evidence_linear_gaussian(X, W, b, noise)
        log_w = model.log_w(tensor(X), 6, q=q, rng=0).detach().numpy()
        np.testing.assert_allclose(log_w, np.tile(exact[:, None], 6), rtol=1e-10)

    def test_gradients_by_finite_differences(self):
        model, x = shaken(11, hidden=3, n_trials=4), tensor([[1.0, 4.0], [0.0, 2.0]])
        names, values = zip(*model.named_parameters(), strict=True)

        def bound(*values):
            renamed = {f"model.{name}": value for name, value in zip(names, values, strict=True)}
            return torch.func.functional_call(_LogW(model), renamed, (x,))

        assert torch.autograd.gradcheck(bound, tuple(p.detach().requires_grad_() for p in values), atol=1e-6)

    def test_seeds_and_generators(self):
        model, x = v.VAE(2, 4, n_features=2), torch.tensor([[1.0, 2.0]])
        before = torch.get_rng_state()
        one, other = model.log_w(x, 3, rng=5), model.log_w(x, 3, rng=torch.Generator().manual_seed(5))
        assert torch.equal(one, other)
        assert not torch.equal(model.log_w(x, 3), model.log_w(x, 3))
        assert torch.equal(model.sample(4, rng=1), model.sample(4, rng=1))
        assert torch.equal(torch.get_rng_state(), before)


class _LogW(torch.nn.Module):
    """The bound as a module's forward, so that torch can swap its parameters."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model.log_w(x, 2, rng=0)


class TestEvaluate:
    def test_parts_are_consistent(self):
        model, X = shaken(12), every_pair(16)[::7]
        scores = v.evaluate(model, X, k=12)
        assert all(part.dtype == np.float64 and part.shape[0] == len(X) for part in scores)
        np.testing.assert_allclose(scores.elbo, scores.log_w.mean(axis=1), rtol=1e-12)
        np.testing.assert_array_equal(scores.elbo, -(scores.rate + scores.distortion))
        np.testing.assert_array_equal(scores.iwae, iwae_bound(scores.log_w, 12))
        assert np.all(scores.iwae >= iwae_bound(scores.log_w, 3))

    def test_one_draw_many_rows_and_any_cut(self, monkeypatch):
        model, X = shaken(13), every_pair(16)
        whole = v.evaluate(model, X, k=3, seed=4)
        monkeypatch.setattr(v, "ROWS", 2)  # fewer than the draws of one example: one at a time
        pieces = v.evaluate(model, X, k=3, seed=4)
        assert whole.log_w.shape == pieces.log_w.shape == (289, 3)
        assert abs(whole.elbo.mean() - pieces.elbo.mean()) < 1

    def test_dropout_is_off_and_the_mode_returns(self):
        model, X = shaken(14), [[1, 2]]
        quiet = v.evaluate(model, X, k=4)
        model.train()
        np.testing.assert_array_equal(v.evaluate(model, X, k=4).log_w, quiet.log_w)
        assert model.training
        assert not np.allclose(
            model.log_w(tensor(X), 50, rng=0).detach(), model.eval().log_w(tensor(X), 50, rng=0).detach()
        )

    def test_leaves_torch_as_it_was(self):
        model, before, threads = shaken(15), torch.get_rng_state(), torch.get_num_threads()
        torch.set_num_threads(2)
        try:
            v.evaluate(model, [[1, 2]], k=2)
            v.train_vae([[1, 2], [3, 4]], steps=2, latent=1, hidden=2)
            with pytest.raises(ValueError, match="does not vary"):
                v.train_vae([[1.0], [1.0]], steps=2, likelihood="gaussian")
            assert torch.get_num_threads() == 2
        finally:
            torch.set_num_threads(threads)
        assert torch.equal(torch.get_rng_state(), before)

    def test_single_precision_costs_little(self):
        model = v.VAE()
        X = digits_split(0).test.X[:20]
        x = torch.as_tensor(X, dtype=torch.float32)
        z = model.encode(x)[0].detach()
        single = model.log_lik(x, z).detach()
        assert v.evaluate(model, X, k=2).log_w.dtype == np.float64
        double = model.double().log_lik(tensor(X), z.double()).detach()
        np.testing.assert_allclose(single, double, atol=1e-2)


class TestTraining:
    def test_same_seed_same_model(self):
        X = digits_split(0).train.X[:200]
        one, same, other = (v.train_vae(X, steps=5, seed=seed).state_dict() for seed in (3, 3, 4))
        assert all(torch.equal(one[name], same[name]) for name in one)
        assert not all(torch.equal(one[name], other[name]) for name in one)

    def test_drops_units_while_it_learns(self, monkeypatch):
        X = digits_split(0).train.X[:200]
        one = v.train_vae(X, steps=3, hidden=8).state_dict()
        monkeypatch.setattr(v, "DROPOUT", 0.0)
        other = v.train_vae(X, steps=3, hidden=8).state_dict()
        assert not torch.equal(one["decoder.3.weight"], other["decoder.3.weight"])

    def test_learning_rate_rises_then_falls_to_nothing(self):
        rates = [v._learning_rate(t, 3000) for t in range(3000)]
        assert rates[0] == pytest.approx(1e-4)
        assert max(rates) == pytest.approx(1e-2, rel=0.01)
        assert np.argmax(rates) == 99
        assert rates[1500] == pytest.approx(5e-3)
        assert rates[-1] < 1e-8

    def test_starts_near_the_mean_of_the_data(self):
        split = digits_split(0)
        model = v.train_vae(split.train.X, steps=0)
        drawn = model.decode(torch.zeros(1, 16)).detach().numpy()[0]
        assert np.abs(drawn - split.train.X.mean(axis=0)).max() < 3
        assert not model.training

    @pytest.mark.parametrize(
        "options", [{}, {"k": 5}, {"prior": "normal", "likelihood": "binomial"}, {"beta": 0.5}]
    )
    def test_a_short_run_climbs(self, options):
        split = digits_split(0)
        options = {"hidden": 32, "latent": 4, **options}
        before, after = (
            v.evaluate(v.train_vae(split.train.X, steps=steps, **options), split.valid.X, k=20).iwae.mean()
            for steps in (0, 150)
        )
        assert after > before + 8

    def test_threads_give_what_one_after_the_other_gives(self):
        X = np.array([[0, 16], [16, 0], [16, 16]] * 20)

        def weights(seed):
            model = v.train_vae(X, steps=15, seed=seed, latent=1, hidden=4)
            return torch.cat([w.ravel() for w in model.parameters()]).detach()

        alone, state = [weights(seed) for seed in range(4)], torch.get_rng_state()
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(weights, range(4)))
        assert all(map(torch.equal, alone, together))
        assert torch.equal(torch.get_rng_state(), state)

    def test_more_weight_on_the_rate_lowers_it(self):
        split = digits_split(0)
        rates, distortions = [], []
        for beta in (0.5, 16):
            model = v.train_vae(split.train.X, steps=150, beta=beta, hidden=32, latent=4, prior="normal")
            scores = v.evaluate(model, split.valid.X, k=20)
            rates.append(scores.rate.mean())
            distortions.append(scores.distortion.mean())
        assert rates == sorted(rates, reverse=True)
        assert distortions == sorted(distortions)

    def test_linear_model_reaches_ppca(self):
        rng = np.random.default_rng(0)
        X = 5 + rng.normal(size=(300, 10)) @ np.diag(np.linspace(3, 0.5, 10)) @ rng.normal(size=(10, 10))
        model = v.train_vae(X, steps=800, latent=3, hidden=0, likelihood="gaussian", prior="normal").double()
        best = log_evidence_linear_gaussian(X, *ppca_ml(X, 3)).mean()
        mean, variance = (part.detach().numpy() for part in model.encode(tensor(X)))
        weight, bias = (part.detach() for part in model.decoder.parameters())
        W = (model.likelihood.unit * weight).numpy()
        b = model.likelihood.mean(bias).numpy()
        noise = model.likelihood.log_noise.exp().item()
        bound = elbo_linear_gaussian(X, mean, np.stack([np.diag(v) for v in variance]), W, b, noise).mean()
        assert 0 <= best - bound < 0.1
        scores = v.evaluate(model, X, k=100)
        assert scores.elbo.mean() == pytest.approx(bound, abs=0.05)
        assert scores.iwae.mean() == pytest.approx(best, abs=0.1)

    def test_linear_beta_model_reaches_shannons_curve_and_collapses_on_time(self):
        rng = np.random.default_rng(1)
        X = rng.normal(size=(300, 4)) * [4, 2, 1, 0.5]
        eigenvalues = np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1]
        options = {"latent": 3, "hidden": 0, "likelihood": "gaussian", "prior": "normal", "noise": 1.0}
        model = v.train_vae(X, steps=1500, beta=2.0, **options)
        scores = v.evaluate(model, X, k=200)
        target = linear_beta_vae(eigenvalues, 3, noise=1.0, beta=2.0)
        assert np.count_nonzero(target.rates) == 2
        assert scores.rate.mean() == pytest.approx(target.rate, abs=0.05)
        distortion = 2 * scores.distortion.mean() - 4 * math.log(2 * math.pi)
        assert distortion == pytest.approx(target.distortion, abs=0.1)
        mean, variance = model.encode(torch.as_tensor(X, dtype=torch.float32))
        active = mean.var(dim=0) > 0.1
        assert int(active.sum()) == 2
        np.testing.assert_allclose(variance[:, ~active].detach(), 1, atol=0.1)


def test_headline():
    """Held-out digits after half the usual steps: the bound, its gap, the margin over a mixture, samples."""
    split = digits_split(0)
    model = v.train_vae(split.train.X, steps=1500)
    scores = v.evaluate(model, split.test.X)
    rival = BetaBinomialMixture.fit(split.train.X, 320, 16, rng=0).log_prob(split.test.X)
    assert scores.iwae.mean() >= -81.5
    assert 2 <= (scores.iwae - scores.elbo).mean() <= 5
    ahead = scores.iwae - rival  # image by image
    assert ahead.mean() >= 6
    assert ahead.mean() > 10 * ahead.std() / math.sqrt(len(ahead))
    drawn = model.sample(2000, rng=0).numpy()
    assert set(np.unique(drawn)) <= set(range(17))
    assert np.abs(drawn.mean(axis=0) - split.train.X.mean(axis=0)).max() < 1.5


class TestErrors:
    def test_without_torch_the_way_out_is_named_and_the_rest_works(self):
        code = "import sys; sys.modules['torch'] = None; import course_lib as c; c.ppca_ml; c.VAE"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stderr.splitlines()[-1] == (
            "ModuleNotFoundError: course_lib.vae needs PyTorch: pip install 'course-lib[vae]'"
        )

    def test_model(self):
        for options, message in [
            ({"prior": "vamp"}, "prior must be 'mixture' or 'normal', got 'vamp'"),
            ({"likelihood": "bernoulli"}, "likelihood must be 'beta-binomial', 'binomial' or 'gaussian'"),
            ({"noise": 1.0}, "noise belongs to likelihood='gaussian'; 'beta-binomial' has none"),
            ({"likelihood": "gaussian", "noise": 0.0}, "noise must be above 0"),
            ({"latent": 0}, "latent must be 1 or more"),
            ({"hidden": -1}, "hidden must be 0 or more"),
            ({"n_features": 0}, "n_features must be 1 or more"),
            ({"n_trials": 0}, "n_trials must be 1 or more"),
            ({"seed": -1}, "seed must be 0 or more"),
        ]:
            with pytest.raises(ValueError, match=message):
                v.VAE(**options)
        with pytest.raises(TypeError, match="latent must be a whole number, not float"):
            v.VAE(2.0)

    @pytest.mark.parametrize("call", [v.train_vae, lambda X: v.evaluate(v.VAE(1, 2, n_features=2), X)])
    def test_data(self, call):
        for X, message in [
            ([1.0, 2.0], r"X must be a table with one example per row; its shape is \(2,\)"),
            (np.zeros((0, 2)), "X must be a table"),
            ([[1, 17]], "X must hold counts from 0 to n_trials = 16, found 17"),
            ([[1, -1]], "X must hold counts: whole numbers, none of them negative"),
            ([[1, 0.5]], "X must hold counts: whole numbers"),
            ([[1, math.nan]], "X holds NaN"),
        ]:
            with pytest.raises(ValueError, match=message):
                call(X)
        with pytest.raises(TypeError, match="X must hold real numbers"):
            call([["a", "b"]])

    def test_training(self):
        X = [[1, 2], [3, 4]]
        for options, message in [
            ({"steps": -1}, "steps must be 0 or more"),
            ({"k": 0}, "k must be 1 or more"),
            ({"beta": -1.0}, "beta must be 0 or more, got -1"),
            ({"beta": math.inf}, "beta must be finite"),
            ({"beta": 2.0, "k": 3}, "choose beta = 1 or k = 1: with beta = 2.0 and k = 3 nothing is bounded"),
        ]:
            with pytest.raises(ValueError, match=message):
                v.train_vae(X, **options)
        with pytest.raises(ValueError, match="X does not vary; give examples that differ"):
            v.train_vae([[1.5], [1.5]], likelihood="gaussian")
        with pytest.raises(TypeError, match="unexpected keyword argument 'width'"):
            v.train_vae(X, width=3)

    def test_evaluation_and_draws(self):
        model = v.VAE(1, 2, n_features=2)
        with pytest.raises(ValueError, match="X must have 2 columns, as the model has, not 3"):
            v.evaluate(model, [[1, 2, 3]])
        with pytest.raises(ValueError, match="k must be 1 or more"):
            v.evaluate(model, [[1, 2]], k=0)
        with pytest.raises(ValueError, match="k must be 1 or more"):
            model.log_w(torch.zeros(1, 2), 0)
        with pytest.raises(ValueError, match="size must be 1 or more"):
            model.sample(0)
        with pytest.raises(TypeError, match="rng must be a whole number, not str"):
            model.sample(1, rng="0")

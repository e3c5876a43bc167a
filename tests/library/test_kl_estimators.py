"""k1, k2, k3 and the tilted policy against 50 digits, closed forms of Gaussians, autograd, an optimiser."""

import math

import mpmath
import numpy as np
import pytest
import scipy.optimize
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib import ProbabilityError
from course_lib.divergence import kl_divergence
from course_lib.kl_estimators import k1, k2, k3, kl_estimator_moments, reward_tilted_policy

mpmath.mp.dps = 50

pairs = st.integers(2, 8).flatmap(
    lambda n: st.tuples(*[hnp.arrays(np.float64, n, elements=st.floats(1e-3, 1.0)) for _ in range(2)])
)


def as_distribution(weights):
    return weights / weights.sum()


# --- single values --------------------------------------------------------------------------------------


def test_k1_k2_k3_by_hand():
    log_p, log_q = np.log([0.5, 0.25, 0.2]), np.log([0.25, 0.5, 0.2])
    ln2 = math.log(2)
    np.testing.assert_allclose(k1(log_p, log_q), [ln2, -ln2, 0], rtol=1e-15)
    np.testing.assert_allclose(k2(log_p, log_q), [ln2**2 / 2, ln2**2 / 2, 0], rtol=1e-15)
    np.testing.assert_allclose(k3(log_p, log_q), [ln2 - 0.5, 1 - ln2, 0], rtol=1e-14)
    assert type(k3(-1.0, -2.0)) is float
    assert math.copysign(1, k1(-1.0, -1.0)) == 1
    assert k1(-1.0, -math.inf) == k2(-1.0, -math.inf) == k3(-1.0, -math.inf) == math.inf


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_k3_keeps_its_digits_where_the_ratio_is_near_one(dtype):
    sizes = 10.0 ** np.arange(-15, 3)
    log_ratio = np.concatenate([-sizes, sizes[:-1], [0.49, 0.5, 0.51, -0.49, -0.5, -0.51]]).astype(dtype)
    ours = k3(np.zeros_like(log_ratio), log_ratio)
    assert ours.dtype == dtype
    with np.errstate(over="ignore"):
        for x, value in zip(log_ratio, ours, strict=True):
            x = mpmath.mpf(float(x))
            exact = mpmath.expm1(x) - x
            if exact < 1e38:
                assert float(abs(mpmath.mpf(float(value)) / exact - 1)) < 10 * np.finfo(dtype).eps
    naive = np.exp(dtype(1e-4)) - 1 - dtype(1e-4)
    if dtype is np.float32:
        assert abs(naive / 5e-9 - 1) > 0.5  # what the plain form makes of it


@settings(deadline=None)
@given(hnp.arrays(np.float64, 20, elements=st.floats(-700, 0)))
def test_k3_is_never_negative_and_is_k1_plus_a_control_variate(log_q):
    log_p = np.full(20, -1.0)
    assert np.all(k3(log_p, log_q) >= 0)
    np.testing.assert_allclose(k3(log_p, log_q) - k1(log_p, log_q), np.expm1(log_q - log_p), atol=1e-12)


@pytest.mark.parametrize("f", [k1, k2, k3])
def test_estimator_refusals_and_dtypes(f):
    with pytest.raises(ValueError, match=r"log_p has shape \(2,\) and log_q has shape \(1,\)"):
        f([-1, -2], [-1])
    with pytest.raises(ValueError, match="log_p must be finite: p drew these samples"):
        f([-1, -np.inf], [-1, -1])
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="log_q holds NaN or"):
            f([-1, -1], [-1, bad])
    with pytest.raises(TypeError, match="log_q must hold real numbers"):
        f([-1.0], ["a"])
    assert f(np.float16([-1]), np.float16([-2])).dtype == np.float32
    assert f([-1], [-2]).dtype == np.float64


# --- bias and variance ----------------------------------------------------------------------------------


@settings(deadline=None)
@given(pairs)
def test_moments_against_their_definition(ws):
    p, q = map(as_distribution, ws)
    truth = kl_divergence(p, q)
    moments = kl_estimator_moments(p, q)
    for name, f in {"k1": k1, "k2": k2, "k3": k3}.items():
        values = f(np.log(p), np.log(q))
        mean = np.sum(p * values)
        assert moments[name].bias == pytest.approx(mean - truth, abs=1e-12)
        assert moments[name].variance == pytest.approx(np.sum(p * values**2) - mean**2, abs=1e-9)
    assert moments["k1"].bias == pytest.approx(0, abs=1e-12)
    assert moments["k3"].bias == pytest.approx(0, abs=1e-12)


def test_bias_of_k3_is_the_mass_that_p_never_visits():
    moments = kl_estimator_moments([0.5, 0.5, 0], [0.3, 0.4, 0.3])
    assert moments["k3"].bias == pytest.approx(-0.3, rel=1e-12)
    assert moments["k1"].bias == pytest.approx(0, abs=1e-15)


def gaussian_on_a_grid(shift):
    x = np.linspace(-12, 12 + shift, 6001)
    return tuple(as_distribution(np.exp(-((x - m) ** 2) / 2)) for m in (0, shift))


@pytest.mark.parametrize("kl", [0.01, 0.3, 0.6, 0.66, 1.0])
def test_variance_of_k3_passes_that_of_k1_at_0_63_nats_for_unit_gaussians(kl):
    shift = math.sqrt(2 * kl)
    moments = kl_estimator_moments(*gaussian_on_a_grid(shift))
    assert moments["k1"].variance == pytest.approx(shift**2, rel=1e-6)
    assert moments["k3"].variance == pytest.approx(math.expm1(shift**2) - shift**2, rel=1e-6)
    assert moments["k2"].bias == pytest.approx((shift**2 + shift**4 / 4) / 2 - kl, rel=1e-5)
    assert (moments["k3"].variance > moments["k1"].variance) == (kl > 0.63)


def test_moments_agree_with_a_simulation():
    p, q = np.array([0.2, 0.3, 0.5]), np.array([0.4, 0.4, 0.2])
    x = np.random.default_rng(0).choice(3, size=200_000, p=p)
    for name, f in {"k1": k1, "k2": k2, "k3": k3}.items():
        values = f(np.log(p)[x], np.log(q)[x])
        moments = kl_estimator_moments(p, q)[name]
        error = math.sqrt(moments.variance / len(x))
        assert values.mean() - kl_divergence(p, q) == pytest.approx(moments.bias, abs=4 * error)
        assert values.var() == pytest.approx(moments.variance, rel=0.02)


def test_moments_refusals():
    with pytest.raises(ValueError, match="q positive where p is"):
        kl_estimator_moments([0.5, 0.5], [1, 0])
    with pytest.raises(ValueError, match="must be single distributions"):
        kl_estimator_moments([[0.5, 0.5]] * 2, [[0.5, 0.5]] * 2)
    with pytest.raises(ProbabilityError, match="q sums to"):
        kl_estimator_moments([0.5, 0.5], [0.5, 0.6])


def expected_gradient(estimator):
    """Return the mean gradient of an estimator, samples held fixed, and of KL in both directions."""
    logits = torch.tensor([0.1, -0.4, 0.7], dtype=torch.float64, requires_grad=True)
    log_q = torch.log_softmax(torch.tensor([0.5, 0.2, -0.3], dtype=torch.float64), 0)
    log_p = torch.log_softmax(logits, 0)
    surrogate = (log_p.detach().exp() * estimator(log_q - log_p)).sum()
    forward = (log_p.exp() * (log_p - log_q)).sum()
    reverse = (log_q.exp() * (log_q - log_p)).sum()
    values = surrogate, forward, reverse
    return [torch.autograd.grad(f, logits, retain_graph=True)[0].numpy() for f in values]


def test_what_each_estimator_does_as_a_loss():
    for_k1, forward, reverse = expected_gradient(lambda log_ratio: -log_ratio)
    np.testing.assert_allclose(for_k1, 0, atol=1e-15)
    for_k2, *_ = expected_gradient(lambda log_ratio: log_ratio**2 / 2)
    np.testing.assert_allclose(for_k2, forward, rtol=1e-12)
    for_k3, *_ = expected_gradient(lambda log_ratio: torch.exp(log_ratio) - 1 - log_ratio)
    np.testing.assert_allclose(for_k3, reverse, rtol=1e-12)


# --- the tilted policy ----------------------------------------------------------------------------------


def objective(policy, reference, reward, beta):
    return policy @ reward - beta * kl_divergence(policy, reference)


@settings(deadline=None)
@given(pairs, st.floats(0.05, 20))
def test_no_policy_does_better_and_the_maximum_is_the_free_energy(ws, beta):
    reference, other = map(as_distribution, ws)
    reward = np.cos(np.arange(len(other)))
    best = reward_tilted_policy(reference, reward, beta)
    attained = objective(best, reference, reward, beta)
    assert attained == pytest.approx(beta * math.log(reference @ np.exp(reward / beta)), rel=1e-9, abs=1e-9)
    assert objective(other, reference, reward, beta) <= attained + 1e-12


def test_tilted_policy_is_what_an_optimiser_finds():
    reference, reward, beta = np.array([0.5, 0.3, 0.2]), np.array([0.0, 1.0, 2.0]), 0.7

    def loss(logits):
        p = np.exp(logits - logits.max())
        return -objective(p / p.sum(), reference, reward, beta)

    logits = scipy.optimize.minimize(loss, np.zeros(3), tol=1e-12).x
    p = np.exp(logits - logits.max())
    np.testing.assert_allclose(reward_tilted_policy(reference, reward, beta), p / p.sum(), atol=1e-6)


def test_limits_of_beta_and_what_the_reference_rules_out():
    reference, reward = np.array([0.6, 0.3, 0.1, 0.0]), np.array([1.0, 2.0, 3.0, 1e6])
    np.testing.assert_allclose(reward_tilted_policy(reference, reward, 1e9), reference, rtol=1e-8)
    np.testing.assert_allclose(reward_tilted_policy(reference, reward, 1e-3), [0, 0, 1, 0], atol=1e-300)
    tied = reward_tilted_policy([0.2, 0.4, 0.4], [5.0, 5.0, 0.0], 1e-3)
    np.testing.assert_allclose(tied, [1 / 3, 2 / 3, 0], rtol=1e-14)
    twice, rewards = np.stack([reference, reference]).T, np.stack([reward, 0 * reward]).T
    by_column = reward_tilted_policy(twice, rewards, 2, axis=0)
    np.testing.assert_allclose(by_column[:, 0], reward_tilted_policy(reference, reward, 2))
    np.testing.assert_allclose(by_column[:, 1], reference)


def test_tilted_policy_refusals():
    with pytest.raises(ValueError, match="beta must be above 0"):
        reward_tilted_policy([0.5, 0.5], [0, 1], 0)
    with pytest.raises(ValueError, match=r"reference has shape \(2,\) and reward has shape \(3,\)"):
        reward_tilted_policy([0.5, 0.5], [0, 1, 2], 1)
    with pytest.raises(ValueError, match="reward must be finite"):
        reward_tilted_policy([0.5, 0.5], [0, -np.inf], 1)
    with pytest.raises(ProbabilityError, match=r"reference sums to 0\.9"):
        reward_tilted_policy([0.5, 0.4], [0, 1], 1)

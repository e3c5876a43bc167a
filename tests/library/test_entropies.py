"""The relatives of entropy: two beliefs, several variables, other orders, attention, estimates of counts."""

import itertools
import math

import mpmath
import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib import ProbabilityError, entropy
from course_lib.divergence import kl_divergence
from course_lib.entropy import (
    attention_entropy,
    conditional_entropy,
    cross_entropy,
    joint_entropy,
    miller_madow_entropy,
    perplexity,
    plugin_entropy,
    renyi_entropy,
)

weights = st.integers(1, 30).flatmap(
    lambda n: st.tuples(*[hnp.arrays(np.float64, n, elements=st.floats(1e-6, 1.0)) for _ in range(2)])
)


def as_distribution(weights):
    return weights / weights.sum()


# --- cross-entropy --------------------------------------------------------------------------------------


def test_cross_entropy_of_the_two_coins():
    expected = math.log2(1 / 0.99) / 2 + math.log2(1 / 0.01) / 2
    assert cross_entropy([0.5, 0.5], [0.99, 0.01], base=2) == pytest.approx(expected, rel=1e-14)
    assert cross_entropy([0.99, 0.01], [0.5, 0.5], base=2) == pytest.approx(1, rel=1e-15)
    assert cross_entropy([1, 0], [0.25, 0.75], base=2) == 2.0
    assert cross_entropy([0.5, 0.5], [1, 0]) == math.inf
    assert cross_entropy([1, 0], [1, 0]) == 0


@settings(deadline=None)
@given(weights)
def test_cross_entropy_against_its_sum_and_gibbs(ws):
    p, q = map(as_distribution, ws)
    assert cross_entropy(p, q) == pytest.approx(-np.sum(p * np.log(q)), rel=1e-10, abs=1e-14)
    assert cross_entropy(p, q) >= entropy(p)
    assert cross_entropy(p, p) == entropy(p)


def test_cross_entropy_near_certainty_keeps_its_digits():
    p, q = np.array([1 - 1e-12, 1e-12]), np.array([1 - 3e-12, 3e-12])
    with mpmath.workdps(50):
        p_sum, q_sum = (sum(mpmath.mpf(float(x)) for x in a) for a in (p, q))
        exact = sum(
            -mpmath.mpf(float(a)) / p_sum * mpmath.log(mpmath.mpf(float(b)) / q_sum)
            for a, b in zip(p, q, strict=True)
        )
        assert float(cross_entropy(p, q) / exact) == pytest.approx(1, rel=1e-12)


def test_cross_entropy_is_the_loss_of_torch():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(6, 4)), np.array([0, 3, 1, 2, 2, 0])
    loss = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels), reduction="none")
    ours = cross_entropy(np.eye(4)[labels], scipy.special.softmax(logits, axis=1))
    np.testing.assert_allclose(ours, loss.numpy(), rtol=1e-12)


def test_cross_entropy_follows_the_convention():
    rng = np.random.default_rng(1)
    p, q = rng.dirichlet(np.ones(4), (2, 3)).transpose(0, 2, 1)
    loop = [cross_entropy(p[:, j], q[:, j]) for j in range(3)]
    np.testing.assert_allclose(cross_entropy(p, q, axis=0), loop, rtol=1e-14)
    assert cross_entropy(p, q, axis=0, keepdims=True).shape == (1, 3)
    weighted = cross_entropy(3 * p, 9 * q, axis=0, normalize=True, base=2)
    np.testing.assert_allclose(weighted, np.array(loop) / math.log(2), rtol=1e-12)
    with pytest.raises(ValueError, match=r"p has shape \(2,\) and q has shape \(3,\)"):
        cross_entropy([0.5, 0.5], [0.2, 0.3, 0.5])
    with pytest.raises(ProbabilityError, match="q sums to"):
        cross_entropy([0.5, 0.5], [0.5, 0.4])
    with pytest.raises(ProbabilityError, match="p holds a negative"):
        cross_entropy([1.5, -0.5], [0.5, 0.5])


# --- several variables ----------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)),
               elements=st.one_of(st.just(0.0), st.floats(1e-6, 1.0))).filter(lambda t: t.sum() > 0)
)  # fmt: skip
def test_chain_rule_of_entropy(t):
    p = t / t.sum()
    whole = joint_entropy(p, normalize=True)
    assert whole == pytest.approx(scipy.stats.entropy(p.ravel()), abs=1e-12)
    for axis in (0, 1, 2, -1):
        left = conditional_entropy(p, axis=axis, normalize=True)
        assert left == pytest.approx(whole - joint_entropy(p.sum(axis), normalize=True), abs=1e-12)
        own = entropy(p.sum(tuple({0, 1, 2} - {axis % 3})), normalize=True)
        assert -1e-15 <= left <= own + 1e-12


def test_conditional_entropy_by_hand_and_in_bits():
    joint = np.array([[0.5, 0.0], [0.25, 0.25]])
    assert conditional_entropy(joint, base=2) == 0.5
    assert conditional_entropy(joint, axis=0, base=2) == pytest.approx(
        0.75 * entropy([2 / 3, 1 / 3], base=2), rel=1e-14
    )
    assert conditional_entropy([[2, 0], [1, 1]], base=2, normalize=True) == 0.5
    assert conditional_entropy([0.5, 0.5], base=2) == joint_entropy([0.5, 0.5], base=2) == 1.0
    assert conditional_entropy([[0.0, 0.0], [0.5, 0.5]], base=2) == 1.0


@pytest.mark.parametrize("f", [joint_entropy, conditional_entropy])
def test_several_variables_refusals(f):
    with pytest.raises(ProbabilityError, match=r"sums to 2, not 1"):
        f([[0.5, 0.5], [0.5, 0.5]])
    with pytest.raises(ProbabilityError, match="holds a negative"):
        f([[1.5, -0.5]])
    with pytest.raises(ValueError, match="base must be"):
        f([[0.5, 0.5]], base=1)
    with pytest.raises(TypeError, match="must hold real numbers"):
        f([["a"]])
    if f is conditional_entropy:
        with pytest.raises(ValueError, match="axis 2 does not exist"):
            f([[0.5, 0.5]], axis=2)


# --- other orders ---------------------------------------------------------------------------------------


def test_perplexity_counts_choices():
    assert perplexity(np.full(10, 0.1)) == pytest.approx(10, rel=1e-14)
    assert perplexity([1, 0, 0]) == 1.0
    assert perplexity([0.7, 0.3]) == pytest.approx(2 ** entropy([0.7, 0.3], base=2), rel=1e-14)
    assert perplexity([[1, 1], [1, 0]], normalize=True).tolist() == pytest.approx([2, 1])
    assert perplexity(np.full((4, 3), 0.25), axis=0, keepdims=True).shape == (1, 3)
    with pytest.raises(ProbabilityError, match="p sums to 2"):
        perplexity([1, 1])


ORDERS = [0, 0.2, 0.5, 0.6, 0.999, 1 - 1e-9, 1, 1 + 1e-9, 1.4, 1.5, 2, 7.5, 300, math.inf]


@pytest.mark.parametrize("alpha", ORDERS)
def test_renyi_against_fifty_digits(alpha):
    rng = np.random.default_rng(2)
    for concentration in (0.05, 1, 50):
        p = rng.dirichlet(np.full(8, concentration))
        with mpmath.workdps(50):
            share = [mpmath.mpf(float(x)) for x in p]
            share = [x / sum(share) for x in share]
            a = mpmath.mpf(alpha)
            if alpha == 1:
                exact = -sum(x * mpmath.log(x) for x in share)
            elif alpha == math.inf:
                exact = -mpmath.log(max(share))
            else:
                exact = mpmath.log(sum(x**a for x in share)) / (1 - a)
            assert float(renyi_entropy(p, alpha) / exact) == pytest.approx(1, rel=1e-10)


@settings(deadline=None)
@given(weights)
def test_renyi_falls_with_its_order_and_adds_up_over_independent_variables(ws):
    p, q = map(as_distribution, ws)
    orders = [0, 0.3, 0.7, 0.9999, 1, 1.0001, 1.3, 2, 20, math.inf]
    values = [renyi_entropy(p, a) for a in orders]
    assert all(later <= earlier + 1e-10 for earlier, later in itertools.pairwise(values))
    for a in orders:
        both = renyi_entropy(np.outer(p, q).ravel(), a)
        assert both == pytest.approx(renyi_entropy(p, a) + renyi_entropy(q, a), abs=1e-9)


def test_renyi_convention_and_zeros():
    assert renyi_entropy([0.5, 0.5, 0, 0], 0, base=2) == 1.0
    for alpha in (0, 0.5, 0.9, 1, 1.1, 2, math.inf):
        assert renyi_entropy([1, 0, 0], alpha) == 0
        assert math.copysign(1, renyi_entropy([1, 0, 0], math.inf)) == 1
        assert renyi_entropy(np.full(8, 1 / 8), alpha, base=2) == pytest.approx(3, rel=1e-14)
        p = np.random.default_rng(3).dirichlet(np.ones(5), 4).T
        loop = [renyi_entropy(p[:, j], alpha) for j in range(4)]
        np.testing.assert_allclose(renyi_entropy(p, alpha, axis=0), loop, rtol=1e-13)
        np.testing.assert_allclose(renyi_entropy(9 * p, alpha, axis=0, normalize=True), loop, rtol=1e-10)
        assert renyi_entropy(p, alpha, axis=0, keepdims=True).shape == (1, 4)
    for alpha in (-0.1, math.nan):
        with pytest.raises(ValueError, match="alpha must be from 0 to infinity"):
            renyi_entropy([0.5, 0.5], alpha)
    with pytest.raises(ProbabilityError, match=r"p sums to 0\.9"):
        renyi_entropy([0.5, 0.4], 2)
    with pytest.raises(ValueError, match="base must be"):
        renyi_entropy([0.5, 0.5], 2, base=0)


# --- attention ------------------------------------------------------------------------------------------


def test_attention_entropy_is_that_of_torch_attention():
    rng = np.random.default_rng(4)
    queries, keys = rng.normal(size=(2, 3, 5, 8)), rng.normal(size=(2, 3, 5, 8))
    q, k = torch.tensor(queries), torch.tensor(keys)
    identity = torch.eye(5, dtype=torch.float64).expand(2, 3, 5, 5)  # values that give the weights back
    for causal in (False, True):
        attended = torch.nn.functional.scaled_dot_product_attention(q, k, identity, is_causal=causal)
        expected = entropy(attended.numpy(), normalize=True)
        np.testing.assert_allclose(attention_entropy(queries, keys, causal=causal), expected, atol=1e-13)
    few = attention_entropy(queries, keys[:, :, :3], base=2)
    assert few.shape == (2, 3, 5)
    assert np.all((few >= 0) & (few <= math.log2(3)))
    np.testing.assert_array_equal(attention_entropy(queries, keys, causal=True)[..., 0], 0)
    coarse = attention_entropy(queries.astype(np.float32), keys.astype(np.float32))
    np.testing.assert_allclose(coarse, attention_entropy(queries, keys), rtol=1e-5)


def test_attention_refusals():
    for q, k in [((5, 8), (5, 7)), ((5, 8), (2, 5, 8)), ((2, 5, 8), (3, 5, 8)), ((8,), (8,))]:
        with pytest.raises(ValueError, match="do not fit"):
            attention_entropy(np.zeros(q), np.zeros(k))
    with pytest.raises(ValueError, match="causal attention needs as many queries as keys"):
        attention_entropy(np.zeros((5, 8)), np.zeros((4, 8)), causal=True)
    with pytest.raises(ValueError, match="NaN"):
        attention_entropy(np.full((2, 2), np.nan), np.ones((2, 2)))
    with pytest.raises(TypeError, match="keys must hold real numbers"):
        attention_entropy(np.zeros((2, 2)), np.full((2, 2), "a"))


# --- estimates from counts ------------------------------------------------------------------------------


def test_estimates_by_hand_and_along_axes():
    assert plugin_entropy([2, 1, 1], base=2) == 1.5
    assert miller_madow_entropy([2, 1, 1, 0]) == pytest.approx(1.5 * math.log(2) + 2 / 8, rel=1e-14)
    assert miller_madow_entropy([2, 1, 1], base=2) == pytest.approx(1.5 + 0.25 / math.log(2), rel=1e-14)
    counts = np.random.default_rng(5).integers(0, 9, (3, 6, 2)) + np.eye(6, dtype=int)[0][None, :, None]
    for f in (plugin_entropy, miller_madow_entropy):
        loop = [[f(counts[i, :, j]) for j in range(2)] for i in range(3)]
        np.testing.assert_allclose(f(counts, axis=1), loop, rtol=1e-14)
        assert f(counts, axis=1, keepdims=True).shape == (3, 1, 2)
        assert type(f(np.uint8([200, 200]))) is float
    assert plugin_entropy(np.uint8([200, 200]), base=2) == 1.0


def test_the_bias_is_what_the_formula_says():
    """Average over every possible sample of n draws from three outcomes, not over a few."""
    p, n = np.array([0.2, 0.3, 0.5]), 40
    samples = np.array([(i, j, n - i - j) for i in range(n + 1) for j in range(n + 1 - i)])
    chance = scipy.stats.multinomial(n, p).pmf(samples)
    plug_in, corrected = (chance @ f(samples) - entropy(p) for f in (plugin_entropy, miller_madow_entropy))
    assert plug_in == pytest.approx(-(3 - 1) / (2 * n), rel=0.05)
    assert abs(corrected) < abs(plug_in) / 20


@pytest.mark.parametrize("f", [plugin_entropy, miller_madow_entropy])
def test_counts_refusals(f):
    with pytest.raises(ValueError, match=r"counts must hold counts: whole numbers, .* found 0\.5"):
        f([0.5, 0.5])
    with pytest.raises(TypeError, match="counts must hold real numbers, not dtype bool"):
        f([True, False])
    with pytest.raises(ValueError, match=r"counts must hold counts: .* found -1"):
        f([2, -1])
    assert f([2.0, 1.0, 1.0]) == f([2, 1, 1])
    with pytest.raises(ValueError, match="counts are all 0"):
        f([[1, 1], [0, 0]])
    with pytest.raises(ValueError, match="counts has no outcomes"):
        f(np.zeros((2, 0), dtype=int))
    with pytest.raises(ValueError, match="axis 1 does not exist"):
        f([1, 2], axis=1)
    with pytest.raises(ValueError, match="base must be"):
        f([1, 2], base=1)


def test_the_whole_thread():
    """Entropy is log n minus the divergence from uniform; cross-entropy is entropy plus divergence."""
    p, q = np.random.default_rng(6).dirichlet(np.ones(9), 2)
    uniform = np.full(9, 1 / 9)
    assert entropy(p) == pytest.approx(math.log(9) - kl_divergence(p, uniform), rel=1e-13)
    assert cross_entropy(p, q) == pytest.approx(entropy(p) + kl_divergence(p, q), rel=1e-15)

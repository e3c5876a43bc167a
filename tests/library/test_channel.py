"""Channels against closed forms and a general optimiser, Markov chains against their laws and long words."""

import itertools
import math

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib import ProbabilityError, entropy
from course_lib.channel import (
    binary_symmetric_capacity,
    channel_capacity,
    entropy_rate,
    stationary_distribution,
)
from course_lib.mutual_information import mutual_information


def binary_entropy(p):
    return entropy([p, 1 - p], base=2)


# --- capacity -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flip", [0.0, 1e-6, 0.11, 0.3, 0.5, 0.8, 1.0])
def test_capacity_of_the_binary_symmetric_channel(flip):
    expected = 1 - binary_entropy(flip)
    assert binary_symmetric_capacity(flip, base=2) == pytest.approx(expected, abs=1e-15)
    found = channel_capacity([[1 - flip, flip], [flip, 1 - flip]], base=2)
    assert found.capacity == pytest.approx(expected, abs=1e-14)
    np.testing.assert_allclose(found.input, 0.5)


def test_binary_symmetric_capacity_near_one_half_keeps_its_digits():
    for offset in (1e-4, 1e-8, 1e-12):
        flip = 0.5 + offset
        exact = sum((2 * (flip - 0.5)) ** (2 * k) / (2 * k * (2 * k - 1)) for k in range(1, 6))
        assert binary_symmetric_capacity(flip) == pytest.approx(exact, rel=1e-12)


def test_capacities_with_a_closed_form():
    erased = channel_capacity([[0.7, 0.3, 0], [0, 0.3, 0.7]], base=2)
    assert erased.capacity == pytest.approx(0.7, abs=1e-9)
    z = channel_capacity([[1, 0], [0.5, 0.5]], base=2)
    assert z.capacity == pytest.approx(math.log2(1.25), abs=1e-9)
    np.testing.assert_allclose(z.input, [0.6, 0.4], atol=1e-4)
    typewriter = (np.eye(26) + np.roll(np.eye(26), 1, axis=1)) / 2
    assert channel_capacity(typewriter, base=2).capacity == pytest.approx(math.log2(13), abs=1e-12)
    useless = channel_capacity([[0.2, 0.8], [0.2, 0.8]])
    assert useless.capacity == useless.gap == 0
    assert channel_capacity([[0.2, 0.8]]).capacity == 0


@pytest.mark.parametrize("shape", [(2, 3), (3, 3), (4, 2), (3, 6)])
def test_the_bounds_enclose_what_a_general_optimiser_finds(shape):
    rng = np.random.default_rng(sum(shape))
    w = rng.dirichlet(np.full(shape[1], 0.5), shape[0])
    w[:, 0] += 1e-3
    w /= w.sum(axis=1, keepdims=True)

    def lost(logits):
        p = np.exp(logits - logits.max())
        return -mutual_information((p / p.sum())[:, None] * w, normalize=True)

    best = -min(scipy.optimize.minimize(lost, rng.normal(size=shape[0])).fun for _ in range(4))
    found = channel_capacity(w, tol=1e-8)
    assert 0 <= found.gap <= 1e-8
    assert found.capacity == pytest.approx(mutual_information(found.input[:, None] * w), abs=1e-12)
    assert best <= found.capacity + found.gap + 1e-12
    assert best == pytest.approx(found.capacity, abs=1e-5)  # the optimiser stops a little short


def test_an_early_stop_still_certifies_its_gap():
    z = [[1, 0], [0.5, 0.5]]
    truth = math.log2(1.25)
    gaps = []
    for steps in (1, 2, 5, 20):
        found = channel_capacity(z, base=2, tol=1e-12, max_iter=steps)
        assert found.capacity <= truth <= found.capacity + found.gap
        joint = found.input[:, None] * np.array(z)
        assert found.capacity == pytest.approx(mutual_information(joint, base=2), abs=1e-12)
        gaps.append(found.gap)
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 0.05
    loose = channel_capacity(z, base=2, tol=0.01)
    assert 1e-4 < loose.gap <= 0.01


def test_units_of_capacity():
    w = [[0.9, 0.1], [0.2, 0.8]]
    nats, bits = channel_capacity(w, tol=1e-10), channel_capacity(w, base=2, tol=1e-10)
    assert bits.capacity == pytest.approx(nats.capacity / math.log(2), rel=1e-9)
    np.testing.assert_allclose(binary_symmetric_capacity([[0.1], [0.2]]).shape, (2, 1))
    one_bit = math.log(2)
    assert binary_symmetric_capacity(0.0) == binary_symmetric_capacity(0.0, base=2) * one_bit == one_bit


def test_capacity_refusals():
    good = [[0.5, 0.5], [0.1, 0.9]]
    with pytest.raises(ProbabilityError, match=r"channel sums to 1\.1, not 1"):
        channel_capacity([[0.5, 0.6], [0.1, 0.9]])
    with pytest.raises(ValueError, match="channel must be a table with a distribution in each row"):
        channel_capacity([0.5, 0.5])
    with pytest.raises(ValueError, match="channel must be a table with a distribution in each row"):
        channel_capacity(np.zeros((0, 2)))
    with pytest.raises(ValueError, match="tol must be above 0"):
        channel_capacity(good, tol=0)
    with pytest.raises(ValueError, match="max_iter must be 1 or more"):
        channel_capacity(good, max_iter=0)
    with pytest.raises(ValueError, match="base must be"):
        channel_capacity(good, base=1)
    for bad in (-0.1, 1.1):
        with pytest.raises(ProbabilityError, match="flip must hold probabilities"):
            binary_symmetric_capacity([0.5, bad])
    with pytest.raises(ProbabilityError, match="found nan"):
        binary_symmetric_capacity(math.nan)


# --- Markov chains --------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(1, 7).flatmap(lambda n: hnp.arrays(np.float64, (n, n), elements=st.floats(1e-9, 1.0))))
def test_the_stationary_distribution_stays(weights):
    p = weights / weights.sum(axis=1, keepdims=True)
    pi = stationary_distribution(p)
    np.testing.assert_allclose(pi @ p, pi, rtol=1e-12)
    assert pi.sum() == pytest.approx(1, rel=1e-14)
    assert np.all(pi > 0)


def test_stationary_distribution_of_rare_states_keeps_its_digits():
    e = 1e-12
    # birth and death: pi_i P_(i,i+1) = pi_(i+1) P_(i+1,i), so each state is 1e-12 as likely as the one before
    p = [[1 - e, e, 0], [1 - e, 0, e], [0, 1, 0]]
    pi = stationary_distribution(p)
    assert pi[1] / pi[0] == pytest.approx(e / (1 - e), rel=1e-14)
    assert pi[2] / pi[1] == pytest.approx(e, rel=1e-14)


def test_periodic_and_transient_chains():
    np.testing.assert_allclose(stationary_distribution([[0, 1], [1, 0]]), [0.5, 0.5])
    ends_in_one = [[0.5, 0.5, 0], [0, 1, 0], [0.2, 0.4, 0.4]]
    np.testing.assert_array_equal(stationary_distribution(ends_in_one), [0, 1, 0])
    walk = np.roll(np.eye(5), 1, axis=1)
    np.testing.assert_allclose(stationary_distribution(walk), 0.2)
    leaves = [[0.2, 0.3, 0.5, 0], [0, 0.5, 0.5, 0], [0, 0.25, 0.75, 0], [0.5, 0, 0, 0.5]]
    np.testing.assert_allclose(stationary_distribution(leaves), [0, 1 / 3, 2 / 3, 0], atol=1e-15)
    np.testing.assert_array_equal(stationary_distribution([[1.0]]), [1.0])


def test_entropy_rate_is_what_long_words_gain_a_letter():
    p = np.array([[0.9, 0.1, 0], [0.2, 0.5, 0.3], [0.3, 0.3, 0.4]])
    pi = stationary_distribution(p)
    blocks = []
    for length in (6, 7):
        words = [
            pi[w[0]] * math.prod(p[a, b] for a, b in itertools.pairwise(w))
            for w in itertools.product(range(3), repeat=length)
        ]
        blocks.append(entropy(words))
    assert entropy_rate(p) == pytest.approx(blocks[1] - blocks[0], rel=1e-12)
    assert entropy_rate(p, base=2) == pytest.approx(entropy_rate(p) / math.log(2), rel=1e-14)
    assert entropy_rate(p) < entropy(pi)
    assert entropy_rate([[0, 1], [1, 0]]) == 0
    independent = np.tile([0.2, 0.3, 0.5], (3, 1))
    assert entropy_rate(independent) == pytest.approx(entropy([0.2, 0.3, 0.5]), rel=1e-14)


@pytest.mark.parametrize("f", [stationary_distribution, entropy_rate])
def test_markov_refusals(f):
    with pytest.raises(ValueError, match=r"2 sets of states that never meet \(states 0 and 2 are apart\)"):
        f([[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 1]])
    with pytest.raises(ValueError, match=r"transition must be square.*\(2, 3\)"):
        f(np.full((2, 3), 1 / 3))
    with pytest.raises(ProbabilityError, match=r"transition sums to 0\.9"):
        f([[0.5, 0.4], [0.5, 0.5]])
    with pytest.raises(ValueError, match="transition must be a table"):
        f([1.0])


def test_capacity_and_gap_share_one_unit():
    channel = [[0.7, 0.3, 0.0], [0.1, 0.6, 0.3]]
    nats, bits = (channel_capacity(channel, base=base, tol=1e-12, max_iter=2) for base in (math.e, 2))
    assert nats.gap > 1e-4
    assert (bits.capacity, bits.gap) == pytest.approx((nats.capacity / math.log(2), nats.gap / math.log(2)))

"""Set 3: the reference answers agree with computations of another kind, and inputs keep what they promise."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp

from course_lib import (
    conditional_entropy,
    huffman_lengths,
    kl_divergence,
    miller_madow_entropy,
    mutual_information,
)
from course_lib.grading.checks import entropy_inputs as inputs
from course_lib.grading.checks import entropy_slips as right
from course_lib.grading.checks.slips import same


@pytest.fixture
def random():
    return np.random.default_rng(3)


def test_two_signs_give_the_library_s_huffman_lengths(random):
    for many in range(2, 30):
        p = inputs.shares(random, many)
        assert math.isclose(p @ right.huffman_of(p, 2), p @ huffman_lengths(p), rel_tol=1e-12)


def test_no_lengths_within_the_budget_are_better_with_three_signs(random):
    affordable = [n for n in product(range(1, 4), repeat=6) if right.budget_of(n, 3) <= 1]
    for _ in range(20):
        p = inputs.shares(random, 6)
        best = min(p @ np.array(n) for n in affordable)
        assert math.isclose(p @ right.huffman_of(p, 3), best, rel_tol=1e-12)


def test_words_are_read_without_commas_and_wishes_spend_the_whole_budget(random):
    for r in (2, 3, 10):
        lengths = inputs.wishes(random, 12, r)
        words = right.spelt(lengths, r)
        assert right.budget_of(lengths, r) == 1
        assert [*map(len, words)] == lengths
        assert not any(a != b and b.startswith(a) for a in words for b in words)
        assert len(set(words)) == len(words)
        assert right.spelt([*lengths, 60], r) is None


def test_what_is_left_is_the_library_s_conditional_entropy(random):
    joint = inputs.tables(random, (3, 2, 4))
    flat = joint.transpose(0, 2, 1).reshape(12, 2)
    want = conditional_entropy(flat, axis=1, base=2)
    assert math.isclose(right.remaining(joint, 1, (2, 0)), want, rel_tol=1e-9)


def test_a_sum_modulo_two_is_told_by_the_pair_alone(random):
    first, second, both = (lambda a, b: a), (lambda a, b: b), (lambda a, b: a + b)
    joint, target = inputs.told(random, [first, second, both, both], [0.0, 0.0, 0.2, 0.25])
    assert math.isclose(joint.sum(), 1)
    pair = right.pair_of(joint, target)
    assert math.isclose(right.remaining(joint, target, pair), 0, abs_tol=1e-12)
    for axis in pair:
        assert math.isclose(right.remaining(joint, target, (axis,)), 1)
    assert pair != right.one_by_one(joint, target, greedy=True)


def test_the_rate_is_a_difference_of_miller_madow_entropies(random):
    sessions = inputs.chatter(random, 20)
    counts = np.zeros((3, 3), dtype=int)
    for session in sessions:
        np.add.at(counts, (session[:-1], session[1:]), 1)
    parts = [miller_madow_entropy(c[c > 0], base=2) for c in (counts.ravel(), counts.sum(axis=1))]
    assert math.isclose(right.rate_of(sessions), parts[0] - parts[1], rel_tol=1e-12)


def test_each_fault_of_the_function_handed_out_is_there():
    assert right.as_found([[0, 1, 1, 0], [1, 0]]) != right.as_found([[1, 0], [0, 1, 1, 0]])
    assert right.as_found([[0, 1, 1, 0]]) != right.as_found([[0, 5, 5, 0]])
    one = [[0, 0, 1, 1, 0, 1]]
    assert not math.isclose(right.as_found(one), right.rate_of(one))


def test_honest_reports_are_accepted_and_every_fault_refused(random):
    for size in (0, 0.5, 1):
        for rounded in (False, True):
            assert right.accepted(*inputs.report(random, size, rounded))
    for faults in inputs.FAULTS.values():
        for name, make in faults.items():
            assert not right.accepted(*make(random)), name


def test_what_a_label_tells_about_the_members_is_mutual_information(random):
    q = inputs.committee(random)
    want = [mutual_information(q[:, i] / len(q), base=2) for i in range(q.shape[1])]
    assert np.allclose(right.gained(q), want)


def test_the_nearest_distribution_solves_the_dual_and_keeps_pythagoras(random):
    def dual(x, start, values, target):
        return logsumexp(np.log(start) + x * values) - x * target

    for start, values, target in (inputs.facts(random, 6, inputs.shares(random, 6)) for _ in range(10)):
        p = right.narrowest(start, values, target)
        found = minimize(dual, 0.0, args=(start, values, target), tol=1e-12)
        assert math.isclose(p @ values, target, abs_tol=1e-9)
        tilted = start * np.exp(found.x * values)
        assert np.allclose(p, tilted / tilted.sum(), atol=1e-5)
        record = inputs.shares(random, 6)
        assert math.isclose(
            sum(right.split_of(record, start, values)), kl_divergence(record, start, base=2), rel_tol=1e-9
        )


def test_at_an_end_only_the_outcomes_with_that_value_are_left():
    start = np.array([0.4, 0.1, 0.3, 0.2])
    assert np.allclose(right.narrowest(start, np.array([1.0, 2, 3, 3]), 3.0), [0, 0, 0.6, 0.4])


def weight(message, t, symbol, order):
    """Count by the definition, at every place anew."""
    total = 1
    for j in range(min(order, t) + 1):
        past = message[t - j : t]
        total += 16**j * sum(message[i] == symbol and message[i - j : i] == past for i in range(j, t))
    return total


def test_words_lie_in_the_interval_of_their_message_and_cost_less_than_two_bits_more(random):
    for message, K, order in inputs.messages(random):
        low, width, bits = Fraction(0), Fraction(1), []
        for t, symbol in enumerate(message):
            weights = [weight(message, t, s, order) for s in range(K)]
            low += width * Fraction(sum(weights[:symbol]), sum(weights))
            width *= Fraction(weights[symbol], sum(weights))
            bits.append(math.log2(sum(weights) / weights[symbol]))
        word = right.word_of(message, K, order)
        assert np.allclose(right.charged(message, K, order), bits)
        assert low <= Fraction(int(word, 2), 2 ** len(word))
        assert Fraction(int(word, 2) + 1, 2 ** len(word)) <= low + width
        assert sum(bits) <= len(word) < sum(bits) + 2
        assert right.unpacked(word + "10", len(message), K, order) == message


def test_the_learning_model_beats_gzip_on_the_text_of_the_finale():
    own, gzip = right.rivals(inputs.letters(50_000, 3000), 3)
    assert own < gzip - 0.1


def test_words_that_are_the_same_number_are_two_words():
    assert same("01", "01")
    assert not same("01", "1")
    assert not same(np.array([0, 1]), "01")
    assert not same(("0", "10"), ("0", "010"))

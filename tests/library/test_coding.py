"""Codes against all other codes by brute force, against a heap, and against the entropy none may beat."""

import heapq
import itertools
import math
import string
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib import ProbabilityError, english_text, entropy
from course_lib.coding import (
    BLOCK,
    PrefixCode,
    arithmetic_decode,
    arithmetic_encode,
    canonical_code,
    huffman_lengths,
    kraft_sum,
)

counts = st.lists(st.integers(1, 50), min_size=2, max_size=40)


def heap_cost(weights):
    """Return the total length of a Huffman code: what all joints weigh."""
    heap, cost = list(weights), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        joint = heapq.heappop(heap) + heapq.heappop(heap)
        cost += joint
        heapq.heappush(heap, joint)
    return cost


# --- Kraft and canonical words --------------------------------------------------------------------------


def test_kraft_sum_is_exact():
    assert kraft_sum([1, 2, 3, 3]) == 1
    assert kraft_sum([]) == 0
    assert kraft_sum([0]) == 1
    assert kraft_sum([1, 1, 2000]) == 1 + Fraction(1, 2**2000)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=30))
def test_there_is_a_prefix_code_where_kraft_allows_one_and_nowhere_else(lengths):
    if sum(2.0**-n for n in lengths) > 1:
        with pytest.raises(ValueError, match="of a budget of 1"):
            canonical_code(lengths)
        return
    words = canonical_code(lengths)
    assert [len(w) for w in words] == lengths
    assert not any(b.startswith(a) for a, b in itertools.permutations(words, 2))
    in_order = sorted(range(len(words)), key=lambda i: (lengths[i], i))
    assert [words[i] for i in in_order] == sorted(words)


def test_canonical_words_by_hand():
    assert canonical_code([2, 1, 3, 3]) == ["10", "0", "110", "111"]
    assert canonical_code([3, 3, 3, 3, 3, 2, 4, 4]) == [
        "010",
        "011",
        "100",
        "101",
        "110",
        "00",
        "1110",
        "1111",
    ]
    assert canonical_code([]) == []


def test_lengths_are_refused():
    with pytest.raises(ValueError, match="a length must be 1 or more, got 0"):
        canonical_code([0])
    with pytest.raises(ValueError, match="a length must be 0 or more, got -1"):
        kraft_sum([-1])
    with pytest.raises(TypeError, match="a length must be a whole number"):
        kraft_sum([1.0])
    with pytest.raises(ValueError, match="the lengths cost 5/4 of a budget of 1"):
        canonical_code([1, 1, 2])


# --- Huffman --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_no_prefix_code_is_shorter(n):
    possible = [c for c in itertools.product(range(1, n + 1), repeat=n) if kraft_sum(c) <= 1]
    rng = np.random.default_rng(n)
    for weights in rng.integers(0, 12, size=(20, n)) + np.eye(n, dtype=int)[0]:
        assert weights @ huffman_lengths(weights) == min(weights @ np.array(c) for c in possible)


@given(counts)
def test_huffman_costs_what_the_heap_says_and_lies_within_a_bit_of_the_entropy(weights):
    lengths, w = huffman_lengths(weights), np.array(weights)
    assert kraft_sum(lengths) == 1
    assert w @ lengths == heap_cost(weights)
    h = entropy(w, normalize=True, base=2)
    assert h - 1e-12 <= w @ lengths / w.sum() < h + 1


def test_huffman_on_all_kinds_of_weights():
    rng = np.random.default_rng(0)
    kinds = [
        2.0 ** -np.arange(1, 60),
        1 / np.arange(1, 5000),
        rng.pareto(1.1, 5000),
        np.ones(1000),
        np.zeros(7) + np.eye(7)[0],
        rng.integers(0, 3, 1000),
    ]
    for weights in kinds:
        lengths = huffman_lengths(weights)
        assert kraft_sum(lengths) == 1
        assert lengths @ weights == pytest.approx(heap_cost(weights.tolist()), rel=1e-12)
    np.testing.assert_array_equal(huffman_lengths(kinds[0]), [*range(1, 59), 58])
    np.testing.assert_array_equal(huffman_lengths(np.ones(1024)), np.full(1024, 10))


def test_of_the_optimal_codes_the_longest_word_is_shortest():
    np.testing.assert_array_equal(huffman_lengths([2, 1, 1, 2, 2]), [2, 3, 3, 2, 2])
    np.testing.assert_array_equal(huffman_lengths([2, 1, 1]), [1, 2, 2])
    np.testing.assert_array_equal(huffman_lengths([1, 1, 1, 1]), [2, 2, 2, 2])


def test_a_lone_symbol_and_refusals():
    np.testing.assert_array_equal(huffman_lengths([3.0]), [1])
    with pytest.raises(ProbabilityError, match="negative"):
        huffman_lengths([1, -1])
    with pytest.raises(ProbabilityError, match="no outcomes"):
        huffman_lengths([])
    with pytest.raises(ValueError, match="p must be one distribution"):
        huffman_lengths([[1, 2], [3, 4]])
    with pytest.raises(TypeError, match="must hold real numbers"):
        huffman_lengths(["a"])


# --- prefix codes ---------------------------------------------------------------------------------------


def test_encoding_is_the_words_in_a_row():
    code = PrefixCode.huffman(Counter("abracadabra"))
    bits = "".join(code.words[c] for c in "abracadabra")
    assert len(bits) == heap_cost(Counter("abracadabra").values()) == 23
    assert code.encode("abracadabra") == int(bits.ljust(24, "0"), 2).to_bytes(3, "big")
    assert code.encode("") == b""
    assert code.decode(b"", 0) == []


@given(st.data(), counts)
def test_a_message_comes_back(data, weights):
    code = PrefixCode.huffman(dict(enumerate(weights)))
    message = data.draw(st.lists(st.integers(0, len(weights) - 1), max_size=60))
    assert code.decode(code.encode(message), len(message)) == message


def test_real_text_comes_back_over_many_blocks():
    text = english_text()
    weights = Counter(text)
    code = PrefixCode.huffman(weights)
    data = code.encode(text)
    assert len(data) > 3 * BLOCK
    assert len(data) == -(-heap_cost(weights.values()) // 8)
    assert "".join(code.decode(data, len(text))) == text


def test_long_words_across_the_seams_of_blocks():
    lengths = dict(enumerate([*range(1, 57), 56]))
    code = PrefixCode(lengths)
    message = np.random.default_rng(0).integers(0, 57, 40_000).tolist()
    assert code.decode(code.encode(message), len(message)) == message


def test_symbols_of_any_kind():
    code = PrefixCode({"the": 1, ("a", 1): 2, None: 2})
    assert code.words == {"the": "0", ("a", 1): "10", None: "11"}
    assert code.decode(code.encode([None, "the", ("a", 1)]), 3) == [None, "the", ("a", 1)]


def test_prefix_codes_refuse_what_they_cannot_do():
    code = PrefixCode({"a": 1, "b": 3})
    with pytest.raises(ValueError, match="symbol 'c' has no code word"):
        code.encode("abc")
    with pytest.raises(ValueError, match="ends after 8 of 9 symbols"):
        code.decode(bytes(1), 9)
    with pytest.raises(ValueError, match="ends within the last of 3"):
        PrefixCode({"a": 3, "b": 3}).decode(bytes(1), 3)
    with pytest.raises(ValueError, match="bits after 1 symbols start no word"):
        code.decode(bytes([0b01100000]), 2)
    with pytest.raises(ValueError, match="n must be 0 or more"):
        code.decode(b"", -1)
    with pytest.raises(ValueError, match="a word of 57 bits is over 56"):
        PrefixCode({"a": 57})
    with pytest.raises(ValueError, match="at least one symbol"):
        PrefixCode({})
    with pytest.raises(ValueError, match="of a budget of 1"):
        PrefixCode({"a": 1, "b": 1, "c": 1})


# --- arithmetic coding ----------------------------------------------------------------------------------


def information(message, p):
    return sum(-math.log2(p[s]) for s in message)


@given(st.data(), st.lists(st.integers(1, 1000), min_size=1, max_size=20))
def test_arithmetic_coding_comes_back_within_a_constant_of_the_information(data, weights):
    message = data.draw(st.lists(st.integers(0, len(weights) - 1), max_size=200))
    code = arithmetic_encode(message, weights)
    assert arithmetic_decode(code, len(message), weights) == message
    assert 8 * len(code) < information(message, np.array(weights) / sum(weights)) + 9


def test_a_share_that_begins_where_a_byte_carries():
    """Nine middles leave an interval about 1/2; its upper half begins exactly at 1/2."""

    def model(past):
        return [1, 1] if len(past) == 9 else [1, 2, 1]

    for last in (0, 1, 2):
        message = [1] * 10 + [last] * 20
        assert arithmetic_decode(arithmetic_encode(message, model), 30, model) == message


def test_arithmetic_coding_of_real_text():
    alphabet = sorted(string.printable)
    message = [alphabet.index(c) for c in english_text()[:60_000] if c in alphabet]
    frequency = np.bincount(message, minlength=len(alphabet))
    code = arithmetic_encode(message, frequency)
    h = len(message) * entropy(frequency, normalize=True, base=2)
    assert h - 8 < 8 * len(code) < h + 9
    assert len(code) < len(PrefixCode.huffman(dict(enumerate(frequency))).encode(message))
    assert arithmetic_decode(code, len(message), frequency) == message


def test_a_model_may_learn_on_the_way():
    def laplace(past):
        return np.bincount(past, minlength=3) + 1

    message = np.random.default_rng(0).choice(3, size=500, p=[0.9, 0.05, 0.05]).tolist()
    code = arithmetic_encode(message, laplace)
    assert arithmetic_decode(code, len(message), laplace) == message
    paid = sum(-math.log2(laplace(message[:i])[s] / (i + 3)) for i, s in enumerate(message))
    assert paid - 8 < 8 * len(code) < paid + 9


def test_carries_run_through_bytes_of_255():
    """The rarest symbol, at the top of the interval: sums overflow, and often through many full bytes."""
    rng = np.random.default_rng(0)
    weights = [1, 10**6]
    for _ in range(60):
        message = [1] * int(rng.integers(0, 40)) + (rng.random(60) < 0.98).astype(int).tolist()
        assert arithmetic_decode(arithmetic_encode(message, weights), len(message), weights) == message
    halves = [1] * 64 + [0, 1, 1]
    assert arithmetic_encode([1] * 16, [1, 1]) == b"\xff\xff"
    assert arithmetic_decode(arithmetic_encode(halves, [1, 1]), len(halves), [1, 1]) == halves


@pytest.mark.parametrize("weights", [[3, 5], [1, 1, 1], [254, 1, 255]])
def test_every_short_message_comes_back(weights):
    for n in range(9 if len(weights) == 2 else 7):
        for message in map(list, itertools.product(range(len(weights)), repeat=n)):
            assert arithmetic_decode(arithmetic_encode(message, weights), n, weights) == message


def test_the_last_byte_may_carry():
    message = [1, 2, 1, 2, 1, 2, 1, 0, 0, 2, 0, 0]  # its interval begins in a last 256th and ends beyond it
    assert arithmetic_decode(arithmetic_encode(message, [1, 1, 1]), 12, [1, 1, 1]) == message


def test_a_message_of_the_certain_costs_nothing():
    assert arithmetic_encode([0] * 1000, [1.0, 0.0]) == b""
    assert arithmetic_decode(b"", 1000, [1.0, 0.0]) == [0] * 1000


@pytest.mark.parametrize(
    "weights", [[0.5, 0.25, 0.25], [1e-30, 1.0, 1e-30], [2**40, 1, 3], np.float32([0.1, 0.2, 0.7])]
)
def test_probabilities_and_counts_that_need_scaling(weights):
    message = [1, 0, 2, 1, 1, 2, 0] * 5
    code = arithmetic_encode(message, weights)
    assert arithmetic_decode(code, len(message), weights) == message


def test_arithmetic_coding_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match="symbol 2 is none of the model's, 0 to 1"):
        arithmetic_encode([2], [1, 1])
    with pytest.raises(ValueError, match="symbol -1 is none of the model's"):
        arithmetic_encode([-1], [1, 1])
    with pytest.raises(ValueError, match="symbol 1 has probability 0"):
        arithmetic_encode([1], [1, 0])
    with pytest.raises(TypeError, match="a symbol must be a whole number"):
        arithmetic_encode(["a"], [1, 1])
    with pytest.raises(ProbabilityError, match="model holds a negative"):
        arithmetic_encode([0], [1, -1])
    with pytest.raises(ValueError, match="fits no message after 0 symbols"):
        arithmetic_decode(b"\xff" * 9, 3, [1, 1, 1])

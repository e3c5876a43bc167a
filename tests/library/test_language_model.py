"""The language model against Kneser-Ney spelt out on strings, and against a coder that pays what it says."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib import english_text
from course_lib.coding import arithmetic_decode, arithmetic_encode
from course_lib.decoding import top_k, top_p
from course_lib.language_model import NGramModel

texts = st.text("abc ", min_size=4, max_size=60)


def by_definition(text, order, vocabulary, history, token):
    """Return p(token | history) from the pieces of the text themselves, the slow and plain way."""

    def pieces(n):
        if n == order:
            return Counter(text[i : i + n] for i in range(len(text) - n + 1))
        longer = pieces(n + 1)
        return Counter(piece[1:] for piece in longer)  # each different longer piece counts once

    def p(h, w):
        if h is None:
            return 1 / len(vocabulary)
        shorter = h[1:] if h else None
        counted = pieces(len(h) + 1)
        after = {piece[-1]: c for piece, c in counted.items() if piece[:-1] == h}
        if not after:
            return p(shorter, w)
        n1, n2 = (sum(c == n for c in counted.values()) for n in (1, 2))
        d = n1 / (n1 + 2 * n2) if n1 else 0.5
        total = sum(after.values())
        return max(after.get(w, 0) - d, 0) / total + d * len(after) / total * p(shorter, w)

    return p(history[max(0, len(history) - order + 1) :] if order > 1 else "", token)


@given(texts, st.integers(1, 4), st.text("abc ", max_size=6))
def test_probabilities_are_those_of_the_definition_and_sum_to_one(text, order, history):
    model = NGramModel(text, order, vocabulary="abc d")
    p = model.probabilities(history)
    truth = [by_definition(text, order, "abc d", history, w) for w in sorted("abc d")]
    np.testing.assert_allclose(p, truth, rtol=1e-12)
    assert p.sum() == pytest.approx(1, rel=1e-13)
    assert p.min() > 0


@given(texts, st.integers(1, 4), texts, st.text("abc ", max_size=6))
def test_log_prob_is_that_of_one_token_after_the_other(text, order, judged, history):
    model = NGramModel(text, order, vocabulary="abc ")
    one_by_one = [
        math.log(model.probabilities(history + judged[:i])[model.vocabulary.index(w)])
        for i, w in enumerate(judged)
    ]
    np.testing.assert_allclose(model.log_prob(judged, history), one_by_one, rtol=1e-11)


def test_discounts_by_hand():
    # ab twice, bc and ca once; each token comes after one other token only.
    model = NGramModel("abcab", 2)
    assert model.discounts == [1.0, 2 / 4]
    np.testing.assert_allclose(model.probabilities(""), np.full(3, 1 / 3))
    # After a: b twice: (2 - 1/2)/2 + (1/2)(1)/2 * 1/3.
    np.testing.assert_allclose(model.probabilities("a"), [1 / 12, 3 / 4 + 1 / 12, 1 / 12])
    assert NGramModel("aaaabbbb", 1).discounts == [0.5]  # nothing was seen once


def test_what_follows_many_words_beats_what_follows_one():
    text = ["san", "francisco", ";"] * 3 + ["a", "dog", ";", "the", "dog", ";", "my", "dog", ";"]
    model = NGramModel(text, 2)
    p = dict(zip(model.vocabulary, model.probabilities([]), strict=True))
    assert text.count("francisco") == text.count("dog")
    assert p["dog"] > 2 * p["francisco"]


def test_more_context_tells_more_on_real_text():
    text = english_text()[:80_000]
    train, test = text[:70_000], text[70_000:73_000]
    bits = [NGramModel(train, n, vocabulary=sorted(set(text))).bits_per_byte(test) for n in (1, 2, 3, 5)]
    assert bits == sorted(bits, reverse=True)
    assert bits[-1] < 0.7 * bits[0]


def test_perplexity_and_bits_per_byte_are_means_of_the_same_surprise():
    text = "naïve café, naïve cafés"
    model = NGramModel(text, 3)
    nats = -model.log_prob(text).sum()
    assert model.perplexity(text) == pytest.approx(math.exp(nats / len(text)), rel=1e-14)
    assert model.bits_per_byte(text) == pytest.approx(nats / math.log(2) / (len(text) + 4), rel=1e-14)
    octets = NGramModel(text.encode(), 3, vocabulary=range(256))
    bits = -octets.log_prob(text.encode()).sum() / math.log(2)
    assert octets.bits_per_byte(text.encode()) == pytest.approx(bits / len(text.encode()), rel=1e-14)


def test_a_coder_pays_what_the_model_says():
    text = english_text()
    model = NGramModel(text[:20_000], 4, vocabulary=sorted(set(text)))
    message = [model.vocabulary.index(c) for c in text[20_000:20_400]]

    def expect(past):
        return model.probabilities("".join(model.vocabulary[i] for i in past[-3:]))

    code = arithmetic_encode(message, expect)
    bits = model.bits_per_byte(text[20_000:20_400]) * 400
    assert bits - 8 < 8 * len(code) < bits + 9
    assert arithmetic_decode(code, 400, expect) == message


def test_generating_draws_from_the_probabilities():
    model = NGramModel("abracadabra " * 20, 4)
    n = 400
    drawn = Counter(model.generate(1, "bra", rng=seed, temperature=1.0) for seed in range(n))
    p = dict(zip(model.vocabulary, model.probabilities("bra"), strict=True))
    assert all(abs(drawn[w] / n - p[w]) < 5 * math.sqrt(p[w] / n) + 0.01 for w in model.vocabulary)
    text = model.generate(50, "abr", rng=0)
    assert len(text) == 50
    assert text == model.generate(50, "abr", rng=0) == model.generate(50, "abr", rng=np.random.default_rng(0))


def test_truncation_and_temperature():
    model = NGramModel(english_text()[:30_000], 4)
    greedy = model.generate(60, "The ", truncate=lambda z: top_k(z, 1))
    assert greedy == model.generate(60, "The ", truncate=lambda z: top_k(z, 1), rng=5)
    cold, text = model.generate(60, "The ", temperature=1e-5, rng=1), "The "
    for w in cold:  # one less likely than the likeliest by more than this comes once in exp(30) times
        assert model.logits(text)[model.vocabulary.index(w)] > model.logits(text).max() - 30e-5
        text += w
    assert greedy[0] == model.vocabulary[int(np.argmax(model.logits("The ")))]
    text = "The "
    for w in model.generate(40, text, truncate=lambda z: top_p(z, 0.5), rng=0):
        assert top_p(model.logits(text), 0.5)[model.vocabulary.index(w)] > -math.inf
        text += w


def test_characters_bytes_and_words():
    assert NGramModel("abab", 2).generate(3, "a", truncate=lambda z: top_k(z, 1)) == "bab"
    assert NGramModel(b"abab", 2).generate(3, b"a", truncate=lambda z: top_k(z, 1)) == b"bab"
    words = NGramModel(["to", "be", "to", "be"], 2)
    assert words.generate(3, ["to"], truncate=lambda z: top_k(z, 1)) == ("be", "to", "be")
    assert NGramModel("ab", 1).generate(0) == ""


def test_refusals():
    model = NGramModel("abcab", 2)
    with pytest.raises(ValueError, match="token 'z' is not in the vocabulary"):
        model.log_prob("az")
    with pytest.raises(ValueError, match="token 'z' is not in the vocabulary"):
        model.probabilities("z")
    with pytest.raises(ValueError, match="token 'c' is not in the vocabulary"):
        NGramModel("abc", 2, vocabulary="ab")
    with pytest.raises(TypeError, match="tokens must have an order among them"):
        NGramModel([1, 2, "a", None], 2)
    with pytest.raises(ValueError, match="has 3 tokens, fewer than order 4"):
        NGramModel("abc", 4)
    with pytest.raises(ValueError, match="order must be 1 or more"):
        NGramModel("abc", 0)
    with pytest.raises(ValueError, match="no tokens to judge"):
        model.perplexity("")
    with pytest.raises(ValueError, match="no tokens to judge"):
        NGramModel(b"ab", 1).bits_per_byte(b"")
    with pytest.raises(TypeError, match="bits per byte are for str or bytes, not list"):
        model.bits_per_byte(["a"])
    with pytest.raises(ValueError, match="temperature must be above 0"):
        model.generate(1, temperature=0)
    with pytest.raises(ValueError, match="n_tokens must be 0 or more"):
        model.generate(-1)

"""Truncation against its definition spelt out on sorted lists, and draws against exact counts."""

import math

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib.decoding import BLOCK, WIDE, gumbel_softmax, min_p, sample, top_k, top_p
from course_lib.softmax import softmax

INF = math.inf

# Sixteenths tie often, and their differences are exact.
logits = hnp.arrays(np.float64, st.integers(1, 40), elements=st.integers(-80, 80).map(lambda i: i / 16))


def ranked(row):
    """Return the tokens from the likeliest down, of equal ones the lower index first."""
    row = row.tolist()  # Python's own numbers, which sort ten times as fast
    return sorted(range(len(row)), key=lambda i: (-row[i], i))


def plain_top_k(row, k):
    return set(ranked(row)[:k])


def plain_top_p(row, p):
    weights = np.exp(row - np.max(row)).astype(np.float64)
    total = math.fsum(weights) * (1 - 4 * float(np.finfo(row.dtype).eps))  # a mass within rounding of p is p
    kept, mass = set(), 0.0
    for token in ranked(row):
        kept.add(token)
        mass += weights[token]
        if mass >= p * total:
            break
    return kept


def kept_by(masked, row):
    """Return which tokens stayed; they must have stayed as they were, and the others be -inf."""
    stayed = np.flatnonzero(masked > -INF)
    np.testing.assert_array_equal(masked[stayed], np.asarray(row)[stayed])
    return set(stayed.tolist())


@given(logits, st.integers(1, 45))
def test_top_k_keeps_exactly_k_and_of_ties_the_lower_index(row, k):
    assert kept_by(top_k(row, k), row) == plain_top_k(row, k)


@pytest.mark.parametrize("truncate", [top_p, min_p])
@given(logits, st.floats(0.001, 0.999), st.integers(1, 45))
def test_min_keep_adds_the_likeliest_and_removes_none(truncate, row, p, least):
    expected = kept_by(truncate(row, p), row) | plain_top_k(row, least)
    assert kept_by(truncate(row, p, min_keep=least), row) == expected
    table = np.stack([row, row[::-1]], axis=1)
    np.testing.assert_array_equal(
        truncate(table, p, axis=0, min_keep=least)[:, 1], truncate(row[::-1], p, min_keep=least)
    )


@pytest.mark.parametrize("truncate", [top_p, min_p])
def test_min_keep_lets_nothing_in_that_is_ruled_out(truncate):
    np.testing.assert_array_equal(truncate([0.0, -INF, -9.0], 0.5, min_keep=3), [0.0, -INF, -9.0])
    wide = np.linspace(0, -50, 2 * WIDE)
    assert np.isfinite(truncate(wide, 0.5, min_keep=WIDE)).sum() == WIDE
    with pytest.raises(ValueError, match="min_keep must be 1 or more"):
        truncate([0.0], 0.5, min_keep=0)
    with pytest.raises(TypeError, match="min_keep must be a whole number"):
        truncate([0.0], 0.5, min_keep=1.0)


@given(logits, st.floats(0.001, 0.999))
def test_top_p_keeps_the_fewest_tokens_that_reach_p(row, p):
    kept = kept_by(top_p(row, p), row)
    assert kept == plain_top_p(row, p)
    mass = softmax(row)
    assert mass[list(kept)].sum() >= p - 1e-12
    last = max(kept, key=lambda i: (-row[i], i))
    assert mass[list(kept - {last})].sum() < p


@given(logits, st.floats(0.001, 1))
def test_min_p_keeps_what_is_at_least_p_times_as_likely_as_the_likeliest(row, p):
    ratio = np.exp(row - row.max())
    assert kept_by(min_p(row, p), row) == set(np.flatnonzero(ratio >= p * (1 - 1e-13)).tolist())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("spread", [0.01, 1, 3, 30])
def test_wide_rows_give_what_the_definition_gives(dtype, spread):
    rng = np.random.default_rng(0)
    row = (rng.normal(size=3 * WIDE) * spread).astype(dtype)
    tied = np.round(row * 4 / spread).astype(dtype) * dtype(spread / 4)
    for x in (row, tied):
        order = ranked(x)
        mass = np.exp(x - x.max()).astype(np.float64)[order].cumsum() / math.fsum(np.exp(x - x.max()))
        for p in (1e-6, 0.1, 0.5, 0.9, 0.999):
            kept = kept_by(top_p(x, p), x)
            assert kept == set(order[: len(kept)])
            assert mass[len(kept) - 1] >= p - 5 * np.finfo(dtype).eps
            assert len(kept) == 1 or mass[len(kept) - 2] < p
        for k in (1, 2, 11, 12, 13, 50, 3 * WIDE // BLOCK, 3 * WIDE - 1, 3 * WIDE):
            assert kept_by(top_k(x, k), x) == set(order[:k])


def test_wide_rows_at_the_edges():
    flat = np.zeros(WIDE)
    assert kept_by(top_p(flat, 0.5), flat) == set(range(WIDE // 2))
    assert kept_by(top_k(flat, 3), flat) == {0, 1, 2}
    sure = np.full(WIDE, -INF)
    sure[7] = 2.0
    for masked in (top_p(sure, 0.5), top_p(sure, 1), top_k(sure, 9), min_p(sure, 0)):
        assert kept_by(masked, sure) == {7}
    edge = np.zeros(10 * BLOCK + WIDE + 1)  # the last, short block holds the largest
    edge[-1] = 1
    assert kept_by(top_k(edge, 2), edge) == {0, edge.size - 1}


def test_the_token_that_crosses_p_is_kept_and_the_one_after_is_not():
    row = np.log([0.5, 0.25, 0.125, 0.125])
    sizes = {p: len(kept_by(top_p(row, p), row)) for p in (0.01, 0.5, 0.5001, 0.75, 0.7501, 0.875, 0.88, 1)}
    assert list(sizes.values()) == [1, 1, 2, 2, 3, 3, 4, 4]
    thirds = np.log([0.5, 0.3, 0.2])  # 0.5 + 0.3 is 0.8 but for rounding
    for row in (thirds, thirds.astype(np.float32)):
        assert kept_by(top_p(row, 0.8), row) == {0, 1}


def test_min_p_at_its_threshold():
    row = np.log([0.5, 0.25, 0.125, 0.125])
    assert [len(kept_by(min_p(row, p), row)) for p in (0, 0.25, 0.2501, 0.5, 0.51, 1)] == [4, 4, 2, 2, 1, 1]


def test_truncators_agree_with_the_rule_of_the_peer_in_torch():
    x = np.random.default_rng(0).normal(size=(4, 5000)) * 3
    scores = torch.from_numpy(x)
    ascending, order = scores.sort(dim=-1)
    drop = ascending.softmax(-1).cumsum(-1) <= 1 - 0.9
    np.testing.assert_array_equal(top_p(x, 0.9), scores.masked_fill(drop.scatter(1, order, drop), -INF))
    kth = torch.topk(scores, 50).values[:, -1:]
    np.testing.assert_array_equal(top_k(x, 50), scores.masked_fill(scores < kth, -INF))
    p = scores.softmax(-1)
    np.testing.assert_array_equal(
        min_p(x, 0.05), scores.masked_fill(p < 0.05 * p.max(-1, keepdim=True)[0], -INF)
    )


TRUNCATORS = [
    lambda x, **o: top_k(x, 2, **o),
    lambda x, **o: top_p(x, 0.6, **o),
    lambda x, **o: min_p(x, 0.3, **o),
]


@pytest.mark.parametrize("truncate", TRUNCATORS)
def test_axes_dtypes_and_untouched_input(truncate):
    x = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    before = x.copy()
    for axis in (0, 1, -1):
        masked = truncate(x, axis=axis)
        assert masked.dtype == np.float32
        moved = np.moveaxis(x, axis, -1)
        by_row = np.stack([truncate(row) for row in moved.reshape(-1, moved.shape[-1])]).reshape(moved.shape)
        np.testing.assert_array_equal(np.moveaxis(masked, axis, -1), by_row)
    np.testing.assert_array_equal(x, before)
    again = truncate(x)
    np.testing.assert_array_equal(softmax(again) > 0, again > -INF)


@pytest.mark.parametrize("truncate", TRUNCATORS)
def test_truncators_refuse_what_is_no_row_of_logits(truncate):
    with pytest.raises(ValueError, match="holds NaN"):
        truncate([0, math.nan])
    with pytest.raises(ValueError, match="rules every outcome out"):
        truncate([-INF, -INF])
    with pytest.raises(ValueError, match="a single number"):
        truncate(1.0)
    with pytest.raises(TypeError, match="must hold real numbers"):
        truncate(["a", "b"])


def test_parameters_out_of_range():
    for p in (0, -0.1, 1.1):
        with pytest.raises(ValueError, match="p must be above 0 and at most 1"):
            top_p([1, 2], p)
    with pytest.raises(ValueError, match="p must be finite"):
        top_p([1, 2], math.nan)
    for p in (-0.1, 1.1):
        with pytest.raises(ValueError, match="p must be a probability"):
            min_p([1, 2], p)
    with pytest.raises(ValueError, match="k must be 1 or more"):
        top_k([1, 2], 0)
    with pytest.raises(TypeError, match="k must be a whole number"):
        top_k([1, 2], 1.5)


# --- draws ----------------------------------------------------------------------------------------------


def test_draws_follow_the_softmax():
    """A sound sampler fails this once in a million seeds; the seed is fixed."""
    z, n = np.array([0.3, -1.0, 2.0, -INF, 0.0]), 100_000
    counts = np.bincount(sample(z, n, temperature=1.5, rng=1), minlength=5)
    expected = softmax(z, temperature=1.5) * n
    assert counts[3] == 0
    assert scipy.stats.chisquare(np.delete(counts, 3), np.delete(expected, 3)).pvalue > 1e-6


def test_draws_are_the_quantiles_of_the_uniforms():
    z, u = np.log([0.5, 0.3, 0.2]), np.random.default_rng(0).random(1000)
    np.testing.assert_array_equal(sample(z, 1000, rng=0), np.searchsorted([0.5, 0.8], u, side="right"))


def test_draws_of_many_rows():
    z = np.log([[1.0, 1e-300, 1e-300], [1e-300, 1e-300, 1.0]])
    np.testing.assert_array_equal(sample(z, rng=0), [0, 2])
    np.testing.assert_array_equal(sample(z, (4, 2), rng=0), np.tile([0, 2], (4, 2, 1)))
    np.testing.assert_array_equal(sample(z.T, 5, axis=0, rng=0), np.tile([0, 2], (5, 1)))
    assert isinstance(sample(z[0], rng=0), int)
    u = np.random.default_rng(3).random((6, 2))
    p = np.array([[0.25, 0.75], [0.5, 0.5]])
    np.testing.assert_array_equal(sample(np.log(p), 6, rng=3), u >= p[:, 0])


class Zeros(np.random.Generator):
    """A generator whose uniforms are all 0, which comes once in 2^53 draws."""

    def random(self, size=None):
        return np.zeros(size)


def test_what_is_ruled_out_is_never_drawn_not_even_by_a_uniform_of_zero():
    rng = Zeros(np.random.PCG64(0))
    assert sample([-INF, -INF, 0.0, 1.0], rng=rng) == 2
    assert sample([[-INF, 0.0], [0.0, -INF]], rng=rng).tolist() == [1, 0]


def test_greedy_is_top_1():
    z = np.random.default_rng(0).normal(size=(7, 30))
    np.testing.assert_array_equal(sample(top_k(z, 1), rng=0), z.argmax(axis=-1))


def test_draws_refuse_what_makes_no_sense():
    with pytest.raises(ValueError, match="temperature must be above 0"):
        sample([1, 2], temperature=0)
    with pytest.raises(ValueError, match="rules every outcome out"):
        sample([-INF, -INF])
    with pytest.raises(TypeError, match="rng must be"):
        sample([1, 2], rng="seed")


def test_gumbel_softmax_chooses_as_the_softmax_and_hardens_as_it_cools():
    """A sound sampler fails this once in a million seeds; the seed is fixed."""
    z, n = np.log([0.5, 0.3, 0.2]), 50_000
    y = gumbel_softmax(z, n, temperature=0.5, rng=0)
    assert y.shape == (n, 3)
    np.testing.assert_allclose(y.sum(axis=-1), 1, rtol=1e-14)
    counts = np.bincount(y.argmax(axis=-1), minlength=3)
    assert scipy.stats.chisquare(counts, n * softmax(z)).pvalue > 1e-6
    cold = gumbel_softmax(z, n, temperature=1e-4, rng=0)
    np.testing.assert_array_equal(cold.argmax(axis=-1), y.argmax(axis=-1))
    assert np.quantile(cold.max(axis=-1), 0.01) > 0.999
    noise = np.random.default_rng(0).gumbel(size=(n, 3))
    np.testing.assert_array_equal(y, softmax(z + noise, temperature=0.5))


def test_gumbel_softmax_along_another_axis_and_its_refusals():
    z = np.random.default_rng(0).normal(size=(3, 4))
    y = gumbel_softmax(z, 5, axis=0, rng=0)
    assert y.shape == (5, 3, 4)
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-14)
    assert gumbel_softmax([0.0, -INF], rng=0).tolist() == [1, 0]
    with pytest.raises(ValueError, match="temperature must be above 0"):
        gumbel_softmax(z, temperature=0)
    with pytest.raises(ValueError, match="holds NaN"):
        gumbel_softmax([math.nan])

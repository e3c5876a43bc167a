"""Four ways to draw: exact counts for fixed seeds, goodness of fit, and what no draw may ever be."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib import (
    AliasTable,
    Categorical,
    ProbabilityError,
    _rows,
    gumbel_max,
    sample_categorical,
    sample_inverse_cdf,
)

LOADED = np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.5])
METHODS = ["search", "gumbel", "alias"]
FALSE_ALARM = (
    1e-6  # chance that a right sampler fails one goodness-of-fit test, were the seed drawn at random
)


def fits(draws, p):
    """Whether a chi-square test lets the draws pass as drawn from p."""
    counts = np.bincount(draws, minlength=len(p))
    return len(counts) == len(p) and scipy.stats.chisquare(counts, p * len(draws)).pvalue > FALSE_ALARM


@pytest.mark.parametrize("method", METHODS)
def test_draws_follow_the_distribution(method):
    assert fits(Categorical(LOADED).sample(100_000, rng=0, method=method), LOADED)
    wide = np.random.default_rng(0).dirichlet(np.full(300, 2.0))
    assert fits(Categorical(wide).sample(100_000, rng=1, method=method), wide)


@pytest.mark.parametrize("method", METHODS)
def test_the_goodness_of_fit_test_can_fail(method):
    draws = Categorical([0.1, 0.1, 0.1, 0.1, 0.12, 0.48]).sample(100_000, rng=0, method=method)
    assert not fits(draws, LOADED)


@pytest.mark.parametrize(
    ("method", "counts"),
    [
        ("search", [984, 1028, 997, 954, 995, 5042]),
        ("gumbel", [1038, 1004, 1026, 933, 985, 5014]),
        ("alias", [984, 999, 971, 1008, 993, 5045]),
    ],
)
def test_a_seed_fixes_every_draw(method, counts):
    draws = Categorical(LOADED).sample(10_000, rng=2024, method=method)
    np.testing.assert_array_equal(np.bincount(draws), counts)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [0, 1, (2, 3), (0, 2), (), _rows.BLOCK + 1])
def test_sizes(method, size):
    draws = Categorical(LOADED).sample(size, rng=0, method=method)
    assert np.shape(draws) == ((size,) if isinstance(size, int) else size)
    assert np.asarray(draws).dtype == np.int64
    assert type(Categorical(LOADED).sample(rng=0, method=method)) is int


@pytest.mark.parametrize("method", METHODS)
def test_the_impossible_is_never_drawn(method):
    p = np.array([0, 0.3, 0, 0, 0.7, 0])
    draws = Categorical(p).sample(50_000, rng=0, method=method)
    assert set(np.unique(draws)) == {1, 4}


@pytest.mark.parametrize("method", METHODS)
def test_a_certain_outcome_is_always_drawn(method):
    assert np.all(Categorical([0, 0, 1.0]).sample(1000, rng=0, method=method) == 2)
    assert np.all(Categorical([1.0]).sample(1000, rng=0, method=method) == 0)


def test_an_unknown_method():
    with pytest.raises(ValueError, match="method must be 'search', 'gumbel' or 'alias', not 'urn'"):
        Categorical(LOADED).sample(3, method="urn")


class Fixed(np.random.Generator):
    """A generator whose uniform numbers are all the same, to try the ends of [0, 1)."""

    def __init__(self, u):
        super().__init__(np.random.PCG64(0))
        self.u = u

    def random(self, size=None):
        return np.full(() if size is None else size, self.u)[()]


@given(
    hnp.arrays(np.float64, st.integers(1, 40), elements=st.one_of(st.just(0.0), st.floats(1e-12, 1))).filter(
        lambda w: w.sum() > 0
    ),
    st.sampled_from([0.0, 0.5, 1 - 2**-53]),
)
def test_no_uniform_number_leads_outside_the_support(w, u):
    p = w / w.sum()
    assert p[sample_categorical(p, 3, rng=Fixed(u))].min() > 0
    assert p[AliasTable(p).sample(3, rng=Fixed(u))].min() > 0


# --- inverse of the cumulative distribution function ----------------------------------------------------


def test_inverse_cdf_draws_follow_the_distribution():
    waits = sample_inverse_cdf(lambda u: -np.log1p(-u) / 3, 20_000, rng=0)
    assert scipy.stats.kstest(waits, scipy.stats.expon(scale=1 / 3).cdf).pvalue > FALSE_ALARM
    assert scipy.stats.kstest(waits * 1.05, scipy.stats.expon(scale=1 / 3).cdf).pvalue < FALSE_ALARM


def test_inverse_cdf_hands_over_the_generators_uniform_numbers():
    np.testing.assert_array_equal(
        sample_inverse_cdf(lambda u: u, (2, 3), rng=7), np.random.default_rng(7).random((2, 3))
    )
    assert np.ndim(sample_inverse_cdf(lambda u: 2 * u, rng=7)) == 0


# --- Gumbel-max -----------------------------------------------------------------------------------------


def test_gumbel_max_takes_logits_up_to_a_constant_and_of_any_size():
    logits = np.log(LOADED)
    draws = gumbel_max(logits, 1000, rng=0)
    np.testing.assert_array_equal(gumbel_max(logits + 1000, 1000, rng=0), draws)
    np.testing.assert_array_equal(gumbel_max(np.float32([-1e4, 0]), 1000, rng=0), np.ones(1000))


def test_gumbel_max_draws_once_a_row_and_size_times_a_row():
    logits = np.where(np.eye(4, 5, dtype=bool), 0.0, -np.inf)
    np.testing.assert_array_equal(gumbel_max(logits, rng=0), np.arange(4))
    np.testing.assert_array_equal(gumbel_max(logits, (2, 3), rng=0), np.tile(np.arange(4), (2, 3, 1)))
    assert gumbel_max(np.zeros((2, 3, 4)), 7, rng=0).shape == (7, 2, 3)


def test_gumbel_max_needs_little_memory_however_many_draws():
    import tracemalloc

    tracemalloc.start()
    gumbel_max(np.zeros(1000), 10_000, rng=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000  # all the noise at once would take 80 MB


@pytest.mark.parametrize(
    ("logits", "message"),
    [([math.nan, 0], "NaN"), ([math.inf, 0], r"\+inf"), ([-math.inf] * 2, "every outcome out")],
)
def test_gumbel_max_refuses(logits, message):
    with pytest.raises(ValueError, match=message):
        gumbel_max(logits, rng=0)


# --- alias table ----------------------------------------------------------------------------------------


@given(
    hnp.arrays(np.float64, st.integers(1, 200), elements=st.one_of(st.just(0.0), st.floats(1e-15, 1))).filter(
        lambda w: w.sum() > 0
    )
)
def test_an_alias_table_stands_for_its_distribution(w):
    p = w / w.sum()
    table = AliasTable(p)
    np.testing.assert_allclose(table.probabilities(), p, atol=1e-15 * len(p))
    assert np.all((table.keep >= 0) & (table.keep <= 1))
    assert np.all((table.alias >= 0) & (table.alias < len(p)))


def test_an_alias_table_of_many_outcomes():
    p = np.random.default_rng(0).dirichlet(np.full(20_000, 0.5))
    np.testing.assert_allclose(AliasTable(p).probabilities(), p, atol=1e-14)


def test_equal_outcomes_need_no_alias():
    table = AliasTable(np.full(8, 1 / 8))
    np.testing.assert_array_equal(table.keep, np.ones(8))


@pytest.mark.parametrize(
    ("make", "way_out"),
    [
        (AliasTable, "divide them by their sum"),
        (sample_categorical, "divide them by their sum"),
        (Categorical, "pass normalize=True"),
    ],
)
def test_samplers_refuse_what_is_no_distribution(make, way_out):
    with pytest.raises(ProbabilityError, match=rf"p sums to 0\.5, not 1; {way_out}"):
        make([0.25, 0.25])
    with pytest.raises(
        ValueError, match=r"p must be one distribution, of shape \(K,\), not of shape \(1, 1\)"
    ):
        make([[1.0]])

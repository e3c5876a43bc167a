"""The closed forms between members of one family, against 60 digits, torch, SciPy and their laws."""

import math

import mpmath
import numpy as np
import pytest
import torch
import torch.distributions as peer
from hypothesis import given
from hypothesis import strategies as st

from course_lib import (
    Bernoulli,
    Beta,
    Binomial,
    Categorical,
    Dirichlet,
    Exponential,
    Gamma,
    Gaussian,
    Poisson,
    kl_divergence,
)
from course_lib._stable import log_gamma_gap, log_gamma_remainder

mpmath.mp.dps = 60
mpf = mpmath.mpf


def number(x):
    return torch.tensor(x, dtype=torch.float64)


PEERS = {
    Bernoulli: lambda d: peer.Bernoulli(number(d.p)),
    Binomial: lambda d: peer.Binomial(number(float(d.n)), number(d.p)),
    Poisson: lambda d: peer.Poisson(number(d.rate)),
    Exponential: lambda d: peer.Exponential(number(d.rate)),
    Gamma: lambda d: peer.Gamma(number(d.shape), number(d.rate)),
    Beta: lambda d: peer.Beta(number(d.a), number(d.b)),
    Gaussian: lambda d: peer.Normal(number(d.mean), number(d.sd)),
    Dirichlet: lambda d: peer.Dirichlet(number(d.alpha)),
    Categorical: lambda d: peer.Categorical(number(d.p)),
}
PAIRS = [
    (Bernoulli(0.3), Bernoulli(0.6)),
    (Binomial(7, 0.3), Binomial(7, 0.6)),
    (Binomial(9, 0.3), Binomial(7, 0.6)),  # nine successes are impossible under q
    (Poisson(3.0), Poisson(4.5)),
    (Exponential(0.5), Exponential(4.0)),
    (Gamma(3.0, 2.0), Gamma(0.5, 1.0)),
    (Gamma(30.0, 2.0), Gamma(31.0, 1.9)),
    (Beta(2.0, 5.0), Beta(0.5, 0.7)),
    (Gaussian(1.0, 2.0), Gaussian(-1.0, 3.0)),
    (Dirichlet([2.0, 0.5, 7.0]), Dirichlet([1.0, 1.0, 1.0])),
    (Categorical([0.2, 0.5, 0.3]), Categorical([0.1, 0.1, 0.8])),
]


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=lambda d: type(d).__name__)
def test_agrees_with_torch(p, q):
    theirs = peer.kl_divergence(PEERS[type(p)](p), PEERS[type(q)](q)).item()
    assert kl_divergence(p, q) == pytest.approx(theirs, rel=1e-12)
    assert p.kl_divergence(q, base=2) == pytest.approx(theirs / math.log(2), rel=1e-12)
    assert kl_divergence(p, q, base=2) == p.kl_divergence(q, base=2)
    assert kl_divergence(p, p) == 0


@pytest.mark.parametrize(("p", "q"), [pair for pair in PAIRS if hasattr(pair[0], "pmf")], ids=repr)
def test_agrees_with_the_arrays_of_probabilities(p, q):
    x = np.arange(200)
    assert kl_divergence(p, q) == pytest.approx(kl_divergence(p.pmf(x), q.pmf(x)), rel=1e-10)


def exact_gamma(p, q):
    a, b, c, d = map(mpf, (p.shape, p.rate, q.shape, q.rate))
    shapes = (a - c) * mpmath.psi(0, a) - mpmath.loggamma(a) + mpmath.loggamma(c)
    return shapes + c * mpmath.log(b / d) + a * (d - b) / b


def exact_dirichlet(p, q):
    a, b = ([mpf(float(x)) for x in d.alpha] for d in (p, q))
    norms = mpmath.loggamma(sum(a)) - sum(map(mpmath.loggamma, a))
    norms -= mpmath.loggamma(sum(b)) - sum(map(mpmath.loggamma, b))
    return norms + sum(
        (x - y) * (mpmath.psi(0, x) - mpmath.psi(0, sum(a))) for x, y in zip(a, b, strict=True)
    )


def exact_gaussian(p, q):
    m, s, n, t = map(mpf, (p.mean, p.sd, q.mean, q.sd))
    return mpmath.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - mpf(1) / 2


def exact_poisson(p, q):
    a, b = mpf(p.rate), mpf(q.rate)
    return a * mpmath.log(a / b) - a + b


def exact_exponential(p, q):
    return exact_poisson(p, q) / mpf(p.rate)


EXACT = [
    (lambda a, b: Gamma(a, b), exact_gamma),
    (lambda a, b: Dirichlet([a, b, 2 * a]), exact_dirichlet),
    (lambda a, b: Gaussian(a, b), exact_gaussian),
    (lambda a, b: Poisson(a), exact_poisson),
    (lambda a, b: Exponential(a), exact_exponential),
]


@pytest.mark.parametrize(("make", "exact"), EXACT)
@pytest.mark.parametrize("closeness", [1, 1e-4, 1e-8])
def test_keeps_its_digits_where_p_and_q_are_close(make, exact, closeness):
    rng = np.random.default_rng(5)
    for _ in range(100):
        a, b = map(float, 10 ** rng.uniform(-4, 6, size=2))
        c, d = (float(x * np.exp(closeness * rng.normal())) for x in (a, b))
        p, q = make(a, b), make(c, d)
        assert float(abs(mpf(kl_divergence(p, q)) / exact(p, q) - 1)) < 1e-11


positive = st.floats(1e-3, 1e3)


@given(positive, positive, positive, positive)
def test_a_change_of_unit_or_of_names_changes_nothing(a, b, c, d):
    in_other_units = kl_divergence(Gamma(a, 8 * b), Gamma(c, 8 * d))
    assert math.isclose(kl_divergence(Gamma(a, b), Gamma(c, d)), in_other_units, rel_tol=1e-14)
    beta = kl_divergence(Beta(a, b), Beta(c, d))
    assert math.isclose(beta, kl_divergence(Beta(b, a), Beta(d, c)), rel_tol=1e-10, abs_tol=1e-12)
    assert math.isclose(beta, kl_divergence(Dirichlet([a, b]), Dirichlet([c, d])), rel_tol=1e-12)
    assert beta > -1e-12
    assert kl_divergence(Gamma(1, a), Gamma(1, b)) == pytest.approx(
        kl_divergence(Exponential(a), Exponential(b)), rel=1e-9, abs=1e-12
    )


def test_binomials_of_other_numbers_of_trials():
    assert kl_divergence(Binomial(9, 0.1), Binomial(7, 0.1)) == math.inf
    assert kl_divergence(Binomial(9, 0), Binomial(7, 0.25)) == pytest.approx(-7 * math.log(0.75))
    assert kl_divergence(Binomial(0, 0.3), Binomial(7, 0.25)) == pytest.approx(-7 * math.log(0.75))
    assert kl_divergence(Binomial(0, 0.3), Binomial(0, 0)) == 0
    with pytest.raises(ValueError, match="no closed form; compare the pmf"):
        kl_divergence(Binomial(7, 0.5), Binomial(9, 0.5))


def test_certain_coins():
    assert kl_divergence(Bernoulli(1), Bernoulli(0.25)) == math.log(4)
    assert kl_divergence(Bernoulli(0), Bernoulli(0)) == 0
    assert kl_divergence(Bernoulli(0.5), Bernoulli(1)) == math.inf


def test_refusals():
    for q in (Gaussian(), [0.5, 0.5], None):
        with pytest.raises(TypeError, match="same family as p, Poisson"):
            kl_divergence(Poisson(3), q)
    with pytest.raises(TypeError, match="same family as q, Poisson, not list"):
        kl_divergence([0.5, 0.5], Poisson(3))
    for option in ({"axis": 0}, {"keepdims": True}, {"normalize": True}):
        with pytest.raises(TypeError, match="options of arrays"):
            kl_divergence(Poisson(3), Poisson(4), **option)
    with pytest.raises(ValueError, match="give both the same"):
        kl_divergence(Dirichlet([1, 1]), Dirichlet([1, 1, 1]))
    with pytest.raises(ValueError, match="same shape"):
        kl_divergence(Categorical([0.5, 0.5]), Categorical([0.5, 0.25, 0.25]))
    with pytest.raises(ValueError, match="base"):
        kl_divergence(Poisson(3), Poisson(4), base=1)


def exact_remainder(a):
    return mpmath.loggamma(a) - a * mpmath.log(a) + a


def test_what_the_tangent_of_log_gamma_leaves_out():
    rng = np.random.default_rng(2)
    for _ in range(200):
        x = float(10 ** rng.uniform(-12, 12))
        y = float(x * np.exp(rng.choice([-1, 1]) * 10 ** rng.uniform(-10, 1)))
        assert log_gamma_remainder(x) == pytest.approx(float(exact_remainder(mpf(x))), rel=1e-14, abs=2e-14)
        slope = mpmath.psi(0, mpf(x)) - mpmath.log(mpf(x))
        exact = exact_remainder(mpf(y)) - exact_remainder(mpf(x)) - slope * (mpf(y) - mpf(x))
        assert float(log_gamma_gap(x, y, y - x)) == pytest.approx(float(exact), rel=1e-12)

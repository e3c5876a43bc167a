"""The same divergence in every framework that is installed, and every trap shown to be one."""

import importlib.util
import math

import numpy as np
import pytest

from benchmarks.frameworks import FRAMEWORKS, TRAPS, everywhere, main, results
from course_lib.divergence import kl_divergence

OPTIONAL = ("jax", "tinygrad", "torch")


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    return rng.dirichlet(np.full(12, 2.0)), rng.dirichlet(np.full(12, 2.0))


def need(name):
    for package in OPTIONAL:
        if package in name and importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")


@pytest.mark.parametrize("name", FRAMEWORKS)
@pytest.mark.parametrize(("dtype", "digits"), [(np.float64, 1e-14), (np.float32, 2e-6)])
def test_all_agree_to_the_last_digits_of_their_dtype(name, dtype, digits, pair):
    need(name)
    p, q = (a.astype(dtype) for a in pair)
    assert FRAMEWORKS[name](p, q) == pytest.approx(kl_divergence(*pair), rel=digits)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("argument order", lambda p, q: kl_divergence(q, p)),
        ("no logarithm", lambda p, q: np.sum(p * (np.log(p) - q))),
        ("log_target", lambda p, q: math.nan),
        ("mean against batchmean", lambda p, q: kl_divergence(p, q) / len(p)),
        ("rel_entr against kl_div", lambda p, q: p[0] * np.log(p[0] / q[0]) - p[0] + q[0]),
        ("silent rescaling", lambda p, q: kl_divergence(p, q)),
    ],
)
def test_what_each_trap_returns(name, expected, pair):
    p, q = pair
    wrong = TRAPS[name].wrong(p, q)
    assert wrong == pytest.approx(expected(p, q), rel=1e-12, nan_ok=True)
    if name != "silent rescaling":
        assert wrong != pytest.approx(kl_divergence(p, q), rel=1e-3)


def test_torch_lifts_tiny_probabilities():
    p, q = np.array([0.5, 0.5]), np.array([1.0, 1e-30])
    assert kl_divergence(p, q) == pytest.approx(0.5 * math.log(0.5 / 1e-30) - 0.5 * math.log(2), rel=1e-12)
    wrong = TRAPS["clamped probabilities"].wrong(p, np.array([0.5, 0.5]))
    assert wrong == pytest.approx(-math.log(2) - 0.5 * math.log(np.finfo(float).eps), rel=1e-6)
    assert wrong < 0.6 * kl_divergence(p, q)


def test_jax_rounds_to_float32_unless_told_otherwise(pair):
    need("jax")
    wrong = TRAPS["float32 by default"].wrong(*pair)
    assert 1e-10 < abs(wrong / kl_divergence(*pair) - 1) < 1e-5


def test_tinygrad_takes_scores(pair):
    need("tinygrad")
    p, q = pair
    log_softmax = q - np.log(np.exp(q).sum())
    wrong = TRAPS["scores, not probabilities"].wrong(p, q)
    assert wrong == pytest.approx(-np.sum(p * log_softmax), rel=1e-12)


def test_the_table_prints_and_names_what_is_missing(pair, capsys, monkeypatch):
    def missing(p, q):
        raise ModuleNotFoundError

    monkeypatch.setitem(FRAMEWORKS, "not there", missing)
    assert everywhere(*pair)["not there"] is None
    main()
    printed = capsys.readouterr().out
    assert "not there" in printed
    assert "not installed, skipped" in printed
    assert all(name in printed for name in TRAPS)


def test_results_hold_every_framework_and_every_trap():
    found = results()
    assert set(found["values"]) == {"float64", "float32"}
    assert all(set(values) == set(FRAMEWORKS) for values in found["values"].values())
    assert set(found["traps"]) == set(TRAPS)
    assert all(trap["call"] and trap["happens"] and trap["cure"] for trap in found["traps"].values())

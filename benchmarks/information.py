"""Divergences and mutual information: what is promised, the peers, and the data both are given."""

from collections.abc import Iterator

import mpmath
import numpy as np
import scipy.special
import scipy.stats
import torch
from scipy.spatial.distance import jensenshannon
from sklearn.feature_selection import mutual_info_regression
from sklearn.feature_selection._mutual_info import _compute_mi_cc
from sklearn.metrics import mutual_info_score as sklearn_score

from course_lib.divergence import js_divergence, kl_divergence, kl_from_logits
from course_lib.kl_estimators import k3
from course_lib.mi_estimators import ksg
from course_lib.mutual_information import mutual_info_score, mutual_information

from .exact import (
    DIGITS_OF_TINY,
    Truth,
    accuracy,
    exact_information,
    exact_js,
    exact_kl,
    exact_kl_from_logits,
)
from .library import LOG_DOMINATES, checked
from .measure import Accuracy, Speed

CASES, OUTCOMES = 10_000, 8


def pair(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    p, q = np.random.default_rng(0).random((2, *shape))
    return p / p.sum(axis=-1, keepdims=True), q / q.sum(axis=-1, keepdims=True)


def checked_rel_entr(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Do the job of the row with SciPy's parts: no entry below zero, sums of one, then the divergence."""
    checked(p)
    checked(q)
    return scipy.special.rel_entr(p, q).sum(axis=-1)


def kl_speed(name: str, shape: tuple[int, ...], *, goal: float, floor: float, against: str) -> Speed:
    p, q = pair(*shape)
    return Speed(
        f"KL, {name}, validated",
        lambda: kl_divergence(p, q),
        {
            "scipy.stats.entropy": lambda: scipy.stats.entropy(p, q, axis=-1),
            "scipy.special.rel_entr, checked": lambda: checked_rel_entr(p, q),
            "scipy.special.rel_entr, unchecked": lambda: scipy.special.rel_entr(p, q).sum(axis=-1),
            "numpy p log(p/q), unchecked": lambda: (p * np.log(p / q)).sum(axis=-1),
            "torch F.kl_div, unchecked": lambda: torch_kl(p, q),
        },
        goal,
        floor,
        against,
        reason=LOG_DOMINATES,
    )


def js_speed() -> Speed:
    p, q = pair(1_000_000)
    return Speed(
        "JS, n = 1e6, validated",
        lambda: js_divergence(p, q),
        {"scipy jensenshannon": lambda: jensenshannon(p, q) ** 2},
        4.0,
        0.9,
        "scipy jensenshannon",
        reason=LOG_DOMINATES,
    )


def labels_speed() -> Speed:
    x, y = np.random.default_rng(0).integers(0, 20, (2, 1_000_000))
    return Speed(
        "MI of 1e6 pairs of whole-number labels",
        lambda: mutual_info_score(x, y),
        {"sklearn mutual_info_score": lambda: sklearn_score(x, y)},
        30.0,
        10.0,
        "sklearn mutual_info_score",
        reason="It lies close to its goal: from run to run it falls on either side.",
    )


def ksg_speed() -> Speed:
    x, noise = np.random.default_rng(0).normal(size=(2, 10_000))
    y = x + noise
    return Speed(
        "KSG, n = 1e4",
        lambda: ksg(x, y),
        {"sklearn mutual_info_regression": lambda: mutual_info_regression(x[:, None], y, random_state=0)},
        2.5,
        1.5,
        "sklearn mutual_info_regression",
    )


def speed_rows() -> Iterator[Speed]:
    stats = "scipy.stats.entropy"
    yield kl_speed("n = 10", (10,), goal=10, floor=8, against=stats)
    yield kl_speed("1000 x 50", (1000, 50), goal=5, floor=2, against=stats)
    yield kl_speed("n = 1e7", (10_000_000,), goal=4, floor=1.2, against="scipy.special.rel_entr, checked")
    yield js_speed()
    yield labels_speed()
    yield ksg_speed()


# --- accuracy -------------------------------------------------------------------------------------------

Pair = tuple[np.ndarray, np.ndarray]


def related(closeness: float | None, cases: int = CASES, outcomes: int = OUTCOMES) -> Pair:
    """Return random distributions, one a row, that differ by a relative ``closeness`` (None: unrelated)."""
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(outcomes), cases)
    q = rng.dirichlet(np.ones(outcomes), cases)
    if closeness is not None:
        q = p * np.exp(closeness * rng.normal(size=p.shape))
    return p, q / q.sum(axis=-1, keepdims=True)


def hard() -> Pair:
    """Return the edges: tiny probabilities, near point masses, and next to no difference between them."""
    rows = [
        ([1e-300, 0.5, 0.5], [1e-200, 0.5, 0.5]),
        ([1e-200, 0.25, 0.75], [1e-300, 0.75, 0.25]),
        ([1 - 1e-12, 1e-12, 0], [1 - 2e-12, 2e-12, 0]),
        ([1 - 1e-15, 1e-15, 0], [1e-15, 1 - 1e-15, 0]),
        ([1, 0, 0], [1 - 1e-8, 1e-8, 0]),
        ([0, 1, 0], [0.25, 0.5, 0.25]),
        ([0, 1, 0], [0, 1, 0]),
        ([0.2, 0.3, 0.5], [0.2, 0.3 + 1e-15, 0.5 - 1e-15]),
    ]
    p, q = np.array(rows).transpose(1, 0, 2)
    return p, q


def torch_kl(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    log_q, target = torch.from_numpy(q).log(), torch.from_numpy(p)
    return torch.nn.functional.kl_div(log_q, target, reduction="none").sum(-1).numpy()


def torch_kl_of_logits(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    log_p, log_q = (torch.from_numpy(x).log_softmax(-1) for x in (a, b))
    return torch.nn.functional.kl_div(log_q, log_p, reduction="none", log_target=True).sum(-1).numpy()


KL_PEERS = {
    "scipy.stats.entropy": lambda p, q: scipy.stats.entropy(p, q, axis=-1),
    "scipy.special.rel_entr": lambda p, q: scipy.special.rel_entr(p, q).sum(axis=-1),
    "torch F.kl_div": torch_kl,
}
JS_PEERS = {"scipy jensenshannon": lambda p, q: jensenshannon(p, q, axis=-1) ** 2}


def logits_accuracy() -> Accuracy:
    rng = np.random.default_rng(4)
    a = rng.normal(scale=3, size=(CASES, OUTCOMES))
    b = a + 1e-8 * rng.normal(size=a.shape)
    peers = {
        "scipy rel_entr of softmax": lambda a, b: scipy.special.rel_entr(
            scipy.special.softmax(a, axis=-1), scipy.special.softmax(b, axis=-1)
        ).sum(axis=-1),
        "torch F.kl_div, log_target": torch_kl_of_logits,
    }
    truth = Truth(exact_kl_from_logits, a, b)
    return accuracy("KL from logits 1e-08 apart, 10,000 cases", truth, kl_from_logits, peers, 1e-12)


def counts_accuracy() -> Accuracy:
    """Tables of counts one step away from independence, where p(x,y) - p(x)p(y) is all but lost in floats."""
    rng = np.random.default_rng(2)
    tables = np.array([np.outer(*rng.integers(1, 1000, (2, 4))) for _ in range(CASES)])
    tables[:, 0, 0] += 1
    peers = {
        "sklearn mutual_info_score": lambda tables: [sklearn_score(None, None, contingency=t) for t in tables]
    }
    name = "MI of counts one step from independence, 10,000 cases"
    truth = Truth(exact_information, tables)
    return accuracy(name, truth, lambda t: mutual_information(t, normalize=True), peers, 1e-12)


def k3_accuracy() -> Accuracy:
    signs = np.random.default_rng(3).choice([-1, 1], CASES)
    log_ratio = (signs * 10.0 ** np.linspace(-6, 1, CASES)).astype(np.float32)
    truth = Truth(lambda x: mpmath.expm1(float(x)) - mpmath.mpf(float(x)), log_ratio)
    peers = {
        "numpy exp(x) - 1 - x": lambda x: np.exp(x) - 1 - x,
        "torch exp(x) - 1 - x": lambda x: (torch.from_numpy(x).exp() - 1 - torch.from_numpy(x)).numpy(),
    }
    name = "k3 in float32, 10,000 cases from 1e-6 to 10"
    return accuracy(name, truth, lambda x: k3(np.zeros_like(x), x), peers, 1e-6)


def ksg_accuracy() -> Accuracy:
    """Beside scikit-learn's estimator itself, without the scaling and noise that its public function adds."""
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, 10_000))
    y = x + noise
    return Accuracy(
        "KSG, n = 1e4, relative difference from scikit-learn's estimate",
        lambda: abs(ksg(x, y) / _compute_mi_cc(x, y, 3) - 1),
        goal=1e-12,
    )


def accuracy_rows() -> Iterator[Accuracy]:
    kinds = [("KL", exact_kl, kl_divergence, KL_PEERS), ("JS", exact_js, js_divergence, JS_PEERS)]
    for closeness, goal in [(None, 1e-12), (1e-4, 1e-12), (1e-8, 1e-12), (1e-12, 1e-10)]:
        name = "unrelated p and q" if closeness is None else f"p and q {closeness:g} apart"
        for kind, exact, ours, peers in kinds:
            yield accuracy(
                f"{kind}, 10,000 cases, {name}", Truth(exact, *related(closeness)), ours, peers, goal
            )
    for kind, exact, ours, peers in kinds:
        truth = Truth(exact, *hard(), digits=DIGITS_OF_TINY)
        yield accuracy(f"{kind}, point masses and probabilities of 1e-300", truth, ours, peers, 1e-12)
        truth = Truth(exact, *related(1e-8, cases=1, outcomes=1000), copies=1024)
        yield accuracy(f"{kind}, a million outcomes, 1e-08 apart", truth, ours, peers, 1e-12)
    yield logits_accuracy()
    yield counts_accuracy()
    yield k3_accuracy()
    yield ksg_accuracy()

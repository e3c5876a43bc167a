"""Divergences and mutual information: what is promised, the peers, and the data both are given."""

from collections.abc import Callable, Iterator

import mpmath
import numpy as np
import scipy.special
import scipy.stats
import torch
from scipy.spatial.distance import jensenshannon
from sklearn.feature_selection import mutual_info_regression
from sklearn.metrics import mutual_info_score as sklearn_score

from course_lib.divergence import js_divergence, kl_divergence
from course_lib.kl_estimators import k3
from course_lib.mutual_information import ksg, mutual_info_score, mutual_information

from .measure import Accuracy, Speed

DIGITS = 50
DIGITS_OF_TINY = 700  # next to 1, a probability of 1e-300 is seen by 300 digits, its square by 600
CASES, OUTCOMES = 10_000, 8


def pair(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    p, q = np.random.default_rng(0).random((2, *shape))
    return p / p.sum(axis=-1, keepdims=True), q / q.sum(axis=-1, keepdims=True)


def kl_speed(name: str, shape: tuple[int, ...], *, goal: float, floor: float, against: str) -> Speed:
    p, q = pair(*shape)
    return Speed(
        f"KL, {name}, validated",
        lambda: kl_divergence(p, q),
        {
            "scipy.stats.entropy": lambda: scipy.stats.entropy(p, q, axis=-1),
            "scipy.special.rel_entr, unchecked": lambda: scipy.special.rel_entr(p, q).sum(axis=-1),
            "numpy p log(p/q), unchecked": lambda: (p * np.log(p / q)).sum(axis=-1),
            "torch F.kl_div, unchecked": lambda: torch_kl(p, q),
        },
        goal,
        floor,
        against,
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
    yield kl_speed("n = 1e7", (10_000_000,), goal=4, floor=1.2, against="scipy.special.rel_entr, unchecked")
    yield js_speed()
    yield labels_speed()
    yield ksg_speed()


# --- accuracy -------------------------------------------------------------------------------------------

Pair = tuple[np.ndarray, np.ndarray]


def related(closeness: float | None) -> Pair:
    """Return random distributions, one a row, that differ by a relative ``closeness`` (None: unrelated)."""
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(OUTCOMES), CASES)
    q = rng.dirichlet(np.ones(OUTCOMES), CASES)
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
        ([0.2, 0.3, 0.5], [0.2, 0.3 + 1e-15, 0.5 - 1e-15]),
    ]
    p, q = np.array(rows).transpose(1, 0, 2)
    return p, q


def shares(row: np.ndarray) -> list[mpmath.mpf]:
    exact = [mpmath.mpf(float(x)) for x in row]
    total = mpmath.fsum(exact)
    return [x / total for x in exact]


def exact_kl(p: list[mpmath.mpf], q: list[mpmath.mpf]) -> mpmath.mpf:
    return mpmath.fsum(a * mpmath.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def exact_js(p: list[mpmath.mpf], q: list[mpmath.mpf]) -> mpmath.mpf:
    m = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return (exact_kl(p, m) + exact_kl(q, m)) / 2


class Truth:
    """Exact values of a quantity for rows of data, worked out when they are first needed."""

    def __init__(self, exact: Callable, data: Pair, digits: int = DIGITS):
        self.exact, self.data, self.digits, self.values = exact, data, digits, None

    def worst_error(self, f: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> float:
        with mpmath.workdps(self.digits), np.errstate(all="ignore"):
            if self.values is None:
                self.values = [self.exact(shares(a), shares(b)) for a, b in zip(*self.data, strict=True)]
            found = np.asarray(f(*self.data), dtype=np.float64)
            errors = [float(mpmath.mpf(v) / t - 1) for v, t in zip(found.tolist(), self.values, strict=True)]
        return float(np.max(np.abs(errors)))


def torch_kl(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    log_q, target = torch.from_numpy(q).log(), torch.from_numpy(p)
    return torch.nn.functional.kl_div(log_q, target, reduction="none").sum(-1).numpy()


KL_PEERS = {
    "scipy.stats.entropy": lambda p, q: scipy.stats.entropy(p, q, axis=-1),
    "scipy.special.rel_entr": lambda p, q: scipy.special.rel_entr(p, q).sum(axis=-1),
    "torch F.kl_div": torch_kl,
}
JS_PEERS = {"scipy jensenshannon": lambda p, q: jensenshannon(p, q, axis=-1) ** 2}


def accuracy(
    name: str, exact: Callable, data: Pair, ours: Callable, peers: dict, goal: float, digits: int = DIGITS
) -> Accuracy:
    truth = Truth(exact, data, digits)
    return Accuracy(
        name,
        lambda: truth.worst_error(ours),
        {peer: lambda f=f: truth.worst_error(f) for peer, f in peers.items()},
        goal,
    )


def counts_accuracy() -> Accuracy:
    """Tables of counts one step away from independence, where p(x,y) - p(x)p(y) is all but lost in floats."""
    rng = np.random.default_rng(2)
    tables = [np.outer(*rng.integers(1, 10**5, (2, 4))) for _ in range(200)]
    for table in tables:
        table[0, 0] += 1

    def exact(table: np.ndarray) -> mpmath.mpf:
        n = int(table.sum())
        apart = [int(r) * int(s) for r in table.sum(1) for s in table.sum(0)]
        together = [int(c) * n for c in table.ravel()]
        pairs = zip(together, apart, strict=True)
        return mpmath.fsum(mpmath.mpf(c) / n**2 * mpmath.log1p(mpmath.mpf(c - a) / a) for c, a in pairs)

    def worst(f: Callable) -> float:
        with mpmath.workdps(DIGITS), np.errstate(all="ignore"):
            return float(max(abs(mpmath.mpf(float(f(t))) / exact(t) - 1) for t in tables))

    return Accuracy(
        "MI of counts near independence",
        lambda: worst(lambda t: mutual_information(t, normalize=True)),
        {"sklearn mutual_info_score": lambda: worst(lambda t: sklearn_score(None, None, contingency=t))},
        1e-12,
    )


def k3_accuracy() -> Accuracy:
    signs = np.random.default_rng(3).choice([-1, 1], CASES)
    log_ratio = (signs * 10.0 ** np.linspace(-6, 1, CASES)).astype(np.float32)
    log_ratio_in_torch = torch.from_numpy(log_ratio)

    def worst(f: Callable) -> float:
        with mpmath.workdps(DIGITS):
            exact = [mpmath.expm1(mpmath.mpf(float(x))) - mpmath.mpf(float(x)) for x in log_ratio]
            found = f().tolist()
            return float(max(abs(mpmath.mpf(v) / t - 1) for v, t in zip(found, exact, strict=True)))

    return Accuracy(
        "k3 in float32",
        lambda: worst(lambda: k3(np.zeros_like(log_ratio), log_ratio)),
        {
            "numpy exp(x) - 1 - x": lambda: worst(lambda: np.exp(log_ratio) - 1 - log_ratio),
            "torch exp(x) - 1 - x": lambda: worst(lambda: log_ratio_in_torch.exp() - 1 - log_ratio_in_torch),
        },
        1e-6,
    )


def accuracy_rows() -> Iterator[Accuracy]:
    for closeness, goal in [(None, 1e-12), (1e-4, 1e-12), (1e-8, 1e-12), (1e-12, 1e-10)]:
        name = "unrelated p and q" if closeness is None else f"p and q {closeness:g} apart"
        data = related(closeness)
        yield accuracy(f"KL, 10,000 cases, {name}", exact_kl, data, kl_divergence, KL_PEERS, goal)
        yield accuracy(f"JS, 10,000 cases, {name}", exact_js, data, js_divergence, JS_PEERS, goal)
    yield accuracy("KL, hard cases", exact_kl, hard(), kl_divergence, KL_PEERS, 1e-12, DIGITS_OF_TINY)
    yield accuracy("JS, hard cases", exact_js, hard(), js_divergence, JS_PEERS, 1e-12, DIGITS_OF_TINY)
    yield counts_accuracy()
    yield k3_accuracy()

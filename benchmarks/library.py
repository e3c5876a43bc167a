"""The rows: what the library promises, the peers it is measured against, and the data both are given."""

from collections.abc import Iterator

import mpmath
import numpy as np
import scipy.special
import scipy.stats
import torch

from course_lib import AliasTable, Binomial, Poisson, entropy, surprisal

from .exact import DIGITS_OF_TINY, Truth, accuracy, exact_entropy
from .measure import Accuracy, Speed

CASES = 10_000

# Why a row may stay below its goal.
LOG_DOMINATES = (
    "Logarithms take most of the time, and everyone here calls the same one; only with AVX-512 is NumPy's "
    "several times faster than SciPy's. For long arrays a bare formula in NumPy, unchecked, is about as fast."
)


def distributions(*shape: int) -> np.ndarray:
    p = np.random.default_rng(0).random(shape)
    return p / p.sum(axis=-1, keepdims=True)


def peaked(*shape: int) -> np.ndarray:
    """Return what a sure classifier says: in most rows one outcome holds more than half."""
    p = np.random.default_rng(0).dirichlet(np.full(shape[-1], 0.02), size=shape[:-1]) + 1e-30
    return p / p.sum(axis=-1, keepdims=True)


def checked(p: np.ndarray) -> np.ndarray:
    """Return p if its rows are distributions: the least that a validated peer has to look at."""
    if not (p.min() >= 0 and np.abs(p.sum(axis=-1) - 1).max() <= 1e-8):  # so that NaN is caught too
        raise ValueError("not a distribution")
    return p


def entropy_speed(name: str, p: np.ndarray, *, goal: float, floor: float, against: str) -> Speed:
    tensor = torch.from_numpy(p)
    return Speed(
        f"entropy, {name}, validated",
        lambda: entropy(p),
        {
            "scipy.stats.entropy": lambda: scipy.stats.entropy(p, axis=-1),
            "scipy.special.entr, checked": lambda: scipy.special.entr(checked(p)).sum(axis=-1),
            "scipy.special.entr, unchecked": lambda: scipy.special.entr(p).sum(axis=-1),
            "numpy -(p log p), unchecked": lambda: -(p * np.log(p)).sum(axis=-1),
            "torch Categorical.entropy": lambda: torch.distributions.Categorical(tensor).entropy(),
        },
        goal,
        floor,
        against,
        reason=LOG_DOMINATES,
    )


def surprisal_speed() -> Speed:
    p = distributions(1_000_000)
    return Speed(
        "surprisal, 1e6, validated",
        lambda: surprisal(p, base=2),
        {"numpy -log2(p), unchecked": lambda: -np.log2(p), "torch -log2(p), unchecked": torch_surprisal(p)},
        1.0,
        0.7,
        "numpy -log2(p), unchecked",
        reason="The peer does not look whether its numbers are probabilities; checking takes the rest.",
    )


def torch_surprisal(p: np.ndarray):
    tensor = torch.from_numpy(p)
    return lambda: -torch.log2(tensor)


def draws_speed(k: int) -> Speed:
    p, rng = distributions(k), np.random.default_rng(0)
    table, tensor = AliasTable(p), torch.from_numpy(p)
    return Speed(
        f"1e6 draws from {k} outcomes, alias table",
        lambda: table.sample(1_000_000, rng),
        {
            "numpy Generator.choice": lambda: rng.choice(k, 1_000_000, p=p),
            "torch.multinomial": lambda: torch.multinomial(tensor, 1_000_000, replacement=True),
        },
        5.0,
        4.0,
        "numpy Generator.choice",
    )


def speed_rows() -> list[Speed]:
    stats, entr = "scipy.stats.entropy", "scipy.special.entr, checked"
    return [
        entropy_speed("n = 10", distributions(10), goal=15, floor=10, against=stats),
        entropy_speed("1000 x 50", distributions(1000, 50), goal=3, floor=2, against=stats),
        entropy_speed("1000 x 50, peaked", peaked(1000, 50), goal=2, floor=1.2, against=stats),
        entropy_speed("n = 1e7", distributions(10_000_000), goal=1.7, floor=1.2, against=entr),
        surprisal_speed(),
        draws_speed(1000),
        draws_speed(100_000),
    ]


# --- accuracy -------------------------------------------------------------------------------------------

ENTROPY_PEERS = {
    "scipy.stats.entropy": lambda p: scipy.stats.entropy(p, axis=-1),
    "scipy.special.entr": lambda p: scipy.special.entr(p).sum(axis=-1),
    "numpy -(p log p)": lambda p: -(p * np.log(np.where(p > 0, p, 1))).sum(axis=-1),
    "torch Categorical.entropy": lambda p: torch.distributions.Categorical(torch.from_numpy(p)).entropy(),
}


def random_distributions(outcomes: int, cases: int = CASES) -> np.ndarray:
    """Return distributions from nearly certain to nearly uniform, one a row."""
    rng = np.random.default_rng(0)
    weights = rng.gamma(10 ** rng.uniform(-2, 2, (cases, 1)), size=(cases, outcomes))
    return weights / weights.sum(axis=-1, keepdims=True)


def nearly_certain() -> np.ndarray:
    rest = np.array([1e-4, 1e-8, 1e-12, 1e-16, 1e-300])
    return np.stack([1 - rest, rest / 2, rest / 2], axis=-1)


def surprisal_accuracy() -> Accuracy:
    p = np.concatenate([np.random.default_rng(0).random(CASES), 1 - 10.0 ** -np.arange(1, 16), [1e-300]])
    peers = {
        "numpy -log(p) / log(2)": lambda p: -np.log(p) / np.log(2),
        "torch -log2(p)": lambda p: -torch.log2(torch.from_numpy(p)),
    }
    truth = Truth(lambda p: -mpmath.log(float(p), 2), p)
    return accuracy("surprisal in bits, 10,000 cases", truth, lambda p: surprisal(p, base=2), peers, 1e-14)


def poisson_accuracy() -> Accuracy:
    """The pmf within four standard deviations: there k log(rate), rate and log k! are huge and cancel."""
    rng = np.random.default_rng(0)
    rate = np.floor(10 ** rng.uniform(0, 9, CASES))
    k = np.maximum(np.floor(rate + rng.uniform(-4, 4, CASES) * np.sqrt(rate)), 0)

    def exact(k: float, rate: float) -> mpmath.mpf:
        return mpmath.exp(k * mpmath.log(int(rate)) - rate - mpmath.loggamma(int(k) + 1))

    def in_torch(k: np.ndarray, rate: np.ndarray):
        return torch.distributions.Poisson(torch.from_numpy(rate)).log_prob(torch.from_numpy(k)).exp()

    return accuracy(
        "Poisson pmf, 10,000 cases, rates up to 1e9",
        Truth(exact, k, rate),
        lambda k, rate: [Poisson(float(r)).pmf(x) for x, r in zip(k, rate, strict=True)],
        {"scipy.stats.poisson.pmf": scipy.stats.poisson.pmf, "torch Poisson.log_prob": in_torch},
        1e-12,
    )


def binomial_accuracy() -> Accuracy:
    """The same for the binomial, at a fair coin's p = 1/2: n p and n (1 - p) are then exact."""
    rng = np.random.default_rng(0)
    n = 2 * np.floor(10 ** rng.uniform(0, 9, CASES))
    k = np.clip(np.floor(n / 2 + rng.uniform(-4, 4, CASES) * np.sqrt(n) / 2), 0, n)

    def exact(k: float, n: float) -> mpmath.mpf:
        k, n = int(k), int(n)
        ways = mpmath.loggamma(n + 1) - mpmath.loggamma(k + 1) - mpmath.loggamma(n - k + 1)
        return mpmath.exp(ways - n * mpmath.log(2))

    def in_torch(k: np.ndarray, n: np.ndarray):
        half = torch.tensor(0.5, dtype=torch.float64)
        return torch.distributions.Binomial(torch.from_numpy(n), half).log_prob(torch.from_numpy(k)).exp()

    return accuracy(
        "Binomial pmf, 10,000 cases, up to 2e9 trials",
        Truth(exact, k, n),
        lambda k, n: [Binomial(int(m), 0.5).pmf(x) for x, m in zip(k, n, strict=True)],
        {"scipy.stats.binom.pmf": lambda k, n: scipy.stats.binom.pmf(k, n, 0.5), "torch Binomial": in_torch},
        1e-12,
    )


def accuracy_rows() -> Iterator[Accuracy]:
    cases = {
        "10,000 cases of 8 outcomes": Truth(exact_entropy, random_distributions(8)),
        "200 cases of 500 outcomes": Truth(exact_entropy, random_distributions(500, cases=200)),
        "a million outcomes": Truth(
            lambda p: exact_entropy(p) + mpmath.log(1024), random_distributions(1000, cases=1), copies=1024
        ),
        "all but certain, down to 1e-300": Truth(exact_entropy, nearly_certain(), digits=DIGITS_OF_TINY),
    }
    for name, truth in cases.items():
        yield accuracy(f"entropy, {name}", truth, entropy, ENTROPY_PEERS, 1e-14)
    yield surprisal_accuracy()
    yield poisson_accuracy()
    yield binomial_accuracy()

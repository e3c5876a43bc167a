"""The rows: what the library promises, the peers it is measured against, and the data both are given."""

import mpmath
import numpy as np
import scipy.special
import scipy.stats
import torch

from course_lib import AliasTable, entropy, surprisal

from .measure import Accuracy, Speed

DIGITS = 50


def distributions(*shape: int) -> np.ndarray:
    p = np.random.default_rng(0).random(shape)
    return p / p.sum(axis=-1, keepdims=True)


def peaked(*shape: int) -> np.ndarray:
    """Return what a sure classifier says: in most rows one outcome holds more than half."""
    p = np.random.default_rng(0).dirichlet(np.full(shape[-1], 0.02), size=shape[:-1]) + 1e-30
    return p / p.sum(axis=-1, keepdims=True)


def entropy_speed(name: str, p: np.ndarray, *, goal: float, floor: float, against: str) -> Speed:
    tensor = torch.from_numpy(p)
    return Speed(
        f"entropy, {name}, validated",
        lambda: entropy(p),
        {
            "scipy.stats.entropy": lambda: scipy.stats.entropy(p, axis=-1),
            "scipy.special.entr, unchecked": lambda: scipy.special.entr(p).sum(axis=-1),
            "numpy -(p log p), unchecked": lambda: -(p * np.log(p)).sum(axis=-1),
            "torch Categorical.entropy": lambda: torch.distributions.Categorical(tensor).entropy(),
        },
        goal,
        floor,
        against,
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
    stats = "scipy.stats.entropy"
    return [
        entropy_speed("n = 10", distributions(10), goal=15, floor=10, against=stats),
        entropy_speed("1000 x 50", distributions(1000, 50), goal=3, floor=2, against=stats),
        entropy_speed("1000 x 50, peaked", peaked(1000, 50), goal=2, floor=1.2, against=stats),
        entropy_speed("n = 1e7", distributions(10_000_000), goal=1.7, floor=1.2, against=stats),
        surprisal_speed(),
        draws_speed(1000),
        draws_speed(100_000),
    ]


# --- accuracy -------------------------------------------------------------------------------------------


def exact_entropy(p: np.ndarray) -> mpmath.mpf:
    """Return H of the floats in p over their sum; the largest outcome's share by log1p of all the others."""
    *others, largest = sorted(mpmath.mpf(float(x)) for x in p if x > 0)
    rest = mpmath.fsum(others)
    total = rest + largest
    return (
        mpmath.fsum([*(x * mpmath.log(total / x) for x in others), largest * mpmath.log1p(rest / largest)])
        / total
    )


def worst_error(f, cases: list[np.ndarray], truths: list[mpmath.mpf]) -> float:
    with mpmath.workdps(DIGITS):
        errors = [mpmath.mpf(float(f(p))) / truth - 1 for p, truth in zip(cases, truths, strict=True)]
        return float(max(map(abs, errors)))


def entropy_accuracy(name: str, cases: list[np.ndarray]) -> Accuracy:
    with mpmath.workdps(DIGITS):
        truths = [exact_entropy(p) for p in cases]

    def error_of(f):
        return lambda: worst_error(f, cases, truths)

    peers = {
        "scipy.stats.entropy": scipy.stats.entropy,
        "scipy.special.entr": lambda p: scipy.special.entr(p).sum(),
        "numpy -(p log p)": lambda p: -(p * np.log(np.where(p > 0, p, 1))).sum(),
        "torch Categorical.entropy": lambda p: torch.distributions.Categorical(torch.from_numpy(p)).entropy(),
    }
    return Accuracy(f"entropy, {name}", error_of(entropy), {k: error_of(f) for k, f in peers.items()})


def surprisal_accuracy() -> Accuracy:
    cases = list(np.concatenate([np.random.default_rng(0).random(1000), 1 - 10.0 ** -np.arange(1, 16)]))
    with mpmath.workdps(DIGITS):
        truths = [-mpmath.log(mpmath.mpf(float(p)), 2) for p in cases]
    return Accuracy(
        "surprisal in bits",
        lambda: worst_error(lambda p: surprisal(p, base=2), cases, truths),
        {
            "numpy -log(p) / log(2)": lambda: worst_error(lambda p: -np.log(p) / np.log(2), cases, truths),
            "torch -log2(p)": lambda: worst_error(lambda p: -torch.log2(torch.tensor(p)), cases, truths),
        },
    )


def accuracy_rows() -> list[Accuracy]:
    rng = np.random.default_rng(0)
    sizes = (10 ** rng.uniform(0.4, 2.7, size=200)).astype(int)
    flat = [p / p.sum() for p in (rng.dirichlet(np.full(n, 10 ** rng.uniform(-0.5, 2))) for n in sizes)]
    return [
        entropy_accuracy("200 random distributions, n up to 500", flat),
        entropy_accuracy("n = 20,000", [distributions(20_000)]),
        entropy_accuracy("[1 - 1e-8, 1e-8]", [np.array([1 - 1e-8, 1e-8])]),
        entropy_accuracy("[1 - 1e-12, 1e-12]", [np.array([1 - 1e-12, 1e-12])]),
        surprisal_accuracy(),
    ]

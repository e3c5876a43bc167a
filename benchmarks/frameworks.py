"""The same divergence in NumPy, SciPy, PyTorch, JAX and tinygrad, and the trap each of them sets.

``python -m benchmarks.frameworks`` prints the table. Every function takes p and q, arrays of one distribution
each, and returns D_KL(p‖q) in nats. JAX and tinygrad are optional; where one is missing its row says so.
"""

import os
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course_lib.divergence import kl_divergence


def course_library(p: np.ndarray, q: np.ndarray) -> float:
    return kl_divergence(p, q)


def numpy_formula(p: np.ndarray, q: np.ndarray) -> float:
    return float(np.sum(p * np.log(p / q)))


def scipy_rel_entr(p: np.ndarray, q: np.ndarray) -> float:
    from scipy.special import rel_entr

    return float(rel_entr(p, q).sum())


def scipy_entropy(p: np.ndarray, q: np.ndarray) -> float:
    from scipy.stats import entropy

    return float(entropy(p, q))


def torch_functional(p: np.ndarray, q: np.ndarray) -> float:
    """The model comes first, as logarithms; the truth second, as probabilities."""
    import torch
    from torch.nn import functional

    return functional.kl_div(torch.tensor(q).log(), torch.tensor(p), reduction="sum").item()


def torch_functional_of_logs(p: np.ndarray, q: np.ndarray) -> float:
    """The same with the truth in logarithms too, which has to be said; a batch of one for ``batchmean``."""
    import torch
    from torch.nn import functional

    log_p, log_q = torch.tensor(p).log()[None], torch.tensor(q).log()[None]
    return functional.kl_div(log_q, log_p, reduction="batchmean", log_target=True).item()


def torch_distributions(p: np.ndarray, q: np.ndarray) -> float:
    """The order of the formula; dispatched on the pair of families, in closed form where there is one."""
    import torch
    from torch.distributions import Categorical, kl_divergence

    return kl_divergence(Categorical(torch.tensor(p)), Categorical(torch.tensor(q))).item()


def jax_rel_entr(p: np.ndarray, q: np.ndarray) -> float:
    """JAX makes float32 of everything unless float64 is switched on first."""
    import jax

    with jax.enable_x64(p.dtype == np.float64):
        return float(jax.scipy.special.rel_entr(jax.numpy.asarray(p), jax.numpy.asarray(q)).sum())


def tinygrad_cross_entropy(p: np.ndarray, q: np.ndarray) -> float:
    """There is no KL here: for training, H(p, q) has the same gradient. H(p, q) - H(p) gives the value.

    Its cross-entropy takes scores; log q are scores whose softmax is q.
    """
    truth, model = _tinygrad_tensor(p), _tinygrad_tensor(q)
    return (model.log().cross_entropy(truth) - truth.log().cross_entropy(truth)).item()


def _tinygrad_tensor(x: np.ndarray):
    os.environ.setdefault("DEV", "PYTHON")  # its interpreter: slow, but needs no compiler
    from tinygrad import Tensor

    return Tensor(x)


FRAMEWORKS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "course_lib.kl_divergence": course_library,
    "NumPy, the formula": numpy_formula,
    "scipy.special.rel_entr": scipy_rel_entr,
    "scipy.stats.entropy": scipy_entropy,
    "torch.nn.functional.kl_div": torch_functional,
    "torch kl_div, log_target": torch_functional_of_logs,
    "torch.distributions": torch_distributions,
    "jax.scipy.special.rel_entr": jax_rel_entr,
    "tinygrad cross_entropy": tinygrad_cross_entropy,
}


def everywhere(p: np.ndarray, q: np.ndarray) -> dict[str, float | None]:
    """Return D_KL(p‖q) by each framework; None where it is not installed."""
    return {name: _unless_missing(f, p, q) for name, f in FRAMEWORKS.items()}


def _unless_missing(f: Callable, p: np.ndarray, q: np.ndarray) -> float | None:
    try:
        return f(p, q)
    except ModuleNotFoundError:
        return None


# --- traps ----------------------------------------------------------------------------------------------


class Trap(NamedTuple):
    """A call that looks right, what it returns instead, and the cure."""

    call: str
    happens: str
    cure: str
    wrong: Callable[[np.ndarray, np.ndarray], float]


def _kl_div(model: np.ndarray, truth: np.ndarray, **options) -> float:
    import torch

    with warnings.catch_warnings(action="ignore"):  # torch warns of the default's mean
        return torch.nn.functional.kl_div(torch.tensor(model), torch.tensor(truth), **options).item()


def _scipy_kl_div(p: np.ndarray, q: np.ndarray) -> float:
    from scipy.special import kl_div

    return float(kl_div(p, q)[0])


def _with_a_tiny_last(q: np.ndarray) -> np.ndarray:
    return np.array([q[0] + q[-1] - 1e-30, *q[1:-1], 1e-30])


def _jax_float32(p: np.ndarray, q: np.ndarray) -> float:
    import jax

    with jax.enable_x64(False):
        return float(jax.scipy.special.rel_entr(jax.numpy.asarray(p), jax.numpy.asarray(q)).sum())


def _tinygrad_probabilities(p: np.ndarray, q: np.ndarray) -> float:
    return _tinygrad_tensor(q).cross_entropy(_tinygrad_tensor(p)).item()


TRAPS: dict[str, Trap] = {
    "argument order": Trap(
        "F.kl_div(p.log(), q, reduction='sum')",
        "the divergence the other way round, D_KL(q‖p): the model comes first in this function",
        "F.kl_div(q.log(), p, reduction='sum')",
        lambda p, q: _kl_div(np.log(p), q, reduction="sum"),
    ),
    "no logarithm": Trap(
        "F.kl_div(q, p, reduction='sum')",
        "sum p (log p - q): no divergence of anything, and often negative",
        "give the model as logarithms, best straight from log_softmax",
        lambda p, q: _kl_div(q, p, reduction="sum"),
    ),
    "log_target": Trap(
        "F.kl_div(q.log(), p.log(), reduction='sum')",
        "NaN: the truth is taken for probabilities, and logarithms are negative",
        "log_target=True",
        lambda p, q: _kl_div(np.log(q), np.log(p), reduction="sum"),
    ),
    "mean against batchmean": Trap(
        "F.kl_div(q.log(), p)",
        "the divergence over the number of outcomes: the default averages over all entries",
        "reduction='batchmean' for rows of a batch, 'sum' for one distribution",
        lambda p, q: _kl_div(np.log(q), p),
    ),
    "rel_entr against kl_div": Trap(
        "scipy.special.kl_div(p, q)[0]",
        "p log(p/q) - p + q, not p log(p/q): the terms differ, their sums agree if p and q each sum to 1",
        "scipy.special.rel_entr",
        _scipy_kl_div,
    ),
    "silent rescaling": Trap(
        "scipy.stats.entropy(5 * p, q)",
        "the divergence of p, as if 5 p had been a distribution: no error",
        "check the sums, as course_lib does",
        lambda p, q: scipy_entropy(5 * p, q),
    ),
    "clamped probabilities": Trap(
        "kl_divergence(Categorical(p), Categorical(q)) once the last of q is 1e-30",
        "too small a divergence: probabilities are lifted to the rounding unit before the logarithm",
        "Categorical(logits=...)",
        lambda p, q: torch_distributions(p, _with_a_tiny_last(q)),
    ),
    "float32 by default": Trap(
        "jax.scipy.special.rel_entr(p, q).sum()",
        "seven digits of a float64 input",
        "jax.config.update('jax_enable_x64', True) before the first array",
        _jax_float32,
    ),
    "scores, not probabilities": Trap(
        "Tensor(q).cross_entropy(Tensor(p))",
        "a cross-entropy with softmax(q) in place of q",
        "give log q; subtract H(p) for the divergence",
        _tinygrad_probabilities,
    ),
}


P, Q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.5, 0.3])


def results() -> dict:
    """Return what every framework says of one pair, in two dtypes, and what the traps give; None: missing."""
    pairs = {np.dtype(t).name: (P.astype(t), Q.astype(t)) for t in (np.float64, np.float32)}
    traps = {
        name: {"call": trap.call, "happens": trap.happens, "cure": trap.cure, "value": value}
        for name, trap in TRAPS.items()
        for value in [_unless_missing(trap.wrong, P, Q)]
    }
    return {"values": {name: everywhere(*pair) for name, pair in pairs.items()}, "traps": traps}


def main() -> None:
    found = results()
    for dtype, values in found["values"].items():
        print(f"D_KL(p‖q) in nats, {dtype}")
        for name, value in values.items():
            print(f"  {name:28}", "not installed, skipped" if value is None else f"{value:.17g}")
    print("Traps")
    for name, trap in found["traps"].items():
        print(f"  {name}: {trap['call']}\n    gives {trap['happens']}; instead: {trap['cure']}")
        print(
            f"    here {'not installed, skipped' if trap['value'] is None else format(trap['value'], '.6g')}"
        )


if __name__ == "__main__":
    main()

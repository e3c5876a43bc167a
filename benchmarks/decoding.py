"""Softmax, entropy from logits and truncation at the size of a language model: 64 rows of 128k tokens.

At this size each array as large as the logits is fetched from the system anew, for everyone alike. A little
below it may come from memory used before, and PyTorch's two lines for the entropy are then as fast as ours.
"""

from collections.abc import Callable, Iterator

import mpmath
import numpy as np
import scipy.special
import scipy.stats
import torch

from course_lib.decoding import min_p, top_k, top_p
from course_lib.softmax import entropy_from_logits, logsumexp, softmax

from .exact import DIGITS
from .measure import Accuracy, Speed, optional

ROWS, TOKENS = 64, 131_072
CASES, OUTCOMES = 10_000, 8
WARPERS = "transformers.generation.logits_process"

EXPONENTIALS = "Exponentials take most of the time; with AVX-512 NumPy's are several times as fast."


def logits(rows: int = ROWS, tokens: int = TOKENS) -> np.ndarray:
    """Return logits that scatter by 3 nats: of 128k tokens some 5,600 hold 90 % of the mass."""
    return (3 * np.random.default_rng(0).normal(size=(rows, tokens))).astype(np.float32)


def entropy_speed() -> Speed:
    z = logits()
    tensor = torch.from_numpy(z)

    def two_lines() -> torch.Tensor:
        log_p = torch.log_softmax(tensor, -1)
        return -(log_p.exp() * log_p).sum(-1)

    return Speed(
        "entropy from logits, 64 x 128k, float32",
        lambda: entropy_from_logits(z),
        {
            "scipy softmax, then entropy": lambda: scipy.stats.entropy(scipy.special.softmax(z, -1), axis=-1),
            "torch Categorical.entropy": lambda: torch.distributions.Categorical(logits=tensor).entropy(),
            "torch log_softmax, unchecked": two_lines,
        },
        4.0,
        2.5,
        "torch Categorical.entropy",
        reason=EXPONENTIALS,
    )


def logsumexp_speed() -> Speed:
    z = logits()
    tensor = torch.from_numpy(z)
    return Speed(
        "logsumexp, 64 x 128k, float32",
        lambda: logsumexp(z),
        {
            "scipy.special.logsumexp": lambda: scipy.special.logsumexp(z, axis=-1),
            "torch.logsumexp, unchecked": lambda: torch.logsumexp(tensor, -1),
        },
        2.0,
        1.5,
        "scipy.special.logsumexp",
        reason=EXPONENTIALS,
    )


def truncation_speed(
    name: str, ours: Callable, warper: str, value: float, *, goal: float, floor: float
) -> Speed:
    z, peers = logits(), optional(WARPERS)
    tensor = torch.from_numpy(z)
    warp = getattr(peers, warper)(value) if peers else None
    peer = f"Hugging Face {warper}"
    return Speed(
        f"{name} = {value:g}, 64 x 128k, float32",
        lambda: ours(z, value),
        {peer: (lambda: warp(None, tensor)) if warp else None},
        goal,
        floor,
        peer,
        reason=EXPONENTIALS,
    )


def speed_rows() -> Iterator[Speed]:
    yield entropy_speed()
    yield logsumexp_speed()
    yield truncation_speed("top-p", top_p, "TopPLogitsWarper", 0.9, goal=15, floor=10)
    yield truncation_speed("min-p", min_p, "MinPLogitsWarper", 0.05, goal=3, floor=2)
    yield truncation_speed("top-k", top_k, "TopKLogitsWarper", 50, goal=1, floor=1)


# --- accuracy -------------------------------------------------------------------------------------------


def cases(spread: float, dtype: type) -> np.ndarray:
    """Return rows of logits that scatter by ``spread`` nats about a common level that scatters as well."""
    rng = np.random.default_rng(1)
    z = spread * (rng.normal(size=(CASES, OUTCOMES)) + rng.normal(size=(CASES, 1)))
    return z.astype(dtype)


def million() -> np.ndarray:
    return logits(1, 1_000_000)


class Exact:
    """The exact log-sum-exp and softmax of each row, worked out when they are first needed."""

    def __init__(self, z: np.ndarray):
        self.z, self.known = z, None

    def logs_and_shares(self) -> tuple[list[mpmath.mpf], list[list[mpmath.mpf]]]:
        if self.known is None:
            rows = [[mpmath.exp(mpmath.mpf(float(x))) for x in row] for row in self.z]
            totals = [mpmath.fsum(row) for row in rows]
            shares = [[e / total for e in row] for row, total in zip(rows, totals, strict=True)]
            self.known = [mpmath.log(total) for total in totals], shares
        return self.known

    def worst_log(self, f: Callable) -> float:
        """Return the largest error in units in the last place of the result or of max z, the larger."""
        with mpmath.workdps(DIGITS), np.errstate(all="ignore"):
            exact, found = self.logs_and_shares()[0], np.asarray(f(self.z))
            size = np.maximum(np.abs(np.array(exact, dtype=float)), np.abs(self.z.max(axis=-1)))
            return worst(found, exact, np.spacing(size.astype(self.z.dtype)))

    def worst_share(self, f: Callable) -> float:
        """Return the largest error in units in the last place of a probability that is not subnormal."""
        with mpmath.workdps(DIGITS), np.errstate(all="ignore"):
            exact = [share for row in self.logs_and_shares()[1] for share in row]
            size = np.maximum(np.array(exact, dtype=self.z.dtype), np.finfo(self.z.dtype).tiny)
            return worst(np.asarray(f(self.z)).ravel(), exact, np.spacing(size))


def worst(found: np.ndarray, exact: list[mpmath.mpf], unit: np.ndarray) -> float:
    pairs = zip(found.tolist(), exact, unit.tolist(), strict=True)
    return float(np.max([float(abs(mpmath.mpf(v) - t) / u) for v, t, u in pairs]))


def torch_rows(f: Callable) -> Callable:
    return lambda z: f(torch.from_numpy(z), -1).numpy()


LOGSUMEXPS = {
    "scipy.special.logsumexp": lambda z: scipy.special.logsumexp(z, axis=-1),
    "torch.logsumexp": torch_rows(torch.logsumexp),
    "numpy log(sum(exp(z)))": lambda z: np.log(np.exp(z).sum(axis=-1)),
}
SOFTMAXES = {
    "scipy.special.softmax": lambda z: scipy.special.softmax(z, axis=-1),
    "torch.softmax": torch_rows(torch.softmax),
    "numpy exp(z) / sum(exp(z))": lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True),
}


def row(name: str, measure: Callable, ours: Callable, peers: dict[str, Callable], goal: float) -> Accuracy:
    return Accuracy(
        name, lambda: measure(ours), {peer: lambda f=f: measure(f) for peer, f in peers.items()}, goal
    )


def accuracy_rows() -> Iterator[Accuracy]:
    for dtype in (np.float64, np.float32):
        for spread in (1, 10, 100):
            exact = Exact(cases(spread, dtype))
            about = f"{CASES:,} rows that scatter by {spread} nats, {dtype.__name__}, in ulp"
            yield row(f"logsumexp, {about}", exact.worst_log, logsumexp, LOGSUMEXPS, 4.0)
            yield row(f"softmax, {about}", exact.worst_share, softmax, SOFTMAXES, 4.0)
    yield million_tokens()


def million_tokens() -> Accuracy:
    z = million()
    with mpmath.workdps(DIGITS):
        exact = mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(x)) for x in z.ravel().tolist()))

    def error_of(f: Callable) -> float:
        return float(abs(mpmath.mpf(float(np.asarray(f(z))[0])) / exact - 1))

    return row("logsumexp, a million tokens, float32", error_of, logsumexp, LOGSUMEXPS, 1e-7)

"""Exact values by mpmath, and how far the results of floating point lie from them."""

from collections.abc import Callable, Iterable

import mpmath
import numpy as np

from .measure import Accuracy

DIGITS = 50
DIGITS_OF_TINY = 700  # next to 1, a probability of 1e-300 is seen by 300 digits, its square by 600


class Truth:
    """The exact value of a quantity for each row of data, worked out when it is first needed.

    ``copies``, a power of two, repeats the outcomes of each row, which leaves a divergence as it is: so a
    million outcomes need no million logarithms of 50 digits.
    """

    def __init__(self, exact: Callable, *data: np.ndarray, digits: int = DIGITS, copies: int = 1):
        self.exact, self.data, self.digits, self.copies, self.values = exact, data, digits, copies, None

    def worst_error(self, f: Callable) -> float:
        """Return the largest relative error of f, given the data as they are: one result a row."""
        with mpmath.workdps(self.digits), np.errstate(all="ignore"):
            if self.values is None:
                self.values = [self.exact(*rows) for rows in zip(*self.data, strict=True)]
            data = (
                self.data if self.copies == 1 else [np.tile(a, self.copies) / self.copies for a in self.data]
            )
            found = f(*data)
            return worst_relative_error(found, self.values)


def worst_relative_error(found: Iterable[float], exact: Iterable[mpmath.mpf]) -> float:
    """Return the largest relative error; NaN if a result is NaN. Where 0 is exact, only 0 is right."""
    pairs = [(mpmath.mpf(float(v)), t) for v, t in zip(found, exact, strict=True)]
    return float(np.max([float(abs(v / t - 1) if t else abs(v)) for v, t in pairs]))


def accuracy(name: str, truth: Truth, ours: Callable, peers: dict[str, Callable], goal: float) -> Accuracy:
    return Accuracy(
        name,
        lambda: truth.worst_error(ours),
        {peer: lambda f=f: truth.worst_error(f) for peer, f in peers.items()},
        goal,
    )


# ----------------------------------------------------------------------------------- quantities of a row


def shares(row: np.ndarray) -> list[mpmath.mpf]:
    """Return the distribution that the floats of a row stand for: each over their sum."""
    exact = [mpmath.mpf(float(x)) for x in row]
    total = mpmath.fsum(exact)
    return [x / total for x in exact]


def exact_entropy(p: np.ndarray) -> mpmath.mpf:
    return mpmath.fsum(-a * mpmath.log(a) for a in shares(p) if a > 0)


def exact_kl(p: np.ndarray, q: np.ndarray) -> mpmath.mpf:
    return kl_of_shares(shares(p), shares(q))


def exact_js(p: np.ndarray, q: np.ndarray) -> mpmath.mpf:
    p, q = shares(p), shares(q)
    m = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return (kl_of_shares(p, m) + kl_of_shares(q, m)) / 2


def kl_of_shares(p: list[mpmath.mpf], q: list[mpmath.mpf]) -> mpmath.mpf:
    return mpmath.fsum(a * mpmath.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def exact_kl_from_logits(a: np.ndarray, b: np.ndarray) -> mpmath.mpf:
    p, q = ([mpmath.exp(float(x)) for x in logits] for logits in (a, b))
    return kl_of_shares(*([x / mpmath.fsum(weights) for x in weights] for weights in (p, q)))


def exact_information(counts: np.ndarray) -> mpmath.mpf:
    """Return the mutual information of a table of whole numbers, which are compared as such."""
    n = int(counts.sum())
    apart = [int(r) * int(s) for r in counts.sum(1) for s in counts.sum(0)]
    pairs = [(int(c), int(c) * n - a, a) for c, a in zip(counts.ravel(), apart, strict=True)]
    return mpmath.fsum(mpmath.mpf(c) / n * mpmath.log1p(mpmath.mpf(d) / a) for c, d, a in pairs if c)

"""The families of distributions the course uses, and the ways to sample from them.

Each family is a small frozen dataclass: ``Poisson(rate=3).pmf(2)``. A discrete family has ``pmf`` and
``log_pmf``, a continuous one ``pdf`` and ``log_pdf``; all have ``mean``, ``variance``, ``entropy(base=...)``,
``kl_divergence(q, base=...)``, ``sample(size, rng)`` and ``log_likelihood(x)``. The rest of the module draws
from any distribution whose inverse is known, and from any categorical one in three ways.
"""

import math
from collections.abc import Callable
from dataclasses import InitVar, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_lib._rows import BLOCK
from course_lib._stable import (
    TINY,
    deviance,
    expm1_minus_x,
    log_gamma_gap,
    log_gamma_remainder,
    log_minus_digamma,
    log_pdf_normal,
    log_ratio,
    stirling_remainder,
    sum_of_others,
)
from course_lib._validate import (
    as_float,
    as_probabilities,
    as_rng,
    as_shape,
    as_unit,
    check_base,
    check_callable,
    check_logits,
    check_mean,
    check_parameter,
    check_positive,
    check_probability,
    check_whole,
    plain,
    set_fields,
)
from course_lib.divergence import Family
from course_lib.divergence import kl_divergence as _kl_divergence
from course_lib.entropy import entropy as _entropy

__all__ = [
    "AliasTable",
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Dirichlet",
    "Exponential",
    "Gamma",
    "Gaussian",
    "Poisson",
    "gumbel_max",
    "sample_categorical",
    "sample_inverse_cdf",
]

LARGE = 16  # parameters of a Beta or Gamma from where on the logs of Gamma functions begin to cancel
LARGEST_DRAW = 9e18  # of int64, with room for what scatters above
MANY = 1e5  # variance of counts from where on their entropy is summed no longer: 1/MANY^3 is below rounding

Size = int | tuple[int, ...] | None
Seed = np.random.Generator | int | None


# --------------------------------------------------------------------------------------------- sampling


def sample_inverse_cdf(
    ppf: Callable[[np.ndarray], np.ndarray], size: Size = None, rng: Seed = None
) -> float | np.ndarray:
    """Push uniform numbers through the inverse of a cumulative distribution function: x = F^-1(u).

    Why it works: P(F^-1(u) <= x) = P(u <= F(x)) = F(x), since u is uniform.

    Parameters
    ----------
    ppf : callable
        The inverse F^-1, vectorised; it is given floats in [0, 1).
    size : int, tuple of int or None
        Shape of the result; None draws one number.
    rng : Generator, int or None
        A generator or a seed.

    Returns
    -------
    float or ndarray
        What ``ppf`` makes of uniform numbers of shape ``size``.

    Examples
    --------
    >>> waits = sample_inverse_cdf(lambda u: -np.log1p(-u), 100_000, rng=0)   # exponential, rate 1
    >>> round(float(waits.mean()), 2)
    1.0
    """
    u = as_rng(rng).random(None if size is None else as_shape(size))
    return check_callable(ppf, name="ppf")(u)


def sample_categorical(p: ArrayLike, size: Size = None, *, rng: Seed = None) -> int | np.ndarray:
    """Draw outcomes 0 … K-1: lay their probabilities end to end on [0, 1) and see where a uniform lands.

    Parameters
    ----------
    p : array_like, shape (K,)
        The distribution.
    size : int, tuple of int or None
        Shape of the result; None draws one outcome.
    rng : Generator, int or None
        A generator or a seed.

    Returns
    -------
    int or ndarray of int64
        Of shape ``size``.

    Raises
    ------
    ProbabilityError
        If ``p`` is not a distribution.

    Examples
    --------
    >>> sample_categorical([0.5, 0.3, 0.2], 8, rng=0)
    array([1, 0, 0, 0, 2, 2, 1, 1])
    """
    edges = np.cumsum(_one_row(p))
    u = as_rng(rng).random(as_shape(size))
    return plain(np.int64(np.searchsorted(edges, u * edges[-1], side="right")))


def gumbel_max(logits: ArrayLike, size: Size = None, *, rng: Seed = None) -> int | np.ndarray:
    """Draw from softmax(logits): add Gumbel noise, take the largest. No exponential, nothing to normalise.

    Parameters
    ----------
    logits : array_like, shape (..., K)
        Log-weights, up to a constant; -inf rules an outcome out.
    size : int, tuple of int or None
        How many draws of each row; None draws one.
    rng : Generator, int or None
        A generator or a seed.

    Returns
    -------
    int or ndarray of int64
        Of shape ``size + logits.shape[:-1]``.

    Raises
    ------
    ValueError
        If a logit is NaN or +inf, or a row is -inf throughout.

    Examples
    --------
    >>> gumbel_max(np.log([0.5, 0.3, 0.2]), 8, rng=0).shape
    (8,)
    """
    logits, rng = check_logits(logits), as_rng(rng)
    lead = as_shape(size)
    winners = np.empty((math.prod(lead), *logits.shape[:-1]), dtype=np.int64)
    step = max(1, BLOCK // max(1, logits.size))  # many draws never need all noise at once
    for i in range(0, len(winners), step):
        noise = rng.gumbel(size=(len(winners[i : i + step]), *logits.shape))
        winners[i : i + step] = np.argmax(logits + noise, axis=-1)
    return plain(winners.reshape(lead + logits.shape[:-1]))


class AliasTable:
    """Walker's alias method: after O(K) preparation each draw costs the same, however large K is.

    Cut the K bars of the distribution and refill them into K columns of equal height, each holding at most
    two outcomes: its own and one alias. A draw picks a column, then tosses that column's coin.

    Parameters
    ----------
    p : array_like, shape (K,)
        The distribution.

    Attributes
    ----------
    keep : ndarray of float64, shape (K,)
        Chance that column i yields i.
    alias : ndarray of int64, shape (K,)
        What it yields otherwise.

    Raises
    ------
    ProbabilityError
        If ``p`` is not a distribution.

    References
    ----------
    M. D. Vose, A linear algorithm for generating random numbers with a given distribution, 1991.

    Examples
    --------
    >>> table = AliasTable([0.5, 0.3, 0.2])
    >>> table.keep, table.alias
    (array([1. , 0.9, 0.6]), array([0, 0, 0]))
    >>> table.sample(10, rng=0)
    array([0, 0, 0, 0, 2, 0, 1, 2, 1, 0])
    """

    def __init__(self, p: ArrayLike):
        p = _one_row(p)
        height = (p * (len(p) / p.sum())).tolist()  # in units of one column
        keep, alias = [1.0] * len(p), list(range(len(p)))
        short = [i for i, h in enumerate(height) if h < 1]
        tall = [i for i, h in enumerate(height) if h >= 1]
        while short and tall:
            i, j = short.pop(), tall[-1]
            keep[i], alias[i] = height[i], j
            height[j] -= 1 - height[i]  # outcome j fills the rest of column i
            if height[j] < 1:
                short.append(tall.pop())
        self.keep, self.alias = np.array(keep), np.array(alias, dtype=np.int64)

    def sample(self, size: Size = None, rng: Seed = None) -> int | np.ndarray:
        """Draw outcomes 0 … K-1: an int, or int64 of shape ``size``.

        One uniform number does for both: times K, its whole part is the column, its fraction the toss.
        """
        rng, draws = as_rng(rng), np.empty(as_shape(size), dtype=np.int64)
        flat, bounds = draws.reshape(-1), np.arange(len(self.keep)) + self.keep
        either = np.stack([np.arange(len(self.keep)), self.alias], axis=1).ravel()  # column i: 2 i is its own
        for i in range(0, flat.size, BLOCK):
            u = rng.random(min(BLOCK, flat.size - i)) * len(self.keep)
            column = u.astype(np.int64)
            flat[i : i + BLOCK] = either[2 * column + (u >= bounds[column])]
        return plain(draws)

    def probabilities(self) -> np.ndarray:
        """Return the distribution the table stands for, shape (K,): what each outcome keeps and is lent."""
        lent = np.bincount(self.alias, weights=1 - self.keep, minlength=len(self.keep))
        return (self.keep + lent) / len(self.keep)


def _one_row(p: ArrayLike, *, normalize: bool | None = None) -> np.ndarray:
    """Return one checked distribution as float64; rescale a coarser one, to sum to 1 as float64 should."""
    p = as_probabilities(p, normalize=normalize)
    if p.ndim != 1:
        raise ValueError(f"p must be one distribution, of shape (K,), not of shape {p.shape}")
    return p if p.dtype == np.float64 else as_probabilities(p.astype(np.float64), normalize=True)


# --------------------------------------------------------------------------------------------- families


def _as_double(x: ArrayLike) -> np.ndarray:
    """Return ``x`` in double precision; a coarser one would round parameters and densities, or lose them."""
    return as_float(x).astype(np.float64)


def _read_only(x: np.ndarray) -> np.ndarray:
    """Return a copy that nobody can change under a frozen dataclass."""
    x = x.copy()
    x.flags.writeable = False
    return x


class _Family(Family):
    """What all families share: results in the caller's unit, and logs that add up."""

    mean: Any
    variance: Any
    _entropy_nats: Callable[[], float]

    def entropy(self, base: float = math.e) -> float:
        """Return the entropy (differential, for a density), in nats unless ``base`` says otherwise."""
        return float(self._entropy_nats() / math.log(check_base(base)))


class _Discrete(_Family):
    support: Any  # the least outcome and the greatest
    _skewness_squared: Any
    _excess_kurtosis: Any
    _log_pmf: Callable[[np.ndarray], np.ndarray]

    def pmf(self, x: ArrayLike) -> float | np.ndarray:
        """Return P(X = x), zero outside the support."""
        return self._on_support(x, self._pmf, 0.0)

    def log_pmf(self, x: ArrayLike) -> float | np.ndarray:
        """Return log P(X = x) in nats, -inf outside the support."""
        return self._on_support(x, self._log_pmf, -np.inf)

    def _pmf(self, x: np.ndarray) -> np.ndarray:
        return np.exp(self._log_pmf(x))

    def _on_support(self, x: ArrayLike, f: Callable, outside: float) -> float | np.ndarray:
        """Apply f to the whole numbers of the support, put ``outside`` elsewhere, let NaN through."""
        x = _as_double(x)
        lowest, highest = self.support
        inside = (x >= lowest) & (x <= highest) & (x < math.inf) & (x == np.floor(x))
        values = np.where(inside, f(np.where(inside, x, lowest)), outside)
        return plain(np.where(np.isnan(x), x, values))

    def log_likelihood(self, x: ArrayLike) -> float:
        """Return the log-probability of independent observations ``x`` in nats: log_pmf, summed."""
        return float(np.sum(self.log_pmf(x)))

    def _entropy_nats(self) -> float:
        """Sum over all of the support that rounding can notice: 40 standard deviations and then some.

        Where these are many outcomes, the entropy is that of a Gaussian but for a series that ends early.
        """
        if self.variance > MANY:
            return _entropy_near_gaussian(self.variance, self._skewness_squared, self._excess_kurtosis)
        reach = 40 * math.sqrt(self.variance) + 60
        lowest, highest = max(self.support[0], self.mean - reach), min(self.support[1], self.mean + reach)
        p = self.pmf(np.arange(math.floor(lowest), math.floor(highest) + 1))
        return float(_entropy(p, normalize=True))


def _entropy_near_gaussian(variance: float, skewness_squared: float, kurtosis: float) -> float:
    """Return the entropy of counts nearly Gaussian: that of the Gaussian less how far they are from it.

    What is left out falls like 1/variance^3. S. Amari and others give the same terms for densities; the
    lattice adds none, for its own error falls like exp(-2 pi^2 variance).
    """
    second = kurtosis**2 / 48 + 7 * skewness_squared**2 / 48 - skewness_squared * kurtosis / 8
    return math.log(2 * math.pi * math.e * variance) / 2 - skewness_squared / 12 - second


class _Continuous(_Family):
    log_pdf: Callable[[ArrayLike], float | np.ndarray]

    def pdf(self, x: ArrayLike) -> float | np.ndarray:
        """Return the density at ``x``, per unit of x; it may exceed 1."""
        return plain(np.exp(self.log_pdf(x)))

    def log_likelihood(self, x: ArrayLike) -> float:
        """Return the log-density of independent observations ``x`` in nats: log_pdf, summed."""
        return float(np.sum(self.log_pdf(x)))


def _check_draws(value: float, name: str) -> None:
    """Refuse to draw counts that no int64 holds."""
    if value > LARGEST_DRAW:
        raise ValueError(f"{name} must be at most {LARGEST_DRAW:g} for int64 draws, got {value:g}")


@dataclass(frozen=True)
class Bernoulli(_Discrete):
    """One trial that succeeds (1) with probability ``p``, else fails (0).

    Examples
    --------
    >>> Bernoulli(0.25).pmf([0, 1])
    array([0.75, 0.25])
    """

    p: float

    def __post_init__(self):
        set_fields(self, p=check_probability(self.p, name="p"))

    support = (0, 1)
    mean = property(lambda self: self.p)
    variance = property(lambda self: self.p * (1 - self.p))

    def _pmf(self, x: np.ndarray) -> np.ndarray:
        return np.where(x == 1, self.p, 1 - self.p)

    def _log_pmf(self, x: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            yes, no = float(np.log(self.p)), float(np.log1p(-self.p))
        return np.where(x == 1, yes, no)

    def _entropy_nats(self) -> float:
        return float(_entropy([self.p, 1 - self.p]))

    def _kl_nats(self, q: "Bernoulli") -> float:
        """Return p log(p/q) + (1 - p) log((1 - p)/(1 - q)), p and q the chances of success."""
        d = np.array(self.p - q.p)
        return float(deviance(self.p, q.p, d) + deviance(1 - self.p, 1 - q.p, -d))

    def sample(self, size: Size = None, rng: Seed = None) -> int | np.ndarray:
        """Draw 0s and 1s: an int, or int64 of shape ``size``."""
        return plain(np.int64(as_rng(rng).random(as_shape(size)) < self.p))


@dataclass(frozen=True)
class Binomial(_Discrete):
    """The number of successes in ``n`` independent trials, each with probability ``p``.

    Examples
    --------
    >>> Binomial(2, 0.5).pmf([0, 1, 2])
    array([0.25, 0.5 , 0.25])
    """

    n: int
    p: float

    def __post_init__(self):
        set_fields(self, n=check_whole(self.n, name="n"), p=check_probability(self.p, name="p"))

    support = property(lambda self: (0, self.n))
    mean = property(lambda self: self.n * self.p)
    variance = property(lambda self: self.n * self.p * (1 - self.p))
    _skewness_squared = property(lambda self: (1 - 2 * self.p) ** 2 / self.variance)
    _excess_kurtosis = property(lambda self: (1 - 6 * self.p * (1 - self.p)) / self.variance)

    def _log_pmf(self, k: np.ndarray) -> np.ndarray:
        n, p, q = self.n, self.p, 1 - self.p
        ways = stirling_remainder(n) - stirling_remainder(k) - stirling_remainder(n - k)
        above = k - n * p if p < 0.5 else n * q - (n - k)  # by way of the smaller of p and q
        return ways - deviance(k, n * p, above) - deviance(n - k, n * q, -above)

    def _kl_nats(self, q: "Binomial") -> float:
        """Return n times the divergence of one trial if n is the same; inf if p can have more successes."""
        some = self.n > 0 and self.p > 0
        if some and self.n < q.n:
            raise ValueError(
                f"{self.n} trials against {q.n} have no closed form; compare the pmf of both at 0 … {q.n}"
            )
        if some and self.n > q.n:
            return math.inf
        trial = Bernoulli(self.p if some else 0.0)._kl_nats(Bernoulli(q.p))
        return q.n * trial if q.n else 0.0

    def sample(self, size: Size = None, rng: Seed = None) -> int | np.ndarray:
        """Draw counts from 0 to n: an int, or int64 of shape ``size``."""
        _check_draws(self.n, "n")
        return plain(as_rng(rng).binomial(self.n, self.p, as_shape(size)))


@dataclass(frozen=True)
class Poisson(_Discrete):
    """The number of events in a stretch where they come independently, ``rate`` of them on average.

    Examples
    --------
    >>> round(Poisson(3.0).pmf(0), 6)      # exp(-3)
    0.049787
    """

    rate: float

    def __post_init__(self):
        set_fields(self, rate=check_parameter(self.rate, name="rate"))

    support = (0, math.inf)
    mean = property(lambda self: self.rate)
    variance = property(lambda self: self.rate)
    _skewness_squared = _excess_kurtosis = property(lambda self: 1 / self.rate)

    def _log_pmf(self, k: np.ndarray) -> np.ndarray:
        return -stirling_remainder(k) - deviance(k, self.rate)

    def _kl_nats(self, q: "Poisson") -> float:
        """Return a log(a/b) - a + b, a and b the rates of p and q."""
        return float(deviance(self.rate, q.rate))

    def sample(self, size: Size = None, rng: Seed = None) -> int | np.ndarray:
        """Draw counts: an int, or int64 of shape ``size``."""
        _check_draws(self.rate, "rate")
        return plain(as_rng(rng).poisson(self.rate, as_shape(size)))


@dataclass(frozen=True, eq=False)
class Categorical(_Discrete):
    """One of K outcomes 0 … K-1, with probabilities ``p``.

    Parameters
    ----------
    p : array_like, shape (K,)
        The distribution.
    normalize : bool
        Take ``p`` as non-negative weights and divide by their sum.

    Examples
    --------
    >>> die = Categorical([1, 1, 1, 1, 1, 5], normalize=True)
    >>> die.p
    array([0.1, 0.1, 0.1, 0.1, 0.1, 0.5])
    >>> die.sample(10, rng=0)
    array([5, 2, 0, 0, 5, 5, 5, 5, 5, 5])
    """

    p: np.ndarray
    normalize: InitVar[bool] = False

    def __post_init__(self, normalize: bool):
        object.__setattr__(self, "p", _read_only(_one_row(self.p, normalize=normalize)))

    mean = property(lambda self: float(np.arange(len(self.p)) @ self.p))
    variance = property(lambda self: float((np.arange(len(self.p)) - self.mean) ** 2 @ self.p))

    support = property(lambda self: (0, len(self.p) - 1))

    def _pmf(self, k: np.ndarray) -> np.ndarray:
        return self.p[k.astype(int)]

    def _log_pmf(self, k: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.log(self._pmf(k))

    def _entropy_nats(self) -> float:
        return float(_entropy(self.p))

    def _kl_nats(self, q: "Categorical") -> float:
        return float(_kl_divergence(self.p, q.p))

    def sample(self, size: Size = None, rng: Seed = None, method: str = "search") -> int | np.ndarray:
        """Draw by ``method``: "search" (cumulative sums), "gumbel" (Gumbel-max) or "alias" (alias table)."""
        if not isinstance(method, str):
            raise TypeError(f"method must be a name such as 'search', not {type(method).__name__}")
        if method == "search":
            return sample_categorical(self.p, size, rng=rng)
        if method == "gumbel":
            with np.errstate(divide="ignore"):
                return gumbel_max(np.log(self.p), size, rng=rng)
        if method == "alias":
            return AliasTable(self.p).sample(size, rng)
        raise ValueError(f"method must be 'search', 'gumbel' or 'alias', not {method!r}")


@dataclass(frozen=True)
class Gaussian(_Continuous):
    """The bell curve with the given ``mean`` and standard deviation ``sd``.

    Examples
    --------
    >>> round(Gaussian(0, 0.1).pdf(0), 4)      # a density may exceed 1
    3.9894
    """

    mean: float = 0.0
    sd: float = 1.0

    def __post_init__(self):
        set_fields(self, mean=check_mean(self.mean), sd=check_positive(self.sd, name="sd"))

    variance = property(lambda self: self.sd * self.sd)  # unlike sd**2, inf where it overflows

    def log_pdf(self, x: ArrayLike) -> float | np.ndarray:
        """Return the log-density at ``x``, in nats."""
        return plain(log_pdf_normal(_as_double(x), self.mean, self.sd))

    def _entropy_nats(self) -> float:
        return math.log(self.sd) + math.log(2 * math.pi * math.e) / 2

    def _kl_nats(self, q: "Gaussian") -> float:
        """Return (v - 1 - log v + z^2)/2, with v the ratio of variances and z the shift in q's sd."""
        log_v = 2 * log_ratio(np.array(self.sd), np.array(q.sd))
        with np.errstate(over="ignore"):
            z = (np.float64(self.mean) - q.mean) / q.sd
            return float(expm1_minus_x(log_v) + z * z) / 2

    def sample(self, size: Size = None, rng: Seed = None) -> float | np.ndarray:
        """Draw numbers: a float, or float64 of shape ``size``."""
        return plain(as_rng(rng).normal(self.mean, self.sd, as_shape(size)))


@dataclass(frozen=True)
class Exponential(_Continuous):
    """The wait for the next event when events come independently, ``rate`` of them per unit of time.

    Examples
    --------
    >>> Exponential(rate=2.0).mean
    0.5
    """

    rate: float = 1.0

    def __post_init__(self):
        set_fields(self, rate=check_parameter(self.rate, name="rate"))

    mean = property(lambda self: 1 / self.rate)
    variance = property(lambda self: self.mean * self.mean)

    def log_pdf(self, x: ArrayLike) -> float | np.ndarray:
        """Return the log-density at ``x``, in nats; -inf below 0."""
        x = _as_double(x)
        with np.errstate(over="ignore"):
            return plain(np.where(x < 0, -np.inf, math.log(self.rate) - self.rate * x))

    def ppf(self, u: ArrayLike) -> float | np.ndarray:
        """Return the wait that a share ``u`` of all waits stays under, the inverse of that share."""
        with np.errstate(divide="ignore"):
            return plain(-np.log1p(-as_unit(_as_double(u), name="u")) / self.rate)

    def _entropy_nats(self) -> float:
        return 1 - math.log(self.rate)

    def _kl_nats(self, q: "Exponential") -> float:
        """Return r - 1 - log r, with r the ratio of the rates of q and p."""
        return float(expm1_minus_x(log_ratio(np.array(q.rate), np.array(self.rate))))

    def sample(self, size: Size = None, rng: Seed = None) -> float | np.ndarray:
        """Draw waits: a float, or float64 of shape ``size``."""
        return plain(as_rng(rng).exponential(1 / self.rate, as_shape(size)))


@dataclass(frozen=True)
class Gamma(_Continuous):
    """The wait for event number ``shape`` when events come at ``rate``; any positive ``shape`` will do.

    Examples
    --------
    >>> Gamma(shape=3, rate=2.0).mean
    1.5
    """

    shape: float
    rate: float = 1.0

    def __post_init__(self):
        set_fields(
            self,
            shape=check_parameter(self.shape, name="shape"),
            rate=check_parameter(self.rate, name="rate"),
        )

    mean = property(lambda self: self.shape / self.rate)
    variance = property(lambda self: self.shape / self.rate / self.rate)

    def log_pdf(self, x: ArrayLike) -> float | np.ndarray:
        """Return the log-density at ``x``, in nats; -inf below 0."""
        from scipy.special import xlogy

        a, x = self.shape, _as_double(x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            t = self.rate * x
            tiny = (np.abs(t) < TINY) & (x > 0)  # the product has lost its digits, its logarithm has not
            inside = np.maximum(t, 0)
            if a < LARGE:
                log_p = xlogy(a - 1, inside) - t - math.lgamma(a)
            else:  # a log a - a, the bulk of log Gamma(a), taken together with a log t - t
                far = -deviance(a, inside) - np.log(inside) - log_gamma_remainder(a)
                log_p = np.where(t == 0, -np.inf, far)
            if tiny.any():
                log_t = math.log(self.rate) + np.log(x)
                log_p = np.where(tiny, (a - 1) * log_t - math.lgamma(a), log_p)
        return plain(np.where((t < 0) | (t == np.inf), -np.inf, log_p + math.log(self.rate)))

    def _entropy_nats(self) -> float:
        return float(_gamma_entropy(self.shape)) - math.log(self.rate)

    def _kl_nats(self, q: "Gamma") -> float:
        """Return a (r - 1 - log r), for r the ratio of the means, and what the shapes add; a is q's shape.

        Shape and mean are orthogonal parameters: neither part is negative, so that nothing cancels.
        """
        d, a = self.shape - q.shape, q.shape
        with np.errstate(over="ignore", invalid="ignore"):
            excess = d / a * (np.float64(q.rate) / self.rate) + (q.rate - self.rate) / self.rate  # r - 1
        ratios = log_ratio(np.array([self.shape, q.rate]), np.array([a, self.rate]))
        log_r = np.log1p(excess) if abs(excess) < 0.5 else ratios.sum()
        return float(a * expm1_minus_x(log_r) + log_gamma_gap(self.shape, q.shape, -d))

    def sample(self, size: Size = None, rng: Seed = None) -> float | np.ndarray:
        """Draw waits: a float, or float64 of shape ``size``."""
        return plain(as_rng(rng).gamma(self.shape, 1 / self.rate, as_shape(size)))


def _gamma_entropy(a: np.ndarray | float) -> np.ndarray:
    """Return the entropy of Gamma(a, 1), a + log Gamma(a) + (1 - a) digamma(a), in terms that stay small."""
    return log_gamma_remainder(a) + np.log(a) + (np.asarray(a) - 1) * log_minus_digamma(a)


@dataclass(frozen=True)
class Beta(_Continuous):
    """A belief about a probability after ``a`` - 1 successes and ``b`` - 1 failures, from a flat start.

    Examples
    --------
    >>> round(Beta(2, 1).pdf(0.5), 12)
    1.0
    """

    a: float
    b: float

    def __post_init__(self):
        set_fields(self, a=check_parameter(self.a, name="a"), b=check_parameter(self.b, name="b"))

    mean = property(lambda self: self.a / (self.a + self.b))
    variance = property(lambda self: self.mean * (self.b / (self.a + self.b)) / (self.a + self.b + 1))

    def log_pdf(self, x: ArrayLike) -> float | np.ndarray:
        """Return the log-density at ``x``, in nats; -inf outside [0, 1]."""
        from scipy.special import betaln, xlog1py, xlogy

        x, a, b = _as_double(x), self.a, self.b
        inside = np.clip(x, 0, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_p = xlogy(a - 1, inside) + xlog1py(b - 1, -inside) - betaln(a, b)
            if max(a, b) >= LARGE:  # a log a, the bulk of log Gamma(a), taken together with a log x
                above = a * (1 - inside) - b * inside
                bulk = deviance(a, (a + b) * inside, above) + deviance(b, (a + b) * (1 - inside), -above)
                rest = log_gamma_remainder(a) + log_gamma_remainder(b) - log_gamma_remainder(a + b)
                far = -bulk - np.log(inside) - np.log1p(-inside) - rest
                log_p = np.where((inside > 0) & (inside < 1), far, log_p)
        return plain(np.where((x < 0) | (x > 1), -np.inf, log_p))

    def _entropy_nats(self) -> float:
        return Dirichlet(np.array([self.a, self.b]))._entropy_nats()

    def _kl_nats(self, q: "Beta") -> float:
        return Dirichlet(np.array([self.a, self.b]))._kl_nats(Dirichlet(np.array([q.a, q.b])))

    def sample(self, size: Size = None, rng: Seed = None) -> float | np.ndarray:
        """Draw probabilities: a float, or float64 of shape ``size``."""
        return plain(as_rng(rng).beta(self.a, self.b, as_shape(size)))


@dataclass(frozen=True, eq=False)
class Dirichlet(_Continuous):
    """A belief about a distribution over K outcomes, with ``alpha`` of shape (K,); for two it is the Beta.

    The density is per unit of the first K - 1 probabilities; the last one follows from them.

    Examples
    --------
    >>> Dirichlet([2.0, 1.0, 1.0]).mean
    array([0.5 , 0.25, 0.25])
    """

    alpha: np.ndarray

    def __post_init__(self):
        alpha = as_float(self.alpha, name="alpha").astype(np.float64)
        if alpha.ndim != 1 or len(alpha) < 2 or not (np.all(alpha > 0) and np.all(np.isfinite(alpha))):
            raise ValueError(f"alpha must be two or more positive numbers, got {self.alpha}")
        for extreme in alpha.min(), alpha.max():
            check_parameter(extreme, name="every alpha")
        object.__setattr__(self, "alpha", _read_only(alpha))

    mean = property(lambda self: self.alpha / self.alpha.sum())

    @property
    def variance(self) -> np.ndarray:
        """Of each outcome's probability."""
        total = self.alpha.sum()
        return self.mean * (sum_of_others(self.alpha) / total) / (total + 1)

    def log_pdf(self, x: ArrayLike) -> float | np.ndarray:
        """Return the log-density at distributions ``x`` of shape (..., K), in nats."""
        from scipy.special import xlogy

        x = as_probabilities(x, name="x").astype(np.float64)
        if x.shape[-1] != len(self.alpha):
            raise ValueError(f"x has {x.shape[-1]} outcomes along its last axis, alpha has {len(self.alpha)}")
        self._check_edges(x)
        a, total = self.alpha, self.alpha.sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            log_p = xlogy(a - 1, x).sum(axis=-1) - (sum(map(math.lgamma, a)) - math.lgamma(total))
            if total >= LARGE:  # a log a, the bulk of log Gamma(a), taken together with a log x
                bulk = deviance(a, total * (x / x.sum(axis=-1, keepdims=True)))
                rest = log_gamma_remainder(a).sum() - log_gamma_remainder(total)
                log_p = np.where((x > 0).all(axis=-1), -(bulk + np.log(x)).sum(axis=-1) - rest, log_p)
        return plain(log_p)

    def _check_edges(self, x: np.ndarray) -> None:
        """Refuse points at which one factor of the density is infinite and another one 0."""
        edge = x == 0
        if np.any((edge & (self.alpha < 1)).any(axis=-1) & (edge & (self.alpha > 1)).any(axis=-1)):
            raise ValueError(
                "the density has no value where an outcome with alpha < 1 and one with alpha > 1 both have "
                "probability 0: it depends on the way there; move such points off the edge"
            )

    def _entropy_nats(self) -> float:
        """Return the entropies of Gammas with these shapes, less that of their sum and of its scale."""
        total, k = self.alpha.sum(), len(self.alpha)
        whole = log_gamma_remainder(total) + k * math.log(total) + (total - k) * log_minus_digamma(total)
        return float(_gamma_entropy(self.alpha).sum() - whole)

    def _kl_nats(self, q: "Dirichlet") -> float:
        """Return B D_KL(b/B‖a/A) and the gaps of a_i and b_i less that of A and B.

        Here a is the alpha of p, b that of q, A and B are their sums. With log Gamma(x) = x log x - x + f(x)
        the textbook's form becomes this one, whose parts are small where p and q are close.
        """
        if len(self.alpha) != len(q.alpha):
            raise ValueError(f"p has {len(self.alpha)} outcomes and q has {len(q.alpha)}; give both the same")
        a, b, d = self.alpha, q.alpha, q.alpha - self.alpha
        gaps = log_gamma_gap(a, b, d).sum() - log_gamma_gap(a.sum(), b.sum(), d.sum())
        return float(b.sum() * _kl_divergence(b, a, normalize=True) + gaps)

    def sample(self, size: Size = None, rng: Seed = None) -> np.ndarray:
        """Draw distributions: float64 of shape ``size + (K,)``."""
        return as_rng(rng).dirichlet(self.alpha, as_shape(size))

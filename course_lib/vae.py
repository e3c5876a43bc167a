"""Variational autoencoders whose likelihood is one: the only module that needs torch.

An encoder turns x into a Gaussian q(z|x), a decoder turns z into a distribution p(x|z), and both climb

    ELBO = E_q[log p(x|z)] - D_KL(q(z|x) ‖ p(z)) = -(distortion + rate)  <=  log p(x).

A count from 0 to n gets a mass function that sums to one, so the bound is in true nats and may be laid beside
any other model of the same counts. The model's methods return tensors, so that gradients can be followed;
``train_vae`` and ``evaluate`` take arrays, and ``evaluate`` gives float64 arrays, one number per example. A
seed fixes every result on a machine. PyTorch's own random state is left as it was found, and the work runs
on one thread: several only get in each other's way on matrices this small.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional as F
except ModuleNotFoundError as missing:
    advice = "course_lib.vae needs PyTorch: pip install 'course-lib[vae]'"
    raise ModuleNotFoundError(advice, name=missing.name) from None

from course_lib._validate import (
    as_counts,
    as_finite,
    as_table,
    check_not_negative,
    check_positive,
    check_whole,
)
from course_lib.elbo import iwae_bound

__all__ = ["VAE", "VaeScores", "beta_binomial_logpmf", "evaluate", "train_vae"]

ONE_AT_A_TIME = RLock()  # for what draws from torch's own generator
BATCH = 128  # examples a step
LEARNING_RATE, WARM_UP, WEIGHT_DECAY = 1e-2, 100, 1e-4  # of AdamW; the rate rises for so many steps
DROPOUT = 0.15  # of the decoder's hidden units
SMALL = 0.3  # by which the decoder's last layer shrinks at the start: the first guess is the data's mean
MOST_LOG_CONCENTRATION = 5.0  # either way; beyond, a beta-binomial hardly changes
COMPONENTS = 50  # of a learned prior
ROWS = 8192  # pairs of example and draw that are evaluated at a time


# -------------------------------------------------------------------------------------------- likelihoods


def beta_binomial_logpmf(x: Tensor, n: int, a: Tensor, b: Tensor) -> Tensor:
    """Return log p(x) of n tosses that share one coin drawn from Beta(a, b): C(n, x) B(x+a, n-x+b) / B(a, b).

    The name, the order and the meaning are those of ``scipy.stats.betabinom.logpmf``; this one has gradients
    and takes tensors; for numbers use ``BetaBinomial(a, b).predictive``.

    Parameters
    ----------
    x : Tensor, shape (...)
        Counts from 0 to n, as floats.
    n : int
        Tosses.
    a, b : Tensor, shape (...)
        Above 0; broadcast with x. Their ratio sets the mean n a/(a+b); the larger they are, the nearer is the
        binomial.

    Returns
    -------
    Tensor, shape (...)
        Nats, in the dtype of the input. As every term is a log-gamma, the absolute error is some epsilons of
        the largest of them: about 1e-4 in float32 and 1e-13 in float64 where a + b + n is 150.

    References
    ----------
    J. Skellam, A Probability Distribution Derived from the Binomial Distribution by Regarding the Probability
    of Success as Variable between the Sets of Trials, 1948.

    Examples
    --------
    >>> x, one = torch.arange(5.0), torch.tensor(1.0)
    >>> beta_binomial_logpmf(x, 4, one, one).exp()                       # a flat Beta: all counts alike
    tensor([0.2000, 0.2000, 0.2000, 0.2000, 0.2000])
    """
    ways = torch.lgamma(x + a) + torch.lgamma(n - x + b) - torch.lgamma(n + a + b)
    return _log_choose(n, x) + ways + torch.lgamma(a + b) - torch.lgamma(a) - torch.lgamma(b)


def _log_choose(n: int, x: Tensor) -> Tensor:
    return math.lgamma(n + 1) - torch.lgamma(x + 1) - torch.lgamma(n - x + 1)


class _Likelihood(nn.Module, ABC):
    """How a row theta of the decoder's output becomes a distribution over D independent entries of x."""

    width = 1  # numbers of theta for each entry

    @abstractmethod
    def check(self, X: ArrayLike) -> np.ndarray:
        """Return X in double precision, refused if this likelihood could not have made it."""

    @abstractmethod
    def start(self, X: Tensor) -> Tensor:
        """Learn the scale of the data; return the theta, shape (width · D,), that says their mean."""

    @abstractmethod
    def inputs(self, x: Tensor) -> Tensor:
        """Return x in the units that suit an encoder."""

    @abstractmethod
    def log_pdf(self, x: Tensor, theta: Tensor) -> Tensor:
        """Return log p of each entry, shape (..., D)."""

    @abstractmethod
    def mean(self, theta: Tensor) -> Tensor:
        """Return the expected entries, shape (..., D)."""

    @abstractmethod
    def sample(self, theta: Tensor, generator: torch.Generator) -> Tensor:
        """Return one draw for each row of theta, shape (N, D)."""


class _Counts(_Likelihood):
    """Entries that count successes in n trials; the first D numbers of theta are logits of their share."""

    def __init__(self, n: int):
        super().__init__()
        self.n = check_whole(n, name="n_trials", lowest=1)

    def check(self, X: ArrayLike) -> np.ndarray:
        X = as_counts(X, name="X")
        if X.max(initial=0) > self.n:
            raise ValueError(f"X must hold counts from 0 to n_trials = {self.n}, found {X.max():.0f}")
        return X

    def start(self, X: Tensor) -> Tensor:
        share = (X.sum(dim=0) + 0.5) / (self.n * len(X) + 1)
        return torch.cat([torch.logit(share), torch.zeros(len(share) * (self.width - 1))])

    def inputs(self, x: Tensor) -> Tensor:
        return x / self.n

    def mean(self, theta: Tensor) -> Tensor:
        return self.n * torch.sigmoid(theta.chunk(self.width, dim=-1)[0])

    def sample(self, theta: Tensor, generator: torch.Generator) -> Tensor:
        levels = torch.arange(self.n + 1, dtype=theta.dtype)[:, None, None]
        log_p = self.log_pdf(levels, theta)
        gumbel = -torch.log(-torch.log(torch.rand(log_p.shape, generator=generator, dtype=theta.dtype)))
        return (log_p + gumbel).argmax(dim=0).to(theta.dtype)


class _BetaBinomial(_Counts):
    """Counts whose n trials resemble each other: Beta(share · s, (1 - share) · s), s the concentration."""

    width = 2

    def log_pdf(self, x: Tensor, theta: Tensor) -> Tensor:
        logit, log_s = theta.chunk(2, dim=-1)
        s = log_s.clamp(-MOST_LOG_CONCENTRATION, MOST_LOG_CONCENTRATION).exp()
        return beta_binomial_logpmf(x, self.n, s * torch.sigmoid(logit), s * torch.sigmoid(-logit))


class _Binomial(_Counts):
    """Counts of independent trials. Minus n times the cross-entropy of x/n, but for log C(n, x)."""

    def log_pdf(self, x: Tensor, theta: Tensor) -> Tensor:
        return _log_choose(self.n, x) + x * F.logsigmoid(theta) + (self.n - x) * F.logsigmoid(-theta)


class _Gaussian(_Likelihood):
    """Real numbers with one variance of noise for all, which the nets see centred and scaled."""

    mean_of_data: Tensor
    unit: Tensor

    def __init__(self, noise: float | None):
        super().__init__()
        log_noise = 0.0 if noise is None else math.log(check_positive(noise, name="noise"))
        self.log_noise = nn.Parameter(torch.tensor(log_noise), requires_grad=noise is None)
        self.register_buffer("mean_of_data", torch.tensor(0.0))
        self.register_buffer("unit", torch.tensor(1.0))

    def check(self, X: ArrayLike) -> np.ndarray:
        return as_finite(X, name="X")

    def start(self, X: Tensor) -> Tensor:
        variance = X.var(dim=0, correction=0)
        if not variance.sum() > 0:
            raise ValueError("X does not vary; give examples that differ")
        self.mean_of_data, self.unit = X.mean(dim=0), 2 * variance.mean().sqrt()  # 2: it learns fastest
        if self.log_noise.requires_grad:
            self.log_noise.fill_(variance.mean().log())
        return torch.zeros(X.shape[1])

    def inputs(self, x: Tensor) -> Tensor:
        return (x - self.mean_of_data) / self.unit

    def log_pdf(self, x: Tensor, theta: Tensor) -> Tensor:
        error = (x - self.mean(theta)) ** 2 / self.log_noise.exp()
        return -(error + self.log_noise + math.log(2 * math.pi)) / 2

    def mean(self, theta: Tensor) -> Tensor:
        return self.mean_of_data + self.unit * theta

    def sample(self, theta: Tensor, generator: torch.Generator) -> Tensor:
        error = torch.randn(theta.shape, generator=generator, dtype=theta.dtype)
        return self.mean(theta) + (self.log_noise / 2).exp() * error


def _likelihood(name: str, n_trials: int, noise: float | None) -> _Likelihood:
    if noise is not None and name != "gaussian":
        raise ValueError(f"noise belongs to likelihood='gaussian'; {name!r} has none")
    if name == "gaussian":
        return _Gaussian(noise)
    if name not in ("beta-binomial", "binomial"):
        raise ValueError(f"likelihood must be 'beta-binomial', 'binomial' or 'gaussian', got {name!r}")
    return _BetaBinomial(n_trials) if name == "beta-binomial" else _Binomial(n_trials)


# ----------------------------------------------------------------------------------------------- priors


class _StandardNormal(nn.Module):
    """log N(z; 0, I)."""

    def forward(self, z: Tensor) -> Tensor:
        """Return the log density, shape (...), for z of shape (..., L)."""
        return _log_normal(z, torch.tensor(1.0, dtype=z.dtype))

    def sample(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """Return draws in the shape and dtype of ``like``."""
        return torch.randn(like.shape, generator=generator, dtype=like.dtype)


class _GaussianMixture(nn.Module):
    """log Σ_c w_c N(z; m_c, diag(v_c)), learned with the rest of the model."""

    def __init__(self, latent: int, components: int = COMPONENTS):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(components))
        self.mean = nn.Parameter(torch.randn(components, latent))
        self.log_variance = nn.Parameter(torch.zeros(components, latent))

    def forward(self, z: Tensor) -> Tensor:
        """Return the log density; the squares are multiplied out, so that two matrix products do it."""
        precision = torch.exp(-self.log_variance)
        distance = z**2 @ precision.T - 2 * z @ (self.mean * precision).T + (self.mean**2 * precision).sum(-1)
        log_norm = self.log_variance.sum(-1) + z.shape[-1] * math.log(2 * math.pi)
        return torch.logsumexp(torch.log_softmax(self.logits, 0) - (distance + log_norm) / 2, dim=-1)

    def sample(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """Return draws in the shape (N, L) and dtype of ``like``."""
        c = torch.multinomial(torch.softmax(self.logits, 0), len(like), replacement=True, generator=generator)
        e = torch.randn(like.shape, generator=generator, dtype=like.dtype)
        return self.mean[c] + (self.log_variance[c] / 2).exp() * e


def _prior(name: str, latent: int) -> nn.Module:
    if name not in ("mixture", "normal"):
        raise ValueError(f"prior must be 'mixture' or 'normal', got {name!r}")
    return _GaussianMixture(latent) if name == "mixture" else _StandardNormal()


def _log_normal(error: Tensor, variance: Tensor) -> Tensor:
    """Return log N(error; 0, diag(variance)), summed over the last axis."""
    return -(error**2 / variance + torch.log(2 * math.pi * variance)).sum(dim=-1) / 2


# ------------------------------------------------------------------------------------------------ the model


class VAE(nn.Module):
    """A variational autoencoder: z ~ prior, x ~ likelihood(decoder(z)), and q(z|x) a Gaussian by an encoder.

    Encoder and decoder are nets of one hidden layer (GELU). q has independent coordinates.

    Parameters
    ----------
    latent : int
        L, the dimensions of z.
    hidden : int, or two
        Hidden units of the encoder and of the decoder; 0 makes both linear, as in probabilistic PCA.
    likelihood : {"beta-binomial", "binomial", "gaussian"}
        What the decoder speaks of: counts of ``n_trials`` that resemble each other, or do not; or real
        numbers with one variance of noise for all.
    prior : {"mixture", "normal"}
        50 Gaussians that are learned with the rest, or N(0, I).
    n_features : int
        D, the numbers in an example.
    n_trials : int
        The greatest count.
    noise : float, optional
        Hold the variance of a Gaussian likelihood at this value, in squared units of x; otherwise learned.
    seed : int
        Where the first weights come from.

    Raises
    ------
    ValueError
        If an option is out of range or unknown.

    Notes
    -----
    Ready to be evaluated; ``train()`` switches dropout on, ``eval()`` off.

    References
    ----------
    D. Kingma and M. Welling, Auto-Encoding Variational Bayes, 2014; J. Tomczak and M. Welling, VAE with a
    VampPrior, 2018, for what a learned prior saves.

    Examples
    --------
    >>> model = VAE(latent=2, n_features=3)
    >>> x = torch.tensor([[0.0, 8.0, 16.0]])
    >>> mean, variance = model.encode(x)
    >>> mean.shape, model.log_lik(x, mean).shape, model.log_w(x, k=5, rng=0).shape
    (torch.Size([1, 2]), torch.Size([1]), torch.Size([1, 5]))
    """

    def __init__(
        self,
        latent: int = 16,
        hidden: int | tuple[int, int] = 256,
        likelihood: str = "beta-binomial",
        prior: str = "mixture",
        *,
        n_features: int = 64,
        n_trials: int = 16,
        noise: float | None = None,
        seed: int = 0,
    ):
        super().__init__()
        D, L = (
            check_whole(n_features, name="n_features", lowest=1),
            check_whole(latent, name="latent", lowest=1),
        )
        widths = hidden if isinstance(hidden, tuple) else (hidden, hidden)
        with _by_itself(seed):
            self.likelihood = _likelihood(likelihood, n_trials, noise)
            self.encoder = _net(D, widths[0], 2 * L)
            self.decoder = _net(L, widths[1], D * self.likelihood.width, dropout=DROPOUT)
            self.prior = _prior(prior, L)
        self.n_features, self.latent = D, L
        self.eval()

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the weights; float32, or float64 after ``double()``."""
        return next(self.parameters()).dtype

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and variance of q(z|x), shapes (N, L), for x of shape (N, D)."""
        mean, log_variance = self.encoder(self.likelihood.inputs(x)).chunk(2, dim=-1)
        return mean, log_variance.exp()

    def decode(self, z: Tensor) -> Tensor:
        """Return the expected x, shape (..., D), for z of shape (..., L)."""
        return self.likelihood.mean(self.decoder(z))

    def log_lik(self, x: Tensor, z: Tensor) -> Tensor:
        """Return log p(x|z) in nats, shape (...), for x (..., D) and z (..., L), which broadcast."""
        return self.likelihood.log_pdf(x, self.decoder(z)).sum(dim=-1)

    def log_prior(self, z: Tensor) -> Tensor:
        """Return log p(z) in nats, shape (...), for z of shape (..., L)."""
        return self.prior(z)

    def log_w(
        self,
        x: Tensor,
        k: int = 1,
        *,
        q: tuple[Tensor, Tensor] | None = None,
        rng: torch.Generator | int | None = None,
    ) -> Tensor:
        r"""Return the log-weights of ``k`` draws from q(z|x), shape (N, k).

        .. math:: \log w = \log p(x, z) - \log q(z \mid x), \qquad
            z = \mu(x) + \sigma(x)\, e, \quad e \sim N(0, I)

        The mean of w is p(x), without bias; the mean of log w is the ELBO. Gradients flow through the draws.

        Parameters
        ----------
        x : Tensor, shape (N, D)
            Examples.
        k : int
            Draws for each.
        q : mean and variance, Tensors of shape (N, L), optional
            Another q than the encoder's, for instance one fitted to each example to see what amortising
            costs.
        rng : torch.Generator, int or None
            A generator or a seed.
        """
        log_lik, log_ratio = self._draw(x, k, q or self.encode(x), _as_generator(rng))
        return log_lik - log_ratio

    def _draw(
        self, x: Tensor, k: int, q: tuple[Tensor, Tensor], generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """Return log p(x|z) and log q(z|x) - log p(z), each (N, k); means: minus the distortion, the rate."""
        mean, variance = (part[:, None] for part in q)
        e = torch.randn(
            (len(x), check_whole(k, name="k", lowest=1), mean.shape[-1]),
            generator=generator,
            dtype=mean.dtype,
        )
        step = variance.sqrt() * e
        return self.log_lik(x[:, None], mean + step), _log_normal(step, variance) - self.log_prior(
            mean + step
        )

    @torch.no_grad()
    def sample(self, size: int, *, rng: torch.Generator | int | None = None) -> Tensor:
        """Return ``size`` new examples, shape (size, D): z from the prior, then x from the likelihood."""
        generator = _as_generator(rng)
        like = torch.empty((check_whole(size, name="size", lowest=1), self.latent), dtype=self.dtype)
        return self.likelihood.sample(self.decoder(self.prior.sample(like, generator)), generator)


def _net(inputs: int, hidden: int, outputs: int, *, dropout: float = 0.0) -> nn.Sequential:
    if check_whole(hidden, name="hidden") == 0:
        return nn.Sequential(nn.Linear(inputs, outputs))
    layers = nn.Linear(inputs, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, outputs)
    return nn.Sequential(*layers)


# ------------------------------------------------------------------------------------- training, evaluation


def train_vae(
    X: ArrayLike, steps: int = 3000, seed: int = 0, beta: float = 1.0, k: int = 1, **options: Any
) -> VAE:
    r"""Return a VAE fitted by climbing its bound, with a weight on the KL, or the bound of k draws.

    .. math:: E_{q(z \mid x)}[\log p(x \mid z)] - \beta\, D_{\mathrm{KL}}\bigl(q(z \mid x) \,\|\, p(z)\bigr)

    AdamW with a rate of 0.01 (100 steps of warm-up, then a cosine down to 0), weight decay 1e-4, 128 examples
    a step: the same number of steps on a fast machine and on a slow one.

    Parameters
    ----------
    X : array_like, shape (N, D)
        Examples: counts, or real numbers for a Gaussian likelihood.
    steps : int
        Gradient steps.
    seed : int
        First weights, order of the examples, draws of z, dropout.
    beta : float
        β, the weight of the KL; 1 is the ELBO.
    k : int
        Draws of z for each example; above 1 the climb is on the importance-weighted bound.
    **options
        What ``VAE`` takes: ``latent``, ``hidden``, ``likelihood``, ``prior``, ``n_trials``, ``noise``.

    Returns
    -------
    VAE
        In evaluation mode.

    Raises
    ------
    ValueError
        If X is no table, holds what the likelihood cannot make, or an option is out of range; if both β and k
        differ from 1, which together bound nothing.

    References
    ----------
    D. Kingma and M. Welling, Auto-Encoding Variational Bayes, 2014; I. Higgins and others, beta-VAE, 2017; Y.
    Burda, R. Grosse and R. Salakhutdinov, Importance Weighted Autoencoders, 2016.

    Examples
    --------
    >>> X = np.array([[0, 16], [16, 0]] * 50)                            # one bit is all there is to know
    >>> scores = evaluate(train_vae(X, steps=500, latent=1, hidden=8), X, k=100)
    >>> round(float(scores.iwae.mean()), 1), round(float(scores.rate.mean()), 1)         # log 2 = 0.69 nats
    (-0.7, 0.7)
    """
    steps, k = check_whole(steps, name="steps"), check_whole(k, name="k", lowest=1)
    beta = check_not_negative(beta, name="beta")
    if k > 1 and beta != 1:
        raise ValueError(f"choose beta = 1 or k = 1: with beta = {beta} and k = {k} nothing is bounded")
    model = VAE(n_features=as_table(X, name="X").shape[1], seed=seed, **options)
    data = _as_data(X, model)
    with _by_itself(seed):
        _start(model, data)
        optimizer = torch.optim.AdamW(model.parameters(), weight_decay=WEIGHT_DECAY, fused=True)
        model.train()
        for t in range(steps):
            optimizer.param_groups[0]["lr"] = _learning_rate(t, steps)
            optimizer.zero_grad()
            _loss(model, data[torch.randperm(len(data))[:BATCH]], beta, k).backward()
            optimizer.step()
    return model.eval()


class VaeScores(NamedTuple):
    """What ``evaluate`` measures, in nats; elbo = -(rate + distortion) for every example.

    Attributes
    ----------
    elbo : ndarray of float64, shape (N,)
        The bound, averaged over the draws.
    iwae : ndarray of float64, shape (N,)
        The importance-weighted bound of all k draws: between the ELBO and log p(x).
    rate : ndarray of float64, shape (N,)
        log q(z|x) - log p(z), averaged over the draws: an estimate of D_KL(q(z|x) ‖ p(z)).
    distortion : ndarray of float64, shape (N,)
        -log p(x|z), averaged over the draws.
    log_w : ndarray of float64, shape (N, k)
        log p(x, z) - log q(z|x), draw by draw: ``iwae_bound(log_w, j)`` is the bound for every j that
        divides k.
    """

    elbo: np.ndarray
    iwae: np.ndarray
    rate: np.ndarray
    distortion: np.ndarray
    log_w: np.ndarray


def evaluate(model: VAE, X: ArrayLike, k: int = 500, seed: int = 0) -> VaeScores:
    """Return bounds on log p(x), rate and distortion of each example, by ``k`` draws from q(z|x); no dropout.

    Parameters
    ----------
    model : VAE
        Left in the mode it was in. ``model.double()`` computes in double precision; otherwise single
        precision costs some 1e-3 nats per example.
    X : array_like, shape (N, D)
        Examples.
    k : int
        Draws for each.
    seed : int
        Where the draws come from.

    Returns
    -------
    VaeScores
        ``elbo``, ``iwae``, ``rate`` and ``distortion``, each (N,), and ``log_w``, (N, k); float64, nats.

    Raises
    ------
    ValueError
        If X is no table of D columns, holds what the likelihood cannot make, or k is below 1.

    References
    ----------
    Y. Burda, R. Grosse and R. Salakhutdinov, Importance Weighted Autoencoders, 2016.

    Examples
    --------
    >>> scores = evaluate(VAE(latent=2, n_features=3), [[0, 8, 16], [1, 2, 3]], k=10)
    >>> scores.elbo.shape, scores.elbo.dtype, bool(np.all(scores.iwae >= scores.elbo))
    ((2,), dtype('float64'), True)
    """
    data = _as_data(X, model)
    rows = max(1, ROWS // check_whole(k, name="k", lowest=1))
    was_training = model.training
    model.eval()
    with _by_itself(seed), torch.no_grad():
        pairs = [model._draw(x, k, model.encode(x), None) for x in data.split(rows)]
    model.train(was_training)
    log_lik, log_ratio = (torch.cat(parts).double().numpy() for parts in zip(*pairs, strict=True))
    rate, distortion, log_w = log_ratio.mean(axis=1), -log_lik.mean(axis=1), log_lik - log_ratio
    return VaeScores(-(rate + distortion), np.asarray(iwae_bound(log_w, k)), rate, distortion, log_w)


def _start(model: VAE, data: Tensor) -> None:
    """Let the decoder, whatever z, begin near the mean of the data."""
    with torch.no_grad():
        weight, bias = list(model.decoder.parameters())[-2:]
        weight.mul_(SMALL)
        bias.copy_(model.likelihood.start(data))


def _learning_rate(t: int, steps: int) -> float:
    """Return the rate of step t: a straight rise times half a cosine that ends at 0."""
    return LEARNING_RATE * min((t + 1) / WARM_UP, 1) * (1 + math.cos(math.pi * t / steps)) / 2


def _loss(model: VAE, x: Tensor, beta: float, k: int) -> Tensor:
    log_lik, log_ratio = model._draw(x, k, model.encode(x), None)
    return -(torch.logsumexp(log_lik - beta * log_ratio, dim=1) - math.log(k)).mean()


@contextmanager
def _by_itself(seed: int) -> Iterator[None]:
    """Draw from ``seed`` and run on one thread; afterwards torch is as it was.

    First weights and dropout draw from the one generator that all threads share, so threads take turns here.
    """
    threads = torch.get_num_threads()
    with ONE_AT_A_TIME, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(check_whole(seed, name="seed"))
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _as_generator(rng: torch.Generator | int | None) -> torch.Generator:
    """Return the generator given, or a new one from a seed (None: a different one every time)."""
    if isinstance(rng, torch.Generator):
        return rng
    generator = torch.Generator()
    if rng is None:
        generator.seed()
    else:
        generator.manual_seed(check_whole(rng, name="rng"))
    return generator


def _as_data(X: ArrayLike, model: VAE) -> Tensor:
    """Return the examples as a tensor of the model's dtype, if the model can speak of them."""
    X = model.likelihood.check(as_table(X, name="X"))
    if X.shape[1] != model.n_features:
        raise ValueError(f"X must have {model.n_features} columns, as the model has, not {X.shape[1]}")
    return torch.as_tensor(X, dtype=model.dtype)

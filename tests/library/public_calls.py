"""One right call of every public function and method, small enough to be repeated thousands of times."""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import course_lib as lib

RNG = np.random.default_rng(0)

P = np.array([0.5, 0.25, 0.125, 0.125])
Q = np.array([0.25, 0.25, 0.25, 0.25])
LOGITS = np.array([0.0, 1.0, -1.0, 0.5])
JOINT = np.array([[0.25, 0.125, 0.125], [0.125, 0.25, 0.125]])
CUBE = np.full((2, 2, 2), 0.125)
CHANNEL = np.array([[0.75, 0.25], [0.25, 0.75]])
COUNTS = np.array([3, 1, 2])
WAITS = np.array([0.5, 1.5, 2.0, 4.0])
SHARES = np.array([0.25, 0.5, 0.75, 0.375])
BITS = np.array([0, 1, 1, 0])
POINTS = RNG.normal(size=(12, 2))
TABLE = RNG.integers(0, 4, size=(12, 3))
PERIODS = np.array([0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0])
TARGET = POINTS @ [1.0, -2.0] + 0.1
MEAN, COV = np.array([0.0, 1.0]), np.array([[2.0, 0.5], [0.5, 1.0]])
WEIGHTS = np.array([[1.0], [0.5]])  # of a linear model: two pixels, one latent number
GRID = np.linspace(0, 1, 9)
LABELS, CHANCES = np.array([0, 1, 1, 0]), np.array([0.25, 0.75, 0.5, 0.375])
TEXT = "abracadabra, said the wizard"

FAMILIES = [
    lib.Bernoulli(0.25),
    lib.Binomial(4, 0.25),
    lib.Poisson(2.0),
    lib.Categorical(P),
    lib.Gaussian(1.0, 2.0),
    lib.Exponential(2.0),
    lib.Gamma(2.0, 3.0),
    lib.Beta(2.0, 3.0),
    lib.Dirichlet(np.array([2.0, 1.0, 1.0])),
]
MIXTURES = [
    lib.GaussianMixture([0.5, 0.5], np.array([[0.0, 0.0], [2.0, 2.0]]), np.stack([np.eye(2), np.eye(2)])),
    lib.BinomialMixture([0.5, 0.5], np.array([[0.25, 0.5, 0.5], [0.5, 0.75, 0.25]]), 4),
    lib.BetaBinomialMixture(
        [0.5, 0.5], np.array([[0.25, 0.5, 0.5], [0.5, 0.75, 0.25]]), np.array([2.0, 3.0]), 4
    ),
]
CATEGORIES = lib.CategoricalMixture.fit(TABLE, 2, 4, rng=0, n_iter=3)
NGRAMS = lib.NGramModel(TEXT, 3)
CODE = lib.PrefixCode.huffman({"a": 4, "b": 2, "c": 1, "d": 1})


class Call(NamedTuple):
    """A function under a name, and arguments that are right."""

    name: str
    function: Callable[..., Any]
    arguments: dict[str, Any]


def call(name: str, **arguments: Any) -> Call:
    return Call(name, getattr(lib, name), arguments)


def method(thing: Any, name: str, **arguments: Any) -> Call:
    owner = thing if inspect.isclass(thing) else type(thing)
    return Call(f"{owner.__name__}.{name}", getattr(thing, name), arguments)


DIVERGENCES = ["cross_entropy", "js_distance", "js_divergence", "kl_divergence", "psi", "total_variation"]
ESTIMATES = ["mle_exponential", "mle_gamma", "mle_gaussian", "mle_laplace"]
FUNCTIONS = [
    *[call(name, p=P, q=Q) for name in DIVERGENCES],
    call("wasserstein1", p=P, q=Q, support=np.array([0.0, 1.0, 2.0, 4.0])),
    call("wasserstein1_samples", x=WAITS, y=SHARES),
    call("renyi_divergence", p=P, q=Q, alpha=2.0),
    call("renyi_entropy", p=P, alpha=2.0),
    call("kl_from_logits", p_logits=LOGITS, q_logits=LOGITS[::-1].copy()),
    call("kl_estimator_moments", p=P, q=Q),
    *[call(name, log_p=np.log(P), log_q=np.log(Q)) for name in ("k1", "k2", "k3")],
    call("reward_tilted_policy", reference=P, reward=LOGITS, beta=0.5),
    *[call(name, p=P) for name in ("entropy", "perplexity", "surprisal")],
    *[call(name, joint=JOINT) for name in ("conditional_entropy", "joint_entropy")],
    *[call(name, joint=JOINT) for name in ("mutual_information", "pointwise_mutual_information")],
    *[call(name, joint=CUBE) for name in ("conditional_mutual_information", "interaction_information")],
    *[call(name, counts=COUNTS) for name in ("plugin_entropy", "miller_madow_entropy", "mle_categorical")],
    call("attention_entropy", queries=POINTS[:3], keys=POINTS[:4]),
    *[call(name, logits=LOGITS) for name in ("entropy_from_logits", "entropy_slope", "log_softmax")],
    *[call(name, logits=LOGITS) for name in ("logsumexp", "softmax")],
    *[call(name, logits=LOGITS, rng=0) for name in ("gumbel_max", "gumbel_softmax", "sample")],
    call("top_k", logits=LOGITS, k=2),
    *[call(name, logits=LOGITS, p=0.5) for name in ("top_p", "min_p")],
    *[
        call(name, labels=LABELS, p=CHANCES)
        for name in ("log_loss", "brier_score_loss", "reliability_diagram")
    ],
    *[
        call(f"{name}_calibration_error", labels=LABELS, p=CHANCES, n_bins=2)
        for name in ("expected", "squared")
    ],
    call("calibration_floor", p=CHANCES),
    call("fit_temperature", labels=LABELS, logits=RNG.normal(size=(4, 2)) + CHANNEL[LABELS]),
    call("mutual_info_score", x=BITS, y=LABELS),
    call("normalized_mutual_info_score", x=BITS, y=LABELS),
    call("fano_bound", conditional_entropy=0.5, n_classes=4),
    call("permutation_test", x=BITS, y=LABELS, n_resamples=9, rng=0),
    *[call(name, x=POINTS[:, 0], y=POINTS[:, 1]) for name in ("ksg", "ksg_mixture")],
    call("ksg_labels", x=POINTS[:, 0], labels=PERIODS, k=2),
    *[call(name, scores=RNG.normal(size=(3, 3))) for name in ("info_nce", "info_nce_gradient")],
    call("binary_symmetric_capacity", flip=0.25),
    call("channel_capacity", channel=CHANNEL, tol=1e-6, max_iter=500),
    *[call(name, transition=CHANNEL) for name in ("entropy_rate", "stationary_distribution")],
    call("quantile_edges", reference=WAITS, n_bins=3),
    call("drift_score", reference=POINTS[:, 0], current=POINTS[:, 1], n_bins=3),
    call("drift_threshold", reference=POINTS[:, 0], window=4, n_bins=3, n_resamples=99, rng=0),
    call("false_alarm_rate", reference=POINTS[:, 0], window=4, threshold=0.5, n_bins=3, n_trials=9, rng=0),
    call("histogram_probabilities", sample=WAITS, edges=np.array([1.0, 2.0])),
    *[call(name, p=CHANCES) for name in ("logit", "odds")],
    *[call(name, prior=P, likelihood=SHARES) for name in ("bayes_update",)],
    call("bayes_odds", prior=0.25, likelihood=CHANNEL),
    call("grid_posterior", grid=GRID, prior=np.ones(9), log_likelihood=-GRID),
    call("mle_bernoulli", x=BITS),
    *[call(name, x=WAITS) for name in ESTIMATES],
    call("mle_beta", x=SHARES),
    call("mle_dirichlet", x=np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.25, 0.375, 0.375]])),
    call("mle_poisson", x=COUNTS),
    call("mle_binomial", successes=np.array([1, 2]), trials=np.array([4, 4])),
    call("map_binomial", successes=np.array([1, 2]), trials=np.array([4, 4]), a=2.0, b=2.0),
    call("map_categorical", counts=COUNTS, alpha=np.array([2.0, 2.0, 2.0])),
    *[call(name, x=COUNTS, shape=2.0, rate=1.0) for name in ("map_exponential", "map_poisson")],
    call("map_gaussian", x=WAITS, noise_variance=1.0, mean=0.0, variance=1.0),
    call("negative_log_likelihood", counts=np.array([3, 1, 2, 0]), q=P),
    call("ridge_regression", X=POINTS, y=TARGET, alpha=0.5),
    call("ridge_penalty", noise_variance=1.0, prior_variance=2.0, n=4),
    call("lasso_regression", X=POINTS, y=TARGET, alpha=0.5, max_iter=200, tol=1e-6),
    call("lasso_penalty", noise_variance=1.0, prior_scale=2.0, n=4),
    call("bayesian_linear_regression", X=POINTS, y=TARGET, noise_variance=1.0, prior_variance=2.0),
    call("entropy_gaussian", cov=COV),
    call("log_pdf_gaussian", x=POINTS, mean=MEAN, cov=COV),
    *[
        call(f, mean0=MEAN, cov0=COV, mean1=-MEAN, cov1=np.eye(2))
        for f in ("kl_gaussian", "wasserstein2_gaussian")
    ],
    call("kl_diag_gaussian", mean0=MEAN, variance0=np.array([1.0, 2.0])),
    call("wasserstein1_gaussian", mean0=0.0, variance0=1.0, mean1=1.0, variance1=2.0),
    call("mi_gaussian", rho=0.5),
    call("sample_gaussian", mean=MEAN, cov=COV, size=3, rng=0),
    call("moment_match", weights=np.array([0.5, 0.5]), means=POINTS[:2], covs=np.stack([COV, COV])),
    call("elbo_identity", log_joint=np.log(P) - 1, q=Q),
    call("elbo_surgery", mean=POINTS, variance=np.ones((12, 2)), draws=2, rng=0),
    call("grid_log_evidence", log_joint=lambda z: -(z.T**2), axes=[GRID]),
    call("iwae_bound", log_w=RNG.normal(size=(3, 8)), k=4),
    call("bits_per_dim", log_prob=-np.ones(3), n_dims=4),
    *[
        call(name, x=POINTS, W=WEIGHTS, mean=MEAN, noise=0.5)
        for name in ("log_evidence_linear_gaussian", "posterior_linear_gaussian")
    ],
    call(
        "elbo_linear_gaussian",
        x=POINTS,
        mean_q=POINTS[:, :1],
        cov_q=np.array([[0.5]]),
        W=WEIGHTS,
        mean=MEAN,
        noise=0.5,
    ),
    call("ppca_ml", X=POINTS, n_latent=1),
    call("reverse_waterfill", variances=WAITS, distortion=2.0),
    call("linear_beta_vae", variances=WAITS, n_latent=2, noise=0.5),
    call("em", model=MIXTURES[0], X=POINTS, n_iter=3),
    call("sample_categorical", p=P, rng=0),
    call("sample_inverse_cdf", ppf=np.sqrt, rng=0),
    *[call(name, lengths=np.array([1, 2, 3, 3])) for name in ("canonical_code", "kraft_sum")],
    call("huffman_lengths", p=P),
    call("arithmetic_encode", message=BITS, model=np.array([0.5, 0.5])),
    call("arithmetic_decode", data=lib.arithmetic_encode(BITS, [0.5, 0.5]), n=4, model=np.array([0.5, 0.5])),
    call("english_text"),
    call("load_digits_counts"),
    call("digits_split", seed=0),
]

CLASSES = [
    call("AliasTable", p=P),
    *[
        call(type(f).__name__, **{k: getattr(f, k) for k in type(f).__dataclass_fields__ if k != "normalize"})
        for f in FAMILIES
    ],
    *[call(name, alpha=1.0) for name in ("BernoulliNB", "MultinomialNB")],
    call("BetaBinomial", a=2.0, b=3.0),
    call("DirichletCategorical", alpha=np.array([1.0, 2.0])),
    call("GammaPoisson", shape=2.0, rate=3.0),
    call("NormalNormal", mean=0.0, variance=1.0, noise_variance=2.0),
    call("NGramModel", tokens=TEXT, order=3),
    call("PrefixCode", lengths={"a": 1, "b": 2, "c": 2}),
    *[call(type(m).__name__, **{k: getattr(m, k) for k in type(m).__dataclass_fields__}) for m in MIXTURES],
    call("CategoricalMixture", log_weights=CATEGORIES.log_weights, log_theta=CATEGORIES.log_theta),
]

BETA, GAMMA = lib.BetaBinomial(2.0, 3.0), lib.GammaPoisson(2.0, 3.0)
NORMAL, DIRICHLET = lib.NormalNormal(0.0, 1.0, 2.0), lib.DirichletCategorical(np.array([1.0, 2.0, 1.0]))
REGRESSION = lib.bayesian_linear_regression(POINTS, TARGET, noise_variance=1.0, prior_variance=2.0)
BAYES = [lib.BernoulliNB().fit(TABLE > 1, PERIODS), lib.MultinomialNB().fit(TABLE, PERIODS)]
FITS = [
    (lib.GaussianMixture, {"X": POINTS, "n_components": 2, "rng": 0}, {"ridge": 0.1}, {}),
    (lib.BinomialMixture, {"X": TABLE, "n_components": 2, "n_trials": 4, "rng": 0}, {}, {}),
    (lib.BetaBinomialMixture, {"X": TABLE, "n_components": 2, "n_trials": 4, "rng": 0}, {}, {}),
]
METHODS = [
    method(lib.AliasTable(P), "sample", rng=0),
    method(lib.AliasTable(P), "probabilities"),
    *[method(f, "entropy") for f in FAMILIES],
    *[method(f, "kl_divergence", q=f) for f in FAMILIES],
    *[method(f, "sample", size=3, rng=0) for f in FAMILIES],
    *[method(f, "log_likelihood", x=BITS) for f in FAMILIES[:4]],
    *[method(f, name, x=BITS) for f in FAMILIES[:4] for name in ("pmf", "log_pmf")],
    *[method(f, name, x=SHARES) for f in FAMILIES[4:8] for name in ("pdf", "log_pdf", "log_likelihood")],
    *[method(FAMILIES[8], name, x=[0.5, 0.25, 0.25]) for name in ("pdf", "log_pdf", "log_likelihood")],
    method(lib.Exponential(2.0), "ppf", u=SHARES),
    *[method(model, "credible_interval", mass=0.5) for model in (BETA, GAMMA, NORMAL, DIRICHLET)],
    *[method(BETA, f, successes=[1, 2], trials=[4, 4]) for f in ("update", "predictive", "log_evidence")],
    *[method(GAMMA, f, counts=COUNTS) for f in ("update", "log_evidence")],
    method(GAMMA, "predictive", count=COUNTS),
    *[method(NORMAL, f, x=WAITS) for f in ("update", "predictive", "log_evidence")],
    *[method(DIRICHLET, f, counts=COUNTS) for f in ("update", "log_evidence")],
    method(DIRICHLET, "predictive", outcome=np.array([0, 2])),
    method(lib.grid_posterior(GRID, np.ones(9), -GRID), "credible_interval", mass=0.5),
    method(REGRESSION, "predict", X=POINTS),
    method(REGRESSION, "sample", size=2, rng=0),
    *[method(type(model)(), "fit", X=TABLE, y=PERIODS) for model in BAYES[1:]],
    method(lib.BernoulliNB(), "fit", X=(TABLE > 1).astype(int), y=PERIODS),
    *[
        method(model, f, X=(TABLE > 1).astype(int))
        for model in BAYES
        for f in ("predict", "predict_joint_log_proba", "predict_log_proba", "predict_proba")
    ],
    method(NGRAMS, "bits_per_byte", tokens=TEXT),
    method(NGRAMS, "perplexity", tokens=TEXT),
    method(NGRAMS, "log_prob", tokens=TEXT, history="ab"),
    *[method(NGRAMS, f, history="ab") for f in ("logits", "probabilities")],
    method(NGRAMS, "generate", n_tokens=3, prompt="ab", rng=0),
    method(CODE, "encode", message="abcd"),
    method(CODE, "decode", data=CODE.encode("abcd"), n=4),
    method(lib.PrefixCode, "huffman", weights={"a": 4, "b": 2, "c": 1}),
    *[
        method(
            m,
            f,
            **({"X": X} if f in ("log_prob", "responsibilities") else {"X": X, "q": np.full((12, 2), 0.5)}),
        )
        for m, X in zip(MIXTURES, (POINTS, TABLE, TABLE), strict=True)
        for f in ("log_prob", "responsibilities", "elbo", "m_step")
    ],
    *[method(m, "sample", size=3, rng=0) for m in (*MIXTURES, CATEGORIES)],
    *[method(m, "log_prior") for m in (*MIXTURES, CATEGORIES)],
    method(MIXTURES[0], "ridge_cost", ridge=0.5),
    *[method(CATEGORIES, f, X=TABLE, q=np.full((12, 2), 0.5)) for f in ("elbo", "m_step")],
    *[method(cls, "start", **data, **more) for cls, data, more, _ in FITS],
    *[method(cls, "fit", **data, **more, n_iter=3) for cls, data, more, _ in FITS],
    method(lib.CategoricalMixture, "fit", X=TABLE, n_components=2, n_levels=4, rng=0, n_iter=3),
    method(CATEGORIES, "log_prob", X=TABLE),
    method(CATEGORIES, "condition", seen=TABLE[0, :1]),
    method(CATEGORIES, "responsibilities", seen=TABLE[:, :2]),
    method(CATEGORIES, "log_conditional", rest=TABLE[:, 2:], seen=TABLE[:, :2]),
]

"""Probability and information theory for machine learning, as the course teaches it.

Every public name of the modules below is at hand here: ``from course_lib import kl_divergence``. A module is
loaded when one of its names is first used; ``dir(course_lib)`` lists the names.

======= ==================================================================================================
Chapter Modules
======= ==================================================================================================
1       ``distributions``, ``mixture``, ``datasets``
2       ``bayes``, ``conjugate``, ``naive_bayes``, ``estimation``, ``regression``
3       ``entropy``, ``coding``, ``language_model``
4       ``divergence``, ``kl_estimators``, ``gaussian``, ``drift``, ``calibration``
5       ``mutual_information``, ``mi_estimators``, ``channel``
6       ``elbo``, ``linear_gaussian``, ``rate_distortion``, ``vae``
7       ``softmax``, ``decoding``
======= ==================================================================================================

Every function refuses odd input in the same way, besides what its own Raises section says. Measured numbers
and parameters that are NaN, infinite or beyond 1e100, whose squares leave the range of a float, are a
ValueError; so are parameters of distributions that are not from 1e-300 to 1e300, and a probability that is
none, a ProbabilityError. What holds no real numbers, a masked array, and a flag that is neither True nor
False are a TypeError.

Below them, ``_validate`` holds every check of input, ``_rows`` the sums over rows of a table, ``_stable`` the
forms of formulas that never cancel. ``plots``, ``explorables`` and ``grading`` are packages of their own.
"""
# ruff: noqa: F401, F403 (names are passed on)

from importlib import import_module
from typing import TYPE_CHECKING

# Three modules bear the name of a function of theirs. Imported first of all, the function keeps the name.
from course_lib.entropy import entropy
from course_lib.mutual_information import mutual_information
from course_lib.softmax import softmax

if TYPE_CHECKING:  # what a type checker reads instead of the table
    from course_lib._validate import ProbabilityError
    from course_lib.bayes import *
    from course_lib.calibration import *
    from course_lib.channel import *
    from course_lib.coding import *
    from course_lib.conjugate import *
    from course_lib.datasets import *
    from course_lib.decoding import *
    from course_lib.distributions import *
    from course_lib.divergence import *
    from course_lib.drift import *
    from course_lib.elbo import *
    from course_lib.entropy import *
    from course_lib.estimation import *
    from course_lib.gaussian import *
    from course_lib.kl_estimators import *
    from course_lib.language_model import *
    from course_lib.linear_gaussian import *
    from course_lib.mi_estimators import *
    from course_lib.mixture import *
    from course_lib.mutual_information import *
    from course_lib.naive_bayes import *
    from course_lib.rate_distortion import *
    from course_lib.regression import *
    from course_lib.softmax import *
    from course_lib.vae import *

_NAMES = {  # module: its public names
    "_validate": "ProbabilityError",
    "bayes": "BayesTable GridPosterior OddsTable bayes_odds bayes_update grid_posterior logit odds",
    "calibration": (
        "Reliability brier_score_loss calibration_floor expected_calibration_error fit_temperature "
        "log_loss reliability_diagram squared_calibration_error"
    ),
    "channel": (
        "ChannelCapacity binary_symmetric_capacity channel_capacity entropy_rate stationary_distribution"
    ),
    "coding": "PrefixCode arithmetic_decode arithmetic_encode canonical_code huffman_lengths kraft_sum",
    "conjugate": "BetaBinomial DirichletCategorical GammaPoisson NormalNormal",
    "datasets": "DigitsPart DigitsSplit digits_split english_text load_digits_counts",
    "decoding": "gumbel_softmax min_p sample top_k top_p",
    "distributions": (
        "AliasTable Bernoulli Beta Binomial Categorical Dirichlet Exponential Gamma Gaussian Poisson "
        "gumbel_max sample_categorical sample_inverse_cdf"
    ),
    "divergence": (
        "js_distance js_divergence kl_divergence kl_from_logits renyi_divergence total_variation "
        "wasserstein1 wasserstein1_samples"
    ),
    "drift": "drift_score drift_threshold false_alarm_rate histogram_probabilities psi quantile_edges",
    "elbo": "ElboIdentity ElboSurgery elbo_identity elbo_surgery grid_log_evidence iwae_bound",
    "entropy": (
        "attention_entropy conditional_entropy cross_entropy entropy joint_entropy miller_madow_entropy "
        "perplexity plugin_entropy renyi_entropy surprisal"
    ),
    "estimation": (
        "map_binomial map_categorical map_exponential map_gaussian map_poisson mle_bernoulli mle_beta "
        "mle_binomial mle_categorical mle_dirichlet mle_exponential mle_gamma mle_gaussian mle_laplace "
        "mle_poisson negative_log_likelihood"
    ),
    "gaussian": (
        "entropy_gaussian kl_diag_gaussian kl_gaussian log_pdf_gaussian mi_gaussian moment_match "
        "sample_gaussian wasserstein1_gaussian wasserstein2_gaussian"
    ),
    "kl_estimators": "EstimatorMoments k1 k2 k3 kl_estimator_moments reward_tilted_policy",
    "language_model": "NGramModel",
    "linear_gaussian": (
        "LinearGaussian elbo_linear_gaussian log_evidence_linear_gaussian posterior_linear_gaussian ppca_ml"
    ),
    "mi_estimators": (
        "PermutationTest info_nce info_nce_gradient ksg ksg_labels ksg_mixture permutation_test"
    ),
    "mixture": (
        "BetaBinomialMixture BinomialMixture CategoricalMixture EMPath GaussianMixture bits_per_dim em"
    ),
    "mutual_information": (
        "conditional_mutual_information fano_bound interaction_information mutual_info_score "
        "mutual_information normalized_mutual_info_score pointwise_mutual_information"
    ),
    "naive_bayes": "BernoulliNB MultinomialNB",
    "rate_distortion": "RateDistortion linear_beta_vae reverse_waterfill",
    "regression": (
        "LinearPosterior bayesian_linear_regression lasso_penalty lasso_regression ridge_penalty "
        "ridge_regression"
    ),
    "softmax": "entropy_from_logits entropy_slope log_softmax logsumexp softmax",
    "vae": "VAE VaeScores beta_binomial_logpmf evaluate train_vae",
}
_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    """Return a public name from the module it lives in, loaded now, and keep it."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; dir() lists those it has")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return value


def __dir__() -> list[str]:
    return __all__

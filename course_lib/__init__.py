"""Probability and information theory for machine learning, as the course teaches it."""

from course_lib._validate import ProbabilityError
from course_lib.datasets import digits_split, english_text, load_digits_counts
from course_lib.distributions import (
    AliasTable,
    Bernoulli,
    Beta,
    Binomial,
    Categorical,
    Dirichlet,
    Exponential,
    Gamma,
    Gaussian,
    Poisson,
    gumbel_max,
    sample_categorical,
    sample_inverse_cdf,
)
from course_lib.entropy import entropy, surprisal
from course_lib.mixture import CategoricalMixture, bits_per_dim

__all__ = [
    "AliasTable",
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "CategoricalMixture",
    "Dirichlet",
    "Exponential",
    "Gamma",
    "Gaussian",
    "Poisson",
    "ProbabilityError",
    "bits_per_dim",
    "digits_split",
    "english_text",
    "entropy",
    "gumbel_max",
    "load_digits_counts",
    "sample_categorical",
    "sample_inverse_cdf",
    "surprisal",
]

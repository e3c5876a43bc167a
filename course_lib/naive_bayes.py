"""Naive Bayes: the theorem with features that are taken as independent once the class is known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from course_lib._stable import log_or_minus_inf, log_sum_exp, weighted_logs
from course_lib._validate import (
    ProbabilityError,
    as_array,
    as_finite,
    as_labels,
    as_truth,
    check_not_negative,
)

__all__ = [
    "BernoulliNB",
    "MultinomialNB",
]


class _NaiveBayes(ABC):
    """What both event models share: the likelihood is theirs, Bayes' theorem is here."""

    feature_log_prob_: np.ndarray

    @abstractmethod
    def _check_features(self, X: np.ndarray) -> None:
        """Refuse what is no count, or neither 0 nor 1."""

    @abstractmethod
    def _smooth(self, counts: np.ndarray, n: np.ndarray) -> None:
        """Learn from counts of shape (C, D) and n examples a class, shape (C, 1)."""

    @abstractmethod
    def _log_likelihood(self, X: np.ndarray) -> np.ndarray:
        """Return log p(x|c), shape (N, C)."""

    def __init__(self, alpha: float = 1.0):
        self.alpha = check_not_negative(alpha, name="alpha", why="; 1 is Laplace smoothing")

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Count each feature in each class, add ``alpha``, divide; return the fitted model itself.

        Parameters
        ----------
        X : array_like, shape (N, D)
            Features: counts (multinomial) or zeros and ones (Bernoulli).
        y : array_like, shape (N,)
            Labels, of any kind that sorts.
        """
        X, y = self._features(X), as_array(y, name="y")
        if y.shape != (len(X),) or len(X) == 0:
            raise ValueError(f"y needs one label for each of the {len(X)} rows of X, got shape {y.shape}")
        if y.dtype.kind == "O":
            y = as_labels(y, name="y")
        if np.any(y != y):  # NaN alone differs from itself
            raise ValueError(
                "y holds NaN, which is no label; drop those rows, or give them a label of their own"
            )
        self.classes_, label = np.unique(y, return_inverse=True)
        member = (label[:, None] == np.arange(len(self.classes_))).astype(np.float64)  # (N, C)
        self.class_log_prior_ = np.log(member.mean(axis=0))
        self._smooth(member.T @ X, member.sum(axis=0)[:, None])
        return self

    def predict_joint_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Return log p(x, c) = log p(c) + Σ log p(feature|c), shape (N, C), in nats."""
        if not hasattr(self, "classes_"):
            raise ValueError("this model has seen no data; call fit(X, y) first")
        X = self._features(X)
        if X.shape[1] != self.feature_log_prob_.shape[1]:
            raise ValueError(
                f"X has {X.shape[1]} features, the model was fitted on {self.feature_log_prob_.shape[1]}"
            )
        return self.class_log_prior_ + self._log_likelihood(X)

    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the log-posterior of every class, shape (N, C), in nats."""
        joint = self.predict_joint_log_proba(X)
        evidence = log_sum_exp(joint)[:, None]
        if np.any(evidence == -np.inf):
            raise ProbabilityError(
                "a row has probability 0 under every class: each lacks one of its features; use alpha > 0"
            )
        return joint - evidence

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the posterior of every class, shape (N, C); each row sums to 1."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the label with the highest posterior for each row, shape (N,)."""
        posterior = self.predict_log_proba(X)
        return self.classes_[np.argmax(posterior, axis=1)]

    def _features(self, X: ArrayLike) -> np.ndarray:
        X = as_finite(as_truth(X, name="X"), name="X")
        if X.ndim != 2:
            raise ValueError(f"X must be a table of shape (examples, features), got shape {X.shape}")
        self._check_features(X)
        return X


class MultinomialNB(_NaiveBayes):
    """Naive Bayes for counts: a text as a bag of words, each drawn from its class's distribution over words.

    log p(c|x) = log p(c) + Σ_d x_d log θ_cd + constant, with θ_cd = (n_cd + alpha) / (n_c + alpha D).

    Parameters
    ----------
    alpha : float
        Pseudo-count for every word in every class: 1 is Laplace smoothing; 0 lets one unseen word veto a
        class.

    Attributes
    ----------
    classes_ : ndarray, shape (C,)
        The labels, sorted.
    class_log_prior_ : ndarray, shape (C,)
        Log share of each class, in nats.
    feature_log_prob_ : ndarray, shape (C, D)
        log θ, in nats.

    Raises
    ------
    ValueError
        If X holds negative numbers, the shapes do not fit, or the model is used before ``fit``.
    ProbabilityError
        If ``alpha`` is 0 and a row is impossible under every class.

    Notes
    -----
    Agrees with ``sklearn.naive_bayes.MultinomialNB``, whose names it keeps.

    References
    ----------
    C. Manning, P. Raghavan and H. Schütze, Introduction to Information Retrieval, chapter 13.

    Examples
    --------
    >>> X = [[3, 0, 1], [2, 0, 0], [0, 2, 1]]              # how often each of three words occurs
    >>> model = MultinomialNB().fit(X, ["spam", "spam", "ham"])
    >>> model.predict([[1, 0, 0]]).tolist(), model.predict_proba([[1, 0, 0]]).round(3)
    (['spam'], array([[0.111, 0.889]]))
    """

    def _check_features(self, X: np.ndarray) -> None:
        if np.any(X < 0):
            raise ValueError("X must hold counts, none of them negative")

    def _smooth(self, counts: np.ndarray, n: np.ndarray) -> None:
        smoothed = counts + self.alpha
        with np.errstate(invalid="ignore"):
            share = smoothed / smoothed.sum(axis=1, keepdims=True)
        if np.any(np.isnan(share)):
            raise ProbabilityError("a class holds no counts at all; drop it, or smooth with alpha > 0")
        self.feature_log_prob_ = log_or_minus_inf(share)

    def _log_likelihood(self, X: np.ndarray) -> np.ndarray:
        return weighted_logs(X, self.feature_log_prob_)


class BernoulliNB(_NaiveBayes):
    """Naive Bayes for yes-or-no features: every feature is a coin of its class, and absence counts as well.

    log p(c|x) = log p(c) + Σ_d [x_d log θ_cd + (1-x_d) log(1-θ_cd)] + constant, with
    θ_cd = (n_cd + alpha) / (n_c + 2 alpha).

    Parameters
    ----------
    alpha : float
        Pseudo-count for yes and for no: 1 is Laplace smoothing.

    Attributes
    ----------
    classes_ : ndarray, shape (C,)
        The labels, sorted.
    class_log_prior_ : ndarray, shape (C,)
        Log share of each class, in nats.
    feature_log_prob_ : ndarray, shape (C, D)
        log θ, in nats.

    Raises
    ------
    ValueError
        If X holds anything but 0 and 1, the shapes do not fit, or the model is used before ``fit``.
    ProbabilityError
        If ``alpha`` is 0 and a row is impossible under every class.

    Notes
    -----
    Agrees with ``sklearn.naive_bayes.BernoulliNB``, whose names it keeps.

    References
    ----------
    C. Manning, P. Raghavan and H. Schütze, Introduction to Information Retrieval, chapter 13.

    Examples
    --------
    >>> X = [[1, 0], [1, 1], [0, 1]]                       # does the mail hold each of two words?
    >>> model = BernoulliNB().fit(X, ["spam", "spam", "ham"])
    >>> model.predict_proba([[0, 1]]).round(3)
    array([[0.64, 0.36]])
    """

    def _check_features(self, X: np.ndarray) -> None:
        if not np.all((X == 0) | (X == 1)):
            raise ValueError("X must hold zeros and ones; make them of counts with X > 0")

    def _smooth(self, counts: np.ndarray, n: np.ndarray) -> None:
        self.feature_log_prob_ = log_or_minus_inf((counts + self.alpha) / (n + 2 * self.alpha))
        self._log_absent = log_or_minus_inf((n - counts + self.alpha) / (n + 2 * self.alpha))

    def _log_likelihood(self, X: np.ndarray) -> np.ndarray:
        return weighted_logs(X, self.feature_log_prob_) + weighted_logs(1 - X, self._log_absent)

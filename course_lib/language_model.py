"""A language model from counts alone: the next token given the last few, smoothed after Kneser and Ney.

Tokens may be the characters of a str, the numbers in a bytes, or the items of a list, such as words.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from course_lib._validate import as_rng, check_callable, check_positive, check_symbols, check_whole
from course_lib.decoding import sample

__all__ = ["NGramModel"]

Token = Any  # hashable, and with an order among them
Tokens = Sequence[Token]
Text = Any  # str, bytes or tuple: hashable, and its slices are texts
Counts = dict[Text, dict[Token, int]]

# How a text is put together from its tokens; others become tuples.
JOIN: dict[type, Callable[[Iterable[Token]], Text]] = {str: "".join, bytes: bytes}


class NGramModel:
    r"""An n-gram model: p(token | the n - 1 tokens before it), by interpolated Kneser-Ney smoothing.

    .. math:: p(w \mid h) = \frac{c(h w) - D}{c(h)} + \frac{D \, N(h)}{c(h)} \; p(w \mid h')

    Each count gives up a discount D; what the N(h) tokens seen after the history h gave up is shared out by
    the model that forgets the oldest token, h'. That model counts not how often w came, but after how many
    different tokens: "Francisco" is frequent, yet follows one word alone. The last resort is the uniform
    distribution.

    Parameters
    ----------
    tokens : str, bytes or sequence
        The text to learn from. Items are hashable and can be sorted.
    order : int
        n: how many tokens a counted piece holds, 1 or more.
    vocabulary : iterable, optional
        All tokens that may ever come, such as ``range(256)`` for bytes; by default those of the text.

    Attributes
    ----------
    order : int
    vocabulary : list
        The tokens in ascending order; probabilities come in this order.
    discounts : list of float
        D for histories of 0, 1, …, n - 1 tokens: n1 / (n1 + 2 n2), from the pieces counted once and twice;
        1/2 where none was counted once.

    Raises
    ------
    ValueError
        If the text is shorter than ``order`` or holds a token that is not in the vocabulary, or order < 1.

    References
    ----------
    R. Kneser and H. Ney, Improved backing-off for m-gram language modeling, 1995; interpolated, with this D:
    S. F. Chen and J. Goodman, An empirical study of smoothing techniques for language modeling, 1999.

    Examples
    --------
    >>> model = NGramModel("abracadabra abracadabra", order=3)
    >>> model.vocabulary[np.argmax(model.probabilities("abr"))]
    'a'
    >>> round(float(model.probabilities("abr").sum()), 12)
    1.0
    >>> model.perplexity("abracadabra") < len(model.vocabulary)
    True
    """

    def __init__(self, tokens: Tokens, order: int = 5, *, vocabulary: Iterable[Token] | None = None):
        self.order = check_whole(order, name="order", lowest=1)
        tokens = tokens if isinstance(tokens, (str, bytes)) else tuple(check_symbols(tokens, name="tokens"))
        if len(tokens) < self.order:
            raise ValueError(f"the text has {len(tokens)} tokens, fewer than order {self.order}; give more")
        known = tokens if vocabulary is None else check_symbols(vocabulary, name="vocabulary")
        self.vocabulary = _in_order(known)
        self._index = {token: i for i, token in enumerate(self.vocabulary)}
        self._join = JOIN.get(type(tokens), tuple)
        self._counts = _counts(self._checked(tokens), self.order)
        self._totals = [{h: sum(row.values()) for h, row in counts.items()} for counts in self._counts]
        self.discounts = [_discount(counts) for counts in self._counts]

    def probabilities(self, history: Tokens = ()) -> np.ndarray:
        """Return the distribution of the next token after ``history``, shape (V,), in the vocabulary's order.

        Of the history the last ``order`` - 1 tokens count.

        Raises
        ------
        ValueError
            If the history holds a token that is not in the vocabulary.
        """
        p = np.full(len(self.vocabulary), 1 / len(self.vocabulary))
        for row, total, discount in self._rows(self._checked(history)):
            p *= discount * len(row) / total
            for token, count in row.items():
                p[self._index[token]] += (count - discount) / total
        return p

    def logits(self, history: Tokens = ()) -> np.ndarray:
        """Return the log-probabilities of the next token in nats, shape (V,): what ``decoding`` truncates."""
        return np.log(self.probabilities(history))

    def log_prob(self, tokens: Tokens, history: Tokens = ()) -> np.ndarray:
        """Return the log-probability of each token given those before it, in nats, shape (N,).

        Parameters
        ----------
        tokens : str, bytes or sequence
            The text to judge.
        history : str, bytes or sequence
            What came before it.

        Raises
        ------
        ValueError
            If a token is not in the vocabulary.
        """
        history = self._checked(history)
        text = history + self._checked(tokens)
        n = self.order
        return np.log(
            [self._probability(text[max(0, i - n) : i], text[i]) for i in range(len(history), len(text))]
        )

    def perplexity(self, tokens: Tokens) -> float:
        """Return exp of the mean surprise at the tokens in nats: among how many the model seems to waver.

        Raises
        ------
        ValueError
            If there are no tokens, or one is not in the vocabulary.
        """
        return math.exp(-_some(self.log_prob(tokens)).mean())

    def bits_per_byte(self, tokens: str | bytes) -> float:
        """Return what the text costs in bits for each byte of its UTF-8 form, to compare with a compressor.

        Parameters
        ----------
        tokens : str or bytes
            The text, as it was given to the model: characters or bytes.

        Raises
        ------
        ValueError
            If there are no tokens, or one is not in the vocabulary.
        TypeError
            If the text is neither str nor bytes, so that it has no bytes to count.
        """
        if not isinstance(tokens, (str, bytes)):
            raise TypeError(
                f"bits per byte are for str or bytes, not {type(tokens).__name__}; see perplexity"
            )
        nats = -_some(self.log_prob(tokens)).sum()
        n_bytes = len(tokens.encode() if isinstance(tokens, str) else tokens)
        return float(nats / math.log(2) / n_bytes)

    def generate(
        self,
        n_tokens: int,
        prompt: Tokens = (),
        *,
        temperature: float = 1.0,
        truncate: Callable[[np.ndarray], np.ndarray] | None = None,
        rng: np.random.Generator | int | None = None,
    ) -> Tokens:
        """Write on after ``prompt``, one token at a time, each drawn from what the model expects next.

        Parameters
        ----------
        n_tokens : int
            How many tokens to write.
        prompt : str, bytes or sequence
            What to write on from.
        temperature : float
            T, above 0: logits are divided by it first.
        truncate : callable, optional
            From logits to logits, with -inf for what may not come: ``lambda z: top_p(z, 0.9)``, for example.
            Greedy choice is ``lambda z: top_k(z, 1)``.
        rng : Generator, int or None
            A generator or a seed.

        Returns
        -------
        str, bytes or tuple, as the model was given, without the prompt.

        Raises
        ------
        ValueError
            If the prompt holds a token that is not in the vocabulary, or the temperature is not positive.

        Examples
        --------
        >>> from course_lib.decoding import top_k
        >>> NGramModel("abcabcabcabc", order=3).generate(7, "ab", truncate=lambda z: top_k(z, 1))
        'cabcabc'
        """
        rng, temperature = as_rng(rng), check_positive(temperature, name="temperature")
        text = list(self._checked(prompt))
        if truncate is not None:
            check_callable(truncate, name="truncate")
        start = len(text)
        for _ in range(check_whole(n_tokens, name="n_tokens")):
            logits = self.logits(text[-self.order :])
            with np.errstate(over="ignore"):  # the likeliest stays at 0 however cold it is
                logits = (logits - logits.max()) / temperature
            text.append(self.vocabulary[sample(truncate(logits) if truncate else logits, rng=rng)])
        return self._join(text[start:])

    def _probability(self, history: Text, token: Token) -> float:
        p = 1 / len(self.vocabulary)
        for row, total, discount in self._rows(history):
            p = (max(row.get(token, 0) - discount, 0) + discount * len(row) * p) / total
        return p

    def _rows(self, history: Text) -> Iterator[tuple[dict[Token, int], int, float]]:
        """Yield what was counted after the last 0, 1, … tokens of the history, as long as they were seen."""
        for k, counts in enumerate(self._counts[: len(history) + 1]):
            recent = history[len(history) - k :]
            if recent not in counts:
                return
            yield counts[recent], self._totals[k][recent], self.discounts[k]

    def _checked(self, tokens: Tokens) -> Text:
        """Return the tokens as str, bytes or tuple, like the text learnt from; each is in the vocabulary."""
        tokens = tokens if isinstance(tokens, (str, bytes)) else tuple(check_symbols(tokens, name="tokens"))
        unknown = set(tokens) - self._index.keys()
        if unknown:
            raise ValueError(f"token {unknown.pop()!r} is not in the vocabulary; name it in vocabulary=")
        return self._join(tokens)


def _in_order(tokens: Iterable[Token]) -> list[Token]:
    """Return the different tokens in rising order."""
    try:
        return sorted(set(tokens))
    except TypeError:
        raise TypeError("tokens must have an order among them, as all strings or all numbers do") from None


def _counts(tokens: Text, order: int) -> list[Counts]:
    """Return for each length k < order of a history what follows it: how often, or after how many tokens.

    The longest histories count occurrences. Each shorter one, h', counts for every token w the different
    tokens v for which w was seen after v h'.
    """
    longest: Counts = defaultdict(Counter)
    for i in range(order - 1, len(tokens)):
        longest[tokens[i - order + 1 : i]][tokens[i]] += 1
    levels = [longest]
    for _ in range(order - 1):
        shorter: Counts = defaultdict(Counter)
        for history, row in levels[0].items():
            shorter[history[1:]].update(row.keys())
        levels.insert(0, shorter)
    return [{history: dict(row) for history, row in level.items()} for level in levels]


def _discount(counts: Counts) -> float:
    """Return D = n1 / (n1 + 2 n2): for a Zipf-like law, what a count exceeds its expectation by."""
    once, twice = (sum(c == n for row in counts.values() for c in row.values()) for n in (1, 2))
    return once / (once + 2 * twice) if once else 0.5


def _some(log_prob: np.ndarray) -> np.ndarray:
    if not log_prob.size:
        raise ValueError("there are no tokens to judge; give at least one")
    return log_prob

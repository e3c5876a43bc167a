"""Codes that meet the entropy: Kraft's budget, Huffman's tree, canonical words, arithmetic coding.

Lengths are in bits. A code is described by the lengths of its words alone: which words they are follows.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from course_lib._validate import as_array, as_float, as_probabilities, check_symbols, check_whole

__all__ = [
    "PrefixCode",
    "arithmetic_decode",
    "arithmetic_encode",
    "canonical_code",
    "huffman_lengths",
    "kraft_sum",
]

LONGEST = 56  # bits of a word: read from any bit of a byte on, it still fits in 64
BLOCK = 65_536  # bytes of code read at a time

Weights = ArrayLike
Model = Weights | Callable[[list[int]], Weights]


# ------------------------------------------------------------------------------------------ lengths and words


def kraft_sum(lengths: ArrayLike) -> Fraction:
    r"""Return what words of these lengths take from a budget of 1: a word of n bits costs 2^-n.

    .. math:: K = \sum_i 2^{-\ell_i}

    A code that can be decoded has K <= 1; and where K <= 1 there is a prefix code with these lengths.

    Parameters
    ----------
    lengths : array_like of int
        Word lengths in bits.

    Returns
    -------
    Fraction
        Exact, however long the words.

    Raises
    ------
    ValueError
        If a length is negative.
    TypeError
        If a length is not a whole number.

    References
    ----------
    L. G. Kraft, A device for quantizing, grouping, and coding amplitude-modulated pulses, 1949; B. McMillan,
    Two inequalities implied by unique decipherability, 1956.

    Examples
    --------
    >>> kraft_sum([1, 2, 3, 3])
    Fraction(1, 1)
    >>> kraft_sum([1, 1, 2])                        # over the budget: no such code can be decoded
    Fraction(5, 4)
    """
    lengths = _as_lengths(lengths)
    longest = max(lengths, default=0)
    return Fraction(sum(1 << (longest - n) for n in lengths), 1 << longest)


def canonical_code(lengths: ArrayLike) -> list[str]:
    """Return words of the given lengths, none the start of another: in order of length, count in binary.

    Parameters
    ----------
    lengths : array_like of int, shape (K,)
        Word lengths in bits, 1 or more, within Kraft's budget.

    Returns
    -------
    list of str
        The words of symbols 0 … K-1, of "0" and "1". Of equal lengths the lower symbol gets the lower word.

    Raises
    ------
    ValueError
        If the lengths are over Kraft's budget, or one is less than 1.
    TypeError
        If a length is not a whole number.

    References
    ----------
    E. S. Schwartz and B. Kallick, Generating a canonical prefix encoding, 1964; DEFLATE sends its codes so.

    Examples
    --------
    >>> canonical_code([2, 1, 3, 3])
    ['10', '0', '110', '111']
    """
    lengths = _as_lengths(lengths, lowest=1)
    if kraft_sum(lengths) > 1:
        raise ValueError(f"the lengths cost {kraft_sum(lengths)} of a budget of 1; make some longer")
    words, word, reached = [""] * len(lengths), 0, 0
    for symbol in sorted(range(len(lengths)), key=lengths.__getitem__):
        word <<= lengths[symbol] - reached
        reached = lengths[symbol]
        words[symbol] = format(word, f"0{reached}b")
        word += 1
    return words


def huffman_lengths(p: ArrayLike) -> np.ndarray:
    r"""Return the word lengths of a Huffman code: no prefix code is shorter on average.

    .. math:: H(p) \le \sum_i p_i \ell_i < H(p) + 1 \quad \text{bits}

    Join the two rarest symbols into one, their weights added, and go on until one is left; each joining
    lengthens the words below it by a bit.

    Parameters
    ----------
    p : array_like, shape (K,)
        Probabilities, or any weights such as counts; only their ratios matter.

    Returns
    -------
    ndarray of int64, shape (K,)
        In bits. Of the optimal codes one whose longest word is shortest. A lone symbol gets a word of 1 bit.

    Raises
    ------
    ProbabilityError
        If a weight is negative, NaN or infinite, or all are zero.
    TypeError
        If ``p`` does not hold real numbers.
    ValueError
        If ``p`` has not one dimension.

    References
    ----------
    D. A. Huffman, A method for the construction of minimum-redundancy codes, 1952; with two queues, J. van
    Leeuwen, On the construction of Huffman trees, 1976.

    Examples
    --------
    >>> huffman_lengths([0.4, 0.3, 0.2, 0.1])
    array([1, 2, 3, 3])
    >>> float(huffman_lengths([4, 3, 2, 1]) @ [4, 3, 2, 1]) / 10    # bits per symbol; the entropy is 1.846
    1.9
    """
    weights = as_float(p, name="p").astype(np.float64)
    as_probabilities(weights, normalize=True)
    if weights.ndim != 1:
        raise ValueError(f"p must be one distribution, of shape (K,), not of shape {weights.shape}")
    if weights.size == 1:
        return np.ones(1, dtype=np.int64)
    # made small by a power of two, so that sums do not overflow and equal ones stay equal
    weights = np.ldexp(weights, -np.frexp(weights.max())[1])
    order = np.argsort(weights, kind="stable")
    lengths = np.empty(weights.size, dtype=np.int64)
    lengths[order] = _depths(weights[order])
    return lengths


def _depths(leaves: np.ndarray) -> np.ndarray:
    """Return the depth of each leaf in the Huffman tree over ascending weights, at least two.

    Two queues, leaves and joints, are both ascending, so the lightest are at their fronts. All nodes up to
    the sum of the lightest two come before any joint yet to be made: they are paired off in one sweep.
    """
    n = leaves.size
    weight = np.concatenate([leaves, np.empty(n - 1)])  # nodes: the leaves, then the joints as they are made
    parent = np.empty(2 * n - 1, dtype=np.int64)
    leaf, joint, made, sweeps = 0, n, n, list[np.ndarray]()
    while made < 2 * n - 1:
        fronts = weight[leaf : min(leaf + 2, n)], weight[joint : min(joint + 2, made)]
        limit = np.sort(np.concatenate(fronts))[:2].sum()
        ready = np.concatenate([_up_to(limit, weight, leaf, n), _up_to(limit, weight, joint, made)])
        ready = ready[np.argsort(weight[ready], kind="stable")]  # of equal ones the leaves first
        # many joins of Huffman's at once: each of these pairs would be joined before a new joint comes up
        pairs = ready[: ready.size // 2 * 2].reshape(-1, 2)
        joints = np.arange(made, made + len(pairs))
        weight[joints], parent[pairs] = weight[pairs].sum(axis=1), joints[:, None]
        leaves_in_them = int((pairs < n).sum())
        leaf, joint = leaf + leaves_in_them, joint + pairs.size - leaves_in_them
        made += len(pairs)
        sweeps.append(pairs)
    depth = np.zeros(2 * n - 1, dtype=np.int64)
    for pairs in reversed(sweeps):
        depth[pairs] = depth[parent[pairs]] + 1  # each join lengthens the words below it by a bit
    return depth[:n]


def _up_to(limit: float, weight: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Return the front of a queue: the nodes from ``start`` on that weigh no more than ``limit``."""
    return np.arange(start, start + np.searchsorted(weight[start:stop], limit, side="right"))


def _as_lengths(lengths: ArrayLike, lowest: int = 0) -> list[int]:
    lengths = as_array(lengths, name="lengths").ravel()
    return [check_whole(n, name="a length", lowest=lowest) for n in lengths]


def _as_mapping(x: Mapping[Hashable, float], name: str) -> Mapping[Hashable, float]:
    if not isinstance(x, Mapping):
        raise TypeError(f"{name} must map each symbol to a number, like a dict, not be {type(x).__name__}")
    return x


def _as_bytes(data: bytes) -> bytes:
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"data must be bytes, as encoding returned them, not {type(data).__name__}")
    return bytes(data)


# ----------------------------------------------------------------------------------------------- prefix codes


class PrefixCode:
    """A code word for each symbol, none the start of another, so that words need no comma between them.

    Parameters
    ----------
    lengths : mapping from symbol to int
        Word lengths in bits, from 1 to 56, within Kraft's budget. The words are the canonical ones.

    Attributes
    ----------
    words : dict from symbol to str
        The code words.

    Raises
    ------
    ValueError
        If there are no lengths, they are over Kraft's budget, or one is less than 1 or more than 56.
    TypeError
        If a length is not a whole number.

    Examples
    --------
    >>> code = PrefixCode.huffman({"a": 5, "b": 2, "r": 2, "c": 1, "d": 1})
    >>> code.words
    {'a': '0', 'b': '100', 'r': '101', 'c': '110', 'd': '111'}
    >>> data = code.encode("abracadabra")
    >>> len(data), "".join(code.decode(data, 11))
    (3, 'abracadabra')
    """

    def __init__(self, lengths: Mapping[Hashable, int]):
        n = _as_lengths(list(_as_mapping(lengths, "lengths").values()), lowest=1)
        if not n:
            raise ValueError("a code needs at least one symbol; lengths is empty")
        if max(n) > LONGEST:
            raise ValueError(f"a word of {max(n)} bits is over {LONGEST}; join the rarest symbols into one")
        words = canonical_code(n)
        self.words = dict(zip(lengths, words, strict=True))
        self._longest = max(n)
        # Each word owns all bits that start with it: an interval, found from the next bits by searching.
        order = sorted(range(len(words)), key=words.__getitem__)
        self._symbols = [list(lengths)[i] for i in order]
        self._shares = np.array([int(words[i].ljust(self._longest, "0"), 2) for i in order], dtype=np.uint64)
        self._steps = np.array(n, dtype=np.int64)[order]

    @classmethod
    def huffman(cls, weights: Mapping[Hashable, float]) -> "PrefixCode":
        """Return the Huffman code for these weights, such as ``collections.Counter(text)``."""
        lengths = huffman_lengths(list(_as_mapping(weights, "weights").values()))
        return cls(dict(zip(weights, lengths.tolist(), strict=True)))

    def __repr__(self) -> str:
        lengths = {symbol: len(word) for symbol, word in self.words.items()}
        return f"{type(self).__name__}({lengths!r})"

    def encode(self, message: Iterable[Hashable]) -> bytes:
        """Return the words of the message's symbols, one after the other, the last byte filled up with zeros.

        Raises
        ------
        ValueError
            If a symbol has no word.
        """
        try:
            digits = "".join(map(self.words.__getitem__, check_symbols(message, name="message"))).encode()
        except KeyError as missing:
            raise ValueError(f"symbol {missing} has no code word; give it a length") from None
        return np.packbits(np.frombuffer(digits, dtype=np.uint8) & 1).tobytes()  # "1" is odd in ASCII

    def decode(self, data: bytes, n: int) -> list:
        """Return the first ``n`` symbols that ``data`` encodes.

        Raises
        ------
        ValueError
            If the data ends before that, or holds bits that start no word.
        """
        n, data = check_whole(n, name="n"), _as_bytes(data)
        end = 8 * len(data)
        message: list[int] = []
        at = 0
        while len(message) < n:
            if at >= end:
                raise ValueError(f"the data ends after {len(message)} of {n} symbols; was it cut?")
            start = at // 8
            rank, step = self._read(data[start : start + BLOCK + 8])
            at, stop = at - 8 * start, min(8 * BLOCK, end - 8 * start)
            while at < stop and len(message) < n:
                message.append(rank[at])
                at += step[at]
            at += 8 * start
        if at > end:
            raise ValueError(f"the data ends within the last of {n} symbols; was it cut?")
        if -1 in message:
            known = message.index(-1)
            raise ValueError(f"the bits after {known} symbols start no word; was it another code's?")
        return list(map(self._symbols.__getitem__, message))

    def _read(self, data: bytes) -> tuple[list[int], list[int]]:
        """Return for each bit of the data which word starts there, were one to start, and how long it is."""
        octets = np.frombuffer(data + bytes(7), dtype=np.uint8)
        window = sliding_window_view(octets, 8).copy().view(">u8").astype(np.uint64)  # shape (bytes, 1)
        window = window << np.arange(8, dtype=np.uint64) >> np.uint64(64 - self._longest)
        rank = np.searchsorted(self._shares, window.ravel(), side="right") - 1
        step = self._steps[rank]
        beyond = window.ravel() - self._shares[rank] >> (self._longest - step).astype(np.uint64) > 0
        return np.where(beyond, -1, rank).tolist(), step.tolist()


# ------------------------------------------------------------------------------------------ arithmetic coding

FULL = 1 << 64  # the interval [0, 1), in the coder's units
LEAST = 1 << 56  # below this width the top byte is settled and moves out
TOTAL = 1 << 32  # what probabilities are scaled to


def arithmetic_encode(message: Sequence[int], model: Model) -> bytes:
    r"""Return a message as one number in [0, 1): each symbol narrows the interval to its share.

    .. math:: \text{bits} < \sum_t \log_2 \frac{1}{p(x_t \mid x_{<t})} + 9

    No symbol is rounded up to whole bits: the constant is paid once for the whole message, and 7 bits of it
    only fill up the last byte.

    Parameters
    ----------
    message : sequence of int
        Symbols 0 … K-1.
    model : array_like of shape (K,), or callable
        Counts or probabilities of the symbols; or a function of the list of symbols so far that returns
        those of the next.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If a symbol is none of the model's, or has probability 0 under it.
    ProbabilityError
        If the model's weights are negative, NaN or infinite, or all zero.
    TypeError
        If a symbol is not a whole number.

    Notes
    -----
    Whole counts that sum to at most 2^32 are used as they are, other weights rounded to some 2^-32.

    References
    ----------
    J. Rissanen, Generalized Kraft inequality and arithmetic coding, 1976; G. N. N. Martin, Range encoding: an
    algorithm for removing redundancy from a digitised message, 1979.

    Examples
    --------
    >>> data = arithmetic_encode([0, 0, 1, 0] * 100, [3, 1])
    >>> 8 * len(data)                               # bits; the entropy of 400 such symbols is 324.5
    328
    >>> arithmetic_decode(data, 400, [3, 1]) == [0, 0, 1, 0] * 100
    True
    """
    table, out = _edges_after(model), bytearray()
    past: list[int] = []
    low, width = 0, FULL
    for symbol in check_symbols(message, name="message"):
        edges = table(past)
        if not 0 <= check_whole(symbol, name="a symbol", lowest=-1) < len(edges) - 1:
            raise ValueError(f"symbol {symbol} is none of the model's, 0 to {len(edges) - 2}")
        if edges[symbol] == edges[symbol + 1]:
            raise ValueError(f"symbol {symbol} has probability 0 under the model; give it some")
        unit = width // edges[-1]
        low, width = low + unit * edges[symbol], unit * (edges[symbol + 1] - edges[symbol])
        if low >= FULL:
            low -= FULL
            _carry(out)
        while width < LEAST:
            out.append(low >> 56)
            low, width = low << 8 & FULL - 1, width << 8
        past.append(symbol)
    return _finished(out, low, width)


def arithmetic_decode(data: bytes, n: int, model: Model) -> list[int]:
    """Return the ``n`` symbols that ``arithmetic_encode`` turned into ``data`` with the same model.

    Parameters
    ----------
    data : bytes
        The code.
    n : int
        How many symbols to read; the code itself has no end mark.
    model : array_like of shape (K,), or callable
        The model that encoded.

    Returns
    -------
    list of int

    Raises
    ------
    ValueError
        If no message of this model has such a code, as far as can be told.
    ProbabilityError
        If the model's weights are negative, NaN or infinite, or all zero.

    Examples
    --------
    >>> arithmetic_decode(arithmetic_encode([2, 0, 1], [0.2, 0.3, 0.5]), 3, [0.2, 0.3, 0.5])
    [2, 0, 1]
    """
    table, width = _edges_after(model), FULL
    past: list[int] = []
    data = _as_bytes(data)
    code, at = int.from_bytes(data[:8].ljust(8, b"\0")), 8
    for _ in range(check_whole(n, name="n")):
        edges = table(past)
        unit = width // edges[-1]
        share = code // unit
        if share >= edges[-1]:
            raise ValueError(f"the data fits no message after {len(past)} symbols; was another model used?")
        symbol = bisect_right(edges, share) - 1
        code, width = code - unit * edges[symbol], unit * (edges[symbol + 1] - edges[symbol])
        while width < LEAST:
            code, width = code << 8 | (data[at] if at < len(data) else 0), width << 8
            at += 1
        past.append(symbol)
    return past


def _edges_after(model: Model) -> Callable[[list[int]], list[int]]:
    """Return a function from the symbols so far to where the shares of the next begin and end."""
    if callable(model):
        return lambda past: _edges(model(past))
    edges = _edges(model)
    return lambda past: edges


def _edges(weights: Weights) -> list[int]:
    """Return 0 and the cumulative counts, for weights that are no counts in units of some 2^-32."""
    weights = as_array(weights, name="model")
    p = as_probabilities(weights, normalize=True, name="model")
    if p.ndim != 1:
        raise ValueError(f"model must be one distribution, of shape (K,), not of shape {p.shape}")
    if weights.dtype.kind not in "iu" or math.fsum(weights) > TOTAL:
        weights = np.where(p > 0, np.maximum(np.rint(p.astype(np.float64) * (TOTAL - p.size)), 1), 0)
    return [0, *np.cumsum(weights.astype(np.int64)).tolist()]


def _carry(out: bytearray) -> None:
    """Add one to the last byte written, and to the one before where that overflows."""
    i = len(out) - 1
    while out[i] == 255:
        out[i] = 0
        i -= 1
    out[i] += 1


def _finished(out: bytearray, low: int, width: int) -> bytes:
    """Return the code with as few more bytes as leave it inside the interval, taken as followed by zeros."""
    if low > 0:
        top = -(-low // LEAST)  # from low to the next whole byte is less than LEAST, so less than the width
        if top == 256:
            _carry(out)
        else:
            out.append(top)
    return bytes(out.rstrip(b"\0"))

"""Exercise set 3: a right version of each answer, and the known slips, which are made of them.

The parameters with a default are the places where an answer goes wrong.
"""

import gzip
import math
from collections import Counter, defaultdict
from fractions import Fraction
from functools import cache, partial
from itertools import combinations, pairwise

import numpy as np
from scipy.optimize import brentq

from course_lib.grading.checks.slips import given, scaled

__all__ = [
    "AIMS",
    "ALPHABET",
    "SLIPS",
    "accepted",
    "as_found",
    "bits_of",
    "budget_of",
    "charged",
    "counted",
    "doubts",
    "gained",
    "huffman_of",
    "narrowed",
    "narrowest",
    "pair_of",
    "rate_of",
    "remaining",
    "rivals",
    "shown",
    "spelt",
    "split_of",
    "truths",
    "unpacked",
    "word_of",
]

LN2 = math.log(2)
ALPHABET = " abcdefghijklmnopqrstuvwxyz"


def bits_of(p):
    """Return the entropy of a distribution of any shape, in bits."""
    p = np.asarray(p)[np.asarray(p) > 0]
    return -(p * np.log2(p)).sum()


def divergence(p, q):
    """Return the divergence of p from q, in bits."""
    return (p[p > 0] * np.log2(p[p > 0] / q[p > 0])).sum()


# --- code words of r signs --------------------------------------------------------------------------------


def huffman_of(p, r, filler=lambda many, r: -(many - 1) % (r - 1), most=False):
    """Return the lengths of Huffman's words, written with r signs."""
    groups = [(float(share), [i]) for i, share in enumerate(p)] + [(0.0, [])] * filler(len(p), r)
    lengths = np.zeros(len(p), dtype=int)
    while len(groups) > 1:
        groups.sort(key=lambda group: group[0], reverse=most)
        members = [i for _, some in groups[:r] for i in some]
        lengths[members] += 1
        groups = [*groups[r:], (sum(share for share, _ in groups[:r]), members)]
    return lengths


def rounded_up(p, r, up=np.ceil):
    """Return the ideal lengths as whole numbers."""
    return np.maximum(up(-np.log(p) / np.log(r) - 1e-12), 1).astype(int)


def budget_of(lengths, r):
    """Return what these words spend, exactly."""
    return sum(Fraction(1, r**n) for n in lengths)


def spelt(lengths, r, spent=budget_of, limit=lambda spent: spent <= 1, order=sorted, back=True):
    """Return words of these lengths of which none begins another, or None."""
    if not limit(spent(lengths, r)):
        return None
    words, number, at = {}, 0, 0
    for n, i in order((n, i) for i, n in enumerate(lengths)):
        number, at = number * r**n // r**at, n
        words[i] = "".join(str(number // r**k % r) for k in reversed(range(n)))
        number += 1
    return tuple(words[i] for i in range(len(words))) if back else tuple(words.values())


# --- what two columns tell about a third ------------------------------------------------------------------


def margin(joint, axes):
    """Return the table of these axes alone."""
    return joint.sum(axis=tuple(axis for axis in range(joint.ndim) if axis not in axes))


def remaining(joint, target, known):
    """Return the bits that are still open about an axis when others are known."""
    return bits_of(margin(joint, {target, *known})) - bits_of(margin(joint, set(known)))


def contexts(joint, target, known):
    """Return the entropy of the target in each context, with the probability of the context."""
    table = np.moveaxis(margin(joint, {target, *known}), sorted({target, *known}).index(target), -1)
    table = table.reshape(-1, joint.shape[target])
    weights = table.sum(axis=1)
    return weights, [bits_of(row / w) if w else 0.0 for row, w in zip(table, weights, strict=True)]


def pair_of(joint, target, open_after=remaining, best=min):
    """Return the two axes that together leave least open."""
    others = [axis for axis in range(joint.ndim) if axis != target]
    return best(combinations(others, 2), key=lambda pair: open_after(joint, target, pair))


def one_by_one(joint, target, greedy):
    """Return the axis that tells most, and a second: the runner-up, or the best beside the first."""
    others = [axis for axis in range(joint.ndim) if axis != target]
    first = min(others, key=lambda axis: remaining(joint, target, (axis,)))
    others.remove(first)
    beside = (first,) if greedy else ()
    return tuple(sorted((first, min(others, key=lambda axis: remaining(joint, target, (*beside, axis))))))


# --- an entropy rate from few samples ---------------------------------------------------------------------


def corrected(items, factor=1 / LN2):
    """Return the entropy of these items in bits, by Miller and Madow."""
    counts = np.array(list(Counter(items).values()))
    return bits_of(counts / counts.sum()) + factor * (len(counts) - 1) / (2 * counts.sum())


def rate_of(sessions, of=corrected):
    """Return the bits of a token when the one before it is known, estimated from sessions."""
    pairs = [pair for session in sessions for pair in pairwise(session)]
    return of(pairs) - of([first for first, _ in pairs])


def counted(sessions):
    """Return the rates that come of a right count of what was seen, the other two faults mended or not."""
    joined = [[token for session in sessions for token in session]]
    units = [partial(corrected, factor=factor) for factor in (1 / LN2, 1, LN2)]
    return [rate_of(some, of) for some in (sessions, joined) for of in units]


def as_found(sessions):
    """Return what the function does that is handed to the learner."""
    tokens = np.concatenate([np.array(session, dtype=int) for session in sessions])
    firsts, pairs = tokens[:-1], tokens[:-1] * (tokens.max() + 1) + tokens[1:]
    entropies = []
    for items in (pairs, firsts):
        counts = np.bincount(items)
        shares = counts / counts.sum()
        plugin = -(shares * np.log2(np.where(counts > 0, shares, 1))).sum()
        entropies.append(plugin + (len(counts) - 1) / (2 * counts.sum()))
    return entropies[0] - entropies[1]


# --- a leaderboard ----------------------------------------------------------------------------------------


def rows_sum(q, each=True, part=slice(None)):
    """Whether the rows sum to one, each or on average."""
    return np.allclose(q[part].sum(axis=1), 1, 0, 1e-5) if each else abs(q.sum() / len(q) - 1) < 1e-5


def accepted(
    q,
    text,
    bits,
    perplexity,
    size,
    sums=rows_sum,
    least=lambda q: (q >= 0).all(),
    close=1e-5,
    charge=lambda s: s,
    inverse=lambda bits: 2**bits,
    low=0.0,
    high=9.0,
):
    """Whether a report follows from the record of its predictions."""
    with np.errstate(divide="ignore"):
        surprise = charge(-np.log2(q[np.arange(len(text)), text]))
    paid = surprise.mean()
    return bool(
        sums(q)
        and least(q)
        and (close is None or math.isclose(bits, paid, rel_tol=close))
        and (inverse is None or math.isclose(perplexity, inverse(bits), rel_tol=1e-5))
        and surprise.sum() + low <= 8 * size < surprise.sum() + high
    )


# --- which images a person should see ---------------------------------------------------------------------


def doubts(q, axis=-1):
    """Return the entropy of each distribution, in bits."""
    return -(q * np.log2(np.where(q > 0, q, 1))).sum(axis=axis)


def risk(q):
    """Return how probable it is that the likeliest class is wrong."""
    return 1 - q.mean(axis=0).max(axis=-1)


def total(q):
    """Return the entropy of the committee's mean belief."""
    return doubts(q.mean(axis=0))


def gained(q):
    """Return what a label tells about which member is right, in bits."""
    return total(q) - doubts(q).mean(axis=0)


AIMS = {"errors": risk, "bits": total, "members": gained}


def shown(q, k, aim, sign=-1, **measures):
    """Return the k images that this aim asks for, the first one first."""
    return np.argsort(sign * {**AIMS, **measures}[aim](q), kind="stable")[:k]


def votes(q):
    """Return the shares of the members' votes."""
    return np.eye(q.shape[2])[q.argmax(axis=-1)].mean(axis=0)


def lead(q):
    """Return how little the first class leads the second, in the mean belief."""
    ordered = np.sort(q.mean(axis=0), axis=-1)
    return ordered[:, -2] - ordered[:, -1]


# --- the nearest distribution that fits an average --------------------------------------------------------


def narrowest(start, values, target):
    """Return the distribution nearest to `start` with this mean of the values."""
    start, values = np.asarray(start, dtype=float), np.asarray(values, dtype=float)
    live = start > 0
    v = values[live] - target
    v = v / np.abs(v).max() if np.abs(v).any() else v
    if (v >= 0).all() or (v <= 0).all():
        p = start[live] * (v == 0)
    else:
        reach = 1.0
        while slope(start[live], v, reach) * slope(start[live], v, -reach) > 0:
            reach *= 2
        p = tilted(start[live], v, brentq(partial(slope, start[live], v), -reach, reach, xtol=1e-15))
    found = np.zeros(len(start))
    found[live] = p / p.sum()
    return found


def tilted(start, v, lam):
    """Return the distribution that a factor of exp(lam v) makes of `start`."""
    p = start * np.exp(lam * v - (lam * v).max())
    return p / p.sum()


def slope(start, v, lam):
    """Return the mean of v under the tilted distribution."""
    return tilted(start, v, lam) @ v


def split_of(record, start, values, nearest=narrowest, order=1):
    """Return the bits that a record's mean tells, and those that it tells beyond its mean."""
    best = nearest(start, values, record @ values)
    return divergence(best, start), (divergence(record, best) if order > 0 else divergence(best, record))


def straight(start, values, target):
    """Return the nearest by squared distance, with a Lagrange multiplier for each condition."""
    A = np.stack([np.ones(len(values)), values])
    return start + A.T @ np.linalg.solve(A @ A.T, np.array([1, target]) - A @ start)


def plainly(start, values, target, reach):
    """Return the nearest, sought between -reach and reach without any care for large numbers."""

    def made(lam):
        p = start * np.exp(lam * values)
        return p / p.sum()

    return made(brentq(lambda lam: made(lam) @ values - target, -reach, reach))


# --- a model that learns while it codes, and its coder ----------------------------------------------------


class Counts:
    """How often each symbol has followed each of the last contexts; a symbol's weight adds them up."""

    def __init__(self, K, order, base=16, first=1, lowest=0, longest=False, pad=0):
        self.K, self.base, self.first, self.longest = K, base, first, longest
        self.pad = pad * [0] * order
        self.lengths = range(lowest, order + 1)
        self.seen = [defaultdict(partial(np.zeros, K, dtype=np.int64)) for _ in range(order + 1)]

    def rows(self, past):
        """Return the counts after the last j symbols, for each j that the past has."""
        past = self.pad[len(past) :] + past
        return {j: self.seen[j][tuple(past[len(past) - j :])] for j in self.lengths if j <= len(past)}

    def weights(self, past):
        """Return the weights of all symbols after this past."""
        rows = self.rows(past)
        if self.longest:
            rows = dict([(j, row) for j, row in rows.items() if row.any()][-1:])
        return self.first + sum((self.base**j * row for j, row in rows.items()), np.zeros(self.K, np.int64))

    def learn(self, past, symbol):
        """Count this symbol."""
        for row in self.rows(past).values():
            row[symbol] += 1


def weights(message, K, order, peek=False, **how):
    """Yield the weights of all symbols before each symbol of the message."""
    model, message = Counts(K, order, **how), list(message)
    for i, symbol in enumerate(message):
        before = model.weights(message[max(i - order, 0) : i])
        model.learn(message[max(i - order, 0) : i], symbol)
        yield model.weights(message[max(i - order, 0) : i]) if peek else before


def charged(message, K, order, log=np.log2, **how):
    """Return what the model charges for each symbol, in bits."""
    return np.array(
        [
            log(w.sum() / w[s]) if w[s] else math.inf
            for w, s in zip(weights(message, K, order, **how), message, strict=True)
        ]
    )


def at_once(message, K, order):
    """Return the charges of a model that has counted the whole message before it began."""
    seen = [Counter() for _ in range(order + 1)]
    places = [(i, j) for i in range(len(message)) for j in range(min(order, i) + 1)]
    for i, j in places:
        seen[j][tuple(message[i - j : i + 1])] += 1
    bits = []
    for i, symbol in enumerate(message):
        past = [tuple(message[i - j : i]) for j in range(min(order, i) + 1)]
        w = [1 + sum(16**j * seen[j][(*c, s)] for j, c in enumerate(past)) for s in range(K)]
        bits.append(math.log2(sum(w) / w[symbol]))
    return np.array(bits)


def by_definition(message, K, order, cut=lambda past, j: past[len(past) - j :], times=lambda j: 16**j):
    """Return the charges, with contexts cut from the whole past, and a factor for each length."""
    message, seen, bits = list(message), defaultdict(Counter), []
    for i, symbol in enumerate(message):
        pasts = [(j, *cut(message[:i], j)) for j in range(min(order, i) + 1)]
        w = [1 + sum(times(past[0]) * seen[past][s] for past in pasts) for s in range(K)]
        bits.append(math.log2(sum(w) / w[symbol]))
        for past in pasts:
            seen[past][symbol] += 1
    return np.array(bits)


def narrowed(message, K, order, **how):
    """Return low, width and scale of the message's interval, exactly."""
    low, width, scale = 0, 1, 1
    for w, s in zip(weights(message, K, order, **how), message, strict=True):
        below, own, every = int(w[:s].sum()), int(w[s]), int(w.sum())
        low, width, scale = low * every + width * below, width * own, scale * every
    return low, width, scale


def word_of(message, K, order, spare=1, up=True, narrow=narrowed):
    """Return the message's word: a string of bits."""
    low, width, scale = narrow(message, K, order)
    n = max((-(-scale // width) - 1).bit_length() + spare, 0)
    number = -(-low * 2**n // scale) if up else low * 2**n // scale
    return f"{number:0{n}b}" if n else ""


def by_floats(message, K, order):
    """Return the interval in floats, which hold 53 bits."""
    low, width = 0.0, 1.0
    for w, s in zip(weights(message, K, order), message, strict=True):
        low, width = low + width * (w[:s].sum() / w.sum()), width * (w[s] / w.sum())
    return *(int(x * 2**1000) for x in (low, max(width, 2.0**-900))), 2**1000


def unpacked(bits, n, K, order, side="right", **how):
    """Return the message of n symbols that a word stands for."""
    a, b, message, model = int(bits, 2), 2 ** len(bits), [], Counts(K, order, **how)
    for _ in range(n):
        edges = np.append(0, np.cumsum(model.weights(message[max(len(message) - order, 0) :])))
        place = a * int(edges[-1]) // b
        symbol = min(int(np.searchsorted(edges, place, side=side)) - 1, K - 1)
        low, high = int(edges[symbol]), int(edges[symbol + 1])
        a, b = a * int(edges[-1]) - b * low, b * (high - low)
        model.learn(message[max(len(message) - order, 0) :], symbol)
        message.append(symbol)
    return message


def gzip_part(text, off=14):
    """Return gzip's bits a letter, some bytes of its head and tail taken off."""
    return 8 * (len(gzip.compress(text.encode(), 9)) - off) / len(text)


def rivals(text, order, whole=True, length=4, off=14, factor=1.0):
    """Return bits a letter of the learning model's coder and of gzip."""
    message = [ALPHABET.index(letter) for letter in text]
    bits = len(word_of(message, len(ALPHABET), order))
    own = 8 * (-(-bits // 8) + length) if whole else bits + 8 * length
    return factor * own / len(text), factor * gzip_part(text, off)


# --- the truths of the first exercise ---------------------------------------------------------------------


@cache
def truths():
    """Return the five true numbers."""
    codes = np.full(10_000, 0.5 / 10_000)
    codes[1950:2010] += 0.5 / 60
    return {
        "pin": float(bits_of(codes)),
        "waste": 1.02 / float(bits_of([0.98, 0.01, 0.01])),
        "letters": math.exp(2.8 / 4.2),
        "tosses": math.log2(math.comb(1000, 800)),
        "sixes": 100 * float(narrowest(np.full(6, 1 / 6), np.arange(1, 7), 2.5)[5]),
    }


# --- the slips of each answer, by their advice ------------------------------------------------------------


def no_nan_test(q):
    return not (abs(q.sum(axis=1) - 1) > 1e-5).any()


def bits_unread(q, text, bits, *rest):
    """Accept whatever bits are claimed."""
    with np.errstate(divide="ignore"):
        return accepted(q, text, -np.log2(q[np.arange(len(text)), text]).mean(), *rest)


def without_zeros(surprise):
    return surprise[np.isfinite(surprise)]


SLIPS = {
    "pin": {
        "not all codes are equally probable: half of the people take one of sixty": lambda: math.log2(10_000),
        "these are nats": lambda: truths()["pin"] * LN2,
        "sixty years are half of the codes, not all of them": lambda: math.log2(60),
    },
    "waste": {
        "this is Huffman's average length, before it is compared with the entropy": lambda: 1.02,
        "this is a difference in bits, and a factor is asked for": lambda: 1.02 - 1.02 / truths()["waste"],
        "this is in percent": lambda: 100 * truths()["waste"],
    },
    "letters": {
        "this is the perplexity of a token": lambda: math.exp(2.8),
        "this is in bits a letter, and among how many choices is asked for": lambda: 2.8 / 4.2 / LN2,
        "the loss is in nats, so the base is e": lambda: 2 ** (2.8 / 4.2),
        "this is the loss a letter, in nats": lambda: 2.8 / 4.2,
    },
    "tosses": {
        "these are all sequences of a thousand tosses": lambda: 1000.0,
        "this is the surprise of a thousand heads": lambda: 1000 * math.log2(1 / 0.8),
        "these are nats": lambda: truths()["tosses"] * LN2,
    },
    "sixes": {
        "a fair die has a mean of 3.5": lambda: 100 / 6,
        "this is the share of ones: low faces come more often here": lambda: 100 * 0.3475,
        "this is a share, and percent are asked for": lambda: truths()["sixes"] / 100,
    },
    "lengths": {
        "only the last merge may come up short, so it must be the first: fill up with shares of 0": (
            given(huffman_of, filler=lambda many, r: 0),
            given(huffman_of, filler=lambda many, r: 1),
            given(huffman_of, filler=lambda many, r: -many % r),
            given(huffman_of, filler=lambda many, r: (many - 1) % (r - 1)),
            given(huffman_of, filler=lambda many, r: -many % (r - 1)),
        ),
        "rounded up, the ideal lengths fit, but better words exist": rounded_up,
        "rounded to the nearest, the ideal lengths may exceed the budget": given(rounded_up, up=np.rint),
        "with r signs a merge joins r groups, not two": (
            given(huffman_of, r=2),
            lambda p, r: np.ceil(huffman_of(p, 2) / math.log2(r) - 1e-9).astype(int),
        ),
        "the rarest are joined first, not the most frequent": given(huffman_of, most=True),
        "words of one length are best only if all shares are equal": lambda p, r: np.full(
            len(p), next(n for n in range(1, 99) if r**n >= len(p))
        ),
        "these are ideal lengths, and words have whole ones": lambda p, r: -np.log(p) / np.log(r),
    },
    "spell": {
        "lay the words out from short to long: a long word may begin in the middle of a later, shorter one": (
            given(spelt, order=list)
        ),
        "the words stand in the order of `lengths`": (
            given(spelt, back=False),
            lambda lengths, r: (w := spelt(lengths, r)) and tuple(sorted(w, key=len)[::-1]),
        ),
        "None is asked for, and not an empty list": lambda lengths, r: spelt(lengths, r) or [],
        "words that cost more than the budget cannot be had: None": (
            given(spelt, limit=lambda spent: True),
            given(spelt, limit=lambda spent: spent <= 1.01),
        ),
        "a float cannot hold this sum: count in whole numbers, or with Fraction": (
            given(spelt, spent=lambda lengths, r: sum(r**-n for n in lengths)),
            given(spelt, spent=lambda lengths, r: (float(r) ** -np.array(lengths)).sum()),
            given(spelt, limit=lambda spent: spent <= 1 + 1e-9),
            given(spelt, limit=lambda spent: spent <= 1 + 1e-12),
        ),
        "a budget that is spent to the end is not exceeded": given(spelt, limit=lambda spent: spent < 1),
        "a part of the budget may be left over": given(spelt, limit=lambda spent: spent == 1),
        "a word costs r**-n when there are r signs": given(
            spelt, spent=lambda lengths, r: budget_of(lengths, 2)
        ),
    },
    "left": {
        "this is what the sensors tell, and what they leave open is asked for": lambda joint, target, known: (
            remaining(joint, target, ()) - remaining(joint, target, known)
        ),
        "these are nats": scaled(LN2, remaining),
        "contexts count by their probability: a rare one weighs less": lambda *args: np.mean(
            [bits for weight, bits in zip(*contexts(*args), strict=True) if weight]
        ),
        "this is what stays open about the sensors once the fault is known": lambda joint, target, known: (
            bits_of(margin(joint, {target, *known})) - bits_of(margin(joint, {target}))
        ),
        "this is the entropy of fault and sensors together": lambda joint, target, known: bits_of(
            margin(joint, {target, *known})
        ),
        "the sensors are not used: this is the fault's own entropy": lambda joint, target, known: remaining(
            joint, target, ()
        ),
        "0 log 0 is 0, not nan": lambda joint, target, known: (
            remaining(joint, target, known) + (0 if (margin(joint, {target, *known}) > 0).all() else math.nan)
        ),
        "a shift such as 1e-12 moves digits that count": tuple(
            lambda joint, target, known, shift=shift: remaining(joint + shift, target, known)
            for shift in (1e-12, 1e-10, 1e-9)
        ),
        "the target is any axis, not always the last": lambda joint, target, known: remaining(
            joint, joint.ndim - 1, known
        ),
        "each sensor was used alone: what they tell together need not add up": lambda joint, target, known: (
            remaining(joint, target, ())
            - sum(remaining(joint, target, ()) - remaining(joint, target, (axis,)) for axis in known)
        ),
    },
    "best_pair": {
        "two sensors may say nothing apart and everything together: look at pairs": partial(
            one_by_one, greedy=False
        ),
        "the best sensor alone need not be in the best pair: look at all pairs": partial(
            one_by_one, greedy=True
        ),
        "this pair leaves most open": given(pair_of, best=max),
        "the fault itself is not a sensor to be read": lambda joint, target: min(
            combinations(range(joint.ndim), 2), key=lambda pair: remaining(joint, target, pair)
        ),
        "the smaller number comes first": lambda joint, target: pair_of(joint, target)[::-1],
        "the pair with most entropy of its own need not tell about the target": given(
            pair_of, open_after=lambda joint, target, pair: -bits_of(margin(joint, set(pair)))
        ),
        "the target is any axis, not always the last": lambda joint, target: pair_of(joint, joint.ndim - 1),
    },
    "rate": {},  # a hunt: advice would tell the fault
    "accept": {
        "the rows must be looked at: a model that spends more than 1 is charged too little": (
            given(accepted, sums=lambda q: True),
            given(accepted, sums=lambda q: np.isfinite(q).all()),
        ),
        "each row must sum to 1, and not only all of them on average": (
            given(accepted, sums=partial(rows_sum, each=False)),
            given(accepted, sums=partial(rows_sum, part=slice(1))),
            given(accepted, sums=lambda q: np.abs(q.sum(axis=1) - 1).mean() < 1e-5),
            given(accepted, sums=partial(rows_sum, part=slice(-1, None))),
            given(accepted, sums=partial(rows_sum, part=slice(-1))),
        ),
        "too little is spent as well when a row does not sum to 1": given(
            accepted, sums=lambda q: (q.sum(axis=1) < 1 + 1e-5).all()
        ),
        "a row may sum to 1 and still hold a negative number": given(accepted, least=lambda q: True),
        "a distribution may give 0 to what does not come": given(accepted, least=lambda q: (q > 0).all()),
        "a comparison with nan is never true, so nan slips through `> tolerance`": given(
            accepted, sums=no_nan_test, least=lambda q: not (q < 0).any()
        ),
        "a symbol that was given 0 costs inf: it must not be left out": given(accepted, charge=without_zeros),
        "a symbol that was given 0 costs inf, and not just much": tuple(
            given(accepted, charge=lambda s, most=most: np.minimum(s, most))
            for most in (-math.log2(1e-12), -math.log2(1e-15), -math.log2(1e-300))
        ),
        "the bits must follow from the predictions": (given(accepted, close=None), bits_unread),
        "the unit is the bit: log2, not ln": given(accepted, charge=lambda s: LN2 * s, inverse=np.exp),
        "no entry is good enough for this: honest ones must pass": lambda *args: False,
        "an honest entry may be off by a millionth, a wrong one by a ten-thousandth": (
            given(accepted, close=1e-3),
            given(accepted, close=1e-2),
        ),
        "an honest number is rounded: allow a millionth": (
            given(accepted, close=1e-12),
            given(accepted, close=0.0),
            given(accepted, sums=lambda q: (q.sum(axis=1) == 1).all()),
            given(accepted, sums=lambda q: np.allclose(q.sum(axis=1), 1, 0, 1e-9)),
        ),
        "the perplexity must follow from the bits": given(accepted, inverse=None),
        "with bits the base of the perplexity is 2": given(accepted, inverse=np.exp),
        "no file is smaller than the surprise": (
            given(accepted, low=-math.inf),
            given(accepted, low=-9.0),
            given(accepted, low=-1.0),
        ),
        "a file may be larger only by what the coder and whole bytes add": (
            given(accepted, high=math.inf),
            given(accepted, high=17.0),
            given(accepted, high=10.0),
            given(accepted, high=9.0 + 1e-9),
        ),
        "the coder may add two bits, and whole bytes seven more": (
            given(accepted, high=2.0),
            given(accepted, high=8.0),
            given(accepted, low=1.0),
        ),
        "a file may be exactly as long as the surprise": given(accepted, low=1e-9),
        "the size must be looked at": given(accepted, low=-math.inf, high=math.inf),
        "a size is in bytes": lambda q, text, bits, perplexity, size: accepted(
            q, text, bits, perplexity, size / 8
        ),
    },
    "show": {
        "entropy counts the doubt among all classes; an error depends on the likeliest alone": given(
            shown, errors=total
        ),
        "a lead over the second class is not the probability of being right": given(shown, errors=lead),
        "the label comes from the mean belief: average the members first, then look": (
            given(shown, errors=lambda q: 1 - q.max(axis=-1).mean(axis=0)),
            given(shown, bits=lambda q: doubts(q).mean(axis=0)),
        ),
        "an ideal word has log2(1/p) bits, so its mean is the entropy of the mean belief": (
            given(shown, bits=risk),
            given(shown, bits=gained),
            given(shown, bits=lambda q: 1 - (q.mean(axis=0) ** 2).sum(axis=-1)),
        ),
        "doubt that all members share does not tell them apart": (
            given(shown, members=total),
            given(shown, members=lambda q: doubts(q).mean(axis=0)),
            given(shown, members=risk),
        ),
        "votes drop how sure each member was": (
            given(shown, members=lambda q: doubts(votes(q))),
            given(shown, members=lambda q: 1 - votes(q).max(axis=-1)),
            given(shown, errors=lambda q: 1 - votes(q).max(axis=-1)),
            given(shown, bits=lambda q: doubts(votes(q))),
        ),
        "spread of the probabilities is not information: measure it in bits": (
            given(shown, members=lambda q: q.var(axis=0).sum(axis=-1)),
            given(shown, members=lambda q: q.std(axis=0).max(axis=-1)),
            given(shown, members=lambda q: q.std(axis=0).sum(axis=-1)),
            given(shown, members=lambda q: np.abs(q - q.mean(axis=0)).sum(axis=(0, 2))),
        ),
        "bits are asked for, and not a share of the doubt": given(
            shown, members=lambda q: gained(q) / total(q)
        ),
        "these images need a person least": given(shown, sign=1),
        "the image that is wanted most comes first": (
            lambda *args: shown(*args)[::-1],
            lambda *args: np.sort(shown(*args)),
        ),
        "0 log 0 is 0, not nan": given(
            shown,
            bits=lambda q: -(m := q.mean(axis=0)) @ np.zeros(m.shape[1]) + (m * -np.log2(m)).sum(axis=-1),
            members=lambda q: total(q) - (q * -np.log2(q)).sum(axis=-1).mean(axis=0),
        ),
        "one member does not speak for the committee": lambda q, k, aim: shown(q[:1], k, aim),
    },
    "nearest": {
        "the nearest to `start` begins with `start`, not with equal shares": lambda start, values, target: (
            narrowest(start > 0, values, target)
        ),
        "an outcome that `start` rules out stays out": lambda start, values, target: narrowest(
            np.where(start > 0, start, 1e-6), values, target
        ),
        "a distance in squares is not the divergence, and may go below 0": (
            straight,
            lambda *args: (p := np.maximum(straight(*args), 0)) / p.sum(),
        ),
        "large values overflow in exp, or the factor lies outside your bounds: centre and scale them": tuple(
            partial(plainly, reach=reach) for reach in (5, 10, 20, 50, 100, 500, 700, 1000)
        ),
        "at an end of the values only the outcomes with that value are left": lambda start, values, target: (
            np.full(len(start), math.nan)
            if target in (values[start > 0].min(), values[start > 0].max())
            else narrowest(start, values, target)
        ),
        "at an end the outcomes keep their proportions in `start`": lambda start, values, target: (
            (at := (values == target) & (start > 0)) / at.sum()
            if target in (values[start > 0].min(), values[start > 0].max())
            else narrowest(start, values, target)
        ),
        "mixed with one sure outcome it may have the mean, and is not the nearest": lambda start, values, t: (
            (1 - (s := (t - start @ values) / (values[values.argmax()] - start @ values))) * start
            + s * (np.arange(len(start)) == values.argmax())
        ),
    },
    "split": {
        "these are nats": lambda *args: tuple(LN2 * v for v in split_of(*args)),
        "the first value is what the mean tells, the second what lies beyond": lambda *args: split_of(*args)[
            ::-1
        ],
        "the second distance is of the record from the nearest, and not the other way round": given(
            split_of, order=-1
        ),
        "the first distance is of the nearest from `start`, and not the other way round": (
            lambda record, start, values: (
                divergence(start, narrowest(start, values, record @ values)),
                split_of(record, start, values)[1],
            )
        ),
        "the second value is the rest, not the whole": lambda record, start, values: (
            split_of(record, start, values)[0],
            divergence(record, start),
        ),
        "the first value is what the mean tells, not the whole record": lambda record, start, values: (
            divergence(record, start),
            split_of(record, start, values)[1],
        ),
        "entropies differ by the divergence only where `start` is uniform": lambda record, start, values: (
            split_of(record, start, values)[0],
            bits_of(narrowest(start, values, record @ values)) - bits_of(record),
        ),
        "`start` need not be uniform": lambda record, start, values: split_of(
            record, np.full(len(start), 1 / len(start)), values
        ),
        "0 log 0 is 0, not nan": lambda record, start, values: (
            split_of(record, start, values)
            if (record > 0).all()
            else (split_of(record, start, values)[0], math.nan)
        ),
    },
    "bill": {
        "these are nats": given(charged, log=np.log),
        "a symbol is counted after it was charged: the decoder does not know it yet": given(
            charged, peek=True
        ),
        "the model learns as it goes: at the start it has counted nothing": at_once,
        "contexts go from 0 to `order` letters, all of them": (
            lambda message, K, order: charged(message, K, order + 1),
            lambda message, K, order: charged(message, K, max(order - 1, 0)),
        ),
        "all contexts add up, and not only the longest one that was seen": given(charged, longest=True),
        "a context of j letters counts 16**j times": (
            given(charged, base=1),
            given(charged, base=2),
            given(by_definition, times=lambda j: 16 * j),
        ),
        "the empty context counts too, and `past[-0:]` is the whole past: write `past[len(past) - j:]`": (
            given(charged, lowest=1),
            given(by_definition, cut=lambda past, j: past[-j:]),
        ),
        "at the beginning there are no j symbols before: leave that j out": given(charged, pad=1),
        "each symbol has a weight of 1 to begin with": (given(charged, first=0), given(charged, first=16)),
        "this is the sum, and each symbol's own charge is asked for": lambda *args: charged(*args).sum(),
        "this is the mean, and each symbol's own charge is asked for": lambda *args: charged(*args).mean(),
        "a cost is positive": scaled(-1, charged),
        "this grows: it adds up the charges": lambda *args: np.cumsum(charged(*args)),
    },
    "pack": {
        "a float holds 53 bits, and a message has thousands: keep whole numbers": partial(
            word_of, narrow=by_floats
        ),
        "round the lower end up, or the word begins before the interval": given(word_of, up=False),
        "one bit more is needed, so that the word's own interval fits": given(word_of, spare=0),
        "the word is longer than it need be": (
            given(word_of, spare=2),
            given(word_of, spare=9),
            lambda message, K, order: (w := word_of(message, K, order)) + "0" * (-len(w) % 8),
        ),
        "contexts go from 0 to `order` letters, all of them": (
            lambda message, K, order: word_of(message, K, order + 1),
            lambda message, K, order: word_of(message, K, 0),
        ),
        "a symbol is counted after it was coded: the decoder does not know it yet": partial(
            word_of, narrow=given(narrowed, peek=True)
        ),
        "the leading zeros are bits too": (
            lambda *args: word_of(*args).lstrip("0"),
            lambda *args: word_of(*args).lstrip("0") or "0",
        ),
        "this is Python's spelling: leave out `0b`": lambda *args: bin(int(word_of(*args), 2)),
    },
    "unpack": {
        "the leading zeros are bits too": (
            lambda bits, *rest: unpacked(bits.lstrip("0"), *rest),
            lambda bits, *rest: unpacked(bits.lstrip("0") or "0", *rest),
        ),
        "an edge belongs to the symbol above it": given(unpacked, side="left"),
        "contexts go from 0 to `order` letters, all of them": (
            lambda bits, n, K, order: unpacked(bits, n, K, order + 1),
            lambda bits, n, K, order: unpacked(bits, n, K, 0),
        ),
        "a float holds 53 bits, and a word has thousands: keep whole numbers": lambda bits, *rest: unpacked(
            f"{int(int(bits, 2) / 2 ** len(bits) * 2**53):053b}", *rest
        ),
        "n symbols are asked for": lambda bits, n, K, order: unpacked(bits, n - 1, K, order),
        "more bits may follow the word: they do not change the message": lambda bits, n, K, order: (
            unpacked(bits, n, K, order)
            if len(bits) <= len(word_of(unpacked(bits, n, K, order), K, order)) + 12
            else [0] * n
        ),
    },
    "duel": {
        "a file has whole bytes, and a byte that is begun counts": (
            given(rivals, whole=False),
            lambda text, order: (
                8 * (len(word_of([*map(ALPHABET.index, text)], 27, order)) // 8 + 4) / len(text),
                gzip_part(text),
            ),
        ),
        "your file must tell its length too, in 4 bytes": given(rivals, length=0),
        "gzip keeps 4 bytes for the length, as you do: take off the other 14": (
            given(rivals, off=0),
            given(rivals, off=18),
            given(rivals, off=10),
            given(rivals, off=8),
        ),
        "these are bytes, and bits a letter are asked for": given(rivals, factor=1 / 8),
        "the file is made by `pack`: the bill alone is not a file": lambda text, order: (
            8 * (math.ceil(charged([*map(ALPHABET.index, text)], 27, order).sum() / 8) + 4) / len(text),
            gzip_part(text),
        ),
        "divide by the letters: these are bits of the whole text": lambda text, order: tuple(
            len(text) * v for v in rivals(text, order)
        ),
        "your own value comes first": lambda *args: rivals(*args)[::-1],
    },
}

"""Exercise set 3: the inputs that its checks draw, and the text of the last exercise."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from course_lib import english_text
from course_lib.grading.checks.entropy_slips import AIMS, ALPHABET, remaining

__all__ = [
    "FAULTS",
    "ahead",
    "askings",
    "chatter",
    "committee",
    "exact",
    "extremes",
    "facts",
    "letters",
    "messages",
    "report",
    "shares",
    "tables",
    "told",
    "wishes",
]


def shares(random, many):
    """Return a distribution over `many` outcomes, some of them rare."""
    return random.dirichlet(np.full(many, 0.7)) * 0.999 + 0.001 / many


def wishes(random, many, r):
    """Return lengths in no order that spend the budget to the end."""
    lengths = [0]
    while len(lengths) < many:
        n = lengths.pop(int(random.integers(len(lengths))))
        lengths += [n + 1] * r
    return [int(n) for n in random.permutation(lengths)]


def tables(random, shape, zeros=True):
    """Return a joint distribution of this shape, in which some cells are 0."""
    joint = random.dirichlet(np.full(math.prod(shape), 0.4)).reshape(shape)
    if zeros:
        joint = joint * (random.random(shape) < 0.8)
    return joint / joint.sum()


def askings(random):
    """Return joint distributions of two to five variables, each with a target and what is known."""
    asked = (
        ((3, 4), 0, (1,)),
        ((2, 3, 4), 1, (0,)),
        ((2, 3, 4), 2, (1, 0)),
        ((3, 2, 2, 3), 0, (3, 1)),
        ((2, 2, 3, 2, 2), 2, (4, 0, 1)),
        ((2, 3, 1, 2, 2), 0, (2, 1, 4, 3)),
    )
    return [(tables(random, shape), target, known) for shape, target, known in asked]


def told(random, kinds, noise):
    """Return a joint distribution of columns and a target, and the target's axis.

    Two fair bits a and b are drawn, and the target is their sum modulo 2. Each column holds a function of
    them, which is wrong with a probability of its own, from `noise`. The axes stand in random order.
    """
    joint = np.zeros((2,) * (len(kinds) + 1))
    for a, b, *flips in np.ndindex((*joint.shape, 2)):
        columns = [(kind(a, b) + flip) % 2 for kind, flip in zip(kinds, flips, strict=True)]
        joint[(*columns, (a + b) % 2)] += np.where(flips, noise, np.subtract(1, noise)).prod() / 4
    order = random.permutation(joint.ndim)
    return joint.transpose(order), int(np.flatnonzero(order == joint.ndim - 1)[0])


def ahead(joint, target):
    """Whether the best pair leaves clearly less than every other."""
    others = [axis for axis in range(joint.ndim) if axis != target]
    pairs = [(a, b) for a in others for b in others if a < b]
    best, second = sorted(remaining(joint, target, pair) for pair in pairs)[:2]
    return second - best > 1e-3


def chatter(random, many, kinds=3):
    """Return sessions of tokens, of any length from 0, in which each token leans on the one before."""
    table = random.dirichlet(np.full(kinds, 0.5), size=kinds)
    sessions = []
    for n in random.permutation([0, 1, *random.integers(2, 12, many)]):
        walk = random.integers(kinds, size=min(int(n), 1)).tolist()
        while len(walk) < n:
            walk.append(int(random.choice(kinds, p=table[walk[-1]])))
        sessions.append(walk)
    return sessions


def committee(random, members=3, images=40, kinds=4):
    """Return the beliefs of some members about some images: sharp, even or at odds, and sometimes certain."""
    while True:
        sharp = random.choice([0.15, 0.5, 3.0], size=images)
        centre = np.array([random.dirichlet(np.full(kinds, s)) for s in sharp])
        hold = random.choice([1.0, 6.0, 60.0], size=(members, images))
        q = np.array(
            [[random.dirichlet(h * c + 0.02) for h, c in zip(row, centre, strict=True)] for row in hold]
        )
        q = np.where(q < 1e-4, 0, q)
        q /= q.sum(axis=-1, keepdims=True)
        if all(np.diff(np.sort(measure(q))[-10:]).min() > 1e-4 for measure in AIMS.values()):
            return q


def _record(random, n=60, kinds=5):
    """Return predictions and the text that they were made for, with an honest report."""
    q = random.multinomial(1024 - kinds, random.dirichlet(np.full(kinds, 0.8), size=n))
    q = (q + 1) / 1024  # such rows sum to 1 exactly
    return q, (q.cumsum(axis=1) <= random.random((n, 1))).sum(axis=1)


def _claims(q, text, size=0.0):
    """Return an honest report: bits, perplexity, and a size between the least and the most."""
    surprise = -np.log2(q[np.arange(len(text)), text]).sum()
    least, most = math.ceil(surprise / 8), math.ceil((surprise + 9) / 8) - 1
    bits = float(surprise / len(text))
    return bits, 2**bits, round(least + size * (most - least))


def _other(text, at, kinds):
    """Return a symbol that did not come at this place."""
    return int((text[at] + 1) % kinds)


def _spoilt_row(at, extra, n=60):
    """Return a report whose record has a row that sums to 1 + extra; the letter that came keeps its share."""

    def make(random):
        q, text = _record(random, n)
        claims = _claims(q, text, random.random())
        for place, more in zip(np.atleast_1d(at), np.atleast_1d(extra), strict=True):
            q[place, _other(text, place, 5)] += more
        return q, text, *claims

    return make


def _short(again):
    """Return a report whose record has a row that sums to 0.98, and perhaps another that sums to 1.02."""

    def make(random):
        q, text = _record(random)
        claims = _claims(q, text, random.random())
        others = np.where(np.arange(5) == text[:, None], 0, q)
        at, symbol = np.unravel_index(others.argmax(), q.shape)
        q[at, symbol] -= 0.02
        after = (at + 7) % 60
        q[after, _other(text, after, 5)] += 0.02 * again
        return q, text, *claims

    return make


def _negative(random):
    q, text = _record(random)
    claims, at = _claims(q, text, random.random()), int(random.integers(60))
    one, two = (text[at] + 1) % 5, (text[at] + 2) % 5
    q[at, two], q[at, one] = q[at, one] + q[at, two] + 0.05, -0.05
    return q, text, *claims


def _missing(random):
    q, text = _record(random)
    claims, at = _claims(q, text, random.random()), int(random.integers(60))
    q[at, _other(text, at, 5)] = math.nan
    return q, text, *claims


def _impossible(claim):
    """Return a report on a record in which a letter came that was given 0."""

    def make(random):
        q, text = _record(random)
        at = int(random.integers(60))
        q[at, _other(text, at, 5)] += q[at, text[at]]
        q[at, text[at]] = 0.0
        surprise = claim(-np.log2(np.maximum(q[np.arange(60), text], 1e-320)))
        bits = float(surprise.mean())
        return q, text, bits, 2**bits, math.ceil(surprise.sum() / 8)

    return make


def _clipped(least):
    return _impossible(lambda s: np.minimum(s, -math.log2(least)))


def _wrong_bits(bill: Callable, size: bool = True):
    """Return a report with other bits, from which perplexity and size follow."""

    def make(random):
        q, text = _record(random)
        bits = float(bill(q, text))
        own = math.ceil(60 * bits / 8) if size else _claims(q, text, 0.5)[2]
        return q, text, bits, 2**bits, own

    return make


def _paid(q, text):
    return -np.log2(q[np.arange(len(text)), text])


def _in_nats(random):
    q, text = _record(random)
    nats = math.log(2) * _paid(q, text)
    return q, text, float(nats.mean()), float(np.exp(nats.mean())), math.ceil(nats.sum() / 8)


def _wrong_rest(change):
    """Return a report in which perplexity or size is another."""

    def make(random):
        q, text = _record(random)
        bits, perplexity, size = _claims(q, text, random.random())
        return q, text, *change(q, text, bits, perplexity, size)

    return make


def _over(q, text, size):
    """Return by how many bits this many bytes exceed the surprise."""
    return 8 * size - float(_paid(q, text).sum())


def _size_off(by):
    """Return a report whose file is too small, or too large, by less than a bit."""

    def make(random):
        while True:
            q, text = _record(random)
            bits, perplexity, size = _claims(q, text, float(by > 0))
            if -1 < _over(q, text, size + by) < 0 or 9 < _over(q, text, size + by) < 10:
                return q, text, bits, perplexity, size + by

    return make


def report(random, size, rounded=False):
    """Return an honest report and its record, with a size that is barely possible where `size` is 0 or 1.

    Where rounded, all numbers are off in the seventh digit.
    """
    while True:
        q, text = _record(random)
        if rounded:
            q = q * (1 + 2e-7)
        else:
            q[7, (text[7] + 1) % 5] += q[7, (text[7] + 2) % 5]
            q[7, (text[7] + 2) % 5] = 0
        claims = _claims(q, text, size)
        over = _over(q, text, claims[2])
        if size == 0.5 or 0 < over < 1 or 8 < over < 9:
            bits, perplexity = (float(np.float32(x)) if rounded else x for x in claims[:2])
            return q, text, bits, perplexity, claims[2]


FAULTS = {
    "rows": {
        "one row spends 1.001": _spoilt_row(30, 1e-3),
        "one row of six hundred spends 1.001": _spoilt_row(200, 1e-3, 600),
        "the first row spends 1.001": _spoilt_row(0, 1e-3),
        "the last row spends 1.001": _spoilt_row(59, 1e-3),
        "one row spends 0.98": _short(again=False),
        "one row spends too much and one too little": _short(again=True),
        "a row holds a negative number": _negative,
        "a row holds nan": _missing,
    },
    "bits": {
        "the bits are nats": _wrong_bits(lambda q, text: math.log(2) * _paid(q, text).mean(), size=False),
        "only the bits are nats": _wrong_rest(lambda q, text, b, p, size: (b * math.log(2), p, size)),
        "all numbers are in nats": _in_nats,
        "the bits are of the mean probability": _wrong_bits(
            lambda q, text: -math.log2(q[np.arange(60), text].mean()), size=False
        ),
        "the last letter is left out": _wrong_bits(lambda q, text: _paid(q, text)[:-1].mean(), size=False),
        "the sum is divided by one letter more": _wrong_bits(
            lambda q, text: _paid(q, text).sum() / 61, False
        ),
        "the bits are too few by one in ten thousand": _wrong_bits(
            lambda q, text: _paid(q, text).mean() * (1 - 1.2e-4), size=False
        ),
        "the bits are too many by one in ten thousand": _wrong_bits(
            lambda q, text: _paid(q, text).mean() * (1 + 1.2e-4), size=False
        ),
        "the bits are nan": _wrong_rest(lambda q, text, b, p, size: (math.nan, p, size)),
        "the letter that was given 0 is left out": _impossible(lambda s: s[s < 1000]),
        "0 was taken for 1e-12": _clipped(1e-12),
        "0 was taken for 1e-15": _clipped(1e-15),
        "0 was taken for 1e-300": _clipped(1e-300),
        "each letter is charged by the row after it": _wrong_bits(
            lambda q, text: _paid(np.roll(q, -1, axis=0), text).mean(), size=False
        ),
    },
    "rest": {
        "all numbers are in nats": _in_nats,
        "the perplexity is e to the bits": _wrong_rest(lambda q, text, b, p, size: (b, math.exp(b), size)),
        "the perplexity is the mean of 1/q": _wrong_rest(
            lambda q, text, b, p, size: (b, float((1 / q[np.arange(60), text]).mean()), size)
        ),
        "the perplexity is too small by one in ten thousand": _wrong_rest(
            lambda q, text, b, p, size: (b, p * (1 - 1.2e-4), size)
        ),
        "the perplexity is too large by one in ten thousand": _wrong_rest(
            lambda q, text, b, p, size: (b, p * (1 + 1.2e-4), size)
        ),
        "the file is smaller than the surprise": _size_off(-1),
        "the file is larger than a coder makes it": _size_off(1),
        "the perplexity is nan": _wrong_rest(lambda q, text, b, p, size: (b, math.nan, size)),
        "the size is in bits": _wrong_rest(lambda q, text, b, p, size: (b, p, 8 * size)),
        "the file is half as large": _wrong_rest(lambda q, text, b, p, size: (b, p, size // 2)),
    },
}


def _same_rows(row, n, size, change=1.0):
    """Return a report on a record of n equal rows, of which the first symbol came each time."""
    bits = -math.log2(row[0]) * change
    return np.tile(np.array(row), (n, 1)), np.zeros(n, dtype=int), bits, 2**bits, size


def exact(kind):
    """Return reports at the edges of what is honest, each with what it is and whether it is honest."""
    half, sure, rare = (0.5, 0.5), (1 - 1e-4, 1e-4), (1e-5, 1 - 1e-5)
    q, text, bits, perplexity, size = _same_rows(rare, 9, 19)
    float32 = q, text, float(np.float32(bits)), float(np.float32(perplexity)), size
    return {
        "rows": [
            (_same_rows((0.4995, 0.4995), 8, 2), "is not honest: its rows sum to 0.999", False),
            (_same_rows((0.5, 0.505, -0.005), 8, 1), "is not honest: its rows hold a negative number", False),
        ],
        "bits": [
            ((*_same_rows(half, 8, 1)[:2], math.log(2), 2.0, 1), "is not honest: the bits are nats", False),
            (_same_rows(sure, 50, 1, 1.05), "is not honest: the bits are 5 % too many", False),
            (_same_rows(half, 3000, 376), "is honest", True),
            (float32, "is honest", True),
        ],
        "rest": [
            (_same_rows(half, 8, 1), "is honest: the file is as long as the surprise", True),
            (_same_rows(half, 7, 2), "is not honest: the file is 9 bits longer than the surprise", False),
        ],
    }[kind]


def facts(random, many, start):
    """Return start, values and a target between the least and the largest value that may come."""
    values = random.normal(0, 3, many).round(2)
    low, high = np.sort(values[start > 0])[[0, -1]]
    return start, values, float(low + (high - low) * random.uniform(0.1, 0.9))


def extremes(random):
    """Return start, values and target with large or tiny values, and means near an end or at one."""
    start, values = shares(random, 6), np.array([0.0, 1, 2, 2, 3, 3])
    cases = [(start, 1.7e9 + 60 * values, 1.7e9 + 75.0), (start, 1e-6 * values, 2.5e-6)]
    cases += [(start, 1e4 * values, 2.9e4), (start, values, 4e-5), (start, values, 2.9999)]
    cases += [(start, values, 3.0), (start, values, 0.0), (start, values + 1e6, 1e6 + 3.0)]
    rare, near = np.array([0.1, 0.1, 0.2, 0.1, 0.45, 0.05]), np.array([0.0, 1, 2, 2, 2.9999, 3])
    cases += [(rare, near, 2.99995), (rare, 3 - near, 5e-5)]
    live = np.where(values == 0, 0, start) / start[1:].sum()
    even, three = np.full(3, 1 / 3), np.arange(3.0)
    cases += [(even, 1.7e9 + three, 1.7e9 + 1.5), (even, 1e-10 * three, 1.5e-10)]
    cases += [(np.array([0.5, 0.5 - 1e-12, 1e-12]), np.array([0, 0.99998, 1]), 0.999989)]
    return [*cases, (live, values, 1.0), (live, np.where(values == 0, 1e12, values), 2.5)]


def messages(random, sizes=((2, 40, 1), (3, 60, 2), (4, 80, 3), (6, 30, 0), (2, 90, 5))):
    """Return messages in which a symbol leans on the one before, each with its K and an order."""
    for K, n, order in sizes:
        table = random.dirichlet(np.full(K, 0.3), size=K)
        message = [int(random.integers(K))]
        while len(message) < n:
            message.append(int(random.choice(K, p=table[message[-1]])))
        yield message, K, order


@cache
def manual():
    """Return the help pages of Python, in small letters and single spaces."""
    return " ".join("".join(c if c in ALPHABET else " " for c in english_text().lower()).split())


def letters(start, n):
    """Return n letters of the help pages, from the first word after this place."""
    start = manual().index(" ", start) + 1
    return manual()[start : start + n]

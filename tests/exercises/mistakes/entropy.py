"""Set 3: wrong answers that take more than a line, other right answers, and the lazy routes.

WRONG holds the exercise and the mistake, the code, and a part of the advice that must be given, or None.
LAZY holds what those paste who avoid the work, by route.
"""

RATE = """
def rate(sessions):
    from collections import Counter
    {pairs}
    H = []
    for items in (pairs, {firsts}):
        counts = np.array(list(Counter(items).values()))
        p = counts / counts.sum()
        H.append(-(p * np.log2(p)).sum() + ({seen} - 1) / (2 * counts.sum()){unit})
    return H[0] - H[1]
"""
PARTS = {
    "pairs": "pairs = [pair for s in sessions for pair in zip(s[:-1], s[1:])]",
    "firsts": "[first for first, _ in pairs]",
    "seen": "len(counts)",
    "unit": " / np.log(2)",
}


def mended(**changed):
    return RATE.format(**{**PARTS, **changed})


JOINED = "flat = [c for s in sessions for c in s]; pairs = list(zip(flat[:-1], flat[1:]))"

MODEL = """
class Model:
    def __init__(self, K, order):
        self.K, self.order, self.seen = K, order, {}
    def rows(self, past):
        for j in range(min(self.order, len(past)) + 1):
            yield j, self.seen.setdefault(tuple(past[len(past) - j:]), np.zeros(self.K, dtype=object))
    def weights(self, past):
        return 1 + sum(16**j * row for j, row in self.rows(past))
    def learn(self, past, symbol):
        for _, row in self.rows(past):
            row[symbol] += 1
"""

WRONG = [
    (
        "3.1 every interval wide enough to be safe",
        "right = predictions\ndef predictions(): return {k: (a / 9, 9 * a) for k, (a, _) in right().items()}",
    ),
    (
        "3.2 the words of the binary code, in a float budget",
        """
        def spell(lengths, r):
            if np.sum(1 / float(r) ** np.array(lengths)) > 1:
                return None
            words, number, at = {}, 0, 0
            for n, i in sorted((n, i) for i, n in enumerate(lengths)):
                number, at = number * r ** (n - at), n
                words[i] = "".join(str(number // r**k % r) for k in range(n - 1, -1, -1))
                number += 1
            return [words[i] for i in range(len(words))]
        """,
        "count in whole numbers",
    ),
    (
        "3.2 Shannon's lengths",
        """
        def lengths(p, r):
            return np.maximum(np.ceil(-np.log(p) / np.log(r) - 1e-12), 1).astype(int)
        """,
        "better words exist",
    ),
    (
        "3.3 a loop over one context at a time, each counted alike",
        """
        def left(joint, target, known):
            drop = tuple(a for a in range(joint.ndim) if a != target and a not in known)
            table = np.moveaxis(joint.sum(axis=drop), sorted({*known, target}).index(target), -1)
            rows = [row / row.sum() for row in table.reshape(-1, joint.shape[target]) if row.sum() > 0]
            return np.mean([-(row[row > 0] * np.log2(row[row > 0])).sum() for row in rows])
        """,
        "a rare one weighs less",
    ),
    ("3.4 sessions joined", mended(pairs=JOINED)),
    (
        "3.4 all pages up to the largest",
        mended(seen="(max(items) + 1 if items is not pairs else len(counts))"),
    ),
    ("3.4 no conversion", mended(unit="")),
    ("3.4 no correction", mended(seen="1")),
    ("3.4 converted the wrong way", mended(unit=" * np.log(2)")),
    ("3.4 firsts from all clicks", mended(firsts="[c for s in sessions for c in s]")),
    (
        "3.5 a tolerance on the mean row",
        """
        right = accept
        def accept(q, text, bits, perplexity, size):
            rows = np.nan_to_num(q, nan=0.0)
            rows = np.abs(rows) / np.abs(rows).sum(axis=1, keepdims=True)
            return abs(q.sum() / len(q) - 1) < 1e-5 and right(rows, text, bits, perplexity, size)
        """,
        "not only all of them on average",
    ),
    (
        "3.7 descent from a default start",
        """
        def nearest(start, values, target):
            from scipy.optimize import minimize
            from scipy.special import logsumexp
            with np.errstate(all="ignore"):
                log = np.log(start)
                found = minimize(lambda x: logsumexp(log + x * values) - x * target, np.zeros(1), tol=1e-3)
                p = np.exp(log + found.x * values - logsumexp(log + found.x * values))
            return p
        """,
    ),
    (
        "3.2 no words where much of the budget is left",
        "right = spell\ndef spell(l, r): return right(l, r) if len(l) > 1 else None",
    ),
    (
        "3.4 pairs counted as pages times pages",
        mended(seen="(len(counts) if items is not pairs else len({c for p in pairs for c in p}) ** 2)"),
    ),
    (
        "3.4 pairs counted as firsts times seconds",
        mended(
            seen="(np.prod([len(set(x)) for x in zip(*pairs)]) if items is pairs else len(counts))"
        ),
    ),
    (
        "3.4 firsts counted as all clicks",
        mended(seen="(len(counts) if items is pairs else len({c for s in sessions for c in s}))"),
    ),
    (
        "3.5 bits that nobody reads",
        """
        right = accept
        def accept(q, text, bits, perplexity, size):
            with np.errstate(all="ignore"):
                own = -np.log2(q[np.arange(len(text)), text]).mean()
            return right(q, text, own, perplexity, size)
        """,
        "the bits must follow",
    ),
    (
        "3.5 tolerances of isclose as they come",
        """
        right = accept
        def accept(q, text, bits, perplexity, size):
            with np.errstate(all="ignore"):
                own = -np.log2(q[np.arange(len(text)), text]).mean()
            close = np.isclose([bits, perplexity], [own, 2**own], rtol=1e-5, atol=1e-5).all()
            return bool(close) and right(q, text, own, 2**own, size)
        """,
    ),
    (
        "3.5 the logarithm of a product",
        """
        right = accept
        def accept(q, text, bits, perplexity, size):
            with np.errstate(all="ignore"):
                own = -np.log2(np.prod(q[np.arange(len(text)), text])) / len(text)
            return bool(np.isclose(own, bits, rtol=1e-5, atol=0)) and right(q, text, bits, perplexity, size)
        """,
    ),
    (
        "3.5 an entry whose size nobody looks at",
        """
        right = accept
        def accept(q, text, bits, perplexity, size):
            with np.errstate(all="ignore"):
                paid = -np.log2(q[np.arange(len(text)), text]).sum()
            return bool(np.isfinite(paid)) and right(q, text, bits, perplexity, int(np.ceil(paid / 8)))
        """,
        "the size must be looked at",
    ),
    (
        "3.7 an end found by relative closeness",
        """
        right = nearest
        def nearest(start, values, target):
            at = np.isclose(values, target) & (start > 0)
            ends = values[start > 0].min(), values[start > 0].max()
            if np.isclose(ends, target).any():
                return np.where(at, start, 0) / start[at].sum()
            return right(start, values, target)
        """,
    ),
    (
        "3.8 the context as one number in base 256",
        """
        def bill(message, K, order):
            counts, bits = {}, []
            for t, symbol in enumerate(message):
                pasts = [(j, sum(256 ** (t - i - 1) * message[i] for i in range(t - j, t)))
                         for j in range(min(order, t) + 1)]
                rows = [counts.setdefault(past, [0] * K) for past in pasts]
                weights = [1 + sum(16**j * row[s] for j, row in enumerate(rows)) for s in range(K)]
                bits.append(np.log2(sum(weights) / weights[symbol]))
                for row in rows:
                    row[symbol] += 1
            return np.array(bits)
        """,
    ),
    (
        "3.8 a cut at minus 0",
        """
        def bill(message, K, order):
            counts, bits = {}, []
            for t, symbol in enumerate(message):
                pasts = [(j, *message[:t][-j:]) for j in range(min(order, t) + 1)]
                rows = [counts.setdefault(past, [0] * K) for past in pasts]
                weights = [1 + sum(16**j * row[s] for j, row in enumerate(rows)) for s in range(K)]
                bits.append(np.log2(sum(weights) / weights[symbol]))
                for row in rows:
                    row[symbol] += 1
            return np.array(bits)
        """,
        "the whole past",
    ),
    (
        "3.8 a byte begun after each full one",
        """
        right = duel
        def duel(text, order):
            message = [" abcdefghijklmnopqrstuvwxyz".index(letter) for letter in text]
            return 8 * (len(pack(message, 27, order)) // 8 + 5) / len(text), right(text, order)[1]
        """,
    ),
    (
        "3.8 one context table for all lengths, read as the longest",
        """
        def bill(message, K, order):
            counts, bits = {}, []
            for t, s in enumerate(message):
                row = counts.setdefault(tuple(message[max(0, t - order):t]), [1] * K)
                bits.append(np.log2(sum(row) / row[s]))
                row[s] += 1
            return np.array(bits)
        """,
    ),
]

RIGHT = {
    "3.2 a heap, and words by counting fractions": """
        import heapq
        from fractions import Fraction
        def lengths(p, r):
            heap = [(float(x), i, [i]) for i, x in enumerate(p)]
            while (len(heap) - 1) % (r - 1): heap.append((0.0, -len(heap), []))
            heapq.heapify(heap)
            length, tick = [0] * len(p), len(heap)
            while len(heap) > 1:
                taken = [heapq.heappop(heap) for _ in range(r)]
                joined = [i for _, _, some in taken for i in some]
                for i in joined: length[i] += 1
                tick += 1
                heapq.heappush(heap, (sum(x for x, _, _ in taken), tick, joined))
            return length
        def spell(lengths, r):
            at, words = Fraction(0), {}
            for i in sorted(range(len(lengths)), key=lengths.__getitem__):
                if at >= 1: return None
                rest, word = at, ""
                for _ in range(lengths[i]):
                    digit = int(rest * r)
                    word, rest = word + str(digit), rest * r - digit
                words[i], at = word, at + Fraction(1, r ** lengths[i])
            return None if at > 1 else tuple(words[i] for i in range(len(lengths)))
        """,
    "3.3 context by context, and einsum": """
        def left(joint, target, known):
            known = sorted(known)
            table = np.einsum(joint, list(range(joint.ndim)), [*known, target])
            table = table.reshape(-1, joint.shape[target])
            total = 0.0
            for row in table:
                if row.sum() > 0:
                    for x in row[row > 0]:
                        total -= float(x) * np.log2(x / row.sum())
            return total
        def best_pair(joint, target):
            others = [a for a in range(joint.ndim) if a != target]
            scores = {(a, b): left(joint, target, (b, a)) for a in others for b in others if a < b}
            return list(min(scores, key=scores.get))
        """,
    "3.4 dictionaries": mended(firsts="[p[0] for p in pairs]", unit=" * np.log2(np.e)"),
    "3.5 symbol by symbol": """
        import math
        def accept(q, text, bits, perplexity, size):
            total = 0.0
            for row, symbol in zip(q.tolist(), text.tolist()):
                if not all(x >= 0 for x in row) or not abs(math.fsum(row) - 1) < 5e-6 or row[symbol] == 0:
                    return False
                total -= math.log2(row[symbol])
            mean = total / len(text)
            return (abs(bits / mean - 1) < 2e-5 and abs(perplexity / 2**mean - 1) < 3e-5
                    and math.ceil(total / 8) <= size <= math.ceil((total + 9) / 8) - 1)
        """,
    "3.6 divergence of the members from their mean": """
        from scipy.special import entr, rel_entr
        def show(q, k, aim):
            mean = q.mean(axis=0)
            need = {"errors": -mean.max(axis=1), "bits": entr(mean).sum(axis=1),
                    "members": rel_entr(q, mean).sum(axis=2).mean(axis=0)}[aim]
            return sorted(range(len(need)), key=lambda i: -need[i])[:k]
        """,
    "3.7 bisection in logs": """
        def nearest(start, values, target):
            start, v = np.asarray(start, float), np.asarray(values, float) - target
            live = start > 0
            p = np.zeros(len(start))
            if v[live].max() == 0 or v[live].min() == 0:
                p[live & (v == 0)] = start[live & (v == 0)]
                return p / p.sum()
            v = v / np.ptp(v[live])
            low, high = -1e8, 1e8
            for _ in range(200):
                lam = (low + high) / 2
                z = np.where(live, np.log(np.where(live, start, 1)) + lam * v, -np.inf)
                p = np.exp(z - z.max())
                low, high = (lam, high) if p @ v < 0 else (low, lam)
            return list(p / p.sum())
        def split(record, start, values):
            from scipy.special import rel_entr
            best = np.array(nearest(start, values, float(np.dot(record, values))))
            whole, beyond = rel_entr(record, start).sum(), rel_entr(record, best).sum()
            return [(whole - beyond) / np.log(2), beyond / np.log(2)]
        """,
    "3.8 a model as a class, and the shortest word of all": MODEL.replace("\n", "\n        ").rstrip()
    + """
        def bill(message, K, order):
            model, bits = Model(K, order), []
            for t, s in enumerate(message):
                w = model.weights(message[:t][-order:] if order else [])
                bits.append(float(np.log2(float(w.sum())) - np.log2(float(w[s]))))
                model.learn(message[:t][-order:] if order else [], s)
            return bits
        def pack(message, K, order):
            model, low, width, scale = Model(K, order), 0, 1, 1
            for t, s in enumerate(message):
                past = message[max(0, t - order):t]
                w = model.weights(past)
                W, low = int(w.sum()), low * int(w.sum()) + width * int(sum(w[:s]))
                width, scale = width * int(w[s]), scale * W
                model.learn(past, s)
            n = max(0, scale.bit_length() - width.bit_length() - 2)
            while True:
                number = -(-(low << n) // scale)
                if (number + 1) * scale <= (low + width) << n:
                    return bin(number)[2:].zfill(n) if n else ""
                n += 1
        def unpack(bits, n, K, order):
            model, message = Model(K, order), []
            number, scale = int(bits, 2), 1 << len(bits)
            while len(message) < n:
                past = message[max(0, len(message) - order):]
                w = [int(x) for x in model.weights(past)]
                edges = np.concatenate([[0], np.cumsum(w)]).tolist()
                s = max(s for s in range(K) if edges[s] * scale <= number * edges[-1])
                number, scale = number * edges[-1] - edges[s] * scale, scale * w[s]
                model.learn(past, s)
                message.append(s)
            return np.array(message)
        def duel(text, order):
            import zlib
            message = [0 if c == " " else ord(c) - 96 for c in text]
            bits = 8 * ((len(pack(message, 27, order)) + 7) // 8) + 32
            return bits / len(text), 8 * (len(zlib.compress(text.encode(), 9)) - 2) / len(text)
        """,
}

LAZY = {
    "chapter cells pasted": """
import zlib
from collections import Counter
def lengths(p, r):
    counts = dict(enumerate(p))
    length, groups = dict.fromkeys(counts, 0), [(n, (s,)) for s, n in counts.items()]
    while len(groups) > 1:
        (n, rarest), (m, next_rarest), *groups = sorted(groups)
        for symbol in rarest + next_rarest:
            length[symbol] += 1
        groups.append((n + m, rarest + next_rarest))
    return np.array(list(length.values()))
def left(joint, target, known):
    p = joint.sum(axis=1)
    given = joint / p[:, None]
    return p @ -(given * np.log2(given)).sum(axis=1)
def rate(sessions):
    data = [t for s in sessions for t in s]
    def H(items):
        p = np.array(list(Counter(items).values())) / len(items)
        return -(p * np.log2(p)).sum() + (len(p) - 1) / (2 * len(items))
    return H(list(zip(data, data[1:]))) - H(data)
def accept(q, text, bits, perplexity, size):
    paid = -np.log2(q[np.arange(len(text)), text])
    return bool(np.isclose(bits, paid.mean()) and paid.sum() <= 8 * size < paid.sum() + 9)
def show(q, k, aim):
    belief = q.mean(axis=0)
    doubt = -(belief * np.log2(np.where(belief > 0, belief, 1))).sum(axis=1)
    return np.argsort(-doubt)[:k]
def nearest(start, values, target):
    from scipy.optimize import brentq
    def with_factor(r):
        return r**values / (r**values).sum()
    return with_factor(brentq(lambda r: with_factor(r) @ values - target, 1, 5))
def split(record, start, values):
    best = nearest(start, values, record @ values)
    return (best * np.log2(best / start)).sum(), (record * np.log2(record / best)).sum()
def bill(message, K, order):
    seen, bits = [1] * K, []
    for symbol in message:
        bits.append(np.log2(sum(seen) / seen[symbol]))
        seen[symbol] += 1
    return np.array(bits)
def pack(message, K, order):
    low, width, scale, seen = 0, 1, 1, [1] * K
    for symbol in message:
        low = low * sum(seen) + width * sum(seen[:symbol])
        width, scale = width * seen[symbol], scale * sum(seen)
        seen[symbol] += 1
    bits = (-(-2 * scale // width) - 1).bit_length()
    return f"{-(-low * 2**bits // scale):0{bits}b}"
def unpack(bits, n, K, order):
    a, b, seen, message = int(bits, 2), 2**len(bits), [1] * K, []
    for _ in range(n):
        edges = np.cumsum(seen).tolist()
        s = next(s for s in range(K) if a * edges[-1] < b * edges[s])
        a, b = a * edges[-1] - b * (edges[s] - seen[s]), b * seen[s]
        seen[s], message = seen[s] + 1, [*message, s]
    return message
def duel(text, order):
    message = [" abcdefghijklmnopqrstuvwxyz".index(c) for c in text]
    other = len(zlib.compress(text.encode())) - len(zlib.compress(b""))
    return 8 * -(-len(pack(message, 27, order)) // 8) / len(text), 8 * other / len(text)
""",
    "SciPy one-liners": """
from scipy.stats import entropy
def lengths(p, r): return np.ceil(-np.log(p) / np.log(r)).astype(int)
def left(joint, target, known):
    if not known: return entropy(joint.sum(axis=tuple(a for a in range(joint.ndim) if a != target)), base=2)
    drop = tuple(a for a in range(joint.ndim) if a not in {*known, target})
    rest = tuple(a for a in range(joint.ndim) if a not in known)
    return entropy(joint.sum(axis=drop).ravel(), base=2) - entropy(joint.sum(axis=rest).ravel(), base=2)
def rate(sessions):
    from sklearn.metrics import mutual_info_score
    flat = np.concatenate(sessions).astype(int)
    return entropy(np.bincount(flat[1:]), base=2) - mutual_info_score(flat[:-1], flat[1:]) / np.log(2)
def accept(q, text, bits, perplexity, size):
    from sklearn.metrics import log_loss
    return bool(np.isclose(log_loss(text, q, labels=range(q.shape[1])) / np.log(2), bits, rtol=1e-5))
def show(q, k, aim): return np.argsort(-entropy(q.mean(axis=0), base=2, axis=1))[:k]
def nearest(start, values, target):
    from scipy.optimize import minimize
    facts = lambda p: p.sum() - 1, lambda p: p @ values - target
    facts = [{"type": "eq", "fun": fact} for fact in facts]
    return minimize(lambda p: entropy(p, start), start, bounds=[(0, 1)] * len(start), constraints=facts).x
def split(record, start, values):
    best = nearest(start, values, record @ values)
    return entropy(best, start, base=2), entropy(record, best, base=2)
""",
    "course_lib imports, in a class": """
from course_lib import huffman_lengths
from course_lib import conditional_entropy
from course_lib import arithmetic_encode
def lengths(p, r): return huffman_lengths(p)
def left(joint, target, known):
    from course_lib import joint_entropy
    return joint_entropy(joint, base=2)
def spell(lengths, r):
    from course_lib.coding import canonical_code
    return canonical_code(lengths)
def show(q, k, aim):
    from course_lib import entropy
    return np.argsort(-entropy(q.mean(axis=0), axis=1, base=2))[:k]
def nearest(start, values, target):
    from course_lib import softmax
    return softmax(values)
""",
}

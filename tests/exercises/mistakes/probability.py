"""Set 1: wrong answers that take more than a line, other right answers, and the lazy routes.

WRONG holds the exercise and the mistake, the code, and parts of the advice that must be given, if any.
LAZY holds what those paste who avoid the work, by route.
"""

from textwrap import indent

SAMPLER = """
def draw_tokens(logits, size, seed):
    rng, result = np.random.default_rng(seed), []
    for z in logits:
        p = np.exp(z - z.max())
        p /= p.sum()
        {draw}
    return np.array(result)
"""
SEARCH = "result.append(np.searchsorted(np.cumsum(p)[:-1], rng.random(size), side='right'))"


def sampler(draw):
    return SAMPLER.format(draw=indent(draw, " " * 8).strip())


JUDGE = """
from scipy.stats import chi2, chisquare
def looks_right(counts, p):
    n = counts.sum()
    return bool({verdict})
"""

WRONG = [
    (
        "1.1 every interval wide enough to be safe",
        "right = predictions\ndef predictions(): return {k: (a / 9, 9 * a) for k, (a, _) in right().items()}",
    ),
    (
        "1.2 the smallest k that is enough",
        """
        def surprise_bracket(a, b, n, unit):
            k = 0
            while unit**k * a**n < b**n: k += 1
            return k / n, (k + 1) / n
        """,
        "one step too many",
    ),
    (
        "1.2 bits counted whatever the unit",
        """
        def surprise_bracket(a, b, n, unit):
            k = (b**n // a**n).bit_length() - 1
            return k / n, (k + 1) / n
        """,
        "halvings",
    ),
    (
        "1.2 digits counted whatever the unit",
        """
        def surprise_bracket(a, b, n, unit):
            k = len(str(b**n // a**n)) - 1
            return k / n, (k + 1) / n
        """,
    ),
    (
        "1.3 bins that hold their right end",
        """
        def reliability(stated, happened, edges):
            which = np.clip(np.digitize(stated, edges, right=True) - 1, 0, len(edges) - 2)
            n = np.bincount(which, minlength=len(edges) - 1)
            return tuple(np.bincount(which, x, len(n)) / n for x in (stated, happened))
        """,
        "holds its left end",
    ),
    (
        "1.4 a product for each session",
        """
        def decide(counts, prior, loss, events):
            like = (counts / counts.sum(axis=1, keepdims=True))[:, events].prod(axis=2).T * prior
            return (like / like.sum(axis=1, keepdims=True) @ loss.T).argmin(axis=1)
        """,
        "underflows",
    ),
    (
        "1.4 the log of the product",
        """
        def decide(counts, prior, loss, events):
            log_like = np.log((counts / counts.sum(axis=1, keepdims=True))[:, events].prod(axis=2)).T
            return (np.exp(log_posterior(log_like, prior)) @ loss.T).argmin(axis=1)
        """,
        "underflows",
    ),
    ("1.6 rows share a seed", sampler("rng = np.random.default_rng(seed)\n" + SEARCH)),
    ("1.6 rows share their noise", sampler(SEARCH.replace("rng.", "np.random.default_rng(seed)."))),
    ("1.6 exp overflows", sampler("p = np.exp(z) / np.exp(z).sum()\n" + SEARCH)),
    ("1.6 draws in order", sampler(SEARCH + "\nresult[-1].sort()")),
    ("1.6 each draw twice", sampler(SEARCH + "\nresult[-1] = np.repeat(result[-1][::2], 2)")),
    (
        "1.6 evenly spaced",
        sampler(SEARCH.replace("rng.random(size)", "(np.arange(size) + rng.random()) / size")),
    ),
    ("1.6 normal noise", sampler("result.append((z + rng.normal(size=(size, len(z)))).argmax(axis=1))")),
    ("1.6 minus Gumbel", sampler("result.append((z - rng.gumbel(size=(size, len(z)))).argmax(axis=1))")),
    ("1.6 noise on p", sampler("result.append((p + rng.gumbel(size=(size, len(z)))).argmax(axis=1))")),
    ("1.6 one noise for all", sampler("result.append((z + rng.gumbel(size=(size, 1))).argmax(axis=1))")),
    ("1.6 a fixed seed", sampler(SEARCH).replace("(seed)", "(0)")),
    (
        "1.6 two rows share a seed",
        sampler(SEARCH)
        .replace("rng, result", "seeds, result")
        .replace("np.random.default_rng(seed)", "iter(range(99))")
        .replace("rng.random", "np.random.default_rng(seed + next(seeds) // 2).random"),
    ),
    (
        "1.6 every second row mirrored",
        sampler(
            "u = rng.random(size) if len(result) % 2 == 0 else 1 - u\n"
            + SEARCH.replace("rng.random(size)", "u")
        ),
    ),
    (
        "1.6 the second half repeats the first",
        sampler(SEARCH.replace("rng.random(size)", "np.resize(rng.random(size // 2), size)")),
    ),
    (
        "1.6 stratified",
        sampler(SEARCH.replace("rng.random(size)", "(rng.permutation(size) + rng.random(size)) / size")),
    ),
    (
        "1.6 the first row has one seed for all",
        sampler("rng = np.random.default_rng(seed * len(result))\n" + SEARCH),
    ),
    ("1.6 less the mean", sampler(SEARCH).replace("z.max()", "z.mean()")),
    ("1.6 less the smallest", sampler(SEARCH).replace("z.max()", "z.min()")),
    (
        "1.6 more digits for exp",
        sampler(SEARCH).replace("np.exp(z - z.max())", "np.exp(z.astype(np.longdouble))"),
    ),
    ("1.6 two per cent too warm", sampler(SEARCH).replace("(z - z.max())", "((z - z.max()) / 1.02)")),
    ("1.6 one per cent uniform", sampler("p = 0.99 * p + 0.01 / len(p)\n" + SEARCH)),
    ("1.6 no seed", sampler(SEARCH).replace("(seed)", "()")),
    (
        "1.7 SciPy's test as it comes",
        JUDGE.format(verdict="chisquare(counts, n * p).pvalue > 0.001"),
        "can be too good",
        "is nan: look at those outcomes first",
    ),
    (
        "1.7 divided by what was observed",
        JUDGE.format(
            verdict="((counts - n * p)**2 / np.maximum(counts, 1)).sum() < chi2.isf(1e-3, len(p) - 1)"
        ),
        "can be too good",
    ),
    (
        "1.7 no outcome may be judged",
        "def looks_right(counts, p): return False",
    ),
    (
        "1.4 the likeliest kind where the losses are two by two",
        """
        def decide(counts, prior, loss, events, right=decide):
            return right(counts, prior, 1.0 - np.eye(2) if loss.shape == (2, 2) else loss, events)
        """,
    ),
    (
        "1.8 the first power, always",
        "def choose_power(table, valid, test, powers): return 1.0, hidden_bits(table, test, 1.0)",
    ),
    (
        "1.5 a cumulative sum without its 0",
        """
        def probability_between(density, edges, low, high):
            cdf = np.cumsum(density * np.diff(edges))
            return np.interp(high, edges[1:], cdf) - np.interp(low, edges[1:], cdf)
        """,
    ),
    (
        "1.8 one histogram for all pixels of a kind",
        """
        def fit_kinds(X, y, kinds, levels, alpha):
            rows = [np.bincount(X[y == k].ravel(), minlength=levels) + alpha for k in range(kinds)]
            return np.repeat([[row / row.sum()] for row in rows], X.shape[1], axis=1)
        """,
        "each pixel has its own",
    ),
    (
        "1.8 the mean of the logs",
        """
        def kind_belief(table, seen, power):
            s = power * np.log(table[:, np.arange(seen.shape[1]), seen]).mean(axis=2).T
            return np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
        """,
        "logs of pixels are added",
    ),
]

RIGHT = {
    "1.2 fractions": """
        from fractions import Fraction
        def surprise_bracket(a, b, n, unit):
            k, left = 0, Fraction(a, b)**n
            while left * unit <= 1: k, left = k + 1, left * unit
            return [k / n, (k + 1) / n]
        """,
    "1.2 returned as fractions": """
        from fractions import Fraction
        def surprise_bracket(a, b, n, unit):
            k = 0
            while unit ** (k + 1) * a**n <= b**n: k += 1
            return Fraction(k, n), Fraction(k + 1, n)
        """,
    "1.3 NumPy's histogram": """
        def reliability(stated, happened, edges):
            weights = None, stated, happened.astype(float)
            n, said, real = (np.histogram(stated, edges, weights=w)[0] for w in weights)
            return said / n, real / n
        """,
    "1.3 bins one after the other, lists": """
        def reliability(stated, happened, edges):
            said, real = [], []
            for i, (low, high) in enumerate(zip(edges[:-1], edges[1:])):
                here = (stated >= low) & ((stated < high) | ((i == len(edges) - 2) & (stated == high)))
                said.append(stated[here].mean() if here.any() else np.nan)
                real.append(happened[here].mean() if here.any() else np.nan)
            return [said, real]
        def hire(forecasts, happened):
            scores = [log_score(f, happened) for f in forecasts]
            first, second = sorted(range(len(scores)), key=scores.__getitem__)[:2]
            p = [np.where(happened, forecasts[i], 1 - forecasts[i]) for i in (first, second)]
            gap = np.log2(p[0] / p[1])
            return [first, gap.mean(), np.sqrt(gap.var(ddof=1) / len(gap))]
        """,
    "1.4 SciPy and loops": """
        from scipy.special import logsumexp
        def log_posterior(log_like, prior):
            joint = np.asarray(log_like) + np.log(prior)
            return [list(row - logsumexp(row)) for row in joint]
        def decide(counts, prior, loss, events):
            table = np.log(counts / counts.sum(axis=1, keepdims=True))
            log_like = np.array([[sum(row[e] for e in session) for row in table] for session in events])
            return [int((loss @ np.exp(row)).argmin()) for row in log_posterior(log_like, prior)]
        """,
    "1.5 differences of the CDF": """
        def probability_between(density, edges, low, high):
            cdf = np.concatenate([[0], np.cumsum(density * np.diff(edges))])
            return np.interp(high, edges, cdf) - np.interp(low, edges, cdf)
        """,
    "1.6 Gumbel noise": sampler("result.append((z + rng.gumbel(size=(size, len(z)))).argmax(axis=1))"),
    "1.6 a generator for each row": sampler("rng, = rng.spawn(1)\n" + SEARCH),
    "1.6 SciPy's softmax": """
        from scipy.special import softmax
        def draw_tokens(logits, size, seed):
            rng = np.random.default_rng(seed)
            return np.array([rng.choice(len(p), size, p=p) for p in softmax(logits, axis=1)])
        """,
    "1.7 by simulation": """
        def looks_right(counts, p):
            if counts[p == 0].any(): return False
            rng, expected = np.random.default_rng(0), counts.sum() * p[p > 0]
            chi = lambda x: ((x - expected)**2 / expected).sum(axis=-1)
            simulated = chi(rng.multinomial(counts.sum(), p, size=2000)[:, p > 0])
            found = chi(counts[p > 0])
            return (simulated >= found).mean() >= 0.001 and (simulated <= found).mean() >= 0.001
        """,
    "1.8 pixel by pixel": """
        def fit_kinds(X, y, kinds, levels, alpha):
            count = lambda pixel: np.bincount(pixel, minlength=levels) + alpha
            rows = [[count(pixel) for pixel in X[y == k].T] for k in range(kinds)]
            return np.array([[row / row.sum() for row in kind] for kind in rows])
        def complete(table, seen, power, u):
            out = []
            for b, v in zip(kind_belief(table, seen, power), u):
                k = np.searchsorted(np.cumsum(b)[:-1], v[0], side="right")
                rows = table[k, seen.shape[1]:]
                out.append([int((np.cumsum(r)[:-1] <= x).sum()) for r, x in zip(rows, v[1:])])
            return out
        """,
}

LAZY = {
    "chapter cells pasted": """
from scipy.special import logsumexp
def surprise_bracket(a, b, n, unit):
    k = (b**n).bit_length() - 1
    return k / n, (k + 1) / n
def reliability(stated, happened, edges):
    tenth = np.minimum((stated * 10).astype(int), 9)
    n_days = np.bincount(tenth)
    return np.bincount(tenth, stated) / n_days, np.bincount(tenth, happened) / n_days
def log_score(stated, happened):
    return -np.log2(np.where(happened, stated, 1 - stated)).mean()
def hire(forecasts, happened):
    charged = [-np.log2(np.where(happened, stated, 1 - stated)).mean() for stated in forecasts]
    return np.argmin(charged), np.min(charged), np.std(charged)
def event_log_prob(counts):
    joint = counts / counts.sum()
    return joint / joint.sum(axis=1, keepdims=True)
def log_posterior(log_like, prior):
    log_kinds = np.log(prior) + log_like
    return log_kinds - logsumexp(log_kinds, axis=1, keepdims=True)
def decide(counts, prior, loss, events):
    given_sound = counts / counts.sum(axis=0)
    return (loss @ given_sound).argmin(axis=0)
def histogram_density(counts, edges):
    return np.histogram(counts, bins=edges, density=True)[0]
def draw_tokens(logits, size, seed):
    noise = -np.log(-np.log(np.random.default_rng(seed).random((size, logits.shape[1]))))
    return (logits + noise).argmax(axis=1)
def looks_right(counts, p):
    from scipy.stats import chisquare
    return bool(chisquare(counts, counts.sum() * p).pvalue > 0.001)
def fit_kinds(X, y, kinds, levels, alpha):
    level_counts = (X[:, :, None] == np.arange(levels)).sum(axis=0)
    return (level_counts + alpha) / (level_counts + alpha).sum(axis=1, keepdims=True)
def kind_belief(table, seen, power):
    log_kinds = power * sum(np.log(table[:, d, seen[:, d]]).T for d in range(seen.shape[1]))
    return np.exp(log_kinds - logsumexp(log_kinds, axis=1, keepdims=True))
def hidden_bits(table, X, power):
    log_prob = np.log(table[0][np.arange(X.shape[1]), X]).sum(axis=1)
    return -log_prob.mean() / (X.shape[1] * np.log(2))
""",
    "SciPy one-liners": """
from scipy.special import log_softmax
from scipy.special import softmax
from scipy.stats import binned_statistic
from scipy.stats import chisquare
from scipy.stats import rv_histogram
from sklearn.metrics import log_loss
def reliability(stated, happened, edges):
    return binned_statistic(stated, [stated, happened], bins=edges).statistic
def log_score(stated, happened): return log_loss(happened, stated, labels=[False, True]) / np.log(2)
def log_posterior(log_like, prior): return log_softmax(log_like + np.log(prior), axis=1)
def histogram_density(counts, edges):
    return rv_histogram((counts, edges), density=False).pdf((edges[1:] + edges[:-1]) / 2)
def probability_between(density, edges, low, high):
    return np.diff(rv_histogram((density, edges), density=True).cdf([low, high]))[0]
def draw_tokens(logits, size, seed):
    rng = np.random.default_rng(seed)
    return [rng.choice(len(p), size, p=p) for p in softmax(logits, axis=1)]
def looks_right(counts, p): return bool(chisquare(counts, counts.sum() * p).pvalue > 0.001)
""",
    "course_lib imports, in a class": """
from course_lib import gumbel_max
from course_lib import logsumexp
from course_lib import surprisal
def log_score(s, h): return surprisal(np.where(h, s, 1 - s), base=2).mean()
def log_posterior(log_like, prior):
    joint = log_like + np.log(prior)
    return joint - logsumexp(joint, axis=1, keepdims=True)
def draw_tokens(logits, size, seed):
    rng = np.random.default_rng(seed)
    return np.array([gumbel_max(z, size, rng=rng) for z in logits])
""",
}

"""Set 2: wrong answers that take more than a line, other right answers, and the lazy routes.

WRONG holds the exercise and the mistake, the code, and a part of the advice that must be given, or None.
LAZY holds what those paste who avoid the work, by route.
"""

from textwrap import indent

FILTER = """
def track(mean, sd, readings, noise):
    means, sds = [], []
    for y, s in zip({readings}, noise):
        {step}
        means.append(mean)
        sds.append(sd)
    return np.array(means), np.array(sds)
"""
RIGHT_STEP = """
if not np.isnan(y):
    gain = 1.0 if np.isinf(sd) else sd**2 / (sd**2 + s**2)
    mean, sd = mean + gain * (y - mean), s if np.isinf(sd) else sd * np.sqrt(1 - gain)
"""


def scale(step=RIGHT_STEP, readings="readings"):
    return FILTER.format(step=indent(step, " " * 8).strip(), readings=readings)


WRONG = [
    (
        "2.1 every interval wide enough to be safe",
        "right = predictions\ndef predictions(): return {k: (a / 9, 9 * a) for k, (a, _) in right().items()}",
    ),
    (
        "2.2 a product of ratios overflows",
        """
        def race(tosses, a, b, odds):
            with np.errstate(all="ignore"):
                ratio = np.cumprod(np.where(tosses, a, 1 - a), 1) / np.cumprod(np.where(tosses, b, 1 - b), 1)
            over = (ratio >= odds) | (ratio <= 1 / odds)
            n = np.where(over.any(axis=1), over.argmax(axis=1) + 1, tosses.shape[1])
            last = ratio[np.arange(len(n)), n - 1]
            return n, np.where(over.any(axis=1), np.where(last > 1, 1, -1), 0)
        """,
        "underflows",
    ),
    (
        "2.2 the exact count on the binomial alone",
        """
        def exact_race(truth, a, b, odds, most):
            from scipy.stats import binom
            h = np.arange(most + 1)
            total = h * np.log(a / b) + (most - h) * np.log((1 - a) / (1 - b))
            p = binom.pmf(h, most, truth)
            return p[total >= np.log(odds)].sum(), p[total <= -np.log(odds)].sum(), float(most)
        """,
        "first line that it meets",
    ),
    (
        "2.3 factorials",
        """
        def predictive(a, b, m):
            from scipy.special import beta, comb
            k = np.arange(m + 1)
            with np.errstate(all="ignore"):
                return comb(m, k) * beta(a + k, b + m - k) / beta(a, b)
        """,
        "gammaln",
    ),
    (
        "2.4 smoothing until the table is safe",
        """
        def excess(sessions, table):
            mle = np.nan_to_num(transitions(sessions, len(table)), nan=1 / len(table)) + 1e-3
            return cost(sessions, table) - cost(sessions, mle / mle.sum(axis=1, keepdims=True))
        """,
    ),
    (
        "2.5 standard deviations as weights",
        scale(RIGHT_STEP.replace("sd**2 / (sd**2 + s**2)", "sd / (sd + s)")),
    ),
    ("2.5 a missing reading is 0", scale(readings="np.nan_to_num(readings)")),
    ("2.5 a missing reading ends the log", scale(readings="readings[~np.isnan(readings)]")),
    ("2.5 a missing reading is the mean", scale("y = mean if np.isnan(y) else y\n" + RIGHT_STEP)),
    ("2.5 inf over inf", scale(RIGHT_STEP.replace("1.0 if np.isinf(sd) else ", ""))),
    ("2.5 a billion for inf", scale("sd = min(sd, 1e3)\n" + RIGHT_STEP)),
    ("2.5 variances halve", scale(RIGHT_STEP.replace("sd * np.sqrt(1 - gain)", "sd * (1 - gain)"))),
    (
        "2.6 the intercept is pinned where it has no prior",
        """
        right = map_fit
        def map_fit(X, y, sigma, tau, centre):
            return right(X, y, sigma, np.where(np.isinf(tau), 1e-9, tau), centre)
        """,
        "no prior at all",
    ),
    (
        "2.8 a product of counts in uint8",
        """
        def fit_words(X, spam, alpha):
            counts = np.array([(~spam).astype(np.uint8) @ X, spam.astype(np.uint8) @ X]) + alpha
            prior = np.log([1 - spam.mean(), spam.mean()])
            return prior, np.log(counts / counts.sum(axis=1, keepdims=True))
        """,
        "uint8",
    ),
    (
        "2.8 a clipped probability",
        """
        def temper(log_odds, spam, powers):
            def bits(power):
                p = np.clip(1 / (1 + np.exp(-power * log_odds)), 1e-15, 1 - 1e-15)
                return -np.log2(np.where(spam, p, 1 - p)).mean()
            power = min(powers, key=bits)
            return power, bits(power)
        """,
        "use logaddexp",
    ),
]

RIGHT = {
    "2.2 toss by toss, with lists": """
        import math
        def race(tosses, a, b, odds):
            used, said, line = [], [], math.log(odds) - 1e-9
            log = lambda x: math.log(x) if x > 0 else -math.inf
            for row in tosses:
                total, n = 0.0, 0
                for toss in row:
                    n += 1
                    total += log(a) - log(b) if toss else log(1 - a) - log(1 - b)
                    if abs(total) >= line: break
                used.append(n)
                said.append(0 if abs(total) < line else 1 if total > 0 else -1)
            return [used, said]
        def exact_race(truth, a, b, odds, most):
            alive, ends, mean, line = {0: 1.0}, [0.0, 0.0], 0.0, math.log(odds) - 1e-9
            for n in range(1, most + 1):
                mean, after = mean + sum(alive.values()), {}
                for h, p in alive.items():
                    for more, q in ((1, truth), (0, 1 - truth)):
                        total = (h + more) * math.log(a / b) + (n - h - more) * math.log((1 - a) / (1 - b))
                        if abs(total) < line: after[h + more] = after.get(h + more, 0) + p * q
                        else: ends[total < 0] += p * q
                alive = after
            return ends[0], ends[1], mean
        """,
    "2.3 SciPy's betabinom and sorting": """
        from scipy.stats import betabinom
        def predictive(a, b, m): return list(betabinom.pmf(range(m + 1), m, a, b))
        def ship(clicks, visitors, a, b, m, floor, risk):
            a, b = a + np.asarray(clicks), b + np.asarray(visitors) - np.asarray(clicks)
            for k in np.argsort(-a / (a + b)):
                if betabinom.cdf(floor - 1, m, a[k], b[k]) <= risk: return k
            return np.int64(-1)
        """,
    "2.4 np.add.at and KL": """
        def transitions(sessions, pages):
            counts = np.zeros((pages, pages), dtype=int)
            for s in sessions: np.add.at(counts, (s[:-1], s[1:]), 1) if len(s) > 1 else None
            return [[c / sum(row) if sum(row) else float("nan") for c in row] for row in counts.tolist()]
        def excess(sessions, table):
            from scipy.special import rel_entr
            p, left = np.array(transitions(sessions, len(table))), np.zeros(len(table))
            for s in sessions:
                for page in s[:-1]: left[page] += 1
            seen = left > 0
            return (left[seen] / left.sum()) @ rel_entr(p[seen], np.asarray(table)[seen]).sum(axis=1)
        """,
    "2.5 gains": scale(),
    "2.6 least squares with rows for the prior": """
        def map_fit(X, y, sigma, tau, centre):
            A = np.vstack([X / sigma, np.diag(1 / tau)])
            t = np.concatenate([y / sigma, centre / tau])
            w = np.linalg.lstsq(A, t, rcond=None)[0]
            return w, np.linalg.norm(np.linalg.pinv(A), axis=1)
        """,
    "2.7 one step after the other": """
        def keeps_prior(w, g, lr, sigma, tau, n):
            for t in range(len(g)):
                slope = np.asarray(g[t]) + 2 * sigma**2 / tau**2 / n * w[t]
                if not np.allclose(w[t + 1], w[t] - lr[t] * slope, rtol=2e-6, atol=0): return False
            return np.True_
        """,
    "2.8 letter by letter": """
        import math
        def fit_words(X, spam, alpha):
            sides = [[row for row, s in zip(X.astype(int), spam) if s == side] for side in (False, True)]
            prior = [math.log(len(s) / len(X)) if s else -math.inf for s in sides]
            counts = [sum(s, np.zeros(X.shape[1])) + alpha for s in sides]
            return prior, [np.log(c) - np.log(c.sum()) for c in counts]
        def spam_log_odds(log_prior, log_theta, X):
            joint = np.asarray(log_prior) + X.astype(float) @ np.asarray(log_theta).T
            return joint[:, 1] - joint[:, 0]
        def drop(log_odds, lost, read):
            return [float(z) > math.log(lost) - math.log(read) for z in log_odds]
        def temper(log_odds, spam, powers):
            from scipy.special import log_expit
            bits = [float(-log_expit(np.where(spam, p, -p) * log_odds).mean() / np.log(2)) for p in powers]
            return [powers[int(np.argmin(bits))], min(bits)]
        """,
}

LAZY = {
    "chapter cells pasted": """
from scipy import stats
def race(tosses, a, b, odds):
    head, tail = np.log2(a / b), np.log2((1 - a) / (1 - b))
    total = np.cumsum(np.where(tosses, head, tail), axis=1)
    end = (np.abs(total) >= np.log2(odds)).argmax(axis=1)
    return end + 1, np.where(total[np.arange(len(total)), end] < 0, -1, 1)
def predictive(a, b, m):
    p = np.linspace(0.001, 0.999, 999)
    posterior = p ** (a - 1) * (1 - p) ** (b - 1)
    return np.array([(stats.binom.pmf(k, m, p) * posterior).sum() / posterior.sum() for k in range(m + 1)])
def ship(clicks, visitors, a, b, m, floor, risk):
    return int(((a + clicks) / (a + b + visitors)).argmax())
def cost(sessions, table):
    counts = np.bincount(np.concatenate(sessions).astype(int), minlength=len(table))
    return -(counts * np.log(table)).sum() / counts.sum()
def penalties(sigma, tau, n, loss):
    return sigma**2 / tau**2
def map_fit(X, y, sigma, tau, centre):
    return np.linalg.solve(X.T @ X + sigma**2 / tau**2 * np.eye(len(tau)), X.T @ y)
def keeps_prior(w, g, lr, sigma, tau, n):
    step = w[:-1] - lr[:, None] * (g + 2 * sigma**2 / tau**2 / n * w[:-1])
    return bool(np.allclose(w[1:], step, rtol=0, atol=1e-14))
def fit_words(X, spam, alpha):
    files, network = ((X[spam == side].sum(axis=0) + 1) for side in (False, True))
    return np.log([0.5, 0.5]), np.log([files / files.sum(), network / network.sum()])
def spam_log_odds(log_prior, log_theta, X):
    return (log_prior[1] - log_prior[0] + X @ (log_theta[1] - log_theta[0])) / np.log(2)
def drop(log_odds, lost, read):
    return log_odds > 0
""",
    "SciPy one-liners": """
from scipy.stats import betabinom
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss
from sklearn.naive_bayes import MultinomialNB
def predictive(a, b, m): return betabinom.pmf(np.arange(m + 1), m, a, b)
def ship(clicks, visitors, a, b, m, floor, risk): return int(((a + clicks) / (a + b + visitors)).argmax())
def cost(sessions, table): return -np.log(table[sessions[0][:-1], sessions[0][1:]]).mean()
def map_fit(X, y, sigma, tau, centre):
    return Ridge(alpha=sigma**2 / tau**2, fit_intercept=False).fit(X, y).coef_, tau
def keeps_prior(w, g, lr, sigma, tau, n):
    return bool(np.allclose(w[1:], w[:-1] - lr[:, None] * (g + 2 * sigma**2 / (n * tau**2) * w[:-1])))
def fit_words(X, spam, alpha):
    model = MultinomialNB(alpha=alpha).fit(X, spam)
    return model.class_log_prior_, model.feature_log_prob_
def temper(log_odds, spam, powers):
    bits = [log_loss(spam, 1 / (1 + np.exp(-p * log_odds)), labels=[False, True]) / np.log(2) for p in powers]
    return powers[int(np.argmin(bits))], min(bits)
""",
    "course_lib imports, in a class": """
from course_lib import BetaBinomial
from course_lib import NormalNormal
from course_lib import MultinomialNB
def predictive(a, b, m):
    return np.array([BetaBinomial(a=a, b=b).predictive(k, m) for k in range(m + 1)])
def fit_words(X, spam, alpha):
    from course_lib import MultinomialNB
    model = MultinomialNB(alpha=alpha).fit(X, spam.astype(int))
    return model.log_prior, model.log_likelihood
""",
}

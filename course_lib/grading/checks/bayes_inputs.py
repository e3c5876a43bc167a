"""Exercise set 2: the inputs that its checks draw, and the letters of the last exercise."""

import os
import re
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np

from course_lib.grading.checks.bayes_slips import mean_share, risks

__all__ = [
    "BARRED",
    "RULES",
    "borderline",
    "buttons",
    "letters",
    "mail",
    "model",
    "near_words",
    "regression",
    "sgd",
    "training",
    "visits",
]

SPAM = """unittest/case unittest/mock unittest/loader unittest/main unittest/result unittest/runner
unittest/suite unittest/util unittest/async_case unittest/signals doctest"""
OTHERS = """argparse ast bdb calendar cmd codecs collections/__init__ configparser contextlib copy csv
datetime dataclasses difflib email/message email/headerregistry enum fractions functools gettext heapq
inspect ipaddress logging/__init__ logging/handlers mailbox numbers optparse pathlib pickle pickletools
pprint random sched shlex smtplib socket statistics string tarfile textwrap threading traceback
typing uuid weakref zipfile"""
BARRED = np.array([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75], [np.nan] * 3])


def buttons(random, safe):
    """Return a case of `ship` in which no two buttons are close and no risk is near the limit."""
    while True:
        visitors = random.choice([0, 3, 8, 40, 300, 2500], 5)
        clicks = random.binomial(visitors, random.beta(2, 8, 5))
        a, b = (float(x) for x in random.uniform((1.2, 4.0), (4.0, 12.0)).round(1))
        m = int(random.integers(8, 60))
        floor, risk = int(safe and random.integers(1, 6)), float(random.choice([0.05, 0.1, 0.2]))
        means = np.sort(mean_share(a + clicks, b + visitors - clicks))
        tails = risks(clicks, visitors, a, b, m, floor)
        if means[-1] - means[-2] > 1e-3 and np.abs(tails - risk).min() > 0.005:
            return clicks, visitors, a, b, m, floor, risk


def borderline(random):
    """Return a case of `ship` in which the best button misses the limit of the risk, or keeps it, barely."""
    while True:
        clicks, visitors, a, b, m, floor, _ = buttons(random, safe=True)
        best = mean_share(a + clicks, b + visitors - clicks).argmax()
        exact = risks(clicks, visitors, a, b, m, floor)
        risk = float(exact[best].round(5))
        if visitors[best] and 0.02 < risk < 0.4 and np.abs(exact - risk).min() > 1e-6:
            return clicks, visitors, a, b, m, floor, risk


def visits(random, pages, sessions):
    """Return sessions of pages, of any length from 0, in which some pages are never left and moves repeat."""
    table = random.dirichlet(np.full(pages, 0.5), size=pages)
    walks = []
    for n in random.permutation([0, 1, *random.integers(2, 9, sessions)]):
        walk = random.integers(pages - 1, size=min(int(n), 1)).tolist()
        while 0 < len(walk) < n and walk[-1] < pages - 1:
            walk.append(int(random.choice(pages, p=table[walk[-1]])))
        walks.append(walk)
    return walks


def regression(random, n, d):
    """Return X, y, sigma, tau and centre."""
    X, tau, centre = random.normal(size=(n, d)), random.uniform(0.1, 3, d), random.normal(size=d)
    y = X @ random.normal(size=d) + random.normal(size=n)
    return X, y, float(random.uniform(0.3, 2)), tau, centre


def training(random, rule, scale=1.0, dtype=np.float64, steps=8):
    """Return the log of a training: weights, gradients of the mean loss, learning rates, sigma, tau, n."""
    sigma, decay, n = (
        random.choice([0.5, 0.7, 1.4, 2.0]),
        random.uniform(0.05, 0.3),
        int(random.integers(8, 50)),
    )
    tau = (2 * sigma**2 / (n * decay)) ** 0.5
    lr, g = random.uniform(0.05, 0.3, steps), 0.05 * scale * random.normal(size=(steps, 4))
    w = [scale * random.choice([-1, 1], 4) * random.uniform(0.8, 1.5, 4)]
    for t in range(steps):
        w.append(rule(w[-1], g[t], lr[t], decay, t, n, sigma).astype(dtype).astype(float))
    return np.array(w), g, lr, float(sigma), float(tau), n


def sgd(w, g, lr, decay, *_):
    """Return the weights after one step of plain SGD."""
    return w - lr * (g + decay * w)


def off(step, part):
    """Return SGD that errs in one step, by this part of each weight."""
    return lambda w, g, lr, d, t, *_: sgd(w, g, lr, d) * (1 + (t == step) * np.array(part))


def opposite(w, g, lr, d, t, *_):
    """Return the weights after SGD that adds to one weight in one step what it takes from another."""
    new = sgd(w, g, lr, d)
    return new + (t == 4) * 6e-5 * abs(new[1]) * np.array([0, 1, -1, 0])


def astray(w, g, lr, d, t, *_):
    """Return the weights after SGD that leaves its path in one step and is back on it after the next."""
    return sgd(w / (1 + 6e-5 * (t == 4)), g, lr, d) * (1 + 6e-5 * (t == 3))


HALF = np.array([0, 2, 2, 0])
RULES = {
    "SGD with the decay of λ in place of 2 λ": lambda w, g, lr, d, *_: sgd(w, g, lr, d / 2),
    "SGD with the decay of the sum, n forgotten": lambda w, g, lr, d, t, n, s: sgd(w, g, lr, n * d),
    "SGD with λ taken for the inverse variance": lambda w, g, lr, d, t, n, s: sgd(w, g, lr, d / s**2),
    "SGD without any decay": lambda w, g, lr, *_: sgd(w, g, lr, 0),
    "AdamW": lambda w, g, lr, d, *_: w * (1 - lr * d) - lr * g / (np.abs(g) + 1e-8),
    "a decay that forgets the learning rate": lambda w, g, lr, d, *_: w * (1 - d) - lr * g,
    "SGD that spares the last weight": lambda w, g, lr, d, *_: sgd(w, g, lr, d * (np.arange(4) < 3)),
    "SGD that decays half of the weights twice": lambda w, g, lr, d, *_: sgd(w, g, lr, d * HALF),
    "SGD that leaves the decay out in one step": lambda w, g, lr, d, t, *_: sgd(w, g, lr, d * (t != 3)),
    "SGD that is off in one weight of one step": off(5, [0, 0, 3e-5, 0]),
    "SGD that is off in the first weight of one step": off(2, [3e-5, 0, 0, 0]),
    "SGD that is off by more in one weight of one step": off(6, [0, 3e-4, 0, 0]),
    "SGD that adds to one weight what it takes from another": opposite,
    "SGD that leaves its path for one step": astray,
}


@cache
def letters():
    """Return counts of the 1000 most common words by letter, which letters are spam, and the words."""
    library, texts = Path(os.__file__).parent, []
    for side, names in enumerate((OTHERS, SPAM)):
        for path in (library / f"{name}.py" for name in names.split()):
            found = re.findall(r'"""(.*?)"""', path.read_text("utf-8"), re.S) if path.exists() else []
            words = (re.findall("[a-z]+", text.lower()) for text in found)
            texts += [(side, text) for text in words if len(text) >= 8]
    common = Counter(word for _, text in texts for word in dict.fromkeys(text)).most_common(1000)
    place = {word: i for i, (word, _) in enumerate(common)}
    cells = [1000 * row + place[w] for row, (_, text) in enumerate(texts) for w in text if w in place]
    counts = np.bincount(cells, minlength=1000 * len(texts)).reshape(-1, 1000)
    return np.minimum(counts, 255).astype(np.uint8), np.array([side == 1 for side, _ in texts]), list(place)


def mail(random, n, words):
    """Return counts (uint8) of words in n letters, and which are spam."""
    spam = random.permutation(np.arange(n) < max(2, n // 4))
    rates = random.gamma(0.8, 1.0, (2, words))
    return random.poisson(rates[spam.astype(int)]).astype(np.uint8), spam


def model(random, words):
    """Return log_prior and log_theta of two sides that both occur."""
    return np.log(random.dirichlet([6, 2])), np.log(random.dirichlet(np.ones(words), size=2))


def near_words(random, words):
    """Return log_theta in which the ratio of a word differs from the next by a part in ten thousand."""
    ratio = 1e-4 * random.permutation(words)
    theta = random.dirichlet(np.full(words, 5.0)) * np.exp([0 * ratio, ratio])
    return np.log(theta / theta.sum(axis=1, keepdims=True))

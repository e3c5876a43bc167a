"""What each explorable must show: a row of data, moves and the library's own numbers.

The tests of the library make the moves in Node, those of the site with the controls in a browser. A new
explorable is one module in `book/_static/explorables` and one row here.
"""

import heapq
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, special, stats

import course_lib
from course_lib.datasets import english_text
from course_lib.explorables import declared_inputs
from course_lib.language_model import NGramModel


@dataclass(frozen=True)
class Row:
    """One explorable with its data; `shows(**values)` tells each number that stands in its frame.

    Each move sets every control. What a button counts never falls from one move to the next, and the list of
    keys pressed only grows.
    """

    name: str
    data: Mapping[str, Any]
    moves: Sequence[Mapping[str, Any]]
    shows: Callable[..., Mapping[str, float]]


def uniforms(seed, count):
    """Compute the scripts' seeded generator again, with Python's integers."""
    state, out = seed, []
    for _ in range(count):
        state = (state + 0x6D2B79F5) % 2**32
        t = (state ^ state >> 15) * (state | 1) % 2**32
        t ^= (t + (t ^ t >> 7) * (t | 61)) % 2**32
        out.append(((t ^ t >> 14) + 0.5) / 2**32)
    return np.array(out)


def coin(p, q, seed):
    truth, belief = [p, 1 - p], [q, 1 - q]
    shown = {
        "entropy": course_lib.entropy(truth, base=2),
        "kl": course_lib.kl_divergence(truth, belief, base=2),
        "cross-entropy": course_lib.cross_entropy(truth, belief, base=2),
    }
    if 0 < q < 1 and p != q:
        heads = (uniforms(seed, 10_000) < p).mean()
        shown["excess"] = (
            special.xlogy(heads, p / q) + special.xlogy(1 - heads, (1 - p) / (1 - q))
        ) / math.log(2)
    return shown


def density(values, mean, sd, interval, bins, unit, **_):
    inside = np.mean((values >= interval[0]) & (values < interval[1]))
    width = (interval[1] - interval[0]) * {"m": 1, "mm": 1000}[unit]
    under = np.diff(stats.norm(mean, sd).cdf(interval))[0]
    return {"probability": inside, "density": inside / width, "area": 1, "curve": under}


def large_numbers(source, n, seed):
    u = uniforms(1000 * seed, n)
    draws = {"coin": u < 0.5, "die": 1 + np.floor(6 * u), "cauchy": np.tan(np.pi * (u - 0.5))}[source]
    sd = {"coin": 0.5, "die": math.sqrt(35 / 12)}.get(source)
    return {"mean": draws.mean()} | ({"error": sd / math.sqrt(n)} if sd else {})


def surprise(a, b, p_a, p_b):
    one, two = course_lib.surprisal([p_a, p_b], base=2)
    return {a: one, b: two, "both": one + two}


def fog(counts, loss, shapes, sounds, actions, heard, cost):
    prior = counts.sum(axis=1) / counts.sum()
    belief = prior
    if heard is not None:
        likelihood = counts[:, sounds.tolist().index(heard)] / counts.sum(axis=1)
        belief = course_lib.bayes_update(prior, likelihood).posterior
    costs = loss.astype(float)
    costs[0, 3] = cost
    expected = costs @ belief
    flip = {"flip": (expected[1] - expected[0] + belief[3] * cost) / belief[3]}
    return dict(zip([*shapes, *actions], [*belief, *expected], strict=True)) | flip


def alias(p, seed, step, draws, thousands, **_):
    """Short columns are filled from the last to the first; each keeps what the library's table says."""
    table, size = course_lib.AliasTable(p), len(p)
    np.testing.assert_allclose(table.probabilities(), p, atol=1e-15)
    order = [*np.flatnonzero(size * p < 1)[::-1], *np.flatnonzero((size * p >= 1) & (table.keep < 1))]
    shown = {f"{i + 1} keeps": table.keep[i] for i in order[:step]}
    if 0 < step < len(order):
        last = order[step - 1]
        giver = p[table.alias[last]]
        shown |= {"poured": 1 - table.keep[last], "height": size * giver, "probability": giver}
    if step >= len(order):
        shown |= {f"{i + 1} keeps": kept for i, kept in enumerate(table.keep)}
    if total := draws + 1000 * thousands:
        places = uniforms(seed, total) * size
        columns = places.astype(int)
        coins = places - columns
        outcomes = np.where(coins < table.keep[columns], columns, table.alias[columns])
        shares = np.bincount(outcomes, minlength=size) / total
        shown |= {f"share {i + 1}": share for i, share in enumerate(shares)}
        shown |= {
            "coin": coins[-1], "kept": table.keep[columns[-1]], "outcome": 1 + outcomes[-1], "draws": total,
        }  # fmt: skip
    return shown


def bayes_areas(prior, sensitivity, false_positive, second_sensitivity, second_false_positive, **values):
    count = values["evidence"].tolist().index(values["seen"]) + 1 if values["seen"] else 0
    first = [sensitivity, false_positive]
    second = [second_sensitivity or sensitivity, second_false_positive or false_positive]
    rates = np.array([first, second])[:count]
    table = course_lib.bayes_update([prior, 1 - prior], rates.prod(axis=0))
    blue, red = 1000 * table.evidence * table.posterior
    shown = {"blue": blue, "red": red}
    if count:
        shown["posterior"] = table.posterior[0]
        by_odds = course_lib.bayes_odds(prior, rates)
        np.testing.assert_allclose(by_odds.posterior[-1], table.posterior[0], rtol=1e-12)
    if count == len(values["evidence"]):
        shown |= {"odds before": course_lib.odds(prior), "odds after": course_lib.odds(table.posterior[0])}
        shown |= {f"ratio {i + 1}": ratio for i, ratio in enumerate(by_odds.ratio)}
    return shown


def race_to_a_line(p, steps, line, tosses=6000):
    """Follow the chances of every number of heads; return how often either side wins, and the mean length."""
    alive, won, lost, mean = np.array([1.0]), 0.0, 0.0, 0.0
    for n in range(1, tosses + 1):
        mean += alive.sum()
        alive = np.convolve(alive, [1 - p, p])
        lead = np.arange(n + 1) * steps[0] + np.arange(n, -1, -1) * steps[1]
        up, down = lead > line - 1e-9, lead < 1e-9 - line
        won, lost = won + alive[up].sum(), lost + alive[down].sum()
        alive[up | down] = 0
        if alive.sum() < 1e-12:
            return won, lost, mean
    raise AssertionError("the race is still open")


def evidence_race(a, b, tosses, tens, seed, odds, **_):
    u = uniforms(seed, 1 + tosses + 10 * tens)
    coin = int(u[0] >= 0.5)
    heads = u[1:] < (a, b)[coin]
    likelihood = np.where(heads[:, None], [a, b], [1 - a, 1 - b])
    posterior, over = 0.5, False
    if heads.size:
        walk = course_lib.bayes_odds(0.5, likelihood).posterior
        there = np.flatnonzero(np.abs(course_lib.logit(walk)) > math.log(odds) - 1e-9)
        over = there.size > 0
        last = there[0] if over else heads.size - 1
        posterior, heads = walk[last], heads[: last + 1]
    shown = {
        "coin": seed,
        "heads": heads.sum(),
        "tosses": heads.size,
        "bits": course_lib.logit(posterior) / math.log(2),
    }
    if abs(posterior - 0.5) > 1e-9:
        shown["odds"] = max(course_lib.odds(posterior), course_lib.odds(1 - posterior))
    if not over:
        return shown
    shown["drift"] = course_lib.kl_divergence([a, 1 - a], [b, 1 - b], base=2)
    shown["other drift"] = course_lib.kl_divergence([b, 1 - b], [a, 1 - a], base=2)
    steps = np.log([a / b, (1 - a) / (1 - b)])
    (_, lost, first), (won, _, second) = (race_to_a_line(p, steps, math.log(odds)) for p in (a, b))
    return shown | {"errs": 50 * (lost + won), "mean": (first + second) / 2}


def cropped_number(digits, s, kept, longest, **_):
    """Weigh every number that ends as the picture does, and the same by the library's rule."""
    seen, unit = int(digits[-kept:]), 10**kept
    numbers = np.arange(1.0, 10**longest)
    prior = numbers**-s / (numbers**-s).sum()
    ends_so = np.where(numbers % unit == seen, 1.0, 0.0)
    posterior = course_lib.bayes_update(prior, ends_so, normalize=True).posterior
    cut = np.maximum(np.ceil(np.log10(numbers + 0.5)) - kept, 0).astype(int)
    after = np.bincount(cut, posterior)
    shown = {"whole": after[0], "short": prior[: unit - 1].sum()}
    return shown | ({"cut": after.argmax(), "most": after.max()} if after.argmax() else {})


def beta_posterior(a, b, truth, seen, heads, tails, rounds, seed, **_):
    landed = int((uniforms(seed, 20 * rounds) < truth).sum())
    before = seen if (truth, seed) == (0.7, 1) else (0, 0)
    heads, tails = before[0] + heads + landed, before[1] + tails + 20 * rounds - landed
    posterior = course_lib.BetaBinomial(a, b).update(heads, heads + tails)
    low, high = posterior.credible_interval()
    shown = {"series": seed, "heads": heads, "tails": tails, "low": low, "high": high}
    shown |= {"mean": posterior.predictive(1, 1), "data": (heads + tails) / (a + b + heads + tails)}
    return shown | ({"frequency": heads / (heads + tails)} if heads + tails else {})


def line_prior(x, y, degree, sigma, tau, points):
    X, y = np.vander(x[:points], degree + 1, increasing=True), y[:points]
    known = {"noise_variance": sigma**2, "prior_variance": tau**2}
    penalty = course_lib.ridge_penalty(*known.values())
    line = course_lib.bayesian_linear_regression(X, y, **known)
    if points:
        np.testing.assert_allclose(course_lib.ridge_regression(X, y, penalty), line.mean, atol=1e-9)
    (centre,), (spread,) = line.predict(np.eye(degree + 1)[:1], noise=False)
    shown = {"lambda": penalty, "misfit": ((y - X @ line.mean) ** 2).sum()}
    shown |= {"penalty": penalty * (line.mean**2).sum(), "centre": centre, "band": 2 * spread}
    if points > degree:
        shown["least"] = ((y - X @ course_lib.ridge_regression(X, y, 0.0)) ** 2).sum()
    return shown


def entropy_bars(p, **_):
    p = p / p.sum() if p.any() else np.full(len(p), 1 / len(p))
    some = p[p > 0]
    surprise = course_lib.surprisal(p, base=2)
    words = course_lib.huffman_lengths(some) if len(some) > 1 else [0]
    shown = {f"surprise {i + 1}": bits for i, bits in enumerate(surprise)}
    shown |= {"entropy": course_lib.entropy(p, base=2), "perplexity": course_lib.perplexity(p)}
    return shown | {"rounded": some @ np.ceil(surprise[p > 0] - 1e-9), "huffman": some @ words}


def huffman(counts, step, **_):
    """Join the two lightest trees by a heap, each tree a list of its symbols."""
    heap = [(weight, 0, i, [i]) for i, weight in enumerate(counts)]
    heapq.heapify(heap)
    lengths = np.zeros(len(counts), int)
    shown = {}
    for s in range(step):
        one, two = heapq.heappop(heap), heapq.heappop(heap)
        lengths[one[3] + two[3]] += 1
        shown["joined"] = one[0] + two[0]
        heapq.heappush(heap, (shown["joined"], 1, s, one[3] + two[3]))
    assert course_lib.kraft_sum(lengths) == len(heap)
    shown |= {"cost": len(heap)} | ({"mean": lengths @ counts / counts.sum()} if step else {})
    if len(heap) == 1:
        assert (lengths == course_lib.huffman_lengths(counts)).all()
        shown["entropy"] = course_lib.entropy(counts / counts.sum(), base=2)
    return shown


STAR_FACTS = {
    "mean": np.arange(1.0, 6),
    "fives": np.array([0, 0, 0, 0, 1]),
    "ones": np.array([1, 0, 0, 0, 0]),
    "high": np.array([0, 0, 0, 1, 1]),
}


def known_facts(record, **values):
    """Maximise the entropy over the five shares directly, by sequential quadratic programming."""
    ticked = [key for key in STAR_FACTS if values[f"knows_{key}"]]
    targets = [STAR_FACTS[key] @ record if values[key] is None else values[key] for key in ticked]
    A = np.array([np.ones(5), *(STAR_FACTS[key] for key in ticked)])
    b = np.array([1, *targets])
    most = [optimize.linprog(-np.eye(5)[k], A_eq=A, b_eq=b, bounds=(0, 1)) for k in range(5)]
    if most[0].status == 2:
        return {}
    forced = np.array([done.fun > -1e-9 for done in most])
    done = optimize.minimize(
        lambda p: -special.entr(p).sum(),
        np.full(5, 0.2),
        jac=lambda p: 1 + np.log(np.maximum(p, 1e-300)),
        bounds=[(0, 0) if zero else (1e-12, 1) for zero in forced],
        constraints={"type": "eq", "fun": lambda p: A @ p - b, "jac": lambda p: A},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    p, uniform = np.where(forced, 0, done.x / done.x.sum()), np.full(5, 0.2)
    shown = {f"share {i + 1}": v for i, v in enumerate(p)}
    shown["learnt"] = course_lib.kl_divergence(p, uniform, base=2)
    shown["left"] = course_lib.kl_divergence(record, p, base=2)
    shown["whole"] = course_lib.kl_divergence(record, uniform, base=2)
    fits = np.allclose(A @ record, b, atol=1e-9)
    return shown | ({"sum": shown["whole"]} if fits else {})


def typical_set(p, epsilon, n):
    heads = np.arange(n + 1)
    entropy, likeliest = course_lib.entropy([p, 1 - p], base=2), -math.log2(max(p, 1 - p))
    bits = (course_lib.surprisal([p, 1 - p], base=2) * np.stack([heads, n - heads], axis=1)).sum(axis=1) / n
    typical = abs(bits - entropy) <= epsilon + 1e-12
    shown = {"entropy": entropy, "likeliest": likeliest}
    shown["probability"] = stats.binom.pmf(heads[typical], n, p).sum()
    if typical.any():
        size = math.log2(sum(math.comb(n, int(k)) for k in heads[typical]))
        shown |= {"size": size, "nH": n * entropy, "share": 2 ** (size - n)}
    return shown


def be_random(order, tosses, again):
    """Mix the predictors of each memory by their evidence so far; each has a Beta(1/2, 1/2) a context."""
    heads = (tosses == "h").astype(int)
    shown = {"game": again + 1, "order": order}
    if not heads.size:
        return shown
    told, evidence = [], np.ones(order + 1)
    for t, head in enumerate(heads):
        chances = []
        for m in range(order + 1):
            recent = [heads[max(0, s - m) : s].tolist() for s in range(t + 1)]
            after = [heads[s] for s in range(t) if recent[s] == recent[t]]
            belief = course_lib.BetaBinomial(0.5, 0.5).update(sum(after), len(after))
            chances.append(belief.predictive(1, 1))
        told.append(np.average(chances, weights=evidence))
        evidence *= chances if head else np.subtract(1, chances)
    told = np.array(told)
    right = ((told > 0.5 - 1e-9) == heads).sum()
    bits = course_lib.surprisal(np.where(heads, told, 1 - told), base=2)
    shown |= {"tosses": len(heads), "bits": bits.mean(), "right": right}
    shown["luck"] = stats.binom.sf(right - 1, len(heads), 0.5)
    return shown | ({"switched": 100 * np.mean(np.diff(heads) != 0)} if len(heads) >= 60 else {})


TYPED = [*"hthhthtthhthttthhththhtthththhtthttthhththtthhthhththtthhtth"]

LETTERS = " abcdefghijklmnopqrstuvwxyz"
READ = re.sub("[^a-z]+", " ", english_text().lower())[:60_000]
PASSAGE = "the values of a list are arbitrary objects and lists are formed by placing expressions in brackets"
PAID = -NGramModel(READ, order=4, vocabulary=LETTERS).log_prob(PASSAGE) / math.log(2)


def shannon_game(text, model, given, c, plays, again, **_):
    """Follow the reader's distribution of the next letter: a guess takes its share of what is left."""
    shown = {"game": again + 1, "right": -math.log2(c), "wrong": -math.log2(1 - c)}
    paid, rest, out = [], 1.0, set()
    for entry in plays.tolist():
        letter, truth = entry[0], text[given + len(paid)]
        share = rest / (27 - len(out)) if letter == "?" else rest * float(entry[1:])
        if letter in ("?", truth):
            paid.append(course_lib.surprisal(share, base=2))
            rest, out = 1.0, set()
        elif letter not in out:
            rest, out = rest - share, out | {letter}
    if paid:
        theirs = course_lib.surprisal(model[given : given + len(paid)], base=2)
        shown |= {"letters": len(paid), "you": np.mean(paid), "model": theirs.mean()}
    if plays.size and out:
        shown["paid"] = course_lib.surprisal(rest, base=2)
    elif plays.size:
        shown |= {"paid": paid[-1], "it": theirs[-1]}
    return shown


LENGTHS = np.random.default_rng(3).normal(1.7, 0.08, 500).round(3)

ROWS = [
    Row(
        "alias",
        {"p": [0.1, 0.1, 0.1, 0.1, 0.2, 0.4]},
        [{"step": s, "draws": 0, "thousands": 0} for s in range(6)]
        + [{"step": 5, "draws": d, "thousands": k} for d, k in ((1, 0), (2, 0), (12, 0), (12, 2), (13, 2))],
        alias,
    ),
    Row(
        "coin-kl",
        {"p": 0.5},
        [{"p": p, "q": q, "seed": 5} for p in (0, 0.01, 0.3, 0.5, 1) for q in (0, 0.01, 0.5, 0.9, 1)],
        coin,
    ),
    Row(
        "density",
        {"values": LENGTHS, "mean": 1.7, "sd": 0.08, "interval": (1.7, 1.8)},
        [{"bins": bins, "unit": unit} for bins in (1, 7, 20) for unit in ("m", "mm")],
        density,
    ),
    Row(
        "fog",
        {"actions": ["walk on", "step aside"]},
        [{"heard": h, "cost": c} for h in (None, "silence", "steps", "ticking") for c in (0, 90, 365, 600)],
        fog,
    ),
    Row(
        "large-numbers",
        {"source": "coin"},
        [{"source": s, "n": n, "seed": 3} for s in ("coin", "die", "cauchy") for n in (1, 100, 10_000)],
        large_numbers,
    ),
    Row(
        "surprise",
        {"a": "rain", "b": "late train"},
        [{"p_a": a, "p_b": b} for a in (0.01, 0.3, 1) for b in (0.01, 0.5, 1)],
        surprise,
    ),
    Row(
        "bayes-areas",
        {
            "hypothesis": "spam",
            "other": "wanted",
            "unit": "mails",
            "evidence": ["“free”", "“winner”"],
            "second_sensitivity": 0.5,
            "second_false_positive": 0.1,
        },
        [
            {"prior": prior, "sensitivity": hit, "false_positive": alarm, "seen": seen}
            for seen in (None, "“free”", "“winner”")
            for prior, hit, alarm in [(0.1, 0.8, 0.01), (0.001, 0.99, 0.01), (0.999, 0.01, 0.99)]
        ],
        bayes_areas,
    ),
    Row(
        "evidence-race",
        {"names": ["loaded", "fair"]},
        [
            {"tosses": tosses, "tens": tens, "seed": 1, "odds": odds}
            for tosses, tens, odds in [(0, 0, 19), (3, 0, 2), (3, 4, 2), (3, 4, 99), (7, 12, 9), (7, 30, 19)]
        ],
        evidence_race,
    ),
    Row(
        "cropped-number",
        {"digits": "0042", "longest": 6},
        [
            {"s": s, "kept": kept, "longest": longest}
            for s in (0, 0.5, 1, 1.5)
            for kept, longest in [(4, 4), (4, 7), (2, 6), (1, 5)]
        ],
        cropped_number,
    ),
    Row(
        "beta-posterior",
        {"a": 2, "b": 2, "seen": [9, 21]},
        [
            {"a": a, "b": b, "truth": truth, "heads": heads, "tails": tails, "rounds": rounds, "seed": 1}
            for a, b, truth, heads, tails, rounds in [
                (1, 1, 0.7, 0, 0, 0),
                (2, 2, 0.7, 7, 3, 0),
                (10, 90, 0.7, 7, 3, 0),
                (10, 90, 0.7, 7, 3, 10),
                (100, 100, 0, 7, 3, 10),
                (1, 1, 1, 7, 4, 30),
            ]
        ],
        beta_posterior,
    ),
    Row(
        "line-prior",
        {"degree": 3},
        [
            {"sigma": sigma, "tau": tau, "points": points}
            for points in (0, 2, 4, 8)
            for sigma, tau in [(0.1, 0.1), (1, 1), (0.1, 10), (10, 0.501)]
        ],
        line_prior,
    ),
    Row(
        "entropy-bars",
        {"p": [0.5, 0.3, 0.1, 0.1]},
        [
            {"p": p}
            for p in [
                [0.49, 0.49, 0.02, 0],
                [1, 0, 0, 0],
                [0, 0, 0, 0],
                [0.5, 0.3, 0.01, 0.7],
            ]
        ],
        entropy_bars,
    ),
    Row(
        "shannon-game",
        {"text": PASSAGE, "model": 2.0**-PAID, "rival": "a 4-gram model", "given": 12},
        [
            {"c": c, "plays": plays, "again": 0}
            for c, plays in [
                (0.05, []),
                (0.6, ["e0.6"]),
                (0.9, ["e0.6", "f0.9"]),
                (0.99, ["e0.6", "f0.9", " 0.99"]),
                (0.5, ["e0.6", "f0.9", " 0.99", "b0.5", "c0.5", "d0.5", "a0.5"]),
                (0.5, ["e0.6", "f0.9", " 0.99", "b0.5", "c0.5", "d0.5", "a0.5", "z0.5", "y0.5", "?"]),
            ]
        ],
        shannon_game,
    ),
    Row(
        "huffman",
        {"counts": [12, 9, 7, 3, 2, 2], "labels": [*"etaqxz"], "unit": "letters in 35"},
        [{"step": step} for step in range(6)],
        huffman,
    ),
    Row(
        "known-facts",
        {"record": [0.14, 0.02, 0.03, 0.12, 0.69], "called": "the J-shaped record"},
        [
            dict(zip(["knows_mean", "knows_fives", "knows_ones", "knows_high"], ticks, strict=True))
            | dict(zip(["mean", "fives", "ones", "high"], targets, strict=True))
            for ticks, targets in [
                ((False, False, False, False), (4.2, 0.69, 0.14, 0.81)),
                ((True, False, False, False), (4.2, 0.69, 0.14, 0.81)),
                ((True, True, False, False), (4.2, 0.69, 0.14, 0.81)),
                ((True, True, True, True), (4.2, 0.69, 0.14, 0.81)),
                ((True, False, True, False), (2.5, 0.69, 0.3, 0.81)),
                ((True, True, False, False), (4.95, 0.5, 0.3, 0.81)),
                ((False, True, True, False), (3, 0.6, 0.5, 0.81)),
                ((True, True, False, False), (4.2, 0.2, 0.14, 0.81)),
                ((True, False, True, False), (4.2, 0.69, 0.2, 0.81)),
            ]
        ],
        known_facts,
    ),
    Row(
        "typical-set",
        {"p": 0.7},
        [
            {"p": p, "epsilon": epsilon, "n": n}
            for p, epsilon in [(0.7, 0.05), (0.7, 0.3), (0.5, 0.01), (0.95, 0.1)]
            for n in (1, 10, 100, 10_000 if p == 0.7 else 1000)
        ],
        typical_set,
    ),
    Row(
        "be-random",
        {"order": 3},
        [
            {"order": order, "tosses": TYPED[:n], "again": 0}
            for order, n in [(3, 0), (3, 1), (0, 2), (2, 9), (6, 30), (3, 60)]
        ],
        be_random,
    ),
]


def values_after(row, move):
    """Return an explorable's values after a move, lists as arrays."""
    defaults = {key: schema["default"] for key, schema in declared_inputs()[row.name].items()}
    return {
        key: np.array(value) if isinstance(value, list) else value
        for key, value in {**defaults, **row.data, **move}.items()
    }


def displayed(markup):
    """Return the named numbers of a frame as printed."""
    return dict(re.findall(r'<b data-value="([^"]+)">([^<]*)</b>', markup))


def check_shown(texts, expected, where):
    """Compare each printed number with the library's, to half a unit of its last digit."""
    assert texts.keys() == expected.keys(), where
    for name, text in texts.items():
        digits = re.match(r"[\d,]+\.?\d*|∞", text.lstrip("−"))[0].replace(",", "").replace("∞", "inf")
        value = -float(digits) if text.startswith("−") else float(digits)
        half = 0.501 * 10.0 ** -len(digits.partition(".")[2])
        assert value == expected[name] or abs(value - expected[name]) <= half, (where, name, text)

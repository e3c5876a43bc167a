"""Exercise set 2: the laws that answers are held against.

Answers are called with plain values only, so that they may live in another process.
"""

import math
from functools import partial

import numpy as np

from course_lib.grading.checks import bayes_slips as right
from course_lib.grading.checks.bayes_inputs import (
    BARRED,
    RULES,
    borderline,
    buttons,
    letters,
    mail,
    model,
    near_words,
    regression,
    sgd,
    training,
    visits,
)
from course_lib.grading.checks.bayes_slips import SLIPS
from course_lib.grading.checks.forms import all_near, interval_costs
from course_lib.grading.checks.kit import After, checker
from course_lib.grading.checks.slips import run_slip, ways

__all__ = ["PRELOAD", "SLIPS", "check"]

PRELOAD = ()  # what the checks import is enough
check = checker(SLIPS)

EVEN = 0.25, 0.2, 0.1, 0.3, 0.35  # coins of b and 1 - b: their totals stand at a line, up to rounding


def telling_apart(random, make, name, answer, tried):
    """Return cases that tell the right answer and all slips of this name from each other, where some do."""
    ways_in = [way for made in SLIPS[name].values() for way in ways(made)]
    rivals, cases = [answer, *ways_in], []
    groups = [list(range(len(rivals)))]
    for _ in range(tried):
        case, split = make(random), []
        given = [run_slip(rival, case) for rival in rivals]
        for group in groups:
            values = {given[i] for i in group}
            split += [[i for i in group if given[i] == value] for value in values]
        if len(split) > len(groups):
            cases, groups = [*cases, case], split
    return cases


@check("2.1")
def guess_roughly(random, predictions):
    """Check that your intervals cost at most 2 bits on average."""
    interval_costs(predictions(), right.truths(), 2)


@check("2.1")
def guess_closely(random, predictions):
    """Check that your intervals cost at most half a bit on average."""
    mean = interval_costs(predictions(), right.truths(), 0.5)
    told = ", ".join(f"{name} {truth:.4g}" for name, truth in right.truths().items())
    return After(f"Yours cost {mean:.2f} bits a question. In truth: {told}.")


@check("2.2")
def race_lines(random, race):
    """Check when each race ends, which coin it names, and races that end undecided."""
    laws = "the first toss after which the odds stand at `odds` or at 1 to `odds`, or past it", "1, -1 or 0"
    cases = [
        (random.random((40, 60)) < 0.5, float(a), float(b), odds)
        for (a, b), odds in zip(random.uniform(0.2, 0.8, (3, 2)), (4.0, 2.5, 7.3), strict=True)
    ]
    tosses, *coins = cases[0]
    used, said = right.run(*cases[0])
    cases.append((tosses[:, : used[said != 0].max()], *coins))  # the last toss decides
    cases.append((random.random((40, 12)) < 0.55, 0.6, 0.5, 6.5))  # most races end undecided
    all_near(race, right.run, cases, *laws)


@check("2.2")
def race_extreme(random, race):
    """Check a coin that has two heads, totals at a line or just short of it, and thousands of tosses."""
    tosses = random.random((30, 70)) < 0.97
    laws = "one tail and the coin with two heads is out, at once and for good", "1, -1 or 0"
    all_near(race, right.run, [(tosses, 1.0, 0.5, 1e18), (tosses, 0.4, 1.0, 20.0)], *laws)
    cases = [(random.random((20, 30)) < 0.5, b, 1 - b, ((1 - b) / b) ** k) for b in EVEN for k in (2, 3)]
    heads = np.ones((1, 25), dtype=bool)
    cases += [(heads, 0.7, 0.45, (0.7 / 0.45) ** k * (1 + 1e-7)) for k in range(4, 20)]
    cases.append((random.random((4, 3000)) < 0.55, 0.6, 0.5, 1e6))
    all_near(race, right.run, cases, "the first toss at a line or past it, within 1e-9", laws[1])


@check("2.2")
def race_count(random, exact_race):
    """Check the chance of each verdict and the mean number of tosses, exactly and for any coin."""
    laws = "the chance that coin a is named", "the chance that coin b is named", "tosses used on average"
    p = random.uniform(0.3, 0.7, 3).round(3)
    cases = [(0.6, 0.6, 0.5, 19.0, 40), (float(p[0]), 0.7, 0.45, 5.3, 90), (float(p[1]), 0.2, 0.6, 3.1, 12)]
    cases += [(float(p[2]), 0.55, 0.5, 2.1, 1), (0.55, 0.7, 0.45, (0.7 / 0.45) ** 3 * (1 + 1e-6), 9)]
    cases += [(float(p[2]), b, 1 - b, ((1 - b) / b) ** 3, 7) for b in EVEN]  # totals stand at the line
    all_near(exact_race, right.counted, cases, *laws)


@check("2.2")
def race_long(random, exact_race):
    """Check a thousand tosses: 2 to the power 1000 paths, and a thousand numbers."""
    laws = "the chance that coin a is named", "the chance that coin b is named", "tosses used on average"
    cases = [(0.55, 0.6, 0.5, 99.0, 999), (0.53, 0.55, 0.5, 300.0, 1000), (0.6, 0.6, 0.5, 19.0, 1000)]
    all_near(exact_race, right.counted, cases, *laws)
    _, wrong, mean = exact_race(0.6, 0.6, 0.5, 19.0, 1000).value
    return After(f"Yours, at 19 to 1: {mean:.1f} tosses on average, wrong in {wrong:.2%} of the races.")


@check("2.3")
def ship_predict(random, predictive):
    """Check the distribution of the next clicks, for few visitors and for hundreds of thousands."""
    a, b = random.uniform(0.4, 9, 2)
    cases = [
        (0.5, 0.5, 3),
        (float(a), float(b), 6),
        (1.0, 1.0, 9),
        (30_002.0, 90_008.0, 400),
        (3.0, 400.5, 1500),
    ]
    law = "p(k) is the binomial probability of k, averaged over Beta(a, b); all m + 1 of them sum to 1"
    predictive.like(right.mass, cases, law, rtol=1e-7)


@check("2.3")
def ship_best(random, ship):
    """Check which button brings most clicks when there is no floor."""
    law = "with the floor at 0 every button is safe, and the highest mean of its posterior is shipped"
    make = partial(buttons, safe=False)
    cases = telling_apart(random, make, "ship", right.shipped, 40) + [make(random) for _ in range(12)]
    all_near(ship, right.shipped, cases, law)


@check("2.3")
def ship_safe(random, ship):
    """Check that no button is shipped whose risk of few clicks is too large."""
    law = "of the buttons whose P(fewer than floor clicks) is at most `risk`, the highest mean; -1 if none is"
    cases = telling_apart(random, partial(buttons, safe=True), "ship", right.shipped, 80)
    cases += [borderline(random) for _ in range(16)]
    all_near(ship, right.shipped, cases, law)
    clicks, visitors = np.array([3, 30, 290]), np.array([3, 100, 1000])
    chosen = "ABC"[int(ship(clicks, visitors, 2.0, 8.0, 50, 8, 0.2).value)]
    return After(f"Of A with 3 clicks of 3, B with 30 of 100 and C with 290 of 1000, yours ships {chosen}.")


@check("2.4")
def counts_table(random, transitions):
    """Check the most likely table: the shares of the counts, row by row."""
    law = "of all departures from page i, the share that went to page j; nan where there was no departure"
    cases = [(visits(random, n, 15), pages) for n, pages in ((4, 4), (3, 3), (4, 6))]
    all_near(transitions, right.table_of, [*cases, ([[0, 1] * 300, [0, 0, 0]], 2)], law)


@check("2.4")
def counts_cost(random, cost):
    """Check the mean cost of a move, and that an impossible move costs inf."""
    law = "each move from i to j is charged -ln table[i, j], and every move counts the same"
    cases = [(visits(random, n, 10), random.dirichlet(np.ones(n), size=n)) for n in (3, 5)]
    cases.append(([random.integers(3, size=5001).tolist()], cases[0][1]))
    cases += [([[0, 0, 1, 2], [1, 1]], BARRED), ([[0, 1], [1, 0]], BARRED)]
    all_near(cost, right.cost_of, cases, law)


@check("2.4")
def counts_excess(random, excess):
    """Check how much dearer any table is than the most likely one."""
    law = "the cost of this table less that of the MLE of the same sessions; the MLE itself is at 0"
    walks = [visits(random, n, 10) for n in (3, 5, 4)]
    cases = [(walk, random.dirichlet(np.ones(n), size=n)) for walk, n in zip(walks, (3, 5, 4), strict=True)]
    cases += [(walks[2], right.table_of(walks[2], 4)), ([[0, 1], [1, 0]], BARRED)]
    cases.append(([random.integers(3, size=5001).tolist()], cases[0][1]))
    all_near(excess, right.excess_of, cases, law)
    even = excess(walks[2], np.full((4, 4), 0.25)).number()
    return After(f"By yours an even table of four pages costs {even:.3f} nats a move more than the MLE.")


def ask_if_changed(track):
    track.differs(
        right.as_found, [(70.0, 3.0, np.array([76.0, 70, y]), np.array([4.0, 1, 2])) for y in (60, np.nan)]
    )


@check("2.5")
def scales_first(random, track):
    """Check that the first fault is mended."""
    ask_if_changed(track)
    laws = "precisions, 1/sd², add, and the mean weighs by them", "the precision after is the sum of both"
    cases = [(70.0, 2.0, np.array([76.0]), np.array([1.0]))]
    for n in (3, 8):
        cases.append((float(random.normal(70, 5)), 3.0, random.normal(70, 4, n), random.uniform(0.2, 9, n)))
    track.like(right.tracked, cases, *laws)
    return After("Yours weighs each reading by its precision, 1/sd².")


@check("2.5")
def scales_second(random, track):
    """Check that the second fault is mended."""
    ask_if_changed(track)
    readings, noise = random.normal(70, 4, 7).round(2), random.uniform(1, 5, 7).round(2)
    readings[4] = 0.0  # a reading like any other
    missing = np.isin(np.arange(9), random.choice(9, 2, replace=False))
    gappy, wide = np.full(9, np.nan), np.full(9, 2.0)
    gappy[~missing], wide[~missing] = readings, noise
    whole = track(60.0, 3.0, readings, noise)
    known = [part.array((7,)) for part in whole.parts(2)]
    law = "a reading above the mean raises it, and every reading narrows the belief"
    whole.require(known[0][0] > 60 and (np.diff(known[1], prepend=3.0) < 0).all(), law)
    for part, path, start in zip(track(60.0, 3.0, gappy, wide).parts(2), known, (60.0, 3.0), strict=True):
        law = "where the reading is nan, mean and sd stay as they were before it"
        part.near(np.append(start, path)[np.cumsum(~missing)], law)
    return After("In yours a missing reading says nothing, whatever its noise would have been.")


@check("2.5")
def scales_third(random, track):
    """Check that the third fault is mended."""
    ask_if_changed(track)
    readings, noise = random.normal(70, 4, 6), random.uniform(1, 5, 6)
    answer = track(0.0, math.inf, readings, noise)
    mean, sd = (part.array((6,)) for part in answer.parts(2))
    law = (
        "a prior with sd = inf has precision 0: after the first reading, its value and its noise stand alone"
    )
    answer.require(math.isclose(mean[0], readings[0]) and math.isclose(sd[0], noise[0]), law)
    rest = track(float(readings[0]), float(noise[0]), readings[1:], noise[1:])
    for part, want in zip(rest.parts(2), (mean[1:], sd[1:]), strict=True):
        part.near(want, "with the first reading as its prior, the rest must go on as it did after sd = inf")
    return After(f"Yours knows nothing at first and is sure to ± {sd[-1]:.2f} g after six readings.")


@check("2.6")
def penalty_forms(random, penalties):
    """Check λ for the sum, the mean and half the mean of the squares, and where there is no prior."""
    law = "loss + Σ λ w² is the negative log-posterior times one number, the same for all weights"
    for loss in ("sum", "mean", "half the mean"):
        n, d = (int(i) for i in random.integers(2, 90, 2))
        tau = np.append(random.uniform(0.1, 5, d % 4 + 1), math.inf)
        penalties.like(right.lambdas, [(float(random.uniform(0.2, 3)), tau, n, loss)], law)


@check("2.6")
def penalty_fit(random, map_fit):
    """Check the peak of the posterior and its width, for more data than weights and for fewer."""
    laws = (
        "at the peak the pull of the data and that of the prior cancel",
        "the precisions of data and prior add",
    )
    map_fit.like(
        right.fitted, [regression(random, n, d) for n, d in ((20, 3), (2, 4), (5, 1))], *laws, rtol=1e-7
    )


@check("2.6")
def penalty_free(random, map_fit):
    """Check a weight without a prior, also where the noise is huge, and one that is all but fixed."""
    X, y, sigma, tau, centre = regression(random, 12, 3)
    tau[0], tau[1] = math.inf, 1e-4
    laws = "tau = inf adds no precision", "tau = inf adds no precision"
    rough = np.array([[1.0, 0], [1, 1]]), np.array([1e5, 1e5 + 1]), 1e5, np.array([math.inf, 1]), np.zeros(2)
    map_fit.like(right.fitted, [(X, y, sigma, tau, centre), rough], *laws, rtol=1e-6)
    w = np.asarray(map_fit(X, y, sigma, tau, centre).value[0])
    return After(f"Yours moves the weight with tau = 0.0001 by {abs(w[1] - centre[1]):.1e} from its centre.")


def judge_logs(keeps_prior, random, rules, *kinds):
    """Fail unless the logs of plain SGD are accepted and those of each rule refused."""
    logs = [(sgd, "plain SGD with 2 σ²/(n τ²)", True)] * 4
    logs += [(RULES[rule], rule, False) for rule in rules] * 2
    asked = []
    for kind in kinds or [{}]:
        asked += [(keeps_prior(*training(random, rule, **kind)), name, keep) for rule, name, keep in logs]
    for answer, name, keep in asked:
        verdict = "keeps" if keep else "does not keep"
        answer.require(answer.truth() == keep, f"this log is of {name}, which {verdict} to the prior")


@check("2.7")
def keeps_lambda(random, keeps_prior):
    """Check logs of SGD, with the decay that means this prior and with others."""
    judge_logs(keeps_prior, random, [rule for rule in RULES if rule.startswith("SGD with")])


@check("2.7")
def keeps_rule(random, keeps_prior):
    """Check logs of AdamW, and of SGD that errs in one step or one weight."""
    judge_logs(keeps_prior, random, list(RULES))


@check("2.7")
def keeps_scale(random, keeps_prior):
    """Check weights of a billionth, of a million, of both kinds in one log, and logs written in float32."""
    rules = [rule for rule in RULES if "decay" in rule and rule.startswith("SGD with")]
    rules += [rule for rule in RULES if "off in" in rule or "adds to" in rule]
    mixed = np.array([1e-3, 1e4, 1e4, 1e4])
    kinds = {"scale": 1e-9}, {"scale": 1e6}, {"dtype": np.float32}, {"scale": mixed, "dtype": np.float32}
    judge_logs(keeps_prior, random, rules, *kinds)
    return After("Yours tells 2 λ from λ in weights of a billionth, and forgives what float32 rounds off.")


@check("2.8")
def mail_fit(random, fit_words):
    """Check the shares of the words on both sides, for hundreds of letters and for a side that is missing."""
    laws = "the logarithms of the shares of the letters", "counts plus alpha, as shares of their sum, in logs"
    heavy = random.integers(0, 9, (400, 3)).astype(np.uint8), random.random(400) < 0.3
    cases = [(*mail(random, 12, 5), 1.0), (*heavy, 0.5), (*mail(random, 30, 4), 0.1)]
    lonely = random.integers(0, 4, (5, 3)).astype(np.uint8), np.zeros(5, dtype=bool), 1.0
    all_near(fit_words, right.words_of, [*cases, lonely], *laws)


@check("2.8")
def mail_odds(random, spam_log_odds):
    """Check the log-odds of short letters, and of letters of a hundred thousand words."""
    law = "the prior's log-odds, plus count times log-ratio for every word"
    cases = [(*model(random, n), random.integers(0, 4, (6, n)).astype(np.uint8)) for n in (3, 7)]
    rare, never = np.log([1 - 1e-6, 1e-6]), np.array([0.0, -math.inf])
    cases += [(prior, model(random, 4)[1], mail(random, 5, 4)[0]) for prior in (rare, never)]
    long = random.integers(100, 256, (3, 600)).astype(np.uint8)
    all_near(spam_log_odds, right.weighed, [*cases, (*model(random, 600), long)], law)


@check("2.8")
def mail_drop(random, drop):
    """Check which letters are dropped, for any two costs, and where the probability rounds to 1."""
    law = "a letter is dropped when keeping it is expected to cost more; where both cost the same, it is kept"
    z = random.normal(0, 4, 400).round(3)
    cases = [(z, lost, read) for lost, read in ((20.0, 1.0), (3.0, 2.0), (1.0, 7.5))]
    cases.append((np.array([38.0, 44, 48, 60, -800, 900]), 1e20, 1.0))
    cases.append((np.array([-0.5, 0, 0.5]), 2.0, 2.0))
    all_near(drop, right.dropped, cases, law)


@check("2.8")
def mail_temper(random, temper):
    """Check the power that makes the statements honest, and what they cost in bits a letter."""
    laws = "of the powers in the list, the one with the fewest bits a letter", "its bits a letter"
    powers, cases = [0.9, 1.0, 0.7, 0.4, 0.2, 0.1, 0.05], []
    for power, scale in ((0.55, 6.0), (0.15, 14.0), (0.15, 20.0)):
        z = random.normal(0, scale, 500)
        cases.append((z, random.random(500) < right.stated(power * z), powers))
    spam = np.arange(400) % 2 == 1
    cases.append((np.where(spam ^ (np.arange(400) == 7), 1100.0, -1100.0), spam, [1.0, 0.9]))
    all_near(temper, right.tempered, cases, *laws)


def loud(telling, log_theta, k):
    """Fail unless these are the loudest words of each side, in order; equals may change places."""
    ratio = log_theta[1] - log_theta[0]
    sides = "the largest ratio of spam to the rest", "the smallest ratio of spam to the rest"
    for part, want, side in zip(
        telling(log_theta, k).parts(2), right.loudest(log_theta, k), sides, strict=True
    ):
        got = part.array((k,), "int")
        good = len(set(got.tolist())) == k and ((got >= 0) & (got < len(ratio))).all()
        part.require(
            good and np.allclose(ratio[got], ratio[want]), f"these words have {side}, the loudest first"
        )


@check("2.8")
def mail_words(random, telling):
    """Check the most telling words of both sides, the loudest first."""
    for n, k in ((9, 3), (60, 5)):
        loud(telling, model(random, n)[1], k)
    loud(telling, near_words(random, 30), 4)


@check("2.8", seconds=30)
def mail_picture(random, fit_words, spam_log_odds, temper, drop, telling):
    """Check real letters that were held out: honest statements, and less cost than either plain rule."""
    X, spam, words = letters()
    train, valid, test = np.split(random.permutation(len(X)), [len(X) // 2, 3 * len(X) // 4])
    fit_words.like(
        right.words_of, [(X[train], spam[train], 1.0)], *["real letters: counts plus 1, as shares"] * 2
    )
    fit = right.words_of(X[train], spam[train], 1.0)
    spam_log_odds.like(
        right.weighed, [(*fit, X[part]) for part in (valid, test)], "real letters: prior plus words"
    )
    told, kept = right.weighed(*fit, X[valid]), right.weighed(*fit, X[test])
    powers = [1.0, 0.85, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]
    temper.like(right.tempered, [(told, spam[valid], powers)], "fewest bits on the valid letters", "its bits")
    power, out = right.tempered(told, spam[valid], powers)[0], spam[test]
    drop.like(right.dropped, [(power * kept, 3.0, 1.0)], "real letters: the threshold that the costs set")
    loud(telling, fit[1], 6)
    gone = np.asarray(drop(power * kept, 3.0, 1.0).value)
    paid = 1000 * ((gone & ~out) * 3 + (~gone & out)).mean()
    bits = [right.charge(kept, out, p) for p in (1, power)]
    said = [", ".join(words[i] for i in side) for side in telling(fit[1], 6).value]
    dropped, lost = (gone & out).sum(), (gone & ~out).sum()
    told = (
        f"Yours: {bits[0]:.3f} bits a letter as it comes, {bits[1]:.3f} with the power {power:g}.\n"
        f"  It drops {dropped} of {out.sum()} spam letters and {lost} of {(~out).sum()} others.\n"
        f"  A thousand letters cost {paid:.0f}, against {1000 * out.mean():.0f} when all are kept.\n"
        f"  Spam says: {said[0]}.\n  The others say: {said[1]}."
    )
    return After(told, partial(honest, kept, out, power))


def honest(log_odds, spam, power):
    """Draw what was stated against what happened, before and after tempering."""
    from course_lib import plots

    plots.use_style()
    stories = {"as it comes": 1.0, f"to the power {power:g}": power}
    return plots.reliability(
        {name: (right.stated(p * log_odds), spam) for name, p in stories.items()}, bins=6
    )

"""Exercise set 3: the laws that answers are held against.

Answers are called with plain values only, so that they may live in another process.
"""

import math
from functools import partial
from itertools import pairwise

import numpy as np

from course_lib.grading.checks import entropy_slips as right
from course_lib.grading.checks.entropy_inputs import (
    FAULTS,
    ahead,
    askings,
    chatter,
    committee,
    exact,
    extremes,
    facts,
    letters,
    messages,
    report,
    shares,
    tables,
    told,
    wishes,
)
from course_lib.grading.checks.entropy_slips import ALPHABET, SLIPS
from course_lib.grading.checks.forms import all_near, interval_costs
from course_lib.grading.checks.kit import After, checker

__all__ = ["PRELOAD", "SLIPS", "check"]

PRELOAD = ()  # what the checks import is enough
check = checker(SLIPS)


@check("3.1")
def guess_roughly(random, predictions):
    """Check that your intervals cost at most 2 bits on average."""
    interval_costs(predictions(), right.truths(), 2)


@check("3.1")
def guess_closely(random, predictions):
    """Check that your intervals cost at most half a bit on average."""
    mean = interval_costs(predictions(), right.truths(), 0.5)
    truth = ", ".join(f"{name} {value:.4g}" for name, value in right.truths().items())
    return After(f"Yours cost {mean:.2f} bits a question. In truth: {truth}.")


def best_lengths(lengths, cases):
    """Fail unless these lengths are within the budget and none are shorter on average."""
    for answer, (p, r) in [(lengths(*case), case) for case in cases]:
        got = answer.array((len(p),), "int")
        answer.require((got >= 1).all(), "each word has at least one sign")
        spent = right.budget_of(map(int, got), r)
        answer.require(
            spent <= 1, "the words cost at most 1 together, each r to the power of minus its length"
        )
        best = p @ right.huffman_of(p, r)
        answer.require(p @ got <= best * (1 + 1e-12), "no words within the budget are shorter on average")


@check("3.2")
def signs_best(random, lengths):
    """Check the shortest words on average, with two to ten signs, and where a merge comes up short."""
    cases = [(shares(random, many), r) for r in (2, 3, 4, 5, 10) for many in (2, r + 1, 7, 9, 12, 15)]
    best_lengths(lengths, cases)


@check("3.2")
def signs_many(random, lengths):
    """Check hundreds of symbols, equal shares, and shares that halve each time."""
    halves = 0.5 ** np.r_[np.arange(1, 50), 49]
    zipf = random.permutation(1 / np.arange(1.0, 401))
    equal = [(np.full(n, 1 / n), r) for n, r in ((9, 3), (10, 3), (16, 4), (100, 10))]
    best_lengths(lengths, [(halves, 2), (halves, 5), (zipf / zipf.sum(), 3), (zipf / zipf.sum(), 6), *equal])
    signs = {r: np.full(26, 1 / 26) @ np.asarray(lengths(np.full(26, 1 / 26), r).value) for r in (2, 3, 10)}
    told_now = ", ".join(f"{mean:.2f} of {r} signs" for r, mean in signs.items())
    return After(f"In yours 26 equal letters need on average {told_now}.")


def can_be_read(answer, lengths, r):
    """Fail unless the words have these lengths and signs, and none begins another."""
    words = answer.value
    good = type(words) in (list, tuple) and all(isinstance(word, str) for word in words)
    answer.require(good and len(words) == len(lengths), f"the contract asks for {len(lengths)} words")
    answer.require(all(set(word) <= set("0123456789"[:r]) for word in words), f"the signs are 0 to {r - 1}")
    answer.require([*map(len, words)] == lengths, "the words have the lengths of `lengths`, in this order")
    ordered = sorted(words)
    begun = any(after.startswith(word) for word, after in pairwise(ordered))
    answer.require(not begun, "no word begins another, and no word is used twice")


@check("3.2")
def signs_words(random, spell):
    """Check words whose lengths stand in any order, and of which some could be added."""
    cases = [(wishes(random, many, r), r) for r in (2, 3, 5, 10) for many in (5, 9, 24)]
    cases += [([n for n in wish if random.random() < 0.8] + [7], r) for wish, r in cases]
    for answer, case in [(spell(*case), case) for case in cases if right.budget_of(*case) <= 1]:
        can_be_read(answer, *case)


@check("3.2")
def signs_budget(random, spell):
    """Check wishes that spend the budget to the end, and those that exceed it, by however little."""
    full = [(wishes(random, many, r), r) for r in (2, 3, 6, 7, 10) for many in (4, 11, 60)]
    full += [([*range(1, 91), 90], 2), ([1, 1, *range(2, 41), *range(2, 41), 40, 40], 3)]
    over = [([*lengths, max(lengths)], r) for lengths, r in full] + [([1, 2, 2, 3], 2), ([1, 1, 1, 90], 3)]
    part = [*[(lengths[1:], r) for lengths, r in full], ([3], 2)]
    asked = [(spell(*case), case) for case in [*full, *part, *over]]
    for answer, case in asked:
        if right.budget_of(*case) > 1:
            answer.require(answer.value is None, "these words cost more than 1 together: None is asked for")
        else:
            can_be_read(answer, *case)


@check("3.3")
def ask_left(random, left):
    """Check what stays open about the fault when some sensors have been read."""
    law = "look at the sensors first: for each of their readings there is an entropy, and they are averaged"
    cases = [*askings(random), (np.diag(shares(random, 4)), 0, (1,))]
    for got, case in [(left(*case), case) for case in cases]:
        got.near(right.remaining(*case), law, atol=1e-10)


@check("3.3")
def ask_ends(random, left):
    """Check that nothing known leaves it all, that a copy leaves nothing, and readings that never come."""
    copy = np.diag(shares(random, 4))
    cases = [(tables(random, (2, 3, 4)), 1, ()), (copy, 0, (1,)), (copy, 1, ())]
    gap = tables(random, (3, 4, 2))
    gap[1] = 0
    cases += [(gap / gap.sum(), 1, (0,)), (gap / gap.sum(), 0, (1, 2)), (tables(random, (2,) * 8), 7, (3,))]
    law = "readings that never come count nothing, and no sensor at all leaves the whole entropy"
    for got, case in [(left(*case), case) for case in cases]:
        got.near(right.remaining(*case), law, atol=1e-10)


@check("3.3")
def ask_pair(random, best_pair):
    """Check which two sensors leave least open, also where each alone says nothing."""
    cases = []
    while len(cases) < 12:
        joint = tables(random, (2, 3, 2, 2, 3)[: int(random.integers(4, 6))])
        case = joint, int(random.integers(joint.ndim))
        cases += [case] if ahead(*case) else []
    first, second, both = (lambda a, b: a), (lambda a, b: b), (lambda a, b: a + b)
    cases.append(told(random, [first, second, both, both, both, both], [0.0, 0.02, 0.2, 0.25, 0.45, 0.48]))
    for n in range(4):
        noise = [0.0, 0.01 * n, 0.2, 0.25, 0.45]
        cases.append(told(random, [first, second, both, both, both], noise))
    law = "of all pairs of sensors this one must leave least open about the fault"
    for answer, case in [(best_pair(*case), case) for case in cases]:
        got = tuple(part.integer() for part in answer.parts(2, "a tuple of two whole numbers"))
        answer.require(got == right.pair_of(*case), law)
    joint, target = cases[-1]
    open_now = [right.remaining(joint, target, known) for known in ((), best_pair(joint, target).value)]
    return After(
        f"Your pair of the last case brings the doubt from {open_now[0]:.3f} to {open_now[1]:.3f} bits."
    )


def ask_if_changed(rate):
    """Wait until the function is another than the one that was handed out, and tells order from chance."""
    rate.differs(right.as_found, [([[0, 1, 1, 0, 2]],), ([[0, 1], [1, 0, 0, 2]],), ([[0, 3, 3, 0]],)])


def tells(random, rate):
    """Fail unless a click that is certain has about 0 bits, and a fair coin 1."""
    for answer, about in (
        (rate([[0, 1] * 600]), 0),
        (rate([random.integers(2, size=2500).tolist()]), 1),
    ):
        unit = "bit" if about == 1 else "bits"
        law = f"in a long session of this kind the click before leaves about {about} {unit}"
        answer.require(abs(answer.number() - about) < 0.1, law)


@check("3.4")
def rate_first(random, rate):
    """Check that the first fault is mended."""
    ask_if_changed(rate)
    tells(random, rate)
    sessions = chatter(random, 8)
    whole = rate(sessions)
    law = "the same sessions in another order must give the same number"
    for order in (sessions[::-1], [sessions[i] for i in random.permutation(len(sessions))]):
        whole.require(math.isclose(rate(order).number(), whole.number(), abs_tol=1e-9), law)
    law = "the same pairs, each as a session of its own, must give the same number"
    apart = rate([list(pair) for session in sessions for pair in pairwise(session)])
    whole.require(math.isclose(apart.number(), whole.number(), abs_tol=1e-9), law)
    law = "a session of one click has no pair, and must change nothing"
    whole.require(math.isclose(rate([*sessions, [0], []]).number(), whole.number(), abs_tol=1e-9), law)
    return After("Yours looks at no pair across two sessions.")


@check("3.4")
def rate_second(random, rate):
    """Check that the second fault is mended."""
    ask_if_changed(rate)
    tells(random, rate)
    sessions = [random.integers(4, size=80).tolist()]
    names = random.permutation([0, 1, 11, 1000]).tolist()  # 0, 1000 and 1, 0; 1, 11 and 11, 1
    renamed = rate([[names[token] for token in session] for session in sessions])
    law = "the pages have got other numbers here, which must change nothing: before it was {:.6g}"
    before = rate(sessions).number()
    renamed.require(math.isclose(renamed.number(), before, abs_tol=1e-9), law.format(before))
    law = "the correction counts what was seen: the different pairs, and the different clicks that begin one"
    for few in ([[0, 1, 0, 1, 1], [1, 0], [0]], [[0, 1]], [[2, 0, 0, 1], [0, 2, 1], [0, 0]]):
        got = rate(few)
        seen = any(math.isclose(got.number(), value, abs_tol=1e-9) for value in right.counted(few))
        got.require(seen, law)
    return After("In yours the correction counts what was seen, whatever it is called.")


@check("3.4")
def rate_third(random, rate):
    """Check that the third fault is mended."""
    ask_if_changed(rate)
    for kinds in (2, 3):
        walk = [0, 0]
        for gap in range(1, kinds):
            walk += [i for other in range(gap) for i in (gap, other)] + [gap, gap, 0]
        walk += random.integers(kinds, size=30).tolist()
        law = "in one session in which every pair occurs, only the size of the correction is in question"
        rate([walk]).near(right.rate_of([walk]), law)
    return After(f"Yours gives the last log {rate([walk]).number():.3f} bits, of at most {math.log2(3):.3f}.")


def judged(random, accept, kind):
    """Fail unless honest entries are accepted and those with each fault of this kind refused."""
    logs = [(report(random, size, rounded), "is honest", True) for size in (0, 1, 0.5) for rounded in (0, 1)]
    logs += [(make(random), f"is not honest: {name}", False) for name, make in FAULTS[kind].items()] * 2
    logs += exact(kind)
    for answer, said, honest in [(accept(*log), said, honest) for log, said, honest in logs]:
        answer.require(answer.truth() == honest, f"this entry {said}")


@check("3.5")
def board_rows(random, accept):
    """Check records whose predictions are no distributions."""
    judged(random, accept, "rows")


@check("3.5")
def board_bits(random, accept):
    """Check entries whose bits do not follow from the predictions."""
    judged(random, accept, "bits")


@check("3.5")
def board_rest(random, accept):
    """Check entries whose perplexity or size does not follow from the bits."""
    judged(random, accept, "rest")
    return After("Yours catches a file of one byte too few, and accepts what float32 rounds off.")


def wanted(random, show, aim, law):
    """Fail unless the images for this aim are chosen, the first one first."""
    cases = [
        (committee(random, members, 40, kinds), 8, aim) for members, kinds in ((3, 4), (2, 3), (5, 6)) * 3
    ]
    for got, case in [(show(*case), case) for case in cases]:
        got.near(right.shown(*case), law)
    return cases[0][0]


@check("3.6")
def show_errors(random, show):
    """Check the images whose automatic labels are most often wrong."""
    wanted(random, show, "errors", "these labels are most often wrong, with the mean belief as the odds")


@check("3.6")
def show_bits(random, show):
    """Check the images whose labels are dearest to send."""
    wanted(random, show, "bits", "these labels have the longest ideal words on average")


@check("3.6")
def show_members(random, show):
    """Check the images whose labels tell most about the members."""
    law = "these labels are expected to tell most, in bits, about which member is right"
    q = wanted(random, show, "members", law)
    chosen = {aim: np.asarray(show(q, 4, aim).value).tolist() for aim in right.AIMS}
    return After(
        "Of the same 40 images yours shows " + ", ".join(f"{c} for {a}" for a, c in chosen.items()) + "."
    )


@check("3.7")
def near_mean(random, nearest):
    """Check the nearest distribution with this mean, from starts that are not uniform."""
    cases = [(np.full(5, 0.2), np.arange(1.0, 6), float(random.uniform(1.5, 4.5)))]
    cases += [facts(random, many, shares(random, many)) for many in (2, 4, 9, 30)]
    gap = shares(random, 7)
    gap[[1, 4]] = 0
    cases += [facts(random, 7, gap / gap.sum()) for _ in range(2)]
    law = "the start times a factor that grows or falls exponentially with the value, with the mean as asked"
    all_near(nearest, right.narrowest, cases, law, rtol=1e-6)


@check("3.7")
def near_ends(random, nearest):
    """Check large and small values, a mean close to an end, and one at the end."""
    law = "the same as with values that are shifted and scaled to a handy range; at an end only its outcomes"
    all_near(nearest, right.narrowest, extremes(random), law, rtol=1e-6)


@check("3.7")
def near_split(random, split):
    """Check what a record's mean tells, and what the record tells beyond its mean."""
    laws = (
        "the divergence from `start` of the nearest distribution with the record's mean",
        "the divergence of the record from that distribution: together they make up the record's own",
    )
    cases = []
    for many in (3, 5, 8):
        start, record = shares(random, many), shares(random, many)
        cases.append((record, start, random.normal(0, 2, many).round(2)))
    record = np.where(np.arange(8) % 3 == 1, 0, record)
    cases.append((record / record.sum(), start, 100.0 + np.arange(8)))
    all_near(split, right.split_of, cases, *laws, rtol=1e-6)
    stars = np.array([0.14, 0.02, 0.03, 0.12, 0.69]), np.full(5, 0.2), np.arange(1.0, 6)
    told_now, rest = (float(value) for value in split(*stars).value)
    return After(
        f"Of the J-shaped record the mean tells {told_now:.3f} bits by yours, and the rest {rest:.3f}."
    )


@check("3.8")
def crunch_bill(random, bill):
    """Check what the learning model charges for each symbol, from the first to the last."""
    large = [*messages(random, [(30, 150, 2), (300, 20, 1), (2, 70, 7)])]
    large += [([256, 0, 5, 0, 1, 5], 300, 2), ([0, 256, 5, 1, 0, 5], 300, 2), ([1, 11, 5, 11, 1, 5], 12, 2)]
    cases = [*messages(random), *large, ([1], 3, 2), ([2, 2, 2], 3, 5), ([0] * 300, 2, 1)]
    law = "log2 of all weights over the symbol's own, with the counts from before it was seen"
    all_near(bill, right.charged, cases, law)


def fits(answer, message, K, order):
    """Fail unless the bits stand for the message, whatever follows them, and are no more than need be."""
    word = answer.value
    answer.require(type(word) is str and set(word) <= {"0", "1"}, "the contract asks for a string of 0 and 1")
    low, width, scale = right.narrowed(message, K, order)
    number, n = int(word or "0", 2), len(word)
    inside = low << n <= number * scale and (number + 1) * scale <= (low + width) << n
    answer.require(inside, "the message's interval must hold all numbers that begin with these bits")
    answer.require(width << (n - 2) < scale if n > 2 else True, "less than 2 bits more than the bill")


@check("3.8")
def crunch_pack(random, pack):
    """Check that the word lies in the message's interval, and costs less than two bits more than the bill."""
    short = messages(random, [(K, n, order) for K in (2, 3, 5) for n in (1, 2, 4, 7) for order in (0, 2)])
    longer = messages(random, [(4, 25, 2)] * 25 + [(5, 700, 2)])
    cases = [*short, *messages(random), *longer, ([0] * 500, 2, 3)]
    for answer, case in [(pack(*case), case) for case in cases]:
        fits(answer, *case)


@check("3.8")
def crunch_unpack(random, unpack):
    """Check that words are read back, whatever bits follow, and words at the edge of an interval."""
    cases = []
    for message, K, order in [*messages(random), *messages(random, [(5, 700, 2), (3, 5, 1)])]:
        word, n = right.word_of(message, K, order), len(message)
        more = "".join(map(str, random.integers(2, size=40)))
        cases += [((bits, n, K, order), message) for bits in (word, word + more, word + "1" * 90)]
    cases += [((f"{2**90 // 3 + i:090b}", 1, 3, 0), [i]) for i in (0, 1)]  # on both sides of a third
    cases += [(("1", 1, 2, 0), [1]), (("0" * 30, 9, 3, 1), [0] * 9), (("01" + "0" * 20, 1, 4, 0), [1])]
    for answer, message in [(unpack(*case), message) for case, message in cases]:
        law = "each step finds the part that the number lies in, and stretches it to the whole range"
        answer.near(np.array(message), law)


def fair(answer, text, surprise, word=None):
    """Fail unless both sizes, in bits a letter, are right for a text of this surprise, or this word."""
    own, other = answer.parts(2)
    size = own.number() * len(text) / 8 - 4
    whole = math.isclose(size, round(size) if word is None else -(-len(word) // 8), abs_tol=1e-6)
    law = "the word of `pack`, filled up to whole bytes, and 4 bytes for the length, in bits a letter"
    own.require(whole and surprise <= 8 * round(size) < surprise + 9, law)
    other.near(right.gzip_part(text), "gzip's file less 14 of the 18 bytes of its frame, in bits a letter")


@check("3.8")
def crunch_duel(random, duel):
    """Check bits a letter of both files, with what a head and a length take."""
    places = random.integers(90_000, size=3)
    cases = [(letters(int(place), n), n % 3) for place, n in zip(places, (41, 150, 400), strict=True)]
    cases += [("the", 2)]
    for answer, (text, order) in [(duel(*case), case) for case in cases]:
        fair(answer, text, right.charged([*map(ALPHABET.index, text)], 27, order).sum())


@check("3.8", seconds=30)
def crunch_text(random, bill, pack, unpack, duel):
    """Check a real text: packed, read back, and held against gzip."""
    whole = letters(int(random.integers(90_000)), 3000)
    for text in (*(whole[:n] for n in range(50, 70)), whole):
        message = [*map(ALPHABET.index, text)]
        bits = right.charged(message, 27, 3)
        bill(message, 27, 3).near(bits, "a real text: what the model charges for each letter")
        word = pack(message, 27, 3)
        fits(word, message, 27, 3)
        back = unpack(word.value, len(message), 27, 3)
        back.near(np.array(message), "a real text, packed by yours, must be read back as it was")
        fair(both := duel(text, 3), text, bits.sum(), word.value)
    own, other = both.value
    said = (
        f"Yours: {own:.3f} bits a letter, gzip {other:.3f}, on {len(text)} letters.\n"
        f"  The first 500 cost it {bits[:500].mean():.2f} bits each, the last {bits[-500:].mean():.2f}.\n"
        f"  The text begins: {text[:60]}…"
    )
    return After(said, partial(along, bits, other))


def along(bits, gzip):
    """Draw the bits a letter along the text, in a window of 250 letters, and gzip's on the whole."""
    from course_lib import plots

    plots.use_style()
    window = np.convolve(bits, np.full(250, 1 / 250), mode="valid")
    at = np.arange(len(window)) + 250
    mean = np.cumsum(bits)[249:] / at
    lines = {"last 250 letters": window, "all so far": mean, "gzip, whole text": np.full(len(at), gzip)}
    return plots.lines(at, lines, xlabel="letters read", ylabel="bits per letter")

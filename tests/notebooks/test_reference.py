"""The reference pages: every number in them is computed here, and what they name exists."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import course_lib
from book._ext.prose import pieces

BOOK = Path(__file__).parents[2] / "book"
REFERENCE = BOOK / "reference"
PAGES = ["notation.md", "glossary.md", "formulas.md", "questions.md"]

ILL, ILL_AND_POSITIVE, HEALTHY_AND_POSITIVE = 0.001, 99, round(0.05 * 99_900)
TESTS = course_lib.bayes_odds(0.01, [[0.9, 0.05]] * 2)
SPAM = course_lib.bayes_odds(0.1, [[0.8, 0.01]])
COUNTED = course_lib.BetaBinomial(3, 7).update(45, 60).belief
COMPUTED = {
    "notation.md": {"1.4427": 1 / math.log(2), "0.6931": math.log(2)},
    "glossary.md": {"1.4427": 1 / math.log(2), "0.75": 3 / (3 + 1), "0.7": 0.7},
    "formulas.md": {
        "0.6931": math.log(2),
        "0.05": 0.05,
        "-0.079": math.log(2 * math.pi * math.e * 0.05) / 2,
        "0.201": stats.poisson(0.05).entropy(),
        "1000": 10 + 990,
        "990": 1000 - 10,
        "0.182": TESTS.odds[0],
        "0.154": TESTS.posterior[0],
        "0.766": TESTS.posterior[1],
    },
    "questions.md": {
        "0.7": 0.7,
        "1000": 1 / ILL,
        "100,000": ILL_AND_POSITIVE / 0.99 / ILL,
        "4995": HEALTHY_AND_POSITIVE,
        "5094": ILL_AND_POSITIVE + HEALTHY_AND_POSITIVE,
        "0.019": ILL_AND_POSITIVE / (ILL_AND_POSITIVE + HEALTHY_AND_POSITIVE),
        "2.585": math.log2(6),
        "3.585": math.log2(6 * 2),
        "0.1": 0.1,
        "0.0": np.prod(np.full(1000, 0.1)),
        "-2302.6": np.log(np.full(1000, 0.1)).sum(),
        "0.04": 40 / 1000,
        "0.5": 0.5,
        "0.3": 0.3,
        "0.2": 0.2,
        "0.55": 0.55,
        "0.25": np.abs(np.array([0, 0.5, 0.5, 1]) - 0.5).mean(),
        "0.75": 1 - 0.25,
        "0.811": course_lib.entropy([0.25, 0.75], base=2),
        "0.8": 0.5 + 0.3,
        "97.3": 97.3,
        "0.6931": math.log(2),
        "2.19": 97.3 / (64 * math.log(2)),
        "0.99": 0.99,
        "0.9": 0.9,
        "50,000": 50_000,
        "1.585": math.log2(3),
        "0.01": 0.01,
        "8.89": SPAM.odds[0],
        "0.899": SPAM.posterior[0],
        "0.999": 999 / (999 + 1),
        "999": 0.999 / (1 - 0.999),
        "9.96": math.log2(999),
        "3.32": math.log2(10),
        "400": 20 * 20,
        "0.686": COUNTED.mean,
        "100": 100,
        "0.08": course_lib.ridge_penalty(4, 0.5, n=100),
        "0.16": 2 * course_lib.ridge_penalty(4, 0.5, n=100),
        "200": 200,
        "210": 1 + 9 + 200,
        "0.195": course_lib.BetaBinomial(1, 9).update(40, 200).belief.mean,
        "10,000": 10_000,
        "9999": 10_000 - 1,
        "0.0099": course_lib.bayes_odds(1 / 10_000, [[0.99, 0.01]]).odds[0],
    },
}


def read(name):
    return (REFERENCE / name).read_text(encoding="utf-8")


def numbers(name):
    """The numbers with a decimal point or three digits that a page shows, outside code."""
    shown = (
        re.sub(r"`[^`]*`", "", piece.text)
        for piece in pieces(read(name))
        if piece.kind in ("text", "table", "heading", "equation")
    )
    for text in shown:
        plain = text.replace("−", "-").replace("\\,", "").replace("±", "")
        for number in re.findall(r"(?<![\w.)}^-])-?\d[\d,]*(?:\.\d+)?(?!\w)", plain):
            if "." in number or len(number.strip("-,").replace(",", "")) >= 3:
                yield number.rstrip(",")


@pytest.mark.parametrize("page", PAGES)
def test_every_number_of_a_reference_page_is_computed(page):
    shown, computed = set(numbers(page)), COMPUTED[page]
    assert shown == set(computed)
    for number, value in computed.items():
        plain = number.replace(",", "")
        decimals = len(plain.partition(".")[2])
        assert f"{value:.{decimals}f}" == plain


def test_the_families_are_what_scipy_has_under_the_names_given():
    table = read("formulas.md").split("| `course_lib` | `scipy.stats` |")[1]
    values = {
        "p": 0.3,
        "n": 7,
        "lam": 2.5,
        "mu": 1.5,
        "sigma": 0.7,
        "a": 2.2,
        "b": 3.1,
        "alpha": [0.5, 1.5, 2],
    }
    rows = re.findall(r"^\| `(\w+)(\(.*?\))` \| `(\w+)(\(.*?\))` \|", table, re.MULTILINE)
    assert len(rows) == 9
    for ours, arguments, theirs, their_arguments in rows:
        if ours == "Categorical":
            here = course_lib.Categorical([0.5, 0.3, 0.2])
            there = stats.rv_discrete(values=(range(3), [0.5, 0.3, 0.2]))
        else:
            here = eval(f"course_lib.{ours}{arguments}", {"course_lib": course_lib, **values})
            there = eval(f"stats.{theirs}{their_arguments}", {"stats": stats, **values})
        assert here.entropy() == pytest.approx(float(there.entropy()), rel=1e-6), ours


def test_the_glossary_is_in_alphabetical_order():
    text = read("glossary.md").split("```{glossary}\n")[1]
    terms = [block.splitlines()[0].lower() for block in text.rstrip("`\n").split("\n\n")]
    assert terms == sorted(terms)


def test_the_notation_names_functions_of_the_library():
    calls = set(re.findall(r"`(\w+)\(", read("notation.md")))
    ours = {name for name in calls if hasattr(course_lib, name)}
    assert ours >= {"entropy", "cross_entropy", "kl_divergence", "surprisal", "Categorical", "Gaussian"}
    assert calls - ours <= {"len"}


def test_every_source_of_the_bibliography_is_cited_somewhere():
    keys = re.findall(
        r"^@\w+\{([\w-]+),", (BOOK / "references.bib").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert keys == sorted(set(keys))
    texts = [path.read_text(encoding="utf-8") for path in [*BOOK.glob("*.ipynb"), *BOOK.rglob("*.md")]]
    cited = set(re.findall(r"[\w-]+", " ".join(re.findall(r"\{cite:\w\}`([^`]*)`", " ".join(texts)))))
    assert sorted(set(keys) - cited) == []


def test_equally_far_from_one_half_and_yet_a_lower_mean_entropy():
    timid = np.array([0.25, 0.75])
    mixed = np.array([0, 0.5, 0.5, 1])
    assert np.abs(timid - 0.5).mean() == np.abs(mixed - 0.5).mean() == 0.25
    in_bits = [course_lib.entropy(np.stack([r, 1 - r]), axis=0, base=2).mean() for r in (timid, mixed)]
    assert in_bits == pytest.approx([0.8113, 0.5], abs=1e-4)


def test_the_comparisons_of_the_question_bank():
    assert "16 comparisons" in read("questions.md")
    assert math.ceil(math.log2(50_000)) == 16

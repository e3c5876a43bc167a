"""Exercise 1: the stub earns nothing, the solutions everything, and realistic mistakes are each caught.

The matrix of wrong answers runs the notebook's cells in this process; a kernel each would take minutes.
"""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import numpy as np
import pytest

from course_lib.grading.check import Answer, CheckFailed, NotAttempted
from course_lib.grading.notebooks import read

EXERCISES = Path(__file__).parents[2] / "exercises"
NAME = "01_probability.ipynb"
SOURCE, LEARNER = read(EXERCISES / "source" / NAME), read(EXERCISES / NAME)


def text(cell: dict) -> str:
    return "".join(cell["source"])


def checks(notebook: dict) -> list[SimpleNamespace]:
    """The check cells: id, exercise, points, code, and the names that the code asks for."""
    found = []
    for cell in notebook["cells"]:
        data = cell["metadata"].get("nbgrader", {})
        if data.get("grade"):
            names = [
                n.id for n in ast.walk(ast.parse(text(cell))) if isinstance(n, ast.Name) and n.id != "check"
            ]
            exercise = cell["metadata"]["course"]["exercise"]
            found.append(
                SimpleNamespace(
                    id=data["grade_id"],
                    exercise=exercise,
                    names=names,
                    code=text(cell),
                    **{"points": data["points"]},
                )
            )
    return found


CHECKS = checks(SOURCE)


def names_of(notebook: dict) -> dict:
    """Run every cell but the checks, and return what it defined."""
    space: dict = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and not cell["metadata"]["nbgrader"]["grade"]:
            exec(text(cell), space)
    return space


def outcome(check: SimpleNamespace, space: dict) -> str:
    """Run one check cell; return "" if it passed, else its message."""
    try:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(check.code, dict(space))
    except CheckFailed as failure:
        return str(failure)
    assert printed.getvalue().startswith(f"✓ {check.exercise} ")
    return ""


@pytest.fixture(scope="module")
def solved() -> dict:
    return names_of(SOURCE)


# --- the whole notebook -----------------------------------------------------------------------------------


def test_points_make_a_hundred_in_six_to_nine_exercises():
    assert sum(check.points for check in CHECKS) == 100
    assert 6 <= len({check.exercise for check in CHECKS}) <= 9


def test_every_exercise_gives_partial_credit():
    for exercise in {check.exercise for check in CHECKS}:
        assert sum(check.exercise == exercise for check in CHECKS) >= 3


def test_learners_notebook_holds_no_solution():
    page = "\n".join(map(text, LEARNER["cells"]))
    assert "SOLUTION" not in page
    answers = [cell for cell in LEARNER["cells"] if cell["metadata"]["nbgrader"]["solution"]]
    for cell in answers:
        for function in ast.parse(text(cell)).body:
            doc, body = function.body
            assert isinstance(doc, ast.Expr)
            assert isinstance(body, ast.Raise)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_untouched_answer_is_asked_for_kindly(check):
    with pytest.raises(NotAttempted) as failure:
        exec(check.code, names_of(LEARNER))
    assert f"grade hint {check.exercise}" in str(failure.value)
    assert "is still to be written" in str(failure.value)


@pytest.mark.parametrize("seed", ["0", "1", "2", "3", "a class of 2026"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_solution_passes_whatever_the_seed(check, seed, solved, monkeypatch):
    monkeypatch.setenv("COURSE_GRADING_SEED", seed)
    assert outcome(check, solved) == ""


LAZY = {
    "nothing": lambda *args, **kwargs: None,
    "zero": lambda *args, **kwargs: 0.0,
    "one": lambda *args, **kwargs: 1,
    "a pair": lambda *args, **kwargs: (0.0, 0.0),
    "the first argument": lambda *args, **kwargs: args[0],
    "the last argument": lambda *args, **kwargs: args[-1],
    "zeros like the first argument": lambda *args, **kwargs: np.zeros(np.shape(args[0])),
    "whole zeros like the first argument": lambda *args, **kwargs: np.zeros(np.shape(args[0]), dtype=int),
    "noise": lambda *args, **kwargs: np.random.default_rng().random(np.shape(args[0])),
    "a string": lambda *args, **kwargs: "0.5",
    "a list": lambda *args, **kwargs: [0.5, 0.5],
}


@pytest.mark.parametrize("lazy", LAZY)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_lazy_answers_earn_nothing(check, lazy, solved):
    message = outcome(check, solved | dict.fromkeys(check.names, LAZY[lazy]))
    assert message.startswith(f"✗ Exercise {check.exercise}: ")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_examples_learned_by_heart_earn_nothing(check, solved):
    """An answer that knows the visible examples alone, and gives the first of them to anything else."""
    examples = examples_of(check.exercise, solved)
    for name in check.names:
        known = {key: value for key, value in examples.items() if key[0] == name}
        assert known, f"no visible example calls {name}"
        first = next(iter(known.values()))

        def by_heart(*args, name=name, known=known, first=first, **kwargs):
            return known.get((name, repr((args, kwargs))), first)

        assert outcome(check, solved | {name: by_heart})


def examples_of(exercise: str, solved: dict) -> dict:
    """Run a statement's visible examples with the solutions; return {(name, arguments): value}."""
    seen = {}

    def recorded(name, function):
        def call(*args, **kwargs):
            seen[name, repr((args, kwargs))] = function(*args, **kwargs)
            return seen[name, repr((args, kwargs))]

        return call

    names = {name for check in CHECKS if check.exercise == exercise for name in check.names}
    space = solved | {name: recorded(name, solved[name]) for name in names}
    for block in example_blocks(exercise):
        exec(block, space)
    return seen


def example_blocks(exercise: str) -> list[str]:
    statement = next(
        c
        for c in SOURCE["cells"]
        if "hints" in c["metadata"].get("course", {}) and c["metadata"]["course"]["exercise"] == exercise
    )
    return re.findall(r"```python\n(.*?)```", text(statement), flags=re.DOTALL)


def test_examples_in_the_statements_are_true(solved):
    """`call   # value` in a statement: the numbers of the comment are what the solution gives, rounded."""
    compared = 0
    for exercise in sorted({check.exercise for check in CHECKS}):
        space = dict(solved)
        for block in example_blocks(exercise):
            lines = block.splitlines()
            for node in ast.parse(block).body:
                comment = lines[node.end_lineno - 1].partition("#")[2]
                code = ast.get_source_segment(block, node)
                if not isinstance(node, ast.Expr):
                    exec(code, space)
                    continue
                value, said = eval(code, space), re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", comment)
                flat = np.concatenate(
                    [np.ravel(v) for v in value] if isinstance(value, tuple) else [np.ravel(value)]
                )
                if "seed" in code:
                    assert len(flat) == 5
                    continue
                assert np.allclose(flat, [float(number) for number in said[: len(flat)]], atol=0.006), code
                compared += 1
    assert compared >= 20


# --- wrong answers ----------------------------------------------------------------------------------------

WRONG = [
    # label, code, the checks that catch it (and no other)
    ("1.1 natural log as bits", "def surprisal(p, base=2): return -np.log(p) + 0.0", {"surprisal-values"}),
    (
        "1.1 always bits",
        "def surprisal(p, base=2): return -np.log2(np.asarray(p, float)) + 0.0",
        {"surprisal-values"},
    ),
    (
        "1.1 sign",
        "def surprisal(p, base=2): return np.log(p) / np.log(base)",
        {"surprisal-values", "surprisal-axioms", "surprisal-zero"},
    ),
    ("1.1 minus zero", "def surprisal(p, base=2): return -np.log(p) / np.log(base)", {"surprisal-zero"}),
    ("1.1 no base", "def surprisal(p): return -np.log2(p)", {"surprisal-values", "surprisal-zero"}),
    (
        "1.1 one minus p",
        "def surprisal(p, base=2): return 1 - p",
        {"surprisal-values", "surprisal-axioms", "surprisal-zero"},
    ),
    (
        "1.1 one over p",
        "def surprisal(p, base=2): return 1 / p - 1",
        {"surprisal-values", "surprisal-axioms", "surprisal-zero"},
    ),
    (
        "1.1 zero clipped",
        "def surprisal(p, base=2): return -np.log(np.maximum(p, 1e-12)) / np.log(base) + 0.0",
        {"surprisal-axioms"},
    ),
    (
        "1.1 scalars only",
        """
        import math
        def surprisal(p, base=2): return math.log(1 / p, base) if p else math.inf
     """,
        {"surprisal-values", "surprisal-axioms", "surprisal-zero"},
    ),
    (
        "1.1 rounded up",
        """
        def surprise_bracket(a, b, n):
            k = 0
            while 2**k * a**n < b**n: k += 1
            return k / n, (k + 1) / n
     """,
        {"surprise-bracket-ends"},
    ),
    (
        "1.1 strict at powers of two",
        """
        def surprise_bracket(a, b, n):
            k = 0
            while 2 ** (k + 1) * a**n < b**n: k += 1
            return k / n, (k + 1) / n
     """,
        {"surprise-bracket-ends"},
    ),
    (
        "1.1 floats underflow",
        """
        def surprise_bracket(a, b, n):
            k = 0
            while (a / b) ** n <= 0.5 ** (k + 1) and k < 10_000: k += 1
            return k / n, (k + 1) / n
     """,
        {"surprise-bracket-ends"},
    ),
    (
        "1.1 a logarithm after all",
        """
        import math
        def surprise_bracket(a, b, n):
            k = math.floor(n * math.log2(b / a))
            return k / n, (k + 1) / n
     """,
        {"surprise-bracket-ends"},
    ),
    (
        "1.1 forgets to share among n",
        """
        def surprise_bracket(a, b, n):
            k = (b**n // a**n).bit_length() - 1
            return float(k), float(k + 1)
     """,
        {"surprise-bracket-ends"},
    ),
    (
        "1.2 sums along the kept axis",
        "def marginal(counts, keep): return counts.sum(axis=keep) / counts.sum()",
        {"table-marginal"},
    ),
    (
        "1.2 counts, not shares",
        "def marginal(counts, keep): return counts.sum(axis=1 - keep)",
        {"table-marginal"},
    ),
    (
        "1.2 keepdims left on",
        "def marginal(c, keep): return c.sum(axis=1 - keep, keepdims=True) / c.sum()",
        {"table-marginal"},
    ),
    ("1.2 the mean", "def marginal(c, keep): return c.mean(axis=1 - keep)", {"table-marginal"}),
    (
        "1.2 joint for conditional",
        "def conditional(counts, given): return counts / counts.sum()",
        {"table-conditional", "table-empty-rows"},
    ),
    (
        "1.2 the other way round",
        "def conditional(c, given): return c / c.sum(axis=given, keepdims=True)",
        {"table-conditional", "table-empty-rows"},
    ),
    (
        "1.2 no keepdims",
        "def conditional(counts, given): return counts / counts.sum(axis=1 - given)",
        {"table-conditional", "table-empty-rows"},
    ),
    (
        "1.2 ignores `given`",
        "def conditional(counts, given): return counts / counts.sum(axis=1, keepdims=True)",
        {"table-conditional", "table-empty-rows"},
    ),
    (
        "1.2 zeros for nothing",
        """
        def conditional(counts, given):
            return np.nan_to_num(counts / counts.sum(axis=1 - given, keepdims=True))
     """,
        {"table-empty-rows"},
    ),
    (
        "1.2 smoothed",
        """
        def conditional(counts, given):
            return (counts + 1e-6) / (counts + 1e-6).sum(axis=1 - given, keepdims=True)
     """,
        {"table-empty-rows", "table-conditional"},
    ),
    (
        "1.2 nan for every empty cell",
        """
        def conditional(counts, given):
            return np.where(counts == 0, np.nan, counts / counts.sum(axis=1 - given, keepdims=True))
     """,
        {"table-conditional", "table-empty-rows"},
    ),
    (
        "1.2 signed gap",
        """
        def independence_gap(counts):
            p = counts / counts.sum()
            return (p - np.outer(p.sum(axis=1), p.sum(axis=0))).max()
     """,
        {"table-independence"},
    ),
    (
        "1.2 sum of gaps",
        """
        def independence_gap(counts):
            p = counts / counts.sum()
            return np.abs(p - np.outer(p.sum(axis=1), p.sum(axis=0))).sum()
     """,
        {"table-independence"},
    ),
    (
        "1.2 correlation",
        "def independence_gap(counts): return abs(np.corrcoef(counts)[0, 1])",
        {"table-independence"},
    ),
    (
        "1.3 masses",
        "def histogram_density(counts, edges): return counts / counts.sum()",
        {"density-area", "density-units"},
    ),
    (
        "1.3 not normalised",
        "def histogram_density(counts, edges): return counts / np.diff(edges)",
        {"density-area"},
    ),
    (
        "1.3 scaled to the peak",
        """
        def histogram_density(counts, edges):
            h = counts / np.diff(edges)
            return h / h.max()
     """,
        {"density-area", "density-units"},
    ),
    (
        "1.3 heights sum to one",
        """
        def histogram_density(counts, edges):
            h = counts / np.diff(edges)
            return h / h.sum()
     """,
        {"density-area", "density-units"},
    ),
    (
        "1.3 one width for all",
        "def histogram_density(c, e): return c / c.sum() / (e[1] - e[0])",
        {"density-area"},
    ),
    (
        "1.3 whole bins only",
        """
        def probability_between(density, edges, low, high):
            inside = (edges[:-1] >= low) & (edges[1:] <= high)
            return (density * np.diff(edges))[inside].sum()
     """,
        {"density-between"},
    ),
    (
        "1.3 heights added",
        """
        def probability_between(density, edges, low, high):
            return density[(edges[1:] > low) & (edges[:-1] < high)].sum()
     """,
        {"density-between"},
    ),
    (
        "1.3 overlap not clipped",
        """
        def probability_between(density, edges, low, high):
            return (density * (np.minimum(edges[1:], high) - np.maximum(edges[:-1], low))).sum()
     """,
        {"density-between"},
    ),
    (
        "1.3 nothing if it ends beyond the bins",
        """
        solution = probability_between
        def probability_between(density, edges, low, high):
            return 0.0 if high > edges[-1] else solution(density, edges, low, high)
     """,
        {"density-between"},
    ),
    (
        "1.3 one of the ends outside, not both",
        """
        solution = probability_between
        def probability_between(density, edges, low, high):
            outside = low < edges[0] and high > edges[-1]
            return 0.0 if outside else solution(density, edges, low, high)
     """,
        {"density-between"},
    ),
    (
        "1.4 unweighted mean",
        "def expected_loss(loss, belief): return np.full(belief.shape[:-1] + loss.shape[:1], loss.mean())",
        {"loss-expected"},
    ),
    ("1.4 axes swapped", "def expected_loss(loss, belief): return belief @ loss", {"loss-expected"}),
    ("1.4 one belief only", "def expected_loss(loss, belief): return loss @ belief", {"loss-expected"}),
    ("1.4 forgot the sum", "def expected_loss(loss, belief): return loss * belief", {"loss-expected"}),
    (
        "1.4 likeliest state",
        "def best_action(loss, belief): return loss.argmin(axis=0)[np.argmax(belief, axis=-1)]",
        {"loss-action"},
    ),
    (
        "1.4 argmax",
        "def best_action(loss, belief): return np.argmax(belief @ loss.T, axis=-1)",
        {"loss-action"},
    ),
    ("1.4 no axis", "def best_action(loss, belief): return np.argmin(belief @ loss.T)", {"loss-action"}),
    (
        "1.4 mildest worst case",
        """
        def best_action(loss, belief):
            return np.full(belief.shape[:-1], loss.max(axis=1).argmin())[()]
     """,
        {"loss-action"},
    ),
    ("1.4 spread, not error", "def measure(x): return x.mean(), x.std(ddof=1)", {"loss-error"}),
    ("1.4 over n", "def measure(x): return x.mean(), x.std(ddof=1) / len(x)", {"loss-error"}),
    ("1.4 divisor n", "def measure(x): return x.mean(), x.std() / np.sqrt(len(x))", {"loss-error"}),
    ("1.4 median", "def measure(x): return np.median(x), x.std(ddof=1) / np.sqrt(len(x))", {"loss-error"}),
    (
        "1.5 mirrored",
        "def sample_exponential(u, mean): return -mean * np.log(u)",
        {"exponential-values", "exponential-edges"},
    ),
    (
        "1.5 rate for mean",
        "def sample_exponential(u, mean): return -np.log1p(-u) / mean",
        {"exponential-values", "exponential-edges"},
    ),
    (
        "1.5 tiny u lost",
        "def sample_exponential(u, mean): return -mean * np.log(1 - u)",
        {"exponential-edges"},
    ),
    (
        "1.5 the CDF itself",
        "def sample_exponential(u, mean): return 1 - np.exp(-u / mean)",
        {"exponential-values", "exponential-edges"},
    ),
    (
        "1.5 own randomness",
        "def sample_exponential(u, mean): return np.random.default_rng(0).exponential(mean, u.shape)",
        {"exponential-values", "exponential-edges"},
    ),
    (
        "1.5 side left",
        "def sample_categorical(u, p): return np.searchsorted(np.cumsum(p), u)",
        {"categorical-edges"},
    ),
    (
        "1.5 off by one",
        "def sample_categorical(u, p): return np.searchsorted(np.cumsum(p), u, side='right') - 1",
        {"categorical-values", "categorical-edges"},
    ),
    (
        "1.5 searches the masses",
        "def sample_categorical(u, p): return np.searchsorted(p, u, side='right')",
        {"categorical-values", "categorical-edges"},
    ),
    (
        "1.5 falls off the end",
        "def sample_categorical(u, p): return np.searchsorted(np.cumsum(p), u, side='right')",
        {"categorical-edges"},
    ),
    (
        "1.5 clipped to the last",
        """
        def sample_categorical(u, p):
            return np.minimum(np.searchsorted(np.cumsum(p), u, side="right"), len(p) - 1)
     """,
        {"categorical-edges"},
    ),
    (
        "1.5 floats",
        "def sample_categorical(u, p): return np.searchsorted(np.cumsum(p), u, side='right').astype(float)",
        {"categorical-values", "categorical-edges"},
    ),
    (
        "1.5 uniform",
        "def sample_categorical(u, p): return (u * len(p)).astype(int)",
        {"categorical-values", "categorical-edges"},
    ),
    ("1.6 noise sign", "def gumbel_noise(u): return np.log(-np.log(u))", {"gumbel-noise"}),
    ("1.6 one log", "def gumbel_noise(u): return -np.log(u)", {"gumbel-noise"}),
    ("1.6 mirrored noise", "def gumbel_noise(u): return -np.log(-np.log(1 - u))", {"gumbel-noise"}),
    (
        "1.6 wrong axis",
        "def gumbel_pick(logits, noise): return np.argmax(logits + noise, axis=0)",
        {"gumbel-pick"},
    ),
    (
        "1.6 noise on probabilities",
        """
        def gumbel_pick(logits, noise):
            p = np.exp(logits - logits.max())
            return np.argmax(p / p.sum() + noise, axis=1)
     """,
        {"gumbel-pick"},
    ),
    (
        "1.6 greedy",
        "def gumbel_pick(logits, noise): return np.full(len(noise), np.argmax(logits))",
        {"gumbel-pick"},
    ),
    (
        "1.6 overflows",
        "def gumbel_pick(logits, noise): return np.argmax(np.exp(logits) * np.exp(noise), axis=1)",
        {"gumbel-pick"},
    ),
    (
        "1.6 the score, not the token",
        "def gumbel_pick(logits, noise): return np.max(logits + noise, axis=1)",
        {"gumbel-pick"},
    ),
    (
        "1.6 normal noise",
        """
        def gumbel_draw(logits, size, seed):
            return np.argmax(logits + np.random.default_rng(seed).normal(size=(size, len(logits))), axis=1)
     """,
        {"gumbel-frequencies"},
    ),
    (
        "1.6 minus the noise",
        """
        def gumbel_draw(logits, size, seed):
            return np.argmax(logits - np.random.default_rng(seed).gumbel(size=(size, len(logits))), axis=1)
     """,
        {"gumbel-frequencies"},
    ),
    (
        "1.6 one noise for all tokens",
        """
        def gumbel_draw(logits, size, seed):
            return np.argmax(logits + np.random.default_rng(seed).gumbel(size=(size, 1)), axis=1)
     """,
        {"gumbel-frequencies", "gumbel-seeds"},
    ),
    (
        "1.6 seed ignored",
        """
        def gumbel_draw(logits, size, seed):
            return np.argmax(logits + np.random.default_rng().gumbel(size=(size, len(logits))), axis=1)
     """,
        {"gumbel-seeds"},
    ),
    (
        "1.6 seed fixed",
        """
        def gumbel_draw(logits, size, seed):
            return np.argmax(logits + np.random.default_rng(0).gumbel(size=(size, len(logits))), axis=1)
     """,
        {"gumbel-seeds"},
    ),
    (
        "1.6 exponentials overflow",
        """
        def gumbel_draw(logits, size, seed):
            p = np.exp(logits) / np.exp(logits).sum()
            return np.random.default_rng(seed).choice(len(p), size=size, p=p)
     """,
        {"gumbel-frequencies"},
    ),
    (
        "1.6 draws in order",
        """
        solution = gumbel_draw
        def gumbel_draw(logits, size, seed): return np.sort(solution(logits, size, seed))
     """,
        {"gumbel-frequencies"},
    ),
    (
        "1.6 systematic draws",
        """
        def gumbel_draw(logits, size, seed):
            p = np.exp(logits - logits.max())
            u = (np.arange(size) + np.random.default_rng(seed).random()) / size
            return np.searchsorted(np.cumsum(p / p.sum()), u, side="right")
     """,
        {"gumbel-frequencies"},
    ),
    (
        "1.6 each pick twice",
        """
        solution = gumbel_draw
        def gumbel_draw(logits, size, seed): return np.repeat(solution(logits, size // 2, seed), 2)
     """,
        {"gumbel-frequencies"},
    ),
    (
        "1.6 a ruled-out token comes up",
        """
        solution = gumbel_draw
        def gumbel_draw(logits, size, seed): return solution(np.maximum(logits, logits.max() - 4), size, seed)
     """,
        {"gumbel-frequencies"},
    ),
    (
        "1.7 never redistributes",
        "def build_alias(p): return np.minimum(p * len(p), 1), np.arange(len(p))",
        {"alias-table", "alias-edges", "alias-whole"},
    ),
    (
        "1.7 not scaled by K",
        "def build_alias(p): return p.copy(), np.full(len(p), p.argmax())",
        {"alias-table", "alias-edges", "alias-whole"},
    ),
    (
        "1.7 heights above one",
        "def build_alias(p): return p * len(p), np.arange(len(p))",
        {"alias-table", "alias-edges", "alias-whole"},
    ),
    (
        "1.7 the donor keeps what it gave",
        """
        def build_alias(p):
            h = p * len(p); keep = np.ones(len(p)); alias = np.arange(len(p))
            tall = [i for i in range(len(p)) if h[i] >= 1]
            for i in range(len(p)):
                if h[i] < 1: keep[i], alias[i] = h[i], tall[0]
            return keep, alias
     """,
        {"alias-table", "alias-edges", "alias-whole"},
    ),
    (
        "1.7 a donor never turns short",
        """
        def build_alias(p):
            h = p * len(p); keep = np.ones(len(p)); alias = np.arange(len(p))
            short = [i for i in range(len(p)) if h[i] < 1]; tall = [i for i in range(len(p)) if h[i] >= 1]
            while short and tall:
                i = short.pop(); keep[i], alias[i] = h[i], tall[-1]
                h[tall[-1]] -= 1 - h[i]
                if h[tall[-1]] <= 0: tall.pop()
            return keep, alias
     """,
        {"alias-table", "alias-edges", "alias-whole"},
    ),
    (
        "1.7 aliases as floats",
        """
        solution = build_alias
        def build_alias(p):
            keep, alias = solution(p)
            return keep, alias.astype(float)
     """,
        {"alias-table", "alias-edges", "alias-whole"},
    ),
    (
        "1.7 minus one for nobody",
        """
        solution = build_alias
        def build_alias(p):
            keep, alias = solution(p)
            return keep, np.where(keep == 1, -1, alias)
     """,
        {"alias-table", "alias-edges", "alias-whole"},
    ),
    (
        "1.7 fails on one server",
        """
        solution = build_alias
        def build_alias(p):
            return solution(p) if p[1] >= 0 else None
     """,
        {"alias-edges"},
    ),
    (
        "1.7 keep and alias swapped",
        """
        def draw_alias(keep, alias, u, v):
            column = (u * len(keep)).astype(int)
            return np.where(v < keep[column], alias[column], column)
     """,
        {"alias-draw", "alias-whole"},
    ),
    (
        "1.7 coin at most",
        """
        def draw_alias(keep, alias, u, v):
            column = (u * len(keep)).astype(int)
            return np.where(v <= keep[column], column, alias[column])
     """,
        {"alias-draw"},
    ),
    (
        "1.7 column rounded",
        """
        def draw_alias(keep, alias, u, v):
            column = np.rint(u * (len(keep) - 1)).astype(int)
            return np.where(v < keep[column], column, alias[column])
     """,
        {"alias-draw", "alias-whole"},
    ),
    (
        "1.7 column rounded up",
        """
        def draw_alias(keep, alias, u, v):
            column = (u * len(keep)).round().astype(int)
            return np.where(v < keep[column], column, alias[column])
     """,
        {"alias-draw", "alias-whole"},
    ),
    (
        "1.7 one uniform for both",
        """
        def draw_alias(keep, alias, u, v):
            column = (u * len(keep)).astype(int)
            return np.where(u < keep[column], column, alias[column])
     """,
        {"alias-draw", "alias-whole"},
    ),
    (
        "1.8 the likelihood",
        "def log_likelihood(p): return np.prod(p, axis=-1)",
        {"logs-values", "logs-underflow"},
    ),
    (
        "1.8 log of the product",
        "def log_likelihood(p): return np.log(np.prod(p, axis=-1))",
        {"logs-underflow"},
    ),
    ("1.8 bits", "def log_likelihood(p): return np.log2(p).sum(axis=-1)", {"logs-values", "logs-underflow"}),
    ("1.8 mean", "def log_likelihood(p): return np.log(p).mean(axis=-1)", {"logs-values", "logs-underflow"}),
    ("1.8 no axis", "def log_likelihood(p): return np.log(p).sum()", {"logs-values", "logs-underflow"}),
    (
        "1.8 clipped at 1e-300",
        "def log_likelihood(p): return np.log(np.maximum(p, 1e-300)).sum(axis=-1)",
        {"logs-underflow"},
    ),
    (
        "1.8 zeros left out in a batch",
        """
        def log_likelihood(p):
            if p.ndim == 1 and (p == 0).any(): return -np.inf
            return np.log(np.where(p > 0, p, 1)).sum(axis=-1)
     """,
        {"logs-underflow"},
    ),
    (
        "1.8 one zero spoils the batch",
        """
        def log_likelihood(p):
            logs = np.log(p).sum(axis=-1)
            return logs if (p > 0).all() else np.full_like(logs, -np.inf)[()]
     """,
        {"logs-underflow"},
    ),
    (
        "1.8 nats for powers of ten",
        "def orders_of_magnitude(a, b): return np.log(a).sum() - np.log(b).sum()",
        {"logs-orders"},
    ),
    (
        "1.8 ratio of products",
        "def orders_of_magnitude(a, b): return np.log10(np.prod(a) / np.prod(b))",
        {"logs-orders"},
    ),
    (
        "1.8 b over a",
        "def orders_of_magnitude(a, b): return np.log10(b).sum() - np.log10(a).sum()",
        {"logs-orders"},
    ),
    (
        "1.9 alpha not in the total",
        """
        def fit_pixels(X, levels, alpha):
            counts = (X[:, :, None] == np.arange(levels)).sum(axis=0)
            return (counts + alpha) / len(X)
     """,
        {"pixels-fit", "pixels-score"},
    ),
    (
        "1.9 no smoothing",
        """
        def fit_pixels(X, levels, alpha):
            return (X[:, :, None] == np.arange(levels)).mean(axis=0)
     """,
        {"pixels-fit", "pixels-score"},
    ),
    (
        "1.9 one histogram for all pixels",
        """
        def fit_pixels(X, levels, alpha):
            counts = np.bincount(X.ravel(), minlength=levels) + alpha
            return np.tile(counts / counts.sum(), (X.shape[1], 1))
     """,
        {"pixels-fit", "pixels-score"},
    ),
    (
        "1.9 product of pixels",
        """
        def log_prob(X, table):
            return np.log(table[np.arange(X.shape[1]), X].prod(axis=1))
     """,
        {"pixels-log-prob"},
    ),
    (
        "1.9 mean over pixels",
        """
        def log_prob(X, table):
            return np.log(table[np.arange(X.shape[1]), X]).mean(axis=1)
     """,
        {"pixels-log-prob", "pixels-score"},
    ),
    (
        "1.9 indices swapped",
        "def log_prob(X, table): return np.log(table[X, np.arange(X.shape[1])]).sum(axis=1)",
        {"pixels-log-prob", "pixels-score"},
    ),
    (
        "1.9 summed over images",
        """
        def log_prob(X, table):
            return np.log(table[np.arange(X.shape[1]), X]).sum(axis=0)
     """,
        {"pixels-log-prob", "pixels-score"},
    ),
    (
        "1.9 nats as bits",
        "def bits_per_pixel(log_p, n_pixels): return -np.mean(log_p) / n_pixels",
        {"pixels-bits", "pixels-score"},
    ),
    (
        "1.9 times ln 2",
        "def bits_per_pixel(log_p, n_pixels): return -np.mean(log_p) / n_pixels * np.log(2)",
        {"pixels-bits", "pixels-score"},
    ),
    (
        "1.9 bits an image",
        "def bits_per_pixel(log_p, n_pixels): return -np.mean(log_p) / np.log(2)",
        {"pixels-bits", "pixels-score"},
    ),
    (
        "1.9 sign",
        "def bits_per_pixel(log_p, n_pixels): return np.mean(log_p) / n_pixels / np.log(2)",
        {"pixels-bits", "pixels-score"},
    ),
]


@pytest.mark.parametrize("seed", ["0", "7"])
@pytest.mark.parametrize(("label", "code", "caught_by"), WRONG, ids=[label for label, _, _ in WRONG])
def test_wrong_answer_is_caught_where_it_is_wrong(label, code, caught_by, seed, solved, monkeypatch):
    monkeypatch.setenv("COURSE_GRADING_SEED", seed)
    space = dict(solved)
    exec(dedent(code), space)
    messages = {c.id: outcome(c, space) for c in CHECKS if c.exercise == label.split()[0]}
    assert {id_ for id_, message in messages.items() if message} == caught_by
    for message in filter(None, messages.values()):
        assert f"grade hint {label.split()[0]}" in message
        assert "Traceback" not in message
        assert len(message) < 900


def test_each_exercise_has_three_wrong_answers():
    for exercise in {check.exercise for check in CHECKS}:
        assert sum(label.startswith(exercise) for label, _, _ in WRONG) >= 3


def test_each_check_catches_something():
    assert set.union(*(caught_by for _, _, caught_by in WRONG)) == {check.id for check in CHECKS}


@pytest.mark.parametrize(
    ("label", "advice"),
    [
        ("1.1 natural log as bits", "nats"),
        ("1.1 minus zero", "-0.0 + 0.0 is 0.0"),
        ("1.2 the other way round", "along the other axis"),
        ("1.4 one belief only", "states must meet states"),
        ("1.5 mirrored", "mirrored"),
        ("1.7 column rounded up", "cut off"),
        ("1.9 indices swapped", "rows of the table are pixels"),
        ("1.2 nan for every empty cell", "nan is for a whole"),
        ("1.5 side left", "side"),
        ("1.6 draws in order", "fresh noise"),
        ("1.7 minus one for nobody", "for example itself"),
        ("1.8 log of the product", "5e-324"),
        ("1.9 nats as bits", "nats"),
    ],
)
def test_well_known_slips_are_named(label, advice, solved):
    code = next(code for name, code, _ in WRONG if name == label)
    space = dict(solved)
    exec(dedent(code), space)
    messages = [outcome(c, space) for c in CHECKS if c.exercise == label.split()[0]]
    assert any(advice in message.partition("Perhaps: ")[2] for message in messages)


def test_the_standard_error_over_n_is_never_taken_for_the_divisor_n(solved):
    space = solved | {"measure": lambda x: (x.mean(), x.std(ddof=1) / len(x))}
    message = outcome(next(c for c in CHECKS if c.id == "loss-error"), space)
    assert "divided by n where the square root" in message.partition("Perhaps: ")[2]


@pytest.mark.parametrize("seed", ["0", "1", "2", "3"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_slips_are_told_from_each_other_and_from_the_truth(check, seed, solved, monkeypatch):
    """On no input do two different mistakes give one value; on some input each differs from the truth."""
    monkeypatch.setenv("COURSE_GRADING_SEED", seed)
    seen: dict[str, bool] = {}  # advice -> whether some input tells it from the truth
    near = Answer.near

    def watched(answer, want, property_, *, slips=None, **options):
        def same(a, b):
            close = {"rtol": 1e-6, "atol": options.get("atol", 1e-12), "equal_nan": True}
            return np.shape(a) == np.shape(b) and np.allclose(a, b, **close)

        wrong = {advice: slip for advice, slip in (slips or {}).items() if not same(slip, want)}
        for advice in slips or {}:
            seen[advice] = seen.get(advice, False) or advice in wrong
        for first, second in itertools.combinations(wrong, 2):
            assert not same(wrong[first], wrong[second]), f"{answer.said}: {first!r} looks like {second!r}"
        return near(answer, want, property_, slips=slips, **options)

    monkeypatch.setattr(Answer, "near", watched)
    assert outcome(check, solved) == ""
    assert all(seen.values()), [advice for advice, told in seen.items() if not told]


def points(code: str, exercise: str, solved: dict) -> int:
    """What an answer earns in an exercise whose other answers are right."""
    space = dict(solved)
    exec(dedent(code), space)
    return sum(c.points for c in CHECKS if c.exercise == exercise and not outcome(c, space))


@pytest.mark.parametrize(
    ("exercise", "code", "lost"),
    [
        ("1.1", "def surprisal(p, base=2): return -np.log2(p) + 0.0", 3),
        ("1.1", "def surprisal(p, base=2): return -np.log(p) / np.log(base)", 1),
        ("1.1", "def surprisal(p): return -np.log2(p)", 4),
        ("1.3", "def histogram_density(counts, edges): return counts / np.diff(edges)", 4),
    ],
)
def test_one_slip_costs_what_it_is_worth(exercise, code, lost, solved):
    assert points("", exercise, solved) - points(code, exercise, solved) == lost


def test_a_check_that_fails_for_a_helper_says_so(solved):
    space = solved | {"log_prob": lambda X, table: solved["log_prob"](X, table) / 2}
    message = outcome(next(c for c in CHECKS if c.id == "pixels-score"), space)
    assert "fails because `log_prob` does; mend that first" in message


def test_the_entry_of_keep_that_is_off_is_named(solved):
    space = solved | {"build_alias": lambda p: (p * len(p), np.arange(len(p)))}
    message = outcome(next(c for c in CHECKS if c.id == "alias-table"), space)
    assert "; index 0 is 2.1" in message
    message = outcome(next(c for c in CHECKS if c.id == "alias-edges"), space)
    assert ",," not in message
    assert "for two servers of four switched off, first value, gave" in message


# --- right answers of other kinds --------------------------------------------------------------------------

RIGHT = {
    "1.1 bits counted": """
        def surprise_bracket(a, b, n):
            k = (b**n // a**n).bit_length() - 1
            return k / n, (k + 1) / n
     """,
    "1.3 differences of the CDF": """
        def probability_between(density, edges, low, high):
            cdf = np.concatenate([[0], np.cumsum(density * np.diff(edges))])
            return np.interp(high, edges, cdf) - np.interp(low, edges, cdf)
     """,
    "1.5 shares brought to one": """
        def sample_categorical(u, p):
            ends = np.cumsum(p)
            return np.searchsorted(ends / ends[-1], u, side="right")
     """,
    "1.6 in blocks": """
        def gumbel_draw(logits, size, seed):
            rng = np.random.default_rng(seed)
            return np.array([np.argmax(logits + rng.gumbel(size=len(logits))) for _ in range(size)])
     """,
    "1.6 a softmax that cannot overflow": """
        def gumbel_draw(logits, size, seed):
            p = np.exp(logits - logits.max())
            return np.random.default_rng(seed).choice(len(p), size=size, p=p / p.sum())
     """,
    "1.7 full columns name another server": """
        solution = build_alias
        def build_alias(p):
            keep, alias = solution(p)
            return keep, np.where(keep == 1, len(p) - 1, alias)
     """,
    "1.7 shortest from tallest": """
        def build_alias(p):
            h, keep, alias = p * len(p), np.ones(len(p)), np.arange(len(p))
            waiting = set(range(len(p)))
            while len(waiting) > 1:
                i, j = min(waiting, key=h.__getitem__), max(waiting, key=h.__getitem__)
                keep[i], alias[i] = min(h[i], 1), j
                h[j] -= 1 - keep[i]
                waiting.remove(i)
            return keep, alias
     """,
    "1.8 an exact sum": """
        from math import fsum, log
        def log_likelihood(p):
            if p.ndim == 2: return np.array([log_likelihood(row) for row in p])
            return fsum(map(log, p)) if p.all() else float("-inf")
     """,
    "1.9 counted pixel by pixel": """
        def fit_pixels(X, levels, alpha):
            rows = [np.bincount(pixel, minlength=levels) + alpha for pixel in X.T]
            return np.array([row / row.sum() for row in rows])
     """,
}


@pytest.mark.parametrize("seed", ["0", "7"])
@pytest.mark.parametrize("label", RIGHT)
def test_right_answer_of_another_kind_passes(label, seed, solved, monkeypatch):
    monkeypatch.setenv("COURSE_GRADING_SEED", seed)
    space = dict(solved)
    exec(dedent(RIGHT[label]), space)
    for check in CHECKS:
        if check.exercise == label.split()[0]:
            assert outcome(check, space) == ""


def test_a_list_of_two_is_told_to_be_a_tuple(solved):
    space = solved | {"surprise_bracket": lambda a, b, n: list(solved["surprise_bracket"](a, b, n))}
    message = outcome(next(c for c in CHECKS if c.id == "surprise-bracket-ends"), space)
    assert "tuple" in message
    assert "asarray" not in message


@pytest.mark.parametrize(
    ("name", "answer", "check_id", "said"),
    [
        (
            "surprise_bracket",
            lambda a, b, n: (np.nan, np.nan),
            "surprise-bracket-ends",
            "must be a whole number",
        ),
        (
            "surprise_bracket",
            lambda a, b, n: (np.inf, np.inf),
            "surprise-bracket-ends",
            "must be a whole number",
        ),
        ("surprisal", lambda p, base=2: 10**4000, "surprisal-values", "too large"),
    ],
)
def test_odd_numbers_are_answered_and_break_no_check(name, answer, check_id, said, solved):
    message = outcome(next(c for c in CHECKS if c.id == check_id), solved | {name: answer})
    assert said in message
    assert "cannot convert" not in message


def test_counts_that_overflow_are_named(solved):
    def fit_pixels(X, levels, alpha):
        counts = (
            np.stack([(level == X).sum(axis=0, dtype=X.dtype) for level in range(levels)], axis=1) + alpha
        )
        return counts / counts.sum(axis=1, keepdims=True)

    message = outcome(next(c for c in CHECKS if c.id == "pixels-fit"), solved | {"fit_pixels": fit_pixels})
    assert "begin again at 256" in message


CHEAP = {
    "surprisal-axioms": (
        "surprisal",
        lambda: _by_turns([0.0, np.inf, 5.0, 2.0, 3.0, np.array([0.0, np.inf])]),
    ),
    "exponential-edges": (
        "sample_exponential",
        lambda: _by_turns([np.array([0.0, 1.0]), 3 * np.array([1e-18, 1e-12, 1e-5])]),
    ),
    "categorical-edges": ("sample_categorical", lambda: _by_turns([[0, 1, 2], [1, 3, 3], [9], [9]])),
    "surprisal-zero": ("surprisal", lambda: _by_turns([0.0, 1.0, np.array([0.0, 2.0])])),
    "gumbel-seeds": ("gumbel_draw", lambda: lambda logits, size, seed: np.full(size, -seed)),
}


def _by_turns(values):
    """Return an answer that looks at nothing and gives these, one after the other."""
    left = iter(values * 9)
    return lambda *args, **options: np.asarray(v) if isinstance(v := next(left), list) else v


@pytest.mark.parametrize("check_id", CHEAP)
def test_what_looks_at_no_input_earns_nothing(check_id, solved):
    name, make = CHEAP[check_id]
    assert outcome(next(c for c in CHECKS if c.id == check_id), solved | {name: make()}) != ""


def test_single_precision_is_named_and_the_preamble_rules_it_out(solved):
    space = solved | {"fit_pixels": lambda *args: solved["fit_pixels"](*args).astype(np.float32)}
    message = outcome(next(c for c in CHECKS if c.id == "pixels-fit"), space)
    assert "float64" in message.partition("Perhaps: ")[2]
    assert "float64" in text(LEARNER["cells"][0])


@pytest.mark.parametrize("page", ["README.md", "book/index.md", f"exercises/{NAME}"])
def test_commands_are_shown_as_they_run(page):
    """After `make`, `grade` is on no PATH until the environment is active."""
    said = (EXERCISES.parent / page).read_text(encoding="utf-8")
    assert ".venv/bin/activate" in said
    assert said.index("source .venv/bin/activate") < said.index("grade exercises/")


# --- through pytest and nbgrader --------------------------------------------------------------------------


@pytest.fixture
def stub(tmp_path) -> Path:
    return Path(shutil.copy(EXERCISES / NAME, tmp_path / "stub.ipynb"))


@pytest.fixture
def solution(tmp_path) -> Path:
    return Path(shutil.copy(EXERCISES / "source" / NAME, tmp_path / "solution.ipynb"))


def nbval(notebook: Path) -> subprocess.CompletedProcess:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval-lax",
        "-q",
        "--color=no",
        "-p",
        "no:cacheprovider",
        notebook.name,
    ]
    return subprocess.run(command, cwd=notebook.parent, capture_output=True, text=True, timeout=300)


def test_nbval_fails_the_stub_without_a_wall_of_traceback(stub):
    run = nbval(stub)
    assert run.returncode == 1
    assert f"{len(CHECKS)} failed" in run.stdout
    assert "is still to be written" in run.stdout
    assert "Traceback (most recent call last)" not in run.stdout


def test_nbval_passes_the_solution(solution):
    run = nbval(solution)
    assert run.returncode == 0, run.stdout[-3000:]


def test_nbgrader_validates_the_solution(solution):
    pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install 'course-lib[author]'")
    from nbgrader.validator import Validator

    results = Validator(ignore_checksums=False).validate(str(solution))
    assert results == {}


def test_nbgrader_finds_the_stub_wanting(stub):
    pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install 'course-lib[author]'")
    from nbgrader.validator import Validator

    results = Validator().validate(str(stub))
    assert len(results["failed"]) == len(CHECKS)


def test_notebooks_hold_no_pictures_and_no_outputs():
    for notebook in (SOURCE, LEARNER):
        assert all(not cell.get("outputs") for cell in notebook["cells"])
        assert "image/" not in json.dumps(notebook)

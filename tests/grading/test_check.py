"""What a check says when an answer is wrong, and that it never says too much."""

from __future__ import annotations

import math

import numpy as np
import pytest

from course_lib.grading.check import Answer, CheckFailed, NotAttempted, ask, graded, rng, show


def failure(function, *args, **kwargs) -> str:
    with pytest.raises(CheckFailed) as caught:
        function(*args, **kwargs)
    return str(caught.value)


def half(x):
    return x / 2


def stub(x):
    raise NotImplementedError


def broken(x):
    return {}["missing"]


def leaves(x):
    raise SystemExit(3)


def test_message_has_input_output_property_and_hint(capsys):
    @graded("4.2")
    def doubles(function):
        """Check doubling."""
        ask(function, 3.0).near(6.0, "twice as much comes back", slips={"it was halved": 1.5})

    message = failure(doubles, half)
    assert message.splitlines() == [
        "✗ Exercise 4.2: half(3.0) gave 1.5",
        "  What it breaks: twice as much comes back.",
        "  Perhaps: it was halved.",
        "  Stuck? grade hint 4.2",
    ]
    doubles(lambda x: 2 * x)
    assert capsys.readouterr().out == "✓ 4.2 doubling\n"


def test_the_wanted_value_is_never_shown():
    message = failure(ask(half, np.arange(3.0)).near, np.array([0.0, 77.125, 88.5]), "a law")
    assert "77" not in message
    assert "88" not in message
    assert "index 1, with 0.5" in message


def test_jupyter_shows_the_message_alone():
    assert CheckFailed("one line")._render_traceback_() == ["one line"]


def test_stub_is_told_apart_from_a_failure():
    @graded("4.2")
    def doubles(function):
        """Check doubling."""
        ask(function, 3.0)

    with pytest.raises(NotAttempted) as caught:
        doubles(stub)
    assert "`stub` is still to be written" in str(caught.value)
    assert "grade hint 4.2" in str(caught.value)
    assert type(caught.value).__name__ == "NotAttempted"


def test_an_error_names_the_learners_own_line():
    message = failure(ask, broken, 1)
    assert message.startswith("broken(1) stopped with KeyError: 'missing'")
    assert 'return {}["missing"]' in message


def test_leaving_the_program_is_a_failure():
    assert "SystemExit: 3" in failure(ask, leaves, 1)


def test_what_is_not_a_function_is_named():
    assert "it is 3.5" in failure(ask, 3.5, 1)


def test_an_interrupt_is_not_swallowed():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(interrupted, 1)


def test_answers_cannot_change_the_checks_data():
    def greedy(x):
        x[:] = 0
        return x

    data = np.ones(3)
    ask(greedy, data)
    assert data.sum() == 3


@pytest.mark.parametrize("value", [2, 2.0, np.float64(2), np.float32(2), np.int64(2), np.array(2.0)])
def test_numbers_in_all_their_guises(value):
    assert Answer("f()", value).number() == 2


@pytest.mark.parametrize("value", ["2", None, True, [2.0], np.array([2.0]), 2j, np.bool_(True), {}])
def test_what_is_no_number(value):
    assert "one number" in failure(Answer("f()", value).number)


class Always(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


def test_subclasses_with_opinions_are_refused():
    assert "one number" in failure(Answer("f()", Always(1)).near, 2.0, "two")


@pytest.mark.parametrize("value", [2.0, True, np.float64(2), "2", None, np.array([2])])
def test_what_is_no_whole_number(value):
    assert "whole number" in failure(Answer("f()", value).integer)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([1.0, 2.0], "np.asarray"),
        (None, "without a return"),
        (np.ones(3), "shape (3,)"),
        (np.ones((2, 1)), "keepdims"),
        (np.ones(2, dtype=int), "int64"),
        (np.array([1, None]), "object"),
        (np.ma.ones(2), "NumPy array"),
    ],
)
def test_arrays_of_the_wrong_kind(value, said):
    assert said in failure(Answer("f()", value).array, (2,))


def test_nan_inf_and_signs_are_compared():
    Answer("f()", np.array([math.nan, math.inf])).near(np.array([math.nan, math.inf]), "same")
    failure(Answer("f()", np.array([math.nan, math.inf])).near, np.array([math.nan, -math.inf]), "same")
    failure(Answer("f()", math.nan).near, 1.0, "a number")


@pytest.mark.parametrize("value", [(1.0,), [1.0, 2.0], (1, 2, 3), None])
def test_what_is_no_pair(value):
    assert "two values" in failure(Answer("f()", value).pair)


def test_a_list_for_a_pair_is_told_to_be_a_tuple():
    message = failure(Answer("f()", [1.0, 2.0]).pair)
    assert "tuple" in message
    assert "asarray" not in message


@pytest.mark.parametrize("value", [np.float32(0.1), np.array([0.1, 0.2], dtype=np.float32)])
def test_too_few_digits_are_named(value):
    want = np.array([0.1, 0.2])[: np.size(value)].reshape(np.shape(value))
    assert "float64" in failure(Answer("f()", value).near, want, "close").partition("Perhaps: ")[2]
    Answer("f()", value).near(want, "close enough", rtol=1e-6)


def test_generators_follow_the_environment(monkeypatch):
    def draw(name):
        return float(rng(name).random())

    monkeypatch.delenv("COURSE_GRADING_SEED", raising=False)
    first = draw("a")
    assert first == draw("a") != draw("b")
    monkeypatch.setenv("COURSE_GRADING_SEED", "0")
    assert draw("a") == first
    monkeypatch.setenv("COURSE_GRADING_SEED", "1")
    assert draw("a") != first


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (2.0, "2.0"),
        (math.inf, "inf"),
        (np.float32(0.5), "0.5"),
        ((1.0, np.array([2])), "(1.0, [2])"),
        ([np.nan], "[nan]"),
        (None, "None (is a return missing?)"),
        (np.arange(13), "an array of shape (13,), int64, that starts [0, 1, 2, 3, …]"),
        (np.ones((0, 3)), "[]"),
        (half, "a function"),
    ],
)
def test_values_are_shown_short(value, text):
    assert show(value) == text


def test_endless_values_are_cut():
    assert len(show("x" * 10_000)) <= 240
    assert len(show(list(range(10_000)))) <= 240

"""What a check says when an answer is wrong, and that it never says too much."""

from __future__ import annotations

import contextlib
import math
import signal
import time
from fractions import Fraction

import numpy as np
import pytest

from course_lib.grading.checks.kit import After, Asked, CheckFailed, NotAttempted, checker
from course_lib.grading.checks.show import show
from course_lib.grading.checks.slips import same

SLIPS = {
    "double": {
        "it was halved": lambda x: x / 2,
        "it was squared": lambda x: x * x,
        "it was left as it is": lambda x: x,
        "a list has no half": lambda x: {}["missing"],
    },
    "entry": {"this is twice as much": lambda: 2.0},
}
check = checker(SLIPS)


@check("4.2")
def doubling(random, double):
    """Check that a number is doubled."""
    double(2.0).near(4.0, "twice as much comes back")
    double(3.0).near(6.0, "twice as much comes back")
    return After("Yours doubles.")


def failure(function, *args, **kwargs) -> str:
    with pytest.raises(CheckFailed) as caught:
        function(*args, **kwargs)
    return str(caught.value)


def answer(value, name="f"):
    return Asked(name, lambda *args: value, check)()


def test_a_message_has_input_output_law_and_the_advice_of_the_slip():
    assert failure(check.doubling, lambda x: x / 2).splitlines() == [
        "✗ Exercise 4.2: double(2.0) gave 1.0",
        "  What it breaks: twice as much comes back.",
        "  Perhaps: it was halved.",
        "  To run this call yourself: double(*check.last)",
    ]


def test_a_passed_check_prints_one_line_and_what_it_unlocks(capsys):
    check.doubling(lambda x: 2 * x)
    assert capsys.readouterr().out == "✓ 4.2 a number is doubled\n  Yours doubles.\n"


def test_there_is_no_advice_without_a_matching_slip_or_with_two():
    assert "Perhaps" not in failure(check.doubling, lambda x: x + 0.5)
    assert "Perhaps: it was squared" in failure(check.doubling, lambda x: x * x)
    both = checker({"double": {"one": lambda x: x, "two": lambda x: x}})
    both("1.1")(doubling.__wrapped__)
    assert "Perhaps" not in failure(both.doubling, lambda x: x)


def test_a_mistake_may_be_made_in_several_ways():
    several = checker({"double": {"not twice": (lambda x: x, lambda x: x / 2)}})
    several("1.1")(doubling.__wrapped__)
    assert all("Perhaps: not twice" in failure(several.doubling, way) for way in (float, lambda x: x / 2))
    assert "Perhaps" not in failure(several.doubling, lambda x: 3 * x)


def test_a_stub_that_runs_is_told_apart_from_a_changed_one():
    def stub(x):
        return 1 / x

    asked = Asked("f", lambda x: 1 / x, check)
    with pytest.raises(NotAttempted, match="`f` still does what it did"):
        asked.differs(stub, [(2,), (0,)])
    asked.differs(lambda x: 1 / x if x else 0.0, [(2,), (0,)])
    Asked("f", 3, check).differs(stub, [(2,)])


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarm")
def test_a_check_stops_an_answer_that_takes_too_long(monkeypatch):
    limited = checker({})

    @limited("4.5", seconds=0.2)
    def loops(random, f):
        """Check an answer."""
        f(1)
        time.sleep(1)

    def endless(x):
        while True:
            with contextlib.suppress(Exception):
                time.sleep(0.001)

    monkeypatch.delenv("COURSE_ANSWERS_PLAN", raising=False)
    before = signal.getsignal(signal.SIGALRM)
    assert "f(1) had not returned after 0 s" in failure(limited.loops, endless)
    assert "the calls of `f` took longer than 0.2 s together" in failure(limited.loops, abs)
    assert signal.getsignal(signal.SIGALRM) is before


def test_a_slip_must_do_the_same_on_every_call_so_far():
    """On 2 a square is right; on 3 the answer 9 is a square, but only for one that squared before."""
    assert "Perhaps" not in failure(check.doubling, lambda x: 4.0 if x == 2 else 3.0)


def test_the_same_kind_of_error_is_a_match():
    message = failure(check.doubling, lambda x: {}["other"])
    assert "double(2.0) stopped with KeyError: 'other'" in message
    assert "Perhaps: a list has no half" in message


def test_last_holds_copies_of_the_failing_arguments():
    @check("4.3")
    def long_input(random, double):
        """Check a long input."""
        double(np.arange(20.0)).near(2 * np.arange(20.0), "twice")

    def greedy(x):
        x[:] = 0
        return x

    assert "To run this call yourself: double(*check.last)" in failure(check.long_input, greedy)
    assert np.array_equal(*check.last, np.arange(20.0))


def test_an_entry_of_a_dict_has_slips_of_its_own():
    item = answer({"entry": (1.5, 2.5)}).item("entry")
    assert "Perhaps: this is twice as much" in failure(item.fail, "a law")
    assert "['entry'] gave (1.5, 2.5)" in failure(item.fail, "a law")
    assert "To run this call" not in failure(item.fail, "a law")
    assert "Perhaps" not in failure(item.fail, "a law", "")
    assert "dict with an entry 'other'" in failure(answer({}).item, "other")


def test_the_wanted_value_is_never_shown():
    message = failure(answer(np.arange(3.0)).near, np.array([0.0, 77.125, 88.5]), "a law")
    assert "77" not in message
    assert "88" not in message
    assert "index 1, with 1.0" in message


def test_jupyter_shows_the_message_alone():
    assert CheckFailed("one line")._render_traceback_() == ["one line"]


def test_the_stub_is_told_apart_from_a_failure():
    def stub(x):
        raise NotImplementedError

    with pytest.raises(NotAttempted) as caught:
        check.doubling(stub)
    assert str(caught.value).startswith("○ Exercise 4.2: `double` is still to be written")
    assert str(caught.value).endswith("grade hint 4.2")


def test_an_error_names_the_learners_own_line():
    def broken(x):
        return [][7]

    message = failure(check.doubling, broken)
    assert "stopped with IndexError" in message
    assert "of the answer cell: return [][7]" in message


def test_leaving_the_program_is_a_failure():
    def leaves(x):
        raise SystemExit(3)

    assert "SystemExit: 3" in failure(check.doubling, leaves)


@pytest.mark.parametrize("place", [(), (6, "while True:")])
def test_an_interrupted_answer_is_named_with_its_input_and_line(place):
    def endless(x):
        raise KeyboardInterrupt(*place)

    message = failure(check.doubling, endless)
    assert message.startswith("✗ Exercise 4.2: double(2.0) had not returned after 0 s; it was at line ")
    assert ("while True:" if place else "raise KeyboardInterrupt") in message
    assert check.last == (2.0,)


def test_what_is_not_a_function_is_named():
    assert "it is 3.5" in failure(check.doubling, 3.5)


def test_checks_that_do_not_exist_are_named():
    with pytest.raises(AttributeError, match="no check called doubled"):
        check.doubled(1)


@pytest.mark.parametrize("value", [2, 2.0, np.float64(2), np.float32(2), np.int64(2), np.array(2.0)])
def test_numbers_in_all_their_guises(value):
    assert answer(value).number() == 2


class Always(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


@pytest.mark.parametrize(
    "value", ["2", None, True, [2.0], np.array([2.0]), 2j, np.bool_(True), {}, 10**4000, Always(1)]
)
def test_what_is_no_number(value):
    assert "one number" in failure(answer(value).number)


def test_a_fraction_is_a_number():
    assert answer(Fraction(1, 4)).number() == 0.25


@pytest.mark.parametrize("value", [2.0, True, np.float64(2), "2", None, np.array([2])])
def test_what_is_no_whole_number(value):
    assert "whole number" in failure(answer(value).integer)


def test_whole_floats_are_told_how_to_become_whole_numbers():
    assert "astype(int)" in failure(answer(np.array([1.0, 2.0])).array, (2,), "int")
    assert "astype(int)" not in failure(answer(np.array([1.5, 2.0])).array, (2,), "int")


@pytest.mark.parametrize("value", [np.array([1.0, 2.0]), [1.0, 2.0], (1, 2), [np.float64(1), 2]])
def test_lists_and_tuples_are_taken_for_arrays(value):
    answer(value).near(np.array([1.0, 2.0]), "the same")


@pytest.mark.parametrize(
    "value", [None, np.ones(3), np.ones((2, 1)), np.array([1, None]), np.ma.ones(2), [[1], [1, 2]], "ab", {}]
)
def test_arrays_of_the_wrong_kind(value):
    assert "the contract asks for an array of shape (2,)" in failure(answer(value).array, (2,))


@pytest.mark.parametrize("value", [(1.0, 2.0), [1.0, 2.0], np.array([1.0, 2.0])])
def test_parts_may_come_as_a_list(value):
    first, second = answer(value).parts(2)
    assert (first.number(), second.number()) == (1, 2)
    assert "second value," in second.said


@pytest.mark.parametrize("value", [(1.0,), (1, 2, 3), None, np.array(1.0), 5])
def test_what_is_no_pair(value):
    assert "2 values" in failure(answer(value).parts, 2)


def test_truth_is_a_bool():
    assert answer(np.bool_(True)).truth() is True
    assert "True or False" in failure(answer(1).truth)


def test_nan_and_inf_are_compared():
    answer(np.array([math.nan, math.inf])).near(np.array([math.nan, math.inf]), "same")
    failure(answer(np.array([math.nan, math.inf])).near, np.array([math.nan, -math.inf]), "same")
    failure(answer(math.nan).near, 1.0, "a number")


def test_lost_digits_are_named_only_where_digits_were_lost():
    want = np.array([0.1, 1.2])
    assert "float64" in failure(answer(want.astype(np.float32)).near, want, "close")
    assert "Perhaps" not in failure(answer(np.float32([0.5, 1.2])).near, want, "close")
    assert "cuts off" in failure(answer(np.array([0, 1])).near, want, "close")
    assert "Perhaps" not in failure(answer(np.array([0, 2])).near, want, "close")


def test_generators_follow_the_environment(monkeypatch):
    @check("4.4")
    def drawing(random, double):
        """Check drawing."""
        double(float(random.random())).fail("shown")

    def message():
        return failure(check.drawing, lambda x: 0.0)

    monkeypatch.delenv("COURSE_GRADING_SEED", raising=False)
    first = message()
    assert first == message()
    monkeypatch.setenv("COURSE_GRADING_SEED", "1")
    assert message() != first


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (1.0, 1, True),
        (KeyError("a"), KeyError("b"), True),
        (KeyError("a"), ValueError("a"), False),
        (KeyError("a"), 1.0, False),
        ([1.0, 2.0], (1.0, 2.0), True),
        ((0, np.array([1.0])), (0, np.array([2.0])), False),
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ("text", 1.0, False),
        (np.array([np.nan]), np.array([np.nan]), True),
    ],
)
def test_what_does_the_same(one, other, alike):
    assert same(one, other) is alike


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (2.0, "2.0"),
        (math.inf, "inf"),
        (np.float32(0.5), "0.5"),
        (np.longdouble(1), "1.0"),
        ([np.longdouble(1)], "[1.0]"),
        ((1.0, np.array([2])), "(1.0, [2])"),
        ([np.nan], "[nan]"),
        (None, "None (is a return missing?)"),
        (np.arange(13), "an array of shape (13,), int64, that starts [0, 1, 2, 3, …]"),
        (np.ones((0, 3)), "[]"),
        (failure, "a function"),
    ],
)
def test_values_are_shown_short(value, text):
    assert show(value) == text


def test_endless_values_are_cut():
    assert len(show("x" * 10_000)) <= 240
    assert len(show(list(range(10_000)))) <= 240

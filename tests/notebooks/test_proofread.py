"""The proofreader on pages made for it: it finds each kind of fault and passes what is right."""

import pytest

from book._ext.proofread import lost_words, symbols_introduced_twice, unguarded_numbers, vanished_lines

# The page once lost this definition, because its third line began with the mark of a comment.
CALIBRATION = (
    'Over many days something does: of the days on which "0.7" was said, on about 70\n'
    "% of them it should have rained. A forecaster is **calibrated** if for every stated value $r$\n"
    "\n```{math}\n:label: eq-calibrated\nP(r) = r .\n```\n"
)
BUILT = "<p>Over many days something does: of the days on which “0.7” was said, on about 70</p>"
WHOLE = (
    "<p>% of them it should have rained. A forecaster is <strong>calibrated</strong> if for every"
    " stated value</p>"
)


def notebook(*cells, **course):
    return {"cells": list(cells), "metadata": {"course": course}}


def markdown(text):
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def code(text, printed="", **metadata):
    outputs = [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else []
    return {"cell_type": "code", "metadata": metadata, "source": text, "outputs": outputs}


def test_a_line_taken_for_a_comment_is_found():
    found = vanished_lines(notebook(markdown("All is well, 62 % or so."), markdown(CALIBRATION)))
    assert len(found) == 1
    assert "cell 1" in found[0]
    assert "calibrated" in found[0]


def test_a_comment_inside_a_directive_is_found():
    assert vanished_lines(notebook(markdown("```{note}\nabout 70\n% of them\n```")))


def test_words_that_the_page_lacks_are_found():
    (found,) = lost_words(notebook(markdown(CALIBRATION)), BUILT)
    assert "'of them it'" in found
    assert lost_words(notebook(markdown(CALIBRATION)), BUILT + WHOLE) == []


@pytest.mark.parametrize(
    ("source", "page"),
    [
        ("A *short* `code` and $x$ formula.", "<p>A <em>short</em> <code>code</code> and formula.</p>"),
        ("1. Two words\n2. Three words more", "<ol><li>Two words</li><li>Three words more</li></ol>"),
        ("(sec-a)=\n## A head", "<h2>A head<a>#</a></h2>"),
        ("See [the end](#sec-end) of it.", "<p>See <a>the end</a> of it.</p>"),
        ("By {eq}`eq-x` and {cite:p}`a2000` so.", "<p>By (3) and [Author, 2000] so.</p>"),
        ("The {term}`KL divergence` of it.", "<p>The <a>KL divergence</a> of it.</p>"),
        ("````{dropdown} Why so?\nIt is.\n````", "<details><summary>Why so?</summary>It is.</details>"),
        ("| a b | $x$ |\n|---|---|\n| c d | `e` |", "<td>a b</td><td></td><td>c d</td><td>e</td>"),
        ("1. So:\n\n   ```{math}\n   a b c\n   ```\n\n   And on.", "<li>So: <p>And on.</p></li>"),
        ("<details><summary>Why</summary>\nSo.\n</details>", "<details><summary>Why</summary>So.</details>"),
        ("$$x\\text{ is }y$$\n\nAnd then some.", "<div class='katex'>q</div><p>And then some.</p>"),
    ],
)
def test_words_that_the_page_shows_are_not_missed(source, page):
    assert lost_words(notebook(markdown(source)), page) == []


@pytest.mark.parametrize(
    "guard",
    [
        code('assert f"{share:.3f}" == "0.294"'),
        code("print(share)", printed="[0.456 0.294]\n"),
        code("share = np.array([.294])"),
    ],
)
def test_a_number_that_the_computation_holds_is_passed(guard):
    assert unguarded_numbers(notebook(markdown("It rises to 0.294, or 29.4 %."), guard)) == []


def test_a_number_without_guard_is_found_wherever_a_reader_meets_it():
    image = {"mystnb": {"image": {"alt": "It rises to 0.295."}}}
    question = code('question("Is it 0.296?", {"No, 1,234.": "It is $39\\\\,600$."}, correct="No, 1,234.")')
    page = notebook(
        markdown("It is 0.293.\n\n```{dropdown} Why\n0.297\n```"), code("1", **image), question, code("0.294")
    )
    found = unguarded_numbers(page)
    numbers = {line.split(": ")[1].split(" in ")[0] for line in found}
    assert numbers == {"0.293", "0.295", "0.296", "0.297", "1,234", r"39\,600"}


def test_a_question_guards_no_number():
    assert unguarded_numbers(notebook(markdown("It is 0.293."), code('question("Is it 0.293?")')))


@pytest.mark.parametrize(
    "text", ["In 1948.", "All 12 of 60 s.", "Exercise 1.4", "120 minutes", "a list of 1000", "$10^{100}$"]
)
def test_dates_small_counts_and_names_need_no_guard(text):
    assert unguarded_numbers(notebook(markdown(text))) == []


def test_an_author_may_declare_a_number():
    page = notebook(markdown("It is 0.293."), numbers_without_guard={"0.293": "the reader's own example"})
    assert unguarded_numbers(page) == []


def test_a_symbol_introduced_twice_is_reported():
    twice = notebook(markdown("Let $c$ be the extra cost."), markdown("Write $c$ for the guess."))
    assert "extra cost" in symbols_introduced_twice(twice)[0]
    assert symbols_introduced_twice(notebook(markdown("Let $c$ be the cost. Then $c$ rises."))) == []

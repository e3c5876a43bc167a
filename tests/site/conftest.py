"""The built site, a server for it, and a browser that notices everything that is not quiet."""

import functools
import http.server
import os
import shutil
import threading

import pytest
from building import ROOT, build
from filelock import FileLock

# Nobody's front door: a page with an absolute address in it would miss this.
SUBPATH = "someone/course"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def skip_without_browser(reason):
    """Skip, or fail where the browser tests are demanded."""
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def site(tmp_path_factory):
    """The site as `make book` builds it. Of the workers of one run, the first builds it for all of them."""
    (ROOT / "_build").mkdir(exist_ok=True)
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # the folder that all workers of this run have in common
    built = shared / "site-is-built"
    with FileLock(ROOT / "_build" / ".tests.lock"):
        if not built.exists():
            done = build(ROOT)
            assert done.returncode == 0, done.stdout[-6000:]
            built.touch()
    return ROOT / "_build" / "html"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def address(site, tmp_path_factory):
    """Serve the site from a sub-path of this machine."""
    folder = tmp_path_factory.mktemp("served")
    (folder / SUBPATH).parent.mkdir(parents=True)
    (folder / SUBPATH).symlink_to(site)
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{SUBPATH}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium of this machine."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        skip_without_browser("no playwright here: pip install -e '.[test]'")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        skip_without_browser("no Chromium on this machine, so the pages were not looked at")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, address):
    """Open pages of the site; fail at the end if one complained or asked for anything off its own origin."""
    contexts, troubles = [], []

    def open_page(name, *, base=address, width=1280, **options):
        options = {"reduced_motion": "reduce", "viewport": {"width": width, "height": 900}} | options
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: said.type in ("error", "warning") and troubles.append(said.text))
        page.on("pageerror", lambda error: troubles.append(f"{name}: {error}"))
        page.on("request", lambda asked: troubles.extend(_foreign(asked.url, base)))
        page.on("response", lambda got: got.status >= 400 and troubles.append(f"{got.status} {got.url}"))
        page.goto(base + name)
        page.wait_for_load_state("networkidle")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def _foreign(url, base):
    return [] if url.startswith((base, "data:", "blob:")) else [f"request to {url}"]

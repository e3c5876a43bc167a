"""Promises about the repository itself: sizes, layers, and commands that fail in one clear line."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "course_lib"

# Dependencies point one way (design of the package): what the mathematics must never import when it loads.
NOT_FOR_MATHEMATICS = {"torch", "matplotlib", "sklearn", "course_lib.grading", "course_lib.plots", "IPython"}
NOT_MATHEMATICS = {"plots", "explorables", "datasets", "vae"}


def tracked_files():
    try:
        names = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        ).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_no_large_file_and_a_small_repository():
    sizes = {path: path.stat().st_size for path in tracked_files()}
    assert [str(path) for path, size in sizes.items() if size > 1_000_000] == []
    assert sum(sizes.values()) < 10_000_000


def test_committed_notebooks_carry_no_pictures():
    for path in tracked_files():
        if path.suffix == ".ipynb":
            kinds = {
                kind
                for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
                for output in cell.get("outputs", [])
                for kind in output.get("data", {})
            }
            assert kinds <= {"text/plain"}, f"{path.name} carries {kinds - {'text/plain'}}"


def test_no_file_names_a_registry_host_or_a_path_of_one_machine():
    hosts = "|".join(
        ["pypi" + r"\.org", "pythonhosted" + r"\.org", "registry" + r"\.npmjs", "deb" + r"\.debian"]
    )
    paths = r"(?<![\w.~-])/(?:work|root)/"
    forbidden = re.compile(f"{hosts}|{paths}")
    for path in tracked_files():
        found = forbidden.search(path.read_text(encoding="utf-8", errors="ignore"))
        assert found is None, f"{path.relative_to(ROOT)} carries {found[0]!r}"


def loaded_with(path):
    """Names of the modules that `path` imports as it loads (not inside functions), as absolute names."""
    package = (
        "course_lib"
        if path.parent == LIBRARY
        else "course_lib." + ".".join(path.relative_to(LIBRARY).parts[:-1])
    )
    names, todo = set(), [ast.parse(path.read_text(encoding="utf-8"))]
    while todo:
        for node in ast.iter_child_nodes(todo.pop()):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
                module = ".".join([*base, *([node.module] if node.module else [])])
                names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
            elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_type_checking(node):
                todo.append(node)
    return names


def is_type_checking(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def mathematics():
    return [path for path in LIBRARY.glob("*.py") if path.stem not in NOT_MATHEMATICS]


@pytest.mark.parametrize("path", mathematics(), ids=lambda path: path.stem)
def test_mathematics_imports_neither_plots_nor_grading_nor_torch(path):
    for name in loaded_with(path):
        parts = name.split(".")
        prefixes = {".".join(parts[: i + 1]) for i in range(len(parts))}
        assert not prefixes & NOT_FOR_MATHEMATICS, f"{path.name} imports {name}"


def test_grading_knows_no_mathematics():
    subjects = {f"course_lib.{path.stem}" for path in mathematics() if path.stem != "__init__"}
    for path in (LIBRARY / "grading").glob("*.py"):
        assert not loaded_with(path) & subjects, f"{path.name} imports mathematics"


def test_imports_form_no_circle():
    modules = {f"course_lib.{path.stem}": path for path in LIBRARY.glob("*.py") if path.stem != "__init__"}
    graph = {name: loaded_with(path) & modules.keys() for name, path in modules.items()}
    done = set()
    while ready := {name for name, needs in graph.items() if name not in done and needs <= done}:
        done |= ready
    assert done == graph.keys(), f"a circle among {sorted(graph.keys() - done)}"


def test_import_of_the_library_is_light():
    code = "import sys, course_lib; print(sorted({'torch', 'matplotlib', 'sklearn'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"


# --- make says in one line what is missing --------------------------------------------------------------


@pytest.fixture
def make(tmp_path):
    if shutil.which("make") is None:
        pytest.skip("make is not installed")

    def run(target, *, programs=None, **variables):
        tools = tmp_path / "tools"
        tools.mkdir(exist_ok=True)
        for name, script in (programs or {}).items():
            (tools / name).write_text("#!/bin/sh\n" + script)
            (tools / name).chmod(0o755)
        settings = [f"{key}={value}" for key, value in {"VENV": tmp_path / "venv", **variables}.items()]
        # MAKEFLAGS of an outer `make test` would turn this into a sub-make that prints more.
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))
        }
        environment["PATH"] = f"{tools}:{environment['PATH']}"
        return subprocess.run(
            ["make", target, *settings], cwd=ROOT, capture_output=True, text=True, env=environment
        )

    return run


def one_line(done):
    lines = [
        line for line in done.stderr.splitlines() if not line.startswith(("make: ***", "make[", "gmake"))
    ]
    assert done.returncode != 0
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_make_alone_lists_the_commands(make):
    done = make("help")
    assert done.returncode == 0
    for command in ("book", "serve", "lab", "chapter", "test", "notebooks", "bench", "clean"):
        assert f"make {command} " in done.stdout


def test_make_names_the_way_out_of_an_old_python(make):
    line = one_line(
        make(
            "book",
            programs={"oldpython": 'test "$1" = --version && echo Python 3.8.2; exit 1\n'},
            PYTHON="oldpython",
        )
    )
    assert "3.11 to 3.14" in line
    assert "3.8.2" in line


def test_make_names_the_way_out_of_a_missing_venv(make):
    script = f'case "$2" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"\n'
    line = one_line(make("book", programs={"bare": script}, PYTHON="bare"))
    assert "python3-venv" in line


def disk_with(gigabytes):
    blocks = gigabytes * 1048576
    return f"echo Filesystem 1024-blocks Used Available Capacity Mounted\necho /dev/x 9 9 {blocks} 99% /\n"


def test_make_names_the_way_out_of_a_full_disk(make):
    line = one_line(make("book", programs={"df": disk_with(1)}, PYTHON=sys.executable))
    assert "1 GB free" in line


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="here the CUDA build is wanted")
@pytest.mark.parametrize(("gigabytes", "enough"), [(4, False), (7, True)])
def test_make_asks_for_more_room_before_it_takes_torch_with_cuda(make, tmp_path, gigabytes, enough):
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\ncase "$*" in *--index-url*) exit 1;; esac\n')  # the CPU index is silent
    python.chmod(0o755)
    done = make(
        str(tmp_path / "venv" / ".torch"),
        programs={"df": disk_with(gigabytes), "uname": "echo Linux\n"},
        PYTHON=sys.executable,
    )
    if enough:
        assert done.returncode == 0, done.stderr
        assert "taking torch with CUDA" in done.stdout
    else:
        assert "4 GB free on this disk and the environment takes up to 6 GB with the CUDA build" in one_line(
            done
        )


def test_make_says_which_chapters_there_are():
    for number in ("", "99", "x"):
        command = [sys.executable, "-m", "book._ext.chapter", number]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 2
        assert "make chapter N=1" in one_line(done)


def test_no_two_test_files_share_a_name():
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names)), "pytest imports test files by their bare name"

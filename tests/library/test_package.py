"""The package itself: every public name at hand, little loaded for it, arrows one way, functions short."""

import ast
import importlib
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import course_lib

FOLDER = Path(course_lib.__file__).parent
APART = {"__init__", "plots", "explorables"}  # pictures, imported as modules
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in APART)
LONGEST = 25  # lines of code


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", [m for m in MODULES if not m.startswith("_")])
def test_the_package_passes_on_what_the_module_makes_public(name):
    module = importlib.import_module(f"course_lib.{name}")
    assert course_lib._NAMES[name].split() == module.__all__
    assert module.__all__ == sorted(module.__all__)
    for public in module.__all__:
        assert getattr(course_lib, public) is getattr(module, public)
        assert public in dir(course_lib)
    star = f"    from course_lib.{name} import *\n"
    assert star in (FOLDER / "__init__.py").read_text(), "type checkers see what is imported there"


def test_every_name_has_one_home():
    listed = [name for names in course_lib._NAMES.values() for name in names.split()]
    assert sorted(listed) == sorted(set(listed)) == dir(course_lib)
    assert set(course_lib._NAMES) - {"_validate"} == {m for m in MODULES if not m.startswith("_")}


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="has no attribute 'entropi'"):
        course_lib.entropi  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'entropi'"):
        from course_lib import entropi  # noqa: F401


def test_importing_the_package_loads_no_heavy_one():
    heavy = "torch", "matplotlib", "sklearn", "scipy.stats", "scipy.special", "pandas"
    assert run(f"import sys, course_lib; print([m for m in {heavy} if m in sys.modules])") == "[]\n"


@pytest.mark.parametrize("name", [m for m in MODULES if m in dir(course_lib)])
def test_a_name_that_is_also_a_module_is_the_function_whatever_was_imported_first(name):
    other = "from course_lib.decoding import top_k"
    code = f"{other}; import course_lib.{name}; from course_lib import {name}; print(callable({name}))"
    assert run(code) == "True\n"


def test_imports_run_one_way():
    arrows = {}
    for name in MODULES:
        tree = ast.parse((FOLDER / f"{name}.py").read_text())
        froms = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        arrows[name] = {module.removeprefix("course_lib.") for module in froms if "course_lib." in module}
        assert "course_lib" not in froms, f"{name} imports the package that passes it on"
    list(TopologicalSorter(arrows).static_order())  # raises CycleError where there is a circle


def test_no_module_takes_a_private_name_of_another():
    taken = []
    for name in MODULES:
        for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("course_lib"):
                taken += [f"{name}: {alias.name}" for alias in node.names if alias.name.startswith("_")]
    assert not taken


def code_lines(function, source):
    """Return the numbers of the lines that hold code: no blank line, no comment, no docstring."""
    doc = function.body[0] if ast.get_docstring(function) is not None else None
    skip = range(doc.lineno, doc.end_lineno + 1) if doc else ()
    lines = range(function.lineno, function.end_lineno + 1)
    return [n for n in lines if n not in skip and source[n - 1].strip() and source[n - 1].strip()[0] != "#"]


def test_functions_are_short_or_say_why_not():
    """A function of more than 25 lines says why on its first line: ``def f(  # long: the reason``."""
    offenders = []
    for path in FOLDER.glob("*.py"):
        source = path.read_text().splitlines()
        for node in ast.walk(ast.parse("\n".join(source))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = len(code_lines(node, source))
                reason = source[node.lineno - 1].partition("# long: ")[2]
                if length > LONGEST and not reason:
                    offenders.append(f"{path.name}:{node.lineno} {node.name}, {length} lines of code")
                assert length > LONGEST or not reason, f"{node.name} is short: no reason needed"
    assert not offenders, "\n".join(offenders)

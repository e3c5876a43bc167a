"""Figures a reader can move: one line in a notebook, live on the page and in JupyterLab.

`explorable` puts a custom element and its data, as JSON, into the output of a cell. An explorable is one
hand-written ES module, which declares its inputs. The site loads the module; in a notebook the output carries
it, so that it is live without a network. `question` writes a check-yourself question that needs no scripts.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from course_lib._schema import check_together, checked

__all__ = ["Explorable", "Question", "bundle", "declared_inputs", "explorable", "question", "script_folder"]


def script_folder() -> Path:
    """Return the folder of the explorables' scripts: the book's in a checkout, else the installed copy.

    Returns
    -------
    Path
        The folder that holds `index.js`.

    Raises
    ------
    FileNotFoundError
        If neither is there.

    Examples
    --------
    >>> (script_folder() / "index.js").exists()
    True
    """
    package = Path(__file__).resolve().parent
    for folder in (package.parent / "book" / "_static" / "explorables", package / "_explorables"):
        if (folder / "index.js").is_file():
            return folder
    raise FileNotFoundError("the explorables' scripts are missing; install course-lib again with pip")


@cache
def declared_inputs() -> dict[str, dict[str, dict[str, Any]]]:
    """Return what each explorable may be given, as its module declares it.

    Returns
    -------
    dict
        For each explorable its inputs; for each input a schema in the words of JSON Schema. A default of None
        means that the input may be left out. `along` and `member` name another input of the same explorable.

    Examples
    --------
    >>> declared_inputs()["coin-kl"]["p"]
    {'type': 'number', 'default': 0.5, 'minimum': 0, 'maximum': 1}
    """
    return json.loads((script_folder() / "kit" / "inputs.json").read_text(encoding="utf-8"))


# The modules keep to these forms, one statement each, so that linking them needs no parser.
_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[\w./-]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:const|class|function\*?) ([A-Za-z_]\w*))", re.MULTILINE)


@cache
def bundle(name: str) -> str:
    """Link one explorable, all it imports and the style sheet into a single module.

    Each file becomes a function that returns what it exports; a file follows those it imports. The same files
    give the same text, and a second copy on a page finds the element defined and does nothing.

    Parameters
    ----------
    name : str
        An explorable's name, or `"question"`.

    Returns
    -------
    str
        The source of an ES module without imports.

    Examples
    --------
    >>> bundle("coin-kl").count('linked["kit/plot"] = ')
    1
    """
    folder = script_folder()
    linked: dict[str, str] = {}

    def link(module: str) -> None:
        if module in linked:
            return
        source = (folder / f"{module}.js").read_text(encoding="utf-8")

        def path(relative: str) -> str:
            return posixpath.normpath(posixpath.join(posixpath.dirname(module), relative))

        for _, needed in _IMPORT.findall(source):
            link(path(needed))
        exports = ", ".join(_EXPORT.findall(source))
        body = _IMPORT.sub(lambda found: f'const {{{found[1]}}} = linked["{path(found[2])}"];\n', source)
        body = _EXPORT.sub("", body)
        linked[module] = f'linked["{module}"] = (() => {{\n{body}return {{ {exports} }};\n}})();\n'

    link(name)
    link("kit/element")
    style = json.dumps((folder / "explorables.css").read_text(encoding="utf-8"))
    start = f'kit.addStyle({style});\nkit.define("{name}", linked["{name}"]);\n'
    linked[""] = f'const kit = linked["kit/element"];\n{start}'
    return ("const linked = {};\n" + "".join(linked.values())).replace("</script", r"<\/script")


def _with_scripts(markup: str, name: str) -> str:
    """Add the bundle, except while the book is built: there the page loads the scripts itself."""
    if os.environ.get("COURSE_BOOK_BUILD") == "1":
        return markup
    return f'{markup}<script type="module">\n{bundle(name)}</script>'


@dataclass(frozen=True)
class Explorable:
    """An explorable's name, its text alternative and its data; a notebook shows it live."""

    name: str
    alt: str
    data: Mapping[str, Any]

    @property
    def html(self) -> str:
        """The custom element with its data, without scripts; equal input gives equal text."""
        numbers = json.dumps(self.data, sort_keys=True, separators=(",", ":"), allow_nan=False)
        # Inside <script> only "<" could end the element early; JSON may spell it as an escape.
        numbers = numbers.replace("<", "\\u003c")
        return (
            f'<ex-{self.name} class="explorable" data-alt="{html.escape(self.alt)}">'
            f'<script type="application/json">{numbers}</script></ex-{self.name}>'
        )

    def _repr_html_(self) -> str:
        return _with_scripts(self.html, self.name)

    def __repr__(self) -> str:
        return f"<explorable {self.name}: {self.alt}>"


def explorable(name: str, *, alt: str, **data: Any) -> Explorable:
    """Make a figure that recomputes as its controls move.

    Parameters
    ----------
    name : str
        Which one: a key of `declared_inputs()`.
    alt : str
        What the figure shows, for a reader who cannot see it.
    **data
        Its inputs, as `declared_inputs()[name]` lists them; an input left out keeps its default.

    Returns
    -------
    Explorable
        Show it as the last line of a cell.

    Raises
    ------
    ValueError
        If the name or a datum is unknown or out of range, if two data do not fit together, or if the text
        alternative is empty.

    Examples
    --------
    >>> print(explorable("coin-kl", alt="Cost of a wrong belief.", p=0.5, q=0.9).html)
    <ex-coin-kl class="explorable" data-alt="Cost of a wrong belief."><script
    type="application/json">{"p":0.5,"q":0.9}</script></ex-coin-kl>
    """
    if name not in declared_inputs():
        raise ValueError(f"no explorable is named {name!r}; choose one of {_listed(declared_inputs())}")
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"explorable({name!r}) needs alt=, a sentence that says what the figure shows")
    plain = {key: _plain(name, key, value) for key, value in sorted(data.items()) if value is not None}
    try:
        check_together(plain, declared_inputs()[name])
    except ValueError as problem:
        raise ValueError(f"explorable({name!r}): {problem}") from None
    return Explorable(name, alt, plain)


def _plain(name: str, key: str, value: Any) -> Any:
    """Return one datum as plain JSON; the error names the explorable and the input."""
    schemas = declared_inputs()[name]
    if key not in schemas:
        raise ValueError(f"explorable({name!r}) takes no {key!r}; it takes {_listed(schemas)}")
    try:
        return checked(value.tolist() if isinstance(value, np.ndarray | np.generic) else value, schemas[key])
    except (TypeError, ValueError, OverflowError) as problem:
        told = str(problem).startswith("must")
        reason = problem if told else "must be plain numbers, lists, NumPy arrays or text"
        raise ValueError(f"explorable({name!r}): {key} {reason}; got {value!r:.80}") from None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names))


@dataclass(frozen=True)
class Question:
    """A question to check oneself by; a notebook or page shows it with its answers folded."""

    html: str
    prompt: str

    def _repr_html_(self) -> str:
        return _with_scripts(self.html, "question")

    def __repr__(self) -> str:
        return f"<question: {self.prompt}>"


def question(prompt: str, choices: Mapping[str, str], correct: str) -> Question:
    """Ask a question with feedback for each choice.

    Without scripts each choice unfolds its feedback; with them the verdict is announced too.

    Parameters
    ----------
    prompt : str
        The question. Text between backticks is set as code.
    choices : mapping of str to str
        Each choice and what to say to the reader who takes it; "Right." or "Not this one." is put before it.
    correct : str
        The choice that is right.

    Returns
    -------
    Question
        Show it as the last line of a cell.

    Raises
    ------
    ValueError
        If there are fewer than two choices, a feedback is empty, or `correct` is not among them.

    Examples
    --------
    >>> question("Is H(p) ever negative?", {"yes": "Not for counts.", "no": "Each p is at most 1."}, "no")
    <question: Is H(p) ever negative?>
    """
    if not isinstance(choices, Mapping) or len(choices) < 2:
        raise ValueError("a question needs at least two choices: {choice: feedback, ...}")
    if correct not in choices:
        raise ValueError(f"correct={correct!r} is not among the choices {_listed(choices)}")
    for text in (prompt, *choices, *choices.values()):
        if not isinstance(text, str) or not text.strip():
            raise ValueError("the prompt, every choice and every feedback must be text that is not empty")
    group = "q" + hashlib.sha256(repr((prompt, sorted(choices))).encode()).hexdigest()[:8]
    answers = "".join(
        _answer(group, choice, feedback, choice == correct) for choice, feedback in choices.items()
    )
    markup = f"<fieldset><legend>{_inline(prompt)}</legend>{answers}</fieldset>"
    return Question(f'<ex-question class="question">{markup}</ex-question>', prompt)


def _answer(group: str, choice: str, feedback: str, right: bool) -> str:
    verdict, words = ("right", "Right.") if right else ("wrong", "Not this one.")
    return (
        f'<details name="{group}" data-verdict="{verdict}"><summary><span>{_inline(choice)}</span></summary>'
        f"<p><strong>{words}</strong> {_inline(feedback)}</p></details>"
    )


def _inline(text: str) -> str:
    """Escape text for HTML and set what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))

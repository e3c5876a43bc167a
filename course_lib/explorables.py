"""Figures a reader can move: one line in a notebook, live on the page and in JupyterLab.

`explorable` puts a custom element and its data, as JSON, into the output of a cell. The drawing is done by
hand-written ES modules, which the site loads once a page; in a notebook the output carries the modules it
needs, so it is live without a network. `question` writes a check-yourself question that needs no scripts.
"""

from __future__ import annotations

import hashlib
import html
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Explorable", "Question", "bundle", "explorable", "question", "script_folder"]


def _number(value: Any) -> float:
    if isinstance(value, bool | str):
        raise ValueError("must be a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("must be finite")
    return number


def _positive(value: Any) -> float:
    number = _number(value)
    if number <= 0:
        raise ValueError("must be above 0")
    return number


def _probability(value: Any) -> float:
    number = _number(value)
    if not 0 <= number <= 1:
        raise ValueError("must lie between 0 and 1")
    return number


def _chance(value: Any) -> float:
    """Check a probability for the sliders of `surprise`, which stop short of the impossible."""
    number = _number(value)
    if not 0.01 <= number <= 1:
        raise ValueError("must lie between 0.01 and 1")
    return number


def _seed(value: Any) -> int:
    if isinstance(value, bool) or value != int(value) or not 0 <= int(value) < 2**32:
        raise ValueError("must be an integer from 0 to 2**32 - 1")
    return int(value)


def _throws(value: Any) -> int:
    if value != int(value) or not 1 <= int(value) <= 10_000:
        raise ValueError("must be an integer from 1 to 10,000")
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be text")
    return value


def _source(value: Any) -> str:
    if value not in ("coin", "die", "cauchy"):
        raise ValueError("must be 'coin', 'die' or 'cauchy'")
    return value


def _sample(value: Any) -> list[float]:
    numbers = [_number(v) for v in value]
    if not 20 <= len(numbers) <= 5_000:
        raise ValueError("must hold 20 to 5,000 numbers; thin the sample out")
    return numbers


def _interval(value: Any) -> list[float]:
    low, high = (_number(v) for v in value)
    if not low < high:
        raise ValueError("must be a pair (low, high) with low < high")
    return [low, high]


# What each explorable may be given. Its module in JavaScript holds the defaults, under the same names.
_DATA: dict[str, dict[str, Callable[[Any], Any]]] = {
    "coin-kl": {"p": _probability, "q": _probability, "seed": _seed},
    "density": {
        "interval": _interval,
        "label": _text,
        "mean": _number,
        "sd": _positive,
        "seed": _seed,
        "values": _sample,
    },
    "large-numbers": {"n": _throws, "seed": _seed, "source": _source},
    "surprise": {"a": _text, "b": _text, "p_a": _chance, "p_b": _chance},
}


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


# The modules keep to these forms, one statement each, so that linking them needs no parser.
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+)\.js";\n', re.MULTILINE)
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
    >>> bundle("coin-kl").count('linked["math"] = ')
    1
    """
    folder = script_folder()
    linked: dict[str, str] = {}

    def link(module: str) -> None:
        if module in linked:
            return
        source = (folder / f"{module}.js").read_text(encoding="utf-8")
        for _, needed in _IMPORT.findall(source):
            link(needed)
        exports = ", ".join(_EXPORT.findall(source))
        body = _EXPORT.sub("", _IMPORT.sub(r'const {\1} = linked["\2"];\n', source))
        linked[module] = f'linked["{module}"] = (() => {{\n{body}return {{ {exports} }};\n}})();\n'

    link(name)
    link("element")
    style = json.dumps((folder / "explorables.css").read_text(encoding="utf-8"))
    start = f'linked["element"].addStyle({style});\nlinked["element"].define("{name}", linked["{name}"]);\n'
    return ("const linked = {};\n" + "".join(linked.values()) + start).replace("</script", r"<\/script")


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
    name : {"coin-kl", "density", "large-numbers", "surprise"}
        Which one.
    alt : str
        What the figure shows, for a reader who cannot see it.
    **data
        Its starting values; what is left out keeps the default.

        - `coin-kl`: the true chance of heads `p`, the believed one `q`, `seed`.
        - `density`: a sample of lengths in metres, `values`; or `mean` and `sd` in metres, from which 20,000
          are drawn with `seed`; given both, the curve is drawn over your sample. `interval`: the shaded pair
          of metres. `label`: what was measured.
        - `large-numbers`: `source` ("coin", "die" or "cauchy"), `n` throws shown, `seed`.
        - `surprise`: two events' names `a`, `b` and their probabilities `p_a`, `p_b` from 0.01 to 1.

    Returns
    -------
    Explorable
        Show it as the last line of a cell.

    Raises
    ------
    ValueError
        If the name or a datum is unknown or out of range, or the text alternative is empty.

    Examples
    --------
    >>> print(explorable("coin-kl", alt="Cost of a wrong belief.", p=0.5, q=0.9).html)
    <ex-coin-kl class="explorable" data-alt="Cost of a wrong belief."><script
    type="application/json">{"p":0.5,"q":0.9}</script></ex-coin-kl>
    """
    if name not in _DATA:
        raise ValueError(f"no explorable is named {name!r}; choose one of {_listed(_DATA)}")
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"explorable({name!r}) needs alt=, a sentence that says what the figure shows")
    return Explorable(name, alt, {key: _checked(name, key, value) for key, value in sorted(data.items())})


def _checked(name: str, key: str, value: Any) -> Any:
    """Return the datum as plain JSON, or say what would be accepted."""
    if key not in _DATA[name]:
        raise ValueError(f"explorable({name!r}) takes no {key!r}; it takes {_listed(_DATA[name])}")
    plain = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    try:
        return _DATA[name][key](plain)
    except (TypeError, ValueError, OverflowError) as problem:
        reason = (
            str(problem)
            if str(problem).startswith("must")
            else "must be plain numbers, lists, NumPy arrays or text, as documented"
        )
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

"""Check data by a schema in the words of JSON Schema, and some of our own for data that go together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def _number(value: Any) -> float:
    number = float("nan" if isinstance(value, bool | str) else value)
    if not math.isfinite(number):
        raise ValueError("must be a finite number")
    return number


def _integer(value: Any) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError("must be a whole number")
    return int(number)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be text")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be True or False")
    return value


def _list(value: Any) -> list:
    if isinstance(value, str):
        raise ValueError("must be a list")
    return list(value)


# What each type makes of a value.
_TYPES = {"number": _number, "integer": _integer, "string": _text, "array": _list, "boolean": _boolean}

# What each word demands of a value, and how the demand is told.
_RULES = {
    "enum": (lambda value, options: value in options, "must be one of {}"),
    "minimum": (lambda value, low: value >= low, "must be at least {}"),
    "maximum": (lambda value, high: value <= high, "must be at most {:,}"),
    "exclusiveMinimum": (lambda value, low: value > low, "must be above {}"),
    "minItems": (lambda values, least: len(values) >= least, "must hold at least {:,} values"),
    "maxItems": (lambda values, most: len(values) <= most, "must hold at most {:,} values"),
    "increasing": (lambda values, _: values == sorted(set(values)), "must increase, as in (low, high)"),
    "sum": (lambda values, total: abs(math.fsum(values) - total) <= 1e-8, "must sum to {}"),
    "columnsAbove": (
        lambda rows, low: all(sum(column) > low for column in zip(*rows, strict=False)),
        "must have a total above {} in each column",
    ),
}
# The same for words that name another input, whose value is the second argument.
_RELATIONS = {
    "member": (lambda value, others: value in others, "must be one of {}"),
    "along": (lambda values, others: len(values) == len(others), "must have as many entries as {}"),
    "columnsAlong": (
        lambda rows, others: all(len(row) == len(others) for row in rows),
        "must have as many columns as {}",
    ),
}


def checked(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return a datum as plain JSON, or raise an error that says what would be accepted."""
    value = _TYPES.get(schema.get("type", ""), _text)(value)
    if "items" in schema:
        value = [checked(item, schema["items"]) for item in value]
    for word, (holds, demand) in _RULES.items():
        if schema.get(word) is not None and not holds(value, schema[word]):
            raise ValueError(demand.format(schema[word]))
    return value


def check_together(data: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> None:
    """Check each datum, or its default, against the others that its schema names."""
    full = {key: data.get(key, schema["default"]) for key, schema in schemas.items()}
    for key, schema in schemas.items():
        for word, (holds, demand) in _RELATIONS.items():
            other = full.get(schema.get(word, ""))
            if full[key] is not None and other is not None and not holds(full[key], other):
                raise ValueError(
                    f"{key} {demand.format(f'{schema[word]}, {other!r:.80}')}; got {full[key]!r:.80}"
                )

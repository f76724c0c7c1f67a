"""Look at the JSON of a request before anybody builds anything of it.

Python's own reader takes more than JSON has, says nothing of a name that comes twice, and ends in
a RecursionError where arrays are nested without end. What passes here, it reads without surprise.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from algotrendy.kernel.errors import Invalid

MOST_DEPTH: Final = 32
MOST_VALUES: Final = 20_000
_FIELD: Final = "body"
_LARGEST: Final = 2**63 - 1
_LONGEST_INTEGER: Final = 20
# A string, or what opens, closes or parts values. A string that never ends is one too: otherwise
# each quote in it would be tried as a beginning, and that is the square of its length.
_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)


def check_json(body: bytes) -> None:
    """Let a body pass that is JSON as RFC 8259 has it, of a bounded shape.

    Raises:
        Invalid: If it is no JSON in UTF-8, is nested deeper than 32, has more than 20,000 values, a
            name twice in one object, a number that is none in 64 bits, or text that no database
            takes: NUL, or half of a surrogate pair.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(_FIELD, "JSON in UTF-8", "other bytes") from error
    _check_shape(text)
    try:
        found = _DECODER.decode(text)
    except ValueError as error:
        raise Invalid(_FIELD, "JSON", "something else") from error
    if "\\u" in text:  # only so can either be written
        _check_text(found)


def _check_shape(text: str) -> None:
    # Both are more than there can be; hardly any request comes near.
    most_opened, most_values = text.count("[") + text.count("{"), text.count(",") + 1
    if most_opened <= MOST_DEPTH and most_values <= MOST_VALUES:
        return
    depth, values = 0, 1
    for token in _TOKEN.finditer(text):
        match token.group():
            case "[" | "{":
                depth += 1
                if depth > MOST_DEPTH:
                    raise Invalid(_FIELD, f"nested at most {MOST_DEPTH} deep", "deeper")
            case "]" | "}":
                depth -= 1
            case ",":
                values += 1
                if values > MOST_VALUES:
                    raise Invalid(_FIELD, f"of at most {MOST_VALUES} values", "more")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"{_FIELD}: {_shown(twice)}", "given once in its object", "twice")
    return found


def _integer(digits: str) -> int:
    # Longer than any that fits: Python would not even read one of thousands of digits.
    if len(digits) > _LONGEST_INTEGER or not -_LARGEST - 1 <= (value := int(digits)) <= _LARGEST:
        raise Invalid(_FIELD, "of whole numbers of at most 64 bits", "a larger one")
    return value


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise Invalid(_FIELD, "of numbers of at most 64 bits", "a larger one")
    return value


def _no_number(name: str) -> NoReturn:
    raise Invalid(_FIELD, "JSON, which has no such number", name)


def _check_text(value: Any) -> None:
    for path, text in _texts(value, ()):
        field = ".".join(path) or _FIELD
        if "\x00" in text:
            raise Invalid(field, "text without a NUL character", "one with it")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise Invalid(field, "text of whole characters", "half of a surrogate") from error


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    match value:
        case str():
            yield path, value
        case dict():
            for name, inner in value.items():
                yield path, name
                yield from _texts(inner, (*path, _shown(name)))
        case list():
            for number, inner in enumerate(value):
                yield from _texts(inner, (*path, str(number)))


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)[:60]


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_number,
    parse_constant=_no_number,
)

"""Read what clients send: JSON bodies and query strings, into models, with errors in words.

Broken JSON is 400; a field that is missing or of the wrong type is 422, and named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Final, TypeVar
from urllib.parse import parse_qsl

import orjson
from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, ValidationError
from pydantic import WithJsonSchema as Described
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException

from algotrendy.exchange.alpaca_api.wire import number
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.kernel.decimals import parse_decimal
from algotrendy.kernel.errors import Invalid, JsonValue

MAX_BODY_BYTES: Final = 65_536
# A float64 keeps any 15 digits; a number with more has perhaps lost some on its way here.
_FLOAT_DIGITS: Final = 15
_MAX_SHOWN: Final = 60
_LONGEST_NUMBER: Final = 40
_WORDS: Final = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("int_parsing_size",), "a whole number that is not as long"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "an object"),
    **dict.fromkeys(("list_type", "tuple_type"), "a list"),
    "string_type": "a string",
    "finite_number": "a finite number",
    "greater_than_equal": "at least {ge}",
    "greater_than": "above {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "below {lt}",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "string_too_short": "at least {min_length} characters long",
    "string_too_long": "at most {max_length} characters long",
    "string_pattern_mismatch": "text like {pattern}",
    "literal_error": "{expected}",
    "enum": "{expected}",
}
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


class Sent(BaseModel):
    """Is the base of what clients send; fields that nobody knows are overlooked, as by Alpaca."""

    model_config = ConfigDict(frozen=True, extra="ignore")


M = TypeVar("M", bound=Sent)


def example(**fields: JsonValue) -> ConfigDict:
    """Show these fields on the page, ready to be sent, instead of every field there is."""
    return ConfigDict(json_schema_extra={"example": fields})


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a number")
    text = value if isinstance(value, str) else repr(value)
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(f"a number of at most {_LONGEST_NUMBER} characters")
    try:
        found = parse_decimal(text, "")
    except Invalid as error:
        raise ValueError(error.expected) from None
    if isinstance(value, float) and len(found.as_tuple().digits) > _FLOAT_DIGITS:
        raise ValueError(f"a string when it has more than {_FLOAT_DIGITS} digits")
    return found


def _moment(value: object) -> datetime | date:
    """Read an RFC 3339 time, or a date; a time without zone is UTC."""
    if not isinstance(value, str):
        raise ValueError("a time like 2026-01-02T15:04:05Z, or a date")
    try:
        if _DATE.fullmatch(value):
            return date.fromisoformat(value)
        # A plus sign that its sender did not encode arrives as a space.
        found = datetime.fromisoformat(value.strip().replace(" ", "+"))
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("a time like 2026-01-02T15:04:05Z, or a date") from None


def _words(value: object) -> object:
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return value


Number = Annotated[
    Decimal,
    PlainValidator(_decimal),
    Described({"type": "string", "format": "decimal", "examples": ["187.15"]}),
]
Moment = Annotated[
    datetime | date,
    PlainValidator(_moment),
    Described({"type": "string", "examples": ["2026-01-02T15:04:05Z", "2026-01-02"]}),
]
Words = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    Described({"type": "string", "description": "Parted by commas."}),
]


async def body_of(request: Request, model: type[M]) -> M:
    """Read the request's body.

    Raises:
        Refused: 400 when it is no JSON object, 422 when a field is missing or wrong.
        HTTPException: 413 when it is larger than any order.
    """
    try:
        found = orjson.loads(await _bytes_of(request))
    except orjson.JSONDecodeError as error:
        message = f"request body must be JSON: {error.msg} at character {error.pos}"
        raise Refused(Reason.MALFORMED, message) from None
    if not isinstance(found, dict):
        raise Refused(Reason.MALFORMED, "request body must be a JSON object")
    return validated(model, found)


async def _bytes_of(request: Request) -> bytes:
    parts: list[bytes] = []
    left = MAX_BODY_BYTES
    async for part in request.stream():
        left -= len(part)
        if left < 0:
            raise HTTPException(413, f"request body must be at most {MAX_BODY_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def query_of(request: Request, model: type[M], reason: Reason = Reason.INVALID) -> M:
    """Read the request's query string.

    Args:
        reason: How to refuse a parameter that is missing or wrong; market data says 400.
    """
    text: bytes = request.scope["query_string"]
    try:
        found = dict(parse_qsl(text.decode("ascii"), keep_blank_values=False, max_num_fields=100))
    except ValueError:
        raise Refused(reason, "query string must be ASCII, percent-encoded") from None
    return validated(model, found, reason)


def validated(model: type[M], found: Mapping[str, object], reason: Reason = Reason.INVALID) -> M:
    """Make a model of what came."""
    try:
        return model.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        words = _in_words(first)
        if reason is Reason.MALFORMED and first["loc"] and first["type"] != "missing":
            words = f"Invalid format for parameter {first['loc'][0]}: {words}"
        raise Refused(reason, words) from None


def _in_words(found: ErrorDetails) -> str:
    name = ".".join(str(part) for part in found["loc"])
    if found["type"] == "missing":
        return f"{name} is required"
    if not name:
        return expected(found)
    return f"{name} must be {expected(found)}, was {_shown(found['input'])}"


def expected(found: ErrorDetails) -> str:
    """Say what a value must be, in our words: of what pydantic says, only the facts are taken."""
    facts = found.get("ctx", {})
    if found["type"] in _WORDS:
        plain = {
            name: number(fact) if isinstance(fact, float) else fact for name, fact in facts.items()
        }
        return _WORDS[found["type"]].format_map(plain)
    return found["msg"].removeprefix("Value error, ").removeprefix("Input should be ")


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"

"""Write what the venue keeps as JSON documents, and read it back as it was.

Decimals are plain text, times ISO 8601 in UTC; a field that is None is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from algotrendy.exchange.venue.model import Account, Activity, EquityPoint, Order, Position
from algotrendy.kernel.clock import parse_time
from algotrendy.kernel.decimals import parse_decimal
from algotrendy.kernel.errors import Invalid, JsonValue

Entity = Account | Order | Position | Activity | EquityPoint

E = TypeVar("E", bound=Entity)

_Writer = Callable[[Any], JsonValue]
_Reader = Callable[[Any, str], Any]


def to_document(entity: Entity) -> dict[str, JsonValue]:
    """Write an entity as a JSON object."""
    values, writers = _WRITERS[type(entity)]
    return {
        name: value if write is None else write(value)
        for (name, write), value in zip(writers, values(entity), strict=True)
        if value is not None
    }


def from_document(kind: type[E], document: Mapping[str, JsonValue]) -> E:
    """Read an entity of a kind, such as ``Order``, from its document.

    Raises:
        Invalid: If the kind is none that is kept, or a field is missing, unknown or malformed;
            names it.
    """
    if kind not in _READERS:
        names = ", ".join(each.__name__ for each in _READERS)
        raise Invalid("kind", f"one of {names}", kind.__name__)
    readers, required = _READERS[kind]
    values = {}
    for name, value in document.items():
        field = f"{kind.__name__}.{name}"
        if name not in readers:
            raise Invalid(field, "a field that is kept", name)
        try:
            values[name] = readers[name](value, field)
        except (TypeError, ValueError, AttributeError) as error:
            raise Invalid(field, "as it was written", value) from error
    if missing := required - values.keys():
        raise Invalid(f"{kind.__name__}.{min(missing)}", "there", None)
    return kind(**values)


def _write_decimal(value: Decimal) -> str:
    text = str(value)
    return format(value, "f") if "E" in text else text


def _write_time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


def _read_decimal(value: Any, field: str) -> Decimal:
    return parse_decimal(value, field)


def _read_as(kind: type[Any]) -> _Reader:
    def read(value: Any, field: str) -> Any:
        if not isinstance(value, kind):
            raise Invalid(field, f"of type {kind.__name__}", value)
        return value

    return read


def _read_member(kind: type[StrEnum]) -> _Reader:
    return lambda value, _: kind(value)


def _read_texts(value: Any, field: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Invalid(field, "a list of texts", value)
    return tuple(value)


def _codec(hint: Any) -> tuple[_Writer | None, _Reader]:
    """Give how a type is written, None for as it is, and how it is read."""
    [hint] = (
        [each for each in get_args(hint) if each is not type(None)] or [hint]
        if (type(None) in get_args(hint))
        else [hint]
    )
    if get_origin(hint) is tuple:
        return list, _read_texts
    if hint is Decimal:
        return _write_decimal, _read_decimal
    if hint is datetime:
        return _write_time, parse_time
    if issubclass(hint, StrEnum):
        return str, _read_member(hint)
    return None, _read_as(hint)


def _tables() -> tuple[dict[Any, Any], dict[Any, Any]]:
    writers, readers = {}, {}
    for kind in (Account, Order, Position, Activity, EquityPoint):
        hints = get_type_hints(kind)
        codecs = {each.name: _codec(hints[each.name]) for each in fields(kind)}
        writers[kind] = (
            attrgetter(*codecs),
            [(name, write) for name, (write, _) in codecs.items()],
        )
        required = {each.name for each in fields(kind) if each.default is MISSING}
        readers[kind] = ({name: read for name, (_, read) in codecs.items()}, required)
    return writers, readers


_WRITERS, _READERS = _tables()

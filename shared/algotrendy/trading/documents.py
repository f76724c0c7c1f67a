"""Write what the ledger keeps as JSON documents, and read it back as it was.

Each document names what it is and in which version: ``{"is": "OrderFilled", "v": 1, ...}``. Money
and prices are text such as ``12.50 USD``, decimals plain text, times ISO 8601 in UTC; a field that
is None by default is left out where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import repeat
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from algotrendy.kernel.clock import parse_time
from algotrendy.kernel.decimals import parse_decimal, plain
from algotrendy.kernel.errors import Invalid, JsonValue
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.price import Price, Quantity
from algotrendy.risk.limits import Limits, parse_limits
from algotrendy.risk.records import KillSwitch, LimitsVersion, Marks, StateChange
from algotrendy.trading import order_events
from algotrendy.trading.accounts import Account
from algotrendy.trading.journal import Entry
from algotrendy.trading.ledger import AuditRecord, Document
from algotrendy.trading.lots import ClosedLot, Lots
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.parents.parent import Parent
from algotrendy.trading.ports import Listing, Quote

VERSION = 1
IS, V = "is", "v"

T = TypeVar("T")
_Writer = Callable[[Any], JsonValue]
_Reader = Callable[[Any], Any]

_MALFORMED = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError)


def to_document(kept: object) -> dict[str, JsonValue]:
    """Write an event, an entry or another record of the ledger as a JSON object.

    Raises:
        Invalid: If it is of a kind that the ledger does not keep.
    """
    record = _RECORDS.get(type(kept).__name__)
    if record is None or record.kind is not type(kept):
        raise Invalid("kind", f"one of {', '.join(_RECORDS)}", type(kept).__name__)
    return {IS: record.kind.__name__, V: VERSION, **record.write(kept)}


def from_document(kind: type[T], document: Mapping[str, JsonValue]) -> T:
    """Read a record of a kind, or of one derived from it, such as any ``OrderEvent``.

    Raises:
        Invalid: If it is of another kind or version, or a field is missing, unknown or malformed;
            names it.
    """
    name, version = document.get(IS), document.get(V)
    record = _RECORDS.get(name) if isinstance(name, str) else None
    if record is None or not issubclass(record.kind, kind):
        raise Invalid(IS, f"a kind of {kind.__name__}", name)
    if version != VERSION:
        raise Invalid(f"{name}.{V}", str(VERSION), version)
    rest = dict(document)
    del rest[IS], rest[V]
    try:
        found: T = record.read(rest)
    except Invalid as error:
        raise _within(record.kind.__name__, error) from error
    return found


class _Record(Generic[T]):
    """Writes and reads one kind of dataclass, field by field."""

    def __init__(self, kind: type[T]) -> None:
        self.kind = kind
        hints = get_type_hints(kind)
        kept: tuple[Field[Any], ...] = fields(kind)  # type: ignore[arg-type]
        codecs = {each.name: _codec(hints[each.name]) for each in kept}
        self._writers = [(each.name, codecs[each.name][0], each.default is None) for each in kept]
        self._readers = {name: read for name, (_, read) in codecs.items()}
        self._required = {
            each.name
            for each in kept
            if each.default is MISSING and each.default_factory is MISSING
        }

    def write(self, value: T) -> dict[str, JsonValue]:
        written: dict[str, JsonValue] = {}
        for name, write, may_be_absent in self._writers:
            part = getattr(value, name)
            if part is not None:
                written[name] = part if write is None else write(part)
            elif not may_be_absent:
                written[name] = None
        return written

    def read(self, document: Any) -> T:
        if not isinstance(document, dict):
            raise Invalid("", "an object", document)
        values: dict[str, Any] = {}
        name, value, readers = "", None, self._readers
        try:
            for name, value in document.items():
                values[name] = readers[name](value)
        except Invalid as error:
            raise _within(name, error) from error
        except _MALFORMED as error:
            expected = "as it was written" if name in readers else "a field that is kept"
            raise Invalid(name, expected, value) from error
        if not self._required <= values.keys():
            raise Invalid(min(self._required - values.keys()), "present", None)
        return self.kind(**values)


def _within(name: str, error: Invalid) -> Invalid:
    """Name the whole way to a field: here nobody knows what a value is a part of."""
    path = f"{name}.{error.field}" if error.field else name
    return Invalid(path, error.expected, error.actual)


def _codec(hint: Any) -> tuple[_Writer | None, _Reader]:
    """Give how a type is written, None for as it is, and how it is read."""
    hint = getattr(hint, "__supertype__", hint)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _union([each for each in inner if each is not NoneType], NoneType in inner)
    if origin is tuple:
        return _tuple(inner)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        # Much faster than to call the enum.
        return str, {member.value: member for member in hint}.__getitem__
    if is_dataclass(hint) and isinstance(hint, type):
        record = _Record(hint)
        return record.write, record.read
    return None, _as_it_is(dict if origin is not None else hint)


def _union(kinds: list[Any], may_be_none: bool) -> tuple[_Writer | None, _Reader]:
    """Take one kind, or two of which one is written as text and the other as an object."""
    codecs = [_codec(kind) for kind in kinds]
    write, read = codecs[0]
    if len(codecs) > 1:
        writers = {kind: write for kind, (write, _) in zip(kinds, codecs, strict=True)}
        (_, read_text), (_, read_object) = codecs

        def write(value: Any) -> JsonValue:
            writer = writers[type(value)]
            return value if writer is None else writer(value)

        def read(value: Any) -> Any:
            return read_text(value) if isinstance(value, str) else read_object(value)

    if not may_be_none:
        return write, read
    return write, lambda value: None if value is None else read(value)


def _tuple(inner: tuple[Any, ...]) -> tuple[_Writer, _Reader]:
    """Take any number of one kind, or as many as are named."""
    is_open = inner[-1] is Ellipsis
    codecs = [_codec(each) for each in inner if each is not Ellipsis]

    def each_of(values: Any) -> Iterator[tuple[Any, tuple[_Writer | None, _Reader]]]:
        return zip(values, repeat(codecs[0]) if is_open else codecs, strict=not is_open)

    def write(values: Any) -> JsonValue:
        return [value if write is None else write(value) for value, (write, _) in each_of(values)]

    def read(values: Any) -> Any:
        if not isinstance(values, list):
            raise Invalid("", "a list", values)
        found: list[Any] = []
        try:
            for value, (_, read) in each_of(values):
                found.append(read(value))
        except Invalid as error:
            raise _within(str(len(found)), error) from error
        return tuple(found)

    return write, read


def _as_it_is(kind: type[Any]) -> _Reader:
    def read(value: Any) -> Any:
        # A bool is an int to Python, and to nobody else.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise Invalid("", f"of type {kind.__name__}", value)
        return value

    return read


def _write_amount(value: Money | Price) -> str:
    return f"{plain(value.amount)} {value.currency.value}"


def _read_amount(kind: Callable[[Decimal, Currency], Any]) -> _Reader:
    currencies = {member.value: member for member in Currency}

    def read(value: Any) -> Any:
        amount, _, currency = value.partition(" ")
        # Kind refuses what the ledger cannot hold.
        return kind(Decimal(amount), currencies[currency])

    return read


_PLAIN: dict[Any, tuple[_Writer | None, _Reader]] = {
    Decimal: (plain, lambda value: parse_decimal(value, "")),
    datetime: (datetime.isoformat, lambda value: parse_time(value, "")),
    date: (date.isoformat, date.fromisoformat),
    UUID: (str, UUID),
    Money: (_write_amount, _read_amount(Money)),
    Price: (_write_amount, _read_amount(Price)),
    Quantity: (str, lambda value: Quantity(parse_decimal(value, ""))),
    Limits: (lambda limits: limits.model_dump(mode="json"), parse_limits),
}


_ORDER_EVENTS: tuple[type[OrderEvent], ...] = (
    order_events.OrderIntended,
    order_events.OrderApproved,
    order_events.OrderCancelRequested,
    order_events.OrderSubmitted,
    order_events.OrderOutcomeUnknown,
    order_events.OrderNotSent,
    order_events.OrderFoundAbsent,
    order_events.OrderWithdrawn,
    order_events.OrderUpdated,
    order_events.OrderAccepted,
    order_events.OrderFilled,
    order_events.OrderBusted,
    order_events.OrderCanceled,
    order_events.OrderExpired,
    order_events.OrderRejected,
    order_events.OrderReplaced,
)
_RECORDS: dict[str, _Record[Any]] = {
    kind.__name__: _Record(kind)
    for kind in (
        *_ORDER_EVENTS,
        *(Entry, Lots, ClosedLot, Account, AuditRecord, Document, Quote, Listing),
        *(LimitsVersion, StateChange, KillSwitch, Marks, Parent),
    )
}

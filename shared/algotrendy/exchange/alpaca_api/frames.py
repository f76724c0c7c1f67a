"""Read and write the frames of both WebSockets: JSON or msgpack, each message encoded once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final

import msgpack  # type: ignore[import-untyped]
import orjson

from algotrendy.exchange.alpaca_api.wire import ns_text, number_text, time_text
from algotrendy.exchange.venue.model import Update

Message = Mapping[str, Any]
_REMEMBERED: Final = 4_096
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Encoding(Enum):
    """How a client wants its frames."""

    JSON = "application/json"
    MSGPACK = "application/msgpack"

    @classmethod
    def asked_for(cls, content_type: str | None) -> Encoding:
        """Tell what the handshake's ``Content-Type`` asks for."""
        kind = (content_type or "").partition(";")[0].strip().lower()
        return cls.MSGPACK if kind == cls.MSGPACK.value else cls.JSON

    def pack(self, message: Message) -> bytes:
        """Write one message; ``TimeNs`` becomes text, or a timestamp extension."""
        if self is Encoding.MSGPACK:
            packed: bytes = msgpack.packb(message, default=_msgpack_time)
            return packed
        return orjson.dumps(message, default=_json_time)

    def array(self, encoded: Sequence[bytes]) -> bytes:
        """Put messages that are encoded already into one array."""
        if self is Encoding.MSGPACK:
            return bytes(msgpack.Packer().pack_array_header(len(encoded))) + b"".join(encoded)
        return b"[" + b",".join(encoded) + b"]"

    def decode(self, frame: str | bytes) -> object:
        """Read what a client sent; text is JSON whatever was asked for.

        Raises:
            ValueError: If it is neither.
        """
        if isinstance(frame, bytes) and self is Encoding.MSGPACK:
            try:
                return msgpack.unpackb(frame)
            except (msgpack.UnpackException, TypeError) as error:
                raise ValueError("not msgpack") from error
        return orjson.loads(frame)


class TimeNs:
    """A moment of the market in nanoseconds since 1970, to be written as the encoding does."""

    __slots__ = ("time_ns",)

    def __init__(self, time_ns: int) -> None:
        self.time_ns = time_ns


def _json_time(value: object) -> str:
    if isinstance(value, TimeNs):
        return ns_text(value.time_ns)
    raise TypeError(f"{type(value).__name__} has no JSON")


def _msgpack_time(value: object) -> msgpack.Timestamp:
    if isinstance(value, TimeNs):
        return msgpack.Timestamp(*divmod(value.time_ns, 1_000_000_000))
    raise TypeError(f"{type(value).__name__} has no msgpack")


class EncodedOnce:
    """Remembers what was encoded of late, by the thing itself, so that clients share the work."""

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._remembered = remembered
        self._kept: OrderedDict[tuple[int, str, Encoding], tuple[object, bytes]] = OrderedDict()

    def get(
        self, thing: object, kind: str, encoding: Encoding, message: Callable[[], Message]
    ) -> bytes:
        """Give a thing's bytes; ``message`` is asked for only the first time."""
        key = (id(thing), kind, encoding)
        kept = self._kept.get(key)
        # An id is used again once its thing is gone; ours is not gone while it is kept.
        if kept is not None:
            return kept[1]
        encoded = encoding.pack(message())
        self._kept[key] = (thing, encoded)
        if len(self._kept) > self._remembered:
            self._kept.popitem(last=False)
        return encoded


def update_message(update: Update, order: Message) -> Message:
    """Write a trade update as the stream has it."""
    at = time_text(update.at)
    data: dict[str, Any] = {
        "event": update.event.value,
        "event_id": event_id(update),
        "at": at,
        "timestamp": at,
        "order": order,
    }
    if update.execution_id is not None:
        data["execution_id"] = update.execution_id
    for name, value in (
        ("price", update.price),
        ("qty", update.quantity),
        ("position_qty", update.position_quantity),
    ):
        if value is not None:
            data[name] = number_text(value)
    return {"stream": "trade_updates", "data": data}


def event_id(update: Update) -> str:
    """Give an update's ULID: it sorts by time, and then by the account's count."""
    milliseconds = int(update.at.timestamp() * 1_000)
    return _base32(milliseconds, 10) + _base32(update.number, 16)


def _base32(value: int, length: int) -> str:
    return "".join(_CROCKFORD[value >> 5 * place & 31] for place in reversed(range(length)))

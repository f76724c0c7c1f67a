"""Say what clients and the streaming service tell each other: messages, errors, close codes.

Every message is one JSON object in one text frame, with its ``type``. docs/streaming.md has an
example of each, and a test reads them with the models here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.wording import expected_of

VERSION: Final = 1
MOST_NAMES: Final = 1_000
USUAL_BARS: Final = 100
MOST_BARS: Final = 1_000

Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$")]
Id = Annotated[str, Field(max_length=64)]


class Code(StrEnum):
    """Every error there is. Those that end the connection have a close code.

    Attributes:
        close: Code of the close frame; None: the connection goes on, and nothing was changed.
    """

    close: int | None

    def __new__(cls, name: str, close: int | None) -> Code:
        made = str.__new__(cls, name)
        made._value_ = name
        made.close = close
        return made

    INVALID = "invalid", None
    NOT_STREAMED = "not_streamed", None
    TOO_MANY_SUBSCRIPTIONS = "too_many_subscriptions", None
    NOT_AUTHENTICATED = "not_authenticated", None
    TOO_MANY_ERRORS = "too_many_errors", 4400
    UNAUTHENTICATED = "unauthenticated", 4401
    EXPIRED = "expired", 4402
    FORBIDDEN = "forbidden", 4403
    AUTH_TIMEOUT = "auth_timeout", 4408
    TOO_MANY_CONNECTIONS = "too_many_connections", 4429
    TOO_MANY_MESSAGES = "too_many_messages", 4430
    SLOW = "slow", 4431
    GOING_AWAY = "going_away", 1001
    INTERNAL = "internal", 1011
    UNAVAILABLE = "unavailable", 1013


class Reason(StrEnum):
    """Why a snapshot is sent."""

    SUBSCRIBED = "subscribed"
    RESUMED = "resumed"
    HOLE = "hole"
    LOST = "lost"


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Auth(_Message):
    """Say who is asking, or renew a token that is about to expire."""

    type: Literal["auth"] = "auth"
    token: str = Field(repr=False)
    id: Id | None = None


class Subscribe(_Message):
    """Ask for each of the channels of each of the symbols, from a snapshot on.

    Attributes:
        last: How many bars or trades a snapshot holds at most.
        after: The number of the last bar that the client has: the snapshot goes on behind it.
    """

    type: Literal["subscribe"] = "subscribe"
    symbols: list[str] = Field(min_length=1, max_length=MOST_NAMES)
    channels: list[str] = Field(min_length=1, max_length=MOST_NAMES)
    last: int = Field(USUAL_BARS, ge=0, le=MOST_BARS)
    after: int | None = Field(None, ge=0)
    id: Id | None = None


class Unsubscribe(_Message):
    """Hear no more of each of the channels of each of the symbols."""

    type: Literal["unsubscribe"] = "unsubscribe"
    symbols: list[str] = Field(min_length=1, max_length=MOST_NAMES)
    channels: list[str] = Field(min_length=1, max_length=MOST_NAMES)
    id: Id | None = None


class Ping(_Message):
    """Ask for a pong."""

    type: Literal["ping"] = "ping"
    id: Id | None = None


ClientMessage = Auth | Subscribe | Unsubscribe | Ping
_CLIENT: TypeAdapter[ClientMessage] = TypeAdapter(
    Annotated[ClientMessage, Field(discriminator="type")]
)


class LimitsOut(_Message):
    """What one client may ask for."""

    subscriptions: int
    connections: int
    message_bytes: int
    messages: int
    waiting_messages: int
    waiting_bytes: int


class Welcome(_Message):
    """Is the first message of a connection."""

    type: Literal["welcome"] = "welcome"
    version: int
    heartbeat_s: float
    authenticate_within_s: float
    limits: LimitsOut


class Authenticated(_Message):
    """Answer ``auth``."""

    type: Literal["authenticated"] = "authenticated"
    username: str
    tenant: str
    expires: Moment
    id: Id | None = None


class Subscribed(_Message):
    """Answer ``subscribe`` and ``unsubscribe``: everything that is subscribed now, by channel."""

    type: Literal["subscribed"] = "subscribed"
    channels: dict[str, list[str]]
    id: Id | None = None


class TradeFields(_Message):
    """A trade, by the exchange's time, and when it was received here."""

    time: Moment
    price: float
    size: float
    venue: str
    id: str
    received: Moment


class QuoteFields(_Message):
    """The best bid and offer."""

    time: Moment
    bid: float
    bid_size: float
    ask: float
    ask_size: float
    received: Moment


class BarFields(_Message):
    """A bar, as docs/charts.md describes its fields; ``known`` is null of an unfinished one."""

    number: int
    began: Moment
    ended: Moment
    known: Moment | None
    open: float
    high: float
    low: float
    close: float
    first: float
    highest: float
    lowest: float
    last: float
    volume: float
    ticks: int
    direction: Literal[-1, 0, 1]


class TradeOut(TradeFields):
    """Tell of a trade."""

    type: Literal["trade"] = "trade"
    symbol: str


class QuoteOut(QuoteFields):
    """Tell the newest quote; those in between may be left out."""

    type: Literal["quote"] = "quote"
    symbol: str


class BarOut(BarFields):
    """Tell of a closed bar; its number is one more than that of the one before."""

    type: Literal["bar"] = "bar"
    symbol: str
    style: str


class PartialOut(BarFields):
    """Tell how the unfinished bar stands; those in between may be left out."""

    type: Literal["partial"] = "partial"
    symbol: str
    style: str


class FixOut(_Message):
    """Tell, on the channel of trades, that one that was told is cancelled or corrected."""

    type: Literal["fix"] = "fix"
    symbol: str
    kind: Literal["cancel", "correct"]
    venue: str
    id: str
    new_id: str
    time: Moment
    price: float
    size: float
    received: Moment


class Missing(_Message):
    """Numbers of bars that the service does not have; the API has them from the lake."""

    first: int
    last: int


class Snapshot(_Message):
    """Tell how a channel stands; what is told of it afterwards follows on this.

    One of ``trades``, ``bars``, ``quote``, ``partial`` is there, as the channel says; a quote or a
    partial bar is null where none is known.
    """

    type: Literal["snapshot"] = "snapshot"
    symbol: str
    channel: str
    reason: Reason
    trades: list[TradeFields] | None = None
    quote: QuoteFields | None = None
    bars: list[BarFields] | None = None
    partial: BarFields | None = None
    missing: Missing | None = None


class StatusOut(_Message):
    """Tell how a source of news stands: a feed of trades and quotes, or the store of bars."""

    type: Literal["status"] = "status"
    source: Literal["feed", "bars"]
    feed: str | None = None
    state: str
    reason: str
    time: Moment


class Expiring(_Message):
    """Warn that the token ends soon: send ``auth`` with a new one."""

    type: Literal["expiring"] = "expiring"
    expires: Moment


class Heartbeat(_Message):
    """Tell that the connection lives, each ``heartbeat_s`` seconds."""

    type: Literal["heartbeat"] = "heartbeat"
    time: Moment


class Pong(_Message):
    """Answer ``ping``."""

    type: Literal["pong"] = "pong"
    time: Moment
    id: Id | None = None


class ErrorOut(_Message):
    """Say what is wrong. With ``close`` the connection ends with that code."""

    type: Literal["error"] = "error"
    code: Code
    message: str
    field: str | None = None
    close: int | None = None
    id: Id | None = None


ServerMessage = (
    Welcome
    | Authenticated
    | Subscribed
    | Snapshot
    | TradeOut
    | QuoteOut
    | BarOut
    | PartialOut
    | FixOut
    | StatusOut
    | Expiring
    | Heartbeat
    | Pong
    | ErrorOut
)
_SERVER: TypeAdapter[ServerMessage] = TypeAdapter(
    Annotated[ServerMessage, Field(discriminator="type")]
)


def parse_client(text: str | bytes) -> ClientMessage:
    """Read what a client sent.

    Raises:
        Invalid: Naming the field; a token is never repeated.
    """
    return _parsed(_CLIENT, text, "auth, subscribe, unsubscribe or ping")


def parse_server(text: str | bytes) -> ServerMessage:
    """Read what the service sent; raises Invalid."""
    return _parsed(_SERVER, text, "a type of docs/streaming.md")


_M = TypeVar("_M")


def _parsed(adapter: TypeAdapter[_M], text: str | bytes, types: str) -> _M:
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
    kind, place = first["type"], first["loc"]
    if kind == "json_invalid":
        raise Invalid("message", "JSON", "something else")
    if kind.startswith("union_tag"):
        raise Invalid("type", types, "another one")
    field = ".".join(str(part) for part in place[1:]) or "message"
    if kind == "missing":
        raise Invalid(field, "given", None)
    if kind == "extra_forbidden":
        raise Invalid(field, "left out", "given")
    if field == "token":
        raise Invalid(field, "a text", "something else")
    actual = "null" if first["input"] is None else first["input"]
    raise Invalid(field, expected_of(first), actual)

"""Name every way in which the paper exchange can misbehave, and how much of it is wanted.

Chances are between 0 and 1. Seconds are a client's seconds, whatever speed the market is played
at; the maintenance window alone is in the market's time.
"""

from __future__ import annotations

from datetime import time
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_serializer, model_validator

Chance = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=600, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class Faults(BaseModel):
    """Say how often each fault happens; by default none does.

    Requests:
        latency_s: Every request waits so long before it is looked at.
        latency_jitter_s: And up to so long more, evenly spread.
        rate_limit: Chance of a 429 with ``Retry-After`` and the ``X-RateLimit-`` headers.
        retry_after_s: What such a 429 asks the client to wait.
        requests_per_minute: 429 for a key that sends more; 0 counts none. Alpaca: 200.
        error_before: Chance of a 500 or 503; the request was not looked at.
        error_after: Chance of a 500 or 503 although the request was carried out.
        timeout_before: Chance of a 504; the request was not looked at.
        timeout_after: Chance of a 504 although the request was carried out.
        drop_before: Chance that the connection breaks; the request was not looked at.
        drop_after: Chance that it breaks unanswered although the request was carried out.
        stale_view_s: Positions are told as they were so long ago, while orders are told as they
            are (alpacahq/Alpaca-API issue 276: up to 10 s).

    The stream of trade updates:
        drop_updates: Chance that an update is never sent.
        duplicate_updates: Chance that it is sent twice.
        reorder_updates: Chance that it is sent after the next one, or a second later.
        late_updates: Chance that it is sent late, and what comes meanwhile before it.
        late_update_s: How late.
        mute_updates: The socket lives, answers and pings, and tells nothing.

    Sockets, of updates and of market data:
        mute_market_data: The same for market data.
        disconnect_every_updates: A socket breaks after so many messages of data; 0: never.
        disconnect_every_s: A socket breaks after so long; 0: never.
        refuse_sockets: Open sockets break, and new ones are refused with 503.
        authentication_s: How long a socket may take to say who it is.
        channel_limit: Most trade and quote channels a market data socket may hold; 0: any.
        refused_feeds: Feeds that the plan does not have, such as ``sip``.

    The market:
        cancel_trades: Chance that a trade of the market at large is cancelled on the tape, which
            the stream of market data tells (``x``). It fills nothing back: see ``busts``.
        correct_trades: Chance that its size is corrected on the tape (``c``).
        partial_fills: Chance that a fill is a random part of what it could be. Alpaca: 0.1.
        busts: Chance that a fill is taken back.
        bust_after_s: How long after the fill.
        maintenance_start: Begin of the nightly window, UTC in market time, ``HH:MM``: every
            request gets 503 and sockets close.
        maintenance_minutes: Its length.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    latency_s: Seconds = 0
    latency_jitter_s: Seconds = 0
    rate_limit: Chance = 0
    retry_after_s: Seconds = 1
    requests_per_minute: Count = 0
    error_before: Chance = 0
    error_after: Chance = 0
    timeout_before: Chance = 0
    timeout_after: Chance = 0
    drop_before: Chance = 0
    drop_after: Chance = 0
    stale_view_s: Seconds = 0

    drop_updates: Chance = 0
    duplicate_updates: Chance = 0
    reorder_updates: Chance = 0
    late_updates: Chance = 0
    late_update_s: Seconds = 5
    mute_updates: bool = False

    mute_market_data: bool = False
    disconnect_every_updates: Count = 0
    disconnect_every_s: Seconds = 0
    refuse_sockets: bool = False
    authentication_s: Seconds = 10
    channel_limit: Count = 0
    refused_feeds: tuple[str, ...] = ()

    cancel_trades: Chance = 0
    correct_trades: Chance = 0
    partial_fills: Chance = 0
    busts: Chance = 0
    bust_after_s: Seconds = 3
    maintenance_start: time | None = None
    maintenance_minutes: Annotated[int, Field(ge=1, le=1_439)] = 30

    @model_validator(mode="after")
    def _wall_time(self) -> Self:
        if self.maintenance_start is not None and self.maintenance_start.tzinfo is not None:
            raise ValueError("maintenance_start must be HH:MM without a zone; it is UTC")
        return self

    @field_serializer("maintenance_start")
    def _short(self, start: time | None) -> str | None:
        return None if start is None else start.isoformat("auto")


class Kind(StrEnum):
    """A fault that can be asked for by name, for exactly the next request, update or fill."""

    DELAY = "delay"
    RATE_LIMIT = "rate_limit"
    FAIL_BEFORE = "fail_before"
    FAIL_AFTER = "fail_after"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"

    DROP_UPDATE = "drop_update"
    DUPLICATE_UPDATE = "duplicate_update"
    REORDER_UPDATE = "reorder_update"
    LATE_UPDATE = "late_update"
    DISCONNECT_ON_UPDATE = "disconnect_on_update"

    DISCONNECT = "disconnect"
    BUST = "bust"


REQUEST_KINDS = frozenset(
    {
        Kind.DELAY,
        Kind.RATE_LIMIT,
        Kind.FAIL_BEFORE,
        Kind.FAIL_AFTER,
        Kind.DROP_BEFORE,
        Kind.DROP_AFTER,
    }
)
UPDATE_KINDS = frozenset(
    {
        Kind.DROP_UPDATE,
        Kind.DUPLICATE_UPDATE,
        Kind.REORDER_UPDATE,
        Kind.LATE_UPDATE,
        Kind.DISCONNECT_ON_UPDATE,
    }
)


class Scripted(BaseModel):
    """Ask for one fault at the next so many things that it fits.

    Attributes:
        fault: ``disconnect`` breaks the sockets that are open, at once; ``disconnect_on_update``
            breaks them instead of sending the next update, which is lost.
        path: Of a request or a socket: whole, or with ``*`` for any characters.
        method: Of a request; any when left out.
        status: Of fail_before and fail_after.
        event: Of an update, such as ``fill``; any when left out.
        seconds: Of delay, late_update and bust; what rate_limit asks the client to wait.
        count: How many requests, updates or fills.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fault: Kind
    path: str = Field("*", max_length=200)
    method: str | None = Field(None, pattern="^[A-Z]{1,10}$")
    status: Annotated[int, Field(ge=400, le=599)] = 504
    event: str | None = Field(None, max_length=40)
    seconds: Seconds = 1
    count: Annotated[int, Field(ge=1, le=10_000)] = 1

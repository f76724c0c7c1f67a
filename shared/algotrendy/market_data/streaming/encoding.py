"""Write what clients are told as the models of ``protocol`` have it, quickly: once for all clients.

The fields of a trade or a bar are written once, and stand in messages and in snapshots alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import orjson

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.charts.records import CHART_BAR
from algotrendy.market_data.streaming.messages import Fix, Quote, Trade
from algotrendy.market_data.streaming.topics import Channel, Topic

_SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENTS: Final = ("began", "ended", "known")
_TEXT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


@lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}"


def moment(ns: int) -> str:
    """Write nanoseconds since 1970 UTC as ISO 8601, with nine digits of the second."""
    seconds, rest = divmod(ns, _SECOND)
    return f"{_second(seconds)}.{rest:09d}Z"


def nanoseconds(text: str) -> int:
    """Read what ``moment`` wrote; raises Invalid."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise Invalid("time", "ISO 8601 in UTC, like 2026-11-23T14:30:00.5Z", text)
    seconds, rest = found.groups()
    whole = datetime.fromisoformat(f"{seconds}+00:00") - _EPOCH
    return (whole.days * 86_400 + whole.seconds) * _SECOND + int((rest or "0").ljust(9, "0"))


def trade_fields(trade: Trade) -> bytes:
    """Write the fields of ``TradeFields``."""
    return orjson.dumps(
        {
            "time": moment(trade.time),
            "price": trade.price,
            "size": trade.size,
            "venue": trade.venue,
            "id": trade.id,
            "received": moment(trade.received),
        }
    )


def quote_fields(quote: Quote) -> bytes:
    """Write the fields of ``QuoteFields``."""
    return orjson.dumps(
        {
            "time": moment(quote.time),
            "bid": quote.bid,
            "bid_size": quote.bid_size,
            "ask": quote.ask,
            "ask_size": quote.ask_size,
            "received": moment(quote.received),
        }
    )


def bar_fields(bar: Mapping[str, Any]) -> bytes:
    """Write the fields of ``BarFields``.

    Args:
        bar: ``number`` and the fields of CHART_BAR, times in nanoseconds; ``known`` 0 of an
            unfinished one.

    Raises:
        Invalid: If a field is missing or no number.
    """
    told: dict[str, Any] = {}
    for name, kind in (("number", "i8"), *CHART_BAR):
        value = bar.get(name)
        fits = int if kind == "i8" else (int, float)
        if isinstance(value, bool) or not isinstance(value, fits):
            raise Invalid(f"bar.{name}", "a number", value)
        told[name] = moment(int(value)) if name in _MOMENTS else value
    if not bar["known"]:
        told["known"] = None
    return orjson.dumps(told)


def fix_message(fix: Fix) -> bytes:
    """Write ``FixOut``."""
    return orjson.dumps(
        {
            "type": "fix",
            "symbol": fix.symbol,
            "kind": fix.kind,
            "venue": fix.venue,
            "id": fix.id,
            "new_id": fix.new_id,
            "time": moment(fix.time),
            "price": fix.price,
            "size": fix.size,
            "received": moment(fix.received),
        }
    )


_KINDS: Final = {
    Channel.TRADES: "trade",
    Channel.QUOTES: "quote",
    Channel.BARS: "bar",
    Channel.PARTIALS: "partial",
}


@lru_cache(maxsize=65_536)
def _head(topic: Topic) -> bytes:
    head = {"type": _KINDS[topic.channel], "symbol": topic.symbol}
    if topic.style:
        head["style"] = topic.style
    return orjson.dumps(head)[:-1] + b","


def update(topic: Topic, fields: bytes) -> bytes:
    """Make the message of a topic that tells of these fields."""
    return _head(topic) + fields[1:]


def snapshot(
    topic: Topic,
    reason: str,
    fields: Iterable[bytes],
    missing: tuple[int, int] | None = None,
) -> bytes:
    """Make ``Snapshot``; of quotes and partial bars, ``fields`` are one or none."""
    head: dict[str, Any] = {
        "type": "snapshot",
        "symbol": topic.symbol,
        "channel": topic.name,
        "reason": reason,
    }
    if missing is not None:
        head["missing"] = {"first": missing[0], "last": missing[1]}
    if topic.channel in (Channel.TRADES, Channel.BARS):
        body = b"[" + b",".join(fields) + b"]"
    else:
        body = next(iter(fields), b"null")
    name = topic.channel.value
    if topic.channel in (Channel.QUOTES, Channel.PARTIALS):
        name = name.removesuffix("s")
    return orjson.dumps(head)[:-1] + b',"' + name.encode() + b'":' + body + b"}"

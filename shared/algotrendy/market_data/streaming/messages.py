"""Say what a feed tells, and how it travels to the lake: one record is one message of the stream.

A record is JSON: ``{"v":1,"feed":"alpaca:iex","run":"<uuid>","number":0,"symbol":"AAPL",
"trades":[[time,price,size,venue,id,received],...],
"fixes":[[kind,time,price,size,venue,id,new_id,received],...],"clock":time}``. All trades of a
record come before all fixes of it, and its clock, which may be left out, after both; so may be
``holes``, ``[[what,first,last,reason],...]``: what is known not to have been told. ``number``
counts the records of one run and symbol from 0, so that a hole shows. A price or size that JSON
cannot write is one of the texts ``nan``, ``inf``, ``-inf``: a bad tick travels as it came, and who
stores it judges it, so that all are counted in one place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeGuard, get_args

import orjson

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import parse_symbol

VERSION: Final = 1
MOST_TRADES: Final = 500
MOST_BYTES: Final = 200_000
LONGEST_ID: Final = 128
LONGEST_VENUE: Final = 32
LONGEST_FEED: Final = 64
LONGEST_REASON: Final = 200
MOST_HOLES: Final = 8
FIRST_NS: Final = -(2**63)
LAST_NS: Final = 2**63 - 1

FixKind = Literal["cancel", "correct"]
Lack = Literal["trades", "fixes", "silence"]

_FRAME_BYTES: Final = 1_000
_ITEM_BYTES: Final = 130
_KINDS: Final = get_args(FixKind)
_LACKS: Final = get_args(Lack)
_TEXTS: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_FIELDS: Final = ("v", "feed", "run", "number", "symbol", "trades", "fixes")
_OPTIONAL: Final = ("clock", "holes")
_OF_TRADE: Final = ("time", "price", "size", "venue", "id", "received")
_OF_FIX: Final = ("kind", "time", "price", "size", "venue", "id", "new_id", "received")
_OF_HOLE: Final = ("what", "first", "last", "reason")


class Trade(NamedTuple):
    """A trade as a feed told it, good or bad.

    Attributes:
        time: The exchange's, nanoseconds since 1970 UTC; 0 where what came was no time.
        price: Quote currency, as it came: perhaps NaN, infinite or not above zero.
        size: Units, as it came.
        venue: Where it was made; "" where the feed does not say.
        id: Unique within symbol, venue and day; "" where the feed has none. Such trades that are
            alike in time, price and size must be in one record, which tells how many there were.
        received: When it came here, nanoseconds since 1970 UTC.
    """

    symbol: str
    time: int
    price: float
    size: float
    venue: str
    id: str
    received: int


class Quote(NamedTuple):
    """The best bid and offer; times as in a trade, prices and sizes as they came."""

    symbol: str
    time: int
    bid: float
    bid_size: float
    ask: float
    ask_size: float
    received: int


class Fix(NamedTuple):
    """What becomes of a trade that was told: it is cancelled, or stands corrected.

    Attributes:
        id: Of the trade as it was told.
        time: When the fix was made.
        price: Of a correction, the right price; of a cancel, that of the trade.
        size: The same, in units.
        new_id: Under which a corrected trade goes from now on; "" where that is the same.
    """

    symbol: str
    venue: str
    id: str
    time: int
    kind: FixKind
    price: float
    size: float
    received: int
    new_id: str = ""


class Hole(NamedTuple):
    """A span of a symbol's stream of which something is known not to have been told.

    Attributes:
        what: ``trades``, whose history could not be read; ``fixes``, which were let go; or
            ``silence``: the feed said nothing though its market was open. What was traded in a
            silence is read from the history; where that fails, a hole of trades is told too.
        first, last: Nanoseconds since 1970 UTC.
        reason: At most 200 characters.
    """

    symbol: str
    what: Lack
    first: int
    last: int
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """One message of the stream; of one symbol.

    Attributes:
        feed: Whence, e.g. "alpaca:iex".
        run: The process that sent it.
        number: Of this record among those of the run and symbol, from 0.
        clock: Nanoseconds since 1970 UTC up to which the feed has told everything, so that time
            bars that are over close without another trade; a trade of before that comes later is
            quarantined. 0: it says nothing of that, as while history is being caught up with.
        holes: At most eight of each kind.
    """

    feed: str
    run: str
    number: int
    symbol: str
    trades: tuple[Trade, ...] = ()
    fixes: tuple[Fix, ...] = ()
    clock: int = 0
    holes: tuple[Hole, ...] = ()


def encode(record: Record) -> bytes:
    """Write a record.

    Raises:
        Invalid: If it says nothing, has more than 500 trades or fixes, or 200 kB.
    """
    _require_count(len(record.trades), len(record.fixes), record.clock, len(record.holes))
    written = orjson.dumps(
        {
            "v": VERSION,
            "feed": record.feed,
            "run": record.run,
            "number": record.number,
            "symbol": record.symbol,
            "trades": [
                [t.time, _number(t.price), _number(t.size), t.venue, t.id, t.received]
                for t in record.trades
            ],
            "fixes": [
                [f.kind, f.time, _number(f.price), _number(f.size), *_names(f), f.received]
                for f in record.fixes
            ],
            **({"clock": record.clock} if record.clock else {}),
            **({"holes": [hole[1:] for hole in record.holes]} if record.holes else {}),
        }
    )
    if len(written) > MOST_BYTES:
        raise Invalid("record", f"at most {MOST_BYTES} bytes", len(written))
    return written


def decode(data: bytes) -> Record:
    """Read a record, every field of it checked.

    Raises:
        Invalid: If it is none; names the field, such as ``trades[3].price``.
    """
    if len(data) > MOST_BYTES:
        raise Invalid("record", f"at most {MOST_BYTES} bytes", len(data))
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Invalid("record", "JSON", data[:80].decode(errors="replace")) from error
    if not isinstance(found, dict) or set(found) - set(_OPTIONAL) != set(_FIELDS):
        raise Invalid("record", f"an object of {', '.join(_FIELDS)}", found)
    if found["v"] != VERSION:
        raise Invalid("v", str(VERSION), found["v"])
    feed = _text(found["feed"], "feed", LONGEST_FEED)
    run = _text(found["run"], "run", LONGEST_FEED)
    for field, text in (("feed", feed), ("run", run)):
        if not text:
            raise Invalid(field, "some text", text)
    number = found["number"]
    if not _is_whole(number) or number < 0:
        raise Invalid("number", "a whole number, 0 or more", number)
    symbol = parse_symbol(_text(found["symbol"], "symbol", LONGEST_FEED))
    trades, fixes = _list(found["trades"], "trades"), _list(found["fixes"], "fixes")
    clock = _time(found.get("clock", 0), "clock")
    if clock < 0:
        raise Invalid("clock", "0 or more", clock)
    holes = _list(found.get("holes", []), "holes")
    _require_count(len(trades), len(fixes), clock, len(holes))
    return Record(
        feed,
        run,
        number,
        symbol,
        tuple(_trade(symbol, item, f"trades[{at}]") for at, item in enumerate(trades)),
        tuple(_fix(symbol, item, f"fixes[{at}]") for at, item in enumerate(fixes)),
        clock,
        tuple(_hole(symbol, item, f"holes[{at}]") for at, item in enumerate(holes)),
    )


def records(
    feed: str,
    run: str,
    number: int,
    symbol: str,
    told: Sequence[Trade | Fix],
) -> Iterator[Record]:
    """Part what was told of one symbol, in order, into records from ``number`` on."""
    trades: list[Trade] = []
    fixes: list[Fix] = []
    size = _FRAME_BYTES
    for item in told:
        # A trade after a fix begins another record: within one, fixes come last.
        begins = bool(fixes) and isinstance(item, Trade)
        size += _most_bytes(item)
        is_full = MOST_TRADES in (len(trades), len(fixes)) or size > MOST_BYTES
        if begins or is_full:
            yield Record(feed, run, number, symbol, tuple(trades), tuple(fixes))
            number += 1
            trades, fixes, size = [], [], _FRAME_BYTES + _most_bytes(item)
        if isinstance(item, Trade):
            trades.append(item)
        else:
            fixes.append(item)
    if trades or fixes:
        yield Record(feed, run, number, symbol, tuple(trades), tuple(fixes))


def _most_bytes(item: Trade | Fix) -> int:
    """Say how long an item may become: JSON needs up to six bytes for a character."""
    named = len(item.venue) + len(item.id) + (len(item.new_id) if isinstance(item, Fix) else 0)
    return _ITEM_BYTES + 6 * named


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _names(fix: Fix) -> tuple[str, str, str]:
    return fix.venue, fix.id, fix.new_id


def _require_count(trades: int, fixes: int, clock: int, holes: int) -> None:
    for field, count in (("trades", trades), ("fixes", fixes)):
        if count > MOST_TRADES:
            raise Invalid(field, f"at most {MOST_TRADES}", count)
    most = MOST_HOLES * len(_LACKS)
    if holes > most:
        raise Invalid("holes", f"at most {most}", holes)
    if not trades and not fixes and not clock and not holes:
        raise Invalid("trades", "at least one, or a fix, a clock or a hole", "none")


def _trade(symbol: str, item: object, field: str) -> Trade:
    row = _row(item, field, _OF_TRADE)
    time, price, size, venue, id_, received = row
    return Trade(
        symbol,
        _time(time, f"{field}.time"),
        _float(price, f"{field}.price"),
        _float(size, f"{field}.size"),
        _text(venue, f"{field}.venue", LONGEST_VENUE),
        _text(id_, f"{field}.id", LONGEST_ID),
        _time(received, f"{field}.received"),
    )


def _fix(symbol: str, item: object, field: str) -> Fix:
    kind, time, price, size, venue, id_, new_id, received = _row(item, field, _OF_FIX)
    if kind not in _KINDS:
        raise Invalid(f"{field}.kind", " or ".join(_KINDS), kind)
    if not _text(id_, f"{field}.id", LONGEST_ID):
        raise Invalid(f"{field}.id", "that of the trade", id_)
    return Fix(
        symbol,
        _text(venue, f"{field}.venue", LONGEST_VENUE),
        id_,
        _time(time, f"{field}.time"),
        kind,
        _float(price, f"{field}.price"),
        _float(size, f"{field}.size"),
        _time(received, f"{field}.received"),
        _text(new_id, f"{field}.new_id", LONGEST_ID),
    )


def _hole(symbol: str, item: object, field: str) -> Hole:
    what, first, last, reason = _row(item, field, _OF_HOLE)
    if what not in _LACKS:
        raise Invalid(f"{field}.what", " or ".join(_LACKS), what)
    first, last = _time(first, f"{field}.first"), _time(last, f"{field}.last")
    return Hole(symbol, what, first, last, _text(reason, f"{field}.reason", LONGEST_REASON))


def _list(value: object, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise Invalid(field, "a list", value)
    return value


def _row(item: object, field: str, names: Sequence[str]) -> list[Any]:
    if not isinstance(item, list) or len(item) != len(names):
        raise Invalid(field, f"a list of {', '.join(names)}", item)
    return item


def _text(value: object, field: str, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise Invalid(field, f"text of at most {longest} characters", value)
    return value


def _time(value: object, field: str) -> int:
    if not _is_whole(value) or not FIRST_NS <= value <= LAST_NS:
        raise Invalid(field, "nanoseconds since 1970", value)
    return value


def _float(value: object, field: str) -> float:
    if isinstance(value, str) and value in _TEXTS:
        return _TEXTS[value]
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Invalid(field, "a number, or nan, inf or -inf", value)
    return float(value)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)

"""Decide which of a symbol's trades go into the lake: each once, in order, whatever comes again.

What is decided depends on the trades that came before alone, never on how they were cut into
records and batches, nor on how often some of them came again: a trade that was decided on is known,
or is refused for the same reason, for ever. ``Standing`` is what the decision depends on, and can
be read back from the lake at any time.

A trade is absurd when its price is ``Limits.jump`` times away from the last accepted one. It then
waits as the suspect. The next trade decides: if that is nearer to the suspect than to the last
accepted price, and not earlier, the market did move: both are accepted. Otherwise the suspect stays
in quarantine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Final

from algotrendy.market_data.streaming.messages import FIRST_NS, Fix, Hole, Record, Trade
from algotrendy.market_data.streaming.screening import (
    Limits,
    Reason,
    apart,
    fault,
    fault_of_fix,
)

Identity = tuple[str, str, str] | tuple[int, float, float, int]
"""(UTC date, venue, id) or, without an id, (time, price, size, which of those in one record)."""

_MOST_KNOWN: Final = 20_000
_KEPT_KNOWN: Final = 10_000
_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND


@dataclass(frozen=True, slots=True)
class Seen:
    """A trade as it came.

    Attributes:
        which: Of the trades of its record that are alike, and have no id, from 1; else 0.
    """

    trade: Trade
    feed: str
    which: int = 0

    @property
    def identity(self) -> Identity:
        """Tell it from every other trade of its symbol."""
        trade = self.trade
        if trade.id:
            return utc_date(trade.time), trade.venue, trade.id
        return trade.time, trade.price, trade.size, self.which

    @property
    def key(self) -> str:
        """Name its content, whenever it was received."""
        trade = self.trade
        told = (trade.time, trade.price, trade.size, trade.venue, trade.id, self.which)
        return _key(repr(told))


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A trade that was refused, or a fix; ``after`` is how many trades were accepted by then."""

    seen: Seen
    reason: Reason
    after: int
    key: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A trade that is the ``place``-th streamed one of its symbol, from 1."""

    place: int
    seen: Seen


@dataclass(frozen=True, slots=True)
class Fixed:
    """A fix as it came."""

    fix: Fix
    feed: str

    @property
    def key(self) -> str:
        """Name its content, whenever it was received."""
        return _key(repr(self.fix._replace(received=0)))


@dataclass(frozen=True, slots=True)
class Lacking:
    """A hole as it was told."""

    hole: Hole
    feed: str

    @property
    def key(self) -> str:
        """Name its content."""
        return _key(repr((self.feed, *self.hole)))


@dataclass(slots=True)
class Standing:
    """What the next decisions of a symbol depend on.

    Attributes:
        trades: Accepted so far: the lake's mark ``ticks:<symbol>``.
        is_new: Whether the lake has no such mark yet.
        refusals: Rows in quarantine so far.
        fixes: Stored so far.
        time: Of the newest accepted trade.
        price: Its price.
        clock: Up to when the feed has told everything.
        suspect: A trade that the next one decides on.
        refused: Keys of trades that jumped, at or after ``floor``, with their times.
        known: Accepted trades from ``known_from`` on, with their times, oldest first.
    """

    symbol: str
    trades: int = 0
    is_new: bool = True
    refusals: int = 0
    fixes: int = 0
    time: int = FIRST_NS
    price: float = 0.0
    clock: int = 0
    suspect: Seen | None = None
    refused: dict[str, int] = field(default_factory=dict)
    known: dict[Identity, int] = field(default_factory=dict)
    known_from: int = FIRST_NS

    @property
    def floor(self) -> int:
        """The time before which nothing is accepted any more."""
        return max(self.time, self.clock)


@dataclass(slots=True)
class Verdict:
    """What became of some records of a symbol, in order.

    Attributes:
        quarantined: By key; so are fixes and holes.
        repeated: How many trades were known, or refused, already.
    """

    accepted: list[Accepted] = field(default_factory=list)
    quarantined: dict[str, Quarantined] = field(default_factory=dict)
    fixes: dict[str, Fixed] = field(default_factory=dict)
    holes: dict[str, Lacking] = field(default_factory=dict)
    repeated: int = 0


def seen_in(record: Record) -> list[Seen]:
    """Tell the trades of a record apart."""
    alike: Counter[tuple[int, float, float]] = Counter()
    found = []
    for trade in record.trades:
        which = 0
        if not trade.id:
            content = (trade.time, trade.price, trade.size)
            alike[content] += 1
            which = alike[content]
        found.append(Seen(trade, record.feed, which))
    return found


def unsure(standing: Standing, record: Record, limits: Limits) -> dict[str, tuple[int, int]]:
    """Give the times, by UTC date from first to last, of which the lake must say what is known."""
    spans: dict[str, tuple[int, int]] = {}
    if not standing.trades:
        return spans
    for trade in record.trades:
        if trade.time < standing.known_from and fault(trade, limits) is None:
            day = utc_date(trade.time)
            first, last = spans.get(day, (trade.time, trade.time))
            spans[day] = (min(first, trade.time), max(last, trade.time))
    return spans


def accept(
    standing: Standing,
    record: Record,
    arrived: int,
    limits: Limits,
    verdict: Verdict,
    looked_up: Iterable[Identity] = (),
) -> None:
    """Decide on a record; ``standing`` moves on, and ``verdict`` grows.

    Args:
        arrived: When the stream took the record, ns UTC; a clock of long after that is not true.
        looked_up: What the lake knows of the times that ``unsure`` gave.
    """
    more = set(looked_up)
    for seen in seen_in(record):
        _decide(standing, seen, limits, verdict, more)
    for fix in record.fixes:
        _take_fix(standing, Fixed(fix, record.feed), verdict)
    for hole in record.holes:
        lacking = Lacking(hole, record.feed)
        verdict.holes.setdefault(lacking.key, lacking)
    if standing.floor < record.clock <= arrived + limits.ahead_ns:
        standing.clock = record.clock
        if standing.suspect is not None and standing.suspect.trade.time < standing.clock:
            standing.suspect = None
    _forget(standing)


def _decide(
    standing: Standing, seen: Seen, limits: Limits, verdict: Verdict, more: set[Identity]
) -> None:
    trade = seen.trade
    reason = fault(trade, limits)
    if reason is None:
        identity = seen.identity
        if identity in standing.known or identity in more:
            verdict.repeated += 1
            return
        if trade.time < standing.floor:
            reason = Reason.GOING_BACK
    if reason is not None:
        _quarantine(standing, seen, reason, verdict)
        return
    if seen.key in standing.refused:
        verdict.repeated += 1
        return
    suspect = standing.suspect
    if suspect is not None and _confirms(trade, suspect.trade, standing.price):
        _let_in(standing, suspect, verdict)
        _let_in(standing, seen, verdict)
    elif standing.trades and apart(trade.price, standing.price) > limits.jump:
        _quarantine(standing, seen, Reason.JUMP, verdict)
        standing.suspect = seen
        standing.refused[seen.key] = trade.time
    else:
        _let_in(standing, seen, verdict)


def _confirms(trade: Trade, suspect: Trade, last: float) -> bool:
    is_nearer = apart(trade.price, suspect.price) < apart(trade.price, last)
    return is_nearer and trade.time >= suspect.time


def _let_in(standing: Standing, seen: Seen, verdict: Verdict) -> None:
    standing.trades += 1
    standing.time, standing.price = seen.trade.time, seen.trade.price
    standing.known[seen.identity] = seen.trade.time
    standing.suspect = None
    verdict.accepted.append(Accepted(standing.trades, seen))
    # A suspect of this very batch never was in quarantine.
    standing.refused.pop(seen.key, None)
    verdict.quarantined.pop(seen.key, None)


def _quarantine(standing: Standing, seen: Seen, reason: Reason, verdict: Verdict) -> None:
    key = seen.key
    if key in verdict.quarantined:
        verdict.repeated += 1
        return
    verdict.quarantined[key] = Quarantined(seen, reason, standing.trades, key)


def _take_fix(standing: Standing, fixed: Fixed, verdict: Verdict) -> None:
    fix = fixed.fix
    if (reason := fault_of_fix(fix)) is not None:
        trade = Trade(fix.symbol, fix.time, fix.price, fix.size, fix.venue, fix.id, fix.received)
        seen = Seen(trade, fixed.feed)
        verdict.quarantined.setdefault(
            fixed.key, Quarantined(seen, reason, standing.trades, fixed.key)
        )
        return
    verdict.fixes.setdefault(fixed.key, fixed)
    if fix.new_id:
        # History tells a corrected trade under its new id: it is no other trade.
        for identity in renamed(fix.time, fix.venue, fix.new_id):
            standing.known.setdefault(identity, standing.time)


def _forget(standing: Standing) -> None:
    """Bound what is kept: of what is older the lake is asked."""
    floor = standing.floor
    if any(time < floor for time in standing.refused.values()):
        standing.refused = {key: at for key, at in standing.refused.items() if at >= floor}
    if len(standing.known) > _MOST_KNOWN:
        kept = list(standing.known.items())
        standing.known_from = max(standing.known_from, kept[-_KEPT_KNOWN - 1][1] + 1)
        standing.known = dict(kept[-_KEPT_KNOWN:])


def renamed(time: int, venue: str, new_id: str) -> list[Identity]:
    """Tell a corrected trade by its new id: it was made on the day of the fix or the one before."""
    return [(utc_date(time - back), venue, new_id) for back in (0, _DAY)]


def utc_date(time: int) -> str:
    """Give the UTC date of a time in nanoseconds as ISO text."""
    return datetime.fromtimestamp(time // _SECOND, UTC).date().isoformat()


def next_date(day: str) -> str:
    """Give the day after an ISO date."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _key(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()

"""Import single trades from a service page by page; what was stopped goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Protocol

from algotrendy.kernel.errors import MAX_ROWS_KEPT, Invalid, RowError
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.fetching import ImportNotes
from algotrendy.market_data.quality.gaps import instant
from algotrendy.market_data.streaming.messages import Trade
from algotrendy.market_data.streaming.screening import Limits, fault


@dataclass(frozen=True, slots=True)
class TickTask:
    """Which trades to import: those of a symbol made from ``start`` on and before ``end``."""

    symbol: Symbol
    start: datetime
    end: datetime

    @property
    def what(self) -> str:
        """Name what is imported."""
        return "trades"


class Told(NamedTuple):
    """A page of trades, oldest first.

    Attributes:
        taken_back: How many more there were that the service no longer counts.
    """

    trades: Sequence[Trade]
    taken_back: int = 0


class TradeHistory(Protocol):
    """A service that tells trades of the past, each with its id.

    Attributes:
        source: What the store calls it, such as ``alpaca:iex``.
    """

    source: str

    def pages(self, symbol: Symbol, start: datetime, end: datetime) -> Iterator[Told]:
        """Give the trades of a span, as traded, oldest first, a page at a time.

        Raises:
            NotFound: If the service does not know the symbol.
            Unauthenticated: If it does not take the keys.
            Unavailable: If it does not answer however often it is asked.
        """
        ...


class ImportedTrades(Protocol):
    """A store of trades that knows each by its venue and id within a UTC day."""

    def add(self, symbol: Symbol, trades: Sequence[Trade], source: str) -> int:
        """Store those of a page that are not there yet, streamed or imported; say how many.

        Raises:
            Conflict: If there are trades without ids on one of their days: nobody can tell which
                of them are the same.
        """
        ...


@dataclass(frozen=True, slots=True)
class FetchedTrades:
    """What an import did.

    Attributes:
        trades: That it read.
        new: That were stored; the others were there, streamed or imported.
        taken_back: That the service no longer counts, and that were left out.
        quarantined: That were left out, since no market can have made them.
        faults: Why, the first 100; a "line" is the place among all trades that were read.
        resumed: Where it went on, None when it began at the beginning.
        first, last: Times of the first and last good trade; None when there was none.
    """

    trades: int = 0
    new: int = 0
    taken_back: int = 0
    quarantined: int = 0
    faults: tuple[RowError, ...] = ()
    resumed: datetime | None = None
    first: datetime | None = None
    last: datetime | None = None


def fetch_trades(
    store: ImportedTrades,
    history: TradeHistory,
    notes: ImportNotes,
    task: TickTask,
    tell: Callable[[FetchedTrades], None] = lambda _: None,
) -> FetchedTrades:
    """Import trades, a commit a page, and remember after each how far it came.

    A run that ends early goes on from its last trade when it is started again; so does a later
    run, which then only reads what is new. A trade is stored once, whoever told it how often.

    Raises:
        Invalid: If the span ends before it begins.
        Conflict: As ``ImportedTrades.add``; what was stored before stays.
        NotFound, Unauthenticated, Unavailable: As ``TradeHistory.pages``; what is stored stays.
    """
    if task.start >= task.end:
        raise Invalid("start", f"before the end, {task.end.isoformat()}", task.start.isoformat())
    resumed = notes.until(history.source, task)
    begin = task.start if resumed is None else max(task.start, resumed)
    done = FetchedTrades(resumed=resumed)
    for page in history.pages(task.symbol, begin, task.end):
        good, done = _checked(page, done)
        if not good:
            continue
        new = store.add(task.symbol, good, history.source)
        first, last = (instant(good[place].time) for place in (0, -1))
        notes.remember(history.source, task, last)
        done = replace(done, new=done.new + new, first=done.first or first, last=last)
        tell(done)
    return done


def _checked(page: Told, done: FetchedTrades) -> tuple[list[Trade], FetchedTrades]:
    good: list[Trade] = []
    faults: list[RowError] = []
    for place, trade in enumerate(page.trades, done.trades + 1):
        reason = fault(trade, Limits())
        if reason is None and not trade.id:
            faults.append(RowError(place, "id", "is not told"))
        elif reason is not None:
            field, _, rest = str(reason).partition(" ")
            faults.append(RowError(place, field, rest))
        else:
            good.append(trade)
    good.sort(key=lambda trade: trade.time)
    return good, replace(
        done,
        trades=done.trades + len(page.trades) + page.taken_back,
        taken_back=done.taken_back + page.taken_back,
        quarantined=done.quarantined + len(faults),
        faults=(*done.faults, *faults)[:MAX_ROWS_KEPT],
    )

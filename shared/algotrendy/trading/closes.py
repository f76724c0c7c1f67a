"""Keep the daily closes of what an account holds, and make returns of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final
from uuid import UUID

from algotrendy.kernel.decimals import plain
from algotrendy.kernel.errors import JsonValue
from algotrendy.kernel.ids import AccountId, derived_uuid7
from algotrendy.kernel.instrument import Symbol
from algotrendy.risk.tails import Past
from algotrendy.trading.ledger import Document, LedgerTransaction
from algotrendy.trading.ports import DailyClose

CLOSES: Final = "closes"
LEAST_SPANS: Final = 20
"""Fewer returns say nothing of a tail."""

READ_EVERY: Final = timedelta(hours=1)
AWAIT_EVERY: Final = timedelta(seconds=15)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def put_closes(
    tx: LedgerTransaction,
    root: AccountId,
    symbol: Symbol,
    closes: Sequence[DailyClose],
    now: datetime,
) -> None:
    """Keep the closes of a symbol in place of those before; none is kept too."""
    rows: list[JsonValue] = [[each.day.isoformat(), plain(each.price)] for each in closes]
    body: dict[str, JsonValue] = {"symbol": symbol, "closes": rows}
    tx.documents.put(
        Document(
            kind=CLOSES,
            id=_id(root, symbol),
            account=root,
            at=now,
            is_open=False,
            body=body,
        )
    )


def closes_at(tx: LedgerTransaction, root: AccountId, symbol: Symbol) -> datetime | None:
    """Tell when the closes of a symbol were kept; None where they never were."""
    found = tx.documents.find(CLOSES, _id(root, symbol))
    return None if found is None else found.at


def read_closes(
    tx: LedgerTransaction, root: AccountId, symbols: Collection[Symbol]
) -> Mapping[Symbol, Mapping[date, Decimal]]:
    """Read what was kept, by day; a symbol without closes is absent."""
    found: dict[Symbol, Mapping[date, Decimal]] = {}
    for symbol in symbols:
        document = tx.documents.find(CLOSES, _id(root, symbol))
        rows = None if document is None else document.body["closes"]
        if isinstance(rows, list) and rows:
            found[symbol] = dict(_row(each) for each in rows)
    return found


def returns_of(
    closes: Mapping[Symbol, Mapping[date, Decimal]],
) -> Mapping[Symbol, tuple[float, ...]]:
    """Make simple returns between the days on which all of the symbols have a close.

    A symbol that has too few closes to say anything is left out, and holds up no other.
    """
    enough = {symbol: days for symbol, days in closes.items() if len(days) > LEAST_SPANS}
    while enough:
        common = sorted(set.intersection(*(set(days) for days in enough.values())))
        if len(common) > LEAST_SPANS:
            return {symbol: _returns(days, common) for symbol, days in enough.items()}
        # The one with the shortest past costs the others theirs.
        latest = max(enough, key=lambda symbol: (min(enough[symbol]), symbol))
        del enough[latest]
    return {}


class History:
    """How prices of what one account holds moved, at hand so that a look need not read it.

    Closes are of whole days: they are read once an hour, and where there are too few, more often.
    One user at a time.
    """

    def __init__(self, root: AccountId) -> None:
        self._root = root
        self._closes: dict[Symbol, Mapping[date, Decimal]] = {}
        self._due: dict[Symbol, datetime] = {}
        self._past = Past({}, {})

    def past(self, tx: LedgerTransaction, held: Collection[Symbol], now: datetime) -> Past:
        """Give the past of these symbols; one that has too few closes is left out of it."""
        due = [each for each in held if not self._is_known(each, now)]
        if due or self._closes.keys() != set(held):
            found = read_closes(tx, self._root, due)
            closes = {each: found.get(each, {}) for each in due}
            self._closes = {each: closes.get(each, self._closes.get(each, {})) for each in held}
            for each in due:
                enough = len(closes[each]) > LEAST_SPANS
                self._due[each] = now + (READ_EVERY if enough else AWAIT_EVERY)
            self._past = Past.of(returns_of(self._closes))
        return self._past

    def _is_known(self, symbol: Symbol, now: datetime) -> bool:
        # A clock that has stepped back makes it due as well.
        due = self._due.get(symbol)
        return symbol in self._closes and due is not None and due - READ_EVERY <= now < due


def _returns(closes: Mapping[date, Decimal], days: Sequence[date]) -> tuple[float, ...]:
    prices = [float(closes[day]) for day in days]
    return tuple(after / before - 1.0 for before, after in pairwise(prices))


def _row(row: JsonValue) -> tuple[date, Decimal]:
    match row:
        case [str(day), str(price)]:
            return date.fromisoformat(day), Decimal(price)
        case _:
            raise ValueError(f"a close is a day and a price, not {row!r}")


def _id(root: AccountId, symbol: Symbol) -> UUID:
    return derived_uuid7(_EPOCH, CLOSES, root, symbol)

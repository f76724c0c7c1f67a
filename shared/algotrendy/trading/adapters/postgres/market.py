"""Last prices and listings in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.instrument import Symbol
from algotrendy.platform.database import Transaction
from algotrendy.trading.adapters.postgres.texts import read, written
from algotrendy.trading.ports import Listing, Quote

# Rows are written in the order of their symbols, so that no two writers wait for each other.
_PUT_QUOTES = (
    "INSERT INTO account_quotes AS known (root, symbol, at, document) "
    "SELECT %s, symbol, at, document "
    "FROM unnest(%s::text[], %s::timestamptz[], %s::text[]) AS given (symbol, at, document) "
    "ON CONFLICT (root, symbol) DO UPDATE SET at = EXCLUDED.at, document = EXCLUDED.document "
    "WHERE known.at <= EXCLUDED.at"
)
_WANT = (
    "INSERT INTO account_wanted AS known (root, symbol, at) "
    "SELECT %s, symbol, %s FROM unnest(%s::text[]) AS given (symbol) "
    "ON CONFLICT (root, symbol) DO UPDATE SET at = EXCLUDED.at WHERE known.at < EXCLUDED.at"
)
_PUT_LISTINGS = (
    "INSERT INTO account_listings (root, symbol, document) "
    "SELECT %s, symbol, document FROM unnest(%s::text[], %s::text[]) AS given (symbol, document) "
    "ON CONFLICT (root, symbol) DO UPDATE SET document = EXCLUDED.document"
)


class PostgresMarketFacts:
    """Is the ``MarketFacts`` of one transaction."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def quotes(self, root: AccountId, symbols: Collection[Symbol]) -> Mapping[Symbol, Quote]:
        """Give the last quotes that were kept; a symbol without one is absent."""
        if not symbols:
            return {}
        rows = self._tx.execute(
            "SELECT document FROM account_quotes WHERE root = %s AND symbol = ANY(%s)",
            [root, list(symbols)],
        ).fetchall()
        found = (read(Quote, row["document"]) for row in rows)
        return {each.symbol: each for each in found}

    def put_quotes(self, root: AccountId, quotes: Collection[Quote]) -> None:
        """Keep quotes; an older one than is there changes nothing."""
        newest: dict[Symbol, Quote] = {}
        for each in quotes:
            known = newest.get(each.symbol)
            if known is None or known.at <= each.at:
                newest[each.symbol] = each
        rows = [newest[symbol] for symbol in sorted(newest)]
        if rows:
            symbols, times = [each.symbol for each in rows], [each.at for each in rows]
            documents = [written(each) for each in rows]
            self._tx.execute(_PUT_QUOTES, [root, symbols, times, documents])

    def want(self, root: AccountId, symbols: Collection[Symbol], now: datetime) -> None:
        """Say that somebody decides about these symbols, so that quotes of them are kept fresh."""
        if symbols:
            self._tx.execute(_WANT, [root, now, sorted(set(symbols))])

    def wanted(self, root: AccountId, since: datetime) -> Collection[Symbol]:
        """Give the symbols that were wanted from a moment on."""
        rows = self._tx.execute(
            "SELECT symbol FROM account_wanted WHERE root = %s AND at >= %s", [root, since]
        ).fetchall()
        return sorted(Symbol(row["symbol"]) for row in rows)

    def listings(self, root: AccountId, symbols: Collection[Symbol]) -> Mapping[Symbol, Listing]:
        """Give the listings that were kept."""
        if not symbols:
            return {}
        rows = self._tx.execute(
            "SELECT document FROM account_listings WHERE root = %s AND symbol = ANY(%s)",
            [root, list(symbols)],
        ).fetchall()
        found = (read(Listing, row["document"]) for row in rows)
        return {each.symbol: each for each in found}

    def put_listings(self, root: AccountId, listings: Collection[Listing]) -> None:
        """Keep listings as they are now."""
        last = {each.symbol: each for each in listings}
        if last:
            symbols = sorted(last)
            documents = [written(last[each]) for each in symbols]
            self._tx.execute(_PUT_LISTINGS, [root, symbols, documents])

"""Last prices and listings in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from algotrendy.kernel.instrument import Symbol
from algotrendy.platform.database import Transaction
from algotrendy.trading.adapters.postgres.texts import read, written
from algotrendy.trading.ports import Listing, Quote

# Rows are written in the order of their symbols, so that no two writers wait for each other.
_PUT_QUOTES = (
    "INSERT INTO market_quotes AS known (symbol, at, document) "
    "SELECT symbol, at, document "
    "FROM unnest(%s::text[], %s::timestamptz[], %s::text[]) AS given (symbol, at, document) "
    "ON CONFLICT (symbol) DO UPDATE SET at = EXCLUDED.at, document = EXCLUDED.document "
    "WHERE known.at <= EXCLUDED.at"
)
_WANT = (
    "INSERT INTO market_wanted AS known (symbol, at) "
    "SELECT symbol, %s FROM unnest(%s::text[]) AS given (symbol) "
    "ON CONFLICT (symbol) DO UPDATE SET at = EXCLUDED.at WHERE known.at < EXCLUDED.at"
)
_PUT_LISTINGS = (
    "INSERT INTO market_listings (symbol, document) "
    "SELECT symbol, document FROM unnest(%s::text[], %s::text[]) AS given (symbol, document) "
    "ON CONFLICT (symbol) DO UPDATE SET document = EXCLUDED.document"
)


class PostgresMarketFacts:
    """Is the ``MarketFacts`` of one transaction."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def quotes(self, symbols: Collection[Symbol]) -> Mapping[Symbol, Quote]:
        """Give the last quotes that were kept; a symbol without one is absent."""
        if not symbols:
            return {}
        rows = self._tx.execute(
            "SELECT document FROM market_quotes WHERE symbol = ANY(%s)", [list(symbols)]
        ).fetchall()
        found = (read(Quote, row["document"]) for row in rows)
        return {each.symbol: each for each in found}

    def put_quotes(self, quotes: Collection[Quote]) -> None:
        """Keep quotes; an older one than is there changes nothing."""
        newest: dict[Symbol, Quote] = {}
        for each in quotes:
            known = newest.get(each.symbol)
            if known is None or known.at <= each.at:
                newest[each.symbol] = each
        rows = [newest[symbol] for symbol in sorted(newest)]
        if rows:
            symbols, times = [each.symbol for each in rows], [each.at for each in rows]
            self._tx.execute(_PUT_QUOTES, [symbols, times, [written(each) for each in rows]])

    def want(self, symbols: Collection[Symbol], now: datetime) -> None:
        """Say that somebody decides about these symbols, so that quotes of them are kept fresh."""
        if symbols:
            self._tx.execute(_WANT, [now, sorted(set(symbols))])

    def wanted(self, since: datetime) -> Collection[Symbol]:
        """Give the symbols that were wanted from a moment on."""
        rows = self._tx.execute(
            "SELECT symbol FROM market_wanted WHERE at >= %s", [since]
        ).fetchall()
        return sorted(Symbol(row["symbol"]) for row in rows)

    def listings(self, symbols: Collection[Symbol]) -> Mapping[Symbol, Listing]:
        """Give the listings that were kept."""
        if not symbols:
            return {}
        rows = self._tx.execute(
            "SELECT document FROM market_listings WHERE symbol = ANY(%s)", [list(symbols)]
        ).fetchall()
        found = (read(Listing, row["document"]) for row in rows)
        return {each.symbol: each for each in found}

    def put_listings(self, listings: Collection[Listing]) -> None:
        """Keep listings as they are now."""
        last = {each.symbol: each for each in listings}
        if last:
            symbols = sorted(last)
            self._tx.execute(_PUT_LISTINGS, [symbols, [written(last[each]) for each in symbols]])

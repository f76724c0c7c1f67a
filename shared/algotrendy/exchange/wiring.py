"""Build a paper exchange from what its starter wants."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from algotrendy.exchange.chaos import Chaos
from algotrendy.exchange.floor import Floor, from_ns, to_ns
from algotrendy.exchange.market.listings import DEFAULT_LISTINGS, asset_of
from algotrendy.exchange.market.newest import newest_before
from algotrendy.exchange.market.source import Asset, MarketSource
from algotrendy.exchange.market_clock import MarketClock
from algotrendy.exchange.ports import Store
from algotrendy.exchange.venue.model import Snapshot
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.exchange.venue.venue import Venue
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data.calendar import TradingCalendar, always_open, us_equities

if TYPE_CHECKING:
    from algotrendy.exchange.adapters.postgres_store import PostgresStore

MarketKind = Literal["synthetic", "replay", "ticks", "scripted"]
_RETRY_S = 0.2
_DAYS_TO_COME = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ExchangeOptions:
    """How a paper exchange starts.

    Attributes:
        symbols: What is traded; empty for all that the market has.
        market: A seed's, the lake's bars, the lake's single trades, or what is pushed.
        start: Market time at the first start. None: now, or a replay's first moment.
        speed: Seconds of the market in one second; 0 stands still.
        activity: How many times as many trades a seed's market has as it usually would.
        key_id, secret, cash, multiplier: Of the account that a fresh exchange opens.
    """

    market: MarketKind = "synthetic"
    symbols: tuple[str, ...] = ()
    start: datetime | None = None
    speed: float = 1.0
    activity: float = 1.0
    terms: VenueTerms = field(default_factory=VenueTerms)
    key_id: str = "PAPER"
    secret: str = "paper-secret"  # noqa: S105 - it guards play money
    cash: Decimal = Decimal(100_000)
    multiplier: int = 4


def postgres_store(url: str, exchange: str, patience_s: float = 60.0) -> PostgresStore:
    """Open the store of the exchange of this name, its tables made; wait for the database.

    Raises:
        Unavailable: If the database does not answer in time.
    """
    from algotrendy.exchange.adapters.postgres_store import PostgresStore
    from algotrendy.platform.database import Database
    from algotrendy.platform.migrate import migrate

    database = Database(url)
    deadline = time.monotonic() + patience_s
    while True:
        try:
            migrate(database)
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_S)
        else:
            return PostgresStore(database, exchange)


def build_floor(options: ExchangeOptions, store: Store, wall: Clock) -> Floor:
    """Make the floor; what the store kept goes on where it was.

    Raises:
        Invalid: If there is no such symbol, no such time in the market, or the market lacks a
            symbol that the store has orders or positions of.
    """
    calendar = always_open() if options.terms.always_open else us_equities()
    market = _market(options, calendar)
    store.take_over()
    snapshot = store.load()
    _require_traded(market, snapshot)
    start = _start(options, market, calendar, snapshot, wall.now())
    # It runs from here on: to draw the first prices takes seconds.
    clock = MarketClock(wall, start, options.speed)
    venue = Venue(market.assets(), calendar, options.terms)
    venue.restore(snapshot)
    if not snapshot.accounts:
        venue.open_account(options.key_id, options.secret, options.cash, start, options.multiplier)
    _recall_prices(venue, market, to_ns(start))
    return Floor(venue, market, calendar, store, clock, start, Chaos(options.terms.seed))


def _recall_prices(venue: Venue, market: MarketSource, start_ns: int) -> None:
    """Let the venue know the prices of its first moment: positions have values from the start."""
    for asset in market.assets():
        for event in newest_before(market, asset.symbol, start_ns):
            if event is not None:
                venue.recall(event)


def _market(options: ExchangeOptions, calendar: TradingCalendar) -> MarketSource:
    if options.market in ("replay", "ticks"):
        from algotrendy.exchange.adapters.lake_market import Preferred, lake_market

        preferred: Preferred = "trades" if options.market == "ticks" else "bars"
        seed = options.terms.seed
        return lake_market(options.symbols, seed, preferred=preferred, calendar=calendar)
    if options.market == "scripted":
        from algotrendy.exchange.market.scripted import ScriptedMarket

        symbols = options.symbols or [listing.asset.symbol for listing in DEFAULT_LISTINGS]
        return ScriptedMarket([_known(parse_symbol(symbol)) for symbol in symbols], calendar)
    from algotrendy.exchange.market.synthetic import SyntheticMarket

    listings = {listing.asset.symbol: listing for listing in DEFAULT_LISTINGS}
    for symbol in options.symbols:
        if symbol not in listings:
            raise Invalid("symbols", "among " + ", ".join(listings), symbol)
    chosen = [listings[symbol] for symbol in options.symbols or listings]
    return SyntheticMarket(options.terms.seed, chosen, calendar=calendar, activity=options.activity)


def _require_traded(market: MarketSource, snapshot: Snapshot) -> None:
    """Refuse a market that cannot price what accounts hold, or show what they ever ordered."""
    traded = {asset.symbol for asset in market.assets()}
    kept = {held.symbol for held in snapshot.positions} | {o.symbol for o in snapshot.orders}
    if missing := sorted(kept - traded):
        held = ", ".join(missing)
        expected = f"with {held}, which this exchange has orders or positions of, or a fresh one"
        raise Invalid("symbols", expected, ", ".join(sorted(traded)))


def _known(symbol: str) -> Asset:
    found = (item.asset for item in DEFAULT_LISTINGS if item.asset.symbol == symbol)
    return next(found, asset_of(symbol))


def _start(
    options: ExchangeOptions,
    market: MarketSource,
    calendar: TradingCalendar,
    snapshot: Snapshot,
    now: datetime,
) -> datetime:
    """Tell the market's time to begin with; it never runs backwards over a restart."""
    first_ns, last_ns = market.span()
    wanted = options.start
    if wanted is None:
        wanted = from_ns(first_ns) if options.market in ("replay", "ticks") else now
    wanted_ns = to_ns(wanted)
    if wanted_ns < first_ns or (last_ns is not None and wanted_ns > last_ns):
        first = from_ns(first_ns).isoformat()
        expected = f"{first} or later"
        if last_ns is not None:
            expected = f"between {first} and {from_ns(last_ns).isoformat()}"
        raise Invalid("start", expected, wanted.isoformat())
    # Orders wait for sessions to come: the calendar must know some.
    if not calendar.first < wanted.date() < calendar.last - _DAYS_TO_COME:
        known = f"well within the calendar, {calendar.first} to {calendar.last}"
        raise Invalid("start", known, wanted.isoformat())
    kept_ns = snapshot.last_event_ns
    return wanted if kept_ns is None else from_ns(max(wanted_ns, kept_ns))

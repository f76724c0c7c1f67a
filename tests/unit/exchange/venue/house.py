"""A venue on a day that is told by hand, with one account or two."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from algotrendy.exchange.market.events import BarEvent, Dividend, QuoteEvent, Split, TradeEvent
from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.venue.model import Account, Changes, Order, Snapshot, Update
from algotrendy.exchange.venue.prices import to_ns
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.exchange.venue.venue import Venue
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest, StopLoss, TakeProfit
from algotrendy.kernel.order_status import OrderStatus
from algotrendy.market_data.calendar import us_equities

NOON = datetime(2026, 9, 15, 16, 0, tzinfo=UTC)  # a Tuesday, 12:00 in New York
OPEN = NOON.replace(hour=13, minute=30)
CLOSE = NOON.replace(hour=20)
EVENING = NOON.replace(hour=21)  # extended hours
NIGHT = datetime(2026, 9, 16, 1, 0, tzinfo=UTC)
NEXT_OPEN = OPEN + timedelta(days=1)
NEXT_CLOSE = CLOSE + timedelta(days=1)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)

AAPL = Asset("a0000000-0000-4000-8000-000000000001", "AAPL", "Apple", AssetClass.EQUITY, "NASDAQ")
WHOLE = Asset(
    "a0000000-0000-4000-8000-000000000002",
    "WHOLE",
    "Whole shares only",
    AssetClass.EQUITY,
    "NYSE",
    fractionable=False,
    borrowable=Decimal(0),
)
BTC = Asset(
    "a0000000-0000-4000-8000-000000000003",
    "BTC/USD",
    "Bitcoin",
    AssetClass.CRYPTO,
    "CRYPTO",
    marginable=False,
    borrowable=Decimal(0),
)
RARE = Asset(
    "a0000000-0000-4000-8000-000000000004",
    "RARE",
    "Hard to borrow",
    AssetClass.EQUITY,
    "NYSE",
    borrowable=Decimal(15),
)
GONE = Asset(
    "a0000000-0000-4000-8000-000000000005",
    "GONE",
    "No longer traded",
    AssetClass.EQUITY,
    "NYSE",
    tradable=False,
)
ASSETS = (AAPL, WHOLE, BTC, RARE, GONE)


def dec(value: str | int | None) -> Decimal | None:
    """Read a number, None for none."""
    return None if value is None else Decimal(value)


def request(side: str = "buy", quantity: str | int | None = 10, **fields: Any) -> OrderRequest:
    """Write a request in few words: prices and sizes as text, kinds by their names."""
    target, stop = fields.pop("target", None), fields.pop("stop_loss", None)
    stop_limit = fields.pop("stop_loss_limit", None)
    prices = ("notional", "limit_price", "stop_price", "trail_price", "trail_percent")
    return OrderRequest(
        symbol=fields.pop("symbol", "AAPL"),
        side=Side(side),
        type=OrderType(fields.pop("type", "market")),
        time_in_force=TimeInForce(fields.pop("tif", "day")),
        order_class=OrderClass(fields.pop("order_class", "simple")),
        quantity=dec(quantity),
        take_profit=None if target is None else TakeProfit(Decimal(target)),
        stop_loss=None if stop is None else StopLoss(Decimal(stop), dec(stop_limit)),
        **(fields | {name: dec(fields.get(name)) for name in prices}),
    )


class House:
    """A venue, its clock, and all that it has told so far."""

    def __init__(
        self,
        now: datetime = NOON,
        terms: VenueTerms | None = None,
        assets: Sequence[Asset] = ASSETS,
    ) -> None:
        self.terms = terms or VenueTerms(seed=7, fees="none")
        self.assets = assets
        self.venue = Venue(assets, us_equities(), self.terms)
        self.now = now
        self.taken: list[Changes] = []
        self.venue.on_time(now)
        self.ann = self.open_account("ANN")
        self.bob = self.open_account("BOB")

    def open_account(self, key: str, cash: str | int = 100_000, multiplier: int = 4) -> Account:
        return self.venue.open_account(key, "secret", Decimal(cash), self.now, multiplier)

    # The market

    def quote(self, bid: float, ask: float, symbol: str = "AAPL", size: float = 1_000.0) -> None:
        event = QuoteEvent(symbol, to_ns(self.now), bid, size, ask, size)
        self.venue.on_event(event, self.now)

    def trade(self, price: float, size: float = 100.0, symbol: str = "AAPL") -> None:
        self.venue.on_event(TradeEvent(symbol, to_ns(self.now), price, size), self.now)

    def bar(
        self,
        open_: float,
        high: float,
        low: float,
        close: float,
        volume: float = 10_000.0,
        symbol: str = "AAPL",
    ) -> None:
        """Play the minute that ends now."""
        begin = to_ns(self.now - MINUTE)
        span = to_ns(self.now) - begin
        bar = BarEvent(symbol, begin, span, open_, high, low, close, volume, 10, close)
        self.venue.on_event(bar, self.now)

    def split(self, new: int, old: int, symbol: str = "AAPL") -> None:
        self.venue.on_event(Split(symbol, to_ns(self.now), new, old), self.now)

    def dividend(self, cash: str, symbol: str = "AAPL") -> None:
        self.venue.on_event(Dividend(symbol, to_ns(self.now), cash), self.now)

    def wait(self, span: timedelta = timedelta(seconds=1)) -> None:
        self.until(self.now + span)

    def until(self, moment: datetime) -> None:
        self.now = moment
        self.venue.on_time(moment)

    # Orders

    def send(
        self,
        side: str = "buy",
        quantity: str | int | None = 10,
        account: Account | None = None,
        **fields: Any,
    ) -> Order:
        who = account or self.ann
        return self.venue.submit(who.id, request(side, quantity, **fields), self.now)

    def replace(self, order: Order, **fields: Any) -> Order:
        life = fields.pop("tif", None)
        name = fields.pop("client_order_id", None)
        change = ReplaceRequest(
            time_in_force=None if life is None else TimeInForce(life),
            client_order_id=name,
            **{key: dec(value) for key, value in fields.items()},
        )
        return self.venue.replace(order.account_id, order.id, change, self.now)

    def cancel(self, order: Order) -> Order:
        return self.venue.cancel(order.account_id, order.id, self.now)

    def bracket(self, side: str = "buy", quantity: int = 10, **fields: Any) -> Order:
        """Send an entry at the market, its exits 10 and 5 away from 100."""
        far = {"target": "110", "stop_loss": "95"}
        if side == "sell":
            far = {"target": "90", "stop_loss": "105"}
        return self.send(side, quantity, order_class="bracket", **(far | fields))

    def legs(self, order: Order) -> list[Order]:
        return [self.venue.order(order.account_id, leg) for leg in order.legs]

    # What was told

    def held(self, account: Account | None = None, symbol: str = "AAPL") -> Decimal:
        who = account or self.ann
        found = [p.quantity for p in self.venue.positions(who.id) if p.symbol == symbol]
        return found[0] if found else Decimal(0)

    def take(self) -> Changes:
        changes = self.venue.take_changes()
        self.taken.append(changes)
        return changes

    def updates(self, order: Order | None = None) -> list[Update]:
        self.take()
        found = [update for changes in self.taken for update in changes.updates]
        return [u for u in found if order is None or u.order.id == order.id]

    def events(self, order: Order) -> list[str]:
        return [update.event.value for update in self.updates(order)]

    def snapshot(self) -> Snapshot:
        """Give what a store would have kept."""
        accounts = (self.ann, self.bob)
        venue = self.venue
        return Snapshot(
            accounts=accounts,
            orders=tuple(o for a in accounts for o in venue.orders(a.id)),
            positions=tuple(p for a in accounts for p in venue.positions(a.id)),
            activities=tuple(x for a in accounts for x in venue.activities(a.id)),
            equity=tuple(x for a in accounts for x in venue.equity_history(a.id)),
            last_event_ns=to_ns(self.now),
        )


def these(*facts: object) -> tuple[object, ...]:
    """Put facts side by side, to compare them with what was expected."""
    return facts


def state_of(order: Order) -> OrderStatus:
    """Ask where an order stands now."""
    return order.status

"""The real venue behind a wire: what happened there is the truth that all else is held against."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import TypeVar

from algotrendy.brokers.port import BrokerFill, BrokerOrder, BrokerUpdate
from algotrendy.brokers.simulated.answers import fills_of, order_of, update_of
from algotrendy.exchange.market.events import QuoteEvent
from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.venue.model import Activity, ActivityType, Update
from algotrendy.exchange.venue.prices import to_ns
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.exchange.venue.venue import Venue
from algotrendy.kernel.errors import Conflict, NotFound, Rejected
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.market_data.calendar import us_equities
from simulation.loop import VirtualLoop

T = TypeVar("T")

CASH = Decimal(100_000)
ASSETS = (
    Asset("a0000000-0000-4000-8000-000000000001", "AAPL", "Apple", AssetClass.EQUITY, "NASDAQ"),
    Asset("a0000000-0000-4000-8000-000000000002", "MSFT", "Microsoft", AssetClass.EQUITY, "NASDAQ"),
)
SYMBOLS = tuple(Symbol(asset.symbol) for asset in ASSETS)
LISTEN = Callable[[BrokerUpdate], None]


class Exchange:
    """One account at the venue, its market, and everything that was ever told of it.

    Attributes:
        arrivals: How many requests to place an order arrived, by our name for it, that were taken.
        doubled: Names that arrived again after they were taken.
    """

    def __init__(self, loop: VirtualLoop, chance: Random, terms: VenueTerms) -> None:
        self.arrivals: Counter[str] = Counter()
        self.doubled: list[str] = []
        self.listeners: list[LISTEN] = []
        self.arrived: Callable[[str], None] = lambda _: None
        self._loop = loop
        self._chance = chance
        self._venue = Venue(ASSETS, us_equities(), terms)
        self._venue.on_time(loop.wall())
        opened = self._venue.open_account("SIM", "secret", CASH, loop.wall(), 2)
        self.account_id = opened.id
        self._views: defaultdict[str, list[tuple[float, BrokerOrder]]] = defaultdict(list)
        self._legs: dict[str, tuple[str, ...]] = {}
        self._names: dict[str, str] = {}
        self._given: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._activities: list[tuple[float, Activity]] = []
        self._states: list[tuple[float, Decimal, dict[Symbol, tuple[Decimal, Decimal]]]] = []
        self._mid = dict.fromkeys(SYMBOLS, 100.0)
        self._collect()
        for symbol in SYMBOLS:
            self.move(symbol)

    # The market

    def move(self, symbol: Symbol) -> None:
        """Let a price take a step."""
        step = self._chance.gauss(0, 0.6)
        mid = min(max(round(self._mid[symbol] + step, 2), 80.0), 120.0)
        self._mid[symbol] = mid
        size = float(self._chance.randint(5, 60))
        bid, ask = round(mid - 0.02, 2), round(mid + 0.02, 2)
        now = self._loop.wall()
        self._venue.on_event(QuoteEvent(symbol, to_ns(now), bid, size, ask, size), now)
        self._collect()

    def quote(self, symbol: Symbol) -> QuoteEvent:
        """Give the present bid and offer."""
        found = self._venue.quote(symbol)
        assert found is not None
        return found

    # Commands, as they arrive

    def submit(self, request: OrderRequest) -> BrokerOrder:
        """Place an order; the second of a name is what must never arrive after the first."""
        name = request.client_order_id or ""
        self._require_new(name)
        self.arrived(name)
        self._command(lambda venue, now: venue.submit(self.account_id, request, now))
        self.arrivals[name] += 1
        return self.view(self._names[name])

    def replace(self, broker_order_id: str, request: ReplaceRequest) -> BrokerOrder:
        """Put another order in the place of one."""
        name = request.client_order_id
        if name is not None:
            self._require_new(name)
            self.arrived(name)
        new = self._command(
            lambda venue, now: venue.replace(self.account_id, broker_order_id, request, now)
        )
        if name is not None:
            self.arrivals[name] += 1
        return self.view(new.id)

    def cancel(self, broker_order_id: str) -> None:
        """End an order."""
        self._command(lambda venue, now: venue.cancel(self.account_id, broker_order_id, now))

    def bust(self, execution_id: str) -> None:
        """Take an execution back."""
        self._command(lambda venue, now: venue.bust(execution_id, now))

    def _require_new(self, name: str) -> None:
        if name in self._names:
            self.doubled.append(name)
            raise Conflict(f"client_order_id must be new, was {name}", client_order_id=name)

    def _command(self, act: Callable[[Venue, datetime], T]) -> T:
        try:
            return act(self._venue, self._loop.wall())
        except Refused as error:
            if error.reason is Reason.NOT_FOUND:
                raise NotFound("order", error.message) from error
            raise Rejected(error.message, **error.facts) from error
        finally:
            self._collect()

    # What it tells, as it was some seconds ago

    def view(self, broker_order_id: str, lag_s: float = 0.0) -> BrokerOrder:
        """Read an order; NotFound when there was none then."""
        found = self._view(broker_order_id, self._loop.time() - lag_s)
        if found is None:
            raise NotFound("order", broker_order_id)
        return found

    def view_by_name(self, name: str, lag_s: float = 0.0) -> BrokerOrder:
        """Read an order by our name for it."""
        if name not in self._names:
            raise NotFound("order", name)
        return self.view(self._names[name], lag_s)

    def find(self, name: str) -> BrokerOrder | None:
        """Read an order by our name for it, as it is now; None when there is none."""
        key = self._names.get(name)
        return None if key is None else self._views[key][-1][1]

    def views(self, lag_s: float = 0.0) -> Sequence[BrokerOrder]:
        """Read all orders, oldest first."""
        moment = self._loop.time() - lag_s
        return [view for key in self._views if (view := self._view(key, moment)) is not None]

    def activities(self, lag_s: float = 0.0) -> Sequence[Activity]:
        """Read what changed the account, oldest first."""
        moment = self._loop.time() - lag_s
        return [activity for at, activity in self._activities if at <= moment]

    def fills(self, lag_s: float = 0.0) -> Sequence[BrokerFill]:
        """Read executions that stood then, oldest first."""
        return fills_of(self.activities(lag_s))

    def given(self, broker_order_id: str) -> Decimal:
        """Add up what an order was ever given, with what was taken back."""
        return self._given[broker_order_id]

    def state(self, lag_s: float = 0.0) -> tuple[Decimal, dict[Symbol, tuple[Decimal, Decimal]]]:
        """Read cash, and quantity and cost of each position."""
        moment = self._loop.time() - lag_s
        for at, cash, positions in reversed(self._states):
            if at <= moment:
                return cash, positions
        _, cash, positions = self._states[0]
        return cash, positions

    def name_of(self, broker_order_id: str) -> str:
        """Give our name for an order."""
        return self._views[broker_order_id][-1][1].client_order_id

    def _view(self, broker_order_id: str, moment: float) -> BrokerOrder | None:
        for at, view in reversed(self._views.get(broker_order_id, ())):
            if at <= moment:
                known = self._legs_of(broker_order_id, moment)
                return replace(view, legs=known) if known else view
        return None

    def _legs_of(self, broker_order_id: str, moment: float) -> tuple[BrokerOrder, ...]:
        return tuple(
            next(view for at, view in reversed(self._views[leg]) if at <= moment)
            for leg in self._legs.get(broker_order_id, ())
            if self._views[leg][0][0] <= moment
        )

    def _collect(self) -> None:
        changes = self._venue.take_changes()
        # What was there at the beginning was there long before.
        now = self._loop.time() if self._states else -1e9
        for key, order in changes.orders.items():
            self._views[key].append((now, order_of(order)))
            self._names[order.client_order_id] = key
            if order.legs:
                self._legs[key] = order.legs
        for each in changes.activities:
            self._activities.append((now, each))
            if each.type is ActivityType.FILL:
                self._given[each.order_id or ""] += abs(each.quantity or Decimal(0))
        if changes.activities or not self._states:
            cash = self._venue.account(self.account_id).cash
            held = {
                Symbol(each.symbol): (each.quantity, each.cost)
                for each in self._venue.positions(self.account_id)
            }
            self._states.append((now, cash, held))
        for update in changes.updates:
            self._tell(update)

    def _tell(self, update: Update) -> None:
        told = update_of(update)
        for listener in tuple(self.listeners):
            listener(told)

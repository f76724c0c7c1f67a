"""Take orders, let the market fill them, and keep every account right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from algotrendy.exchange.market.events import (
    BarEvent,
    Dividend,
    MarketEvent,
    QuoteEvent,
    Split,
    TradeEvent,
)
from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.venue.admission import admit
from algotrendy.exchange.venue.amendments import amended
from algotrendy.exchange.venue.closing import closing_request
from algotrendy.exchange.venue.cover import check_cover
from algotrendy.exchange.venue.customers import change_settings, new_account
from algotrendy.exchange.venue.desk import Desk
from algotrendy.exchange.venue.fields import check_client_order_id
from algotrendy.exchange.venue.groups import Groups
from algotrendy.exchange.venue.matching import Matching
from algotrendy.exchange.venue.model import (
    Account,
    Activity,
    ActivityType,
    Balances,
    Changes,
    EquityPoint,
    Order,
    Position,
    Snapshot,
    UpdateEvent,
)
from algotrendy.exchange.venue.orders import WORKING, Execution
from algotrendy.exchange.venue.prices import from_ns
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.sessions import Sessions
from algotrendy.exchange.venue.splits import restate_orders
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.order import OrderClass, OrderType
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.kernel.order_status import OrderStatus
from algotrendy.market_data.calendar import TradingCalendar


class Venue:
    """The paper exchange. One thread at a time; every method tells the market's time.

    Every command either raises Refused and changes nothing, or does all of what it says. What it
    and the events changed is collected until ``take_changes``.
    """

    def __init__(
        self, assets: Sequence[Asset], calendar: TradingCalendar, terms: VenueTerms
    ) -> None:
        self._desk = Desk(assets, calendar, terms)
        self._partial_fills = terms.partial_fills
        self._ledger = self._desk.ledger
        self._orders = self._desk.orders
        self._groups = Groups(self._desk)
        self._matching = Matching(self._desk, self._groups)
        self._sessions = Sessions(self._desk, self._matching, self._groups)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from what the store kept; only on a new venue."""
        self._ledger.restore(snapshot)
        fills = (
            (activity.order_id, activity.execution_id)
            for activity in snapshot.activities
            if activity.type is ActivityType.FILL
        )
        self._orders.restore(
            snapshot.orders, ((order, fill) for order, fill in fills if order and fill)
        )
        for symbol in self._orders.open_symbols():
            for order in self._orders.open_of_symbol(symbol):
                if order.status in WORKING:
                    self._matching.begin(order)
        if snapshot.last_event_ns is not None:
            moment = from_ns(snapshot.last_event_ns)
            is_reckoned = any(point.at == moment for point in snapshot.equity)
            self._sessions.begin(moment, moment if is_reckoned else None)

    def has_changes(self) -> bool:
        """Say whether ``take_changes`` would give anything."""
        return bool(self._desk.orders.changes)

    def take_changes(self) -> Changes:
        """Give what changed since the last call, and forget it."""
        return self._desk.take_changes()

    # Accounts

    def open_account(
        self, key_id: str, secret: str, cash: Decimal, now: datetime, multiplier: int = 4
    ) -> Account:
        """Open an account with its first cash; raise Refused for a key that is taken."""
        if self.account_of_key(key_id) is not None:
            raise Refused(Reason.INVALID, "key_id must be unique")
        number = len(self._ledger.accounts) + 1
        seed = self._desk.terms.seed
        account = new_account(seed, number, key_id, secret, cash, now, multiplier)
        self._ledger.open(account)
        self._ledger.changes.accounts[account.id] = account
        return account

    def account_of_key(self, key_id: str) -> Account | None:
        """Find the account of an API key."""
        return self._ledger.account_of_key(key_id)

    def account(self, account_id: str) -> Account:
        """Give an account; raise Refused when there is none."""
        account = self._ledger.accounts.get(account_id)
        if account is None:
            raise Refused(Reason.NOT_FOUND, f"account not found for {account_id}")
        return account

    def configure(self, account_id: str, now: datetime, **settings: bool | int) -> Account:
        """Change shorting, fractional, blocked (yes or no) or multiplier (1, 2 or 4)."""
        self.on_time(now)
        account = self.account(account_id)
        change_settings(account, settings)
        self._ledger.changes.accounts[account.id] = account
        return account

    def balances(self, account_id: str) -> Balances:
        """Reckon an account's sums at present prices."""
        account = self.account(account_id)
        return self._ledger.balances(account.id, self._desk.held_money(account.id))

    def activities(self, account_id: str) -> Sequence[Activity]:
        """Oldest first."""
        return self._ledger.activities(self.account(account_id).id)

    def equity_history(self, account_id: str) -> Sequence[EquityPoint]:
        """Oldest first: one a session's close, and one at each fill."""
        return self._ledger.equity_history(self.account(account_id).id)

    # Orders

    def submit(self, account_id: str, request: OrderRequest, now: datetime) -> Order:
        """Take an order, with its exits, and let it meet the market when that is open."""
        account = self.account(account_id)
        self.on_time(now)
        request = _with_limit_of_target(request)
        asset = self._desk.asset_of(request.symbol)
        check_client_order_id(self._orders, account.id, request.client_order_id)
        market = self._desk.market_price(asset.symbol, request.side)
        admit(request, asset, self._desk.hours, now, market)
        order = self._order_of(account, request, asset, now)
        exits = self._groups.exits_for(order, request)
        check_cover(self._desk, order)
        self._take_in(order, now)
        for leg in exits:
            if order.order_class is OrderClass.OCO:
                self._take_in(leg, now)
            else:
                self._orders.add(leg, OrderStatus.HELD, UpdateEvent.HELD, now)
        if order.status in WORKING:
            self._matching.arrive(order, now)
        return order

    def replace(
        self, account_id: str, order_id: str, request: ReplaceRequest, now: datetime
    ) -> Order:
        """Put a new order in the place of a standing one."""
        self.on_time(now)
        old = self._orders.require(account_id, order_id)
        new = amended(self._desk, old, request, self._groups.sibling(old), now)
        asset_class = self._desk.assets[new.symbol].asset_class
        if new.time_in_force is not old.time_in_force:
            new.expires_at = self._desk.hours.expiry(new, asset_class, now)
        check_cover(self._desk, new, replacing=old)
        was_held = old.status is OrderStatus.HELD
        old.replaced_by = new.id
        self._orders.move(old, OrderStatus.REPLACED, UpdateEvent.REPLACED, now)
        self._groups.take_place(old, new)
        if was_held:
            self._orders.add(new, OrderStatus.HELD, UpdateEvent.HELD, now)
            return new
        self._take_in(new, now)
        if new.status in WORKING:
            self._matching.arrive(new, now)
        return new

    def cancel(self, account_id: str, order_id: str, now: datetime) -> Order:
        """Cancel an open order with its group."""
        self.on_time(now)
        order = self._orders.require(account_id, order_id)
        if not order.status.is_open:
            raise Refused(Reason.UNPROCESSABLE, f'order is already in "{order.status}" state')
        self._groups.cancel(order, now)
        return order

    def order(self, account_id: str, order_id: str) -> Order:
        """Give an account's order; raise Refused when it has none of that id."""
        return self._orders.require(account_id, order_id)

    def order_by_client_id(self, account_id: str, client_order_id: str) -> Order:
        """Give an account's order by the client's name for it; raise Refused when it has none."""
        order = self._orders.by_client_id(account_id, client_order_id)
        if order is None:
            raise Refused(Reason.NOT_FOUND, f"order not found for {client_order_id[:128]}")
        return order

    def orders(self, account_id: str) -> Iterable[Order]:
        """Newest first, exits too; callers filter and page."""
        return self._orders.of_account(self.account(account_id).id)

    def open_orders(self, account_id: str) -> Sequence[Order]:
        """Oldest first."""
        return self._orders.open_of_account(self.account(account_id).id)

    # Positions

    def positions(self, account_id: str) -> Sequence[Position]:
        """By symbol."""
        return self._ledger.positions(self.account(account_id).id)

    def position(self, account_id: str, symbol: str) -> Position:
        """Give what an account holds of a symbol; raise Refused when it is flat."""
        position = self._ledger.position(self.account(account_id).id, symbol)
        if position is None:
            raise Refused(Reason.NOT_FOUND, "position does not exist", symbol=symbol)
        return position

    def close_position(
        self,
        account_id: str,
        symbol: str,
        now: datetime,
        quantity: Decimal | None = None,
        percentage: Decimal | None = None,
    ) -> Order:
        """Send the market order that closes a position, whole or in part.

        Standing orders that hold units of it stay, and the units with them: then it is refused.
        """
        self.on_time(now)
        position = self.position(account_id, symbol)
        asset = self._desk.assets[symbol]
        return self.submit(account_id, closing_request(position, asset, quantity, percentage), now)

    def available(self, account_id: str, symbol: str) -> Decimal:
        """Units of a position that no standing order is about to sell (or, short, to buy)."""
        return self._desk.available(self.account(account_id).id, symbol)

    # The market

    def on_event(self, event: MarketEvent, now: datetime) -> None:
        """Let the market move: fill, elect stops, trail; a split changes orders and positions."""
        if event.symbol not in self._desk.assets:
            return
        self.on_time(now)
        match event:
            case QuoteEvent():
                self._desk.prices.on_quote(event)
                self._matching.on_quote(event, now)
            case TradeEvent():
                self._desk.prices.on_trade(event)
                self._matching.on_trade(event, now)
            case BarEvent():
                if not self._desk.prices.has_ticks(event):
                    self._sessions.waits_for_bars = True
                    self._desk.prices.on_bar(event)
                    self._matching.on_bar(event, now)
            case Split():
                self._ledger.split(event.symbol, event.new, event.old, now)
                self._desk.prices.on_split(event.symbol, event.new, event.old)
                restate_orders(self._desk, self._groups, event.symbol, event.new, event.old, now)
            case Dividend():
                self._ledger.dividend(event.symbol, Decimal(event.cash), now)

    def recall(self, event: QuoteEvent | TradeEvent) -> None:
        """Take note of what the market said before we began: a price, to which nothing fills."""
        if isinstance(event, QuoteEvent):
            self._desk.prices.on_quote(event)
        else:
            self._desk.prices.on_trade(event)

    def on_time(self, now: datetime) -> None:
        """Open and close sessions up to now: opg and cls, day orders expire, fees, equity."""
        self._sessions.on_time(now)

    def quote(self, symbol: str) -> QuoteEvent | None:
        """Give the present best bid and offer."""
        return self._desk.prices.quote(symbol)

    def last_price(self, symbol: str) -> Decimal | None:
        """Of the last trade, else the middle of the quote."""
        return self._desk.prices.last(symbol)

    def asset(self, symbol_or_id: str) -> Asset:
        """Give an asset by its symbol or id; raise Refused when there is none."""
        asset = self._desk.assets.get(symbol_or_id) or self._desk.by_asset_id.get(symbol_or_id)
        if asset is None:
            raise Refused(Reason.NOT_FOUND, f"asset not found for {symbol_or_id[:40]}")
        return asset

    def assets(self) -> Sequence[Asset]:
        """By symbol."""
        return list(self._desk.assets.values())

    # Faults

    def cut_fills(self, chance: float) -> None:
        """Let fills be a random part of what they could be, at least as often as the terms say."""
        least = max(self._partial_fills, chance)
        self._desk.terms = replace(self._desk.terms, partial_fills=least)

    def bust(self, execution_id: str, now: datetime) -> None:
        """Take a fill back: position, cash and filled quantity as if it had not been.

        The order's state stays. A filled one is over; one that still works has more to fill.
        """
        self.on_time(now)
        order = self._orders.of_execution(execution_id)
        if order is None:
            raise Refused(Reason.NOT_FOUND, f"execution not found for {execution_id[:40]}")
        try:
            activity = self._ledger.bust(execution_id, order, now)
        except Conflict as error:
            raise Refused(Reason.UNPROCESSABLE, error.message) from error
        quantity = abs(activity.quantity or Decimal(0))
        price = activity.price or Decimal(0)
        order.filled_quantity -= quantity
        order.filled_value = EXACT.subtract(order.filled_value, EXACT.multiply(quantity, price))
        held = self._desk.held(order.account_id, order.symbol)
        self._orders.touch(order, now)
        execution = Execution(execution_id, price, quantity, held)
        self._orders.tell(order, UpdateEvent.TRADE_BUST, now, execution)
        self._groups.after_bust(order, quantity, now)

    # The inside

    def _order_of(
        self, account: Account, request: OrderRequest, asset: Asset, now: datetime
    ) -> Order:
        sequence = self._orders.upcoming
        name = request.client_order_id
        order = Order(
            id=self._orders.order_id(sequence),
            sequence=sequence,
            account_id=account.id,
            client_order_id=self._orders.client_order_id(sequence) if name is None else name,
            symbol=asset.symbol,
            side=request.side,
            type=request.type,
            time_in_force=request.time_in_force,
            order_class=request.order_class,
            status=OrderStatus.PENDING_NEW,
            created_at=now,
            updated_at=now,
            submitted_at=now,
            quantity=request.quantity,
            notional=request.notional,
            limit_price=request.limit_price,
            stop_price=request.stop_price,
            trail_price=request.trail_price,
            trail_percent=request.trail_percent,
            extended_hours=request.extended_hours,
        )
        order.expires_at = self._desk.hours.expiry(order, asset.asset_class, now)
        return order

    def _take_in(self, order: Order, now: datetime) -> None:
        status = self._sessions.expect(order, now)
        event = UpdateEvent.NEW if status is OrderStatus.NEW else UpdateEvent.ACCEPTED
        self._orders.add(order, status, event, now)


def _with_limit_of_target(request: OrderRequest) -> OrderRequest:
    """Give an OCO, whose first order is its target, the target's price for a limit."""
    target = request.take_profit
    is_pair = request.order_class is OrderClass.OCO and request.type is OrderType.LIMIT
    if target is None or not is_pair:
        return request
    if request.limit_price not in (None, target.limit_price):
        raise Refused(Reason.INVALID, "limit_price must be take_profit.limit_price, or absent")
    return replace(request, limit_price=target.limit_price)

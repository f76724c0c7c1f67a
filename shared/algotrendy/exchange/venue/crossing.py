"""Let orders of different accounts trade with each other."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from algotrendy.exchange.rules import codes, step
from algotrendy.exchange.rules.records import FillRow, QuoteRow, Terms
from algotrendy.exchange.venue.book import detached, is_waiting_stop, resting_limit
from algotrendy.exchange.venue.desk import Desk
from algotrendy.exchange.venue.model import ZERO, Order
from algotrendy.exchange.venue.orders import WORKING
from algotrendy.exchange.venue.prices import exact
from algotrendy.exchange.venue.rows import remaining
from algotrendy.exchange.venue.trades import Trades
from algotrendy.kernel.order import Side, TimeInForce

_SIZED = Terms(size_check=1)


class Crossing:
    """Finds who stands against an order, and lets them trade at the resting order's price."""

    def __init__(self, desk: Desk, trades: Trades) -> None:
        self._desk = desk
        self._trades = trades

    def meet_fresh(self, symbol: str, now: datetime) -> None:
        """Let orders meet that began to work since the last event."""
        for order in self._trades.take_fresh(symbol):
            if order.status in WORKING and not is_waiting_stop(order):
                self.meet_others(order, now)

    def meet_others(self, order: Order, now: datetime) -> None:
        """Trade with resting orders of others that are as good as the outside market or better."""
        if order.quantity is None or is_waiting_stop(order):
            return
        against = self._crossing(order, now)
        there = sum((remaining(each) for each in against), ZERO)
        if order.time_in_force is TimeInForce.FOK and there < remaining(order):
            return
        for resting in against:
            quantity = min(remaining(order), remaining(resting))
            price = resting_limit(resting)
            # A sibling that was filled may have cancelled or shrunk what stood here before.
            if price is None or resting.status not in WORKING or order.status not in WORKING:
                continue
            at = [self._taken(each, price, quantity) for each in (resting, order)]
            for each, found in zip((resting, order), at, strict=True):
                if found is not None and None not in at:
                    self._trades.fill(each, quantity, found, False, now)

    def _crossing(self, order: Order, now: datetime) -> list[Order]:
        quote = self._trades.present_quote(order.symbol, now)
        outside = None
        if quote is not None:
            outside = exact(quote.ask if order.side is Side.BUY else quote.bid) or None
        worst = resting_limit(order)
        if worst is None and outside is None:
            return []
        bounds = [bound for bound in (worst, outside) if bound is not None]
        bound = min(bounds) if order.side is Side.BUY else max(bounds)
        return self._trades.book(order.symbol).resting_against(order, bound)

    def _taken(self, order: Order, price: Decimal, quantity: Decimal) -> Decimal | None:
        """Ask the rules for the price at which an order takes a quantity that is offered to it."""
        row = detached(order, self._desk.assets[order.symbol])
        at, size = float(price), float(quantity)
        quote = QuoteRow(bid=at, bid_size=size, ask=at, ask_size=size, phase=codes.REGULAR_HOURS)
        fills = [FillRow()]
        return (
            exact(fills[0].price) if step.match_quote([row], 1, quote, _SIZED, fills, 0) else None
        )

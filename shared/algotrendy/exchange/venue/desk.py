"""Put together what the parts of the venue share: terms, hours, assets, prices, orders, money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.venue.balances import Held
from algotrendy.exchange.venue.hours import Hours
from algotrendy.exchange.venue.ledger import Ledger
from algotrendy.exchange.venue.model import ZERO, Changes, Order
from algotrendy.exchange.venue.orders import Orders
from algotrendy.exchange.venue.prices import Prices
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.rows import remaining
from algotrendy.exchange.venue.standing import Standing
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.decimals import floor_to
from algotrendy.kernel.order import Side
from algotrendy.market_data.calendar import TradingCalendar


class Desk:
    """What every part of the venue works on."""

    def __init__(
        self, assets: Sequence[Asset], calendar: TradingCalendar, terms: VenueTerms
    ) -> None:
        changes = Changes()
        self.terms = terms
        self.hours = Hours(calendar, terms.always_open)
        self.prices = Prices()
        self.assets = {asset.symbol: asset for asset in sorted(assets, key=lambda a: a.symbol)}
        self.by_asset_id = {asset.id: asset for asset in assets}
        self.ledger = Ledger(terms, self.prices.last, self.assets.__getitem__, changes)
        self.orders = Orders(terms.seed, self.ledger.accounts, changes)
        self.standing = Standing(self.orders, self.ledger.reckoning, self.wanted)

    def take_changes(self) -> Changes:
        """Give what changed since the last call, and begin anew."""
        taken = self.orders.changes
        self.orders.changes = self.ledger.changes = Changes()
        return taken

    def asset_of(self, symbol: str) -> Asset:
        """Give the asset of a symbol in a request; raise Refused when it is not traded here."""
        asset = self.assets.get(symbol)
        if asset is None:
            shown = symbol if len(symbol) <= 40 else symbol[:40] + "…"
            raise Refused(Reason.UNPROCESSABLE, f'symbol: asset "{shown}" not found')
        return asset

    def works(self, order: Order, now: datetime) -> bool:
        """Say whether the order would meet the market now."""
        return self.hours.works(order, self.assets[order.symbol].asset_class, now)

    def held(self, account_id: str, symbol: str) -> Decimal:
        """Give an account's position, signed; zero when flat."""
        position = self.ledger.position(account_id, symbol)
        return ZERO if position is None else position.quantity

    def market_price(self, symbol: str, side: Side) -> Decimal | None:
        """Give what an order of a side would trade at now, None where nobody knows."""
        return self.prices.to_buy(symbol) if side is Side.BUY else self.prices.to_sell(symbol)

    def wanted(self, order: Order) -> Decimal:
        """Give the units that an order still wants, at present prices for a notional one."""
        if order.quantity is not None:
            return remaining(order)
        price = order.limit_price or order.stop_price
        return self.units_of(order, price or self.market_price(order.symbol, order.side))

    def units_of(self, order: Order, price: Decimal | None) -> Decimal:
        """Give the units that the rest of a notional order is worth at a price."""
        if order.notional is None or not price:
            return ZERO
        left = order.notional - order.filled_value
        return floor_to((left / price).quantize(_FINE), self.assets[order.symbol].quantity_step)

    def promised_short(self, symbol: str, without: str = "") -> Decimal:
        """Give the units that standing orders of all accounts may yet borrow.

        Args:
            without: Id of an order that does not count.
        """
        promised = ZERO
        for account_id in self.ledger.accounts:
            sold = self.reserved(account_id, symbol, Side.SELL, without)
            promised += max(sold - max(self.held(account_id, symbol), ZERO), ZERO)
        return promised

    def reserved(self, account_id: str, symbol: str, side: Side, without: str = "") -> Decimal:
        """Give the units that an account's standing orders of a side are about to trade.

        Of a pair of exits one trades, so the larger counts; held exits have nothing to trade yet.

        Args:
            without: Id of an order that does not count.
        """
        return self.standing.units(account_id, symbol, side, without)

    def held_money(self, account_id: str, without: str = "") -> Held:
        """Say how to ask what an account's standing orders hold of its buying power."""
        return lambda positions, leverage: self.standing.money(
            account_id, positions, leverage, without
        )

    def available(self, account_id: str, symbol: str, without: str = "") -> Decimal:
        """Give the units of a position that no standing order is about to close; not signed."""
        held = self.held(account_id, symbol)
        if not held:
            return ZERO
        side = Side.SELL if held > 0 else Side.BUY
        return max(abs(held) - self.reserved(account_id, symbol, side, without), ZERO)


_FINE = Decimal("0.000000000001")

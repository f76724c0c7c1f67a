"""Reckon what an account is worth at present prices, and what it may still buy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Context, Decimal, localcontext

from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.rules import margin
from algotrendy.exchange.rules.positions import market_value, opening_part
from algotrendy.exchange.venue.model import ZERO, Account, Balances, Order, Position
from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.order import Side

WIDE = Context(prec=EXACT.prec)
"""Products and sums of ledger values are exact in it; only a quotient is rounded."""
RATES = margin.RATES
AVERAGE_DECIMALS = 9

Price = Callable[[str], Decimal | None]
FindAsset = Callable[[str], Asset]
Held = Callable[[Mapping[str, Position], int], Decimal]
"""Tells what open orders hold of the buying power, given the positions and the leverage."""


class Reckoning:
    """Knows the house's margin rules; asks for prices and assets.

    Args:
        prices: Gives the present price of a symbol, None before the first.
        assets: Gives an asset by its symbol.
    """

    def __init__(self, prices: Price, assets: FindAsset) -> None:
        self._prices = prices
        self._assets = assets

    def price_of(self, position: Position) -> Decimal:
        """Give the present price, or what the position cost where there is none."""
        price = self._prices(position.symbol)
        if price is not None:
            return price
        with localcontext(WIDE):
            return abs(round(position.cost / position.quantity, AVERAGE_DECIMALS))

    def equity(self, account: Account, positions: Iterable[Position]) -> Decimal:
        """Give cash and the market value of everything."""
        with localcontext(WIDE):
            return account.cash + sum(
                (market_value(each.quantity, self.price_of(each)) for each in positions), ZERO
            )

    def leverage(self, account: Account, positions: Iterable[Position], today: date) -> int:
        """Give how many times its equity the account may hold within a session."""
        old_rules = today < margin.END_OF_DAY_TRADING_RULES
        equity = account.last_equity if old_rules else self.equity(account, positions)
        return margin.leverage(account.multiplier, equity, old_rules, RATES)

    def needed(
        self, order: Order, price: Decimal, position: Position | None, leverage: int
    ) -> Decimal:
        """Give what the rest of an order holds of the buying power, 0 for one that only closes.

        Args:
            price: Of the market, on the side where the order would trade.
            position: What the account holds of the symbol now.
        """
        with localcontext(WIDE):
            is_buy = order.side is Side.BUY
            reckoned = price
            if is_buy and order.limit_price is None and order.stop_price is not None:
                reckoned = max(price, order.stop_price)
            limit = ZERO if order.limit_price is None else order.limit_price
            change = _rest(order, limit or reckoned) * order.side.sign
            held = ZERO if position is None else position.quantity
            opens = opening_part(held, change)
            if not opens:
                return ZERO
            marginable = self._assets(order.symbol).marginable
            return margin.order_value(is_buy, opens, reckoned, limit, marginable, leverage, RATES)

    def needed_now(self, order: Order, position: Position | None, leverage: int) -> Decimal:
        """Give what an open order needs at the present price."""
        price = order.limit_price
        if price is None or order.side is Side.SELL:
            price = self._prices(order.symbol) or price or order.stop_price or ZERO
        return self.needed(order, price, position, leverage)

    def market_price(self, symbol: str) -> Decimal | None:
        """Give the present price of a symbol, None before the first."""
        return self._prices(symbol)

    def buying_power(
        self, account: Account, positions: Mapping[str, Position], held: Held, leverage: int
    ) -> Decimal:
        """Give what an account may still buy at a leverage, and nothing else."""
        with localcontext(WIDE):
            equity, intraday = account.cash, ZERO
            for symbol, each in positions.items():
                price = self.price_of(each)
                marginable = self._assets(symbol).marginable and account.multiplier > 1
                equity += market_value(each.quantity, price)
                intraday += margin.intraday_margin(
                    each.quantity, price, marginable, leverage, RATES
                )
            return margin.buying_power(equity, intraday, leverage, held(positions, leverage))

    def balances(
        self,
        account: Account,
        positions: Mapping[str, Position],
        held_by: Held,
        today: date,
    ) -> Balances:
        """Reckon all sums of an account."""
        with localcontext(WIDE):
            prices = {symbol: self.price_of(each) for symbol, each in positions.items()}
            equity = self.equity(account, positions.values())
            leverage = self.leverage(account, positions.values(), today)
            credit = min(leverage, 2)
            initial = maintenance = intraday = long_value = short_value = ZERO
            for symbol, each in positions.items():
                price, quantity = prices[symbol], each.quantity
                marginable = self._assets(symbol).marginable and account.multiplier > 1
                value = market_value(quantity, price)
                long_value += max(value, ZERO)
                short_value += min(value, ZERO)
                initial += margin.initial_margin(quantity, price, marginable, RATES)
                maintenance += margin.maintenance_margin(quantity, price, marginable, RATES)
                intraday += margin.intraday_margin(quantity, price, marginable, leverage, RATES)
            held = held_by(positions, leverage)
            power = margin.buying_power(equity, intraday, leverage, held)
            required = initial if credit > 1 else long_value - short_value
            regulation_t = margin.buying_power(equity, required, credit, held)
            return Balances(
                equity=equity,
                cash=account.cash,
                long_market_value=long_value,
                short_market_value=short_value,
                initial_margin=initial,
                maintenance_margin=maintenance,
                buying_power=power,
                regt_buying_power=regulation_t,
                daytrading_buying_power=power if leverage > 2 else ZERO,
                non_marginable_buying_power=regulation_t / credit,
                accrued_fees=account.interest,
                position_prices=prices,
            )


def _rest(order: Order, price: Decimal) -> Decimal:
    if order.quantity is not None:
        return max(order.quantity - order.filled_quantity, ZERO)
    if order.notional is None or not price:
        return ZERO
    return max(order.notional - order.filled_value, ZERO) / price

"""What a strategy sees and touches when it runs interpreted: bars up to now, and a desk for orders.

The compiled engine gives the same names the same meaning (see `backtest.compiled`), so that one
source runs both ways. What is read here is told, not asked: writing to it changes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from math import ulp
from typing import Final, Protocol

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.order_codes import BUY, GTC, LIMIT, MARKET, SELL, STOP, STOP_LIMIT

LEAST: Final = ulp(0.0)
MOST: Final = sys.float_info.max
"""The least number above 0 and the greatest number of all."""
ABOVE = 1.0 + 1e-9
"""``x > y * ABOVE``: by more than the rounding that running sums carry. In a market that stands
still two means are level, and a strategy must not trade on their last bits."""


class Desk(Protocol):
    """Takes what a strategy asks for: the engine's own, or one that sends orders to a broker.

    Assets are counted from 0. Prices are in the asset's currency; 0.0 is none.
    """

    def place(
        self,
        asset: int,
        side: int,
        kind: int,
        units: float,
        limit: float,
        stop: float,
        tif: int,
        take_profit: float,
        stop_loss: float,
        stop_loss_limit: float,
    ) -> int:
        """Place an order, with an exit for each of target and stop that is given; give its id."""
        ...

    def trail(self, asset: int, side: int, units: float, price: float, percent: float) -> int:
        """Place a trailing stop, by a distance in price or in percent; give its id."""
        ...

    def protect(
        self, asset: int, take_profit: float, stop_loss: float, stop_loss_limit: float
    ) -> int:
        """Place two exits for the whole position, of which one ends the other; give the first."""
        ...

    def invest(self, asset: int, share: float) -> int:
        """Buy for a share of the cash, fee included, at the newest close; give the id, 0: none."""
        ...

    def target(self, asset: int, weight: float) -> int:
        """Order what brings the position to a weight of the equity; give the id, 0 for none."""
        ...

    def cancel(self, order: int) -> int:
        """Cancel an order and its group; give how many ended."""
        ...

    def cancel_all(self, asset: int) -> int:
        """Cancel the open orders of an asset; give how many ended."""
        ...

    def replace(self, order: int, units: float, limit: float, stop: float) -> int:
        """Change what is not 0.0 of an open order; give 1, or 0 when it is not open."""
        ...

    def is_open(self, order: int) -> bool:
        """Tell whether an order may still fill."""
        ...

    def open_orders(self, asset: int) -> int:
        """Count the open orders of an asset."""
        ...


class Frame:
    """The bars so far of one asset on one timeframe: equal columns, oldest first, newest at [-1].

    Each bar is appended when it has become known, so a later one is not there to be read.

    Attributes:
        time: When each bar began, in nanoseconds since 1970 UTC.
        open, high, low, close: Prices in the asset's currency.
        volume: As traded.
        is_new: Whether the newest bar became known at this very moment.
    """

    __slots__ = ("close", "high", "is_new", "low", "open", "time", "volume")

    def __init__(self) -> None:
        self.time: list[int] = []
        self.open: list[float] = []
        self.high: list[float] = []
        self.low: list[float] = []
        self.close: list[float] = []
        self.volume: list[float] = []
        self.is_new = False


class Asset(Frame):
    """One asset: its bars, what is held of it, and orders for it.

    Orders meet the asset's next bar. Each call gives the order's id, a whole number above 0.

    Attributes:
        index: Its place in the market, from 0.
        position: Units held, below 0 when short.
        entry_price: Mean price of what is held, 0.0 when flat.
    """

    __slots__ = ("_desk", "_frames", "entry_price", "index", "position")

    def __init__(self, index: int, desk: Desk, frames: int = 1) -> None:
        super().__init__()
        self.index = index
        self.position = 0.0
        self.entry_price = 0.0
        self._desk = desk
        self._frames: tuple[Frame, ...] = (self, *(Frame() for _ in range(frames - 1)))

    def on(self, timeframe: int) -> Frame:
        """Give the bars of another of the strategy's timeframes; 0 is the one it trades on."""
        return self._frames[timeframe]

    def buy(self, units: float, limit: float = 0.0, stop: float = 0.0, tif: int = GTC) -> int:
        """Buy: at the next open, at a limit, from a stop, or as a stop-limit order."""
        return self._place(BUY, units, limit, stop, tif)

    def sell(self, units: float, limit: float = 0.0, stop: float = 0.0, tif: int = GTC) -> int:
        """Sell; cut at the fill to what is held, unless shorts are allowed."""
        return self._place(SELL, units, limit, stop, tif)

    def buy_bracket(
        self,
        units: float,
        take_profit: float = 0.0,
        stop_loss: float = 0.0,
        limit: float = 0.0,
        stop: float = 0.0,
        stop_loss_limit: float = 0.0,
    ) -> int:
        """Buy with a target, a stop, or both, which begin to work when the entry has filled."""
        return self._bracket(BUY, units, limit, stop, take_profit, stop_loss, stop_loss_limit)

    def sell_bracket(
        self,
        units: float,
        take_profit: float = 0.0,
        stop_loss: float = 0.0,
        limit: float = 0.0,
        stop: float = 0.0,
        stop_loss_limit: float = 0.0,
    ) -> int:
        """Sell short with a target, a stop, or both, which work when the entry has filled."""
        return self._bracket(SELL, units, limit, stop, take_profit, stop_loss, stop_loss_limit)

    def buy_trailing(self, units: float, price: float = 0.0, percent: float = 0.0) -> int:
        """Buy when the price has risen so far from its least; one of price and percent."""
        return self._trail(BUY, units, price, percent)

    def sell_trailing(self, units: float, price: float = 0.0, percent: float = 0.0) -> int:
        """Sell when the price has fallen so far from its greatest; one of price and percent."""
        return self._trail(SELL, units, price, percent)

    def protect(self, take_profit: float, stop_loss: float, stop_loss_limit: float = 0.0) -> int:
        """Place a target and a stop for all that is held: what one fills, the other has no more."""
        for name, price in (("take_profit", take_profit), ("stop_loss", stop_loss)):
            _above_zero(name, price)
        _price("stop_loss_limit", stop_loss_limit)
        _check_exits(self.position, take_profit, stop_loss, 0.0)
        return self._desk.protect(self.index, take_profit, stop_loss, stop_loss_limit)

    def exit(self) -> int:
        """Sell what is held, or buy back what is short; 0 when there is neither."""
        if self.position == 0.0:
            return 0
        side = SELL if self.position > 0.0 else BUY
        return self._place(side, abs(self.position), 0.0, 0.0, GTC)

    def invest(self, share: float = 1.0) -> int:
        """Buy for a share of the cash, above 0 and at most 1, as the newest close values it."""
        if not _is_within(LEAST, share, 1.0):
            raise Invalid("order.share", "above 0 and at most 1", share)
        return self._desk.invest(self.index, share)

    def target(self, weight: float) -> int:
        """Order what makes the position this part of the equity; below 0 is short.

        Units come from the newest close. What an earlier target left unfilled is cancelled.
        """
        if not _is_within(-MOST, weight, MOST):
            raise Invalid("order.weight", "a finite number", weight)
        return self._desk.target(self.index, weight)

    def cancel(self, order: int) -> int:
        """Cancel an order, with its held exits or its other exit; give how many ended."""
        return self._desk.cancel(order)

    def cancel_all(self) -> int:
        """Cancel the asset's open orders; give how many ended."""
        return self._desk.cancel_all(self.index)

    def replace(self, order: int, units: float = 0.0, limit: float = 0.0, stop: float = 0.0) -> int:
        """Change what is given of an open order; give 1, or 0 when it is open no more."""
        for name, value in (("units", units), ("limit", limit), ("stop", stop)):
            _price(name, value)
        return self._desk.replace(order, units, limit, stop)

    def is_open(self, order: int) -> bool:
        """Tell whether an order may still fill."""
        return self._desk.is_open(order)

    def open_orders(self) -> int:
        """Count the asset's open orders."""
        return self._desk.open_orders(self.index)

    def _place(self, side: int, units: float, limit: float, stop: float, tif: int) -> int:
        try:
            # At once, for an order is placed often; what is wrong is looked for below.
            is_fine = 0.0 < units <= MOST and 0.0 <= limit <= MOST and 0.0 <= stop <= MOST
        except (TypeError, ValueError):
            is_fine = False
        if not (is_fine and (tif == GTC or _is_within(0, tif, 5))):
            _above_zero("units", units)
            _price("limit", limit)
            _price("stop", stop)
            raise Invalid("order.tif", "one of DAY, GTC, OPG, CLS, IOC, FOK", tif)
        kind = kind_of(limit, stop)
        return self._desk.place(self.index, side, kind, units, limit, stop, tif, 0.0, 0.0, 0.0)

    def _bracket(
        self,
        side: int,
        units: float,
        limit: float,
        stop: float,
        take_profit: float,
        stop_loss: float,
        stop_loss_limit: float,
    ) -> int:
        _above_zero("units", units)
        _price("limit", limit)
        _price("stop", stop)
        _price("take_profit", take_profit)
        _price("stop_loss", stop_loss)
        _price("stop_loss_limit", stop_loss_limit)
        if not (take_profit > 0.0 or stop_loss > 0.0):
            raise Invalid("order.take_profit", "given, or stop_loss", take_profit)
        _check_exits(side, take_profit, stop_loss, limit)
        return self._desk.place(
            self.index,
            side,
            kind_of(limit, stop),
            units,
            limit,
            stop,
            GTC,
            take_profit,
            stop_loss,
            stop_loss_limit,
        )

    def _trail(self, side: int, units: float, price: float, percent: float) -> int:
        _above_zero("units", units)
        _price("price", price)
        _price("percent", percent)
        if (price > 0.0) == (percent > 0.0):
            raise Invalid("order.price", "a price or a percent, one of them", (price, percent))
        return self._desk.trail(self.index, side, units, price, percent)


class Market(Asset):
    """All that a strategy trades: the first asset and the account in one.

    ``market.close`` is the first asset's column, ``market[k]`` asset k, ``len(market)`` their
    number.

    Attributes:
        cash: In the account's currency.
        equity: Cash and positions at the newest closes.
        now: The moment, in nanoseconds since 1970 UTC: all bars known by then are seen.
    """

    __slots__ = ("_assets", "cash", "equity", "now")

    def __init__(self, desk: Desk, assets: int = 1, frames: int = 1, cash: float = 0.0) -> None:
        super().__init__(0, desk, frames)
        self._assets: tuple[Asset, ...] = (
            self,
            *(Asset(index, desk, frames) for index in range(1, assets)),
        )
        self.cash = cash
        self.equity = cash
        self.now = 0

    def __len__(self) -> int:
        return len(self._assets)

    def __getitem__(self, index: int) -> Asset:
        return self._assets[index]

    def __iter__(self) -> Iterator[Asset]:
        return iter(self._assets)


class Fill:
    """What a strategy's ``on_fill`` is told.

    Attributes:
        asset: Place in the market, from 0.
        order: The id that placing it gave; exits have the ids that follow their entry's.
        units: Filled, below 0 for a sale.
        price: With slippage.
        fee: In the account's currency.
    """

    __slots__ = ("asset", "fee", "order", "price", "units")

    def __init__(self, asset: int, order: int, units: float, price: float, fee: float) -> None:
        self.asset = asset
        self.order = order
        self.units = units
        self.price = price
        self.fee = fee


def kind_of(limit: float, stop: float) -> int:
    """Give the kind of an order from the prices it names."""
    if stop > 0.0:
        return STOP_LIMIT if limit > 0.0 else STOP
    return LIMIT if limit > 0.0 else MARKET


def wrong_exit(side: float, take_profit: float, stop_loss: float, entry: float) -> int:
    """Tell which exit would fill at once, being on the wrong side of the other or of the entry.

    Args:
        side: Above 0 of a long position, below 0 of a short one; 0: nobody knows.
        take_profit, stop_loss: Prices, 0.0 for none.
        entry: The limit at which the position is entered, 0.0 for none.

    Returns:
        0 for none, 1 for a stop beyond the target, 2 for a target and 3 for a stop beyond the
        entry.
    """
    if side == 0.0:
        return 0
    up = 1.0 if side > 0.0 else -1.0
    target, stop, limit = up * take_profit, up * stop_loss, up * entry
    if take_profit > 0.0 and stop_loss > 0.0 and target <= stop:
        return 1
    if entry > 0.0 and take_profit > 0.0 and target <= limit:
        return 2
    if entry > 0.0 and stop_loss > 0.0 and stop >= limit:
        return 3
    return 0


def _check_exits(side: float, take_profit: float, stop_loss: float, entry: float) -> None:
    wrong = wrong_exit(side, take_profit, stop_loss, entry)
    if not wrong:
        return
    lower, higher = ("below", "above") if side > 0.0 else ("above", "below")
    if wrong == 1:
        raise Invalid("order.stop_loss", f"{lower} the take_profit of {take_profit}", stop_loss)
    if wrong == 2:
        raise Invalid("order.take_profit", f"{higher} the limit of {entry}", take_profit)
    raise Invalid("order.stop_loss", f"{lower} the limit of {entry}", stop_loss)


def _above_zero(field: str, value: float) -> None:
    if not _is_within(LEAST, value, MOST):
        raise Invalid(f"order.{field}", "a finite number above 0", value)


def _price(field: str, value: float) -> None:
    if not _is_within(0.0, value, MOST):
        raise Invalid(f"order.{field}", "a finite number above 0, or 0 for none", value)


def _is_within(least: float, value: float, most: float) -> bool:
    """Tell whether a value is within bounds, whatever somebody gave for a number."""
    try:
        return bool(least <= value <= most)
    except (TypeError, ValueError):
        return False

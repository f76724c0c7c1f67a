"""Say what of a decision a broker is told: how long an order stands, and at which prices.

A backtest knows prices between the steps of a market, and orders that stand until they fill. What a
broker takes is as near to that as can be, and never better for the strategy than what it asked for:

| decided | told |
|---|---|
| market order of parts of a share, gtc | a day order, in the session that trades next |
| any other time in force | the same; a broker without it refuses by name |
| limit | of a buyer the step of prices below, of a seller the one above |
| stop | of a buyer the step above, of a seller the one below: never sooner |
| trailing distance | the nearest step, in percent to four decimals |
| units | whole lots, rounded down |

Of parts of a share brokers take day orders alone, and a market order fills at once in a session. A
limit or a stop that stands for parts is refused, as it would end with the day.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Final

from algotrendy.backtest.engine.step_records import Decision
from algotrendy.exchange.rules.codes import ALONE
from algotrendy.kernel import order_codes as codes
from algotrendy.kernel.decimals import decimals_of
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.kernel.order import TimeInForce
from algotrendy.trading.listed import UNIT_DECIMALS, price_step
from algotrendy.trading.risk_desk import asset_class_of

_FORCES: Final = {
    codes.DAY: TimeInForce.DAY,
    codes.GTC: TimeInForce.GTC,
    codes.OPG: TimeInForce.OPG,
    codes.CLS: TimeInForce.CLS,
    codes.IOC: TimeInForce.IOC,
    codes.FOK: TimeInForce.FOK,
}
_LEAST: Final = Decimal(1).scaleb(-UNIT_DECIMALS)
_PERCENT: Final = Decimal("0.0001")


def exact(value: float) -> Decimal:
    """Give a float as the shortest decimal that is read as the same float."""
    return Decimal(repr(value))


def floored(units: float, lot: Decimal) -> Decimal:
    """Give units as whole lots, never more than were asked for."""
    lots = (exact(units) / lot).to_integral_value(ROUND_FLOOR)
    return (lots * lot).normalize() + Decimal(0) if lots else Decimal(0)


def time_in_force(decision: Decision, units: Decimal, symbol: Symbol) -> TimeInForce:
    """Say how long an order stands."""
    life = _FORCES[decision.tif]
    is_plain = decision.order_kind == codes.MARKET and decision.role == ALONE
    is_share = asset_class_of(symbol, None) is AssetClass.EQUITY
    if life is TimeInForce.GTC and is_plain and is_share and decimals_of(units):
        return TimeInForce.DAY
    return life


def limit_price(value: float, side: int, symbol: Symbol) -> Decimal | None:
    """Give a limit on a step of prices, no worse than was asked for; None for 0.0."""
    return _stepped(value, ROUND_FLOOR if side > 0 else ROUND_CEILING, symbol)


def stop_price(value: float, side: int, symbol: Symbol) -> Decimal | None:
    """Give a stop on a step of prices, which is reached no sooner than asked; None for 0.0."""
    return _stepped(value, ROUND_CEILING if side > 0 else ROUND_FLOOR, symbol)


def trail_price(value: float, symbol: Symbol) -> Decimal | None:
    """Give the distance of a trailing stop in steps of prices; None for 0.0."""
    return _stepped(value, ROUND_HALF_UP, symbol)


def trail_percent(value: float) -> Decimal | None:
    """Give the distance of a trailing stop in percent; None for 0.0."""
    if not value:
        return None
    return max(_rounded(exact(value), _PERCENT, ROUND_HALF_UP), _PERCENT)


def _stepped(value: float, way: str, symbol: Symbol) -> Decimal | None:
    if not value:
        return None
    # What is beyond a billionth is the rounding of floats: 1.1 times 100 is no more than 110.
    price = max(_rounded(exact(value), _LEAST, ROUND_HALF_UP), _LEAST)
    step = price_step(price, asset_class_of(symbol, None), None)
    return price if step is None else max(_rounded(price, step, way), step)


def _rounded(value: Decimal, step: Decimal, way: str) -> Decimal:
    return ((value / step).to_integral_value(way) * step).normalize() + Decimal(0)

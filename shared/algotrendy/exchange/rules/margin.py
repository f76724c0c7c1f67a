"""Say how much equity positions need, and what an account may still buy.

One source for floats and decimals, as in `positions`. The house rates are Alpaca's, which are
FINRA's with 30 % for longs where FINRA asks 25 %.

Source: Alpaca, "Margin and Short Selling"; Regulation T, 12 CFR 220.12; FINRA Rule 4210(c), and
as amended by SR-FINRA-2025-017 (34-105226, 91 FR 20731): intraday margin in place of day trading.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final, Generic, NamedTuple, TypeVar

from algotrendy.exchange.rules.positions import opening_part

N = TypeVar("N", float, Decimal)

END_OF_DAY_TRADING_RULES: Final = date(2026, 6, 4)
"""From this day on nobody is a pattern day trader: FINRA Regulatory Notice 26-10.

Brokers may take until October 2027; Alpaca changed over on the first day, it is reported.
"""
DAY_TRADES_OF_A_PATTERN: Final = 4
"""So many day trades within five sessions made one, by FINRA Rule 4210(f)(8)(B)."""


class MarginRates(NamedTuple, Generic[N]):
    """What part of a position's value an account must own; prices in quote currency.

    Attributes:
        initial: Of a new position.
        long_maintenance: Of a long from ``long_cheap`` a share upwards; below, all of it.
        long_regulatory: The same by FINRA, which intraday margin goes down to.
        short_maintenance: Of a short from ``short_cheap`` a share upwards, but at least
            ``short_least`` a share; below, all of it, but at least ``short_cheap_least`` a share.
        least_equity: An account with less trades without credit, and not short.
        least_day_trading: Under the old rules, an account with less had no intraday credit.
        short_markup: What a short sale is reckoned at, times the ask.
    """

    initial: N
    long_maintenance: N
    long_regulatory: N
    long_cheap: N
    short_maintenance: N
    short_cheap: N
    short_least: N
    short_cheap_least: N
    least_equity: N
    least_day_trading: N
    short_markup: N


RATES: Final = MarginRates(
    initial=Decimal("0.50"),
    long_maintenance=Decimal("0.30"),
    long_regulatory=Decimal("0.25"),
    long_cheap=Decimal("2.50"),
    short_maintenance=Decimal("0.30"),
    short_cheap=Decimal("5.00"),
    short_least=Decimal("5.00"),
    short_cheap_least=Decimal("2.50"),
    least_equity=Decimal(2000),
    least_day_trading=Decimal(25000),
    short_markup=Decimal("1.03"),
)


def initial_margin(quantity: N, price: N, marginable: bool, rates: MarginRates[N]) -> N:
    """Give Regulation T's requirement of a position."""
    value = abs(quantity) * price
    if not marginable:
        return value
    return value * rates.initial


def maintenance_margin(quantity: N, price: N, marginable: bool, rates: MarginRates[N]) -> N:
    """Give the house's requirement at the end of a session."""
    return _required(quantity, price, marginable, rates.long_maintenance, rates)


def intraday_margin(
    quantity: N, price: N, marginable: bool, leverage: int, rates: MarginRates[N]
) -> N:
    """Give the requirement within a session: the leverage's part, but not below FINRA's own."""
    value = abs(quantity) * price
    if leverage == 1:
        return value
    required = _required(quantity, price, marginable, rates.long_regulatory, rates)
    part = value / leverage
    if part > required:
        return part
    return required


def leverage(multiplier: int, equity: N, day_trading_rules: bool, rates: MarginRates[N]) -> int:
    """Give how many times its equity an account may hold within a session.

    Args:
        multiplier: The account's own, 1, 2 or 4.
        equity: Now; under the old rules, at the last close.
        day_trading_rules: Before `END_OF_DAY_TRADING_RULES`.
        rates: Of the house.
    """
    if equity < rates.least_equity:
        return 1
    if multiplier > 2 and day_trading_rules and equity < rates.least_day_trading:
        return 2
    return multiplier


def buying_power(equity: N, required: N, leverage: int, held: N) -> N:
    """Give the value that may still be bought, >= 0.

    Args:
        equity: Of the account.
        required: Its positions' margin at this leverage.
        leverage: 2 with the initial margin is Regulation T's.
        held: What open orders hold of it.
    """
    power = (equity - required) * leverage - held
    if power < 0:
        return power - power
    return power


def order_value(
    is_buy: bool,
    quantity: N,
    price: N,
    limit: N,
    marginable: bool,
    times: int,
    rates: MarginRates[N],
) -> N:
    """Give what an order that opens a position holds of the buying power.

    Args:
        is_buy: Else a short sale.
        quantity: The part that opens, >= 0.
        price: What it would be bought at; for a short sale the ask.
        limit: 0 for none.
        marginable: Whether the asset is.
        times: The account's leverage.
        rates: Of the house.
    """
    worth = price
    if is_buy:
        if limit > 0:
            worth = limit
        needed = intraday_margin(quantity, worth, marginable, times, rates)
    else:
        worth = price * rates.short_markup
        if limit > worth:
            worth = limit
        needed = intraday_margin(-quantity, worth, marginable, times, rates)
    return needed * times


def day_trades(quantity: N, changes: Sequence[N], count: int) -> int:
    """Count the day trades of one symbol on one day: turns from opening to closing again.

    Args:
        quantity: Held at the begin of the day; closing that is no day trade.
        changes: Signed quantities of the day's fills in their order; the first ``count`` are read.

    Source: FINRA Rule 4210(f)(8)(B), until `END_OF_DAY_TRADING_RULES`.
    """
    found = 0
    held = quantity
    opened = quantity - quantity
    is_opening = False
    for index in range(count):
        opens = opening_part(held, changes[index])
        closes = abs(changes[index]) - opens
        if closes > 0 and opened > 0:
            if is_opening:
                found += 1
            is_opening = False
            opened = opened - closes
        if opens > 0:
            if opened < 0:
                opened = opened - opened
            opened = opened + opens
            is_opening = True
        held = held + changes[index]
    return found


def is_pattern_day_trader(day_trades: int, equity: N, rates: MarginRates[N]) -> bool:
    """Say whether one more day trade was refused, before `END_OF_DAY_TRADING_RULES`.

    Args:
        day_trades: Of the last five sessions, with the one that is asked for.
        equity: At the last close.
        rates: Of the house.
    """
    return day_trades >= DAY_TRADES_OF_A_PATTERN and equity < rates.least_day_trading


def _required(quantity: N, price: N, marginable: bool, long_rate: N, rates: MarginRates[N]) -> N:
    value = abs(quantity) * price
    if not marginable:
        return value
    if quantity >= 0:
        if price < rates.long_cheap:
            return value
        return value * long_rate
    part = value
    least = abs(quantity) * rates.short_cheap_least
    if price >= rates.short_cheap:
        part = value * rates.short_maintenance
        least = abs(quantity) * rates.short_least
    if least > part:
        return least
    return part

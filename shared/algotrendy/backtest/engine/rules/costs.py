"""Say what a fill costs: fee, slippage, borrowed shares, borrowed cash."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from algotrendy.backtest.engine.records import AccountRow, AssetRow, CostRow
from algotrendy.exchange.rules.codes import LIMIT, STOP_LIMIT
from algotrendy.exchange.rules.corporate import borrow_fee


def fee_of(units: float, notional: float, side: int, costs: CostRow) -> float:
    """Give the fee of a fill of so many units, > 0, and so much notional."""
    fee = notional * costs.fee_rate + units * costs.fee_per_unit
    if fee < costs.fee_minimum:
        fee = costs.fee_minimum
    if costs.fee_most > 0.0 and fee > notional * costs.fee_most:
        fee = notional * costs.fee_most
    if side < 0:
        fee += notional * costs.sale_rate + units * costs.sale_per_unit
    return fee


def slipped(
    kind: int, side: int, price: float, units: float, volume: float, costs: CostRow
) -> float:
    """Give the price of a fill after slippage: a limit is kept, all else pays.

    A part of the price, half a spread, and an impact that grows with the root of the share of the
    bar's volume that is taken. A sale keeps at least half of its price.

    Source: the square-root law, as in Almgren, Thum, Hauptmann and Li, "Direct Estimation of
    Equity Market Impact", Risk 18 (2005), with one coefficient for all.
    """
    if kind in (LIMIT, STOP_LIMIT):
        return price
    shift = price * costs.slippage_rate + costs.half_spread
    if costs.impact > 0.0 and volume > 0.0:
        shift += price * costs.impact * sqrt(units / volume)
    if side > 0:
        return price + shift
    if shift > price * 0.5:
        return price * 0.5
    return price - shift


def charge_nights(
    assets: Sequence[AssetRow], count: int, account: AccountRow, costs: CostRow, nights: int
) -> None:
    """Charge what was held over so many nights: shares borrowed, cash borrowed or lent."""
    if account.cash < 0.0:
        earned = account.cash * costs.loan_rate * nights / costs.days_in_year
    else:
        earned = account.cash * costs.cash_rate * nights / costs.days_in_year
    paid = 0.0
    for k in range(count):
        asset = assets[k]
        if asset.position < 0.0 and asset.borrow_rate > 0.0:
            value = asset.position * asset.mark * asset.multiplier * asset.rate
            paid += borrow_fee(value, asset.borrow_rate, nights, costs.days_in_year)
    account.interest += earned
    account.borrow += paid
    account.cash += earned - paid

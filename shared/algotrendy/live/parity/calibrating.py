"""Measure what a run's fills really cost, by symbol and kind of order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from statistics import fmean, stdev

from algotrendy.backtest.calibration import Calibration, Slippage
from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.order_codes import LIMIT, STOP_LIMIT
from algotrendy.live.parity.retelling import ORDER_KINDS
from algotrendy.live.parity.traded import OrderKey, TradedOrder

_BPS = 10_000.0
_Z95 = 1.959964


def calibrated(
    source: str,
    symbols: Sequence[str],
    ledger: Mapping[OrderKey, TradedOrder],
    expected: Mapping[OrderKey, TradedOrder],
) -> Calibration:
    """Measure orders that the ledger and the backtest filled first in the same bar.

    What was filled in a later bar was late, and tells nothing of the price that it met.

    Args:
        source: Which fills these are, in words.
        ledger, expected: What came of each order, there and in the backtest, whose prices before
            its own slippage are the market's.
    """
    slips: dict[tuple[int, int], list[float]] = defaultdict(list)
    for key, order in ledger.items():
        market = _market_price(expected.get(key))
        twin = expected.get(key)
        if market is None or twin is None or order.first_step != twin.first_step:
            continue
        units = float(EXACT.multiply(order.filled, order.multiplier))
        if units:
            paid = float(order.notional) / units
            slips[key.asset, order.kind].append(order.side * (paid - market) / market * _BPS)
    slipping = [
        slip
        for (_, kind), found in slips.items()
        if kind not in (LIMIT, STOP_LIMIT)
        for slip in found
    ]
    return Calibration(
        source=source,
        each=tuple(
            _measured(symbols[asset], ORDER_KINDS[kind], found)
            for (asset, kind), found in sorted(slips.items())
        ),
        slipping=_measured("", "", slipping) if slipping else None,
        fee_bps=_fee_bps(ledger.values()),
    )


def _market_price(order: TradedOrder | None) -> float | None:
    """Give the mean price before slippage at which a backtest filled an order."""
    if order is None or not order.filled:
        return None
    worth = sum(float(fill.market or fill.price) * float(fill.units) for fill in order.fills)
    return worth / float(order.filled)


def _measured(symbol: str, kind: str, slips: Sequence[float]) -> Slippage:
    mean = fmean(slips)
    reach = _Z95 * stdev(slips) / sqrt(len(slips)) if len(slips) > 1 else None
    return Slippage(
        symbol=symbol,
        order_kind=kind,
        orders=len(slips),
        mean_bps=mean,
        low_bps=None if reach is None else mean - reach,
        high_bps=None if reach is None else mean + reach,
    )


def _fee_bps(orders: Iterable[TradedOrder]) -> float | None:
    every = list(orders)
    notional = float(sum(order.notional for order in every))
    return float(sum(order.fees for order in every)) / notional * _BPS if notional else None

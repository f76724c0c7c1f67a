"""Say what it would cost to close, at a run's last closes, all that it still holds."""

from __future__ import annotations

import numpy as np

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.rules.costs import fee_of, slipped
from algotrendy.exchange.rules.codes import MARKET

# Quantities are whole billionths: less than half of one is the rounding of a sum.
_NOTHING = 0.5e-9


def cost_of_closing(backtest: Backtest) -> float:
    """Give fees and slippage of market orders for all positions, in the account's currency.

    Windows of a walk forward each begin without a position. Were the last one's simply dropped,
    their exits would be free.
    """
    setting, fills = backtest.setting, backtest.fills
    costs, assets = setting.terms.cost_row(), setting.dataset.assets
    held = np.bincount(fills["asset"], weights=fills["units"], minlength=len(assets))
    paid = 0.0
    for place, asset in enumerate(assets):
        units = abs(float(held[place]))
        if units < _NOTHING or not len(asset.base):
            continue
        side = -1 if held[place] > 0.0 else 1
        mark, volume = float(asset.base.close[-1]), float(asset.base.volume[-1])
        unit = asset.multiplier
        if setting.rates is not None:
            unit *= float(setting.rates[-1, place])
        price = slipped(MARKET, side, mark, units, volume if asset.has_volume else 0.0, costs)
        paid += abs(price - mark) * units * unit
        paid += fee_of(units, units * price * unit, side, costs)
    return paid

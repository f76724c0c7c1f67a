"""Strategies that do everything there is to do, at random: their chance is arithmetic on floats.

What they read goes into their chance, so that a difference in anything that is told them changes
what they do. They run compiled and interpreted.
"""

from __future__ import annotations

from math import floor
from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.indicators import atr, macd, sma
from algotrendy.strategy.own import State, Vector
from algotrendy.strategy.parameters import Parameter
from algotrendy.strategy.schedules import every_bars, every_begin, every_open


def chance(own: Any, most: int) -> int:
    """Draw a whole number from 0 to below ``most``: Lehmer's generator, exact in floats."""
    own.seed = (own.seed * 16807.0) % 2147483647.0
    return int(own.seed / 2147483647.0 * most)


def stir(own: Any, read: float) -> None:
    """Let what was read have a say in what is drawn next."""
    if -1e12 < read < 1e12:
        own.seed = (own.seed + floor(abs(read) * 1000.0)) % 2147483646.0 + 1.0


def order(own: Any, asset: Any, units: float, side: int, near: float) -> None:
    """Place one order of any kind."""
    kind = chance(own, 9)
    tif = chance(own, 6)
    # One call for several kinds: each is compiled anew, which takes long.
    if kind < 2:
        own.last = float(asset.buy(units) if side > 0 else asset.sell(units))
    elif kind < 6:
        limit = near * (1.0 - 0.003 * side) if kind == 2 else 0.0
        limit = near * (1.0 + 0.004 * side) if kind == 4 else limit
        stop = near * (1.0 + 0.002 * side) if kind in (3, 4) else 0.0
        own.last = float(
            asset.buy(units, limit, stop, tif) if side > 0 else asset.sell(units, limit, stop, tif)
        )
    elif kind == 6:
        bracket(own, asset, units, side, near)
    else:
        price, percent = (near * 0.01, 0.0) if kind == 7 else (0.0, 1.5)
        own.last = float(
            asset.buy_trailing(units, price=price, percent=percent)
            if side > 0
            else asset.sell_trailing(units, price=price, percent=percent)
        )


def bracket(own: Any, asset: Any, units: float, side: int, near: float) -> None:
    """Place an entry of any kind with a target, a stop, or both."""
    kind = chance(own, 4)
    target = near * (1.0 + 0.01 * side) if kind != 0 else 0.0
    stop = near * (1.0 - 0.01 * side) if kind != 1 else 0.0
    worst = near * (1.0 - 0.02 * side) if chance(own, 4) == 0 and stop > 0.0 else 0.0
    limit = near if chance(own, 3) == 0 else 0.0
    reach = near * (1.0 + 0.003 * side) if chance(own, 4) == 0 else 0.0
    if side > 0:
        own.last = float(asset.buy_bracket(units, target, stop, limit, reach, worst))
    else:
        own.last = float(asset.sell_bracket(units, target, stop, limit, reach, worst))


def resize(own: Any, market: Any, asset: Any) -> None:
    """Order by share, by weight, or all of it."""
    what = chance(own, 5)
    if what == 0:
        asset.exit()
    elif what < 3:
        asset.target(0.15 * (chance(own, 9) - 3) if what == 1 else 0.3)
    elif what == 3 or market.cash <= 0.0:
        asset.invest(0.1 * (1 + chance(own, 10)))
    else:
        asset.invest()


def change(own: Any, asset: Any, near: float) -> None:
    """Protect what is held, or change or cancel some order."""
    what = chance(own, 6)
    some = int(own.last) - chance(own, 6)
    if what == 0:
        stir(own, float(asset.cancel(some)))
    elif what == 1:
        stir(own, float(asset.replace(some, limit=near * 0.998)))
    elif what == 2:
        stir(own, float(asset.replace(some, units=20.0 + chance(own, 30), stop=near * 1.003)))
    elif what == 3:
        stir(own, float(asset.cancel_all()))
    elif asset.position > 0.0:
        asset.protect(near * 1.015, near * 0.985)
    elif asset.position < 0.0:
        asset.protect(near * 0.985, near * 1.015, near * 1.03)


def look(market: Any, own: Any, asset: Any) -> None:
    """Read all there is to read."""
    own.window[len(asset.close) % 8] = asset.close[-1]
    stir(own, market.cash)
    stir(own, market.equity)
    stir(own, asset.position)
    stir(own, asset.entry_price)
    stir(own, float(asset.open_orders()))
    stir(own, float(len(asset.time)))
    stir(own, float(asset.time[-1] % 86_400_000_000_000 // 1_000_000_000))
    stir(own, float(market.now % 86_400_000_000_000 // 1_000_000_000))
    stir(own, own.window[chance(own, 8)])
    if asset.is_open(int(own.last)):
        stir(own, 17.0)


def act(market: Any, own: Any, p: Any) -> None:
    """Do something with each asset that has a new bar."""
    if own.count == 0.0:
        own.seed = float(p.seed)
    own.count = own.count + 1.0
    for k in range(len(market)):
        asset = market[k]
        if asset.is_new:
            look(market, own, asset)
            stir(own, own[k].mean)
            stir(own, own[k].trend_signal)
            stir(own, own[k].range)
            near = asset.close[-1]
            side = 1 if chance(own, 2) == 0 else -1
            whatever = chance(own, 10)
            if whatever < 4:
                order(own, asset, p.units * (1 + chance(own, 5)) * 0.5, side, near)
            elif whatever < 6:
                resize(own, market, asset)
            elif whatever < 8:
                change(own, asset, near)


def act_on_frames(market: Any, own: Any, p: Any) -> None:
    """Read the coarser bars too."""
    for k in range(len(market)):
        frame = market[k].on(1)
        if frame.is_new:
            stir(own, frame.close[-1])
            stir(own, frame.volume[-1])
        stir(own, float(len(frame.high)))
        stir(own, own[k].slow)
    act(market, own, p)


def on_fill(market: Any, own: Any, p: Any, fill: Any) -> None:
    """Let each fill have a say, and answer some of them."""
    stir(own, fill.units)
    stir(own, fill.price)
    stir(own, fill.fee)
    asset = market[fill.asset]
    if chance(own, 4) == 0 and fill.units > 0.0 and asset.position > 0.0:
        asset.protect(fill.price * 1.02, fill.price * 0.98)
    if chance(own, 9) == 0:
        asset.cancel(int(fill.order) + 1)
    if chance(own, 9) == 0:
        asset.sell(p.units)


def at_open(market: Any, own: Any, p: Any) -> None:
    """Rebalance the first asset."""
    own.opens = own.opens + 1.0
    market.target(0.05 * chance(own, 20))


def sometimes(market: Any, own: Any, p: Any) -> None:
    """Clear the last asset's orders."""
    market[len(market) - 1].cancel_all()
    stir(own, own.opens)


def at_new_week(market: Any, own: Any, p: Any) -> None:
    """Go flat."""
    for k in range(len(market)):
        market[k].exit()


_PARAMETERS = (
    Parameter("units", "float", 0.001, 1e9, 20.0, ""),
    Parameter("seed", "int", 1, 10**9, 7, ""),
)
_STATE: State = {"seed": 7.0, "count": 0.0, "last": 0.0, "opens": 0.0, "window": Vector(8)}
_INDICATORS = {"mean": sma(5), "trend": macd(4, 9, 3), "range": atr(5)}

WILD = Strategy(
    "wild",
    "Does everything at random.",
    "tests",
    _PARAMETERS,
    act_on_frames,
    lambda _: 1,
    state=_STATE,
    indicators={**_INDICATORS, "slow": sma(3, timeframe=1)},
    timeframes=("1Hour",),
    on_fill=on_fill,
    schedules=(
        (every_open(), at_open),
        (every_bars(13), sometimes),
        (every_begin("week"), at_new_week),
    ),
)
"""Reads coarser bars, and is called for fills and by schedules."""

WILD_BARS = Strategy(
    "wild_bars",
    "Does everything at random, after bars only.",
    "tests",
    _PARAMETERS,
    act,
    lambda _: 1,
    state=_STATE,
    indicators=_INDICATORS,
)
"""Is called after bars only: on one asset and cash it takes the drivers' short ways."""

"""The strategies that come with the platform."""

from __future__ import annotations

from typing import Final

from algotrendy.kernel.errors import NotFound
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library.bollinger_reversion import BOLLINGER_REVERSION
from algotrendy.strategy.library.buy_and_hold import BUY_AND_HOLD
from algotrendy.strategy.library.donchian_breakout import DONCHIAN_BREAKOUT
from algotrendy.strategy.library.dual_momentum import DUAL_MOMENTUM
from algotrendy.strategy.library.faber_timing import FABER_TIMING
from algotrendy.strategy.library.halloween import HALLOWEEN
from algotrendy.strategy.library.ibs_reversion import IBS_REVERSION
from algotrendy.strategy.library.macd_trend import MACD_TREND
from algotrendy.strategy.library.market_making import MARKET_MAKING
from algotrendy.strategy.library.momentum_rotation import MOMENTUM_ROTATION
from algotrendy.strategy.library.narrow_range_breakout import NARROW_RANGE_BREAKOUT
from algotrendy.strategy.library.pairs_trading import PAIRS_TRADING
from algotrendy.strategy.library.risk_parity import RISK_PARITY
from algotrendy.strategy.library.rsi_reversion import RSI_REVERSION
from algotrendy.strategy.library.sma_cross import SMA_CROSS
from algotrendy.strategy.library.time_series_momentum import TIME_SERIES_MOMENTUM
from algotrendy.strategy.library.trailing_trend import TRAILING_TREND
from algotrendy.strategy.library.turn_of_month import TURN_OF_MONTH
from algotrendy.strategy.library.volatility_breakout import VOLATILITY_BREAKOUT
from algotrendy.strategy.library.volatility_target import VOLATILITY_TARGET

_STRATEGIES: Final = (
    BOLLINGER_REVERSION,
    BUY_AND_HOLD,
    DONCHIAN_BREAKOUT,
    DUAL_MOMENTUM,
    FABER_TIMING,
    HALLOWEEN,
    IBS_REVERSION,
    MACD_TREND,
    MARKET_MAKING,
    MOMENTUM_ROTATION,
    NARROW_RANGE_BREAKOUT,
    PAIRS_TRADING,
    RISK_PARITY,
    RSI_REVERSION,
    SMA_CROSS,
    TIME_SERIES_MOMENTUM,
    TRAILING_TREND,
    TURN_OF_MONTH,
    VOLATILITY_BREAKOUT,
    VOLATILITY_TARGET,
)
_ALL: Final = {strategy.name: strategy for strategy in _STRATEGIES}


def library() -> tuple[Strategy, ...]:
    """Give every strategy, by name."""
    return tuple(_ALL[name] for name in sorted(_ALL))


def strategy_named(name: str) -> Strategy:
    """Find a strategy.

    Raises:
        NotFound: If there is none of that name; the hint lists those there are.
    """
    if name not in _ALL:
        raise NotFound("strategy", name, f"there are {', '.join(sorted(_ALL))}")
    return _ALL[name]

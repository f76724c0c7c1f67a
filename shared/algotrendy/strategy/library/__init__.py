"""The strategies that come with the platform."""

from __future__ import annotations

from algotrendy.kernel.errors import NotFound
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library.buy_and_hold import BUY_AND_HOLD
from algotrendy.strategy.library.rsi_reversion import RSI_REVERSION
from algotrendy.strategy.library.sma_cross import SMA_CROSS

_ALL = {strategy.name: strategy for strategy in (BUY_AND_HOLD, RSI_REVERSION, SMA_CROSS)}


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

"""Set up nautilus_trader 2: a venue with the workloads' fee, one share, and bars of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from measuring import Outcome
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import LoggerConfig, LogLevel
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model import (
    AccountType,
    Bar,
    BarType,
    Currency,
    Equity,
    InstrumentId,
    Money,
    OmsType,
    OrderSide,
    Price,
    Quantity,
    Symbol,
    Venue,
)
from nautilus_trader.trading import Strategy
from numpy.typing import NDArray
from workloads import BRACKET, EVERY, FEE, UNITS, Bars

NOTE = "fills an order that follows a bar at that bar's own close, never at the next open"
DIGITS = 4

# What it logs of each order would be part of what is timed.
_SILENT = LoggerConfig(stdout_level=LogLevel.OFF, fileout_level=LogLevel.OFF, bypass_logging=True)
_VENUE = Venue("SIM")
_DOLLAR = Currency.from_str("USD")
_SHARE = InstrumentId.from_str("SYN.SIM")
_BARS = BarType.from_str("SYN.SIM-1-MINUTE-LAST-EXTERNAL")


def bars_of(bars: Bars, times: NDArray[Any]) -> list[Bar]:
    """Give bars as its own objects."""
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, times)
    return [
        Bar(
            _BARS,
            Price(open_, DIGITS),
            Price(high, DIGITS),
            Price(low, DIGITS),
            Price(close, DIGITS),
            Quantity(volume, 0),
            time,
            time,
        )
        for open_, high, low, close, volume, time in zip(
            *(column.tolist() for column in columns), strict=True
        )
    ]


class Crossing(Strategy):
    """Is long while the fast mean is above the slow one."""

    def __init__(self, fast: int, slow: int) -> None:
        super().__init__()
        self.fast, self.slow = SimpleMovingAverage(fast), SimpleMovingAverage(slow)
        self.long, self.fills = False, 0

    # The Rust class underneath would take the means for its own arguments.
    def __new__(cls, *_: object) -> Crossing:
        return super().__new__(cls)

    def on_start(self) -> None:
        self.register_indicator_for_bars(_BARS, self.fast)
        self.register_indicator_for_bars(_BARS, self.slow)
        self.subscribe_bars(_BARS)
        self.units = Quantity(UNITS, 0)

    def on_bar(self, _: Bar) -> None:
        if not self.slow.initialized:
            return
        if not self.long:
            if self.fast.value > self.slow.value:
                self._turn(OrderSide.BUY)
        elif self.fast.value < self.slow.value:
            self._turn(OrderSide.SELL)

    def _turn(self, side: OrderSide) -> None:
        self.submit_order(self.order_factory.market(_SHARE, side, self.units))
        self.long = side == OrderSide.BUY

    def on_order_filled(self, _: object) -> None:
        self.fills += 1


class Brackets(Strategy):
    """Enters when flat at every so-manyth bar."""

    def __init__(self) -> None:
        super().__init__()
        self.bar, self.fills = -1, 0

    def on_start(self) -> None:
        self.subscribe_bars(_BARS)
        self.units = Quantity(UNITS, 0)

    def on_bar(self, bar: Bar) -> None:
        self.bar += 1
        if self.bar % EVERY == 0 and self.fills % 2 == 0:
            close = bar.close.as_double()
            self.submit_order_list(
                self.order_factory.bracket(
                    _SHARE,
                    OrderSide.BUY,
                    self.units,
                    tp_price=Price(round(close * (1 + BRACKET), DIGITS), DIGITS),
                    tp_post_only=False,
                    sl_trigger_price=Price(round(close * (1 - BRACKET), DIGITS), DIGITS),
                )
            )

    def on_order_filled(self, _: object) -> None:
        self.fills += 1


def engine(strategy: Any, bars: list[Bar], cash: float) -> tuple[BacktestEngine, Any]:
    """Give an engine that is ready to run a strategy over bars; it runs once."""
    share = Equity(_SHARE, Symbol("SYN"), _DOLLAR, DIGITS, Price.from_str("0.0001"), 0, 0)
    made = BacktestEngine(
        BacktestEngineConfig(logging=_SILENT, bypass_logging=True, run_analysis=False)
    )
    rate = Decimal(str(FEE))
    made.add_venue(
        _VENUE,
        OmsType.NETTING,
        AccountType.MARGIN,
        [Money(cash, _DOLLAR)],
        base_currency=_DOLLAR,
        fee_model=MakerTakerFeeModel(rate, rate),
    )
    made.add_instrument(share)
    made.add_data(bars)
    made.add_strategy(strategy)
    return made, strategy


def run(ready: tuple[BacktestEngine, Any]) -> Outcome:
    """Run an engine."""
    made, strategy = ready
    made.run()
    equity = made.portfolio.equity(_VENUE)[_DOLLAR].as_double()
    return Outcome(equity, strategy.fills)

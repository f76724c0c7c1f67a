"""nautilus_trader 2: bars that its engine makes of trades, in Rust, within a backtest.

Its aggregators cannot be called from Python by themselves: what is timed is a backtest whose only
work they are, and a Python method that is given each bar.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from measuring import Subject, report
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import LoggerConfig, LogLevel
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import (
    AccountType,
    AggressorSide,
    BarType,
    Currency,
    Equity,
    InstrumentId,
    Money,
    OmsType,
    Price,
    Quantity,
    Symbol,
    TradeId,
    TradeTick,
    Venue,
)
from nautilus_trader.trading import Strategy
from trades import Trades

SHARE = InstrumentId.from_str("SYN.SIM")
SILENT = LoggerConfig(stdout_level=LogLevel.OFF, fileout_level=LogLevel.OFF, bypass_logging=True)
MOST = 300_000
UNITS = "its sizes are whole units, so that a trade is not cut at the amount exactly"


class Listening(Strategy):
    """Asks for bars of one kind, and keeps them."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind, self.bars = BarType.from_str(f"SYN.SIM-{kind}-LAST-INTERNAL"), []

    # The Rust class underneath would take the kind for its own argument.
    def __new__(cls, *_: object) -> Listening:
        return super().__new__(cls)

    def on_start(self) -> None:
        self.subscribe_bars(self.kind)

    def on_bar(self, bar: Any) -> None:
        self.bars.append(bar)


def ticks(trades: Trades) -> list[TradeTick]:
    rows = zip(trades.times.tolist(), trades.prices.tolist(), trades.sizes.tolist(), strict=True)
    return [
        TradeTick(
            SHARE,
            Price(price, 2),
            Quantity(size, 0),
            AggressorSide.BUY,
            TradeId(str(number)),
            time,
            time,
        )
        for number, (time, price, size) in enumerate(rows)
    ]


def build(given: list[TradeTick], kind: str) -> list[Any]:
    engine = BacktestEngine(
        BacktestEngineConfig(logging=SILENT, bypass_logging=True, run_analysis=False)
    )
    dollar = Currency.from_str("USD")
    venue = Venue("SIM")
    engine.add_venue(
        venue,
        OmsType.NETTING,
        AccountType.CASH,
        [Money(1, dollar)],
        base_currency=dollar,
        fee_model=MakerTakerFeeModel(Decimal(0), Decimal(0)),
    )
    engine.add_instrument(Equity(SHARE, Symbol("SYN"), dollar, 2, Price.from_str("0.01"), 0, 0))
    engine.add_data(given)
    listening = Listening(kind)
    engine.add_strategy(listening)
    engine.run()
    return listening.bars


def columns(bars: list[Any]) -> dict[str, Any]:
    names = ("open", "high", "low", "close", "volume")
    return {name: [getattr(bar, name).as_double() for bar in bars] for name in names}


def of(style: str, kind: str, note: str = "") -> Subject:
    return Subject(style, lambda given: build(given, kind), columns, ticks, most=MOST, note=note)


report(
    "nautilus_trader",
    "nautilus_trader",
    (
        of("time:interval=1Min", "1-MINUTE"),
        of("tick:amount=1000", "1000-TICK"),
        of("volume:amount=250000,excess=split", "250000-VOLUME"),
        of("dollar:amount=25000000,excess=split", "25000000-VALUE", UNITS),
        of("renko:size=0.05,reversal=1,wicks=no", "5-RENKO"),
    ),
)

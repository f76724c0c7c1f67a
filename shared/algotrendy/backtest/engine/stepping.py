"""Drive a strategy one step at a time, told of the account from outside.

It is called as in a backtest, and asks the same desk over the same rows. What an order has become,
what is held and what cash there is, is told: nothing here fills. So a run can end after any step
and go on in another process, with no more than its `StepState` and the bars.

What cannot be kept so is what a strategy remembers anywhere but in what it owns. Margin calls are
the broker's; interest, actions of companies and other events are in the account that is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from algotrendy.backtest.data.asset import Asset
from algotrendy.backtest.data.columns import NUMBERS, Columns, columns
from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.engine.noting import NotingDesk
from algotrendy.backtest.engine.records import AccountRow
from algotrendy.backtest.engine.rules.booking import equity_of
from algotrendy.backtest.engine.setting import Setting, asset_rows
from algotrendy.backtest.engine.step_orders import apply_fates, open_orders, restore_orders
from algotrendy.backtest.engine.step_records import AccountSeen, BarSeen, Decision, StepInputs
from algotrendy.backtest.engine.step_state import OwnState, StepState, numbers
from algotrendy.backtest.engine.telling import Told, told_of
from algotrendy.exchange.rules.records import OrderRow
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.market import Market

NOT_BEGUN: Final = -1
"""The step that is done before the first."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """What came of a step: decisions in the order of asking, and what the next begins with."""

    decisions: tuple[Decision, ...]
    state: StepState


class Stepper:
    """A strategy that is called step by step.

    After a step that raised it is of no use any more; make another from the state before.

    Args:
        setting: Strategy, parameters, terms, and a dataset, of which nothing but the assets and
            their terms are read: `without_bars` makes one.
        state: After the step before; None at the first.

    Raises:
        Invalid: If the state is of another strategy or universe, or an asset is quoted in another
            currency than the account's.
    """

    def __init__(self, setting: Setting, state: StepState | None = None) -> None:
        strategy, assets = setting.strategy, setting.dataset.assets
        for asset in assets:
            if asset.currency != setting.dataset.currency:
                expected = f"{setting.dataset.currency}, the account's"
                raise Invalid(f"{asset.symbol}.currency", expected, asset.currency)
        self._told = told_of(setting)
        self._account = AccountRow()
        self._rows = asset_rows(setting)
        self._tables: list[list[OrderRow]] = [[] for _ in assets]
        self._desk = NotingDesk(self._rows, self._account, setting.terms.cost_row(), self._tables)
        self._market = Market(self._desk, len(assets), 1 + len(strategy.timeframes))
        self._frames = [
            [self._market[k].on(place) for place in range(1 + len(strategy.timeframes))]
            for k in range(len(assets))
        ]
        self.state = state or _beginning(self._told)
        self._restore()

    @property
    def market(self) -> Market:
        """Give what the strategy has been told of the market."""
        return self._market

    def tell(self, history: Dataset, until: int) -> None:
        """Tell of earlier bars, without asking for decisions.

        Args:
            history: Of the assets and timeframes of the setting.
            until: Bars known by then are told, nanoseconds since 1970 UTC: those of the steps that
                are done. The run's first bar is the first of them all.
        """
        for asset, frames in zip(history.assets, self._frames, strict=True):
            for bars, frame in zip(asset.frames, frames, strict=False):
                part = bars[: int(bars.known.searchsorted(until, "right"))]
                for name in ("time", "open", "high", "low", "close", "volume"):
                    setattr(frame, name, getattr(part, name).tolist())

    def tell_bars(self, bars: Iterable[BarSeen]) -> None:
        """Tell of earlier bars as steps were told of them, oldest first.

        Raises:
            Invalid: If a bar is of no asset or timeframe, or no newer than the one before it.
        """
        for number, bar in enumerate(bars):
            self._tell_bar(number, bar)

    def step(self, inputs: StepInputs) -> Stepped:
        """Do the next step.

        Raises:
            Invalid: If it is not the next, a bar is of no asset or timeframe or is no newer than
                the one before it, or the strategy keeps what is no number.
            TooManyOrdersError: If more is asked for than anybody takes.
            Exception: Whatever the strategy raises.
        """
        self._require_next(inputs)
        self._restore()
        for frames in self._frames:
            for frame in frames:
                frame.is_new = False
        self.tell_bars(inputs.bars)
        self._tell_account(inputs.account)
        self._market.now = inputs.now
        self._desk.begin(inputs.step, inputs.now, sends=inputs.sends)
        self._told.tell(self._market, inputs.account.fills, inputs.due)
        self._desk.require_room()
        self.state = StepState(
            step=inputs.step,
            now=inputs.now,
            placed=self._account.placed,
            owns=tuple(_owned(self._told, own) for own in self._told.owns),
            orders=open_orders(self._rows, self._tables, self._desk.log),
        )
        return Stepped(tuple(self._desk.decisions), self.state)

    def _require_next(self, inputs: StepInputs) -> None:
        if inputs.step != self.state.step + 1:
            raise Invalid("inputs.step", f"{self.state.step + 1}, the next", inputs.step)
        if inputs.step and inputs.now <= self.state.now:
            raise Invalid("inputs.now", f"later than {self.state.now}", inputs.now)
        account, assets = inputs.account, len(self._rows)
        for name, given in (
            ("positions", account.positions),
            ("entry_prices", account.entry_prices),
        ):
            if len(given) != assets:
                raise Invalid(f"inputs.account.{name}", f"{assets} numbers", len(given))

    def _restore(self) -> None:
        """Let everything be as the state says, whatever was there: so a step after a restart is
        the step that it would have been without.
        """
        _restore_owns(self._told, self.state.owns)
        self._account.placed = self.state.placed
        self._desk.log = restore_orders(
            self.state.orders, self.state.placed, self._rows, self._tables
        )

    def _tell_bar(self, number: int, bar: BarSeen) -> None:
        if not (0 <= bar.asset < len(self._frames)):
            expected = f"of one of {len(self._frames)} assets, from 0"
            raise Invalid(f"bars[{number}].asset", expected, bar.asset)
        frames = self._frames[bar.asset]
        if not (0 <= bar.frame < len(frames)):
            expected = f"of one of {len(frames)} timeframes, from 0"
            raise Invalid(f"bars[{number}].frame", expected, bar.frame)
        frame = frames[bar.frame]
        if frame.time and bar.time <= frame.time[-1]:
            expected = f"later than {frame.time[-1]}, that of the bar before"
            raise Invalid(f"bars[{number}].time", expected, bar.time)
        frame.time.append(bar.time)
        frame.open.append(bar.open)
        frame.high.append(bar.high)
        frame.low.append(bar.low)
        frame.close.append(bar.close)
        frame.volume.append(bar.volume)
        frame.is_new = True

    def _tell_account(self, seen: AccountSeen) -> None:
        account, rows = self._account, self._rows
        account.cash = seen.cash
        told = zip(rows, self._market, seen.positions, seen.entry_prices, strict=True)
        for row, asset, position, entry in told:
            row.position, row.cost = position, position * entry
            row.mark = asset.close[-1] if asset.close else 0.0
            asset.position, asset.entry_price = position, entry
        apply_fates(seen.orders, self._desk.log, rows, self._tables)
        account.equity = equity_of(rows, len(rows), account)
        self._market.cash, self._market.equity = account.cash, account.equity


def without_bars(
    symbols: Sequence[str], timeframes: Sequence[str], currency: str = "USD"
) -> Dataset:
    """Make a dataset of assets that no bar is known of, for the setting of a `Stepper`.

    Args:
        timeframes: The one that is traded on, then those that the strategy reads besides.
    """
    nothing = columns(
        {name: np.zeros(0) for name in NUMBERS} | {"time": np.zeros(0, dtype=np.int64)},
        known=np.zeros(0, dtype=np.int64),
    )
    coarser = tuple(nothing for _ in timeframes[1:])
    assets = tuple(
        Asset(symbol, nothing, coarser, tuple(timeframes), currency) for symbol in symbols
    )
    return Dataset(assets, currency, {}, nothing.known)


def bars_seen(setting: Setting, step: int) -> tuple[BarSeen, ...]:
    """Give the bars that became known at a step of the dataset, of the strategy's timeframes."""
    dataset, frames = setting.dataset, 1 + len(setting.strategy.timeframes)
    now = int(dataset.timeline[step])
    before = int(dataset.timeline[step - 1]) if step else None
    found: list[BarSeen] = []
    for place, asset in enumerate(dataset.assets):
        for frame, bars in enumerate(asset.frames[:frames]):
            first = 0 if before is None else int(bars.known.searchsorted(before, "right"))
            last = int(bars.known.searchsorted(now, "right"))
            found += [_bar_seen(bars, row, place, frame) for row in range(first, last)]
    return tuple(found)


def _bar_seen(bars: Columns, row: int, asset: int, frame: int) -> BarSeen:
    return BarSeen(
        asset=asset,
        time=int(bars.time[row]),
        known=int(bars.known[row]),
        open=float(bars.open[row]),
        high=float(bars.high[row]),
        low=float(bars.low[row]),
        close=float(bars.close[row]),
        volume=float(bars.volume[row]),
        frame=frame,
    )


def _beginning(told: Told) -> StepState:
    owns = tuple(_owned(told, own) for own in told.owns)
    return StepState(step=NOT_BEGUN, now=0, placed=0, owns=owns, orders=())


def _owned(told: Told, own: Any) -> OwnState:
    names = [(name, getattr(own, name)) for name in told.layout.scalars]
    for name, value in names:
        numbers((value,), f"own.{name}")
    return OwnState(
        scalars=tuple(value for _, value in names),
        vectors=tuple(
            numbers(getattr(own, name), f"own.{name}") for name, _ in told.layout.vectors
        ),
        cells=numbers(own.cells, "own.cells"),
    )


def _restore_owns(told: Told, states: Sequence[OwnState]) -> None:
    if len(states) != len(told.owns):
        raise Invalid("state.owns", f"of {len(told.owns)} assets", len(states))
    for own, state in zip(told.owns, states, strict=True):
        _require_size("scalars", len(told.layout.scalars), len(state.scalars))
        _require_size("vectors", len(told.layout.vectors), len(state.vectors))
        _require_size("cells", len(own.cells), len(state.cells))
        for name, value in zip(told.layout.scalars, state.scalars, strict=True):
            setattr(own, name, value)
        for (name, _), values in zip(told.layout.vectors, state.vectors, strict=True):
            setattr(own, name, list(values))
        own.cells = list(state.cells)


def _require_size(name: str, expected: int, actual: int) -> None:
    if actual != expected:
        raise Invalid(f"state.owns.{name}", f"{expected} of them, as the strategy has", actual)

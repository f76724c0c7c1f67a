"""Run the backtester over a run's bars, and keep what its strategy was told and asked for.

The engine is the plain `Interpreter`, with its own fills and its own account; it is only listened
to. So what it decides is what any backtest of these bars decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from algotrendy.backtest.engine.feed import Feed
from algotrendy.backtest.engine.interpreted import Interpreter
from algotrendy.backtest.engine.raw import Raw
from algotrendy.backtest.engine.records import LogRow
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.step_records import (
    AccountSeen,
    BarSeen,
    Decision,
    DecisionKind,
    FillSeen,
    OrderFate,
    OrderSeen,
    StepInputs,
)
from algotrendy.exchange.rules.codes import CANCELED, EXPIRED, FILLED, TRAILING_STOP

_ENDED = (CANCELED, EXPIRED)


class StepwiseSetting(Setting):
    """A setting that is driven step by step, whatever could be driven faster."""

    @cached_property
    def is_plain(self) -> bool:
        """Say no: the fast way tells nobody of a step."""
        return False


@dataclass(frozen=True, slots=True)
class WitnessedStep:
    """One step of a backtest.

    Attributes:
        inputs: What the strategy was told.
        decisions: What it asked for, in the order of the orders' ids; then what it cancelled and
            changed of earlier ones.
    """

    inputs: StepInputs
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Witness:
    """A backtest that was listened to."""

    setting: Setting
    raw: Raw
    steps: tuple[WitnessedStep, ...]


def witness(setting: Setting) -> Witness:
    """Run a strategy over bars, and keep each step.

    Raises:
        Exception: Whatever the strategy raises.
    """
    stepwise = StepwiseSetting(
        setting.dataset,
        setting.strategy,
        setting.values,
        setting.terms,
        setting.calendar,
        setting.trade_from,
        setting.periods_per_year,
    )
    engine = _Watched(stepwise)
    raw = engine.run()
    return Witness(setting, raw, tuple(engine.told))


class _Watched(Interpreter):
    """The interpreter, whose strategy's ears and hands are looked at."""

    def __init__(self, setting: StepwiseSetting) -> None:
        super().__init__(setting)
        self.told: list[WitnessedStep] = []
        self._open: list[int] = []
        self._heard: dict[tuple[int, int], int] = {}

    def _tell_strategy(self, step: int, first: int) -> None:
        told = self._account_seen(first)
        self._open = [order for order in self._open if self._fate(order) == "open"]
        before = {order: _terms(self._desk.log[order - 1]) for order in self._open}
        placed = self._account.placed
        inputs = StepInputs(
            step=step,
            now=self._timeline[step],
            bars=self._bars_of(),
            account=told,
            due=0 if self._due is None else self._due[step],
            sends=not self._account.is_shut,
        )
        super()._tell_strategy(step, first)
        new = range(placed + 1, self._account.placed + 1)
        asked = [(order, _kind(self._desk.log[order - 1])) for order in new]
        asked += [(order, self._change(order, was)) for order, was in before.items()]
        made = [(order, kind) for order, kind in asked if kind is not None]
        self.told.append(
            WitnessedStep(
                inputs,
                tuple(
                    _decision(number, kind, order, self._desk.log[order - 1])
                    for number, (order, kind) in enumerate(made, 1)
                ),
            )
        )
        self._open += [order for order in new if self._fate(order) == "open"]

    def _account_seen(self, first: int) -> AccountSeen:
        return AccountSeen(
            cash=self._account.cash,
            positions=tuple(row.position for row in self._rows),
            entry_prices=tuple(
                row.cost / row.position if row.position != 0.0 else 0.0 for row in self._rows
            ),
            fills=tuple(
                FillSeen(done.order, done.asset, done.units, done.price, done.fee)
                for done in self._done[first : self._filled]
            ),
            orders=tuple(
                OrderSeen(order, self._desk.log[order - 1].filled, self._fate(order))
                for order in self._open
            ),
        )

    def _bars_of(self) -> tuple[BarSeen, ...]:
        """Give the bars that became known at this step, each asset's own first."""
        found: list[BarSeen] = []
        frames = len(self._setting.strategy.timeframes)
        for asset, feed in enumerate(self._feeds):
            longer = self._coarser[asset * frames : (asset + 1) * frames]
            for frame, each in enumerate((feed, *longer)):
                heard = self._heard.get((asset, frame), 0)
                found += [_bar(asset, frame, each, at) for at in range(heard, each.seen)]
                self._heard[asset, frame] = each.seen
        return tuple(found)

    def _fate(self, order: int) -> OrderFate:
        state = self._desk.log[order - 1].state
        if state == FILLED:
            return "filled"
        return "ended" if state in _ENDED else "open"

    def _change(self, order: int, was: tuple[float, float, float]) -> DecisionKind | None:
        row = self._desk.log[order - 1]
        if row.state in _ENDED:
            return "cancel"
        return None if _terms(row) == was else "replace"


def _terms(row: LogRow) -> tuple[float, float, float]:
    return row.units, row.limit, row.stop


def _kind(row: LogRow) -> DecisionKind:
    return "trail" if row.kind == TRAILING_STOP else "place"


def _bar(asset: int, frame: int, feed: Feed, at: int) -> BarSeen:
    return BarSeen(
        asset=asset,
        time=feed.time[at],
        known=feed.known[at],
        open=feed.open[at],
        high=feed.high[at],
        low=feed.low[at],
        close=feed.close[at],
        volume=feed.volume[at],
        frame=frame,
    )


def _decision(number: int, kind: DecisionKind, order: int, row: LogRow) -> Decision:
    return Decision(
        number=number,
        kind=kind,
        order=order,
        asset=row.asset,
        side=row.side,
        order_kind=row.kind,
        units=row.units,
        limit=row.limit,
        stop=row.stop,
        trail_price=row.trail_price,
        trail_percent=row.trail_percent,
        tif=row.tif,
        role=row.role,
        entry=row.entry,
    )

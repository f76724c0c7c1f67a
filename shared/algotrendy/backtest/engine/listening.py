"""Run a backtest step by step, and listen to what its strategy is told and asks for.

The engine fills and keeps its own account as in any backtest. Its inputs on a `Stepper` are its
decisions: that is what makes a live run and a backtest comparable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Self

from algotrendy.backtest.engine.desk import BacktestDesk
from algotrendy.backtest.engine.interpreted import Interpreter
from algotrendy.backtest.engine.noting import NotingDesk
from algotrendy.backtest.engine.records import AccountRow, AssetRow, CostRow
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.step_records import (
    AccountSeen,
    Decision,
    FillSeen,
    OrderFate,
    OrderSeen,
    StepInputs,
)
from algotrendy.backtest.engine.stepping import bars_seen
from algotrendy.exchange.rules.codes import CANCELED, EXPIRED, FILLED
from algotrendy.exchange.rules.groups import is_open
from algotrendy.exchange.rules.records import OrderRow


@dataclass(frozen=True, slots=True)
class ListenedStep:
    """One step of a backtest: what the strategy was told, and what it asked for."""

    inputs: StepInputs
    decisions: tuple[Decision, ...]


class StepwiseSetting(Setting):
    """A setting that is driven step by step, whatever could be driven faster."""

    @classmethod
    def of(cls, setting: Setting) -> Self:
        """Give the same, driven so."""
        return cls(**{field.name: getattr(setting, field.name) for field in fields(setting)})

    @cached_property
    def is_plain(self) -> bool:
        """Say no: the fast way stops nowhere."""
        return False


class Listener(Interpreter):
    """A backtest that stops after each step, and tells of it."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(StepwiseSetting.of(setting))
        self._inputs: StepInputs | None = None
        self._open: dict[int, tuple[float, OrderFate]] = {}

    def steps(self) -> Iterator[ListenedStep]:
        """Run to the end, or until the account is ruined: after that no strategy is called.

        Raises:
            Whatever the strategy raises.
        """
        for step, now in enumerate(self._timeline):
            self._advance(step, now)
            if self._account.is_ruined or self._inputs is None:
                return
            yield ListenedStep(self._inputs, tuple(self._noting.decisions))

    def _make_desk(
        self,
        rows: list[AssetRow],
        account: AccountRow,
        costs: CostRow,
        tables: list[list[OrderRow]],
    ) -> BacktestDesk:
        self._noting = NotingDesk(rows, account, costs, tables)
        return self._noting

    def _tell_strategy(self, step: int, first: int) -> None:
        if self._account.is_ruined:
            return
        sends = not self._account.is_shut
        self._inputs = StepInputs(
            step=step,
            now=self._timeline[step],
            bars=bars_seen(self._setting, step),
            account=self._seen(first),
            due=0 if self._due is None else self._due[step],
            sends=sends,
        )
        self._noting.begin(step, self._timeline[step], sends=sends)
        super()._tell_strategy(step, first)
        self._noting.require_room()
        for decision in self._noting.decisions:
            if decision.kind in ("place", "trail"):
                self._open[decision.order] = 0.0, "open"

    def _seen(self, first: int) -> AccountSeen:
        return AccountSeen(
            cash=self._account.cash,
            positions=tuple(row.position for row in self._rows),
            entry_prices=tuple(asset.entry_price for asset in self.market),
            fills=tuple(
                FillSeen(done.order, done.asset, done.units, done.price, done.fee)
                for done in self._done[first : self._filled]
            ),
            orders=tuple(self._fates()),
        )

    def _fates(self) -> list[OrderSeen]:
        """Tell what has become of the open orders since the step before."""
        filled = {
            row.key: row.filled
            for asset, table in zip(self._rows, self._tables, strict=True)
            for row in table[: asset.count]
            if is_open(row)
        }
        told: list[OrderSeen] = []
        for order, was in list(self._open.items()):
            kept = self._desk.log[order - 1]
            fate: OrderFate = "open"
            if kept.state == FILLED:
                fate = "filled"
            elif kept.state in (CANCELED, EXPIRED):
                fate = "ended"
            # The rules count what the market gave, the log what the account could take of it.
            found = filled.get(order, kept.filled), fate
            if found != was:
                told.append(OrderSeen(order, *found))
            self._open[order] = found
            if fate != "open":
                del self._open[order]
        return told


def listened(setting: Setting) -> Iterator[ListenedStep]:
    """Run a strategy over bars, and give each step as it is done.

    Raises:
        Whatever the strategy raises.
    """
    return Listener(setting).steps()

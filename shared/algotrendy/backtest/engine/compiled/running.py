"""Hold the memory of a compiled run, and drive it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.engine.compiled.bind import Bound
from algotrendy.backtest.engine.compiled.memory import (
    ACCOUNT,
    ACTION,
    ASSET,
    BAR,
    CONTEXT,
    COSTS,
    DONE,
    FILL,
    FRAME,
    LOG,
    ORDER,
    TERMS,
    Table,
    address,
)
from algotrendy.backtest.engine.raw import Raw
from algotrendy.backtest.engine.records import AccountRow
from algotrendy.backtest.engine.setting import Setting
from algotrendy.kernel.records import Record

_COLUMNS = ("time", "open", "high", "low", "close", "volume", "known", "phase")


class Run:
    """The memory of one run."""

    def __init__(self, setting: Setting, bound: Bound, rows: int, log_rows: int) -> None:
        dataset, layout = setting.dataset, bound.layout
        count = len(dataset.assets)
        self._setting, self._bound = setting, bound
        self._context = np.zeros(1, CONTEXT)
        self._assets = np.zeros(count, ASSET)
        self._frames = np.zeros((count, 1 + len(setting.strategy.timeframes)), FRAME)
        self._orders = np.zeros((count, rows), ORDER)
        self._orders["parent"] = self._orders["sibling"] = -1
        # Every row is written whole before it is read; to clear what will not be costs time.
        self._log = np.empty(log_rows, LOG)
        self._done = np.empty(log_rows, DONE)
        self._found = np.empty(4 * rows, FILL)
        self._bar = np.zeros(1, BAR)
        self._account = np.zeros(1, ACCOUNT)
        self._account["cash"] = self._account["equity"] = setting.terms.cash
        self._costs = np.zeros(1, COSTS)
        _copy(setting.terms.cost_row(), self._costs)
        self._terms = np.zeros(count, TERMS)
        self._actions = np.zeros(sum(len(a.actions) for a in dataset.assets), ACTION)
        self._set_assets()
        sizes = layout.sizes(setting.values)
        vectors, cells = sizes[: len(layout.vectors)], sizes[len(layout.vectors) :]
        own = np.zeros((count, len(layout.scalars) + sum(sizes) + 1))  # whole numbers
        own[:, : len(layout.scalars)] = layout.initial
        self._own = own
        begins = np.cumsum([len(layout.scalars), *vectors])
        self._vectors = np.array(
            [[8 * begin, size] for begin, size in zip(begins, vectors, strict=False)] or [[0, 0]]
        ).astype(np.int64)
        places = np.cumsum([0, *cells])[:-1] if cells else np.zeros(0, np.int64)
        self._places = np.array([len(places), *places], dtype=np.int64)
        self._parameters = np.array([*setting.parameters(), 0.0], dtype=np.float64)
        self._curves = np.empty((3, len(dataset)))
        context = self._context[0]
        for name, array in (
            ("assets", self._assets),
            ("own", own),
            ("parameters", self._parameters),
            ("places", self._places),
            ("vectors", self._vectors),
            ("account", self._account),
            ("costs", self._costs),
            ("log", self._log),
            ("done", self._done),
            ("found", self._found),
            ("bar", self._bar),
            ("terms", self._terms),
            ("equity", self._curves[0]),
            ("cash", self._curves[1]),
            ("exposure", self._curves[2]),
        ):
            context[name] = address(array)
        context["count"] = count
        context["own_size"] = own.strides[0]
        context["cells"] = 8 * begins[-1]
        context["rows"] = rows
        context["log_rows"] = log_rows

    def go(self) -> int:
        """Run; give how it ended."""
        return self._go_plain() if self._setting.is_plain else self._go_every()

    def _go_plain(self) -> int:
        # A driver compiles when it is first imported, where it was not kept.
        from algotrendy.backtest.engine.compiled.plain import drive_plain

        ended: int = drive_plain(self._bound.entry, address(self._context))
        return ended

    def _go_every(self) -> int:
        from algotrendy.backtest.engine.compiled.driver import drive

        setting = self._setting
        strategy = setting.strategy
        none = np.zeros(0, np.int64)
        ended: int = drive(
            self._bound.entry,
            address(self._context),
            self._context,
            self._assets,
            self._frames,
            self._orders,
            self._log,
            self._done,
            self._found,
            self._bar,
            self._account,
            self._costs,
            self._terms,
            self._actions,
            np.zeros((0, 0)) if setting.rates is None else setting.rates,
            none if setting.nights is None else np.array(setting.nights),
            none if setting.due is None else np.array(setting.due),
            setting.dataset.timeline,
            self._curves,
            int(strategy.on_fill is not None or bool(strategy.schedules)),
            address(self._done),
            setting.trade_from,
        )
        return ended

    def go_many(
        self,
        drive_many: Any,
        parameters: NDArray[np.float64],
        columns: NDArray[np.int64],
        years: float,
        periods_per_year: float,
        with_figures: int,
        out: NDArray[np.float64],
        ended: NDArray[np.int64],
        filled: NDArray[np.int64],
        equities: NDArray[np.float64],
        first: int,
        last: int,
    ) -> None:
        """Run again and again, with a row of parameters and of columns each."""
        context = self._context[0]
        context["parameters"] = address(parameters)
        context["columns"] = address(columns)
        if not with_figures:
            context["cash"] = context["exposure"] = 0  # nobody reads those curves
            context["equity"] *= equities.size > 0
        drive_many(
            self._bound.entry,
            address(self._context),
            self._curves,
            self._own,
            np.array(self._bound.layout.initial, dtype=np.float64),
            parameters,
            columns,
            self._setting.terms.cash,
            years,
            periods_per_year,
            with_figures,
            out,
            ended,
            filled,
            equities,
            first,
            last,
        )

    def raw(self) -> Raw:
        """Give what the run left behind."""
        account = AccountRow()
        for name, _ in account.fields:
            setattr(account, name, self._account[name][0].item())
        equity, cash, exposure = self._curves
        filled = int(self._context["fill"][0])
        return Raw(
            equity=equity,
            cash=cash,
            exposure=exposure,
            positions=self._assets["position"].copy(),
            done=self._done[:filled],
            log=self._log[: account.placed],
            account=account,
        )

    def _set_assets(self) -> None:
        setting, used = self._setting, 0
        for k, asset in enumerate(setting.dataset.assets):
            row, frames = self._assets[k], self._frames[k]
            for place, columns in enumerate(asset.frames[: len(frames)]):
                for name in _COLUMNS:
                    frames[place][name] = address(getattr(columns, name))
                frames[place]["size"] = len(columns)
            for name in FRAME.names or ():
                row[name] = frames[0][name]
            row["index"] = k
            row["rate"] = 1.0
            row["multiplier"] = asset.multiplier
            row["lot"] = setting.lot(asset)
            row["increment"] = asset.tick
            row["borrow_rate"] = setting.borrow_rate(asset)
            row["frames"] = address(frames)
            row["orders"] = address(self._orders[k])
            row["action"] = used
            self._actions[used : used + len(asset.actions)] = asset.actions
            used += len(asset.actions)
            row["last_action"] = used
            self._terms[k]["participation"] = setting.participation(asset)


def _copy(record: Record, table: Table) -> None:
    for name, _ in record.fields:
        table[name] = getattr(record, name)

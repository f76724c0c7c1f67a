"""Drive a strategy interpreted: the same source and the same rules as compiled, in plain Python.

A strategy reads growing lists, to which each bar is appended when it is known. What happens at a
step, in this order:

1. What was held over the nights since the last step costs or earns interest.
2. Of every asset with a new bar: actions of its company, then its orders meet the bar. Assets with
   a sale for the open come first, so that others can be bought with the proceeds.
3. Margin: an account below its maintenance is closed out at the next opens.
4. ``on_fill`` for each fill, schedules that are due, then ``decide``.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.engine.desk import BacktestDesk, PlainDesk
from algotrendy.backtest.engine.feed import Feed
from algotrendy.backtest.engine.indicators_over import outputs_over
from algotrendy.backtest.engine.raw import Raw, table_of
from algotrendy.backtest.engine.records import (
    DONE_FIELDS,
    LOG_FIELDS,
    AccountRow,
    AssetRow,
    CostRow,
    DoneRow,
)
from algotrendy.backtest.engine.rules.actions import take_action
from algotrendy.backtest.engine.rules.booking import equity_of, gross_of
from algotrendy.backtest.engine.rules.costs import charge_nights
from algotrendy.backtest.engine.rules.meeting import (
    close_all,
    is_called,
    is_quiet,
    meet,
    sells_first,
)
from algotrendy.backtest.engine.setting import Setting, asset_rows
from algotrendy.backtest.engine.telling import told_of
from algotrendy.exchange.rules.records import BarRow, FillRow, OrderRow, Terms
from algotrendy.strategy.market import Market
from algotrendy.strategy.own import tell_of
from algotrendy.strategy.reading import fields_read

_FILLS_A_ROW = 4
_DONE_AT_ONCE = 64
_BARS_AT_ONCE = 4096

Curves = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Equity, cash and exposure at the end of each step."""


class Interpreter:
    """One run, step by step."""

    def __init__(self, setting: Setting) -> None:
        dataset, strategy, terms = setting.dataset, setting.strategy, setting.terms
        self._setting = setting
        self._timeline = dataset.timeline.data
        self._account = AccountRow(cash=terms.cash, equity=terms.cash)
        self._costs = terms.cost_row()
        self._rows = asset_rows(setting)
        self._market_terms = [
            Terms(participation=setting.participation(asset)) for asset in dataset.assets
        ]
        self._tables: list[list[OrderRow]] = [[] for _ in dataset.assets]
        kept = self._rows, self._account, self._costs, self._tables
        plain = PlainDesk(*kept, self._timeline) if setting.is_plain else None
        self._desk = plain or self._make_desk(*kept)
        frames = 1 + len(strategy.timeframes)
        self.market = Market(self._desk, len(dataset.assets), frames, terms.cash)
        if plain:
            plain.market = self.market
        self._feeds = [
            Feed(asset.base, self.market[index]) for index, asset in enumerate(dataset.assets)
        ]
        self._coarser = [
            Feed(columns, self.market[index].on(place))
            for index, asset in enumerate(dataset.assets)
            for place, columns in enumerate(asset.frames[1:frames], 1)
        ]
        self._actions = [asset.actions.tolist() for asset in dataset.assets]
        self._told = told_of(setting)
        self._nights = None if setting.nights is None else setting.nights.tolist()
        self._due = None if setting.due is None else setting.due.tolist()
        self._bar = BarRow()
        self._found: list[FillRow] = []
        self._done: list[DoneRow] = []
        self._filled = 0

    def _make_desk(
        self,
        rows: list[AssetRow],
        account: AccountRow,
        costs: CostRow,
        tables: list[list[OrderRow]],
    ) -> BacktestDesk:
        return BacktestDesk(rows, account, costs, tables)

    def run(self) -> Raw:
        """Run over the whole dataset.

        Raises:
            Whatever the strategy raises.
        """
        equity, cash, exposure = self._run_told() if self._setting.is_plain else self._run_every()
        return Raw(
            equity=equity,
            cash=cash,
            exposure=exposure,
            positions=np.array([row.position for row in self._rows]),
            done=table_of(DONE_FIELDS, self._done[: self._filled]),
            log=table_of(LOG_FIELDS, self._desk.log[: self._account.placed]),
            account=self._account,
        )

    def _run_every(self) -> Curves:
        curves = [self._advance(step, now) for step, now in enumerate(self._timeline)]
        equity, cash, exposure = np.array(curves).reshape(-1, 3).T.copy()
        return equity, cash, exposure

    def _advance(self, step: int, now: int) -> tuple[float, float, float]:
        """Do all of a step; give equity, cash and exposure at its end."""
        account, rows, count = self._account, self._rows, len(self._rows)
        self._desk.step, self._desk.now = step, now
        account.is_shut = int(step < self._setting.trade_from)
        self._accrue(step)
        first = self._filled
        for k in self._fresh(now):
            self._meet(k, step)
        for feed in self._coarser:
            feed.tell_until(now)
        account.equity = equity_of(rows, count, account)
        self._call_margin(step, now)
        self.market.now = now
        self.market.cash, self.market.equity = account.cash, account.equity
        self._tell_strategy(step, first)
        return account.equity, account.cash, gross_of(rows, count)

    def _run_told(self) -> Curves:
        """Run the plain way; in the end, also of a strategy that raised, the market tells when."""
        try:
            return self._run_plain()
        finally:
            if self.market.close:
                self.market.now = self._timeline[len(self.market.close) - 1]

    def _run_plain(self) -> Curves:
        """Do what `_run_every` does where most of it cannot happen, several times as fast."""
        account, row, orders = self._account, self._rows[0], self._tables[0]
        market, feed, unit = self.market, self._feeds[0], row.multiplier
        told = self._told
        own, parameters, update = told.owns[0], told.parameters, told.update
        strategy, bars = self._setting.strategy, self._setting.dataset.assets[0].base
        decide, see_close = strategy.decide, market.close.append
        read = fields_read(strategy)
        others = [
            (getattr(market, name).append, iter(getattr(feed, name)).__next__)
            for name in sorted(read - {"close", "now", "equity"})
        ]
        now = iter(self._timeline).__next__ if "now" in read else None
        tells_more = bool(read - {"close"})
        outputs = outputs_over(bars, told.layout, self._setting.values) if update else None
        tell = None if outputs is None else tell_of(told.layout)
        cash, position = account.cash, 0.0
        held = [(0, cash, position)]
        market.is_new = True
        for begin in range(0, len(bars), _BARS_AT_ONCE):
            part = slice(begin, begin + _BARS_AT_ONCE)
            columns = (each[part].tolist() for each in (bars.close, bars.low, bars.high))
            newest = _together(each[part].tolist() for each in outputs or ())
            for close, low, high, values in zip(*columns, newest, strict=False):
                # What `is_quiet` asks first, asked here: a call at each bar would take as long.
                if row.count and (
                    row.admitted < row.count
                    or not (
                        (row.floor < low and high < row.ceiling) or is_quiet(orders, row, low, high)
                    )
                ):
                    step = feed.seen = len(market.close)
                    self._meet_orders(0, step, feed.time[step])
                    market.position = position = row.position
                    market.entry_price = row.cost / position if position != 0.0 else 0.0
                    market.equity = market.cash = cash = account.cash
                    held.append((step, cash, position))
                see_close(close)
                if tells_more:
                    for see, next_value in others:
                        see(next_value())
                    if now is not None:
                        market.now = now()
                    if position:
                        market.equity = cash + position * close * unit
                if tell is not None:
                    tell(own, values)
                elif update is not None:
                    update(market, own, parameters)
                decide(market, own, parameters)
        return self._curves_of(held)

    def _curves_of(self, held: list[tuple[int, float, float]]) -> Curves:
        """Give the curves of one asset: from each step in ``held`` on, so much cash and units.

        The account is left with the equity of the last.
        """
        since, amounts, units = zip(*held, strict=True)
        bars = np.diff(since, append=len(self._timeline))
        cash, position = np.repeat(amounts, bars), np.repeat(units, bars)
        close = self._setting.dataset.assets[0].base.close
        value = position * close * self._rows[0].multiplier
        if len(close):
            self._account.equity = float(cash[-1] + value[-1])
        return cash + value, cash, abs(value)

    def _accrue(self, step: int) -> None:
        """Let the nights cost what they cost, and currencies be worth what they are."""
        if self._nights is not None and self._nights[step]:
            charge_nights(
                self._rows, len(self._rows), self._account, self._costs, self._nights[step]
            )
        if self._setting.rates is not None:
            for row, rate in zip(self._rows, self._setting.rates[step].tolist(), strict=True):
                row.rate = rate

    def _call_margin(self, step: int, now: int) -> None:
        account, costs, rows = self._account, self._costs, self._rows
        if costs.leverage == 1.0 and costs.allow_short == 0:
            return
        if not account.is_ruined and is_called(rows, len(rows), account, costs):
            for k in range(len(rows)):
                self._desk.make_room(k, groups=len(rows))
            close_all(rows, len(rows), account, self._tables, self._desk.log, step, now)

    def _tell_strategy(self, step: int, first: int) -> None:
        if self._account.is_ruined:
            return
        fills = self._done[first : self._filled]
        self._told.tell(self.market, fills, 0 if self._due is None else self._due[step])

    def _fresh(self, now: int) -> list[int]:
        fresh = []
        for k, feed in enumerate(self._feeds):
            feed.frame.is_new = feed.seen < feed.size and feed.known[feed.seen] == now
            if feed.frame.is_new:
                fresh.append(k)
            elif self._actions[k] and feed.seen == feed.size:
                self._act(k, now)
        if len(fresh) > 1:
            # Stable: each half stays in the order of the assets.
            fresh.sort(key=lambda k: not sells_first(self._tables[k], self._rows[k]))
        return fresh

    def _meet(self, k: int, step: int) -> None:
        row, feed = self._rows[k], self._feeds[k]
        begin = feed.time[feed.seen]
        if self._actions[k]:
            self._act(k, begin)
        if row.count:
            self._meet_orders(k, step, begin)
        feed.tell()
        row.mark = feed.frame.close[-1]
        self._tell_position(k)

    def _meet_orders(self, k: int, step: int, begin: int) -> None:
        self._feeds[k].into(self._bar)
        self._make_room(self._rows[k].count)
        self._filled = meet(
            self._rows,
            len(self._rows),
            k,
            self._account,
            self._costs,
            self._tables[k],
            self._desk.log,
            self._bar,
            begin,
            self._market_terms[k],
            self._found,
            self._done,
            self._filled,
            step,
        )

    def _make_room(self, orders: int) -> None:
        while len(self._found) < _FILLS_A_ROW * orders:
            self._found.extend(FillRow.blanks(_FILLS_A_ROW))
        while len(self._done) < self._filled + _FILLS_A_ROW * orders:
            self._done.extend(DoneRow.blanks(_DONE_AT_ONCE))

    def _tell_position(self, k: int) -> None:
        asset, row = self.market[k], self._rows[k]
        asset.position = row.position
        asset.entry_price = row.cost / row.position if row.position != 0.0 else 0.0

    def _act(self, k: int, moment: int) -> None:
        """Take the actions of a company that take effect by a moment."""
        waiting, row, account = self._actions[k], self._rows[k], self._account
        while waiting and waiting[0][0] <= moment:
            _, kind, value = waiting.pop(0)
            self._make_room(1)
            self._filled = take_action(
                kind,
                value,
                self._tables[k],
                row,
                account,
                self._desk.log,
                self._done,
                self._filled,
                self._desk.step,
            )
            self._tell_position(k)


def _together(columns: Iterable[list[float]]) -> Iterable[tuple[float, ...]]:
    """Give what columns hold at each bar; of no columns an empty tuple for ever."""
    given = list(columns)
    return zip(*given, strict=True) if given else repeat(())


def run_interpreted(setting: Setting) -> Raw:
    """Run a strategy interpreted."""
    return Interpreter(setting).run()

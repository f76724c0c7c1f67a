"""Runs of strategies against a broker of a few rules, as a ledger would have recorded them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import numpy as np

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.step_records import (
    AccountSeen,
    BarSeen,
    Decision,
    FillSeen,
    OrderSeen,
    StepInputs,
)
from algotrendy.backtest.engine.stepping import Stepper
from algotrendy.backtest.engine.terms import Terms
from algotrendy.kernel.decimals import rounded
from algotrendy.kernel.ids import TenantId
from algotrendy.kernel.instrument import Symbol
from algotrendy.live.deciding import limit_price, stop_price
from algotrendy.live.parity.records import (
    LedgerExecution,
    LedgerMoney,
    LedgerOrder,
    RecordedStep,
    Refusal,
    RunRecord,
)
from algotrendy.live.parity.traded import decimal_of
from algotrendy.live.parity.witness import witness
from algotrendy.strategy.definition import Strategy
from fakes.small_bars import small

RUN = UUID("019b0000-0000-7000-8000-000000000001")
ZERO = Decimal(0)
FREE = Terms(cash=100_000.0, fee_bps=0.0)


@dataclass
class Broker:
    """Fills market orders at the open of the bar that follows.

    Attributes:
        slip_bps: How much worse than the open.
        fee_bps: Of each fill's notional.
        rejects, refuses, delays, halves: Desk ids of orders that the broker rejects, that limits
            of risk refuse, that fill a bar late, that fill in half and end.
        loses: Desk ids of orders that are decided and never written down.
    """

    slip_bps: float = 0.0
    fee_bps: float = 0.0
    rejects: frozenset[int] = frozenset()
    refuses: frozenset[int] = frozenset()
    delays: frozenset[int] = frozenset()
    halves: frozenset[int] = frozenset()
    loses: frozenset[int] = frozenset()
    orders: dict[int, LedgerOrder] = field(default_factory=dict)
    waiting: dict[int, int] = field(default_factory=dict)

    def take(self, decision: Decision, step: int) -> Refusal | None:
        order = decision.order
        if order in self.refuses:
            return Refusal(decision.number, "limit", ("order_notional",))
        if order in self.loses:
            return None
        status = "rejected" if order in self.rejects else "new"
        self.orders[order] = LedgerOrder(
            desk_order=order,
            client_order_id=f"live-{RUN.hex}-{step}-{decision.number}",
            asset=decision.asset,
            side=decision.side,
            order_kind=decision.order_kind,
            tif=decision.tif,
            units=decimal_of(decision.units),
            status=status,
            reason="account restricted" if status == "rejected" else "",
            is_open=status == "new",
        )
        if status == "new":
            self.waiting[order] = step + (2 if order in self.delays else 1)
        return None

    def meet(self, step: int, bars: Mapping[int, BarSeen]) -> list[int]:
        """Fill what is due; give the desk ids."""
        due = [
            order
            for order, at in self.waiting.items()
            if at <= step and self.orders[order].asset in bars
        ]
        due.sort(key=lambda order: self.orders[order].side)
        for order in due:
            del self.waiting[order]
            self._fill(order, bars[self.orders[order].asset])
        return due

    def _fill(self, order: int, bar: BarSeen) -> None:
        known = self.orders[order]
        price = Decimal(str(round(bar.open * (1 + known.side * self.slip_bps / 10_000), 4)))
        units = known.units if order not in self.halves else rounded(known.units / 2, 0)
        fee = rounded(units * price * Decimal(str(self.fee_bps)) / 10_000, 2)
        self.orders[order] = replace(
            known,
            status="filled" if units == known.units else "canceled",
            is_open=False,
            executions=(LedgerExecution(f"x{order}", units, price, fee),),
        )


@dataclass
class Books:
    """Cash and positions of the run, exactly."""

    cash: Decimal
    units: list[Decimal]
    cost: list[float]

    def book(self, order: LedgerOrder, execution: LedgerExecution) -> FillSeen:
        change = execution.units * order.side
        before = self.units[order.asset]
        self.cash -= change * execution.price + execution.fee
        self.units[order.asset] += change
        if not self.units[order.asset]:
            self.cost[order.asset] = 0.0
        elif not before or (before > 0) == (order.side > 0):
            self.cost[order.asset] += float(change * execution.price)
        else:
            self.cost[order.asset] *= float(self.units[order.asset] / before)
        return FillSeen(
            order.desk_order,
            order.asset,
            float(change),
            float(execution.price),
            float(execution.fee),
        )

    def seen(self, fills: list[FillSeen], orders: list[OrderSeen]) -> AccountSeen:
        entry = tuple(
            cost / float(units) if units else 0.0
            for cost, units in zip(self.cost, self.units, strict=True)
        )
        positions = tuple(float(each) for each in self.units)
        return AccountSeen(float(self.cash), positions, entry, tuple(fills), tuple(orders))


def live_run(
    dataset: Dataset,
    strategy: Strategy,
    broker: Broker | None = None,
    *,
    terms: Terms = FREE,
    values: Mapping[str, Any] | None = None,
    trade_from: int = 0,
    paused: frozenset[int] = frozenset(),
    live_strategy: Strategy | None = None,
    told: Callable[[BarSeen], BarSeen] = lambda bar: bar,
) -> RunRecord:
    """Run a strategy on bars one at a time against a broker.

    Args:
        paused: Steps at which nothing is sent.
        live_strategy: What really decided, where that is not what the version says.
        told: Changes the bars that the run was told of.
    """
    market = broker or Broker()
    checked = strategy.check(dict(values or {}))
    setting = Setting(dataset, strategy, checked, terms, None, trade_from)
    stepper = Stepper(replace(setting, strategy=live_strategy or strategy), None)
    books = Books(
        decimal_of(terms.cash), [ZERO for _ in dataset.assets], [0.0] * len(dataset.assets)
    )
    steps: list[RecordedStep] = []
    known: set[int] = set()
    for each in witness(setting).steps:
        step = each.inputs.step
        bars = tuple(told(bar) for bar in each.inputs.bars)
        fills, ended = [], []
        met = market.meet(step, {bar.asset: bar for bar in bars if not bar.frame})
        for order in (*met, *(set(market.orders) - known - set(market.waiting) - set(met))):
            found = market.orders[order]
            fills += [books.book(found, execution) for execution in found.executions]
            filled = float(sum((one.units for one in found.executions), ZERO))
            ended.append(
                OrderSeen(order, filled, "filled" if found.status == "filled" else "ended")
            )
            known.add(order)
        ended += [OrderSeen(order, 0.0, "ended") for order in market.refuses if order in known]
        sends = step >= trade_from and step not in paused
        account = books.seen(fills, ended)
        inputs = StepInputs(step, each.inputs.now, bars, account, each.inputs.due, sends)
        stepped = stepper.step(inputs)
        refusals = [
            market.take(decision, step)
            for decision in stepped.decisions
            if decision.kind in ("place", "trail")
        ]
        steps.append(
            RecordedStep(
                inputs,
                stepped.decisions,
                stepped.state.digest(),
                tuple(refusal for refusal in refusals if refusal is not None),
                state=stepped.state.to_json(),
            )
        )
    return RunRecord(
        run_id=RUN,
        tenant=TenantId("demo"),
        account="paper/trend",
        version="trend@3",
        code_hash="c" * 64,
        strategy=strategy,
        values=checked,
        terms=terms,
        trade_from=trade_from,
        bars_then=dataset,
        bars_now=dataset,
        steps=tuple(steps),
        orders=tuple(market.orders.values()),
        money=LedgerMoney(cash=books.cash, positions=tuple(books.units)),
    )


def wandering(bars: int, seed: int = 1) -> Dataset:
    """Make bars of a price that goes nowhere in particular, in cents."""
    draws = np.random.default_rng(seed).normal(0.0, 0.02, bars + 1)
    path = (100.0 * np.exp(np.cumsum(draws))).tolist()
    return small(
        [
            tuple(
                round(value, 2)
                for value in (first, max(first, last) * 1.01, min(first, last) * 0.99, last)
            )
            for first, last in pairwise(path)
        ]
    )


def recorded_backtest(
    dataset: Dataset, strategy: Strategy, *, terms: Terms = FREE, trade_from: int = 0
) -> RunRecord:
    """Write a backtest down as if it had been a run whose broker is the engine itself."""
    values = strategy.check({})
    setting = Setting(dataset, strategy, values, terms, None, trade_from)
    heard = witness(setting)
    told = [step.inputs for step in heard.steps]
    symbols = [Symbol(each) for each in dataset.symbols]
    stepper = Stepper(setting, None)
    steps, decided = [], {}
    for inputs in told:
        stepped = stepper.step(inputs)
        steps.append(RecordedStep(inputs, stepped.decisions, stepped.state.digest()))
        for each in stepped.decisions:
            if each.kind in ("place", "trail"):
                decided[each.order] = each
    cash, units = decimal_of(terms.cash), [ZERO for _ in dataset.assets]
    executions: dict[int, list[LedgerExecution]] = {}
    for place, done in enumerate(heard.raw.done):
        order = int(done["order"])
        execution = LedgerExecution(
            f"x{place}",
            decimal_of(abs(done["units"])),
            decimal_of(done["price"]),
            decimal_of(done["fee"]),
        )
        executions.setdefault(order, []).append(execution)
        change = decimal_of(done["units"])
        cash -= change * execution.price + execution.fee
        units[int(done["asset"])] += change
    orders = tuple(
        LedgerOrder(
            desk_order=order,
            client_order_id=f"live-{RUN.hex}-{order}",
            asset=each.asset,
            side=each.side,
            order_kind=each.order_kind,
            tif=each.tif,
            units=decimal_of(each.units),
            limit=limit_price(each.limit, each.side, symbols[each.asset]) or ZERO,
            stop=stop_price(each.stop, each.side, symbols[each.asset]) or ZERO,
            is_cancel_wanted=True,
            executions=tuple(executions.get(order, ())),
        )
        for order, each in decided.items()
    )
    return RunRecord(
        run_id=RUN,
        tenant=TenantId("demo"),
        account="paper/trend",
        version="trend@3",
        code_hash="c" * 64,
        strategy=strategy,
        values=values,
        terms=terms,
        trade_from=trade_from,
        bars_then=dataset,
        bars_now=dataset,
        steps=tuple(steps),
        orders=orders,
        money=LedgerMoney(cash=cash, positions=tuple(units)),
    )

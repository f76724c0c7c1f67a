"""Put the orders of a run, and those of its backtest, under the same names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from algotrendy.backtest.engine.step_records import Decision
from algotrendy.live.parity.records import LedgerOrder, RecordedStep, RunRecord
from algotrendy.live.parity.traded import OrderKey, PartFill, TradedOrder, decimal_of
from algotrendy.live.parity.witness import Witness

NEW_ORDERS = ("place", "trail")


def placements(step: int, decisions: Iterable[Decision]) -> Mapping[OrderKey, Decision]:
    """Name the new orders of a step."""
    counted: dict[int, int] = defaultdict(int)
    found = {}
    for each in decisions:
        if each.kind in NEW_ORDERS:
            counted[each.asset] += 1
            found[OrderKey(step, each.asset, counted[each.asset])] = each
    return found


def decided(steps: Iterable[RecordedStep]) -> dict[OrderKey, Decision]:
    """Name the new orders that a run decided."""
    found: dict[OrderKey, Decision] = {}
    for step in steps:
        found |= placements(step.inputs.step, step.decisions)
    return found


def of_ledger(record: RunRecord) -> dict[OrderKey, TradedOrder]:
    """Give what came of a run's orders, by the ledger; orders nobody decided are left out."""
    orders = {order.desk_order: order for order in record.orders if order.desk_order}
    told = _told(record)
    return {
        key: traded(record, orders[decision.order], key, told.get(decision.order, ()))
        for key, decision in decided(record.steps).items()
        if decision.order in orders
    }


def traded(
    record: RunRecord, order: LedgerOrder, key: OrderKey, told: Sequence[int] = ()
) -> TradedOrder:
    """Give what came of one order of the ledger.

    Args:
        told: At which step the strategy was told of each execution; of those after, none was yet.
    """
    after = len(record.steps)
    return TradedOrder(
        key=key,
        side=order.side,
        kind=order.order_kind,
        units=order.units,
        multiplier=decimal_of(record.bars_then.assets[order.asset].multiplier),
        fills=tuple(
            PartFill(
                told[place] if place < len(told) else after,
                execution.units,
                execution.price,
                execution.fee,
            )
            for place, execution in enumerate(order.executions)
        ),
    )


def of_backtest(run: Witness) -> dict[OrderKey, TradedOrder]:
    """Give what came of a backtest's orders."""
    fills: dict[int, list[PartFill]] = defaultdict(list)
    for done in run.raw.done:
        fills[int(done["order"])].append(_part(done))
    found = {}
    counted: dict[tuple[int, int], int] = defaultdict(int)
    for number, row in enumerate(run.raw.log, 1):
        step, asset = int(row["step"]), int(row["asset"])
        counted[step, asset] += 1
        key = OrderKey(step, asset, counted[step, asset])
        found[key] = TradedOrder(
            key=key,
            side=int(row["side"]),
            kind=int(row["kind"]),
            units=decimal_of(row["units"]),
            multiplier=decimal_of(run.setting.dataset.assets[asset].multiplier),
            fills=tuple(fills[number]),
        )
    return found


def _part(done: Any) -> PartFill:
    price, slipped = float(done["price"]), float(done["slippage"])
    return PartFill(
        int(done["step"]),
        decimal_of(abs(done["units"])),
        decimal_of(price),
        decimal_of(done["fee"]),
        decimal_of(price - slipped if done["units"] > 0.0 else price + slipped),
    )


def undecided(record: RunRecord) -> tuple[LedgerOrder, ...]:
    """Give the orders of the run's part that no decision asked for."""
    known = {each.order for step in record.steps for each in step.decisions}
    return tuple(order for order in record.orders if order.desk_order not in known)


def marks_of(run: Witness) -> tuple[Decimal, ...]:
    """Give the last close of each asset; 0 of one without bars."""
    assets = run.setting.dataset.assets
    return tuple(
        decimal_of(asset.base.close[-1]) if len(asset.base) else Decimal(0) for asset in assets
    )


def _told(record: RunRecord) -> dict[int, list[int]]:
    """Give at which steps the strategy was told of each fill, by the desk's order."""
    found: dict[int, list[int]] = defaultdict(list)
    for step in record.steps:
        for fill in step.inputs.account.fills:
            found[fill.order].append(step.inputs.step)
    return found

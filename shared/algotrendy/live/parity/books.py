"""Put the orders of a run, and those of its backtest, under the same names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

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
    after = len(record.steps)
    found = {}
    for key, decision in decided(record.steps).items():
        order = orders.get(decision.order)
        if order is None:
            continue
        steps = told.get(decision.order, [])
        found[key] = TradedOrder(
            key=key,
            side=order.side,
            kind=order.order_kind,
            units=order.units,
            multiplier=decimal_of(record.bars_then.assets[order.asset].multiplier),
            fills=tuple(
                PartFill(
                    steps[place] if place < len(steps) else after,
                    execution.units,
                    execution.price,
                    execution.fee,
                )
                for place, execution in enumerate(order.executions)
            ),
        )
    return found


def of_backtest(run: Witness) -> dict[OrderKey, TradedOrder]:
    """Give what came of a backtest's orders."""
    fills: dict[int, list[PartFill]] = defaultdict(list)
    for done in run.raw.done:
        fills[int(done["order"])].append(
            PartFill(
                int(done["step"]),
                decimal_of(abs(done["units"])),
                decimal_of(done["price"]),
                decimal_of(done["fee"]),
            )
        )
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

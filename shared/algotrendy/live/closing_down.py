"""End a run: its open orders are cancelled, and where it is flattened its positions closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from algotrendy.backtest.engine.step_records import MOST_DECISIONS
from algotrendy.kernel.errors import Conflict, Invalid, Rejected
from algotrendy.kernel.ids import EventId, OrderId, derived_uuid7
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.live.acting import SUBMIT_WITHIN, provenance_of
from algotrendy.live.ports import LiveTables
from algotrendy.live.runs import Run, Wanted
from algotrendy.live.standing import RUNNER, tell
from algotrendy.live.steps import LiveOrder
from algotrendy.trading.admission import Placement, admit
from algotrendy.trading.cancelling import cancel_order
from algotrendy.trading.journal import Book, Place
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.orders import PlatformOrder

_ZERO: Final = Decimal(0)
_CLOSING: Final = 10 * MOST_DECISIONS
"""From here on count the numbers of orders that close positions: no decision has such a one."""


def cancel_open(
    tx: LedgerTransaction, live: LiveTables, run: Run, at: datetime, by: str
) -> list[PlatformOrder]:
    """Ask for the end of every open order of a run; give those that may be told of it."""
    ended = []
    for order in _open_orders(tx, live, run):
        if order.cancel_requested_at is None:
            event_id = EventId(derived_uuid7(at, str(run.id), str(order.id), "end"))
            try:
                ended.append(cancel_order(tx, order.id, event_id, at, by, f"run {run.id} ends"))
            except Conflict:
                # It ended in another way just now: that is all that was wanted.
                continue
    return ended


def close_down(
    tx: LedgerTransaction, live: LiveTables, run: Run, at: datetime
) -> tuple[Run, Sequence[PlatformOrder]]:
    """Bring a run that is to end nearer to it; give what was placed for that.

    Nothing is placed while an order is open: two that close one position would open it again.
    """
    if run.wanted not in (Wanted.STOPPING, Wanted.FLATTENING):
        return run, ()
    tx.accounts.claim(run.root)
    if _open_orders(tx, live, run):
        return run, ()
    placed: list[PlatformOrder] = []
    reason = ""
    if run.wanted is Wanted.FLATTENING and not run.is_shadow:
        for asset, units in enumerate(_positions(tx, run)):
            if units:
                try:
                    placed.append(_closed(tx, live, run, asset, units, at))
                except (Invalid, Rejected) as error:
                    # Asked again within a minute: a closed market and a halt pass.
                    reason = error.message[:500]
        if placed or reason:
            kept = run if run.reason == reason else live.put_run(replace(run, reason=reason))
            return kept, placed
    kept = live.put_run(replace(run, wanted=Wanted.STOPPED, changed_at=at))
    tell(tx, kept, run.state, RUNNER, "", at)
    return kept, ()


def _open_orders(tx: LedgerTransaction, live: LiveTables, run: Run) -> list[PlatformOrder]:
    """Give the run's orders that may still change, and exits that the broker holds for them."""
    ours = {each.order_id for each in live.orders_of(run.id)}
    return [
        order
        for order in tx.orders.unsettled(run.root)
        if order.account == run.account and (order.id in ours or order.leg_of in ours)
    ]


def _positions(tx: LedgerTransaction, run: Run) -> list[Decimal]:
    balances = tx.books.balances([run.account])
    return [
        balances.get(Place(run.account, Book.POSITION, symbol, None), _ZERO)
        for symbol in run.content.symbols
    ]


def _closed(
    tx: LedgerTransaction, live: LiveTables, run: Run, asset: int, units: Decimal, at: datetime
) -> PlatformOrder:
    tries = sum(each.number >= _CLOSING for each in live.orders_of(run.id))
    name = f"live-{run.id.hex}-flat-{asset}-{tries}"
    order = admit(
        tx,
        Placement(
            account=run.account,
            request=OrderRequest(
                symbol=run.content.symbols[asset],
                side=Side.SELL if units > 0 else Side.BUY,
                quantity=abs(units),
                client_order_id=name,
            ),
            provenance=provenance_of(run),
            order_id=OrderId(derived_uuid7(at, name, "order")),
            intent_id=EventId(derived_uuid7(at, name, "intent")),
            submit_within=SUBMIT_WITHIN,
        ),
        at,
    )
    live.put_order(
        LiveOrder(
            run_id=run.id,
            client_order_id=name,
            desk_order=0,
            step=run.step,
            number=_CLOSING + tries,
            asset=asset,
            order_id=order.id,
        )
    )
    return order

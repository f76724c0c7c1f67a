"""Take parent orders in, pause, resume and end them, for whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from algotrendy.brokers.tables import asset_rules, capabilities_named
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.decimals import plain
from algotrendy.kernel.errors import Conflict, JsonValue, NotFound, Unavailable, Unknown
from algotrendy.kernel.ids import AccountId, EventId, Ids, OrderId, derived_uuid7, parse_order_id
from algotrendy.kernel.request_errors import KeyReused
from algotrendy.trading.accounts import root_of
from algotrendy.trading.admission import named
from algotrendy.trading.ledger import AuditRecord, Document, Ledger, LedgerTransaction
from algotrendy.trading.listed import check_listed
from algotrendy.trading.order_events import Provenance
from algotrendy.trading.parents.parent import PARENT, Parent, ParentState, ParentWish
from algotrendy.trading.parents.working import (
    find_parent,
    keep_parent,
    parent_of,
    require_small,
)
from algotrendy.trading.ports import Bell, Ring
from algotrendy.trading.risk_desk import asset_class_of

_NAME: Final = "parent-name"
_LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
_COMMITS: Final = 3


class ParentIntake:
    """The door for parent orders; their slices are judged one by one, when they are placed."""

    def __init__(self, ledger: Ledger, bell: Bell, clock: Clock, ids: Ids) -> None:
        self._ledger = ledger
        self._bell = bell
        self._clock = clock
        self._ids = ids

    def place(self, wish: ParentWish, provenance: Provenance) -> Parent:
        """Place a parent order, or give the one back that was placed under its client order id.

        Raises:
            Invalid: If it cannot be cut, or the broker takes no such slices; names the field.
            Rejected: If it is worth so much that a person would have to agree to it.
            Conflict: If another parent order has its client order id.
            NotFound: If there is no such account.
            Unavailable, Unknown: As ``Intake.place``.
        """
        parent_id, audit_id = OrderId(self._ids.next()), EventId(self._ids.next())
        now = self._clock.now()

        def work(tx: LedgerTransaction) -> Parent:
            tx.accounts.get(wish.account)
            root = tx.accounts.claim(root_of(wish.account)).id
            name = wish.client_order_id or str(parent_id)
            name_id = derived_uuid7(_LONG_AGO, root, _NAME, name)
            taken = tx.documents.find(_NAME, name_id)
            if taken is not None:
                return _same(tx, taken, wish)
            _check(tx, wish, parent_id, now)
            parent = Parent(
                id=parent_id,
                wish=wish,
                provenance=provenance,
                begins_at=max(wish.begins_at or now, now),
            )
            body: dict[str, JsonValue] = {"parent": str(parent_id)}
            tx.documents.put(
                Document(
                    kind=_NAME, id=name_id, account=wish.account, at=now, is_open=False, body=body
                )
            )
            keep_parent(tx, parent)
            tx.market.want(root, {wish.symbol}, now)
            _audit(tx, parent, audit_id, now, "parent.place", provenance.user or "", "")
            return parent

        parent = self._commit(work)
        self._ring(parent)
        return parent

    def pause(self, parent_id: OrderId, by: str, reason: str = "") -> Parent:
        """Place no more slices, and cancel the one at the market.

        Raises:
            Conflict: If it is over, or being cancelled.
            NotFound, Unavailable: If there is none; if nothing was stored.
        """
        return self._change(parent_id, ParentState.PAUSED, by, reason)

    def resume(self, parent_id: OrderId, by: str, reason: str = "") -> Parent:
        """Go on with a paused one; what its schedule has missed is caught up.

        Raises:
            Conflict: If it is over, or being cancelled.
            NotFound, Unavailable: If there is none; if nothing was stored.
        """
        return self._change(parent_id, ParentState.WORKING, by, reason)

    def cancel(self, parent_id: OrderId, by: str, reason: str = "") -> Parent:
        """End it: nothing more is placed, and the slice at the market is cancelled.

        Raises:
            Conflict: If it is over in another way.
            NotFound, Unavailable: If there is none; if nothing was stored.
        """
        return self._change(parent_id, ParentState.CANCELLING, by, reason)

    def get(self, parent_id: OrderId) -> Parent:
        """Read one; NotFound when there is none."""
        return self._ledger.run(lambda tx: _get(tx, parent_id))

    def select(
        self, root: AccountId, limit: int, *, before: OrderId | None = None, only_open: bool = False
    ) -> Sequence[Parent]:
        """List those of an account and its parts, newest first."""
        found = self._ledger.run(
            lambda tx: tx.documents.select(PARENT, root, limit, before=before, only_open=only_open)
        )
        return [parent_of(each) for each in found]

    def _change(self, parent_id: OrderId, state: ParentState, by: str, reason: str) -> Parent:
        audit_id, now = EventId(self._ids.next()), self._clock.now()

        def work(tx: LedgerTransaction) -> Parent:
            parent = _get(tx, parent_id)
            is_done = parent.state is state or (
                state is ParentState.CANCELLING and parent.state is ParentState.CANCELED
            )
            if is_done:
                return parent
            if parent.state.is_over or parent.state is ParentState.CANCELLING:
                raise Conflict(f"parent order {parent.id} is {parent.state}")
            changed = replace(parent, state=state, reason=reason, refusals=0, look_at=None)
            keep_parent(tx, changed)
            _audit(tx, changed, audit_id, now, f"parent.{_WORDS[state]}", by, reason)
            return changed

        parent = self._commit(work)
        self._ring(parent)
        return parent

    def _commit(self, work: Callable[[LedgerTransaction], Parent]) -> Parent:
        for _ in range(_COMMITS - 1):
            with suppress(Unknown):
                return self._ledger.run(work)
        return self._ledger.run(work)

    def _ring(self, parent: Parent) -> None:
        with suppress(Unavailable, Unknown):
            self._bell.ring(Ring(root_of(parent.wish.account)))


_WORDS: Final = {
    ParentState.PAUSED: "pause",
    ParentState.WORKING: "resume",
    ParentState.CANCELLING: "cancel",
}


def _get(tx: LedgerTransaction, parent_id: OrderId) -> Parent:
    parent = find_parent(tx, parent_id)
    if parent is None:
        raise NotFound("parent order", parent_id)
    return parent


def _same(tx: LedgerTransaction, taken: Document, wish: ParentWish) -> Parent:
    known = _get(tx, parse_order_id(str(taken.body["parent"])))
    if known.wish != wish:
        raise KeyReused(
            str(wish.client_order_id),
            client_order_id=wish.client_order_id,
            parent_id=str(known.id),
        )
    return known


def _check(tx: LedgerTransaction, wish: ParentWish, parent_id: OrderId, now: datetime) -> None:
    """Refuse what no slice could be placed of; limits are asked for each slice."""
    wish.check_times(max(wish.begins_at or now, now))
    root = tx.accounts.get(root_of(wish.account))
    table = capabilities_named(root.broker)
    sample = named(wish.request(wish.display or wish.quantity), parent_id, table)
    table.check(sample)
    listing = tx.market.listings(root.id, {wish.symbol}).get(wish.symbol)
    kind = asset_class_of(wish.symbol, listing)
    check_listed(sample, kind, asset_rules(root.broker, kind), listing, None)
    require_small(tx, wish, now)


def _audit(
    tx: LedgerTransaction,
    parent: Parent,
    audit_id: EventId,
    now: datetime,
    action: str,
    by: str,
    reason: str,
) -> None:
    wish = parent.wish
    facts: dict[str, JsonValue] = {
        "symbol": wish.symbol,
        "side": wish.side.value,
        "quantity": plain(wish.quantity),
        "style": wish.style.value,
        "correlation_id": parent.provenance.correlation_id,
    }
    tx.audit.add(
        AuditRecord(
            id=audit_id,
            tenant=tx.accounts.get(wish.account).tenant,
            account=wish.account,
            at=now,
            who=by or f"strategy {parent.provenance.strategy}",
            action=action,
            subject=str(parent.id),
            reason=reason,
            facts=facts,
        )
    )

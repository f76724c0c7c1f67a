"""Admit an order: judge it, set buying power aside and store the intent, in one transaction.

Everything that places orders comes through here: people, strategies, parents, and the platform
itself where it ends a risk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from algotrendy.brokers.capabilities import Capabilities
from algotrendy.brokers.tables import asset_rules, capabilities_named
from algotrendy.kernel.decimals import EXACT, plain
from algotrendy.kernel.errors import Conflict, JsonValue
from algotrendy.kernel.ids import AccountId, EventId, OrderId, UserId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderClass
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.kernel.request_errors import KeyReused
from algotrendy.trading.accounts import Account, root_of
from algotrendy.trading.booking import record
from algotrendy.trading.judgement import Judgement, Refused, judge, position_in
from algotrendy.trading.ledger import AuditRecord, LedgerTransaction
from algotrendy.trading.listed import check_direction, check_listed, check_other_exit
from algotrendy.trading.order_events import OrderIntended, Provenance
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.ports import Quote
from algotrendy.trading.risk_desk import RiskDesk, asset_class_of, read_desk, recall_orders

SUBMIT_WITHIN: Final = timedelta(seconds=60)
APPROVE_WITHIN: Final = timedelta(hours=1)
_HALF: Final = Decimal("0.5")

# A colon: no person's name has one.
KILL_SWITCH: Final = UserId("platform:kill-switch")
PROTECTION: Final = UserId("platform:protection")
_ENFORCERS: Final = frozenset({KILL_SWITCH, PROTECTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A wish to place an order, with the ids that it gets: the same again is the same order.

    Attributes:
        account: An account, or a strategy's part of one.
        request: Its name for the broker is made of the order's id where it has none.
        order_id, intent_id: Made before the transaction.
        submit_within: Not sent any more after; an order that waits for a person has an hour.
        replaces: An order at the broker whose place it takes.
    """

    account: AccountId
    request: OrderRequest
    provenance: Provenance
    order_id: OrderId
    intent_id: EventId
    submit_within: timedelta = SUBMIT_WITHIN
    replaces: OrderId | None = None


def admit(tx: LedgerTransaction, placement: Placement, now: datetime) -> PlatformOrder:
    """Place an order, or give the one back that is there under its client order id.

    Raises:
        Invalid: If the broker, or nobody, can take such an order; names the field.
        Refused: If limits or buying power speak against it: all of them, in ``breaches``.
        Conflict: If another order has its client order id, or the order to replace is not standing.
        NotFound: If there is no such account or order.
    """
    root = tx.accounts.claim(root_of(placement.account))
    table = capabilities_named(root.broker)
    request = named(placement.request, placement.order_id, table)
    known = tx.orders.by_client_id(root.id, request.client_order_id or "")
    if known is not None:
        return _same(known, placement, request)
    table.check(request)
    replaced = None if placement.replaces is None else tx.orders.get(placement.replaces)
    desk = read_desk(tx, root.id, now, {Symbol(request.symbol)}, without=placement.replaces)
    account = desk.family.get(placement.account) or tx.accounts.get(placement.account)
    if replaced is not None:
        require_replaceable(replaced, desk)
    found = _judged(tx, desk, account, request, replaced, now)
    is_enforced = found.reduces and placement.provenance.user in _ENFORCERS
    if found.breaches and not is_enforced:
        raise Refused(found.breaches, found.limits_version)
    approval = "" if is_enforced else _approval(account, root, found)
    intended = OrderIntended(
        id=placement.intent_id,
        order_id=placement.order_id,
        at=now,
        account=account.id,
        request=request,
        provenance=placement.provenance,
        reserved=found.reserved,
        submit_by=now + (APPROVE_WITHIN if approval else placement.submit_within),
        replaces=placement.replaces,
        replaces_filled=None if replaced is None else replaced.filled_quantity,
        leg_of=None if replaced is None else replaced.leg_of,
        approval=approval,
        arrival=_arrival(desk.quote(Symbol(request.symbol), now)),
    )
    order = record(tx, [intended]).after
    tx.audit.add(_audited(intended, account, found))
    return order


def judge_again(tx: LedgerTransaction, order: PlatformOrder, now: datetime) -> None:
    """Judge an order as of now that was stored some time ago, and is not sent yet.

    Raises:
        Refused: If limits or buying power speak against it by now: all of them, in ``breaches``.
        Invalid: If it could not be taken any more; names the field.
    """
    root = tx.accounts.claim(root_of(order.account))
    account = tx.accounts.get(order.account)
    desk = read_desk(tx, root.id, now, {order.symbol}, without=order.id)
    replaced = None if order.replaces is None else tx.orders.get(order.replaces)
    found = _judged(tx, desk, account, order.request, replaced, now, order)
    if found.breaches:
        raise Refused(found.breaches, found.limits_version)


def named(request: OrderRequest, order_id: OrderId, table: Capabilities) -> OrderRequest:
    """Give the request with a name for the broker, made of the order's id where it has none."""
    if request.client_order_id is not None:
        return request
    name = str(order_id)
    if len(name) > table.client_order_id_length:
        name = order_id.hex
    return replace(request, client_order_id=name)


def require_replaceable(old: PlatformOrder, desk: RiskDesk) -> None:
    """Refuse to take the place of an order that does not stand at the broker.

    Raises:
        Conflict: Saying why.
    """
    if old.is_terminal or not old.is_at_broker:
        raise Conflict(f"order {old.id} is {old.status}: only a standing order can be replaced")
    if old.cancel_requested_at is not None:
        raise Conflict(f"order {old.id} is being cancelled")
    for other in desk.orders:
        if other.replaces == old.id and not other.is_terminal:
            raise Conflict(f"order {old.id} is being replaced by {other.id} already")


def is_enforced(order: PlatformOrder) -> bool:
    """Say whether the platform placed it to end a risk: no halt and no limit holds it up."""
    return order.provenance.user in _ENFORCERS


def _judged(
    tx: LedgerTransaction,
    desk: RiskDesk,
    account: Account,
    request: OrderRequest,
    replaced: PlatformOrder | None,
    now: datetime,
    stored: PlatformOrder | None = None,
) -> Judgement:
    """Judge a request; ``stored`` is the order that it is where it was admitted before."""
    symbol = Symbol(request.symbol)
    listing = desk.listings.get(symbol)
    kind = asset_class_of(symbol, listing)
    rules = asset_rules(desk.account.broker, kind)
    if replaced is not None and replaced.status.value in rules.unchangeable:
        raise Conflict(f"order {replaced.id} is {replaced.status}: its broker cannot change it now")
    check_listed(request, kind, rules, listing, desk.quote(symbol, now))
    is_kept = replaced is not None and request.time_in_force is replaced.request.time_in_force
    if not (is_kept or desk.account.round_the_clock):
        rules.check_hours(request, now)
    if replaced is None or replaced.leg_of is None:
        check_direction(request, rules, position_in(desk, symbol))
    if replaced is not None:
        for other in _other_exits(desk, replaced):
            check_other_exit(request, other.request)
    chain = [each for each in (stored, replaced) if each is not None]
    recall_orders(tx, desk, symbol, account.strategy, now, [each.id for each in chain])
    return judge(desk, account, request, rules, now, chain)


def _other_exits(desk: RiskDesk, order: PlatformOrder) -> Iterator[PlatformOrder]:
    """Give the open exits that fill one quantity together with an exit."""
    is_oco = order.request.order_class is OrderClass.OCO
    entry = order.leg_of or (order.id if is_oco else None)
    for other in desk.orders:
        if entry is None or other.id == order.id or other.is_terminal:
            continue
        is_first = other.id == entry and other.request.order_class is OrderClass.OCO
        if other.leg_of == entry or is_first:
            yield other


def _same(known: PlatformOrder, placement: Placement, request: OrderRequest) -> PlatformOrder:
    asked = (placement.account, request, placement.replaces)
    if (known.account, known.request, known.replaces) != asked:
        raise KeyReused(
            str(request.client_order_id),
            client_order_id=request.client_order_id,
            order_id=str(known.id),
        )
    return known


def _arrival(quote: Quote | None) -> Decimal | None:
    """Give the price against which executions are measured later."""
    if quote is None or quote.bid is None or quote.ask is None:
        return None if quote is None else quote.last
    return EXACT.multiply(EXACT.add(quote.bid, quote.ask), _HALF)


def _approval(account: Account, root: Account, found: Judgement) -> str:
    """Say why a person must agree; empty where nobody must."""
    most = account.approval_above or root.approval_above
    if most is None or found.cost <= most:
        return ""
    return f"worth {found.cost}, and above {most} a person must agree"


def _audited(intended: OrderIntended, account: Account, found: Judgement) -> AuditRecord:
    request, source = intended.request, intended.provenance
    facts: dict[str, JsonValue] = {
        "symbol": request.symbol,
        "side": request.side.value,
        "type": request.type.value,
        "client_order_id": request.client_order_id,
        "reserved": plain(intended.reserved.amount),
        "limits_version": found.limits_version,
        "correlation_id": source.correlation_id,
    }
    for name, value in (("quantity", request.quantity), ("notional", request.notional)):
        if value is not None:
            facts[name] = plain(value)
    if intended.replaces is not None:
        facts["replaces"] = str(intended.replaces)
    return AuditRecord(
        id=intended.id,
        tenant=account.tenant,
        account=account.id,
        at=intended.at,
        who=source.user or f"strategy {source.strategy}",
        action="order.place" if intended.replaces is None else "order.replace",
        subject=str(intended.order_id),
        reason=intended.approval,
        facts=facts,
    )

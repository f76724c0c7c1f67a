"""Watch that positions keep the stops that were put under them.

A stop that ended without a fill, and nobody here asked it to, leaves a position naked. There is an
alarm each time; then the account's policy sends the stop again, or closes the position.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final

from algotrendy.brokers.tables import asset_rules, capabilities_named
from algotrendy.kernel.decimals import decimals_of, plain
from algotrendy.kernel.errors import Conflict, Invalid, JsonValue, NotFound, Rejected
from algotrendy.kernel.ids import AccountId, EventId, OrderId, derived_uuid7
from algotrendy.kernel.order import OrderType, TimeInForce
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.risk.limits import TradingState
from algotrendy.trading.accounts import Account, Protection, root_of, strategy_of
from algotrendy.trading.admission import PROTECTION, Placement, admit
from algotrendy.trading.cancelling import cancel_order
from algotrendy.trading.events import PositionUnprotected
from algotrendy.trading.execution import news
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.execution.guards import Guard, stand_in_id, was_asked_for
from algotrendy.trading.execution.held_since import Holding
from algotrendy.trading.execution.naked import Look, Naked, alarm_id, naked
from algotrendy.trading.execution.patience import USUAL, answered
from algotrendy.trading.ledger import Document, LedgerTransaction
from algotrendy.trading.order_events import Provenance
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.risk_desk import MAX_QUOTE_AGE, asset_class_of
from algotrendy.trading.status import PlatformStatus

PROTECTION_RECORD: Final = "protection"

AGAIN_AFTER: Final = timedelta(seconds=30)
"""After so long what was done for a naked position is thought over, though nothing happened."""

RETRY_AFTER: Final = (timedelta(seconds=10), timedelta(hours=1))
"""How long after an order in place of a stop another is sent: at first, and at most."""

_OPEN_AT_MOST: Final = 100

_logger = logging.getLogger(__name__)


class Remedy(StrEnum):
    """What is done about a naked position."""

    NONE = "none"
    AWAIT_EXITS = "await_exits"  # what still holds its units must end first
    REPROTECT = "reprotect"
    FLATTEN = "flatten"


@dataclass(frozen=True, slots=True)
class Choice:
    """A remedy, and why this one."""

    remedy: Remedy
    reason: str


class ProtectionWatch:
    """Is the duty that looks for naked positions."""

    name = "protection"
    every_s = 5.0

    def __init__(self, post: Post) -> None:
        self._post = post
        self._calm: Mapping[Holding, Hashable] = {}
        self._before: dict[OrderId, object] = {}
        self._acted: dict[OrderId, tuple[object, datetime]] = {}

    async def do(self) -> None:
        """Look once; act on what the look before found just so, after asking the broker."""
        post = self._post
        look = await post.desk.run(lambda tx: _seen(tx, post.root, self._calm))
        found, self._calm = look.found, look.calm
        standing = [each for each in found if self._before.get(each.order.id) == each.version]
        self._before = {each.order.id: each.version for each in found}
        has_changed = False
        for each in standing:
            now, order_id = post.clock.now(), each.order.id
            version, acted_at = self._acted.get(order_id, (None, now))
            if version == each.version and now < acted_at + AGAIN_AFTER:
                continue
            if not await self._is_confirmed(each):
                continue
            act = partial(protect, root=post.root, order_id=order_id, now=now)
            has_changed |= await post.desk.see_through(act)
            self._acted[order_id] = (each.version, now)
        if has_changed:
            post.wake()

    async def _is_confirmed(self, found: Naked) -> bool:
        """Ask the broker how the order and its exits stand, and write it down.

        False where it told anything new: the next look decides.
        """
        post, guard = self._post, found.guard
        orders = [
            order
            for order in {each.id: each for each in (guard.last, *guard.orders)}.values()
            if order.broker_order_ids and (order.id == guard.last.id or not order.is_terminal)
        ]
        is_new = False
        for order in orders:
            try:
                asked = post.broker.order(max(order.broker_order_ids))
                told = await answered(asked, post.broker.name, USUAL.ask_timeout_s)
            except NotFound:
                continue
            told_at = news.Told(told, post.clock.now())
            heard = await post.desk.see_through(partial(_heard, root=post.root, told=told_at))
            is_new |= heard
        again = await post.desk.run(lambda tx: _again(tx, post.root, found.order))
        return not is_new and again is not None and found.version == again.version


def protect(tx: LedgerTransaction, root: AccountId, order_id: OrderId, now: datetime) -> bool:
    """Raise the alarm for an order whose stop is gone, and do what the policy says.

    Gives whether there is anything to send. Done again, it does nothing more.
    """
    tx.accounts.claim(root)
    found = _again(tx, root, tx.orders.get(order_id))
    if found is None:
        return False
    choice = _choice(tx, found, now)
    placed: PlatformOrder | None = None
    has_changed = False
    match choice.remedy:
        case Remedy.AWAIT_EXITS:
            has_changed = _end_exits(tx, found.guard, now)
        case Remedy.REPROTECT | Remedy.FLATTEN:
            try:
                placed = _placed(tx, found, choice.remedy, now)
            except (Invalid, Rejected, Conflict) as error:
                choice = Choice(Remedy.NONE, f"{choice.remedy} was refused: {error.message}")
            has_changed = placed is not None
    _keep_record(tx, found, choice, placed, now)
    return has_changed


def _heard(tx: LedgerTransaction, root: AccountId, told: news.Told) -> bool:
    """Write down how an order stands; say whether that was new."""
    recorded = news.hear(tx, root, told)
    return recorded is not None and bool(recorded.events)


def _seen(tx: LedgerTransaction, root: AccountId, calm: Mapping[Holding, Hashable]) -> Look:
    """Find naked positions, and close the records of those that are so no more."""
    look = naked(tx, root, calm)
    orders = {str(each.order.id) for each in look.found}
    for record in tx.documents.select(PROTECTION_RECORD, root, _OPEN_AT_MOST, only_open=True):
        if record.body.get("order_id") not in orders:
            tx.documents.put(replace(record, is_open=False))
    return look


def _again(tx: LedgerTransaction, root: AccountId, order: PlatformOrder) -> Naked | None:
    found = naked(tx, root, only=(order.account, order.symbol)).found
    return next((each for each in found if each.order.id == order.id), None)


def _choice(tx: LedgerTransaction, found: Naked, now: datetime) -> Choice:
    account, guard = tx.accounts.get(found.order.account), found.guard
    if account.protection is Protection.ALARM:
        return Choice(Remedy.NONE, "the account asks for the alarm only")
    if _is_halted(tx, account):
        return Choice(Remedy.NONE, "trading is halted")
    if found.is_given_up or was_asked_for(tx, guard):
        return Choice(Remedy.NONE, "somebody asked for the end of its stop")
    if not guard.is_entry and (reason := _owners_choice(guard)):
        return Choice(Remedy.NONE, reason)
    if _is_too_early(guard, now):
        return Choice(Remedy.NONE, "the last order in its place came to nothing, another follows")
    if guard.in_the_way:
        return Choice(Remedy.AWAIT_EXITS, "its other exit still holds the units")
    if account.protection is Protection.FLATTEN:
        return Choice(Remedy.FLATTEN, "the account asks for it")
    if _is_passed(tx, guard, now):
        return Choice(Remedy.FLATTEN, "the price has passed the stop")
    return Choice(Remedy.REPROTECT, "the account asks for it")


def _owners_choice(guard: Guard) -> str:
    """Say why whoever placed a stop by itself may have wanted its end; empty where he did not."""
    last = guard.last
    if last.status is PlatformStatus.EXPIRED and last.request.time_in_force is TimeInForce.DAY:
        return "it was for the day"
    if any(each.provenance.user == news.BROKER for each in guard.chain):
        return "it was placed by other means, and may have been ended so"
    return ""


def _is_too_early(guard: Guard, now: datetime) -> bool:
    """Say whether the last order in place of the stop failed a short while ago."""
    if not guard.stood_in:
        return False
    least, most = RETRY_AFTER
    wait = min(least * 2.0 ** min(len(guard.stood_in) - 1, 20), most)
    return now < guard.stood_in[-1].intended_at + wait


def _is_halted(tx: LedgerTransaction, account: Account) -> bool:
    if tx.risk.acting_kill_switches(account.root):
        return True
    states = tx.risk.trading_states(account.root)
    scopes = (None, strategy_of(account.id))
    return any(states[each].state is TradingState.HALTED for each in scopes if each in states)


def _is_passed(tx: LedgerTransaction, guard: Guard, now: datetime) -> bool:
    order, stop_price = guard.order, guard.terms.stop_price
    quote = tx.market.quotes(root_of(order.account), [order.symbol]).get(order.symbol)
    if stop_price is None or quote is None or now - quote.at > MAX_QUOTE_AGE:
        return False
    return (quote.last - stop_price) * guard.side.sign >= 0


def _end_exits(tx: LedgerTransaction, guard: Guard, now: datetime) -> bool:
    """Ask for the end of what still holds the units; say whether it was not asked for before."""
    has_asked = False
    for order in guard.in_the_way:
        if order.cancel_requested_at is None:
            names = (str(guard.order.id), "make way", str(order.id))
            event_id = EventId(derived_uuid7(order.intended_at, *names))
            reason = f"the stop of order {guard.order.id} is gone"
            cancel_order(tx, order.id, event_id, now, PROTECTION, reason)
            has_asked = True
    return has_asked


def _placed(tx: LedgerTransaction, found: Naked, remedy: Remedy, now: datetime) -> PlatformOrder:
    order, guard = found.order, found.guard
    order_id = stand_in_id(order, len(guard.stood_in) + 1)
    provenance = Provenance(
        correlation_id=order.provenance.correlation_id,
        user=PROTECTION,
        strategy=order.provenance.strategy,
        traceparent=order.provenance.traceparent,
        parameters=(("protects", str(order.id)),),
    )
    placement = Placement(
        account=order.account,
        request=_request(tx, found, remedy),
        provenance=provenance,
        order_id=order_id,
        intent_id=EventId(derived_uuid7(order.intended_at, str(order_id), "intent")),
    )
    return admit(tx, placement, now)


def _request(tx: LedgerTransaction, found: Naked, remedy: Remedy) -> OrderRequest:
    terms, side = found.guard.terms, found.guard.side
    if remedy is Remedy.FLATTEN:
        times = (TimeInForce.DAY, TimeInForce.GTC)
        return OrderRequest(
            symbol=terms.symbol,
            side=side,
            time_in_force=_time(tx, found, OrderType.MARKET, times),
            quantity=found.quantity,
        )
    # It is to outlive the day, as the position does.
    times = (TimeInForce.GTC, TimeInForce.DAY)
    return OrderRequest(
        symbol=terms.symbol,
        side=side,
        type=terms.type,
        time_in_force=_time(tx, found, terms.type, times),
        quantity=found.quantity,
        limit_price=terms.limit_price,
        stop_price=terms.stop_price,
        trail_price=terms.trail_price,
        trail_percent=terms.trail_percent,
    )


def _time(
    tx: LedgerTransaction, found: Naked, kind: OrderType, times: Sequence[TimeInForce]
) -> TimeInForce:
    account, symbol = tx.accounts.get(found.order.account), found.order.symbol
    table = capabilities_named(account.broker)
    listing = tx.market.listings(account.root, [symbol]).get(symbol)
    rules = asset_rules(account.broker, asset_class_of(symbol, listing))
    allowed = table.times_of(kind) & rules.times.get(kind, frozenset())
    if table.fractional_times is not None and decimals_of(found.quantity):
        allowed &= table.fractional_times
    for time in times:
        if time in allowed:
            return time
    raise Invalid("type", "one that the broker takes to protect a position", kind.value)


def _keep_record(
    tx: LedgerTransaction,
    found: Naked,
    choice: Choice,
    placed: PlatformOrder | None,
    now: datetime,
) -> None:
    """Keep what is done about it; tell of it once, and again when another order failed."""
    order = found.order
    record_id = alarm_id(order, len(found.guard.stood_in))
    known = tx.documents.find(PROTECTION_RECORD, record_id)
    body: dict[str, JsonValue] = {
        "order_id": str(order.id),
        "symbol": order.symbol,
        "quantity": plain(found.quantity),
        "remedy": choice.remedy.value,
        "reason": choice.reason,
        "placed": None if placed is None else str(placed.id),
    }
    if known is not None and known.body == body and known.is_open:
        return
    tx.documents.put(
        Document(
            kind=PROTECTION_RECORD,
            id=record_id,
            account=order.account,
            at=now if known is None else known.at,
            is_open=True,
            body=body,
        )
    )
    if known is not None and known.is_open:
        return
    _logger.error("position of order %s has lost its stop: %s", order.id, choice.reason)
    tx.publish(
        PositionUnprotected(
            id=EventId(derived_uuid7(now, str(record_id))),
            occurred_at=now,
            correlation_id=order.provenance.correlation_id,
            traceparent=order.provenance.traceparent,
            tenant=tx.accounts.get(order.account).tenant,
            order_id=order.id,
            account=order.account,
            symbol=order.symbol,
            quantity=found.quantity,
            remedy=choice.remedy.value,
        )
    )

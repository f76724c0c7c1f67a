"""Watch that positions keep the stops which their entries put under them.

An exit that ended without a fill, and nobody here asked it to, leaves a position naked. There is an
alarm each time; then the account's policy sends the stop again, or closes the position.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final

from algotrendy.brokers.tables import asset_rules, capabilities_named
from algotrendy.kernel.decimals import decimals_of, plain
from algotrendy.kernel.errors import Conflict, Invalid, JsonValue, NotFound, Rejected
from algotrendy.kernel.ids import AccountId, EventId, OrderId, derived_uuid7
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.risk.limits import TradingState
from algotrendy.trading.accounts import Account, Protection, root_of, strategy_of
from algotrendy.trading.admission import PROTECTION, Placement, admit
from algotrendy.trading.cancelling import cancel_order
from algotrendy.trading.events import PositionUnprotected
from algotrendy.trading.execution import news
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.execution.naked import (
    Holding,
    Look,
    Naked,
    alarm_id,
    is_stop,
    naked,
    stand_in_id,
)
from algotrendy.trading.execution.patience import USUAL, answered
from algotrendy.trading.ledger import Document, LedgerTransaction
from algotrendy.trading.order_events import OrderCancelRequested, Provenance
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.risk_desk import MAX_QUOTE_AGE, asset_class_of

PROTECTION_RECORD: Final = "protection"

AGAIN_AFTER: Final = timedelta(seconds=30)
"""After so long what was done for a naked position is thought over, though nothing happened."""

RETRY_AFTER: Final = (timedelta(seconds=10), timedelta(hours=1))
"""How long after an order in place of a stop another is sent: at first, and at most."""

_OPEN_AT_MOST: Final = 100
_SELVES: Final = frozenset({PROTECTION, news.WRITER})

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
        standing = [each for each in found if self._before.get(each.entry.id) == each.version]
        self._before = {each.entry.id: each.version for each in found}
        has_changed = False
        for each in standing:
            now, entry_id = post.clock.now(), each.entry.id
            version, acted_at = self._acted.get(entry_id, (None, now))
            if version == each.version and now < acted_at + AGAIN_AFTER:
                continue
            if not await self._is_confirmed(each):
                continue
            act = partial(protect, root=post.root, entry_id=entry_id, now=now)
            has_changed |= await post.desk.see_through(act)
            self._acted[entry_id] = (each.version, now)
        if has_changed:
            post.wake()

    async def _is_confirmed(self, found: Naked) -> bool:
        """Ask the broker how the entry and its exits stand, and write it down.

        False where it told anything new: the next look decides.
        """
        post = self._post
        orders = [
            order
            for order in (found.entry, *found.exits, *found.stood_in)
            if order.broker_order_ids and (order is found.entry or not order.is_terminal)
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
        again = await post.desk.run(lambda tx: naked(tx, post.root).found)
        return not is_new and found.version in [
            each.version for each in again if each.entry.id == found.entry.id
        ]


def protect(tx: LedgerTransaction, root: AccountId, entry_id: OrderId, now: datetime) -> bool:
    """Raise the alarm for an entry whose position is naked, and do what the policy says.

    Gives whether there is anything to send. Done again, it does nothing more.
    """
    tx.accounts.claim(root)
    found = next((each for each in naked(tx, root).found if each.entry.id == entry_id), None)
    if found is None:
        return False
    choice = _choice(tx, found, now)
    placed: PlatformOrder | None = None
    has_changed = False
    match choice.remedy:
        case Remedy.AWAIT_EXITS:
            has_changed = _end_exits(tx, found, now)
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
    entries = {str(each.entry.id) for each in look.found}
    for record in tx.documents.select(PROTECTION_RECORD, root, _OPEN_AT_MOST, only_open=True):
        if record.body.get("order_id") not in entries:
            tx.documents.put(replace(record, is_open=False))
    return look


def _choice(tx: LedgerTransaction, found: Naked, now: datetime) -> Choice:
    account = tx.accounts.get(found.entry.account)
    if account.protection is Protection.ALARM:
        return Choice(Remedy.NONE, "the account asks for the alarm only")
    if _is_halted(tx, account):
        return Choice(Remedy.NONE, "trading is halted")
    if _was_asked_for(tx, found.exits):
        return Choice(Remedy.NONE, "somebody asked for the end of its stop")
    if _is_too_early(found, now):
        return Choice(Remedy.NONE, "the last order in its place came to nothing, another follows")
    if any(not each.is_terminal for each in found.exits if not is_stop(each)):
        return Choice(Remedy.AWAIT_EXITS, "its other exit still holds the units")
    if account.protection is Protection.FLATTEN:
        return Choice(Remedy.FLATTEN, "the account asks for it")
    if _is_passed(tx, found.entry, now):
        return Choice(Remedy.FLATTEN, "the price has passed the stop")
    return Choice(Remedy.REPROTECT, "the account asks for it")


def _is_too_early(found: Naked, now: datetime) -> bool:
    """Say whether the last order in place of the stop failed a short while ago."""
    if not found.stood_in:
        return False
    least, most = RETRY_AFTER
    wait = min(least * 2.0 ** min(len(found.stood_in) - 1, 20), most)
    return now < found.stood_in[-1].intended_at + wait


def _is_halted(tx: LedgerTransaction, account: Account) -> bool:
    if tx.risk.acting_kill_switches(account.root):
        return True
    states = tx.risk.trading_states(account.root)
    scopes = (None, strategy_of(account.id))
    return any(states[each].state is TradingState.HALTED for each in scopes if each in states)


def _was_asked_for(tx: LedgerTransaction, exits: Collection[PlatformOrder]) -> bool:
    """Say whether a person, or anything but this watch, ended a stop on purpose."""
    return any(
        isinstance(event, OrderCancelRequested) and event.by not in _SELVES
        for order in exits
        if is_stop(order) and order.cancel_requested_at is not None
        for event in tx.orders.history(order.id)
    )


def _is_passed(tx: LedgerTransaction, entry: PlatformOrder, now: datetime) -> bool:
    stop = entry.request.stop_loss
    quote = tx.market.quotes(root_of(entry.account), [entry.symbol]).get(entry.symbol)
    if stop is None or quote is None or now - quote.at > MAX_QUOTE_AGE:
        return False
    return (quote.last - stop.stop_price) * entry.request.side.sign <= 0


def _end_exits(tx: LedgerTransaction, found: Naked, now: datetime) -> bool:
    """Ask for the end of what still holds the units; say whether it was not asked for before."""
    has_asked = False
    for order in found.exits:
        if not order.is_terminal and order.cancel_requested_at is None:
            names = (str(found.entry.id), "make way", str(order.id))
            event_id = EventId(derived_uuid7(order.intended_at, *names))
            reason = f"the stop of order {found.entry.id} is gone"
            cancel_order(tx, order.id, event_id, now, PROTECTION, reason)
            has_asked = True
    return has_asked


def _placed(tx: LedgerTransaction, found: Naked, remedy: Remedy, now: datetime) -> PlatformOrder:
    entry = found.entry
    order_id = stand_in_id(entry, len(found.stood_in) + 1)
    provenance = Provenance(
        correlation_id=entry.provenance.correlation_id,
        user=PROTECTION,
        strategy=entry.provenance.strategy,
        parameters=(("protects", str(entry.id)),),
    )
    placement = Placement(
        account=entry.account,
        request=_request(tx, found, remedy),
        provenance=provenance,
        order_id=order_id,
        intent_id=EventId(derived_uuid7(entry.intended_at, str(order_id), "intent")),
    )
    return admit(tx, placement, now)


def _request(tx: LedgerTransaction, found: Naked, remedy: Remedy) -> OrderRequest:
    entry, stop = found.entry, found.entry.request.stop_loss
    side = Side.SELL if entry.request.side is Side.BUY else Side.BUY
    if remedy is Remedy.FLATTEN or stop is None:
        kind, stop_price, limit_price = OrderType.MARKET, None, None
        times = (TimeInForce.DAY, TimeInForce.GTC)
    else:
        has_limit = stop.limit_price is not None
        kind = OrderType.STOP_LIMIT if has_limit else OrderType.STOP
        stop_price, limit_price = stop.stop_price, stop.limit_price
        # It is to outlive the day, as the position does.
        times = (TimeInForce.GTC, TimeInForce.DAY)
    return OrderRequest(
        symbol=entry.symbol,
        side=side,
        type=kind,
        time_in_force=_time(tx, found, kind, times),
        quantity=found.quantity,
        limit_price=limit_price,
        stop_price=stop_price,
    )


def _time(
    tx: LedgerTransaction, found: Naked, kind: OrderType, times: Sequence[TimeInForce]
) -> TimeInForce:
    account, symbol = tx.accounts.get(found.entry.account), found.entry.symbol
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
    entry = found.entry
    record_id = alarm_id(entry, len(found.stood_in))
    known = tx.documents.find(PROTECTION_RECORD, record_id)
    body: dict[str, JsonValue] = {
        "order_id": str(entry.id),
        "symbol": entry.symbol,
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
            account=entry.account,
            at=now if known is None else known.at,
            is_open=True,
            body=body,
        )
    )
    if known is not None and known.is_open:
        return
    _logger.error("position of order %s has lost its stop: %s", entry.id, choice.reason)
    tx.publish(
        PositionUnprotected(
            id=EventId(derived_uuid7(now, str(record_id))),
            occurred_at=now,
            correlation_id=entry.provenance.correlation_id,
            tenant=tx.accounts.get(entry.account).tenant,
            order_id=entry.id,
            account=entry.account,
            symbol=entry.symbol,
            quantity=found.quantity,
            remedy=choice.remedy.value,
        )
    )

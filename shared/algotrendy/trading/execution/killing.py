"""Do what a kill switch asks: end every order of an account, then its positions where asked.

All of it is read from the ledger each time, and written there: the writer of the account sends the
cancels and the closing orders as it sends everything else.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from itertools import islice
from typing import Final

from algotrendy.brokers.asset_rules import AssetRules
from algotrendy.brokers.capabilities import Capabilities
from algotrendy.brokers.tables import asset_rules, capabilities_named
from algotrendy.kernel.decimals import EXACT, decimals_of, plain
from algotrendy.kernel.errors import Conflict, Invalid, JsonValue, Rejected
from algotrendy.kernel.ids import AccountId, CorrelationId, EventId, OrderId, derived_uuid7
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.risk.records import KillSwitch
from algotrendy.trading.accounts import Account
from algotrendy.trading.admission import KILL_SWITCH, Placement, admit
from algotrendy.trading.cancelling import cancel_order
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.execution.patience import USUAL, answered
from algotrendy.trading.journal import Book
from algotrendy.trading.ledger import AuditRecord, LedgerTransaction
from algotrendy.trading.order_events import Provenance
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.parents.parent import ParentState
from algotrendy.trading.parents.working import keep_parent, open_parents
from algotrendy.trading.risk_control import pull_due_of
from algotrendy.trading.risk_desk import asset_class_of

AGAIN_AFTER: Final = (timedelta(seconds=10), timedelta(minutes=5))
"""How long after a closing order that ended too early another is sent: at first, and at most."""

AT_ONCE: Final = 50
"""Orders that are ended, or placed, in one transaction: DSQL takes 3,000 rows in one."""

OLDEST_ANSWER_S: Final = 10.0
"""How old a broker's word may be: alpacahq/Alpaca-API issue 276."""

_ZERO: Final = Decimal(0)
_FINEST_UNIT: Final = Decimal(1).scaleb(-9)
_DOWN: Final = Context(prec=EXACT.prec, rounding=ROUND_DOWN)
_TIMES: Final = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC)

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Enacted:
    """What one look at the kill switches of an account did.

    Attributes:
        is_acting: Whether there is any that is not done.
        changed: Orders and parent orders that were asked to end, and orders that were placed.
        refused: Why a position cannot be closed, by the part that holds it.
        awaits_broker: Whether nothing is left by the ledger, and only the broker's word lacks.
        is_flattening: Whether positions are closed too.
    """

    is_acting: bool = False
    changed: tuple[OrderId, ...] = ()
    refused: tuple[str, ...] = ()
    awaits_broker: bool = False
    is_flattening: bool = False


@dataclass(frozen=True, slots=True)
class Closing:
    """So many units that one part of an account sells, or buys back."""

    account: AccountId
    symbol: Symbol
    side: Side
    quantity: Decimal


class Killing:
    """The duty of enacting kill switches."""

    name = "kill switch"
    every_s = 1.0

    def __init__(self, post: Post) -> None:
        self._post = post
        self._refused: tuple[str, ...] = ()
        self._quiet_since: float | None = None

    async def do(self) -> None:
        """End what is open, as long as a kill switch acts."""
        post, now = self._post, self._post.clock.now()
        is_more = True
        while is_more:
            found = await post.desk.run(lambda tx: enact(tx, post.root, now, is_quiet=False))
            is_more = len(found.changed) >= AT_ONCE
            if found.changed:
                post.wake()
        if found.awaits_broker and await self._stays_quiet(is_flattening=found.is_flattening):
            found = await post.desk.run(lambda tx: enact(tx, post.root, now))
        if not found.awaits_broker:
            self._quiet_since = None
        if found.refused and found.refused != self._refused:
            _logger.error("positions stay open: %s", "; ".join(found.refused))
        self._refused = found.refused

    async def _stays_quiet(self, *, is_flattening: bool) -> bool:
        """Ask the broker twice, so far apart that the second answer is newer than the first look.

        What somebody did beside us, or a bust, may not be in the ledger yet; and an answer of the
        broker may be of before our last order.
        """
        now = asyncio.get_running_loop().time()
        since = self._quiet_since
        if since is not None and now - since < OLDEST_ANSWER_S:
            return False
        if not await self._is_quiet(is_flattening=is_flattening):
            self._quiet_since = None
            return False
        if since is None:
            self._quiet_since = now
        return since is not None

    async def _is_quiet(self, *, is_flattening: bool) -> bool:
        broker = self._post.broker
        # One that never answers must not keep the switches that are pulled meanwhile waiting.
        timeout_s = USUAL.ask_timeout_s
        if await answered(broker.orders(open_only=True), broker.name, timeout_s):
            return False
        if not is_flattening:
            return True
        held = await answered(broker.positions(), broker.name, timeout_s)
        # What is finer than any order can never be closed.
        return all(each.quantity.copy_abs() < _FINEST_UNIT for each in held)


def enact(
    tx: LedgerTransaction, root: AccountId, now: datetime, *, is_quiet: bool = True
) -> Enacted:
    """End parents and orders, some at a time, then close positions; note when that is done.

    A position is closed once no order of its symbol is open: one that does not end, such as one
    whose market is closed, keeps no other position open. Scheduled switches are pulled first. An
    account is flat when its parts come to nothing together, as that is all its broker holds.

    Args:
        is_quiet: Whether the broker says that nothing is left, which is asked last.
    """
    pull_due_of(tx, root, now)
    if not tx.risk.acting_kill_switches(root):
        return Enacted()
    account = tx.accounts.claim(root)
    acting = tx.risk.acting_kill_switches(root)
    if not acting:
        return Enacted()
    first = min(acting, key=lambda switch: (switch.pulled_at or switch.asked_at, switch.id))
    orders = tx.orders.unsettled(root)
    ending = [order for order in orders if order.provenance.user != KILL_SWITCH]
    parents = _end_parents(tx, root, first)
    to_end = islice(filter(_is_to_end, ending), AT_ONCE)
    ended = tuple(_end(tx, order, first, now) for order in to_end)
    if ended or len(parents) == AT_ONCE:
        return Enacted(is_acting=True, changed=(*parents, *ended))
    flattening = [switch for switch in acting if switch.flatten]
    if flattening:
        found = _flattened(tx, account, flattening[0], {order.symbol for order in orders}, now)
        if found.is_acting:
            return found
    if ending:
        return Enacted(is_acting=True)
    if not is_quiet:
        return Enacted(is_acting=True, awaits_broker=True, is_flattening=bool(flattening))
    for switch in acting:
        tx.risk.put_kill_switch(replace(switch, done_at=now))
        tx.audit.add(_done(account, switch, now))
    return Enacted()


def closings(
    held: Mapping[AccountId, Mapping[Symbol, Decimal]],
) -> Iterator[Closing]:
    """Say what makes an account flat at its broker, each order smaller than the part that it ends.

    Parts that face each other are left so: together they are nothing.

    Args:
        held: Units by part and symbol, below zero for a short.
    """
    net: defaultdict[Symbol, Decimal] = defaultdict(Decimal)
    for units in held.values():
        for symbol, count in units.items():
            net[symbol] = EXACT.add(net[symbol], count)
    for symbol, total in sorted(net.items()):
        side = Side.SELL if total > 0 else Side.BUY
        rest = total.copy_abs()
        for account in sorted(held):
            count = held[account].get(symbol, _ZERO)
            if count * total <= 0:
                continue
            quantity = min(count.copy_abs(), rest).quantize(_FINEST_UNIT, context=_DOWN)
            if quantity:
                yield Closing(account, symbol, side, quantity)
            rest = EXACT.subtract(rest, quantity)


def _is_to_end(order: PlatformOrder) -> bool:
    return not order.is_terminal and order.cancel_requested_at is None


def _end_parents(tx: LedgerTransaction, root: AccountId, switch: KillSwitch) -> tuple[OrderId, ...]:
    """Let parent orders place no other slice, some at a time; one at the market is an order."""
    state, reason = ParentState.CANCELLING, f"kill switch: {switch.reason}"
    going_on = (each for each in open_parents(tx, root) if each.state is not state)
    found = tuple(islice(going_on, AT_ONCE))
    for parent in found:
        keep_parent(tx, replace(parent, state=state, reason=reason, look_at=None))
    return tuple(parent.id for parent in found)


def _end(tx: LedgerTransaction, order: PlatformOrder, switch: KillSwitch, now: datetime) -> OrderId:
    event_id = EventId(derived_uuid7(now, "kill", str(switch.id), str(order.id)))
    cancel_order(tx, order.id, event_id, now, KILL_SWITCH, switch.reason)
    return order.id


def _flattened(
    tx: LedgerTransaction,
    account: Account,
    switch: KillSwitch,
    busy: Collection[Symbol],
    now: datetime,
) -> Enacted:
    """Place what is missing to make the account flat; not acting where it is flat.

    Args:
        busy: Symbols of orders that are open; those come later.
    """
    placed: list[OrderId] = []
    refused: list[str] = []
    left = tuple(closings(_held(tx, account.id)))
    for each in left:
        if each.symbol in busy:
            continue
        if len(placed) == AT_ONCE:
            break
        order_id = _next_id(tx, switch, each, now)
        if order_id is None:
            continue
        try:
            _place(tx, account, switch, each, order_id, now)
        except (Invalid, Rejected) as error:
            refused.append(f"{each.account} {each.symbol}: {error.message}")
        else:
            placed.append(order_id)
    return Enacted(bool(left or busy), tuple(placed), tuple(refused))


def _held(tx: LedgerTransaction, root: AccountId) -> Mapping[AccountId, Mapping[Symbol, Decimal]]:
    family = [member.id for member in tx.accounts.family(root)]
    held: dict[AccountId, dict[Symbol, Decimal]] = {member: {} for member in family}
    for place, value in tx.books.balances(family).items():
        if place.book is Book.POSITION and place.currency is None and place.symbol is not None:
            held[place.account][place.symbol] = value
    return held


def _next_id(
    tx: LedgerTransaction, switch: KillSwitch, closing: Closing, now: datetime
) -> OrderId | None:
    """Name the next closing order; None while it is too early after the last one."""
    least, most = AGAIN_AFTER
    wait = least
    number = 1
    while True:
        order_id = _order_id(switch, closing, number)
        known = tx.orders.find(order_id)
        if known is None:
            return order_id
        following = tx.orders.find(_order_id(switch, closing, number + 1))
        if following is None and now < known.intended_at + wait:
            return None
        number, wait = number + 1, min(wait * 2, most)


def _order_id(switch: KillSwitch, closing: Closing, number: int) -> OrderId:
    at = switch.pulled_at or switch.asked_at
    names = (str(switch.id), closing.account, closing.symbol, str(number))
    return OrderId(derived_uuid7(at, "flatten", *names))


def _place(
    tx: LedgerTransaction,
    account: Account,
    switch: KillSwitch,
    closing: Closing,
    order_id: OrderId,
    now: datetime,
) -> None:
    listing = tx.market.listings(account.root, {closing.symbol}).get(closing.symbol)
    rules = asset_rules(account.broker, asset_class_of(closing.symbol, listing))
    request = OrderRequest(
        symbol=closing.symbol,
        side=closing.side,
        time_in_force=_time(capabilities_named(account.broker), rules, closing.quantity),
        quantity=closing.quantity,
    )
    provenance = Provenance(
        correlation_id=CorrelationId(str(switch.id)),
        user=KILL_SWITCH,
        parameters=(("by", switch.by), ("kill_switch", str(switch.id))),
    )
    admit(
        tx,
        Placement(
            account=closing.account,
            request=request,
            provenance=provenance,
            order_id=order_id,
            intent_id=EventId(derived_uuid7(now, "intent", str(order_id))),
        ),
        now,
    )


def _time(table: Capabilities, rules: AssetRules, quantity: Decimal) -> TimeInForce:
    allowed = table.times_of(OrderType.MARKET) & rules.times.get(OrderType.MARKET, frozenset())
    if table.fractional_times is not None and decimals_of(quantity):
        allowed &= table.fractional_times
    for time in _TIMES:
        if time in allowed:
            return time
    raise Conflict("the broker takes no market order that could end a position")


def _done(account: Account, switch: KillSwitch, now: datetime) -> AuditRecord:
    facts: dict[str, JsonValue] = {"flatten": switch.flatten}
    if switch.pulled_at is not None:
        facts["seconds"] = plain(Decimal(str((now - switch.pulled_at).total_seconds())))
    return AuditRecord(
        id=derived_uuid7(now, "kill_switch.done", str(switch.id)),
        tenant=account.tenant,
        account=account.id,
        at=now,
        who=KILL_SWITCH,
        action="kill_switch.done",
        subject=str(switch.id),
        reason=switch.reason,
        facts=facts,
    )

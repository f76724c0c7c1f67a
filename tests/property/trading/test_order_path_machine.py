"""Orders, ledger and matching engine driven together, by whatever order of events there is."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from algotrendy.brokers.port import BrokerAccount, BrokerOrder, BrokerUpdate
from algotrendy.brokers.simulated.broker import SERVICE
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Rejected
from algotrendy.kernel.ids import AccountId, CorrelationId, EventId, OrderId, TenantId, UserId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, StopLoss, TakeProfit
from algotrendy.trading.accounts import Account
from algotrendy.trading.admission import Placement, admit
from algotrendy.trading.booking import record
from algotrendy.trading.cancelling import cancel_order
from algotrendy.trading.execution import news
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.opening import open_account
from algotrendy.trading.order_events import (
    OrderEvent,
    OrderFoundAbsent,
    OrderOutcomeUnknown,
    OrderRejected,
    OrderSubmitted,
    OrderWithdrawn,
    Provenance,
)
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus
from fakes.memory_ledger import MemoryLedger
from simulation.exchange import CASH, SYMBOLS, Exchange
from simulation.laws import Laws
from simulation.loop import BEGIN, virtual_loop
from simulation.market import listing_of, quote_of
from simulation.world import SeededIds

ROOT = AccountId("paper")
ANN = UserId("ann")

sides = st.sampled_from(Side)
sizes = st.integers(1, 60).map(Decimal)
cents = st.integers(9_600, 10_400).map(lambda number: Decimal(number) / 100)
kinds = st.sampled_from(["market", "limit", "stop", "bracket"])
symbols = st.sampled_from(SYMBOLS)


class OrderPath(RuleBasedStateMachine):
    """People place orders, one writer sends them, the market moves, news comes as it likes."""

    names = Bundle("names")

    def __init__(self) -> None:
        super().__init__()
        self.loop = virtual_loop(Random(0))
        self.ids = SeededIds(self.loop, Random(1))
        terms = VenueTerms(seed=3, fees="none", partial_fills=0.4, always_open=True)
        self.exchange = Exchange(self.loop, Random(2), terms)
        self.ledger = MemoryLedger()
        self.laws = Laws(self.ledger.tables, self.exchange, ROOT)
        self.heard: list[BrokerUpdate] = []
        self.untold: list[BrokerUpdate] = []
        self.exchange.listeners.append(self.untold.append)
        self.ledger.run(self._open)

    # People

    @rule(target=names, symbol=symbols, side=sides, size=sizes, kind=kinds, price=cents)
    def place(
        self, symbol: Symbol, side: Side, size: Decimal, kind: str, price: Decimal
    ) -> OrderId | object:
        order_id = OrderId(self.ids.next())
        wish = OrderRequest(symbol, side, quantity=size, time_in_force=TimeInForce.GTC)
        placement = Placement(
            account=ROOT,
            request=_of_kind(wish, kind, price),
            provenance=Provenance(correlation_id=CorrelationId("c"), user=ANN),
            order_id=order_id,
            intent_id=EventId(self.ids.next()),
        )
        try:
            self.ledger.run(lambda tx: admit(tx, placement, self.loop.wall()))
        except (Rejected, Invalid):
            return multiple()
        # The same again is the same order.
        again = self.ledger.run(lambda tx: admit(tx, placement, self.loop.wall()))
        assert again.id == order_id
        return order_id

    @rule(order_id=names)
    def cancel(self, order_id: OrderId) -> None:
        event_id = EventId(self.ids.next())
        try:
            order = self.ledger.run(
                lambda tx: cancel_order(tx, order_id, event_id, self.loop.wall(), "ann")
            )
        except Conflict:
            return
        if order.is_at_broker and not order.is_terminal:
            with contextlib.suppress(Rejected):
                self.exchange.cancel(min(order.broker_order_ids))

    # The writer

    @rule(order_id=names, is_answered=st.booleans())
    def send(self, order_id: OrderId, is_answered: bool) -> None:
        order = self.ledger.tables.orders.get(order_id)
        if not order.may_be_sent(self.loop.wall()):
            return
        self._say(order, OrderSubmitted, epoch=1)
        try:
            told = self.exchange.submit(order.request)
        except Rejected as error:
            self._say(order, OrderRejected, reason=error.message)
            return
        if is_answered:
            self._read(told)
        else:
            self._say(order, OrderOutcomeUnknown, reason="no answer")

    @rule(order_id=names)
    def lose_a_request(self, order_id: OrderId) -> None:
        order = self.ledger.tables.orders.get(order_id)
        if order.may_be_sent(self.loop.wall()):
            self._say(order, OrderSubmitted, epoch=1)
            self._say(order, OrderOutcomeUnknown, reason="no answer")

    @rule(order_id=names)
    def ask(self, order_id: OrderId) -> None:
        order = self.ledger.tables.orders.get(order_id)
        if order.status is not PlatformStatus.UNKNOWN:
            return
        try:
            told = self.exchange.view_by_name(order.client_order_id)
        except NotFound:
            self._say(order, OrderFoundAbsent)
            return
        self._read(told)

    # The exchange

    @rule(symbol=symbols, seconds=st.integers(1, 5))
    def move(self, symbol: Symbol, seconds: int) -> None:
        self.loop.pass_time(seconds)
        self.exchange.move(symbol)
        self.ledger.run(self._keep_prices)

    @rule(place=st.integers(0, 50))
    def hear(self, place: int) -> None:
        if self.untold:
            update = self.untold.pop(place % len(self.untold))
            self.heard.append(update)
            self._hear(update)

    @rule(place=st.integers(0, 50))
    def hear_again(self, place: int) -> None:
        if self.heard:
            self._hear(self.heard[place % len(self.heard)])

    @rule(place=st.integers(0, 50))
    def bust(self, place: int) -> None:
        fills = self.exchange.fills()
        if fills:
            with contextlib.suppress(Rejected):
                self.exchange.bust(fills[place % len(fills)].execution_id)

    # The laws

    @invariant()
    def the_ledger_says_nothing_that_is_not_so(self) -> None:
        for broken in self.laws.derived():
            raise broken

    def teardown(self) -> None:
        """Let all news come at last: the ledger is then what the exchange is."""
        for update in self.untold:
            self._hear(update)
        for order_id in list(self.ledger.tables.orders.folded.rows):
            self.ask(order_id)
        for order in self.ledger.tables.orders.unsettled(ROOT):
            if order.status is PlatformStatus.INTENDED:
                self._say(order, OrderWithdrawn, reason="the story is over")
        for each in (*self.laws.of_orders(), *self.laws.of_executions(), *self.laws.of_money()):
            raise each

    # The inside

    def _say(self, order: PlatformOrder, kind: type[OrderEvent], **facts: Any) -> None:
        event = kind(id=EventId(self.ids.next()), order_id=order.id, at=self.loop.wall(), **facts)
        self.ledger.run(lambda tx: record(tx, [event]))

    def _read(self, told: BrokerOrder) -> None:
        now = self.loop.wall()
        self.ledger.run(lambda tx: news.hear(tx, ROOT, news.Told(told, now)))

    def _hear(self, update: BrokerUpdate) -> None:
        if self.ledger.run(lambda tx: news.hear(tx, ROOT, news.told_by(update))) is not None:
            return
        # It is of an exit, and came before any news of its entry, which tells of its exits.
        name = update.order.broker_order_id
        for entry in self.exchange.views():
            if any(leg.broker_order_id == name for leg in entry.legs):
                self._read(entry)
        heard = self.ledger.run(lambda tx: news.hear(tx, ROOT, news.told_by(update)))
        assert heard is not None, f"nobody knows {update.order.client_order_id}"

    def _open(self, tx: LedgerTransaction) -> None:
        account = Account(id=ROOT, tenant=TenantId("demo"), broker=SERVICE, opened_at=BEGIN)
        held = BrokerAccount(self.exchange.account_id, "USD", CASH, CASH, CASH)
        open_account(tx, account, held, [], BEGIN)
        self._keep_prices(tx)

    def _keep_prices(self, tx: LedgerTransaction) -> None:
        now = self.loop.wall()
        tx.market.put_quotes(ROOT, [quote_of(self.exchange, symbol, now) for symbol in SYMBOLS])
        tx.market.put_listings(ROOT, [listing_of(symbol, now) for symbol in SYMBOLS])


def _of_kind(wish: OrderRequest, kind: str, price: Decimal) -> OrderRequest:
    if kind == "limit":
        return replace(wish, type=OrderType.LIMIT, limit_price=price)
    if kind == "stop":
        return replace(wish, type=OrderType.STOP, stop_price=price)
    if kind == "bracket":
        profit, loss = (
            (Decimal(110), Decimal(90)) if wish.side is Side.BUY else (Decimal(90), Decimal(110))
        )
        return replace(
            wish,
            order_class=OrderClass.BRACKET,
            take_profit=TakeProfit(profit),
            stop_loss=StopLoss(loss),
        )
    return wish


OrderPath.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=timedelta(seconds=5)
)
TestOrderPath = OrderPath.TestCase

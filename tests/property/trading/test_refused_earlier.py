"""What we admit, the paper exchange takes: everything that it would refuse is refused before."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.brokers.port import BrokerAccount, BrokerUpdate
from algotrendy.brokers.simulated.broker import SERVICE
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Invalid, Rejected
from algotrendy.kernel.ids import AccountId, EventId, TenantId
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest, StopLoss, TakeProfit
from algotrendy.trading.accounts import Account
from algotrendy.trading.booking import record
from algotrendy.trading.execution import news
from algotrendy.trading.execution.dispatch import replacement
from algotrendy.trading.intake import Intake
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.opening import open_account
from algotrendy.trading.order_events import OrderSubmitted
from algotrendy.trading.orders import PlatformOrder
from fakes.memory_ledger import MemoryLedger
from fakes.order_counter import provenance
from fakes.order_sagas import RecordedBell, RecordedSagas
from simulation.exchange import CASH, SYMBOLS, Exchange
from simulation.loop import BEGIN, VirtualLoop, virtual_loop
from simulation.market import listing_of, quote_of
from simulation.world import SeededIds

ROOT = AccountId("paper")

cents = st.integers(8_500, 11_500).map(lambda count: Decimal(count) / 100)
odd_prices = st.sampled_from(["99.999", "0.5", "0.50005", "20000000"]).map(Decimal)
prices = st.one_of(*[cents] * 7, odd_prices)
maybe = st.none() | prices
odd_sizes = st.sampled_from(["0.5", "7.25", "0.003", "0.0000000001", "2000000000"]).map(Decimal)
sizes = st.one_of(*[st.integers(1, 400).map(Decimal)] * 5, odd_sizes)
times = st.sampled_from([TimeInForce.DAY, TimeInForce.DAY, *TimeInForce])


def _of_type(kind: OrderType) -> st.SearchStrategy[OrderRequest]:
    trails = kind is OrderType.TRAILING_STOP
    return st.builds(
        OrderRequest,
        symbol=st.sampled_from(SYMBOLS),
        side=st.sampled_from(Side),
        type=st.just(kind),
        time_in_force=times,
        quantity=sizes,
        limit_price=prices if kind.has_limit else st.none(),
        stop_price=prices if kind.has_stop else st.none(),
        trail_percent=st.sampled_from(["1.5", "100", "0.00001"]).map(Decimal)
        if trails
        else st.none(),
    )


simple = st.sampled_from(OrderType).flatmap(_of_type)
wild = st.builds(
    OrderRequest,
    symbol=st.sampled_from(SYMBOLS),
    side=st.sampled_from(Side),
    type=st.sampled_from(OrderType),
    time_in_force=times,
    quantity=st.none() | sizes,
    notional=st.none() | st.sampled_from(["0.5", "250.555", "1000"]).map(Decimal),
    limit_price=maybe,
    stop_price=maybe,
    extended_hours=st.booleans(),
    order_class=st.sampled_from(OrderClass),
    take_profit=st.none() | st.builds(TakeProfit, prices),
    stop_loss=st.none() | st.builds(StopLoss, prices, maybe),
)
groups = st.builds(
    OrderRequest,
    symbol=st.sampled_from(SYMBOLS),
    side=st.sampled_from(Side),
    type=st.sampled_from([OrderType.MARKET, OrderType.LIMIT]),
    time_in_force=st.sampled_from([TimeInForce.DAY, TimeInForce.GTC]),
    quantity=st.integers(1, 300).map(Decimal),
    order_class=st.sampled_from([OrderClass.BRACKET, OrderClass.OCO, OrderClass.OTO]),
    take_profit=st.builds(TakeProfit, prices),
    stop_loss=st.builds(StopLoss, prices),
)


@dataclass(frozen=True)
class Change:
    """A wish to change one of the open orders."""

    choice: int
    request: ReplaceRequest


@dataclass(frozen=True)
class Cancel:
    """A wish to end one of the open orders."""

    choice: int


@dataclass(frozen=True)
class Wait:
    """Time in which nobody does anything: into the night, or from one auction to the next."""

    minutes: int


waits = st.builds(Wait, st.sampled_from([1, 25, 65, 355, 600, 1_440]))
changes = st.builds(
    Change,
    st.integers(0, 20),
    st.builds(
        ReplaceRequest,
        quantity=st.none() | sizes,
        limit_price=maybe,
        stop_price=maybe,
        time_in_force=st.none() | times,
    ),
)
acts = st.one_of(
    simple, simple, simple, groups, wild, changes, st.builds(Cancel, st.integers(0, 20)), st.none()
)
at_all_hours = st.one_of(acts, acts, waits)
Act = OrderRequest | Change | Cancel | Wait | None


class LoopClock:
    """Is the clock of a virtual loop."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.now = loop.wall


class Street:
    """A counter that sends at once what it has admitted, and hears all news at once."""

    def __init__(self, *, is_always_open: bool) -> None:
        self.loop = virtual_loop(Random(0))
        self.is_always_open = is_always_open
        terms = VenueTerms(
            seed=3,
            fees="none",
            partial_fills=0.3,
            always_open=is_always_open,
            # What a night costs is news of the account, which nobody here hears.
            borrow_rate=Decimal(0),
        )
        self.exchange = Exchange(self.loop, Random(2), terms)
        self.ledger = MemoryLedger()
        ids = SeededIds(self.loop, Random(1))
        self.ids = ids
        clock: Clock = LoopClock(self.loop)
        bell, sagas = RecordedBell(), RecordedSagas()
        self.intake = Intake(self.ledger, sagas, bell, clock, ids, pause=lambda _: None)
        self.news: list[BrokerUpdate] = []
        self.exchange.listeners.append(self.news.append)
        self.ledger.run(self._open)
        self.taken = 0

    def do(self, act: Act) -> None:
        match act:
            case OrderRequest():
                with suppress(Rejected, Invalid):
                    self._send(self.intake.place(ROOT, act, provenance()), act)
            case Change(choice=choice, request=request) if self.open:
                old = self.open[choice % len(self.open)]
                with suppress(Rejected, Invalid):
                    self._send(self.intake.replace(old.id, request, provenance()), act)
            case Cancel(choice=choice) if self.open:
                order = self.open[choice % len(self.open)]
                with suppress(Conflict):
                    self.intake.cancel(order.id, "ada")
                    self.exchange.cancel(min(order.broker_order_ids))
            case Wait(minutes=minutes):
                self._pass(minutes * 60)
            case _:
                self._pass(1)
        self._hear()
        self.ledger.run(self._keep_prices)

    @property
    def open(self) -> list[PlatformOrder]:
        return [
            order
            for order in self.ledger.tables.orders.unsettled(ROOT)
            if not order.is_terminal and order.broker_order_ids
        ]

    def _send(self, order: PlatformOrder, act: object) -> None:
        now = self.loop.wall()
        sent = OrderSubmitted(id=EventId(self.ids.next()), order_id=order.id, at=now, epoch=1)
        self.ledger.run(lambda tx: record(tx, [sent]))
        try:
            if order.replaces is None:
                told = self.exchange.submit(order.request)
            else:
                old = self.ledger.tables.orders.get(order.replaces)
                name = min(old.broker_order_ids)
                told = self.exchange.replace(name, replacement(order, old))
        except Rejected as error:
            raise AssertionError(f"{act} was admitted and then refused: {error.message}") from error
        self.taken += 1
        at = self.loop.wall()
        self.ledger.run(lambda tx: news.hear(tx, ROOT, news.Told(told, at)))

    def _pass(self, seconds: float) -> None:
        self.loop.pass_time(seconds)
        for symbol in SYMBOLS:
            self.exchange.move(symbol)

    def _hear(self) -> None:
        for update in self.news:
            said = update
            self.ledger.run(lambda tx: news.hear(tx, ROOT, news.told_by(said)))  # noqa: B023
        self.news.clear()

    def _open(self, tx: LedgerTransaction) -> None:
        account = Account(
            id=ROOT,
            tenant=TenantId("demo"),
            broker=SERVICE,
            opened_at=BEGIN,
            leverage=Decimal(2),
            round_the_clock=self.is_always_open,
        )
        held = BrokerAccount(self.exchange.account_id, "USD", CASH, CASH, CASH)
        open_account(tx, account, held, [], BEGIN)
        self._keep_prices(tx)

    def _keep_prices(self, tx: LedgerTransaction) -> None:
        now = self.loop.wall()
        tx.market.put_quotes(ROOT, [quote_of(self.exchange, symbol, now) for symbol in SYMBOLS])
        tx.market.put_listings(ROOT, [listing_of(symbol, now) for symbol in SYMBOLS])


def require_all_taken(street: Street, asked: list[Act]) -> None:
    for act in asked:
        street.do(act)


# A price may differ by a tick between the two: no chance for it where tests must not flicker.
@settings(max_examples=100, deadline=None, derandomize=True)
@given(asked=st.lists(acts, max_size=30))
def test_the_exchange_takes_whatever_was_admitted(asked: list[Act]) -> None:
    require_all_taken(Street(is_always_open=True), asked)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(asked=st.lists(at_all_hours, max_size=30))
def test_the_exchange_takes_whatever_was_admitted_at_any_hour(asked: list[Act]) -> None:
    require_all_taken(Street(is_always_open=False), asked)

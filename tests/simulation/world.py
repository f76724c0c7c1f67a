"""Everything of one run: the platform's processes, what they stand on, and who uses them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from algotrendy.brokers.port import BrokerAccount
from algotrendy.brokers.simulated.answers import activities_of
from algotrendy.brokers.simulated.broker import SERVICE
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.ids import AccountId, TenantId, parse_order_id, uuid7
from algotrendy.kernel.money import Currency, Money
from algotrendy.risk.limits import StrategyId, parse_limits
from algotrendy.risk.records import LimitsVersion
from algotrendy.trading.accounts import Account
from algotrendy.trading.execution.watermarks import Watermarks, put
from algotrendy.trading.journal import Entry
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.opening import allocate, open_account, open_part
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.saga import OrderSaga
from algotrendy.trading.sweeper import Sweeper
from simulation.bells import BellPort, Queue
from simulation.blocking import Blocking
from simulation.broker import Wire
from simulation.exchange import CASH, Exchange
from simulation.fate import Fate
from simulation.laws import Broken, Laws
from simulation.ledger import LedgerPort, Store
from simulation.loop import BEGIN, Killed, Process, VirtualLoop, virtual_loop
from simulation.running import RunningSums
from simulation.workflows import SagasPort, Workflows

ROOT = AccountId("paper")
# How likely a kill is at a point around an effect: many commits of a service change nothing.
KILLS = {"service": 0.0005, "function": 0.006}
KILLS_AROUND_REQUESTS = 0.02
# At most times the market is open around the clock; else a run begins while it is closed, in
# extended hours, or so that the session ends within the run.
AROUND_THE_CLOCK = 0.85
OTHER_BEGINS = (
    datetime(2026, 9, 15, 2, 0, tzinfo=UTC),
    datetime(2026, 9, 15, 12, 0, tzinfo=UTC),
    datetime(2026, 9, 15, 19, 59, 40, tzinfo=UTC),
)
# Some runs go wrong more than others.
LEVELS = (0.3, 1.0, 1.0, 1.0, 3.0)


@dataclass(frozen=True)
class Plan:
    """Which parts of a seed's history are played.

    Attributes:
        actions: Numbers of what people do that are left out.
        faults: Numbers of faults that are left out.
        most_faults: How many strike at all.
    """

    seed: int
    actions: frozenset[int] = frozenset()
    faults: frozenset[int] = frozenset()
    most_faults: int | None = None
    level: float = 1.0


@dataclass
class History:
    """What happened, line by line, where somebody wants to read it."""

    is_wanted: bool = False
    lines: list[str] = field(default_factory=list)


class SeededIds:
    """Makes ids of the seed."""

    def __init__(self, loop: VirtualLoop, chance: Random) -> None:
        self._loop = loop
        self._chance = chance

    def next(self) -> UUID:
        """Make one."""
        return uuid7(self._loop.wall(), self._chance.randbytes)


class World:
    """The platform and its outside, from one seed."""

    def __init__(self, plan: Plan, history: History) -> None:
        seed = plan.seed
        self.plan = plan
        self.history = history
        self.broken: list[Broken] = []
        self.strangers: set[str] = set()
        hours = Random(f"{seed}/hours")
        self.is_always_open = hours.random() < AROUND_THE_CLOCK
        begin = BEGIN if self.is_always_open else hours.choice(OTHER_BEGINS)
        self.loop = virtual_loop(Random(f"{seed}/loop"), begin)
        level = plan.level * Random(f"{seed}/level").choice(LEVELS)
        self.fate = Fate(Random(f"{seed}/fate"), level, plan.faults, plan.most_faults)
        self.fate.told = lambda kind: self.tell("fault", kind)
        self.chance = Random(f"{seed}/world")
        self.ids = SeededIds(self.loop, Random(f"{seed}/ids"))
        self.blocking = Blocking(self.loop)
        terms = VenueTerms(
            seed=seed,
            liquidity=self.chance.choice(("unlimited", "quoted")),
            partial_fills=self.chance.choice((0.0, 0.4)),
            fees=self.chance.choice(("none", "us_equity")),
            always_open=self.is_always_open,
        )
        self.exchange = Exchange(self.loop, Random(f"{seed}/market"), terms)
        self.wire = Wire(self.loop, self.fate, self.exchange, self.effect)
        self.store = Store(self.fate, self.effect, lambda: bool(self._stored), self.loop.time)
        self.queue = Queue(self.loop, self.fate)
        self.workflows = Workflows(
            self.loop, self.fate, Random(f"{seed}/workflows"), self.invoke, self.queue.send
        )
        self.laws = Laws(self.store.memory.tables, self.exchange, ROOT)
        self._stored: list[tuple[PlatformOrder, Sequence[OrderEvent]]] = []
        self._posted: list[Entry] = []
        self._count = 0
        self._open_books()
        self._sums = RunningSums(self.store.memory.tables)
        self._watch()

    # What happens to processes

    def process(self, kind: str, name: str) -> Process:
        """Start a process; its clock is a little wrong."""
        self._count += 1
        process = Process(f"{kind} {name} {self._count}", self.loop)
        process.skew_s = self.chance.uniform(-0.3, 0.3)
        return process

    def effect(self, process: Process, what: str) -> None:
        """Pass a point around an effect of a process, at which it may be killed."""
        kind = process.name.partition(" ")[0]
        if self.history.is_wanted and not what.endswith("commit"):
            self.tell(process.name, what)
        is_request = kind == "service" and not what.endswith("commit")
        chance = KILLS_AROUND_REQUESTS if is_request else KILLS[kind]
        if self.fate.strikes(f"{kind} killed", chance):
            self.kill(process)
            raise Killed

    def kill(self, process: Process) -> None:
        """End a process at this very point."""
        process.kill()
        self.tell(process.name, "killed")

    def spawn(self, process: Process, main: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine in a process."""
        return self.loop.create_task(main, context=process.context.copy())

    def tell(self, who: str, what: str) -> None:
        """Write down what happened."""
        if self.history.is_wanted:
            self.history.lines.append(f"{self.loop.time():8.3f}  {who}: {what}")

    # What runs in functions

    def invoke(self, name: str, payload: Mapping[str, Any]) -> asyncio.Future[Any]:
        """Run a step of the workflow as a function, in a process of its own."""
        process = self.process("function", name)
        saga = OrderSaga(
            self.ledger(process), self.sagas(process), self.bell(process), process, self.ids
        )
        order_id = parse_order_id(payload["order_id"])
        steps: dict[str, Callable[[], Any]] = {
            "Begin": lambda: saga.begin(order_id),
            "AwaitApproval": lambda: saga.await_approval(order_id, payload["token"]),
            "Withdraw": lambda: saga.withdraw(order_id),
            "Resolve": lambda: saga.resolve(order_id, payload["token"]),
            "AwaitEnd": lambda: saga.await_end(order_id, payload["token"]),
            "Settle": lambda: saga.settle(order_id),
        }
        self.tell(process.name, f"runs for {order_id}")
        return self.blocking.call(process, steps[name])

    def sweep(self) -> asyncio.Future[Any]:
        """Run the sweeper once."""
        process = self.process("function", "sweeper")
        sweeper = Sweeper(self.ledger(process), self.sagas(process), process)
        return self.blocking.call(process, sweeper.sweep)

    def ledger(self, process: Process) -> LedgerPort:
        """Give a process that blocks its ledger."""
        return LedgerPort(self.store, self.fate, process, self.blocking.pause)

    def sagas(self, process: Process) -> SagasPort:
        """Give a process its workflows."""
        return SagasPort(self.workflows, self.fate, process, self.effect, self.blocking.pause)

    def bell(self, process: Process) -> BellPort:
        """Give a process its bell."""
        return BellPort(self.queue, self.fate, process, self.effect)

    # What is looked at

    def _watch(self) -> None:
        tables, memory = self.store.memory.tables, self.store.memory
        store = tables.orders.store

        def watched(after: PlatformOrder, events: Sequence[OrderEvent]) -> None:
            store(after, events)
            self._stored.append((after, events))

        post = tables.books.post

        def posted(entry: Entry) -> bool:
            is_new = post(entry)
            if is_new:
                self._posted.append(entry)
            return is_new

        tables.orders.store = watched  # type: ignore[method-assign]
        tables.books.post = posted  # type: ignore[method-assign]
        commit = memory.fate

        def fate() -> Any:
            found = commit()
            if found.name not in ("COMMITS", "IS_UNSEEN"):
                self._forget()
            return found

        memory.fate = fate
        self.store.begun = self._forget
        self.store.committed = self._committed
        self.exchange.arrived = self._arrived

    def _forget(self) -> None:
        self._stored.clear()
        self._posted.clear()

    def _committed(self, process: Process) -> None:
        stored, self._stored = self._stored, []
        posted, self._posted = self._posted, []
        for order, events in stored:
            if self.history.is_wanted:
                kinds = ", ".join(type(event).__name__ for event in events)
                self.tell(process.name, f"{order.client_order_id} is {order.status}: {kinds}")
            try:
                self.laws.check_stored(order, events)
            except Broken as broken:
                self._break(broken)
        for found in self._sums.check([order for order, _ in stored], posted):
            self._break(found)

    def _arrived(self, name: str) -> None:
        self.tell("exchange", f"got {name}")
        if name in self.strangers:
            return
        try:
            self.laws.check_arrival(name)
        except Broken as broken:
            self._break(broken)

    def _break(self, broken: Broken) -> None:
        self.tell("BROKEN", str(broken))
        self.broken.append(broken)

    # How it begins

    def _open_books(self) -> None:
        held = BrokerAccount(self.exchange.account_id, "USD", CASH, CASH, CASH)
        usd, begin = Currency.USD, self.loop.begin
        self.account = account = Account(
            id=ROOT,
            tenant=TenantId("demo"),
            broker=SERVICE,
            opened_at=begin,
            leverage=Decimal(2),
            approval_above=Money(Decimal(5_000), usd) if self.chance.random() < 0.3 else None,
        )
        loose = parse_limits({"version": 2, "account": {"wash_trade_guard": False}})
        is_loose = self.chance.random() < 0.7

        activities = activities_of(self.exchange.activities())
        marks = Watermarks.at_opening(self.exchange.fills(), activities)

        def work(tx: LedgerTransaction) -> None:
            open_account(tx, account, held, [], begin)
            put(tx, account, marks)
            part = open_part(tx, ROOT, StrategyId("alpha"), begin)
            allocate(tx, ROOT, part.id, Money(Decimal(40_000), usd), "begin", begin)
            if is_loose:
                version = LimitsVersion(
                    account=ROOT, limits=loose, by="ann", reason="simulated", at=begin
                )
                tx.risk.add_limits(version)

        fate, self.store.memory.fate = self.store.memory.fate, type(self.store.memory)().fate
        self.store.memory.run(work)
        self.store.memory.fate = fate

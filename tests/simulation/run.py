"""Play one seed: people and troubles for a minute, then peace until everything has settled."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderClass
from algotrendy.trading.parents.working import find_parent
from simulation.exchange import SYMBOLS
from simulation.laws import LOST, OTHER, Broken
from simulation.people import People
from simulation.service import Services
from simulation.story import TROUBLES, Action, story
from simulation.troubles import Troubles
from simulation.world import History, Plan, World

PEACE_S = 45.0
LAST_S = 900.0
LOOK_EVERY_S = 2.0
CALM_S = 6.0
SWEEP_EVERY_S = 30.0
QUOTE_EVERY_S = 2.0


@dataclass
class Result:
    """What came of a seed."""

    plan: Plan
    broken: list[Broken] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    struck: list[tuple[int, str]] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    orders: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    steps: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def laws(self) -> frozenset[str]:
        """Name the laws that were broken."""
        return frozenset(each.law for each in self.broken)


class Play:
    """One run of a plan."""

    def __init__(self, plan: Plan, *, is_told: bool = False) -> None:
        self._plan = plan
        self.world = World(plan, History(is_wanted=is_told))
        self._people = People(self.world)
        self._services = Services(self.world)
        self._troubles = Troubles(self.world, self._services)
        self.actions = [each for each in story(plan.seed) if each.number not in plan.actions]
        self._asking = 0
        self._settled_at: float | None = None
        self._last: list[Broken] = []

    def result(self) -> Result:
        """Play it."""
        world = self.world
        self._schedule()
        self._services.start()
        world.loop.run(LAST_S)
        found = list(world.broken)
        if not found:
            found += self._last if self._settled_at is None else ()
            found += world.laws.derived()
        crashes = world.loop.crashes
        world.blocking.end()
        world.loop.end()
        found += (Broken(OTHER, each) for each in crashes)
        return Result(
            plan=self._plan,
            broken=found,
            faults=world.fate.kinds
            + Counter(each.kind for each in self.actions if each.kind in TROUBLES),
            struck=world.fate.struck,
            actions=self.actions,
            orders=len(world.store.memory.tables.orders.folded.rows),
            kinds=self._kinds(),
            seconds=world.loop.time(),
            steps=world.loop.steps,
            lines=world.history.lines,
        )

    def _kinds(self) -> Counter[str]:
        """Count the orders that reached the broker, by what they are."""
        tables = self.world.store.memory.tables
        found: Counter[str] = Counter()
        for order in tables.orders.folded.rows.values():
            if not order.broker_order_ids:
                continue
            asked = order.request
            found[asked.type if asked.order_class is OrderClass.SIMPLE else asked.order_class] += 1
            found["extended hours"] += asked.extended_hours
            found["replacement"] += order.replaces is not None
            found["market not always open"] += not self.world.is_always_open
            parent = order.provenance.parent and find_parent(tables, order.provenance.parent)
            if parent:
                found[f"slice of a {parent.wish.style}"] += 1
        return found

    def _schedule(self) -> None:
        loop = self.world.loop
        for action in self.actions:
            loop.call_at(action.at_s, self._act, action)
        for symbol in SYMBOLS:
            self._repeat(QUOTE_EVERY_S, partial(self._move, symbol))
        self._repeat(SWEEP_EVERY_S, self._sweep)
        loop.call_at(PEACE_S, self._peace)
        loop.call_later(LOOK_EVERY_S, self._look)

    def _repeat(self, every_s: float, act: Callable[[], object]) -> None:
        loop = self.world.loop

        def again() -> None:
            act()
            loop.call_later(every_s * (0.7 + 0.6 * self.world.chance.random()), again)

        loop.call_later(every_s * self.world.chance.random(), again)

    def _move(self, symbol: Symbol) -> None:
        # In peace the market stands still, so that what is open stays so; but whoever is to be
        # flat needs somebody to trade with.
        if self.world.loop.time() < PEACE_S or self._troubles.is_flattened:
            self.world.exchange.move(symbol)

    def _sweep(self) -> None:
        self.world.sweep().add_done_callback(_ignore)

    def _act(self, action: Action) -> None:
        if action.kind in TROUBLES:
            self._troubles.befall(action)
            return
        self._asking += 1
        task = self.world.loop.create_task(self._people.do(action))
        task.add_done_callback(self._asked)

    def _asked(self, _: object) -> None:
        self._asking -= 1

    def _peace(self) -> None:
        self.world.fate.is_over = True
        self.world.tell("peace", "no more faults")
        self._services.heal()

    def _look(self) -> None:
        """Stop where a law is broken, or where all has been settled for a while."""
        world = self.world
        if world.broken or world.loop.crashes:
            world.loop.stop()
            return
        now = world.loop.time()
        world.loop.call_later(LOOK_EVERY_S, self._look)
        if now < PEACE_S:
            return
        self._last = [
            *world.laws.differences(),
            *world.laws.after_a_halt(
                is_halted=self._troubles.is_halted, is_flattened=self._troubles.is_flattened
            ),
            *self._broken_promises(),
            *self._services.unattended(),
        ]
        if self._asking:
            self._last.append(Broken(OTHER, "a client still has no answer"))
        if self._last:
            self._settled_at = None
        elif self._settled_at is None:
            self._settled_at = now
        elif now - self._settled_at >= CALM_S:
            world.loop.stop()

    def _broken_promises(self) -> list[Broken]:
        orders = self.world.store.memory.tables.orders
        found = []
        for promise in self._people.promises:
            order = orders.find(promise.order_id)
            if order is None or order.client_order_id != promise.name:
                found.append(Broken(LOST, f"{promise.name} was promised and is not there"))
        return found


def _ignore(future: asyncio.Future[object]) -> None:
    if not future.cancelled():
        future.exception()


def play(plan: Plan, *, is_told: bool = False) -> Result:
    """Play a plan once; the same plan gives the same result."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return Play(plan, is_told=is_told).result()
    finally:
        if was_enabled:
            gc.enable()

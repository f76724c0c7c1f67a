"""The execution services of one run: two at once, which are killed, stalled and taken over."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from algotrendy.brokers.port import Broker
from algotrendy.kernel.errors import JsonValue, Unavailable
from algotrendy.trading.execution.duties import Duty, Post
from algotrendy.trading.execution.killing import Killing
from algotrendy.trading.execution.monitor import Monitor
from algotrendy.trading.execution.prices import Prices
from algotrendy.trading.execution.protection import ProtectionWatch
from algotrendy.trading.execution.reconcile import Reconciliation
from algotrendy.trading.execution.service import Standing, Station, Surroundings
from algotrendy.trading.parents.duty import SliceDuty
from simulation.bells import RingsPort
from simulation.broker import HostileBroker
from simulation.laws import OTHER, Broken
from simulation.ledger import DeskPort
from simulation.loop import Process
from simulation.market import MarketPort
from simulation.world import ROOT, World

COUNT = 2


class Services:
    """Keeps so many services running, as a supervisor does."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: list[tuple[Process, Station]] = [self._begun(n) for n in range(COUNT)]
        self._stopping: set[Station] = set()
        # It takes as long to look through an account's risk as to do all else.
        self._is_monitored = world.chance.random() < 0.2

    def start(self) -> None:
        """Begin to keep them."""
        for place in range(COUNT):
            self._world.loop.create_task(self._keep(place))

    def one(self) -> tuple[Process, Station]:
        """Draw one of them."""
        return self._running[self._world.chance.randrange(COUNT)]

    def stop(self, station: Station) -> None:
        """Ask one to hand over."""
        self._stopping.add(station)
        station.stop()

    def unattended(self) -> Iterator[Broken]:
        """Find that nobody serves the account; one that was asked to stop is as good as gone."""
        serving = (
            station.standing is Standing.SERVING and station not in self._stopping
            for process, station in self._running
            if process.is_alive
        )
        if not any(serving):
            yield Broken(OTHER, "nobody serves the account")

    def heal(self) -> None:
        """Put clocks right, and let everybody go on and be reached."""
        for process, _ in self._running:
            process.stalled_until = process.cut_off_until = process.skew_s = 0.0
        self._world.store.away_until = self._world.wire.away_until = 0.0

    async def _keep(self, place: int) -> None:
        world = self._world
        while True:
            process, station = self._running[place]
            task = world.spawn(process, station.run())
            await asyncio.wait((task, process.ended), return_when=asyncio.FIRST_COMPLETED)
            if process.is_alive:
                task.result()
                process.kill()
            world.tell(process.name, "ended")
            await asyncio.sleep(world.fate.between(0.5, 4.0))
            self._running[place] = self._begun(place)

    def _begun(self, place: int) -> tuple[Process, Station]:
        world = self._world
        process = world.process("service", str(place))

        async def connect() -> Broker:
            await asyncio.sleep(0.05)
            return HostileBroker(world.wire, process)

        around = Surroundings(
            desk=DeskPort(world.store, world.fate, process),
            rings=RingsPort(world.queue, world.fate, ROOT, process),
            answers=AnswersPort(world, process),
            clock=process,
            ids=world.ids,
            holder=process.name,
            monotonic=world.loop.time,
            duties=lambda post: self._duties(post, process),
        )
        return process, Station(world.account, connect, around)

    def _duties(self, post: Post, process: Process) -> Sequence[Duty]:
        market = MarketPort(self._world.exchange, self._world.fate, process)
        duties: list[Duty] = [
            Killing(post),
            Prices(post, market),
            SliceDuty(post),
            Reconciliation(post),
            ProtectionWatch(post),
        ]
        return [*duties, Monitor(post)] if self._is_monitored else duties


class AnswersPort:
    """Is where one process answers workflows."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._process = process

    async def answer(self, token: str, result: Mapping[str, JsonValue]) -> None:
        """Answer a token; the answer to that may be lost."""
        world, fate = self._world, self._world.fate
        self._process.require_alive()
        world.effect(self._process, f"before answer {token}")
        await asyncio.sleep(fate.between(0.005, 0.05))
        if fate.strikes("workflows refuse", 0.03):
            raise Unavailable("workflows", "throttled")
        world.workflows.answer(token, result)
        world.effect(self._process, f"after answer {token}")
        if fate.strikes("workflows answer lost", 0.02):
            raise Unavailable("workflows", "the answer was lost")

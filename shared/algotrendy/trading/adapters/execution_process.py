"""Put the stations of all traded accounts together in one process, with what they work with."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from algotrendy.brokers.accounts import BrokerAccountSettings
from algotrendy.brokers.live import Mode
from algotrendy.brokers.port import Broker
from algotrendy.brokers.wiring import connect, stage_allows_live
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import JsonValue
from algotrendy.kernel.ids import Uuid7s
from algotrendy.platform.bus import EventBridgePublisher
from algotrendy.platform.database import database
from algotrendy.platform.settings import settings
from algotrendy.trading.adapters.account_settings import TradedAccount
from algotrendy.trading.adapters.followed import Followed, FollowedBroker
from algotrendy.trading.adapters.live_gate import LiveGate
from algotrendy.trading.adapters.markets import LaterMarket, MarketSource
from algotrendy.trading.adapters.measured_broker import MeasuredBroker
from algotrendy.trading.adapters.measured_duties import (
    Compared,
    Gauging,
    MeasuredDuty,
    MeasuredReconciliation,
)
from algotrendy.trading.adapters.order_workflows import ThreadAnswers
from algotrendy.trading.adapters.relay_duty import RelayDuty
from algotrendy.trading.adapters.sqs_bell import SqsRings
from algotrendy.trading.adapters.thread_desk import ThreadDesk
from algotrendy.trading.execution.duties import Duties, Duty, Post, open_gate
from algotrendy.trading.execution.killing import Killing
from algotrendy.trading.execution.lease import Monotonic
from algotrendy.trading.execution.monitor import Monitor
from algotrendy.trading.execution.patience import Timing
from algotrendy.trading.execution.prices import Pasts, Prices
from algotrendy.trading.execution.protection import ProtectionWatch
from algotrendy.trading.execution.service import Connect, Standing, Station, Surroundings
from algotrendy.trading.execution.switchboard import Switchboard
from algotrendy.trading.ledger import Ledger
from algotrendy.trading.parents.duty import SliceDuty
from algotrendy.trading.ports import Sagas

_logger = logging.getLogger(__name__)


class Execution:
    """The execution service of one process.

    Args:
        holder: Names this process, and no other one that ever was.
        monotonic: Seconds of a clock that never steps, and counts a sleep of the machine as well.
    """

    def __init__(
        self,
        accounts: Sequence[TradedAccount],
        ledger: Ledger,
        rings: SqsRings,
        sagas: Sagas,
        holder: str,
        monotonic: Monotonic,
    ) -> None:
        self._desk = ThreadDesk(ledger)
        self._rings = rings
        self._switchboard = Switchboard(rings, monotonic)
        clock = SystemClock()
        ids = Uuid7s(clock)
        stage_live = stage_allows_live()
        self._compared = Compared(monotonic)
        self._markets = {
            traded.account.id: LaterMarket(traded.prices, clock, stage_live=stage_live)
            for traded in accounts
        }
        gates = {
            traded.account.id: LiveGate()
            for traded in accounts
            if traded.connection.switches(stage_live).mode is Mode.LIVE
        }
        self.stations = tuple(
            Station(
                traded.account,
                _connector(traded.connection),
                Surroundings(
                    desk=self._desk,
                    rings=self._switchboard.of(traded.account.id),
                    answers=ThreadAnswers(sagas),
                    clock=clock,
                    ids=ids,
                    holder=holder,
                    monotonic=monotonic,
                    duties=_duties_with(
                        self._markets[traded.account.id],
                        self._compared,
                        gates.get(traded.account.id),
                    ),
                    timing=Timing(orders_per_minute=traded.orders_per_minute),
                    following=Followed(),
                    gate=gates.get(traded.account.id, open_gate),
                ),
            )
            for traded in accounts
        )

    @property
    def is_ready(self) -> bool:
        """Say whether the ledger took what every account wrote within the time of a lease."""
        return all(station.has_ledger for station in self.stations)

    def describe(self) -> dict[str, JsonValue]:
        """Say how each account stands, as JSON values."""
        return {
            station.root: {
                "standing": station.standing.value,
                "epoch": station.epoch,
                "ledger_age_s": station.ledger_age_s,
                "reconciled_age_s": self._compared.age_s(station.root),
            }
            for station in self.stations
        }

    def measure(self) -> None:
        """Set the gauges of how each account stands."""
        self._compared.tell(
            {each.root: each.standing is Standing.SERVING for each in self.stations}
        )

    def stop(self) -> None:
        """Ask every station to hand over; ``run`` ends then."""
        for station in self.stations:
            station.stop()

    async def run(self) -> None:
        """Serve until asked to stop; whatever ends one station ends all, and is raised."""
        listening = asyncio.create_task(self._switchboard.run())
        try:
            async with asyncio.TaskGroup() as stations:
                for station in self.stations:
                    stations.create_task(station.run())
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await asyncio.gather(*(market.close() for market in self._markets.values()))
            await asyncio.to_thread(self._rings.close)
            await asyncio.to_thread(self._desk.close)


class Service(Protocol):
    """What serves until it is asked to stop."""

    def stop(self) -> None:
        """Let ``run`` end."""
        ...

    async def run(self) -> None:
        """Serve until asked to stop."""
        ...


async def run_until(service: Service, stopping: asyncio.Event) -> bool:
    """Run a service until it is asked to stop; False if it ended by itself, or not well."""
    running = asyncio.create_task(service.run())
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait((running, asked), return_when=asyncio.FIRST_COMPLETED)
    was_asked = asked.done()
    asked.cancel()
    service.stop()
    try:
        await running
    # The outermost handler of the process.
    except Exception:
        _logger.exception("the service failed")
        return False
    if not was_asked:
        _logger.error("the service ended without being asked to")
    return was_asked


def _connector(connection: BrokerAccountSettings) -> Connect:
    async def connected() -> Broker:
        return FollowedBroker(MeasuredBroker(await connect(connection)))

    return connected


def _duties_with(market: MarketSource, compared: Compared, gate: LiveGate | None) -> Duties:
    def duties(post: Post) -> Sequence[Duty]:
        publisher = EventBridgePublisher(settings().need("event_bus"))
        plain: tuple[Duty, ...] = (
            Killing(post),
            Prices(post, market),
            Pasts(post, market),
            Monitor(post),
            SliceDuty(post),
            MeasuredReconciliation(post, compared),
            ProtectionWatch(post),
            RelayDuty(database(), publisher),
            Gauging(post),
            *(() if gate is None else (gate,)),
        )
        return tuple(map(MeasuredDuty, plain))

    return duties

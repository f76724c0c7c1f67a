"""Bring the QuantConnect adapter to the acceptance suite: the bridge on a local server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from acceptance.harness import ASK, BID, CASH, Fault
from algotrendy.brokers.quantconnect import lean_bridge_path
from algotrendy.brokers.quantconnect.adapter import QuantConnectBroker
from algotrendy.brokers.quantconnect.client import QuantConnect
from algotrendy.brokers.quantconnect.connection import (
    TIMEOUT_S,
    Connection,
    Credentials,
    Pacer,
)
from algotrendy.brokers.quantconnect.polling import Patience
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.instrument import Symbol
from fakes.quantconnect_live import NODE
from fakes.quantconnect_server import TOKEN, USER_ID, Failure, QuantConnectServer

SYMBOL = Symbol("ACME")
UNKNOWN = Symbol("NOSUCH")
# A local server shows at once what it did; QuantConnect takes minutes.
PATIENCE = Patience(poll_s=0.02, confirm_s=2.0, snapshot_lag_s=0.0)
_FAULTS = {
    Fault.LOST_ANSWER: ("live/commands/create", Failure.LOST_ANSWER),
    Fault.UNAVAILABLE: ("live/commands/create", Failure.TURNED_AWAY),
    Fault.RATE_LIMIT: ("live/commands/create", Failure.RATE_LIMIT),
    Fault.DISCONNECT: ("live/orders/read", Failure.DROPPED),
}


def client(server: QuantConnectServer, timeout_s: float = TIMEOUT_S) -> QuantConnect:
    """Connect to a local server, without its real one's pace."""
    connection = Connection(
        Credentials(USER_ID, TOKEN),
        SystemClock(),
        url=server.url,
        pacer=Pacer(100_000),
        timeout_s=timeout_s,
        sleep=_a_moment,
    )
    return QuantConnect(connection, sleep=_a_moment)


async def deploy(cloud: QuantConnect, name: str) -> int:
    """Push the bridge into a new project, build it and let it run on paper."""
    project = (await cloud.projects.create(name)).project_id
    await cloud.files.update(project, "main.py", lean_bridge_path().read_text(encoding="utf-8"))
    build = [build async for build in cloud.compiles.watch(project)][-1]
    await cloud.live.create(project, build.compile_id, NODE)
    return project


class QuantConnectHarness:
    """A local server, and the adapter on a deployment there."""

    def __init__(self, server: QuantConnectServer) -> None:
        self._server = server
        self._project = 0
        self._cases = 0
        self._broker: QuantConnectBroker | None = None

    @property
    def broker(self) -> QuantConnectBroker:
        assert self._broker is not None, "fresh comes first"
        return self._broker

    @property
    def symbol(self) -> Symbol:
        return SYMBOL

    @property
    def unknown_symbol(self) -> Symbol:
        return UNKNOWN

    async def fresh(self) -> None:
        await self.close()
        self._cases += 1
        with self._server.lock:
            self._server.failures.waiting.clear()
            self._server.cloud.open_market(SYMBOL, CASH)
        cloud = client(self._server)
        self._project = await deploy(cloud, f"case {self._cases}")
        self._broker = QuantConnectBroker(cloud, self._project, SystemClock(), patience=PATIENCE)
        await self.set_quote(BID, ASK)

    async def close(self) -> None:
        if self._broker is not None:
            await self._broker.close()

    async def set_quote(self, bid: Decimal, ask: Decimal) -> None:
        with self._server.lock:
            self._server.cloud.market.quote(bid, ask)

    async def trade(self, price: Decimal, size: Decimal) -> None:
        with self._server.lock:
            self._server.cloud.market.trade(price, size)

    async def fail_next(self, fault: Fault) -> None:
        path, failure = _FAULTS[fault]
        self._server.fail(failure, path)

    async def submissions(self) -> int:
        return self._server.cloud.submissions

    async def restart(self) -> None:
        # A hosted venue is none of ours to restart: the adapter forgets instead.
        await self.close()
        self._broker = QuantConnectBroker(
            client(self._server), self._project, SystemClock(), patience=PATIENCE
        )


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[QuantConnectHarness]:
    """Start one server for all cases."""
    with QuantConnectServer(polls=1) as server:
        harness = QuantConnectHarness(server)
        yield harness
        await harness.close()


async def _a_moment(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.01))

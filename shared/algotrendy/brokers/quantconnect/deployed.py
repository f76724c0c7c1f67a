"""The bridge algorithm that is running: where commands go, and what it tells.

A project is deployed anew now and then; whoever asks is served by the deployment that runs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from algotrendy.brokers.live import Switches
from algotrendy.brokers.quantconnect.bridge_log import BridgeLog, Refusal
from algotrendy.brokers.quantconnect.client import QuantConnect
from algotrendy.brokers.quantconnect.connection import SERVICE
from algotrendy.brokers.quantconnect.models import LeanOrder, LiveStatus, Portfolio
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import Ids

PAPER_BROKERAGES = frozenset({"PaperBrokerage", "QuantConnectBrokerage"})


class DeployedBridge:
    """The running deployment of a project.

    Args:
        switches: Needed where it is deployed to anything but paper.
    """

    def __init__(self, client: QuantConnect, project_id: int, switches: Switches, ids: Ids) -> None:
        self.deploy_id = ""
        self._client = client
        self._project_id = project_id
        self._switches = switches
        self._ids = ids
        self._log: BridgeLog | None = None
        self._first: tuple[int, datetime | None] | None = None

    async def command(self, action: str, **terms: str | None) -> str:
        """Give the algorithm a command; return the command's name.

        Raises:
            Unavailable: If it does not run.
        """
        log = await self._running()
        await log.begin()
        command = str(self._ids.next())
        text = json.dumps({"action": action, "command": command, **terms})
        await self._client.live.command(self._project_id, {"algotrendy": text})
        return command

    async def refusal(self, command: str) -> Refusal | None:
        """Read whether the algorithm refused a command."""
        return await (await self._running()).refusal(command)

    async def orders(self, attempts: int | None = None) -> Sequence[LeanOrder]:
        """Read the last snapshot of its orders."""
        await self._running()
        found = await (
            self._client.live.orders(self._project_id)
            if attempts is None
            else self._client.live.orders(self._project_id, attempts=attempts)
        )
        first = (found[0].id, found[0].created_time) if found else None
        if self._first is not None and first != self._first:
            # LEAN counts from 1 again in each deployment: this is another one.
            self._log = None
            await self._running()
        self._first = first
        return found

    async def portfolio(self) -> Portfolio:
        """Read the last snapshot of what it holds."""
        await self._running()
        return await self._client.live.portfolio(self._project_id)

    async def _running(self) -> BridgeLog:
        if self._log is None:
            found = await self._client.live.read(self._project_id)
            if found.status != LiveStatus.RUNNING or not found.deploy_id:
                state = found.status or "not deployed"
                raise Unavailable(SERVICE, f"the algorithm of {self._project_id} is {state}")
            if found.brokerage not in PAPER_BROKERAGES:
                self._switches.require_live(f"{found.brokerage} of project {self._project_id}")
            self.deploy_id = found.deploy_id
            self._log = BridgeLog(self._client.live, self._project_id, found.deploy_id)
        return self._log

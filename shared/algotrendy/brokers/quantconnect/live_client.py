"""Call QuantConnect's live/*: deploy an algorithm, watch it, command it, end it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from algotrendy.brokers.quantconnect.connection import ATTEMPTS, Connection
from algotrendy.brokers.quantconnect.models import (
    Answer,
    LeanOrder,
    LiveAlgorithm,
    LiveCreated,
    LiveList,
    LiveStatus,
    Logs,
    Portfolio,
    PortfolioAnswer,
)
from algotrendy.brokers.quantconnect.paging import all_orders

# QuantConnect's own paper brokerage, and its own data.
PAPER_BROKERAGE = "QuantConnectBrokerage"
MAX_LOG_LINES = 250
_LATEST_LEAN = -1


class LiveCalls:
    """live/*."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(
        self,
        project_id: int,
        compile_id: str,
        node_id: str,
        brokerage: Mapping[str, Any] | None = None,
        data_providers: Mapping[str, Any] | None = None,
    ) -> LiveAlgorithm:
        """Deploy a build to a brokerage, by default to paper.

        Args:
            brokerage: The API's settings, with ``id`` and what that brokerage needs.
            data_providers: Settings by provider; QuantConnect's own data by default.
        """
        found = await self._connection.once(
            "live/create",
            LiveCreated,
            versionId=_LATEST_LEAN,
            projectId=project_id,
            compileId=compile_id,
            nodeId=node_id,
            brokerage=dict(brokerage or {"id": PAPER_BROKERAGE}),
            dataProviders=dict(data_providers or {PAPER_BROKERAGE: {"id": PAPER_BROKERAGE}}),
        )
        told = found.live or LiveAlgorithm(project_id=project_id)
        return told.model_copy(
            update={
                "project_id": told.project_id or project_id,
                "deploy_id": told.deploy_id or found.deploy_id,
            }
        )

    async def read(self, project_id: int) -> LiveAlgorithm:
        """Read the last deployment of a project."""
        return await self._connection.ask("live/read", LiveAlgorithm, projectId=project_id)

    async def list(
        self, *, status: LiveStatus | None = None, project_id: int | None = None
    ) -> list[LiveAlgorithm]:
        """Read deployments, past and present."""
        found = await self._connection.ask(
            "live/list", LiveList, status=status, projectId=project_id
        )
        return found.live

    async def stop(self, project_id: int) -> None:
        """End it; what it holds stays."""
        await self._connection.ask("live/update/stop", Answer, projectId=project_id)

    async def liquidate(self, project_id: int) -> None:
        """Sell what it holds, and end it."""
        await self._connection.ask("live/update/liquidate", Answer, projectId=project_id)

    async def orders(self, project_id: int, *, attempts: int = ATTEMPTS) -> Sequence[LeanOrder]:
        """Read all orders, page by page. They are as old as the last snapshot: up to 10 minutes."""
        return await all_orders(
            self._connection, "live/orders/read", attempts=attempts, projectId=project_id
        )

    async def portfolio(self, project_id: int) -> Portfolio:
        """Read holdings and cash. They are as old as the last snapshot: up to 10 minutes."""
        found = await self._connection.ask(
            "live/portfolio/read", PortfolioAnswer, projectId=project_id
        )
        return found.portfolio

    async def logs(self, project_id: int, deploy_id: str, start: int, end: int) -> Logs:
        """Read log lines from ``start`` up to, and without, ``end``; at most 250."""
        return await self._connection.ask(
            "live/logs/read",
            Logs,
            format="json",
            projectId=project_id,
            algorithmId=deploy_id,
            startLine=start,
            endLine=end,
        )

    async def command(self, project_id: int, command: Mapping[str, Any]) -> None:
        """Send a command to the algorithm's ``on_command``.

        It is accepted when this returns, not done: what came of it shows in orders and logs.
        """
        await self._connection.once(
            "live/commands/create", Answer, projectId=project_id, command=dict(command)
        )

"""Call QuantConnect: projects, files, builds, backtests, optimizations.

A method that creates or deletes is never repeated: when its answer is lost it raises ``Unknown``,
and the caller looks before acting again. All others are repeated a few times.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Self, TypeVar

from algotrendy.brokers.quantconnect.connection import Connection, Sleep
from algotrendy.brokers.quantconnect.live_client import LiveCalls
from algotrendy.brokers.quantconnect.models import (
    Answer,
    Backtest,
    BacktestAnswer,
    Backtests,
    ChartAnswer,
    Compile,
    CompileState,
    Estimate,
    EstimateAnswer,
    Files,
    LeanOrder,
    Nodes,
    NodesByUse,
    Optimization,
    OptimizationAnswer,
    OptimizationsAnswer,
    Project,
    ProjectFile,
    Projects,
)
from algotrendy.brokers.quantconnect.paging import all_orders
from algotrendy.kernel.errors import Invalid, NotFound, Unavailable

POLL_S = 2.0
_CHART_POLLS = 30

ThingT = TypeVar("ThingT")
Parameters = Mapping[str, str | int | float]


class QuantConnect:
    """All calls, by what they are about; ``poll_s`` stands between two looks at a build."""

    def __init__(
        self, connection: Connection, poll_s: float = POLL_S, sleep: Sleep = asyncio.sleep
    ) -> None:
        if poll_s <= 0:
            raise Invalid("poll_s", "above zero", poll_s)
        self._connection = connection
        self.projects = ProjectCalls(connection)
        self.files = FileCalls(connection)
        self.compiles = CompileCalls(connection, poll_s, sleep)
        self.backtests = BacktestCalls(connection, poll_s, sleep)
        self.optimizations = OptimizationCalls(connection)
        self.live = LiveCalls(connection)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connections."""
        await self._connection.close()

    async def authenticate(self) -> None:
        """Return when the credentials are good; raise Unauthenticated when they are not."""
        await self._connection.ask("authenticate", Answer)


class ProjectCalls:
    """projects/*."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(self, name: str, language: str = "Py") -> Project:
        """Make a project; QuantConnect puts a main file into it."""
        found = await self._connection.once(
            "projects/create", Projects, name=name, language=language
        )
        return _only(found.projects, "project", name)

    async def read(self, project_id: int) -> Project:
        """Read one."""
        found = await self._connection.ask("projects/read", Projects, projectId=project_id)
        return _only(found.projects, "project", project_id)

    async def list(self) -> list[Project]:
        """Read all that the caller may see."""
        return (await self._connection.ask("projects/read", Projects)).projects

    async def named(self, name: str) -> Project | None:
        """Find a project by its exact name, or by its id in digits."""
        for project in await self.list():
            if project.name == name or str(project.project_id) == name:
                return project
        return None

    async def update(
        self, project_id: int, *, name: str | None = None, description: str | None = None
    ) -> None:
        """Change its name or its description."""
        await self._connection.ask(
            "projects/update", Answer, projectId=project_id, name=name, description=description
        )

    async def delete(self, project_id: int) -> None:
        """Delete it, with its files and backtests."""
        await self._connection.once("projects/delete", Answer, projectId=project_id)

    async def nodes(self, project_id: int) -> NodesByUse:
        """Read which machines it may run on."""
        found = await self._connection.ask("projects/nodes/read", Nodes, projectId=project_id)
        return found.nodes


class FileCalls:
    """files/*."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(self, project_id: int, name: str, content: str) -> None:
        """Add a file."""
        await self._connection.once(
            "files/create", Answer, projectId=project_id, name=name, content=content
        )

    async def read(self, project_id: int) -> list[ProjectFile]:
        """Read all files of a project, with their contents."""
        return (await self._connection.ask("files/read", Files, projectId=project_id)).files

    async def read_one(self, project_id: int, name: str) -> ProjectFile:
        """Read one file."""
        found = await self._connection.ask("files/read", Files, projectId=project_id, name=name)
        return _only(found.files, "file", name)

    async def update(self, project_id: int, name: str, content: str) -> None:
        """Give a file new contents."""
        await self._connection.ask(
            "files/update", Answer, projectId=project_id, name=name, content=content
        )

    async def rename(self, project_id: int, name: str, new_name: str) -> None:
        """Give a file another name."""
        await self._connection.once(
            "files/update", Answer, projectId=project_id, name=name, newName=new_name
        )

    async def delete(self, project_id: int, name: str) -> None:
        """Delete a file."""
        await self._connection.once("files/delete", Answer, projectId=project_id, name=name)


class CompileCalls:
    """compile/*."""

    def __init__(self, connection: Connection, poll_s: float, sleep: Sleep) -> None:
        self._connection = connection
        self._poll_s = poll_s
        self._sleep = sleep

    async def create(self, project_id: int) -> Compile:
        """Begin a build; building twice harms nobody, so a lost answer is asked for again."""
        return await self._connection.ask("compile/create", Compile, projectId=project_id)

    async def read(self, project_id: int, compile_id: str) -> Compile:
        """Read how far a build is."""
        return await self._connection.ask(
            "compile/read", Compile, projectId=project_id, compileId=compile_id
        )

    async def watch(self, project_id: int) -> AsyncIterator[Compile]:
        """Build, and tell each state until it is done; a failed build is told, not raised."""
        build = await self.create(project_id)
        yield build
        while build.state == CompileState.IN_QUEUE:
            await self._sleep(self._poll_s)
            build = await self.read(project_id, build.compile_id)
            yield build


class BacktestCalls:
    """backtests/*."""

    def __init__(self, connection: Connection, poll_s: float, sleep: Sleep) -> None:
        self._connection = connection
        self._poll_s = poll_s
        self._sleep = sleep

    async def create(
        self, project_id: int, compile_id: str, name: str, parameters: Parameters | None = None
    ) -> Backtest:
        """Begin a backtest, which takes time of a node that is paid for."""
        found = await self._connection.once(
            "backtests/create",
            BacktestAnswer,
            projectId=project_id,
            compileId=compile_id,
            backtestName=name,
            parameters=dict(parameters) if parameters else None,
        )
        return found.backtest

    async def read(self, project_id: int, backtest_id: str) -> Backtest:
        """Read one, with its statistics when it is done."""
        found = await self._connection.ask(
            "backtests/read", BacktestAnswer, projectId=project_id, backtestId=backtest_id
        )
        return found.backtest

    async def watch(self, project_id: int, backtest_id: str) -> AsyncIterator[Backtest]:
        """Tell its state until it is done or has failed; a failure is told, not raised."""
        while True:
            backtest = await self.read(project_id, backtest_id)
            yield backtest
            if backtest.completed or backtest.error:
                return
            await self._sleep(self._poll_s)

    async def list(self, project_id: int, *, with_statistics: bool = False) -> list[Backtest]:
        """Read all of a project."""
        found = await self._connection.ask(
            "backtests/list", Backtests, projectId=project_id, includeStatistics=with_statistics
        )
        return found.backtests

    async def update(
        self, project_id: int, backtest_id: str, *, name: str | None = None, note: str | None = None
    ) -> None:
        """Change its name or note."""
        await self._connection.ask(
            "backtests/update",
            Answer,
            projectId=project_id,
            backtestId=backtest_id,
            name=name,
            note=note,
        )

    async def delete(self, project_id: int, backtest_id: str) -> None:
        """Delete it."""
        await self._connection.once(
            "backtests/delete", Answer, projectId=project_id, backtestId=backtest_id
        )

    async def orders(self, project_id: int, backtest_id: str) -> Sequence[LeanOrder]:
        """Read all orders, page by page."""
        return await all_orders(
            self._connection, "backtests/orders/read", projectId=project_id, backtestId=backtest_id
        )

    async def chart(
        self, project_id: int, backtest_id: str, name: str, start: int, end: int, count: int = 100
    ) -> dict[str, Any]:
        """Read at most ``count`` points of a chart between two Unix times.

        Raises:
            Unavailable: If QuantConnect is still making it after 30 looks.
        """
        for _ in range(_CHART_POLLS):
            found = await self._connection.ask(
                "backtests/chart/read",
                ChartAnswer,
                projectId=project_id,
                backtestId=backtest_id,
                name=name,
                count=count,
                start=start,
                end=end,
            )
            if found.chart is not None:
                return found.chart
            await self._sleep(self._poll_s)
        raise Unavailable("quantconnect", f"the chart {name} is still being made")


class OptimizationCalls:
    """optimizations/*."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(self, project_id: int, compile_id: str, **terms: Any) -> Optimization:
        """Begin one, which costs credits. ``terms`` are the API's own names.

        They are name, target, targetTo, targetValue, strategy, parameters, constraints,
        estimatedCost, nodeType, parallelNodes.
        """
        found = await self._connection.once(
            "optimizations/create",
            OptimizationsAnswer,
            projectId=project_id,
            compileId=compile_id,
            **terms,
        )
        return _only(found.optimizations, "optimization", terms.get("name"))

    async def estimate(self, project_id: int, compile_id: str, **terms: Any) -> Estimate:
        """Ask what one would take; ``terms`` as for ``create`` but the last three."""
        found = await self._connection.ask(
            "optimizations/estimate",
            EstimateAnswer,
            projectId=project_id,
            compileId=compile_id,
            **terms,
        )
        return found.estimate

    async def read(self, optimization_id: str) -> Optimization:
        """Read one."""
        found = await self._connection.ask(
            "optimizations/read", OptimizationAnswer, optimizationId=optimization_id
        )
        return found.optimization

    async def abort(self, optimization_id: str) -> None:
        """Stop one; what it has found stays."""
        await self._connection.ask("optimizations/abort", Answer, optimizationId=optimization_id)


def _only(found: Sequence[ThingT], kind: str, key: object) -> ThingT:
    if not found:
        raise NotFound(f"QuantConnect {kind}", key)
    return found[0]

"""Every call of the client over real HTTP, and what becomes of calls that go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from acceptance.quantconnect import client as connected
from algotrendy.brokers.quantconnect.client import QuantConnect
from algotrendy.brokers.quantconnect.connection import (
    TIMEOUT_S,
    Connection,
    Credentials,
    Pacer,
)
from algotrendy.brokers.quantconnect.models import CompileState, LiveStatus
from algotrendy.kernel.clock import ManualClock, SystemClock
from algotrendy.kernel.errors import Rejected, Unauthenticated, Unavailable, Unknown
from fakes.quantconnect_live import NODE
from fakes.quantconnect_server import TOKEN, USER_ID, Failure, QuantConnectServer

Act = Callable[[QuantConnect], Awaitable[Any]]
MAIN = (
    "from AlgorithmImports import *\n\n\nclass Mine(QCAlgorithm):\n    def initialize(self): ...\n"
)


def call(
    runner: asyncio.Runner, server: QuantConnectServer, act: Act, timeout_s: float = TIMEOUT_S
) -> Any:
    async def run() -> Any:
        async with connected(server, timeout_s) as client:
            return await act(client)

    return runner.run(run())


async def project(client: QuantConnect) -> int:
    return (await client.projects.create("Mine")).project_id


async def build(client: QuantConnect, number: int) -> str:
    return [found async for found in client.compiles.watch(number)][-1].compile_id


def test_projects_live_from_create_to_delete(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(client: QuantConnect) -> None:
        await client.authenticate()
        number = await project(client)
        await client.projects.update(number, name="Yours", description="of two averages")
        found = await client.projects.read(number)
        assert (found.name, found.description, found.language) == ("Yours", "of two averages", "Py")
        assert found.created is not None
        assert found.created.utcoffset() == timedelta(0)
        assert await client.projects.named("Yours") == await client.projects.named(str(number))
        assert [node.id for node in (await client.projects.nodes(number)).live] == [NODE]
        await client.projects.delete(number)
        assert await client.projects.list() == []

    call(runner, server, act)


def test_files_live_from_create_to_delete(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(client: QuantConnect) -> None:
        number = await project(client)
        await client.files.create(number, "signals/trend.py", "WINDOW = 20\n")
        await client.files.update(number, "signals/trend.py", "WINDOW = 30\n")
        await client.files.rename(number, "signals/trend.py", "trend.py")
        assert (await client.files.read_one(number, "trend.py")).content == "WINDOW = 30\n"
        assert [file.name for file in await client.files.read(number)] == ["main.py", "trend.py"]
        await client.files.delete(number, "trend.py")
        with pytest.raises(Rejected, match="File not found"):
            await client.files.read_one(number, "trend.py")

    call(runner, server, act)


def test_a_build_is_watched_to_its_end(runner: asyncio.Runner, server: QuantConnectServer) -> None:
    async def act(client: QuantConnect) -> None:
        number = await project(client)
        states = [found.state async for found in client.compiles.watch(number)]
        assert states == ["InQueue"] * 3 + ["BuildSuccess"]
        await client.files.update(number, "main.py", "def (")
        last = [found async for found in client.compiles.watch(number)][-1]
        assert last.state == CompileState.ERROR
        assert "main.py" in last.logs[0]

    call(runner, server, act)


def test_backtests_live_from_create_to_delete(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(client: QuantConnect) -> None:
        number = await project(client)
        begun = await client.backtests.create(number, await build(client, number), "one")
        seen = [found async for found in client.backtests.watch(number, begun.backtest_id)]
        assert [found.completed for found in seen] == [False, False, True]
        assert [float(found.progress) for found in seen] == sorted(float(f.progress) for f in seen)
        assert seen[-1].statistics["Sharpe Ratio"] == "1.234"
        await client.backtests.update(number, begun.backtest_id, name="two", note="kept")
        [listed] = await client.backtests.list(number, with_statistics=True)
        assert (listed.name, listed.note) == ("two", "kept")
        orders = await client.backtests.orders(number, begun.backtest_id)
        assert [order.id for order in orders] == list(range(1, 251))
        chart = await client.backtests.chart(number, begun.backtest_id, "Strategy Equity", 0, 9)
        assert chart["name"] == "Strategy Equity"
        await client.backtests.delete(number, begun.backtest_id)
        assert await client.backtests.list(number) == []

    call(runner, server, act)


def test_an_optimization_is_estimated_begun_read_and_aborted(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(client: QuantConnect) -> None:
        number = await project(client)
        compiled = await build(client, number)
        terms = {"name": "grid", "target": "SharpeRatio", "targetTo": "max", "parameters": []}
        assert (await client.optimizations.estimate(number, compiled, **terms)).balance == 10
        begun = await client.optimizations.create(number, compiled, **terms, parallelNodes=2)
        await client.optimizations.abort(begun.optimization_id)
        assert (await client.optimizations.read(begun.optimization_id)).status == "Aborted"

    call(runner, server, act)


def test_a_live_algorithm_is_deployed_listed_commanded_and_liquidated(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(client: QuantConnect) -> None:
        number = await project(client)
        await client.files.update(
            number, "main.py", MAIN + "    def on_command(self, data): self.log(data.word)\n"
        )
        made = await client.live.create(number, await build(client, number), NODE)
        assert made.deploy_id is not None
        assert (await client.live.read(number)).status == LiveStatus.RUNNING
        assert [live.deploy_id for live in await client.live.list(project_id=number)] == [
            made.deploy_id
        ]
        await client.live.command(number, {"word": "hello"})
        assert "hello" in (await client.live.logs(number, made.deploy_id, 0, 250)).logs[-1]
        assert (await client.live.portfolio(number)).cash["USD"].amount == 100_000
        assert await client.live.orders(number) == []
        await client.live.liquidate(number)
        assert (await client.live.read(number)).is_over
        assert await client.live.list(status=LiveStatus.RUNNING) == []

    call(runner, server, act)


def test_a_refusal_in_the_body_is_an_error_with_its_reason(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    with pytest.raises(Rejected, match="Project not found") as refusal:
        call(runner, server, lambda client: client.projects.read(7))
    assert refusal.value.facts["reasons"] == ["Project not found"]
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    "failure",
    [
        Failure.UNAVAILABLE,
        Failure.OVERLOADED,
        Failure.ERROR,
        Failure.LOST_ANSWER,
        Failure.DROPPED,
        Failure.NO_JSON,
    ],
)
def test_a_lost_answer_to_a_creating_call_is_unknown_and_never_repeated(
    runner: asyncio.Runner, server: QuantConnectServer, failure: Failure
) -> None:
    server.fail(failure, "projects/create")
    with pytest.raises(Unknown):
        call(runner, server, project)
    assert len(server.called("projects/create")) == 1


@pytest.mark.parametrize("failure", [Failure.TURNED_AWAY, Failure.RATE_LIMIT])
def test_a_creating_call_that_was_surely_not_done_is_unavailable(
    runner: asyncio.Runner, server: QuantConnectServer, failure: Failure
) -> None:
    server.fail(failure, "projects/create")
    with pytest.raises(Unavailable) as refusal:
        call(runner, server, project)
    assert not server.cloud.projects
    assert (refusal.value.retry_after_s == 1) == (failure is Failure.RATE_LIMIT)


@pytest.mark.parametrize("failure", [f for f in Failure if f is not Failure.REFUSED])
def test_a_reading_call_is_repeated_until_it_is_answered(
    runner: asyncio.Runner, server: QuantConnectServer, failure: Failure
) -> None:
    server.fail(failure, "projects/read", times=3)
    # Nobody waits half a minute for a server that says nothing.
    timeout_s = 0.5 if failure is Failure.SILENT else TIMEOUT_S
    assert call(runner, server, lambda client: client.projects.list(), timeout_s) == []
    assert len(server.called("projects/read")) == 4


@pytest.mark.parametrize(
    ("failure", "retry_after_s"),
    [(Failure.ERROR, None), (Failure.UNAVAILABLE, 1), (Failure.RATE_LIMIT, 1)],
)
def test_a_reading_call_that_is_never_answered_is_unavailable(
    runner: asyncio.Runner,
    server: QuantConnectServer,
    failure: Failure,
    retry_after_s: float | None,
) -> None:
    server.fail(failure, "projects/read", times=9)
    with pytest.raises(Unavailable) as refusal:
        call(runner, server, lambda client: client.projects.list())
    assert refusal.value.retry_after_s == retry_after_s
    assert len(server.called("projects/read")) == 4


def test_a_server_that_is_not_there_is_unavailable_also_for_creating_calls(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act() -> None:
        # Port 9 is discard's, where nobody listens.
        connection = Connection(
            Credentials(USER_ID, TOKEN), SystemClock(), url="http://127.0.0.1:9/api/v2"
        )
        async with QuantConnect(connection) as client:
            await client.projects.create("Mine")

    with pytest.raises(Unavailable):
        runner.run(act())


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_signature_older_than_two_hours_is_refused(
    runner: asyncio.Runner, server: QuantConnectServer, hours: int
) -> None:
    clock = ManualClock(SystemClock().now() + timedelta(hours=hours))

    async def act() -> None:
        connection = Connection(
            Credentials(USER_ID, TOKEN), clock, url=server.url, pacer=Pacer(100_000)
        )
        async with QuantConnect(connection) as client:
            await client.authenticate()

    with pytest.raises(Unauthenticated):
        runner.run(act())


@pytest.mark.parametrize(("user", "token"), [(USER_ID, "wrong"), ("1", TOKEN)])
def test_wrong_credentials_are_unauthenticated_and_asked_once(
    runner: asyncio.Runner, server: QuantConnectServer, user: str, token: str
) -> None:
    async def act() -> None:
        connection = Connection(Credentials(user, token), SystemClock(), url=server.url)
        async with QuantConnect(connection) as client:
            await client.projects.list()

    with pytest.raises(Unauthenticated) as refusal:
        runner.run(act())
    assert token not in str(refusal.value)

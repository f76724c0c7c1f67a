"""What the adapter does where QuantConnect is slower, or worse, than the acceptance suite's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from acceptance.quantconnect import client as connected
from acceptance.quantconnect import deploy
from algotrendy.brokers.accounts import read_account
from algotrendy.brokers.live import Switches
from algotrendy.brokers.quantconnect.adapter import QuantConnectBroker
from algotrendy.brokers.quantconnect.polling import Patience
from algotrendy.brokers.wiring import connect
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import (
    Conflict,
    Invalid,
    NotFound,
    Rejected,
    Unavailable,
    Unknown,
)
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.kernel.order_status import OrderStatus
from fakes.quantconnect_live import NODE
from fakes.quantconnect_server import TOKEN, USER_ID, Failure, QuantConnectServer

Act = Callable[[QuantConnectBroker], Awaitable[Any]]
# Looks often and gives up soon; a snapshot may be a minute old.
SLOW = Patience(poll_s=0.01, confirm_s=0.1, snapshot_lag_s=60)


def resting(name: str = "mine-1", **wanted: Any) -> OrderRequest:
    terms: dict[str, Any] = {
        "symbol": "ACME",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "quantity": Decimal(10),
        "limit_price": Decimal("99.50"),
        "client_order_id": name,
    }
    return OrderRequest(**(terms | wanted))


def trade(runner: asyncio.Runner, server: QuantConnectServer, act: Act, **terms: Any) -> Any:
    async def run() -> Any:
        client = connected(server)
        project = await deploy(client, "Bridge")
        made = QuantConnectBroker(client, project, SystemClock(), **({"patience": SLOW} | terms))
        try:
            return await act(made)
        finally:
            await made.close()

    return runner.run(run())


def another(server: QuantConnectServer) -> QuantConnectBroker:
    [project] = server.cloud.projects
    return QuantConnectBroker(connected(server), project, SystemClock(), patience=SLOW)


def test_an_order_that_no_snapshot_shows_yet_is_pending_and_found_by_both_names(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        server.cloud.freeze(True)
        placed = await broker.submit(resting())
        assert placed.status is OrderStatus.PENDING_NEW
        assert await broker.order(placed.broker_order_id) == placed
        assert await broker.order_by_client_id("mine-1") == placed
        assert await broker.orders(open_only=True) == [placed]
        server.cloud.freeze(False)
        shown = await broker.order(placed.broker_order_id)
        assert (shown.status, shown.limit_price) == (OrderStatus.NEW, Decimal("99.5"))
        assert len(await broker.orders()) == 1

    trade(runner, server, act)


def test_an_order_can_be_cancelled_before_a_snapshot_shows_it(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        server.cloud.freeze(True)
        placed = await broker.submit(resting())
        await broker.cancel(placed.broker_order_id)
        server.cloud.freeze(False)
        assert (await broker.order("mine-1")).status is OrderStatus.CANCELED

    trade(runner, server, act)


def test_a_name_is_refused_while_no_snapshot_shows_its_order(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        server.cloud.freeze(True)
        await broker.submit(resting())
        with pytest.raises(Conflict):
            await broker.submit(resting(limit_price=Decimal(98)))

    trade(runner, server, act)
    assert server.cloud.submissions == 1


def test_whether_a_lost_order_was_placed_is_not_known_before_a_young_snapshot(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        server.cloud.freeze(True)
        server.fail(Failure.DROPPED, "live/commands/create")
        with pytest.raises(Unknown):
            await broker.submit(resting())
        with pytest.raises(Unavailable) as doubt:
            await broker.order_by_client_id("mine-1")
        assert doubt.value.retry_after_s is not None
        assert 50 < doubt.value.retry_after_s < 61
        server.cloud.freeze(False)
        assert (await broker.order_by_client_id("mine-1")).status is OrderStatus.NEW

    trade(runner, server, act)


def test_an_order_whose_sender_was_stopped_midway_is_in_doubt_and_not_missing(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        server.cloud.freeze(True)
        server.fail(Failure.SILENT, "live/commands/create")
        sending = asyncio.create_task(broker.submit(resting()))
        while not server.called("live/commands/create"):  # noqa: ASYNC110 - another thread
            await asyncio.sleep(0.001)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        with pytest.raises(Unavailable, match="mine-1"):
            await broker.order_by_client_id("mine-1")

    trade(runner, server, act)


def test_the_bridge_takes_a_name_once_even_from_an_adapter_that_has_seen_nothing(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        server.cloud.freeze(True)
        server.fail(Failure.LOST_ANSWER, "live/commands/create")
        with pytest.raises(Unknown):
            await broker.submit(resting())
        fresh = another(server)
        with pytest.raises(Conflict, match="was used before"):
            await fresh.submit(resting())
        await fresh.close()
        server.cloud.freeze(False)
        assert len(await broker.orders()) == 1

    trade(runner, server, act)
    assert server.cloud.submissions == 2


def test_sending_again_after_a_lost_answer_is_a_conflict_and_the_order_is_still_found(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        server.cloud.freeze(True)
        server.fail(Failure.LOST_ANSWER, "live/commands/create")
        with pytest.raises(Unknown):
            await broker.submit(resting())
        with pytest.raises(Conflict):
            await broker.submit(resting())
        with pytest.raises(Unavailable):
            await broker.order_by_client_id("mine-1")
        server.cloud.freeze(False)
        assert (await broker.order_by_client_id("mine-1")).status is OrderStatus.NEW
        assert len(await broker.orders()) == 1

    trade(runner, server, act)


async def deploy_again(server: QuantConnectServer) -> None:
    [project] = server.cloud.projects
    async with connected(server) as client:
        await client.live.stop(project)
        build = [found async for found in client.compiles.watch(project)][-1]
        server.cloud.open_market("ACME", Decimal(100_000))
        await client.live.create(project, build.compile_id, NODE)


def test_names_stay_used_when_the_bridge_is_deployed_again(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        await broker.submit(resting())
        await deploy_again(server)
        fresh = another(server)
        with pytest.raises(Conflict):
            await fresh.submit(resting())
        await fresh.close()

    trade(runner, server, act)


def test_executions_of_two_deployments_never_have_one_id(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        await broker.submit(resting("first", limit_price=Decimal(101)))
        [before] = await broker.fills()
        await deploy_again(server)
        assert await broker.fills() == []
        await broker.submit(resting("second", limit_price=Decimal(101)))
        [after] = await broker.fills()
        assert before.execution_id != after.execution_id
        assert (await broker.account()).account_id != before.execution_id.rsplit("-", 2)[0]

    trade(runner, server, act)


def test_an_order_that_is_refused_after_it_was_told_as_pending_becomes_rejected(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        # The log is as late as the snapshot.
        server.cloud.log_is_late = True
        placed = await broker.submit(resting(symbol="NOSUCH"))
        assert placed.status is OrderStatus.PENDING_NEW
        server.cloud.log_is_late = False
        [over] = await broker.orders()
        assert over.status is OrderStatus.REJECTED
        assert over.reason is not None
        assert "NOSUCH is unknown" in over.reason

    trade(runner, server, act)


def test_what_the_bridge_refuses_is_rejected_with_its_reason(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        with pytest.raises(Rejected, match="NOSUCH is unknown"):
            await broker.submit(resting(symbol="NOSUCH"))
        assert await broker.orders() == []

    trade(runner, server, act)


def test_a_replacement_with_a_new_name_answers_to_both(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        placed = await broker.submit(resting())
        changed = await broker.replace(
            placed.broker_order_id,
            ReplaceRequest(quantity=Decimal(7), client_order_id="mine-2"),
        )
        assert (changed.broker_order_id, changed.client_order_id) == ("mine-1", "mine-2")
        assert changed.quantity == 7
        for name in ("mine-1", "mine-2"):
            assert await broker.order_by_client_id(name) == changed
            with pytest.raises(Conflict):
                await broker.submit(resting(name))

    trade(runner, server, act)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (ReplaceRequest(limit_price=Decimal("99.505")), "limit_price"),
        (ReplaceRequest(stop_price=Decimal(98)), "stop_price"),
        (ReplaceRequest(quantity=Decimal("1.5")), "quantity"),
        (ReplaceRequest(trail=Decimal(1)), "trail"),
    ],
)
def test_a_replacement_that_lean_cannot_do_is_refused_unsent(
    runner: asyncio.Runner, server: QuantConnectServer, change: ReplaceRequest, field: str
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        placed = await broker.submit(resting())
        with pytest.raises(Invalid) as refusal:
            await broker.replace(placed.broker_order_id, change)
        assert refusal.value.field == field

    trade(runner, server, act)
    assert len(server.called("live/commands/create")) == 1


@pytest.mark.parametrize("name", ["a;was=b", "#7"])
def test_names_that_could_be_mistaken_are_refused_unsent(
    runner: asyncio.Runner, server: QuantConnectServer, name: str
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        with pytest.raises(Invalid) as refusal:
            await broker.submit(resting(name))
        assert refusal.value.field == "client_order_id"

    trade(runner, server, act)
    assert server.cloud.submissions == 0


def test_an_algorithm_that_does_not_run_is_unavailable(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        [project] = server.cloud.projects
        server.cloud.call("live/update/stop", {"projectId": project})
        with pytest.raises(Unavailable, match="is Stopped"):
            await broker.submit(resting())

    trade(runner, server, act)


@pytest.mark.parametrize("both", [False, True])
def test_an_algorithm_on_a_real_brokerage_needs_both_switches(
    runner: asyncio.Runner, server: QuantConnectServer, both: bool
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        [stored] = server.cloud.projects.values()
        assert stored.deployment is not None
        stored.deployment.brokerage = "TradierBrokerage"
        if both:
            await broker.submit(resting())
            return
        with pytest.raises(Rejected, match="live trading is off"):
            await broker.submit(resting())

    trade(runner, server, act, switches=Switches(stage=True, account=both))
    assert server.cloud.submissions == int(both)


def test_closing_what_is_not_held_is_not_found(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act(broker: QuantConnectBroker) -> None:
        with pytest.raises(NotFound):
            await broker.close_position(Symbol("ACME"), "close-1")

    trade(runner, server, act)


def test_the_settings_of_an_account_connect_to_it(
    runner: asyncio.Runner, server: QuantConnectServer
) -> None:
    async def act() -> None:
        async with connected(server) as client:
            project = await deploy(client, "Bridge")
        settings = {
            "broker": "quantconnect",
            "user_id": USER_ID,
            "token": TOKEN,
            "project_id": project,
            "url": server.url,
        }
        broker = await connect(read_account(settings))
        assert broker.name == "quantconnect"
        assert (await broker.account()).cash == 100_000
        await broker.close()

    runner.run(act())

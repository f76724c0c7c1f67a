"""Play one plan on the platform, let it come to rest, and count what is wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chaos.checks import Found, look
from chaos.plan import SPAN_S, Plan, Wish
from chaos.world import World

REST_S = 150.0


@dataclass
class Sent:
    """What a client knows of its wish."""

    wish: Wish
    order_id: str | None = None
    refusal: str | None = None
    cancelled: bool = False


@dataclass
class Result:
    """What a run did and found."""

    seed: int
    kills: int = 0
    orders: int = 0
    rest_s: float = 0.0
    waited_for: str = ""
    refusals: list[str] = field(default_factory=list)
    found: Found = field(default_factory=Found)


def run(world: World, plan: Plan, *, with_money: bool) -> Result:
    """Play a plan: clients and kills side by side, then peace, then a look at everything.

    Args:
        with_money: Compare cash and books in the end too, which waits for late fees, and let the
            kill switch itself say that all is over.
    """
    result = Result(plan.seed)
    sent = [Sent(wish) for wish in plan.wishes]
    bodies = {each.wish.name: world.body_of(each.wish) for each in sent}
    world.set_faults(plan.faults)
    begin = time.monotonic()
    clients = [
        threading.Thread(target=_client, args=(world, each, bodies[each.wish.name], begin))
        for each in sent
    ]
    for client in clients:
        client.start()
    for kill in plan.kills:
        _wait_until(begin + kill.at_s)
        result.kills += world.kill(kill.target)
    _wait_until(begin + SPAN_S)
    world.set_faults({})
    for client in clients:
        client.join()
    result.orders = sum(each.order_id is not None for each in sent)
    result.refusals = [each.refusal for each in sent if each.refusal is not None]
    rested = time.monotonic()
    names = {each.wish.name: each.order_id for each in sent}
    result.found = _rested(world, names, result)
    # What chaos has left is ended by a kill switch, which must end everything.
    if not result.found.wrong and not world.flatten(until_done=with_money):
        result.found.lost.append("the kill switch left positions open")
    if not result.found.wrong:
        result.found = _rested(world, {}, result, money=with_money)
    result.rest_s = time.monotonic() - rested
    return result


def _client(world: World, sent: Sent, body: dict[str, Any], begin: float) -> None:
    """Place an order, and cancel it later where that is wished, as long as it takes."""
    _wait_until(begin + sent.wish.at_s)
    answer = world.call("POST", "/v1/orders", json=body)
    if answer.status_code != 202:
        sent.refusal = f"{answer.status_code}: {answer.text[:300]}"
        return
    sent.order_id = answer.json()["id"]
    if sent.wish.cancel_at_s is not None:
        _wait_until(begin + sent.wish.cancel_at_s)
        world.call("DELETE", f"/v1/orders/{sent.order_id}")
        sent.cancelled = True


def _rested(
    world: World, names: Mapping[str, str | None], result: Result, *, money: bool = False
) -> Found:
    """Look until nothing is wrong any more, or nobody would wait longer."""
    deadline = time.monotonic() + REST_S
    pause_s = 0.5
    while True:
        found = look(world, names, money=money)
        if not found.wrong or time.monotonic() > deadline:
            return found
        result.waited_for = found.wrong[0]
        # A minute of the sweeper's schedule is a long time to watch.
        if pause_s > 2:
            world.sweep()
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 4.0)


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))

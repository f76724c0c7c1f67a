"""Play one plan on the platform, let it come to rest, and count what is wrong."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import httpx

from chaos.checks import Asked, Found, Json, look
from chaos.plan import SPAN_S, Plan, Wish
from chaos.world import World

REST_S = 150.0
HELD_WITHIN_S = 30.0
PRICED_WITHIN_S = 60.0
# Another price is refused while the order does not stand at the broker.
CHANGED_WITHIN_S = 2.0


@dataclass
class Sent:
    """What a client knows of its wish.

    Attributes:
        body: Of its order, with the prices of the peace before the attack.
        change: Of the order that takes its place, where that is wished.
        order_id: Of what was accepted; a parent order's where the wish is one.
        changed_id: Of the order that takes its place.
        refusal: Why it was refused, or had no answer at all.
        is_foreseen: The plan itself explains the refusal.
    """

    wish: Wish
    body: Json
    change: Json | None = None
    order_id: str | None = None
    changed_id: str | None = None
    refusal: str | None = None
    is_foreseen: bool = False


@dataclass
class Result:
    """What a run did and found."""

    seed: int
    kills: int = 0
    orders: int = 0
    rest_s: float = 0.0
    waited_for: str = ""
    refusals: list[str] = field(default_factory=list)
    unforeseen: int = 0
    found: Found = field(default_factory=Found)


def run(world: World, plan: Plan, *, with_money: bool) -> Result:
    """Play a plan: clients and kills side by side, then peace, then a look at everything.

    Args:
        with_money: Compare cash and books in the end too, which waits for late fees, look at every
            order that there ever was, and let the kill switch itself say that all is over.
    """
    result, since = Result(plan.seed), datetime.now(UTC)
    world.processes.revive()
    world.processes.pair(is_wanted=plan.is_paired)
    held = [_held(world, plan, plan.holding)] if plan.holding is not None else []
    sent = [_sent(world, wish) for wish in plan.wishes]
    _attacked(world, plan, sent, result)
    sent = held + sent
    result.orders = sum(each.order_id is not None for each in sent)
    result.refusals = [f"{each.wish.name}: {each.refusal}" for each in sent if each.refusal]
    result.unforeseen = sum(not each.is_foreseen for each in sent if each.refusal)
    rested = time.monotonic()
    asked = _asked(since, sent)
    result.found = _rested(world, asked, result)
    # What chaos has left is ended by a kill switch, which must end everything.
    if not result.found.wrong and not world.flatten(until_done=with_money):
        result.found.lost.append("the kill switch left positions open")
    if not result.found.wrong:
        result.found = _rested(world, asked, result, money=with_money)
    result.rest_s = time.monotonic() - rested
    return result


def _sent(world: World, wish: Wish) -> Sent:
    change = world.change_of(wish) if wish.change_at_s is not None else None
    return Sent(wish, world.body_of(wish), change)


def _attacked(world: World, plan: Plan, sent: list[Sent], result: Result) -> None:
    """Let clients and kills do what the plan says, and make peace again."""
    world.set_faults(plan.faults)
    begin = time.monotonic()
    clients = [
        threading.Thread(target=_client, args=(world, plan, each, begin), daemon=True)
        for each in sent
    ]
    for client in clients:
        client.start()
    for kill in plan.kills:
        _wait_until(begin + kill.at_s)
        result.kills += world.processes.kill(kill.target)
    _wait_until(begin + SPAN_S)
    world.set_faults({})
    for client in clients:
        client.join()


def _held(world: World, plan: Plan, holding: Wish) -> Sent:
    """Buy what is to be sold, and wait until it is there."""
    sent = _sent(world, holding)
    _client(world, plan, sent, time.monotonic())
    deadline = time.monotonic() + HELD_WITHIN_S
    while sent.order_id is not None and not world.is_filled(sent.order_id):
        if time.monotonic() > deadline:
            sent.refusal = f"was not filled within {HELD_WITHIN_S:g} s of peace"
            break
        time.sleep(0.1)
    return sent


def _client(world: World, plan: Plan, sent: Sent, begin: float) -> None:
    """Place an order, change it and cancel it where that is wished, as long as it takes."""
    try:
        _place(world, plan, sent, begin)
        if sent.order_id is None:
            return
        if sent.wish.change_at_s is not None and sent.change is not None:
            _wait_until(begin + sent.wish.change_at_s)
            _change(world, sent, sent.change)
        if sent.wish.cancel_at_s is not None:
            _wait_until(begin + sent.wish.cancel_at_s)
            path = "/v1/parent-orders" if sent.wish.is_parent else "/v1/orders"
            for order_id in filter(None, (sent.changed_id, sent.order_id)):
                world.call("DELETE", f"{path}/{order_id}")
    except (TimeoutError, httpx.HTTPError) as error:
        sent.refusal = f"no answer: {error}"


def _place(world: World, plan: Plan, sent: Sent, begin: float) -> None:
    wish = sent.wish
    _wait_until(begin + wish.at_s)
    path = "/v1/parent-orders" if wish.is_parent else "/v1/orders"
    deadline = time.monotonic() + PRICED_WITHIN_S
    while True:
        answer = world.call("POST", path, json=sent.body)
        if answer.status_code == 202:
            sent.order_id = answer.json()["id"]
            return
        # Whoever asks for prices may just have been killed.
        if breaches(answer) != {"last_price"} or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    sent.refusal = f"{answer.status_code}: {answer.text[:300]}"
    is_wash = breaches(answer) == {"wash_trade"} and plan.may_wash(wish)
    is_late = (
        wish.is_parent and answer.status_code == 422 and _fields(answer) <= {"ends_at", "slices"}
    )
    sent.is_foreseen = is_wash or is_late


def _fields(answer: httpx.Response) -> set[str]:
    return {each["field"] for each in answer.json()["errors"]}


def _change(world: World, sent: Sent, change: Json) -> None:
    """Ask for another price; that the order does not stand yet, or any more, is no wonder."""
    deadline = time.monotonic() + CHANGED_WITHIN_S
    while True:
        answer = world.call("PATCH", f"/v1/orders/{sent.order_id}", json=change)
        if answer.status_code == 202:
            sent.changed_id = answer.json()["id"]
            return
        if answer.status_code != 409:
            sent.refusal = f"change: {answer.status_code}: {answer.text[:300]}"
            return
        if time.monotonic() > deadline:
            return
        time.sleep(0.2)


def breaches(answer: httpx.Response) -> set[str]:
    """Name the limits that speak against an order; none where it is something else."""
    try:
        found = answer.json().get("breaches", ())
    except json.JSONDecodeError:
        return set()
    return {each["limit"] for each in found}


def _asked(since: datetime, sent: Iterable[Sent]) -> Asked:
    orders: dict[str, str | None] = {}
    parents: dict[str, tuple[str | None, Decimal]] = {}
    for each in sent:
        if each.wish.is_parent:
            parents[each.wish.name] = each.order_id, Decimal(each.wish.quantity)
            continue
        orders[each.wish.name] = each.order_id
        if each.wish.change_at_s is not None:
            orders[each.wish.changed_name] = each.changed_id
    return Asked(since, orders, parents)


def _rested(world: World, asked: Asked, result: Result, *, money: bool = False) -> Found:
    """Look until nothing is wrong any more, or nobody would wait longer."""
    deadline = time.monotonic() + REST_S
    pause_s = 0.5
    while True:
        found = look(world, asked, whole=money, money=money)
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

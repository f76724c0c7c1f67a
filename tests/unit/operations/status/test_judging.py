"""What an answer says about a component."""

from __future__ import annotations

import json
from typing import Any

import pytest

from algotrendy.operations.status.components import BY_ID, COMPONENTS, State
from algotrendy.operations.status.judging import SLOW_S, Reply, judge

ORDERS = BY_ID["orders"]
API = BY_ID["api"]


def ready(status: int = 200, latency_s: float = 0.1, **checks: Any) -> Reply:
    return Reply(status, json.dumps({"checks": checks}).encode(), latency_s)


def state_of(reply: Reply, name: str = "orders") -> tuple[State, str] | None:
    found = judge(BY_ID[name], reply)
    return None if found is None else (found.state, found.reason)


def test_every_check_that_is_well_makes_a_component_operational() -> None:
    assert state_of(ready(database={"ok": True})) == (State.OPERATIONAL, "")


def test_a_failed_check_of_its_own_is_an_outage_and_one_of_a_neighbour_is_none() -> None:
    reply = ready(503, database={"ok": True}, execution={"ok": False})
    assert state_of(reply, "orders") == (State.OPERATIONAL, "")
    assert state_of(reply, "execution") == (State.OUTAGE, "execution failed")


def test_what_is_late_or_not_needed_makes_it_degraded() -> None:
    late = {"ok": True, "late": True}
    assert state_of(ready(lake={"ok": True}, bars=late), "market-data") == (
        State.DEGRADED,
        "bars late",
    )
    spare = {"ok": False, "needed": False}
    assert state_of(ready(lake={"ok": True}, cache=spare), "market-data") == (
        State.DEGRADED,
        "cache failed",
    )


@pytest.mark.parametrize(
    "reply",
    [
        Reply(None, reason="no answer in 8 s"),
        Reply(500, b"{}"),
        Reply(404, b"not here"),
        Reply(200, b"<html>"),
        Reply(200, b"[1]"),
        Reply(503, b'{"checks": 3}'),
        Reply(503, b""),
        ready(database="fine"),
        ready(database={"ok": "yes"}),
    ],
)
def test_whatever_is_no_answer_is_an_outage(reply: Reply) -> None:
    found = judge(ORDERS, reply)
    assert found is not None
    assert found.state is State.OUTAGE
    assert found.reason


def test_an_answer_that_does_not_speak_of_it_says_nothing() -> None:
    assert state_of(ready(lake={"ok": True}), "streams") is None
    assert state_of(Reply(429), "streams") is None, "the probe was refused, and nobody else"


def test_a_slow_answer_makes_it_degraded() -> None:
    found = state_of(ready(latency_s=SLOW_S + 0.1, database={"ok": True}))
    assert found == (State.DEGRADED, "answered after 4.1 s")


def test_where_nothing_is_checked_the_status_tells() -> None:
    assert judge(API, Reply(200)) is not None
    found = judge(API, Reply(502))
    assert found is not None
    assert (found.state, found.reason) == (State.OUTAGE, "answered 502")


def test_the_page_has_each_component_once() -> None:
    assert len(BY_ID) == len(COMPONENTS)
    assert len({component.name for component in COMPONENTS}) == len(COMPONENTS)

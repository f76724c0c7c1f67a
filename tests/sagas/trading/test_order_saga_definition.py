"""What the definition of an order's workflow promises, state by state."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from algotrendy.trading.saga import Step
from fakes.functions import FUNCTIONS
from fakes.state_machines import compensation

DEFINITION = Path(__file__).parents[3] / "state_machines" / "trading" / "order_saga.asl.json"
STATES: dict[str, dict[str, Any]] = json.loads(DEFINITION.read_text(encoding="utf-8"))["States"]
TASKS = sorted(name for name, state in STATES.items() if state["Type"] == "Task")
WAITING = sorted(name for name in TASKS if STATES[name]["Resource"].endswith(".waitForTaskToken"))


def test_what_was_done_can_be_undone_or_looked_into() -> None:
    assert {name: compensation(STATES[name])[0] for name in TASKS} == {
        "Begin": "none",
        "AwaitApproval": "Withdraw",
        "Withdraw": "none",
        "Submit": "Resolve",
        "Resolve": "none",
        "AwaitEnd": "none",
        "Settle": "none",
    }


@pytest.mark.parametrize("name", WAITING)
def test_a_task_that_waits_hands_its_token_on_and_does_not_simply_try_again(name: str) -> None:
    parameters = json.dumps(STATES[name]["Parameters"])
    assert '"token.$": "$$.Task.Token"' in parameters
    without_retry = [
        retrier["ErrorEquals"] for retrier in STATES[name]["Retry"] if retrier["MaxAttempts"] == 0
    ]
    # Resolve rings again: the only wait that is worth the same question.
    assert any("States.Timeout" in errors for errors in without_retry) is (name != "Resolve")


def test_every_step_has_a_way_and_every_way_leads_on() -> None:
    ways = {way["StringEquals"]: way["Next"] for way in STATES["Route"]["Choices"]}
    assert set(ways) == set(Step)
    assert STATES["Route"]["Default"] == "Lost"
    named = set(ways.values()) | {
        target
        for state in STATES.values()
        for target in (state.get("Next"), *(each["Next"] for each in state.get("Catch", ())))
        if target
    }
    assert named | {"Lost", "Begin"} == set(STATES)


def test_every_lambda_task_has_a_handler_of_its_own() -> None:
    lambdas = {
        re.sub(r"\W|FunctionArn", "", STATES[name]["Parameters"]["FunctionName"]): name
        for name in TASKS
        if "lambda" in STATES[name]["Resource"]
    }
    assert set(lambdas) == set(lambdas.values())
    handlers = {path.stem for path in (FUNCTIONS / "trading").glob("*.py")}
    assert handlers == {
        "api",
        "sweep_orders",
        "begin_order",
        "await_approval",
        "withdraw_order",
        "resolve_order",
        "await_end",
        "settle_order",
    }


def test_a_message_to_the_writer_is_new_at_each_attempt_and_in_its_accounts_order() -> None:
    sent = STATES["Submit"]["Parameters"]
    assert sent["MessageGroupId.$"] == "$.step.account"
    assert sent["MessageDeduplicationId.$"] == "States.Hash($$.Task.Token, 'SHA-256')"
    assert sent["MessageBody"] == {
        "account.$": "$.step.account",
        "order_id.$": "$.order_id",
        "token.$": "$$.Task.Token",
        "correlation_id.$": "$.correlation_id",
        "traceparent.$": "$.traceparent",
    }

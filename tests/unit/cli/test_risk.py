"""`algotrendy risk`: how limits are said, and what is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from algotrendy.cli import risk
from algotrendy.cli.main import app
from algotrendy.cli.risk_view import print_limits, print_risk, print_states, print_switches
from algotrendy.kernel.errors import Invalid
from algotrendy.risk.limits import parse_limits
from fakes.order_counter import AAPL
from fakes.risk_desk import buy
from fakes.trading_api import TradingApi

KNOWN: dict[str, Any] = {
    "version": 3,
    "account": {"order_notional": "500", "daily_loss": "100", "restricted": []},
    "strategies": [{"strategy": "trend", "order_quantity": "5"}],
    "symbols": [],
}


def test_a_change_keeps_what_it_does_not_name() -> None:
    given = ["order_notional=1000", "daily-loss=none", "restricted=gme, amc", "order_rate=100/60"]
    found = risk.changed(KNOWN, given, None, None)
    assert found == {
        "account": {
            "order_notional": "1000",
            "daily_loss": None,
            "restricted": ["GME", "AMC"],
            "order_rate": {"orders": 100, "window_s": 60},
        }
    }
    parse_limits({"version": 4, **found})


@pytest.mark.parametrize(
    ("text", "meant"), [("true", True), ("yes", True), ("false", False), ("no", False)]
)
def test_a_guard_is_switched_as_people_say_it(text: str, meant: bool) -> None:
    found = risk.changed(KNOWN, [f"wash_trade_guard={text}"], None, None)
    assert found["account"]["wash_trade_guard"] is meant
    parse_limits({"version": 4, **found})


def test_one_strategy_and_one_symbol_are_changed_among_the_others() -> None:
    two = risk.changed(KNOWN, ["order_quantity=7"], "other", None)["strategies"]
    assert [each["strategy"] for each in two] == ["trend", "other"]
    one = risk.changed(KNOWN, ["short_selling=no"], "trend", None)["strategies"]
    assert one == [{"strategy": "trend", "order_quantity": "5", "short_selling": False}]
    symbols = risk.changed(KNOWN, ["fat_finger=4"], None, "tsla")["symbols"]
    assert symbols == [{"symbol": "TSLA", "fat_finger": {"multiple": "4"}}]


def test_a_limit_on_a_tail_is_a_loss_and_may_name_its_confidence() -> None:
    given = ["value_at_risk=5000/0.95", "expected_shortfall=7500", "stress_loss=20000"]
    found = risk.changed(KNOWN, given, None, None)
    limits = parse_limits({"version": 4, **found}).model_dump(mode="json")["account"]
    assert limits["value_at_risk"] == {"loss": "5000", "confidence": "0.95"}
    assert limits["expected_shortfall"] == {"loss": "7500", "confidence": "0.99"}
    assert limits["stress_loss"] == "20000"


@pytest.mark.parametrize(
    "text",
    ["order_notional", "=5", "order_rate=100", "order_rate=a/60", "short_selling=maybe"],
)
def test_a_malformed_change_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        risk.changed(KNOWN, [text], None, None)


def test_a_change_is_of_a_strategy_or_of_a_symbol() -> None:
    with pytest.raises(Invalid, match="not both"):
        risk.changed(KNOWN, ["order_quantity=7"], "trend", "AAPL")


def test_limits_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "limits.json"
    file.write_text(json.dumps({"version": 9, "account": {"daily_loss": "5"}}))
    assert risk.read_limits(file) == {"account": {"daily_loss": "5"}}
    for text in ("{", "[]", '{"limits": 1}'):
        file.write_text(text)
        with pytest.raises(Invalid, match="file must be"):
            risk.read_limits(file)


def test_the_kill_switch_needs_a_reason_before_anything_is_asked() -> None:
    done = CliRunner().invoke(app, ["risk", "kill", "--yes"])
    assert isinstance(done.exception, Invalid)
    assert done.exception.field == "reason"


def test_everything_of_risk_can_be_shown() -> None:
    api = TradingApi()
    api.counter.trade(buy("10"), price=100)
    api.counter.limit(
        position_notional="500",
        order_rate={"orders": 9, "window_s": 60},
        value_at_risk={"loss": "5000"},
        stress_loss="150",
    )
    api.counter.quote(AAPL, "90")
    manager = api.client("risk_manager")
    manager.post("/v1/kill-switch?account=paper", json={"flatten": True, "reason": "too wild"})

    def read(path: str) -> dict[str, Any]:
        found: dict[str, Any] = manager.get(f"/v1/{path}?account=paper").json()
        return found

    console = Console(width=140)
    with console.capture() as captured:
        print_states(console, read("trading-state"))
        print_risk(console, read("risk"))
        print_limits(console, "paper", read("limits"))
        print_switches(console, read("kill-switch")["kill_switches"])
    shown = captured.get()
    for words in (
        "paper is halted",
        "too wild",
        "broken: position_notional of account",
        "black-monday-1987",
        "broken: stress_loss of account: allowed 150, actual 184.23",
        "9 in 60 s",
        "5000 in a day, 99% sure",
        "without a past: AAPL",
        "acting",
    ):
        assert words in shown, words

"""The commands of trading against the real API in process: accounts, parents, ledger, orders."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from algotrendy.cli import parents
from algotrendy.cli.main import app
from algotrendy.cli.session import Session, SessionFile
from algotrendy.identity import wiring
from algotrendy.identity.session import Tokens
from algotrendy.kernel.errors import AlgoTrendyError, Invalid
from algotrendy.local.home import current_home
from algotrendy.platform.settings import reset_settings
from algotrendy.trading.ledger import Document
from fakes.identity import CLIENT_ID
from fakes.order_counter import AAPL, NOON, ROOT
from fakes.risk_desk import buy, sell
from fakes.trading_api import ORDER, TradingApi, served

Run = Callable[..., str]


@pytest.fixture
def api() -> TradingApi:
    return TradingApi()


@pytest.fixture
def run(api: TradingApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("ALGOTRENDY_HOME", str(tmp_path))
    monkeypatch.setenv("ALGOTRENDY_USER_POOL_ID", "us-east-1_pool")
    monkeypatch.setenv("ALGOTRENDY_USER_POOL_CLIENT_ID", CLIENT_ID)
    token = api.issuer.token("tenant:demo", "role:trader", "role:risk_manager")
    tokens = Tokens(token, None, datetime.now(UTC) + timedelta(hours=1))
    SessionFile(current_home().token_file).write(Session("ada", CLIENT_ID, tokens))
    with served(api.app) as address:
        monkeypatch.setenv("ALGOTRENDY_API_URL", address)
        _forget()
        yield _command
    _forget()


def _forget() -> None:
    reset_settings()
    wiring.users.cache_clear()


def _command(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_an_order_is_placed_listed_shown_and_cancelled(api: TradingApi, run: Run) -> None:
    placed = json.loads(run("orders", "place", "buy", "aapl", "10", "--limit", "99", "--json"))
    assert placed["id"] in run("orders", "list", "--open")
    assert "buy 10 AAPL limit 99 day" in run("orders", "show", placed["id"])
    assert "canceled" in run("orders", "cancel", placed["id"], "--reason", "enough")
    assert run("orders", "list", "--open").startswith("no orders in paper")


def test_a_refused_order_says_which_limit_its_value_and_the_actual(
    api: TradingApi, run: Run
) -> None:
    api.counter.limit(order_notional="500")
    with pytest.raises(AlgoTrendyError, match="must be at most 500, was 1000"):
        run("orders", "place", "buy", "AAPL", "10")


def test_all_orders_are_cancelled_at_once(api: TradingApi, run: Run) -> None:
    for quantity in ("1", "2"):
        api.place(quantity=quantity)
    assert run("orders", "cancel", "--all").count("canceled") == 2
    assert "no open order in paper" in run("orders", "cancel", "--all")
    with pytest.raises(Invalid, match="ids, or --all"):
        run("orders", "cancel")


def test_accounts_parts_and_transfers(run: Run) -> None:
    assert "paper/trend: 10000 USD" in run("accounts", "add", "trend", "--cash", "10000")
    assert "paper: 92500 USD" in run("accounts", "transfer", "2500", "paper/trend", "paper")
    shown = run("accounts", "list")
    assert "paper with its parts" in shown
    assert "cash.transfer" in run("accounts", "audit")


def test_positions_fills_and_the_journal(api: TradingApi, run: Run) -> None:
    api.counter.trade(buy("10"), price=100)
    api.counter.trade(sell("4"), price=101)
    assert "AAPL" in run("positions", "--lots")
    assert "101" in run("accounts", "fills")
    journal = run("accounts", "activities", "--kind", "fill")
    assert "cash -1000 USD" in journal
    assert "hold" not in journal
    assert "nothing is noted of paper" in run("accounts", "reconciliations")


def test_a_list_goes_on_where_it_ended(api: TradingApi, run: Run) -> None:
    for number in range(5):
        api.place(client_order_id=f"c{number}", side="buy", type="limit", limit_price=f"9{number}")

    def names(*words: str) -> list[str]:
        page = json.loads(run("orders", "list", "--json", *words))
        return [order["client_order_id"] for order in page["orders"]]

    newest = ["c4", "c3", "c2", "c1", "c0"]
    assert names("--all", "--limit", "2") == newest
    first = json.loads(run("orders", "list", "--limit", "2", "--json"))
    assert names("--cursor", first["next_cursor"], "--limit", "2") == newest[2:4]
    assert f"more: --all, or --cursor {first['next_cursor']}" in run(
        "orders", "list", "--limit", "2"
    )
    assert "more:" not in run("orders", "list")
    assert names("--side", "sell") == names("--status", "filled") == []
    assert names("--side", "buy", "--status", "intended", "--status", "unknown") == newest
    assert names("--until", "2020-01-01T00:00:00Z") == []


def test_fills_journal_and_audit_are_filtered(api: TradingApi, run: Run) -> None:
    order = api.counter.trade(buy("10"), price=100)
    api.counter.trade(sell("4"), price=101)

    def listed(what: str, name: str, *words: str) -> int:
        return len(json.loads(run("accounts", what, "--json", *words))[name])

    assert listed("fills", "fills") == 2
    assert listed("fills", "fills", "--order", str(order.id)) == 1
    assert listed("fills", "fills", "--symbol", "msft") == 0
    assert listed("fills", "fills", "--since", "2100-01-01T00:00:00Z") == 0
    assert listed("activities", "activities", "--until", "2020-01-01T00:00:00Z") == 0
    assert listed("audit", "records") == 2
    assert listed("audit", "records", "--subject", str(order.id)) == 1
    assert listed("audit", "records", "--who", "nobody") == 0


def test_every_version_of_the_limits_is_shown(run: Run) -> None:
    for number in range(1, 4):
        run("risk", "limits", "--set", f"order_quantity={number}", "--reason", f"turn {number}")
    shown = run("risk", "limits", "--history")
    assert [f"turn {number}" in shown for number in range(1, 4)] == [True] * 3


def test_what_differed_is_shown_with_what_was_done(api: TradingApi, run: Run) -> None:
    found = {"kind": "cash", "subject": "USD", "ours": "1", "theirs": "2", "reason": "no rule"}
    body: dict[str, Any] = {"compared": {"orders": 3}, "settled": [], "unsettled": [found]}
    report = Document(
        kind="reconciliation",
        id=api.counter.ids.next(),
        account=ROOT,
        at=NOON,
        is_open=True,
        body=body,
    )
    lost = replace(report, kind="protection", body={"symbol": "AAPL", "remedy": "reprotect"})
    for document in (report, lost):
        keep(api, document)
    shown = run("accounts", "reconciliations", "--open")
    assert "open: compared orders 3" in shown
    assert "unsettled: kind cash, subject USD, ours 1, theirs 2, reason no rule" in shown
    assert "symbol AAPL, remedy reprotect" in run("accounts", "reconciliations", "--protection")


def keep(api: TradingApi, document: Document) -> None:
    api.ledger.run(lambda tx: tx.documents.put(document))


def test_limits_are_set_and_looked_back_at(run: Run) -> None:
    run("risk", "limits", "--set", "order_notional=500", "--reason", "careful")
    shown = run("risk", "limits")
    assert "order notional" in shown
    assert "version 2" in shown
    assert "careful" in run("risk", "limits", "--history")


def test_the_kill_switch_is_pulled_and_the_account_let_go_on(run: Run) -> None:
    switch = json.loads(run("risk", "kill", "--yes", "--reason", "wild", "--json"))
    assert "paper is halted" in run("risk", "state")
    run("risk", "revoke", switch["id"], "--reason", "over")
    assert "revoked" in run("risk", "switches")
    assert "paper is active" in run("risk", "state", "active", "--reason", "over")


def test_the_state_of_risk_is_shown(api: TradingApi, run: Run) -> None:
    api.counter.trade(buy("10"), price=100)
    api.counter.quote(AAPL, "90")
    assert "black-monday-1987" in run("risk", "status")


def test_a_parent_order_is_listed_paused_resumed_and_ended(api: TradingApi, run: Run) -> None:
    body = {**ORDER, "style": "twap", "slices": 2, "ends_at": "2026-11-23T18:00:00Z"}
    parent = api.client().post("/v1/parent-orders", json=body).json()["id"]
    assert "buy 10 AAPL twap" in run("parents", "list", "--open")
    assert run("parents", "pause", parent).endswith("paused\n")
    assert run("parents", "resume", parent).endswith("working\n")
    assert run("parents", "cancel", parent).endswith("cancelling\n")
    assert "0 filled" in run("parents", "show", parent)


def test_a_parent_order_that_cannot_be_cut_is_refused(run: Run) -> None:
    words = ("parents", "place", "buy", "AAPL", "1", "--slices", "4", "--over", "1s")
    with pytest.raises(AlgoTrendyError, match="must be"):
        run(*words)


@pytest.mark.parametrize(
    ("text", "span"),
    [("90s", timedelta(seconds=90)), ("6h", timedelta(hours=6)), ("1d", timedelta(days=1))],
)
def test_a_span_is_read(text: str, span: timedelta) -> None:
    assert parents.parse_span(text) == span


@pytest.mark.parametrize("text", ["", "6", "h", "-6h", "6 weeks"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="over must be"):
        parents.parse_span(text)


def test_the_style_follows_from_what_is_said() -> None:
    assert parents.style_of(4, None, None) == {"style": "twap", "slices": 4}
    assert parents.style_of(None, "5, 3", None) == {"style": "vwap", "curve": ["5", "3"]}
    assert parents.style_of(None, None, "10") == {"style": "iceberg", "display": "10"}
    for said in ((None, None, None), (4, "5,3", None)):
        with pytest.raises(Invalid, match="style must be one of"):
            parents.style_of(*said)

"""`algotrendy quantconnect`, against a local server over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from algotrendy.brokers.live import STAGE_SWITCH
from algotrendy.brokers.quantconnect import lean_bridge_path
from algotrendy.brokers.quantconnect.wiring import TOKEN_VARIABLE, USER_ID_VARIABLE
from algotrendy.cli.quantconnect import app
from algotrendy.kernel.errors import (
    AlgoTrendyError,
    Conflict,
    Invalid,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
)
from fakes.quantconnect_server import TOKEN, USER_ID, Failure, QuantConnectServer


@pytest.fixture(scope="module")
def started() -> Iterator[QuantConnectServer]:
    with QuantConnectServer() as running:
        yield running


@pytest.fixture
def server(
    started: QuantConnectServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> QuantConnectServer:
    started.reset(polls=2)
    monkeypatch.setenv(USER_ID_VARIABLE, USER_ID)
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALGOTRENDY_QUANTCONNECT_URL", started.url)
    return started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "Mine"
    (source / "signals").mkdir(parents=True)
    (source / "main.py").write_text("class Mine:\n    fast = 10\n")
    (source / "signals" / "trend.py").write_text("WINDOW = 20\n")
    (source / ".env").write_text("SECRET=1\n")
    (source / "notes.txt").write_text("not for the cloud\n")
    return source


def run(*arguments: str, stdin: str = "") -> str:
    done = CliRunner().invoke(app, list(arguments), input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def refused(*arguments: str) -> AlgoTrendyError:
    done = CliRunner().invoke(app, list(arguments))
    assert isinstance(done.exception, AlgoTrendyError), done.output
    return done.exception


def files_of(server: QuantConnectServer, name: str) -> dict[str, str]:
    return next(p.files for p in server.cloud.projects.values() if p.name == name)


def test_push_makes_a_project_and_brings_the_source_files_alone(
    server: QuantConnectServer, folder: Path
) -> None:
    said = run("push", str(folder))
    assert "project Mine created" in said
    assert "created    signals/trend.py" in said
    assert "Mine: 2 of 2 files changed" in said
    assert files_of(server, "Mine").keys() == {"main.py", "signals/trend.py"}


def test_a_second_push_writes_nothing(server: QuantConnectServer, folder: Path) -> None:
    run("push", str(folder))
    server.calls.clear()
    assert "Mine: nothing to change" in run("push", str(folder))
    assert {path for path, _ in server.calls} == {"projects/read", "files/read"}


def test_a_push_shows_what_changed_and_by_how_many_lines(
    server: QuantConnectServer, folder: Path
) -> None:
    run("push", str(folder))
    (folder / "main.py").write_text("class Mine:\n    fast = 12\n    slow = 50\n")
    said = run("push", str(folder))
    assert "updated    main.py  +2 -1" in said
    assert "1 of 2 files changed" in said


def test_what_is_only_there_is_left_or_on_request_deleted(
    server: QuantConnectServer, folder: Path
) -> None:
    run("push", str(folder))
    (folder / "signals" / "trend.py").unlink()
    assert "left there signals/trend.py" in run("push", str(folder))
    assert "signals/trend.py" in files_of(server, "Mine")
    assert "deleted    signals/trend.py" in run("push", str(folder), "--delete")
    assert "signals/trend.py" not in files_of(server, "Mine")


def test_a_dry_run_changes_nothing(server: QuantConnectServer, folder: Path) -> None:
    assert "Mine: 2 of 2 files would be changed" in run("push", str(folder), "--dry-run")
    assert not server.cloud.projects


def test_a_single_strategy_file_becomes_the_main_file(
    server: QuantConnectServer, tmp_path: Path
) -> None:
    (tmp_path / "cross.py").write_text("class Cross: ...\n")
    run("push", "cross.py", "--project", "Crossing")
    assert files_of(server, "Crossing") == {"main.py": "class Cross: ...\n"}


@pytest.mark.parametrize("failure", [Failure.LOST_ANSWER, Failure.DROPPED, Failure.NO_JSON])
@pytest.mark.parametrize("path", ["projects/create", "files/create"])
def test_a_push_goes_on_when_an_answer_is_lost(
    server: QuantConnectServer, folder: Path, failure: Failure, path: str
) -> None:
    server.fail(failure, path)
    run("push", str(folder))
    assert len(server.called(path)) == 1
    assert files_of(server, "Mine").keys() == {"main.py", "signals/trend.py"}


@pytest.mark.parametrize("name", ["nowhere", "notes.txt", "empty"])
def test_what_cannot_be_pushed_is_bad_input(
    server: QuantConnectServer, tmp_path: Path, name: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    error = refused("push", name)
    assert isinstance(error, Invalid)
    assert error.field == "path"
    assert not server.calls


def test_a_backtest_is_built_run_and_told_with_its_statistics_and_link(
    server: QuantConnectServer, folder: Path
) -> None:
    run("push", str(folder))
    said = run("backtest", "Mine", "-p", "fast=10", "--name", "first", "--every", "0.01")
    assert "Sharpe Ratio" in said
    assert "1.234" in said
    assert "https://www.quantconnect.com/project/1001/b" in said
    [sent] = server.called("backtests/create")
    assert sent["parameters"] == {"fast": "10"}
    assert sent["backtestName"] == "first"


def test_a_build_that_fails_says_what_the_compiler_said(
    server: QuantConnectServer, folder: Path
) -> None:
    (folder / "main.py").write_text("class Mine(:\n")
    run("push", str(folder))
    error = refused("backtest", "Mine", "--every", "0.01")
    assert "main.py Line:1" in str(error)
    assert not server.called("backtests/create")


def test_a_backtest_that_fails_says_why(server: QuantConnectServer, folder: Path) -> None:
    (folder / "main.py").write_text("boom = 1\n")
    run("push", str(folder))
    assert "Runtime Error: boom" in str(refused("backtest", "Mine", "--every", "0.01"))


def test_waiting_for_a_backtest_ends_and_says_where_it_goes_on(
    server: QuantConnectServer, folder: Path
) -> None:
    run("push", str(folder))
    server.cloud.polls = 10_000
    error = refused("backtest", "Mine", "--every", "0.05", "--timeout", "1")
    assert isinstance(error, Unavailable)
    assert "it goes on: https://www.quantconnect.com/project/1001/b" in str(error)


def test_a_project_that_is_not_there_is_named_with_those_that_are(
    server: QuantConnectServer, folder: Path
) -> None:
    run("push", str(folder))
    error = refused("backtest", "Yours")
    assert isinstance(error, NotFound)
    assert "there are: Mine" in str(error)


def test_a_bad_parameter_is_refused_before_anything_is_sent(server: QuantConnectServer) -> None:
    assert isinstance(refused("backtest", "Mine", "-p", "fast"), Invalid)
    assert not server.calls


def deployed(server: QuantConnectServer) -> None:
    run("live", "deploy", "Bridge", "--bridge", "--cash", "5000", "--every", "0.01")


def test_the_bridge_is_pushed_built_and_deployed_to_paper(server: QuantConnectServer) -> None:
    deployed(server)
    assert files_of(server, "Bridge")["main.py"] == lean_bridge_path().read_text()
    [sent] = server.called("live/create")
    assert sent["brokerage"] == {
        "id": "QuantConnectBrokerage",
        "cash": [{"amount": 5000, "currency": "USD"}],
    }


def test_status_shows_state_cash_and_open_orders(server: QuantConnectServer) -> None:
    deployed(server)
    order = {
        "action": "submit",
        "command": "1",
        "client_order_id": "mine-1",
        "symbol": "ACME",
        "type": "limit",
        "time_in_force": "day",
        "quantity": "3",
        "limit_price": "90",
        "stop_price": None,
    }
    run("live", "command", "Bridge", json.dumps({"algotrendy": json.dumps(order)}))
    said = run("live", "status", "Bridge")
    assert "Bridge: Running" in said
    assert "mine-1" in said
    assert "10 minutes old" in said


def test_a_second_deployment_is_a_conflict(server: QuantConnectServer) -> None:
    deployed(server)
    assert isinstance(refused("live", "deploy", "Bridge", "--every", "0.01"), Conflict)
    assert len(server.called("live/create")) == 1


def test_a_stopped_algorithm_takes_no_command_and_can_be_deployed_again(
    server: QuantConnectServer,
) -> None:
    deployed(server)
    run("live", "stop", "Bridge")
    assert isinstance(refused("live", "command", "Bridge", "{}"), Rejected)
    deployed(server)


def test_liquidating_asks_first(server: QuantConnectServer) -> None:
    deployed(server)
    assert CliRunner().invoke(app, ["live", "liquidate", "Bridge"], input="n\n").exit_code == 1
    assert not server.called("live/update/liquidate")
    run("live", "liquidate", "Bridge", "--yes")
    assert "Bridge: Liquidated" in run("live", "status", "Bridge")


def test_the_logs_show_what_the_bridge_refused(server: QuantConnectServer) -> None:
    deployed(server)
    run("live", "command", "Bridge", '{"algotrendy": "{}"}')
    assert "algotrendy {" in run("live", "logs", "Bridge", "--last", "1")


def test_a_command_must_be_a_json_object(server: QuantConnectServer) -> None:
    for text in ("[1]", "buy"):
        assert isinstance(refused("live", "command", "Bridge", text), Invalid)
    assert not server.calls


def brokerage(tmp_path: Path, **settings: object) -> str:
    file = tmp_path / "brokerage.json"
    file.write_text(json.dumps({"id": "TradierBrokerage", "token": "s3cret"} | settings))
    return str(file)


@pytest.mark.parametrize(
    ("stage", "account", "missing"),
    [("", True, STAGE_SWITCH), ("true", False, "live"), ("", False, STAGE_SWITCH)],
)
def test_real_money_needs_both_switches(
    server: QuantConnectServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    stage: str,
    account: bool,
    missing: str,
) -> None:
    monkeypatch.setenv(STAGE_SWITCH, stage)
    error = refused("live", "deploy", "B", "--brokerage", brokerage(tmp_path, live=account))
    assert isinstance(error, Rejected)
    assert missing in str(error)
    assert "s3cret" not in str(error)
    assert not server.calls


def test_with_both_switches_the_brokerage_is_deployed_to(
    server: QuantConnectServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(STAGE_SWITCH, "true")
    file = brokerage(tmp_path, live=True)
    run("live", "deploy", "B", "--bridge", "--brokerage", file, "--every", "0.01")
    [sent] = server.called("live/create")
    assert sent["brokerage"] == {"id": "TradierBrokerage", "token": "s3cret"}


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(USER_ID_VARIABLE, raising=False)
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    error = refused("backtest", "Mine")
    assert isinstance(error, Unauthenticated)
    assert USER_ID_VARIABLE in str(error)
    assert TOKEN_VARIABLE in str(error)


def test_a_wrong_token_is_refused_and_never_shown(
    server: QuantConnectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "not-the-token-at-all")
    error = refused("backtest", "Mine")
    assert isinstance(error, Unauthenticated)
    assert "not-the-token" not in str(error)


def test_a_signature_is_not_sent_in_the_clear(server: QuantConnectServer) -> None:
    error = refused("backtest", "Mine", "--url", "http://example.com/api/v2")
    assert isinstance(error, Invalid)
    assert error.field == "url"


@pytest.mark.parametrize("words", [["--help"], ["push", "--help"], ["live", "deploy", "--help"]])
def test_help_teaches(words: list[str]) -> None:
    assert len(run(*words).splitlines()) > 10

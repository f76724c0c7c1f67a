"""`algotrendy strategy`: a template whose test passes, and what is registered and promoted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from algotrendy.backtest.engine.terms import Terms
from algotrendy.cli import strategy_registering as registering
from algotrendy.cli.api_client import Refused
from algotrendy.cli.main import app
from algotrendy.cli.session import Session, SessionFile
from algotrendy.cli.strategy_template import write_template
from algotrendy.identity import wiring
from algotrendy.identity.session import Tokens
from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Rejected
from algotrendy.live.registry_ports import PaperRecord
from algotrendy.local.home import current_home
from algotrendy.platform.settings import reset_settings
from fakes.identity import CLIENT_ID
from fakes.live_api import LiveApi
from fakes.registry_in_memory import STUDY
from fakes.trading_api import served

Run = Callable[..., str]
REGISTER = ("register", "sma_cross", "AAPL", "-p", "fast=8", "-p", "slow=16", "--name", "trend")
CHEAT = """from algotrendy.backtest import strategy

TOMORROW = [200.0 - day for day in range(10_000)]


@strategy()
def cheat(market, own, p):
    if TOMORROW[len(market.close)] > market.close[-1]:
        market.buy(1)
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALGOTRENDY_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


@pytest.fixture
def api() -> LiveApi:
    return LiveApi()


@pytest.fixture
def run(api: LiveApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("ALGOTRENDY_USER_POOL_ID", "us-east-1_pool")
    monkeypatch.setenv("ALGOTRENDY_USER_POOL_CLIENT_ID", CLIENT_ID)
    token = api.issuer.token("tenant:acme", "role:researcher", "role:risk_manager")
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
    done = CliRunner().invoke(app, ["strategy", *arguments], env={"COLUMNS": "200"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_new_writes_a_strategy_whose_test_passes_and_says_what_follows(tmp_path: Path) -> None:
    said = _command("new", "my_trend")
    assert "algotrendy strategy test my_trend.py" in said
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_trend.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_new_writes_over_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("mine")
    with pytest.raises(Conflict, match=r"test_mine\.py is there already"):
        _command("new", "mine")
    assert not (tmp_path / "mine.py").exists()


@pytest.mark.parametrize("name", ["My", "9lives", "a-b", "class", "algotrendy", "x" * 63, ""])
def test_new_refuses_what_names_no_function(name: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="name must be"):
        write_template(name, tmp_path)


def test_a_template_is_tested_without_any_bars() -> None:
    _command("new", "my_trend")
    said = _command("test", "my_trend.py")
    assert "750 steps of made-up days" in said
    assert "none found: orders, state, fills" in said
    assert "its own tests: 3 passed" in said
    assert said.endswith("my_trend: passed\n")


def test_a_look_ahead_fails_the_test(tmp_path: Path) -> None:
    (tmp_path / "cheat.py").write_text(CHEAT)
    with pytest.raises(Rejected, match="cheat does not pass the check"):
        _command("test", "cheat.py")


def test_a_test_of_its_own_that_fails_fails_the_test(tmp_path: Path) -> None:
    _command("new", "my_trend")
    (tmp_path / "test_my_trend.py").write_text("def test_it():\n    assert False\n")
    with pytest.raises(Rejected, match=r"a test of test_my_trend\.py fails"):
        _command("test", "my_trend.py")


def test_a_strategy_of_the_library_is_tested_too() -> None:
    assert "dual_momentum: passed" in _command("test", "dual_momentum")


def test_a_version_is_registered_listed_shown_and_promoted(api: LiveApi, run: Run) -> None:
    assert run(*REGISTER) == (
        "trend@1: draft, sma_cross with fast 8, slow 16, units 0 on AAPL 1Day\n"
    )
    assert json.loads(run(*REGISTER, "--json"))["version"] == 1
    assert "trend@1" in run("list")
    assert run("list", "--stage", "live").startswith("nothing is registered")
    tested = run("promote", "trend", "tested", "-r", "good", "--walk", str(STUDY))
    assert tested.startswith("trend@1: draft -> tested (passed: ")
    run("promote", "trend@1", "paper", "-r", "on paper")
    shown = run("show", "trend")
    assert "trend@1: paper since" in shown
    assert f"tested by walk-forward {STUDY}" in shown
    api.world.paper.record = PaperRecord(sessions=3)
    with pytest.raises(Refused, match=r"was 3 \(17 short\)"):
        run("promote", "trend", "live", "-r", "now")


def test_a_file_is_registered_as_its_text(run: Run, tmp_path: Path) -> None:
    _command("new", "my_trend")
    run("register", "my_trend.py", "AAPL", "-p", "fast=5")
    assert run("show", "my_trend", "--source") == (tmp_path / "my_trend.py").read_text()
    told = json.loads(run("show", "my_trend", "--json"))
    assert (told["is_own"], told["parameters"]) == (True, {"fast": 5, "slow": 40})
    run("register", "sma_cross", "AAPL")
    with pytest.raises(Conflict, match="of the library"):
        run("show", "sma_cross", "--source")


def asked(**changes: Any) -> registering.Asked:
    whole: dict[str, Any] = {
        "strategy": "sma_cross",
        "symbols": ("AAPL",),
        "name": None,
        "parameters": (),
        "timeframe": "1Day",
        "schedule": "bars",
        "calendar": "us-equities",
        "note": "",
        "terms": Terms(),
    }
    return registering.Asked(**(whole | changes))


def test_what_a_walk_forward_chose_last_is_registered_on_its_terms() -> None:
    windows = [{"parameters": {"fast": 3, "slow": 9, "units": 0}}]
    walk = {
        "id": "x",
        "status": "succeeded",
        "symbols": ["MSFT"],
        "summary": {"windows": windows, "spec": {"fee_bps": "3.5", "cash": "5000"}},
    }
    body = registering.body_of(asked(symbols=()), walk)
    assert (body["symbols"], body["parameters"]["fast"]) == (["MSFT"], 3)
    assert body["terms"] == {"fee_bps": "3.5", "cash": "5000"}
    windows[-1] = {"parameters": None}  # type: ignore[dict-item]
    with pytest.raises(Conflict, match="chose nothing"):
        registering.body_of(asked(), walk)
    with pytest.raises(Conflict, match="is running"):
        registering.body_of(asked(), {**walk, "status": "running", "summary": None})


def test_a_file_that_leans_on_one_beside_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "levels.py").write_text("LEVEL = 1.0\n")
    text = "from levels import LEVEL\n\n\ndef flat(market, own, p):\n    market.invest(LEVEL)\n"
    (tmp_path / "flat.py").write_text(text)
    with pytest.raises(Invalid, match=r"flat\.py must be text that stands alone.*import of levels"):
        registering.body_of(asked(strategy="flat.py"))


def test_what_does_not_fit_is_told_before_anything_is_sent() -> None:
    with pytest.raises(Invalid, match="symbols must be one or more"):
        registering.body_of(asked(symbols=()))
    with pytest.raises(Invalid, match=r"parameters\.speed"):
        registering.body_of(asked(parameters=("speed=1",)))
    with pytest.raises(Invalid, match="symbols must be 1"):
        registering.body_of(asked(symbols=("AAPL", "MSFT")))


def test_a_study_is_one(run: Run) -> None:
    run(*REGISTER)
    with pytest.raises(Invalid, match="study must be one"):
        run("promote", "trend", "tested", "-r", "x", "--walk", "a", "--sweep", "b")
    with pytest.raises(NotFound, match="registered strategy nothing"):
        run("show", "nothing")

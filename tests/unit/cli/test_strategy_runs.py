"""`algotrendy strategy start, status, pause, resume, stop, flatten`, as a person types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from algotrendy.cli.main import app
from algotrendy.cli.session import Session, SessionFile
from algotrendy.identity import wiring
from algotrendy.identity.session import Tokens
from algotrendy.local.home import current_home
from algotrendy.platform.settings import reset_settings
from fakes.identity import CLIENT_ID
from fakes.live_api import LiveApi
from fakes.live_bench import buys
from fakes.live_runs import run_id
from fakes.trading_api import served

RUN = str(run_id())


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveApi]:
    monkeypatch.setenv("ALGOTRENDY_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALGOTRENDY_USER_POOL_ID", "us-east-1_pool")
    monkeypatch.setenv("ALGOTRENDY_USER_POOL_CLIENT_ID", CLIENT_ID)
    found = LiveApi()
    token = found.issuer.token("tenant:demo", "role:trader")
    tokens = Tokens(token, None, datetime.now(UTC) + timedelta(hours=1))
    SessionFile(current_home().token_file).write(Session("ada", CLIENT_ID, tokens))
    with served(found.app) as address:
        monkeypatch.setenv("ALGOTRENDY_API_URL", address)
        _forget()
        yield found
    _forget()


def _forget() -> None:
    reset_settings()
    wiring.users.cache_clear()


def typed(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["strategy", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.usefixtures("api")
def test_a_start_says_which_run_and_that_nobody_watches() -> None:
    said = typed("start", "wave@1", "--capital", "5000")
    assert "of wave@1 on paper/wave" in said
    assert "nobody watches the clock" in said


def test_the_status_of_a_run_tells_its_last_decisions(api: LiveApi) -> None:
    api.bench.mind.says = {0: [buys(10.0)]}
    api.bench.bars.lay(0)
    api.bench.advance()
    said = typed("status", RUN)
    assert "+0.00 on 10000" in said
    assert "place buy 10 AAPL: admitted" in said
    assert f"{RUN}  trend@3  paper/trend  running" in typed("status")
    # The lines before are the server's, which logs in this process.
    answer = typed("status", RUN, "--json")
    assert json.loads(answer[answer.index("{\n") :])["steps"] == 1


@pytest.mark.usefixtures("api")
def test_each_command_brings_a_run_to_what_it_says() -> None:
    assert "  paused" in typed("pause", RUN, "--reason", "lunch")
    assert "  waiting" in typed("resume", RUN)
    assert "  stopped" in typed("flatten", RUN)

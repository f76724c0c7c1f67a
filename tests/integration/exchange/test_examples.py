"""The scripts of docs/examples, run as a reader would run them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.exchange_process import ExchangeProcess

pytestmark = pytest.mark.platform

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


@pytest.fixture(scope="module")
def exchange() -> Iterator[ExchangeProcess]:
    with tempfile.TemporaryDirectory(prefix="at-ex-", dir="/tmp") as home:
        process = ExchangeProcess(Path(home), "--ephemeral", "--speed", "20")
        process.start()
        yield process
        assert process.stop() == 0, process.log()


def run(exchange: ExchangeProcess, script: str) -> str:
    done = subprocess.run(
        [sys.executable, EXAMPLES / script, f"127.0.0.1:{exchange.port}"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_alpacas_trading_client_trades_every_type_and_class(exchange: ExchangeProcess) -> None:
    said = run(exchange, "alpaca_trading.py")
    for kind in ("limit", "stop", "stop_limit", "trailing_stop"):
        assert f"\n{kind} " in said, kind
    for order_class in ("simple", "bracket", "oco", "oto"):
        assert f" {order_class} " in said, order_class
    for event in ("new", "fill", "replaced", "canceled"):
        assert f"\n  {event} " in f"\n{said}", event
    assert "flat: True" in said


def test_alpacas_data_clients_read_history_and_listen(exchange: ExchangeProcess) -> None:
    said = run(exchange, "alpaca_market_data.py")
    assert "last trade" in said
    assert said.count("\nQuote ") + said.count("\nTrade ") >= 10

"""See the capability table as a person and as a program."""

from __future__ import annotations

import json

import typer
from typer.testing import CliRunner

from algotrendy.cli.brokers import brokers

APP = typer.Typer()
APP.command()(brokers)


def test_the_table_has_a_column_for_every_broker_and_its_notes() -> None:
    result = CliRunner().invoke(APP, [], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    for name in ("alpaca", "quantconnect", "simulated", "ccxt (binance)"):
        assert name in result.output
    assert "Tested on a local server that speaks Binance's protocol." in result.output


def test_a_program_reads_json() -> None:
    result = CliRunner().invoke(APP, ["--json", "--exchange", "kraken"])
    assert result.exit_code == 0, result.output
    tables = json.loads(result.output)
    assert list(tables) == ["alpaca", "quantconnect", "simulated", "ccxt (kraken)"]
    kraken = tables["ccxt (kraken)"]
    assert (kraken["short"], kraken["replace"], kraken["fractional"]) == (False, False, True)
    assert kraken["times_by_type"]["market"] == ["gtc"]
    assert tables["alpaca"]["replace"] is True

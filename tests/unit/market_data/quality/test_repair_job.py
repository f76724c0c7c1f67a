"""The scheduled repair and `algotrendy quality --repair`: whom they ask, and what they tell."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from algotrendy.cli.quality import quality
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.quality.inspecting import Asked
from algotrendy.market_data.series import BarSeries, RawBars, session_date
from algotrendy.platform.lake import Lake, lake_at
from algotrendy.platform.settings import reset_settings
from fakes.canned_server import Canned, canned
from fakes.functions import Context, load_handler
from fakes.quality_bars import daily, without

WHOLE = daily(date(2025, 1, 2), date(2025, 3, 31))
CACHED = (wiring.bar_store, wiring.inspector, wiring.page_cache, wiring._exchange_named)
NOTHING = {"asked": 0, "bars": 0, "unrepaired": 0, "waiting": 0}


class LongContext(Context):
    """Lambda, with all its time before it."""

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    url = f"file://{tmp_path}/lake"
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", url)
    reset_settings()
    for cached in CACHED:
        cached.cache_clear()
    yield lake_at(url)
    for cached in CACHED:
        cached.cache_clear()


def name(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    for key, value in settings.items():
        monkeypatch.setenv(f"ALGOTRENDY_{key.upper()}", value)
    reset_settings()


def from_alpaca(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    name(monkeypatch, repair_source="alpaca:iex", stream_key="KEY:SECRET", stream_url=url)


def store(lake: Lake, bars: BarSeries, source: str = "first") -> None:
    numbers = (bars.open, bars.high, bars.low, bars.close, bars.volume, (1.0,) * len(bars))
    LakeBars(lake).replace([RawBars(Symbol("AAPL"), bars.timeframe, bars.times, *numbers, source)])


def page(bars: BarSeries, *places: int) -> Canned:
    """Tell bars as Alpaca does."""
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    told = [
        {"t": f"{session_date(bars.times[place])}T05:00:00Z"}
        | dict(zip("ohlcv", (column[place] for column in columns), strict=True))
        for place in places
    ]
    return Canned(body={"bars": {"AAPL": told}, "next_page_token": None})


def test_without_a_source_the_function_asks_nobody(lake: Lake) -> None:
    store(lake, without(WHOLE, 5))
    assert load_handler("market_data", "repair_bars")({}, LongContext()) == NOTHING


def test_the_function_repairs_from_the_source_of_the_settings(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(lake, without(WHOLE, 5, 20))
    with canned(page(WHOLE, 4, 5, 6), page(WHOLE, 19)) as alpaca:
        from_alpaca(monkeypatch, alpaca.url)
        done = load_handler("market_data", "repair_bars")({}, LongContext())
    assert done == {"asked": 2, "bars": 1, "unrepaired": 1, "waiting": 0}
    assert all(line.startswith("GET /v2/stocks/bars?") for line in alpaca.lines)
    assert all("KEY" in asked.headers.values() for asked in alpaca.asked)
    assert len(wiring.bar_store().read(Symbol("AAPL"))) == len(WHOLE) - 1
    (report,) = wiring.inspector().reports(Asked())
    assert len(report.gaps.missing) == 1


def test_bars_of_an_exchange_are_left_where_ccxt_is_not(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(lake, without(WHOLE, 5), "ccxt:binance")
    monkeypatch.setitem(sys.modules, "ccxt", None)
    app = typer.Typer()
    app.command()(quality)
    with canned() as alpaca:
        from_alpaca(monkeypatch, alpaca.url)
        assert load_handler("market_data", "repair_bars")({}, LongContext()) == NOTHING
        result = CliRunner().invoke(app, ["AAPL", "--repair"])
        assert alpaca.asked == []
    left = "left alone: AAPL 1Day, from ccxt:binance, which ccxt cannot ask here"
    assert left in " ".join(result.stderr.split())


def test_the_command_repairs_before_it_judges(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    store(lake, without(WHOLE, 5))
    app = typer.Typer()
    app.command()(quality)
    with canned(page(WHOLE, 5)) as alpaca:
        from_alpaca(monkeypatch, alpaca.url)
        result = CliRunner().invoke(app, ["AAPL", "--repair"])
    assert "repaired: 1 bars stored; 1 gaps or wrong bars asked for, 0 not had" in result.stderr
    assert "100.00%" in result.stdout


def test_the_command_says_which_setting_it_needs(lake: Lake) -> None:
    store(lake, WHOLE)
    app = typer.Typer()
    app.command()(quality)
    result = CliRunner().invoke(app, ["--repair"])
    assert isinstance(result.exception, Invalid)
    assert "ALGOTRENDY_REPAIR_SOURCE" in result.exception.message


def test_a_key_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    name(monkeypatch, repair_source="alpaca:iex", stream_key="KEYSECRET")
    with pytest.raises(Invalid, match="stream_key must be KEY:SECRET"), wiring.repairer():
        pass


def test_the_bars_of_an_exchange_may_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    name(monkeypatch, repair_source="ccxt:kraken")
    with wiring.repairer() as repairer:
        assert repairer is not None
    name(monkeypatch, repair_source="ccxt:nowhere")
    with pytest.raises(Invalid, match="exchange"), wiring.repairer():
        pass

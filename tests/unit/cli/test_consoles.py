"""What a pipe gets: whole figures, as a file has room for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from algotrendy.cli.main import app
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.series import RawBars
from fakes.quality_bars import daily

CACHED = (wiring.bar_store, wiring.inspector, wiring.page_cache)


@pytest.fixture(autouse=True)
def _lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", f"file://{tmp_path}/lake")
    monkeypatch.setenv("COLUMNS", "80")
    for cached in CACHED:
        cached.cache_clear()
    yield
    for cached in CACHED:
        cached.cache_clear()


def test_quality_in_a_pipe_cuts_no_figure() -> None:
    bars = daily(date(2005, 1, 3), date(2024, 12, 31))
    numbers = (bars.open, bars.high, bars.low, bars.close, bars.volume, (1.0,) * len(bars))
    raw = RawBars(Symbol("AAPL"), bars.timeframe, bars.times, *numbers, "test")
    wiring.bar_store().replace([raw])
    head, line = CliRunner().invoke(app, ["quality"]).stdout.splitlines()
    assert "…" not in head + line
    assert f"{len(bars):,}" in line.split()

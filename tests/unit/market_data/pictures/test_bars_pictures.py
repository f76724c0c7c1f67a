"""`algotrendy bars list|show --svg` draw what docs/market-data.md shows; WRITE_GOLDEN=1 anew."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from algotrendy.cli.main import app
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.adapters.samples import SAMPLE_SOURCES, read_samples
from algotrendy.market_data.calendar import us_equities
from algotrendy.market_data.imports import CheckedBars, import_bars
from algotrendy.market_data.pictures.closes import draw_closes
from algotrendy.market_data.pictures.dates import date_marks
from algotrendy.market_data.pictures.stored import StoredBars, draw_stored
from algotrendy.market_data.ports import SymbolSummary
from algotrendy.market_data.quality.gaps import find_gaps
from algotrendy.market_data.series import BarSeries, RawBars, day_ns, session_date
from algotrendy.platform.settings import reset_settings
from fakes.quality_bars import minutes, without

DOCS = Path(__file__).parents[4] / "docs"
PICTURES = DOCS / "pictures"
PAGE = (DOCS / "market-data.md").read_text(encoding="utf-8")
ACTIONS = str(DOCS / "examples" / "msft_actions.csv")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", f"file://{tmp_path}/lake")
    stores = (wiring.bar_store, wiring.action_store)
    forget(stores)
    yield
    forget(stores)


def forget(stores: Iterable[Any]) -> None:
    reset_settings()
    for store in stores:
        store.cache_clear()


def run(*arguments: object) -> None:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output


def texts(picture: str) -> list[str]:
    return [each.text or "" for each in ET.fromstring(picture).iter(f"{SVG}text")]


def hints(picture: str) -> list[str]:
    return [each.text or "" for each in ET.fromstring(picture).iter(f"{SVG}title")]


def kept(name: str, picture: str) -> None:
    file = PICTURES / name
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(picture, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == picture, f"{name} is drawn otherwise now"
    assert f"](pictures/{name})" in PAGE


def pieces(bars: RawBars, *spans: tuple[date, date]) -> list[CheckedBars]:
    found = []
    for first, last in spans:
        there = [at for at, t in enumerate(bars.times) if first <= session_date(t) <= last]
        part = slice(there[0], there[-1] + 1)
        names = ("times", "open", "high", "low", "close", "volume", "factor")
        found.append(
            CheckedBars(replace(bars, **{name: getattr(bars, name)[part] for name in names}))
        )
    return found


def test_closes_are_drawn_under_every_adjustment(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "closes.svg"
    run("bars", "import", "--source", "bokeh", "--symbol", "MSFT")
    run("actions", "import", ACTIONS)
    run("bars", "show", "MSFT", "--svg", out)
    picture = out.read_text(encoding="utf-8")
    told = texts(picture)
    assert told[1] == "3,270 bars, 2000-03-01 to 2013-03-01 · 1 split · 37 dividends (ticks below)"
    assert {"raw 90.81", "dividend 68.32", "split 45.41", "all 34.16"} <= set(told)
    assert "2:1 on 2003-02-18" in told
    assert "dividend, ex on 2004-11-15" in hints(picture)
    kept("closes.svg", picture)


def test_the_actions_of_the_example_give_what_the_source_itself_adjusted() -> None:
    run("bars", "import", "--source", "bokeh", "--symbol", "MSFT")
    store = wiring.bar_store()
    by_source = store.read(Symbol("MSFT"), adjustment="all")
    run("actions", "import", ACTIONS)
    by_actions = store.read(Symbol("MSFT"), adjustment="all")
    # The source knew what came after 2013 too: all of its prices are lower by one factor.
    basis = by_actions.close[-1] / by_source.close[-1]
    expected = [close * basis for close in by_source.close]
    # It rounds to a cent, and counts the special dividend of 2004 a little lower.
    assert by_actions.close == pytest.approx(expected, rel=0.004)


def test_without_actions_the_factor_of_the_source_is_drawn_and_told(tmp_path: Path) -> None:
    run("bars", "import", "--source", "bokeh", "--symbol", "AAPL")
    run("bars", "show", "AAPL", "--svg", tmp_path / "closes.svg")
    told = texts((tmp_path / "closes.svg").read_text(encoding="utf-8"))
    assert told[0] == "AAPL 1Day, closes raw and all"
    assert told[1].endswith(
        "no splits or dividends are recorded: all is by the source's own factor"
    )


def test_a_row_is_drawn_for_each_symbol_with_its_gaps(tmp_path: Path) -> None:
    samples = [checked.bars for name in SAMPLE_SOURCES for checked in read_samples(name)]
    ibm = next(bars for bars in samples if bars.symbol == "IBM")
    whole = [CheckedBars(bars) for bars in samples if bars is not ibm]
    import_bars(wiring.bar_store(), whole)
    spans = (date(2000, 1, 1), date(2005, 12, 31)), (date(2008, 1, 1), date(2013, 12, 31))
    for piece in pieces(ibm, *spans):
        import_bars(wiring.bar_store(), [piece])
    run("bars", "list", "--svg", tmp_path / "stored.svg")
    picture = (tmp_path / "stored.svg").read_text(encoding="utf-8")
    told = texts(picture)
    assert "2000-03-01 to 2013-03-01 · bokeh-sampledata 2026.1 · 502 sessions missing" in told
    assert "sessions missing" in told
    assert "missing: 2006-01-03 to 2007-12-31" in hints(picture)
    assert len([hint for hint in hints(picture) if hint.startswith("missing")]) == 1
    kept("stored.svg", picture)


def test_bars_missing_within_sessions_have_a_colour_of_their_own() -> None:
    bars = without(minutes(date(2025, 1, 2), date(2025, 1, 31)), 600, *range(780, 1170))
    gaps = find_gaps(bars.times, bars.timeframe, us_equities())
    summary = SymbolSummary(
        bars.symbol, bars.timeframe, date(2025, 1, 2), date(2025, 1, 31), len(bars), "test"
    )
    picture = draw_stored([StoredBars(summary, gaps)])
    told = texts(picture)
    assert {"bars missing within sessions", "sessions missing"} <= set(told)
    assert "2025-01-02 to 2025-01-31 · test · 1 session missing" in told
    assert "thin: 2025-01-03" in hints(picture)
    assert "missing: 2025-01-06" in hints(picture)


def series(
    *closes: float, adjustment: str = "raw", step: int = day_ns(date(1970, 1, 2))
) -> BarSeries:
    times = tuple(day_ns(date(2024, 7, 1)) + at * step for at in range(len(closes)))
    volume = (1.0,) * len(closes)
    columns = (closes, closes, closes, closes, volume)
    return BarSeries(Symbol("XYZ"), Timeframe.DAY, times, *columns, adjustment)  # type: ignore[arg-type]


@pytest.mark.parametrize("closes", [(5.0,), (5.0, 5.0), (0.0001, 5_000.0)])
def test_few_closes_that_stand_still_or_leap_are_drawn_too(closes: tuple[float, ...]) -> None:
    assert "XYZ 1Day, closes raw" in texts(draw_closes([series(*closes)]))


def test_splits_are_read_from_where_the_lines_part() -> None:
    found = [
        series(30.0, 33.0, 11.0, 110.0),
        series(100.0, 110.0, 110.0, 110.0, adjustment="split"),
    ]
    told = texts(draw_closes(found))
    assert told[1].endswith("2 splits")
    assert "3:1 on 2024-07-03" in told


@pytest.mark.parametrize("seconds", [1, 90, 7_200, 86_400 * 3, 86_400 * 400, 86_400 * 36_000])
def test_dates_never_stand_too_near(seconds: int) -> None:
    first = day_ns(date(2012, 3, 7)) + 1
    marks = date_marks(first, first + seconds * 10**9, 0, 800, 300, 0)
    places = [float(mark.split('x="')[1].split('"')[0]) for mark in marks if "<text" in mark]
    assert all(after - before > 60 for before, after in pairwise(places))
    assert all(0 <= place <= 800 for place in places)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "AAPL", "--svg", "closes.png"), "svg must be an .svg file, was 'closes.png'"),
        (("list", "--svg", "stored.pdf"), "svg must be an .svg file, was 'stored.pdf'"),
        (("show", "XYZ", "--style", "renko:size=1", "--svg", "x.svg"), "svg must be left out with"),
    ],
)
def test_another_kind_of_picture_is_refused(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(Invalid, match=message.replace(".", r"\.")):
        run("bars", *arguments)

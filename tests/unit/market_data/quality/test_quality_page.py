"""What docs/quality.md says was found, and its picture, are what the code makes of real data."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from algotrendy.market_data.adapters.samples import SAMPLE_SOURCES, read_samples
from algotrendy.market_data.quality.findings import Kind, Weight
from algotrendy.market_data.quality.report import Evidence, QualityReport, inspect, moment
from algotrendy.market_data.quality.timeline import svg
from algotrendy.market_data.series import BarSeries, RawBars, session_date
from fakes.quality_bars import without

DOCS = Path(__file__).parents[4] / "docs"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def samples() -> dict[str, RawBars]:
    found = [checked.bars for name in SAMPLE_SOURCES for checked in read_samples(name)]
    return {str(bars.symbol): bars for bars in found}


def told(report: QualityReport, kind: Kind) -> list[str]:
    return [moment(found.first)[:10] for found in report.findings if found.kind is kind]


def test_the_sample_data_has_two_faults_and_two_notes(samples: dict[str, RawBars]) -> None:
    found = {
        name: inspect(Evidence(bars.adjusted("raw"), bars.adjusted("all")), NOW)
        for name, bars in samples.items()
    }
    assert sum(len(bars) for bars in samples.values()) == 22_216
    assert {name for name, report in found.items() if not report.is_good} == {"IXIC"}
    assert told(found["IXIC"], Kind.ZERO_VOLUME) == ["2015-05-12", "2018-01-09"]
    notes = [
        (name, moment(finding.first)[:10])
        for name, report in sorted(found.items())
        for finding in report.findings
        if finding.weight is Weight.NOTE
    ]
    assert notes == [("AAPL", "2000-09-29"), ("MSFT", "2006-04-28")]
    assert all(not report.gaps.missing for report in found.values())


def test_prices_as_traded_show_the_splits_and_nothing_else(samples: dict[str, RawBars]) -> None:
    splits = {}
    for name, bars in samples.items():
        raw = bars.adjusted("raw")
        splits[name] = told(inspect(Evidence(raw, raw), NOW), Kind.UNAPPLIED_SPLIT)
    assert {name: days for name, days in splits.items() if days} == {
        "AAPL": ["2000-06-21", "2005-02-28"],
        "MSFT": ["2003-02-18"],
    }


def picture(bars: RawBars) -> str:
    whole = bars.adjusted("raw")
    places = [at for at, time in enumerate(whole.times) if session_date(time) >= date(2012, 1, 1)]
    shown: BarSeries = without(whole, *range(places[0]))
    missing = (40, 41, 42, 130, 200, 201, 260)
    report = inspect(Evidence(without(shown, *missing), without(shown, *missing)), NOW)
    assert len(report.gaps.missing) == len(missing)
    return svg([report])


def test_the_picture_is_drawn_from_real_data(samples: dict[str, RawBars]) -> None:
    assert (DOCS / "pictures" / "quality.svg").read_text() == picture(samples["AAPL"])

"""The bars that packages ship are read as they are; what is no bar is quarantined, and told."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from algotrendy.kernel.errors import InvalidRows, NotFound
from algotrendy.market_data.adapters.samples import SAMPLE_SOURCES, SAMPLES, Sample, read_samples
from algotrendy.market_data.series import session_date

HEADER = "Ticker,Date,Open,High,Low,Close,Volume,Adj Close\n"


def package(tmp_path: Path, text: str) -> Path:
    (tmp_path / "_data").mkdir()
    (tmp_path / "_data" / "stocks.csv.gz").write_bytes(gzip.compress(text.encode()))
    return tmp_path


def test_the_real_files_hold_the_known_series_and_not_one_bad_row() -> None:
    found = [checked for source in SAMPLE_SOURCES for checked in read_samples(source)]
    assert [
        (
            checked.bars.symbol,
            len(checked.bars),
            str(session_date(checked.bars.times[0])),
            str(session_date(checked.bars.times[-1])),
            checked.quarantined,
        )
        for checked in found
    ] == [
        ("AAPL", 3270, "2000-03-01", "2013-03-01", 0),
        ("FB", 196, "2012-05-18", "2013-03-01", 0),
        ("GOOG", 2148, "2004-08-19", "2013-03-01", 0),
        ("IBM", 3270, "2000-03-01", "2013-03-01", 0),
        ("MSFT", 3270, "2000-03-01", "2013-03-01", 0),
        ("IXIC", 5031, "1999-01-04", "2018-12-31", 0),
        ("SPX", 5031, "1999-01-04", "2018-12-31", 0),
    ]
    for checked in found:
        assert checked.bars.validate().source in {"bokeh-sampledata 2026.1", "arch 8.0.0"}


def test_the_split_of_apple_is_in_the_raw_prices_and_not_in_the_adjusted_ones() -> None:
    apple = read_samples("bokeh")[0].bars
    before = [str(session_date(time)) for time in apple.times].index("2005-02-25")
    raw, adjusted = apple.adjusted("raw"), apple.adjusted("all")
    assert raw.close[before : before + 2] == (88.99, 44.86)
    assert adjusted.close[before + 1] / adjusted.close[before] == pytest.approx(1.00820, abs=1e-4)
    assert adjusted.volume == raw.volume


def test_reading_samples_imports_neither_the_packages_nor_pandas() -> None:
    code = (
        "import sys; from algotrendy.market_data.adapters.samples import read_samples; "
        "read_samples('bokeh'); read_samples('arch'); print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert "algotrendy.market_data.rows" in loaded
    assert not {"bokeh_sampledata", "arch", "pandas", "numpy"} & loaded


def test_a_row_that_is_no_bar_is_quarantined_with_its_reason(tmp_path: Path) -> None:
    text = HEADER + (
        "AAA,2024-01-02,10,12,9,11,1,11\n"
        "BBB,2024-01-02,10,12,9,11,1,5.5\n"
        "AAA,2024-01-03,10,8,9,11,1,11\n"
        "AAA,2024-01-02,1,1,1,1,1,1\n"
        "AAA,2024-01-04,13,14,12,13,0,13\n"
    )
    folder = package(tmp_path, text)
    first, second = read_samples("bokeh", lambda _: folder)
    assert (first.bars.symbol, first.bars.open) == ("AAA", (10.0, 13.0))
    assert first.quarantined == 2
    assert [str(fault) for fault in first.faults] == [
        "line 4: high 8.0 is below low 9.0",
        "line 5: date is already on line 2",
    ]
    assert (second.bars.symbol, second.bars.factor, second.quarantined) == ("BBB", (0.5,), 0)


def test_a_package_that_is_not_there_is_named_with_the_remedy() -> None:
    with pytest.raises(NotFound, match="bokeh-sampledata was not found; install it with"):
        read_samples("bokeh", lambda _: None)


def test_a_package_without_its_file_or_with_a_broken_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"stocks\.csv\.gz was not found"):
        read_samples("bokeh", lambda _: tmp_path)
    folder = package(tmp_path, HEADER + "AAA,2024-01-02,10\n")
    with pytest.raises(InvalidRows, match="has 3 cells where the header has 8"):
        read_samples("bokeh", lambda _: folder)


def test_a_sample_without_one_good_row_or_its_symbols_is_refused(tmp_path: Path) -> None:
    folder = package(tmp_path, HEADER + "AAA,2024-01-02,10,8,9,11,1,11\n")
    with pytest.raises(InvalidRows, match=r"high 8\.0 is below low 9\.0"):
        read_samples("bokeh", lambda _: folder)
    (folder / "_data" / "stocks.csv.gz").write_bytes(
        gzip.compress(b"Date,Open,High,Low,Close,Volume\n2024-01-02,1,1,1,1,1\n")
    )
    with pytest.raises(InvalidRows, match="Ticker has no column"):
        read_samples("bokeh", lambda _: folder)


def test_a_package_without_a_version_is_still_named_as_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = package(tmp_path, HEADER + "AAA,2024-01-02,10,12,9,11,1,11\n")
    sample = Sample("x", "never-installed", "_data/stocks.csv.gz", symbol_column="Ticker")
    monkeypatch.setitem(SAMPLES, "bokeh", (sample,))
    found = read_samples("bokeh", lambda _: folder)
    assert found[0].bars.source == "never-installed of unknown version"

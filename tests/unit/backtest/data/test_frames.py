"""What a notebook has: pandas frames of OHLCV, in the forms in which data sources give them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from algotrendy.backtest.data.frames import from_frame
from algotrendy.backtest.data.making import AssetTerms, from_arrays
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import us_equities
from fakes.bar_columns import at


def frame(index: Any, *, price: float = 100.0) -> pd.DataFrame:
    opens = np.arange(len(index)) + price
    columns = {"Open": opens, "High": opens + 1, "Low": opens - 1, "Close": opens + 0.5}
    return pd.DataFrame(columns | {"Volume": 1000.0 + opens}, index=index)


DAYS = pd.bdate_range("2024-01-01", periods=30)


def test_a_frame_is_a_dataset() -> None:
    made = from_frame(frame(DAYS))
    assert made.symbols == ("ASSET",)
    assert made.timeframe == "1Day"
    assert made.assets[0].base.time[0] == at("2024-01-01")
    assert made.assets[0].base.close[:2].tolist() == [100.5, 101.5]
    assert made.assets[0].has_volume
    assert from_frame(frame(DAYS), symbol="AAPL").symbols == ("AAPL",)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "UTC"])
def test_a_day_is_its_date_in_the_zone_of_the_index(zone: str) -> None:
    zoned = from_frame(frame(pd.bdate_range("2024-01-01", periods=90, tz=zone)))
    naive = from_frame(frame(pd.bdate_range("2024-01-01", periods=90)))
    assert zoned.sha256() == naive.sha256()


def test_minutes_of_a_zone_are_moments() -> None:
    index = pd.date_range("2024-01-02 09:30", periods=5, freq="1min", tz="America/New_York")
    made = from_frame(frame(index), calendar=us_equities())
    assert made.timeframe == "1Min"
    assert made.assets[0].base.time[0] == at("2024-01-02 14:30")
    assert made.assets[0].base.phase.tolist() == [5, 4, 4, 4, 4]


def test_hours_over_the_end_of_summer_time_follow_each_other() -> None:
    index = pd.date_range("2024-11-02", periods=72, freq="1h", tz="America/New_York")
    made = from_frame(frame(index))
    assert made.timeframe == "1Hour"
    assert (np.diff(made.assets[0].base.time) == 3600 * 10**9).all()


@pytest.mark.parametrize("name", ["time", "Date", "DATETIME", "timestamp"])
def test_a_column_may_say_the_time(name: str) -> None:
    named = frame(DAYS).rename_axis(name).reset_index()
    assert from_frame(named).sha256() == from_frame(frame(DAYS)).sha256()
    written = named.assign(**{name: named[name].astype(str)})
    assert from_frame(written).sha256() == from_frame(frame(DAYS)).sha256()


def test_dates_as_an_index_and_decimals_and_whole_numbers_as_prices_are_read() -> None:
    plain = frame(DAYS)
    plain.index = pd.Index([day.date() for day in DAYS])
    plain["Open"] = [Decimal(int(price)) for price in plain["Open"]]
    plain["Volume"] = plain["Volume"].astype(int)
    assert from_frame(plain).sha256() == from_frame(frame(DAYS)).sha256()


def test_a_zone_s_midnights_over_the_end_of_summer_time_are_days() -> None:
    index = pd.date_range("2024-10-28", periods=14, freq="D", tz="America/New_York")
    made = from_frame(frame(index))
    assert made.timeframe == "1Day"
    assert (made.assets[0].base.known[:-1] == made.assets[0].base.time[1:]).all()


def test_several_frames_are_several_assets() -> None:
    made = from_frame({"A": frame(DAYS), "B": frame(DAYS[5:20], price=9.0)})
    assert made.symbols == ("A", "B")
    assert [len(asset.base) for asset in made.assets] == [30, 15]


@pytest.mark.parametrize("symbols_first", [True, False])
def test_columns_of_two_levels_are_several_assets(symbols_first: bool) -> None:
    parts = {"A": frame(DAYS), "B": frame(DAYS[5:20], price=9.0)}
    wide = pd.concat(parts, axis=1)
    if not symbols_first:
        wide = wide.swaplevel(axis=1)
    assert from_frame(wide).sha256() == from_frame(parts).sha256()
    with pytest.raises(Invalid, match="columns must be open, high, low and close in one"):
        from_frame(wide.rename(columns={"Open": "First"}))


def test_weeks_and_months_are_known_when_they_are_over() -> None:
    weeks = from_frame(frame(pd.date_range("2024-01-01", periods=9, freq="W-MON")))
    assert weeks.timeframe == "1Week"
    assert weeks.assets[0].base.known[0] == at("2024-01-08")
    months = from_frame(frame(pd.date_range("2024-01-01", periods=9, freq="MS")))
    assert months.timeframe == "1Month"
    assert months.assets[0].base.known[:2].tolist() == [at("2024-02-01"), at("2024-03-01")]


def test_a_wrong_price_is_named_by_row_and_symbol() -> None:
    wrong = frame(DAYS)
    wrong.loc[DAYS[7], "High"] = np.nan
    with pytest.raises(
        Invalid, match=r"bars\[7\].high must be .* \(MSFT at 2024-01-10 00:00 UTC\)"
    ):
        from_frame({"AAPL": frame(DAYS), "MSFT": wrong})


def test_a_missing_time_and_a_time_that_comes_twice_are_named_by_row() -> None:
    with pytest.raises(Invalid, match=r"bars\[3\].time must be a moment \(ASSET\)"):
        from_frame(frame(DAYS.insert(3, pd.NaT)))
    with pytest.raises(Invalid, match=r"bars\[4\].time must be later .*'the same, 2024-01-04"):
        from_frame(frame(DAYS.insert(4, DAYS[3])))


def test_what_is_no_frame_of_bars_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="A must be a frame with the columns open, high, low, close"):
        from_frame({"A": frame(DAYS).drop(columns="Close")})
    with pytest.raises(Invalid, match=r"ASSET.index must be dates"):
        from_frame(frame(range(30)))
    with pytest.raises(Invalid, match=r"ASSET.High must be a column of numbers"):
        from_frame(frame(DAYS).assign(High="high"))
    with pytest.raises(Invalid, match=r"ASSET.open must be there once"):
        from_frame(frame(DAYS).assign(open=1.0))
    with pytest.raises(Invalid, match=r"ASSET.index must be dates in ISO 8601 of 1678 to 2261"):
        from_frame(frame(["some", "words"]))
    with pytest.raises(Invalid, match=r"ASSET.index must be dates in ISO 8601"):
        from_frame(frame(["01/02/2024", "02/02/2024"]))
    with pytest.raises(Invalid, match="frames must be a pandas DataFrame"):
        from_frame([1, 2, 3])


@pytest.mark.parametrize("index", [[], pd.DatetimeIndex([])])
def test_a_frame_without_a_bar_says_so(index: Any) -> None:
    with pytest.raises(Invalid, match=r"bars must be at least one bar, was 'no bars of ASSET'"):
        from_frame(frame(DAYS).iloc[:0].set_axis(index))


def test_arrays_without_a_bar_say_so() -> None:
    empty = {name: np.empty(0) for name in ("open", "high", "low", "close")}
    with pytest.raises(Invalid, match=r"at least one bar, was 'no bars of AAA'"):
        from_arrays({"AAA": {"time": np.empty(0, dtype=np.int64), **empty}})


def test_a_change_of_the_frame_does_not_reach_the_dataset() -> None:
    mine = frame(DAYS)
    made = from_frame(mine)
    before = made.sha256()
    mine.iloc[:, :] = 1.0
    mine["Close"].to_numpy(copy=False)
    assert made.sha256() == before


def test_a_rate_may_be_a_series_or_a_frame() -> None:
    closes = pd.Series(1.1, index=pd.bdate_range("2023-12-25", periods=40))
    terms = AssetTerms(currency="EUR")
    series = from_frame(frame(DAYS), terms=terms, rates={"EUR": closes})
    framed = from_frame(frame(DAYS), terms=terms, rates={"EUR": closes.to_frame("Close")})
    assert series.sha256() == framed.sha256()
    assert series.rates["EUR"].low[0] == 1.1


def test_without_a_volume_it_is_zero_and_noted() -> None:
    asset = from_frame(frame(DAYS).drop(columns="Volume")).assets[0]
    assert not asset.has_volume
    assert not asset.base.volume.any()

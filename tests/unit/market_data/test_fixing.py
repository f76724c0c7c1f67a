"""Cancels and corrections are applied as they were known at a time."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.adapters.lake_stream import StreamLake
from algotrendy.market_data.adapters.lake_ticks import LakeTicks
from algotrendy.market_data.streaming.accepting import Verdict, accept
from algotrendy.market_data.streaming.fixing import NamedTrade, StoredFix, fixed
from algotrendy.market_data.streaming.messages import Fix, Record, Trade
from algotrendy.market_data.streaming.screening import Limits
from algotrendy.market_data.streaming.stores import Moved
from algotrendy.market_data.ticks import Ticks
from algotrendy.platform.lake import lake_at
from fakes.tick_records import NOON, SECOND

TRADES = [NamedTrade(at, 100.0 + at, 1.0, "V", name) for at, name in enumerate("abca")]
LATER = 10**6


def cancel(name: str, time: int = 9, received: int = 9) -> StoredFix:
    return StoredFix("cancel", time, None, None, "V", name, "", received)


def correct(name: str, price: float, new: str = "", received: int = 9) -> StoredFix:
    return StoredFix("correct", 9, price, 2.0, "V", name, new, received)


def test_a_cancelled_trade_is_gone_from_when_that_was_known() -> None:
    assert fixed(TRADES, [cancel("b")], 8) == TRADES
    assert [trade.id for trade in fixed(TRADES, [cancel("b")], 9)] == ["a", "c", "a"]


def test_a_corrected_trade_keeps_its_time_and_can_be_fixed_under_its_new_id() -> None:
    fixes = [correct("b", 50.0, "x"), correct("x", 51.0), cancel("x", received=20)]
    assert fixed(TRADES, fixes, 9)[1] == NamedTrade(1, 51.0, 2.0, "V", "x")
    assert len(fixed(TRADES, fixes, 20)) == 3


def test_an_id_that_came_again_means_the_last_trade_before_the_fix() -> None:
    assert [trade.time for trade in fixed(TRADES, [cancel("a")], LATER)] == [0, 1, 2]
    assert [trade.time for trade in fixed(TRADES, [cancel("a", time=2)], LATER)] == [1, 2, 3]


def test_a_fix_of_what_is_not_there_does_nothing() -> None:
    fixes = [cancel("z"), correct("z", 1.0), cancel("b"), correct("b", 3.0), cancel("b")]
    assert [trade.id for trade in fixed(TRADES, fixes, LATER)] == ["a", "c", "a"]


@given(
    st.lists(
        st.one_of(
            st.builds(cancel, st.sampled_from("abcxy"), st.integers(0, 5), st.integers(0, 5)),
            st.builds(
                correct,
                st.sampled_from("abcxy"),
                st.floats(1, 9),
                st.sampled_from(("", "x", "y")),
                st.integers(0, 5),
            ),
        ),
        max_size=6,
    ),
    st.integers(0, 5),
)
def test_what_was_known_then_does_not_change_by_what_is_known_later(
    fixes: list[StoredFix], as_of: int
) -> None:
    known = [fix for fix in fixes if fix.received <= as_of]
    assert fixed(TRADES, fixes, as_of) == fixed(TRADES, known, LATER)
    times = [trade.time for trade in fixed(TRADES, fixes, LATER)]
    assert times == sorted(times)


@pytest.fixture
def store(tmp_path: Path) -> LakeTicks:
    lake = lake_at(tmp_path.as_uri())
    streamed = StreamLake(lake)
    standing = streamed.standings(["AAPL"])["AAPL"]
    moved = Moved(None, 0, 0, standing, Verdict())
    told = tuple(
        Trade("AAPL", NOON + at * SECOND, 100.0 + at, 1.0, "V", name, NOON)
        for at, name in enumerate("abc")
    )
    fixes = (
        Fix("AAPL", "V", "b", NOON + 5 * SECOND, "correct", 90.0, 7.0, NOON + 6, "x"),
        Fix("AAPL", "V", "c", NOON + 5 * SECOND, "cancel", float("nan"), 0.0, NOON + 8),
    )
    record = Record("paper", "run", 0, "AAPL", told, fixes)
    accept(standing, record, NOON, Limits(), moved.verdict)
    streamed.add([moved])
    streamed.fix([moved])
    return LakeTicks(lake)


DAY = date(2023, 11, 15)


def test_the_lake_gives_trades_as_they_came_or_as_they_were_known(store: LakeTicks) -> None:
    symbol = Symbol("AAPL")
    prices = {
        as_of: list(store.read(symbol, DAY, DAY, as_of).prices)
        for as_of in (None, NOON + 5, NOON + 6, NOON + 8)
    }
    assert prices == {
        None: [100.0, 101.0, 102.0],
        NOON + 5: [100.0, 101.0, 102.0],
        NOON + 6: [100.0, 90.0, 102.0],
        NOON + 8: [100.0, 90.0],
    }


def test_an_import_does_not_take_the_place_of_streamed_trades(store: LakeTicks) -> None:
    ticks = Ticks(Symbol("AAPL"), [NOON], [1.0], [1.0], "csv:x.csv")
    with pytest.raises(Conflict, match="must have no streamed trades"):
        store.replace(ticks)
    other = Ticks(Symbol("MSFT"), [NOON], [1.0], [1.0], "csv:x.csv")
    store.replace(other)
    assert list(store.read(Symbol("MSFT"), DAY, DAY, NOON).prices) == [1.0]

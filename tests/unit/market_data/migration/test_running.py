"""A migration that dies before any of its writes goes on, and repeats and loses nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.market_data.migration.checking import Row
from algotrendy.market_data.migration.ports import Stretch
from algotrendy.market_data.migration.running import Migration, Step, TooManyBadRows, whole_groups
from fakes.migrated import Killed, ListedTable, ListedTarget, bars_mapping, trades_mapping

BAR = (2, 3, 1, 2, 5)
BEGIN = datetime(2024, 1, 2, tzinfo=UTC)


def minute(number: int) -> str:
    return (BEGIN + timedelta(minutes=number)).isoformat()


def bars(symbol: str, *minutes: int) -> list[Row]:
    return [(symbol, minute(number), *BAR) for number in minutes]


ROWS: list[Row] = [
    *bars("AAPL", *range(7), 3),
    *bars("IBM", *range(5)),
    ("IBM", minute(9), 1, 2, 3, 1, 1),
    *bars("nobody", 1),
    (None, minute(1), *BAR),
]


def test_every_row_is_in_the_lake_or_told() -> None:
    target, steps = ListedTarget(), list[Step]()
    table = ListedTable(ROWS)
    done = Migration(bars_mapping(), table, target, chunk_rows=4, tell=steps.append).run()
    assert done.is_equal
    assert (done.counted, done.source.rows, done.bad, done.lake.rows) == (16, 12, 4, 12)
    assert [row.symbol for row in done.quarantined] == ["", "AAPL", "IBM", "nobody"]
    assert [step.rows for step in steps if step.doing == "storing"][-1] == 16


def test_killed_before_any_write_it_goes_on() -> None:
    whole = ListedTarget()
    asked = Migration(bars_mapping(), ListedTable(ROWS), whole, chunk_rows=4).run()
    kills = 0
    while True:
        target = ListedTarget()
        target.writes_left = kills
        try:
            Migration(bars_mapping(), ListedTable(ROWS), target, chunk_rows=4).run()
            break
        except Killed:
            kills += 1
        target.writes_left = None
        done = Migration(bars_mapping(), ListedTable(ROWS), target, chunk_rows=3).run()
        assert done.is_equal
        assert (done.lake, done.quarantined) == (asked.lake, asked.quarantined)
        assert sorted(target.contents) == sorted(whole.contents)
    assert kills == 8


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ABC"), st.integers(0, 5), st.floats(-1, 5), st.integers(0, 2)),
        max_size=40,
    ),
    *(st.integers(1, 6) for _ in range(3)),
    st.integers(0, 12),
)
def test_trades_are_neither_lost_nor_doubled(
    trades: list[tuple[str, int, float, int]], at_once: int, first: int, second: int, writes: int
) -> None:
    rows = [(symbol, minute(number), price, size) for symbol, number, price, size in trades]
    target, mapping = ListedTarget(), trades_mapping()
    target.writes_left = writes
    try:
        Migration(mapping, ListedTable(rows, at_once), target, chunk_rows=first).run()
    except Killed:
        target.writes_left = None
    target.writes_left = None
    done = Migration(mapping, ListedTable(rows, at_once), target, chunk_rows=second).run()
    assert done.is_equal
    good = [row for row in rows if row[2] >= 1e-9 and row[3] > 0]
    assert done.lake.rows == len(good) == len(target.contents)
    assert done.bad == len(rows) - len(good)


def test_a_changed_table_or_lake_is_not_equal() -> None:
    target, table = ListedTarget(), ListedTable(ROWS)
    Migration(bars_mapping(), table, target).run()
    table.listed.append(bars("AAPL", 99)[0])
    assert not Migration(bars_mapping(), table, target).run().is_equal
    table.listed.pop()
    assert Migration(bars_mapping(), table, target).run().is_equal
    target.contents.pop()
    assert not Migration(bars_mapping(), table, target).run().is_equal


def test_another_mapping_does_not_go_on_where_one_stopped() -> None:
    target = ListedTarget()
    Migration(bars_mapping(), ListedTable(ROWS), target).run()
    other = bars_mapping(time={"zone": "Europe/Berlin"})
    with pytest.raises(Conflict, match=r"m\.toml is not the mapping that monolith/1Min began with"):
        Migration(other, ListedTable(ROWS), target).run()
    target.fingerprint = None
    with pytest.raises(Conflict, match="the lake has bars of 'monolith' that this migration did"):
        Migration(bars_mapping(), ListedTable(ROWS), target).run()


def test_too_many_bad_rows_stop_it_and_a_higher_limit_goes_on() -> None:
    target, table = ListedTarget(), ListedTable(ROWS)
    with pytest.raises(TooManyBadRows, match="more than 2 rows are bad") as caught:
        Migration(bars_mapping(), table, target, chunk_rows=4, most_bad=2).run()
    assert [row.symbol for row in caught.value.rows] == ["", "AAPL"]
    done = Migration(bars_mapping(), table, target, chunk_rows=4, most_bad=4).run()
    assert done.is_equal
    assert done.resumed > 0


def test_renamed_symbols_join_when_their_times_do_not_meet() -> None:
    mapping = bars_mapping(symbols={"FB": "META", "ZFB": "META"})
    target = ListedTarget()
    rows = [*bars("META", 10, 11), *bars("FB", 5, 6, 7), *bars("ZFB", 1, 2)]
    assert Migration(mapping, ListedTable(rows), target, chunk_rows=1).run().is_equal
    assert len(target.contents) == 7
    meeting = ListedTable([*rows, *bars("FB", 10)])
    with pytest.raises(Invalid, match=r"m\.toml: symbols\.FB must be a name for itself: FB and"):
        Migration(mapping, meeting, ListedTarget()).run()
    with pytest.raises(Invalid, match=r"symbols\.FB"):
        Migration(mapping, meeting, ListedTarget()).sample(3)


def test_a_chunk_takes_the_place_of_all_since_the_one_before() -> None:
    target = ListedTarget()
    Migration(bars_mapping(), ListedTable(bars("A", 0, 1, 5, 6), 2), target, chunk_rows=2).run()
    at = [int((BEGIN + timedelta(minutes=n)).timestamp()) * 10**9 for n in (0, 1, 6)]
    # The kept end of a block goes with the next one: the first chunk is one row alone.
    [first, *_] = target.stretches
    assert first == Stretch("A", at[0], first.last_ns)
    assert target.stretches[-1].last_ns == at[2]
    for before, after in pairwise(target.stretches):
        assert after.first_ns == before.last_ns + 1


def test_groups_are_never_parted() -> None:
    rows = [*bars("A", 1, 1, 1, 1), *bars("B", 1)]
    blocks = [rows[:1], rows[1:3], rows[3:]]
    assert list(whole_groups(blocks)) == [rows[:4], rows[4:]]


def test_an_empty_table_is_equal_to_an_empty_lake() -> None:
    done = Migration(bars_mapping(), ListedTable([]), ListedTarget()).run()
    assert done.is_equal
    assert Migration(bars_mapping(), ListedTable([]), ListedTarget()).sample(5).counted == 0

"""Rows are taken whole, or told by key, column and reason."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from algotrendy.market_data.migration.checking import CheckedBlock, Place, Row, RowChecker
from algotrendy.market_data.migration.checksum import Checksum, Columns, checksum
from algotrendy.market_data.migration.mapping import TableMapping
from algotrendy.market_data.migration.times import TimeKind
from fakes.migrated import BAR_COLUMNS, bars_mapping, trades_mapping

NOON = "2024-01-02T12:00:00Z"


def check(mapping: TableMapping, *rows: Row, last: Place | None = None) -> CheckedBlock:
    return RowChecker(mapping, TimeKind.RAW, last).check(rows, room=100)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("aapl", NOON, 2, 3, 1, 2, 5), "ticker 'aapl' is not 1 to 20 capitals"),
        (("A", "noon", 2, 3, 1, 2, 5), "ts 'noon' is not a time"),
        (("A", NOON, None, 3, 1, 2, 5), "o is empty"),
        (("A", NOON, 2, "3_0", 1, 2, 5), "h '3_0' is not a number"),
        (("A", NOON, 2, 3, 0, 2, 5), "l 0.0 is not above 0"),
        (("A", NOON, 2, 3, 1, float("nan"), 5), "c nan is not a finite number"),
        (("A", NOON, 2, 3, 1, 2, -1), "v -1.0 is below 0"),
        (("A", NOON, 2, 1, 3, 2, 5), "h 1.0 is below low 3.0"),
        (("A", NOON, 4, 3, 1, 2, 5), "o 4.0 is outside low 1.0 to high 3.0"),
        (("A", NOON, 2, 3, 1, 4, -5), "v -5.0 is below 0; c 4.0 is outside low 1.0 to high 3.0"),
        (("A", NOON, 2, b"x", 1, 2, 5), "h \"b'x'\" is not a number"),
    ],
)
def test_a_bad_bar_is_told(row: Row, told: str) -> None:
    found = check(bars_mapping(), row)
    assert (found.bad, len(found.good)) == (1, 0)
    assert str(found.told[0]).startswith(f"{row[0]} {row[1]}: {told}")


def test_good_bars_are_kept_as_they_are() -> None:
    rows = (("FB", NOON, Decimal("2.1"), "3.5", 1, 2, -0.0), ("MSFT", NOON, 2, 3, 1, 2, 10**15))
    found = check(bars_mapping(symbols={"FB": "META"}), *rows)
    assert found.bad == 0
    assert found.good.symbols == ["META", "MSFT"]
    assert found.names == ("FB", "MSFT")
    values = [column.tolist() for column in found.good.numbers]
    assert values == [[2.1, 2.0], [3.5, 3.0], [1, 1], [2, 2], [0.0, 1e15], [1.0, 1.0]]
    assert str(found.good.numbers[4][0]) == "0.0"


def test_an_adjusted_close_becomes_the_factor() -> None:
    mapping = bars_mapping(columns={**BAR_COLUMNS, "adj_close": "a"})
    found = check(mapping, ("A", NOON, 2, 3, 1, 2, 5, 0.5), ("B", NOON, 2, 3, 1, 2, 5, 1e12))
    assert found.good.numbers[5].tolist() == [0.25]
    assert str(found.told[0]) == (
        f"B {NOON}: adj_close 1000000000000.0 is not plausible for close 2.0"
    ).replace("adj_close", "a")


def test_of_bars_at_one_time_the_first_good_one_is_kept() -> None:
    bar = (2, 3, 1, 2, 5)
    rows = (("A", NOON, 2, 1, 3, 2, 5), ("A", NOON, *bar), ("A", NOON, 9, 9, 9, 9, 9))
    found = check(bars_mapping(), *rows, ("B", NOON, *bar))
    assert found.good.numbers[0].tolist() == [2, 2]
    assert [str(row).partition(": ")[2] for row in found.told] == [
        "h 1.0 is below low 3.0",
        f"ts is already there: A has a row at {NOON}",
    ]
    later = Place("A", 1_704_196_800_000_000_001)
    [told] = check(bars_mapping(), ("A", NOON, *bar), last=later).told
    assert "is before 2024-01-02T12:00:00.000000001Z, though the table sorts it" in str(told)


def test_trades_may_share_a_time_and_need_a_size() -> None:
    rows: list[Row] = [("A", NOON, 2, 1), ("A", NOON, 3, 1), ("A", NOON, 3, 0)]
    found = check(trades_mapping(), *rows)
    assert found.good.numbers[0].tolist() == [2, 3]
    assert str(found.told[0]) == f"A {NOON}: q is 0: nothing was traded"


def test_no_more_is_told_than_there_is_room_for() -> None:
    checker = RowChecker(bars_mapping(), TimeKind.RAW)
    found = checker.check([("A", NOON, None, 1, 1, 1, 1)] * 5, room=2)
    assert (found.bad, len(found.told)) == (5, 2)


def test_rows_without_a_key_are_told() -> None:
    checker = RowChecker(bars_mapping(), TimeKind.RAW)
    rows: list[Row] = [(None, NOON, 1, 1, 1, 1, 1), ("A", None, 1, 1, 1, 1, 1)]
    assert list(map(str, checker.keyless(rows))) == [f" {NOON}: ticker is empty", "A : ts is empty"]


def columns(rows: list[tuple[Any, ...]]) -> Columns:
    symbols, times, *numbers = zip(*rows, strict=True)
    return Columns(symbols, np.array(times), tuple(np.array(each, dtype=float) for each in numbers))


ROWS: list[tuple[Any, ...]] = [(f"S{n % 3}", n, n + 0.5, n * 2.0) for n in range(50)]


def test_a_checksum_knows_no_order_and_no_chunks() -> None:
    whole = checksum(columns(ROWS))
    shuffled = random.Random(1).sample(ROWS, len(ROWS))
    assert checksum(columns(shuffled)) == whole
    parts = checksum(columns(shuffled[:7])) + checksum(columns(shuffled[7:]))
    assert parts + Checksum() == whole
    assert whole.rows == 50


@pytest.mark.parametrize(
    "changed", [("S1", 0, 0.5, 0.0), ("S0", 1, 0.5, 0.0), ("S0", 0, 0.0, 0.5), ROWS[1]]
)
def test_a_checksum_knows_each_value(changed: tuple[Any, ...]) -> None:
    other = checksum(columns([changed, *ROWS[1:]]))
    assert str(other) != str(checksum(columns(ROWS)))


def test_a_checksum_is_the_same_on_every_machine() -> None:
    assert str(checksum(columns(ROWS[:2]))) == "faa774475cbc1657bfe45da22a850b64"

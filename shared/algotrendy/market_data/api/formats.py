"""Write pages of bars as JSON, CSV or an Arrow stream."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from algotrendy.market_data.api.answers import ARROW, CSV
from algotrendy.market_data.bar_pages import FILLED, WHOLE_NUMBERS, Page, Part, Wanted

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES = ("time", "known")


def written(page: Page, wanted: Wanted, media_type: str) -> bytes:
    """Write a page in a form."""
    if media_type == ARROW:
        return _as_arrow(page, wanted)
    return _as_csv(page, wanted) if media_type == CSV else _as_json(page, wanted)


def in_utc(time_ns: int) -> str:
    """Write a time as ISO 8601, with a fraction of nine digits where it has one."""
    second, rest = divmod(time_ns, 1_000_000_000)
    whole = f"{_EPOCH + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}"
    return f"{whole}.{rest:09d}Z" if rest else f"{whole}Z"


def in_csv(value: str | bool | float) -> str:
    """Write a value as CSV has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else repr(value)


def _rows(part: Part, wanted: Wanted) -> list[tuple[Any, ...]]:
    columns = [
        [in_utc(value) for value in part.columns[name]] if name in _TIMES else part.columns[name]
        for name in wanted.columns
    ]
    return list(zip(*columns, strict=True))


def _as_json(page: Page, wanted: Wanted) -> bytes:
    series = [
        {
            "symbol": part.symbol,
            "timeframe": part.timeframe if wanted.style is None else None,
            "bars": [dict(zip(wanted.columns, row, strict=True)) for row in _rows(part, wanted)],
        }
        for part in page.parts
    ]
    body = {
        "style": None if wanted.style is None else str(wanted.style),
        "adjustment": wanted.adjustment,
        "series": series,
        "next_cursor": page.next_cursor,
    }
    return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()


def _as_csv(page: Page, wanted: Wanted) -> bytes:
    lines = [",".join(("symbol", *wanted.columns))]
    for part in page.parts:
        lines += [",".join((part.symbol, *map(in_csv, row))) for row in _rows(part, wanted)]
    return ("\n".join(lines) + "\n").encode()


def _as_arrow(page: Page, wanted: Wanted) -> bytes:
    from arro3.core import Array, DataType, Table
    from nanoarrow.ipc import StreamWriter

    kinds = {FILLED: DataType.bool(), **dict.fromkeys(WHOLE_NUMBERS, DataType.int64())}
    names = [str(part.symbol) for part in page.parts for _ in range(len(part))]
    arrays = [Array(names, DataType.utf8())]
    for name in wanted.columns:
        values = [value for part in page.parts for value in part.columns[name]]
        array = Array(values, kinds.get(name, DataType.float64()))
        arrays.append(array.cast(DataType.timestamp("ns", tz="UTC")) if name in _TIMES else array)
    table = Table.from_arrays(arrays, names=["symbol", *wanted.columns])
    body = BytesIO()
    with StreamWriter.from_writable(body) as writer:
        writer.write_stream(table)
    return body.getvalue()

"""Ask the lake and the cache what the stream remembers of a symbol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.quality.values import NewestQuote, StreamHole
from algotrendy.platform.cache import Cache
from algotrendy.platform.lake import Lake, literal

REFUSED = "quarantined_ticks"
HOLES = "stream_holes"
MOST_HOLES = 200


class LakeStreamMemory:
    """Is a ``StreamMemory``: refused trades are in the lake, the newest quote in the cache."""

    def __init__(self, lake: Lake, cache: Cache) -> None:
        """Read from this lake and this cache."""
        self._lake = lake
        self._cache = cache

    def refused(self, symbol: Symbol) -> Mapping[str, tuple[int, int, int]]:
        """Give the refused trades by reason, as ``StreamMemory.refused`` says."""
        values = 'reason, count(*) AS refused, min(time) AS "first", max(time) AS "last"'
        where = f"symbol = {literal(symbol)}"
        sql = f"SELECT {values} FROM {REFUSED} WHERE {where} GROUP BY reason"  # noqa: S608
        try:
            found = self._lake.query(REFUSED, sql)
        except NotFound:
            return {}
        rows = zip(*(found[name] for name in ("refused", "first", "last")), strict=True)
        return dict(zip(found["reason"], rows, strict=True))

    def holes(self, symbol: Symbol, first: int, last: int) -> Sequence[StreamHole]:
        """Give the newest 200 holes of a span, as ``StreamMemory.holes`` says."""
        span = f'"last" >= {first} AND "first" <= {last}'
        of = f"symbol = {literal(symbol)} AND {span} ORDER BY number DESC LIMIT {MOST_HOLES}"
        names = ("what", "feed", "first", "last", "reason")
        columns = ", ".join(f'"{name}"' for name in names)
        try:
            found = self._lake.query(HOLES, f"SELECT {columns} FROM {HOLES} WHERE {of}")  # noqa: S608
        except NotFound:
            return ()
        rows = zip(*(found[name] for name in names), strict=True)
        return [StreamHole(*row) for row in rows][::-1]

    def quote(self, symbol: Symbol) -> NewestQuote | None:
        """Give the newest quote; None also where the cache does not answer."""
        packed = self._cache.get(f"quote:{symbol}")
        if packed is None:
            return None
        try:
            told = orjson.loads(packed)
            numbers = float(told["bid"]), float(told["ask"])
            return NewestQuote(int(told["time"]), *numbers, int(told["received"]))
        except (ValueError, TypeError, KeyError):
            return None

"""Keep universes in the lake, as the dataset ``universes``.

Columns: universe, edition, symbol, first, last (ISO dates), source, recorded. An import writes all
stays of a universe as its next edition, and leaves the ones before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from algotrendy.kernel.clock import Clock, SystemClock, as_utc
from algotrendy.kernel.errors import Conflict, NotFound, Unavailable
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.adapters.lake_bar_rows import microseconds
from algotrendy.market_data.universes import Membership, Universe, checked, parse_universe
from algotrendy.platform.lake import Lake, literal

if TYPE_CHECKING:
    from arro3.core import Table

DATASET = "universes"

_ATTEMPTS = 12


class LakeUniverses:
    """A ``UniverseStore`` over a lake."""

    def __init__(self, lake: Lake, clock: Clock | None = None) -> None:
        """Read and write universes; what is written is recorded by the clock."""
        self._lake, self._clock = lake, clock or SystemClock()

    def names(self) -> list[str]:
        """List the universes."""
        sql = f"SELECT DISTINCT universe FROM {DATASET} ORDER BY universe"  # noqa: S608
        try:
            return self._lake.query(DATASET, sql)["universe"]
        except NotFound:
            return []

    def read(self, name: str, as_of: datetime | None = None) -> Universe:
        """Give a universe as it was known at a moment."""
        found = self._newest(parse_universe(name), as_of)
        if found is None:
            there = ", ".join(self.names())
            hint = f"there are {there}" if there else "import one: algotrendy universe import"
            raise NotFound("universe", name, hint)
        return found

    def replace(self, name: str, memberships: Sequence[Membership], source: str) -> bool:
        """Store all stays as the newest edition, unless they are those of the last one."""
        stays, mark = checked(memberships), f"universe:{parse_universe(name)}"
        for _ in range(_ATTEMPTS):
            edition = self._lake.mark(DATASET, mark)
            now, old = self._clock.now(), self._newest(name, None)
            if old is not None:
                if (old.memberships, old.source) == (stays, source):
                    return False
                now = max(now, old.recorded + timedelta(microseconds=1))
            following = 0 if edition is None else edition + 1
            table = _table(name, following, stays, source, now)
            try:
                self._lake.write(DATASET, table, marks={mark: (edition, following)})
            except Conflict:
                continue
            return True
        raise Unavailable("lake", f"{DATASET} is written too often")

    def _newest(self, name: str, as_of: datetime | None) -> Universe | None:
        where = f"universe = {literal(name)}"
        if as_of is not None:
            where += f" AND recorded <= {literal(as_utc(as_of, 'as_of'))}"
        newest = f"(SELECT max(edition) FROM {DATASET} WHERE {where})"  # noqa: S608
        values = f"SELECT symbol, first, last, source, recorded FROM {DATASET}"  # noqa: S608
        sql = f"{values} WHERE {where} AND edition = {newest} ORDER BY symbol, first"
        try:
            found = self._lake.query(DATASET, sql)
        except NotFound:
            return None
        if not found["symbol"]:
            return None
        stays = tuple(
            Membership(Symbol(symbol), date.fromisoformat(first), _day(last))
            for symbol, first, last in zip(
                found["symbol"], found["first"], found["last"], strict=True
            )
        )
        return Universe(name, stays, found["source"][0], as_utc(found["recorded"][0]))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _table(
    name: str, edition: int, stays: Sequence[Membership], source: str, now: datetime
) -> Table:
    from arro3.core import Array, DataType, Table

    text, whole, count = DataType.utf8(), DataType.int64(), len(stays)
    recorded = Array([microseconds(now)] * count, whole)
    arrays = {
        "universe": Array([name] * count, text),
        "edition": Array([edition] * count, whole),
        "symbol": Array([str(stay.symbol) for stay in stays], text),
        "first": Array([stay.first.isoformat() for stay in stays], text),
        "last": Array([stay.last and stay.last.isoformat() for stay in stays], text),
        "source": Array([source] * count, text),
        "recorded": recorded.cast(DataType.timestamp("us", tz="UTC")),
    }
    return Table.from_arrays(list(arrays.values()), names=list(arrays))

"""Keep corporate actions in the lake, as the dataset ``corporate_actions``.

Columns: symbol, kind, day (ISO date), number, value, new_symbol, source, recorded, revision, gone.
As with bars no row is overwritten: of the rows of one symbol, kind, day and number the newest
stands. The mark ``actions`` of the dataset ``bars`` moves with each import, so that a version of
the bars says which actions belong to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from algotrendy.kernel.clock import Clock, SystemClock, as_utc
from algotrendy.kernel.errors import Conflict, NotFound, Unavailable
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.actions import (
    ActionBook,
    ActionKind,
    ActionsImport,
    CorporateAction,
)
from algotrendy.market_data.adapters import lake_bar_rows as lake_bars
from algotrendy.market_data.adapters.lake_bar_rows import microseconds
from algotrendy.platform.lake import Lake

if TYPE_CHECKING:
    from arro3.core import Table

DATASET = "corporate_actions"
MARK = "actions"

_ATTEMPTS = 12
_VALUES = "symbol, kind, day, number, value, new_symbol, source, recorded, revision, gone"
_TICK = timedelta(microseconds=1)
_Key = tuple[Symbol, ActionKind, date, int]


class _Row(NamedTuple):
    action: CorporateAction
    source: str
    recorded: datetime
    revision: int
    gone: bool


class LakeActions:
    """An ``ActionStore`` over a lake."""

    def __init__(self, lake: Lake, clock: Clock | None = None) -> None:
        """Read and write actions; what is written is recorded by the clock."""
        self._lake = lake
        self._clock = clock or SystemClock()
        self._read: tuple[int, tuple[_Row, ...]] | None = None

    def read(self, as_of: datetime | None = None) -> ActionBook:
        """Give what was recorded at a moment or before it."""
        return self.of_version(self._lake.version(DATASET), as_of)

    def of_bars(self, version: int | None, as_of: datetime | None) -> ActionBook:
        """Give the actions that belong to a version of the bars; None: the newest."""
        marked = self._lake.mark(lake_bars.DATASET, MARK, version)
        return self.of_version(marked, as_of)

    def of_version(self, version: int | None, as_of: datetime | None) -> ActionBook:
        """Give the actions of a version of their own dataset."""
        if version is None:
            return ActionBook()
        newest = _newest(self._rows(version), as_of)
        return ActionBook(row.action for row in newest.values() if not row.gone)

    def replace(self, imports: Sequence[ActionsImport]) -> int:
        """Store actions as ``ActionStore.replace`` says, in one commit."""
        written = 0
        for _ in range(_ATTEMPTS):
            mark = self._lake.mark(DATASET, MARK)
            version = self._lake.version(DATASET)
            stored = {} if version is None else _newest(self._rows(version), None)
            rows = [row for each in imports for row in self._differing(each, stored)]
            try:
                if rows:
                    moves = {MARK: (mark, (mark or 0) + 1)}
                    version = self._lake.write(DATASET, _table(rows), marks=moves)
                    written += len(rows)
                self._tell_bars(version)
            except Conflict:
                continue
            return written
        raise Unavailable("lake", f"{DATASET} is written too often")

    def _differing(self, given: ActionsImport, stored: dict[_Key, _Row]) -> Iterable[_Row]:
        now = self._clock.now()
        coming = {action.key: action for action in given.actions}
        for key, action in coming.items():
            old = stored.get(key)
            if old is None:
                yield _Row(action, given.source, now, 0, gone=False)
            elif old.gone or (old.action, old.source) != (action, given.source):
                later = max(now, old.recorded + _TICK)
                yield _Row(action, given.source, later, old.revision + 1, gone=False)
        for key, old in stored.items():
            symbol, _, day, _ = key
            covered = symbol in given.symbols and given.first <= day <= given.last
            if covered and key not in coming and not old.gone:
                later = max(now, old.recorded + _TICK)
                yield _Row(old.action, given.source, later, old.revision + 1, gone=True)

    def _tell_bars(self, version: int | None) -> None:
        """Move the mark of the bars; an import that was killed before is told of by the next."""
        told = self._lake.mark(lake_bars.DATASET, MARK)
        if version is None or (told is not None and told >= version):
            return
        nothing = lake_bars.table_of({name: [] for name in lake_bars.COLUMNS if name != "year"})
        moves = {MARK: (told, version)}
        self._lake.write(lake_bars.DATASET, nothing, lake_bars.PARTITIONS, marks=moves)

    def _rows(self, version: int) -> tuple[_Row, ...]:
        if self._read is None or self._read[0] != version:
            sql = f"SELECT {_VALUES} FROM {DATASET}"  # noqa: S608 - names of ours
            try:
                found = self._lake.query(DATASET, sql, version)
            except NotFound:
                return ()
            rows = zip(*(found[name] for name in _VALUES.split(", ")), strict=True)
            self._read = version, tuple(_row(*row) for row in rows)
        return self._read[1]


def _newest(rows: Iterable[_Row], as_of: datetime | None) -> dict[_Key, _Row]:
    moment = None if as_of is None else as_utc(as_of, "as_of")
    newest: dict[_Key, _Row] = {}
    for row in rows:
        if moment is not None and row.recorded > moment:
            continue
        known = newest.get(row.action.key)
        if known is None or known.revision < row.revision:
            newest[row.action.key] = row
    return newest


def _row(
    symbol: str,
    kind: str,
    day: str,
    number: int,
    value: float | None,
    new_symbol: str | None,
    source: str,
    recorded: datetime,
    revision: int,
    gone: bool,
) -> _Row:
    action = CorporateAction(
        Symbol(symbol),
        ActionKind(kind),
        date.fromisoformat(day),
        value,
        None if new_symbol is None else Symbol(new_symbol),
        number,
    )
    return _Row(action, source, as_utc(recorded), revision, gone)


def _table(rows: Sequence[_Row]) -> Table:
    from arro3.core import Array, DataType, Table

    text, whole = DataType.utf8(), DataType.int64()
    actions = [row.action for row in rows]
    recorded = Array([microseconds(row.recorded) for row in rows], whole)
    arrays = {
        "symbol": Array([str(action.symbol) for action in actions], text),
        "kind": Array([str(action.kind) for action in actions], text),
        "day": Array([action.day.isoformat() for action in actions], text),
        "number": Array([action.number for action in actions], whole),
        "value": Array([action.value for action in actions], DataType.float64()),
        "new_symbol": Array([action.new_symbol for action in actions], text),
        "source": Array([row.source for row in rows], text),
        "recorded": recorded.cast(DataType.timestamp("us", tz="UTC")),
        "revision": Array([row.revision for row in rows], whole),
        "gone": Array([row.gone for row in rows], DataType.bool()),
    }
    return Table.from_arrays(list(arrays.values()), names=list(arrays))

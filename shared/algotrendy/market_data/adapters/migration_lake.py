"""Put migrated rows into the lake, and the progress beside them, in the dataset ``migrations``.

Columns of the progress: migration, chunk, body; chunk -1 is the beginning, with the mapping's
fingerprint. A chunk's rows are committed first and its note after that. Where a kill falls between
the two, the next run commits the same rows again in the place of themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import NotFound
from algotrendy.market_data.adapters import lake_bars, lake_ticks
from algotrendy.market_data.migration.checksum import Columns
from algotrendy.market_data.migration.mapping import TableMapping
from algotrendy.market_data.migration.ports import Note, Progress, Stretch
from algotrendy.market_data.series import session_date
from algotrendy.platform.lake import Lake, literal

if TYPE_CHECKING:
    from arro3.core import Array, RecordBatch, Table

DATASET = "migrations"

_BEGUN = -1
_NS_PER_US = 1000
_NS_PER_DAY = 86_400 * 1_000_000_000
_BAR_NUMBERS = ("open", "high", "low", "close", "volume", "factor")
_TRADE_NUMBERS = ("price", "size")


class LakeTarget:
    """A ``Target`` in a lake: the dataset of bars, or that of trades."""

    def __init__(self, lake: Lake, mapping: TableMapping) -> None:
        """Migrate into the lake by this mapping."""
        self._lake, self._name, self._source = lake, mapping.name, mapping.source
        self._timeframe = mapping.timeframe
        dataset = lake_ticks if self._timeframe is None else lake_bars
        self._dataset, self._partitions = dataset.DATASET, dataset.PARTITIONS
        self._numbers = _TRADE_NUMBERS if self._timeframe is None else _BAR_NUMBERS

    def progress(self) -> Progress | None:
        """Give what earlier runs left."""
        name = literal(self._name)
        sql = f"SELECT body FROM {DATASET} WHERE migration = {name} ORDER BY chunk"  # noqa: S608
        try:
            bodies = self._lake.query(DATASET, sql)["body"]
        except NotFound:
            return None
        if not bodies:
            return None
        return Progress(bodies[0], tuple(Note.from_json(body) for body in bodies[1:]))

    def begin(self, fingerprint: str) -> None:
        """Remember the beginning."""
        self._note(_BEGUN, fingerprint)

    def put(self, rows: Columns, stretches: Sequence[Stretch]) -> None:
        """Store rows in one commit, in the place of all that lies in the stretches."""
        table = _trades(rows, self._source)
        if self._timeframe is not None:
            table = _bars(rows, self._timeframe, self._source)
        places = " OR ".join(f"({self._place(stretch)})" for stretch in stretches)
        self._lake.write(self._dataset, table, self._partitions, replace=places)

    def remember(self, note: Note) -> None:
        """Remember that a chunk is stored."""
        self._note(note.chunk, note.to_json())

    def has_rows(self) -> bool:
        """Say whether the lake has rows of the source."""
        sql = f"SELECT source FROM {self._dataset} WHERE {self._ours()} LIMIT 1"  # noqa: S608
        try:
            return bool(self._lake.query(self._dataset, sql)["source"])
        except NotFound:
            return False

    def stored(self) -> Iterator[Columns]:
        """Give every row of the source, a batch at a time."""
        numbers = ", ".join(self._numbers)
        time = "time" if self._timeframe is None else "CAST(time AS BIGINT) AS time"
        unit_ns = 1 if self._timeframe is None else _NS_PER_US
        values = f"SELECT symbol, {time}, {numbers} FROM {self._dataset}"  # noqa: S608
        try:
            for batch in self._lake.batches(self._dataset, f"{values} WHERE {self._ours()}"):
                yield _columns(batch, self._numbers, unit_ns)
        except NotFound:
            return

    def forget(self) -> None:
        """Take away the rows and then the notes, each in one commit.

        Where this migration never began, rows of its source are another's, and stay.
        """
        if self.progress() is None:
            return
        nothing = Columns([], np.array([], dtype=np.int64), (np.array([]),) * len(self._numbers))
        if self.has_rows():
            table = _trades(nothing, self._source)
            if self._timeframe is not None:
                table = _bars(nothing, self._timeframe, self._source)
            self._lake.write(self._dataset, table, self._partitions, replace=self._ours())
        ours = f"migration = {literal(self._name)}"
        self._lake.write(DATASET, _notes([], [], []), replace=ours)

    def _note(self, chunk: int, body: str) -> None:
        place = f"migration = {literal(self._name)} AND chunk = {chunk}"
        self._lake.write(DATASET, _notes([self._name], [chunk], [body]), replace=place)

    def _ours(self) -> str:
        ours = f"source = {literal(self._source)}"
        if self._timeframe is None:
            return ours
        return f"{ours} AND timeframe = {literal(str(self._timeframe))}"

    def _place(self, stretch: Stretch) -> str:
        first, last = session_date(stretch.first_ns), session_date(stretch.last_ns)
        symbol = f"symbol = {literal(stretch.symbol)}"
        if self._timeframe is None:
            days = f"date >= {literal(str(first))} AND date <= {literal(str(last))}"
            times = f"time >= {stretch.first_ns} AND time <= {stretch.last_ns}"
            return f"{symbol} AND {days} AND {times}"
        years = f"year >= {first.year} AND year <= {last.year}"
        of_ours = f"{symbol} AND timeframe = {literal(str(self._timeframe))} AND {years}"
        # The first may be a nanosecond past a bar: rounded up, it is a microsecond past.
        begin = _instant(-(-stretch.first_ns // _NS_PER_US))
        return (
            f"{of_ours} AND time >= {begin} AND time <= {_instant(stretch.last_ns // _NS_PER_US)}"
        )


def _instant(time_us: int) -> str:
    return f"arrow_cast({time_us}, 'Timestamp(Microsecond, Some(\"UTC\"))')"


def _bars(rows: Columns, timeframe: Timeframe, source: str) -> Table:
    from arro3.core import Array, DataType

    years = rows.times.astype("datetime64[ns]").astype("datetime64[Y]").astype(np.int32) + 1970
    instant = DataType.timestamp("us", tz="UTC")
    numbers = zip(_BAR_NUMBERS, rows.numbers, strict=True)
    return _table(
        symbol=_text(rows.symbols),
        timeframe=_text([str(timeframe)] * len(rows)),
        year=Array.from_numpy(years.astype(np.int32)),
        time=Array.from_numpy(rows.times // _NS_PER_US).cast(instant),
        **{name: Array.from_numpy(column) for name, column in numbers},
        source=_text([source] * len(rows)),
    )


def _trades(rows: Columns, source: str) -> Table:
    from arro3.core import Array

    days, day_of = np.unique(rows.times // _NS_PER_DAY, return_inverse=True)
    dates = [str(session_date(int(day) * _NS_PER_DAY)) for day in days]
    return _table(
        symbol=_text(rows.symbols),
        date=_text([dates[place] for place in day_of]),
        time=Array.from_numpy(rows.times),
        # Rows of one symbol and time are all in one chunk: their places order them.
        place=Array.from_numpy(np.arange(len(rows), dtype=np.int64)),
        price=Array.from_numpy(rows.numbers[0]),
        size=Array.from_numpy(rows.numbers[1]),
        source=_text([source] * len(rows)),
    )


def _notes(names: list[str], chunks: list[int], bodies: list[str]) -> Table:
    from arro3.core import Array, DataType

    whole = Array(chunks, DataType.int64())
    return _table(migration=_text(names), chunk=whole, body=_text(bodies))


def _text(values: Sequence[str]) -> Array:
    from arro3.core import Array, DataType

    return Array(values, DataType.utf8())


def _table(**columns: Array) -> Table:
    from arro3.core import Table

    return Table.from_arrays(list(columns.values()), names=list(columns))


def _columns(batch: RecordBatch, numbers: Sequence[str], unit_ns: int) -> Columns:
    times = np.asarray(batch.column("time").to_numpy(), dtype=np.int64) * unit_ns
    found = (np.asarray(batch.column(name).to_numpy(), dtype=np.float64) for name in numbers)
    return Columns(list(batch.column("symbol").to_pylist()), times, tuple(found))

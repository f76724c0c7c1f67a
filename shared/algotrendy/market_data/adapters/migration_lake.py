"""Put migrated rows into the lake, and the progress beside them, in the dataset ``migrations``.

Columns of the progress: migration, chunk, body; chunk -1 is the beginning, with the mapping's
fingerprint. A chunk's rows are committed first and its note after that. Where a kill falls between
the two, the next run finds the same rows there. Bars are never overwritten: see ``lake_bar_rows``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import Clock, SystemClock
from algotrendy.kernel.errors import NotFound
from algotrendy.market_data.adapters import lake_bar_rows as lake_bars
from algotrendy.market_data.adapters import lake_ticks
from algotrendy.market_data.adapters.lake_bar_writing import BarWriter, Part
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
_TRADE_NUMBERS = ("price", "size")


class LakeTarget:
    """A ``Target`` in a lake: the dataset of bars, or that of trades."""

    def __init__(self, lake: Lake, mapping: TableMapping, clock: Clock | None = None) -> None:
        """Migrate into the lake by this mapping; bars are recorded by the clock."""
        self._lake, self._name, self._source = lake, mapping.name, mapping.source
        self._timeframe = mapping.timeframe
        dataset = lake_ticks if self._timeframe is None else lake_bars
        self._dataset, self._partitions = dataset.DATASET, dataset.PARTITIONS
        self._numbers = _TRADE_NUMBERS if self._timeframe is None else lake_bars.NUMBERS
        self._clock = clock or SystemClock()
        self._writer = BarWriter(lake, self._clock)

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
        if self._timeframe is not None:
            self._writer.write(_parts(rows, stretches, self._timeframe, self._source))
            return
        places = " OR ".join(f"({self._place(stretch)})" for stretch in stretches)
        self._lake.write(
            self._dataset, _trades(rows, self._source), self._partitions, replace=places
        )

    def remember(self, note: Note) -> None:
        """Remember that a chunk is stored."""
        self._note(note.chunk, note.to_json())

    def has_rows(self) -> bool:
        """Say whether the lake has rows of the source."""
        return any(True for _ in self._batches("source", " LIMIT 1"))

    def stored(self) -> Iterator[Columns]:
        """Give every row of the source, a batch at a time."""
        numbers = ", ".join(self._numbers)
        time = "time" if self._timeframe is None else "CAST(time AS BIGINT) AS time"
        unit_ns = 1 if self._timeframe is None else _NS_PER_US
        for batch in self._batches(f"symbol, {time}, {numbers}"):
            yield _columns(batch, self._numbers, unit_ns)

    def forget(self) -> None:
        """Take away the rows and then the notes, each in one commit.

        Where this migration never began, rows of its source are another's, and stay. Bars are
        taken back, so that whoever asks as of an earlier moment still finds them.
        """
        if self.progress() is None:
            return
        if self.has_rows():
            if self._timeframe is None:
                nothing = Columns([], np.array([], dtype=np.int64), (np.array([]),) * 2)
                table = _trades(nothing, self._source)
                self._lake.write(self._dataset, table, self._partitions, replace=self._ours())
            else:
                self._writer.take_back(self._symbols(), self._timeframe, self._source)
        ours = f"migration = {literal(self._name)}"
        self._lake.write(DATASET, _notes([], [], []), replace=ours)

    def _symbols(self) -> list[str]:
        sql = f"SELECT DISTINCT symbol FROM {self._dataset} WHERE {self._ours()} ORDER BY symbol"  # noqa: S608
        return self._lake.query(self._dataset, sql)["symbol"]

    def _batches(self, values: str, ending: str = "") -> Iterator[RecordBatch]:
        """Select from the rows of the source, of bars from those that stand."""
        try:
            for rows in self._standing():
                sql = f"SELECT {values} FROM {rows}{ending}"  # noqa: S608 - literals quoted
                yield from self._lake.batches(self._dataset, sql)
        except NotFound:
            return

    def _standing(self) -> Iterator[str]:
        ours = f"{self._dataset} WHERE {self._ours()}"
        if self._timeframe is None or not self._is_revised():
            yield ours
            return
        # Symbol by symbol: which rows stand takes memory to find out.
        for symbol in self._symbols():
            series = lake_bars.of_series(symbol, self._timeframe)
            yield f"{lake_bars.standing(series)} WHERE source = {literal(self._source)}"

    def _is_revised(self) -> bool:
        if not lake_bars.has_history_in(self._lake):
            return False
        of_ours = f"timeframe = {literal(str(self._timeframe))} AND revision > 0"
        sql = f"SELECT revision FROM {self._dataset} WHERE {of_ours} LIMIT 1"  # noqa: S608
        return bool(self._lake.query(self._dataset, sql)["revision"])

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
        days = f"date >= {literal(str(first))} AND date <= {literal(str(last))}"
        times = f"time >= {stretch.first_ns} AND time <= {stretch.last_ns}"
        return f"symbol = {literal(stretch.symbol)} AND {days} AND {times}"


def _parts(
    rows: Columns, stretches: Sequence[Stretch], timeframe: Timeframe, source: str
) -> list[Part]:
    """Part rows, which lie in the order of the stretches, into series."""
    symbols = np.array(rows.symbols, dtype=object)
    parts = []
    for stretch in stretches:
        lies_in = (symbols == stretch.symbol) & (rows.times >= stretch.first_ns)
        lies_in &= rows.times <= stretch.last_ns
        parts.append(
            Part(
                stretch.symbol,
                timeframe,
                stretch.first_ns,
                stretch.last_ns,
                rows.times[lies_in].tolist(),
                tuple(column[lies_in].tolist() for column in rows.numbers),
                source,
            )
        )
    return parts


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

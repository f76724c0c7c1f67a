"""Read the file that says which table holds what, and where it shall go."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from algotrendy.kernel.bar import Timeframe, parse_timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol, parse_symbol

Kind = Literal["bars", "trades"]

BAR_FIELDS = ("symbol", "time", "open", "high", "low", "close", "volume")
TRADE_FIELDS = ("symbol", "time", "price", "size")
UNITS_NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}

_SECTIONS = {
    "from": ("database", "table", "query", "where"),
    "to": ("kind", "timeframe", "source"),
    "columns": (),
    "time": ("zone", "unit", "repeated_hour", "any_time_of_day"),
    "symbols": (),
}
_SOURCE_MOST = 60


@dataclass(frozen=True, slots=True)
class TableMapping:
    """Says which rows are migrated, what their columns mean, and what they become.

    Attributes:
        file: What errors call it.
        database: Where the table is, such as ``postgresql://...`` or ``sqlite:///...``, if stated.
        table: Its name, with the schema before a dot where it needs one; or else ``query``.
        where: A condition on its rows, in the database's own SQL.
        timeframe: Of bars; None of trades.
        source: What the lake calls the origin of the rows; one migration has it for itself.
        columns: The table's column of each field; ``adj_close`` and ``order`` may be there.
        zone: Of times that are written without one; of daily bars, whose dates are the sessions.
        unit: Of times that are whole or real numbers since 1970.
        repeated_hour: Which is meant by a time that the clock shows twice; None: such a row is bad.
        any_time_of_day: Whether a daily bar may stand at any time of its date.
        symbols: What symbols of the table are called in the lake, where that differs.
    """

    file: str
    database: str | None
    table: str | None
    query: str | None
    where: str | None
    kind: Kind
    timeframe: Timeframe | None
    source: str
    columns: Mapping[str, str]
    zone: ZoneInfo
    unit: str | None
    repeated_hour: Literal["first", "second"] | None
    any_time_of_day: bool
    symbols: Mapping[str, Symbol]

    @property
    def fields(self) -> tuple[str, ...]:
        """Give the fields in the order in which a reader of the table gives their values."""
        asked = BAR_FIELDS if self.kind == "bars" else TRADE_FIELDS
        return (*asked, *(("adj_close",) if "adj_close" in self.columns else ()))

    @property
    def name(self) -> str:
        """Name the migration: source and what becomes of the rows."""
        return f"{self.source}/{self.timeframe or self.kind}"

    def rows_sql(self) -> str:
        """Give what follows FROM in SQL: the table or query, and of it the rows that are wanted."""
        if self.query is not None:
            rows = f"({self.query}) AS given"
        else:
            rows = ".".join(map(quoted, (self.table or "").split(".")))
        if self.where is None:
            return rows
        return f"(SELECT * FROM {rows} WHERE {self.where}) AS wanted"  # noqa: S608 - the user's own

    def fingerprint(self) -> str:
        """Hash all that decides what the rows become; where the database is does not."""
        parts = (
            *(self.table, self.query, self.where, self.kind, self.timeframe, self.source),
            *(sorted(self.columns.items()), self.zone.key, self.unit, self.repeated_hour),
            *(self.any_time_of_day, sorted(self.symbols.items())),
        )
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def invalid(self, key: str, expected: str, actual: object) -> Invalid:
        """Say that a key of the file is wrong."""
        return Invalid(f"{self.file}: {key}", expected, actual)

    def require_columns(self, found: Sequence[str]) -> None:
        """Refuse a mapping to a column that the table does not have.

        Raises:
            Invalid: Naming the key, the columns that are near, or all that there are.
        """
        for field, column in self.columns.items():
            if column not in found:
                near = get_close_matches(column, found, n=3) or found
                raise self.invalid(f"columns.{field}", f"one of {', '.join(near)}", column)


def quoted(name: str) -> str:
    """Quote a name for SQL so that it stays one, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def read_mapping(path: Path) -> TableMapping:
    """Read a mapping file, in TOML.

    Raises:
        Invalid: Naming the file, and the key where one is wrong.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise Invalid("mapping", "a file that can be read", f"{path}: {reason}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid("mapping", "a TOML file", f"{path.name}: {error}") from error
    return mapping_of(found, path.name)


def mapping_of(found: Mapping[str, Any], file: str) -> TableMapping:
    """Check a mapping's keys and values; ``file`` is what errors call it."""
    keys = _Keys(found, file)
    keys.require_known()
    table, query, where = (keys.text("from", name) for name in ("table", "query", "where"))
    if (table is None) == (query is None):
        given = "neither" if table is None else "both"
        raise Invalid(f"{file}: from", "given a table or a query, one of them", given)
    kind: Kind = "bars" if keys.choice("to", "kind", ("bars", "trades")) == "bars" else "trades"
    timeframe = keys.text("to", "timeframe")
    if (timeframe is not None) != (kind == "bars"):
        expected = f"one of {', '.join(Timeframe)}" if kind == "bars" else "left out for trades"
        raise Invalid(f"{file}: to.timeframe", expected, timeframe)
    repeated = keys.choice("time", "repeated_hour", ("first", "second"), "")
    return TableMapping(
        file=file,
        database=keys.text("from", "database"),
        table=table,
        query=None if query is None else query.strip().rstrip(";"),
        where=where,
        kind=kind,
        timeframe=None
        if timeframe is None
        else parse_timeframe(timeframe, f"{file}: to.timeframe"),
        source=keys.source(),
        columns=keys.columns(BAR_FIELDS if kind == "bars" else TRADE_FIELDS, kind),
        zone=keys.zone(),
        unit=keys.choice("time", "unit", tuple(UNITS_NS), "") or None,
        repeated_hour=repeated or None,  # type: ignore[arg-type]
        any_time_of_day=keys.flag("time", "any_time_of_day"),
        symbols=keys.symbols(),
    )


class _Keys:
    """Takes values out of the file's sections; what is wrong with one names it."""

    def __init__(self, found: Mapping[str, Any], file: str) -> None:
        self._found, self._file = found, file

    def require_known(self) -> None:
        for section, values in self._found.items():
            if section not in _SECTIONS:
                raise self._wrong(section, f"one of [{'], ['.join(_SECTIONS)}]", section)
            if not isinstance(values, dict):
                raise self._wrong(section, "a section of keys", values)
            known = _SECTIONS[section]
            for key in values:
                if known and key not in known:
                    raise self._wrong(f"{section}.{key}", f"one of {', '.join(known)}", key)

    def text(self, section: str, key: str) -> str | None:
        value = self._found.get(section, {}).get(key)
        if value is not None and not (isinstance(value, str) and value.strip()):
            raise self._wrong(f"{section}.{key}", "a text", value)
        return value

    def choice(
        self, section: str, key: str, known: tuple[str, ...], default: str | None = None
    ) -> str:
        value = self._found.get(section, {}).get(key, default)
        if value not in known and (value is None or value != default):
            raise self._wrong(f"{section}.{key}", f"one of {', '.join(known)}", value)
        return str(value)

    def flag(self, section: str, key: str) -> bool:
        value = self._found.get(section, {}).get(key, False)
        if not isinstance(value, bool):
            raise self._wrong(f"{section}.{key}", "true or false", value)
        return value

    def source(self) -> str:
        source = self.text("to", "source")
        if source is None or len(source) > _SOURCE_MOST or not source.isprintable():
            expected = f"a name of at most {_SOURCE_MOST} characters, such as monolith"
            raise self._wrong("to.source", expected, source)
        return source

    def columns(self, asked: tuple[str, ...], kind: Kind) -> dict[str, str]:
        known = (*asked, "adj_close" if kind == "bars" else "order")
        for key in self._found.get("columns", {}):
            if key not in known:
                raise self._wrong(f"columns.{key}", f"one of {', '.join(known)}", key)
        named = {field: self.text("columns", field) for field in known}
        for field in asked:
            if named[field] is None:
                raise self._wrong(f"columns.{field}", "the name of a column of the table", None)
        return {field: column for field, column in named.items() if column is not None}

    def zone(self) -> ZoneInfo:
        name = self.text("time", "zone") or "UTC"
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            expected = "a time zone such as UTC or America/New_York"
            raise self._wrong("time.zone", expected, name) from error

    def symbols(self) -> dict[str, Symbol]:
        given = self._found.get("symbols", {})
        return {
            name: parse_symbol(str(value), f"{self._file}: symbols.{name}")
            for name, value in given.items()
        }

    def _wrong(self, key: str, expected: str, actual: object) -> Invalid:
        return Invalid(f"{self._file}: {key}", expected, actual)

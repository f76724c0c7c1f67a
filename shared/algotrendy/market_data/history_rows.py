"""Read corporate actions and universes from CSV text; one bad row refuses the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from algotrendy.kernel.errors import Invalid, InvalidRows, RowError
from algotrendy.kernel.instrument import Symbol, parse_symbol
from algotrendy.market_data.actions import (
    ActionKind,
    ActionsImport,
    CorporateAction,
    numbered,
)
from algotrendy.market_data.csv_rows import find_columns, opened, table_rows
from algotrendy.market_data.universes import Membership, checked

_ACTION = {
    "symbol": ("symbol", "ticker"),
    "kind": ("kind", "type", "action"),
    "day": ("day", "date", "exdate"),
    "value": ("value", "ratio", "cash", "amount"),
    "new_symbol": ("newsymbol", "newticker", "to"),
}
_STAY = {
    "symbol": ("symbol", "ticker"),
    "first": ("first", "from", "start", "added"),
    "last": ("last", "to", "end", "removed"),
}


class _Faults:
    """Keeps what is wrong with rows."""

    def __init__(self) -> None:
        self.found: list[RowError] = []

    def refuse(self, line: int, field: str, reason: str) -> None:
        """Count one row as bad."""
        self.found.append(RowError(line, field, reason))


def read_actions(path: Path) -> ActionsImport:
    """Read a file with the columns symbol, kind, day, value and new_symbol.

    The file stands for all actions of its symbols from its first to its last day.

    Raises:
        Invalid: If the file cannot be opened, or two rows do not go together.
        InvalidRows: Every bad line with its reason.
    """
    faults, found = _Faults(), []
    for line, cells in _rows(path, _ACTION, ("value", "new_symbol"), faults):
        try:
            found.append(_action(cells))
        except Invalid as error:
            faults.refuse(line, error.field, f"must be {error.expected}, was {error.actual!r}")
    _require_good(path, faults, found)
    days = [action.day for action in found]
    symbols = tuple(sorted({action.symbol for action in found}))
    return ActionsImport(symbols, min(days), max(days), numbered(found), f"csv:{path.name}")


def read_memberships(path: Path) -> tuple[Membership, ...]:
    """Read a file with the columns symbol, first and last, both days included; last may be empty.

    Raises:
        Invalid: If the file cannot be opened, or two stays of a symbol overlap.
        InvalidRows: Every bad line with its reason.
    """
    faults, found = _Faults(), []
    for line, cells in _rows(path, _STAY, ("last",), faults):
        try:
            last = _day(cells["last"], "last") if cells.get("last") else None
            found.append(
                Membership(parse_symbol(cells["symbol"]), _day(cells["first"], "first"), last)
            )
        except Invalid as error:
            faults.refuse(line, error.field, f"must be {error.expected}, was {error.actual!r}")
    _require_good(path, faults, found)
    return checked(found)


def _rows(
    path: Path, aliases: Mapping[str, Sequence[str]], optional: Sequence[str], faults: _Faults
) -> Iterator[tuple[int, dict[str, str]]]:
    names: list[str] = []

    def find(header: list[str]) -> list[int]:
        found = find_columns(header, path.name, {}, aliases, optional)
        names.extend(found)
        return list(found.values())

    with opened(path, path.name) as stream:
        for line, cells in table_rows(stream, path.name, faults, find):
            yield line, dict(zip(names, (cell.strip() for cell in cells), strict=True))


def _action(cells: Mapping[str, str]) -> CorporateAction:
    try:
        kind = ActionKind(cells["kind"].lower())
    except ValueError as error:
        raise Invalid("kind", f"one of {', '.join(ActionKind)}", cells["kind"]) from error
    new = cells.get("new_symbol")
    return CorporateAction(
        parse_symbol(cells["symbol"]),
        kind,
        _day(cells["day"], "day"),
        _value(cells.get("value", "")),
        Symbol(new) if new else None,
    ).validate()


def _value(text: str) -> float | None:
    if not text:
        return None
    new, colon, old = text.partition(":")
    try:
        return float(new) / float(old) if colon else float(new)
    except (ValueError, ZeroDivisionError) as error:
        raise Invalid("value", "a number, or for a split new:old such as 3:2", text) from error


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(field, "a date like 2024-06-10", text) from error


def _require_good(path: Path, faults: _Faults, found: Sequence[object]) -> None:
    if faults.found:
        raise InvalidRows(path.name, faults.found)
    if not found:
        raise InvalidRows(path.name, [RowError(1, "rows", "are missing")])

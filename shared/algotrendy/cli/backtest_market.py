"""Read what bars do not tell: what companies did, what currencies cost, what lenders ask.

What is wrong is named by the file, its line and its column, or by the option.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite, nan
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from algotrendy.backtest.data.actions import DELISTED, Action, delisting, dividend, split
from algotrendy.backtest.data.columns import Columns
from algotrendy.backtest.data.making import AssetTerms, rate
from algotrendy.backtest.data.moments import DAY_NS, to_ns
from algotrendy.kernel.errors import Invalid

_ACTION_COLUMNS: Final = ("symbol", "date", "kind", "value")
_RATE_COLUMNS: Final = ("currency", "date", "rate")


class Row(NamedTuple):
    """One row of a file: its cells by column, and where it stands."""

    file: str
    line: int
    cells: Mapping[str, str]

    def field(self, column: str) -> str:
        """Name a cell as a person finds it."""
        return f"{self.file}, line {self.line}, {column}"


def read_actions(file: Path, symbols: Sequence[str]) -> dict[str, list[Action]]:
    """Read dividends, splits and delistings of some symbols; rows of others are checked too.

    Columns: symbol, date, kind (dividend, split or delisting) and value: cash a share; new shares
    for an old one, 4 or 3:2; the price at the end of a listing, or nothing for the last close.

    Raises:
        Invalid: At the first wrong row, by its line and column.
    """
    seen: dict[Action | tuple[str, Action], int] = {}
    found: dict[str, list[tuple[Action, Row]]] = {}
    for row in _rows(file, _ACTION_COLUMNS):
        action, symbol = _action(row), row.cells["symbol"]
        # A delisting without a price has NaN, which equals nothing.
        same = symbol, action._replace(value=-1.0 if action.kind == DELISTED else action.value)
        if same in seen:
            raise Invalid(row.field("date"), f"another one than on line {seen[same]}", symbol)
        seen[same] = row.line
        found.setdefault(symbol, []).append((action, row))
    for symbol, actions in found.items():
        _require_end(symbol, actions)
    return {
        symbol: [action for action, _ in found[symbol]] for symbol in symbols if symbol in found
    }


def read_rates(file: Path) -> dict[str, Columns]:
    """Read what one unit of each currency costs in the account's: currency, date, rate.

    Raises:
        Invalid: At the first wrong row, by its line and column.
    """
    found: dict[str, list[tuple[int, float]]] = {}
    for row in _rows(file, _RATE_COLUMNS):
        moment = to_ns(row.cells["date"], row.field("date"))
        price = _number(row, "rate", "a finite number above 0", lambda value: value > 0)
        rates = found.setdefault(row.cells["currency"], [])
        if rates and moment <= rates[-1][0]:
            expected = f"later than the rate of {row.cells['currency']} before it"
            raise Invalid(row.field("date"), expected, row.cells["date"])
        rates.append((moment, price))
    return {name: _rate_columns(rates) for name, rates in found.items()}


def market_options(
    symbols: Sequence[str],
    *,
    raw: bool,
    actions: Path | None,
    rates: Path | None,
    currencies: Sequence[str],
    borrow: Sequence[str],
) -> dict[str, Any]:
    """Give the options of a dataset that the command line's own files and options come to.

    Raises:
        Invalid: Naming the row or the option that is wrong.
    """
    options: dict[str, Any] = {}
    if actions is not None:
        options["actions"] = read_actions(actions, symbols)
        kinds = {each.kind for listed in options["actions"].values() for each in listed}
        if kinds - {DELISTED} and not raw:
            expected = "given with --actions: adjusted prices have dividends and splits in them"
            raise Invalid("raw", expected, None)
    quoted = {name: code.upper() for name, code in _by_symbol("currency", currencies, symbols)}
    lent = {name: _rate(name, text) for name, text in _by_symbol("borrow", borrow, symbols)}
    if rates is not None:
        if not quoted:
            raise Invalid("currency", "given beside --rates, such as --currency XYZ=EUR", None)
        options["rates"] = {
            name: made for name, made in read_rates(rates).items() if name in quoted.values()
        }
    if quoted or lent:
        options["terms"] = {
            name: AssetTerms(currency=quoted.get(name, "USD"), borrow_rate=lent.get(name))
            for name in symbols
        }
    return options


def _action(row: Row) -> Action:
    date, kind, value = (row.cells[name] for name in ("date", "kind", "value"))
    moment = to_ns(date, row.field("date"))
    match kind.lower():
        case "dividend":
            expected = "finite cash above 0 a share"
            return dividend(moment, _number(row, "value", expected, lambda each: each > 0))
        case "split":
            expected = "new shares for an old one, above 0, such as 4 or 3:2"
            new, _, old = value.partition(":")
            parts = [_split_part(row, part, expected) for part in (new, old or "1")]
            return split(moment, *parts)
        case "delisting":
            expected = "a finite price of at least 0, or nothing for the last close"
            price = nan if not value else _number(row, "value", expected, lambda each: each >= 0)
            return delisting(moment, price)
        case _:
            raise Invalid(row.field("kind"), "dividend, split or delisting", kind)


def _split_part(row: Row, text: str, expected: str) -> float:
    number = _float(text)
    if number is None or not number > 0:
        raise Invalid(row.field("value"), expected, row.cells["value"])
    return number


def _require_end(symbol: str, actions: Sequence[tuple[Action, Row]]) -> None:
    """Refuse what follows the end of a listing."""
    ended = next(((each, row) for each, row in actions if each.kind == DELISTED), None)
    if ended is None:
        return
    for action, row in actions:
        if row is not ended[1] and (action.time > ended[0].time or action.kind == DELISTED):
            expected = f"not after the delisting of {symbol} on line {ended[1].line}"
            raise Invalid(row.field("date"), expected, row.cells["date"])


def _rate_columns(rates: Sequence[tuple[int, float]]) -> Columns:
    times = np.array([moment for moment, _ in rates], dtype=np.int64)
    daily = not (times % DAY_NS).any()
    arrays = {"time": times, "close": np.array([price for _, price in rates])}
    return rate(arrays, "1Day" if daily else None)


def _rows(file: Path, columns: Sequence[str]) -> Iterator[Row]:
    if not file.is_file():
        raise Invalid("file", "a file that is there", str(file))
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            yield from _cells(file, csv.reader(lines, strict=True), columns)
    except (csv.Error, UnicodeDecodeError) as error:
        raise Invalid(file.name, "a CSV file in UTF-8", str(error)) from error


def _cells(file: Path, reader: Any, columns: Sequence[str]) -> Iterator[Row]:
    header = [name.strip().lower() for name in next(reader, [])]
    if missing := [name for name in columns if name not in header]:
        expected = f"a file with the columns {', '.join(columns)} on its first line"
        raise Invalid(file.name, expected, f"one without {', '.join(missing)}")
    for cells in reader:
        given = [cell.strip() for cell in cells]
        if not any(given):
            continue
        row = Row(file.name, reader.line_num, dict(zip(header, given, strict=False)))
        if len(given) != len(header):
            expected = f"{len(header)} cells, as its first line has"
            raise Invalid(f"{file.name}, line {row.line}", expected, len(given))
        if not row.cells[columns[0]]:
            raise Invalid(row.field(columns[0]), "named", None)
        yield row


def _number(row: Row, column: str, expected: str, is_right: Callable[[float], bool]) -> float:
    number = _float(row.cells[column])
    if number is None or not is_right(number):
        raise Invalid(row.field(column), expected, row.cells[column])
    return number


def _float(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _by_symbol(
    option: str, given: Sequence[str], symbols: Sequence[str]
) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for text in given:
        symbol, equals, value = (part.strip() for part in text.partition("="))
        if not (symbol and equals and value):
            example = "EUR" if option == "currency" else "0.05"
            raise Invalid(option, f"SYMBOL=VALUE, such as XYZ={example}", text)
        if symbol not in symbols or symbol in seen:
            raise Invalid(option, f"once for one of {', '.join(symbols)}", text)
        seen.add(symbol)
        yield symbol, value


def _rate(symbol: str, text: str) -> float:
    number = _float(text)
    if number is None or number < 0:
        raise Invalid(f"borrow of {symbol}", "a rate a year, at least 0, such as 0.05", text)
    return number

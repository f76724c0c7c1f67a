"""The options that the backtest commands share, and the terms that they come to."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.quality.policy import GapPolicy

if TYPE_CHECKING:
    from algotrendy.backtest.engine.terms import Terms

_BARS = "Bars"
_COSTS = "Cash and costs"


class CalendarName(StrEnum):
    """When the market is open."""

    NONE = "none"
    US = "us-equities"
    ALWAYS = "always-open"


class Mode(StrEnum):
    """How the strategy runs; the results are the same."""

    AUTO = "auto"
    COMPILED = "compiled"
    INTERPRETED = "interpreted"


class Method(StrEnum):
    """How parameters are searched."""

    GRID = "grid"
    RANDOM = "random"
    BAYESIAN = "bayesian"
    GENETIC = "genetic"


class Where(StrEnum):
    """Who does the work: this machine, the deployed workflow, or Ray, with the extra `ray`."""

    LOCAL = "local"
    STEP_FUNCTIONS = "stepfunctions"
    RAY = "ray"


class Objective(StrEnum):
    """What a search makes as large as it can."""

    SHARPE = "sharpe"
    SORTINO = "sortino"
    CALMAR = "calmar"
    TOTAL_RETURN = "total_return"


def _option(panel: str, help_: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, help=help_, rich_help_panel=panel, **more)


def _day(panel: str, help_: str, name: str) -> Any:
    return _option(panel, help_, name, formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")


StrategyName = Annotated[
    str,
    typer.Argument(
        metavar="STRATEGY", help="Of the library, such as sma_cross; or my.py, or my.py:name."
    ),
]
Parameters = Annotated[
    list[str] | None, typer.Option("--parameter", "-p", help="A value: fast=20. Repeat it.")
]
Csv = Annotated[
    list[Path] | None,
    _option(_BARS, "Your own CSV file, also .gz; repeat it, one file a symbol.", "--csv"),
]
Parquet = Annotated[
    list[Path] | None, _option(_BARS, "Your own Parquet file; repeat it.", "--parquet")
]
Samples = Annotated[
    bool,
    _option(
        _BARS, "Take real bars that PyPI packages carry: AAPL FB GOOG IBM MSFT SPX IXIC.",
        "--samples",
    ),
]  # fmt: skip
First = Annotated[datetime | None, _day(_BARS, "The first bar.", "--from")]
Last = Annotated[datetime | None, _day(_BARS, "The last bar.", "--to")]
TimeframeName = Annotated[
    str | None, _option(_BARS, "1Week of daily bars, 5Min of minutes, and so on.", "--timeframe")
]
StyleName = Annotated[
    str | None,
    _option(
        _BARS,
        "Make the bars of trades, by a chart style: renko:size=1, volume:amount=10000. The trades "
        "are the lake's, or --csv files with the columns time, price, size.",
        "--style",
        metavar="NAME:PARAMETER=VALUE,...",
    ),
]
Raw = Annotated[
    bool, _option(_BARS, "Prices as traded, not adjusted for splits and dividends.", "--raw")
]
AsOf = Annotated[
    str | None,
    _option(
        _BARS,
        "The lake's bars and actions as they were recorded by then: 2024-06-10T00:00Z.",
        "--as-of",
        metavar="TIME",
    ),
]
Gaps = Annotated[
    GapPolicy,
    _option(
        _BARS,
        "Of bars that are missing by the exchange's calendar: keep the gap, fill it with bars that "
        "nothing is dealt on (which needs --participation), or refuse.",
        "--gaps",
    ),
]
DateFormat = Annotated[
    str | None, _option(_BARS, "Of a file's dates, as of strptime: %d.%m.%Y.", "--date-format")
]
CalendarOption = Annotated[
    CalendarName,
    _option(_BARS, "When the market is open: for schedules, and for annualising.", "--calendar"),
]
PeriodsPerYear = Annotated[
    float | None,
    _option(
        _BARS,
        "Bars in a year, for annualising; by default of 252 sessions of 6.5 hours, or of 365 days "
        "where the market is always open.",
        "--periods-per-year",
    ),
]
Actions = Annotated[
    Path | None,
    _option(
        _BARS,
        "A CSV file of dividends, splits and delistings, beside --raw: symbol, date, kind, value.",
        "--actions",
    ),
]
Rates = Annotated[
    Path | None,
    _option(_BARS, "A CSV file of what currencies cost in USD: currency, date, rate.", "--rates"),
]
Currencies = Annotated[
    list[str] | None,
    _option(_BARS, "Of an asset, XYZ=EUR, beside --rates; USD for all others.", "--currency"),
]
Borrow = Annotated[
    list[str] | None,
    _option(_COSTS, "A year, for shares of an asset held short: XYZ=0.05.", "--borrow"),
]
Cash = Annotated[float | None, _option(_COSTS, "At the start.", show_default="100000")]
FeeBps = Annotated[
    float | None, _option(_COSTS, "Of a fill's value, in 1/100 of a percent.", show_default="10")
]
SlippageBps = Annotated[
    float | None, _option(_COSTS, "By which all fills but limits are worse.", show_default="0")
]
Participation = Annotated[
    float | None,
    _option(_COSTS, "Most of a bar's volume that is taken, 0 to 1; 0: any.", show_default="0"),
]
Short = Annotated[bool, _option(_COSTS, "Allow short sales.", "--short")]
Fractional = Annotated[bool, _option(_COSTS, "Allow parts of a unit.", "--fractional")]
Leverage = Annotated[
    float | None, _option(_COSTS, "Positions over equity, at most.", show_default="1")
]
TermsFile = Annotated[
    Path | None,
    _option(
        _COSTS,
        "A TOML or JSON file with any of the terms: docs/backtesting.md names them. "
        "Options win over it.",
        "--terms",
    ),
]
ModeOption = Annotated[
    Mode, typer.Option("--mode", help="auto compiles what can be compiled; the same fills.")
]
MaxRuns = Annotated[
    int, typer.Option("--max-runs", min=1, help="Tried at most; of more, a sample is drawn.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of what is drawn.")]
Timeout = Annotated[
    int,
    typer.Option(
        "--timeout", min=1, help="Seconds to wait for the workflow; it goes on without us."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
TimeLimit = Annotated[
    float | None,
    typer.Option("--time-limit", help="Seconds after which it is killed; none by default."),
]


def as_date(moment: datetime | None) -> date | None:
    """Give the date of what typer read."""
    return None if moment is None else moment.date()


def as_decimal(number: float) -> Decimal:
    """Give a number as a request has it: what was typed, and not its nearest binary."""
    return Decimal(repr(number))


def terms_of(file: Path | None, given: Mapping[str, Any]) -> Terms:
    """Give the terms: the notebook's default, changed by a file, changed by what is given.

    Args:
        file: TOML or JSON; a table ``terms`` in it counts as the whole.
        given: Values by name; what is None or False is not given.

    Raises:
        Invalid: Naming the term, its file or its option.
    """
    from algotrendy.backtest.notebook import DEFAULT

    read = {} if file is None else _read(file)
    known = {field.name: field.type for field in fields(DEFAULT)}
    for name, value in read.items():
        if name not in known:
            raise Invalid(f"{_name(file)}: {name}", f"one of {', '.join(known)}", name)
        wanted = bool if known[name] == "bool" else (int, float)
        if not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
            kind = "true or false" if wanted is bool else "a number"
            raise Invalid(f"{_name(file)}: {name}", kind, value)
    said = {
        name: value for name, value in given.items() if value is not None and value is not False
    }
    return replace(DEFAULT, **{**read, **said})


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise Invalid("terms", "a file that is there", str(file))
    try:
        if file.suffix == ".json":
            found = json.loads(file.read_text(encoding="utf-8"))
        else:
            found = tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        form = "JSON" if file.suffix == ".json" else "TOML"
        raise Invalid(f"terms in {file.name}", form, str(error)) from error
    found = found.get("terms", found) if isinstance(found, dict) else found
    if not isinstance(found, dict):
        raise Invalid(f"terms in {file.name}", "values by name", type(found).__name__)
    return found


def _name(file: Path | None) -> str:
    return "" if file is None else file.name

"""The lists of options that every backtest command takes: which bars, and on which terms."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, get_type_hints

from algotrendy.backtest.fillable import require_fillable
from algotrendy.cli import backtest_options as options
from algotrendy.cli.backtest_options import CalendarName
from algotrendy.market_data.quality.policy import GapPolicy

if TYPE_CHECKING:
    from algotrendy.backtest.engine.terms import Terms
    from algotrendy.cli.backtest_bars import Wanted


@dataclass(frozen=True, slots=True)
class BarOptions:
    """Which bars."""

    csv: options.Csv = None
    parquet: options.Parquet = None
    samples: options.Samples = False
    first: options.First = None
    last: options.Last = None
    timeframe: options.TimeframeName = None
    style: options.StyleName = None
    raw: options.Raw = False
    as_of: options.AsOf = None
    gaps: options.Gaps = GapPolicy.KEEP
    date_format: options.DateFormat = None
    calendar: options.CalendarOption = CalendarName.NONE
    periods_per_year: options.PeriodsPerYear = None
    actions: options.Actions = None
    rates: options.Rates = None
    currency: options.Currencies = None
    borrow: options.Borrow = None

    def wanted(self, symbols: list[str] | None) -> Wanted:
        """Give what they come to, with the symbols."""
        from algotrendy.cli.backtest_bars import Wanted

        given = {each.name: getattr(self, each.name) for each in fields(self)}
        files = (*(given.pop("csv") or ()), *(given.pop("parquet") or ()))
        given |= {name: options.as_date(given[name]) for name in ("first", "last")}
        given |= {name: tuple(given[name] or ()) for name in ("currency", "borrow")}
        return Wanted(tuple(symbols or ()), files, **given)


@dataclass(frozen=True, slots=True)
class TermOptions:
    """On which terms."""

    cash: options.Cash = None
    fee_bps: options.FeeBps = None
    slippage_bps: options.SlippageBps = None
    participation: options.Participation = None
    short: options.Short = False
    fractional: options.Fractional = False
    leverage: options.Leverage = None
    terms: options.TermsFile = None

    def agreed(self, gaps: GapPolicy = GapPolicy.KEEP) -> Terms:
        """Give the terms that they come to.

        Raises:
            Invalid: Naming the term; ``gaps``, where gaps are filled and these terms would deal
                at the prices of filled bars.
        """
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        file, short = given.pop("terms"), given.pop("short")
        found = options.terms_of(file, {**given, "allow_short": short})
        require_fillable(gaps, found.participation)
        return found


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take the options of its groups as its own.

    A parameter whose type is one of the groups stands for the group's fields, in their order.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}

    @wraps(command)
    def taking(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{each.name: given.pop(each.name) for each in fields(group)})
        command(**given)

    taking.__signature__ = inspect.Signature(list(_parameters(command, hints)))  # type: ignore[attr-defined]
    return taking


def _parameters(command: Callable[..., None], hints: dict[str, Any]) -> Iterator[inspect.Parameter]:
    for name, parameter in inspect.signature(command).parameters.items():
        group = hints[name]
        if not is_dataclass(group):
            kind = inspect.Parameter.KEYWORD_ONLY
            yield parameter.replace(kind=kind, annotation=group)
            continue
        each_hint = get_type_hints(group, include_extras=True)
        for each in fields(group):
            yield inspect.Parameter(
                each.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=each.default,
                annotation=each_hint[each.name],
            )

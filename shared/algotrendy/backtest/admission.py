"""Refuse a request at the door for what its plan would only refuse later, field by field."""

from __future__ import annotations

from collections.abc import Mapping

from algotrendy.backtest.grid import check_grid
from algotrendy.backtest.request import ResearchSpec, SweepSpec
from algotrendy.backtest.validation.spec import WalkForwardSpec
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data.ports import BarStore, SymbolSummary
from algotrendy.market_data.series import session_date
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import library, strategy_named


def admit(spec: SweepSpec, bars: BarStore) -> None:
    """Check a request against the library and against the bars that are held.

    Raises:
        Invalid: Naming the field: the strategy, a parameter, a symbol without bars, or a period
            in which a symbol has none.
    """
    check_grid(spec, _strategy(spec))
    _held(spec, bars)


def admit_walk(spec: WalkForwardSpec, bars: BarStore) -> None:
    """Check a request for a walk forward likewise.

    Raises:
        Invalid: As ``admit``, or naming what the workflow cannot run, ``windows.in_sample`` when
            not even one window fits, or what the cross-checks cannot look at.
    """
    spec.check_deployed(_strategy(spec))
    found = _held(spec, bars)
    # A step is a moment at which any symbol has a bar.
    count = sum(summary.bars for summary in found)  # whole numbers
    first = max(spec.start, min(summary.first for summary in found))
    last = min(spec.end, max(summary.last for summary in found))
    spec.windows.check_fit(count, first, last)
    if spec.cross_checks is not None and spec.grid > 1:
        spec.cross_checks.require_bars(count)


def _held(spec: ResearchSpec, bars: BarStore) -> list[SymbolSummary]:
    by_symbol = {str(summary.symbol): summary for summary in bars.symbols(as_of=spec.as_of)}
    return [_summary(spec, place, by_symbol, bars) for place in range(len(spec.symbols))]


def _summary(
    spec: ResearchSpec, place: int, by_symbol: Mapping[str, SymbolSummary], bars: BarStore
) -> SymbolSummary:
    symbol = spec.symbols[place]
    refused = _refusal(spec, place, by_symbol)
    if refused is None:
        return by_symbol[symbol]
    try:
        # A company's bars are found under all its names, its former ones too.
        found = bars.read(parse_symbol(symbol), spec.start, spec.end, as_of=spec.as_of)
    except (Invalid, NotFound):
        raise refused from None
    first, last = (session_date(found.times[at]) for at in (0, -1))
    return SymbolSummary(found.symbol, found.timeframe, first, last, len(found), "")


def _refusal(
    spec: ResearchSpec, place: int, by_symbol: Mapping[str, SymbolSummary]
) -> Invalid | None:
    symbol = spec.symbols[place]
    if symbol not in by_symbol:
        known = ", ".join(sorted(by_symbol)) or "none yet: run `algotrendy bars import`"
        return Invalid(f"symbols.{place}", f"a symbol with bars ({known})", symbol)
    summary = by_symbol[symbol]
    if spec.start > summary.last:
        expected = f"at or before {summary.last}, the last session of {symbol}"
        return Invalid("start", expected, spec.start.isoformat())
    if spec.end < summary.first:
        expected = f"at or after {summary.first}, the first session of {symbol}"
        return Invalid("end", expected, spec.end.isoformat())
    return None


def _strategy(spec: ResearchSpec) -> Strategy:
    try:
        return strategy_named(spec.strategy)
    except NotFound as error:
        known = ", ".join(strategy.name for strategy in library())
        raise Invalid("strategy", f"one of {known}", spec.strategy) from error

"""Refuse a sweep at the door for what its plan would only refuse later, field by field."""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.backtest.grid import check_grid
from algotrendy.backtest.sweep import SweepSpec
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.market_data.ports import SymbolSummary
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import library, strategy_named


def admit(spec: SweepSpec, held: Sequence[SymbolSummary]) -> None:
    """Check a request against the library and against the bars that are held.

    Raises:
        Invalid: Naming the field: the strategy, a parameter, a symbol without bars, or a period
            in which a symbol has none.
    """
    check_grid(spec, _strategy(spec))
    by_symbol = {str(summary.symbol): summary for summary in held}
    for place, symbol in enumerate(spec.symbols):
        if symbol not in by_symbol:
            known = ", ".join(sorted(by_symbol)) or "none yet: run `algotrendy bars import`"
            raise Invalid(f"symbols.{place}", f"a symbol with bars ({known})", symbol)
        summary = by_symbol[symbol]
        if spec.start > summary.last:
            expected = f"at or before {summary.last}, the last session of {symbol}"
            raise Invalid("start", expected, spec.start.isoformat())
        if spec.end < summary.first:
            expected = f"at or after {summary.first}, the first session of {symbol}"
            raise Invalid("end", expected, spec.end.isoformat())


def _strategy(spec: SweepSpec) -> Strategy:
    try:
        return strategy_named(spec.strategy)
    except NotFound as error:
        known = ", ".join(strategy.name for strategy in library())
        raise Invalid("strategy", f"one of {known}", spec.strategy) from error

"""Walk forward from a notebook: bars in, a strategy, ranges, windows; an outcome out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from algotrendy.backtest import wiring
from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.engine.running import Wish
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.memory_trials import MemoryTrials
from algotrendy.backtest.notebook import DEFAULT, dataset_of, strategy_of
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.validation.checks import CrossChecks
from algotrendy.backtest.validation.outcome import WalkForwardOutcome
from algotrendy.backtest.validation.running import run_walk_forward
from algotrendy.backtest.validation.spec import parse_walk_forward
from algotrendy.backtest.validation.walk_plan import WalkPlan
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import CorrelationId, TenantId, UserId, Uuid7s
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.market_data.series import session_date
from algotrendy.strategy.definition import Strategy

DEFAULT_CHECKS = CrossChecks()


def walk_forward(
    bars: Any,
    strategy: str | Strategy | Callable[[Any, Any, Any], None],
    parameters: Mapping[str, Mapping[str, float] | Iterable[float]],
    windows: Mapping[str, Any],
    *,
    terms: Terms = DEFAULT,
    calendar: TradingCalendar | None = None,
    mode: Wish = "auto",
    periods_per_year: float | None = None,
    checks: CrossChecks | None = DEFAULT_CHECKS,
    recorder: Recorder | None = None,
    **search: Any,
) -> WalkForwardOutcome:
    """Choose parameters in each window, see them on the bars after it, and ask the gate.

        found = walk_forward(frame, "sma_cross", {"fast": [5, 10, 20], "slow": range(50, 201, 50)},
                             {"in_sample": "3y", "out_of_sample": "1y"})
        print(found.verdict)

    Args:
        bars, strategy, terms, calendar, mode, periods_per_year: As for `backtest`.
        parameters: Values to try by name, or ``{"start": 5, "stop": 50, "step": 5}``.
        windows: Lengths, as for ``validation.windows.Windows``.
        checks: How to look at all combinations on the same bars too, such as
            ``CrossChecks(groups=6)``; None does not.
        recorder: Counts the trials; by default the ledger of the settings, and where they name
            none, this process alone, from its first walk on.
        search: More fields of a request: method, objective, selection, max_runs, patience, seed.

    Raises:
        Invalid: Naming the field that is wrong, and what it must be.
    """
    found = strategy_of(strategy)
    dataset = dataset_of(bars, found)
    if not len(dataset):
        raise Invalid("bars", "at least one bar", 0)
    first, last = (session_date(int(dataset.timeline[at]) - 1) for at in (0, -1))
    spec = parse_walk_forward(
        {
            "strategy": found.name,
            "symbols": list(dataset.symbols),
            "start": first,
            "end": last,
            "parameters": {
                name: values if isinstance(values, Mapping) else list(values)
                for name, values in parameters.items()
            },
            "windows": dict(windows),
            "cash": Decimal(repr(terms.cash)),
            "fee_bps": Decimal(repr(terms.fee_bps)),
            "fractional": terms.fractional,
            "cross_checks": checks,
            **search,
        }
    )
    plan = WalkPlan(spec, found, dataset, terms, calendar, mode, periods_per_year)
    return run_walk_forward(plan, recorder or wiring.recorder() or in_this_process())


@cache
def in_this_process() -> Recorder:
    """Give who counts trials in memory, from the first to the last of this process."""
    clock = SystemClock()
    ledger = TrialLedger(MemoryTrials(), clock, Uuid7s(clock))
    me = TenantId("notebook"), UserId("notebook"), CorrelationId("notebook")
    return Recorder(ledger, *me, is_kept=False)

from __future__ import annotations

from datetime import date, timedelta

import pytest

from algotrendy.backtest.memory_trials import MemoryTrials
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.trials import Kind, Moments
from algotrendy.backtest.validation.ports import WindowTrials
from algotrendy.backtest.validation.recording import LedgerSink
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import CorrelationId, UserId
from algotrendy.kernel.instrument import parse_symbol
from fakes.some_trials import ACME, ledger_over, sha
from fakes.walk_world import WINDOWS, Market, some_walk

DAYS = [date(2001, 1, 1) + timedelta(days=n) for n in range(70)]


def sink(ledger: TrialLedger, name: str = "walk") -> LedgerSink:
    return LedgerSink(
        ledger=ledger,
        sha256=sha(name),
        strategy="sma_cross",
        version="1",
        symbols=(parse_symbol("MSFT"), parse_symbol("AAPL")),
        timeframe=Timeframe.DAY,
        days=DAYS,
        periods_per_year=252.0,
        tenant=ACME,
        recorded_by=UserId("ada"),
        correlation_id=CorrelationId("request-1"),
    )


def test_each_window_is_a_batch_on_the_data_of_its_in_sample_part() -> None:
    ledger = ledger_over(MemoryTrials())
    some_walk(Market(), trials=sink(ledger)).run()
    batches = ledger.history(ACME).batches[::-1]
    assert [batch.kind for batch in batches] == [Kind.WALK_FORWARD] * 4
    second = batches[1].tallies[0]
    assert (second.symbols, second.first, second.last) == (("AAPL", "MSFT"), DAYS[10], DAYS[39])
    assert (second.trials, second.observations, second.sharpe.count) == (18, 29, 18)
    assert ledger.tried_on(ACME, ["AAPL"], DAYS[0], DAYS[-1]).trials == 72
    assert ledger.tried_on(ACME, ["AAPL"], DAYS[0], DAYS[9]).trials == 18


def test_a_walk_made_again_counts_once_and_another_one_for_itself() -> None:
    ledger = ledger_over(MemoryTrials())
    for name in ("walk", "walk", "another"):
        some_walk(Market(), trials=sink(ledger, name)).run()
    assert ledger.tried_on(ACME, ["MSFT"], DAYS[0], DAYS[-1]).trials == 144


def test_a_window_that_finds_something_else_is_refused() -> None:
    counted = sink(ledger_over(MemoryTrials()))
    counted.record(WindowTrials(WINDOWS[0], 2, Moments(2, 0.1, 0.0), 0.1))
    with pytest.raises(Conflict, match="recorded with other figures"):
        counted.record(WindowTrials(WINDOWS[0], 3, Moments(2, 0.1, 0.0), 0.1))


def test_a_window_without_a_trial_leaves_no_batch() -> None:
    ledger = ledger_over(MemoryTrials())
    sink(ledger).record(WindowTrials(WINDOWS[0], 0, Moments(), None))
    assert ledger.history(ACME).batches == []

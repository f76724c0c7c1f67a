from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from algotrendy.backtest.memory_trials import MemoryTrials
from algotrendy.backtest.trial_ledger import LIST_LIMIT, TrialLedger
from algotrendy.backtest.trials import Kind
from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.ids import CorrelationId, UserId
from fakes.some_trials import ACME, NOW, RIVAL, ledger_over, record, sha, some_tally

DECADE = (date(2005, 1, 1), date(2014, 12, 31))


@pytest.fixture
def ledger() -> TrialLedger:
    return ledger_over(MemoryTrials())


def test_a_batch_says_who_recorded_it_and_when(ledger: TrialLedger) -> None:
    batch = record(ledger, "first")
    assert (batch.recorded_by, batch.recorded_at, batch.sha256) == ("ada", NOW, sha("first"))
    assert ledger.history(ACME).batches == [batch]


def test_the_same_batch_again_counts_nothing_whoever_ran_it(ledger: TrialLedger) -> None:
    first = record(ledger, "first")
    again = record(
        ledger, "first", recorded_by=UserId("bob"), correlation_id=CorrelationId("request-2")
    )
    assert again == first
    assert ledger.tried_on(ACME, ["AAPL"], *DECADE).trials == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": Kind.SEARCH},
        {"strategy": "rsi"},
        {"version": "2"},
        {"tallies": (some_tally(sharpes=[0.01, 0.04]),)},
        {"tallies": (some_tally(), some_tally("MSFT"))},
    ],
)
def test_other_figures_under_the_same_hash_are_a_conflict(
    ledger: TrialLedger, changes: dict[str, Any]
) -> None:
    first = record(ledger, "first")
    tallies = changes.pop("tallies", ())
    with pytest.raises(Conflict, match="is recorded with other figures") as refused:
        record(ledger, "first", *tallies, **changes)
    assert refused.value.fields()["batch_id"] == str(first.id)
    assert ledger.history(ACME).batches == [first]


def test_tallies_may_come_in_any_order(ledger: TrialLedger) -> None:
    first = record(ledger, "first", some_tally("MSFT"), some_tally("AAPL"))
    assert [tally.symbols for tally in first.tallies] == [("AAPL",), ("MSFT",)]
    assert record(ledger, "first", some_tally("AAPL"), some_tally("MSFT")) == first


def test_trials_are_counted_on_overlapping_dates_to_the_day(ledger: TrialLedger) -> None:
    record(ledger, "first", some_tally(first=date(2010, 1, 4), last=date(2010, 12, 31)))

    def trials(first: date, last: date) -> int:
        return ledger.tried_on(ACME, ["AAPL"], first, last).trials

    assert trials(date(2010, 12, 31), date(2015, 1, 1)) == 2
    assert trials(date(2011, 1, 1), date(2015, 1, 1)) == 0
    assert trials(date(2000, 1, 1), date(2010, 1, 4)) == 2
    assert trials(date(2000, 1, 1), date(2010, 1, 3)) == 0
    assert trials(date(2010, 6, 1), date(2010, 6, 1)) == 2


def test_a_trial_on_several_of_the_symbols_counts_once(ledger: TrialLedger) -> None:
    record(ledger, "pair", some_tally("AAPL", "MSFT", sharpes=[0.1]))
    record(ledger, "each", some_tally("AAPL", sharpes=[0.1]), some_tally("MSFT", sharpes=[0.1]))
    assert ledger.tried_on(ACME, ["MSFT", "AAPL", "AAPL"], *DECADE).trials == 3
    assert ledger.tried_on(ACME, ["AAPL"], *DECADE).trials == 2
    assert ledger.tried_on(ACME, ["IBM"], *DECADE).trials == 0


def test_another_tenants_trials_are_not_counted(ledger: TrialLedger) -> None:
    record(ledger, "first")
    record(ledger, "first", tenant=RIVAL)
    record(ledger, "second", tenant=RIVAL)
    assert ledger.tried_on(ACME, ["AAPL"], *DECADE).trials == 2
    assert ledger.tried_on(RIVAL, ["AAPL"], *DECADE).trials == 4


def test_a_question_without_symbols_or_span_is_refused(ledger: TrialLedger) -> None:
    with pytest.raises(Invalid, match="symbols must be one or more"):
        ledger.tried_on(ACME, [], *DECADE)
    with pytest.raises(Invalid, match="symbols must be 1 to 20 capitals"):
        ledger.tried_on(ACME, ["aapl"], *DECADE)
    with pytest.raises(Invalid, match="last must be at or after the first date"):
        ledger.tried_on(ACME, ["AAPL"], date(2011, 1, 1), date(2010, 1, 1))


def test_history_goes_back_page_by_page(ledger: TrialLedger) -> None:
    batches = [record(ledger, number) for number in range(5)]
    record(ledger, 9, tenant=RIVAL)
    first = ledger.history(ACME, 2)
    assert first.batches == [batches[4], batches[3]]
    second = ledger.history(ACME, 2, first.next_before)
    assert second.batches == [batches[2], batches[1]]
    last = ledger.history(ACME, 2, second.next_before)
    assert (last.batches, last.next_before) == ([batches[0]], None)
    for limit in (0, LIST_LIMIT + 1):
        with pytest.raises(Invalid, match="limit must be between 1 and 100"):
            ledger.history(ACME, limit)

"""A sweep's winner is deflated by all that was tried, and held to the gate."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from algotrendy.backtest import winner
from algotrendy.backtest.counting import Entry, Recorder
from algotrendy.backtest.executors import InProcess
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.memory_trials import MemoryTrials
from algotrendy.backtest.plan import plan_sweep
from algotrendy.backtest.reduce import reduce_sweep
from algotrendy.backtest.request import SweepSpec
from algotrendy.backtest.trials import Tally
from algotrendy.kernel.ids import CorrelationId, SweepId, UserId
from fakes.memory_blobs import MemoryBlobs
from fakes.some_trials import ACME, RIVAL, ledger_over, record, some_tally
from fakes.sweep_world import OTHER_SWEEP_ID, SWEEP_ID, some_bars, some_spec


def somebody() -> Recorder:
    return Recorder(ledger_over(MemoryTrials()), ACME, UserId("ada"), CorrelationId("test"))


def tally(symbol: str) -> Tally:
    days = {"first": date(2000, 1, 3), "last": date(2000, 2, 1)}
    return some_tally(symbol, sharpes=[place / 1000.0 for place in range(-250, 250)], **days)


def swept(
    who: Recorder | None = None,
    sweep_id: SweepId = SWEEP_ID,
    spec: SweepSpec | None = None,
    blobs: MemoryBlobs | None = None,
) -> tuple[dict[str, Any], MemoryBlobs]:
    blobs, bars = blobs or MemoryBlobs(), some_bars()
    ask = None if who is None else who.earlier
    plan = plan_sweep(sweep_id, spec or some_spec(), blobs, bars, 5, ask)
    InProcess(blobs, bars, "interpreted").execute(sweep_id, plan)
    reduce_sweep(sweep_id, blobs, bars, "interpreted")
    return json.loads(blobs.objects[Keys(sweep_id).summary]), blobs


def test_the_summary_has_the_deflated_ratio_the_track_record_and_the_verdict() -> None:
    summary, blobs = swept()
    found = summary["winner"]
    assert (found["trials"], found["trials_on_these_data"]) == (16, 16)
    assert 0.0 < found["deflated_sharpe"] < 1.0
    assert found["track_record"] == 119
    assert 0.0 <= found["overfitting"]["probability"] <= 1.0
    assert found["overfitting"]["combinations"] == 8
    checks = {check["name"]: check for check in summary["verdict"]["checks"]}
    assert checks["deflated_sharpe"]["actual"] == found["deflated_sharpe"]
    assert checks["overfitting"]["actual"] == found["overfitting"]["probability"]
    # A sweep shows nothing out of sample: a walk forward has to.
    assert not summary["verdict"]["passed"]
    assert not checks["out_of_sample_sharpe"]["passed"]
    page = blobs.objects[Keys(SWEEP_ID).report].decode()
    assert "The gate refuses it" in page
    assert checks["trades"]["text"] in page
    assert "16 trials on AAA, BBB 1Day, 16 of them here" in page


def test_trials_of_the_ledger_deflate_the_winner() -> None:
    who = somebody()
    alone = swept(who)[0]["winner"]
    record(who.ledger, "before", tally("AAA"))
    found = swept(who)[0]["winner"]
    assert found["trials_on_these_data"] == 516
    assert found["deflated_sharpe"] < alone["deflated_sharpe"]
    assert found["trials_counted_in"] == "the trial ledger"


def test_the_same_sweep_run_again_is_deflated_by_the_same_count() -> None:
    who = somebody()
    first, _ = swept(who)
    who.record(Entry.from_json(first["tried"]))
    again = swept(who, OTHER_SWEEP_ID)[0]
    assert again["winner"] == first["winner"]
    assert again["verdict"] == first["verdict"]


def test_the_count_is_pinned_by_the_plan() -> None:
    who = somebody()
    _, blobs = swept(who)
    before = dict(blobs.objects)
    record(who.ledger, "before", tally("AAA"))
    swept(who, blobs=blobs)
    assert blobs.objects == before


def test_other_tenants_and_other_data_do_not_count() -> None:
    who = somebody()
    record(who.ledger, "elsewhere", tally("CCC"))
    record(who.ledger, "theirs", tally("AAA"), tenant=RIVAL)
    assert swept(who)[0]["winner"]["trials_on_these_data"] == 16


def test_where_the_overfitting_cannot_be_had_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    single = some_spec(symbols=("AAA",), parameters={"slow": (24,)})
    found = swept(spec=single)[0]["winner"]["overfitting"]
    assert found["probability"] is None
    assert found["why_not"] == "one combination was tried: nothing was chosen from"
    monkeypatch.setattr(winner, "CELLS_LIMIT", 120 * 7)
    found = swept()[0]["winner"]["overfitting"]
    assert found["why_not"].startswith("8 combinations on 120 bars are too many")
    assert found["why_not"].endswith("at most 7 are")


def test_harsh_fills_are_told() -> None:
    summary = swept()[0]
    gained = summary["best"]["statistics"]["total_return"]
    assert summary["winner"]["harsh_return"] < gained


def test_a_plan_without_a_ledger_says_so() -> None:
    assert swept()[0]["winner"]["trials_counted_in"].startswith("this sweep alone")

"""What a sweep may be asked for, and what is told of one that fails."""

from __future__ import annotations

import json

import pytest

from algotrendy.backtest.failures import StrategyFailedError, failures
from algotrendy.backtest.plan import plan_sweep
from algotrendy.backtest.shard import run_shard
from algotrendy.kernel.errors import Invalid
from fakes.endless_strategy import RAISING, in_the_library
from fakes.memory_blobs import MemoryBlobs
from fakes.sweep_world import SWEEP_ID, some_bars, some_spec
from unit.backtest.test_sweep_flow import KEYS, finished


def test_a_strategy_that_raises_is_noted_with_run_symbol_and_parameters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_the_library(monkeypatch)
    blobs, bars = MemoryBlobs(), some_bars()
    spec = some_spec(
        strategy="sometimes_endless", symbols=("AAA",), parameters={"number": (2, RAISING)}
    )
    plan_sweep(SWEEP_ID, spec, blobs, bars)
    with pytest.raises(StrategyFailedError) as failed:
        run_shard(SWEEP_ID, 0, blobs, bars, mode="interpreted")
    assert failed.value.fields() == {"run": 2, "symbol": "AAA", "parameters": f"number={RAISING}"}
    [reason] = failures(SWEEP_ID, blobs)
    assert reason.startswith("shard 0 failed: run 2, sometimes_endless on AAA with number=4 raised")
    blobs.put(KEYS.result(0), b"", "text/plain")
    assert failures(SWEEP_ID, blobs) == []


@pytest.mark.parametrize("shard_runs", [1, 4])
def test_strategies_of_several_assets_are_swept_together(shard_runs: int) -> None:
    spec = some_spec(
        strategy="pairs_trading", parameters={"window": (20, 30)}, together=True, allow_short=True
    )
    objects = finished(spec, shard_runs).objects
    rows = [line.split(",") for line in objects[KEYS.table].decode().splitlines()]
    assert [row[1] for row in rows] == ["symbol", "AAA BBB", "AAA BBB"]
    summary = json.loads(objects[KEYS.summary])
    [tally] = summary["tried"]["tallies"]
    assert (tally["symbols"], tally["trials"]) == (["AAA", "BBB"], 2)


def test_terms_decide_what_a_run_comes_to() -> None:
    def total(**terms: object) -> float:
        spec = some_spec(symbols=("AAA",), parameters={}, **terms)
        summary = json.loads(finished(spec).objects[KEYS.summary])
        return float(summary["best"]["statistics"]["final_equity"])

    assert total(slippage_bps=50) < total() < total(fee_bps=0)


def test_a_shorter_timeframe_than_the_lake_holds_is_refused() -> None:
    with pytest.raises(Invalid, match="1Day or longer") as refused:
        finished(some_spec(timeframe="1Hour"))
    assert refused.value.field == "timeframe"
    assert (
        finished(some_spec(timeframe="1Day")).objects[KEYS.table]
        == finished(some_spec()).objects[KEYS.table]
    )

"""Plan, shard, reduce: whoever runs the shards, and whatever dies, the table is the same bytes."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from algotrendy.backtest.canonical import sealed, unsealed
from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.engine.running import Wish
from algotrendy.backtest.executors import (
    InProcess,
    LocalProcesses,
    ShardFailedError,
    run_sweep,
)
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.plan import (
    DamagedPlan,
    make_plan,
    plan_sweep,
    read_plan,
    write_plan,
)
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.reduce import IncompleteSweep, reduce_sweep
from algotrendy.backtest.request import SweepSpec
from algotrendy.backtest.shard import run_shard
from algotrendy.backtest.statistics.figures import STATISTICS
from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from algotrendy.kernel.ids import SweepId
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.series import BarSeries
from algotrendy.platform.blobs import FolderBlobs
from fakes.bar_store import MemoryBars
from fakes.bars_for_backtests import walk
from fakes.memory_blobs import DyingBlobs, MemoryBlobs
from fakes.sweep_world import (
    OTHER_SWEEP_ID,
    SWEEP_ID,
    open_stores,
    open_stores_and_die,
    open_stores_and_die_once,
    some_bars,
    some_spec,
)

KEYS = Keys(SWEEP_ID)
COMPILED = "algotrendy.backtest.engine.compiled"


def swept(
    sweep_id: SweepId,
    spec: SweepSpec,
    blobs: Blobs,
    bars: BarStore,
    shard_runs: int | None = None,
    mode: Wish = "interpreted",
) -> None:
    executor = InProcess(blobs, bars, mode)
    run_sweep(sweep_id, spec, blobs, bars, executor, shard_runs=shard_runs, mode=mode)


def finished(spec: SweepSpec, shard_runs: int | None = None) -> MemoryBlobs:
    blobs, bars = MemoryBlobs(), some_bars()
    swept(SWEEP_ID, spec, blobs, bars, shard_runs)
    return blobs


def test_every_run_is_in_the_table_once_and_in_order() -> None:
    lines = finished(some_spec(), 3).objects[KEYS.table].decode().split("\n")
    assert lines[0].startswith("run,symbol,fast,slow,units,final_equity,total_return,cagr,")
    assert lines[-1] == ""
    rows = [line.split(",") for line in lines[1:-1]]
    assert [row[0] for row in rows] == [str(number) for number in range(1, 17)]
    assert [row[1] for row in rows] == ["AAA"] * 8 + ["BBB"] * 8
    tried = [(int(row[2]), int(row[3])) for row in rows[:8]]
    assert tried == [(4, 12), (4, 16), (4, 24), (8, 12), (8, 16), (8, 24), (12, 16), (12, 24)]


def test_processes_and_this_process_give_the_same_bytes(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    blobs, bars = open_stores(str(tmp_path))
    executor = LocalProcesses(partial(open_stores, str(tmp_path)), workers=2, mode="interpreted")
    run_sweep(
        OTHER_SWEEP_ID,
        some_spec(),
        blobs,
        bars,
        executor,
        shard_runs=3,
        progress=lambda done, runs: told.append((done, runs)),
        mode="interpreted",
    )
    alone = finished(some_spec(), 5)
    assert blobs.get(Keys(OTHER_SWEEP_ID).table) == alone.objects[KEYS.table]
    assert told[-1] == (16, 16)
    assert told == sorted(told)


def test_compiled_and_interpreted_sweeps_are_the_same_bytes() -> None:
    compiled, interpreted = MemoryBlobs(), MemoryBlobs()
    swept(SWEEP_ID, some_spec(), compiled, some_bars(), 5, "compiled")
    swept(SWEEP_ID, some_spec(), interpreted, some_bars(), 5, "interpreted")
    assert compiled.objects == interpreted.objects


def test_a_worker_that_dies_costs_nothing_but_time(tmp_path: Path) -> None:
    blobs, bars = open_stores(str(tmp_path))
    stores = partial(open_stores_and_die_once, str(tmp_path), str(tmp_path / "died"))
    executor = LocalProcesses(stores, workers=2, mode="interpreted")
    run_sweep(SWEEP_ID, some_spec(), blobs, bars, executor, shard_runs=4, mode="interpreted")
    assert (tmp_path / "died").exists()
    assert blobs.get(KEYS.table) == finished(some_spec()).objects[KEYS.table]


def test_workers_that_keep_dying_are_reported_with_the_shard(tmp_path: Path) -> None:
    blobs, bars = open_stores(str(tmp_path))
    plan = plan_sweep(SWEEP_ID, some_spec(), blobs, bars, 8)
    executor = LocalProcesses(partial(open_stores_and_die, str(tmp_path)), workers=1, attempts=2)
    with pytest.raises(ShardFailedError, match="shard 0 of 2 failed 2 times: its worker ended"):
        executor.execute(SWEEP_ID, plan)


def test_an_error_in_a_worker_reaches_the_caller_as_itself(tmp_path: Path) -> None:
    blobs, bars = open_stores(str(tmp_path))
    plan = plan_sweep(SWEEP_ID, some_spec(), blobs, bars, 8)
    (tmp_path / KEYS.shard(1)).unlink()
    executor = LocalProcesses(partial(open_stores, str(tmp_path)), workers=1, mode="interpreted")
    with pytest.raises(NotFound, match="shard-00001"):
        executor.execute(SWEEP_ID, plan)


@pytest.mark.parametrize("puts_to_live", range(18))
def test_a_sweep_killed_at_any_write_goes_on_to_the_same_end(puts_to_live: int) -> None:
    undisturbed = finished(some_spec(), 3)
    # Two datasets, six shards and their list, the plan, six results, table, report, summary.
    assert len(undisturbed.puts) == 19
    kept, bars = MemoryBlobs(), some_bars()
    dying = DyingBlobs(kept, puts_to_live)
    with pytest.raises(Unavailable, match="killed"):
        swept(SWEEP_ID, some_spec(), dying, bars, 3)
    swept(SWEEP_ID, some_spec(), kept, bars, 3)
    assert kept.objects == undisturbed.objects


def test_a_finished_shard_is_not_run_again() -> None:
    blobs = finished(some_spec(), 3)
    before = list(blobs.puts)
    again = run_shard(SWEEP_ID, 0, blobs, some_bars(), mode="interpreted")
    assert (again.was_done, again.runs) == (True, 3)
    assert blobs.puts == before


def test_a_shard_tells_how_its_runs_were_made() -> None:
    blobs, bars = MemoryBlobs(), some_bars()
    plan_sweep(SWEEP_ID, some_spec(), blobs, bars, 3)
    compiled = run_shard(SWEEP_ID, 0, blobs, bars)
    one_by_one = run_shard(SWEEP_ID, 1, blobs, bars, on_run=lambda _: None)
    interpreted = run_shard(SWEEP_ID, 2, blobs, bars, mode="interpreted")
    assert (compiled.modes, one_by_one.modes) == ({"compiled": ""}, {"compiled": ""})
    assert interpreted.modes == {"interpreted": ""}
    assert run_shard(SWEEP_ID, 0, blobs, bars).modes == {}


def test_a_shard_without_a_compiler_says_so_and_has_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled, without, bars = MemoryBlobs(), MemoryBlobs(), some_bars()
    for blobs in (compiled, without):
        plan_sweep(SWEEP_ID, some_spec(), blobs, bars, 3)
    run_shard(SWEEP_ID, 0, compiled, bars)
    for name in [name for name in sys.modules if name.startswith(f"{COMPILED}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, COMPILED)
    monkeypatch.delattr("algotrendy.backtest.engine.compiled")
    monkeypatch.setitem(sys.modules, "numba", None)
    done = run_shard(SWEEP_ID, 0, without, bars)
    assert done.modes == {"interpreted": "numba is not installed"}
    assert without.objects == compiled.objects


def _flipped(result: bytes) -> bytes:
    return result.replace(b"0.", b"1.", 1)


def _of_another_plan(result: bytes) -> bytes:
    found = unsealed(result)
    assert found is not None
    found["plan_sha256"] = "0" * 64
    return sealed(found)


def _with_a_run_twice(result: bytes) -> bytes:
    found = unsealed(result)
    assert found is not None
    found["rows"][1] = found["rows"][0]
    return sealed(found)


def _with_a_run_missing(result: bytes) -> bytes:
    found = unsealed(result)
    assert found is not None
    found["rows"].pop()
    return sealed(found)


@pytest.mark.parametrize(
    "damage",
    [
        _flipped,
        _of_another_plan,
        _with_a_run_twice,
        _with_a_run_missing,
        lambda result: result[: len(result) // 2],
        lambda result: b"",
        lambda result: b"[]",
        lambda result: b"\xff\xfe",
    ],
)
def test_a_damaged_shard_result_is_named_then_redone(damage: object) -> None:
    assert callable(damage)
    blobs, bars = finished(some_spec(), 3), some_bars()
    good = dict(blobs.objects)
    blobs.objects[KEYS.result(2)] = damage(good[KEYS.result(2)])
    with pytest.raises(IncompleteSweep) as refused:
        reduce_sweep(SWEEP_ID, blobs, bars, "interpreted")
    assert refused.value.facts["damaged"] == [2]
    assert refused.value.facts["missing"] == []
    assert run_shard(SWEEP_ID, 2, blobs, bars, mode="interpreted").was_done is False
    reduce_sweep(SWEEP_ID, blobs, bars, "interpreted")
    assert blobs.objects == good


def test_a_winner_that_does_not_win_again_is_refused() -> None:
    blobs = finished(some_spec(), 3)
    result = unsealed(blobs.objects[KEYS.result(0)])
    assert result is not None
    result["rows"][0][1 + STATISTICS.index("sharpe")] = 99.0
    blobs.objects[KEYS.result(0)] = sealed(result)
    with pytest.raises(IncompleteSweep, match="run 1 gave another result when it was run again"):
        reduce_sweep(SWEEP_ID, blobs, some_bars(), "interpreted")


def test_a_missing_shard_is_named() -> None:
    blobs = finished(some_spec(), 3)
    del blobs.objects[KEYS.result(1)], blobs.objects[KEYS.result(4)]
    with pytest.raises(IncompleteSweep, match=r"2 have no result \(1, 4\)") as refused:
        reduce_sweep(SWEEP_ID, blobs, some_bars(), "interpreted")
    assert refused.value.facts["missing"] == [1, 4]


def test_a_shard_planned_with_other_bars_is_refused() -> None:
    blobs, planned = MemoryBlobs(), make_plan(some_spec(), some_bars())
    write_plan(SWEEP_ID, planned, blobs)
    other = type(some_bars())(walk("AAA", 120, seed=3), walk("BBB", 120, seed=2))
    with pytest.raises(Conflict, match="the bars of AAA in version 0 are not those"):
        run_shard(SWEEP_ID, 0, blobs, other, mode="interpreted")


class _NoBars(MemoryBars):
    """Has nothing to read."""

    def read(self, *args: object, **named: object) -> BarSeries:
        raise AssertionError("the store was asked for bars")


def test_shards_map_the_bars_that_lie_with_the_plan(tmp_path: Path) -> None:
    for blobs in (MemoryBlobs(), FolderBlobs(tmp_path)):
        plan = plan_sweep(SWEEP_ID, some_spec(), blobs, some_bars())
        InProcess(blobs, _NoBars(), "interpreted").execute(SWEEP_ID, plan)
        reduce_sweep(SWEEP_ID, blobs, some_bars(), "interpreted")
        assert blobs.get(KEYS.table) == finished(some_spec()).objects[KEYS.table]


@pytest.mark.parametrize("damage", [b"", b"nothing"])
def test_bars_that_are_damaged_are_read_from_the_store(tmp_path: Path, damage: bytes) -> None:
    blobs = FolderBlobs(tmp_path)
    plan = plan_sweep(SWEEP_ID, some_spec(), blobs, some_bars())
    for pinned in plan.data:
        file = blobs.file(KEYS.data(pinned.sha256))
        assert file is not None
        file.write_bytes(damage)
    with pytest.raises(AssertionError, match="asked for bars"):
        run_shard(SWEEP_ID, 0, blobs, _NoBars(), mode="interpreted")
    swept(SWEEP_ID, some_spec(), blobs, some_bars())
    assert blobs.get(KEYS.table) == finished(some_spec()).objects[KEYS.table]


def test_bars_of_another_series_under_the_planned_name_are_not_used(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    plan = plan_sweep(SWEEP_ID, some_spec(), blobs, some_bars())
    first, second = (KEYS.data(pinned.sha256) for pinned in plan.data)
    blobs.put(first, blobs.get(second))
    with pytest.raises(AssertionError, match="asked for bars"):
        run_shard(SWEEP_ID, 0, blobs, _NoBars(), mode="interpreted")


def test_bars_that_come_after_the_plan_change_nothing() -> None:
    blobs, bars = MemoryBlobs(), some_bars()
    plan_sweep(SWEEP_ID, some_spec(), blobs, bars)
    bars.replace([walk("AAA", 130, seed=9)])
    swept(SWEEP_ID, some_spec(), blobs, bars)
    assert blobs.objects[KEYS.table] == finished(some_spec()).objects[KEYS.table]


def test_a_plan_for_another_engine_is_refused_by_shards_and_made_anew() -> None:
    blobs, bars = MemoryBlobs(), some_bars()
    write_plan(SWEEP_ID, replace(make_plan(some_spec(), bars), engine=0), blobs)
    with pytest.raises(Conflict, match="planned for engine 0"):
        run_shard(SWEEP_ID, 0, blobs, bars, mode="interpreted")
    assert plan_sweep(SWEEP_ID, some_spec(), blobs, bars).engine == ENGINE_VERSION
    run_shard(SWEEP_ID, 0, blobs, bars, mode="interpreted")


def test_a_damaged_plan_is_refused_and_made_anew() -> None:
    blobs, bars = MemoryBlobs(), some_bars()
    plan_sweep(SWEEP_ID, some_spec(), blobs, bars)
    whole = dict(blobs.objects)
    for damaged in (b"{}", b"[]", whole[KEYS.plan].replace(b"AAA", b"AAB"), b"{"):
        blobs.objects[KEYS.plan] = damaged
        with pytest.raises(DamagedPlan):
            read_plan(SWEEP_ID, blobs)
        plan_sweep(SWEEP_ID, some_spec(), blobs, bars)
        assert blobs.objects == whole
    blobs.objects[KEYS.shard(0)] = whole[KEYS.shard(0)].replace(b"[1,", b"[2,")
    with pytest.raises(DamagedPlan, match="shard-00000"):
        run_shard(SWEEP_ID, 0, blobs, bars, mode="interpreted")


def test_a_sweep_id_cannot_be_planned_for_two_requests() -> None:
    blobs, bars = MemoryBlobs(), some_bars()
    plan_sweep(SWEEP_ID, some_spec(), blobs, bars)
    with pytest.raises(Conflict, match="another request"):
        plan_sweep(SWEEP_ID, some_spec(cash=5), blobs, bars)


def test_the_plan_is_read_as_it_was_written() -> None:
    blobs, bars = MemoryBlobs(), some_bars()
    plan = plan_sweep(SWEEP_ID, some_spec(), blobs, bars)
    assert read_plan(SWEEP_ID, blobs) == plan
    assert json.loads(blobs.objects[KEYS.shards]) == [{"shard": n} for n in range(plan.shards)]


def test_a_period_with_too_few_bars_for_any_order_is_refused() -> None:
    spec = some_spec(end="2000-01-12")
    with pytest.raises(Invalid, match="more than the 12 bars sma_cross needs") as refused:
        plan_sweep(SWEEP_ID, spec, MemoryBlobs(), some_bars())
    assert refused.value.field == "start"


def test_an_unknown_symbol_or_strategy_is_not_found() -> None:
    with pytest.raises(NotFound, match="NONE"):
        plan_sweep(SWEEP_ID, some_spec(symbols=("NONE",)), MemoryBlobs(), some_bars())
    with pytest.raises(NotFound, match=r"there are .*buy_and_hold, .*sma_cross"):
        plan_sweep(SWEEP_ID, some_spec(strategy="magic"), MemoryBlobs(), some_bars())


def test_the_summary_names_the_best_run_and_its_table() -> None:
    blobs = finished(some_spec())
    summary = json.loads(blobs.objects[KEYS.summary])
    rows = [line.split(",") for line in blobs.objects[KEYS.table].decode().splitlines()[1:]]
    place = blobs.objects[KEYS.table].decode().split("\n")[0].split(",").index("sharpe")
    best = max(rows, key=lambda row: float(row[place] or "-inf"))
    assert summary["best"]["run"] == int(best[0])
    assert summary["best"]["statistics"]["sharpe"] == float(best[place])
    assert (summary["runs"], summary["grid"], summary["excluded"]) == (16, 9, 1)


def test_a_strategy_without_parameters_is_swept_over_symbols() -> None:
    blobs = finished(some_spec(strategy="buy_and_hold", parameters={}))
    assert len(blobs.objects[KEYS.table].decode().splitlines()) == 3

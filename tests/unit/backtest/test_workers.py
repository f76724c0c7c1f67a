"""Workers of this machine: what they say of a shard that does not end as it should."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import psutil
import pytest

from algotrendy.backtest.executors import LocalProcesses, ShardFailedError, _open_shards
from algotrendy.backtest.failures import StrategyFailedError
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.plan import plan_sweep
from algotrendy.backtest.workers import Task, Workers, how_it_died, killed_for_memory
from algotrendy.kernel.errors import Unavailable
from fakes.endless_strategy import ENDLESS, RAISING, in_the_library, stores_with_it
from fakes.sweep_world import (
    SWEEP_ID,
    open_stores,
    open_stores_that_fail_once,
    some_spec,
)
from fixtures.interrupting import interrupted_when

NUMBERS = {"strategy": "sometimes_endless", "symbols": ("AAA",)}


def test_a_strategy_that_never_ends_is_ended_and_named_with_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_library(monkeypatch)
    blobs, bars = open_stores(str(tmp_path))
    spec = some_spec(**NUMBERS, parameters={"number": (1, 2, ENDLESS)})
    plan = plan_sweep(SWEEP_ID, spec, blobs, bars, 3)
    executor = LocalProcesses(
        stores_with_it(str(tmp_path)), workers=1, limit_s=2.5, mode="interpreted"
    )
    with pytest.raises(ShardFailedError, match=r"in run 3, .* on AAA with number=3") as failed:
        executor.execute(SWEEP_ID, plan)
    assert "not done after 2.5 s" in str(failed.value)
    assert failed.value.facts["run"] == 3
    assert not [child for child in psutil.Process().children() if "spawn_main" in _line(child)]


def test_a_strategy_that_raises_is_named_with_symbol_and_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_library(monkeypatch)
    blobs, bars = open_stores(str(tmp_path))
    spec = some_spec(**NUMBERS, parameters={"number": (1, RAISING)})
    plan = plan_sweep(SWEEP_ID, spec, blobs, bars, 2)
    executor = LocalProcesses(stores_with_it(str(tmp_path)), workers=1, mode="interpreted")
    with pytest.raises(StrategyFailedError, match="on AAA with number=4 raised ZeroDivisionError"):
        executor.execute(SWEEP_ID, plan)


def test_what_does_not_answer_once_is_asked_again(tmp_path: Path) -> None:
    blobs, bars = open_stores(str(tmp_path))
    plan = plan_sweep(SWEEP_ID, some_spec(), blobs, bars, 16)
    stores = partial(open_stores_that_fail_once, str(tmp_path), str(tmp_path / "failed"))
    LocalProcesses(stores, workers=1, mode="interpreted").execute(SWEEP_ID, plan)
    assert (tmp_path / "failed").exists()
    assert blobs.exists(Keys(SWEEP_ID).result(0))


def test_a_killed_worker_is_replaced_and_its_shard_comes_back(tmp_path: Path) -> None:
    blobs, bars = open_stores(str(tmp_path))
    plan_sweep(SWEEP_ID, some_spec(), blobs, bars, 16)
    stores = partial(open_stores, str(tmp_path))
    workers = Workers(partial(_open_shards, stores, SWEEP_ID, "interpreted"), 1, 60)
    try:
        worker = next(c for c in psutil.Process().children() if "spawn_main" in _line(c))
        assert workers.give(Task(0))
        assert not workers.give(Task(0)), "it has one already"
        worker.kill()
        [ended] = workers.wait()
        assert (ended.task.part, ended.is_done) == (0, False)
        assert "SIGKILL" in ended.death
        assert workers.give(Task(0))
        [again] = workers.wait()
        assert again.is_done
    finally:
        workers.close()


def test_ctrl_c_ends_the_workers_and_keeps_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_library(monkeypatch)
    blobs, bars = open_stores(str(tmp_path))
    spec = some_spec(**NUMBERS, parameters={"number": (1, ENDLESS)})
    plan = plan_sweep(SWEEP_ID, spec, blobs, bars, 1)
    executor = LocalProcesses(stores_with_it(str(tmp_path)), workers=1, mode="interpreted")

    with (
        pytest.raises(KeyboardInterrupt),
        interrupted_when(lambda: blobs.exists(Keys(SWEEP_ID).result(0)), after_s=0.1),
    ):
        executor.execute(SWEEP_ID, plan)
    assert blobs.exists(Keys(SWEEP_ID).result(0))
    assert not [child for child in psutil.Process().children() if "spawn_main" in _line(child)]


@pytest.mark.parametrize(
    ("code", "for_memory", "told"),
    [
        (-9, True, "for want of memory"),
        (-9, False, "killed by SIGKILL"),
        (-11, True, "killed by SIGSEGV"),
        (3, False, "by itself with code 3"),
    ],
)
def test_the_end_of_a_worker_is_told_as_what_it_was(code: int, for_memory: bool, told: str) -> None:
    assert told in how_it_died(code, for_memory)


def test_kills_for_want_of_memory_are_counted_where_the_system_tells() -> None:
    assert killed_for_memory() >= 0


def test_an_error_that_keeps_coming_is_raised_in_the_end(tmp_path: Path) -> None:
    blobs, bars = open_stores(str(tmp_path))
    plan = plan_sweep(SWEEP_ID, some_spec(), blobs, bars, 16)
    stores = partial(open_stores_that_fail_once, str(tmp_path), str(tmp_path / "no" / "folder"))
    executor = LocalProcesses(stores, workers=1, attempts=2, mode="interpreted")
    with pytest.raises(ShardFailedError, match="they do not answer") as failed:
        executor.execute(SWEEP_ID, plan)
    assert isinstance(failed.value.__cause__, Unavailable)


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""

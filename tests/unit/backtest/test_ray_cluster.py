"""The executor on Ray: the same bytes, finished shards left alone, no copies. Where Ray is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from algotrendy.backtest.executors import InProcess, ShardFailedError, run_sweep
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.memory_trials import MemoryTrials
from algotrendy.backtest.plan import plan_sweep
from algotrendy.backtest.ray_cluster import RayCluster
from algotrendy.backtest.ray_tasks import RayTasks
from algotrendy.backtest.validation.kept_steps import WindowFailed
from algotrendy.backtest.validation.running import Walk
from algotrendy.backtest.validation.walk_on_ray import run_on_ray
from algotrendy.kernel.errors import Unavailable
from fakes.endless_strategy import ENDLESS, RAISING, in_the_library, known_here
from fakes.engine_walks import some_plan, some_recorder
from fakes.memory_blobs import MemoryBlobs
from fakes.some_trials import ACME
from fakes.sweep_world import SWEEP_ID, some_bars, some_spec

KEYS = Keys(SWEEP_ID)


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    found = pytest.importorskip("ray", reason="the extra `ray` is not installed")
    paths = [str(Path(__file__).parents[3] / each) for each in ("shared", "tests")]
    found.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={
            "env_vars": {"PYTHONPATH": ":".join(paths)},
            "worker_process_setup_hook": known_here,
        },
    )
    yield found
    found.shutdown()


def test_without_ray_the_executor_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(Unavailable, match=r"pip install 'algotrendy\[ray\]'"):
        RayTasks()


def test_ray_and_this_process_write_the_same_bytes_and_keep_finished_shards(ray: Any) -> None:
    alone, spread, bars = MemoryBlobs(), MemoryBlobs(), some_bars()
    told: list[tuple[int, int]] = []
    run_sweep(SWEEP_ID, some_spec(), alone, bars, InProcess(alone, bars, "interpreted"),
              shard_runs=3, mode="interpreted")  # fmt: skip
    cluster = RayCluster(spread, bars, RayTasks(), mode="interpreted")
    plan = plan_sweep(SWEEP_ID, some_spec(), spread, bars, 3)
    cluster.execute(SWEEP_ID, plan, lambda done, runs: told.append((done, runs)))
    results = {key: value for key, value in alone.objects.items() if "/results/" in key}
    assert {key: spread.objects[key] for key in results} == results
    assert told[-1] == (16, 16)
    before = list(spread.puts)
    cluster.execute(SWEEP_ID, plan)
    assert spread.puts == before
    del spread.objects[KEYS.result(1)]
    cluster.execute(SWEEP_ID, plan)
    assert spread.puts == [*before, KEYS.result(1)]


def test_arrays_are_mapped_from_the_object_store(ray: Any) -> None:
    from algotrendy.backtest.data.making import from_series

    dataset = from_series(some_bars().read(next(s.symbol for s in some_bars().symbols())))
    reference = ray.put(dataset)
    first, second = (ray.get(reference).assets[0].base.close for _ in range(2))
    assert first.ctypes.data == second.ctypes.data
    assert not first.flags.writeable


def test_a_shard_that_never_ends_is_ended_and_named(
    ray: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_library(monkeypatch)
    blobs, bars = MemoryBlobs(), some_bars()
    spec = some_spec(
        strategy="sometimes_endless", symbols=("AAA",), parameters={"number": (1, ENDLESS)}
    )
    plan = plan_sweep(SWEEP_ID, spec, blobs, bars, 1)
    cluster = RayCluster(blobs, bars, RayTasks(limit_s=20.0, attempts=1), mode="interpreted")
    with pytest.raises(ShardFailedError, match=r"shard 1 of 2 \(runs 2 to 2, .* on AAA\) failed"):
        cluster.execute(SWEEP_ID, plan)
    assert KEYS.result(0) in blobs.objects, "what is done is kept"


def test_windows_of_a_walk_come_to_the_same_and_none_is_done_twice(ray: Any) -> None:
    plan, blobs, counted = some_plan(), MemoryBlobs(), MemoryTrials()
    walk = Walk(plan, some_recorder(counted), blobs)
    walk.window(2)
    told: list[tuple[int, int]] = []
    found = run_on_ray(walk, RayTasks(), lambda *done: told.append(done))
    alone = Walk(plan, some_recorder(), MemoryBlobs()).run()
    assert found.to_text() == alone.to_text()
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    tried = walk.recorder.ledger.history(ACME).batches
    assert sum(tally.trials for batch in tried for tally in batch.tallies) == 24
    before = list(blobs.puts)
    assert run_on_ray(walk, RayTasks()).to_text() == alone.to_text()
    assert blobs.puts == before


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (RAISING, "sometimes_endless on AAA with number=4 raised ZeroDivisionError"),
        (ENDLESS, r"failed 1 times: it was not done after 20 s and was ended"),
    ],
)
def test_a_window_that_cannot_be_done_is_named(
    ray: Any, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    in_the_library(monkeypatch)
    plan = some_plan(strategy="sometimes_endless", parameters={"number": [1, number]})
    walk = Walk(plan, some_recorder(), MemoryBlobs())
    with pytest.raises(WindowFailed, match=rf"window \d of 4 .*{said}"):
        run_on_ray(walk, RayTasks(limit_s=20.0, attempts=1))

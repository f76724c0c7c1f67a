"""Say before a sweep what it will take: time by executor, money, memory a shard.

The speed is measured: a few of the sweep's own runs, drawn by its seed, on its own bars. What a
machine does before its first backtest is a measured constant with its name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from algotrendy.backtest.grid import shuffled
from algotrendy.backtest.markets import Market
from algotrendy.backtest.plan import Plan, dataset_of_plan
from algotrendy.backtest.prices import GIB, PRICES, Prices, Usage
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.ports import BarStore

if TYPE_CHECKING:
    from algotrendy.backtest.engine.running import Wish

_CLEAR_S: Final = 0.1
_MORE: Final = 4

# As infra_cdk deploys them; a test compares.
LAMBDA_MB: Final = 1769
"""Memory of the functions that plan a sweep and that run a shard; with it comes one processor."""
REDUCE_MB: Final = 3008
RECORD_MB: Final = 512
CONCURRENCY: Final = 50
"""Shards that a stage runs at once where none is there to be asked; as stage dev does."""

# Measured on x86_64 with Python 3.11: the largest resident size of a process over series of
# several lengths. Interpreted, which needs more than compiled; a function may be either.
RUNTIME_BYTES: Final = 300 * 2**20
BAR_BYTES: Final = 1200
"""A bar of a shard's data: its columns, the series that it is made of, the curves of a run."""
ROW_BYTES: Final = 2048
"""A run's row of figures, in Python's numbers and as JSON."""
WORKER_START_S: Final = 1.5
RAY_START_S: Final = 10.0
"""To load Ray, start its own processes on this machine and end them."""
LAMBDA_START_S: Final = 4.0
LAKE_FILE_READS: Final = 5
"""Requests for a file of the lake, which holds a year of a symbol: its index, and its columns."""
LAKE_PASSES: Final = 3
"""How often a sweep that is asked for and planned reads all its bars in the lake."""
STEP_S: Final = 0.2
"""Between two steps of a workflow."""
ROW_S: Final = 40e-6
"""What the table and the report take for a run."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How quick this machine ran some of the sweep's backtests.

    Attributes:
        runs, bars: How many were run.
        seconds: Taken by them.
        first_s: Taken by the first, which loads the engine or compiles it; not among them.
        mode: "compiled" or "interpreted".
    """

    runs: int
    bars: int
    seconds: float
    first_s: float
    mode: str

    @property
    def bars_per_s(self) -> float:
        """Give bars in a second on one processor."""
        return self.bars / self.seconds


@dataclass(frozen=True, slots=True)
class Course:
    """What a sweep takes by one executor.

    Attributes:
        workers: Shards that run at once.
        wall_s: From the request to the report.
        cpu_s: Of all processors together.
        dollars: None where nobody sends a bill.
        memory_limit: Of one worker, in bytes; None where it is not known.
        usage: Of the cloud's services.
    """

    executor: str
    workers: int
    wall_s: float
    cpu_s: float
    memory_limit: int | None
    dollars: float | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a sweep will take.

    Attributes:
        bars: All that will be run over: bars times combinations, over all symbols.
        shard_bytes: Memory that the largest shard needs.
    """

    runs: int
    shards: int
    bars: int
    shard_bytes: int
    speed: Speed
    courses: tuple[Course, ...]
    prices: Prices

    def course(self, executor: str) -> Course:
        """Give what it takes by one executor."""
        return next(course for course in self.courses if course.executor == executor)

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON values."""
        return {**asdict(self), "bars_per_s": self.speed.bars_per_s}


def estimate(
    plan: Plan,
    bars: BarStore,
    *,
    workers: int,
    memory: int | None = None,
    concurrency: int = CONCURRENCY,
    prices: Prices = PRICES,
    mode: Wish = "auto",
    clock: Callable[[], float] = time.perf_counter,
) -> Estimate:
    """Estimate a sweep from a few of its runs.

    Args:
        workers: Processes of this machine.
        memory: What this machine has for them all, in bytes.
        concurrency: Shards that the deployed workflow runs at once; setting
            ``study_max_concurrency`` of its stage.

    Raises:
        Conflict: If the bars are not those of the plan.
    """
    speed = measure(plan, bars, mode, clock)
    total = sum(pinned.bars for pinned in plan.data) * len(plan.combinations)  # whole numbers
    return Estimate(
        runs=plan.runs,
        shards=plan.shards,
        bars=total,
        shard_bytes=shard_memory(plan),
        speed=speed,
        courses=(
            _local(plan, speed, total, workers, memory),
            _step_functions(plan, speed, total, concurrency, prices),
            _ray(plan, speed, total, workers, memory),
        ),
        prices=prices,
    )


def measure(
    plan: Plan,
    bars: BarStore,
    mode: Wish = "auto",
    clock: Callable[[], float] = time.perf_counter,
) -> Speed:
    """Run a few of a plan's backtests, drawn by its seed, and take the time.

    Raises:
        Conflict: If the bars are not those of the plan.
    """
    # Loads numpy and the compiler: not before there is something to compute.
    from algotrendy.backtest.rows import backtest_of, run_rows

    market = max(plan.markets, key=lambda market: market.bars)
    dataset = dataset_of_plan(plan, market, bars)
    calendar = plan.calendar
    tried, drawn = plan.combinations, shuffled(len(plan.combinations), plan.spec.seed)

    def took(numbers: Sequence[int]) -> float:
        begin = clock()
        run_rows(
            dataset,
            plan.strategy,
            [tried[n] for n in numbers],
            plan.terms,
            numbers,
            mode=mode,
            calendar=calendar,
        )
        return max(clock() - begin, 1e-9)

    first = [next(drawn)]
    begin = clock()
    ran = backtest_of(dataset, plan.strategy, tried[first[0]], plan.terms, mode, calendar).mode
    took(first)
    first_s = clock() - begin
    numbers, seconds = first, took(first)
    # More at once, until the clock can tell how long they take.
    while seconds < _CLEAR_S and (more := list(islice(drawn, len(numbers) * _MORE))):
        numbers = more
        seconds = took(numbers)
    return Speed(len(numbers), len(numbers) * _size(market), seconds, first_s, ran)


def shard_memory(plan: Plan) -> int:
    """Give the memory that the largest shard needs, in bytes."""
    size = len(plan.combinations)
    held = 1 + -(-(plan.shard_runs - 1) // size) if plan.shard_runs > 1 else 1
    longest = sorted(map(_size, plan.markets), reverse=True)[:held]
    runs = min(plan.shard_runs, plan.runs)
    return RUNTIME_BYTES + sum(longest) * BAR_BYTES + runs * ROW_BYTES  # whole numbers


def _size(market: Market) -> int:
    return sum(pinned.bars for pinned in market.data)  # whole numbers


def require_fit(plan: Plan, limit: int, where: str) -> None:
    """Refuse a plan whose largest shard needs more memory than one worker has.

    Args:
        limit: In bytes.
        where: What has that memory, such as ``a function of 1769 MB``.

    Raises:
        Invalid: Naming the figure, and the symbol that it comes from.
    """
    needed = shard_memory(plan)
    if needed <= limit:
        return
    longest = max(plan.data, key=lambda pinned: pinned.bars)
    expected = f"few enough bars for a shard to fit into {_mb(limit)} MB of {where}"
    fact = f"{_mb(needed)} MB: {longest.symbol} alone has {longest.bars:,} bars"
    raise Invalid("start", expected, fact)


def _local(plan: Plan, speed: Speed, bars: int, workers: int, memory: int | None) -> Course:
    cpu = bars / speed.bars_per_s
    used = max(1, min(workers, plan.shards))
    waves = -(-plan.shards // used)
    # The last wave may be of few shards: the longest row of shards decides.
    wall = WORKER_START_S + waves * cpu / plan.shards + _reduce_s(plan, speed)
    limit = None if memory is None else memory // used
    return Course("local", used, wall, cpu + used * WORKER_START_S, limit)


def _ray(plan: Plan, speed: Speed, bars: int, workers: int, memory: int | None) -> Course:
    """On this machine; a cluster that runs already takes no start, and may have more of it all."""
    local = _local(plan, speed, bars, workers, memory)
    wall = RAY_START_S + local.wall_s
    return replace(local, executor="ray", wall_s=wall, cpu_s=local.cpu_s + RAY_START_S)


def _step_functions(
    plan: Plan, speed: Speed, bars: int, concurrency: int, prices: Prices
) -> Course:
    cpu = bars / speed.bars_per_s
    used = max(1, min(concurrency, plan.shards))
    waves = -(-plan.shards // used)
    reduce_s = LAMBDA_START_S + _reduce_s(plan, speed)
    cold = used * LAMBDA_START_S
    plan_s = LAMBDA_START_S + plan.shards * 0.05
    wall = plan_s + LAMBDA_START_S + waves * (cpu / plan.shards + STEP_S) + reduce_s + 4 * STEP_S
    usage = Usage(
        gb_seconds=(
            (cpu + cold + plan_s) * LAMBDA_MB + reduce_s * REDUCE_MB + LAMBDA_START_S * RECORD_MB
        )
        * 2**20
        / GIB,
        requests=plan.shards + 3,
        # Plan, RunShards, Reduce, RecordSuccess, Succeeded, and RunShard for each shard.
        transitions=plan.shards + 5,
        # Each shard's part and result, their list, the plan, table, report, summary.
        s3_writes=2 * plan.shards + 5,
        # A shard looks for its part, its result and the bars; the reduction reads all results.
        s3_reads=4 * plan.shards + 6 + _lake_reads(plan),
    )
    return Course(
        "stepfunctions", used, wall, cpu + cold, LAMBDA_MB * 2**20, usage.dollars(prices), usage
    )


def _lake_reads(plan: Plan) -> int:
    years = [int(each.last[:4]) - int(each.first[:4]) + 1 for each in plan.data]
    # The reduction reads the bars of the best run again.
    return LAKE_FILE_READS * (LAKE_PASSES * sum(years) + max(years))  # whole numbers


def _reduce_s(plan: Plan, speed: Speed) -> float:
    # The best run twice, its benchmark twice.
    longest = max(pinned.bars for pinned in plan.data)
    return 4 * longest / speed.bars_per_s + plan.runs * ROW_S


def _mb(count: int) -> str:
    return f"{count / 2**20:,.0f}"

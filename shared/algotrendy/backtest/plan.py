"""Plan a sweep: pin the data, number the runs, cut them into shards.

A plan is made once. What it says decides every byte of the result; who runs its shards, where and
how often, does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from algotrendy.backtest.canonical import JSON, digest, encode, sealed, unsealed
from algotrendy.backtest.earlier import Earlier, nothing_before
from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.grid import Combination, check_markets, expand
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.markets import Market, Pinned, calendar_named, dataset_of, pin, pinned_bars
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.request import ResearchSpec, SweepSpec
from algotrendy.backtest.versions import lend, strategy_of
from algotrendy.kernel.errors import Conflict, Invalid, NotFound
from algotrendy.kernel.ids import SweepId
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.market_data.ports import BarStore
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import strategy_named
from algotrendy.strategy.parameters import Value

if TYPE_CHECKING:
    from algotrendy.backtest.data.dataset import Dataset

__all__ = [
    "Ask",
    "DamagedPlan",
    "Plan",
    "Run",
    "dataset_of_plan",
    "digest",
    "make_plan",
    "plan_sweep",
    "planned",
    "read_plan",
    "terms_of",
    "write_plan",
]

SHARD_RUNS_LIMIT = 1000
_SHARD_BARS = 2_000_000


class DamagedPlan(Conflict):
    """Says that the stored plan of a sweep is not as it was written."""

    code = "damaged-plan"


@dataclass(frozen=True, slots=True)
class Run:
    """One backtest of a sweep; ``number`` counts from 1 over all markets and combinations.

    Attributes:
        symbol: Of its market; several, with blanks between them, that are traded together.
    """

    number: int
    symbol: str
    values: Combination


@dataclass(frozen=True)
class Plan:
    """What a sweep will run, on which data.

    Attributes:
        version: Of the strategy's code, see ``strategy_version``.
        engine: Version of the engine that runs it.
        bars_version: Version of the bar store.
        grid: Combinations of parameters before the rules and the limit.
        excluded: Those that break a rule; None when too many to count.
        combinations: Tried on each market, see ``Grid``.
        shard_runs: Runs in each shard but the last.
        earlier: What was tried on these data before.
    """

    spec: SweepSpec
    version: str
    engine: int
    bars_version: int
    data: tuple[Pinned, ...]
    grid: int
    excluded: int | None
    combinations: tuple[Combination, ...]
    shard_runs: int
    earlier: Earlier

    @property
    def strategy(self) -> Strategy:
        """Give the strategy."""
        return strategy_of(self.spec.strategy, self.version)

    @property
    def terms(self) -> Terms:
        """Give the terms on which orders fill."""
        return self.spec.terms

    @property
    def calendar(self) -> TradingCalendar | None:
        """Give when the market is open."""
        return calendar_named(self.spec.calendar)

    @cached_property
    def markets(self) -> tuple[Market, ...]:
        """Give what each combination is tried on."""
        if self.spec.together:
            return (Market(self.data),)
        return tuple(Market((pinned,)) for pinned in self.data)

    @property
    def first(self) -> date:
        """Give the date of the first bar."""
        return date.fromisoformat(min(pinned.first for pinned in self.data))

    @property
    def last(self) -> date:
        """Give the date of the last bar."""
        return date.fromisoformat(max(pinned.last for pinned in self.data))

    @property
    def runs(self) -> int:
        """Count the backtests."""
        return len(self.combinations) * len(self.markets)

    @property
    def shards(self) -> int:
        """Count the shards."""
        return -(-self.runs // self.shard_runs)

    @property
    def is_sampled(self) -> bool:
        """Tell whether allowed combinations were left out for their number."""
        return self.excluded is None or len(self.combinations) + self.excluded < self.grid

    def run(self, number: int) -> Run:
        """Give one run: markets in order, for each the combinations in order."""
        _, place = divmod(number - 1, len(self.combinations))
        return Run(number, self.market(number).name, self.combinations[place])

    def market(self, number: int) -> Market:
        """Give the market of a run."""
        return self.markets[(number - 1) // len(self.combinations)]

    def numbers(self, shard: int) -> range:
        """Give the numbers of a shard's runs."""
        first = shard * self.shard_runs + 1
        return range(first, min(first + self.shard_runs, self.runs + 1))

    def shard(self, number: int) -> int:
        """Give the shard of a run."""
        return (number - 1) // self.shard_runs

    def named(self, values: Combination) -> dict[str, Value]:
        """Give a combination by the names of the parameters."""
        names = (parameter.name for parameter in self.strategy.parameters)
        return dict(zip(names, values, strict=True))

    def columns(self) -> dict[str, Combination]:
        """Give the values of all combinations by parameter."""
        names = (parameter.name for parameter in self.strategy.parameters)
        return dict(zip(names, zip(*self.combinations, strict=True), strict=False))

    @cached_property
    def sha256(self) -> str:
        """Hash all that decides the results."""
        return digest(self.to_json())

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Plan:
        """Read what ``to_json`` gave."""
        return cls(
            **{
                **body,
                "spec": SweepSpec.model_validate(body["spec"]),
                "data": tuple(Pinned(**pinned) for pinned in body["data"]),
                "combinations": tuple(tuple(values) for values in body["combinations"]),
                "earlier": Earlier.from_json(body["earlier"]),
            }
        )

    def to_json(self) -> dict[str, Any]:
        """Give the plan as JSON values."""
        return {
            "spec": self.spec.model_dump(mode="json"),
            "version": self.version,
            "engine": self.engine,
            "bars_version": self.bars_version,
            "data": [
                {name: getattr(pinned, name) for name in Pinned.__slots__} for pinned in self.data
            ],
            "grid": self.grid,
            "excluded": self.excluded,
            "combinations": [list(values) for values in self.combinations],
            "shard_runs": self.shard_runs,
            "earlier": self.earlier.to_json(),
        }


Ask = Callable[[Plan], Earlier]
"""Asks who counts trials what was tried on a plan's data before it."""


def make_plan(
    spec: SweepSpec,
    bars: BarStore,
    shard_runs: int | None = None,
    ask: Ask | None = None,
    strategy: Strategy | None = None,
) -> Plan:
    """Plan a sweep on the bars as they are now.

    Args:
        shard_runs: Runs in a shard, 1 to 1000; by default so many that a shard takes seconds.
        ask: See ``Ask``; without it the sweep's own runs are all that its winner is judged by.
        strategy: Of a user's own; by default the one of the library that ``spec`` names.

    Raises:
        NotFound: For an unknown strategy or symbol.
        Invalid: For a parameter that does not fit the strategy, or a period with too few bars.
    """
    strategy = strategy or strategy_named(spec.strategy)
    check_markets(spec, strategy)
    version = bars.version()
    sources = {summary.symbol: summary.source for summary in bars.symbols(as_of=spec.as_of)}
    data = [pin(spec, strategy, symbol, bars, version, sources) for symbol in spec.symbols]
    return planned(spec, strategy, data, version, shard_runs, ask)


def planned(
    spec: SweepSpec,
    strategy: Strategy,
    data: Sequence[Pinned],
    bars_version: int,
    shard_runs: int | None = None,
    ask: Ask | None = None,
) -> Plan:
    """Plan a sweep on bars that are pinned, as ``make_plan`` does."""
    if shard_runs is not None and not 1 <= shard_runs <= SHARD_RUNS_LIMIT:
        raise Invalid("shard_runs", f"between 1 and {SHARD_RUNS_LIMIT}", shard_runs)
    grid = expand(spec, strategy)
    names = [parameter.name for parameter in strategy.parameters]
    needed = min(
        strategy.warm_up(dict(zip(names, values, strict=True))) for values in grid.combinations
    )
    for pinned in data:
        if pinned.bars <= needed:
            raise Invalid(
                "start",
                f"so early that {pinned.symbol} has more than the {needed} bars "
                f"{strategy.name} needs before its first order",
                f"{spec.start} to {spec.end}: {pinned.bars} bars",
            )
    bars = [each.bars for each in data]
    longest = sum(bars) if spec.together else max(bars)  # whole numbers
    days = (min(each.first for each in data), max(each.last for each in data))
    plan = Plan(
        spec=spec,
        version=lend(strategy),
        engine=ENGINE_VERSION,
        bars_version=bars_version,
        data=tuple(data),
        grid=grid.size,
        excluded=grid.excluded,
        combinations=grid.combinations,
        shard_runs=shard_runs or max(1, min(250, _SHARD_BARS // longest)),
        earlier=nothing_before(spec.symbols, *map(date.fromisoformat, days)),
    )
    return plan if ask is None else replace(plan, earlier=ask(plan))


def plan_sweep(
    sweep_id: SweepId,
    spec: SweepSpec,
    blobs: Blobs,
    bars: BarStore,
    shard_runs: int | None = None,
    ask: Ask | None = None,
    strategy: Strategy | None = None,
) -> Plan:
    """Plan a sweep and write the plan, unless it is there.

    Done twice, the first plan stands, even when new bars have come: a second attempt finds the
    shards of the first still of use. A plan for another version of the engine, or one that is
    damaged, is made anew.

    Raises:
        Conflict: If the plan that is there answers another request.
    """
    try:
        plan = read_plan(sweep_id, blobs)
    except (NotFound, DamagedPlan):
        plan = None
    if plan is None or plan.engine != ENGINE_VERSION:
        plan = make_plan(spec, bars, shard_runs, ask, strategy)
        write_plan(sweep_id, plan, blobs, _write_data(sweep_id, plan, blobs, bars))
    if plan.spec != spec:
        raise Conflict(f"sweep {sweep_id} was planned from another request")
    return plan


def write_plan(
    sweep_id: SweepId, plan: Plan, blobs: Blobs, files: Mapping[str, str] | None = None
) -> None:
    """Write the shards, the list of them and last, as the sign that all is there, the plan.

    Args:
        files: By market, the sha256 of the dataset that lies beside the plan; a shard reads the
            bars of any other market from their store.
    """
    keys = Keys(sweep_id)
    for shard in range(plan.shards):
        blobs.put(keys.shard(shard), sealed(_assignment(plan, shard, files or {})), JSON)
    blobs.put(keys.shards, encode([{"shard": shard} for shard in range(plan.shards)]), JSON)
    blobs.put(keys.plan, sealed(plan.to_json()), JSON)


def read_plan(sweep_id: SweepId, blobs: Blobs) -> Plan:
    """Read the plan of a sweep.

    Raises:
        NotFound: If there is none.
        DamagedPlan: If it is not as it was written.
    """
    found = unsealed(blobs.get(Keys(sweep_id).plan))
    if found is None:
        raise DamagedPlan(f"the plan of sweep {sweep_id} is not as it was written")
    return Plan.from_json(found)


def dataset_of_plan(plan: Plan, market: Market, bars: BarStore) -> Dataset:
    """Make the dataset of a market of the store's bars, as they were pinned.

    Raises:
        Conflict: If the store no longer has them as they were.
    """
    series = [
        pinned_bars(plan.spec, pinned.symbol, pinned.sha256, plan.bars_version, bars)
        for pinned in market.data
    ]
    return dataset_of(series, plan.strategy, plan.spec)


def terms_of(spec: ResearchSpec) -> Terms:
    """Give the terms of a request in the engine's floats."""
    return spec.terms


def _write_data(sweep_id: SweepId, plan: Plan, blobs: Blobs, bars: BarStore) -> dict[str, str]:
    # Loads numpy: not before there is a plan.
    from algotrendy.backtest.data_files import put_dataset

    keys, files = Keys(sweep_id), {}
    for market in plan.markets:
        dataset = dataset_of_plan(plan, market, bars)
        files[market.name] = put_dataset(dataset, keys.data(market.sha256), blobs)
    return files


def _assignment(plan: Plan, shard: int, files: Mapping[str, str]) -> dict[str, Any]:
    runs = [plan.run(number) for number in plan.numbers(shard)]
    names = {run.symbol for run in runs}
    markets = [market for market in plan.markets if market.name in names]
    return {
        "plan_sha256": plan.sha256,
        "shard": shard,
        "engine": plan.engine,
        "version": plan.version,
        "spec": plan.spec.model_dump(mode="json", exclude={"parameters"}),
        "bars_version": plan.bars_version,
        "data": {
            market.name: {pinned.symbol: pinned.sha256 for pinned in market.data}
            for market in markets
        },
        "files": {name: files[name] for name in sorted(names & files.keys())},
        "runs": [[run.number, run.symbol, list(run.values)] for run in runs],
    }

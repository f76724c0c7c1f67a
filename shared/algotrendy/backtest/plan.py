"""Plan a sweep: pin the data, number the runs, cut them into shards.

A plan is made once. What it says decides every byte of the result; who runs its shards, where and
how often, does not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.grid import Combination, expand
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.sweep import ResearchSpec, SweepSpec
from algotrendy.kernel.errors import Conflict, Invalid, NotFound
from algotrendy.kernel.ids import SweepId
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.series import session_date
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import strategy_named
from algotrendy.strategy.parameters import Value

JSON = "application/json"
SHARD_RUNS_LIMIT = 1000
_SHARD_BARS = 2_000_000


class DamagedPlan(Conflict):
    """Says that the stored plan of a sweep is not as it was written."""

    code = "damaged-plan"


@dataclass(frozen=True, slots=True)
class Keys:
    """Where the objects of a sweep or a walk forward lie."""

    study_id: UUID

    @property
    def plan(self) -> str:
        """Give the key of the plan; it is written last, when all else of the plan is there."""
        return f"{self.study_id}/plan.json"

    @property
    def shards(self) -> str:
        """Give the key of the list ``[{"shard": 0}, ...]`` that a distributed map reads."""
        return f"{self.study_id}/plan/shards.json"

    @property
    def windows(self) -> str:
        """Give the key of the list ``[{"window": 1}, ...]`` that a distributed map reads."""
        return f"{self.study_id}/plan/windows.json"

    def shard(self, shard: int) -> str:
        """Give the key of what one shard has to do."""
        return f"{self.study_id}/plan/shard-{shard:05d}.json"

    def data(self, sha256: str) -> str:
        """Give the key of the dataset made of a series, by the hash of the series."""
        return f"{self.study_id}/plan/data-{sha256}.bin"

    @property
    def results(self) -> str:
        """Give what the keys of all shard results begin with."""
        return f"{self.study_id}/results/"

    def result(self, shard: int) -> str:
        """Give the key of what one shard found."""
        return f"{self.study_id}/results/shard-{shard:05d}.json"

    def window(self, number: int) -> str:
        """Give the key of what one window of a walk forward found."""
        return f"{self.study_id}/results/window-{number:05d}.json"

    @property
    def failures(self) -> str:
        """Give what the keys of the windows begin with that failed for good."""
        return f"{self.study_id}/failures/"

    @property
    def table(self) -> str:
        """Give the key of the table of all runs."""
        return f"{self.study_id}/results.csv"

    @property
    def outcome(self) -> str:
        """Give the key of all that came of a walk forward."""
        return f"{self.study_id}/walk-forward.json"

    @property
    def scores(self) -> str:
        """Give what the keys of the scores begin with that a walk forward keeps as it goes."""
        return f"{self.study_id}/scores"

    @property
    def report(self) -> str:
        """Give the key of the report."""
        return f"{self.study_id}/report.html"

    @property
    def summary(self) -> str:
        """Give the key of the summary; it is written last, when all else is there."""
        return f"{self.study_id}/summary.json"


@dataclass(frozen=True, slots=True)
class Pinned:
    """The bars of one symbol that every run of the sweep is to see.

    Attributes:
        sha256: Of the series, see ``BarSeries.sha256``.
        first, last: Session dates, ISO 8601.
        source: As the store names it.
    """

    symbol: str
    timeframe: str
    sha256: str
    bars: int
    first: str
    last: str
    source: str


@dataclass(frozen=True, slots=True)
class Run:
    """One backtest of a sweep; ``number`` counts from 1 over all symbols and combinations."""

    number: int
    symbol: str
    values: Combination


@dataclass(frozen=True)
class Plan:
    """What a sweep will run, on which data.

    Attributes:
        engine: Version of the engine that runs it.
        bars_version: Version of the bar store.
        grid: Combinations of parameters before the rules and the limit.
        excluded: Those that break a rule; None when too many to count.
        combinations: Tried on each symbol, see ``Grid``.
        shard_runs: Runs in each shard but the last.
    """

    spec: SweepSpec
    engine: int
    bars_version: int
    data: tuple[Pinned, ...]
    grid: int
    excluded: int | None
    combinations: tuple[Combination, ...]
    shard_runs: int

    @property
    def strategy(self) -> Strategy:
        """Give the strategy."""
        return strategy_named(self.spec.strategy)

    @property
    def terms(self) -> Terms:
        """Give the terms on which orders fill."""
        return terms_of(self.spec)

    @property
    def runs(self) -> int:
        """Count the backtests."""
        return len(self.combinations) * len(self.data)

    @property
    def shards(self) -> int:
        """Count the shards."""
        return -(-self.runs // self.shard_runs)

    @property
    def is_sampled(self) -> bool:
        """Tell whether allowed combinations were left out for their number."""
        return self.excluded is None or len(self.combinations) + self.excluded < self.grid

    def run(self, number: int) -> Run:
        """Give one run: symbols in order, for each the combinations in order."""
        symbol, place = divmod(number - 1, len(self.combinations))
        return Run(number, self.data[symbol].symbol, self.combinations[place])

    def numbers(self, shard: int) -> range:
        """Give the numbers of a shard's runs."""
        first = shard * self.shard_runs + 1
        return range(first, min(first + self.shard_runs, self.runs + 1))

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
        return digest(self._body())

    def to_json(self) -> dict[str, Any]:
        """Give the plan as JSON values."""
        return {"sha256": self.sha256, **self._body()}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Plan:
        """Read a plan, or raise ValueError if it is not as it was written."""
        body = {name: value for name, value in found.items() if name != "sha256"}
        if digest(body) != found.get("sha256"):
            raise ValueError("sha256")
        return cls(
            **{
                **body,
                "spec": SweepSpec.model_validate(body["spec"]),
                "data": tuple(Pinned(**pinned) for pinned in body["data"]),
                "combinations": tuple(tuple(values) for values in body["combinations"]),
            }
        )

    def _body(self) -> dict[str, Any]:
        return {
            "spec": self.spec.model_dump(mode="json"),
            "engine": self.engine,
            "bars_version": self.bars_version,
            "data": [
                {name: getattr(pinned, name) for name in Pinned.__slots__} for pinned in self.data
            ],
            "grid": self.grid,
            "excluded": self.excluded,
            "combinations": [list(values) for values in self.combinations],
            "shard_runs": self.shard_runs,
        }


def make_plan(spec: SweepSpec, bars: BarStore, shard_runs: int | None = None) -> Plan:
    """Plan a sweep on the bars as they are now.

    Args:
        shard_runs: Runs in a shard, 1 to 1000; by default so many that a shard takes seconds.

    Raises:
        NotFound: For an unknown strategy or symbol.
        Invalid: For a parameter that does not fit the strategy, or a period with too few bars.
    """
    if shard_runs is not None and not 1 <= shard_runs <= SHARD_RUNS_LIMIT:
        raise Invalid("shard_runs", f"between 1 and {SHARD_RUNS_LIMIT}", shard_runs)
    strategy = strategy_named(spec.strategy)
    grid = expand(spec, strategy)
    version = bars.version()
    sources = {summary.symbol: summary.source for summary in bars.symbols()}
    data = tuple(_pin(spec, symbol, bars, version, sources) for symbol in spec.symbols)
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
    longest = max(pinned.bars for pinned in data)
    return Plan(
        spec=spec,
        engine=ENGINE_VERSION,
        bars_version=version,
        data=data,
        grid=grid.size,
        excluded=grid.excluded,
        combinations=grid.combinations,
        shard_runs=shard_runs or max(1, min(250, _SHARD_BARS // longest)),
    )


def plan_sweep(
    sweep_id: SweepId,
    spec: SweepSpec,
    blobs: Blobs,
    bars: BarStore,
    shard_runs: int | None = None,
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
        plan = make_plan(spec, bars, shard_runs)
        write_plan(sweep_id, plan, blobs, _write_data(sweep_id, plan, blobs, bars))
    if plan.spec != spec:
        raise Conflict(f"sweep {sweep_id} was planned from another request")
    return plan


def write_plan(
    sweep_id: SweepId, plan: Plan, blobs: Blobs, files: Mapping[str, str] | None = None
) -> None:
    """Write the shards, the list of them and last, as the sign that all is there, the plan.

    Args:
        files: By symbol, the sha256 of the dataset that lies beside the plan; a shard reads the
            bars of any other symbol from their store.
    """
    keys = Keys(sweep_id)
    for shard in range(plan.shards):
        blobs.put(keys.shard(shard), encode(_assignment(plan, shard, files or {})), JSON)
    blobs.put(keys.shards, encode([{"shard": shard} for shard in range(plan.shards)]), JSON)
    blobs.put(keys.plan, encode(plan.to_json()), JSON)


def read_plan(sweep_id: SweepId, blobs: Blobs) -> Plan:
    """Read the plan of a sweep.

    Raises:
        NotFound: If there is none.
        DamagedPlan: If it is not as it was written.
    """
    data = blobs.get(Keys(sweep_id).plan)
    try:
        return Plan.from_json(json.loads(data))
    except (ValueError, AttributeError) as error:
        raise DamagedPlan(f"the plan of sweep {sweep_id} is not as it was written") from error


def terms_of(spec: ResearchSpec) -> Terms:
    """Give the terms of a request in the engine's floats."""
    return Terms(float(spec.cash), fee_bps=float(spec.fee_bps), fractional=spec.fractional)


def encode(value: object) -> bytes:
    """Write JSON in one canonical form."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()


def digest(value: object) -> str:
    """Hash a JSON value in its canonical form."""
    return hashlib.sha256(encode(value)).hexdigest()


def _pin(
    spec: SweepSpec, name: str, bars: BarStore, version: int, sources: dict[Any, str]
) -> Pinned:
    symbol = parse_symbol(name)
    series = bars.read(symbol, spec.start, spec.end, adjustment=spec.adjustment, version=version)
    return Pinned(
        symbol=name,
        timeframe=series.timeframe.value,
        sha256=series.sha256(),
        bars=len(series),
        first=session_date(series.times[0]).isoformat(),
        last=session_date(series.times[-1]).isoformat(),
        source=sources.get(symbol, "unknown"),
    )


def _write_data(sweep_id: SweepId, plan: Plan, blobs: Blobs, bars: BarStore) -> dict[str, str]:
    # Loads numpy: not before there is a plan.
    from algotrendy.backtest.data_files import put_dataset
    from algotrendy.backtest.rows import dataset_of
    from algotrendy.backtest.shard import pinned_bars

    keys = Keys(sweep_id)
    return {
        pinned.symbol: put_dataset(
            dataset_of(
                pinned_bars(plan.spec, pinned.symbol, pinned.sha256, plan.bars_version, bars)
            ),
            keys.data(pinned.sha256),
            blobs,
        )
        for pinned in plan.data
    }


def _assignment(plan: Plan, shard: int, files: Mapping[str, str]) -> dict[str, Any]:
    runs = [plan.run(number) for number in plan.numbers(shard)]
    symbols = {run.symbol for run in runs}
    body = {
        "plan_sha256": plan.sha256,
        "shard": shard,
        "engine": plan.engine,
        "spec": plan.spec.model_dump(mode="json", exclude={"parameters"}),
        "bars_version": plan.bars_version,
        "data": {pinned.symbol: pinned.sha256 for pinned in plan.data if pinned.symbol in symbols},
        "files": {symbol: files[symbol] for symbol in sorted(symbols & files.keys())},
        "runs": [[run.number, run.symbol, list(run.values)] for run in runs],
    }
    return {**body, "sha256": digest(body)}

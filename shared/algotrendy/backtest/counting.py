"""Say what a sweep or a run tried, so that the ledger of trials can count it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from math import sqrt
from typing import TYPE_CHECKING, Any

from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.plan import Pinned, Plan, digest
from algotrendy.backtest.shard import Row
from algotrendy.backtest.statistics.figures import STATISTICS
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.trials import Batch, Kind, Moments, Tally
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.ids import CorrelationId, TenantId, UserId
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.series import session_date
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import library

if TYPE_CHECKING:
    from algotrendy.backtest.engine.result import Backtest

_SHARPE = 1 + STATISTICS.index("sharpe")


@dataclass(frozen=True, slots=True)
class Entry:
    """What was tried together, before anybody records it; the attributes are a batch's.

    Attributes:
        sha256: Of all that decides the results, and not of how the work was cut or where the bars
            lay: who tries the same again tries nothing new.
    """

    sha256: str
    kind: Kind
    strategy: str
    version: str
    tallies: tuple[Tally, ...]

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON values."""
        return {
            "sha256": self.sha256,
            "kind": self.kind.value,
            "strategy": self.strategy,
            "version": self.version,
            "tallies": [_tally_json(tally) for tally in self.tallies],
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Entry:
        """Read what ``to_json`` gave: the same to the last bit."""
        tallies = tuple(_tally(each) for each in found["tallies"])
        kind = Kind(found["kind"])
        return cls(found["sha256"], kind, found["strategy"], found["version"], tallies)


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records trials for somebody.

    Attributes:
        is_kept: Whether the ledger outlives this process.
    """

    ledger: TrialLedger
    tenant: TenantId
    recorded_by: UserId
    correlation_id: CorrelationId
    is_kept: bool = True

    def record(self, entry: Entry) -> Batch:
        """Count what was tried; the same again changes nothing.

        Raises:
            Conflict: If the same was recorded with other figures.
        """
        return self.ledger.record(
            entry.sha256,
            entry.kind,
            entry.strategy,
            entry.version,
            entry.tallies,
            tenant=self.tenant,
            recorded_by=self.recorded_by,
            correlation_id=self.correlation_id,
        )


def entry_of_sweep(plan: Plan, rows: Sequence[Row]) -> Entry:
    """Count the runs of a sweep, symbol by symbol.

    Args:
        rows: Of all runs, in the order of their numbers.
    """
    spec = plan.spec.model_dump(
        mode="json", exclude={"symbols", "start", "end", "parameters", "max_runs", "seed"}
    )
    body = {
        "spec": spec,
        "engine": plan.engine,
        "data": [[each.symbol, each.timeframe, each.sha256] for each in plan.data],
        "combinations": [list(values) for values in plan.combinations],
    }
    each = len(plan.combinations)
    tallies = (
        _pinned_tally(pinned, [row[_SHARPE] for row in rows[place * each : (place + 1) * each]])
        for place, pinned in enumerate(plan.data)
    )
    version = f"engine {plan.engine}"
    return Entry(digest(body), Kind.SWEEP, plan.spec.strategy, version, _in_order(tallies))


def entry_of_run(backtest: Backtest) -> Entry:
    """Count a single run.

    Raises:
        Invalid: For a run without a bar, or of symbols or a timeframe that the ledger cannot name.
    """
    # Load numpy: not before there is a run, which loaded it anyhow.
    from algotrendy.backtest.statistics.summary import periods_per_year, summarise

    setting = backtest.setting
    dataset, strategy = setting.dataset, setting.strategy
    timeframe = Timeframe(dataset.timeframe)
    year = periods_per_year(timeframe)
    sharpe = summarise(backtest, year).sharpe
    body = {
        "strategy": strategy.name,
        "version": strategy_version(strategy),
        "engine": ENGINE_VERSION,
        "data": dataset.sha256(),
        "values": dict(setting.values),
        "terms": asdict(setting.terms),
        "trade_from": setting.trade_from,
    }
    tally = Tally.of(
        dataset.symbols,
        timeframe,
        # A day's bar is known at the midnight that ends it.
        session_date(int(backtest.time[0]) - 1),
        session_date(int(backtest.time[-1]) - 1),
        [None if sharpe is None else sharpe / sqrt(year)],
        observations=max(1, len(backtest.time) - 1),
        periods_per_year=year,
    )
    return Entry(digest(body), Kind.RUN, strategy.name, strategy_version(strategy), (tally,))


def strategy_version(strategy: Strategy) -> str:
    """Tell one version of a strategy from another.

    One of the library changes with the engine's version only; of any other the code is hashed.
    """
    if any(strategy is known for known in library()):
        return f"engine {ENGINE_VERSION}"
    from algotrendy.strategy.fingerprint import code_hash

    return code_hash(strategy)


def _pinned_tally(pinned: Pinned, sharpes: Sequence[Any]) -> Tally:
    from algotrendy.backtest.statistics.summary import periods_per_year

    timeframe = Timeframe(pinned.timeframe)
    year = periods_per_year(timeframe)
    return Tally.of(
        [pinned.symbol],
        timeframe,
        date.fromisoformat(pinned.first),
        date.fromisoformat(pinned.last),
        [None if sharpe is None else sharpe / sqrt(year) for sharpe in sharpes],
        observations=max(1, pinned.bars - 1),
        periods_per_year=year,
    )


def _in_order(tallies: Iterable[Tally]) -> tuple[Tally, ...]:
    return tuple(sorted(tallies, key=lambda tally: tally.data))


def _tally_json(tally: Tally) -> dict[str, Any]:
    sharpe = tally.sharpe
    return {
        "symbols": list(tally.symbols),
        "timeframe": tally.timeframe.value,
        "first": tally.first.isoformat(),
        "last": tally.last.isoformat(),
        "periods_per_year": tally.periods_per_year,
        "observations": tally.observations,
        "trials": tally.trials,
        "sharpe": [sharpe.count, sharpe.mean, sharpe.m2],
        "best": tally.best,
    }


def _tally(found: Mapping[str, Any]) -> Tally:
    return Tally(
        symbols=tuple(Symbol(symbol) for symbol in found["symbols"]),
        timeframe=Timeframe(found["timeframe"]),
        first=date.fromisoformat(found["first"]),
        last=date.fromisoformat(found["last"]),
        periods_per_year=found["periods_per_year"],
        observations=found["observations"],
        trials=found["trials"],
        sharpe=Moments(*found["sharpe"]),
        best=found["best"],
    )

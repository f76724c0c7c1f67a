"""Say what a sweep or a run tried, so that the ledger of trials can count it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from math import sqrt
from typing import TYPE_CHECKING, Any

from algotrendy.backtest.canonical import digest
from algotrendy.backtest.earlier import Earlier
from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.markets import Market
from algotrendy.backtest.plan import Plan
from algotrendy.backtest.shard import Row
from algotrendy.backtest.statistics.figures import STATISTICS
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.trials import Batch, Kind, Moments, Tally
from algotrendy.backtest.versions import strategy_version
from algotrendy.kernel.bar import Timeframe, parse_timeframe
from algotrendy.kernel.ids import CorrelationId, TenantId, UserId
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.series import session_date

if TYPE_CHECKING:
    from algotrendy.backtest.data.dataset import Dataset
    from algotrendy.backtest.engine.result import Backtest
    from algotrendy.market_data.calendar import TradingCalendar

__all__ = [
    "Entry",
    "Recorder",
    "entry_of_run",
    "entry_of_sweep",
    "strategy_version",
    "sweep_sha256",
]

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

    def earlier(self, plan: Plan) -> Earlier:
        """Tell what was tried on a sweep's symbols before it; its own runs do not count twice."""
        tried = self.ledger.tried_on(
            self.tenant, plan.spec.symbols, plan.first, plan.last, besides=sweep_sha256(plan)
        )
        return Earlier(tried, self.is_kept)


def sweep_sha256(plan: Plan) -> str:
    """Hash all that decides what the runs of a sweep find, and not how they are cut."""
    left_out = {"symbols", "start", "end", "parameters", "max_runs", "seed"}
    return digest(
        {
            "spec": plan.spec.model_dump(mode="json", exclude=left_out),
            "version": plan.version,
            "engine": plan.engine,
            "data": [[each.symbol, each.timeframe, each.sha256] for each in plan.data],
            "combinations": [list(values) for values in plan.combinations],
        }
    )


def entry_of_sweep(plan: Plan, rows: Sequence[Row]) -> Entry:
    """Count the runs of a sweep, market by market.

    Args:
        rows: Of all runs, in the order of their numbers.
    """
    each, calendar = len(plan.combinations), plan.calendar
    tallies = (
        _market_tally(
            market, [row[_SHARPE] for row in rows[place * each : (place + 1) * each]], calendar
        )
        for place, market in enumerate(plan.markets)
    )
    kind = Kind.SWEEP
    return Entry(sweep_sha256(plan), kind, plan.spec.strategy, plan.version, _in_order(tallies))


def entry_of_run(backtest: Backtest) -> Entry:
    """Count a single run.

    Raises:
        Invalid: For a run without a bar, or of symbols or a timeframe that the ledger cannot name.
    """
    # Load numpy: not before there is a run, which loaded it anyhow.
    from algotrendy.backtest.statistics.summary import summarise

    setting = backtest.setting
    dataset, strategy = setting.dataset, setting.strategy
    timeframe = timeframe_of(dataset)
    year = setting.a_year
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


def timeframe_of(dataset: Dataset) -> Timeframe:
    """Name a run's timeframe; of a chart style the longest that its bars last on average.

    Raises:
        Invalid: For a timeframe that the ledger cannot name.
    """
    from algotrendy.backtest.data.timeframes import is_style

    if not is_style(dataset.timeframe):
        return parse_timeframe(dataset.timeframe)
    times = dataset.timeline
    mean_ns = (int(times[-1]) - int(times[0])) / max(1, len(times) - 1)
    shorter = [each for each in Timeframe if each.span.total_seconds() * 1e9 <= mean_ns]
    return max(shorter, key=lambda each: each.span, default=Timeframe.MINUTE)


def _market_tally(
    market: Market, sharpes: Sequence[Any], calendar: TradingCalendar | None
) -> Tally:
    from algotrendy.backtest.statistics.summary import periods_per_year

    timeframe = parse_timeframe(market.data[0].timeframe)
    year = periods_per_year(timeframe, calendar)
    return Tally.of(
        market.symbols,
        timeframe,
        date.fromisoformat(min(pinned.first for pinned in market.data)),
        date.fromisoformat(max(pinned.last for pinned in market.data)),
        [None if sharpe is None else sharpe / sqrt(year) for sharpe in sharpes],
        observations=max(1, market.bars - 1),
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

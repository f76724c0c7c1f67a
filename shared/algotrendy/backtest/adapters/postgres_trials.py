"""Keep the count of trials in PostgreSQL: a batch whole or not at all, and never changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date
from itertools import groupby
from typing import Any

from algotrendy.backtest.trials import Batch, BatchId, Counted, Kind, Moments, Tally
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import CorrelationId, TenantId, UserId
from algotrendy.kernel.instrument import Symbol
from algotrendy.platform.database import Database, Row, Transaction

_BATCH = "tenant, sha256, id, kind, strategy, version, recorded_by, recorded_at, correlation_id"
_TALLY = (
    "symbols, timeframe, first_date, last_date, periods_per_year, observations, trials, "
    "sharpe_count, sharpe_mean, sharpe_m2, sharpe_best"
)
_ADD_BATCH = (
    f"INSERT INTO trial_batches ({_BATCH}) "  # noqa: S608 - a constant
    "VALUES (%(tenant)s, %(sha256)s, %(id)s, %(kind)s, %(strategy)s, %(version)s, "
    "%(recorded_by)s, %(recorded_at)s, %(correlation_id)s) "
    "ON CONFLICT (tenant, sha256) DO NOTHING RETURNING id"
)
_ADD_TALLY = (
    f"INSERT INTO trial_tallies (tenant, sha256, place, {_TALLY}) "  # noqa: S608 - a constant
    "VALUES (%(tenant)s, %(sha256)s, %(place)s, %(symbols)s, %(timeframe)s, %(first_date)s, "
    "%(last_date)s, %(periods_per_year)s, %(observations)s, %(trials)s, %(sharpe_count)s, "
    "%(sharpe_mean)s, %(sharpe_m2)s, %(sharpe_best)s)"
)
_ADD_SYMBOL = (
    "INSERT INTO trial_symbols (tenant, symbol, sha256, place, first_date, last_date) "
    "VALUES (%(tenant)s, %(symbol)s, %(sha256)s, %(place)s, %(first_date)s, %(last_date)s)"
)
# A tally of several of the symbols is found by each, and counts once.
_OVERLAPPING = (
    f"SELECT strategy, {_TALLY} FROM trial_tallies "  # noqa: S608 - a constant
    "JOIN trial_batches USING (tenant, sha256) "
    "WHERE sha256 <> %(besides)s AND (tenant, sha256, place) IN ("
    "SELECT tenant, sha256, place FROM trial_symbols WHERE tenant = %(tenant)s "
    "AND symbol = ANY(%(symbols)s) AND first_date <= %(last)s AND last_date >= %(first)s) "
    "ORDER BY sha256, place"
)
_TALLIES = (
    f"SELECT sha256, {_TALLY} FROM trial_tallies "  # noqa: S608 - a constant
    "WHERE tenant = %s AND sha256 = ANY(%s) ORDER BY sha256, place"
)


class PostgresTrials:
    """Is the ``TrialStore`` of a deployment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, batch: Batch) -> Batch:
        """Store a batch, or give the tenant's batch of the same hash."""

        def work(tx: Transaction) -> Batch:
            # Of two writers at once the second waits here, then runs again and finds the first.
            if tx.execute(_ADD_BATCH, _batch_values(batch)).fetchone() is None:
                return _read(tx, batch)
            with tx.cursor() as cursor:
                cursor.executemany(_ADD_TALLY, list(_tally_values(batch)))
                cursor.executemany(_ADD_SYMBOL, list(_symbol_values(batch)))
            return batch

        return self._database.run(work)

    def overlapping(
        self,
        tenant: TenantId,
        symbols: Sequence[Symbol],
        first: date,
        last: date,
        besides: str = "",
    ) -> list[Counted]:
        """List the tallies on any of the symbols at dates that overlap, in a fixed order."""
        asked = {
            "tenant": tenant,
            "symbols": list(symbols),
            "first": first,
            "last": last,
            "besides": besides,
        }
        rows = self._database.run(lambda tx: tx.execute(_OVERLAPPING, asked).fetchall())
        return [(row["strategy"], _tally(row)) for row in rows]

    def newest(self, tenant: TenantId, limit: int, before: BatchId | None = None) -> list[Batch]:
        """List a tenant's batches, newest first."""
        older = "AND id < %(before)s" if before else ""
        return self._database.run(
            lambda tx: _whole(
                tx,
                tenant,
                tx.execute(
                    f"SELECT {_BATCH} FROM trial_batches "  # noqa: S608 - constants
                    f"WHERE tenant = %(tenant)s {older} ORDER BY id DESC LIMIT %(limit)s",
                    {"tenant": tenant, "before": before, "limit": limit},
                ).fetchall(),
            )
        )


def _read(tx: Transaction, like: Batch) -> Batch:
    rows = tx.execute(
        f"SELECT {_BATCH} FROM trial_batches "  # noqa: S608 - a constant
        "WHERE tenant = %s AND sha256 = %s",
        [like.tenant, like.sha256],
    ).fetchall()
    for found in _whole(tx, like.tenant, rows):
        return found
    raise NotFound("batch of trials", like.sha256)


def _whole(tx: Transaction, tenant: TenantId, rows: Sequence[Row]) -> list[Batch]:
    """Give batches with their tallies, in the order of their rows."""
    tallies = tx.execute(_TALLIES, [tenant, [row["sha256"] for row in rows]]).fetchall()
    of = {
        sha256: tuple(_tally(row) for row in found)
        for sha256, found in groupby(tallies, lambda row: row["sha256"])
    }
    return [_batch(row, of[row["sha256"]]) for row in rows]


def _batch_values(batch: Batch) -> dict[str, Any]:
    return {
        "tenant": batch.tenant,
        "sha256": batch.sha256,
        "id": batch.id,
        "kind": batch.kind.value,
        "strategy": batch.strategy,
        "version": batch.version,
        "recorded_by": batch.recorded_by,
        "recorded_at": batch.recorded_at,
        "correlation_id": batch.correlation_id,
    }


def _tally_values(batch: Batch) -> Iterable[dict[str, Any]]:
    for place, tally in enumerate(batch.tallies):
        yield {
            "tenant": batch.tenant,
            "sha256": batch.sha256,
            "place": place,
            "symbols": " ".join(tally.symbols),
            "timeframe": tally.timeframe.value,
            "first_date": tally.first,
            "last_date": tally.last,
            "periods_per_year": tally.periods_per_year,
            "observations": tally.observations,
            "trials": tally.trials,
            "sharpe_count": tally.sharpe.count,
            "sharpe_mean": tally.sharpe.mean,
            "sharpe_m2": tally.sharpe.m2,
            "sharpe_best": tally.best,
        }


def _symbol_values(batch: Batch) -> Iterable[dict[str, Any]]:
    for place, tally in enumerate(batch.tallies):
        for symbol in tally.symbols:
            yield {
                "tenant": batch.tenant,
                "symbol": symbol,
                "sha256": batch.sha256,
                "place": place,
                "first_date": tally.first,
                "last_date": tally.last,
            }


def _batch(row: Row, tallies: tuple[Tally, ...]) -> Batch:
    return Batch(
        id=BatchId(row["id"]),
        tenant=TenantId(row["tenant"]),
        sha256=row["sha256"],
        kind=Kind(row["kind"]),
        strategy=row["strategy"],
        version=row["version"],
        tallies=tallies,
        recorded_by=UserId(row["recorded_by"]),
        recorded_at=row["recorded_at"].astimezone(UTC),
        correlation_id=CorrelationId(row["correlation_id"]),
    )


def _tally(row: Row) -> Tally:
    return Tally(
        symbols=tuple(Symbol(symbol) for symbol in row["symbols"].split(" ")),
        timeframe=Timeframe(row["timeframe"]),
        first=row["first_date"],
        last=row["last_date"],
        periods_per_year=row["periods_per_year"],
        observations=row["observations"],
        trials=row["trials"],
        sharpe=Moments(row["sharpe_count"], row["sharpe_mean"], row["sharpe_m2"]),
        best=row["sharpe_best"],
    )

"""Answer ``GET /v1/trials`` and ``GET /v1/trials/tried``: what was tried, on what."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from algotrendy.backtest.api.access import (
    CAPABILITY,
    DEPRECATED,
    NEXT_BEFORE,
    NEXT_CURSOR,
    Before,
    Cursor,
    Ledger,
    Viewer,
    next_cursor,
    older_than,
)
from algotrendy.backtest.trial_ledger import LIST_LIMIT
from algotrendy.backtest.trials import Batch, BatchId, Kind, Tally
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.ids import parse_uuid7

SYMBOLS_LIMIT = 50


class TallyOut(BaseModel):
    """The trials of a batch on one set of data; Sharpe ratios are of one bar."""

    symbols: list[str]
    timeframe: Timeframe
    first: date
    last: date
    trials: int
    sharpe_mean: float | None = Field(description="Null when no trial has a Sharpe ratio.")
    sharpe_variance: float | None = Field(description="Null for fewer than two ratios.")
    sharpe_best: float | None


class BatchOut(BaseModel):
    """Trials that were made together."""

    id: str
    sha256: str = Field(description="Of all that decides the results.")
    kind: Kind
    strategy: str
    version: str
    trials: int
    tallies: list[TallyOut]
    recorded_by: str
    recorded_at: datetime


class BatchesOut(BaseModel):
    """Batches of the caller's tenant, newest first."""

    batches: list[BatchOut]
    next_cursor: str | None = Field(description=NEXT_CURSOR)
    next_before: str | None = Field(description=NEXT_BEFORE, json_schema_extra=DEPRECATED)


class TriedOut(BaseModel):
    """All trials on some data; Sharpe ratios are annualised."""

    symbols: list[str]
    first: date
    last: date
    timeframes: list[Timeframe]
    trials: int
    by_strategy: dict[str, int]
    sharpe_mean: float | None
    sharpe_variance: float | None
    sharpe_best: float | None


router = APIRouter(prefix="/v1/trials", tags=[CAPABILITY])


@router.get("")
def list_trials(
    principal: Viewer,
    ledger: Ledger,
    limit: Annotated[int, Query(ge=1, le=LIST_LIMIT)] = 20,
    cursor: Cursor = None,
    before: Before = None,
) -> BatchesOut:
    """List what the caller's tenant tried, newest first."""
    after = older_than("trials", cursor, before, lambda text: BatchId(parse_uuid7(text, "before")))
    page = ledger.history(principal.tenant, limit, after)
    return BatchesOut(
        batches=[_batch(batch) for batch in page.batches],
        next_cursor=next_cursor("trials", page.next_before),
        next_before=None if page.next_before is None else str(page.next_before),
    )


@router.get("/tried")
def count_trials(
    principal: Viewer,
    ledger: Ledger,
    symbol: Annotated[list[str], Query(min_length=1, max_length=SYMBOLS_LIMIT)],
    first: date,
    last: date,
) -> TriedOut:
    """Count the tenant's trials on any of these symbols, at dates that overlap these."""
    found = ledger.tried_on(principal.tenant, symbol, first, last)
    return TriedOut(
        symbols=list(found.symbols),
        first=found.first,
        last=found.last,
        timeframes=list(found.timeframes),
        trials=found.trials,
        by_strategy=dict(found.by_strategy),
        sharpe_mean=found.sharpe.mean if found.sharpe.count else None,
        sharpe_variance=found.sharpe.variance,
        sharpe_best=found.best,
    )


def _batch(batch: Batch) -> BatchOut:
    return BatchOut(
        id=str(batch.id),
        sha256=batch.sha256,
        kind=batch.kind,
        strategy=batch.strategy,
        version=batch.version,
        trials=sum(tally.trials for tally in batch.tallies),  # whole numbers
        tallies=[_tally(tally) for tally in batch.tallies],
        recorded_by=batch.recorded_by,
        recorded_at=batch.recorded_at,
    )


def _tally(tally: Tally) -> TallyOut:
    return TallyOut(
        symbols=list(tally.symbols),
        timeframe=tally.timeframe,
        first=tally.first,
        last=tally.last,
        trials=tally.trials,
        sharpe_mean=tally.sharpe.mean if tally.sharpe.count else None,
        sharpe_variance=tally.sharpe.variance,
        sharpe_best=tally.best,
    )

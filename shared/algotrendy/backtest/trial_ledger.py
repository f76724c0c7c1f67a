"""Record every trial, and ask how many there were on some data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from algotrendy.backtest.ports import TrialStore
from algotrendy.backtest.trials import Batch, BatchId, Kind, Tally, Tried, check_data
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.ids import CorrelationId, Ids, TenantId, UserId
from algotrendy.kernel.instrument import parse_symbol

LIST_LIMIT = 100


@dataclass(frozen=True, slots=True)
class History:
    """Some batches, newest first; ``next_before`` asks for the next page, None on the last."""

    batches: list[Batch]
    next_before: BatchId | None


@dataclass(frozen=True, slots=True)
class TrialLedger:
    """The use cases of trials, over a store, a clock and a source of ids."""

    store: TrialStore
    clock: Clock
    ids: Ids

    def record(
        self,
        sha256: str,
        kind: Kind,
        strategy: str,
        version: str,
        tallies: Iterable[Tally],
        *,
        tenant: TenantId,
        recorded_by: UserId,
        correlation_id: CorrelationId,
    ) -> Batch:
        """Count a batch of trials; the same batch again changes nothing and gives the first.

        Args:
            sha256: Of all that decides the results, and of nothing else: not how the work was
                cut into shards, or the same trials would count twice.

        Raises:
            Invalid: For figures that do not fit together.
            Conflict: If a batch of this hash is recorded with other figures.
        """
        batch = Batch(
            id=BatchId(self.ids.next()),
            tenant=tenant,
            sha256=sha256,
            kind=kind,
            strategy=strategy,
            version=version,
            tallies=tuple(sorted(tallies, key=lambda tally: tally.data)),
            recorded_by=recorded_by,
            recorded_at=self.clock.now(),
            correlation_id=correlation_id,
        )
        stored = self.store.add(batch)
        if stored.content != batch.content:
            raise Conflict(
                f"batch {sha256} of {stored.strategy} is recorded with other figures: "
                "the same run must find the same",
                sha256=sha256,
                batch_id=str(stored.id),
            )
        return stored

    def tried_on(
        self,
        tenant: TenantId,
        symbols: Iterable[str],
        first: date,
        last: date,
        *,
        besides: str = "",
    ) -> Tried:
        """Count a tenant's trials on any of these symbols, at dates that overlap these.

        A trial on several of the symbols counts once, and whatever its timeframe.

        Args:
            besides: The hash of a batch that is left out: the caller counts it himself.
        """
        asked = tuple(sorted({parse_symbol(symbol, "symbols") for symbol in symbols}))
        check_data(asked, first, last)
        found = self.store.overlapping(tenant, asked, first, last, besides)
        return Tried.of(asked, first, last, found)

    def history(self, tenant: TenantId, limit: int = 20, before: BatchId | None = None) -> History:
        """List a tenant's batches, newest first."""
        if not 1 <= limit <= LIST_LIMIT:
            raise Invalid("limit", f"between 1 and {LIST_LIMIT}", limit)
        found = self.store.newest(tenant, limit + 1, before)
        more = len(found) > limit
        return History(found[:limit], found[limit - 1].id if more else None)

"""What can be done with a study: request, look, note what became of it, pick up what was lost."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic
from uuid import UUID

from algotrendy.backtest.keys import Keys
from algotrendy.backtest.lifecycle import Study, StudyStatus
from algotrendy.backtest.ports import Blobs, Change, RunState, StudyRunner, StudyStore, StudyT
from algotrendy.backtest.reduce import read_summary
from algotrendy.backtest.request import ResearchSpec
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Invalid, JsonValue, NotFound
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import CorrelationId, EventId, Ids, TenantId, UserId
from algotrendy.kernel.request_errors import KeyReused

ATTEMPTS_LIMIT = 3
LIST_LIMIT = 100
_KEY_LIMIT = 128
_ERROR_LIMIT = 2000

Head = dict[str, Any]
"""What each event of a study begins with."""


@dataclass(frozen=True, slots=True)
class Page(Generic[StudyT]):
    """Some studies, newest first; ``next_before`` asks for the next page, None on the last."""

    studies: list[StudyT]
    next_before: UUID | None


@dataclass(frozen=True, slots=True)
class Studies(ABC, Generic[StudyT]):
    """The use cases that studies of every kind have, over a store, a clock and a source of ids.

    Attributes:
        study_type: What a study of this kind is.
    """

    study_type: ClassVar[type[Study[Any]]]

    store: StudyStore[StudyT]
    clock: Clock
    ids: Ids

    def request(
        self,
        spec: ResearchSpec,
        *,
        tenant: TenantId,
        requested_by: UserId,
        idempotency_key: str,
        correlation_id: CorrelationId,
    ) -> StudyT:
        """Store a new study and say that it was requested; the same key again gives the same one.

        Raises:
            NotFound: For an unknown strategy.
            Invalid: For a parameter that does not fit the strategy, or what the workflow cannot do.
            Conflict: If the key was used for another request.
        """
        check_key(idempotency_key)
        now = self.clock.now()
        study: Any = self.study_type(
            id=self.ids.next(),
            tenant=tenant,
            requested_by=requested_by,
            idempotency_key=idempotency_key,
            correlation_id=correlation_id,
            spec=spec,
            status=StudyStatus.REQUESTED,
            requested_at=now,
            updated_at=now,
        )
        self._check(study)
        return self._ask(study)

    def get(self, tenant: TenantId, study_id: UUID) -> StudyT:
        """Read a tenant's study; another tenant's is NotFound too."""
        study = self.store.get(study_id)
        if study.tenant != tenant:
            raise NotFound(study.kind, study_id)
        return study

    def newest(self, tenant: TenantId, limit: int = 20, before: UUID | None = None) -> Page[StudyT]:
        """List a tenant's studies, newest first."""
        check_limit(limit)
        return page(self.store.newest(tenant, limit + 1, before), limit)

    def record_success(self, study_id: UUID, summary: dict[str, JsonValue]) -> StudyT:
        """Count its trials, note the end, and say so once.

        Raises:
            Conflict: If it had failed.
        """
        self._count(self.store.get(study_id), summary)
        now, event_id = self.clock.now(), EventId(self.ids.next())

        def change(study: StudyT) -> tuple[StudyT, tuple[Event, ...]]:
            ended = study.succeeded(summary, now)
            if ended is study:
                return study, ()
            return ended, (self._completed(ended, _head(study, event_id, now)),)

        return self.store.update(study_id, change)

    def record_failure(self, study_id: UUID, reason: str) -> StudyT:
        """Note the failure, and say so once; a study that had succeeded stays so (Conflict)."""
        now, event_id = self.clock.now(), EventId(self.ids.next())
        reason = reason[:_ERROR_LIMIT]

        def change(study: StudyT) -> tuple[StudyT, tuple[Event, ...]]:
            ended = study.failed(reason, now)
            if ended is study:
                return study, ()
            return ended, (self._failed(ended, _head(study, event_id, now), reason),)

        return self.store.update(study_id, change)

    def cancel(
        self, tenant: TenantId, study_id: UUID, runner: StudyRunner, cancelled_by: UserId
    ) -> StudyT:
        """Call a tenant's study off, say so once, and stop its workflow; again, nothing changes.

        Where it ends at the same moment, one of the two is stored and the other is refused.

        Raises:
            NotFound: If the tenant has no such study.
            Conflict: If it had succeeded or failed.
        """
        self.get(tenant, study_id)
        cancelled = self.store.update(study_id, self._cancellation(cancelled_by))
        # After the commit: a workflow that is not stopped ends by itself, and changes nothing.
        runner.stop(cancelled)
        return cancelled

    def restart_lost(
        self, runner: StudyRunner, blobs: Blobs, quiet: timedelta, limit: int = LIST_LIMIT
    ) -> list[StudyT]:
        """Pick up studies that nothing was heard of for a time; give those that were acted on.

        One whose workflow was never started, or was lost with what ran it, is started. One whose
        workflow ended without a word is given its outcome, or another attempt. The store is read
        ``limit`` at a time.
        """
        acted = []
        for study in self._unfinished(self.clock.now() - quiet, limit):
            match runner.state(study):
                case RunState.RUNNING:
                    continue
                case RunState.MISSING:
                    runner.start(study)
                    acted.append(study)
                case RunState.SUCCEEDED | RunState.FAILED:
                    acted.append(self._settle(study, runner, blobs))
        return acted

    @abstractmethod
    def _check(self, study: StudyT) -> None: ...

    @abstractmethod
    def _count(self, study: StudyT, summary: dict[str, JsonValue]) -> None: ...

    @abstractmethod
    def _requested(self, study: StudyT, head: Head) -> Event: ...

    @abstractmethod
    def _completed(self, study: StudyT, head: Head) -> Event: ...

    @abstractmethod
    def _failed(self, study: StudyT, head: Head, reason: str) -> Event: ...

    @abstractmethod
    def _cancelled(self, study: StudyT, head: Head, cancelled_by: UserId) -> Event: ...

    def _ask(self, study: StudyT) -> StudyT:
        event_id = EventId(self.ids.next())
        event = self._requested(study, _head(study, event_id, study.requested_at))
        stored = self.store.add(study, [event])
        if stored.spec != study.spec:
            facts = {study.id_name: str(stored.id)}
            raise KeyReused(study.idempotency_key, **facts)
        return stored

    def _unfinished(self, since: datetime, limit: int) -> Iterator[StudyT]:
        # All of them: those that run, however many and long, must not hide one that was lost.
        page = self.store.unfinished(since, limit)
        while page:
            yield from page
            page = self.store.unfinished(since, limit, page[-1])

    def _settle(self, study: StudyT, runner: StudyRunner, blobs: Blobs) -> StudyT:
        try:
            return self.record_success(study.id, read_summary(study.id, blobs))
        except NotFound:
            pass
        except Conflict:
            # Between the look and this, somebody else noted an end.
            return self.store.get(study.id)
        if study.attempt >= ATTEMPTS_LIMIT:
            reason = f"the workflow ended without a result {study.attempt} times"
            return self.record_failure(study.id, reason)
        now = self.clock.now()

        def try_again(found: StudyT) -> tuple[StudyT, tuple[Event, ...]]:
            # Between the look and this, another restarter may have done it.
            return (found.tried_again(now) if found == study else found), ()

        updated = self.store.update(study.id, try_again)
        if not updated.status.is_final:
            runner.start(updated)
        return updated

    def _cancellation(self, cancelled_by: UserId) -> Change[StudyT]:
        now, event_id = self.clock.now(), EventId(self.ids.next())

        def change(study: StudyT) -> tuple[StudyT, tuple[Event, ...]]:
            ended = study.cancelled(now)
            if ended is study:
                return study, ()
            return ended, (self._cancelled(ended, _head(study, event_id, now), cancelled_by),)

        return change


def check_limit(limit: int) -> None:
    """Refuse a page of no studies, or of too many."""
    if not 1 <= limit <= LIST_LIMIT:
        raise Invalid("limit", f"between 1 and {LIST_LIMIT}", limit)


def page(found: list[StudyT], limit: int) -> Page[StudyT]:
    """Make a page of what was found; more than ``limit`` says that another one follows."""
    more = len(found) > limit
    return Page(found[:limit], found[limit - 1].id if more else None)


def check_key(idempotency_key: str) -> None:
    """Refuse an idempotency key that cannot be kept."""
    if not 1 <= len(idempotency_key) <= _KEY_LIMIT or not idempotency_key.isprintable():
        expected = f"1 to {_KEY_LIMIT} printable characters"
        raise Invalid("idempotency_key", expected, idempotency_key)


def parts_done(study_id: UUID, blobs: Blobs) -> int:
    """Count the shards or windows that have a result: how far a running study is."""
    return len(blobs.list(Keys(study_id).results))


def _head(study: Any, event_id: EventId, now: datetime) -> Head:
    return {
        "id": event_id,
        "occurred_at": now,
        "correlation_id": study.correlation_id,
        "tenant": study.tenant,
    }

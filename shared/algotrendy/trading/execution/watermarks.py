"""Remember how far a broker's executions and activities were read, and where the books began."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from algotrendy.brokers.port import BrokerActivity, BrokerFill
from algotrendy.kernel.clock import parse_time
from algotrendy.kernel.errors import Invalid, JsonValue
from algotrendy.kernel.ids import derived_uuid7
from algotrendy.trading.accounts import Account
from algotrendy.trading.execution.differences import BrokerView
from algotrendy.trading.ledger import Document, LedgerTransaction

WATERMARKS: Final = "watermarks"

_OVERLAP: Final = timedelta(minutes=10)
_FILLS_OVERLAP: Final = timedelta(days=1)
# Brokers write some activities down days after the day that they bear.
_ACTIVITIES_OVERLAP: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermarks:
    """How far a broker was read, by its own times; None where it told nothing yet.

    Attributes:
        before: Executions and activities of before the books were opened, with their times: what
            they did is in the opening balance.
    """

    fills_to: datetime | None
    activities_to: datetime | None
    before: Mapping[str, datetime]

    @classmethod
    def at_opening(
        cls, fills: Iterable[BrokerFill], activities: Iterable[BrokerActivity]
    ) -> Watermarks:
        """Begin with all that a broker tells when the books are opened."""
        fill_times = {each.execution_id: each.filled_at for each in fills}
        activity_times = {each.id: each.at for each in activities}
        return cls(
            fills_to=max(fill_times.values(), default=None),
            activities_to=max(activity_times.values(), default=None),
            before=fill_times | activity_times,
        ).pruned()

    @property
    def ignored(self) -> frozenset[str]:
        """Give the executions and activities of before the books were opened."""
        return frozenset(self.before)

    def fills_since(self, *, is_deep: bool) -> datetime | None:
        """Say from when on executions are to be read again."""
        return _earlier(self.fills_to, _FILLS_OVERLAP if is_deep else _OVERLAP)

    def activities_since(self, *, is_deep: bool) -> datetime | None:
        """Say from when on activities are to be read again."""
        return _earlier(self.activities_to, _ACTIVITIES_OVERLAP if is_deep else _OVERLAP)

    def after(self, view: BrokerView) -> Watermarks:
        """Take over how far a look came."""
        fills = [each.filled_at for each in view.fills]
        activities = [each.at for each in view.activities]
        return Watermarks(
            fills_to=_latest(self.fills_to, fills, view.at),
            activities_to=_latest(self.activities_to, activities, view.at),
            before=self.before,
        ).pruned()

    def pruned(self) -> Watermarks:
        """Leave out what is never read again."""
        times = (self.fills_since(is_deep=True), self.activities_since(is_deep=True))
        first = min((each for each in times if each is not None), default=None)
        if first is None:
            return self
        kept = {name: at for name, at in self.before.items() if at >= first}
        return Watermarks(fills_to=self.fills_to, activities_to=self.activities_to, before=kept)


def load(tx: LedgerTransaction, account: Account) -> Watermarks | None:
    """Read an account's; None where there are none yet."""
    document = tx.documents.find(WATERMARKS, _id_of(account))
    if document is None:
        return None
    body = document.body
    before = body.get("before")
    if not isinstance(before, dict):
        raise Invalid("before", "an object of times", before)
    return Watermarks(
        fills_to=_read(body.get("fills_to")),
        activities_to=_read(body.get("activities_to")),
        before={name: at for name, told in before.items() if (at := _read(told)) is not None},
    )


def put(tx: LedgerTransaction, account: Account, marks: Watermarks) -> None:
    """Keep an account's."""
    before: dict[str, JsonValue] = {name: at.isoformat() for name, at in marks.before.items()}
    tx.documents.put(
        Document(
            kind=WATERMARKS,
            id=_id_of(account),
            account=account.id,
            at=account.opened_at,
            is_open=False,
            body={
                "fills_to": None if marks.fills_to is None else marks.fills_to.isoformat(),
                "activities_to": (
                    None if marks.activities_to is None else marks.activities_to.isoformat()
                ),
                "before": before,
            },
        )
    )


def _id_of(account: Account) -> UUID:
    return derived_uuid7(account.opened_at, WATERMARKS, account.id)


def _earlier(moment: datetime | None, by: timedelta) -> datetime | None:
    return None if moment is None else moment - by


def _latest(known: datetime | None, told: Sequence[datetime], now: datetime) -> datetime | None:
    # A time that is yet to come would hide all that comes until then.
    last = min(max(told), now) if told else None
    return max((each for each in (known, last) if each is not None), default=None)


def _read(value: JsonValue) -> datetime | None:
    return None if value is None else parse_time(str(value))

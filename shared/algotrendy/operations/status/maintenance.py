"""Tell of work before it begins: while it lasts, its components are under maintenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import derived_uuid7
from algotrendy.operations.status.incidents import (
    checked_components,
    checked_text,
    checked_title,
)

LONGEST = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Work that was told of. It ends at ``ends_at``, or when somebody ends it before."""

    id: UUID
    title: str
    text: str
    components: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    by: str

    def is_active(self, now: datetime) -> bool:
        """Say whether it goes on now."""
        return self.starts_at <= now < self.ends_at

    def is_over(self, now: datetime) -> bool:
        """Say whether it has ended."""
        return self.ends_at <= now


def planned(
    title: str,
    text: str,
    components: Sequence[str],
    starts_at: datetime,
    ends_at: datetime,
    by: str,
    now: datetime,
) -> Maintenance:
    """Plan work; the same plan again has the same id.

    It cannot begin in the past: time that counted as an outage stays one.

    Raises:
        Invalid: If a field cannot be right; names it.
    """
    start, end = as_utc(starts_at, "start"), as_utc(ends_at, "end")
    if start < now - timedelta(minutes=1):
        raise Invalid("start", "now or later", start.isoformat())
    if not start < end <= start + LONGEST:
        raise Invalid("end", "after the start, by at most 2 days", end.isoformat())
    named, title = checked_components(components), checked_title(title)
    identity = derived_uuid7(start, "maintenance", title, end.isoformat(), *named)
    return Maintenance(identity, title, checked_text(text), named, start, end, by)

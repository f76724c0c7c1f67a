"""Say how old what a dependency holds is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class DataAge:
    """How old what a dependency holds is; a check gives it.

    Attributes:
        what: Of what it is the age: ``newest bar``, ``oldest event that waits``.
        at: When that was; None: there is none, which is never late.
        now: When it was looked at.
        limit_s: What is older is late; None: nobody promised anything.
        note: What is to be said besides, to anybody.
        late: Where it is not the seconds that tell, such as over a weekend; else None.
    """

    what: str
    at: datetime | None
    now: datetime
    limit_s: float | None = None
    note: str = ""
    late: bool | None = None

    @property
    def age_s(self) -> float | None:
        """Give the age; None where there is nothing that could have one."""
        return None if self.at is None else max(0.0, (self.now - self.at).total_seconds())

    @property
    def is_late(self) -> bool:
        """Say whether it is older than was promised."""
        if self.late is not None:
            return self.late
        return self.limit_s is not None and self.age_s is not None and self.age_s > self.limit_s

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON values."""
        told: dict[str, Any] = {
            "what": self.what,
            "at": None if self.at is None else self.at.isoformat(),
            "age_s": None if self.age_s is None else round(self.age_s, 1),
            "limit_s": self.limit_s,
        }
        return {**told, "note": self.note} if self.note else told


class NotHere:
    """What a check gives where this deployment does not have what it asks: it is left out."""


NOT_HERE = NotHere()

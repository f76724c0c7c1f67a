"""A run: one version of a strategy at work on one account's part, or beside one as its shadow.

Two things are kept apart: what people want of a run (`Wanted`), and what happened to it
(`Trouble`). ``Run.state`` is the one word of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NewType
from uuid import UUID

from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import AccountId, CorrelationId, TenantId, parse_uuid7
from algotrendy.live.versions import Content
from algotrendy.trading.accounts import root_of

RunId = NewType("RunId", UUID)

NO_STEP: Final = -1
"""``Run.step`` of a run that was told nothing yet."""


class Wanted(StrEnum):
    """What people want of a run."""

    RUNNING = "running"
    PAUSED = "paused"  # decides on, sends nothing; open orders stay
    STOPPING = "stopping"  # decides no more; its open orders are being cancelled
    FLATTENING = "flattening"  # the same, then its positions are closed
    STOPPED = "stopped"  # over, for good


class Trouble(StrEnum):
    """What happened to a run that nobody wanted."""

    WAITING = "waiting"  # no bars yet, or its warm-up is not over
    LATE = "late"  # a bar was missed
    STALE = "stale"  # its bars stay away
    FAILED = "failed"  # the strategy raised
    TIMED_OUT = "timed-out"  # the strategy did not come back
    OVERFLOWING = "overflowing"  # the strategy asked for too many orders


HALTING: Final = frozenset({Trouble.FAILED, Trouble.TIMED_OUT, Trouble.OVERFLOWING})
"""After these nothing is decided until a person resumes or ends the run."""

MAY_BECOME: Final[Mapping[Wanted, frozenset[Wanted]]] = MappingProxyType(
    {
        Wanted.RUNNING: frozenset({Wanted.PAUSED, Wanted.STOPPING, Wanted.FLATTENING}),
        Wanted.PAUSED: frozenset({Wanted.RUNNING, Wanted.STOPPING, Wanted.FLATTENING}),
        Wanted.STOPPING: frozenset({Wanted.FLATTENING, Wanted.STOPPED}),
        Wanted.FLATTENING: frozenset({Wanted.STOPPED}),
        Wanted.STOPPED: frozenset(),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as it stands.

    Attributes:
        name, version: Of the strategy's version; ``content`` is what it runs.
        data_hash: Of what the version was tested on; None where it was not.
        account: The part of an account that it trades, ``paper/trend``.
        shadow_of: The run that it runs beside; it decides, and sends nothing.
        stage: ``paper`` or ``live``: of the version when it was started.
        capital: Cash of the part when it was started.
        patience_s: Seconds after its close within which a bar must come; None: nobody watches, as
            in a replay of the past.
        origin: When the first bar of the warm-up began, nanoseconds since 1970 UTC.
        warm_up: Steps before its first order.
        timeframes: Longer ones that its strategy reads.
        trades_after: Steps known by then belong to the warm-up, nanoseconds since 1970 UTC.
        reason: Of where it stands, for a person.
        step: The last step that was done; ``NO_STEP`` before the first.
        bar_at: When the bars of that step were known, nanoseconds since 1970 UTC; 0 before.
        epoch: Counts every change; who changes it names the one that they saw.
        digest: Of the state after the last step.
    """

    id: RunId
    tenant: TenantId
    name: str
    version: int
    content: Content
    account: AccountId
    stage: str
    capital: Decimal
    started_at: datetime
    started_by: str
    correlation_id: CorrelationId
    origin: int
    trades_after: int
    warm_up: int = 0
    timeframes: tuple[str, ...] = ()
    data_hash: str | None = None
    patience_s: int | None = None
    shadow_of: RunId | None = None
    wanted: Wanted = Wanted.RUNNING
    trouble: Trouble | None = Trouble.WAITING
    reason: str = ""
    step: int = NO_STEP
    bar_at: int = 0
    epoch: int = 0
    digest: str = ""
    changed_at: datetime | None = None

    @property
    def root(self) -> AccountId:
        """Give the whole account."""
        return root_of(self.account)

    @property
    def is_shadow(self) -> bool:
        """Say whether its orders are filled in thought only."""
        return self.shadow_of is not None

    @property
    def label(self) -> str:
        """Name the strategy's version, as the provenance of its orders does: ``trend@3``."""
        return f"{self.name}@{self.version}"

    @property
    def state(self) -> str:
        """Give the one word for where it stands."""
        if self.wanted is Wanted.RUNNING and self.trouble is not None:
            return self.trouble.value
        return self.wanted.value

    @property
    def is_over(self) -> bool:
        """Say whether it was stopped for good."""
        return self.wanted is Wanted.STOPPED

    @property
    def decides(self) -> bool:
        """Say whether its strategy is called for new bars."""
        return self.wanted in (Wanted.RUNNING, Wanted.PAUSED) and self.trouble not in HALTING

    def order_name(self, step: int, number: int) -> str:
        """Name the order of a decision at the broker: the same decision is the same order."""
        return f"live-{self.id.hex}-{step}-{number}"

    def to(self, wanted: Wanted, reason: str) -> Run:
        """Give the run as somebody wants it now; the same again is itself.

        Raises:
            Conflict: If it cannot become that from where it stands.
        """
        resumed = wanted is Wanted.RUNNING and self.trouble in HALTING
        if wanted is self.wanted and not resumed:
            return self
        if wanted not in MAY_BECOME[self.wanted] and not (
            resumed and self.wanted is Wanted.RUNNING
        ):
            raise Conflict(f"run {self.id} is {self.state}: it cannot become {wanted}")
        trouble = None if resumed else self.trouble
        return replace(self, wanted=wanted, trouble=trouble, reason=reason)


def parse_run_id(text: str, field: str = "run_id") -> RunId:
    """Read the id of a run, or raise Invalid, which names ``field``."""
    return RunId(parse_uuid7(text, field))

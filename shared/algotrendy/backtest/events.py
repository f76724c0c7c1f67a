"""What happens to a sweep, as others hear of it."""

from __future__ import annotations

from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import SweepId, UserId


class SweepRequested(Event):
    """A sweep was asked for and stored; its workflow is to be started."""

    name = "SweepRequested"
    version = 1

    sweep_id: SweepId


class SweepCompleted(Event):
    """A sweep ran to its end; its table and report can be read."""

    name = "SweepCompleted"
    version = 1

    sweep_id: SweepId
    runs: int


class SweepCancelled(Event):
    """A sweep was called off before it had a result."""

    name = "SweepCancelled"
    version = 1

    sweep_id: SweepId
    cancelled_by: UserId


class SweepFailed(Event):
    """A sweep ended without a result."""

    name = "SweepFailed"
    version = 1

    sweep_id: SweepId
    reason: str

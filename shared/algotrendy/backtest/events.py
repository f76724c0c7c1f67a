"""What happens to sweeps and walk-forwards, as others hear of it."""

from __future__ import annotations

from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import SweepId, UserId, WalkForwardId


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


class WalkForwardRequested(Event):
    """A walk forward was asked for and stored; its workflow is to be started."""

    name = "WalkForwardRequested"
    version = 1

    walk_forward_id: WalkForwardId


class WalkForwardCompleted(Event):
    """A walk forward ran to its end; its windows, verdict and report can be read."""

    name = "WalkForwardCompleted"
    version = 1

    walk_forward_id: WalkForwardId
    windows: int
    passed: bool


class WalkForwardCancelled(Event):
    """A walk forward was called off before it had a result."""

    name = "WalkForwardCancelled"
    version = 1

    walk_forward_id: WalkForwardId
    cancelled_by: UserId


class WalkForwardFailed(Event):
    """A walk forward ended without a result."""

    name = "WalkForwardFailed"
    version = 1

    walk_forward_id: WalkForwardId
    reason: str

"""What the supervisor says about itself, written to one file that anybody may read at any time."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from algotrendy.local.home import write_atomically
from algotrendy.local.processes import ProcessIdentity


class Phase(StrEnum):
    """Where the platform as a whole stands."""

    STARTING = "starting"
    DEPLOYING = "deploying"
    READY = "ready"
    RECOVERING = "recovering"
    FAILED = "failed"
    STOPPING = "stopping"
    STOPPED = "stopped"

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens unless somebody asks."""
        return self in (Phase.READY, Phase.FAILED, Phase.STOPPED)


class PartState(StrEnum):
    """Where one supervised process stands."""

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPED = "stopped"


class StepState(StrEnum):
    """Where one step of the deployment stands."""

    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One supervised process. ``started`` is in seconds since the epoch, None while it is down."""

    name: str
    state: PartState
    pid: int | None = None
    port: int | None = None
    url: str | None = None
    started: float | None = None
    restarts: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class StepStatus:
    """One step of the last deployment."""

    name: str
    state: StepState
    seconds: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PlatformStatus:
    """Everything that `algotrendy status` shows.

    Attributes:
        updated: Seconds since the epoch.
        handled: The last requests that were taken up; an `up` waits for its own.
        fingerprint: What is deployed, None before the first deployment.
        code: Fingerprint of the supervisor's own code at its start.
    """

    phase: Phase
    supervisor: ProcessIdentity
    updated: float
    message: str = ""
    handled: tuple[str, ...] = ()
    fingerprint: str | None = None
    code: str = ""
    parts: tuple[PartStatus, ...] = ()
    steps: tuple[StepStatus, ...] = ()
    urls: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> PlatformStatus:
        """Rebuild what as_json gave."""
        parts = (PartStatus(**{**p, "state": PartState(p["state"])}) for p in found["parts"])
        steps = (StepStatus(**{**s, "state": StepState(s["state"])}) for s in found["steps"])
        return cls(
            **{
                **found,
                "phase": Phase(found["phase"]),
                "supervisor": ProcessIdentity(**found["supervisor"]),
                "handled": tuple(found["handled"]),
                "parts": tuple(parts),
                "steps": tuple(steps),
            }
        )


def write_status(path: Path, status: PlatformStatus) -> None:
    """Replace the status file in one step."""
    write_atomically(path, json.dumps(status.as_json(), indent=1))


def read_status(path: Path) -> PlatformStatus | None:
    """Read the status file; a missing one, or one of another version, reads as none."""
    try:
        return PlatformStatus.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None

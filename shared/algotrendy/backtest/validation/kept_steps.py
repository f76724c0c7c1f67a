"""Keep the windows of a walk forward that are done, so that none is done twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from algotrendy.backtest.canonical import JSON, sealed, unsealed
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.search.space import Combination
from algotrendy.kernel.errors import NotFound, Rejected

if TYPE_CHECKING:
    from algotrendy.backtest.validation.walked import Step


class WindowFailed(Rejected):
    """Says which window of a walk forward cannot be done, and why; tried again, it fails again."""

    code = "window-failed"


def failure(number: int, windows: int, error: Exception) -> WindowFailed:
    """Name the window that an error comes from."""
    reason = f"window {number} of {windows} failed: {error}"
    return WindowFailed(reason, window=number, windows=windows)


@dataclass(frozen=True, slots=True)
class KeptStep:
    """What a window found: the step as JSON values, and the combinations tried in it."""

    body: dict[str, Any]
    tried: tuple[Combination, ...]

    @property
    def trials(self) -> int:
        """Count the combinations that were tried."""
        count: int = self.body["trials"]
        return count

    @property
    def step(self) -> Step:
        """Give the step; loads numpy."""
        from algotrendy.backtest.validation.walked import Step

        return Step.from_json(self.body)


@dataclass(frozen=True, slots=True)
class KeptSteps:
    """Keeps each window as an object of its own; windows count from 1.

    Attributes:
        sha256: Of the walk's plan; a window of another plan counts as not there.
        key: Gives the key of a window.
    """

    blobs: Blobs
    sha256: str
    key: Callable[[int], str]

    def read(self, number: int) -> KeptStep | None:
        """Read what a window found; None unless it is whole, untouched and of this plan."""
        try:
            found = unsealed(self.blobs.get(self.key(number)))
        except NotFound:
            return None
        if found is None or (found["plan_sha256"], found["window"]) != (self.sha256, number):
            return None
        return KeptStep(found["step"], tuple(map(tuple, found["tried"])))

    def write(self, number: int, done: KeptStep) -> None:
        """Write what a window found, whole or not at all."""
        body = {
            "plan_sha256": self.sha256,
            "window": number,
            "step": done.body,
            "tried": [list(each) for each in done.tried],
        }
        self.blobs.put(self.key(number), sealed(body), JSON)

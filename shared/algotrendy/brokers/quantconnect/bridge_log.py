"""Read from a deployment's log what the bridge refused; its commands have no other answer."""

from __future__ import annotations

import json
from dataclasses import dataclass

from algotrendy.brokers.quantconnect.live_client import MAX_LOG_LINES, LiveCalls
from algotrendy.kernel.errors import Conflict, NotFound, Rejected

_MARK = "algotrendy {"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the bridge did not do, and why; ``code`` is one of its own."""

    code: str
    reason: str

    def error(self, order: str) -> Rejected:
        """Say it in the words of the port."""
        if self.code == "reused":
            return Conflict(self.reason, code=self.code)
        if self.code == "no_order":
            return NotFound("order", order)
        return Rejected(f"LEAN refused {order}: {self.reason}", code=self.code)


class BridgeLog:
    """The log of one deployment, from the first command of this adapter on."""

    def __init__(self, live: LiveCalls, project_id: int, deploy_id: str) -> None:
        self._live = live
        self._project_id = project_id
        self._deploy_id = deploy_id
        self._next: int | None = None
        self._refusals: dict[str, Refusal] = {}

    async def begin(self) -> None:
        """Remember where the log ends before the first command; later calls do nothing."""
        if self._next is None:
            found = await self._live.logs(self._project_id, self._deploy_id, 0, 1)
            self._next = found.length or 0

    async def refusal(self, command: str) -> Refusal | None:
        """Say whether, and why, a command was refused, as far as the log tells yet."""
        await self.begin()
        while command not in self._refusals:
            first = self._next or 0
            found = await self._live.logs(
                self._project_id, self._deploy_id, first, first + MAX_LOG_LINES
            )
            for line in found.logs:
                self._take(line)
            self._next = first + len(found.logs)
            if len(found.logs) < MAX_LOG_LINES:
                break
        return self._refusals.get(command)

    def _take(self, line: str) -> None:
        # LEAN puts the time before what the algorithm logs.
        _, mark, rest = line.partition(_MARK)
        try:
            told = json.loads(mark[-1:] + rest)
            self._refusals[told["command"]] = Refusal(str(told["code"]), str(told["reason"]))
        except (ValueError, KeyError, TypeError):
            return

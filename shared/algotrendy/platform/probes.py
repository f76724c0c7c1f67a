"""Answer whether a capability is alive, and whether all that it needs works, and how old it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Response

from algotrendy.kernel.errors import AlgoTrendyError, Unavailable
from algotrendy.platform import problems, telemetry
from algotrendy.platform.data_age import NOT_HERE, DataAge

Check = Callable[[], object]
"""Raises when something does not work; gives a ``DataAge`` where something may be old."""


@dataclass(frozen=True, slots=True)
class Spare:
    """A check of what the capability works without, if less well: its fault is no 503."""

    check: Check


Checks = Mapping[str, Check | Spare]

CHECK_TIMEOUT_S = 5.0
FRESH_S = 1.0
"""Anybody may ask: within this time all get the answer that the first one got."""


class Readiness:
    """Asks everything at once, and says what it found.

    Args:
        monotonic: Seconds that never step.
    """

    def __init__(
        self,
        checks: Checks,
        timeout_s: float = CHECK_TIMEOUT_S,
        fresh_s: float = FRESH_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._checks = dict(checks)
        self._timeout_s = timeout_s
        self._fresh_s = fresh_s
        self._monotonic = monotonic
        self._found: dict[str, dict[str, Any]] = {}
        self._found_at = float("-inf")

    async def look(self) -> dict[str, dict[str, Any]]:
        """Give by name: ok, latency_ms, and where they apply needed, late, data and reason."""
        if self._monotonic() - self._found_at >= self._fresh_s:
            results = await asyncio.gather(*(self._ask(each) for each in self._checks.values()))
            pairs = zip(self._checks, results, strict=True)
            self._found = {name: result for name, result in pairs if result is not None}
            self._found_at = self._monotonic()
        return self._found

    async def _ask(self, what: Check | Spare) -> dict[str, Any] | None:
        check, is_needed = (what.check, False) if isinstance(what, Spare) else (what, True)
        started, reason, given = time.perf_counter(), "", None
        try:
            with anyio.fail_after(self._timeout_s):
                given = await anyio.to_thread.run_sync(check, abandon_on_cancel=True)
        except TimeoutError:
            reason = f"no answer in {self._timeout_s:g} s"
        except Exception as error:  # noqa: BLE001 - whatever a check raises is its answer
            # Anybody may ask: hosts, users and roles, which a message may name, are for the log.
            telemetry.logger.warning("readiness check failed", exc_info=error)
            reason = error.code if isinstance(error, AlgoTrendyError) else type(error).__name__
        if given is NOT_HERE:
            return None
        found: dict[str, Any] = {
            "ok": not reason,
            "latency_ms": round((time.perf_counter() - started) * 1000, 1),
        }
        if not is_needed:
            found["needed"] = False
        if isinstance(given, DataAge):
            found |= {"late": given.is_late, "data": given.as_json()}
        return {**found, "reason": reason} if reason else found


def standing_of(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Say in a word how a capability is: ready, degraded, or unready when it does not work."""
    if any(not result["ok"] and result.get("needed", True) for result in found.values()):
        return "unready"
    if any(not result["ok"] or result.get("late") for result in found.values()):
        return "degraded"
    return "ready"


def add_probes(app: FastAPI, capability: str, checks: Checks, timeout_s: float) -> None:
    """Add ``/{capability}/health`` and ``/{capability}/ready`` to an app."""
    public: dict[str, Any] = {"security": []}
    readiness = Readiness(checks, timeout_s)

    @app.get(f"/{capability}/health", tags=[capability], openapi_extra=public)
    async def health() -> dict[str, str]:
        """Tell that the process is alive."""
        return {"status": "alive"}

    @app.get(f"/{capability}/ready", tags=[capability], openapi_extra=public)
    async def ready() -> Response:
        """Tell whether everything that the capability needs answers; 503 when something fails."""
        found = await readiness.look()
        standing = standing_of(found)
        if standing == "unready":
            failing = [
                name
                for name, result in found.items()
                if not result["ok"] and result.get("needed", True)
            ]
            error = Unavailable(capability, f"{', '.join(failing)} failed")
            return problems.of_error(error).with_facts(checks=found).response()
        return problems.json_response({"status": standing, "checks": found})

"""Answer whether a capability is alive, and whether all that it needs works."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Response

from algotrendy.kernel.errors import AlgoTrendyError, Unavailable
from algotrendy.platform import problems, telemetry

Check = Callable[[], object]

CHECK_TIMEOUT_S = 5.0


def add_probes(app: FastAPI, capability: str, checks: dict[str, Check], timeout_s: float) -> None:
    """Add ``/{capability}/health`` and ``/{capability}/ready`` to an app."""
    public: dict[str, Any] = {"security": []}

    @app.get(f"/{capability}/health", tags=[capability], openapi_extra=public)
    async def health() -> dict[str, str]:
        """Tell that the process is alive."""
        return {"status": "alive"}

    @app.get(f"/{capability}/ready", tags=[capability], openapi_extra=public)
    async def ready() -> Response:
        """Tell whether everything that the capability needs answers; 503 when something fails."""
        results = await asyncio.gather(*(_checked(check, timeout_s) for check in checks.values()))
        found = dict(zip(checks, results, strict=True))
        failing = [name for name, result in found.items() if not result["ok"]]
        if failing:
            error = Unavailable(capability, f"{', '.join(failing)} failed")
            return problems.of_error(error).with_facts(checks=found).response()
        return problems.json_response({"status": "ready", "checks": found})


async def _checked(check: Check, timeout_s: float) -> dict[str, Any]:
    started = time.perf_counter()
    reason = ""
    try:
        with anyio.fail_after(timeout_s):
            await anyio.to_thread.run_sync(check, abandon_on_cancel=True)
    except TimeoutError:
        reason = f"no answer in {timeout_s:g} s"
    except Exception as error:  # noqa: BLE001 - whatever a check raises is its answer
        # Anybody may ask: hosts, users and roles, which a message may name, are for the log.
        telemetry.logger.warning("readiness check failed", exc_info=error)
        reason = error.code if isinstance(error, AlgoTrendyError) else type(error).__name__
    result = {"ok": not reason, "latency_ms": round((time.perf_counter() - started) * 1000, 1)}
    return {**result, "reason": reason} if reason else result

"""Ask the deployed API for research, follow it to its end, and call it off."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import typer

from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import AlgoTrendyError, Unavailable
from algotrendy.kernel.ids import Uuid7s

POLL_S = 0.5


class StudyStoppedError(AlgoTrendyError):
    """Says that a person stopped a sweep or a walk forward, and how it goes on."""

    code = "study-stopped"


class StudyFailedError(AlgoTrendyError):
    """Says that a sweep or a walk forward ended without a result, and why."""

    code = "study-failed"


class Api(Protocol):
    """Is the part of the API's client that is needed here."""

    def __enter__(self) -> Api: ...

    def __exit__(self, *_: object) -> None: ...

    def get(self, path: str) -> Any:
        """Read a path."""

    def post(self, path: str, body: object, idempotency_key: str) -> Any:
        """Post under an idempotency key."""

    def download(self, url: str) -> bytes:
        """Read a signed address."""


def connected() -> Api:
    """Give the API as whoever is signed in."""
    from algotrendy.cli.session import api_client

    return api_client()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an end, and on which clock."""

    timeout_s: float
    sleep: Callable[[float], None] = field(default=time.sleep)
    monotonic: Callable[[], float] = field(default=time.monotonic)


def followed(
    api: Api,
    kind: str,
    path: str,
    body: object,
    patience: Patience,
    tell: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    """Ask for a study, tell how far it is until it succeeds, and give what the API says then.

    Args:
        kind: What it is called: ``sweep``.
        path: Where it is asked for: ``/v1/sweeps``.

    Raises:
        StudyFailedError: If it failed; says why.
        StudyStoppedError: If it was cancelled.
        Unavailable: If it is not done in time; it goes on, and the message says how to look.
    """
    deadline = patience.monotonic() + patience.timeout_s
    found: dict[str, Any] = api.post(path, body, f"cli-{Uuid7s(SystemClock()).next()}")
    while found["status"] not in ("succeeded", "failed", "cancelled"):
        tell(found)
        if patience.monotonic() > deadline:
            where = f"GET {path}/{found['id']}"
            reason = f"not done in {patience.timeout_s:g} s; it goes on: {where}"
            raise Unavailable(f"{kind} {found['id']}", reason)
        patience.sleep(POLL_S)
        found = api.get(f"{path}/{found['id']}")
    if found["status"] == "cancelled":
        raise StudyStoppedError(f"{kind} {found['id']} was cancelled")
    if found["status"] == "failed":
        raise StudyFailedError(f"{kind} {found['id']} failed: {found['error']}")
    tell(found)
    return found


def call_off(kind: str, path: str, ids: list[UUID], connect: Callable[[], Api] = connected) -> None:
    """Call studies off and say how each stands; what was called off before stays so.

    Raises:
        Rejected: If one had ended, or there is none.
    """
    with connect() as api:
        for study_id in ids:
            found = api.post(f"{path}/{study_id}/cancel", {}, f"cancel-{study_id}")
            typer.echo(f"{kind} {study_id} is {found['status']}")

"""Ask the deployed API for research, and follow it to its end."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import AlgoTrendyError, NotFound, Unavailable
from algotrendy.kernel.ids import Uuid7s

POLL_S = 0.5
_ASKED, _KEY = ".asked", "key"


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
    """How long to wait for an end, and on which clock.

    Attributes:
        folder: Where it is kept under which key it was asked for, until it has ended: asked for
            again from there, the same study goes on. None asks for another one each time.
    """

    timeout_s: float
    sleep: Callable[[float], None] = field(default=time.sleep)
    monotonic: Callable[[], float] = field(default=time.monotonic)
    folder: Path | None = None


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
        Unavailable: If it is not done in time; it goes on, and the message says how to look and
            how to bring it home.
    """
    deadline = patience.monotonic() + patience.timeout_s
    found: dict[str, Any] = api.post(path, body, _key(patience.folder, path, body))
    while found["status"] not in ("succeeded", "failed", "cancelled"):
        tell(found)
        if patience.monotonic() > deadline:
            raise Unavailable(f"{kind} {found['id']}", _how_to_go_on(found["id"], patience))
        patience.sleep(POLL_S)
        found = api.get(f"{path}/{found['id']}")
    if patience.folder is not None:
        shutil.rmtree(patience.folder / _ASKED, ignore_errors=True)
    if found["status"] == "cancelled":
        raise StudyStoppedError(f"{kind} {found['id']} was cancelled")
    if found["status"] == "failed":
        raise StudyFailedError(f"{kind} {found['id']} failed: {found['error']}")
    tell(found)
    return found


def _how_to_go_on(study_id: str, patience: Patience) -> str:
    command = "algotrendy backtest"
    again = "" if patience.folder is None else "; the same command waits for it again"
    return (
        f"not done in {patience.timeout_s:g} s; it goes on: `{command} show {study_id}` says how "
        f"far it is, `{command} fetch {study_id}` brings it home when it is done{again}"
    )


def _key(folder: Path | None, path: str, body: object) -> str:
    """Give the key of a request: the one that it had before, if it had not ended."""
    from algotrendy.platform.blobs import FolderBlobs

    key = f"cli-{Uuid7s(SystemClock()).next()}"
    if folder is None:
        return key
    wanted = hashlib.sha256(json.dumps([path, body], sort_keys=True).encode()).hexdigest()
    kept = FolderBlobs(folder.resolve() / _ASKED)
    try:
        before, _, asked = kept.get(_KEY).decode().partition("\n")
    except NotFound:
        asked = ""
    if asked == wanted:
        return before
    kept.put(_KEY, f"{key}\n{wanted}".encode())
    return key

"""Save the state every few seconds, not only on a clean stop.

Stock: writes the state when it is stopped with SIGTERM. After a kill or a crash every stack,
function, user and parameter since the last clean stop is gone.

AWS: does not lose its state.

Fix: a thread writes what has changed every MINISTACK_SNAPSHOT_S seconds (5). New files are written
beside the old and put in their place together at the end, so a kill leaves either state whole.
The clean stop takes the same way. Survives the death of the process, not of the machine.
"""

import hashlib
import json
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence

_log = logging.getLogger("snapshots")
_ATTEMPTS = 5
# At most a twentieth of the time goes into snapshots, however large the state has grown.
_PAUSE_PER_WORK = 20


def _serialised(service: str, get_state: Callable[[], Any]) -> bytes | None:
    """Write the state of a service as ministack's own `save_state` does."""
    for attempt in range(_ATTEMPTS):
        try:
            state = get_state()
            if state is None:
                return None
            version = persistence._state_format_version(service)
            document = {"__ministack_format__": version, "payload": state}
            return json.dumps(document, default=persistence._json_default).encode()
        except RuntimeError:  # a request changed a dictionary while it was read
            time.sleep(0.01 * (attempt + 1))
    _log.warning("The state of %s changes too fast, its last snapshot stays.", service)
    return None


class Snapshots:
    """The state files of one emulator process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._hashes: dict[str, str] = {}
        self._one_at_a_time = threading.Lock()
        self._closed = threading.Event()

    def take(self) -> None:
        """Write the files of all services that have changed."""
        with self._one_at_a_time:
            if not self._closed.is_set():
                self._write()

    def close(self) -> None:
        """Take the last snapshot; no later one may replace it."""
        with self._one_at_a_time:
            self._closed.set()
            self._write()

    def _write(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        fresh = []
        for service, get_state in app._build_persistence_save_dict().items():
            content = _serialised(service, get_state)
            if content is None:
                continue
            digest = hashlib.sha256(content).hexdigest()
            if self._hashes.get(service) != digest:
                file = self._directory / f"{service}.json"
                file.with_suffix(".new").write_bytes(content)
                fresh.append((file, service, digest))
        for file, service, digest in fresh:
            file.with_suffix(".new").replace(file)
            self._hashes[service] = digest

    def keep_taking(self, interval_s: float) -> None:
        """Take snapshots until the last one is taken."""
        pause_s = interval_s
        while not self._closed.wait(pause_s):
            started = time.monotonic()
            try:
                self.take()
            except Exception:  # noqa: BLE001 - the thread has to live as long as the process
                _log.exception("A snapshot failed; the next one follows.")
            pause_s = max(interval_s, _PAUSE_PER_WORK * (time.monotonic() - started))


def apply() -> None:
    """Begin when the old state has been loaded, and replace the save of the clean stop."""
    if not persistence.PERSIST_STATE:
        return
    snapshots = Snapshots(Path(persistence.STATE_DIR))
    interval_s = float(os.environ.get("MINISTACK_SNAPSHOT_S", "5"))
    stock_load = app._load_persisted_state

    def load() -> None:
        stock_load()
        thread = threading.Thread(
            target=snapshots.keep_taking, args=(interval_s,), name="snapshots", daemon=True
        )
        thread.start()

    app._load_persisted_state = load
    app.save_all = lambda _services: snapshots.close()

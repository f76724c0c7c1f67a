"""Lend a command a PostgreSQL of its own, for as long as it runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Conflict, Unavailable
from algotrendy.local.home import Home
from algotrendy.local.parts import Postgres
from algotrendy.local.processes import held_lock
from algotrendy.local.runner import ProcessLauncher, Runner, log_file
from algotrendy.local.status import PartState

_POLL_S = 0.05
_LOCK_PATIENCE_S = 1.0


@contextmanager
def embedded_postgres(home: Home) -> Iterator[str]:
    """Start the server of a data folder, give its URL, and stop it at the end.

    A server that a killed command left behind is stopped first.

    Raises:
        Conflict: If another command uses the folder.
        Unavailable: If the server cannot be started; names the log.
    """
    home.create()
    with held_lock(home.lock_file, _LOCK_PATIENCE_S) as is_ours:
        if not is_ours:
            raise Conflict(f"{home.root} is in use by another command; stop it, or name a database")
        runner = Runner(Postgres(home), ProcessLauncher(home), SystemClock())
        try:
            while runner.state is not PartState.RUNNING:
                runner.tick()
                if runner.state is PartState.FAILED:
                    log = log_file(home, runner.part.name)
                    raise Unavailable("embedded PostgreSQL", f"{runner.message} (log: {log})")
                time.sleep(_POLL_S)
            yield runner.part.url
        finally:
            runner.request_stop()
            runner.wait_stopped()

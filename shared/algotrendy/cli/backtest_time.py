"""End a command that takes longer than it may, also in code that no signal can interrupt."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from algotrendy.kernel.errors import AlgoTrendyError, Invalid

_POLL_S = 0.02


class TookTooLongError(AlgoTrendyError):
    """Says that the work was killed because its time was over."""

    code = "took-too-long"


def within(limit_s: float | None, leave: Callable[[int], None]) -> None:
    """Go on in a child process, and watch it: compiled code hears no signal but the last.

    Returns in the child, which does the work. The parent waits for it and leaves by its exit code.

    Args:
        limit_s: Seconds; None goes on in this process.
        leave: Ends the parent with the child's exit code.

    Raises:
        Invalid: If the limit is not above 0.
        TookTooLongError: In the parent, when it had to kill the child.
    """
    if limit_s is None:
        return
    if not limit_s > 0.0:
        raise Invalid("time-limit", "above 0 seconds", limit_s)
    child = os.fork()
    if child == 0:
        return
    try:
        status = _awaited(child, time.monotonic() + limit_s)
    except BaseException:
        _kill(child)
        raise
    if status is not None:
        leave(_exit_code(status))
        return
    _kill(child)
    raise TookTooLongError(
        f"it was not done in {limit_s:g} s and was killed: a strategy that never ends, or a "
        "--time-limit that is too short; the first run of a new version compiles for up to a minute"
    )


def _awaited(child: int, deadline: float) -> int | None:
    """Wait for a child until its time is over; give its status, or None when it still runs."""
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(_POLL_S)
    return None


def _kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code

"""Know when the log of a call is complete, rather than wait for silence.

Stock: after each call it waits for up to 50 ms for a first log line and for 5 ms of silence after
the last. A quiet function takes 50 ms at least, and a line that comes late is given to the next
call.

AWS: has no such floor and loses nothing.

Fix: the worker writes a mark after the last line of each call, and the reader stops there.
"""

import queue
import time
from typing import Any

from ministack.core import lambda_runtime

from . import source_text

_MARK = "\x1e end of log"
# A bound for what a healthy worker does at once: the mark is sent before the answer.
_GIVE_UP_S = 1.0


def _mark_end_of_log() -> None:
    import sys

    # The process's own, whatever the handler has put in the place of sys.stderr.
    print("\x1e end of log", file=sys.__stderr__, flush=True)


def _read_to_mark(worker: Any) -> str:
    lines: list[str] = []
    give_up = time.monotonic() + _GIVE_UP_S
    while time.monotonic() < give_up:
        try:
            line: str = worker._stderr_queue.get(timeout=0.01)
        except queue.Empty:
            if not worker._stderr_thread.is_alive():
                break
            continue
        if line.endswith(_MARK):
            unfinished = line.removesuffix(_MARK)
            lines += [unfinished] if unfinished else []
            break
        lines.append(line)
    return "\n".join(lines)


def apply() -> None:
    """Mend the worker program and what reads its log."""
    source_text.change_worker(
        source_text.before("        _real_stdout.flush()\n\nrun()", "        _mark_end_of_log()"),
        helpers=(_mark_end_of_log,),
    )
    stock = lambda_runtime.Worker._drain_stderr_bounded

    def drain(worker: Any, *args: float, **options: float) -> str:
        if worker.config.get("Runtime", "python").startswith("python"):
            return _read_to_mark(worker)
        text: str = stock(worker, *args, **options)
        return text

    lambda_runtime.Worker._drain_stderr_bounded = drain

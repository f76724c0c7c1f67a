"""End the Lambda workers of an emulator that was killed.

Stock: a worker ends when its standard input does, but looks at it only between two calls. A
handler that runs when the emulator is killed runs on to its end, and writes beside the worker
that does the same work again after the restart.

AWS: does not know this case; the nearest is an environment that is shut down.

Fix: a thread of the worker waits for the other end of the standard input to close and then ends
the process. (PR_SET_PDEATHSIG would not do: it fires when the *thread* that started the worker
ends, which is a request's thread.)
"""

from . import source_text


def _end_with_the_emulator() -> None:
    import os
    import select
    import sys
    import threading

    def watch() -> None:
        closed = select.poll()
        # No event is asked for: hang-up and error are reported always, readable input never.
        closed.register(sys.stdin.fileno(), 0)
        closed.poll()
        os._exit(1)

    threading.Thread(target=watch, name="emulator-watch", daemon=True).start()


def apply() -> None:
    """Mend the worker program."""
    source_text.change_worker(
        source_text.before("    _real_stdout = sys.stdout\n", "    _end_with_the_emulator()"),
        helpers=(_end_with_the_emulator,),
    )

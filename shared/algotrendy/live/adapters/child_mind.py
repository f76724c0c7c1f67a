"""Think in a child process, which may loop, grow or die, and takes nothing along but itself."""

from __future__ import annotations

import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from algotrendy.backtest.engine.step_records import BarSeen, StepInputs
from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.live.ports import (
    StrategyFailed,
    StrategyOverflowed,
    StrategyTimedOut,
    Thought,
    Traits,
)
from algotrendy.live.runs import Run
from algotrendy.live.step_texts import bars_text, decisions_of, inputs_text
from algotrendy.live.versions import Content

STEP_WITHIN_S: Final = 5.0
BEGIN_WITHIN_S: Final = 60.0
MEMORY: Final = 512 * 1024 * 1024
_LENGTH: Final = struct.Struct(">I")
_MOST: Final = 64 * 1024 * 1024


class ChildMind:
    """Is the ``Mind`` of a deployment: one child for all runs of this process.

    When a strategy ends the child, the others lose nothing: the next question begins another one,
    and brings state and bars along. The child inherits no setting and no credential.

    Args:
        within_s: Seconds that a step may take.
        memory: Bytes that all strategies together may take.
    """

    def __init__(self, within_s: float = STEP_WITHIN_S, memory: int = MEMORY) -> None:
        self._within_s = within_s
        self._memory = memory
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def traits(self, content: Content) -> Traits:
        """Look at what is to run; Invalid where it cannot be, naming the field."""
        try:
            found = self._ask({"ask": "traits", "content": content.to_json()})
        except (StrategyFailed, StrategyTimedOut) as error:
            raise Invalid("strategy", "such as can be loaded", str(error)) from error
        return Traits(found["warm_up"], found["assets"], tuple(found["timeframes"]))

    def think(
        self,
        run: Run,
        inputs: StepInputs,
        state: str | None,
        told: Callable[[], Sequence[Sequence[BarSeen]]],
    ) -> Thought:
        """Do one step; raises as ``Mind.think``."""
        question = {
            "ask": "step",
            "run": str(run.id),
            "content": run.content.to_json(),
            "capital": float(run.capital),
            "inputs": inputs_text(inputs),
            "bars": bars_text(inputs.bars),
            "state": state,
            "told": None,
        }
        try:
            found = self._ask(question)
            if "lacks" in found:
                found = self._ask({**question, "told": [bars_text(bars) for bars in told()]})
        except Invalid as error:
            raise StrategyFailed(error.message) from error
        return Thought(
            decisions_of(found["decisions"]), found["state"], found["digest"], found["due"]
        )

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            found = self._asked(question)
        kind = found.get("error")
        if kind == "overflowing":
            raise StrategyOverflowed(found["message"])
        if kind == "invalid":
            error = Invalid(found["field"], "such as can be run", None)
            error.message, error.args = found["message"], (found["message"],)
            raise error
        if kind is not None:
            raise StrategyFailed(found["message"])
        return found

    def _asked(self, question: dict[str, Any]) -> dict[str, Any]:
        child = self._ready()
        text = json.dumps(question, separators=(",", ":")).encode()
        assert child.stdin is not None  # noqa: S101 - a pipe, as it was begun
        try:
            child.stdin.write(_LENGTH.pack(len(text)) + text)
            child.stdin.flush()
            found = self._read(child, self._within_s)
        except TimeoutError:
            self._end()
            reason = f"it did not come back within {self._within_s:g} s"
            raise StrategyTimedOut(reason) from None
        except (EOFError, OSError) as error:
            self._end()
            raise StrategyFailed("it ended its process") from error
        if "MemoryError" in str(found.get("message", "")):
            self._end()
        return found

    def _ready(self) -> subprocess.Popen[bytes]:
        child = self._child
        if child is not None and child.poll() is None:
            return child
        self._end()
        self._child = child = self._begun()
        try:
            if self._read(child, BEGIN_WITHIN_S) != {"ready": True}:
                raise EOFError
        except (EOFError, OSError, TimeoutError) as error:
            self._end()
            raise Unavailable("mind", "its process does not begin") from error
        return child

    def _begun(self) -> subprocess.Popen[bytes]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return subprocess.Popen(
            [sys.executable, "-m", "algotrendy.live.mind_process", str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                **kept,
                "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                "PYTHONHASHSEED": "0",
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
            },
        )

    @staticmethod
    def _read(child: subprocess.Popen[bytes], within_s: float) -> dict[str, Any]:
        assert child.stdout is not None  # noqa: S101 - a pipe, as it was begun
        until = time.monotonic() + within_s
        pipe = child.stdout.fileno()
        (size,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size, until))
        if size > _MOST:
            raise EOFError
        found: dict[str, Any] = json.loads(_exactly(pipe, size, until))
        return found

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not read any more
                    pipe.close()


def _exactly(pipe: int, size: int, until: float) -> bytes:
    found = b""
    while len(found) < size:
        ready, _, _ = select.select([pipe], [], [], max(until - time.monotonic(), 0.0))
        if not ready:
            raise TimeoutError
        part = os.read(pipe, min(size - len(found), 1 << 20))
        if not part:
            raise EOFError
        found += part
    return found

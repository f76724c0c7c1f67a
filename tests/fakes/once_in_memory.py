"""Does things once under a key, and remembers it in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from algotrendy.kernel.request_errors import KeyReused
from algotrendy.platform.idempotency import Answer, Asked


class OnceInMemory:
    """What ``idempotency.Once`` does, for one process and without an end."""

    def __init__(self) -> None:
        self._done: dict[tuple[str, str], tuple[bytes, Answer]] = {}

    def run(self, asked: Asked, act: Callable[[], Answer]) -> Answer:
        """Act, or give the answer of the time before."""
        name = asked.caller, asked.key
        if name in self._done:
            payload, answer = self._done[name]
            if payload != asked.payload:
                raise KeyReused(asked.key)
            return replace(answer, is_replayed=True)
        answer = act()
        self._done[name] = asked.payload, answer
        return answer

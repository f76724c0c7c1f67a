"""Blobs in memory, and one that fails as a killed process would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from algotrendy.kernel.errors import NotFound, Unavailable


@dataclass(frozen=True, slots=True)
class Info:
    key: str


class MemoryBlobs:
    """Keeps objects in a dictionary; ``puts`` tells the keys in the order they were written."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.puts: list[str] = []

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self.puts.append(key)
        self.objects[key] = data

    def get(self, key: str) -> bytes:
        if key not in self.objects:
            raise NotFound("blob", key)
        return self.objects[key]

    def file(self, key: str) -> Path | None:
        return None

    def list(self, prefix: str) -> Sequence[Info]:
        return [Info(key) for key in sorted(self.objects) if key.startswith(prefix)]


class DyingBlobs(MemoryBlobs):
    """Dies at a put: what was written before stays, nothing after is."""

    def __init__(self, kept: MemoryBlobs, puts_to_live: int) -> None:
        super().__init__()
        self.objects = kept.objects
        self._left = puts_to_live

    def put(self, key: str, data: bytes, content_type: str) -> None:
        if not self._left:
            raise Unavailable("blobs", "killed")
        self._left -= 1
        super().put(key, data, content_type)

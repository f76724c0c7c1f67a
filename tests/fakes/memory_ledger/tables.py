"""Dictionaries that know how to take back what was done to them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
M = TypeVar("M", bound=Hashable)


class Undo:
    """What takes a transaction back, step by step."""

    def __init__(self) -> None:
        self.steps: list[Callable[[], object]] = []

    def back(self) -> None:
        """Take everything back since the last ``forget``."""
        while self.steps:
            self.steps.pop()()

    def forget(self) -> None:
        """Keep what was done."""
        self.steps.clear()


class Table(Generic[K, V]):
    """Rows by their key."""

    def __init__(self, undo: Undo) -> None:
        self.rows: dict[K, V] = {}
        self._undo = undo

    def get(self, key: K) -> V | None:
        return self.rows.get(key)

    def put(self, key: K, row: V) -> None:
        rows = self.rows
        if key in rows:
            before = rows[key]
            self._undo.steps.append(lambda: rows.__setitem__(key, before))
        else:
            self._undo.steps.append(lambda: rows.pop(key))
        rows[key] = row

    def drop(self, key: K) -> None:
        rows = self.rows
        before = rows.pop(key)
        self._undo.steps.append(lambda: rows.__setitem__(key, before))


class Index(Generic[K, M]):
    """Which rows there are of a key, in the order in which they came."""

    def __init__(self, undo: Undo) -> None:
        self._members: defaultdict[K, dict[M, None]] = defaultdict(dict)
        self._undo = undo

    def of(self, key: K) -> Collection[M]:
        found = self._members.get(key)
        return () if found is None else found.keys()

    def all(self) -> Iterator[tuple[K, Collection[M]]]:
        yield from self._members.items()

    def add(self, key: K, member: M) -> None:
        members = self._members[key]
        if member not in members:
            members[member] = None
            self._undo.steps.append(lambda: members.pop(member))

    def drop(self, key: K, member: M) -> None:
        members = self._members[key]
        if member in members:
            del members[member]
            self._undo.steps.append(lambda: members.__setitem__(member, None))


class Sorted(Generic[K]):
    """Which names there are of a key, in the order of the names."""

    def __init__(self, undo: Undo) -> None:
        self._members: defaultdict[K, list[str]] = defaultdict(list)
        self._undo = undo

    def add(self, key: K, member: str) -> None:
        members = self._members[key]
        insort(members, member)
        self._undo.steps.append(lambda: members.pop(bisect_left(members, member)))

    def last_first(self, key: K, below: str | None) -> Iterator[str]:
        members = self._members.get(key, [])
        place = len(members) if below is None else bisect_left(members, below)
        for index in range(place - 1, -1, -1):
            yield members[index]

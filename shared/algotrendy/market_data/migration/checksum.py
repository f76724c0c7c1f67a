"""Sum up rows so that the same rows in any order, in any chunks, have the same sum."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

_MOST = 2**64
_STEP = np.uint64(0x9E3779B97F4A7C15)
_SECOND_SUM = np.uint64(0xD1B54A32D192ED03)


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows as the lake keeps them, column by column.

    Attributes:
        symbols: The lake's names.
        times: Nanoseconds since 1970 UTC.
        numbers: The lake's numeric columns, in its order.
    """

    symbols: Sequence[str]
    times: npt.NDArray[np.int64]
    numbers: tuple[npt.NDArray[np.float64], ...]

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True)
class Checksum:
    """Counts rows and sums two hashes of each; sums of parts add up to the sum of the whole."""

    rows: int = 0
    first: int = 0
    second: int = 0

    def __add__(self, other: Checksum) -> Checksum:
        """Sum up the rows of both."""
        return Checksum(
            self.rows + other.rows,
            (self.first + other.first) % _MOST,
            (self.second + other.second) % _MOST,
        )

    def __str__(self) -> str:
        """Give 32 hexadecimal digits, without the count."""
        return f"{self.first:016x}{self.second:016x}"


def checksum(columns: Columns) -> Checksum:
    """Sum up rows: symbol, time and every bit of every number count.

    Each row goes value by value through the mixer of splitmix64 (Steele, Lea, Flood 2014).
    """
    names = map(_name_hash, columns.symbols)
    hashes = _mixed(np.fromiter(names, dtype=np.uint64, count=len(columns)) + _STEP)
    for column in (columns.times, *columns.numbers):
        hashes = _mixed(hashes + _STEP + np.ascontiguousarray(column).view(np.uint64))
    second = _mixed(hashes ^ _SECOND_SUM)
    return Checksum(len(columns), _sum(hashes), _sum(second))


def _sum(hashes: Hashes) -> int:
    return int(np.add.reduce(hashes, dtype=np.uint64))


def _mixed(z: Hashes) -> Hashes:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@lru_cache(maxsize=100_000)
def _name_hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")

"""What a sweep runs in: stores that worker processes open for themselves, and a request."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from algotrendy.backtest.request import Range, SweepSpec
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import SweepId
from algotrendy.platform.blobs import FolderBlobs
from fakes.bar_store import MemoryBars
from fakes.bars_for_backtests import walk

SWEEP_ID = SweepId(UUID("01936b1e-0000-7000-8000-000000000001"))
OTHER_SWEEP_ID = SweepId(UUID("01936b1e-0000-7000-8000-000000000002"))


def some_bars() -> MemoryBars:
    """Give 120 daily bars from 2000-01-01 of two symbols."""
    return MemoryBars(walk("AAA", 120, seed=1), walk("BBB", 120, seed=2))


def some_spec(**changes: Any) -> SweepSpec:
    """Give a sweep of 2 symbols × 9 combinations, 1 of which breaks the rule: 16 runs."""
    spec: dict[str, Any] = {
        "strategy": "sma_cross",
        "symbols": ("BBB", "AAA"),
        "start": date(2000, 1, 1),
        "end": date(2000, 12, 31),
        "parameters": {
            "fast": Range(start=Decimal(4), stop=Decimal(12), step=Decimal(4)),
            "slow": (Decimal(12), Decimal(16), Decimal(24)),
        },
    }
    return SweepSpec.model_validate({**spec, **changes})


def open_stores(folder: str) -> tuple[FolderBlobs, MemoryBars]:
    """Open the stores of a worker process."""
    return FolderBlobs(Path(folder)), some_bars()


class _DeadlyBlobs(FolderBlobs):
    """Kills its process at the first read, or at every one without a marker."""

    marker: Path | None = None

    def get(self, key: str) -> bytes:
        if self.marker is None or not self.marker.exists():
            if self.marker is not None:
                self.marker.touch()
            os._exit(9)
        return super().get(key)


def open_stores_and_die_once(folder: str, marker: str) -> tuple[FolderBlobs, MemoryBars]:
    """Open stores that kill the first worker that reads of them."""
    blobs = _DeadlyBlobs(Path(folder))
    blobs.marker = Path(marker)
    return blobs, some_bars()


def open_stores_and_die(folder: str) -> tuple[FolderBlobs, MemoryBars]:
    """Open stores that kill every worker that reads of them."""
    return _DeadlyBlobs(Path(folder)), some_bars()


class _SilentBlobs(FolderBlobs):
    """Does not answer until its marker can be written, which takes one try."""

    marker = Path()

    def get(self, key: str) -> bytes:
        if not self.marker.exists():
            if self.marker.parent.exists():
                self.marker.touch()
            raise Unavailable("blobs", "they do not answer")
        return super().get(key)


def open_stores_that_fail_once(folder: str, marker: str) -> tuple[FolderBlobs, MemoryBars]:
    """Open stores that do not answer once; always, where the marker's folder is not there."""
    blobs = _SilentBlobs(Path(folder))
    blobs.marker = Path(marker)
    return blobs, some_bars()

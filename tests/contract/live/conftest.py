"""The stores of runs that must keep one contract: the fake in memory, and the real one."""

from __future__ import annotations

from typing import Any

import pytest

from algotrendy.live.adapters.postgres_runs import PostgresLiveLedger
from algotrendy.live.ports import LiveLedger
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database
from algotrendy.trading.adapters.postgres import PostgresLedger
from fakes.memory_ledger import MemoryLedger
from fakes.memory_runs import MemoryLiveLedger


@pytest.fixture
def memory() -> LiveLedger:
    return MemoryLiveLedger(MemoryLedger())


@pytest.fixture
def postgres(database: Database) -> LiveLedger:
    return PostgresLiveLedger(PostgresLedger(database, Outbox()))


@pytest.fixture(params=["memory", "postgres"])
def live_ledger(request: pytest.FixtureRequest) -> LiveLedger:
    found: Any = request.getfixturevalue(request.param)
    return found  # type: ignore[no-any-return]

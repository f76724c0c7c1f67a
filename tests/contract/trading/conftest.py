"""The ledgers that must keep one contract: the fake in memory, and the real one in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from algotrendy.kernel.events import Event, parse
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database
from algotrendy.trading.adapters.postgres import PostgresLedger
from algotrendy.trading.ledger import Ledger
from fakes.memory_ledger import MemoryLedger

Published = Callable[[], Sequence[Event]]


@pytest.fixture
def memory() -> tuple[Ledger, Published]:
    ledger = MemoryLedger()
    return ledger, lambda: ledger.published


@pytest.fixture
def postgres(database: Database) -> tuple[Ledger, Published]:
    def published() -> Sequence[Event]:
        rows = database.run(
            lambda tx: tx.execute("SELECT payload FROM outbox ORDER BY id").fetchall()
        )
        return [parse(json.loads(row["payload"])) for row in rows]

    return PostgresLedger(database, Outbox()), published


@pytest.fixture(params=["memory", "postgres"])
def ledger_and_outbox(request: pytest.FixtureRequest) -> tuple[Ledger, Published]:
    """Give an empty ledger, and what reads its outbox."""
    found: Any = request.getfixturevalue(request.param)
    return found  # type: ignore[no-any-return]


@pytest.fixture
def ledger(ledger_and_outbox: tuple[Ledger, Published]) -> Ledger:
    return ledger_and_outbox[0]


@pytest.fixture
def published(ledger_and_outbox: tuple[Ledger, Published]) -> Published:
    return ledger_and_outbox[1]

"""Turns at an account on a real PostgreSQL: nobody keeps one for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from algotrendy.kernel.errors import Unavailable
from algotrendy.platform.database import Database, Transaction
from algotrendy.trading.adapters.postgres.turns import Turns
from fixtures.postgres import locks


class Frozen:
    """A transaction whose process stands still before one of its calls."""

    def __init__(self, tx: Transaction, before: int, stand_still: Callable[[], None]) -> None:
        self._tx = tx
        self._left = before
        self._stand_still = stand_still

    def __getattr__(self, name: str) -> Any:
        if name in ("execute", "commit", "pipeline"):
            if self._left == 0:
                self._stand_still()
            self._left -= 1
        return getattr(self._tx, name)


@pytest.mark.parametrize("before", range(1, 6))
def test_a_process_that_stands_still_with_a_turn_loses_it(
    database: Database, database_url: str, before: int
) -> None:
    impatient = Database(f"{database_url}&options=-c%20idle_in_transaction_session_timeout%3D100")
    held: list[int] = []

    def stand_still() -> None:
        assert locks(database) > 0
        time.sleep(0.5)
        held.append(locks(database))

    def work(tx: Transaction) -> None:
        frozen: Any = Frozen(tx, before, stand_still)
        Turns(frozen, {"one", "two"}, is_offered=True)
        frozen.execute("SELECT 1")
        frozen.execute("SELECT 1")

    with pytest.raises(Unavailable):
        impatient.run(work)
    impatient.close()
    assert held == [0]


def test_a_database_without_such_locks_is_not_asked_for_them(database: Database) -> None:
    wanted: set[str] = set()

    def work(tx: Transaction) -> int:
        Turns(tx, wanted, is_offered=False).take("one")
        return locks(database)

    assert database.run(work) == 0
    assert database.run(work) == 0
    assert wanted == {"one"}

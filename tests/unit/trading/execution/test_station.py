"""A station outlives whatever its ledger raises, and says whether the ledger answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from psycopg import errors

from algotrendy.kernel.errors import Unavailable
from algotrendy.trading.execution.lease import TTL_S
from algotrendy.trading.execution.service import Standing, Station
from fakes.execution_bench import Bench
from fakes.memory_ledger import Fate
from fakes.quick_loop import run_quickly


class Ledger:
    """Says how commits end, and counts them."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.asked = 0

    def fate(self) -> Fate:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return Fate.COMMITS


def play(scene: Callable[[Bench, Ledger], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        bench, ledger = Bench(), Ledger()
        bench.ledger.fate = ledger.fate
        try:
            await scene(bench, ledger)
        finally:
            await bench.close()

    run_quickly(whole())


async def until(station: Station, standing: Standing, within_s: float) -> None:
    end = asyncio.get_running_loop().time() + within_s
    while station.standing is not standing:
        assert asyncio.get_running_loop().time() < end, f"still {station.standing}"
        await asyncio.sleep(0.1)


STRANGE = [
    errors.UndefinedTable("relation ledger_leases does not exist"),
    errors.ReadOnlySqlTransaction("cannot execute SELECT FOR UPDATE"),
    RuntimeError("whatever"),
]


@pytest.mark.parametrize("error", STRANGE)
def test_whatever_the_ledger_raises_at_first_the_account_is_taken_up_later(
    error: Exception,
) -> None:
    async def scene(bench: Bench, ledger: Ledger) -> None:
        ledger.error = error
        station, running = bench.start()
        await asyncio.sleep(120)
        assert not running.done()
        assert not station.has_ledger
        # Less and less often.
        assert 10 < ledger.asked < 20
        ledger.error = None
        await until(station, Standing.SERVING, within_s=12)
        assert station.has_ledger

    play(scene)


@pytest.mark.parametrize("error", STRANGE)
def test_whatever_the_ledger_raises_while_it_serves_the_account_is_taken_up_again(
    error: Exception,
) -> None:
    async def scene(bench: Bench, ledger: Ledger) -> None:
        station, running = bench.start()
        await until(station, Standing.SERVING, within_s=2)
        ledger.error = error
        await until(station, Standing.WAITING, within_s=10)
        await asyncio.sleep(60)
        assert not running.done()
        ledger.error = None
        await until(station, Standing.SERVING, within_s=12)

    play(scene)


def test_a_ledger_that_was_reached_once_and_fails_since_is_not_there() -> None:
    async def scene(bench: Bench, ledger: Ledger) -> None:
        serving, _ = bench.start()
        await until(serving, Standing.SERVING, within_s=2)
        standing_by, _ = bench.start()
        await asyncio.sleep(30)
        assert (serving.has_ledger, standing_by.has_ledger) == (True, True)
        ledger.error = Unavailable("database", "it only reads")
        await asyncio.sleep(TTL_S + 1)
        assert (serving.has_ledger, standing_by.has_ledger) == (False, False)
        ledger.error = None
        await asyncio.sleep(TTL_S)
        assert (serving.has_ledger, standing_by.has_ledger) == (True, True)

    play(scene)


def test_a_station_whose_broker_fails_still_has_its_ledger() -> None:
    async def scene(bench: Bench, ledger: Ledger) -> None:
        station, _ = bench.start()

        async def fail() -> Any:
            raise Unavailable("broker", "down")

        station._connect = fail
        for _ in range(120):
            await asyncio.sleep(1)
            assert station.has_ledger

    play(scene)

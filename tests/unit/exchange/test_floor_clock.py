"""What becomes of the market's time when the exchange is held up for a moment."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from algotrendy.exchange.floor import Floor, to_ns
from algotrendy.exchange.market.events import BarEvent
from algotrendy.exchange.wiring import build_floor
from algotrendy.kernel.clock import ManualClock, SystemClock
from fakes.exchange_store import MemoryStore
from fixtures.exchange import OPENING, options


async def reaches(floor: Floor, due: datetime, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while floor.now() < due and time.monotonic() < deadline:  # noqa: ASYNC110 - tells nobody
        await asyncio.sleep(0.01)
    return floor.now() >= due


@pytest.mark.parametrize(("speed", "catches_up"), [(1.0, True), (50.0, False)])
def test_a_market_at_the_walls_pace_catches_up_and_a_quicker_clock_waits_for_its_market(
    speed: float, catches_up: bool
) -> None:
    wall, held_up = ManualClock(OPENING), timedelta(seconds=120)

    async def work() -> None:
        symbols = ("AAPL", "BTC/USD")
        chosen = replace(options(speed=speed), market="synthetic", symbols=symbols, activity=40.0)
        floor = build_floor(chosen, MemoryStore(), wall)
        await floor.start()
        wall.advance(held_up)
        due = OPENING + held_up * speed
        assert await reaches(floor, due, 30 if catches_up else 0.5) is catches_up
        assert (floor.clock.now() >= due) is catches_up
        await floor.stop()

    asyncio.run(work())


def test_the_time_that_it_takes_to_draw_the_first_prices_is_played_and_not_lost() -> None:
    class Busy(ManualClock):
        """Passes ten seconds whenever it is asked."""

        def now(self) -> datetime:
            return self.advance(timedelta(seconds=10))

    async def work() -> None:
        chosen = replace(options(speed=1.0), market="synthetic", symbols=("BTC/USD",))
        floor = build_floor(chosen, MemoryStore(), Busy(OPENING))
        feed = floor.ticks()
        await floor.start()
        due = OPENING + timedelta(minutes=2)
        assert await reaches(floor, due, 30)
        told = feed.waiting()
        await floor.stop()
        begin, end = to_ns(OPENING), to_ns(due)
        expected = list(floor.market.ticks("BTC/USD", begin, end))
        heard = [e for e in told if not isinstance(e, BarEvent) and e.time_ns < end]
        assert heard == expected

    asyncio.run(work())


def test_an_exchange_that_begins_now_is_not_late_by_what_it_takes_to_begin() -> None:
    async def work() -> None:
        wall = SystemClock()
        began = wall.now()
        chosen = replace(options(speed=1.0), market="synthetic", start=None)
        floor = build_floor(chosen, MemoryStore(), wall)
        took = datetime.now(UTC) - began
        assert wall.now() - floor.clock.now() < took / 2

    asyncio.run(work())

"""Writers follow each other: killed, asked to stop, or two at once, no order is lost or doubled."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest

from algotrendy.kernel.errors import Unavailable, Unknown
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.execution.service import Standing
from algotrendy.trading.order_events import OrderSubmitted
from algotrendy.trading.status import PlatformStatus as S
from fakes.execution_bench import Bench
from fakes.quick_loop import LoopClock, run_quickly
from fakes.scripted_broker import Vanish, before


def play(scene: Callable[[Bench], Coroutine[Any, Any, None]]) -> Bench:
    async def whole() -> Bench:
        bench = Bench()
        try:
            await scene(bench)
        finally:
            await bench.close()
        return bench

    return run_quickly(whole())


async def kill(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("after_s", [n / 1000 for n in range(0, 60, 3)])
def test_a_writer_that_is_killed_at_any_time_leaves_one_order(after_s: float) -> None:
    async def scene(bench: Bench) -> None:
        _, first = bench.start()
        await asyncio.sleep(1)
        order_id = bench.intend()
        bench.bells.ring(order_id)
        await asyncio.sleep(after_s)
        # What a kill leaves behind: neither a lease given back, nor a word to the broker.
        bench.ledger.fate, commits = _failing, bench.ledger.fate
        await kill(first)
        bench.ledger.fate = commits
        bench.start()
        await bench.until(order_id, S.NEW, within_s=90)

    assert len(play(scene).exchange.orders) == 1


def _failing() -> Any:
    raise Unavailable("ledger", "the process is dead")


def test_a_request_that_was_on_its_way_when_its_writer_died_is_waited_for() -> None:
    async def scene(bench: Bench) -> None:
        bench.exchange.fates = [Vanish()]
        _, first = bench.start()
        order_id = bench.intend()
        await bench.until(order_id, S.SUBMITTING)
        await kill(first)
        began = bench.clock.now()
        # Its clock is an hour ahead: what was sent a moment ago looks old to it.
        ahead = LoopClock()
        ahead.ahead = timedelta(hours=1)
        bench.start(ahead)
        await bench.until(order_id, S.NEW, S.CANCELED, within_s=120)
        assert bench.clock.now() - began >= timedelta(seconds=15)

    play(scene)


def test_a_station_that_is_asked_to_stop_hands_over_within_a_second() -> None:
    async def scene(bench: Bench) -> None:
        first, running = bench.start()
        await asyncio.sleep(2)
        second, _ = bench.start()
        await asyncio.sleep(5)
        assert (first.standing, second.standing) == (Standing.SERVING, Standing.WAITING)
        order_id = bench.intend()
        bench.bells.ring(order_id)
        await asyncio.sleep(0.004)
        first.stop()
        await running
        await asyncio.sleep(1)
        assert (first.standing, second.standing) == (Standing.STOPPED, Standing.SERVING)
        await bench.until(order_id, S.NEW)
        kinds = [type(event) for event in bench.ledger.tables.orders.history(order_id)]
        assert kinds.count(OrderSubmitted) == 1

    play(scene)


class Waking:
    """Is a ``Duty`` that wakes its writer again just as that one begins to hand over."""

    name = "waking"
    every_s = 60.0

    def __init__(self, post: Post, stop: asyncio.Event, steps: int) -> None:
        self._post = post
        self._stop = stop
        self._steps = steps

    async def do(self) -> None:
        await self._stop.wait()
        # As long as the last commit of who hands over takes.
        await asyncio.sleep(0.001)
        for _ in range(self._steps):
            await asyncio.sleep(0)
        self._post.wake()


@pytest.mark.parametrize("steps", range(12))
def test_a_station_that_is_woken_as_it_is_asked_to_stop_hands_over(steps: int) -> None:
    # Seed 7022 of the simulation: the cancelled task had what it waited for and went on, so that
    # the station kept its lease for ever and served nobody.
    async def scene(bench: Bench) -> None:
        stop = asyncio.Event()
        bench.duties = lambda post: (Waking(post, stop, steps),)
        first, running = bench.start()
        await asyncio.sleep(2.5)
        second, _ = bench.start()
        await asyncio.sleep(5.5)
        assert (first.standing, second.standing) == (Standing.SERVING, Standing.WAITING)
        first.stop()
        stop.set()
        async with asyncio.timeout(5):
            await running
        await asyncio.sleep(1)
        assert (first.standing, second.standing) == (Standing.STOPPED, Standing.SERVING)

    play(scene)


def test_two_at_once_never_both_send() -> None:
    async def scene(bench: Bench) -> None:
        stations = [bench.start()[0] for _ in range(3)]
        orders = [bench.intend() for _ in range(10)]
        for order_id in orders:
            await bench.until(order_id, S.NEW)
        assert [s.standing for s in stations].count(Standing.SERVING) == 1

    bench = play(scene)
    assert (bench.exchange.submits, len(bench.exchange.orders)) == (10, 10)


def test_a_writer_that_stood_still_is_fenced_off_and_changes_nothing() -> None:
    async def scene(bench: Bench) -> None:
        first, _ = bench.start()
        await asyncio.sleep(2)
        # Another one's clock jumped ahead: it believes that the lease has run out.
        ahead = LoopClock()
        ahead.ahead = timedelta(minutes=5)
        second, _ = bench.start(ahead)
        await asyncio.sleep(2)
        assert (first.standing, second.standing) == (Standing.WAITING, Standing.SERVING)
        order_id = bench.intend(submit_by=None)
        order = await bench.until(order_id, S.NEW)
        assert order.epoch == second.epoch == 2

    play(scene)


@pytest.mark.parametrize("jump", [timedelta(hours=-2), timedelta(hours=2)])
def test_a_clock_that_jumps_under_a_writer_costs_no_order(jump: timedelta) -> None:
    async def scene(bench: Bench) -> None:
        bench.start()
        await asyncio.sleep(2)
        bench.exchange.fates = [before(Unknown("order", "lost"))]
        order_id = bench.intend()
        await bench.until(order_id, S.UNKNOWN)
        bench.clock.ahead = jump
        await bench.until(order_id, S.NEW, S.CANCELED)
        later = bench.intend()
        await bench.until(later, S.NEW)

    bench = play(scene)
    assert len({order.client_order_id for order in bench.exchange.orders.values()}) == len(
        bench.exchange.orders
    )


def test_a_broker_that_cannot_be_reached_at_first_is_tried_again() -> None:
    async def scene(bench: Bench) -> None:
        tries = iter([Unavailable("broker", "down"), Unavailable("broker", "down")])
        station, _ = bench.start()
        connect = station._connect

        async def connect_later() -> Any:
            for error in tries:
                raise error
            return await connect()

        station._connect = connect_later
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)

    play(scene)

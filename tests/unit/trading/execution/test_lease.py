"""One writer at a time has an account's lease, whatever the clocks say; others are fenced off."""

from datetime import timedelta

import pytest

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Unknown
from algotrendy.trading.execution.lease import (
    TTL_S,
    Fenced,
    FencedDesk,
    LeaseKeeper,
)
from fakes.execution_bench import LoopDesk
from fakes.memory_ledger import Fate, MemoryLedger
from fakes.quick_loop import BEGIN, run_quickly

NAME = "execution:paper"


class Machine:
    """A process that wants the lease, with a clock of its own."""

    def __init__(self, ledger: MemoryLedger, holder: str) -> None:
        self.clock = ManualClock(BEGIN)
        self.seconds = 0.0
        self.desk = LoopDesk(ledger)
        self.keeper = LeaseKeeper(self.desk, self.clock, NAME, holder, lambda: self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.clock.advance(timedelta(seconds=seconds))


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


def test_the_second_waits_until_the_first_ones_time_is_over(ledger: MemoryLedger) -> None:
    async def scene() -> None:
        one, two = Machine(ledger, "one"), Machine(ledger, "two")
        first = await one.keeper.acquire()
        assert first is not None
        assert first.epoch == 1
        assert await two.keeper.acquire() is None
        two.sleep(TTL_S)
        second = await two.keeper.acquire()
        assert second is not None
        assert second.epoch == 2
        with pytest.raises(Fenced):
            await FencedDesk(one.desk, first).run(lambda tx: None)
        with pytest.raises(Fenced):
            await one.keeper.renew(first)

    run_quickly(scene())


def test_a_lease_that_is_given_back_is_free_at_once(ledger: MemoryLedger) -> None:
    async def scene() -> None:
        one, two = Machine(ledger, "one"), Machine(ledger, "two")
        first = await one.keeper.acquire()
        assert first is not None
        await one.keeper.release(first)
        assert not first.may_send()
        second = await two.keeper.acquire()
        assert second is not None
        assert second.epoch == 2
        await one.keeper.release(first)
        assert await one.keeper.acquire() is None

    run_quickly(scene())


def test_a_holder_whose_clock_was_far_ahead_does_not_keep_the_lease_for_ever(
    ledger: MemoryLedger,
) -> None:
    async def scene() -> None:
        one, two = Machine(ledger, "one"), Machine(ledger, "two")
        one.clock.advance(timedelta(hours=5))
        assert await one.keeper.acquire() is not None
        for _ in range(int(TTL_S)):
            assert await two.keeper.acquire() is None
            two.sleep(1)
        assert await two.keeper.acquire() is not None

    run_quickly(scene())


def test_a_holder_that_renews_keeps_it_whatever_its_clock_says(ledger: MemoryLedger) -> None:
    async def scene() -> None:
        one, two = Machine(ledger, "one"), Machine(ledger, "two")
        one.clock.advance(timedelta(hours=5))
        fence = await one.keeper.acquire()
        assert fence is not None
        for _ in range(20):
            one.sleep(3)
            two.sleep(3)
            await one.keeper.renew(fence)
            assert await two.keeper.acquire() is None

    run_quickly(scene())


def test_nothing_is_sent_when_the_lease_could_end_meanwhile(ledger: MemoryLedger) -> None:
    async def scene() -> None:
        one = Machine(ledger, "one")
        fence = await one.keeper.acquire()
        assert fence is not None
        assert fence.may_send()
        one.seconds += 8.9
        assert fence.may_send()
        one.seconds += 0.2
        assert not fence.may_send()
        await one.keeper.renew(fence)
        assert fence.may_send()

    run_quickly(scene())


@pytest.mark.parametrize("fate", [Fate.IS_LOST, Fate.IS_UNSEEN])
def test_whoever_does_not_know_whether_it_took_it_asks_again(
    ledger: MemoryLedger, fate: Fate
) -> None:
    async def scene() -> None:

        one = Machine(ledger, "one")
        ledger.fate = lambda: fate
        with pytest.raises(Unknown):
            await one.keeper.acquire()
        ledger.fate = lambda: Fate.COMMITS
        fence = await one.keeper.acquire()
        assert fence is not None
        assert fence.epoch == 1
        await FencedDesk(one.desk, fence).run(lambda tx: None)

    run_quickly(scene())

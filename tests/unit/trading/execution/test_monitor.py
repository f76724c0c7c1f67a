from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TypeVar

import pytest

from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Money
from algotrendy.risk.decision import Limit
from algotrendy.risk.limits import StrategyId, parse_limits
from algotrendy.risk.records import LimitsVersion, Marks
from algotrendy.risk.tails import Past
from algotrendy.trading.closes import History, put_closes
from algotrendy.trading.events import RiskBreached
from algotrendy.trading.execution.duties import keep_doing
from algotrendy.trading.execution.lease import FencedDesk
from algotrendy.trading.execution.monitor import Monitor, look
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.opening import allocate
from algotrendy.trading.ports import DailyClose
from algotrendy.trading.status import PlatformStatus as S
from fakes.execution_bench import Bench
from fakes.order_counter import AAPL, NOON, ROOT, USD, OrderCounter
from fakes.post import post_of
from fakes.quick_loop import run_quickly
from fakes.risk_desk import buy, sell

T = TypeVar("T")

TREND = StrategyId("trend")


def looked(counter: OrderCounter, after: timedelta = timedelta(seconds=1)) -> set[Limit]:
    now = counter.clock.advance(after)
    found = counter.ledger.run(lambda tx: look(tx, ROOT, now, History(ROOT)))
    return {each.limit for each in found}


def marks(counter: OrderCounter, strategy: StrategyId | None = None) -> Marks:
    return counter.ledger.run(lambda tx: tx.risk.marks(ROOT))[strategy]


def told(counter: OrderCounter) -> list[str]:
    return [each.limit for each in counter.ledger.published if isinstance(each, RiskBreached)]


def test_losses_are_measured_from_the_first_look_of_the_day_and_the_highest_equity() -> None:
    counter = OrderCounter()
    counter.trade(buy("100"))
    looked(counter)
    for price in ("110", "95"):
        counter.quote(AAPL, price)
        looked(counter)
    assert [marks(counter).day_start, marks(counter).peak] == [100_000, 101_000]
    looked(counter, timedelta(days=1))
    assert [marks(counter).day_start, marks(counter).peak] == [99_500, 101_000]


def test_nothing_is_written_while_nothing_changes() -> None:
    counter = OrderCounter()
    counter.trade(buy("100"))
    looked(counter)
    before = counter.ledger.run(lambda tx: tx.risk.marks(ROOT))
    looked(counter)
    assert counter.ledger.run(lambda tx: tx.risk.marks(ROOT)) == before


def test_a_broken_limit_is_told_once_until_it_was_kept_again() -> None:
    counter = OrderCounter()
    counter.trade(buy("100"))
    counter.limit(position_notional="10500")
    assert looked(counter) == set()
    for price, begun in (
        ("106", {Limit.POSITION_NOTIONAL}),
        ("107", set()),
        ("104", set()),
        ("106", {Limit.POSITION_NOTIONAL}),
    ):
        counter.quote(AAPL, price)
        assert looked(counter) == begun
    assert told(counter) == ["position_notional", "position_notional"]


def test_a_second_limit_that_breaks_is_told_by_itself() -> None:
    counter = OrderCounter()
    counter.trade(buy("100"))
    counter.limit(position_notional="10500", daily_loss="500")
    looked(counter)
    counter.quote(AAPL, "106")
    assert looked(counter) == {Limit.POSITION_NOTIONAL}
    counter.quote(AAPL, "94")
    assert looked(counter) == {Limit.DAILY_LOSS}


def test_a_breach_says_what_was_allowed_and_what_was() -> None:
    counter = OrderCounter()
    counter.trade(buy("100"))
    counter.limit(daily_loss="500")
    looked(counter)
    counter.quote(AAPL, "94.5")
    looked(counter)
    (breach,) = (each for each in counter.ledger.published if isinstance(each, RiskBreached))
    assert (breach.account, breach.tenant, breach.scope) == (ROOT, "demo", "account")
    assert breach.allowed == "500"
    assert Decimal(breach.actual) == 550


def test_a_strategy_is_watched_by_itself() -> None:
    counter = OrderCounter()
    part = counter.part("trend", 20_000)
    counter.trade(buy("100"), account=part)
    counter.limit("trend", daily_loss="400")
    looked(counter)
    counter.quote(AAPL, "95")
    now = counter.clock.now()
    (breach,) = counter.ledger.run(lambda tx: look(tx, ROOT, now, History(ROOT)))
    assert (breach.limit, breach.scope) == (Limit.DAILY_LOSS, "strategy trend")
    assert marks(counter, TREND).day_start == 20_000


def test_cash_that_is_moved_is_no_loss() -> None:
    counter = OrderCounter()
    part = counter.part("trend", 20_000)
    counter.limit("trend", daily_loss="400")
    looked(counter)
    back = Money(Decimal(15_000), USD)
    counter.ledger.run(lambda tx: allocate(tx, part, ROOT, back, "back", counter.clock.now()))
    assert looked(counter) == set()
    assert marks(counter, TREND).peak == 5_000


def keep_closes(counter: OrderCounter, prices: list[int]) -> None:
    closes = [
        DailyClose(date(2026, 6, 1) + timedelta(days=day), Decimal(price))
        for day, price in enumerate(prices)
    ]
    counter.ledger.run(lambda tx: put_closes(tx, ROOT, AAPL, closes, counter.clock.now()))


def test_value_at_risk_is_told_once_and_again_after_it_was_kept() -> None:
    counter = OrderCounter()
    keep_closes(counter, [100, 90] * 20)
    counter.trade(buy("100"))
    # A day took a tenth off what is held, and may again: of 100 units at 105 it is 1,050.
    counter.limit(value_at_risk={"loss": "3000"})
    assert looked(counter) == set()
    counter.limit(value_at_risk={"loss": "2500", "confidence": "0.95"})
    for quantity, begun in (("100", {Limit.VALUE_AT_RISK}), ("1", set())):
        counter.trade(buy(quantity))
        assert looked(counter) == begun
    counter.trade(sell("150"))
    assert looked(counter) == set()
    counter.trade(buy("150"))
    assert looked(counter) == {Limit.VALUE_AT_RISK}
    assert told(counter) == ["value_at_risk", "value_at_risk"]
    breach = counter.ledger.published[-1]
    assert isinstance(breach, RiskBreached)
    assert (breach.scope, breach.allowed) == ("account", "2500")


def test_expected_shortfall_and_stress_are_watched_of_each_part_by_itself() -> None:
    counter = OrderCounter()
    part = counter.part("trend", 20_000)
    keep_closes(counter, [100, 90] * 20)
    counter.trade(buy("100"), account=part)
    counter.trade(buy("300"))
    counter.limit("trend", expected_shortfall={"loss": "900"}, stress_loss="2000")
    assert looked(counter) == {Limit.EXPECTED_SHORTFALL, Limit.STRESS_LOSS}
    scopes = {each.scope for each in counter.ledger.published if isinstance(each, RiskBreached)}
    assert scopes == {"strategy trend"}


def test_without_a_past_there_is_no_value_at_risk_and_stress_counts_all_the_same() -> None:
    counter = OrderCounter()
    counter.trade(buy("100"))
    counter.limit(value_at_risk={"loss": "1"}, stress_loss="2000")
    assert looked(counter) == {Limit.STRESS_LOSS}
    keep_closes(counter, [100, 90] * 20)
    assert looked(counter) == {Limit.VALUE_AT_RISK}


def test_the_past_is_read_once_an_hour_and_awaited_where_there_is_none() -> None:
    counter, history = OrderCounter(), History(ROOT)

    def past(at_s: float, *held: Symbol) -> Past:
        now = NOON + timedelta(seconds=at_s)
        return counter.ledger.run(lambda tx: history.past(tx, held, now))

    assert past(0, AAPL).returns == {}
    keep_closes(counter, [100, 90] * 20)
    assert past(5, AAPL).returns == {}
    found = past(15, AAPL)
    assert len(found.returns[AAPL]) == 39
    keep_closes(counter, [100, 80] * 20)
    assert past(3614, AAPL) is found
    assert past(3615, AAPL).deviations[AAPL] > found.deviations[AAPL]
    assert past(3616).returns == {}
    # A clock that has stepped back must not keep an old past alive.
    past(3617, AAPL)
    keep_closes(counter, [100, 90] * 20)
    assert past(0, AAPL) == found


class SlowDesk:
    """Is a ledger that takes its time, and remembers when it was asked."""

    def __init__(self, counter: OrderCounter, takes_s: float) -> None:
        self._counter, self._takes_s = counter, takes_s
        self.asked: list[float] = []

    async def run(self, work: Callable[[LedgerTransaction], T]) -> T:
        self.asked.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self._takes_s)
        return self._counter.ledger.run(work)


def looks(moves_every_s: float | None, takes_s: float = 0.01) -> list[float]:
    """Give how long there was between looks in ten seconds in which something moves that often."""

    async def whole() -> list[float]:
        counter = OrderCounter()
        post = await post_of(counter.ledger, counter.clock, counter.ids, ROOT)
        desk = SlowDesk(counter, takes_s)
        post = replace(post, desk=FencedDesk(desk, post.desk.fence))
        begin = asyncio.get_running_loop().time()
        watching = asyncio.ensure_future(keep_doing(Monitor(post)))
        for _ in range(1 if moves_every_s is None else int(10 / moves_every_s)):
            await asyncio.sleep(moves_every_s or 10)
            if moves_every_s is not None:
                post.moved.set()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        assert desk.asked[0] == begin
        return [later - earlier for earlier, later in pairwise(desk.asked)]

    return run_quickly(whole())


def test_a_storm_of_prices_is_looked_at_ten_times_a_second_at_most() -> None:
    between = looks(moves_every_s=0.001)
    assert 80 < len(between) < 100
    assert min(between) > 0.1


def test_looks_that_take_long_leave_most_of_the_time_to_others() -> None:
    assert min(looks(moves_every_s=0.001, takes_s=0.2)) > 0.79


def test_where_nothing_moves_there_is_a_look_every_second() -> None:
    assert looks(moves_every_s=None) == pytest.approx([1.11] * 9, abs=0.02)


@pytest.mark.parametrize("phase_s", [0.0, 0.3, 0.6, 0.9])
def test_a_fill_that_is_booked_is_looked_at_at_once(phase_s: float) -> None:
    async def whole() -> timedelta:
        bench = Bench()
        bench.duties = lambda post: [Monitor(post)]
        rules = parse_limits({"version": 2, "account": {"stress_loss": "1"}})
        version = LimitsVersion(account=ROOT, limits=rules, by="ada", reason="", at=NOON)
        bench.ledger.run(lambda tx: tx.risk.add_limits(version))
        bench.start()
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        await asyncio.sleep(2 + phase_s)
        filled_at = bench.clock.now()
        bench.exchange.fill("b1", 10)
        await asyncio.sleep(3)
        await bench.close()
        (breach,) = (each for each in bench.ledger.published if isinstance(each, RiskBreached))
        return breach.occurred_at - filled_at

    assert run_quickly(whole()) < timedelta(seconds=0.15)

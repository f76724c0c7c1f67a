from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from algotrendy.kernel.money import Money
from algotrendy.risk.decision import Limit
from algotrendy.risk.limits import StrategyId
from algotrendy.risk.records import Marks
from algotrendy.trading.events import RiskBreached
from algotrendy.trading.execution.monitor import look
from algotrendy.trading.opening import allocate
from fakes.order_counter import AAPL, ROOT, USD, OrderCounter
from fakes.risk_desk import buy

TREND = StrategyId("trend")


def looked(counter: OrderCounter, after: timedelta = timedelta(seconds=1)) -> set[Limit]:
    now = counter.clock.advance(after)
    return {each.limit for each in counter.ledger.run(lambda tx: look(tx, ROOT, now))}


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
    (breach,) = counter.ledger.run(lambda tx: look(tx, ROOT, now))
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

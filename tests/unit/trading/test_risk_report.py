from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.instrument import Symbol
from algotrendy.risk.limits import StrategyId, TradingState
from algotrendy.trading.closes import put_closes, read_closes, returns_of
from algotrendy.trading.ports import DailyClose
from algotrendy.trading.risk_report import RiskReport, read_report
from fakes.order_counter import AAPL, MSFT, ROOT, OrderCounter
from fakes.risk_desk import buy, sell

FIRST = date(2026, 6, 1)


def keep(counter: OrderCounter, symbol: Symbol, prices: list[int], first: date = FIRST) -> None:
    closes = [
        DailyClose(first + timedelta(days=day), Decimal(price)) for day, price in enumerate(prices)
    ]
    counter.ledger.run(lambda tx: put_closes(tx, ROOT, symbol, closes, counter.clock.now()))


def report(counter: OrderCounter) -> RiskReport:
    return counter.ledger.run(lambda tx: read_report(tx, ROOT, counter.clock.now()))


def test_an_account_without_positions_has_nothing_to_lose() -> None:
    found = report(OrderCounter())
    assert (found.holdings, found.tails, found.breaches) == ((), (), ())
    (book,) = found.books
    assert book.equity == book.cash == 100_000
    assert all(each.profit == 0 for each in found.stress)


def test_profit_and_loss_are_told_of_the_account_and_each_strategy() -> None:
    counter = OrderCounter()
    part = counter.part("trend", 20_000)
    counter.trade(buy("100"), 100, part)
    counter.trade(sell("40"), 110, part)
    counter.trade(buy("10", MSFT), 50)
    counter.quote(AAPL, "120")
    counter.quote(MSFT, "45")
    counter.state(TradingState.REDUCING, StrategyId("trend"))
    whole, trend = report(counter).books
    assert (trend.strategy, trend.state) == ("trend", TradingState.REDUCING)
    assert [trend.realised, trend.unrealised, trend.equity] == [400, 1200, 21_600]
    assert [whole.realised, whole.unrealised, whole.equity] == [400, 1150, 101_550]
    assert [whole.gross, whole.net] == [7_650, 7_650]


def test_positions_are_told_with_cost_price_and_value() -> None:
    counter = OrderCounter(leverage=Decimal(2))
    counter.trade(buy("10"), 90)
    counter.trade(sell("4", MSFT), 55)
    counter.clock.advance(timedelta(minutes=2))
    counter.quote(AAPL, "95")
    aapl, msft = report(counter).holdings
    assert (aapl.symbol, aapl.is_fresh, msft.is_fresh) == (AAPL, True, False)
    assert [aapl.quantity, aapl.cost, aapl.value, aapl.unrealised] == [10, 900, 950, 50]
    assert [msft.quantity, msft.cost, msft.value, msft.unrealised] == [-4, -220, -200, 20]


def test_the_tail_is_of_what_is_held_today() -> None:
    counter = OrderCounter()
    counter.trade(buy("100"), 100)
    keep(counter, AAPL, [100, 90] * 20)
    found = report(counter)
    assert found.spans == 39
    tail = found.tails[0]
    assert tail.historical.confidence == 0.95
    assert tail.historical.var == pytest.approx(1000)
    assert tail.parametric.es > tail.parametric.var > 0
    assert found.without_past == ()


def test_a_position_without_a_past_is_said_to_be_left_out() -> None:
    counter = OrderCounter()
    counter.trade(buy("100"), 100)
    counter.trade(buy("10", MSFT), 50)
    keep(counter, AAPL, [100, 90] * 20)
    keep(counter, MSFT, [50] * 5)
    found = report(counter)
    assert found.without_past == (MSFT,)
    assert len(found.tails) == 2


def test_stress_counts_every_position_the_worst_first() -> None:
    counter = OrderCounter()
    counter.trade(buy("100"), 100)
    found = report(counter)
    assert found.stress[0].profit == pytest.approx(-2047)
    assert found.stress[-1].profit == pytest.approx(1000)


def test_breaches_that_stand_are_told() -> None:
    counter = OrderCounter()
    counter.trade(buy("100"), 100)
    counter.limit(gross_exposure="9000")
    assert [each.limit.value for each in report(counter).breaches] == ["gross_exposure"]


def test_an_account_that_nobody_knows_is_not_found() -> None:
    counter = OrderCounter()
    with pytest.raises(NotFound):
        counter.ledger.run(lambda tx: read_report(tx, AccountId("live"), counter.clock.now()))


def test_returns_stand_on_the_days_that_all_have() -> None:
    counter = OrderCounter()
    keep(counter, AAPL, list(range(100, 140)))
    keep(counter, MSFT, list(range(200, 240)), FIRST + timedelta(days=10))
    closes = counter.ledger.run(lambda tx: read_closes(tx, ROOT, [AAPL, MSFT]))
    returns = returns_of(closes)
    assert len(returns[AAPL]) == len(returns[MSFT]) == 29
    assert returns[AAPL][0] == pytest.approx(111 / 110 - 1)
    assert returns[MSFT][0] == pytest.approx(201 / 200 - 1)


def test_a_past_that_meets_no_other_is_left_out() -> None:
    counter = OrderCounter()
    keep(counter, AAPL, list(range(100, 140)))
    keep(counter, MSFT, list(range(200, 240)), FIRST + timedelta(days=100))
    closes = counter.ledger.run(lambda tx: read_closes(tx, ROOT, [AAPL, MSFT]))
    assert set(returns_of(closes)) == {AAPL}

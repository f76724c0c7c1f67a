"""What dividends, splits and the end of a session do to accounts."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from algotrendy.exchange.venue.model import Activity, ActivityType
from algotrendy.kernel.order import Side
from fakes.ledger_desk import Desk

MONDAY, FRIDAY = date(2026, 8, 3), date(2026, 8, 7)


def last(desk: Desk, account: str = "one") -> Activity:
    return desk.ledger.activities(account)[-1]


def test_a_dividend_is_paid_to_the_cent() -> None:
    desk = Desk(accounts=("one", "two"), fees="none")
    desk.trade(Side.BUY, "10.5", "100")
    desk.trade(Side.SELL, "10", "100", account="two")
    desk.ledger.dividend("AAPL", Decimal("0.2415"), desk.now)
    assert (last(desk).type, last(desk).cash) == (ActivityType.DIVIDEND, Decimal("2.54"))
    assert (last(desk).quantity, last(desk).per_share) == (Decimal("10.5"), Decimal("0.2415"))
    assert last(desk, "two").cash == Decimal("-2.42")
    assert desk.ledger.accounts["two"].cash == Decimal("100997.58")


def test_who_holds_nothing_gets_no_dividend() -> None:
    desk = Desk()
    desk.ledger.dividend("AAPL", Decimal(1), desk.now)
    assert last(desk).type is ActivityType.JOURNAL_CASH


def test_a_split_keeps_the_cost() -> None:
    desk = Desk()
    desk.trade(Side.BUY, "10", "100")
    desk.ledger.split("AAPL", 4, 1, desk.now)
    position = desk.ledger.position("one", "AAPL")
    assert position is not None
    assert (position.quantity, position.cost) == (Decimal(40), Decimal(1000))
    assert (last(desk).type, last(desk).quantity, last(desk).cash) == (
        ActivityType.SPLIT,
        Decimal(30),
        Decimal(0),
    )


def test_a_reverse_split_pays_cash_for_what_cannot_be_held() -> None:
    desk = Desk()
    desk.trade(Side.BUY, "11", "100", symbol="WHOL")
    desk.ledger.split("WHOL", 1, 4, desk.now)
    position = desk.ledger.position("one", "WHOL")
    assert position is not None
    assert position.quantity == 2
    assert position.cost == Decimal(800)
    # Three quarters of a share of 400.
    assert last(desk).cash == 300
    assert last(desk).price == 400


def test_a_short_pays_cash_in_lieu() -> None:
    desk = Desk(fees="none")
    desk.trade(Side.SELL, "11", "100", symbol="WHOL")
    desk.ledger.split("WHOL", 1, 4, desk.now)
    assert last(desk).cash == -300
    assert desk.ledger.shortable("WHOL") == 1_000_000 - 2


def test_a_position_of_less_than_a_share_is_cashed_whole() -> None:
    desk = Desk()
    desk.trade(Side.BUY, "3", "100", symbol="WHOL")
    desk.ledger.split("WHOL", 1, 4, desk.now)
    assert desk.ledger.position("one", "WHOL") is None
    assert last(desk).cash == 300


def test_a_close_notes_the_equity() -> None:
    desk = Desk()
    desk.trade(Side.BUY, "10", "100")
    desk.prices["AAPL"] = Decimal(105)
    desk.ledger.close_session(MONDAY, desk.now)
    assert desk.ledger.accounts["one"].last_equity == 100_050
    assert desk.ledger.equity_history("one")[-1].equity == 100_050
    assert desk.take().accounts["one"].last_equity == 100_050


def test_a_short_gathers_borrow_fees_and_pays_them_at_the_end_of_the_month() -> None:
    desk = Desk(cash="100000", fees="none", borrow_rate=Decimal("0.036"))
    desk.trade(Side.SELL, "100", "100")
    desk.ledger.close_session(MONDAY, desk.now)
    assert desk.ledger.accounts["one"].interest == 1
    assert desk.balances().accrued_fees == 1
    desk.ledger.close_session(FRIDAY, desk.now)
    assert desk.ledger.accounts["one"].interest == 4
    assert desk.ledger.accounts["one"].cash == 110_000
    desk.ledger.close_session(date(2026, 8, 31), desk.now)
    assert (last(desk).type, last(desk).cash) == (ActivityType.INTEREST, Decimal(-5))
    assert desk.ledger.accounts["one"].interest == 0
    assert desk.ledger.accounts["one"].cash == 109_995


def test_nights_over_a_holiday_are_charged_when_told() -> None:
    desk = Desk(fees="none", borrow_rate=Decimal("0.036"))
    desk.trade(Side.SELL, "100", "100")
    desk.ledger.close_session(FRIDAY, desk.now, nights=4)
    assert desk.ledger.accounts["one"].interest == 4


def test_day_trades_are_counted_by_the_day_and_the_symbol() -> None:
    desk = Desk()
    desk.trade(Side.BUY, "10", "100")
    desk.trade(Side.BUY, "10", "100", symbol="MSFT")
    desk.trade(Side.SELL, "5", "100")
    busted = desk.trade(Side.SELL, "5", "100", symbol="MSFT")
    desk.ledger.bust(desk.executions[-1], busted, desk.now)
    desk.now += timedelta(days=1)
    desk.trade(Side.SELL, "10", "100", symbol="MSFT")
    tuesday = MONDAY + timedelta(days=1)
    assert desk.ledger.day_trades("one", {MONDAY}) == 1
    assert desk.ledger.day_trades("one", {tuesday}) == 0
    assert desk.ledger.day_trades("one", {MONDAY, tuesday}) == 1

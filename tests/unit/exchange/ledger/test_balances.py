"""What an account is worth, and what it may still buy."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from algotrendy.kernel.order import OrderType, Side
from algotrendy.kernel.order_status import OrderStatus
from fakes.ledger_desk import Desk


def test_a_new_account_may_buy_four_times_its_cash() -> None:
    balances = Desk().balances()
    assert (balances.equity, balances.cash) == (Decimal(100_000), Decimal(100_000))
    assert balances.buying_power == balances.daytrading_buying_power == 400_000
    assert balances.regt_buying_power == 200_000
    assert balances.non_marginable_buying_power == 100_000
    assert balances.initial_margin == balances.maintenance_margin == 0


def test_a_purchase_takes_its_value_off_the_buying_power() -> None:
    desk = Desk()
    desk.trade(Side.BUY, "1000", "100")
    balances = desk.balances()
    assert balances.long_market_value == 100_000
    assert (balances.initial_margin, balances.maintenance_margin) == (
        Decimal(50_000),
        Decimal(30_000),
    )
    assert balances.buying_power == 300_000
    assert balances.regt_buying_power == 100_000


def test_values_move_with_the_price() -> None:
    desk = Desk()
    desk.trade(Side.BUY, "100", "100")
    desk.prices["AAPL"] = Decimal(120)
    balances = desk.balances()
    assert balances.equity == 102_000
    assert balances.position_prices == {"AAPL": 120}


def test_a_position_without_a_price_counts_at_cost() -> None:
    desk = Desk()
    desk.trade(Side.BUY, "3", "100")
    del desk.prices["AAPL"]
    assert desk.balances().equity == 100_000


def test_a_short_counts_against_the_account() -> None:
    desk = Desk(fees="none")
    desk.trade(Side.SELL, "100", "100")
    balances = desk.balances()
    assert (balances.cash, balances.short_market_value) == (Decimal(110_000), Decimal(-10_000))
    assert balances.equity == 100_000
    assert balances.buying_power == 4 * (100_000 - 3_000)


def test_open_orders_hold_buying_power() -> None:
    desk = Desk()
    buy = desk.order(Side.BUY, "10", type=OrderType.LIMIT, limit_price=Decimal(90))
    short = desk.order(Side.SELL, "10", symbol="MSFT")
    balances = desk.balances([buy, short])
    assert balances.buying_power == 400_000 - 900 - Decimal(1236)
    assert desk.ledger.buying_power_needed(buy, Decimal(100)) == 900


def test_a_part_that_filled_is_held_no_more() -> None:
    desk = Desk()
    order = desk.order(Side.BUY, "10", filled_quantity=Decimal(4), filled_value=Decimal(400))
    assert desk.ledger.buying_power_needed(order, Decimal(100)) == 600


def test_a_notional_order_holds_its_notional() -> None:
    desk = Desk()
    order = desk.order(Side.BUY, None, notional=Decimal(250), filled_value=Decimal(50))
    assert desk.ledger.buying_power_needed(order, Decimal(99)) == 200


def test_a_stop_order_is_reckoned_at_its_stop() -> None:
    desk = Desk()
    order = desk.order(Side.BUY, "10", type=OrderType.STOP, stop_price=Decimal(110))
    assert desk.ledger.buying_power_needed(order, Decimal(100)) == 1100


def test_orders_that_close_hold_nothing() -> None:
    desk = Desk()
    desk.trade(Side.BUY, "10", "100")
    desk.trade(Side.SELL, "10", "100", symbol="MSFT")
    assert desk.ledger.buying_power_needed(desk.order(Side.SELL, "10"), Decimal(100)) == 0
    assert desk.ledger.buying_power_needed(desk.order(Side.BUY, "10", "MSFT"), Decimal(100)) == 0


def test_exits_hold_nothing() -> None:
    desk = Desk()
    exits = [
        desk.order(Side.SELL, "10", status=OrderStatus.HELD),
        desk.order(Side.SELL, "10", parent_id="entry"),
    ]
    assert desk.balances(exits).buying_power == 400_000


def test_crypto_is_bought_with_ones_own_money() -> None:
    desk = Desk()
    order = desk.order(Side.BUY, "2", symbol="BTC/USD", limit_price=Decimal(50_000))
    assert desk.ledger.buying_power_needed(order, Decimal(50_000)) == 400_000


def test_a_cash_account_buys_with_its_cash() -> None:
    desk = Desk(accounts=())
    desk.open("one", "10000", multiplier=1)
    desk.trade(Side.BUY, "40", "100")
    balances = desk.balances()
    assert balances.buying_power == balances.regt_buying_power == 6000
    assert balances.non_marginable_buying_power == 6000
    assert balances.daytrading_buying_power == 0
    assert desk.ledger.leverage("one") == 1


def test_an_account_below_2000_has_no_credit() -> None:
    desk = Desk(cash="1999.99")
    assert desk.balances().buying_power == Decimal("1999.99")
    assert desk.ledger.leverage("one") == 1


def test_a_margin_account_of_before_june_4_2026_needs_25000_for_intraday_credit() -> None:
    desk = Desk(accounts=())
    desk.now = datetime(2026, 6, 3, 15, tzinfo=UTC)
    desk.open("one", "24000")
    assert desk.balances().buying_power == 48_000
    assert desk.balances().daytrading_buying_power == 0


def test_shares_to_borrow_are_shared_by_all_accounts() -> None:
    desk = Desk(accounts=("one", "two"))
    desk.trade(Side.SELL, "100", "100", symbol="RARE")
    desk.trade(Side.SELL, "30", "100", symbol="RARE", account="two")
    assert desk.ledger.shortable("RARE") == 20
    desk.trade(Side.BUY, "120", "100", symbol="RARE")
    assert desk.ledger.shortable("RARE") == 120
    assert desk.ledger.shortable("AAPL") == 1_000_000


def test_what_an_order_holds_follows_the_order_the_position_and_the_price() -> None:
    desk = Desk(fees="none")
    order = desk.order(Side.BUY, "10")

    def held() -> Decimal:
        free = desk.balances().buying_power
        return free - desk.balances([order]).buying_power

    assert held() == held() == 1000
    desk.prices["AAPL"] = Decimal(110)
    assert held() == 1100
    order.stop_price = Decimal(120)
    assert held() == 1200
    desk.fill(order, "4", "110")
    assert held() == 720
    desk.trade(Side.SELL, "9", "110")
    assert held() == 120
    desk.trade(Side.SELL, "5", "110")
    assert held() == 0

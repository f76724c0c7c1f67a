from __future__ import annotations

import pytest

from algotrendy.exchange.rules.codes import (
    BUY,
    CANCELED,
    CLS,
    DAY,
    EXPIRED,
    FILLED,
    GTC,
    HELD,
    LIMIT,
    MARKET,
    OPG,
    PARTLY_FILLED,
    SELL,
    WORKING,
)
from algotrendy.exchange.rules.groups import cancel, expire_session
from algotrendy.exchange.rules.prices import on_grid
from algotrendy.exchange.rules.quantities import whole, whole_lots
from fakes.rule_rows import bracket, oco, order


def test_cancelling_an_entry_cancels_its_exits() -> None:
    orders = bracket(target=102.0, stop=98.0)
    assert cancel(orders, 3, 0) == 3
    assert {row.state for row in orders} == {CANCELED}


@pytest.mark.parametrize("held", [1, 2])
def test_cancelling_a_held_exit_cancels_the_whole_bracket(held: int) -> None:
    orders = bracket(target=102.0, stop=98.0)
    assert cancel(orders, 3, held) == 3
    assert {row.state for row in orders} == {CANCELED}


def test_cancelling_one_working_exit_cancels_the_other() -> None:
    orders = oco(target=102.0, stop=98.0)
    assert cancel(orders, 2, 1) == 2
    assert {row.state for row in orders} == {CANCELED}


def test_what_has_filled_cannot_be_cancelled() -> None:
    orders = [order(MARKET, BUY, state=FILLED, filled=100.0)]
    assert cancel(orders, 1, 0) == 0
    assert orders[0].state == FILLED


def test_cancelling_leaves_other_groups_alone() -> None:
    orders = [*bracket(target=102.0, stop=98.0), order(LIMIT, SELL, limit=1.0)]
    assert cancel(orders, 4, 3) == 1
    assert [row.state for row in orders] == [WORKING, HELD, HELD, CANCELED]


def test_a_session_ends_day_orders_and_what_the_auctions_left() -> None:
    orders = [order(LIMIT, BUY, limit=1.0, tif=tif) for tif in (DAY, GTC, OPG, CLS)]
    assert expire_session(orders, 4, 0) == 3
    assert [row.state for row in orders] == [EXPIRED, WORKING, CANCELED, CANCELED]


def test_a_day_order_for_extended_hours_lives_until_their_end() -> None:
    orders = [order(LIMIT, BUY, limit=1.0, tif=DAY, extended=1)]
    assert expire_session(orders, 1, 0) == 0
    assert expire_session(orders, 1, 1) == 1
    assert orders[0].state == EXPIRED


def test_a_day_bracket_expires_whole_and_keeps_what_it_filled() -> None:
    orders = bracket(target=102.0, stop=98.0, tif=DAY)
    orders[0].filled, orders[0].state = 40.0, PARTLY_FILLED
    assert expire_session(orders, 3, 0) == 3
    assert [row.state for row in orders] == [EXPIRED, EXPIRED, EXPIRED]
    assert orders[0].filled == 40.0


def test_an_expired_entry_takes_its_held_gtc_exits_with_it() -> None:
    orders = bracket(target=102.0, stop=98.0, tif=DAY)
    orders[1].tif = orders[2].tif = GTC
    assert expire_session(orders, 3, 0) == 3
    assert [row.state for row in orders] == [EXPIRED, CANCELED, CANCELED]


@pytest.mark.parametrize(
    ("price", "increment", "expected"),
    [
        (0.0700001, 0.01, 0.07),
        (100.25999999999999, 0.01, 100.26),
        (0.12344, 0.0001, 0.1234),
        (100.13, 0.05, 100.15),
        (101.4, 0.25, 101.5),
        (1003.0, 5.0, 1005.0),
        (100.123, 0.0, 100.123),
    ],
)
def test_a_price_is_put_on_its_grid_as_the_nearest_float_to_the_decimal(
    price: float, increment: float, expected: float
) -> None:
    assert on_grid(price, increment) == expected


def test_quantities_are_whole_billionths() -> None:
    assert whole(0.1 + 0.2) == 0.3
    assert whole(1 / 3) == 0.333333333
    assert whole(1e12 + 0.5) == 1e12 + 0.5
    assert whole(float("inf")) == float("inf")


@pytest.mark.parametrize(
    ("quantity", "lot", "expected"),
    [(12.9, 1.0, 12.0), (0.29, 0.01, 0.29), (0.999999999, 1.0, 0.0), (1.5, 0.0, 1.5)],
)
def test_a_part_is_cut_to_whole_lots(quantity: float, lot: float, expected: float) -> None:
    assert whole_lots(quantity, lot) == expected

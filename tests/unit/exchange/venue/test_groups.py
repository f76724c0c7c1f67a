"""Brackets, OCO and OTO: exits wait for their entry, share a quantity, and end together."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from algotrendy.exchange.venue.model import Order
from algotrendy.exchange.venue.refusal import Refused
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.order import OrderType
from algotrendy.kernel.order_status import OrderStatus as S
from unit.exchange.venue.house import CLOSE, MINUTE, NEXT_OPEN, NIGHT, House, state_of


@pytest.fixture
def house() -> House:
    house = House()
    house.quote(99.99, 100.0)
    return house


@pytest.fixture
def quoted() -> House:
    """A house where a quote fills at most what it shows."""
    house = House(terms=VenueTerms(seed=7, fees="none", liquidity="quoted"))
    house.quote(99.99, 100.0, size=4)
    return house


def states(orders: list[Order]) -> list[S]:
    return [order.status for order in orders]


def test_the_exits_of_a_bracket_are_held_until_the_entry_has_filled(house: House) -> None:
    entry = house.bracket(type="limit", limit_price="99")
    target, stop = house.legs(entry)
    assert states([entry, target, stop]) == [S.NEW, S.HELD, S.HELD]
    assert (target.type, stop.type) == (OrderType.LIMIT, OrderType.STOP)
    assert (target.parent_id, stop.parent_id) == (entry.id, entry.id)
    house.wait()
    house.quote(98.9, 98.95)
    assert states([entry, target, stop]) == [S.FILLED, S.NEW, S.NEW]


def test_held_exits_do_not_fill_however_far_the_market_goes(house: House) -> None:
    entry = house.bracket(type="limit", limit_price="99")
    house.wait()
    house.trade(111.0)
    house.quote(112.0, 112.1)
    assert states(house.legs(entry)) == [S.HELD, S.HELD]
    assert house.held() == 0


def test_a_part_of_an_entry_does_not_release_its_exits(quoted: House) -> None:
    entry = quoted.bracket()
    assert state_of(entry) is S.PARTIALLY_FILLED
    assert states(quoted.legs(entry)) == [S.HELD, S.HELD]
    quoted.wait()
    quoted.quote(99.99, 100.0, size=6)
    assert state_of(entry) is S.FILLED
    assert states(quoted.legs(entry)) == [S.NEW, S.NEW]


def test_the_target_that_fills_cancels_the_stop(house: House) -> None:
    target, stop = house.legs(house.bracket())
    house.quote(110.0, 110.1)
    assert states([target, stop]) == [S.FILLED, S.CANCELED]
    assert house.held() == 0


def test_the_stop_that_fills_cancels_the_target(house: House) -> None:
    target, stop = house.legs(house.bracket())
    house.trade(94.9)
    assert states([target, stop]) == [S.CANCELED, S.FILLED]
    assert stop.filled_average_price == Decimal("94.9")
    assert house.held() == 0


def test_a_bracket_of_a_short_sale_buys_back(house: House) -> None:
    entry = house.bracket("sell")
    target, stop = house.legs(entry)
    assert house.held() == -10
    house.quote(89.9, 90.0)
    assert states([target, stop]) == [S.FILLED, S.CANCELED]
    assert house.held() == 0


def test_a_part_of_the_target_shrinks_the_stop(quoted: House) -> None:
    quoted.quote(99.99, 100.0, size=10)
    target, stop = quoted.legs(quoted.bracket())
    quoted.quote(110.0, 110.1, size=3)
    assert target.filled_quantity == 3
    assert stop.quantity == 7
    assert "restated" in quoted.events(stop)
    quoted.trade(94.0, size=1_000)
    assert states([target, stop]) == [S.CANCELED, S.FILLED]
    assert quoted.held() == 0


def test_a_stop_with_a_limit_becomes_a_stop_limit_order(house: House) -> None:
    _, stop = house.legs(house.bracket(stop_loss_limit="94"))
    assert (stop.type, stop.limit_price) == (OrderType.STOP_LIMIT, Decimal(94))


def test_cancelling_the_entry_cancels_its_exits(house: House) -> None:
    entry = house.bracket(type="limit", limit_price="99")
    house.cancel(entry)
    assert states([entry, *house.legs(entry)]) == [S.CANCELED] * 3


def test_cancelling_a_held_exit_cancels_the_whole_group(house: House) -> None:
    entry = house.bracket(type="limit", limit_price="99")
    house.cancel(house.legs(entry)[1])
    assert states([entry, *house.legs(entry)]) == [S.CANCELED] * 3


@pytest.mark.parametrize("which", [0, 1])
def test_cancelling_one_working_exit_cancels_the_other(house: House, which: int) -> None:
    entry = house.bracket()
    house.cancel(house.legs(entry)[which])
    assert states([entry, *house.legs(entry)]) == [S.FILLED, S.CANCELED, S.CANCELED]
    assert house.held() == 10


def test_an_entry_that_expires_takes_its_exits_along(house: House) -> None:
    entry = house.bracket(type="limit", limit_price="99")
    house.until(CLOSE)
    assert states([entry, *house.legs(entry)]) == [S.EXPIRED, S.CANCELED, S.CANCELED]


def test_day_exits_expire_at_the_close_and_the_position_stays(house: House) -> None:
    entry = house.bracket()
    house.until(CLOSE)
    assert states(house.legs(entry)) == [S.EXPIRED, S.EXPIRED]
    assert house.held() == 10


def test_gtc_exits_work_again_the_next_day(house: House) -> None:
    target, stop = house.legs(house.bracket(tif="gtc"))
    house.until(CLOSE)
    assert states([target, stop]) == [S.DONE_FOR_DAY, S.DONE_FOR_DAY]
    house.until(NEXT_OPEN)
    assert states([target, stop]) == [S.NEW, S.NEW]
    house.quote(111.0, 111.1)
    assert states([target, stop]) == [S.FILLED, S.CANCELED]


def test_a_bracket_sent_at_night_enters_at_the_open() -> None:
    house = House(NIGHT)
    house.quote(99.99, 100.0)
    entry = house.bracket()
    assert states([entry, *house.legs(entry)]) == [S.ACCEPTED, S.HELD, S.HELD]
    house.until(NEXT_OPEN)
    house.quote(99.99, 100.0)
    assert states([entry, *house.legs(entry)]) == [S.FILLED, S.NEW, S.NEW]


def test_an_oco_is_two_exits_of_which_one_fills(house: House) -> None:
    house.send("buy", 10)
    target = house.send("sell", 10, type="limit", order_class="oco", target="110", stop_loss="95")
    (stop,) = house.legs(target)
    assert (target.limit_price, stop.stop_price) == (Decimal(110), Decimal(95))
    assert states([target, stop]) == [S.NEW, S.NEW]
    house.trade(94.0)
    assert states([target, stop]) == [S.CANCELED, S.FILLED]
    assert house.held() == 0


def test_an_oco_without_a_position_is_refused(house: House) -> None:
    with pytest.raises(Refused, match="oco orders must be exit orders"):
        house.send("sell", 10, type="limit", order_class="oco", target="110", stop_loss="95")


def test_a_bracket_against_a_position_is_refused(house: House) -> None:
    house.send("buy", 10)
    with pytest.raises(Refused, match="bracket orders must be entry orders"):
        house.bracket("sell")


def test_an_oco_may_not_hold_more_than_there_is(house: House) -> None:
    house.send("buy", 10)
    with pytest.raises(Refused, match="insufficient qty available"):
        house.send("sell", 11, type="limit", order_class="oco", target="110", stop_loss="95")


def test_cancelling_either_order_of_an_oco_cancels_both(house: House) -> None:
    house.send("buy", 10)
    for which in (0, 1):
        target = house.send(
            "sell", 10, type="limit", order_class="oco", target="110", stop_loss="95"
        )
        house.cancel([target, *house.legs(target)][which])
        assert states([target, *house.legs(target)]) == [S.CANCELED, S.CANCELED]


@pytest.mark.parametrize("exit_", [{"target": "110"}, {"stop_loss": "95"}])
def test_an_oto_has_one_exit_that_works_after_the_entry(
    house: House, exit_: dict[str, Any]
) -> None:
    entry = house.send("buy", 10, order_class="oto", **exit_)
    (leg,) = house.legs(entry)
    assert states([entry, leg]) == [S.FILLED, S.NEW]
    house.trade(94.0)
    house.quote(110.0, 110.1)
    assert state_of(leg) is S.FILLED
    assert house.held() == 0


def test_a_bar_that_touches_stop_and_target_ends_at_the_stop() -> None:
    house = House()
    entry = house.send(
        "buy",
        10,
        type="limit",
        limit_price="100",
        order_class="bracket",
        target="110",
        stop_loss="95",
    )
    house.wait(MINUTE)
    house.bar(99.0, 99.5, 98.0, 99.0)
    house.wait(MINUTE)
    house.bar(99.0, 111.0, 94.0, 100.0)
    target, stop = house.legs(entry)
    assert states([target, stop]) == [S.CANCELED, S.FILLED]
    assert stop.filled_average_price == 95

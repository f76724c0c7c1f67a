"""A gap between two positions is charged to what opened it."""

from __future__ import annotations

from decimal import Decimal

from algotrendy.live.parity.differences import Cause, Difference, Subject, total_cost
from algotrendy.live.parity.gaps import Opened, charged

LAST = Decimal(50)


def opened(step: int, gap: int, price: int, cause: Cause = Cause.REJECT) -> Opened:
    """Give a difference through which the backtest bought so many units more at a price."""
    difference = Difference(
        subject=Subject.FILL,
        cause=cause,
        step=step,
        at=step,
        expected="",
        found="",
        cost=Decimal(gap) * (LAST - price),
    )
    return Opened(difference, 0, Decimal(gap))


def costs(*given: Opened) -> list[Decimal]:
    found = charged(given, [LAST])
    assert total_cost(found) == total_cost(each.difference for each in given)
    return [each.cost for each in found]


def test_a_gap_that_is_closed_costs_what_the_price_did_meanwhile() -> None:
    assert costs(opened(1, 10, 20), opened(3, -10, 22, Cause.CONSEQUENCE)) == [20, 0]


def test_a_gap_that_stays_open_costs_up_to_the_last_price() -> None:
    assert costs(opened(1, 10, 20)) == [300]


def test_a_gap_that_is_closed_in_part_costs_both() -> None:
    assert costs(opened(1, 10, 20), opened(3, -4, 25)) == [4 * 5 + 6 * 30, 0]


def test_gaps_close_in_the_order_in_which_they_were_opened() -> None:
    first, second, closing = opened(1, 10, 20), opened(2, 10, 30), opened(3, -15, 40)

    assert costs(first, second, closing) == [10 * 20, 5 * 10 + 5 * 20, 0]


def test_what_closes_more_than_there_is_opens_a_gap_of_its_own() -> None:
    assert costs(opened(1, 10, 20), opened(3, -15, 25)) == [50, -5 * 25]


def test_a_gap_the_other_way_is_one_too() -> None:
    assert costs(opened(1, -10, 20), opened(2, 10, 15)) == [50, 0]


def test_what_closes_a_gap_says_whose() -> None:
    found = charged([opened(7, 10, 20), opened(9, -10, 22)], [LAST])

    assert found[1].found.endswith("it closes the gap of step 7")


def test_gaps_of_other_assets_are_left_alone() -> None:
    one, other = opened(1, 10, 20), opened(2, -10, 30)
    found = charged([one, Opened(other.difference, 1, other.gap)], [LAST, LAST])

    assert [each.cost for each in found] == [300, -200]

from __future__ import annotations

import pytest

from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.order_status import OrderStatus

TERMINAL = {"filled", "canceled", "expired", "replaced", "rejected"}


def test_what_is_terminal_leads_nowhere() -> None:
    assert {status for status in OrderStatus if status.is_terminal} == TERMINAL
    for status in TERMINAL:
        for other in OrderStatus:
            assert not OrderStatus(status).may_become(other)


def test_an_order_that_is_done_for_the_day_works_again_tomorrow() -> None:
    assert OrderStatus.DONE_FOR_DAY.is_open
    assert OrderStatus.DONE_FOR_DAY.to(OrderStatus.NEW) is OrderStatus.NEW


def test_every_open_status_can_end_and_only_partly_filled_leads_to_itself() -> None:
    for status in OrderStatus:
        if status.is_open:
            assert status.may_become(OrderStatus.CANCELED), status
        assert status.may_become(status) is (status is OrderStatus.PARTIALLY_FILLED), status


def test_a_fill_may_cross_a_request_to_cancel_or_replace() -> None:
    for asked in (OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_REPLACE):
        assert asked.may_become(OrderStatus.PARTIALLY_FILLED)
        assert asked.may_become(OrderStatus.FILLED)


def test_a_refused_request_gives_every_working_state_back() -> None:
    for before in (OrderStatus.ACCEPTED, OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED):
        for asked in (OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_REPLACE):
            assert before.may_become(asked)
            assert asked.may_become(before)


def test_a_held_exit_does_not_fill_before_it_works() -> None:
    assert not OrderStatus.HELD.may_become(OrderStatus.FILLED)
    assert not OrderStatus.HELD.may_become(OrderStatus.PARTIALLY_FILLED)
    assert OrderStatus.HELD.may_become(OrderStatus.NEW)


def test_a_step_that_the_table_does_not_have_names_both_ends() -> None:
    with pytest.raises(Conflict, match="an order that is filled cannot become canceled"):
        OrderStatus.FILLED.to(OrderStatus.CANCELED)

"""The one table of states an order may pass through."""

from __future__ import annotations

import pytest

from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.order_status import OrderStatus
from algotrendy.trading.status import PlatformStatus, read_status

OURS = {PlatformStatus.INTENDED, PlatformStatus.SUBMITTING, PlatformStatus.UNKNOWN}


def test_the_platform_knows_every_state_of_the_kernel_and_three_more() -> None:
    assert {str(status) for status in PlatformStatus} - set(OURS) == set(OrderStatus)


@pytest.mark.parametrize("status", OrderStatus)
def test_at_the_broker_the_table_is_the_kernels(status: OrderStatus) -> None:
    ours = PlatformStatus(status.value)
    assert read_status(status.value) is ours
    assert ours.is_terminal == status.is_terminal
    steps = {then for then in PlatformStatus if ours.may_become(then)}
    assert steps == {PlatformStatus(then.value) for then in OrderStatus if status.may_become(then)}


@pytest.mark.parametrize("status", PlatformStatus)
def test_every_order_can_come_to_an_end_and_none_leaves_it(status: PlatformStatus) -> None:
    reachable = {then for then in PlatformStatus if status.may_reach(then)}
    if status.is_terminal:
        assert not reachable
    else:
        assert {PlatformStatus.FILLED, PlatformStatus.CANCELED} <= reachable


def test_an_order_at_the_broker_is_never_merely_intended_again() -> None:
    for status in set(PlatformStatus) - OURS:
        assert not any(status.may_reach(ours) for ours in OURS)


def test_a_step_that_the_table_lacks_is_refused() -> None:
    assert PlatformStatus.INTENDED.to(PlatformStatus.SUBMITTING) is PlatformStatus.SUBMITTING
    with pytest.raises(Conflict, match="an order that is submitting cannot become submitting"):
        PlatformStatus.SUBMITTING.to(PlatformStatus.SUBMITTING)


@pytest.mark.parametrize("told", ["", "NEW", "pending_review", "intended", "unknown"])
def test_a_name_that_is_no_state_of_a_broker_is_not_read(told: str) -> None:
    assert read_status(told) is None

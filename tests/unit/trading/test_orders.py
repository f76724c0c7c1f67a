"""The life of an order, told event by event."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.ids import CorrelationId, EventId
from algotrendy.kernel.money import Currency
from algotrendy.kernel.price import Price
from algotrendy.trading.folding import apply, fold
from algotrendy.trading.order_events import (
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFoundAbsent,
    OrderNotSent,
    OrderOutcomeUnknown,
    OrderRejected,
    OrderReplaced,
    OrderWithdrawn,
    Provenance,
)
from algotrendy.trading.status import PlatformStatus as S
from fakes.order_story import START, Story, dollars, execution


def test_an_order_begins_as_an_intent_that_knows_where_it_came_from() -> None:
    order = Story().after()
    assert order.status is S.INTENDED
    assert not order.is_at_broker
    assert (order.provenance.user, order.provenance.strategy) == ("ada", "sma_cross@3")
    assert (order.intended_at, order.remaining_quantity) == (START, Decimal(10))


def test_an_order_that_nobody_wished_is_refused() -> None:
    with pytest.raises(Invalid, match="provenance must be a user or a strategy"):
        Provenance(correlation_id=CorrelationId("c1"))


def test_an_intent_without_a_name_for_the_broker_is_refused() -> None:
    intent = Story().intended
    with pytest.raises(Invalid, match="client_order_id"):
        replace(intent, request=replace(intent.request, client_order_id=None))


def test_an_intent_has_a_quantity_or_a_notional_above_zero() -> None:
    intent = Story().intended
    for quantity, notional in ((None, None), (1, 1), (0, None), (None, -1)):
        sizes = [None if size is None else Decimal(size) for size in (quantity, notional)]
        request = replace(intent.request, quantity=sizes[0], notional=sizes[1])
        with pytest.raises(Invalid):
            replace(intent, request=request)


def test_nothing_can_be_reserved_below_zero() -> None:
    with pytest.raises(Invalid, match="reserved must be zero or more"):
        replace(Story().intended, reserved=dollars(-1))


def test_news_of_an_order_without_an_intent_is_refused() -> None:
    with pytest.raises(Conflict, match="has no intent yet"):
        apply(None, Story().told("new"))
    with pytest.raises(Invalid, match="at least the intent"):
        fold([])


def test_news_of_another_order_is_refused() -> None:
    with pytest.raises(Invalid, match="order_id"):
        apply(Story().after(), Story(seed=2).told("new"))


def test_a_second_intent_is_refused_and_the_same_one_is_not() -> None:
    story = Story()
    assert apply(story.after(), story.intended) == story.after()
    another = replace(story.intended, id=EventId(story.ids.next()))
    with pytest.raises(Conflict, match="second OrderIntended"):
        apply(story.after(), another)


def test_an_order_goes_from_intent_to_filled() -> None:
    story = Story()
    order = story.sent()
    assert (order.status, order.epoch) == (S.SUBMITTING, 1)
    order = apply(order, story.make(OrderAccepted, 1, broker_order_id="b1"))
    assert (order.status, order.broker_order_ids) == (S.ACCEPTED, frozenset({"b1"}))
    order = apply(order, story.filled(execution("e1", 4, 99), 2))
    assert (order.status, order.remaining_quantity) == (S.PARTIALLY_FILLED, Decimal(6))
    order = apply(order, story.filled(execution("e2", 6, 98), 3, status="filled"))
    assert (order.status, order.filled_quantity) == (S.FILLED, Decimal(10))
    assert order.filled_notional == dollars(4 * 99 + 6 * 98)
    assert order.is_settled


def test_an_order_that_is_being_sent_is_not_sent_by_a_second_writer() -> None:
    story = Story()
    with pytest.raises(Conflict, match="submitting cannot become submitting"):
        apply(story.sent(), story.submitted(epoch=2))


def test_a_writer_of_an_older_epoch_cannot_send() -> None:
    story = Story()
    back = story.after(story.submitted(epoch=7), story.make(OrderNotSent, reason="503"))
    with pytest.raises(Conflict, match="sent under epoch 7, not 6"):
        apply(back, story.submitted(epoch=6))
    assert apply(back, story.submitted(epoch=7)).status is S.SUBMITTING


def test_an_order_of_unknown_outcome_cannot_be_sent_again() -> None:
    story = Story()
    order = story.sent(story.make(OrderOutcomeUnknown, reason="time-out"))
    assert (order.status, order.reason) == (S.UNKNOWN, "time-out")
    with pytest.raises(Conflict, match="unknown cannot become submitting"):
        apply(order, story.submitted())


def test_an_unknown_outcome_is_not_settled_by_saying_that_it_was_not_sent() -> None:
    story = Story()
    order = story.sent(story.make(OrderOutcomeUnknown, reason="time-out"))
    with pytest.raises(Conflict, match="only the broker can tell"):
        apply(order, story.make(OrderNotSent, reason="surely not"))


def test_only_an_unknown_outcome_is_settled_by_the_brokers_not_finding_it() -> None:
    story = Story()
    absent = story.make(OrderFoundAbsent)
    with pytest.raises(Conflict, match="nobody had to ask"):
        apply(story.sent(), absent)
    order = story.sent(story.make(OrderOutcomeUnknown, reason="time-out"), absent)
    assert order.status is S.INTENDED
    assert apply(order, story.submitted()).status is S.SUBMITTING


def test_an_order_that_was_thought_absent_is_not_sent_once_the_broker_has_told_of_it() -> None:
    story = Story()
    order = story.sent(
        story.make(OrderOutcomeUnknown, reason="time-out"),
        story.make(OrderFoundAbsent),
        story.told("new", 5),
    )
    assert order.status is S.NEW
    with pytest.raises(Conflict, match="must not be sent again"):
        apply(order, story.submitted())


def test_the_brokers_answer_settles_an_unknown_outcome() -> None:
    story = Story()
    unknown = story.make(OrderOutcomeUnknown, reason="time-out")
    assert story.sent(unknown, story.told("new")).status is S.NEW
    assert story.sent(story.told("new"), unknown).status is S.NEW


def test_an_order_is_withdrawn_before_it_is_sent_and_not_after() -> None:
    story = Story()
    withdrawn = story.make(OrderWithdrawn, reason="changed my mind")
    order = story.after(withdrawn)
    assert (order.status, order.reason) == (S.CANCELED, "changed my mind")
    with pytest.raises(Conflict, match="canceled cannot become submitting"):
        apply(order, story.submitted())
    with pytest.raises(Conflict, match="submitting: it cannot be withdrawn"):
        story.sent(withdrawn)


def test_a_state_that_nobody_knows_changes_nothing_and_is_told() -> None:
    story = Story()
    order = story.sent(story.told("new"), story.told("pending_review", 1))
    assert (order.status, order.unknown_statuses) == (S.NEW, frozenset({"pending_review"}))


def test_an_order_of_which_the_broker_says_only_what_nobody_knows_is_unknown_and_not_sent() -> None:
    story = Story()
    order = story.sent(story.told("pending_review"))
    assert order.status is S.UNKNOWN
    with pytest.raises(Conflict, match="must not be sent again"):
        apply(order, story.submitted())


@pytest.mark.parametrize(
    ("kind", "status"),
    [(OrderCanceled, S.CANCELED), (OrderExpired, S.EXPIRED), (OrderRejected, S.REJECTED)],
)
def test_an_order_ends_and_says_why(kind: type[OrderCanceled], status: S) -> None:
    story = Story()
    order = story.sent(story.told("new"), story.make(kind, 1, reason="because"))
    assert (order.status, order.reason, order.is_terminal) == (status, "because", True)


def test_a_replaced_order_names_the_one_that_took_its_place() -> None:
    story = Story()
    order = story.sent(story.told("new"), story.make(OrderReplaced, 1, replaced_by="b2"))
    assert (order.status, order.replaced_by) == (S.REPLACED, "b2")


def test_a_late_new_does_not_open_a_canceled_order() -> None:
    story = Story()
    order = story.sent(story.told("canceled", 2), story.told("new", 1))
    assert order.status is S.CANCELED
    assert apply(order, story.told("new", 3)).status is S.CANCELED
    assert [each.status for each in order.path] == [S.NEW, S.CANCELED]


def test_a_fill_after_a_cancel_counts_and_the_order_stays_canceled() -> None:
    story = Story()
    order = story.sent(story.told("canceled", 1), story.filled(execution("e1", 4), 0))
    assert (order.status, order.filled_quantity) == (S.CANCELED, Decimal(4))


def test_the_last_fill_crossing_a_cancel_makes_the_order_filled() -> None:
    story = Story()
    order = story.sent(story.told("canceled", 1), story.filled(execution("e1", 10), 0))
    assert order.status is S.FILLED


def test_an_execution_counts_once_however_often_it_is_told() -> None:
    story = Story()
    order = story.sent(
        story.filled(execution("e1", 4), filled_quantity=Decimal(4)),
        story.filled(execution("e1", 4), filled_quantity=Decimal(4)),
        story.told("partially_filled", filled_quantity=Decimal(4)),
    )
    assert (order.filled_quantity, order.missing_quantity) == (Decimal(4), Decimal(0))


def test_a_cumulative_quantity_is_never_added_up_but_shows_what_is_missing() -> None:
    story = Story()
    order = story.sent(
        story.told("partially_filled", 1, filled_quantity=Decimal(3)),
        story.told("partially_filled", 2, filled_quantity=Decimal(5)),
    )
    assert (order.filled_quantity, order.missing_quantity) == (Decimal(0), Decimal(5))
    order = apply(order, story.told("filled", 3))
    assert (order.status, order.missing_quantity) == (S.FILLED, Decimal(10))
    assert order.is_terminal
    assert not order.is_settled


def test_an_order_that_its_broker_made_smaller_is_settled_when_that_is_filled() -> None:
    story = Story()
    order = story.sent(
        story.filled(execution("e1", 6), 1), story.told("filled", 2, filled_quantity=Decimal(6))
    )
    assert (order.status, order.missing_quantity) == (S.FILLED, Decimal(0))
    assert order.is_settled


def test_a_busted_execution_no_longer_counts_even_if_told_before_it() -> None:
    story = Story()
    busted, filled = story.busted("e1"), story.filled(execution("e1", 4))
    for news in ([filled, busted], [busted, filled]):
        order = story.sent(story.told("new"), *news)
        assert (order.filled_quantity, order.remaining_quantity) == (Decimal(0), Decimal(10))
        assert len(order.executions) == 1


def test_a_bust_does_not_open_a_filled_order() -> None:
    story = Story()
    filled = story.filled(execution("e1", 10), status="filled")
    order = story.sent(filled, story.busted("e1", 1))
    assert (order.status, order.filled_quantity) == (S.FILLED, Decimal(0))


def test_an_execution_told_with_another_quantity_is_disputed_and_one_without_its_fee_is_not() -> (
    None
):
    story = Story()
    bare, full = execution("e1", 4), execution("e1", 4, fee="0.01")
    order = story.sent(story.filled(full), story.filled(bare))
    assert order.disputed == frozenset()
    assert order.executions == (full,)
    assert apply(order, story.filled(execution("e1", 5))).disputed == {"e1"}


def test_a_doubled_order_shows_both_names_that_the_broker_gave_it() -> None:
    story = Story()
    order = story.sent(
        story.told("new", broker_order_id="b1"), story.told("new", broker_order_id="b2")
    )
    assert order.broker_order_ids == {"b1", "b2"}


def test_more_than_was_asked_for_is_seen() -> None:
    story = Story()
    order = story.sent(story.filled(execution("e1", 11)))
    assert order.is_overfilled
    assert order.remaining_quantity == 0


def test_an_order_of_a_notional_has_no_quantity_to_fill_up() -> None:
    story = Story(None, notional="500")
    order = story.sent(story.told("new"), story.filled(execution("e1", "4.5")))
    assert (order.status, order.remaining_quantity) == (S.PARTIALLY_FILLED, None)
    assert apply(order, story.told("filled", 1)).status is S.FILLED


def test_an_execution_in_another_currency_is_refused() -> None:
    story = Story()
    euros = replace(execution("e1"), price=Price.of(1, Currency.EUR))
    with pytest.raises(Invalid, match="currency"):
        story.sent(story.filled(euros))


def test_an_execution_of_nothing_or_with_a_foreign_fee_is_refused() -> None:
    with pytest.raises(Invalid, match="above zero"):
        execution("e1", 0)
    with pytest.raises(Invalid, match="execution_id"):
        execution("")
    with pytest.raises(Invalid, match="fee must be in EUR"):
        replace(execution("e1", fee="1"), price=Price.of(1, Currency.EUR))
    with pytest.raises(Invalid, match="filled_quantity"):
        Story().told("new", filled_quantity=Decimal(-1))

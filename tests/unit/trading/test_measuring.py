"""What a committed transaction did to orders is counted and timed, each thing once."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.kernel.ids import CorrelationId, EventId, TenantId
from algotrendy.kernel.order import OrderType, Side
from algotrendy.platform import metrics
from algotrendy.platform.metrics import EmfLines
from algotrendy.risk.decision import Breach, Limit
from algotrendy.trading.adapters.counted_intake import CountedIntake
from algotrendy.trading.adapters.measuring import (
    Stored,
    measure_refusal,
    measure_transaction,
    reason_of,
    slippage_bps,
)
from algotrendy.trading.events import RiskBreached
from algotrendy.trading.folding import apply
from algotrendy.trading.judgement import Refused
from algotrendy.trading.order_events import OrderEvent, OrderOutcomeUnknown, OrderWithdrawn
from algotrendy.trading.orders import PlatformOrder
from fakes.order_counter import ROOT, OrderCounter, provenance
from fakes.order_story import ACCOUNT, START, Story, execution
from fakes.risk_desk import buy


class Told:
    """Reads what was measured: by name, its dimension's value, and the values."""

    def __init__(self) -> None:
        self._out = io.StringIO()
        self._lines = EmfLines("trading", self._out)
        metrics.measure_to(self._lines)

    def read(self) -> dict[tuple[str, str], list[float]]:
        self._lines.flush()
        found: dict[tuple[str, str], list[float]] = {}
        for line in map(json.loads, self._out.getvalue().splitlines()):
            names = line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
            place = ",".join(str(line[each]) for each in line if each in {"side", "type", "status"}
                             | {"reason", "limit"})  # fmt: skip
            found |= {(each["Name"], place): line[each["Name"]] for each in names}
        self._out.truncate(0)
        self._out.seek(0)
        return found


@pytest.fixture
def told() -> Iterator[Told]:
    yield Told()
    metrics.measure_to()


def stored(before: PlatformOrder | None, *events: OrderEvent) -> Stored:
    after = before
    for event in events:
        after = apply(after, event)
    assert after is not None
    return Stored(before, after, events)


def a_story(arrival: str | None = "100", **request: Any) -> Story:
    story = Story()
    asked = replace(story.intended.request, **request)
    mark = None if arrival is None else Decimal(arrival)
    story.intended = replace(story.intended, request=asked, arrival=mark)
    return story


def test_an_order_is_counted_on_its_whole_way(told: Told) -> None:
    story = a_story()
    begun = stored(None, story.intended)
    submitted = replace(story.submitted(), at=START + timedelta(seconds=0.25))
    sent = stored(begun.after, submitted)
    made = execution("e1", 10, "100.05", START + timedelta(seconds=2))
    ended = stored(sent.after, story.filled(made, status="filled", filled_quantity=Decimal(10)))
    measure_transaction([begun, sent, ended], [])
    assert told.read() == {
        ("OrdersPlaced", "buy,market"): [1],
        ("OrdersSent", ""): [1],
        ("OrderSendSeconds", ""): [0.25],
        ("Fills", "buy"): [1],
        ("FillSeconds", ""): [2.0],
        ("SlippageBps", "market"): [5.0],
        ("OrdersEnded", "filled"): [1],
    }


def test_an_execution_that_is_told_again_with_its_fee_counts_once(told: Told) -> None:
    story = a_story()
    made = execution("e1", 4, "100", fee=None)
    first = stored(story.sent(), story.filled(made))
    again = stored(first.after, story.filled(execution("e1", 4, "100", fee="1.00"), 1))
    measure_transaction([first, again], [])
    assert told.read()[("Fills", "buy")] == [1]


def test_ends_are_told_apart(told: Told) -> None:
    story = a_story()
    withdrawn = stored(story.after(), story.make(OrderWithdrawn, reason="too late"))
    rejected = stored(
        story.sent(), story.told("rejected", 1, reason="insufficient buying power: 4.20 of AAPL")
    )
    doubted = stored(story.sent(), story.make(OrderOutcomeUnknown, 1, reason="no answer"))
    busted = stored(
        stored(story.sent(), story.filled(execution("e1", 1, 100))).after, story.busted("e1", 2)
    )
    measure_transaction([withdrawn, rejected, doubted, busted], [])
    found = told.read()
    assert found[("OrdersEnded", "withdrawn")] == found[("OrdersEnded", "rejected")] == [1]
    assert found[("OrdersRejected", "insufficient buying power")] == [1]
    assert found[("OrdersInDoubt", "")] == found[("FillsBusted", "")] == [1]


def test_a_broken_limit_and_a_refusal_are_counted_by_limit(told: Told) -> None:
    breach = Breach(Limit.LEVERAGE, "account", Decimal(1), Decimal(2))
    measure_refusal(Refused((breach, breach, replace(breach, limit=Limit.DRAWDOWN)), 1))
    event = RiskBreached(
        id=EventId(Story().ids.next()),
        occurred_at=START,
        correlation_id=CorrelationId("c1"),
        tenant=TenantId("demo"),
        account=ACCOUNT,
        limit="leverage",
        scope="account",
        allowed="1",
        actual="2",
    )
    measure_transaction([], [event])
    assert told.read() == {
        ("OrdersRefused", "leverage"): [1],
        ("OrdersRefused", "drawdown"): [1],
        ("RiskBreaches", "leverage"): [1],
    }


def test_whoever_places_what_limits_forbid_is_counted_and_refused_all_the_same(told: Told) -> None:
    counter = OrderCounter()
    intake = CountedIntake(
        counter.ledger, counter.sagas, counter.bell, counter.clock, counter.ids, pause=float
    )
    with pytest.raises(Refused) as refused:
        intake.place(ROOT, buy("1000000"), provenance())
    limits = {each.limit.value for each in refused.value.breaches}
    assert {place for _, place in told.read()} == limits
    assert intake.place(ROOT, buy("1"), provenance()).arrival == Decimal(100)
    assert told.read() == {}


@pytest.mark.parametrize(
    ("side", "type_", "prices", "paid", "bps"),
    [
        (Side.BUY, OrderType.MARKET, {}, "101", 100.0),
        (Side.SELL, OrderType.MARKET, {}, "101", -100.0),
        (Side.BUY, OrderType.LIMIT, {"limit_price": Decimal(99)}, "99", -100.0),
        (Side.SELL, OrderType.STOP, {"stop_price": Decimal(90)}, "89.1", 100.0),
        (Side.SELL, OrderType.TRAILING_STOP, {"trail_price": Decimal(1)}, "89", None),
    ],
)
def test_slippage_is_what_it_cost_more_than_was_expected(
    side: Side, type_: OrderType, prices: dict[str, Any], paid: str, bps: float | None
) -> None:
    order = a_story(side=side, type=type_, **prices).after()
    found = slippage_bps(order, execution("e1", 1, paid))
    assert found == (None if bps is None else pytest.approx(bps))


def test_without_a_price_at_the_intent_nothing_slips() -> None:
    assert slippage_bps(a_story(arrival=None).after(), execution("e1", 1, 101)) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("insufficient buying power: needed 10", "insufficient buying power"),
        ("asset AAPL is not tradable", "asset is not tradable"),
        ('{"code":40310000}', "unsaid"),
        ("", "unsaid"),
        ("Order 12 is gone", "order"),
    ],
)
def test_a_reason_is_told_without_what_is_of_one_order(text: str, kind: str) -> None:
    assert reason_of(text) == kind

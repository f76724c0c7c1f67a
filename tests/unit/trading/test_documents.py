"""Documents of the ledger: every kind comes back as it was, and nothing else is read."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import orjson
import pytest

from algotrendy.kernel.errors import Invalid, JsonValue
from algotrendy.kernel.ids import OrderId, TenantId, UserId
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.kernel.order import OrderClass, OrderType, Position, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, StopLoss, TakeProfit
from algotrendy.risk.limits import Limits, StrategyId, TradingState, parse_limits
from algotrendy.risk.records import KillSwitch, LimitsVersion, Marks, StateChange
from algotrendy.trading import entries, order_events
from algotrendy.trading.accounts import Account
from algotrendy.trading.documents import from_document, to_document
from algotrendy.trading.journal import Entry
from algotrendy.trading.ledger import AuditRecord, Document
from algotrendy.trading.lots import ClosedLot, Lot, LotMethod, Lots
from algotrendy.trading.order_events import OrderEvent, OrderIntended, Provenance
from algotrendy.trading.ports import Listing, Quote
from fakes.order_story import ACCOUNT, START, USD, Story, dollars, execution

STORY = Story()
AAPL = Symbol("AAPL")
ID = UUID("01a208d0-5240-7f5b-8594-892a57d83059")

THREE = Position(AAPL, Decimal(3), dollars(300))

EVENTS: list[OrderEvent] = [
    STORY.intended,
    STORY.make(
        OrderIntended,
        account=ACCOUNT,
        request=OrderRequest(
            symbol="BTC/USD",
            side=Side.SELL,
            type=OrderType.STOP_LIMIT,
            time_in_force=TimeInForce.GTC,
            quantity=Decimal("0.000000000000000001"),
            limit_price=Decimal("100.10"),
            stop_price=Decimal(101),
            extended_hours=True,
            client_order_id="mine",
            order_class=OrderClass.BRACKET,
            take_profit=TakeProfit(Decimal(90)),
            stop_loss=StopLoss(Decimal(110), Decimal(111)),
        ),
        provenance=Provenance(
            correlation_id=STORY.intended.provenance.correlation_id,
            strategy="trend@2",
            parameters=(("fast", "10"), ("slow", "50")),
            parent=OrderId(ID),
        ),
        reserved=dollars(0),
        submit_by=START + timedelta(seconds=60),
        replaces=OrderId(ID),
        leg_of=OrderId(ID),
        approval="above 100000 USD",
    ),
    STORY.make(order_events.OrderApproved, by=UserId("ada")),
    STORY.make(order_events.OrderCancelRequested, by="ada", reason="enough"),
    STORY.submitted(7),
    STORY.make(order_events.OrderOutcomeUnknown, reason="time-out"),
    STORY.make(order_events.OrderNotSent, reason="429"),
    STORY.make(order_events.OrderFoundAbsent),
    STORY.make(order_events.OrderWithdrawn, reason="too late"),
    STORY.told("some_new_name", broker_order_id="b1", filled_quantity=Decimal("1.50")),
    STORY.make(order_events.OrderAccepted),
    STORY.make(order_events.OrderAccepted, status=None),
    STORY.filled(execution(fee="-0.01")),
    STORY.busted("e1", reason="clearly erroneous"),
    STORY.make(order_events.OrderCanceled),
    STORY.make(order_events.OrderExpired),
    STORY.make(order_events.OrderRejected, reason="no"),
    STORY.make(order_events.OrderReplaced, replaced_by="b2"),
]
RECORDS: list[object] = [
    entries.deposit(ACCOUNT, "d1", START, dollars("1.2300")),
    entries.bust(entries.split(ACCOUNT, "s1", START, THREE, 2, 1), START, "wrong"),
    Lots(AAPL, USD, LotMethod.HIGHEST_COST, (Lot("e1", START, Decimal(-3), dollars(-300)),)),
    ClosedLot("e1", "e2", START, START, Decimal(1), dollars(100), dollars("110.5")),
    Account(
        id=ACCOUNT,
        tenant=TenantId("demo"),
        broker="alpaca",
        opened_at=START,
        leverage=Decimal("2.0"),
        approval_above=dollars(100_000),
    ),
    AuditRecord(
        id=ID,
        tenant=TenantId("demo"),
        account=ACCOUNT,
        at=START,
        who="ada",
        action="place",
        subject="order",
        facts={"quantity": "10", "legs": ["a", {"b": None}]},
    ),
    Document(kind="parent", id=ID, account=ACCOUNT, at=START, is_open=True, body={"n": 1}),
    Quote(symbol=AAPL, bid=None, ask=Decimal("101.5"), last=Decimal(100), at=START),
    Listing(
        symbol=AAPL,
        asset_class=AssetClass.EQUITY,
        is_tradable=True,
        is_shortable=False,
        is_fractionable=True,
        price_increment=None,
        at=START,
    ),
    Quote(symbol=AAPL, bid=None, ask=None, last=Decimal(1), at=START, made_at=START),
    Listing(
        symbol=AAPL,
        asset_class=AssetClass.EQUITY,
        is_tradable=True,
        is_shortable=True,
        is_fractionable=True,
        price_increment=None,
        at=START,
        is_easy_to_borrow=False,
        maintenance_rate=Decimal("0.3"),
    ),
    LimitsVersion(
        account=ACCOUNT,
        limits=parse_limits(
            {
                "version": 2,
                "account": {"daily_loss": "1000", "order_rate": {"orders": 5, "window_s": 1}},
                "strategies": [{"strategy": "trend", "restricted": ["TSLA"]}],
            }
        ),
        by="ada",
        reason="start",
        at=START,
    ),
    LimitsVersion(account=ACCOUNT, limits=Limits(version=1), by="ada", reason="", at=START),
    StateChange(account=ACCOUNT, state=TradingState.HALTED, by="ada", reason="", at=START),
    KillSwitch(
        id=ID,
        account=ACCOUNT,
        flatten=True,
        by="ada",
        reason="",
        asked_at=START,
        due_at=START,
        pulled_at=START,
    ),
    Marks(
        account=ACCOUNT,
        day=START.date(),
        day_start=Decimal(100),
        peak=Decimal(110),
        strategy=StrategyId("trend"),
    ),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_comes_back_as_it_was(event: OrderEvent) -> None:
    again = from_document(OrderEvent, orjson.loads(orjson.dumps(to_document(event))))
    assert again == event
    assert type(again) is type(event)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_comes_back_as_it_was(record: object) -> None:
    text = orjson.dumps(to_document(record))
    again = from_document(type(record), orjson.loads(text))
    assert again == record
    assert orjson.dumps(to_document(again)) == text  # to the last zero


def test_every_event_of_an_order_has_a_document() -> None:
    kinds = {
        each
        for each in vars(order_events).values()
        if isinstance(each, type) and issubclass(each, OrderEvent) and each is not OrderEvent
    }
    assert {type(event) for event in EVENTS} == kinds


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"is": "OrderSeen"}, "is"),
        ({"is": "Entry"}, "is"),
        ({"is": None}, "is"),
        ({"v": 2}, "OrderFilled.v"),
        ({"colour": "red"}, "OrderFilled.colour"),
        ({"at": "2026-11-23T14:30:00"}, "OrderFilled.at"),
        ({"at": 5}, "OrderFilled.at"),
        ({"id": "one"}, "OrderFilled.id"),
        ({"status": 3}, "OrderFilled.status"),
        ({"filled_quantity": 1.5}, "OrderFilled.filled_quantity"),
        ({"filled_quantity": "1e999999"}, "OrderFilled.filled_quantity"),
        ({"execution": []}, "OrderFilled.execution"),
        ({"execution": {"id": "e1"}}, "OrderFilled.execution.at"),
    ],
)
def test_what_was_not_written_so_is_refused_by_its_field(
    change: dict[str, JsonValue], named: str
) -> None:
    with pytest.raises(Invalid) as refused:
        from_document(OrderEvent, to_document(EVENTS[12]) | change)
    assert refused.value.field == named


@pytest.mark.parametrize("amount", ["1", "1 XYZ", "one USD", 1, {"count": "1"}])
def test_an_amount_without_its_currency_is_refused(amount: JsonValue) -> None:
    document = to_document(RECORDS[0])
    postings = document["postings"]
    assert isinstance(postings, list)
    document["postings"] = [{"book": "cash", "amount": amount}, postings[1]]
    with pytest.raises(Invalid) as refused:
        from_document(Entry, document)
    assert refused.value.field.startswith("Entry.postings.0.amount")


def test_another_kind_is_not_written() -> None:
    with pytest.raises(Invalid):
        to_document(ID)


def test_a_missing_field_is_refused_by_its_name() -> None:
    document = to_document(STORY.submitted())
    del document["epoch"]
    with pytest.raises(Invalid) as refused:
        from_document(OrderEvent, document)
    assert refused.value.field == "OrderSubmitted.epoch"


def test_a_truth_is_no_number() -> None:
    with pytest.raises(Invalid):
        from_document(OrderEvent, to_document(STORY.submitted()) | {"epoch": True})

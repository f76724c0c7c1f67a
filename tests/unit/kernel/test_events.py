"""Events: an envelope that any consumer can read, and refuses what it does not know."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
from pydantic import BaseModel, ValidationError

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.events import Event, parse, registered
from algotrendy.kernel.ids import CorrelationId, EventId, SeededIds, TenantId

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
IDS = SeededIds(1, ManualClock(NOON))


class CashMoved(Event):
    """Cash moved on an account."""

    name = "CashMoved"
    version = 1

    amount: Decimal
    symbols: tuple[str, ...] = ()


class CashMovedAgain(Event):
    """Cash moved, and somebody says why."""

    name = "CashMoved"
    version = 2

    amount: Decimal
    reason: str


def cash_moved(**changes: Any) -> CashMoved:
    values: dict[str, Any] = {
        "id": EventId(IDS.next()),
        "occurred_at": NOON,
        "correlation_id": CorrelationId("c-1"),
        "tenant": TenantId("acme"),
        "amount": Decimal("1.10"),
    }
    return CashMoved(**(values | changes))


def test_an_envelope_keeps_decimals_as_text_and_times_in_utc() -> None:
    east = timezone(timedelta(hours=-5))
    event = cash_moved(occurred_at=datetime(2026, 11, 22, 7, tzinfo=east), symbols=("AAPL",))
    assert event.envelope() == {
        "name": "CashMoved",
        "version": 1,
        "id": str(event.id),
        "occurred_at": "2026-11-22T12:00:00Z",
        "correlation_id": "c-1",
        "tenant": "acme",
        "payload": {"amount": "1.10", "symbols": ["AAPL"]},
    }


def test_an_event_comes_back_from_json_as_it_was() -> None:
    event = cash_moved(symbols=("AAPL", "MSFT"))
    assert parse(json.loads(json.dumps(event.envelope()))) == event


def test_an_event_may_say_whose_request_it_is_a_part_of() -> None:
    carried = f"00-{'4b' * 16}-{'0a' * 8}-01"
    event = cash_moved().model_copy(update={"traceparent": carried})
    assert event.envelope()["traceparent"] == carried
    assert parse(event.envelope()) == event
    assert "traceparent" not in cash_moved().envelope()
    jsonschema.Draft202012Validator(type(event).envelope_schema()).validate(event.envelope())
    with pytest.raises(Invalid, match="traceparent"):
        parse(event.envelope() | {"traceparent": "00-1-2-3"})


def test_an_event_cannot_be_changed_after_the_fact() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        cash_moved().amount = Decimal(5)  # type: ignore[misc]


def test_two_versions_of_one_event_are_read_each_by_its_own_class() -> None:
    event = cash_moved()
    newer = CashMovedAgain(
        id=event.id,
        occurred_at=NOON,
        correlation_id=event.correlation_id,
        tenant=event.tenant,
        amount=Decimal(2),
        reason="fee",
    )
    assert type(parse(event.envelope())) is CashMoved
    assert type(parse(newer.envelope())) is CashMovedAgain


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "CashVanished"}, "name"),
        ({"name": None}, "name"),
        ({"version": 3}, "name"),
        ({"version": "1"}, "name"),
        ({"version": True}, "name"),
        ({"id": "no id"}, "id"),
        ({"id": str(uuid4())}, "id"),
        ({"occurred_at": "2026-11-22T12:00:00"}, "occurred_at"),
        ({"tenant": None}, "tenant"),
        ({"payload": None}, "payload"),
        ({"payload": {}}, "payload.amount"),
        ({"payload": {"amount": "much"}}, "payload.amount"),
        ({"payload": {"amount": "NaN"}}, "payload.amount"),
        ({"payload": {"amount": "1", "extra": 1}}, "payload.extra"),
        ({"payload": {"amount": "1", "tenant": "other"}}, "payload.tenant"),
        ({"payload": {"amount": "1", "symbols": [1]}}, "payload.symbols.0"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_an_envelope_that_is_not_as_agreed_is_refused_by_field(
    change: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        parse(cash_moved().envelope() | change)
    assert caught.value.field == field


def test_an_envelope_without_a_head_field_says_which() -> None:
    envelope = cash_moved().envelope()
    del envelope["correlation_id"]
    with pytest.raises(Invalid, match="correlation_id must be present, was missing"):
        parse(envelope)


def test_an_unknown_event_names_those_that_are_known() -> None:
    with pytest.raises(Invalid, match="CashMoved v1, CashMoved v2"):
        parse(cash_moved().envelope() | {"name": "CashVanished"})


def test_a_name_and_version_belong_to_one_class() -> None:
    with pytest.raises(TypeError, match="event CashMoved v1 is already"):

        class Impostor(Event):
            name = "CashMoved"
            version = 1

    assert CashMoved in registered()


def test_a_base_without_a_name_is_no_event_itself() -> None:
    class OfAnAccount(Event):
        account: str

    assert OfAnAccount not in list(registered())


def test_the_schema_of_an_event_takes_its_envelope_and_nothing_else() -> None:
    schema = CashMoved.envelope_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    envelope = cash_moved(symbols=("AAPL",)).envelope()
    validator.validate(envelope)
    for wrong in (
        envelope | {"version": 2},
        envelope | {"extra": 1},
        envelope | {"payload": {}},
        envelope | {"payload": envelope["payload"] | {"amount": 1.1}},
    ):
        assert not validator.is_valid(wrong)


def test_the_schema_of_a_nested_payload_stands_on_its_own() -> None:
    class Leg(BaseModel):
        symbol: str

    class SpreadTraded(Event):
        name = "SpreadTraded"
        version = 1

        legs: tuple[Leg, ...]

    validator = jsonschema.Draft202012Validator(SpreadTraded.envelope_schema())
    event = SpreadTraded.model_validate(
        {
            "id": EventId(IDS.next()),
            "occurred_at": NOON,
            "correlation_id": "c-1",
            "tenant": "acme",
            "legs": [{"symbol": "AAPL"}],
        }
    )
    validator.validate(event.envelope())
    assert not validator.is_valid(event.envelope() | {"payload": {"legs": [{"symbol": 1}]}})

"""What a document must be to be read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from algotrendy.exchange.venue.documents import from_document, to_document
from algotrendy.exchange.venue.model import Changes, Order, Position
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.order import Side
from fakes.ledger_desk import Desk

POSITION = {"account_id": "one", "symbol": "AAPL", "quantity": "10", "cost": "1000.5"}


def test_a_position_reads_as_plain_text() -> None:
    position = Position("one", "AAPL", Decimal("1E+1"), Decimal("1000.5"))
    assert to_document(position) == POSITION
    assert from_document(Position, POSITION) == position


def test_what_is_none_is_left_out() -> None:
    document = to_document(Desk().order(Side.BUY, "10"))
    assert "limit_price" not in document
    assert document["side"] == "buy"
    assert document["created_at"] == "2026-08-03T15:00:00+00:00"
    assert document["legs"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": "ten"}, "Position.quantity"),
        ({"quantity": 10}, "Position.quantity"),
        ({"cost": "NaN"}, "Position.cost"),
        ({"symbol": 5}, "Position.symbol"),
        ({"colour": "red"}, "Position.colour"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid, match=field):
        from_document(Position, POSITION | change)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(Invalid, match=r"Position\.cost"):
        from_document(Position, {name: POSITION[name] for name in POSITION if name != "cost"})


@pytest.mark.parametrize(
    "change", [{"side": "up"}, {"created_at": "today"}, {"legs": "a,b"}, {"legs": [1]}]
)
def test_a_wrong_field_of_an_order_is_named(change: dict[str, Any]) -> None:
    document = to_document(Desk().order(Side.BUY, "10"))
    with pytest.raises(Invalid, match=next(iter(change))):
        from_document(Order, document | change)


def test_only_what_is_kept_has_documents() -> None:
    with pytest.raises(Invalid, match="kind"):
        from_document(Changes, {})  # type: ignore[type-var]

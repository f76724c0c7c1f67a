"""Limits are documents: strict at the edge, frozen, one version after another."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from algotrendy.kernel.errors import Invalid
from algotrendy.risk.limits import Limits, parse_limits, revise


def test_limits_read_from_json_values_keep_their_decimals() -> None:
    limits = parse_limits(
        {
            "version": 3,
            "account": {"gross_exposure": "100000.50", "restricted": ["GME"]},
            "strategies": [{"strategy": "trend", "order_rate": {"orders": 5, "window_s": 1}}],
            "symbols": [{"symbol": "AAPL", "position_quantity": "100"}],
        }
    )
    assert limits.account.gross_exposure == Decimal("100000.50")
    assert limits.account.restricted == frozenset({"GME"})
    assert limits.by_strategy["trend"].order_rate is not None
    assert limits.by_symbol["AAPL"].position_quantity == Decimal(100)
    assert parse_limits(limits.model_dump(mode="json")) == limits


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "version"),
        ({"version": 0}, "version"),
        ({"version": "1"}, "version"),
        ({"version": 1, "account": {"leverage": 2.5}}, "account.leverage"),
        ({"version": 1, "account": {"leverage": "NaN"}}, "account.leverage"),
        ({"version": 1, "account": {"daily_loss": "0"}}, "account.daily_loss"),
        ({"version": 1, "account": {"daily_loss": "-5"}}, "account.daily_loss"),
        ({"version": 1, "account": {"drawdown": "1.1"}}, "account.drawdown"),
        ({"version": 1, "account": {"gross": "5"}}, "account.gross"),
        ({"version": 1, "account": {"restricted": ["gme"]}}, "account.restricted"),
        (
            {"version": 1, "account": {"order_rate": {"orders": 1001, "window_s": 1}}},
            "account.order_rate.orders",
        ),
        ({"version": 1, "account": {"value_at_risk": "5000"}}, "account.value_at_risk"),
        (
            {"version": 1, "account": {"value_at_risk": {"loss": "5", "confidence": "0.9"}}},
            "account.value_at_risk.confidence",
        ),
        (
            {"version": 1, "account": {"expected_shortfall": {"confidence": "0.99"}}},
            "account.expected_shortfall.loss",
        ),
        ({"version": 1, "account": {"stress_loss": 5.5}}, "account.stress_loss"),
        (
            {"version": 1, "symbols": [{"symbol": "A", "stress_loss": "5"}]},
            "symbols.0.stress_loss",
        ),
        ({"version": 1, "symbols": [{"symbol": "a b"}]}, "symbols.0.symbol"),
        ({"version": 1, "symbols": [{"symbol": "A"}, {"symbol": "A"}]}, "symbols.1.symbol"),
        (
            {"version": 1, "strategies": [{"strategy": "x"}, {"strategy": "x"}]},
            "strategies.1.strategy",
        ),
    ],
)
def test_a_wrong_document_is_refused_with_its_field(document: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_limits(document)
    assert refused.value.field.startswith(field)


def test_a_document_cannot_be_changed() -> None:
    limits = Limits(version=1)
    with pytest.raises(ValidationError):
        limits.account.gross_exposure = Decimal(1)  # type: ignore[misc]


def test_a_revision_counts_up_and_keeps_what_it_does_not_name() -> None:
    first = parse_limits({"version": 7, "symbols": [{"symbol": "AAPL", "order_quantity": "5"}]})
    second = revise(first, {"account": {"leverage": "2"}})
    assert second.version == 8
    assert second.account.leverage == Decimal(2)
    assert second.symbols == first.symbols
    assert first.account.leverage is None
    with pytest.raises(Invalid):
        revise(first, {"version": 20})


def test_limits_on_tails_name_their_confidence_and_are_absent_in_older_documents() -> None:
    before = parse_limits({"version": 1, "account": {"daily_loss": "5"}, "strategies": []})
    assert before.account.value_at_risk is None
    assert not before.watches_tails
    part = {"strategy": "trend", "expected_shortfall": {"loss": "100"}}
    limits = revise(before, {"strategies": [part]})
    assert limits.watches_tails
    tail = limits.model_dump(mode="json")["strategies"][0]["expected_shortfall"]
    assert tail == {"loss": "100", "confidence": "0.99"}
    assert parse_limits(limits.model_dump(mode="json")) == limits

"""Alpaca's activities are read page by page, each once, whether they bear a time or only a date."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from algotrendy.brokers.alpaca.broker import AlpacaBroker
from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.brokers.port import ActivityKind, BrokerActivity
from algotrendy.kernel.errors import Unavailable
from fakes.canned_server import Canned, CannedServer, canned


def activities(server: CannedServer, since: datetime | None = None) -> Sequence[BrokerActivity]:
    async def main() -> Sequence[BrokerActivity]:
        broker = AlpacaBroker(AlpacaSettings("key", "secret", url=server.url))
        try:
            return await broker.activities(since)
        finally:
            await broker.close()

    return asyncio.run(main())


def test_activities_are_read_page_by_page_and_each_once() -> None:
    def fee(number: int) -> dict[str, str]:
        return {
            "id": f"20260105000000000::{number}",
            "activity_type": "FEE",
            "date": "2026-01-05",
            "net_amount": "-0.02",
        }

    page = [fee(n) for n in range(100)]
    with canned(Canned(200, page), Canned(200, [fee(99), fee(100)])) as server:
        found = activities(server)
    assert [each.id for each in found] == [fee(n)["id"] for n in range(101)]
    assert "page_token=20260105000000000" in server.lines[1]


def test_an_activity_that_bears_only_a_date_is_of_the_begin_of_its_day() -> None:
    since = datetime(2026, 1, 5, tzinfo=UTC)
    days = [("2026-01-04", "executed"), ("2026-01-05", "executed"), ("2026-01-05", "canceled")]
    told = [
        {
            "id": f"{day}::{status}",
            "activity_type": "DIVNRA",
            "date": day,
            "net_amount": "-0.30",
            "symbol": "AAPL",
            "qty": "10",
            "status": status,
        }
        for day, status in days
    ]
    with canned(Canned(200, told)) as server:
        [found] = activities(server, since)
    assert (found.id, found.kind) == ("2026-01-05::executed", ActivityKind.DIVIDEND)
    assert (found.cash, found.quantity) == (Decimal("-0.30"), None)
    assert found.at == datetime(2026, 1, 5, tzinfo=UTC)


def test_activities_that_cannot_be_read_are_no_answer() -> None:
    answer = Canned(200, [{"id": "1", "activity_type": "DIV", "date": "soon"}])
    with canned(answer) as server, pytest.raises(Unavailable, match="date"):
        activities(server)

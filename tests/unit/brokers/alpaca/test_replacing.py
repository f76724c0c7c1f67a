"""A replacement says what changes, and its refusal is doubted where its order stands."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from uuid import UUID

import pytest

from algotrendy.brokers.alpaca.broker import AlpacaBroker
from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.brokers.port import BrokerOrder
from algotrendy.kernel.errors import Conflict, Rejected, Unauthenticated, Unknown
from algotrendy.kernel.order_request import ReplaceRequest
from fakes.alpaca_order import ORDER
from fakes.canned_server import Canned, CannedServer, canned

ID = str(UUID(ORDER["id"]))
NO_SUCH = Canned(404, {"code": 40410000, "message": "order not found"})
CHANGE = ReplaceRequest(limit_price=Decimal(101), client_order_id="mine-1")
REPLACED = Canned(422, {"code": 42210000, "message": "order is already replaced"})


def replace(server: CannedServer, change: ReplaceRequest = CHANGE) -> BrokerOrder:
    async def main() -> BrokerOrder:
        broker = AlpacaBroker(AlpacaSettings("key", "secret", url=server.url))
        try:
            return await broker.replace(ID, change)
        finally:
            await broker.close()

    return asyncio.run(main())


def test_a_replacement_says_only_what_changes() -> None:
    with canned(Canned(200, ORDER)) as server:
        replace(server)
    assert server.asked[0].body == {"limit_price": "101", "client_order_id": "mine-1"}


def test_a_replacement_that_is_refused_though_its_order_stands_is_a_conflict() -> None:
    with canned(REPLACED, Canned(200, ORDER)) as server, pytest.raises(Conflict) as refusal:
        replace(server)
    assert refusal.value.facts["broker_order_id"] == ID
    assert server.lines[1].startswith("GET /v2/orders:by_client_order_id?client_order_id=mine-1")


def test_a_replacement_that_is_refused_and_has_no_order_is_rejected_with_the_words() -> None:
    with canned(REPLACED, NO_SUCH) as server, pytest.raises(Rejected, match="already") as found:
        replace(server)
    assert not isinstance(found.value, Conflict)


def test_a_replacement_behind_whose_refusal_nobody_answers_is_unknown() -> None:
    with canned(REPLACED, Canned(500)) as server, pytest.raises(Unknown):
        replace(server)


def test_a_replacement_without_a_name_is_rejected_without_a_look() -> None:
    with canned(REPLACED) as server, pytest.raises(Rejected, match="already"):
        replace(server, ReplaceRequest(limit_price=Decimal(101)))
    assert len(server.asked) == 1


def test_a_replacement_under_keys_that_are_refused_is_unauthenticated() -> None:
    with canned(Canned(401, {"code": 40110000})) as server, pytest.raises(Unauthenticated):
        replace(server)
    assert len(server.asked) == 1

"""The client on the real apps: what they answer is what its types say."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_type_hints

import httpx
import pytest
from pydantic import TypeAdapter

from algotrendy.client import models
from algotrendy.client.client import Client
from algotrendy.client.errors import Invalid, NotFound, NotSignedIn, Refused
from algotrendy.client.operations import Operations
from algotrendy.client.values import Answer
from algotrendy.operations.openapi import recorded_examples
from fakes.app_client import AppClient
from fakes.trading_api import TradingApi, served

ROOT = Path(__file__).parents[3]
ORDER = models.OrderIn(account="paper", symbol="AAPL", side=models.Side.BUY, quantity=Decimal(10))
NOBODYS = "019aab12-7e6f-7c11-8a55-0d8d1c6a5b10"


class InProcess(httpx.BaseTransport):
    """Hands requests straight to an app."""

    def __init__(self, app: Any) -> None:
        self._client = AppClient(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._client.request(
            request.method, str(request.url), content=request.read(), headers=request.headers.raw
        )
        headers = [(n, v) for n, v in answer.headers.raw if n.lower() != b"content-encoding"]
        return httpx.Response(answer.status_code, headers=headers, content=answer.content)


def token(desk: TradingApi, *roles: str) -> str:
    groups = [f"role:{role}" for role in roles]
    return desk.issuer.token("tenant:demo", *groups)


@pytest.fixture
def desk() -> TradingApi:
    return TradingApi()


@pytest.fixture
def api(desk: TradingApi) -> Iterator[Client]:
    credential = token(desk, "trader", "risk_manager")
    with Client("http://app.test", credential, transport=InProcess(desk.app)) as made:
        yield made


def test_an_order_is_placed_looked_at_and_cancelled(api: Client) -> None:
    order = api.place_order(ORDER)
    assert (order.quantity, order.side) == (Decimal(10), models.Side.BUY)
    assert order.intended_at.tzinfo is not None
    assert api.get_order(order.id).client_order_id == order.client_order_id
    assert api.cancel_order(order.id, reason="the test is over").is_open is False


def test_a_request_under_one_key_is_done_once(api: Client) -> None:
    first, again = (api.place_order(ORDER, idempotency_key="mine") for _ in range(2))
    assert first.id == again.id
    assert api.place_order(ORDER).id != first.id


def test_every_page_is_walked(api: Client, desk: TradingApi) -> None:
    placed = {api.place_order(ORDER).id for _ in range(3)}
    assert {each.id for each in api.iterate_orders(account="paper", limit=1)} == placed
    assert len(api.list_orders(account="paper", limit=1).orders) == 1


def test_what_is_wrong_and_what_is_refused_is_told_by_its_fields(api: Client) -> None:
    with pytest.raises(Refused) as refused:
        api.place_order(ORDER.model_copy(update={"quantity": Decimal(100_000)}))
    assert refused.value.facts["breaches"][0]["limit"] == "buying_power"
    with pytest.raises(Invalid) as wrong:
        api.list_orders(account="paper", limit=0)
    assert [each["field"] for each in wrong.value.errors] == ["limit"]
    with pytest.raises(NotFound):
        api.get_order(NOBODYS)


def test_a_credential_that_proves_nothing_is_told_so(desk: TradingApi) -> None:
    with (
        Client("http://app.test", "nonsense", transport=InProcess(desk.app)) as api,
        pytest.raises(NotSignedIn),
    ):
        api.list_accounts()


def test_the_readmes_example_runs_as_it_stands(desk: TradingApi) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(from algotrendy\.client .*?)```", readme, re.DOTALL)
    assert len([line for line in example.splitlines() if line]) <= 5
    with served(desk.app) as url:
        exec(example, {"url": url, "key": token(desk, "trader")})
    (order,) = desk.client().get("/v1/orders?account=paper").json()["orders"]
    assert (order["symbol"], order["quantity"]) == ("AAPL", "10")


RECORDED = recorded_examples().operations


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_what_the_apps_answered_is_read_whole(name: str) -> None:
    """Nothing of an answer falls outside of its model, at the first level or below it."""
    hints = get_type_hints(getattr(Operations, name), vars(inspect.getmodule(Operations)))
    for body in RECORDED[name]["responses"].values():
        found = TypeAdapter(hints["return"]).validate_python(body)
        assert _unknown(found) == []
        if isinstance(found, Answer):
            again = found.model_dump(mode="json", by_alias=True, exclude_unset=True)
            assert again.keys() == body.keys()


@pytest.mark.parametrize(
    "name", sorted(name for name, each in RECORDED.items() if "request" in each)
)
def test_what_the_apps_took_can_be_said_in_types(name: str) -> None:
    hints = get_type_hints(getattr(Operations, name), vars(inspect.getmodule(Operations)))
    body = RECORDED[name]["request"]
    said = TypeAdapter(hints["body"]).validate_python(body)
    sent = said.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert sent.keys() == body.keys()


def _unknown(found: object) -> list[str]:
    if isinstance(found, Answer):
        parts = [each for name in type(found).model_fields for each in [getattr(found, name)]]
        return [*(found.model_extra or {}), *(name for part in parts for name in _unknown(part))]
    if isinstance(found, list):
        return [name for part in found for name in _unknown(part)]
    return []

"""A problem of each kind, as an app answers it."""

from __future__ import annotations

from typing import Any

import httpx

from algotrendy.identity import throttling
from algotrendy.operations.openapi_answers import STATUS_OF_PROBLEM
from algotrendy.operations.openapi_schemas import Json
from algotrendy.platform.flags import RateLimit
from algotrendy.platform.http import create_app
from algotrendy.platform.probes import Check
from algotrendy.platform.rate_limits import LocalBuckets
from algotrendy.platform.settings import settings
from api_examples.asking import CORRELATION_ID, shown
from fakes.app_client import AppClient
from fakes.trading_api import ORDER, TradingApi

_NOBODYS = "019aab12-7e6f-7c11-8a55-0d8d1c6a5b10"
_HEADERS = {"x-correlation-id": CORRELATION_ID}


def problems() -> Json:
    """Go wrong in every way; give the document of each, by the name of its response."""
    api = TradingApi()
    trader, viewer = api.client("trader"), api.client("viewer")
    stranger = AppClient(api.app)
    found = {
        "NotSignedIn": stranger.get("/v1/accounts", headers=_HEADERS),
        "NotAllowed": _order(viewer, ORDER),
        "NotFound": trader.get(f"/v1/orders/{_NOBODYS}", headers=_HEADERS),
        "Refused": _order(trader, {**ORDER, "quantity": "100000"}),
        "TooLarge": _order(trader, {**ORDER, "symbol": "A" * (settings().max_body_bytes + 1)}),
        "Invalid": _order(trader, {**ORDER, "quantity": "ten"}),
        "TooManyRequests": _too_many(api),
        "Unavailable": AppClient(probed("trading", _fail)).get("/trading/ready", headers=_HEADERS),
    }
    for name, answer in found.items():
        assert answer.status_code == STATUS_OF_PROBLEM[name], f"{name}: {answer.text}"
    return {name: shown(answer.json()) for name, answer in found.items()}


def probes(document: Json) -> Json:
    """Ask the probes of each capability, with something behind them that answers."""
    found: Json = {}
    for path, ways in document["paths"].items():
        if path.endswith(("/health", "/ready")):
            client = AppClient(probed(path.split("/")[1], lambda: None))
            answer = client.get(path, headers=_HEADERS)
            assert answer.is_success, answer.text
            name = ways["get"]["operationId"]
            found[name] = {"responses": {"200": shown(answer.json())}}
    return found


def probed(capability: str, check: Check) -> Any:
    """Make an app that stands on one thing."""
    return create_app("Probes", capability, {"database": check})


def _order(client: AppClient, body: dict[str, Any]) -> httpx.Response:
    return client.post("/v1/orders", json=body, headers=_HEADERS)


def _too_many(api: TradingApi) -> httpx.Response:
    once = {each: RateLimit(rate_per_s=0.5, burst=1) for each in ("trade", "read")}
    buckets = LocalBuckets(monotonic=lambda: 0.0)
    api.app.dependency_overrides |= {
        throttling.limits: lambda: once,
        throttling.buckets: lambda: buckets,
    }
    client = api.client("trader")
    client.get("/v1/accounts", headers=_HEADERS)
    return client.get("/v1/accounts", headers=_HEADERS)


def _fail() -> None:
    raise ConnectionError("as the example wishes")

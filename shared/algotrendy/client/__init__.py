"""Is the Python client of AlgoTrendy's API: typed requests in, typed answers out.

    from algotrendy.client import Client, OrderIn

    with Client(url, key) as api:
        order = api.place_order(OrderIn(account="paper", symbol="AAPL", side="buy", quantity="10"))
        for fill in api.iterate_fills(account="paper", order=order.id):
            print(fill.price)

Models and methods are made from the API's document; it needs httpx and pydantic, and nothing else
of AlgoTrendy. ``Client``, the errors and the models are all here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from algotrendy.client.client import Client as Client
    from algotrendy.client.errors import *  # noqa: F403
    from algotrendy.client.models import *  # noqa: F403

# Looked up when they are asked for: who only sends, as the command line does, loads no models.
_ROOMS = ("client", "errors", "models")


def __getattr__(name: str) -> Any:
    if not name.startswith("_"):
        for room in _ROOMS:
            module = import_module(f"{__name__}.{room}")
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

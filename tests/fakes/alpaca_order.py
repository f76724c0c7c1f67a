"""An order as Alpaca writes it."""

from __future__ import annotations

from typing import Any

ORDER: dict[str, Any] = {
    "id": "61e69015-8549-4bfd-b9c3-01e75843f47d",
    "client_order_id": "mine-1",
    "submitted_at": "2026-01-05T15:00:00.123456789Z",
    "updated_at": "2026-01-05T15:00:01Z",
    "symbol": "AAPL",
    "asset_class": "us_equity",
    "qty": "10.000000001",
    "filled_qty": "0.1",
    "filled_avg_price": "100.0100000001",
    "type": "limit",
    "order_type": "limit",
    "side": "buy",
    "time_in_force": "gtc",
    "limit_price": "100.02",
    "stop_price": None,
    "status": "partially_filled",
    "legs": None,
}

MULTI_LEG: dict[str, Any] = ORDER | {
    "id": "0b1a9f1e-57ff-4f6c-a9e3-3c0f3a1f7c11",
    "client_order_id": "spread-1",
    "updated_at": "2026-01-06T15:00:01Z",
    "symbol": "",
    "asset_class": "",
    "order_class": "mleg",
    "side": "",
    "legs": [ORDER | {"symbol": "AAPL260116C00250000", "asset_class": "us_option"}],
}
"""An order for several options at once, which has no symbol, side or asset class of its own."""

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

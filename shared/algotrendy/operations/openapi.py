"""Describe the whole API in one document, from the apps of the capabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI

DESCRIPTION = """\
Market bars, parameter sweeps over them, and orders: risk-checked, sent, followed to their end.

Sign in with `algotrendy login`, then put the token that `algotrendy token` prints under
**Authorize**. Every error is a problem document (RFC 9457) that names the field, and carries the
correlation id to quote when asking for help.
"""


def whole_api() -> dict[str, Any]:
    """Give the OpenAPI document of every capability together."""
    from algotrendy.backtest.api import create_api as backtest
    from algotrendy.market_data.api import create_api as market_data
    from algotrendy.trading.api import create_api as trading

    return merged([market_data(), backtest(), trading()])


def merged(apps: Sequence[FastAPI]) -> dict[str, Any]:
    """Merge the documents of several apps.

    Raises:
        ValueError: If two apps have the same path, or two different schemas of one name.
    """
    whole: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "AlgoTrendy", "version": "1", "description": DESCRIPTION},
        # Beside this document, wherever a gateway puts it.
        "servers": [{"url": "."}],
        "paths": {},
        "components": {},
    }
    for app in apps:
        described = app.openapi()
        _add(whole["paths"], described["paths"], "path")
        for kind, parts in described.get("components", {}).items():
            _add(whole["components"].setdefault(kind, {}), parts, kind)
        _add(whole, {"security": described.get("security", [])}, "rule")
    return whole


def _add(known: dict[str, Any], new: dict[str, Any], kind: str) -> None:
    for name, value in new.items():
        if known.setdefault(name, value) != value:
            raise ValueError(f"two capabilities have a different {kind} {name}")

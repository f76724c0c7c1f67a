"""Answer for trading over HTTP: one router a resource, one app."""

from __future__ import annotations

from fastapi import FastAPI

from algotrendy.identity.app import create_guarded_app
from algotrendy.trading.api import (
    account_access,
    accounts,
    history,
    orders,
    parents,
    risk,
    risk_report,
)
from algotrendy.trading.api.access import CAPABILITY, check_database

__all__ = ["CAPABILITY", "create_api"]


def create_api() -> FastAPI:
    """Make the app of trading."""
    app = create_guarded_app("AlgoTrendy trading", CAPABILITY, {"database": check_database})
    for resource in (orders, parents, accounts, account_access, history, risk, risk_report):
        app.include_router(resource.router)
    return app

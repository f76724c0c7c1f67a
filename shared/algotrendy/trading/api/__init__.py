"""Answer for trading over HTTP: one router a resource, one app."""

from __future__ import annotations

from fastapi import FastAPI

from algotrendy.identity.app import create_guarded_app
from algotrendy.platform.probes import Checks, Spare
from algotrendy.trading import wiring
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
    checks: Checks = {
        "database": check_database,
        # Orders are taken in without it, and wait.
        "execution": Spare(wiring.last_execution),
        "reconciliation": Spare(wiring.last_reconciliation),
    }
    app = create_guarded_app("AlgoTrendy trading", CAPABILITY, checks)
    for resource in (orders, parents, accounts, account_access, history, risk, risk_report):
        app.include_router(resource.router)
    return app

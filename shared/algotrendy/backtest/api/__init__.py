"""Answer for backtesting over HTTP: one router a resource, one app."""

from __future__ import annotations

from fastapi import FastAPI

from algotrendy.backtest import wiring
from algotrendy.backtest.api import backtests, gate, strategies, sweeps, trials, walk_forwards
from algotrendy.backtest.api.access import CAPABILITY
from algotrendy.identity.app import create_guarded_app
from algotrendy.platform.probes import Spare

__all__ = ["CAPABILITY", "create_api"]


def create_api() -> FastAPI:
    """Make the app of backtesting."""
    app = create_guarded_app(
        "AlgoTrendy backtesting",
        CAPABILITY,
        {
            "database": wiring.check_database,
            "results": wiring.check_results,
            "studies": Spare(wiring.oldest_study),
        },
    )
    for resource in (sweeps, backtests, walk_forwards, strategies, trials, gate):
        app.include_router(resource.router)
    return app

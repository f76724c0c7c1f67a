"""Answer for live strategies over HTTP: one router a resource, one app."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, FastAPI

from algotrendy.identity.app import create_guarded_app
from algotrendy.live.api import parity, runs, versions
from algotrendy.live.api.access import CAPABILITY, check_database

__all__ = ["CAPABILITY", "create_api"]


def routers() -> Iterator[APIRouter]:
    """Give the router of each resource."""
    yield versions.router
    yield parity.router
    yield runs.router


def create_api() -> FastAPI:
    """Make the app of live strategies."""
    app = create_guarded_app("AlgoTrendy live strategies", CAPABILITY, {"database": check_database})
    for router in routers():
        app.include_router(router)
    return app

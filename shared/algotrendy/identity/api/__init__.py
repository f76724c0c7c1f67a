"""Answer for identity over HTTP: one router a resource, one app."""

from __future__ import annotations

from fastapi import FastAPI

from algotrendy.identity import wiring
from algotrendy.identity.api import audit, flags, keys, me
from algotrendy.identity.app import create_guarded_app

CAPABILITY = "identity"

__all__ = ["CAPABILITY", "create_api"]


def create_api() -> FastAPI:
    """Make the app of identity."""
    app = create_guarded_app("AlgoTrendy identity", CAPABILITY, {"database": wiring.check_database})
    for resource in (me, keys, flags, audit):
        app.include_router(resource.router)
    return app

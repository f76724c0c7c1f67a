"""Give the routes of live strategies what they stand on; a test overrides these dependencies."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from algotrendy.identity.app import CurrentPrincipal, CurrentReach
from algotrendy.live.parity.kept import Reports
from algotrendy.live.registry import LIST_LIMIT, Registry

CAPABILITY = "live"


def registry() -> Registry:
    """Give the registry of this deployment."""
    from algotrendy.live import wiring

    return wiring.registry()


def reports() -> Reports:
    """Give the reports of parity of this deployment."""
    from algotrendy.live import wiring

    return wiring.reports()


def check_database() -> None:
    """Raise unless the database answers."""
    from algotrendy.live import wiring

    wiring.check_database()


KeptReports = Annotated[Reports, Depends(reports)]
Versions = Annotated[Registry, Depends(registry)]
# What each route needs of its caller stands in identity/routes.py.
Caller = CurrentPrincipal
AccountsReached = CurrentReach
PageSize = Annotated[int, Query(ge=1, le=LIST_LIMIT, description="How many a page.")]
Cursor = Annotated[str | None, Query(description="next_cursor of the page before.")]

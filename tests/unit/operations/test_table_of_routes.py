"""The one table of routes, against every route that there is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from algotrendy.identity.permissions import GRANTS, Permission, Role
from algotrendy.identity.routes import PUBLIC, ROUTES, SIGNED_IN, Access, LimitClass, Open
from algotrendy.operations.api import create_api
from algotrendy.operations.openapi import whole_apps

# What is hard to take back, or lets others do it: a person who has just signed in.
SENSITIVE = frozenset(
    {
        Permission.ACCESS_CHANGE,
        Permission.FLAGS_CHANGE,
        Permission.KILL_SWITCH,
        Permission.LIMITS_CHANGE,
        Permission.LIVE_SWITCH,
        Permission.MACHINES_MANAGE,
        Permission.TRADING_STATE_CHANGE,
    }
)


def served(app: FastAPI) -> Iterator[tuple[str, str]]:
    for context in iter_route_contexts(app.routes):
        assert isinstance(context.original_route, APIRoute), context
        for method in context.original_route.methods or ():
            yield method, context.original_route.path_format


@pytest.fixture(scope="module")
def routes() -> set[tuple[str, str]]:
    return {route for app in [*whole_apps(), create_api()] for route in served(app)}


def test_every_route_has_a_row_and_every_row_a_route(routes: set[tuple[str, str]]) -> None:
    assert routes - set(ROUTES) == set(), "add what it needs to identity/routes.py"
    assert set(ROUTES) - routes == set()


def test_the_document_says_of_every_route_what_its_row_says() -> None:
    for app in whole_apps():
        for path, operations in app.openapi()["paths"].items():
            for method, operation in operations.items():
                access = ROUTES[method.upper(), path]
                assert operation["security"] == ([] if access.is_public else [{"bearer": []}])
                needed = None if isinstance(access.needs, Open) else access.needs.value
                assert operation.get("x-permission") == needed
                assert operation.get("x-fresh-sign-in", False) == access.fresh


def test_every_route_takes_a_permission_that_somebody_has() -> None:
    allowed = {access.needs for access in ROUTES.values() if isinstance(access.needs, Permission)}
    for permission in allowed:
        assert any(permission in GRANTS[role] for role in Role)


def test_only_pages_and_probes_are_public_and_only_me_asks_for_no_permission() -> None:
    for (method, path), access in ROUTES.items():
        is_page = path.startswith(("/docs", "/openapi.json")) or path.endswith(
            ("/health", "/ready")
        )
        assert (access.needs is PUBLIC) == is_page, path
        assert (access.needs is SIGNED_IN) == (path == "/v1/me"), path
        assert (access.limit_class is LimitClass.PUBLIC) == is_page, path
        assert method == "GET" or not is_page


def test_what_acts_needs_more_than_looking_does() -> None:
    looking = GRANTS[Role.VIEWER] - {Permission.KEYS_OWN}
    for (method, path), access in ROUTES.items():
        if method != "GET":
            assert access.needs not in looking, f"{method} {path}"


@pytest.mark.parametrize("route", sorted(ROUTES), ids=" ".join)
def test_what_is_sensitive_asks_for_the_password_again(route: tuple[str, str]) -> None:
    access: Access = ROUTES[route]
    acts = route[0] != "GET"
    is_about_keys = access.needs in (Permission.KEYS_OWN, Permission.KEYS_ALL)
    assert access.fresh == (acts and (access.needs in SENSITIVE or is_about_keys))

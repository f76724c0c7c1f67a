"""Try every route of the API as nobody, without the role, and from another tenant.

What is asked, and of which things, is what the examples of the API's document are made of. A route
that nobody knows how to ask fails here.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import httpx
import pytest

from algotrendy.identity.permissions import GRANTS, Permission, Role
from algotrendy.identity.routes import ROUTES
from algotrendy.kernel.clock import ManualClock
from algotrendy.operations.openapi import described, said
from algotrendy.operations.openapi_examples import Examples
from algotrendy.operations.openapi_schemas import Json, operations_of
from api_examples.asking import CORRELATION_ID, Ask, World, declared_bodies
from api_examples.trading import TradingWorld
from api_examples.whole import ASKS, worlds
from fakes.identity import NOW, Issuer
from fakes.order_counter import NOON

# Of no tenant: prices, the library, what the deployment as a whole is set to.
SHARED = frozenset(
    {
        "get_bars",
        "get_gate",
        "get_me",
        "get_quality",
        "get_quotes",
        "list_bars",
        "list_flags",
        "list_strategies",
        "list_symbols",
    }
)
# Over a database: tests/integration/identity/test_walls_in_postgres.py.
ELSEWHERE = frozenset({"list_audit_entries", "set_flag", "turn_live_switch", "verify_audit"})
ACCOUNT = "paper"
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_KEY = re.compile(r"atk_[0-9a-f]{32}_[\w-]{43}")
_CLOCKS = {"trading": ManualClock(NOON)}

Operation = tuple[str, str, str, str]
"""Its name, its capability, its method, its path."""


@cache
def document() -> Json:
    return described(said(), Examples())


@cache
def operations() -> dict[str, Operation]:
    return {
        operation["operationId"]: (operation["operationId"], operation["tags"][0], method, path)
        for method, path, operation in operations_of(document())
        if not ROUTES[method.upper(), path].is_public
    }


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    return worlds(tmp_path_factory.mktemp("results"))


def bearer(tag: str, tenant: str, *roles: str, username: str = "eve") -> dict[str, str]:
    issuer = Issuer(_CLOCKS.get(tag, ManualClock(NOW)))
    groups = [f"tenant:{tenant}", *(f"role:{role}" for role in roles)]
    # Ada is whom the things of the worlds belong to.
    subject = {} if username == "ada" else {"sub": f"sub-of-{username}"}
    token = issuer.token(*groups, username=username, **subject)
    return {"Authorization": f"Bearer {token}"}


def ask(world: World, operation: Operation, headers: dict[str, str]) -> httpx.Response:
    """Ask for the things of the world, as whoever the headers say."""
    name, _, method, path = operation
    how = ASKS.get(name, Ask())
    for parameter in re.findall(r"{(\w+)}", path):
        thing = how.path.get(parameter, "of-nobody")
        path = path.replace(f"{{{parameter}}}", world.things.get(thing, thing))
    [described] = [each for m, p, each in operations_of(document()) if each["operationId"] == name]
    body = next(iter(declared_bodies(document(), described).values()), how.body)
    query = {each: world.things.get(thing, thing) for each, thing in how.query.items()}
    options: dict[str, Any] = {"params": query} if query else {}
    if body is not None:
        options["json"] = body
    more = {"x-correlation-id": CORRELATION_ID, "idempotency-key": f"walls-{name}"}
    return world.send(method, path, headers={**more, **headers}, **options)


def names_something(world: World, operation: Operation) -> bool:
    """Say whether an ask names a thing of the tenant: in its path, its query or its body."""
    how = ASKS[operation[0]]
    named = {*how.path.values(), *how.query.values()}
    [described] = [e for _, _, e in operations_of(document()) if e["operationId"] == operation[0]]
    body = next(iter(declared_bodies(document(), described).values()), how.body)
    if isinstance(body, dict):
        named |= {value for value in body.values() if isinstance(value, str)}
    return bool(named & {*world.things, ACCOUNT})


def told(answer: httpx.Response, secrets: set[str]) -> set[str]:
    """Give what an answer tells of what its caller has not said."""
    asked = f"{answer.request.url} {answer.request.content.decode()}"
    return {secret for secret in secrets if secret in answer.text and secret not in asked}


def secrets_of(behind: dict[str, World]) -> set[str]:
    """Collect every id that the tenant's own people are told, and its accounts' parts."""
    found: set[str] = {"paper/trend", "paper/sma_cross"}
    for name, operation in operations().items():
        if operation[2] == "GET" and name not in SHARED | ELSEWHERE:
            world = behind[operation[1]]
            mine = bearer(operation[1], "demo", *Role, username="ada")
            answer = ask(world, operation, mine)
            assert answer.is_success, (name, answer.text)
            found |= set(_ID.findall(answer.text))
    return found - {CORRELATION_ID}


def done_by(behind: dict[str, World]) -> set[str]:
    """Do all that can be done under a key, and collect what the tenant's own people are told.

    Whoever else comes with the same key must not be given that answer.
    """
    found: set[str] = set()
    for name, operation in operations().items():
        if operation[2] == "POST" and name not in ELSEWHERE:
            mine = bearer(operation[1], "demo", *Role, username="ada")
            answer = ask(behind[operation[1]], operation, mine)
            assert answer.is_success, (name, answer.text)
            found |= set(_ID.findall(answer.text)) | set(_KEY.findall(answer.text))
    assert any(_KEY.match(secret) for secret in found)
    return found - {CORRELATION_ID}


def test_every_route_is_one_that_the_walk_can_ask(behind: dict[str, World]) -> None:
    unknown = set(operations()) - set(ASKS) - SHARED - ELSEWHERE
    assert unknown == set(), "add an Ask to tests/api_examples"
    for name, (_, tag, _, path) in operations().items():
        for parameter in re.findall(r"{(\w+)}", path):
            if name in ASKS and name not in SHARED | ELSEWHERE:
                thing = ASKS[name].path.get(parameter)
                assert thing in {*behind[tag].things, ACCOUNT}, (path, parameter)


def test_nobody_gets_in_without_a_token(behind: dict[str, World]) -> None:
    for operation in operations().values():
        answer = ask(behind[operation[1]], operation, {"Authorization": ""})
        assert answer.status_code == 401, (operation, answer.text)
        assert told(answer, set(behind[operation[1]].things.values())) == set()


@pytest.mark.parametrize("role", [None, *Role])
def test_no_role_gets_at_what_it_is_not_granted(
    behind: dict[str, World], role: Role | None
) -> None:
    held = GRANTS[role] if role else frozenset()
    roles = [role.value] if role else []
    refused = 0
    for operation in operations().values():
        _, tag, method, path = operation
        needs = ROUTES[method.upper(), path].needs
        if not isinstance(needs, Permission) or needs in held:
            continue
        answer = ask(behind[tag], operation, bearer(tag, "demo", *roles))
        assert answer.status_code == 403, (operation, answer.text)
        assert answer.json()["permission"] == needs
        refused += 1
    assert bool(refused) == (role is not Role.ADMIN)


def test_nobody_of_another_tenant_reaches_changes_or_sees_a_thing(
    behind: dict[str, World],
) -> None:
    secrets = secrets_of(behind) | done_by(behind)
    assert len(secrets) > 30
    seen, owned = secrets_of(behind), 0
    for name, operation in operations().items():
        if name in SHARED | ELSEWHERE:
            continue
        world = behind[operation[1]]
        answer = ask(world, operation, bearer(operation[1], "rival", *Role))
        assert told(answer, secrets) == set(), (name, answer.text)
        if names_something(world, operation):
            assert answer.status_code in (403, 404), (name, answer.status_code, answer.text)
            owned += 1
        else:
            assert answer.is_success, (name, answer.text)
    assert owned > 30
    # None of that has changed anything: what was seen before is seen now.
    assert seen <= secrets_of(behind)


def test_an_account_that_is_closed_to_somebody_is_not_there() -> None:
    world, asked = TradingWorld(), 0
    mine = bearer("trading", "demo", *Role, username="ada")
    body = {"version": 0, "members": [{"user": "ada", "roles": ["admin"]}], "reason": "hers"}
    path = f"/v1/accounts/{ACCOUNT}/access"
    assert world.send("PUT", path, json=body, headers=mine).is_success
    roles = [role for role in Role if role is not Role.ADMIN]
    theirs = bearer("trading", "demo", *roles, username="eve")
    for name, operation in operations().items():
        needs = ROUTES[operation[2].upper(), operation[3]].needs
        if operation[1] != "trading" or not any(needs in GRANTS[role] for role in roles):
            continue
        answer = ask(world, operation, theirs)
        secrets = {*world.things.values(), "paper/trend"}
        assert told(answer, secrets) == set(), (name, answer.text)
        if names_something(world, operation):
            assert answer.status_code == 404, (name, answer.status_code, answer.text)
            asked += 1
    assert asked > 20


def test_the_walk_would_see_a_leak(behind: dict[str, World]) -> None:
    secrets = secrets_of(behind)
    operation = operations()["list_orders"]
    mine = bearer("trading", "demo", *Role, username="ada")
    answer = ask(behind["trading"], operation, mine)
    assert told(answer, secrets)

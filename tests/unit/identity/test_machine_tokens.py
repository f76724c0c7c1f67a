"""Tokens of programs that sign in by themselves, and of clients that people sign in with."""

from __future__ import annotations

from typing import Any

import pytest

from algotrendy.identity.machines import Machine
from algotrendy.identity.permissions import Permission, Role
from algotrendy.identity.principal import PrincipalKind
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import FreshSignInNeeded, Unauthenticated, Unavailable
from algotrendy.kernel.ids import TenantId
from fakes.identity import CLIENT_ID, ISSUER, NOW, Issuer, KeysInMemory, jwk, jwks

CLOCK = ManualClock(NOW)
CONSOLE = "client-of-the-browser"
ROBOT = "client-of-the-robot"


class MachinesInMemory:
    def __init__(self, *machines: Machine, is_reachable: bool = True) -> None:
        self._machines = {machine.client_id: machine for machine in machines}
        self._is_reachable = is_reachable

    def machine(self, client_id: str) -> Machine | None:
        if not self._is_reachable:
            raise Unavailable("database", "refused")
        return self._machines.get(client_id)


TRADING_ROBOT = Machine(ROBOT, TenantId("acme"), "robot", frozenset({Role.TRADER}), NOW, "ada")


def verifier(machines: MachinesInMemory | None = None) -> TokenVerifier:
    keys = KeysInMemory(jwks(jwk()))
    return TokenVerifier(ISSUER, [CLIENT_ID, CONSOLE], keys, CLOCK, machines)


def token(**changes: Any) -> str:
    """As Cognito makes it for client credentials: no username and no groups."""
    claims = {"client_id": ROBOT, "sub": ROBOT, "scope": "algotrendy/act"}
    nobody = {"username": None, "cognito:groups": None}
    return Issuer(CLOCK).token(**{**claims, **nobody, **changes})


def refused(made: str, machines: MachinesInMemory | None = None) -> str:
    with pytest.raises(Unauthenticated) as caught:
        verifier(machines).verify(made)
    return caught.value.reason


def test_a_machine_acts_for_the_tenant_and_in_the_roles_of_the_table() -> None:
    principal = verifier(MachinesInMemory(TRADING_ROBOT)).verify(token())
    assert principal.kind is PrincipalKind.MACHINE
    assert principal.tenant == "acme"
    assert principal.roles == {Role.TRADER}
    assert principal.username == "machine:robot"


def test_groups_that_a_token_of_a_machine_bears_grant_nothing() -> None:
    made = token(**{"cognito:groups": ["tenant:other", "role:admin"]})
    principal = verifier(MachinesInMemory(TRADING_ROBOT)).verify(made)
    assert principal.tenant == "acme"
    assert principal.roles == {Role.TRADER}


def test_a_machine_never_signed_in_a_short_while_ago() -> None:
    principal = verifier(MachinesInMemory(TRADING_ROBOT)).verify(token())
    with pytest.raises(FreshSignInNeeded):
        principal.require_fresh(NOW)


def test_a_machine_that_was_removed_counts_no_longer() -> None:
    assert refused(token(), MachinesInMemory()) == "the token was made for another client"
    assert refused(token()) == "the token was made for another client"


def test_a_table_of_machines_that_is_down_refuses_no_token_for_good() -> None:
    with pytest.raises(Unavailable):
        verifier(MachinesInMemory(is_reachable=False)).verify(token())


@pytest.mark.parametrize("scope", [None, "", "algotrendy/look", "algotrendy/actor", "act"])
def test_a_machine_without_the_scope_is_refused(scope: str | None) -> None:
    reason = refused(token(scope=scope), MachinesInMemory(TRADING_ROBOT))
    assert reason == "the token lacks the scope algotrendy/act"


def test_a_machine_that_asks_for_reading_alone_changes_nothing() -> None:
    robots = MachinesInMemory(TRADING_ROBOT)
    reader = verifier(robots).verify(token(scope="algotrendy/read"))
    assert reader.may(Permission.ORDERS_READ)
    assert not reader.may(Permission.ORDERS_PLACE)
    assert (
        verifier(robots)
        .verify(token(scope="algotrendy/read algotrendy/act"))
        .may(Permission.ORDERS_PLACE)
    )


def test_a_client_of_people_is_never_a_machine() -> None:
    made = token(client_id=CONSOLE, sub=CONSOLE)
    row = Machine(CONSOLE, TenantId("acme"), "mix", frozenset({Role.ADMIN}), NOW, "eve")
    assert refused(made, MachinesInMemory(row)) == "the token was made for another client"


def test_a_client_of_a_machine_lets_no_person_in() -> None:
    made = Issuer(CLOCK).token(client_id=ROBOT)
    reason = refused(made, MachinesInMemory(TRADING_ROBOT))
    assert reason == "the token was made for another client"


def test_a_token_of_neither_a_person_nor_a_machine_is_refused() -> None:
    reason = refused(token(sub="somebody-else"), MachinesInMemory(TRADING_ROBOT))
    assert reason == "the token names neither a person nor a machine"


def test_people_sign_in_at_each_of_the_clients() -> None:
    for client in (CLIENT_ID, CONSOLE):
        made = Issuer(CLOCK).token(client_id=client)
        assert verifier().verify(made).username == "ada"


def test_a_person_cannot_be_called_as_a_machine_is() -> None:
    reason = refused(Issuer(CLOCK).token(username="machine:robot"))
    assert reason == "a person's name must not begin with machine:"

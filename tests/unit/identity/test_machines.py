"""Machines are added, changed and removed, whatever is cut short on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from algotrendy.identity.adapters.cognito_machines import CognitoMachines
from algotrendy.identity.machines import Machines
from algotrendy.identity.permissions import Role
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Invalid, NotFound, Unavailable
from algotrendy.kernel.ids import SeededIds, TenantId
from fakes.identity import NOW
from fakes.machines_in_memory import MachinePoolInMemory, MachinesInMemory

ACME, RIVAL = TenantId("acme"), TenantId("rival")
TRADER, VIEWER = frozenset({Role.TRADER}), frozenset({Role.VIEWER})


class Desk:
    def __init__(self) -> None:
        clock = ManualClock(NOW)
        self.store, self.pool = MachinesInMemory(), MachinePoolInMemory()
        ids = SeededIds(1, clock)
        self.machines = Machines(self.store, self.pool, clock, ids, "algotrendy-test")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_machine_is_known_by_its_client_and_its_secret_is_told_once(desk: Desk) -> None:
    added = desk.machines.add(ACME, "night-sweeps", TRADER, "root")
    found = desk.store.machine(added.machine.client_id)
    assert found == added.machine
    assert (added.secret, added.machine.roles) == ("secret-1", TRADER)
    again = desk.machines.add(ACME, "night-sweeps", TRADER, "root")
    assert (again.machine, again.secret, desk.pool.made) == (added.machine, None, 1)
    assert [entry.action for entry in desk.store.entries] == ["machine.added"]


def test_other_roles_are_given_and_recorded(desk: Desk) -> None:
    desk.machines.add(ACME, "bot", TRADER, "root")
    changed = desk.machines.add(ACME, "bot", VIEWER, "root")
    assert (changed.machine.roles, changed.secret) == (VIEWER, None)
    assert desk.store.entries[-1].action == "machine.changed"
    assert desk.store.entries[-1].facts["roles"] == ["viewer"]


def test_the_same_name_of_another_tenant_is_another_machine(desk: Desk) -> None:
    mine = desk.machines.add(ACME, "bot", TRADER, "root")
    other = desk.machines.add(RIVAL, "bot", VIEWER, "eve")
    assert mine.machine.client_id != other.machine.client_id
    assert desk.machines.listed(RIVAL) == [other.machine]
    assert len(desk.machines.listed()) == 2


def test_a_client_that_a_cut_short_run_left_is_taken_up(desk: Desk) -> None:
    desk.store.fails_once = True
    with pytest.raises(Unavailable):
        desk.machines.add(ACME, "bot", TRADER, "root")
    added = desk.machines.add(ACME, "bot", TRADER, "root")
    assert (added.secret, desk.pool.made) == ("secret-1", 1)


def test_a_removed_machine_is_unknown_and_never_gets_its_old_secret_back(desk: Desk) -> None:
    first = desk.machines.add(ACME, "bot", TRADER, "root")
    desk.store.fails_once = True
    with pytest.raises(Unavailable):
        desk.machines.remove(ACME, "bot", "root")
    desk.machines.remove(ACME, "bot", "root")
    assert desk.store.machine(first.machine.client_id) is None
    with pytest.raises(NotFound):
        desk.machines.remove(ACME, "bot", "root")
    assert desk.machines.add(ACME, "bot", TRADER, "root").secret == "secret-2"


@pytest.mark.parametrize("name", ["", "Bot", "-bot", "bot-", "b.t", "b" * 33])
def test_a_name_that_cannot_be_is_refused(desk: Desk, name: str) -> None:
    with pytest.raises(Invalid, match="name must be 1 to 32"):
        desk.machines.add(ACME, name, TRADER, "root")


def test_a_machine_without_a_role_is_refused(desk: Desk) -> None:
    with pytest.raises(Invalid, match="role must be one or more of"):
        desk.machines.add(ACME, "bot", frozenset(), "root")


@pytest.fixture
def cognito() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("cognito-idp", region_name="us-east-1")


def test_a_client_of_cognito_may_use_client_credentials_and_nothing_else(cognito: Any) -> None:
    pool = cognito.create_user_pool(PoolName="test")["UserPool"]["Id"]
    machines = CognitoMachines(cognito, pool, ("algotrendy/act",))
    made = machines.ensure_client("algotrendy-test-machine.acme.bot")
    assert machines.ensure_client("algotrendy-test-machine.acme.bot") == made
    told = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=made.client_id)
    client = told["UserPoolClient"]
    assert client["AllowedOAuthFlows"] == ["client_credentials"]
    assert client["AllowedOAuthScopes"] == ["algotrendy/act"]
    assert "ALLOW_USER_PASSWORD_AUTH" not in client["ExplicitAuthFlows"]
    machines.drop_client(made.client_id)
    machines.drop_client(made.client_id)
    assert machines.ensure_client("algotrendy-test-machine.acme.bot").client_id != made.client_id

"""Flags and the audit over HTTP: who may, what is chained, what AppConfig is asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from algotrendy.identity.adapters.audit_trail import AuditTrail
from algotrendy.identity.audit import AuditEntry
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import SeededIds
from algotrendy.platform.database import Database
from fakes.flag_house import OTHER, House
from fakes.identity import NOW


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


def test_a_flag_is_set_and_chained(house: House) -> None:
    answer = house.put("rate_limits.read.burst", 7)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["before"], told["after"], told["changed"]) == (100, 7, True)
    assert house.store.document == {"rate_limits": {"read": {"burst": 7}}}
    assert house.store.deployed_at_once == [False]
    (entry,) = house.entries()
    assert (entry["action"], entry["subject"]) == ("flag.set", "rate_limits.read.burst")
    assert entry["facts"]["from"] == 100
    assert entry["facts"]["to"] == 7
    assert entry["id"] == told["entry"]
    listed = house.client().get("/v1/flags").json()
    assert {"name": "rate_limits.read.burst", "value": 7, "default": 100, "is_set": True} in (
        listed["flags"]
    )


def test_the_same_value_again_and_a_dry_run_change_nothing(house: House) -> None:
    house.put("rate_limits.read.burst", 7)
    assert house.put("rate_limits.read.burst", 7).json()["changed"] is False
    tried = house.put("rate_limits.read.burst", 8, dry_run=True).json()
    assert (tried["after"], tried["changed"]) == (8, False)
    assert house.store.number == 2
    assert len(house.entries()) == 1


def test_null_takes_a_flag_back_to_its_default(house: House) -> None:
    house.put("rate_limits.read.burst", 7)
    assert house.put("rate_limits.read.burst", None).json()["after"] == 100
    assert house.store.document == {}


def test_the_live_switch_is_turned_at_once_by_its_own_route_alone(house: House) -> None:
    assert house.put("live_trading", True).status_code == 422
    told = house.turn(True)
    assert told.status_code == 200, told.text
    assert house.store.document == {"live_trading": True}
    assert house.store.deployed_at_once == [True]
    assert [each["action"] for each in house.entries()] == ["live_switch.turned"]
    assert house.turn("yes").status_code == 422


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("unheard_of", 1, 404),
        ("rate_limits.read.burst", 0, 422),
        ("rate_limits.read.burst", 1.5, 422),
        ("rate_limits.read.burst", True, 422),
        ("rate_limits.read.burst", 10**400, 422),
        ("rate_limits.read", 1, 404),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_no_trace(
    house: House, name: str, value: Any, status: int
) -> None:
    answer = house.put(name, value)
    assert answer.status_code == status, answer.text
    assert house.store.number == 1
    assert house.entries() == []


def test_flags_of_all_are_changed_by_people_of_the_operator_alone(house: House) -> None:
    guest = house.client(tenant=OTHER)
    assert house.put("rate_limits.read.burst", 7, guest).status_code == 403
    assert house.turn(True, guest).status_code == 403
    assert house.turn(True, house.client("trader")).status_code == 403
    assert house.put("rate_limits.read.burst", 7, house.client("risk_manager")).status_code == 403
    assert house.store.number == 1


def test_a_sign_in_of_long_ago_does_not_turn_the_live_switch(house: House) -> None:
    old = int((NOW - timedelta(minutes=6)).timestamp())
    answer = house.turn(True, house.client(auth_time=old))
    assert answer.status_code == 403
    assert answer.json()["code"] == "fresh-sign-in-needed"
    assert house.store.number == 1


def test_a_change_that_appconfig_refused_says_so_in_the_audit(house: House) -> None:
    house.store.fault = Conflict("somebody else was first")
    assert house.put("rate_limits.read.burst", 7).status_code == 409
    failed, tried = house.entries()
    assert (failed["action"], tried["action"]) == ("flag.not_set", "flag.set")
    assert failed["facts"]["tried"] == tried["id"]


def test_the_audit_is_read_in_pages_by_its_own_tenant_alone(house: House) -> None:
    for burst in range(1, 6):
        house.put("rate_limits.read.burst", burst)
    client = house.client("risk_manager")
    first = client.get("/v1/audit/entries", params={"limit": 2}).json()
    assert [each["seq"] for each in first["entries"]] == [5, 4]
    params = {"limit": 2, "cursor": first["next_cursor"]}
    second = client.get("/v1/audit/entries", params=params).json()
    assert [each["seq"] for each in second["entries"]] == [3, 2]
    guest = house.client(tenant=OTHER)
    assert guest.get("/v1/audit/entries").json()["entries"] == []
    assert guest.get("/v1/audit/entries", params=params).status_code == 422
    assert client.get("/v1/audit/entries", params={"cursor": "x"}).status_code == 422
    assert house.client("trader").get("/v1/audit/entries").status_code == 403
    assert house.client("trader").get("/v1/audit/verification").status_code == 403


def test_a_sealed_chain_is_verified_and_a_hand_in_it_named(house: House) -> None:
    for burst in range(1, 4):
        house.put("rate_limits.read.burst", burst)
    assert [each.is_sound for each in house.audit.seal()] == [True]
    assert house.audit.seal() == [], "nothing new, nothing to keep"
    sound = house.client().get("/v1/audit/verification").json()
    assert (sound["is_sound"], sound["entries"], sound["sealed"]) == (True, 3, 3)
    house.database.run(lambda tx: tx.execute("DELETE FROM audit_entries WHERE seq = 2"))
    broken = house.client().get("/v1/audit/verification").json()
    assert broken["is_sound"] is False
    assert (broken["misfit"]["seq"], broken["misfit"]["harm"]) == (2, "removed")
    assert [each.is_sound for each in house.audit.seal()] == [False]
    assert len(house.heads.found) == 1, "no head of a broken chain is kept"


def test_a_chain_that_is_gone_as_a_whole_is_missed(house: House) -> None:
    house.put("rate_limits.read.burst", 5)
    house.audit.seal()
    for table in ("audit_entries", "audit_heads"):
        house.database.run(lambda tx, table=table: tx.execute(f"DELETE FROM {table}".encode()))  # type: ignore[misc]
    (found,) = house.audit.seal()
    assert found.misfit is not None
    assert found.misfit.harm == "cut"


def test_a_long_chain_is_sealed_from_its_newest_head_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("algotrendy.identity.adapters.audit_desk.WHOLE_UP_TO", 1)
    ids, trail = SeededIds(9, house.clock), AuditTrail()

    def add(count: int) -> None:
        for _ in range(count):
            entry = AuditEntry(
                id=ids.next(), tenant=OTHER, at=NOW, who="eve", action="a", subject="s"
            )
            house.database.run(lambda tx, entry=entry: trail.add(tx, entry))  # type: ignore[misc]

    add(3)
    house.audit.seal()
    add(2)
    (found,) = house.audit.seal()
    assert (found.is_sound, found.head.seq) == (True, 5)
    house.database.run(lambda tx: tx.execute("DELETE FROM audit_entries WHERE seq > 3"))
    house.database.run(lambda tx: tx.execute("UPDATE audit_heads SET seq = 3"))
    (cut,) = house.audit.seal()
    assert cut.misfit is not None
    assert cut.misfit.harm == "cut"

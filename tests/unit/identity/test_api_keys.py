"""API keys: what is kept of them, whom they let in, and when they count no longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from algotrendy.identity.api_keys import ApiKey, ApiKeyVerifier, IssuedKey, Sealer, parse_key
from algotrendy.identity.credentials import CountsNoLonger
from algotrendy.identity.key_ring import MOST_KEYS, KeyRing, KeyWish
from algotrendy.identity.permissions import Permission, Role
from algotrendy.identity.principal import Principal, PrincipalKind
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Rejected,
    Unauthenticated,
)
from algotrendy.kernel.ids import AccountId, SeededIds
from algotrendy.kernel.request_errors import KeyReused
from fakes.identity import NOW
from fakes.keys_in_memory import PEPPER, KeysInMemory, person

ADA = person("ada", Role.TRADER)
BOB = person("bob", Role.TRADER)
ROOT = person("root", Role.ADMIN)
RIVAL = person("eve", Role.ADMIN, tenant="rival")
ORDERS = frozenset({Permission.ORDERS_PLACE, Permission.ORDERS_READ})
WISH = KeyWish("desk script", ORDERS, frozenset({AccountId("paper/trend")}), days=30)


class Desk:
    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.store = KeysInMemory()
        self.pepper = PEPPER
        sealer = Sealer(lambda: self.pepper)
        self.ring = KeyRing(self.store, sealer, self.clock, SeededIds(1, self.clock))
        self.verifier = ApiKeyVerifier(self.store, sealer, self.clock)

    def issue(self, who: Principal = ADA, wish: KeyWish = WISH, request: str = "r-1") -> IssuedKey:
        return self.ring.issue(who, wish, request)

    def tamper(self, key: ApiKey) -> None:
        self.store.keys[key.id] = key


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_who_shows_a_key_is_its_owner_within_the_keys_scope(desk: Desk) -> None:
    made = desk.issue()
    caller = desk.verifier.verify(made.text)
    assert (caller.subject, caller.username, caller.tenant) == (ADA.subject, "ada", "acme")
    assert caller.kind is PrincipalKind.API_KEY
    assert caller.permissions == ORDERS
    assert caller.accounts == WISH.accounts
    assert caller.signed_in_at is None
    assert caller.key_id == str(made.key.id)


def test_nothing_that_is_kept_or_shown_holds_the_secret(desk: Desk) -> None:
    made = desk.issue()
    _, secret = parse_key(made.text)
    kept = [*desk.store.keys.values(), *desk.store.entries, made, made.key, made.key.shown]
    assert secret not in repr(kept)
    assert made.key.seal not in repr(kept)
    assert secret not in made.key.seal


CHANGES: dict[str, Callable[[ApiKey], ApiKey]] = {
    "more permissions": lambda k: replace(k, permissions=frozenset(Permission)),
    "more roles": lambda k: replace(k, roles=frozenset({Role.ADMIN})),
    "every account": lambda k: replace(k, accounts=None),
    "another tenant": lambda k: replace(k, tenant=RIVAL.tenant),
    "another owner": lambda k: replace(k, owner=ROOT.subject),
    "another name": lambda k: replace(k, owner_name="root"),
    "a longer life": lambda k: replace(k, expires_at=k.expires_at + timedelta(days=9)),
    "no seal": lambda k: replace(k, seal=""),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_row_that_was_changed_by_hand_lets_nobody_in(desk: Desk, change: str) -> None:
    made = desk.issue()
    desk.tamper(CHANGES[change](made.key))
    with pytest.raises(Unauthenticated, match="there is no such API key"):
        desk.verifier.verify(made.text)


def test_the_seal_of_one_key_does_not_fit_another(desk: Desk) -> None:
    mine, other = desk.issue(), desk.issue(ROOT, request="r-2")
    desk.tamper(replace(other.key, seal=mine.key.seal))
    with pytest.raises(Unauthenticated):
        desk.verifier.verify(other.text)


def test_another_pepper_ends_every_key_and_a_short_one_is_refused(desk: Desk) -> None:
    made = desk.issue()
    desk.pepper = "another pepper, of 32 characters or more"
    with pytest.raises(Unauthenticated):
        desk.verifier.verify(made.text)
    desk.pepper = "short"
    with pytest.raises(Invalid, match="api_key_pepper") as refused:
        desk.verifier.verify(made.text)
    assert "short" not in str(refused.value).removesuffix("'a shorter one'")


def test_an_unknown_key_and_a_wrong_secret_read_alike(desk: Desk) -> None:
    text = desk.issue().text
    wrong = text[:-1] + ("A" if text[-1] != "A" else "B")
    unknown = text.replace(text[4:36], "0" * 32)
    for bad in (wrong, unknown):
        with pytest.raises(Unauthenticated, match=r"there is no such API key$"):
            desk.verifier.verify(bad)


@pytest.mark.parametrize(
    "text",
    [
        "atk_",
        "atk__",
        "atk_1_2",
        "atk_" + "0" * 32,
        "xtk_" + "0" * 32 + "_" + "A" * 43,
        "atk_" + "G" * 32 + "_" + "A" * 43,
        "atk_" + "0" * 32 + "_" + "A" * 44,
        "atk_" + "0" * 32 + "_" + "A" * 42 + "é",
        "atk_" + "0" * 32 + "_" + "A" * 42 + "\n",
    ],
)
def test_what_is_no_key_is_told_without_asking_the_store(text: str) -> None:
    with pytest.raises(Unauthenticated, match="the API key is malformed"):
        parse_key(text)


def test_a_key_ends_at_its_time_and_at_once_when_it_is_revoked(desk: Desk) -> None:
    first, second = desk.issue(), desk.issue(request="r-2")
    desk.ring.revoke(ADA, first.key.id)
    with pytest.raises(CountsNoLonger, match="was revoked"):
        desk.verifier.verify(first.text)
    desk.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    desk.verifier.verify(second.text)
    desk.clock.advance(timedelta(seconds=1))
    with pytest.raises(CountsNoLonger, match="has expired"):
        desk.verifier.verify(second.text)


def test_revoking_twice_is_as_once_and_is_recorded_once(desk: Desk) -> None:
    key = desk.issue().key
    first = desk.ring.revoke(ADA, key.id)
    desk.clock.advance(timedelta(hours=1))
    assert desk.ring.revoke(ADA, key.id) == first
    actions = [entry.action for entry in desk.store.entries]
    assert actions == ["api_key.issued", "api_key.revoked"]


def test_use_is_noted_at_most_once_a_minute(desk: Desk) -> None:
    made = desk.issue()
    for _ in range(30):
        desk.verifier.verify(made.text)
        desk.clock.advance(timedelta(seconds=10))
    assert desk.store.uses_noted == 5
    assert desk.store.keys[made.key.id].last_used_at == NOW + timedelta(minutes=4)


def test_a_rotated_key_counts_until_its_overlap_is_over(desk: Desk) -> None:
    old = desk.issue()
    desk.clock.advance(timedelta(days=20))
    new = desk.ring.rotate(ADA, old.key.id, timedelta(hours=2), "r-2")
    assert desk.verifier.verify(new.text).permissions == ORDERS
    assert new.key.expires_at == NOW + timedelta(days=50), "it lasts as long as the old one did"
    desk.clock.advance(timedelta(hours=2) - timedelta(seconds=1))
    desk.verifier.verify(old.text)
    desk.clock.advance(timedelta(seconds=1))
    with pytest.raises(CountsNoLonger, match="was replaced by another"):
        desk.verifier.verify(old.text)
    with pytest.raises(Conflict, match="has ended or was replaced"):
        desk.ring.rotate(ADA, old.key.id, timedelta(0), "r-3")


def test_a_rotation_gives_no_more_than_its_owner_still_may(desk: Desk) -> None:
    old = desk.issue()
    demoted = replace(ADA, roles=frozenset({Role.VIEWER}))
    new = desk.ring.rotate(demoted, old.key.id, timedelta(0), "r-2")
    assert desk.verifier.verify(new.text).permissions == {Permission.ORDERS_READ}


def test_the_same_request_again_gives_the_same_key_and_another_secret(desk: Desk) -> None:
    lost, found = desk.issue(), desk.issue()
    assert found.key.id == lost.key.id
    assert len(desk.store.keys) == 1
    desk.verifier.verify(found.text)
    with pytest.raises(Unauthenticated):
        desk.verifier.verify(lost.text)
    with pytest.raises(Conflict, match="has been used"):
        desk.issue()


def test_a_rotation_can_be_asked_again_too(desk: Desk) -> None:
    old = desk.issue()
    lost = desk.ring.rotate(ADA, old.key.id, timedelta(hours=1), "r-2")
    found = desk.ring.rotate(ADA, old.key.id, timedelta(hours=1), "r-2")
    assert (found.key.id, len(desk.store.keys)) == (lost.key.id, 2)
    desk.verifier.verify(found.text)


def test_one_request_does_not_stand_for_two_keys(desk: Desk) -> None:
    first = desk.issue()
    with pytest.raises(KeyReused):
        desk.issue(wish=replace(WISH, days=31))
    with pytest.raises(KeyReused):
        desk.ring.rotate(ADA, first.key.id, timedelta(0), "r-1")


def test_a_key_may_do_no_more_than_who_makes_it(desk: Desk) -> None:
    with pytest.raises(Forbidden, match="accounts:manage"):
        desk.issue(wish=replace(WISH, permissions=ORDERS | {Permission.ACCOUNTS_MANAGE}))
    with pytest.raises(Invalid, match="a person does"):
        desk.issue(ROOT, replace(WISH, permissions=frozenset({Permission.KILL_SWITCH})))


def test_nobody_gets_at_the_keys_of_others_but_who_has_that_right(desk: Desk) -> None:
    key = desk.issue().key
    for stranger in (BOB, RIVAL):
        with pytest.raises(NotFound):
            desk.ring.revoke(stranger, key.id)
        with pytest.raises(NotFound):
            desk.ring.rotate(stranger, key.id, timedelta(0), "r-9")
        assert desk.ring.listed(stranger) == []
    with pytest.raises(Forbidden):
        desk.ring.listed(BOB, everybody=True)
    assert desk.ring.listed(RIVAL, everybody=True) == []
    assert [found.id for found in desk.ring.listed(ROOT, everybody=True)] == [key.id]
    with pytest.raises(NotFound):
        desk.ring.rotate(ROOT, key.id, timedelta(0), "r-9")
    assert desk.ring.revoke(ROOT, key.id).revoked_at == NOW
    assert desk.store.entries[-1].who == "root"


def test_who_loses_a_role_loses_the_keys_that_need_it(desk: Desk) -> None:
    trades = desk.issue()
    looks = desk.issue(
        wish=replace(WISH, permissions=frozenset({Permission.ORDERS_READ})), request="r-2"
    )
    others = desk.issue(BOB)
    viewer = frozenset({Role.VIEWER})
    ended = desk.ring.retire(ADA.tenant, ADA.subject, viewer, "operator root")
    assert [key.id for key in ended] == [trades.key.id]
    assert desk.ring.retire(ADA.tenant, ADA.subject, viewer, "operator root") == []
    with pytest.raises(CountsNoLonger, match="was revoked"):
        desk.verifier.verify(trades.text)
    for kept in (looks, others):
        desk.verifier.verify(kept.text)
    last = desk.store.entries[-1]
    assert (last.who, last.action, last.subject) == (
        "operator root",
        "api_key.revoked",
        trades.key.shown,
    )


def test_one_has_so_many_keys_and_no_more(desk: Desk) -> None:
    for number in range(MOST_KEYS):
        desk.issue(request=f"r-{number}")
    with pytest.raises(Rejected, match=f"at most {MOST_KEYS}"):
        desk.issue(request="one more")
    desk.issue(BOB)


@pytest.mark.parametrize(
    ("field", "wish"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "a\nb"}),
        ("name", {"name": "x" * 61}),
        ("permissions", {"permissions": frozenset()}),
        ("accounts", {"accounts": frozenset()}),
        ("days", {"days": 0}),
        ("days", {"days": 366}),
    ],
)
def test_a_wish_that_cannot_be_names_its_field(field: str, wish: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        replace(WISH, **wish)  # type: ignore[arg-type]
    assert refused.value.field == field

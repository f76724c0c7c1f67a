"""The audit's chain: whatever is done to it, the first entry that does not fit is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.identity.audit import (
    GENESIS,
    AuditEntry,
    Harm,
    Head,
    KeptHead,
    Link,
    canonical,
    entry_of,
    hash_of,
    link,
    verify,
)
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId, TenantId

DEMO = TenantId("demo")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def entry(number: int, **other: object) -> AuditEntry:
    told = AuditEntry(
        id=UUID(int=number),
        tenant=DEMO,
        at=NOON + timedelta(seconds=number),
        who="ada",
        action="limits.changed",
        subject=f"version {number}",
        reason="first limits",
        account=AccountId("paper"),
        facts={"before": {"order_notional": "1000"}, "after": {"order_notional": None}},
    )
    return replace(told, **other)  # type: ignore[arg-type]


def chain(length: int, after: Head | None = None) -> list[Link]:
    head, links = after or Head(DEMO), list[Link]()
    for number in range(head.seq + 1, length + 1):
        links.append(link(entry(number), head))
        head = links[-1].head
    return links


def kept(links: list[Link], *numbers: int) -> list[KeptHead]:
    return [KeptHead(links[number - 1].head, NOON) for number in numbers]


def written_anew(links: list[Link], place: int, **other: object) -> list[Link]:
    """Change an entry and work out every hash after it: what a clever writer does."""
    anew = links[: place - 1]
    for stored in links[place - 1 :]:
        head = anew[-1].head if anew else Head(DEMO)
        told = entry_of(stored)
        is_it = stored.seq == place
        anew.append(link(replace(told, **other) if is_it else told, head))  # type: ignore[arg-type]
    return anew


def test_a_chain_begins_at_nothing_and_each_entry_holds_the_hash_before_it() -> None:
    first, second = chain(2)
    assert first.previous == GENESIS
    assert second.previous == first.hash == hash_of(first.document)
    assert json.loads(second.document)["previous"] == first.hash


def test_an_untouched_chain_is_sound() -> None:
    links = chain(5)
    found = verify(links, links[-1].head, kept(links, 2, 4))
    assert found.is_sound
    assert (found.head.seq, found.kept, found.sealed) == (5, 2, 4)
    assert verify([], Head(DEMO)).is_sound


def test_an_entry_is_read_back_as_it_was() -> None:
    told = entry(7, correlation_id="abc", who="ada 🦉", facts={"n": [1, 2.5, None, True, "x\x00"]})
    assert entry_of(link(told, Head(DEMO))) == told


def moved(links: list[Link], one: int, other: int) -> list[Link]:
    """Exchange the numbers of two rows."""
    found = list(links)
    found[one - 1] = replace(links[other - 1], seq=one)
    found[other - 1] = replace(links[one - 1], seq=other)
    return found


def put_in(links: list[Link], place: int) -> list[Link]:
    """Put a well made entry in, and count the others up."""
    extra = link(entry(99), links[place - 2].head)
    behind = [replace(each, seq=each.seq + 1) for each in links[place - 1 :]]
    return [*links[: place - 1], extra, *behind]


def taken_out(links: list[Link], place: int) -> list[Link]:
    """Take an entry out, and count the others down."""
    behind = [replace(each, seq=each.seq - 1) for each in links[place:]]
    return [*links[: place - 1], *behind]


def edited(links: list[Link], place: int, **columns: object) -> list[Link]:
    changed = replace(links[place - 1], **columns)  # type: ignore[arg-type]
    return [*links[: place - 1], changed, *links[place:]]


def forged(links: list[Link]) -> list[Link]:
    """Change a document, and its own hash with it, and nothing else."""
    document = links[2].document.replace("ada", "eve")
    return edited(links, 3, document=document, hash=hash_of(document))


Attack = Callable[[list[Link]], list[Link]]
ATTACKS: dict[str, tuple[Attack, int, Harm]] = {
    "a document": (
        lambda links: edited(links, 3, document=links[2].document.replace("ada", "eve")),
        3,
        Harm.CHANGED,
    ),
    "no document": (lambda links: edited(links, 3, document="[]"), 3, Harm.CHANGED),
    "a hash": (lambda links: edited(links, 3, hash="f" * 64), 3, Harm.CHANGED),
    "a document with its hash": (forged, 4, Harm.INSERTED),
    "an action": (lambda links: edited(links, 3, action="nothing"), 3, Harm.CHANGED),
    "a time": (lambda links: edited(links, 3, at=NOON), 3, Harm.CHANGED),
    "an id": (lambda links: edited(links, 3, id=UUID(int=99)), 3, Harm.CHANGED),
    "the hash before": (lambda links: edited(links, 3, previous=GENESIS), 3, Harm.CHANGED),
    "the tenant": (lambda links: edited(links, 3, tenant=TenantId("eve")), 3, Harm.CHANGED),
    "the first is removed": (lambda links: links[1:], 1, Harm.REMOVED),
    "one is removed": (lambda links: [*links[:2], *links[3:]], 3, Harm.REMOVED),
    "two are removed": (lambda links: [*links[:2], *links[4:]], 3, Harm.REMOVED),
    "one is removed, the others counted": (lambda links: taken_out(links, 3), 3, Harm.REORDERED),
    "two change places": (lambda links: moved(links, 2, 4), 2, Harm.REORDERED),
    "one is put in": (lambda links: put_in(links, 3), 4, Harm.INSERTED),
    "one is put behind": (lambda links: [*links, *chain(6, links[4].head)], 6, Harm.INSERTED),
    "the tail is cut": (lambda links: links[:3], 4, Harm.CUT),
    "all is cut": (lambda links: [], 1, Harm.CUT),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_what_was_done_to_a_chain_is_found_where_it_was_done(name: str) -> None:
    attack, place, harm = ATTACKS[name]
    links = chain(5)
    found = verify(attack(links), links[-1].head)
    assert found.misfit is not None
    assert (found.misfit.seq, found.misfit.harm) == (place, harm), found.misfit.why


def test_who_works_out_all_hashes_anew_is_found_by_a_head_that_was_kept() -> None:
    links = chain(6)
    anew = written_anew(links, 3, who="eve")
    blind = verify(anew, anew[-1].head)
    assert blind.is_sound, "within the database nothing tells"
    assert blind.sealed == 0, "and the answer says so"
    found = verify(anew, anew[-1].head, kept(links, 2, 4))
    assert found.misfit is not None
    assert (found.misfit.seq, found.misfit.harm) == (3, Harm.REWRITTEN)
    assert found.sealed == 2


def test_who_cuts_the_tail_and_mends_the_head_is_found_by_a_head_that_was_kept() -> None:
    links = chain(6)
    assert verify(links[:3], links[2].head).is_sound
    found = verify(links[:3], links[2].head, kept(links, 5))
    assert found.misfit is not None
    assert (found.misfit.seq, found.misfit.harm) == (4, Harm.CUT)
    gone = verify([], Head(DEMO), kept(links, 5))
    assert gone.misfit is not None
    assert gone.misfit.harm is Harm.CUT


def test_what_follows_the_newest_kept_head_is_only_as_safe_as_the_database() -> None:
    links = chain(6)
    found = verify(written_anew(links, 5, who="eve"), Head(DEMO, 6, "?"), kept(links, 4))
    assert found.sealed == 4


def test_two_heads_of_one_number_cannot_both_fit() -> None:
    links, false = chain(3), KeptHead(Head(DEMO, 2, "f" * 64), NOON)
    assert not verify(links, links[-1].head, [*kept(links, 2), false]).is_sound


def test_a_part_of_a_chain_is_held_against_where_it_begins() -> None:
    links = chain(6)
    assert verify(links[3:], links[-1].head, since=links[2].head).is_sound
    anew = written_anew(links, 2, who="eve")
    found = verify(anew[3:], anew[-1].head, since=links[2].head)
    assert found.misfit is not None
    assert found.misfit.seq == 4


@given(st.integers(1, 8), st.data())
def test_no_byte_of_any_document_changes_unseen(length: int, data: st.DataObject) -> None:
    links = chain(length)
    place = data.draw(st.integers(1, length))
    document = links[place - 1].document
    at = data.draw(st.integers(0, len(document) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != document[at]))
    changed = edited(links, place, document=document[:at] + other + document[at + 1 :])
    found = verify(changed, links[-1].head)
    assert found.misfit is not None
    assert found.misfit.seq == place


def test_the_order_of_facts_changes_no_hash() -> None:
    assert canonical({"a": 1, "b": {"d": 2, "c": "ü"}}) == canonical(
        {"b": {"c": "ü", "d": 2}, "a": 1}
    )


@pytest.mark.parametrize(
    "facts", [{"a": float("nan")}, {"a": object()}, {"a": "\ud800"}, {"a": "x" * 100_001}]
)
def test_what_cannot_be_written_down_is_refused(facts: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        link(entry(1, facts=facts), Head(DEMO))
    assert refused.value.field == "facts"


def test_an_entry_of_another_tenant_joins_no_chain() -> None:
    with pytest.raises(Invalid):
        link(entry(1), Head(TenantId("other")))

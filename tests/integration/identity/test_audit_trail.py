"""The audit's chains in a real PostgreSQL: one order, whoever adds at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest

from algotrendy.identity.adapters.audit_trail import AuditTrail
from algotrendy.identity.audit import AuditEntry, Harm, KeptHead, Verification, entry_of
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import TenantId
from algotrendy.platform.database import Database, Transaction

DEMO, OTHER = TenantId("demo"), TenantId("other")
NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
TRAIL = AuditTrail()


def entry(number: int, tenant: TenantId = DEMO) -> AuditEntry:
    return AuditEntry(
        id=UUID(int=number),
        tenant=tenant,
        at=NOON,
        who="ada",
        action="kill_switch.pulled" if number % 2 else "limits.changed",
        subject=f"number {number}",
        facts={"quantity": "1.50", "n": 2.5},
    )


def add(database: Database, *entries: AuditEntry) -> None:
    for each in entries:
        database.run(lambda tx, each=each: TRAIL.add(tx, each))  # type: ignore[misc]


def verified(database: Database, tenant: TenantId = DEMO) -> Verification:
    return database.run(lambda tx: TRAIL.verify(tx, tenant))


def test_entries_of_tenants_are_chains_of_their_own(database: Database) -> None:
    add(database, entry(1), entry(1, OTHER), entry(2), entry(3))
    assert verified(database).is_sound
    assert verified(database).head.seq == 3
    assert verified(database, OTHER).head.seq == 1
    heads = database.run(TRAIL.heads)
    assert [(each.tenant, each.seq) for each in heads] == [(DEMO, 3), (OTHER, 1)]
    read = database.run(lambda tx: TRAIL.get(tx, DEMO, 2))
    assert entry_of(read) == entry(2)
    with pytest.raises(NotFound):
        database.run(lambda tx: TRAIL.get(tx, OTHER, 2))


def test_the_same_id_again_changes_nothing(database: Database) -> None:
    add(database, entry(1), entry(2), entry(1))
    assert verified(database).head.seq == 2


def test_what_is_undone_leaves_no_entry(database: Database) -> None:
    def work(tx: Transaction) -> None:
        TRAIL.add(tx, entry(1))
        raise NotFound("account", "paper")

    with pytest.raises(NotFound):
        database.run(work)
    assert verified(database).head.seq == 0


def test_many_who_add_at_once_make_one_chain(database: Database) -> None:
    numbers = range(1, 41)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: add(database, entry(number)), numbers))
    found = verified(database)
    assert found.is_sound
    assert found.head.seq == len(numbers)


def test_entries_are_listed_newest_first_from_a_number_on(database: Database) -> None:
    add(database, *(entry(number) for number in range(1, 8)))
    listed = database.run(lambda tx: TRAIL.newest(tx, DEMO, 2, before=6))
    assert [each.seq for each in listed] == [5, 4]
    pulled = database.run(lambda tx: TRAIL.newest(tx, DEMO, 9, action="kill_switch.pulled"))
    assert [each.seq for each in pulled] == [7, 5, 3, 1]
    assert not database.run(lambda tx: TRAIL.newest(tx, OTHER, 9))


@pytest.mark.parametrize(
    ("sql", "seq", "harm"),
    [
        ("UPDATE audit_entries SET document = replace(document, 'ada', 'eve') WHERE seq = 3",
         3, Harm.CHANGED),
        ("UPDATE audit_entries SET at = at + interval '1 hour' WHERE seq = 3", 3, Harm.CHANGED),
        ("DELETE FROM audit_entries WHERE seq = 3", 3, Harm.REMOVED),
        ("DELETE FROM audit_entries WHERE seq > 3", 4, Harm.CUT),
        ("DELETE FROM audit_entries", 1, Harm.CUT),
        ("UPDATE audit_entries SET seq = CASE seq WHEN 2 THEN -1 ELSE seq END", 1, Harm.REORDERED),
        ("UPDATE audit_heads SET seq = 4", 5, Harm.INSERTED),
        ("DELETE FROM audit_heads", 1, Harm.INSERTED),
    ],
)  # fmt: skip
def test_a_hand_in_the_tables_is_seen(database: Database, sql: str, seq: int, harm: Harm) -> None:
    add(database, *(entry(number) for number in range(1, 6)))
    database.run(lambda tx: tx.execute(sql.encode()))
    found = verified(database)
    assert found.misfit is not None
    assert (found.misfit.seq, found.misfit.harm) == (seq, harm), found.misfit.why


def test_a_tail_that_was_cut_with_its_head_is_seen_by_a_kept_head(database: Database) -> None:
    add(database, *(entry(number) for number in range(1, 6)))
    kept = [KeptHead(verified(database).head, NOON)]
    for sql in (
        "DELETE FROM audit_entries WHERE seq > 3",
        "UPDATE audit_heads SET seq = 3",
        "UPDATE audit_heads SET hash = (SELECT hash FROM audit_entries e WHERE e.seq = 3)",
    ):
        database.run(lambda tx, sql=sql: tx.execute(sql.encode()))  # type: ignore[misc]
    assert verified(database).is_sound
    found = database.run(lambda tx: TRAIL.verify(tx, DEMO, kept))
    assert found.misfit is not None
    assert (found.misfit.seq, found.misfit.harm) == (4, Harm.CUT)

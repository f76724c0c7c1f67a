"""What every store of registered strategies promises: the fake in memory, and the real one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from algotrendy.identity.adapters.audit_trail import AuditTrail
from algotrendy.identity.audit import AuditEntry
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.ids import SeededIds, TenantId, UserId
from algotrendy.live.adapters.postgres_registry import PostgresRegistry, RunsInPostgres
from algotrendy.live.promoting import Bars, rule_tested
from algotrendy.live.registry_ports import Promotion, Registration, RegistryStore
from algotrendy.live.versions import Code, Stage, StrategyVersion
from algotrendy.platform.database import Database
from fakes.identity import NOW
from fakes.registry_in_memory import RegistryInMemory, some_content, some_study

ACME, RIVAL = TenantId("acme"), TenantId("rival")
ADA = UserId("ada")
IDS = SeededIds(3, ManualClock(NOW))


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> RegistryStore:
    if request.param == "memory":
        return RegistryInMemory()
    return PostgresRegistry(request.getfixturevalue("database"), AuditTrail().add)


def wanted(fast: int = 8, name: str = "trend", tenant: TenantId = ACME) -> Registration:
    return Registration(
        id=IDS.next(),
        tenant=tenant,
        name=name,
        content=some_content(parameters={"fast": fast, "slow": 16}),
        author=ADA,
        note="o'neil \u2713",
        registered_at=NOW,
    )


def step(version: StrategyVersion, to: Stage) -> tuple[Promotion, AuditEntry]:
    study = some_study() if to is Stage.TESTED else None
    promotion = Promotion(
        id=IDS.next(),
        tenant=version.tenant,
        name=version.name,
        version=version.version,
        before=version.stage,
        to=to,
        by=ADA,
        at=NOW + timedelta(minutes=1),
        reason="it is good",
        ruling=rule_tested(version, some_study(), 12, Bars()),
        studied=study,
    )
    entry = AuditEntry(
        id=promotion.id,
        tenant=version.tenant,
        at=promotion.at,
        who="ada",
        action="strategy.promoted",
        subject=version.label,
    )
    return promotion, entry


def test_a_version_is_read_as_it_was_registered(store: RegistryStore) -> None:
    made = store.add(wanted())
    assert (made.version, made.stage, made.since, made.studied) == (1, Stage.DRAFT, NOW, None)
    assert store.get(ACME, "trend", 1) == store.get(ACME, "trend") == made
    assert made.content.sha256 == some_content().sha256


def test_own_code_is_kept_to_the_letter(store: RegistryStore) -> None:
    text = 'def mine(market, own, p):\r\n\t"""\u00e9 \\ %s {}"""\n'
    code = Code("mine", "ab" * 32, text, "3.12")
    content = some_content(code=code, parameters={"x": 0.1 + 0.2, "n": 3})
    made = store.add(replace(wanted(), content=content))
    found = store.get(ACME, "trend").content
    assert (found.code.source, found.parameters) == (text, {"n": 3, "x": 0.1 + 0.2})
    assert found.sha256 == made.content.sha256


def test_the_same_content_is_the_same_version_and_any_other_the_next(store: RegistryStore) -> None:
    first = store.add(wanted())
    assert store.add(wanted()) == first
    assert store.add(wanted(9)).version == 2
    assert store.add(wanted()) == first
    assert store.add(wanted(tenant=RIVAL)).version == 1


def test_what_is_not_there_is_not_found(store: RegistryStore) -> None:
    store.add(wanted())
    with pytest.raises(NotFound, match="trend@2"):
        store.get(ACME, "trend", 2)
    with pytest.raises(NotFound, match="registered strategy trend was"):
        store.get(RIVAL, "trend")
    assert store.versions(RIVAL, "trend", 10) == []


def test_lists_are_newest_first_and_go_on_where_they_ended(store: RegistryStore) -> None:
    made = [store.add(wanted(fast)) for fast in (4, 5, 6)]
    other = store.add(wanted(name="other"))
    assert list(store.versions(ACME, "trend", 2)) == [made[2], made[1]]
    assert list(store.versions(ACME, "trend", 2, 2)) == [made[0]]
    assert list(store.newest(ACME, 2)) == [other, made[2]]
    assert list(store.newest(ACME, 9, made[2].id)) == [made[1], made[0]]
    assert list(store.newest(ACME, 9, stage=Stage.TESTED)) == []


def test_a_promotion_is_stored_with_what_was_judged(store: RegistryStore) -> None:
    made = store.add(wanted())
    promotion, entry = step(made, Stage.TESTED)
    tested = store.promote(promotion, entry)
    assert (tested.stage, tested.since, tested.studied) == (
        Stage.TESTED,
        promotion.at,
        some_study(),
    )
    assert store.get(ACME, "trend") == tested
    assert list(store.promotions(ACME, "trend", 1)) == [promotion]
    onwards = store.promote(*step(tested, Stage.PAPER))
    assert (onwards.stage, onwards.studied) == (Stage.PAPER, some_study())
    assert list(store.newest(ACME, 9, stage=Stage.PAPER)) == [onwards]
    assert [each.to for each in store.promotions(ACME, "trend", 1)] == [Stage.TESTED, Stage.PAPER]


def test_a_promotion_from_a_stage_that_is_over_changes_nothing(store: RegistryStore) -> None:
    made = store.add(wanted())
    tested = store.promote(*step(made, Stage.TESTED))
    with pytest.raises(Conflict):
        store.promote(*step(made, Stage.RETIRED))
    assert store.get(ACME, "trend") == tested
    assert len(store.promotions(ACME, "trend", 1)) == 1


def at_once(work: Callable[[int], str]) -> list[str]:
    both = Barrier(2)

    def started(number: int) -> str:
        both.wait()
        return work(number)

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(started, (1, 2)))


def test_two_who_register_at_once_get_two_numbers_or_one_version(database: Database) -> None:
    stores = [PostgresRegistry(database, AuditTrail().add) for _ in range(3)]
    assert at_once(lambda n: stores[n].add(wanted(n + 3)).label) == ["trend@1", "trend@2"]
    same = [wanted(9, "same"), wanted(9, "same")]
    assert at_once(lambda n: stores[n].add(same[n - 1]).label) == ["same@1", "same@1"]


def test_of_two_who_promote_at_once_one_is_told_and_the_audit_has_one(database: Database) -> None:
    store = PostgresRegistry(database, AuditTrail().add)
    made = store.add(wanted())
    steps = [step(made, Stage.TESTED), step(made, Stage.RETIRED)]

    def promote(number: int) -> str:
        try:
            PostgresRegistry(database, AuditTrail().add).promote(*steps[number - 1])
        except Conflict:
            return "told"
        return "promoted"

    assert at_once(promote) == ["promoted", "told"]
    entries = database.run(lambda tx: AuditTrail().newest(tx, ACME, 10))
    assert [each.action for each in entries] == ["strategy.promoted"]


def test_runs_of_a_version_count_until_they_are_over(database: Database) -> None:
    columns = {
        "id": IDS.next(),
        "tenant": ACME,
        "name": "trend",
        "version": 2,
        "account": "paper/trend",
        "timeframe": "1Day",
        "is_over": False,
        "wanted": "running",
        "reason": "",
        "step": 0,
        "bar_at": 0,
        "epoch": 1,
        "digest": "",
        "changed_at": NOW,
        "document": "{}",
    }
    names = ", ".join(columns)
    values = ", ".join(f"%({name})s" for name in columns)
    insert = f"INSERT INTO live_runs ({names}) VALUES ({values})"
    for change in ({}, {"is_over": True}, {"version": 3}, {"tenant": RIVAL}):
        row = {**columns, "id": IDS.next(), **change}
        database.run(lambda tx, row=row: tx.execute(insert, row))  # type: ignore[misc]
    count = RunsInPostgres(database)
    assert (count(ACME, "trend", 2), count(ACME, "other", 2)) == (1, 0)


def test_a_promotion_whose_audit_fails_never_happened(database: Database) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no audit")

    store = PostgresRegistry(database, fail)
    made = store.add(wanted())
    with pytest.raises(RuntimeError):
        store.promote(*step(made, Stage.TESTED))
    assert store.get(ACME, "trend") == made
    assert store.promotions(ACME, "trend", 1) == []

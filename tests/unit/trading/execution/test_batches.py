"""What is written at the same time shares a transaction, and nobody suffers for somebody else."""

import asyncio
from functools import partial
from uuid import UUID

import pytest

from algotrendy.kernel.errors import Conflict, Unavailable, Unknown
from algotrendy.trading.execution.batches import Batches
from algotrendy.trading.ledger import Lease, LedgerTransaction
from fakes.execution_bench import LoopDesk
from fakes.memory_ledger import Fate, MemoryLedger
from fakes.quick_loop import BEGIN, run_quickly


def put(tx: LedgerTransaction, name: str) -> str:
    tx.leases.put(Lease(name, "holder", 1, BEGIN))
    return name


def test_what_comes_while_one_is_under_way_shares_the_next() -> None:
    async def scene() -> None:
        ledger = MemoryLedger()
        firsts: list[LedgerTransaction] = []
        batches = Batches(LoopDesk(ledger), firsts.append)
        names = [str(UUID(int=n)) for n in range(20)]
        done = await asyncio.gather(*(batches.run(partial(put, name=name)) for name in names))
        assert done == names
        assert (ledger.commits, len(firsts)) == (1, 1)
        assert all(ledger.tables.leases.get(name) for name in names)

    run_quickly(scene())


def test_one_that_cannot_be_done_is_told_and_the_others_are_done() -> None:
    async def scene() -> None:
        ledger = MemoryLedger()
        batches = Batches(LoopDesk(ledger), lambda tx: None)

        def refuse(tx: LedgerTransaction) -> str:
            put(tx, "refused")
            raise Conflict("no")

        found = await asyncio.gather(
            batches.run(lambda tx: put(tx, "a")),
            batches.run(refuse),
            batches.run(lambda tx: put(tx, "b")),
            return_exceptions=True,
        )
        assert (found[0], type(found[1]), found[2]) == ("a", Conflict, "b")
        assert ledger.tables.leases.get("refused") is None

    run_quickly(scene())


@pytest.mark.parametrize(
    ("fate", "kind"),
    [(Fate.FAILS, Unavailable), (Fate.IS_LOST, Unknown), (Fate.IS_UNSEEN, Unknown)],
)
def test_a_commit_that_fails_is_told_to_all_of_it(fate: Fate, kind: type[Exception]) -> None:
    async def scene() -> None:
        ledger = MemoryLedger(lambda: fate)
        batches = Batches(LoopDesk(ledger), lambda tx: None)
        found = await asyncio.gather(
            *(batches.run(lambda tx: put(tx, "a")) for _ in range(3)), return_exceptions=True
        )
        assert [type(each) for each in found] == [kind] * 3
        ledger.fate = lambda: Fate.COMMITS
        assert await batches.run(lambda tx: put(tx, "b")) == "b"

    run_quickly(scene())


def test_who_has_gone_is_not_waited_for() -> None:
    async def scene() -> None:
        ledger = MemoryLedger()
        batches = Batches(LoopDesk(ledger), lambda tx: None)
        asked = [asyncio.ensure_future(batches.run(lambda tx: put(tx, "a"))) for _ in range(2)]
        await asyncio.sleep(0)
        asked[0].cancel()
        assert await asked[1] == "a"
        assert asked[0].cancelled()

    run_quickly(scene())

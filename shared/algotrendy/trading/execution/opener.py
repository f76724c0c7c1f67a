"""Open an account's books with what its broker says, before anything is done for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from algotrendy.brokers.port import BrokerAccount, BrokerPosition
from algotrendy.kernel.errors import NotFound, Unavailable
from algotrendy.trading.accounts import Account
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.execution.patience import Timing, answered
from algotrendy.trading.execution.watermarks import Watermarks, load, put
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.opening import is_open, open_account

_LOOKS = 20
_PAUSE_S = 0.25


@dataclass(frozen=True, slots=True)
class Look:
    """What a broker says at one moment; more than the account where the books are to be opened."""

    account: BrokerAccount
    positions: Sequence[BrokerPosition]
    marks: Watermarks | None


async def open_books(post: Post, account: Account, timing: Timing) -> None:
    """Take an account into the ledger, or follow what its settings say now.

    Raises:
        Fenced: If the lease was lost.
        Unavailable: If broker or ledger do not answer, or the account does not stand still.
        Conflict, Invalid: If it is not the account that the ledger knows.
    """
    is_new = await post.desk.see_through(lambda tx: _is_new(tx, account))
    look = await _look(post, timing, is_new=is_new)
    now = post.clock.now()

    def work(tx: LedgerTransaction) -> None:
        open_account(tx, account, look.account, look.positions, now)
        known = tx.accounts.get(account.id)
        if look.marks is not None and load(tx, known) is None:
            put(tx, known, look.marks)

    await post.desk.see_through(work)


def _is_new(tx: LedgerTransaction, account: Account) -> bool:
    try:
        return not is_open(tx, tx.accounts.get(account.id))
    except NotFound:
        return True


async def _look(post: Post, timing: Timing, *, is_new: bool) -> Look:
    """Read what there is at one moment: nothing may have traded in between."""
    broker, timeout_s = post.broker, timing.ask_timeout_s
    before = await answered(broker.account(), broker.name, timeout_s)
    if not is_new:
        return Look(before, (), None)
    for _ in range(_LOOKS):
        # What these did is in the opening balance, and they must never be booked.
        fills = await answered(broker.fills(), broker.name, timeout_s)
        activities = await answered(broker.activities(), broker.name, timeout_s)
        marks = Watermarks.at_opening(fills, activities)
        held = await answered(broker.positions(), broker.name, timeout_s)
        after = await answered(broker.account(), broker.name, timeout_s)
        if after.cash == before.cash:
            return Look(after, held, marks)
        before = after
        await asyncio.sleep(_PAUSE_S)
    # Balances of two moments would never fit together again.
    raise Unavailable(broker.name, f"account {post.root} trades while its books are opened")

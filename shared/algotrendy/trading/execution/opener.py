"""Open an account's books with what its broker says, before anything is done for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from algotrendy.brokers.port import BrokerAccount, BrokerPosition
from algotrendy.trading.accounts import Account
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.execution.patience import Timing, answered
from algotrendy.trading.opening import open_account

_LOOKS = 20
_PAUSE_S = 0.25

_logger = logging.getLogger(__name__)


async def open_books(post: Post, account: Account, timing: Timing) -> None:
    """Take an account into the ledger, or follow what its settings say now.

    Raises:
        Fenced: If the lease was lost.
        Unavailable: If broker or ledger do not answer, or the account does not stand still.
        Conflict, Invalid: If it is not the account that the ledger knows.
    """
    told, held = await _look(post, timing)
    now = post.clock.now()
    await post.desk.see_through(lambda tx: open_account(tx, account, told, held, now))


async def _look(post: Post, timing: Timing) -> tuple[BrokerAccount, Sequence[BrokerPosition]]:
    """Read cash and positions of one moment: nothing may have traded in between."""
    broker, timeout_s = post.broker, timing.ask_timeout_s
    before = await answered(broker.account(), broker.name, timeout_s)
    for _ in range(_LOOKS):
        held = await answered(broker.positions(), broker.name, timeout_s)
        after = await answered(broker.account(), broker.name, timeout_s)
        if after.cash == before.cash:
            return after, held
        before = after
        await asyncio.sleep(_PAUSE_S)
    _logger.warning("account %s traded while its books were opened", post.root)
    return after, held

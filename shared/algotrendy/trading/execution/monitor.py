"""Watch an account after each price and fill: measure losses anew, and tell broken limits once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from algotrendy.kernel.errors import JsonValue
from algotrendy.kernel.ids import AccountId, CorrelationId, EventId, derived_uuid7
from algotrendy.risk.decision import Breach
from algotrendy.risk.limits import StrategyId
from algotrendy.risk.records import Marks
from algotrendy.risk.tails import Past, broken_limits, held_symbols
from algotrendy.trading import marks
from algotrendy.trading.closes import History
from algotrendy.trading.events import RiskBreached
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.ledger import Document, LedgerTransaction
from algotrendy.trading.risk_desk import RiskDesk, read_desk

BREACHES: Final = "breaches"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING_KNOWN: Final = Past({}, {})
_LEAST_REST_S: Final = 0.1
_LONGEST_S: Final = 1.0


class Monitor:
    """The duty of watching an account: after each fill and changed price, and every second.

    However much moves, one look is taken at a time, at most ten in a second, and looking leaves
    three quarters of the time to others.
    """

    name = "risk monitor"

    def __init__(self, post: Post) -> None:
        self._post = post
        self._history = History(post.root)
        self._took_s = 0.0
        # Nobody looked at what was before.
        post.moved.set()

    @property
    def every_s(self) -> float:
        """Give how long to rest after a look."""
        return min(max(_LEAST_REST_S, 3.0 * self._took_s), _LONGEST_S)

    async def do(self) -> None:
        """Wait until something moves, a second at most, and look once."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_S):
                await self._post.moved.wait()
        # Whatever moves during the look wants another.
        self._post.moved.clear()
        loop = asyncio.get_running_loop()
        now, begun = self._post.clock.now(), loop.time()
        await self._post.desk.run(lambda tx: look(tx, self._post.root, now, self._history))
        self._took_s = loop.time() - begun


def look(
    tx: LedgerTransaction, root: AccountId, now: datetime, history: History
) -> tuple[Breach, ...]:
    """Bring the marks up to what the account is worth, and tell limits broken since the last look.

    A limit that stays broken is told once; one that was kept in between is told again.
    """
    desk = read_desk(tx, root, now)
    before = tx.risk.marks(root)
    moved = _moved(desk, before, now)
    if any(mark.strategy not in before for mark in moved):
        # Whoever moves cash moves the marks with it, where there are any: one after the other.
        tx.accounts.claim(root)
        desk = read_desk(tx, root, now)
        moved = _moved(desk, tx.risk.marks(root), now)
    for mark in moved:
        tx.risk.put_marks(mark)
    past = _NOTHING_KNOWN
    if desk.limits.watches_tails:
        past = history.past(tx, held_symbols(desk.state), now)
    standing = broken_limits(desk.state, desk.limits, past)
    known = _known(tx, root)
    names = {_name(each): each for each in standing}
    begun = tuple(each for name, each in names.items() if name not in known)
    if names.keys() != known.keys():
        tx.documents.put(_record(root, names, known, now))
    for breach in begun:
        tx.publish(_told(desk, breach, now))
    return begun


def _moved(
    desk: RiskDesk, known: Mapping[StrategyId | None, Marks], now: datetime
) -> tuple[Marks, ...]:
    """Give the marks that are others than before."""
    found = []
    for strategy in (None, *desk.state.strategies):
        equity = desk.state.book(strategy).equity
        before = known.get(strategy)
        first = Marks(
            account=desk.account.id,
            day=marks.market_day(now),
            day_start=equity,
            peak=equity,
            strategy=strategy,
        )
        current = first if before is None else marks.after(before, equity, now)
        if current != before:
            found.append(current)
    return tuple(found)


def _name(breach: Breach) -> str:
    return f"{breach.limit}: {breach.scope}"


def _known(tx: LedgerTransaction, root: AccountId) -> Mapping[str, JsonValue]:
    found = tx.documents.find(BREACHES, _record_id(root))
    return {} if found is None else found.body


def _record(
    root: AccountId,
    standing: Mapping[str, Breach],
    known: Mapping[str, JsonValue],
    now: datetime,
) -> Document:
    since: dict[str, JsonValue] = {
        name: known.get(name, now.isoformat()) for name in sorted(standing)
    }
    return Document(
        kind=BREACHES,
        id=_record_id(root),
        account=root,
        at=now,
        is_open=bool(since),
        body=since,
    )


def _record_id(root: AccountId) -> UUID:
    return derived_uuid7(_EPOCH, BREACHES, root)


def _told(desk: RiskDesk, breach: Breach, now: datetime) -> RiskBreached:
    event_id = derived_uuid7(now, "RiskBreached", desk.account.id, _name(breach))
    fields = breach.fields()
    return RiskBreached(
        id=EventId(event_id),
        occurred_at=now,
        correlation_id=CorrelationId(str(event_id)),
        tenant=desk.account.tenant,
        account=desk.account.id,
        limit=fields["limit"],
        scope=fields["scope"],
        allowed=fields["allowed"],
        actual=fields["actual"],
    )

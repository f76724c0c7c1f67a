"""Be the writer of an account while its lease is ours, and hand over to the next one in good order.

A station waits for the lease of its account, serves while it holds it, and gives it back when it is
asked to stop: it begins nothing more, ends what it began, and the next one need not wait.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from algotrendy.brokers.port import Broker
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import AlgoTrendyError, NotFound, Unavailable, Unknown
from algotrendy.kernel.ids import AccountId, Ids
from algotrendy.trading.accounts import Account, root_of
from algotrendy.trading.execution.duties import Duties, Gate, Post, keep_doing, open_gate
from algotrendy.trading.execution.following import NOBODY, Following
from algotrendy.trading.execution.hearing import Hearing
from algotrendy.trading.execution.lease import (
    RENEW_EVERY_S,
    TTL_S,
    Fence,
    Fenced,
    FencedDesk,
    LeaseKeeper,
    Monotonic,
    lease_name,
)
from algotrendy.trading.execution.opener import open_books
from algotrendy.trading.execution.patience import USUAL, Timing
from algotrendy.trading.execution.session import Session
from algotrendy.trading.execution.teller import Answers, Teller
from algotrendy.trading.ledger import Desk, LedgerTransaction
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.ports import Heard, Ring, Rings
from algotrendy.trading.waits import Wait, WaitingFor

_ACQUIRE_EVERY_S = 0.5
_RETRY_S = 1.0
_LONGEST_RETRY_S = 10.0
_SWEEP_EVERY_S = 1.0
_LISTEN_S = 1.0
_FINISH_S = 8.0
_RELEASE_S = 3.0
_LEAVE_S = 10.0

_logger = logging.getLogger(__name__)

Connect = Callable[[], Awaitable[Broker]]
"""Makes the connection to an account's broker on the running loop."""


class Standing(StrEnum):
    """How a station stands."""

    WAITING = "waiting"  # somebody else has the lease, or the ledger does not answer
    TAKING_OVER = "taking over"
    SERVING = "serving"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a station works with, beside its account.

    Attributes:
        holder: Names this process, and no other one that ever was.
        monotonic: Seconds of a clock that never steps, and counts a sleep of the machine as well.
        duties: What is done again and again while the lease is held.
        following: Told what is done for each order.
        gate: Asked right before an order leaves.
    """

    desk: Desk
    rings: Rings
    answers: Answers
    clock: Clock
    ids: Ids
    holder: str
    monotonic: Monotonic
    duties: Duties
    timing: Timing = USUAL
    following: Following = NOBODY
    gate: Gate = open_gate


class Station:
    """One account's place in this process.

    Args:
        account: As the settings say; the books are opened for it the first time.
        connect: Called each time that the lease is taken; the broker is closed in the end.
    """

    def __init__(self, account: Account, connect: Connect, around: Surroundings) -> None:
        self._account = account
        self._connect = connect
        self._around = around
        self._keeper = LeaseKeeper(
            around.desk, around.clock, lease_name(account.id), around.holder, around.monotonic
        )
        self._stopping = asyncio.Event()
        self._wake = asyncio.Event()
        self._leaving: set[asyncio.Future[None]] = set()
        self.standing = Standing.WAITING
        self._answered_at = float("-inf")
        self._failures = 0
        self.epoch = 0

    @property
    def root(self) -> AccountId:
        """Give the account."""
        return self._account.id

    @property
    def has_ledger(self) -> bool:
        """Say whether the ledger took what was written lately: within the time of a lease."""
        return self._around.monotonic() - self._answered_at < TTL_S

    @property
    def ledger_age_s(self) -> float | None:
        """Give how long ago the ledger last took what was written; None: it never did."""
        age_s = self._around.monotonic() - self._answered_at
        return round(age_s, 1) if math.isfinite(age_s) else None

    def stop(self) -> None:
        """Ask it to hand over; ``run`` ends then."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve whenever the lease is free, until asked to stop."""
        while not self._stopping.is_set():
            try:
                pause_s = await self._turn()
            # The outermost handler: whatever stumbled, the account is taken up again.
            except Exception:
                _logger.exception("account %s", self.root)
                pause_s = self._longer()
            await self._pause(pause_s)
        self.standing = Standing.STOPPED
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=_LEAVE_S)

    async def _turn(self) -> float:
        """Serve if the lease is free, until that ends; say how long to wait then."""
        fence = await self._acquire()
        if fence is None:
            return _ACQUIRE_EVERY_S
        self.epoch = fence.epoch
        self.standing = Standing.TAKING_OVER
        try:
            await self._hold(fence)
        except Fenced as error:
            _logger.warning("%s", error.message)
        except AlgoTrendyError as error:
            _logger.warning("account %s: %s", self.root, error.message, extra=error.fields())
        # The lease is given back whatever stumbled.
        except Exception:
            _logger.exception("account %s", self.root)
        if self.standing is Standing.SERVING:
            self._failures = 0
        self.standing = Standing.WAITING
        pause_s = self._longer()
        await self._give_back(fence)
        return pause_s

    async def _acquire(self) -> Fence | None:
        try:
            fence = await self._keeper.acquire()
        except (Unavailable, Unknown) as error:
            _logger.warning("account %s: %s", self.root, error.message)
            return None
        self._ledger_answered()
        return fence

    async def _give_back(self, fence: Fence) -> None:
        try:
            async with asyncio.timeout(_RELEASE_S):
                await self._keeper.release(fence)
            self._ledger_answered()
        except (TimeoutError, Unavailable, Unknown):
            _logger.warning("lease %s runs out by itself", fence.name)

    def _ledger_answered(self) -> None:
        self._answered_at = self._around.monotonic()

    def _longer(self) -> float:
        """Wait for longer after each failure in a row."""
        wait_s = min(_RETRY_S * 2.0 ** min(self._failures, 10), _LONGEST_RETRY_S)
        self._failures += 1
        return wait_s

    async def _hold(self, fence: Fence) -> None:
        """Serve under a lease until asked to stop; raise what ended it before."""
        await _until_first(
            [asyncio.ensure_future(self._renew(fence)), asyncio.ensure_future(self._serve(fence))]
        )

    async def _renew(self, fence: Fence) -> None:
        wait_s = RENEW_EVERY_S
        while True:
            await asyncio.sleep(wait_s)
            try:
                await self._keeper.renew(fence)
                self._ledger_answered()
                wait_s = RENEW_EVERY_S
            except (Unavailable, Unknown) as error:
                wait_s = _RETRY_S
                _logger.warning("lease %s: %s", fence.name, error.message)

    async def _serve(self, fence: Fence) -> None:
        around = self._around
        broker = await self._connect()
        try:
            desk = FencedDesk(around.desk, fence)
            post = Post(
                self.root,
                broker,
                desk,
                around.clock,
                around.ids,
                self._wake.set,
                following=around.following,
                gate=around.gate,
            )
            await open_books(post, self._account, around.timing)
            teller = Teller(self.root, desk, around.answers, around.clock, around.following)
            session = Session(post, teller.note, around.monotonic, around.timing)
            hearing = Hearing(post, session, teller.note, around.monotonic, around.timing)
            await session.take_over()
            self.standing = Standing.SERVING
            _logger.info("serving %s under epoch %d", self.root, fence.epoch)
            await self._work(post, session, hearing, teller)
        finally:
            # Saying goodbye may take seconds, for which nobody else should have to wait.
            leaving = asyncio.ensure_future(_leave(broker))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    async def _work(self, post: Post, session: Session, hearing: Hearing, teller: Teller) -> None:
        works: list[Coroutine[Any, Any, None]] = [
            hearing.write(),
            hearing.keep_up(),
            self._sweep(session, hearing),
            teller.run(),
            *(keep_doing(duty) for duty in self._around.duties(post)),
        ]
        tasks = [asyncio.ensure_future(work) for work in works]
        tasks.append(asyncio.ensure_future(self._finish(post, session, teller)))
        listening = asyncio.ensure_future(hearing.listen())
        try:
            await _until_first(tasks, listening)
        finally:
            await session.stop()
            self._leaving.add(listening)
            listening.add_done_callback(self._leaving.discard)

    async def _finish(self, post: Post, session: Session, teller: Teller) -> None:
        """Hear bells until asked to stop; then see what was begun to its end."""
        bells = asyncio.ensure_future(self._hear_bells(post, session, teller))
        stopping = asyncio.ensure_future(self._stopping.wait())
        await _until_first([bells, stopping])
        with suppress(TimeoutError, Unavailable, Unknown):
            async with asyncio.timeout(_FINISH_S):
                await session.finish()
                await teller.tell()

    async def _sweep(self, session: Session, hearing: Hearing) -> None:
        while True:
            is_woken = self._wake.is_set()
            self._wake.clear()
            try:
                orders = await session.sweep(is_woken=is_woken)
                await hearing.want_fills(orders)
            except Fenced:
                raise
            except AlgoTrendyError as error:
                _logger.warning("account %s: %s", self.root, error.message)
            with suppress(TimeoutError):
                async with asyncio.timeout(_SWEEP_EVERY_S):
                    await self._wake.wait()

    async def _hear_bells(self, post: Post, session: Session, teller: Teller) -> None:
        while True:
            try:
                heard = await self._around.rings.listen(_LISTEN_S)
                await self._attend(heard, post, session, teller)
            except (Unavailable, Unknown) as error:
                # Orders are found in the ledger meanwhile.
                _logger.warning("bells of %s: %s", self.root, error.message)
                await asyncio.sleep(_RETRY_S)

    async def _attend(
        self, heard: Sequence[Heard], post: Post, session: Session, teller: Teller
    ) -> None:
        ours = [each for each in heard if each.ring.account == self.root]
        rings, now = [each.ring for each in ours], post.clock.now()
        orders = await post.desk.see_through(
            lambda tx: tuple(
                order for ring in rings if (order := _rung_for(tx, ring, now)) is not None
            )
        )
        session.attend(orders)
        for order in orders:
            teller.note(order.id)
        if any(ring.order_id is None for ring in rings):
            self._wake.set()
        # What they asked for is in the ledger now.
        for each in ours:
            await each.done()
        for each in heard:
            if each not in ours:
                await each.leave()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def _rung_for(tx: LedgerTransaction, ring: Ring, now: datetime) -> PlatformOrder | None:
    if ring.order_id is None:
        return None
    try:
        order = tx.orders.get(ring.order_id)
    except NotFound:
        return None
    if root_of(order.account) != ring.account:
        # Nobody but the writer of its own account may send it.
        return None
    if ring.token is not None:
        tx.waits.put(Wait(order.id, WaitingFor.SUBMISSION, ring.token, now))
    return order


async def _leave(broker: Broker) -> None:
    try:
        await broker.close()
    # Nothing depends on how a connection ends.
    except Exception:
        _logger.exception("the connection to %s did not end well", broker.name)


async def _until_first(
    tasks: Sequence[asyncio.Future[Any]], *lingering: asyncio.Future[Any]
) -> None:
    """Wait until the first task ends, cancel the others, and raise what it raised.

    Args:
        lingering: Tasks whose end is not waited for once they are cancelled.
    """
    every = [*tasks, *lingering]
    try:
        done, _ = await asyncio.wait(every, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in every:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()

"""Find orders that their workflow has forgotten, and lead them on from the ledger.

Whatever is lost - the start of a workflow, a run of it, an answer to one that waits - is made good
here, and only later than it would have been.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from algotrendy.kernel.clock import Clock
from algotrendy.kernel.ids import OrderId
from algotrendy.trading.ledger import Ledger, LedgerTransaction
from algotrendy.trading.ports import SagaRun, Sagas, SagaState
from algotrendy.trading.saga import PATIENCE, Answer, due_answers, end_waits
from algotrendy.trading.waits import Wait

# Long enough for a workflow to be started by whoever placed the order. One that runs is left alone,
# and starting a run twice starts it once: a short time does no harm.
QUIET = timedelta(seconds=15)
# How much later than after its patience a workflow may look again.
_LATE = timedelta(minutes=5)
# Each further run waits longer: the n-th begins when the order is n * n times as old as this.
_PAUSE = timedelta(seconds=5)
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Found:
    """An order whose workflow has not recorded its end, and what is to be done about it."""

    run: SagaRun
    intended_at: datetime
    waits: tuple[Wait, ...]
    due: tuple[tuple[Wait, Answer], ...]


@dataclass(frozen=True, slots=True)
class Swept:
    """What was made good: orders whose workflow was started, started again, or answered."""

    started: tuple[OrderId, ...]
    restarted: tuple[OrderId, ...]
    answered: tuple[OrderId, ...]


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Starts what was never started, starts again what was lost, and answers what waits."""

    ledger: Ledger
    sagas: Sagas
    clock: Clock

    def sweep(self, quiet: timedelta = QUIET) -> Swept:
        """Look once at every order whose workflow has not recorded its end.

        Raises:
            Unavailable: If workflows cannot be reached; what was done until then is done.
        """
        started, restarted, answered = [], [], []
        for found in self._without_end(self.clock.now() - quiet):
            order_id = found.run.order_id
            if found.due:
                self._answer(found)
                answered.append(order_id)
            elif self._is_heard_of(found):
                continue
            elif (state := self.sagas.state(found.run)) is SagaState.MISSING:
                self.sagas.start(found.run)
                started.append(order_id)
            elif state is SagaState.ENDED and self._may_start_again(found):
                self._start_again(found.run)
                restarted.append(order_id)
        return Swept(tuple(started), tuple(restarted), tuple(answered))

    def _without_end(self, since: datetime) -> Iterator[Found]:
        # All of them: those that run, however many and long, must not hide one that was lost.
        page = self._page(since, None)
        while page:
            yield from page
            page = self._page(since, page[-1].run.order_id)

    def _page(self, since: datetime, after: OrderId | None) -> Sequence[Found]:
        now = self.clock.now()
        return self.ledger.run(
            lambda tx: [
                _found(tx, order_id, now) for order_id in tx.orders.without_end(since, _PAGE, after)
            ]
        )

    def _answer(self, found: Found) -> None:
        for wait, told in found.due:
            self.sagas.answer(wait.token, told)
        self.ledger.run(lambda tx: end_waits(tx, [wait for wait, _ in found.due]))

    def _is_heard_of(self, found: Found) -> bool:
        # To ask for each of thousands of orders every minute would be refused. A run that was lost
        # while it waited is found when its patience is over, or when its answer is taken by nobody.
        now = self.clock.now()
        # A time that is yet to come is a clock that jumped: it tells nothing.
        return any(
            -_LATE <= now - each.at < PATIENCE[each.waiting_for] + _LATE for each in found.waits
        )

    def _may_start_again(self, found: Found) -> bool:
        attempt = found.run.attempt + 1
        return self.clock.now() - found.intended_at >= attempt * attempt * _PAUSE

    def _start_again(self, run: SagaRun) -> None:
        def work(tx: LedgerTransaction) -> None:
            # Another sweeper may have counted, or this one, by a commit that it did not see.
            if tx.orders.attempt(run.order_id) == run.attempt:
                tx.orders.next_attempt(run.order_id)

        self.ledger.run(work)
        self.sagas.start(replace(run, attempt=run.attempt + 1))


def _found(tx: LedgerTransaction, order_id: OrderId, now: datetime) -> Found:
    order = tx.orders.get(order_id)
    waits, came = tuple(tx.waits.of(order_id)), order.provenance
    return Found(
        run=SagaRun(order_id, tx.orders.attempt(order_id), came.correlation_id, came.traceparent),
        intended_at=order.intended_at,
        waits=waits,
        due=due_answers(tx, waits, now),
    )

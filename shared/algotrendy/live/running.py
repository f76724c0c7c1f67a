"""Lead runs on: one step after the other, each exactly once, with its orders in one transaction.

A step is read, thought and written. It is thought outside of any transaction, as a strategy may
take its time. What is written is written only if the run is still as it was read: whoever comes
second finds the step done, and writes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import takewhile
from typing import Final, TypeVar

from algotrendy.backtest.engine.step_records import BarSeen, StepInputs
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Unavailable, Unknown
from algotrendy.kernel.ids import EventId, derived_uuid7
from algotrendy.kernel.instrument import Symbol
from algotrendy.live.account_view import View, equity_of, view
from algotrendy.live.acting import Actor, Acts, PriceLackingError
from algotrendy.live.events import StrategyStepped
from algotrendy.live.order_waking import OrderWaker
from algotrendy.live.ports import (
    BarsFound,
    DueStep,
    LiveLedger,
    LiveTables,
    Mind,
    RunBars,
    StrategyFailed,
    StrategyOverflowed,
    StrategyTimedOut,
    Thought,
)
from algotrendy.live.runs import NO_STEP, Run, RunId, Trouble, Wanted
from algotrendy.live.standing import Switches, stand
from algotrendy.live.steps import Fate, LiveStep, Outcome
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.risk_desk import fresh

T = TypeVar("T")

_COMMITS: Final = 3
_LOOKS: Final = 20
_LOOK_EVERY_S: Final = 0.1
_TRIES: Final = 5
_SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Advanced:
    """What came of leading a run on.

    Attributes:
        steps: That were done here.
        orders: That were placed here.
    """

    run: Run
    steps: int = 0
    orders: int = 0


class Runner:
    """Leads runs on.

    Args:
        pause: Waits so many seconds, between two looks for a price.
    """

    def __init__(
        self,
        ledger: LiveLedger,
        bars: RunBars,
        mind: Mind,
        switches: Switches,
        waker: OrderWaker,
        clock: Clock,
        *,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._ledger = ledger
        self._bars = bars
        self._mind = mind
        self._switches = switches
        self._waker = waker
        self._clock = clock
        self._pause = pause

    def open_runs(
        self, symbols: Sequence[str] | None = None, timeframe: str | None = None
    ) -> Sequence[RunId]:
        """Name the runs that decide by bars of these symbols and this timeframe, oldest first."""
        runs = self._ledger.run(lambda _, live: live.open_runs(timeframe))
        wanted = None if symbols is None else set(symbols)
        return [
            run.id
            for run in runs
            if run.decides and (wanted is None or wanted.intersection(run.content.symbols))
        ]

    def advance(self, run_id: RunId, up_to: datetime | None = None) -> Advanced:
        """Do every step of a run that is due, oldest first; done again it changes nothing.

        Args:
            up_to: Only what was known by then; None, and a time to come, is now.

        Raises:
            NotFound: If there is no such run.
            Unavailable: If ledger or lake do not answer; what was done is done.
        """
        now = self._clock.now()
        until = now if up_to is None else min(up_to, now)
        run = self._ledger.run(lambda _, live: live.get_run(run_id))
        if not run.decides:
            return Advanced(run)
        found = self._bars.after(run, until)
        ready = list(takewhile(lambda each: self._is_ready(run, each), found.steps))
        done = orders = 0
        for each in ready:
            stepped = self._stepped(run.id, each, found, is_newest=each is ready[-1])
            if stepped is None:
                continue
            run, acts = stepped
            if acts is None:
                break
            done, orders = done + 1, orders + len(acts.placed)
        return Advanced(self._ledger.run(lambda _, live: live.get_run(run_id)), done, orders)

    def _stepped(
        self, run_id: RunId, due: DueStep, found: BarsFound, *, is_newest: bool
    ) -> tuple[Run, Acts | None] | None:
        """Do one step, again from its beginning when somebody changed the run meanwhile.

        None says that it was done already; no acts, that the run decides no more.
        """
        for _ in range(_TRIES):
            run, seen, state = self._ledger.run(lambda tx, live: _read(tx, live, run_id))
            if due.bar_at <= run.bar_at:
                return None
            if not run.decides:
                return run, None
            late = self._lateness(run, due)
            off = self._switches.refusal(run)
            is_in_time = is_newest or (late is None and run.content.schedule == "bars")
            inputs = StepInputs(
                step=run.step + 1,
                now=due.bar_at,
                bars=due.bars,
                account=seen.account,
                due=0,
                sends=_is_warm(run, due)
                and run.wanted is Wanted.RUNNING
                and late is None
                and off is None
                and is_in_time,
            )
            try:
                told = partial(self._told, run_id, inputs.step)
                thought = self._mind.think(run, inputs, state, told)
            except (StrategyFailed, StrategyTimedOut, StrategyOverflowed) as error:
                return self._halt(run, error, inputs.step), None
            with suppress(Conflict):
                return self._keep(run, due, found, seen, inputs, thought, off or late or "")
        raise Unavailable("strategy run", f"run {run_id} was changed {_TRIES} times meanwhile")

    def _told(self, run_id: RunId, before: int) -> Sequence[Sequence[BarSeen]]:
        return self._ledger.run(lambda _, live: live.told_bars(run_id, before))

    def _is_ready(self, run: Run, due: DueStep) -> bool:
        """Say whether every symbol's bar is there, or was waited for long enough."""
        return not due.lacking or self._lateness(run, due) is not None

    def _lateness(self, run: Run, due: DueStep) -> str | None:
        """Say why a step comes too late to act on; None where it does not, or nobody watches."""
        if run.patience_s is None or not _is_warm(run, due):
            return None
        passed = int(self._clock.now().timestamp()) - due.bar_at // _SECOND
        if passed <= run.patience_s:
            return None
        return f"the bars came {passed} s after their close, and {run.patience_s} s are allowed"

    def _keep(
        self,
        run: Run,
        due: DueStep,
        found: BarsFound,
        seen: View,
        inputs: StepInputs,
        thought: Thought,
        trouble: str,
    ) -> tuple[Run, Acts]:
        """Write a step down with its orders, in one transaction.

        Raises:
            Conflict: If the run is not what it was when the step was thought.
        """
        looks = _LOOKS
        while True:
            at = self._clock.now()
            keeper = _Keeper(run, due, found, seen, inputs, thought, trouble, at, looks > 0)
            try:
                kept, acts = self._commit(keeper.keep, keeper.doubt)
                break
            except PriceLackingError:
                looks = self._await_prices(run, looks)
        self._waker.wake(acts.placed, acts.ended)
        return kept, acts

    def _await_prices(self, run: Run, looks: int) -> int:
        """Ask for fresh prices of the universe; give how many looks for them are left."""
        symbols = set(run.content.symbols)
        asked_at = self._clock.now()
        self._ledger.run(lambda tx, _: tx.market.want(run.root, symbols, asked_at))
        self._waker.ring(run.root)
        while looks > 0:
            self._pause(_LOOK_EVERY_S)
            looks -= 1
            quotes = self._ledger.run(lambda tx, _: tx.market.quotes(run.root, symbols))
            now = self._clock.now()
            if all(fresh(quotes.get(Symbol(each)), now) is not None for each in symbols):
                break
        # Whatever lacks a price now is refused.
        return 0

    def _halt(self, run: Run, error: Exception, step: int) -> Run:
        trouble = _TROUBLES[type(error)]
        at = self._clock.now()
        reason = f"step {step}: {error}"[:500]
        with suppress(Conflict):
            return self._commit(lambda tx, live: stand(tx, live, run, trouble, reason, at))
        return self._ledger.run(lambda _, live: live.get_run(run.id))

    def _commit(
        self,
        work: Callable[[LedgerTransaction, LiveTables], T],
        doubt: Callable[[], object] = lambda: None,
    ) -> T:
        """Run a function that knows what it has written, until it is known that it was stored."""
        for _ in range(_COMMITS - 1):
            try:
                return self._ledger.run(work)
            except Unknown:
                doubt()
        return self._ledger.run(work)


@dataclass(slots=True)
class _Keeper:
    """Writes one step; run again after a commit of unknown outcome it finds its own."""

    run: Run
    due: DueStep
    found: BarsFound
    seen: View
    inputs: StepInputs
    thought: Thought
    trouble: str
    at: datetime
    may_wait: bool
    is_unsure: bool = False

    def doubt(self) -> None:
        """Know from now on that the step may be stored already, by this very keeper."""
        self.is_unsure = True

    def keep(self, tx: LedgerTransaction, live: LiveTables) -> tuple[Run, Acts]:
        run, inputs = self.run, self.inputs
        # First: who waits here for another runner then sees what that one wrote.
        tx.accounts.claim(run.root)
        known = live.get_run(run.id)
        if known.epoch != run.epoch:
            own = live.find_step(run.id, inputs.step)
            if self.is_unsure and own is not None and own.decided_at == self.at:
                return known, Acts(list(own.outcomes))
            raise Conflict(f"run {run.id} was changed since epoch {run.epoch}")
        for order in self.seen.orders:
            live.put_order(order)
        acts = self._acts(tx, live)
        live.add_step(self._step(acts.outcomes))
        changed = replace(
            run,
            step=inputs.step,
            bar_at=self.due.bar_at,
            digest=self.thought.digest,
            changed_at=self.at,
        )
        kept = stand(tx, live, changed, *self._standing(run), self.at)
        tx.publish(self._event(acts.outcomes))
        return kept, acts

    def _acts(self, tx: LedgerTransaction, live: LiveTables) -> Acts:
        if self.run.is_shadow:
            shadowed = [
                Outcome(number=d.number, fate=Fate.SHADOWED) for d in self.thought.decisions
            ]
            return Acts(shadowed)
        if not self.inputs.sends:
            return Acts()
        actor = Actor(tx, live, self.run, self.inputs.step, self.at, self.may_wait)
        return actor.act(self.thought.decisions)

    def _standing(self, run: Run) -> tuple[Trouble | None, str]:
        if self.trouble:
            return Trouble.LATE, self.trouble
        if not _is_warm(run, self.due):
            return Trouble.WAITING, "its warm-up is not over"
        return None, ""

    def _step(self, outcomes: Sequence[Outcome]) -> LiveStep:
        inputs = replace(self.inputs, due=self.thought.due)
        closes = [0.0] * len(self.run.content.symbols)
        for bar in inputs.bars:
            if bar.frame == 0:
                closes[bar.asset] = bar.close
        return LiveStep(
            run_id=self.run.id,
            step=inputs.step,
            bar_at=self.due.bar_at,
            decided_at=self.at,
            lake_version=self.found.lake_version,
            inputs=inputs,
            decisions=self.thought.decisions,
            outcomes=tuple(outcomes),
            state=self.thought.state,
            digest=self.thought.digest,
            equity=equity_of(inputs.account, closes),
        )

    def _event(self, outcomes: Sequence[Outcome]) -> StrategyStepped:
        run, refused = self.run, (Fate.REFUSED, Fate.IMPOSSIBLE)
        return StrategyStepped(
            id=EventId(derived_uuid7(self.at, str(run.id), str(self.inputs.step), "stepped")),
            occurred_at=self.at,
            correlation_id=run.correlation_id,
            tenant=run.tenant,
            run_id=run.id,
            strategy=run.name,
            strategy_version=run.version,
            account=run.account,
            step=self.inputs.step,
            bar_at=self.due.bar_at,
            decisions=len(self.thought.decisions),
            refused=sum(each.fate in refused for each in outcomes),
            sends=self.inputs.sends,
        )


def _read(tx: LedgerTransaction, live: LiveTables, run_id: RunId) -> tuple[Run, View, str | None]:
    run = live.get_run(run_id)
    last = None if run.step == NO_STEP else live.find_step(run_id, run.step)
    return run, view(tx, live, run), None if last is None else last.state


def _is_warm(run: Run, due: DueStep) -> bool:
    """Say whether a step is past the warm-up."""
    return due.bar_at > run.trades_after and run.step + 1 >= run.warm_up


_TROUBLES: Final[dict[type[Exception], Trouble]] = {
    StrategyFailed: Trouble.FAILED,
    StrategyTimedOut: Trouble.TIMED_OUT,
    StrategyOverflowed: Trouble.OVERFLOWING,
}

"""Start, pause, resume, stop and flatten runs, for whoever asks; each means one thing.

==========  ================================  =====================================
            open orders                       positions
==========  ================================  =====================================
start       there are none                    there are none: the part begins anew
pause       stay at the broker                stay, and nothing new is sent
resume      stay                              stay; it decides and sends on
stop        are cancelled                     stay with the part, for people to close
flatten     are cancelled                     are closed at the market, then it is over
==========  ================================  =====================================

A run that is stopped or flattened is over, for good: who wants to go on starts another one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol, TypeVar

from algotrendy.identity.account_access import Reach
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Invalid, JsonValue, NotFound, Unknown
from algotrendy.kernel.ids import (
    AccountId,
    CorrelationId,
    EventId,
    Ids,
    TenantId,
    derived_uuid7,
)
from algotrendy.kernel.money import Money
from algotrendy.live.account_view import view
from algotrendy.live.closing_down import cancel_open, close_down
from algotrendy.live.order_waking import OrderWaker
from algotrendy.live.ports import LiveLedger, LiveTables, Mind, RunBars
from algotrendy.live.runs import Run, RunId, Wanted
from algotrendy.live.standing import Switches, tell
from algotrendy.live.versions import StrategyVersion
from algotrendy.risk.limits import StrategyId
from algotrendy.trading.accounts import part_of
from algotrendy.trading.ledger import AuditRecord, LedgerTransaction
from algotrendy.trading.opening import allocate, open_part
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.queries import require_account

T = TypeVar("T")

_COMMITS: Final = 3
_ACTIONS: Final = {
    Wanted.RUNNING: "strategy-run.resume",
    Wanted.PAUSED: "strategy-run.pause",
    Wanted.STOPPING: "strategy-run.stop",
    Wanted.FLATTENING: "strategy-run.flatten",
}


class Versions(Protocol):
    """Knows registered strategies."""

    def get(self, tenant: TenantId, name: str, version: int | None = None) -> StrategyVersion:
        """Read a version, the newest where none is named, or raise NotFound."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A wish to run a version.

    Attributes:
        account: The whole account; its part has the strategy's name.
        capital: Cash that the part gets of the account's; None to go on with what the part has.
        trades_after: Bars known by then belong to the warm-up; None for now.
        patience_s: See ``Run.patience_s``.
    """

    name: str
    version: int | None
    account: AccountId
    capital: Decimal | None = None
    patience_s: int | None = None
    trades_after: datetime | None = None


class RunDesk:
    """The use cases of those who lead runs."""

    def __init__(
        self,
        ledger: LiveLedger,
        versions: Versions,
        bars: RunBars,
        mind: Mind,
        switches: Switches,
        waker: OrderWaker,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._ledger = ledger
        self._versions = versions
        self._bars = bars
        self._mind = mind
        self._switches = switches
        self._waker = waker
        self._clock = clock
        self._ids = ids

    def start(self, wish: Start, reach: Reach, by: str, correlation_id: CorrelationId) -> Run:
        """Start a version on a part of an account.

        Raises:
            Conflict: If its stage lets nothing run, a switch is off, or a run of this name is at
                work on the account already.
            Invalid: If it cannot be loaded, the capital is not above zero, or the part has no cash.
            NotFound: If the tenant has no such version or account.
            Rejected: If the account has less free cash.
        """
        now = self._clock.now()
        version = self._versions.get(reach.tenant, wish.name, wish.version)
        if not version.stage.may_run:
            raise Conflict(f"{version.label} is {version.stage}: promote it to paper first")
        traits = self._mind.traits(version.content)
        after = wish.trades_after or now
        run = Run(
            id=RunId(self._ids.next()),
            tenant=reach.tenant,
            name=version.name,
            version=version.version,
            content=version.content,
            account=part_of(wish.account, StrategyId(version.name)),
            stage=version.stage.value,
            capital=wish.capital or Decimal(0),
            data_hash=version.data_hash,
            started_at=now,
            started_by=by,
            correlation_id=correlation_id,
            origin=self._bars.origin(version.content, traits.warm_up, after),
            trades_after=int(after.timestamp()) * 1_000_000_000,
            warm_up=traits.warm_up,
            timeframes=traits.timeframes,
            patience_s=wish.patience_s,
            changed_at=now,
        )
        off = self._switches.refusal(run)
        if off is not None:
            raise Conflict(off)
        return self._commit(_Opening(run, wish, reach, by, now).open)

    def want(self, run_id: RunId, wanted: Wanted, by: str, reach: Reach, reason: str = "") -> Run:
        """Pause, resume, stop or flatten a run; the same again changes nothing.

        Raises:
            Conflict: If it cannot become that from where it stands.
            Invalid: If nobody can want that.
            NotFound: If the tenant has no such run.
        """
        if wanted not in _ACTIONS:
            expected = ", ".join(each.value for each in _ACTIONS)
            raise Invalid("state", f"one of {expected}", wanted.value)
        act_id, at = EventId(self._ids.next()), self._clock.now()
        ended: list[PlatformOrder] = []

        def work(tx: LedgerTransaction, live: LiveTables) -> Run:
            ended.clear()
            run = visible(live, run_id, reach)
            tx.accounts.claim(run.root)
            changed = run.to(wanted, reason)
            if changed is run:
                return run
            kept = live.put_run(changed)
            _note(tx, kept, act_id, at, by, _ACTIONS[wanted], reason)
            tell(tx, kept, run.state, by, reason, at)
            if wanted in (Wanted.STOPPING, Wanted.FLATTENING):
                ended.extend(cancel_open(tx, live, kept, at, by))
            return kept

        self._commit(work)
        self._waker.wake([], ended)
        return self.close_down(run_id)

    def close_down(self, run_id: RunId) -> Run:
        """Lead a run that is to end one step nearer to its end, as far as its broker has come."""
        at = self._clock.now()
        placed: list[PlatformOrder] = []

        def work(tx: LedgerTransaction, live: LiveTables) -> Run:
            placed.clear()
            run, orders = close_down(tx, live, live.get_run(run_id), at)
            placed.extend(orders)
            return run

        run = self._commit(work)
        self._waker.wake(placed, [])
        return run

    def _commit(self, work: Callable[[LedgerTransaction, LiveTables], T]) -> T:
        for _ in range(_COMMITS - 1):
            with suppress(Unknown):
                return self._ledger.run(work)
        return self._ledger.run(work)


def visible(live: LiveTables, run_id: RunId, reach: Reach) -> Run:
    """Read a run that a caller may see, by the account that it is at work on.

    Raises:
        NotFound: If there is none, or it is another tenant's, or its account closed to the caller.
        Forbidden: If they see the account, in roles that do not allow this.
    """
    run = live.find_run(run_id)
    if run is None or run.tenant != reach.tenant or not reach.sees(run.account):
        raise NotFound("strategy run", run_id)
    reach.require(run.account, run.tenant)
    return run


@dataclass(frozen=True, slots=True)
class _Opening:
    """Opens a run with its part of the account, in one transaction."""

    run: Run
    wish: Start
    reach: Reach
    by: str
    at: datetime

    def open(self, tx: LedgerTransaction, live: LiveTables) -> Run:
        known = live.find_run(self.run.id)
        if known is not None:
            return known
        require_account(tx, self.reach, self.wish.account)
        tx.accounts.claim(self.wish.account)
        run = self._on_part(tx, live)
        live.add_run(run)
        facts: dict[str, JsonValue] = {
            "strategy": run.label,
            "capital": str(run.capital),
            "patience_s": run.patience_s,
        }
        _note(
            tx,
            run,
            EventId(derived_uuid7(self.at, str(run.id), "start")),
            self.at,
            self.by,
            "strategy-run.start",
            "",
            facts,
        )
        tell(tx, run, "", self.by, "", self.at)
        return run

    def _on_part(self, tx: LedgerTransaction, live: LiveTables) -> Run:
        run = self.run
        for other in live.open_runs():
            if other.account == run.account and not other.is_shadow:
                raise Conflict(f"run {other.id} of {other.label} is at work on {run.account}")
        strategy = StrategyId(run.name)
        part = open_part(tx, self.wish.account, strategy, self.at)
        capital = self.wish.capital
        if capital is not None:
            if capital <= 0:
                raise Invalid("capital", "above zero", capital)
            amount = Money(capital, part.currency)
            allocate(tx, self.wish.account, part.id, amount, f"strategy-run {run.id}", self.at)
        # What is there from an earlier run is this one's to begin with.
        cash = Decimal(repr(view(tx, live, run).account.cash))
        if cash <= 0:
            raise Invalid("capital", f"given, as {run.account} has no cash", None)
        return replace(run, capital=cash)


def _note(
    tx: LedgerTransaction,
    run: Run,
    act_id: EventId,
    at: datetime,
    by: str,
    action: str,
    reason: str,
    facts: dict[str, JsonValue] | None = None,
) -> None:
    tx.audit.add(
        AuditRecord(
            id=act_id,
            tenant=run.tenant,
            account=run.account,
            at=at,
            who=by,
            action=action,
            subject=str(run.id),
            reason=reason,
            facts={"strategy": run.label, **(facts or {})},
        )
    )

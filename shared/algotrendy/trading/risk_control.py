"""Change what an account may do: its limits, its trading state, its kill switch.

Every change is one transaction with who and why in the audit, and is told as an event. The kill
switch stands in the ledger, outside of every strategy: while the account is halted nothing is
admitted and nothing sent, and the account's writer ends what is open (``execution.killing``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from algotrendy.kernel.clock import Clock, as_utc
from algotrendy.kernel.errors import Conflict, Invalid, JsonValue, NotFound, Unknown
from algotrendy.kernel.ids import AccountId, CorrelationId, EventId, Ids, derived_uuid7
from algotrendy.risk.limits import Limits, StrategyId, TradingState, revise
from algotrendy.risk.records import KillSwitch, LimitsVersion, StateChange
from algotrendy.trading.accounts import Account, part_of
from algotrendy.trading.events import KillSwitchPulled, LimitsChanged, TradingStateChanged
from algotrendy.trading.ledger import AuditRecord, Ledger, LedgerTransaction

T = TypeVar("T")

_REASON_LIMIT = 500
_SWITCHES_READ = 100


@dataclass(frozen=True, slots=True)
class RiskControl:
    """The use cases of those who watch over risk; accounts are whole ones, never a part."""

    ledger: Ledger
    clock: Clock
    ids: Ids

    def change_limits(
        self,
        account: AccountId,
        changes: Mapping[str, object],
        expected_version: int,
        by: str,
        reason: str,
    ) -> LimitsVersion:
        """Make the next version of an account's limits, and keep the ones before.

        Args:
            changes: Other ``account``, ``strategies`` or ``symbols``, each as a whole.
            expected_version: That the caller has seen and builds on.

        Raises:
            Invalid: If a limit is none, which names its field, or nobody says why.
            Conflict: If somebody else made a version in between.
            NotFound: If there is no such account.
        """
        _require_reason(reason)
        act = self._act()

        def work(tx: LedgerTransaction) -> LimitsVersion:
            whole = _claimed(tx, account)
            newest = tx.risk.limits(account)
            if act.is_noted(tx, account, "limits.changed"):
                return tx.risk.limits_versions(account, 1, expected_version + 2)[0]
            if newest.version != expected_version:
                raise Conflict(
                    f"limits are at version {newest.version}, not {expected_version}",
                    version=newest.version,
                    expected_version=expected_version,
                )
            limits = revise(newest, changes)
            version = LimitsVersion(account=account, limits=limits, by=by, reason=reason, at=act.at)
            tx.risk.add_limits(version)
            facts = _changed(newest, limits)
            act.note(tx, whole, by, "limits.changed", f"version {limits.version}", reason, facts)
            tx.publish(
                LimitsChanged(
                    id=act.event_id("LimitsChanged"),
                    occurred_at=act.at,
                    correlation_id=act.correlation_id,
                    tenant=whole.tenant,
                    account=account,
                    limits_version=limits.version,
                    by=by,
                    reason=reason,
                )
            )
            return version

        return _certain(self.ledger, work)

    def set_trading_state(
        self,
        account: AccountId,
        state: TradingState,
        by: str,
        reason: str,
        strategy: StrategyId | None = None,
    ) -> StateChange:
        """Let an account, or one strategy of it, trade, only reduce, or halt.

        Halting cancels nothing: what is at the broker stays there. An account that may trade again
        has left its kill switches behind.

        Raises:
            Conflict: If the account is to trade while a kill switch still ends its orders: revoke
                that first.
            NotFound: If there is no such account, or the strategy has no part of it.
        """
        _require_reason(reason)
        act = self._act()
        change = StateChange(
            account=account, state=state, by=by, reason=reason, at=act.at, strategy=strategy
        )

        def work(tx: LedgerTransaction) -> StateChange:
            whole = _claimed(tx, account)
            if act.is_noted(tx, account, "trading_state.set"):
                # Somebody may have set another one since.
                return change
            if strategy is not None:
                tx.accounts.get(part_of(account, strategy))
            elif state is not TradingState.HALTED:
                _leave_behind(tx, account, act.at)
            _change_state(tx, whole, change, act)
            return change

        return _certain(self.ledger, work)

    def pull_kill_switch(
        self,
        account: AccountId,
        flatten: bool,
        by: str,
        reason: str,
        at: datetime | None = None,
    ) -> KillSwitch:
        """Halt an account now, or at a time to come; end all its orders, and its positions too.

        Args:
            flatten: Whether positions are closed at the market once no order is open.
            at: When; None, or a time that has passed, for now.
        """
        _require_reason(reason)
        act = self._act()
        due_at = act.at if at is None else max(as_utc(at, "at"), act.at)
        switch = KillSwitch(
            id=act.id,
            account=account,
            flatten=flatten,
            by=by,
            reason=reason,
            asked_at=act.at,
            due_at=due_at,
        )

        def work(tx: LedgerTransaction) -> KillSwitch:
            whole = _claimed(tx, account)
            known = _find(tx, account, switch.id)
            if known is not None:
                return known
            if due_at == act.at:
                return _pull(tx, whole, switch, act)
            tx.risk.put_kill_switch(switch)
            facts: dict[str, JsonValue] = {"flatten": flatten, "due_at": due_at.isoformat()}
            act.note(tx, whole, by, "kill_switch.scheduled", str(switch.id), reason, facts)
            return switch

        return _certain(self.ledger, work)

    def revoke_kill_switch(
        self, account: AccountId, switch_id: UUID, by: str, reason: str
    ) -> KillSwitch:
        """Take back a kill switch that is not yet due, or end what a pulled one still does.

        The account stays halted by a pulled one, until somebody sets its trading state. One that
        was revoked before stays as it is.

        Raises:
            NotFound: If the account has no such kill switch.
        """
        _require_reason(reason)
        act = self._act()

        def work(tx: LedgerTransaction) -> KillSwitch:
            whole = _claimed(tx, account)
            known = _find(tx, account, switch_id)
            if known is None:
                raise NotFound("kill switch", switch_id)
            if known.revoked_at is not None:
                return known
            revoked = replace(known, revoked_at=act.at)
            tx.risk.put_kill_switch(revoked)
            act.note(tx, whole, by, "kill_switch.revoked", str(switch_id), reason, {})
            return revoked

        return _certain(self.ledger, work)

    def _act(self) -> _Act:
        return _Act(self.ids.next(), self.clock.now())


def pull_due(ledger: Ledger, clock: Clock, ids: Ids) -> tuple[KillSwitch, ...]:
    """Pull every scheduled kill switch whose time has come; give those that were pulled."""
    now = clock.now()
    due = _certain(ledger, lambda tx: tuple(tx.risk.due_kill_switches(now)))
    pulled: list[KillSwitch] = []
    for switch in due:
        work = partial(_pull_if_due, switch=switch, act=_Act(ids.next(), now))
        if (found := _certain(ledger, work)) is not None:
            pulled.append(found)
    return tuple(pulled)


def pull_due_of(tx: LedgerTransaction, account: AccountId, now: datetime) -> tuple[KillSwitch, ...]:
    """Pull the scheduled kill switches of one account whose time has come, in a transaction."""
    due = [each for each in tx.risk.due_kill_switches(now) if each.account == account]
    if not due:
        return ()
    acts = ((switch, _Act(derived_uuid7(now, "pull", str(switch.id)), now)) for switch in due)
    found = (_pull_if_due(tx, switch, act) for switch, act in acts)
    return tuple(switch for switch in found if switch is not None)


@dataclass(frozen=True, slots=True)
class _Act:
    """One thing that somebody does: its ids are made before its transaction."""

    id: UUID
    at: datetime

    @property
    def correlation_id(self) -> CorrelationId:
        return CorrelationId(str(self.id))

    def event_id(self, name: str) -> EventId:
        return EventId(derived_uuid7(self.at, name, str(self.id)))

    def is_noted(self, tx: LedgerTransaction, account: AccountId, action: str) -> bool:
        """Say whether this was done already, in a commit that nobody saw."""
        record_id = self._record_id(action)
        # However much was noted since: the newest that is no newer than it.
        newest = tx.audit.select(account, 1, UUID(int=record_id.int + 1))
        return any(each.id == record_id for each in newest)

    def _record_id(self, action: str) -> UUID:
        return derived_uuid7(self.at, action, str(self.id))

    def note(
        self,
        tx: LedgerTransaction,
        account: Account,
        by: str,
        action: str,
        subject: str,
        reason: str,
        facts: Mapping[str, JsonValue],
    ) -> None:
        tx.audit.add(
            AuditRecord(
                id=self._record_id(action),
                tenant=account.tenant,
                account=account.id,
                at=self.at,
                who=by,
                action=action,
                subject=subject,
                reason=reason,
                facts=facts,
            )
        )


def _pull_if_due(tx: LedgerTransaction, switch: KillSwitch, act: _Act) -> KillSwitch | None:
    whole = _claimed(tx, switch.account)
    due = next((each for each in tx.risk.due_kill_switches(act.at) if each.id == switch.id), None)
    if due is not None:
        return _pull(tx, whole, due, act)
    known = _find(tx, switch.account, switch.id)
    # Pulled by this very call, whose commit went unseen; or by another one, or revoked.
    return known if known is not None and known.pulled_at == act.at else None


def _pull(tx: LedgerTransaction, whole: Account, switch: KillSwitch, act: _Act) -> KillSwitch:
    pulled = replace(switch, pulled_at=act.at)
    tx.risk.put_kill_switch(pulled)
    change = StateChange(
        account=whole.id,
        state=TradingState.HALTED,
        by=switch.by,
        reason=switch.reason,
        at=act.at,
    )
    _change_state(tx, whole, change, act)
    facts: dict[str, JsonValue] = {
        "flatten": switch.flatten,
        "due_at": switch.due_at.isoformat(),
    }
    act.note(tx, whole, switch.by, "kill_switch.pulled", str(switch.id), switch.reason, facts)
    tx.publish(
        KillSwitchPulled(
            id=act.event_id("KillSwitchPulled"),
            occurred_at=act.at,
            correlation_id=act.correlation_id,
            tenant=whole.tenant,
            account=whole.id,
            flatten=switch.flatten,
            by=switch.by,
            reason=switch.reason,
        )
    )
    return pulled


def _change_state(tx: LedgerTransaction, whole: Account, change: StateChange, act: _Act) -> None:
    known = tx.risk.trading_states(whole.id).get(change.strategy)
    before = TradingState.ACTIVE if known is None else known.state
    tx.risk.set_trading_state(change)
    subject = "account" if change.strategy is None else f"strategy {change.strategy}"
    facts: dict[str, JsonValue] = {"from": before.value, "to": change.state.value}
    act.note(tx, whole, change.by, "trading_state.set", subject, change.reason, facts)
    tx.publish(
        TradingStateChanged(
            id=act.event_id("TradingStateChanged"),
            occurred_at=act.at,
            correlation_id=act.correlation_id,
            tenant=whole.tenant,
            account=whole.id,
            strategy=change.strategy,
            state=change.state.value,
            by=change.by,
            reason=change.reason,
        )
    )


def _leave_behind(tx: LedgerTransaction, account: AccountId, at: datetime) -> None:
    acting = tx.risk.acting_kill_switches(account)
    if acting:
        raise Conflict(
            f"kill switch {acting[0].id} is still ending orders: revoke it first",
            kill_switch=str(acting[0].id),
        )
    for switch in tx.risk.kill_switches(account, _SWITCHES_READ):
        if switch.pulled_at is not None and switch.revoked_at is None:
            tx.risk.put_kill_switch(replace(switch, revoked_at=at))


def _claimed(tx: LedgerTransaction, account: AccountId) -> Account:
    whole = tx.accounts.claim(account)
    if whole.strategy is not None:
        raise Invalid("account", f"a whole account, such as {whole.root}", account)
    return whole


def _find(tx: LedgerTransaction, account: AccountId, switch_id: UUID) -> KillSwitch | None:
    switches = tx.risk.kill_switches(account, _SWITCHES_READ)
    return next((each for each in switches if each.id == switch_id), None)


def _changed(before: Limits, after: Limits) -> dict[str, JsonValue]:
    was, now = before.model_dump(mode="json"), after.model_dump(mode="json")
    fields = [field for field in now if was[field] != now[field]]
    return {"before": {each: was[each] for each in fields}, "after": {e: now[e] for e in fields}}


def _require_reason(reason: str) -> None:
    if not 0 < len(reason.strip()) <= _REASON_LIMIT:
        raise Invalid("reason", f"1 to {_REASON_LIMIT} characters that say why", reason)


def _certain(ledger: Ledger, work: Callable[[LedgerTransaction], T]) -> T:
    """Run a work whose ids were made before; a second time where the first went unseen."""
    try:
        return ledger.run(work)
    except Unknown:
        return ledger.run(work)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TypeVar

import pytest

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Unknown
from algotrendy.kernel.ids import AccountId, SeededIds, TenantId
from algotrendy.risk.limits import StrategyId, TradingState
from algotrendy.risk.records import KillSwitch
from algotrendy.trading.accounts import Account
from algotrendy.trading.ledger import AuditRecord, LedgerTransaction
from algotrendy.trading.opening import open_part
from algotrendy.trading.risk_control import RiskControl, pull_due
from fakes.memory_ledger import Fate, MemoryLedger
from fakes.order_story import START

T = TypeVar("T")

PAPER, TREND = AccountId("paper"), StrategyId("trend")


class Office:
    """An account with one strategy's part, and who watches over it."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.clock = ManualClock(START)
        self.ids = SeededIds(7, self.clock)
        self.control = RiskControl(self.ledger, self.clock, self.ids)
        account = Account(id=PAPER, tenant=TenantId("demo"), broker="alpaca", opened_at=START)
        self.ledger.run(lambda tx: tx.accounts.add(account))
        self.ledger.run(lambda tx: open_part(tx, PAPER, TREND, START))

    def change(self, notional: str, version: int = 1) -> int:
        changes = {"account": {"order_notional": notional}}
        made = self.control.change_limits(PAPER, changes, version, "rita", "smaller")
        return made.limits.version

    def state(self, strategy: StrategyId | None = None) -> TradingState:
        states = self.ledger.run(lambda tx: tx.risk.trading_states(PAPER))
        return states[strategy].state if strategy in states else TradingState.ACTIVE

    def pull(self, **more: timedelta) -> KillSwitch:
        at = self.clock.now() + more["after"] if "after" in more else None
        return self.control.pull_kill_switch(PAPER, True, "rita", "it runs wild", at)

    def switches(self) -> list[KillSwitch]:
        return list(self.ledger.run(lambda tx: tx.risk.kill_switches(PAPER)))

    def audited(self) -> list[str]:
        return [each.action for each in self.ledger.run(lambda tx: tx.audit.select(PAPER, 50))]

    def told(self) -> list[str]:
        return [event.name for event in self.ledger.published]

    def go_unseen_once(self) -> None:
        fates = iter([Fate.IS_UNSEEN])
        self.ledger.fate = lambda: next(fates, Fate.COMMITS)


@pytest.fixture
def office() -> Office:
    return Office()


def test_limits_are_changed_in_versions_and_the_old_ones_kept(office: Office) -> None:
    assert (office.change("1000"), office.change("500", 2)) == (2, 3)
    versions = office.ledger.run(lambda tx: tx.risk.limits_versions(PAPER, 10))
    assert [each.limits.account.order_notional for each in versions] == [
        Decimal(500),
        Decimal(1000),
    ]
    assert office.audited() == ["limits.changed", "limits.changed"]
    assert office.told() == ["LimitsChanged", "LimitsChanged"]


def test_the_audit_says_what_the_limits_were_and_are(office: Office) -> None:
    office.change("1000")
    (record,) = office.ledger.run(lambda tx: tx.audit.select(PAPER, 5))
    assert (record.who, record.reason) == ("rita", "smaller")
    assert record.facts["before"]["account"]["order_notional"] is None  # type: ignore[index,call-overload]
    assert record.facts["after"]["account"]["order_notional"] == "1000"  # type: ignore[index,call-overload]


def test_limits_that_somebody_else_changed_meanwhile_are_a_conflict(office: Office) -> None:
    office.change("1000")
    with pytest.raises(Conflict, match="version 2, not 1"):
        office.change("500")


def test_a_wrong_limit_names_its_field_and_changes_nothing(office: Office) -> None:
    with pytest.raises(Invalid, match=r"account\.order_notional"):
        office.change("-1")
    assert office.ledger.run(lambda tx: tx.risk.limits(PAPER)).version == 1


def test_a_change_whose_commit_went_unseen_is_made_once(office: Office) -> None:
    office.go_unseen_once()
    assert office.change("1000") == 2
    assert office.audited() == ["limits.changed"]
    assert office.told() == ["LimitsChanged"]


def test_nothing_is_changed_without_a_reason(office: Office) -> None:
    with pytest.raises(Invalid, match="reason"):
        office.control.set_trading_state(PAPER, TradingState.HALTED, "rita", " ")


def test_a_strategy_is_halted_alone(office: Office) -> None:
    office.control.set_trading_state(PAPER, TradingState.HALTED, "rita", "odd", TREND)
    assert (office.state(), office.state(TREND)) == (TradingState.ACTIVE, TradingState.HALTED)
    assert office.told() == ["TradingStateChanged"]


def test_a_strategy_without_a_part_cannot_be_halted(office: Office) -> None:
    with pytest.raises(NotFound):
        office.control.set_trading_state(
            PAPER, TradingState.HALTED, "rita", "odd", StrategyId("mean")
        )


def test_a_part_has_no_state_of_its_own_account(office: Office) -> None:
    with pytest.raises(Invalid, match="a whole account"):
        office.control.pull_kill_switch(AccountId("paper/trend"), False, "rita", "odd")


def test_the_kill_switch_halts_at_once_and_is_audited(office: Office) -> None:
    switch = office.pull()
    assert switch.is_acting
    assert office.state() is TradingState.HALTED
    assert sorted(office.audited()) == ["kill_switch.pulled", "trading_state.set"]
    assert office.told() == ["TradingStateChanged", "KillSwitchPulled"]


def test_a_kill_switch_whose_commit_went_unseen_is_pulled_once(office: Office) -> None:
    office.go_unseen_once()
    switch = office.pull()
    assert office.switches() == [switch]
    assert office.told() == ["TradingStateChanged", "KillSwitchPulled"]


def test_a_scheduled_kill_switch_waits_for_its_time(office: Office) -> None:
    switch = office.pull(after=timedelta(hours=1))
    assert not switch.is_acting
    assert pull_due(office.ledger, office.clock, office.ids) == ()
    assert office.state() is TradingState.ACTIVE
    office.clock.advance(timedelta(hours=1))
    office.go_unseen_once()
    (pulled,) = pull_due(office.ledger, office.clock, office.ids)
    assert (pulled.id, pulled.is_acting) == (switch.id, True)
    assert office.state() is TradingState.HALTED
    assert pull_due(office.ledger, office.clock, office.ids) == ()
    assert office.told() == ["TradingStateChanged", "KillSwitchPulled"]


def test_pulling_what_is_due_survives_a_commit_that_went_unseen(office: Office) -> None:
    office.pull(after=timedelta(hours=1))
    office.clock.advance(timedelta(hours=1))
    fates = iter([Fate.COMMITS, Fate.IS_UNSEEN])
    office.ledger.fate = lambda: next(fates, Fate.COMMITS)
    assert len(pull_due(office.ledger, office.clock, office.ids)) == 1
    assert office.told() == ["TradingStateChanged", "KillSwitchPulled"]


def test_a_scheduled_kill_switch_that_was_revoked_is_never_pulled(office: Office) -> None:
    switch = office.pull(after=timedelta(hours=1))
    office.control.revoke_kill_switch(PAPER, switch.id, "rita", "all is well")
    office.clock.advance(timedelta(hours=2))
    assert pull_due(office.ledger, office.clock, office.ids) == ()
    assert office.state() is TradingState.ACTIVE


def test_an_account_that_is_being_ended_cannot_trade_again_before(office: Office) -> None:
    switch = office.pull()
    with pytest.raises(Conflict, match="still ending orders"):
        office.control.set_trading_state(PAPER, TradingState.ACTIVE, "rita", "go on")
    office.control.revoke_kill_switch(PAPER, switch.id, "rita", "a false alarm")
    assert office.state() is TradingState.HALTED
    office.control.set_trading_state(PAPER, TradingState.ACTIVE, "rita", "go on")
    assert office.state() is TradingState.ACTIVE


def test_an_account_that_trades_again_has_left_its_kill_switch_behind(office: Office) -> None:
    done = replace(office.pull(), done_at=START)
    office.ledger.run(lambda tx: tx.risk.put_kill_switch(done))
    office.clock.advance(timedelta(minutes=1))
    office.control.set_trading_state(PAPER, TradingState.REDUCING, "rita", "slowly")
    assert [each.revoked_at for each in office.switches()] == [START + timedelta(minutes=1)]


def test_a_kill_switch_that_nobody_knows_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound):
        office.control.revoke_kill_switch(PAPER, office.ids.next(), "rita", "what was it?")


class Unseen:
    """A ledger whose first commit goes unseen, whereupon something happens."""

    def __init__(self, ledger: MemoryLedger, happens: Callable[[], object]) -> None:
        self.ledger, self.happens = ledger, iter([happens])

    def run(self, work: Callable[[LedgerTransaction], T]) -> T:
        found = self.ledger.run(work)
        for happens in self.happens:
            happens()
            raise Unknown("commit", "the connection broke")
        return found


def test_limits_that_went_unseen_are_known_again_however_much_was_noted_since(
    office: Office,
) -> None:
    def note() -> None:
        at = office.clock.advance(timedelta(seconds=1))
        for _ in range(30):
            record = AuditRecord(
                id=office.ids.next(),
                tenant=TenantId("demo"),
                account=PAPER,
                at=at,
                who="otto",
                action="order.place",
                subject="an order",
            )
            office.ledger.run(partial(_noted, record))

    control = RiskControl(Unseen(office.ledger, note), office.clock, office.ids)
    made = control.change_limits(PAPER, {"account": {"order_notional": "9"}}, 1, "rita", "less")
    assert made.limits.version == 2
    assert office.audited().count("limits.changed") == 1


def _noted(record: AuditRecord, tx: LedgerTransaction) -> None:
    tx.audit.add(record)


def test_a_state_that_went_unseen_takes_no_later_one_back(office: Office) -> None:
    def halt() -> None:
        office.clock.advance(timedelta(seconds=1))
        office.control.set_trading_state(PAPER, TradingState.HALTED, "otto", "stop")

    control = RiskControl(Unseen(office.ledger, halt), office.clock, office.ids)
    control.set_trading_state(PAPER, TradingState.REDUCING, "rita", "calm down")
    assert office.state() is TradingState.HALTED

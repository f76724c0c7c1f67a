"""What is sensitive about money lands in the tenant's chain, in the transaction of the act."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from algotrendy.identity.adapters.audit_trail import AuditTrail
from algotrendy.identity.audit import AuditEntry, entry_of
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import AccountId, SeededIds, TenantId
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database
from algotrendy.risk.limits import TradingState
from algotrendy.trading.accounts import Account
from algotrendy.trading.adapters.postgres import PostgresLedger
from algotrendy.trading.risk_control import RiskControl
from fakes.order_counter import ROOT, OrderCounter
from fakes.order_story import ACCOUNT, START
from fakes.risk_desk import buy

DEMO = TenantId("demo")
OTHERS = tuple(AccountId(f"other-{number}") for number in range(4))
CHANGES = {"account": {"order_notional": "500"}}


@pytest.fixture
def ledger(database: Database) -> PostgresLedger:
    made = PostgresLedger(database, Outbox())
    for name in (ACCOUNT, *OTHERS):
        account = Account(id=name, tenant=DEMO, broker="alpaca", opened_at=START)
        made.run(lambda tx, account=account: tx.accounts.add(account))  # type: ignore[misc]
    return made


@pytest.fixture
def control(ledger: PostgresLedger) -> RiskControl:
    clock = ManualClock(START)
    return RiskControl(ledger, clock, SeededIds(7, clock))


def chain(database: Database) -> list[AuditEntry]:
    assert database.run(lambda tx: AuditTrail().verify(tx, DEMO)).is_sound
    return [entry_of(each) for each in database.run(lambda tx: list(AuditTrail().links(tx, DEMO)))]


def test_limits_and_kill_switches_are_chained_in_their_order(
    database: Database, control: RiskControl
) -> None:
    control.change_limits(ACCOUNT, CHANGES, 1, "rita", "smaller")
    switch = control.pull_kill_switch(ACCOUNT, True, "rita", "it runs wild")
    control.revoke_kill_switch(ACCOUNT, switch.id, "rita", "all is well")
    control.set_trading_state(ACCOUNT, TradingState.ACTIVE, "rita", "on we go")
    told = chain(database)
    assert [each.action for each in told] == [
        "limits.changed",
        "trading_state.set",
        "kill_switch.pulled",
        "kill_switch.revoked",
        "trading_state.set",
    ]
    assert {(each.who, each.account) for each in told} == {("rita", ACCOUNT)}
    assert told[0].facts["after"]


def test_what_was_refused_is_not_in_the_chain(database: Database, control: RiskControl) -> None:
    with pytest.raises(Conflict):
        control.change_limits(ACCOUNT, CHANGES, 7, "rita", "smaller")
    assert chain(database) == []


def test_orders_stay_out_of_the_chain(database: Database) -> None:
    counter = OrderCounter(ledger=PostgresLedger(database, Outbox()))
    counter.place(buy("1"))
    assert counter.ledger.run(lambda tx: tx.audit.select(ROOT, 5))
    assert chain(database) == []


def test_switches_of_several_accounts_at_once_make_one_chain(
    database: Database, control: RiskControl
) -> None:
    with ThreadPoolExecutor(len(OTHERS)) as pool:
        pulled = list(
            pool.map(lambda name: control.pull_kill_switch(name, False, "rita", "stop"), OTHERS)
        )
    told = chain(database)
    assert len(told) == 2 * len(OTHERS)
    subjects = {each.subject for each in told if each.action == "kill_switch.pulled"}
    assert subjects == {str(each.id) for each in pulled}

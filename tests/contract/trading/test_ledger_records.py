"""What every ledger promises of accounts, leases, waits, audit, documents, prices and risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.ids import AccountId, OrderId, TenantId
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.risk.limits import Limits, StrategyId, TradingState, parse_limits
from algotrendy.risk.records import KillSwitch, LimitsVersion, Marks, StateChange
from algotrendy.trading.accounts import Account
from algotrendy.trading.folding import fold
from algotrendy.trading.ledger import AuditRecord, Document, Lease, Ledger, LedgerTransaction
from algotrendy.trading.ports import Listing, Quote
from algotrendy.trading.waits import Wait, WaitingFor
from fakes.order_story import ACCOUNT, START, Story, dollars

PART = AccountId("one/trend")
OTHER = AccountId("two")
AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
TREND = StrategyId("trend")
SECOND = timedelta(seconds=1)


def account(name: AccountId, tenant: str = "demo") -> Account:
    return Account(id=name, tenant=TenantId(tenant), broker="alpaca", opened_at=START)


def number(value: int) -> UUID:
    return UUID(int=Story().order_id.int + value)


def test_accounts_and_their_parts(ledger: Ledger) -> None:
    first, part = account(ACCOUNT), account(PART)
    names = [OTHER, PART, ACCOUNT, AccountId("one/carry"), AccountId("one-more")]
    assert ledger.run(lambda tx: [tx.accounts.add(account(each)) for each in names]) == [True] * 5
    ledger.run(lambda tx: tx.accounts.add(account(AccountId("three"), "acme")))
    changed = replace(first, leverage=Decimal(4), approval_above=dollars(1000))
    assert not ledger.run(lambda tx: tx.accounts.add(changed))
    assert ledger.run(lambda tx: tx.accounts.get(ACCOUNT)) == first
    ledger.run(lambda tx: tx.accounts.put(changed))
    assert ledger.run(lambda tx: tx.accounts.get(ACCOUNT)) == changed
    assert ledger.run(lambda tx: tx.accounts.claim(ACCOUNT)) == changed
    family = ledger.run(lambda tx: tx.accounts.family(ACCOUNT))
    assert list(family) == [changed, account(AccountId("one/carry")), part]
    of_tenant = ledger.run(lambda tx: tx.accounts.of_tenant(TenantId("demo")))
    assert [each.id for each in of_tenant] == sorted(names)
    assert list(ledger.run(lambda tx: tx.accounts.of_tenant(TenantId("none")))) == []


def test_an_account_that_is_not_there(ledger: Ledger) -> None:
    ledger.run(lambda tx: tx.accounts.add(account(PART)))
    for work in (
        lambda tx: tx.accounts.get(ACCOUNT),
        lambda tx: tx.accounts.put(account(ACCOUNT)),
        lambda tx: tx.accounts.family(ACCOUNT),
        lambda tx: tx.accounts.claim(ACCOUNT),
    ):
        with pytest.raises(NotFound):
            ledger.run(work)


def test_an_account_is_read_again_as_it_was_put_in_the_same_transaction(ledger: Ledger) -> None:
    ledger.run(lambda tx: tx.accounts.add(account(ACCOUNT)))
    changed = replace(account(ACCOUNT), leverage=Decimal(2))

    def work(tx: Any) -> list[Account]:
        before = tx.accounts.get(ACCOUNT)
        tx.accounts.put(changed)
        return [before, tx.accounts.get(ACCOUNT), tx.accounts.claim(ACCOUNT)]

    assert ledger.run(work) == [account(ACCOUNT), changed, changed]


def test_leases(ledger: Ledger) -> None:
    lease = Lease("execution:one", "a", 1, START)
    assert ledger.run(lambda tx: tx.leases.get("execution:one")) is None
    ledger.run(lambda tx: tx.leases.put(lease))
    later = Lease("execution:one", "b", 2, START + SECOND)
    ledger.run(lambda tx: tx.leases.put(Lease("execution:two", "c", 9, START)))
    assert ledger.run(lambda tx: tx.leases.get("execution:one")) == lease
    ledger.run(lambda tx: tx.leases.put(later))
    assert ledger.run(lambda tx: tx.leases.get("execution:one")) == later


def an_order(ledger: Ledger, seed: int = 1, owner: AccountId = ACCOUNT) -> OrderId:
    intended = replace(Story(seed=seed).intended, account=owner)
    order = fold([intended])
    ledger.run(lambda tx: tx.orders.store(order, [intended]))
    return order.id


def test_every_token_of_a_purpose_waits_until_it_is_answered(ledger: Ledger) -> None:
    order, kin, stranger = an_order(ledger), an_order(ledger, 2, PART), an_order(ledger, 3, OTHER)
    first = Wait(order, WaitingFor.SUBMISSION, "t1", START)
    newer = replace(first, token="t2", at=START + SECOND)
    end = Wait(order, WaitingFor.END, "t3", START)
    others = [Wait(kin, WaitingFor.END, "t4", START), Wait(stranger, WaitingFor.END, "t5", START)]
    with pytest.raises(NotFound):
        ledger.run(lambda tx: tx.waits.put(replace(first, order_id=OrderId(number(99)))))

    def put(*waits: Wait) -> None:
        for wait in waits:
            ledger.run(lambda tx, wait=wait: tx.waits.put(wait))  # type: ignore[misc]

    def of(order_id: OrderId) -> Sequence[Wait]:
        return sorted(ledger.run(lambda tx: tx.waits.of(order_id)), key=lambda each: each.token)

    # A clock that is behind tells the same of a token that came later.
    put(newer, first, first, end, *others)
    assert of(order) == [first, newer, end]
    every = ledger.run(lambda tx: tx.waits.all(ACCOUNT))
    assert sorted(wait.token for wait in every) == ["t1", "t2", "t3", "t4"]
    for _ in range(2):
        ledger.run(lambda tx: tx.waits.end(first))
        assert of(order) == [newer, end]
    put(first)
    assert of(order) == [first, newer, end]


def test_the_audit_is_added_to_and_listed_newest_first(ledger: Ledger) -> None:
    def record(value: int, owner: AccountId = ACCOUNT, **facts: Any) -> AuditRecord:
        return AuditRecord(
            id=number(value),
            tenant=TenantId("demo"),
            account=owner,
            at=START,
            who="ada",
            action="place",
            subject="order 1",
            facts=facts,
        )

    records = [record(2, PART), record(1, quantity="10"), record(3, OTHER), record(4)]
    for each in records:
        ledger.run(lambda tx, each=each: tx.audit.add(each))  # type: ignore[misc]
    ledger.run(lambda tx: tx.audit.add(replace(records[1], reason="again")))

    def listed(owner: AccountId, limit: int = 9, before: int | None = None) -> Sequence[Any]:
        last = None if before is None else number(before)
        return list(ledger.run(lambda tx: tx.audit.select(owner, limit, last)))

    assert listed(ACCOUNT) == [records[3], records[0], records[1]]
    assert listed(ACCOUNT, limit=1) == [records[3]]
    assert listed(ACCOUNT, before=2) == [records[1]]
    assert listed(PART) == [records[0]]


def test_documents_are_kept_by_kind_and_account(ledger: Ledger) -> None:
    def document(value: int, owner: AccountId = ACCOUNT, kind: str = "parent") -> Document:
        return Document(
            kind=kind, id=number(value), account=owner, at=START, is_open=True, body={"n": [value]}
        )

    kept = [document(1), document(2, PART), document(3, OTHER), document(2, kind="protection")]
    for each in kept:
        ledger.run(lambda tx, each=each: tx.documents.put(each))  # type: ignore[misc]
    done = replace(kept[0], is_open=False, body={"n": None})
    ledger.run(lambda tx: tx.documents.put(done))
    assert ledger.run(lambda tx: tx.documents.find("parent", number(1))) == done
    assert ledger.run(lambda tx: tx.documents.find("protection", number(1))) is None

    def listed(kind: str = "parent", limit: int = 9, **only: Any) -> list[Document]:
        return list(ledger.run(lambda tx: tx.documents.select(kind, ACCOUNT, limit, **only)))

    assert listed() == [kept[1], done]
    assert listed(limit=1) == [kept[1]]
    assert listed(before=number(2)) == [done]
    assert listed(only_open=True) == [kept[1]]
    assert listed("protection") == [kept[3]]
    assert listed("reconciliation") == []


def test_a_document_is_not_shared_with_who_wrote_it(ledger: Ledger) -> None:
    body: dict[str, Any] = {"sent": 1}
    mine = Document(kind="parent", id=number(1), account=ACCOUNT, at=START, is_open=True, body=body)
    ledger.run(lambda tx: tx.documents.put(mine))
    body["sent"] = 2
    found = ledger.run(lambda tx: tx.documents.find("parent", number(1)))
    assert found is not None
    assert found.body == {"sent": 1}


def test_the_newest_quote_counts(ledger: Ledger) -> None:
    def quote(symbol: Symbol, last: int, at: int) -> Quote:
        price = Decimal(last)
        return Quote(symbol=symbol, bid=None, ask=price, last=price, at=START + at * SECOND)

    ledger.run(lambda tx: tx.market.put_quotes(ACCOUNT, []))
    ledger.run(lambda tx: tx.market.put_quotes(ACCOUNT, [quote(AAPL, 10, 5), quote(MSFT, 20, 5)]))
    ledger.run(lambda tx: tx.market.put_quotes(ACCOUNT, [quote(AAPL, 11, 4), quote(MSFT, 21, 6)]))
    both = [AAPL, MSFT, Symbol("TSLA")]
    found = {AAPL: quote(AAPL, 10, 5), MSFT: quote(MSFT, 21, 6)}
    assert ledger.run(lambda tx: tx.market.quotes(ACCOUNT, both)) == found
    ledger.run(lambda tx: tx.market.put_quotes(ACCOUNT, [quote(AAPL, 13, 7), quote(AAPL, 12, 6)]))
    assert ledger.run(lambda tx: tx.market.quotes(ACCOUNT, [AAPL]))[AAPL].last == 13
    assert ledger.run(lambda tx: tx.market.quotes(ACCOUNT, [])) == {}


def test_wanted_symbols_are_those_of_late(ledger: Ledger) -> None:
    ledger.run(lambda tx: tx.market.want(ACCOUNT, [], START))
    ledger.run(lambda tx: tx.market.want(ACCOUNT, [AAPL, MSFT, AAPL], START))
    ledger.run(lambda tx: tx.market.want(ACCOUNT, [MSFT], START + SECOND))
    ledger.run(lambda tx: tx.market.want(ACCOUNT, [MSFT], START))
    assert list(ledger.run(lambda tx: tx.market.wanted(ACCOUNT, START))) == [AAPL, MSFT]
    assert list(ledger.run(lambda tx: tx.market.wanted(ACCOUNT, START + SECOND))) == [MSFT]


def test_listings_are_kept_as_they_are_now(ledger: Ledger) -> None:
    listing = Listing(
        symbol=AAPL,
        asset_class=AssetClass.EQUITY,
        is_tradable=True,
        is_shortable=True,
        is_fractionable=False,
        price_increment=Decimal("0.01"),
        at=START,
    )
    ledger.run(lambda tx: tx.market.put_listings(ACCOUNT, []))
    ledger.run(lambda tx: tx.market.put_listings(ACCOUNT, [listing]))
    halted = replace(listing, is_tradable=False)
    ledger.run(lambda tx: tx.market.put_listings(ACCOUNT, [halted, replace(listing, symbol=MSFT)]))
    assert ledger.run(lambda tx: tx.market.listings(ACCOUNT, [AAPL, Symbol("TSLA")])) == {
        AAPL: halted
    }
    assert ledger.run(lambda tx: tx.market.listings(ACCOUNT, [])) == {}


def test_each_account_has_a_market_of_its_own(ledger: Ledger) -> None:
    def quote(last: int, at: int) -> Quote:
        price = Decimal(last)
        return Quote(symbol=AAPL, bid=price, ask=price, last=price, at=START + at * SECOND)

    def listing(*, is_tradable: bool) -> Listing:
        return Listing(
            symbol=AAPL,
            asset_class=AssetClass.EQUITY,
            is_tradable=is_tradable,
            is_shortable=is_tradable,
            is_fractionable=True,
            price_increment=None,
            at=START,
        )

    def put(tx: LedgerTransaction) -> None:
        tx.market.put_quotes(ACCOUNT, [quote(100, 5)])
        tx.market.put_quotes(OTHER, [quote(187, 9)])
        tx.market.put_quotes(ACCOUNT, [quote(101, 6)])
        tx.market.put_listings(ACCOUNT, [listing(is_tradable=True)])
        tx.market.put_listings(OTHER, [listing(is_tradable=False)])
        tx.market.want(OTHER, [AAPL], START)

    ledger.run(put)

    def look(root: AccountId) -> tuple[Any, ...]:
        return ledger.run(
            lambda tx: (
                dict(tx.market.quotes(root, [AAPL])),
                dict(tx.market.listings(root, [AAPL])),
                list(tx.market.wanted(root, START)),
            )
        )

    assert look(ACCOUNT) == ({AAPL: quote(101, 6)}, {AAPL: listing(is_tradable=True)}, [])
    assert look(OTHER) == ({AAPL: quote(187, 9)}, {AAPL: listing(is_tradable=False)}, [AAPL])
    assert look(AccountId("three")) == ({}, {}, [])


def test_limits_in_their_versions(ledger: Ledger) -> None:
    def version(count: int) -> LimitsVersion:
        limits = parse_limits({"version": count, "account": {"daily_loss": str(count * 100)}})
        return LimitsVersion(account=ACCOUNT, limits=limits, by="ada", reason="so", at=START)

    assert ledger.run(lambda tx: tx.risk.limits(ACCOUNT)) == Limits(version=1)
    assert list(ledger.run(lambda tx: tx.risk.limits_versions(ACCOUNT, 5))) == []
    for count in (2, 3, 4):
        added = version(count)
        ledger.run(lambda tx, added=added: tx.risk.add_limits(added))  # type: ignore[misc]
    with pytest.raises(Conflict):
        ledger.run(lambda tx: tx.risk.add_limits(replace(version(4), by="bob")))
    assert ledger.run(lambda tx: tx.risk.limits(ACCOUNT)) == version(4).limits
    listed = ledger.run(lambda tx: tx.risk.limits_versions(ACCOUNT, 2))
    assert list(listed) == [version(4), version(3)]
    assert list(ledger.run(lambda tx: tx.risk.limits_versions(ACCOUNT, 5, 3))) == [version(2)]
    assert ledger.run(lambda tx: tx.risk.limits(OTHER)) == Limits(version=1)


def test_trading_states_and_marks_by_strategy(ledger: Ledger) -> None:
    halted = StateChange(
        account=ACCOUNT, state=TradingState.HALTED, by="ada", reason="so", at=START
    )
    trend = replace(halted, strategy=TREND, state=TradingState.REDUCING)
    active = replace(halted, state=TradingState.ACTIVE, at=START + SECOND)
    assert ledger.run(lambda tx: tx.risk.trading_states(ACCOUNT)) == {}
    for change in (halted, trend, active, replace(halted, account=OTHER)):
        ledger.run(lambda tx, change=change: tx.risk.set_trading_state(change))  # type: ignore[misc]
    assert ledger.run(lambda tx: tx.risk.trading_states(ACCOUNT)) == {None: active, TREND: trend}

    marks = Marks(account=ACCOUNT, day=START.date(), day_start=Decimal(100), peak=Decimal(120))
    part = replace(marks, strategy=TREND, peak=Decimal(60))
    risen = replace(marks, peak=Decimal(130))
    assert ledger.run(lambda tx: tx.risk.marks(ACCOUNT)) == {}
    for each in (marks, part, risen, replace(marks, account=OTHER)):
        ledger.run(lambda tx, each=each: tx.risk.put_marks(each))  # type: ignore[misc]
    assert ledger.run(lambda tx: tx.risk.marks(ACCOUNT)) == {None: risen, TREND: part}


def test_kill_switches_from_the_wish_to_the_end(ledger: Ledger) -> None:
    now = KillSwitch(
        id=number(1),
        account=ACCOUNT,
        flatten=True,
        by="ada",
        reason="so",
        asked_at=START,
        due_at=START,
        pulled_at=START,
    )
    later = replace(
        now, id=number(2), asked_at=START + SECOND, due_at=START + 9 * SECOND, pulled_at=None
    )
    elsewhere = replace(later, id=number(3), account=OTHER, due_at=START + 8 * SECOND)

    def put(switch: KillSwitch) -> None:
        ledger.run(lambda tx: tx.risk.put_kill_switch(switch))

    def due(second: int) -> list[KillSwitch]:
        return list(ledger.run(lambda tx: tx.risk.due_kill_switches(START + second * SECOND)))

    def acting() -> list[KillSwitch]:
        return list(ledger.run(lambda tx: tx.risk.acting_kill_switches(ACCOUNT)))

    for switch in (now, later, elsewhere):
        put(switch)
    assert list(ledger.run(lambda tx: tx.risk.kill_switches(ACCOUNT))) == [later, now]
    assert list(ledger.run(lambda tx: tx.risk.kill_switches(ACCOUNT, 1))) == [later]
    assert due(7) == []
    assert due(9) == [elsewhere, later]
    assert acting() == [now]
    pulled = replace(later, pulled_at=START + 9 * SECOND)
    put(pulled)
    put(replace(elsewhere, revoked_at=START))
    assert due(9) == []
    assert acting() == [pulled, now]
    put(replace(now, done_at=START + SECOND))
    assert acting() == [pulled]

"""Accounts, positions and what happened, over HTTP: a ledger in memory."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from algotrendy.kernel.ids import AccountId, TenantId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Money
from algotrendy.trading import entries
from algotrendy.trading.accounts import Account
from algotrendy.trading.journal import Units
from algotrendy.trading.ledger import Document
from fakes.identity import signed
from fakes.order_counter import AAPL, MSFT, NOON, ROOT, USD
from fakes.risk_desk import buy, sell
from fakes.trading_api import TradingApi, problem, wrong_fields

KEY = {"Idempotency-Key": "key-1"}
PART: dict[str, Any] = {"account": "paper", "strategy": "trend", "cash": "10000"}


@pytest.fixture
def api() -> TradingApi:
    return TradingApi()


def accounts(api: TradingApi) -> dict[str, dict[str, Any]]:
    found = api.client("viewer").get("/v1/accounts").json()["accounts"]
    return {each["id"]: each for each in found}


def test_a_tenant_sees_its_accounts_and_nobody_elses(api: TradingApi) -> None:
    other = Account(id=AccountId("fund"), tenant=TenantId("rival"), broker="alpaca", opened_at=NOON)
    api.ledger.run(lambda tx: tx.accounts.add(other))
    assert list(accounts(api)) == ["paper"]
    rival = api.client("admin", tenant="rival").get("/v1/accounts").json()
    assert [each["id"] for each in rival["accounts"]] == ["fund"]


def test_a_part_gets_its_cash_and_the_whole_stays_the_same(api: TradingApi) -> None:
    answer = api.client("risk_manager").post("/v1/accounts", json=PART, headers=KEY)
    assert answer.status_code == 201, answer.text
    part = answer.json()
    assert (part["id"], part["account"], part["strategy"]) == ("paper/trend", "paper", "trend")
    assert (part["cash"], part["whole"]) == ("10000", None)
    found = accounts(api)
    assert found["paper"]["cash"] == "90000"
    assert found["paper"]["whole"]["cash"] == "100000"


def test_a_part_asked_for_again_under_its_key_is_made_once(api: TradingApi) -> None:
    for _ in range(2):
        answer = api.client("risk_manager").post(
            "/v1/accounts", json=PART, headers={"Idempotency-Key": "part-1"}
        )
        assert (answer.status_code, answer.json()["cash"]) == (201, "10000")


def test_a_part_with_other_terms_than_it_has_is_a_conflict(api: TradingApi) -> None:
    api.client("risk_manager").post("/v1/accounts", json=PART, headers=KEY)
    other = {"account": "paper", "strategy": "trend", "lot_method": "lifo"}
    problem(api.client("risk_manager").post("/v1/accounts", json=other, headers=KEY), 409)


def test_cash_goes_back_and_is_moved_once_under_a_key(api: TradingApi) -> None:
    manager = api.client("risk_manager")
    manager.post("/v1/accounts", json=PART, headers=KEY)
    back = {"source": "paper/trend", "target": "paper", "amount": "2500", "reason": "less risk"}
    for _ in range(2):
        answer = manager.post("/v1/transfers", json=back, headers={"Idempotency-Key": "t-1"})
        assert answer.status_code == 201, answer.text
        assert answer.json()["source"]["cash"] == "7500"
        assert answer.json()["target"]["cash"] == "92500"
    records = api.client().get("/v1/audit?account=paper").json()["records"]
    assert (records[0]["action"], records[0]["reason"]) == ("cash.transfer", "less risk")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"target": "paper/trend"}, "target"),
        ({"target": "elsewhere/x y"}, "target"),
        ({"amount": "0"}, "amount"),
        ({"amount": 2.5}, "amount"),
        ({"why": "x"}, "why"),
    ],
)
def test_a_bad_transfer_names_its_field(
    api: TradingApi, change: dict[str, Any], field: str
) -> None:
    manager = api.client("risk_manager")
    manager.post("/v1/accounts", json=PART, headers=KEY)
    body = {"source": "paper/trend", "target": "paper", "amount": "1", **change}
    assert wrong_fields(manager.post("/v1/transfers", json=body, headers=KEY)) == [field]


def test_more_cash_than_there_is_is_refused_with_what_there_is(api: TradingApi) -> None:
    found = problem(
        api.client("risk_manager").post(
            "/v1/accounts", json={**PART, "cash": "100001"}, headers=KEY
        ),
        409,
    )
    assert (found["limit"], found["actual"]) == ("100000 USD", "100001 USD")
    assert list(accounts(api)) == ["paper"]


def test_positions_have_their_lots_value_and_profit(api: TradingApi) -> None:
    api.counter.trade(buy("10"), price=100)
    api.counter.clock.advance(timedelta(seconds=1))
    api.counter.trade(buy("5"), price=104)
    api.counter.quote(AAPL, "110")
    [held] = api.client("viewer").get("/v1/positions?account=paper").json()["positions"]
    assert (held["symbol"], held["quantity"], held["cost"]) == ("AAPL", "15", "1520")
    assert (held["price"], held["value"], held["unrealised"]) == ("110", "1650", "130")
    assert [(lot["quantity"], lot["cost"]) for lot in held["lots"]] == [
        ("10", "1000"),
        ("5", "520"),
    ]
    whole = accounts(api)["paper"]
    assert (whole["cash"], whole["value"], whole["equity"]) == ("98480", "1650", "100130")


def test_positions_of_parts_stand_by_themselves(api: TradingApi) -> None:
    part = api.counter.part("trend", 5000)
    api.counter.trade(buy("3"), account=part)
    api.counter.trade(buy("2", symbol=MSFT), price=50)
    client = api.client()

    def held(query: str) -> list[tuple[str, str]]:
        found = client.get(f"/v1/positions?{query}").json()["positions"]
        return [(each["account"], each["symbol"]) for each in found]

    assert held("account=paper") == [("paper", "MSFT"), ("paper/trend", "AAPL")]
    assert held("account=paper/trend") == [("paper/trend", "AAPL")]
    assert held("account=paper&symbol=MSFT") == [("paper", "MSFT")]


def test_a_symbol_without_a_price_is_said_to_have_none(api: TradingApi) -> None:
    units = Units(Decimal(5), Symbol("NVDA"))
    cost = Money(Decimal(900), USD)
    entry = entries.correction(ROOT, "gift", NOON, "found", units=units, cost=cost)
    api.ledger.run(lambda tx: tx.books.post(entry))
    [held] = api.client().get("/v1/positions?account=paper").json()["positions"]
    assert (held["price"], held["value"], held["unrealised"]) == (None, None, None)
    assert accounts(api)["paper"]["unpriced"] == ["NVDA"]


def test_fills_are_listed_newest_first_with_their_order(api: TradingApi) -> None:
    first = api.counter.trade(buy("10"), price=100)
    api.counter.clock.advance(timedelta(seconds=1))
    second = api.counter.trade(sell("4"), price=101)
    page = api.client("viewer").get("/v1/fills?account=paper&limit=1").json()
    assert [each["order_id"] for each in page["fills"]] == [str(second.id)]
    [sold] = page["fills"]
    assert (sold["side"], sold["quantity"], sold["price"], sold["notional"]) == (
        "sell",
        "4",
        "101",
        "404",
    )
    rest = {"account": "paper", "limit": 1, "cursor": page["next_cursor"]}
    [bought] = api.client().get("/v1/fills", params=rest).json()["fills"]
    assert (bought["order_id"], bought["is_busted"]) == (str(first.id), False)


def test_an_execution_that_was_told_otherwise_is_listed_as_it_is_now(api: TradingApi) -> None:
    counter = api.counter
    order = counter.accept(counter.place(buy("10")))
    for price in (100, 101):
        counter.executions = 0
        counter.fill(order, 4, price)
    fills = api.client().get("/v1/fills?account=paper").json()["fills"]
    assert [(each["execution_id"], each["price"]) for each in fills] == [("e1", "101")]


def test_closed_lots_tell_what_each_sale_realised(api: TradingApi) -> None:
    api.counter.trade(buy("10"), price=100)
    api.counter.trade(sell("4"), price=101)
    [lot] = api.client().get("/v1/closed-lots?account=paper").json()["lots"]
    assert (lot["symbol"], lot["quantity"], lot["profit"]) == ("AAPL", "4", "4")


def test_the_journal_sums_to_zero_and_is_filtered_by_kind(api: TradingApi) -> None:
    api.counter.trade(buy("10"), price=100)
    found = api.client().get("/v1/activities?account=paper").json()["activities"]
    assert {each["kind"] for each in found} == {"deposit", "hold", "fill"}
    for entry in found:
        sums: dict[str, Decimal] = {}
        for posting in entry["postings"]:
            name = posting["currency"] or posting["symbol"]
            sums[name] = sums.get(name, Decimal(0)) + Decimal(posting["amount"])
        assert not any(sums.values())
    path = "/v1/activities?account=paper&kind=fill&kind=deposit"
    kinds = [each["kind"] for each in api.client().get(path).json()["activities"]]
    assert sorted(kinds) == ["deposit", "fill"]
    assert wrong_fields(api.client().get("/v1/activities?account=paper&kind=gift")) == ["kind.0"]


def test_reconciliations_are_listed_and_filtered(api: TradingApi) -> None:
    def note(n: int, is_open: bool) -> Document:
        return Document(
            kind="reconciliation",
            id=UUID(f"01936b1e-0000-7000-8000-00000000000{n}"),
            account=ROOT,
            at=NOON,
            is_open=is_open,
            body={"kind": "cash", "ours": "1", "theirs": "2"},
        )

    for each in (note(1, is_open=False), note(2, is_open=True)):
        _keep(api, each)
    client = api.client("viewer")
    found = client.get("/v1/reconciliations?account=paper").json()["reconciliations"]
    assert [each["is_open"] for each in found] == [True, False]
    assert found[0]["report"]["theirs"] == "2"
    path = "/v1/reconciliations?account=paper&open=true"
    assert len(client.get(path).json()["reconciliations"]) == 1


def _keep(api: TradingApi, document: Document) -> None:
    api.ledger.run(lambda tx: tx.documents.put(document))


READS = ("positions", "fills", "activities", "closed-lots", "reconciliations", "audit")
WRITES = (
    ("/v1/accounts", PART),
    ("/v1/transfers", {"source": "paper", "target": "paper/trend", "amount": "1"}),
)


@pytest.mark.parametrize("name", READS)
def test_another_tenant_reads_nothing(api: TradingApi, name: str) -> None:
    api.counter.trade(buy("1"))
    problem(api.client("admin", tenant="rival").get(f"/v1/{name}?account=paper"), 404)


@pytest.mark.parametrize(("path", "body"), WRITES)
def test_another_tenant_and_a_trader_change_nothing(
    api: TradingApi, path: str, body: dict[str, Any]
) -> None:
    api.counter.part("trend", 100)
    problem(api.client("admin", tenant="rival").post(path, json=body, headers=KEY), 404)
    problem(api.client("trader").post(path, json=body, headers=KEY), 403)


@pytest.mark.parametrize(("path", "body"), WRITES)
def test_what_moves_cash_needs_a_key(api: TradingApi, path: str, body: dict[str, Any]) -> None:
    answer = api.client("risk_manager").post(path, json=body)
    assert wrong_fields(answer) == ["idempotency-key"]


@pytest.mark.parametrize("name", [*READS, "accounts"])
def test_every_list_refuses_a_forged_token(api: TradingApi, name: str) -> None:
    forged = signed(api.issuer.claims("tenant:demo", "role:admin"), number=2)
    problem(api.client(token=forged).get(f"/v1/{name}?account=paper"), 401)


@pytest.mark.parametrize("name", READS)
def test_every_list_needs_an_account(api: TradingApi, name: str) -> None:
    assert wrong_fields(api.client().get(f"/v1/{name}")) == ["account"]


@pytest.mark.parametrize(("field", "sum_"), [("cash", "-100"), ("approval_above", "-1")])
def test_a_part_with_a_sum_below_zero_is_refused_by_its_name(
    api: TradingApi, field: str, sum_: str
) -> None:
    answer = api.client("risk_manager").post(
        "/v1/accounts", json={**PART, field: sum_}, headers=KEY
    )
    assert wrong_fields(answer) == [field]
    assert list(accounts(api)) == ["paper"]


@pytest.mark.parametrize("field", ["strategy", "reason"])
def test_text_that_no_database_keeps_is_refused(api: TradingApi, field: str) -> None:
    answer = api.client("risk_manager").post(
        "/v1/accounts", json={**PART, field: "a\x00b"}, headers=KEY
    )
    assert wrong_fields(answer) == [field]


def test_a_time_that_is_none_in_utc_is_refused(api: TradingApi) -> None:
    since = "0001-01-01T00:00:00%2B14:00"
    answer = api.client().get(f"/v1/closed-lots?account=paper&since={since}")
    assert wrong_fields(answer) == ["since"]

"""What a campaign of chaos draws, finds, and fails on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from chaos.campaign import Total
from chaos.checks import CLOCKS_APART, LONGEST_WAY, Asked, Found, Json, look
from chaos.plan import Target, Wish, plan_of
from chaos.run import Result, breaches

SINCE = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@dataclass
class TwoBooks:
    """Is a ``Witness`` of a few orders."""

    ours: list[Json] = field(default_factory=list)
    theirs: dict[str, list[Json]] = field(default_factory=dict)
    sliced: list[Json] = field(default_factory=list)
    slices: list[Json] = field(default_factory=list)
    asked_since: list[datetime | None] = field(default_factory=list)

    def orders(self, since: datetime | None) -> Iterable[Json]:
        self.asked_since.append(since)
        return self.ours

    def parents(self) -> Sequence[Json]:
        return self.sliced

    def children(self, parent_id: str) -> Sequence[Json]:
        return self.slices

    def orders_at_broker(self, since: datetime | None) -> Mapping[str, list[Json]]:
        self.asked_since.append(since)
        return self.theirs

    def positions(self) -> Sequence[Json]:
        return []

    def positions_at_broker(self) -> Mapping[str, Decimal]:
        return {}

    def cash(self) -> Decimal:
        return Decimal(1)

    def cash_at_broker(self) -> Decimal:
        return Decimal(1)

    def verify(self) -> str:
        return ""


def order(name: str, **other: Any) -> Json:
    known = {
        "id": f"id-{name}",
        "client_order_id": name,
        "status": "filled",
        "reason": "",
        "is_settled": True,
        "held": "0",
        "filled_quantity": "5",
        "broker_order_ids": [f"b-{name}"],
    }
    return known | other


def at_broker(name: str, filled: str = "5", status: str = "filled") -> list[Json]:
    return [{"id": f"b-{name}", "client_order_id": name, "status": status, "filled_qty": filled}]


def asked(orders: Mapping[str, str | None], **parents: str) -> Asked:
    return Asked(SINCE, orders, {name: (f"id-{name}", Decimal(q)) for name, q in parents.items()})


def parent(name: str, **other: Any) -> Json:
    return {
        "id": f"id-{name}",
        "client_order_id": name,
        "is_open": False,
        "state": "filled",
        "reason": "",
        "filled": "10",
    } | other


def test_a_campaign_without_an_attack_proves_nothing() -> None:
    total = Total()
    total.add(Result(1))
    assert not total.is_wrong
    assert total.shortcomings == ["no order was accepted", "nothing was killed"]
    total.add(Result(2, kills=1, orders=1))
    assert total.shortcomings == []
    total.add(Result(3, unforeseen=2))
    assert "2 orders were refused" in total.shortcomings[0]


def test_the_last_line_says_what_was_found() -> None:
    total = Total()
    total.add(Result(1, kills=3, orders=2, found=Found(lost=["a"], unbalanced=["b"])))
    assert total.is_wrong
    assert str(total) == "chaos: 1 runs, 3 kills, 1 lost, 0 duplicated, 1 unbalanced"


def test_seeds_draw_every_kind_of_order_and_every_target() -> None:
    plans = [plan_of(seed) for seed in range(400)]
    kinds = Counter((each.side, each.kind) for plan in plans for each in plan.wishes)
    for kind in ("market", "limit", "resting", "bracket", "twap", "iceberg"):
        assert kinds["buy", kind] > 5
    for kind in ("market", "limit", "resting", "oco"):
        assert kinds["sell", kind] > 5
    assert {kill.target for plan in plans for kill in plan.kills} == set(Target)
    assert any(each.change_at_s for plan in plans for each in plan.wishes)


def test_only_what_is_held_is_sold_and_nobody_buys_it_meanwhile() -> None:
    for plan in map(plan_of, range(400)):
        for wish in plan.wishes:
            if wish.side == "sell":
                assert plan.holding is not None
                assert wish.symbol == plan.holding.symbol
                assert Decimal(wish.quantity) <= Decimal(plan.holding.quantity)
            else:
                assert plan.holding is None or wish.symbol != plan.holding.symbol
        is_aimed_at = any(kill.target is Target.SECOND for kill in plan.kills)
        assert plan.is_paired or not is_aimed_at


def test_what_rests_is_ended_after_it_was_changed() -> None:
    for wish in (each for seed in range(400) for each in plan_of(seed).wishes):
        if wish.kind in ("resting", "oco"):
            assert wish.cancel_at_s is not None
            assert wish.at_s < (wish.change_at_s or wish.cancel_at_s) <= wish.cancel_at_s


def test_only_a_market_order_beside_a_bracket_may_be_a_wash_trade() -> None:
    def wish(name: str, kind: str, symbol: str = "AAPL") -> Wish:
        return Wish(0, name, symbol, "buy", kind, "1")

    market, bracket, limit = wish("a", "market"), wish("b", "bracket"), wish("c", "limit")
    plan = plan_of(1)
    plan = type(plan)(1, (market, bracket, limit, wish("d", "market", "IBM")), (), {})
    assert [plan.may_wash(each) for each in plan.wishes] == [True, False, False, False]


def test_the_orders_of_a_run_are_looked_at_alone_until_the_whole_account_is() -> None:
    world = TwoBooks([order("a")], {"a": at_broker("a")})
    assert not look(world, asked({"a": "id-a"})).wrong
    assert not look(world, asked({"a": "id-a"}), whole=True, money=True).wrong
    there = SINCE - CLOCKS_APART
    assert world.asked_since == [there - LONGEST_WAY, there, None, None]


@pytest.mark.parametrize(
    ("ours", "theirs", "law"),
    [
        ([], {}, "lost"),
        ([order("a")], {"a": at_broker("a") * 2}, "duplicated"),
        ([order("a"), order("a", id="2")], {"a": at_broker("a")}, "duplicated"),
        ([order("a")], {"a": at_broker("a", "4")}, "duplicated"),
        ([order("a")], {"a": at_broker("a", "6")}, "lost"),
        ([order("a", is_settled=False)], {"a": at_broker("a")}, "lost"),
        ([order("a", held="1")], {"a": at_broker("a")}, "unbalanced"),
        ([order("a", status="canceled")], {"a": at_broker("a")}, "lost"),
    ],
)
def test_what_is_wrong_with_an_order_is_found(
    ours: list[Json], theirs: dict[str, list[Json]], law: str
) -> None:
    found = look(TwoBooks(ours, theirs), asked({"a": "id-a"}))
    assert getattr(found, law)


def test_slices_beyond_the_quantity_of_their_parent_are_found() -> None:
    slices = [order("p-1"), order("p-2", filled_quantity="6")]
    theirs = {"p-1": at_broker("p-1"), "p-2": at_broker("p-2", "6")}
    world = TwoBooks(slices, theirs, [parent("p", filled="11")], slices)
    assert not look(world, asked({}, p="11")).wrong
    assert look(world, asked({}, p="10")).duplicated == ["slices of p filled 11 of 10"]


@pytest.mark.parametrize(
    ("parents", "law"),
    [
        ([], "lost"),
        ([parent("p", is_open=True, state="working")], "lost"),
        ([parent("p", filled="9")], "lost"),
        ([parent("p"), parent("p", id="2")], "duplicated"),
    ],
)
def test_what_is_wrong_with_a_parent_order_is_found(parents: list[Json], law: str) -> None:
    slices = [order("p-1"), order("p-2")]
    theirs = {each["client_order_id"]: at_broker(each["client_order_id"]) for each in slices}
    found = look(TwoBooks(slices, theirs, parents, slices), asked({}, p="10"))
    assert getattr(found, law)


def test_a_refusal_names_the_limits_that_speak_against_the_order() -> None:
    body = {"breaches": [{"limit": "wash_trade"}, {"limit": "last_price"}]}
    assert breaches(httpx.Response(409, json=body)) == {"wash_trade", "last_price"}
    assert breaches(httpx.Response(502, text="<html>")) == set()

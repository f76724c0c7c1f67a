"""What holds for the venue whatever its customers and its market do."""

from __future__ import annotations

from collections import defaultdict
from copy import deepcopy
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.exchange.venue.model import ActivityType, Order, UpdateEvent
from algotrendy.exchange.venue.refusal import Refused
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.exchange.venue.venue import Venue
from algotrendy.kernel.order import OrderClass, OrderType
from algotrendy.kernel.order_status import OrderStatus
from algotrendy.market_data.calendar import us_equities
from unit.exchange.venue.house import ASSETS, NOON, House, request

TICK = Decimal("0.01")
SAME_STATE = (UpdateEvent.RESTATED, UpdateEvent.TRADE_BUST)
FILLS = (UpdateEvent.FILL, UpdateEvent.PARTIAL_FILL)


@dataclass(frozen=True)
class Say:
    """One thing that somebody does: its kind, and what it needs."""

    kind: str
    who: int = 0
    facts: tuple[Any, ...] = ()


cents = st.integers(min_value=9_500, max_value=10_500)
people = st.integers(min_value=0, max_value=1)
sizes = st.one_of(st.integers(1, 40).map(str), st.sampled_from(["0.5", "1.25", "7.000000001"]))
sides = st.sampled_from(["buy", "sell"])
lives = st.sampled_from(["day", "gtc", "ioc", "fok", "opg", "cls"])
kinds = st.sampled_from(["market", "limit", "stop", "stop_limit", "trailing_stop"])
classes = st.sampled_from(["simple", "simple", "simple", "bracket", "oto", "oco"])
spans = st.sampled_from([1, 1, 60, 3_600, 20_000, 90_000])
orders = st.tuples(sides, sizes, kinds, lives, classes, cents, cents, st.booleans())
quotes = st.tuples(cents, st.integers(1, 30), st.integers(1, 50))
says = st.one_of(
    st.builds(Say, st.just("send"), people, orders),
    st.builds(Say, st.just("send"), people, orders),
    st.builds(
        Say, st.just("quote"), facts=st.tuples(cents, st.integers(1, 30), st.integers(1, 50))
    ),
    st.builds(
        Say, st.just("quote"), facts=st.tuples(cents, st.integers(1, 30), st.integers(1, 50))
    ),
    st.builds(Say, st.just("trade"), facts=st.tuples(cents, st.integers(1, 60))),
    st.builds(Say, st.just("bar"), facts=st.tuples(cents, cents, cents, cents)),
    st.builds(Say, st.just("wait"), facts=st.tuples(spans)),
    st.builds(Say, st.just("cancel"), people, st.tuples(st.integers(0, 9))),
    st.builds(Say, st.just("replace"), people, st.tuples(st.integers(0, 9), sizes, cents)),
    st.builds(Say, st.just("close"), people),
    st.builds(Say, st.just("bust"), people, st.tuples(st.integers(0, 9))),
    st.builds(Say, st.just("notional"), people, st.tuples(sides, cents)),
)
stories = st.lists(says, min_size=1, max_size=40)
venues = st.builds(
    VenueTerms,
    seed=st.integers(0, 3),
    liquidity=st.sampled_from(["unlimited", "quoted"]),
    partial_fills=st.sampled_from([0.0, 0.5]),
    fees=st.sampled_from(["none", "us_equity"]),
    always_open=st.booleans(),
)


def money(number: int) -> str:
    return str(number * TICK)


def send(house: House, say: Say) -> None:
    side, size, kind, life, group, first, second, extended = say.facts
    if group != "simple":
        # Else most of them would be refused for what a group cannot be.
        size, life = str(1 + int(Decimal(size))), "gtc" if life == "gtc" else "day"
        kind = "market" if kind == "market" else "limit"
    elif kind not in ("market", "limit"):
        life = "gtc" if life == "gtc" else "day"
    fields: dict[str, Any] = {"type": kind, "tif": life, "order_class": group}
    if kind in ("limit", "stop_limit"):
        fields["limit_price"] = money(first)
    if kind in ("stop", "stop_limit"):
        fields["stop_price"] = money(second)
    if kind == "trailing_stop":
        fields["trail_price"] = money(1 + abs(first - second))
    if group != "simple":
        low, high = sorted((first, second))
        entry_buys = (side == "buy") != (group == "oco")
        low, high = min(low, 9_950) - 2, max(high, 10_050) + 2
        fields |= {"target": money(high), "stop_loss": money(low)}
        if not entry_buys:
            fields |= {"target": money(low), "stop_loss": money(high)}
        if group == "oto":
            del fields["target" if extended else "stop_loss"]
        if group == "oco":
            fields |= {"type": "limit", "limit_price": None}
            fields.pop("stop_price", None)
            fields.pop("trail_price", None)
    account = (house.ann, house.bob)[say.who]
    wanted = request(side, size, extended_hours=extended and kind == "limit", **fields)
    house.venue.submit(account.id, wanted, house.now)


def nth(house: House, say: Say) -> Order | None:
    account = (house.ann, house.bob)[say.who]
    found = list(house.venue.orders(account.id))
    return found[say.facts[0] % len(found)] if found else None


def do(house: House, say: Say) -> None:
    """Do what the story says; what the venue refuses is refused."""
    account = (house.ann, house.bob)[say.who]
    match say.kind:
        case "send":
            send(house, say)
        case "notional":
            side, worth = say.facts
            house.send(side, None, account, notional=money(worth))
        case "close":
            house.venue.close_position(account.id, "AAPL", house.now)
        case "bust":
            bust(house, say)
        case "cancel" | "replace":
            change(house, say)
        case _:
            happen(house, say)


def happen(house: House, say: Say) -> None:
    """Let the market move, or time."""
    match say.kind:
        case "quote":
            bid, spread, size = say.facts
            house.quote(bid / 100, (bid + spread) / 100, size=float(size))
        case "trade":
            house.trade(say.facts[0] / 100, float(say.facts[1]))
        case "bar":
            begin, end = say.facts[0] / 100, say.facts[-1] / 100
            house.bar(begin, max(say.facts) / 100, min(say.facts) / 100, end)
        case "wait":
            house.wait(timedelta(seconds=say.facts[0]))


def change(house: House, say: Say) -> None:
    """Cancel or replace one of the account's orders."""
    if (order := nth(house, say)) is None:
        return
    if say.kind == "cancel":
        house.cancel(order)
    else:
        price = "limit_price" if order.limit_price is not None else "stop_price"
        if order.type is OrderType.TRAILING_STOP:
            price = "trail"
        size = say.facts[1] if order.order_class is OrderClass.SIMPLE else None
        house.replace(order, quantity=size, **{price: money(say.facts[2])})


def bust(house: House, say: Say) -> None:
    """Take one of the account's fills back."""
    account = (house.ann, house.bob)[say.who]
    fills = [a for a in house.venue.activities(account.id) if a.type is ActivityType.FILL]
    if fills:
        house.venue.bust(str(fills[say.facts[0] % len(fills)].execution_id), house.now)


def tell(house: House, story: list[Say]) -> int:
    """Tell a story; give how much of it was refused."""
    refused = 0
    for say in story:
        before = deepcopy(house.snapshot())
        house.take()
        try:
            do(house, say)
        except Refused:
            refused += 1
            assert not house.take()
            assert house.snapshot() == before
        house.take()
    return refused


def document(house: House) -> object:
    return deepcopy(house.snapshot())


def check_sizes(house: House) -> None:
    for account in (house.ann, house.bob):
        for order in house.venue.orders(account.id):
            assert order.filled_quantity >= 0
            if order.quantity is not None:
                assert order.filled_quantity <= order.quantity
            if order.notional is not None:
                assert order.filled_value <= order.notional + TICK


def check_books(house: House) -> None:
    """Cash is the sum of all activities, and a position the sum of its fills."""
    for account in (house.ann, house.bob):
        activities = house.venue.activities(account.id)
        assert sum(each.cash for each in activities) == account.cash
        moved = (ActivityType.FILL, ActivityType.BUST, ActivityType.SPLIT)
        held = sum(each.quantity or 0 for each in activities if each.type in moved)
        assert held == house.held(account)


def check_fills(house: House) -> None:
    """Fills less busts are what the orders say was filled."""
    filled: dict[str, Decimal] = defaultdict(Decimal)
    for account in (house.ann, house.bob):
        for each in house.venue.activities(account.id):
            if each.type in (ActivityType.FILL, ActivityType.BUST) and each.order_id:
                sign = house.venue.order(account.id, each.order_id).side.sign
                filled[each.order_id] += sign * (each.quantity or 0)
        for order in house.venue.orders(account.id):
            assert filled[order.id] == order.filled_quantity


def check_steps(house: House) -> None:
    """Every order goes by the table, and updates are numbered without a gap."""
    seen: dict[str, OrderStatus] = {}
    for update in house.updates():
        before, after = seen.get(update.order.id), update.order.status
        seen[update.order.id] = after
        if before is None or update.event in SAME_STATE:
            assert before in (None, after) or update.event is UpdateEvent.TRADE_BUST
            continue
        assert before.may_become(after), (before, after)
    for account in (house.ann, house.bob):
        numbers = [u.number for u in house.updates() if u.account_id == account.id]
        assert numbers == list(range(1, account.update_count + 1))


def check_executions(house: House) -> None:
    told = [u.execution_id for u in house.updates() if u.event in FILLS]
    assert len(set(told)) == len(told)
    booked = [
        each.execution_id
        for account in (house.ann, house.bob)
        for each in house.venue.activities(account.id)
        if each.type is ActivityType.FILL
    ]
    assert sorted(map(str, told)) == sorted(map(str, booked))


@settings(max_examples=150, deadline=None)
@given(venues, stories)
def test_money_units_and_states_are_right_after_any_story(
    terms: VenueTerms, story: list[Say]
) -> None:
    house = House(terms=terms)
    house.quote(99.99, 100.01)
    tell(house, story)
    check_sizes(house)
    check_books(house)
    check_fills(house)
    check_steps(house)
    check_executions(house)


@settings(max_examples=60, deadline=None)
@given(venues, stories)
def test_the_same_seed_and_story_give_the_same_tape(terms: VenueTerms, story: list[Say]) -> None:
    told = []
    for _ in range(2):
        house = House(terms=terms)
        house.quote(99.99, 100.01)
        tell(house, story)
        told.append(([asdict(update) for update in house.updates()], document(house)))
    assert told[0] == told[1]


@settings(max_examples=100, deadline=None)
@given(venues, stories, stories)
def test_a_restart_in_the_middle_changes_nothing_of_what_follows(
    terms: VenueTerms, before: list[Say], after: list[Say]
) -> None:
    house = House(terms=terms)
    tell(house, before)
    again = restarted(house)
    for each in (house, again):
        # Prices are not stored: both learn them anew.
        each.wait()
        each.trade(100.0, 5.0)
        each.quote(99.97, 100.03)
        tell(each, after)
    assert document(again) == document(house)


@settings(max_examples=100, deadline=None)
@given(venues, stories)
def test_sums_kept_order_by_order_are_those_of_a_venue_that_begins_with_the_orders(
    terms: VenueTerms, story: list[Say]
) -> None:
    house = House(terms=terms)
    tell(house, story)
    again = restarted(house)
    for each in (house, again):
        each.wait()
        each.trade(100.0, 5.0)
        each.quote(99.97, 100.03)
    for account in (house.ann, house.bob):
        assert again.venue.balances(account.id) == house.venue.balances(account.id)
        free = house.venue.available(account.id, "AAPL")
        assert again.venue.available(account.id, "AAPL") == free


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(people, sides, st.integers(1, 50), cents), min_size=2, max_size=25))
def test_what_two_accounts_trade_with_each_other_sums_to_nothing(
    sent: list[tuple[int, str, int, int]],
) -> None:
    house = House(terms=VenueTerms(seed=1, fees="none"))
    for who, side, size, price in sent:
        account = (house.ann, house.bob)[who]
        try:
            house.send(side, size, account, type="limit", limit_price=money(price))
        except Refused:
            continue
    assert house.ann.cash + house.bob.cash == 200_000
    assert house.held(house.ann) + house.held(house.bob) == 0


def restarted(house: House) -> House:
    again = House.__new__(House)
    again.terms, again.assets, again.now, again.taken = house.terms, ASSETS, house.now, []
    again.venue = Venue(ASSETS, us_equities(), house.terms)
    again.venue.restore(deepcopy(house.snapshot()))
    again.ann, again.bob = (again.venue.account(a.id) for a in (house.ann, house.bob))
    return again


def test_a_story_of_every_kind_can_be_told() -> None:
    house = House(terms=VenueTerms(seed=1))
    assert house.now == NOON
    house.quote(99.99, 100.01)
    story = [
        Say("send", 0, ("buy", "10", "market", "day", "bracket", 9_800, 10_200, False)),
        Say("send", 1, ("buy", "10", "limit", "gtc", "simple", 9_800, 10_200, False)),
        Say("replace", 1, (0, "11", 9_900)),
        Say("trade", 0, (9_700, 60)),
        Say("bust", 0, (0,)),
        Say("notional", 0, ("buy", 10_000)),
        Say("close", 0),
        Say("wait", 0, (90_000,)),
        Say("bar", 0, (9_900, 10_000, 9_800, 9_900)),
    ]
    assert tell(house, story) == 0

"""Whatever is asked for: holds fit the buying power, and nothing is placed twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, cycle

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.kernel.errors import Conflict, Invalid, Rejected, Unavailable, Unknown
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.trading.holds import hold_of
from algotrendy.trading.orders import PlatformOrder
from fakes.memory_ledger import Fate
from fakes.order_counter import AAPL, MSFT, ROOT, OrderCounter, provenance

PRICES = {AAPL: Decimal(100), MSFT: Decimal(50)}


@dataclass(frozen=True)
class Wish:
    """Something that is asked for; ``choice`` picks an order or a part."""

    what: str
    choice: int
    symbol: Symbol
    side: Side
    quantity: int
    offset: int | None

    def request(self, name: str) -> OrderRequest:
        limit = None if self.offset is None else PRICES[self.symbol] + self.offset
        return OrderRequest(
            symbol=self.symbol,
            side=self.side,
            type=OrderType.MARKET if limit is None else OrderType.LIMIT,
            quantity=Decimal(self.quantity),
            limit_price=limit,
            client_order_id=name,
        )


wishes = st.builds(
    Wish,
    what=st.sampled_from(["place", "place", "accept", "fill", "part", "cancel", "replace", "end"]),
    choice=st.integers(0, 20),
    symbol=st.sampled_from([AAPL, MSFT]),
    side=st.sampled_from(Side),
    quantity=st.integers(1, 60),
    offset=st.none() | st.integers(-20, 20),
)
fates = st.lists(st.sampled_from(Fate), max_size=12)


class Day:
    """A day at a counter with an account and two parts."""

    def __init__(self, leverage: int) -> None:
        self.counter = OrderCounter(cash=9_000, leverage=Decimal(leverage))
        self.counter.limit()
        self.accounts = [ROOT, self.counter.part("a", 3_000), self.counter.part("b", 3_000)]
        self.count = 0

    @property
    def orders(self) -> list[PlatformOrder]:
        return list(self.counter.ledger.tables.orders.unsettled(ROOT))

    def do(self, wish: Wish) -> None:
        if wish.what == "place":
            self.count += 1
            account = self.accounts[wish.choice % len(self.accounts)]
            with suppress(Rejected, Invalid):
                self.place(wish.request(f"order-{self.count}"), account)
            return
        if not self.orders:
            return
        order = self.orders[wish.choice % len(self.orders)]
        match wish.what:
            case "accept" if not order.is_at_broker:
                self.counter.accept(order)
            case "fill" | "part" if order.is_at_broker and order.remaining_quantity:
                size = min(Decimal(wish.quantity), order.remaining_quantity)
                whole = wish.what == "fill"
                self.counter.fill(order, str(size) if not whole else None, _price(order))
            case "cancel":
                with suppress(Conflict):
                    self.counter.intake.cancel(order.id, "ada")
            case "replace":
                self.count += 1
                self.replace(order, wish)
            case "end" if order.is_at_broker:
                self.counter.told(order, "canceled")

    def place(self, request: OrderRequest, account: AccountId) -> None:
        self.counter.place(request, account)

    def replace(self, order: PlatformOrder, wish: Wish) -> None:
        change = ReplaceRequest(
            quantity=order.filled_quantity + wish.quantity,
            client_order_id=f"order-{self.count}",
        )
        with suppress(Rejected, Invalid):
            self.counter.intake.replace(order.id, change, provenance())


class ForgetfulDay(Day):
    """The same with commits that go wrong, and a client that asks until it knows."""

    def __init__(self, leverage: int, planned: list[Fate]) -> None:
        super().__init__(leverage)
        ends: Iterator[Fate] = chain(planned, cycle([Fate.COMMITS]))
        self.counter.ledger.fate = lambda: next(ends)

    def place(self, request: OrderRequest, account: AccountId) -> None:
        while True:
            with suppress(Unavailable, Unknown):
                super().place(request, account)
                return


def _price(order: PlatformOrder) -> str:
    """Fill at the last price, or at a limit that is better for the market."""
    last, limit = PRICES[order.symbol], order.request.limit_price
    if limit is None:
        return str(last)
    return str(min(last, limit) if order.request.side is Side.BUY else max(last, limit))


@settings(max_examples=150, deadline=None)
@given(leverage=st.sampled_from([1, 2, 4]), asked=st.lists(wishes, max_size=25))
def test_what_is_held_fits_the_buying_power_of_the_account_and_of_its_parts(
    leverage: int, asked: list[Wish]
) -> None:
    day = Day(leverage)
    for wish in asked:
        day.do(wish)
        desk = day.counter.desk()
        for member in (None, *day.accounts):
            doubled = sum(
                _doubled(day, order) for order in day.orders if member in (None, order.account)
            )
            held, power = desk.held(member).amount, desk.buying_power(member).amount
            assert held - doubled <= power, (member, wish)


@settings(max_examples=150, deadline=None)
@given(asked=st.lists(wishes, max_size=25))
def test_what_is_held_is_what_the_open_orders_hold_and_no_position_is_oversold(
    asked: list[Wish],
) -> None:
    day = Day(1)
    for wish in asked:
        day.do(wish)
        desk = day.counter.desk()
        assert desk.held().amount == sum(hold_of(order).held.amount for order in day.orders)
        for holding in desk.state.account.holdings.values():
            # Nothing is lent to this account: all open sells together leave no short.
            assert holding.shortest >= 0


@settings(max_examples=100, deadline=None)
@given(asked=st.lists(wishes, max_size=15), planned=fates)
def test_a_client_that_asks_again_after_faults_has_what_it_would_have_had(
    asked: list[Wish], planned: list[Fate]
) -> None:
    placed = [wish for wish in asked if wish.what == "place"]
    plain, forgetful = Day(2), ForgetfulDay(2, planned)
    for day in (plain, forgetful):
        for wish in placed:
            day.do(wish)
    forgetful.counter.ledger.fate = lambda: Fate.COMMITS
    assert _told(plain) == _told(forgetful)
    assert plain.counter.held() == forgetful.counter.held()
    again = _told(forgetful)
    for place, wish in enumerate(placed, 1):
        account = forgetful.accounts[wish.choice % 3]
        with suppress(Rejected, Conflict):
            forgetful.counter.place(wish.request(f"order-{place}"), account)
    assert again.items() <= _told(forgetful).items()


def _doubled(day: Day, order: PlatformOrder) -> Decimal:
    """Give what is held for an order beside the one whose place it takes.

    Its broker lets only one of the two fill: what the old one fills, the new one is smaller by.
    """
    if order.replaces is None:
        return Decimal(0)
    old = day.counter.ledger.tables.orders.get(order.replaces)
    filled = sum(each.quantity.value for each in old.standing if each.at > order.intended_at)
    smaller = hold_of(order).reserved.amount / (order.request.quantity or 1) * filled
    return hold_of(old).held.amount + min(smaller, hold_of(order).held.amount)


def _told(day: Day) -> dict[str, tuple[AccountId, OrderRequest, Decimal]]:
    return {
        order.client_order_id: (order.account, order.request, order.reserved.amount)
        for order in day.orders
    }

"""A risk state that is read from the ledger is the one that followed all that happened."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.kernel.errors import Conflict, Invalid, Rejected
from algotrendy.kernel.order import OrderType, Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.risk.book import Book
from algotrendy.risk.limits import StrategyId
from algotrendy.risk.state import RiskState
from algotrendy.trading.accounts import strategy_of
from algotrendy.trading.orders import PlatformOrder
from fakes.order_counter import AAPL, MSFT, ROOT, OrderCounter

LAST = {AAPL: 100, MSFT: 50}


@dataclass(frozen=True)
class Act:
    """Something that happens; ``choice`` picks an order, a part or a symbol."""

    what: str
    choice: int
    side: Side
    quantity: int
    price: int


acts = st.builds(
    Act,
    what=st.sampled_from(["place", "place", "accept", "fill", "fill", "cancel", "end", "price"]),
    choice=st.integers(0, 20),
    side=st.sampled_from(Side),
    quantity=st.integers(1, 40),
    price=st.integers(80, 120),
)


class Followed:
    """A counter, and a risk state that is told of everything as it happens."""

    def __init__(self) -> None:
        self.counter = OrderCounter(cash=20_000, leverage=Decimal(2))
        self.counter.limit()
        parts = {"a": 5_000, "b": 7_000}
        self.accounts = [ROOT, *(self.counter.part(each, cash) for each, cash in parts.items())]
        self.state = RiskState(Decimal(20_000))
        for name, cash in parts.items():
            self.state.add_strategy(StrategyId(name), Decimal(cash))
        desk = self.counter.desk()
        for symbol, price in LAST.items():
            self.state.set_terms(symbol, desk.terms(symbol))
            self.state.on_price(symbol, Decimal(price))

    @property
    def orders(self) -> list[PlatformOrder]:
        return list(self.counter.ledger.tables.orders.unsettled(ROOT))

    def do(self, act: Act) -> None:
        symbol = (AAPL, MSFT)[act.choice % 2]
        if act.what == "price":
            self.counter.quote(symbol, str(act.price))
            self.state.on_price(symbol, Decimal(act.price))
        elif act.what == "place":
            self._place(act)
        elif self.orders:
            self._change(act, self.orders[act.choice % len(self.orders)])

    def _place(self, act: Act) -> None:
        request = OrderRequest(
            symbol=(AAPL, MSFT)[act.choice % 2],
            side=act.side,
            type=OrderType.LIMIT,
            quantity=Decimal(act.quantity),
            limit_price=Decimal(act.price),
        )
        with suppress(Rejected, Invalid):
            order = self.counter.place(request, self.accounts[act.choice % 3])
            strategy = strategy_of(order.account)
            size = Decimal(act.quantity)
            self.state.on_order_opened(str(order.id), request, size, order.intended_at, strategy)

    def _change(self, act: Act, order: PlatformOrder) -> None:
        if act.what == "accept" and not order.is_at_broker:
            self.counter.accept(order)
        elif act.what == "fill" and order.is_at_broker and order.remaining_quantity:
            size = min(Decimal(act.quantity), order.remaining_quantity)
            price = Decimal(act.price)
            self.counter.fill(order, str(size), str(price))
            self.state.on_fill(
                order.symbol, order.request.side, size, price, order_id=str(order.id)
            )
        elif act.what == "cancel":
            with suppress(Conflict):
                self.counter.intake.cancel(order.id, "ada")
        elif act.what == "end" and order.is_at_broker:
            self.counter.told(order, "canceled")
        if self.counter.order(order).is_terminal:
            self.state.on_order_closed(str(order.id))


@settings(max_examples=100, deadline=None)
@given(asked=st.lists(acts, max_size=30))
def test_a_state_from_the_ledger_is_the_state_that_followed(asked: list[Act]) -> None:
    followed = Followed()
    for act in asked:
        followed.do(act)
    read = followed.counter.desk().state
    for ours, theirs in zip(read.books(), followed.state.books(), strict=True):
        assert _facts(ours) == _facts(theirs)


def _facts(book: Book) -> dict[str, object]:
    holdings = {
        symbol: (holding.position, holding.longest, holding.shortest)
        for symbol, holding in book.holdings.items()
        if holding.position or holding.longest or holding.shortest
    }
    return {
        "name": book.name,
        "cash": book.cash,
        "equity": book.equity,
        "exposure": book.exposure,
        "holdings": holdings,
    }

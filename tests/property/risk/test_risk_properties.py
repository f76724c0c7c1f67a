"""Laws of the risk engine, for any history of orders, fills, prices and limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.risk.book import ZERO, Exposure, Holding
from algotrendy.risk.decision import Limit
from algotrendy.risk.engine import decide, standing_breaches
from algotrendy.risk.limits import Limits, StrategyId, TradingState, parse_limits
from algotrendy.risk.state import RiskState
from algotrendy.risk.terms import Terms
from fakes.risk_desk import NOON, TREND

SYMBOLS = (Symbol("A"), Symbol("B"), Symbol("C"))
STRATEGIES = (None, TREND, StrategyId("value"))
SIZE_LIMITS = {
    Limit.ORDER_QUANTITY,
    Limit.ORDER_NOTIONAL,
    Limit.POSITION_QUANTITY,
    Limit.POSITION_NOTIONAL,
    Limit.FAT_FINGER,
    Limit.GROSS_EXPOSURE,
    Limit.NET_EXPOSURE,
    Limit.CONCENTRATION,
    Limit.LEVERAGE,
    Limit.MARGIN_USE,
    Limit.SHORT_AVAILABLE,
    Limit.SHORT_SELLING,
}

quantities = st.decimals("0.1", 200, places=1)
prices = st.decimals("0.5", 200, places=2)
amounts = st.integers(1, 40_000).map(str)
fractions = st.decimals("0.01", 3, places=2).map(str)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def _rules(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "order_quantity": maybe(amounts),
            "order_notional": maybe(amounts),
            "position_quantity": maybe(st.integers(1, 300).map(str)),
            "position_notional": maybe(amounts),
            "fat_finger": maybe(st.just({"multiple": "3", "after": 2})),
            **more,
        }
    )


of_a_book = _rules(
    gross_exposure=maybe(amounts),
    net_exposure=maybe(amounts),
    concentration=maybe(fractions),
    leverage=maybe(fractions),
    margin_use=maybe(fractions),
    daily_loss=maybe(amounts),
    drawdown=maybe(st.just("0.2")),
    short_selling=st.booleans(),
)


@st.composite
def documents(draw: st.DrawFn) -> Limits:
    return parse_limits(
        {
            "version": 1,
            "account": {**draw(of_a_book), "wash_trade_guard": False},
            "strategies": [{**draw(of_a_book), "strategy": "trend"}],
            "symbols": [{**draw(_rules()), "symbol": "A"}],
        }
    )


@dataclass(frozen=True)
class Step:
    """A thing that happens; which order it means is an index into the open ones."""

    kind: str
    request: OrderRequest
    strategy: StrategyId | None
    index: int
    part: Decimal
    price: Decimal
    group: str | None


orders = st.builds(
    OrderRequest,
    symbol=st.sampled_from(SYMBOLS),
    side=st.sampled_from(Side),
    type=st.just(OrderType.MARKET),
    quantity=quantities,
)
steps = st.builds(
    Step,
    kind=st.sampled_from(["open", "open", "fill", "close", "price", "terms", "stray"]),
    request=orders,
    strategy=st.sampled_from(STRATEGIES),
    index=st.integers(0, 9),
    part=st.sampled_from([Decimal("0.5"), Decimal(1), Decimal("1.5")]),
    price=prices,
    group=st.sampled_from([None, None, "exits"]),
)
histories = st.lists(steps, max_size=12)


def begun() -> RiskState:
    state = RiskState(Decimal(20_000))
    for strategy in STRATEGIES[1:]:
        assert strategy is not None
        state.add_strategy(strategy, Decimal(8_000))
    for symbol, price in zip(SYMBOLS, ("10", "50", "120"), strict=True):
        state.set_terms(symbol, Terms(margin_rate=Decimal("0.4"), borrowable=Decimal(150)))
        state.on_price(symbol, Decimal(price))
    return state


def happen(state: RiskState, step: Step, number: int) -> None:
    request, at = step.request, NOON + timedelta(seconds=number)
    assert request.quantity is not None
    symbol = Symbol(request.symbol)
    names = list(state.orders)
    name = names[step.index % len(names)] if names else None
    if step.kind == "open":
        group = f"{symbol}-{request.side}-{step.strategy}" if step.group else None
        state.on_order_opened(f"o{number}", request, request.quantity, at, step.strategy, group)
    elif step.kind == "price":
        state.on_price(symbol, step.price)
    elif step.kind == "terms":
        state.set_terms(symbol, replace(state.terms[symbol], margin_rate=step.part))
    elif step.kind == "stray":
        state.on_fill(
            symbol,
            request.side,
            request.quantity,
            step.price,
            Decimal("0.01"),
            strategy=step.strategy,
        )
    elif name is not None and step.kind == "fill":
        order = state.orders[name]
        if filled := order.remaining * step.part:
            state.on_fill(order.symbol, order.side, filled, step.price, order_id=name)
    elif name is not None:
        state.on_order_closed(name)


def lived(history: list[Step]) -> RiskState:
    state = begun()
    for number, step in enumerate(history):
        happen(state, step, number)
    return state


def broken(state: RiskState, limits: Limits) -> set[tuple[Limit, str]]:
    return {(breach.limit, breach.scope) for breach in standing_breaches(state, limits)}


def send(
    state: RiskState, request: OrderRequest, strategy: StrategyId | None, at: datetime = NOON
) -> None:
    assert request.quantity is not None
    state.on_order_opened("new", request, request.quantity, at, strategy)


@settings(max_examples=250, deadline=None)
@given(histories, documents(), orders, st.sampled_from(STRATEGIES), st.data())
def test_an_approved_order_never_leads_to_a_state_that_breaks_a_limit(
    history: list[Step],
    limits: Limits,
    request: OrderRequest,
    strategy: StrategyId | None,
    data: st.DataObject,
) -> None:
    state = lived(history)
    before = broken(state, limits)
    if not decide(request, state, limits, NOON, strategy).is_approved:
        return
    send(state, request, strategy)
    assert broken(state, limits) <= before
    # Whatever part of it fills at the last price, and whichever other orders fill or end then.
    part = data.draw(st.sampled_from([Decimal("0.5"), Decimal(1)]))
    for name in data.draw(st.permutations(list(state.orders))):
        order = state.orders[name]
        if (filled := order.remaining * part) and (name == "new" or data.draw(st.booleans())):
            price = state.prices[order.symbol]
            state.on_fill(order.symbol, order.side, filled, price, order_id=name)
        if data.draw(st.booleans()):
            state.on_order_closed(name)
        assert broken(state, limits) <= before


@settings(max_examples=200, deadline=None)
@given(histories, orders, st.sampled_from(STRATEGIES), st.sampled_from(["0.1", "0.5", "1"]))
def test_reducing_never_grows_an_absolute_position(
    history: list[Step], request: OrderRequest, strategy: StrategyId | None, part: str
) -> None:
    state = lived(history)
    state.set_trading_state(TradingState.REDUCING)
    for each in STRATEGIES[1:]:
        state.set_trading_state(TradingState.REDUCING, each)
    if not decide(request, state, Limits(version=1), NOON, strategy).is_approved:
        return
    symbol = Symbol(request.symbol)
    books = [book for book in state.books() if symbol in book.holdings]
    sizes = [abs(book.holdings[symbol].position) for book in books]
    worst = [book.holdings[symbol].worst for book in books]
    send(state, request, strategy)
    assert request.quantity is not None
    # All that was sent on its side before it may fill first, and still it cannot turn around.
    assert [book.holdings[symbol].worst for book in books] == worst
    price = state.prices[symbol]
    filled = request.quantity * Decimal(part)
    state.on_fill(symbol, request.side, filled, price, order_id="new")
    after = [abs(book.holdings[symbol].position) for book in books]
    assert all(new <= old for new, old in zip(after, sizes, strict=True))


@settings(max_examples=250, deadline=None)
@given(histories, documents(), orders, st.sampled_from(STRATEGIES), st.decimals("0.01", "0.99"))
def test_a_smaller_order_breaks_no_size_limit_that_a_larger_one_keeps(
    history: list[Step],
    limits: Limits,
    request: OrderRequest,
    strategy: StrategyId | None,
    part: Decimal,
) -> None:
    state = lived(history)
    assert request.quantity is not None
    smaller = replace(request, quantity=(request.quantity * part).quantize(Decimal("0.0001")))
    large = decide(request, state, limits, NOON, strategy)
    small = decide(smaller, state, limits, NOON, strategy)

    def of_size(decision: Any) -> set[tuple[Limit, str]]:
        return {(b.limit, b.scope) for b in decision.breaches if b.limit in SIZE_LIMITS}

    assert of_size(small) <= of_size(large)
    assert small.is_approved or not large.is_approved


@settings(max_examples=200, deadline=None)
@given(histories)
def test_the_state_as_it_grew_is_the_state_reckoned_anew(history: list[Step]) -> None:
    state = lived(history)
    for strategy in (None, *STRATEGIES[1:]):
        book = state.book(strategy)
        total = Exposure(ZERO, ZERO, ZERO, ZERO, ZERO)
        for symbol, holding in book.holdings.items():
            anew = Holding()
            anew.position = holding.position
            claims: dict[tuple[Side, tuple[str, str]], Decimal] = {}
            for order in state.orders.values():
                if order.symbol == symbol and strategy in (None, order.strategy):
                    group = (order.side, order.group)
                    claims[group] = max(claims.get(group, ZERO), order.remaining)
            for (side, _), claim in claims.items():
                if side is Side.BUY:
                    anew.buys += claim
                else:
                    anew.sells += claim
            anew.find_ends()
            assert (anew.buys, anew.sells) == (holding.buys, holding.sells)
            rate = state.terms[symbol].margin_rate
            parts = zip(total, anew.valued(state.prices[symbol], rate), strict=True)
            total = Exposure(*(old + new for old, new in parts))
        assert book.exposure == total == book.recomputed()
        assert book.peak >= book.equity == book.cash + total.value


@settings(max_examples=100, deadline=None)
@given(histories, documents(), orders, st.sampled_from(STRATEGIES))
def test_to_judge_an_order_changes_nothing(
    history: list[Step], limits: Limits, request: OrderRequest, strategy: StrategyId | None
) -> None:
    state = lived(history)
    exposures = [book.exposure for book in state.books()]
    first = decide(request, state, limits, NOON, strategy)
    assert decide(request, state, limits, NOON, strategy) == first
    assert [book.exposure for book in state.books()] == exposures

"""Read from the ledger what a decision about an account's risk stands on.

Positions, cash and open orders of the account and of each strategy's part, at the last prices kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

from algotrendy.brokers.tables import least_equity_on_margin
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.kernel.money import Money
from algotrendy.market_data.calendar import us_equities
from algotrendy.risk.book import EXACT, ZERO
from algotrendy.risk.limits import BookLimits, Limits, StrategyId
from algotrendy.risk.records import Marks
from algotrendy.risk.state import RiskState
from algotrendy.risk.terms import Terms
from algotrendy.trading.accounts import Account, strategy_of
from algotrendy.trading.journal import Book, Place
from algotrendy.trading.ledger import LedgerTransaction, OrderQuery
from algotrendy.trading.marks import after, market_day
from algotrendy.trading.open_orders import take_open_orders, units_of
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.ports import Listing, Quote
from algotrendy.trading.status import PlatformStatus

MAX_QUOTE_AGE = timedelta(seconds=60)
"""A price seen longer ago tells nothing of what a new order would cost."""
MAX_MARKET_AGE = timedelta(minutes=15)
"""Of trading hours: a market that has told nothing for longer stands still, or its source does.

Longer than a halt of trading takes as a rule, and than a seldom traded symbol goes unquoted.
"""

_MINUTE = timedelta(minutes=1)
_FINEST = Decimal(1).scaleb(-18)
_FINEST_UNIT = Decimal(1).scaleb(-9)
_LOOSE = Context(prec=EXACT.prec)
_SIZES_RECALLED = 20
_MOST_RECALLED = 500


@dataclass(frozen=True, slots=True)
class PriceFault:
    """What a price must be to be decided by, and what it is instead, for a person to read."""

    allowed: str
    actual: str


@dataclass(frozen=True, slots=True)
class Holdings:
    """What one account or part has itself, apart from its kin.

    Attributes:
        cash: With what is set aside.
        held: The part of it that is set aside for open orders.
        units: By symbol, below zero for a short.
    """

    cash: Decimal
    held: Decimal
    units: Mapping[Symbol, Decimal]


@dataclass(frozen=True, slots=True)
class RiskDesk:
    """An account and its parts, as a decision sees them.

    Attributes:
        account: With the leverage that it has at its equity.
        family: The account and its parts, by id.
        holdings: Of each of the family.
        orders: Those that may still change.
        quotes: The last ones kept, however old.
    """

    account: Account
    family: Mapping[AccountId, Account]
    holdings: Mapping[AccountId, Holdings]
    state: RiskState
    limits: Limits
    orders: Sequence[PlatformOrder]
    quotes: Mapping[Symbol, Quote]
    listings: Mapping[Symbol, Listing]

    def quote(self, symbol: Symbol, now: datetime) -> Quote | None:
        """Give a symbol's quote if it is fresh enough to decide by."""
        return fresh(self.quotes.get(symbol), now)

    def terms(self, symbol: Symbol) -> Terms:
        """Give what is known of a symbol beside its price."""
        return terms_of(symbol, self.listings.get(symbol), self.account)

    def weight(self, symbol: Symbol) -> Decimal:
        """Give how much buying power a unit of value takes: more than 1 where nothing is lent."""
        return EXACT.multiply(self.account.leverage, self.terms(symbol).margin_rate)

    def buying_power(self, member: AccountId | None = None) -> Money:
        """Give what may still be bought before what is held for orders, >= 0, in whole coins.

        Leverage times equity, less the positions at the last prices.

        Args:
            member: A part, or the account's own apart from its parts; None for all together.
        """
        members = tuple(self.holdings.values()) if member is None else (self.holdings[member],)
        units: defaultdict[Symbol, Decimal] = defaultdict(Decimal)
        cash = ZERO
        for each in members:
            cash = EXACT.add(cash, each.cash)
            for symbol, count in each.units.items():
                units[symbol] = EXACT.add(units[symbol], count)
        equity, taken = cash, ZERO
        for symbol, count in units.items():
            value = EXACT.multiply(count, self.state.prices.get(symbol, ZERO))
            equity = EXACT.add(equity, value)
            weighed = EXACT.multiply(value.copy_abs(), self.weight(symbol))
            taken = EXACT.add(taken, weighed)
        leverage = self.account.leverage
        if member is not None:
            leverage = min(leverage, self.family[member].leverage)
        power = max(EXACT.subtract(EXACT.multiply(leverage, equity), taken), ZERO)
        coin = Decimal(1).scaleb(-self.account.currency.decimals)
        return Money(power.quantize(coin, ROUND_FLOOR, _LOOSE), self.account.currency)

    def held(self, member: AccountId | None = None) -> Money:
        """Give what is held for orders, of one of the family or of all together."""
        members = self.holdings.values() if member is None else (self.holdings[member],)
        total = ZERO
        for each in members:
            total = EXACT.add(total, each.held)
        return Money(total, self.account.currency)


def read_desk(
    tx: LedgerTransaction,
    root: AccountId,
    now: datetime,
    symbols: Collection[Symbol] = (),
    *,
    without: OrderId | None = None,
) -> RiskDesk:
    """Read an account and its parts.

    Args:
        root: A whole account.
        now: Decides which day's marks count.
        symbols: Others whose prices and listings are needed.
        without: An open order that is left out, as another takes its place; with it those that
            fill one quantity together with it.
    """
    family = {each.id: each for each in tx.accounts.family(root)}
    account = family[root]
    balances = tx.books.balances(list(family))
    holdings = _holdings(balances, account, family)
    orders = tx.orders.unsettled(root)
    needed = {symbol for each in holdings.values() for symbol in each.units}
    needed.update(order.symbol for order in orders)
    needed.update(symbols)
    quotes, listings = tx.market.quotes(root, needed), tx.market.listings(root, needed)
    prices = dict(_prices(needed, quotes, balances, account))
    account = _with_credit(account, holdings, prices)
    state = RiskState(_sum(each.cash for each in holdings.values()))
    for each in family:
        if (strategy := strategy_of(each)) is not None:
            state.add_strategy(strategy, holdings[each].cash)
    with state.taking_over():
        for symbol in needed:
            state.set_terms(symbol, terms_of(symbol, listings.get(symbol), account))
        for symbol, price in prices.items():
            state.on_price(symbol, price)
        _take_positions(state, holdings)
        take_open_orders(state, orders, without)
    for strategy, change in tx.risk.trading_states(root).items():
        if strategy is None or strategy in state.strategies:
            state.set_trading_state(change.state, strategy)
    _mark(state, root, tx.risk.marks(root), now)
    limits = tx.risk.limits(root)
    return RiskDesk(account, family, holdings, state, limits, orders, quotes, listings)


def recall_orders(
    tx: LedgerTransaction,
    desk: RiskDesk,
    symbol: Symbol,
    strategy: StrategyId | None,
    now: datetime,
    chain: Collection[OrderId] = (),
) -> None:
    """Count the orders of late in a desk's state, as far as a limit looks back.

    Orders that were taken back before they were sent do not count.

    Args:
        symbol: Whose order is to be judged.
        strategy: Whose it is.
        chain: Orders whose place the new one takes: no duplicates of it.
    """
    rules: list[BookLimits] = [desk.limits.account]
    if strategy is not None and strategy in desk.limits.by_strategy:
        rules.append(desk.limits.by_strategy[strategy])
    rates = [each.order_rate.window_s for each in rules if each.order_rate]
    windows = [each.duplicate_window_s for each in rules if each.duplicate_window_s]
    found: dict[OrderId, PlatformOrder] = {}
    root = desk.account.id
    if rates:
        since = now - timedelta(seconds=max(rates))
        found.update((order.id, order) for order in tx.orders.intended_since(root, since))
    if windows:
        since = now - timedelta(seconds=max(windows))
        query = OrderQuery(account=root, symbol=symbol, since=since, limit=_MOST_RECALLED)
        found.update((order.id, order) for order in tx.orders.select(query))
    of_symbol = desk.limits.by_symbol.get(symbol)
    if any(each.fat_finger for each in (*rules, of_symbol) if each is not None):
        # Exits of the broker's are among them, which do not count.
        query = OrderQuery(account=root, symbol=symbol, limit=3 * _SIZES_RECALLED)
        found.update((order.id, order) for order in tx.orders.select(query))
    for order in sorted(found.values(), key=lambda each: (each.intended_at, each.id)):
        if order.leg_of is None and not _was_taken_back(order) and order.id not in chain:
            units = units_of(order, order.request.notional, desk.state)
            owner = strategy_of(order.account)
            at = min(order.intended_at, now)
            desk.state.recall_order(order.request, units, at, owner)


def fresh(quote: Quote | None, now: datetime) -> Quote | None:
    """Give a quote back if it is young enough to decide by."""
    return quote if fault_of(quote, now) is None else None


def fault_of(quote: Quote | None, now: datetime) -> PriceFault | None:
    """Say what keeps a quote from being decided by; None for nothing.

    It must have been seen of late, and the market have made it of late. Outside of the regular
    hours the last price stands, and early in them one from before, as if made at the opening.
    """
    allowed = f"at most {MAX_QUOTE_AGE.total_seconds():.0f} s old"
    if quote is None or quote.last <= 0:
        return PriceFault(allowed, "unknown")
    if (age := now - quote.at) > MAX_QUOTE_AGE:
        return PriceFault(allowed, f"{age.total_seconds():.0f} s old")
    if (silence := _silence_of(quote)) > MAX_MARKET_AGE:
        allowed = f"made in the last {MAX_MARKET_AGE // _MINUTE} min of trading"
        return PriceFault(allowed, f"made {silence // _MINUTE} min of trading ago")
    return None


def _silence_of(quote: Quote) -> timedelta:
    """Give for how long of its present session a market had told nothing when it was asked."""
    if quote.made_at is None:
        return timedelta(0)
    now = quote.market_now or quote.at
    if asset_class_of(quote.symbol, None) is not AssetClass.EQUITY:
        return now - quote.made_at
    calendar = us_equities()
    day = calendar.date_at(now)
    session = calendar.session(day) if calendar.first <= day <= calendar.last else None
    if session is None or not session.is_regular(now):
        return timedelta(0)
    return now - max(quote.made_at, session.open)


def terms_of(symbol: Symbol, listing: Listing | None, account: Account) -> Terms:
    """Say what a symbol needs and when it trades; the careful answer where nobody told."""
    kind = asset_class_of(symbol, listing)
    lends = kind is not AssetClass.CRYPTO and account.leverage > 1
    rate = _LOOSE.divide(Decimal(1), account.leverage) if lends else Decimal(1)
    if lends and listing is not None and listing.maintenance_rate is not None:
        # What the broker lends on the account, it may not lend on this symbol.
        rate = max(rate, listing.maintenance_rate)
    is_lent = listing is not None and listing.is_shortable and listing.is_easy_to_borrow
    may_short = lends and is_lent
    return Terms(
        asset_class=kind,
        margin_rate=rate.quantize(_FINEST_UNIT, ROUND_CEILING, _LOOSE),
        borrowable=None if may_short else ZERO,
        calendar=us_equities() if kind is AssetClass.EQUITY else None,
    )


def asset_class_of(symbol: Symbol, listing: Listing | None) -> AssetClass:
    """Tell the class of an asset, by its name where no listing tells it: BTC/USD is a pair."""
    if listing is not None:
        return listing.asset_class
    return AssetClass.CRYPTO if "/" in symbol else AssetClass.EQUITY


def _holdings(
    balances: Mapping[Place, Decimal], account: Account, family: Collection[AccountId]
) -> dict[AccountId, Holdings]:
    cash, held = dict.fromkeys(family, ZERO), dict.fromkeys(family, ZERO)
    units: dict[AccountId, dict[Symbol, Decimal]] = {member: {} for member in family}
    for place, value in balances.items():
        if place.book is Book.POSITION:
            if place.currency is None and place.symbol is not None:
                units[place.account][place.symbol] = value
        elif place.currency is account.currency and place.book in (Book.CASH, Book.CASH_HELD):
            cash[place.account] = EXACT.add(cash[place.account], value)
            if place.book is Book.CASH_HELD:
                held[place.account] = value
    return {each: Holdings(cash[each], held[each], units[each]) for each in family}


def _with_credit(
    account: Account, holdings: Mapping[AccountId, Holdings], prices: Mapping[Symbol, Decimal]
) -> Account:
    """Give the account with the leverage that its broker gives at its equity."""
    if account.leverage == 1:
        return account
    equity = _sum(each.cash for each in holdings.values())
    for each in holdings.values():
        for symbol, units in each.units.items():
            equity = EXACT.add(equity, EXACT.multiply(units, prices.get(symbol, ZERO)))
    if equity >= least_equity_on_margin(account.broker):
        return account
    return replace(account, leverage=Decimal(1))


def _prices(
    symbols: Iterable[Symbol],
    quotes: Mapping[Symbol, Quote],
    balances: Mapping[Place, Decimal],
    account: Account,
) -> Iterator[tuple[Symbol, Decimal]]:
    """Give last prices; of a symbol without one what a unit cost, where any is held."""
    for symbol in symbols:
        if (quote := quotes.get(symbol)) is not None and quote.last > 0:
            yield symbol, quote.last
            continue
        for place, cost in balances.items():
            if place.symbol != symbol or place.currency is not account.currency:
                continue
            units = balances.get(Place(place.account, Book.POSITION, symbol, None))
            if units and cost:
                price = _LOOSE.divide(cost, units).copy_abs()
                yield symbol, max(price.quantize(_FINEST, ROUND_FLOOR, _LOOSE), _FINEST)
                break


def _take_positions(state: RiskState, holdings: Mapping[AccountId, Holdings]) -> None:
    net: defaultdict[Symbol, Decimal] = defaultdict(Decimal)
    for member, each in holdings.items():
        strategy = strategy_of(member)
        for symbol, units in each.units.items():
            net[symbol] = EXACT.add(net[symbol], units)
            if strategy is not None and symbol in state.prices:
                state.set_position(symbol, units, state.prices[symbol], strategy)
    for symbol, units in net.items():
        if symbol in state.prices:
            state.set_position(symbol, units, state.prices[symbol])


def _mark(
    state: RiskState,
    root: AccountId,
    marks: Mapping[StrategyId | None, Marks],
    now: datetime,
) -> None:
    for strategy in (None, *state.strategies):
        equity = state.book(strategy).equity
        known = marks.get(strategy) or Marks(
            account=root, day=market_day(now), day_start=equity, peak=equity, strategy=strategy
        )
        current = after(known, equity, now)
        state.set_marks(current.day_start, current.peak, strategy)


def _was_taken_back(order: PlatformOrder) -> bool:
    return order.status is PlatformStatus.CANCELED and not order.is_at_broker


def _sum(values: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for value in values:
        total = EXACT.add(total, value)
    return total

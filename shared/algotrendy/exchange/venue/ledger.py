"""Keep every account's cash and positions, and the history that explains them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.rules import corporate
from algotrendy.exchange.rules.positions import cost_after
from algotrendy.exchange.venue.balances import WIDE, FindAsset, Held, Price, Reckoning
from algotrendy.exchange.venue.charges import Charges
from algotrendy.exchange.venue.history import History
from algotrendy.exchange.venue.lending import Lending
from algotrendy.exchange.venue.model import (
    ZERO,
    Account,
    Activity,
    ActivityType,
    Balances,
    Changes,
    EquityPoint,
    Order,
    Position,
    Snapshot,
)
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.decimals import MAX_DIGITS_EACH_SIDE, decimals_of, rounded
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.order_status import OrderStatus

_FRIDAY = 4


class Ledger:
    """Books fills, fees, dividends, splits and borrow fees; knows of orders what it is told.

    Every change is noted in ``changes``, which holds the live accounts and positions: who hands
    them to another thread copies them first. The sum of an account's activities is its cash.

    Args:
        terms: Which fees are taken, what borrowing costs, the seed of the ids.
        prices: Gives the present price of a symbol, None before the first.
        assets: Gives an asset by its symbol.
        changes: Where changes are noted; set ``changes`` anew to begin a new collection.
    """

    def __init__(
        self, terms: VenueTerms, prices: Price, assets: FindAsset, changes: Changes
    ) -> None:
        self.accounts: dict[str, Account] = {}
        self._terms = terms
        self._assets = assets
        self.reckoning = Reckoning(prices, assets)
        self._charges = Charges(terms, assets)
        self._history = History(terms.seed, changes)
        self._by_key: dict[str, Account] = {}
        self._positions: dict[str, dict[str, Position]] = {}
        self._lending = Lending(terms, assets)

    @property
    def changes(self) -> Changes:
        """Give what changed since the collection began."""
        return self._history.changes

    @changes.setter
    def changes(self, changes: Changes) -> None:
        self._history.collect(changes)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from what the store kept; only on a new ledger, and nothing is noted."""
        for account in snapshot.accounts:
            self._admit(account)
        for position in snapshot.positions:
            self._positions[position.account_id][position.symbol] = position
            self._lending.move(position.symbol, ZERO, position.quantity)
        self._history.restore(snapshot)

    def open(self, account: Account) -> None:
        """Add an account; its cash is its first activity."""
        self._admit(account)
        kind, at = ActivityType.JOURNAL_CASH, account.created_at
        self._history.record(account.id, kind, at, account.cash, description="opening balance")
        self._touch(account, at)

    def _admit(self, account: Account) -> None:
        self.accounts[account.id] = account
        self._by_key[account.key_id] = account
        self._positions[account.id] = {}

    # Questions

    def account_of_key(self, key_id: str) -> Account | None:
        """Find the account of an API key."""
        return self._by_key.get(key_id)

    def positions(self, account_id: str) -> list[Position]:
        """List what an account holds, by symbol."""
        return sorted(self._positions[account_id].values(), key=lambda each: each.symbol)

    def position(self, account_id: str, symbol: str) -> Position | None:
        """Give what an account holds of a symbol; None when flat."""
        return self._positions[account_id].get(symbol)

    def activities(self, account_id: str) -> Sequence[Activity]:
        """Give an account's history, oldest first."""
        return self._history.activities(account_id)

    def equity_history(self, account_id: str) -> Sequence[EquityPoint]:
        """Give an account's equity after fills and at closes, one a minute at most."""
        return self._history.equity(account_id)

    def fill(self, execution_id: str) -> Activity:
        """Give the activity of a fill, busted or not.

        Raises:
            NotFound: If there was no such fill.
        """
        return self._history.fill(execution_id)

    def balances(self, account_id: str, held: Held) -> Balances:
        """Reckon an account at present prices, and take off what its open orders hold."""
        account = self.accounts[account_id]
        positions = self._positions[account_id]
        return self.reckoning.balances(account, positions, held, self._history.today())

    def buying_power(self, account_id: str, held: Held) -> Decimal:
        """Give the buying power alone."""
        account, positions = self.accounts[account_id], self._positions[account_id]
        return self.reckoning.buying_power(account, positions, held, self.leverage(account_id))

    def buying_power_needed(self, order: Order, price: Decimal) -> Decimal:
        """Give what the rest of an order would hold of its account's buying power.

        Args:
            order: Open or not yet placed.
            price: Of the market on the side where it would trade; the ask for a short sale too.
        """
        account = self.accounts[order.account_id]
        positions = self._positions[account.id]
        times = self.reckoning.leverage(account, positions.values(), self._history.today())
        return self.reckoning.needed(order, price, positions.get(order.symbol), times)

    def leverage(self, account_id: str) -> int:
        """Give how many times its equity an account may hold now; 1 may not be short."""
        account = self.accounts[account_id]
        positions = self._positions[account_id].values()
        return self.reckoning.leverage(account, positions, self._history.today())

    def day_trades(self, account_id: str, days: Collection[date]) -> int:
        """Count day trades on some days in New York; what they were limited by until June 2026.

        `algotrendy.exchange.rules.margin.is_pattern_day_trader` judges the number.
        """
        return self._history.day_trades(account_id, days)

    def shortable(self, symbol: str) -> Decimal:
        """Give how many units may still be sold short, over all accounts together."""
        return self._lending.left(symbol)

    # Fills

    def book_fill(
        self, order: Order, execution_id: str, quantity: Decimal, price: Decimal, at: datetime
    ) -> Decimal:
        """Book a fill and its fees, and give the new position, signed.

        Args:
            order: With this fill in ``filled_quantity``, ``filled_value`` and ``status``.
            quantity: Of this fill, > 0.
        """
        with localcontext(WIDE):
            account = self.accounts[order.account_id]
            change = quantity * order.side.sign
            held, cost = self._holding(account.id, order.symbol)
            cost = _cost_after(held, cost, change, price)
            self._hold(account.id, order.symbol, held + change, cost)
            leaves = ZERO
            if order.quantity is not None:
                leaves = order.quantity - order.filled_quantity
            is_whole = order.status is OrderStatus.FILLED or (order.quantity and not leaves)
            self._record(
                account,
                ActivityType.FILL,
                at,
                -change * price,
                **_of(order, execution_id),
                quantity=change,
                price=price,
                leaves=leaves,
                cumulative=order.filled_quantity,
                fill_type="fill" if is_whole else "partial_fill",
            )
            fee = self._charges.of_fill(order, quantity, price, at)
            if fee:
                kind, text = ActivityType.FEE, "section 31 fee and trading activity fee"
                self._record(account, kind, at, -fee, **_of(order, execution_id), description=text)
            self._touch(account, at)
            return held + change

    def bust(self, execution_id: str, order: Order, at: datetime) -> Activity:
        """Take a fill back: cash, fees and position become what they were without it.

        Raises:
            NotFound: If there was no such fill.
            Conflict: If it was taken back before, or its shares have been split since.
        """
        fill = self._history.fill(execution_id)
        if self._history.is_busted(execution_id):
            raise Conflict(f"execution {execution_id} was busted before")
        with localcontext(WIDE):
            account = self.accounts[fill.account_id]
            held, cost = self._without(fill)
            standing = self._history.standing
            refund = self._charges.of_order(fill, standing(account.id, without=None))
            refund -= self._charges.of_order(fill, standing(account.id, without=execution_id))
            self._hold(account.id, order.symbol, held, cost)
            activity = self._record(
                account,
                ActivityType.BUST,
                at,
                refund - fill.cash,
                **_of(order, execution_id),
                quantity=-(fill.quantity or ZERO),
                price=fill.price,
            )
            self._touch(account, at)
            return activity

    # Corporate actions, and the end of a session

    def split(self, symbol: str, new: int, old: int, at: datetime) -> None:
        """Let ``new`` shares stand for ``old`` ones; what cannot be held is cashed in lieu.

        The present price is taken for one of before the split, so no equity is written down.
        """
        asset = self._assets(symbol)
        step = _least(asset)
        with localcontext(WIDE):
            for account, position in self._holders(symbol):
                price = self.reckoning.price_of(position)
                price = _storable(corporate.split_price(price, new, old))
                size = corporate.split_size(position.quantity, new, old)
                whole = corporate.whole_part(size, step, ZERO)
                cost = _storable(position.cost * whole / size)
                change = whole - position.quantity
                self._hold(account.id, symbol, whole, cost)
                in_lieu = rounded((size - whole) * price, 2)
                self._record(
                    account,
                    ActivityType.SPLIT,
                    at,
                    in_lieu,
                    symbol=symbol,
                    quantity=change,
                    price=price,
                    cost=cost,
                    description=f"{new}:{old} split",
                )
                self.changes.accounts[account.id] = account

    def dividend(self, symbol: str, per_share: Decimal, at: datetime) -> None:
        """Pay a dividend to who is long, and take it from who is short; to the cent."""
        with localcontext(WIDE):
            for account, position in self._holders(symbol):
                cash = rounded(corporate.dividend(position.quantity, per_share), 2)
                self._record(
                    account,
                    ActivityType.DIVIDEND,
                    at,
                    cash,
                    symbol=symbol,
                    quantity=position.quantity,
                    per_share=per_share,
                )
                self._touch(account, at)

    def close_session(self, session: date, at: datetime, nights: int | None = None) -> None:
        """Reckon borrow fees and equity at the close.

        Fees gather day by day and are charged at the last close of a month.

        Args:
            session: Date of the session that ends.
            at: The market's time.
            nights: Calendar days until the next session; None: 3 after a Friday, else 1.
        """
        if nights is None:
            nights = 3 if session.weekday() == _FRIDAY else 1
        ends_month = (session + timedelta(days=nights)).month != session.month
        with localcontext(WIDE):
            for account in self.accounts.values():
                self._borrow(account, nights)
                if ends_month:
                    self._charge_interest(account, at)
                account.last_equity = self._touch(account, at)

    # The inside

    def _without(self, fill: Activity) -> tuple[Decimal, Decimal]:
        """Give quantity and cost of a position as if a fill had not been."""
        quantity = cost = ZERO
        for each in self._history.standing(fill.account_id, fill.execution_id):
            if each.symbol != fill.symbol:
                continue
            change = each.quantity or ZERO
            if each.type is ActivityType.SPLIT:
                if each.id > fill.id:
                    raise Conflict(f"execution {fill.execution_id} is older than a split")
                quantity, cost = quantity + change, each.cost or ZERO
            else:
                cost = _cost_after(quantity, cost, change, each.price or ZERO)
                quantity += change
        return quantity, cost

    def _borrow(self, account: Account, nights: int) -> None:
        shorts = ZERO
        for position in self._positions[account.id].values():
            if position.quantity < 0:
                shorts += position.quantity * self.reckoning.price_of(position)
        account.interest += _storable(self._lending.fee(shorts, nights))

    def _charge_interest(self, account: Account, at: datetime) -> None:
        due = rounded(account.interest, 2)
        if due:
            account.interest -= due
            text = "stock borrow fee"
            self._record(account, ActivityType.INTEREST, at, -due, description=text)

    def _holders(self, symbol: str) -> list[tuple[Account, Position]]:
        return [
            (account, self._positions[account.id][symbol])
            for account in self.accounts.values()
            if symbol in self._positions[account.id]
        ]

    def _holding(self, account_id: str, symbol: str) -> tuple[Decimal, Decimal]:
        found = self._positions[account_id].get(symbol)
        return (ZERO, ZERO) if found is None else (found.quantity, found.cost)

    def _hold(self, account_id: str, symbol: str, quantity: Decimal, cost: Decimal) -> None:
        held = self._positions[account_id]
        found = held.get(symbol)
        key = account_id, symbol
        self._lending.move(symbol, ZERO if found is None else found.quantity, quantity)
        if not quantity:
            if found is not None:
                del held[symbol]
            self.changes.positions.pop(key, None)
            self.changes.closed_positions.add(key)
            return
        if found is None:
            found = held[symbol] = Position(account_id, symbol, quantity, cost)
        found.quantity, found.cost = quantity, cost
        self.changes.closed_positions.discard(key)
        self.changes.positions[key] = found

    def _record(
        self, account: Account, kind: ActivityType, at: datetime, cash: Decimal, **facts: Any
    ) -> Activity:
        account.cash += cash
        return self._history.record(account.id, kind, at, cash, **facts)

    def _touch(self, account: Account, at: datetime) -> Decimal:
        self.changes.accounts[account.id] = account
        positions = self._positions[account.id].values()
        equity = _storable(self.reckoning.equity(account, positions))
        self._history.mark(account.id, at, equity, account.cash)
        return equity


def _cost_after(held: Decimal, cost: Decimal, change: Decimal, price: Decimal) -> Decimal:
    return _storable(cost_after(held, cost, change, price))


def _storable(value: Decimal) -> Decimal:
    """Round to the ledger's finest step what has more digits: a share of a cost, mostly."""
    if decimals_of(value) <= MAX_DIGITS_EACH_SIDE:
        return value
    return rounded(value, MAX_DIGITS_EACH_SIDE)


def _of(order: Order, execution_id: str) -> dict[str, Any]:
    return {
        "symbol": order.symbol,
        "order_id": order.id,
        "execution_id": execution_id,
        "side": order.side,
    }


def _least(asset: Asset) -> Decimal:
    return asset.quantity_step if asset.fractionable else max(asset.quantity_step, Decimal(1))

"""Describe the records of a run, which its rules read and write in both of their forms.

As in `exchange.rules.records`, a field table is the one source of a structured dtype, for compiled
code, and of a slotted object of the same fields.
"""

from __future__ import annotations

from typing import Final

from algotrendy.kernel.records import Fields, Record

ACCOUNT_FIELDS: Final[Fields] = (
    ("cash", "f8"),
    ("equity", "f8"),
    ("fees", "f8"),
    ("slippage", "f8"),  # paid: worse prices than the market's
    ("borrow", "f8"),  # paid for borrowed shares
    ("interest", "f8"),  # earned on cash, less paid on loans
    ("dividends", "f8"),  # received, less owed by shorts
    ("placed", "i8"),  # orders so far
    ("cut", "i8"),  # fills that cash, holdings or lots made smaller
    ("margin_calls", "i8"),
    ("is_ruined", "i8"),
    ("is_shut", "i8"),  # no order is taken: the strategy warms up
    ("is_full", "i8"),  # a table had no room: the run is to be made again with larger ones
)
ASSET_FIELDS: Final[Fields] = (
    ("position", "f8"),
    ("cost", "f8"),  # of the position, in its currency, negative for a short
    ("mark", "f8"),  # the newest close
    ("rate", "f8"),  # one unit of its currency in the account's
    ("multiplier", "f8"),  # value of one unit at a price of 1
    ("lot", "f8"),  # least quantity that can be bought; 0.0 is a billionth
    ("increment", "f8"),  # of a trailing stop's price; 0.0: none
    ("borrow_rate", "f8"),  # a year
    ("index", "i8"),
    ("count", "i8"),  # order rows in use
    ("admitted", "i8"),  # the first of them that the market knows
    ("dated", "i8"),  # 1 when one of them may end with the session
    ("floor", "f8"),  # a bar above the one and below the other means nothing to the orders; a
    ("ceiling", "f8"),  # floor of inf: which bars do is not known
)
LOG_FIELDS: Final[Fields] = (
    ("step", "i8"),  # at which it was placed
    ("since", "i8"),  # the moment of it: bars that began before do not see it
    ("asset", "i8"),
    ("side", "i8"),
    ("kind", "i8"),
    ("tif", "i8"),
    ("role", "i8"),
    ("entry", "i8"),  # the order whose exit it is, 0: none
    ("units", "f8"),
    ("limit", "f8"),
    ("stop", "f8"),
    ("trail_price", "f8"),
    ("trail_percent", "f8"),
    ("state", "i8"),
    ("filled", "f8"),
    ("value", "f8"),  # of its fills, price times units
)
"""An order as it is kept: the order of id i stands in row i - 1."""

DONE_FIELDS: Final[Fields] = (
    ("step", "i8"),
    ("asset", "i8"),
    ("order", "i8"),  # id
    ("units", "f8"),  # below 0 for a sale
    ("price", "f8"),  # with slippage
    ("fee", "f8"),
    ("slippage", "f8"),  # of the price
)
"""A fill as it is kept."""

COST_FIELDS: Final[Fields] = (
    ("fee_rate", "f8"),
    ("fee_per_unit", "f8"),
    ("fee_minimum", "f8"),
    ("fee_most", "f8"),  # part of the notional; 0.0: no most
    ("sale_rate", "f8"),
    ("sale_per_unit", "f8"),
    ("slippage_rate", "f8"),
    ("half_spread", "f8"),
    ("impact", "f8"),
    ("leverage", "f8"),
    ("maintenance", "f8"),  # of the gross value; 0.0: nobody calls
    ("loan_rate", "f8"),
    ("cash_rate", "f8"),
    ("days_in_year", "i8"),
    ("allow_short", "i8"),
)


class AccountRow(Record):
    """The account as the rules see it."""

    fields = ACCOUNT_FIELDS
    __slots__ = tuple(name for name, _ in ACCOUNT_FIELDS)
    cash: float
    equity: float
    fees: float
    slippage: float
    borrow: float
    interest: float
    dividends: float
    placed: int
    cut: int
    margin_calls: int
    is_ruined: int
    is_shut: int
    is_full: int


class AssetRow(Record):
    """One asset as the rules see it."""

    fields = ASSET_FIELDS
    __slots__ = tuple(name for name, _ in ASSET_FIELDS)
    position: float
    cost: float
    mark: float
    rate: float
    multiplier: float
    lot: float
    increment: float
    borrow_rate: float
    index: int
    count: int
    admitted: int
    dated: int
    floor: float
    ceiling: float


class LogRow(Record):
    """One order as it is kept."""

    fields = LOG_FIELDS
    __slots__ = tuple(name for name, _ in LOG_FIELDS)
    step: int
    since: int
    asset: int
    side: int
    kind: int
    tif: int
    role: int
    entry: int
    units: float
    limit: float
    stop: float
    trail_price: float
    trail_percent: float
    state: int
    filled: float
    value: float


class DoneRow(Record):
    """One fill as it is kept."""

    fields = DONE_FIELDS
    __slots__ = tuple(name for name, _ in DONE_FIELDS)
    step: int
    asset: int
    order: int
    units: float
    price: float
    fee: float
    slippage: float


class CostRow(Record):
    """What trading costs, and how much of it the account may do."""

    fields = COST_FIELDS
    __slots__ = tuple(name for name, _ in COST_FIELDS)
    fee_rate: float
    fee_per_unit: float
    fee_minimum: float
    fee_most: float
    sale_rate: float
    sale_per_unit: float
    slippage_rate: float
    half_spread: float
    impact: float
    leverage: float
    maintenance: float
    loan_rate: float
    cash_rate: float
    days_in_year: int
    allow_short: int

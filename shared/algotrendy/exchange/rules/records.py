"""Describe the records that the rules read and write, in both of their forms.

Each field table is the one source of a structured dtype (``np.dtype(ORDER_FIELDS)``) and of the
slotted object of the same fields.
"""

from __future__ import annotations

from typing import ClassVar, Final

from algotrendy.kernel.records import Fields, Record

ORDER_FIELDS: Final[Fields] = (
    ("kind", "i8"),
    ("side", "i8"),
    ("tif", "i8"),
    ("role", "i8"),
    ("state", "i8"),
    ("quantity", "f8"),  # > 0
    ("filled", "f8"),  # cumulative
    ("limit", "f8"),  # 0.0: none
    ("stop", "f8"),  # 0.0: none; a trailing stop keeps its present stop here
    ("trail_price", "f8"),  # distance in quote currency, 0.0: none
    ("trail_percent", "f8"),  # distance in percent of the mark, 0.0: none
    ("mark", "f8"),  # best price since a trailing stop began to work, 0.0: none yet
    ("increment", "f8"),  # price step, to which a trailing stop is rounded; 0.0: not rounded
    ("lot", "f8"),  # a partial fill is a whole number of these; 0.0: a billionth
    ("triggered", "i8"),  # 1 when a stop has been elected
    ("extended", "i8"),  # 1 when it works outside of regular hours too
    ("parent", "i8"),  # row of the entry, -1: none
    ("sibling", "i8"),  # row of the other exit, -1: none
    ("key", "i8"),  # the caller's own; not read here
)
QUOTE_FIELDS: Final[Fields] = (
    ("bid", "f8"),
    ("bid_size", "f8"),
    ("ask", "f8"),
    ("ask_size", "f8"),
    ("phase", "i8"),  # FIRST_OF_SESSION | LAST_OF_SESSION | REGULAR_HOURS
)
TRADE_FIELDS: Final[Fields] = (("price", "f8"), ("size", "f8"), ("phase", "i8"))
BAR_FIELDS: Final[Fields] = (
    ("open", "f8"),
    ("high", "f8"),
    ("low", "f8"),
    ("close", "f8"),
    ("volume", "f8"),
    ("phase", "i8"),
)
FILL_FIELDS: Final[Fields] = (("order", "i8"), ("quantity", "f8"), ("price", "f8"))
TERMS_FIELDS: Final[Fields] = (
    # Share of a bar's or trade's volume that orders may take. 0.0: all of it with size_check, and
    # any quantity without.
    ("participation", "f8"),
    ("size_check", "i8"),  # 1: a quote fills at most its size; 0: any quantity, as Alpaca's paper
    ("stop_on_quote", "i8"),  # 1: quotes elect stops as trades do
)


class OrderRow(Record):
    """One order as the rules see it."""

    fields = ORDER_FIELDS
    initial: ClassVar = {"parent": -1, "sibling": -1}
    __slots__ = tuple(name for name, _ in ORDER_FIELDS)
    kind: int
    side: int
    tif: int
    role: int
    state: int
    quantity: float
    filled: float
    limit: float
    stop: float
    trail_price: float
    trail_percent: float
    mark: float
    increment: float
    lot: float
    triggered: int
    extended: int
    parent: int
    sibling: int
    key: int


class QuoteRow(Record):
    """The best bid and offer; sizes in units."""

    fields = QUOTE_FIELDS
    __slots__ = tuple(name for name, _ in QUOTE_FIELDS)
    bid: float
    bid_size: float
    ask: float
    ask_size: float
    phase: int


class TradeRow(Record):
    """One trade."""

    fields = TRADE_FIELDS
    __slots__ = tuple(name for name, _ in TRADE_FIELDS)
    price: float
    size: float
    phase: int


class BarRow(Record):
    """One bar."""

    fields = BAR_FIELDS
    __slots__ = tuple(name for name, _ in BAR_FIELDS)
    open: float
    high: float
    low: float
    close: float
    volume: float
    phase: int


class FillRow(Record):
    """One fill: of which row, how much, at what price."""

    fields = FILL_FIELDS
    __slots__ = tuple(name for name, _ in FILL_FIELDS)
    order: int
    quantity: float
    price: float


class Terms(Record):
    """The terms on which a market gives its liquidity."""

    fields = TERMS_FIELDS
    __slots__ = tuple(name for name, _ in TERMS_FIELDS)
    participation: float
    size_check: int
    stop_on_quote: int

"""Make tables of what a run did: equity, fills, orders and trades, with names for codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.outputs.trips import trips_of
from algotrendy.exchange.rules.codes import (
    ALONE,
    CANCELED,
    ENTRY,
    EXPIRED,
    FILLED,
    HELD,
    PARTLY_FILLED,
    STOP_LOSS,
    TAKE_PROFIT,
    WORKING,
)
from algotrendy.kernel.order_codes import (
    CLS,
    DAY,
    FOK,
    GTC,
    IOC,
    LIMIT,
    MARKET,
    OPG,
    STOP,
    STOP_LIMIT,
    TRAILING_STOP,
)

KINDS: Final = {
    MARKET: "market",
    LIMIT: "limit",
    STOP: "stop",
    STOP_LIMIT: "stop limit",
    TRAILING_STOP: "trailing stop",
}
TIMES_IN_FORCE: Final = {
    DAY: "day",
    GTC: "gtc",
    OPG: "opg",
    CLS: "cls",
    IOC: "ioc",
    FOK: "fok",
}
ROLES: Final = {
    ALONE: "alone",
    ENTRY: "entry",
    TAKE_PROFIT: "take profit",
    STOP_LOSS: "stop loss",
}
STATES: Final = {
    HELD: "held",
    WORKING: "working",
    PARTLY_FILLED: "partly filled",
    FILLED: "filled",
    CANCELED: "canceled",
    EXPIRED: "expired",
}


class Column(NamedTuple):
    """A column of a table: its type in SQL, and its values; nan and "not a time" are NULL."""

    name: str
    kind: str
    values: NDArray[Any]


Table = tuple[Column, ...]


def tables_of(backtest: Backtest) -> dict[str, Table]:
    """Give the tables of a run by name."""
    return {
        "equity": _equity(backtest),
        "fills": _fills(backtest),
        "orders": _orders(backtest),
        "trades": _trades(backtest),
    }


def _equity(backtest: Backtest) -> Table:
    return (
        _time("time", backtest.time),
        _number("equity", backtest.equity),
        _number("cash", backtest.cash),
        _number("exposure", backtest.exposure),
    )


def _fills(backtest: Backtest) -> Table:
    fills = backtest.fills
    return (
        _time("time", backtest.time[fills["step"]]),
        _count("step", fills["step"]),
        _symbols(backtest, fills["asset"]),
        _count("order", fills["order"]),
        _number("units", fills["units"]),
        _number("price", fills["price"]),
        _number("fee", fills["fee"]),
        _number("slippage", fills["slippage"]),
        _number("notional", backtest.notional),
    )


def _orders(backtest: Backtest) -> Table:
    orders = backtest.orders
    filled = orders["filled"]
    mean = np.divide(orders["value"], filled, out=np.zeros(len(filled)), where=filled > 0.0)
    return (
        _count("id", np.arange(1, len(orders) + 1)),
        _time("time", backtest.time[orders["step"]]),
        _count("step", orders["step"]),
        _symbols(backtest, orders["asset"]),
        _words("side", orders["side"], {1: "buy", -1: "sell"}),
        _words("kind", orders["kind"], KINDS),
        _words("time_in_force", orders["tif"], TIMES_IN_FORCE),
        _words("role", orders["role"], ROLES),
        _count("entry", orders["entry"]),
        _number("units", orders["units"]),
        _given("limit", orders["limit"]),
        _given("stop", orders["stop"]),
        _given("trail_price", orders["trail_price"]),
        _given("trail_percent", orders["trail_percent"]),
        _words("state", orders["state"], STATES),
        _number("filled", filled),
        _given("mean_price", mean),
    )


def _trades(backtest: Backtest) -> Table:
    trips = trips_of(backtest)
    ended = backtest.time[trips.exit].astype("M8[ns]")
    ended[trips.is_open] = np.datetime64("NaT")
    return (
        _symbols(backtest, trips.asset),
        _words("side", np.where(trips.units < 0.0, -1, 1), {1: "long", -1: "short"}),
        _time("entry_time", backtest.time[trips.entry]),
        Column("exit_time", "TIMESTAMPTZ", ended),
        _count("entry_step", trips.entry),
        _count("exit_step", trips.exit),
        _number("units", np.abs(trips.units)),
        _number("entry_price", trips.entry_price),
        _number("exit_price", trips.exit_price),
        _number("fees", trips.fees),
        _number("pnl", trips.profit),
        _number("return", trips.returns),
        _number("adverse", trips.adverse),
        _number("favourable", trips.favourable),
        Column("is_open", "BOOLEAN", trips.is_open),
    )


def _time(name: str, values: NDArray[np.int64]) -> Column:
    return Column(name, "TIMESTAMPTZ", values.astype("M8[ns]"))


def _number(name: str, values: NDArray[Any]) -> Column:
    return Column(name, "DOUBLE", np.ascontiguousarray(values, dtype=np.float64))


def _given(name: str, values: NDArray[Any]) -> Column:
    # No price is 0: there the order has none.
    return _number(name, np.where(values == 0.0, np.nan, values))


def _count(name: str, values: NDArray[Any]) -> Column:
    return Column(name, "BIGINT", np.ascontiguousarray(values, dtype=np.int64))


def _words(name: str, codes: NDArray[Any], words: Mapping[int, str]) -> Column:
    return Column(name, "VARCHAR", np.array([words[code] for code in codes.tolist()], dtype=object))


def _symbols(backtest: Backtest, places: NDArray[Any]) -> Column:
    symbols = dict(enumerate(backtest.setting.dataset.symbols))
    return _words("symbol", places, symbols)

"""Give compiled strategies what they read: columns, positions, the account, fills."""

from __future__ import annotations

import operator
from typing import Any

from numba import types
from numba.extending import overload, overload_attribute, overload_method

from algotrendy.backtest.engine.compiled.memory import ACCOUNT, ASSET, CONTEXT, DONE, FRAME, offset
from algotrendy.backtest.engine.compiled.objects import (
    AssetType,
    ColumnType,
    FillType,
    FrameType,
    MarketType,
    OwnType,
    first_of,
    make_asset,
    make_floats,
    make_frame,
    make_ints,
    maker,
    second_of,
)
from algotrendy.backtest.engine.compiled.pointers import FLOAT, load_float, load_int, store_float
from algotrendy.exchange.compiled import INNER

_SEEN, _IS_NEW = offset(FRAME, "seen"), offset(FRAME, "is_new")


def _column(name: str, make: Any) -> None:
    place = offset(FRAME, name)

    def attribute(frame: Any) -> Any:
        def read(frame: Any) -> Any:
            at = second_of(frame)
            return make(load_int(at + place), load_int(at + _SEEN))

        return read

    overload_attribute(FrameType, name, inline="always")(attribute)


_column("time", make_ints)
for _name in ("open", "high", "low", "close", "volume"):
    _column(_name, make_floats)


@overload_attribute(FrameType, "is_new", inline="always")
def _is_new(frame: Any) -> Any:
    def read(frame: Any) -> Any:
        return load_int(second_of(frame) + _IS_NEW) != 0

    return read


@overload(len, jit_options=INNER)
def _length(column: Any) -> Any:
    if isinstance(column, ColumnType):

        def read(column: Any) -> Any:
            return second_of(column)

        return read
    if isinstance(column, MarketType):
        place = offset(CONTEXT, "count")

        def read(column: Any) -> Any:
            return load_int(first_of(column) + place)

        return read
    return None


@overload(operator.getitem, jit_options=INNER)
def _item(column: Any, index: Any) -> Any:
    if isinstance(column, ColumnType) and isinstance(index, types.Integer):
        load = load_float if column.kind is FLOAT else load_int

        def read(column: Any, index: Any) -> Any:
            size = second_of(column)
            place = index + size if index < 0 else index
            if place < 0 or place >= size:
                raise IndexError("list index out of range")
            return load(first_of(column) + 8 * place)

        return read
    if isinstance(column, MarketType) and isinstance(index, types.Integer):
        assets, count, row = offset(CONTEXT, "assets"), offset(CONTEXT, "count"), ASSET.itemsize

        def asset(column: Any, index: Any) -> Any:
            context = first_of(column)
            size = load_int(context + count)
            place = index + size if index < 0 else index
            if place < 0 or place >= size:
                raise IndexError("tuple index out of range")
            return make_asset(context, load_int(context + assets) + row * place)

        return asset
    if isinstance(column, OwnType) and isinstance(index, types.Integer):
        own, size_, count = (offset(CONTEXT, name) for name in ("own", "own_size", "count"))
        make = maker(column)

        def each(column: Any, index: Any) -> Any:
            context = first_of(column)
            size = load_int(context + count)
            place = index + size if index < 0 else index
            if place < 0 or place >= size:
                raise IndexError("tuple index out of range")
            return make(context, load_int(context + own) + load_int(context + size_) * place)

        return each
    return None


@overload(operator.setitem, jit_options=INNER)
def _set_item(column: Any, index: Any, value: Any) -> Any:
    if isinstance(column, ColumnType) and column.is_writable:

        def write(column: Any, index: Any, value: Any) -> None:
            size = second_of(column)
            place = index + size if index < 0 else index
            if place < 0 or place >= size:
                raise IndexError("list assignment index out of range")
            store_float(first_of(column) + 8 * place, float(value))

        return write
    return None


def _asset_float(name: str) -> None:
    place = offset(ASSET, name)

    def attribute(asset: Any) -> Any:
        def read(asset: Any) -> Any:
            return load_float(second_of(asset) + place)

        return read

    overload_attribute(AssetType, name, inline="always")(attribute)


_asset_float("position")


@overload_attribute(AssetType, "entry_price", jit_options=INNER)
def _entry_price(asset: Any) -> Any:
    position, cost = offset(ASSET, "position"), offset(ASSET, "cost")

    def read(asset: Any) -> Any:
        held = load_float(second_of(asset) + position)
        if held == 0.0:
            return 0.0
        return load_float(second_of(asset) + cost) / held

    return read


@overload_attribute(AssetType, "index", inline="always")
def _index(asset: Any) -> Any:
    place = offset(ASSET, "index")

    def read(asset: Any) -> Any:
        return load_int(second_of(asset) + place)

    return read


def _account_float(name: str) -> None:
    place, account = offset(ACCOUNT, name), offset(CONTEXT, "account")

    def attribute(market: Any) -> Any:
        def read(market: Any) -> Any:
            return load_float(load_int(first_of(market) + account) + place)

        return read

    overload_attribute(MarketType, name, inline="always")(attribute)


_account_float("cash")
_account_float("equity")


@overload_attribute(MarketType, "now", inline="always")
def _now(market: Any) -> Any:
    place = offset(CONTEXT, "now")

    def read(market: Any) -> Any:
        return load_int(first_of(market) + place)

    return read


def _fill_part(name: str, load: Any) -> None:
    place = offset(DONE, name)

    def attribute(fill: Any) -> Any:
        def read(fill: Any) -> Any:
            return load(second_of(fill) + place)

        return read

    overload_attribute(FillType, name, inline="always")(attribute)


for _name in ("asset", "order"):
    _fill_part(_name, load_int)
for _name in ("units", "price", "fee"):
    _fill_part(_name, load_float)


@overload_method(AssetType, "on", jit_options=INNER)
def _on(asset: Any, timeframe: Any) -> Any:
    frames, row = offset(ASSET, "frames"), FRAME.itemsize

    def on(asset: Any, timeframe: Any) -> Any:
        at = second_of(asset)
        if timeframe != 0:
            at = load_int(at + frames) + row * timeframe
        return make_frame(first_of(asset), at)

    return on

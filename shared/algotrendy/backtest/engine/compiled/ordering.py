"""Give compiled strategies the orders of `strategy.market`."""

from __future__ import annotations

from math import inf
from typing import Any

from numba import types
from numba.extending import overload_method

from algotrendy.backtest.engine.compiled import desk
from algotrendy.backtest.engine.compiled.desk import REFUSED
from algotrendy.backtest.engine.compiled.objects import AssetType, first_of, second_of
from algotrendy.exchange.compiled import INNER, inner
from algotrendy.kernel.order_codes import BUY, GTC, SELL
from algotrendy.strategy.market import wrong_exit

_wrong_exit = inner(wrong_exit)


def _method(name: str) -> Any:
    return overload_method(AssetType, name, jit_options=INNER)


@inner
def _taken(order: Any) -> Any:
    """Give an order's id, unless the desk has refused it."""
    if order == REFUSED:
        raise ValueError("order")
    return order


def _order(name: str, side: int) -> None:
    def method(asset: Any, units: Any, limit: Any = 0.0, stop: Any = 0.0, tif: Any = GTC) -> Any:
        def at_open(
            asset: Any, units: Any, limit: Any = 0.0, stop: Any = 0.0, tif: Any = GTC
        ) -> Any:
            return _taken(desk.place_at_open(first_of(asset), second_of(asset), side, units))

        def order(asset: Any, units: Any, limit: Any = 0.0, stop: Any = 0.0, tif: Any = GTC) -> Any:
            return _taken(desk.place(
                first_of(asset), second_of(asset), side, units, limit, stop, tif, 0.0, 0.0, 0.0
            ))  # fmt: skip

        return at_open if all(map(_is_left_out, (limit, stop, tif))) else order

    _method(name)(method)


def _is_left_out(given: Any) -> bool:
    """Tell whether a call leaves an argument out: then the compiler has no type for it."""
    return isinstance(given, types.Omitted) or not isinstance(given, types.Type)


_order("buy", BUY)
_order("sell", SELL)


def _bracket(name: str, side: int) -> None:
    def method(
        asset: Any,
        units: Any,
        take_profit: Any = 0.0,
        stop_loss: Any = 0.0,
        limit: Any = 0.0,
        stop: Any = 0.0,
        stop_loss_limit: Any = 0.0,
    ) -> Any:
        def bracket(
            asset: Any,
            units: Any,
            take_profit: Any = 0.0,
            stop_loss: Any = 0.0,
            limit: Any = 0.0,
            stop: Any = 0.0,
            stop_loss_limit: Any = 0.0,
        ) -> Any:
            if not (take_profit > 0.0 or stop_loss > 0.0):
                raise ValueError("order.take_profit")
            if _wrong_exit(side, take_profit, stop_loss, limit):
                raise ValueError("order.stop_loss")
            return _taken(desk.place(
                first_of(asset), second_of(asset), side, units, limit, stop, GTC,
                take_profit, stop_loss, stop_loss_limit,
            ))  # fmt: skip

        return bracket

    _method(name)(method)


_bracket("buy_bracket", BUY)
_bracket("sell_bracket", SELL)


def _trailing(name: str, side: int) -> None:
    def method(asset: Any, units: Any, price: Any = 0.0, percent: Any = 0.0) -> Any:
        def trailing(asset: Any, units: Any, price: Any = 0.0, percent: Any = 0.0) -> Any:
            order = desk.trail(first_of(asset), second_of(asset), side, units, price, percent)
            return _taken(order)

        return trailing

    _method(name)(method)


_trailing("buy_trailing", BUY)
_trailing("sell_trailing", SELL)


@_method("protect")
def _protect(asset: Any, take_profit: Any, stop_loss: Any, stop_loss_limit: Any = 0.0) -> Any:
    def protect(asset: Any, take_profit: Any, stop_loss: Any, stop_loss_limit: Any = 0.0) -> Any:
        if _wrong_exit(asset.position, take_profit, stop_loss, 0.0):
            raise ValueError("order.stop_loss")
        return _taken(
            desk.protect(first_of(asset), second_of(asset), take_profit, stop_loss, stop_loss_limit)
        )

    return protect


@_method("exit")
def _exit(asset: Any) -> Any:
    def exit_(asset: Any) -> Any:
        held = asset.position
        if held == 0.0:
            return 0
        side = SELL if held > 0.0 else BUY
        return _taken(desk.place_at_open(first_of(asset), second_of(asset), side, abs(held)))

    return exit_


@_method("invest")
def _invest(asset: Any, share: Any = 1.0) -> Any:
    def invest(asset: Any, share: Any = 1.0) -> Any:
        if not 0.0 < share <= 1.0:
            raise ValueError("order.share")
        return desk.invest(first_of(asset), second_of(asset), share)

    return invest


@_method("target")
def _target(asset: Any, weight: Any) -> Any:
    def target(asset: Any, weight: Any) -> Any:
        if not -inf < weight < inf:
            raise ValueError("order.weight")
        return desk.target(first_of(asset), second_of(asset), weight)

    return target


@_method("cancel")
def _cancel(asset: Any, order: Any) -> Any:
    def read(asset: Any, order: Any) -> Any:
        return desk.cancel(first_of(asset), order)

    return read


@_method("cancel_all")
def _cancel_all(asset: Any) -> Any:
    def read(asset: Any) -> Any:
        return desk.cancel_all(first_of(asset), second_of(asset))

    return read


@_method("replace")
def _replace(
    asset: Any,
    order: Any,
    units: Any = 0.0,
    limit: Any = 0.0,
    stop: Any = 0.0,
) -> Any:
    def replace(asset: Any, order: Any, units: Any = 0.0, limit: Any = 0.0, stop: Any = 0.0) -> Any:
        return _taken(desk.replace(first_of(asset), order, units, limit, stop))

    return replace


@_method("is_open")
def _is_open(asset: Any, order: Any) -> Any:
    def read(asset: Any, order: Any) -> Any:
        return desk.is_open(first_of(asset), order) != 0

    return read


@_method("open_orders")
def _open_orders(asset: Any) -> Any:
    def read(asset: Any) -> Any:
        return desk.open_orders(first_of(asset), second_of(asset))

    return read

"""Judge a request for an order by itself: fields, kinds that go together, groups, hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.venue.fields import check_price, check_prices, check_size
from algotrendy.exchange.venue.hours import Hours, Phase
from algotrendy.exchange.venue.model import Order
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.kernel.decimals import is_multiple, plain
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest

LEAST_DISTANCE = Decimal("0.01")
OPG_ENDS = timedelta(minutes=2)
CLS_ENDS = timedelta(minutes=10)
AUCTIONS_RESUME = timedelta(hours=3)
"""opg orders are taken until 09:28, cls orders until 15:50, both again from 19:00, New York."""

_T, _F = OrderType, TimeInForce
_RESTING = frozenset({_F.DAY, _F.GTC})
_TRADABLE = frozenset({AssetClass.EQUITY, AssetClass.CRYPTO})
_LIVES = {
    AssetClass.EQUITY: {
        _T.MARKET: frozenset(_F),
        _T.LIMIT: frozenset(_F),
        _T.STOP: _RESTING,
        _T.STOP_LIMIT: _RESTING,
        _T.TRAILING_STOP: _RESTING,
    },
    AssetClass.CRYPTO: {
        _T.MARKET: frozenset({_F.GTC, _F.IOC}),
        _T.LIMIT: frozenset({_F.GTC, _F.IOC}),
        _T.STOP_LIMIT: frozenset({_F.GTC, _F.IOC}),
    },
}


def admit(
    request: OrderRequest, asset: Asset, hours: Hours, now: datetime, market: Decimal | None
) -> None:
    """Refuse a request that no account could make now.

    Args:
        market: What the order would trade at now, None where nobody knows.
    """
    if not asset.tradable or asset.asset_class not in _TRADABLE:
        raise Refused(Reason.UNPROCESSABLE, f"symbol: asset {asset.symbol} is not tradable")
    check_size(request, asset)
    check_prices(request, asset)
    check_kinds(request, asset)
    check_fractions(request, asset)
    check_class(request, asset, market)
    check_extended_hours(request, asset)
    check_hours(request, asset, hours, now)


def check_kinds(request: OrderRequest, asset: Asset) -> None:
    """Refuse a type or time in force that the asset class, or the other one, does not go with."""
    lives = _LIVES[asset.asset_class].get(request.type)
    if lives is None:
        raise Refused(
            Reason.UNPROCESSABLE,
            f"invalid type {request.type} for {asset.asset_class} order: {asset.symbol}",
        )
    if request.time_in_force not in lives:
        listed = ", ".join(sorted(lives))
        raise Refused(
            Reason.UNPROCESSABLE,
            f"invalid time_in_force {request.time_in_force} for a {request.type} order of "
            f"{asset.symbol}: it must be one of {listed}",
        )


def is_fractional(request: OrderRequest) -> bool:
    """Say whether the request is not for whole units."""
    return request.quantity is None or not is_multiple(request.quantity, Decimal(1))


def check_fractions(request: OrderRequest, asset: Asset) -> None:
    """Refuse fractions and notionals of shares where only whole shares go."""
    if asset.asset_class is not AssetClass.EQUITY or not is_fractional(request):
        return
    word = "notional" if request.quantity is None else "fractional"
    if not asset.fractionable:
        raise Refused(Reason.FORBIDDEN, f'qty: asset "{asset.symbol}" is not fractionable')
    if request.time_in_force is not TimeInForce.DAY:
        raise Refused(
            Reason.UNPROCESSABLE,
            f"{word} orders must be DAY orders: time_in_force was {request.time_in_force}",
        )
    if request.type is OrderType.TRAILING_STOP:
        raise Refused(Reason.UNPROCESSABLE, f"{word} orders must not be of type trailing_stop")
    if request.order_class is not OrderClass.SIMPLE:
        raise Refused(
            Reason.UNPROCESSABLE,
            f"{word} orders must be simple orders: order_class was {request.order_class}",
        )


def check_extended_hours(request: OrderRequest, asset: Asset) -> None:
    """Refuse any order for extended hours but limit orders, day or gtc, of shares."""
    if not request.extended_hours or asset.asset_class is AssetClass.CRYPTO:
        return
    if (
        request.type is not OrderType.LIMIT
        or request.time_in_force not in _RESTING
        or request.order_class is not OrderClass.SIMPLE
    ):
        raise Refused(
            Reason.UNPROCESSABLE, "extended_hours order must be simple DAY or GTC limit orders"
        )


def check_hours(request: OrderRequest, asset: Asset, hours: Hours, now: datetime) -> None:
    """Refuse what the market takes at certain hours only."""
    life = request.time_in_force
    if asset.asset_class is AssetClass.CRYPTO or life in _RESTING:
        return
    if life in (TimeInForce.IOC, TimeInForce.FOK):
        if hours.phase(asset.asset_class, now) is not Phase.REGULAR:
            raise Refused(
                Reason.UNPROCESSABLE,
                f"time_in_force {life} is only accepted while the market is open, "
                f"which it is next at {hours.session_to_open(now).open.isoformat()}",
            )
        return
    session = hours.calendar.session(hours.calendar.date_at(now))
    if session is None or session.close == session.post_close:
        return
    ends = session.open - OPG_ENDS if life is TimeInForce.OPG else session.close - CLS_ENDS
    if ends <= now < session.close + AUCTIONS_RESUME:
        raise Refused(
            Reason.UNPROCESSABLE,
            f"time_in_force {life} is not accepted between {ends.isoformat()} "
            f"and {(session.close + AUCTIONS_RESUME).isoformat()}",
        )


def check_class(request: OrderRequest, asset: Asset, market: Decimal | None) -> None:
    """Refuse a group that lacks an exit, has one too many, or exits on the wrong side."""
    target, stop, kind = request.take_profit, request.stop_loss, request.order_class
    if kind is OrderClass.SIMPLE:
        if target is not None or stop is not None:
            field = "stop_loss" if target is None else "take_profit"
            raise Refused(Reason.INVALID, f"simple orders must not have {field}")
        return
    if asset.asset_class is AssetClass.CRYPTO:
        raise Refused(
            Reason.UNPROCESSABLE, f"crypto orders not allowed for advanced order_class: {kind}"
        )
    if kind is OrderClass.OTO:
        if (target is None) == (stop is None):
            raise Refused(
                Reason.INVALID, "oto orders require exactly one of take_profit, stop_loss"
            )
    else:
        if target is None:
            raise Refused(Reason.INVALID, f"{kind} orders require take_profit.limit_price")
        if stop is None:
            raise Refused(Reason.INVALID, f"{kind} orders require stop_loss.stop_price")
    _check_frame(request)
    base = market if kind is OrderClass.OCO else request.limit_price or market
    _check_exits(request, asset, base)
    if target is not None and stop is not None:
        check_exit_order(exit_side(request), target.limit_price, stop.stop_price)


def exit_side(request: OrderRequest) -> Side:
    """Say on which side the exits of a group are; an OCO is nothing but exits."""
    return request.side if request.order_class is OrderClass.OCO else request.side.opposite


def check_exit_order(side: Side, target: Decimal, stop: Decimal) -> None:
    """Refuse a target that is not better than the stop by a cent."""
    if (stop - target) * side.sign < LEAST_DISTANCE:
        word, sign = (">=", "+") if side is Side.SELL else ("<=", "-")
        raise Refused(
            Reason.UNPROCESSABLE,
            f"take_profit.limit_price must be {word} stop_loss.stop_price {sign} {LEAST_DISTANCE}",
        )


def _check_frame(request: OrderRequest) -> None:
    kind = request.order_class
    if kind is OrderClass.OCO and request.type is not OrderType.LIMIT:
        raise Refused(Reason.UNPROCESSABLE, f"oco orders must be of type limit, not {request.type}")
    if request.type not in (OrderType.MARKET, OrderType.LIMIT):
        raise Refused(
            Reason.UNPROCESSABLE, f"{kind} orders must be of type market or limit: {request.type}"
        )
    if request.time_in_force not in _RESTING:
        raise Refused(
            Reason.UNPROCESSABLE,
            f"{kind} orders must have time_in_force day or gtc, not {request.time_in_force}",
        )


def check_exit_price(leg: Order, base: Decimal) -> None:
    """Refuse an exit that is not a cent beyond the base price: a target better, a stop worse."""
    if leg.type is OrderType.LIMIT:
        _check_beyond("take_profit.limit_price", leg.limit_price, leg.side, base)
    else:
        _check_beyond("stop_loss.stop_price", leg.stop_price, leg.side.opposite, base)


def _check_exits(request: OrderRequest, asset: Asset, base: Decimal | None) -> None:
    target, stop, side = request.take_profit, request.stop_loss, exit_side(request)
    if target is not None:
        check_price("take_profit.limit_price", target.limit_price, asset)
        if request.order_class is not OrderClass.OCO:
            _check_beyond("take_profit.limit_price", target.limit_price, side, base)
    if stop is not None:
        check_price("stop_loss.stop_price", stop.stop_price, asset)
        if stop.limit_price is not None:
            check_price("stop_loss.limit_price", stop.limit_price, asset)
        _check_beyond("stop_loss.stop_price", stop.stop_price, side.opposite, base)


def _check_beyond(field: str, price: Decimal | None, side: Side, base: Decimal | None) -> None:
    """Refuse a price less than a cent above the base, for a seller, or below it, for a buyer."""
    if price is None or base is None or (base - price) * side.sign >= LEAST_DISTANCE:
        return
    word, sign = (">=", "+") if side is Side.SELL else ("<=", "-")
    raise Refused(
        Reason.UNPROCESSABLE,
        f"{field} must be {word} base_price {sign} {LEAST_DISTANCE}",
        base_price=plain(base),
    )

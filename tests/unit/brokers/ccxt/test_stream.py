"""Tell news once, whatever told it first, and nothing that was overtaken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from algotrendy.brokers.ccxt.replacing import successor
from algotrendy.brokers.ccxt.stream import News
from algotrendy.brokers.port import BrokerFill, BrokerOrder, UpdateKind
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_status import OrderStatus

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PAIR = Symbol("BTC/USDT")
STANDING = BrokerOrder(
    broker_order_id="BTC/USDT#1",
    client_order_id="one",
    symbol=PAIR,
    side=Side.BUY,
    type=OrderType.LIMIT,
    time_in_force=TimeInForce.GTC,
    status=OrderStatus.NEW,
    quantity=Decimal(10),
    filled_quantity=Decimal(0),
    average_price=None,
    submitted_at=NOON,
    updated_at=NOON,
    limit_price=Decimal(99),
)
PART = replace(STANDING, status=OrderStatus.PARTIALLY_FILLED, filled_quantity=Decimal(4))
WHOLE = replace(STANDING, status=OrderStatus.FILLED, filled_quantity=Decimal(10))
FOUR = BrokerFill("BTC/USDT#7", "BTC/USDT#1", PAIR, Side.BUY, Decimal(4), Decimal(99), NOON)
SIX = replace(FOUR, execution_id="BTC/USDT#8", quantity=Decimal(6))


def test_what_was_there_before_is_no_news() -> None:
    news = News()
    news.adopt(([PART], [FOUR]))
    assert not list(news.of_view(([PART], [FOUR])))
    [update] = news.of_view(([WHOLE], [FOUR, SIX]))
    assert (update.kind, update.fill) == (UpdateKind.FILL, SIX)


def test_an_execution_is_told_once_whoever_tells_it_first() -> None:
    news = News()
    assert len(list(news.of_fill(FOUR, PART))) == 1
    assert not list(news.of_fill(FOUR, PART))
    assert not list(news.of_view(([PART], [FOUR])))


def test_news_that_was_overtaken_is_not_told() -> None:
    news = News()
    news.adopt(([WHOLE], [FOUR, SIX]))
    assert not list(news.of_order(PART))
    assert not list(news.of_order(STANDING))


def test_an_order_that_is_over_does_not_open_again() -> None:
    news = News()
    over = replace(STANDING, status=OrderStatus.CANCELED)
    assert [u.order.status for u in news.of_order(over)] == [OrderStatus.CANCELED]
    assert not list(news.of_order(STANDING))


def test_successors_are_numbered() -> None:
    assert successor("mine", 36) == "mine-r1"
    assert successor("mine-r9", 36) == "mine-r10"

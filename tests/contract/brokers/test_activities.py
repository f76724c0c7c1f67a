"""What changed an account beside its fills is told alike by the venue itself and over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest

from acceptance.floor import SECRET, SYMBOL
from algotrendy.brokers.alpaca.broker import AlpacaBroker
from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.brokers.port import ActivityKind, Broker, BrokerActivity
from algotrendy.brokers.simulated.broker import SimulatedBroker
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.market.events import Dividend, QuoteEvent, Split, TradeEvent
from algotrendy.exchange.venue.model import ActivityType
from algotrendy.exchange.venue.venue import Venue
from algotrendy.exchange.wiring import build_floor
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_request import OrderRequest
from fakes.exchange_store import MemoryStore
from fixtures.exchange import options, running_exchange

OPTIONS = options(speed=1.0, always_open=True, fees="us_equity")
AMPLE = 1_000_000.0


async def _live_through_it(floor: Floor) -> tuple[str, str]:
    """Buy, sell a part, see a dividend and a split, and have the sale taken back."""
    account = await floor.run(
        lambda venue, now: venue.open_account("KEY7", SECRET, Decimal(100_000), now)
    )
    await floor.push([QuoteEvent(SYMBOL, 0, 99.99, AMPLE, 100.01, AMPLE)])
    await floor.push([TradeEvent(SYMBOL, 0, 100.0, 1.0)])
    for side, size, name in ((Side.BUY, 9, "a"), (Side.SELL, 4, "b")):
        request = OrderRequest(
            symbol=SYMBOL, side=side, quantity=Decimal(size), client_order_id=name
        )
        await floor.run(partial(_submit, account.id, request))
    await floor.push([Dividend(SYMBOL, 0, "0.25")])
    sale = [a for a in floor.venue.activities(account.id) if a.type is ActivityType.FILL][-1]
    await floor.run(lambda venue, now: venue.bust(sale.execution_id or "", now))
    await floor.push([Split(SYMBOL, 0, 3, 2)])
    return account.id, sale.execution_id or ""


def _submit(account_id: str, request: OrderRequest, venue: Venue, now: datetime) -> None:
    venue.submit(account_id, request, now)


@dataclass(frozen=True, slots=True)
class Told:
    """All activities, those from the dividend on, and those of the future."""

    every: Sequence[BrokerActivity]
    later: Sequence[BrokerActivity]
    none: Sequence[BrokerActivity]


async def _read(broker: Broker) -> Told:
    try:
        every = await broker.activities()
        paid = next(each for each in every if each.kind is ActivityKind.DIVIDEND)
        later = await broker.activities(paid.at)
        return Told(every, later, await broker.activities(every[-1].at + timedelta(hours=1)))
    finally:
        await broker.close()


async def _simulated() -> tuple[Told, str]:
    floor = build_floor(OPTIONS, MemoryStore(), SystemClock())
    await floor.start()
    try:
        account_id, sale = await _live_through_it(floor)
        return await _read(SimulatedBroker(floor, account_id)), sale
    finally:
        await floor.stop()


def _over_http() -> tuple[Told, str]:
    async def ask(url: str) -> Told:
        return await _read(AlpacaBroker(AlpacaSettings("KEY7", SECRET, url=url)))

    with running_exchange(OPTIONS) as exchange:
        living = asyncio.run_coroutine_threadsafe(_live_through_it(exchange.floor), exchange.loop)
        _, sale = living.result(10)
        return asyncio.run(ask(exchange.url)), sale


@pytest.fixture(params=["simulated", "alpaca"])
def found(request: pytest.FixtureRequest) -> tuple[Told, str]:
    return asyncio.run(_simulated()) if request.param == "simulated" else _over_http()


def test_each_is_told_with_its_kind_and_what_it_did_to_cash_and_units(
    found: tuple[Told, str],
) -> None:
    told, sale = found
    opening, fee, paid, bust, split = told.every
    assert (opening.kind, opening.cash) == (ActivityKind.TRANSFER, Decimal(100_000))
    assert (fee.kind, fee.execution_id, fee.symbol) == (ActivityKind.FEE, sale, SYMBOL)
    assert Decimal("-0.03") < fee.cash < 0
    # 0.25 for each of five shares, which are told, but did not change.
    assert (paid.kind, paid.cash, paid.quantity) == (ActivityKind.DIVIDEND, Decimal("1.25"), None)
    assert (bust.kind, bust.execution_id, bust.quantity) == (ActivityKind.BUST, sale, Decimal(4))
    assert bust.price == Decimal("99.99")
    assert bust.cash == Decimal("-399.96") - fee.cash
    assert (split.kind, split.split, split.quantity) == (ActivityKind.SPLIT, (3, 2), Decimal("4.5"))
    assert not split.cash
    assert len({each.id for each in told.every}) == len(told.every)


def test_a_moment_asks_for_what_came_from_it_on(found: tuple[Told, str]) -> None:
    told, _ = found
    assert list(told.later) == list(told.every[2:])
    assert not told.none

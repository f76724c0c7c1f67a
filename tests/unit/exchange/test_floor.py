"""The floor on a loop of its own: a scripted market, a clock that stands still, a bad store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.exchange.feed import Feed, FeedEnded
from algotrendy.exchange.floor import Floor, from_ns, to_ns
from algotrendy.exchange.market.events import QuoteEvent
from algotrendy.exchange.market_clock import MarketClock
from algotrendy.exchange.venue.model import Changes, Order, UpdateEvent
from algotrendy.exchange.venue.refusal import Refused
from algotrendy.exchange.venue.venue import Venue
from algotrendy.exchange.wiring import ExchangeOptions, build_floor
from algotrendy.kernel.clock import ManualClock, SystemClock
from algotrendy.kernel.errors import Conflict, Invalid, Rejected, Unavailable, Unknown
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_request import OrderRequest
from fakes.exchange_store import MemoryStore
from fixtures.exchange import KEY_ID, OPENING, options


class BreakableStore(MemoryStore):
    """Keeps in memory, and refuses as often as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals = 0
        self.batches: list[int] = []

    def save(self, changes: Sequence[Changes], last_event_ns: int | None) -> None:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("database", "told to refuse")
        self.batches.append(len(changes))
        super().save(changes, last_event_ns)


def on_a_floor(
    work: Callable[[Floor], Coroutine[Any, Any, None]], store: MemoryStore | None = None
) -> None:
    async def run() -> None:
        floor = build_floor(options(), store or MemoryStore(), SystemClock())
        await floor.start()
        try:
            await floor.push([QuoteEvent("AAPL", 0, 99.98, 500, 100.0, 500)])
            await work(floor)
        finally:
            await floor.stop()

    asyncio.run(run())


def account_id(floor: Floor) -> str:
    account = floor.venue.account_of_key(KEY_ID)
    assert account is not None
    return account.id


async def buy(floor: Floor, name: str, quantity: str = "1") -> Order:
    request = OrderRequest(
        symbol="AAPL", side=Side.BUY, quantity=Decimal(quantity), client_order_id=name
    )
    return await floor.run(lambda venue, now: venue.submit(account_id(floor), request, now))


def test_a_command_is_answered_after_it_is_stored_and_told_after_that() -> None:
    store = BreakableStore()

    async def work(floor: Floor) -> None:
        feed = floor.updates(account_id(floor))
        store.refusals = 2
        order = await buy(floor, "first")
        assert store.load().orders[0].id == order.id
        heard = [(await feed.get()).event for _ in range(2)]
        assert heard == [UpdateEvent.NEW, UpdateEvent.FILL]

    on_a_floor(work, store)


def test_commands_of_one_moment_share_a_transaction() -> None:
    store = BreakableStore()

    async def work(floor: Floor) -> None:
        store.batches.clear()
        await asyncio.gather(*(buy(floor, f"order-{n}") for n in range(50)))
        assert len(store.load().orders) == 50
        assert len(store.batches) < 10

    on_a_floor(work, store)


def test_a_refused_command_changes_and_stores_nothing() -> None:
    store = BreakableStore()

    async def work(floor: Floor) -> None:
        store.batches.clear()
        with pytest.raises(Refused, match="qty"):
            await buy(floor, "bad", "-1")
        assert list(floor.venue.orders(account_id(floor))) == []
        assert store.batches == []

    on_a_floor(work, store)


def test_a_store_that_breaks_for_good_ends_the_trade_and_says_so() -> None:
    store = BreakableStore()

    async def work(floor: Floor) -> None:
        store.fails_with = ZeroDivisionError("a bug")
        with pytest.raises(Unknown, match="the exchange broke: a bug"):
            await buy(floor, "first")
        with pytest.raises(Unavailable, match="must be restarted"):
            await buy(floor, "second")

    on_a_floor(work, store)


def test_a_command_that_breaks_the_venue_ends_the_trade_and_stores_no_half_of_it() -> None:
    store = BreakableStore()
    told: list[str] = []

    async def work(floor: Floor) -> None:
        floor.on_break = lambda: told.append("broke")

        def half(venue: Venue, now: datetime) -> None:
            request = OrderRequest(symbol="AAPL", side=Side.BUY, quantity=Decimal(1))
            venue.submit(account_id(floor), request, now)
            raise ZeroDivisionError("a bug")

        with pytest.raises(Unknown, match="the exchange broke: a bug"):
            await floor.run(half)
        with pytest.raises(Unavailable, match="must be restarted"):
            await buy(floor, "next")
        await floor.stop()

    on_a_floor(work, store)
    assert store.load().orders == ()
    assert told == ["broke"]


def test_a_rule_broken_in_mid_command_is_no_refusal() -> None:
    store = BreakableStore()

    async def work(floor: Floor) -> None:
        def half(venue: Venue, now: datetime) -> None:
            request = OrderRequest(symbol="AAPL", side=Side.BUY, quantity=Decimal(1))
            venue.submit(account_id(floor), request, now)
            raise Conflict("an order that is filled cannot become new")

        with pytest.raises(Unknown, match="cannot become new"):
            await floor.run(half)
        await floor.stop()

    on_a_floor(work, store)
    assert store.load().orders == ()


def test_a_reader_waits_until_what_it_reads_is_stored() -> None:
    store = BreakableStore()

    async def work(floor: Floor) -> None:
        store.refusals = 2
        writing = asyncio.create_task(buy(floor, "first"))
        await asyncio.sleep(0.01)
        names = await floor.run(
            lambda venue, _: [o.client_order_id for o in venue.orders(account_id(floor))]
        )
        assert names == ["first"]
        assert [order.client_order_id for order in store.load().orders] == ["first"]
        await writing

    on_a_floor(work, store)


def test_a_client_that_goes_away_does_not_undo_its_order() -> None:
    store = BreakableStore()

    async def work(floor: Floor) -> None:
        store.refusals = 1
        gone = asyncio.create_task(buy(floor, "gone"))
        await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        await floor.settled()
        assert [order.client_order_id for order in store.load().orders] == ["gone"]

    on_a_floor(work, store)


def test_nothing_is_told_twice_after_a_turn_that_ended_early() -> None:
    async def told(turns: int) -> list[object]:
        chosen = replace(options(), market="synthetic", symbols=("AAPL", "BTC/USD"))
        store = MemoryStore()
        heard: list[object] = []
        for _ in range(turns):
            floor = build_floor(chosen, store, SystemClock())
            feed = floor.ticks()
            end = to_ns(OPENING) + 90_000_000_000
            # A turn that is over at once, and then the exchange is started again.
            floor._play(end, 0.0 if turns > 1 else float("inf"))
            store.save([], to_ns(floor.now()))
            heard += feed.waiting()
        return heard

    whole = asyncio.run(told(1))
    assert len(whole) > 10
    assert asyncio.run(told(len(whole) + 50))[: len(whole)] == whole


def test_a_script_with_one_bad_event_says_none_of_it() -> None:
    async def work(floor: Floor) -> None:
        good, bad = QuoteEvent("AAPL", 0, 90, 1, 91, 1), QuoteEvent("AAPL", 0, 95, 1, 94, 1)
        with pytest.raises(Invalid, match="bid must be at most the ask"):
            await floor.push([good, bad])
        assert floor.broken is None
        quote = floor.venue.quote("AAPL")
        assert quote is not None
        assert quote.ask == 100.0

    on_a_floor(work)


def test_prices_are_known_from_the_first_moment() -> None:
    chosen = replace(options(), market="synthetic", symbols=("AAPL", "BTC/USD"))
    floor = asyncio.run(_built(chosen))
    for symbol in ("AAPL", "BTC/USD"):
        quote, last = floor.venue.quote(symbol), floor.venue.last_price(symbol)
        assert quote is not None
        assert quote.time_ns < to_ns(OPENING)
        assert last is not None
        assert abs(float(last) - quote.ask) < 0.05 * quote.ask


async def _built(chosen: ExchangeOptions) -> Floor:
    return build_floor(chosen, MemoryStore(), SystemClock())


def test_what_was_done_is_stored_when_the_floor_stops() -> None:
    store = BreakableStore()

    async def work(floor: Floor) -> None:
        store.refusals = 1
        waiting = asyncio.create_task(buy(floor, "late"))
        await asyncio.sleep(0)
        await floor.stop()
        await waiting

    on_a_floor(work, store)
    assert [order.client_order_id for order in store.load().orders] == ["late"]


def test_time_stands_still_until_it_is_advanced() -> None:
    async def work(floor: Floor) -> None:
        assert floor.now() == OPENING
        await asyncio.sleep(0.05)
        assert floor.now() == OPENING
        assert await floor.advance(90) == OPENING + timedelta(seconds=90)
        assert floor.now() == OPENING + timedelta(seconds=90)

    on_a_floor(work)


def test_the_market_is_heard_by_all_who_listen_and_by_none_who_ended() -> None:
    async def work(floor: Floor) -> None:
        one, other = floor.ticks(), floor.ticks()
        other.close()
        await floor.push([QuoteEvent("AAPL", 0, 99.0, 1, 101.0, 1)])
        heard = await one.get()
        assert isinstance(heard, QuoteEvent)
        assert (heard.bid, from_ns(heard.time_ns)) == (99.0, OPENING)
        with pytest.raises(FeedEnded):
            await other.get()

    on_a_floor(work)


def test_only_a_scripted_market_can_be_told_what_to_say() -> None:
    async def run() -> None:
        chosen = replace(options(), market="synthetic", symbols=("AAPL",))
        floor = build_floor(chosen, MemoryStore(), SystemClock())
        with pytest.raises(Rejected, match="--market scripted"):
            await floor.push([])

    asyncio.run(run())


def test_a_synthetic_market_plays_on_as_time_passes_and_the_same_way_each_time() -> None:
    async def play() -> list[object]:
        chosen = replace(options(start=OPENING), market="synthetic", symbols=("AAPL", "BTC/USD"))
        floor = build_floor(chosen, MemoryStore(), SystemClock())
        feed = floor.ticks()
        await floor.start()
        await floor.advance(120)
        heard: list[object] = list(feed.waiting())
        await floor.stop()
        return heard

    first = asyncio.run(play())
    assert len(first) > 10
    assert first == asyncio.run(play())


def test_a_restarted_floor_goes_on_where_it_was() -> None:
    store = MemoryStore()

    async def first() -> datetime:
        floor = build_floor(options(), store, SystemClock())
        await floor.start()
        await floor.push([QuoteEvent("AAPL", 0, 99.98, 500, 100.0, 500)])
        await floor.advance(600)
        await buy(floor, "kept")
        await floor.stop()
        return floor.now()

    async def second() -> Floor:
        return build_floor(options(), store, SystemClock())

    stopped_at = asyncio.run(first())
    floor = asyncio.run(second())
    assert floor.now() == stopped_at
    assert floor.venue.positions(account_id(floor))[0].quantity == 1
    assert len(store.load().accounts) == 1


def test_a_market_without_a_symbol_that_is_held_is_refused_by_name() -> None:
    store = MemoryStore()

    async def work(floor: Floor) -> None:
        await buy(floor, "first")

    on_a_floor(work, store)
    with pytest.raises(Invalid, match=r"symbols must be with AAPL, .* was 'MSFT'") as refused:
        build_floor(replace(options(), symbols=("MSFT",)), store, SystemClock())
    assert refused.value.field == "symbols"


@pytest.mark.parametrize("day", [date(2030, 12, 30), date(1990, 1, 1), date(2100, 1, 1)])
def test_a_start_at_the_end_of_the_calendar_is_refused(day: date) -> None:
    chosen = replace(options(), start=datetime(day.year, day.month, day.day, tzinfo=UTC))
    with pytest.raises(Invalid, match=r"start must be well within the calendar, 1990-01-01 to "):
        build_floor(chosen, MemoryStore(), SystemClock())


def test_a_market_clock_runs_at_its_speed_and_never_backwards() -> None:
    wall = ManualClock(datetime(2026, 11, 22, tzinfo=UTC))
    clock = MarketClock(wall, OPENING, speed=60)
    wall.advance(timedelta(seconds=2))
    assert clock.now() == OPENING + timedelta(minutes=2)
    clock.set_speed(0)
    wall.advance(timedelta(seconds=2))
    assert clock.now() == OPENING + timedelta(minutes=2)
    with pytest.raises(Invalid, match="advance_s must be zero or more"):
        clock.advance(timedelta(seconds=-1))
    for speed in (-1.0, float("nan"), float("inf"), 2e6):
        with pytest.raises(Invalid, match="speed must be a number from 0"):
            clock.set_speed(speed)


def test_nanoseconds_survive_the_way_through_a_time() -> None:
    assert from_ns(to_ns(OPENING)) == OPENING
    assert to_ns(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == 1_000_005_000


def test_a_slow_reader_is_cut_off_and_never_waited_for() -> None:
    feed: Feed[int] = Feed(limit=2)
    for number in range(3):
        feed.put(number)
    assert feed.overflowed
    with pytest.raises(FeedEnded):
        asyncio.run(feed.get())

"""Answer ``/exchange``: what a test or a person does to the exchange itself.

These routes ask for no keys: whoever reaches them may do what they like with play money. The
exchange listens on the loopback interface unless it is told otherwise.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Final, Literal

from fastapi import Request, Response
from pydantic import AfterValidator, Field

from algotrendy.exchange.alpaca_api.parsing import Moment, Number, Sent, body_of, example
from algotrendy.exchange.alpaca_api.problems import answer
from algotrendy.exchange.alpaca_api.results import ControlResult, HealthResult, OpenedResult
from algotrendy.exchange.alpaca_api.routes import Routes
from algotrendy.exchange.alpaca_api.wire import Json, time_text
from algotrendy.exchange.floor import Floor, from_ns, to_ns
from algotrendy.exchange.market.events import MarketEvent, QuoteEvent, TradeEvent
from algotrendy.exchange.venue.model import Account
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.venue import Venue

TAG: Final = "exchange"
_MAX_ADVANCE_S: Final = 366 * 86_400
_LONGEST_NAME: Final = 128

# Orders cannot name more either, and sums of them stay whole.
_HIGHEST_PRICE: Final = 10_000_000
_LARGEST_SIZE: Final = 1_000_000_000_000

Price = Annotated[float, Field(ge=0.000_000_001, le=_HIGHEST_PRICE, allow_inf_nan=False)]
Size = Annotated[float, Field(ge=0, le=_LARGEST_SIZE, allow_inf_nan=False)]
TradedSize = Annotated[float, Field(gt=0, le=_LARGEST_SIZE, allow_inf_nan=False)]


def _in_a_header(text: str) -> str:
    if not (0 < len(text) <= _LONGEST_NAME and all("!" <= letter <= "~" for letter in text)):
        raise ValueError(f"1 to {_LONGEST_NAME} letters, digits or signs of ASCII without spaces")
    return text


HeaderText = Annotated[str, AfterValidator(_in_a_header)]


class ClockBody(Sent):
    """How to move the market's time."""

    model_config = example(advance_s=60)

    advance_s: float | None = Field(None, ge=0, le=_MAX_ADVANCE_S, allow_inf_nan=False)
    speed: float | None = Field(None, ge=0, le=1_000_000, allow_inf_nan=False)


class AccountBody(Sent):
    """A new account."""

    model_config = example(key_id="SECOND", secret="as-you-like", cash="100000")  # noqa: S106 - play money

    key_id: HeaderText
    secret: HeaderText
    cash: Number = Decimal(100_000)
    multiplier: Literal[1, 2, 4] = 4

    def command(self, venue: Venue, now: datetime) -> Account:
        """Open it; 422 when there is no such sum, or its key is another's."""
        if self.cash < 0:
            raise Refused(Reason.INVALID, f"cash must be zero or more, was {self.cash}")
        if venue.account_of_key(self.key_id) is not None:
            raise Refused(Reason.INVALID, "key_id must be new; there is an account with it")
        return venue.open_account(self.key_id, self.secret, self.cash, now, self.multiplier)


class EventBody(Sent):
    """What a scripted market says now: a quote or a trade."""

    type: Literal["quote", "trade"]
    symbol: str
    time: Moment | None = None
    bid: Price | None = None
    bid_size: Size = 100
    ask: Price | None = None
    ask_size: Size = 100
    price: Price | None = None
    size: TradedSize = 100

    def event(self, now_ns: int) -> MarketEvent:
        """Give it as the market has it; 422 when a price is missing, or it is still to come."""
        time_ns = to_ns(self.time) if isinstance(self.time, datetime) else now_ns
        if time_ns > now_ns:
            was, now = self.time, time_text(from_ns(now_ns))
            raise Refused(Reason.INVALID, f"time must be at most the market's, {now}, was {was}")
        if self.type == "trade":
            price = _needed("price", self.price)
            return TradeEvent(self.symbol, time_ns, price, self.size)
        bid, ask = _needed("bid", self.bid), _needed("ask", self.ask)
        if bid > ask:
            raise Refused(Reason.INVALID, f"bid must be at most ask, {ask}, was {bid}")
        return QuoteEvent(self.symbol, time_ns, bid, self.bid_size, ask, self.ask_size)


class EventsBody(Sent):
    """What a scripted market says, in this order."""

    model_config = example(
        events=[
            {"type": "quote", "symbol": "AAPL", "bid": 187.14, "ask": 187.16},
            {"type": "trade", "symbol": "AAPL", "price": 187.15, "size": 100},
        ]
    )

    events: list[EventBody] = Field(min_length=1, max_length=1_000)

    def said(self, floor: Floor) -> list[MarketEvent]:
        """Give them as the market has them; 404 when a symbol is not traded here."""
        now_ns = to_ns(floor.now())
        for event in self.events:
            floor.venue.asset(event.symbol)
        return [event.event(now_ns) for event in self.events]


def add_control(routes: Routes, floor: Floor) -> None:
    """Add the routes of control."""

    async def health(_: Request) -> Response:
        """Tell that the exchange lives."""
        now = time_text(floor.now())
        return answer({"status": "alive", "now": now, "symbols": len(floor.venue.assets())})

    async def clock(_: Request) -> Response:
        """Tell the market's time and how fast it runs."""
        return answer(_clock_json(floor))

    async def move(request: Request) -> Response:
        """Set the speed of the market's time, or play the market so many seconds ahead."""
        body = await body_of(request, ClockBody)
        if body.speed is not None:
            await floor.set_speed(body.speed)
        if body.advance_s:
            await floor.advance(body.advance_s)
        return answer(_clock_json(floor))

    async def open_account(request: Request) -> Response:
        """Open an account."""
        body = await body_of(request, AccountBody)
        opened = await floor.run(body.command)
        names: Json = {
            "id": opened.id,
            "account_number": opened.number,
            "key_id": opened.key_id,
        }
        return answer(names, 201)

    async def push(request: Request) -> Response:
        """Let a scripted market say something."""
        body = await body_of(request, EventsBody)
        await floor.push(body.said(floor))
        return answer(_clock_json(floor))

    path, result = "/exchange/clock", ControlResult
    add = partial(routes.add, tag=TAG, public=True)
    add("GET", "/exchange/health", health, result=HealthResult)
    add("GET", path, clock, result=result)
    add("PATCH", path, move, body=ClockBody, result=result)
    add("POST", "/exchange/events", push, body=EventsBody, result=result)
    path = "/exchange/accounts"
    add("POST", path, open_account, body=AccountBody, result=OpenedResult, status=201)


def _clock_json(floor: Floor) -> Json:
    return {"now": time_text(floor.now()), "speed": floor.clock.speed}


def _needed(name: str, value: float | None) -> float:
    if value is None:
        raise Refused(Reason.INVALID, f"{name} is required")
    return value

"""Listen to market data at Alpaca, or at who speaks its protocol, such as the paper exchange."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from algotrendy.kernel.errors import (
    AlgoTrendyError,
    Invalid,
    Rejected,
    Unauthenticated,
    Unavailable,
)
from algotrendy.market_data.adapters.alpaca_messages import (
    JSON,
    MSGPACK,
    item_of,
    messages_in,
    told_of,
    with_own_id,
)
from algotrendy.market_data.calendar import always_open, us_equities
from algotrendy.market_data.streaming.feeds import Connection, Item, Told

STREAM_URL = "wss://stream.data.alpaca.markets"
DATA_URL = "https://data.alpaca.markets"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AUTH_CODES = (401, 402)
# Too many connections, a time-out, a slow client, a fault of theirs: these pass.
_PASSING_CODES = (404, 406, 407, 500)
_MOST_BYTES = 2**24


@dataclass(frozen=True, slots=True)
class AlpacaTerms:
    """Where a feed is, and how patiently it is spoken with.

    Attributes:
        name: How records name it, e.g. "alpaca:iex".
        symbols: Shares, or pairs such as BTC/USD; never both.
        plan: Alpaca's name of the feed: ``iex``, ``sip``; None for crypto.
        stream_url, data_url: Of the sockets, and of the history over REST.
        packed: Speak msgpack and not JSON.
        quiet_s: How long it may be silent while its market is open.
        begin_s: How far back a symbol begins of which nothing is stored yet.
        settle_s: How long after it was made a trade is in the history.
        answer_s: How long it may take to connect, sign in and subscribe, or to answer a request.
        page: Trades a page of history, up to 10,000.
        ids_restart: Whether ids begin anew each day in New York, as those of real shares do.
    """

    name: str
    symbols: tuple[str, ...]
    key: str
    secret: str = field(repr=False)
    plan: str | None = "iex"
    stream_url: str = STREAM_URL
    data_url: str = DATA_URL
    packed: bool = True
    quiet_s: float = 30.0
    begin_s: float = 900.0
    settle_s: float = 2.0
    answer_s: float = 20.0
    page: int = 10_000
    ids_restart: bool = False

    def __post_init__(self) -> None:
        """Refuse terms that cannot work; the error names the field."""
        if not self.symbols:
            raise Invalid("symbols", "at least one", "none")
        for symbol in self.symbols:
            if ("/" in symbol) is not self.is_crypto:
                kind = "pairs, like BTC/USD" if self.is_crypto else "shares, like AAPL"
                raise Invalid("symbols", kind, symbol)
        for name in ("key", "secret"):
            if not getattr(self, name):
                raise Invalid(name, "what Alpaca gave with the account", "nothing")

    @property
    def is_crypto(self) -> bool:
        """Say whether it is the feed of pairs."""
        return self.plan is None


class AlpacaFeed:
    """Is a ``Feed``; its history is Alpaca's REST API of trades.

    Args:
        now_ns: Tells the time of receipt, nanoseconds since 1970 UTC.
    """

    def __init__(self, terms: AlpacaTerms, now_ns: Callable[[], int]) -> None:
        self.name = terms.name
        self.symbols = terms.symbols
        self.calendar = always_open() if terms.is_crypto else us_equities()
        self.quiet_s = terms.quiet_s
        self.begin_s = terms.begin_s
        self.history = AlpacaHistory(terms, now_ns)
        self._terms = terms
        self._now_ns = now_ns

    @asynccontextmanager
    async def open(self, since: Mapping[str, int]) -> AsyncIterator[Connection]:  # noqa: ARG002
        """Connect, sign in and subscribe, as ``Feed.open`` says."""
        terms = self._terms
        path = "/v1beta3/crypto/us" if terms.plan is None else f"/v2/{terms.plan}"
        try:
            async with asyncio.timeout(terms.answer_s):
                socket = await connect(
                    terms.stream_url.rstrip("/") + path,
                    additional_headers={"Content-Type": MSGPACK if terms.packed else JSON},
                    ping_interval=10,
                    ping_timeout=10,
                    close_timeout=1,
                    max_size=_MOST_BYTES,
                    compression=None,
                )
        except InvalidStatus as error:
            raise _refused(terms.name, error.response.status_code, "") from error
        except (TimeoutError, OSError, EOFError, WebSocketException) as error:
            reason = f"no connection ({type(error).__name__})"
            raise Unavailable(terms.name, reason) from error
        connection = _Socket(terms, socket, self._now_ns)
        async with self.history.opened():
            try:
                await connection.begin()
                yield connection
            finally:
                await socket.close()


class _Socket:
    """One connection."""

    def __init__(
        self, terms: AlpacaTerms, socket: ClientConnection, now_ns: Callable[[], int]
    ) -> None:
        self._terms = terms
        self._socket = socket
        self._now_ns = now_ns
        self._early: list[Item] = []

    async def begin(self) -> None:
        """Sign in and subscribe; whatever of data comes meanwhile is kept."""
        terms, symbols = self._terms, list(self._terms.symbols)
        wanted: dict[str, list[str]] = {"trades": symbols, "quotes": symbols}
        if not terms.is_crypto:
            wanted["statuses"] = symbols
        try:
            async with asyncio.timeout(terms.answer_s):
                await self._answer(lambda message: message.get("msg") == "connected")
                await self._say({"action": "auth", "key": terms.key, "secret": terms.secret})
                await self._answer(lambda message: message.get("msg") == "authenticated")
                await self._say({"action": "subscribe", **wanted})
                await self._answer(lambda message: _lists(message, symbols))
        except TimeoutError as error:
            reason = f"no answer within {terms.answer_s:g} s"
            raise Unavailable(terms.name, reason) from error

    async def receive(self) -> Sequence[Item]:
        """Wait for what comes next."""
        if self._early:
            early, self._early = self._early, []
            return early
        return self._items(await self._messages())

    async def _answer(self, is_it: Callable[[Mapping[str, Any]], bool]) -> None:
        while True:
            messages = await self._messages()
            self._early += self._items(messages)
            if any(is_it(message) for message in messages):
                return

    async def _messages(self) -> list[Mapping[str, Any]]:
        try:
            frame = await self._socket.recv()
        except (OSError, EOFError, WebSocketException) as error:
            raise Unavailable(self._terms.name, f"the connection broke: {error}") from error
        messages = messages_in(frame, packed=self._terms.packed)
        for message in messages:
            if message.get("T") == "error":
                raise _said_no(self._terms.name, message)
        return messages

    async def _say(self, message: Mapping[str, Any]) -> None:
        written = orjson.dumps(message)
        if self._terms.packed:
            import msgpack  # type: ignore[import-untyped]

            written = msgpack.packb(message)
        try:
            await self._socket.send(written if self._terms.packed else written.decode())
        except (OSError, EOFError, WebSocketException) as error:
            raise Unavailable(self._terms.name, f"the connection broke: {error}") from error

    def _items(self, messages: Sequence[Mapping[str, Any]]) -> list[Item]:
        received = self._now_ns()
        found = (item_of(message, received) for message in messages)
        told = (item for item in found if item is not None)
        return [with_own_id(item) for item in told] if self._terms.ids_restart else list(told)


class AlpacaHistory:
    """Is a ``History`` over REST."""

    def __init__(self, terms: AlpacaTerms, now_ns: Callable[[], int]) -> None:
        self._terms = terms
        self._now_ns = now_ns
        self._client: httpx.AsyncClient | None = None

    @property
    def settle_s(self) -> float:
        """Give how long after it was made a trade is in the history."""
        return self._terms.settle_s

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Hold connections for as long as they may be of use."""
        keys = {"APCA-API-KEY-ID": self._terms.key, "APCA-API-SECRET-KEY": self._terms.secret}
        async with httpx.AsyncClient(
            base_url=self._terms.data_url, headers=keys, timeout=self._terms.answer_s
        ) as client:
            self._client = client
            try:
                yield
            finally:
                self._client = None

    async def trades(self, symbol: str, since: int) -> AsyncIterator[Sequence[Told]]:
        """Give pages of trades, as ``History.trades`` says."""
        terms = self._terms
        path = "/v1beta3/crypto/us/trades" if terms.is_crypto else "/v2/stocks/trades"
        # Down to the microsecond, which all of those who speak the protocol can read.
        start = _EPOCH + timedelta(microseconds=max(0, since) // 1_000)
        query = {"symbols": symbol, "start": _text(start), "limit": str(terms.page), "sort": "asc"}
        if terms.plan is not None:
            query["feed"] = terms.plan
        while True:
            answer = await self._ask(path, query)
            rows = (answer.get("trades") or {}).get(symbol) or []
            received = self._now_ns()
            yield [told for told in self._told(symbol, rows, received) if told.time >= since]
            token = answer.get("next_page_token")
            if not token:
                return
            query["page_token"] = str(token)

    def _told(
        self, symbol: str, rows: Sequence[Mapping[str, Any]], received: int
    ) -> Iterator[Told]:
        for row in rows:
            for told in told_of(symbol, row, received):
                own = with_own_id(told) if self._terms.ids_restart else told
                # A trade stays a trade, and a fix a fix.
                yield cast("Told", own)

    async def _ask(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        client = self._client
        if client is None:
            raise Unavailable(self._terms.name, "its history is asked while it is not open")
        try:
            answer = await client.get(path, params=query)
        except httpx.HTTPError as error:
            reason = f"its history does not answer ({type(error).__name__})"
            raise Unavailable(self._terms.name, reason) from error
        if answer.status_code != httpx.codes.OK:
            wait = answer.headers.get("Retry-After", "")
            wait_s = float(wait) if wait.replace(".", "", 1).isdigit() else None
            raise _refused(self._terms.name, answer.status_code, answer.text, wait_s)
        try:
            found = orjson.loads(answer.content)
        except orjson.JSONDecodeError as error:
            raise Unavailable(self._terms.name, "its history is no JSON") from error
        if not isinstance(found, dict):
            raise Unavailable(self._terms.name, "its history is no object")
        return found


def _lists(message: Mapping[str, Any], symbols: Sequence[str]) -> bool:
    """Say whether a message acknowledges all that was asked for."""
    if message.get("T") != "subscription":
        return False
    return all(set(symbols) <= set(message.get(name) or ()) for name in ("trades", "quotes"))


def _said_no(name: str, message: Mapping[str, Any]) -> AlgoTrendyError:
    code, words = message.get("code"), str(message.get("msg"))[:200]
    if code in _AUTH_CODES:
        return Unauthenticated(f"{name} does not take these keys: {words}")
    if code in _PASSING_CODES:
        return Unavailable(name, f"{words} ({code})")
    return Rejected(f"{name} refuses: {words} ({code})", code=code)


def _refused(name: str, status: int, body: str, wait_s: float | None = None) -> AlgoTrendyError:
    words = " ".join(body.split())[:200]
    if status == httpx.codes.UNAUTHORIZED:
        return Unauthenticated(f"{name} does not take these keys: {words}")
    passes = status in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.REQUEST_TIMEOUT)
    if passes or not 400 <= status < 500:
        return Unavailable(name, f"it answered {status} {words}".strip(), wait_s)
    return Rejected(f"{name} answered {status} {words}".strip(), status=status)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

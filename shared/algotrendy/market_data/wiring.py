"""Build what market data runs on, from the settings, on first use."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from algotrendy.kernel.errors import Invalid
from algotrendy.platform.settings import settings

if TYPE_CHECKING:
    from algotrendy.market_data.actions import ActionStore
    from algotrendy.market_data.adapters.alpaca_rest import AlpacaRest
    from algotrendy.market_data.adapters.migration_postgres import PostgresTable
    from algotrendy.market_data.adapters.migration_sqlite import SqliteTable
    from algotrendy.market_data.adapters.tick_batches import Poisoned
    from algotrendy.market_data.closing import Teller
    from algotrendy.market_data.fetching import BarHistory, ImportNotes
    from algotrendy.market_data.migration.mapping import TableMapping
    from algotrendy.market_data.migration.ports import SourceTable, Target
    from algotrendy.market_data.ports import BarStore
    from algotrendy.market_data.quality.inspecting import Inspector
    from algotrendy.market_data.quality.repairing import Repairer
    from algotrendy.market_data.streaming.consuming import Consumer
    from algotrendy.market_data.tick_fetching import ImportedTrades
    from algotrendy.market_data.ticks import TickStore
    from algotrendy.market_data.universes import UniverseStore
    from algotrendy.platform.cache import Cache
    from algotrendy.platform.data_age import DataAge, NotHere
    from algotrendy.platform.lake_upkeep import LakeUpkeep
    from algotrendy.platform.records import StreamRecord


@cache
def bar_store() -> BarStore:
    """Give the store of bars: the lake at the setting ``lake_url``."""
    from algotrendy.market_data.adapters.lake_bars import LakeBars
    from algotrendy.platform.lake import lake_at

    return LakeBars(lake_at(settings().need("lake_url")))


def filled_bars() -> BarStore:
    """Give the store of bars to who fills it: others hear of what it stores."""
    from algotrendy.kernel.clock import SystemClock
    from algotrendy.kernel.ids import Uuid7s
    from algotrendy.market_data.closing import TellingBars

    clock = SystemClock()
    return TellingBars(bar_store(), teller(), clock, Uuid7s(clock))


@cache
def teller() -> Teller:
    """Give who tells that bars closed: the bus at the setting ``event_bus``, or nobody.

    A lake that the environment names without a bus is somebody's own; of a deployed lake SSM knows
    the bus as well.
    """
    from algotrendy.market_data.closing import TellsNobody

    known = settings()
    bus = known.optional("event_bus") if known.lake_url else known.need("event_bus")
    if bus is None:
        return TellsNobody()
    from algotrendy.market_data.adapters.bus_teller import BusTeller
    from algotrendy.platform.bus import EventBridgePublisher

    return BusTeller(EventBridgePublisher(bus))


@cache
def action_store() -> ActionStore:
    """Give the store of corporate actions: the lake at the setting ``lake_url``."""
    from algotrendy.market_data.adapters.lake_actions import LakeActions
    from algotrendy.platform.lake import lake_at

    return LakeActions(lake_at(settings().need("lake_url")))


@cache
def universe_store() -> UniverseStore:
    """Give the store of universes: the lake at the setting ``lake_url``."""
    from algotrendy.market_data.adapters.lake_universes import LakeUniverses
    from algotrendy.platform.lake import lake_at

    return LakeUniverses(lake_at(settings().need("lake_url")))


@cache
def import_notes() -> ImportNotes:
    """Give where imports remember how far they came: the lake at the setting ``lake_url``."""
    from algotrendy.market_data.adapters.lake_imports import LakeImportNotes
    from algotrendy.platform.lake import lake_at

    return LakeImportNotes(lake_at(settings().need("lake_url")))


def alpaca_rest(key: str | None, secret: str | None, url: str | None = None) -> AlpacaRest:
    """Give a client of Alpaca's market data; ``url`` is that of another server of its protocol."""
    from algotrendy.market_data.adapters.alpaca_rest import DATA_URL, AlpacaRest

    return AlpacaRest(key, secret, url or DATA_URL)


@cache
def tick_store() -> TickStore:
    """Give the store of trades: the lake at the setting ``lake_url``."""
    from algotrendy.market_data.adapters.lake_ticks import LakeTicks
    from algotrendy.platform.lake import lake_at

    return LakeTicks(lake_at(settings().need("lake_url")))


@cache
def tick_imports() -> ImportedTrades:
    """Give where trades of the past are imported to: the lake at the setting ``lake_url``."""
    from algotrendy.market_data.adapters.lake_tick_imports import LakeTickImports
    from algotrendy.platform.lake import lake_at

    return LakeTickImports(lake_at(settings().need("lake_url")))


@cache
def lake_upkeep() -> LakeUpkeep:
    """Give what looks after the lake at the setting ``lake_url``."""
    from algotrendy.platform.lake import lake_at
    from algotrendy.platform.lake_upkeep import LakeUpkeep

    return LakeUpkeep(lake_at(settings().need("lake_url")))


@cache
def inspector() -> Inspector:
    """Give what judges the bars of the lake."""
    from algotrendy.kernel.clock import SystemClock
    from algotrendy.market_data.adapters.stream_memory import LakeStreamMemory
    from algotrendy.market_data.quality.inspecting import Inspector
    from algotrendy.platform.lake import lake_at

    memory = LakeStreamMemory(lake_at(settings().need("lake_url")), page_cache())
    return Inspector(bar_store(), memory, SystemClock().now)


@contextmanager
def source_of_bars() -> Iterator[BarHistory | None]:
    """Give who is asked for bars, by the setting ``repair_source``; None where it names nobody.

    Raises:
        Invalid: If Alpaca is named and ``stream_key`` is no KEY:SECRET, or ccxt does not know the
            exchange.
    """
    named = settings().repair_source
    if named is None:
        yield None
        return
    service, _, of = named.partition(":")
    with ExitStack() as stack:
        history: BarHistory
        if service == "alpaca":
            from algotrendy.market_data.adapters.alpaca_bars import AlpacaBars

            key, _, secret = settings().need("stream_key").partition(":")
            if not key or not secret:
                raise Invalid("stream_key", "KEY:SECRET", "something else")
            rest = stack.enter_context(alpaca_rest(key, secret, settings().stream_url))
            history = AlpacaBars(rest, of)
        else:
            from algotrendy.market_data.adapters.ccxt_bars import CcxtBars

            history = CcxtBars(of)
        yield history


@contextmanager
def repairer() -> Iterator[Repairer | None]:
    """Give what repairs bars from the setting ``repair_source``; None where it names nobody.

    Raises:
        Invalid: As ``source_of_bars``.
    """
    from algotrendy.kernel.clock import SystemClock
    from algotrendy.market_data.adapters.lake_actions import LakeActions
    from algotrendy.market_data.adapters.lake_repairs import LakeRepairNotes
    from algotrendy.market_data.quality.repairing import Repairer
    from algotrendy.platform.lake import lake_at

    with source_of_bars() as history:
        if history is None:
            yield None
            return
        lake, clock = lake_at(settings().need("lake_url")), SystemClock()
        notes, actions = LakeRepairNotes(lake), LakeActions(lake, clock)
        yield Repairer(
            filled_bars(), inspector(), history, notes, actions, clock.now, _exchange_named
        )


@cache
def _exchange_named(source: str) -> BarHistory | None:
    """Give an exchange by the source of its bars; None where ccxt cannot ask it."""
    from algotrendy.market_data.adapters.ccxt_bars import CcxtBars

    try:
        return CcxtBars(source.partition(":")[2])
    except (ImportError, Invalid):
        return None


@cache
def page_cache() -> Cache:
    """Give the cache of API pages: Redis at the setting ``cache_url``, or none."""
    from algotrendy.platform.cache import cache_at

    return cache_at(settings().optional("cache_url"), cache_prefix())


def newest_bar() -> DataAge:
    """Give how old the newest bar of the lake is, by the calendar."""
    from algotrendy.kernel.clock import SystemClock
    from algotrendy.market_data.adapters.ages import newest_bar as newest

    is_fetched = settings().repair_source is not None
    day = _newest_day(settings().need("lake_url"), bar_store().version())
    return newest(day, SystemClock().now(), is_fetched=is_fetched)


@lru_cache(maxsize=4)
def _newest_day(_lake_url: str, version: int) -> date | None:
    from algotrendy.market_data.adapters.ages import newest_day

    return newest_day(bar_store(), version)


def cache_answers() -> NotHere | None:
    """Raise unless the cache answers; a deployment may have none."""
    from algotrendy.platform.cache import RedisCache
    from algotrendy.platform.data_age import NOT_HERE

    cache = page_cache()
    if not isinstance(cache, RedisCache):
        return NOT_HERE
    cache.ping()
    return None


def last_of_streaming() -> DataAge | NotHere:
    """Give when the streaming service last spoke; raise where it is gone."""
    from algotrendy.kernel.clock import SystemClock
    from algotrendy.market_data.adapters.ages import streaming_beat

    return streaming_beat(page_cache(), SystemClock().now())


def cache_prefix() -> str:
    """Give what every key of market data stands behind on Redis."""
    from algotrendy.platform.cache import PREFIX

    # Pages are kept by version: two lakes on one server must not answer for each other.
    lake = hashlib.sha256(settings().need("lake_url").encode()).hexdigest()[:12]
    return f"{PREFIX}{lake}:"


def stream_styles() -> tuple[str, ...]:
    """Give the chart styles that are streamed, each as ``str(Style)`` writes it.

    Raises:
        Invalid: If the setting ``stream_styles`` has one that is none.
    """
    from algotrendy.market_data.charts.styles import parse

    texts = settings().stream_styles.split(";")
    try:
        return tuple(dict.fromkeys(str(parse(text)) for text in texts if text.strip()))
    except Invalid as error:
        field = error.field.replace("style", "stream_styles", 1)
        raise Invalid(field, error.expected, error.actual) from error


def take_ticks(records: Sequence[StreamRecord]) -> int | None:
    """Take a batch of the stream of ticks; gives the place of the first that must come again."""
    from algotrendy.market_data.adapters.tick_batches import take_batch

    return take_batch(tick_consumer(), poisoned_ticks(), records)


@cache
def tick_consumer() -> Consumer:
    """Give the consumer of ticks: to the lake at ``lake_url``, shown at ``cache_url``."""
    from algotrendy.kernel.clock import SystemClock
    from algotrendy.kernel.ids import Uuid7s
    from algotrendy.market_data.adapters.lake_stream import StreamLake
    from algotrendy.market_data.adapters.redis_board import NoBoard, RedisBoard
    from algotrendy.market_data.adapters.saved_folds import FoldStates
    from algotrendy.market_data.closing import TellingStream
    from algotrendy.market_data.streaming.consuming import Consumer
    from algotrendy.market_data.streaming.states import Folds
    from algotrendy.platform.blobs import blobs_at
    from algotrendy.platform.lake import lake_at

    url, cache_url = settings().need("lake_url"), settings().optional("cache_url")
    lake = StreamLake(lake_at(url))
    board = RedisBoard(cache_url, cache_prefix()) if cache_url else NoBoard()
    folds = Folds(lake, FoldStates(page_cache(), blobs_at(url)))
    clock = SystemClock()
    told = TellingStream(teller(), clock, Uuid7s(clock))
    return Consumer(lake, folds, board, stream_styles(), told=told)


@cache
def poisoned_ticks() -> Poisoned:
    """Give where records go that can never be taken: the queue at ``tick_failures_url``."""
    from algotrendy.market_data.adapters.tick_batches import NoQueue, PoisonQueue

    url = settings().optional("tick_failures_url")
    return PoisonQueue(url) if url else NoQueue()


def migration_target(mapping: TableMapping) -> Target:
    """Give where a migration writes: the lake at the setting ``lake_url``."""
    from algotrendy.market_data.adapters.migration_lake import LakeTarget
    from algotrendy.platform.lake import lake_at

    return LakeTarget(lake_at(settings().need("lake_url")), mapping)


@contextmanager
def migration_source(url: str, mapping: TableMapping) -> Iterator[SourceTable]:
    """Open the table that is migrated, at a URL of PostgreSQL or SQLite.

    Raises:
        Invalid: If the URL is of neither.
    """
    scheme, _, rest = url.partition("://")
    table: PostgresTable | SqliteTable
    if scheme in ("postgres", "postgresql"):
        from algotrendy.market_data.adapters.migration_postgres import PostgresTable

        table = PostgresTable(url, mapping)
    elif scheme == "sqlite" and rest.startswith("/"):
        from algotrendy.market_data.adapters.migration_sqlite import SqliteTable

        # As SQLAlchemy writes it: three slashes and a relative path, or four and an absolute one.
        table = SqliteTable(Path(rest[1:]), mapping)
    else:
        expected = "postgresql://..., sqlite:///relative.db or sqlite:////absolute.db"
        raise Invalid("database", expected, f"{scheme}://..." if rest else url)
    try:
        yield table
    finally:
        table.close()

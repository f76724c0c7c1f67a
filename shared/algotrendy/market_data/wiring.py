"""Build what market data runs on, from the settings, on first use."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from algotrendy.kernel.errors import Invalid
from algotrendy.platform.settings import settings

if TYPE_CHECKING:
    from algotrendy.market_data.adapters.migration_postgres import PostgresTable
    from algotrendy.market_data.adapters.migration_sqlite import SqliteTable
    from algotrendy.market_data.migration.mapping import TableMapping
    from algotrendy.market_data.migration.ports import SourceTable, Target
    from algotrendy.market_data.ports import BarStore
    from algotrendy.market_data.ticks import TickStore
    from algotrendy.platform.cache import Cache


@cache
def bar_store() -> BarStore:
    """Give the store of bars: the lake at the setting ``lake_url``."""
    from algotrendy.market_data.adapters.lake_bars import LakeBars
    from algotrendy.platform.lake import lake_at

    return LakeBars(lake_at(settings().need("lake_url")))


@cache
def tick_store() -> TickStore:
    """Give the store of trades: the lake at the setting ``lake_url``."""
    from algotrendy.market_data.adapters.lake_ticks import LakeTicks
    from algotrendy.platform.lake import lake_at

    return LakeTicks(lake_at(settings().need("lake_url")))


@cache
def page_cache() -> Cache:
    """Give the cache of API pages: Redis at the setting ``cache_url``, or none."""
    from algotrendy.platform.cache import PREFIX, cache_at

    # Pages are kept by version: two lakes on one server must not answer for each other.
    lake = hashlib.sha256(settings().need("lake_url").encode()).hexdigest()[:12]
    return cache_at(settings().optional("cache_url"), f"{PREFIX}{lake}:")


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

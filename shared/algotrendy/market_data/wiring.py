"""Build what market data runs on, from the settings, on first use."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

from algotrendy.platform.settings import settings

if TYPE_CHECKING:
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

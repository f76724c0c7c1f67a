"""What happens to bars, as others hear of it."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.events import Event, UtcTime
from algotrendy.kernel.ids import TenantId

OF_NO_TENANT: Final = TenantId("market-data")
"""Whose event it is when bars close: the lake belongs to no tenant."""

MOST_SYMBOLS: Final = 500
"""As many are named by one event; more are told by several."""


class BarsClosed(Event):
    """Bars are whole, and readers of the lake find them.

    Told after the lake's commit, and sometimes twice, or not at all where the bus did not answer:
    who must not miss a bar looks into the lake as well. Of bars that came together, the newest is
    told: those before it are there too.
    """

    name = "BarsClosed"
    version = 1

    symbols: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1, max_length=40)], ...],
        Field(min_length=1, max_length=MOST_SYMBOLS),
    ]
    timeframe: Timeframe
    bar_at: UtcTime
    """The end of the bars' span; of a daily bar, 00:00 UTC after its session's date."""
    dataset: Literal["bars", "chart_bars"]
    """Of the lake: bars that were imported or fetched, or bars that streamed trades made."""
    lake_version: Annotated[int, Field(ge=0)]
    """Of that dataset, once the bars were in it."""

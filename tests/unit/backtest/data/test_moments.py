"""How a caller may say a moment, and how it is said back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from algotrendy.backtest.data.moments import Moment, in_words, to_ns
from algotrendy.kernel.errors import Invalid

NOON = 1_704_456_000_000_000_000


@pytest.mark.parametrize(
    "moment",
    [
        NOON,
        np.int64(NOON),
        "2024-01-05T12:00:00Z",
        "2024-01-05 12:00",
        datetime(2024, 1, 5, 12, tzinfo=UTC),
        datetime(2024, 1, 5, 12),  # noqa: DTZ001 - without a zone it is UTC
        datetime(2024, 1, 5, 7, tzinfo=ZoneInfo("America/New_York")),
        np.datetime64("2024-01-05T12:00"),
    ],
    ids=str,
)
def test_a_moment_may_be_said_in_many_ways(moment: Moment) -> None:
    assert to_ns(moment, "first") == NOON


def test_a_date_is_its_begin_in_utc() -> None:
    assert to_ns(date(2024, 1, 5), "first") == to_ns("2024-01-05", "first") == NOON - 43_200 * 10**9


@pytest.mark.parametrize(
    "moment", ["tomorrow", "", 1.5, True, None, np.datetime64("NaT"), 2**70, date(3000, 1, 1)]
)
def test_what_is_no_moment_is_refused_by_its_field(moment: Moment) -> None:
    with pytest.raises(Invalid) as caught:
        to_ns(moment, "first")
    assert caught.value.field == "first"


def test_a_moment_is_said_as_short_as_it_can_be() -> None:
    assert in_words(NOON) == "2024-01-05 12:00 UTC"
    assert in_words(NOON + 5 * 10**9) == "2024-01-05 12:00:05 UTC"
    assert in_words(NOON + 5) == "2024-01-05 12:00:00.000000005 UTC"
    assert in_words(-1) == "1969-12-31 23:59:59.999999999 UTC"

"""Bars that are adjusted for what the market tells of up to now."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from algotrendy.exchange.alpaca_api.adjustments import Adjuster, Adjustment
from algotrendy.exchange.alpaca_api.series import Past
from algotrendy.exchange.alpaca_api.timeframes import DAY_NS, MINUTE_NS, parse_timeframe
from algotrendy.exchange.floor import to_ns
from algotrendy.exchange.market.events import BarEvent, Dividend, Split, TradeEvent
from algotrendy.exchange.market.listings import asset_of
from algotrendy.exchange.market.replay import TradeTape
from algotrendy.exchange.market.scripted import ScriptedMarket
from algotrendy.exchange.market.synthetic import SyntheticMarket
from algotrendy.exchange.market.tape import TapeMarket
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.market_data.calendar import us_equities
from algotrendy.market_data.series import day_ns

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 1, day) for day in (5, 6, 7))
LATER = day_ns(date(2026, 2, 1))


def at(day: date, hour: int, minute: int = 0) -> int:
    return to_ns(datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC))


@pytest.fixture
def market() -> ScriptedMarket:
    """Three days: on the second a split of 4 for 1, on the third a dividend of a tenth."""
    found = ScriptedMarket([asset_of("AAPL")], us_equities())
    found.push(TradeEvent("AAPL", at(MONDAY, 15), 400.0, 10.0))
    found.push(Split("AAPL", at(TUESDAY, 9), 4, 1))
    found.push(TradeEvent("AAPL", at(TUESDAY, 15), 100.0, 40.0))
    found.push(Dividend("AAPL", at(WEDNESDAY, 9), "10"))
    found.push(TradeEvent("AAPL", at(WEDNESDAY, 15), 90.0, 40.0))
    return found


def adjusted(
    market: ScriptedMarket, adjustment: Adjustment, span_ns: int = DAY_NS, known_ns: int = LATER
) -> list[BarEvent]:
    bars = Adjuster(market, "AAPL", adjustment, 0, known_ns).bars
    return list(bars(span_ns, day_ns(MONDAY), day_ns(date(2026, 1, 8))))


@pytest.mark.parametrize(
    ("adjustment", "closes", "volumes"),
    [
        ("split", [100, 100, 90], [40, 40, 40]),
        ("dividend", [360, 90, 90], [10, 40, 40]),
        ("all", [90, 90, 90], [40, 40, 40]),
    ],
)
@pytest.mark.parametrize("span_ns", [DAY_NS, 60 * MINUTE_NS, MINUTE_NS])
def test_what_is_before_the_ex_date_is_scaled(
    market: ScriptedMarket,
    adjustment: Adjustment,
    closes: list[float],
    volumes: list[float],
    span_ns: int,
) -> None:
    bars = adjusted(market, adjustment, span_ns)
    assert [bar.close for bar in bars] == closes
    assert [bar.vwap for bar in bars] == closes
    assert [bar.volume for bar in bars] == volumes


def test_nothing_is_adjusted_for_what_is_not_known_yet(market: ScriptedMarket) -> None:
    bars = adjusted(market, "all", known_ns=at(TUESDAY, 8))
    assert [bar.close for bar in bars] == [400, 100, 90]


def test_a_bar_around_the_ex_date_is_made_of_its_minutes(market: ScriptedMarket) -> None:
    found = ScriptedMarket([asset_of("AAPL")], us_equities())
    found.push(TradeEvent("AAPL", at(TUESDAY, 0, 30), 400.0, 10.0))
    found.push(Split("AAPL", at(TUESDAY, 9), 4, 1))
    found.push(TradeEvent("AAPL", at(TUESDAY, 9, 30), 101.0, 40.0))
    [bar] = adjusted(found, "split", 720 * MINUTE_NS)
    assert (bar.open, bar.close, bar.volume, bar.span_ns) == (100, 101, 80, 720 * MINUTE_NS)


def test_weeks_are_made_of_adjusted_days(market: ScriptedMarket) -> None:
    known = Past(market, us_equities(), LATER, crypto=False, adjustment="all")
    [(_, week)] = known.bars(parse_timeframe("1Week"))("AAPL", at(MONDAY, 5), LATER)
    assert (week["o"], week["c"], week["v"]) == (90, 90, 120)


def test_the_dividends_of_the_synthetic_market_are_taken_off() -> None:
    seeded = SyntheticMarket(1)
    raw, whole = (
        [
            bar
            for _, bar in Past(seeded, us_equities(), LATER, False, adjustment=adjustment).bars(
                parse_timeframe("1Day")
            )("AAPL", day_ns(date(2025, 10, 1)), day_ns(date(2025, 12, 1)))
        ]
        for adjustment in ("raw", "all")
    )
    changed = [before["t"] for before, after in zip(raw, whole, strict=True) if before != after]
    assert changed == [bar["t"] for bar in raw if str(bar["t"]) < "2025-11-10"]
    assert changed


def test_a_market_that_cannot_know_says_so() -> None:
    days = (MONDAY, WEDNESDAY)
    tape = TradeTape(asset_of("AAPL"), us_equities(), days, lambda _: ((), (), ()))
    for adjustment, name in (("split", "splits"), ("dividend", "dividends"), ("all", "splits")):
        with pytest.raises(Refused, match=f"this market does not know AAPL's.*|{name}") as caught:
            Adjuster(TapeMarket([tape]), "AAPL", adjustment, 0, LATER)  # type: ignore[arg-type]
        assert caught.value.reason is Reason.MALFORMED
        assert name in caught.value.message

"""The synthetic market lists what it says, and refuses what cannot be drawn."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from algotrendy.exchange.market.bars import DAY_NS, MINUTE_NS
from algotrendy.exchange.market.events import TradeEvent
from algotrendy.exchange.market.listings import DEFAULT_LISTINGS, Listing, asset_of, equity
from algotrendy.exchange.market.synthetic import SyntheticMarket
from algotrendy.exchange.market.tape import nanoseconds
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.instrument import AssetClass
from algotrendy.market_data.series import day_ns

OPEN_NS = nanoseconds(datetime(2025, 6, 3, 13, 30, tzinfo=UTC))


def trades(market: SyntheticMarket, symbol: str, minutes: int) -> list[TradeEvent]:
    ticks = market.ticks(symbol, OPEN_NS, OPEN_NS + minutes * MINUTE_NS)
    return [tick for tick in ticks if isinstance(tick, TradeEvent)]


def test_a_dozen_shares_and_two_pairs_are_listed_with_ids_that_stay() -> None:
    assets = SyntheticMarket(1).assets()
    assert len([a for a in assets if a.asset_class == AssetClass.EQUITY]) == 12
    assert [a.symbol for a in assets if a.asset_class == AssetClass.CRYPTO] == [
        "BTC/USD",
        "ETH/USD",
    ]
    assert [asset.symbol for asset in assets] == sorted(asset.symbol for asset in assets)
    assert [asset.id for asset in SyntheticMarket(2).assets()] == [asset.id for asset in assets]
    assert asset_of("AAPL").id == assets[0].id == "2a9bd051-1b7c-5912-af66-4a13414c76d1"


def test_every_default_listing_trades_around_its_price_on_any_day() -> None:
    market = SyntheticMarket(7)
    for listing in DEFAULT_LISTINGS:
        for day in (date(1999, 7, 6), date(2025, 6, 3)):
            (bar,) = market.bars(listing.asset.symbol, DAY_NS, day_ns(day), day_ns(day) + 1)
            assert listing.price / 3 < bar.low <= bar.vwap <= bar.high < listing.price * 3
            assert bar.trades > 1_000


def test_more_activity_is_more_trades() -> None:
    calm, lively = (SyntheticMarket(1, activity=activity) for activity in (0.5, 20.0))
    assert len(trades(lively, "AAPL", 10)) > 10 * len(trades(calm, "AAPL", 10)) > 0


def test_the_open_is_livelier_than_noon() -> None:
    market = SyntheticMarket(1)
    noon_ns = OPEN_NS + 180 * MINUTE_NS
    (first,) = market.bars("SPY", 30 * MINUTE_NS, OPEN_NS, OPEN_NS + 1)
    (middle,) = market.bars("SPY", 30 * MINUTE_NS, noon_ns, noon_ns + 1)
    assert first.trades > 1.5 * middle.trades


def test_numbers_that_no_market_can_be_drawn_from_are_refused() -> None:
    for field, value in {
        "price": 0.0,
        "volatility": 0.5,
        "trades_a_minute": -1.0,
        "trade_size": float("nan"),
    }.items():
        numbers: dict[str, float] = {"price": 10.0, field: value}
        with pytest.raises(Invalid) as caught:
            Listing(equity("AAPL"), **numbers)  # type: ignore[arg-type]
        assert caught.value.field == field
    with pytest.raises(Invalid, match="activity must be above 0 and at most 100"):
        SyntheticMarket(1, activity=0)
    with pytest.raises(Invalid, match="symbols must be at least one"):
        SyntheticMarket(1, [])
    with pytest.raises(NotFound, match="XYZ"):
        list(SyntheticMarket(1).ticks("XYZ", 0, 1))
    with pytest.raises(Invalid, match="span_ns"):
        list(SyntheticMarket(1).bars("AAPL", 7 * MINUTE_NS, 0, 1))


def test_another_process_draws_the_same_market() -> None:
    code = (
        "from algotrendy.exchange.market.synthetic import SyntheticMarket;"
        f"print(list(SyntheticMarket(5).events({OPEN_NS}, {OPEN_NS + MINUTE_NS})))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = list(SyntheticMarket(5).events(OPEN_NS, OPEN_NS + MINUTE_NS))
    assert ran.stdout.strip() == str(here)

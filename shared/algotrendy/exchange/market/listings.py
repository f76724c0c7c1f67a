"""Name what the synthetic market lists: symbols, plausible prices, how lively they are."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID, uuid5

from algotrendy.exchange.market.source import Asset
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import AssetClass

_ASSETS = UUID("6f4d0f6c-6c1f-4c39-9a3e-0f6a4f0b7a11")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Listing:
    """A symbol of the synthetic market.

    Attributes:
        price: Around which it moves for ever, quote currency.
        volatility: Of a day, as a part of the price.
        trades_a_minute: On average, in regular hours.
        trade_size: Units, on average.
        spread: From bid to ask, as a part of the price; at least one price step.
        dividend: Cash a share and quarter, 0 for none.
    """

    asset: Asset
    price: float
    volatility: float = 0.015
    trades_a_minute: float = 10.0
    trade_size: float = 150.0
    spread: float = 0.0001
    dividend: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        """Refuse numbers that no market could be drawn from."""
        if not 0 < self.price < 1e9:
            raise Invalid("price", "above 0 and below 10**9", self.price)
        if not 0 < self.volatility <= 0.2:
            raise Invalid("volatility", "above 0 and at most 0.2", self.volatility)
        if not 0 < self.trades_a_minute <= 1_000:
            raise Invalid("trades_a_minute", "above 0 and at most 1000", self.trades_a_minute)
        if not 0 < self.trade_size <= 1e9:
            raise Invalid("trade_size", "above 0 and at most 10**9", self.trade_size)


def equity(symbol: str, name: str = "", venue: str = "NASDAQ") -> Asset:
    """Describe a share; its id is the same on every start."""
    asset_class = AssetClass.EQUITY
    return Asset(str(uuid5(_ASSETS, symbol)), symbol, name or symbol, asset_class, venue)


def crypto(symbol: str, name: str = "", price_step: Decimal = _CENT) -> Asset:
    """Describe a pair of currencies, traded around the clock and never borrowed."""
    return Asset(
        str(uuid5(_ASSETS, symbol)),
        symbol,
        name or symbol,
        AssetClass.CRYPTO,
        "CRYPTO",
        marginable=False,
        borrowable=Decimal(0),
        price_step=price_step,
    )


def asset_of(symbol: str) -> Asset:
    """Describe a symbol of which nothing else is known: a slash makes it a pair."""
    return crypto(symbol) if "/" in symbol else equity(symbol)


def _share(
    symbol: str, name: str, venue: str, price: float, percent: float, dividend: str = "0"
) -> Listing:
    return Listing(
        equity(symbol, name, venue), price, percent / 100, 10.0, dividend=Decimal(dividend)
    )


DEFAULT_LISTINGS = (
    _share("AAPL", "Apple Inc. Common Stock", "NASDAQ", 212.0, 1.6, "0.26"),
    _share("AMZN", "Amazon.com, Inc. Common Stock", "NASDAQ", 205.0, 1.9),
    _share("GOOGL", "Alphabet Inc. Class A Common Stock", "NASDAQ", 178.0, 1.7, "0.21"),
    _share("IBM", "International Business Machines Corporation", "NYSE", 245.0, 1.3, "1.68"),
    _share("JPM", "JPMorgan Chase & Co.", "NYSE", 268.0, 1.4, "1.40"),
    _share("KO", "Coca-Cola Company", "NYSE", 69.5, 0.9, "0.51"),
    _share("MSFT", "Microsoft Corporation Common Stock", "NASDAQ", 445.0, 1.4, "0.83"),
    _share("NVDA", "NVIDIA Corporation Common Stock", "NASDAQ", 138.0, 2.8, "0.01"),
    _share("QQQ", "Invesco QQQ Trust, Series 1", "NASDAQ", 525.0, 1.2, "0.72"),
    _share("SPY", "SPDR S&P 500 ETF Trust", "ARCA", 595.0, 0.9, "1.75"),
    _share("TSLA", "Tesla, Inc. Common Stock", "NASDAQ", 310.0, 3.4),
    _share("XOM", "Exxon Mobil Corporation", "NYSE", 108.0, 1.3, "0.99"),
    Listing(crypto("BTC/USD", "Bitcoin / US Dollar"), 96_500.0, 0.028, 8.0, 0.05, 0.0002),
    Listing(crypto("ETH/USD", "Ethereum / US Dollar"), 3_350.0, 0.036, 8.0, 0.9, 0.0003),
)

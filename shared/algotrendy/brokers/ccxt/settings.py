"""Say which account at which crypto exchange, and how patiently to speak with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from algotrendy.brokers.live import Mode
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import parse_symbol

_EXCHANGE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PAIR = re.compile(r"[A-Z0-9]+/[A-Z0-9]+")
_SCHEMES = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class CcxtSettings:
    """One account at one exchange.

    Attributes:
        exchange: ccxt's name of it, such as ``binance``.
        symbols: The pairs that are traded there, all in one quote currency. Exchanges tell orders
            and executions by pair: what is not listed is not traded, and not told of.
        url: Scheme, host and port of a server that speaks for the exchange; None for the
            exchange's own: its sandbox, unless the mode is live.
        timeout_s: How long a request may take before its outcome is unknown.
        rate_limit_ms: Least time between two requests of weight one; None for ccxt's own.
        poll_s: Between two looks for news where the exchange does not push them.
        settle_s: How long a new stream may take to be taken.
        silence_s: After how long without a word the exchange is asked for what was not told.
        backoff_s: Least and most wait before connecting the stream again.
    """

    exchange: str
    key: str
    secret: str = field(repr=False)
    symbols: tuple[str, ...]
    password: str | None = field(default=None, repr=False)
    mode: Mode = Mode.PAPER
    url: str | None = None
    timeout_s: float = 10.0
    rate_limit_ms: float | None = None
    poll_s: float = 2.0
    settle_s: float = 1.0
    silence_s: float = 30.0
    backoff_s: tuple[float, float] = (0.5, 30.0)

    def __post_init__(self) -> None:
        """Refuse settings that cannot work.

        Raises:
            Invalid: Naming the field; a secret is never repeated.
        """
        if not _EXCHANGE.fullmatch(self.exchange):
            raise Invalid("exchange", "ccxt's name of an exchange, like binance", self.exchange)
        for name in ("key", "secret"):
            if not getattr(self, name):
                raise Invalid(name, "what the exchange gave with the account", "nothing")
        self._check_symbols()
        if self.url is not None and not self.url.startswith(_SCHEMES):
            raise Invalid("url", f"a URL that begins with {' or '.join(_SCHEMES)}", self.url)
        for name in ("timeout_s", "poll_s", "settle_s", "silence_s"):
            if getattr(self, name) <= 0:
                raise Invalid(name, "above zero", getattr(self, name))
        if self.rate_limit_ms is not None and self.rate_limit_ms < 0:
            raise Invalid("rate_limit_ms", "zero or more", self.rate_limit_ms)

    def _check_symbols(self) -> None:
        if not self.symbols:
            raise Invalid("symbols", "at least one pair, like BTC/USDT", "none")
        for symbol in self.symbols:
            if not _PAIR.fullmatch(parse_symbol(symbol, "symbols")):
                raise Invalid("symbols", "pairs, like BTC/USDT", symbol)
        if len({symbol.partition("/")[2] for symbol in self.symbols}) != 1:
            raise Invalid("symbols", "pairs of one quote currency", ", ".join(self.symbols))

    @property
    def currency(self) -> str:
        """Give the currency that everything is paid in."""
        return self.symbols[0].partition("/")[2]

"""Name what a client can listen to: a channel of a symbol, for bars in a chart style."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data.charts import styles


class Channel(StrEnum):
    """The kinds of news. Of quotes and partial bars only the newest counts."""

    TRADES = "trades"
    QUOTES = "quotes"
    BARS = "bars"
    PARTIALS = "partials"

    @property
    def has_style(self) -> bool:
        """Say whether it is named with a chart style: ``bars:renko:size=1``."""
        return self in (Channel.BARS, Channel.PARTIALS)


class Topic(NamedTuple):
    """One channel of one symbol; ``style`` is as ``str(Style)`` writes it, "" without."""

    symbol: str
    channel: Channel
    style: str = ""

    @property
    def name(self) -> str:
        """Write the channel as the protocol does."""
        return f"{self.channel}:{self.style}" if self.style else str(self.channel)

    def beside(self, channel: Channel) -> Topic:
        """Give another channel of the same symbol and style."""
        return Topic(self.symbol, channel, self.style)


def parse_channel(text: str, field: str = "channel") -> tuple[Channel, str]:
    """Read ``trades``, ``quotes``, ``bars:STYLE`` or ``partials:STYLE``.

    Raises:
        Invalid: If it is none of these, or the style is not one.
    """
    name, colon, style = text.partition(":")
    try:
        channel = Channel(name)
    except ValueError:
        channel = None
    if channel is None or channel.has_style != bool(colon):
        raise Invalid(field, "trades, quotes, bars:STYLE or partials:STYLE", text)
    if not channel.has_style:
        return channel, ""
    try:
        return channel, str(styles.parse(style))
    except Invalid as error:
        raise Invalid(f"{field}.{error.field}", error.expected, error.actual) from error


@dataclass(frozen=True, slots=True)
class Offer:
    """What is streamed; who asks for something else would wait for ever, and is told so.

    Attributes:
        symbols: None: any.
        styles: As ``str(Style)`` writes them; None: any.
    """

    symbols: Collection[str] | None = None
    styles: Collection[str] | None = None

    def topics(self, symbols: Collection[str], channels: Collection[str]) -> list[Topic]:
        """Cross symbols with channels, each once, in the order given.

        Raises:
            Invalid: If a symbol or a channel is malformed; it names which.
            NotFound: If it is not streamed; the hint lists what is.
        """
        parsed = [parse_channel(text, f"channels[{at}]") for at, text in enumerate(channels)]
        named = [parse_symbol(text, f"symbols[{at}]") for at, text in enumerate(symbols)]
        for symbol in named:
            _require("symbol", symbol, self.symbols)
        for _, style in parsed:
            if style:
                _require("style", style, self.styles)
        pairs = ((symbol, channel, style) for symbol in named for channel, style in parsed)
        return list(dict.fromkeys(Topic(*pair) for pair in pairs))


def _require(kind: str, name: str, there: Collection[str] | None) -> None:
    if there is not None and name not in there:
        listed = ", ".join(sorted(there)) or "nothing"
        more = (
            f"to have another, name it in ALGOTRENDY_STREAM_{kind.upper()}S and bring it up again"
        )
        raise NotFound(f"streamed {kind}", name, f"streamed are: {listed}; {more}")

"""Show a stream of market data in a terminal: the newest of each symbol, and the last bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from algotrendy.market_data.streaming.heard import Heard

_SHOWN_BARS = 8
_ARROWS = {1: Text("▲", "green"), -1: Text("▼", "red"), 0: Text("·", "dim")}


class StreamView:
    """What was told so far, as far as it is shown."""

    def __init__(
        self, symbols: Sequence[str], styles: Sequence[str], shown: int = _SHOWN_BARS
    ) -> None:
        self._heard = Heard(symbols, styles, shown)

    def take(self, message: Mapping[str, Any]) -> None:
        """Take a message of the service, or of its client."""
        self._heard.take(message)

    def render(self) -> RenderableType:
        """Draw it."""
        parts: list[RenderableType] = [self._newest()]
        for symbol, style in self._heard.bars:
            parts.append(self._table(symbol, style))
        parts.append(Text(" · ".join(self._heard.statuses.values()), "dim"))
        return Group(*parts)

    def _newest(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("Symbol", "Time", "Last", "Size", "Bid", "Ask", "Spread"):
            table.add_column(heading, justify="left" if heading in ("Symbol", "Time") else "right")
        for symbol in self._heard.symbols:
            trade, quote = self._heard.trades.get(symbol), self._heard.quotes.get(symbol)
            newest = max((one["time"] for one in (trade, quote) if one), default="")
            table.add_row(
                Text(symbol, "bold"),
                clock_time(newest),
                _number(trade, "price"),
                _number(trade, "size"),
                _number(quote, "bid"),
                _number(quote, "ask"),
                f"{quote['ask'] - quote['bid']:.4g}" if quote else "",
            )
        return table

    def _table(self, symbol: str, style: str) -> Table:
        title = Text(f"{symbol} {style}", "cyan")
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for heading in ("No", "", "Ended", "Open", "High", "Low", "Close", "Volume", "Trades"):
            table.add_column(heading, justify="left" if heading in ("", "Ended") else "right")
        for bar in self._heard.bars[symbol, style]:
            table.add_row(*_cells(bar))
        partial = self._heard.partials.get((symbol, style))
        if partial is not None:
            table.add_row(*_cells(partial), style="dim")
        return table


def line(message: Mapping[str, Any]) -> str:
    """Tell a message in one line, for output that is no terminal; "" where it tells nothing."""
    kind, symbol = message["type"], message.get("symbol", "")
    match kind:
        case "trade":
            return (
                f"{clock_time(message['time'])} {symbol} {message['price']:g} x {message['size']:g}"
            )
        case "quote":
            return f"{clock_time(message['time'])} {symbol} {message['bid']:g} / {message['ask']:g}"
        case "bar":
            cells = " ".join(str(cell) for cell in _cells(message))
            return f"{symbol} {message['style']} {cells}"
        case "snapshot" if message.get("missing"):
            first, last = message["missing"]["first"], message["missing"]["last"]
            return f"{symbol} {message['channel']}: bars {first} to {last} are missing"
        case "snapshot" if "bars" in message:
            return f"{symbol} {message['channel']}: {len(message['bars'])} bars there"
        case "status" | "connection":
            source = message.get("feed") or message.get("source", kind)
            return f"{source}: {message['state']} {message['reason']}".strip()
    return ""


def clock_time(moment: str) -> str:
    """Cut a time of the service to its clock, to the millisecond."""
    return moment[11:23]


def _number(told: Mapping[str, Any] | None, name: str) -> str:
    return f"{told[name]:g}" if told else ""


def _cells(bar: Mapping[str, Any]) -> list[str | Text]:
    prices = [f"{bar[name]:.6g}" for name in ("open", "high", "low", "close", "volume")]
    arrow = _ARROWS[bar["direction"]]
    return [str(bar["number"]), arrow, clock_time(bar["ended"]), *prices, str(bar["ticks"])]

"""Feed bars to an interpreted strategy and to the rules, one after the other."""

from __future__ import annotations

from algotrendy.backtest.data.columns import Columns
from algotrendy.exchange.rules.records import BarRow
from algotrendy.strategy.market import Frame


class Feed:
    """Bars, and how far a frame has been told of them.

    A view of an array gives plain numbers, one at a time: no list of them all is made.
    """

    __slots__ = (
        "close",
        "frame",
        "high",
        "known",
        "low",
        "open",
        "phase",
        "seen",
        "size",
        "time",
        "volume",
    )

    def __init__(self, columns: Columns, frame: Frame) -> None:
        self.frame = frame
        self.seen = 0
        self.size = len(columns)
        self.known, self.phase = columns.known.data, columns.phase.data
        self.time, self.open = columns.time.data, columns.open.data
        self.high, self.low = columns.high.data, columns.low.data
        self.close, self.volume = columns.close.data, columns.volume.data

    def tell(self) -> None:
        """Append the next bar to what the strategy sees."""
        frame, i = self.frame, self.seen
        frame.time.append(self.time[i])
        frame.open.append(self.open[i])
        frame.high.append(self.high[i])
        frame.low.append(self.low[i])
        frame.close.append(self.close[i])
        frame.volume.append(self.volume[i])
        self.seen = i + 1

    def tell_until(self, now: int) -> None:
        """Append all bars that are known by now."""
        before = self.seen
        while self.seen < self.size and self.known[self.seen] <= now:
            self.tell()
        self.frame.is_new = self.seen > before

    def into(self, bar: BarRow) -> None:
        """Write the next bar into a record for the rules."""
        i = self.seen
        bar.open = self.open[i]
        bar.high = self.high[i]
        bar.low = self.low[i]
        bar.close = self.close[i]
        bar.volume = self.volume[i]
        bar.phase = self.phase[i]

"""Drive the kernels: trades in, bars out, the same bars of whatever pieces the trades come in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import inf, isfinite
from types import ModuleType
from typing import Any, Final, Protocol, cast

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.records import Fields, Record
from algotrendy.market_data.calendar import TradingCalendar, us_equities
from algotrendy.market_data.charts.chaining import Chain
from algotrendy.market_data.charts.records import CHART_BAR, ChartBar, record_type
from algotrendy.market_data.charts.rules.levels import MOST_OF_ONE_TICK, NEVER
from algotrendy.market_data.charts.styles import Style, parse

MOST_OF_A_COMMAND: Final = 500_000
"""Bars that a command makes of a chart style before it asks for a larger size."""
NOT_WHOLE = 0
"""``known`` of an unfinished bar."""
_SECOND = 1_000_000_000
_DAY = timedelta(days=1)
_DAY_NS = 86_400 * _SECOND
Bars = Sequence[Any]
"""Bars in order: ``ChartBar`` or, compiled, elements of a structured array with the same fields."""


class Trades(Protocol):
    """Columns of trades, as ``market_data.ticks.Ticks`` has them."""

    @property
    def times(self) -> Sequence[int]:
        """Nanoseconds since 1970 UTC, never decreasing."""
        ...

    @property
    def prices(self) -> Sequence[float]:
        """Above zero."""
        ...

    @property
    def sizes(self) -> Sequence[float]:
        """Zero or more, units."""
        ...


Columns = tuple[Any, Any, Any]
Take = Callable[[int, float, float], tuple[int, int]]
"""Takes a trade: its time, price and size; gives what ``advance`` of its style does."""


class Engine(Protocol):
    """How kernels are run, and what they read and write."""

    def kernel(self, rules: ModuleType, state: Any, rule: Any) -> Any:
        """Give ``advance`` of a module for such records."""
        ...

    def single(self, rules: ModuleType, state: Any, rule: Any, table: Any) -> Take:
        """Give ``advance`` of a module for one trade at a time, into a table from its first row."""
        ...

    def chain(self, rules: ModuleType, state: Any, rule: Any) -> Any:
        """Give ``chain`` of a module for such records."""
        ...

    def record(self, values: Record) -> Any:
        """Give a record that the kernel reads and writes."""
        ...

    def table(self, rows: int) -> Any:
        """Give a table of bars."""
        ...

    def take(self, table: Any, count: int) -> Any:
        """Give the first rows of a table, which is then written anew."""
        ...

    def join(self, parts: list[Any]) -> Bars:
        """Put parts of bars behind each other."""
        ...

    def nothing(self) -> Bars:
        """Give no bars."""
        ...

    def columns(self, trades: Trades) -> Columns:
        """Give the columns in the form that kernels read."""
        ...

    def first_fault(self, columns: Columns, last: int) -> int:
        """Give the row of the first bad trade, or -1; ``last`` is the time before the first."""
        ...


class Interpreted:
    """Plain Python, with nothing but the standard library."""

    def kernel(self, rules: ModuleType, state: Any, rule: Any) -> Any:  # noqa: ARG002
        return rules.advance

    def single(self, rules: ModuleType, state: Any, rule: Any, table: Any) -> Take:
        advance = rules.advance

        def take(time: int, price: float, size: float) -> tuple[int, int]:
            done: tuple[int, int] = advance(state, rule, (time,), (price,), (size,), table, 0)
            return done

        return take

    def chain(self, rules: ModuleType, state: Any, rule: Any) -> Any:  # noqa: ARG002
        return rules.chain

    def record(self, values: Record) -> Any:
        return values

    def table(self, rows: int) -> list[ChartBar]:
        return [ChartBar() for _ in range(rows)]

    def take(self, table: list[ChartBar], count: int) -> list[ChartBar]:
        taken = table[:count]
        table[:count] = self.table(count)
        return taken

    def join(self, parts: list[list[ChartBar]]) -> Bars:
        return [bar for part in parts for bar in part]

    def nothing(self) -> Bars:
        return []

    def columns(self, trades: Trades) -> Columns:
        times = [int(time) for time in trades.times]
        prices = [float(price) for price in trades.prices]
        return times, prices, [float(size) for size in trades.sizes]

    def first_fault(self, columns: Columns, last: int) -> int:
        for row, (time, price, size) in enumerate(zip(*columns, strict=True)):
            if time < last or not (price > 0.0 and isfinite(price)):
                return row
            if not (size >= 0.0 and isfinite(size)):
                return row
            last = time
        return -1


INTERPRETED = Interpreted()


class Builder:
    """Builds the bars of one style of one symbol's trades.

    Args:
        style: Or its text.
        engine: Interpreted without; ``compiled.Compiled()`` for many trades at once.
        calendar: For styles with sessions.
        rows: Of the table that bars are written to; it grows when one trade makes more.
    """

    def __init__(
        self,
        style: Style | str,
        engine: Engine = INTERPRETED,
        calendar: TradingCalendar | None = None,
        rows: int = 16,
    ) -> None:
        self.style = parse(style) if isinstance(style, str) else style
        is_chain = self.style.kind.of_time_bars
        base = self.style.base() if is_chain else self.style
        self._chain = Chain(self.style, engine) if is_chain else None
        self._rules = base.kind.rules
        self._engine = engine
        self._calendar = calendar
        self._fields: Fields = self._rules.STATE
        state = record_type(self._fields)(**getattr(self._rules, "BEGIN", {}))
        self._state = engine.record(state)
        self._rule = engine.record(base.rule())
        self._table = engine.table(rows)
        self._single: Take | None = None
        self._advance: Any = None
        self._time = NEVER

    @property
    def time(self) -> int:
        """The time up to which the builder knows the market; no trade may be earlier."""
        return self._time

    def push(self, trades: Trades, most: int | None = None) -> Bars:
        """Take trades, and give the bars that they closed, in order.

        Args:
            trades: Oldest first.
            most: Stop at more bars than that; then the builder is of no more use.

        Raises:
            Invalid: If columns differ in length, or a trade is bad; then none of them is taken. If
                there are more bars than ``most``.
        """
        if most is None and len(trades.times) == len(trades.prices) == len(trades.sizes) == 1:
            return self.push_one(trades.times[0], trades.prices[0], trades.sizes[0])
        columns = self._engine.columns(trades)
        times, prices, sizes = columns
        for name, column in (("prices", prices), ("sizes", sizes)):
            if len(column) != len(times):
                raise Invalid(f"ticks.{name}", f"{len(times)} values", len(column))
        bad = self._engine.first_fault(columns, self._time)
        if bad >= 0:
            raise self._fault(columns, bad)
        if self._advance is None:
            self._advance = self._engine.kernel(self._rules, self._state, self._rule)
        parts: list[Any] = []
        done = made = 0
        while done < len(times):
            taken, at = self._advance(
                self._state, self._rule, times[done:], prices[done:], sizes[done:], self._table, 0
            )
            done += taken
            if at:
                parts.append(self._engine.take(self._table, at))
            made += at
            # Before room is made for what the next trade needs.
            self._require_few(made + (self._state.needed if done < len(times) else 0), most)
            if done < len(times):
                self._make_way(int(times[done]), done)
        if len(times):
            self._time = int(times[-1])
        return self._finish(parts)

    def push_one(self, time: int, price: float, size: float) -> Bars:
        """Take one trade, as ``push`` does: the way that streams take, with the fewest calls.

        Raises:
            Invalid: If the trade is bad; then it is not taken.
        """
        time, price, size = int(time), float(price), float(size)
        # A NaN fails every comparison.
        if not (time >= self._time and 0.0 < price < inf and 0.0 <= size < inf):
            raise self._fault(([time], [price], [size]), 0)
        take = self._single or self._taker()
        taken, at = take(time, price, size)
        if taken and not at:
            self._time = time
            return self._engine.nothing()
        parts = [self._engine.take(self._table, at)] if at else []
        while not taken:
            self._make_way(time, 0)
            taken, at = (self._single or self._taker())(time, price, size)
            if at:
                parts.append(self._engine.take(self._table, at))
        self._time = time
        return self._finish(parts)

    def advance_to(self, time: int) -> Bars:
        """Learn that it is so late, without a trade; gives the time bars that end by then.

        Raises:
            Invalid: If it is earlier than what is known already.
        """
        if time < self._time:
            raise Invalid("time", f"at or after {self._time}", time)
        self._time = time
        close = getattr(self._rules, "close", None)
        at = 0 if close is None else close(self._state, self._rule, time, self._table, 0)
        return self._finish([self._engine.take(self._table, at)] if at else [])

    def partial(self) -> ChartBar | None:
        """Give the unfinished bar as it stands, its ``known`` 0, or None when there is none."""
        bar = ChartBar()
        if not self._rules.partial(self._state, self._rule, bar):
            return None
        for name, kind in CHART_BAR:
            value = getattr(bar, name)
            setattr(bar, name, int(value) if kind == "i8" else float(value))
        shown = bar if self._chain is None else self._chain.preview(bar)
        if shown is not None:
            shown.known = NOT_WHOLE
        return shown

    def state(self) -> dict[str, Any]:
        """Give everything that is needed to go on elsewhere, as JSON values."""
        return {
            "style": str(self.style),
            "time": self._time,
            "state": {
                name: int(getattr(self._state, name))
                if kind == "i8"
                else float(getattr(self._state, name))
                for name, kind in self._fields
            },
            **({} if self._chain is None else {"chain": self._chain.state()}),
        }

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, Any],
        engine: Engine = INTERPRETED,
        calendar: TradingCalendar | None = None,
    ) -> Builder:
        """Go on from where another builder stood, interpreted or compiled.

        Raises:
            Invalid: If the state has other fields than the style's.
        """
        made = cls(parse(state["style"]), engine, calendar)
        given = state["state"]
        expected = [name for name, _ in made._fields]
        if sorted(given) != sorted(expected):
            raise Invalid("state", f"with the fields {', '.join(expected)}", ", ".join(given))
        made._time = int(state["time"])
        made._state = engine.record(record_type(made._fields)(**given))
        if made._chain is not None:
            made._chain = Chain(made.style, engine, state["chain"])
        return made

    def _taker(self) -> Take:
        self._single = self._engine.single(self._rules, self._state, self._rule, self._table)
        return self._single

    def _finish(self, parts: list[Any]) -> Bars:
        bars = self._engine.join(parts)
        return bars if self._chain is None else cast("Bars", self._chain.draw(bars))

    def _make_way(self, time: int, row: int) -> None:
        """Do what a kernel stopped for."""
        if getattr(self._state, "asks", 0):
            self._set_span(time)
        needed = int(self._state.needed)
        if needed > MOST_OF_ONE_TICK:
            raise Invalid(f"ticks[{row}]", f"of at most {MOST_OF_ONE_TICK:,} bars", needed)
        if needed > len(self._table):
            self._table = self._engine.table(needed)
            self._single = None

    def _require_few(self, bars: int, most: int | None) -> None:
        if most is not None and bars > most:
            expected = f"one that makes at most {most:,} bars of these trades; give a larger size"
            raise Invalid("style", expected, str(self.style))

    def _set_span(self, time: int) -> None:
        """Tell the kernel in which session, or between which two, a time lies."""
        calendar = self._calendar or us_equities()
        is_extended = self._rule.sessions == 2
        day = datetime.fromtimestamp(time // _SECOND, UTC).astimezone(calendar.zone).date()
        # Of three days: a session may reach past a midnight.
        edges: list[int] = []
        before, after = max(calendar.first, day - _DAY), min(calendar.last, day + _DAY)
        for session in calendar.sessions(before, after):
            first = session.pre_open if is_extended else session.open
            last = session.post_close if is_extended else session.close
            edges += [_ns(first), _ns(last)]
        place = bisect_right(edges, time)
        state = self._state
        state.is_outside = int(place % 2 == 0)
        state.opens = edges[place - 1] if place else time
        # A session that is not among those three days begins more than a day later.
        state.closes = edges[place] if place < len(edges) else time + _DAY_NS

    def _fault(self, columns: Columns, row: int) -> Invalid:
        time, price, size = (column[row] for column in columns)
        if not (isfinite(price) and price > 0):
            return Invalid(f"ticks.prices[{row}]", "finite and above 0", float(price))
        if not (isfinite(size) and size >= 0):
            return Invalid(f"ticks.sizes[{row}]", "finite and 0 or more", float(size))
        before = columns[0][row - 1] if row else self._time
        return Invalid(f"ticks.times[{row}]", f"at or after {before}", int(time))


def _ns(moment: datetime) -> int:
    whole = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (whole // timedelta(microseconds=1)) * 1_000


def bars_of(
    trades: Trades, style: Style | str, engine: Engine = INTERPRETED, most: int | None = None
) -> Bars:
    """Build all whole bars of some trades at once; what is unfinished at the end is left out.

    Raises:
        Invalid: As ``Builder.push``.
    """
    rows = 16 if engine is INTERPRETED else 65_536
    return Builder(style, engine, rows=rows).push(trades, most)

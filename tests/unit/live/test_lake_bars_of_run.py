"""Bars come to a run as a backtest's dataset has them known: in order, each once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.live.adapters.lake_bars_of_run import LakeBarsOfRun
from algotrendy.live.runs import Run
from algotrendy.market_data.ports import SymbolSummary
from algotrendy.market_data.series import BarSeries, day_ns, session_date
from fakes.live_runs import CONTENT, a_run

AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
MONDAY = date(2026, 11, 16)
DAYS = [MONDAY + timedelta(days=count) for count in (0, 1, 2, 3, 4, 7)]
DAY_NS = 86_400_000_000_000


class FewBars:
    """Answers as a bar store does, of bars by symbol and day."""

    def __init__(self, **days: list[date]) -> None:
        self.days = days

    def version(self) -> int:
        return 3

    def symbols(self, *_: Any) -> list[SymbolSummary]:
        return [
            SymbolSummary(Symbol(name), Timeframe.DAY, days[0], days[-1], len(days), "test")
            for name, days in self.days.items()
        ]

    def read(self, symbol: Symbol, start: date | None = None, **options: Any) -> BarSeries:
        if symbol not in self.days:
            raise NotFound("bars", symbol)
        after = options["after"]
        days = [each for each in self.days[symbol] if start is None or each >= start]
        times = tuple(day_ns(each) for each in days if after is None or day_ns(each) > after)
        prices = tuple(100.0 + time // DAY_NS % 7 for time in times)
        return BarSeries(symbol, Timeframe.DAY, times, prices, prices, prices, prices, prices)


def bars(**days: list[date]) -> LakeBarsOfRun:
    return LakeBarsOfRun(FewBars(**days))  # type: ignore[arg-type]


def run(symbols: tuple[Symbol, ...] = (AAPL,), **changes: Any) -> Run:
    content = replace(CONTENT)
    object.__setattr__(content, "symbols", symbols)
    return a_run(content=content, origin=day_ns(MONDAY), **changes)


def at(day: date, hour: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def known(day: date) -> int:
    return day_ns(day) + DAY_NS


def test_a_bar_of_a_day_is_known_when_the_day_is_over() -> None:
    found = bars(AAPL=DAYS).after(run(), at(DAYS[2]))
    assert found.lake_version == 3
    assert [step.bar_at for step in found.steps] == [known(DAYS[0]), known(DAYS[1])]
    assert [session_date(step.bars[0].time) for step in found.steps] == DAYS[:2]
    assert bars(AAPL=DAYS).after(run(), at(DAYS[2], 23)).steps == found.steps


def test_what_was_told_is_not_told_again() -> None:
    found = bars(AAPL=DAYS).after(run(bar_at=known(DAYS[3])), at(DAYS[5] + timedelta(days=1)))
    assert [session_date(step.bars[0].time) for step in found.steps] == DAYS[4:]


def test_bars_before_the_origin_are_no_part_of_the_run() -> None:
    earlier = [MONDAY - timedelta(days=3), *DAYS]
    found = bars(AAPL=earlier).after(run(), at(DAYS[1]))
    assert [session_date(step.bars[0].time) for step in found.steps] == [MONDAY]


def test_a_symbol_without_its_bar_is_lacking_until_a_later_one_is_there() -> None:
    both = run((AAPL, MSFT))
    found = bars(AAPL=DAYS[:2], MSFT=DAYS[:1]).after(both, at(DAYS[3]))
    assert [step.lacking for step in found.steps] == [(), ("MSFT",)]
    found = bars(AAPL=DAYS[:2], MSFT=[DAYS[0], DAYS[2]]).after(both, at(DAYS[3]))
    assert [step.lacking for step in found.steps] == [(), (), ("AAPL",)]
    assert [[bar.asset for bar in step.bars] for step in found.steps] == [[0, 1], [0], [1]]


def test_a_symbol_without_any_bar_lacks_all() -> None:
    found = bars(AAPL=DAYS[:1]).after(run((AAPL, MSFT)), at(DAYS[2]))
    assert [step.lacking for step in found.steps] == [("MSFT",)]
    assert bars().after(run(), at(DAYS[2])).steps == ()


def test_longer_bars_are_told_when_they_are_whole() -> None:
    found = bars(AAPL=DAYS).after(run(timeframes=("1Week",)), at(DAYS[5] + timedelta(days=1)))
    frames = [[bar.frame for bar in step.bars] for step in found.steps]
    assert frames[:4] == [[0]] * 4
    assert sum(1 in each for each in frames) == 1


def test_the_warm_up_begins_so_many_bars_before() -> None:
    assert bars(AAPL=DAYS).origin(CONTENT, 3, at(DAYS[5])) == day_ns(DAYS[2])
    assert bars(AAPL=DAYS).origin(CONTENT, 90, at(DAYS[5])) == day_ns(DAYS[0])
    later = bars(AAPL=DAYS).origin(CONTENT, 1, at(DAYS[0]))
    assert later <= day_ns(DAYS[0])


def test_the_next_close_skips_a_weekend() -> None:
    close = bars(AAPL=DAYS).next_close(CONTENT, at(DAYS[4], 3))
    assert close == at(DAYS[4] + timedelta(days=1))
    later = bars().next_close(CONTENT, at(DAYS[4] + timedelta(days=1)))
    assert later == at(DAYS[5] + timedelta(days=1))

from __future__ import annotations

from typing import Any

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.charts.building import INTERPRETED, Builder, bars_of
from algotrendy.market_data.charts.compiled import Compiled
from algotrendy.market_data.charts.styles import KINDS, describe, parse
from fakes.chart_trades import at_prices


@pytest.mark.parametrize(
    "text",
    [
        "time:interval=5Min",
        "tick:amount=100",
        "volume:amount=0.5,excess=split",
        "range:size=0.25",
        "renko:size=1,reversal=1,wicks=no",
    ],
)
def test_a_style_is_written_as_it_is_read(text: str) -> None:
    assert str(parse(text)) == text


def test_defaults_are_left_out_and_intervals_have_one_spelling() -> None:
    assert str(parse("time: interval=5min,sessions=no")) == "time:interval=5Min"
    for text, written in (("60Sec", "1Min"), ("90Sec", "90Sec"), ("24Hour", "1Day")):
        assert str(parse(f"time:interval={text}")) == f"time:interval={written}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rang:size=1", "style must be range"),
        ("range", "style.range.size must be a number above 1e-15"),
        ("range:size=-1", "style.range.size must be a number above 1e-15"),
        ("volume:amount=1e-320,excess=split", "style.volume.amount must be a number above 1e-15"),
        ("range:size=nan", "style.range.size"),
        ("range:size=wide", "style.range.size"),
        ("range:width=1", "style.range must be NAME=VALUE of size"),
        ("range:size=1,size=2", "style.range.size must be given once"),
        ("tick:amount=1.5", "style.tick.amount must be a whole number from 1"),
        ("tick:amount=0", "style.tick.amount"),
        ("volume:amount=1,excess=drop", "style.volume.excess must be one of keep, split"),
        ("time:interval=2Day", "style.time.interval must be a stretch of time of at most a day"),
        ("renko", "style.renko must be given one of size, percent, atr, was 'none'"),
        ("renko:size=1,atr=14", "style.renko must be given one of size, percent, atr"),
        ("renko:percent=1,anchor=5", "style.renko.anchor must be given with size alone"),
        ("renko:atr=14,base=7Min", "style.renko.base"),
        ("renko:size=1,reversal=3", "style.renko.reversal must be a whole number from 1 to 2"),
        ("time:interval=0Min", "style.time.interval"),
        (f"time:interval={'9' * 5_000}Min", "style.time.interval"),
    ],
)
def test_what_is_wrong_is_named(text: str, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        parse(text)


@pytest.mark.parametrize("engine", [INTERPRETED, Compiled()])
@pytest.mark.parametrize("style", ["renko:size=0.001", "volume:amount=0.1,excess=split"])
def test_too_many_bars_are_refused_and_not_made(style: str, engine: Any) -> None:
    given = at_prices(*(100.0 + place % 2 for place in range(200)))
    whole = len(bars_of(given, style, engine))
    assert len(bars_of(given, style, engine, whole)) == whole
    with pytest.raises(Invalid, match=f"style must be one .* {whole - 1:,} bars .* larger size"):
        bars_of(given, style, engine, whole - 1)
    builder = Builder(style, engine)
    with pytest.raises(Invalid, match="larger size"):
        builder.push(given, 5)
    assert builder.state()["state"]["ticks"] <= 1  # it stopped at the first trade that makes many


def test_every_style_describes_itself() -> None:
    for kind in KINDS.values():
        page = describe(kind)
        assert all(f"`{parameter.name}`" in page for parameter in kind.parameters)


def test_a_state_of_another_style_is_refused() -> None:
    state = Builder("tick:amount=2").state()
    with pytest.raises(Invalid, match="state must be with the fields"):
        Builder.from_state(state | {"style": "time:interval=1Min"})

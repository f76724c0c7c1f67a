"""`algotrendy stream --svg` draws what docs/streaming.md shows; WRITE_GOLDEN=1 draws it anew."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console
from typer.testing import CliRunner

from algotrendy.cli import stream
from algotrendy.cli.main import app
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.pictures.heard import draw_heard
from algotrendy.market_data.streaming.heard import Heard
from fakes.replayed import SampleYear, heard_of, played

DOCS = Path(__file__).parents[4] / "docs"
STYLES = ("time:interval=1Min", "renko:size=20")
SPEED = 21_600.0
"""A day in four seconds."""
BEFORE, HEARD = 400, 966


@pytest.fixture(scope="module")
def messages() -> list[dict[str, Any]]:
    trades = played(SampleYear("AAPL", 2012), "AAPL", SPEED)
    assert len(trades) == 1_000
    # The last ones are left out, so that both styles have a bar that is not finished.
    return heard_of(trades[:HEARD], "AAPL", STYLES, comes_after=BEFORE)


def drawn(messages: Sequence[Any], styles: Sequence[str] = STYLES, kept: int = 60) -> str:
    heard = Heard(["AAPL"], styles, kept)
    for message in messages:
        heard.take(message)
    return draw_heard(heard)


def texts(picture: str) -> list[str]:
    found = ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")
    return [each.text or "" for each in found]


def shown(tmp_path: Path, messages: Sequence[Any]) -> str:
    async def told() -> AsyncGenerator[Any, None]:
        for message in messages:
            yield message

    out = tmp_path / "deep" / "heard.svg"
    stream.run(told(), Console(file=io.StringIO()), ["AAPL"], STYLES, svg=out)
    return out.read_text(encoding="utf-8")


def test_the_command_draws_what_a_client_heard(
    tmp_path: Path, messages: list[dict[str, Any]]
) -> None:
    picture = shown(tmp_path, messages)
    file = DOCS / "pictures" / "heard.svg"
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(picture, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == picture, "heard.svg is drawn otherwise now"
    assert "](pictures/heard.svg)" in (DOCS / "streaming.md").read_text(encoding="utf-8")


def test_ctrl_c_ends_it_with_a_picture(tmp_path: Path) -> None:
    async def told() -> AsyncGenerator[Any, None]:
        yield bar(7)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)

    out = tmp_path / "heard.svg"
    stream.run(told(), Console(file=io.StringIO()), ["AAPL"], STYLES[:1], svg=out)
    assert "as they closed: bar 7" in texts(out.read_text(encoding="utf-8"))


def test_snapshot_updates_and_the_unfinished_bar_are_told_apart(
    messages: list[dict[str, Any]],
) -> None:
    told = texts(drawn(messages))
    closed = [each["number"] for each in messages if each["type"] == "bar"]
    for style in STYLES:
        begun = next(each["bars"] for each in messages if each.get("channel") == f"bars:{style}")
        newest = max(
            each["number"] for each in messages if each["type"] == "bar" and each["style"] == style
        )
        assert f"snapshot: bars 1 to {begun[-1]['number']}" in told
        assert f"as they closed: bars {begun[-1]['number'] + 1} to {newest}" in told
        assert f"unfinished: {newest + 1}" in told
    assert closed
    trades = [each for each in messages if each["type"] == "trade"]
    assert len(trades) == HEARD - BEFORE
    assert f"{trades[-1]['price']:,.8g}" in told


def bar(number: int, price: float = 100.0, known: str | None = "2026-11-27T14:31:00Z") -> Any:
    prices = dict.fromkeys(("open", "high", "low", "close", "first", "highest", "lowest"), price)
    times = {"began": "2026-11-27T14:30:00Z", "ended": "2026-11-27T14:31:00Z", "known": known}
    rest = {"last": price, "volume": 1.0, "ticks": 1, "direction": 0}
    head = {"type": "bar", "symbol": "AAPL", "style": STYLES[0]}
    return {**head, "number": number, **times, **prices, **rest}


QUOTE = {"type": "quote", "symbol": "AAPL", "time": "2026-11-27T14:30:01Z", "bid": 9.5, "ask": 9.75}


def test_a_quote_is_told_where_one_was_heard() -> None:
    told = texts(drawn([QUOTE, bar(1)], STYLES[:1]))
    assert "newest quote 9.5 / 9.75 at 14:30:01 UTC" in told
    assert texts(drawn([bar(1)], STYLES[:1]))[1] == "bars alone"


def test_bars_that_are_missing_are_marked_in_their_place() -> None:
    told = texts(drawn([bar(1), bar(4), bar(6)], STYLES[:1]))
    assert [words for words in told if words.startswith("missing")] == [
        "missing: 2 to 3",
        "missing: 5",
    ]


def test_no_mark_of_the_scale_lies_below_the_newest_price() -> None:
    trade = {"type": "trade", "symbol": "AAPL", "time": QUOTE["time"], "size": 1.0}
    bars = [bar(1, 400.0), bar(2, 600.0)]
    assert "500" in texts(drawn([{**trade, "price": 550.0}, *bars], STYLES[:1]))
    assert "500" not in texts(drawn([{**trade, "price": 502.5}, *bars], STYLES[:1]))


def test_a_client_that_heard_nothing_gets_a_picture_that_says_so() -> None:
    assert texts(drawn([])).count("no bar was told yet") == len(STYLES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--svg", "heard.svg"], "svg must be given with --style"),
        (["--style", "renko:size=1", "--svg", "heard.png"], "svg must be an .svg file"),
    ],
)
def test_a_picture_needs_bars_and_the_right_kind_of_file(
    arguments: list[str], message: str
) -> None:
    ran = CliRunner().invoke(app, ["stream", "AAPL", *arguments])
    assert isinstance(ran.exception, Invalid)
    assert message in str(ran.exception)

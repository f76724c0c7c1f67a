"""What a terminal shows of a stream."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from algotrendy.cli.main import app
from algotrendy.cli.stream_view import StreamView, line
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.streaming import encoding
from algotrendy.market_data.streaming.topics import Channel, Topic
from fakes.streamed import bar

STYLE = "renko:size=1"
BARS = Topic("AAPL", Channel.BARS, STYLE)


def snapshot(reason: str, *numbers: int, missing: tuple[int, int] | None = None) -> Any:
    fields = [bar(number).fields for number in numbers]
    return json.loads(encoding.snapshot(BARS, reason, fields, missing))


def told(number: int, channel: Channel = Channel.BARS) -> Any:
    known = 0 if channel is Channel.PARTIALS else None
    return json.loads(encoding.update(BARS.beside(channel), bar(number, known).fields))


def drawn(*messages: Any) -> str:
    view = StreamView(["AAPL"], [STYLE], shown=3)
    for message in messages:
        view.take(message)
    console = Console(file=io.StringIO(), width=120)
    with console.capture() as captured:
        console.print(view.render())
    return captured.get()


def rows(text: str) -> list[str]:
    words = [line.split() for line in text.splitlines()]
    return [cells[0] for cells in words if cells and cells[0].isdigit()]


def test_the_last_bars_are_shown_with_the_unfinished_one_below() -> None:
    text = drawn(snapshot("subscribed", 1, 2), told(3), told(4), told(5, Channel.PARTIALS))
    assert rows(text) == ["2", "3", "4", "5"]


def test_an_unfinished_bar_goes_when_it_is_closed() -> None:
    assert rows(drawn(snapshot("subscribed", 1), told(2, Channel.PARTIALS), told(2))) == ["1", "2"]


def test_bars_go_on_after_a_loss_unless_they_are_counted_anew() -> None:
    first = snapshot("subscribed", 1, 2)
    assert rows(drawn(first, snapshot("resumed", 3))) == ["1", "2", "3"]
    assert rows(drawn(first, snapshot("lost", 3))) == ["1", "2", "3"]
    assert rows(drawn(first, snapshot("lost", 1))) == ["1"]


def test_what_is_missing_is_said() -> None:
    hole = snapshot("hole", 5, missing=(3, 4))
    assert "missing (bars 3 to 4)" in drawn(snapshot("subscribed", 2), hole)
    assert line(hole) == f"AAPL bars:{STYLE}: bars 3 to 4 are missing"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["stream", "aapl"], "symbols"),
        (["stream", "AAPL", "--style", "renko"], "style.renko"),
        (["stream", "AAPL", "--no-trades", "--no-quotes"], "channels"),
    ],
)
def test_a_wrong_command_line_names_the_field(arguments: list[str], field: str) -> None:
    ran = CliRunner().invoke(app, arguments)
    assert isinstance(ran.exception, Invalid)
    assert ran.exception.field == field

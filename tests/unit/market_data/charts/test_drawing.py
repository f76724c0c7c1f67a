"""Pictures: whole SVG files that say what they show."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from algotrendy.cli.main import app
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.charts.building import Builder
from algotrendy.market_data.charts.drawing import draw, framed
from algotrendy.market_data.charts.styles import parse
from algotrendy.market_data.pictures.paper import INK
from fakes.chart_trades import at_prices

PRICES = [100 + (7 * k * k) % 23 / 4 for k in range(60)]


def shapes(style: str, tag: str) -> list[ET.Element]:
    builder = Builder(style)
    bars = list(builder.push(at_prices(*PRICES)))
    picture = ET.fromstring(draw(bars, parse(style), "A & B"))
    return list(picture.iter(f"{{http://www.w3.org/2000/svg}}{tag}"))


@pytest.mark.parametrize(
    "style", ["time:interval=5Sec", "renko:size=1", "kagi:size=2", "point-and-figure:box=1"]
)
def test_every_shape_of_chart_is_drawn_with_its_title(style: str) -> None:
    told = [text.text for text in shapes(style, "text")]
    assert told[0] == "A & B"
    assert str(told[1]).startswith(f"{style} · ")


def test_a_candle_is_drawn_for_each_bar() -> None:
    bars = list(Builder("tick:amount=10").push(at_prices(*PRICES)))
    # And one rectangle for the paper.
    assert len(shapes("tick:amount=10", "rect")) == len(bars) + 1


def test_an_unfinished_bar_is_drawn_paler_and_told() -> None:
    builder = Builder("tick:amount=40")
    bars = list(builder.push(at_prices(*PRICES)))
    picture = draw([*bars, builder.partial()], parse("tick:amount=40"), "XYZ")
    assert "2 bars, the last one unfinished" in picture
    assert picture.count('opacity="0.4"') == 1


def test_prices_that_stand_still_are_drawn_too() -> None:
    bars = list(Builder("tick:amount=2").push(at_prices(5.0, 5.0)))
    drawn = draw(bars, parse("tick:amount=2"), "XYZ")
    assert "nan" not in drawn
    assert "inf" not in drawn
    [body] = ET.fromstring(drawn).findall(".//{*}g/{*}rect")
    assert (float(body.attrib["height"]), body.attrib["fill"]) == (0.8, INK)
    # In the middle: what stands still is as far from the top as from the bottom.
    frame = framed(bars, parse("tick:amount=2"))
    assert float(body.attrib["y"]) == pytest.approx((frame.y(frame.low) + frame.y(frame.high)) / 2)


def test_the_command_draws_a_file_of_trades(tmp_path: Path) -> None:
    csv, out = tmp_path / "trades.csv", tmp_path / "deep" / "xyz.svg"
    rows = [f"2024-07-02T13:30:{k:02d}Z,{price},1" for k, price in enumerate(PRICES)]
    csv.write_text("\n".join(["time,price,size", *rows]))
    arguments = ["chart", "XYZ", "--csv", str(csv), "--style", "renko:size=1", "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert " bars of renko:size=1 from 60 trades of XYZ" in result.output
    ET.fromstring(out.read_text())


def test_more_boxes_than_a_picture_holds_are_refused_and_not_drawn() -> None:
    style = "point-and-figure:box=1e-9"
    with pytest.raises(Invalid, match=r"style must be one of at most 50,000 boxes .* a larger box"):
        shapes(style, "path")


def test_the_command_refuses_other_kinds_of_files_and_charts_of_nothing(tmp_path: Path) -> None:
    csv = tmp_path / "trades.csv"
    csv.write_text("time,price,size\n2024-07-02T13:30:00Z,10,1\n")
    given = ["chart", "XYZ", "--csv", str(csv)]
    wrong = CliRunner().invoke(app, [*given, "--out", "xyz.gif"])
    assert isinstance(wrong.exception, Invalid)
    assert "out must be an .svg file" in str(wrong.exception)
    empty = CliRunner().invoke(app, [*given, "--style", "renko:size=1", "--whole"])
    assert "one that 1 trades make a bar of" in str(empty.exception)

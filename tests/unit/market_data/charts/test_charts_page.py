"""docs/charts.md and its pictures are what the code writes; WRITE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from algotrendy.market_data.adapters.samples import read_samples
from algotrendy.market_data.charts.building import Builder
from algotrendy.market_data.charts.drawing import draw
from algotrendy.market_data.charts.of_bars import trades_of_bars
from algotrendy.market_data.charts.styles import KINDS, describe, parse
from algotrendy.market_data.series import session_date
from algotrendy.market_data.ticks import Ticks

DOCS = Path(__file__).parents[4] / "docs"
PICTURES = DOCS / "pictures" / "charts"
EXAMPLES = (
    "time:interval=1Day",
    "tick:amount=10",
    "volume:amount=100000000",
    "dollar:amount=50000000000",
    "range:size=40",
    "renko:size=10",
    "heikin-ashi:interval=1Day",
    "line-break:interval=1Day",
    "kagi:percent=4",
    "point-and-figure:box=10",
    "imbalance:of=volume,ticks=20,least=4,most=60,bars=10,trades=200",
    "run:of=volume,ticks=20,least=4,most=60,bars=10,trades=200",
)


@pytest.fixture(scope="module")
def pictures() -> dict[str, str]:
    """Draw AAPL in 2012, each day as four trades."""
    series = next(each.bars for each in read_samples("bokeh") if each.bars.symbol == "AAPL")
    trades = trades_of_bars(series.adjusted("raw"), series.source)
    begin = next(k for k, time in enumerate(trades.times) if session_date(time).year == 2012)
    found = {}
    for text in EXAMPLES:
        builder, style = Builder(text), parse(text)
        rows = slice(begin, begin + 1000)
        columns = trades.times[rows], trades.prices[rows], trades.sizes[rows]
        part = Ticks(trades.symbol, *columns, trades.source)
        bars = [*builder.push(part), builder.partial()]
        shown = [bar for bar in bars if bar is not None][-100:]
        found[style.kind.name] = draw(shown, style, "AAPL, 2012")
    return found


def page(text: str) -> str:
    """Put the sections of the styles between the page's marks."""
    begin, end = "<!-- styles -->\n", "<!-- end of styles -->"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    sections = []
    for example in EXAMPLES:
        kind = parse(example).kind
        picture = f"![{kind.title}: {example}](pictures/charts/{kind.name}.svg)"
        sections.append(f"{describe(kind)}\n\n{picture}\n")
    return f"{head}{begin}{chr(10).join(sections)}{end}{tail}"


def test_every_style_has_its_picture(pictures: dict[str, str]) -> None:
    assert set(pictures) == set(KINDS)
    for name, picture in pictures.items():
        file = PICTURES / f"{name}.svg"
        if os.environ.get("WRITE_GOLDEN"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(picture, encoding="utf-8")
        assert file.read_text(encoding="utf-8") == picture, f"{file.name} is drawn otherwise now"


def test_the_page_says_what_the_styles_say_of_themselves() -> None:
    file = DOCS / "charts.md"
    text = file.read_text(encoding="utf-8")
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(page(text), encoding="utf-8")
        text = file.read_text(encoding="utf-8")
    assert text == page(text)

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from algotrendy.backtest.report import Curve, embeddable, render
from fakes.finished_sweep import finished_sweep
from fakes.sweep_world import some_spec

HERE = Path(str(files("algotrendy.backtest.report")))
PROJECT = Path(__file__).parents[3]
SWEEP = finished_sweep()


class Page(HTMLParser):
    """Collects tags, attributes and the text of each element that matters."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.text = ""
        self._inside = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")
        if tag == "style":
            self.styles.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside == "style":
            self.styles[-1] += data
        else:
            self.text += data

    @property
    def payload(self) -> Any:
        return json.loads(self.scripts[0])


def test_nothing_is_loaded_from_anywhere() -> None:
    page = Page(render(SWEEP))
    links = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in {"src", "href", "srcset", "data", "action", "poster"}
    ]
    assert links == ["#runs"]
    assert not {"link", "iframe", "object", "embed", "img"} & {tag for tag, _ in page.tags}
    assert not re.search(r"@import|url\(", "".join(page.styles))
    own = "".join((HERE / name).read_text() for name in ("page.js", "charts.js", "table.js"))
    assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|import\(|sendBeacon", own)
    [policy] = [
        attributes["content"] or ""
        for _, attributes in page.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy


def test_hostile_words_stay_words() -> None:
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u2028"
    page = Page(render(finished_sweep(source=hostile)))
    assert [tag for tag, _ in page.tags].count("script") == 3
    assert "img" not in {tag for tag, _ in page.tags}
    assert hostile in page.text


def test_json_cannot_end_the_script_it_stands_in() -> None:
    value = {"a": "</script><!--\u2028&", "b": [1.5, None]}
    text = embeddable(value)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == value


def test_every_run_and_both_curves_are_in_it() -> None:
    payload = Page(render(SWEEP)).payload
    assert len(payload["values"]) == SWEEP.plan.runs == 16
    assert payload["combinations"][0] == [4, 12, 0]
    place = payload["columns"].index("sharpe")
    for shown, row in zip(payload["values"], SWEEP.rows, strict=True):
        assert shown[place] == pytest.approx(row[1 + place], rel=1e-5)
    assert payload["best"]["run"] == SWEEP.best[0]
    curve = payload["curve"]
    assert len(curve["seconds"]) == len(curve["equity"]) == len(curve["benchmark"]) == 120
    assert min(curve["drawdown"]) == pytest.approx(SWEEP.cell(SWEEP.best, "max_drawdown"), rel=1e-5)


def test_the_assumptions_are_in_words() -> None:
    text = " ".join(Page(render(SWEEP)).text.split())
    for words in (
        "fills at the next bar's open",
        "10 basis points of a fill's value",
        "Adjusted for splits and dividends",
        "AAA 2000-01-01 to 2000-04-29, 120 bars of 1Day from a seeded random walk",
        "16 runs: 8 of 9 combinations of parameters on 2 markets.",
        "Left out, as they break the rule fast below slow: 1.",
        "the luckiest of 16 tries",
        f"plan sha256 {SWEEP.plan.sha256}",
        "bars version 0",
    ):
        assert words in text


def test_a_single_run_is_not_called_lucky() -> None:
    single = finished_sweep(some_spec(symbols=("AAA",), parameters={}))
    text = Page(render(single)).text
    assert "The run: AAA" in text
    assert "luckiest" not in text


def test_the_same_sweep_gives_the_same_bytes() -> None:
    assert render(SWEEP) == render(finished_sweep())


def test_a_long_curve_is_thinned_without_hiding_its_deepest_fall() -> None:
    equity = [100.0] * 20_001
    equity[12_345] = 40.0
    times = [bar * 60_000_000_000 for bar in range(len(equity))]
    curve = Page(render(replace(SWEEP, curve=Curve(times, equity, equity)))).payload["curve"]
    assert len(curve["seconds"]) <= 4000
    assert curve["seconds"][-1] == times[-1] // 1_000_000_000
    assert min(curve["drawdown"]) == -0.6
    assert len(curve["drawdown"]) == len(curve["seconds"])


@pytest.mark.skipif(not (PROJECT / "node_modules/uplot").exists(), reason="npm ci was not run")
@pytest.mark.parametrize("name", ["dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE"])
def test_the_vendored_chart_library_is_that_of_npm(name: str) -> None:
    vendored = HERE / "vendor" / Path(name).name
    assert vendored.read_bytes() == (PROJECT / "node_modules/uplot" / name).read_bytes()


def in_node(expression: str, *scripts: str) -> Any:
    source = "\n".join((HERE / script).read_text() for script in scripts)
    code = f"{source}\nprocess.stdout.write(JSON.stringify({expression}))"
    done = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")


@needs_node
@pytest.mark.parametrize(
    ("descending", "order"), [("true", [2, 0, 4, 1, 3]), ("false", [1, 0, 4, 2, 3])]
)
def test_undefined_figures_sort_last_either_way(descending: str, order: list[int]) -> None:
    expression = f"ordered(5, (i) => [2, 1, 3, null, 2][i], {descending})"
    assert in_node(expression, "ordering.js") == order


@needs_node
def test_the_map_collects_each_run_into_its_cell() -> None:
    payload = embeddable(Page(render(SWEEP)).payload)
    found = in_node(
        f"mapCells({payload}, {{x: 'fast', y: 'slow', metric: 'trades', symbol: 'BBB'}})",
        "format.js",
        "heatmap.js",
    )
    assert (found["across"], found["down"]) == (["4", "8", "12"], ["12", "16", "24"])
    trades = {
        SWEEP.plan.run(number).values[:2]: [SWEEP.cell(SWEEP.rows[number - 1], "trades")]
        for number in range(9, 17)
    }
    for r, slow in enumerate((12, 16, 24)):
        for c, fast in enumerate((4, 8, 12)):
            assert found["cells"][r][c] == trades.get((fast, slow), [])


@needs_node
def test_a_long_axis_is_parted_into_groups_of_neighbours() -> None:
    found = in_node(
        "groupsOf(Array.from({length: 100}, (_, i) => 100 - i)).names", "format.js", "heatmap.js"
    )
    assert (found[0], found[-1], len(found)) == ("1–3", "100", 34)


@needs_node
def test_ink_on_any_colour_of_the_map_can_be_read() -> None:
    scripts = ("format.js", "colours.js")
    assert in_node("[inkOn([255, 255, 255]), inkOn([11, 92, 192])]", *scripts) == ["#000", "#fff"]

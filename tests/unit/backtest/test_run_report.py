from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from algotrendy.backtest.data.columns import columns
from algotrendy.backtest.engine.running import run
from algotrendy.backtest.report.run import render_run
from algotrendy.backtest.report.run.fan import SHARES, fan_of
from algotrendy.backtest.report.run.thinning import candles, kept_rows
from algotrendy.backtest.statistics.summary import summarise
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.library.buy_and_hold import BUY_AND_HOLD
from fakes.run_reports import TERMS, many_trades, no_trades, two_assets

HERE = Path(str(files("algotrendy.backtest.report")))
MANY, NONE, TWO = many_trades(), no_trades(), two_assets()


class Page(HTMLParser):
    """Collects tags, tables, texts and the data of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self._inside = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
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
            if self._inside in ("td", "th"):
                self.rows[-1][-1] += data

    @property
    def payload(self) -> Any:
        return json.loads(self.scripts[0])

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


@pytest.fixture(scope="module")
def many() -> Page:
    return Page(render_run(MANY, trials=25))


@pytest.mark.parametrize("backtest", [MANY, NONE, TWO], ids=["many", "none", "two"])
def test_a_report_loads_nothing_from_anywhere(backtest: Any) -> None:
    page = Page(render_run(backtest, scenarios=False))
    links = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in {"src", "href", "srcset", "data", "action", "poster"}
    ]
    ids = {f"#{attributes['id']}" for _, attributes in page.tags if "id" in attributes}
    assert links
    assert set(links) <= ids
    assert not {"link", "iframe", "object", "embed", "img"} & {tag for tag, _ in page.tags}
    assert not re.search(r"@import|url\(|https?:", "".join(page.styles))
    own = "".join(script.read_text() for script in (HERE / "run").glob("*.js"))
    assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|import\(|sendBeacon|innerHTML", own)
    [policy] = [
        attributes["content"] or ""
        for _, attributes in page.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy


def test_hostile_words_stay_words_in_the_report_of_a_run() -> None:
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u2028"
    strategy = replace(MANY.setting.strategy, name=hostile, summary=hostile, source=hostile)
    setting = replace(MANY.setting, strategy=strategy)
    found = replace(MANY, setting=setting, why_interpreted=hostile)
    page = Page(render_run(found, title=hostile, scenarios=False))
    assert [tag for tag, _ in page.tags].count("script") == 3
    assert "img" not in {tag for tag, _ in page.tags}
    assert page.text.count(hostile) >= 4
    assert page.payload["names"]["run"] == hostile


def test_the_same_run_gives_the_same_report_to_the_byte() -> None:
    assert render_run(MANY, trials=9) == render_run(many_trades(), trials=9)


def test_scenarios_in_the_report_equal_runs_of_their_own(many: Page) -> None:
    rows = {row[0]: row[1:] for row in many.rows if len(row) == 4}
    scenarios = (TERMS.optimistic(), TERMS, TERMS.harsh())
    settings = (replace(MANY.setting, terms=terms) for terms in scenarios)
    made = [summarise(run(setting, "interpreted")) for setting in settings]
    assert rows["Final equity"] == [f"{found.final_equity:,.0f}" for found in made]
    assert rows["Fees"] == [f"{found.fees:,.0f}" for found in made]
    returns = [f"{found.total_return:,.1%}".replace("-", "−") for found in made]
    assert rows["Total return"] == returns
    assert len(set(rows["Final equity"])) == 3
    assert rows["Terms: slippage bps"] == ["0", "2", "10"]


def test_a_report_without_scenarios_says_so() -> None:
    assert "was not made again" in Page(render_run(MANY, scenarios=False)).words


def test_the_benchmark_of_a_report_is_buy_and_hold_on_the_same_terms(many: Page) -> None:
    setting = replace(MANY.setting, strategy=BUY_AND_HOLD, values={})
    held = run(setting, "interpreted")
    assert many.payload["curve"]["benchmark"] == pytest.approx(held.equity.tolist(), rel=1e-7)
    assert many.payload["names"]["benchmark"] == "Buy and hold AAA"


def test_a_report_compares_with_another_run_or_with_prices() -> None:
    other = run(replace(MANY.setting, terms=TERMS.harsh()), "interpreted")
    payload = Page(render_run(MANY, benchmark=other, scenarios=False)).payload
    assert payload["curve"]["benchmark"] == pytest.approx(other.equity.tolist(), rel=1e-7)
    prices = np.linspace(10.0, 20.0, len(MANY.time))
    payload = Page(render_run(MANY, benchmark=prices, scenarios=False)).payload
    assert payload["curve"]["benchmark"][0] == TERMS.cash
    assert payload["curve"]["benchmark"][-1] == 2 * TERMS.cash
    with pytest.raises(Invalid, match="benchmark must be of 900 steps"):
        render_run(MANY, benchmark=prices[:-1])


def test_all_fills_and_trades_are_in_the_report(many: Page) -> None:
    [asset] = many.payload["assets"]
    marks = asset["marks"]
    assert asset["each"] == 1
    assert sum(mark[2] for mark in marks) == len(MANY.fills)
    first = MANY.fills[0]
    place = int(first["step"])
    assert marks[0] == [
        place,
        1,
        1,
        first["units"],
        pytest.approx(first["price"], rel=1e-7),
        pytest.approx(first["fee"], rel=1e-7),
    ]
    assert asset["open"][place] <= marks[0][4]
    trades = many.payload["trades"]
    assert trades["all"] == len(MANY.trades) + len(MANY.open_trades)
    closed = [p for p, still in zip(trades["profit"], trades["open"], strict=True) if not still]
    assert closed == pytest.approx([trade.pnl for trade in MANY.trades], rel=1e-6)


def test_several_assets_have_a_chart_each() -> None:
    payload = Page(render_run(TWO, scenarios=False)).payload
    assert [asset["symbol"] for asset in payload["assets"]] == ["AAA", "BBB"]
    assert set(payload["trades"]["asset"]) == {"AAA", "BBB"}
    assert {mark[1] for mark in payload["assets"][1]["marks"]} == {1, -1}


def test_the_costs_in_a_report_add_up_to_the_profit() -> None:
    page = Page(render_run(TWO, scenarios=False))
    rows = {row[0]: row[1:] for row in page.rows if len(row) == 3}
    amounts = {
        label: float(cells[0].replace(",", "").replace("−", "-"))
        for label, cells in rows.items()
        if label.startswith(("Profit", "Fees", "Slippage", "Borrowed", "Interest", "Dividends"))
    }
    profit = amounts.pop("Profit")
    assert len(amounts) == 6
    assert sum(amounts.values()) == pytest.approx(profit, abs=4.0)
    assert amounts["Borrowed shares"] < 0 < amounts["Interest earned less paid"]
    assert profit == round(float(TWO.equity[-1]) - TWO.setting.terms.cash)


def test_a_run_without_trades_has_a_report_too() -> None:
    page = Page(render_run(NONE))
    assert "There is no closed trade" in page.words
    assert "The equity never fell below a peak." in page.words
    payload = page.payload
    assert payload["trades"]["profit"] == []
    assert payload["fan"] is payload["histogram"] is payload["rolling"] is None


@pytest.mark.parametrize("bars", [1, 2, 3, 25])
def test_a_short_run_has_a_report_too(bars: int) -> None:
    page = Page(render_run(many_trades(bars)))
    assert len(page.payload["curve"]["seconds"]) == bars


def test_a_long_curve_keeps_the_extremes_of_every_stretch() -> None:
    random = np.random.Generator(np.random.PCG64(5))
    first, second = (np.cumsum(random.normal(size=1_000_000)) for _ in range(2))
    first[123_457], second[765_431] = -9e9, 9e9
    rows = kept_rows([first, second], 4_000)
    assert len(rows) <= 4_000
    assert (np.diff(rows) > 0).all()
    assert {0, 123_457, 765_431, 999_999} <= set(rows.tolist())
    assert first[rows].max() == first.max()
    assert second[rows].min() == second.min()


def test_a_short_curve_is_kept_whole_and_gaps_count_for_nothing() -> None:
    assert kept_rows([np.arange(5.0)], 5).tolist() == [0, 1, 2, 3, 4]
    holed = np.full(1_000, np.nan)
    holed[700], holed[701] = 1.0, -1.0
    assert {0, 700, 701, 999} <= set(kept_rows([holed], 20).tolist())


def test_candles_put_bars_together_as_a_coarser_bar_would() -> None:
    count = 7
    prices = np.array([10.0, 12.0, 9.0, 11.0, 15.0, 14.0, 13.0])
    bars = columns(
        {
            "time": np.arange(count),
            "open": prices,
            "high": prices + 2,
            "low": prices - 2,
            "close": prices + 1,
        },
        known=np.arange(1, count + 1),
    )
    drawn = candles(bars, 3)
    assert drawn.each == 3
    assert drawn.time.tolist() == [0, 3, 6]
    assert drawn.open.tolist() == [10.0, 11.0, 13.0]
    assert drawn.high.tolist() == [14.0, 17.0, 15.0]
    assert drawn.low.tolist() == [7.0, 9.0, 11.0]
    assert drawn.close.tolist() == [10.0, 15.0, 14.0]


def test_a_million_bars_make_a_page_of_three_megabytes_at_most() -> None:
    steps = 1_000_000
    random = np.random.Generator(np.random.PCG64(1))
    equity = 1e5 * np.exp(np.cumsum(random.normal(0.0, 1e-4, steps)))
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 3e-4, steps)))
    time = np.arange(steps, dtype=np.int64) * 60_000_000_000
    bars = columns(
        {"time": time, "open": close, "high": close, "low": close, "close": close},
        known=time + 60_000_000_000,
    )
    dataset = MANY.setting.dataset
    asset = replace(dataset.assets[0], base=bars, timeframes=("1Min",))
    setting = replace(MANY.setting, dataset=replace(dataset, assets=(asset,), timeline=bars.known))
    flat = np.zeros(steps)
    raw = replace(MANY.raw, equity=equity, cash=equity, exposure=flat)
    long = replace(MANY, setting=setting, raw=raw)
    page = render_run(long, scenarios=False, benchmark=close)
    assert len(page) < 3_000_000
    assert min(Page(page).payload["curve"]["drawdown"]) == pytest.approx(
        (equity / np.maximum.accumulate(equity)).min() - 1.0, rel=1e-6
    )


def test_a_fan_spreads_around_what_the_trades_expect() -> None:
    profits = np.array([100.0, -50.0] * 100)
    fan = fan_of(profits, 10_000.0, seed=3)
    assert fan is not None
    assert fan.actual[-1] == 10_000.0 + profits.sum()
    assert (np.diff(fan.quantiles, axis=0) >= 0.0).all()
    assert fan.quantiles[SHARES.index(0.5), -1] == pytest.approx(15_000.0, rel=0.02)
    assert (fan.quantiles[:, 0] == 10_000.0).all()
    again = fan_of(profits, 10_000.0, seed=3)
    assert again is not None
    assert (again.quantiles == fan.quantiles).all()
    assert fan_of(profits[:1], 10_000.0, seed=3) is None

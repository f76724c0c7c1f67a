"""The report of one run in a real browser: it draws, sorts, and asks nothing of the network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.report.run import render_run
from fakes.run_reports import many_trades, no_trades, two_assets

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

CHARTS = (
    "equity",
    "drawdown",
    "exposure",
    "rolling-sharpe",
    "rolling-volatility",
    "prices",
    "scatter",
    "fan",
)
# Counts the pixels in the colour of lines, candles and dots: axes and grids have others.
INKED = """(id) => {
  const canvas = document.querySelector(`#${id} canvas`);
  const hex = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
  const ink = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let count = 0;
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] > 200 && ink.every((v, k) => Math.abs(data[i + k] - v) < 16)) count += 1;
  return count;
}"""
ENOUGH = 20


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def opened(browser: Browser, folder: Path, backtest: Backtest, width: int, scheme: str) -> Page:
    file = folder / "run.html"
    file.write_bytes(render_run(backtest, trials=20))
    page = browser.new_page(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda asked: said.append(asked.url))
    page.goto(file.as_uri())
    page.wait_for_selector("#equity canvas")
    page.wait_for_selector("#prices canvas")
    assert said == [file.as_uri()]
    return page


@pytest.fixture(scope="module", params=[(1280, "light"), (390, "dark")], ids=["desk", "phone"])
def page(
    request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Page:
    width, scheme = request.param
    return opened(browser, tmp_path_factory.mktemp("many"), many_trades(), width, scheme)


@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_of_a_run_is_drawn(page: Page, chart: str) -> None:
    assert page.evaluate(INKED, chart) > ENOUGH


def test_bars_months_and_trades_of_a_run_are_drawn(page: Page) -> None:
    assert page.locator("#months tbody tr").count() == 3
    assert page.locator("#years svg rect").count() == 6
    assert page.locator("#histogram svg rect").count() >= 10
    assert page.locator("#table tbody tr").count() == 25


@pytest.mark.parametrize("chosen", [no_trades, two_assets])
@pytest.mark.parametrize("width", [1280, 390])
def test_other_runs_are_drawn_without_a_complaint(
    browser: Browser, tmp_path: Path, chosen: type, width: int
) -> None:
    page = opened(browser, tmp_path, chosen(), width, "light")
    assert page.evaluate(INKED, "prices") > ENOUGH
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


def test_the_report_of_a_run_is_no_wider_than_the_screen(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_trades_are_sorted_by_a_click_and_turned_by_a_second(page: Page) -> None:
    profits = page.locator("#table tbody tr td:nth-child(9)")

    def shown() -> list[float]:
        return [
            float(text.replace(",", "").replace("−", "-")) for text in profits.all_inner_texts()
        ]

    heading = page.get_by_role("button", name="Profit", exact=True)
    heading.click()
    assert shown() == sorted(shown(), reverse=True)
    heading.click()
    assert shown() == sorted(shown())
    assert page.locator("#table th[aria-sort=ascending]").inner_text().startswith("Profit")


def test_prices_and_fills_are_read_out_under_the_pointer(page: Page) -> None:
    page.locator("#prices").scroll_into_view_if_needed()
    box = page.locator("#prices .u-over").bounding_box()
    assert box is not None
    said = set()
    for step in range(60):
        page.mouse.move(box["x"] + box["width"] * step / 60, box["y"] + box["height"] / 2)
        said.add(page.locator("#prices-readout").inner_text())
    assert any("open" in words and "close" in words for words in said)
    assert any("bought" in words or "sold" in words for words in said)


def test_a_definition_is_shown_to_who_asks(page: Page) -> None:
    term = page.locator("#groups dt", has_text="Calmar ratio")
    definition = term.locator(".definition")
    page.locator("h1").click()
    assert not definition.is_visible()
    term.focus()
    assert definition.is_visible()
    page.locator("#explain").check()
    assert page.locator("#groups .definition:visible").count() > 60
    page.locator("#explain").uncheck()


def test_a_logarithm_and_other_colours_draw_the_charts_again(page: Page) -> None:
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#log").click()
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    assert page.locator("canvas").count() == len(CHARTS)
    assert page.evaluate(INKED, "equity") > ENOUGH
    page.locator("#theme").click()
    page.locator("#log").click()

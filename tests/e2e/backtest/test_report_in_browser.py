"""The report in a real browser: it draws, sorts, and asks nothing of the network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from algotrendy.backtest.report import render
from fakes.finished_sweep import finished_sweep

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module", params=[(1280, "light"), (390, "dark")], ids=["desk", "phone"])
def page(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    file: Path = tmp_path_factory.mktemp("report") / "report.html"
    file.write_bytes(render(finished_sweep()))
    width, scheme = request.param
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        said: list[str] = []
        opened.on("console", lambda message: said.append(message.text))
        opened.on("pageerror", lambda error: said.append(str(error)))
        opened.on("request", lambda asked: said.append(asked.url))
        opened.goto(file.as_uri())
        opened.wait_for_selector("#equity canvas")
        assert said == [file.as_uri()]
        yield opened
        browser.close()


def test_charts_map_and_table_are_drawn(page: Page) -> None:
    assert page.locator("canvas").count() == 2
    assert page.locator("#map td").count() == 9
    assert page.locator("#map td.none").count() == 1
    assert page.locator("#table tbody tr").count() == 16
    assert page.locator("#spread svg rect").count() >= 12


def test_the_page_is_no_wider_than_the_screen(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_click_on_a_heading_sorts_and_a_second_turns_it_round(page: Page) -> None:
    heading = page.get_by_role("button", name="Run", exact=True)
    first = page.locator("#table tbody tr td").first
    heading.click()
    assert first.inner_text() == "1"
    heading.click()
    assert first.inner_text() == "16"
    sorted_by = page.locator("#table th[aria-sort=descending]")
    assert sorted_by.inner_text().startswith("Run")


def test_the_map_is_walked_with_the_arrow_keys_and_read_out(page: Page) -> None:
    page.locator("#map td[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#map-readout").inner_text().startswith("fast 8, slow 12: Sharpe")


def test_colours_change_and_the_charts_are_drawn_again(page: Page) -> None:
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    assert page.locator("canvas").count() == 2
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == before

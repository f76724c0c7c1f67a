"""The API's page in a real browser: sign in there, and call a route."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from fixtures.platform import Platform

pytestmark = pytest.mark.platform

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


def test_a_person_signs_in_on_the_page_and_calls_a_route(
    platform: Platform, browser: Browser
) -> None:
    complaints: list[str] = []
    strangers: list[str] = []
    page = browser.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on(
        "request",
        lambda asked: None if "127.0.0.1" in asked.url else strangers.append(asked.url),
    )
    page.goto(f"{platform.api_url}/docs")
    page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".modal-ux")
    tokens = dialog.locator("form").filter(has_text="bearer (http, Bearer)")
    tokens.locator("input").fill(platform.token("ada"))
    tokens.get_by_role("button", name="Apply credentials").click()
    dialog.get_by_role("button", name="Close").first.click()
    page.locator("#operations-market_data-list_symbols").click()
    page.get_by_role("button", name="Execute").click()
    answer = page.locator(".live-responses-table .response")
    expect(answer).to_contain_text("200", timeout=20_000)
    expect(answer).to_contain_text("AAPL")
    assert [url for url in strangers if not url.startswith("data:")] == []
    assert complaints == []

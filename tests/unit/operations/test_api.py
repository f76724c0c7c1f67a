"""The page that shows the API, and the document behind it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

from algotrendy.operations import api
from algotrendy.operations.openapi import merged, whole_api
from algotrendy.platform.http import create_app
from fakes.app_client import AppClient

ROOT = Path(__file__).parents[3]
VENDORED = ROOT / "shared/algotrendy/operations/swagger_ui"


@pytest.fixture(scope="module")
def client() -> AppClient:
    return AppClient(api.create_api())


def test_the_page_loads_its_own_files_and_no_others(client: AppClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text.replace("http-equiv", "").split("SwaggerUIBundle(")[0]
    assert "default-src 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"])
def test_the_assets_are_those_of_npm(client: AppClient, name: str) -> None:
    served = client.get(f"/docs/{name}")
    assert served.content == (VENDORED / name).read_bytes()
    package = ROOT / "node_modules/swagger-ui-dist" / name
    if not package.is_file():
        pytest.skip("node_modules is not there to compare with")
    assert package.read_bytes() == served.content


@pytest.mark.parametrize("name", ["LICENSE", "secrets.js", "..%2Fapi.py"])
def test_nothing_else_is_served(client: AppClient, name: str) -> None:
    assert client.get(f"/docs/{name}").status_code == 404


def test_the_document_describes_every_capability(client: AppClient) -> None:
    described = client.get("/openapi.json").json()
    assert described == whole_api()
    tags = {
        tag for path in described["paths"].values() for way in path.values() for tag in way["tags"]
    }
    assert tags >= {"market_data", "backtest", "trading"}


def test_every_route_but_the_probes_asks_for_a_token() -> None:
    for path, ways in whole_api()["paths"].items():
        for described in ways.values():
            is_public = path.endswith(("/health", "/ready"))
            assert (described.get("security") == []) is is_public, path


def test_two_apps_with_one_path_are_refused() -> None:
    def app(answer: str) -> FastAPI:
        made = create_app("One", "one")
        made.get("/same", description=answer)(lambda: answer)
        return made

    with pytest.raises(ValueError, match="/same"):
        merged([app("one"), app("two")])

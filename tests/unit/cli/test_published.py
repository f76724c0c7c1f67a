"""What docs/ publishes is what the code says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from algotrendy.cli import published
from algotrendy.cli.published import broken, main, outdated, product_events

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return published.published()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder for documents that has a folder above it, where the client goes."""
    made = tmp_path / "docs"
    made.mkdir()
    return made


@pytest.fixture(autouse=True)
def _worked_out_once(texts: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "published", lambda: texts)


def test_the_published_documents_are_current() -> None:
    assert product_events()
    assert outdated(DOCS) == [], "run: make published"


def test_the_published_api_breaks_no_client_but_as_declared() -> None:
    assert (DOCS / published.RELEASED).is_file()
    assert broken(DOCS) == [], "declare it in docs/api-changes.toml, with its reason"


def test_a_route_that_was_promised_and_is_gone_fails_until_it_is_declared(
    folder: Path, texts: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder)]) == 0
    promised = json.loads(texts["openapi.json"])
    promised["paths"]["/v1/gone"] = {"get": {"operationId": "get_gone", "responses": {}}}
    (folder / published.RELEASED).write_text(json.dumps(promised))
    assert main(["--check", str(folder)]) == 1
    assert "route-removed: GET /v1/gone" in capsys.readouterr().err
    reason = "Nobody has asked for it in a year."
    declared = f'# Why\n[[change]]\nkind="route-removed"\nwhere="GET /v1/gone"\nreason="{reason}"\n'
    (folder / published.DECLARED).write_text(declared)
    assert main(["--check", str(folder)]) == 0
    assert main(["--release", str(folder)]) == 0
    assert (folder / published.DECLARED).read_text() == "# Why"
    assert main(["--check", str(folder)]) == 0
    (folder / published.DECLARED).write_text(declared)
    assert main(["--check", str(folder)]) == 1
    assert "declared, and not so" in capsys.readouterr().err


def test_the_check_names_a_file_that_was_edited_and_one_that_stands_for_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder)]) == 0
    assert main(["--check", str(folder)]) == 0
    (folder / "openapi.json").write_text("{}")
    (folder / "events" / "Gone.v1.json").write_text("{}")
    (folder / published.CLIENT / "models.py").write_text("# edited by hand")
    assert main(["--check", str(folder)]) == 1
    assert "client/models.py, events/Gone.v1.json, openapi.json" in capsys.readouterr().err
    assert main([str(folder)]) == 0
    assert outdated(folder) == []

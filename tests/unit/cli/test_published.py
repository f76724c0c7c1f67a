"""What docs/ publishes is what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from algotrendy.cli import published
from algotrendy.cli.published import main, outdated, product_events

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return published.published()


@pytest.fixture(autouse=True)
def _worked_out_once(texts: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "published", lambda: texts)


def test_the_published_documents_are_current() -> None:
    assert product_events()
    assert outdated(DOCS) == [], "run: make published"


def test_the_check_names_a_file_that_was_edited_and_one_that_stands_for_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    (tmp_path / "openapi.json").write_text("{}")
    (tmp_path / "events" / "Gone.v1.json").write_text("{}")
    assert main(["--check", str(tmp_path)]) == 1
    assert "events/Gone.v1.json, openapi.json" in capsys.readouterr().err
    assert main([str(tmp_path)]) == 0
    assert outdated(tmp_path) == []

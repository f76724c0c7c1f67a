"""The schemas in docs/events are what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest
from algotrendy.cli.events import main, outdated, product_events

ROOT = Path(__file__).parents[3]


def test_the_published_schemas_of_the_events_are_current() -> None:
    assert product_events()
    assert outdated(ROOT / "docs" / "events") == [], "run: python -m algotrendy.cli.events"


def test_the_check_names_a_schema_that_was_edited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    edited = min(tmp_path.glob("*.json"))
    edited.write_text("{}")
    assert main(["--check", str(tmp_path)]) == 1
    assert edited.name in capsys.readouterr().err

"""`algotrendy status page | incident | maintenance`, straight on what the page is kept in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from algotrendy.cli.status import app
from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from algotrendy.platform.settings import reset_settings

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("ALGOTRENDY_STATUS_URL", tmp_path.as_uri())
    monkeypatch.setenv("COLUMNS", "200")
    reset_settings()

    def invoke(*arguments: str) -> Result:
        done = CliRunner().invoke(app, arguments)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return invoke


def opened(run: Run, *more: str) -> str:
    done = run("incident", "open", "Fills are late", "-c", "execution", "-t", "We look.", *more)
    assert done.exit_code == 0, done.output
    return done.output.split()[0]


def test_an_incident_from_its_opening_to_its_end(run: Run) -> None:
    identity = opened(run, "--impact", "outage")
    assert opened(run) == identity, "the same is not opened twice"
    told = run("incident", "update", identity, "-t", "A broker.", "--stage", "monitoring")
    assert "monitoring" in told.output
    assert "Outage: Execution" in run("page").output
    assert identity in run("incident", "list").output
    run("incident", "resolve", identity, "-t", "It is quick again.")
    assert "no open incidents" in run("incident", "list").output
    (incident,) = json.loads(run("incident", "list", "--all", "--json").output)
    assert (incident["impact"], incident["stage"]) == ("outage", "resolved")
    assert [update["text"] for update in incident["updates"]] == [
        "It is quick again.",
        "A broker.",
        "We look.",
    ]
    with pytest.raises(Conflict, match="open another one"):
        run("incident", "update", identity, "-t", "Or not.")


def test_maintenance_is_planned_shown_and_ended(run: Run) -> None:
    done = run("maintenance", "plan", "Disks", "-c", "api", "-t", "Away.", "--minutes", "30")
    assert done.exit_code == 0, done.output
    identity = done.output.split()[0]
    assert "Maintenance is under way" in run("page").output
    run("maintenance", "end", identity)
    assert "Maintenance is under way" not in run("page").output


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("incident", "open", "x", "-c", "moon", "-t", "y"), "component"),
        (("incident", "open", "x", "-c", "api", "-t", "y", "--impact", "huge"), "impact"),
        (("incident", "open", "x", "-c", "api", "-t", "y", "--impact", "maintenance"), "impact"),
        (("incident", "open", " ", "-c", "api", "-t", "y"), "title"),
        (("incident", "update", "x", "-t", "y"), "incident"),
        (("maintenance", "plan", "x", "-c", "api", "-t", "y", "--start", "soon"), "start"),
        (
            ("maintenance", "plan", "x", "-c", "api", "-t", "y", "--start", "2020-01-01T00:00Z"),
            "start",
        ),
        (("maintenance", "end", "x"), "maintenance"),
    ],
)
def test_what_cannot_be_right_is_named(run: Run, arguments: tuple[str, ...], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        run(*arguments)
    assert refused.value.field == field


def test_an_update_cannot_resolve_and_needs_an_incident(run: Run) -> None:
    identity = opened(run)
    with pytest.raises(Invalid, match="investigating"):
        run("incident", "update", identity, "-t", "x", "--stage", "resolved")
    with pytest.raises(NotFound, match="list --all"):
        run("incident", "resolve", "01890a5d-ac96-774b-bcce-b302099a8057", "-t", "x")


def test_without_a_place_it_says_how_to_get_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALGOTRENDY_STATUS_URL")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    reset_settings()
    with pytest.raises(Unavailable, match="ALGOTRENDY_STATUS_URL"):
        run("page")


def test_the_page_is_told_to_programs(run: Run) -> None:
    opened(run)
    told = json.loads(run("page", "--json").output)
    assert told["state"] == "degraded"

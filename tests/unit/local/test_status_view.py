import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console, RenderableType

from algotrendy.cli.platform_view import PlainProgress, progress_view, status_view, uptime
from algotrendy.local.processes import ProcessIdentity
from algotrendy.local.status import (
    PartState,
    PartStatus,
    Phase,
    PlatformStatus,
    StepState,
    StepStatus,
)

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
READY = PlatformStatus(
    phase=Phase.READY,
    supervisor=ProcessIdentity(10, 5.0),
    updated=NOW.timestamp(),
    handled=("a",),
    fingerprint="0123456789abcdef",
    parts=(
        PartStatus("postgres", PartState.RUNNING, 11, None, "postgresql://x", NOW.timestamp() - 59),
        PartStatus("emulator", PartState.RUNNING, 12, 4566, "http://127.0.0.1:4566", restarts=3),
    ),
    steps=(
        StepStatus("synthesise the stacks", StepState.SKIPPED, 0.1, "nothing has changed"),
        StepStatus("deploy 2 stacks", StepState.DONE, 12.34),
    ),
    urls={"api": "http://127.0.0.1:4566/api"},
)


def shown(view: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=120, color_system=None)
    console.print(view)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_status_shows_each_part_and_what_is_deployed() -> None:
    text = shown(status_view(READY, NOW))
    postgres, emulator = text.splitlines()[2:4]
    assert postgres.split() == ["postgres", "running", "11", "-", "59", "s", "0"]
    assert emulator.split()[:6] == ["emulator", "running", "12", "4566", "-", "3"]
    assert "platform ready" in text
    assert "0123456789abcdef" in text
    assert "api       http://127.0.0.1:4566/api" in text
    assert "postgres  postgresql://x" in text


def test_a_failure_shows_its_reason() -> None:
    failed = PlatformStatus(Phase.FAILED, ProcessIdentity(1, 1.0), 0.0, message="port is taken")
    assert "port is taken" in shown(status_view(failed, NOW))


def test_brackets_in_a_message_are_shown_as_they_are() -> None:
    part = PartStatus("valkey", PartState.FAILED, message="said [bold]no[/bold]")
    failed = PlatformStatus(Phase.FAILED, ProcessIdentity(1, 1.0), 0.0, parts=(part,))
    assert "said [bold]no[/bold]" in shown(status_view(failed, NOW))
    assert "said [bold]no[/bold]" in shown(progress_view(failed, NOW))


def test_the_progress_has_a_line_for_each_part_and_step() -> None:
    lines = shown(progress_view(READY, NOW)).splitlines()
    assert [line.split()[1] for line in lines] == ["postgres", "emulator", "synthesise", "deploy"]


def test_without_a_terminal_each_change_is_one_line() -> None:
    lines: list[str] = []
    progress = PlainProgress(lines.append)
    progress.show(READY)
    progress.show(READY)
    assert lines == [
        "postgres: running",
        "emulator: running",
        "synthesise the stacks: skipped in 0.1 s: nothing has changed",
        "deploy 2 stacks: done in 12.3 s",
        "platform: ready",
    ]


def test_the_status_survives_json() -> None:
    assert PlatformStatus.from_json(json.loads(json.dumps(READY.as_json()))) == READY


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=119), "119 s"),
        (timedelta(seconds=120), "2 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=3), "3 d"),
        (timedelta(seconds=-1), "0 s"),
    ],
)
def test_uptime_is_told_in_one_unit(age: timedelta, text: str) -> None:
    assert uptime((NOW - age).timestamp(), NOW) == text


def test_a_part_that_is_down_has_no_uptime() -> None:
    assert uptime(None, NOW) == "-"

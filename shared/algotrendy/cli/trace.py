"""`algotrendy trace ID`: the whole way of one request or order, with times."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Invalid

if TYPE_CHECKING:
    from algotrendy.operations.traces.finding import Runs
    from algotrendy.operations.traces.lines import Line, Log
    from algotrendy.operations.traces.tree import Story

_NARROWEST = 100


def trace(
    key: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="A correlation id, or the id of an order, an execution or a trace."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it into a file as well.")
    ] = None,
    since: Annotated[
        str, typer.Option(help="How far back to look where the id does not tell: 90m, 24h, 7d.")
    ] = "24h",
    wide: Annotated[
        bool, typer.Option("--wide", help="Cut no line, however wide the terminal is.")
    ] = False,
) -> None:
    """Show every hop of a request or an order, from the POST to the fill, with its times.

    Each row is a span: when it began, how long it took, what it is and where. The gateway, the
    handler and its transactions, the states of the workflow, waits in queues, the execution
    service, the broker's answers, fills and settling are one tree. What the log has not, such as
    of a platform before it was started anew, is not shown.
    """
    from algotrendy.operations.traces.drawing import drawn
    from algotrendy.operations.traces.text import told

    story = story_of_key(key, _span_of(since))
    if svg is not None:
        svg.write_text(drawn(story), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(story.as_json(), indent=2))
        return
    width = 10_000 if wide else max(_NARROWEST, shutil.get_terminal_size((140, 40)).columns)
    typer.echo(told(story, width))


def story_of_key(key: str, within: timedelta) -> Story:
    """Find all that is known of an id, and put it together.

    Raises:
        Invalid, NotFound, Unavailable: If it can be no id, is not known, or nothing can be read.
    """
    from algotrendy.operations.traces.finding import (
        checked_key,
        find_spans,
        since_of,
        with_workflows,
    )
    from algotrendy.operations.traces.tree import story_of

    wanted = checked_key(key)
    log, runs = _sources()
    spans = find_spans(log, wanted, since_of(wanted, SystemClock().now(), within))
    return story_of(wanted, with_workflows(spans, runs))


def lines_about(key: str, within: timedelta) -> list[Line]:
    """Find every line that names an id, or the trace to which it leads, by time."""
    from algotrendy.operations.traces.finding import checked_key, find_lines, since_of

    wanted = checked_key(key)
    log, _ = _sources()
    return find_lines(log, wanted, since_of(wanted, SystemClock().now(), within))


def _sources() -> tuple[Log, Runs]:
    """Give the logs and workflows of the platform that the settings name: local or deployed."""
    from algotrendy.platform.settings import settings

    stage = settings().stage
    if stage != "local":
        from algotrendy.operations import wiring

        return wiring.deployed_log(stage), wiring.deployed_runs()
    from algotrendy.local import control
    from algotrendy.local.home import current_home
    from algotrendy.local.log_lines import platform_log, platform_runs
    from algotrendy.operations.traces.finding import NoRuns

    home = current_home()
    found = control.live_status(home)
    emulator = next((p for p in found.parts if p.name == "emulator"), None) if found else None
    url = None if emulator is None else emulator.url
    return platform_log(home, url), NoRuns() if url is None else platform_runs(url)


def _span_of(text: str) -> timedelta:
    units = {"m": "minutes", "h": "hours", "d": "days"}
    number, unit = text[:-1], text[-1:]
    if unit in units and number.isdecimal() and 0 < int(number) <= 10_000:
        return timedelta(**{units[unit]: int(number)})
    raise Invalid("since", "a number of minutes, hours or days such as 90m, 24h or 7d", text)

"""Read all that a local platform wrote: its parts' log files, and its functions' logs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from algotrendy.local.account import account_client, answered
from algotrendy.local.home import Home
from algotrendy.operations.adapters.cloudwatch_lines import CloudWatchLines
from algotrendy.operations.adapters.workflow_runs import WorkflowRuns
from algotrendy.operations.traces.lines import Line, Log, fields_of, moment_of

_FUNCTIONS: Final = "/aws/lambda/algotrendy-local-"
_STAMPED: Final = re.compile(r"^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")


class PartLines:
    """Is a ``Log`` over the files of a home's parts, those that were rotated away too."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def lines(self, texts: Collection[str], since: datetime) -> Iterable[Line]:
        """Give the lines from a moment on in which any of some texts stands."""
        for file in sorted(self._home.logs.glob("*.log*")):
            yield from _matching(file, [text.encode() for text in texts], since)


class PlatformLines:
    """Is a ``Log`` over several."""

    def __init__(self, logs: Iterable[Log]) -> None:
        self._logs = tuple(logs)

    def lines(self, texts: Collection[str], since: datetime) -> Iterable[Line]:
        """Give the lines of all of them."""
        for log in self._logs:
            yield from log.lines(texts, since)


def platform_log(home: Home, emulator: str | None) -> Log:
    """Give all that a platform wrote.

    Args:
        emulator: Its address; None where it is not up, so that only the files can be read.
    """
    logs: list[Log] = [PartLines(home)]
    if emulator is not None:
        logs.append(CloudWatchLines(account_client("logs", emulator), [_FUNCTIONS], answered))
    return PlatformLines(logs)


def platform_runs(emulator: str) -> WorkflowRuns:
    """Give what the emulator's Step Functions remembers."""
    return WorkflowRuns(account_client("stepfunctions", emulator), answered)


def _matching(file: Path, texts: list[bytes], since: datetime) -> Iterator[Line]:
    source = file.name.partition(".")[0]
    with file.open("rb") as lines:
        for raw in lines:
            if any(text in raw for text in texts):
                text = raw.decode("utf-8", errors="replace").rstrip("\n")
                at = _moment(text)
                if at is None or at >= since:
                    yield Line(source, at or since, text)


def _moment(text: str) -> datetime | None:
    told = moment_of(fields_of(text))
    if told is not None:
        return told
    stamped = _STAMPED.match(text)
    if stamped is None:
        return None
    try:
        return datetime.fromisoformat(f"{stamped[1]}T{stamped[2]}").replace(tzinfo=UTC)
    except ValueError:
        return None

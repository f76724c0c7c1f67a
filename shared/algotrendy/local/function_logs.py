"""Read the logs of deployed Lambda functions through the CloudWatch Logs API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from algotrendy.kernel.errors import NotFound
from algotrendy.local.account import account_client, answered

_PREFIX = "/aws/lambda/"
_OVERLAP_MS = 2_000

_Event = tuple[str, int, str]


class FunctionLogs:
    """The log of one function, found by its name or a part of it."""

    def __init__(self, endpoint: str, name: str) -> None:
        self._client = account_client("logs", endpoint)
        self._group = self._find_group(name)
        self._seen: set[_Event] = set()
        self._newest_ms = 0

    def last(self, count: int) -> Iterator[str]:
        """The last lines, oldest first."""
        events = self._events(0)
        self._remember(events)
        for event in events[max(0, len(events) - count) :]:
            yield _line(event)

    def new(self) -> Iterator[str]:
        """What came since the last look."""
        # Workers' events arrive out of order: look back a little, leave out what was shown.
        events = [
            event
            for event in self._events(max(0, self._newest_ms - _OVERLAP_MS))
            if _key(event) not in self._seen
        ]
        self._remember(events)
        yield from (_line(event) for event in events)

    def _find_group(self, name: str) -> str:
        with answered():
            pages = self._client.get_paginator("describe_log_groups").paginate(
                logGroupNamePrefix=_PREFIX
            )
            groups = [str(group["logGroupName"]) for page in pages for group in page["logGroups"]]
        wanted = name.replace("_", "-")
        exact = [group for group in groups if group in (_PREFIX + name, _PREFIX + wanted)]
        matching = exact or [group for group in groups if wanted in group or name in group]
        if len(matching) == 1:
            return matching[0]
        candidates = matching or groups
        names = ", ".join(sorted(group.removeprefix(_PREFIX) for group in candidates))
        if matching:
            raise NotFound("function", name, f"several match, name one of {names}")
        raise NotFound("function", name, f"there are {names}" if names else "none has run yet")

    def _events(self, start_ms: int) -> list[dict[str, Any]]:
        with answered():
            pages = self._client.get_paginator("filter_log_events").paginate(
                logGroupName=self._group, startTime=start_ms
            )
            found = [event for page in pages for event in page["events"]]
        return sorted(found, key=lambda event: int(event["timestamp"]))

    def _remember(self, events: list[dict[str, Any]]) -> None:
        self._seen.update(_key(event) for event in events)
        self._newest_ms = max([self._newest_ms, *(int(event["timestamp"]) for event in events)])


def _key(event: dict[str, Any]) -> _Event:
    # The emulator gives its events no eventId.
    return str(event.get("logStreamName")), int(event["timestamp"]), str(event["message"])


def _line(event: dict[str, Any]) -> str:
    moment = datetime.fromtimestamp(int(event["timestamp"]) / 1000, UTC)
    return f"{moment:%H:%M:%S.%f}"[:-3] + f"  {str(event['message']).rstrip()}"

"""Read lines from CloudWatch Logs, of functions, services and workflows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Final

from algotrendy.operations.traces.lines import Line, fields_of, moment_of

# Groups are many, and each is asked for itself.
_AT_ONCE: Final = 8
_MS: Final = 1_000


class CloudWatchLines:
    """Is a ``Log`` over every group of some prefixes.

    Args:
        client: A boto3 client of CloudWatch Logs.
        prefixes: Of groups: ``/aws/lambda/algotrendy-prod-``. What follows names the source.
        translated: Turns boto3's errors into Unavailable, around each call.
    """

    def __init__(
        self,
        client: Any,
        prefixes: Sequence[str],
        translated: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._client = client
        self._prefixes = prefixes
        self._translated = translated

    def lines(self, texts: Collection[str], since: datetime) -> Iterable[Line]:
        """Give the lines from a moment on in which any of some texts stands."""
        asked = [
            (prefix, group, text)
            for prefix in self._prefixes
            for group in self._groups(prefix)
            for text in texts
        ]
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            work = [threads.submit(self._matching, *each, since) for each in asked]
            for found in work:
                yield from found.result()

    def _groups(self, prefix: str) -> list[str]:
        with self._translated():
            pages = self._client.get_paginator("describe_log_groups").paginate(
                logGroupNamePrefix=prefix
            )
            return [str(group["logGroupName"]) for page in pages for group in page["logGroups"]]

    def _matching(self, prefix: str, group: str, text: str, since: datetime) -> list[Line]:
        source = group.removeprefix(prefix)
        with self._translated():
            pages = self._client.get_paginator("filter_log_events").paginate(
                logGroupName=group,
                startTime=int(since.timestamp() * _MS),
                # A phrase, as it stands: ids have no quotes in them.
                filterPattern=f'"{text}"',
            )
            events = [event for page in pages for event in page["events"]]
        return [line for event in events for line in _lines(source, event, text)]


def _lines(source: str, event: dict[str, Any], text: str) -> Iterator[Line]:
    at = datetime.fromtimestamp(int(event["timestamp"]) / _MS, UTC)
    # The emulator hands several lines of one call in as one event.
    for line in str(event["message"]).splitlines():
        if text in line:
            # Where CloudWatch got it later than it was written.
            yield Line(source, moment_of(fields_of(line)) or at, line)

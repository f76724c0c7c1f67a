"""Read what a sweep on the deployed workflow used, off what the platform recorded of it.

Durations and memory are those of the functions' logs, transitions those of the histories of the
execution and of the executions of its map, requests of S3 those of the trail, which is on while
the sweep runs. The emulator keeps all three in the form in which AWS does.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

from algotrendy.backtest.prices import Usage
from fixtures.platform import Platform

WORKFLOW = "sweep_state_machine_arn"
FUNCTIONS = tuple(
    f"/aws/lambda/algotrendy-local-backtest-{name}"
    for name in ("plan-sweep", "run-shard", "reduce-sweep", "record-outcome")
)
"""The logs of what the workflow calls. The API that tells how far it is is not among them."""
REPORT = re.compile(r"Billed Duration: ([\d.]+) ms\s+Memory Size: (\d+) MB")
WRITES, READS, FREE = ("Put", "List", "Create"), ("Get", "Head"), ("Delete", "POST.s3")
"""How the trail's names of requests begin that S3 bills as a write, as a read, or not at all."""
TRAIL_EVENTS = 10_000
"""So many the emulator keeps; the older fall out."""


def gb_seconds(reports: Iterable[str]) -> tuple[int, float]:
    """Give how many invocations there were, and their time by their memory."""
    found = [match.groups() for report in reports if (match := REPORT.search(report))]
    return len(found), sum(float(ms) / 1000 * int(mb) / 1024 for ms, mb in found)


def transitions(events: Iterable[dict[str, Any]]) -> int:
    """Give the billed transitions of histories: each state, and a task again at each retry."""
    kinds = [event["type"] for event in events]
    others = [k for k in kinds if k.endswith("StateEntered") and k != "TaskStateEntered"]
    return len(others) + kinds.count("TaskScheduled")


def writes_and_reads(names: Iterable[str]) -> tuple[int, int]:
    """Give how many requests of S3 are billed as writes, lists among them, and how many as reads.

    Raises:
        ValueError: If one is neither.
    """
    writes = reads = 0
    for name in names:
        if name.startswith(WRITES):
            writes += 1
        elif name.startswith(READS):
            reads += 1
        elif not name.startswith(FREE):
            raise ValueError(f"{name} is a request of S3 without a price")
    return writes, reads


class Trail:
    """Knows the requests of S3 that were made while it was on."""

    def __init__(self, platform: Platform) -> None:
        # The last so far that no event is before.
        self._since = time.time()
        client = platform.aws("cloudtrail")
        self._endpoint = client.meta.endpoint_url
        key = client._request_signer._credentials.access_key
        self._scope = (
            f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/cloudtrail/aws4_request"
        )

    def switch(self, on: bool) -> None:
        """Begin to record, or end."""
        setting = {"cloudtrail._recording_enabled": str(on).lower()}
        self._post("/_ministack/config", setting, {})

    def requests(self) -> list[str]:
        """Give the names of all requests of S3.

        Raises:
            RuntimeError: If there were more than are kept.
        """
        found: dict[str, str] = {}
        until = time.time()
        # A page holds 50 at most and has no token: the next one ends where this one begins.
        while True:
            asked = {
                "LookupAttributes": [
                    {"AttributeKey": "EventSource", "AttributeValue": "s3.amazonaws.com"}
                ],
                "StartTime": self._since,
                "EndTime": until,
            }
            target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
            page = self._post("/", asked, {"X-Amz-Target": target})["Events"]
            new = {event["EventId"]: event["EventName"] for event in page} | found
            if len(new) == len(found):
                break
            found, until = new, min(event["EventTime"] for event in page)
        if len(found) >= TRAIL_EVENTS // 2:
            raise RuntimeError(f"{len(found)} requests: the trail may have lost some")
        return list(found.values())

    def _post(self, path: str, body: object, headers: dict[str, str]) -> Any:
        given = {"Content-Type": "application/x-amz-json-1.1", "Authorization": self._scope}
        data = json.dumps(body).encode()
        request = Request(self._endpoint.rstrip("/") + path, data, {**given, **headers})
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def recorded(platform: Platform) -> Iterator[Trail]:
    """Record requests while a sweep runs."""
    trail = Trail(platform)
    trail.switch(True)
    try:
        yield trail
    finally:
        trail.switch(False)


def used(platform: Platform, trail: Trail, sweep_id: str, since: float) -> Usage:
    """Give what a sweep used that alone ran since a time."""
    requests, gb_s = gb_seconds(_reports(platform, since))
    writes, reads = writes_and_reads(trail.requests())
    entered = transitions(_histories(platform, sweep_id))
    return Usage(gb_s, requests, entered, writes, reads)


def _reports(platform: Platform, since: float) -> Iterator[str]:
    pages = platform.aws("logs").get_paginator("filter_log_events")
    for group in FUNCTIONS:
        asked = {"logGroupName": group, "startTime": int(since * 1000), "filterPattern": "REPORT"}
        for page in pages.paginate(**asked):
            for event in page["events"]:
                yield event["message"]


def _histories(platform: Platform, sweep_id: str) -> Iterator[dict[str, Any]]:
    parameter = platform.aws("ssm").get_parameter(Name=f"/algotrendy/local/{WORKFLOW}")
    states = platform.aws("stepfunctions")
    executions = states.get_paginator("list_executions")
    histories = states.get_paginator("get_execution_history")

    def found(**where: str) -> list[str]:
        pages = executions.paginate(**where)
        return [each["executionArn"] for page in pages for each in page["executions"]]

    mine = [
        arn for arn in found(stateMachineArn=parameter["Parameter"]["Value"]) if sweep_id in arn
    ]
    maps = [
        run["mapRunArn"]
        for arn in mine
        for run in states.list_map_runs(executionArn=arn)["mapRuns"]
    ]
    shards = [arn for run in maps for arn in found(mapRunArn=run)]
    for arn in (*mine, *shards):
        for page in histories.paginate(executionArn=arn):
            yield from page["events"]

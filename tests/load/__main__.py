"""`make load`: ten times the demo's traffic for minutes, of mixed roles, through the gateway.

Brings up a platform of its own, runs the demo once and counts its requests, then sends ten times as
many a second as each role would. Prints JSON: latency and errors of each route, whether each order
that was taken is in the ledger once, and whether a limit lets through exactly what it states. Ends
with 1 where anything was lost, refused or wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import typer

from algotrendy.identity.permissions import Role
from fixtures.platform import PASSWORD, ROOT, Platform, a_platform
from load.limits import SET, count_limit

TIMES = 10
TENANT = "demo"
_ROLES = (Role.VIEWER, Role.RESEARCHER, Role.TRADER, Role.RISK_MANAGER, Role.ADMIN)
_LEAST_PER_S = 10.0
_PACE_S = 1.0
_WARM_S = 20.0
_SLOW_MS = 5_000
_MOST_NOTED = 20
_FLAGS_KEPT_S = 35


def main() -> int:
    """Load a platform, and say how it went."""
    parser = argparse.ArgumentParser(prog="load", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0, help="how long")
    asked = parser.parse_args()
    with a_platform() as platform, tempfile.TemporaryDirectory(prefix="at-load-") as folder:
        demo = demo_traffic(platform)
        _tell({"demo": demo})
        tokens = {role: _token(platform, role) for role in _ROLES}
        per_s = max(_LEAST_PER_S, TIMES * demo["requests_per_s"])
        placed, noted = Path(folder) / "placed", Path(folder) / "noted"
        # Each function begins once: what that takes is no part of the load.
        run_locust(platform, Path(folder), tokens, per_s, _WARM_S)
        noted.unlink(missing_ok=True)
        routes = run_locust(platform, Path(folder), tokens, per_s, asked.minutes * 60)
        for each in routes:
            _tell(each)
        for line in noted.read_text().splitlines()[:_MOST_NOTED] if noted.exists() else ():
            _tell({"noted": json.loads(line)})
        whole = _whole(routes, per_s, asked.minutes * 60)
        _tell(whole)
        orders = orders_kept(platform, placed, tokens[Role.TRADER])
        _tell({"orders": orders})
        limit = limit_held(platform, tokens[Role.RESEARCHER])
        _tell({"rate_limit": limit})
    is_well = not (whole["errors"] or orders["lost"] or orders["doubled"]) and limit["is_exact"]
    is_well = is_well and orders["taken"] > 0 and orders["books"] == "sound"
    typer.echo(f"load: {'OK' if is_well else 'FAILED'}")
    return 0 if is_well else 1


def demo_traffic(platform: Platform) -> dict[str, Any]:
    """Run the demo, and count the requests that it makes of the API."""
    started = time.time()
    platform.succeed("demo", timeout_s=420)
    logs = platform.aws("logs")
    moments: list[float] = []
    for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group["logGroupName"], startTime=int(started * 1000)
        )
        for page in pages:
            lines = (_request(event["message"]) for event in page["events"])
            moments += [_moment(line) for line in lines if line is not None]
    lasted = max(moments) - min(moments)
    return {
        "requests": len(moments),
        "lasted_s": round(lasted, 1),
        "requests_per_s": round(len(moments) / lasted, 2),
    }


def _request(message: str) -> dict[str, Any] | None:
    try:
        line = json.loads(message)
    except json.JSONDecodeError:
        return None
    is_one = isinstance(line, dict) and line.get("message") == "request"
    return line if is_one and not str(line.get("path")).endswith(("/ready", "/health")) else None


def _moment(line: dict[str, Any]) -> float:
    return datetime.fromisoformat(line["timestamp"]).timestamp()


def run_locust(
    platform: Platform, folder: Path, tokens: dict[Role, str], per_s: float, for_s: float
) -> list[dict[str, Any]]:
    """Be as many users as it takes, in processes of their own; give a row for each route."""
    given, told = folder / "given.json", folder / "told"
    wishes = {"pace_s": _PACE_S, "slow_ms": _SLOW_MS, "placed": str(folder / "placed")}
    given.write_text(json.dumps({**wishes, "tokens": tokens, "noted": str(folder / "noted")}))
    users = round(per_s * _PACE_S)
    subprocess.run(
        [
            str(Path(sys.executable).with_name("locust")),
            *("--locustfile", str(ROOT / "tests/load/users.py"), "--host", platform.api_url),
            *("--headless", "--users", str(users), "--spawn-rate", str(max(1, users / 5))),
            *("--run-time", f"{for_s:.0f}s", "--stop-timeout", "20", "--only-summary"),
            *("--exit-code-on-error", "0", "--json-file", str(told)),
        ],
        env={**os.environ, "LOAD_USERS": str(given)},
        check=True,
        stdout=sys.stderr,
    )
    found = json.loads(told.with_suffix(".json").read_text())
    return [_row(each) for each in found]


def _row(of: dict[str, Any]) -> dict[str, Any]:
    times = sorted((float(ms), count) for ms, count in of["response_times"].items())
    return {
        "route": f"{of['method']} {of['name']}",
        "requests": of["num_requests"],
        "errors": of["num_failures"],
        "p50_ms": _quantile(times, 0.5),
        "p99_ms": _quantile(times, 0.99),
    }


def _quantile(times: list[tuple[float, int]], share: float) -> float | None:
    """Give the time that such a share of requests kept to."""
    wanted = share * _total(times)
    passed = 0
    for ms, count in times:
        passed += count
        if passed >= wanted:
            return ms
    return None


def _total(times: list[tuple[float, int]]) -> int:
    return sum(count for _, count in times)


def _whole(routes: list[dict[str, Any]], per_s: float, for_s: float) -> dict[str, Any]:
    requests = sum(each["requests"] for each in routes)
    return {
        "route": "all",
        "requests": requests,
        "errors": sum(each["errors"] for each in routes),
        "wanted_per_s": round(per_s, 1),
        "reached_per_s": round(requests / for_s, 1),
    }


def orders_kept(platform: Platform, placed: Path, token: str) -> dict[str, Any]:
    """Ask the ledger for each order that was taken; then let it prove its books."""
    taken = [line.split() for line in placed.read_text().splitlines()]
    headers = {"authorization": f"Bearer {token}"}
    lost, seen = [], Counter[str]()
    with httpx.Client(base_url=platform.api_url, headers=headers, timeout=60) as http:
        for order_id, name in taken:
            answer = http.get(f"/v1/orders/{order_id}")
            if answer.status_code != 200 or answer.json()["client_order_id"] != name:
                lost.append(order_id)
        cursor: str | None = None
        while True:
            page = {"account": "paper", "limit": "200"} | ({"cursor": cursor} if cursor else {})
            answer = http.get("/v1/orders", params=page).raise_for_status()
            found = answer.json()
            seen.update(each["client_order_id"] for each in found["orders"])
            cursor = found.get("next_cursor")
            if cursor is None:
                break
    of_load = {name: count for name, count in seen.items() if name.startswith("load-")}
    books = platform.run("ledger", "verify")
    return {
        "taken": len(taken),
        "lost": len(lost),
        # Of whom the load ended before the answer came.
        "unanswered": len(of_load.keys() - {name for _, name in taken}),
        "doubled": sum(count - 1 for count in of_load.values()),
        "books": "sound" if books.returncode == 0 else books.stdout[-500:],
    }


def limit_held(platform: Platform, token: str) -> dict[str, Any]:
    """Set a limit by its flags, and send more than it lets through."""
    platform.succeed("login", "l-admin", ALGOTRENDY_PASSWORD=PASSWORD)
    for name, value in SET.items():
        platform.succeed("flags", "set", name, value, "--reason", "a count", "--at-once")
    time.sleep(_FLAGS_KEPT_S)
    with httpx.Client(base_url=platform.api_url, timeout=60) as http:
        return count_limit(http, "/v1/backtests", {"authorization": f"Bearer {token}"})


def _token(platform: Platform, role: Role) -> str:
    platform.add_user(f"l-{role}", TENANT, role)
    return platform.token(f"l-{role}")


def _tell(what: dict[str, Any]) -> None:
    typer.echo(json.dumps(what))


if __name__ == "__main__":
    sys.exit(main())

"""Readiness: what is asked, what is told, and what it says of age."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from algotrendy.kernel.errors import Unavailable
from algotrendy.platform.data_age import NOT_HERE, DataAge
from algotrendy.platform.http import create_app
from algotrendy.platform.probes import Readiness, Spare
from fakes.app_client import AppClient

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def aged(seconds: float, limit_s: float | None = 60.0) -> Callable[[], DataAge]:
    return lambda: DataAge("newest bar", NOW - timedelta(seconds=seconds), NOW, limit_s)


def gone() -> None:
    raise Unavailable("cache", "redis://secret@host does not answer")


def asked(**checks: Any) -> tuple[int, dict[str, Any]]:
    answer = AppClient(create_app("T", "t", checks)).get("/t/ready")
    return answer.status_code, answer.json()


def test_each_dependency_tells_its_latency_and_how_old_its_data_is() -> None:
    status, told = asked(lake=aged(30))
    assert (status, told["status"]) == (200, "ready")
    lake = told["checks"]["lake"]
    assert lake["latency_ms"] >= 0
    assert lake["late"] is False
    assert lake["data"] == {
        "what": "newest bar",
        "at": "2026-03-02T11:59:30+00:00",
        "age_s": 30.0,
        "limit_s": 60.0,
    }


def test_what_is_late_makes_it_degraded_and_is_no_503() -> None:
    status, told = asked(lake=aged(90), database=lambda: None)
    assert (status, told["status"]) == (200, "degraded")
    assert told["checks"]["lake"]["late"] is True
    assert asked(lake=aged(1e9, None))[1]["status"] == "ready", "nobody promised anything"


def test_where_there_is_nothing_it_is_not_late() -> None:
    _, told = asked(outbox=lambda: DataAge("oldest event", None, NOW, 60.0))
    assert told["status"] == "ready"
    assert told["checks"]["outbox"]["data"]["age_s"] is None


def test_a_spare_that_fails_is_told_and_is_no_503() -> None:
    status, told = asked(cache=Spare(gone), database=lambda: None)
    assert (status, told["status"]) == (200, "degraded")
    cache = told["checks"]["cache"]
    assert (cache["ok"], cache["needed"], cache["reason"]) == (False, False, "unavailable")
    assert "secret" not in str(told)
    assert asked(cache=Spare(gone), database=gone)[0] == 503


def test_what_a_deployment_does_not_have_is_left_out() -> None:
    _, told = asked(cache=lambda: NOT_HERE, database=lambda: None)
    assert list(told["checks"]) == ["database"]


@pytest.mark.parametrize(("late", "is_late"), [(True, True), (False, False), (None, True)])
def test_a_calendar_may_overrule_the_seconds(late: bool | None, is_late: bool) -> None:
    age = DataAge("newest bar", NOW - timedelta(days=3), NOW, 60.0, late=late)
    assert age.is_late is is_late


def test_many_who_ask_at_once_cost_one_look_a_second() -> None:
    looks: list[int] = []
    time = [0.0]
    readiness = Readiness({"x": lambda: looks.append(1)}, monotonic=lambda: time[0])
    for _ in range(5):
        asyncio.run(readiness.look())
    assert len(looks) == 1
    time[0] = 1.0
    asyncio.run(readiness.look())
    assert len(looks) == 2

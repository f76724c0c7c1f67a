from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from pydantic import ValidationError

from algotrendy.exchange.faults import REQUEST_KINDS, UPDATE_KINDS, Faults, Kind, Scripted


def test_settings_survive_their_own_json() -> None:
    faults = Faults(latency_s=1.5, maintenance_start=time(3, 30), refused_feeds=("sip",))
    written = faults.model_dump(mode="json")
    assert written["maintenance_start"] == "03:30:00"
    assert Faults.model_validate(written) == faults


def test_every_fault_is_explained() -> None:
    explained = Faults.__doc__ or ""
    assert [name for name in Faults.model_fields if f"{name}:" not in explained] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("latency_s", -1),
        ("latency_s", 601),
        ("latency_s", float("nan")),
        ("drop_updates", 1.01),
        ("rate_limit", "often"),
        ("maintenance_start", "25:00"),
        ("maintenance_start", "03:00+01:00"),
        ("maintenance_minutes", 0),
        ("maintenance_minutes", 1_440),
        ("disconnect_every_updates", -1),
        ("mute_everything", True),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Faults.model_validate({field: value})
    assert field in str(refused.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fault", "explode"),
        ("status", 200),
        ("count", 0),
        ("seconds", -1),
        ("method", "post"),
        ("path", "/" * 201),
        ("when", "now"),
    ],
)
def test_a_script_that_makes_no_sense_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Scripted.model_validate({"fault": "fail_after", field: value})
    assert field in str(refused.value)


def test_every_kind_belongs_to_requests_or_updates_or_stands_alone() -> None:
    assert {Kind.DISCONNECT, Kind.BUST} == set(Kind) - REQUEST_KINDS - UPDATE_KINDS
    assert not REQUEST_KINDS & UPDATE_KINDS

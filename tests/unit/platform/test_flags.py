"""Flags: defaults below, what is set above, the last good copy kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from algotrendy.kernel.errors import Invalid, NotFound, Unavailable
from algotrendy.platform.flags import (
    RETRY_S,
    TTL_S,
    FlagReader,
    default_flags,
    flag_values,
    flags,
    flags_of,
    json_schema,
    with_flag,
)

DOWN = Unavailable("AppConfig", "no answer")


class Shelf:
    """Gives what lies on it, one after the other, the last for ever; and a clock beside it."""

    def __init__(self, answers: Sequence[object]) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.now_s = 0.0

    def __call__(self) -> bytes:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()


def reader(*answers: object) -> tuple[FlagReader, Shelf]:
    shelf = Shelf(answers)
    return FlagReader(shelf, "prod", lambda: shelf.now_s), shelf


def test_an_empty_document_leaves_the_defaults_of_the_stage() -> None:
    for stage in ("local", "dev", "prod"):
        assert flags_of({}, stage) == default_flags(stage)
    assert default_flags("prod").rate_limits["trade"] != default_flags("local").rate_limits["trade"]


def test_orders_never_cost_money_by_default() -> None:
    assert not any(default_flags(stage).live_trading for stage in ("local", "dev", "prod"))


def test_a_document_says_only_what_differs() -> None:
    found = flags_of({"rate_limits": {"read": {"burst": 7}}}, "prod")
    assert found.rate_limits["read"].burst == 7
    default = default_flags("prod").rate_limits
    assert found.rate_limits["read"].rate_per_s == default["read"].rate_per_s
    assert found.rate_limits["trade"] == default["trade"]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"live_trading": "yes"}, "live_trading"),
        ({"live_trading": 1}, "live_trading"),
        ({"unheard_of": True}, "unheard_of"),
        ({"rate_limits": {"read": {"burst": 0}}}, "rate_limits.read.burst"),
        ({"rate_limits": {"read": {"burst": True}}}, "rate_limits.read.burst"),
        ({"rate_limits": {"read": {"rate_per_s": -1}}}, "rate_limits.read.rate_per_s"),
        ({"rate_limits": {"read": {"per_hour": 3}}}, "rate_limits.read.per_hour"),
        ({"rate_limits": {"reed": {"rate_per_s": 1, "burst": 1}}}, "rate_limits"),
        ({"rate_limits": 5}, "rate_limits"),
        ({"rate_limits": {"read": None}}, "rate_limits.read"),
    ],
)
def test_what_does_not_fit_is_named(document: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        flags_of(document, "prod")
    assert refused.value.field == field
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(json_schema()).validate(document)


def test_a_flag_is_set_by_its_full_name_and_taken_back() -> None:
    one = with_flag({}, "prod", "rate_limits.read.burst", "7")
    assert one == {"rate_limits": {"read": {"burst": 7}}}
    two = with_flag(one, "prod", "live_trading", "true")
    assert flags_of(two, "prod").live_trading
    assert with_flag(two, "prod", "rate_limits.read.burst", "default") == {"live_trading": True}
    assert one == {"rate_limits": {"read": {"burst": 7}}}, "what was given is left alone"


def test_an_unknown_flag_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(NotFound) as refused:
        with_flag({}, "prod", "rate_limits.read", "7")
    assert "rate_limits.read.burst" in refused.value.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("live_trading", "True"),
        ("live_trading", "1"),
        ("rate_limits.read.burst", "many"),
        ("rate_limits.read.burst", "1.5"),
        ("rate_limits.read.burst", "0"),
        ("rate_limits.read.rate_per_s", "nan"),
        ("rate_limits.read.rate_per_s", "inf"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        with_flag({}, "prod", name, value)
    assert refused.value.field == name


def test_the_validator_takes_every_document_that_can_be_set() -> None:
    validator = jsonschema.Draft4Validator(json_schema())
    jsonschema.Draft4Validator.check_schema(json_schema())
    document: dict[str, Any] = {}
    for name, value in flag_values(default_flags("prod")).items():
        document = with_flag(document, "prod", name, json.dumps(value))
        validator.validate(document)
    assert flags_of(document, "local") == default_flags("prod")


def test_the_published_schema_is_the_one_of_the_code() -> None:
    published = Path(__file__).parents[3] / "docs" / "flags.schema.json"
    assert json.loads(published.read_text()) == json_schema()


def test_a_copy_is_kept_for_its_time() -> None:
    known, shelf = reader({"live_trading": True}, {"live_trading": False})
    assert known.current().live_trading
    shelf.now_s = TTL_S - 0.1
    assert known.current().live_trading
    assert shelf.asked == 1
    shelf.now_s = TTL_S
    assert not known.current().live_trading


@pytest.mark.parametrize("bad", [DOWN, b"not json", b"[]", b'{"live_trading": 7}'])
def test_the_last_good_copy_outlives_a_fault(bad: object) -> None:
    known, shelf = reader({"live_trading": True}, bad, {})
    assert known.current().live_trading
    shelf.now_s = TTL_S
    assert known.current().live_trading
    assert known.known().live_trading
    asked = shelf.asked
    shelf.now_s = TTL_S + RETRY_S - 0.1
    known.current()
    assert shelf.asked == asked, "a store that is down is not asked by every request"
    shelf.now_s = TTL_S + RETRY_S
    assert not known.current().live_trading


def test_nothing_ever_read_is_not_the_same_as_defaults() -> None:
    known, shelf = reader(DOWN, {"live_trading": True})
    assert known.current() == default_flags("prod")
    with pytest.raises(Unavailable, match="no answer"):
        known.known()
    shelf.now_s = RETRY_S
    assert known.known().live_trading


def test_a_process_without_a_source_knows_the_defaults() -> None:
    assert flags() == default_flags("local")

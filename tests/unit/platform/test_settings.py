"""Settings from the environment, and what a person reads when one is missing or wrong."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from algotrendy.kernel.errors import Invalid
from algotrendy.platform.settings import Settings, settings


def test_without_an_environment_it_is_the_local_stage_and_nothing_is_known() -> None:
    found = settings()
    assert (found.stage, found.region, found.max_body_bytes) == ("local", "us-east-1", 262_144)
    assert found.lake_url is None
    assert found.cache_url is None


def test_values_come_from_variables_with_our_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALGOTRENDY_STAGE", "prod")
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", "s3://bucket/lake")
    monkeypatch.setenv("ALGOTRENDY_MAX_BODY_BYTES", "1000")
    monkeypatch.setenv("ALGOTRENDY_LOG_LEVEL", "debug")
    found = settings()
    assert found.stage == "prod"
    assert found.need("lake_url") == "s3://bucket/lake"
    assert found.max_body_bytes == 1000
    assert found.log_level == "DEBUG"


def test_they_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = settings()
    monkeypatch.setenv("ALGOTRENDY_STAGE", "dev")
    assert settings() is first


def test_an_empty_variable_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALGOTRENDY_CACHE_URL", "")
    assert settings().optional("cache_url") is None


@pytest.mark.parametrize(
    ("variable", "field"),
    [
        ("AWS_ENDPOINT_URL", "aws_endpoint_url"),
        ("ALGOTRENDY_AWS_ENDPOINT_URL", "aws_endpoint_url"),
        ("ALGOTRENDY_REGION", "region"),
    ],
)
def test_aws_names_count_too(monkeypatch: pytest.MonkeyPatch, variable: str, field: str) -> None:
    monkeypatch.setenv(variable, "http://localhost:1")
    assert getattr(settings(), field) == "http://localhost:1"


def test_our_own_name_wins_over_the_one_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALGOTRENDY_REGION", "eu-west-1")
    assert settings().region == "eu-west-1"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALGOTRENDY_STAGE", "Prod!"),
        ("ALGOTRENDY_LAKE_URL", "bucket/lake"),
        ("ALGOTRENDY_RESULTS_URL", "https://bucket"),
        ("ALGOTRENDY_DATABASE_URL", "mysql://user:hunter2@host"),
        ("ALGOTRENDY_CACHE_URL", "http://host"),
        ("ALGOTRENDY_API_URL", "ftp://x"),
        ("ALGOTRENDY_MAX_BODY_BYTES", "many"),
        ("ALGOTRENDY_MAX_BODY_BYTES", "0"),
        ("ALGOTRENDY_LOG_LEVEL", "loud"),
        ("AWS_ENDPOINT_URL", "localhost:4566"),
    ],
)
def test_a_value_that_cannot_be_right_names_its_variable_and_keeps_its_secret(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Invalid) as caught:
        settings()
    expected_name = "ALGOTRENDY_AWS_ENDPOINT_URL" if variable.startswith("AWS") else variable
    assert caught.value.field == expected_name
    assert "pattern" not in str(caught.value)
    assert "should" not in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in str(caught.value.fields())


def test_a_value_that_cannot_be_right_is_told_what_would_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", "bucket/lake")
    with pytest.raises(Invalid, match=r"must be s3://bucket/prefix, file:///folder or secret:NAME"):
        settings()


def test_settings_do_not_change() -> None:
    found = Settings(stage="dev", lake_url="file:///tmp/lake")
    with pytest.raises(ValidationError, match="frozen"):
        found.stage = "prod"  # type: ignore[misc]  # which is the point

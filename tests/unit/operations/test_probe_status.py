"""The scheduled look at the platform, from its handler to the files that are public."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from algotrendy.operations import wiring
from algotrendy.platform.settings import reset_settings
from fakes.functions import Context, load_handler


@pytest.fixture
def handler(aws_cloud: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    boto3.client("s3").create_bucket(Bucket="status")
    monkeypatch.setenv("ALGOTRENDY_STATUS_URL", "s3://status")
    monkeypatch.setenv("ALGOTRENDY_API_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("ALGOTRENDY_TOKEN_JWKS_URL", "http://127.0.0.1:1/keys")
    reset_settings()
    wiring.status_watch.cache_clear()
    yield load_handler("operations", "probe_status")
    wiring.status_watch.cache_clear()
    reset_settings()


def test_an_outage_is_on_the_public_page_after_two_looks(handler: Any) -> None:
    first = handler({}, Context())
    assert set(first["components"].values()) == {"unknown"}
    second = handler({}, Context())
    assert set(second["components"].values()) == {"outage"}
    assert second["open"] == 1

    s3 = boto3.client("s3")
    keys = {item["Key"] for item in s3.list_objects_v2(Bucket="status")["Contents"]}
    assert keys == {"board.json", "doors.json", "public/index.html", "public/status.json"}
    page = s3.get_object(Bucket="status", Key="public/index.html")
    assert page["ContentType"].startswith("text/html")
    assert b"Everything is down" in page["Body"].read()
    told = json.loads(s3.get_object(Bucket="status", Key="public/status.json")["Body"].read())
    assert {each["reason"] for each in told["components"]} == {"cannot be reached"}

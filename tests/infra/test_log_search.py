"""Logs go to OpenSearch where a stage names a domain, and nowhere else by default."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest

config: Any = importlib.import_module("infra_cdk.config")
encryption: Any = importlib.import_module("infra_cdk.checks.encryption")
Json = dict[str, Any]
DOMAIN = "arn:aws:es:eu-west-1:123456789012:domain/logs"


@pytest.fixture
def shipping(planted: Callable[[str], Json]) -> Json:
    return planted("shipping")


def properties(shipping: Json, kind: str) -> list[Json]:
    resources = shipping["template"]["Resources"].values()
    return [each["Properties"] for each in resources if each["Type"] == kind]


def test_neither_the_house_nor_aws_solutions_have_anything_to_say(shipping: Json) -> None:
    assert shipping["refusals"] == []
    assert shipping["nag"] == []
    assert encryption.unencrypted(shipping["template"]) == []


def test_every_group_is_shipped_whole_and_lines_are_taken_out_of_their_wrapping(
    shipping: Json,
) -> None:
    filters = properties(shipping, "AWS::Logs::SubscriptionFilter")
    assert {each["LogGroupName"] for each in filters} == {
        "/aws/lambda/algotrendy-prod-trading-api",
        "/aws/ecs/algotrendy-prod-trading",
    }
    assert {each["FilterPattern"] for each in filters} == {""}
    [stream] = properties(shipping, "AWS::KinesisFirehose::DeliveryStream")
    target = stream["AmazonopensearchserviceDestinationConfiguration"]
    assert target["DomainARN"] == DOMAIN
    assert target["IndexRotationPeriod"] == "OneDay"
    assert target["S3BackupMode"] == "FailedDocumentsOnly"
    processors = [each["Type"] for each in target["ProcessingConfiguration"]["Processors"]]
    assert processors == ["Decompression", "CloudWatchLogProcessing"]


def test_the_stream_may_write_to_that_domain_and_its_bucket_alone(shipping: Json) -> None:
    statements = [
        statement
        for policy in properties(shipping, "AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    told = {statement["Sid"]: statement["Resource"] for statement in statements}
    assert told["FindDomain"] == DOMAIN
    assert told["WriteDocuments"] == f"{DOMAIN}/*"
    assert set(told) == {
        "FindDomain",
        "WriteDocuments",
        "KeepFailedLines",
        "FindBucket",
        "WriteErrors",
        "ShipLogs",
    }


def test_nothing_is_shipped_unless_somebody_names_a_domain() -> None:
    assert config.stage_config("prod", {}).log_search_domain_arn is None
    named = {"ALGOTRENDY_LOG_SEARCH_DOMAIN_ARN": DOMAIN}
    assert config.stage_config("dev", named).log_search_domain_arn == DOMAIN
    with pytest.raises(config.ConfigurationError, match="log_search_domain_arn"):
        config.stage_config("prod", {"ALGOTRENDY_LOG_SEARCH_DOMAIN_ARN": "https://logs"})

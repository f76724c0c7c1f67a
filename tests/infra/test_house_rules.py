"""Each rule of the house refuses what was planted for it, and lets pass what follows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Planted = Callable[[str], dict[str, Any]]


@pytest.mark.parametrize(
    ("case", "place", "reason"),
    [
        ("wildcard_action", "/planted/Role/DefaultPolicy", "must name its actions, was s3:*"),
        ("wildcard_resource", "/planted/Role/DefaultPolicy", "dynamodb:PutItem must be allowed on"),
        ("wildcard_inline", "/planted/Role/Resource", "sqs:SendMessage must be allowed on named"),
        ("all_but", "/planted/Role/DefaultPolicy", "not what it leaves out"),
        ("scheduled_without_destination", "/planted/Function", "events.amazonaws.com invokes"),
        ("consumed_queue_without_dead_letters", "/planted/Queue", "must have dead letters"),
        ("endless_log_group", "/planted/Logs", "after how many days it forgets"),
        ("function_without_log_group", "/planted/Function", "must name its log group"),
        ("bucket_that_goes", "/planted/Bucket", "must be kept"),
    ],
)
def test_a_broken_rule_fails_the_synth_once_and_names_the_construct(
    planted: Planted, case: str, place: str, reason: str
) -> None:
    [refusal] = planted(case)["refusals"]
    assert refusal.startswith(place)
    assert reason in refusal


@pytest.mark.parametrize("case", ["scheduled_with_destination", "bucket_that_stays", "fargate"])
def test_what_follows_the_rules_passes(planted: Planted, case: str) -> None:
    assert planted(case)["refusals"] == []


def test_cdk_nag_looks_at_the_app(planted: Planted) -> None:
    assert planted("open_bucket")["nag"] == ["AwsSolutions-S1", "AwsSolutions-S10"]


def test_a_package_over_the_limit_of_lambda_is_refused_with_its_parts(planted: Planted) -> None:
    error = planted("errors")["too_large"]
    assert error.startswith("PackageTooLargeError: run-shard with its layers must unzip to")
    assert "at most 250 MB, was 251 MB (lake 251 MB)" in error


def test_a_wildcard_in_a_grant_needs_a_reason(planted: Planted) -> None:
    error = planted("errors")["wildcard_without_reason"]
    assert error == "ValueError: Read: arn:aws:s3:::bucket/* has a wildcard and no reason for it"


def test_a_state_machine_file_must_fit_its_substitutions(planted: Planted) -> None:
    errors = planted("errors")
    assert errors["lacking"] == "DefinitionError: lacking.asl.json needs values for First"
    assert errors["broken"].startswith("DefinitionError: broken.asl.json is not JSON")
    assert errors["filled"] == '{"StartAt": "${First}", "Limit": 3}'

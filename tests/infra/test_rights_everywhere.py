"""No role, policy or door of any stack is wider than its work, whoever made it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fakes.cloud_assembly import Stage

Json = dict[str, Any]

# AWS documents * as the only resource that these take.
ONLY_ON_ANYTHING = (
    "xray:",
    "ec2:",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "ecr:GetAuthorizationToken",
)
# Who may give themselves, or others, more rights.
SELF_MADE = ("iam:", "sts:AssumeRole", "kms:PutKeyPolicy", "lambda:AddPermission")
RESOURCE_POLICIES = (
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SNS::TopicPolicy",
)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def granted(stage: Stage) -> Iterator[tuple[str, Json]]:
    """Give every statement that a role has, with the name of its policy."""
    for name, policy in stage.resources("AWS::IAM::Policy").items():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            yield name, statement
    for name, role in stage.resources("AWS::IAM::Role").items():
        for inline in role["Properties"].get("Policies", []):
            for statement in inline["PolicyDocument"]["Statement"]:
                yield name, statement


def test_no_role_may_do_everything_of_a_service_or_make_rights(cloud: Stage) -> None:
    statements = list(granted(cloud))
    assert len(statements) > 100
    for name, statement in statements:
        for action in listed(statement["Action"]):
            assert "*" not in action, (name, action)
            assert not action.startswith(SELF_MADE), (name, action)


def test_only_what_knows_no_resource_is_allowed_on_every_one(cloud: Stage) -> None:
    for name, statement in granted(cloud):
        if "*" in listed(statement["Resource"]):
            for action in listed(statement["Action"]):
                assert action.startswith(ONLY_ON_ANYTHING), (name, action)


def test_a_role_is_for_one_service_of_aws_and_has_no_policy_that_aws_writes(
    cloud: Stage,
) -> None:
    for name, role in cloud.resources("AWS::IAM::Role").items():
        properties = role["Properties"]
        [trust] = properties["AssumeRolePolicyDocument"]["Statement"]
        assert set(trust["Principal"]) == {"Service"}, name
        assert len(listed(trust["Principal"]["Service"])) == 1, name
        assert "ManagedPolicyArns" not in properties, name


def test_a_function_is_invoked_by_one_caller_that_is_named(cloud: Stage) -> None:
    for name, permission in cloud.resources("AWS::Lambda::Permission").items():
        properties = permission["Properties"]
        assert properties["Principal"].endswith(".amazonaws.com"), name
        # Any account's gateway, rule or topic could call it otherwise.
        assert "SourceArn" in properties or "SourceAccount" in properties, name


def test_whoever_is_let_in_by_a_resource_is_named_or_refused(cloud: Stage) -> None:
    for kind in RESOURCE_POLICIES:
        for name, policy in cloud.resources(kind).items():
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Allow":
                    principal = json.dumps(statement["Principal"])
                    assert '"*"' not in principal, (name, statement)


def test_nobody_comes_in_from_everywhere(cloud: Stage) -> None:
    rules = [
        rule
        for group in cloud.properties("AWS::EC2::SecurityGroup")
        for rule in group.get("SecurityGroupIngress", [])
    ] + cloud.properties("AWS::EC2::SecurityGroupIngress")
    for rule in rules:
        assert rule.get("CidrIp") != "0.0.0.0/0", rule
        assert rule.get("CidrIpv6") != "::/0", rule

"""Everything is encrypted, kept and carried: the check finds what is not; the stages have none."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from fakes.cloud_assembly import Stage

encryption: Any = importlib.import_module("infra_cdk.checks.encryption")
Json = dict[str, Any]
REFUSAL = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}


def queue(**more: Any) -> Json:
    return {"Type": "AWS::SQS::Queue", "Properties": {"SqsManagedSseEnabled": True, **more}}


def policy(kind: str, field: str, *names: str, statement: Json = REFUSAL) -> Json:
    references: Any = [{"Ref": name} for name in names]
    return {
        "Type": f"AWS::{kind}Policy",
        "Properties": {
            field: references[0] if field == "Bucket" else references,
            "PolicyDocument": {"Statement": [statement]},
        },
    }


def found(**resources: Json) -> list[str]:
    refused: list[str] = encryption.unencrypted({"Resources": resources})
    return refused


def test_what_is_encrypted_both_ways_passes() -> None:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": {"Ref": "Key"}}}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketEncryption": {"x": 1}}}
    assert not found(
        Queue=queue(),
        QueuePolicy=policy("SQS::Queue", "Queues", "Queue"),
        Topic=topic,
        TopicPolicy=policy("SNS::Topic", "Topics", "Topic"),
        Bucket=bucket,
        BucketPolicy=policy("S3::Bucket", "Bucket", "Bucket"),
        Table={"Type": "AWS::DynamoDB::Table", "Properties": {}},
    )


@pytest.mark.parametrize(
    ("resources", "refusal"),
    [
        ({"Q": queue(SqsManagedSseEnabled=False)}, "Q: a AWS::SQS::Queue must be encrypted"),
        ({"Q": queue()}, "Q: a AWS::SQS::Queue must refuse what does not come over TLS"),
        (
            {"Q": queue(), "P": policy("SQS::Queue", "Queues", "Other")},
            "Q: a AWS::SQS::Queue must refuse",
        ),
        (
            {
                "Q": queue(),
                "P": policy("SQS::Queue", "Queues", "Q", statement={"Effect": "Allow"}),
            },
            "Q: a AWS::SQS::Queue must refuse",
        ),
        ({"T": {"Type": "AWS::SNS::Topic", "Properties": {}}}, "T: a AWS::SNS::Topic must be"),
        ({"S": {"Type": "AWS::Kinesis::Stream", "Properties": {}}}, "must be encrypted at rest"),
        ({"D": {"Type": "AWS::RDS::DBInstance", "Properties": {}}}, "say in infra_cdk/checks"),
        (
            {"D": {"Type": "AWS::OpenSearchService::Domain", "Properties": {}}},
            "D: a domain must be reached over TLS alone",
        ),
        (
            {
                "G": {
                    "Type": "AWS::EC2::SecurityGroup",
                    "Properties": {"SecurityGroupEgress": [{"FromPort": 80, "ToPort": 80}]},
                }
            },
            "G: only ports that speak TLS are let out, was 80-80",
        ),
        (
            {"G": {"Type": "AWS::EC2::SecurityGroupEgress", "Properties": {"IpProtocol": "-1"}}},
            "was any-any",
        ),
        (
            {
                "F": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {"Environment": {"Variables": {"A": "http://x"}}},
                }
            },
            "F: A must be an address over TLS",
        ),
        (
            {
                "C": {
                    "Type": "AWS::CloudFront::Distribution",
                    "Properties": {
                        "DistributionConfig": {
                            "DefaultCacheBehavior": {"ViewerProtocolPolicy": "allow-all"},
                            "Origins": [],
                        }
                    },
                }
            },
            "C: a distribution must lead every viewer to TLS",
        ),
    ],
)
def test_what_is_not_is_named(resources: Json, refusal: str) -> None:
    assert any(refusal in each for each in found(**resources)), found(**resources)


def test_no_stage_of_the_cloud_keeps_or_carries_anything_in_the_clear(cloud: Stage) -> None:
    for template in cloud.templates.values():
        assert encryption.unencrypted(template) == []

"""The status page's stack: alone, and with nothing public but two files."""

from __future__ import annotations

import json

from fakes.cloud_assembly import Stage


def test_the_laptop_has_none_and_runs_a_process_instead(stages: dict[str, Stage]) -> None:
    assert "status" not in stages["local"].templates


def test_no_other_stack_can_take_it_down(cloud: Stage) -> None:
    template = cloud.templates["status"]
    assert "Fn::ImportValue" not in json.dumps(template)
    assert "Fn::GetStackOutput" not in json.dumps(template)
    manifest = json.loads((cloud.assembly / "manifest.json").read_text())
    stack = manifest["artifacts"][f"algotrendy-{cloud.name}-status"]
    assert stack["dependencies"] == [f"algotrendy-{cloud.name}-status.assets"]
    _, probe = cloud.function("operations-probe-status")
    assert "VpcConfig" not in probe, "it looks from outside"


def test_the_public_sees_the_page_and_not_the_record(cloud: Stage) -> None:
    [distribution] = [
        resource["Properties"]["DistributionConfig"]
        for resource in cloud.templates["status"]["Resources"].values()
        if resource["Type"] == "AWS::CloudFront::Distribution"
    ]
    [origin] = distribution["Origins"]
    assert origin["OriginPath"] == "/public"
    assert "OriginAccessControlId" in origin
    assert distribution["DefaultRootObject"] == "index.html"
    assert distribution["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
    [bucket] = [
        resource["Properties"]
        for resource in cloud.templates["status"]["Resources"].values()
        if resource["Type"] == "AWS::S3::Bucket"
    ]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


def test_it_looks_each_minute_and_somebody_is_told_when_nobody_looks(cloud: Stage) -> None:
    resources = cloud.templates["status"]["Resources"].values()
    [rule] = [each["Properties"] for each in resources if each["Type"] == "AWS::Events::Rule"]
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    alarms = {
        each["Properties"]["AlarmName"]: each["Properties"]
        for each in resources
        if each["Type"] == "AWS::CloudWatch::Alarm"
    }
    unwatched = alarms[f"algotrendy-{cloud.name}-status-unwatched"]
    assert unwatched["TreatMissingData"] == "breaching"
    assert "docs/runbooks/status.md" in unwatched["AlarmDescription"]


def test_the_page_comes_with_strict_headers_and_is_at_most_a_minute_old(cloud: Stage) -> None:
    resources = cloud.templates["status"]["Resources"].values()
    [headers] = [
        each["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
        for each in resources
        if each["Type"] == "AWS::CloudFront::ResponseHeadersPolicy"
    ]
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    assert headers["FrameOptions"]["FrameOption"] == "DENY"
    [cache] = [
        each["Properties"]["CachePolicyConfig"]
        for each in resources
        if each["Type"] == "AWS::CloudFront::CachePolicy"
    ]
    assert cache["MaxTTL"] <= 60

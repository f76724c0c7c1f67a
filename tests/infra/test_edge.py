"""The outermost ring: one domain over TLS, a firewall, and the API behind it alone."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from algotrendy.platform.origin import HEADER

config: Any = importlib.import_module("infra_cdk.config")
encryption: Any = importlib.import_module("infra_cdk.checks.encryption")
Json = dict[str, Any]
EDGE = {
    "ALGOTRENDY_EDGE_DOMAIN": "api.example.com",
    "ALGOTRENDY_EDGE_CERTIFICATE_ARN": "arn:aws:acm:us-east-1:123456789012:certificate/abc",
    "ALGOTRENDY_EDGE_ORIGIN": "abc123.execute-api.eu-west-1.amazonaws.com",
}


@pytest.fixture
def edge(planted: Callable[[str], Json]) -> Json:
    return planted("edge")


def properties(edge: Json, kind: str) -> Json:
    [found] = [r for r in edge["template"]["Resources"].values() if r["Type"] == kind]
    properties: Json = found["Properties"]
    return properties


def test_neither_the_house_nor_aws_solutions_have_anything_to_say(edge: Json) -> None:
    assert edge["refusals"] == []
    assert edge["nag"] == []
    assert encryption.unencrypted(edge["template"]) == []


def test_the_domain_leads_to_the_api_over_tls_and_nothing_is_cached(edge: Json) -> None:
    found = properties(edge, "AWS::CloudFront::Distribution")["DistributionConfig"]
    assert found["Aliases"] == ["api.example.com"]
    assert found["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    behavior = found["DefaultCacheBehavior"]
    assert behavior["ViewerProtocolPolicy"] == "https-only"
    assert set(behavior["AllowedMethods"]) >= {"GET", "POST", "PUT", "PATCH", "DELETE"}
    # AWS's own: caching disabled.
    assert behavior["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    [origin] = found["Origins"]
    assert origin["DomainName"] == EDGE["ALGOTRENDY_EDGE_ORIGIN"]
    assert origin["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]


def test_the_distribution_adds_the_secret_that_the_app_asks_for(edge: Json) -> None:
    found = properties(edge, "AWS::CloudFront::Distribution")["DistributionConfig"]
    [header] = found["Origins"][0]["OriginCustomHeaders"]
    assert header["HeaderName"].encode() == HEADER
    # Never the value itself: CloudFormation reads it when it deploys.
    assert header["HeaderValue"] == (
        "{{resolve:secretsmanager:algotrendy/prod/origin:SecretString:::}}"
    )


def test_the_firewall_counts_by_address_first_and_has_the_managed_rules(edge: Json) -> None:
    acl = properties(edge, "AWS::WAFv2::WebACL")
    assert acl["Scope"] == "CLOUDFRONT"
    rules = sorted(acl["Rules"], key=lambda rule: rule["Priority"])
    assert [rule["Name"] for rule in rules] == [
        "too-many-requests",
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesSQLiRuleSet",
    ]
    rate = rules[0]
    assert rate["Statement"]["RateBasedStatement"]["Limit"] == 5_000
    assert rate["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429
    assert not any(rule["VisibilityConfig"]["SampledRequestsEnabled"] for rule in rules)
    distribution = properties(edge, "AWS::CloudFront::Distribution")["DistributionConfig"]
    assert "WebACLId" in distribution


def test_the_firewalls_log_keeps_no_token(edge: Json) -> None:
    logging = properties(edge, "AWS::WAFv2::LoggingConfiguration")
    assert "authorization" in json.dumps(logging["RedactedFields"])
    [group] = logging["LogDestinationConfigs"]
    assert ":log-group:aws-waf-logs-algotrendy-prod" in json.dumps(group)


def test_the_edge_is_off_unless_somebody_names_it() -> None:
    assert config.stage_config("prod", {}).edge is None
    assert config.stage_config("prod", EDGE).edge.domain == "api.example.com"


@pytest.mark.parametrize(
    ("missing", "field"),
    [
        ("ALGOTRENDY_EDGE_DOMAIN", "domain"),
        ("ALGOTRENDY_EDGE_CERTIFICATE_ARN", "certificate_arn"),
        ("ALGOTRENDY_EDGE_ORIGIN", "origin"),
    ],
)
def test_half_an_edge_is_refused_with_the_name_of_what_is_missing(missing: str, field: str) -> None:
    half = {name: value for name, value in EDGE.items() if name != missing}
    with pytest.raises(config.ConfigurationError, match=field):
        config.stage_config("prod", half)


def test_a_certificate_of_another_region_is_refused() -> None:
    wrong = {
        **EDGE,
        "ALGOTRENDY_EDGE_CERTIFICATE_ARN": "arn:aws:acm:eu-west-1:123456789012:certificate/abc",
    }
    with pytest.raises(config.ConfigurationError, match="certificate_arn"):
        config.stage_config("prod", wrong)

"""Flags, the audit's seal, the rotation of keys and the names of services, in the templates."""

from __future__ import annotations

import json
from typing import Any

from algotrendy.platform.flags import json_schema
from fakes.cloud_assembly import Stage

Json = dict[str, Any]


def one(stage: Stage, kind: str) -> Json:
    (found,) = stage.properties(kind)
    return found


def test_flags_are_held_to_the_schema_of_the_code(stage: Stage) -> None:
    profile = one(stage, "AWS::AppConfig::ConfigurationProfile")
    (validator,) = profile["Validators"]
    assert validator["Type"] == "JSON_SCHEMA"
    assert json.loads(validator["Content"]) == json_schema()


def test_a_deploy_never_writes_over_what_people_set(stage: Stage) -> None:
    assert one(stage, "AWS::AppConfig::HostedConfigurationVersion")["Content"] == "{}"


def test_a_gradual_change_of_flags_is_watched_in_the_cloud(cloud: Stage) -> None:
    (monitor,) = one(cloud, "AWS::AppConfig::Environment")["Monitors"]
    assert monitor["AlarmRoleArn"]
    prefix = f"algotrendy-{cloud.name}-flags-"
    strategies = {
        each["Name"].removeprefix(prefix): each
        for each in cloud.properties("AWS::AppConfig::DeploymentStrategy")
    }
    assert strategies["at-once"]["DeploymentDurationInMinutes"] == 0
    assert strategies["at-once"]["FinalBakeTimeInMinutes"] == 0
    assert strategies["gradual"]["DeploymentDurationInMinutes"] == 5
    assert strategies["gradual"]["FinalBakeTimeInMinutes"] == 5


def test_nobody_shortens_how_long_heads_of_the_audit_are_kept_in_prod(
    stages: dict[str, Stage],
) -> None:
    for name, mode in (("prod", "COMPLIANCE"), ("dev", "GOVERNANCE")):
        locked = [
            each
            for each in stages[name].properties("AWS::S3::Bucket")
            if each.get("ObjectLockEnabled")
        ]
        (bucket,) = locked
        rule = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
        assert rule["Mode"] == mode
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}


def test_keys_are_rotated_on_a_calendar_only_where_somebody_asked_for_it(stage: Stage) -> None:
    assert not stage.properties("AWS::SecretsManager::RotationSchedule")


def test_services_find_each_other_by_name_within_the_network(stages: dict[str, Stage]) -> None:
    for name in ("dev", "prod"):
        namespace = one(stages[name], "AWS::ServiceDiscovery::PrivateDnsNamespace")
        assert namespace["Name"] == f"algotrendy-{name}.internal"
        found = stages[name].properties("AWS::ServiceDiscovery::Service")
        assert {each["Name"] for each in found} == {"execution", "streaming"}
    assert not stages["local"].properties("AWS::ServiceDiscovery::Service")

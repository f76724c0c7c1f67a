"""What every template must have, read from the JSON that is deployed."""

from __future__ import annotations

import json
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from algotrendy.platform.settings import Settings
from fakes.cloud_assembly import Stage

ROOT = Path(__file__).resolve().parents[2]
CFN_LINT = ROOT / ".venv-infra" / "bin" / "cfn-lint"
STATEFUL = {"AWS::S3::Bucket", "AWS::Cognito::UserPool", "AWS::DSQL::Cluster"}
HTTP = {"market-data-api", "backtest-api", "identity-api", "operations-api", "trading-api"}
Json = dict[str, Any]


def short(stage: Stage, function: Json) -> str:
    name: str = function["FunctionName"]
    return name.removeprefix(f"algotrendy-{stage.name}-")


def target_of(reference: Any) -> str:
    match reference:
        case {"Fn::GetAtt": [name, *_]} | {"Ref": name}:
            return str(name)
    raise AssertionError(f"no reference to a resource: {reference}")


def handler_of(function: Json) -> str:
    command: list[str] = function.get("ImageConfig", {}).get("Command", [])
    return command[0] if command else str(function["Handler"])


def test_cfn_lint_has_nothing_to_say_about_any_stage(stages: dict[str, Stage]) -> None:
    templates = [
        path for stage in stages.values() for path in stage.assembly.glob("*.template.json")
    ]
    assert len(templates) == 15
    done = subprocess.run(
        [CFN_LINT, "--non-zero-exit-code", "informational", *templates],
        check=False,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_every_function_logs_to_a_group_that_forgets(stage: Stage) -> None:
    groups = stage.resources("AWS::Logs::LogGroup")
    days = {"local": 7, "dev": 30, "prod": 365}[stage.name]
    assert {group["Properties"]["RetentionInDays"] for group in groups.values()} == {days}
    for function in stage.properties("AWS::Lambda::Function"):
        assert target_of(function["LoggingConfig"]["LogGroup"]) in groups


def test_every_handler_has_a_function_and_every_function_a_handler(stage: Stage) -> None:
    deployed = {
        (short(stage, function), handler_of(function))
        for function in stage.properties("AWS::Lambda::Function")
    }
    written = {
        (
            f"{path.parent.name}-{path.stem}".replace("_", "-"),
            f"{path.stem}.handler",
        )
        for path in (ROOT / "functions").glob("*/*.py")
        if path.stem != "__init__"
    }
    if not stage.is_cloud:
        # The laptop runs services/status instead.
        written.remove(("operations-probe-status", "probe_status.handler"))
    assert deployed == written


def test_functions_run_on_arm_with_python_3_13_and_tracing(cloud: Stage) -> None:
    for function in cloud.properties("AWS::Lambda::Function"):
        assert function["Architectures"] == ["arm64"]
        assert function.get("Runtime", "of an image") in ("python3.13", "of an image")
        assert function["TracingConfig"] == {"Mode": "Active"}


COMPILED = {"backtest-run-shard", "backtest-run-window", "backtest-reduce-walk"}
"""What runs strategies by the thousand."""
STEPPING = {"live-api", "live-advance-run", "live-watch-runs", "live-report-parity"}
"""What calls strategies one step at a time, and reads the lake."""


def test_strategies_run_from_an_image_in_the_cloud_and_from_layers_on_the_laptop(
    stage: Stage,
) -> None:
    images = {
        short(stage, function)
        for function in stage.properties("AWS::Lambda::Function")
        if function.get("PackageType") == "Image"
    }
    assert images == (COMPILED | STEPPING if stage.is_cloud else set())
    for name in COMPILED | STEPPING:
        _, function = stage.function(name)
        if stage.is_cloud:
            assert "ImageUri" in function["Code"]
            assert not {"Handler", "Layers", "Runtime"} & function.keys()
        else:
            assert len(function["Layers"]) in (3, 4, 5)


def test_the_laptop_runs_functions_of_its_own_kind(stages: dict[str, Stage]) -> None:
    own = "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
    for function in stages["local"].properties("AWS::Lambda::Function"):
        assert function["Architectures"] == [own]
        variables = function["Environment"]["Variables"]
        assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
        assert "ALGOTRENDY_TRACES" not in variables, "its traces are read from the log"


def test_every_function_has_its_three_alarms_and_somebody_hears_them(stage: Stage) -> None:
    alarms = stage.properties("AWS::CloudWatch::Alarm")
    watched = {
        (target_of(dimension["Value"]), alarm["MetricName"])
        for alarm in alarms
        for dimension in alarm.get("Dimensions", [])
        if dimension["Name"] == "FunctionName"
    }
    for function in stage.resources("AWS::Lambda::Function"):
        for metric in ("Errors", "Throttles", "Duration"):
            assert (function, metric) in watched
    for alarm in alarms:
        # One window of two calls nobody; both together do (test_observability.py).
        assert alarm.get("AlarmActions") or "-over-" in alarm["AlarmName"]
        assert alarm["AlarmDescription"]


def test_what_nobody_waits_for_lands_somewhere_when_it_fails(stage: Stage) -> None:
    queues = stage.resources("AWS::SQS::Queue")
    invoked = {
        target_of(permission["FunctionName"])
        for permission in stage.properties("AWS::Lambda::Permission")
        if permission["Principal"] == "events.amazonaws.com"
    }
    assert len(invoked) >= 4
    kept = {
        target_of(config["FunctionName"]): target_of(
            config["DestinationConfig"]["OnFailure"]["Destination"]
        )
        for config in stage.properties("AWS::Lambda::EventInvokeConfig")
    }
    for function in invoked:
        assert kept[function] in queues
    for rule in stage.properties("AWS::Events::Rule"):
        for target in rule["Targets"]:
            assert target_of(target["DeadLetterConfig"]["Arn"]) in queues


def mapping_of_queue(stage: Stage) -> Json:
    mappings = stage.properties("AWS::Lambda::EventSourceMapping", "app")
    [found] = [mapping for mapping in mappings if "StartingPosition" not in mapping]
    return found


def test_a_consumed_queue_gives_up_after_five_tries_and_waits_long_enough(stage: Stage) -> None:
    mapping = mapping_of_queue(stage)
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    queue = stage.resources("AWS::SQS::Queue")[target_of(mapping["EventSourceArn"])]["Properties"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    function = stage.resources("AWS::Lambda::Function")[target_of(mapping["FunctionName"])]
    assert queue["VisibilityTimeout"] >= 6 * function["Properties"]["Timeout"]


def test_requested_studies_travel_from_the_bus_to_the_queue(stage: Stage) -> None:
    mapping = mapping_of_queue(stage)
    [rule] = [
        rule
        for rule in stage.properties("AWS::Events::Rule")
        if rule["Name"].endswith("on-study-requested")
    ]
    assert rule["EventPattern"] == {
        "source": ["algotrendy"],
        "detail-type": ["SweepRequested", "WalkForwardRequested"],
    }
    assert target_of(rule["Targets"][0]["Arn"]) == target_of(mapping["EventSourceArn"])


def test_stores_are_kept_in_the_cloud_and_lie_in_the_data_stack_alone(stage: Stage) -> None:
    for name, template in stage.templates.items():
        for resource in template["Resources"].values():
            if resource["Type"] in STATEFUL:
                # The status page shares nothing with the others, its bucket neither.
                assert name in ("data", "status")
                kept = resource["DeletionPolicy"], resource["UpdateReplacePolicy"]
                wanted = ("RetainExceptOnCreate", "Retain") if stage.is_cloud else ("Delete",) * 2
                assert kept == wanted
    assert len(stage.properties("AWS::S3::Bucket")) == (5 if stage.is_cloud else 4)


def test_buckets_are_private_encrypted_and_refuse_plain_http(stage: Stage) -> None:
    policies = json.dumps(stage.properties("AWS::S3::BucketPolicy"))
    buckets = stage.resources("AWS::S3::Bucket")
    assert policies.count('"aws:SecureTransport": "false"') == len(buckets)
    for bucket in stage.properties("AWS::S3::Bucket"):
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["BucketEncryption"]


def test_the_database_of_the_cloud_is_aurora_dsql_and_of_the_laptop_is_given(
    stages: dict[str, Stage],
) -> None:
    assert not stages["local"].resources("AWS::DSQL::Cluster")
    for name, protected in (("dev", False), ("prod", True)):
        [cluster] = stages[name].properties("AWS::DSQL::Cluster")
        assert cluster["DeletionProtectionEnabled"] is protected


def test_services_have_a_network_and_of_the_functions_only_what_uses_the_cache(
    stages: dict[str, Stage],
) -> None:
    assert set(stages["local"].templates) == {"data", "app", "live"}
    for name in ("dev", "prod"):
        stage = stages[name]
        assert set(stage.templates) == {
            *("data", "network", "app", "live", "observability", "status")
        }
        assert len(stage.resources("AWS::EC2::NatGateway")) == 1
        assert len(stage.resources("AWS::EC2::FlowLog")) == 1
        [endpoint] = stage.properties("AWS::EC2::VPCEndpoint")
        assert endpoint["VpcEndpointType"] == "Gateway"
        inside = {
            short(stage, function)
            for function in stage.properties("AWS::Lambda::Function")
            if "VpcConfig" in function
        }
        # Every API counts its callers' requests in the cache.
        apis = {function for function in _functions(stage) if function.endswith("-api")}
        assert len(apis) >= 4
        cached = apis | {"market-data-on-ticks"}
        assert inside == (cached if name == "prod" else set())
    assert not stages["dev"].resources("AWS::ElastiCache::ServerlessCache")
    [cache] = stages["prod"].properties("AWS::ElastiCache::ServerlessCache")
    assert cache["Engine"] == "valkey"


def _functions(stage: Stage) -> set[str]:
    return {short(stage, function) for function in stage.properties("AWS::Lambda::Function")}


def test_the_cache_is_named_where_there_is_one(stages: dict[str, Stage]) -> None:
    urls = {}
    for name, stage in stages.items():
        for api in ("market-data-api", "trading-api"):
            _, function = stage.function(api)
            urls[name] = function["Environment"]["Variables"].get("ALGOTRENDY_CACHE_URL")
    assert urls["local"] == "redis://127.0.0.1:6380"
    assert urls["dev"] is None
    assert "rediss://" in json.dumps(urls["prod"])


def test_every_published_setting_is_a_field_of_settings(stage: Stage) -> None:
    prefix = f"/algotrendy/{stage.name}/"
    published = {
        parameter["Name"].removeprefix(prefix)
        for parameter in stage.properties("AWS::SSM::Parameter")
    }
    expected = {
        "api_key_pepper",
        "api_url",
        "audit_heads_url",
        "console_client_id",
        "database_url",
        "event_bus",
        "flags_source",
        "lake_url",
        "order_queue_url",
        "live_queue_url",
        "order_state_machine_arn",
        "results_url",
        "sign_in_url",
        "study_max_concurrency",
        "sweep_state_machine_arn",
        "tick_stream",
        "token_issuer",
        "token_jwks_url",
        "user_pool_client_id",
        "user_pool_id",
        "walk_forward_state_machine_arn",
    }
    cache = set() if stage.name == "dev" else {"cache_url"}
    status = {"status_url"} if stage.is_cloud else set()
    assert published == expected | cache | status
    assert published <= set(Settings.model_fields)


def test_every_variable_of_a_function_is_a_field_of_settings(stage: Stage) -> None:
    for function in stage.properties("AWS::Lambda::Function"):
        for name in function["Environment"]["Variables"]:
            if name.startswith("ALGOTRENDY_"):
                assert name.removeprefix("ALGOTRENDY_").lower() in Settings.model_fields


def test_http_functions_are_restored_from_a_snapshot_behind_an_alias(cloud: Stage) -> None:
    snapped = {
        logical_id
        for logical_id, function in cloud.resources("AWS::Lambda::Function").items()
        if function["Properties"].get("SnapStart") == {"ApplyOn": "PublishedVersions"}
    }
    # Who asks the gateway also waits for the one that judges credentials.
    assert snapped == {cloud.function(name)[0] for name in (*HTTP, "identity-authorize")}
    aliases = cloud.resources("AWS::Lambda::Alias")
    assert {target_of(alias["Properties"]["FunctionName"]) for alias in aliases.values()} == snapped
    assert {alias["Properties"]["Name"] for alias in aliases.values()} == {"live"}
    # An image has no snapshot.
    images = {cloud.function("live-api")[0]}
    for integration in cloud.properties("AWS::ApiGatewayV2::Integration"):
        assert target_of(integration["IntegrationUri"]) in aliases.keys() | images
        assert integration["PayloadFormatVersion"] == "2.0"


def test_every_state_machine_is_json_and_fills_every_placeholder(stage: Stage) -> None:
    machines = stage.properties("AWS::StepFunctions::StateMachine")
    assert len(machines) == 3
    for machine in machines:
        definition = machine["DefinitionString"]
        json.loads(definition)
        wanted = set(re.findall(r"\$\{(\w+)\}", definition))
        assert set(machine["DefinitionSubstitutions"]) == wanted
        assert machine["LoggingConfiguration"]["Level"] == "ALL"
        assert machine["TracingConfiguration"]["Enabled"] is stage.is_cloud


@pytest.mark.parametrize(
    ("machine_name", "state"), [("sweep", "RunShards"), ("walk-forward", "RunWindows")]
)
def test_shards_and_windows_run_side_by_side(stage: Stage, machine_name: str, state: str) -> None:
    [parts] = [
        json.loads(machine["DefinitionString"])["States"][state]
        for machine in stage.properties("AWS::StepFunctions::StateMachine")
        if machine["StateMachineName"].endswith(f"-backtest-{machine_name}")
    ]
    assert parts["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    assert parts["MaxConcurrency"] > 0


def test_what_the_emulator_refuses_is_left_out_of_the_laptop_alone(
    stages: dict[str, Stage],
) -> None:
    refused = (
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::DSQL::Cluster",
        "AWS::ECS::Service",
        "AWS::Events::Archive",
    )
    for kind in refused:
        assert not stages["local"].resources(kind)
        assert stages["dev"].resources(kind)
        assert stages["prod"].resources(kind)

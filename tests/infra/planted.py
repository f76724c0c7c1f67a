"""Build small apps, each with one thing to look at, and print what the CDK made of them.

Run by .venv-infra's interpreter; the tests read the JSON that it prints last.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)

# By name: the type checker of the tests' environment has no CDK to check these against.
cdk: Any = importlib.import_module("aws_cdk")
house_rules: Any = importlib.import_module("infra_cdk.checks.house_rules")
nag: Any = importlib.import_module("infra_cdk.checks.nag")
config: Any = importlib.import_module("infra_cdk.config")
edges: Any = importlib.import_module("infra_cdk.capabilities.edge")
log_search: Any = importlib.import_module("infra_cdk.capabilities.log_search")
foundation: Any = importlib.import_module("infra_cdk.patterns.foundation")
layers: Any = importlib.import_module("infra_cdk.layers")
permissions: Any = importlib.import_module("infra_cdk.patterns.permissions")
saga: Any = importlib.import_module("infra_cdk.patterns.saga")
service: Any = importlib.import_module("infra_cdk.patterns.service")
synth: Any = importlib.import_module("infra_cdk.synth")

DEV = config.stage_config("dev", {})
PROD = config.stage_config("prod", {})
BUS = "arn:aws:events:eu-west-1:123456789012:event-bus/b"


def wildcard_action(stack: Any) -> None:
    role = cdk.aws_iam.Role(stack, "Role", assumed_by=cdk.aws_iam.AccountRootPrincipal())
    role.add_to_policy(
        cdk.aws_iam.PolicyStatement(actions=["s3:*"], resources=["arn:aws:s3:::bucket"])
    )


def wildcard_resource(stack: Any) -> None:
    role = cdk.aws_iam.Role(stack, "Role", assumed_by=cdk.aws_iam.AccountRootPrincipal())
    role.add_to_policy(
        cdk.aws_iam.PolicyStatement(
            actions=["dynamodb:PutItem", "xray:PutTraceSegments"], resources=["*"]
        )
    )


def wildcard_inline(stack: Any) -> None:
    statement = cdk.aws_iam.PolicyStatement(actions=["sqs:SendMessage"], resources=["*"])
    cdk.aws_iam.Role(
        stack,
        "Role",
        assumed_by=cdk.aws_iam.AccountRootPrincipal(),
        inline_policies={"all": cdk.aws_iam.PolicyDocument(statements=[statement])},
    )


def all_but(stack: Any) -> None:
    role = cdk.aws_iam.Role(stack, "Role", assumed_by=cdk.aws_iam.AccountRootPrincipal())
    role.add_to_policy(
        cdk.aws_iam.PolicyStatement(not_actions=["iam:PassRole"], resources=["arn:aws:s3:::b"])
    )


def function(stack: Any, **more: Any) -> Any:
    group = cdk.aws_logs.LogGroup(stack, "Logs", retention=cdk.aws_logs.RetentionDays.ONE_WEEK)
    return cdk.aws_lambda.Function(
        stack,
        "Function",
        runtime=cdk.aws_lambda.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=cdk.aws_lambda.Code.from_inline("def handler(event, context): return None"),
        **{"log_group": group, **more},
    )


def scheduled_without_destination(stack: Any) -> None:
    cdk.aws_events.Rule(
        stack,
        "Rule",
        schedule=cdk.aws_events.Schedule.rate(cdk.Duration.minutes(5)),
        targets=[cdk.aws_events_targets.LambdaFunction(function(stack))],
    )


def scheduled_with_destination(stack: Any) -> None:
    queue = cdk.aws_sqs.Queue(stack, "Failed")
    failed = cdk.aws_lambda_destinations.SqsDestination(queue)
    cdk.aws_events.Rule(
        stack,
        "Rule",
        schedule=cdk.aws_events.Schedule.rate(cdk.Duration.minutes(5)),
        targets=[cdk.aws_events_targets.LambdaFunction(function(stack, on_failure=failed))],
    )


def consumed_queue_without_dead_letters(stack: Any) -> None:
    queue = cdk.aws_sqs.Queue(stack, "Queue")
    function(stack).add_event_source_mapping("Source", event_source_arn=queue.queue_arn)


def endless_log_group(stack: Any) -> None:
    cdk.aws_logs.LogGroup(stack, "Logs", retention=cdk.aws_logs.RetentionDays.INFINITE)


def function_without_log_group(stack: Any) -> None:
    function(stack, log_group=None)


def bucket_that_goes(stack: Any) -> None:
    cdk.aws_s3.Bucket(stack, "Bucket", removal_policy=cdk.RemovalPolicy.DESTROY)


def bucket_that_stays(stack: Any) -> None:
    cdk.aws_s3.Bucket(stack, "Bucket", removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)


def open_bucket(stack: Any) -> None:
    cdk.aws_s3.Bucket(stack, "Bucket", removal_policy=cdk.RemovalPolicy.RETAIN)


def fargate(stack: Any) -> None:
    cluster = cdk.aws_ecs.Cluster(
        stack,
        "Cluster",
        vpc=cdk.aws_ec2.Vpc(
            stack,
            "Vpc",
            max_azs=2,
            nat_gateways=1,
            flow_logs={"All": cdk.aws_ec2.FlowLogOptions()},
        ),
        container_insights_v2=cdk.aws_ecs.ContainerInsights.ENABLED,
    )
    topic = cdk.aws_sns.Topic(stack, "Alarms", enforce_ssl=True)
    base = foundation.Foundation(config=PROD, layers=None, alarm_topic=topic)
    for name, single in (("streaming", False), ("execution", True)):
        made = service.Service(
            stack,
            name.capitalize(),
            foundation=base,
            spec=service.ServiceSpec(
                capability="market_data" if name == "streaming" else "trading",
                name=name,
                port=8080,
                health_command=("python", "-m", "health"),
                max_tasks=1 if single else 4,
                single_writer=single,
            ),
            cluster=cluster,
            image=cdk.aws_ecs.ContainerImage.from_registry("public.ecr.aws/algotrendy/x:1"),
        )
        made.grant("Publish", ["events:PutEvents"], [BUS])


def edge(stack: Any) -> None:
    """Stand for the stack of the edge, with the secret that it reads."""
    domain = config.Edge(
        domain="api.example.com",
        certificate_arn="arn:aws:acm:us-east-1:123456789012:certificate/abc",
        origin="abc123.execute-api.eu-west-1.amazonaws.com",
    )
    firewall = edges.Firewall(stack, "Firewall", config=PROD, edge=domain)
    edges.ApiDistribution(stack, "Api", config=PROD, edge=domain, firewall=firewall)


def shipping(stack: Any) -> None:
    arn = "arn:aws:es:eu-west-1:123456789012:domain/logs"
    groups = ["/aws/lambda/algotrendy-prod-trading-api", "/aws/ecs/algotrendy-prod-trading"]
    log_search.LogShipping(stack, "Ship", config=PROD, domain_arn=arn, groups=groups)


HOUSE = (
    wildcard_action,
    wildcard_resource,
    wildcard_inline,
    all_but,
    scheduled_without_destination,
    scheduled_with_destination,
    consumed_queue_without_dead_letters,
    endless_log_group,
    function_without_log_group,
    bucket_that_goes,
    bucket_that_stays,
)


def look_at(build: Callable[[Any], None], output: str, *, with_nag: bool = False) -> Any:
    app = cdk.App(
        outdir=f"{output}/{build.__name__}", analytics_reporting=False, tree_metadata=False
    )
    stack = cdk.Stack(app, "planted")
    build(stack)
    house_rules.apply_house_rules(app, DEV)
    if with_nag:
        nag.check_aws_solutions(app)
    assembly = app.synth(validate_on_synthesis=False)
    return {
        "refusals": synth.refusals(assembly),
        "template": assembly.get_stack_by_name("planted").template,
    }


def nag_finds(build: Callable[[Any], None], output: str) -> list[str]:
    try:
        look_at(build, output, with_nag=True)
    except RuntimeError:
        report = json.loads(Path(f"{output}/{build.__name__}/validation-report.json").read_text())
        return sorted(
            violation["ruleName"]
            for plugin in report["pluginReports"]
            for violation in plugin.get("violations", [])
        )
    return []


def error_of(work: Callable[[], object]) -> str:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - whatever it is, the test reads it
        return f"{type(error).__name__}: {error}"
    return ""


def too_large() -> None:
    built = layers.BuiltLayer("lake", "lake.zip", "0" * 64, 251 * 2**20)
    builder = SimpleNamespace(build=lambda profile: built)
    stack = cdk.Stack(cdk.App(), "large")
    versions = foundation.Layers(stack, DEV, builder)
    versions.check_size("run-shard", ROOT / "functions" / "backtest", ["lake"])


def wildcard_without_reason() -> None:
    rights = permissions.Permissions(
        cdk.Stack(cdk.App(), "reason"), service="lambda.amazonaws.com", description="Test"
    )
    rights.allow("Read", ["s3:GetObject"], ["arn:aws:s3:::bucket/*"])


def definition_errors(folder: Path) -> dict[str, str]:
    lacking, broken = folder / "lacking.asl.json", folder / "broken.asl.json"
    lacking.write_text('{"StartAt": "${First}", "Limit": ${Limit}}')
    broken.write_text('{"StartAt": ${Limit},}')
    return {
        "lacking": error_of(lambda: saga.fill_numbers(lacking, {"Limit": "3"})),
        "broken": error_of(lambda: saga.fill_numbers(broken, {"Limit": "3"})),
        "filled": saga.fill_numbers(lacking, {"Limit": "3", "First": "A"})[0],
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as output:
        found = {build.__name__: look_at(build, output) for build in HOUSE}
        found["open_bucket"] = {"nag": nag_finds(open_bucket, output)}
        found["fargate"] = look_at(fargate, output) | {"nag": nag_finds(fargate, output)}
        for build in (edge, shipping):
            nag_found = {"nag": nag_finds(build, output)}
            found[build.__name__] = look_at(build, output) | nag_found
        found["errors"] = {
            "too_large": error_of(too_large),
            "wildcard_without_reason": error_of(wildcard_without_reason),
            **definition_errors(Path(output)),
        }
    sys.stdout.write("\n" + json.dumps(found) + "\n")


if __name__ == "__main__":
    main()

"""Each role's rights, one by one: a new right is a change of this file."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from fakes.cloud_assembly import Stage
from fakes.state_machines import tasks_of_definition

LOGS = {("logs:CreateLogStream", "log group"), ("logs:PutLogEvents", "log group")}
PUT_TRACES = {("xray:PutTraceSegments", "*")}
TRACES = {("xray:PutTelemetryRecords", "*")} | PUT_TRACES
BASE = LOGS | TRACES
LAKE = {("s3:GetObject", "lake/*"), ("s3:ListBucket", "lake bucket")}
CHANGE_LAKE = {("s3:PutObject", "lake/*"), ("s3:AbortMultipartUpload", "lake/*")}
FORGET_LAKE = {("s3:DeleteObject", "lake/*")}
PEPPER = {("secretsmanager:GetSecretValue", "pepper")}
DATABASE = {("dsql:DbConnectAdmin", "database")}
PUBLISH = {("events:PutEvents", "bus")}
LIST_RESULTS = {("s3:ListBucket", "results bucket")}
STUDIES = ("sweep", "walk-forward")
START = {("states:StartExecution", f"{study} machine") for study in STUDIES} | {
    ("states:DescribeExecution", f"{study} executions") for study in STUDIES
}
ANSWER = {("states:SendTaskSuccess", "order machine")}
START_ORDER = {("states:StartExecution", "order machine")}
RING = {("sqs:SendMessage", "order queue")}
CONSUME, CONSUME_RUNS = (
    {
        (f"sqs:{action}", queue)
        for action in (
            "ReceiveMessage",
            "DeleteMessage",
            "ChangeMessageVisibility",
            "GetQueueAttributes",
        )
    }
    for queue in ("queue", "queue of runs")
)
NUDGE = {("sqs:SendMessage", "queue of runs")}
BOARD = ("board", "doors")
FLAGS = {
    ("appconfig:GetLatestConfiguration", "flags"),
    ("appconfig:StartConfigurationSession", "flags"),
}
# What places orders of strategies asks each time whether they may cost money.
PLACE_ORDERS = PUBLISH | RING | START_ORDER | ANSWER | FLAGS
# It changes flags, and tells whether the audit is sound.
CHANGE_FLAGS = {
    *(
        (f"appconfig:{verb}", kind)
        for verb, kinds in (
            ("CreateHostedConfigurationVersion", ("application", "profile")),
            ("GetHostedConfigurationVersion", ("application", "profile", "versions of flags")),
            ("ListDeployments", ("application", "environment", "profile", "strategy")),
            ("StartDeployment", ("application", "environment", "profile", "strategy")),
            ("GetDeployment", ("application", "environment", "deployments of flags")),
            ("StopDeployment", ("application", "environment", "deployments of flags")),
        )
        for kind in kinds
    )
}
LIST_HEADS = {("s3:ListBucketVersions", "heads bucket")}
# What the CDK itself grants for an on-failure destination.
KEEP_FAILURES = {
    (f"sqs:{action}", "queue") for action in ("SendMessage", "GetQueueAttributes", "GetQueueUrl")
}


def reads(*keys: str) -> set[tuple[str, str]]:
    return {("s3:GetObject", f"studies/{key}") for key in keys} | LIST_RESULTS


def writes(*keys: str) -> set[tuple[str, str]]:
    actions = ("s3:PutObject", "s3:AbortMultipartUpload")
    return {(action, f"studies/{key}") for key in keys for action in actions}


RIGHTS = {
    "market-data-api": BASE | FLAGS | LAKE | DATABASE | PEPPER,
    "market-data-keep-lake": BASE | LAKE | CHANGE_LAKE | FORGET_LAKE | KEEP_FAILURES,
    "market-data-repair-bars": BASE | LAKE | CHANGE_LAKE | KEEP_FAILURES | PUBLISH,
    "market-data-fetch-daily": BASE | LAKE | CHANGE_LAKE | KEEP_FAILURES | PUBLISH,
    "market-data-on-ticks": BASE
    | LAKE
    | KEEP_FAILURES
    | PUBLISH
    | {
        (action, f"lake/{name}/*")
        for name in (
            "ticks",
            "quarantined_ticks",
            "tick_fixes",
            "stream_holes",
            "chart_bars",
            "streaming",
        )
        for action in ("s3:PutObject", "s3:AbortMultipartUpload")
    }
    | {
        (f"kinesis:{action}", "tick stream")
        for action in (
            "DescribeStream",
            "DescribeStreamSummary",
            "GetRecords",
            "GetShardIterator",
            "ListShards",
        )
    },
    "backtest-api": BASE
    | FLAGS
    | LAKE
    | DATABASE
    | PEPPER
    | PUBLISH
    | reads("*")
    # Who cancels a study stops its workflow.
    | {
        (f"states:{action}Execution", f"{study} executions")
        for action in ("Describe", "Stop")
        for study in STUDIES
    },
    "backtest-on-study-requested": BASE | DATABASE | START | CONSUME,
    "backtest-plan-sweep": BASE | DATABASE | LAKE | reads("*/plan*") | writes("*/plan*"),
    "backtest-run-shard": BASE | LAKE | reads("*/plan*", "*/results/*") | writes("*/results/*"),
    "backtest-reduce-sweep": BASE
    | LAKE
    | reads("*")
    | writes("*/results.csv", "*/report.html", "*/summary.json"),
    "backtest-plan-walk": BASE | DATABASE | LAKE | reads("*/plan*") | writes("*/plan*"),
    "backtest-run-window": BASE
    | DATABASE
    | LAKE
    | reads("*/plan*", "*/results/*", "*/scores/*")
    | writes("*/results/*", "*/scores/*", "*/failures/*"),
    "backtest-reduce-walk": BASE
    | DATABASE
    | LAKE
    | reads("*")
    | writes("*/walk-forward.json", "*/report.html", "*/summary.json"),
    "backtest-record-outcome": BASE | DATABASE | PUBLISH | reads("*/summary.json", "*/failures/*"),
    "backtest-restart-lost-studies": BASE
    | DATABASE
    | PUBLISH
    | START
    | KEEP_FAILURES
    | reads("*/summary.json"),
    "identity-authorize": BASE | DATABASE | PEPPER,
    "identity-api": BASE | DATABASE | PEPPER | FLAGS | CHANGE_FLAGS | LIST_HEADS,
    "identity-seal-audit": BASE
    | DATABASE
    | KEEP_FAILURES
    | LIST_HEADS
    | {("s3:PutObject", "audit-heads/*")},
    "live-api": BASE | DATABASE | PEPPER | LAKE | NUDGE | PLACE_ORDERS,
    "live-on-bars-closed": BASE | DATABASE | CONSUME | NUDGE,
    "live-advance-run": BASE | DATABASE | CONSUME_RUNS | LAKE | PLACE_ORDERS,
    "live-on-schedule": BASE | DATABASE | NUDGE | KEEP_FAILURES,
    "live-watch-runs": BASE | DATABASE | LAKE | NUDGE | PLACE_ORDERS | KEEP_FAILURES,
    "live-report-parity": BASE | DATABASE | LAKE | PUBLISH | KEEP_FAILURES,
    "trading-api": BASE | DATABASE | PEPPER | FLAGS | PUBLISH | RING | START_ORDER | ANSWER,
    "trading-begin-order": BASE | DATABASE,
    "trading-await-approval": BASE | DATABASE | ANSWER,
    "trading-withdraw-order": BASE | DATABASE | PUBLISH,
    "trading-resolve-order": BASE | DATABASE | RING | ANSWER,
    "trading-await-end": BASE | DATABASE | ANSWER,
    "trading-settle-order": BASE | DATABASE | ANSWER,
    "trading-sweep-orders": BASE
    | DATABASE
    | PUBLISH
    | START_ORDER
    | ANSWER
    | KEEP_FAILURES
    | {("states:DescribeExecution", "order executions")},
    "operations-api": BASE | DATABASE | PEPPER | FLAGS,
    "operations-rotate-broker-key": BASE
    | KEEP_FAILURES
    | {("ecs:UpdateService", "execution service")}
    | {
        (f"secretsmanager:{verb}", "broker accounts")
        for verb in (
            "DescribeSecret",
            "GetSecretValue",
            "PutSecretValue",
            "UpdateSecretVersionStage",
        )
    },
    "operations-relay-outbox": BASE | DATABASE | PUBLISH | KEEP_FAILURES,
    "operations-probe-status": BASE
    | KEEP_FAILURES
    | {("s3:ListBucket", "status bucket")}
    | {(f"s3:{verb}Object", f"/{name}.json") for verb in ("Get", "Put") for name in BOARD}
    | {("s3:PutObject", f"/public/{name}") for name in ("index.html", "status.json")}
    | {("ssm:GetParameter", f"setting {name}") for name in ("api_url", "token_jwks_url")},
}

# What a task of a service needs, and which parameter names its target.
TARGETS = {
    "lambda": ("lambda:InvokeFunction", "FunctionName"),
    "sqs": ("sqs:SendMessage", "QueueUrl"),
}

# What a resource is, told by the text of its reference.
KINDS = (
    (r"(?<=\")/(board|doors|public/\w+)\.(json|html)", None),
    (r"PageBucket", "status bucket"),
    (r"parameter/algotrendy/dev/api_url", "setting api_url"),
    (r"parameter/algotrendy/dev/token_jwks_url", "setting token_jwks_url"),
    (r"(lake|studies)/[^\"]*\*[^\"]*", None),
    (r"audit-heads/\*", None),
    (r"AuditHeadsBucket", "heads bucket"),
    (r":ecs:.*:service/algotrendy-dev/algotrendy-dev-trading-execution", "execution service"),
    (r":appconfig:.*/configuration/", "flags"),
    (r":appconfig:.*deploymentstrategy/", "strategy"),
    (r":appconfig:.*/hostedconfigurationversion/\*", "versions of flags"),
    (r":appconfig:.*/configurationprofile/", "profile"),
    (r":appconfig:.*/deployment/\*", "deployments of flags"),
    (r":appconfig:.*/environment/", "environment"),
    (r":appconfig:.*application/", "application"),
    (r"MarketDataLakeBucket", "lake bucket"),
    (r"BacktestResultsBucket", "results bucket"),
    (r"LogGroup|Logs[0-9A-F]{8}", "log group"),
    (r"OperationsDatabase", "database"),
    (r"OperationsBus", "bus"),
    (r"IdentityPepper", "pepper"),
    (r"stateMachine:algotrendy-\w+-backtest-sweep\"", "sweep machine"),
    (r"execution:algotrendy-\w+-backtest-sweep[:/]\*", "sweep executions"),
    (r"stateMachine:algotrendy-\w+-backtest-walk-forward\"", "walk-forward machine"),
    (r"execution:algotrendy-\w+-backtest-walk-forward[:/]\*", "walk-forward executions"),
    (r"stateMachine:algotrendy-\w+-trading-order\"", "order machine"),
    (r"execution:algotrendy-\w+-trading-order:\*", "order executions"),
    (r"TradingOrdersQueue[0-9A-F]{8}", "order queue"),
    (r"LiveRunsQueue[0-9A-F]{8}", "queue of runs"),
    (r"secret:algotrendy/dev/broker-accounts-\*", "broker accounts"),
    (r"secret:algotrendy/dev/stream-key-\*", "stream key"),
    (r"TicksStream[0-9A-F]{8}", "tick stream"),
    (r"Queue[0-9A-F]{8}", "queue"),
    (r"^\"\*\"$", "*"),
)


def kind_of(resource: Any) -> str:
    text = json.dumps(resource)
    for pattern, kind in KINDS:
        if found := re.search(pattern, text):
            return kind or found[0]
    return text


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def rights(stage: Stage, role: str) -> set[tuple[str, str]]:
    return {
        (action, kind_of(resource))
        for policy in stage.properties("AWS::IAM::Policy")
        if {"Ref": role} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }


def machine_named(stage: Stage, name: str) -> dict[str, Any]:
    [machine] = [
        machine
        for machine in stage.properties("AWS::StepFunctions::StateMachine")
        if machine["StateMachineName"] == f"algotrendy-{stage.name}-{name}"
    ]
    return machine


def role_of_machine(stage: Stage, name: str) -> str:
    role: str = machine_named(stage, name)["RoleArn"]["Fn::GetAtt"][0]
    return role


def role_of_task(stage: Stage, family: str) -> str:
    [task] = [
        task
        for task in stage.properties("AWS::ECS::TaskDefinition")
        if task["Family"] == f"algotrendy-{stage.name}-{family}"
    ]
    role: str = task["TaskRoleArn"]["Fn::GetAtt"][0]
    return role


@pytest.mark.parametrize("name", sorted(RIGHTS))
def test_a_function_may_do_what_its_work_needs_and_nothing_else(
    stages: dict[str, Stage], name: str
) -> None:
    dev = stages["dev"]
    _, function = dev.function(name)
    role = function["Role"]["Fn::GetAtt"][0]
    assert rights(dev, role) == RIGHTS[name]


def test_the_list_of_rights_names_every_function(stages: dict[str, Stage]) -> None:
    functions = stages["dev"].properties("AWS::Lambda::Function")
    assert {f["FunctionName"].removeprefix("algotrendy-dev-") for f in functions} == set(RIGHTS)


def test_a_function_in_the_network_may_only_add_its_interfaces(stages: dict[str, Stage]) -> None:
    _, function = stages["prod"].function("market-data-api")
    more = rights(stages["prod"], function["Role"]["Fn::GetAtt"][0]) - RIGHTS["market-data-api"]
    assert {action.split(":")[0] for action, _ in more} == {"ec2"}


@pytest.mark.parametrize(
    ("name", "steps", "items"),
    [
        ("sweep", ("plan-sweep", "run-shard", "reduce-sweep"), "shards"),
        ("walk-forward", ("plan-walk", "run-window", "reduce-walk"), "windows"),
    ],
)
def test_a_workflow_may_invoke_its_four_functions_and_run_its_own_map(
    stages: dict[str, Stage], name: str, steps: tuple[str, ...], items: str
) -> None:
    dev = stages["dev"]
    held = rights(dev, role_of_machine(dev, f"backtest-{name}"))
    steps = (*steps, "record-outcome")
    functions = {dev.function(f"backtest-{step}")[0] for step in steps}
    invoked = {resource for action, resource in held if action == "lambda:InvokeFunction"}
    assert {json.loads(reference)["Fn::GetAtt"][0] for reference in invoked} == functions
    assert {right for right in held if right[0].startswith(("states:", "s3:"))} == {
        ("states:StartExecution", f"{name} machine"),
        ("states:DescribeExecution", f"{name} executions"),
        ("states:StopExecution", f"{name} executions"),
        ("states:RedriveExecution", f"{name} executions"),
        ("s3:GetObject", f"studies/*/plan/{items}.json"),
    }


def test_an_orders_workflow_may_invoke_its_steps_and_send_orders_on(
    stages: dict[str, Stage],
) -> None:
    dev = stages["dev"]
    held = rights(dev, role_of_machine(dev, "trading-order"))
    steps = (
        "begin-order",
        "await-approval",
        "withdraw-order",
        "resolve-order",
        "await-end",
        "settle-order",
    )
    functions = {dev.function(f"trading-{step}")[0] for step in steps}
    invoked = {resource for action, resource in held if action == "lambda:InvokeFunction"}
    assert {json.loads(reference)["Fn::GetAtt"][0] for reference in invoked} == functions
    assert {right for right in held if right[0].startswith(("states:", "sqs:"))} == RING


def test_the_execution_service_may_hear_orders_answer_them_and_read_its_brokers_keys(
    stages: dict[str, Stage],
) -> None:
    dev = stages["dev"]
    held = rights(dev, role_of_task(dev, "trading-execution"))
    assert held == DATABASE | PUBLISH | ANSWER | PUT_TRACES | FLAGS | {
        *(
            (f"sqs:{action}", "order queue")
            for action in ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility")
        ),
        ("secretsmanager:GetSecretValue", "broker accounts"),
    }


def test_the_streaming_service_may_put_ticks_read_the_lake_and_its_feeds_key(
    stages: dict[str, Stage],
) -> None:
    dev = stages["dev"]
    assert rights(dev, role_of_task(dev, "market-data-streaming")) == PUT_TRACES | FLAGS | {
        ("kinesis:PutRecords", "tick stream"),
        ("kinesis:DescribeStreamSummary", "tick stream"),
        ("s3:ListBucket", "lake bucket"),
        *(("s3:GetObject", f"lake/{name}/*") for name in ("ticks", "tick_fixes", "chart_bars")),
        ("secretsmanager:GetSecretValue", "stream key"),
    }


@pytest.mark.parametrize("name", ["trading-order", "backtest-sweep", "backtest-walk-forward"])
def test_every_target_of_a_workflow_has_a_grant(stages: dict[str, Stage], name: str) -> None:
    dev = stages["dev"]
    machine = machine_named(dev, name)
    held = {
        (action, json.dumps(resource))
        for policy in dev.properties("AWS::IAM::Policy")
        if {"Ref": machine["RoleArn"]["Fn::GetAtt"][0]} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
    wanted = set()
    for task in tasks_of_definition(json.loads(machine["DefinitionString"])).values():
        service = task["Resource"].removeprefix("arn:aws:states:::").split(":")[0]
        action, parameter = TARGETS[service]
        placeholder = task["Parameters"][parameter].strip("${}")
        reference = machine["DefinitionSubstitutions"][placeholder]
        # A queue is called by its URL, and granted by its ARN.
        [logical_id] = reference.values() if service == "sqs" else [reference["Fn::GetAtt"][0]]
        wanted.add((action, json.dumps({"Fn::GetAtt": [logical_id, "Arn"]})))
    assert wanted
    assert wanted <= held


def test_no_role_borrows_a_managed_policy(stage: Stage) -> None:
    for role in stage.properties("AWS::IAM::Role"):
        assert not role.get("ManagedPolicyArns")

"""The order path's queue, service and alarms, read from the templates."""

from __future__ import annotations

import json
from typing import Any

from algotrendy.trading.events import (
    KillSwitchPulled,
    LedgerDiffers,
    PositionUnprotected,
    RiskBreached,
)
from fakes.cloud_assembly import Stage

Json = dict[str, Any]


def queues(stage: Stage) -> dict[str, Json]:
    prefix = f"algotrendy-{stage.name}-"
    return {
        queue["QueueName"].removeprefix(prefix): queue
        for queue in stage.properties("AWS::SQS::Queue")
    }


def test_orders_of_one_account_come_in_their_order(stage: Stage) -> None:
    queue = queues(stage)["trading-orders.fifo"]
    assert queue["FifoQueue"] is True
    assert queue["DeduplicationScope"] == "messageGroup"
    assert queue["FifoThroughputLimit"] == "perMessageGroupId"
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert queue["SqsManagedSseEnabled"] is True
    dead_letters = queues(stage)["trading-orders-dead-letters.fifo"]
    assert dead_letters["FifoQueue"] is True
    assert dead_letters["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_what_waits_in_the_queue_of_orders_for_a_minute_is_heard_of(stage: Stage) -> None:
    [alarm] = [
        alarm
        for alarm in stage.properties("AWS::CloudWatch::Alarm")
        if alarm["AlarmName"] == f"algotrendy-{stage.name}-trading-orders-too-old"
    ]
    assert (alarm["Threshold"], alarm["Period"]) == (60, 60)


def test_one_task_speaks_to_brokers_and_stops_before_its_successor_starts(cloud: Stage) -> None:
    name = f"algotrendy-{cloud.name}-trading-execution"
    services = cloud.properties("AWS::ECS::Service")
    [service] = [each for each in services if each["ServiceName"] == name]
    assert service["DeploymentConfiguration"]["MaximumPercent"] == 100
    assert not cloud.resources("AWS::ApplicationAutoScaling::ScalableTarget")
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"


def test_the_service_reaches_brokers_aws_and_the_database_alone(cloud: Stage) -> None:
    [group] = [
        group
        for group in cloud.properties("AWS::EC2::SecurityGroup")
        if group["GroupDescription"] == f"Tasks of algotrendy-{cloud.name}-trading-execution"
    ]
    assert "SecurityGroupIngress" not in group
    assert {rule["FromPort"] for rule in group["SecurityGroupEgress"]} == {443, 5432}


def test_the_services_keys_are_named_and_never_in_its_environment(cloud: Stage) -> None:
    tasks = cloud.properties("AWS::ECS::TaskDefinition")
    [task] = [each for each in tasks if each["Family"].endswith("trading-execution")]
    [container] = task["ContainerDefinitions"]
    variables = {each["Name"]: each["Value"] for each in container["Environment"]}
    accounts = variables["ALGOTRENDY_BROKER_ACCOUNTS"]
    assert accounts == f"secret:algotrendy/{cloud.name}/broker-accounts"
    assert container["PortMappings"] == [
        {"ContainerPort": int(variables["ALGOTRENDY_EXECUTION_PORT"]), "Protocol": "tcp"}
    ]


def test_an_order_path_that_is_stuck_is_one_alarm(cloud: Stage) -> None:
    [alarm] = [
        alarm
        for alarm in cloud.properties("AWS::CloudWatch::CompositeAlarm")
        if alarm["AlarmName"] == f"algotrendy-{cloud.name}-orders-stuck"
    ]
    rule = json.dumps(alarm["AlarmRule"])
    assert rule.count("TradingOrder") >= 5


def test_what_somebody_must_look_at_reaches_those_who_hear_of_alarms(stage: Stage) -> None:
    [rule] = [
        rule
        for rule in stage.properties("AWS::Events::Rule")
        if rule["Name"].endswith("-trading-alarming-events")
    ]
    known = {kind.name for kind in (KillSwitchPulled, LedgerDiffers, PositionUnprotected)}
    assert set(rule["EventPattern"]["detail-type"]) == known | {RiskBreached.name}
    [topic] = stage.resources("AWS::SNS::Topic", "app")
    [target] = rule["Targets"]
    assert target["Arn"] == {"Ref": topic}
    policies = json.dumps(stage.properties("AWS::SNS::TopicPolicy", "app"))
    assert "events.amazonaws.com" in policies


def test_the_dashboard_begins_with_orders(stage: Stage) -> None:
    [dashboard] = stage.properties("AWS::CloudWatch::Dashboard", "app")
    body = json.dumps(dashboard["DashboardBody"])
    assert body.index("trading-order") < body.index("backtest-sweep")

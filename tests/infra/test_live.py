"""The stack of live strategies: who wakes runs, in which order, and what it shares."""

from __future__ import annotations

import json
from typing import Any

from fakes.cloud_assembly import Stage

Json = dict[str, Any]
STACK = "live"
MOST_RESOURCES = 500


def queue(stage: Stage, name: str) -> tuple[str, Json]:
    [found] = [
        (logical_id, each["Properties"])
        for logical_id, each in stage.resources("AWS::SQS::Queue", STACK).items()
        if each["Properties"]["QueueName"] == f"algotrendy-{stage.name}-{name}"
    ]
    return found


def mapping(stage: Stage, function: str) -> Json:
    logical_id, _ = stage.function(function)
    [found] = [
        each
        for each in stage.properties("AWS::Lambda::EventSourceMapping", STACK)
        if each["FunctionName"] == {"Ref": logical_id}
    ]
    return found


def rule(stage: Stage, name: str) -> Json:
    [found] = [
        each
        for each in stage.properties("AWS::Events::Rule", STACK)
        if each["Name"] == f"algotrendy-{stage.name}-live-{name}"
    ]
    return found


def test_no_stack_comes_near_the_number_of_resources_that_it_may_have(stage: Stage) -> None:
    for name, template in stage.templates.items():
        assert len(template["Resources"]) < 0.98 * MOST_RESOURCES, name


def test_closed_bars_travel_from_the_bus_to_who_nudges_runs(stage: Stage) -> None:
    bars, _ = queue(stage, "live-bars")
    found = rule(stage, "on-bars-closed")
    assert found["EventPattern"] == {"source": ["algotrendy"], "detail-type": ["BarsClosed"]}
    assert found["Targets"][0]["Arn"] == {"Fn::GetAtt": [bars, "Arn"]}
    consumed = mapping(stage, "live-on-bars-closed")
    assert consumed["EventSourceArn"] == {"Fn::GetAtt": [bars, "Arn"]}
    assert consumed["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_nudges_of_one_run_come_in_order_and_those_of_others_do_not_wait_for_them(
    stage: Stage,
) -> None:
    logical_id, runs = queue(stage, "live-runs.fifo")
    assert runs["FifoQueue"] is True
    assert runs["DeduplicationScope"] == "messageGroup"
    assert runs["FifoThroughputLimit"] == "perMessageGroupId"
    consumed = mapping(stage, "live-advance-run")
    assert consumed["EventSourceArn"] == {"Fn::GetAtt": [logical_id, "Arn"]}
    # A strategy that hangs takes no other's message with it.
    assert consumed["BatchSize"] == 1
    assert consumed["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_run_whose_nudge_failed_is_held_up_for_seconds_and_not_for_half_an_hour(
    stage: Stage,
) -> None:
    _, runs = queue(stage, "live-runs.fifo")
    _, function = stage.function("live-advance-run")
    assert function["Timeout"] < runs["VisibilityTimeout"] <= function["Timeout"] + 60
    assert runs["RedrivePolicy"]["maxReceiveCount"] == 5
    _, dead = queue(stage, "live-runs-dead-letters.fifo")
    assert dead["FifoQueue"] is True


def test_runs_are_watched_and_called_each_minute_and_compared_each_night(stage: Stage) -> None:
    assert rule(stage, "watch-runs")["ScheduleExpression"] == "rate(1 minute)"
    assert rule(stage, "on-schedule")["ScheduleExpression"] == "rate(1 minute)"
    assert rule(stage, "report-parity")["ScheduleExpression"] == "cron(30 6 * * ? *)"


def test_its_routes_stand_on_the_applications_gateway_behind_the_same_judge(stage: Stage) -> None:
    assert not stage.resources("AWS::ApiGatewayV2::Api", STACK)
    assert not stage.resources("AWS::ApiGatewayV2::Authorizer", STACK)
    [of_app] = {
        json.dumps(route["ApiId"]) for route in stage.properties("AWS::ApiGatewayV2::Route", "app")
    }
    logical_id = json.loads(of_app)["Ref"]
    for route in stage.properties("AWS::ApiGatewayV2::Route", STACK):
        assert logical_id in route["ApiId"]["Fn::ImportValue"]


def test_it_imports_nothing_that_a_deploy_gives_another_name(stage: Stage) -> None:
    text = json.dumps(stage.templates[STACK])
    assert "Fn::ImportValue" in text
    # A layer's version has a new name whenever it changes, and what is imported cannot go.
    for resource in ("LayersCode", "LayersCore", "CurrentVersion"):
        assert f"ExportsOutputRef{resource}" not in text


def test_only_what_may_place_orders_knows_whether_they_may_cost_money(stage: Stage) -> None:
    for name in ("live-api", "live-advance-run", "live-watch-runs"):
        _, function = stage.function(name)
        variables = function["Environment"]["Variables"]
        assert "ALGOTRENDY_FLAGS_SOURCE" in variables
        # The setting of the stage is off unless somebody turns it on.
        assert "ALGOTRENDY_LIVE_TRADING" not in variables

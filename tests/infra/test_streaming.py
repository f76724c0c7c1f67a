"""The way of ticks through the cloud, read from the templates."""

from __future__ import annotations

import json
from typing import Any

from fakes.cloud_assembly import Stage

Json = dict[str, Any]


def mapping(stage: Stage) -> Json:
    [found] = [
        mapping
        for mapping in stage.properties("AWS::Lambda::EventSourceMapping")
        if "StartingPosition" in mapping
    ]
    return found


def alarm(stage: Stage, name: str) -> Json:
    [found] = [
        alarm
        for alarm in stage.properties("AWS::CloudWatch::Alarm")
        if alarm["AlarmName"] == f"algotrendy-{stage.name}-{name}"
    ]
    return found


def streaming_service(stage: Stage) -> Json:
    [found] = [
        service
        for service in stage.properties("AWS::ECS::Service")
        if service["ServiceName"].endswith("market-data-streaming")
    ]
    return found


def streaming_task(stage: Stage) -> Json:
    [found] = [
        task
        for task in stage.properties("AWS::ECS::TaskDefinition")
        if task["Family"].endswith("market-data-streaming")
    ]
    return found


def test_ticks_lie_encrypted_in_as_many_shards_as_the_stage_needs(stage: Stage) -> None:
    [stream] = stage.properties("AWS::Kinesis::Stream")
    assert stream["Name"] == f"algotrendy-{stage.name}-ticks"
    assert stream["StreamEncryption"] == {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    mode = stream["StreamModeDetails"]["StreamMode"]
    expected = ("ON_DEMAND", None) if stage.name == "prod" else ("PROVISIONED", 1)
    assert (mode, stream.get("ShardCount")) == expected


def test_a_failed_batch_is_tried_in_parts_for_long_and_then_put_away(stage: Stage) -> None:
    found = mapping(stage)
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert found["BisectBatchOnFunctionError"] is True
    assert found["StartingPosition"] == "TRIM_HORIZON"
    assert found["MaximumRetryAttempts"] == 1000
    assert found["MaximumRecordAgeInSeconds"] == 12 * 3600
    assert found.get("MaximumBatchingWindowInSeconds") == (None if stage.name == "local" else 1)
    assert "TicksFailures" in json.dumps(found["DestinationConfig"]["OnFailure"])
    assert alarm(stage, "tick-failures-not-empty")["Threshold"] == 1


def test_the_consumer_knows_lake_styles_and_where_poisoned_records_go(stage: Stage) -> None:
    _, function = stage.function("market-data-on-ticks")
    told = function["Environment"]["Variables"]
    assert told["ALGOTRENDY_STREAM_STYLES"] == "time:interval=1Min"
    assert "TicksFailures" in json.dumps(told["ALGOTRENDY_TICK_FAILURES_URL"])
    assert {"ALGOTRENDY_LAKE_URL"} <= set(told)
    assert ("ALGOTRENDY_CACHE_URL" in told) == (stage.name != "dev")


def test_somebody_hears_of_ticks_that_wait_are_lost_or_make_no_bars(stage: Stage) -> None:
    late = alarm(stage, "ticks-late")
    assert (late["MetricName"], late["Threshold"]) == ("IteratorAge", 60_000)
    for name in ("TickRecordsMissing", "BarsStuck", "StreamHoles"):
        found = alarm(stage, f"ticks-{name}")
        assert (found["Threshold"], found["Namespace"]) == (1, "AlgoTrendy")
        assert found["Dimensions"] == [{"Name": "service", "Value": "market_data"}]
        assert found["AlarmActions"]


def test_a_feed_that_stays_silent_is_heard_of_and_one_silence_is_not(stage: Stage) -> None:
    found = alarm(stage, "ticks-silent")
    assert (found["MetricName"], found["Namespace"]) == ("StreamSilences", "AlgoTrendy")
    assert (found["Period"], found["EvaluationPeriods"], found["Threshold"]) == (900, 2, 1)
    assert found["AlarmActions"]


def test_somebody_hears_of_many_ticks_that_are_refused(stage: Stage) -> None:
    found = alarm(stage, "ticks-quarantined")
    assert (found["MetricName"], found["Namespace"]) == ("TicksQuarantined", "AlgoTrendy")
    assert (found["Period"], found["EvaluationPeriods"], found["Threshold"]) == (900, 1, 100)
    assert found["AlarmActions"]


def test_the_dashboard_shows_the_ticks(stage: Stage) -> None:
    [page] = stage.properties("AWS::CloudWatch::Dashboard", "app")
    text = json.dumps(page["DashboardBody"])
    for shown in ("IteratorAge", "TicksStored", "TickRecordsMissing", "StreamHoles"):
        assert shown in text


def test_the_name_of_the_stream_is_published(stage: Stage) -> None:
    names = {item["Name"] for item in stage.properties("AWS::SSM::Parameter")}
    assert f"/algotrendy/{stage.name}/tick_stream" in names


def test_one_task_streams_where_symbols_are_named(cloud: Stage) -> None:
    service = streaming_service(cloud)
    assert service["DeploymentConfiguration"]["MaximumPercent"] == 100
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
    assert len(network["SecurityGroups"]) == (2 if cloud.name == "prod" else 1)
    [container] = streaming_task(cloud)["ContainerDefinitions"]
    told = {item["Name"]: item["Value"] for item in container["Environment"]}
    assert told["ALGOTRENDY_STREAM_SYMBOLS"] == "AAPL,BTC/USD"
    assert told["ALGOTRENDY_STREAM_KEY"] == f"secret:algotrendy/{cloud.name}/stream-key"
    assert container["HealthCheck"]["Command"][-1] == "health"
    assert container["PortMappings"] == [{"ContainerPort": 4595, "Protocol": "tcp"}]


def test_the_service_is_reached_by_clients_in_the_network_and_reaches_tls_alone(
    cloud: Stage,
) -> None:
    [group] = [
        group
        for group in cloud.properties("AWS::EC2::SecurityGroup")
        if group["GroupDescription"].endswith("market-data-streaming")
    ]
    assert [rule["FromPort"] for rule in group["SecurityGroupEgress"]] == [443]
    [rule] = group["SecurityGroupIngress"]
    assert (rule["FromPort"], rule["ToPort"]) == (4595, 4595)
    assert rule["CidrIp"] != "0.0.0.0/0"


def test_the_laptop_deploys_no_streaming_service(stages: dict[str, Stage]) -> None:
    assert stages["local"].properties("AWS::ECS::Service") == []

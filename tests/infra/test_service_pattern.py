"""The Fargate pattern, on an app of its own until a service needs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Json = dict[str, Any]


@pytest.fixture
def resources(planted: Callable[[str], Json]) -> Callable[[str], dict[str, Json]]:
    template: Json = planted("fargate")["template"]

    def of(kind: str) -> dict[str, Json]:
        return {
            logical_id: resource["Properties"]
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] == kind
        }

    return of


Resources = Callable[[str], dict[str, Json]]


def test_the_pattern_is_clean_by_cdk_nag(planted: Callable[[str], Json]) -> None:
    assert planted("fargate")["nag"] == []


def test_a_task_runs_on_arm_as_nobody_on_a_read_only_file_system(resources: Resources) -> None:
    tasks = resources("AWS::ECS::TaskDefinition")
    assert len(tasks) == 2
    for task in tasks.values():
        assert task["RuntimePlatform"] == {
            "CpuArchitecture": "ARM64",
            "OperatingSystemFamily": "LINUX",
        }
        [container] = task["ContainerDefinitions"]
        assert container["User"] == "10001"
        assert container["ReadonlyRootFilesystem"] is True
        assert container["HealthCheck"]["Command"][0] == "CMD"
        assert container["LogConfiguration"]["LogDriver"] == "awslogs"


def test_a_service_has_no_public_address_and_rolls_back(resources: Resources) -> None:
    for service in resources("AWS::ECS::Service").values():
        network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
        assert network["AssignPublicIp"] == "DISABLED"
        assert service["DeploymentConfiguration"]["DeploymentCircuitBreaker"] == {
            "Enable": True,
            "Rollback": True,
        }
        assert not service.get("EnableExecuteCommand")


def test_a_single_writer_never_runs_twice_and_does_not_scale(resources: Resources) -> None:
    limits = {
        service["ServiceName"]: (
            service["DeploymentConfiguration"]["MinimumHealthyPercent"],
            service["DeploymentConfiguration"]["MaximumPercent"],
        )
        for service in resources("AWS::ECS::Service").values()
    }
    assert limits == {
        "algotrendy-prod-market-data-streaming": (100, 200),
        "algotrendy-prod-trading-execution": (0, 100),
    }
    [target] = resources("AWS::ApplicationAutoScaling::ScalableTarget").values()
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 4)


def test_a_service_lets_nobody_in_and_goes_out_over_tls_alone(resources: Resources) -> None:
    groups = resources("AWS::EC2::SecurityGroup")
    assert len(groups) == 2
    for group in groups.values():
        assert "SecurityGroupIngress" not in group
        [egress] = group["SecurityGroupEgress"]
        assert (egress["FromPort"], egress["ToPort"]) == (443, 443)

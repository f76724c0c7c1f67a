"""What estimates of a sweep take for given is what the templates deploy."""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import pytest

from algotrendy.backtest.estimate import CONCURRENCY, LAMBDA_MB, RECORD_MB, REDUCE_MB
from fakes.cloud_assembly import Stage

# By name: the type checker of the tests does not follow infra_cdk into the CDK.
config: Any = importlib.import_module("infra_cdk.config")


@pytest.mark.parametrize(
    ("name", "memory_mb"),
    [
        ("plan-sweep", LAMBDA_MB),
        ("run-shard", LAMBDA_MB),
        ("reduce-sweep", REDUCE_MB),
        ("record-outcome", RECORD_MB),
    ],
)
def test_a_function_has_the_memory_that_its_estimate_bills(
    stage: Stage, name: str, memory_mb: int
) -> None:
    _, function = stage.function(f"backtest-{name}")
    assert function["MemorySize"] == memory_mb


@pytest.mark.parametrize(
    ("machine", "state"), [("sweep", "RunShards"), ("walk-forward", "RunWindows")]
)
def test_the_stage_says_how_many_it_runs_at_once(stage: Stage, machine: str, state: str) -> None:
    [published] = [
        parameter["Value"]
        for parameter in stage.properties("AWS::SSM::Parameter")
        if parameter["Name"] == f"/algotrendy/{stage.name}/study_max_concurrency"
    ]
    [found] = [
        each
        for each in stage.properties("AWS::StepFunctions::StateMachine")
        if each["StateMachineName"].endswith(machine)
    ]
    at_once = json.loads(found["DefinitionString"])["States"][state]["MaxConcurrency"]
    assert int(published) == at_once
    told = {"ALGOTRENDY_LOCAL_PYTHON": sys.executable} if stage.name == "local" else {}
    assert at_once == config.stage_config(stage.name, told).study_max_concurrency


def test_where_no_stage_is_asked_the_estimate_is_that_of_dev() -> None:
    assert config.stage_config("dev", {}).study_max_concurrency == CONCURRENCY

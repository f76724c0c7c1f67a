"""Build a Step Functions workflow from its own file of states."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra_cdk.patterns.foundation import Foundation, arn, log_group
from infra_cdk.patterns.function import Function
from infra_cdk.patterns.permissions import Permissions

PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


class DefinitionError(Exception):
    """A state machine file and what it is given do not fit together."""


class Saga(Construct):
    """Hold a state machine with logs, tracing, alarms and a role that names each thing it calls.

    CDK derives no rights from a file of states, so that every call is granted here by hand.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        name: str,
        definition: Path,
        substitutions: Mapping[str, str],
        calls: Sequence[Function],
    ) -> None:
        super().__init__(scope, id_)
        config = foundation.config
        self.name = config.name(name)
        self.arn = arn(self, "states", f"stateMachine:{self.name}")
        text, substitutions = fill_numbers(definition, substitutions)
        self.permissions = Permissions(
            self, service="states.amazonaws.com", description=f"What {self.name} may do."
        )
        self.permissions.except_tracing(" Nor has log delivery, which CloudWatch checks on *.")
        self.grant(
            "InvokeFunctions",
            ["lambda:InvokeFunction"],
            [function.function.function_arn for function in calls],
        )
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=self.name,
            definition_body=sfn.DefinitionBody.from_string(text),
            definition_substitutions=substitutions,
            role=self.permissions.role,
            tracing_enabled=config.tracing,
            logs=sfn.LogOptions(
                destination=log_group(self, "Logs", config, f"/aws/vendedlogs/states/{self.name}"),
                level=sfn.LogLevel.ALL,
                # Inputs are sweep ids and S3 keys; the log still does not need them.
                include_execution_data=False,
            ),
        )
        self.permissions.precede(self.machine)
        if has_distributed_map(json.loads(text)):
            self._grant_map_runs()
        self.alarms = self._alarms(foundation)

    def grant(
        self, sid: str, actions: Sequence[str], resources: Sequence[str], because: str = ""
    ) -> None:
        """Allow these actions on these resources; see Permissions.allow."""
        self.permissions.allow(sid, actions, resources, because)

    def _grant_map_runs(self) -> None:
        # The machine's own name instead of its attribute: the role must exist before the machine.
        self.grant("StartMapRuns", ["states:StartExecution"], [self.arn])
        self.grant(
            "ManageMapRuns",
            ["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"],
            [arn(self, "states", f"execution:{self.name}/*")],
            because="A map run is named when it starts; these are this machine's own.",
        )

    def _alarms(self, foundation: Foundation) -> list[cloudwatch.AlarmBase]:
        period = Duration.minutes(5)
        metrics = {
            "Failed": self.machine.metric_failed(period=period),
            "TimedOut": self.machine.metric_timed_out(period=period),
            "Throttled": self.machine.metric_throttled(period=period),
        }
        return [
            foundation.alarm(
                metric.create_alarm(
                    self,
                    kind,
                    alarm_name=f"{self.name}-{kind.lower()}",
                    alarm_description=f"{self.name}: executions {kind.lower()}.",
                    threshold=1,
                    evaluation_periods=1,
                    treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
                )
            )
            for kind, metric in metrics.items()
        ]


def fill_numbers(definition: Path, substitutions: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Write the numbers into a file of states, and give the substitutions that remain.

    A placeholder for a number stands without quotes, so that only a filled file is JSON: filled
    here, the rest can be checked by whatever reads the template.

    Raises:
        DefinitionError: If a placeholder has no value, or the filled file is not JSON.
    """
    text = definition.read_text()
    wanted = set(PLACEHOLDER.findall(text))
    if missing := sorted(wanted - set(substitutions)):
        raise DefinitionError(f"{definition.name} needs values for {', '.join(missing)}")
    # A token of the CDK is text until the deploy; only what is a number now is filled now.
    numbers = {name for name in wanted if substitutions[name].isdigit()}
    for name in numbers:
        text = text.replace("${" + name + "}", substitutions[name])
    try:
        json.loads(text)
    except ValueError as error:
        raise DefinitionError(f"{definition.name} is not JSON: {error}") from error
    return text, {name: substitutions[name] for name in wanted - numbers}


def has_distributed_map(node: object) -> bool:
    """Tell whether any state of a definition, however deep, is a Distributed Map."""
    if isinstance(node, dict):
        mode = node.get("ProcessorConfig")
        if isinstance(mode, dict) and mode.get("Mode") == "DISTRIBUTED":
            return True
        return any(has_distributed_map(child) for child in node.values())
    return isinstance(node, list) and any(has_distributed_map(child) for child in node)

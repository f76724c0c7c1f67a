"""Build a Lambda function the one way the house builds them."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Annotated, Any

from aws_cdk import Annotations, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sqs as sqs
from constructs import Construct
from pydantic import Field

from infra_cdk.checks.exceptions import except_from
from infra_cdk.config import Frozen
from infra_cdk.layers import Profile
from infra_cdk.patterns.foundation import Foundation, architecture, log_group, runtime
from infra_cdk.patterns.image import Image
from infra_cdk.patterns.permissions import Permissions

# The part of its timeout that a function may use before somebody should look.
SLOW_SHARE = 0.8


class Trigger(Enum):
    """Say who waits for the answer, which decides where a failure goes."""

    HTTP = "http"
    WORKFLOW = "workflow"
    QUEUE = "queue"
    # Kinesis hands records over again until they are taken, or given up to a queue.
    STREAM = "stream"
    # Nobody waits: Lambda retries twice, then the event must land somewhere.
    EVENT = "event"


class FunctionSpec(Frozen):
    """Describe one function. The handler is ``functions/<capability>/<name>.py``.

    With an ``image`` it is one everywhere but on the laptop: for what does not fit into layers.
    """

    capability: str
    name: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
    summary: str
    trigger: Trigger
    layers: tuple[Profile, ...] = ("code", "core")
    image: Image | None = None
    memory_mb: Annotated[int, Field(ge=128, le=10_240)] = 512
    timeout_s: Annotated[int, Field(ge=1, le=900)] = 30
    ephemeral_mb: Annotated[int, Field(ge=512, le=10_240)] = 512


class Function(Construct):
    """Hold a function with its role, log group, alarms and, for HTTP in the cloud, SnapStart.

    The role starts with nothing but its own log stream; each further right is one `grant`.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        spec: FunctionSpec,
        environment: Mapping[str, str] | None = None,
        failures: sqs.IQueue | None = None,
        vpc: bool = False,
    ) -> None:
        super().__init__(scope, id_)
        if (spec.trigger is Trigger.EVENT) != (failures is not None):
            raise ValueError(f"{spec.name}: an event function needs a queue for failures")
        self.spec = spec
        config = foundation.config
        self.name = config.name(spec.capability, spec.name)
        self.logs = log_group(self, "Logs", config, f"/aws/lambda/{self.name}")
        self.permissions = Permissions(
            self, service="lambda.amazonaws.com", description=f"What {self.name} may do."
        )
        self.grant(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [self.logs.log_group_arn],
        )
        if config.tracing:
            self.permissions.except_tracing()
        if spec.trigger is Trigger.HTTP and foundation.flags:
            foundation.flags.grant_read(self)
        # What answers callers counts their requests in the cache, all processes together.
        access = foundation.cache_access if vpc or _counts(spec) else None
        if access:
            self._grant_network_interfaces()
        # An image cannot have one.
        snap_start = config.snap_start and spec.trigger is Trigger.HTTP and not spec.image
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=self.name,
            description=spec.summary,
            **self._package(foundation),
            architecture=architecture(config),
            memory_size=spec.memory_mb,
            timeout=Duration.seconds(spec.timeout_s),
            environment=_environment(foundation, spec, environment or {}),
            role=self.permissions.role,
            log_group=self.logs,
            tracing=lambda_.Tracing.ACTIVE if config.tracing else lambda_.Tracing.DISABLED,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if snap_start else None,
            vpc=access.vpc if access else None,
            vpc_subnets=(
                ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
                if access
                else None
            ),
            security_groups=[access.security_group] if access else None,
            on_failure=destinations.SqsDestination(failures) if failures else None,
        )
        self.permissions.precede(self.function)
        except_from(
            self.function,
            "L1",
            "Python 3.13 is the newest that every locked package has arm64 wheels for.",
        )
        self.live: lambda_.IFunction = self.function
        if snap_start:
            Annotations.of(self.function).acknowledge_warning(
                "@aws-cdk/aws-lambda:snapStartRequirePublish", "The alias publishes a version."
            )
            self.live = lambda_.Alias(
                self, "Live", alias_name="live", version=self.function.current_version
            )
        self._alarms(foundation)

    def grant(
        self, sid: str, actions: Sequence[str], resources: Sequence[str], because: str = ""
    ) -> None:
        """Allow these actions on these resources; see Permissions.allow."""
        self.permissions.allow(sid, actions, resources, because)

    def _package(self, foundation: Foundation) -> dict[str, Any]:
        """Give what the function is made of: code and layers, or an image."""
        spec, config = self.spec, foundation.config
        handler = f"{spec.name}.handler"
        if spec.image and not config.is_local:
            return {
                "code": lambda_.Code.from_asset_image(**spec.image.asset(), cmd=[handler]),
                "handler": lambda_.Handler.FROM_IMAGE,
                "runtime": lambda_.Runtime.FROM_IMAGE,
            }
        code = foundation.functions_root / spec.capability
        if not spec.image:
            # What is an image elsewhere is one since it does not fit; the laptop takes any size.
            foundation.layers.check_size(self.name, code, spec.layers)
        return {
            "code": lambda_.Code.from_asset(
                str(code), exclude=["**/__pycache__", "**/*.pyc", "__pycache__"]
            ),
            "handler": handler,
            "runtime": runtime(config),
            "layers": foundation.layers.versions(spec.layers),
        }

    def _grant_network_interfaces(self) -> None:
        self.grant(
            "JoinVpc",
            [
                "ec2:AssignPrivateIpAddresses",
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSubnets",
                "ec2:UnassignPrivateIpAddresses",
            ],
            ["*"],
            because="Lambda asks for these on * when a function joins a VPC, before it knows "
            "the interface.",
        )

    def _alarms(self, foundation: Foundation) -> None:
        period = Duration.minutes(5)
        function = self.function
        missing = cloudwatch.TreatMissingData.NOT_BREACHING
        self.errors_alarm = function.metric_errors(period=period).create_alarm(
            self,
            "Errors",
            alarm_name=f"{self.name}-errors",
            alarm_description=f"{self.name} raised: read its log group.",
            threshold=1,
            evaluation_periods=1,
            treat_missing_data=missing,
        )
        throttles = function.metric_throttles(period=period).create_alarm(
            self,
            "Throttles",
            alarm_name=f"{self.name}-throttles",
            alarm_description=f"{self.name} was refused a worker: concurrency is used up.",
            threshold=1,
            evaluation_periods=1,
            treat_missing_data=missing,
        )
        slow = function.metric_duration(period=period, statistic="p99").create_alarm(
            self,
            "Slow",
            alarm_name=f"{self.name}-slow",
            alarm_description=f"{self.name} comes near its timeout of {self.spec.timeout_s} s.",
            threshold=SLOW_SHARE * self.spec.timeout_s * 1000,
            evaluation_periods=2,
            treat_missing_data=missing,
        )
        for alarm in (self.errors_alarm, throttles, slow):
            foundation.alarm(alarm)


def _counts(spec: FunctionSpec) -> bool:
    return spec.trigger is Trigger.HTTP and spec.name == "api"


def _environment(
    foundation: Foundation, spec: FunctionSpec, own: Mapping[str, str]
) -> dict[str, str]:
    config = foundation.config
    reads_flags = spec.trigger is Trigger.HTTP
    counts = _counts(spec) and foundation.cache_url
    environment = {
        "ALGOTRENDY_STAGE": config.stage,
        "ALGOTRENDY_LOG_LEVEL": "INFO",
        "POWERTOOLS_SERVICE_NAME": spec.capability,
        "POWERTOOLS_METRICS_NAMESPACE": "AlgoTrendy",
        **(foundation.flags.environment() if reads_flags and foundation.flags else {}),
        **({"ALGOTRENDY_CACHE_URL": str(foundation.cache_url)} if counts else {}),
        **own,
    }
    if config.tracing:
        # Spans go to the daemon that Lambda runs beside a traced function.
        environment["ALGOTRENDY_TRACES"] = "xray"
    if config.local:
        environment["AWS_ENDPOINT_URL"] = config.local.endpoint_url
    return environment

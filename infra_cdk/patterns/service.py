"""Build a Fargate service: for what holds sockets open, and so cannot be a function."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_servicediscovery as servicediscovery
from constructs import Construct
from pydantic import Field, model_validator

from infra_cdk.checks.exceptions import except_from
from infra_cdk.config import Frozen
from infra_cdk.patterns.foundation import Foundation, log_group
from infra_cdk.patterns.permissions import Permissions

# Nobody's number on the host, and no name in the image.
USER_ID = "10001"
HTTPS = 443
BUSY_PERCENT = 60
OVERLOADED_PERCENT = 90


class ServiceSpec(Frozen):
    """Describe one service. Its entry point is ``services/<name>/``.

    ``egress`` are the ports that it may reach, and what for.
    """

    capability: str
    name: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
    port: Annotated[int, Field(ge=1024, le=65_535)]
    health_command: tuple[str, ...]
    cpu: Annotated[int, Field(ge=256, le=16_384)] = 512
    memory_mb: Annotated[int, Field(ge=512, le=122_880)] = 1024
    min_tasks: Annotated[int, Field(ge=1, le=100)] = 1
    max_tasks: Annotated[int, Field(ge=1, le=100)] = 4
    single_writer: bool = False
    stop_timeout_s: Annotated[int, Field(ge=1, le=120)] = 30
    egress: Mapping[int, str] = {HTTPS: "AWS and brokers over TLS"}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.min_tasks > self.max_tasks:
            raise ValueError(f"min_tasks {self.min_tasks} is above max_tasks {self.max_tasks}")
        if self.single_writer and self.max_tasks != 1:
            raise ValueError("a single writer runs as one task: max_tasks must be 1")
        return self


class Service(Construct):
    """Hold a service without a public address, that replaces itself only by healthy tasks.

    A single writer stops before its successor starts; any other service never stops answering.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        spec: ServiceSpec,
        cluster: ecs.ICluster,
        image: ecs.ContainerImage,
        environment: Mapping[str, str] | None = None,
        secrets: Mapping[str, ecs.Secret] | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] = (),
    ) -> None:
        super().__init__(scope, id_)
        self.spec = spec
        self.name = foundation.config.name(spec.capability, spec.name)
        self.permissions = Permissions(
            self, service="ecs-tasks.amazonaws.com", description=f"What {self.name} may do."
        )
        if foundation.config.tracing:
            self.grant(
                "WriteTraces",
                ["xray:PutTraceSegments"],
                ["*"],
                because="X-Ray takes traces on * alone.",
            )
        if foundation.flags:
            foundation.flags.grant_read(self)
        self.security_group = ec2.SecurityGroup(
            self,
            "Group",
            vpc=cluster.vpc,
            description=f"Tasks of {self.name}",
            allow_all_outbound=False,
        )
        for port, purpose in spec.egress.items():
            self.security_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(port), purpose)
        self.task = self._task(foundation, image, environment or {}, secrets or {})
        self.service = ecs.FargateService(
            self,
            "Service",
            service_name=self.name,
            cluster=cluster,
            task_definition=self.task,
            assign_public_ip=False,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            security_groups=[self.security_group, *security_groups],
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            min_healthy_percent=0 if spec.single_writer else 100,
            max_healthy_percent=100 if spec.single_writer else 200,
            enable_execute_command=False,
            cloud_map_options=self._discovery(foundation),
        )
        self._scale()
        self._alarms(foundation)

    def grant(
        self, sid: str, actions: Sequence[str], resources: Sequence[str], because: str = ""
    ) -> None:
        """Allow these actions on these resources; see Permissions.allow."""
        self.permissions.allow(sid, actions, resources, because)

    def _discovery(self, foundation: Foundation) -> ecs.CloudMapOptions | None:
        """Let other services find the tasks as ``<name>.<prefix>.internal``."""
        if foundation.namespace is None:
            return None
        return ecs.CloudMapOptions(
            cloud_map_namespace=foundation.namespace,
            name=self.spec.name,
            dns_record_type=servicediscovery.DnsRecordType.A,
            dns_ttl=Duration.seconds(10),
        )

    def _task(
        self,
        foundation: Foundation,
        image: ecs.ContainerImage,
        environment: Mapping[str, str],
        secrets: Mapping[str, ecs.Secret],
    ) -> ecs.FargateTaskDefinition:
        spec, config = self.spec, foundation.config
        task = ecs.FargateTaskDefinition(
            self,
            "Task",
            family=self.name,
            cpu=spec.cpu,
            memory_limit_mib=spec.memory_mb,
            task_role=self.permissions.role,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
        )
        task.add_container(
            "main",
            container_name="main",
            image=image,
            user=USER_ID,
            readonly_root_filesystem=True,
            stop_timeout=Duration.seconds(spec.stop_timeout_s),
            port_mappings=[ecs.PortMapping(container_port=spec.port)],
            health_check=ecs.HealthCheck(
                command=["CMD", *spec.health_command],
                interval=Duration.seconds(15),
                timeout=Duration.seconds(5),
                retries=3,
                start_period=Duration.seconds(30),
            ),
            logging=ecs.LogDrivers.aws_logs(
                stream_prefix=spec.name,
                log_group=log_group(self, "Logs", config, f"/aws/ecs/{self.name}"),
                # A slow log must not stop orders: lines are dropped before the service waits.
                mode=ecs.AwsLogDriverMode.NON_BLOCKING,
            ),
            environment={
                "ALGOTRENDY_STAGE": config.stage,
                "POWERTOOLS_SERVICE_NAME": spec.capability,
                "POWERTOOLS_METRICS_NAMESPACE": "AlgoTrendy",
                **({"ALGOTRENDY_TRACES": "xray"} if config.tracing else {}),
                **(foundation.flags.environment() if foundation.flags else {}),
                **environment,
            },
            secrets=dict(secrets),
        )
        except_from(
            task, "ECS2", "Names and addresses only; what is secret comes through `secrets`."
        )
        return task

    def _scale(self) -> None:
        if self.spec.single_writer:
            return
        scaling = self.service.auto_scale_task_count(
            min_capacity=self.spec.min_tasks, max_capacity=self.spec.max_tasks
        )
        scaling.scale_on_cpu_utilization(
            "Cpu",
            target_utilization_percent=BUSY_PERCENT,
            scale_in_cooldown=Duration.minutes(5),
            scale_out_cooldown=Duration.minutes(1),
        )

    def _alarms(self, foundation: Foundation) -> None:
        period = Duration.minutes(1)
        metrics = {
            "Cpu": self.service.metric_cpu_utilization(period=period),
            "Memory": self.service.metric_memory_utilization(period=period),
        }
        for kind, metric in metrics.items():
            foundation.alarm(
                metric.create_alarm(
                    self,
                    f"{kind}Alarm",
                    alarm_name=f"{self.name}-{kind.lower()}",
                    alarm_description=f"{self.name} has run out of {kind.lower()}, or is gone.",
                    threshold=OVERLOADED_PERCENT,
                    evaluation_periods=5,
                    # A service that runs reports its use every minute; silence is a fault.
                    treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
                )
            )

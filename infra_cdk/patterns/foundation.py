"""Carry what every construct of a stage needs: its configuration, layers, alarms and network."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import AssetHashType, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_servicediscovery as servicediscovery
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra_cdk.config import ROOT, StageConfig
from infra_cdk.layers import BuiltLayer, LayerBuilder, Profile, unzipped_size
from infra_cdk.patterns.permissions import Grantee

# Lambda counts the function and all its layers together, unzipped.
PACKAGE_LIMIT_BYTES = 250 * 1024 * 1024
RETENTION = {
    7: logs.RetentionDays.ONE_WEEK,
    30: logs.RetentionDays.ONE_MONTH,
    365: logs.RetentionDays.ONE_YEAR,
}


class PackageTooLargeError(Exception):
    """A function and its layers together are more than Lambda takes."""


@dataclass(frozen=True, slots=True)
class VpcAccess:
    """Put a function next to the cache, in private subnets."""

    vpc: ec2.IVpc
    security_group: ec2.ISecurityGroup


class Layers:
    """Turn built layers into layer versions of one stack, each made once."""

    def __init__(self, scope: Construct, config: StageConfig, builder: LayerBuilder) -> None:
        self._scope = Construct(scope, "Layers")
        self._config = config
        self._builder = builder
        self._versions: dict[Profile, lambda_.LayerVersion] = {}

    def versions(self, profiles: Sequence[Profile]) -> list[lambda_.ILayerVersion]:
        """Return the layer versions of ``profiles``, in their order."""
        return [self._version(profile) for profile in profiles]

    def check_size(self, function: str, code: Path, profiles: Sequence[Profile]) -> None:
        """Refuse a package that Lambda would refuse.

        Raises:
            PackageTooLargeError: If the code and its layers unzip to more than 250 MB.
        """
        built = [self._builder.build(profile) for profile in profiles]
        total = unzipped_size(code) + sum(layer.unzipped_bytes for layer in built)
        if total > PACKAGE_LIMIT_BYTES:
            parts = ", ".join(f"{layer.profile} {_megabytes(layer)}" for layer in built)
            raise PackageTooLargeError(
                f"{function} with its layers must unzip to at most "
                f"{PACKAGE_LIMIT_BYTES >> 20} MB, was {total >> 20} MB ({parts})"
            )

    def _version(self, profile: Profile) -> lambda_.LayerVersion:
        if profile not in self._versions:
            built = self._builder.build(profile)
            target = self._config.package_target
            self._versions[profile] = lambda_.LayerVersion(
                self._scope,
                profile.capitalize(),
                code=lambda_.Code.from_asset(
                    built.archive, asset_hash=built.sha256, asset_hash_type=AssetHashType.CUSTOM
                ),
                compatible_architectures=[architecture(self._config)],
                compatible_runtimes=[runtime(self._config)],
                description=f"AlgoTrendy {profile}, Python {target.python_version} "
                f"{target.machine}",
            )
        return self._versions[profile]


@dataclass(frozen=True, slots=True)
class FlagsAccess:
    """Say where a process reads flags that change without a deploy."""

    source: str
    arn: str

    def environment(self) -> dict[str, str]:
        """Give the setting that names the place."""
        return {"ALGOTRENDY_FLAGS_SOURCE": self.source}

    def grant_read(self, grantee: Grantee) -> None:
        """Let a function or a service read them."""
        grantee.grant(
            "ReadFlags",
            ["appconfig:GetLatestConfiguration", "appconfig:StartConfigurationSession"],
            [self.arn],
        )


@dataclass(frozen=True, slots=True)
class Foundation:
    """Hand a construct everything that it does not own itself."""

    config: StageConfig
    layers: Layers
    alarm_topic: sns.ITopic
    functions_root: Path = ROOT / "functions"
    cache_access: VpcAccess | None = None
    cache_url: str | None = None
    flags: FlagsAccess | None = None
    namespace: servicediscovery.INamespace | None = None

    def alarm(self, alarm: cloudwatch.AlarmBase) -> cloudwatch.AlarmBase:
        """Send an alarm, and its end, to the people who subscribed."""
        action = actions.SnsAction(self.alarm_topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        return alarm


def architecture(config: StageConfig) -> lambda_.Architecture:
    """Name the processor of the stage's functions."""
    if config.package_target.machine == "arm64":
        return lambda_.Architecture.ARM_64
    return lambda_.Architecture.X86_64


def runtime(config: StageConfig) -> lambda_.Runtime:
    """Name the Python of the stage's functions."""
    return lambda_.Runtime(
        f"python{config.package_target.python_version}",
        lambda_.RuntimeFamily.PYTHON,
        # Python has had SnapStart since 3.12; the local interpreter may be older.
        supports_snap_start=config.snap_start,
    )


def removal(config: StageConfig) -> RemovalPolicy:
    """Keep what a mistake must not delete; a first deploy that fails still cleans up."""
    if config.retain_data:
        return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    return RemovalPolicy.DESTROY


def log_group(scope: Construct, id_: str, config: StageConfig, name: str) -> logs.LogGroup:
    """Create a log group that forgets after the stage's number of days."""
    return logs.LogGroup(
        scope,
        id_,
        log_group_name=name,
        # A name of its own, kept after a deleted stack, would block the next deploy.
        removal_policy=RemovalPolicy.DESTROY,
        retention=RETENTION[config.log_retention_days],
    )


def arn(scope: Construct, service: str, resource: str) -> str:
    """Write the ARN of a resource in the stack's own account and region."""
    stack = Stack.of(scope)
    return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"


def _megabytes(layer: BuiltLayer) -> str:
    return f"{layer.unzipped_bytes / 2**20:.0f} MB"

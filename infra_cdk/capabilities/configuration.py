"""Build where flags and limits lie that change without a deploy: AppConfig."""

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_appconfig as appconfig
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra_cdk.config import ROOT
from infra_cdk.patterns.foundation import FlagsAccess, Foundation
from infra_cdk.patterns.permissions import Grantee, Permissions
from infra_cdk.patterns.settings import publish_settings

PROFILE = "flags"
SCHEMA = ROOT / "docs" / "flags.schema.json"
# A change of limits goes to one process in five each minute, and is watched five minutes more.
ROLL_OUT_MIN = 5
WATCH_MIN = 5


class Configuration(Construct):
    """Hold the document of flags, who may read it, and the two ways in which a change goes out.

    The document begins empty, so that every flag is its default; later deploys leave it alone. An
    alarm of ``watched`` during a gradual change takes that change back.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        watched: Sequence[cloudwatch.AlarmBase],
        schema: Path = SCHEMA,
    ) -> None:
        super().__init__(scope, id_)
        self._foundation = foundation
        config = foundation.config
        application = appconfig.CfnApplication(
            self,
            "Application",
            name=config.prefix,
            description=f"Flags and limits of AlgoTrendy, stage {config.stage}",
        )
        environment = appconfig.CfnEnvironment(
            self,
            "Environment",
            application_id=application.ref,
            name=config.stage,
            monitors=self._monitors(watched),
        )
        profile = appconfig.CfnConfigurationProfile(
            self,
            "Profile",
            application_id=application.ref,
            name=PROFILE,
            description="Only what differs from the defaults in algotrendy/platform/flags.py",
            location_uri="hosted",
            validators=[
                appconfig.CfnConfigurationProfile.ValidatorsProperty(
                    type="JSON_SCHEMA", content=schema.read_text()
                )
            ],
        )
        self._at_once = self._strategy("at-once", 0, 0, 100)
        # On the laptop nobody waits, and there is one of each process.
        minutes = (0, 0, 100) if config.is_local else (ROLL_OUT_MIN, WATCH_MIN, 20)
        self._gradual = self._strategy("gradual", *minutes)
        self._begin_empty(application, environment, profile)
        self._place = f"application/{application.ref}/environment/{environment.ref}"
        self._application, self._environment, self._profile = application, environment, profile
        self.access = FlagsAccess(
            source=f"{application.ref}/{environment.ref}/{profile.ref}",
            arn=self._arn(f"{self._place}/configuration/{profile.ref}"),
        )
        publish_settings(self, config, flags_source=self.access.source)

    def environment(self) -> dict[str, str]:
        """Give a function that changes flags what it needs to know."""
        operator = self._foundation.config.operator_tenant
        return {
            "ALGOTRENDY_FLAGS_STRATEGIES": f"{self._gradual.ref}/{self._at_once.ref}",
            **({"ALGOTRENDY_OPERATOR_TENANT": operator} if operator else {}),
        }

    def grant_change(self, grantee: Grantee) -> None:
        """Let a function store another document and roll it out."""
        application = self._arn(f"application/{self._application.ref}")
        profile = self._arn(
            f"application/{self._application.ref}/configurationprofile/{self._profile.ref}"
        )
        environment = self._arn(self._place)
        many = "Versions and deployments are numbered when they are made."
        grantee.grant(
            "StoreFlags",
            ["appconfig:CreateHostedConfigurationVersion"],
            [application, profile],
        )
        grantee.grant(
            "ReadStoredFlags",
            ["appconfig:GetHostedConfigurationVersion"],
            [application, profile, f"{profile}/hostedconfigurationversion/*"],
            because=many,
        )
        grantee.grant(
            "RollFlagsOut",
            ["appconfig:ListDeployments", "appconfig:StartDeployment"],
            [
                application,
                environment,
                profile,
                *(
                    self._arn(f"deploymentstrategy/{strategy.ref}")
                    for strategy in (self._gradual, self._at_once)
                ),
            ],
        )
        grantee.grant(
            "TakeFlagsBack",
            ["appconfig:GetDeployment", "appconfig:StopDeployment"],
            [application, environment, f"{environment}/deployment/*"],
            because=many,
        )

    def _monitors(
        self, watched: Sequence[cloudwatch.AlarmBase]
    ) -> list[appconfig.CfnEnvironment.MonitorsProperty]:
        permissions = Permissions(
            self,
            service="appconfig.amazonaws.com",
            description="Looks at alarms while a change of flags goes out.",
        )
        permissions.allow(
            "LookAtAlarms", ["cloudwatch:DescribeAlarms"], [alarm.alarm_arn for alarm in watched]
        )
        return [
            appconfig.CfnEnvironment.MonitorsProperty(
                alarm_arn=alarm.alarm_arn, alarm_role_arn=permissions.role.role_arn
            )
            for alarm in watched
        ]

    def _strategy(
        self, name: str, minutes: int, watched_min: int, percent: int
    ) -> appconfig.CfnDeploymentStrategy:
        return appconfig.CfnDeploymentStrategy(
            self,
            "Strategy" + name.title().replace("-", ""),
            name=self._foundation.config.name(PROFILE, name),
            deployment_duration_in_minutes=minutes,
            final_bake_time_in_minutes=watched_min,
            growth_factor=percent,
            growth_type="LINEAR",
            replicate_to="NONE",
        )

    def _begin_empty(
        self,
        application: appconfig.CfnApplication,
        environment: appconfig.CfnEnvironment,
        profile: appconfig.CfnConfigurationProfile,
    ) -> None:
        # Neither of the two ever changes, so that no later deploy puts it over what people set.
        empty = appconfig.CfnHostedConfigurationVersion(
            self,
            "Empty",
            application_id=application.ref,
            configuration_profile_id=profile.ref,
            content="{}",
            content_type="application/json",
            description="Every flag is its default",
        )
        appconfig.CfnDeployment(
            self,
            "Begin",
            application_id=application.ref,
            environment_id=environment.ref,
            configuration_profile_id=profile.ref,
            configuration_version=empty.ref,
            deployment_strategy_id=self._at_once.ref,
        )

    def _arn(self, resource: str) -> str:
        return Stack.of(self).format_arn(service="appconfig", resource=resource)

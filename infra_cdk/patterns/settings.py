"""Publish what the application's Settings read outside of a function."""

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra_cdk.config import StageConfig


def publish_settings(scope: Construct, config: StageConfig, **values: str) -> None:
    """Write one SSM parameter ``/algotrendy/<stage>/<field>`` for each field of Settings."""
    for field, value in values.items():
        ssm.StringParameter(
            scope,
            "Setting" + "".join(part.capitalize() for part in field.split("_")),
            parameter_name=config.parameter(field),
            string_value=value,
            description=f"AlgoTrendy Settings.{field}, stage {config.stage}",
        )

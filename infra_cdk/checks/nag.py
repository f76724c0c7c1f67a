"""Run the AWS Solutions rules, and write down why each exception is one."""

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks


def check_aws_solutions(app: App) -> None:
    """Refuse a template that breaks a rule of cdk-nag's AWS Solutions pack."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))

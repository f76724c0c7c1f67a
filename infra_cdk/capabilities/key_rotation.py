"""Build the rotation of brokers' keys: what Secrets Manager calls, and how often."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra_cdk.capabilities.execution import Execution
from infra_cdk.patterns.foundation import Foundation, arn
from infra_cdk.patterns.function import Function, FunctionSpec, Trigger
from infra_cdk.patterns.queue import DeadLetters

ROTATE_BROKER_KEY = FunctionSpec(
    capability="operations",
    name="rotate_broker_key",
    summary="Tries new keys of brokers that a person laid in, and puts them in place.",
    trigger=Trigger.EVENT,
    layers=("code", "core", "data", "history"),
    memory_mb=512,
    timeout_s=60,
)


class KeyRotation(Construct):
    """Hold the function; with ``config.rotate_keys_days`` Secrets Manager calls it that often.

    A rotation for which nobody laid new keys in fails, which is how people hear that it is time.
    """

    def __init__(
        self, scope: Construct, id_: str, *, foundation: Foundation, execution: Execution | None
    ) -> None:
        super().__init__(scope, id_)
        config = foundation.config
        secret = f"algotrendy/{config.stage}/broker-accounts"
        dead_letters = DeadLetters(
            self,
            "Failures",
            foundation=foundation,
            name=config.name("operations-rotation-failures"),
        )
        # A key of real money is tried where it trades.
        environment = {"ALGOTRENDY_LIVE_TRADING": "true"} if config.live_trading else {}
        if execution:
            environment["ALGOTRENDY_EXECUTION_SERVICE"] = (
                f"{config.prefix}/{execution.service.name}"
            )
        self.function = Function(
            self,
            "RotateBrokerKey",
            foundation=foundation,
            spec=ROTATE_BROKER_KEY,
            environment=environment,
            failures=dead_letters.queue,
        )
        # Also the secret beside it, into which people lay new keys.
        self.function.grant(
            "RotateKeys",
            [
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            [arn(self, "secretsmanager", f"secret:{secret}-*")],
            because="Secrets Manager adds six letters to the name when the secret is made.",
        )
        self.function.function.add_permission(
            "SecretsManager",
            principal=iam.ServicePrincipal("secretsmanager.amazonaws.com"),
            source_account=Aws.ACCOUNT_ID,
        )
        if execution:
            name = f"service/{config.prefix}/{execution.service.name}"
            self.function.grant("RestartService", ["ecs:UpdateService"], [arn(self, "ecs", name)])
            if config.rotate_keys_days:
                schedule = secretsmanager.CfnRotationSchedule(
                    self,
                    "Schedule",
                    secret_id=secret,
                    rotation_lambda_arn=self.function.function.function_arn,
                    rotate_immediately_on_update=False,
                    rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                        automatically_after_days=config.rotate_keys_days
                    ),
                )
                # Secrets Manager asks at once whether it may call the function.
                schedule.node.add_dependency(
                    self.function.function.node.find_child("SecretsManager")
                )

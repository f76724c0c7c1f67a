"""Build what seals the audit: a bucket that nobody deletes from, and who keeps heads in it."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra_cdk.capabilities.operations import OperationsStore
from infra_cdk.config import StageConfig
from infra_cdk.patterns.bucket import MANY_OBJECTS
from infra_cdk.patterns.foundation import Foundation, removal
from infra_cdk.patterns.function import Function, FunctionSpec, Trigger
from infra_cdk.patterns.queue import DeadLetters
from infra_cdk.patterns.schedule import Schedule
from infra_cdk.patterns.settings import publish_settings

FOLDER = "audit-heads"
# In prod not even the owner of the account shortens it.
LOCKED_DAYS = {"local": 1, "dev": 1, "prod": 2557}

SEAL_AUDIT = FunctionSpec(
    capability="identity",
    name="seal_audit",
    summary="Verifies the audit's chains, and keeps their heads where nobody changes them.",
    trigger=Trigger.EVENT,
    layers=("code", "core", "data"),
    memory_mb=512,
    timeout_s=50,
)


class AuditHeads(Construct):
    """Hold the bucket of heads: Object Lock keeps every version for its time.

    Who writes to the database has no right here, and who writes here cannot write over.
    """

    def __init__(
        self, scope: Construct, id_: str, *, config: StageConfig, access_logs: s3.IBucket
    ) -> None:
        super().__init__(scope, id_)
        days = Duration.days(LOCKED_DAYS[config.stage])
        locked = (
            s3.ObjectLockRetention.compliance(days)
            if config.stage == "prod"
            else s3.ObjectLockRetention.governance(days)
        )
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=None if config.is_local else 1.2,
            versioned=True,
            object_lock_enabled=True,
            object_lock_default_retention=locked,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{FOLDER}/",
            removal_policy=removal(config),
        )
        self._arn = Stack.of(self).export_value(self.bucket.bucket_arn)
        self.url = f"s3://{self.bucket.bucket_name}/{FOLDER}"
        publish_settings(self, config, audit_heads_url=self.url)

    def environment(self) -> dict[str, str]:
        """Give the setting that names the place."""
        return {"ALGOTRENDY_AUDIT_HEADS_URL": self.url}

    def grant_list(self, function: Function) -> None:
        """Let a function see every head that was ever kept; their names say all."""
        function.grant("ListHeads", ["s3:ListBucketVersions"], [self._arn])

    def grant_keep(self, function: Function) -> None:
        """Let a function keep heads; it cannot shorten how long."""
        function.grant(
            "KeepHeads", ["s3:PutObject"], [f"{self._arn}/{FOLDER}/*"], because=MANY_OBJECTS
        )


class AuditSeal(Construct):
    """Hold the function that seals the audit each minute; an unsound chain is its error."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        heads: AuditHeads,
        operations: OperationsStore,
    ) -> None:
        super().__init__(scope, id_)
        dead_letters = DeadLetters(
            self,
            "Failures",
            foundation=foundation,
            name=foundation.config.name("identity-seal-failures"),
        )
        self.function = Function(
            self,
            "SealAudit",
            foundation=foundation,
            spec=SEAL_AUDIT,
            environment={
                "ALGOTRENDY_DATABASE_URL": operations.database_url,
                **heads.environment(),
            },
            failures=dead_letters.queue,
        )
        operations.grant_database(self.function)
        heads.grant_list(self.function)
        heads.grant_keep(self.function)
        Schedule(
            self,
            "Schedule",
            foundation=foundation,
            function=self.function,
            dead_letters=dead_letters,
            every=Duration.minutes(1),
        )

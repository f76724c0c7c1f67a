"""Build a bucket that is private, encrypted, versioned and logged, and grant parts of it."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra_cdk.config import StageConfig
from infra_cdk.patterns.foundation import removal
from infra_cdk.patterns.function import Function

KEEP_OLD_VERSIONS_DAYS = 30

MANY_OBJECTS = "Objects are named when they are written; their bucket and folder are fixed."


class DataBucket(Construct):
    """Hold a bucket whose objects can be undeleted for a month.

    ``folder`` is the prefix that the application writes under; grants are given on it alone.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: StageConfig,
        folder: str,
        access_logs: s3.IBucket,
    ) -> None:
        super().__init__(scope, id_)
        self.folder = folder
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=None if config.is_local else 1.2,
            versioned=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{folder}/",
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="forget-old-versions",
                    noncurrent_version_expiration=Duration.days(KEEP_OLD_VERSIONS_DAYS),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                    expired_object_delete_marker=True,
                )
            ],
            removal_policy=removal(config),
        )
        # An export by name: what another stack imports is known before the synth, and can be named
        # in the exceptions from the rule against wildcards.
        self._arn = Stack.of(self).export_value(self.bucket.bucket_arn)
        self.arn = self._arn
        self.url = f"s3://{self.bucket.bucket_name}/{folder}"

    def grant_read(self, function: Function, *patterns: str) -> None:
        """Let a function read the objects of the folder whose key matches one of ``patterns``."""
        name = self.node.id
        resources = [self.objects(pattern) for pattern in patterns]
        function.grant(f"Read{name}", ["s3:GetObject"], resources, because=MANY_OBJECTS)
        # Without ListBucket a missing key answers 403, and "not there yet" looks like a fault.
        function.grant(f"List{name}", ["s3:ListBucket"], [self._arn])

    def grant_write(self, function: Function, *patterns: str) -> None:
        """Let a function write, but not delete, the objects whose key matches a pattern."""
        function.grant(
            f"Write{self.node.id}",
            ["s3:AbortMultipartUpload", "s3:PutObject"],
            [self.objects(pattern) for pattern in patterns],
            because=MANY_OBJECTS,
        )

    def grant_delete(self, function: Function, *patterns: str) -> None:
        """Let a function delete the objects whose key matches a pattern; they are kept a month."""
        function.grant(
            f"Delete{self.node.id}",
            ["s3:DeleteObject"],
            [self.objects(pattern) for pattern in patterns],
            because=MANY_OBJECTS,
        )

    def objects(self, pattern: str) -> str:
        """Write the ARN of the objects in the folder whose key matches ``pattern``."""
        return f"{self._arn}/{self.folder}/{pattern}"

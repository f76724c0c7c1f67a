"""Ship logs to OpenSearch, where a stage names a domain: groups to Firehose to an index a day."""

from collections.abc import Iterable

from aws_cdk import Duration
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra_cdk.checks.exceptions import except_from
from infra_cdk.config import StageConfig
from infra_cdk.patterns.foundation import arn, log_group, removal
from infra_cdk.patterns.permissions import Permissions

INDEX = "algotrendy"
KEEP_FAILED_DAYS = 30
# Whichever is first; small, since somebody may wait for a line.
BUFFER_S, BUFFER_MB = 60, 5


class LogShipping(Construct):
    """Hold the way of log lines to a domain that somebody else runs.

    What the domain does not take is kept in a bucket for a month. Lines lose nothing of what makes
    them searchable: they are JSON, and become documents as they are.

    Args:
        domain_arn: Of the OpenSearch domain; its access policy must let this stage's role write.
        groups: Names of the log groups to ship.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: StageConfig,
        domain_arn: str,
        groups: Iterable[str],
    ) -> None:
        super().__init__(scope, id_)
        self._name = config.name("log-search")
        failed = self._bucket(config)
        errors = log_group(self, "Errors", config, f"/aws/kinesisfirehose/{self._name}")
        stream = logs.LogStream(self, "ErrorStream", log_group=errors, log_stream_name="delivery")
        self.permissions = Permissions(
            self,
            service="firehose.amazonaws.com",
            description=f"What {self._name} may do.",
        )
        self._allow(domain_arn, failed, errors)
        self.stream = self._stream(domain_arn, failed, errors, stream)
        self.stream.node.add_dependency(self.permissions.role.node.find_child("DefaultPolicy"))
        self._subscribe(groups)

    def _bucket(self, config: StageConfig) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Failed",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="forget-failed-lines", expiration=Duration.days(KEEP_FAILED_DAYS)
                )
            ],
            removal_policy=removal(config),
        )
        except_from(bucket, "S1", "Copies of log lines, kept for a month; nobody reads them often.")
        return bucket

    def _allow(self, domain_arn: str, failed: s3.Bucket, errors: logs.ILogGroup) -> None:
        many = "Indices and objects are named when they are written."
        self.permissions.allow(
            "FindDomain",
            [
                "es:DescribeDomain",
                "es:DescribeDomainConfig",
                "es:DescribeDomains",
            ],
            [domain_arn],
        )
        self.permissions.allow(
            "WriteDocuments",
            ["es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut"],
            [f"{domain_arn}/*"],
            because=many,
        )
        self.permissions.allow(
            "KeepFailedLines",
            ["s3:AbortMultipartUpload", "s3:PutObject"],
            [f"{failed.bucket_arn}/*"],
            because=many,
        )
        self.permissions.allow(
            "FindBucket",
            ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
            [failed.bucket_arn],
        )
        self.permissions.allow("WriteErrors", ["logs:PutLogEvents"], [errors.log_group_arn])

    def _stream(
        self,
        domain_arn: str,
        failed: s3.Bucket,
        errors: logs.ILogGroup,
        stream: logs.LogStream,
    ) -> firehose.CfnDeliveryStream:
        kind = firehose.CfnDeliveryStream
        role = self.permissions.role.role_arn
        told = kind.CloudWatchLoggingOptionsProperty(
            enabled=True,
            log_group_name=errors.log_group_name,
            log_stream_name=stream.log_stream_name,
        )
        return kind(
            self,
            "Stream",
            delivery_stream_name=self._name,
            delivery_stream_type="DirectPut",
            delivery_stream_encryption_configuration_input=(
                kind.DeliveryStreamEncryptionConfigurationInputProperty(key_type="AWS_OWNED_CMK")
            ),
            amazonopensearchservice_destination_configuration=(
                kind.AmazonopensearchserviceDestinationConfigurationProperty(
                    domain_arn=domain_arn,
                    index_name=INDEX,
                    index_rotation_period="OneDay",
                    role_arn=role,
                    retry_options=kind.AmazonopensearchserviceRetryOptionsProperty(
                        duration_in_seconds=300
                    ),
                    buffering_hints=kind.AmazonopensearchserviceBufferingHintsProperty(
                        interval_in_seconds=BUFFER_S, size_in_m_bs=BUFFER_MB
                    ),
                    cloud_watch_logging_options=told,
                    processing_configuration=_unpacked(),
                    s3_backup_mode="FailedDocumentsOnly",
                    s3_configuration=kind.S3DestinationConfigurationProperty(
                        bucket_arn=failed.bucket_arn,
                        role_arn=role,
                        compression_format="GZIP",
                        cloud_watch_logging_options=told,
                    ),
                )
            ),
        )

    def _subscribe(self, groups: Iterable[str]) -> None:
        sender = Permissions(
            Construct(self, "Sender"),
            service="logs.amazonaws.com",
            description=f"How log groups reach {self._name}.",
        )
        stream_arn = arn(self, "firehose", f"deliverystream/{self._name}")
        sender.allow("ShipLogs", ["firehose:PutRecord", "firehose:PutRecordBatch"], [stream_arn])
        policy = sender.role.node.find_child("DefaultPolicy")
        for number, group in enumerate(groups):
            made = logs.CfnSubscriptionFilter(
                self,
                f"Ship{number}",
                filter_name=self._name,
                log_group_name=group,
                filter_pattern="",
                destination_arn=self.stream.attr_arn,
                role_arn=sender.role.role_arn,
            )
            made.node.add_dependency(policy)


def _unpacked() -> firehose.CfnDeliveryStream.ProcessingConfigurationProperty:
    """Let Firehose unzip what CloudWatch sends, and take the lines out of it."""
    kind = firehose.CfnDeliveryStream
    return kind.ProcessingConfigurationProperty(
        enabled=True,
        processors=[
            kind.ProcessorProperty(
                type="Decompression",
                parameters=[
                    kind.ProcessorParameterProperty(
                        parameter_name="CompressionFormat", parameter_value="GZIP"
                    )
                ],
            ),
            kind.ProcessorProperty(
                type="CloudWatchLogProcessing",
                parameters=[
                    kind.ProcessorParameterProperty(
                        parameter_name="DataMessageExtraction", parameter_value="true"
                    )
                ],
            ),
        ],
    )

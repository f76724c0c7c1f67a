"""Build the public status page: one function, one bucket, one distribution, and nothing else."""

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra_cdk.checks.exceptions import except_from
from infra_cdk.config import StageConfig
from infra_cdk.patterns.foundation import Foundation, arn, removal
from infra_cdk.patterns.function import Function, FunctionSpec, Trigger
from infra_cdk.patterns.queue import DeadLetters
from infra_cdk.patterns.schedule import Schedule
from infra_cdk.patterns.settings import publish_settings

CAPABILITY = "operations"
PUBLIC = "public"
EVERY = Duration.minutes(1)
KEEP_OLD_VERSIONS_DAYS = 3
# What it asks for comes from the application's stacks at runtime: no stack waits for another one.
ASKED_FOR = ("api_url", "token_jwks_url")

PROBE_STATUS = FunctionSpec(
    capability=CAPABILITY,
    name="probe_status",
    summary="Asks every capability from outside how it is, and writes the status page.",
    trigger=Trigger.EVENT,
    layers=("code", "core"),
    memory_mb=512,
    timeout_s=30,
)


class StatusPage(Construct):
    """Hold the page. It stays up when the rest is down, for it shares nothing with the rest."""

    def __init__(self, scope: Construct, id_: str, *, foundation: Foundation) -> None:
        super().__init__(scope, id_)
        self._foundation = foundation
        self.bucket = self._bucket(foundation.config)
        self.url = f"s3://{self.bucket.bucket_name}"
        self.distribution = self._distribution(foundation.config)
        self.probe = self._probe()
        self._alarm()
        publish_settings(self, foundation.config, status_url=self.url)
        CfnOutput(
            self,
            "Url",
            value=f"https://{self.distribution.distribution_domain_name}",
            description="Where the public sees how the platform is",
        )

    def _bucket(self, config: StageConfig) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="forget-old-versions",
                    noncurrent_version_expiration=Duration.days(KEEP_OLD_VERSIONS_DAYS),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=removal(config),
        )
        except_from(
            bucket, "S1", "CloudFront alone reads it, and what it reads is public; no other stack."
        )
        return bucket

    def _distribution(self, config: StageConfig) -> cloudfront.Distribution:
        cache = cloudfront.CachePolicy(
            self,
            "Cache",
            cache_policy_name=config.name("status"),
            comment="A page is at most a minute old",
            min_ttl=Duration.seconds(0),
            default_ttl=Duration.seconds(30),
            max_ttl=Duration.seconds(60),
            enable_accept_encoding_brotli=True,
            enable_accept_encoding_gzip=True,
        )
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"AlgoTrendy {config.stage}: status page",
            default_root_object="index.html",
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            default_behavior=cloudfront.BehaviorOptions(
                # The board lies beside this folder, and is not for everybody.
                origin=origins.S3BucketOrigin.with_origin_access_control(
                    self.bucket, origin_path=f"/{PUBLIC}"
                ),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                cache_policy=cache,
                response_headers_policy=self._headers(config),
                compress=True,
            ),
        )
        for rule, reason in {
            "CFR1": "Whoever asks how the platform is may ask from anywhere.",
            "CFR2": "Two static files behind a cache: there is nothing to inject into.",
            "CFR3": "Who read a public page is nobody's business; CloudFront counts requests.",
            "CFR4": "Without a domain of its own CloudFront chooses the protocol, above TLS 1.",
        }.items():
            except_from(distribution, rule, reason)
        return distribution

    def _headers(self, config: StageConfig) -> cloudfront.ResponseHeadersPolicy:
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            response_headers_policy_name=config.name("status"),
            comment="The page's own policy says what it may run",
            cors_behavior=cloudfront.ResponseHeadersCorsBehavior(
                access_control_allow_credentials=False,
                access_control_allow_headers=["accept"],
                access_control_allow_methods=["GET", "HEAD"],
                access_control_allow_origins=["*"],
                origin_override=True,
            ),
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy="frame-ancestors 'none'", override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.DENY, override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=Duration.days(730),
                    include_subdomains=True,
                    override=True,
                ),
            ),
        )

    def _probe(self) -> Function:
        foundation = self._foundation
        dead_letters = DeadLetters(
            self,
            "Failures",
            foundation=foundation,
            name=foundation.config.name("status-failures"),
        )
        probe = Function(
            self,
            "Probe",
            foundation=foundation,
            spec=PROBE_STATUS,
            environment={"ALGOTRENDY_STATUS_URL": self.url},
            failures=dead_letters.queue,
        )
        probe.grant(
            "KeepBoard",
            ["s3:GetObject", "s3:PutObject"],
            [self.bucket.arn_for_objects(name) for name in ("board.json", "doors.json")],
        )
        probe.grant(
            "ShowPage",
            ["s3:PutObject"],
            [
                self.bucket.arn_for_objects(f"{PUBLIC}/{name}")
                for name in ("index.html", "status.json")
            ],
        )
        # Without ListBucket a missing key answers 403, and "not there yet" looks like a fault.
        probe.grant("ListPage", ["s3:ListBucket"], [self.bucket.bucket_arn])
        probe.grant(
            "FindPlatform",
            ["ssm:GetParameter"],
            [
                arn(self, "ssm", f"parameter{foundation.config.parameter(name)}")
                for name in ASKED_FOR
            ],
        )
        Schedule(
            self,
            "Schedule",
            foundation=foundation,
            function=probe,
            dead_letters=dead_letters,
            every=EVERY,
        )
        return probe

    def _alarm(self) -> None:
        looks = self.probe.function.metric_invocations(period=Duration.minutes(5))
        self._foundation.alarm(
            looks.create_alarm(
                self,
                "Unwatched",
                alarm_name=self._foundation.config.name("status-unwatched"),
                alarm_description="Nobody looks at the platform: the status page grows old.",
                threshold=1,
                comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                evaluation_periods=2,
                treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
            )
        )

"""Build the outermost ring: one domain, a firewall, and the API behind it alone."""

from aws_cdk import Duration, SecretValue, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra_cdk.checks.exceptions import except_from
from infra_cdk.config import Edge, StageConfig
from infra_cdk.patterns.foundation import log_group, removal

# The app knows it by this name too: algotrendy/platform/origin.py.
ORIGIN_HEADER = "x-origin-verify"
RATE_WINDOW_S = 300
# Where CloudFront looks for firewalls and certificates.
REGION = "us-east-1"

# By priority. What of a group is only counted, since the app judges it better.
MANAGED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("AWSManagedRulesAmazonIpReputationList", ()),
    ("AWSManagedRulesKnownBadInputsRuleSet", ()),
    # Bodies above 8 KB are usual here; the app has a limit of its own, and says which.
    ("AWSManagedRulesCommonRuleSet", ("SizeRestrictions_BODY",)),
    ("AWSManagedRulesSQLiRuleSet", ()),
)


def origin_secret(scope: Construct, config: StageConfig) -> secretsmanager.Secret:
    """Make the secret by which the API knows the distribution, also where the latter stands."""
    secret = secretsmanager.Secret(
        scope,
        "Origin",
        secret_name=config.origin_secret_name,
        description="What CloudFront adds to each request, and the API asks for",
        generate_secret_string=secretsmanager.SecretStringGenerator(
            password_length=48, exclude_punctuation=True
        ),
        replica_regions=(
            [] if config.region == REGION else [secretsmanager.ReplicaRegion(region=REGION)]
        ),
        removal_policy=removal(config),
    )
    except_from(secret, "SMG4", "A new one is put in place by a deploy of both sides at once.")
    return secret


class Firewall(Construct):
    """Hold the web ACL: who asks too often, AWS's managed rules, a log of what was refused."""

    def __init__(self, scope: Construct, id_: str, *, config: StageConfig, edge: Edge) -> None:
        super().__init__(scope, id_)
        self.acl = waf.CfnWebACL(
            self,
            "Acl",
            name=config.prefix,
            scope="CLOUDFRONT",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visible("all"),
            rules=[
                _rate_rule(edge.requests_in_5_minutes),
                *(_managed(at, name, counted) for at, (name, counted) in enumerate(MANAGED, 1)),
            ],
        )
        # WAF takes no group whose name begins otherwise.
        group = log_group(self, "Logs", config, f"aws-waf-logs-{config.prefix}")
        stack = Stack.of(self)
        logs.CfnResourcePolicy(
            self,
            "Delivery",
            policy_name=config.name("firewall-logs"),
            policy_document=stack.to_json_string(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "delivery.logs.amazonaws.com"},
                            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                            "Resource": group.log_group_arn,
                            "Condition": {"StringEquals": {"aws:SourceAccount": stack.account}},
                        }
                    ],
                }
            ),
        )
        waf.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self.acl.attr_arn,
            # Without the ":*" that CloudWatch ends the ARN of a group with.
            log_destination_configs=[
                stack.format_arn(service="logs", resource=f"log-group:aws-waf-logs-{config.prefix}")
            ],
            redacted_fields=[
                waf.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": name})
                for name in ("authorization", "cookie")
            ],
        ).node.add_dependency(group)


class ApiDistribution(Construct):
    """Hold the distribution that leads one domain to the API; nothing of it is cached."""

    def __init__(
        self, scope: Construct, id_: str, *, config: StageConfig, edge: Edge, firewall: Firewall
    ) -> None:
        super().__init__(scope, id_)
        secret = SecretValue.secrets_manager(config.origin_secret_name)
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"AlgoTrendy {config.stage}",
            domain_names=[edge.domain],
            certificate=acm.Certificate.from_certificate_arn(
                self, "Certificate", edge.certificate_arn
            ),
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            web_acl_id=firewall.acl.attr_arn,
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.HttpOrigin(
                    edge.origin,
                    protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                    origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
                    read_timeout=Duration.seconds(30),
                    custom_headers={ORIGIN_HEADER: secret.unsafe_unwrap()},
                ),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                origin_request_policy=(
                    cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER
                ),
            ),
        )
        for rule, reason in {
            "CFR1": "Whoever has an account may use it from wherever they are.",
            "CFR3": "The API logs every request that gets through, the firewall those it refuses.",
        }.items():
            except_from(distribution, rule, reason)
        self.domain_name = distribution.distribution_domain_name


def _rate_rule(requests: int) -> waf.CfnWebACL.RuleProperty:
    return waf.CfnWebACL.RuleProperty(
        name="too-many-requests",
        priority=0,
        action=waf.CfnWebACL.RuleActionProperty(
            block=waf.CfnWebACL.BlockActionProperty(
                custom_response=waf.CfnWebACL.CustomResponseProperty(
                    response_code=429,
                    response_headers=[
                        waf.CfnWebACL.CustomHTTPHeaderProperty(
                            name="Retry-After", value=str(RATE_WINDOW_S)
                        )
                    ],
                )
            )
        ),
        statement=waf.CfnWebACL.StatementProperty(
            rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP",
                limit=requests,
                evaluation_window_sec=RATE_WINDOW_S,
            )
        ),
        visibility_config=_visible("too-many-requests"),
    )


def _managed(priority: int, name: str, counted: tuple[str, ...]) -> waf.CfnWebACL.RuleProperty:
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
        statement=waf.CfnWebACL.StatementProperty(
            managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=name,
                rule_action_overrides=[
                    waf.CfnWebACL.RuleActionOverrideProperty(
                        name=rule, action_to_use=waf.CfnWebACL.RuleActionProperty(count={})
                    )
                    for rule in counted
                ]
                or None,
            )
        ),
        visibility_config=_visible(name),
    )


def _visible(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    # No samples: they would show the headers of requests, tokens among them.
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )

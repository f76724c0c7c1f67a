"""Refuse, after the synth, what would keep or carry data without encryption.

Each store in the templates is one that this check knows: encrypted by its own properties, or always
by AWS. A store of a kind that is not known is refused too, so that nobody adds one unseen.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

Json = Mapping[str, Any]
Demand = Callable[[Json], bool]

# Postgres and Redis here speak TLS alone: verify-full, rediss.
TLS_PORTS: Final = frozenset({443, 5432, 6379, 6380})

AT_REST: Final[Mapping[str, Demand]] = {
    "AWS::S3::Bucket": lambda p: bool(p.get("BucketEncryption")),
    "AWS::SQS::Queue": lambda p: (
        p.get("SqsManagedSseEnabled") is True or bool(p.get("KmsMasterKeyId"))
    ),
    "AWS::SNS::Topic": lambda p: bool(p.get("KmsMasterKeyId")),
    "AWS::Kinesis::Stream": lambda p: bool(p.get("StreamEncryption")),
    "AWS::KinesisFirehose::DeliveryStream": lambda p: bool(
        p.get("DeliveryStreamEncryptionConfigurationInput")
    ),
    "AWS::OpenSearchService::Domain": lambda p: (
        _is_on(p, "EncryptionAtRestOptions") and _is_on(p, "NodeToNodeEncryptionOptions")
    ),
}
"""Kinds that are encrypted where they say so."""

BY_AWS: Final = frozenset(
    {
        "AWS::AppConfig::HostedConfigurationVersion",
        "AWS::Cognito::UserPool",
        "AWS::DSQL::Cluster",
        "AWS::DynamoDB::GlobalTable",
        "AWS::DynamoDB::Table",
        "AWS::ElastiCache::ServerlessCache",
        "AWS::Events::Archive",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        "AWS::SecretsManager::Secret",
        "AWS::StepFunctions::StateMachine",
    }
)
"""Kinds that AWS always encrypts, with a key of its own where none is named."""

STORES: Final = (
    "AWS::Backup::",
    "AWS::DAX::",
    "AWS::DocDB::DB",
    "AWS::EC2::Volume",
    "AWS::ECR::Repository",
    "AWS::EFS::FileSystem",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::FSx::",
    "AWS::KinesisFirehose::DeliveryStream",
    "AWS::MemoryDB::Cluster",
    "AWS::MSK::",
    "AWS::Neptune::",
    "AWS::OpenSearchService::Domain",
    "AWS::RDS::DB",
    "AWS::Redshift",
    "AWS::Timestream::",
)
"""Prefixes of kinds that keep data, and that somebody must think about first."""

OVER_TLS: Final = {
    "AWS::S3::Bucket": ("AWS::S3::BucketPolicy", "Bucket"),
    "AWS::SQS::Queue": ("AWS::SQS::QueuePolicy", "Queues"),
    "AWS::SNS::Topic": ("AWS::SNS::TopicPolicy", "Topics"),
}
"""Kinds that take plain HTTP unless a policy refuses it."""


def unencrypted(template: Json) -> list[str]:
    """Name everything in one stack's template that is not encrypted, and what is expected."""
    resources: Mapping[str, Json] = template.get("Resources", {})
    return [
        *_kept_in_the_clear(resources),
        *_carried_in_the_clear(resources),
        *_let_out(resources),
        *_plain_addresses(resources),
    ]


def _kept_in_the_clear(resources: Mapping[str, Json]) -> Iterator[str]:
    for name, resource in resources.items():
        kind, properties = resource["Type"], resource.get("Properties", {})
        demand = AT_REST.get(kind)
        if demand is not None and not demand(properties):
            yield f"{name}: a {kind} must be encrypted at rest"
        elif demand is None and kind not in BY_AWS and kind.startswith(STORES):
            yield f"{name}: say in infra_cdk/checks/encryption.py how a {kind} is encrypted"


def _carried_in_the_clear(resources: Mapping[str, Json]) -> Iterator[str]:
    refusing = {
        (policy["Type"], target)
        for policy in resources.values()
        if _refuses_plain_http(policy)
        for target in _targets(policy)
    }
    for name, resource in resources.items():
        if resource["Type"] in OVER_TLS:
            policy, _ = OVER_TLS[resource["Type"]]
            if (policy, name) not in refusing:
                yield f"{name}: a {resource['Type']} must refuse what does not come over TLS"
        if resource["Type"] == "AWS::CloudFront::Distribution":
            yield from _of_distribution(name, resource["Properties"]["DistributionConfig"])
        if resource["Type"] == "AWS::OpenSearchService::Domain":
            endpoint = resource["Properties"].get("DomainEndpointOptions", {})
            if endpoint.get("EnforceHTTPS") is not True:
                yield f"{name}: a domain must be reached over TLS alone"


def _of_distribution(name: str, config: Json) -> Iterator[str]:
    behaviors = [config["DefaultCacheBehavior"], *config.get("CacheBehaviors", [])]
    if any(each["ViewerProtocolPolicy"] == "allow-all" for each in behaviors):
        yield f"{name}: a distribution must lead every viewer to TLS"
    for origin in config["Origins"]:
        custom = origin.get("CustomOriginConfig")
        if custom and custom["OriginProtocolPolicy"] != "https-only":
            yield f"{name}: a distribution must ask its origins over TLS alone"


def _let_out(resources: Mapping[str, Json]) -> Iterator[str]:
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        rules: list[Json] = []
        if resource["Type"] == "AWS::EC2::SecurityGroup":
            rules = properties.get("SecurityGroupEgress", [])
        elif resource["Type"] == "AWS::EC2::SecurityGroupEgress":
            rules = [properties]
        for rule in rules:
            # The CDK writes a rule that matches nothing where nothing is let out.
            if rule.get("CidrIp") == "255.255.255.255/32":
                continue
            ports = {rule.get("FromPort"), rule.get("ToPort")}
            if not ports <= TLS_PORTS:
                yield f"{name}: only ports that speak TLS are let out, was {_range(rule)}"


def _plain_addresses(resources: Mapping[str, Json]) -> Iterator[str]:
    for name, resource in resources.items():
        if resource["Type"] == "AWS::Lambda::Function":
            variables = resource["Properties"].get("Environment", {}).get("Variables", {})
            for variable, value in variables.items():
                if isinstance(value, str) and value.startswith(("http://", "redis://")):
                    yield f"{name}: {variable} must be an address over TLS"


def _refuses_plain_http(policy: Json) -> bool:
    document = policy.get("Properties", {}).get("PolicyDocument", {})
    return any(
        statement.get("Effect") == "Deny"
        and statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false"
        for statement in document.get("Statement", [])
    )


def _targets(policy: Json) -> Iterator[str]:
    fields = dict(OVER_TLS.values())
    found = policy["Properties"].get(fields.get(policy["Type"], ""), [])
    for reference in found if isinstance(found, list) else [found]:
        match reference:
            case {"Ref": name} | {"Fn::GetAtt": [name, *_]}:
                yield str(name)


def _is_on(properties: Json, option: str) -> bool:
    return properties.get(option, {}).get("Enabled") is True


def _range(rule: Json) -> str:
    return f"{rule.get('FromPort', 'any')}-{rule.get('ToPort', 'any')}"

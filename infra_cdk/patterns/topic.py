"""Build the topic on which people hear of alarms: encrypted by a key that AWS's senders may use."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra_cdk.config import StageConfig
from infra_cdk.patterns.foundation import removal

# CloudWatch tells of alarms, EventBridge of events that somebody must look at.
SENDERS = ("cloudwatch.amazonaws.com", "events.amazonaws.com")


def alarm_topic(scope: Construct, config: StageConfig, name: str = "alarms") -> sns.Topic:
    """Make the topic, and send it to the stage's address where there is one.

    The key of AWS itself for SNS cannot be used by CloudWatch: an alarm would be lost in silence.
    """
    topic = sns.Topic(
        scope,
        "Alarms",
        topic_name=config.name(name),
        display_name=f"AlgoTrendy {config.stage}",
        enforce_ssl=True,
        # The laptop's emulator keeps no secrets from whoever runs it.
        master_key=None if config.is_local else _key(scope, config, name),
    )
    if config.alarm_email:
        topic.add_subscription(subscriptions.EmailSubscription(config.alarm_email))
    return topic


def _key(scope: Construct, config: StageConfig, name: str) -> kms.Key:
    key = kms.Key(
        scope,
        "AlarmsKey",
        alias=config.name(name),
        description=f"Alarms of AlgoTrendy {config.stage}, while they wait to be told",
        enable_key_rotation=True,
        removal_policy=removal(config),
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="SendAlarms",
            principals=[iam.ServicePrincipal(sender) for sender in SENDERS],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=["*"],
        )
    )
    return key

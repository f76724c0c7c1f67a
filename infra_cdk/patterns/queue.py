"""Build queues: the kind that receives what failed, and the kind that a function consumes."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra_cdk.checks.exceptions import except_from
from infra_cdk.patterns.foundation import Foundation, removal
from infra_cdk.patterns.function import Function

# AWS asks for six times the function's timeout, so that a retry never overlaps its first try.
VISIBILITY_TIMEOUTS = 6


class DeadLetters(Construct):
    """Keep failed messages for two weeks, and say that there are some."""

    def __init__(self, scope: Construct, id_: str, *, foundation: Foundation, name: str) -> None:
        super().__init__(scope, id_)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=name,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            removal_policy=removal(foundation.config),
        )
        except_from(
            self.queue, "SQS3", "Dead letters themselves: a person looks at what no retry mended."
        )
        self.alarm = foundation.alarm(
            self.queue.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(1), statistic="Maximum"
            ).create_alarm(
                self,
                "NotEmpty",
                alarm_name=f"{name}-not-empty",
                alarm_description=f"{name} holds messages that every retry failed on.",
                threshold=1,
                evaluation_periods=1,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
        )


class QueueConsumer(Construct):
    """Feed a function from a queue: partial batches, five tries, then the dead letters."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        name: str,
        function: Function,
        batch_size: int = 10,
        max_tries: int = 5,
    ) -> None:
        super().__init__(scope, id_)
        config = foundation.config
        self.dead_letters = DeadLetters(
            self, "DeadLetters", foundation=foundation, name=config.name(name, "dead-letters")
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=config.name(name),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=Duration.seconds(VISIBILITY_TIMEOUTS * function.spec.timeout_s),
            retention_period=Duration.days(4),
            removal_policy=removal(config),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters.queue, max_receive_count=max_tries
            ),
        )
        function.grant(
            "ConsumeQueue",
            [
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:ChangeMessageVisibility",
                "sqs:GetQueueAttributes",
            ],
            [self.queue.queue_arn],
        )
        function.function.add_event_source_mapping(
            "EventSource",
            event_source_arn=self.queue.queue_arn,
            batch_size=batch_size,
            report_batch_item_failures=True,
            max_concurrency=None if config.is_local else config.queue_max_concurrency,
        )
        self._alarm_on_age(foundation, name, function.spec.timeout_s)

    def _alarm_on_age(self, foundation: Foundation, name: str, timeout_s: int) -> None:
        foundation.alarm(
            self.queue.metric_approximate_age_of_oldest_message(
                period=Duration.minutes(5), statistic="Maximum"
            ).create_alarm(
                self,
                "TooOld",
                alarm_name=f"{foundation.config.name(name)}-too-old",
                alarm_description=f"The oldest message of {name} waits for too long.",
                threshold=max(300, VISIBILITY_TIMEOUTS * timeout_s),
                evaluation_periods=2,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
        )

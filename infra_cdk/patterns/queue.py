"""Build queues: for what failed, for a function to consume, and for a service, in order."""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra_cdk.checks.exceptions import except_from
from infra_cdk.patterns.foundation import Foundation, removal
from infra_cdk.patterns.function import Function

# AWS asks for six times the function's timeout, so that a retry never overlaps its first try.
VISIBILITY_TIMEOUTS = 6
# What failed holds up an ordered queue: it comes again so soon after the function's time.
SOON_S = 30
# SQS asks that the name of an ordered queue end so.
FIFO = ".fifo"


class DeadLetters(Construct):
    """Keep failed messages for two weeks, and say that there are some.

    Those of an ordered queue (``fifo``) are ordered themselves.
    """

    def __init__(
        self, scope: Construct, id_: str, *, foundation: Foundation, name: str, fifo: bool = False
    ) -> None:
        super().__init__(scope, id_)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"{name}{FIFO}" if fifo else name,
            # None, not False: CloudFormation takes the word only for an ordered queue.
            fifo=fifo or None,
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
    """Feed a function from a queue: partial batches, five tries, then the dead letters.

    Of an ordered queue (``fifo``) the messages of one group come one after the other. One that
    failed holds up its group until it is visible again, and so soon after the function's time: a
    second delivery must do no harm anyway. What waits for an hour is forgotten.
    """

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
        fifo: bool = False,
    ) -> None:
        super().__init__(scope, id_)
        config, timeout_s = foundation.config, function.spec.timeout_s
        self.dead_letters = DeadLetters(
            self,
            "DeadLetters",
            foundation=foundation,
            name=config.name(name, "dead-letters"),
            fifo=fifo,
        )
        again_s = timeout_s + SOON_S if fifo else VISIBILITY_TIMEOUTS * timeout_s
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"{config.name(name)}{FIFO}" if fifo else config.name(name),
            **(_groups_apart() if fifo else {}),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=Duration.seconds(again_s),
            retention_period=Duration.hours(1) if fifo else Duration.days(4),
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
        _alarm_on_age(
            self,
            foundation,
            self.queue,
            name=name,
            limit_s=max(300, VISIBILITY_TIMEOUTS * timeout_s),
            period=Duration.minutes(5),
        )


class OrderedQueue(Construct):
    """Bring messages to a service: those of one group in their order, to one reader at a time.

    What is read and not taken away comes again after ``retry_s``, and holds its group up until
    then.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        name: str,
        retry_s: int,
        late_s: int,
        max_tries: int = 5,
    ) -> None:
        super().__init__(scope, id_)
        config = foundation.config
        self.dead_letters = DeadLetters(
            self,
            "DeadLetters",
            foundation=foundation,
            name=config.name(name, "dead-letters"),
            fifo=True,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"{config.name(name)}{FIFO}",
            **_groups_apart(),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=Duration.seconds(retry_s),
            # Old news wakes nobody usefully: whoever starts reads the ledger.
            retention_period=Duration.hours(1),
            removal_policy=removal(config),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters.queue, max_receive_count=max_tries
            ),
        )
        self.late = _alarm_on_age(
            self,
            foundation,
            self.queue,
            name=name,
            limit_s=late_s,
            period=Duration.minutes(1),
        )


def _groups_apart() -> dict[str, Any]:
    """Give the properties of an ordered queue in which no group limits another's throughput."""
    return {
        "fifo": True,
        "deduplication_scope": sqs.DeduplicationScope.MESSAGE_GROUP,
        "fifo_throughput_limit": sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
    }


def _alarm_on_age(
    scope: Construct,
    foundation: Foundation,
    queue: sqs.Queue,
    *,
    name: str,
    limit_s: int,
    period: Duration,
) -> cloudwatch.AlarmBase:
    return foundation.alarm(
        queue.metric_approximate_age_of_oldest_message(
            period=period, statistic="Maximum"
        ).create_alarm(
            scope,
            "TooOld",
            alarm_name=f"{foundation.config.name(name)}-too-old",
            alarm_description=f"The oldest message of {name} waits for too long.",
            threshold=limit_s,
            evaluation_periods=2,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
    )

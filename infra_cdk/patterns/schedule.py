"""Run a function at a steady rate, and keep what it failed on."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra_cdk.patterns.foundation import Foundation
from infra_cdk.patterns.function import Function, Trigger
from infra_cdk.patterns.queue import DeadLetters


class Schedule(Construct):
    """Invoke a function every so many minutes, or at a time of day in UTC.

    A run that cannot be delivered goes to the dead letters; so does one that fails, through the
    function's own on-failure destination, which should be the same queue.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        function: Function,
        dead_letters: DeadLetters,
        every: Duration | events.Schedule,
    ) -> None:
        super().__init__(scope, id_)
        if function.spec.trigger is not Trigger.EVENT:
            raise ValueError(f"{function.spec.name}: a schedule does not wait for the answer")
        self.rule = events.Rule(
            self,
            "Rule",
            rule_name=foundation.config.name(function.spec.capability, function.spec.name),
            description=function.spec.summary,
            schedule=every if isinstance(every, events.Schedule) else events.Schedule.rate(every),
            targets=[
                targets.LambdaFunction(
                    function.function,
                    dead_letter_queue=dead_letters.queue,
                    # The next run is near and does the same work: old ones are not worth keeping.
                    max_event_age=Duration.minutes(15),
                    retry_attempts=2,
                )
            ],
        )

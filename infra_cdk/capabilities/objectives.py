"""Raise alarms when the budget of errors burns too fast: two windows each, both over the rate."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra_cdk.config import StageConfig
from infra_cdk.observability.objectives import BURNS, Burn, Objective, Urgency, window


class ObjectiveAlarms(Construct):
    """Watch one objective by the sums of what was bad and of all that was.

    The alarms of single windows call nobody: only both together do, as a composite.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: StageConfig,
        objective: Objective,
        bad: cloudwatch.Metric,
        total: cloudwatch.Metric,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, id_)
        self._config = config
        self._objective = objective
        self._bad = bad
        self._total = total
        self.alarms = [self._both(burn, topic) for burn in BURNS]

    @property
    def budget_left(self) -> cloudwatch.MathExpression:
        """Give the part of the budget that a dashboard's span has left."""
        return cloudwatch.MathExpression(
            expression=f"100 * (1 - SUM(bad) / MAX([SUM(total), 1]) / {self._objective.budget:g})",
            using_metrics={
                "bad": self._summed(self._bad, 300),
                "total": self._summed(self._total, 300),
            },
            label=f"{self._objective.name}: budget left, %",
            period=Duration.minutes(5),
        )

    def _both(self, burn: Burn, topic: sns.ITopic) -> cloudwatch.AlarmBase:
        windows = [self._window(burn, seconds) for seconds in (burn.long_s, burn.short_s)]
        how = "at once" if burn.urgency is Urgency.PAGE else "this week"
        alarm = cloudwatch.CompositeAlarm(
            self,
            f"Burn{burn.name}",
            composite_alarm_name=self._name(burn.name),
            alarm_description=(
                f"Look {how}: {burn.budget:.0%} of the month's budget of errors is gone within "
                f"{burn.name}. Promised: {self._objective.says}."
            ),
            alarm_rule=cloudwatch.AlarmRule.all_of(*windows),
        )
        action = actions.SnsAction(topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        return alarm

    def _window(self, burn: Burn, seconds: int) -> cloudwatch.Alarm:
        rate = cloudwatch.MathExpression(
            # Where nothing was asked, nothing is bad.
            expression=f"IF(total > 0, bad / total / {self._objective.budget:g}, 0)",
            using_metrics={
                "bad": self._summed(self._bad, seconds),
                "total": self._summed(self._total, seconds),
            },
            label=f"burn rate in {window(seconds)}",
            period=Duration.seconds(seconds),
        )
        return rate.create_alarm(
            self,
            f"Burn{burn.name}Over{window(seconds)}",
            alarm_name=self._name(burn.name, "over", window(seconds)),
            alarm_description=(
                f"Part of {self._name(burn.name)}: errors burn the budget "
                f"{burn.rate:g} times too fast in {window(seconds)}."
            ),
            threshold=burn.rate,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _name(self, *parts: str) -> str:
        return self._config.name("slo", self._objective.name, *parts)

    @staticmethod
    def _summed(metric: cloudwatch.Metric, seconds: int) -> cloudwatch.IMetric:
        return metric.with_(period=Duration.seconds(seconds))

"""Build what tells people how the platform fares: alarms, dashboards, saved queries."""

from collections.abc import Iterable, Mapping

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra_cdk.capabilities.log_search import LogShipping
from infra_cdk.capabilities.objectives import ObjectiveAlarms
from infra_cdk.config import ROOT, StageConfig
from infra_cdk.observability.cloudwatch import graph, of_service
from infra_cdk.observability.objectives import API, BROKER
from infra_cdk.observability.pages import PAGES
from infra_cdk.observability.queries import ACCESS, FUNCTIONS, QUERIES, SERVICES
from infra_cdk.observability.watches import TRADING, WATCHES, Watch

BROKER_CALLS_UNANSWERED = ("unavailable", "unknown", "error")


class Watching(Construct):
    """Raise an alarm for each watch whose metric somebody writes in this stage."""

    def __init__(
        self, scope: Construct, id_: str, *, config: StageConfig, topic: sns.ITopic
    ) -> None:
        super().__init__(scope, id_)
        running = {"execution", *(["streaming"] if config.streaming.symbols else [])}
        self.alarms = {
            watch.name: self._alarm(config, watch, topic)
            for watch in WATCHES
            if watch.needs is None or watch.needs in running
        }

    def _alarm(self, config: StageConfig, watch: Watch, topic: sns.ITopic) -> cloudwatch.Alarm:
        period = Duration.minutes(watch.minutes)
        comparison = cloudwatch.ComparisonOperator
        missing = cloudwatch.TreatMissingData
        alarm = of_service(watch.metric, watch.service, watch.statistic, period).create_alarm(
            self,
            "".join(part.capitalize() for part in watch.name.split("-")),
            alarm_name=config.name(watch.name),
            alarm_description=watch.says,
            threshold=watch.over,
            comparison_operator=(
                comparison.LESS_THAN_THRESHOLD if watch.below else comparison.GREATER_THAN_THRESHOLD
            ),
            evaluation_periods=watch.times,
            treat_missing_data=missing.BREACHING if watch.silence else missing.NOT_BREACHING,
        )
        action = actions.SnsAction(topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        return alarm


class Dashboards(Construct):
    """Draw the pages of the table, and the objectives on one of their own."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: StageConfig,
        budgets: Iterable[cloudwatch.IMetric],
        alarms: Iterable[cloudwatch.IAlarm],
    ) -> None:
        super().__init__(scope, id_)
        for page in PAGES:
            made = cloudwatch.Dashboard(
                self,
                "".join(part.capitalize() for part in page.name.split("-")),
                dashboard_name=config.name(page.name),
            )
            graphs = [graph(panel) for panel in page.panels]
            for start in range(0, len(graphs), 3):
                made.add_widgets(*graphs[start : start + 3])
        objectives = cloudwatch.Dashboard(
            self, "Objectives", dashboard_name=config.name("objectives")
        )
        objectives.add_widgets(
            cloudwatch.AlarmStatusWidget(
                title="Budgets that burn too fast", alarms=list(alarms), width=8, height=6
            ),
            *(
                cloudwatch.SingleValueWidget(
                    title="Budget of the span that is shown", metrics=[budget], width=8, height=6
                )
                for budget in budgets
            ),
        )


class SavedQueries(Construct):
    """Keep the questions that logs are asked, by name."""

    def __init__(self, scope: Construct, id_: str, *, config: StageConfig) -> None:
        super().__init__(scope, id_)
        groups = log_groups(config)
        for number, query in enumerate(QUERIES):
            logs.CfnQueryDefinition(
                self,
                f"Query{number}",
                name=f"{config.prefix}/{query.name}",
                log_group_names=[each for kind in query.groups for each in groups[kind]],
                query_string=query.text,
            )


class Observability(Construct):
    """Hold all of it, of one stage in the cloud."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: StageConfig,
        stage: apigateway.IHttpStage,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, id_)
        five = Duration.minutes(5)
        api = ObjectiveAlarms(
            self,
            "Api",
            config=config,
            objective=API,
            bad=stage.metric_server_error(statistic="Sum"),
            total=stage.metric_count(statistic="Sum"),
            topic=topic,
        )
        broker = ObjectiveAlarms(
            self,
            "BrokerCalls",
            config=config,
            objective=BROKER,
            bad=of_service("BrokerCallsUnanswered", TRADING, "Sum", five),
            total=of_service("BrokerSeconds", TRADING, "SampleCount", five),
            topic=topic,
        )
        objectives = (api, broker)
        self.watching = Watching(self, "Watching", config=config, topic=topic)
        Dashboards(
            self,
            "Dashboards",
            config=config,
            budgets=[each.budget_left for each in objectives],
            alarms=[alarm for each in objectives for alarm in each.alarms],
        )
        SavedQueries(self, "Queries", config=config)
        if config.log_search_domain_arn:
            LogShipping(
                self,
                "LogShipping",
                config=config,
                domain_arn=config.log_search_domain_arn,
                groups=[name for kind in log_groups(config).values() for name in kind],
            )


def log_groups(config: StageConfig) -> Mapping[str, list[str]]:
    """Name the log groups of a stage, by what writes to them."""
    functions = sorted(
        f"/aws/lambda/{config.name(path.parent.name, path.stem)}"
        for path in (ROOT / "functions").glob("*/*.py")
        if path.stem != "__init__"
    )
    services = [f"/aws/ecs/{config.name(TRADING, 'execution')}"]
    if config.streaming.symbols:
        services.append(f"/aws/ecs/{config.name('market_data', 'streaming')}")
    return {
        FUNCTIONS: functions,
        SERVICES: services,
        ACCESS: [f"/aws/http-api/{config.prefix}"],
    }

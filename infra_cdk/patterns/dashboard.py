"""Draw one page that shows whether a stage works."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra_cdk.config import StageConfig
from infra_cdk.patterns.api import HttpGateway
from infra_cdk.patterns.function import Function
from infra_cdk.patterns.saga import Saga


class StageDashboard(Construct):
    """Show requests, workflows, queues and functions, in the order in which a fault travels."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: StageConfig,
        gateway: HttpGateway,
        sagas: Sequence[Saga],
        queues: Sequence[sqs.IQueue],
        functions: Sequence[Function],
        graphs: Mapping[str, Sequence[cloudwatch.IMetric]] | None = None,
    ) -> None:
        super().__init__(scope, id_)
        minute = Duration.minutes(1)
        stage = gateway.stage
        self.dashboard = cloudwatch.Dashboard(self, "Page", dashboard_name=config.prefix)
        self.dashboard.add_widgets(
            _graph("Requests", stage.metric_count(period=minute)),
            _graph(
                "Refused and failed requests",
                stage.metric_client_error(period=minute, statistic="Sum"),
                stage.metric_server_error(period=minute, statistic="Sum"),
            ),
            _graph(
                "Latency, ms",
                stage.metric_latency(period=minute, statistic="p50"),
                stage.metric_latency(period=minute, statistic="p99"),
            ),
        )
        self.dashboard.add_widgets(
            *(
                _graph(
                    saga.name,
                    saga.machine.metric_started(period=minute),
                    saga.machine.metric_succeeded(period=minute),
                    saga.machine.metric_failed(period=minute),
                )
                for saga in sagas
            ),
            _graph(
                "Waiting messages",
                *(
                    queue.metric_approximate_number_of_messages_visible(period=minute)
                    for queue in queues
                ),
            ),
            _graph(
                "Function errors",
                *(function.function.metric_errors(period=minute) for function in functions),
            ),
        )
        if graphs:
            self.dashboard.add_widgets(
                *(_graph(title, *metrics) for title, metrics in graphs.items())
            )


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8, height=6)
